//! Temporary folders of the workspace, and what a kill left of them.
//!
//! Whoever has such a folder shares one lock with all others who do. Whoever sweeps takes that lock
//! alone, so that nothing is removed under somebody's hands.

use std::fs::{self, DirEntry, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::vault;

use super::lock::WorkLock;
use super::whole::remove_leftovers;
use super::{App, Error};

/// Files that say that a folder is an interview to be.
pub(super) const PLANS: [&str; 2] = ["intake.json", "session.json"];
/// How names of half-decoded and half-copied recordings begin.
pub(super) const IMPORTING: &str = ".importing-";

/// What temporary folders are for; each has its place and the beginning of its names.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// The working copies of a recording that is only heard.
    Hearing,
    /// The sound of a covered copy.
    Covering,
    /// A partner's bundle that is being checked.
    Receiving,
    /// A model that is being copied.
    Importing,
    /// A model that is being made smaller.
    Shrinking,
}

impl Purpose {
    const ALL: [Self; 5] = [
        Self::Hearing,
        Self::Covering,
        Self::Receiving,
        Self::Importing,
        Self::Shrinking,
    ];

    const fn prefix(self) -> &'static str {
        match self {
            Self::Hearing => ".scratch-",
            Self::Covering => ".covered-",
            Self::Receiving => ".incoming-",
            Self::Importing => IMPORTING,
            Self::Shrinking => ".shrinking-",
        }
    }

    fn place(self, app: &App) -> PathBuf {
        let workspace = &app.workspace;
        match self {
            Self::Hearing | Self::Covering => workspace.recordings(),
            Self::Receiving => workspace.received(),
            Self::Importing | Self::Shrinking => workspace.models(),
        }
    }
}

/// Held by whoever has temporary files in the workspace.
#[derive(Debug)]
pub(super) struct Hold(#[expect(dead_code, reason = "held for its lock, never read")] File);

/// A temporary folder, gone when this is dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: TempDir,
    _hold: Option<Hold>,
}

impl Scratch {
    /// A folder outside of the workspace.
    pub(super) fn elsewhere() -> io::Result<Self> {
        Ok(Self {
            folder: tempfile::tempdir()?,
            _hold: None,
        })
    }

    /// Where it is. Renamed away, it is no longer there to be removed.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl App {
    /// Says that temporary files are in use; waits for whoever removes some now.
    pub(super) fn hold(&self) -> Result<Hold, Error> {
        let path = self.workspace.scratch_lock();
        let file = open_lock(&path).and_then(|file| file.lock_shared().map(|()| file));
        file.map(Hold).map_err(|cause| Error::File {
            what: "make a temporary file",
            cause,
            path: self.workspace.root().to_owned(),
        })
    }

    /// A new temporary folder of the workspace.
    ///
    /// # Errors
    /// A disk that refuses.
    pub(super) fn scratch(&self, purpose: Purpose) -> Result<Scratch, Error> {
        let hold = self.hold()?;
        let place = purpose.place(self);
        let made = fs::create_dir_all(&place).and_then(|()| {
            let mut how = tempfile::Builder::new();
            how.prefix(purpose.prefix()).tempdir_in(&place)
        });
        match made {
            Ok(folder) => Ok(Scratch {
                folder,
                _hold: Some(hold),
            }),
            Err(cause) => Err(Error::File {
                what: "make a temporary folder",
                cause,
                path: place,
            }),
        }
    }

    /// Removes what commands left that were killed, and says how much that was. Quiet where somebody
    /// uses temporary files now, and where the disk refuses: a leftover costs room, no evidence.
    pub(super) fn sweep(&self, _work: &WorkLock) -> usize {
        self.sweep_halves();
        if self.leftovers().is_empty() {
            return 0;
        }
        let Some(_alone) = self.alone() else {
            return 0;
        };
        let found = self.leftovers().into_iter();
        found.filter(|path| remove(path, false).is_ok()).count()
    }

    /// The same before the workspace is locked: nothing may be left, and what was in it is overwritten.
    /// Nobody has temporary files as long as what is returned is held.
    ///
    /// # Errors
    /// [`Error::Busy`] where somebody uses temporary files now; a disk that refuses.
    pub(super) fn sweep_out(&self, _work: &WorkLock) -> Result<File, Error> {
        let root = self.workspace.root();
        let alone = self.alone().ok_or_else(|| Error::Busy(root.to_owned()))?;
        self.sweep_halves();
        for path in self.leftovers() {
            remove(&path, true).map_err(|cause| Error::File {
                what: "remove what an interrupted command left",
                cause,
                path,
            })?;
        }
        Ok(alone)
    }

    /// The lock of temporary files, if nobody else has it.
    fn alone(&self) -> Option<File> {
        let file = open_lock(&self.workspace.scratch_lock()).ok()?;
        file.try_lock().is_ok().then_some(file)
    }

    /// Temporary folders and files that are there, those in use among them.
    pub(super) fn leftovers(&self) -> Vec<PathBuf> {
        let root = self.workspace.root();
        let mut found = Vec::new();
        for purpose in Purpose::ALL {
            add(&purpose.place(self), &mut found, &|name, _| {
                name.starts_with(purpose.prefix())
            });
        }
        // Where earlier versions put them.
        add(root, &mut found, &|name, _| {
            name.starts_with(Purpose::Covering.prefix())
        });
        for folder in [
            root.to_owned(),
            self.workspace.keys(),
            self.workspace.models(),
        ] {
            add(&folder, &mut found, &|name, _| is_unnamed(name));
        }
        for folder in self.half_made() {
            add(&folder, &mut found, &|name, entry| {
                name.starts_with(IMPORTING) && entry.file_type().is_ok_and(|kind| kind.is_file())
            });
        }
        found
    }

    /// Removes half-written files whose writer is gone.
    fn sweep_halves(&self) {
        let workspace = &self.workspace;
        remove_leftovers(workspace.root());
        for folder in [workspace.glossaries(), workspace.templates()] {
            remove_leftovers(&folder);
        }
    }

    /// Folders of interviews that are still to become whole.
    fn half_made(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        add(
            &self.workspace.recordings(),
            &mut found,
            &|name, entry| match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    let folder = entry.path();
                    name.starts_with('.') || PLANS.iter().any(|plan| folder.join(plan).is_file())
                }
                _ => false,
            },
        );
        found
    }
}

fn open_lock(path: &Path) -> io::Result<File> {
    let mut how = OpenOptions::new();
    how.create(true).truncate(false).write(true).open(path)
}

/// Adds what is called so in a folder, which need not be there.
fn add(folder: &Path, found: &mut Vec<PathBuf>, ours: &dyn Fn(&str, &DirEntry) -> bool) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        if entry.file_name().to_str().is_some_and(|n| ours(n, &entry)) {
            found.push(entry.path());
        }
    }
}

/// The names that temporary files and folders have where nobody gives them one: `.tmp` and six letters.
fn is_unnamed(name: &str) -> bool {
    let rest = name.strip_prefix(".tmp");
    rest.is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// Removes a file or a folder; where asked, zeros take the place of what was in it first.
fn remove(path: &Path, wipe: bool) -> io::Result<()> {
    let kind = path.symlink_metadata()?.file_type();
    if kind.is_dir() {
        for entry in fs::read_dir(path)? {
            remove(&entry?.path(), wipe)?;
        }
        return fs::remove_dir(path);
    }
    if wipe && kind.is_file() {
        // A file that belongs to somebody else can be removed all the same.
        let _ = vault::open_over(path).and_then(vault::overwrite);
    }
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Options;

    fn app() -> (TempDir, App) {
        let dir = tempfile::tempdir().unwrap();
        let app = App::open(&Options {
            workspace: Some(dir.path().to_owned()),
            ..Options::default()
        });
        (dir, app.unwrap())
    }

    /// What kills leave, by the places of all versions.
    const LEFT: [&str; 9] = [
        "recordings/.scratch-a1b2c3/working-0.wav",
        "recordings/.covered-a1b2c3/covered.wav",
        "recordings/20260101-000000-00000a/.importing-a1b2c3",
        ".covered-a1b2c3/covered.wav",
        "received/.incoming-a1b2c3/data/transcript.txt",
        "models/.importing-a1b2c3/weights.bin",
        "models/.tmpA1b2C3/config.json",
        "keys/.tmpA1b2C3",
        ".tmpA1b2C3",
    ];
    /// What is not ours to remove.
    const KEPT: [&str; 8] = [
        "recordings/.incoming-a1b2c3/intake.json",
        "recordings/20260101-000000-00000a/session.json",
        "recordings/practice/.importing-a1b2c3",
        "received/0123456789abcdef0123456789abcdef/transcript.txt",
        "models/small/config.json",
        "keys/0123456789abcdef.public.json",
        ".tmp-of-somebody",
        ".scratch-notes",
    ];

    fn plant(root: &Path, names: &[&str]) {
        for name in names {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "ຫຼວງພະບາງ 张伟").unwrap();
        }
    }

    #[test]
    fn what_a_kill_left_is_swept_and_nothing_else() {
        let (dir, app) = app();
        plant(dir.path(), &LEFT);
        plant(dir.path(), &KEPT);
        let work = WorkLock::take(&app.workspace).unwrap();
        assert_eq!(app.leftovers().len(), LEFT.len());
        assert_eq!(app.sweep(&work), LEFT.len());
        for left in LEFT {
            assert!(!dir.path().join(left).exists(), "{left}");
        }
        for kept in KEPT {
            assert!(dir.path().join(kept).is_file(), "{kept}");
        }
        assert!(app.leftovers().is_empty());
        assert_eq!(app.sweep(&work), 0);
    }

    #[test]
    fn what_somebody_uses_is_left_to_them_and_keeps_the_workspace_from_being_locked() {
        let (dir, app) = app();
        plant(dir.path(), &LEFT);
        plant(dir.path(), &KEPT[..2]);
        let in_use = app.scratch(Purpose::Hearing).unwrap();
        fs::write(in_use.path().join("working-0.wav"), "សុខា").unwrap();
        let work = WorkLock::take(&app.workspace).unwrap();
        assert_eq!(app.sweep(&work), 0);
        assert!(in_use.path().join("working-0.wav").is_file());
        assert!(matches!(app.sweep_out(&work), Err(Error::Busy(_))));
        drop(work);
        let recovery = vault::RecoveryIdentity::generate().recipient();
        let locking = || app.lock_workspace("เรือเก้าลำ chín con thuyền", &recovery, &|_| {});
        assert!(matches!(locking(), Err(Error::Busy(_))));
        assert!(!dir.path().join(vault::LOCK_FILE).exists());
        drop(in_use);
        locking().unwrap();
        for left in LEFT {
            assert!(!dir.path().join(left).exists(), "{left}");
        }
        // Temporary folders can be had again.
        drop(app.scratch(Purpose::Covering).unwrap());
    }

    #[test]
    fn what_is_removed_before_a_lock_is_overwritten_first() {
        let (dir, app) = app();
        let path = dir.path().join(".covered-a1b2c3/covered.wav");
        plant(dir.path(), &[".covered-a1b2c3/covered.wav"]);
        let other = dir.path().join("other name");
        fs::hard_link(&path, &other).unwrap();
        let work = WorkLock::take(&app.workspace).unwrap();
        drop(app.sweep_out(&work).unwrap());
        assert!(!path.exists());
        assert!(fs::read(other).unwrap().iter().all(|b| *b == 0));
    }
}
