//! tantivy over the rows of the search bench, which hands them over on standard input: a line a row (the
//! words said, a tab, the words of the translation, each parted by spaces), an empty line, then a line a
//! question (phrases parted by tabs; all must occur). Prints the size of the index, how long the rows took
//! and how long the questions take, the best fifty by BM25, what was said above what was translated.
//!
//! `peer-tantivy FOLDER` keeps the index in that folder; one that is there is used, and gets no rows.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed bench, and a bench prints what it measured"
)]

use std::io::BufRead;
use std::path::Path;
use std::time::{Duration, Instant};

use tantivy::collector::{Count, TopDocs};
use tantivy::query::{BooleanQuery, BoostQuery, Occur, PhraseQuery, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{TextAnalyzer, WhitespaceTokenizer};
use tantivy::{Index, Searcher, TantivyDocument, Term};

/// Memory for rows that are not on the disk yet, in bytes.
const HEAP: usize = 200 << 20;
const BEST: usize = 50;
/// What was said and what was translated, and how much each counts: as in the store.
const BOOST: [f32; 2] = [10.0, 3.0];

fn main() {
    let folder = std::env::args_os().nth(1).unwrap();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer("cut")
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let options = TextOptions::default().set_indexing_options(indexing);
    let mut schema = Schema::builder();
    let fields = ["said", "translated"].map(|name| schema.add_text_field(name, options.clone()));
    let there = Path::new(&folder).join("meta.json").exists();
    let index = match there {
        true => Index::open_in_dir(&folder).unwrap(),
        false => Index::create_in_dir(&folder, schema.build()).unwrap(),
    };
    let cut = TextAnalyzer::from(WhitespaceTokenizer::default());
    index.tokenizers().register("cut", cut);

    let mut lines = std::io::stdin().lock().lines().map(Result::unwrap);
    let mut rows = lines.by_ref().take_while(|line| !line.is_empty());
    if there {
        rows.for_each(drop);
        println!("  peer: tantivy (the index was there)");
    } else {
        let begun = Instant::now();
        let count = write(&index, fields, &mut rows);
        let each = begun.elapsed().as_secs_f64() * 1e3 / f64::from(count.max(1));
        println!("  peer: tantivy, {each:.3} ms a row, one thread");
    }
    let size = size_of(Path::new(&folder)) as f64 / 1e6;
    println!("  peer: tantivy, index {size:.1} MB");

    let searcher = index.reader().unwrap().searcher();
    let questions: Vec<String> = lines.collect();
    for (name, phrases) in [("a word", 1), ("a word and one of the translation", 2)] {
        let asked: Vec<Box<dyn Query>> = questions
            .iter()
            .map(|q| q.split('\t').collect::<Vec<_>>())
            .filter(|q| q.len() == phrases)
            .map(|q| question(fields, &q))
            .collect();
        for query in &asked {
            search(&searcher, query.as_ref());
        }
        let mut found = 0;
        let times = asked.iter().map(|query| {
            let begun = Instant::now();
            found += usize::from(search(&searcher, query.as_ref()) > 0);
            begun.elapsed()
        });
        let times: Vec<Duration> = times.collect();
        told(&format!("peer: tantivy, {name}"), times);
        println!(
            "    finds something for {found} of {} questions",
            asked.len()
        );
    }
}

/// Writes all rows; returns how many.
fn write(index: &Index, fields: [Field; 2], rows: &mut dyn Iterator<Item = String>) -> u32 {
    let mut writer = index.writer_with_num_threads(1, HEAP).unwrap();
    let mut count = 0;
    for line in rows {
        let mut row = TantivyDocument::default();
        for (field, words) in fields.iter().zip(line.split('\t')) {
            row.add_text(*field, words);
        }
        writer.add_document(row).unwrap();
        count += 1;
    }
    writer.commit().unwrap();
    writer.wait_merging_threads().unwrap();
    count
}

/// All phrases, each on either side.
fn question(fields: [Field; 2], phrases: &[&str]) -> Box<dyn Query> {
    let all = phrases.iter().map(|phrase| {
        let sides = fields.iter().zip(BOOST).map(|(field, boost)| {
            let terms: Vec<Term> = phrase
                .split(' ')
                .map(|word| Term::from_field_text(*field, word))
                .collect();
            let query: Box<dyn Query> = match <[Term; 1]>::try_from(terms) {
                Ok([one]) => Box::new(TermQuery::new(one, IndexRecordOption::WithFreqs)),
                Err(terms) => Box::new(PhraseQuery::new(terms)),
            };
            let query: Box<dyn Query> = Box::new(BoostQuery::new(query, boost));
            (Occur::Should, query)
        });
        let either: Box<dyn Query> = Box::new(BooleanQuery::new(sides.collect()));
        (Occur::Must, either)
    });
    Box::new(BooleanQuery::new(all.collect()))
}

/// The best hits, and how many there are; returns that.
fn search(searcher: &Searcher, query: &dyn Query) -> usize {
    let best = TopDocs::with_limit(BEST).order_by_score();
    searcher.search(query, &(best, Count)).unwrap().1
}

fn size_of(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files.map(|f| f.unwrap().metadata().unwrap().len()).sum()
}

fn told(name: &str, mut times: Vec<Duration>) {
    if times.is_empty() {
        return;
    }
    times.sort_unstable();
    let at =
        |share: usize| times[(times.len() * share / 100).min(times.len() - 1)].as_secs_f64() * 1e3;
    println!(
        "  {name:<44} p50 {:>9.2} ms  p95 {:>9.2} ms  max {:>9.2} ms",
        at(50),
        at(95),
        at(100)
    );
}
