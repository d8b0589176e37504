//! Search terms: what a text or a query is cut into, how the index holds it, where a term stands.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};

use crate::text;

/// Stands between two translations in the index, and before words without diacritics, so that no
/// phrase runs from one into the next.
const BARRIER: &str = "\u{E000}";
/// Ends the token of a cluster that a word follows.
const END: char = '\u{E001}';
/// Begins the token of a cluster that follows a word.
const START: char = '\u{E003}';
/// Begins every token of a translation.
const TRANSLATED: &str = "\u{E002}";

/// Bytes that may stand between two groups of one number.
const GAP: usize = 3;
/// Digits of a number that is written in groups.
const JOINED: RangeInclusive<usize> = 7..=15;

/// One side of a line. Both lie in one column of the index and are told apart by their tokens: with a
/// column of its own, every token of a line would cost two bytes more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    /// What was said.
    Said,
    /// Its translations.
    Translated,
}

impl Side {
    /// Both, the one that counts more first.
    pub const BOTH: [Self; 2] = [Self::Said, Self::Translated];

    fn mark(self) -> &'static str {
        match self {
            Self::Said => "",
            Self::Translated => TRANSLATED,
        }
    }
}

/// One token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// Folded; letters, digits and marks only.
    pub token: String,
    /// The form without diacritics, where it differs.
    pub bare: Option<String>,
    /// Bytes of the text.
    pub range: Range<usize>,
    /// A cluster of a script without spaces; a word otherwise.
    pub cluster: bool,
}

/// Tokens that must stand side by side: a stretch of the query without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    /// The tokens, at least one, and whether each is a cluster of a script without spaces.
    pub tokens: Vec<(String, bool)>,
    /// Whether the last token may be the beginning of a longer one.
    pub end: End,
}

/// How a phrase ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With its last token.
    Closed,
    /// Inside its last token, perhaps: in the scripts that write vowels and tones around a consonant, a
    /// name that is typed in part often ends so. Asked for where nothing else is found.
    MayGoOn,
    /// Anywhere behind its beginning: the person typed a star.
    GoesOn,
}

impl End {
    fn of(last: &str) -> Self {
        if is_complex(last) {
            Self::MayGoOn
        } else {
            Self::Closed
        }
    }
}

/// A line as the index holds it.
pub(super) struct IndexForm {
    /// All tokens, parted by spaces.
    pub words: String,
    /// Every word and cluster of both sides once.
    pub tokens: BTreeSet<String>,
}

/// Cuts a text into terms.
pub(super) fn terms(text: &str) -> Vec<Term> {
    text::index_tokens(text)
        .into_iter()
        .filter_map(|found| {
            let token = clean(&found.text);
            let bare = bare_of(&found.text).filter(|bare| *bare != token);
            (!token.is_empty()).then_some(Term {
                token,
                bare,
                range: found.range,
                cluster: found.cluster,
            })
        })
        .collect()
}

/// The form of a token without diacritics; only letters of Latin script have any, which are composed
/// here.
fn bare_of(token: &str) -> Option<String> {
    let has_any = token
        .chars()
        .any(|c| matches!(c, '\u{00C0}'..='\u{036F}' | '\u{1E00}'..='\u{1EFF}'));
    let bare = has_any.then(|| clean(&text::bare(token)))?;
    (!bare.is_empty()).then_some(bare)
}

/// The index's form of a line: what is told `about` it, then each side: first every cluster once, then
/// the words, and of clusters each with the one after it, at last the words without diacritics where
/// there are any. A single cluster stands in half of all lines and a pair in few, so that a phrase of
/// pairs is found without reading through what each cluster stands in.
pub(super) fn index_form<'a>(
    about: String,
    said: &'a str,
    translations: impl Iterator<Item = &'a str>,
) -> IndexForm {
    let mut form = IndexForm {
        words: about,
        tokens: BTreeSet::new(),
    };
    form.add(Side::Said, &[terms(said)]);
    let translations: Vec<Vec<Term>> = translations.map(terms).collect();
    form.add(Side::Translated, &translations);
    form
}

impl IndexForm {
    fn add(&mut self, side: Side, texts: &[Vec<Term>]) {
        let all = texts.iter().flatten();
        let clusters = all.clone().filter(|t| t.cluster);
        let mut once: BTreeSet<&str> = clusters.map(|t| t.token.as_str()).collect();
        let joined: Vec<Term> = texts.iter().flat_map(|terms| joined(terms)).collect();
        once.extend(joined.iter().map(|t| t.token.as_str()));
        for token in once {
            self.push(side, token);
        }
        for (number, terms) in texts.iter().enumerate() {
            if number > 0 {
                self.push(side, BARRIER);
            }
            let tokens: Vec<(&str, bool)> = terms
                .iter()
                .map(|t| (t.token.as_str(), t.cluster))
                .collect();
            for token in paired(&tokens) {
                self.push(side, &token);
            }
            if terms.iter().any(|t| t.bare.is_some()) {
                self.push(side, BARRIER);
                for term in terms.iter().filter(|t| !t.cluster) {
                    self.push(side, term.bare.as_ref().unwrap_or(&term.token));
                }
            }
        }
        self.tokens.extend(all.map(|t| t.token.clone()));
    }

    fn push(&mut self, side: Side, token: &str) {
        if !self.words.is_empty() {
            self.words.push(' ');
        }
        self.words.push_str(side.mark());
        self.words.push_str(token);
    }
}

/// Words as they are; clusters each with the next one. Where a cluster and a word meet, a token of its own
/// tells which cluster it is. Nothing for a cluster alone.
fn paired(tokens: &[(&str, bool)]) -> Vec<String> {
    let mut found = Vec::with_capacity(tokens.len());
    let mut after_word = false;
    for (at, (token, cluster)) in tokens.iter().enumerate() {
        if !cluster {
            found.push((*token).to_owned());
            after_word = true;
            continue;
        }
        if std::mem::take(&mut after_word) {
            found.push(format!("{START}{token}"));
        }
        match tokens.get(at.saturating_add(1)) {
            Some((next, true)) => found.push(format!("{token}{next}")),
            Some(_) => found.push(format!("{token}{END}")),
            None => {}
        }
    }
    found
}

/// Numbers that are written in groups, as telephone numbers are: neighbouring groups as one number,
/// so that it is found however it is written.
fn joined(terms: &[Term]) -> Vec<Term> {
    let apart = |a: &Term, b: &Term| b.range.start.saturating_sub(a.range.end);
    let one = |a: &Term, b: &Term| is_number(&a.token) && is_number(&b.token) && apart(a, b) <= GAP;
    let mut found = Vec::new();
    for groups in terms.chunk_by(one).filter(|groups| groups.len() > 1) {
        for from in 0..groups.len() {
            let mut token = String::new();
            for (nth, group) in groups.iter().skip(from).enumerate() {
                token.push_str(&group.token);
                if token.len() > *JOINED.end() {
                    break;
                }
                if nth > 0 && JOINED.contains(&token.len()) {
                    let start = groups.get(from).map_or(0, |first| first.range.start);
                    found.push(Term {
                        token: token.clone(),
                        bare: None,
                        range: start..group.range.end,
                        cluster: false,
                    });
                }
            }
        }
    }
    found
}

/// Whether a token is digits alone.
pub(super) fn is_number(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit())
}

/// The groups of a number as one token; `None` where these phrases are no such groups.
pub(super) fn one_number(phrases: &[Phrase]) -> Option<Phrase> {
    let tokens = phrases.iter().flat_map(|p| &p.tokens);
    let groups: Vec<&str> = tokens.map(|(token, _)| token.as_str()).collect();
    let number = groups.concat();
    let fits =
        groups.len() > 1 && groups.iter().all(|g| is_number(g)) && JOINED.contains(&number.len());
    fits.then(|| Phrase {
        tokens: vec![(number, false)],
        end: End::Closed,
    })
}

/// What a stretch of a query asks for: phrases that must all occur. At most `most` are looked at.
pub(super) fn phrases(query: &str, most: usize) -> Vec<Phrase> {
    let mut found: Vec<Phrase> = Vec::new();
    let mut last_end = None;
    for term in terms(query) {
        let end = End::of(&term.token);
        let touches = last_end == Some(term.range.start);
        last_end = Some(term.range.end);
        if let Some(phrase) = found.last_mut().filter(|_| touches) {
            phrase.end = end;
            phrase.tokens.push((term.token, term.cluster));
        } else if found.len() < most {
            found.push(Phrase {
                tokens: vec![(term.token, term.cluster)],
                end,
            });
        } else {
            break;
        }
    }
    found
}

/// All tokens of a text as one phrase, whatever stands between them; `None` without any.
pub(super) fn one_phrase(text: &str) -> Option<Phrase> {
    let tokens: Vec<(String, bool)> = terms(text)
        .into_iter()
        .map(|t| (t.token, t.cluster))
        .collect();
    let end = End::of(&tokens.last()?.0);
    Some(Phrase { tokens, end })
}

impl Phrase {
    /// The same without diacritics.
    pub fn bare(&self) -> Self {
        let bare = |(token, cluster): &(String, bool)| {
            let bare = clean(&text::bare(token));
            (if bare.is_empty() { token.clone() } else { bare }, *cluster)
        };
        Self {
            tokens: self.tokens.iter().map(bare).collect(),
            end: self.end,
        }
    }

    /// The phrase in the query language of FTS5, on one side of a line, quoted, so that nothing a
    /// person types is read as an operator. With `open`, the last token goes on where it may; FTS5
    /// then reads all that begins like it before it gives the first line.
    pub fn expression(&self, side: Side, open: bool) -> String {
        let tokens: Vec<(&str, bool)> = self.tokens.iter().map(|(t, c)| (t.as_str(), *c)).collect();
        let mut words = paired(&tokens);
        if words.is_empty() {
            words.extend(tokens.iter().map(|(token, _)| (*token).to_owned()));
        }
        let star = match self.end {
            End::Closed => false,
            End::MayGoOn => open,
            End::GoesOn => true,
        };
        let mark = side.mark();
        let words: Vec<String> = words.iter().map(|w| format!("{mark}{w}")).collect();
        let words = words.join(" ").replace('"', "\"\"");
        format!("\"{words}\"{}", if star { " *" } else { "" })
    }
}

/// Where the phrases stand in a text: character offsets, in order, without overlap.
pub(super) fn marks(text: &str, phrases: &[&Phrase]) -> Vec<(usize, usize)> {
    to_characters(text, ranges(text, phrases))
}

/// Where the phrases stand in a text, in bytes.
pub(super) fn ranges(text: &str, phrases: &[&Phrase]) -> Vec<Range<usize>> {
    // To cut a text takes a tenth of a millisecond, and the one on a line's other side is mostly in another
    // script.
    if !phrases.iter().any(|p| shares_script(text, p)) {
        return Vec::new();
    }
    let terms = terms(text);
    let joined = joined(&terms);
    let both = |p| places(&terms, p).chain(numbers(&joined, p));
    phrases.iter().flat_map(|p| both(p)).collect()
}

/// The same with the number of each phrase.
pub(super) fn marks_of(text: &str, phrases: &[Phrase]) -> Vec<(usize, Range<usize>)> {
    let terms = terms(text);
    let numbered = phrases.iter().enumerate();
    numbered
        .flat_map(|(n, p)| places(&terms, p).map(move |range| (n, range)))
        .collect()
}

/// Where a number stands among those that are written in groups.
fn numbers<'t>(joined: &'t [Term], phrase: &'t Phrase) -> impl Iterator<Item = Range<usize>> + 't {
    let joined = if phrase.tokens.len() == 1 {
        joined
    } else {
        &[]
    };
    places(joined, phrase)
}

fn places<'t>(terms: &'t [Term], phrase: &'t Phrase) -> impl Iterator<Item = Range<usize>> + 't {
    let windows = terms.windows(phrase.tokens.len().max(1));
    windows
        .filter(|window| fits(window, phrase))
        .filter_map(|window| match window {
            [first, .., last] | [first @ last] => Some(first.range.start..last.range.end),
            [] => None,
        })
}

/// Byte ranges as character offsets, sorted, those that overlap or touch joined.
pub(super) fn to_characters(text: &str, mut ranges: Vec<Range<usize>>) -> Vec<(usize, usize)> {
    ranges.sort_by_key(|r| (r.start, r.end));
    let mut joined: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    let characters = |byte: usize| text.get(..byte).map_or(0, |head| head.chars().count());
    joined
        .into_iter()
        .map(|r| (characters(r.start), characters(r.end)))
        .collect()
}

fn fits(window: &[Term], phrase: &Phrase) -> bool {
    let last = phrase.tokens.len().saturating_sub(1);
    window
        .iter()
        .zip(&phrase.tokens)
        .enumerate()
        .all(|(at, (term, (wanted, _)))| {
            let open = phrase.end != End::Closed && at == last;
            let same = |form: &str| form == wanted || (open && form.starts_with(wanted.as_str()));
            same(&term.token) || term.bare.as_deref().is_some_and(same)
        })
}

/// Only what the ascii tokenizer keeps together: letters, digits, everything beyond ASCII but the
/// private characters, which part the index's own tokens from words.
fn clean(token: &str) -> String {
    token
        .chars()
        .filter(|c| !c.is_ascii() || c.is_ascii_alphanumeric())
        .filter(|c| !('\u{E000}'..='\u{F8FF}').contains(c))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Whether a token is of a script that writes marks around its consonants: Thai, Lao, Burmese, Khmer.
fn is_complex(token: &str) -> bool {
    token.chars().next().is_some_and(|c| {
        matches!(c, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}'
            | '\u{A9E0}'..='\u{A9FF}' | '\u{AA60}'..='\u{AA7F}')
    })
}

/// Whether a text has letters of the script in which a phrase begins; of a number, nobody knows.
fn shares_script(text: &str, phrase: &Phrase) -> bool {
    let first = phrase
        .tokens
        .first()
        .and_then(|(token, _)| token.chars().next());
    let Some(first) = first.filter(|c| !c.is_ascii_digit()) else {
        return true;
    };
    let wanted = unspaced_block(first);
    text.chars()
        .any(|c| !c.is_ascii_punctuation() && c != ' ' && unspaced_block(c) == wanted)
}

/// The block of a script without spaces, 0 for all that is in none of the five.
fn unspaced_block(c: char) -> u8 {
    match c {
        '\u{0E00}'..='\u{0E7F}' => 1,
        '\u{0E80}'..='\u{0EFF}' => 2,
        '\u{1000}'..='\u{109F}' => 3,
        '\u{1780}'..='\u{17FF}' => 4,
        '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}' => 5,
        _ => 0,
    }
}
