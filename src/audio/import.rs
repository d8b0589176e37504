//! Import of a recording: an untouched copy with its SHA-256, and the mono 16 kHz working copies,
//! one a channel, that voice detection, recognition and the player's overview read.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::capture::SourceFormat;
use super::decode::Decoder;
use super::error::open_file;
use super::growing_wav::{growing_header, header};
use super::resample::Resampler;
use super::{Error, Note, Progress};
use crate::domain::{Cancel, SAMPLE_RATE, SamplePos, Span};
use crate::vault::{self, Content, Writer};

const COPY_BLOCK: usize = 1 << 18;
const SPEC: WavSpec = WavSpec {
    channels: 1,
    sample_rate: SAMPLE_RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};
/// The same for what is written.
const MONO: SourceFormat = SourceFormat {
    rate: SAMPLE_RATE,
    channels: 1,
};
const FULL_SCALE: f32 = 32_768.0;

/// Endings of sound files that the program decodes.
const SOUNDS: [&str; 16] = [
    "wav", "flac", "mp3", "m4a", "mp4", "aac", "ogg", "oga", "opus", "mkv", "webm", "mka", "aif",
    "aiff", "caf", "mov",
];

/// Whether a file is called as one that can be decoded.
pub fn is_sound(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str());
    ending.is_some_and(|e| SOUNDS.iter().any(|s| e.eq_ignore_ascii_case(s)))
}

/// The sound that everything but the evidence works with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingCopy {
    /// Frames a second of the original (of its first block, should it change).
    pub sample_rate: u32,
    /// Channels of the original, 1 to 8.
    pub channels: u16,
    /// Length of every working file.
    pub duration: SamplePos,
    /// Names in the folder, by channel: `working-0.wav` and so on, mono, 16 kHz, 16 bit.
    pub files: Vec<String>,
    /// What was repaired or left out.
    pub notes: Vec<Note>,
}

/// Copies `src` byte for byte to `dest` and gives the SHA-256 (lower-case hexadecimal) and length
/// of what was copied. `src` is only read. `dest` appears whole and on disk, or not at all; where
/// the same content stands there already, it stays. Progress counts bytes.
///
/// # Errors
/// `Read`, `NotAFile`, `Write`, `DiskFull`, `AlreadyThere` (other content under that name), `Cancelled`.
pub fn copy_original(
    src: &Path,
    dest: &Path,
    progress: Progress<'_>,
    cancel: &Cancel,
) -> Result<(String, u64), Error> {
    let mut input = open_file(src)?;
    let total = input.len().map_err(|e| Error::read(src, e))?;
    let dir = folder_of(dest);
    let temp = temporary(&dir)?;
    let written = |e| Error::write(dest, e);
    let mut out = Writer::new(temp.as_file(), dest).map_err(written)?;
    let (hash, bytes) = hash_to(&mut input, src, cancel, &mut |block, done| {
        out.write_all(block).map_err(written)?;
        progress(done, total);
        Ok(())
    })?;
    out.finish().map_err(written)?.sync_all().map_err(written)?;
    match temp.persist_noclobber(dest) {
        Ok(_) => sync_folder(&dir)?,
        Err(e) if e.error.kind() == io::ErrorKind::AlreadyExists => {
            let mut present = vault::open(dest).map_err(|e| Error::read(dest, e))?;
            let (other, _) = hash_to(&mut present, dest, cancel, &mut |_, _| Ok(()))?;
            if other != hash {
                return Err(Error::AlreadyThere {
                    path: dest.to_owned(),
                });
            }
        }
        Err(e) => return Err(Error::write(dest, e.error)),
    }
    Ok((hash, bytes))
}

/// The SHA-256 (lower-case hexadecimal) and length of a file.
///
/// # Errors
/// `Read`.
pub fn hash_file(path: &Path) -> Result<(String, u64), Error> {
    let mut input = vault::open(path).map_err(|e| Error::read(path, e))?;
    hash_to(&mut input, path, &Cancel::new(), &mut |_, _| Ok(()))
}

/// Takes each block that was read, and the bytes read so far.
type Sink<'a> = &'a mut dyn FnMut(&[u8], u64) -> Result<(), Error>;

fn hash_to(
    input: &mut Content,
    path: &Path,
    cancel: &Cancel,
    sink: Sink<'_>,
) -> Result<(String, u64), Error> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0u8; COPY_BLOCK];
    let mut done = 0u64;
    loop {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let got = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(got) => got,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(Error::read(path, e)),
        };
        let block = buffer.get(..got).unwrap_or_default();
        hasher.update(block);
        done = done.saturating_add(got as u64);
        sink(block, done)?;
    }
    let hex = hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok((hex, done))
}

/// Decodes `original` and writes one working WAV a channel into `dir`. Each appears whole or not
/// at all, so after an interruption it is enough to call this again. Progress counts bytes read.
///
/// # Errors
/// Those of decoding (see [`Error`]), `Write`, `DiskFull`, `Cancelled`.
pub fn make_working_copy(
    original: &Path,
    dir: &Path,
    progress: Progress<'_>,
    cancel: &Cancel,
) -> Result<WorkingCopy, Error> {
    let mut decoder = Decoder::open(original)?;
    let (channels, sample_rate) = (decoder.channels(), decoder.rate());
    let mut writers = Vec::with_capacity(channels);
    for index in 0..channels {
        writers.push(ChannelWriter::new(dir, format!("working-{index}.wav"))?);
    }
    let failed = |detail| Error::Unsupported {
        detail,
        path: original.to_owned(),
    };
    let mut resampler = Resampler::new(sample_rate, channels).map_err(failed)?;
    let mut rate = sample_rate;
    let mut ready = vec![Vec::new(); channels];
    while let Some(block) = decoder.next_block()? {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        if decoder.rate() != rate {
            resampler.finish(&mut ready).map_err(failed)?;
            rate = decoder.rate();
            resampler = Resampler::new(rate, channels).map_err(failed)?;
        }
        resampler.push(&block, &mut ready).map_err(failed)?;
        write_out(&mut writers, &mut ready)?;
        let (done, total) = decoder.progress();
        progress(done, total);
    }
    resampler.finish(&mut ready).map_err(failed)?;
    write_out(&mut writers, &mut ready)?;
    let duration = SamplePos(writers.first().map_or(0, |w| w.samples));
    let mut files = Vec::with_capacity(channels);
    for writer in writers {
        files.push(writer.finish()?);
    }
    sync_folder(dir)?;
    let channels = u16::try_from(channels).unwrap_or(u16::MAX);
    Ok(WorkingCopy {
        sample_rate,
        channels,
        duration,
        files,
        notes: decoder.notes(),
    })
}

fn write_out(writers: &mut [ChannelWriter], ready: &mut [Vec<f32>]) -> Result<(), Error> {
    for (writer, samples) in writers.iter_mut().zip(ready) {
        writer.write(samples)?;
        samples.clear();
    }
    Ok(())
}

/// One working copy that is being written; it appears whole or not at all.
pub(super) struct ChannelWriter {
    wav: BufWriter<Writer<File>>,
    temp: NamedTempFile,
    name: String,
    path: PathBuf,
    samples: u64,
}

impl ChannelWriter {
    pub(super) fn new(dir: &Path, name: String) -> Result<Self, Error> {
        let path = dir.join(&name);
        let temp = temporary(dir)?;
        let file = temp
            .as_file()
            .try_clone()
            .map_err(|e| Error::write(&path, e))?;
        let file = Writer::new(file, &path).map_err(|e| Error::write(&path, e))?;
        let head = if file.is_sealed() {
            growing_header(MONO)
        } else {
            header(MONO, 0)
        };
        let mut wav = BufWriter::with_capacity(1 << 16, file);
        wav.write_all(&head).map_err(|e| Error::write(&path, e))?;
        Ok(Self {
            wav,
            temp,
            name,
            path,
            samples: 0,
        })
    }

    pub(super) fn write(&mut self, samples: &[f32]) -> Result<(), Error> {
        for sample in samples {
            // `as` saturates, so a sample beyond full scale is clipped and never wraps.
            let value = (sample * FULL_SCALE).round() as i16;
            self.wav
                .write_all(&value.to_le_bytes())
                .map_err(|e| Error::write(&self.path, e))?;
        }
        self.samples = self.samples.saturating_add(samples.len() as u64);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<String, Error> {
        let failed = |e| Error::write(&self.path, e);
        let wav = self.wav.into_inner().map_err(|e| failed(e.into_error()))?;
        let sealed = wav.is_sealed();
        let mut file = wav.finish().map_err(failed)?;
        if !sealed {
            file.seek(SeekFrom::Start(0)).map_err(failed)?;
            file.write_all(&header(MONO, self.samples))
                .map_err(failed)?;
        }
        file.sync_all().map_err(failed)?;
        self.temp
            .persist(&self.path)
            .map_err(|e| Error::write(&self.path, e.error))?;
        Ok(self.name)
    }
}

/// Reads a stretch of a working WAV, -1.0 to 1.0. The part of `span` beyond the end is left out.
///
/// # Errors
/// `Read`, or `WorkingCopy` where the file is not mono 16 kHz 16-bit.
pub fn read_span(working: &Path, span: Span) -> Result<Vec<f32>, Error> {
    let mut reader = open_working(working)?;
    let end = span.end.0.min(u64::from(reader.duration()));
    let start = span.start.0.min(end);
    // Both are at most the file's 32-bit length.
    let (from, count) = (start as u32, (end - start) as usize);
    reader.seek(from).map_err(|e| Error::read(working, e))?;
    let mut pcm = Vec::with_capacity(count);
    for sample in reader.samples::<i16>().take(count) {
        pcm.push(f32::from(sample.map_err(|e| Error::read_wav(working, e))?) / FULL_SCALE);
    }
    Ok(pcm)
}

/// Length of a working WAV in samples.
///
/// # Errors
/// `Read`, or `WorkingCopy` where the file is not mono 16 kHz 16-bit.
pub fn working_length(working: &Path) -> Result<u64, Error> {
    Ok(u64::from(open_working(working)?.duration()))
}

/// Opens a working WAV and insists on its form.
pub(super) fn open_working(path: &Path) -> Result<WavReader<io::BufReader<Content>>, Error> {
    let file = vault::open(path).map_err(|e| Error::read(path, e))?;
    let len = file.len().map_err(|e| Error::read(path, e))?;
    let buffered = io::BufReader::with_capacity(1 << 16, file);
    let reader = WavReader::new(buffered).map_err(|e| Error::read_wav(path, e))?;
    let wrong = |detail: &str| Error::WorkingCopy {
        detail: detail.to_owned(),
        path: path.to_owned(),
    };
    if reader.spec() != SPEC {
        return Err(wrong("it is not mono 16 kHz 16-bit"));
    }
    if u64::from(reader.duration()).saturating_mul(2) > len {
        return Err(wrong("it is cut off"));
    }
    Ok(reader)
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// A temporary file in the folder where it will be renamed; gone when dropped.
pub(super) fn temporary(dir: &Path) -> Result<NamedTempFile, Error> {
    let named = tempfile::Builder::new()
        .prefix(".importing-")
        .tempfile_in(dir);
    named.map_err(|e| Error::write(dir, e))
}

/// Makes the renames in a folder last over a power cut.
pub(super) fn sync_folder(dir: &Path) -> Result<(), Error> {
    #[cfg(unix)]
    File::open(dir)
        .and_then(|d| d.sync_all())
        .map_err(|e| Error::write(dir, e))?;
    #[cfg(not(unix))]
    let _ = dir; // Windows writes folder entries through by itself and opens no folder as a file.
    Ok(())
}
