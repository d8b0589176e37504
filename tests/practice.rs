//! The main job on real sound: the practice interviews through the real engines with the practice
//! models, as a person would run it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;
#[path = "common/long.rs"]
mod long;

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::Duration;

use common::{
    Import, assert_helpful_failure, json, mekong, practice, practice_sound, root, run, stderr,
};
use serde_json::Value;

/// Highest character error rate that any language may have over the practice interviews.
const MAX_CER: f64 = 0.25;
/// Lowest chrF that any direction may have, recognition errors included.
const MIN_CHRF: f64 = 55.0;

fn demo() -> Value {
    let dir = tempfile::tempdir().unwrap();
    let output = mekong(dir.path())
        .args(["demo", "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_demo_turns_six_recordings_into_bilingual_transcripts() {
    let report = demo();
    let interviews = report["interviews"].as_array().unwrap();
    assert_eq!(interviews.len(), 6);
    let mut spoken = BTreeSet::new();
    for interview in interviews {
        let segments = interview["segments"].as_array().unwrap();
        assert!(segments.len() >= 20, "{} lines", segments.len());
        let languages: Vec<&str> = interview["languages"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        for s in segments {
            spoken.insert(s["lang"].as_str().unwrap().to_owned());
            assert_eq!(s["status"], "machine");
            assert!(s["flags"].to_string().contains("practice-model"), "{s}");
            if !s["text"].as_str().unwrap().is_empty() {
                let to = s["translations"][0]["lang"].as_str().unwrap();
                assert!(languages.contains(&to) && s["lang"] != to, "{s}");
            }
        }
    }
    assert_eq!(spoken.len(), 6, "{spoken:?}");
    for (lang, cer) in report["scores"]["cer"].as_object().unwrap() {
        assert!(
            cer.as_f64().unwrap() <= MAX_CER,
            "{lang}: character error rate {cer}"
        );
    }
    let chrf = report["scores"]["chrf"].as_object().unwrap();
    assert_eq!(chrf.len(), 12);
    for (pair, score) in chrf {
        assert!(score.as_f64().unwrap() >= MIN_CHRF, "{pair}: chrF {score}");
    }
}

#[test]
fn the_original_is_kept_as_it_was_and_its_hash_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let sound = practice_sound("zh-vi");
    let imported = json(
        dir.path(),
        &["import", &sound, "--languages", "zh,vi", "--json"],
    );
    let id = imported[0]["id"].as_str().unwrap();
    let shown = json(dir.path(), &["show", id, "--json"]);
    let kept = dir.path().join("recordings").join(id);
    let file = kept.join(shown["audio"][0]["path"].as_str().unwrap());
    let original = fs::read(&sound).unwrap();
    assert_eq!(fs::read(file).unwrap(), original);
    assert_eq!(shown["audio"][0]["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(shown["audio"][0]["channels"], 2);
    let speakers: BTreeSet<&str> = shown["segments"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|s| s["speaker"].as_str())
        .collect();
    assert_eq!(speakers, BTreeSet::from(["interviewee", "officer"]));
}

#[test]
fn a_killed_import_is_finished_by_resume_with_the_same_words() {
    let import = Import::of("th-lo");
    let expected = import.undisturbed();
    let mut resumed_some = false;
    for wait_ms in [150, 800, 1500, 3000] {
        if let Some(words) = import.killed_and_resumed(Duration::from_millis(wait_ms)) {
            assert_eq!(words, expected, "killed after {wait_ms} ms");
            resumed_some = true;
        }
    }
    assert!(resumed_some, "every kill came before the copy was complete");
}

#[test]
fn one_bad_file_does_not_stop_the_others() {
    let dir = tempfile::tempdir().unwrap();
    let bad = dir.path().join("statement.wav");
    fs::write(&bad, b"%PDF-1.7\n%this is a document").unwrap();
    let sound = practice_sound("km-vi");
    let args = [
        "import",
        bad.to_str().unwrap(),
        &sound,
        "--languages",
        "km,vi",
        "--case",
        "K-1",
        "--json",
    ];
    let output = run(dir.path(), &args);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let list = json(dir.path(), &["list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["case"], "K-1");
}

#[test]
fn two_processes_never_do_the_same_work() {
    let dir = tempfile::tempdir().unwrap();
    let sound = practice_sound("my-th");
    let mut first = mekong(dir.path())
        .args(["import", &sound, "--languages", "my,th"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The first has begun its work as soon as its lock is there.
    let lock = dir.path().join(".mekong-lock");
    for _ in 0..300 {
        if lock.exists() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    std::thread::sleep(Duration::from_millis(300));
    let second = run(dir.path(), &["resume"]);
    // Reading goes on meanwhile.
    assert!(run(dir.path(), &["list"]).status.success());
    if first.try_wait().unwrap().is_none() {
        // The first was at work all the while, so the second must have been turned away.
        assert_helpful_failure(&second, "the second process");
        let text = stderr(&second);
        assert!(text.contains("another mekong"), "{text}");
    }
    assert!(first.wait().unwrap().success());
    let list = json(dir.path(), &["list", "--json"]);
    assert_eq!(
        (list.as_array().unwrap().len(), &list[0]["pending"]),
        (1, &Value::from(0))
    );
}

#[test]
fn transcribe_and_translate_work_alone_and_store_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let sound = practice_sound("zh-my");
    let heard = json(
        dir.path(),
        &["transcribe", &sound, "--language", "zh", "--json"],
    );
    assert_eq!(heard["language"], "zh");
    assert!(heard["segments"].as_array().unwrap().len() > 10);
    let script: Value =
        serde_json::from_slice(&fs::read(practice("zh-my").join("script.json")).unwrap()).unwrap();
    let line = script["segments"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["lang"] == "zh")
        .unwrap();
    let text = line["text"].as_str().unwrap();
    let args = ["translate", "--from", "zh", "--to", "my", text, "--json"];
    let made = json(dir.path(), &args);
    assert_eq!(
        (&made["from"], &made["to"], &made["text"]),
        (&"zh".into(), &"my".into(), &text.into())
    );
    assert!(!made["token_ids"].as_array().unwrap().is_empty());
    assert!(made["flags"].to_string().contains("practice-model"));
    assert_eq!(
        json(dir.path(), &["list", "--json"]),
        Value::Array(Vec::new())
    );
}

#[test]
fn a_changed_model_file_is_never_loaded() {
    let dir = tempfile::tempdir().unwrap();
    let kit = dir.path().join("kit");
    for part in ["models/practice/asr", "models/practice/mt"] {
        let to = kit.join(part);
        fs::create_dir_all(&to).unwrap();
        for entry in fs::read_dir(root().join(part)).unwrap() {
            let from = entry.unwrap().path();
            fs::copy(&from, to.join(from.file_name().unwrap())).unwrap();
        }
    }
    fs::create_dir_all(kit.join("recordings/practice")).unwrap();
    let model = kit.join("models/practice/asr/model.bin");
    let mut bytes = fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&model, bytes).unwrap();
    let workspace = dir.path().join("workspace");
    fs::create_dir(&workspace).unwrap();
    let output = mekong(&workspace)
        .env("MEKONG_KIT", &kit)
        .args(["import", &practice_sound("zh-vi"), "--languages", "zh,vi"])
        .output()
        .unwrap();
    assert_helpful_failure(&output, "a changed model");
    assert!(stderr(&output).contains("SHA-256"), "{}", stderr(&output));
    assert_eq!(
        json(&workspace, &["list", "--json"]),
        Value::Array(Vec::new())
    );
}

#[test]
fn four_times_the_sound_takes_no_more_memory() {
    let (short, _, _) = long::import_long(0.05);
    let (longer, _, lines) = long::import_long(0.2);
    println!("3 minutes: {short:.0} MB, 12 minutes ({lines} lines): {longer:.0} MB");
    // Nothing is measured where the system does not tell.
    assert!(
        short == 0.0 || longer - short < 40.0,
        "{short:.0} MB, then {longer:.0} MB"
    );
}
