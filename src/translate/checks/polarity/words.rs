//! Where words stand in a folded text, and the same text with words taken out.

use std::ops::Range;

use crate::domain::Lang;
use crate::text;

/// Vowel signs, tones and finals that belong to the letter before them, so that a word that ends in a
/// letter does not end before one: Thai ห้า is five, and ห้ามื้อ five meals, not ห้าม 'do not'.
fn hangs(c: char) -> bool {
    matches!(c,
        '\u{0E30}'..='\u{0E3A}' | '\u{0E45}' | '\u{0E47}'..='\u{0E4E}'
        | '\u{0EB0}'..='\u{0EBC}' | '\u{0EC8}'..='\u{0ECD}'
        | '\u{102B}'..='\u{103E}' | '\u{17B6}'..='\u{17D3}')
}

/// Whether a word ends before this letter.
fn ends_before(next: Option<char>, lang: Lang) -> bool {
    let spaced = matches!(lang, Lang::Vi | Lang::En);
    !next.is_some_and(|c| if spaced { c.is_alphabetic() } else { hangs(c) })
}

/// Where a word stands in a text; in languages with spaces between spaces.
pub(super) fn standing<'a>(
    text: &'a str,
    word: &'a str,
    lang: Lang,
) -> impl Iterator<Item = Range<usize>> + 'a {
    let spaced = matches!(lang, Lang::Vi | Lang::En) && word != "n't";
    text.match_indices(word).filter_map(move |(at, found)| {
        let end = at.saturating_add(found.len());
        let before = text.get(..at).and_then(|t| t.chars().next_back());
        let begins = !spaced || !before.is_some_and(char::is_alphabetic);
        let next = text.get(end..).and_then(|t| t.chars().next());
        (begins && ends_before(next, lang)).then_some(at..end)
    })
}

/// Whether a text begins with this word.
pub(super) fn begins(text: &str, word: &str, lang: Lang) -> bool {
    let rest = text.strip_prefix(word);
    rest.is_some_and(|rest| ends_before(rest.chars().next(), lang))
}

/// Where the first of these words stands, of two that begin together the longer.
pub(super) fn first(text: &str, words: &[&str], lang: Lang) -> Option<Range<usize>> {
    let places = words
        .iter()
        .filter_map(|word| standing(text, &text::fold(word), lang).next());
    places.min_by_key(|r| (r.start, std::cmp::Reverse(r.end)))
}

/// Puts as many spaces in the place of a stretch of the text, so that all others stay where they are.
pub(super) fn blank(text: &mut String, range: Range<usize>) {
    if text.get(range.clone()).is_some() {
        let spaces = " ".repeat(range.len());
        text.replace_range(range, &spaces);
    }
}

/// Takes these words out of a text, and says whether there were any.
pub(super) fn take_out(text: &mut String, words: &[&str], lang: Lang) -> bool {
    let mut any = false;
    for word in words {
        let word = text::fold(word);
        let found: Vec<Range<usize>> = standing(text, &word, lang).collect();
        for range in found {
            blank(text, range);
            any = true;
        }
    }
    any
}

/// Whether this letter belongs to a word: a letter, a digit or a sign on one.
pub(super) fn in_a_word(c: char) -> bool {
    c.is_alphanumeric() || hangs(c)
}

/// The text up to its last word, and without these words at its end.
pub(super) fn without_last<'a>(text: &'a str, words: &[&str], lang: Lang) -> &'a str {
    let mut rest = text.trim_end_matches(|c: char| !in_a_word(c));
    let spaced = matches!(lang, Lang::Vi | Lang::En);
    loop {
        let shorter = words.iter().find_map(|word| {
            let left = rest.strip_suffix(text::fold(word).as_str())?;
            (!spaced || left.ends_with(char::is_whitespace)).then_some(left)
        });
        let Some(left) = shorter else {
            return rest;
        };
        let left = left.trim_end_matches(|c: char| !in_a_word(c));
        if left.is_empty() {
            return rest;
        }
        rest = left;
    }
}
