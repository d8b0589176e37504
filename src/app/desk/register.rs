//! The desk's part for the register of people: reads it for the screens and enters what a person
//! signs for.

use crate::app::offers::Candidate;
use crate::app::people::{Entry, Link, PersonPage, PossibleMatch};
use crate::app::{Error, NearName};
use crate::domain::{FactKind, InterviewId, PersonId, SegmentId, Verdict};

use super::Common;
use super::board::Told;

/// Near names that are shown at most.
const MOST_NEAR: usize = 20;

/// One person as the screen shows it.
#[derive(Clone, Debug)]
pub struct PersonShown {
    /// Entries, history, decisions.
    pub page: PersonPage,
    /// Others of the register who may be the same, the nearest first.
    pub near: Vec<PossibleMatch>,
    /// What is shared with others.
    pub links: Vec<Link>,
}

/// People whose names are near to one that was typed.
#[derive(Clone, Debug)]
pub struct Near {
    /// What was typed.
    pub text: String,
    /// The nearest first.
    pub found: Vec<PossibleMatch>,
}

/// Names that a machine may have misheard in one line.
#[derive(Clone, Debug)]
pub struct NearNames {
    /// The interview.
    pub interview: InterviewId,
    /// The line.
    pub segment: SegmentId,
    /// The likeliest first.
    pub found: Vec<NearName>,
}

/// What one transcript offers to the register.
#[derive(Clone, Debug)]
pub struct Offers {
    /// The transcript.
    pub interview: InterviewId,
    /// By line.
    pub found: Vec<Candidate>,
}

/// Something to enter in the register; each is signed.
#[derive(Clone, Debug)]
pub enum Act {
    /// A new person.
    Add(Option<String>, Vec<Entry>),
    /// More about a person.
    Note(PersonId, Vec<Entry>),
    /// Take an entry back; it stays in the history.
    Withdraw(PersonId, i64),
    /// A decision about two people, with the reason where one was typed.
    Decide(PersonId, PersonId, Verdict, Option<String>),
    /// A name or number that a transcript offers is not wanted.
    Dismiss(InterviewId, SegmentId, FactKind, String),
}

/// How an entry ended.
#[derive(Clone, Debug)]
pub struct Entered {
    /// Whom it is about.
    pub person: Option<PersonId>,
    /// The error, where there was one.
    pub failed: Option<Told>,
}

pub(super) fn people(common: &Common) -> Result<(), Error> {
    common.board.people.put(common.app.people(None)?);
    Ok(())
}

pub(super) fn person(common: &Common, id: &PersonId) -> Result<(), Error> {
    let app = &common.app;
    common.board.person.put(PersonShown {
        page: app.person(&id.0)?,
        near: app.match_people(&id.0, None, false, MOST_NEAR)?,
        links: app.links(Some(&id.0), None)?,
    });
    Ok(())
}

pub(super) fn near(common: &Common, text: String) -> Result<(), Error> {
    let found = common.app.match_people(&text, None, false, MOST_NEAR)?;
    common.board.near.put(Near { text, found });
    Ok(())
}

pub(super) fn near_names(
    common: &Common,
    interview: InterviewId,
    segment: SegmentId,
) -> Result<(), Error> {
    // The screen waits for an answer before it asks again, so a failure is one too.
    let found = common.app.near_names(&interview, segment);
    let (found, done) = match found {
        Ok(found) => (found, Ok(())),
        Err(error) => (Vec::new(), Err(error)),
    };
    common.board.near_names.put(NearNames {
        interview,
        segment,
        found,
    });
    done
}

pub(super) fn offers(common: &Common, interview: InterviewId) -> Result<(), Error> {
    let found = common.app.candidates(Some(&interview.0), None)?;
    common.board.offers.put(Offers { interview, found });
    Ok(())
}

pub(super) fn links(common: &Common, case: Option<&str>) -> Result<(), Error> {
    common.board.links.put(common.app.links(None, case)?);
    Ok(())
}

/// Enters it, then reads again what it may have changed. How it ended is said also where that cannot be read.
pub(super) fn enter(common: &Common, by: &str, act: Act, number: u64) -> Result<(), Error> {
    let offered = matches!(act, Act::Add(..) | Act::Note(..) | Act::Dismiss(..));
    let done = act_out(common, by, act);
    let (about, failed) = match done {
        Ok(about) => (about, None),
        Err(error) => (None, Some(Told::of(&error))),
    };
    let read = match &failed {
        None => read_again(common, about.as_ref(), offered),
        Some(_) => Ok(()),
    };
    let person = about;
    common.board.entered.put(number, Entered { person, failed });
    read
}

fn read_again(common: &Common, about: Option<&PersonId>, offered: bool) -> Result<(), Error> {
    people(common)?;
    if let Some(id) = about {
        person(common, id)?;
    }
    match common.board.offers.get().filter(|_| offered) {
        Some(shown) => offers(common, shown.interview.clone()),
        None => Ok(()),
    }
}

fn act_out(common: &Common, by: &str, act: Act) -> Result<Option<PersonId>, Error> {
    let app = &common.app;
    Ok(match act {
        Act::Add(case, entries) => Some(app.add_person(case.as_deref(), by, &entries)?.id),
        Act::Note(id, entries) => Some(app.note_person(&id.0, by, &entries)?.id),
        Act::Withdraw(id, entry) => Some(app.withdraw_entry(&id.0, entry, by, None)?.id),
        Act::Decide(one, other, verdict, reason) => {
            app.decide_people(&one.0, &other.0, verdict, by, reason.as_deref())?;
            Some(one)
        }
        Act::Dismiss(interview, line, kind, value) => {
            app.dismiss_candidate(&interview.0, line.0, kind, &value, by, None)?;
            None
        }
    })
}
