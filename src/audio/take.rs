//! A few seconds from a microphone before a session starts: what is played back to the person, and what
//! can be said of it without ears. Nothing of it is written anywhere.

use std::path::PathBuf;

use super::capture::SourceFormat;
use super::{Error, Resampler};

/// Quieter than this is no voice at a microphone, decibels below full scale.
const QUIET_DB: f32 = -45.0;
/// Samples at full scale in a row that are held to be clipped, as the meters have it.
const CLIP_RUN: usize = 3;

/// What can be said of a channel by its samples alone, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hearing {
    /// One and the same value throughout: muted, unplugged, or not allowed to listen.
    Zeros,
    /// Something, but no voice close to it.
    Quiet,
    /// Beyond full scale.
    Clipped,
    /// A voice could be in it.
    Good,
}

impl Hearing {
    /// The stable word for it, as the record has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Hearing::Zeros => "no sound at all",
            Hearing::Quiet => "too quiet",
            Hearing::Clipped => "too loud: clipped",
            Hearing::Good => "good",
        }
    }
}

/// What one microphone heard in a few seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Take {
    /// The channels that are recognised.
    pub channels: Vec<TakeChannel>,
}

/// One channel of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TakeChannel {
    /// Mono at 16 kHz, -1.0 to 1.0.
    pub pcm: Vec<f32>,
    /// Its highest sample, decibels below full scale.
    pub peak_db: f32,
    /// What can be said of it.
    pub hearing: Hearing,
}

impl Take {
    /// Looks at interleaved sound and brings its first `channels` channels to 16 kHz.
    ///
    /// # Errors
    /// `Unsupported` where the rate cannot be converted.
    pub fn of(sound: &[i16], format: SourceFormat, channels: u16) -> Result<Self, Error> {
        let width = usize::from(format.channels.max(1));
        let planes: Vec<Vec<i16>> = (0..usize::from(channels))
            .map(|c| sound.iter().skip(c).step_by(width).copied().collect())
            .collect();
        let scaled: Vec<Vec<f32>> = planes
            .iter()
            .map(|plane| plane.iter().map(|s| f32::from(*s) / 32_768.0).collect())
            .collect();
        let failed = |detail| Error::Unsupported {
            detail,
            path: PathBuf::from("the microphone"),
        };
        let mut ready = vec![Vec::new(); planes.len()];
        let mut resampler = Resampler::new(format.rate, planes.len()).map_err(failed)?;
        resampler.push(&scaled, &mut ready).map_err(failed)?;
        resampler.finish(&mut ready).map_err(failed)?;
        let channels = planes.iter().zip(ready).map(|(plane, pcm)| {
            let top = plane.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0);
            let peak_db = (20.0 * (f32::from(top) / 32_768.0).log10()).max(-96.0);
            TakeChannel {
                pcm,
                peak_db,
                hearing: hearing(plane, peak_db),
            }
        });
        Ok(Self {
            channels: channels.collect(),
        })
    }

    /// The worst that can be said of any channel.
    pub fn hearing(&self) -> Hearing {
        let all = self.channels.iter().map(|c| c.hearing);
        all.min().unwrap_or(Hearing::Zeros)
    }
}

fn hearing(plane: &[i16], peak_db: f32) -> Hearing {
    let first = plane.first();
    let full = |s: &i16| s.unsigned_abs() >= 32_767;
    if plane.iter().all(|s| Some(s) == first) {
        Hearing::Zeros
    } else if plane.windows(CLIP_RUN).any(|run| run.iter().all(full)) {
        Hearing::Clipped
    } else if peak_db < QUIET_DB {
        Hearing::Quiet
    } else {
        Hearing::Good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(level: f32, frames: usize, rate: f32) -> Vec<i16> {
        let wave = |i: usize| (i as f32 * 440.0 * std::f32::consts::TAU / rate).sin();
        (0..frames)
            .map(|i| (wave(i) * level).clamp(-32_768.0, 32_767.0) as i16)
            .collect()
    }

    #[test]
    fn each_fault_of_a_microphone_is_told_from_a_voice() {
        let format = SourceFormat {
            rate: 8_000,
            channels: 1,
        };
        let heard = |sound: &[i16]| Take::of(sound, format, 1).unwrap().hearing();
        assert_eq!(heard(&[]), Hearing::Zeros);
        assert_eq!(heard(&[0; 8_000]), Hearing::Zeros);
        assert_eq!(heard(&[-1; 8_000]), Hearing::Zeros, "a stuck line");
        assert_eq!(heard(&tone(80.0, 8_000, 8_000.0)), Hearing::Quiet);
        assert_eq!(heard(&tone(8_000.0, 8_000, 8_000.0)), Hearing::Good);
        assert_eq!(heard(&tone(90_000.0, 8_000, 8_000.0)), Hearing::Clipped);
    }

    #[test]
    fn one_deaf_channel_spoils_the_take_and_its_length_stays() {
        for rate in [8_000_u32, 16_000, 44_100, 48_000] {
            let format = SourceFormat { rate, channels: 2 };
            let voice = tone(8_000.0, rate as usize, rate as f32);
            let sound: Vec<i16> = voice.iter().flat_map(|s| [*s, 0]).collect();
            let take = Take::of(&sound, format, 2).unwrap();
            assert_eq!(take.channels[0].hearing, Hearing::Good);
            assert_eq!(take.channels[1].hearing, Hearing::Zeros);
            assert_eq!(take.hearing(), Hearing::Zeros);
            assert!(take.channels[0].pcm.len().abs_diff(16_000) <= 1, "{rate}");
            assert!((take.channels[0].peak_db + 12.2).abs() < 0.3, "{rate}");
            assert_eq!(
                Take::of(&sound, format, 1).unwrap().hearing(),
                Hearing::Good
            );
        }
    }
}
