//! Taking recordings in: what is kept when a resume fails, and a microphone written to two channels.

use std::fs;
use std::path::Path;

use super::*;
use crate::domain::{Cancel, InterviewId, Lang};
use crate::store::Store;

fn plan() -> IntakePlan {
    IntakePlan {
        id: InterviewId("20260101-000000-00000a".into()),
        case: None,
        languages: vec![Lang::Lo, Lang::Km],
        channels: Vec::new(),
        started: "2026-01-01T00:00:00Z".into(),
        original_name: "tape.wav".into(),
        max_utterance_ms: 7000.into(),
        again: false,
        speech_models: Vec::new(),
    }
}

/// A two-channel 16 kHz 16-bit WAV of half a second; the second channel is the first plus `shift`.
fn write_stereo(path: &Path, shift: i16) {
    let frames = 8000_u32;
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + frames * 4).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(64_000_u32.to_le_bytes());
    bytes.extend(b"\x04\0\x10\0data");
    bytes.extend((frames * 4).to_le_bytes());
    for n in 0..frames {
        let sample = i16::try_from(n % 90).unwrap();
        bytes.extend(sample.to_le_bytes());
        bytes.extend((sample + shift).to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}

fn channels_of(shift: i16) -> (Vec<String>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let tape = dir.path().join("tape.wav");
    write_stereo(&tape, shift);
    let mut store = Store::open_in_memory().unwrap();
    let cancel = Cancel::new();
    let intake = Intake {
        recordings: dir.path(),
        cancel: &cancel,
        watcher: &|_| {},
    };
    let received = intake_file(&intake, &mut store, &tape, &plan()).unwrap();
    let interview = store.interview(&received.id).unwrap();
    assert_eq!(
        interview.audio[0].channels, 2,
        "the original stays as it was"
    );
    let speakers = interview.channels.into_iter().map(|c| c.speaker).collect();
    (speakers, received.notes)
}

#[test]
fn one_microphone_on_two_channels_is_heard_once() {
    let (speakers, notes) = channels_of(0);
    assert_eq!(speakers, ["all"]);
    assert!(notes.iter().any(|n| n.contains("same sound")), "{notes:?}");
    let (speakers, notes) = channels_of(7);
    assert_eq!(speakers, ["officer", "interviewee"]);
    assert!(!notes.iter().any(|n| n.contains("same sound")), "{notes:?}");
}

#[test]
fn a_resume_that_fails_keeps_the_copy_and_says_why() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(".incoming-20260101-000000-00000a");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("original.wav"), b"no sound at all").unwrap();
    let copied = serde_json::json!({
        "plan": plan(), "file": "original.wav", "sha256": "0".repeat(64), "bytes": 15,
    });
    fs::write(folder.join("intake.json"), copied.to_string()).unwrap();
    let torn = dir.path().join(".incoming-torn");
    fs::create_dir(&torn).unwrap();
    fs::write(torn.join("intake.json"), b"{\"plan\":").unwrap();
    fs::write(torn.join("original.wav"), b"x").unwrap();

    let mut store = Store::open_in_memory().unwrap();
    let cancel = Cancel::new();
    let intake = Intake {
        recordings: dir.path(),
        cancel: &cancel,
        watcher: &|_| {},
    };
    assert_eq!(unfinished_intakes(dir.path()).len(), 2);
    let result = resume_intake(&intake, &mut store, &folder);
    assert!(matches!(result, Err(Error::Audio(_))), "{result:?}");
    let result = resume_intake(&intake, &mut store, &torn);
    assert!(matches!(result, Err(Error::Plan { .. })), "{result:?}");
    assert!(folder.join("original.wav").is_file() && torn.join("original.wav").is_file());
    assert!(store.list(None).unwrap().is_empty());
}
