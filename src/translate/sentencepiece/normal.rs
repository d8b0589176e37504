//! Makes a text ready for the pieces of a SentencePiece model, and remembers where each letter stood.
//!
//! The steps are those of SentencePiece's `normalizer.cc`: at each place the longest entry of the table
//! is replaced, across letters and their marks; blanks are put in, taken out and written as U+2581.

use std::ops::Range;

use super::super::charsmap::Table;
use super::super::tokens::SPACE;

/// How texts are made ready.
pub(super) struct Normal {
    pub table: Option<Table>,
    /// Pieces that stay whole, the longest first.
    pub whole: Vec<String>,
    pub dummy_prefix: bool,
    pub remove_extra_blanks: bool,
    pub escape_blanks: bool,
}

/// A text that is ready.
#[derive(Default)]
pub(super) struct Ready {
    pub text: String,
    /// Of each letter: where it stands in `text`, and which bytes of the original it came from.
    letters: Vec<(usize, Range<usize>)>,
}

impl Ready {
    fn push(&mut self, letter: &str, from: Range<usize>) {
        self.letters.push((self.text.len(), from));
        self.text.push_str(letter);
    }

    /// The bytes of the original that these bytes of `text` came from.
    pub fn origin(&self, bytes: &Range<usize>) -> Range<usize> {
        let first = self.letters.partition_point(|(at, _)| *at < bytes.start);
        let end = self.letters.partition_point(|(at, _)| *at < bytes.end);
        let letters = self.letters.get(first..end).unwrap_or_default();
        let from = letters.first().map_or(0, |(_, from)| from.start);
        from..letters.last().map_or(from, |(_, from)| from.end)
    }
}

impl Normal {
    /// How many bytes at the head of `text` stay whole, if any.
    pub fn whole(&self, text: &str) -> Option<usize> {
        let mut whole = self.whole.iter();
        whole.find_map(|piece| text.starts_with(piece.as_str()).then_some(piece.len()))
    }

    /// The length of the next part of `text` in bytes, and what takes its place.
    fn next<'a>(&'a self, text: &'a str) -> (usize, &'a str) {
        if let Some(len) = self.whole(text) {
            return (len, text.get(..len).unwrap_or_default());
        }
        let replaced = self.table.as_ref().and_then(|table| table.longest(text));
        replaced.unwrap_or_else(|| {
            let len = text.chars().next().map_or(0, char::len_utf8);
            (len, text.get(..len).unwrap_or_default())
        })
    }

    /// Makes a text ready.
    pub fn apply(&self, text: &str) -> Ready {
        let mut ready = Ready::default();
        let blank = if self.escape_blanks { SPACE } else { " " };
        let mut at = 0_usize;
        let mut rest = text;
        while self.remove_extra_blanks && !rest.is_empty() {
            let (len, part) = self.next(rest);
            if part != " " {
                break;
            }
            at = at.saturating_add(len);
            rest = rest.get(len..).unwrap_or_default();
        }
        if rest.is_empty() {
            return ready;
        }
        if self.dummy_prefix {
            ready.push(blank, at..at);
        }
        let mut after_blank = self.remove_extra_blanks;
        while !rest.is_empty() {
            let (len, mut part) = self.next(rest);
            let end = at.saturating_add(len);
            if after_blank {
                part = part.trim_start_matches(' ');
            }
            let mut buffer = [0; 4];
            for letter in part.chars() {
                let letter = match letter {
                    ' ' => blank,
                    other => other.encode_utf8(&mut buffer),
                };
                ready.push(letter, at..end);
            }
            if !part.is_empty() {
                after_blank = self.remove_extra_blanks && part.ends_with(' ');
            }
            at = end;
            rest = rest.get(len..).unwrap_or_default();
        }
        while self.remove_extra_blanks && ready.text.ends_with(blank) {
            let kept = ready.text.len().saturating_sub(blank.len());
            ready.text.truncate(kept);
            ready.letters.pop();
        }
        ready
    }
}
