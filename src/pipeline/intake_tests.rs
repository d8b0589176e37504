//! Taking recordings in: what is kept when a resume fails, and a microphone written to two channels.

use std::fs;
use std::path::Path;

use super::*;
use crate::audio;
use crate::domain::{Cancel, Flag, FlagKind, InterviewId, Lang, SamplePos, Span};
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
        asked: None,
    }
}

/// A two-channel 16 kHz 16-bit WAV.
fn write_stereo(path: &Path, sound: &[[i16; 2]]) {
    let frames = u32::try_from(sound.len()).unwrap();
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + frames * 4).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(64_000_u32.to_le_bytes());
    bytes.extend(b"\x04\0\x10\0data");
    bytes.extend((frames * 4).to_le_bytes());
    bytes.extend(
        sound
            .iter()
            .flatten()
            .flat_map(|sample| sample.to_le_bytes()),
    );
    fs::write(path, bytes).unwrap();
}

/// Of half a second whose second channel is the first plus `shift`.
fn channels_of(shift: i16) -> (Vec<String>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let tape = dir.path().join("tape.wav");
    let sound: Vec<[i16; 2]> = (0..8000).map(|n| [n % 90, n % 90 + shift]).collect();
    write_stereo(&tape, &sound);
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

#[test]
fn a_voice_that_the_other_microphone_heard_louder_is_marked_on_the_quiet_channel_alone() {
    let dir = tempfile::tempdir().unwrap();
    let sound = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/practice/zh-vi/audio.flac");
    let cancel = Cancel::new();
    let copy = audio::make_working_copy(&sound, dir.path(), &mut |_, _| {}, &cancel).unwrap();
    let span = Span::new(SamplePos(0), SamplePos(25 * 16_000));
    let near = audio::read_span(&dir.path().join(&copy.files[0]), span).unwrap();
    let tape = dir.path().join("tape.wav");
    let both = near.iter().enumerate().map(|(at, sample)| {
        // Half a millisecond later and 14 decibels quieter, in a room that hisses.
        let late = at.checked_sub(8).map_or(0.0, |at| near[at]);
        let hiss = ((at * 7919) % 101) as f32 / 101.0 - 0.5;
        [*sample, 0.2 * late + 0.000_5 * hiss].map(|value| (value * 32_000.0) as i16)
    });
    write_stereo(&tape, &both.collect::<Vec<_>>());
    let mut store = Store::open_in_memory().unwrap();
    let recordings = dir.path().join("recordings");
    fs::create_dir(&recordings).unwrap();
    let intake = Intake {
        recordings: &recordings,
        cancel: &cancel,
        watcher: &|_| {},
    };
    let plan = IntakePlan {
        languages: vec![Lang::Zh, Lang::Vi],
        asked: None,
        ..plan()
    };
    let received = intake_file(&intake, &mut store, &tape, &plan).unwrap();
    let lines = store.segments(&received.id).unwrap();
    let marked = |channel: u16| -> Vec<bool> {
        let own = lines.iter().filter(|line| line.channel == channel);
        let beside = |flag: &Flag| flag.kind == FlagKind::OtherChannel;
        own.map(|line| line.flags.iter().any(beside)).collect()
    };
    assert!(marked(0).len() >= 2, "{lines:?}");
    assert!(marked(0).iter().all(|marked| !marked), "{lines:?}");
    assert!(!marked(1).is_empty(), "{lines:?}");
    assert!(marked(1).iter().all(|marked| *marked), "{lines:?}");
}
