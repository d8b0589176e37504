//! What the workspace's own chain says of an interview, and what is listened to in place of its
//! recordings: the parts of a verification that go beyond the interview's own chain.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::audio;
use crate::domain::{Cancel, InterviewId};
use crate::evidence::{
    self, Check, Event, Kind, Link, Story, Verdict, WORKING, WORKSPACE, check_rows,
    check_signatures,
};
use crate::store::{self, Store};

use super::keys::{changed, is_as_noted, not_signed, not_vouched};
use super::{App, Error};

/// What a verification finds: what is damaged so that it cannot even be read is found too, and the rest is
/// looked at all the same.
pub(super) struct Findings<'a>(pub(super) &'a mut Vec<Check>);

impl Findings<'_> {
    /// Adds a check.
    pub(super) fn add(&mut self, found: Result<Check, Error>) -> Result<(), Error> {
        match found {
            Ok(check) => self.0.push(check),
            Err(e) => self.0.push(e.finding("database")?),
        }
        Ok(())
    }

    /// What was read; `None` where a check of this name says why it cannot be.
    pub(super) fn read<T>(
        &mut self,
        name: &str,
        found: Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        match found {
            Ok(found) => Ok(Some(found)),
            Err(e) => {
                self.0.push(e.finding(name)?);
                Ok(None)
            }
        }
    }
}

impl Error {
    /// As a check of this name that does not fit, where something is damaged.
    ///
    /// # Errors
    /// This error where it says nothing of what is stored.
    pub fn finding(self, name: &str) -> Result<Check, Self> {
        use store::Error::{Damaged, IndexDamaged, Sql};
        match self {
            Error::DoesNotFit(check) => Ok(check),
            Error::Store(e @ (Damaged(_) | IndexDamaged | Sql(_))) => {
                Ok(Check::bad("database", e.to_string()))
            }
            Error::Evidence(e @ evidence::Error::NotAKey(_)) => Ok(Check::bad(name, e.to_string())),
            other => Err(other),
        }
    }
}

impl App {
    /// The workspace's own chain by itself: keys, the register, and whether every interview that came in
    /// is there. Then the whole file of the database.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn verify_workspace(&self) -> Result<Verdict, Error> {
        let none = Story { events: Vec::new() };
        let store = self.reading()?;
        let mut checks = Vec::new();
        let mut all = Findings(&mut checks);
        let links = store.own_chain().map_err(Error::from);
        if let Some(links) = all.read("workspace", links)? {
            let nothing = InterviewId(String::new());
            let own = self.own_chain(&store, &links, &nothing, (&none, false));
            all.add(own.map(|mut own| {
                if own.ok {
                    // What somebody writes down, so that its end cannot be cut off unseen.
                    let head = evidence::head(&links);
                    own.detail = format!("{}; the last one is {head}", own.detail);
                }
                own
            }))?;
        }
        checks.push(match store.check() {
            Ok(()) if store.has_index() => Check::good("database", "the whole file was read"),
            Ok(()) => {
                let told = "the whole file was read; what another version of the program worked out \
                            from the records was not compared: it is made anew at the next opening";
                Check::good("database", told)
            }
            Err(e @ store::Error::Busy) => return Err(e.into()),
            Err(e) => Check::bad("database", e.to_string()),
        });
        Ok(checks.into())
    }

    /// The names of all interviews, also where nothing else of one can be read.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn interview_ids(&self) -> Result<Vec<InterviewId>, Error> {
        Ok(self.reading()?.ids()?)
    }

    /// The workspace's own chain: whether it fits, whether every key came in by an event, and whether
    /// the heads that it noted of this interview are still in the interview's chain, and the last one where
    /// machines' work `rests`.
    pub(super) fn own_chain(
        &self,
        store: &Store,
        links: &[Link],
        id: &InterviewId,
        (story, rests): (&Story, bool),
    ) -> Result<Check, Error> {
        const NAME: &str = "workspace";
        let events = match evidence::read(WORKSPACE, links) {
            Ok(events) => events,
            Err(broken) => return Ok(Check::bad(NAME, broken.to_string())),
        };
        // Older workspaces have people of whom no event speaks; from the first event on, all do.
        let register = check_rows(&events, &store.register_proofs()?);
        if !register.ok {
            let detail = format!("register of people: {}", register.detail);
            return Ok(Check::bad(NAME, detail));
        }
        let brings = [Kind::KeyMade.as_str(), Kind::KeyTrusted.as_str()];
        let keys = self.keys()?.list()?;
        // Seals and bundles are only noted here; their signatures stand in the interviews' chains.
        let signed = events.iter().filter(|e| e.signed.is_some());
        let before = |event: &evidence::Event| {
            let key = event.signed.as_ref().map(|by| by.key.as_str());
            let mut earlier = events.iter().filter(|e| e.number < event.number);
            let revoked = Kind::KeyRevoked.as_str();
            Some(!earlier.any(|e| e.kind == revoked && e.fact("key") == key))
        };
        let signed: Vec<evidence::Event> = signed.cloned().collect();
        let signatures = check_signatures(&signed, &keys, &before);
        if !signatures.ok {
            return Ok(Check::bad(NAME, signatures.detail));
        }
        if let Some(detail) = not_vouched(&events).or_else(|| not_signed(&events)) {
            return Ok(Check::bad(NAME, detail));
        }
        for key in &keys {
            let number = key.public.number.as_str();
            let brought = events
                .iter()
                .filter(|e| brings.contains(&e.kind.as_str()) && e.fact("key") == Some(number));
            if brought.count() == 0 {
                let start: String = number.chars().take(16).collect();
                let detail = format!("the key {start}... came in by no event");
                return Ok(Check::bad(NAME, detail));
            }
            let mut notes = events.iter().filter(|e| e.fact("key") == Some(number));
            if !notes.all(|e| is_as_noted(&e.facts, &key.public)) {
                return Ok(Check::bad(NAME, changed(&key.public)));
            }
        }
        if let Some(detail) = signed_elsewhere(&events, story) {
            return Ok(Check::bad(NAME, detail));
        }
        if let Some(gone) = gone(&events, &store.ids()?) {
            let detail = format!("the interview {gone}, which came in here, is gone");
            return Ok(Check::bad(NAME, detail));
        }
        if let Some(detail) = cut_off(&events, id, (story, rests)) {
            return Ok(Check::bad(NAME, detail));
        }
        Ok(Check::good(NAME, format!("{} events", events.len())))
    }

    /// The working copies against the hashes that were told when they were complete: what was recognised
    /// and what is played is what was recorded. `None` where nothing was told, as by earlier programs.
    pub(super) fn working_copies(
        &self,
        store: &Store,
        id: &InterviewId,
        story: &Story,
        cancel: &Cancel,
    ) -> Result<Option<Check>, Error> {
        const NAME: &str = "working copies";
        let told = story.events.iter().rev().find_map(|e| e.facts.get(WORKING));
        let Some(told) = told.and_then(Value::as_object) else {
            return Ok(None);
        };
        let folder = self.workspace.recording(id);
        let copies = store.working_copies(id)?;
        if let Some(stranger) = copies.iter().find(|(_, file)| !told.contains_key(file)) {
            let detail = format!("the one of channel {} is none that was told", stranger.0);
            return Ok(Some(Check::bad(NAME, detail)));
        }
        for (file, sha256) in told {
            if cancel.is_cancelled() {
                return Err(evidence::Error::Cancelled.into());
            }
            if Path::new(file).components().count() != 1 || file == ".." {
                return Ok(Some(Check::bad(NAME, "one is outside its folder")));
            }
            let detail = match audio::hash_file(&folder.join(file)) {
                Ok((found, _)) if Some(found.as_str()) == sha256.as_str() => continue,
                Ok((found, _)) => format!("the SHA-256 of {file} is {found} now"),
                Err(e) => format!("{file}: {e}"),
            };
            return Ok(Some(Check::bad(NAME, detail)));
        }
        let detail = match told.len() {
            1 => "1 file".to_owned(),
            n => format!("{n} files"),
        };
        Ok(Some(Check::good(NAME, detail)))
    }
}

/// What is missing at the end of an interview's chain by the workspace's own, or the other way round.
fn cut_off(
    own: &[Event],
    id: &InterviewId,
    (story, rests): (&Story, bool),
) -> Option<&'static str> {
    let notes = own.iter().filter(|e| e.fact("interview") == Some(&id.0));
    let mut noted: BTreeMap<&str, &str> = BTreeMap::new();
    for note in notes {
        if let Some(head) = note.fact("head") {
            noted.insert(head, &note.kind);
        }
    }
    let there: BTreeSet<&str> = story.events.iter().map(|e| e.hash.as_str()).collect();
    if noted.keys().any(|head| !there.contains(head)) {
        return Some("the end of the interview's chain was cut off");
    }
    let is = |e: &Event, kinds: &[Kind]| kinds.iter().any(|k| e.kind == k.as_str());
    let note_of = |e: &Event| noted.get(e.hash.as_str()).copied();
    // Earlier programs noted no consents, and later ones nothing that is only a head: all are from the
    // first one on that is.
    let first = |is: &dyn Fn(&Event, &str) -> bool| {
        let mut told = story.events.iter();
        let found = told.find(|e| note_of(e).is_some_and(|note| is(e, note)));
        found.map_or(u64::MAX, |e| e.number)
    };
    let consents = [Kind::Consented, Kind::Lifted];
    let consent = first(&|e, _| is(e, &consents));
    let from_the_first = own
        .iter()
        .any(|e| e.fact("interview") == Some(&id.0) && e.fact(Kind::ENDS).is_some());
    let head = match from_the_first {
        true => 0,
        false => first(&|_, note| note == Kind::Head.as_str()),
    };
    let unknown = |e: &Event| {
        let remembered = is(e, &[Kind::Sealed, Kind::Bundled])
            || is(e, &consents) && e.number > consent
            || !is(e, &Kind::BY_MACHINE) && e.number > head;
        remembered && note_of(e).is_none()
    };
    // Where machines have nothing left to do, the last thing that happened is noted, whoever did it.
    let ends = |e: &Event| rests && e.number > head && note_of(e).is_none();
    let cut = story.events.iter().any(unknown) || story.events.last().is_some_and(ends);
    cut.then_some("the end of the workspace's own chain was cut off")
}

/// An event of an interview that a key signed which was not made in this workspace.
fn signed_elsewhere(own: &[Event], story: &Story) -> Option<String> {
    let made = |key: &str| {
        let mut made = own.iter().filter(|e| e.kind == Kind::KeyMade.as_str());
        made.any(|e| e.fact("key") == Some(key))
    };
    let strange = |e: &&Event| e.signed.as_ref().is_some_and(|by| !made(&by.key));
    let event = story.events.iter().find(strange)?;
    let number = event.number;
    Some(format!(
        "event {number} is signed by a key that was not made in this workspace"
    ))
}

/// An interview that came in and is not there any more.
fn gone<'a>(own: &'a [Event], there: &[InterviewId]) -> Option<&'a str> {
    let births = [Kind::Begun, Kind::Imported, Kind::Recording];
    let born = |e: &&Event| births.iter().any(|kind| e.kind == kind.as_str());
    let mut came = own.iter().filter(born).filter_map(|e| e.fact("interview"));
    came.find(|came| !there.iter().any(|id| id.0 == *came))
}
