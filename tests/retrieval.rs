//! Whether every word of a line finds its line again, however it is typed: as it stands, decomposed,
//! without Vietnamese marks, in Zawgyi, with the digits of the language; and how many lines it finds
//! that do not hold its letters.
//!
//! A short version runs on the practice sentences; `scripts/proof retrieval` on a thousand news lines
//! in each language, where `shared/text/ntrex` lies beside the project or a folder above.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::path::Path;

use icu_normalizer::DecomposingNormalizerBorrowed;
use mekong_interview::domain::{Channel, InterviewId, Lang, SamplePos, Span};
use mekong_interview::store::{ImportedLine, NewInterview, SearchQuery, Store};
use mekong_interview::text::{bare, fold, normalise, numbers, words};

/// Hits beyond this many are not asked for; no corpus here has more lines.
const ALL: usize = 2_000;

fn store_of(lang: Lang, lines: &[String]) -> Store {
    let mut store = Store::open_in_memory().unwrap();
    let rows: Vec<ImportedLine> = (0u64..)
        .zip(lines)
        .map(|(n, text)| ImportedLine {
            speaker: "officer".into(),
            span: Span::new(SamplePos(n * 16_000), SamplePos(n * 16_000 + 8_000)),
            lang,
            text: text.clone(),
            translations: Vec::new(),
            machine: true,
            flags: Vec::new(),
        })
        .collect();
    let interview = NewInterview {
        id: InterviewId("20260101-000000-000001".into()),
        case: None,
        languages: vec![lang],
        started: "2026-01-01T00:00:00Z".into(),
        duration_ms: 1000,
        audio: Vec::new(),
        channels: vec![Channel {
            index: 0,
            speaker: "officer".into(),
            languages: vec![lang],
            speech_models: Default::default(),
        }],
        working: Vec::new(),
        notes: Vec::new(),
        asked: None,
    };
    store
        .create_from_transcript(&interview, &rows, "test", None)
        .unwrap();
    store
}

#[derive(Default)]
struct Tally {
    asked: u32,
    found: u32,
    hits: u32,
    without_letters: u32,
}

impl Tally {
    fn recall(&self) -> f64 {
        f64::from(self.found) / f64::from(self.asked.max(1))
    }

    fn strangers(&self) -> f64 {
        f64::from(self.without_letters) / f64::from(self.hits.max(1))
    }

    /// Asks for `typed`, which must find the line with this number, counted from 0.
    fn ask(&mut self, store: &Store, typed: &str, line: usize, holds: impl Fn(&str) -> bool) {
        let query = SearchQuery {
            text: format!("\"{typed}\""),
            limit: ALL,
            ..SearchQuery::default()
        };
        let page = store.search(&query).unwrap();
        self.asked += 1;
        let number = i64::try_from(line).unwrap() + 1;
        self.found += u32::from(page.hits.iter().any(|h| h.segment.0 == number));
        self.hits += u32::try_from(page.hits.len()).unwrap();
        let strangers = page.hits.iter().filter(|h| !holds(&h.text)).count();
        self.without_letters += u32::try_from(strangers).unwrap();
    }
}

/// Letters and digits alone, as a plain search for letters compares them.
fn letters(text: &str) -> String {
    fold(text)
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_ascii_punctuation())
        .collect()
}

fn native_digits(number: &str, lang: Lang) -> Option<String> {
    let zero = match lang {
        Lang::Th => '\u{0E50}',
        Lang::Lo => '\u{0ED0}',
        Lang::My => '\u{1040}',
        Lang::Km => '\u{17E0}',
        Lang::Zh => '\u{FF10}',
        Lang::Vi | Lang::En => return None,
    };
    number
        .chars()
        .map(|c| char::from_u32(u32::from(zero) + c.to_digit(10)?))
        .collect()
}

/// Asks for the words of every `every`th line. `raw` are the lines as they were typed.
fn measure(lang: Lang, raw: &[String], every: usize) {
    let lines: Vec<String> = raw.iter().map(|l| normalise(l, lang)).collect();
    let store = store_of(lang, &lines);
    let nfd = DecomposingNormalizerBorrowed::new_nfd();
    let [
        mut plain,
        mut decomposed,
        mut unmarked,
        mut digits,
        mut zawgyi,
    ] = std::array::from_fn(|_| Tally::default());
    for (n, line) in lines.iter().enumerate().step_by(every) {
        for range in words(line, lang) {
            let word = &line[range];
            let folded = letters(word);
            let holds = |text: &str| letters(text).contains(&folded);
            plain.ask(&store, word, n, holds);
            decomposed.ask(&store, &nfd.normalize(word), n, holds);
            if lang == Lang::Vi {
                let folded = bare(word);
                unmarked.ask(&store, &folded, n, |t| bare(t).contains(&folded));
            }
        }
        for number in numbers(line) {
            if let Some(native) = native_digits(&number, lang) {
                digits.ask(&store, &native, n, |t| {
                    numbers(t).concat().contains(&number)
                });
            }
        }
        if raw[n] != *line && lang == Lang::My {
            for part in raw[n].split_whitespace().filter(|p| p.chars().count() > 3) {
                zawgyi.ask(&store, part, n, |t| {
                    letters(t).contains(&letters(&normalise(part, lang)))
                });
            }
        }
    }
    // A number inside a word, as in G20, is not found while other lines have it alone.
    for (name, least, tally) in [
        ("as it stands", 1.0, &plain),
        ("decomposed", 1.0, &decomposed),
        ("without marks", 1.0, &unmarked),
        ("own digits", 0.95, &digits),
        ("in Zawgyi", 0.9, &zawgyi),
    ] {
        if tally.asked == 0 {
            continue;
        }
        println!(
            "retrieval: {lang} {name:<14} {:>6} asked, {:.4} find their line, {:.4} of the hits lack the letters",
            tally.asked,
            tally.recall(),
            tally.strangers()
        );
        assert!(
            tally.recall() >= least,
            "{lang} {name}: {:.4}",
            tally.recall()
        );
    }
}

fn practice(lang: Lang) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/practice/corpus");
    let mut lines = Vec::new();
    for file in [
        "1-rights.tsv",
        "2-identity.tsv",
        "3-journey.tsv",
        "4-work.tsv",
    ] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let mut rows = text.lines().map(|l| l.split('\t').collect::<Vec<_>>());
        let header = rows.next().unwrap();
        let column = header.iter().position(|h| *h == lang.code()).unwrap();
        lines.extend(rows.map(|r| r[column].to_owned()));
    }
    lines
}

#[test]
fn every_word_of_the_practice_sentences_finds_its_line() {
    for lang in Lang::SIX {
        measure(lang, &practice(lang), 12);
    }
}

#[test]
#[ignore = "a full proof of some minutes: scripts/proof retrieval"]
fn every_word_of_the_news_finds_its_line() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = project.ancestors().map(|a| a.join("shared/text/ntrex"));
    let Some(folder) = folder.into_iter().find(|p| p.is_dir()) else {
        println!("skipped: shared/text/ntrex is not beside the project");
        return;
    };
    for lang in Lang::SIX {
        let text = std::fs::read_to_string(folder.join(format!("{lang}.txt"))).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        measure(lang, &lines, 10);
    }
}
