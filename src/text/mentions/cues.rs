//! The words by which names and numbers are introduced, in lower case.
//!
//! Written for this program after the practice interviews; unreviewed by native speakers.

use crate::domain::Lang;

/// Signs of the provinces on Chinese plates.
pub(super) const PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";

/// 'Me' before a name in Burmese, which is one only where [`QUOTED`] follows it.
pub(super) const CALLED: &str = "ကျွန်တော့်ကို";
/// The same when a woman speaks.
pub(super) const CALLED_BY_WOMEN: &str = "ကျွန်မကို";
/// Ends what somebody is called.
pub(super) const QUOTED: &str = "လို့";

/// Behind these stands a name. Longer ones stand first.
#[rustfmt::skip] // a table
pub(super) const fn introductions(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &["名字是", "名字叫", "也叫我", "叫做", "名叫", "我叫", "你叫", "他叫", "她叫", "不叫", "亲叫", "姐叫", "妹叫", "哥叫", "弟叫", "儿子叫", "女儿叫", "妻子叫", "丈夫叫", "老板叫", "朋友叫", "人叫", "我是叫"],
        Lang::Vi => &["tên là", "tên tôi là", "gọi tôi là", "tên thật là", "tên anh là", "tên chị là", "tên của tôi là"],
        Lang::Th => &["เรียกฉันว่า", "เรียกผมว่า", "เรียกเขาว่า", "มีชื่อว่า", "ชื่อว่า", "ชื่อ"],
        Lang::My => &["အမည်က", "နာမည်က", "နာမည်", "အမည်", CALLED, CALLED_BY_WOMEN],
        Lang::Lo => &["ເອີ້ນຂ້ອຍວ່າ", "ເອີ້ນລາວວ່າ", "ຊື່ວ່າ", "ຊື່"],
        Lang::Km => &["ហៅខ្ញុំថា", "មានឈ្មោះថា", "ឈ្មោះ"],
        Lang::En => &["my name is", "name is", "call me", "named"],
    }
}

/// A name ends before these.
#[rustfmt::skip] // a table
pub(super) const fn ends(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &["吗", "的", "住", "来自", "今年", "是", "，", "呢", "吧"],
        Lang::Vi => &[" phải ", " năm nay", " từ ", " ở ", " và "],
        Lang::Th => &["ใช่ไหม", "ใช่หรือ", "ครับ", "ค่ะ", "ด้วย", "มาจาก", "อายุ", "หรือ", "และ", "นามสกุล"],
        Lang::My => &["မဟုတ်", "ပါတယ်", "ပါ", "လို့", "ဟုတ်", "ဖြစ်", "ရဲ့", "ကို", "၊", "။"],
        Lang::Lo => &["ແມ່ນບໍ", "ນຳ", "ມາຈາກ", "ອາຍຸ", "ແລະ", "ຫຼືບໍ່"],
        Lang::Km => &["មែនទេ", "ដែរ", "មកពី", "ទេ", "អាយុ", "ហើយ", "។"],
        Lang::En => &[" and ", " from "],
    }
}

/// Where these follow, no name does.
#[rustfmt::skip] // a table
pub(super) const fn never(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &["什么", "谁", "啥", "我", "你", "他", "她", "人", "医生", "警察", "律师"],
        Lang::Vi => &["gì", "ai", "thật", "đầy đủ"],
        Lang::Th => &["อะไร", "อื่น", "จริง", "เต็ม", "เล่น", "เขา", "ของ", "คน", "นี้", "นั้น", "ไหน", "เดียว", "ผิด", "ตรง", "แม่น้ำ", "ใคร", "บัญชี"],
        Lang::My => &["ဘယ်", "ဘာ", "တခြား", "ရင်း", "အပြည့်", "ရှိ", "မေး", "သိ", "အစုံ", "ပြော", "ပေး", "ဒီ", "အဲဒီ", "ကို", "မသိ", "တွေ", "လဲ", "မှား", "မရှိ", "နဲ့", "နှင့်"],
        Lang::Lo => &["ຫຍັງ", "ອື່ນ", "ແທ້", "ເຕັມ", "ສັດ", "ຂອງ", "ຄົນ", "ນີ້", "ນັ້ນ", "ໃດ", "ຫຼິ້ນ", "ຜິດ", "ຢູ່", "ແມ່ນ້ຳ", "ໃຜ"],
        Lang::Km => &["អ្វី", "ផ្សេង", "ពិត", "ពេញ", "របស់", "គាត់", "នេះ", "នោះ", "អ្នកណា", "មនុស្ស", "ណា", "ក្រៅ", "ខុស", "ទន្លេ"],
        Lang::En => &["what", "not"],
    }
}

/// A line with one of these speaks of a vehicle's plate.
#[rustfmt::skip] // a table
pub(super) const fn plates(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &["车"],
        Lang::Vi => &["biển số", "xe"],
        Lang::Th => &["ทะเบียน", "รถ"],
        Lang::My => &["ကား", "ယာဉ်"],
        Lang::Lo => &["ທະບຽນ", "ລົດ"],
        Lang::Km => &["ស្លាក", "ឡាន", "រថយន្ត"],
        Lang::En => &["plate", "car"],
    }
}

/// A line with one of these speaks of a document.
#[rustfmt::skip] // a table
pub(super) const fn documents(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &["护照", "身份证", "证件"],
        Lang::Vi => &["hộ chiếu", "căn cước", "giấy tờ", "chứng minh"],
        Lang::Th => &["หนังสือเดินทาง", "พาสปอร์ต", "บัตร", "เอกสาร"],
        Lang::My => &["ပတ်စ်ပို့", "မှတ်ပုံတင်", "စာရွက်"],
        Lang::Lo => &["ໜັງສືຜ່ານແດນ", "ບັດ", "ເອກະສານ", "ພາດສະປອດ"],
        Lang::Km => &["លិខិតឆ្លងដែន", "អត្តសញ្ញាណប័ណ្ណ", "ឯកសារ"],
        Lang::En => &["passport", "identity", "document"],
    }
}

/// A line with one of these speaks of a telephone.
#[rustfmt::skip] // a table
pub(super) const fn phones(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &["电话", "手机", "号码", "打"],
        Lang::Vi => &["điện thoại", "số", "gọi"],
        Lang::Th => &["โทร", "เบอร์", "มือถือ"],
        Lang::My => &["ဖုန်း", "နံပါတ်"],
        Lang::Lo => &["ໂທ", "ເບີ"],
        Lang::Km => &["ទូរស័ព្ទ", "លេខ"],
        Lang::En => &["phone", "call", "number"],
    }
}
