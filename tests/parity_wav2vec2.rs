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
use mekong_interview::speech::{Ctc, CtcNumbers, CtcOptions, Error, Recognizer};
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
        numbers: CtcNumbers::Stored,
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
            numbers: CtcNumbers::Eight,
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
        let frames = (long.len() - 400) / 320 + 1;
        assert_eq!([whole.len(), joined.len()], [frames * tokens; 2], "{shape}");
        // Each frame at its own place: the one behind it fits far worse.
        let off = |later: usize| -> f32 {
            let pairs = whole.iter().zip(&joined[later * tokens..]);
            pairs.map(|(a, b)| (a - b) * (a - b)).sum()
        };
        assert!(off(0) * 2.0 < off(1), "{shape}: {} {}", off(0), off(1));
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
    let dir = copied("layer");
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
    let dir = copied("layer");
    let [ours, pytorchs] =
        ["model.safetensors", "pytorch_model.bin"].map(|name| dir.path().join(name));
    fs::rename(ours, pytorchs).unwrap();
    let e = Ctc::load(&options(dir.path())).err().unwrap();
    assert!(told(&e).contains("pytorch_model.bin"), "{e}");
    assert!(e.help().contains("models/README.md"), "{}", e.help());
    let missing = Ctc::load(&options(Path::new("/nonexistent")))
        .err()
        .unwrap();
    assert!(matches!(missing, Error::ModelRead { .. }));
}

/// Writes a safetensors file again with its numbers changed, as f32 or as f16.
fn rewritten(from: &Path, to: &Path, halves: bool, change: impl Fn(&str, f32) -> f32) {
    let bytes = fs::read(from).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: BTreeMap<String, serde_json::Value> =
        serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let (mut out, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, entry) in header {
        if name == "__metadata__" {
            continue;
        }
        assert_eq!(entry["dtype"], "F32", "{name}");
        let offset = |n: usize| 8 + length + entry["data_offsets"][n].as_u64().unwrap() as usize;
        let begun = data.len();
        for quad in bytes[offset(0)..offset(1)].chunks_exact(4) {
            let value = change(&name, f32::from_le_bytes(quad.try_into().unwrap()));
            match halves {
                true => data.extend(half::f16::from_f32(value).to_le_bytes()),
                false => data.extend(value.to_le_bytes()),
            }
        }
        let told = serde_json::json!({
            "dtype": if halves { "F16" } else { "F32" },
            "shape": entry["shape"],
            "data_offsets": [begun, data.len()],
        });
        out.insert(name, told);
    }
    let mut head = serde_json::to_vec(&out).unwrap();
    head.resize(head.len().next_multiple_of(8), b' ');
    let mut file = (head.len() as u64).to_le_bytes().to_vec();
    file.extend(head);
    file.extend(data);
    fs::write(to, file).unwrap();
}

/// A copy of a fixture.
fn copied(shape: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixtures().join(shape)).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, dir.path().join(path.file_name().unwrap())).unwrap();
    }
    dir
}

/// How far two lists of numbers are apart, as a share of the first one's size.
fn apart(wanted: &[f32], found: &[f32]) -> f32 {
    assert_eq!(wanted.len(), found.len());
    let square = |sum: f32, x: f32| sum + x * x;
    let errors = wanted.iter().zip(found).map(|(a, b)| a - b);
    let size = wanted.iter().copied().fold(0.0, square);
    (errors.fold(0.0, square) / size).sqrt()
}

#[test]
fn sixteen_bits_stay_sixteen_bits_in_half_of_the_memory() {
    let cancel = Cancel::new();
    for shape in ["group", "layer"] {
        let (dir, wide) = (copied(shape), copied(shape));
        let source = fixtures().join(shape).join("model.safetensors");
        let rounded = |x: f32| half::f16::from_f32(x).to_f32();
        rewritten(
            &source,
            &dir.path().join("model.safetensors"),
            true,
            |_, x| x,
        );
        // The same numbers in four bytes each.
        rewritten(
            &source,
            &wide.path().join("model.safetensors"),
            false,
            |_, x| rounded(x),
        );
        let load = |folder: &Path, numbers| {
            let options = CtcOptions {
                numbers,
                ..options(folder)
            };
            Ctc::load(&options).unwrap()
        };
        let heard = |mut ctc: Ctc| {
            let bytes = ctc.weight_bytes() as f32;
            (ctc.logits(&sound(), Lang::Lo, &cancel).unwrap().0, bytes)
        };
        let (wanted, full) = heard(load(wide.path(), CtcNumbers::Stored));
        let (stored, kept) = heard(load(dir.path(), CtcNumbers::Stored));
        let (sixteen, half) = heard(load(dir.path(), CtcNumbers::Sixteen));
        let (made, _) = heard(load(&fixtures().join(shape), CtcNumbers::Sixteen));
        let (original, _) = heard(load(&fixtures().join(shape), CtcNumbers::Stored));
        let (eight, quarter) = heard(load(dir.path(), CtcNumbers::Eight));
        let worst = wanted.iter().zip(&stored).map(|(a, b)| (a - b).abs());
        let worst = worst.fold(0.0, f32::max);
        println!(
            "{shape}: f16 as stored off by {worst:.1e}, in 16 bits by {:.2} %, 16 bits of f32 by {:.2} %, \
             8 bits by {:.2} %; memory {:.2}, {:.2}, {:.2} of f32's",
            100.0 * apart(&wanted, &sixteen),
            100.0 * apart(&original, &made),
            100.0 * apart(&wanted, &eight),
            kept / full,
            half / full,
            quarter / full,
        );
        assert!(worst < TOLERANCE, "{shape}: {worst}");
        // Attention's memory is in 16 bits too then.
        for (wanted, found) in [(&wanted, &sixteen), (&original, &made)] {
            assert!(apart(wanted, found) < 0.01, "{shape}");
        }
        assert!(apart(&wanted, &sixteen) < apart(&wanted, &eight), "{shape}");
        // What is made of a direction and a length stays in f32 as stored.
        assert!(
            kept < 0.7 * full && half < 0.51 * full && quarter < half,
            "{shape}"
        );
    }
    // A number that 16 bits cannot hold is told, not made infinite.
    let (dir, source) = (copied("layer"), fixtures().join("layer/model.safetensors"));
    rewritten(
        &source,
        &dir.path().join("model.safetensors"),
        false,
        |name, x| {
            if name.ends_with("lm_head.weight") {
                1e6
            } else {
                x
            }
        },
    );
    let refused = Ctc::load(&CtcOptions {
        numbers: CtcNumbers::Sixteen,
        ..options(dir.path())
    });
    let told = refused.err().unwrap().to_string();
    assert!(
        told.contains("lm_head.weight") && told.contains("16 bits"),
        "{told}"
    );
}

/// A model of two languages as MMS keeps them: Lao's small layers and letters, and other ones for Khmer.
fn two_languages() -> (tempfile::TempDir, BTreeMap<String, usize>) {
    let dir = copied("adapter");
    let own = |code: &str| dir.path().join(format!("adapter.{code}.safetensors"));
    rewritten(&own("lao"), &own("khm"), false, |name, x| {
        if name.starts_with("lm_head") {
            -x
        } else {
            0.5 * x
        }
    });
    let path = dir.path().join("vocab.json");
    let mut all: BTreeMap<String, BTreeMap<String, usize>> =
        serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let rows = all["lao"].len();
    // The same letters in other rows.
    let turned = |row: usize| if row < 5 { row } else { rows + 4 - row };
    let khmer = all["lao"].iter().map(|(t, row)| (t.clone(), turned(*row)));
    let khmer: BTreeMap<String, usize> = khmer.collect();
    all.insert("khm".into(), khmer.clone());
    fs::write(&path, serde_json::to_vec(&all).unwrap()).unwrap();
    (dir, khmer)
}

#[test]
fn each_language_of_a_model_with_adapters_has_its_own_and_its_letters() {
    let (dir, khmer) = two_languages();
    let cancel = Cancel::new();
    let both = CtcOptions {
        languages: vec![Lang::Lo, Lang::Km],
        ..options(dir.path())
    };
    let mut ctc = Ctc::load(&both).unwrap();
    let mut others = ctc.divide(2, u64::MAX);
    let said = utterance(sound(), 0);
    let mut hear = |lang| ctc.recognize(&said, &[lang], &cancel).unwrap();
    let first = hear(Lang::Lo);
    let second = hear(Lang::Km);
    // There and back, and there again: nothing of the other language stays.
    assert_eq!(hear(Lang::Lo), first);
    assert_eq!(hear(Lang::Km), second);
    assert_ne!(first.text, second.text);
    assert_eq!((first.lang, second.lang), (Lang::Lo, Lang::Km));
    for (lang, line) in [(Lang::Lo, &first), (Lang::Km, &second)] {
        let alone = CtcOptions {
            languages: vec![lang],
            ..options(dir.path())
        };
        let mut alone = Ctc::load(&alone).unwrap();
        assert_eq!(&alone.recognize(&said, &[lang], &cancel).unwrap(), line);
        let beside = &mut others[0];
        assert_eq!(&beside.recognize(&said, &[lang], &cancel).unwrap(), line);
    }
    // The letters are those of the language's own list.
    let (logits, tokens) = ctc.logits(&sound(), Lang::Km, &cancel).unwrap();
    let mut text = String::new();
    let mut last = 0;
    for row in logits.chunks_exact(tokens) {
        let best = (0..tokens).reduce(|a, b| if row[b] > row[a] { b } else { a });
        let best = best.unwrap();
        if best != last && best > 4 {
            let own = khmer.iter().find(|(_, row)| **row == best);
            text.push_str(own.unwrap().0);
        }
        last = best;
    }
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    assert_eq!(letters(&second.text), letters(&text));
    // Of both languages one of the two texts stands.
    let either = ctc
        .recognize(&said, &[Lang::Km, Lang::Lo], &cancel)
        .unwrap();
    let texts = [(Lang::Lo, &first.text), (Lang::Km, &second.text)];
    assert!(texts.contains(&(either.lang, &either.text)));
}

#[test]
fn a_language_without_its_adapter_is_refused_and_not_written_in_anothers_letters() {
    let (dir, _) = two_languages();
    fs::remove_file(dir.path().join("adapter.khm.safetensors")).unwrap();
    let load = |languages: &[Lang]| {
        Ctc::load(&CtcOptions {
            languages: languages.to_vec(),
            ..options(dir.path())
        })
    };
    let told = |languages: &[Lang]| load(languages).err().unwrap().to_string();
    assert!(load(&[Lang::Lo]).is_ok());
    // The model's own file may be that of one language.
    assert!(load(&[Lang::Lo, Lang::Km]).is_ok());
    let refused = told(&[Lang::Lo, Lang::Km, Lang::My]);
    assert!(refused.contains("adapter.khm.safetensors"), "{refused}");
    let settings = dir.path().join("tokenizer_config.json");
    fs::write(&settings, r#"{"target_lang": "eng"}"#).unwrap();
    assert!(told(&[Lang::Km]).contains("adapter.khm.safetensors"));
    fs::write(&settings, r#"{"target_lang": "khm"}"#).unwrap();
    assert!(load(&[Lang::Lo, Lang::Km]).is_ok());
}
