//! An interview with sound in it that is always the same.

use std::fs;

use mekong_interview::domain::{AudioFile, Channel, InterviewId, Lang, SamplePos, Span};
use mekong_interview::store::{ImportedLine, NewAudio, NewInterview, Store, Working};

/// An interview with a minute of sound on two channels and three lines: at 0, 20 and 40 seconds, each of
/// three seconds.
pub fn with_sound() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let app = crate::window::open_app(dir.path());
    let id = InterviewId("20261123-0800-1".to_owned());
    let folder = app.workspace().recording(&id);
    fs::create_dir_all(&folder).unwrap();
    let mut working = Vec::new();
    for channel in [0u16, 1] {
        let file = format!("{channel}.wav");
        fs::write(folder.join(&file), minute(channel)).unwrap();
        let sha256 = None;
        working.push(Working {
            channel,
            file,
            sha256,
        });
    }
    let new = NewInterview {
        id,
        case: Some("K-17".to_owned()),
        asked: None,
        languages: vec![Lang::Km, Lang::Zh],
        started: "2026-11-23T08:00:00Z".to_owned(),
        duration_ms: 60_000,
        audio: vec![NewAudio {
            file: AudioFile {
                path: "original.wav".to_owned(),
                sha256: "0".repeat(64),
                sample_rate: 16_000,
                channels: 2,
                original_name: "original.wav".to_owned(),
            },
            bytes: 1,
        }],
        channels: [(0, "officer"), (1, "interviewee")]
            .map(|(index, speaker)| Channel {
                index,
                speaker: speaker.to_owned(),
                languages: vec![Lang::Km, Lang::Zh],
                speech_models: Default::default(),
            })
            .to_vec(),
        working,
        notes: Vec::new(),
    };
    let line = |at: u64| ImportedLine {
        speaker: "officer".to_owned(),
        span: Span::new(
            SamplePos::from_ms(at * 1_000),
            SamplePos::from_ms(at * 1_000 + 3_000),
        ),
        lang: Lang::Km,
        text: format!("ខ្ញុំជាប៉ូលិស។ {at}"),
        translations: Vec::new(),
        machine: true,
        flags: Vec::new(),
    };
    let mut store = Store::open(&app.workspace().store()).unwrap();
    let lines = [line(0), line(20), line(40)];
    store
        .create_from_transcript(&new, &lines, "t.json", None)
        .unwrap();
    dir
}

/// A minute of one channel: mono, 16 kHz, 16 bits; silence with a knock every second.
pub fn minute(channel: u16) -> Vec<u8> {
    let samples: u32 = 16_000 * 60;
    let mut wav = b"RIFF".to_vec();
    wav.extend_from_slice(&(samples * 2 + 36).to_le_bytes());
    wav.extend_from_slice(b"WAVEfmt ");
    wav.extend_from_slice(&[16, 0, 0, 0, 1, 0, 1, 0]);
    wav.extend_from_slice(&16_000u32.to_le_bytes());
    wav.extend_from_slice(&32_000u32.to_le_bytes());
    wav.extend_from_slice(&[2, 0, 16, 0]);
    wav.extend_from_slice(b"data");
    wav.extend_from_slice(&(samples * 2).to_le_bytes());
    for at in 0..samples {
        let loud = at % 16_000 < 200 * u32::from(channel + 1);
        wav.extend_from_slice(&if loud { 9_000i16 } else { 0 }.to_le_bytes());
    }
    wav
}
