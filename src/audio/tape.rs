//! The files of a session that is being recorded: parts with what the microphone heard, untouched, at
//! its own rate; one working copy a channel at 16 kHz, appended as it comes; the chain of the sound;
//! and a journal.
//!
//! Every second the newest part and the journal are forced to the disk, and of a sealed part also what
//! it has not sealed yet. The working copies are not: they can be made again from the parts at any time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::capture::{Clock, SourceFormat};
use super::disk::{Disk, DiskFile, append_all};
use super::growing_wav::GrowingWav;
use super::notice::{Entry, Notice, Part};
use super::resample::frames_at_16k;
use super::series::Series;
use super::sound_chain::{SharedChain, SoundChain};
use super::{Error, Resampler};
use crate::domain::{SAMPLE_RATE, SamplePos};
use crate::vault::LineSealer;

/// From the end of a forced write to the next: with what it takes itself, on a disk in good order a power cut
/// costs less than a second.
const SYNC_EVERY: Duration = Duration::from_millis(900);
/// The same where the parts are sealed: a kill of the program costs then what a power cut does.
const SYNC_SEALED_EVERY: Duration = Duration::from_millis(500);
/// Between two entries of the journal that only say 'still here'.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(10);
/// A short write of silence, in frames.
const SILENCE_BLOCK: u64 = 16_384;

/// One line of the journal.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JournalLine {
    /// The position in the working copies.
    pub at: u64,
    /// The recorder's clock, which nobody can set, in milliseconds.
    pub clock_ms: u64,
    /// What happened; none for a checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<Entry>,
    /// The time of day, RFC 3339.
    pub wall: String,
}

/// The open files.
pub(super) struct Tape {
    disk: Arc<dyn Disk>,
    clock: Clock,
    folder: PathBuf,
    series: Series,
    format: SourceFormat,
    part: GrowingWav,
    number: u32,
    part_length: Duration,
    working: Vec<GrowingWav>,
    resampler: Resampler,
    /// Position in the working copies where this rate began, and frames at this rate since.
    base: u64,
    frames: u64,
    planes: Vec<Vec<f32>>,
    ready: Vec<Vec<f32>>,
    samples: Vec<i16>,
    chain: SoundChain,
    journal: Box<dyn DiskFile>,
    journal_seal: LineSealer,
    entries: u64,
    /// What is wrong with the tail; none in it once it was told.
    tail_fault: Option<Option<String>>,
    synced_at: Duration,
    checkpoint_at: Duration,
}

impl Tape {
    /// Makes the files in `folder`, which is there and holds none of them.
    pub(super) fn begin(
        disk: Arc<dyn Disk>,
        clock: Clock,
        (folder, series): (&Path, Series),
        format: SourceFormat,
        channels: u16,
        part: Duration,
        chain: SharedChain,
    ) -> Result<Self, Error> {
        let mono = SourceFormat {
            rate: SAMPLE_RATE,
            channels: 1,
        };
        let first = GrowingWav::create(&*disk, &folder.join(series.part(1)), format)?;
        let working = (0..channels)
            .map(|c| GrowingWav::create(&*disk, &folder.join(series.working(c)), mono))
            .collect::<Result<Vec<_>, _>>()?;
        let path = folder.join(series.journal());
        let journal = disk.create(&path).map_err(|e| Error::write(&path, e))?;
        let journal_seal = LineSealer::new(&path).map_err(|e| Error::write(&path, e))?;
        let chain = SoundChain::begin(&disk, folder, series.part(1), format, chain);
        disk.sync_folder(folder)
            .map_err(|e| Error::write(folder, e))?;
        let now = clock();
        Ok(Self {
            resampler: resampler(folder, format, channels)?,
            disk,
            clock,
            folder: folder.to_owned(),
            series,
            format,
            part: first,
            number: 1,
            part_length: part,
            planes: vec![Vec::new(); working.len()],
            ready: vec![Vec::new(); working.len()],
            working,
            base: 0,
            frames: 0,
            samples: Vec::new(),
            chain,
            journal,
            journal_seal,
            entries: 0,
            tail_fault: None,
            synced_at: now,
            checkpoint_at: now,
        })
    }

    /// The position in the working copies of the sound taken so far, also of that which the
    /// resampler still holds.
    pub(super) fn position(&self) -> SamplePos {
        let here = frames_at_16k(self.frames, self.format.rate);
        SamplePos(self.base.saturating_add(here))
    }

    /// Samples in the working copies, ready to be read.
    pub(super) fn derived(&self) -> u64 {
        self.working.first().map_or(0, GrowingWav::frames)
    }

    /// Frames of a whole part, at the rate that it has now.
    fn frames_a_part(&self) -> u64 {
        u64::from(self.format.rate).saturating_mul(self.part_length.as_secs().max(1))
    }

    /// Bytes that one second needs.
    pub(super) fn bytes_a_second(format: SourceFormat, channels: u16) -> u64 {
        let sound = u64::from(format.rate) * u64::from(format.channels) * 2;
        sound + u64::from(SAMPLE_RATE) * u64::from(channels) * 2
    }

    /// Appends whole frames, interleaved; tells of each part that was completed by them.
    pub(super) fn write(&mut self, mut block: &[i16], closed: &mut Vec<Part>) -> Result<(), Error> {
        let width = usize::from(self.format.channels.max(1));
        while !block.is_empty() {
            let room = self.frames_a_part().saturating_sub(self.part.frames());
            if room == 0 {
                closed.push(self.next_part(self.format)?);
                continue;
            }
            let fits = usize::try_from(room)
                .unwrap_or(usize::MAX)
                .saturating_mul(width);
            let (now, later) = block.split_at(fits.min(block.len()));
            self.part.append(now)?;
            self.chain.take(now);
            self.derive(now, width)?;
            block = later;
        }
        Ok(())
    }

    /// Appends silence of so many frames.
    pub(super) fn silence(&mut self, mut frames: u64, closed: &mut Vec<Part>) -> Result<(), Error> {
        let width = usize::from(self.format.channels.max(1));
        while frames > 0 {
            let now = frames.min(SILENCE_BLOCK);
            self.write(&vec![0; now as usize * width], closed)?;
            frames -= now;
        }
        Ok(())
    }

    /// Goes on in another rate or with other channels, in a new part.
    pub(super) fn change_format(&mut self, format: SourceFormat) -> Result<Part, Error> {
        let part = self.next_part(format)?;
        self.finish_resampler()?;
        self.base = self.position().0;
        self.frames = 0;
        self.format = format;
        self.resampler = resampler(&self.folder, format, self.working.len() as u16)?;
        Ok(part)
    }

    /// Writes an entry into the journal and gives it its number.
    pub(super) fn note(&mut self, notice: Notice) -> Result<Entry, Error> {
        let (entry, noted) = self.note_or_not(notice);
        noted.map(|()| entry)
    }

    /// The same: numbered, whether the journal takes it or not.
    pub(super) fn note_or_not(&mut self, notice: Notice) -> (Entry, Result<(), Error>) {
        self.entries += 1;
        let mut entry = Entry {
            number: self.entries,
            wall: jiff::Timestamp::now().to_string(),
            notice,
            refused: false,
        };
        let noted = self.write_journal(Some(entry.clone()));
        entry.refused = noted.is_err();
        (entry, noted)
    }

    /// Once a second: forces to the disk what came since. True where it did.
    pub(super) fn keep(&mut self) -> Result<bool, Error> {
        let now = (self.clock)();
        let every = if self.part.is_sealed() {
            SYNC_SEALED_EVERY
        } else {
            SYNC_EVERY
        };
        if now.saturating_sub(self.synced_at) < every {
            return Ok(false);
        }
        if now.saturating_sub(self.checkpoint_at) >= CHECKPOINT_EVERY {
            self.checkpoint_at = now;
            self.write_journal(None)?;
        }
        self.part.sync()?;
        // Beside the sound, and no reason to end it; tried again with the next sync.
        match self.part.keep_tail(&*self.disk) {
            Ok(_) => self.tail_fault = None,
            Err(e) => {
                self.tail_fault.get_or_insert(Some(e.to_string()));
            }
        }
        // Behind the sound: a link never speaks of what a power cut could still take.
        self.chain.keep(self.part.frames_in_file());
        self.sync_journal()?;
        // From here on: a disk that takes long for it would have nothing else to do, and what was heard waits.
        self.synced_at = (self.clock)();
        Ok(true)
    }

    /// What is wrong with the tail of the part, once until one is kept again.
    pub(super) fn tail_fault(&mut self) -> Option<String> {
        self.tail_fault.as_mut().and_then(Option::take)
    }

    /// What is wrong with the chain of the sound, once.
    pub(super) fn chain_fault(&mut self) -> Option<String> {
        self.chain.take_fault()
    }

    /// Ends the files, whole and on the disk.
    pub(super) fn close(&mut self) -> Result<Part, Error> {
        self.end_part()?;
        self.chain.end_part(None);
        self.finish_resampler()?;
        for working in &mut self.working {
            working.end()?;
            working.sync()?;
        }
        self.sync_journal()?;
        self.folder_synced()?;
        Ok(self.finished_part())
    }

    /// Ends the files after a failure as well as the disk still lets it: the header needs no room.
    /// What failed is not tried again: after a failed sync nobody knows what a second one means. The part is
    /// not told of: what it holds, perhaps a piece of a write that failed too, is known once it was recovered.
    pub(super) fn abandon(&mut self) {
        let _ = self.part.end();
        for working in &mut self.working {
            let _ = working.end();
        }
    }

    /// The part is whole and on the disk; only then is its tail of no more use.
    fn end_part(&mut self) -> Result<(), Error> {
        self.part.end()?;
        self.part.sync()?;
        self.part.drop_tail();
        Ok(())
    }

    fn next_part(&mut self, format: SourceFormat) -> Result<Part, Error> {
        self.end_part()?;
        let done = self.finished_part();
        self.number += 1;
        let name = self.series.part(self.number);
        let path = self.folder.join(&name);
        self.chain.end_part(Some((name, format)));
        self.part = GrowingWav::create(&*self.disk, &path, format)?;
        self.folder_synced()?;
        Ok(done)
    }

    fn folder_synced(&self) -> Result<(), Error> {
        self.disk
            .sync_folder(&self.folder)
            .map_err(|e| Error::write(&self.folder, e))
    }

    fn finished_part(&self) -> Part {
        let name = self.part.path().file_name();
        Part {
            name: name
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default(),
            rate: self.format.rate,
            channels: self.format.channels,
            frames: self.part.frames(),
        }
    }

    /// Brings the block to 16 kHz and appends what is ready to the working copies.
    fn derive(&mut self, block: &[i16], width: usize) -> Result<(), Error> {
        for (channel, plane) in self.planes.iter_mut().enumerate() {
            plane.clear();
            let samples = block.iter().skip(channel).step_by(width);
            plane.extend(samples.map(|s| f32::from(*s) / 32_768.0));
        }
        self.resampler
            .push(&self.planes, &mut self.ready)
            .map_err(|detail| unsupported(&self.folder, detail))?;
        self.frames = self.frames.saturating_add((block.len() / width) as u64);
        self.write_ready()
    }

    fn finish_resampler(&mut self) -> Result<(), Error> {
        self.resampler
            .finish(&mut self.ready)
            .map_err(|detail| unsupported(&self.folder, detail))?;
        self.write_ready()
    }

    fn write_ready(&mut self) -> Result<(), Error> {
        for (working, ready) in self.working.iter_mut().zip(&mut self.ready) {
            if ready.is_empty() {
                continue;
            }
            self.samples.clear();
            // `as` saturates, so a sample beyond full scale is clipped and never wraps.
            self.samples
                .extend(ready.iter().map(|s| (s * 32_768.0).round() as i16));
            ready.clear();
            working.append(&self.samples)?;
            working.settle()?;
        }
        Ok(())
    }

    fn write_journal(&mut self, entry: Option<Entry>) -> Result<(), Error> {
        let line = JournalLine {
            at: self.position().0,
            clock_ms: u64::try_from((self.clock)().as_millis()).unwrap_or(u64::MAX),
            entry,
            wall: jiff::Timestamp::now().to_string(),
        };
        let path = self.folder.join(self.series.journal());
        let text = serde_json::to_string(&line).map_err(std::io::Error::other);
        let text = text.and_then(|text| self.journal_seal.line(&text));
        text.and_then(|text| append_all(&mut *self.journal, &text))
            .map_err(|e| Error::write(&path, e))
    }

    /// Forces the journal to the disk.
    pub(super) fn sync_journal(&mut self) -> Result<(), Error> {
        self.journal
            .sync()
            .map_err(|e| Error::write(&self.folder.join(self.series.journal()), e))
    }
}

fn resampler(folder: &Path, format: SourceFormat, channels: u16) -> Result<Resampler, Error> {
    Resampler::new(format.rate, usize::from(channels)).map_err(|detail| unsupported(folder, detail))
}

fn unsupported(folder: &Path, detail: String) -> Error {
    Error::Unsupported {
        detail,
        path: folder.to_owned(),
    }
}
