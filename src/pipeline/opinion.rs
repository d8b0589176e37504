//! A second opinion: another engine translates the line too, and where the two diverge a person is told.
//! Nothing is chosen between them: the first one's translation stands, the other is kept with the flag.

use crate::domain::{Cancel, Flag, FlagKind, LangPair};
use crate::text;
use crate::translate::{DecodeOptions, Translator};

use super::Error;

/// Two translations whose chrF is lower than this diverge. Two sound engines write other words for the
/// same thing all the time, so only what has little in common counts: of 376 pairs of different
/// sentences of the practice corpus 93 (Burmese) to 99 % (Chinese) lie below it.
const DIVERGE_BELOW: f64 = 40.0;

/// Lets `other` translate the sentences and compares that with `first`. `None` where they agree, where
/// the other engine does not know the direction, or where it writes nothing.
///
/// # Errors
/// The other engine's own; a cancel.
pub(super) fn diverges(
    other: &mut dyn Translator,
    sentences: &[&str],
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
    if second.is_empty() || agreement(first, &second) >= DIVERGE_BELOW {
        return Ok(None);
    }
    let detail = format!("{}: {second}", other.engine());
    Ok(Some(Flag::with(FlagKind::OpinionsDiffer, detail)))
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
    fn small_differences_agree() {
        for (a, b) in [
            ("你叫什么名字？", "你叫什么名字"),
            ("Anh có quyền giữ im lặng.", "Anh có quyền im lặng."),
            ("คุณมีสิทธิ์ที่จะไม่ให้การ", "คุณมีสิทธิ์ไม่ให้การ"),
            ("ခင်ဗျားနာမည်ဘယ်လိုခေါ်ပါသလဲ။", "ခင်ဗျားနာမည်ဘယ်လိုခေါ်လဲ။"),
            ("ເຈົ້າຊື່ຫຍັງ", "ເຈົ້າຊື່ວ່າຫຍັງ"),
            ("តើអ្នកឈ្មោះអ្វី?", "អ្នកឈ្មោះអ្វី?"),
        ] {
            assert!(
                agreement(a, b) >= DIVERGE_BELOW,
                "{a} | {b}: {}",
                agreement(a, b)
            );
            assert!((agreement(a, b) - agreement(b, a)).abs() < 1e-9);
        }
    }
}
