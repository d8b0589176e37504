//! Keeping others out of a process that holds a key: it leaves no core dump, no other program of the same
//! person may look into its memory, and it is not swapped to a disk in the clear. Where the system does
//! not offer that, the key is as safe as it was.

use std::sync::Once;

use super::resident;

static CLOSED: Once = Once::new();

/// From now on this process leaves no picture of its memory, if the system allows it. Called before a key is there.
pub(super) fn close() {
    CLOSED.call_once(|| {
        #[cfg(unix)]
        {
            use rustix::process::{Resource, Rlimit, setrlimit};
            let none = Rlimit {
                current: Some(0),
                maximum: Some(0),
            };
            let _ = setrlimit(Resource::Core, none);
        }
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{DumpableBehavior, set_dumpable_behavior};
            let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
        }
        // Whoever asks is told by `doctor`.
        let _ = resident::is_kept();
    });
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

    use crate::vault::{LockFile, RecoveryIdentity, WorkspaceKey};

    #[test]
    fn a_process_with_a_key_leaves_no_picture_of_its_memory() {
        let dir = tempfile::tempdir().unwrap();
        let key = WorkspaceKey::generate().unwrap();
        let recovery = RecoveryIdentity::generate();
        let words = "คนเจ็ดคน ຢູ່ເທິງຂົວ ស្ពាន တံတား cầu 桥";
        let lock = LockFile::make(&key, words, &recovery.recipient()).unwrap();
        lock.open(words, dir.path()).unwrap();
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
        assert_eq!(
            dumpable_behavior().unwrap(),
            DumpableBehavior::NotDumpable,
            "others may look into it"
        );
        // What the program itself asks the system of itself still works.
        for file in ["status", "stat", "maps", "fd"] {
            let path = std::path::Path::new("/proc/self").join(file);
            assert!(path.metadata().is_ok(), "{file}");
        }
        assert!(std::fs::read_to_string("/proc/self/status").is_ok());
    }
}
