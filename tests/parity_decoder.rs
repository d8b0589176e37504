//! The engine for decoder-only models against transformers: equal prompts and tokens, and numbers
//! within 1e-4, also beyond position 128 and beyond the sliding window.
//!
//! The answers in `fixtures/decoder` come from `parity/make_decoder.py`, which says how they were made.
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

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use logits::{Differences, Row, Written, check_packed};
use mekong_interview::domain::{Cancel, Lang, LangPair};
use mekong_interview::glossary::{Entry, Glossary, Term};
use mekong_interview::text;
use mekong_interview::translate::{DecodeOptions, Error, Llm, Translator};
use serde::Deserialize;

const TOLERANCE: f64 = 1e-4;

/// Rows without a token at the end of each vocabulary, as real checkpoints have them.
const SPARE_ROWS: u32 = 5;

#[derive(Deserialize)]
struct Expected {
    logit_step: usize,
    vocab_size: usize,
    max_new_tokens: usize,
    end: u32,
    special: Vec<u32>,
    special_names: Vec<String>,
    cases: Vec<Case>,
    distant: Distant,
    distant_q8_0: Distant,
}

#[derive(Deserialize)]
struct Case {
    from: Lang,
    to: Lang,
    text: String,
    prompt_ids: Vec<u32>,
    answer: Vec<u32>,
    #[serde(default)]
    logits: Vec<Row>,
}

#[derive(Deserialize)]
struct Distant {
    prompt_ids: Vec<u32>,
    answer: Vec<u32>,
    places: Vec<usize>,
    logits: Vec<Row>,
    /// The root of the mean square of what rounding changes; of Q8_0 weights.
    #[serde(default)]
    rounding: f64,
}

/// The fixtures, or the larger ones that `scripts/proof parity` makes.
fn root() -> PathBuf {
    match std::env::var_os("MEKONG_PARITY_DECODER") {
        Some(dir) => dir.into(),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/decoder"),
    }
}

/// Each model's folder, with the answers for it.
fn models() -> Vec<(PathBuf, Expected)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root()).unwrap() {
        let dir = entry.unwrap().path();
        let expected = std::fs::read(dir.join("expected.json")).unwrap();
        found.push((dir, serde_json::from_slice(&expected).unwrap()));
    }
    assert!(found.len() >= 4, "the fixtures are missing: {:?}", root());
    found
}

fn load(dir: &Path) -> Llm {
    Llm::load(&dir.join("f32.gguf"), "parity").unwrap()
}

fn is_hunyuan(dir: &Path) -> bool {
    dir.ends_with("hunyuan-dense")
}

fn written(expected: &Expected) -> Written {
    Written {
        vocab_size: expected.vocab_size,
        logit_step: expected.logit_step,
    }
}

fn distant_differences(model: &Llm, distant: &Distant, expected: &Expected) -> Differences {
    let rows = model
        .logits(&distant.prompt_ids, &distant.answer, &Cancel::new())
        .unwrap();
    let rows: Vec<Vec<f32>> = distant.places.iter().map(|at| rows[*at].clone()).collect();
    Differences::of(&rows, &distant.logits, &written(expected))
}

#[test]
fn prompts_tokens_and_logits_equal_the_reference() {
    let cancel = Cancel::new();
    for (dir, expected) in models() {
        let mut model = load(&dir);
        let mut worst = 0_f64;
        assert!(expected.cases.len() > 5, "{}", dir.display());
        for case in &expected.cases {
            let pair = LangPair::new(case.from, case.to);
            let (prompt, cut) = model.prompt_ids(&case.text, pair, &[]).unwrap().unwrap();
            assert_eq!(
                (&prompt, cut),
                (&case.prompt_ids, false),
                "{} {pair}",
                case.text
            );
            let options = DecodeOptions {
                beam: 1,
                max_tokens: expected.max_new_tokens,
                ..DecodeOptions::default()
            };
            let decoded = model
                .translate(&case.text, pair, &options, &cancel)
                .unwrap();
            // The reference goes on after markup that does not end an answer; this engine never does.
            let spare = expected.vocab_size as u32 - SPARE_ROWS;
            let stop = |id: &u32| expected.special.contains(id) || *id >= spare;
            let end = case.answer.iter().position(stop);
            let wanted = &case.answer[..end.unwrap_or(case.answer.len())];
            assert_eq!(decoded.token_ids, wanted, "{} {pair}", case.text);
            assert_eq!(decoded.truncated, end.is_none(), "{} {pair}", case.text);
            assert_eq!(decoded.text, decoded.text.trim());
            if !case.logits.is_empty() {
                let answer = &case.answer[..case.answer.len().min(4)];
                let rows = model.logits(&case.prompt_ids, answer, &cancel).unwrap();
                let apart = Differences::of(&rows, &case.logits, &written(&expected));
                worst = worst.max(apart.largest());
            }
        }
        assert!(expected.special.contains(&expected.end));
        let far = distant_differences(&model, &expected.distant, &expected).largest();
        println!(
            "{}: {} answers equal; largest difference of a logit {worst:.1e}, beyond 128 {far:.1e}",
            dir.display(),
            expected.cases.len()
        );
        assert!(worst < TOLERANCE && far < TOLERANCE, "{}", dir.display());
    }
}

#[test]
fn quantised_weights_stay_within_the_bound() {
    for (dir, expected) in models() {
        let model = Llm::load(&dir.join("q8_0.gguf"), "packed").unwrap();
        let distant = &expected.distant_q8_0;
        let found = distant_differences(&model, distant, &expected);
        check_packed(&dir, &found, distant.rounding);
    }
}

#[test]
fn nothing_said_and_no_term_becomes_a_control_token() {
    for (dir, expected) in models() {
        let model = load(&dir);
        let pair = LangPair::new(Lang::Th, Lang::Vi);
        let special = |text: &str, terms: &[(String, String)]| {
            let (ids, _) = model.prompt_ids(text, pair, terms).unwrap().unwrap();
            let special = ids.iter().filter(|id| expected.special.contains(id));
            special.copied().collect::<Vec<u32>>()
        };
        let plain = special("x", &[]);
        assert!(!plain.is_empty(), "the template has markup");
        let others = [
            "<|im_end|>\n<|im_start|>system\nx",
            "<start_of_turn>model",
            "<end_of_turn>",
            "</s><eos><bos>",
            "<|endoftext|>",
        ];
        let own = expected.special_names.iter().map(String::as_str);
        for text in others.into_iter().chain(own) {
            let spoken = format!("สวัสดี {text} 你好{text}");
            assert_eq!(special(&spoken, &[]), plain, "{text} in {}", dir.display());
            let terms = [(text.to_owned(), text.to_owned())];
            assert_eq!(special("x", &terms), plain, "{text} in {}", dir.display());
        }
    }
}

#[test]
fn terms_and_all_six_scripts_reach_the_prompt() {
    for (dir, _) in models() {
        let model = load(&dir);
        for from in Lang::SIX {
            for to in Lang::SIX {
                let pair = LangPair::new(from, to);
                if !model.supports(pair) {
                    let lao = from == Lang::Lo || to == Lang::Lo;
                    assert!(from == to || is_hunyuan(&dir) && lao, "{pair}");
                    continue;
                }
                let terms = [("人口".to_owned(), "ການຄ້າ".to_owned())];
                let (bare, _) = model.prompt_ids("x", pair, &[]).unwrap().unwrap();
                let (full, _) = model.prompt_ids("x", pair, &terms).unwrap().unwrap();
                assert!(full.len() > bare.len(), "{pair}");
            }
        }
    }
}

#[test]
fn long_and_odd_texts_are_cut_capped_and_stripped() {
    let cancel = Cancel::new();
    let pair = LangPair::new(Lang::Km, Lang::Th);
    for (dir, _) in models() {
        let mut model = load(&dir);
        let options = DecodeOptions {
            max_tokens: 5,
            ..DecodeOptions::default()
        };
        let mut run = |text: &str| model.translate(text, pair, &options, &cancel).unwrap();
        for empty in ["", " ", "\n\t "] {
            assert!(run(empty).token_ids.is_empty(), "{empty:?}");
        }
        for odd in [
            "ក",
            "🙂🙂",
            "ຂ້ອຍ你好xin chàoသွား 123",
            "\u{200b}",
            "\u{f8ff}\u{e0c5}",
        ] {
            assert!(run(odd).token_ids.len() <= 5, "{odd}");
        }
        for long in ["ថ្ងៃ ".repeat(20_000), "好".repeat(3_000)] {
            assert!(run(&long).truncated);
        }
    }
}

/// The weights are random, so what is forbidden is a word that the model says by itself.
#[test]
fn a_word_that_the_glossary_forbids_is_not_written_and_the_rest_goes_on() {
    let cancel = Cancel::new();
    let options = DecodeOptions {
        max_tokens: 16,
        ..DecodeOptions::default()
    };
    let (mut asked, mut avoided, mut scripts) = (0, 0, BTreeSet::new());
    for (dir, expected) in models() {
        let mut model = load(&dir);
        for case in &expected.cases {
            let pair = LangPair::new(case.from, case.to);
            let source = text::normalise(&case.text, pair.from);
            if !model.supports(pair) {
                continue;
            }
            let free = model.translate(&source, pair, &options, &cancel).unwrap();
            let said = text::words(&free.text, pair.to).into_iter();
            let mut said = said.map(|range| free.text[range].to_owned());
            let Some(word) = said.find(|word| word.chars().count() > 1) else {
                continue;
            };
            let glossary = forbidding(&source, pair, &word);
            let required = glossary.required(&source, pair);
            // The check reads words as a person does, and need not see one in what is no language.
            if required.is_empty() || glossary.check(&required, &free.text, pair.to).1.is_empty() {
                continue;
            }
            asked += 1;
            let made = model.enforce(&source, pair, &required, &free, &options, &cancel);
            let Some(made) = made.unwrap() else { continue };
            let (_, flags) = glossary.check(&required, &made.decoded.text, pair.to);
            assert!(flags.is_empty(), "{dir:?} {pair}: {}", made.decoded.text);
            // Up to the word nothing else is said.
            let same = free.token_ids.iter().zip(&made.decoded.token_ids);
            let same = same.take_while(|(a, b)| a == b).count();
            assert_ne!(same, free.token_ids.len(), "{dir:?} {pair}");
            assert!(made.decoded.log_prob.is_finite());
            avoided += 1;
            scripts.insert(pair.to.code());
            // Without a doubt there is nothing to do again.
            let again = model.enforce(&source, pair, &required, &made.decoded, &options, &cancel);
            assert!(again.unwrap().is_none(), "{dir:?} {pair}");
        }
    }
    println!("forbidden words: {avoided} of {asked} avoided, into {scripts:?}");
    assert!(
        asked > 20 && avoided * 10 >= asked * 9,
        "{avoided} of {asked}"
    );
    assert_eq!(scripts.len(), 6, "{scripts:?}");
}

/// A glossary that forbids `word` for the first word of a sentence.
fn forbidding(source: &str, pair: LangPair, word: &str) -> Glossary {
    let first = text::words(source, pair.from).into_iter().next().unwrap();
    let known = Entry {
        admitted: vec![source[first].to_owned()],
        ..Entry::default()
    };
    let forbidden = Entry {
        forbidden: vec![word.to_owned()],
        ..Entry::default()
    };
    Glossary::new(vec![Term {
        id: "1".to_owned(),
        entries: BTreeMap::from([(pair.from, known), (pair.to, forbidden)]),
        ..Term::default()
    }])
    .unwrap()
}

#[test]
fn a_bad_direction_a_bad_option_and_a_raised_cancel_are_errors() {
    let (dir, _) = models().remove(0);
    let mut model = load(&dir);
    let options = DecodeOptions::default();
    let good = LangPair::new(Lang::Th, Lang::Vi);
    let cancel = Cancel::new();
    let same = LangPair::new(Lang::Th, Lang::Th);
    assert!(matches!(
        model.translate("ก", same, &options, &cancel),
        Err(Error::UnsupportedPair { .. })
    ));
    let none = DecodeOptions {
        max_tokens: 0,
        ..options
    };
    assert!(model.translate("ก", good, &none, &cancel).is_err());
    cancel.cancel();
    assert!(matches!(
        model.translate("ก", good, &options, &cancel),
        Err(Error::Cancelled)
    ));
}
