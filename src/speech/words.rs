//! Where in the recording each word was said, and how likely its tokens were.
//!
//! Whisper is asked for no timestamps (they cost text). Where the engine tells when each token was said
//! (`align`), a word begins and ends with its tokens. Else, since whisper.cpp's alignment by attention
//! ends the program on a window shorter than 30 s, the letters of a line are spread evenly over
//! the parts of the sound in which somebody speaks: good enough to highlight and to jump to. A longer
//! pause stands between two words.

use std::ops::Range;

use crate::domain::{Lang, SamplePos, Span, Word};
use crate::text;

use super::sound::FRAME;
use super::text_tokens::Assembled;

/// Weight of a frame without voice, so that a line in faint sound still has places.
const PAUSE_WEIGHT: f32 = 0.02;
/// Frames without voice that no word is said over: 300 ms.
const LONG_PAUSE: usize = 30;
/// The same where the places of the tokens are known: 100 ms, more than the closed lips of a `p`.
const SHORT_PAUSE: usize = 10;
/// Frames of sound in a second.
const FRAMES_A_SECOND: f32 = 100.0;

/// The words of `line` (the canonical form of `raw.text`), in order, inside `span`.
///
/// `voiced` has one entry for each 10 ms of `span`; `log_probs` one for each token of `raw`, `times` one
/// more, in seconds from the start of `span`.
pub fn place(
    line: &str,
    lang: Lang,
    raw: &Assembled,
    log_probs: &[f32],
    times: Option<&[f32]>,
    voiced: &[bool],
    span: Span,
) -> Vec<Word> {
    let ranges = text::words(line, lang);
    let clock = Clock::new(voiced, span);
    let scale = Scale::new(raw, line);
    let places = match times {
        Some(times) => aligned(&ranges, &Knots::new(raw, times), &scale, voiced, &clock),
        None => spread(line, &ranges, voiced, &clock),
    };
    let each = ranges.into_iter().zip(places);
    each.map(|(range, place)| Word {
        text: line.get(range.clone()).unwrap_or_default().to_owned(),
        start_ms: place.start,
        end_ms: place.end,
        confidence: confidence(raw, log_probs, scale.range(&range)),
    })
    .collect()
}

/// A place for each word, in milliseconds from the start of the recording: its letters' share of the
/// speech.
fn spread(line: &str, ranges: &[Range<usize>], voiced: &[bool], clock: &Clock) -> Vec<Range<u64>> {
    let letters = |text: &str| text::graphemes(text).len() as f32;
    let weights: Vec<f32> = ranges
        .iter()
        .map(|r| line.get(r.clone()).map_or(0.0, letters).max(1.0))
        .collect();
    let total: f32 = weights.iter().sum();
    let mut before = 0.0;
    let mut places = Vec::with_capacity(ranges.len());
    for weight in weights {
        let (from, to) = (before / total, (before + weight) / total);
        before += weight;
        places.push(clock.at(from)..clock.at(to));
    }
    for pause in pauses(voiced, LONG_PAUSE) {
        let at = |frame: usize| clock.frame(frame).as_ms();
        keep_free(&mut places, at(pause.start), at(pause.end));
    }
    places
}

/// A place for each word: from its first token to what follows it, without the pause before and behind.
fn aligned(
    ranges: &[Range<usize>],
    knots: &Knots<'_>,
    scale: &Scale,
    voiced: &[bool],
    clock: &Clock,
) -> Vec<Range<u64>> {
    let frame = |seconds: f32| (seconds * FRAMES_A_SECOND).max(0.0);
    let first = voiced.iter().position(|v| *v).unwrap_or(0);
    let last = voiced.iter().rposition(|v| *v).unwrap_or(voiced.len());
    let mut silent = pauses(voiced, SHORT_PAUSE);
    silent.insert(0, 0..first);
    silent.push(last.saturating_add(1)..usize::MAX);
    let mut free = 0;
    let mut places = Vec::with_capacity(ranges.len());
    for range in ranges {
        let range = scale.range(range);
        let mut from = frame(knots.start(range.start));
        let mut to = frame(knots.end(range.end)).max(from);
        let holds =
            |pause: &&Range<usize>, at: f32| pause.start as f32 <= at && at <= pause.end as f32;
        let (before, behind) = (
            silent.iter().find(|p| holds(p, from)),
            silent.iter().find(|p| holds(p, to)),
        );
        // A word that lies in one pause wholly is faint, or misplaced: it stays where it was seen.
        if before != behind || before.is_none() {
            from = before.map_or(from, |pause| pause.end as f32);
            to = behind.map_or(to, |pause| pause.start as f32).max(from);
        }
        let start = clock.fraction(from).max(free);
        let end = clock.fraction(to).max(start);
        free = end;
        places.push(start..end);
    }
    places
}

/// The frames of each pause of `least` frames or more between two voiced ones.
fn pauses(voiced: &[bool], least: usize) -> Vec<Range<usize>> {
    let spoken: Vec<usize> = (0..)
        .zip(voiced)
        .filter(|(_, v)| **v)
        .map(|(f, _)| f)
        .collect();
    let gaps = spoken.iter().zip(spoken.iter().skip(1));
    gaps.map(|(last, next)| last.saturating_add(1)..*next)
        .filter(|gap| gap.len() >= least)
        .collect()
}

/// Puts a pause, in milliseconds, between two words: at the nearer end of the word over which it lies.
fn keep_free(words: &mut [Range<u64>], from: u64, to: u64) {
    let Some(first) = words.iter().position(|w| w.end > from) else {
        return;
    };
    let Some(word) = words.get(first) else { return };
    let mostly_before = from.saturating_sub(word.start) >= word.end.saturating_sub(to);
    let (before, after) = words.split_at_mut(first.saturating_add(usize::from(mostly_before)));
    // One word over all the sound, or the pause before the first: there is no place to move to.
    let (Some(last), Some(next)) = (before.last_mut(), after.first_mut()) else {
        return;
    };
    last.end = from;
    next.start = to;
    for word in before {
        word.start = word.start.min(from);
        word.end = word.end.min(from);
    }
    for word in after {
        word.start = word.start.max(to);
        word.end = word.end.max(to);
    }
}

/// Where bytes of the canonical line stand in the raw text, which differs from it by little more than
/// spaces at the ends.
struct Scale {
    lead: usize,
    body: usize,
    line: usize,
}

impl Scale {
    fn new(raw: &Assembled, line: &str) -> Self {
        Self {
            lead: raw.text.len() - raw.text.trim_start().len(),
            body: raw.text.trim().len(),
            line: line.len().max(1),
        }
    }

    fn range(&self, range: &Range<usize>) -> Range<usize> {
        let at = |at: usize| self.lead + at * self.body / self.line;
        at(range.start)..at(range.end)
    }
}

/// Mean probability of the tokens that lie in these bytes of the raw text.
fn confidence(raw: &Assembled, log_probs: &[f32], bytes: Range<usize>) -> f32 {
    let mut start = 0;
    let (mut sum, mut count) = (0.0, 0.0);
    for (&end, log_p) in raw.ends.iter().zip(log_probs) {
        // A token that only begins a character belongs to the word in which the character ends.
        let inside = if end == start {
            bytes.contains(&end)
        } else {
            start < bytes.end && end > bytes.start
        };
        if inside {
            sum += log_p.exp();
            count += 1.0;
        }
        start = end;
    }
    if count > 0.0 {
        (sum / count).clamp(0.0, 1.0)
    } else {
        0.0
    }
}

/// When bytes of the raw text were said.
struct Knots<'a> {
    text: &'a str,
    /// The first letter of each token and when it begins; last the end of the text.
    known: Vec<(usize, f32)>,
}

impl<'a> Knots<'a> {
    fn new(raw: &'a Assembled, times: &[f32]) -> Self {
        let mut known = Vec::with_capacity(times.len());
        let mut start = 0;
        for (&end, &time) in raw.ends.iter().zip(times) {
            let piece = raw.text.get(start..end).unwrap_or_default();
            let letters = piece.trim_start();
            // A token of spaces alone says nothing; an empty one begins a character.
            if piece.is_empty() || !letters.is_empty() {
                known.push((end - letters.len(), time));
            }
            start = end;
        }
        known.push((raw.text.len(), times.last().copied().unwrap_or(0.0)));
        Self {
            text: &raw.text,
            known,
        }
    }

    /// When the letter at this byte begins, in seconds.
    fn start(&self, byte: usize) -> f32 {
        let after = self.known.partition_point(|k| k.0 < byte);
        let before = after.checked_sub(1).and_then(|at| self.known.get(at));
        match (before, self.known.get(after)) {
            (_, Some((at, time))) if *at == byte => *time,
            (Some((from, first)), Some((to, last))) => {
                let part = (byte - from) as f32 / (to - from).max(1) as f32;
                first + (last - first) * part
            }
            (Some((_, time)), None) | (None, Some((_, time))) => *time,
            (None, None) => 0.0,
        }
    }

    /// When what follows this byte begins, in seconds.
    fn end(&self, byte: usize) -> f32 {
        let rest = self.text.get(byte..).unwrap_or_default();
        self.start(byte + rest.len() - rest.trim_start().len())
    }
}

/// Turns a share of the spoken letters into a time.
struct Clock {
    /// Spoken weight up to the end of each frame.
    sums: Vec<f32>,
    span: Span,
}

impl Clock {
    fn new(voiced: &[bool], span: Span) -> Self {
        let mut sum = 0.0;
        let sums = voiced
            .iter()
            .map(|&v| {
                sum += if v { 1.0 } else { PAUSE_WEIGHT };
                sum
            })
            .collect();
        Self { sums, span }
    }

    /// Milliseconds from the start of the recording at which `share` (0 to 1) has been spoken.
    fn at(&self, share: f32) -> u64 {
        let wanted = share.clamp(0.0, 1.0) * self.sums.last().copied().unwrap_or(0.0);
        let frame = self.sums.partition_point(|&s| s < wanted);
        let before = frame
            .checked_sub(1)
            .and_then(|f| self.sums.get(f))
            .copied()
            .unwrap_or(0.0);
        let weight = self.sums.get(frame).map_or(1.0, |s| s - before);
        let part = ((wanted - before) / weight).clamp(0.0, 1.0);
        let samples = ((frame as f32 + part) * FRAME as f32) as u64;
        self.position(samples).as_ms()
    }

    /// Milliseconds from the start of the recording to so many frames of the span.
    fn fraction(&self, frames: f32) -> u64 {
        self.position((frames * FRAME as f32) as u64).as_ms()
    }

    /// Where a frame begins.
    fn frame(&self, frame: usize) -> SamplePos {
        self.position(frame.saturating_mul(FRAME) as u64)
    }

    fn position(&self, samples: u64) -> SamplePos {
        SamplePos(
            self.span
                .start
                .0
                .saturating_add(samples)
                .min(self.span.end.0),
        )
    }
}

#[cfg(test)]
mod tests;
