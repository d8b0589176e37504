//! Reads numbers off a page: tokens from digits and number words, then their value.

use std::ops::Range;

use super::calendar::{self, Name};
use super::compose::compose;
use super::digits::{self, Written};
use super::hours::DayHalf;
use super::lexicon::{Word, lexicon};
use super::skips;
use super::units::{Unit, halves};
use super::{Figure, HALF, Page};
use crate::domain::Lang;

/// What stands between the groups of a telephone number at most, in letters.
const GROUP_GAP: usize = 2;

/// One step of a page that may belong to a number.
#[derive(Clone, Debug)]
pub(super) enum Token {
    Word(Word),
    Written(Written),
    Name(Name),
    Half,
}

/// A token and its letters.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) token: Token,
    pub(super) range: Range<usize>,
}

/// All figures of a page, with ranges in letters.
pub(super) fn read(page: &Page) -> Vec<Figure> {
    let pieces = pieces(page);
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(piece) = pieces.get(at) {
        at = match &piece.token {
            Token::Name(name) => {
                found.extend(calendar_figure(
                    page,
                    *name,
                    piece.range.clone(),
                    found.last(),
                ));
                at.saturating_add(1)
            }
            Token::Half => match half_of_many(page, piece, pieces.get(at.saturating_add(1))) {
                Some(figure) => {
                    found.push(figure);
                    at.saturating_add(2)
                }
                None => {
                    half(page, piece, &mut found);
                    at.saturating_add(1)
                }
            },
            Token::Word(Word::Skip | Word::And) => at.saturating_add(1),
            _ => {
                let end = run_end(page, &pieces, at);
                let run = pieces.get(at..end).unwrap_or_default();
                number_run(page, run, &mut found);
                end.max(at.saturating_add(1))
            }
        };
    }
    found
}

/// Cuts the page into pieces; letters that are part of no number are left out.
fn pieces(page: &Page) -> Vec<Piece> {
    let lexicon = lexicon(page.lang);
    let names: Vec<(Vec<char>, Name)> = calendar::names(page.lang)
        .map(|(form, name)| (form.chars().collect(), name))
        .collect();
    let halves: Vec<Vec<char>> = halves(page.lang)
        .iter()
        .map(|h| h.chars().collect())
        .collect();
    let mut found = Vec::new();
    let mut i = 0;
    while let Some(c) = page.letter(i) {
        if c.is_ascii_digit() {
            let (written, end) = digits::scan(page, i);
            found.extend(written.into_iter().map(|w| Piece {
                range: w.range.clone(),
                token: Token::Written(w),
            }));
            i = end;
            continue;
        }
        let mut best: Option<(usize, Token)> = None;
        // 万一 is 'in case', but not within 九万一千.
        let continues = found.last().is_some_and(|p: &Piece| {
            p.range.end == i && !matches!(p.token, Token::Word(Word::Skip))
        });
        if page.is_edge(i) {
            let mut consider = |length: usize, token: Token| {
                if best.as_ref().is_none_or(|(longest, _)| length > *longest) {
                    best = Some((length, token));
                }
            };
            for (form, name) in &names {
                if form.first() == Some(&c)
                    && page.stands(i, form)
                    && page.ends_name(i.saturating_add(form.len()))
                {
                    consider(form.len(), Token::Name(*name));
                }
            }
            if let Some((form, word)) = lexicon.get(&c).and_then(|list| {
                list.iter().find(|(form, word)| {
                    page.stands(i, form)
                        && (*word != Word::Skip || skips::applies(page, i, form, continues))
                })
            }) {
                consider(form.len(), Token::Word(*word));
            }
            for form in &halves {
                if page.stands(i, form) {
                    consider(form.len(), Token::Half);
                }
            }
        }
        match best {
            Some((length, token)) => {
                let end = i.saturating_add(length);
                found.push(Piece {
                    token,
                    range: i..end,
                });
                i = end;
            }
            None => i = i.saturating_add(1),
        }
    }
    found
}

/// Where the pieces that may form numbers together end: neighbours with at most a space between.
fn run_end(page: &Page, pieces: &[Piece], from: usize) -> usize {
    let mut end = from.saturating_add(1);
    while let (Some(last), Some(next)) = (
        end.checked_sub(1).and_then(|i| pieces.get(i)),
        pieces.get(end),
    ) {
        let numeric = matches!(
            next.token,
            Token::Written(_)
                | Token::Half
                | Token::Word(
                    Word::Digit(_)
                        | Word::Loose(_)
                        | Word::Tail(_)
                        | Word::Fixed(..)
                        | Word::Unit(_)
                        | Word::Joined(_)
                        | Word::And
                )
        );
        if !numeric || !adjoins(page, last, next) {
            break;
        }
        end = end.saturating_add(1);
    }
    end
}

/// Whether two pieces may belong to one number by what stands between them.
fn adjoins(page: &Page, last: &Piece, next: &Piece) -> bool {
    let gap = page
        .letters
        .get(last.range.end..next.range.start)
        .unwrap_or_default();
    let unit = matches!(next.token, Token::Word(Word::Unit(_) | Word::Joined(_)));
    let written = matches!(last.token, Token::Written(_));
    match gap {
        [] => true,
        [' '] => {
            matches!(page.lang, Lang::Vi | Lang::En) || unit || page.lang == Lang::My && !written
        }
        ['-'] => page.lang == Lang::En && !written,
        _ => false,
    }
}

/// Reads the numbers of a run of adjoining pieces.
fn number_run(page: &Page, run: &[Piece], found: &mut Vec<Figure>) {
    let run = settle_loose(page, run, found.last());
    let mut at = 0;
    while at < run.len() {
        let digits = run
            .iter()
            .skip(at)
            .take_while(|p| spoken_digit(p).is_some())
            .count();
        let rest = run.get(at..).unwrap_or_default();
        let then_unit = rest
            .get(digits)
            .is_some_and(|p| matches!(p.token, Token::Word(Word::Unit(_) | Word::Joined(_))));
        let spoken = rest.get(..digits).unwrap_or_default();
        if !then_unit && (digits >= 3 || short_year(page, rest, spoken)) {
            found.push(vietnamese_year(page, spoken).unwrap_or_else(|| code(page, spoken)));
            at = at.saturating_add(digits);
            continue;
        }
        at = at.saturating_add(compose(page, rest, found).max(1));
    }
}

/// 九八年, năm chín tám: two digits read one by one are a year; but 七八年 is seven or eight of them.
fn short_year(page: &Page, rest: &[Piece], spoken: &[Piece]) -> bool {
    let [a, b] = spoken else {
        return false;
    };
    let (Some(a), Some(b)) = (spoken_digit(a), spoken_digit(b)) else {
        return false;
    };
    let alone = rest.len() == 2 && page.unit(&span(spoken)) == Some(Unit::Year);
    alone && a.saturating_add(1) != b
}

/// 'Năm hai không một chín' is the year 2019: năm is five and year.
fn vietnamese_year(page: &Page, spoken: &[Piece]) -> Option<Figure> {
    let (first, year) = spoken.split_first()?;
    let five = page.lang == Lang::Vi && spoken_digit(first) == Some(5);
    let mut figure = code(page, year);
    let known = figure.key().parse::<u64>().ok();
    figure.unit = Some(Unit::Year);
    (five && year.len() == 4 && known.is_some_and(|y| (1900..=2100).contains(&y))).then_some(figure)
}

fn spoken_digit(piece: &Piece) -> Option<u64> {
    match piece.token {
        Token::Word(Word::Digit(d) | Word::Loose(d)) => Some(d),
        _ => None,
    }
}

/// Decides for each loose word of a run whether it is a digit here; one that is not splits nothing,
/// it is left out.
fn settle_loose(page: &Page, run: &[Piece], last: Option<&Figure>) -> Vec<Piece> {
    let spoken = run.iter().filter(|p| spoken_digit(p).is_some()).count();
    // The next group of a telephone number: 'không chín một hai, ba bốn năm'.
    let from = run.first().map_or(0, |p| p.range.start);
    let group = spoken == run.len()
        && spoken >= 3
        && last.is_some_and(|f| {
            f.spelled && f.key().len() >= 3 && from.saturating_sub(f.range.end) <= GROUP_GAP
        });
    let all_digits = spoken >= 4 && spoken == run.len();
    let mut kept: Vec<Piece> = Vec::with_capacity(run.len());
    for (i, piece) in run.iter().enumerate() {
        let Token::Word(Word::Loose(d)) = piece.token else {
            kept.push(piece.clone());
            continue;
        };
        let next = run.get(i.saturating_add(1)).map(|p| &p.token);
        let before_unit = matches!(next, Some(Token::Word(Word::Unit(_) | Word::Joined(_))));
        let last = i.checked_sub(1).and_then(|j| run.get(j)).map(|p| &p.token);
        let counted = page.unit_after(piece.range.end).is_some();
        let is_digit = match (d, last) {
            // Zero: within a digit by digit reading, or before hundreds (vi không trăm).
            (0, _) => all_digits || (spoken >= 3 && run.len() == spoken) || before_unit,
            _ if all_digits || group || before_unit => true,
            (_, Some(Token::Word(Word::And | Word::Joined(_)))) => true,
            // A fish is five, and of fish there are two: ငါးနှစ်ကောင်.
            (2, Some(Token::Word(Word::Digit(5)))) if is_counted_thing(page, piece) => true,
            // Units from ten thousand on have no form that joins (my သိန်း): what is counted decides.
            (2, Some(Token::Word(Word::Unit(unit)))) if *unit >= 10_000 => counted,
            // Behind a number it is the year, and so behind a full unit.
            (_, Some(Token::Word(_) | Token::Written(_))) => false,
            // 'Năm thứ hai' is the second year.
            (5, None) if page.follows(piece.range.end, "thứ") => false,
            (5, None) => {
                counted
                    || page
                        .unit_before(piece.range.start)
                        .is_some_and(|u| u != Unit::Year)
            }
            (_, None) => counted,
            _ => false,
        };
        if is_digit {
            kept.push(Piece {
                token: Token::Word(Word::Digit(d)),
                range: piece.range.clone(),
            });
        } else {
            // What follows is a number of its own.
            kept.push(Piece {
                token: Token::Word(Word::Skip),
                range: piece.range.clone(),
            });
        }
    }
    kept
}

fn is_counted_thing(page: &Page, piece: &Piece) -> bool {
    let unit = page.unit_after(piece.range.end).map(|(unit, _)| unit);
    page.lang == Lang::My && unit == Some(Unit::Thing)
}

/// Digits read one by one, like a telephone number or a Chinese year.
fn code(page: &Page, digits: &[Piece]) -> Figure {
    let range = span(digits);
    let key = digits
        .iter()
        .filter_map(spoken_digit)
        .filter_map(|d| char::from_digit(d as u32, 10))
        .collect();
    Figure {
        unit: page.unit(&range),
        keys: vec![key],
        range,
        spelled: true,
        sure: true,
        buddhist: false,
        half: None,
    }
}

/// From the first piece to the last.
pub(super) fn span(pieces: &[Piece]) -> Range<usize> {
    let from = pieces.first().map_or(0, |p| p.range.start);
    let to = pieces.last().map_or(from, |p| p.range.end);
    from..to
}

fn calendar_figure(
    page: &Page,
    name: Name,
    range: Range<usize>,
    last: Option<&Figure>,
) -> Option<Figure> {
    let number = |n: u8| n.to_string();
    let mut sure = true;
    let mut half = None;
    let (keys, unit) = match name {
        Name::Month(m) => (vec![number(m)], Some(Unit::Month)),
        Name::Perhaps(m) => {
            sure = dated(page, &range, last);
            // Of the Burmese ones the letters stand in many words.
            if !sure && page.lang == Lang::My {
                return None;
            }
            (vec![number(m)], Some(Unit::Month))
        }
        Name::Weekday(d) => (vec![format!("w{d}")], Some(Unit::Weekday)),
        Name::Ordinal(d) => (
            vec![format!("w{d}"), number(d.saturating_add(1))],
            Some(Unit::Weekday),
        ),
        Name::Nth(n, other) => {
            sure = false;
            (vec![number(n), number(other)], None)
        }
        Name::Noon => {
            (sure, half) = (false, Some(DayHalf::Afternoon));
            (vec![number(12)], Some(Unit::Clock))
        }
        Name::Midnight => {
            (sure, half) = (false, Some(DayHalf::Morning));
            (vec![number(12), number(0), number(24)], Some(Unit::Clock))
        }
        Name::Minutes(n) => (vec![number(n)], Some(Unit::Minute)),
    };
    Some(Figure {
        range,
        keys,
        unit,
        spelled: true,
        sure,
        buddhist: false,
        half,
    })
}

/// Whether a day, a year or the word for month stands beside this name of a month.
fn dated(page: &Page, range: &Range<usize>, last: Option<&Figure>) -> bool {
    let digit = |i: Option<usize>| {
        i.and_then(|i| page.letter(i))
            .is_some_and(|c| c.is_ascii_digit())
    };
    let before = page.before_space(range.start);
    page.unit_before(range.start) == Some(Unit::Month)
        || digit(before.checked_sub(1))
        || digit(Some(page.after_space(range.end)))
        || last.is_some_and(|f| f.range.end == before && f.unit == Some(Unit::Day))
}

/// Half a million: a half before a power of ten.
fn half_of_many(page: &Page, piece: &Piece, next: Option<&Piece>) -> Option<Figure> {
    let next = next.filter(|next| adjoins(page, piece, next))?;
    let Token::Word(Word::Unit(unit @ 1_000..)) = next.token else {
        return None;
    };
    let range = piece.range.start..next.range.end;
    Some(Figure {
        keys: vec![(unit / 2).to_string()],
        unit: page.unit(&range),
        range,
        spelled: true,
        sure: true,
        buddhist: false,
        half: None,
    })
}

/// A half of its own: half a year is six months elsewhere. It answers for another half and is not missed.
fn lone_half(page: &Page, piece: &Piece) -> Option<Figure> {
    // The Burmese word is also a verb.
    if page.lang == Lang::My {
        return None;
    }
    let (more, unit) = match page.unit_after(piece.range.end).map(|(unit, _)| unit) {
        Some(Unit::Year) => ("6", Some(Unit::Months)),
        Some(Unit::Month | Unit::Months | Unit::Moon) => ("15", Some(Unit::Day)),
        Some(Unit::Hour | Unit::Hours) => ("30", Some(Unit::Minute)),
        _ => (HALF, None),
    };
    let mut keys = vec![HALF.to_owned()];
    keys.extend((more != HALF).then(|| more.to_owned()));
    Some(Figure {
        range: piece.range.clone(),
        keys,
        unit,
        spelled: true,
        sure: false,
        buddhist: false,
        half: None,
    })
}

/// A half that follows a number, with its unit between them or not; or one of its own.
pub(super) fn half(page: &Page, piece: &Piece, found: &mut Vec<Figure>) {
    let Some(last) = found.last() else {
        found.extend(lone_half(page, piece));
        return;
    };
    let start = page.before_space(piece.range.start);
    let touches = last.range.end == start
        || page
            .unit_after(last.range.end)
            .is_some_and(|(_, end)| end == start)
        || (page.lang == Lang::Zh
            && page.letter(last.range.end) == Some('个')
            && last.range.end.saturating_add(1) == start);
    // 一半, một nửa: one half.
    let one = last.key() == "1" && last.range.end == start && last.unit.is_none();
    if !touches || one {
        found.extend(lone_half(page, piece));
        return;
    }
    // 三个半小时: the unit stands behind the half.
    let behind = page.unit_after(piece.range.end).map(|(unit, _)| unit);
    if let (Some(figure), Some(unit)) = (found.last_mut(), behind)
        && matches!(figure.unit, None | Some(Unit::Thing))
    {
        figure.unit = Some(unit);
    }
    found.push(Figure {
        range: piece.range.clone(),
        keys: vec![HALF.to_owned(), "30".to_owned()],
        unit: None,
        spelled: true,
        sure: true,
        buddhist: false,
        half: None,
    });
}
