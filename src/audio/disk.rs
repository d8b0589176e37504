//! The few things a recorder asks of a disk, behind a seam, so that tests can let each of them fail
//! in turn or pull the plug: no disk fails on demand, and how a recorder fails is what matters.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

/// Where a recorder writes.
pub trait Disk: Send + Sync {
    /// Makes a new file; one that stands there already is an error.
    ///
    /// # Errors
    /// The system's.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Makes the names in a folder outlast a power cut.
    ///
    /// # Errors
    /// The system's.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;

    /// Free bytes for this user, where the system tells.
    fn free(&self, folder: &Path) -> Option<u64>;

    /// Puts a small file in the place of the one before in one step; its content is on the disk then.
    ///
    /// # Errors
    /// The system's.
    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let new = path.with_extension(HALF);
        // Left by one that failed.
        let _ = fs::remove_file(&new);
        let mut file = self.create(&new)?;
        append_all(&mut *file, bytes)?;
        file.sync()?;
        drop(file);
        fs::rename(&new, path)
    }
}

/// How names of half-written replacements end.
pub(super) const HALF: &str = "new";

/// A file that only grows, but for the lengths in its header.
pub trait DiskFile: Send {
    /// Appends; may take fewer bytes than given, as the system does.
    ///
    /// # Errors
    /// The system's.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Overwrites bytes that were appended before.
    ///
    /// # Errors
    /// The system's.
    fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()>;

    /// Returns when everything is on the disk itself.
    ///
    /// # Errors
    /// The system's. After one of these nobody knows what is on the disk: the file is given up.
    fn sync(&mut self) -> io::Result<()>;
}

/// The system's own disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemDisk;

struct SystemFile(File);

impl Disk for SystemDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        Ok(Box::new(SystemFile(file)))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        if cfg!(unix) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn free(&self, folder: &Path) -> Option<u64> {
        free_bytes(folder)
    }
}

impl DiskFile for SystemFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.seek(SeekFrom::Start(at))?;
        self.0.write_all(bytes)?;
        self.0.seek(SeekFrom::End(0)).map(|_| ())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Free bytes for this user on the disk that holds `path`, where the system tells.
pub fn free_bytes(path: &Path) -> Option<u64> {
    fs4::available_space(path).ok()
}

/// Appends all of `bytes`, however often the system takes only a part.
pub(super) fn append_all(file: &mut dyn DiskFile, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.append(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) => bytes = bytes.get(taken..).unwrap_or_default(),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_takes_the_place_of_the_one_before() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.tail");
        for content in [b"first".as_slice(), b"2nd"] {
            SystemDisk.replace(&path, content).unwrap();
            assert_eq!(fs::read(&path).unwrap(), content);
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_grows_and_its_head_can_be_corrected() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut file = SystemDisk.create(&path).unwrap();
        append_all(&mut *file, b"0000 sound").unwrap();
        file.patch(0, b"1234").unwrap();
        append_all(&mut *file, b" on").unwrap();
        file.sync().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"1234 sound on");
        assert!(
            SystemDisk.create(&path).is_err(),
            "an existing file was taken"
        );
        assert!(SystemDisk.free(dir.path()).is_some());
    }
}
