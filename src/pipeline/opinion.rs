//! A second opinion: another engine translates the line too, and where the two diverge a person is told.
//! Nothing is chosen between them: the first one's translation stands, the other is kept with the flag.

use crate::domain::{Cancel, Flag, FlagKind, Lang, LangPair, Place, Side};
use crate::text;
use crate::translate::{self, DecodeOptions, Translator};

use super::Error;

/// Two translations whose chrF is lower than this diverge. Two sound engines write other words for the
/// same thing all the time, so only what has little in common counts: of 376 pairs of different
/// sentences of the practice corpus 93 (Burmese) to 99 % (Chinese) lie below it.
const DIVERGE_BELOW: f64 = 40.0;

/// Lets `other` translate the sentences and compares that with `first`: as a whole, and by numbers, denials
/// and questions, since one word makes a short line another. `None` where they agree, where the other engine
/// does not know the direction, or where it writes nothing.
///
/// # Errors
/// The other engine's own; a cancel.
pub(super) fn diverges(
    other: &mut dyn Translator,
    (source, sentences): (&str, &[&str]),
    first: &str,
    pair: LangPair,
    options: &DecodeOptions,
    cancel: &Cancel,
) -> Result<Option<Flag>, Error> {
    if !other.supports(pair) {
        return Ok(None);
    }
    let mut parts = Vec::new();
    for sentence in sentences {
        let decoded = other.translate(sentence, pair, options, cancel)?;
        parts.push(text::normalise(decoded.text.trim(), pair.to));
    }
    let second = parts.join(super::line::separator(pair));
    if second.is_empty() {
        return Ok(None);
    }
    let Some(written) = places(first, &second, pair.to) else {
        return Ok(None);
    };
    let detail = format!("{}: {second}", other.engine());
    let mut both = vec![Place::whole(source, Side::Source)];
    both.extend(written);
    Ok(Some(Flag::with(FlagKind::OpinionsDiffer, detail).at(both)))
}

/// The places of the first translation where the second says something else, all of it where they have
/// little in common; `None` where they agree.
fn places(first: &str, second: &str, lang: Lang) -> Option<Vec<Place>> {
    let places = translate::disagree(first, second, lang);
    if !places.is_empty() {
        return Some(places);
    }
    let apart = agreement(first, second) < DIVERGE_BELOW;
    apart.then(|| vec![Place::whole(first, Side::Translation)])
}

/// How much two translations have in common, 0 to 100, whichever of them is named first.
fn agreement(a: &str, b: &str) -> f64 {
    let (a, b) = (text::fold(a), text::fold(b));
    if a == b {
        return 100.0;
    }
    text::chrf(&a, &b).midpoint(text::chrf(&b, &a))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corpus lines of a language without slots.
    fn corpus(column: usize) -> Vec<String> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/recordings/practice/corpus");
        let mut lines = Vec::new();
        for file in ["1-rights", "2-identity", "3-journey", "4-work"] {
            let table = std::fs::read_to_string(format!("{folder}/{file}.tsv")).unwrap();
            let cell = |row: &str| row.split('\t').nth(column).unwrap().to_owned();
            lines.extend(table.lines().skip(1).map(cell).filter(|l| !l.contains('{')));
        }
        lines
    }

    #[test]
    fn other_sentences_diverge_in_all_six_languages() {
        for column in 4..10 {
            let lines = corpus(column);
            let pairs = lines.iter().zip(lines.iter().skip(7));
            let (mut apart, mut all) = (0, 0);
            for (a, b) in pairs {
                all += 1;
                apart += usize::from(agreement(a, b) < DIVERGE_BELOW);
            }
            println!("column {column}: {apart} of {all} pairs of other sentences diverge");
            assert!(
                all > 50 && apart * 100 >= all * 90,
                "{column}: {apart} of {all}"
            );
        }
    }

    #[test]
    fn a_denial_a_question_or_a_number_more_is_another_opinion() {
        for (lang, a, b) in [
            (Lang::Zh, "我打了他。", "我没打他。"),
            (Lang::Vi, "Tôi quen anh ta.", "Tôi không quen anh ta."),
            (Lang::Th, "เขามาสามคน", "เขามาสี่คน"),
            (Lang::My, "သူ့ကို သိပါတယ်။", "သူ့ကို မသိပါဘူး။"),
            (Lang::Lo, "ເຈົ້າຕີລາວ", "ເຈົ້າຕີລາວບໍ"),
            (Lang::Km, "ខ្ញុំដឹង។", "ខ្ញុំមិនដឹងទេ។"),
        ] {
            for (first, second) in [(a, b), (b, a)] {
                let found = places(first, second, lang).unwrap();
                assert!(!found.is_empty(), "{first} | {second}");
                assert!(found.iter().all(|p| p.side == Side::Translation));
            }
            assert_eq!(places(a, a, lang), None);
        }
    }

    #[test]
    fn small_differences_agree() {
        for (lang, a, b) in [
            (Lang::Zh, "你叫什么名字？", "你叫什么名字"),
            (
                Lang::Vi,
                "Anh có quyền giữ im lặng.",
                "Anh có quyền im lặng.",
            ),
            (Lang::Th, "คุณมีสิทธิ์ที่จะไม่ให้การ", "คุณมีสิทธิ์ไม่ให้การ"),
            (Lang::My, "ခင်ဗျားနာမည်ဘယ်လိုခေါ်ပါသလဲ။", "ခင်ဗျားနာမည်ဘယ်လိုခေါ်လဲ။"),
            (Lang::Lo, "ເຈົ້າຊື່ຫຍັງ", "ເຈົ້າຊື່ວ່າຫຍັງ"),
            (Lang::Km, "តើអ្នកឈ្មោះអ្វី?", "អ្នកឈ្មោះអ្វី?"),
        ] {
            assert!(
                agreement(a, b) >= DIVERGE_BELOW,
                "{a} | {b}: {}",
                agreement(a, b)
            );
            assert_eq!(places(a, b, lang), None, "{lang}: {a} | {b}");
            assert!((agreement(a, b) - agreement(b, a)).abs() < 1e-9);
        }
    }
}
