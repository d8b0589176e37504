//! Search terms: what a text or a query is cut into, how the index holds it, where a term stands.

use std::ops::Range;

use crate::text;

/// Stands between two translations in the index, so that no phrase runs from one into the next.
const BARRIER: &str = "\u{E000}";

/// One token of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    /// Folded; letters, digits and marks only.
    pub token: String,
    /// The form without diacritics, where it differs.
    pub bare: Option<String>,
    /// Bytes of the text.
    pub range: Range<usize>,
}

/// Tokens that must stand side by side: a stretch of the query without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    /// The tokens, at least one.
    pub tokens: Vec<String>,
    /// Whether the last token may be the beginning of a longer one: in the scripts that write
    /// vowels and tones around a consonant, a name often goes on inside its last cluster.
    pub open_end: bool,
}

/// The two columns that hold one side of a line.
pub(super) struct IndexForm {
    /// All tokens, parted by spaces.
    pub exact: String,
    /// The bare forms of the tokens that have diacritics.
    pub bare: String,
}

/// Cuts a text into terms.
pub(super) fn terms(text: &str) -> Vec<Term> {
    text::index_tokens(text)
        .into_iter()
        .filter_map(|found| {
            let token = clean(&found.text);
            let bare = clean(&text::bare(&found.text));
            let bare = (bare != token && !bare.is_empty()).then_some(bare);
            (!token.is_empty()).then_some(Term {
                token,
                bare,
                range: found.range,
            })
        })
        .collect()
}

/// The index's form of one side of a line.
pub(super) fn index_form<'a>(texts: impl Iterator<Item = &'a str>) -> IndexForm {
    let mut form = IndexForm {
        exact: String::new(),
        bare: String::new(),
    };
    for (number, text) in texts.enumerate() {
        if number > 0 {
            push(&mut form.exact, BARRIER);
            push(&mut form.bare, BARRIER);
        }
        for term in terms(text) {
            push(&mut form.exact, &term.token);
            if let Some(bare) = &term.bare {
                push(&mut form.bare, bare);
            }
        }
    }
    form
}

/// What a query asks for: phrases that must all occur. At most `most` are looked at.
pub(super) fn phrases(query: &str, most: usize) -> Vec<Phrase> {
    let mut found: Vec<Phrase> = Vec::new();
    let mut last_end = None;
    for term in terms(query) {
        let open_end = is_complex(&term.token);
        let touches = last_end == Some(term.range.start);
        last_end = Some(term.range.end);
        if let Some(phrase) = found.last_mut().filter(|_| touches) {
            phrase.open_end = open_end;
            phrase.tokens.push(term.token);
        } else if found.len() < most {
            found.push(Phrase {
                tokens: vec![term.token],
                open_end,
            });
        } else {
            break;
        }
    }
    found
}

/// The same phrases without diacritics.
pub(super) fn without_diacritics(phrases: &[Phrase]) -> Vec<Phrase> {
    let bare = |token: &String| {
        let bare = clean(&text::bare(token));
        if bare.is_empty() { token.clone() } else { bare }
    };
    phrases
        .iter()
        .map(|p| Phrase {
            tokens: p.tokens.iter().map(bare).collect(),
            open_end: p.open_end,
        })
        .collect()
}

/// The phrases in the query language of FTS5. Every token is quoted, so nothing that a person
/// types is read as an operator.
pub(super) fn match_expression(phrases: &[Phrase]) -> String {
    let quoted: Vec<String> = phrases
        .iter()
        .map(|phrase| {
            let words = phrase.tokens.join(" ").replace('"', "\"\"");
            format!("\"{words}\"{}", if phrase.open_end { " *" } else { "" })
        })
        .collect();
    quoted.join(" AND ")
}

/// Where the phrases stand in a text: character offsets, in order, without overlap.
pub(super) fn marks(text: &str, phrases: &[Phrase]) -> Vec<(usize, usize)> {
    let terms = terms(text);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for phrase in phrases {
        for window in terms.windows(phrase.tokens.len().max(1)) {
            if let [first, .., last] | [first @ last] = window
                && fits(window, phrase)
            {
                ranges.push(first.range.start..last.range.end);
            }
        }
    }
    to_characters(text, ranges)
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
        .all(|(at, (term, wanted))| {
            let open = phrase.open_end && at == last;
            let same = |form: &str| form == wanted || (open && form.starts_with(wanted.as_str()));
            same(&term.token) || term.bare.as_deref().is_some_and(same)
        })
}

/// Only what the ascii tokenizer keeps together: letters, digits, everything beyond ASCII.
fn clean(token: &str) -> String {
    token
        .chars()
        .filter(|c| !c.is_ascii() || c.is_ascii_alphanumeric())
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
