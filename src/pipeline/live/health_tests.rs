//! Sessions in which a channel does badly: speech that gets no text beside a channel that gets some, and
//! loud sound in which nobody speaks; and a channel whose language has no model.

use std::fs;
use std::path::{Path, PathBuf};

use super::tests::{Bed, Mood, engines, engines_in, events};
use super::*;
use crate::audio::Decoder;
use crate::domain::{EventKind, Lang, Status};
use crate::store::Store;

/// Frames a second of the sounds that are made here.
const RATE: usize = 16_000;

/// The channel, text and help of every alarm whose text ends so.
fn alarms(seen: &[LiveEvent], ending: &str) -> Vec<(Option<u16>, String, &'static str)> {
    let alarm = |event: &LiveEvent| match event {
        LiveEvent::Alarm {
            channel,
            text,
            help,
            ..
        } if text.ends_with(ending) => Some((*channel, text.clone(), *help)),
        _ => None,
    };
    seen.iter().filter_map(alarm).collect()
}

/// So many seconds of somebody who speaks without end.
fn speech(seconds: usize) -> Vec<i16> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/speech.flac");
    let mut decoder = Decoder::open(&path).unwrap();
    let mut sound = Vec::new();
    while let Some(block) = decoder.next_block().unwrap() {
        sound.extend(block[0].iter().map(|s| (s * 32_767.0).round() as i16));
    }
    sound.iter().copied().cycle().take(seconds * RATE).collect()
}

/// So many seconds of a machine's hum, far louder than a quiet room.
fn hum(seconds: usize) -> Vec<i16> {
    let at = |n: usize| (n as f64 * 50.0 * std::f64::consts::TAU / RATE as f64).sin();
    (0..seconds * RATE)
        .map(|n| (at(n) * 2_000.0) as i16)
        .collect()
}

/// Writes channels of equal length as a WAV file.
fn wav(folder: &Path, channels: &[Vec<i16>]) -> PathBuf {
    let width = channels.len() as u32;
    let data = channels[0].len() as u32 * width * 2;
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data).to_le_bytes());
    bytes.extend(b"WAVEfmt ");
    for (value, long) in [
        (16, true),
        (1, false),
        (width, false),
        (RATE as u32, true),
        (RATE as u32 * width * 2, true),
        (width * 2, false),
        (16, false),
    ] {
        let value: u32 = value;
        bytes.extend(&value.to_le_bytes()[..if long { 4 } else { 2 }]);
    }
    bytes.extend(b"data");
    bytes.extend(data.to_le_bytes());
    for n in 0..channels[0].len() {
        bytes.extend(channels.iter().flat_map(|c| c[n].to_le_bytes()));
    }
    let path = folder.join("sound.wav");
    fs::write(&path, bytes).unwrap();
    path
}

/// Officer and interviewee, a channel each.
fn two(bed: &Bed, name: &str) -> SessionPlan {
    let channel = |index, speaker: &str, lang| Channel {
        index,
        speaker: speaker.into(),
        languages: vec![lang],
        speech_models: Default::default(),
    };
    SessionPlan {
        channels: vec![
            channel(0, "officer", Lang::Zh),
            channel(1, "interviewee", Lang::Vi),
        ],
        ..bed.plan(name)
    }
}

#[test]
fn speech_without_any_text_alarms_once_and_stands_in_the_record() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000008");
    let sound = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/practice/zh-vi/audio.flac");
    let deaf = |_: &Cancel| Ok(engines(true));
    let live = bed.begin_with(&sound, &plan, 20.0, Box::new(deaf)).unwrap();
    let seen = events(&live);
    live.finish().unwrap();
    assert_eq!(
        alarms(&seen, "s of speech and no text").len(),
        1,
        "{seen:?}"
    );
    let entries = Store::open(&bed.store()).unwrap().events(&plan.id).unwrap();
    let noted = |e: &&crate::domain::SessionEvent| e.label.ends_with("of speech and no text");
    let alarm = entries.iter().find(noted).unwrap();
    assert_eq!(alarm.kind, EventKind::Alarm);
    assert!(alarm.span.start.as_ms() >= 20_000, "{alarm:?}");
}

#[test]
fn a_channel_without_text_alarms_also_beside_one_that_gets_text() {
    let bed = Bed::new();
    let plan = two(&bed, "20261124-010000-000021");
    let dir = tempfile::tempdir().unwrap();
    let sound = wav(dir.path(), &[speech(80), speech(80)]);
    let half_deaf = |_: &Cancel| Ok(engines_in(Mood::FailsOn(1)));
    let live = bed
        .begin_with(&sound, &plan, 10.0, Box::new(half_deaf))
        .unwrap();
    let seen = events(&live);
    live.finish().unwrap();
    let found = alarms(&seen, "s of speech and no text");
    let [(channel, text, help)] = &found[..] else {
        panic!("{found:?}");
    };
    assert_eq!(*channel, Some(1));
    assert!(
        text.starts_with("channel 2: ") && !help.is_empty(),
        "{text}"
    );
    let entries = Store::open(&bed.store()).unwrap().events(&plan.id).unwrap();
    let of_one = |e: &&crate::domain::SessionEvent| {
        e.kind == EventKind::Alarm && e.channel == Some(1) && e.label == *text
    };
    assert_eq!(entries.iter().filter(of_one).count(), 1, "{entries:?}");
    // A line's words take the place of what was shown of its own channel, and say of which.
    for channel in [0, 1] {
        let committed = |e: &LiveEvent| matches!(e, LiveEvent::Committed { channel: c, until } if *c == channel && until.0 < u64::MAX);
        assert!(seen.iter().any(committed), "channel {channel}");
    }
}

#[test]
fn loud_sound_in_which_nobody_speaks_alarms_on_its_channel_and_speech_does_not() {
    let bed = Bed::new();
    let plan = two(&bed, "20261124-010000-000022");
    let dir = tempfile::tempdir().unwrap();
    let sound = wav(dir.path(), &[speech(80), hum(80)]);
    let live = bed
        .begin_with(
            &sound,
            &plan,
            20.0,
            Box::new(|_: &Cancel| Ok(engines(false))),
        )
        .unwrap();
    let seen = events(&live);
    live.finish().unwrap();
    let found = alarms(&seen, "in which no speech was found");
    let [(Some(1), text, help)] = &found[..] else {
        panic!("{found:?}");
    };
    assert!(
        text.starts_with("channel 2: ") && !help.is_empty(),
        "{text}"
    );
}

#[test]
fn a_language_without_a_model_does_not_keep_the_text_of_the_other_back() {
    let bed = Bed::new();
    let plan = two(&bed, "20261124-010000-000023");
    let dir = tempfile::tempdir().unwrap();
    let sound = wav(dir.path(), &[speech(20), speech(20)]);
    let one_ear = |_: &Cancel| {
        let mut engines = engines(false);
        engines.speech[0].languages.retain(|l| *l == Lang::Zh);
        Ok(engines)
    };
    let live = bed
        .begin_with(&sound, &plan, 10.0, Box::new(one_ear))
        .unwrap();
    let seen = events(&live);
    live.finish().unwrap();
    assert_eq!(alarms(&seen, "recognises Vietnamese").len(), 1, "{seen:?}");
    let lines = bed.lines(&plan.id);
    for (channel, status) in [(0, Status::Machine), (1, Status::Pending)] {
        let mut own = lines.iter().filter(|l| l.channel == channel).peekable();
        assert!(own.peek().is_some(), "channel {channel} has no line");
        assert!(own.all(|l| l.status == status), "channel {channel}");
    }
}
