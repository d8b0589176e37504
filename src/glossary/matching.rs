//! Finds terms in a source and their counterparts in a translation, on folded search tokens.

use std::cell::LazyCell;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use crate::domain::{Flag, FlagKind, Lang, LangPair, Place, Side, TermUse};
use crate::text::{IndexToken, index_tokens, words};

use super::{Entry, Glossary, Problem, ProblemKind, Term};

/// A term of the source, and what its translation may and must not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequiredTerm {
    /// The term as the source has it.
    pub source: String,
    /// Where it stands in the source, in bytes.
    pub range: Range<usize>,
    /// The same for a person who is shown it.
    pub place: Place,
    /// The counterpart that is suggested; empty where the glossary only forbids.
    pub preferred: String,
    /// All counterparts that satisfy it: the approved ones, the preferred one first, then everyday
    /// forms and the verbs of nouns.
    pub admitted: Vec<String>,
    /// Counterparts that must not be used.
    pub forbidden: Vec<String>,
}

/// The admitted terms of one language: by first token, longest first.
pub(super) type Index = HashMap<String, Vec<Phrase>>;

/// A term as tokens, and the concepts it stands for.
#[derive(Clone, Debug)]
pub(super) struct Phrase {
    tokens: Vec<String>,
    terms: Vec<usize>,
}

fn tokens_of(text: &str) -> Vec<String> {
    index_tokens(text).into_iter().map(|t| t.text).collect()
}

/// Every language's terms, ready to be looked up.
pub(super) fn index(terms: &[Term]) -> HashMap<Lang, Index> {
    let mut phrases: HashMap<Lang, BTreeMap<Vec<String>, Vec<usize>>> = HashMap::new();
    let general = |t: &(usize, &Term)| t.1.case.is_empty();
    for (at, term) in terms.iter().enumerate().filter(general) {
        for (&lang, entry) in &term.entries {
            for variant in &entry.admitted {
                let same = phrases
                    .entry(lang)
                    .or_default()
                    .entry(tokens_of(variant))
                    .or_default();
                if !same.contains(&at) {
                    same.push(at);
                }
            }
        }
    }
    let mut found: HashMap<Lang, Index> = HashMap::new();
    for (lang, phrases) in phrases {
        let index = found.entry(lang).or_default();
        for (tokens, terms) in phrases {
            if let Some(first) = tokens.first().cloned() {
                index
                    .entry(first)
                    .or_default()
                    .push(Phrase { tokens, terms });
            }
        }
        for same_start in index.values_mut() {
            same_start.sort_by_key(|p| std::cmp::Reverse(p.tokens.len()));
        }
    }
    found
}

/// Terms that stand in two concepts of one language.
pub(super) fn duplicates(terms: &[Term]) -> Vec<Problem> {
    let mut first: HashMap<(Lang, Vec<String>), usize> = HashMap::new();
    let mut found = Vec::new();
    for (at, term) in terms.iter().enumerate() {
        for (&lang, entry) in &term.entries {
            for variant in &entry.admitted {
                let earlier = *first.entry((lang, tokens_of(variant))).or_insert(at);
                let Some(other) = terms.get(earlier).filter(|_| earlier != at) else {
                    continue;
                };
                found.push(Problem {
                    line: term.line,
                    column: 0,
                    kind: ProblemKind::DuplicateTerm,
                    detail: format!("{lang}: {variant}, also in line {}", other.line),
                });
            }
        }
    }
    found
}

/// A text cut for matching.
struct Haystack<'a> {
    text: &'a str,
    tokens: Vec<IndexToken>,
}

impl<'a> Haystack<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text,
            tokens: index_tokens(text),
        }
    }

    /// Bytes of the phrase if it starts at token `at`. A term never reaches over a sentence's end.
    fn phrase_at(&self, at: usize, phrase: &[String]) -> Option<Range<usize>> {
        let here = self.tokens.get(at..at.checked_add(phrase.len())?)?;
        let equal = here
            .iter()
            .zip(phrase)
            .all(|(token, wanted)| token.text == *wanted);
        let together = here.iter().zip(here.iter().skip(1)).all(|(a, b)| {
            let gap = self
                .text
                .get(a.range.end..b.range.start)
                .unwrap_or_default();
            !gap.contains([
                '.', '!', '?', '。', '！', '？', '\u{17D4}', '\u{104B}', ';', '；', '\n',
            ])
        });
        let (first, last) = (here.first()?, here.last()?);
        (equal && together).then_some(first.range.start..last.range.end)
    }

    fn find_all(&self, term: &str) -> Vec<Range<usize>> {
        let phrase = tokens_of(term);
        (0..self.tokens.len())
            .filter_map(|at| self.phrase_at(at, &phrase))
            .collect()
    }
}

/// Terms of so few tokens stand in other words by chance; longer ones are there as themselves, as in
/// Khmer ធ្វើទារុណកម្ម, 'to do torture'. Two characters are a whole word in Chinese.
const fn longest_doubtful(lang: Lang) -> usize {
    if matches!(lang, Lang::Zh) { 1 } else { 3 }
}

/// Whether a word of the dictionary holds the match and more: Lao ສານ (a court) in ເອກະສານ (a
/// document). Of the six, Vietnamese has no such words: it writes a space in every compound.
fn is_part_of_a_word(range: &Range<usize>, words: &[Range<usize>]) -> bool {
    words
        .iter()
        .any(|word| word.start <= range.start && range.end <= word.end && word != range)
}

/// The verb that a noun of action is made from, by the affix that makes it; a legal term is mostly
/// the noun, where people who talk use the verb. Nothing shorter than two tokens.
fn verb_of(noun: &str, lang: Lang) -> Option<&str> {
    let strip = |prefixes: &[&str]| prefixes.iter().find_map(|p| noun.strip_prefix(p));
    let verb = match lang {
        Lang::Vi => strip(&["sự ", "việc "]),
        Lang::Th => strip(&["การ", "ความ"]),
        Lang::Lo => strip(&["ການ", "ຄວາມ"]),
        Lang::Km => strip(&["ការ", "ភាព"]),
        Lang::My => ["ခြင်း", "မှု"].iter().find_map(|s| noun.strip_suffix(s)),
        Lang::Zh | Lang::En => None,
    };
    verb.filter(|verb| tokens_of(verb).len() >= 2)
}

/// How many of these places lie beside each other, none over another.
fn apart(places: &[Range<usize>]) -> usize {
    let mut sorted: Vec<&Range<usize>> = places.iter().collect();
    sorted.sort_by_key(|place| (place.end, std::cmp::Reverse(place.start)));
    let (mut count, mut end) = (0usize, 0usize);
    for place in sorted {
        if place.start >= end {
            count = count.saturating_add(1);
            end = place.end;
        }
    }
    count
}

impl Glossary {
    /// The glossary's terms in a source text, in order, none overlapping: at each place the longest
    /// term wins. A short one inside a longer word does not count. Terms without anything in the wanted
    /// language are passed over.
    pub fn required(&self, text: &str, pair: LangPair) -> Vec<RequiredTerm> {
        let Some(index) = self.index.get(&pair.from) else {
            return Vec::new();
        };
        let source = Haystack::new(text);
        let words = LazyCell::new(|| words(text, pair.from));
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(token) = source.tokens.get(at) {
            let longest = index
                .get(&token.text)
                .into_iter()
                .flatten()
                .find_map(|phrase| {
                    let range = source.phrase_at(at, &phrase.tokens)?;
                    let short = phrase.tokens.len() <= longest_doubtful(pair.from);
                    if short && is_part_of_a_word(&range, &words) {
                        return None;
                    }
                    let required = self.requirement(text, range, &phrase.terms, pair.to)?;
                    Some((phrase.tokens.len(), required))
                });
            match longest {
                Some((tokens, required)) => {
                    found.push(required);
                    at = at.saturating_add(tokens);
                }
                None => at = at.saturating_add(1),
            }
        }
        found
    }

    /// What the concepts at one place ask for: the first one's counterpart is preferred.
    fn requirement(
        &self,
        text: &str,
        range: Range<usize>,
        terms: &[usize],
        to: Lang,
    ) -> Option<RequiredTerm> {
        let entries: Vec<&Entry> = terms
            .iter()
            .filter_map(|&t| self.terms.get(t)?.entries.get(&to))
            .collect();
        let approved = entries.iter().flat_map(|e| &e.admitted);
        let everyday = entries.iter().flat_map(|e| &e.accepted);
        let mut admitted: Vec<String> = Vec::new();
        let all = approved.clone().chain(everyday).map(String::as_str);
        for variant in all.chain(approved.filter_map(|v| verb_of(v, to))) {
            if !admitted.iter().any(|known| known == variant) {
                admitted.push(variant.to_owned());
            }
        }
        let forbidden: Vec<String> = entries
            .iter()
            .flat_map(|e| &e.forbidden)
            .filter(|v| !admitted.contains(v))
            .cloned()
            .collect();
        if admitted.is_empty() && forbidden.is_empty() {
            return None;
        }
        let source = text.get(range.clone())?;
        Some(RequiredTerm {
            source: source.to_owned(),
            place: Place::of(text, Side::Source, &range, source),
            range,
            preferred: admitted.first().cloned().unwrap_or_default(),
            admitted,
            forbidden,
        })
    }

    /// Whether a translation holds an approved counterpart of each required term as often as the source has
    /// the term, and none that is forbidden (one inside an approved counterpart does not count). Each term is
    /// told once; the flag names all its places in the source, and in the translation those of what is
    /// forbidden, or the whole of it for what is missing.
    pub fn check(
        &self,
        required: &[RequiredTerm],
        translation: &str,
        _to: Lang,
    ) -> (Vec<TermUse>, Vec<Flag>) {
        let target = Haystack::new(translation);
        let (mut uses, mut flags) = (Vec::new(), Vec::new());
        let mut told: Vec<&[String]> = Vec::new();
        for term in required {
            if told.contains(&term.admitted.as_slice()) && !term.admitted.is_empty() {
                continue;
            }
            told.push(&term.admitted);
            let again = |other: &&RequiredTerm| {
                std::ptr::eq(*other, term)
                    || (!term.admitted.is_empty() && other.admitted == term.admitted)
            };
            let said = required.iter().filter(again).map(|t| t.place.clone());
            let said: Vec<Place> = said.collect();
            let mut places = Vec::new();
            let mut used = None;
            for variant in &term.admitted {
                let found = target.find_all(variant);
                if used.is_none() && !found.is_empty() {
                    used = Some(variant.clone());
                }
                places.extend(found);
            }
            if !term.admitted.is_empty() {
                let enough = apart(&places) >= said.len();
                if !enough {
                    let detail = format!("{} → {}", term.source, term.preferred);
                    let mut both = said.clone();
                    both.push(Place::whole(translation, Side::Translation));
                    flags.push(Flag::with(FlagKind::TermMissing, detail).at(both));
                }
                uses.push(TermUse {
                    source: term.source.clone(),
                    satisfied: enough,
                    target: used.unwrap_or_else(|| term.preferred.clone()),
                    alternative: String::new(),
                });
            }
            for variant in &term.forbidden {
                let mut alone = target.find_all(variant);
                alone.retain(|at| {
                    let inside = |p: &Range<usize>| p.start <= at.start && at.end <= p.end;
                    !places.iter().any(inside)
                });
                if !alone.is_empty() {
                    let detail = format!("{}: {variant}", term.source);
                    let place = |at| Place::of(translation, Side::Translation, at, variant);
                    let both = said.iter().cloned().chain(alone.iter().map(place));
                    let flag = Flag::with(FlagKind::TermForbidden, detail);
                    flags.push(flag.at(both.collect()));
                }
            }
        }
        (uses, flags)
    }
}
