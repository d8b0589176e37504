//! Whisper as a Hugging Face folder: scores within 1e-4 of transformers' on a checkpoint with random
//! weights; and bad folders, each refused by name.
//!
//! The answers in `fixtures/whisper` come from `parity/make_whisper.py`. With `MEKONG_WHISPER` naming a
//! folder made with `--large`, that one is compared instead.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mekong_interview::domain::{Cancel, Lang, SamplePos, Span, Utterance};
use mekong_interview::speech::{
    Engine, Error, Recognizer, Trial, Whisper, WhisperOptions, check_model,
};
use serde::Deserialize;

const TOLERANCE: f32 = 1e-4;

#[derive(Deserialize)]
struct Expected {
    tokens: Vec<i32>,
    every: usize,
    likeliest: Vec<usize>,
    logits: Vec<Vec<f32>>,
}

fn fixture() -> PathBuf {
    std::env::var_os("MEKONG_WHISPER").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/whisper"),
        PathBuf::from,
    )
}

/// The fixture with a vocabulary, whose letters do not matter here.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["config.json", "model.safetensors"] {
        fs::copy(fixture().join(name), dir.path().join(name)).unwrap();
    }
    let vocabulary: BTreeMap<String, usize> = (0..50_257).map(|n| (format!("t{n}"), n)).collect();
    let vocabulary = serde_json::to_string(&vocabulary).unwrap();
    fs::write(dir.path().join("vocab.json"), vocabulary).unwrap();
    dir
}

fn sound() -> Vec<f32> {
    let reader = hound::WavReader::open(fixture().join("sound.wav")).unwrap();
    let samples = reader.into_samples::<i16>();
    samples.map(|s| f32::from(s.unwrap()) / 32_768.0).collect()
}

#[test]
fn scores_are_those_of_the_reference() {
    let text = fs::read_to_string(fixture().join("expected.json")).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    let folder = folder();
    let mut trial = Trial::load(folder.path(), Engine::NativeExact, 1).unwrap();
    let scores = trial
        .scores(&sound(), &expected.tokens, &Cancel::new())
        .unwrap();
    assert_eq!(scores.len(), expected.logits.len());
    let mut worst = 0f32;
    for (found, wanted) in scores.iter().zip(&expected.logits) {
        for (found, wanted) in found.iter().step_by(expected.every).zip(wanted) {
            worst = worst.max((found - wanted).abs());
        }
    }
    println!("scores within {worst:.1e} of transformers'");
    assert!(worst < TOLERANCE, "{worst}");
    let likeliest = scores.iter().map(|row| {
        let all = row.iter().enumerate();
        all.reduce(|a, b| if b.1 > a.1 { b } else { a }).unwrap().0
    });
    assert_eq!(likeliest.collect::<Vec<_>>(), expected.likeliest);
}

#[test]
fn a_folder_is_recognised_with_as_a_file_is() {
    let folder = folder();
    let mut whisper = Whisper::load(&WhisperOptions {
        model: folder.path().to_owned(),
        name: "folder".into(),
        engine: Engine::Native,
        threads: 1,
        max_utterance_ms: Some(15_000),
        fit_window: true,
        align: true,
        beam: 1,
        names: Vec::new(),
        prompt: false,
    })
    .unwrap();
    let pcm = sound();
    let utterance = Utterance {
        channel: 0,
        span: Span::new(SamplePos(0), SamplePos(pcm.len() as u64)),
        pcm,
    };
    let heard = whisper
        .recognize(&utterance, &[Lang::Lo, Lang::Km], &Cancel::new())
        .unwrap();
    assert!([Lang::Lo, Lang::Km].contains(&heard.lang));
    assert_eq!(heard.engine, "whisper folder (native)");
}

#[test]
fn folders_that_cannot_be_right_are_refused_by_name() {
    let change = |name: &str, from: &str, to: &str| {
        let dir = folder();
        let path = dir.path().join(name);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(&path, text.replace(from, to)).unwrap();
        dir
    };
    let refused = |dir: &tempfile::TempDir, file: &str, word: &str| {
        let error = match Trial::load(dir.path(), Engine::Native, 1) {
            Ok(_) => panic!("{word} was not noticed"),
            Err(error) => error,
        };
        let text = error.to_string();
        assert!(text.contains(file) && text.contains(word), "{text}");
        assert!(!error.help().is_empty());
    };
    let config = |from, to| change("config.json", from, to);
    let of = "\"vocab_size\": 51865";
    refused(
        &config(of, "\"vocab_size\": 51864"),
        "config.json",
        "English only",
    );
    refused(&config(of, "\"vocab_size\": 32000"), "config.json", "32000");
    refused(
        &config("\"d_model\": 16", "\"d_model\": 24"),
        "config.json",
        "four times",
    );
    refused(
        &config("\"model_type\": \"whisper\"", "\"model_type\": \"bart\""),
        "config.json",
        "bart",
    );
    refused(
        &config(
            "\"max_source_positions\": 200",
            "\"max_source_positions\": 1500",
        ),
        "model.safetensors",
        "embed_positions",
    );
    refused(
        &config("\"encoder_layers\": 2", "\"encoder_layers\": 3"),
        "model.safetensors",
        "missing",
    );
    refused(
        &change("vocab.json", "\"t777\":777,", ""),
        "vocab.json",
        "1 of",
    );
    refused(&change("vocab.json", "{", ""), "vocab.json", "not valid");

    let cut = folder();
    let path = cut.path().join("model.safetensors");
    let bytes = fs::read(&path).unwrap();
    for length in [0, 7, 100, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let error = check_model(cut.path()).unwrap_err();
        assert!(matches!(error, Error::ModelRefused { .. }), "{error}");
    }
    fs::remove_file(cut.path().join("config.json")).unwrap();
    assert!(matches!(
        check_model(cut.path()).unwrap_err(),
        Error::ModelRead { .. }
    ));
}
