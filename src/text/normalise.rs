//! Canonical and folded forms of a text: what is stored, and what is compared.

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_normalizer::DecomposingNormalizerBorrowed;
use icu_properties::props::{CanonicalCombiningClass, DefaultIgnorableCodePoint, GeneralCategory};
use icu_properties::{CodePointMapData, CodePointSetData};

use crate::domain::Lang;

use super::script::digit_value;
use super::zawgyi::{from_zawgyi, is_zawgyi};

const NFC: ComposingNormalizerBorrowed<'static> = ComposingNormalizerBorrowed::new_nfc();
const NFD: DecomposingNormalizerBorrowed<'static> = DecomposingNormalizerBorrowed::new_nfd();

const KHMER_COENG: char = '\u{17D2}';

/// Whether [`normalise`] drops this character: controls, zero-width and bidirectional marks and
/// other characters that show nothing. White space is not dropped but becomes a plain space.
pub fn is_dropped(c: char) -> bool {
    if c.is_ascii_graphic() || c.is_whitespace() {
        return false;
    }
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || matches!(
            CodePointMapData::<GeneralCategory>::new().get(c),
            GeneralCategory::Control | GeneralCategory::Format
        )
}

/// The canonical form, for storing machine text and as the ground of matching.
///
/// NFC, never NFKC (which tears Thai and Lao SARA AM and the Lao HO digraphs apart), with these
/// repairs: a Khmer COENG stays with its consonant, and letter pairs that look like one letter
/// (NIKHAHIT + SARA AA, two SARA E, Khmer split vowels) become that letter. Characters that show
/// nothing are dropped, white space of any kind and length becomes one space, the ends are
/// trimmed. Digits stay as written. The rules of all scripts apply whatever `lang` says, since
/// lines mix scripts; but only Burmese is looked at for Zawgyi, whose codes other languages that are
/// written in the Myanmar script use for letters of their own, and put into Unicode.
pub fn normalise(text: &str, lang: Lang) -> String {
    if lang == Lang::My && is_zawgyi(text) {
        return canonical(&from_zawgyi(text));
    }
    canonical(text)
}

/// The same letters whichever way a keyboard put them together (NFC), and nothing else: for
/// passphrases, for which this must stay the same in every version.
pub fn composed(text: &str) -> impl Iterator<Item = char> {
    NFC.normalize_iter(text.chars())
}

/// [`normalise`] for callers that do not know the language.
pub(super) fn canonical(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let mut space = false;
    for c in text.chars() {
        if c.is_whitespace() {
            space = true;
        } else if !is_dropped(c) {
            if space && !cleaned.is_empty() {
                cleaned.push(' ');
            }
            space = false;
            cleaned.push(c);
        }
    }
    let composed = NFC.normalize(&cleaned);
    if composed.chars().all(|c| c < '\u{0E00}') {
        return composed.into_owned();
    }
    compose_lookalikes(&keep_coeng_with_consonant(&composed))
}

/// Undoes the one harm of NFC: a mark of a higher combining class (ATTHACAN) that was written
/// before COENG is moved between COENG and its consonant, which then no longer form a subscript.
fn keep_coeng_with_consonant(text: &str) -> String {
    let class = CodePointMapData::<CanonicalCombiningClass>::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != KHMER_COENG {
            out.push(c);
            continue;
        }
        let mut marks = String::new();
        while let Some(mark) = rest
            .next_if(|&m| m != KHMER_COENG && class.get(m) != CanonicalCombiningClass::NotReordered)
        {
            marks.push(mark);
        }
        let consonant_follows = rest
            .peek()
            .is_some_and(|n| ('\u{1780}'..='\u{17B3}').contains(n));
        if consonant_follows {
            out.push_str(&marks);
            out.push(c);
        } else {
            out.push(c);
            out.push_str(&marks);
        }
    }
    out
}

/// Joins the pairs that look exactly like one letter, so that equal looks mean equal text.
fn compose_lookalikes(text: &str) -> String {
    let mut out: Vec<char> = Vec::with_capacity(text.len() / 2);
    for c in text.chars() {
        let last = out.last().copied().unwrap_or(' ');
        let before = out
            .len()
            .checked_sub(2)
            .and_then(|i| out.get(i))
            .copied()
            .unwrap_or(' ');
        match (last, c) {
            // SARA E twice is SARA AE; Khmer E with II or AA is OE or OO.
            ('\u{0E40}', '\u{0E40}') => replace_last(&mut out, '\u{0E41}'),
            ('\u{0EC0}', '\u{0EC0}') => replace_last(&mut out, '\u{0EC1}'),
            ('\u{17C1}', '\u{17B8}') => replace_last(&mut out, '\u{17BE}'),
            ('\u{17C1}', '\u{17B6}') => replace_last(&mut out, '\u{17C4}'),
            // NIKHAHIT and AA are AM, with a tone mark between them or not.
            ('\u{0E4D}', '\u{0E32}') => replace_last(&mut out, '\u{0E33}'),
            ('\u{0ECD}', '\u{0EB2}') => replace_last(&mut out, '\u{0EB3}'),
            (tone, '\u{0E32}') if is_tone(tone) && before == '\u{0E4D}' => {
                out.truncate(out.len().saturating_sub(2));
                out.extend([tone, '\u{0E33}']);
            }
            (tone, '\u{0EB2}') if is_tone(tone) && before == '\u{0ECD}' => {
                out.truncate(out.len().saturating_sub(2));
                out.extend([tone, '\u{0EB3}']);
            }
            // A tone mark is written before AM.
            (am @ ('\u{0E33}' | '\u{0EB3}'), tone) if is_tone(tone) => {
                replace_last(&mut out, tone);
                out.push(am);
            }
            _ => out.push(c),
        }
    }
    out.into_iter().collect()
}

fn replace_last(out: &mut Vec<char>, with: char) {
    out.pop();
    out.push(with);
}

/// Thai and Lao tone marks.
pub(super) fn is_tone(c: char) -> bool {
    matches!(c, '\u{0E48}'..='\u{0E4B}' | '\u{0EC8}'..='\u{0ECB}')
}

/// The form that is compared: canonical, lower case, every digit system and full-width form as
/// ASCII, and the spelling pairs that people use side by side fallen together (Vietnamese tone on
/// either vowel, Lao HO digraphs, Khmer COENG DA and COENG TA). Not for showing.
pub fn fold(text: &str) -> String {
    let narrow: String = text.chars().map(narrow).collect();
    let lower = canonical(&narrow.to_lowercase());
    if lower.is_ascii() {
        return lower;
    }
    let mut out: Vec<char> = Vec::with_capacity(lower.len());
    for c in lower.chars() {
        if !c.is_alphanumeric() {
            move_tone_back(&mut out);
        }
        match (out.last().copied(), c) {
            // HO before NO or MO is a mute tone-class letter: one letter or two, one sound.
            (Some('\u{0EAB}'), '\u{0E99}') => replace_last(&mut out, '\u{0EDC}'),
            (Some('\u{0EAB}'), '\u{0EA1}') => replace_last(&mut out, '\u{0EDD}'),
            // Subscript DA and TA are drawn alike.
            (Some(KHMER_COENG), '\u{178A}') => out.push('\u{178F}'),
            // Two letters for the same vowel, as in 'give'.
            (_, '\u{17B2}') => out.push('\u{17B1}'),
            _ => out.push(
                digit_value(c)
                    .and_then(|d| char::from_digit(d, 10))
                    .unwrap_or(c),
            ),
        }
    }
    move_tone_back(&mut out);
    out.into_iter().collect()
}

/// Full-width ASCII forms as ASCII, curly apostrophes as straight ones.
fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => u32::from(c)
            .checked_sub(0xFEE0)
            .and_then(char::from_u32)
            .unwrap_or(c),
        '\u{2019}' | '\u{02BC}' => '\'',
        _ => c,
    }
}

/// At the end of a Vietnamese syllable in `oa`, `oe` or `uy`, moves the tone to the first vowel
/// (`toà` becomes `tòa`): both styles are taught, and one person mixes them. Not after `q`, where
/// `u` is no vowel.
fn move_tone_back(out: &mut [char]) {
    let [onset @ .., first, second] = out else {
        return;
    };
    if onset.last() == Some(&'q') {
        return;
    }
    let (plain, toned, style) = match *first {
        'o' => ("àáảãạ", "òóỏõọ", "èéẻẽẹ"),
        'u' => ("ỳýỷỹỵ", "ùúủũụ", ""),
        _ => return,
    };
    let base = if *first == 'u' { 'y' } else { 'a' };
    let place = |set: &str| set.chars().position(|c| c == *second);
    let (tone, vowel) = match (place(plain), place(style)) {
        (Some(tone), _) => (tone, base),
        (_, Some(tone)) => (tone, 'e'),
        _ => return,
    };
    if let Some(moved) = toned.chars().nth(tone) {
        *first = moved;
        *second = vowel;
    }
}

/// [`fold`] without Vietnamese diacritics (`Nguyễn` becomes `nguyen`, `đ` becomes `d`). Marks of
/// other scripts stay: they are letters there.
pub fn bare(text: &str) -> String {
    let folded = fold(text);
    if folded.is_ascii() {
        return folded;
    }
    let stripped: String = NFD
        .normalize_iter(folded.chars())
        .filter(|c| !('\u{0300}'..='\u{036F}').contains(c))
        .map(|c| if c == 'đ' { 'd' } else { c })
        .collect();
    canonical(&stripped)
}
