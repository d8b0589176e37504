//! The lock of the workspace: locking it, opening it for this session, closing it again, another
//! passphrase, the recovery key.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, json};

use crate::domain::InterviewId;
use crate::evidence::{self, Event, Kind, WORKSPACE};
use crate::pipeline::{Progress, Step, Watcher};
use crate::store::Store;
use crate::text;
use crate::vault::{
    self, Failed, LockFile, Phrase, RecoveryIdentity, State, Unlocked, WorkspaceKey,
};

use super::leaving::home_of;
use super::lock::WorkLock;
use super::scratch::{IMPORTING, PLANS};
use super::{App, Error};

/// How deep the folders of an interview or a bundle go.
const DEPTH: u32 = 4;

/// Whether a workspace has a lock, and whether this session has opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VaultState {
    /// No lock: whoever has the disk reads everything.
    Plain,
    /// Locked, and not opened here.
    Locked,
    /// Locked, and open in this session.
    Open,
    /// Being locked: a part still lies in the clear until it is opened once more.
    Moving,
}

/// The key of this session; clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Door {
    key: Arc<Mutex<Option<Arc<Unlocked>>>>,
    failed: Arc<Mutex<Failed>>,
}

impl Door {
    fn set(&self, key: Option<Arc<Unlocked>>) {
        *self.key.lock().unwrap_or_else(PoisonError::into_inner) = key;
    }

    fn get(&self) -> Option<Arc<Unlocked>> {
        self.key
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Tries to open the lock once those before have been waited for, here and in other processes.
    fn attempt<T>(
        &self,
        root: &Path,
        open: impl FnOnce() -> Result<T, vault::Error>,
    ) -> Result<T, Error> {
        let is_refusal = |e: &vault::Error| matches!(e, vault::Error::Refused(_));
        let count = vault::tries_file(root);
        Ok(vault::attempt(&count, &self.failed, open, is_refusal)?)
    }
}

impl App {
    /// Whether the workspace is locked, and whether this session has opened it.
    ///
    /// # Errors
    /// A lock file that cannot be used.
    pub fn vault_state(&self) -> Result<VaultState, Error> {
        let lock = LockFile::read(self.workspace.root())?;
        Ok(match lock.map(|lock| lock.state) {
            None => VaultState::Plain,
            Some(State::Moving) => VaultState::Moving,
            Some(State::Locked) if self.door.get().is_some() => VaultState::Open,
            Some(State::Locked) => VaultState::Locked,
        })
    }

    /// The public half of the recovery key, where there is a lock.
    ///
    /// # Errors
    /// A lock file that cannot be used.
    pub fn recovery_recipient(&self) -> Result<Option<String>, Error> {
        let lock = LockFile::read(self.workspace.root())?;
        Ok(lock.map(|lock| lock.recipient().to_owned()))
    }

    /// Locks a workspace that lies in the clear: everything that was said in it is protected with a
    /// new key, which `passphrase` and the recovery key to `recipient` (`age1...`) open. A kill
    /// halfway loses nothing; the next [`Self::unlock`] goes on.
    ///
    /// # Errors
    /// A workspace that has a lock, or in which somebody works or hears something; a short passphrase; a
    /// full disk.
    pub fn lock_workspace(
        &self,
        passphrase: &str,
        recipient: &str,
        watcher: Watcher<'_>,
    ) -> Result<(), Error> {
        let root = self.workspace.root();
        let work = WorkLock::take(&self.workspace)?;
        if LockFile::read(root)?.is_some() {
            return Err(vault::Error::LockedBefore(root.to_owned()).into());
        }
        let _alone = self.sweep_out(&work)?;
        if self.workspace.store().exists() {
            // Of the newest form and whole, before anything is moved.
            self.store()?.check()?;
        }
        let key = WorkspaceKey::generate()?;
        let mut lock = LockFile::make(&key, &phrase(passphrase), recipient)?;
        lock.write(root)?;
        let held = vault::hold(root, key)?;
        self.move_in(&mut lock, watcher)?;
        self.door.set(Some(held));
        Ok(())
    }

    /// Locks it with a recovery key that is made for it and written to `file`, and gives its public half.
    /// Nobody can make the file again.
    ///
    /// # Errors
    /// As [`Self::lock_workspace`]; a file that is there already, or would lie in the workspace. Where the
    /// workspace was left in the clear, no file is left either.
    pub fn lock_with_new_key(
        &self,
        passphrase: &str,
        file: &Path,
        watcher: Watcher<'_>,
    ) -> Result<String, Error> {
        let root = self.workspace.root();
        if self.vault_state()? != VaultState::Plain {
            return Err(vault::Error::LockedBefore(root.to_owned()).into());
        }
        vault::long_enough(&phrase(passphrase))?;
        let whole = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        if home_of(file).starts_with(whole) {
            return Err(Error::KeyInside(file.to_owned()));
        }
        let made = RecoveryIdentity::generate();
        self.write_text(file, &made.to_text())?;
        let recipient = made.recipient();
        let locked = self.lock_workspace(passphrase, &recipient, watcher);
        // A lock that was begun with it needs it.
        let needed = |lock: &Option<String>| lock.as_ref() == Some(&recipient);
        if locked.is_err() && self.recovery_recipient().is_ok_and(|lock| !needed(&lock)) {
            let _ = fs::remove_file(file);
        }
        locked.map(|()| recipient)
    }

    /// How long the next try at the lock has to wait, because others failed before it.
    pub fn wait_before_unlocking(&self) -> Duration {
        let count = vault::tries_file(self.workspace.root());
        vault::failed_tries(&count).wait(vault::now())
    }

    /// Opens a locked workspace for this session; finishes a locking that was cut off. The workspace's
    /// own chain notes it, and through what: `window`, or the verb of a command.
    ///
    /// # Errors
    /// A wrong passphrase, after which the next try waits longer; a lock file that cannot be used.
    pub fn unlock(
        &self,
        passphrase: &str,
        through: &str,
        watcher: Watcher<'_>,
    ) -> Result<(), Error> {
        let root = self.workspace.root();
        let mut lock = self.vault_lock()?;
        let key = self
            .door
            .attempt(root, || lock.open(&phrase(passphrase), root))?;
        let held = vault::hold(root, key)?;
        // Asked whatever the file says of its state: that is not sealed.
        if self.is_replaced(&lock) {
            let _ = self.note_vault(Kind::Unlocked, &[("through", "an older lock, refused")]);
            return Err(vault::Error::OldLock(root.to_owned()).into());
        }
        if lock.state == State::Moving {
            let work = WorkLock::take(&self.workspace)?;
            let _alone = self.sweep_out(&work)?;
            self.move_in(&mut lock, watcher)?;
        }
        self.door.set(Some(held));
        // What was put there in the clear since, or by a version that left it so.
        let _ = self.seal_strays();
        // On a disk that only gives nothing can be noted, and a store that cannot be used is told of by
        // whatever is asked of it next: reading goes on.
        let mark = lock.mark();
        let _ = self.note_vault(Kind::Unlocked, &[("through", through), ("lock", &mark)]);
        Ok(())
    }

    /// Forgets the key; what still uses it in this process keeps it until it ends.
    pub fn close(&self) {
        // Whoever opens it next signs with their own key.
        let _ = self.sit_down(None);
        self.abroad.forget();
        self.door.set(None);
    }

    /// Another passphrase, by the old one.
    ///
    /// # Errors
    /// A wrong or short passphrase; a disk that refuses.
    pub fn change_passphrase(&self, old: &str, new: &str) -> Result<(), Error> {
        let root = self.workspace.root();
        let work = WorkLock::take(&self.workspace)?;
        let mut lock = self.vault_lock()?;
        let key = self.door.attempt(root, || lock.open(&phrase(old), root))?;
        self.rewrap((&mut lock, &work), key, new, Kind::PassphraseChanged)
    }

    /// Another passphrase, by the recovery key (the text of its file).
    ///
    /// # Errors
    /// A key that does not open it; a short passphrase; a disk that refuses.
    pub fn recover_workspace(&self, identity: &str, new: &str) -> Result<(), Error> {
        let root = self.workspace.root();
        let work = WorkLock::take(&self.workspace)?;
        let mut lock = self.vault_lock()?;
        let identity = RecoveryIdentity::read(identity)?;
        let key = self.door.attempt(root, || lock.recover(&identity, root))?;
        self.rewrap((&mut lock, &work), key, new, Kind::Recovered)
    }

    /// The same with the file that holds the recovery key.
    ///
    /// # Errors
    /// A file that cannot be read; as [`Self::recover_workspace`].
    pub fn recover_with_file(&self, file: &Path, new: &str) -> Result<(), Error> {
        let text = Phrase::read(file).map_err(|cause| Error::File {
            what: "read the file",
            cause,
            path: file.to_owned(),
        })?;
        self.recover_workspace(text.trim_end(), new)
    }

    fn vault_lock(&self) -> Result<LockFile, Error> {
        let root = self.workspace.root();
        let lock = LockFile::read(root)?;
        Ok(lock.ok_or_else(|| vault::Error::NoLock(root.to_owned()))?)
    }

    fn rewrap(
        &self,
        (lock, work): (&mut LockFile, &WorkLock),
        key: WorkspaceKey,
        new: &str,
        kind: Kind,
    ) -> Result<(), Error> {
        let root = self.workspace.root();
        let held = vault::hold(root, key)?;
        if kind == Kind::PassphraseChanged && self.is_replaced(lock) {
            return Err(vault::Error::OldLock(root.to_owned()).into());
        }
        let before = lock.mark();
        lock.change(held.key(), &phrase(new))?;
        if lock.state == State::Moving {
            let _alone = self.sweep_out(work)?;
            self.move_in(lock, &|_| {})?;
        }
        // The chain first: a passphrase that changed without an event would be worse than the other way.
        let mark = lock.mark();
        self.note_vault(kind, &[("lock", &mark), ("replaced", &before)])?;
        lock.write(root)?;
        // It lies on the disk: from here on no earlier one opens anything.
        let _ = self.note_vault(Kind::Unlocked, &[("through", "change"), ("lock", &mark)]);
        self.door.set(Some(held));
        Ok(())
    }

    /// Whether a change of the passphrase, which was complete because the workspace was opened through
    /// the lock that it made, put another lock in the place of this one. A store that cannot be read
    /// tells nothing and keeps nobody out.
    fn is_replaced(&self, lock: &LockFile) -> bool {
        let links = self.reading().and_then(|store| Ok(store.own_chain()?));
        let own = evidence::read(WORKSPACE, &links.unwrap_or_default()).unwrap_or_default();
        let mark = lock.mark();
        let opened = |change: &Event| {
            let mut later = own.iter().filter(|e| e.number > change.number);
            later
                .any(|e| e.kind == Kind::Unlocked.as_str() && e.fact("lock") == change.fact("lock"))
        };
        let mut changes = own.iter().filter(|e| e.fact("replaced") == Some(&mark));
        changes.any(opened)
    }

    fn note_vault(&self, kind: Kind, known: &[(&str, &str)]) -> Result<(), Error> {
        let mut facts = Map::new();
        for (name, fact) in known {
            facts.insert((*name).into(), json!(fact));
        }
        self.store()?.note_own(kind, facts, None)?;
        Ok(())
    }

    /// Protects what still lies in the clear. Every step can be repeated.
    fn move_in(&self, lock: &mut LockFile, watcher: Watcher<'_>) -> Result<(), Error> {
        Store::protect(&self.workspace.store())?;
        let files = self.plain_files()?;
        let total = files.len() as u64;
        for (done, path) in (0..).zip(&files) {
            let step = Step::Protecting;
            watcher(Progress::Step { step, done, total });
            vault::seal_file(path)?;
        }
        self.hide_name()?;
        if !self
            .store()?
            .has_own(Kind::Locked, "recovery", lock.recipient())?
        {
            self.note_vault(Kind::Locked, &[("recovery", lock.recipient())])?;
        }
        lock.state = State::Locked;
        Ok(lock.write(self.workspace.root())?)
    }

    /// Seals what lies beside the interviews and holds words of them: own terms, settings put aside.
    fn seal_strays(&self) -> Result<(), Error> {
        for path in self.own_terms() {
            vault::seal_file(&path)?;
        }
        self.seal_aside()
    }

    /// The files of interviews and of partners' bundles that lie in the clear. What an import left
    /// half-written is removed.
    fn plain_files(&self) -> Result<Vec<PathBuf>, Error> {
        let mut found = Vec::new();
        let store = self.store()?;
        for folder in folders(&self.workspace.recordings())? {
            let name = folder.file_name().and_then(|n| n.to_str());
            let name = name.unwrap_or_default();
            let ours = name.starts_with('.')
                || PLANS.iter().any(|plan| folder.join(plan).is_file())
                || store.interview(&InterviewId(name.to_owned())).is_ok();
            // Practice interviews and whatever else a person put there is not touched.
            if ours {
                collect(&folder, DEPTH, &mut found)?;
            }
        }
        collect(&self.workspace.received(), DEPTH, &mut found)?;
        // Who signs here is told by the public halves; the secret ones have passphrases of their own.
        collect(&self.workspace.keys(), 0, &mut found)?;
        found.extend(self.own_terms());
        Ok(found)
    }
}

/// A passphrase as it counts: two keyboards may put the same letters together in two ways.
fn phrase(typed: &str) -> Phrase {
    text::composed(typed).collect()
}

fn folders(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    for entry in entries(root)? {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

fn entries(folder: &Path) -> Result<Vec<fs::DirEntry>, Error> {
    let failed = |cause| Error::File {
        what: "list the folder",
        cause,
        path: folder.to_owned(),
    };
    match fs::read_dir(folder) {
        Ok(entries) => entries.collect::<Result<_, _>>().map_err(failed),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(cause) => Err(failed(cause)),
    }
}

fn collect(folder: &Path, depth: u32, found: &mut Vec<PathBuf>) -> Result<(), Error> {
    for entry in entries(folder)? {
        let path = entry.path();
        let failed = |cause| Error::File {
            what: "look at the file",
            cause,
            path: path.clone(),
        };
        let kind = entry.file_type().map_err(failed)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if kind.is_dir() && depth > 0 {
            collect(&path, depth - 1, found)?;
        } else if kind.is_file() && (name.starts_with(IMPORTING) || name.starts_with(vault::HALF)) {
            fs::remove_file(&path).map_err(failed)?;
        } else if kind.is_file()
            && !vault::counts_tries(&name)
            && !vault::is_sealed(&path).map_err(failed)?
        {
            found.push(path);
        }
    }
    Ok(())
}
