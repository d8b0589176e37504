//! Joins the letters of a text into pieces, as SentencePiece's `bpe_model.cc` does: of all neighbours
//! that make a piece those with the best score, of equal ones the leftmost, until none are left.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::ops::Range;

/// A part of the text, linked to its neighbours.
struct Part {
    bytes: Range<usize>,
    before: Option<usize>,
    after: Option<usize>,
    /// Stays as it is.
    whole: bool,
}

/// Two neighbours that make a piece.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    /// Of the piece, in bytes: where it is another one now, a part has been joined elsewhere.
    len: usize,
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |pair: &Self| Reverse(pair.left);
        self.score
            .total_cmp(&other.score)
            .then_with(|| key(self).cmp(&key(other)))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

struct Joining<'a, S> {
    text: &'a str,
    score: S,
    parts: Vec<Part>,
    pairs: BinaryHeap<Pair>,
}

/// The pieces of `text` as bytes of it, in their order. `whole` tells how many bytes at the head of a text
/// stay together, `score` which text is a piece and how good a one.
pub(super) fn join(
    text: &str,
    whole: impl Fn(&str) -> Option<usize>,
    score: impl Fn(&str) -> Option<f32>,
) -> Vec<Range<usize>> {
    let mut joining = Joining {
        text,
        score,
        parts: parts(text, whole),
        pairs: BinaryHeap::new(),
    };
    for right in 1..joining.parts.len() {
        joining.offer(right.checked_sub(1), Some(right));
    }
    while let Some(pair) = joining.pairs.pop() {
        joining.join(&pair);
    }
    let parts = joining.parts.into_iter().map(|part| part.bytes);
    parts.filter(|bytes| !bytes.is_empty()).collect()
}

/// The letters, and what stays whole.
fn parts(text: &str, whole: impl Fn(&str) -> Option<usize>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut at = 0;
    while let Some(letter) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let together = whole(text.get(at..).unwrap_or_default());
        let end = at.saturating_add(together.unwrap_or(letter.len_utf8()));
        let number = parts.len();
        parts.push(Part {
            bytes: at..end,
            before: number.checked_sub(1),
            after: Some(number.saturating_add(1)).filter(|_| end < text.len()),
            whole: together.is_some(),
        });
        at = end;
    }
    parts
}

impl<S: Fn(&str) -> Option<f32>> Joining<'_, S> {
    /// Puts two neighbours on the list if they make a piece.
    fn offer(&mut self, left: Option<usize>, right: Option<usize>) {
        let Some((left, right)) = left.zip(right) else {
            return;
        };
        let (Some(one), Some(other)) = (self.parts.get(left), self.parts.get(right)) else {
            return;
        };
        let bytes = one.bytes.start..other.bytes.end;
        let len = bytes.len();
        let piece = self.text.get(bytes);
        let piece = piece.filter(|_| !one.whole && !other.whole);
        if let Some(score) = piece.and_then(&self.score) {
            self.pairs.push(Pair {
                score,
                left,
                right,
                len,
            });
        }
    }

    /// Joins two neighbours, unless one of them has been joined meanwhile.
    fn join(&mut self, pair: &Pair) {
        let (Some(one), Some(other)) = (self.parts.get(pair.left), self.parts.get(pair.right))
        else {
            return;
        };
        let (left, right) = (one.bytes.clone(), other.bytes.clone());
        let (before, after) = (one.before, other.after);
        let gone = left.is_empty() || right.is_empty();
        if gone || left.len().saturating_add(right.len()) != pair.len {
            return;
        }
        if let Some(one) = self.parts.get_mut(pair.left) {
            one.bytes = left.start..right.end;
            one.after = after;
        }
        if let Some(other) = self.parts.get_mut(pair.right) {
            other.bytes = right.end..right.end;
        }
        if let Some(next) = after.and_then(|after| self.parts.get_mut(after)) {
            next.before = Some(pair.left);
        }
        self.offer(before, Some(pair.left));
        self.offer(Some(pair.left), after);
    }
}
