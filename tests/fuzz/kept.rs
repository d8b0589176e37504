//! What the program keeps in a workspace and reads again: journals of what was interrupted, what was measured,
//! choices, keys; and the words of a test set.

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use mekong_interview::app::{App, Options, test_set};
use mekong_interview::domain::{Cancel, Lang, Segment};
use mekong_interview::evidence::{KeyRing, Sign as _};
use mekong_interview::pipeline::live::{SessionPlan, recover_session, unfinished_sessions};
use mekong_interview::pipeline::{Intake, interrupted_intakes, resume_intake, unfinished_intakes};
use mekong_interview::speech::{Calibration, JudgedWord, read_calibrations};
use mekong_interview::store::Store;
use mekong_interview::{export, vault};

use super::{in_file, root, signer};

/// What one session was begun with.
pub fn session_seeds() -> Vec<Vec<u8>> {
    let plan = serde_json::json!({
        "id": "a", "case": "K-1", "languages": ["km", "lo"], "started": "2026-01-01T00:00:00Z",
        "channels": [{"index": 0, "speaker": "officer", "languages": ["km"]},
                     {"index": 1, "speaker": "ອ້າຍ", "languages": ["lo"], "speech_models": {"lo": "ear"}}],
        "device": "alsa:0", "practice": false, "max_utterance_ms": {"usual_ms": 20000, "by_language": {"lo": 7000}},
        "planned": {"secs": 60, "nanos": 0},
        "microphones": [{"device": "alsa:0", "channels": 1}, {"device": "alsa:1", "channels": 1}],
        "test": "tested",
    });
    let mut older = plan.clone();
    let fields = older.as_object_mut().unwrap();
    fields.remove("microphones");
    fields.remove("test");
    fields.insert("max_utterance_ms".into(), 7000.into());
    [plan, older]
        .map(|plan| plan.to_string().into_bytes())
        .into()
}

/// A session that was killed before it had any sound.
pub fn session(bytes: &[u8]) {
    let recordings = tempfile::tempdir().unwrap();
    let folder = recordings.path().join("a");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("session.json"), bytes).unwrap();
    let mut store = Store::open_in_memory().unwrap();
    assert_eq!(
        unfinished_sessions(&store, recordings.path())
            .unwrap()
            .len(),
        1
    );
    let _ = recover_session(&mut store, &folder, &|_| {}, &Cancel::new());
    let plan: Result<SessionPlan, _> = serde_json::from_slice(bytes);
    if let Ok(plan) = plan {
        let _ = plan.series();
    }
}

pub fn intake_seeds() -> Vec<Vec<u8>> {
    let sound = fs::read(root().join("tests/fixtures/audio/good.wav")).unwrap();
    let plan = serde_json::json!({
        "plan": {"id": "20260101-000000-000001", "case": null, "languages": ["zh", "vi"],
                 "channels": [["officer", ["zh"]], ["interviewee", ["vi"]]],
                 "started": "2026-01-01T00:00:00Z", "original_name": "会谈.wav",
                 "max_utterance_ms": 20000},
        "file": "original.wav", "sha256": mekong_interview::evidence::sha256(&sound), "bytes": sound.len(),
    });
    vec![plan.to_string().into_bytes()]
}

/// An import that was killed behind its copy.
pub fn intake(bytes: &[u8]) {
    let recordings = tempfile::tempdir().unwrap();
    let folder = recordings.path().join(".incoming-20260101-000000-000001");
    fs::create_dir(&folder).unwrap();
    let sound = root().join("tests/fixtures/audio/good.wav");
    fs::copy(sound, folder.join("original.wav")).unwrap();
    fs::write(folder.join("intake.json"), bytes).unwrap();
    let _ = interrupted_intakes(recordings.path());
    let mut store = Store::open_in_memory().unwrap();
    let intake = Intake {
        recordings: recordings.path(),
        cancel: &Cancel::new(),
        watcher: &|_| {},
    };
    for folder in unfinished_intakes(recordings.path()) {
        let _ = resume_intake(&intake, &mut store, &folder);
    }
    // Whatever the plan says, nothing is written anywhere else.
    let outside = recordings.path().parent().unwrap();
    assert!(!outside.join("original.wav").exists());
}

pub fn calibrations_seeds() -> Vec<Vec<u8>> {
    let words: Vec<JudgedWord> = (0..400)
        .map(|n| JudgedWord {
            confidence: n as f32 / 400.0,
            right: n > 150,
        })
        .collect();
    let found = Calibration::fit(&words).unwrap();
    let kept = serde_json::json!({"0011": {"km": found, "my": found}, "2233": {"zh": found}});
    vec![kept.to_string().into_bytes()]
}

pub fn calibrations(bytes: &[u8]) {
    let kept = read_calibrations(bytes);
    for calibration in kept.values().flat_map(|by| by.values()) {
        if calibration.is_sound() {
            for given in [0.0, 0.3, 1.0, f32::NAN] {
                let read = calibration.apply(given);
                assert!(given.is_nan() || (0.0..=1.0).contains(&read), "{read}");
            }
        }
    }
}

/// A workspace of its own for each thread.
fn with_app(name: &str, bytes: &[u8], take: impl FnOnce(&App)) {
    in_file(bytes, name, |folder, _| {
        let options = Options {
            workspace: Some(folder.to_owned()),
            ..Options::default()
        };
        take(&App::open(&options).unwrap());
    });
}

pub fn choices_seeds() -> Vec<Vec<u8>> {
    let text = "look = \"dark\"\ntext_percent = 120\nlanguage = \"km\"\nname = \"王芳\"\nplay_percent = 75\n\n[window]\nwidth = 900\nheight = 700\nmaximized = true\n";
    vec![text.as_bytes().to_vec()]
}

pub fn choices(bytes: &[u8]) {
    with_app("desktop.toml", bytes, |app| {
        let read = app.choices();
        if let Some(aside) = read.put_aside {
            let _ = fs::remove_file(aside);
        }
    });
}

/// How fast each engine was with the shape of the practice model, and with another.
pub fn measurements_seeds() -> Vec<Vec<u8>> {
    let text = r#"{"a": {"native": 91.5, "whisper_cpp": 120.0, "native_threads": 2}, "b": {"native": null, "whisper_cpp": 3.0, "whisper_cpp_threads": 8}}"#;
    vec![text.as_bytes().to_vec()]
}

pub fn measurements(bytes: &[u8]) {
    static MODEL: OnceLock<std::path::PathBuf> = OnceLock::new();
    let model = MODEL.get_or_init(|| root().join("models/practice/asr/model.bin"));
    with_app("engines.json", bytes, |app| {
        assert!(!app.speech_engine_known(model).is_empty());
    });
}

pub fn keys_seeds() -> Vec<Vec<u8>> {
    let public = signer().public();
    let note = serde_json::json!({"number": public.number, "at": "2026-01-01T00:00:00Z", "reason": "lost"});
    vec![public.to_text().into_bytes(), note.to_string().into_bytes()]
}

/// A key, and beside a key the note that it was revoked.
pub fn keys(bytes: &[u8]) {
    let public = signer().public();
    let folder = tempfile::tempdir().unwrap();
    let ring = KeyRing::at(folder.path());
    let kept = ring.trust(&public.to_text()).unwrap();
    let path = |ending: &str| {
        let named = fs::read_dir(folder.path())
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        let named = named.file_name().into_string().unwrap();
        folder.path().join(named.replace("public.json", ending))
    };
    let note = path("revoked.json");
    fs::write(&note, bytes).unwrap();
    // A note that says nothing revokes the key all the same; one that is too long stops all work with keys.
    let noted = ring.numbered(&kept.number);
    assert!(noted.is_err() || noted.unwrap().unwrap().revoked.is_some());
    fs::remove_file(note).unwrap();
    fs::write(path("public.json"), bytes).unwrap();
    let _ = ring.list();
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = ring.trust(text);
    }
}

pub fn tries_seeds() -> Vec<Vec<u8>> {
    vec![b"3 1767225600000\n".to_vec(), b"4294967295 0\n".to_vec()]
}

pub fn tries(bytes: &[u8]) {
    in_file(bytes, ".mekong-tries", |_, path| {
        let failed = vault::failed_tries(path);
        assert!(failed.wait(vault::now()) <= Duration::from_secs(60));
        let _ = failed.again(vault::now());
    });
}

pub fn received_seeds() -> Vec<Vec<u8>> {
    let plan = r#"{"id":"a-1","case":null,"languages":["zh","vi"],"started":"2026-01-01T00:00:00Z","duration_ms":900,"audio":[],"segments":[{"id":1,"start_ms":0,"end_ms":900,"speaker":"officer","lang":"zh","text":"你好","confidence":0.9,"flags":["low-confidence"],"status":"machine","translations":[{"lang":"vi","text":"Xin chào","engine":"e","terms":[],"flags":[]}]}]}"#;
    let line = Segment {
        text: "ສະບາຍດີ ខ្ញុំ".into(),
        ..Segment::new(
            mekong_interview::domain::SegmentId(1),
            mekong_interview::domain::Span::default(),
            Lang::Lo,
        )
    };
    let interview = mekong_interview::domain::Interview {
        id: mekong_interview::domain::InterviewId("a-1".into()),
        case: None,
        languages: vec![Lang::Lo, Lang::Km],
        started: "2026-01-01T00:00:00Z".into(),
        duration_ms: 1,
        audio: Vec::new(),
        source: None,
        notes: Vec::new(),
        channels: Vec::new(),
    };
    let own = export::json_value(&interview, &[line]);
    vec![plan.as_bytes().to_vec(), own.to_string().into_bytes()]
}

/// A partner's transcript, as it is read once its hash was found right.
pub fn received(bytes: &[u8]) {
    let _ = (export::read_json(bytes), export::copies(bytes));
}

pub fn test_set_seeds() -> Vec<Vec<u8>> {
    let named = "client_id\tpath\tsentence\nx\t9.wav\tສະບາຍດີ\n";
    let bare = "17\t9.wav\tမင်္ဂလာပါ\tx\t160000\n9\tសួស្តី\n";
    let list = "9 สวัสดี ครับ\n";
    [named, bare, list]
        .map(|text| text.as_bytes().to_vec())
        .into()
}

pub fn words_of_a_test_set(bytes: &[u8]) {
    static SOUND: OnceLock<tempfile::TempDir> = OnceLock::new();
    for name in ["test.tsv", "9.txt", "all.trans.txt"] {
        let folder = SOUND.get_or_init(|| tempfile::tempdir().unwrap());
        let own = folder
            .path()
            .join(format!("{:?}", std::thread::current().id()));
        fs::create_dir_all(&own).unwrap();
        fs::write(own.join("9.wav"), b"").unwrap();
        fs::write(own.join(name), bytes).unwrap();
        for lang in [None, Some(Lang::My)] {
            let _ = test_set(&own, lang);
        }
        fs::remove_file(own.join(name)).unwrap();
    }
}
