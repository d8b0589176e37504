//! Numbers in digits: groups, decimals, and what only looks like either.

use std::ops::Range;

use super::Page;
use super::units::Unit;
use crate::text::script::is_number_separator;

/// A number in digits: its place in letters, its digits, and the digits behind the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) range: Range<usize>,
    pub(super) whole: String,
    pub(super) fraction: String,
}

/// The numbers that begin at `i`, where a digit stands, and where they end. Groups of three behind
/// a comma, a point or a thin space are one number, and one short group behind one is a fraction;
/// anything else that separators hold together (a telephone number, a date) is a number a group.
pub(super) fn scan(page: &Page, i: usize) -> (Vec<Written>, usize) {
    let is_digit = |i: usize| page.letter(i).is_some_and(|c| c.is_ascii_digit());
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut separators = Vec::new();
    let mut at = i;
    loop {
        let from = at;
        while is_digit(at) {
            at = at.saturating_add(1);
        }
        groups.push(from..at);
        match page.letter(at) {
            Some(c) if is_number_separator(c) && is_digit(at.saturating_add(1)) => {
                separators.push(c);
                at = at.saturating_add(1);
            }
            _ => break,
        }
    }
    (join(page, &groups, &separators), at)
}

fn join(page: &Page, groups: &[Range<usize>], separators: &[char]) -> Vec<Written> {
    let text = |r: &Range<usize>| -> String {
        page.letters
            .get(r.clone())
            .unwrap_or_default()
            .iter()
            .collect()
    };
    let whole = |r: &Range<usize>| Written {
        range: r.clone(),
        whole: text(r),
        fraction: String::new(),
    };
    let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
        return Vec::new();
    };
    let range = first.start..last.end;
    let threes = |groups: &[Range<usize>]| groups.iter().skip(1).all(|g| g.len() == 3);
    let leads = first.len() <= 3 && page.letter(first.start) != Some('0');
    if groups.len() == 1 {
        return vec![whole(first)];
    }
    let one_separator = separators.windows(2).all(|w| w.first() == w.last());
    if leads && one_separator && threes(groups) {
        let whole = groups.iter().map(text).collect();
        return vec![Written {
            range,
            whole,
            fraction: String::new(),
        }];
    }
    // 1,234.56: the last separator differs from those before it.
    let (Some((fraction, head)), Some((point, commas))) =
        (groups.split_last(), separators.split_last())
    else {
        return groups.iter().map(whole).collect();
    };
    let grouped = leads
        && threes(head)
        && !commas.contains(point)
        && commas.windows(2).all(|w| w.first() == w.last());
    let plain = head.len() == 1 && !is_clock(page, head, fraction, range.end);
    if (head.len() > 1 && grouped) || plain {
        return vec![Written {
            range,
            whole: head.iter().map(text).collect(),
            fraction: text(fraction).trim_end_matches('0').to_owned(),
        }];
    }
    groups.iter().map(whole).collect()
}

/// Half past eight in the evening is `20.30 น.`, `ម៉ោង ៨.៣០` or `၈.၃၀ နာရီ`: a time by the word beside it.
fn is_clock(page: &Page, head: &[Range<usize>], minutes: &Range<usize>, end: usize) -> bool {
    let hour = head.first().filter(|h| h.len() <= 2);
    let small = page.letter(minutes.start).is_some_and(|c| c <= '5');
    let time = |unit: Option<Unit>| unit.is_some_and(Unit::is_time);
    let noted = time(page.unit_after(end).map(|(unit, _)| unit))
        || hour.is_some_and(|h| time(page.unit_before(h.start)));
    hour.is_some() && minutes.len() == 2 && small && noted
}
