//! Names of months and weekdays, eras, and times of day, as data for seven languages.
//!
//! Not reviewed by native speakers.

use crate::domain::Lang;

/// What a calendar name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// 1 to 12.
    Month(u8),
    /// Monday is 1.
    Weekday(u8),
    /// A Vietnamese weekday, which is an ordinal too: Monday is 'the second'.
    Ordinal(u8),
}

/// Months January to December, each in its forms.
fn months(lang: Lang) -> &'static [&'static [&'static str]] {
    match lang {
        Lang::Vi => &[
            &["tháng giêng"],
            &[],
            &[],
            &[],
            &[],
            &[],
            &[],
            &[],
            &[],
            &[],
            &[],
            &["tháng chạp"],
        ],
        Lang::Th => &[
            &["มกราคม", "มกรา", "ม.ค."],
            &["กุมภาพันธ์", "กุมภา", "ก.พ."],
            &["มีนาคม", "มีนา", "มี.ค."],
            &["เมษายน", "เมษา", "เม.ย."],
            &["พฤษภาคม", "พฤษภา", "พ.ค."],
            &["มิถุนายน", "มิถุนา", "มิ.ย."],
            &["กรกฎาคม", "กรกฎา", "ก.ค."],
            &["สิงหาคม", "สิงหา", "ส.ค."],
            &["กันยายน", "กันยา", "ก.ย."],
            &["ตุลาคม", "ตุลา", "ต.ค."],
            &["พฤศจิกายน", "พฤศจิกา", "พ.ย."],
            &["ธันวาคม", "ธันวา", "ธ.ค."],
        ],
        Lang::Lo => &[
            &["ມັງກອນ"],
            &["ກຸມພາ"],
            &["ມີນາ"],
            &["ເມສາ"],
            &["ພຶດສະພາ"],
            &["ມິຖຸນາ"],
            &["ກໍລະກົດ"],
            &["ສິງຫາ"],
            &["ກັນຍາ"],
            &["ຕຸລາ"],
            &["ພະຈິກ"],
            &["ທັນວາ"],
        ],
        Lang::Km => &[
            &["មករា"],
            &["កុម្ភៈ"],
            &["មីនា"],
            &["មេសា"],
            &["ឧសភា"],
            &["មិថុនា"],
            &["កក្កដា"],
            &["សីហា"],
            &["កញ្ញា"],
            &["តុលា"],
            &["វិច្ឆិកា"],
            &["ធ្នូ"],
        ],
        Lang::My => &[
            &["ဇန်နဝါရီ"],
            &["ဖေဖော်ဝါရီ"],
            &["မတ်လ"],
            &["ဧပြီ"],
            &["မေလ"],
            &["ဇွန်လ"],
            &["ဇူလိုင်"],
            &["ဩဂုတ်", "သြဂုတ်"],
            &["စက်တင်ဘာ"],
            &["အောက်တိုဘာ"],
            &["နိုဝင်ဘာ"],
            &["ဒီဇင်ဘာ"],
        ],
        Lang::En => &[
            &["january"],
            &["february"],
            &["march"],
            &["april"],
            &["may"],
            &["june"],
            &["july"],
            &["august"],
            &["september"],
            &["october"],
            &["november"],
            &["december"],
        ],
        Lang::Zh => &[],
    }
}

/// Weekdays Monday to Sunday, each in its forms.
fn weekdays(lang: Lang) -> &'static [&'static [&'static str]] {
    match lang {
        Lang::Zh => &[
            &["星期一", "礼拜一", "周一"],
            &["星期二", "礼拜二", "周二"],
            &["星期三", "礼拜三", "周三"],
            &["星期四", "礼拜四", "周四"],
            &["星期五", "礼拜五", "周五"],
            &["星期六", "礼拜六", "周六"],
            &["星期日", "星期天", "礼拜天", "礼拜日", "周日"],
        ],
        Lang::Vi => &[
            &["thứ hai"],
            &["thứ ba"],
            &["thứ tư"],
            &["thứ năm"],
            &["thứ sáu"],
            &["thứ bảy"],
            &["chủ nhật"],
        ],
        Lang::Th => &[
            &["วันจันทร์"],
            &["วันอังคาร"],
            &["วันพุธ"],
            &["วันพฤหัส"],
            &["วันศุกร์"],
            &["วันเสาร์"],
            &["วันอาทิตย์"],
        ],
        Lang::Lo => &[
            &["ວັນຈັນ"],
            &["ວັນອັງຄານ"],
            &["ວັນພຸດ"],
            &["ວັນພະຫັດ"],
            &["ວັນສຸກ"],
            &["ວັນເສົາ"],
            &["ວັນອາທິດ"],
        ],
        Lang::Km => &[
            &["ថ្ងៃចន្ទ", "ថ្ងៃច័ន្ទ"],
            &["ថ្ងៃអង្គារ"],
            &["ថ្ងៃពុធ"],
            &["ថ្ងៃព្រហស្បតិ៍"],
            &["ថ្ងៃសុក្រ"],
            &["ថ្ងៃសៅរ៍"],
            &["ថ្ងៃអាទិត្យ"],
        ],
        Lang::My => &[
            &["တနင်္လာ"],
            &["အင်္ဂါ"],
            &["ဗုဒ္ဓဟူး"],
            &["ကြာသပတေး"],
            &["သောကြာ"],
            &["စနေ"],
            &["တနင်္ဂနွေ"],
        ],
        Lang::En => &[
            &["monday"],
            &["tuesday"],
            &["wednesday"],
            &["thursday"],
            &["friday"],
            &["saturday"],
            &["sunday"],
        ],
    }
}

/// All calendar names of a language.
pub(super) fn names(lang: Lang) -> impl Iterator<Item = (&'static str, Name)> {
    let month = |i: u8, form: &'static str| (form, Name::Month(i));
    let weekday = move |i: u8, form: &'static str| match lang {
        Lang::Vi if i < 7 => (form, Name::Ordinal(i)),
        _ => (form, Name::Weekday(i)),
    };
    let months = (1..)
        .zip(months(lang))
        .flat_map(move |(i, forms)| forms.iter().map(move |f| month(i, f)));
    let days = (1..)
        .zip(weekdays(lang))
        .flat_map(move |(i, forms)| forms.iter().map(move |f| weekday(i, f)));
    months.chain(days)
}

/// Marks of the Buddhist Era, which is 543 years ahead of the common one.
pub(super) fn buddhist(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &["佛历", "佛曆"],
        Lang::Vi => &["phật lịch"],
        Lang::Th => &["พ.ศ", "พุทธศักราช"],
        Lang::Lo => &["ພ.ສ", "ພຸດທະສັກກະລາດ"],
        Lang::Km => &["ព.ស", "ពុទ្ធសករាជ"],
        Lang::My => &["သာသနာ", "ဗုဒ္ဓသက္ကရာဇ်"],
        Lang::En => &["buddhist era", "b.e."],
    }
}

/// Marks of a lunar date or of the Burmese era: no arithmetic turns these into another calendar.
pub(super) fn lunar(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &[
            "农历", "农曆", "阴历", "陰曆", "旧历", "正月", "腊月", "初一", "初二", "初三", "初四",
            "初五", "初六", "初七", "初八", "初九", "初十", "除夕", "中秋", "端午", "缅历", "傣历",
        ],
        Lang::Vi => &[
            "âm lịch",
            "mùng",
            "mồng",
            "tháng giêng",
            "tháng chạp",
            "ngày rằm",
            "đêm rằm",
        ],
        Lang::Th => &[
            "ข้างขึ้น",
            "ข้างแรม",
            "ขึ้น ๑",
            "ค่ำ เดือน",
            "ค่ำเดือน",
            "จันทรคติ",
            "จุลศักราช",
            "จ.ศ.",
        ],
        Lang::Lo => &[
            "ຂ້າງຂຶ້ນ",
            "ຂ້າງແຮມ",
            "ຄ່ຳ ເດືອນ",
            "ຄ່ຳເດືອນ",
            "ຈັນທະຄະຕິ",
            "ຈຸນລະສັກກະລາດ",
            "ຈ.ສ.",
        ],
        Lang::Km => &["កើត ខែ", "កើតខែ", "រោច ខែ", "រោចខែ", "ចន្ទគតិ", "ចុល្លសករាជ"],
        Lang::My => &[
            "လဆန်း",
            "လဆုတ်",
            "လပြည့်",
            "လကွယ်",
            "ကောဇာ",
            "မြန်မာသက္ကရာဇ်",
            "တန်ခူး",
            "ကဆုန်",
            "နယုန်",
            "ဝါဆို",
            "ဝါခေါင်",
            "တော်သလင်း",
            "သီတင်းကျွတ်",
            "တန်ဆောင်မုန်း",
            "နတ်တော်",
            "ပြာသို",
            "တပို့တွဲ",
            "တပေါင်း",
        ],
        Lang::En => &["lunar", "burmese era", "full moon", "waning", "waxing"],
    }
}

/// Words that put an hour from one to twelve into the second half of the day.
pub(super) fn afternoon(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &["下午", "晚", "傍晚", "夜", "中午"],
        Lang::Vi => &["chiều", "tối", "đêm", "trưa"],
        Lang::Th => &["บ่าย", "เย็น", "ค่ำ", "ทุ่ม", "คืน"],
        Lang::Lo => &["ບ່າຍ", "ແລງ", "ຄ່ຳ", "ຄືນ"],
        Lang::Km => &["ល្ងាច", "យប់", "រសៀល"],
        Lang::My => &["ညနေ", "ည", "နေ့လယ်", "မွန်းလွဲ"],
        Lang::En => &["pm", "p.m", "afternoon", "evening", "night"],
    }
}
