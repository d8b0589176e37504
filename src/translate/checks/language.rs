//! Whether a translation is in the wanted language, all of it, as far as letters can tell.

use super::wholes;
use crate::domain::{Flag, FlagKind, Lang, LangPair};
use crate::text;
use crate::translate::known::KnownNames;

/// Share of foreign letters that may stand among those that the source does not hold.
const FOREIGN: f32 = 0.3;
/// So many letters of the source's script in a row are words that were left as they were; fewer are the
/// letters of a plate, or a name's. A Chinese character says what three letters do elsewhere.
const LEFT_CHINESE: usize = 4;
const LEFT: usize = 5;
/// Words that are looked at before a text without a Vietnamese word is held for another language.
const FEWEST_WORDS: usize = 5;
/// So many of them must be none that Vietnamese could have.
const FOREIGN_WORDS: usize = 2;

/// The flag for a translation that is not in the wanted language.
pub(super) fn check(
    source: &str,
    translation: &str,
    pair: LangPair,
    known: &KnownNames,
) -> Option<Flag> {
    let letters = |text: &str| text.chars().any(char::is_alphabetic);
    if !letters(source) {
        return None;
    }
    let own = text::in_script(source, pair.from);
    let equal = text::fold(source.trim()) == text::fold(translation.trim());
    let flag = |kind| Flag::new(kind).at(wholes(source, translation));
    if translation.trim().is_empty() || (equal && own > 0.5) {
        return Some(flag(FlagKind::Untranslated));
    }
    let wanted = text::in_script(translation, pair.to);
    let left_over = text::in_script(translation, pair.from);
    if wanted < 0.5 && left_over > 0.5 && own > 0.5 {
        return Some(flag(FlagKind::Untranslated));
    }
    // What stood in the source already, such as a name in another script, may stand here too.
    let new: String = translation
        .chars()
        .filter(|c| !source.contains(*c))
        .collect();
    let foreign = 1.0 - text::in_script(&new, pair.to) > FOREIGN
        || left_as_it_was(translation, pair, known)
        || (pair.to == Lang::Vi && !is_vietnamese(translation));
    foreign.then(|| flag(FlagKind::WrongScript))
}

/// Whether words of the source's script stand in the translation, but for known names. Latin letters are in
/// use everywhere and tell nothing.
fn left_as_it_was(translation: &str, pair: LangPair, known: &KnownNames) -> bool {
    if matches!(pair.from, Lang::Vi | Lang::En) {
        return false;
    }
    let enough = match pair.from {
        Lang::Zh => LEFT_CHINESE,
        _ => LEFT,
    };
    let names = known.find(translation, pair.from);
    let mut row = 0usize;
    for (at, c) in translation.char_indices() {
        let named = names.iter().any(|name| name.range.contains(&at));
        let mut alone = [0u8; 4];
        let letter = !named && !c.is_ascii() && is_of(c.encode_utf8(&mut alone), pair);
        row = if letter { row.saturating_add(1) } else { 0 };
        if row >= enough {
            return true;
        }
    }
    false
}

/// Whether a letter or a sign on one belongs to the source's script and not to the translation's.
fn is_of(letter: &str, pair: LangPair) -> bool {
    text::in_script(letter, pair.from) > 0.5 && text::in_script(letter, pair.to) < 0.5
}

/// Whether Latin words may be Vietnamese: of several one has its marks, or all are such as it has. Some
/// people write it without marks.
fn is_vietnamese(translation: &str) -> bool {
    // What begins with a capital may be a name.
    let words: Vec<&str> = translation
        .split(|c: char| !c.is_alphabetic() && c != '\'')
        .filter(|w| w.starts_with(char::is_lowercase))
        .collect();
    let marked = translation
        .chars()
        .any(|c| c.is_alphabetic() && !c.is_ascii());
    let strange = words.iter().filter(|w| is_strange(w)).count();
    marked || words.len() < FEWEST_WORDS || strange < FOREIGN_WORDS
}

/// A word with a letter, or an end, that no Vietnamese syllable has.
fn is_strange(word: &str) -> bool {
    let ends = [
        "c", "ch", "m", "n", "ng", "nh", "p", "t", "a", "e", "i", "o", "u", "y",
    ];
    word.contains(['f', 'j', 'w', 'z', '\'']) || !ends.iter().any(|end| word.ends_with(end))
}
