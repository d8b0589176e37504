//! Phrases that Whisper is known to invent in silence, noise or music: credits of subtitles and closing
//! words of video channels, on which it was trained. One in a line is a doubt for a person; it may have
//! been said, and the line keeps it.
//!
//! Where they are from: Chinese, Vietnamese, Thai and English ones stand in public reports of what Whisper
//! writes in silence (discussions and issues of openai/whisper, whisper.cpp and faster-whisper;
//! Barański et al. 2025, 'Investigation of Whisper ASR hallucinations induced by non-speech audio', for
//! English). For Burmese, Lao and Khmer no such report was known when the lists were made: theirs are the
//! same credits and closing words as such channels write them. No list was reviewed by a native speaker.

use crate::domain::Lang;
use crate::text;

/// The phrase in `line` that is known to be invented.
pub fn phantom(line: &str, lang: Lang) -> Option<&'static str> {
    let said = Plain::new(line, lang);
    let phrases = own(lang).iter().chain(EN);
    phrases
        .copied()
        .find(|phrase| said.holds(&Plain::new(phrase, lang)))
}

const fn own(lang: Lang) -> &'static [&'static str] {
    match lang {
        Lang::Zh => ZH,
        Lang::Vi => VI,
        Lang::Th => TH,
        Lang::My => MY,
        Lang::Lo => LO,
        Lang::Km => KM,
        Lang::En => &[],
    }
}

/// The letters of a text as a reader counts them, in canonical form and lower case, without spaces and
/// punctuation, which are the model's own taste. Whole letters, so that none with another vowel or tone
/// counts as one without.
struct Plain(Vec<String>);

impl Plain {
    fn new(line: &str, lang: Lang) -> Self {
        let line = text::normalise(&line.to_lowercase(), lang);
        let letters = text::graphemes(&line).into_iter();
        Self(
            letters
                .filter(|g| g.chars().any(char::is_alphanumeric))
                .map(str::to_owned)
                .collect(),
        )
    }

    fn holds(&self, phrase: &Self) -> bool {
        let length = phrase.0.len().max(1);
        self.0.windows(length).any(|part| part == phrase.0)
    }
}

// openai/whisper discussions 679 ('A possible solution to Whisper hallucination') and 928 ('Dataset of
// hallucinations'), and many issues of faster-whisper and whisper.cpp about silence in Chinese.
const ZH: &[&str] = &[
    "请不吝点赞",
    "請不吝點贊",
    "請不吝點讚",
    "请不吝点赞订阅转发打赏支持明镜与点点栏目",
    "明镜与点点栏目",
    "明鏡與點點欄目",
    "字幕志愿者",
    "字幕志願者",
    "中文字幕志愿者",
    "字幕由",
    "字幕提供",
    "字幕制作",
    "字幕製作",
    "字幕组",
    "小編字幕",
    "感谢观看",
    "感謝觀看",
    "谢谢观看",
    "謝謝觀看",
    "感谢收看",
    "感謝收看",
    "谢谢大家收看",
    "謝謝大家收看",
    "我们下期再见",
    "我們下期再見",
    "欢迎订阅",
    "歡迎訂閱",
    "订阅我的频道",
    "優優獨播劇場",
    "优优独播剧场",
    "詞曲",
    "作词作曲",
    "作詞作曲",
];

// The same, and reports of fine-tunes for Vietnamese (PhoWhisper and others) on silence.
const VI: &[&str] = &[
    "Ghiền Mì Gõ",
    "La La School",
    "lalaschool",
    "Hãy subscribe cho kênh",
    "Để không bỏ lỡ những video hấp dẫn",
    "Các bạn hãy đăng ký kênh",
    "Các bạn hãy đăng kí cho kênh",
    "Cảm ơn các bạn đã theo dõi",
    "Cảm ơn các bạn đã xem video",
    "Cảm ơn các bạn đã lắng nghe",
    "Hẹn gặp lại các bạn trong những video tiếp theo",
    "Hẹn gặp lại các bạn trong video tiếp theo",
    "Đăng ký kênh",
    "Nhớ like và đăng ký",
    "Phụ đề được thực hiện bởi",
    "Phụ đề bởi",
];

// The same.
const TH: &[&str] = &[
    "ขอบคุณที่รับชม",
    "ขอบคุณที่ติดตามชม",
    "ขอบคุณสำหรับการรับชม",
    "โปรดติดตามตอนต่อไป",
    "อย่าลืมกดติดตาม",
    "อย่าลืมกดไลค์",
    "กดไลค์กดแชร์",
    "คำบรรยายโดย",
    "ซับไทยโดย",
    "ซับไตเติ้ลโดย",
];

// No report: the closing words of channels ('thank you for watching', 'subscribe') and credits.
const MY: &[&str] = &[
    "ကြည့်ရှုပေးတဲ့အတွက် ကျေးဇူးတင်ပါတယ်",
    "ကြည့်ရှုပေးသည့်အတွက် ကျေးဇူးတင်ပါသည်",
    "ကြည့်ရှုအားပေးတဲ့အတွက် ကျေးဇူးတင်ပါတယ်",
    "ကြည့်ရှုအားပေးမှုအတွက် ကျေးဇူးတင်ပါတယ်",
    "ဗီဒီယိုကြည့်ပေးတဲ့အတွက် ကျေးဇူးတင်ပါတယ်",
    "Subscribe လုပ်",
    "ချန်နယ်ကို Subscribe",
    "စာတန်းထိုးသူ",
    "မြန်မာစာတန်းထိုး",
];

// No report: as in Burmese.
const LO: &[&str] = &[
    "ຂອບໃຈທີ່ຮັບຊົມ",
    "ຂອບໃຈທີ່ຕິດຕາມຊົມ",
    "ຂອບໃຈສຳລັບການຮັບຊົມ",
    "ໂປດຕິດຕາມຕອນຕໍ່ໄປ",
    "ຢ່າລືມກົດຕິດຕາມ",
    "ກົດຕິດຕາມຊ່ອງ",
    "ກົດ Subscribe",
    "ຄຳບັນຍາຍໂດຍ",
];

// No report: as in Burmese.
const KM: &[&str] = &[
    "អរគុណសម្រាប់ការទស្សនា",
    "អរគុណដែលបានទស្សនា",
    "កុំភ្លេច Like និង Subscribe",
    "អរគុណដែលបានតាមដានវីដេអូ",
    "កុំភ្លេចចុច Subscribe",
    "ចុច Subscribe",
    "កុំភ្លេចជាវឆានែល",
    "សូមរង់ចាំទស្សនាភាគបន្ត",
    "អក្សររត់ដោយ",
];

/// These appear in lines of any language (openai/whisper discussion 928; Barański et al. 2025).
const EN: &[&str] = &[
    "amara.org",
    "Subtitles by",
    "Subtitled by",
    "Transcribed by",
    "Transcription by",
    "Thanks for watching",
    "Thank you for watching",
    "Thank you so much for watching",
    "Please subscribe",
    "Like and subscribe",
    "Subscribe to my channel",
    "YoYo Television Series",
    "www.zeoranger",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// One known invention of each language, as a model may space and point it.
    const INVENTED: [(Lang, &str); 11] = [
        (Lang::Zh, "字幕由 Amara.org 社区提供"),
        (Lang::Zh, "谢谢观看！"),
        (Lang::Zh, "謝謝大家收看，我們下期再見。"),
        (
            Lang::Vi,
            "Hãy subscribe cho kênh Ghiền Mì Gõ Để không bỏ lỡ những video hấp dẫn",
        ),
        (Lang::Th, "ขอบคุณ ที่ รับชม"),
        (Lang::My, "ကြည့်ရှုပေးတဲ့အတွက်ကျေးဇူးတင်ပါတယ်။"),
        (Lang::My, "ဒီ ချန်နယ်ကို SUBSCRIBE လုပ်ပေးပါ"),
        (Lang::Lo, "ຂອບໃຈ ທີ່ ຮັບຊົມ!"),
        (Lang::Km, "សូមអរគុណ សម្រាប់ការទស្សនា។"),
        (Lang::Km, "thank you for watching"),
        (Lang::En, "Thank you for watching."),
    ];
    /// What people say with the same words.
    const SAID: [(Lang, &str); 8] = [
        (Lang::Zh, "谢谢你"),
        (Lang::Zh, "谢谢大家，我们再见。"),
        (Lang::Vi, "Cảm ơn anh"),
        (Lang::Th, "ขอบคุณครับ"),
        (Lang::My, "ကျေးဇူးတင်ပါတယ်"),
        (Lang::Lo, "ຂອບໃຈເດີ້"),
        (Lang::Km, "អរគុណច្រើន"),
        (Lang::En, "Thank you for waiting."),
    ];

    #[test]
    fn known_inventions_are_found_however_they_are_spaced() {
        for (lang, line) in INVENTED {
            assert!(phantom(line, lang).is_some(), "{line}");
        }
        for (lang, line) in SAID {
            assert_eq!(phantom(line, lang), None, "{line}");
        }
    }

    #[test]
    fn every_language_has_phrases_that_find_themselves_and_are_no_single_word() {
        for lang in Lang::ALL {
            for phrase in own(lang).iter().chain(EN) {
                assert!(phantom(phrase, lang).is_some(), "{phrase}");
                let letters = Plain::new(phrase, lang).0.len();
                assert!(letters >= if lang == Lang::Zh { 2 } else { 7 }, "{phrase}");
            }
            assert!(lang == Lang::En || own(lang).len() >= 8, "{lang}");
        }
    }

    #[test]
    fn a_letter_with_another_vowel_or_tone_is_another_letter() {
        for (lang, line) in [
            (Lang::Th, "ขอบคุณทีรับชม"),
            (Lang::Lo, "ຂອບໃຈທີຮັບຊົມ"),
            (Lang::Km, "អរគុណសម្រាប់ការទស្សនី"),
            (Lang::My, "ကြည့်ရှုပေးတဲ့အတွက် ကျေးဇူးတင်ပါတယ"),
            (Lang::Vi, "Ghiên Mi Go"),
        ] {
            assert_eq!(phantom(line, lang), None, "{line}");
        }
        // However a keyboard put the same letters together.
        let apart = "Cảm ơn các bạn đã theo dõi".replace('ả', "a\u{309}");
        assert!(phantom(&apart, Lang::Vi).is_some());
    }
}
