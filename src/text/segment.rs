//! Boundaries: grapheme clusters, words and places where a line may end.

use std::ops::Range;
use std::sync::LazyLock;

use icu_segmenter::options::{LineBreakOptions, WordBreakInvariantOptions};
use icu_segmenter::{
    GraphemeClusterSegmenter, GraphemeClusterSegmenterBorrowed, LineSegmenter,
    LineSegmenterBorrowed, WordSegmenter, WordSegmenterBorrowed,
};

use crate::domain::Lang;

use super::normalise::is_tone;

const GRAPHEMES: GraphemeClusterSegmenterBorrowed<'static> = GraphemeClusterSegmenter::new();
static WORDS: LazyLock<WordSegmenterBorrowed<'static>> =
    LazyLock::new(|| WordSegmenter::new_auto(WordBreakInvariantOptions::default()));
static LINES: LazyLock<LineSegmenterBorrowed<'static>> =
    LazyLock::new(|| LineSegmenter::new_auto(LineBreakOptions::default()));

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

/// Bytes of the longest beginning that both texts share, in whole grapheme clusters.
pub fn common_start(one: &str, other: &str) -> usize {
    let pairs = graphemes(one).into_iter().zip(graphemes(other));
    pairs
        .take_while(|(one, other)| one == other)
        .map(|(one, _)| one.len())
        .sum()
}

/// What lies between each two neighbouring edges.
pub(super) fn slices<'a>(text: &'a str, edges: &[usize]) -> Vec<&'a str> {
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
