//! Tokens for full-text search: the same cut for stored text and for queries.
//!
//! Scripts that write no spaces are cut into grapheme clusters, all others into words; a query of
//! several tokens is then a phrase. Traditional and simplified characters fall together. Dictionary words would be fewer tokens, but a dictionary cuts
//! by context, so a word typed alone is cut otherwise than inside its sentence and misses it.
//! Measured with every word and every pair of neighbouring words of a line as the query
//! (`tests/text_corpus.rs`; Burmese on the practice interviews), share that finds its line:
//!
//! | | zh | vi | th | my | lo | km |
//! |---|---|---|---|---|---|---|
//! | clusters and spaced words | 1.0000 | 1.0000 | 1.0000 | 1.0000 | 1.0000 | 1.0000 |
//! | dictionary words everywhere | 1.0000 | 1.0000 | 0.9449 | 0.9612 | 0.9477 | 0.8993 |
//! | hits by clusters that are whole dictionary words | 0.97 | 1.00 | 0.94 | 0.84 | 0.90 | 0.84 |
//!
//! A hit inside a longer word is the price; a person sees that at once, but cannot see a line that
//! was not found.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::LazyLock;

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};

use super::names::simplified;
use super::normalise::fold;
use super::script::{digit_value, is_number_separator, is_unspaced, letter_script};
use super::segment::letter_edges;

static SPACED_WORDS: LazyLock<WordSegmenterBorrowed<'static>> = LazyLock::new(|| {
    WordSegmenter::new_for_non_complex_scripts(WordBreakInvariantOptions::default())
});

/// Folded tokens that are kept, and the bytes of the longest: a megabyte or two a thread.
const MOST_KEPT: usize = 20_000;
const LONGEST_KEPT: usize = 48;

/// One unit of search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexToken {
    /// The folded text that is compared.
    pub text: String,
    /// Where it stands in the text, in bytes.
    pub range: Range<usize>,
    /// It is one cluster of a script that writes no spaces; a word otherwise.
    pub cluster: bool,
}

/// Cuts a text into search tokens. White space and punctuation give none.
pub fn index_tokens(text: &str) -> Vec<IndexToken> {
    let mut tokens = Vec::new();
    let mut spaced_from: Option<usize> = None;
    let edges = letter_edges(text);
    for (&from, &to) in edges.iter().zip(edges.iter().skip(1)) {
        let range = from..to;
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
            push_token(text, range, true, &mut tokens);
        } else {
            spaced_from.get_or_insert(range.start);
        }
    }
    if let Some(from) = spaced_from {
        push_spaced(text, from..text.len(), &mut tokens);
    }
    tokens
}

/// Words of a stretch without unspaced scripts.
fn push_spaced(text: &str, range: Range<usize>, tokens: &mut Vec<IndexToken>) {
    let stretch = text.get(range.clone()).unwrap_or_default();
    let mut from = 0;
    for (to, kind) in SPACED_WORDS.segment_str(stretch).iter_with_word_type() {
        if kind.is_word_like() && to > from {
            let start = range.start.saturating_add(from);
            for part in letters_and_digits(stretch.get(from..to).unwrap_or_default()) {
                let part = start.saturating_add(part.start)..start.saturating_add(part.end);
                push_token(text, part, false, tokens);
            }
        }
        from = to;
    }
}

/// The parts of a word that are letters or digits alone, so that a number is found beside letters too:
/// `3.500đ`, `G20`, `云A12345`. Whatever is neither belongs to what it follows.
fn letters_and_digits(word: &str) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let (mut from, mut last) = (0, None);
    for (at, c) in word.char_indices() {
        let digit = digit_value(c).is_some();
        if !digit && !c.is_alphabetic() {
            continue;
        }
        if last.is_some_and(|last| last != digit) {
            parts.push(from..at);
            from = at;
        }
        last = Some(digit);
    }
    parts.push(from..word.len());
    parts
}

fn push_token(text: &str, range: Range<usize>, cluster: bool, tokens: &mut Vec<IndexToken>) {
    let folded = folded(text.get(range.clone()).unwrap_or_default(), cluster);
    if !folded.is_empty() {
        tokens.push(IndexToken {
            text: folded,
            range,
            cluster,
        });
    }
}

thread_local! {
    /// Folding a token costs far more than finding it here, and clusters and words come again and
    /// again.
    static FOLDED: RefCell<HashMap<String, String>> = RefCell::default();
}

/// The folded form of a token as the text has it.
fn folded(token: &str, cluster: bool) -> String {
    if token.len() > LONGEST_KEPT {
        return fold_token(token, cluster);
    }
    FOLDED.with_borrow_mut(|known| {
        if let Some(folded) = known.get(token) {
            return folded.clone();
        }
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        let folded = fold_token(token, cluster);
        known.insert(token.to_owned(), folded.clone());
        folded
    })
}

fn fold_token(token: &str, cluster: bool) -> String {
    let mut folded = fold(token);
    if cluster {
        folded = simplified(&folded);
    }
    if folded
        .chars()
        .all(|c| digit_value(c).is_some() || is_number_separator(c))
    {
        folded.retain(|c| !is_number_separator(c));
    }
    folded
}
