//! A workspace that a thief cannot read. One random key protects it; a passphrase and the agency's
//! recovery key each open that key. The store's key and the key of the files are derived from it.
//!
//! While a workspace is unlocked, its key is held in memory and found by the folder that a file lies
//! in, so that whatever opens a file of the workspace reads and writes what it did before: files are
//! read through [`open`], written through [`Writer`], and nothing plain reaches the disk. Without the
//! key every such call is refused; nothing is ever written in the clear into a locked workspace.
//!
//! A protected file is an age file (64 KiB chunks, ChaCha20-Poly1305), which stock `age -d` opens.

mod error;
mod key;
mod keyring;
mod lines;
mod lock_file;
mod locked;
mod read;
mod resident;
mod seal;
mod shield;
mod swap;
#[cfg(test)]
mod tests;
mod tries;
mod write;

pub use error::Error;
pub use key::{RecoveryIdentity, WorkspaceKey};
pub use keyring::{Unlocked, hold};
pub use lines::{LineSealer, read_lines};
pub use lock_file::{LockFile, State, long_enough};
pub use locked::{Locked, Phrase};
pub(crate) use read::CHUNK;
pub use read::{Content, open, open_plain, read_small, read_tail};
pub use resident::{is_kept, keys_are_kept};
pub use seal::{HALF, is_sealed, open_over, overwrite, seal_file};
pub use swap::open_swap;
pub use tries::{Failed, Tries, attempt, counts_tries, failed_tries, now, tries_file, tries_of};
pub use write::Writer;
pub(crate) use write::{growing_lengths, sync_folder};

use std::path::{Path, PathBuf};

/// File name of the lock, in the workspace's folder.
pub const LOCK_FILE: &str = "vault.json";
/// Folders between a workspace and its deepest file, and one more.
const DEPTH: usize = 6;

/// Whether a path lies in a workspace that is locked or being locked, by the file that says so.
pub fn guards(path: &Path) -> bool {
    guarded(path).is_some()
}

fn guarded(path: &Path) -> Option<PathBuf> {
    let full = std::path::absolute(path).ok()?;
    let mut folders = full.ancestors().take(DEPTH);
    folders
        .find(|folder| folder.join(LOCK_FILE).is_file())
        .map(Path::to_owned)
}

/// The key that a path needs: `None` for a path outside every locked workspace.
///
/// # Errors
/// [`Error::Locked`] where the workspace is locked and nobody opened it.
pub fn key_for(path: &Path) -> Result<Option<std::sync::Arc<Unlocked>>, Error> {
    if let Some(held) = keyring::held_for(path) {
        return Ok(Some(held));
    }
    match guarded(path) {
        Some(root) => Err(Error::Locked(root)),
        None => Ok(None),
    }
}
