//! Latin letters that belong to a number: of a passport (E12345678), a plate (29A-12345), an identity card
//! (…123X). They are part of what it is compared by.

use std::ops::Range;

use super::{Figure, Page};

/// Letters before a number that name a currency or say that it is a number.
const NO_PREFIX: [&str; 16] = [
    "USD", "CNY", "RMB", "THB", "VND", "LAK", "KHR", "MMK", "EUR", "US", "HK", "NO", "KM", "TEL",
    "ID", "TP",
];
/// Letters behind a short number that are a measure.
const NO_SUFFIX: [&str; 16] = [
    "KM", "KG", "CM", "MM", "ML", "G", "M", "H", "K", "L", "TR", "AM", "PM", "TH", "ST", "ND",
];
/// From so many digits on a letter behind a number is no measure.
const LONG: usize = 5;
/// Digits of a Chinese identity number before its last place, which may be an X.
const IDENTITY: usize = 17;

/// Adds their letters to the numbers in digits, and joins the parts of a plate.
pub(super) fn add_letters(figures: &mut Vec<Figure>, page: &Page) {
    let mut kept: Vec<Figure> = Vec::with_capacity(figures.len());
    for mut figure in figures.drain(..) {
        if figure.spelled {
            kept.push(figure);
            continue;
        }
        let digits = digits(page, &figure.range);
        let prefix = prefix(page, figure.range.start, digits.len());
        let suffix = suffix(page, figure.range.end, digits.len(), prefix.is_some());
        if prefix.is_none()
            && let Some(last) = kept.last_mut()
            && last.key().ends_with(|c: char| c.is_ascii_uppercase())
            && joins(page, last.range.end..figure.range.start)
        {
            let letters = suffix.as_ref().map_or("", |(letters, _)| letters);
            last.keys = vec![format!("{}{digits}{letters}", last.key())];
            last.range.end = suffix.as_ref().map_or(figure.range.end, |(_, end)| *end);
            continue;
        }
        if prefix.is_some() || suffix.is_some() {
            let (before, start) = prefix.unwrap_or((String::new(), figure.range.start));
            let (behind, end) = suffix.unwrap_or((String::new(), figure.range.end));
            figure.keys = vec![format!("{before}{digits}{behind}")];
            figure.range = start..end;
            figure.unit = None;
            figure.sure = true;
        }
        kept.push(figure);
    }
    *figures = kept;
}

fn digits(page: &Page, range: &Range<usize>) -> String {
    let letters = page.letters.get(range.clone()).unwrap_or_default();
    letters.iter().filter(|c| c.is_ascii_digit()).collect()
}

/// What may stand between the parts of a plate.
fn joins(page: &Page, gap: Range<usize>) -> bool {
    match page.letters.get(gap).unwrap_or_default() {
        [] => true,
        [c] => matches!(c, '-' | ' ' | '·' | '•' | '.'),
        _ => false,
    }
}

/// Whether a Latin letter or a digit stands there, so that letters beside it belong to a word.
fn latin(page: &Page, i: Option<usize>) -> bool {
    let letter = i.and_then(|i| page.raw.get(i)).copied();
    letter.is_some_and(|c| {
        c.is_ascii_alphanumeric()
            || ('\u{C0}'..='\u{1EFF}').contains(&c) && !('\u{E00}'..='\u{1DFF}').contains(&c)
    })
}

/// The letters before a number, and where they begin.
fn prefix(page: &Page, start: usize, digits: usize) -> Option<(String, usize)> {
    let mut end = start;
    let before = start.checked_sub(1).and_then(|i| page.raw.get(i)).copied();
    if matches!(before, Some('-' | '·' | '•' | ' ')) {
        end = start.saturating_sub(1);
    }
    let mut from = end;
    while let Some(i) = from.checked_sub(1)
        && page.raw.get(i).is_some_and(char::is_ascii_alphabetic)
    {
        from = i;
    }
    if from == end || latin(page, from.checked_sub(1)) {
        return None;
    }
    let letters: String = page.raw.get(from..end)?.iter().collect();
    let large = letters.chars().all(|c| c.is_ascii_uppercase());
    let good = match (before, letters.len()) {
        // In running text a letter of its own before a long number.
        (Some(' '), length) => length == 1 && large && digits >= 4 && letters != "I",
        (_, 1..=3) if large => true,
        (_, 1) => end == start && digits >= LONG,
        _ => false,
    };
    let letters = letters.to_ascii_uppercase();
    (good && !NO_PREFIX.contains(&letters.as_str())).then_some((letters, from))
}

/// The letters behind a number, and where they end.
fn suffix(page: &Page, end: usize, digits: usize, prefixed: bool) -> Option<(String, usize)> {
    let mut to = end;
    while page.raw.get(to).is_some_and(char::is_ascii_alphabetic) {
        to = to.saturating_add(1);
    }
    let letters: String = page.raw.get(end..to)?.iter().collect();
    let next = page.raw.get(to).copied();
    let goes_on = next.is_some_and(|c| c.is_ascii_digit())
        || (next == Some('-')
            && page
                .letter(to.saturating_add(1))
                .is_some_and(|c| c.is_ascii_digit()));
    let word = !goes_on && latin(page, Some(to));
    if letters.is_empty() || letters.len() > 2 || word {
        return None;
    }
    let large = letters.chars().all(|c| c.is_ascii_uppercase());
    let letters = letters.to_ascii_uppercase();
    let measure = digits < LONG && !goes_on && NO_SUFFIX.contains(&letters.as_str());
    let good = large && !measure && (prefixed || digits >= LONG || goes_on)
        || (letters == "X" && digits == IDENTITY);
    good.then_some((letters, to))
}
