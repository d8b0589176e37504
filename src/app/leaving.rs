//! What leaves the house stands in the record before it has a name on any disk. The entry is written
//! when the file is whole and before it is given its name: a kill leaves an entry without a file, never
//! a file without an entry. It is written behind the end of the chain in which the consent was read,
//! so that of two exports at once only one uses what an administrator lifted for one file.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::domain::InterviewId;
use crate::evidence::{self, Kind, Outgoing};
use crate::store::{self, Store};
use crate::vault;

use super::consent::Bound;
use super::whole::folder_of;
use super::{App, Error};

/// Tries to write behind the end of a chain to which somebody else adds.
pub(super) const TRIES: usize = 8;

/// What stood in the way of a file, and what did not, when it was asked for.
#[derive(Default)]
pub(super) struct Standing {
    /// The consent that binds it.
    pub(super) bound: Option<Bound>,
    /// The hash of the event that lifted the limits for it.
    lift: Option<String>,
    /// The person of the register whom the consent names.
    person: Option<String>,
}

impl Standing {
    /// What an entry tells of it: whose interview it is, by the register, and what was lifted.
    fn tell(&self, facts: &mut Map<String, Value>) {
        facts.insert("person".into(), json!(self.person));
        facts.insert("lift".into(), json!(self.lift));
    }
}

impl App {
    /// What binds an interview now.
    pub(super) fn standing(&self, store: &Store, id: &InterviewId) -> Result<Standing, Error> {
        let Some((bound, is_lifted)) = self.given(store, id)? else {
            return Ok(Standing::default());
        };
        let person = bound.consent.person.clone();
        if !is_lifted {
            return Ok(Standing {
                bound: Some(bound),
                lift: None,
                person,
            });
        }
        let links = store.chain(id)?;
        let lifts = |link: &&evidence::Link| link.kind().as_deref() == Some(Kind::Lifted.as_str());
        let lift = links.iter().rfind(lifts).map(|link| link.hash.clone());
        Ok(Standing {
            bound: None,
            lift,
            person,
        })
    }

    /// Notes that something of an interview is about to leave, with what is to be known of it. `before`
    /// is what bound when it was asked for.
    ///
    /// # Errors
    /// What the person does not allow now; [`store::Error::Busy`] where another consent counts.
    pub(super) fn note_leaving(
        &self,
        store: &mut Store,
        id: &InterviewId,
        (before, what): (&Standing, &Outgoing<'_>),
        (kind, facts): (Kind, &Map<String, Value>),
    ) -> Result<(), Error> {
        for _ in 0..TRIES {
            let head = evidence::head(&store.chain(id)?).to_owned();
            self.still_allowed(store, id, before.bound.as_ref(), what)?;
            let now = self.standing(store, id)?;
            let mut facts = facts.clone();
            now.tell(&mut facts);
            match store.note_behind(id, &head, kind, facts, None) {
                // Somebody added to it in between: what was read has to be read again.
                Err(store::Error::Busy) if evidence::head(&store.chain(id)?) != head => {}
                done => return done.map(|_| ()).map_err(unnoted),
            }
        }
        Err(store::Error::Busy.into())
    }

    /// Notes that something was asked for, in the interview's chain or in the workspace's own.
    ///
    /// # Errors
    /// [`Error::Unnoted`] where the workspace cannot be written: nothing leaves without an entry.
    pub(super) fn note_export(
        &self,
        id: Option<&InterviewId>,
        kind: Kind,
        facts: Map<String, Value>,
    ) -> Result<(), Error> {
        let mut store = self.noting()?;
        let noted = match id {
            Some(id) => store.note(id, kind, facts, None),
            None => store.note_own(kind, facts, None),
        };
        noted.map(|_| ()).map_err(unnoted)
    }

    /// The store, to note in it what leaves.
    pub(super) fn noting(&self) -> Result<Store, Error> {
        Store::open(&self.workspace.store()).map_err(unnoted)
    }
}

/// A workspace that cannot be written lets nothing out.
fn unnoted(error: store::Error) -> Error {
    match error {
        e @ (store::Error::ReadOnly | store::Error::Open { .. }) => Error::Unnoted(e),
        e => e.into(),
    }
}

/// Refuses to write in the clear what was said into a locked workspace.
///
/// # Errors
/// [`Error::InsideLocked`].
pub(super) fn refuse_inside(out: &Path) -> Result<(), Error> {
    let locked = |folder: &Path| vault::guards(folder);
    if home_of(out).ancestors().any(locked) {
        return Err(Error::InsideLocked(out.to_owned()));
    }
    Ok(())
}

/// The folder in which a file would lie, wherever a link leads. One that is not there is told of when the
/// file is written.
pub(super) fn home_of(out: &Path) -> PathBuf {
    let folder = folder_of(out);
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}
