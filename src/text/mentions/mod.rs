//! Names and numbers that a line offers: a name behind the words by which people introduce somebody,
//! telephone numbers, plates and numbers of documents. A guess for a person to take or leave.

mod cues;

use std::ops::{Range, RangeInclusive};

use super::names::Name;
use super::normalise::is_dropped;
use super::{figures, fold, numbers};
use crate::domain::{FactKind, Lang};

/// Longest name that is offered, in characters.
const LONGEST_NAME: usize = 40;
/// Fewest digits of a number that is offered.
const FEWEST_DIGITS: usize = 4;
/// Digits that a telephone number has.
const PHONE_DIGITS: RangeInclusive<usize> = 8..=15;
/// Years of birth that are taken.
const BIRTH_YEARS: RangeInclusive<i32> = 1900..=2100;
/// The same in the Buddhist Era.
const BUDDHIST_YEARS: RangeInclusive<i32> = 2443..=2643;
/// Bytes that may part the groups of one number.
const GROUP_GAP: usize = 3;

/// Something that a line offers to the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mention {
    /// A name, a phone, a plate or a document.
    pub kind: FactKind,
    /// As written; digits of a number in words.
    pub value: String,
    /// Where it stands, in bytes.
    pub range: Range<usize>,
}

/// What a line offers, by place. `text` should be in canonical form.
pub fn mentions(text: &str, lang: Lang) -> Vec<Mention> {
    let mut found = names(text, lang);
    found.extend(codes(text, lang));
    found.sort_by_key(|m| m.range.start);
    found
}

/// The year of birth that a text gives, of the common era; a year of the Buddhist Era is turned into it.
pub fn birth_year(text: &str) -> Option<i32> {
    let year: i32 = numbers(text).first()?.parse().ok()?;
    let year = if BUDDHIST_YEARS.contains(&year) {
        year.checked_sub(super::BUDDHIST.into())?
    } else {
        year
    };
    BIRTH_YEARS.contains(&year).then_some(year)
}

/// Names behind words of introduction.
fn names(text: &str, lang: Lang) -> Vec<Mention> {
    let lower = text.to_lowercase();
    let mut found: Vec<Mention> = Vec::new();
    // Lower case keeps the length of all letters that these languages use; where it does not, nothing
    // is offered rather than something cut in the middle.
    if lower.len() != text.len() {
        return found;
    }
    for cue in cues::introductions(lang) {
        for (at, _) in lower.match_indices(cue) {
            // 'Believe' in Thai and Lao is 'name' with a vowel before it.
            if lower
                .get(..at)
                .is_some_and(|before| before.ends_with(['เ', 'ເ']))
            {
                continue;
            }
            let from = at.saturating_add(cue.len());
            let Some(range) = name_at(text, &lower, from, lang) else {
                continue;
            };
            let called = matches!(*cue, cues::CALLED | cues::CALLED_BY_WOMEN);
            let quoted = lower
                .get(range.end..)
                .is_some_and(|r| r.starts_with(cues::QUOTED));
            if called && !quoted {
                continue;
            }
            let taken = found
                .iter()
                .any(|m| m.range.start < range.end && range.start < m.range.end);
            if taken {
                continue;
            }
            let value = text.get(range.clone()).unwrap_or_default().to_owned();
            if Name::read(&value, Some(lang)).is_readable() {
                found.push(Mention {
                    kind: FactKind::Name,
                    value,
                    range,
                });
            }
        }
    }
    found
}

/// The name that starts at `from`, if one does.
fn name_at(text: &str, lower: &str, from: usize, lang: Lang) -> Option<Range<usize>> {
    let rest = lower.get(from..)?;
    let lead = rest.len().saturating_sub(rest.trim_start().len());
    if lang == Lang::Vi && lead == 0 {
        return None;
    }
    let start = from.saturating_add(lead);
    let rest = lower.get(start..)?;
    let (ends, never) = (cues::ends(lang), cues::never(lang));
    // What looks like the end of the cue may be the first letter of the name, whose marks then follow.
    if rest.starts_with(follows) || never.iter().any(|word| rest.starts_with(word)) {
        return None;
    }
    let breaks = |c: char| !(c.is_alphanumeric() || is_mark(c) || "·•-' ".contains(c));
    let mut length = rest.find(breaks).unwrap_or(rest.len());
    for end in ends {
        if let Some(at) = rest.get(..length).and_then(|r| r.find(end)) {
            length = at;
        }
    }
    let original = text.get(start..start.saturating_add(length))?;
    let kept = match lang {
        Lang::Vi | Lang::En => capitalised(original),
        // A space ends a name in scripts that part sentences by spaces.
        _ => original.trim_start().find(' ').unwrap_or(original.len()),
    };
    let name = original.get(..kept)?.trim_end();
    let characters = name.chars().count();
    let fits = (1..=LONGEST_NAME).contains(&characters) && !name.chars().any(|c| c.is_numeric());
    fits.then(|| start..start.saturating_add(name.len()))
}

/// Marks that no word begins with; Thai and Lao write some vowels before their consonant.
fn follows(c: char) -> bool {
    let leads = matches!(c, '\u{0E40}'..='\u{0E44}' | '\u{0EC0}'..='\u{0EC4}');
    is_mark(c) && !is_dropped(c) && !leads
}

/// Vowel signs, tones and joiners, which belong to the letters before them.
fn is_mark(c: char) -> bool {
    is_dropped(c)
        || matches!(c, '\u{0E31}'..='\u{0E4E}' | '\u{0EB1}'..='\u{0ECD}' | '\u{102B}'..='\u{103E}' | '\u{17B6}'..='\u{17D3}')
}

/// The bytes of the leading words that begin with a capital letter.
fn capitalised(words: &str) -> usize {
    let mut end = 0;
    for word in words.split_inclusive(' ').take(6) {
        if !word.starts_with(char::is_uppercase) {
            break;
        }
        end += word.len();
    }
    end
}

/// Telephone numbers, plates and document numbers.
fn codes(text: &str, lang: Lang) -> Vec<Mention> {
    let folded = fold(text);
    let said = |words: &[&str]| words.iter().any(|w| folded.contains(w));
    let (plate, document, phone) = (
        said(cues::plates(lang)),
        said(cues::documents(lang)),
        said(cues::phones(lang)),
    );
    let mut found: Vec<Mention> = Vec::new();
    for (range, value) in written_codes(text)
        .into_iter()
        .chain(spelled_codes(text, lang))
    {
        let digits: usize = numbers(&value).iter().map(String::len).sum();
        let letters = value.chars().any(char::is_alphabetic);
        if digits < FEWEST_DIGITS
            || found
                .iter()
                .any(|m| m.range.start < range.end && range.start < m.range.end)
        {
            continue;
        }
        let kind = match (phone, plate, document) {
            (true, ..) if PHONE_DIGITS.contains(&digits) && !letters => FactKind::Phone,
            (_, true, _) if digits <= 7 => FactKind::Plate,
            (_, _, true) if digits >= 5 => FactKind::Document,
            _ if letters && digits >= 6 => FactKind::Document,
            _ if PHONE_DIGITS.contains(&digits) && !letters && value.starts_with(['0', '+']) => {
                FactKind::Phone
            }
            _ => continue,
        };
        found.push(Mention { kind, value, range });
    }
    found
}

/// Runs of digits and Latin letters, groups joined over a dash, a point or one space, with the
/// province's sign of a plate before them.
fn written_codes(text: &str) -> Vec<(Range<usize>, String)> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let part = |c: char| c.is_ascii_alphanumeric() || numbers(&c.to_string()).len() == 1;
    let mut from: Option<usize> = None;
    let close = |range: Range<usize>, found: &mut Vec<Range<usize>>| {
        let run = text.get(range.clone()).unwrap_or_default();
        let digits = numbers(run).concat().len();
        let joins = found.last().is_some_and(|last| {
            let gap = text.get(last.end..range.start).unwrap_or("???");
            gap.len() <= GROUP_GAP && gap.chars().all(|c| "-. ·/".contains(c))
        });
        if digits == 0 && run.len() > 3 {
            return;
        }
        match found.last_mut() {
            Some(last) if joins => last.end = range.end,
            _ => found.push(range),
        }
    };
    for (at, c) in text.char_indices() {
        match (part(c) || (c == '+' && from.is_none()), from) {
            (true, None) => from = Some(at),
            (false, Some(start)) => {
                close(start..at, &mut found);
                from = None;
            }
            _ => {}
        }
    }
    if let Some(start) = from {
        close(start..text.len(), &mut found);
    }
    found
        .into_iter()
        .map(|range| {
            let start = plate_sign(text, range.start);
            let range = start..range.end;
            let value = text
                .get(range.clone())
                .unwrap_or_default()
                .trim()
                .to_owned();
            (range, value)
        })
        .filter(|(_, value)| value.chars().any(|c| c.is_numeric()))
        .collect()
}

/// Where a plate begins: with the sign of a Chinese province before a letter, or with Thai consonants.
fn plate_sign(text: &str, from: usize) -> usize {
    let before = text.get(..from).unwrap_or_default();
    let letter_next = text
        .get(from..)
        .is_some_and(|t| t.starts_with(|c: char| c.is_ascii_uppercase()));
    if letter_next && before.ends_with(|c| cues::PROVINCES.contains(c)) {
        return before.char_indices().next_back().map_or(from, |(at, _)| at);
    }
    let word = before.trim_end().rsplit(' ').next().unwrap_or_default();
    let consonants = word
        .chars()
        .all(|c| matches!(c, '\u{0E01}'..='\u{0E2E}' | '\u{0E81}'..='\u{0EAE}'));
    if consonants && (1..=3).contains(&word.chars().count()) {
        return before.trim_end().len().saturating_sub(word.len());
    }
    from
}

/// Numbers that are said digit by digit.
fn spelled_codes(text: &str, lang: Lang) -> Vec<(Range<usize>, String)> {
    let mut found: Vec<(Range<usize>, String)> = Vec::new();
    for figure in figures(text, lang).into_iter().filter(|f| f.spelled) {
        let key = figure.key();
        if !key.bytes().all(|b| b.is_ascii_digit()) {
            continue;
        }
        if let Some((range, digits)) = found.last_mut() {
            let gap = text.get(range.end..figure.range.start).unwrap_or("???");
            if gap.len() <= GROUP_GAP && gap.chars().all(|c| "-, ".contains(c)) {
                range.end = figure.range.end;
                digits.push_str(key);
                continue;
            }
        }
        found.push((figure.range.clone(), key.to_owned()));
    }
    found.retain(|(_, digits)| digits.len() >= *PHONE_DIGITS.start());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(text: &str, lang: Lang) -> Vec<(FactKind, String)> {
        mentions(text, lang)
            .into_iter()
            .map(|m| (m.kind, m.value))
            .collect()
    }

    #[test]
    fn introductions_of_six_languages_offer_the_name() {
        for (text, lang, name) in [
            ("我叫张伟，住在瑞丽市。", Lang::Zh, "张伟"),
            (
                "Tôi tên là Nguyễn Văn Hùng, đi từ Lào Cai.",
                Lang::Vi,
                "Nguyễn Văn Hùng",
            ),
            ("ฉันชื่อสมชาย มาจากเชียงราย", Lang::Th, "สมชาย"),
            ("ကျွန်တော့်နာမည် အောင်မင်းပါ။", Lang::My, "အောင်မင်း"),
            ("အစ်မနာမည်ကျန်းကျွင်းပါ။", Lang::My, "ကျန်းကျွင်း"),
            ("ຂ້ອຍຊື່ສົມພອນ ມາຈາກຫຼວງພະບາງ", Lang::Lo, "ສົມພອນ"),
            ("ខ្ញុំឈ្មោះសុខាមកពីប៉ោយប៉ែត។", Lang::Km, "សុខា"),
        ] {
            assert_eq!(
                offered(text, lang),
                [(FactKind::Name, name.to_owned())],
                "{text}"
            );
        }
    }

    #[test]
    fn questions_for_a_name_offer_none() {
        for (text, lang) in [
            ("你叫什么名字？", Lang::Zh),
            ("Anh tên là gì?", Lang::Vi),
            ("คุณชื่ออะไร", Lang::Th),
            ("ခင်ဗျားနာမည်ဘယ်လိုခေါ်ပါသလဲ။", Lang::My),
            ("ເຈົ້າຊື່ຫຍັງ", Lang::Lo),
            ("តើអ្នកឈ្មោះអ្វី?", Lang::Km),
        ] {
            assert!(offered(text, lang).is_empty(), "{text}");
        }
    }

    #[test]
    fn numbers_are_offered_as_what_the_line_calls_them() {
        for (text, lang, kind, value) in [
            (
                "我的电话号码是13887654321。",
                Lang::Zh,
                FactKind::Phone,
                "13887654321",
            ),
            ("车牌号是云A12345。", Lang::Zh, FactKind::Plate, "云A12345"),
            (
                "Số điện thoại của tôi là 0912 345 678.",
                Lang::Vi,
                FactKind::Phone,
                "0912 345 678",
            ),
            (
                "Biển số xe là 29A-12345.",
                Lang::Vi,
                FactKind::Plate,
                "29A-12345",
            ),
            (
                "เบอร์โทรศัพท์ของฉันคือ ๐๘๑-๒๓๔-๕๖๗๘",
                Lang::Th,
                FactKind::Phone,
                "๐๘๑-๒๓๔-๕๖๗๘",
            ),
            ("ທະບຽນລົດແມ່ນ ກຂ 1234", Lang::Lo, FactKind::Plate, "ກຂ 1234"),
            (
                "លេខលិខិតឆ្លងដែនខ្ញុំគឺ N1234567។",
                Lang::Km,
                FactKind::Document,
                "N1234567",
            ),
            (
                "ကျွန်တော့်ပတ်စ်ပို့နံပါတ်က MD123456 ပါ။",
                Lang::My,
                FactKind::Document,
                "MD123456",
            ),
        ] {
            assert_eq!(offered(text, lang), [(kind, value.to_owned())], "{text}");
        }
        assert_eq!(birth_year("พ.ศ. ๒๕๓๐"), Some(1987));
        assert_eq!(birth_year("1987年"), Some(1987));
        assert_eq!(birth_year("1700"), None);
        assert!(offered("我给了他3500元。", Lang::Zh).is_empty());
        assert!(offered("Năm 2019 tôi đến đây.", Lang::Vi).is_empty());
    }
}
