//! How fast a name is found among a hundred thousand, in any script: the store's index of summaries
//! beside its peer in the same run, a scan that compares the name with every one. Prints how often both
//! put the same person first.
//!
//! The names are made by joining parts of the writings in `tests/fixtures/names/pairs.tsv` at random.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed bench, and a bench prints what it measured"
)]

mod random;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use mekong_interview::domain::{FactKind, Lang, PersonId};
use mekong_interview::store::{NewFact, Store};
use mekong_interview::text::names::{Name, score};
use random::Random;

const NAMES: usize = 100_000;
/// Names a person has; a transaction holds one person.
const EACH: usize = 20;
const QUESTIONS: usize = 200;
/// The scan takes seconds a question.
const SCANNED: usize = 20;

/// First and last parts of the list's writings, by script.
fn parts() -> Vec<(Option<Lang>, Vec<String>, Vec<String>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/names/pairs.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let mut all: BTreeMap<String, (Vec<String>, Vec<String>)> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let cells: Vec<&str> = line.split('\t').collect();
        for (script, name) in [(cells[0], cells[1]), (cells[2], cells[3])] {
            let (first, last) = all.entry(script.to_owned()).or_default();
            let words: Vec<&str> = name.split([' ', '·']).collect();
            if words.len() > 1 {
                first.push(words[0].to_owned());
                last.push(words[1..].join(" "));
            } else if script == "zh" && name.chars().count() == 3 {
                let cut = name.chars().next().unwrap().len_utf8();
                first.push(name[..cut].to_owned());
                last.push(name[cut..].to_owned());
            }
        }
    }
    all.into_iter()
        .map(|(s, (f, l))| (s.parse().ok(), f, l))
        .collect()
}

fn made(random: &mut Random) -> Vec<(Option<Lang>, String)> {
    let parts = parts();
    (0..NAMES)
        .map(|_| {
            let (lang, first, last) = &parts[random.below(parts.len())];
            let gap = if *lang == Some(Lang::Zh) { "" } else { " " };
            let one = &first[random.below(first.len())];
            (
                *lang,
                format!("{one}{gap}{}", last[random.below(last.len())]),
            )
        })
        .collect()
}

fn filled(names: &[(Option<Lang>, String)], file: &Path) -> Store {
    let mut store = Store::open(file).unwrap();
    for group in names.chunks(EACH) {
        let facts: Vec<NewFact<'_>> = group
            .iter()
            .map(|(lang, name)| NewFact {
                lang: *lang,
                ..NewFact::new(FactKind::Name, name)
            })
            .collect();
        store.add_person(None, "bench", &facts).unwrap();
    }
    store
}

/// Time that this thread has had a processor, where the system tells: it does not grow with what else
/// runs on the machine.
fn on_processor() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ')
        .next()?
        .parse()
        .ok()
        .map(Duration::from_nanos)
}

fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    format!(
        "p50 {:.1} ms, p95 {:.1} ms over {} questions",
        at(50),
        at(95),
        times.len()
    )
}

fn main() {
    let mut random = Random(2026);
    let names = made(&mut random);
    let folder = tempfile::tempdir().unwrap();
    let start = Instant::now();
    let store = filled(&names, &folder.path().join("store.sqlite3"));
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "{NAMES} names of {} people in seven scripts, stored in {:.1} s; {} {}, {cpus} processors",
        NAMES / EACH,
        start.elapsed().as_secs_f64(),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let asked: Vec<&(Option<Lang>, String)> = (0..QUESTIONS)
        .map(|_| &names[random.below(names.len())])
        .collect();
    let (mut times, mut worked) = (Vec::new(), Vec::new());
    let mut first: Vec<f32> = Vec::new();
    for (lang, name) in &asked {
        let (start, begun) = (Instant::now(), on_processor());
        let found = store.match_name(&Name::read(name, *lang), 0.0, 10).unwrap();
        times.push(start.elapsed());
        worked.extend(begun.and_then(|b| on_processor()?.checked_sub(b)));
        first.push(found.first().map_or(0.0, |f| f.score));
    }
    let exact = first.iter().filter(|s| **s > 0.999).count();
    println!(
        "index of summaries: {}; the name itself first {exact} of {QUESTIONS}",
        percentiles(times)
    );
    if !worked.is_empty() {
        println!("of that on the processor: {}", percentiles(worked));
    }
    scan(&names, &asked, &store);
}

/// The peer: every name compared, names read beforehand. Asked across scripts, where the exact name
/// does not help: what else is near must be found too.
fn scan(names: &[(Option<Lang>, String)], asked: &[&(Option<Lang>, String)], store: &Store) {
    let read: Vec<Name> = names
        .iter()
        .map(|(lang, name)| Name::read(name, *lang))
        .collect();
    let mut times = Vec::new();
    let (mut same, mut near, mut found) = (0, 0, 0);
    for (lang, name) in asked.iter().take(SCANNED) {
        let wanted = Name::read(name, *lang);
        let start = Instant::now();
        let mut best: BTreeMap<usize, f32> = BTreeMap::new();
        for (at, other) in read.iter().enumerate() {
            if other.written() != wanted.written() {
                let score = score(&wanted, other);
                let entry = best.entry(at / EACH).or_default();
                *entry = entry.max(score);
            }
        }
        times.push(start.elapsed());
        let mut order: Vec<(f32, usize)> = best.into_iter().map(|(p, s)| (s, p)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0));
        let indexed = store.match_name(&wanted, 0.0, 400).unwrap();
        let listed = |p: usize| {
            indexed
                .iter()
                .any(|m| m.person == PersonId(format!("p{}", p + 1)))
        };
        same += usize::from(listed(order[0].1));
        for (_, person) in order.iter().take_while(|(s, _)| *s >= 0.8) {
            near += 1;
            found += usize::from(listed(*person));
        }
    }
    println!("peer, a scan of all names: {}", percentiles(times));
    println!(
        "of the nearest name in another script the index compares {same} of {SCANNED}; of all people \
         from 0.80 on {found} of {near}"
    );
}
