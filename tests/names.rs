//! Names across scripts: how many of the listed pairs the comparison tells right, per pair of scripts,
//! and whether the right name comes first among all of the list. Half of the list is held out.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mekong_interview::domain::{FactKind, Lang};
use mekong_interview::text::mentions;
use mekong_interview::text::names::{Name, SHOWN, score};

/// What the held-out half must reach.
const MIN_PRECISION: f64 = 0.90;
const MIN_FIRST: f64 = 0.90;
const MIN_FIRST_BURMESE: f64 = 0.80;

struct Pair {
    scripts: (String, String),
    names: (String, String),
    same: bool,
    persons: (String, String),
    held_out: bool,
}

/// The lowest bit of FNV-1a: which half a person's rows belong to.
fn held_out(person: &str) -> bool {
    let hash = person.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| {
        (h ^ u64::from(b)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash & 1 == 1
}

fn pairs() -> Vec<Pair> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/names/pairs.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    let pairs: Vec<Pair> = text
        .lines()
        .skip(1)
        .map(|line| {
            let [
                script_a,
                a,
                script_b,
                b,
                verdict,
                person_a,
                person_b,
                _source,
            ] = line
                .split('\t')
                .map(str::to_owned)
                .collect::<Vec<_>>()
                .try_into()
                .unwrap();
            Pair {
                scripts: (script_a, script_b),
                names: (a, b),
                same: verdict == "same",
                held_out: held_out(&person_a),
                persons: (person_a, person_b),
            }
        })
        .collect();
    assert!(pairs.len() >= 500);
    pairs
}

/// The language that a reader of the name would give, `None` for Latin letters.
fn lang(script: &str) -> Option<Lang> {
    script.parse().ok()
}

#[derive(Clone, Copy, Default)]
struct Tally {
    found: u32,
    missed: u32,
    wrong: u32,
    first: u32,
    asked: u32,
    /// Names of others that are shown beside the right one, of the whole list.
    beside: u32,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.found += other.found;
        self.missed += other.missed;
        self.wrong += other.wrong;
        self.first += other.first;
        self.asked += other.asked;
        self.beside += other.beside;
    }

    fn precision(self) -> f64 {
        f64::from(self.found) / f64::from((self.found + self.wrong).max(1))
    }

    fn recall(self) -> f64 {
        f64::from(self.found) / f64::from((self.found + self.missed).max(1))
    }

    fn first(self) -> f64 {
        f64::from(self.first) / f64::from(self.asked.max(1))
    }

    fn print(self, what: &str) {
        println!(
            "{what:8} precision {:.3}  recall {:.3}  right name first {:.3}  others shown a question {:.2}  ({} same, {} wrongly shown)",
            self.precision(),
            self.recall(),
            self.first(),
            f64::from(self.beside) / f64::from(self.asked.max(1)),
            self.found + self.missed,
            self.wrong
        );
    }
}

/// Every writing of the list in one script, with whose it is.
type Lists = BTreeMap<String, Vec<(String, String, Name)>>;

fn lists(pairs: &[Pair]) -> Lists {
    let mut seen = BTreeSet::new();
    let mut lists = Lists::new();
    for pair in pairs {
        for (script, name, person) in [
            (&pair.scripts.0, &pair.names.0, &pair.persons.0),
            (&pair.scripts.1, &pair.names.1, &pair.persons.1),
        ] {
            if seen.insert((script.clone(), name.clone())) {
                let read = Name::read(name, lang(script));
                lists
                    .entry(script.clone())
                    .or_default()
                    .push((person.clone(), name.clone(), read));
            }
        }
    }
    lists
}

/// Whether the right person's name is the nearest of its script (a tie with another is none), and how
/// many names of others are shown with it.
fn ask(name: &Name, person: &str, list: &[(String, String, Name)]) -> (bool, u32) {
    let (mut right, mut wrong, mut shown) = (0.0f32, 0.0f32, 0);
    for (other, _, written) in list {
        let near = score(name, written);
        if other == person {
            right = right.max(near);
        } else {
            wrong = wrong.max(near);
            shown += u32::from(near >= SHOWN);
        }
    }
    (right > wrong, shown)
}

fn measure(pairs: &[Pair], held: bool) -> BTreeMap<(String, String), Tally> {
    let lists = lists(pairs);
    let verbose = !held && std::env::var_os("MEKONG_NAMES_VERBOSE").is_some();
    let mut tallies: BTreeMap<(String, String), Tally> = BTreeMap::new();
    for pair in pairs.iter().filter(|p| p.held_out == held) {
        let (a, b) = (
            Name::read(&pair.names.0, lang(&pair.scripts.0)),
            Name::read(&pair.names.1, lang(&pair.scripts.1)),
        );
        let tally = tallies.entry(pair.scripts.clone()).or_default();
        let near = score(&a, &b);
        match (pair.same, near >= SHOWN) {
            (true, true) => tally.found += 1,
            (true, false) => tally.missed += 1,
            (false, true) => tally.wrong += 1,
            (false, false) => {}
        }
        if pair.same {
            let (forth, others) = ask(&a, &pair.persons.0, &lists[&pair.scripts.1]);
            let (back, more) = ask(&b, &pair.persons.0, &lists[&pair.scripts.0]);
            tally.asked += 2;
            tally.first += u32::from(forth) + u32::from(back);
            tally.beside += others + more;
            if verbose && !(forth && back) {
                println!("not first: {near:.2} {} | {}", pair.names.0, pair.names.1);
            }
        }
        if verbose && pair.same != (near >= SHOWN) {
            println!(
                "{}: {near:.2} {} | {}",
                if pair.same { "missed" } else { "wrong" },
                pair.names.0,
                pair.names.1
            );
        }
    }
    tallies
}

#[test]
fn the_right_name_comes_first_in_all_scripts() {
    let pairs = pairs();
    for held in [false, true] {
        println!(
            "{}",
            if held {
                "held-out half"
            } else {
                "half for setting the distances"
            }
        );
        let tallies = measure(&pairs, held);
        let (mut all, mut burmese) = (Tally::default(), Tally::default());
        for ((a, b), tally) in &tallies {
            tally.print(&format!("{a}-{b}"));
            all.add(*tally);
            if a == "my" || b == "my" {
                burmese.add(*tally);
            }
        }
        burmese.print("Burmese");
        all.print("all");
        if held {
            assert_eq!(tallies.len(), 21, "every pair of scripts is in it");
            assert!(all.precision() >= MIN_PRECISION);
            assert!(all.first() >= MIN_FIRST);
            assert!(burmese.first() >= MIN_FIRST_BURMESE);
        }
    }
}

/// The practice interviews: a line that names somebody offers exactly that name; one that does not,
/// none.
#[test]
fn lines_that_introduce_somebody_offer_the_name_and_others_do_not() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/practice/corpus");
    let table = |name: &str| -> Vec<Vec<String>> {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        text.lines()
            .map(|l| l.split('\t').map(str::to_owned).collect())
            .collect()
    };
    let slots = table("slots.tsv");
    let phrases: Vec<Vec<String>> = [
        "1-rights.tsv",
        "2-identity.tsv",
        "3-journey.tsv",
        "4-work.tsv",
    ]
    .into_iter()
    .flat_map(table)
    .collect();
    let mut good = true;
    for lang in Lang::SIX {
        let column = |header: &[String], code: &str| header.iter().position(|h| h == code).unwrap();
        let (at, slot) = (
            column(&phrases[0], lang.code()),
            column(&slots[0], lang.code()),
        );
        let en = column(&phrases[0], "en");
        let names: Vec<&String> = slots
            .iter()
            .filter(|r| r[0] == "name")
            .map(|r| &r[slot])
            .collect();
        let (mut introduced, mut found, mut silent, mut wrong) = (0, 0, 0, 0);
        for (n, row) in phrases.iter().filter(|r| r[0] != "id").enumerate() {
            let name = names[n % names.len()];
            let line = row[at].replace("{name}", name);
            let offered: Vec<String> = mentions(&line, lang)
                .into_iter()
                .filter(|m| m.kind == FactKind::Name)
                .map(|m| m.value)
                .collect();
            if row[at].contains("{name}") {
                // Lines that speak of somebody without a word of introduction are not meant.
                let english = row[en].replace("{name}", "");
                let meant = !english.contains("{name2}")
                    && (english.contains("name") || english.contains("call me"));
                introduced += u32::from(meant);
                let right = offered == [name.clone()];
                found += u32::from(meant && right);
                if meant && !right {
                    println!("{lang}: {offered:?} of {line}");
                }
                wrong += u32::from(!offered.is_empty() && offered != [name.clone()]);
            } else {
                silent += 1;
                wrong += u32::from(!offered.is_empty());
                if !offered.is_empty() {
                    println!("{lang}: {offered:?} of {line}");
                }
            }
        }
        println!(
            "{lang}: {found} of {introduced} introductions offered, {wrong} wrongly of {silent} other lines"
        );
        good &= found * 10 >= introduced * 9 && wrong * 100 <= silent;
    }
    assert!(good, "a language offers too little or too much");
}
