//! Which half of the day an hour is in, by the word beside it, and by which numbers it may be told.
//!
//! Not reviewed by native speakers.

use std::ops::Range;

use super::units::Unit;
use super::{Figure, Page};
use crate::domain::Lang;

/// Before noon, or after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayHalf {
    /// From midnight to noon.
    Morning,
    /// From noon to midnight.
    Afternoon,
}

/// A part of the day, as words name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Morning,
    Afternoon,
    /// The hours about twelve.
    Noon,
    /// Of the night one to three are early morning, and from six on it is evening.
    Night,
}

use Part::{Afternoon, Morning, Night, Noon};

/// How far from its hour such a word may stand, in letters.
const NEAR: usize = 12;
/// Letters between them at most: a word for 'about', 'in the'.
const GAP: usize = 8;

#[rustfmt::skip]
fn parts(lang: Lang) -> &'static [(&'static [&'static str], Part)] {
    match lang {
        Lang::Zh => &[
            (&["早上", "上午", "早晨", "清晨", "凌晨", "早", "清早", "拂晓"], Morning),
            (&["下午", "傍晚", "午后", "黄昏"], Afternoon),
            (&["中午", "正午"], Noon),
            (&["晚上", "晚", "夜里", "夜", "半夜", "深夜", "夜间", "夜晚", "午夜"], Night),
        ],
        Lang::Vi => &[
            (&["sáng", "sáng sớm", "rạng sáng", "sáng nay"], Morning),
            (&["chiều", "tối", "chiều tối"], Afternoon),
            (&["trưa"], Noon),
            (&["đêm", "khuya", "nửa đêm"], Night),
        ],
        Lang::Th => &[
            (&["เช้า", "เช้ามืด", "เช้าตรู่", "รุ่งเช้า"], Morning),
            (&["บ่าย", "เย็น"], Afternoon),
            (&["เที่ยง", "เที่ยงวัน"], Noon),
            (&["ค่ำ", "กลางคืน", "คืน", "ดึก", "เที่ยงคืน"], Night),
        ],
        Lang::Lo => &[
            (&["ເຊົ້າ", "ເຊົ້າມືດ", "ສວາຍ"], Morning),
            (&["ບ່າຍ", "ແລງ"], Afternoon),
            (&["ທ່ຽງ", "ທ່ຽງວັນ"], Noon),
            (&["ຄ່ຳ", "ກາງຄືນ", "ຄືນ", "ເດິກ", "ທ່ຽງຄືນ"], Night),
        ],
        Lang::Km => &[
            (&["ព្រឹក", "ព្រលឹម", "ទៀបភ្លឺ"], Morning),
            (&["រសៀល", "ល្ងាច"], Afternoon),
            (&["ថ្ងៃត្រង់"], Noon),
            (&["យប់", "អាធ្រាត្រ"], Night),
        ],
        Lang::My => &[
            (&["မနက်", "နံနက်", "မိုးလင်း"], Morning),
            (&["ညနေ", "မွန်းလွဲ"], Afternoon),
            (&["နေ့လယ်", "မွန်းတည့်"], Noon),
            (&["ည", "ညဘက်", "သန်းခေါင်"], Night),
        ],
        Lang::En => &[
            (&["am", "a.m", "morning"], Morning),
            (&["pm", "p.m", "afternoon", "evening"], Afternoon),
            (&["noon"], Noon),
            (&["night", "midnight"], Night),
        ],
    }
}

/// Gives every time of day its half and the numbers that it may be told by elsewhere.
pub(super) fn settle(figures: &mut [Figure], page: &Page) {
    let anywhere = parts(page.lang)
        .iter()
        .any(|(forms, part)| *part != Morning && forms.iter().any(|form| page.contains(form)));
    for i in 0..figures.len() {
        let Some(hour) = figures.get(i).and_then(hour_of) else {
            continue;
        };
        let before = i
            .checked_sub(1)
            .and_then(|j| figures.get(j))
            .map_or(0, |f| f.range.end);
        let (from, to) = stretch(figures, page, i);
        let part = nearest(page, before..from, to);
        let Some(figure) = figures.get_mut(i) else {
            continue;
        };
        if !by_its_own_word(figure, hour, page) {
            tell(figure, hour, part, anywhere);
        }
    }
}

/// The hour of a figure that is a time of day.
fn hour_of(figure: &Figure) -> Option<u64> {
    figure.unit.filter(|unit| unit.is_time())?;
    figure.key().parse::<u64>().ok().filter(|h| *h <= 24)
}

/// Thai counts its evening from six (สองทุ่ม), and had a morning that began there too; ตี is of the small
/// hours, in Lao as well.
fn by_its_own_word(figure: &mut Figure, hour: u64, page: &Page) -> bool {
    let small = match page.lang {
        Lang::Th => "ตี",
        Lang::Lo => "ຕີ",
        _ => return false,
    };
    if page.follows(figure.range.end, "ทุ่ม") && (1..=6).contains(&hour) {
        let late = hour.saturating_add(18);
        figure.keys = vec![(late % 24).to_string(), hour.saturating_add(6).to_string()];
        figure.half = Some(DayHalf::Afternoon).filter(|_| late < 24);
        return true;
    }
    if page.ends_with(figure.range.start, small) {
        figure.half = Some(DayHalf::Morning);
        return true;
    }
    if page.follows(figure.range.end, "โมงเช้า") {
        if hour <= 5 {
            figure.keys.push(hour.saturating_add(6).to_string());
        }
        figure.half = Some(DayHalf::Morning);
        return true;
    }
    false
}

fn tell(figure: &mut Figure, hour: u64, part: Option<Part>, anywhere: bool) {
    let half = match (hour, part) {
        (13..=23, _) => Some(DayHalf::Afternoon),
        (0 | 24, _) => Some(DayHalf::Morning),
        (12, Some(Night)) => {
            figure.keys.extend(["0".to_owned(), "24".to_owned()]);
            Some(DayHalf::Morning)
        }
        (12, Some(Noon | Afternoon)) => Some(DayHalf::Afternoon),
        (12, _) => None,
        (_, Some(Morning)) | (1..=3, Some(Night)) | (5..=11, Some(Noon)) => Some(DayHalf::Morning),
        (4 | 5, Some(Night)) => None,
        (_, Some(_)) => Some(DayHalf::Afternoon),
        (_, None) => None,
    };
    figure.half = half;
    let late = match half {
        Some(half) => half == DayHalf::Afternoon,
        None => part.is_some() || anywhere,
    };
    if late && (1..=11).contains(&hour) {
        figure.keys.push(hour.saturating_add(12).to_string());
    }
}

/// Where the hour with its unit and its minutes begins and ends.
fn stretch(figures: &[Figure], page: &Page, i: usize) -> (usize, usize) {
    let Some(figure) = figures.get(i) else {
        return (0, 0);
    };
    let end = |range: &Range<usize>| page.unit_after(range.end).map_or(range.end, |(_, end)| end);
    let mut to = end(&figure.range);
    for next in figures.iter().skip(i.saturating_add(1)) {
        let minutes = matches!(next.unit, None | Some(Unit::Minute));
        if !minutes || next.range.start > to.saturating_add(1) {
            break;
        }
        to = end(&next.range).max(to);
    }
    (page.unit_start(figure.range.start), to)
}

/// The part of the day that is named nearest to an hour: right behind it, or before it. Chinese and Burmese
/// say it before.
fn nearest(page: &Page, before: Range<usize>, to: usize) -> Option<Part> {
    let ends = |i: usize| {
        let letter = page.letter(i);
        letter.is_none_or(|c| ",，.。;；?？!！、။၊។0123456789".contains(c))
    };
    let earliest = before.end.saturating_sub(NEAR).max(before.start);
    let from = (earliest..before.end)
        .rfind(|i| ends(*i))
        .map_or(earliest, |i| i.saturating_add(1));
    let latest = to.saturating_add(NEAR);
    let until = (to..latest).find(|i| ends(*i)).unwrap_or(latest);
    let lead = named(page, from..before.end)
        .into_iter()
        .map(|(range, part)| (before.end.saturating_sub(range.end), part))
        .min_by_key(|(gap, _)| *gap);
    let trail = named(page, to..until)
        .into_iter()
        .map(|(range, part)| (range.start.saturating_sub(to), part))
        .min_by_key(|(gap, _)| *gap)
        .filter(|_| !matches!(page.lang, Lang::Zh | Lang::My));
    let all = trail.into_iter().chain(lead).filter(|(gap, _)| *gap <= GAP);
    all.min_by_key(|(gap, _)| *gap).map(|(_, part)| part)
}

/// The parts of the day that a stretch names, the longest of those that begin together.
fn named(page: &Page, within: Range<usize>) -> Vec<(Range<usize>, Part)> {
    let mut found: Vec<(Range<usize>, Part)> = Vec::new();
    for i in within.clone().filter(|i| page.is_edge(*i)) {
        let longest = parts(page.lang)
            .iter()
            .flat_map(|(forms, part)| forms.iter().map(move |form| (form, *part)))
            .filter_map(|(form, part)| {
                let form: Vec<char> = form.chars().collect();
                let end = i.saturating_add(form.len());
                (end <= within.end && page.stands(i, &form)).then_some((end, part))
            })
            .max_by_key(|(end, _)| *end);
        if let Some((end, part)) = longest
            && found.last().is_none_or(|(range, _)| range.end <= i)
        {
            found.push((i..end, part));
        }
    }
    found
}
