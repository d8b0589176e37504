//! Search terms: what a text or a query is cut into, how the index holds it, where a term stands.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::text;

/// Stands between two translations in the index, so that no phrase runs from one into the next.
const BARRIER: &str = "\u{E000}";
/// Ends the token of a cluster that another cluster does not follow.
const END: char = '\u{E001}';

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
    /// Whether the last token may be the beginning of a longer one: in the scripts that write
    /// vowels and tones around a consonant, a name often goes on inside its last cluster.
    pub open_end: bool,
}

/// The two columns that hold one side of a line.
pub(super) struct IndexForm {
    /// All tokens, parted by spaces.
    pub exact: String,
    /// The words without diacritics; empty where none has any.
    pub bare: String,
    /// Every word and cluster once.
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

/// The index's form of one side of a line: first every cluster once, then the words, and of clusters
/// each with the one after it. A single cluster stands in half of all lines and a pair in few, so
/// that a phrase of pairs is found without reading through what each cluster stands in.
pub(super) fn index_form<'a>(texts: impl Iterator<Item = &'a str>) -> IndexForm {
    let cut: Vec<Vec<Term>> = texts.map(terms).collect();
    let mut form = IndexForm {
        exact: String::new(),
        bare: String::new(),
        tokens: cut.iter().flatten().map(|t| t.token.clone()).collect(),
    };
    let clusters = cut.iter().flatten().filter(|t| t.cluster);
    let clusters: BTreeSet<&str> = clusters.map(|t| t.token.as_str()).collect();
    for cluster in clusters {
        push(&mut form.exact, cluster);
    }
    for (number, terms) in cut.iter().enumerate() {
        if number > 0 {
            push(&mut form.exact, BARRIER);
        }
        let tokens: Vec<(&str, bool)> = terms
            .iter()
            .map(|t| (t.token.as_str(), t.cluster))
            .collect();
        for pair in paired(&tokens) {
            push(&mut form.exact, &pair);
        }
        if terms.iter().any(|t| t.bare.is_some()) {
            if !form.bare.is_empty() {
                push(&mut form.bare, BARRIER);
            }
            for term in terms.iter().filter(|t| !t.cluster) {
                push(&mut form.bare, term.bare.as_ref().unwrap_or(&term.token));
            }
        }
    }
    form
}

/// Words as they are; clusters each with the next one, or with [`END`] where a word or nothing follows.
fn paired(tokens: &[(&str, bool)]) -> Vec<String> {
    let next = tokens.iter().skip(1).map(Some).chain([None]);
    tokens
        .iter()
        .zip(next)
        .map(|((token, cluster), next)| match next {
            _ if !cluster => (*token).to_owned(),
            Some((next, true)) => format!("{token}{next}"),
            _ => format!("{token}{END}"),
        })
        .collect()
}

/// What a stretch of a query asks for: phrases that must all occur. At most `most` are looked at.
pub(super) fn phrases(query: &str, most: usize) -> Vec<Phrase> {
    let mut found: Vec<Phrase> = Vec::new();
    let mut last_end = None;
    for term in terms(query) {
        let open_end = is_complex(&term.token);
        let touches = last_end == Some(term.range.start);
        last_end = Some(term.range.end);
        if let Some(phrase) = found.last_mut().filter(|_| touches) {
            phrase.open_end = open_end;
            phrase.tokens.push((term.token, term.cluster));
        } else if found.len() < most {
            found.push(Phrase {
                tokens: vec![(term.token, term.cluster)],
                open_end,
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
    let open_end = is_complex(&tokens.last()?.0);
    Some(Phrase { tokens, open_end })
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
            open_end: self.open_end,
        }
    }

    /// The phrase in the query language of FTS5, quoted, so that nothing a person types is read as an
    /// operator. With `open`, the last token may go on where [`Phrase::open_end`] says so; FTS5 then
    /// reads all that begins like it before it gives the first line.
    pub fn expression(&self, open: bool) -> String {
        let tokens: Vec<(&str, bool)> = self.tokens.iter().map(|(t, c)| (t.as_str(), *c)).collect();
        let mut words = paired(&tokens);
        let mut star = open && self.open_end;
        let before_last = tokens.len().checked_sub(2).and_then(|at| tokens.get(at));
        match (tokens.last(), before_last) {
            // The pair before it holds the last cluster.
            (Some((_, true)), Some((_, true))) => {
                words.pop();
            }
            // What follows it in the line is not known.
            (Some((cluster, true)), before) => {
                words.pop();
                words.push((*cluster).to_owned());
                star |= before.is_some();
            }
            _ => {}
        }
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
    let terms = terms(text);
    phrases.iter().flat_map(|p| places(&terms, p)).collect()
}

/// The same with the number of each phrase.
pub(super) fn marks_of(text: &str, phrases: &[Phrase]) -> Vec<(usize, Range<usize>)> {
    let terms = terms(text);
    let numbered = phrases.iter().enumerate();
    numbered
        .flat_map(|(n, p)| places(&terms, p).map(move |range| (n, range)))
        .collect()
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
            let open = phrase.open_end && at == last;
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

fn push(form: &mut String, token: &str) {
    if !form.is_empty() {
        form.push(' ');
    }
    form.push_str(token);
}
