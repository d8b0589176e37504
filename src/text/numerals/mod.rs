//! Numbers, amounts, dates and times of a text: in any digit system, in words, or as calendar names.
//!
//! [`figures`] is pure and works from tables ([`lexicon`], [`units`], [`calendar`]); what a number is
//! compared by is a *key*, a plain decimal such as `3500`, `0012` (a document's zeros stay), `w2` for
//! Tuesday or `h` for a half. A figure that may mean several things carries several keys.

mod calendar;
mod codes;
mod compose;
mod digits;
mod hours;
mod lexicon;
mod lunar;
mod read;
mod settle;
mod skips;
mod unit;
mod units;

#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::domain::Lang;

use super::script::digit_value;
use super::segment::{letter_edges, words};

pub use hours::DayHalf;
pub use unit::Unit;

/// The key of a half that belongs to a number: half past three, three and a half.
pub const HALF: &str = "h";

/// A number as it stands in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Where it stands, in bytes, without its unit.
    pub range: Range<usize>,
    /// What it says, most likely first; never empty.
    pub keys: Vec<String>,
    /// What it counts.
    pub unit: Option<Unit>,
    /// Written in words, not in digits.
    pub spelled: bool,
    /// A number beyond doubt, which the other language must have too. Number words that are often
    /// something else (zh 一, vi `ba`, my လေး) are not, unless a counter follows.
    pub sure: bool,
    /// A year of the Buddhist Era; its other keys are the common year.
    pub buddhist: bool,
    /// Of a time of day: the half that it is in, where that is told.
    pub half: Option<DayHalf>,
}

impl Figure {
    /// What it says, most likely reading.
    pub fn key(&self) -> &str {
        self.keys.first().map_or("", String::as_str)
    }
}

/// Byte range of the first mark of a lunar date or of the Burmese era, which a person must convert.
pub fn lunar_date(text: &str, lang: Lang) -> Option<Range<usize>> {
    let page = Page::new(text, lang);
    let found = lunar::find(&page, &numbers(&page))?;
    Some(page.bytes(found))
}

/// All numbers of a text in their order. `text` should be in canonical form.
pub fn figures(text: &str, lang: Lang) -> Vec<Figure> {
    let page = Page::new(text, lang);
    let mut found = numbers(&page);
    let marked = calendar::buddhist(lang).iter().any(|m| page.contains(m));
    let mut last = None;
    for figure in &mut found {
        let dated = settle::behind_a_month(last.as_ref(), figure.range.start);
        buddhist_year(figure, lang, marked, dated);
        last = Some((figure.unit, figure.range.clone()));
    }
    codes::add_letters(&mut found, &page);
    found
        .into_iter()
        .map(|f| Figure {
            range: page.bytes(f.range.clone()),
            ..f
        })
        .collect()
}

/// The numbers of a page, with ranges in letters, as far as their neighbours settle them.
fn numbers(page: &Page) -> Vec<Figure> {
    let mut found = read::read(page);
    settle::settle(&mut found, page);
    hours::settle(&mut found, page);
    found
}

/// In Thai a year like 2562 is of the Buddhist Era; elsewhere only beside its mark. It is 543 years ahead of
/// the common one; where the year changes in April, in Khmer and Burmese, also 544.
fn buddhist_year(figure: &mut Figure, lang: Lang, marked: bool, dated: bool) {
    let Some(year) = figure
        .key()
        .parse::<u64>()
        .ok()
        .filter(|y| (2400..=2650).contains(y))
    else {
        return;
    };
    let plain = matches!(figure.unit, Some(Unit::Year) | None);
    if !plain || !(marked || lang == Lang::Th) {
        return;
    }
    figure.keys.push(year.saturating_sub(543).to_string());
    if matches!(lang, Lang::Km | Lang::My) {
        figure.keys.push(year.saturating_sub(544).to_string());
    }
    figure.buddhist = marked || dated || figure.unit == Some(Unit::Year);
}

/// A text as letters in lower case with western digits, and where each stands.
pub(super) struct Page {
    lang: Lang,
    letters: Vec<char>,
    /// The same letters as they are written.
    raw: Vec<char>,
    /// Byte offset of each letter, and the text's length.
    at: Vec<usize>,
    /// Whether a word may begin or end before this letter.
    edge: Vec<bool>,
    /// Whether the dictionary parts words here; only for scripts without spaces, else all true.
    word_edge: Vec<bool>,
}

impl Page {
    fn new(text: &str, lang: Lang) -> Self {
        let mut letters = Vec::new();
        let mut at = Vec::new();
        for (offset, c) in text.char_indices() {
            let digit = digit_value(c).and_then(|d| char::from_digit(d, 10));
            let mut lower = c.to_lowercase();
            let lower = match (lower.next(), lower.next()) {
                (Some(one), None) => one,
                _ => c,
            };
            letters.push(digit.unwrap_or(lower));
            at.push(offset);
        }
        at.push(text.len());
        let marked = |offsets: &[usize]| {
            at.iter()
                .map(|a| offsets.binary_search(a).is_ok())
                .collect::<Vec<_>>()
        };
        let spaced = matches!(lang, Lang::Vi | Lang::En);
        let (edge, word_edge) = if spaced {
            let letter = |i: Option<usize>| {
                i.and_then(|i| letters.get(i))
                    .is_some_and(|c| c.is_alphabetic())
            };
            let edge = (0..at.len())
                .map(|i| !(letter(i.checked_sub(1)) && letter(Some(i))))
                .collect::<Vec<_>>();
            (edge.clone(), edge)
        } else {
            let edge = marked(&letter_edges(text));
            let word_edge = if lang == Lang::Zh {
                edge.clone()
            } else {
                let mut ends: Vec<usize> = words(text, lang)
                    .into_iter()
                    .flat_map(|w| [w.start, w.end])
                    .collect();
                ends.sort_unstable();
                marked(&ends)
            };
            (edge, word_edge)
        };
        Self {
            lang,
            letters,
            raw: text.chars().collect(),
            at,
            edge,
            word_edge,
        }
    }

    fn letter(&self, i: usize) -> Option<char> {
        self.letters.get(i).copied()
    }

    fn is_edge(&self, i: usize) -> bool {
        self.edge.get(i).copied().unwrap_or(true)
    }

    fn is_word_edge(&self, i: usize) -> bool {
        self.word_edge.get(i).copied().unwrap_or(true)
    }

    /// Whether these letters stand at `i`, ending at an edge.
    fn stands(&self, i: usize, form: &[char]) -> bool {
        self.letters
            .get(i..)
            .is_some_and(|rest| rest.starts_with(form))
            && self.is_edge(i.saturating_add(form.len()))
    }

    /// Whether a name may end here: Khmer October is the beginning of 'court' too.
    fn ends_name(&self, i: usize) -> bool {
        matches!(self.lang, Lang::Zh | Lang::My) || self.is_word_edge(i)
    }

    fn follows(&self, i: usize, form: &str) -> bool {
        let form: Vec<char> = form.chars().collect();
        self.stands(self.after_space(i), &form)
    }

    /// Whether the letters stand anywhere.
    fn contains(&self, form: &str) -> bool {
        let form: Vec<char> = form.chars().collect();
        self.letters.windows(form.len().max(1)).any(|w| w == form)
    }

    /// Behind one space at `i`, if there is one.
    fn after_space(&self, i: usize) -> usize {
        i.saturating_add(usize::from(self.letter(i).is_some_and(|c| c == ' ')))
    }

    /// Before one space that ends at `i`, if there is one.
    fn before_space(&self, i: usize) -> usize {
        match i.checked_sub(1).and_then(|j| self.letter(j)) {
            Some(' ') => i.saturating_sub(1),
            _ => i,
        }
    }

    /// The unit behind a number that ends at `i`, and where it ends.
    fn unit_after(&self, i: usize) -> Option<(Unit, usize)> {
        let from = self.after_space(i);
        let mut best: Option<(Unit, usize)> = None;
        for (forms, unit) in units::units(self.lang).0 {
            for form in *forms {
                let form: Vec<char> = form.chars().collect();
                let end = from.saturating_add(form.len());
                if self.stands(from, &form) && best.is_none_or(|(_, longest)| end > longest) {
                    best = Some((*unit, end));
                }
            }
        }
        best
    }

    /// Whether these letters end before a number that starts at `i`.
    fn ends_with(&self, i: usize, form: &str) -> bool {
        let form: Vec<char> = form.chars().collect();
        let head = self.letters.get(..self.before_space(i));
        head.is_some_and(|head| head.ends_with(&form))
    }

    /// The unit before a number that starts at `i`.
    fn unit_before(&self, i: usize) -> Option<Unit> {
        self.unit_word_before(i).map(|(unit, _)| unit)
    }

    /// Where the unit before a number begins that starts at `i`, or the number.
    fn unit_start(&self, i: usize) -> usize {
        self.unit_word_before(i).map_or(i, |(_, from)| from)
    }

    /// The unit before a number that starts at `i`, and where its word begins.
    fn unit_word_before(&self, i: usize) -> Option<(Unit, usize)> {
        let until = self.before_space(i);
        let head = self.letters.get(..until)?;
        let mut best: Option<(Unit, usize)> = None;
        for (forms, unit) in units::units(self.lang).1 {
            for form in *forms {
                let form: Vec<char> = form.chars().collect();
                let from = until.saturating_sub(form.len());
                if head.ends_with(&form)
                    && self.is_edge(from)
                    && best.is_none_or(|(_, longest)| form.len() > longest)
                {
                    best = Some((*unit, form.len()));
                }
            }
        }
        best.map(|(unit, length)| (unit, until.saturating_sub(length)))
    }

    /// What the words beside a number at this range say that it counts.
    fn unit(&self, range: &Range<usize>) -> Option<Unit> {
        let before = self.unit_before(range.start);
        let after = self.unit_after(range.end).map(|(unit, _)| unit);
        match (before, after) {
            (Some(b @ (Unit::Age | Unit::Percent | Unit::Money(_))), Some(Unit::Year) | None) => {
                Some(b)
            }
            (
                Some(b @ (Unit::Day | Unit::Month | Unit::Year)),
                Some(Unit::Day | Unit::Month | Unit::Months | Unit::Moon | Unit::Year) | None,
            )
            | (Some(b @ Unit::Clock), Some(Unit::Hour)) => Some(b),
            (b, None) => b,
            (_, a) => a,
        }
    }

    fn bytes(&self, range: Range<usize>) -> Range<usize> {
        let byte = |i: usize| self.at.get(i).or(self.at.last()).copied().unwrap_or(0);
        byte(range.start)..byte(range.end)
    }
}
