//! Writing a file of a workspace: sealed where the workspace is locked, as it comes where it is not.
//! What a sealed file that still grows has not yet on the disk can be read from memory meanwhile.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use age::stream::StreamWriter;
use zeroize::{Zeroize as _, Zeroizing};

use super::keyring::Unlocked;
use super::read::{CHUNK, GROWING, GROWING_SOUND};
use super::{Error, key_for};

/// A file that is being written, which ends with [`Writer::finish`].
pub enum Writer<W: Write> {
    /// As it comes.
    Plain(W),
    /// An age file.
    Sealed {
        /// The file.
        stream: Box<StreamWriter<W>>,
        /// Its end, where others read it while it grows.
        growing: Option<Growing>,
    },
}

impl<W: Write> Writer<W> {
    /// Writes into `inner` what belongs at `path`.
    ///
    /// # Errors
    /// `PermissionDenied` where the workspace of `path` is locked; the system's.
    pub fn new(inner: W, path: &Path) -> io::Result<Self> {
        match key_for(path)? {
            Some(key) => Self::sealed(inner, &key),
            None => Ok(Self::Plain(inner)),
        }
    }

    /// The same for a file that this process reads while it grows.
    ///
    /// # Errors
    /// Those of [`Self::new`].
    pub fn growing(inner: W, path: &Path) -> io::Result<Self> {
        let mut writer = Self::new(inner, path)?;
        if let (Self::Sealed { growing, .. }, Some(key)) = (&mut writer, key_for(path)?) {
            *growing = Some(Growing::begin(key, path)?);
        }
        Ok(writer)
    }

    pub(super) fn sealed(inner: W, key: &Unlocked) -> io::Result<Self> {
        let recipient = key.identity.to_public();
        let recipients = std::iter::once(&recipient as &dyn age::Recipient);
        let encryptor = age::Encryptor::with_recipients(recipients).map_err(io::Error::other)?;
        Ok(Self::Sealed {
            stream: Box::new(encryptor.wrap_output(inner)?),
            growing: None,
        })
    }

    /// Whether it is sealed: then nothing that was written can be corrected.
    pub fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed { .. })
    }

    /// What of a sealed file that grows is not in whole chunks yet, as a sealed file of its own that
    /// [`read_tail`](super::read_tail) reads; none for another file.
    ///
    /// # Errors
    /// Where sealing fails.
    pub fn sealed_tail(&self) -> io::Result<Option<Vec<u8>>> {
        let Self::Sealed {
            growing: Some(growing),
            ..
        } = self
        else {
            return Ok(None);
        };
        let plain = growing.tail.to_file(&growing.path);
        let recipient = growing.key.identity.to_public();
        let sealed = age::encrypt(&recipient, &plain).map_err(io::Error::other)?;
        Ok(Some(sealed))
    }

    /// Ends the file and gives back what was written into.
    ///
    /// # Errors
    /// The system's.
    pub fn finish(self) -> io::Result<W> {
        match self {
            Self::Plain(inner) => Ok(inner),
            Self::Sealed { stream, growing } => {
                let inner = stream.finish()?;
                drop(growing);
                Ok(inner)
            }
        }
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(inner) => inner.write(bytes),
            Self::Sealed { stream, growing } => {
                let taken = stream.write(bytes)?;
                if let Some(growing) = growing {
                    growing.tail.append(bytes.get(..taken).unwrap_or_default());
                }
                Ok(taken)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(inner) => inner.flush(),
            Self::Sealed { stream, .. } => stream.flush(),
        }
    }
}

/// The lengths in the header of a WAV file that grows sealed: total, and sound.
pub(crate) const fn growing_lengths() -> ([u8; 4], [u8; 4]) {
    (GROWING, GROWING_SOUND)
}

/// A file that grows, known by its path for as long as it does.
pub struct Growing {
    key: Arc<Unlocked>,
    path: PathBuf,
    tail: Tail,
}

impl Growing {
    fn begin(key: Arc<Unlocked>, path: &Path) -> io::Result<Self> {
        let path = std::path::absolute(path)?;
        let tail = Tail::default();
        key.tails.all().insert(path.clone(), tail.clone());
        Ok(Self { key, path, tail })
    }
}

impl Drop for Growing {
    fn drop(&mut self) {
        self.key.tails.all().remove(&self.path);
    }
}

/// The files that grow now.
#[derive(Default)]
pub(super) struct Tails(Mutex<HashMap<PathBuf, Tail>>);

impl Tails {
    fn all(&self) -> MutexGuard<'_, HashMap<PathBuf, Tail>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn of(&self, path: &Path) -> Option<Tail> {
        let path = std::path::absolute(path).ok()?;
        self.all().get(&path).cloned()
    }
}

/// What of a growing file is not yet in whole chunks on the disk: at most one chunk.
#[derive(Clone, Default)]
pub(super) struct Tail(Arc<Mutex<End>>);

#[derive(Default)]
struct End {
    begin: u64,
    bytes: Vec<u8>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl Tail {
    fn lock(&self) -> MutexGuard<'_, End> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, bytes: &[u8]) {
        let mut end = self.lock();
        end.bytes.extend_from_slice(bytes);
        // A chunk is written when the first byte after it comes.
        let total = end.begin.saturating_add(end.bytes.len() as u64);
        let begin = total.saturating_sub(1) / CHUNK * CHUNK;
        let gone = usize::try_from(begin.saturating_sub(end.begin)).unwrap_or(0);
        end.bytes.drain(..gone);
        end.begin = begin;
    }

    /// A line that says whose end it is and where it begins, and the bytes.
    fn to_file(&self, path: &Path) -> Zeroizing<Vec<u8>> {
        let end = self.lock();
        let head = tail_head(path, end.begin);
        let mut file = Vec::with_capacity(head.len().saturating_add(end.bytes.len()));
        file.extend_from_slice(head.as_bytes());
        file.extend_from_slice(&end.bytes);
        Zeroizing::new(file)
    }

    /// Where it begins, which is where the whole chunks in the file end.
    pub(super) fn begin(&self) -> u64 {
        self.lock().begin
    }

    pub(super) fn end(&self) -> u64 {
        let end = self.lock();
        end.begin.saturating_add(end.bytes.len() as u64)
    }

    /// Reads what stands in memory; 0 where `at` lies before it or behind it.
    pub(super) fn read(&self, at: u64, buf: &mut [u8]) -> usize {
        let end = self.lock();
        let from = at
            .checked_sub(end.begin)
            .and_then(|n| usize::try_from(n).ok());
        let rest = from
            .and_then(|from| end.bytes.get(from..))
            .unwrap_or_default();
        let got = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..got), rest.get(..got)) {
            to.copy_from_slice(from);
        }
        got
    }
}

/// The first line of the tail of a file: its name and that of its folder, so that no other file's tail is
/// taken for it, and where in its content it begins.
pub(super) fn tail_head(path: &Path, begin: u64) -> String {
    format!("{}{begin}\n", tail_mark(path))
}

/// The line up to the number.
pub(super) fn tail_mark(path: &Path) -> String {
    let name = |path: Option<&Path>| {
        let name = path.and_then(Path::file_name).unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let (folder, file) = (name(path.parent()), name(Some(path)));
    format!("mekong-tail-1 {folder}/{file} ")
}

/// Makes the names in a folder outlast a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

impl From<io::Error> for Error {
    fn from(cause: io::Error) -> Self {
        Error::File {
            what: "write a file of the workspace",
            cause,
            path: PathBuf::new(),
        }
    }
}
