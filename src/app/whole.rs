//! Files that come wholly or not at all. On Linux a file is written without a name and gets one at its
//! end, so that a kill leaves nothing behind. Where the disk cannot do that, it has a name of ours
//! meanwhile, which the next one who writes into the same folder removes.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::NamedTempFile;

use crate::vault;

use super::Error;

/// How the names of half-written files begin.
const PART: &str = ".mekong-part-";
/// Tries to make a file before somebody else takes it for a leftover.
const TRIES: usize = 8;

/// Writes a file and puts it at `out` in one step, so that a full disk or a kill leaves the old file as
/// it was and no half of the new one. Without `replace` a file that is there stays.
///
/// # Errors
/// A file, a folder or a device that is in the way; a disk that refuses; what `write` says.
pub(super) fn write_whole(
    out: &Path,
    replace: bool,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<(), Error>,
) -> Result<(), Error> {
    match write_noted(out, replace, write, &mut |()| Ok(())) {
        Err(Error::NotedOnly(cause)) => Err(*cause),
        done => done,
    }
}

/// The same; when the file is whole on the disk, and before it is given its name, `note` is told what
/// `write` said. Where that fails there is no file.
///
/// # Errors
/// Those of [`write_whole`]; what `note` says; [`Error::NotedOnly`] where only the name could not be
/// given.
pub(super) fn write_noted<T>(
    out: &Path,
    replace: bool,
    write: &mut dyn FnMut(&mut dyn Write) -> Result<T, Error>,
    note: &mut dyn FnMut(&T) -> Result<(), Error>,
) -> Result<T, Error> {
    let failed = |cause: io::Error| Error::File {
        what: "write the file",
        cause,
        path: out.to_owned(),
    };
    if out.symlink_metadata().is_ok() {
        if !out.is_file() {
            return Err(Error::NoPlainFile(out.to_owned()));
        }
        if !replace {
            return Err(Error::Exists(out.to_owned()));
        }
    }
    let folder = folder_of(out);
    remove_leftovers(folder);
    let half = Half::begin(folder).map_err(|e| match e.kind() {
        kind @ io::ErrorKind::NotFound => failed(io::Error::new(kind, "there is no such folder")),
        _ => failed(e),
    })?;
    let mut buffered = BufWriter::new(half.file());
    let told = write(&mut buffered)?;
    buffered.into_inner().map_err(|e| failed(e.into_error()))?;
    half.file().sync_all().map_err(failed)?;
    note(&told)?;
    half.place(out, replace).map_err(|e| {
        let cause = match e.kind() {
            io::ErrorKind::AlreadyExists => Error::Exists(out.to_owned()),
            _ => failed(e),
        };
        Error::NotedOnly(Box::new(cause))
    })?;
    keep_name(folder).map_err(failed)?;
    Ok(told)
}

pub(super) fn folder_of(out: &Path) -> &Path {
    match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Removes what a kill left of half-written files. One that somebody holds locked is being written.
pub(super) fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name.to_str().is_some_and(|name| name.starts_with(PART));
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        // Opened for writing: over a network only that can be locked.
        let file = OpenOptions::new().write(true).open(entry.path());
        if file.is_ok_and(|file| file.try_lock().is_ok()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Makes the file's name outlast a power cut. Its content is on the disk already, so a disk that cannot
/// do this for a folder is no failure.
fn keep_name(folder: &Path) -> io::Result<()> {
    use io::ErrorKind::{InvalidInput, PermissionDenied, Unsupported};
    match vault::sync_folder(folder) {
        Err(e) if matches!(e.kind(), InvalidInput | PermissionDenied | Unsupported) => Ok(()),
        done => done,
    }
}

/// A file that has not come to its place.
enum Half {
    /// It has no name, and is gone with this process.
    #[cfg(target_os = "linux")]
    Unnamed(File),
    /// It has a name of ours.
    Named(NamedTempFile),
}

impl Half {
    fn begin(folder: &Path) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = unnamed(folder) {
            return Ok(Self::Unnamed(file));
        }
        named(folder).map(Self::Named)
    }

    fn file(&self) -> &File {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => file,
            Self::Named(file) => file.as_file(),
        }
    }

    fn place(self, out: &Path, replace: bool) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Unnamed(file) => place_unnamed(file, out, replace),
            Self::Named(file) => place_named(file, out, replace),
        }
    }
}

/// A file under a name of ours, locked so that nobody takes it for a leftover.
fn named(folder: &Path) -> io::Result<NamedTempFile> {
    for _ in 0..TRIES {
        let file = tempfile::Builder::new().prefix(PART).tempfile_in(folder)?;
        let taken = matches!(file.as_file().try_lock(), Err(TryLockError::WouldBlock));
        // Where nothing can be locked nobody removes anything either.
        if !taken && file.path().exists() {
            return Ok(file);
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

fn place_named(file: NamedTempFile, out: &Path, replace: bool) -> io::Result<()> {
    let placed = if replace {
        file.persist(out)
    } else {
        file.persist_noclobber(out)
    };
    placed.map(|_| ()).map_err(|e| e.error)
}

/// A file without a name, on a disk that has such.
#[cfg(target_os = "linux")]
fn unnamed(folder: &Path) -> Option<File> {
    use rustix::fs::{Mode, OFlags, open};
    let how = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    let file = File::from(open(folder, how, Mode::RUSR | Mode::WUSR).ok()?);
    // For the moment in which it has a name of ours, on its way over another file.
    let _ = file.try_lock();
    Some(file)
}

#[cfg(target_os = "linux")]
fn place_unnamed(mut file: File, out: &Path, replace: bool) -> io::Result<()> {
    use std::io::{Seek as _, SeekFrom};
    let exists = |e: &io::Error| e.kind() == io::ErrorKind::AlreadyExists;
    let folder = folder_of(out);
    match give_name(&file, out) {
        Err(e) if exists(&e) && replace => {
            // A name cannot be given over another file: first one of ours, then in its place.
            let mut how = tempfile::Builder::new();
            let beside = how
                .prefix(PART)
                .make_in(folder, |path| give_name(&file, path))?;
            beside.persist(out).map_err(|e| e.error)
        }
        Err(e) if !exists(&e) => {
            // A disk that has files without a name and gives them none, or a system without /proc.
            let mut copy = named(folder)?;
            file.seek(SeekFrom::Start(0))?;
            io::copy(&mut file, copy.as_file_mut())?;
            copy.as_file().sync_all()?;
            place_named(copy, out, replace)
        }
        done => done,
    }
}

/// The first name of a file without one; never one that is there already.
#[cfg(target_os = "linux")]
fn give_name(file: &File, path: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, linkat};
    use std::os::fd::AsRawFd as _;
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(linkat(CWD, own, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &str = "我叫张伟 Hà Nội ที่ไหน ຫຼວງພະບາງ ခေါ်လဲ សុខា";

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap());
        let mut all: Vec<String> = entries
            .map(|e| e.file_name().into_string().unwrap())
            .collect();
        all.sort();
        all
    }

    fn write(out: &Path, replace: bool, words: &str) -> Result<(), Error> {
        write_whole(out, replace, &mut |file| {
            file.write_all(words.as_bytes()).unwrap();
            Ok(())
        })
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn while_a_file_is_written_its_folder_shows_nothing_of_it() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("ພາສາ.txt");
        for words in ["an old one", WORDS] {
            let before = names(dir.path());
            write_whole(&out, true, &mut |file| {
                file.write_all(words.as_bytes()).unwrap();
                file.flush().unwrap();
                assert_eq!(names(dir.path()), before);
                Ok(())
            })
            .unwrap();
            assert_eq!(fs::read_to_string(&out).unwrap(), words);
            assert_eq!(names(dir.path()), ["ພາສາ.txt"]);
        }
    }

    #[test]
    fn a_file_that_is_there_stays_unless_it_is_to_be_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("a.txt");
        write(&out, false, WORDS).unwrap();
        assert!(matches!(write(&out, false, "x"), Err(Error::Exists(_))));
        // One that came while it was written, too.
        let late = dir.path().join("b.txt");
        let told = write_whole(&late, false, &mut |_| {
            fs::write(&late, "of somebody else").unwrap();
            Ok(())
        });
        assert!(matches!(told, Err(Error::Exists(_))), "{told:?}");
        assert_eq!(fs::read_to_string(&late).unwrap(), "of somebody else");
        assert_eq!(fs::read_to_string(&out).unwrap(), WORDS);
        let given_up = write_whole(&out, true, &mut |file| {
            file.write_all(b"half").unwrap();
            Err(Error::Stopped)
        });
        assert!(given_up.is_err());
        assert_eq!(fs::read_to_string(&out).unwrap(), WORDS);
        assert_eq!(names(dir.path()), ["a.txt", "b.txt"]);
    }

    #[test]
    fn what_is_noted_is_noted_before_the_file_has_a_name_and_without_it_there_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("ສຳເນົາ.txt");
        let mut whole = |file: &mut dyn Write| {
            file.write_all(WORDS.as_bytes()).unwrap();
            Ok(WORDS.len())
        };
        let refused = write_noted(&out, false, &mut whole, &mut |_| Err(Error::Stopped));
        assert!(matches!(refused, Err(Error::Stopped)));
        assert!(names(dir.path()).is_empty());
        let told = write_noted(&out, false, &mut whole, &mut |length| {
            assert_eq!(*length, WORDS.len());
            assert!(!out.exists(), "it has its name before it is noted");
            Ok(())
        });
        assert_eq!(told.unwrap(), WORDS.len());
        // Noted, and somebody else's file took the name.
        let late = dir.path().join("b.txt");
        let told = write_noted(&late, false, &mut whole, &mut |_| {
            fs::write(&late, "of somebody else").unwrap();
            Ok(())
        });
        assert!(matches!(told, Err(Error::NotedOnly(_))), "{told:?}");
    }

    #[test]
    fn a_named_half_comes_to_its_place_too() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("a.txt");
        for (replace, words) in [(false, "old"), (true, WORDS)] {
            let half = Half::Named(named(dir.path()).unwrap());
            let mut file = half.file();
            file.write_all(words.as_bytes()).unwrap();
            half.place(&out, replace).unwrap();
            assert_eq!(fs::read_to_string(&out).unwrap(), words);
        }
        let half = Half::Named(named(dir.path()).unwrap());
        let refused = half.place(&out, false).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(dir.path()), ["a.txt"]);
    }

    #[test]
    fn leftovers_are_removed_by_the_next_and_what_is_being_written_is_not() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".mekong-part-Xy12ab"), WORDS).unwrap();
        fs::write(dir.path().join(".tmpXy12ab"), "of another program").unwrap();
        let writing = named(dir.path()).unwrap();
        let kept = writing.path().file_name().unwrap().to_str().unwrap();
        write(&dir.path().join("a.txt"), false, WORDS).unwrap();
        let mut expected = vec![kept.to_owned(), ".tmpXy12ab".into(), "a.txt".into()];
        expected.sort();
        assert_eq!(names(dir.path()), expected);
        // Once its writer is gone it is a leftover like the others.
        let (_, path) = writing.keep().unwrap();
        write(&dir.path().join("a.txt"), true, WORDS).unwrap();
        assert!(!path.exists());
    }
}
