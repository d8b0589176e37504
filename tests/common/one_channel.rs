//! A practice interview as one microphone on the table would have heard it, and who speaks in it.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};

use mekong_interview::audio::make_working_copy;
use mekong_interview::domain::Cancel;
use serde_json::Value;

/// What is taken of the practice interview, in seconds.
const SECONDS: usize = 120;

fn practice(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("recordings/practice").join(name)
}

/// The beginning of a practice interview with both people on one channel.
pub fn one_channel(name: &str) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let sound = practice(name).join("audio.flac");
    let copy = make_working_copy(&sound, dir.path(), &mut |_, _| {}, &Cancel::new());
    let read = |file: &str| -> Vec<i16> {
        let reader = hound::WavReader::open(dir.path().join(file)).unwrap();
        let samples = reader.into_samples::<i16>();
        samples.take(SECONDS * 16_000).map(Result::unwrap).collect()
    };
    let channels: Vec<Vec<i16>> = copy.unwrap().files.iter().map(|f| read(f)).collect();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for (a, b) in channels[0].iter().zip(&channels[1]) {
        writer.write_sample(a.saturating_add(*b)).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

/// What was said in a practice interview.
pub fn script(name: &str) -> Value {
    let script = std::fs::read(practice(name).join("script.json")).unwrap();
    serde_json::from_slice(&script).unwrap()
}

/// Who speaks at `middle` of a line, in milliseconds, by the script.
pub fn by_script(script: &Value, middle: i64) -> String {
    let ms = |v: &Value, key: &str| v[key].as_i64().unwrap();
    let turns = script["segments"].as_array().unwrap();
    let away = |turn: &&Value| ((ms(turn, "start_ms") + ms(turn, "end_ms")) / 2 - middle).abs();
    let turn = turns.iter().min_by_key(away).unwrap();
    turn["speaker"].as_str().unwrap().to_owned()
}
