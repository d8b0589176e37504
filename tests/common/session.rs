//! Random tamperings of what only a session has that was recorded here: its parts, the links of its sound,
//! its entries and its end; in the workspace and in a bundle, also one that its sender signs anew.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};

use mekong_interview::domain::{Cancel, EventKind, SamplePos};
use mekong_interview::evidence::{Role, SecretKey, Sign as _, canonical, hex, sha256};
use mekong_interview::store::{NewEvent, Store};
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use crate::common::{self, mekong, practice_sound, stderr};
use crate::custody::{Custody, Dice, changed_text, make, open, tamper_bytes, unguarded};
use crate::tamper::{SENDERS_OWN, SIGNED_ANEW, Tally, Unpacked, copy, files, fits, note, sign};

/// Seconds that are recorded.
const SECONDS: &str = "5";
/// Text of a session's records, and what names a row.
const COLUMNS: [(&str, &str, &str); 7] = [
    ("event", "label", "key"),
    ("event", "kind", "key"),
    ("event", "at", "key"),
    ("session", "device", "interview"),
    ("session", "started_at", "interview"),
    ("session_end", "how", "interview"),
    ("session_end", "at", "interview"),
];
/// Numbers of them.
const NUMBERS: [(&str, &str); 4] = [
    ("event", "start_sample"),
    ("event", "end_sample"),
    ("session", "max_utterance_ms"),
    ("session", "practice"),
];

/// A session in two languages with entries, sealed.
pub fn recorded() -> Custody {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path();
    let device = format!("file:{}", practice_sound("zh-vi"));
    let recorded = mekong(here)
        .args(["record", "--languages", "zh,vi", "--device", &device])
        .args(["--channels", "officer=zh,interviewee=vi", "--for", SECONDS])
        .output()
        .unwrap();
    assert!(recorded.status.success(), "{}", stderr(&recorded));
    let id = common::json(here, &["list", "--json"])[0]["id"].clone();
    let app = open(here);
    let [officer, reviewer] = [("李明", Role::Officer), ("Nguyễn Thu", Role::Reviewer)]
        .map(|(name, role)| SecretKey::new(name, role).unwrap());
    for key in [&officer, &reviewer] {
        make(&app, key, here);
    }
    let mut store = Store::open(&app.workspace().store()).unwrap();
    let id = store.resolve(id.as_str().unwrap()).unwrap();
    for (n, label) in (1..).zip(["ຂໍພັກ", "ខ្ញុំមិនយល់", "ထပ်ပြောပါ", "ขอทนาย"])
    {
        let event = NewEvent {
            kind: EventKind::Marker,
            label: label.into(),
            channel: Some(1),
            start: SamplePos(n * 8_000),
            end: Some(SamplePos(n * 8_000)),
            closes: None,
            journal: None,
            at: "2026-11-24T09:00:00Z".into(),
        };
        store.add_event(&id, &event).unwrap();
    }
    drop(store);
    let sealed = app.seal(&id.0, &officer, &Cancel::new(), &|_| {});
    let paper = sealed.unwrap().head;
    Custody {
        dir,
        app,
        id,
        officer,
        reviewer,
        paper,
    }
}

/// `times` changes of a session's rows, and as many of its parts and of the links of its sound.
pub fn stored(c: &Custody, times: u64, dice: &mut Dice) -> Tally {
    let mut tally = Tally::new();
    assert!(c.verify().ok, "{:#?}", c.verify());
    let path = c.database();
    let good = fs::read(&path).unwrap();
    for n in 0..times {
        let db = unguarded(&path);
        let what = tamper_rows(&db, dice);
        drop(db);
        assert!(c.sees(), "tampering {n} was not seen: {what}");
        note(&mut tally, format!("session: {what}"));
        for side in ["store.sqlite3-wal", "store.sqlite3-shm"] {
            let _ = fs::remove_file(path.with_file_name(side)); // as a rule it is not there
        }
        fs::write(&path, &good).unwrap();
    }
    let folder = c.app.workspace().recording(&c.id);
    let parts = files(&folder)
        .into_iter()
        .filter(|name| name.to_string_lossy().starts_with("part-"));
    let parts: Vec<PathBuf> = parts.map(|name| folder.join(name)).collect();
    assert!(!parts.is_empty());
    let chain = folder.join("sound-chain.jsonl");
    let good: Vec<Vec<u8>> = parts.iter().map(|part| fs::read(part).unwrap()).collect();
    let links = fs::read(&chain).unwrap();
    for n in 0..times {
        let at = dice.roll(parts.len());
        let mut bytes = good[at].clone();
        let what = tamper_bytes(&mut bytes, dice);
        fs::write(&parts[at], bytes).unwrap();
        let name = format!("sound {}", parts[at].file_name().unwrap().to_string_lossy());
        assert!(is_bad(c, &[&name, "sound chain"]), "{n}: {what}");
        note(&mut tally, format!("session part: {what}"));
        fs::write(&parts[at], &good[at]).unwrap();
        let mut bytes = links.clone();
        let what = tamper_lines(&mut bytes, dice);
        fs::write(&chain, bytes).unwrap();
        if dice.roll(40) == 0 {
            fs::remove_file(&chain).unwrap();
        }
        assert!(is_bad(c, &["sound chain"]), "{n}: {what}");
        note(&mut tally, format!("sound chain: {what}"));
        fs::write(&chain, &links).unwrap();
    }
    assert!(c.verify().ok);
    tally
}

fn is_bad(c: &Custody, names: &[&str]) -> bool {
    let checks = c.verify().checks;
    let mut bad = checks.iter().filter(|check| !check.ok);
    bad.any(|check| names.contains(&check.name.as_str()))
}

/// One random change of a session's rows; says what it was.
fn tamper_rows(db: &Connection, dice: &mut Dice) -> String {
    let keys = |table: &str, key: &str| -> Vec<i64> {
        let mut found = db.prepare(&format!("SELECT {key} FROM {table}")).unwrap();
        let rows = found.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let change = |table: &str, column: &str, key: &str, row: i64, new: rusqlite::types::Value| {
        let sql = format!("UPDATE {table} SET {column} = ?1 WHERE {key} = ?2");
        assert_eq!(db.execute(&sql, rusqlite::params![new, row]).unwrap(), 1);
    };
    match dice.roll(6) {
        0..=2 => {
            let (table, column, key) = COLUMNS[dice.roll(COLUMNS.len())];
            let rows = keys(table, key);
            let row = rows[dice.roll(rows.len())];
            let sql = format!("SELECT {column} FROM {table} WHERE {key} = ?1");
            let old: String = db.query_row(&sql, [row], |row| row.get(0)).unwrap();
            change(table, column, key, row, changed_text(&old, dice).into());
            format!("{table}.{column}")
        }
        3 => {
            let (table, column) = NUMBERS[dice.roll(NUMBERS.len())];
            let key = if table == "event" { "key" } else { "interview" };
            let rows = keys(table, key);
            let row = rows[dice.roll(rows.len())];
            let sql = format!("SELECT coalesce({column}, 0) FROM {table} WHERE {key} = ?1");
            let old: i64 = db.query_row(&sql, [row], |row| row.get(0)).unwrap();
            let new = match column {
                "practice" => 1 - old,
                _ => old + 1 + dice.roll(9) as i64,
            };
            change(table, column, key, row, new.into());
            format!("{table}.{column}")
        }
        4 => {
            let table = ["event", "event", "event", "session_end", "session"][dice.roll(5)];
            let key = if table == "event" { "key" } else { "interview" };
            let rows = keys(table, key);
            let row = rows[dice.roll(rows.len())];
            let sql = format!("DELETE FROM {table} WHERE {key} = ?1");
            db.execute(&sql, [row]).unwrap();
            format!("a row of {table} deleted")
        }
        _ => {
            db.execute(
                "INSERT INTO event (interview, kind, label, channel, start_sample, end_sample, at)
                 SELECT interview, kind, label || 'x', channel, start_sample, end_sample, at
                 FROM event ORDER BY key DESC LIMIT 1",
                [],
            )
            .unwrap();
            "an entry added".into()
        }
    }
}

/// One random change of the lines of a file, or of its bytes.
fn tamper_lines(bytes: &mut Vec<u8>, dice: &mut Dice) -> &'static str {
    let text = String::from_utf8(bytes.clone()).unwrap();
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (a, b) = (dice.roll(lines.len()), dice.roll(lines.len()));
    let what = match dice.roll(7) {
        0 => {
            lines.remove(a);
            "a line deleted"
        }
        1 => {
            lines.insert(a, lines[b]);
            "a line twice"
        }
        2 if a != b => {
            lines.swap(a, b);
            "two lines swapped"
        }
        3 => {
            lines.truncate(a);
            "the end cut off"
        }
        _ => return tamper_bytes(bytes, dice),
    };
    *bytes = lines.concat().into_bytes();
    what
}

/// `times` changes of a bundle, half of them signed anew by the sender, faultlessly: each is seen by the program
/// and by the script, but for another last event of a sender's own, which is counted.
pub fn bundled(c: &Custody, times: u64, dice: &mut Dice) -> Tally {
    let mut tally = Tally::new();
    let u = Unpacked::new(c);
    assert!(fits(&u.app, &u.folder) && u.script_agrees(&u.folder));
    let names = files(&u.folder);
    let payload: Vec<&PathBuf> = names.iter().filter(|n| n.starts_with("data")).collect();
    for n in 0..times {
        let bad = u.dir.path().join("bad");
        copy(&u.folder, &bad);
        let name = payload[dice.roll(payload.len())];
        let path = bad.join(name);
        let mut bytes = fs::read(&path).unwrap();
        let old = bytes.clone();
        let lines = name.extension().is_some_and(|e| e == "jsonl");
        let what = if lines {
            tamper_lines(&mut bytes, dice)
        } else {
            tamper_bytes(&mut bytes, dice)
        };
        fs::write(&path, &bytes).unwrap();
        // The order of the records and of the keys says nothing: each is named by an event.
        let unordered = name.ends_with("records.jsonl") || name.ends_with("keys.jsonl");
        let moved = what == "two lines swapped" && unordered;
        let signed = dice.roll(2) == 0 && !moved;
        if signed {
            sign_anew(&bad, name, (&old, &bytes), &c.officer);
        }
        let how = if signed { SIGNED_ANEW } else { "" };
        let what = format!("{}: {what}{how}", name.display());
        let (by_program, by_script) = (!fits(&u.app, &bad), !u.script_agrees(&bad));
        if signed && of_own_end(name, &old, &bytes) && !(by_program && by_script) {
            note(&mut tally, format!("bundle of all: {what}{SENDERS_OWN}"));
            fs::remove_dir_all(bad).unwrap();
            continue;
        }
        let where_it_is = apart(&old, &bytes);
        assert!(by_program, "{n} was not seen: {what}: {where_it_is}");
        assert!(
            by_script,
            "{n} was not seen by the script: {what}: {where_it_is}"
        );
        note(&mut tally, format!("bundle of all: {what}"));
        fs::remove_dir_all(bad).unwrap();
    }
    tally
}

/// Whether nothing but the last event changed, or events were left out at the end that no record belongs to. What
/// nothing is bound to can be told otherwise by a sender who signs it anew: another end of a history of its own,
/// or the bundle as it would have been before.
fn of_own_end(name: &Path, old: &[u8], new: &[u8]) -> bool {
    let ends = old.len().saturating_sub(1);
    let last = old[..ends]
        .iter()
        .rposition(|b| *b == b'\n')
        .map_or(0, |at| at + 1);
    let rest = new.get(last..).unwrap_or_default();
    let is_one = rest.iter().filter(|b| **b == b'\n').count() == 1;
    let told_otherwise = new.starts_with(&old[..last]) && is_one;
    let left_out = old
        .strip_prefix(new)
        .filter(|_| new.ends_with(b"\n"))
        .is_some_and(binds_nothing);
    name.ends_with("chain.jsonl") && (told_otherwise || left_out)
}

/// Whether no record belongs to any of these events, and none of them is signed.
fn binds_nothing(events: &[u8]) -> bool {
    let lines = events
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty());
    lines.into_iter().all(|line| {
        let event: Value = serde_json::from_slice(line).unwrap();
        event["rows"].as_object().unwrap().is_empty() && event.get("key").is_none()
    })
}

/// Leaves the last events of a bundle's history out, one more each time, signed anew by its sender: how many such
/// ends the program and the script both miss. They miss none that a record or a signature belongs to.
pub fn ends_left_out(c: &Custody) -> usize {
    let u = Unpacked::new(c);
    let name = Path::new("data/chain.jsonl");
    let old = fs::read(u.folder.join(name)).unwrap();
    let lines: Vec<&[u8]> = old.split_inclusive(|b| *b == b'\n').collect();
    let mut missed = 0;
    for kept in (1..lines.len()).rev() {
        let bad = u.dir.path().join("bad");
        copy(&u.folder, &bad);
        let new = lines[..kept].concat();
        fs::write(bad.join(name), &new).unwrap();
        sign_anew(&bad, name, (&old, &new), &c.officer);
        let (by_program, by_script) = (!fits(&u.app, &bad), !u.script_agrees(&bad));
        assert_eq!(by_program, by_script, "{kept} events");
        assert_eq!(by_program, !of_own_end(name, &old, &new), "{kept} events");
        missed += usize::from(!by_program);
        fs::remove_dir_all(bad).unwrap();
    }
    missed
}

/// Where two files differ first, and what stands there.
fn apart(old: &[u8], new: &[u8]) -> String {
    let at = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let (from, to) = (at.saturating_sub(60), (at + 40).min(bytes.len()));
        String::from_utf8_lossy(&bytes[from.min(to)..to]).into_owned()
    };
    format!("byte {at}: {:?} was {:?}", around(new), around(old))
}

/// Puts a changed file into the lists of a bag and signs them with the sender's own key.
pub fn sign_anew(bag: &Path, name: &Path, (old, new): (&[u8], &[u8]), sender: &SecretKey) {
    let put = |file: &str, change: &dyn Fn(&str) -> String| {
        let text = fs::read_to_string(bag.join(file)).unwrap();
        fs::write(bag.join(file), change(&text)).unwrap();
    };
    let line = |bytes: &[u8]| format!("{}  {}", sha256(bytes), name.display());
    put("manifest-sha256.txt", &|text| {
        assert!(text.contains(&line(old)));
        text.replace(&line(old), &line(new))
    });
    let last = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        sha256(text.lines().next_back().unwrap_or_default().as_bytes())
    };
    put("bag-info.txt", &|text| {
        let told = text
            .lines()
            .find_map(|l| l.strip_prefix("Payload-Oxum: "))
            .unwrap();
        let (bytes, files) = told.split_once('.').unwrap();
        let now = bytes.parse::<usize>().unwrap() + new.len() - old.len();
        let text = text.replace(told, &format!("{now}.{files}"));
        match name.ends_with("chain.jsonl") {
            true => text.replace(&last(old), &last(new)),
            false => text,
        }
    });
    sign(bag, sender);
    assert_eq!(sender.public().role, Role::Officer);
}

/// Changes an event of this number from 0, given the hash of the one before.
pub type Change<'a> = &'a dyn Fn(usize, &mut Map<String, Value>, &str);

/// Changes events of an unpacked bundle by their numbers from 0, given the hash of the one before, and
/// hashes and signs all of it anew. The first key is the sender's.
pub fn rechain(bag: &Path, keys: &[&SecretKey], change: Change<'_>) {
    let path = bag.join("data/chain.jsonl");
    let chain = fs::read_to_string(&path).unwrap();
    let old = sha256(chain.lines().last().unwrap().as_bytes());
    let (mut previous, mut new) = ("0".repeat(64), String::new());
    for (n, line) in chain.lines().enumerate() {
        let mut event: Map<String, Value> = serde_json::from_str(line).unwrap();
        event.insert("previous".into(), json!(previous));
        let signed = event.remove("signature").is_some();
        change(n, &mut event, &previous);
        if signed {
            let number = event["key"].as_str().unwrap();
            let key = keys.iter().find(|k| k.public().number == number).unwrap();
            let message = canonical(&Value::Object(event.clone())).unwrap();
            let signature = hex(&key.sign(message.as_bytes()));
            event.insert("signature".into(), json!(signature));
        }
        let line = canonical(&Value::Object(event)).unwrap();
        previous = sha256(line.as_bytes());
        new.push_str(&line);
        new.push('\n');
    }
    fs::write(&path, new).unwrap();
    let info = fs::read_to_string(bag.join("bag-info.txt")).unwrap();
    fs::write(bag.join("bag-info.txt"), info.replace(&old, &previous)).unwrap();
    relist(bag, keys[0]);
}

/// Writes the list of the payload anew and signs it.
fn relist(bag: &Path, sender: &SecretKey) {
    let (mut list, mut bytes) = (String::new(), 0);
    let payload = files(&bag.join("data"));
    for name in &payload {
        let name = format!("data/{}", name.display());
        let file = fs::read(bag.join(&name)).unwrap();
        bytes += file.len();
        list.push_str(&format!("{}  {name}\n", sha256(&file)));
    }
    fs::write(bag.join("manifest-sha256.txt"), list).unwrap();
    let info = fs::read_to_string(bag.join("bag-info.txt")).unwrap();
    let lines = info.lines().map(|line| match line.split_once(": ") {
        Some(("Payload-Oxum", _)) => format!("Payload-Oxum: {bytes}.{}\n", payload.len()),
        _ => format!("{line}\n"),
    });
    let info: String = lines.collect();
    fs::write(bag.join("bag-info.txt"), info).unwrap();
    sign(bag, sender);
}

/// Another sound in a part, and everything that names it says so; only the links of the session are kept.
pub fn other_sound(bag: &Path, keys: &[&SecretKey], change: &dyn Fn(&mut Vec<u8>)) {
    let part = bag.join("data/audio/part-001.wav");
    let mut sound = fs::read(&part).unwrap();
    let old = sha256(&sound);
    change(&mut sound);
    let new = sha256(&sound);
    assert_ne!(old, new);
    fs::write(&part, sound).unwrap();
    let mut digests = Vec::new();
    for name in files(&bag.join("data")) {
        let path = bag.join("data").join(name);
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        if path.ends_with("records.jsonl") {
            for line in text.lines().filter(|line| line.contains(&old)) {
                let digest = |line: &str| sha256(line.as_bytes());
                digests.push((digest(line), digest(&line.replace(&old, &new))));
            }
        }
        fs::write(&path, text.replace(&old, &new)).unwrap();
    }
    assert!(!digests.is_empty());
    rechain(bag, keys, &|_, event, _| {
        for row in event["rows"].as_object_mut().unwrap().values_mut() {
            if let Some((_, new)) = digests.iter().find(|(old, _)| row == old) {
                *row = json!(new);
            }
        }
    });
}

/// `times` changes of the bundle of a session by its own sender, who makes every hash and signature anew so
/// that they fit one another: each is seen by the program and by the script.
pub fn rewritten(c: &Custody, times: u64, dice: &mut Dice) -> Tally {
    let mut tally = Tally::new();
    let u = Unpacked::new(c);
    let keys = [&c.officer, &c.reviewer];
    let chain = fs::read_to_string(u.folder.join("data/chain.jsonl")).unwrap();
    let events = chain.lines().count();
    let sound = fs::read(u.folder.join("data/audio/part-001.wav")).unwrap();
    for n in 0..times {
        let bad = u.dir.path().join("bad");
        copy(&u.folder, &bad);
        let at = 1 + dice.roll(events - 1);
        let put = |change: &dyn Fn(&mut Map<String, Value>, &str)| {
            rechain(&bad, &keys, &|n, event, previous| {
                if n == at {
                    change(event, previous);
                }
            });
        };
        let what = match dice.roll(8) {
            0 => {
                put(&|event, previous| {
                    event["facts"]["previous"] = json!(previous);
                    event["facts"]["z"] = json!("z");
                    event["previous"] = json!("0".repeat(64));
                });
                "a fact called previous"
            }
            1 => {
                put(&|event, _| event["interview"] = json!("20200101-000000-abcdef"));
                "an event of another interview"
            }
            2 => {
                put(&|event, _| event["number"] = json!(at + 2));
                "an event of another number"
            }
            3 => {
                rechain(&bad, &keys, &|_, event, _| {
                    if event.contains_key("role") {
                        event["role"] = json!("administrator");
                    }
                });
                "another role"
            }
            _ => {
                let place = 44 + dice.roll(sound.len() - 44);
                let bit = 1 << dice.roll(8);
                other_sound(&bad, &keys, &|sound| sound[place] ^= bit);
                "other sound"
            }
        };
        assert!(!fits(&u.app, &bad), "{n} was not seen: {what}");
        let script = !u.script_agrees(&bad);
        assert!(script, "{n} was not seen by the script: {what}");
        let how = "its hashes and signatures made anew";
        note(
            &mut tally,
            format!("session bundle: {what}, {how}{SIGNED_ANEW}"),
        );
        fs::remove_dir_all(bad).unwrap();
    }
    tally
}
