//! A sound file in place of a microphone: it plays in real time, so that a course can practise a live
//! interview on a machine without one. Whatever is recorded from it is marked as practice.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::capture::{AudioSource, Clock, Delivery, SourceFormat};
use super::{Decoder, Error};

/// Frames are handed out in steps of at least this much, as a sound card does.
const STEP: Duration = Duration::from_millis(10);

/// A file that plays as if it were spoken now.
pub struct PracticeFile {
    path: PathBuf,
    decoder: Decoder,
    format: SourceFormat,
    clock: Clock,
    /// Seconds of sound a second; 1 but in proofs.
    speed: f64,
    begun: Option<Duration>,
    given: u64,
    /// Decoded and not yet due, interleaved.
    ready: Vec<i16>,
    at_end: bool,
}

impl PracticeFile {
    /// Opens the file; it begins to play when it is first asked.
    ///
    /// # Errors
    /// Those of decoding; `MicrophoneChannels` where it has fewer than `channels`.
    pub fn open(path: &Path, channels: u16, speed: f64, clock: Clock) -> Result<Self, Error> {
        let decoder = Decoder::open(path)?;
        let found = u16::try_from(decoder.channels()).unwrap_or(u16::MAX);
        if found < channels {
            return Err(Error::MicrophoneChannels {
                wanted: channels,
                found,
            });
        }
        Ok(Self {
            path: path.to_owned(),
            format: SourceFormat {
                rate: decoder.rate(),
                channels: found,
            },
            decoder,
            clock,
            speed: speed.clamp(0.1, 1000.0),
            begun: None,
            given: 0,
            ready: Vec::new(),
            at_end: false,
        })
    }

    /// Decodes until `samples` are ready or the file ends.
    fn prepare(&mut self, samples: usize) -> Result<(), Error> {
        while self.ready.len() < samples && !self.at_end {
            let Some(block) = self.decoder.next_block()? else {
                self.at_end = true;
                break;
            };
            let frames = block.first().map_or(0, Vec::len);
            self.ready.reserve(frames * block.len());
            for frame in 0..frames {
                for channel in &block {
                    let sample = channel.get(frame).copied().unwrap_or(0.0);
                    // `as` saturates, so a sample beyond full scale is clipped and never wraps.
                    self.ready.push((sample * 32_768.0).round() as i16);
                }
            }
        }
        Ok(())
    }
}

impl AudioSource for PracticeFile {
    fn format(&self) -> SourceFormat {
        self.format
    }

    fn take(&mut self, into: &mut Vec<i16>) -> Delivery {
        let now = (self.clock)();
        let begun = *self.begun.get_or_insert(now);
        let rate = f64::from(self.format.rate);
        let due = (now.saturating_sub(begun).as_secs_f64() * self.speed * rate) as u64;
        let owed = due.saturating_sub(self.given);
        let step = (STEP.as_secs_f64() * rate * self.speed.max(1.0)) as u64;
        if owed < step.max(1) {
            return Delivery::Nothing;
        }
        let width = usize::from(self.format.channels);
        let frames = usize::try_from(owed.min(u64::from(self.format.rate) / 2)).unwrap_or(0);
        if let Err(e) = self.prepare(frames * width) {
            return Delivery::Gone(e.to_string());
        }
        let samples = self.ready.len().min(frames * width);
        if samples == 0 {
            return Delivery::Ended;
        }
        into.extend(self.ready.drain(..samples));
        self.given = self.given.saturating_add((samples / width) as u64);
        Delivery::Sound
    }

    fn begin(&mut self) -> bool {
        // What was played while the session was only prepared is played again from the start.
        if let Ok(decoder) = Decoder::open(&self.path) {
            self.decoder = decoder;
            self.ready.clear();
            (self.begun, self.given, self.at_end) = (None, 0, false);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn it_plays_in_time_with_the_clock_and_ends() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/good.wav");
        let mut whole = Vec::new();
        let mut decoder = Decoder::open(&path).unwrap();
        let (rate, width) = (decoder.rate(), decoder.channels());
        while let Some(block) = decoder.next_block().unwrap() {
            whole.extend_from_slice(&block[0]);
        }
        let millis = Arc::new(AtomicU64::new(5000));
        let read = millis.clone();
        let clock: Clock = Arc::new(move || Duration::from_millis(read.load(Ordering::Relaxed)));
        let mut file = PracticeFile::open(&path, 1, 1.0, clock).unwrap();
        let mut heard = Vec::new();
        assert_eq!(file.take(&mut heard), Delivery::Nothing);
        millis.fetch_add(100, Ordering::Relaxed);
        assert_eq!(file.take(&mut heard), Delivery::Sound);
        assert_eq!(heard.len() / width, rate as usize / 10);
        assert_eq!(file.take(&mut heard), Delivery::Nothing);
        assert!(file.begin());
        heard.clear();
        assert_eq!(file.take(&mut heard), Delivery::Nothing);
        millis.fetch_add(3_600_000, Ordering::Relaxed);
        let ended = loop {
            match file.take(&mut heard) {
                Delivery::Sound => {}
                other => break other,
            }
        };
        assert_eq!(ended, Delivery::Ended);
        assert_eq!(heard.len() / width, whole.len());
        let same = heard.iter().step_by(width).zip(&whole);
        assert!(
            same.into_iter()
                .all(|(h, w)| (f32::from(*h) / 32_768.0 - w).abs() < 0.000_1)
        );
    }

    #[test]
    fn too_few_channels_are_refused() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/good.wav");
        let refused = PracticeFile::open(&path, 8, 1.0, super::super::capture::system_clock());
        assert!(matches!(
            refused,
            Err(Error::MicrophoneChannels { wanted: 8, .. })
        ));
    }
}
