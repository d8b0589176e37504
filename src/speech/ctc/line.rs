//! From the scores of an utterance to a hypothesis: the reading that fits best, its text, where each
//! word was said, and doubts.

use std::ops::Range;

use crate::domain::{Cancel, Flag, FlagKind, Hypothesis, Lang, SamplePos, Span, Utterance, Word};
use crate::speech::Error;
use crate::speech::sound;
use crate::speech::suspicion::{self, Evidence};
use crate::text;

use super::doubt;
use super::search::{Said, align, beam, greedy};
use super::{Reading, Shared};

/// Below this distance between the mean logarithms of two languages a person should look.
const CLOSE: f32 = 0.1;

/// A reading written down.
struct Written {
    lang: Lang,
    /// As the tokens spell it.
    raw: String,
    said: Vec<Said>,
    /// Bytes of `raw` after each token.
    ends: Vec<usize>,
    /// Mean logarithm of the tokens' probabilities.
    mean: f32,
}

impl Written {
    /// Logarithms of the probabilities of those tokens that write more than a gap.
    fn letters(&self) -> Vec<f32> {
        let starts = [0].into_iter().chain(self.ends.iter().copied());
        let written = starts
            .zip(&self.ends)
            .map(|(from, to)| self.raw.get(from..*to));
        let letters = self.said.iter().zip(written);
        letters
            .filter(|(_, text)| text.is_some_and(|text| !text.trim().is_empty()))
            .map(|(said, _)| said.log_prob)
            .collect()
    }
}

/// What is said of sound in which nothing can be heard.
pub(super) fn silent(lang: Option<Lang>, engine: &str) -> Hypothesis {
    Hypothesis {
        lang: lang.unwrap_or(Lang::En),
        text: String::new(),
        confidence: 0.0,
        words: Vec::new(),
        flags: vec![Flag::new(FlagKind::NoText)],
        engine: engine.to_owned(),
    }
}

/// The hypothesis of the reading that fits best.
///
/// # Errors
/// [`Error::NoLanguage`] where the model reads none of the languages; a cancel.
pub(super) fn best(
    readings: &[Reading<'_>],
    among: &[Lang],
    utterance: &Utterance,
    shared: &Shared,
    cancel: &Cancel,
) -> Result<Hypothesis, Error> {
    let mut written = Vec::new();
    for reading in readings {
        written.push(write(reading, among, cancel)?);
    }
    written.sort_by(|a, b| b.mean.total_cmp(&a.mean));
    let second = written.get(1).map(|w| (w.lang, w.mean));
    let Some(first) = written.into_iter().next() else {
        return Err(Error::NoLanguage);
    };
    let doubt = second
        .filter(|(lang, mean)| *lang != first.lang && first.mean - mean < CLOSE)
        .map(|(lang, mean)| {
            let detail = format!("{} {:.2} | {lang} {mean:.2}", first.lang, first.mean);
            Flag::with(FlagKind::LanguageUncertain, detail)
        });
    Ok(hypothesis(first, doubt, utterance, shared))
}

fn write(reading: &Reading<'_>, among: &[Lang], cancel: &Cancel) -> Result<Written, Error> {
    let (speaker, scores) = (reading.speaker, &reading.scores);
    let blank = speaker.letters.blank;
    let plain = greedy(scores, blank);
    let said = if speaker.lexicon.is_empty() {
        plain
    } else {
        let tokens = beam(scores, blank, &speaker.lexicon, cancel)?;
        align(scores, &tokens, blank).unwrap_or(plain)
    };
    let mut raw = String::new();
    let mut ends = Vec::with_capacity(said.len());
    for token in &said {
        raw.push_str(speaker.letters.text(token.token));
        ends.push(raw.len());
    }
    let sum: f32 = said.iter().map(|s| s.log_prob).sum();
    let mean = if said.is_empty() {
        f32::MIN
    } else {
        sum / said.len() as f32
    };
    // A model with one set of letters for all tells the language by the script it wrote.
    let own = among.iter().filter(|lang| speaker.languages.contains(lang));
    let lang = own
        .copied()
        .reduce(|a, b| {
            if text::in_script(&raw, b) > text::in_script(&raw, a) {
                b
            } else {
                a
            }
        })
        .ok_or(Error::NoLanguage)?;
    Ok(Written {
        lang,
        raw,
        said,
        ends,
        mean,
    })
}

fn hypothesis(
    written: Written,
    doubt: Option<Flag>,
    utterance: &Utterance,
    shared: &Shared,
) -> Hypothesis {
    let line = text::normalise(&written.raw, written.lang);
    let words = words(&written, &line, utterance.span, shared.stride);
    let confidence = if line.is_empty() {
        0.0
    } else {
        written.mean.exp().clamp(0.0, 1.0)
    };
    let voiced_seconds = sound::voiced_seconds(&sound::voiced(&utterance.pcm));
    let mut flags: Vec<Flag> = doubt.into_iter().collect();
    flags.extend(suspicion::flags(&Evidence {
        line: &line,
        lang: written.lang,
        confidence,
        weakest_word: words.iter().map(|w| w.confidence).fold(1.0, f32::min),
        no_speech: doubt::no_speech(&written.letters(), &line, written.lang, voiced_seconds),
        voiced_seconds,
        cut: false,
        lost_bytes: 0,
    }));
    Hypothesis {
        lang: written.lang,
        text: line,
        confidence,
        words,
        flags,
        engine: shared.engine.clone(),
    }
}

/// The words of `line`, each with the frames of its letters.
fn words(written: &Written, line: &str, span: Span, stride: usize) -> Vec<Word> {
    let at = |frame: usize| {
        let sample = (frame as u64).saturating_mul(stride as u64);
        SamplePos(span.start.0.saturating_add(sample).min(span.end.0)).as_ms()
    };
    let word = |range: Range<usize>| {
        let said = letters_of(written, line.len(), &range);
        let (first, last) = (said.first()?, said.last()?);
        let sum: f32 = said.iter().map(|s| s.log_prob.exp()).sum();
        Some(Word {
            text: line.get(range)?.to_owned(),
            start_ms: at(first.start),
            end_ms: at(last.end),
            confidence: (sum / said.len() as f32).clamp(0.0, 1.0),
        })
    };
    text::words(line, written.lang)
        .into_iter()
        .filter_map(word)
        .collect()
}

/// The tokens that spell bytes `range` of the line, whose bytes are scaled to the raw text's: the two
/// differ by little more than spaces at the ends.
fn letters_of<'a>(written: &'a Written, line: usize, range: &Range<usize>) -> &'a [Said] {
    let lead = written.raw.len() - written.raw.trim_start().len();
    let body = written.raw.trim().len();
    let scale = |at: usize| lead.saturating_add(at.saturating_mul(body) / line.max(1));
    let (from, to) = (scale(range.start), scale(range.end));
    let first = written.ends.partition_point(|end| *end <= from);
    let last = written
        .ends
        .partition_point(|end| *end < to)
        .saturating_add(1);
    let last = last.min(written.said.len());
    written.said.get(first..last.max(first)).unwrap_or_default()
}
