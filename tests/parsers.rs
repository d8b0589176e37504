//! Every parser stands whatever it is given: some hundred changed files each, the same ones at every
//! run. `scripts/proof fuzz` goes on for as long as one likes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;
#[path = "common/custody.rs"]
mod custody;
#[path = "common/malformed_files.rs"]
mod malformed_files;
#[path = "common/mutate.rs"]
mod mutate;
#[path = "common/tamper.rs"]
mod tamper;
#[path = "fuzz/targets.rs"]
mod targets;

use std::collections::BTreeSet;

use custody::Dice;
use targets::{TARGETS, Target};

/// Changed files for each parser here.
const TIMES: u64 = 500;

#[test]
fn no_parser_panics_on_changed_files() {
    std::thread::scope(|scope| {
        let (first, second) = TARGETS.split_at(TARGETS.len() / 2);
        for half in [first, second] {
            scope.spawn(move || {
                for target in half {
                    let outcome = mutate::run(target, 1, &|done| done >= TIMES);
                    assert!(outcome.panics.is_empty(), "{outcome:?}");
                    assert_eq!(outcome.executions, TIMES);
                }
            });
        }
    });
}

#[test]
fn the_seeds_are_what_the_parsers_take() {
    use mekong_interview::glossary::Glossary;
    let seeds = |name: &str| {
        let found = TARGETS.iter().find(|t| t.name == name).unwrap();
        (found.seeds)()
    };
    for csv in seeds("glossary-csv") {
        assert!(!Glossary::read_csv(&csv).unwrap().is_empty());
    }
    for tbx in seeds("glossary-tbx") {
        assert!(!Glossary::read_tbx(&tbx).unwrap().is_empty());
    }
    assert!(seeds("sound-flac").len() > 1 && seeds("sound-other").len() > 5);
    let names: BTreeSet<&str> = TARGETS.iter().map(|t| t.name).collect();
    assert_eq!(names.len(), TARGETS.len());
}

#[test]
fn a_parser_that_panics_is_found_and_its_file_kept() {
    let weak = Target {
        name: "weak",
        seeds: || vec![b"size: 0001".to_vec()],
        run: |bytes| assert!(!bytes.contains(&0xff), "a fault on purpose"),
    };
    let outcome = mutate::run(&weak, 1, &|done| done >= 2_000);
    let kept = outcome.panics.first().expect("nothing was found");
    assert!(std::fs::read(kept).unwrap().contains(&0xff));
    for file in &outcome.panics {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn changed_files_are_the_same_at_every_run_and_rarely_the_seed() {
    let seeds = vec![b"RIFF....WAVEfmt ".to_vec(), b"{\"a\":[1,2]}".to_vec()];
    let made = || {
        let mut dice = Dice(3);
        let each = (0..500).map(|_| mutate::mutant(&seeds, &mut dice));
        each.collect::<Vec<_>>()
    };
    let all = made();
    assert_eq!(all, made());
    let distinct: BTreeSet<&Vec<u8>> = all.iter().collect();
    assert!(distinct.len() > 400, "{}", distinct.len());
    assert!(all.iter().filter(|m| seeds.contains(m)).count() < 25);
}

#[test]
fn malformed_files_are_refused_by_name_and_the_store_stays_as_it_is() {
    let tally = malformed_files::refuse_all(12);
    assert_eq!(tally.len(), 11, "{tally:?}");
    for (kind, refused) in &tally {
        assert!(*refused >= 6, "{kind}: {refused}");
    }
}
