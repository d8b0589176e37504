//! Streaming decoder for the sound of WAV, FLAC, MP3, AAC, Vorbis, Opus, AIFF, CAF, MP4 and MKV
//! files. Holds one packet at a time, whatever the length of the file. Damaged packets become
//! silence of their own length, so that everything after them stays at its time.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::codecs::audio::AudioDecoder;
use symphonia::core::errors::Error as Vendor;
use symphonia::core::formats::{FormatReader, SeekMode, SeekTo, TrackType};
use symphonia::core::packet::Packet;
use symphonia::core::units::{TimeBase, Timestamp};

use super::container::{self, Opened};
use super::{Error, Note};
use crate::domain::Cancel;

mod run_up;

/// Channels handled at most.
pub const MAX_CHANNELS: usize = 8;
/// Lowest sample rate, frames a second.
pub const MIN_RATE: u32 = 1_000;
/// Highest sample rate, frames a second.
pub const MAX_RATE: u32 = 384_000;
/// Longest recording.
pub const MAX_HOURS: u64 = 24;

/// A forward jump of the file's clock up to this is rounding or encoder delay, not lost sound.
const GAP_MS: u64 = 100;
/// The same where the clock counts samples: more than the delay of any encoder (AAC 1,024 samples at
/// 48 kHz, MP3 1,105), less than most packets.
const EXACT_GAP_MS: u64 = 30;
/// A jump beyond this is a broken clock (a stream joined in the middle), not lost sound.
const MAX_GAP_MS: u64 = 3_600_000;
/// A sample beyond this, where 1 is full scale, is no sound: it would overflow when resampled. Files that
/// keep 32-bit integers as floating-point numbers stay below.
const LOUDEST: f32 = 1e10;
/// Silence handed out in one block.
const SILENCE_BLOCK: u64 = 16_384;
/// Failed reads in a row after which the rest of the file is given up.
const MAX_FAILED_READS: u32 = 256;

/// The sound of one file, read block by block.
pub struct Decoder {
    path: PathBuf,
    format: Box<dyn FormatReader>,
    codec: Box<dyn AudioDecoder>,
    track: u32,
    time_base: Option<TimeBase>,
    promised_ms: Option<u64>,
    /// Length that the container claims; rounded or the picture's, so only a hint.
    claimed_ms: Option<u64>,
    rate: u32,
    channels: usize,
    read_pos: Arc<AtomicU64>,
    file_len: u64,
    /// Frames given so far at the present rate, silence included, since `base`.
    position: u64,
    /// File time of position 0, in ticks of the time base.
    base: Option<i64>,
    /// Decoded block that waits behind silence.
    waiting: Option<Vec<Vec<f32>>>,
    silence_left: u64,
    given_ms_before: u64,
    tally: Tally,
    ended: bool,
}

#[derive(Default)]
struct Tally {
    good: u64,
    corrupt: u64,
    /// Corrupt packets since the last good one, and what they would have lasted, in frames.
    pending: u64,
    pending_frames: u64,
    corrupt_silence: u64,
    gaps: u64,
    gap_silence: u64,
    bad_samples: u64,
    good_samples: u64,
    changes: u64,
    cut_off: bool,
    last_failure: Option<String>,
    header: Vec<Note>,
}

impl Decoder {
    /// Opens a file and finds its default or first sound track.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let opened = container::open(path)?;
        let Opened {
            format,
            track,
            codec,
            rate,
            channels,
            read_pos,
            file_len,
            header,
        } = opened;
        let claimed_ms = container::claimed_ms(&track, format.media_info());
        let mut decoder = Self {
            path: path.to_owned(),
            format,
            codec,
            track: track.id,
            time_base: track.time_base,
            promised_ms: container::promised_ms(&track, rate),
            claimed_ms,
            rate,
            channels,
            read_pos,
            file_len,
            position: 0,
            base: Some(track.start_ts.get().max(0)),
            waiting: None,
            silence_left: 0,
            given_ms_before: 0,
            tally: Tally {
                header,
                ..Tally::default()
            },
            ended: false,
        };
        if channels > MAX_CHANNELS {
            return Err(Error::TooManyChannels {
                channels,
                path: path.to_owned(),
            });
        }
        if rate != 0 {
            decoder.check_rate(rate)?;
        }
        // The first block tells the true rate and channels: headers of AAC may say half of it.
        decoder.waiting = decoder.first_block()?;
        Ok(decoder)
    }

    /// Frames a second of the next block.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Channels, 1 to 8. Fixed for the whole file.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Bytes read and bytes in all, for a progress bar.
    pub fn progress(&self) -> (u64, u64) {
        (
            self.read_pos.load(Ordering::Relaxed).min(self.file_len),
            self.file_len,
        )
    }

    /// The next block: one vector a channel, all equally long, -1.0 to 1.0 and finite. `rate` is
    /// that of this block. `None` at the end.
    pub fn next_block(&mut self) -> Result<Option<Vec<Vec<f32>>>, Error> {
        loop {
            if self.silence_left > 0 {
                let frames = self.silence_left.min(SILENCE_BLOCK);
                self.silence_left -= frames;
                return self
                    .count(vec![vec![0.0; frames as usize]; self.channels])
                    .map(Some);
            }
            if let Some(block) = self.waiting.take() {
                return self.count(block).map(Some);
            }
            if self.ended {
                return Ok(None);
            }
            self.waiting = self.decode_next()?;
            if self.waiting.is_none() {
                self.ended = true;
                if self.tally.bad_samples > 0 && self.tally.good_samples == 0 {
                    let detail = "none of its samples is a number".to_owned();
                    return Err(Error::Damaged {
                        detail,
                        path: self.path.clone(),
                    });
                }
                self.fill_corrupt(self.tally.pending_frames);
            }
        }
    }

    /// Goes to the block that holds this frame, counted from the beginning: where the next block begins then, or
    /// `None` where blocks cannot be told apart by their frames, or the file does not say where they are; the
    /// decoder must then be opened anew. A cancel is `None` too.
    pub fn go_to(&mut self, frame: u64, cancel: &Cancel) -> Option<u64> {
        let counts = self.time_base?;
        let exact = counts.numer.get() == 1 && counts.denom.get() == self.rate;
        if !exact || self.given_ms_before > 0 {
            return None;
        }
        let kind: &'static str = self.codec.codec_info().short_name;
        if matches!(kind, "mp3" | "opus") {
            return self.pass_to(frame, cancel);
        }
        // Others need what came before a block to decode it.
        if !(kind == "flac" || kind.starts_with("pcm_")) {
            return None;
        }
        let base = self.base?;
        let to = SeekTo::Timestamp {
            ts: Timestamp::new(base.saturating_add(i64::try_from(frame).ok()?)),
            track_id: self.track,
        };
        let there = self.format.seek(SeekMode::Accurate, to).ok()?;
        // Where the block that holds it is damaged, the reader goes on behind the hole.
        if there.actual_ts > there.required_ts {
            return None;
        }
        self.codec.reset();
        self.position = u64::try_from(there.actual_ts.get().saturating_sub(base)).ok()?;
        (self.waiting, self.silence_left, self.ended) = (None, 0, false);
        (self.tally.pending, self.tally.pending_frames) = (0, 0);
        Some(self.position)
    }

    /// What was repaired or left out so far; complete after the end.
    pub fn notes(&self) -> Vec<Note> {
        let mut notes = self.tally.header.clone();
        let given = self.given_ms();
        let short = |ms: Option<u64>| ms.map(|ms| ms.saturating_sub(given)).filter(|ms| *ms > 100);
        let missing = short(self.promised_ms);
        let known = notes.iter().any(|n| matches!(n, Note::Truncated { .. }));
        if self.ended && !known && (self.tally.cut_off || missing.is_some()) {
            let missing_ms = missing.or_else(|| short(self.claimed_ms));
            notes.push(Note::Truncated { missing_ms });
        }
        let t = &self.tally;
        let ms = |frames: u64| frames.saturating_mul(1000) / u64::from(self.rate.max(1));
        if t.corrupt > 0 {
            notes.push(Note::Corrupt {
                packets: t.corrupt,
                silence_ms: ms(t.corrupt_silence),
            });
        }
        if t.gaps > 0 {
            notes.push(Note::Gaps {
                gaps: t.gaps,
                silence_ms: ms(t.gap_silence),
            });
        }
        if t.bad_samples > 0 {
            notes.push(Note::BadSamples {
                samples: t.bad_samples,
            });
        }
        if t.changes > 0 {
            notes.push(Note::FormatChanges { changes: t.changes });
        }
        notes
    }

    fn given_ms(&self) -> u64 {
        let now = self.position.saturating_mul(1000) / u64::from(self.rate.max(1));
        self.given_ms_before.saturating_add(now)
    }

    fn count(&mut self, block: Vec<Vec<f32>>) -> Result<Vec<Vec<f32>>, Error> {
        let frames = block.first().map_or(0, Vec::len) as u64;
        self.position = self.position.saturating_add(frames);
        if self.given_ms() > MAX_HOURS * 3_600_000 {
            return Err(Error::TooLong {
                path: self.path.clone(),
            });
        }
        Ok(block)
    }

    fn check_rate(&self, rate: u32) -> Result<(), Error> {
        if (MIN_RATE..=MAX_RATE).contains(&rate) {
            return Ok(());
        }
        Err(Error::SampleRate {
            rate,
            path: self.path.clone(),
        })
    }

    fn first_block(&mut self) -> Result<Option<Vec<Vec<f32>>>, Error> {
        let path = self.path.clone();
        let first = self.decode_next()?;
        if first.is_some() {
            return Ok(first);
        }
        match self.tally.last_failure.take() {
            Some(detail) => Err(Error::Damaged { detail, path }),
            None if self.tally.cut_off => Err(Error::Damaged {
                detail: "it ends before its sound begins".to_owned(),
                path,
            }),
            None => Err(Error::NoSamples { path }),
        }
    }

    /// Decodes up to the next packet that gives sound; sets the silence due before it.
    fn decode_next(&mut self) -> Result<Option<Vec<Vec<f32>>>, Error> {
        while let Some(packet) = self.next_packet()? {
            self.base.get_or_insert(starts_at(&packet));
            let (decoded, rate, failure) = match self.codec.decode(&packet) {
                Ok(buffer) => {
                    let mut planes = Vec::new();
                    buffer.copy_to_vecs_planar::<f32>(&mut planes);
                    (planes, buffer.spec().rate(), None)
                }
                Err(Vendor::ResetRequired) => {
                    self.codec.reset();
                    (Vec::new(), 0, Some("the decoder lost its place".to_owned()))
                }
                Err(e) => (Vec::new(), 0, Some(e.to_string())),
            };
            if let Some(failure) = failure {
                self.tally.last_failure = Some(failure);
                self.tally.corrupt += 1;
                self.tally.pending += 1;
                let frames = self.ticks_to_frames(i128::from(packet.dur.get()));
                self.tally.pending_frames = self.tally.pending_frames.saturating_add(frames);
                continue;
            }
            if decoded.first().is_none_or(Vec::is_empty) {
                continue; // encoder delay, trimmed to nothing
            }
            self.tally.good += 1;
            let block = self.fit(decoded, rate)?;
            self.place(&packet);
            return Ok(Some(block));
        }
        if self.tally.corrupt > self.tally.good.saturating_mul(20) && self.tally.good < 20 {
            // Noise that happened to look like one frame of MP3 is no recording.
            return Err(Error::NotAudio {
                what: "almost nothing in it can be decoded",
                path: self.path.clone(),
            });
        }
        Ok(None)
    }

    /// Compares the packet's own time with the sound given so far and orders silence for a gap.
    fn place(&mut self, packet: &Packet) {
        let ticks = starts_at(packet);
        let base = *self.base.get_or_insert(ticks);
        let due = self.ticks_to_frames(i128::from(ticks) - i128::from(base));
        let gap = due.saturating_sub(self.position);
        let in_ms = |ms: u64| ms.saturating_mul(u64::from(self.rate)) / 1000;
        let exact = self
            .time_base
            .is_some_and(|b| b.numer.get() == 1 && b.denom.get() == self.rate);
        let tolerated = in_ms(if exact { EXACT_GAP_MS } else { GAP_MS });
        let lost = self.tally.pending > 0;
        if gap > in_ms(MAX_GAP_MS) || self.position.saturating_sub(due) > in_ms(GAP_MS) {
            // The clock itself jumped: keep what was heard in order, and count from here.
            self.rebase(ticks);
            self.fill_corrupt(self.tally.pending_frames);
        } else if lost {
            self.fill_corrupt(gap);
        } else if gap > tolerated {
            self.tally.gaps += 1;
            self.tally.gap_silence = self.tally.gap_silence.saturating_add(gap);
            self.silence_left = gap;
        }
    }

    fn rebase(&mut self, ticks: i64) {
        self.given_ms_before = self.given_ms();
        self.position = 0;
        self.base = Some(ticks);
    }

    fn fill_corrupt(&mut self, frames: u64) {
        self.silence_left = self.silence_left.saturating_add(frames);
        self.tally.corrupt_silence = self.tally.corrupt_silence.saturating_add(frames);
        self.tally.pending = 0;
        self.tally.pending_frames = 0;
    }

    fn ticks_to_frames(&self, ticks: i128) -> u64 {
        let Some(base) = self.time_base else { return 0 };
        let scaled = ticks * i128::from(base.numer.get()) * i128::from(self.rate);
        u64::try_from(scaled / i128::from(base.denom.get())).unwrap_or(0)
    }

    /// Brings a block to the file's channels, notes a change of rate, replaces what is no number.
    fn fit(&mut self, mut planes: Vec<Vec<f32>>, rate: u32) -> Result<Vec<Vec<f32>>, Error> {
        if self.tally.good == 1 {
            self.channels = planes.len();
        }
        if planes.len() > MAX_CHANNELS {
            let channels = planes.len();
            return Err(Error::TooManyChannels {
                channels,
                path: self.path.clone(),
            });
        }
        let other_channels = planes.len() != self.channels;
        let other_rate = rate != self.rate;
        if self.tally.good > 1 && (other_channels || other_rate) {
            self.tally.changes += 1;
        }
        if other_rate {
            self.check_rate(rate)?;
            self.given_ms_before = self.given_ms();
            self.position = 0;
            self.base = None;
            self.rate = rate;
        }
        if other_channels {
            // One channel is everybody's; a missing channel was silent.
            let filler = match planes.as_slice() {
                [mono] => mono.clone(),
                _ => vec![0.0; planes.first().map_or(0, Vec::len)],
            };
            planes.resize(self.channels, filler);
        }
        for sample in planes.iter_mut().flatten() {
            if sample.abs() <= LOUDEST {
                self.tally.good_samples += 1;
            } else {
                *sample = 0.0;
                self.tally.bad_samples += 1;
            }
        }
        Ok(planes)
    }

    fn next_packet(&mut self) -> Result<Option<Packet>, Error> {
        let mut failed = 0;
        loop {
            match self.format.next_packet() {
                Ok(Some(packet)) if packet.track_id == self.track => return Ok(Some(packet)),
                Ok(Some(_)) => {}
                Ok(None) => return Ok(None),
                Err(Vendor::IoError(e)) if e.kind() == io::ErrorKind::UnexpectedEof => {
                    self.tally.cut_off = true;
                    return Ok(None);
                }
                Err(Vendor::IoError(e)) => return Err(Error::read(&self.path, e)),
                Err(Vendor::ResetRequired) => self.follow_chain()?,
                Err(e) => {
                    if failed == 0 {
                        self.tally.corrupt += 1;
                        self.tally.pending += 1;
                    }
                    failed += 1;
                    self.tally.last_failure = Some(e.to_string());
                    if failed > MAX_FAILED_READS {
                        self.tally.cut_off = true;
                        return Ok(None);
                    }
                }
            }
        }
    }

    /// A file made of several files one after the other (chained OGG): go on with the next one.
    fn follow_chain(&mut self) -> Result<(), Error> {
        let Some(track) = self.format.default_track(TrackType::Audio).cloned() else {
            return Ok(());
        };
        self.codec = container::make_codec(&self.path, &track)?;
        self.tally.pending = 0;
        self.track = track.id;
        self.given_ms_before = self.given_ms();
        self.position = 0;
        self.base = None;
        self.time_base = track.time_base;
        (self.promised_ms, self.claimed_ms) = (None, None);
        Ok(())
    }
}

/// File time of the first sample that the packet gives, in ticks of the time base.
fn starts_at(packet: &Packet) -> i64 {
    let trimmed = i64::try_from(packet.trim_start.get()).unwrap_or(i64::MAX);
    packet.pts.get().saturating_add(trimmed)
}
