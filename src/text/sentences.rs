//! Sentences: where a text is parted before it is translated.

use std::ops::Range;
use std::sync::LazyLock;

use icu_segmenter::options::SentenceBreakInvariantOptions;
use icu_segmenter::{SentenceSegmenter, SentenceSegmenterBorrowed};

use crate::domain::{Lang, Word};

use super::script::digit_value;
use super::segment::{cluster_edges, letter_edges, words};

static SENTENCES: LazyLock<SentenceSegmenterBorrowed<'static>> =
    LazyLock::new(|| SentenceSegmenter::new(SentenceBreakInvariantOptions::default()));

/// Shortest silence between two words that counts as a pause, in milliseconds.
const PAUSE_MS: u64 = 300;
/// Farthest that a space lies from the pause that it stands for, in characters: times of words are estimates.
const NEAR: usize = 12;
/// What a pause parts has at least so many characters on both sides: who says 'yes' or 'and' and then
/// thinks goes on with the same sentence.
const SHORTEST: usize = 10;
/// Text behind the place of a cut that the search for words looks at, in characters.
const AHEAD: usize = 40;

/// From which lengths on a text without sentence marks is cut, in characters.
struct Lengths {
    /// Where a good place is looked for: longer than nearly all sentences, shorter than what makes a translator
    /// drop its end.
    good: usize,
    /// Where any place will do: longer ones have no room in a model's output.
    any: usize,
}

impl Lengths {
    /// Of a thousand news sentences the longest has 124 characters in Chinese and 373 in Vietnamese.
    fn of(lang: Lang) -> Self {
        let (good, any) = match lang {
            Lang::Zh => (150, 150),
            Lang::Vi | Lang::En => (500, 500),
            Lang::Th | Lang::Lo | Lang::Km | Lang::My => (200, 500),
        };
        Self { good, any }
    }
}

/// Where the speaker of a line paused: byte offsets of the words that were said after a silence, ascending. `words` are
/// the words of the line in order, with their times.
pub fn pauses(line: &str, words: &[Word]) -> Vec<usize> {
    let places = Word::places(words, line);
    words
        .iter()
        .zip(words.iter().skip(1))
        .zip(places.into_iter().skip(1))
        .filter(|((before, after), _)| after.start_ms.saturating_sub(before.end_ms) >= PAUSE_MS)
        .filter_map(|(_, place)| place)
        .collect()
}

/// [`spoken_sentences`] of a text whose times are not known.
pub fn sentences(text: &str, lang: Lang) -> Vec<&str> {
    spoken_sentences(text, lang, &[])
}

/// The sentences, trimmed, none empty. Nothing but white space between them is left out.
///
/// Sentence marks of all six scripts end one; a point does so only before white space, not in
/// Thai (which has no full stop, but abbreviations), not after a known abbreviation, and never
/// inside a number. Thai and Lao, which have no marks of their own, are parted at the spaces next to the
/// `pauses` of the speaker too ([`pauses`]; offsets outside the text do no harm).
///
/// Text that runs on without a mark (150 characters of Chinese, 200 of the other unspaced scripts, 500 of
/// Vietnamese) is cut next to a pause, after a comma or at a space; where there is none for longer than a model has room for, at the
/// edge of a word.
pub fn spoken_sentences<'a>(text: &'a str, lang: Lang, pauses: &[usize]) -> Vec<&'a str> {
    let mut ends: Vec<usize> = SENTENCES.segment_str(text).collect();
    ends.extend(after_own_marks(text));
    ends.retain(|&at| ends_sentence(text, at, lang));
    ends.extend([0, text.len()]);
    ends.sort_unstable();
    ends.dedup();
    let rests = spaces_near(text, pauses);
    if matches!(lang, Lang::Th | Lang::Lo) {
        part_at(text, &rests, &mut ends);
    }
    let mut found = Vec::new();
    for (&from, &to) in ends.iter().zip(ends.iter().skip(1)) {
        split_long(text, from..to, lang, &rests, &mut found);
    }
    found.retain(|sentence: &&str| !sentence.is_empty());
    found
}

/// For each pause the nearest space, where one is near. A space beside a number, or before the mark that
/// repeats a word, ends nothing.
fn spaces_near(text: &str, pauses: &[usize]) -> Vec<usize> {
    let ends = |at: &usize| {
        let (before, after) = text.split_at(*at);
        let number = |c: Option<char>| c.is_some_and(|c| digit_value(c).is_some());
        let next = after.trim_start().chars().next();
        !number(before.trim_end().chars().next_back())
            && !number(next)
            && !matches!(next, Some('\u{0E46}' | '\u{0EC6}'))
    };
    let nearest = |pause: &usize| {
        let (before, after) = (text.get(..*pause)?, text.get(*pause..)?);
        let left = before.char_indices().rev().take(NEAR);
        let left = left.enumerate().find(|(_, (_, c))| *c == ' ');
        let right = after.char_indices().take(NEAR);
        let right = right.enumerate().find(|(_, (_, c))| *c == ' ');
        match (left, right) {
            (Some((near, (at, _))), Some((far, _))) if near <= far => Some(at),
            (_, Some((_, (at, _)))) => Some(pause.saturating_add(at)),
            (Some((_, (at, _))), None) => Some(at),
            (None, None) => None,
        }
    };
    let mut found: Vec<usize> = pauses.iter().filter_map(nearest).filter(ends).collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// Adds these places to the ends of sentences, where enough stands on both sides.
fn part_at(text: &str, places: &[usize], ends: &mut Vec<usize>) {
    let enough = |part: Range<usize>| {
        let part = text.get(part).unwrap_or_default().trim();
        part.chars().count() >= SHORTEST
    };
    for &place in places {
        let next = ends.partition_point(|end| *end < place);
        let before = next.checked_sub(1).and_then(|at| ends.get(at)).copied();
        let (Some(before), Some(&after)) = (before, ends.get(next)) else {
            continue;
        };
        if enough(before..place) && enough(place..after) {
            ends.insert(next, place);
        }
    }
}

/// Marks that end a sentence in one of the six languages wherever they stand.
fn is_sentence_mark(c: char) -> bool {
    matches!(
        c,
        '\u{17D4}' | '\u{17D5}' | '\u{104B}' | '。' | '｡' | '！' | '？' | '?' | '!'
    )
}

/// Quotes and brackets that still belong to the sentence before them.
fn is_closing(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '”' | '’' | '»' | '」' | '』' | ')' | '）' | ']' | '】' | '》'
    )
}

/// Offsets after each run of sentence marks with the closing quotes that follow it.
fn after_own_marks(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut in_marks = false;
    for (at, c) in text.char_indices() {
        if is_sentence_mark(c) || c == '…' {
            in_marks = true;
        } else if in_marks && !is_closing(c) {
            found.push(at);
            in_marks = false;
        }
    }
    found
}

/// Whether a sentence really ends at `at`, by what stands before and after it.
fn ends_sentence(text: &str, at: usize, lang: Lang) -> bool {
    let (Some(before), Some(after)) = (text.get(..at), text.get(at..)) else {
        return false;
    };
    if before.ends_with(['\n', '\r', '\u{2028}', '\u{2029}']) {
        return true;
    }
    let spaced = before.ends_with(char::is_whitespace) || after.starts_with(char::is_whitespace);
    let core = before.trim_end().trim_end_matches(is_closing);
    match core.chars().next_back() {
        // 'and so on' is written between two full stops.
        Some('។') if after.starts_with("ល។") => false,
        Some(mark) if is_sentence_mark(mark) => {
            !after.starts_with(|c| is_sentence_mark(c) || is_closing(c))
        }
        Some('…') => spaced,
        Some('.' | '．') => spaced && lang != Lang::Th && !is_abbreviation(core, lang),
        _ => false,
    }
}

/// Whether the point at the end of `core` only shortens a word.
fn is_abbreviation(core: &str, lang: Lang) -> bool {
    const TITLES: [&str; 12] = [
        "tp", "mr", "mrs", "ms", "dr", "st", "ts", "ths", "gs", "pgs", "bs", "no",
    ];
    let word = core.trim_end_matches('.');
    let word = word
        .rsplit(|c: char| c.is_whitespace() || c == '.')
        .next()
        .unwrap_or(word);
    if lang == Lang::Lo {
        // Titles and initials have at most three clusters; sentences end in longer runs.
        return cluster_edges(word).len() <= 4 && !word.chars().all(|c| digit_value(c).is_some());
    }
    TITLES.contains(&word.to_lowercase().as_str())
}

/// Puts a sentence into `found`, in parts where it is too long.
fn split_long<'a>(
    text: &'a str,
    range: Range<usize>,
    lang: Lang,
    rests: &[usize],
    found: &mut Vec<&'a str>,
) {
    let lengths = Lengths::of(lang);
    let whole = text.get(range.clone()).unwrap_or_default();
    let mut rest = whole.trim();
    let mut start = range.end.saturating_sub(whole.trim_start().len());
    while let Some((limit, _)) = rest.char_indices().nth(lengths.good) {
        let rests = rests.iter().filter_map(|rest| rest.checked_sub(start));
        let at = good_place(rest, limit, lang, rests).or_else(|| any_place(rest, limit, lang));
        let Some(at) = at else { break };
        let (first, last) = rest.split_at(at);
        found.push(first);
        rest = last.trim_start();
        start = start
            .saturating_add(at)
            .saturating_add(last.len().saturating_sub(rest.len()));
    }
    found.push(rest);
}

/// The last place before the limit at which the text may be cut: where the speaker paused, after a comma, at a
/// space; none in its first quarter. Else the first space after the limit, if it is not too far.
fn good_place(
    text: &str,
    limit: usize,
    lang: Lang,
    rests: impl Iterator<Item = usize>,
) -> Option<usize> {
    let head = text.get(..limit)?;
    let late = |at: &usize| *at > limit / 4;
    let marked = !lang.unspaced() || lang == Lang::Zh;
    rests
        .filter(|at| *at < limit)
        .last()
        .filter(late)
        .or_else(|| after_comma(head).filter(|at| marked && late(at)))
        .or_else(|| head.rfind(' ').filter(late))
        .or_else(|| {
            let any = Lengths::of(lang).any;
            let near = text.char_indices().take(any.saturating_add(1));
            near.skip_while(|(at, _)| *at < limit)
                .find(|(_, c)| *c == ' ')
                .map(|(at, _)| at)
        })
}

/// Behind the last comma; in a number it is none.
fn after_comma(text: &str) -> Option<usize> {
    // What follows the text is not known: it may be the rest of a number.
    let mut next = '0';
    text.char_indices().rev().find_map(|(at, c)| {
        let ends = match c {
            '，' | '；' | '：' => true,
            ',' | ';' => digit_value(next).is_none(),
            _ => false,
        };
        next = c;
        ends.then(|| at.saturating_add(c.len_utf8()))
    })
}

/// The last edge of a word before the limit, or of a letter, in a text that no model has room for.
fn any_place(text: &str, limit: usize, lang: Lang) -> Option<usize> {
    text.char_indices().nth(Lengths::of(lang).any)?;
    let ahead = text.get(limit..)?;
    let more = ahead
        .char_indices()
        .nth(AHEAD)
        .map_or(ahead.len(), |(at, _)| at);
    let near = text.get(..limit.saturating_add(more))?;
    let fits = |at: &usize| limit / 4 < *at && *at <= limit;
    let mut starts = words(near, lang).into_iter().map(|word| word.start);
    starts
        .rfind(fits)
        .or_else(|| letter_edges(near).into_iter().rfind(fits))
}

#[cfg(test)]
mod tests;
