//! The file as the decoder sees it: read only, counted for the progress bar, with the lengths in a
//! WAV header set right; and the refusal of files that are plainly no recordings.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::io::MediaSource;

use super::error::open_file;
use super::{Error, Note, ebml_header, mp4_header, wav_header};
use crate::vault::Content;

/// What the decoder shall see of a file whose header contradicts its content.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Bytes to show in place of those in the file, by offset.
    pub patches: Vec<(u64, [u8; 4])>,
    /// Where the sound, or the file, ends; nothing after it is shown.
    pub end: u64,
    /// Notes on what was wrong.
    pub notes: Vec<Note>,
}

/// A recording opened for reading.
pub(super) struct Source {
    file: Content,
    patches: Vec<(u64, [u8; 4])>,
    at: u64,
    /// Where the sound, or the file, ends.
    pub end: u64,
    /// How far reading has come, shared with the progress bar.
    pub pos: Arc<AtomicU64>,
}

impl Source {
    /// Opens the file, refuses what is empty or no recording, and looks at a WAV header.
    pub fn open(path: &Path) -> Result<(Self, Vec<Note>), Error> {
        let mut file = open_file(path)?;
        let len = file.len().map_err(|e| Error::read(path, e))?;
        if len == 0 {
            return Err(Error::Empty {
                path: path.to_owned(),
            });
        }
        if let Some(what) = known_stranger(&mut file).map_err(|e| Error::read(path, e))? {
            return Err(Error::NotAudio {
                what,
                path: path.to_owned(),
            });
        }
        let shape = look(&mut file, len).map_err(|e| Error::read(path, e))?;
        file.seek(SeekFrom::Start(0))
            .map_err(|e| Error::read(path, e))?;
        let pos = Arc::new(AtomicU64::new(0));
        Ok((
            Self {
                file,
                patches: shape.patches,
                at: 0,
                end: shape.end,
                pos,
            },
            shape.notes,
        ))
    }
}

fn look(file: &mut Content, len: u64) -> io::Result<Shape> {
    if let Some(shape) = wav_header::inspect(file, len)? {
        return Ok(shape);
    }
    let mut patches = ebml_header::inspect(file, len)?;
    file.seek(SeekFrom::Start(0))?;
    patches.extend(mp4_header::inspect(file, len)?);
    Ok(Shape {
        patches,
        end: len,
        notes: Vec::new(),
    })
}

/// Names files that people pick by mistake; the probe would search them for stray MP3 frames.
fn known_stranger(file: &mut Content) -> io::Result<Option<&'static str>> {
    const STRANGERS: [(&[u8], &str); 9] = [
        (b"%PDF", "it is a PDF document"),
        (b"PK\x03\x04", "it is a ZIP archive or an office document"),
        (b"\xFF\xD8\xFF", "it is a JPEG picture"),
        (b"\x89PNG", "it is a PNG picture"),
        (b"\xD0\xCF\x11\xE0", "it is an office document"),
        (b"Rar!", "it is a RAR archive"),
        (b"7z\xBC\xAF", "it is a 7z archive"),
        (b"MZ", "it is a program"),
        (b"\x7FELF", "it is a program"),
    ];
    let mut head = Vec::with_capacity(8);
    file.by_ref().take(8).read_to_end(&mut head)?;
    Ok(STRANGERS
        .iter()
        .find(|(magic, _)| head.starts_with(magic))
        .map(|(_, what)| *what))
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let want = buf.len().min(left);
        let Some(buf) = buf.get_mut(..want) else {
            return Ok(0);
        };
        let got = self.file.read(buf)?;
        for (offset, bytes) in &self.patches {
            for (place, byte) in (*offset..).zip(bytes) {
                let index = place
                    .checked_sub(self.at)
                    .and_then(|i| usize::try_from(i).ok());
                if let Some(slot) = index.and_then(|i| buf.get_mut(i)) {
                    *slot = *byte;
                }
            }
        }
        self.at = self.at.saturating_add(got as u64);
        self.pos.store(self.at, Ordering::Relaxed);
        Ok(got)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::End(offset) => {
                let place = self.end.checked_add_signed(offset);
                SeekFrom::Start(place.ok_or(io::ErrorKind::InvalidInput)?)
            }
            other => other,
        };
        self.at = self.file.seek(to)?;
        Ok(self.at)
    }
}

impl MediaSource for Source {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.end)
    }
}
