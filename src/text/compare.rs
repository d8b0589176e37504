//! Measures between texts: edit distance, character error rate, chrF, and loops within one text.

use std::collections::HashMap;

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

use super::normalise::fold;
use super::segment::graphemes;

/// Insertions, deletions and substitutions that turn `a` into `b` (Levenshtein).
pub fn edit_distance(a: &[&str], b: &[&str]) -> usize {
    levenshtein(a, b)
}

fn levenshtein<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (y, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let substituted = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = substituted.min(diagonal + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Character errors of `hypothesis` against `reference`: (edits, characters of the reference).
///
/// Over Unicode characters of the folded texts (canonical form, lower case, one digit system)
/// without spaces, punctuation and symbols, which transcribers set as they like.
pub fn cer(reference: &str, hypothesis: &str) -> (usize, usize) {
    let (reference, hypothesis) = (spoken_chars(reference), spoken_chars(hypothesis));
    (levenshtein(&reference, &hypothesis), reference.len())
}

/// The characters that are compared: of the folded text all that are spoken, without spaces, punctuation
/// and symbols.
pub fn spoken_chars(text: &str) -> Vec<char> {
    let category = CodePointMapData::<GeneralCategory>::new();
    fold(text)
        .chars()
        .filter(|&c| {
            let c = category.get(c);
            !GeneralCategoryGroup::Punctuation.contains(c)
                && !GeneralCategoryGroup::Symbol.contains(c)
                && !GeneralCategoryGroup::Separator.contains(c)
        })
        .collect()
}

/// Longest character n-gram of chrF.
const CHRF_ORDER: usize = 6;
/// Weight of recall against precision, squared.
const CHRF_BETA_SQUARED: f64 = 4.0;

/// chrF2 of one sentence, 0 to 100, as sacrebleu's `sentence_chrf` with its default settings.
pub fn chrf(reference: &str, hypothesis: &str) -> f64 {
    let mut counts = Chrf::default();
    counts.add(reference, hypothesis);
    counts.score()
}

/// chrF2 over many sentences, as sacrebleu's `corpus_chrf`: counts are summed, then scored.
#[derive(Clone, Debug, Default)]
pub struct Chrf {
    orders: [NgramCounts; CHRF_ORDER],
}

#[derive(Clone, Copy, Debug, Default)]
struct NgramCounts {
    hypothesis: u64,
    reference: u64,
    matched: u64,
}

impl Chrf {
    /// Adds one sentence.
    pub fn add(&mut self, reference: &str, hypothesis: &str) {
        let (reference, hypothesis) = (unspaced_chars(reference), unspaced_chars(hypothesis));
        for (n, sum) in (1..).zip(self.orders.iter_mut()) {
            let wanted = ngrams(&reference, n);
            let given = ngrams(&hypothesis, n);
            let matched = given
                .iter()
                .map(|(g, &c)| c.min(wanted.get(g).copied().unwrap_or(0)))
                .sum::<u64>();
            sum.matched += matched;
            sum.reference += wanted.values().sum::<u64>();
            if !wanted.is_empty() {
                sum.hypothesis += given.values().sum::<u64>();
            }
        }
    }

    /// The score of all sentences so far, 0 to 100; 0 without any.
    pub fn score(&self) -> f64 {
        let (mut precision, mut recall, mut orders) = (0.0, 0.0, 0.0);
        for sum in self
            .orders
            .iter()
            .filter(|s| s.hypothesis > 0 && s.reference > 0)
        {
            precision += sum.matched as f64 / sum.hypothesis as f64;
            recall += sum.matched as f64 / sum.reference as f64;
            orders += 1.0;
        }
        if precision + recall == 0.0 {
            return 0.0;
        }
        let (precision, recall) = (precision / orders, recall / orders);
        let score = (1.0 + CHRF_BETA_SQUARED) * precision * recall;
        100.0 * score / (CHRF_BETA_SQUARED * precision + recall)
    }
}

/// Characters without white space, which for the reference implementation includes the four
/// separators from U+001C on.
fn unspaced_chars(text: &str) -> Vec<char> {
    text.chars()
        .filter(|c| !c.is_whitespace() && !('\u{1c}'..='\u{1f}').contains(c))
        .collect()
}

fn ngrams(chars: &[char], n: usize) -> HashMap<&[char], u64> {
    let mut counts = HashMap::new();
    for gram in chars.windows(n) {
        *counts.entry(gram).or_insert(0) += 1;
    }
    counts
}

/// Longest unit that is looked for in a loop, in grapheme clusters.
const LONGEST_UNIT: usize = 40;

/// The unit that a text repeats over and over, as decoders do when they fail; `None` for text that
/// people say. Spaces and punctuation do not break a loop; numbers alone are none.
///
/// A loop has at least ten repeats of one cluster, five of two to fifteen, four of longer units. Who
/// denies something says it two or three times: that is [`said_again`].
pub fn repetition(text: &str) -> Option<String> {
    repeats(text, loop_of, false)
}

/// The same where the text ends in the loop, with its last cluster or without: whoever writes it does not
/// come out of it any more, and may be in the middle of a cluster.
pub fn ends_in_repetition(text: &str) -> bool {
    let before = graphemes(text).pop().map_or(0, str::len);
    let whole = text.get(..text.len().saturating_sub(before));
    let ends = |text: &str| repeats(text, loop_of, true).is_some();
    ends(text) || whole.is_some_and(ends)
}

/// The unit that a text says again and again, more rarely than a loop does: at least ten times where it
/// is one cluster, five where two to four, four where five to seven, three where more: every loop is one
/// of them. People say so, and decoders write so: it is worth a look.
pub fn said_again(text: &str) -> Option<String> {
    let needed = |unit: usize| match unit {
        1 => 10,
        2..=4 => 5,
        5..=7 => 4,
        _ => 3,
    };
    repeats(text, needed, false)
}

/// Repeats that make a unit of so many clusters a loop.
fn loop_of(unit: usize) -> usize {
    match unit {
        1 => 10,
        2..=15 => 5,
        _ => 4,
    }
}

/// The first unit that stands as often one after the other as is `needed` for its length; at the end of
/// the text only, or anywhere.
fn repeats(text: &str, needed: fn(usize) -> usize, at_end: bool) -> Option<String> {
    let folded = fold(text);
    let clusters: Vec<&str> = graphemes(&folded)
        .into_iter()
        .filter(|g| g.contains(char::is_alphanumeric))
        .collect();
    for unit in 1..=LONGEST_UNIT.min(clusters.len() / 3) {
        let least = unit.saturating_mul(needed(unit).saturating_sub(1));
        let mut equal = 0usize;
        for (at, (a, b)) in clusters.iter().zip(clusters.iter().skip(unit)).enumerate() {
            equal = if a == b { equal + 1 } else { 0 };
            let last = at.saturating_add(unit).saturating_add(1) == clusters.len();
            if equal >= least && (last || !at_end) {
                let found = clusters
                    .get(at + 1 - unit..=at)
                    .unwrap_or_default()
                    .concat();
                if !found.chars().all(|c| c.is_ascii_digit()) {
                    return Some(found);
                }
            }
        }
    }
    None
}
