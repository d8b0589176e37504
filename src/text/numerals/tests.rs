//! Numbers in words, read back: a generator for each language, and the ambiguous words one by one.

use proptest::prelude::*;

use super::*;

const ZH: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
const VI: [&str; 10] = [
    "không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín",
];
const TH: [&str; 10] = [
    "ศูนย์",
    "หนึ่ง",
    "สอง",
    "สาม",
    "สี่",
    "ห้า",
    "หก",
    "เจ็ด",
    "แปด",
    "เก้า",
];
const LO: [&str; 10] = [
    "ສູນ",
    "ໜຶ່ງ",
    "ສອງ",
    "ສາມ",
    "ສີ່",
    "ຫ້າ",
    "ຫົກ",
    "ເຈັດ",
    "ແປດ",
    "ເກົ້າ",
];
const KM: [&str; 10] = [
    "សូន្យ",
    "មួយ",
    "ពីរ",
    "បី",
    "បួន",
    "ប្រាំ",
    "ប្រាំមួយ",
    "ប្រាំពីរ",
    "ប្រាំបី",
    "ប្រាំបួន",
];
const MY: [&str; 10] = [
    "သုည",
    "တစ်",
    "နှစ်",
    "သုံး",
    "လေး",
    "ငါး",
    "ခြောက်",
    "ခုနစ်",
    "ရှစ်",
    "ကိုး",
];
const EN: [&str; 20] = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
];

fn zh(n: usize) -> String {
    fn section(n: usize) -> String {
        let mut out = String::new();
        let mut gap = false;
        for (unit, name) in [(1000, "千"), (100, "百"), (10, "十"), (1, "")] {
            let d = n / unit % 10;
            if d == 0 {
                gap = true;
            } else {
                if gap && !out.is_empty() {
                    out += "零";
                }
                gap = false;
                out += ZH[d];
                out += name;
            }
        }
        out
    }
    let (high, low) = (n / 10_000, n % 10_000);
    let mut out = String::new();
    if high > 0 {
        out += &section(high);
        out += "万";
    }
    if high > 0 && low > 0 && low < 1000 {
        out += "零";
    }
    out + &section(low)
}

fn vi(n: usize) -> String {
    fn hundreds(n: usize, full: bool) -> Vec<&'static str> {
        let (h, t, d) = (n / 100, n / 10 % 10, n % 10);
        let mut out = Vec::new();
        if h > 0 || full {
            out.extend([VI[h], "trăm"]);
        }
        let above = !out.is_empty();
        match t {
            0 if d > 0 && above => out.push("linh"),
            0 => {}
            1 => out.push("mười"),
            _ => out.extend([VI[t], "mươi"]),
        }
        match (t, d) {
            (_, 0) => {}
            (2.., 1) => out.push("mốt"),
            (1.., 5) => out.push("lăm"),
            _ => out.push(VI[d]),
        }
        out
    }
    let (m, k, r) = (n / 1_000_000, n / 1000 % 1000, n % 1000);
    let mut out = Vec::new();
    for (part, unit) in [(m, "triệu"), (k, "nghìn"), (r, "")] {
        if part > 0 {
            let full = !out.is_empty();
            out.extend(hundreds(part, full));
            if !unit.is_empty() {
                out.push(unit);
            }
        }
    }
    out.join(" ")
}

/// Thai and Lao: positional words, a special 20 and a special last one.
fn thai_like(
    n: usize,
    digits: &[&str; 10],
    units: [&str; 6],
    twenty: &str,
    tail: &str,
    million: &str,
) -> String {
    let mut out = String::new();
    if n >= 1_000_000 {
        out += &thai_like(n / 1_000_000, digits, units, twenty, tail, million);
        out += million;
    }
    let n = n % 1_000_000;
    for (i, name) in units.iter().enumerate() {
        let unit = 10usize.pow(5 - i as u32);
        let d = n / unit % 10;
        match (d, unit) {
            (0, _) => {}
            (1, 10) => out += name,
            (2, 10) => out += twenty,
            (1, 1) if !(n / 10).is_multiple_of(10) => out += tail,
            _ => {
                out += digits[d];
                out += name;
            }
        }
    }
    out
}

fn th(n: usize) -> String {
    thai_like(
        n,
        &TH,
        ["แสน", "หมื่น", "พัน", "ร้อย", "สิบ", ""],
        "ยี่สิบ",
        "เอ็ด",
        "ล้าน",
    )
}

fn lo(n: usize) -> String {
    thai_like(
        n,
        &LO,
        ["ແສນ", "ໝື່ນ", "ພັນ", "ຮ້ອຍ", "ສິບ", ""],
        "ຊາວ",
        "ເອັດ",
        "ລ້ານ",
    )
}

fn km(n: usize) -> String {
    const TENS: [&str; 10] = [
        "",
        "ដប់",
        "ម្ភៃ",
        "សាមសិប",
        "សែសិប",
        "ហាសិប",
        "ហុកសិប",
        "ចិតសិប",
        "ប៉ែតសិប",
        "កៅសិប",
    ];
    let mut out = String::new();
    for (unit, name) in [
        (1_000_000, "លាន"),
        (100_000, "សែន"),
        (10_000, "ម៉ឺន"),
        (1000, "ពាន់"),
        (100, "រយ"),
    ] {
        let d = if unit == 1_000_000 {
            n / unit
        } else {
            n / unit % 10
        };
        if d >= 10 {
            out += &km(d);
            out += name;
        } else if d > 0 {
            out += KM[d];
            out += name;
        }
    }
    out += TENS[n / 10 % 10];
    if !n.is_multiple_of(10) {
        out += KM[n % 10];
    }
    out
}

fn my(n: usize) -> String {
    let mut out = String::new();
    let units = [
        (1_000_000, "သန်း", "သန်း"),
        (100_000, "သိန်း", "သိန်း"),
        (10_000, "သောင်း", "သောင်း"),
        (1000, "ထောင်", "ထောင့်"),
        (100, "ရာ", "ရာ့"),
        (10, "ဆယ်", "ဆယ့်"),
    ];
    for (unit, name, joined) in units {
        let d = n / unit % 10;
        if d > 0 {
            if !(unit == 10 && d == 1 && n < 20) {
                out += MY[d];
            }
            out += if !n.is_multiple_of(unit) {
                joined
            } else {
                name
            };
        }
    }
    if !n.is_multiple_of(10) {
        out += MY[n % 10];
    }
    out
}

fn en(n: usize) -> String {
    const TENS: [&str; 10] = [
        "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
    ];
    for (unit, name) in [(1_000_000, "million"), (1000, "thousand"), (100, "hundred")] {
        if n >= unit {
            let rest = if !n.is_multiple_of(unit) {
                format!(" {}", en(n % unit))
            } else {
                String::new()
            };
            let and = if unit == 100 && !n.is_multiple_of(unit) {
                " and"
            } else {
                ""
            };
            return format!("{} {name}{and}{rest}", en(n / unit));
        }
    }
    match n {
        0..20 => EN[n].to_owned(),
        _ if !n.is_multiple_of(10) => format!("{}-{}", TENS[n / 10], EN[n % 10]),
        _ => TENS[n / 10].to_owned(),
    }
}

/// The words for a number, and a frame in which only a number can stand.
fn framed(n: usize, lang: Lang) -> String {
    match lang {
        Lang::Zh => format!("我付了{}元。", zh(n)),
        Lang::Vi => format!("Tôi đã trả {} đồng.", vi(n)),
        Lang::Th => format!("ฉันจ่าย{}บาท", th(n)),
        Lang::Lo => format!("ຂ້ອຍຈ່າຍ{}ກີບ", lo(n)),
        Lang::Km => format!("ខ្ញុំបានបង់{}រៀល។", km(n)),
        Lang::My => format!("ကျွန်တော် {} ကျပ် ပေးခဲ့တယ်။", my(n)),
        Lang::En => format!("I paid {} dollars.", en(n)),
    }
}

fn all_langs() -> [Lang; 7] {
    [
        Lang::Zh,
        Lang::Vi,
        Lang::Th,
        Lang::My,
        Lang::Lo,
        Lang::Km,
        Lang::En,
    ]
}

fn keys(text: &str, lang: Lang) -> Vec<String> {
    figures(text, lang)
        .into_iter()
        .map(|f| f.keys[0].clone())
        .collect()
}

#[test]
fn small_and_round_numbers_read_back_in_every_language() {
    let round = (1..=2000)
        .chain((1..=999).map(|n| n * 10_000))
        .chain((1..=99).map(|n| n * 101))
        .chain((1..=99).map(|n| n * 100_000 + 2));
    for n in round {
        for lang in all_langs() {
            let text = framed(n, lang);
            let found = figures(&text, lang);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert_eq!(found[0].keys[0], n.to_string(), "{text}");
            assert!(found[0].spelled && (found[0].sure || n == 1), "{text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn numbers_in_words_read_back(n in 1usize..10_000_000) {
        for lang in all_langs() {
            let text = framed(n, lang);
            let found = figures(&text, lang);
            prop_assert_eq!(found.len(), 1, "{}: {:?}", text, found);
            prop_assert_eq!(&found[0].keys[0], &n.to_string(), "{}", text);
        }
    }

    #[test]
    fn numbers_in_native_digits_read_back(n in 0usize..10_000_000, grouped in any::<bool>()) {
        for zero in ['0', '๐', '໐', '០', '၀', '０'] {
            let mut western = n.to_string();
            if grouped {
                let mut at = western.len();
                while at > 3 {
                    at -= 3;
                    western.insert(at, if n % 2 == 0 { ',' } else { '.' });
                }
            }
            let native: String = western
                .chars()
                .map(|c| c.to_digit(10).map_or(c, |d| char::from_u32(zero as u32 + d).unwrap()))
                .collect();
            for lang in all_langs() {
                prop_assert_eq!(keys(&format!("– {native} –"), lang), vec![n.to_string()]);
            }
        }
    }

    #[test]
    fn any_text_is_read_without_harm(text in "[一二三百万亿năbm tư ìrơiáệulkếท-ฮก-์ກ-໐က-႐០-៩ក-៓0-9.,:/ -]{0,40}") {
        for lang in all_langs() {
            let mut end = 0;
            for figure in figures(&text, lang) {
                prop_assert!(figure.range.start >= end && text.get(figure.range.clone()).is_some());
                prop_assert!(!figure.keys.is_empty());
                end = figure.range.end;
            }
        }
    }
}
