//! The list of sentences and the program say the same, in every language, and no screen names a command.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::*;
use crate::app;
use crate::domain::InterviewId;
use crate::{audio, evidence, pipeline, store, vault};

/// Sentences that the code puts together: the literal, and what stands in its places.
const PUT_TOGETHER: &[(&str, &[&str])] = &[
    (
        "{} left out, {} ms of silence in place of sound",
        &["{} damaged part was", "{}"],
    ),
    (
        "{} left out, {} ms of silence in place of sound",
        &["{} damaged parts were", "{}"],
    ),
    (
        "sound is missing in {}, {} ms of silence in place of it",
        &["{} place", "{}"],
    ),
    (
        "sound is missing in {}, {} ms of silence in place of it",
        &["{} places", "{}"],
    ),
    (ZAWGYI, &["1 text was"]),
    (ZAWGYI, &["{} texts were"]),
    (TELEPHONE, &["", "{}"]),
    (TELEPHONE, &[" {}", "{}"]),
    (DRIFT, &["{}", "{}", "ahead of"]),
    (DRIFT, &["{}", "{}", "behind"]),
    ("{} {} no character", &["{} byte", "was"]),
    ("{} {} no character", &["{} bytes", "were"]),
    (COUNTED, &["{}", "unrecognised line", ""]),
    (COUNTED, &["{}", "unrecognised line", "s"]),
    (COUNTED, &["{}", "missing translation", ""]),
    (COUNTED, &["{}", "missing translation", "s"]),
    (COUNTED, &["{}", "event", ""]),
    (COUNTED, &["{}", "record", ""]),
    (COUNTED, &["{}", "record", "s"]),
    (COUNTED, &["{}", "signature", ""]),
    (COUNTED, &["{}", "signature", "s"]),
    ("{} after the seal", &["{} event"]),
    ("{} after the seal", &["{} events"]),
    ("{}, {}{}", &["{}", "{}", ""]),
    ("{}, {}{}", &["{}", "{}", ", in another order"]),
];
const COUNTED: &str = "{} {}{}";
const ZAWGYI: &str =
    "{} typed in Zawgyi and put into Unicode; the letters as they came are kept with their lines";
const TELEPHONE: &str =
    "microphone{} delivers {} Hz, like a telephone: more words will be misheard";
const DRIFT: &str = "the clock of microphone {} is {} ms {} that of microphone 1";

/// Modules whose errors reach a person.
const ERRORS: [&str; 14] = [
    "store/error.rs",
    "audio/error.rs",
    "pipeline/error.rs",
    "speech/error.rs",
    "translate/error.rs",
    "app/error.rs",
    "app/models.rs",
    "evidence/error.rs",
    "evidence/consent.rs",
    "export/error.rs",
    "vault/error.rs",
    "transcript/error.rs",
    "glossary/error.rs",
    "config.rs",
];
/// What only the command line says.
const NOT_LISTED: &str = include_str!("told_not_listed.txt");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Places become `{}`.
fn bare(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        let (before, place) = rest.split_at(at);
        out.push_str(before);
        let Some(end) = place.find('}') else {
            return out + place;
        };
        out.push_str("{}");
        rest = &place[end + 1..];
    }
    out + rest
}

/// The string literals of a source file with the places where they begin, and the file with strings
/// and comments blank.
fn literals(code: &str) -> (Vec<(usize, String)>, String) {
    let bytes = code.as_bytes();
    let (mut found, mut blank) = (Vec::new(), bytes.to_vec());
    let mut at = 0;
    let wipe = |blank: &mut Vec<u8>, from: usize, to: usize| blank[from..to].fill(b' ');
    while at < bytes.len() {
        let rest = &code.as_bytes()[at..];
        if rest.starts_with(b"//") {
            let end = rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len());
            wipe(&mut blank, at, at + end);
            at += end;
        } else if rest[0] == b'\'' && rest.get(1) == Some(&b'\\') {
            let end = rest.iter().skip(3).position(|b| *b == b'\'').unwrap() + 4;
            wipe(&mut blank, at, at + end);
            at += end;
        } else if rest[0] == b'\'' && rest.get(2) == Some(&b'\'') {
            wipe(&mut blank, at, at + 3);
            at += 3;
        } else if let Some(hashes) = raw(rest) {
            let hash = format!("\"{}", "#".repeat(hashes));
            let from = at + 1 + hash.len();
            let end = code[from..].find(&hash).unwrap() + from;
            found.push((at, code[from..end].to_owned()));
            wipe(&mut blank, at, end + hash.len());
            at = end + hash.len();
        } else if rest[0] == b'"' {
            let mut text = Vec::new();
            let mut here = at + 1;
            while bytes[here] != b'"' {
                if bytes[here] != b'\\' {
                    text.push(bytes[here]);
                    here += 1;
                    continue;
                }
                here += 1;
                match bytes[here] {
                    b'\n' => {
                        while bytes[here].is_ascii_whitespace() {
                            here += 1;
                        }
                        continue;
                    }
                    b'n' => text.push(b'\n'),
                    other => text.push(other),
                }
                here += 1;
            }
            found.push((at, String::from_utf8_lossy(&text).into_owned()));
            wipe(&mut blank, at, here + 1);
            at = here + 1;
        } else {
            at += 1;
        }
    }
    (found, String::from_utf8_lossy(&blank).into_owned())
}

/// How many `#` a raw string has that begins here.
fn raw(rest: &[u8]) -> Option<usize> {
    let hashes = rest.strip_prefix(b"r")?;
    let number = hashes.iter().take_while(|b| **b == b'#').count();
    (hashes.get(number) == Some(&b'"')).then_some(number)
}

/// A source file without its tests.
fn source(path: &Path) -> String {
    let code = fs::read_to_string(path).unwrap();
    let end = code.find("#[cfg(test)]\nmod tests {").unwrap_or(code.len());
    code[..end].to_owned()
}

/// Every string of the program, with places as `{}`.
fn strings() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() && name != "tests" {
                folders.push(path);
            } else if name.ends_with(".rs") && !name.contains("tests") {
                all.extend(
                    literals(&source(&path))
                        .0
                        .iter()
                        .map(|(_, text)| bare(text)),
                );
            }
        }
    }
    all
}

fn put_together() -> BTreeMap<String, &'static str> {
    let fill = |(literal, parts): &(&'static str, &[&str])| {
        let mut rest = *literal;
        let mut out = String::new();
        for part in *parts {
            let (before, after) = rest.split_once("{}").unwrap();
            out.extend([before, part]);
            rest = after;
        }
        (out + rest, *literal)
    };
    PUT_TOGETHER.iter().map(fill).collect()
}

fn patterns() -> Vec<(&'static str, &'static str)> {
    let lines = SAID.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split_once(" = ").expect(line))
        .collect()
}

#[test]
fn every_sentence_of_the_list_is_said_by_the_program() {
    let (said, built) = (strings(), put_together());
    for literal in built.values() {
        assert!(said.contains(*literal), "nothing says: {literal}");
    }
    let strange: Vec<_> = patterns()
        .into_iter()
        .filter(|(_, text)| !said.contains(&bare(text)) && !built.contains_key(&bare(text)))
        .collect();
    assert!(strange.is_empty(), "nothing says: {strange:#?}");
}

#[test]
fn every_error_and_its_help_is_in_the_list_or_named_as_not_listed() {
    let said = strings();
    let named: BTreeSet<&str> = NOT_LISTED.lines().filter(|l| !l.starts_with('#')).collect();
    let listed: BTreeSet<String> = patterns().iter().map(|(_, text)| bare(text)).collect();
    let mut missing = Vec::new();
    let mut seen = 0;
    for file in ERRORS {
        let code = source(&root().join(file));
        let (strings, blank) = literals(&code);
        let mut ranges: Vec<(usize, usize)> = Vec::new();
        for start in ["fn help(", "impl fmt::Display for Limit"] {
            for (at, _) in blank.match_indices(start) {
                let open = at + blank[at..].find('{').unwrap();
                let mut depth = 0;
                let end = blank[open..].find(|c| {
                    depth += i32::from(c == '{') - i32::from(c == '}');
                    depth == 0
                });
                ranges.push((open, open + end.unwrap()));
            }
        }
        for (at, text) in strings {
            let before = blank[..at].trim_end();
            let is_error = before.ends_with("#[error(");
            if !is_error && !ranges.iter().any(|(from, to)| (*from..*to).contains(&at)) {
                continue;
            }
            seen += 1;
            let text = bare(&text);
            let covered = ["7", "/x", "Khmer"]
                .iter()
                .any(|value| find(&text.replace("{}", value), DEPTH).is_some());
            if !listed.contains(&text) && !covered && !named.contains(text.as_str()) {
                missing.push(text);
            }
        }
    }
    assert!(seen > 350, "only {seen} were found");
    assert!(missing.is_empty(), "not listed:\n{}", missing.join("\n"));
    for text in named {
        assert!(said.contains(text), "nothing says: {text}");
        assert!(!listed.contains(text), "it is in the list: {text}");
    }
}

#[test]
fn every_sentence_is_found_as_itself_and_has_its_message_with_its_places() {
    let english = Words::of(Lang::En);
    for (id, text) in patterns() {
        let message = english
            .label(id)
            .unwrap_or_else(|| panic!("no message {id}"));
        let mut filled = text.to_owned();
        // A message may say less, but never the path less, and nothing that its sentence does not say.
        let places: Vec<&str> = message.split("{ $").skip(1).collect();
        for place in places.iter().filter_map(|place| place.split_once(" }")) {
            assert!(
                text.contains(&format!("{{ ${} }}", place.0)),
                "{id}: {}",
                place.0
            );
        }
        assert_eq!(
            text.contains("{ $path }"),
            message.contains("{ $path }"),
            "{id}"
        );
        for place in Said::read(SAID.lines().find(|l| l.ends_with(text)).unwrap())
            .unwrap()
            .places
        {
            let value = match place {
                "language" | "into" => "Khmer",
                "path" => "/x/7",
                "who" => "the microphone",
                "rest" => "sound again",
                "how" => "by sound",
                "after" => "nothing came after",
                "check" => "seal",
                _ => "7",
            };
            filled = filled.replace(&format!("{{ ${place} }}"), value);
        }
        let found = find(&filled, DEPTH).unwrap_or_else(|| panic!("not found: {filled}"));
        assert_eq!(found.said.id, id, "{filled}");
    }
}

#[test]
fn no_screen_names_a_command_or_an_option_and_every_label_is_there() {
    for lang in Lang::ALL {
        let words = Words::of(lang);
        for (id, text) in words.all() {
            for command in ["mekong ", "'mekong", " --", "(--", "MEKONG_", "sudo "] {
                assert!(!text.contains(command), "{lang} {id}: {text}");
            }
            for label in text.split("{ @").skip(1) {
                let label = label.split(" }").next().unwrap();
                let shown = words
                    .label(label)
                    .unwrap_or_else(|| panic!("{lang} {id}: {label}"));
                assert!(!shown.contains('{'), "{lang} {id}: {label}");
            }
        }
    }
}

#[test]
fn errors_are_told_in_every_language_and_keep_their_paths_and_numbers() {
    let path = || PathBuf::from("/x: y/7.wav");
    let io = |kind| std::io::Error::from(kind);
    let denied = io(std::io::ErrorKind::PermissionDenied);
    let errors: Vec<(app::Error, &str)> = vec![
        (vault::Error::Refused(path()).into(), "/x: y/7.wav"),
        (store::Error::OwnWork(12).into(), "12"),
        (store::Error::Full.into(), ""),
        (store::Error::Busy.into(), ""),
        (store::Error::NoAuthor.into(), ""),
        (audio::Error::NoMicrophone.into(), ""),
        (
            audio::Error::Read {
                path: path(),
                source: denied,
            }
            .into(),
            "/x: y/7.wav",
        ),
        (evidence::Error::Passphrase.into(), ""),
        (evidence::Error::Consent(evidence::Limit::Name).into(), ""),
        (
            evidence::Error::Consent(evidence::Limit::Over("2026-11-23".parse().unwrap())).into(),
            "2026-11-23",
        ),
        (
            evidence::Error::Role {
                role: "officer",
                what: "seal an interview",
            }
            .into(),
            "",
        ),
        (pipeline::Error::NoRecognizer(Lang::Lo).into(), "ລາວ"),
        (
            pipeline::Error::Engines(pipeline::Error::NoRecognizer(Lang::Km).to_string()).into(),
            "ខ្មែរ",
        ),
        (app::Error::Exists(path()), "/x: y/7.wav"),
        (
            app::Error::SessionOpen(InterviewId("20261123-a1".into())),
            "",
        ),
        (
            app::Error::Unfinished {
                failed: 1,
                untranslated: 2,
                reason: store::Error::Full.to_string(),
            },
            "",
        ),
    ];
    for lang in Lang::SIX {
        let words = Words::of(lang);
        for (error, kept) in &errors {
            let (what, next) = (words.told(&error.to_string()), words.told(&error.help()));
            assert!(what.contains(kept), "{lang}: {what}");
            for (shown, english) in [(what, error.to_string()), (next, error.help())] {
                assert_ne!(shown, english, "{lang}");
                let own: String = shown
                    .split(kept)
                    .filter(|s| !s.is_empty() || kept.is_empty())
                    .collect();
                assert!(crate::text::in_script(&own, lang) > 0.6, "{lang}: {shown}");
            }
        }
    }
}

#[test]
fn alarms_entries_and_remarks_are_told_with_what_stands_in_them() {
    let km = Words::of(Lang::Km);
    for english in [
        "200 ms of sound of microphone 2 were lost and replaced by silence",
        "the microphone is gone: no sound comes from the microphone",
        "channel 2: a minute of loud sound in which no speech was found",
        "the computer's clock jumped by -3.5 s",
        "1 damaged part was left out, 20 ms of silence in place of sound",
        "family name 1.00, given name 0.86, by Hanyu Pinyin, in another order",
        "zh: no installed model translates from Chinese to Lao",
        "event 12, reviewer; 1 event after the seal",
        "the disk is full; nothing of this step was stored: /w/store.sqlite3",
        "cannot read the file: the system says: Input/output error: /w/a: b.wav",
        "line 3 is held back (no-speech): a machine most likely invented its words",
        "line 12: the id 'a' stands already in line 10: /g/a.csv",
        "the recogniser does not run: its thread has ended",
    ] {
        let shown = km.told(english);
        assert_ne!(shown, english);
        for word in [
            "channel",
            "microphone",
            "disk",
            "silence",
            "name",
            "Pinyin",
            "reviewer",
            "Lao",
            "Chinese",
            "no-speech",
            "says",
        ] {
            assert!(!shown.contains(word), "{shown}");
        }
        for number in english
            .split(|c: char| !c.is_ascii_digit())
            .filter(|n| n.len() > 1)
        {
            assert!(shown.contains(number), "{shown} lost {number}");
        }
    }
    let shown = km.told("cannot read the file: the system says: Input/output error: /w/a: b.wav");
    assert!(
        shown.ends_with("/w/a: b.wav") && shown.contains("Input/output error"),
        "{shown}"
    );
    let shown = km.told("zh: no installed model translates from Chinese to Lao");
    assert!(shown.contains("中文") && shown.contains("ລາວ"), "{shown}");
}

#[test]
fn other_words_stay_as_they_are_and_values_cannot_disguise_themselves() {
    let zh = Words::of(Lang::Zh);
    for text in [
        "",
        ": ",
        "sound is bad here",
        "王五: /x",
        "what she said: nothing",
        "3500 | 350",
        "{ $path }",
    ] {
        assert_eq!(zh.told(text), text);
    }
    let shown = zh.told("there is no key '\u{202E}gpj'");
    assert!(shown.contains("[U+202E]gpj"), "{shown}");
    let shown = zh.told("there is no key '{ @resume } { $name }'");
    assert!(shown.contains("{ @resume } { $name }"), "{shown}");
    let long = "channel 2: ".repeat(400);
    assert_eq!(zh.told(&long), long);
}

#[test]
fn the_language_files_hold_messages_and_nothing_else_and_each_id_once() {
    let folder = root().join("gui/locales");
    for lang in Lang::ALL {
        let text = fs::read_to_string(folder.join(format!("{lang}.ftl"))).unwrap();
        let mut ids = BTreeSet::new();
        for line in text
            .lines()
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
        {
            let (id, words) = line
                .split_once(" = ")
                .unwrap_or_else(|| panic!("{lang}: {line}"));
            assert!(
                !words.trim().is_empty() && !id.contains(' '),
                "{lang}: {line}"
            );
            assert!(ids.insert(id), "{lang} has {id} twice");
        }
    }
}
