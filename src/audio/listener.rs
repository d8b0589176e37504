//! Finds the utterances of a session while it is being recorded. It reads the working copy that the
//! recorder appends to: the file is the queue, so a slow listener costs no memory and loses nothing.

use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::Error;
use super::growing_wav::HEADER_BYTES;
use super::segmenter::{Cut, FRAME_SAMPLES, Running, Segmenter, SegmenterLimits};
use super::vad::VoiceDetector;
use crate::vault::{self, Content};

/// Samples that are read at once: four seconds.
const BLOCK: u64 = 1 << 16;

/// Listens to one channel of a session.
pub struct Listener {
    path: PathBuf,
    file: Option<Content>,
    detector: VoiceDetector,
    segmenter: Segmenter,
    heard: u64,
    voiced: u64,
    bytes: Vec<u8>,
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
                if frame.probability >= 0.5 {
                    self.voiced = self.voiced.saturating_add(FRAME_SAMPLES as u64);
                }
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
