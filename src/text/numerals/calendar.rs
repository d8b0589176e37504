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
    /// A month that is also something else (km កញ្ញា 'Miss', en 'may', names of women): it is one for sure
    /// beside a day, a year or the word for month.
    Perhaps(u8),
    /// 'The second' and such, in a word of its own; of a school year also its other count.
    Nth(u8, u8),
    /// Noon, and midnight.
    Noon,
    Midnight,
    /// So many minutes: 一刻 is a quarter.
    Minutes(u8),
}

/// Months January to December, each in its forms.
fn months(lang: Lang) -> &'static [&'static [&'static str]] {
    match lang {
        Lang::Vi => &[
            &["tháng giêng"],
            &[],
            &[],
            &["tháng tư"],
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
            &["မတ်လ", "မတ်"],
            &["ဧပြီ"],
            &["မေလ", "မေ"],
            &["ဇွန်လ", "ဇွန်"],
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
            &["วันพฤหัสบดี", "วันพฤหัส"],
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
    let month = move |i: u8, form: &'static str| match doubtful(lang).contains(&form) {
        true => (form, Name::Perhaps(i)),
        false => (form, Name::Month(i)),
    };
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
    months.chain(days).chain(others(lang).iter().copied())
}

/// Months that are other words too.
#[rustfmt::skip]
fn doubtful(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Th => &[
            "มกรา", "กุมภา", "มีนา", "เมษา", "พฤษภา", "มิถุนา", "กรกฎา", "สิงหา", "กันยา", "ตุลา", "พฤศจิกา", "ธันวา",
        ],
        Lang::Lo => &["ກັນຍາ", "ມີນາ", "ເມສາ", "ຕຸລາ", "ສິງຫາ"],
        Lang::Km => &["កញ្ញា", "ធ្នូ", "មេសា", "តុលា", "សីហា", "មករា"],
        Lang::My => &["မတ်", "မေ", "ဇွန်"],
        Lang::En => &["may", "march"],
        Lang::Zh | Lang::Vi => &[],
    }
}

/// Numbers that have names of their own.
#[rustfmt::skip]
fn others(lang: Lang) -> &'static [(&'static str, Name)] {
    use Name::{Midnight, Minutes, Month, Noon, Nth};
    match lang {
        Lang::Zh => &[
            ("正月", Month(1)), ("腊月", Month(12)), ("正午", Noon), ("午夜", Midnight),
            ("点一刻", Minutes(15)), ("点三刻", Minutes(45)), ("一刻钟", Minutes(15)), ("三刻钟", Minutes(45)),
            ("初一", Nth(1, 7)), ("初二", Nth(2, 8)), ("初三", Nth(3, 9)), ("高二", Nth(2, 11)), ("高三", Nth(3, 12)),
        ],
        Lang::Vi => &[
            ("giữa trưa", Noon), ("nửa đêm", Midnight), ("thứ nhất", Nth(1, 1)), ("thứ nhì", Nth(2, 2)), ("rằm", Nth(15, 15)),
        ],
        Lang::Th => &[("เที่ยง", Noon), ("เที่ยงวัน", Noon), ("เที่ยงคืน", Midnight)],
        Lang::Lo => &[("ທ່ຽງ", Noon), ("ທ່ຽງວັນ", Noon), ("ທ່ຽງຄືນ", Midnight)],
        Lang::Km => &[("ថ្ងៃត្រង់", Noon), ("អាធ្រាត្រ", Midnight)],
        Lang::My => &[
            ("မွန်းတည့်", Noon), ("သန်းခေါင်", Midnight),
            ("ပထမ", Nth(1, 1)), ("ဒုတိယ", Nth(2, 2)), ("တတိယ", Nth(3, 3)), ("စတုတ္ထ", Nth(4, 4)), ("ပဉ္စမ", Nth(5, 5)),
            ("ဆဋ္ဌမ", Nth(6, 6)), ("သတ္တမ", Nth(7, 7)), ("အဋ္ဌမ", Nth(8, 8)), ("နဝမ", Nth(9, 9)), ("ဒသမ", Nth(10, 10)),
        ],
        Lang::En => &[
            ("noon", Noon), ("midnight", Midnight), ("first", Nth(1, 1)), ("second", Nth(2, 2)), ("third", Nth(3, 3)),
        ],
    }
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
