//! Where a word stands in a text, however it is written there: folded, and across blanks, marks and
//! punctuation.

use crate::text::{fold, graphemes, is_dropped};

/// Digits of a number that is found wherever it stands, also behind a prefix.
const LONG_NUMBER: usize = 6;

/// A word as it is looked for.
pub(super) fn needle(word: &str) -> Vec<char> {
    letters(word).into_iter().map(|(c, _)| c).collect()
}

/// The letters and digits of a text, folded, each with the bytes of the grapheme it stands in.
fn letters(text: &str) -> Vec<(char, (usize, usize))> {
    let mut letters = Vec::new();
    let mut from = 0usize;
    for grapheme in graphemes(text) {
        let to = from.saturating_add(grapheme.len());
        let folded = fold(grapheme);
        letters.extend(
            folded
                .chars()
                .filter(|c| counts(*c))
                .map(|c| (c, (from, to))),
        );
        from = to;
    }
    letters
}

/// Not what parts letters: white space, hidden marks, punctuation.
fn counts(c: char) -> bool {
    let parts = c.is_whitespace()
        || is_dropped(c)
        || c.is_ascii_punctuation()
        || matches!(c, '\u{B7}' | '\u{2000}'..='\u{206F}' | '\u{3000}'..='\u{303F}' | '\u{FF00}'..='\u{FF0F}'
            | '\u{FF1A}'..='\u{FF20}');
    !parts
}

/// Where one of the needles stands, in bytes from and to, ascending and apart. Words of scripts with
/// spaces count whole: `An` does not stand in `Anh`. Long numbers count anywhere.
pub(super) fn places(text: &str, needles: &[Vec<char>]) -> Vec<(usize, usize)> {
    let letters = letters(text);
    let mut found: Vec<(usize, usize)> = Vec::new();
    for start in 0..letters.len() {
        let longest = needles
            .iter()
            .filter(|needle| stands(text, &letters, start, needle))
            .map(Vec::len)
            .max();
        let Some(length) = longest else { continue };
        let first = letters.get(start).map(|(_, (from, _))| *from);
        let last = letters
            .get(start.saturating_add(length).saturating_sub(1))
            .map(|(_, (_, to))| *to);
        let (Some(from), Some(to)) = (first, last) else {
            continue;
        };
        match found.last_mut() {
            Some(before) if from < before.1 => before.1 = before.1.max(to),
            _ => found.push((from, to)),
        }
    }
    found
}

fn stands(text: &str, letters: &[(char, (usize, usize))], start: usize, needle: &[char]) -> bool {
    let Some(part) = letters.get(start..start.saturating_add(needle.len())) else {
        return false;
    };
    if !part.iter().map(|(c, _)| c).eq(needle) {
        return false;
    }
    // A short number is a number by itself; a long one may have a prefix.
    let short = needle.len() < LONG_NUMBER && needle.iter().all(char::is_ascii_digit);
    // Letters that touch: what was dropped between them parts words.
    let before = start.checked_sub(1).and_then(|at| letters.get(at));
    let after = letters.get(start.saturating_add(needle.len()));
    let joined = |left: Option<&(char, (usize, usize))>, right: Option<&(char, (usize, usize))>| {
        let (Some((a, (_, end))), Some((b, (begin, _)))) = (left, right) else {
            return false;
        };
        let alike =
            is_spaced(*a) && is_spaced(*b) || short && a.is_ascii_digit() && b.is_ascii_digit();
        alike && text.get(*end..*begin).is_none_or(str::is_empty)
    };
    !joined(before, part.first()) && !joined(part.last(), after)
}

/// Letters of scripts that part words by spaces.
fn is_spaced(c: char) -> bool {
    c.is_alphabetic() && u32::from(c) < 0x0E00
        || matches!(c, '\u{300}'..='\u{36F}' | '\u{1E00}'..='\u{1EFF}')
}
