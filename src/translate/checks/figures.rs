//! Numbers, dates and amounts of a line against those of its translation.

use crate::domain::{Flag, FlagKind, LangPair, Place, Side};
use crate::text::{self, Figure, Unit};

/// What may stand between the groups of one telephone or document number.
const GROUP_GAP: usize = 3;

/// The flag for numbers that differ, and the one for a date that a person must convert.
pub(super) fn check(source: &str, translation: &str, pair: LangPair) -> Vec<Flag> {
    let mut flags = Vec::new();
    let left = text::figures(source, pair.from);
    let right = text::figures(translation, pair.to);
    let (left, right) = unmatched(source, &left, translation, &right);
    if demands(&left, &right) {
        // 'One' in words stands nearly everywhere: it is nothing to show.
        let shown = |side: Vec<Figure>| -> Vec<Figure> {
            side.into_iter()
                .filter(|f| f.sure || f.key() != "1")
                .collect()
        };
        let (left, right) = (shown(left), shown(right));
        let say = |side: &[Figure]| {
            side.iter()
                .map(Figure::key)
                .map(readable)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let detail = format!("{} | {}", say(&left), say(&right));
        let mut places = Vec::new();
        for (text, side, figures) in [
            (source, Side::Source, &left),
            (translation, Side::Translation, &right),
        ] {
            let place = |f: &Figure| Place::of(text, side, &f.range, readable(f.key()));
            places.extend(figures.iter().map(place));
            if figures.is_empty() {
                // It should stand somewhere in there.
                places.push(Place::whole(text, side));
            }
        }
        flags.push(Flag::with(FlagKind::NumberMismatch, detail.trim()).at(places));
    }
    if let Some(range) = text::lunar_date(source, pair.from) {
        let mark = source.get(range.clone()).unwrap_or_default();
        let place = Place::of(source, Side::Source, &range, mark);
        let other = Place::whole(translation, Side::Translation);
        flags.push(Flag::with(FlagKind::LunarDate, mark).at(vec![place, other]));
    }
    flags
}

/// Weekdays and halves by name.
fn readable(key: &str) -> &str {
    match key {
        "w1" => "Mon",
        "w2" => "Tue",
        "w3" => "Wed",
        "w4" => "Thu",
        "w5" => "Fri",
        "w6" => "Sat",
        "w7" => "Sun",
        text::HALF => "half",
        key => key,
    }
}

/// Whether what has no counterpart is worth a person's time: a number beyond doubt, or a doubtful one
/// on both sides.
fn demands(left: &[Figure], right: &[Figure]) -> bool {
    let sure = |side: &[Figure]| side.iter().any(|f| f.sure);
    let idle = |f: &Figure| f.key() == "1" || (f.key() == text::HALF && !f.sure);
    let some = |side: &[Figure]| side.iter().any(|f| !idle(f));
    sure(left) || sure(right) || (some(left) && some(right))
}

/// The figures of both sides without counterpart, each side in its order.
fn unmatched(
    source: &str,
    left: &[Figure],
    translation: &str,
    right: &[Figure],
) -> (Vec<Figure>, Vec<Figure>) {
    let mut partner: Vec<Option<usize>> = vec![None; left.len()];
    let mut taken = vec![false; right.len()];
    // Most certain pairs first, so that a number finds the one that counts the same.
    let passes: [fn(&Figure, &Figure) -> bool; 4] = [
        |a, b| same_key(a, b) && a.unit.is_some() && a.unit == b.unit,
        |a, b| same_key(a, b) && units_agree(a, b),
        |a, b| any_key(a, b) && units_agree(a, b) && same_era(a, b),
        |a, b| any_key(a, b) && units_agree(a, b) && !(a.buddhist ^ b.buddhist) && !a.buddhist,
    ];
    let may = |a: &Figure, b: &Figure| era_kept(a, b) && half_kept(a, b);
    for pass in passes {
        for (a, partner) in left
            .iter()
            .zip(partner.iter_mut())
            .filter(|(_, p)| p.is_none())
        {
            let found = right
                .iter()
                .zip(&taken)
                .position(|(b, taken)| !taken && pass(a, b) && may(a, b));
            if let Some((at, slot)) = found.and_then(|at| Some((at, taken.get_mut(at)?))) {
                *slot = true;
                *partner = Some(at);
            }
        }
    }
    let left: Vec<Figure> = left
        .iter()
        .zip(&partner)
        .filter(|(_, p)| p.is_none())
        .map(|(f, _)| f.clone())
        .collect();
    let right: Vec<Figure> = right
        .iter()
        .zip(&taken)
        .filter(|(_, t)| !**t)
        .map(|(f, _)| f.clone())
        .collect();
    rejoin(source, left, translation, right)
}

fn same_key(a: &Figure, b: &Figure) -> bool {
    a.key() == b.key()
}

fn any_key(a: &Figure, b: &Figure) -> bool {
    a.keys.iter().any(|k| b.keys.contains(k))
}

fn units_agree(a: &Figure, b: &Figure) -> bool {
    match (a.unit, b.unit) {
        (Some(a), Some(b)) => a.agrees(b) || ordinal(a, b),
        _ => true,
    }
}

/// Vietnamese weekdays are ordinals: the third is Tuesday too, and the third day, month, person or time.
fn ordinal(a: Unit, b: Unit) -> bool {
    let counts = |unit: Unit| {
        matches!(
            unit,
            Unit::Times
                | Unit::Thing
                | Unit::Day
                | Unit::Week
                | Unit::Month
                | Unit::Months
                | Unit::Moon
                | Unit::Year
                | Unit::Person
        )
    };
    (a == Unit::Weekday && counts(b)) || (b == Unit::Weekday && counts(a))
}

/// Three in the morning is not three in the afternoon, where both sides say which.
fn half_kept(a: &Figure, b: &Figure) -> bool {
    a.half.is_none() || b.half.is_none() || a.half == b.half
}

fn same_era(a: &Figure, b: &Figure) -> bool {
    a.buddhist != b.buddhist || !a.buddhist
}

/// A year of the Buddhist Era is no year of the common one by the same number.
fn era_kept(a: &Figure, b: &Figure) -> bool {
    a.buddhist == b.buddhist || a.key() != b.key()
}

/// Takes out numbers that one side writes in more groups than the other: 081-234-5678.
fn rejoin(
    source: &str,
    left: Vec<Figure>,
    translation: &str,
    right: Vec<Figure>,
) -> (Vec<Figure>, Vec<Figure>) {
    let (mut left, mut right) = (codes(source, left), codes(translation, right));
    left.retain(|(joined, group)| {
        match right
            .iter()
            .position(|(other, others)| other == joined && (group.len() > 1 || others.len() > 1))
        {
            Some(at) => {
                right.remove(at);
                false
            }
            None => true,
        }
    });
    let figures =
        |codes: Vec<(String, Vec<Figure>)>| codes.into_iter().flat_map(|(_, f)| f).collect();
    (figures(left), figures(right))
}

/// Neighbouring figures with only spaces and dashes between them, and their digits in a row.
fn codes(text: &str, figures: Vec<Figure>) -> Vec<(String, Vec<Figure>)> {
    let mut found: Vec<(String, Vec<Figure>)> = Vec::new();
    for figure in figures {
        let key = written(text, &figure);
        if let Some((joined, group)) = found.last_mut() {
            let end = group.last().map_or(0, |f| f.range.end);
            let gap = text.get(end..figure.range.start).unwrap_or("?");
            if gap.len() <= GROUP_GAP && gap.chars().all(|c| " -./()+–,，、".contains(c)) {
                joined.push_str(&key);
                group.push(figure);
                continue;
            }
        }
        found.push((key, vec![figure]));
    }
    found
}

/// The digits as written, zeros included; a number in words by its value.
fn written(text: &str, figure: &Figure) -> String {
    let stretch = text.get(figure.range.clone()).unwrap_or_default();
    if figure.key().contains(char::is_alphabetic) || stretch.contains(char::is_alphabetic) {
        return figure.key().to_owned();
    }
    text::numbers(stretch).concat()
}
