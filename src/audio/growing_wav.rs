//! A 16-bit WAV file that is whole at every moment: sound is appended as it comes, and the lengths in
//! the header follow, so that a program that is killed leaves a file that any player reads.
//!
//! In a locked workspace it is sealed while it grows, in chunks of 64 KiB, and its header says
//! 'unknown': sealed bytes are never written twice. Whoever reads it is shown the true lengths. What
//! does not fill a chunk yet, four seconds at 8 kHz, is in memory; with every sync it is sealed into a
//! small file beside it, its tail, from which a recovery completes it.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::Error;
use super::capture::SourceFormat;
use super::disk::{Disk, DiskFile, HALF, append_all};
use crate::vault::{self, Writer, growing_lengths};

/// Bytes before the sound.
pub(super) const HEADER_BYTES: u64 = 44;
const RIFF_LENGTH_AT: u64 = 4;
const DATA_LENGTH_AT: u64 = 40;

/// The file, which the sealing writes into and which is synced beside it. After a failed write it
/// takes nothing more: what follows a torn chunk could not be read.
#[derive(Clone)]
struct Shared(Arc<Mutex<(Box<dyn DiskFile>, bool)>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut dyn DiskFile) -> io::Result<T>) -> io::Result<T> {
        act(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut shared = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (file, torn) = &mut *shared;
        if *torn {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        append_all(&mut **file, bytes).inspect_err(|_| *torn = true)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One file that grows.
pub(super) struct GrowingWav {
    file: Shared,
    /// What is written through: sealed or not. None after the end.
    out: Option<Writer<Shared>>,
    sealed: bool,
    path: PathBuf,
    format: SourceFormat,
    frames: u64,
    /// Frames up to which the tail was kept.
    tail_at: u64,
    bytes: Vec<u8>,
}

impl GrowingWav {
    /// Makes the file, with a header that says 'no sound yet'.
    pub(super) fn create(
        disk: &dyn Disk,
        path: &Path,
        format: SourceFormat,
    ) -> Result<Self, Error> {
        let failed = |e| Error::write(path, e);
        let file = Shared(Arc::new(Mutex::new((
            disk.create(path).map_err(failed)?,
            false,
        ))));
        let mut out = Writer::growing(file.clone(), path).map_err(failed)?;
        let sealed = out.is_sealed();
        let head = if sealed {
            growing_header(format)
        } else {
            header(format, 0)
        };
        out.write_all(&head).map_err(failed)?;
        Ok(Self {
            file,
            out: Some(out),
            sealed,
            path: path.to_owned(),
            format,
            frames: 0,
            tail_at: 0,
            bytes: Vec::new(),
        })
    }

    /// Appends whole frames, interleaved. They reach the system at once, the disk with [`Self::sync`].
    pub(super) fn append(&mut self, samples: &[i16]) -> Result<(), Error> {
        self.bytes.clear();
        self.bytes
            .extend(samples.iter().flat_map(|s| s.to_le_bytes()));
        let out = self.out.as_mut().ok_or(io::ErrorKind::BrokenPipe.into());
        out.and_then(|out| out.write_all(&self.bytes))
            .map_err(|e| Error::write(&self.path, e))?;
        let width = usize::from(self.format.channels.max(1));
        self.frames = self.frames.saturating_add((samples.len() / width) as u64);
        Ok(())
    }

    /// Lets the header say how much sound there is. Needs no room on the disk.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        if self.sealed {
            return Ok(());
        }
        let sound = sound_bytes(self.format, self.frames);
        let riff = sound.saturating_add(HEADER_BYTES as u32 - 8);
        let patch = |at, value: u32| {
            self.file
                .with(|file| file.patch(at, &value.to_le_bytes()))
                .map_err(|e| Error::write(&self.path, e))
        };
        patch(RIFF_LENGTH_AT, riff)?;
        patch(DATA_LENGTH_AT, sound)
    }

    /// Settles, and returns when all of it is on the disk.
    pub(super) fn sync(&mut self) -> Result<(), Error> {
        self.settle()?;
        self.file
            .with(|file| file.sync())
            .map_err(|e| Error::write(&self.path, e))
    }

    /// Seals what is not in whole chunks yet into the tail beside the file, on the disk itself.
    pub(super) fn keep_tail(&mut self, disk: &dyn Disk) -> Result<(), Error> {
        if self.tail_at == self.frames {
            return Ok(());
        }
        let failed = |e| Error::write(&self.path, e);
        let tail = self.out.as_ref().map(Writer::sealed_tail).transpose();
        if let Some(tail) = tail.map_err(failed)?.flatten() {
            disk.replace(&tail_of(&self.path), &tail).map_err(failed)?;
        }
        self.tail_at = self.frames;
        Ok(())
    }

    /// The file is whole without its tail.
    pub(super) fn drop_tail(&self) {
        if self.sealed {
            drop_tail(&self.path);
        }
    }

    /// Ends the file: nothing more can be appended. Needs room for what was not yet sealed.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        self.settle()?;
        let ended = self.out.take().map(Writer::finish).transpose();
        ended.map(|_| ()).map_err(|e| Error::write(&self.path, e))
    }

    /// Whether it is sealed, so that what is in memory is lost in a power cut too.
    pub(super) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// Frames appended so far.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// Frames that the file holds: of a sealed one that grows, those in whole chunks.
    pub(super) fn frames_in_file(&self) -> u64 {
        if !self.sealed || self.out.is_none() {
            return self.frames;
        }
        let frame = u64::from(self.format.channels.max(1)).saturating_mul(2);
        let bytes = self.frames.saturating_mul(frame);
        // A chunk is written when the first byte after it comes.
        let total = bytes.saturating_add(HEADER_BYTES).saturating_sub(1);
        let whole = total / vault::CHUNK * vault::CHUNK;
        whole.saturating_sub(HEADER_BYTES) / frame
    }

    /// Its name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The name of the tail of a part.
pub(super) fn tail_of(part: &Path) -> PathBuf {
    part.with_extension("tail")
}

/// Takes the tail of a part away, and what a kill left of a newer one. One that stays does no harm: it is
/// sealed, and taken away by whoever looks at the parts next.
pub(super) fn drop_tail(part: &Path) {
    let tail = tail_of(part);
    let _ = fs::remove_file(tail.with_extension(HALF));
    let _ = fs::remove_file(tail);
}

fn sound_bytes(format: SourceFormat, frames: u64) -> u32 {
    let bytes = frames.saturating_mul(u64::from(format.channels) * 2);
    u32::try_from(bytes).unwrap_or(u32::MAX - 36)
}

/// The same for a file whose length nobody can write later.
pub(super) fn growing_header(format: SourceFormat) -> Vec<u8> {
    let (riff, sound) = growing_lengths();
    let mut head = header(format, 0);
    for (at, bytes) in [(RIFF_LENGTH_AT, riff), (DATA_LENGTH_AT, sound)] {
        let place = head.iter_mut().skip(at as usize);
        place.zip(bytes).for_each(|(slot, byte)| *slot = byte);
    }
    head
}

/// The 44 bytes of a 16-bit PCM file.
pub(super) fn header(format: SourceFormat, frames: u64) -> Vec<u8> {
    let sound = sound_bytes(format, frames);
    let block = format.channels * 2;
    let mut head = Vec::with_capacity(HEADER_BYTES as usize);
    head.extend_from_slice(b"RIFF");
    head.extend_from_slice(&sound.saturating_add(36).to_le_bytes());
    head.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0");
    head.extend_from_slice(&format.channels.to_le_bytes());
    head.extend_from_slice(&format.rate.to_le_bytes());
    head.extend_from_slice(&format.rate.saturating_mul(u32::from(block)).to_le_bytes());
    head.extend_from_slice(&block.to_le_bytes());
    head.extend_from_slice(b"\x10\0data");
    head.extend_from_slice(&sound.to_le_bytes());
    head
}

#[cfg(test)]
mod tests {
    use super::super::disk::SystemDisk;
    use super::*;

    #[test]
    fn it_can_be_read_at_every_moment() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.wav");
        let format = SourceFormat {
            rate: 48_000,
            channels: 2,
        };
        let mut wav = GrowingWav::create(&SystemDisk, &path, format).unwrap();
        for n in 0..3_i16 {
            let read = hound::WavReader::open(&path).unwrap();
            assert_eq!(read.duration(), u32::from(n.unsigned_abs()) * 2);
            wav.append(&[n, -n, n, -n]).unwrap();
            wav.settle().unwrap();
        }
        wav.sync().unwrap();
        assert_eq!((wav.frames(), wav.path()), (6, path.as_path()));
        let mut read = hound::WavReader::open(&path).unwrap();
        assert_eq!((read.spec().channels, read.spec().sample_rate), (2, 48_000));
        let samples: Vec<i16> = read.samples().map(Result::unwrap).collect();
        assert_eq!(samples, [0, 0, 0, 0, 1, -1, 1, -1, 2, -2, 2, -2]);
    }
}
