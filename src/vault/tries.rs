//! Failed tries at the lock of a workspace, and at a person's key, counted in small files of the
//! workspace, so that a loop of commands waits as long as somebody at the window does. The file holds a number and a time, and no hint. Whoever may
//! write in the workspace may take it away: a thief is held up by the work that each passphrase costs.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// File name of the count, in the workspace's folder; others begin so.
const TRIES_FILE: &str = ".mekong-tries";
/// The longest that a try has to wait.
const LONGEST: Duration = Duration::from_secs(60);
/// Most bytes that are read of the file.
const MAX_BYTES: u64 = 64;

/// Tries that failed since the last one that opened the workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failed {
    /// How many.
    pub count: u32,
    /// When the last one ended, in milliseconds since 1970.
    pub at: u64,
}

impl Failed {
    /// One more, at this time in milliseconds since 1970.
    #[must_use]
    pub fn again(self, at: u64) -> Self {
        let count = self.count.saturating_add(1);
        Self { count, at }
    }

    /// How long the next try still has to wait at this time: one second after a failed one, twice as
    /// long after each further one, up to a minute. A clock that was set back makes it no longer.
    pub fn wait(self, now: u64) -> Duration {
        let Some(before) = self.count.checked_sub(1) else {
            return Duration::ZERO;
        };
        let whole = Duration::from_secs(1 << before.min(6)).min(LONGEST);
        let since = now.saturating_sub(self.at);
        whole.saturating_sub(Duration::from_millis(since))
    }
}

/// The file that counts tries at the lock of the workspace in this folder.
pub fn tries_file(root: &Path) -> PathBuf {
    root.join(TRIES_FILE)
}

/// The file in a folder that counts tries at one of several things, by its name.
pub fn tries_of(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{TRIES_FILE}-{name}"))
}

/// Whether a file of this name counts tries: it holds no secret, and is read without a key.
pub fn counts_tries(name: &str) -> bool {
    name.starts_with(TRIES_FILE)
}

/// A count, held so that one try is made at a time.
pub struct Tries {
    /// None where the workspace cannot be written.
    file: Option<File>,
    failed: Failed,
}

impl Tries {
    /// Takes the count, after whoever tries now. `known` is what this process knows itself: it counts
    /// where the file says less, is missing or is broken.
    pub fn hold(count: &Path, known: Failed) -> Self {
        let mut file = open(count);
        let stored = file.as_mut().and_then(read).unwrap_or_default();
        let failed = if stored.count > known.count {
            stored
        } else {
            known
        };
        Self { file, failed }
    }

    /// The count as it stands.
    pub fn failed(&self) -> Failed {
        self.failed
    }

    /// Keeps another count; where the disk refuses, this process alone knows it.
    pub fn set(&mut self, failed: Failed) {
        self.failed = failed;
        let text = format!("{} {}\n", failed.count, failed.at);
        if let Some(file) = &mut self.file {
            // Written over what was there, and cut only then: a kill in between leaves a whole line.
            let _ = file
                .seek(SeekFrom::Start(0))
                .and_then(|_| file.write_all(text.as_bytes()))
                .and_then(|()| file.set_len(text.len() as u64));
        }
    }
}

/// Makes one try once those before have been waited for, here and in other processes. `count` is the file
/// that counts them, `known` what this process knows itself.
///
/// # Errors
/// Those of `open`; one that `is_refusal` counts as a wrong passphrase.
pub fn attempt<T, E>(
    count: &Path,
    known: &Mutex<Failed>,
    open: impl FnOnce() -> Result<T, E>,
    is_refusal: impl Fn(&E) -> bool,
) -> Result<T, E> {
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    let mut tries = Tries::hold(count, *known);
    let before = tries.failed();
    thread::sleep(before.wait(now()));
    // Counted before it is made: whoever ends the program meanwhile has tried.
    tries.set(before.again(now()));
    let tried = open();
    tries.set(match &tried {
        Ok(_) => Failed::default(),
        Err(e) if is_refusal(e) => before.again(now()),
        Err(_) => before,
    });
    *known = tries.failed();
    tried
}

/// What the file that counts says, without waiting for anybody; none failed where it is missing or
/// broken, or somebody tries now.
pub fn failed_tries(count: &Path) -> Failed {
    let file = File::open(count).ok();
    let still = file.filter(|file| file.try_lock_shared().is_ok());
    still
        .and_then(|mut file| read(&mut file))
        .unwrap_or_default()
}

/// Milliseconds since 1970.
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u64::try_from(since.unwrap_or_default().as_millis()).unwrap_or_default()
}

fn open(path: &Path) -> Option<File> {
    // Never through a link: what it leads to would be written over.
    if path.symlink_metadata().is_ok_and(|meta| !meta.is_file()) {
        return None;
    }
    let mut how = OpenOptions::new();
    let how = how.read(true).write(true).create(true).truncate(false);
    let file = how.open(path).ok()?;
    file.lock().ok()?;
    Some(file)
}

fn read(file: &mut File) -> Option<Failed> {
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).ok()?;
    let (count, at) = text.lines().next()?.split_once(' ')?;
    Some(Failed {
        count: count.parse().ok()?,
        at: at.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_to_a_minute_and_passes_with_the_clock() {
        let mut failed = Failed::default();
        let mut waits = Vec::new();
        for _ in 0..9 {
            waits.push(failed.wait(5_000).as_secs());
            failed = failed.again(5_000);
        }
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(failed.wait(5_000 + 59_000), Duration::from_secs(1));
        assert_eq!(failed.wait(5_000 + 60_000), Duration::ZERO);
        // Set back to the beginning of time: no longer than a minute.
        assert_eq!(failed.wait(0), LONGEST);
        let most = Failed {
            count: u32::MAX,
            at: u64::MAX,
        };
        assert_eq!(most.again(7).wait(7), LONGEST);
    }

    #[test]
    fn the_count_outlasts_its_process_and_stands_in_no_hint() {
        let dir = tempfile::tempdir().unwrap();
        let path = tries_file(dir.path());
        let none = Failed::default();
        let mut tries = Tries::hold(&path, none);
        assert_eq!(tries.failed(), none);
        tries.set(none.again(7).again(8));
        drop(tries);
        assert_eq!(failed_tries(&path), Failed { count: 2, at: 8 });
        // Somebody else begins with it, and who knows of more goes on with that.
        assert_eq!(Tries::hold(&path, none).failed().count, 2);
        let known = none.again(1).again(2).again(3);
        assert_eq!(Tries::hold(&path, known).failed(), known);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "2 8\n");
        Tries::hold(&path, none).set(none);
        assert_eq!(failed_tries(&path), none);
    }

    #[test]
    fn a_missing_broken_or_foreign_file_is_no_error_and_no_hole() {
        let dir = tempfile::tempdir().unwrap();
        let path = tries_file(dir.path());
        let known = Failed { count: 3, at: 9 };
        for bytes in [
            &b""[..],
            b"3",
            b"x y\n",
            b"-1 5\n",
            b"99999999999 5\n",
            b"\xff\xfe 1\n",
            "ห้า 五\n".as_bytes(),
            &[b'1'; 300],
        ] {
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(failed_tries(&path), Failed::default(), "{bytes:?}");
            let mut tries = Tries::hold(&path, known);
            assert_eq!(tries.failed(), known);
            tries.set(known.again(10));
            drop(tries);
            assert_eq!(failed_tries(&path), known.again(10));
        }
        // A folder in its place: this process counts alone.
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        let mut tries = Tries::hold(&path, known);
        tries.set(known.again(10));
        assert_eq!(tries.failed(), known.again(10));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_its_place_leads_nowhere() {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("other");
        std::fs::write(&other, "សំខាន់").unwrap();
        let path = tries_file(dir.path());
        std::os::unix::fs::symlink(&other, &path).unwrap();
        Tries::hold(&path, Failed::default()).set(Failed { count: 1, at: 1 });
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "សំខាន់");
    }
}
