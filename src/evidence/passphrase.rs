//! A person's passphrase, and what it locks: an age file with scrypt, which stock `age -d` opens too.

use std::io::{self, Read as _, Write as _};

use age::secrecy::SecretString;
use zeroize::Zeroizing;

use super::Error;
use super::sign::MAX_KEY_FILE;
use crate::vault::Phrase;

/// Memory and time to try one passphrase: scrypt with N = 2^17 and r = 8 takes 128 MiB.
const WORK: u8 = 17;
/// The most that a key file from outside may ask for: 512 MiB.
const MAX_WORK: u8 = 19;
/// Shortest passphrase, in characters.
pub(super) const SHORTEST: usize = 12;

/// A passphrase, in memory that is not swapped and is wiped when it goes.
pub struct Passphrase(Phrase);

impl Passphrase {
    /// As it was typed or read.
    pub fn new(text: String) -> Self {
        Self(Phrase::from(text))
    }

    /// Whether it is too easy to guess.
    pub(super) fn is_short(&self) -> bool {
        self.0.chars().count() < SHORTEST
    }

    /// As the age library takes it, which wipes it itself.
    fn for_age(&self) -> SecretString {
        SecretString::from(&*self.0)
    }
}

impl From<Phrase> for Passphrase {
    fn from(phrase: Phrase) -> Self {
        Self(phrase)
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase")
    }
}

/// Locks a text with a passphrase.
///
/// # Errors
/// [`Error::NoRandomness`].
pub(super) fn lock(text: &str, passphrase: &Passphrase) -> Result<Vec<u8>, Error> {
    let mut recipient = age::scrypt::Recipient::new(passphrase.for_age());
    recipient.set_work_factor(WORK);
    let recipients = std::iter::once(&recipient as &dyn age::Recipient);
    let failed = |_| Error::NoRandomness;
    let sealed = age::Encryptor::with_recipients(recipients).map_err(failed)?;
    let mut locked = Vec::new();
    let into_memory = |_: io::Error| Error::NoRandomness;
    let mut writer = sealed.wrap_output(&mut locked).map_err(into_memory)?;
    writer.write_all(text.as_bytes()).map_err(into_memory)?;
    writer.finish().map_err(into_memory)?;
    Ok(locked)
}

/// The counterpart of [`lock`]; `None` where the passphrase does not open it.
pub(super) fn unlock(locked: &[u8], passphrase: &Passphrase) -> Option<Zeroizing<String>> {
    let mut identity = age::scrypt::Identity::new(passphrase.for_age());
    identity.set_max_work_factor(MAX_WORK);
    let sealed = age::Decryptor::new_buffered(locked).ok()?;
    let identities = std::iter::once(&identity as &dyn age::Identity);
    // Room for all of it at once: a string that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(2 * MAX_KEY_FILE));
    let mut reader = sealed.decrypt(identities).ok()?;
    reader.read_to_string(&mut text).ok()?;
    Some(text)
}
