//! The register on its way out of the house, as far as the consents of those who are in it allow: who
//! may not be seen is left out, who stands under a pseudonym leaves with that and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, json};

use crate::domain::{Decision, Fact, FactKind, Interview, InterviewId, Person, PersonId, Verdict};
use crate::evidence::{Kind, Outgoing, To};
use crate::export::{Redaction, people as ftm};
use crate::store::Store;

use super::consent::names_of;
use super::evidence::Hashing;
use super::leaving::{Standing, refuse_inside};
use super::people::person_id;
use super::whole::write_noted;
use super::{App, Error};

/// What was written, and what consents kept back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeopleExported {
    /// People who stand in the file.
    pub people: usize,
    /// How many of them under a pseudonym.
    pub renamed: usize,
    /// People who were left out.
    pub left_out: usize,
    /// Entries of others that came from interviews of which nothing may leave the house.
    pub entries: usize,
}

/// What the consents of this workspace say about its register.
#[derive(Default)]
struct Limits {
    /// Of whom nothing may leave.
    closed: BTreeSet<PersonId>,
    /// Who leaves under another name only.
    renamed: BTreeMap<PersonId, String>,
    /// Interviews of which nothing may leave, so what was entered from them neither.
    interviews: BTreeSet<InterviewId>,
    /// Those among them whose consent names nobody of the register: it may be anybody who was entered
    /// from them.
    unnamed: BTreeSet<InterviewId>,
    /// Interviews whose limits are lifted for the next file, and whose person that is.
    lifted: Vec<(InterviewId, Option<PersonId>)>,
}

/// What leaves of an interview whose limits are lifted: what was entered from it, with the names.
const EVERYTHING: Outgoing<'static> = Outgoing {
    to: To::File,
    sound: false,
    named: true,
};

impl App {
    /// Writes the register, or one case of it, as FollowTheMoney entities, one JSON object a line. The
    /// consents that name a person of the register bind it as they bind every export. It stands in the
    /// workspace's own chain, and in that of every interview whose limits were lifted for it.
    ///
    /// # Errors
    /// A file that is there; a disk that refuses; an unreadable store; [`Error::DoesNotFit`] where nobody
    /// knows what a person allows.
    pub fn export_people(
        &self,
        case: Option<&str>,
        out: &Path,
        force: bool,
    ) -> Result<PeopleExported, Error> {
        refuse_inside(out)?;
        let store = self.reading()?;
        let limits = self.register_limits(&store)?;
        let mut people = store.people(case)?;
        let lifted = limits.used_by(&people);
        let lifted = lifted
            .into_iter()
            .map(|id| Ok((self.standing(&store, &id)?, id)))
            .collect::<Result<Vec<(Standing, InterviewId)>, Error>>()?;
        let told = limits.keep_back(&mut people);
        let mut decisions: Vec<Decision> = Vec::new();
        let mut interviews = BTreeSet::new();
        let renamed = |id: &PersonId| limits.renamed.contains_key(id);
        for person in &people {
            // That somebody is the same as one with a name would tell the name.
            let all = store.decisions(&person.id)?.into_iter();
            decisions.extend(all.filter(|d| !renamed(&d.person) && !renamed(&d.other)));
            interviews.extend(person.facts.iter().filter_map(|f| f.interview.clone()));
        }
        let mut interviews = interviews
            .into_iter()
            .map(|id| store.interview(&id))
            .collect::<Result<Vec<_>, _>>()?;
        limits.cover(&store, (&mut people, &mut decisions, &mut interviews))?;
        drop(store);
        let mut facts = Map::new();
        facts.insert("format".into(), json!("people"));
        facts.insert("people".into(), json!(told.people));
        facts.insert("renamed".into(), json!(told.renamed));
        facts.insert("left_out".into(), json!(told.left_out));
        self.note_export(None, Kind::OpenedForExport, facts.clone())?;
        write_noted(
            out,
            force,
            &mut |file| {
                let mut file = Hashing::new(file);
                ftm::write(&people, &decisions, &interviews, &mut file)?;
                Ok(file.digest())
            },
            &mut |sha256: &String| {
                facts.insert("sha256".into(), json!(sha256));
                for (standing, id) in &lifted {
                    let before = (standing, &EVERYTHING);
                    let event = (Kind::Exported, &facts);
                    self.note_leaving(&mut self.noting()?, id, before, event)?;
                }
                self.note_export(None, Kind::Exported, facts.clone())
            },
        )?;
        Ok(told)
    }

    fn register_limits(&self, store: &Store) -> Result<Limits, Error> {
        let mut limits = Limits::default();
        for id in store.consented()? {
            let Some((bound, is_lifted)) = self.given(store, &id)? else {
                continue;
            };
            let person = bound.consent.person.as_deref().map(person_id);
            if is_lifted {
                limits.lifted.push((id, person));
                continue;
            }
            let refused = bound.allow(&Outgoing {
                to: To::File,
                sound: false,
                // Whose name the pseudonym stands for, nobody knows.
                named: person.is_none(),
            });
            let everybody = match person {
                Some(person) => same_as(store, person)?,
                None => BTreeSet::new(),
            };
            if refused.is_err() {
                if everybody.is_empty() {
                    limits.unnamed.insert(id.clone());
                }
                limits.interviews.insert(id);
                limits.closed.extend(everybody);
            } else if let Some(name) = &bound.consent.pseudonym {
                let named = everybody.into_iter().map(|person| (person, name.clone()));
                limits.renamed.extend(named);
            }
        }
        Ok(limits)
    }
}

impl Limits {
    /// The interviews whose lifted limits would have kept something of these people back.
    fn used_by(&self, people: &[Person]) -> Vec<InterviewId> {
        let used = |(id, whose): &&(InterviewId, Option<PersonId>)| {
            people.iter().any(|person| {
                whose.as_ref() == Some(&person.id)
                    || person
                        .facts
                        .iter()
                        .any(|f| f.interview.as_ref() == Some(id))
            })
        };
        let used = self.lifted.iter().filter(used);
        used.map(|(id, _)| id.clone()).collect()
    }

    /// Takes out of the register what may not leave the house.
    fn keep_back(&self, people: &mut Vec<Person>) -> PeopleExported {
        let mut told = PeopleExported::default();
        people.retain_mut(|person| {
            let before = person.facts.len();
            let may_be = |f: &Fact| {
                f.interview
                    .as_ref()
                    .is_some_and(|id| self.unnamed.contains(id))
            };
            let may_be_closed = person.facts.iter().any(may_be);
            let of_closed = |f: &Fact| {
                let from = f.interview.as_ref();
                from.is_some_and(|id| self.interviews.contains(id))
            };
            person.facts.retain(|fact| !of_closed(fact));
            let gone = before.saturating_sub(person.facts.len());
            let closed = may_be_closed || self.closed.contains(&person.id);
            if closed || gone > 0 && person.facts.is_empty() {
                told.left_out = told.left_out.saturating_add(1);
                return false;
            }
            told.entries = told.entries.saturating_add(gone);
            told.people = told.people.saturating_add(1);
            if let Some(name) = self.renamed.get(&person.id) {
                rename(person, name);
                told.renamed = told.renamed.saturating_add(1);
            }
            true
        });
        told
    }
}

impl Limits {
    /// Covers the names of who stands under a pseudonym or may not be seen in what was entered of others.
    fn cover(
        &self,
        store: &Store,
        (people, decisions, interviews): (&mut [Person], &mut [Decision], &mut [Interview]),
    ) -> Result<(), Error> {
        let mut rules = Redaction::default();
        for (person, pseudonym) in &self.renamed {
            rules.add_names(&names_of(store, person.clone())?, pseudonym);
        }
        let from_unnamed = store.people(None)?.into_iter().filter(|person| {
            let from = person.facts.iter().filter_map(|f| f.interview.as_ref());
            from.into_iter().any(|id| self.unnamed.contains(id))
        });
        let closed = self.closed.iter().cloned();
        for person in closed.chain(from_unnamed.map(|person| person.id)) {
            rules.add_names(&names_of(store, person)?, "redacted: name");
        }
        let facts = people
            .iter_mut()
            .filter(|p| !self.renamed.contains_key(&p.id));
        for fact in facts.flat_map(|person| &mut person.facts) {
            fact.value = rules.covered(&fact.value);
        }
        for decision in decisions {
            decision.by = rules.covered(&decision.by);
        }
        for interview in interviews {
            interview.case = interview.case.as_deref().map(|case| rules.covered(case));
        }
        Ok(())
    }
}

/// Leaves of a person the pseudonym, and where it is spoken of.
fn rename(person: &mut Person, pseudonym: &str) {
    let renamed = std::mem::take(&mut person.facts).into_iter();
    let renamed: Vec<(FactKind, Fact)> = renamed
        .map(|fact| {
            let bare = Fact {
                kind: FactKind::Mention,
                value: pseudonym.to_owned(),
                script: None,
                lang: None,
                source: None,
                reason: None,
                ..fact
            };
            (fact.kind, bare)
        })
        .collect();
    let name = renamed.first().cloned().map(|(_, fact)| Fact {
        kind: FactKind::Name,
        interview: None,
        ..fact
    });
    let named = [FactKind::Name, FactKind::Mention];
    let spoken_of = renamed
        .into_iter()
        .filter(|(kind, fact)| named.contains(kind) && fact.interview.is_some());
    person.facts = name
        .into_iter()
        .chain(spoken_of.map(|(_, fact)| fact))
        .collect();
}

/// A person under every entry of the register that somebody decided to be the same one.
pub(super) fn same_as(store: &Store, person: PersonId) -> Result<BTreeSet<PersonId>, Error> {
    let mut all = BTreeSet::new();
    let mut waiting = vec![person];
    while let Some(id) = waiting.pop() {
        // What was decided last about two of them counts.
        let mut verdicts = BTreeMap::new();
        for decision in store.decisions(&id)? {
            verdicts.insert(decision.other, decision.verdict);
        }
        all.insert(id);
        let same = verdicts.into_iter().filter(|(_, v)| *v == Verdict::Same);
        waiting.extend(same.map(|(other, _)| other).filter(|o| !all.contains(o)));
    }
    Ok(all)
}
