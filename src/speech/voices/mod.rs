//! Voices on one channel: who of those whose voice is known speaks in each line.
//!
//! No model is needed: the voices are learnt from the lines of which a person said who speaks, in
//! the same room and by the same microphone, and then from the lines that are told by them. A voice
//! is how its spectrum bends and how high it is. The language of a line counts beside it, as far as
//! the known lines show who speaks it: an interpreter speaks two. What is found is a suggestion that a
//! person keeps or not.

mod cepstra;
mod mixture;
mod pitch;

use crate::domain::{Cancel, Lang};

use super::Error;
use cepstra::{Cepstra, Frame};
use mixture::Mixture;

/// Seconds that a voice must have been heard, pauses left out, to be known.
pub const LEAST_KNOWN_S: f32 = 2.0;
const FRAMES_A_SECOND: f32 = 100.0;
/// Frames that the mixture of all voices is fitted to at most; of a long interview every so many-th.
const MOST_FITTED: usize = 60_000;
/// Frames of one voice in a row say nearly the same: so many count as one.
const ALIKE: f64 = 12.0;
/// A line with fewer frames is too short to tell.
const LEAST_HEARD: usize = 25;
/// Rounds in which the lines that were told make the voices known better.
const ROUNDS: usize = 3;
/// From this share on a line counts as known in the next round.
const SURE: f64 = 0.9;
/// How far the pitch of a person's lines is apart, in natural logarithms, before any is heard; and as
/// how many lines that counts.
const PITCH_WIDTH: (f64, f64) = (0.1, 4.0);

/// What is heard of the voice in a line.
pub struct Voice {
    frames: Vec<Frame>,
    pitch: Option<f32>,
}

impl Voice {
    /// Seconds in which somebody is heard.
    pub fn seconds(&self) -> f32 {
        self.frames.len() as f32 / FRAMES_A_SECOND
    }
}

/// Makes [`Voice`]s of sound.
pub struct Ear(Cepstra);

impl Default for Ear {
    fn default() -> Self {
        Self(Cepstra::new())
    }
}

impl Ear {
    /// The voice in a line; `pcm` is 16 kHz sound from -1 to 1.
    pub fn hear(&self, pcm: &[f32]) -> Voice {
        Voice {
            frames: self.0.frames(pcm),
            pitch: pitch::pitch(pcm),
        }
    }
}

/// A line of the channel.
pub struct Line {
    /// What is heard.
    pub voice: Voice,
    /// The language that it is in.
    pub lang: Lang,
    /// Who speaks, by number, where a person said so.
    pub speaker: Option<usize>,
}

/// Who probably speaks in a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guess {
    /// The speaker's number.
    pub speaker: usize,
    /// How likely, among those whose voice is known, 0 to 1.
    pub share: f32,
}

/// For each line who probably speaks; none for a line that is too short. Speakers are numbered from
/// 0; one whose known lines hold less than [`LEAST_KNOWN_S`] is never guessed. Empty where fewer than two
/// voices are known.
///
/// # Errors
/// A cancel.
pub fn tell_apart(lines: &[Line], cancel: &Cancel) -> Result<Vec<Option<Guess>>, Error> {
    let speakers = known(lines);
    let frames = lines.iter().map(|l| l.voice.frames.len()).sum::<usize>();
    let step = frames / MOST_FITTED + 1;
    let all = lines.iter().flat_map(|l| &l.voice.frames).step_by(step);
    let all: Vec<Frame> = all.copied().collect();
    let mixture = Mixture::fit(&all, &|| cancel.is_cancelled());
    let Some(mixture) = mixture.filter(|_| speakers.len() > 1) else {
        check(cancel)?;
        return Ok(Vec::new());
    };
    let told = |line: &Line, speaker: &usize| f64::from(u8::from(line.speaker == Some(*speaker)));
    let mut shares: Vec<Vec<f64>> = lines
        .iter()
        .map(|line| speakers.iter().map(|s| told(line, s)).collect())
        .collect();
    let usual: Vec<f64> = lines.iter().map(|l| mixture.of(&l.voice.frames)).collect();
    for _ in 0..=ROUNDS {
        let mut scores = vec![Vec::new(); lines.len()];
        for number in 0..speakers.len() {
            check(cancel)?;
            let own = shares
                .iter()
                .map(|s| s.get(number).is_some_and(|s| *s > SURE));
            let own = Person::new(lines, &own.collect::<Vec<_>>());
            for (scores, score) in scores.iter_mut().zip(own.scores(&mixture, &usual)) {
                scores.push(score);
            }
        }
        for ((shares, scores), line) in shares.iter_mut().zip(&scores).zip(lines) {
            if line.speaker.is_none() {
                *shares = normalised(scores);
            }
        }
    }
    let guess = |(line, shares): (&Line, &Vec<f64>)| {
        let best = shares
            .iter()
            .zip(&speakers)
            .max_by(|a, b| a.0.total_cmp(b.0));
        best.filter(|_| line.voice.frames.len() >= LEAST_HEARD)
            .map(|(share, speaker)| Guess {
                speaker: *speaker,
                share: *share as f32,
            })
    };
    Ok(lines.iter().zip(&shares).map(guess).collect())
}

fn check(cancel: &Cancel) -> Result<(), Error> {
    match cancel.is_cancelled() {
        true => Err(Error::Cancelled),
        false => Ok(()),
    }
}

/// The speakers that were heard long enough, ascending.
fn known(lines: &[Line]) -> Vec<usize> {
    let mut heard: std::collections::BTreeMap<usize, f32> = std::collections::BTreeMap::new();
    for line in lines {
        if let Some(speaker) = line.speaker {
            *heard.entry(speaker).or_default() += line.voice.seconds();
        }
    }
    heard.retain(|_, seconds| *seconds >= LEAST_KNOWN_S);
    heard.into_keys().collect()
}

/// A person among the lines: those that are known to be theirs.
struct Person<'a> {
    lines: &'a [Line],
    own: Vec<&'a Line>,
}

impl<'a> Person<'a> {
    fn new(lines: &'a [Line], own: &[bool]) -> Self {
        let own = lines.iter().zip(own).filter(|(_, own)| **own);
        Self {
            lines,
            own: own.map(|(line, _)| line).collect(),
        }
    }

    /// How much each line speaks for this person, as a natural logarithm. `usual` is how likely each is
    /// by the mixture of all.
    fn scores(&self, mixture: &Mixture, usual: &[f64]) -> Vec<f64> {
        let frames = self.own.iter().flat_map(|l| &l.voice.frames).copied();
        let voice = mixture.adapted(&frames.collect::<Vec<_>>());
        let by_frame = |(line, usual): (&Line, &f64)| {
            let frames = &line.voice.frames;
            (voice.of(frames) - usual) / frames.len().max(1) as f64
        };
        let fits: Vec<f64> = self.lines.iter().zip(usual).map(by_frame).collect();
        // A voice that was heard for less stays nearer to that of all, and fits every line better.
        let open = self.lines.iter().zip(&fits);
        let open = open.filter(|(line, _)| line.speaker.is_none());
        let (sum, count) = open.fold((0.0, 0.0), |(s, n), (_, fit)| (s + fit, n + 1.0));
        let usual = sum / f64::max(count, 1.0);
        let pitch = self.pitch();
        let score = |(line, fit): (&Line, &f64)| {
            let voice = (fit - usual) * line.voice.frames.len() as f64 / ALIKE;
            let height = line.voice.pitch.zip(pitch);
            let height = height.map_or(0.0, |(at, (middle, variance))| {
                let away = f64::from(at) - middle;
                -0.5 * (away * away / variance + variance.ln())
            });
            voice + height + self.speaks(line.lang).ln()
        };
        self.lines.iter().zip(&fits).map(score).collect()
    }

    /// Middle and variance of the pitch of the person's lines.
    fn pitch(&self) -> Option<(f64, f64)> {
        let heard = self.own.iter().filter_map(|l| l.voice.pitch);
        let heard: Vec<f64> = heard.map(f64::from).collect();
        let count = heard.len() as f64;
        if heard.is_empty() {
            return None;
        }
        let middle = heard.iter().sum::<f64>() / count;
        let (width, weight) = PITCH_WIDTH;
        let apart = heard.iter().map(|p| (p - middle).powi(2)).sum::<f64>();
        let variance = (apart + weight * width * width) / (count + weight);
        Some((middle, variance))
    }

    /// The share of the person's lines that are in a language, with one line of each language beside
    /// them, so that nothing is ruled out.
    fn speaks(&self, lang: Lang) -> f64 {
        let same = self.own.iter().filter(|l| l.lang == lang).count();
        (same as f64 + 1.0) / (self.own.len() as f64 + Lang::ALL.len() as f64)
    }
}

/// Natural logarithms as shares of 1.
fn normalised(scores: &[f64]) -> Vec<f64> {
    let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let shares: Vec<f64> = scores.iter().map(|score| (score - best).exp()).collect();
    let all: f64 = shares.iter().sum();
    shares.iter().map(|share| share / all).collect()
}
