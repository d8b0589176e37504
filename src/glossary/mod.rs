//! Terms that must be translated as agreed: load a table, find its terms in a source, check that a
//! translation uses an approved counterpart.
//!
//! Matching works on search tokens ([`crate::text::index_tokens`]): whole words in scripts with
//! spaces, grapheme clusters in the others, folded, so that case, spelling pairs and stray spaces do
//! not hide a term. A glossary never changes a text; it only reports.

mod constraint;
mod error;
mod matching;
mod read;
mod tbx;

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::domain::Lang;

pub use constraint::{Constraint, MAX_SLOTS, Rest, TermState};
pub use error::Error;
pub use matching::RequiredTerm;
pub use read::{MAX_BYTES, MAX_CELL_CHARS, MAX_ROWS};

/// Who stands behind a term in one language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Review {
    /// Read in a named source.
    Sourced,
    /// A person confirmed it.
    Reviewed,
    /// Nobody has confirmed it yet.
    #[default]
    Unreviewed,
}

impl Review {
    /// The form in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Review::Sourced => "sourced",
            Review::Reviewed => "reviewed",
            Review::Unreviewed => "unreviewed",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Review::Sourced, Review::Reviewed, Review::Unreviewed]
            .into_iter()
            .find(|r| r.as_str() == text)
    }
}

/// Words that a person typed, parted by semicolons of any script.
pub fn variants(typed: &str) -> Vec<String> {
    let parts = typed.split([';', '；']).map(str::trim);
    let parts = parts.filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// One concept in one language.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// Approved variants, the preferred one first.
    pub admitted: Vec<String>,
    /// Everyday forms that are accepted in a translation and never looked for in a source.
    pub accepted: Vec<String>,
    /// Variants that must not be used.
    pub forbidden: Vec<String>,
    /// Where the variants were read; may be empty.
    pub source: String,
    /// Who stands behind them.
    pub review: Review,
}

/// One concept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Term {
    /// Unique name in its glossary.
    pub id: String,
    /// The terms, by language; only languages with at least one variant.
    pub entries: BTreeMap<Lang, Entry>,
    /// The case that it is bound to; empty for all. A bound row is in force only in
    /// [`Glossary::for_case`].
    pub case: String,
    /// For people; never matched.
    pub note: String,
    /// Line in the file it was read from, from 1; 0 where there was none.
    pub line: u64,
}

/// Something doubtful in a table that does not stop its use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file, from 1.
    pub line: u64,
    /// Column of the table, from 1; 0 for the whole line.
    pub column: usize,
    /// What is doubtful.
    pub kind: ProblemKind,
    /// The characters, ids or column that it is about.
    pub detail: String,
}

/// Kinds of doubt about a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Two concepts share a term in one language.
    DuplicateTerm,
    /// A line without content; it is left out.
    EmptyRow,
    /// A concept without a word in any language; it is left out.
    NoWords,
    /// A concept with words in one language only, which translates nothing.
    OneLanguage,
    /// A table without any row.
    NoRows,
    /// A term with letters of another script.
    MixedScript,
    /// Characters that show nothing, such as zero-width or bidirectional marks; they are dropped.
    HiddenCharacters,
    /// A cell that a spreadsheet would run as a formula; the leading characters are dropped.
    FormulaCharacters,
    /// A review state that is not known; `unreviewed` is taken.
    UnknownReview,
    /// A column with a name that is not known; it is left out.
    UnknownColumn,
    /// A term that holds nothing that can be matched; it is left out.
    NoLetters,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ProblemKind::DuplicateTerm => "the same term stands in two rows",
            ProblemKind::EmptyRow => "the row is empty",
            ProblemKind::NoWords => "the row has no words in any language and is left out",
            ProblemKind::OneLanguage => "the row has words in one language only",
            ProblemKind::NoRows => "the table has no rows",
            ProblemKind::MixedScript => "the term mixes scripts",
            ProblemKind::HiddenCharacters => "hidden characters were removed",
            ProblemKind::FormulaCharacters => "leading formula characters were removed",
            ProblemKind::UnknownReview => "the review state is not known",
            ProblemKind::UnknownColumn => "the column is not known and is left out",
            ProblemKind::NoLetters => "the term has no letters or digits and is left out",
        };
        write!(f, "line {}", self.line)?;
        if self.column > 0 {
            write!(f, ", column {}", self.column)?;
        }
        write!(f, ": {what}")?;
        if self.detail.is_empty() {
            Ok(())
        } else {
            write!(f, " ({})", self.detail)
        }
    }
}

/// A table of terms, ready for matching.
#[derive(Clone, Debug, Default)]
pub struct Glossary {
    terms: Vec<Term>,
    problems: Vec<Problem>,
    index: HashMap<Lang, matching::Index>,
    /// SHA-256 of the files that it was read from.
    digest: String,
}

impl Glossary {
    /// A glossary of these terms; ids must differ.
    pub fn new(terms: Vec<Term>) -> Result<Self, Error> {
        let mut seen = HashMap::new();
        for term in &terms {
            if let Some(first) = seen.insert((term.id.as_str(), term.case.as_str()), term.line) {
                return Err(Error::DuplicateId {
                    line: term.line,
                    id: term.id.clone(),
                    first,
                });
            }
        }
        let index = matching::index(&terms);
        Ok(Self {
            terms,
            problems: Vec::new(),
            index,
            digest: String::new(),
        })
    }

    /// The concepts, in the order of the file.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// SHA-256 of what it was read from, 64 digits; empty for one that was read from nothing.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// How many concepts it holds.
    pub fn len(&self) -> usize {
        self.terms.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// What is doubtful in the file it was read from, and terms that stand in two rows.
    pub fn problems(&self) -> Vec<Problem> {
        let mut found = self.problems.clone();
        found.extend(matching::duplicates(&self.terms));
        found.sort_by_key(|p| (p.line, p.column));
        found
    }

    /// The glossary as it is in force in one case: rows of other cases are left out, and where a row
    /// of this case and a general one have the same id or the same term, the case's row counts.
    pub fn for_case(&self, case: Option<&str>) -> Glossary {
        let case = case.unwrap_or_default().trim();
        let own = |t: &&Term| !case.is_empty() && t.case == case;
        let bound: Vec<&Term> = self.terms.iter().filter(own).collect();
        let mut terms: Vec<Term> = bound.iter().map(|t| (*t).clone()).collect();
        for term in self.terms.iter().filter(|t| t.case.is_empty()) {
            if bound.iter().any(|b| b.id == term.id) {
                continue;
            }
            let mut term = term.clone();
            for (lang, entry) in &mut term.entries {
                let taken = bound.iter().filter_map(|b| b.entries.get(lang));
                let taken: Vec<&String> = taken.flat_map(|e| &e.admitted).collect();
                entry.admitted.retain(|v| !taken.contains(&v));
            }
            terms.push(term);
        }
        for term in &mut terms {
            term.case.clear();
        }
        let index = matching::index(&terms);
        Glossary {
            terms,
            problems: self.problems.clone(),
            index,
            digest: self.digest.clone(),
        }
    }

    /// Whether any row is bound to a case.
    pub fn has_cases(&self) -> bool {
        self.terms.iter().any(|t| !t.case.is_empty())
    }

    /// Adds the other's concepts. Where both have an id, the other's concept takes the place: merge
    /// the glossary of a case into that of a domain, not the other way round.
    pub fn merge(&mut self, other: Glossary) {
        let places: HashMap<(String, String), usize> = self
            .terms
            .iter()
            .enumerate()
            .map(|(at, t)| ((t.id.clone(), t.case.clone()), at))
            .collect();
        for term in other.terms {
            let key = (term.id.clone(), term.case.clone());
            match places.get(&key).and_then(|&at| self.terms.get_mut(at)) {
                Some(place) => *place = term,
                None => self.terms.push(term),
            }
        }
        self.problems.extend(other.problems);
        if !other.digest.is_empty() {
            let both = format!("{}{}", self.digest, other.digest);
            self.digest = digest(both.as_bytes());
        }
        self.index = matching::index(&self.terms);
    }
}

/// SHA-256 as 64 lower-case hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    let hash = Sha256::digest(bytes);
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
