//! Names that a line may speak of: the people of the register by all their names, and the names among
//! the terms. Made once for a case, asked with every line.

use std::cell::LazyCell;
use std::collections::HashMap;
use std::ops::Range;

use crate::domain::Lang;
use crate::glossary::{Glossary, Term};
use crate::text::{IndexToken, index_tokens, words};

/// Names that are taken at most: a register of a whole country would slow down every line.
const MOST_NAMES: usize = 20_000;

/// Names of so few tokens stand in other words by chance. Of longer ones a dictionary knows less than the
/// register: it takes a name that it does not know, and what stands around it, for one word.
const DOUBTFUL: usize = 3;

/// Names by which people and places of a case go.
#[derive(Clone, Debug, Default)]
pub struct KnownNames {
    bearers: Vec<Bearer>,
    /// Writings by their first token, the longest first.
    index: HashMap<String, Vec<Writing>>,
}

/// One person or place.
#[derive(Clone, Debug, Default)]
struct Bearer {
    /// Every name, with the language that it was heard or read in.
    names: Vec<(String, Option<Lang>)>,
    /// Languages for which the terms say how it is rendered: whether they do so is told by the terms.
    agreed: Vec<Lang>,
}

#[derive(Clone, Debug)]
struct Writing {
    tokens: Vec<String>,
    /// Who is called so.
    bearers: Vec<usize>,
}

/// A known name in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// Where it stands, in bytes.
    pub(super) range: Range<usize>,
    /// Who may be meant.
    pub(super) bearers: Vec<usize>,
}

impl KnownNames {
    /// The names of people, each person's with the language that it was heard or read in, and those among
    /// these terms.
    pub fn new(people: Vec<Vec<(String, Option<Lang>)>>, glossary: &Glossary) -> Self {
        let persons = people.into_iter().map(|names| Bearer {
            names,
            agreed: Vec::new(),
        });
        let terms = glossary.terms().iter().filter(|term| is_name(term));
        let mut known = Self {
            bearers: persons.chain(terms.map(of_term)).take(MOST_NAMES).collect(),
            index: HashMap::new(),
        };
        let mut places: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
        for (at, bearer) in known.bearers.iter().enumerate() {
            for (name, _) in &bearer.names {
                let tokens: Vec<String> = index_tokens(name).into_iter().map(|t| t.text).collect();
                let bearers = places.entry(tokens).or_default();
                if !bearers.contains(&at) {
                    bearers.push(at);
                }
            }
        }
        for (tokens, bearers) in places {
            if let Some(first) = tokens.first().cloned() {
                let same_start = known.index.entry(first).or_default();
                same_start.push(Writing { tokens, bearers });
            }
        }
        for same_start in known.index.values_mut() {
            same_start.sort_by_key(|w| std::cmp::Reverse(w.tokens.len()));
        }
        known
    }

    /// The known names in a text, in order, none overlapping, at each place the longest. A short one that
    /// is only a part of a word of the dictionary is none.
    pub(super) fn find(&self, text: &str, lang: Lang) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        if self.index.is_empty() {
            return found;
        }
        let tokens = index_tokens(text);
        let words = LazyCell::new(|| words(text, lang));
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            let mut starts = self.index.get(&token.text).into_iter().flatten();
            let here = starts.find_map(|writing| {
                let range = stands(text, &tokens, at, &writing.tokens)?;
                let doubtful = writing.tokens.len() <= DOUBTFUL;
                let part = doubtful && words.iter().any(|word| holds(word, &range));
                (!part).then_some((writing, range))
            });
            match here {
                Some((writing, range)) => {
                    found.push(Found {
                        range,
                        bearers: writing.bearers.clone(),
                    });
                    at = at.saturating_add(writing.tokens.len());
                }
                None => at = at.saturating_add(1),
            }
        }
        found
    }

    /// All names of these, with the language that each was heard or read in.
    pub(super) fn names(&self, bearers: &[usize]) -> impl Iterator<Item = (&str, Option<Lang>)> {
        let all = bearers.iter().filter_map(|at| self.bearers.get(*at));
        all.flat_map(|b| b.names.iter().map(|(name, lang)| (name.as_str(), *lang)))
    }

    /// Whether the terms say how one of these is rendered in a language.
    pub(super) fn is_agreed(&self, bearers: &[usize], to: Lang) -> bool {
        let mut all = bearers.iter().filter_map(|at| self.bearers.get(*at));
        all.any(|b| b.agreed.contains(&to))
    }
}

/// Bytes of the writing where it begins with token `at`. Nothing but spaces, points and dashes stands
/// inside a name.
fn stands(
    text: &str,
    tokens: &[IndexToken],
    at: usize,
    writing: &[String],
) -> Option<Range<usize>> {
    let here = tokens.get(at..at.checked_add(writing.len())?)?;
    let equal = here.iter().zip(writing).all(|(t, w)| t.text == *w);
    let (first, last) = (here.first()?, here.last()?);
    let range = first.range.start..last.range.end;
    let one = here.iter().zip(here.iter().skip(1)).all(|(a, b)| {
        let gap = text.get(a.range.end..b.range.start).unwrap_or("?");
        joins_a_name(gap)
    });
    (equal && one).then_some(range)
}

/// Whether this may stand between the parts of one name.
pub(super) fn joins_a_name(gap: &str) -> bool {
    gap.chars()
        .all(|c| c == ' ' || "·•・‧-'’\u{200B}".contains(c))
}

fn holds(word: &Range<usize>, range: &Range<usize>) -> bool {
    word.start <= range.start && range.end <= word.end && word != range
}

/// Whether a term is a name: its words in Latin letters, several of them, all begin with capitals.
fn is_name(term: &Term) -> bool {
    let latin = [Lang::Vi, Lang::En].into_iter();
    let entries = latin.filter_map(|lang| term.entries.get(&lang));
    let mut first = entries.filter_map(|entry| entry.admitted.first());
    first.any(|word| {
        let mut words = word.split_whitespace();
        let several = word.split_whitespace().nth(1).is_some();
        several && words.all(|w| w.starts_with(char::is_uppercase))
    })
}

fn of_term(term: &Term) -> Bearer {
    let written = |(lang, entry): (&Lang, &crate::glossary::Entry)| {
        let all = entry.admitted.iter().chain(&entry.accepted);
        all.map(|name| (name.clone(), Some(*lang)))
            .collect::<Vec<_>>()
    };
    Bearer {
        names: term.entries.iter().flat_map(written).collect(),
        agreed: term.entries.keys().copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(names: &[&str]) -> Vec<(String, Option<Lang>)> {
        names
            .iter()
            .map(|name| ((*name).to_owned(), None))
            .collect()
    }

    #[test]
    fn names_are_found_in_every_script_and_not_inside_words() {
        let people = vec![
            person(&["张伟", "Trương Vĩ", "จางเหว่ย", "ကျန်းဝေ့", "ຈາງເຫວີ່ຍ", "ចាង វ៉ី"]),
            person(&["สาร"]),
        ];
        let known = KnownNames::new(people, &Glossary::default());
        for (text, lang, name) in [
            ("他叫张伟吗？", Lang::Zh, "张伟"),
            ("Ông TRƯƠNG  Vĩ đến.", Lang::Vi, "TRƯƠNG  Vĩ"),
            ("เขาชื่อจางเหว่ยหรือ", Lang::Th, "จางเหว่ย"),
            ("သူ့နာမည် ကျန်းဝေ့ပါ။", Lang::My, "ကျန်းဝေ့"),
            ("ລາວຊື່ຈາງເຫວີ່ຍ", Lang::Lo, "ຈາງເຫວີ່ຍ"),
            ("គាត់ឈ្មោះចាងវ៉ី។", Lang::Km, "ចាងវ៉ី"),
        ] {
            let found = known.find(text, lang);
            let read: Vec<&str> = found.iter().map(|f| &text[f.range.clone()]).collect();
            assert_eq!(read, [name], "{lang}");
            assert_eq!(found[0].bearers, [0]);
        }
        // A message in a document.
        assert_eq!(known.find("เอกสารของคุณ", Lang::Th), []);
        assert_eq!(known.find("张，伟大", Lang::Zh), []);
    }

    #[test]
    fn a_term_is_a_name_by_its_capitals() {
        let table = "id,zh,vi,en\na,张伟,Trương Vĩ,\nb,律师,luật sư,Lawyer\nc,公安部,,Ministry of Public Security\n";
        let glossary = Glossary::read_csv(table.as_bytes()).unwrap();
        let known = KnownNames::new(Vec::new(), &glossary);
        let found = known.find("张伟要律师，公安部", Lang::Zh);
        assert_eq!(found.len(), 1);
        assert!(known.is_agreed(&found[0].bearers, Lang::Vi));
        assert!(!known.is_agreed(&found[0].bearers, Lang::Km));
    }
}
