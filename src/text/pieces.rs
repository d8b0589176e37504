//! The pieces of a text that byte pair encoding keeps apart.

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup};

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Letter,
    Number,
    Space,
    Other,
}

fn kind(c: char) -> Kind {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    if GeneralCategoryGroup::Letter.contains(category) {
        Kind::Letter
    } else if GeneralCategoryGroup::Number.contains(category) {
        Kind::Number
    } else if c.is_whitespace() {
        Kind::Space
    } else {
        Kind::Other
    }
}

/// Endings of English words that are pieces of their own.
const ENDINGS: [&str; 7] = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

/// The pieces in which a text with single spaces between words is encoded (GPT-2's pattern): letters,
/// numbers or other marks in a row, each with the space before it.
pub fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let ending = ENDINGS.iter().find(|ending| rest.starts_with(**ending));
        let spaced = first == ' ' && rest.chars().nth(1).is_some();
        let inner = if spaced {
            rest.get(1..).unwrap_or_default()
        } else {
            rest
        };
        let of = inner.chars().next().map_or(Kind::Other, kind);
        let run = inner.chars().take_while(|c| kind(*c) == of);
        let length = match ending {
            Some(ending) => ending.len(),
            None => usize::from(spaced).saturating_add(run.map(char::len_utf8).sum()),
        };
        let (piece, after) = rest.split_at_checked(length.max(1)).unwrap_or((rest, ""));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_numbers_and_marks_are_pieces_with_the_space_before_them() {
        assert_eq!(
            pieces(" O'Neil's 4th, No. 12-B"),
            [
                " O", "'", "Neil", "'s", " 4", "th", ",", " No", ".", " 12", "-", "B"
            ]
        );
        assert_eq!(pieces("张建国，王"), ["张建国", "，", "王"]);
        // Marks above and below are no letters for this pattern.
        assert_eq!(pieces("ที่ ກໍ"), ["ท", "ี่", " ກ", "ໍ"]);
        assert_eq!(pieces("a "), ["a", " "]);
        assert!(pieces("").is_empty());
    }
}
