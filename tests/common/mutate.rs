//! Changed files for every parser: valid ones cut, flipped, spliced and filled with numbers that parsers
//! trip over, always the same ones for the same seed. What makes a parser panic is kept to be looked at.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::custody::Dice;
use crate::targets::Target;

/// Numbers that sizes and counts are compared with.
const NUMBERS: [u64; 14] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0xffff,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_fffe,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    0xffff_ffff_ffff_fff0,
    u64::MAX,
];
/// Pieces of the forms that are read, and characters that are not what they seem.
const PIECES: [&str; 26] = [
    "\"",
    "\\u0000",
    "\\ud800",
    "{",
    "}}}}",
    "[[[[[[[[",
    "]",
    ",",
    "\n",
    "\r\n",
    "\t",
    "\0",
    " --> ",
    "<!DOCTYPE x [<!ENTITY a \"b\">]>",
    "&a;",
    "<termSec>",
    "-1",
    "1e999",
    "99999999999999999999",
    "NaN",
    "../",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "ក្ខ",
    "🏁",
];
/// Largest changed file.
const MOST: usize = 1 << 20;

/// A changed copy of one of the seeds.
pub fn mutant(seeds: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut bytes = seeds[dice.roll(seeds.len())].clone();
    for _ in 0..=dice.roll(6) {
        change(&mut bytes, seeds, dice);
    }
    bytes.truncate(MOST);
    bytes
}

fn change(bytes: &mut Vec<u8>, seeds: &[Vec<u8>], dice: &mut Dice) {
    let len = bytes.len();
    // Heads are where parsers believe what they read.
    let reach = if dice.roll(2) == 0 { len.min(256) } else { len };
    let at = dice.roll(reach.max(1)).min(len);
    let span = (1 + dice.roll(64)).min(len - at);
    match dice.roll(10) {
        0 if at < len => bytes[at] ^= 1 << dice.roll(8),
        1 if at < len => bytes[at] = dice.roll(256) as u8,
        2 => bytes.truncate(at),
        3 => drop(bytes.drain(at..at + span)),
        4 => {
            let again = bytes[at..at + span].to_vec();
            bytes.splice(at..at, again);
        }
        5 => {
            let noise: Vec<u8> = (0..span.max(4)).map(|_| dice.roll(256) as u8).collect();
            bytes.splice(at..at, noise);
        }
        6 => {
            let number = NUMBERS[dice.roll(NUMBERS.len())];
            let wide = [1, 2, 4, 8][dice.roll(4)];
            let number = match dice.roll(2) {
                0 => number.to_le_bytes()[..wide].to_vec(),
                _ => number.to_be_bytes()[8 - wide..].to_vec(),
            };
            let end = (at + wide).min(len);
            bytes.splice(at..end, number);
        }
        7 => {
            let piece = PIECES[dice.roll(PIECES.len())].as_bytes().to_vec();
            let end = at + span * dice.roll(2);
            bytes.splice(at..end, piece);
        }
        8 => {
            let other = &seeds[dice.roll(seeds.len())];
            let from = dice.roll(other.len().max(1)).min(other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        _ => {
            // A long run of one thing: depth, and counts beyond their field.
            let piece = PIECES[dice.roll(PIECES.len())].repeat(1 + dice.roll(600));
            bytes.splice(at..at, piece.into_bytes());
        }
    }
}

/// What came of one parser.
#[derive(Debug)]
pub struct Outcome {
    pub name: &'static str,
    pub executions: u64,
    pub slowest: Duration,
    /// Files that made it panic, kept in the folder for temporary files.
    pub panics: Vec<PathBuf>,
}

/// Gives a parser its seeds and then changed ones, until `enough` says so of their number.
pub fn run(target: &Target, seed: u64, enough: &dyn Fn(u64) -> bool) -> Outcome {
    let seeds = (target.seeds)();
    assert!(
        !seeds.is_empty(),
        "{} has nothing to begin with",
        target.name
    );
    let mut dice = Dice(seed);
    let mut outcome = Outcome {
        name: target.name,
        executions: 0,
        slowest: Duration::ZERO,
        panics: Vec::new(),
    };
    let mut whole = seeds.iter();
    while !enough(outcome.executions) && outcome.panics.len() < 5 {
        let bytes = match whole.next() {
            Some(seed) => seed.clone(),
            None => mutant(&seeds, &mut dice),
        };
        let begun = Instant::now();
        let done = catch_unwind(AssertUnwindSafe(|| (target.run)(&bytes)));
        outcome.slowest = outcome.slowest.max(begun.elapsed());
        outcome.executions += 1;
        if done.is_err() {
            let name = format!("mekong-fuzz-{}-{}", target.name, outcome.executions);
            let path = std::env::temp_dir().join(name);
            std::fs::write(&path, &bytes).unwrap();
            outcome.panics.push(path);
        }
    }
    outcome
}
