//! `mekong models check NAME --audio FOLDER`

use std::fs;
use std::path::Path;

use mekong_interview::audio;
use mekong_interview::domain::{Cancel, SamplePos, Span};
use serde_json::Value;

use crate::common::{root, stderr};
use crate::fixture::{Desk, files};

/// Cuts `most` lines of each speaker of the Thai-Lao practice interview into `set`, with their words.
fn cut_lines(set: &Path, most: usize) {
    let talk = root().join("recordings/practice/th-lo");
    let script = fs::read(talk.join("script.json")).unwrap();
    let script: Value = serde_json::from_slice(&script).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let cancel = Cancel::new();
    let sound = talk.join("audio.flac");
    let copy = audio::make_working_copy(&sound, scratch.path(), &mut |_, _| {}, &cancel).unwrap();
    for (speaker, file) in ["officer", "interviewee"].iter().zip(&copy.files) {
        let lines = script["segments"].as_array().unwrap();
        let own = lines.iter().filter(|l| l["speaker"] == *speaker);
        for (n, line) in own.take(most).enumerate() {
            let at = |key: &str| SamplePos::from_ms(line[key].as_u64().unwrap());
            let span = Span::new(at("start_ms"), SamplePos(at("end_ms").0 + 4_000));
            let pcm = audio::read_span(&scratch.path().join(file), span).unwrap();
            let folder = set.join(line["lang"].as_str().unwrap());
            fs::create_dir_all(&folder).unwrap();
            let spec = hound::WavSpec {
                channels: 1,
                sample_rate: 16_000,
                bits_per_sample: 32,
                sample_format: hound::SampleFormat::Float,
            };
            let path = folder.join(format!("{n}.wav"));
            let mut out = hound::WavWriter::create(path, spec).unwrap();
            pcm.iter().for_each(|s| out.write_sample(*s).unwrap());
            out.finalize().unwrap();
            let words = line["text"].as_str().unwrap();
            fs::write(folder.join(format!("{n}.txt")), words).unwrap();
        }
    }
}

#[test]
fn a_model_is_judged_on_recordings_whose_words_are_known() {
    let desk = Desk::empty();
    let set = desk.path("set");
    cut_lines(&set, 3);
    fs::write(set.join("lo/1.txt"), "ບໍ່ມີໃຜເວົ້າແນວນີ້ຈັກເທື່ອ").unwrap();
    let folder = set.to_str().unwrap();
    let judged = desk.json(&[
        "models",
        "check",
        "practice-asr",
        "--audio",
        folder,
        "--json",
    ]);
    let rate = |lang: &str| judged["languages"][lang]["cer"].as_f64().unwrap();
    assert_eq!(judged["languages"]["th"]["recordings"], 3);
    assert!(rate("th") < 0.2, "{judged}");
    assert!(rate("lo") > 0.2, "one of three texts is another: {judged}");
    assert!(
        desk.text(&[
            "models",
            "check",
            "practice-asr",
            "--audio",
            folder,
            "--most",
            "1"
        ])
        .contains("1 recording")
    );

    fs::write(set.join("th/0.wav"), b"no sound at all").unwrap();
    let output = desk.run(&[
        "models",
        "check",
        "practice-asr",
        "--audio",
        folder,
        "--json",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let judged: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(judged["languages"]["th"]["recordings"], 2);
    let failed = judged["failed"][0]["file"].as_str().unwrap();
    assert!(failed.ends_with("th/0.wav"), "{judged}");
    assert!(
        stderr(&output).contains("1 of 6 recordings"),
        "{}",
        stderr(&output)
    );
    let left = files(&desk.workspace());
    let sound = |path: &str| path.ends_with(".wav") || path.ends_with(".sqlite3");
    assert!(
        !left.iter().any(|(path, _)| sound(&path.to_string_lossy())),
        "something is stored"
    );
}

#[test]
fn what_cannot_be_judged_is_refused_with_a_next_step() {
    let desk = Desk::empty();
    let set = desk.path("set");
    fs::create_dir(&set).unwrap();
    let folder = set.to_str().unwrap();
    let text = desk.fails(&["models", "check", "practice-asr", "--audio", folder]);
    assert!(text.contains("001.txt"), "{text}");
    desk.fails(&["models", "check", "practice-mt", "--audio", folder]);
    desk.fails(&["models", "check", "no-such-model"]);
    let listed = desk.json(&["models", "check", "practice-asr", "--json"]);
    assert_eq!(listed["models"].as_array().unwrap().len(), 1);
    assert_eq!(
        desk.run(&["models", "check", "--audio", folder])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn the_confidence_of_words_is_measured_and_read_so_from_then_on() {
    let desk = Desk::empty();
    let set = desk.path("set");
    cut_lines(&set, 60);
    // A text that is not what was said makes the model overrate itself.
    for n in 0..6 {
        fs::write(set.join(format!("th/{n}.txt")), "ไม่มีใครพูดแบบนี้เลย").unwrap();
    }
    let folder = set.to_str().unwrap();
    let check = [
        "models",
        "check",
        "practice-asr",
        "--audio",
        folder,
        "--language",
        "th",
        "--json",
    ];
    fs::remove_dir_all(set.join("lo")).unwrap();
    let listed = || {
        let models = desk.json(&["models", "list", "--json"]);
        let all = models["models"].as_array().unwrap().clone();
        all.into_iter()
            .find(|m| m["name"] == "practice-asr")
            .unwrap()
    };
    let thai = |model: &Value| {
        let all = model["calibrated"].as_array().unwrap();
        let own = all.iter().find(|m| m["language"] == "th").unwrap();
        own["words"].as_u64().unwrap()
    };
    assert_eq!(thai(&listed()), 0);
    assert!(desk.text(&["models", "list"]).contains("th not calibrated"));
    let words = desk.json(&check)["languages"]["th"]["words"].clone();
    println!("{words}");
    let (all, right) = (
        words["words"].as_u64().unwrap(),
        words["right"].as_u64().unwrap(),
    );
    assert!(right < all && all >= 100, "{words}");
    assert_eq!(words["kept"], true);
    let rows = words["before"]["rows"].as_array().unwrap();
    let sum: u64 = rows.iter().map(|r| r["words"].as_u64().unwrap()).sum();
    assert_eq!(sum, all);
    assert_eq!(thai(&listed()), all);
    assert!(
        desk.text(&["models", "list"])
            .contains(&format!("th measured on {all} words"))
    );
    // Judged again, the model's own numbers are measured and not those that were made of them.
    assert_eq!(desk.json(&check)["languages"]["th"]["words"], words);

    let sound = root().join("recordings/practice/th-lo/audio.flac");
    let sound = sound.to_str().unwrap();
    let import = |case: &str| {
        let args = [
            "import",
            sound,
            "--languages",
            "th,lo",
            "--case",
            case,
            "--json",
            "--again",
        ];
        let id = desk.json(&args)[0]["id"].as_str().unwrap().to_owned();
        let shown = desk.json(&["show", &id, "--json"]);
        let line = shown["segments"][0]["id"].to_string();
        desk.text(&["history", &id, &line, "--json"])
    };
    assert!(import("A").contains(", calibrated "));
    // A file that nobody can have measured is as none.
    let kept = desk.workspace().join("calibrations.json");
    let text = fs::read_to_string(&kept).unwrap();
    for bad in [text.replace("\"right\": 0", "\"right\": 7"), "{".into()] {
        fs::write(&kept, bad).unwrap();
        assert_eq!(thai(&listed()), 0);
    }
    assert!(!import("B").contains(", calibrated "));
}
