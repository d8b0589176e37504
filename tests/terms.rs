//! Agreed words in real translations: 505 practice sentences in all thirty directions whose
//! translations must hold words that the practice translator would not choose by itself
//! (`tests/fixtures/terms`). `scripts/proof terms` runs all and measures; the ordinary test takes
//! every fifth and measures no time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mekong_interview::domain::{Cancel, Lang, LangPair};
use mekong_interview::glossary::{Entry, Glossary, RequiredTerm, Term};
use mekong_interview::text::{self, Chrf};
use mekong_interview::translate::{DecodeOptions, Decoded, Enforced, M2m100, Translator};
use serde::Deserialize;

/// Sentences that the practice translator knows only by heart: they are measured apart.
const HEART: &str = "heart";

#[derive(Deserialize)]
struct Asked {
    source: String,
    /// The corpus's own word.
    said: String,
    required: Vec<String>,
    forbidden: Vec<String>,
}

struct Sentence {
    kind: String,
    pair: LangPair,
    source: String,
    reference: String,
    asked: Vec<Asked>,
    glossary: Glossary,
}

fn sentences() -> Vec<Sentence> {
    let path = common::root().join("tests/fixtures/terms/sentences.tsv");
    let table = std::fs::read_to_string(path).unwrap();
    table.lines().skip(1).map(sentence).collect()
}

fn sentence(line: &str) -> Sentence {
    let cells: Vec<&str> = line.split('\t').collect();
    let lang = |code: &str| code.parse::<Lang>().unwrap();
    let pair = LangPair::new(lang(cells[1]), lang(cells[2]));
    let asked: Vec<Asked> = serde_json::from_str(cells[5]).unwrap();
    let terms = (0..).zip(&asked).map(|(number, asked)| {
        let entry = |admitted: &[String], forbidden: &[String]| Entry {
            admitted: admitted.to_vec(),
            forbidden: forbidden.to_vec(),
            ..Entry::default()
        };
        let source = std::slice::from_ref(&asked.source);
        Term {
            id: format!("{number}"),
            entries: BTreeMap::from([
                (pair.from, entry(source, &[])),
                (pair.to, entry(&asked.required, &asked.forbidden)),
            ]),
            ..Term::default()
        }
    });
    Sentence {
        kind: cells[0].to_owned(),
        pair,
        source: text::normalise(cells[3], pair.from),
        reference: text::normalise(cells[4], pair.to),
        glossary: Glossary::new(terms.collect()).unwrap(),
        asked,
    }
}

/// One sentence of a line, with what both decodings made of it.
struct Made {
    required: Vec<RequiredTerm>,
    free: Decoded,
    enforced: Option<Enforced>,
    free_time: Duration,
    terms_time: Duration,
}

impl Made {
    /// What stands.
    fn text(&self) -> &str {
        match &self.enforced {
            Some(e) if e.accepted => &e.decoded.text,
            _ => &self.free.text,
        }
    }
}

fn translate(engine: &mut M2m100, s: &Sentence, options: &DecodeOptions) -> Vec<Made> {
    let cancel = Cancel::new();
    text::sentences(&s.source, s.pair.from)
        .into_iter()
        .map(|part| {
            let required = s.glossary.required(part, s.pair);
            let begun = Instant::now();
            let free = engine.translate(part, s.pair, options, &cancel).unwrap();
            let free_time = begun.elapsed();
            let enforced = engine
                .enforce(part, s.pair, &required, &free, options, &cancel)
                .unwrap();
            Made {
                required,
                free,
                enforced,
                free_time,
                terms_time: begun.elapsed(),
            }
        })
        .collect()
}

/// The text without the terms: what is said beside them.
fn beside(text: &str, s: &Sentence) -> String {
    let mut words: Vec<&String> = s.asked.iter().flat_map(|a| &a.required).collect();
    words.extend(s.asked.iter().map(|a| &a.said));
    // Longest first: one may stand in another.
    words.sort_by_key(|w| std::cmp::Reverse(w.len()));
    words.iter().fold(text.to_lowercase(), |text, word| {
        text.replace(&word.to_lowercase(), "")
    })
}

#[derive(Default)]
struct Tally {
    sentences: usize,
    terms: usize,
    free: usize,
    satisfied: usize,
    doubled: usize,
    both_kept: usize,
    free_chrf: Chrf,
    terms_chrf: Chrf,
    free_time: Duration,
    terms_time: Duration,
}

impl Tally {
    fn add(&mut self, s: &Sentence, made: &[Made]) {
        self.sentences += 1;
        let joiner = if s.pair.to == Lang::Zh { "" } else { " " };
        let join = |texts: Vec<&str>| texts.join(joiner);
        let free = join(made.iter().map(|m| m.free.text.as_str()).collect());
        let text = join(made.iter().map(Made::text).collect());
        for m in made {
            for term in &m.required {
                let one = std::slice::from_ref(term);
                let has = |text: &str| {
                    let (uses, flags) = s.glossary.check(one, text, s.pair.to);
                    uses.iter().all(|u| u.satisfied) && flags.is_empty()
                };
                self.terms += 1;
                self.free += usize::from(has(&m.free.text));
                self.satisfied += usize::from(has(m.text()));
            }
            self.both_kept += usize::from(m.enforced.as_ref().is_some_and(|e| !e.accepted));
            self.free_time += m.free_time;
            self.terms_time += m.terms_time;
        }
        let lower = text.to_lowercase();
        let alone = s.asked.iter().fold(lower, |text, asked| {
            let words = asked.required.iter().filter(|r| **r != asked.said);
            words.fold(text, |text, word| text.replace(&word.to_lowercase(), ""))
        });
        let old =
            |a: &&Asked| !a.required.contains(&a.said) && alone.contains(&a.said.to_lowercase());
        let doubles = s.asked.iter().filter(old).count();
        self.doubled += usize::from(doubles > 0 && text != free);
        let reference = beside(&s.reference, s);
        self.free_chrf.add(&reference, &beside(&free, s));
        self.terms_chrf.add(&reference, &beside(&text, s));
    }

    fn share(&self) -> f64 {
        100.0 * self.satisfied as f64 / self.terms.max(1) as f64
    }

    fn ratio(&self) -> f64 {
        self.terms_time.as_secs_f64() / self.free_time.as_secs_f64()
    }

    fn print(&self, name: &str) {
        println!(
            "terms: {name:8} {:4} sentences, {:4} terms: {:5.1} % freely, {:5.1} % with terms; \
             {} still say the old word, {} kept as two; beside the terms chrF {:.2} freely, {:.2} \
             with terms; time x {:.2}",
            self.sentences,
            self.terms,
            100.0 * self.free as f64 / self.terms.max(1) as f64,
            self.share(),
            self.doubled,
            self.both_kept,
            self.free_chrf.score(),
            self.terms_chrf.score(),
            self.ratio(),
        );
    }
}

fn engine() -> M2m100 {
    M2m100::load(
        &common::root().join("models/practice/mt"),
        "practice-mt",
        None,
    )
    .unwrap()
}

#[test]
fn agreed_words_stand_in_the_translations() {
    let mut engine = engine();
    let mut all = Tally::default();
    for s in sentences().iter().filter(|s| s.kind != HEART).step_by(5) {
        all.add(s, &translate(&mut engine, s, &DecodeOptions::default()));
    }
    assert!(all.free * 2 < all.terms, "free decoding has them already");
    assert!(all.share() >= 97.0, "{:.1} %", all.share());
    assert!(all.terms_chrf.score() >= all.free_chrf.score() - 1.5);
}

#[test]
#[ignore = "a full proof: scripts/proof terms"]
fn agreed_words_in_all_directions_cost_little_else() {
    let mut engine = engine();
    let all = sentences();
    let mut kinds: BTreeMap<String, Tally> = BTreeMap::new();
    let mut pairs: BTreeMap<String, Tally> = BTreeMap::new();
    let (mut total, mut heart) = (Tally::default(), Tally::default());
    let show = std::env::var_os("MEKONG_PROOF_SHOW").is_some();
    for s in &all {
        let made = translate(&mut engine, s, &DecodeOptions::default());
        if show {
            for m in &made {
                let e = m.enforced.as_ref();
                println!(
                    "{}\t{}\t{}\t{}\t{}\t{:?}\t{:?}\t{:.2}\t{}",
                    s.kind,
                    s.pair,
                    s.reference,
                    m.free.text,
                    e.map_or("-", |e| e.decoded.text.as_str()),
                    e.map(|e| (e.accepted, e.loss, e.decoded.log_prob)),
                    s.asked
                        .iter()
                        .map(|a| a.required.join("|"))
                        .collect::<Vec<_>>(),
                    m.free.log_prob,
                    m.required.len(),
                );
            }
        }
        let whole = if s.kind == HEART {
            &mut heart
        } else {
            &mut total
        };
        for tally in [
            kinds.entry(s.kind.clone()).or_default(),
            pairs.entry(s.pair.to_string()).or_default(),
            whole,
        ] {
            tally.add(s, &made);
        }
    }
    for (name, tally) in kinds.iter().chain(&pairs) {
        tally.print(name);
    }
    total.print("all");
    heart.print("by heart");
    assert_eq!(pairs.len(), 30);
    assert!(total.share() >= 99.0, "{:.1} %", total.share());
    assert!(total.terms_chrf.score() >= total.free_chrf.score() - 1.0);
}
