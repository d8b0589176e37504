//! Doubts about a translation that need no model: numbers, language, length, loops, probability.

use super::Decoded;
use crate::domain::{Flag, FlagKind, Lang, LangPair};
use crate::text;

/// Below this mean log-probability a token, a translation is doubtful: each token one in four.
const LOWEST_LOG_PROB: f32 = -1.4;

/// Bounds of a translation's length as a multiple of what the source makes expect, and how far
/// beyond them a short line may go, in English letters. Set on human translations: of 30,000 news
/// lines (NTREX, all thirty directions) 12 lie outside, of 16,020 interview lines none.
const SHORTEST: f64 = 0.4;
const LONGEST: f64 = 2.5;
const SLACK: f64 = 10.0;

/// Share of foreign letters that may stand among those that the source does not hold.
const FOREIGN: f32 = 0.3;

/// The doubts about one sentence and its translation, most serious first.
///
/// `Truncated` is not among them: [`Decoded::truncated`] says it already.
pub fn check(source: &str, translation: &str, pair: LangPair, decoded: &Decoded) -> Vec<Flag> {
    if source.trim().is_empty() {
        return Vec::new();
    }
    [
        numbers(source, translation, pair),
        language(source, translation, pair),
        length(source, translation, pair),
        repetition(source, translation),
        probability(decoded),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Numbers that stand on one side only.
fn numbers(source: &str, translation: &str, pair: LangPair) -> Option<Flag> {
    let mut left = text::numbers(source);
    let mut right = text::numbers(translation);
    remove_common(&mut left, &mut right);
    // Chinese writes numbers in words too. Words only settle what the other side has in digits;
    // 'one' stands in too many words to ask for it.
    if pair.from == Lang::Zh && !right.is_empty() {
        remove_common(&mut right, &mut han_numbers(source));
    }
    if pair.to == Lang::Zh && !left.is_empty() {
        remove_common(&mut left, &mut han_numbers(translation));
    }
    if left.is_empty() && right.is_empty() {
        return None;
    }
    let detail = format!("{} | {}", left.join(", "), right.join(", "));
    Some(Flag::with(FlagKind::NumberMismatch, detail.trim()))
}

/// Takes out of both lists what stands in both.
fn remove_common(a: &mut Vec<String>, b: &mut Vec<String>) {
    a.retain(
        |number| match b.iter().position(|other| same_number(number, other)) {
            Some(at) => {
                b.remove(at);
                false
            }
            None => true,
        },
    );
}

/// `07` of a date is `7`, but a document's `0012` is not `12`.
fn same_number(a: &str, b: &str) -> bool {
    let day = |n: &str| match n.strip_prefix('0') {
        Some(rest) if n.len() == 2 => rest.to_owned(),
        _ => n.to_owned(),
    };
    a == b || day(a) == day(b)
}

/// The value of each run of Chinese number words, for example 三千五百 and 三五〇〇 as 3500.
fn han_numbers(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut run = Vec::new();
    for c in text.chars().chain(['.']) {
        match han_word(c) {
            Some(word) => run.push(word),
            None => {
                found.extend(han_value(&run));
                run.clear();
            }
        }
    }
    found
}

#[derive(Clone, Copy)]
enum HanWord {
    Digit(u64),
    /// 十 百 千.
    Unit(u64),
    /// 万, which multiplies what stands since the last 亿.
    TenThousand,
    /// 亿, which multiplies all that stands before it.
    HundredMillion,
}

fn han_word(c: char) -> Option<HanWord> {
    Some(match c {
        '〇' | '零' => HanWord::Digit(0),
        '一' => HanWord::Digit(1),
        '二' | '两' => HanWord::Digit(2),
        '三' => HanWord::Digit(3),
        '四' => HanWord::Digit(4),
        '五' => HanWord::Digit(5),
        '六' => HanWord::Digit(6),
        '七' => HanWord::Digit(7),
        '八' => HanWord::Digit(8),
        '九' => HanWord::Digit(9),
        '十' => HanWord::Unit(10),
        '百' => HanWord::Unit(100),
        '千' => HanWord::Unit(1_000),
        '万' => HanWord::TenThousand,
        '亿' => HanWord::HundredMillion,
        _ => return None,
    })
}

fn han_value(run: &[HanWord]) -> Option<String> {
    if run.is_empty() {
        return None;
    }
    let digit = |word: &HanWord| match word {
        HanWord::Digit(d) => char::from_digit(*d as u32, 10),
        _ => None,
    };
    // Digits alone are read one by one, like a year or a telephone number.
    if let Some(digits) = run.iter().map(digit).collect::<Option<String>>() {
        return Some(digits);
    }
    let (mut total, mut section, mut last) = (0u64, 0u64, None);
    for word in run {
        match *word {
            HanWord::Digit(d) => last = Some(d),
            HanWord::Unit(unit) => {
                section = section.checked_add(last.take().unwrap_or(1).checked_mul(unit)?)?;
            }
            HanWord::TenThousand => {
                section = section.checked_add(last.take().unwrap_or(0))?;
                total = total.checked_add(section.checked_mul(10_000)?)?;
                section = 0;
            }
            HanWord::HundredMillion => {
                section = section.checked_add(last.take().unwrap_or(0))?;
                total = total.checked_add(section)?.checked_mul(100_000_000)?;
                section = 0;
            }
        }
    }
    Some(
        total
            .checked_add(section)?
            .checked_add(last.unwrap_or(0))?
            .to_string(),
    )
}

/// Whether the translation is in the wanted language, as far as letters can tell.
fn language(source: &str, translation: &str, pair: LangPair) -> Option<Flag> {
    let letters = |text: &str| text.chars().any(char::is_alphabetic);
    if !letters(source) {
        return None;
    }
    let own = text::in_script(source, pair.from);
    let equal = text::fold(source.trim()) == text::fold(translation.trim());
    if translation.trim().is_empty() || (equal && own > 0.5) {
        return Some(Flag::new(FlagKind::Untranslated));
    }
    let wanted = text::in_script(translation, pair.to);
    let left_over = text::in_script(translation, pair.from);
    if wanted < 0.5 && left_over > 0.5 && own > 0.5 {
        return Some(Flag::new(FlagKind::Untranslated));
    }
    // What stood in the source already, such as a name in another script, may stand here too.
    let new: String = translation
        .chars()
        .filter(|c| !source.contains(*c))
        .collect();
    (1.0 - text::in_script(&new, pair.to) > FOREIGN).then(|| Flag::new(FlagKind::WrongScript))
}

/// Characters that a language needs for what English says with one letter: medians over NTREX,
/// white space not counted.
fn letters_for_one(lang: Lang) -> f64 {
    match lang {
        Lang::Zh => 0.40,
        Lang::Vi => 1.03,
        Lang::Th => 1.09,
        Lang::My => 1.34,
        Lang::Lo => 1.21,
        Lang::Km => 1.30,
        Lang::En => 1.0,
    }
}

fn length(source: &str, translation: &str, pair: LangPair) -> Option<Flag> {
    let size = |text: &str, lang| {
        let count = text.chars().filter(|c| !c.is_whitespace()).count();
        count as f64 / letters_for_one(lang)
    };
    let (expected, found) = (size(source, pair.from), size(translation, pair.to));
    let sound = expected * SHORTEST - SLACK..=expected * LONGEST + SLACK;
    if sound.contains(&found) {
        return None;
    }
    let times = found / expected.max(1.0);
    Some(Flag::with(FlagKind::LengthRatio, format!("{times:.1}")))
}

/// A loop in the translation that the source does not have.
fn repetition(source: &str, translation: &str) -> Option<Flag> {
    let unit = text::repetition(translation)?;
    text::repetition(source)
        .is_none()
        .then(|| Flag::with(FlagKind::Repetition, unit))
}

fn probability(decoded: &Decoded) -> Option<Flag> {
    (decoded.log_prob < LOWEST_LOG_PROB).then(|| Flag::new(FlagKind::LowProbability))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(source: &str, from: Lang, translation: &str, to: Lang) -> Vec<FlagKind> {
        flags(source, from, translation, to)
            .into_iter()
            .map(|f| f.kind)
            .collect()
    }

    fn flags(source: &str, from: Lang, translation: &str, to: Lang) -> Vec<Flag> {
        check(source, translation, LangPair::new(from, to), &decoded(-0.3))
    }

    fn decoded(log_prob: f32) -> Decoded {
        Decoded {
            text: String::new(),
            token_ids: Vec::new(),
            log_prob,
            score: 0.0,
            truncated: false,
        }
    }

    /// One sentence in all six languages, with each script's own digits where they are in use.
    const SAME: [(Lang, &str); 6] = [
        (Lang::Zh, "我付了3500元，等了七天。"),
        (Lang::Vi, "Tôi đã trả 3.500 tệ và chờ 7 ngày."),
        (Lang::Th, "ฉันจ่าย ๓,๕๐๐ หยวน และรอ ๗ วัน"),
        (Lang::My, "ကျွန်တော် ၃၅၀၀ ယွမ် ပေးပြီး ၇ ရက် စောင့်ခဲ့တယ်။"),
        (Lang::Lo, "ຂ້ອຍຈ່າຍ ໓,໕໐໐ ຢວນ ແລະລໍຖ້າ ໗ ມື້"),
        (Lang::Km, "ខ្ញុំបានបង់ ៣.៥០០ យ័ន ហើយរង់ចាំ ៧ ថ្ងៃ។"),
    ];

    #[test]
    fn a_good_translation_raises_no_doubt_in_any_direction() {
        for (from, source) in SAME {
            for (to, translation) in SAME {
                if from != to {
                    assert_eq!(kinds(source, from, translation, to), [], "{from} to {to}");
                }
            }
        }
    }

    #[test]
    fn a_changed_number_is_named_in_every_language() {
        let source = "我付了3500元，等了七天。";
        for (to, translation) in SAME.into_iter().skip(1) {
            let western: String = text::fold(translation);
            let wrong = western
                .replace("3.500", "350")
                .replace("3,500", "350")
                .replace("3500", "350");
            let found = flags(source, Lang::Zh, &wrong, to);
            let wanted = Flag::with(FlagKind::NumberMismatch, "3500 | 350");
            assert_eq!(found, [wanted], "{to}");
        }
        let missing = flags("Năm 1990.", Lang::Vi, "那一年。", Lang::Zh);
        assert_eq!(missing, [Flag::with(FlagKind::NumberMismatch, "1990 |")]);
        let invented = flags("Năm đó.", Lang::Vi, "1990年。", Lang::Zh);
        assert_eq!(invented, [Flag::with(FlagKind::NumberMismatch, "| 1990")]);
    }

    #[test]
    fn chinese_number_words_count_as_their_digits() {
        for (words, digits) in [
            ("三千五百", "3500"),
            ("三五〇〇", "3500"),
            ("十", "10"),
            ("二十一", "21"),
            ("一百零五", "105"),
            ("两万", "20000"),
            ("一亿二千万", "120000000"),
            ("十二万三千", "123000"),
        ] {
            assert_eq!(han_numbers(&format!("我有{words}元")), [digits], "{words}");
            assert_eq!(
                kinds(
                    &format!("Tôi có {digits}."),
                    Lang::Vi,
                    &format!("我有{words}。"),
                    Lang::Zh
                ),
                []
            );
        }
        // Not a number to be asked for on the other side.
        assert_eq!(
            kinds(
                "我们一起去。",
                Lang::Zh,
                "Chúng tôi đi cùng nhau.",
                Lang::Vi
            ),
            []
        );
        assert!(han_numbers(&"亿".repeat(50)).len() <= 1);
        assert!(han_numbers(&"九千亿".repeat(50)).is_empty());
    }

    #[test]
    fn a_document_number_keeps_its_zeros() {
        assert!(same_number("07", "7") && !same_number("0012", "12"));
        let found = kinds("Số 0012.", Lang::Vi, "号码12。", Lang::Zh);
        assert_eq!(found, [FlagKind::NumberMismatch]);
    }

    #[test]
    fn text_that_stayed_in_its_language_is_untranslated() {
        for (from, source) in SAME {
            for (to, _) in SAME {
                if from != to {
                    let found = kinds(source, from, source, to);
                    assert!(
                        found.contains(&FlagKind::Untranslated),
                        "{from} to {to}: {found:?}"
                    );
                }
            }
        }
        assert_eq!(
            kinds("ទេ", Lang::Km, "", Lang::Th),
            [FlagKind::Untranslated]
        );
        assert_eq!(kinds("3500!", Lang::Km, "3500!", Lang::Th), []);
        assert_eq!(kinds("Facebook", Lang::Th, "Facebook", Lang::Lo), []);
    }

    #[test]
    fn letters_of_a_third_script_are_doubtful_unless_the_source_has_them() {
        let found = kinds("ເຈົ້າຊື່ຫຍັງ", Lang::Lo, "คุณชื่ออะไร", Lang::Km);
        assert_eq!(found, [FlagKind::WrongScript]);
        assert_eq!(
            kinds("ខ្ញុំប្រើ Facebook", Lang::Km, "我用Facebook", Lang::Zh),
            []
        );
    }

    #[test]
    fn a_dropped_or_invented_half_is_a_length_to_look_at() {
        let long = "ខ្ញុំបានធ្វើដំណើរពីភ្នំពេញទៅបាងកកជាមួយមិត្តភក្តិពីរនាក់ដោយឡានក្រុង".repeat(2);
        assert_eq!(
            kinds(&long, Lang::Km, "我去了曼谷。", Lang::Zh),
            [FlagKind::LengthRatio]
        );
        let talk = "我先坐车到边境，然后走了三天路，最后有人用卡车把我们送到工厂。";
        assert_eq!(
            kinds("ទេ", Lang::Km, talk, Lang::Zh),
            [FlagKind::LengthRatio]
        );
        assert_eq!(kinds("ទេ", Lang::Km, "没有。", Lang::Zh), []);
    }

    #[test]
    fn loops_and_low_probability_are_doubtful() {
        let loops = "ฉันไม่รู้".repeat(8);
        let found = kinds(
            "我不知道，我真的不知道这件事是谁做的。",
            Lang::Zh,
            &loops,
            Lang::Th,
        );
        assert!(found.contains(&FlagKind::Repetition), "{found:?}");
        let pair = LangPair::new(Lang::Zh, Lang::Vi);
        let low = check("你好。", "Xin chào.", pair, &decoded(-2.0));
        assert_eq!(low, [Flag::new(FlagKind::LowProbability)]);
        assert_eq!(check(" ", "", pair, &decoded(0.0)), []);
    }
}
