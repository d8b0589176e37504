//! Doubts about a translation that need no model: numbers, names, language, length, loops, probability.

mod figures;
mod language;
mod names;
mod polarity;

use super::{Decoded, KnownNames};
use crate::domain::{Flag, FlagKind, Lang, LangPair, Place, Side};
use crate::text;

/// Below this mean log-probability a token, a translation is doubtful: each token one in four.
const LOWEST_LOG_PROB: f32 = -1.4;

/// Bounds of a translation's length as a multiple of what the source makes expect, and how far
/// beyond them a short line may go, in English letters. Set on human translations: of 30,000 news
/// lines (NTREX, all thirty directions) 12 lie outside, of 16,020 interview lines none.
const SHORTEST: f64 = 0.4;
const LONGEST: f64 = 2.5;
const SLACK: f64 = 10.0;

/// The doubts about one sentence and its translation, most serious first. Of `known` come the names
/// that the sentence may speak of.
///
/// `Truncated` is not among them: [`Decoded::truncated`] says it already.
pub fn check(
    source: &str,
    translation: &str,
    pair: LangPair,
    decoded: &Decoded,
    known: &KnownNames,
) -> Vec<Flag> {
    if source.trim().is_empty() {
        return Vec::new();
    }
    let mut flags = compare(source, translation, pair, known);
    flags.extend(probability(source, translation, decoded));
    flags
}

/// The doubts that need no model's word: what [`check`] finds but for the probability. Serves for what
/// a person wrote too.
pub fn compare(source: &str, translation: &str, pair: LangPair, known: &KnownNames) -> Vec<Flag> {
    let mut flags = figures::check(source, translation, pair);
    let language = language::check(source, translation, pair, known);
    // Of a line that is not in the wanted language, its names, denials and questions say nothing.
    if language.is_none() {
        flags.extend(names::check(source, translation, pair, known));
        flags.extend(polarity::check(source, translation, pair));
    }
    flags.extend(language);
    flags.extend(length(source, translation, pair));
    flags.extend(repetition(source, translation));
    flags
}

/// Where one translation has a number, a denial or a question that another of the same line has not: places
/// of the first. Empty where they agree in these.
pub fn disagree(first: &str, second: &str, lang: Lang) -> Vec<Place> {
    let pair = LangPair::new(lang, lang);
    let mut flags = figures::check(first, second, pair);
    flags.retain(|flag| flag.kind != FlagKind::LunarDate);
    flags.extend(polarity::check(first, second, pair));
    let places = flags.into_iter().flat_map(|flag| flag.places);
    places
        .filter(|place| place.side == Side::Source)
        .map(|place| Place {
            side: Side::Translation,
            ..place
        })
        .collect()
}

/// Both texts, where they differ as a whole and no stretch of them can be named.
fn wholes(source: &str, translation: &str) -> Vec<Place> {
    vec![
        Place::whole(source, Side::Source),
        Place::whole(translation, Side::Translation),
    ]
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
    let flag = Flag::with(FlagKind::LengthRatio, format!("{times:.1}"));
    Some(flag.at(wholes(source, translation)))
}

/// A loop in the translation that the source does not have.
fn repetition(source: &str, translation: &str) -> Option<Flag> {
    let unit = text::repetition(translation)?;
    if text::repetition(source).is_some() {
        return None;
    }
    Some(Flag::with(FlagKind::Repetition, unit).at(wholes(source, translation)))
}

fn probability(source: &str, translation: &str, decoded: &Decoded) -> Option<Flag> {
    (decoded.log_prob < LOWEST_LOG_PROB)
        .then(|| Flag::new(FlagKind::LowProbability).at(wholes(source, translation)))
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
        let pair = LangPair::new(from, to);
        check(
            source,
            translation,
            pair,
            &decoded(-0.3),
            &KnownNames::default(),
        )
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
            assert_eq!(found.len(), 1, "{to}: {found:?}");
            assert_eq!(found[0].kind, FlagKind::NumberMismatch);
            assert_eq!(found[0].detail, "3500 | 350", "{to}");
            let read: Vec<&str> = found[0].places.iter().map(|p| p.value.as_str()).collect();
            assert_eq!(read, ["3500", "350"]);
            let first = &found[0].places[0];
            assert_eq!((first.from, first.to), (3, 7));
        }
        let missing = flags("Năm 1990.", Lang::Vi, "那一年。", Lang::Zh);
        assert_eq!(missing[0].detail, "1990 |");
        let invented = flags("Năm đó.", Lang::Vi, "1990年。", Lang::Zh);
        assert_eq!(invented[0].detail, "| 1990");
    }

    #[test]
    fn a_document_number_keeps_its_zeros() {
        let found = kinds("Số 0012.", Lang::Vi, "号码12。", Lang::Zh);
        assert_eq!(found, [FlagKind::NumberMismatch]);
        assert_eq!(kinds("Ngày 07.", Lang::Vi, "7日。", Lang::Zh), []);
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
        let long = "ខ្ញុំបានធ្វើដំណើរពីភ្នំពេញទៅបាងកកជាមួយមិត្តភក្តិដោយឡានក្រុង".repeat(2);
        assert_eq!(
            kinds(&long, Lang::Km, "我去了曼谷。", Lang::Zh),
            [FlagKind::LengthRatio]
        );
        let talk = "我先坐车到边境，然后走了三天路，最后有人用卡车把我们送到工厂。";
        assert_eq!(
            kinds("ទេ", Lang::Km, talk, Lang::Zh),
            // The three days are invented too, and the answer was no.
            [
                FlagKind::NumberMismatch,
                FlagKind::NegationDiffers,
                FlagKind::LengthRatio
            ]
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
        let none = KnownNames::default();
        let low = check("你好。", "Xin chào.", pair, &decoded(-2.0), &none);
        let both = wholes("你好。", "Xin chào.");
        assert_eq!(low, [Flag::new(FlagKind::LowProbability).at(both)]);
        assert_eq!(check(" ", "", pair, &decoded(0.0), &none), []);
    }
}
