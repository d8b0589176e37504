//! The text functions on a thousand news lines in each of the six languages, where they are at hand.
//!
//! Reads `shared/text/ntrex/` beside the project or a folder above; without it, each test says so
//! and passes. Burmese comes from the practice interviews, since nearly all Burmese lines of the
//! news are in the older Zawgyi encoding, whose letters these rules cannot know.

#![allow(clippy::unwrap_used, clippy::print_stdout)] // tests may unwrap, and say what they skip

use std::collections::BTreeSet;
use std::path::Path;

use mekong_interview::domain::Lang;
use mekong_interview::text::{
    IndexToken, fold, graphemes, index_tokens, normalise, repetition, sentences, words,
};

/// Every fifth line keeps the run short and still takes in the whole range.
const EVERY: usize = 5;

fn corpus(lang: Lang) -> Option<Vec<String>> {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    if lang == Lang::My {
        return practice_lines(&project.join("recordings/practice/corpus"), lang);
    }
    let name = format!("shared/text/ntrex/{lang}.txt");
    let found = project
        .ancestors()
        .map(|a| a.join(&name))
        .find(|p| p.is_file());
    let Some(path) = found else {
        println!("skipped: {name} is not beside the project");
        return None;
    };
    let text = std::fs::read_to_string(path).unwrap();
    Some(text.lines().step_by(EVERY).map(str::to_owned).collect())
}

/// The sentences of the practice interviews in one language.
fn practice_lines(folder: &Path, lang: Lang) -> Option<Vec<String>> {
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    let mut lines = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let mut rows = text.lines().map(|l| l.split('\t').collect::<Vec<_>>());
        let header = rows.next().unwrap();
        let column = header.iter().position(|h| *h == lang.code()).unwrap();
        lines.extend(rows.filter_map(|r| r.get(column).map(|c| (*c).to_owned())));
    }
    assert!(lines.len() > 300);
    Some(lines)
}

fn contains(line: &[String], query: &[String]) -> bool {
    !query.is_empty() && line.windows(query.len()).any(|w| w == query)
}

fn folded(tokens: Vec<IndexToken>) -> Vec<String> {
    tokens.into_iter().map(|t| t.text).collect()
}

fn folded_words(text: &str, lang: Lang) -> Vec<String> {
    words(text, lang)
        .into_iter()
        .map(|r| fold(&text[r]))
        .collect()
}

/// Share of (line, word of that line) pairs whose word, typed alone, finds the line: by search
/// tokens and, for comparison, by dictionary words.
#[test]
fn every_word_of_a_line_finds_the_line() {
    for lang in Lang::SIX {
        let Some(lines) = corpus(lang) else { continue };
        let (mut asked, mut by_tokens, mut by_words) = (0u32, 0u32, 0u32);
        for line in lines.iter() {
            let tokens = folded(index_tokens(line));
            let cut = folded_words(line, lang);
            // Two neighbours make a phrase, which is where words cut differently in context.
            let found = words(line, lang);
            let phrases = found
                .iter()
                .zip(found.iter().skip(1))
                .map(|(a, b)| a.start..b.end);
            for range in found.iter().cloned().chain(phrases) {
                let query = &line[range];
                asked += 1;
                by_tokens += u32::from(contains(&tokens, &folded(index_tokens(query))));
                by_words += u32::from(contains(&cut, &folded_words(query, lang)));
            }
        }
        let share = |n: u32| f64::from(n) / f64::from(asked);
        println!(
            "{lang}: {asked} queries, tokens {:.4}, words {:.4}",
            share(by_tokens),
            share(by_words)
        );
        assert!(share(by_tokens) > 0.9999, "{lang}: {:.4}", share(by_tokens));
    }
}

/// Of the lines a word finds, the share in which it also stands as a whole dictionary word.
#[test]
fn hits_are_mostly_whole_words() {
    for lang in Lang::SIX {
        let Some(lines) = corpus(lang) else { continue };
        let lines: Vec<&String> = lines.iter().collect();
        let tokens: Vec<Vec<String>> = lines.iter().map(|l| folded(index_tokens(l))).collect();
        let cut: Vec<BTreeSet<String>> = lines
            .iter()
            .map(|l| folded_words(l, lang).into_iter().collect())
            .collect();
        let (mut hits, mut whole) = (0u32, 0u32);
        for word in cut
            .iter()
            .flatten()
            .filter(|w| w.chars().count() > 2)
            .step_by(7)
        {
            let query = folded(index_tokens(word));
            for (tokens, cut) in tokens.iter().zip(&cut) {
                if contains(tokens, &query) {
                    hits += 1;
                    whole += u32::from(cut.contains(word));
                }
            }
        }
        println!(
            "{lang}: {hits} hits, whole words {:.3}",
            f64::from(whole) / f64::from(hits)
        );
        assert!(f64::from(whole) / f64::from(hits) > 0.5, "{lang}");
    }
}

#[test]
fn whole_lines_come_through() {
    for lang in Lang::SIX {
        let Some(lines) = corpus(lang) else { continue };
        let (mut parted, mut edges_inside) = (0, 0);
        for line in lines.iter() {
            let normal = normalise(line, lang);
            assert_eq!(normalise(&normal, lang), normal);
            assert_eq!(fold(&normal), fold(line));
            assert_eq!(folded(index_tokens(&normal)), folded(index_tokens(line)));
            assert_eq!(repetition(line), None, "{lang}: {line}");
            let squeezed = |s: &str| s.split_whitespace().collect::<String>();
            let cut = sentences(line, lang);
            assert_eq!(squeezed(&cut.concat()), squeezed(line));
            parted += cut.len();
            let mut edges = BTreeSet::from([0]);
            edges.extend(graphemes(line).iter().scan(0, |at, g| {
                *at += g.len();
                Some(*at)
            }));
            edges_inside += words(line, lang)
                .iter()
                .filter(|w| !edges.contains(&w.start))
                .count();
        }
        println!(
            "{lang}: {parted} sentences in {} lines, {edges_inside} words start in a cluster",
            lines.len()
        );
    }
}
