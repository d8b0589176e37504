//! Malformed files of every other kind that comes from outside: recordings, transcripts, tables of
//! terms, keys, databases. Each is offered as a person would; each must be refused by name with a next
//! step, and the store must stay as it is to the last byte.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};

use mekong_interview::app::App;
use mekong_interview::domain::{Cancel, InterviewId, Lang};
use mekong_interview::evidence::sha256;
use mekong_interview::glossary::Glossary;
use mekong_interview::pipeline::{Intake, IntakePlan, intake_file};
use mekong_interview::store::Store;
use mekong_interview::transcript;

use crate::common::{mekong, stderr};
use crate::custody::{Dice, open, record};
use crate::mutate::mutant;
use crate::tamper::Tally;
use crate::targets::TARGETS;

/// Tries for one file that is refused: many changes do no harm, and what they make is a good file.
const TRIES: usize = 60;

struct Work {
    dir: tempfile::TempDir,
    dice: Dice,
    made: usize,
}

impl Work {
    fn new(seed: u64) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            dice: Dice(seed),
            made: 0,
        }
    }

    /// Changed files of one kind that its own reader refuses, at most `wanted`.
    fn refused(
        &mut self,
        (kind, ending): (&str, &str),
        wanted: usize,
        bad: &dyn Fn(&Path) -> bool,
    ) -> Vec<PathBuf> {
        let target = TARGETS.iter().find(|t| t.name == kind).unwrap();
        let seeds = (target.seeds)();
        let mut found = Vec::new();
        for n in 0..wanted * TRIES {
            if found.len() == wanted {
                break;
            }
            let bytes = match n {
                // Each begins with its kind's heads cut off at every place.
                n if n < wanted / 4 => {
                    let seed = &seeds[n % seeds.len()];
                    seed[..n.min(seed.len())].to_vec()
                }
                _ => mutant(&seeds, &mut self.dice),
            };
            self.made += 1;
            let path = self.dir.path().join(format!("bad-{}.{ending}", self.made));
            fs::write(&path, bytes).unwrap();
            if bad(&path) {
                found.push(path);
            } else {
                fs::remove_file(path).unwrap();
            }
        }
        found
    }
}

/// Whether a recording is not taken in.
fn is_no_sound(path: &Path) -> bool {
    let dir = tempfile::tempdir().unwrap();
    let plan = IntakePlan {
        id: InterviewId("20261124-090000-abcdef".into()),
        case: None,
        languages: vec![Lang::Zh, Lang::Vi],
        channels: Vec::new(),
        started: "2026-11-24T09:00:00+07:00".into(),
        original_name: "x".into(),
        max_utterance_ms: 15_000.into(),
        again: true,
        speech_models: Vec::new(),
        asked: None,
    };
    let intake = Intake {
        recordings: dir.path(),
        cancel: &Cancel::new(),
        watcher: &|_| {},
    };
    let mut store = Store::open_in_memory().unwrap();
    intake_file(&intake, &mut store, path, &plan).is_err()
}

fn hash(app: &App) -> String {
    sha256(&fs::read(app.workspace().store()).unwrap())
}

/// Offers about `each` malformed files of every kind; how many of each were refused.
pub fn refuse_all(each: usize) -> Tally {
    let dir = tempfile::tempdir().unwrap();
    let app = open(dir.path());
    record(&app, dir.path());
    let before = hash(&app);
    let mut work = Work::new(41);
    let mut tally = Tally::new();
    let mut all = Vec::new();
    let no_sound: &dyn Fn(&Path) -> bool = &is_no_sound;
    let no_words: &dyn Fn(&Path) -> bool = &|path| transcript::read(path).is_err();
    for (kind, ending, bad) in [
        ("sound-wav", "wav", no_sound),
        ("sound-flac", "flac", no_sound),
        ("transcript-json", "json", no_words),
        ("transcript-csv", "csv", no_words),
        ("transcript-srt", "srt", no_words),
        ("transcript-vtt", "vtt", no_words),
    ] {
        let found = work.refused((kind, ending), each, bad);
        tally.insert(kind.to_owned(), found.len() as u64);
        all.extend(found);
    }
    // One command, as a person would bring a folder in.
    let output = mekong(dir.path())
        .args(["import", "--languages", "zh,vi"])
        .args(&all)
        .output()
        .unwrap();
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("next:"), "{told}");
    for file in &all {
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(told.contains(name), "{name} is not named");
    }
    assert_eq!(hash(&app), before, "a refused file changed the store");
    for (kind, ending) in [("glossary-csv", "csv"), ("glossary-tbx", "tbx")] {
        let bad = |path: &Path| Glossary::load(path).is_err();
        let found = work.refused((kind, ending), each, &bad);
        refused_terms(&app, &found);
        tally.insert(kind.to_owned(), found.len() as u64);
    }
    // A translation memory is written and never read: even a faultless one is refused.
    let memory = "<?xml version=\"1.0\"?><tmx version=\"1.4\"><header/><body><tu><tuv xml:lang=\"zh\">\
                  <seg>护照</seg></tuv><tuv xml:lang=\"lo\"><seg>ໜັງສືຜ່ານແດນ</seg></tuv></tu></body></tmx>";
    let memories: Vec<PathBuf> = (0..each)
        .map(|n| {
            let seeds = [memory.as_bytes().to_vec()];
            let bytes = match n {
                0 => seeds[0].clone(),
                _ => mutant(&seeds, &mut work.dice),
            };
            let path = work.dir.path().join(format!("memory-{n}.tmx"));
            fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    refused_terms(&app, &memories);
    tally.insert("tmx".to_owned(), memories.len() as u64);
    tally.insert("key-json".to_owned(), keys(&app, &mut work, each));
    assert_eq!(hash(&app), before, "a refused file changed the store");
    drop(app);
    tally.insert(
        "database".to_owned(),
        databases(dir.path(), &mut work, each),
    );
    tally
}

fn refused_terms(app: &App, files: &[PathBuf]) {
    for file in files {
        let error = app
            .import_glossary(file, false, &Cancel::new())
            .unwrap_err();
        let name = file.file_name().unwrap().to_str().unwrap();
        assert!(error.to_string().contains(name), "{name}: {error}");
        assert!(!error.help().is_empty());
    }
}

/// Public keys that are none.
fn keys(app: &App, work: &mut Work, each: usize) -> u64 {
    use mekong_interview::evidence::{PublicKey, Role, SecretKey, Sign as _};
    let good = SecretKey::new("李明", Role::Officer).unwrap();
    let seeds = [good.public().to_text().into_bytes()];
    let file = work.dir.path().join("key.json");
    let mut refused = 0;
    for _ in 0..each {
        let bytes = mutant(&seeds, &mut work.dice);
        if PublicKey::from_text(&String::from_utf8_lossy(&bytes)).is_ok() {
            continue;
        }
        fs::write(&file, bytes).unwrap();
        let error = app.trust_key(&file, None).unwrap_err();
        assert!(error.to_string().contains("key") && !error.help().is_empty());
        refused += 1;
    }
    refused
}

/// Databases that are none of ours, of a newer form, or damaged where every reading begins.
fn databases(workspace: &Path, work: &mut Work, each: usize) -> u64 {
    let path = workspace.join("store.sqlite3");
    let good = fs::read(&path).unwrap();
    let mut refused = 0;
    for n in 0..each {
        let mut bytes = good.clone();
        match n % 6 {
            // Bytes of the text that says what it is.
            0 => bytes[n / 6 % 16] ^= 1 << (n % 8),
            // The number of its form, at byte 60: forms that this version does not know.
            1 => bytes[60..64].copy_from_slice(&(100 + n as u32).to_be_bytes()),
            // The number of the program, at byte 68.
            2 => bytes[68..72].copy_from_slice(&(n as u32).to_be_bytes()),
            3 => bytes.truncate(n / 6 + 1),
            // The page that names all tables.
            4 => {
                for byte in &mut bytes[100..4096] {
                    *byte = work.dice.roll(256) as u8;
                }
            }
            _ => {
                bytes = (0..1 + work.dice.roll(5_000))
                    .map(|_| work.dice.roll(256) as u8)
                    .collect();
            }
        }
        fs::write(&path, &bytes).unwrap();
        let app = open(workspace);
        let error = app.list(None).expect_err("a malformed database was read");
        assert!(!error.help().is_empty());
        assert!(app.words(&error).contains("store.sqlite3"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "case {n}: it was changed");
        refused += 1;
    }
    fs::write(&path, good).unwrap();
    assert!(open(workspace).list(None).is_ok());
    refused
}
