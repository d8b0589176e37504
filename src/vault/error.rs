//! What can go wrong with a lock, in words that never tell a thief which half of a guess was right.

use std::io;
use std::path::PathBuf;

/// Why a workspace could not be locked or opened.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nobody has opened it.
    #[error("the workspace is locked: {}", .0.display())]
    Locked(PathBuf),
    /// It has a lock already.
    #[error("the workspace has a lock already: {}", .0.display())]
    LockedBefore(PathBuf),
    /// It has none.
    #[error("the workspace has no lock: {}", .0.display())]
    NoLock(PathBuf),
    /// The passphrase, or the lock itself, is not the right one.
    #[error("the workspace could not be unlocked: {}", .0.display())]
    Refused(PathBuf),
    /// A lock of before the passphrase was changed was put in the place of the present one.
    #[error("this is an older lock of the workspace, whose passphrase was changed since: {}", .0.display())]
    OldLock(PathBuf),
    /// Too easy to guess.
    #[error("a passphrase has at least {0} characters")]
    Short(usize),
    /// Not an age key.
    #[error("this is not an age recovery key")]
    BadRecovery,
    /// The lock file is damaged, cut or too large.
    #[error("the lock file cannot be used: {cause}: {}", .path.display())]
    BadFile {
        /// What is wrong with it.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// A later version of this program made it.
    #[error("a newer version of this program locked this workspace (form {found}): {}", .path.display())]
    Newer {
        /// The form found.
        found: u64,
        /// The file.
        path: PathBuf,
    },
    /// The system has no random numbers or too little memory.
    #[error("the system gives no {0}")]
    System(&'static str),
    /// A file could not be read or written.
    #[error("cannot {what}: {cause}: {}", .path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        cause: io::Error,
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// The next step.
    pub fn help(&self) -> &'static str {
        match self {
            Error::Locked(_) => {
                "Give its passphrase: at the terminal, in the window, or from a script with MEKONG_WORKSPACE_PASSPHRASE_FILE."
            }
            Error::LockedBefore(_) => {
                "To set another passphrase: mekong workspace change-passphrase"
            }
            Error::NoLock(_) => "To lock it: mekong workspace lock",
            Error::Refused(_) => {
                "Type it again, slowly. If it is lost, the agency's recovery key opens the workspace: mekong workspace recover"
            }
            Error::OldLock(_) => {
                "Put the newest vault.json back, or open it with the agency's recovery key: mekong workspace recover"
            }
            Error::Short(_) => "Take several words that only you would put together.",
            Error::BadRecovery => {
                "A recovery key begins with 'age1' (to lock) or 'AGE-SECRET-KEY-1' (to recover); copy the whole line."
            }
            Error::BadFile { .. } => {
                "Put the lock file back from a backup of the workspace. Without it neither the passphrase nor the recovery key opens anything."
            }
            Error::Newer { .. } => "Update this program on this machine.",
            Error::System(_) => "Close other programs, or restart the machine, and try again.",
            Error::File { .. } => {
                "Check that the disk is there, has room and that you may write to it."
            }
        }
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::File { cause, .. } => cause,
            other => io::Error::new(io::ErrorKind::PermissionDenied, other.to_string()),
        }
    }
}
