//! Voices told apart on one channel: the practice interviews with both people, and with four, in one
//! sound; the first lines of each person are known.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;
#[path = "common/interviews.rs"]
mod interviews;

use interviews::{Said, interviews};
use mekong_interview::domain::{Cancel, Lang, Utterance};
use mekong_interview::speech::voices::{Ear, Line, tell_apart};

/// Lines of each person of which it is told who speaks.
const TOLD: usize = 4;
/// From this share on a suggestion is taken for sure.
const SURE: f32 = 0.95;

/// Who speaks, and what is heard of it.
struct Spoken {
    who: usize,
    lang: Lang,
    pcm: Vec<f32>,
}

/// One interview's lines; `first` is the number of its officer.
fn lines(of: (&[Said], &[Utterance]), first: usize, noise: f32) -> Vec<Spoken> {
    let mut state = first as u64 + 1;
    // Steps of a linear congruential generator, the same in each run.
    let mut hiss = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        ((state >> 40) as f32 / (1 << 24) as f32 - 0.5) * 12f32.sqrt()
    };
    let mut one = |(said, sound): (&Said, &Utterance)| Spoken {
        who: first + usize::from(said.speaker != "officer"),
        lang: said.lang,
        pcm: {
            let loud =
                (sound.pcm.iter().map(|x| x * x).sum::<f32>() / sound.pcm.len() as f32).sqrt();
            sound
                .pcm
                .iter()
                .map(|x| x + noise * loud * hiss())
                .collect()
        },
    };
    of.0.iter().zip(of.1).map(&mut one).collect()
}

/// Of the lines whose speaker was not told: right, sure, sure and right, all.
#[derive(Debug, Default)]
struct Counts {
    right: usize,
    sure: usize,
    sure_and_right: usize,
    all: usize,
}

impl Counts {
    fn add(&mut self, spoken: &[Spoken], ear: &Ear) {
        let mut told = [0; 4];
        let lines: Vec<Line> = spoken
            .iter()
            .map(|line| {
                told[line.who] += 1;
                Line {
                    voice: ear.hear(&line.pcm),
                    lang: line.lang,
                    speaker: (told[line.who] <= TOLD).then_some(line.who),
                }
            })
            .collect();
        let guesses = tell_apart(&lines, &Cancel::new()).unwrap();
        assert_eq!(guesses.len(), lines.len());
        for ((guess, line), spoken) in guesses.iter().zip(&lines).zip(spoken) {
            if line.speaker.is_none() {
                let right = guess.is_some_and(|g| g.speaker == spoken.who);
                let sure = guess.is_some_and(|g| g.share >= SURE);
                self.right += usize::from(right);
                self.sure += usize::from(sure);
                self.sure_and_right += usize::from(right && sure);
                self.all += 1;
            }
        }
    }
}

#[test]
fn people_on_one_channel_are_told_apart_by_their_voices() {
    let (all, ear) = (interviews(), Ear::default());
    let part = |i: usize, first: usize, noise: f32| {
        let (script, sounds): &(_, Vec<Utterance>) = &all[i % all.len()];
        lines((&script.segments, sounds), first, noise)
    };
    // In noise at 5 dB below the voices too.
    for noise in [0.0, 0.56] {
        let (mut two, mut four) = (Counts::default(), Counts::default());
        for i in 0..all.len() {
            two.add(&part(i, 0, noise), &ear);
            let mut both = part(i, 0, noise);
            both.extend(part(i + 1, 2, noise));
            four.add(&both, &ear);
        }
        println!("voices: noise {noise}: of two people {two:?}, of four {four:?}");
        for counts in [two, four] {
            assert!(counts.right * 100 >= counts.all * 98, "{counts:?}");
            assert!(counts.sure * 100 >= counts.all * 95, "{counts:?}");
            assert!(
                counts.sure_and_right * 100 >= counts.sure * 99,
                "{counts:?}"
            );
        }
    }
}

#[test]
fn nothing_is_guessed_of_one_voice_of_short_lines_or_of_silence() {
    let ear = Ear::default();
    let tone = |hertz: f32, seconds: f32| -> Vec<f32> {
        let count = (16_000.0 * seconds) as usize;
        let at = |i: usize| (i as f32 * hertz * std::f32::consts::TAU / 16_000.0).sin() * 0.3;
        (0..count).map(at).collect()
    };
    let line = |pcm: &[f32], speaker| Line {
        voice: ear.hear(pcm),
        lang: Lang::Km,
        speaker,
    };
    let one = [
        line(&tone(150.0, 4.0), Some(0)),
        line(&tone(150.0, 4.0), None),
    ];
    assert!(tell_apart(&one, &Cancel::new()).unwrap().is_empty());
    let some = [
        line(&tone(110.0, 4.0), Some(0)),
        line(&tone(260.0, 4.0), Some(5)),
        line(&tone(110.0, 0.1), None),
        line(&[], None),
        line(&[0.0; 16_000], None),
        line(&[f32::NAN; 16_000], None),
        line(&tone(262.0, 2.0), None),
    ];
    let guesses = tell_apart(&some, &Cancel::new()).unwrap();
    assert_eq!(guesses.len(), some.len());
    assert!(guesses[2].is_none() && guesses[3].is_none(), "{guesses:?}");
    assert_eq!(guesses[6].map(|g| g.speaker), Some(5), "{guesses:?}");
    let stopped = Cancel::new();
    stopped.cancel();
    assert!(tell_apart(&some, &stopped).is_err());
}
