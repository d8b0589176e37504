//! The word at the end of a line that asks in one line and denies in another: Vietnamese không and chưa,
//! Lao ບໍ່, Khmer ទេ.

use std::ops::Range;

use super::marks;
use super::words::without_last;
use crate::domain::Lang;
use crate::text;

/// What such a word does, and where it stands.
pub(super) enum Ending {
    /// There is none, or it denies.
    None,
    /// It asks.
    Asks(Range<usize>),
    /// It may do either.
    Unclear(Range<usize>),
}

/// What the last word of a folded text does, words of courtesy aside.
pub(super) fn ending(text: &str, lang: Lang) -> Ending {
    let asked = text.trim_end().ends_with(['?', '？']);
    match lang {
        Lang::Vi => vietnamese(text, asked),
        Lang::Lo => lao(text),
        Lang::Km if asked => khmer(text),
        _ => Ending::None,
    }
}

/// 'Có biết không' asks with or without its mark; 'Em thì không' denies; of 'Anh biết không' nobody can tell.
fn vietnamese(text: &str, asked: bool) -> Ending {
    /// What stands before không in an answer: who it is of, and how sure.
    const ANSWERS: [&str; 32] = [
        "thì", "là", "cũng", "vẫn", "còn", "dạ", "vâng", "ừ", "thưa", "chắc", "chắn", "nhiên",
        "toàn", "đối", "hề", "như", "tôi", "em", "anh", "chị", "con", "cháu", "nó", "họ", "ông",
        "bà", "cô", "chú", "bác", "mình", "đó", "tao",
    ];
    /// What stands before the verb where không asks behind it.
    const ASKS: [&str; 8] = ["có", "đã", "phải", "được", "đúng", "nên", "từng", "sẽ"];
    let line = without_last(text, marks::courtesy(Lang::Vi), Lang::Vi);
    let clause = line
        .rfind([',', ';', '.', '!', '?', ':'])
        .map_or(line, |at| line.get(at.saturating_add(1)..).unwrap_or(line));
    let Some(word) = ["không", "chưa"].into_iter().find(|w| {
        let before = clause.strip_suffix(w);
        before.is_some_and(|b| b.is_empty() || b.ends_with(char::is_whitespace))
    }) else {
        return Ending::None;
    };
    let before = clause.strip_suffix(word).unwrap_or_default();
    let words: Vec<&str> = before.split_whitespace().collect();
    let place = line.len().saturating_sub(word.len())..line.len();
    let Some(last) = words.last() else {
        return Ending::None;
    };
    if asked {
        return Ending::Asks(place);
    }
    let answers = |w: &&str| ANSWERS.contains(w);
    let stance = ["thì", "là", "cũng", "vẫn", "nhiên", "toàn", "đối", "hề"];
    if words.iter().all(answers) || stance.contains(last) {
        return Ending::None;
    }
    if word == "chưa" || words.iter().any(|w| ASKS.contains(w)) {
        return Ending::Asks(place);
    }
    Ending::Unclear(place)
}

/// ບໍ່ behind a sentence asks; alone, or behind 'I', it is an answer.
fn lao(text: &str) -> Ending {
    const ANSWERS: [&str; 3] = ["ຂ້ອຍ", "ຂ້າພະເຈົ້າ", "ພວກຂ້ອຍ"];
    let line = without_last(text, marks::courtesy(Lang::Lo), Lang::Lo);
    let word = text::fold("ບໍ່");
    let Some(before) = line.strip_suffix(word.as_str()) else {
        return Ending::None;
    };
    let bare = before.trim();
    let answer = ANSWERS.iter().any(|w| text::fold(w) == bare);
    if answer || !bare.contains(char::is_alphabetic) {
        return Ending::None;
    }
    Ending::Asks(before.len()..line.len())
}

/// ទេ before a question mark asks.
fn khmer(text: &str) -> Ending {
    let line = without_last(text, marks::courtesy(Lang::Km), Lang::Km);
    match line.strip_suffix(text::fold("ទេ").as_str()) {
        Some(before) if before.contains(char::is_alphabetic) => {
            Ending::Asks(before.len()..line.len())
        }
        _ => Ending::None,
    }
}
