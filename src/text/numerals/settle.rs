//! What numbers say beside each other: the parts of a date, the minutes of an hour, a range, a short year.

use std::ops::Range;

use super::units::Unit;
use super::{Figure, Page};
use crate::domain::Lang;

/// Letters between a month and its year at most: a space and the mark of an era.
const NEAR: usize = 7;

/// Settles what neighbours say of each other.
pub(super) fn settle(figures: &mut Vec<Figure>, page: &Page) {
    dates(figures, page);
    clocks(figures, page);
    ranges(figures, page);
    for figure in figures.iter_mut() {
        short_year(figure, page);
    }
}

fn value(figure: &Figure) -> Option<u64> {
    figure.key().parse().ok()
}

/// A number in digits as it is written: how many there are, and what they make.
fn written(figure: &Figure) -> Option<(usize, u64)> {
    let plain = !figure.spelled && figure.keys.iter().any(|k| k.len() == figure.range.len());
    Some((figure.range.len(), value(figure)?)).filter(|_| plain)
}

/// What stands between two figures.
fn gap<'a>(page: &'a Page, a: &Figure, b: &Figure) -> &'a [char] {
    page.letters
        .get(a.range.end..b.range.start)
        .unwrap_or_default()
}

/// 05/03/2019 is the fifth of March in all six languages, 2019-03-05 too; and ngày 5/3.
fn dates(figures: &mut [Figure], page: &Page) {
    let good = |day: u64, month: u64| (1..=31).contains(&day) && (1..=12).contains(&month);
    for i in 0..figures.len() {
        let (Some([a, b]), third) = (
            figures.get(i..i.saturating_add(2)),
            figures.get(i.saturating_add(2)),
        ) else {
            continue;
        };
        let ([mark @ ('/' | '-' | '.')], Some((la, va)), Some((lb, vb))) =
            (gap(page, a, b), written(a), written(b))
        else {
            continue;
        };
        let third = third
            .filter(|c| gap(page, b, c) == [*mark])
            .and_then(written);
        let units = match (la, lb, third) {
            (1..=2, 1..=2, Some((4, _))) | (1..=2, 1..=2, Some((2, _)))
                if *mark == '/' || third.is_some_and(|t| t.0 == 4) =>
            {
                // Where the second cannot be a month, the first is.
                if good(va, vb) && page.lang != Lang::En {
                    [Unit::Day, Unit::Month, Unit::Year]
                } else if good(vb, va) && vb > 12 {
                    [Unit::Month, Unit::Day, Unit::Year]
                } else {
                    continue;
                }
            }
            (4, 1..=2, Some((1..=2, day))) if good(day, vb) => [Unit::Year, Unit::Month, Unit::Day],
            (1..=2, 1..=2, None) if a.unit == Some(Unit::Day) && *mark == '/' && good(va, vb) => {
                [Unit::Day, Unit::Month, Unit::Year]
            }
            _ => continue,
        };
        let parts = if third.is_some() { 3 } else { 2 };
        for (figure, unit) in figures.iter_mut().skip(i).zip(units).take(parts) {
            figure.unit = Some(unit);
        }
    }
}

/// 20:30 and 20.30 are a time of day; full hours have no minutes to compare.
fn clocks(figures: &mut Vec<Figure>, page: &Page) {
    let mut i = 0usize;
    while let Some([a, b]) = figures.get(i..i.saturating_add(2)) {
        i = i.saturating_add(1);
        let (Some(hour), Some((2, minutes @ 0..=59))) = (value(a), written(b).or_else(|| zeros(b)))
        else {
            continue;
        };
        // The word for the hour may stand behind its minutes: ၈.၃၀ နာရီ.
        let time = [a.unit, b.unit].into_iter().flatten().any(Unit::is_time);
        let joined = match gap(page, a, b) {
            [':'] => hour <= 24,
            ['.' | 'h'] => time,
            other => time && minutes == 0 && other.len() <= NEAR && !other.contains(&','),
        };
        if !joined {
            continue;
        }
        if let Some(a) = figures.get_mut(i.saturating_sub(1))
            && a.unit.is_none_or(Unit::is_time)
        {
            a.unit = Some(Unit::Clock);
        }
        if minutes == 0 {
            figures.remove(i);
        } else if let Some(b) = figures
            .get_mut(i)
            .filter(|b| b.unit.is_none_or(Unit::is_time))
        {
            b.unit = Some(Unit::Minute);
        }
    }
}

/// 00 reads as 0.
fn zeros(figure: &Figure) -> Option<(usize, u64)> {
    (!figure.spelled && figure.range.len() == 2).then(|| value(figure).map(|v| (2, v)))?
}

/// 二十七八岁 is 27 or 28, ba bốn mươi 30 or 40.
fn ranges(figures: &mut [Figure], page: &Page) {
    for i in 1..figures.len() {
        let Some([a, b]) = figures.get(i.saturating_sub(1)..=i) else {
            continue;
        };
        let (Some(first), Some(second)) = (value(a), value(b)) else {
            continue;
        };
        if !(a.spelled && b.spelled && matches!(gap(page, a, b), [] | [' '])) {
            continue;
        }
        let next = first.saturating_add(1);
        let tens = |n: u64| {
            [10u64, 100, 1_000, 10_000]
                .into_iter()
                .find(|u| n.checked_mul(*u) == Some(second))
        };
        if first > 10 && second < 10 && next % 10 == second && first % 10 != 0 {
            if let Some(b) = figures.get_mut(i) {
                b.keys = vec![next.to_string()];
            }
        } else if let (1..=8, Some(unit)) = (first, tens(next)) {
            let counted = b.unit;
            if let Some(a) = figures.get_mut(i.saturating_sub(1)) {
                a.keys.push(first.saturating_mul(unit).to_string());
                a.unit = counted;
            }
        }
    }
}

/// A year of two digits: of the century that makes it one that people tell of; in Thai of the Buddhist Era
/// too.
fn short_year(figure: &mut Figure, page: &Page) {
    let Some(year) = value(figure).filter(|y| *y < 100) else {
        return;
    };
    let short = figure.keys.iter().any(|k| k.len() == 2);
    let named = match page.lang {
        // 20年 is also a time of twenty years: it may be told either way.
        Lang::Zh => figure.unit == Some(Unit::Year),
        Lang::My => figure.unit == Some(Unit::Year) && page.follows(figure.range.end, "ခုနှစ်"),
        Lang::En => false,
        _ => {
            figure.unit == Some(Unit::Year)
                && page.unit_before(figure.range.start) == Some(Unit::Year)
        }
    };
    if !short || !named {
        return;
    }
    let century = if year < 30 { 2000 } else { 1900 };
    figure.keys.push(year.saturating_add(century).to_string());
    if page.lang == Lang::Th {
        let buddhist = year.saturating_add(2500);
        figure.keys.push(buddhist.to_string());
        figure.keys.push(buddhist.saturating_sub(543).to_string());
    }
}

/// Whether a month stands right before a figure: what follows is its year.
pub(super) fn behind_a_month(last: Option<&(Option<Unit>, Range<usize>)>, start: usize) -> bool {
    last.is_some_and(|(unit, range)| {
        *unit == Some(Unit::Month) && start.saturating_sub(range.end) <= NEAR
    })
}
