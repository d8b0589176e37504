//! Names of a case in recognition: the practice interviews under noise and by telephone, with and
//! without a list of names, and with a list that holds none of the spoken ones; in the proof also with the
//! list as text before each line (`speech_prompt`).
//!
//! `scripts/proof names` measures four conditions with two seeds each; the ordinary test one.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;
#[path = "common/interviews.rs"]
mod practice;

use std::f32::consts::TAU;
use std::time::{Duration, Instant};

use mekong_interview::domain::{Cancel, Lang, Utterance};
use mekong_interview::speech::{Engine, Recognizer, Whisper, WhisperOptions};
use mekong_interview::text;
use practice::{Said, Script};

/// Names and places that nobody says, beside those of the interview.
const DISTRACTORS: usize = 60;
/// Seeds of the reported noise. The gain of a name was chosen with seeds 1 and 2.
const SEEDS: std::ops::Range<u32> = 101..103;
/// Of the lines without a name every so many are heard.
const EVERY: usize = 4;
/// By how much the share of wrong characters beside the names may rise: a line more or less.
const WORSE: f64 = 0.002;

/// One name or place in all languages.
struct Slot {
    writings: Vec<(Lang, String)>,
}

impl Slot {
    fn writing(&self, lang: Lang) -> &str {
        let found = self.writings.iter().find(|(l, _)| *l == lang);
        &found.unwrap().1
    }
}

struct Interview {
    languages: Vec<Lang>,
    lines: Vec<(Said, Utterance)>,
    /// Those that are said, and others.
    spoken: Vec<String>,
    others: Vec<String>,
}

fn slots() -> Vec<Slot> {
    let path = common::root().join("recordings/practice/corpus/slots.tsv");
    let table = std::fs::read_to_string(path).unwrap();
    let mut lines = table.lines();
    let head: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let wanted = lines.filter(|l| l.starts_with("name\t") || l.starts_with("place\t"));
    wanted
        .map(|line| {
            let cells = head.iter().zip(line.split('\t'));
            let writings = cells.filter_map(|(head, cell)| {
                let lang = head.parse().ok().filter(|l| Lang::SIX.contains(l))?;
                Some((lang, cell.to_owned()))
            });
            Slot {
                writings: writings.collect(),
            }
        })
        .collect()
}

fn interviews() -> Vec<Interview> {
    let slots = slots();
    let all = practice::interviews().into_iter();
    all.map(|(script, sounds)| interview(script, sounds, &slots))
        .collect()
}

fn interview(script: Script, sounds: Vec<Utterance>, slots: &[Slot]) -> Interview {
    let says = |slot: &&Slot| {
        let mut lines = script.segments.iter();
        lines.any(|s| s.text.contains(slot.writing(s.lang)))
    };
    let (spoken, others): (Vec<&Slot>, Vec<&Slot>) = slots.iter().partition(says);
    let written = |list: &[&Slot]| -> Vec<String> {
        let each = list.iter().flat_map(|slot| &slot.writings);
        let own = each.filter(|(lang, _)| script.languages.contains(lang));
        own.map(|(_, writing)| writing.clone()).collect()
    };
    let mut distracting = written(&others);
    distracting.truncate(DISTRACTORS);
    Interview {
        spoken: written(&spoken),
        others: distracting,
        languages: script.languages,
        lines: script.segments.into_iter().zip(sounds).collect(),
    }
}

/// How the sound is spoilt.
#[derive(Clone, Copy)]
struct Condition {
    name: &'static str,
    noise_db: f32,
    telephone: bool,
}

const CONDITIONS: [Condition; 4] = [
    Condition {
        name: "noise at 5 dB",
        noise_db: 5.0,
        telephone: false,
    },
    Condition {
        name: "noise at 0 dB",
        noise_db: 0.0,
        telephone: false,
    },
    Condition {
        name: "telephone, noise at 10 dB",
        noise_db: 10.0,
        telephone: true,
    },
    Condition {
        name: "telephone, noise at 5 dB",
        noise_db: 5.0,
        telephone: true,
    },
];

/// The utterance with white noise, and as a telephone passes it where wanted.
fn spoilt(utterance: &Utterance, condition: Condition, seed: u32) -> Utterance {
    let pcm = &utterance.pcm;
    let power = pcm.iter().map(|x| x * x).sum::<f32>() / pcm.len() as f32;
    let level = (power / 10f32.powf(condition.noise_db / 10.0)).sqrt();
    // Each line has noise of its own.
    let mut state = seed.wrapping_mul(0x9e37_79b9) ^ (utterance.span.start.0 as u32 | 1);
    let mut even = || {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state as f32 + 1.0) / (u32::MAX as f32 + 2.0)
    };
    let mut gauss = || (-2.0 * even().ln()).sqrt() * (TAU * even()).cos();
    let mut sound: Vec<f32> = pcm.iter().map(|x| x + level * gauss()).collect();
    if condition.telephone {
        for (hertz, high) in [
            (300.0, true),
            (300.0, true),
            (3400.0, false),
            (3400.0, false),
        ] {
            filter(&mut sound, hertz, high);
        }
    }
    Utterance {
        pcm: sound,
        ..utterance.clone()
    }
}

/// A Butterworth filter of the second order at 16 kHz.
fn filter(sound: &mut [f32], hertz: f32, high: bool) {
    let w = TAU * hertz / 16_000.0;
    let (cos, alpha) = (w.cos(), w.sin() / 2f32.sqrt());
    let side = (if high { 1.0 + cos } else { 1.0 - cos }) / 2.0;
    let middle = if high { -2.0 * side } else { 2.0 * side };
    let (mut x, mut y) = ([0.0; 2], [0.0; 2]);
    for sample in sound {
        let new = *sample;
        let sum =
            side * new + middle * x[0] + side * x[1] + 2.0 * cos * y[0] - (1.0 - alpha) * y[1];
        let out = sum / (1.0 + alpha);
        (x, y) = ([new, x[0]], [out, y[0]]);
        *sample = out;
    }
}

/// What was counted with one list.
#[derive(Default)]
struct Count {
    names: usize,
    missed: usize,
    /// Names written that nobody said.
    false_names: usize,
    /// Characters beside the names, and of whole lines.
    beside: (usize, usize),
    whole: (usize, usize),
    time: Duration,
}

impl Count {
    fn add(&mut self, said: &Said, heard: &str, list: &[String]) {
        let (truth, heard_folded) = (text::fold(&said.text), text::fold(heard));
        let holds = |text: &str, name: &String| text.contains(&text::fold(name));
        let mut spoken: Vec<&String> = list.iter().filter(|n| holds(&truth, n)).collect();
        spoken.sort_by_key(|n| std::cmp::Reverse(n.len()));
        let found = spoken.iter().filter(|n| holds(&heard_folded, n)).count();
        self.names += spoken.len();
        self.missed += spoken.len() - found;
        let written = list.iter().filter(|n| holds(&heard_folded, n));
        self.false_names += written.filter(|n| !holds(&truth, n)).count();
        let beside = errors_beside(&truth, &heard_folded, &spoken);
        self.beside = (self.beside.0 + beside.0, self.beside.1 + beside.1);
        let (wrong, all) = text::cer(&said.text, heard);
        self.whole = (self.whole.0 + wrong, self.whole.1 + all);
    }

    fn print(&self, list: &str) {
        let share = |(part, whole): (usize, usize)| 100.0 * part as f64 / whole.max(1) as f64;
        println!(
            "  {list:28} names wrong {:3} of {:4} ({:4.1} %), false names {:3}, characters wrong beside \
             them {:5.2} %, in all {:5.2} %, {:5.1} s",
            self.missed,
            self.names,
            share((self.missed, self.names)),
            self.false_names,
            share(self.beside),
            share(self.whole),
            self.time.as_secs_f64(),
        );
    }
}

/// Character errors beside the names: whatever stands in the place of a name costs nothing.
fn errors_beside(truth: &str, heard: &str, names: &[&String]) -> (usize, usize) {
    const ANYTHING: char = '\u{1}';
    let mut truth = truth.to_owned();
    for name in names {
        truth = truth.replace(&text::fold(name), &ANYTHING.to_string());
    }
    let spoken = |c: &char| {
        !c.is_whitespace() && !c.is_ascii_punctuation() && !"。？！，、；：។៕៖၊".contains(*c)
    };
    let truth: Vec<char> = truth.chars().filter(spoken).collect();
    let heard: Vec<char> = heard.chars().filter(spoken).collect();
    let mut row: Vec<usize> = (0..=heard.len()).collect();
    for &wanted in &truth {
        let before = row.clone();
        let cost = usize::from(wanted != ANYTHING);
        row[0] += cost;
        for (at, &found) in heard.iter().enumerate() {
            let same = before[at] + usize::from(wanted != found) * cost;
            row[at + 1] = same.min(before[at + 1] + cost).min(row[at] + cost);
        }
    }
    let length = truth.iter().filter(|&&c| c != ANYTHING).count();
    (row[heard.len()], length)
}

fn engine(names: Vec<String>, beam: usize, prompt: bool) -> Whisper {
    Whisper::load(&WhisperOptions {
        model: common::root().join("models/practice/asr/model.bin"),
        name: "practice-asr".into(),
        engine: Engine::Native,
        threads: 1,
        max_utterance_ms: Some(7_000),
        fit_window: true,
        align: true,
        beam,
        names,
        prompt,
    })
    .unwrap()
}

/// What is measured: with no list, with the case's or with one of names that nobody says, and whether the
/// list also stands as text before each line.
const LISTS: [(&str, bool); 5] = [
    ("no list", false),
    ("list of the case", false),
    ("list of other names", false),
    ("list of the case, as prompt", true),
    ("other names, as prompt", true),
];

/// The first `kinds` of [`LISTS`].
fn measure(
    interviews: &[Interview],
    condition: Condition,
    seeds: std::ops::Range<u32>,
    kinds: usize,
    wanted: impl Fn(usize, bool) -> bool,
) -> Vec<Count> {
    let mut counts: Vec<Count> = (0..kinds).map(|_| Count::default()).collect();
    for interview in interviews {
        let full = [&interview.spoken[..], &interview.others].concat();
        assert!(interview.others.len() >= 50 && interview.languages.len() == 2);
        let lists = [&[], &full[..], &interview.others, &full, &interview.others];
        for ((list, count), (_, prompt)) in lists.into_iter().zip(&mut counts).zip(LISTS) {
            let mut engine = engine(list.to_vec(), 1, prompt);
            for seed in seeds.clone() {
                for (index, (said, utterance)) in interview.lines.iter().enumerate() {
                    let named = interview.spoken.iter().any(|n| said.text.contains(n));
                    if !wanted(index, named) {
                        continue;
                    }
                    let sound = spoilt(utterance, condition, seed);
                    let begun = Instant::now();
                    let heard = engine.recognize(&sound, &[said.lang], &Cancel::new());
                    count.time += begun.elapsed();
                    count.add(said, &heard.unwrap().text, &full);
                }
            }
        }
    }
    println!("{}", condition.name);
    for (count, (list, _)) in counts.iter().zip(LISTS) {
        count.print(list);
    }
    counts
}

/// Counts of several conditions together, per list: names missed, and characters beside them.
fn together(counts: &[Vec<Count>], list: usize) -> (usize, f64) {
    let each = || counts.iter().filter_map(|lists| lists.get(list));
    let wrong: usize = each().map(|c| c.beside.0).sum();
    let all: usize = each().map(|c| c.beside.1).sum();
    (
        each().map(|c| c.missed).sum(),
        wrong as f64 / all.max(1) as f64,
    )
}

/// What a list must bring, and must not cost.
fn check(counts: &[Vec<Count>], spare: usize) {
    let [plain, listed, others] = [0, 1, 2].map(|list| together(counts, list));
    println!("names missed and share of characters wrong beside them:");
    println!("{plain:?} without a list, {listed:?} with that of the case, {others:?} with another");
    assert!(plain.0 >= 4, "too few names are misheard to show anything");
    assert!(
        listed.0 * 2 <= plain.0,
        "the list does not halve the missed names"
    );
    assert!(
        others.0 <= plain.0 + spare,
        "names that nobody says displace others"
    );
    assert!(listed.1 <= plain.1 + WORSE && others.1 <= plain.1 + WORSE);
}

#[test]
fn a_list_of_names_halves_the_misheard_ones_and_harms_nothing_else() {
    let counts = measure(&interviews(), CONDITIONS[0], 101..102, 3, |index, named| {
        named || index % 16 == 0
    });
    check(&[counts], 2);
}

#[test]
#[ignore = "minutes; scripts/proof names"]
fn names_in_all_conditions() {
    let interviews = interviews();
    let every = |index, named| named || index % EVERY == 0;
    let counts = CONDITIONS.map(|c| measure(&interviews, c, SEEDS, LISTS.len(), every));
    let plain: usize = counts.iter().map(|lists| lists[0].missed).sum();
    check(&counts, plain / 20);
    // Off by default, so it need not help; it must show what it does.
    let prompted = [3, 4].map(|list| together(&counts, list));
    println!("{prompted:?} with these lists as text before each line too");
}

/// Of the lines every so many are heard with several texts side by side.
const SIDE_BY_SIDE_EVERY: usize = 6;

/// Characters wrong and all of them, and the time, with `beam` texts side by side and no list.
fn beamed(
    interviews: &[Interview],
    condition: Condition,
    beam: usize,
    every: usize,
) -> (usize, usize, Duration) {
    let mut engine = engine(Vec::new(), beam, false);
    let (mut wrong, mut all, mut time) = (0, 0, Duration::ZERO);
    let lines = interviews.iter().flat_map(|interview| &interview.lines);
    for (said, utterance) in lines.step_by(every) {
        let sound = spoilt(utterance, condition, 101);
        let begun = Instant::now();
        let heard = engine.recognize(&sound, &[said.lang], &Cancel::new());
        time += begun.elapsed();
        let (errors, length) = text::cer(&said.text, &heard.unwrap().text);
        wrong += errors;
        all += length;
    }
    println!(
        "{}, {beam} side by side: {wrong} of {all} characters wrong ({:.2} %), {:.1} s",
        condition.name,
        100.0 * wrong as f64 / all as f64,
        time.as_secs_f64()
    );
    (wrong, all, time)
}

#[test]
fn several_texts_side_by_side_are_no_worse_than_one_in_noise() {
    let interviews = interviews();
    let found = [1, 5].map(|beam| {
        let each = CONDITIONS
            .iter()
            .take(2)
            .map(|c| beamed(&interviews, *c, beam, SIDE_BY_SIDE_EVERY));
        each.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    });
    let [one, five] = found.map(|(wrong, all)| wrong as f64 / all as f64);
    assert!(one > 0.0, "too little is misheard to show anything");
    assert!(five < one * 1.05, "{five} with five, {one} with one");
}

#[test]
#[ignore = "minutes; prints what speech_beam = 5 brings and costs"]
fn what_several_texts_side_by_side_bring() {
    let interviews = interviews();
    let clean = Condition {
        name: "no noise",
        noise_db: 90.0,
        telephone: false,
    };
    let mut found = [(0, 0, Duration::ZERO); 2];
    for condition in [&[clean][..], &CONDITIONS].concat() {
        for (sum, beam) in found.iter_mut().zip([1, 5]) {
            let (wrong, all, time) = beamed(&interviews, condition, beam, 3);
            *sum = (sum.0 + wrong, sum.1 + all, sum.2 + time);
        }
    }
    let [one, five] = found.map(|(wrong, all, time)| (wrong as f64 / all as f64, time));
    println!(
        "in all: {:.4} of characters wrong with one, {:.4} with five, in {:.2} times the time",
        one.0,
        five.0,
        five.1.as_secs_f64() / one.1.as_secs_f64()
    );
    assert!(five.0 < one.0 * 1.05);
}
