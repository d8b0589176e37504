//! Agreed words in a T5 model's translations. The weights of the fixtures are random, so what is asked
//! for is never said freely: each term has to be put where the model would most likely have begun it,
//! and what the model thinks of the whole has to be what it says itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;

use mekong_interview::domain::{Cancel, Lang, LangPair};
use mekong_interview::glossary::{Entry, Glossary, Term};
use mekong_interview::text;
use mekong_interview::translate::{DecodeOptions, Decoded, T5, Translator};
use serde_json::Value;

/// Each fixture with its sentences: from, to, text.
fn fixtures() -> Vec<(PathBuf, Vec<(LangPair, String)>)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/t5");
    let mut all = Vec::new();
    for entry in std::fs::read_dir(root).unwrap() {
        let dir = entry.unwrap().path();
        let told = std::fs::read(dir.join("expected.json")).unwrap();
        let told: Value = serde_json::from_slice(&told).unwrap();
        let cases = told["cases"].as_array().unwrap().iter().map(|case| {
            let lang = |name: &str| case[name].as_str().unwrap().parse::<Lang>().unwrap();
            let pair = LangPair::new(lang("from"), lang("to"));
            let words = case["text"].as_str().unwrap();
            (pair, text::normalise(words, pair.from))
        });
        let cases = cases.collect();
        let file = dir.join("f32.gguf");
        all.push((if file.exists() { file } else { dir }, cases));
    }
    assert!(all.len() >= 3);
    all
}

/// A glossary in which the first word of a sentence is these words of the other language.
fn agreed(source: &str, pair: LangPair, words: &[&str]) -> Glossary {
    let entry = |words: &[&str]| Entry {
        admitted: words.iter().map(|w| (*w).to_owned()).collect(),
        ..Entry::default()
    };
    let first = text::words(source, pair.from).into_iter().next().unwrap();
    let first = &source[first];
    Glossary::new(vec![Term {
        id: "1".to_owned(),
        entries: BTreeMap::from([(pair.from, entry(&[first])), (pair.to, entry(words))]),
        ..Term::default()
    }])
    .unwrap()
}

/// The first word of another sentence of the fixture in a language: its tokenizer can spell it.
fn a_word(cases: &[(LangPair, String)], lang: Lang) -> Option<String> {
    let (_, source) = cases.iter().find(|(pair, _)| pair.from == lang)?;
    let first = text::words(source, lang).into_iter().next()?;
    Some(source[first].to_lowercase())
}

/// The mean log-probability that the model itself gives to these tokens.
fn own_log_prob(model: &T5, source: &[u32], made: &Decoded) -> f32 {
    let (start, end) = (0, 2);
    let target: Vec<u32> = std::iter::once(start)
        .chain(made.token_ids.iter().copied())
        .collect();
    let rows = model.logits(source, &target, &Cancel::new()).unwrap();
    let wanted = made.token_ids.iter().copied().chain([end]);
    let mut sum = 0.0;
    for (row, token) in rows.iter().zip(wanted) {
        let most = row.iter().copied().fold(f32::MIN, f32::max);
        let all: f32 = row.iter().map(|l| (l - most).exp()).sum();
        sum += row[token as usize] - most - all.ln();
    }
    sum / rows.len() as f32
}

#[test]
fn a_term_that_was_not_said_is_put_in_and_weighed_as_the_model_weighs_it() {
    let cancel = Cancel::new();
    let (mut asked, mut cut, mut put) = (0, 0, 0);
    for (path, cases) in fixtures() {
        let mut model = T5::load(&path, "t5", None).unwrap();
        for (pair, source) in cases.clone() {
            let Some(wanted) = a_word(&cases, pair.to) else {
                continue;
            };
            let wanted = wanted.as_str();
            for beam in [1, 4] {
                let options = DecodeOptions {
                    beam,
                    max_tokens: 24,
                    ..DecodeOptions::default()
                };
                let glossary = agreed(&source, pair, &[wanted]);
                let required = glossary.required(&source, pair);
                let free = model.translate(&source, pair, &options, &cancel).unwrap();
                if required.is_empty() || free.text.contains(wanted) || free.token_ids.is_empty() {
                    continue;
                }
                asked += 1;
                cut += u32::from(free.truncated);
                let made = model.enforce(&source, pair, &required, &free, &options, &cancel);
                let Some(made) = made.unwrap() else { continue };
                put += 1;
                let text = &made.decoded.text;
                assert!(
                    text.to_lowercase().contains(wanted),
                    "{path:?} {pair:?}: {text}"
                );
                let (ids, _) = model.source_ids(&source, pair.to).unwrap().unwrap();
                let own = own_log_prob(&model, &ids, &made.decoded);
                let apart = (own - made.decoded.log_prob).abs();
                assert!(apart < 1e-3, "{path:?} {pair:?} beam {beam}: {apart}");
                // A free translation that has it already stays.
                let again = model
                    .enforce(&source, pair, &required, &made.decoded, &options, &cancel)
                    .unwrap();
                assert!(again.is_none(), "{path:?} {pair:?}");
            }
        }
    }
    println!("terms: {cut} cut; {put} of {asked} put into translations of random T5 models");
    assert!(asked > 20 && put * 2 > asked, "{put} of {asked}");
}
