//! The T5 engine against transformers: equal tokens, and numbers within 1e-4, also beyond position 128.
//!
//! The answers in `fixtures/t5` come from `parity/make_t5.py`, which says how they were made.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

#[path = "common/logits.rs"]
mod logits;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use logits::{Differences, Row, Written, check_packed};
use mekong_interview::domain::{Cancel, Lang, LangPair};
use mekong_interview::translate::{DecodeOptions, T5, Translator};
use serde::Deserialize;
use serde_json::Value;

const TOLERANCE: f64 = 1e-4;
/// `<unk>` stands for the decoder's start; `</s>` ends.
const START: u32 = 0;
const EOS: u32 = 2;

#[derive(Deserialize)]
struct Expected {
    generate: BTreeMap<String, Plan>,
    logit_step: usize,
    vocab_size: usize,
    cases: Vec<Case>,
    distant: Distant,
    distant_q8_0: Option<Distant>,
}

#[derive(Deserialize)]
struct Plan {
    num_beams: usize,
    max_new_tokens: usize,
    length_penalty: f32,
    early_stopping: bool,
}

#[derive(Deserialize)]
struct Case {
    from: Lang,
    to: Lang,
    text: String,
    source_ids: Vec<u32>,
    text_out: String,
    #[serde(default)]
    logit_ids: Vec<u32>,
    #[serde(default)]
    logits: Vec<Row>,
    #[serde(flatten)]
    outputs: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Distant {
    source_ids: Vec<u32>,
    target_ids: Vec<u32>,
    places: Vec<usize>,
    logits: Vec<Row>,
    /// The root of the mean square of what rounding changes; of Q8_0 weights.
    #[serde(default)]
    rounding: f64,
}

#[derive(Deserialize)]
struct Output {
    ids: Vec<u32>,
    score: f64,
}

/// The fixtures, or the larger ones that `scripts/proof parity` makes.
fn root() -> PathBuf {
    match std::env::var_os("MEKONG_PARITY_T5") {
        Some(dir) => dir.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/t5"),
    }
}

/// Each model, with the answers for it.
fn models() -> Vec<(PathBuf, Expected)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root()).unwrap() {
        let dir = entry.unwrap().path();
        let expected = std::fs::read(dir.join("expected.json")).unwrap();
        let expected = serde_json::from_slice(&expected).unwrap();
        let file = dir.join("f32.gguf");
        found.push((if file.exists() { file } else { dir }, expected));
    }
    assert!(found.len() >= 3, "the fixtures are missing: {:?}", root());
    found
}

fn load(path: &Path) -> T5 {
    T5::load(path, "parity", None).unwrap()
}

fn written(expected: &Expected) -> Written {
    Written {
        vocab_size: expected.vocab_size,
        logit_step: expected.logit_step,
    }
}

fn distant_differences(model: &T5, distant: &Distant, expected: &Expected) -> Differences {
    let rows = model
        .logits(&distant.source_ids, &distant.target_ids, &Cancel::new())
        .unwrap();
    let rows: Vec<Vec<f32>> = distant.places.iter().map(|at| rows[*at].clone()).collect();
    Differences::of(&rows, &distant.logits, &written(expected))
}

fn check_case(model: &mut T5, expected: &Expected, case: &Case) -> (usize, f64, f64) {
    let cancel = Cancel::new();
    let (mut runs, mut logit, mut worst_score) = (0, 0_f64, 0_f64);
    let (ids, cut) = model.source_ids(&case.text, case.to).unwrap().unwrap();
    assert_eq!((&ids, cut), (&case.source_ids, false), "{}", case.text);
    for (name, plan) in &expected.generate {
        let output: Output = serde_json::from_value(case.outputs[name].clone()).unwrap();
        let options = DecodeOptions {
            beam: plan.num_beams,
            max_tokens: plan.max_new_tokens,
            length_penalty: plan.length_penalty,
            early_stopping: plan.early_stopping,
        };
        let pair = LangPair::new(case.from, case.to);
        let decoded = model
            .translate(&case.text, pair, &options, &cancel)
            .unwrap();
        let mut ids = vec![START];
        ids.extend(&decoded.token_ids);
        if !decoded.truncated {
            ids.push(EOS);
        }
        assert_eq!(ids, output.ids, "{name} of {} to {}", case.text, case.to);
        // The greedy answer is the bare sum, a beam's answer is the score.
        let length = (ids.len() - 1) as f64;
        let score = match plan.num_beams {
            1 => f64::from(decoded.score) * length.powf(f64::from(plan.length_penalty)),
            _ => f64::from(decoded.score),
        };
        let size = if plan.num_beams == 1 {
            output.score.abs().max(1.0)
        } else {
            1.0
        };
        worst_score = worst_score.max((score - output.score).abs() / size);
        if name == "greedy" {
            assert_eq!(decoded.text, case.text_out);
        }
        runs += 1;
    }
    if !case.logits.is_empty() {
        let rows = model
            .logits(&case.source_ids, &case.logit_ids, &cancel)
            .unwrap();
        logit = Differences::of(&rows, &case.logits, &written(expected)).largest();
    }
    (runs, logit, worst_score)
}

#[test]
fn tokens_logits_and_scores_equal_the_reference() {
    for (path, expected) in models() {
        assert!(expected.cases.len() > 5, "{}", path.display());
        let mut model = load(&path);
        let (mut runs, mut logit, mut score) = (0, 0_f64, 0_f64);
        for case in &expected.cases {
            let seen = check_case(&mut model, &expected, case);
            (runs, logit, score) = (runs + seen.0, logit.max(seen.1), score.max(seen.2));
        }
        let far = distant_differences(&model, &expected.distant, &expected).largest();
        println!(
            "{}: {runs} outputs equal; largest difference: logit {logit:.1e}, beyond 128 {far:.1e}, \
             score {score:.1e}",
            path.display()
        );
        assert!(
            logit < TOLERANCE && far < TOLERANCE && score < TOLERANCE,
            "{}",
            path.display()
        );
    }
}

#[test]
fn quantised_weights_stay_within_the_bound() {
    let mut seen = 0;
    for (path, expected) in models() {
        let Some(distant) = &expected.distant_q8_0 else {
            continue;
        };
        let model = load(&path.with_file_name("q8_0.gguf"));
        let found = distant_differences(&model, distant, &expected);
        check_packed(&path, &found, distant.rounding);
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn text_that_looks_like_a_tag_or_a_control_token_stays_text() {
    for (path, _) in models() {
        let model = load(&path);
        let special = |ids: &[u32]| ids.iter().filter(|id| (1..10).contains(*id)).count();
        let (plain, _) = model.source_ids("7", Lang::Th).unwrap().unwrap();
        for text in ["7 <2zh> 7", "<2my>7", "7</s>7", "<s>7</s>", "<2vi"] {
            let (ids, _) = model.source_ids(text, Lang::Th).unwrap().unwrap();
            assert_eq!(
                special(&ids),
                special(&plain),
                "{text} in {}: {ids:?}",
                path.display()
            );
        }
    }
}

#[test]
fn odd_texts_come_back_sane() {
    let cancel = Cancel::new();
    let pair = LangPair::new(Lang::Km, Lang::Th);
    for (path, _) in models() {
        let mut model = load(&path);
        for beam in [1, 4] {
            let options = DecodeOptions {
                beam,
                max_tokens: 12,
                ..DecodeOptions::default()
            };
            let mut run = |text: &str| model.translate(text, pair, &options, &cancel).unwrap();
            for empty in ["", " ", "\n\t "] {
                assert!(run(empty).token_ids.is_empty(), "{empty:?}");
            }
            for odd in ["ក", "🙂🙂", "ຂ້ອຍ你好xin chàoသွား 123", "\u{200b}"]
            {
                assert!(run(odd).token_ids.len() <= 12, "{odd}");
            }
            assert!(run(&"ថ្ងៃ ".repeat(5_000)).truncated);
            // No text holds U+10FFFF, behind which the tags of this vocabulary are put out of reach.
            let outside = model.translate("\u{10ffff}5", pair, &options, &cancel);
            assert!(outside.is_err() || outside.is_ok_and(|d| d.token_ids.len() <= 12));
        }
    }
}

#[test]
fn a_direction_out_of_reach_a_bad_option_and_a_raised_cancel_are_errors() {
    let (path, _) = models().remove(0);
    let mut model = load(&path);
    let options = DecodeOptions::default();
    let good = LangPair::new(Lang::Th, Lang::Lo);
    let same = LangPair::new(Lang::Th, Lang::Th);
    assert!(model.supports(good) && !model.supports(same));
    let cancel = Cancel::new();
    assert!(model.translate("ก", same, &options, &cancel).is_err());
    let wide = DecodeOptions { beam: 9, ..options };
    assert!(model.translate("ก", good, &wide, &cancel).is_err());
    cancel.cancel();
    assert!(matches!(
        model.translate("ก", good, &options, &cancel),
        Err(mekong_interview::translate::Error::Cancelled)
    ));
}
