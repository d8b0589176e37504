//! Where things are: finding or making the workspace, and the names of the folders and files in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::{InterviewId, next_step, reason};

/// Why no workspace could be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder that was named is not there.
    #[error("the workspace folder does not exist: {0}")]
    Missing(PathBuf),
    /// What was named is a file.
    #[error("the workspace must be a folder, and this is a file: {0}")]
    NotAFolder(PathBuf),
    /// A folder could not be made.
    #[error("cannot make a folder of the workspace: {why}: {path}", why = reason(.cause))]
    Create {
        /// What the system said.
        cause: io::Error,
        /// The folder.
        path: PathBuf,
    },
    /// The system names no folder for application data.
    #[error("this system names no folder for application data")]
    NoDataFolder,
}

impl Error {
    /// The next step.
    pub fn help(&self) -> String {
        match self {
            Error::Missing(_) => {
                "Make the folder first, or leave --workspace out to use the usual place.".into()
            }
            Error::NotAFolder(_) => {
                "Name the folder that it lies in, or another folder, with --workspace.".into()
            }
            Error::Create { cause, .. } => format!(
                "{} Another folder can be named with --workspace.",
                next_step(cause)
            ),
            Error::NoDataFolder => "Name a folder with --workspace DIR.".into(),
        }
    }
}

/// A folder with models/, glossaries/, recordings/ and the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// A workspace at `root`, which must be there. Makes nothing: see [`Self::make_folders`].
    ///
    /// # Errors
    /// [`Error::Missing`] when `root` itself is not there, [`Error::NotAFolder`] when it is a file.
    pub fn at(root: &Path) -> Result<Self, Error> {
        if !root.is_dir() {
            let is_there = root.symlink_metadata().is_ok_and(|meta| meta.is_file());
            let wrong = if is_there {
                Error::NotAFolder
            } else {
                Error::Missing
            };
            return Err(wrong(root.to_owned()));
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    /// Finds the workspace: the folder named, else `MEKONG_WORKSPACE`, else the current folder if
    /// it has the shape of one, else the platform's data folder, made on first use.
    ///
    /// # Errors
    /// When a named folder is missing or the data folder cannot be made.
    pub fn find(named: Option<&Path>, env: Option<&Path>, current: &Path) -> Result<Self, Error> {
        if let Some(root) = named.or(env) {
            return Self::at(root);
        }
        if has_shape(current) {
            return Ok(Self {
                root: current.to_owned(),
            });
        }
        let dirs = directories::ProjectDirs::from("", "", "mekong-interview")
            .ok_or(Error::NoDataFolder)?;
        let found = Self {
            root: dirs.data_dir().to_owned(),
        };
        found.make_folders()?;
        Ok(found)
    }

    /// Makes the three folders. Called by whatever is about to write.
    ///
    /// # Errors
    /// [`Error::Create`] on a full or read-only disk.
    pub fn make_folders(&self) -> Result<(), Error> {
        for path in [self.models(), self.glossaries(), self.recordings()] {
            fs::create_dir_all(&path).map_err(|cause| Error::Create { cause, path })?;
        }
        Ok(())
    }

    /// The workspace's own folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// One folder a model.
    pub fn models(&self) -> PathBuf {
        self.root.join("models")
    }

    /// The agency's own forms of the record; there only where somebody changes them.
    pub fn templates(&self) -> PathBuf {
        self.root.join("templates")
    }

    /// One CSV file a domain.
    pub fn glossaries(&self) -> PathBuf {
        self.root.join("glossaries")
    }

    /// One folder an interview.
    pub fn recordings(&self) -> PathBuf {
        self.root.join("recordings")
    }

    /// The folder of one interview.
    pub fn recording(&self, id: &InterviewId) -> PathBuf {
        self.recordings().join(&id.0)
    }

    /// The database.
    pub fn store(&self) -> PathBuf {
        self.root.join("store.sqlite3")
    }

    /// Keys of the people who sign, and of partners who are trusted.
    pub fn keys(&self) -> PathBuf {
        self.root.join("keys")
    }

    /// One folder a bundle that came from a partner.
    pub fn received(&self) -> PathBuf {
        self.root.join("received")
    }

    /// Held by whichever process fills in rows, so that two never do the same work.
    pub fn lock_file(&self) -> PathBuf {
        self.root.join(".mekong-lock")
    }

    /// Held together by all who have temporary files here, and alone by whoever removes leftovers.
    pub fn scratch_lock(&self) -> PathBuf {
        self.root.join(".mekong-temporary")
    }

    /// Who works at the desktop, sealed: only in a locked workspace.
    pub fn desktop_name(&self) -> PathBuf {
        self.root.join("desktop-name")
    }

    /// What a person chose for the desktop.
    pub fn desktop_file(&self) -> PathBuf {
        self.root.join("desktop.toml")
    }

    /// The microphone that was used last, by its identity.
    pub fn microphone_file(&self) -> PathBuf {
        self.root.join("microphone.json")
    }

    /// How fast each recognition engine was on this machine.
    pub fn engines_file(&self) -> PathBuf {
        self.root.join("engines.json")
    }

    /// How the confidence of speech models is to be read, as measured here.
    pub fn calibrations_file(&self) -> PathBuf {
        self.root.join("calibrations.json")
    }

    /// Settings a person may write.
    pub fn config_file(&self) -> PathBuf {
        self.root.join("config.toml")
    }
}

fn has_shape(folder: &Path) -> bool {
    ["models", "glossaries", "recordings"]
        .iter()
        .all(|name| folder.join(name).is_dir())
}

/// The folder that holds the practice kit (`models/practice`, `recordings/practice`): the
/// workspace itself, a folder above the program, or the folder the program was built from.
pub fn find_kit(workspace: &Workspace, env: Option<&Path>) -> Option<PathBuf> {
    let exe = std::env::current_exe().ok();
    let above = exe
        .iter()
        .flat_map(|path| path.ancestors().skip(1).map(Path::to_owned));
    env.map(Path::to_owned)
        .into_iter()
        .chain([workspace.root.clone()])
        .chain(above)
        .chain([PathBuf::from(env!("CARGO_MANIFEST_DIR"))])
        .find(|root| is_kit(root))
}

/// Whether the practice kit lies in `root`.
pub fn is_kit(root: &Path) -> bool {
    root.join("recordings/practice").is_dir() && root.join("models/practice").is_dir()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_folder_wins_over_the_environment_and_the_shape() {
        let named = tempfile::tempdir().unwrap();
        let env = tempfile::tempdir().unwrap();
        let current = tempfile::tempdir().unwrap();
        let at = |path: &Path| Workspace {
            root: path.to_owned(),
        };
        at(current.path()).make_folders().unwrap();
        let find = |n, e| Workspace::find(n, e, current.path()).unwrap();
        assert_eq!(find(Some(named.path()), Some(env.path())), at(named.path()));
        assert_eq!(find(None, Some(env.path())), at(env.path()));
        assert_eq!(find(None, None), at(current.path()));
    }

    #[test]
    fn a_file_is_not_said_to_be_missing() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let told = Workspace::at(file.path()).unwrap_err();
        assert!(matches!(told, Error::NotAFolder(_)), "{told}");
    }

    #[test]
    fn a_named_folder_that_is_missing_is_an_error_and_is_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("nowhere");
        assert!(matches!(
            Workspace::find(Some(&missing), None, dir.path()),
            Err(Error::Missing(path)) if path == missing
        ));
        assert!(!missing.exists());
    }
}
