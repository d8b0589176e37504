//! Where the files of a bag are read from: a container, front to back, or an unpacked folder.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::Error;
use super::container::Reader;
use super::receive::MAX_FILES;
use crate::vault;

/// Where the files of a bag come from, one after another.
pub(super) trait Bag {
    /// The next file, which must be this one, block by block.
    fn file(&mut self, name: &str, most: u64, take: Take<'_>) -> Result<(), Error>;
    /// There must be no other file than these.
    fn end(&mut self, names: &[String]) -> Result<(), Error>;
    /// The bundle's name, where the bag tells it from outside.
    fn called(&self) -> Option<String>;
}

pub(super) type Take<'a> = &'a mut dyn FnMut(&[u8]) -> Result<(), Error>;

pub(super) struct Zip<R> {
    reader: Option<Reader<R>>,
    folder: Option<String>,
}

impl<R: Read> Zip<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            reader: Some(Reader::new(input)),
            folder: None,
        }
    }
}

impl<R: Read> Bag for Zip<R> {
    fn file(&mut self, name: &str, most: u64, take: Take<'_>) -> Result<(), Error> {
        let reader = self.reader.as_mut().ok_or(Error::NotABundle)?;
        let entry = reader.next()?;
        let (folder, inner) = entry
            .name
            .split_once('/')
            .ok_or_else(|| Error::Form("a file stands outside its folder".into()))?;
        if self.folder.get_or_insert_with(|| folder.to_owned()) != folder || inner != name {
            let strange = entry.name.escape_default();
            let what = format!("'{strange}' stands in the place of '{name}'");
            return Err(Error::Form(what));
        }
        if entry.bytes > most {
            return Err(Error::Form(format!("'{name}' is too large")));
        }
        reader.bytes(&entry, take)
    }

    fn end(&mut self, _: &[String]) -> Result<(), Error> {
        self.reader.take().ok_or(Error::NotABundle)?.end()
    }

    fn called(&self) -> Option<String> {
        let name = self.folder.as_deref().unwrap_or_default();
        Some(name.strip_prefix("mekong-").unwrap_or_default().to_owned())
    }
}

pub(super) struct Folder<'a>(pub(super) &'a Path);

impl Bag for Folder<'_> {
    fn file(&mut self, name: &str, most: u64, take: Take<'_>) -> Result<(), Error> {
        let path = self.0.join(name);
        let plain = fs::symlink_metadata(&path).map_err(|e| Error::read(&path, e))?;
        if !plain.is_file() {
            return Err(Error::mismatch(format!("'{name}'")));
        }
        let mut file = vault::open(&path).map_err(|e| Error::read(&path, e))?;
        if file.len().map_err(|e| Error::read(&path, e))? > most {
            return Err(Error::mismatch(format!("'{name}'")));
        }
        let mut buffer = vec![0; 1 << 18];
        loop {
            match file.read(&mut buffer).map_err(|e| Error::read(&path, e))? {
                0 => return Ok(()),
                got => take(buffer.get(..got).unwrap_or_default())?,
            }
        }
    }

    fn end(&mut self, names: &[String]) -> Result<(), Error> {
        let mut found = Vec::new();
        list(self.0, "", 0, &mut found)?;
        match found.iter().find(|name| !names.contains(name)) {
            Some(extra) => Err(Error::Form(format!(
                "'{}' is not in its list",
                extra.escape_default()
            ))),
            None => Ok(()),
        }
    }

    fn called(&self) -> Option<String> {
        None
    }
}

/// The names of all files below a folder, of which a bag has at most three levels.
fn list(folder: &Path, inside: &str, depth: u8, found: &mut Vec<String>) -> Result<(), Error> {
    let failed = |e| Error::read(folder, e);
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = format!("{inside}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && depth < 2 && found.len() <= MAX_FILES {
            list(&entry.path(), &format!("{name}/"), depth + 1, found)?;
        } else {
            found.push(name);
        }
    }
    Ok(())
}
