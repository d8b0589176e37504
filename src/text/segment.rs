//! Boundaries: grapheme clusters, words, sentences and places where a line may end.

use std::ops::Range;
use std::sync::LazyLock;

use icu_segmenter::options::{
    LineBreakOptions, SentenceBreakInvariantOptions, WordBreakInvariantOptions,
};
use icu_segmenter::{
    GraphemeClusterSegmenter, GraphemeClusterSegmenterBorrowed, LineSegmenter,
    LineSegmenterBorrowed, SentenceSegmenter, SentenceSegmenterBorrowed, WordSegmenter,
    WordSegmenterBorrowed,
};

use crate::domain::Lang;

use super::normalise::is_tone;
use super::script::digit_value;

const GRAPHEMES: GraphemeClusterSegmenterBorrowed<'static> = GraphemeClusterSegmenter::new();
static SENTENCES: LazyLock<SentenceSegmenterBorrowed<'static>> =
    LazyLock::new(|| SentenceSegmenter::new(SentenceBreakInvariantOptions::default()));
static WORDS: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_auto(WordBreakInvariantOptions::default()));
static LINES: LazyLock<LineSegmenterBorrowed<'static>> =
    LazyLock::new(|| LineSegmenter::new_auto(LineBreakOptions::default()));

/// Where an unspaced text without sentence marks is cut, in characters: longer than nearly all
/// sentences, shorter than what makes a translator drop its end.
const LONG_SENTENCE: usize = 200;

/// Byte offsets at which grapheme clusters start, and the end of the text; empty for an empty text.
///
/// A Khmer COENG or Burmese virama binds the consonant that follows, which older break rules part.
pub(super) fn cluster_edges(text: &str) -> Vec<usize> {
    if text.is_empty() {
        return Vec::new();
    }
    GRAPHEMES
        .segment_str(text)
        .filter(|&at| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let after = text.get(at..).and_then(|t| t.chars().next());
            !matches!(
                (before, after),
                (Some('\u{17D2}'), Some('\u{1780}'..='\u{17B3}'))
                    | (Some('\u{1039}'), Some('\u{1000}'..='\u{102A}'))
            )
        })
        .collect()
}

/// The grapheme clusters: what a reader takes for one character.
pub fn graphemes(text: &str) -> Vec<&str> {
    slices(text, &cluster_edges(text))
}

fn slices<'a>(text: &'a str, edges: &[usize]) -> Vec<&'a str> {
    edges
        .iter()
        .zip(edges.iter().skip(1))
        .filter_map(|(&from, &to)| text.get(from..to))
        .collect()
}

/// Byte offsets of grapheme clusters, where those that [`super::fold`] makes into one letter (two
/// SARA E, NIKHAHIT with AA, Lao HO with NO or MO) are not parted.
pub(super) fn letter_edges(text: &str) -> Vec<usize> {
    let mut edges = cluster_edges(text);
    edges.retain(|&at| {
        let (Some(left), Some(right)) = (text.get(..at), text.get(at..)) else {
            return false;
        };
        match right.chars().next() {
            Some(e @ ('\u{0E40}' | '\u{0EC0}')) => !left.ends_with(e),
            Some('\u{0E32}') => !untoned(left).ends_with('\u{0E4D}'),
            Some('\u{0EB2}') => !untoned(left).ends_with('\u{0ECD}'),
            Some('\u{0E99}' | '\u{0EA1}') => !left.ends_with('\u{0EAB}'),
            _ => true,
        }
    });
    edges
}

fn untoned(text: &str) -> &str {
    text.strip_suffix(is_tone).unwrap_or(text)
}

/// Byte ranges of the words (letters or digits; no spaces, no punctuation), by the dictionary or
/// the network of the script, never cut inside a letter. The language follows from the text itself.
pub fn words(text: &str, _lang: Lang) -> Vec<Range<usize>> {
    let edges = letter_edges(text);
    let (mut from, mut word_like) = (0, false);
    let mut found = Vec::new();
    for (to, kind) in WORDS.segment_str(text).iter_with_word_type() {
        word_like |= to > from && kind.is_word_like();
        if edges.binary_search(&to).is_err() {
            continue;
        }
        if word_like {
            found.push(from..to);
        }
        (from, word_like) = (to, false);
    }
    found
}

/// Byte offsets at which a line may end, ascending; the last is the end of the text.
pub fn line_breaks(text: &str, _lang: Lang) -> Vec<usize> {
    LINES.segment_str(text).filter(|&at| at > 0).collect()
}

/// The sentences, trimmed, none empty. Nothing but white space between them is left out.
///
/// Sentence marks of all six scripts end one; a point does so only before white space, not in
/// Thai (which has no full stop, but abbreviations), not after a known abbreviation, and never
/// inside a number. Text of the unspaced scripts that runs on for more than 200 characters without
/// a mark is cut at a space, where there is one.
pub fn sentences(text: &str, lang: Lang) -> Vec<&str> {
    let mut ends: Vec<usize> = SENTENCES.segment_str(text).collect();
    ends.extend(after_own_marks(text));
    ends.retain(|&at| ends_sentence(text, at, lang));
    ends.extend([0, text.len()]);
    ends.sort_unstable();
    ends.dedup();
    let mut found = Vec::new();
    for sentence in slices(text, &ends) {
        if lang.unspaced() && lang != Lang::Zh {
            split_long(sentence, &mut found);
        } else {
            found.push(sentence);
        }
    }
    found
        .into_iter()
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .collect()
}

/// Marks that end a sentence in one of the six languages wherever they stand.
fn is_sentence_mark(c: char) -> bool {
    matches!(
        c,
        '\u{17D4}' | '\u{17D5}' | '\u{104B}' | '。' | '｡' | '！' | '？' | '?' | '!'
    )
}

/// Quotes and brackets that still belong to the sentence before them.
fn is_closing(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '”' | '’' | '»' | '」' | '』' | ')' | '）' | ']' | '】' | '》'
    )
}

/// Offsets after each run of sentence marks with the closing quotes that follow it.
fn after_own_marks(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut in_marks = false;
    for (at, c) in text.char_indices() {
        if is_sentence_mark(c) || c == '…' {
            in_marks = true;
        } else if in_marks && !is_closing(c) {
            found.push(at);
            in_marks = false;
        }
    }
    found
}

/// Whether a sentence really ends at `at`, by what stands before and after it.
fn ends_sentence(text: &str, at: usize, lang: Lang) -> bool {
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else {
        return false;
    };
    if before.ends_with(['\n', '\r', '\u{2028}', '\u{2029}']) {
        return true;
    }
    let spaced = before.ends_with(char::is_whitespace) || after.starts_with(char::is_whitespace);
    let core = before.trim_end().trim_end_matches(is_closing);
    match core.chars().next_back() {
        // 'and so on' is written between two full stops.
        Some('។') if after.starts_with("ល។") => false,
        Some(mark) if is_sentence_mark(mark) => {
            !after.starts_with(|c| is_sentence_mark(c) || is_closing(c))
        }
        Some('…') => spaced,
        Some('.' | '．') => spaced && lang != Lang::Th && !is_abbreviation(core, lang),
        _ => false,
    }
}

/// Whether the point at the end of `core` only shortens a word.
fn is_abbreviation(core: &str, lang: Lang) -> bool {
    const TITLES: [&str; 12] = [
        "tp", "mr", "mrs", "ms", "dr", "st", "ts", "ths", "gs", "pgs", "bs", "no",
    ];
    let word = core.trim_end_matches('.');
    let word = word
        .rsplit(|c: char| c.is_whitespace() || c == '.')
        .next()
        .unwrap_or(word);
    if lang == Lang::Lo {
        // Titles and initials have at most three clusters; sentences end in longer runs.
        return cluster_edges(word).len() <= 4 && !word.chars().all(|c| digit_value(c).is_some());
    }
    TITLES.contains(&word.to_lowercase().as_str())
}

/// Cuts at the last space before the limit, or the first after it.
fn split_long<'a>(sentence: &'a str, found: &mut Vec<&'a str>) {
    let mut rest = sentence.trim();
    while let Some((limit, _)) = rest.char_indices().nth(LONG_SENTENCE) {
        let (head, tail) = rest.split_at(limit);
        let at = match head.rfind(' ').filter(|&at| at > limit / 4) {
            Some(at) => at,
            None => match tail.find(' ') {
                Some(further) => limit.saturating_add(further),
                None => break,
            },
        };
        let (first, last) = rest.split_at(at);
        found.push(first);
        rest = last.trim_start();
    }
    found.push(rest);
}
