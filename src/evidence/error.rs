//! What can be wrong with keys, bundles and proofs, each with the next step.

use std::io;
use std::path::{Path, PathBuf};

use super::consent::Limit;
use crate::domain::reason;

/// Why something about evidence could not be done, or was refused. Names are of files and keys, never
/// of what was said.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that is said to be a key is none.
    #[error("this is not a public key: {0}")]
    NotAKey(&'static str),
    /// A name that a key cannot have.
    #[error("the name of a key is empty, too long, or holds what cannot be seen")]
    KeyName,
    /// No such key.
    #[error("there is no key '{0}'")]
    NoKey(String),
    /// Several keys fit.
    #[error("'{0}' stands for more than one key")]
    SeveralKeys(String),
    /// Nobody at this desk has a key.
    #[error("no key was made at this desk yet")]
    NoOwnKey,
    /// Several people at this desk have one.
    #[error("more than one person has a key at this desk")]
    SeveralOwn,
    /// The secret lies elsewhere.
    #[error("the secret half of this key is not here: {0}")]
    NotOwn(String),
    /// A partner's key, or one whose files were brought here from another workspace.
    #[error("this key was not made in this workspace, so it signs nothing here: {0}")]
    MadeElsewhere(String),
    /// A consent that allows more than what bound before, for which nobody signs.
    #[error(
        "this consent allows more than binds until now, so an officer or administrator signs it"
    )]
    WiderConsent,
    /// Not trusted any more.
    #[error("this key was revoked: {0}")]
    Revoked(String),
    /// Too easy to guess.
    #[error("the passphrase has less than {0} characters")]
    ShortPassphrase(usize),
    /// It does not open the key.
    #[error("the passphrase does not open this key")]
    Passphrase,
    /// One of this role may not do that.
    #[error("a key with the role '{role}' may not {what}")]
    Role {
        /// The stable word.
        role: &'static str,
        /// What was asked.
        what: &'static str,
    },
    /// A key that nobody vouched for, in a workspace that has an administrator.
    #[error("an administrator of this workspace vouches for a new key with the role '{0}'")]
    Unvouched(&'static str),
    /// A note on whom to trust that nobody signed, in a workspace that has an administrator.
    #[error("an administrator of this workspace signs which keys are trusted")]
    Unsigned,
    /// The system has no random numbers.
    #[error("the system gives no random numbers, so nothing can be kept secret")]
    NoRandomness,
    /// Neither a bundle nor an encrypted one.
    #[error("this file is not a bundle")]
    NotABundle,
    /// Encrypted, but to somebody else, or damaged.
    #[error("the bundle is not encrypted to this key, or it is damaged")]
    NotForThisKey,
    /// Encrypted, and no key was given.
    #[error("the bundle is encrypted")]
    Encrypted,
    /// The container is not exactly as the program writes it.
    #[error("the bundle is refused: {0}")]
    Form(String),
    /// Something in it does not fit.
    #[error("the bundle is refused: {what} does not fit")]
    Mismatch {
        /// A file, a signature, an event.
        what: String,
    },
    /// Signed by somebody unknown here.
    #[error("the bundle is signed by a key that is not trusted here: {0}")]
    UntrustedKey(String),
    /// Meant for somebody else.
    #[error("the bundle was made for another receiver: {0}")]
    OtherReceiver(String),
    /// It was received before.
    #[error("this bundle was received before: {0}")]
    Replay(String),
    /// The person interviewed does not allow it.
    #[error("this is not allowed: {0}")]
    Consent(Limit),
    /// A consent that does not hold together.
    #[error("this consent cannot be entered: {0}")]
    BadConsent(&'static str),
    /// A file of the interview is not what the record says.
    #[error("a file is not what the record says: {}", .0.display())]
    Changed(PathBuf),
    /// A file could not be read.
    #[error("cannot read: {why}: {}", .path.display(), why = reason(.cause))]
    Read {
        /// What the system said.
        cause: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot write: {why}: {}", .path.display(), why = reason(.cause))]
    Write {
        /// What the system said.
        cause: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// Somebody asked to stop.
    #[error("interrupted; nothing was stored")]
    Cancelled,
}

impl Error {
    pub(super) fn read(path: &Path, cause: io::Error) -> Self {
        Error::Read {
            cause,
            path: path.to_owned(),
        }
    }

    pub(super) fn write(path: &Path, cause: io::Error) -> Self {
        Error::Write {
            cause,
            path: path.to_owned(),
        }
    }

    pub(super) fn mismatch(what: impl Into<String>) -> Self {
        Error::Mismatch { what: what.into() }
    }

    /// Whether evidence does not fit, rather than something being missing here.
    pub fn is_mismatch(&self) -> bool {
        matches!(
            self,
            Error::Form(_)
                | Error::Mismatch { .. }
                | Error::UntrustedKey(_)
                | Error::OtherReceiver(_)
                | Error::Replay(_)
                | Error::Changed(_)
        )
    }

    /// The next step a person can take.
    pub fn help(&self) -> &'static str {
        match self {
            Error::NotAKey(_) => "Ask the partner for the file that 'mekong keys show' writes.",
            Error::KeyName => "Write the person's name as it stands in the record.",
            Error::NoKey(_) => "'mekong keys list' shows the keys.",
            Error::SeveralKeys(_) => "Name it by the first digits of its number.",
            Error::NoOwnKey => "Make one: mekong keys new NAME --role officer",
            Error::SeveralOwn => "Say whose key signs, with --by.",
            Error::NotOwn(_) => "Sign with a key that was made at this desk.",
            Error::MadeElsewhere(_) => {
                "Make a key of your own here: mekong keys new NAME --role ROLE"
            }
            Error::WiderConsent => {
                "Name your key with --by; in the window, open it first. What allows less needs no key."
            }
            Error::Revoked(_) => "Make a new key, or ask the partner for their new one.",
            Error::ShortPassphrase(_) => "Use several words that nobody connects with you.",
            Error::Passphrase => "Type it again. Nobody can open the key without it.",
            Error::Role { .. } => "Ask a person whose key has the role for it.",
            Error::Unvouched(_) => {
                "Let an administrator sign for it: mekong keys new NAME --role ROLE --by \
                 ADMINISTRATOR; in the window, open the administrator's key first."
            }
            Error::Unsigned => {
                "Name the administrator's key with --by; in the window, open it first. A key may also \
                 revoke itself."
            }
            Error::NoRandomness => "Restart the computer; if it stays, use another one.",
            Error::NotABundle => "Name the file that 'mekong bundle' wrote.",
            Error::NotForThisKey => {
                "Ask the sender for whom it was made, and for a new copy if it was for you."
            }
            Error::Encrypted => "Say which key opens it, with --as.",
            Error::Form(_) | Error::Mismatch { .. } | Error::Changed(_) => {
                "Keep the file as it is, tell the sender by another way, and ask for a new one."
            }
            Error::UntrustedKey(_) => {
                "Compare its number with the sender by voice; then 'mekong keys trust FILE'."
            }
            Error::OtherReceiver(_) => "Ask the sender to make a bundle for your key.",
            Error::Consent(limit) => limit.help(),
            Error::BadConsent(_) => "Say who was asked, who may see it and who enters it.",
            Error::Replay(_) => {
                "It is stored already; with --receipt a receipt for it is signed again."
            }
            Error::Read { .. } => "Check that the path is right and that you may read it.",
            Error::Write { .. } => "Check that the disk has room and that you may write there.",
            Error::Cancelled => "Start it again whenever you like.",
        }
    }
}
