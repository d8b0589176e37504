//! The words that deny and that ask, as data for seven languages. Not reviewed by native speakers.

use crate::domain::Lang;

/// Words that deny, and what only looks like them.
pub(super) struct Denial {
    /// These deny.
    pub clear: &'static [&'static str],
    /// These often do, and answer for a clear mark on the other side.
    pub perhaps: &'static [&'static str],
    /// Phrases with a mark that many languages say without one: 'before long', 'not only'. They count as perhaps.
    pub may: &'static [&'static str],
    /// Words that hold a mark's letters and deny nothing: zh 没收 'to confiscate', km កុំព្យូទ័រ 'computer'.
    pub plain: &'static [&'static str],
}

#[rustfmt::skip]
const ZH: Denial = Denial {
    clear: &[
        "不", "没", "未", "别", "勿", "并非", "禁止", "严禁", "休想",
    ],
    perhaps: &[
        "无", "非", "拒", "缺", "违禁", "莫", "否", "免", "忘", "失业", "失踪", "文盲", "除了", "阻止", "防止", "沉默",
    ],
    may: &[
        "不客气", "不但", "不仅", "不错", "不久", "不管", "不断", "不然", "不得不", "没关系", "要不",
        "不同", "不少", "不一会儿", "不论", "不便", "不满", "不幸", "不到", "不停", "不法", "不良",
        "不一样", "看不起", "没错", "未成年", "未婚", "不怎么样", "不要紧", "没事", "没问题", "不足",
        "不可避免", "不由得", "不禁", "不止", "不安", "不已", "不见得", "不可思议", "不下", "不敌",
        "不惜", "不顾", "不可否认", "毫不", "不出所料", "不妨", "从未有过", "前所未有", "未知", "未遂", "功不可没",
    ],
    plain: &[
        "不好意思", "对不起", "不过", "差不多", "未来", "了不起", "没收", "不是吗", "别人", "特别",
        "分别", "性别", "区别", "别的", "级别", "告别", "别墅", "别处", "个别", "差别", "识别", "辨别",
        "类别", "离别", "别扭", "鉴别", "派别", "送别", "别针", "别名", "别称", "诀别", "不丹", "不锈钢",
        "不动产", "不倒翁", "别有", "淹没", "沉没", "没落", "埋没", "吞没", "出没", "没药", "非常", "非洲",
        "除非", "莫非", "无论", "无非", "难免", "免费", "是否", "否则", "避免",
    ],
};

#[rustfmt::skip]
const VI: Denial = Denial {
    clear: &[
        "không", "chưa", "chẳng", "đừng", "chả", "cấm", "đâu có", "đâu phải", "đâu biết", "đâu dám",
    ],
    perhaps: &[
        "vô", "thiếu", "phi", "bất", "khỏi phải", "khỏi cần", "từ chối", "phủ nhận", "thất nghiệp",
        "mù chữ", "quên", "im lặng", "ngoại trừ", "trái phép", "vắng mặt", "ngăn",
    ],
    may: &[
        "không chỉ", "không những", "không sao", "không thể không", "không lâu", "không ít",
        "không ngừng", "không kém", "chẳng lẽ", "chưa kể", "chưa đầy", "chưa tới", "không quá",
        "không còn nghi ngờ", "hay không", "hay chưa", "có không", "hàng cấm", "chất cấm",
        "chưa thành niên", "chưa từng có", "không đến", "không may", "không hề nhỏ",
    ],
    plain: &[
        "không khí", "không gian", "hàng không", "không quân", "không lưu", "không phận",
        "có phải không", "phải không", "được không", "đúng không", "rồi chưa", "chẳng hạn", "chả giò",
        "giò chả", "bánh chả", "bún chả", "bất ngờ", "bất động sản", "bất kỳ", "bất cứ", "bất chấp",
        "vô cùng", "vô địch", "ở đâu có", "cấm cố", "giam cấm", "phi công", "phi trường", "châu phi",
    ],
};

#[rustfmt::skip]
const TH: Denial = Denial {
    clear: &["ไม่", "มิได้", "มิใช่", "มิให้", "มิอาจ", "อย่า", "ห้าม"],
    perhaps: &["ไร้", "ขาด", "ปฏิเสธ", "ลืม", "เปล่า", "ยกเว้น", "ว่างงาน", "ตกงาน", "ป้องกัน", "เงียบ"],
    may: &[
        "ไม่เพียง", "ไม่ว่า", "ไม่เป็นไร", "ไม่แพ้", "ไม่นาน", "ไม่กี่", "ไม่น้อย", "ไม่ใช่แค่", "ไม่เฉพาะ",
        "ต้องห้าม", "ไม่เกิน", "ไม่ถึง", "ไม่ต่ำกว่า", "ไม่น้อยกว่า", "ไม่หยุด", "ไม่งั้น", "ไม่อย่างนั้น",
        "ไม่ผิด", "ไม่เหมือน", "ไม่สงบ",
    ],
    plain: &["ใช่หรือไม่", "หรือไม่", "หรือเปล่า", "รึเปล่า", "อย่าง", "ห้ามล้อ", "น้ำเปล่า"],
};

#[rustfmt::skip]
const LO: Denial = Denial {
    clear: &[
        "ບໍ່", "ຢ່າ", "ຫ້າມ", "ບໍຮູ້", "ບໍໄດ້", "ບໍມີ", "ບໍແມ່ນ", "ບໍເຄີຍ", "ບໍຢາກ", "ບໍເຫັນ", "ບໍຈື່",
        "ບໍເຂົ້າໃຈ", "ບໍຢູ່", "ບໍເອົາ", "ບໍໃຫ້", "ບໍຕ້ອງ", "ບໍທັນ", "ບໍເປັນ", "ບໍດີ", "ບໍຖືກ", "ບໍສາມາດ",
        "ບໍກ້າ", "ບໍຍອມ", "ບໍໄປ", "ບໍມາ",
    ],
    perhaps: &["ຂາດ", "ປະຕິເສດ", "ລືມ", "ໄຮ້", "ຍົກເວັ້ນ", "ຫວ່າງງານ", "ຕົກງານ", "ປ້ອງກັນ", "ມິດງຽບ"],
    may: &[
        "ບໍ່ພຽງ", "ບໍ່ວ່າ", "ບໍ່ເປັນຫຍັງ", "ບໍ່ດົນ", "ບໍ່ພໍເທົ່າໃດ", "ບໍ່ເທົ່າໃດ", "ບໍ່ສະຫງົບ", "ບໍ່ຈັກ", "ບໍ່ໜ້ອຍ", "ບໍ່ເກີນ", "ບໍ່ຮອດ",
        "ບໍ່ຕ່ຳກວ່າ", "ບໍ່ຢຸດ", "ບໍ່ດັ່ງນັ້ນ", "ບໍ່ຜິດ", "ຕ້ອງຫ້າມ", "ບໍ່ຄື",
    ],
    plain: &[
        "ຫຼືບໍ່", "ຫລືບໍ່", "ແມ່ນບໍ່", "ແລ້ວບໍ່", "ບໍ່ເຕັນ", "ບໍ່ແກ້ວ", "ບໍ່ຫານ", "ບໍ່ຄຳ", "ບໍ່ແຮ່", "ບໍ່ເກືອ", "ບໍ່ຖ່ານ",
        "ບໍ່ນ້ຳ", "ຢ່າງ", "ຢ່າຮ້າງ", "ທິບໍດີ",
    ],
};

#[rustfmt::skip]
const KM: Denial = Denial {
    clear: &["មិន", "គ្មាន", "ពុំ", "អត់", "កុំ", "ហាម"],
    perhaps: &["ទេ", "ខ្វះ", "បដិសេធ", "ភ្លេច", "ឥត", "លើកលែង", "ទប់ស្កាត់", "រារាំង", "នៅស្ងៀម"],
    may: &[
        "មិនត្រឹមតែ", "មិនយូរ", "មិនអី", "មិនអីទេ", "មិនថា", "មិនលើស", "មិនដល់", "មិនតិច", "មិនដូច",
        "មិនឈប់", "បើមិនដូច្នេះ", "ហាមឃាត់", "មិនមែនត្រឹម",
    ],
    plain: &["ឬមិន", "អត់ទោស", "អត់ធ្មត់", "អត់ឱន", "កុំព្យូទ័រ", "មហា", "ឬអត់"],
};

#[rustfmt::skip]
const MY: Denial = Denial {
    clear: &["မဟုတ်", "မရှိ", "မလို", "ဟင့်အင်း"],
    perhaps: &["တားမြစ်", "ငြင်း", "မေ့", "ကင်းမဲ့", "မှလွဲ", "နှုတ်ဆိတ်", "တားဆီး"],
    may: &[
        // A younger sister, a niece, a teacher there is; or no younger brother, no nephew, no teacher.
        "ညီမရှိ", "တူမရှိ", "ဆရာမရှိ",
        "ကိစ္စမရှိ", "နေမကောင်း", "မဟုတ်ရင်", "သာမဟုတ်", "မျှသာမက", "သာမက",
    ],
    plain: &["မဟုတ်လား"],
};

const EN: Denial = Denial {
    clear: &[
        "not", "no", "never", "n't", "nobody", "nothing", "cannot", "without", "none",
    ],
    perhaps: &[
        "un", "refus", "deny", "denied", "lack", "fail", "forbid", "neither", "nor",
    ],
    may: &["not only", "no doubt"],
    plain: &["no."],
};

/// The words that deny in a language.
pub(super) fn denial(lang: Lang) -> &'static Denial {
    match lang {
        Lang::Zh => &ZH,
        Lang::Vi => &VI,
        Lang::Th => &TH,
        Lang::Lo => &LO,
        Lang::Km => &KM,
        Lang::My => &MY,
        Lang::En => &EN,
    }
}

/// What says no where it is an answer: before all else, and alone. Elsewhere these words say something else
/// too (th เปล่า 'empty', ยัง 'still', km ទេ at the end of a question).
pub(super) fn answers(lang: Lang) -> (&'static [&'static str], &'static [&'static str]) {
    match lang {
        Lang::Th => (&["เปล่า", "ไม่"], &["ยัง"]),
        Lang::Lo => (&["ບໍ່", "ເປົ່າ"], &["ຍັງ", "ບໍ"]),
        Lang::Km => (&["ទេ", "អត់"], &[]),
        Lang::My => (&["ဟင့်အင်း"], &[]),
        Lang::Zh | Lang::Vi | Lang::En => (&[], &[]),
    }
}

/// Words of courtesy, which stand before an answer and behind everything.
pub(super) fn courtesy(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => &["啊", "呀", "哦", "嘛", "先生", "警官"],
        Lang::Vi => &[
            "ạ", "vậy", "thế", "hả", "hở", "nhỉ", "đấy", "đây", "nào", "anh", "chị", "em", "ông",
            "bà", "cô", "chú", "bác", "con", "cháu", "bạn", "cậu", "mày",
        ],
        Lang::Th => &[
            "ครับผม",
            "ครับ",
            "คับ",
            "ค่ะ",
            "คะ",
            "ขา",
            "นะ",
            "จ้ะ",
            "จ๊ะ",
            "จ้า",
            "ฮะ",
            "หรอก",
            "ท่าน",
        ],
        Lang::Lo => &["ເຈົ້າ", "ຄັບ", "ໂດຍ", "ດອກ", "ຂ້ານ້ອຍ", "ນໍ", "ແດ່", "ຫັ້ນ", "ທ່ານ"],
        Lang::Km => &["បាទ", "ចាស", "ចាះ", "លោក", "បង"],
        Lang::My => &["ခင်ဗျာ", "ခင်ဗျ", "ရှင့်", "ရှင်", "ဗျာ", "ဗျ", "နော်", "ကွာ"],
        Lang::En => &["sir", "please"],
    }
}

/// What asks: at the end of a sentence; at its beginning; and words that ask more often than not.
pub(super) struct Question {
    pub last: &'static [&'static str],
    pub opening: &'static [&'static str],
    pub perhaps: &'static [&'static str],
    /// Words that hold a mark's letters and do not ask.
    pub plain: &'static [&'static str],
}

/// The words that ask in a language.
#[rustfmt::skip]
pub(super) fn question(lang: Lang) -> Question {
    match lang {
        Lang::Zh => Question {
            last: &["吗", "么"],
            opening: &[],
            perhaps: &[
                "什么", "谁", "哪", "几", "多少", "怎么", "为什么", "是不是", "有没有", "能不能", "吧", "呢",
                "多大", "多久", "如何", "为何", "何时", "何地", "何处", "是否", "多长", "多远", "怎样", "没有",
            ],
            plain: &["几乎"],
        },
        Lang::Vi => Question {
            last: &["không", "chưa", "à", "hả", "chứ", "nhỉ", "sao", "ư"],
            opening: &[],
            perhaps: &[
                "gì", "ai", "đâu", "nào", "mấy", "bao nhiêu", "bao giờ", "bao lâu", "bao xa", "tại sao",
                "vì sao", "làm sao", "ra sao", "thế nào", "liệu", "phải không", "hay không", "hay chưa",
            ],
            plain: &[],
        },
        Lang::Th => Question {
            last: &["ไหม", "หรือเปล่า", "รึเปล่า", "หรือไม่", "หรือยัง", "มั้ย", "หรือ", "เหรอ", "รึ"],
            opening: &[],
            perhaps: &[
                "อะไร", "ใคร", "ไหน", "เมื่อไร", "เมื่อไหร่", "กี่", "เท่าไร", "เท่าไหร่", "ทำไม", "อย่างไร", "ยังไง",
                "ไหม", "หรือ",
            ],
            plain: &["อย่างไรก็", "ผ้าไหม"],
        },
        Lang::Lo => Question {
            last: &["ບໍ", "ບໍ່", "ຫຼືຍັງ", "ຫວາ", "ຫຼືບໍ່", "ແມ່ນບໍ"],
            opening: &[],
            perhaps: &["ຫຍັງ", "ໃຜ", "ໃສ", "ໃດ", "ຈັກ", "ແນວໃດ", "ຍ້ອນຫຍັງ", "ຫຼື"],
            plain: &["ຮູ້ຈັກ"],
        },
        Lang::Km => Question {
            last: &["ឬទេ", "ឬនៅ", "ឬអត់", "ឬ", "មែនទេ", "ឬក៏អត់"],
            opening: &["តើ"],
            perhaps: &["តើ", "អ្វី", "ណា", "ប៉ុន្មាន", "ហេតុអ្វី", "យ៉ាងម៉េច", "អី"],
            plain: &[],
        },
        Lang::My => Question {
            last: &["လား", "လဲ", "လော"],
            opening: &[],
            perhaps: &["ဘာ", "ဘယ်", "လား", "လဲ", "နည်း"],
            plain: &[],
        },
        Lang::En => Question {
            last: &[],
            opening: &[],
            perhaps: &[
                "what", "who", "whose", "where", "when", "which", "why", "how", "whether", "if", "do", "did",
                "is", "are",
            ],
            plain: &[],
        },
    }
}
