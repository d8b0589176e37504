//! How often a word of so much confidence is right, measured on recordings whose words are known.
//!
//! A model's probabilities are no promise: of the words that it gives 0.9, far fewer or far more than nine
//! in ten may be right. The measured words are put into groups of rising confidence, neighbouring groups
//! that fall where they should rise are joined (isotonic regression by pooling adjacent violators), and
//! between the groups' means the line is straight.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{Cancel, Hypothesis, Lang, Utterance};
use crate::text;

use super::{Error, Recognizer};

/// Fewer measured words say nothing.
pub const FEWEST_WORDS: usize = 100;
/// Groups at most; each holds [`SMALLEST`] words at least.
const MOST_STEPS: usize = 10;
/// Words of a group.
const SMALLEST: usize = 20;
/// Rows of the table of reliability, each a tenth of the scale.
const ROWS: usize = 10;
/// Letters of the truth times letters of what was heard that are compared at most; a recording beyond
/// is not judged word by word.
const MOST_CELLS: usize = 16 << 20;

/// One recognised word whose truth is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgedWord {
    /// As the model gave it, 0.0 to 1.0.
    pub confidence: f32,
    /// All of its letters were said, and none between them is missing.
    pub right: bool,
}

/// One point of a calibration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Mean confidence of the words of the group.
    pub given: f32,
    /// Share of them that were right.
    pub right: f32,
}

/// How the confidence of one model in one language is to be read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calibration {
    /// Words that were measured.
    pub words: usize,
    /// Rising in both numbers, at least one, at most ten.
    pub steps: Vec<Step>,
}

/// Calibrations by the model's hash, then by language.
pub type CalibrationsByModel = BTreeMap<String, BTreeMap<Lang, Calibration>>;

/// How far confidence is from the truth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reliability {
    /// Mean distance between confidence and the share of right words, over all words (expected
    /// calibration error).
    pub error: f64,
    /// By tenths of the scale; those without words are left out.
    pub rows: Vec<ReliabilityRow>,
}

/// The words of one tenth of the scale.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReliabilityRow {
    /// Words.
    pub words: usize,
    /// Their mean confidence.
    pub confidence: f64,
    /// Share of them that were right.
    pub right: f64,
}

impl Calibration {
    /// Learns from judged words; `None` where they are fewer than [`FEWEST_WORDS`].
    pub fn fit(words: &[JudgedWord]) -> Option<Self> {
        if words.len() < FEWEST_WORDS {
            return None;
        }
        let mut sorted = words.to_vec();
        sorted.sort_by(|a, b| a.confidence.total_cmp(&b.confidence));
        let size = sorted.len().div_ceil(MOST_STEPS).max(SMALLEST);
        let mut groups: Vec<Group> = Vec::new();
        for chunk in sorted.chunks(size) {
            let mut group = Group::of(chunk);
            // Words of one confidence are one group, and so is what would fall.
            while let Some(before) = groups.pop_if(|before| {
                // As they are kept: what differs less than that is one confidence.
                before.share() as f32 >= group.share() as f32
                    || before.mean() as f32 >= group.mean() as f32
            }) {
                group = before.with(&group);
            }
            groups.push(group);
        }
        let steps = groups.iter().map(|group| Step {
            given: group.mean() as f32,
            right: group.share() as f32,
        });
        Some(Self {
            words: words.len(),
            steps: steps.collect(),
        })
    }

    /// Whether it can have come from [`Self::fit`]; what is read from a file may be anything.
    pub fn is_sound(&self) -> bool {
        let share = |x: f32| (0.0..=1.0).contains(&x);
        let rises = |two: &[Step]| match two {
            [a, b] => a.given < b.given && a.right <= b.right,
            _ => false,
        };
        (1..=MOST_STEPS).contains(&self.steps.len())
            && self.steps.iter().all(|s| share(s.given) && share(s.right))
            && self.steps.windows(2).all(rises)
            && self.words >= FEWEST_WORDS
    }

    /// The share of words of this confidence that are right, as measured.
    pub fn apply(&self, confidence: f32) -> f32 {
        let after = self.steps.partition_point(|s| s.given < confidence);
        let before = after.checked_sub(1).and_then(|at| self.steps.get(at));
        match (before, self.steps.get(after)) {
            (Some(a), Some(b)) => {
                let part = (confidence - a.given) / (b.given - a.given).max(f32::EPSILON);
                a.right + (b.right - a.right) * part.clamp(0.0, 1.0)
            }
            (Some(step), None) | (None, Some(step)) => step.right,
            (None, None) => confidence,
        }
    }
}

/// Words in a row by confidence.
#[derive(Clone, Copy, Debug)]
struct Group {
    words: f64,
    right: f64,
    confidence: f64,
}

impl Group {
    fn of(words: &[JudgedWord]) -> Self {
        Self {
            words: words.len() as f64,
            right: words.iter().filter(|w| w.right).count() as f64,
            confidence: words.iter().map(|w| f64::from(w.confidence)).sum(),
        }
    }

    fn with(self, other: &Self) -> Self {
        Self {
            words: self.words + other.words,
            right: self.right + other.right,
            confidence: self.confidence + other.confidence,
        }
    }

    fn mean(&self) -> f64 {
        self.confidence / self.words.max(1.0)
    }

    /// With one word more that was right and one that was not: a few words prove no certainty
    /// (Laplace's rule of succession).
    fn share(&self) -> f64 {
        (self.right + 1.0) / (self.words + 2.0)
    }
}

/// Reads kept calibrations. A text that is none holds none; of one with a damaged entry the others count.
pub fn read_calibrations(text: &[u8]) -> CalibrationsByModel {
    let all: BTreeMap<String, Value> = serde_json::from_slice(text).unwrap_or_default();
    let languages = |by: Value| -> BTreeMap<Lang, Calibration> {
        let Value::Object(by) = by else {
            return BTreeMap::new();
        };
        let known = by.into_iter().filter_map(|(lang, calibration)| {
            let known = serde_json::from_value(calibration).ok()?;
            Some((lang.parse().ok()?, known))
        });
        known.collect()
    };
    let models = all.into_iter().map(|(model, by)| (model, languages(by)));
    models.filter(|(_, known)| !known.is_empty()).collect()
}

/// How reliable these confidences are; `None` without words.
pub fn reliability(words: &[JudgedWord]) -> Option<Reliability> {
    let row_of = |word: &JudgedWord| {
        let row = (f64::from(word.confidence) * ROWS as f64) as usize;
        row.min(ROWS - 1)
    };
    let mut rows = Vec::new();
    let mut error = 0.0;
    for row in 0..ROWS {
        let own: Vec<JudgedWord> = words.iter().filter(|w| row_of(w) == row).copied().collect();
        if own.is_empty() {
            continue;
        }
        let group = Group::of(&own);
        let right = group.right / group.words;
        error += (group.mean() - right).abs() * group.words / words.len() as f64;
        rows.push(ReliabilityRow {
            words: own.len(),
            confidence: group.mean(),
            right,
        });
    }
    (!words.is_empty()).then_some(Reliability { error, rows })
}

/// The judged words of these recordings with the confidence that a calibration of the other half of them gives,
/// so that none is judged by what was learnt from its own recording. The halves are as equal as whole recordings
/// let them be. `None` where one is too small.
pub fn crossed(recordings: &[Vec<JudgedWord>]) -> Option<Vec<JudgedWord>> {
    let all = recordings.iter().map(Vec::len).sum::<usize>();
    let unequal = |end: &usize| end.abs_diff(all.saturating_sub(*end));
    let ends = recordings.iter().scan(0_usize, |end, own| {
        *end = end.saturating_add(own.len());
        Some(*end)
    });
    let middle = ends.min_by_key(unequal)?;
    let words = recordings.concat();
    let (first, second) = words.split_at_checked(middle)?;
    let (of_first, of_second) = (Calibration::fit(first)?, Calibration::fit(second)?);
    let told = |words: &[JudgedWord], by: &Calibration| -> Vec<JudgedWord> {
        let each = words.iter().map(|word| JudgedWord {
            confidence: by.apply(word.confidence),
            ..*word
        });
        each.collect()
    };
    let mut all = told(first, &of_second);
    all.extend(told(second, &of_first));
    Some(all)
}

/// Compares recognised words with what was said in `lang`, letter by letter without spaces and punctuation:
/// a word is right where its letters were said one after the other and none of the same word is left over
/// beside them. Nothing where the two together are too long.
pub fn judge_words(said: &str, lang: Lang, heard: &[(&str, f32)]) -> Vec<JudgedWord> {
    let truth = text::spoken_chars(said);
    let mut written = Vec::new();
    let mut ends = Vec::with_capacity(heard.len());
    for (word, _) in heard {
        written.extend(text::spoken_chars(word));
        ends.push(written.len());
    }
    if truth.len().saturating_mul(written.len()) > MOST_CELLS {
        return Vec::new();
    }
    let (places, met) = places(&truth, &written);
    let said = SaidLetters::new(said, lang, met);
    let mut from = 0;
    let mut judged = Vec::with_capacity(heard.len());
    for ((_, confidence), end) in heard.iter().zip(ends) {
        let own = places.get(from..end).unwrap_or_default();
        from = end;
        // A word of marks alone is none.
        let Some(Some(first)) = own.first() else {
            if !own.is_empty() {
                judged.push(JudgedWord {
                    confidence: *confidence,
                    right: false,
                });
            }
            continue;
        };
        let whole = (*first..).zip(own).all(|(at, place)| *place == Some(at));
        let right = whole && said.is_all(*first, first.saturating_add(own.len()));
        judged.push(JudgedWord {
            confidence: *confidence,
            right,
        });
    }
    judged
}

/// The letters that were said: where their words begin, and for which of them any letter was written.
struct SaidLetters {
    begins: Vec<bool>,
    met: Vec<bool>,
}

impl SaidLetters {
    fn new(said: &str, lang: Lang, met: Vec<bool>) -> Self {
        let mut begins = vec![false; met.len()];
        let mut at = 0usize;
        for range in text::words(said, lang) {
            if let Some(begin) = begins.get_mut(at) {
                *begin = true;
            }
            let letters = text::spoken_chars(said.get(range).unwrap_or_default());
            at = at.saturating_add(letters.len());
        }
        if at != met.len() {
            // Something between the words was said too, so nobody knows where they begin.
            begins.fill(true);
        }
        Self { begins, met }
    }

    /// Whether no letter of the words that these letters are of is left over on either side of them.
    fn is_all(&self, from: usize, to: usize) -> bool {
        let begins = |at: usize| self.begins.get(at).copied().unwrap_or(true);
        let met = |at: usize| self.met.get(at).copied().unwrap_or(true);
        let before = from.checked_sub(1).is_none_or(met);
        (begins(from) || before) && (begins(to) || met(to))
    }
}

/// For each letter of `written` the place of the same letter in `truth` that it stands for, on the
/// shortest way from one to the other; for each of `truth` whether any letter stands for it.
fn places(truth: &[char], written: &[char]) -> (Vec<Option<usize>>, Vec<bool>) {
    let width = truth.len() + 1;
    // Costs of the rests: of `written` from a letter on against `truth` from a letter on.
    let mut costs = vec![0u32; width * (written.len() + 1)];
    let cost = |costs: &[u32], i: usize, j: usize| {
        costs.get(i * width + j).copied().unwrap_or(u32::MAX / 2)
    };
    for i in (0..=written.len()).rev() {
        for j in (0..=truth.len()).rev() {
            let best = match (written.get(i), truth.get(j)) {
                (None, None) => 0,
                (Some(_), None) => cost(&costs, i + 1, j) + 1,
                (None, Some(_)) => cost(&costs, i, j + 1) + 1,
                (Some(a), Some(b)) => {
                    let both = cost(&costs, i + 1, j + 1) + u32::from(a != b);
                    both.min(cost(&costs, i + 1, j) + 1)
                        .min(cost(&costs, i, j + 1) + 1)
                }
            };
            if let Some(place) = costs.get_mut(i * width + j) {
                *place = best;
            }
        }
    }
    let mut places = vec![None; written.len()];
    let mut met = vec![false; truth.len()];
    let (mut i, mut j) = (0, 0);
    while let (Some(a), Some(b)) = (written.get(i), truth.get(j)) {
        let here = cost(&costs, i, j);
        if here == cost(&costs, i + 1, j + 1) + u32::from(a != b) {
            if let Some(place) = places.get_mut(i).filter(|_| a == b) {
                *place = Some(j);
            }
            if let Some(met) = met.get_mut(j) {
                *met = true;
            }
            (i, j) = (i + 1, j + 1);
        } else if here == cost(&costs, i + 1, j) + 1 {
            i += 1;
        } else {
            j += 1;
        }
    }
    (places, met)
}

/// A recogniser whose words say how often such words are right.
pub struct Calibrated {
    inner: Box<dyn Recognizer>,
    by: Vec<(Lang, Calibration)>,
    engine: String,
}

impl Calibrated {
    /// `inner`, read by these calibrations, which the record calls `id`. What is doubted in a line is
    /// not changed: its limits are set for the model's own numbers.
    pub fn new(inner: Box<dyn Recognizer>, by: Vec<(Lang, Calibration)>, id: &str) -> Self {
        let engine = format!("{}, calibrated {id}", inner.engine());
        Self { inner, by, engine }
    }
}

impl Recognizer for Calibrated {
    fn engine(&self) -> &str {
        &self.engine
    }

    fn max_utterance_ms(&self) -> u64 {
        self.inner.max_utterance_ms()
    }

    fn recognize(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
    ) -> Result<Hypothesis, Error> {
        let mut hypothesis = self.inner.recognize(utterance, among, cancel)?;
        hypothesis.engine.clone_from(&self.engine);
        let own = self.by.iter().find(|(lang, _)| *lang == hypothesis.lang);
        if let Some((_, calibration)) = own {
            for word in &mut hypothesis.words {
                word.confidence = calibration.apply(word.confidence);
            }
        }
        Ok(hypothesis)
    }

    fn languages(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
    ) -> Result<Vec<(Lang, f32)>, Error> {
        self.inner.languages(utterance, among, cancel)
    }

    fn is_calibrated(&self, lang: Lang) -> bool {
        self.by.iter().any(|(known, _)| *known == lang)
    }

    fn divide(&mut self, cores: usize, memory: u64) -> Vec<Box<dyn Recognizer>> {
        let others = self.inner.divide(cores, memory).into_iter();
        let calibrated = others.map(|inner| -> Box<dyn Recognizer> {
            Box::new(Self {
                inner,
                by: self.by.clone(),
                engine: self.engine.clone(),
            })
        });
        calibrated.collect()
    }
}

#[cfg(test)]
mod tests;
