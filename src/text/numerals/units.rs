//! What a number counts, as data: units and counters before and behind it, in seven languages.
//!
//! Not reviewed by native speakers.

use crate::domain::Lang;

/// What a number measures, as far as the words beside it tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Years of somebody's life.
    Age,
    /// A year, or years.
    Year,
    /// A month, or months.
    Month,
    /// Weeks.
    Week,
    /// A day of the month, or days.
    Day,
    /// A day of the week, Monday 1.
    Weekday,
    /// A time of day, or hours.
    Hour,
    /// Minutes.
    Minute,
    /// People.
    Person,
    /// How many times.
    Times,
    /// Money; the currency's code where it is named.
    Money(&'static str),
    /// Hundredths.
    Percent,
    /// Kilometres.
    Distance,
    /// Things that are counted with a classifier.
    Thing,
    /// A part of a whole: the number is not checked on its own.
    Fraction,
}

use Unit::{
    Age, Day, Distance, Fraction, Hour, Minute, Money, Month, Percent, Person, Thing, Times, Week,
    Year,
};

impl Unit {
    /// Whether the same number may stand under both units in a faithful translation.
    pub fn agrees(self, other: Unit) -> bool {
        let one = |a: Unit, b: Unit| match (a, b) {
            (Money(a), Money(b)) => a.is_empty() || b.is_empty() || a == b,
            (Age, Year) | (Person, Thing) | (Times, Thing) | (Fraction, _) => true,
            _ => a == b,
        };
        one(self, other) || one(other, self)
    }
}

/// Words and the unit that they make of the number beside them.
pub(super) type Units = &'static [(&'static [&'static str], Unit)];

const ZH_AFTER: Units = &[
    (&["岁", "周岁", "歲"], Age),
    (&["年"], Year),
    (&["月", "个月", "月份"], Month),
    (&["周", "星期", "个星期", "礼拜", "个礼拜"], Week),
    (&["号", "日", "天"], Day),
    (
        &["点", "点钟", "小时", "个小时", "钟头", "个钟头", "时"],
        Hour,
    ),
    (&["分钟", "分"], Minute),
    (&["人", "个人", "口人", "名", "位", "口"], Person),
    (&["次", "遍", "回"], Times),
    (&["元", "块", "块钱", "圆"], Money("")),
    (&["人民币", "元人民币"], Money("CNY")),
    (&["铢", "泰铢", "泰币"], Money("THB")),
    (&["盾", "越南盾", "越盾"], Money("VND")),
    (&["缅币", "缅元"], Money("MMK")),
    (&["基普"], Money("LAK")),
    (&["瑞尔", "里尔"], Money("KHR")),
    (&["美元", "美金"], Money("USD")),
    (&["公里", "千米"], Distance),
    (&["%", "％"], Percent),
    (&["分之"], Fraction),
    (
        &[
            "个", "只", "条", "张", "本", "辆", "间", "栋", "家", "份", "件", "把", "台", "瓶",
            "包", "箱", "杯", "套", "双", "封", "颗", "层", "趟", "顿", "组", "种", "倍", "部",
            "所", "座", "项", "艘", "架", "支", "群", "袋", "片", "粒", "批", "處", "处", "岔",
            "笔",
        ],
        Thing,
    ),
];
const ZH_BEFORE: Units = &[(&["百分之"], Percent)];

const VI_AFTER: Units = &[
    (&["tuổi"], Age),
    (&["năm"], Year),
    (&["tháng"], Month),
    (&["tuần"], Week),
    (&["ngày", "hôm"], Day),
    (&["giờ", "tiếng", "tiếng đồng hồ", "h"], Hour),
    (&["phút"], Minute),
    (&["người"], Person),
    (&["lần"], Times),
    (&["đồng", "vnđ", "vnd"], Money("VND")),
    (&["đô la", "đô", "usd", "đô-la"], Money("USD")),
    (&["baht", "bạt"], Money("THB")),
    (&["tệ", "nhân dân tệ"], Money("CNY")),
    (&["kyat", "kyats"], Money("MMK")),
    (&["kíp", "kip"], Money("LAK")),
    (&["riel", "riên"], Money("KHR")),
    (&["%", "phần trăm"], Percent),
    (&["cây số", "km", "ki lô mét"], Distance),
    (
        &[
            "cái",
            "con",
            "chiếc",
            "đứa",
            "bộ",
            "quyển",
            "cuốn",
            "tấm",
            "tờ",
            "căn",
            "ngôi",
            "phòng",
            "trạm",
            "chỗ",
            "nơi",
            "loại",
            "món",
            "bữa",
            "viên",
            "bao",
            "thùng",
            "chai",
            "bức",
            "nhóm",
            "chuyến",
            "vụ",
            "anh",
            "chị",
            "em",
            "cô",
            "thằng",
            "điểm",
            "khẩu",
            "nước",
            "bảo vệ",
            "chai",
            "túi",
            "thứ",
            "lính",
            "xe",
            "nhà",
            "bạn",
        ],
        Thing,
    ),
];
const VI_BEFORE: Units = &[
    (&["ngày", "mùng", "mồng"], Day),
    (&["tháng"], Month),
    (&["năm"], Year),
    (&["tuổi"], Age),
    (&["lúc"], Hour),
];

const TH_AFTER: Units = &[
    (&["ปี"], Year),
    (&["ขวบ"], Age),
    (&["เดือน"], Month),
    (&["สัปดาห์", "อาทิตย์"], Week),
    (&["วัน"], Day),
    (&["ชั่วโมง", "นาฬิกา", "โมง", "ทุ่ม", "น."], Hour),
    (&["นาที"], Minute),
    (&["คน", "ราย"], Person),
    (&["ครั้ง", "หน"], Times),
    (&["บาท"], Money("THB")),
    (&["หยวน"], Money("CNY")),
    (&["ดอง", "ด่อง"], Money("VND")),
    (&["จ๊าด", "จ๊าต"], Money("MMK")),
    (&["กีบ"], Money("LAK")),
    (&["เรียล"], Money("KHR")),
    (&["ดอลลาร์", "เหรียญ", "ดอลลาร์สหรัฐ"], Money("USD")),
    (&["%", "เปอร์เซ็นต์"], Percent),
    (&["กิโลเมตร", "กม.", "กิโล"], Distance),
    (
        &[
            "ตัว",
            "อัน",
            "ใบ",
            "เล่ม",
            "คัน",
            "ห้อง",
            "หลัง",
            "แห่ง",
            "ด่าน",
            "เม็ด",
            "ขวด",
            "กล่อง",
            "ชิ้น",
            "ฉบับ",
            "เครื่อง",
            "คู่",
            "ชุด",
            "มื้อ",
            "กลุ่ม",
            "ข้อ",
            "ลูก",
            "ชนิด",
            "อย่าง",
            "ประเทศ",
            "จุด",
            "เที่ยว",
            "ถุง",
            "แก้ว",
        ],
        Thing,
    ),
];
const TH_BEFORE: Units = &[
    (&["วันที่"], Day),
    (&["เดือน"], Month),
    (&["ปี", "พ.ศ.", "ค.ศ.", "พ.ศ", "ค.ศ"], Year),
    (&["อายุ"], Age),
    (&["ตี", "เวลา"], Hour),
    (&["ร้อยละ"], Percent),
];

const LO_AFTER: Units = &[
    (&["ປີ"], Year),
    (&["ຂວບ"], Age),
    (&["ເດືອນ"], Month),
    (&["ອາທິດ", "ສັບປະດາ"], Week),
    (&["ມື້", "ວັນ"], Day),
    (&["ຊົ່ວໂມງ", "ໂມງ"], Hour),
    (&["ນາທີ"], Minute),
    (&["ຄົນ"], Person),
    (&["ເທື່ອ", "ຄັ້ງ"], Times),
    (&["ບາດ"], Money("THB")),
    (&["ຢວນ"], Money("CNY")),
    (&["ດົງ"], Money("VND")),
    (&["ຈັດ", "ຈ໊າດ"], Money("MMK")),
    (&["ກີບ"], Money("LAK")),
    (&["ຣຽນ", "ລຽນ", "ຣຽລ"], Money("KHR")),
    (&["ໂດລາ", "ໂດລ່າ"], Money("USD")),
    (&["%", "ເປີເຊັນ", "ສ່ວນຮ້ອຍ"], Percent),
    (&["ກິໂລແມັດ", "ກິໂລແມດ", "ກມ"], Distance),
    (
        &[
            "ໂຕ",
            "ອັນ",
            "ໃບ",
            "ຫົວ",
            "ຄັນ",
            "ຫ້ອງ",
            "ຫຼັງ",
            "ແຫ່ງ",
            "ບ່ອນ",
            "ດ່ານ",
            "ເມັດ",
            "ແກ້ວ",
            "ຊິ້ນ",
            "ສະບັບ",
            "ເຄື່ອງ",
            "ຄູ່",
            "ຊຸດ",
            "ຄາບ",
            "ກຸ່ມ",
            "ຂໍ້",
            "ລູກ",
            "ຢ່າງ",
            "ປະເທດ",
            "ຖົງ",
        ],
        Thing,
    ),
];
const LO_BEFORE: Units = &[
    (&["ວັນທີ"], Day),
    (&["ເດືອນ"], Month),
    (&["ປີ", "ພ.ສ.", "ຄ.ສ.", "ພ.ສ", "ຄ.ສ"], Year),
    (&["ອາຍຸ"], Age),
    (&["ເວລາ"], Hour),
    (&["ຮ້ອຍລະ"], Percent),
];

const KM_AFTER: Units = &[
    (&["ឆ្នាំ"], Year),
    (&["ខែ"], Month),
    (&["សប្ដាហ៍", "សប្តាហ៍", "អាទិត្យ"], Week),
    (&["ថ្ងៃ"], Day),
    (&["ម៉ោង"], Hour),
    (&["នាទី"], Minute),
    (&["នាក់"], Person),
    (&["ដង", "លើក"], Times),
    (&["បាត"], Money("THB")),
    (&["យ័ន", "យន់"], Money("CNY")),
    (&["ដុង"], Money("VND")),
    (&["ក្យាត"], Money("MMK")),
    (&["គីប"], Money("LAK")),
    (&["រៀល"], Money("KHR")),
    (&["ដុល្លារ", "ដុល្លា"], Money("USD")),
    (&["%", "ភាគរយ"], Percent),
    (&["គីឡូម៉ែត្រ", "គីឡូ"], Distance),
    (
        &[
            "គ្រឿង",
            "ក្បាល",
            "បន្ទប់",
            "ខ្នង",
            "កន្លែង",
            "ច្បាប់",
            "គ្រាប់",
            "ដប",
            "កញ្ចប់",
            "សន្លឹក",
            "គូ",
            "ក្រុម",
            "ប្រទេស",
            "អង្គ",
            "រូប",
            "ពេល",
        ],
        Thing,
    ),
];
const KM_BEFORE: Units = &[
    (&["ថ្ងៃទី", "ថ្ងៃ"], Day),
    (&["ខែ"], Month),
    (&["ឆ្នាំ", "ព.ស.", "គ.ស.", "ព.ស", "គ.ស"], Year),
    (&["អាយុ"], Age),
    (&["ម៉ោង"], Hour),
];

const MY_AFTER: Units = &[
    (&["ခုနှစ်", "နှစ်"], Year),
    (&["လပိုင်း", "လ"], Month),
    (&["ပတ်"], Week),
    (&["ရက်"], Day),
    (&["နာရီ"], Hour),
    (&["မိနစ်"], Minute),
    (&["ယောက်", "ဦး"], Person),
    (&["ကြိမ်", "ခါ"], Times),
    (&["ဘတ်"], Money("THB")),
    (&["ယွမ်"], Money("CNY")),
    (&["ဒေါင်"], Money("VND")),
    (&["ကျပ်"], Money("MMK")),
    (&["ကစ်", "ကစ်ပ်"], Money("LAK")),
    (&["ရီယယ်"], Money("KHR")),
    (&["ဒေါ်လာ"], Money("USD")),
    (&["%", "ရာခိုင်နှုန်း"], Percent),
    (&["ကီလိုမီတာ"], Distance),
    (
        &[
            "ခု",
            "ကောင်",
            "စီး",
            "အုပ်",
            "လုံး",
            "ခန်း",
            "ချောင်း",
            "ရွက်",
            "ထည်",
            "ဆောင်",
            "မျိုး",
            "ဖွဲ့",
            "နိုင်ငံ",
            "ထပ်",
            "စောင်",
            "ထုပ်",
            "နေရာ",
            "အိတ်",
        ],
        Thing,
    ),
];
const MY_BEFORE: Units = &[
    (&["အသက်"], Age),
    (&["ဘတ်"], Money("THB")),
    (&["ယွမ်"], Money("CNY")),
    (&["ဒေါင်"], Money("VND")),
    (&["ကျပ်"], Money("MMK")),
    (&["ကစ်"], Money("LAK")),
    (&["ရီယယ်"], Money("KHR")),
    (&["ဒေါ်လာ"], Money("USD")),
];

const EN_AFTER: Units = &[
    (&["years old", "year-old", "years of age", "-year-old"], Age),
    (&["year", "years"], Year),
    (&["month", "months"], Month),
    (&["week", "weeks"], Week),
    (&["day", "days"], Day),
    (
        &["hour", "hours", "o'clock", "am", "pm", "a.m.", "p.m."],
        Hour,
    ),
    (&["minute", "minutes"], Minute),
    (&["people", "persons", "men", "women", "guards"], Person),
    (&["times"], Times),
    (&["dollars", "us dollars", "usd"], Money("USD")),
    (&["baht"], Money("THB")),
    (&["yuan", "rmb"], Money("CNY")),
    (&["dong"], Money("VND")),
    (&["kyat", "kyats"], Money("MMK")),
    (&["kip"], Money("LAK")),
    (&["riel", "riels"], Money("KHR")),
    (&["%", "percent", "per cent"], Percent),
    (&["km", "kilometres", "kilometers"], Distance),
    (
        &[
            "children",
            "things",
            "cars",
            "rooms",
            "checkpoints",
            "books",
            "phones",
            "pills",
        ],
        Thing,
    ),
];
const EN_BEFORE: Units = &[(&["$"], Money("USD")), (&["aged"], Age)];

/// The units that follow a number, and those that stand before it.
pub(super) fn units(lang: Lang) -> (Units, Units) {
    match lang {
        Lang::Zh => (ZH_AFTER, ZH_BEFORE),
        Lang::Vi => (VI_AFTER, VI_BEFORE),
        Lang::Th => (TH_AFTER, TH_BEFORE),
        Lang::Lo => (LO_AFTER, LO_BEFORE),
        Lang::Km => (KM_AFTER, KM_BEFORE),
        Lang::My => (MY_AFTER, MY_BEFORE),
        Lang::En => (EN_AFTER, EN_BEFORE),
    }
}

/// Words for a half: behind a unit (3 点半) or behind a power of ten (ba nghìn rưỡi).
pub(super) fn halves(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &["半"],
        Lang::Vi => &["rưỡi"],
        Lang::Th => &["ครึ่ง"],
        Lang::Lo => &["ເຄິ່ງ"],
        Lang::Km => &["កន្លះ"],
        Lang::My => &["ခွဲ"],
        Lang::En => &["and a half"],
    }
}
