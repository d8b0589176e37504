//! The keys by which what a partner sent is judged: those that came in here by an event, under the name and role
//! that every note on them tells, and good for what was there before they were revoked, by the order of the
//! workspace's own events where that tells and not by a date that the sender wrote.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use crate::evidence::{self, Check, Event, Kind, KnownKey, WORKSPACE};

use super::histories::hashes_of;
use super::keys::is_as_noted;
use super::{App, Error, Foreign};

/// Kinds of notes on a key.
const NOTES: [Kind; 3] = [Kind::KeyMade, Kind::KeyTrusted, Kind::KeyRevoked];

/// By the number of each key that was revoked: the hashes of the events that had come here before.
type Earlier = HashMap<String, HashSet<String>>;

/// What of a partner's history was here before which key was revoked; looked up once it is asked for.
pub(super) struct Before<'a> {
    app: &'a App,
    earlier: OnceCell<Earlier>,
}

impl App {
    /// The keys that came in by an event. One whose file has another name or role than a note on it tells counts
    /// for nobody, and for no other key: a check of the workspace tells of it.
    ///
    /// # Errors
    /// An unreadable store; [`Error::DoesNotFit`] where its own chain is broken.
    pub(super) fn believed_keys(&self) -> Result<Vec<KnownKey>, Error> {
        let events = self.own_events()?;
        let mut believed = Vec::new();
        for key in self.keys()?.list()? {
            let notes: Vec<&Event> = notes_on(&events, &key.public.number).collect();
            let fits = notes.iter().all(|e| is_as_noted(&e.facts, &key.public));
            // A file that somebody put there is nobody's key.
            if fits && !notes.is_empty() {
                believed.push(key);
            }
        }
        Ok(believed)
    }

    /// The same as they were when this bundle came: what was revoked since was good then.
    pub(super) fn keys_believed_at(&self, came: &Event) -> Result<Vec<KnownKey>, Error> {
        let events = self.own_events()?;
        let mut keys = self.believed_keys()?;
        for key in &mut keys {
            let mut notes = notes_on(&events, &key.public.number);
            let since = notes
                .find(|e| e.kind == Kind::KeyRevoked.as_str())
                .is_some_and(|e| e.number > came.number);
            key.revoked = key.revoked.take().filter(|_| !since);
        }
        Ok(keys)
    }

    /// What came here before which key was revoked.
    pub(super) fn before_revocations(&self) -> Before<'_> {
        Before {
            app: self,
            earlier: OnceCell::new(),
        }
    }

    fn own_events(&self) -> Result<Vec<Event>, Error> {
        let links = self.reading()?.own_chain()?;
        evidence::read(WORKSPACE, &links)
            .map_err(|e| Error::DoesNotFit(Check::bad("workspace", e.to_string())))
    }

    fn earlier(&self) -> Result<Earlier, Error> {
        let events = self.own_events()?;
        let mut revoked: HashMap<&str, u64> = HashMap::new();
        let revocations = events
            .iter()
            .filter(|e| e.kind == Kind::KeyRevoked.as_str());
        for event in revocations {
            if let Some(key) = event.fact("key") {
                revoked.entry(key).or_insert(event.number);
            }
        }
        let mut earlier = Earlier::new();
        let mut bundles: Vec<Foreign> = self.received()?;
        for event in events.iter().filter(|e| e.kind == Kind::Received.as_str()) {
            let is_it = |f: &Foreign| event.fact("bundle") == Some(&f.bundle);
            let Some(at) = bundles.iter().position(is_it) else {
                continue;
            };
            let mut late = revoked
                .iter()
                .filter(|(_, number)| **number > event.number)
                .peekable();
            if late.peek().is_none() {
                continue;
            }
            let hashes = hashes_of(&bundles.swap_remove(at)).unwrap_or_default();
            for (key, _) in late {
                let known = earlier.entry((*key).to_owned()).or_default();
                known.extend(hashes.iter().cloned());
            }
        }
        Ok(earlier)
    }
}

impl Before<'_> {
    /// Whether an event lay here before the key that signed it was revoked. `None` where nothing tells: then
    /// there is only the sender's date.
    pub fn tells(&self, event: &Event) -> Option<bool> {
        let key = event.signed.as_ref()?.key.as_str();
        // What cannot be read proves nothing.
        let earlier = self
            .earlier
            .get_or_init(|| self.app.earlier().unwrap_or_default());
        earlier.get(key)?.contains(&event.hash).then_some(true)
    }
}

fn notes_on<'a>(own: &'a [Event], number: &'a str) -> impl Iterator<Item = &'a Event> {
    let is_note = |e: &&Event| NOTES.iter().any(|kind| e.kind == kind.as_str());
    own.iter()
        .filter(is_note)
        .filter(move |e| e.fact("key") == Some(number))
}
