//! Smaller copies of a checkpoint: a trimmed one writes the same words with the same probabilities,
//! one in 8 or 6 bits stays near the original. `scripts/proof bits` prints how near.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mekong_interview::domain::{Cancel, Lang, LangPair};
use mekong_interview::text::{self, Chrf};
use mekong_interview::translate::{
    Bits, DecodeOptions, M2m100, ShrinkOptions, Shrunk, Translator, shrink,
};
use tempfile::TempDir;

/// The same sentence in each of the six languages, with a number, a name and a sign.
const TEXTS: [(Lang, &str); 6] = [
    (Lang::Zh, "你叫什么名字？我7点来。"),
    (Lang::Vi, "Anh tên là gì? Hôm nay tôi không đi."),
    (Lang::Th, "คุณชื่ออะไร วันนี้ฉันไม่ไป"),
    (Lang::My, "နာမည် ဘယ်လို ခေါ်သလဲ။"),
    (Lang::Lo, "ເຈົ້າຊື່ຫຍັງ ມື້ນີ້ຂ້ອຍບໍ່ໄປ"),
    (Lang::Km, "តើអ្នកឈ្មោះអ្វី? ថ្ងៃនេះខ្ញុំមិនទៅទេ។"),
];

fn checkpoints() -> Vec<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let fixtures =
        ["small-a", "small-b", "small-c"].map(|n| root.join("tests/fixtures/m2m100").join(n));
    fixtures
        .into_iter()
        .chain([root.join("models/practice/mt")])
        .collect()
}

fn copy(of: &Path, trim: bool, bits: Option<Bits>) -> (TempDir, M2m100, Shrunk) {
    let dir = tempfile::tempdir().unwrap();
    let mut told = (0, 0);
    let options = ShrinkOptions { trim, bits };
    let shrunk = shrink(
        of,
        dir.path(),
        options,
        None,
        &mut |done, total| told = (done, total),
        &Cancel::new(),
    )
    .unwrap();
    assert!(told.0 == told.1 && told.1 > 0, "{told:?}");
    let model = M2m100::load(dir.path(), "copy", None).unwrap();
    (dir, model, shrunk)
}

fn pairs() -> impl Iterator<Item = (LangPair, &'static str)> {
    TEXTS.into_iter().flat_map(|(from, text)| {
        let others = Lang::SIX.into_iter().filter(move |to| *to != from);
        others.map(move |to| (LangPair::new(from, to), text))
    })
}

#[test]
fn a_trimmed_copy_writes_the_same() {
    for dir in checkpoints() {
        let mut whole = M2m100::load(&dir, "whole", None).unwrap();
        let (_kept, mut trimmed, _) = copy(&dir, true, None);
        let cancel = Cancel::new();
        for beam in [1, 4] {
            let options = DecodeOptions {
                beam,
                max_tokens: 24,
                ..DecodeOptions::default()
            };
            for (pair, text) in pairs() {
                let a = whole.translate(text, pair, &options, &cancel).unwrap();
                let b = trimmed.translate(text, pair, &options, &cancel).unwrap();
                assert_eq!(a.text, b.text, "{pair} {}", dir.display());
                assert_eq!(a.token_ids.len(), b.token_ids.len());
                assert!((a.log_prob - b.log_prob).abs() < 1e-4, "{pair}");
            }
        }
    }
}

/// The numbers of all tokens of a folder without tokenizer.json, the seven languages included.
fn numbers(dir: &Path, model: &M2m100) -> BTreeMap<String, u32> {
    let numbers = std::fs::read(dir.join("vocab.json")).unwrap();
    let mut numbers: BTreeMap<String, u32> = serde_json::from_slice(&numbers).unwrap();
    for lang in Lang::SIX.into_iter().chain([Lang::En]) {
        let name = format!("__{lang}__");
        numbers.insert(name, model.language_token(lang).unwrap());
    }
    numbers
}

#[test]
fn a_copy_of_a_folder_without_tokenizer_json_reads_the_same_and_thinks_the_same() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let dir = root.join("tests/fixtures/m2m100/sentencepiece");
    let whole = M2m100::load(&dir, "whole", None).unwrap();
    let old = numbers(&dir, &whole);
    let cancel = Cancel::new();
    for trim in [true, false] {
        let (kept, small, shrunk) = copy(&dir, trim, None);
        assert!(!kept.path().join("tokenizer.json").exists());
        let new = numbers(kept.path(), &small);
        assert_eq!(shrunk.rows == shrunk.rows_before, !trim);
        if trim {
            // The pieces, without the texts of other languages and their tokens.
            assert_eq!(new.len(), shrunk.rows);
            assert!(!new.contains_key("__af__") && new.contains_key("🙂"));
        }
        let of_new: BTreeMap<u32, &String> = new.iter().map(|(name, id)| (*id, name)).collect();
        for (pair, text) in pairs() {
            let (a, _) = whole.source_ids(text, pair.from).unwrap().unwrap();
            let (b, _) = small.source_ids(text, pair.from).unwrap().unwrap();
            let renumbered: Vec<u32> = b.iter().map(|id| old[of_new[id]]).collect();
            assert_eq!(a, renumbered, "{text}");
            let to = |model: &M2m100| vec![2, model.language_token(pair.to).unwrap(), 3];
            let a = whole.logits(&a, &to(&whole), &cancel).unwrap();
            let b = small.logits(&b, &to(&small), &cancel).unwrap();
            for (a, b) in a.iter().zip(&b) {
                for (name, id) in &new {
                    // The original's vocab.json does not name the other languages.
                    let Some(before) = old.get(name) else {
                        assert!(!trim && name.starts_with("__"), "{name}");
                        continue;
                    };
                    let apart = a[*before as usize] - b[*id as usize];
                    assert!(apart.abs() < 1e-4, "{pair} {name} {apart}");
                }
            }
        }
    }
}

/// How far the logits of a copy are from the original's, as a share of their size, and how many of the
/// original's tokens the copy would have written too.
fn apart(whole: &mut M2m100, small: &mut M2m100) -> (f64, f64) {
    let cancel = Cancel::new();
    let options = DecodeOptions {
        beam: 1,
        max_tokens: 24,
        ..DecodeOptions::default()
    };
    let (mut wrong, mut size, mut equal, mut tokens) = (0f64, 0f64, 0, 0);
    for (pair, text) in pairs() {
        let wanted = whole.translate(text, pair, &options, &cancel).unwrap();
        let (source, _) = whole.source_ids(text, pair.from).unwrap().unwrap();
        let mut target = vec![2, whole.language_token(pair.to).unwrap()];
        target.extend(&wanted.token_ids);
        let a = whole.logits(&source, &target, &cancel).unwrap();
        let b = small.logits(&source, &target, &cancel).unwrap();
        for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
            wrong += f64::from(a - b).powi(2);
            size += f64::from(*a).powi(2);
        }
        let best = |row: &Vec<f32>| (0..row.len()).max_by(|i, j| row[*i].total_cmp(&row[*j]));
        equal += a.iter().zip(&b).filter(|(a, b)| best(a) == best(b)).count();
        tokens += a.len();
        let free = small.translate(text, pair, &options, &cancel).unwrap();
        assert!(free.log_prob.is_finite());
    }
    ((wrong / size).sqrt(), equal as f64 / tokens as f64)
}

#[test]
fn eight_bits_stay_near_the_original() {
    for dir in checkpoints() {
        let mut whole = M2m100::load(&dir, "whole", None).unwrap();
        let (_kept, mut small, shrunk) = copy(&dir, false, Some(Bits::Eight));
        assert_eq!(shrunk.wider, 0);
        let (error, agreement) = apart(&mut whole, &mut small);
        println!(
            "{}: logits {error:.4} off in 8 bits, {:.1} % of tokens agree",
            dir.display(),
            agreement * 100.0
        );
        assert!(
            error < 0.03 && agreement > 0.95,
            "{} {error} {agreement}",
            dir.display()
        );
    }
}

#[test]
fn six_bits_stay_near_and_rows_that_do_not_fit_stay_in_eight() {
    let all = checkpoints();
    let (practice, fixtures) = all.split_last().unwrap();
    let mut whole = M2m100::load(practice, "whole", None).unwrap();
    let (kept, mut small, shrunk) = copy(practice, false, Some(Bits::Six));
    assert_eq!(shrunk.wider, 0);
    let (error, agreement) = apart(&mut whole, &mut small);
    println!(
        "practice: logits {error:.4} off in 6 bits, {:.1} % of tokens agree",
        agreement * 100.0
    );
    assert!(
        error > 0.0 && error < 0.08 && agreement > 0.9,
        "{error} {agreement}"
    );
    let bytes = |dir: &Path| {
        std::fs::metadata(dir.join("model.safetensors"))
            .unwrap()
            .len()
    };
    let (eight, ..) = copy(practice, false, Some(Bits::Eight));
    let ratio = bytes(kept.path()) as f64 / bytes(eight.path()) as f64;
    assert!(ratio < 0.79, "{ratio}");
    // Their rows are no multiple of 256: the copy is the one in 8 bits, and says how much of it is.
    for dir in fixtures {
        let (six, _, shrunk) = copy(dir, false, Some(Bits::Six));
        let (eight, ..) = copy(dir, false, Some(Bits::Eight));
        assert!(shrunk.wider > 10, "{shrunk:?}");
        let read = |dir: &Path| std::fs::read(dir.join("model.safetensors")).unwrap();
        assert_eq!(read(six.path()), read(eight.path()));
    }
}

/// 505 practice sentences of all thirty directions with the corpus's own translations.
fn practice_sentences() -> Vec<(LangPair, String, String)> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/terms/sentences.tsv");
    let table = std::fs::read_to_string(path).unwrap();
    let line = |line: &str| {
        let cells: Vec<&str> = line.split('\t').collect();
        let pair = LangPair::new(cells[1].parse().unwrap(), cells[2].parse().unwrap());
        let source = text::normalise(cells[3], pair.from);
        (pair, source, text::normalise(cells[4], pair.to))
    };
    table.lines().skip(1).map(line).collect()
}

#[test]
fn fewer_bits_cost_little_in_some_practice_sentences() {
    measure(8);
}

#[test]
#[ignore = "a full proof: scripts/proof bits"]
fn fewer_bits_cost_little_in_all_practice_sentences() {
    measure(1);
}

/// Translates every so manieth practice sentence in f32, 8 and 6 bits.
fn measure(step: usize) {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("models/practice/mt");
    let (cancel, options) = (Cancel::new(), DecodeOptions::default());
    let all: Vec<_> = practice_sentences().into_iter().step_by(step).collect();
    let directions: BTreeSet<_> = all.iter().map(|(pair, ..)| pair.to_string()).collect();
    let mut models = vec![("f32", M2m100::load(&dir, "whole", None).unwrap())];
    models.extend(
        [("8 bits", Bits::Eight), ("6 bits", Bits::Six)].map(|(name, bits)| {
            let (_kept, model, _) = copy(&dir, false, Some(bits));
            (name, model)
        }),
    );
    let mut first: Vec<String> = Vec::new();
    let mut scores = Vec::new();
    for (name, model) in &mut models {
        let mut chrf = Chrf::default();
        let mut texts = Vec::new();
        for (pair, source, reference) in &all {
            let parts = text::sentences(source, pair.from);
            let part = |part| {
                model
                    .translate(part, *pair, &options, &cancel)
                    .unwrap()
                    .text
            };
            let joiner = if pair.to == Lang::Zh { "" } else { " " };
            let found = parts.into_iter().map(part).collect::<Vec<_>>().join(joiner);
            chrf.add(reference, &found);
            texts.push(found);
        }
        if first.is_empty() {
            first.clone_from(&texts);
        }
        let same = first.iter().zip(&texts).filter(|(a, b)| a == b).count();
        println!(
            "bits: {name}: chrF {:.2} in {} sentences of {} directions, {same} of them as in f32",
            chrf.score(),
            all.len(),
            directions.len()
        );
        scores.push(chrf.score());
    }
    assert!(scores[0] > 95.0, "{scores:?}");
    assert!(
        scores[1] > scores[0] - 0.3 && scores[2] > scores[0] - 1.0,
        "{scores:?}"
    );
}

#[test]
fn what_cannot_be_made_smaller_is_an_error() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/m2m100/small-a");
    let (small, ..) = copy(&root, false, Some(Bits::Eight));
    let options = ShrinkOptions {
        trim: true,
        bits: Some(Bits::Six),
    };
    let to = tempfile::tempdir().unwrap();
    let again = shrink(
        small.path(),
        to.path(),
        options,
        None,
        &mut |_, _| {},
        &Cancel::new(),
    );
    assert!(again.unwrap_err().to_string().contains("8 bits already"));
    let practice = checkpoints().pop().unwrap();
    let (small, ..) = copy(&practice, false, Some(Bits::Six));
    let again = shrink(
        small.path(),
        to.path(),
        options,
        None,
        &mut |_, _| {},
        &Cancel::new(),
    );
    assert!(again.unwrap_err().to_string().contains("6 bits already"));
    let cancel = Cancel::new();
    cancel.cancel();
    let stopped = shrink(&root, to.path(), options, None, &mut |_, _| {}, &cancel);
    assert!(matches!(
        stopped,
        Err(mekong_interview::translate::Error::Cancelled)
    ));
}
