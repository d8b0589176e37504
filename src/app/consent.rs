//! Consent: entering it, lifting it, and asking it before anything leaves the house.

use std::path::Path;

use jiff::ZonedDateTime;
use jiff::civil::Date;
use serde_json::{Map, json};

use crate::domain::{FactKind, InterviewId, PersonId};
use crate::evidence::{
    self, Asked, Check, Consent, Event, Kind, Limit, Link, Outgoing, Role, SecretKey, Sign, Story,
    To, WORKSPACE, set_back,
};
use crate::export::Redaction;
use crate::store::{self, Store};

use super::desk::purpose;
use super::people::person_id;
use super::people_export::same_as;
use super::{App, Error};

/// A consent that binds, and the day by which it is judged.
pub(super) struct Bound {
    /// What the person allows.
    pub(super) consent: Consent,
    today: Date,
}

impl App {
    /// What the person interviewed allows, where that was entered.
    ///
    /// # Errors
    /// An unknown interview; [`Error::DoesNotFit`] where its chain is broken.
    pub fn consent(&self, id: &str) -> Result<(InterviewId, Option<Consent>), Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        let consent = story(&store, &id)?.and_then(|story| story.consent());
        Ok((id, consent.map(|(consent, _)| consent)))
    }

    /// Whether a key signs for this consent: it allows more than the one that counts now, or than binds of a
    /// victim whom nobody asked, in a workspace where somebody has a key that may sign for it. To allow less
    /// needs nobody.
    ///
    /// # Errors
    /// An unknown interview; [`Error::DoesNotFit`] where its chain is broken.
    pub fn signs_consent(&self, id: &str, consent: &Consent) -> Result<bool, Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        let before = match story(&store, &id)?.and_then(|story| story.consent()) {
            Some((before, _)) => Some(before),
            None => unasked(&store, &id)?,
        };
        if !before.is_some_and(|before| consent.is_wider(&before)) {
            return Ok(false);
        }
        let mut roles = Role::ALL.into_iter().filter(|r| Consent::may_widen(*r));
        roles.try_fold(false, |made, role| {
            let has = store.has_own(Kind::KeyMade, "role", role.as_str())?;
            Ok(made || has)
        })
    }

    /// Enters what the person interviewed allows; from then on it counts in place of what was entered
    /// before. One that allows more than that is signed, where [`Self::signs_consent`].
    ///
    /// # Errors
    /// One that does not hold together; an unknown person of the register;
    /// [`evidence::Error::WiderConsent`].
    pub fn give_consent(
        &self,
        id: &str,
        consent: &Consent,
        signer: Option<&SecretKey>,
    ) -> Result<InterviewId, Error> {
        if let Some(fault) = consent.fault() {
            return Err(evidence::Error::BadConsent(fault).into());
        }
        let mut store = self.store()?;
        let id = store.resolve(id)?;
        if let Some(person) = &consent.person {
            store.person(&PersonId(person.clone()))?;
        }
        // Nothing that came in after this was read is overruled unseen.
        let head = evidence::head(&store.chain(&id)?).to_owned();
        let wider = self.signs_consent(&id.0, consent)?;
        let signer = signer.filter(|key| Consent::may_widen(key.public().role));
        let signer = match signer {
            Some(key) if wider => {
                self.may_sign(key)?;
                Some(key)
            }
            // To allow less is never refused for a key.
            Some(key) => self.may_sign(key).is_ok().then_some(key),
            None if wider => return Err(evidence::Error::WiderConsent.into()),
            None => None,
        };
        let signer = signer.map(|key| key as &dyn Sign);
        store.note_behind(&id, &head, Kind::Consented, consent.facts(), signer)?;
        Ok(id)
    }

    /// Lifts the limits for the next file that leaves the house. An administrator signs for it.
    ///
    /// # Errors
    /// Another role, no reason, nothing to lift.
    pub fn lift_consent(
        &self,
        id: &str,
        reason: &str,
        signer: &SecretKey,
    ) -> Result<InterviewId, Error> {
        let role = signer.public().role;
        if role != Role::Administrator {
            let (role, what) = (role.as_str(), "lift the limits of a consent");
            return Err(evidence::Error::Role { role, what }.into());
        }
        if reason.trim().is_empty() {
            return Err(store::Error::NoReason.into());
        }
        self.may_sign(signer)?;
        let mut store = self.store()?;
        let id = store.resolve(id)?;
        if story(&store, &id)?.is_none() {
            let none = evidence::Error::BadConsent("there is none whose limits could be lifted");
            return Err(none.into());
        }
        let mut facts = Map::new();
        facts.insert("reason".into(), json!(reason.trim()));
        store.note(&id, Kind::Lifted, facts, Some(signer))?;
        Ok(id)
    }

    /// The consent that binds what leaves the house now; `None` where none
    /// was entered of anybody but a victim, or where an
    /// administrator lifted it for this once.
    pub(super) fn bound(&self, store: &Store, id: &InterviewId) -> Result<Option<Bound>, Error> {
        let given = self.given(store, id)?;
        Ok(given
            .filter(|(_, is_lifted)| !is_lifted)
            .map(|(bound, _)| bound))
    }

    /// The consent that counts, and whether an administrator lifted its limits for the next file.
    pub(super) fn given(
        &self,
        store: &Store,
        id: &InterviewId,
    ) -> Result<Option<(Bound, bool)>, Error> {
        let today = ZonedDateTime::now().date();
        // A consent, or the use of what an administrator lifted, may have stood at an end that is gone.
        if store.has_lost_its_end(id)? {
            let detail = "the end of the interview's chain was cut off";
            return Err(Error::DoesNotFit(Check::bad("workspace", detail)));
        }
        let Some(story) = story(store, id)? else {
            // A victim is covered until somebody asked.
            let given = unasked(store, id)?;
            return Ok(given.map(|consent| (Bound { consent, today }, false)));
        };
        // Of what is not signed as it had to be nobody knows who entered it.
        if let Some(check) = not_signed(store, id, (&store.own_chain()?, &story))? {
            return Err(Error::DoesNotFit(check));
        }
        // A clock that was set back does not bring a day back that is over: neither here nor in anything
        // that was noted of the workspace since the consent was.
        let noted = story.last_day().unwrap_or(Date::MIN);
        let today = today.max(noted).max(last_own_day(store, &story)?);
        let given = story.consent();
        Ok(given.map(|(consent, is_lifted)| (Bound { consent, today }, is_lifted)))
    }

    /// What the person's consent holds against giving a whole transcript as it stands to a program, which is
    /// as good as a file. What an administrator lifted was lifted for one file, which uses it up: it counts
    /// for no reading.
    ///
    /// # Errors
    /// [`Error::DoesNotFit`] where nobody knows what the person allows.
    pub fn limit_of_copies(&self, id: &InterviewId) -> Result<Option<Limit>, Error> {
        let what = Outgoing {
            to: To::File,
            sound: false,
            named: true,
        };
        let given = self.given(&self.reading()?, id)?;
        Ok(given.and_then(|(bound, _)| bound.consent.limit(&what, bound.today)))
    }

    /// Asks the consent again, after work that took long. `before` is what bound at its beginning.
    ///
    /// # Errors
    /// What the person does not allow now; [`store::Error::Busy`] where another consent counts.
    pub(super) fn still_allowed(
        &self,
        store: &Store,
        id: &InterviewId,
        before: Option<&Bound>,
        what: &Outgoing<'_>,
    ) -> Result<(), Error> {
        let now = self.bound(store, id)?;
        if let Some(now) = &now {
            now.allow(what)?;
        }
        let given = |bound: Option<&Bound>| bound.map(|b| b.consent.clone());
        if given(before) == given(now.as_ref()) {
            Ok(())
        } else {
            // What was covered follows from the consent that counted then.
            Err(store::Error::Busy.into())
        }
    }

    /// What is to be covered: what a list names, and the names of the person for whom a pseudonym
    /// stands, under every entry of the register that is the same person. `None` where that is nothing.
    pub(super) fn covering(
        &self,
        store: &Store,
        bound: Option<&Bound>,
        list: Option<&Path>,
    ) -> Result<Option<Redaction>, Error> {
        let mut rules = list.map(Redaction::load).transpose()?;
        let consent = bound.map(|b| &b.consent);
        let named = consent.and_then(|c| Some((c.pseudonym.as_ref()?, c.person.as_ref()?)));
        if let Some((pseudonym, person)) = named {
            let names = names_of(store, person_id(person))?;
            let mut with_names = rules.clone().unwrap_or_default();
            with_names.add_names(&names, pseudonym);
            with_names.add_facts(&facts_of(store, person_id(person))?, pseudonym);
            if with_names.covers_names() {
                rules = Some(with_names);
            }
        }
        Ok(rules)
    }

    /// How many seconds this computer's clock is behind the last thing that was noted, where it is.
    pub fn clock_is_behind(&self) -> Option<i64> {
        let last = self.reading().ok()?.last_noted().ok()??;
        set_back(&last, &jiff::Timestamp::now().to_string())
    }
}

impl Bound {
    /// Refuses what the person does not allow.
    pub(super) fn allow(&self, what: &Outgoing<'_>) -> Result<(), Error> {
        match self.consent.limit(what, self.today) {
            Some(_) if self.consent == Consent::unasked_victim() => {
                Err(evidence::Error::Consent(Limit::Unasked).into())
            }
            Some(limit) => Err(evidence::Error::Consent(limit).into()),
            None => Ok(()),
        }
    }
}

/// What binds before anybody was asked: of a victim only the agency sees anything.
fn unasked(store: &Store, id: &InterviewId) -> Result<Option<Consent>, Error> {
    let victim = asked(store, id)? == Some(Asked::Victim);
    Ok(victim.then(Consent::unasked_victim))
}

/// In words what the person allows, and whether that is signed where it had to be.
pub(super) fn consent_check(
    store: &Store,
    id: &InterviewId,
    (own, story): (&[Link], &Story),
) -> Result<Option<Check>, Error> {
    let not_signed = not_signed(store, id, (own, story))?;
    Ok(not_signed.or_else(|| story.consent_check()))
}

/// A consent that allows more than what bound before, entered when somebody had a key that had to sign it, as
/// the workspace's own chain tells. Earlier programs noted no consents there, and asked nobody to sign the
/// first one.
fn not_signed(
    store: &Store,
    id: &InterviewId,
    (own, story): (&[Link], &Story),
) -> Result<Option<Check>, Error> {
    // A broken one is told of by its own check.
    let own = evidence::read(WORKSPACE, own).unwrap_or_default();
    let may = |e: &&Event| {
        let role = e.fact("role").and_then(Role::parse);
        e.kind == Kind::KeyMade.as_str() && role.is_some_and(Consent::may_widen)
    };
    let Some(key) = own.iter().find(may) else {
        return Ok(None);
    };
    let notes = own.iter().filter(|e| e.fact("interview") == Some(&id.0));
    // Only of an interview whose every event by a person was noted at once the note tells when that was.
    let at_once = notes.clone().any(|e| e.fact(Kind::ENDS).is_some());
    let asks = |event: &Event| {
        let is_its = |e: &&Event| e.fact("head") == Some(event.hash.as_str());
        let noted = notes.clone().find(is_its);
        at_once && noted.is_some_and(|e| e.number > key.number)
    };
    let unasked = match notes.clone().any(|e| e.fact(Kind::FIRST_CONSENT).is_some()) {
        true => unasked(store, id)?,
        false => None,
    };
    let number = story.unsigned_consent(unasked.as_ref(), &asks);
    Ok(number.map(evidence::unsigned))
}

/// As what the person is interviewed, by an entry of the session, or by what was told when the recording came
/// in.
///
/// # Errors
/// An unknown interview; [`Error::DoesNotFit`] where its first event is not what was written.
fn asked(store: &Store, id: &InterviewId) -> Result<Option<Asked>, Error> {
    if let Some(asked) = purpose(&store.events(id)?) {
        return Ok(Some(asked));
    }
    let mut links = store.chain(id)?;
    links.truncate(1);
    let first = evidence::read(&id.0, &links)
        .map_err(|broken| Error::DoesNotFit(Check::bad("chain", broken.to_string())))?;
    let told = first.first().and_then(|e| e.fact("of"));
    Ok(Asked::ALL.into_iter().find(|a| told == Some(a.as_str())))
}

/// The last day by the dates of what the workspace's own chain notes behind the consent that counts.
fn last_own_day(store: &Store, story: &Story) -> Result<Date, Error> {
    let Some(consent) = story.consented() else {
        return Ok(Date::MIN);
    };
    let day = store.last_own_day(&consent.hash)?;
    Ok(day.and_then(|day| day.parse().ok()).unwrap_or(Date::MIN))
}

/// Every name that the register ever had of a person, corrected and taken back ones too, under this
/// entry and under all that were decided to be the same person's.
pub(super) fn names_of(store: &Store, person: PersonId) -> Result<Vec<String>, Error> {
    let facts = facts_of(store, person)?.into_iter();
    let names = facts.filter(|(kind, _)| *kind == FactKind::Name);
    Ok(names.map(|(_, value)| value).collect())
}

/// The same of everything that the register ever had of a person.
fn facts_of(store: &Store, person: PersonId) -> Result<Vec<(FactKind, String)>, Error> {
    let mut all = Vec::new();
    for id in same_as(store, person)? {
        let facts = store.person_history(&id)?.into_iter();
        all.extend(
            facts
                .filter(|f| !f.value.is_empty())
                .map(|f| (f.kind, f.value)),
        );
    }
    Ok(all)
}

/// The story of an interview with a consent in it. Where its chain is broken nobody knows what the
/// person allows.
fn story(store: &Store, id: &InterviewId) -> Result<Option<Story>, Error> {
    let links = store.chain(id)?;
    let consented = |link: &Link| link.kind().as_deref() == Some(Kind::Consented.as_str());
    if !links.iter().any(consented) {
        return Ok(None);
    }
    let (story, check) = Story::of(&id.0, &links);
    if check.ok {
        Ok(Some(story))
    } else {
        Err(Error::DoesNotFit(check))
    }
}
