//! Finding what was said: the words themselves, then the same in other languages.

use crate::domain::{Cancel, FactKind};
use crate::pipeline::Watcher;
use crate::store::{Index, Other, SearchPage, SearchQuery, Store, Via};
use crate::text::fold;
use crate::text::names::Name;

use super::across::Translators;
use super::lock::WorkLock;
use super::{App, Error};

/// With fewer hits than this, terms and names in other languages are looked for unasked.
const FEW: u64 = 3;
/// How near a name of the register must be to stand for the one asked for.
const SAME_NAME: f32 = 0.9;
/// People whose names are looked for.
const MOST_PEOPLE: usize = 5;
/// Letters of a question beyond which it is no name and no term.
const LONGEST: usize = 100;

impl App {
    /// Finds words in all interviews, own ones first, then those that partners sent. With few hits, or
    /// where `across` asks for it, also lines with the same term of the glossary or the same person's
    /// name in another language, below the others; only where `across` asks for it, also what installed
    /// translators make of the question. A search index that cannot be used is made anew first, of which
    /// the watcher hears.
    ///
    /// # Errors
    /// An unreadable store; a date that is none; an unknown person. No query is an error.
    pub fn search(
        &self,
        query: &SearchQuery,
        across: bool,
        watcher: Watcher<'_>,
    ) -> Result<SearchPage, Error> {
        let (mut kept, cancel) = (Translators::default(), Cancel::new());
        let translate = &mut |typed: &str| self.translated(typed, &mut kept, &cancel, &mut |_| {});
        self.find(query, across, translate, (&cancel, watcher))
    }

    /// The same without translators, which may need their time ([`App::search_translated`]). Making the index
    /// anew ends with a cancel, and then lines are read one by one.
    ///
    /// # Errors
    /// Those of [`App::search`].
    pub fn search_plainly(
        &self,
        query: &SearchQuery,
        across: bool,
        mend: (&Cancel, Watcher<'_>),
    ) -> Result<SearchPage, Error> {
        self.find(query, across, &mut |_| Vec::new(), mend)
    }

    /// Finds words; `translate` says what the question is in other languages, where that is wanted.
    pub(super) fn find(
        &self,
        query: &SearchQuery,
        across: bool,
        translate: &mut dyn FnMut(&str) -> Vec<Other>,
        mend: (&Cancel, Watcher<'_>),
    ) -> Result<SearchPage, Error> {
        let mut store = self.reading()?;
        let mut page = store.search(query)?;
        if page.index == Index::Unusable && self.mend_index(store.has_index(), mend).is_some() {
            store = self.reading()?;
            page = store.search(query)?;
            if page.index == Index::Used {
                page.index = Index::Mended;
            }
        }
        if across || page.total < FEW {
            let mut others = self.other_words(&store, &query.text)?;
            if across && others.iter().all(|o| !matches!(o.via, Via::Name(_))) {
                others.extend(translate(&query.text));
            }
            store.search_across(query, &others, &mut page)?;
        }
        self.search_abroad(query, &mut page)?;
        Ok(page)
    }

    /// Makes the search index anew from the lines; `None` where that cannot be now: on a disk that can
    /// only be read, or while a recording or an import is at work, which must not wait for it; or where
    /// somebody does not want to wait.
    fn mend_index(&self, damaged: bool, (cancel, watcher): (&Cancel, Watcher<'_>)) -> Option<()> {
        if cancel.is_cancelled() {
            return None;
        }
        let _lock = WorkLock::take(&self.workspace).ok()?;
        // One of an older version is made anew in opening it.
        let mut store = self.store_watched(cancel, watcher).ok()?;
        if damaged {
            let mut tell = Self::indexing(watcher);
            store.rebuild_index(&mut tell, cancel).ok()?;
        }
        Some(())
    }

    /// What glossary and register hold beside the question or beside one of its words.
    fn other_words(&self, store: &Store, typed: &str) -> Result<Vec<Other>, Error> {
        let mut others = Vec::new();
        if typed.chars().count() > LONGEST {
            return Ok(others);
        }
        // A glossary that cannot be read is told of where glossaries are looked after.
        let terms = self.terms().unwrap_or_default();
        let whole = bare_words(typed);
        let mut parts: Vec<(Option<&str>, String)> = typed
            .split_whitespace()
            .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
            .map(|word| (Some(word), fold(word)))
            .collect();
        parts.insert(0, (None, fold(&whole)));
        parts.dedup_by(|b, a| a.1 == b.1);
        for term in &terms {
            let all = || {
                term.entries
                    .values()
                    .flat_map(|e| e.admitted.iter().chain(&e.accepted))
            };
            let part = parts
                .iter()
                .find(|(_, p)| !p.is_empty() && all().any(|v| fold(v) == *p));
            let Some((part, asked)) = part else { continue };
            others.extend(all().filter(|v| fold(v) != *asked).map(|v| Other {
                part: part.map(str::to_owned),
                words: v.clone(),
                via: Via::Term,
            }));
        }
        for found in store.match_name(&Name::read(&whole, None), SAME_NAME, MOST_PEOPLE)? {
            let person = store.person(&found.person)?;
            let names = person
                .values(FactKind::Name)
                .filter(|n| fold(n) != fold(&whole));
            others.extend(names.map(|name| Other {
                part: None,
                words: name.to_owned(),
                via: Via::Name(found.person.clone()),
            }));
        }
        Ok(others)
    }
}

/// The question without quotes, brackets and operators.
pub(super) fn bare_words(typed: &str) -> String {
    let words = typed.split_whitespace();
    let words = words.filter(|w| !matches!(*w, "AND" | "OR" | "NOT" | "NEAR"));
    let plain = |w: &str| w.trim_matches(['"', '“', '”', '(', ')', '*']).to_owned();
    words.map(plain).collect::<Vec<_>>().join(" ")
}
