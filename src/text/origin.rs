//! The way back from the folded form of a text: where in the text a stretch of it stands.

use std::ops::Range;

use super::normalise::fold;
use super::segment::{letter_edges, slices};

/// The bytes of `text` that a stretch of [`fold`]`(text)`, in bytes, was made from: whole letters as a reader
/// takes them. The end of the text for a stretch that lies outside.
pub fn origin(text: &str, folded: &Range<usize>) -> Range<usize> {
    let mut at = 0usize;
    let mut found: Option<Range<usize>> = None;
    for chunk in chunks(text) {
        let whole = text.get(chunk.clone()).unwrap_or_default();
        let made = fold(whole);
        if made.is_empty() {
            continue;
        }
        // One space stands for whatever white space there is.
        at = at.saturating_add(usize::from(at > 0));
        if at < folded.end && folded.start < at.saturating_add(made.len()) {
            let mut from = at;
            for (place, length) in letters(whole, &made) {
                let to = from.saturating_add(length);
                if from < folded.end && folded.start < to {
                    let start = chunk.start.saturating_add(place.start);
                    let end = chunk.start.saturating_add(place.end);
                    found = Some(found.map_or(start, |f| f.start)..end);
                }
                from = to;
            }
        }
        at = at.saturating_add(made.len());
    }
    found.map_or(text.len()..text.len(), |found| widened(text, &found))
}

/// The same in whole letters of the text: a mark may stand on white space.
fn widened(text: &str, found: &Range<usize>) -> Range<usize> {
    let edges = letter_edges(text);
    let before = edges.iter().rev().find(|edge| **edge <= found.start);
    let behind = edges.iter().find(|edge| **edge >= found.end);
    before.copied().unwrap_or(0)..behind.copied().unwrap_or(text.len())
}

/// What stands between white space.
fn chunks(text: &str) -> impl Iterator<Item = Range<usize>> {
    text.split(char::is_whitespace).map(move |chunk| {
        let start = chunk.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        start..start.saturating_add(chunk.len())
    })
}

/// The letters of a chunk and how many bytes of `made`, its folded form, each one gave.
fn letters(chunk: &str, made: &str) -> Vec<(Range<usize>, usize)> {
    let edges = letter_edges(chunk);
    let mut left = made.chars();
    let mut found = Vec::with_capacity(edges.len());
    for ((&from, &to), letter) in edges
        .iter()
        .zip(edges.iter().skip(1))
        .zip(slices(chunk, &edges))
    {
        // Folded alone a letter may differ from itself in its syllable (the tone of `toà` stands elsewhere), but is
        // as many characters.
        let count = fold(letter).chars().count();
        let bytes = left.by_ref().take(count).map(char::len_utf8).sum();
        found.push((from..to, bytes));
    }
    let counted: usize = found.iter().map(|(_, bytes)| bytes).sum();
    if counted == made.len() {
        found
    } else {
        vec![(0..chunk.len(), made.len())]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::segment::cluster_edges;
    use super::*;

    #[test]
    fn a_word_of_the_folded_form_is_found_in_every_script_and_spelling() {
        for (text, word, shown) in [
            ("我  不知道。", "不", "不"),
            ("ＡＢＣ、没有", "abc", "ＡＢＣ"),
            ("Tôi KHÔNG biết", "không", "KHÔNG"),
            (
                "To\u{302}i kho\u{302}ng biê\u{301}t",
                "không",
                "kho\u{302}ng",
            ),
            ("Toà án hoà giải", "hòa", "hoà"),
            ("ผม\u{200B}ไม่รู้", "ไม่", "\u{200B}ไม่"),
            ("น\u{0E49}\u{0E4D}\u{0E32} เเม่", "แม่", "เเม่"),
            (
                "น\u{0E49}\u{0E4D}\u{0E32} เเม่",
                "น\u{0E49}\u{0E33}",
                "น\u{0E49}\u{0E4D}\u{0E32}",
            ),
            ("ຂ້ອຍ ບໍ່ຮູ້ຫນ້າ", "ບໍ່", "ບໍ່"),
            ("ຂ້ອຍ ບໍ່ຮູ້ຫນ້າ", "ໜ້າ", "ຫນ້າ"),
            ("ကျွန်တော် မသိဘူး။", "ဘူး", "ဘူး"),
            ("ខ្ញុំ  មិនដឹង\u{17D2}\u{178A}ទេ", "មិន", "មិន"),
            ("số ３５００", "3500", "３５００"),
        ] {
            let folded = fold(text);
            let at = folded.find(word).unwrap();
            let range = origin(text, &(at..at + word.len()));
            let found = text[range].trim_start_matches('\u{200B}');
            assert_eq!(found, shown.trim_start_matches('\u{200B}'), "{text}");
        }
        assert_eq!(origin("好", &(9..12)), 3..3);
        assert_eq!(origin("", &(0..1)), 0..0);
    }

    proptest! {
        #[test]
        fn every_letter_of_the_folded_form_has_its_place(
            text in "[A-Za-zàảãáạăâđêôơưÀĐ\u{300}-\u{304}一-丅，。ก-ฮะ-ูเ-๙ກ-ຮະ-ູເ-໙က-အါ-ှ။ក-អា-្។ \u{200B}\u{3000}Ａ３]{0,40}",
        ) {
            let folded = fold(&text);
            let edges = cluster_edges(&text);
            let mut last = 0;
            for (at, c) in folded.char_indices().filter(|(_, c)| *c != ' ') {
                let range = origin(&text, &(at..at + c.len_utf8()));
                prop_assert!(range.start < range.end, "{:?} {}", text, at);
                prop_assert!(range.start >= last || range.end >= last);
                prop_assert!(edges.contains(&range.start) && edges.contains(&range.end));
                last = range.start;
            }
        }
    }
}
