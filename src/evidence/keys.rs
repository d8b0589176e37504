//! The keys of a workspace: a person's own, locked with a passphrase, and those of partners who are
//! trusted because somebody compared their numbers.
//!
//! A folder holds up to three files a key, named by the first sixteen digits of its number: the public
//! key, the secret one (an age file with a passphrase, which stock `age -d` opens too), and the note
//! that it was revoked. Nothing is ever taken away, so old signatures can be read for ever. In a locked
//! workspace the files that tell a name are sealed like everything else.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::Error;
use super::passphrase::{Passphrase, SHORTEST, lock, unlock};
use super::sign::{MAX_KEY_FILE, PublicKey, Role, SecretKey, Sign as _};
use crate::vault::{self, Failed};

/// Digits of the number that name the files.
const NAMED_BY: usize = 16;
/// Ending of a secret half's file.
const SECRET: &str = "secret.age";
/// Fewest digits that stand for a key.
const FEWEST: usize = 8;

/// Failed tries at the keys of this process, by the file that counts them.
static KNOWN: Mutex<BTreeMap<PathBuf, Arc<Mutex<Failed>>>> = Mutex::new(BTreeMap::new());

/// A key of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownKey {
    /// What others know of it.
    pub public: PublicKey,
    /// Its secret lies here: somebody at this desk can sign with it.
    pub own: bool,
    /// Since when it is not trusted any more, RFC 3339.
    pub revoked: Option<String>,
}

impl KnownKey {
    /// Whether a signature of this moment (RFC 3339) counts.
    pub fn is_trusted_at(&self, at: &str) -> bool {
        let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
        match &self.revoked {
            None => true,
            Some(revoked) => match (moment(at), moment(revoked)) {
                (Some(at), Some(revoked)) => at < revoked,
                _ => false,
            },
        }
    }
}

/// A key that is made and not kept yet.
pub struct NewKey {
    public: PublicKey,
    locked: Vec<u8>,
}

impl NewKey {
    /// A key of a person, its secret locked with a passphrase.
    ///
    /// # Errors
    /// A short passphrase, a bad name; a system without randomness.
    pub fn new(name: &str, role: Role, passphrase: Passphrase) -> Result<Self, Error> {
        if passphrase.is_short() {
            return Err(Error::ShortPassphrase(SHORTEST));
        }
        let secret = SecretKey::new(name, role)?;
        Ok(Self {
            public: secret.public().clone(),
            locked: lock(&secret.secrets(), &passphrase)?,
        })
    }

    /// What others may know of it.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }
}

/// The keys of one workspace.
#[derive(Clone, Debug)]
pub struct KeyRing {
    folder: PathBuf,
    /// Numbers of keys that an event revoked, and when.
    revoked: BTreeMap<String, String>,
}

impl KeyRing {
    /// The keys in this folder, which need not be there yet.
    pub fn at(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            revoked: BTreeMap::new(),
        }
    }

    /// With the keys that the workspace's own chain says are revoked: number and time (RFC 3339). They
    /// are, whatever a file says, which can be taken away.
    #[must_use]
    pub fn with_revoked(mut self, revoked: BTreeMap<String, String>) -> Self {
        self.revoked = revoked;
        self
    }

    /// All keys, by name and number.
    ///
    /// # Errors
    /// A folder that cannot be read; a key that is damaged.
    pub fn list(&self) -> Result<Vec<KnownKey>, Error> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(Error::read(&self.folder, e)),
        };
        let mut keys = Vec::new();
        for entry in entries {
            let path = entry.map_err(|e| Error::read(&self.folder, e))?.path();
            let name = path.file_name().and_then(|n| n.to_str());
            if name.is_some_and(|n| n.ends_with(".public.json")) {
                keys.push(self.read(&path)?);
            }
        }
        keys.sort_by(|a, b| {
            let order = |k: &KnownKey| (k.public.name.clone(), k.public.number.clone());
            order(a).cmp(&order(b))
        });
        Ok(keys)
    }

    /// The key of this name (in capital or small letters), or the one whose number begins so.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::SeveralKeys`].
    pub fn find(&self, typed: &str) -> Result<KnownKey, Error> {
        let mut fitting = self.list()?;
        fitting.retain(|key| key.is_called(typed));
        match fitting.len() {
            0 => Err(Error::NoKey(typed.to_owned())),
            1 => fitting.pop().ok_or_else(|| Error::NoKey(typed.to_owned())),
            _ => Err(Error::SeveralKeys(typed.to_owned())),
        }
    }

    /// The key with this number.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn numbered(&self, number: &str) -> Result<Option<KnownKey>, Error> {
        Ok(self.list()?.into_iter().find(|k| k.public.number == number))
    }

    /// The only key whose secret lies here and that was not revoked, or the one that is named.
    ///
    /// # Errors
    /// [`Error::NoKey`], [`Error::SeveralKeys`]; [`Error::NotOwn`] for a partner's key.
    pub fn own(&self, typed: Option<&str>) -> Result<KnownKey, Error> {
        if let Some(typed) = typed {
            let key = self.find(typed)?;
            return if !key.own {
                Err(Error::NotOwn(key.public.number))
            } else if key.revoked.is_some() {
                Err(Error::Revoked(key.public.number))
            } else {
                Ok(key)
            };
        }
        let mut own = self.list()?;
        own.retain(|key| key.own && key.revoked.is_none());
        match own.len() {
            1 => own.pop().ok_or(Error::NoOwnKey),
            0 => Err(Error::NoOwnKey),
            _ => Err(Error::SeveralOwn),
        }
    }

    /// Keeps a key of a person.
    ///
    /// # Errors
    /// A disk that refuses.
    pub fn keep(&self, new: NewKey) -> Result<PublicKey, Error> {
        let NewKey { public, locked } = new;
        fs::create_dir_all(&self.folder).map_err(|e| Error::write(&self.folder, e))?;
        // The secret first: a public key without it would look like a partner's.
        self.write(&public.number, SECRET, &locked)?;
        self.write(&public.number, "public.json", public.to_text().as_bytes())?;
        Ok(public)
    }

    /// How long the next try at a key has to wait, because others failed before it.
    pub fn wait_before_unlocking(&self, key: &KnownKey) -> Duration {
        vault::failed_tries(&self.tries(&key.public.number)).wait(vault::now())
    }

    /// Opens a key with its passphrase. A wrong one gives no hint, and the next try waits, in whatever
    /// process: one second, then twice as long each time, up to a minute.
    ///
    /// # Errors
    /// [`Error::Passphrase`]; [`Error::NotOwn`]; a damaged file.
    pub fn unlock(&self, key: &KnownKey, passphrase: Passphrase) -> Result<SecretKey, Error> {
        let path = self.path(&key.public.number, SECRET);
        let locked = match read_small(&path) {
            Ok(locked) => locked,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                return Err(Error::NotOwn(key.public.number.clone()));
            }
            Err(e) => return Err(Error::read(&path, e)),
        };
        let count = self.tries(&key.public.number);
        let known = {
            let mut all = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(count.clone()).or_default())
        };
        let open = || {
            unlock(&locked, &passphrase)
                .and_then(|text| SecretKey::from_secrets(key.public.clone(), &text))
                .ok_or(Error::Passphrase)
        };
        vault::attempt(&count, &known, open, |_| true)
    }

    fn tries(&self, number: &str) -> PathBuf {
        let named = number.get(..NAMED_BY).unwrap_or(number);
        vault::tries_of(&self.folder, named)
    }

    /// Trusts a partner's key from now on. One that is there already stays.
    ///
    /// # Errors
    /// [`Error::NotAKey`]; [`Error::Revoked`]; a disk that refuses.
    pub fn trust(&self, text: &str) -> Result<PublicKey, Error> {
        let public = PublicKey::from_text(text)?;
        if self.revoked.contains_key(&public.number) {
            return Err(Error::Revoked(public.number));
        }
        if let Some(known) = self.numbered(&public.number)? {
            return match known.revoked {
                Some(_) => Err(Error::Revoked(public.number)),
                None => Ok(known.public),
            };
        }
        fs::create_dir_all(&self.folder).map_err(|e| Error::write(&self.folder, e))?;
        let text = public.to_text();
        self.write(&public.number, "public.json", text.as_bytes())?;
        Ok(public)
    }

    /// Trusts a key no more: what it signed before stays good, what it signs later does not.
    ///
    /// # Errors
    /// [`Error::Revoked`] where that was done before; a disk that refuses.
    pub fn revoke(&self, key: &KnownKey, reason: Option<&str>) -> Result<(), Error> {
        if self.has_note(&key.public.number) {
            return Err(Error::Revoked(key.public.number.clone()));
        }
        let at = jiff::Timestamp::now().to_string();
        let note = json!({ "number": key.public.number, "at": at, "reason": reason });
        self.write(
            &key.public.number,
            "revoked.json",
            note.to_string().as_bytes(),
        )
    }

    /// Whether the note that it was revoked lies beside a key.
    pub fn has_note(&self, number: &str) -> bool {
        self.path(number, "revoked.json").is_file()
    }

    fn read(&self, path: &Path) -> Result<KnownKey, Error> {
        let bytes = read_public(path).map_err(|e| Error::read(path, e))?;
        let text = String::from_utf8(bytes).map_err(|_| Error::NotAKey("it is not text"))?;
        let public = PublicKey::from_text(&text)?;
        if path != self.path(&public.number, "public.json") {
            return Err(Error::NotAKey("its file has the name of another key"));
        }
        let note = self.path(&public.number, "revoked.json");
        let revoked = match read_public(&note) {
            Ok(bytes) => {
                let note: Value = serde_json::from_slice(&bytes).unwrap_or_default();
                // A note that cannot be read revokes the key from its first day on.
                let at = note.get("at").and_then(Value::as_str);
                Some(at.unwrap_or(&public.made).to_owned())
            }
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(Error::read(&note, e)),
        };
        // The earlier of the two counts.
        let told = self.revoked.get(&public.number).cloned();
        let revoked = match (revoked, told) {
            (Some(file), Some(event)) => Some(earlier(file, event)),
            (file, event) => file.or(event),
        };
        Ok(KnownKey {
            own: self.path(&public.number, SECRET).is_file(),
            public,
            revoked,
        })
    }

    fn path(&self, number: &str, ending: &str) -> PathBuf {
        let named = number.get(..NAMED_BY).unwrap_or(number);
        self.folder.join(format!("{named}.{ending}"))
    }

    fn write(&self, number: &str, ending: &str, bytes: &[u8]) -> Result<(), Error> {
        let path = self.path(number, ending);
        let failed = |e| Error::write(&path, e);
        let file = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed)?;
        if ending == SECRET {
            // Sealed already, with the person's own passphrase.
            file.as_file().write_all(bytes).map_err(failed)?;
        } else {
            let mut out = vault::Writer::new(file.as_file(), &path).map_err(failed)?;
            out.write_all(bytes).map_err(failed)?;
            out.finish().map_err(failed)?;
        }
        file.as_file().sync_all().map_err(failed)?;
        file.persist_noclobber(&path).map_err(|e| failed(e.error))?;
        Ok(())
    }
}

impl KnownKey {
    /// Whether a person would call it so: by its name, or by the first digits of its number.
    pub fn is_called(&self, typed: &str) -> bool {
        is_called(&self.public.name, &self.public.number, typed)
    }
}

/// Whether a person would call the key of this name and number so.
pub(super) fn is_called(name: &str, number: &str, typed: &str) -> bool {
    let typed = typed.trim().to_lowercase();
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    name.to_lowercase() == typed || (digits.len() >= FEWEST && number.starts_with(&digits))
}

/// The earlier of two moments; one that cannot be read is the earliest.
fn earlier(a: String, b: String) -> String {
    let moment = |text: &str| text.parse::<jiff::Timestamp>().ok();
    if moment(&a) <= moment(&b) { a } else { b }
}

/// A file that tells a person's name: sealed in a locked workspace.
fn read_public(path: &Path) -> io::Result<Vec<u8>> {
    vault::read_small(path, MAX_KEY_FILE as u64)
}

/// A key's file, which is small or not one.
fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = MAX_KEY_FILE as u64;
    fs::File::open(path)?
        .take(most + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() > MAX_KEY_FILE {
        return Err(io::Error::other("the file is too large for a key"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "nine blue boats at dawn";

    fn phrase(text: &str) -> Passphrase {
        Passphrase::new(text.to_owned())
    }

    #[test]
    fn a_key_opens_with_its_passphrase_alone() {
        let dir = tempfile::tempdir().unwrap();
        let ring = KeyRing::at(&dir.path().join("keys"));
        assert!(ring.list().unwrap().is_empty());
        assert!(matches!(
            NewKey::new("Li", Role::Officer, phrase("too short")),
            Err(Error::ShortPassphrase(_))
        ));
        let new = NewKey::new("Li", Role::Officer, phrase(WORDS)).unwrap();
        let public = ring.keep(new).unwrap();
        let known = ring.find("LI").unwrap();
        assert!(known.own && known.public == public);
        assert_eq!(ring.find(&public.number[..8]).unwrap(), known);
        assert_eq!(ring.own(None).unwrap(), known);
        let secret = ring.unlock(&known, phrase(WORDS)).unwrap();
        assert_eq!(secret.public(), &public);
        assert!(matches!(
            ring.unlock(&known, phrase("nine blue boats at dusk")),
            Err(Error::Passphrase)
        ));
        assert!(matches!(ring.find("nobody"), Err(Error::NoKey(_))));
    }

    #[test]
    fn wrong_passphrases_are_counted_by_key_whoever_tried_them() {
        let dir = tempfile::tempdir().unwrap();
        let ring = KeyRing::at(dir.path());
        for name in ["ສົມພອນ", "သီတာ"] {
            let new = NewKey::new(name, Role::Officer, phrase(WORDS)).unwrap();
            ring.keep(new).unwrap();
        }
        let [tried, other] = ["ສົມພອນ", "သီတာ"].map(|name| ring.find(name).unwrap());
        let waits = |key: &KnownKey| !ring.wait_before_unlocking(key).is_zero();
        assert!(
            ring.unlock(&tried, phrase("nine blue boats at dusk"))
                .is_err()
        );
        assert!(waits(&tried) && !waits(&other));
        assert!(ring.unlock(&tried, phrase(WORDS)).is_ok());
        assert!(!waits(&tried));
        // Somebody in another process, a moment ago.
        let count = ring.tries(&other.public.number);
        let now = vault::now();
        fs::write(&count, format!("9 {now}\n")).unwrap();
        assert!(waits(&other) && !waits(&tried));
        assert_eq!(ring.list().unwrap().len(), 2, "a count is no key");
    }

    #[test]
    fn a_revoked_key_keeps_its_past_and_loses_its_future() {
        let dir = tempfile::tempdir().unwrap();
        let ring = KeyRing::at(dir.path());
        let partner = SecretKey::new("Somchai", Role::Officer).unwrap();
        ring.trust(&partner.public().to_text()).unwrap();
        let known = ring.find("somchai").unwrap();
        assert!(!known.own && known.is_trusted_at("2999-01-01T00:00:00Z"));
        assert!(matches!(ring.own(Some("Somchai")), Err(Error::NotOwn(_))));
        ring.revoke(&known, Some("lost")).unwrap();
        let known = ring.find("Somchai").unwrap();
        assert!(known.is_trusted_at("2020-01-01T00:00:00Z"));
        assert!(!known.is_trusted_at("2999-01-01T00:00:00Z"));
        assert!(matches!(
            ring.trust(&partner.public().to_text()),
            Err(Error::Revoked(_))
        ));
    }
}
