//! The register of people: who is in it, who may be the same, what transcripts offer, who is linked.
//!
//! Nothing is added, merged or decided here without a person's name beside it.

use serde::Serialize;

use crate::domain::{
    Decision, Fact, FactKind, InterviewId, Lang, NameSource, Person, PersonId, SegmentId, Verdict,
};
use crate::store::{NewFact, Store};
use crate::text::names::{Name, PartMatch, SHOWN};

use super::{App, Error};

/// Something to enter of a person.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What kind it is.
    pub kind: FactKind,
    /// As it is entered.
    pub value: String,
    /// The language it was said or written in.
    pub lang: Option<Lang>,
    /// Where a name comes from.
    pub source: Option<NameSource>,
    /// The interview, which may be shortened, and the line it comes from.
    pub line: Option<(String, i64)>,
    /// Why it is entered.
    pub reason: Option<String>,
    /// The entry that it corrects.
    pub replaces: Option<i64>,
}

impl Entry {
    /// An entry of a kind and nothing more.
    pub fn new(kind: FactKind, value: &str) -> Self {
        Self {
            kind,
            value: value.to_owned(),
            lang: None,
            source: None,
            line: None,
            reason: None,
            replaces: None,
        }
    }
}

/// One person with everything around.
#[derive(Clone, Debug, Serialize)]
pub struct PersonPage {
    /// The person with what counts now.
    #[serde(flatten)]
    pub person: Person,
    /// Every entry, also those corrected or taken back, the first first.
    pub history: Vec<Fact>,
    /// Decisions about this person and others, the first first.
    pub decisions: Vec<Decision>,
}

/// One part of a name and how near it is.
#[derive(Clone, Debug, Serialize)]
pub struct MatchedPart {
    /// `family name`, `given name` or `name`.
    pub role: &'static str,
    /// The part as written.
    pub text: String,
    /// 0.0 to 1.0.
    pub score: f32,
}

/// A person of the register who may be meant.
#[derive(Clone, Debug, Serialize)]
pub struct PossibleMatch {
    /// Who.
    pub person: PersonId,
    /// The name of that person that is nearest.
    pub name: String,
    /// 0.0 to 1.0.
    pub score: f32,
    /// Whether the score is high enough to be shown as a possible match.
    pub likely: bool,
    /// Why, in words.
    pub why: String,
    /// Why, part by part.
    pub parts: Vec<MatchedPart>,
    /// What was last decided about this person and the one asked for.
    pub verdict: Option<Verdict>,
}

/// One thing that several people have in common.
#[derive(Clone, Debug, Serialize)]
pub struct Link {
    /// `phone`, `plate`, `document`, `place` or `interview`.
    pub kind: &'static str,
    /// The number, place or interview.
    pub value: String,
    /// Who, each with a name.
    pub people: Vec<(PersonId, String)>,
}

impl App {
    /// The people of the register, or of one case.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn people(&self, case: Option<&str>) -> Result<Vec<Person>, Error> {
        Ok(self.reading()?.people(case)?)
    }

    /// One person with every entry and decision.
    ///
    /// # Errors
    /// An unknown person; an unreadable store.
    pub fn person(&self, id: &str) -> Result<PersonPage, Error> {
        let store = self.reading()?;
        let id = person_id(id);
        Ok(PersonPage {
            person: store.person(&id)?,
            history: store.person_history(&id)?,
            decisions: store.decisions(&id)?,
        })
    }

    /// Adds a person. One whose name is near is not looked for: [`App::match_people`] does that.
    ///
    /// # Errors
    /// An entry that cannot be of its kind; nobody who signs; an unknown line.
    pub fn add_person(
        &self,
        case: Option<&str>,
        by: &str,
        entries: &[Entry],
    ) -> Result<Person, Error> {
        let mut store = self.store()?;
        let lines = lines(&store, entries)?;
        let facts: Vec<NewFact<'_>> = entries.iter().zip(&lines).map(new_fact).collect();
        let id = store.add_person(case, by, &facts)?;
        Ok(store.person(&id)?)
    }

    /// Adds entries to a person, or corrects those that they name.
    ///
    /// # Errors
    /// As [`App::add_person`]; an unknown person or entry.
    pub fn note_person(&self, id: &str, by: &str, entries: &[Entry]) -> Result<Person, Error> {
        let mut store = self.store()?;
        let id = person_id(id);
        let lines = lines(&store, entries)?;
        let facts: Vec<NewFact<'_>> = entries.iter().zip(&lines).map(new_fact).collect();
        store.add_facts(&id, by, &facts)?;
        Ok(store.person(&id)?)
    }

    /// Takes an entry back; it stays in the history.
    ///
    /// # Errors
    /// An unknown person or entry; nobody who signs.
    pub fn withdraw_entry(
        &self,
        id: &str,
        entry: i64,
        by: &str,
        reason: Option<&str>,
    ) -> Result<Person, Error> {
        let mut store = self.store()?;
        let id = person_id(id);
        store.withdraw_fact(&id, entry, by, reason)?;
        Ok(store.person(&id)?)
    }

    /// Stores a decision about two people. Both stay in the register, whatever is decided.
    ///
    /// # Errors
    /// An unknown person; one and the same; nobody who signs.
    pub fn decide_people(
        &self,
        one: &str,
        other: &str,
        verdict: Verdict,
        by: &str,
        reason: Option<&str>,
    ) -> Result<(), Error> {
        let mut store = self.store()?;
        Ok(store.decide(&person_id(one), &person_id(other), verdict, by, reason)?)
    }

    /// People whose names are near: to a name in any script or, where `asked` is a person of the
    /// register, to all names of that one. The nearest first; with `all` also those below the usual
    /// threshold.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn match_people(
        &self,
        asked: &str,
        lang: Option<Lang>,
        all: bool,
        limit: usize,
    ) -> Result<Vec<PossibleMatch>, Error> {
        let store = self.reading()?;
        let least = if all { 0.0 } else { SHOWN };
        let id = person_id(asked);
        if !is_person_id(&id) {
            return possible(&store, &Name::read(asked, lang), least, limit);
        }
        let person = store.person(&id)?;
        let decisions = store.decisions(&id)?;
        let mut found: Vec<PossibleMatch> = Vec::new();
        for fact in person.facts.iter().filter(|f| f.kind == FactKind::Name) {
            let name = Name::read(&fact.value, fact.lang);
            for near in possible(&store, &name, least, limit.saturating_add(1))? {
                match found.iter_mut().find(|f| f.person == near.person) {
                    Some(known) if known.score >= near.score => {}
                    Some(known) => *known = near,
                    None => found.push(near),
                }
            }
        }
        found.retain(|f| f.person != id);
        for one in &mut found {
            let last = decisions.iter().rev().find(|d| d.other == one.person);
            one.verdict = last.map(|d| d.verdict);
        }
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        found.truncate(limit);
        Ok(found)
    }

    /// What the people of a case share, or what one person shares with others: phones, plates,
    /// documents, places, interviews.
    ///
    /// # Errors
    /// An unknown person; an unreadable store.
    pub fn links(&self, person: Option<&str>, case: Option<&str>) -> Result<Vec<Link>, Error> {
        let store = self.reading()?;
        let people: Vec<PersonId> = match person {
            Some(id) => vec![person_id(id)],
            None => store.people(case)?.into_iter().map(|p| p.id).collect(),
        };
        let mut links = Vec::new();
        for shared in store.shared(&people)? {
            let mut named = Vec::new();
            for id in shared.people {
                let name = title(&store.person(&id)?);
                named.push((id, name));
            }
            let kind = match shared.kind {
                FactKind::Mention => "interview",
                other => other.as_str(),
            };
            links.push(Link {
                kind,
                value: shared.value,
                people: named,
            });
        }
        Ok(links)
    }
}

/// The name by which a person is called in lists: the first that counts, else the number.
pub fn title(person: &Person) -> String {
    person
        .values(FactKind::Name)
        .next()
        .map_or_else(|| person.id.0.clone(), str::to_owned)
}

pub(super) fn person_id(typed: &str) -> PersonId {
    PersonId(typed.trim().to_lowercase())
}

fn is_person_id(id: &PersonId) -> bool {
    id.0.strip_prefix('p')
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
}

type Line = Option<(InterviewId, SegmentId)>;

/// The lines that entries come from, by their full names.
fn lines(store: &Store, entries: &[Entry]) -> Result<Vec<Line>, Error> {
    entries
        .iter()
        .map(|entry| match &entry.line {
            Some((id, segment)) => Ok(Some((store.resolve(id)?, SegmentId(*segment)))),
            None => Ok(None),
        })
        .collect()
}

fn new_fact<'a>((entry, line): (&'a Entry, &'a Line)) -> NewFact<'a> {
    NewFact {
        kind: entry.kind,
        value: &entry.value,
        lang: entry.lang,
        source: entry.source,
        line: line.as_ref().map(|(id, segment)| (id, *segment)),
        reason: entry.reason.as_deref(),
        replaces: entry.replaces,
    }
}

pub(super) fn possible(
    store: &Store,
    name: &Name,
    least: f32,
    limit: usize,
) -> Result<Vec<PossibleMatch>, Error> {
    let found = store.match_name(name, least, limit)?;
    Ok(found
        .into_iter()
        .map(|found| {
            let why = found
                .comparison
                .as_ref()
                .map(|c| c.words())
                .unwrap_or_default();
            let parts = found.comparison.map(|c| c.parts).unwrap_or_default();
            PossibleMatch {
                person: found.person,
                name: found.name.value,
                score: found.score,
                likely: found.score >= SHOWN,
                why,
                parts: parts.into_iter().map(matched_part).collect(),
                verdict: None,
            }
        })
        .collect())
}

fn matched_part(part: PartMatch) -> MatchedPart {
    MatchedPart {
        role: part.role.words(),
        text: part.text,
        score: part.score,
    }
}
