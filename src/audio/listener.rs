//! Finds the utterances of a session while it is being recorded. It reads the working copy that the
//! recorder appends to: the file is the queue, so a slow listener costs no memory and loses nothing.

use std::collections::VecDeque;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Error;
use super::growing_wav::HEADER_BYTES;
use super::segmenter::{Cut, FRAME_SAMPLES, Frame, Running, Segmenter, SegmenterLimits};
use super::vad::VoiceDetector;
use crate::domain::SAMPLE_RATE;
use crate::vault::{self, Content};

/// Samples that are read at once: four seconds.
const BLOCK: u64 = 1 << 16;
/// Louder than this is more than a quiet room, decibels below full scale.
const LOUD_DB: f32 = -45.0;
/// Frames without speech after which loud sound is suspicious (one minute), and how many of them are loud.
const NO_VOICE: usize = 60 * SAMPLE_RATE as usize / FRAME_SAMPLES;
const LOUD: usize = NO_VOICE / 2;

/// Listens to one channel of a session.
pub struct Listener {
    path: PathBuf,
    file: Option<Content>,
    detector: VoiceDetector,
    segmenter: Segmenter,
    heard: u64,
    voiced: u64,
    din: Din,
    bytes: Vec<u8>,
}

/// The last minute of a channel since somebody spoke: which of its frames were loud.
#[derive(Default)]
struct Din {
    frames: VecDeque<bool>,
    loud: usize,
}

impl Din {
    fn push(&mut self, frame: Frame, voiced: bool) {
        if voiced {
            self.frames.clear();
            self.loud = 0;
            return;
        }
        let loud = frame.level_db > LOUD_DB;
        self.frames.push_back(loud);
        self.loud += usize::from(loud);
        if self.frames.len() > NO_VOICE && self.frames.pop_front() == Some(true) {
            self.loud = self.loud.saturating_sub(1);
        }
    }

    fn is_suspicious(&self) -> bool {
        self.frames.len() >= NO_VOICE && self.loud >= LOUD
    }
}

impl Listener {
    /// A listener at the start of a working copy, which need not be there yet.
    pub fn new(working: &Path, limits: &SegmenterLimits) -> Self {
        Self {
            path: working.to_owned(),
            file: None,
            detector: VoiceDetector::default(),
            segmenter: Segmenter::new(limits),
            heard: 0,
            voiced: 0,
            din: Din::default(),
            bytes: Vec::new(),
        }
    }

    /// Samples heard so far.
    pub fn heard(&self) -> u64 {
        self.heard
    }

    /// Samples in which somebody is likely to have spoken, so far.
    pub fn voiced(&self) -> u64 {
        self.voiced
    }

    /// Whether the last minute was loud for half of it and still holds nothing that is taken for speech.
    pub fn hears_only_noise(&self) -> bool {
        self.din.is_suspicious()
    }

    /// The utterance that is being spoken now.
    pub fn running(&self) -> Option<Running> {
        self.segmenter.running()
    }

    /// Hears what was appended up to `until` samples and gives the utterances that it completed.
    ///
    /// # Errors
    /// `Read`.
    pub fn hear(&mut self, until: u64) -> Result<Vec<Cut>, Error> {
        let mut cuts = Vec::new();
        while self.heard < until {
            let samples = until.saturating_sub(self.heard).min(BLOCK);
            self.bytes.resize(samples as usize * 2, 0);
            self.read_block()?;
            let bytes = std::mem::take(&mut self.bytes);
            for pair in bytes.chunks_exact(2) {
                let [low, high] = pair else { continue };
                let sample = i16::from_le_bytes([*low, *high]);
                let Some(frame) = self.detector.push(sample) else {
                    continue;
                };
                let voiced = frame.probability >= 0.5;
                if voiced {
                    self.voiced = self.voiced.saturating_add(FRAME_SAMPLES as u64);
                }
                self.din.push(frame, voiced);
                cuts.extend(self.segmenter.push(frame));
            }
            self.bytes = bytes;
            self.heard += samples;
        }
        Ok(cuts)
    }

    fn read_block(&mut self) -> Result<(), Error> {
        let failed = |e| Error::read(&self.path, e);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(vault::open(&self.path).map_err(failed)?),
        };
        let at = self.heard.saturating_mul(2).saturating_add(HEADER_BYTES);
        file.seek(SeekFrom::Start(at)).map_err(failed)?;
        file.read_exact(&mut self.bytes).map_err(failed)
    }

    /// The session is over: the utterances that its end completes.
    pub fn finish(&mut self) -> Vec<Cut> {
        let last = self.detector.finish();
        let mut cuts: Vec<Cut> = last
            .and_then(|frame| self.segmenter.push(frame))
            .into_iter()
            .chain(self.segmenter.finish())
            .collect();
        // The last frame was filled up with silence that the recording does not have.
        for cut in &mut cuts {
            cut.span.end.0 = cut.span.end.0.min(self.heard);
        }
        cuts
    }
}

#[cfg(test)]
mod tests {
    use super::super::capture::SourceFormat;
    use super::super::disk::SystemDisk;
    use super::super::growing_wav::GrowingWav;
    use super::super::{Decoder, find_utterances};
    use super::*;
    use crate::domain::Cancel;

    #[test]
    fn a_loud_minute_without_speech_is_suspicious_and_speech_or_quiet_ends_that() {
        let frame = |level_db| Frame {
            probability: 0.0,
            level_db,
        };
        let mut din = Din::default();
        for at in 0..NO_VOICE {
            assert!(!din.is_suspicious(), "after {at} frames");
            din.push(frame(if at % 2 == 0 { -30.0 } else { -80.0 }), false);
        }
        assert!(din.is_suspicious(), "half of the minute was loud");
        din.push(frame(-80.0), false);
        assert!(!din.is_suspicious(), "less than half of the last minute");
        din.push(frame(-30.0), false);
        assert!(din.is_suspicious());
        din.push(frame(-30.0), true);
        assert!(!din.is_suspicious(), "somebody spoke");
        for _ in 0..NO_VOICE * 2 {
            din.push(frame(-46.0), false);
        }
        assert!(!din.is_suspicious(), "a quiet room is no fault");
    }

    #[test]
    fn listening_while_it_grows_finds_the_same_as_reading_it_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let speech = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/speech.flac");
        let mut decoder = Decoder::open(&speech).unwrap();
        assert_eq!(decoder.rate(), 16_000, "the fixture is a working rate");
        let mut sound = Vec::new();
        while let Some(block) = decoder.next_block().unwrap() {
            sound.extend(block[0].iter().map(|s| (s * 32_768.0).round() as i16));
        }
        let path = dir.path().join("working-0.wav");
        let format = SourceFormat {
            rate: 16_000,
            channels: 1,
        };
        let mut wav = GrowingWav::create(&SystemDisk, &path, format).unwrap();
        let limits = SegmenterLimits::new(7000);
        let mut listener = Listener::new(&path, &limits);
        let (mut cuts, mut settled) = (Vec::new(), Vec::new());
        for (n, block) in sound.chunks(777).enumerate() {
            wav.append(block).unwrap();
            if n % 3 == 0 {
                cuts.extend(listener.hear(wav.frames()).unwrap());
                settled.extend(listener.running().filter(|r| r.settled).map(|r| r.span));
            }
        }
        wav.sync().unwrap();
        cuts.extend(listener.hear(wav.frames()).unwrap());
        cuts.extend(listener.finish());
        let afterwards = find_utterances(&path, &limits, &mut |_, _| {}, &Cancel::new()).unwrap();
        assert!(afterwards.len() > 1, "{} utterances", afterwards.len());
        assert_eq!(cuts, afterwards);
        assert!(listener.voiced() > 0 && listener.heard() == sound.len() as u64);
        // A pause that ends an utterance has shown the same cut before.
        let last = cuts.last().unwrap().span;
        assert!(settled.contains(&cuts[0].span) || settled.contains(&last));
    }
}
