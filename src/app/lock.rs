//! One process at a time fills in rows of a workspace; reading needs no lock.

use std::fs::{File, OpenOptions, TryLockError};

use crate::workspace::Workspace;

use super::Error;

/// Held while rows are filled in. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct WorkLock(#[expect(dead_code, reason = "held for its lock, never read")] File);

impl WorkLock {
    /// Takes the lock or says who is in the way.
    ///
    /// # Errors
    /// [`Error::Busy`]; [`Error::File`] on a read-only disk.
    pub(super) fn take(workspace: &Workspace) -> Result<Self, Error> {
        workspace.make_folders()?;
        let path = workspace.lock_file();
        let unusable = |cause| Error::File {
            what: "begin to write in this workspace",
            cause,
            path: workspace.root().to_owned(),
        };
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Busy(workspace.root().to_owned())),
            Err(TryLockError::Error(cause)) => Err(unusable(cause)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_taker_is_told_and_may_take_it_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(dir.path()).unwrap();
        let first = WorkLock::take(&workspace).unwrap();
        assert!(matches!(WorkLock::take(&workspace), Err(Error::Busy(_))));
        drop(first);
        WorkLock::take(&workspace).unwrap();
    }
}
