//! The lock of a workspace: a small JSON file with the workspace's key wrapped twice, by a passphrase
//! (Argon2id, RFC 9106, then XChaCha20-Poly1305) and by age to the agency's recovery key. What the
//! file may ask for in memory and time is bounded before anything is tried.

use std::io::{Read as _, Write as _};
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead as _, Payload};
use chacha20poly1305::{KeyInit as _, XChaCha20Poly1305, XNonce};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::key::fill;
use super::{Error, LOCK_FILE, Locked, RecoveryIdentity, WorkspaceKey, shield};

/// The newest form of the file.
const VERSION: u64 = 1;
const FORMAT: &str = "mekong-vault";
/// Largest lock file that is read.
const MAX_BYTES: u64 = 16 << 10;
/// Argon2id: memory in KiB, passes and lanes of a new lock.
const COST: (u32, u32, u32) = (64 << 10, 3, 1);
/// The most that a lock file may ask for: 1 GiB and 16 passes.
const MOST: (u32, u32, u32) = (1 << 20, 16, 4);
/// The least: a lock that is weaker was not made by this program.
const LEAST: (u32, u32, u32) = (64 << 10, 3, 1);
/// Shortest passphrase, in characters.
const SHORTEST: usize = 12;

/// How far a workspace has come on its way to being locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Some files may still lie in the clear; the next unlocking goes on.
    Moving,
    /// Everything is protected.
    Locked,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ByPassphrase {
    kdf: String,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: String,
    nonce: String,
    sealed: String,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ByRecovery {
    recipient: String,
    sealed: String,
}

/// The file as it stands on the disk. Holds no secret.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockFile {
    format: String,
    version: u64,
    /// How far the move has come.
    pub state: State,
    passphrase: ByPassphrase,
    recovery: ByRecovery,
}

#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

impl LockFile {
    /// A lock around `key`; `recipient` is the recovery key's public half, `age1...`.
    ///
    /// # Errors
    /// A passphrase that is too short, a recovery key that is none, no randomness or memory.
    pub fn make(key: &WorkspaceKey, passphrase: &str, recipient: &str) -> Result<Self, Error> {
        Ok(Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            state: State::Moving,
            passphrase: wrap(key, passphrase)?,
            recovery: ByRecovery {
                recipient: recipient.trim().to_owned(),
                sealed: hex(&wrap_for_recovery(key, recipient)?),
            },
        })
    }

    /// Reads the lock of a workspace; `None` where there is none.
    ///
    /// # Errors
    /// A file that is too large, damaged or of a newer form.
    pub fn read(root: &Path) -> Result<Option<Self>, Error> {
        let path = root.join(LOCK_FILE);
        let bad = |cause: String| Error::BadFile {
            cause,
            path: path.clone(),
        };
        let mut bytes = Vec::new();
        match std::fs::File::open(&path) {
            Ok(file) => file.take(MAX_BYTES + 1).read_to_end(&mut bytes),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => Err(e),
        }
        .map_err(|e| bad(e.to_string()))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(bad("it is larger than 16 kB".into()));
        }
        let head: Head =
            serde_json::from_slice(&bytes).map_err(|_| bad("it is damaged or cut off".into()))?;
        if head.format != FORMAT {
            return Err(bad("it is no lock of this program".into()));
        }
        if head.version > VERSION {
            let found = head.version;
            return Err(Error::Newer { found, path });
        }
        let lock: Self =
            serde_json::from_slice(&bytes).map_err(|_| bad("it is damaged or cut off".into()))?;
        let asked = &lock.passphrase;
        let cost = [asked.memory_kib, asked.passes, asked.lanes];
        let (least, most) = (<[u32; 3]>::from(LEAST), <[u32; 3]>::from(MOST));
        let fits = |(cost, (least, most))| (least..=most).contains(&cost);
        if asked.kdf != "argon2id" || !cost.into_iter().zip(least.into_iter().zip(most)).all(fits) {
            return Err(bad(
                "it asks for work that no lock of this program needs".into()
            ));
        }
        Ok(Some(lock))
    }

    /// Puts the file into the workspace's folder, whole or not at all.
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&self, root: &Path) -> Result<(), Error> {
        let path = root.join(LOCK_FILE);
        let failed = |cause| Error::File {
            what: "write the lock file",
            cause,
            path: path.clone(),
        };
        let text = serde_json::to_vec_pretty(self).map_err(|e| failed(e.into()))?;
        let mut temp = tempfile::NamedTempFile::new_in(root).map_err(failed)?;
        temp.write_all(&text).map_err(failed)?;
        temp.as_file().sync_all().map_err(failed)?;
        temp.persist(&path).map_err(|e| failed(e.error))?;
        super::write::sync_folder(root).map_err(failed)
    }

    /// The workspace's key, by the passphrase. Says only that it does not open, not why.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`Error::System`] where 64 MiB of memory cannot be had.
    pub fn open(&self, passphrase: &str, root: &Path) -> Result<WorkspaceKey, Error> {
        shield::close();
        let refused = || Error::Refused(root.to_owned());
        let by = &self.passphrase;
        let salt = unhex(&by.salt)
            .filter(|s| s.len() == 16)
            .ok_or_else(refused)?;
        let nonce = unhex(&by.nonce)
            .filter(|n| n.len() == 24)
            .ok_or_else(refused)?;
        let sealed = unhex(&by.sealed).ok_or_else(refused)?;
        let cipher = cipher(passphrase, &salt, (by.memory_kib, by.passes, by.lanes))?;
        let payload = Payload {
            msg: &sealed,
            aad: FORMAT.as_bytes(),
        };
        let opened = cipher.decrypt(XNonce::from_slice(&nonce), payload);
        let bytes = Zeroizing::new(opened.map_err(|_| refused())?);
        WorkspaceKey::from_slice(&bytes).ok_or_else(refused)
    }

    /// The workspace's key, by the recovery key.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub fn recover(&self, identity: &RecoveryIdentity, root: &Path) -> Result<WorkspaceKey, Error> {
        shield::close();
        let refused = || Error::Refused(root.to_owned());
        let sealed = unhex(&self.recovery.sealed).ok_or_else(refused)?;
        let opened = age::Decryptor::new_buffered(&sealed[..]).map_err(|_| refused())?;
        let identities = std::iter::once(&*identity.0 as &dyn age::Identity);
        let mut reader = opened.decrypt(identities).map_err(|_| refused())?.take(33);
        let mut bytes = Zeroizing::new(Vec::with_capacity(64));
        reader.read_to_end(&mut bytes).map_err(|_| refused())?;
        WorkspaceKey::from_slice(&bytes).ok_or_else(refused)
    }

    /// Another passphrase for the same key.
    ///
    /// # Errors
    /// A passphrase that is too short, no randomness or memory.
    pub fn change(&mut self, key: &WorkspaceKey, passphrase: &str) -> Result<(), Error> {
        self.passphrase = wrap(key, passphrase)?;
        Ok(())
    }

    /// Tells this lock from every other one that was ever around the key, 64 digits. Gives nothing away.
    pub fn mark(&self) -> String {
        let by = &self.passphrase;
        hex(&Sha256::digest(format!(
            "{} {} {}",
            by.salt, by.nonce, by.sealed
        )))
    }

    /// The public half of the recovery key.
    pub fn recipient(&self) -> &str {
        &self.recovery.recipient
    }
}

/// Whether a passphrase may lock a workspace.
///
/// # Errors
/// [`Error::Short`].
pub fn long_enough(passphrase: &str) -> Result<(), Error> {
    if passphrase.chars().count() < SHORTEST {
        return Err(Error::Short(SHORTEST));
    }
    Ok(())
}

fn wrap(key: &WorkspaceKey, passphrase: &str) -> Result<ByPassphrase, Error> {
    long_enough(passphrase)?;
    let (mut salt, mut nonce) = ([0; 16], [0; 24]);
    fill(&mut salt)?;
    fill(&mut nonce)?;
    let payload = Payload {
        msg: key.bytes(),
        aad: FORMAT.as_bytes(),
    };
    let sealed = cipher(passphrase, &salt, COST)?
        .encrypt(XNonce::from_slice(&nonce), payload)
        .map_err(|_| Error::System("memory"))?;
    Ok(ByPassphrase {
        kdf: "argon2id".to_owned(),
        memory_kib: COST.0,
        passes: COST.1,
        lanes: COST.2,
        salt: hex(&salt),
        nonce: hex(&nonce),
        sealed: hex(&sealed),
    })
}

fn cipher(
    passphrase: &str,
    salt: &[u8],
    (memory, passes, lanes): (u32, u32, u32),
) -> Result<XChaCha20Poly1305, Error> {
    let no_memory = |_| Error::System("memory for the passphrase");
    let params = Params::new(memory, passes, lanes, Some(32)).map_err(no_memory)?;
    let mut key = Locked::new(Zeroizing::new([0; 32]));
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(passphrase.as_bytes(), salt, &mut **key)
        .map_err(no_memory)?;
    XChaCha20Poly1305::new_from_slice(&**key).map_err(|_| Error::System("memory"))
}

fn wrap_for_recovery(key: &WorkspaceKey, recipient: &str) -> Result<Vec<u8>, Error> {
    let recipient: age::x25519::Recipient =
        recipient.trim().parse().map_err(|_| Error::BadRecovery)?;
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let failed = |_| Error::System("random numbers");
    let sealed =
        age::Encryptor::with_recipients(recipients).map_err(|_| Error::System("random numbers"))?;
    let mut out = Vec::new();
    let mut writer = sealed.wrap_output(&mut out).map_err(failed)?;
    writer.write_all(key.bytes()).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(out)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect::<Option<Vec<u8>>>()
        .filter(|_| text.len().is_multiple_of(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "người ngồi trên cầu 桥上";

    fn made() -> (WorkspaceKey, RecoveryIdentity, LockFile) {
        let key = WorkspaceKey::generate().unwrap();
        let recovery = RecoveryIdentity::generate();
        let lock = LockFile::make(&key, WORDS, &recovery.recipient()).unwrap();
        (key, recovery, lock)
    }

    #[test]
    fn passphrase_and_recovery_key_open_it_and_nothing_else_does() {
        let dir = tempfile::tempdir().unwrap();
        let (key, recovery, lock) = made();
        lock.write(dir.path()).unwrap();
        let mut read = LockFile::read(dir.path()).unwrap().unwrap();
        assert_eq!(read.open(WORDS, dir.path()).unwrap().bytes(), key.bytes());
        assert_eq!(
            read.recover(&recovery, dir.path()).unwrap().bytes(),
            key.bytes()
        );
        let stranger = RecoveryIdentity::generate();
        assert!(matches!(
            read.recover(&stranger, dir.path()),
            Err(Error::Refused(_))
        ));
        assert!(matches!(
            read.open("người ngồi trên cầu 桥下", dir.path()),
            Err(Error::Refused(_))
        ));
        read.change(&key, "another long passphrase").unwrap();
        assert!(read.open(WORDS, dir.path()).is_err());
        assert!(read.open("another long passphrase", dir.path()).is_ok());
        assert!(matches!(read.change(&key, "short"), Err(Error::Short(_))));
        assert!(LockFile::make(&key, WORDS, "age1nothing").is_err());
    }

    #[test]
    fn a_lock_file_that_is_cut_twisted_too_large_or_newer_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(LOCK_FILE);
        assert!(LockFile::read(dir.path()).unwrap().is_none());
        let (_, _, lock) = made();
        lock.write(dir.path()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in (0..whole.len()).step_by(7) {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(matches!(
                LockFile::read(dir.path()),
                Err(Error::BadFile { .. })
            ));
        }
        let text = String::from_utf8(whole).unwrap();
        for (from, to) in [
            ("65536", "4294967295"),
            ("65536", "8"),
            ("\"passes\": 3", "\"passes\": 1000"),
            ("argon2id", "md5"),
            ("mekong-vault", "other"),
        ] {
            std::fs::write(&path, text.replace(from, to)).unwrap();
            assert!(LockFile::read(dir.path()).is_err(), "{from} -> {to}");
        }
        std::fs::write(&path, text.replace("\"version\": 1", "\"version\": 2")).unwrap();
        assert!(matches!(
            LockFile::read(dir.path()),
            Err(Error::Newer { found: 2, .. })
        ));
        std::fs::write(&path, vec![b' '; 20 << 10]).unwrap();
        assert!(LockFile::read(dir.path()).is_err());
        // Twisted values are a refusal, never a panic.
        for field in ["salt", "nonce", "sealed"] {
            let twisted = text.replace(&format!("\"{field}\": \""), &format!("\"{field}\": \"ž"));
            std::fs::write(&path, twisted).unwrap();
            let lock = LockFile::read(dir.path()).unwrap().unwrap();
            assert!(lock.open(WORDS, dir.path()).is_err(), "{field}");
        }
    }
}
