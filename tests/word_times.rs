//! When each word was said, measured where it is known: utterances of the practice interviews joined
//! to one, so that the first word of each begins where its sound was put.
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

use mekong_interview::domain::{Cancel, Lang, SamplePos, Span, Utterance, Word};
use mekong_interview::speech::{Engine, Recognizer, Whisper, WhisperOptions};
use mekong_interview::text;

/// Margins of the practice utterances, in samples: 150 ms on both sides.
const MARGIN: usize = 2400;
/// What the practice recogniser takes in one piece, in samples.
const LONGEST: usize = 5 * 16_000;

/// Utterances of one language joined to one.
struct Joined {
    lang: Lang,
    /// The letters of each part, and the sample at which it begins.
    parts: Vec<(String, usize)>,
    sound: Utterance,
}

/// The letters and digits of the words of a text.
fn letters(line: &str, lang: Lang) -> String {
    let words = text::words(line, lang).into_iter();
    words.map(|range| text::fold(&line[range])).collect()
}

/// Joins what follows each other in one language and channel, with `pause` samples between two.
fn joined(pause: usize) -> Vec<Joined> {
    let mut found = Vec::new();
    for (script, sounds) in practice::interviews() {
        for lang in script.languages {
            let all = script.segments.iter().zip(&sounds);
            let own: Vec<_> = all.filter(|(said, _)| said.lang == lang).collect();
            let mut open: Option<Joined> = None;
            for (said, sound) in own {
                let keep = MARGIN - pause / 2;
                let pcm = &sound.pcm[keep..sound.pcm.len() - keep];
                let room = |j: &Joined| j.sound.pcm.len() + pcm.len() <= LONGEST;
                if !open.as_ref().is_some_and(room) {
                    found.extend(open.take().filter(|j| j.parts.len() > 1));
                }
                let joined = open.get_or_insert_with(|| Joined {
                    lang,
                    parts: Vec::new(),
                    sound: Utterance {
                        channel: 0,
                        span: Span::new(SamplePos(0), SamplePos(0)),
                        pcm: Vec::new(),
                    },
                });
                let at = joined.sound.pcm.len() + pause / 2;
                joined.parts.push((letters(&said.text, lang), at));
                joined.sound.pcm.extend_from_slice(pcm);
                let end = joined.sound.pcm.len() as u64;
                joined.sound.span = Span::new(SamplePos(0), SamplePos(end));
            }
            found.extend(open.take().filter(|j| j.parts.len() > 1));
        }
    }
    found
}

fn engine(align: bool) -> Whisper {
    Whisper::load(&WhisperOptions {
        model: common::root().join("models/practice/asr/model.bin"),
        name: "practice-asr".into(),
        engine: Engine::Native,
        threads: 1,
        max_utterance_ms: Some(7_000),
        fit_window: true,
        align,
        beam: 1,
        names: Vec::new(),
        prompt: false,
    })
    .unwrap()
}

/// How far in milliseconds the first word of each later part was placed from where it begins, where the
/// parts are written one after the other without an error.
fn errors(joined: &Joined, words: &[Word]) -> Vec<u64> {
    let mut written = String::new();
    let mut starts = Vec::new();
    for word in words {
        starts.push((written.clone(), word.start_ms));
        written += &text::fold(&word.text);
    }
    let mut before = String::new();
    let mut errors = Vec::new();
    for (letters, at) in &joined.parts {
        let whole = format!("{before}{letters}");
        if !written.starts_with(&whole) {
            break;
        }
        let start = starts.iter().find(|(w, _)| *w == before);
        if let (false, Some((_, start))) = (before.is_empty(), start) {
            errors.push(start.abs_diff(*at as u64 / 16));
        }
        before = whole;
    }
    errors
}

fn at(sorted: &[u64], percent: usize) -> u64 {
    sorted[(sorted.len() - 1) * percent / 100]
}

#[test]
fn words_are_found_nearer_to_where_they_were_said_than_by_spreading_them() {
    let mut engines = [engine(true), engine(false)];
    let mut all: [Vec<u64>; 2] = Default::default();
    for pause_ms in [40, 240] {
        let mut found: [Vec<u64>; 2] = Default::default();
        for joined in joined(pause_ms * 16) {
            let heard = engines.each_mut().map(|engine| {
                engine
                    .recognize(&joined.sound, &[joined.lang], &Cancel::new())
                    .unwrap()
            });
            assert_eq!(heard[0].text, heard[1].text);
            for (found, heard) in found.iter_mut().zip(&heard) {
                found.extend(errors(&joined, &heard.words));
            }
        }
        for (name, (all, mut found)) in ["attention", "spread"]
            .iter()
            .zip(all.iter_mut().zip(found))
        {
            found.sort_unstable();
            println!(
                "pauses of {pause_ms} ms, {name}: {} words, median {} ms, 95 % within {} ms",
                found.len(),
                at(&found, 50),
                at(&found, 95)
            );
            all.append(&mut found);
        }
    }
    all.iter_mut().for_each(|found| found.sort_unstable());
    let [attention, spread] = &all;
    assert!(attention.len() >= 80, "{} words", attention.len());
    assert!(at(attention, 50) * 2 < at(spread, 50));
    assert!(at(attention, 95) <= at(spread, 95));
}
