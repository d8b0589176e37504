//! The key of a workspace and what is derived from it (HKDF-SHA256, RFC 5869): the store's key and
//! the age identity that its files are sealed to. Keys lie in locked memory and are wiped when they go.

use age::secrecy::ExposeSecret as _;
use bech32::{ToBase32 as _, Variant};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{Error, Locked, Phrase, shield};

/// 256 random bits.
pub struct WorkspaceKey(Bytes);

/// 256 secret bits.
type Bytes = Locked<Zeroizing<[u8; 32]>>;

fn empty() -> Bytes {
    Locked::new(Zeroizing::new([0; 32]))
}

impl WorkspaceKey {
    /// A new one.
    ///
    /// # Errors
    /// [`Error::System`] where the system has no random numbers.
    pub fn generate() -> Result<Self, Error> {
        shield::close();
        let mut bytes = empty();
        fill(&mut **bytes)?;
        Ok(Self(bytes))
    }

    pub(super) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut own = empty();
        if bytes.len() != own.len() {
            return None;
        }
        own.copy_from_slice(bytes);
        Some(Self(own))
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The store's key, 64 hexadecimal digits.
    pub(super) fn store_key(&self) -> Phrase {
        let key = self.derive(b"store");
        let halves = key.iter().flat_map(|byte| [byte >> 4, byte & 15]);
        halves
            .map(|half| char::from_digit(u32::from(half), 16).unwrap_or('0'))
            .collect()
    }

    /// The identity that the files are sealed to.
    pub(super) fn files(&self) -> Result<Locked<age::x25519::Identity>, Error> {
        let secret = self.derive(b"files");
        let text = bech32::encode("age-secret-key-", secret.to_base32(), Variant::Bech32)
            .map(Zeroizing::new)
            .map_err(|_| Error::BadRecovery)?;
        let upper = Zeroizing::new(text.to_uppercase());
        let identity = upper.parse().map_err(|_| Error::BadRecovery)?;
        Ok(Locked::new(identity))
    }

    fn derive(&self, label: &[u8]) -> Bytes {
        let mut out = empty();
        // Cannot fail for 32 bytes: SHA-256 gives up to 255 times as many.
        let _ = Hkdf::<Sha256>::new(None, &self.0[..]).expand(label, &mut **out);
        out
    }
}

impl std::fmt::Debug for WorkspaceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("WorkspaceKey")
    }
}

/// The agency's recovery key: kept outside the machine, opens what a lost passphrase closed.
pub struct RecoveryIdentity(pub(super) Locked<age::x25519::Identity>);

impl RecoveryIdentity {
    /// A new one, to be written down once.
    pub fn generate() -> Self {
        Self(Locked::new(age::x25519::Identity::generate()))
    }

    /// Reads an age identity file: comments, and one line that begins with `AGE-SECRET-KEY-1`.
    ///
    /// # Errors
    /// [`Error::BadRecovery`].
    pub fn read(text: &str) -> Result<Self, Error> {
        let line = text.lines().map(str::trim);
        let mut keys = line.filter(|line| line.starts_with("AGE-SECRET-KEY-1"));
        let key = keys.next().ok_or(Error::BadRecovery)?;
        let identity = key.parse().map_err(|_| Error::BadRecovery)?;
        Ok(Self(Locked::new(identity)))
    }

    /// What a workspace is locked to: `age1...`, no secret.
    pub fn recipient(&self) -> String {
        self.0.to_public().to_string()
    }

    /// The file to keep, in the form that stock `age` reads.
    pub fn to_text(&self) -> Zeroizing<String> {
        let secret = self.0.to_string();
        Zeroizing::new(format!(
            "# Recovery key of a locked workspace. Keep it away from the machine.\n# public key: {}\n{}\n",
            self.recipient(),
            secret.expose_secret()
        ))
    }
}

pub(super) fn fill(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|_| Error::System("random numbers"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_derived_differs_by_purpose_and_key_and_is_always_the_same() {
        let key = |n: u8| WorkspaceKey::from_slice(&[n; 32]).unwrap();
        assert_eq!(key(1).store_key(), key(1).store_key());
        assert_ne!(key(1).store_key(), key(2).store_key());
        assert_eq!(key(1).store_key().len(), 64);
        let public = |n| key(n).files().unwrap().to_public().to_string();
        assert_eq!(public(1), public(1));
        assert_ne!(public(1), public(2));
        assert_ne!(**key(1).derive(b"store"), **key(1).derive(b"files"));
        assert!(WorkspaceKey::from_slice(&[1; 31]).is_none());
    }

    #[test]
    fn a_recovery_key_is_read_back_from_its_file_and_nothing_else_is() {
        let made = RecoveryIdentity::generate();
        let read = RecoveryIdentity::read(&made.to_text()).unwrap();
        assert_eq!(read.recipient(), made.recipient());
        for text in ["", "age1abc", "AGE-SECRET-KEY-1", "# AGE-SECRET-KEY-1QQ"] {
            assert!(RecoveryIdentity::read(text).is_err(), "{text}");
        }
    }
}
