//! Tokens for full-text search: the same cut for stored text and for queries.

use std::ops::Range;
use std::sync::LazyLock;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};

use super::normalise::fold;
use super::script::{digit_value, is_number_separator, is_unspaced, letter_script};
use super::segment::cluster_edges;

static SPACED_WORDS: LazyLock<WordSegmenterBorrowed<'static>> = LazyLock::new(|| {
    WordSegmenter::new_for_non_complex_scripts(WordBreakInvariantOptions::default())
});

/// One unit of search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexToken {
    /// The folded text that is compared.
    pub text: String,
    /// Where it stands in the text, in bytes.
    pub range: Range<usize>,
}

/// Cuts a text into search tokens. White space and punctuation give none.
pub fn index_tokens(text: &str) -> Vec<IndexToken> {
    let mut tokens = Vec::new();
    let mut spaced_from: Option<usize> = None;
    for range in search_clusters(text) {
        let cluster = text.get(range.clone()).unwrap_or_default();
        if cluster
            .chars()
            .next()
            .and_then(letter_script)
            .is_some_and(is_unspaced)
        {
            if let Some(from) = spaced_from.take() {
                push_spaced(text, from..range.start, &mut tokens);
            }
            push_token(text, range, &mut tokens);
        } else {
            spaced_from.get_or_insert(range.start);
        }
    }
    if let Some(from) = spaced_from {
        push_spaced(text, from..text.len(), &mut tokens);
    }
    tokens
}

/// Grapheme clusters, but those that folding makes into one letter are one.
fn search_clusters(text: &str) -> Vec<Range<usize>> {
    let edges = cluster_edges(text);
    let mut found: Vec<Range<usize>> = Vec::with_capacity(edges.len());
    for (&from, &to) in edges.iter().zip(edges.iter().skip(1)) {
        let cluster = text.get(from..to).unwrap_or_default();
        match found.last_mut() {
            Some(last) if one_letter(text.get(last.clone()).unwrap_or_default(), cluster) => {
                last.end = to;
            }
            _ => found.push(from..to),
        }
    }
    found
}

/// Whether folding joins the end of `left` with the start of `right`.
fn one_letter(left: &str, right: &str) -> bool {
    let Some(first) = right.chars().next() else {
        return false;
    };
    match first {
        '\u{0E40}' | '\u{0EC0}' => left.ends_with(first),
        '\u{0E32}' => ends_in_nikhahit(left, '\u{0E4D}', '\u{0E48}'..='\u{0E4B}'),
        '\u{0EB2}' => ends_in_nikhahit(left, '\u{0ECD}', '\u{0EC8}'..='\u{0ECB}'),
        '\u{0E99}' | '\u{0EA1}' => left == "\u{0EAB}",
        _ => false,
    }
}

fn ends_in_nikhahit(left: &str, nikhahit: char, tones: std::ops::RangeInclusive<char>) -> bool {
    left.trim_end_matches(|c| tones.contains(&c))
        .ends_with(nikhahit)
}

/// Words of a stretch without unspaced scripts.
fn push_spaced(text: &str, range: Range<usize>, tokens: &mut Vec<IndexToken>) {
    let stretch = text.get(range.clone()).unwrap_or_default();
    let mut from = 0;
    for (to, kind) in SPACED_WORDS.segment_str(stretch).iter_with_word_type() {
        if kind.is_word_like() && to > from {
            let start = range.start.saturating_add(from);
            push_token(text, start..range.start.saturating_add(to), tokens);
        }
        from = to;
    }
}

fn push_token(text: &str, range: Range<usize>, tokens: &mut Vec<IndexToken>) {
    let mut folded = fold(text.get(range.clone()).unwrap_or_default());
    if folded
        .chars()
        .all(|c| digit_value(c).is_some() || is_number_separator(c))
    {
        folded.retain(|c| !is_number_separator(c));
    }
    if !folded.is_empty() {
        tokens.push(IndexToken {
            text: folded,
            range,
        });
    }
}
