//! Scripts and digits: which script a text is in, and which numbers it holds.

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup, Script};

use crate::domain::Lang;

/// The zero of each decimal digit system that a document in this region may hold: ASCII, Thai, Lao,
/// Burmese, Shan, Khmer, full-width, then Arabic, Persian, Devanagari, Bengali, Tai Tham and New
/// Tai Lue digits. Nine more digits follow each.
const ZEROS: [char; 14] = [
    '0', '\u{0E50}', '\u{0ED0}', '\u{1040}', '\u{1090}', '\u{17E0}', '\u{FF10}', '\u{0660}',
    '\u{06F0}', '\u{0966}', '\u{09E6}', '\u{1A80}', '\u{1A90}', '\u{19D0}',
];

/// The value of a decimal digit in any of the known digit systems, 0 to 9.
pub(super) fn digit_value(c: char) -> Option<u32> {
    if c.is_ascii() {
        return c.to_digit(10);
    }
    ZEROS.iter().find_map(|&zero| {
        u32::from(c)
            .checked_sub(u32::from(zero))
            .filter(|&d| d < 10)
    })
}

/// Runs of digits in any digit system as western digits, in order of appearance. A comma, a point
/// or a thin or no-break space between two digits belongs to the number and is left out, since
/// writers disagree on them: `3.500`, `3,500` and `៣៥០០` all give `3500`.
pub fn numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut run = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if let Some(digit) = digit_value(c).and_then(|d| char::from_digit(d, 10)) {
            run.push(digit);
            continue;
        }
        let digit_next = chars.peek().is_some_and(|&n| digit_value(n).is_some());
        let inside = is_number_separator(c) && digit_next;
        if !run.is_empty() && !inside {
            found.push(std::mem::take(&mut run));
        }
    }
    if !run.is_empty() {
        found.push(run);
    }
    found
}

/// Characters that group digits or part whole from fraction.
pub(super) fn is_number_separator(c: char) -> bool {
    matches!(
        c,
        '.' | ','
            | '\u{FF0C}'
            | '\u{FF0E}'
            | '\u{066B}'
            | '\u{066C}'
            | '\u{00A0}'
            | '\u{2009}'
            | '\u{202F}'
    )
}

/// The script that a language is written in.
fn script_of(lang: Lang) -> Script {
    match lang {
        Lang::Zh => Script::Han,
        Lang::Vi | Lang::En => Script::Latin,
        Lang::Th => Script::Thai,
        Lang::My => Script::Myanmar,
        Lang::Lo => Script::Lao,
        Lang::Km => Script::Khmer,
    }
}

/// The share of letters and vowel signs that belong to the language's script, 0.0 to 1.0. Digits,
/// punctuation and signs that all scripts share do not count; a text without letters gives 1.0,
/// since nothing in it is foreign.
pub fn in_script(text: &str, lang: Lang) -> f32 {
    let wanted = script_of(lang);
    let (mut own, mut all) = (0u32, 0u32);
    for c in text.chars() {
        let Some(script) = letter_script(c) else {
            continue;
        };
        all = all.saturating_add(1);
        own = own.saturating_add(u32::from(script == wanted));
    }
    if all == 0 {
        1.0
    } else {
        own as f32 / all as f32
    }
}

/// The script of a letter or vowel sign; `None` for anything else and for signs that scripts share.
pub(super) fn letter_script(c: char) -> Option<Script> {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    let letter = GeneralCategoryGroup::Letter.contains(category)
        || GeneralCategoryGroup::Mark.contains(category);
    let script = CodePointMapData::<Script>::new().get(c);
    (letter && script != Script::Common && script != Script::Inherited).then_some(script)
}

/// Whether the script writes its words without spaces between them, so that search and matching
/// work by grapheme cluster there.
pub(super) fn is_unspaced(script: Script) -> bool {
    matches!(
        script,
        Script::Han
            | Script::Thai
            | Script::Lao
            | Script::Khmer
            | Script::Myanmar
            | Script::Hiragana
            | Script::Katakana
    )
}

/// With a capital at its start, where the script has such.
pub fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next()
        .map(|c| c.to_uppercase().chain(rest).collect())
        .unwrap_or_default()
}
