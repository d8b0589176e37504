//! A quick look at a text for Latin letters and digits, before the slow and exact one.
//!
//! To fold a line takes some twenty microseconds; a search that reads a hundred thousand of them for a
//! name or a number cannot afford that. The skeleton is made letter by letter, each letter looked up
//! once, and whatever the folded text contains the skeleton contains too.

use std::collections::HashMap;

use icu_normalizer::DecomposingNormalizerBorrowed;

use super::normalise::{fold, is_dropped};
use super::script::digit_value;

const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();
/// Stands for letters of other scripts, so that what lies around them does not come together.
const OTHER: char = '\u{1}';

/// Looks for one needle in many texts.
#[derive(Debug)]
pub struct QuickLook {
    needle: String,
    /// What a character comes to: an ASCII letter or digit, [`OTHER`], or nothing.
    known: HashMap<char, Option<char>>,
    text: String,
}

impl QuickLook {
    /// For a needle of Latin letters and digits, with whatever stands between them; `None` for one in
    /// another script, of which the skeleton tells nothing.
    pub fn new(needle: &str) -> Option<Self> {
        let mut look = Self {
            needle: String::new(),
            known: HashMap::new(),
            text: String::new(),
        };
        look.read(&fold(needle));
        look.needle = look.text.clone();
        (!look.needle.is_empty() && look.needle.is_ascii() && !look.needle.contains(OTHER))
            .then_some(look)
    }

    /// Whether `text` may contain the needle, folded and with or without Vietnamese diacritics, and
    /// with anything but letters and digits left out. `false` is certain.
    pub fn may_contain(&mut self, text: &str) -> bool {
        self.read(text);
        self.text.contains(&self.needle)
    }

    fn read(&mut self, text: &str) {
        self.text.clear();
        for c in text.chars() {
            let plain = match c {
                'a'..='z' | '0'..='9' => Some(c),
                'A'..='Z' => Some(c.to_ascii_lowercase()),
                _ if c.is_ascii() => None,
                _ => *self.known.entry(c).or_insert_with(|| plain_of(c)),
            };
            match plain {
                Some(OTHER) if self.text.ends_with(OTHER) => {}
                Some(letter) => self.text.push(letter),
                None => {}
            }
        }
    }
}

/// What a character beyond ASCII comes to.
fn plain_of(c: char) -> Option<char> {
    let folded = fold(c.encode_utf8(&mut [0; 4]));
    let first = NFD.normalize_iter(folded.chars()).next();
    match first {
        Some('đ') => Some('d'),
        Some(letter) if letter.is_ascii_alphanumeric() => Some(letter),
        _ if digit_value(c).is_some() || is_dropped(c) || !c.is_alphanumeric() => None,
        _ => Some(OTHER),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{bare, fold};
    use super::*;

    fn squash(text: &str) -> String {
        let kept = |c: &char| !c.is_whitespace() && !c.is_ascii_punctuation();
        text.chars().filter(kept).collect()
    }

    #[test]
    fn a_needle_is_seen_in_lines_of_all_six_scripts() {
        let lines = [
            ("我的护照是Ｅ１２３４-5678。", "e12345678"),
            ("Tôi tên là Nguyễn Văn Hùng", "van hung"),
            ("โทร ๐๘๑-๒๓๔ ๕๖๗๘ ครับ", "0812345678"),
            ("ဖုန်း ၀၉ ၄၂၁ ၁၁၁၁", "094211111"),
            ("ເບີ ໐໒໐ ABC", "020abc"),
            ("ទូរស័ព្ទ ០១២ ៣៤៥", "012345"),
        ];
        for (line, needle) in lines {
            let mut look = QuickLook::new(needle).unwrap();
            assert!(look.may_contain(line), "{needle}");
            for (other, _) in lines.iter().filter(|(other, _)| *other != line) {
                assert!(!look.may_contain(other), "{needle} in {other}");
            }
        }
        for needle in ["张", "สม", "ကို", "ວັນ", "សុខ", "…", ""] {
            assert!(QuickLook::new(needle).is_none(), "{needle}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_folded_text_contains_is_seen(
            text in "[a-zA-ZđĐƠưẾỳñÀ-ỹ0-9๐-๙០-៩၀-၉０-９ก-ฮ一-三ក-ខ\u{300}-\u{303}\u{323}\u{200B}\u{200D} .,'-]{0,24}",
            from in 0usize..20, length in 1usize..6,
        ) {
            for form in [fold, bare] {
                let squashed = squash(&form(&text));
                let needle: String = squashed.chars().skip(from).take(length).collect();
                if let Some(mut look) = QuickLook::new(&needle) {
                    prop_assert!(look.may_contain(&text), "{needle:?} in {text:?}");
                }
            }
        }
    }
}
