//! Whether a text denies: a word that does, once all that only looks like one is taken out of it.

use std::ops::Range;

use super::ending::{Ending, ending};
use super::marks;
use super::words::{begins, blank, first, standing, take_out, without_last};
use super::{Said, Strength};
use crate::domain::Lang;
use crate::text;

/// Marks that end a clause.
const CLAUSE_ENDS: [char; 14] = [
    ',', '.', ';', '!', '?', '，', '。', '；', '！', '？', '、', '\u{17D4}', '\u{104A}', '\u{104B}',
];

/// Whether a folded text denies, and where the mark stands.
pub(super) fn denial(text: &str, lang: Lang) -> Said {
    let words = marks::denial(lang);
    if let Some(answer) = answer(text, lang) {
        return (Strength::Clearly, answer);
    }
    let mut rest = text.to_owned();
    let ending = ending(text, lang);
    if let Ending::Asks(mark) | Ending::Unclear(mark) = &ending {
        blank(&mut rest, mark.clone());
    }
    match lang {
        Lang::Zh => take_out_choices(&mut rest),
        Lang::My => rest = without_words(&rest, &ENDING_IN_MA),
        _ => {}
    }
    take_out(&mut rest, words.plain, lang);
    let may = take_out(&mut rest, words.may, lang) | take_out_may_i_know(&mut rest, lang);
    if let Some(mark) = clear(&rest, words.clear, lang) {
        return (Strength::Clearly, mark);
    }
    let perhaps = may
        || matches!(ending, Ending::Unclear(_))
        || first(&rest, words.perhaps, lang).is_some()
        || (lang == Lang::My && bare_ma(&rest).next().is_some());
    let strength = if perhaps {
        Strength::Perhaps
    } else {
        Strength::No
    };
    (strength, 0..0)
}

fn clear(text: &str, words: &[&str], lang: Lang) -> Option<Range<usize>> {
    let word = first(text, words, lang);
    if lang != Lang::My {
        return word;
    }
    word.or_else(|| burmese(text))
}

/// The clauses of a text, each with where it begins. Where no marks are written, spaces part them.
fn clauses(text: &str, spaces: bool) -> impl Iterator<Item = (usize, &str)> {
    let parts = move |c: char| CLAUSE_ENDS.contains(&c) || (spaces && c.is_whitespace());
    let mut at = 0usize;
    text.split_inclusive(parts).map(move |whole| {
        let start = at;
        at = at.saturating_add(whole.len());
        let clause = whole.trim_end_matches(parts);
        let lead = clause.len().saturating_sub(clause.trim_start().len());
        (start.saturating_add(lead), clause.trim())
    })
}

/// The answer 'no' that a text begins with, or that is all of it, words of courtesy aside.
fn answer(text: &str, lang: Lang) -> Option<Range<usize>> {
    let (opening, alone) = marks::answers(lang);
    if opening.is_empty() {
        return None;
    }
    let courtesy = marks::courtesy(lang);
    let polite = |part: &str| courtesy.iter().any(|c| text::fold(c) == part);
    let mut clauses =
        clauses(text, true).filter(|(_, clause)| !clause.is_empty() && !polite(clause));
    let (at, clause) = clauses.next()?;
    let last = clauses.next().is_none();
    let bare = without_last(clause, courtesy, lang);
    let (lead, bare) = courtesy
        .iter()
        .find_map(|c| {
            let rest = bare.strip_prefix(text::fold(c).as_str())?;
            (!rest.is_empty()).then_some((bare.len().saturating_sub(rest.len()), rest))
        })
        .unwrap_or((0, bare));
    let is = |words: &[&str]| words.iter().any(|w| text::fold(w) == bare);
    let asked = last && text.trim_end().ends_with(['?', '？']);
    let from = at.saturating_add(lead);
    ((is(opening) || (last && is(alone))) && !asked).then(|| from..from.saturating_add(bare.len()))
}

/// A Thai line that begins with 'not knowing whether' mostly asks politely.
fn take_out_may_i_know(text: &mut String, lang: Lang) -> bool {
    let opening = text::fold("ไม่ทราบว่า");
    let from = text.len().saturating_sub(text.trim_start().len());
    let asks = lang == Lang::Th && text.trim_start().starts_with(opening.as_str());
    if asks {
        blank(text, from..from.saturating_add(opening.len()));
    }
    asks
}

/// Chinese asks by choice: 认不认识, 去没去, 吃饭了没有. None of it denies.
fn take_out_choices(text: &mut String) {
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    let letter = |i: usize| letters.get(i).map(|l| l.1);
    let mut found: Vec<Range<usize>> = Vec::new();
    for (i, (at, c)) in letters.iter().enumerate() {
        if !matches!(c, '不' | '没') {
            continue;
        }
        // The verb before the word and behind it is the same, of two characters or one.
        let same = [2usize, 1].into_iter().find(|n| {
            (0..*n).all(|k| {
                let left = i
                    .checked_sub(*n)
                    .and_then(|from| letter(from.saturating_add(k)));
                let right = letter(i.saturating_add(1).saturating_add(k));
                left == right && left.is_some_and(char::is_alphabetic)
            })
        });
        let end = at.saturating_add(c.len_utf8());
        if same.is_some() {
            found.push(*at..end);
            continue;
        }
        let rest = text.get(end..).unwrap_or_default();
        let (rest, length) = match (c, rest.strip_prefix('有')) {
            ('没', Some(rest)) => (rest, '有'.len_utf8()),
            _ => (rest, 0),
        };
        let rest = rest.trim_start_matches(['啊', '呀', '呢']);
        let before = i.checked_sub(1).and_then(letter);
        let closes = rest.trim().is_empty() && *c == '没' && before == Some('了');
        // 没有？ alone is an answer that is called into question.
        let tag = rest.starts_with(['?', '？']) && before.is_some_and(char::is_alphabetic);
        if closes || tag {
            found.push(*at..end.saturating_add(length));
        }
    }
    for range in found {
        blank(text, range);
    }
}

/// Burmese words that end in the letter of denial. Where another word follows them at once, the two read
/// as if they denied: 'has brothers and sisters', 'I am there' of a woman.
const ENDING_IN_MA: [&str; 12] = [
    "နှမ",
    "အစ်မ",
    "အမ",
    "ကျွန်မ",
    "ကျမ",
    "မိန်းမ",
    "ချွေးမ",
    "ယောက္ခမ",
    "ပထမ",
    "ဒုတိယ",
    "ဒေသမ",
    "ဘုရင်မ",
];

/// The text with blanks in the place of these words, where no sign follows that would make their last
/// letter another syllable.
fn without_words(text: &str, words: &[&str]) -> String {
    let mut rest = text.to_owned();
    take_out(&mut rest, words, Lang::My);
    rest
}

/// Where a syllable is the bare Burmese prefix of denial, which no vowel, medial or final follows.
fn bare_ma(text: &str) -> impl Iterator<Item = usize> + '_ {
    // Tomorrow, yesterday, last year, Malaysia, soon, Magway, great, and what asks of the future.
    const OTHER: [&str; 11] = [
        "မနက်",
        "မနေ့",
        "မနှစ်က",
        "မလေး",
        "မကြာ",
        "မကွေး",
        "မဟာ",
        "မလား",
        "မလဲ",
        "မသာ",
        "မယား",
    ];
    text.match_indices('မ').filter_map(move |(at, _)| {
        let rest = text.get(at..).unwrap_or_default();
        let mut after = rest.chars().skip(1);
        let consonant = after
            .next()
            .is_some_and(|c| ('\u{1000}'..='\u{1021}').contains(&c));
        let closed = after
            .next()
            .is_some_and(|c| matches!(c, '\u{103A}' | '\u{1039}'));
        // The second of two letters that stand one on the other.
        let stacked = text.get(..at).is_some_and(|t| t.ends_with('\u{1039}'));
        let other = OTHER.iter().any(|word| begins(rest, word, Lang::My));
        (consonant && !closed && !stacked && !other).then_some(at)
    })
}

/// What closes a Burmese denial: with ဘူး anywhere behind the prefix, since what was said may be reported;
/// with the formal and the forbidding endings at the end of the clause.
fn burmese(text: &str) -> Option<Range<usize>> {
    let courtesy = marks::courtesy(Lang::My);
    clauses(text, false).find_map(|(at, clause)| {
        let begin = bare_ma(clause).next()?;
        let behind = clause.get(begin..)?;
        if let Some(mark) = standing(behind, "ဘူး", Lang::My).last() {
            let from = at.saturating_add(begin);
            return Some(from.saturating_add(mark.start)..from.saturating_add(mark.end));
        }
        let bare = without_last(behind, courtesy, Lang::My);
        // A verb stands between: မပါ is 'not among them' or the end of 'a teacher she is'.
        let ends = ["နဲ့", "နှင့်", "ရပါ", "ပါ", "ရ"].into_iter().any(|end| {
            let verb = bare.strip_suffix(text::fold(end).as_str());
            verb.is_some_and(|verb| verb.chars().count() > 1)
        });
        let from = at.saturating_add(begin);
        ends.then(|| from..from.saturating_add(bare.len()))
    })
}
