//! Parting and joining what was written of a line: text, words, terms and doubts with their places.
//! Pure, and never inside a letter of any of the six scripts.

use crate::domain::{Flag, FlagKind, Lang, Side, TermUse, Translation, Word};
use crate::text;

/// A text parted in two, without the white space at the cut.
pub(super) struct Halves<'a> {
    pub left: &'a str,
    pub right: &'a str,
    /// Characters of the whole before `right`.
    before: usize,
}

/// Parts a text before the letter in which character number `at` stands. `None` where one half would
/// be without words.
pub(super) fn part(whole: &str, at: usize) -> Option<Halves<'_>> {
    let (mut byte, mut characters) = (0usize, 0usize);
    for cluster in text::graphemes(whole) {
        let next = characters.saturating_add(cluster.chars().count());
        if next > at {
            break;
        }
        characters = next;
        byte = byte.saturating_add(cluster.len());
    }
    let left = whole.get(..byte)?.trim_end();
    let rest = whole.get(byte..)?;
    let right = rest.trim_start();
    let has_words = |half: &str| half.chars().any(char::is_alphanumeric);
    if !has_words(left) || !has_words(right) {
        return None;
    }
    let skipped = rest.chars().count() - right.chars().count();
    Some(Halves {
        left,
        right,
        before: characters.saturating_add(skipped),
    })
}

/// Two texts as one. Chinese is written without spaces; the others part phrases with one.
pub(super) fn joined(first: &str, second: &str, lang: Lang) -> String {
    let (first, second) = (first.trim_end(), second.trim_start());
    let space = if lang == Lang::Zh || first.is_empty() || second.is_empty() {
        ""
    } else {
        " "
    };
    format!("{first}{space}{second}")
}

/// Characters of the joined text before `second`.
pub(super) fn shift(first: &str, second: &str, lang: Lang) -> usize {
    let whole = joined(first, second, lang).chars().count();
    whole.saturating_sub(second.trim_start().chars().count())
}

/// The recognised words of each half: by their places in the text, else by their time.
pub(super) fn part_words(
    whole: &str,
    words: &[Word],
    halves: &Halves<'_>,
    at_ms: u64,
) -> [Vec<Word>; 2] {
    let mut parted = [Vec::new(), Vec::new()];
    for (word, place) in words.iter().zip(Word::places(words, whole)) {
        let behind = place.map_or(word.start_ms >= at_ms, |at| at >= halves.left.len());
        let [first, second] = &mut parted;
        if behind { second } else { first }.push(word.clone());
    }
    parted
}

/// Where the two texts of a line were parted: each has a half before and a half behind.
#[derive(Clone, Copy)]
pub(super) struct Cuts<'a> {
    pub source: &'a Halves<'a>,
    pub translation: Option<&'a Halves<'a>>,
}

/// The doubts of one half. A doubt goes where its places lie; one without places, or with a place
/// over the cut, is one about both.
pub(super) fn part_flags(flags: &[Flag], cuts: Cuts<'_>, second: bool) -> Vec<Flag> {
    let mut kept = Vec::new();
    for flag in flags {
        let (mut own, mut elsewhere) = (Vec::new(), false);
        for place in &flag.places {
            let halves = match place.side {
                Side::Source => Some(cuts.source),
                Side::Translation => cuts.translation,
            };
            let Some(halves) = halves else { continue };
            let behind = place.from >= halves.before;
            let before = place.to <= halves.left.chars().count();
            elsewhere |= if second { before } else { behind };
            if second && behind {
                let mut place = place.clone();
                place.from = place.from.saturating_sub(halves.before);
                place.to = place.to.saturating_sub(halves.before);
                own.push(place);
            } else if !second && before {
                own.push(place.clone());
            }
        }
        if !own.is_empty() || !elsewhere {
            kept.push(flag.clone().at(own));
        }
    }
    kept
}

/// The doubts of a joined text: `source` and `translation` are the characters before the second's.
pub(super) fn join_flags(
    first: &[Flag],
    second: &[Flag],
    source: usize,
    translation: usize,
) -> Vec<Flag> {
    let mut all = first.to_vec();
    for flag in second {
        let mut moved = flag.clone();
        for place in &mut moved.places {
            let by = match place.side {
                Side::Source => source,
                Side::Translation => translation,
            };
            place.from = place.from.saturating_add(by);
            place.to = place.to.saturating_add(by);
        }
        if !all.contains(&moved) {
            all.push(moved);
        }
    }
    all
}

/// The doubts about the cut of two lines that are one now: where the first ended without a pause, the
/// other goes on.
pub(super) fn join_cut_flags(first: &[Flag], second: &[Flag]) -> Vec<Flag> {
    let mut all: Vec<Flag> = first.to_vec();
    all.retain(|f| f.kind != FlagKind::CutWithoutPause);
    let new: Vec<&Flag> = second.iter().filter(|f| !all.contains(f)).collect();
    let new: Vec<Flag> = new.into_iter().cloned().collect();
    all.extend(new);
    all
}

/// The terms whose source stands in a half.
pub(super) fn part_terms(terms: &[TermUse], half: &str) -> Vec<TermUse> {
    let folded = text::fold(half);
    let stands = |term: &&TermUse| folded.contains(&text::fold(&term.source));
    terms.iter().filter(stands).cloned().collect()
}

/// Two names as one, each once.
pub(super) fn both(first: &str, second: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for name in first.split(", ").chain(second.split(", ")) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.join(", ")
}

/// The lower of two probabilities; `None` where one side has none.
pub(super) fn lower(first: Option<f32>, second: Option<f32>) -> Option<f32> {
    first.zip(second).map(|(a, b)| a.min(b))
}

/// Two translations into the same language as one, of the joined text; `source` are the characters
/// of that before the second's.
pub(super) fn join_translations(
    first: &Translation,
    second: &Translation,
    source: usize,
) -> Translation {
    let mut terms = first.terms.clone();
    terms.extend(
        second
            .terms
            .iter()
            .filter(|t| !first.terms.contains(t))
            .cloned(),
    );
    let before = shift(&first.text, &second.text, first.lang);
    Translation {
        lang: first.lang,
        text: joined(&first.text, &second.text, first.lang),
        engine: both(&first.engine, &second.engine),
        status: first.status,
        log_prob: lower(first.log_prob, second.log_prob),
        terms,
        flags: join_flags(&first.flags, &second.flags, source, before),
        of_version: 1,
    }
}
