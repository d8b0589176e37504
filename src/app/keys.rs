//! Keys of people: made, trusted, revoked, each with an event in the workspace's own chain. Once the
//! workspace has an administrator, one vouches for every new key and signs which are trusted: otherwise
//! whoever sits at an open desk would be an officer, or take an officer's key away.

use std::io::Read as _;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use serde_json::{Map, Value, json};

use crate::evidence::{
    self, Check, Event, KeyRing, Kind, KnownKey, MAX_KEY_FILE, NewKey, Passphrase, PublicKey, Role,
    SecretKey, Sign, sha256,
};
use crate::store::Store;

use super::{App, Error};

/// The fact of an administrator's key that says: from here on every note on a key is signed.
const VOUCHES: &str = "vouches";
/// The fact of a note on a key that tells the SHA-256 of its file, by which its name is bound too.
const PUBLIC: &str = "public";

impl App {
    /// The keys of this workspace; one that an event revoked is revoked whatever its files say.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn keys(&self) -> Result<KeyRing, Error> {
        let revoked = self.reading()?.revoked_keys()?;
        Ok(KeyRing::at(&self.workspace.keys()).with_revoked(revoked))
    }

    /// Whether an administrator of this workspace has to vouch for a new key.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn asks_for_voucher(&self) -> Result<bool, Error> {
        has_administrator(&self.reading()?)
    }

    /// Makes a person's key. An administrator vouches for it once there is one, also where all
    /// administrators' keys are revoked by now: otherwise whoever revokes them would be the next one.
    ///
    /// # Errors
    /// A short passphrase, a name that cannot be; [`evidence::Error::Unvouched`], a voucher who may not;
    /// a disk that refuses.
    pub fn make_key(
        &self,
        name: &str,
        role: Role,
        phrase: Passphrase,
        voucher: Option<&SecretKey>,
    ) -> Result<PublicKey, Error> {
        let mut store = self.store()?;
        let mut signer: Option<&dyn Sign> = None;
        if has_administrator(&store)? {
            let voucher = voucher.ok_or(evidence::Error::Unvouched(role.as_str()))?;
            let not_made = evidence::Error::Unvouched(role.as_str());
            self.is_administrator(&store, voucher, ("vouch for a new key", not_made))?;
            signer = Some(voucher);
        }
        let _hold = self.hold()?;
        let key = NewKey::new(name, role, phrase)?;
        // Somebody may have made the first administrator's key while this passphrase was worked on.
        if signer.is_none() && has_administrator(&store)? {
            return Err(evidence::Error::Unvouched(role.as_str()).into());
        }
        // The event first: a key that came in by none would never be believed again.
        let mut facts = key_facts(key.public());
        if role == Role::Administrator {
            facts.insert(VOUCHES.into(), json!("new keys"));
        }
        store.note_own(Kind::KeyMade, facts, signer)?;
        Ok(self.keys()?.keep(key)?)
    }

    /// Refuses one who is no administrator, not trusted any more, or (by the second error) of another
    /// workspace.
    fn is_administrator(
        &self,
        store: &Store,
        signer: &SecretKey,
        (what, not_made): (&'static str, evidence::Error),
    ) -> Result<(), Error> {
        let public = signer.public();
        if public.role != Role::Administrator {
            let role = public.role.as_str();
            return Err(evidence::Error::Role { role, what }.into());
        }
        let known = self.keys()?.numbered(&public.number)?;
        match known.map(|key| key.revoked) {
            Some(Some(_)) => Err(evidence::Error::Revoked(public.number.clone()).into()),
            Some(None) if came_in(store, Kind::KeyMade, public)? => Ok(()),
            Some(None) | None => Err(not_made.into()),
        }
    }

    /// Who signs a note on a key: an administrator, once there is one; a revocation also the key itself.
    fn note_signer<'s>(
        &self,
        store: &Store,
        signer: Option<&'s SecretKey>,
        revokes: Option<&str>,
    ) -> Result<Option<&'s dyn Sign>, Error> {
        if !has_administrator(store)? {
            return Ok(None);
        }
        let signer = signer.ok_or(evidence::Error::Unsigned)?;
        if revokes == Some(signer.public().number.as_str()) {
            self.may_sign(signer)?;
        } else {
            let what = ("say which keys are trusted", evidence::Error::Unsigned);
            self.is_administrator(store, signer, what)?;
        }
        Ok(Some(signer))
    }

    /// Trusts the key in a file that a partner handed over; an administrator signs it once there is one.
    ///
    /// # Errors
    /// A file that is no key, or a revoked one; [`evidence::Error::Unsigned`], a signer who may not; a disk
    /// that refuses.
    pub fn trust_key(&self, file: &Path, signer: Option<&SecretKey>) -> Result<PublicKey, Error> {
        let failed = |cause| Error::File {
            what: "read the file",
            cause,
            path: file.to_owned(),
        };
        let mut text = Vec::new();
        // One byte more than a key has is enough to refuse it.
        std::fs::File::open(file)
            .and_then(|input| {
                let most = MAX_KEY_FILE as u64;
                input.take(most.saturating_add(1)).read_to_end(&mut text)
            })
            .map_err(failed)?;
        let text = String::from_utf8_lossy(&text);
        // A file that is no key is told first, whoever asks.
        let key = PublicKey::from_text(&text)?;
        let mut store = self.store()?;
        let _hold = self.hold()?;
        // Of one that is known the file may come back, and no other one.
        let is_known = came_in(&store, Kind::KeyTrusted, &key)?;
        let is_known = came_in(&store, Kind::KeyMade, &key)? || is_known;
        let signer = match is_known {
            true => None,
            false => self.note_signer(&store, signer, None)?,
        };
        let key = self.keys()?.trust(&text)?;
        if !is_known {
            store.note_own(Kind::KeyTrusted, key_facts(&key), signer)?;
        }
        Ok(key)
    }

    /// Trusts a key no more. An administrator signs it once there is one, or the key itself.
    ///
    /// # Errors
    /// An unknown key, one that was revoked before; [`evidence::Error::Unsigned`], a signer who may not; a
    /// disk that refuses.
    pub fn revoke_key(
        &self,
        typed: &str,
        reason: Option<&str>,
        signer: Option<&SecretKey>,
    ) -> Result<KnownKey, Error> {
        let mut store = self.store()?;
        let _hold = self.hold()?;
        let ring = self.keys()?;
        let key = ring.find(typed)?;
        let number = &key.public.number;
        // The event first, and each of the two again where the other one was cut off.
        let noted = store.has_own(Kind::KeyRevoked, "key", number)?;
        let has_note = ring.has_note(number);
        if noted && has_note {
            return Err(evidence::Error::Revoked(number.clone()).into());
        }
        if !noted {
            let signer = self.note_signer(&store, signer, Some(number))?;
            let facts = revocation_facts(&store, &key.public)?;
            store.note_own(Kind::KeyRevoked, facts, signer)?;
        }
        if !has_note {
            ring.revoke(&key, reason)?;
        }
        Ok(key)
    }

    /// From here on what the person of this key does in their own name is signed with it, until another
    /// one, or nobody, sits down.
    ///
    /// # Errors
    /// What [`Self::may_sign`] says.
    pub fn sit_down(&self, key: Option<Arc<SecretKey>>) -> Result<(), Error> {
        if let Some(key) = &key {
            self.may_sign(key)?;
        }
        *self.hand.lock().unwrap_or_else(PoisonError::into_inner) = key;
        Ok(())
    }

    /// The key of the person at the desk, unless it was revoked meanwhile.
    pub(super) fn hand(&self, store: &Store) -> Result<Option<Arc<SecretKey>>, Error> {
        let hand = self.hand.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(key) = hand.clone() else {
            return Ok(None);
        };
        let revoked = store.has_own(Kind::KeyRevoked, "key", &key.public().number)?;
        Ok(Some(key).filter(|_| !revoked))
    }

    /// Refuses a key that was not made in this workspace, where others saw it come in by name and role,
    /// or that was revoked since it was opened. A partner's key signs nothing here, though somebody
    /// brought its secret half along. Nor does one whose file names another role or person than came in.
    ///
    /// # Errors
    /// [`evidence::Error::Revoked`], [`evidence::Error::MadeElsewhere`], [`Error::DoesNotFit`]; keys that
    /// cannot be read.
    pub fn may_sign(&self, signer: &SecretKey) -> Result<(), Error> {
        let number = &signer.public().number;
        let known = self.keys()?.numbered(number)?;
        if known.is_some_and(|key| key.revoked.is_some()) {
            return Err(evidence::Error::Revoked(number.clone()).into());
        }
        if came_in(&self.reading()?, Kind::KeyMade, signer.public())? {
            Ok(())
        } else {
            Err(evidence::Error::MadeElsewhere(number.clone()).into())
        }
    }
}

/// Whether an administrator's key was ever made in this workspace. The chain says so: a file can be
/// taken away.
fn has_administrator(store: &Store) -> Result<bool, Error> {
    Ok(store.has_own(Kind::KeyMade, "role", Role::Administrator.as_str())?)
}

/// Whether a key came in by an event of this kind.
///
/// # Errors
/// [`Error::DoesNotFit`] where its file is not the one that came in.
fn came_in(store: &Store, kind: Kind, key: &PublicKey) -> Result<bool, Error> {
    let notes = store.own_facts(kind, "key", &key.number)?;
    match notes.iter().all(|facts| is_as_noted(facts, key)) {
        true => Ok(!notes.is_empty()),
        false => Err(Error::DoesNotFit(Check::bad("workspace", changed(key)))),
    }
}

/// Whether a key has the role that a note on it tells, and the file where the note tells of that: who holds
/// a key can give it another name and role that its own signature fits. Earlier programs noted the role only.
pub(super) fn is_as_noted(facts: &Map<String, Value>, key: &PublicKey) -> bool {
    let told = |name: &str| facts.get(name).and_then(Value::as_str);
    told("role").is_none_or(|role| role == key.role.as_str())
        && told(PUBLIC).is_none_or(|digest| digest == sha256(key.to_text().as_bytes()))
}

/// What is said of a key that is not as it was noted.
pub(super) fn changed(key: &PublicKey) -> String {
    let start: String = key.number.chars().take(16).collect();
    format!("the key {start}... has another name or role than when it came in")
}

/// The first event from which on an administrator signs every note on a key.
fn vouching(own: &[Event]) -> u64 {
    let begins = |e: &&Event| e.kind == Kind::KeyMade.as_str() && e.fact(VOUCHES).is_some();
    own.iter().find(begins).map_or(u64::MAX, |e| e.number)
}

/// A key for which nobody vouched though there was an administrator who had to, or though the workspace did
/// so before; or for which somebody did who may not. Workspaces that never had a voucher come from before
/// there were any.
pub(super) fn not_vouched(own: &[Event]) -> Option<String> {
    let since = vouching(own);
    let is = |e: &Event, kind: Kind| e.kind == kind.as_str();
    let made = |e: &&Event| is(e, Kind::KeyMade);
    let vouched = |is: &dyn Fn(Role) -> bool| {
        let mut vouched = own.iter().filter(made).filter(|e| e.signed.is_some());
        let first = vouched.find(|e| e.fact("role").and_then(Role::parse).is_some_and(is));
        first.map(|e| e.number)
    };
    let begun = vouched(&|_| true).unwrap_or(u64::MAX);
    let asked = |e: &&Event| match e.fact("role").and_then(Role::parse) {
        _ if e.signed.is_some() || e.number > since => true,
        // Earlier programs asked nobody for an interpreter's or an officer's.
        Some(role @ (Role::Interpreter | Role::Officer)) => {
            vouched(&|other| other == role).is_some_and(|first| e.number >= first)
        }
        Some(_) => e.number >= begun,
        None => false,
    };
    let mut new = own.iter().filter(made).filter(asked);
    let found = new.find(|new| !is_by(own, new, Some(Role::Administrator)))?;
    let number = found.number;
    Some(format!(
        "event {number} made a key for which no administrator vouched"
    ))
}

/// A note that a key is trusted, or is not any more, which no administrator signed though there was one who
/// had to, or one signed such a note before; a revocation may be signed by the key itself.
pub(super) fn not_signed(own: &[Event]) -> Option<String> {
    let since = vouching(own);
    let notes = [Kind::KeyTrusted, Kind::KeyRevoked].map(Kind::as_str);
    let notes = own.iter().filter(|e| notes.contains(&e.kind.as_str()));
    // Earlier programs signed none.
    let mut asked = notes.skip_while(|e| e.signed.is_none() && e.number < since);
    let may = |e: &Event| {
        let itself = e.signed.as_ref().is_some_and(|by| {
            e.kind == Kind::KeyRevoked.as_str() && e.fact("key") == Some(by.key.as_str())
        });
        is_by(own, e, (!itself).then_some(Role::Administrator))
    };
    let number = asked.find(|e| !may(e))?.number;
    Some(format!(
        "event {number} says of a key whether it is trusted, and no administrator signed it"
    ))
}

/// Whether an event is signed by a key that was made here before, with this role where one is asked for,
/// and was not revoked by then.
fn is_by(own: &[Event], event: &Event, role: Option<Role>) -> bool {
    event.signed.as_ref().is_some_and(|by| {
        let before = |e: &&Event| e.number < event.number && e.fact("key") == Some(by.key.as_str());
        let mut earlier = own.iter().filter(before);
        let was_made = |e: &Event| {
            let fits = role.is_none_or(|role| e.fact("role") == Some(role.as_str()));
            e.kind == Kind::KeyMade.as_str() && fits
        };
        let is_revoked = |e: &Event| e.kind == Kind::KeyRevoked.as_str();
        earlier.clone().any(was_made) && !earlier.any(is_revoked)
    })
}

/// What is noted of a key that is revoked: of a file that is not the one that came in, the number alone.
fn revocation_facts(store: &Store, key: &PublicKey) -> Result<Map<String, Value>, Error> {
    let mut notes = store.own_facts(Kind::KeyMade, "key", &key.number)?;
    notes.extend(store.own_facts(Kind::KeyTrusted, "key", &key.number)?);
    let mut facts = key_facts(key);
    if notes.is_empty() || !notes.iter().all(|noted| is_as_noted(noted, key)) {
        facts.retain(|name, _| name == "key");
    }
    Ok(facts)
}

fn key_facts(key: &PublicKey) -> Map<String, Value> {
    let mut facts = Map::new();
    facts.insert("key".into(), json!(key.number));
    facts.insert("role".into(), json!(key.role.as_str()));
    facts.insert(PUBLIC.into(), json!(sha256(key.to_text().as_bytes())));
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Options;

    #[test]
    fn a_revocation_that_was_cut_off_is_made_whole_by_asking_again() {
        let dir = tempfile::tempdir().unwrap();
        let app = App::open(&Options {
            workspace: Some(dir.path().to_owned()),
            ..Options::default()
        })
        .unwrap();
        let file = dir.path().join("key.json");
        let mut numbers = Vec::new();
        for name in ["张伟", "Nguyễn", "สมชาย", "ကိုအောင်", "ສົມພອນ", "សុខា"]
        {
            let key = SecretKey::new(name, Role::Officer).unwrap();
            std::fs::write(&file, key.public().to_text()).unwrap();
            let facts = key_facts(key.public());
            app.store()
                .unwrap()
                .note_own(Kind::KeyMade, facts, None)
                .unwrap();
            app.trust_key(&file, None).unwrap();
            assert!(app.may_sign(&key).is_ok());
            // Only the file was written, or only the event.
            let known = app.keys().unwrap().find(name).unwrap();
            if numbers.len() % 2 == 0 {
                app.keys().unwrap().revoke(&known, None).unwrap();
            } else {
                let mut store = app.store().unwrap();
                store
                    .note_own(Kind::KeyRevoked, key_facts(&known.public), None)
                    .unwrap();
            }
            app.revoke_key(name, None, None).unwrap();
            assert!(app.keys().unwrap().find(name).unwrap().revoked.is_some());
            assert!(
                app.revoke_key(name, None, None).is_err(),
                "{name}: only once"
            );
            let refused = app.may_sign(&key).unwrap_err();
            assert!(refused.to_string().contains("revoked"), "{refused}");
            numbers.push(known.public.number);
        }
        let links = app.store().unwrap().own_chain().unwrap();
        for number in numbers {
            let told = links.iter().filter(|link| {
                link.kind().as_deref() == Some("key-revoked") && link.body.contains(&number)
            });
            assert_eq!(told.count(), 1);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_never_ends_is_no_key() {
        let dir = tempfile::tempdir().unwrap();
        let app = App::open(&Options {
            workspace: Some(dir.path().to_owned()),
            ..Options::default()
        })
        .unwrap();
        let refused = app.trust_key(Path::new("/dev/zero"), None).unwrap_err();
        assert!(matches!(
            refused,
            Error::Evidence(evidence::Error::NotAKey("it is too long"))
        ));
    }
}
