//! More than a thousand bundles that must be refused: containers of a wrong form, and bags that are
//! hostile although a trusted key signed them.
#![allow(dead_code, reason = "each test file uses its own part")]

use mekong_interview::evidence::{SecretKey, Sign, sha256};

use crate::custody::Dice;

/// An entry of a zip file, with every field open to lies.
#[derive(Clone)]
pub struct Entry {
    pub name: Vec<u8>,
    pub data: Vec<u8>,
    method: u16,
    flags: u16,
    crc: u32,
    size: u32,
    packed: u32,
    extra: Vec<u8>,
    attributes: u32,
    offset: Option<u32>,
    listed: Option<Vec<u8>>,
}

impl Entry {
    pub fn new(name: &str, data: &[u8]) -> Self {
        let size = u32::try_from(data.len()).unwrap();
        Self {
            name: name.as_bytes().to_vec(),
            data: data.to_vec(),
            method: 0,
            flags: 0x0800,
            crc: crc32fast::hash(data),
            size,
            packed: size,
            extra: Vec::new(),
            attributes: 0o100_644 << 16,
            offset: None,
            listed: None,
        }
    }

    fn common(&self, extra: usize, name: &[u8], out: &mut Vec<u8>) {
        for half in [20, self.flags, self.method, 0, 0x21] {
            out.extend(half.to_le_bytes());
        }
        for word in [self.crc, self.packed, self.size] {
            out.extend(word.to_le_bytes());
        }
        out.extend((name.len() as u16).to_le_bytes());
        out.extend((extra as u16).to_le_bytes());
    }
}

/// A zip file of these entries; `ending` may change the last record.
pub fn zip(entries: &[Entry], ending: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let at = out.len() as u32;
        out.extend(b"PK\x03\x04");
        entry.common(entry.extra.len(), &entry.name, &mut out);
        out.extend(&entry.name);
        out.extend(&entry.extra);
        out.extend(&entry.data);
        let name = entry.listed.as_ref().unwrap_or(&entry.name);
        directory.extend(b"PK\x01\x02\x1e\x03");
        entry.common(0, name, &mut directory);
        directory.extend([0; 6]);
        directory.extend(entry.attributes.to_le_bytes());
        directory.extend(entry.offset.unwrap_or(at).to_le_bytes());
        directory.extend(name);
    }
    let (start, size) = (out.len() as u32, directory.len() as u32);
    out.extend(directory);
    let mut end = b"PK\x05\x06\0\0\0\0".to_vec();
    for _ in 0..2 {
        end.extend((entries.len() as u16).to_le_bytes());
    }
    end.extend(size.to_le_bytes());
    end.extend(start.to_le_bytes());
    end.extend([0, 0]);
    ending(&mut end);
    out.extend(end);
    out
}

/// The entries of a bundle that the program wrote.
pub fn entries(bundle: &[u8]) -> Vec<Entry> {
    let mut all = Vec::new();
    let mut at = 0;
    while bundle[at..].starts_with(b"PK\x03\x04") {
        let word = |n: usize| u32::from_le_bytes(bundle[at + n..at + n + 4].try_into().unwrap());
        let name = at + 30..at + 30 + (word(26) & 0xffff) as usize;
        let data = name.end..name.end + word(22) as usize;
        let text = std::str::from_utf8(&bundle[name]).unwrap();
        all.push(Entry::new(text, &bundle[data.clone()]));
        at = data.end;
    }
    assert_eq!(
        zip(&all, |_| {}),
        bundle,
        "the two ways of writing a bundle agree"
    );
    all
}

const NAMES: [&str; 34] = [
    "/etc/passwd",
    "/abs.txt",
    "C:\\win.txt",
    "C:/win.txt",
    "\\\\host\\share",
    "../../up.txt",
    "..\\..\\up.txt",
    "data/../../up",
    "data/audio/../../up",
    "data/audio/..",
    "data/audio/.",
    "data/audio/",
    "data/audio/con",
    "data/audio/con.wav",
    "data/audio/nul",
    "data/audio/aux.txt",
    "data/audio/com1.wav",
    "data/audio/lpt9",
    "CON",
    "NUL",
    "data/audio/a:b",
    "data/audio/a b",
    "data/audio/A.WAV",
    "data/audio/a.",
    "data/audio/.a",
    "data/audio/a..b",
    "data/audio/a\0b",
    "data/audio/a\nb",
    "data/audio/\u{202e}vaw.a",
    "data/audio/护照.wav",
    "data/extra.txt",
    "data/chain.jsonl/x",
    "./bagit.txt",
    "store.sqlite3",
];

/// Every malformed file with what is wrong with it. `good` is a bundle that the program wrote and
/// `key` the key that signed it; the receiver trusts it.
pub fn all(good: &[u8], key: &SecretKey) -> Vec<(String, Vec<u8>)> {
    let parts = entries(good);
    let mut bad = one_entry(&parts);
    bad.extend(containers(good, &parts));
    bad.extend(signed(&parts, key));
    bad
}

/// Lies about one entry of an otherwise good bundle.
fn one_entry(parts: &[Entry]) -> Vec<(String, Vec<u8>)> {
    let mut bad = Vec::new();
    let folder = String::from_utf8(parts[0].name.clone()).unwrap();
    let folder = folder.split('/').next().unwrap().to_owned();
    type Lie = (&'static str, fn(&mut Entry));
    let lies: [Lie; 23] = [
        ("deflated", |e| e.method = 8),
        ("bzip2", |e| e.method = 12),
        ("lzma", |e| e.method = 14),
        ("zstd", |e| e.method = 93),
        ("AES", |e| e.method = 99),
        ("encrypted", |e| e.flags |= 1),
        ("lengths behind the data", |e| e.flags |= 8),
        ("a name in another code", |e| e.flags = 0),
        ("a wrong check sum", |e| e.crc ^= 1),
        ("length 0", |e| e.size = 0),
        ("one byte more", |e| e.size += 1),
        ("one byte less", |e| {
            e.size = e.size.saturating_sub(1).max(e.size / 2)
        }),
        ("two gigabytes", |e| e.size = 1 << 31),
        ("both lengths two gigabytes", |e| {
            (e.size, e.packed) = (1 << 31, 1 << 31)
        }),
        ("a bomb: little in, much out", |e| {
            (e.size, e.method) = (u32::MAX - 1, 8)
        }),
        ("wide lengths without their field", |e| {
            (e.size, e.packed) = (u32::MAX, u32::MAX)
        }),
        ("wide lengths of two exabytes", |e| {
            (e.size, e.packed) = (u32::MAX, u32::MAX);
            e.extra = [
                &b"\x01\0\x10\0"[..],
                &[0xff; 7],
                &[0x1f],
                &[0xff; 7],
                &[0x1f],
            ]
            .concat();
        }),
        ("an unknown field", |e| e.extra = b"xx\x01\0a".to_vec()),
        ("a link in the directory", |e| {
            e.attributes = 0o120_777 << 16
        }),
        ("a folder in the directory", |e| {
            e.attributes = 0o040_755 << 16 | 16
        }),
        ("a device in the directory", |e| {
            e.attributes = 0o060_644 << 16
        }),
        ("another place in the directory", |e| e.offset = Some(1)),
        ("another name in the directory", |e| {
            e.listed = Some(b"other".to_vec())
        }),
    ];
    for at in 0..parts.len() {
        let mut with = |what: &str, change: &dyn Fn(&mut Entry)| {
            let mut lying = parts.to_vec();
            change(&mut lying[at]);
            bad.push((format!("entry {at}: {what}"), zip(&lying, |_| {})));
        };
        for (what, lie) in lies {
            with(what, &|e| lie(e));
        }
        for name in NAMES {
            with(&format!("called {name:?}"), &|e| {
                e.name = name.as_bytes().to_vec()
            });
            let inside = format!("{folder}/{name}");
            with(&format!("called {inside:?}"), &|e| {
                e.name = inside.clone().into_bytes()
            });
        }
        with("a name that is not text", &|e| {
            e.name = vec![0xff, 0xfe, b'/', b'a']
        });
        with("a very long name", &|e| e.name = vec![b'a'; 60_000]);
        with("no name", &|e| e.name.clear());
    }
    bad
}

/// Wrong as a whole.
fn containers(good: &[u8], parts: &[Entry]) -> Vec<(String, Vec<u8>)> {
    let mut bad = Vec::new();
    let mut add = |what: String, bytes: Vec<u8>| bad.push((what, bytes));
    for at in 0..parts.len() {
        let mut less = parts.to_vec();
        let one = less.remove(at);
        add(format!("entry {at} is missing"), zip(&less, |_| {}));
        let mut twice = parts.to_vec();
        twice.insert(at, one.clone());
        add(format!("entry {at} is there twice"), zip(&twice, |_| {}));
        let mut behind = parts.to_vec();
        behind.push(Entry::new(
            std::str::from_utf8(&one.name).unwrap(),
            b"other",
        ));
        add(format!("entry {at} again at the end"), zip(&behind, |_| {}));
        for other in 0..at {
            let mut swapped = parts.to_vec();
            swapped.swap(at, other);
            add(
                format!("entries {other} and {at} swapped"),
                zip(&swapped, |_| {}),
            );
        }
    }
    for count in [
        0_u16,
        1,
        parts.len() as u16 - 1,
        parts.len() as u16 + 1,
        0xfffe,
        0xffff,
    ] {
        let bytes = zip(parts, |end| {
            end[8..10].copy_from_slice(&count.to_le_bytes());
            end[10..12].copy_from_slice(&count.to_le_bytes());
        });
        add(format!("a count of {count}"), bytes);
    }
    let many: Vec<Entry> = (0..5_000)
        .map(|n| Entry::new(&format!("{n}/bagit.txt"), b""))
        .collect();
    add("five thousand entries".into(), zip(&many, |_| {}));
    add(
        "a comment".into(),
        zip(parts, |end| {
            end[20] = 3;
            end.extend(b"abc");
        }),
    );
    add("no entry".into(), zip(&[], |_| {}));
    for (what, front, back) in [
        ("something in front", &b"MZ"[..], &b""[..]),
        ("a script in front", b"#!/bin/sh\n", b""),
        ("something behind", b"", b"x"),
        ("a second file behind", b"", good),
    ] {
        add(what.into(), [front, good, back].concat());
    }
    let mut dice = Dice(11);
    for n in 0..200 {
        add(
            format!("cut off at {n}/200"),
            good[..good.len() * n / 200].to_vec(),
        );
        let noise: Vec<u8> = (0..dice.roll(4_000))
            .map(|_| dice.roll(256) as u8)
            .collect();
        add(format!("noise {n}"), noise.clone());
        add(
            format!("noise {n} as a zip file"),
            [&b"PK\x03\x04"[..], &noise].concat(),
        );
        let sealed = [&b"age-encryption.org/v1\n-> X25519 "[..], &noise].concat();
        add(format!("noise {n} as an encrypted file"), sealed);
    }
    bad
}

/// A bag that can be changed and signed again by the trusted key.
struct Bag {
    folder: String,
    info: String,
    files: Vec<(String, Vec<u8>)>,
    manifest: Option<String>,
}

impl Bag {
    fn of(parts: &[Entry]) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let name = text(&parts[0].name);
        let (folder, _) = name.split_once('/').unwrap();
        let inner = |e: &Entry| text(&e.name).split_once('/').unwrap().1.to_owned();
        let info = parts.iter().find(|e| inner(e) == "bag-info.txt").unwrap();
        Self {
            folder: folder.to_owned(),
            info: text(&info.data),
            files: parts
                .iter()
                .filter(|e| inner(e).starts_with("data/"))
                .map(|e| (inner(e), e.data.clone()))
                .collect(),
            manifest: None,
        }
    }

    fn file(&mut self, name: &str) -> &mut Vec<u8> {
        &mut self.files.iter_mut().find(|(n, _)| n == name).unwrap().1
    }

    fn replace(&mut self, name: &str, from: &str, to: &str) {
        let file = self.file(name);
        let old = String::from_utf8(file.clone()).unwrap();
        let new = old.replacen(from, to, 1);
        assert_ne!(old, new, "{name} has no {from}");
        *file = new.into_bytes();
    }

    fn field(&mut self, name: &str, value: &str) {
        let changed = |line: &str| match line.split_once(": ") {
            Some((n, _)) if n == name => format!("{name}: {value}\n"),
            _ => format!("{line}\n"),
        };
        self.info = self.info.lines().map(changed).collect();
    }

    /// Signed by the trusted key; the number of files and bytes is told as it is.
    fn zip(mut self, parts: &[Entry], key: &SecretKey) -> Vec<u8> {
        if !self.info.contains("Payload-Oxum: 9.9") {
            let bytes: usize = self.files.iter().map(|(_, data)| data.len()).sum();
            self.field("Payload-Oxum", &format!("{bytes}.{}", self.files.len()));
        }
        let lines = self
            .files
            .iter()
            .map(|(n, data)| format!("{}  {n}\n", sha256(data)));
        let manifest = self.manifest.clone().unwrap_or_else(|| lines.collect());
        let fixed = |name: &str| {
            let is = |e: &&Entry| e.name.ends_with(format!("/{name}").as_bytes());
            parts.iter().find(is).unwrap().data.clone()
        };
        let tags = [
            ("bagit.txt", fixed("bagit.txt")),
            ("bag-info.txt", self.info.clone().into_bytes()),
            ("signer.pem", fixed("signer.pem")),
            ("verify.sh", fixed("verify.sh")),
            ("manifest-sha256.txt", manifest.into_bytes()),
        ];
        let mut sorted: Vec<_> = tags.iter().collect();
        sorted.sort();
        let tag_manifest: String = sorted
            .iter()
            .map(|(n, data)| format!("{}  {n}\n", sha256(data)))
            .collect();
        let signature = key.sign(tag_manifest.as_bytes());
        let mut entries: Vec<Entry> = tags
            .iter()
            .map(|(n, data)| Entry::new(&format!("{}/{n}", self.folder), data))
            .collect();
        let last = [
            ("tagmanifest-sha256.txt", tag_manifest.as_bytes()),
            ("tagmanifest-sha256.sig", &signature[..]),
        ];
        for (n, data) in last {
            entries.push(Entry::new(&format!("{}/{n}", self.folder), data));
        }
        for (n, data) in &self.files {
            entries.push(Entry::new(&format!("{}/{n}", self.folder), data));
        }
        zip(&entries, |_| {})
    }
}

/// Hostile although the trusted key signed all of it.
fn signed(parts: &[Entry], key: &SecretKey) -> Vec<(String, Vec<u8>)> {
    let mut bad = Vec::new();
    let mut with = |what: String, change: &dyn Fn(&mut Bag)| {
        let mut bag = Bag::of(parts);
        change(&mut bag);
        bad.push((format!("signed: {what}"), bag.zip(parts, key)));
    };
    for name in NAMES {
        with(format!("a file called {name:?}"), &|bag| {
            bag.files.push((name.to_owned(), b"x".to_vec()));
            bag.files.sort();
        });
        with(format!("the sound called {name:?}"), &|bag| {
            let sound = bag
                .files
                .iter_mut()
                .find(|(n, _)| n.ends_with("original.wav"));
            sound.unwrap().0 = name.to_owned();
            bag.files.sort();
        });
        with(format!("an interview called {name:?}"), &|bag| {
            bag.field("External-Identifier", &name.replace('\n', " "));
        });
    }
    for (field, values) in [
        (
            "Mekong-Bundle",
            &["", "..", "00", "../../../../../../../../../../xx"][..],
        ),
        ("Mekong-Chain-Head", &["", "0", &"0".repeat(64)]),
        ("Mekong-Receiver", &["", "nobody", &"ab".repeat(32)]),
        ("Mekong-Signer", &["", &"00".repeat(32), &"ab".repeat(32)]),
        ("Payload-Oxum", &["9.9"]),
        ("External-Identifier", &["", "other"]),
    ] {
        for value in values {
            with(format!("{field} {value:?}"), &|bag| bag.field(field, value));
        }
    }
    for name in [
        "data/chain.jsonl",
        "data/records.jsonl",
        "data/interview.json",
    ] {
        with(format!("{name} empty"), &|bag| bag.file(name).clear());
        with(format!("{name} not text"), &|bag| {
            *bag.file(name) = vec![0xff; 9]
        });
        with(format!("{name} deep"), &|bag| {
            *bag.file(name) = vec![b'['; 200_000]
        });
        with(format!("{name} without its end"), &|bag| {
            let file = bag.file(name);
            let half = file.len() / 2;
            file.truncate(half);
        });
    }
    with("a word changed for readers".into(), &|bag| {
        bag.replace("data/interview.json", "E12345678", "E12345679");
    });
    with("a translation changed for readers".into(), &|bag| {
        bag.replace("data/interview.json", "Anh tên gì?", "Anh bao nhiêu tuổi?");
    });
    with("a record changed".into(), &|bag| {
        bag.replace("data/records.jsonl", "E12345678", "E12345679");
    });
    with("a record doubled".into(), &|bag| {
        let file = bag.file("data/records.jsonl");
        let end = file.iter().position(|b| *b == b'\n').unwrap() + 1;
        let first = file[..end].to_vec();
        file.extend(first);
    });
    with("an event changed".into(), &|bag| {
        bag.replace("data/chain.jsonl", "recognised", "translated");
    });
    with("an event signed by an unknown key".into(), &|bag| {
        bag.file("data/keys.jsonl").clear()
    });
    with("a key renamed".into(), &|bag| {
        bag.replace("data/keys.jsonl", "officer", "reviewer")
    });
    with("the sound changed".into(), &|bag| {
        bag.file("data/audio/original.wav")[100] ^= 1
    });
    with("a second sound".into(), &|bag| {
        bag.files
            .push(("data/audio/second.wav".into(), b"x".to_vec()));
        bag.files.sort();
    });
    with("no sound".into(), &|bag| {
        bag.files.retain(|(n, _)| !n.ends_with(".wav"))
    });
    let list = |bag: &Bag| -> Vec<String> {
        bag.files
            .iter()
            .map(|(n, data)| format!("{}  {n}\n", sha256(data)))
            .collect()
    };
    with("an empty list".into(), &|bag| {
        bag.manifest = Some(String::new())
    });
    with("a list in another order".into(), &|bag| {
        bag.manifest = Some(list(bag).into_iter().rev().collect());
    });
    with("a file listed twice".into(), &|bag| {
        let mut lines = list(bag);
        lines.push(lines.last().unwrap().clone());
        bag.manifest = Some(lines.concat());
    });
    with("hashes in capitals".into(), &|bag| {
        bag.manifest = Some(list(bag).concat().to_uppercase());
    });
    with("one space in the list".into(), &|bag| {
        bag.manifest = Some(list(bag).concat().replace("  ", " "));
    });
    with("a list of ten thousand files".into(), &|bag| {
        let mut lines = list(bag);
        let more = (0..10_000).map(|n| format!("{}  data/audio/z{n:06}\n", sha256(b"")));
        lines.splice(0..0, more);
        lines.sort_by(|a, b| a[66..].cmp(&b[66..]));
        bag.manifest = Some(lines.concat());
    });
    // A bundle without the page to read is whole: the first ones had none.
    let names = Bag::of(parts).files.into_iter().map(|(name, _)| name);
    for name in names.filter(|name| name != "data/transcript.html") {
        with(format!("{name} left out"), &|bag| {
            bag.files.retain(|(n, _)| *n != name);
        });
    }
    bad
}
