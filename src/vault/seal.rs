//! Sealing a file that lies in the clear: a sealed copy takes its place in one step, and the old bytes
//! are overwritten. (A solid-state disk may keep old blocks all the same; only a disk that was
//! encrypted from the beginning does not.)

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::lines::begins_with_lines;
use super::read::{begins_sealed, open_plain};
use super::write::{Writer, sync_folder};
use super::{Error, key_for};

/// How names of half-written sealed copies begin.
pub const HALF: &str = ".sealing-";

/// Whether a file lies sealed on the disk.
///
/// # Errors
/// The system's.
pub fn is_sealed(path: &Path) -> io::Result<bool> {
    Ok(begins_sealed(&mut File::open(path)?)? || begins_with_lines(path)?)
}

/// Seals a file of an unlocked workspace; one that is sealed stays as it is. A kill at any moment
/// leaves the one or the other whole.
///
/// # Errors
/// Those of reading and writing; [`Error::Locked`].
pub fn seal_file(path: &Path) -> Result<(), Error> {
    let failed = |cause| Error::File {
        what: "seal a file",
        cause,
        path: path.to_owned(),
    };
    if is_sealed(path).map_err(failed)? {
        return Ok(());
    }
    let key = key_for(path)?.ok_or_else(|| Error::NoLock(path.to_owned()))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let rights = fs::metadata(path).map_err(failed)?.permissions();
    let mut temp = tempfile::Builder::new();
    let temp = temp.prefix(HALF).tempfile_in(folder).map_err(failed)?;
    let mut from = open_plain(path).map_err(failed)?;
    let mut writer = Writer::sealed(temp.as_file(), &key).map_err(failed)?;
    io::copy(&mut from, &mut writer).map_err(failed)?;
    writer
        .finish()
        .map_err(failed)?
        .sync_all()
        .map_err(failed)?;
    temp.as_file().set_permissions(rights).map_err(failed)?;
    let old = open_over(path).ok();
    temp.persist(path).map_err(|e| failed(e.error))?;
    sync_folder(folder).map_err(failed)?;
    // A file that only others may write is not overwritten, only unlinked.
    if let Some(old) = old {
        overwrite(old).map_err(failed)?;
    }
    Ok(())
}

/// Opens a file to write over it. One that may only be read, such as a partner's, is made writable.
///
/// # Errors
/// The system's.
pub fn open_over(path: &Path) -> io::Result<File> {
    let mut rights = fs::metadata(path)?.permissions();
    if rights.readonly() {
        make_writable(&mut rights);
        fs::set_permissions(path, rights)?;
    }
    OpenOptions::new().write(true).open(path)
}

#[cfg(unix)]
fn make_writable(rights: &mut fs::Permissions) {
    use std::os::unix::fs::PermissionsExt as _;
    rights.set_mode(rights.mode() | 0o200);
}

#[cfg(not(unix))]
fn make_writable(rights: &mut fs::Permissions) {
    rights.set_readonly(false);
}

/// Writes zeros over all of a file.
pub fn overwrite(mut file: File) -> io::Result<()> {
    let mut left = file.metadata()?.len();
    let zeros = vec![0; 1 << 16];
    while left > 0 {
        let now = left.min(zeros.len() as u64);
        file.write_all(zeros.get(..now as usize).unwrap_or_default())?;
        left = left.saturating_sub(now);
    }
    file.sync_all()
}
