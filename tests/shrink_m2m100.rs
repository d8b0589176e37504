//! Smaller copies of a checkpoint: a trimmed one writes the same words with the same probabilities,
//! one in 8 bits stays near the original.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::path::{Path, PathBuf};

use mekong_interview::domain::{Cancel, Lang, LangPair};
use mekong_interview::translate::{DecodeOptions, M2m100, ShrinkOptions, Translator, shrink};
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

fn copy(of: &Path, trim: bool, quantise: bool) -> (TempDir, M2m100) {
    let dir = tempfile::tempdir().unwrap();
    let mut told = (0, 0);
    let options = ShrinkOptions { trim, quantise };
    shrink(
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
    (dir, model)
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
        let (_kept, mut trimmed) = copy(&dir, true, false);
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

#[test]
fn eight_bits_stay_near_the_original() {
    for dir in checkpoints() {
        let mut whole = M2m100::load(&dir, "whole", None).unwrap();
        let (_kept, mut small) = copy(&dir, false, true);
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
        let error = (wrong / size).sqrt();
        let agreement = equal as f64 / f64::from(tokens as u32);
        println!(
            "{}: logits {error:.4} off, {:.1} % of tokens agree",
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
fn what_cannot_be_made_smaller_is_an_error() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/m2m100/small-a");
    let (small, _model) = copy(&root, false, true);
    let options = ShrinkOptions {
        trim: true,
        quantise: true,
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
    let cancel = Cancel::new();
    cancel.cancel();
    let stopped = shrink(&root, to.path(), options, None, &mut |_, _| {}, &cancel);
    assert!(matches!(
        stopped,
        Err(mekong_interview::translate::Error::Cancelled)
    ));
}
