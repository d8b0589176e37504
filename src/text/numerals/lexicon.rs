//! Number words of the seven languages as data: one table a language, longest entry first.
//!
//! Not reviewed by native speakers.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::domain::Lang;

use super::skips;

/// What a number word does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// 0 to 9.
    Digit(u64),
    /// A digit that is another common word too (vi `năm` five or year): it counts only where its
    /// neighbours make it one.
    Loose(u64),
    /// A digit's form behind ten only (vi `lăm`, th เอ็ด).
    Tail(u64),
    /// A fixed value below 100 and the place of its last digit: (20, 10), (13, 1).
    Fixed(u64, u64),
    /// Ten and its powers, multiplying what stands before.
    Unit(u64),
    /// A unit in the form that joins it to what follows (my ဆယ့်).
    Joined(u64),
    /// Stands between two parts (vi `linh`, en `and`).
    And,
    /// No number.
    Skip,
}

use Word::{And, Digit as D, Fixed, Joined, Loose, Skip, Tail, Unit as U};

const ZH: &[(&[&str], Word)] = &[
    (&["零", "〇", "○"], D(0)),
    (&["一", "壹", "幺"], D(1)),
    (&["二", "两", "兩", "贰", "俩"], D(2)),
    (&["三", "叁", "仨"], D(3)),
    (&["四", "肆"], D(4)),
    (&["五", "伍"], D(5)),
    (&["六", "陆"], D(6)),
    (&["七", "柒"], D(7)),
    (&["八", "捌"], D(8)),
    (&["九", "玖"], D(9)),
    (&["十", "拾"], U(10)),
    (&["廿"], Fixed(20, 10)),
    (&["百", "佰"], U(100)),
    (&["千", "仟"], U(1_000)),
    (&["万", "萬"], U(10_000)),
    (&["亿", "億"], U(100_000_000)),
    (skips::ZH, Skip),
];

const VI: &[(&[&str], Word)] = &[
    (&["không"], Loose(0)),
    (&["một"], D(1)),
    (&["hai"], D(2)),
    (&["ba"], D(3)),
    (&["bốn"], D(4)),
    (&["năm"], Loose(5)),
    (&["sáu"], D(6)),
    (&["bảy", "bẩy"], D(7)),
    (&["tám"], D(8)),
    (&["chín"], D(9)),
    (&["mốt"], Tail(1)),
    (&["tư"], Tail(4)),
    (&["lăm", "nhăm"], Tail(5)),
    (&["mười"], Fixed(10, 10)),
    (&["hăm"], Fixed(20, 10)),
    (&["mươi", "chục"], U(10)),
    (&["trăm"], U(100)),
    (&["nghìn", "ngàn"], U(1_000)),
    (&["vạn"], U(10_000)),
    (&["triệu"], U(1_000_000)),
    (&["tỷ", "tỉ"], U(1_000_000_000)),
    (&["linh", "lẻ"], And),
    (skips::VI, Skip),
];

const TH: &[(&[&str], Word)] = &[
    (&["ศูนย์"], Loose(0)),
    (&["หนึ่ง", "นึง"], D(1)),
    (&["สอง"], D(2)),
    (&["สาม"], D(3)),
    (&["สี่"], D(4)),
    (&["ห้า"], D(5)),
    (&["หก"], D(6)),
    (&["เจ็ด"], D(7)),
    (&["แปด"], D(8)),
    (&["เก้า"], D(9)),
    (&["เอ็ด"], Tail(1)),
    (&["ยี่สิบ"], Fixed(20, 10)),
    (&["สิบ"], U(10)),
    (&["ร้อย"], U(100)),
    (&["พัน"], U(1_000)),
    (&["หมื่น"], U(10_000)),
    (&["แสน"], U(100_000)),
    (&["ล้าน"], U(1_000_000)),
    (skips::TH, Skip),
];

const LO: &[(&[&str], Word)] = &[
    (&["ສູນ"], Loose(0)),
    (&["ໜຶ່ງ", "ຫນຶ່ງ", "ນຶ່ງ", "ນື່ງ"], D(1)),
    (&["ສອງ"], D(2)),
    (&["ສາມ"], D(3)),
    (&["ສີ່"], D(4)),
    (&["ຫ້າ"], D(5)),
    (&["ຫົກ"], D(6)),
    (&["ເຈັດ"], D(7)),
    (&["ແປດ"], D(8)),
    (&["ເກົ້າ"], D(9)),
    (&["ເອັດ"], Tail(1)),
    (&["ຊາວ", "ຍີ່ສິບ"], Fixed(20, 10)),
    (&["ສິບ"], U(10)),
    (&["ຮ້ອຍ"], U(100)),
    (&["ພັນ"], U(1_000)),
    (&["ໝື່ນ", "ຫມື່ນ"], U(10_000)),
    (&["ແສນ"], U(100_000)),
    (&["ລ້ານ"], U(1_000_000)),
    (&["ຕື້"], U(1_000_000_000)),
    (skips::LO, Skip),
];

const KM: &[(&[&str], Word)] = &[
    (&["សូន្យ"], Loose(0)),
    (&["មួយ"], D(1)),
    (&["ពីរ"], D(2)),
    (&["បី"], D(3)),
    (&["បួន"], D(4)),
    (&["ប្រាំ"], D(5)),
    (&["ប្រាំមួយ"], D(6)),
    (&["ប្រាំពីរ", "ប្រាំពិល"], D(7)),
    (&["ប្រាំបី"], D(8)),
    (&["ប្រាំបួន"], D(9)),
    (&["ដប់"], Fixed(10, 10)),
    (&["មួយដណ្ដប់", "មួយដណ្តប់"], Fixed(11, 1)),
    (&["ពីរដណ្ដប់", "ពីរដណ្តប់"], Fixed(12, 1)),
    (&["បីដណ្ដប់", "បីដណ្តប់"], Fixed(13, 1)),
    (&["បួនដណ្ដប់", "បួនដណ្តប់"], Fixed(14, 1)),
    (&["ប្រាំដណ្ដប់", "ប្រាំដណ្តប់"], Fixed(15, 1)),
    (&["ប្រាំមួយដណ្ដប់", "ប្រាំមួយដណ្តប់"], Fixed(16, 1)),
    (&["ប្រាំពីរដណ្ដប់", "ប្រាំពីរដណ្តប់"], Fixed(17, 1)),
    (&["ប្រាំបីដណ្ដប់", "ប្រាំបីដណ្តប់"], Fixed(18, 1)),
    (&["ប្រាំបួនដណ្ដប់", "ប្រាំបួនដណ្តប់"], Fixed(19, 1)),
    (&["ម្ភៃ", "ម្ភៃៗ"], Fixed(20, 10)),
    (&["សាមសិប"], Fixed(30, 10)),
    (&["សែសិប"], Fixed(40, 10)),
    (&["ហាសិប"], Fixed(50, 10)),
    (&["ហុកសិប"], Fixed(60, 10)),
    (&["ចិតសិប"], Fixed(70, 10)),
    (&["ប៉ែតសិប"], Fixed(80, 10)),
    (&["កៅសិប"], Fixed(90, 10)),
    (&["រយ"], U(100)),
    (&["ពាន់"], U(1_000)),
    (&["ម៉ឺន"], U(10_000)),
    (&["សែន"], U(100_000)),
    (&["លាន"], U(1_000_000)),
    (&["កោដិ"], U(10_000_000)),
    (skips::KM, Skip),
];

const MY: &[(&[&str], Word)] = &[
    (&["သုည"], Loose(0)),
    (&["တစ်"], D(1)),
    (&["နှစ်"], Loose(2)),
    (&["သုံး"], D(3)),
    (&["လေး"], D(4)),
    (&["ငါး"], D(5)),
    (&["ခြောက်"], D(6)),
    (&["ခုနစ်"], D(7)),
    (&["ခုနှစ်"], Loose(7)),
    (&["ရှစ်"], D(8)),
    (&["ကိုး"], D(9)),
    (&["ဆယ်"], U(10)),
    (&["ဆယ့်"], Joined(10)),
    (&["ရာ"], U(100)),
    (&["ရာ့"], Joined(100)),
    (&["ထောင်"], U(1_000)),
    (&["ထောင့်"], Joined(1_000)),
    (&["သောင်း"], U(10_000)),
    (&["သိန်း"], U(100_000)),
    (&["သန်း"], U(1_000_000)),
    (&["ကုဋေ"], U(10_000_000)),
    (skips::MY, Skip),
];

const EN: &[(&[&str], Word)] = &[
    (&["zero"], Loose(0)),
    (&["one"], D(1)),
    (&["two"], D(2)),
    (&["three"], D(3)),
    (&["four"], D(4)),
    (&["five"], D(5)),
    (&["six"], D(6)),
    (&["seven"], D(7)),
    (&["eight"], D(8)),
    (&["nine"], D(9)),
    (&["ten"], Fixed(10, 1)),
    (&["eleven"], Fixed(11, 1)),
    (&["twelve"], Fixed(12, 1)),
    (&["thirteen"], Fixed(13, 1)),
    (&["fourteen"], Fixed(14, 1)),
    (&["fifteen"], Fixed(15, 1)),
    (&["sixteen"], Fixed(16, 1)),
    (&["seventeen"], Fixed(17, 1)),
    (&["eighteen"], Fixed(18, 1)),
    (&["nineteen"], Fixed(19, 1)),
    (&["twenty"], Fixed(20, 10)),
    (&["thirty"], Fixed(30, 10)),
    (&["forty"], Fixed(40, 10)),
    (&["fifty"], Fixed(50, 10)),
    (&["sixty"], Fixed(60, 10)),
    (&["seventy"], Fixed(70, 10)),
    (&["eighty"], Fixed(80, 10)),
    (&["ninety"], Fixed(90, 10)),
    (&["hundred"], U(100)),
    (&["thousand"], U(1_000)),
    (&["million"], U(1_000_000)),
    (&["billion"], U(1_000_000_000)),
    (&["and"], And),
];

/// A language's entries by their first letter, longest first.
pub(super) type Lexicon = HashMap<char, Vec<(Vec<char>, Word)>>;

fn build(entries: &[(&[&str], Word)]) -> Lexicon {
    let mut lexicon = Lexicon::new();
    for (forms, word) in entries {
        for form in *forms {
            let letters: Vec<char> = form.chars().collect();
            if let Some(&first) = letters.first() {
                lexicon.entry(first).or_default().push((letters, *word));
            }
        }
    }
    for list in lexicon.values_mut() {
        list.sort_by_key(|(letters, _)| std::cmp::Reverse(letters.len()));
    }
    lexicon
}

/// The number words of a language.
pub(super) fn lexicon(lang: Lang) -> &'static Lexicon {
    macro_rules! built {
        ($entries:expr) => {{
            static BUILT: LazyLock<Lexicon> = LazyLock::new(|| build($entries));
            &BUILT
        }};
    }
    match lang {
        Lang::Zh => built!(ZH),
        Lang::Vi => built!(VI),
        Lang::Th => built!(TH),
        Lang::Lo => built!(LO),
        Lang::Km => built!(KM),
        Lang::My => built!(MY),
        Lang::En => built!(EN),
    }
}
