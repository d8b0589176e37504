//! Reading a file of a workspace, plain or sealed, from any place in it. A sealed file is decrypted
//! chunk by chunk in memory; one that a kill or a power cut tore ends behind its last whole chunk.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use age::stream::StreamReader;

use super::key_for;
use super::keyring::Unlocked;
use super::write::{Tail, tail_mark};

/// How every age file begins.
pub(super) const MAGIC: &[u8] = b"age-encryption.org/v1\n";
/// Sound in a chunk, and bytes of a chunk on the disk.
pub(crate) const CHUNK: u64 = 64 << 10;
const SEALED_CHUNK: u64 = CHUNK + 16;
/// Longest tail of a growing file that is read: a chunk, and the line before it.
const MAX_TAIL: u64 = CHUNK + (8 << 10);
/// Longest header of an age file that is read: one recipient takes some 200 bytes.
const MAX_HEADER: u64 = 8 << 10;
/// Bytes between the header and the first chunk.
const NONCE: u64 = 16;
/// The header of a WAV file of ours.
const WAV_HEADER: u64 = 44;
/// What our WAV files say of their length while they grow sealed: sealed bytes cannot be corrected.
pub(super) const GROWING: [u8; 4] = [0xff, 0xff, 0xff, 0xff];
pub(super) const GROWING_SOUND: [u8; 4] = [0xfe, 0xff, 0xff, 0xff];

/// The content of a file, in the clear.
pub struct Content {
    inner: Inner,
    at: u64,
    whole: bool,
    patches: Vec<(u64, [u8; 4])>,
}

enum Inner {
    Plain(File),
    Sealed {
        stream: Box<StreamReader<BufReader<File>>>,
        /// Bytes that the file holds in whole chunks.
        len: u64,
        /// The end of a file that is being written, where this process writes it.
        tail: Option<Tail>,
    },
}

/// Opens a file for reading; a sealed one with the key of its workspace.
///
/// # Errors
/// The system's; `PermissionDenied` where the workspace is locked; `InvalidData` where the key does
/// not open the file; `UnexpectedEof` where it was cut off before its content.
pub fn open(path: &Path) -> io::Result<Content> {
    let mut file = File::open(path)?;
    if !begins_sealed(&mut file)? {
        return Ok(plain(file));
    }
    match key_for(path)? {
        Some(key) => sealed(file, path, &key),
        // An age file that belongs to no workspace of ours is what it is.
        None => Ok(plain(file)),
    }
}

/// Opens a file as it lies on the disk.
///
/// # Errors
/// The system's.
pub fn open_plain(path: &Path) -> io::Result<Content> {
    File::open(path).map(plain)
}

/// Reads a small file whole.
///
/// # Errors
/// Those of [`open`]; `InvalidData` where it holds more than `most` bytes.
pub fn read_small(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file is too large",
        ));
    }
    Ok(bytes)
}

/// Reads what [`Writer::sealed_tail`](super::Writer::sealed_tail) made of the end of the file at `whose`:
/// where in its content it begins, and the bytes. None where there is no such file.
///
/// # Errors
/// Those of [`open`]; `InvalidData` where it is not sealed, or the tail of another file.
pub fn read_tail(path: &Path, whose: &Path) -> io::Result<Option<(u64, Vec<u8>)>> {
    let content = match open(path) {
        Ok(content) => content,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let strange = || io::Error::from(io::ErrorKind::InvalidData);
    if !content.is_sealed() || !content.is_whole() {
        return Err(strange());
    }
    let mut bytes = Vec::new();
    content.take(MAX_TAIL).read_to_end(&mut bytes)?;
    let whose = std::path::absolute(whose)?;
    let rest = bytes.strip_prefix(tail_mark(&whose).as_bytes());
    let line = rest.and_then(|rest| {
        rest.iter()
            .position(|b| *b == b'\n')
            .map(|at| rest.split_at(at))
    });
    let (place, bytes) = line.ok_or_else(strange)?;
    let place = std::str::from_utf8(place).ok().and_then(|n| n.parse().ok());
    let bytes = bytes.get(1..).unwrap_or_default().to_vec();
    Ok(Some((place.ok_or_else(strange)?, bytes)))
}

fn plain(file: File) -> Content {
    Content {
        inner: Inner::Plain(file),
        at: 0,
        whole: true,
        patches: Vec::new(),
    }
}

/// Whether it is an age file; the file stands at its beginning afterwards.
pub(super) fn begins_sealed(file: &mut File) -> io::Result<bool> {
    let mut head = Vec::with_capacity(MAGIC.len());
    file.by_ref()
        .take(MAGIC.len() as u64)
        .read_to_end(&mut head)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(head == MAGIC)
}

fn sealed(mut file: File, path: &Path, key: &Arc<Unlocked>) -> io::Result<Content> {
    let refused = || {
        let why = "its protection does not fit the key of this workspace";
        io::Error::new(io::ErrorKind::InvalidData, why)
    };
    // Looked up before the length: what the writer has finished in between is in the file.
    let tail = key.tails.of(path);
    let len = file.metadata()?.len();
    let start = match header_end(&mut file)? {
        Some(start) if start <= len => start,
        // A kill came while it was being made: nothing was sealed yet.
        _ if len < MAX_HEADER => return Err(io::ErrorKind::UnexpectedEof.into()),
        _ => return Err(refused()),
    };
    let bytes = len.saturating_sub(start);
    let begin = |mut file: File| {
        file.seek(SeekFrom::Start(0))?;
        let reader = BufReader::with_capacity(1024, file);
        let opened = age::Decryptor::new_buffered(reader).map_err(|_| refused())?;
        let identities = std::iter::once(&*key.identity as &dyn age::Identity);
        opened.decrypt(identities).map_err(|_| refused())
    };
    let mut stream = begin(file)?;
    let (len, whole) = match stream.seek(SeekFrom::End(0)) {
        Ok(len) => (len, true),
        Err(_) => {
            // After a failed look for its end the stream stands nowhere.
            stream = begin(File::open(path)?)?;
            ((bytes / SEALED_CHUNK).saturating_mul(CHUNK), false)
        }
    };
    let mut content = Content {
        inner: Inner::Sealed {
            stream: Box::new(stream),
            len,
            tail,
        },
        at: 0,
        whole,
        patches: Vec::new(),
    };
    content.seek(SeekFrom::Start(0))?;
    content.settle(path)?;
    Ok(content)
}

/// Where the chunks begin.
fn header_end(file: &mut File) -> io::Result<Option<u64>> {
    let mut head = Vec::new();
    file.by_ref().take(MAX_HEADER).read_to_end(&mut head)?;
    let mac = head.windows(5).position(|w| w == b"\n--- ");
    let end = mac.and_then(|at| {
        let rest = head.get(at.saturating_add(1)..)?;
        let line = rest.iter().position(|b| *b == b'\n')?;
        Some(at.saturating_add(line).saturating_add(2) as u64)
    });
    Ok(end.map(|end| end.saturating_add(NONCE)))
}

impl Content {
    /// Bytes of the content, now.
    pub fn len(&self) -> io::Result<u64> {
        match &self.inner {
            Inner::Plain(file) => Ok(file.metadata()?.len()),
            Inner::Sealed { len, tail, .. } => {
                Ok(tail.as_ref().map_or(*len, |tail| tail.end().max(*len)))
            }
        }
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Whether it has its end: false for a sealed file that was cut off, or is still being written.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether it lies sealed on the disk.
    pub fn is_sealed(&self) -> bool {
        matches!(self.inner, Inner::Sealed { .. })
    }

    /// A WAV file of ours that grew sealed says 'unknown' where its lengths stand: they are shown.
    fn settle(&mut self, path: &Path) -> io::Result<()> {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .unwrap_or_default();
        let ours = name.starts_with("part-") || name.starts_with("working-");
        let len = self.len()?;
        if !ours || len < WAV_HEADER {
            return Ok(());
        }
        let mut head = [0; WAV_HEADER as usize];
        self.read_exact(&mut head)?;
        self.seek(SeekFrom::Start(0))?;
        if head.starts_with(b"RIFF")
            && head.get(4..8) == Some(&GROWING)
            && head.get(40..44) == Some(&GROWING_SOUND)
        {
            let block = u16::from_le_bytes([head[32], head[33]]).max(1);
            let sound = (len - WAV_HEADER) / u64::from(block) * u64::from(block);
            let sound = u32::try_from(sound).unwrap_or(u32::MAX - 36);
            self.patches = vec![
                (4, sound.saturating_add(36).to_le_bytes()),
                (40, sound.to_le_bytes()),
            ];
        }
        Ok(())
    }
}

impl Read for Content {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let at = self.at;
        let got = match &mut self.inner {
            Inner::Plain(file) => file.read(buf)?,
            Inner::Sealed { stream, len, tail } => {
                let in_file = match tail {
                    Some(tail) => {
                        let got = tail.read(at, buf);
                        if got > 0 {
                            self.at = at.saturating_add(got as u64);
                            return Ok(got);
                        }
                        // Only what the writer has put into whole chunks.
                        tail.begin().max(*len)
                    }
                    None => *len,
                };
                let left = usize::try_from(in_file.saturating_sub(at)).unwrap_or(usize::MAX);
                let most = buf.len().min(left);
                match buf.get_mut(..most) {
                    Some(part) if most > 0 => read_at(stream, at, part)?,
                    _ => 0,
                }
            }
        };
        for (offset, bytes) in &self.patches {
            for (place, byte) in (*offset..).zip(bytes) {
                let index = place.checked_sub(at).and_then(|i| usize::try_from(i).ok());
                if let Some(slot) = index.filter(|i| *i < got).and_then(|i| buf.get_mut(i)) {
                    *slot = *byte;
                }
            }
        }
        self.at = at.saturating_add(got as u64);
        Ok(got)
    }
}

/// Reads at a place where there is at least one byte.
fn read_at(
    stream: &mut StreamReader<BufReader<File>>,
    at: u64,
    buf: &mut [u8],
) -> io::Result<usize> {
    if stream.stream_position()? != at {
        // age looks for the end of the file when it is sent to the beginning of a chunk, and a file
        // that is still growing has none: the second byte first, then back within the chunk.
        if at.is_multiple_of(CHUNK) {
            stream.seek(SeekFrom::Start(at.saturating_add(1)))?;
        }
        stream.seek(SeekFrom::Start(at))?;
    }
    stream.read(buf)
}

impl Seek for Content {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.len()?.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        if let Inner::Plain(file) = &mut self.inner {
            file.seek(SeekFrom::Start(self.at))?;
        }
        Ok(self.at)
    }
}
