//! The CTC engine against transformers: logits within 1e-3 and the same greedy text, on checkpoints that
//! differ in all that published ones differ in; and bad checkpoints, each refused by name.
//!
//! The answers in `fixtures/wav2vec2` come from `parity/make_wav2vec2.py`, which says how they were made.
//! With `MEKONG_WAV2VEC2` naming a folder made with `--large`, that one is compared instead.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mekong_interview::domain::{Cancel, Lang, SamplePos, Span, Utterance};
use mekong_interview::speech::{Ctc, CtcOptions, Error, Recognizer};
use serde::Deserialize;

const TOLERANCE: f32 = 1e-3;

#[derive(Deserialize)]
struct Expected {
    frames: usize,
    greedy: Vec<usize>,
    text: String,
    logits: BTreeMap<usize, Vec<f32>>,
}

fn fixtures() -> PathBuf {
    std::env::var_os("MEKONG_WAV2VEC2").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wav2vec2"),
        PathBuf::from,
    )
}

fn sound() -> Vec<f32> {
    let reader = hound::WavReader::open(fixtures().join("sound.wav")).unwrap();
    let samples = reader.into_samples::<i16>();
    samples.map(|s| f32::from(s.unwrap()) / 32_768.0).collect()
}

fn options(folder: &Path) -> CtcOptions {
    CtcOptions {
        folder: folder.to_owned(),
        name: "fixture".into(),
        languages: vec![Lang::Lo],
        max_utterance_ms: 30_000,
        exact: true,
        names: Vec::new(),
    }
}

fn utterance(pcm: Vec<f32>, start_ms: u64) -> Utterance {
    let start = SamplePos::from_ms(start_ms);
    let end = SamplePos(start.0 + pcm.len() as u64);
    Utterance {
        channel: 0,
        span: Span::new(start, end),
        pcm,
    }
}

#[test]
fn logits_and_text_are_those_of_the_reference() {
    for shape in ["group", "layer", "adapter"] {
        let folder = fixtures().join(shape);
        let text = fs::read_to_string(folder.join("expected.json")).unwrap();
        let expected: Expected = serde_json::from_str(&text).unwrap();
        let mut ctc = Ctc::load(&options(&folder)).unwrap();
        let begun = Instant::now();
        let (logits, tokens) = ctc.logits(&sound(), Lang::Lo, &Cancel::new()).unwrap();
        let took = begun.elapsed();
        assert_eq!(logits.len() / tokens, expected.frames, "{shape}");
        let rows: Vec<&[f32]> = logits.chunks_exact(tokens).collect();
        let mut worst = 0f32;
        for (frame, wanted) in &expected.logits {
            for (found, wanted) in rows[*frame].iter().zip(wanted) {
                worst = worst.max((found - wanted).abs());
            }
        }
        println!(
            "{shape}: {} frames, logits within {worst:.1e}, {took:.2?}",
            rows.len()
        );
        assert!(worst < TOLERANCE, "{shape}: {worst}");
        let best = |row: &&[f32]| {
            let all = row.iter().enumerate();
            all.reduce(|a, b| if b.1 > a.1 { b } else { a }).unwrap().0
        };
        let greedy: Vec<usize> = rows.iter().map(best).collect();
        assert_eq!(greedy, expected.greedy, "{shape}");

        let heard = ctc
            .recognize(&utterance(sound(), 5000), &[Lang::Lo], &Cancel::new())
            .unwrap();
        let letters = |text: &str| text.split_whitespace().collect::<String>();
        assert_eq!(letters(&heard.text), letters(&expected.text), "{shape}");
        assert_eq!(heard.lang, Lang::Lo);
        assert!(heard.confidence > 0.0 && heard.confidence <= 1.0);
        assert!(!heard.words.is_empty());
        for word in &heard.words {
            assert!(
                5000 <= word.start_ms && word.start_ms <= word.end_ms,
                "{word:?}"
            );
        }
    }
}

#[test]
fn eight_bits_stay_near_and_pieces_fit_together() {
    for shape in ["group", "layer", "adapter"] {
        let folder = fixtures().join(shape);
        let mut exact = Ctc::load(&options(&folder)).unwrap();
        let mut quick = Ctc::load(&CtcOptions {
            exact: false,
            ..options(&folder)
        })
        .unwrap();
        let cancel = Cancel::new();
        let (wanted, tokens) = exact.logits(&sound(), Lang::Lo, &cancel).unwrap();
        let (found, _) = quick.logits(&sound(), Lang::Lo, &cancel).unwrap();
        let spread = wanted.iter().map(|x| x * x).sum::<f32>() / wanted.len() as f32;
        let error = wanted
            .iter()
            .zip(&found)
            .map(|(a, b)| (a - b) * (a - b))
            .sum::<f32>();
        let share = (error / found.len() as f32 / spread).sqrt();
        println!(
            "{shape}: 8 bits are off by {:.1} % of the logits' spread",
            share * 100.0
        );
        assert!(share < 0.15, "{shape}: {share}");

        // Long sound is heard in pieces; every frame of the whole has its place.
        let long: Vec<f32> = sound().repeat(4);
        let mut pieces = Ctc::load(&CtcOptions {
            max_utterance_ms: 2500,
            ..options(&folder)
        })
        .unwrap();
        let whole = exact.logits(&long, Lang::Lo, &cancel).unwrap().0;
        let joined = pieces.logits(&long, Lang::Lo, &cancel).unwrap().0;
        assert_eq!(whole.len(), joined.len(), "{shape}");
        assert_eq!(
            joined.len() / tokens,
            (long.len() - 400) / 320 + 1,
            "{shape}"
        );
    }
}

#[test]
fn recognisers_that_share_weights_agree_and_a_cancel_stops_them() {
    let folder = fixtures().join("layer");
    let mut first = Ctc::load(&options(&folder)).unwrap();
    let mut others = first.divide(3, u64::MAX);
    assert_eq!(others.len(), 2);
    let cancel = Cancel::new();
    let one = first
        .recognize(&utterance(sound(), 0), &[Lang::Lo], &cancel)
        .unwrap();
    for other in &mut others {
        let two = other
            .recognize(&utterance(sound(), 0), &[Lang::Lo], &cancel)
            .unwrap();
        assert_eq!(one, two);
    }
    assert!(first.divide(4, 0).is_empty());
    cancel.cancel();
    let stopped = first.recognize(&utterance(sound(), 0), &[Lang::Lo], &cancel);
    assert!(matches!(stopped, Err(Error::Cancelled)));
}

#[test]
fn sound_that_is_none_or_very_short_comes_back_sane() {
    let mut ctc = Ctc::load(&options(&fixtures().join("group"))).unwrap();
    for pcm in [
        Vec::new(),
        vec![0.0; 16_000],
        vec![0.25; 16_000],
        vec![f32::NAN; 16_000],
        vec![1e-3, -1e-3],
        vec![f32::INFINITY; 800],
        sound()[..800].to_vec(),
    ] {
        let heard = ctc
            .recognize(&utterance(pcm, 0), &[Lang::Lo], &Cancel::new())
            .unwrap();
        assert!(heard.confidence.is_finite());
    }
    let none = ctc.recognize(&utterance(sound(), 0), &[Lang::Th], &Cancel::new());
    assert!(matches!(none, Err(Error::NoLanguage)));
    let none = ctc.recognize(&utterance(sound(), 0), &[], &Cancel::new());
    assert!(matches!(none, Err(Error::NoLanguage)));
}

/// A copy of a fixture with one file changed.
fn changed(file: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> (tempfile::TempDir, Error) {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixtures().join("layer")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    let path = dir.path().join(file);
    let bytes = change(fs::read(&path).unwrap());
    fs::write(&path, bytes).unwrap();
    let error = Ctc::load(&options(dir.path())).err().unwrap();
    (dir, error)
}

#[test]
fn a_bad_checkpoint_is_refused_by_name_and_never_a_crash() {
    let replace = |from: &'static str, to: &'static str| {
        move |bytes: Vec<u8>| {
            let text = String::from_utf8(bytes).unwrap();
            assert!(text.contains(from), "{from}");
            text.replace(from, to).into_bytes()
        }
    };
    let told = |error: &Error| format!("{error} {}", error.help());
    let cut = |bytes: Vec<u8>| bytes[..bytes.len() / 2].to_vec();
    let (_dir, e) = changed("model.safetensors", cut);
    assert!(told(&e).contains("model.safetensors"), "{e}");
    let (_dir, e) = changed("model.safetensors", |mut bytes| {
        bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
        bytes
    });
    assert!(told(&e).contains("model.safetensors"), "{e}");
    let (_dir, e) = changed("model.safetensors", |mut bytes| {
        let middle = bytes.len() / 8 * 4;
        bytes[middle..middle + 4].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    });
    assert!(told(&e).contains("NaN"), "{e}");
    let (_dir, e) = changed("config.json", replace("\"wav2vec2\"", "\"hubert\""));
    assert!(told(&e).contains("hubert"), "{e}");
    let (_dir, e) = changed(
        "config.json",
        replace("\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4"),
    );
    assert!(told(&e).contains("layers.3."), "{e}");
    let (_dir, e) = changed(
        "config.json",
        replace("\"intermediate_size\": 96", "\"intermediate_size\": 64"),
    );
    assert!(told(&e).contains("intermediate_dense"), "{e}");
    let (_dir, e) = changed("vocab.json", replace("\"|\": 4", "\"|\": 400"));
    assert!(told(&e).contains("vocab.json"), "{e}");
    let (_dir, e) = changed("config.json", |_| b"{".to_vec());
    assert!(told(&e).contains("config.json"), "{e}");
    let missing = Ctc::load(&options(Path::new("/nonexistent")))
        .err()
        .unwrap();
    assert!(matches!(missing, Error::ModelRead { .. }));
}
