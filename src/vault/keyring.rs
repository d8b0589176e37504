//! The keys of the workspaces that are unlocked in this process, by folder. A key is here for as long
//! as somebody holds its [`Unlocked`]; then it is wiped.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::write::Tails;
use super::{Error, Locked, Phrase, WorkspaceKey};

/// An unlocked workspace.
pub struct Unlocked {
    key: WorkspaceKey,
    pub(super) identity: Locked<age::x25519::Identity>,
    pub(super) tails: Tails,
    root: PathBuf,
}

impl Unlocked {
    /// The store's key, 64 hexadecimal digits.
    pub fn store_key(&self) -> Phrase {
        self.key.store_key()
    }

    /// The key itself, to be wrapped anew.
    pub fn key(&self) -> &WorkspaceKey {
        &self.key
    }
}

impl std::fmt::Debug for Unlocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unlocked")
    }
}

static HELD: Mutex<Vec<Weak<Unlocked>>> = Mutex::new(Vec::new());

fn held() -> MutexGuard<'static, Vec<Weak<Unlocked>>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds a key for a workspace until the last clone of what this returns is gone.
///
/// # Errors
/// A folder whose full path cannot be told.
pub fn hold(root: &Path, key: WorkspaceKey) -> Result<Arc<Unlocked>, Error> {
    let root = std::path::absolute(root).map_err(|cause| Error::File {
        what: "find the workspace",
        cause,
        path: root.to_owned(),
    })?;
    let unlocked = Arc::new(Unlocked {
        identity: key.files()?,
        key,
        tails: Tails::default(),
        root,
    });
    let mut all = held();
    all.retain(|one| one.strong_count() > 0);
    all.push(Arc::downgrade(&unlocked));
    Ok(unlocked)
}

/// The key of the workspace that a path lies in.
pub(super) fn held_for(path: &Path) -> Option<Arc<Unlocked>> {
    let all: Vec<Arc<Unlocked>> = held().iter().filter_map(Weak::upgrade).collect();
    if all.is_empty() {
        return None;
    }
    let full = std::path::absolute(path).ok()?;
    // Tails of growing files belong to the first holder: whoever comes later shares them.
    all.into_iter().find(|one| full.starts_with(&one.root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_below_its_folder_and_gone_with_its_holder() {
        let dir = tempfile::tempdir().unwrap();
        let held = hold(dir.path(), WorkspaceKey::generate().unwrap()).unwrap();
        let file = dir.path().join("recordings/a/b.wav");
        let found = held_for(&file).unwrap();
        assert_eq!(found.store_key(), held.store_key());
        assert!(held_for(&std::env::temp_dir().join("elsewhere")).is_none());
        drop((held, found));
        assert!(held_for(&file).is_none());
    }
}
