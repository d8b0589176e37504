//! Lunar dates and the Burmese era: no arithmetic turns these into another calendar, a person must.
//!
//! Not reviewed by native speakers.

use std::ops::Range;

use super::units::Unit;
use super::{Figure, Page};
use crate::domain::Lang;

/// Words that are never anything else.
#[rustfmt::skip]
fn marks(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &[
            "农历", "农曆", "阴历", "陰曆", "旧历", "正月", "腊月", "除夕", "中秋", "端午", "缅历", "傣历",
        ],
        Lang::Vi => &["âm lịch", "tháng giêng", "tháng chạp", "rằm"],
        Lang::Th => &["ข้างขึ้น", "ข้างแรม", "ค่ำ เดือน", "ค่ำเดือน", "จันทรคติ", "จุลศักราช", "จ.ศ."],
        Lang::Lo => &["ຂ້າງຂຶ້ນ", "ຂ້າງແຮມ", "ຄ່ຳ ເດືອນ", "ຄ່ຳເດືອນ", "ຈັນທະຄະຕິ", "ຈຸນລະສັກກະລາດ", "ຈ.ສ."],
        Lang::Km => &["កើត ខែ", "កើតខែ", "រោច ខែ", "រោចខែ", "ចន្ទគតិ", "ចុល្លសករាជ"],
        Lang::My => &[
            "လဆန်း", "လဆုတ်", "လပြည့်", "လကွယ်", "ကောဇာ", "မြန်မာသက္ကရာဇ်", "တန်ခူး", "ကဆုန်", "နယုန်", "ဝါဆို", "ဝါခေါင်",
            "တော်သလင်း", "သီတင်းကျွတ်", "တန်ဆောင်မုန်း", "နတ်တော်", "ပြာသို", "တပို့တွဲ", "တပေါင်း",
        ],
        Lang::En => &["lunar", "burmese era", "full moon", "waning", "waxing"],
    }
}

/// The first mark of a page, in letters.
pub(super) fn find(page: &Page, figures: &[Figure]) -> Option<Range<usize>> {
    let word = marks(page.lang).iter().find_map(|mark| {
        let mark: Vec<char> = mark.chars().collect();
        (0..page.letters.len())
            .find(|i| page.is_edge(*i) && page.stands(*i, &mark))
            .map(|i| i..i.saturating_add(mark.len()))
    });
    word.or_else(|| first_days(page)).or_else(|| {
        figures
            .iter()
            .find(|f| dated(page, f))
            .map(|f| f.range.clone())
    })
}

/// Chinese 初二 is the second of a lunar month, but in 读到初二 the second year of a school.
fn first_days(page: &Page) -> Option<Range<usize>> {
    const SCHOOL_BEFORE: [char; 6] = ['读', '上', '念', '学', '到', '级'];
    const SCHOOL_BEHIND: [char; 5] = ['年', '毕', '班', '学', '的'];
    if page.lang != Lang::Zh {
        return None;
    }
    let days = page.letters.windows(2).enumerate().find(|(i, pair)| {
        let [first, day] = pair else {
            return false;
        };
        let lead = page
            .letters
            .get(i.saturating_sub(2)..*i)
            .unwrap_or_default();
        let next = page.letter(i.saturating_add(2));
        *first == '初'
            && "一二三四五六七八九十".contains(*day)
            && !lead.iter().any(|c| SCHOOL_BEFORE.contains(c))
            && !next.is_some_and(|c| SCHOOL_BEHIND.contains(&c))
    });
    days.map(|(i, _)| i..i.saturating_add(2))
}

/// A number that the words beside it make a lunar day or a year of the Burmese era.
fn dated(page: &Page, figure: &Figure) -> bool {
    let Ok(value) = figure.key().parse::<u64>() else {
        return false;
    };
    let behind = |words: &[&str]| words.iter().any(|w| page.follows(figure.range.end, w));
    let before = |words: &[&str]| words.iter().any(|w| page.ends_with(figure.range.start, w));
    match page.lang {
        Lang::Vi => before(&["mùng", "mồng"]),
        Lang::Th => before(&["ขึ้น", "แรม"]) && behind(&["ค่ำ"]),
        Lang::Lo => before(&["ຂຶ້ນ", "ແຮມ"]) && behind(&["ຄ່ຳ", "ຄໍ່າ"]),
        // The first word is also 'to be born', 'to come up'.
        Lang::Km => {
            let born = behind(&["កើតនៅ", "កើតមក", "កើតឡើង", "កើតក្នុង", "កើតមាន"]);
            value <= 15 && behind(&["កើត", "រោច"]) && !born
        }
        Lang::My => figure.unit == Some(Unit::Year) && (1200..=1450).contains(&value),
        Lang::Zh | Lang::En => false,
    }
}
