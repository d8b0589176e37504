//! Whether a text asks: by its mark, by the word at its end, by the word it begins with.

use super::ending::{Ending, ending};
use super::marks;
use super::words::{first, take_out, without_last};
use super::{Said, Strength};
use crate::domain::Lang;
use crate::text;

/// Whether a folded text asks, and where the mark stands.
pub(super) fn question(text: &str, lang: Lang) -> Said {
    let closers = |c: char| c.is_whitespace() || matches!(c, '"' | '”' | '」' | ')');
    let end = text.trim_end_matches(closers);
    if let Some((at, _)) = end
        .char_indices()
        .next_back()
        .filter(|(_, c)| matches!(c, '?' | '？'))
    {
        return (Strength::Clearly, at..end.len());
    }
    let words = marks::question(lang);
    let opens = words.opening.iter().find_map(|word| {
        let word = text::fold(word);
        let from = text.len().saturating_sub(text.trim_start().len());
        let stands = text.trim_start().starts_with(word.as_str());
        stands.then(|| from..from.saturating_add(word.len()))
    });
    if let Some(mark) = opens {
        return (Strength::Clearly, mark);
    }
    match (lang, ending(text, lang)) {
        // không asks beyond doubt where có stands before the verb; chưa may say 'not yet'.
        (Lang::Vi, Ending::Asks(mark)) if text.get(mark.clone()) == Some("không") => {
            return (Strength::Clearly, mark);
        }
        (Lang::Vi, Ending::Asks(_) | Ending::Unclear(_)) => return (Strength::Perhaps, 0..0),
        _ => {}
    }
    let end = without_last(end, marks::courtesy(lang), lang);
    let closing = words.last.iter().find_map(|word| {
        let rest = end.strip_suffix(text::fold(word).as_str())?;
        let spaced = !matches!(lang, Lang::Vi | Lang::En) || rest.ends_with(char::is_whitespace);
        let alone = !rest.contains(char::is_alphabetic);
        let other = words
            .plain
            .iter()
            .any(|w| end.ends_with(text::fold(w).as_str()));
        (spaced && !alone && !other).then_some(rest.len()..end.len())
    });
    match closing {
        // Of the Lao words one is also an answer.
        Some(_)
            if lang == Lang::Lo
                && matches!(ending(text, lang), Ending::None)
                && ends_toned(end) =>
        {
            (Strength::No, 0..0)
        }
        Some(mark) if lang != Lang::Vi => (Strength::Clearly, mark),
        Some(_) => (Strength::Perhaps, 0..0),
        None if may_ask(text, &words, lang) => (Strength::Perhaps, 0..0),
        None => (Strength::No, 0..0),
    }
}

/// Whether a word stands there that asks more often than not.
fn may_ask(text: &str, words: &marks::Question, lang: Lang) -> bool {
    let mut rest = text.to_owned();
    take_out(&mut rest, words.plain, lang);
    let end = without_last(text, marks::courtesy(lang), lang);
    // Khmer ទេ goes with a word that denies; without one it asks.
    let asks = lang == Lang::Km
        && end.ends_with(text::fold("ទេ").as_str())
        && first(text, marks::denial(lang).clear, lang).is_none();
    asks || first(&rest, words.perhaps, lang).is_some() || chooses(text, lang)
}

/// Whether a Lao text ends in the form of the word that denies too.
fn ends_toned(text: &str) -> bool {
    text.ends_with(text::fold("ບໍ່").as_str()) && !text.ends_with(text::fold("ຫຼືບໍ່").as_str())
}

/// 去不去: Chinese asks by choice too.
fn chooses(text: &str, lang: Lang) -> bool {
    let letters: Vec<char> = text.chars().collect();
    lang == Lang::Zh
        && letters.windows(3).any(|w| match w {
            [before, '不' | '没', after] => before == after && before.is_alphabetic(),
            _ => false,
        })
}
