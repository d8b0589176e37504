//! Hears a stretch of recordings as they came, where no working copies were made of them: nothing is
//! written. Decoding runs a thousand times faster than the sound, so it begins at the front every time.

use std::path::{Path, PathBuf};

use super::{Decoder, Error, Resampler};
use crate::domain::Span;

/// The stretch that is being gathered out of what goes by.
struct Window {
    span: Span,
    /// Samples that went by.
    at: u64,
    found: Vec<f32>,
}

impl Window {
    /// Takes what of these samples lies inside.
    fn pass(&mut self, samples: &[f32]) {
        let before = self.at;
        self.at = before.saturating_add(samples.len() as u64);
        let place = |pos: u64| {
            let place = pos.saturating_sub(before).min(samples.len() as u64);
            usize::try_from(place).unwrap_or(samples.len())
        };
        let inside = samples.get(place(self.span.start.0)..place(self.span.end.0));
        self.found.extend_from_slice(inside.unwrap_or_default());
    }

    fn is_over(&self) -> bool {
        self.at >= self.span.end.0
    }
}

/// Samples at 16 kHz, -1.0 to 1.0, of one channel of `parts`, which lie one behind the other in time. What
/// of `span` lies behind their end is left out.
///
/// # Errors
/// Those of decoding (see [`Error`]); a channel that a part does not have is silence there.
pub fn hear_untouched(parts: &[PathBuf], channel: u16, span: Span) -> Result<Vec<f32>, Error> {
    let mut window = Window {
        span,
        at: 0,
        found: Vec::new(),
    };
    for part in parts {
        if window.is_over() {
            break;
        }
        hear_part(part, usize::from(channel), &mut window)?;
    }
    Ok(window.found)
}

fn hear_part(part: &Path, channel: usize, window: &mut Window) -> Result<(), Error> {
    let failed = |detail| Error::Unsupported {
        detail,
        path: part.to_owned(),
    };
    let mut decoder = Decoder::open(part)?;
    let mut rate = decoder.rate();
    let mut resampler = Resampler::new(rate, 1).map_err(failed)?;
    let mut ready = [Vec::new()];
    while !window.is_over() {
        let Some(mut block) = decoder.next_block()? else {
            break;
        };
        if decoder.rate() != rate {
            resampler.finish(&mut ready).map_err(failed)?;
            rate = decoder.rate();
            resampler = Resampler::new(rate, 1).map_err(failed)?;
        }
        let frames = block.first().map_or(0, Vec::len);
        let own = if channel < block.len() {
            block.swap_remove(channel)
        } else {
            vec![0.0; frames]
        };
        resampler.push(&[own], &mut ready).map_err(failed)?;
        window.pass(&ready[0]);
        ready[0].clear();
    }
    if !window.is_over() {
        resampler.finish(&mut ready).map_err(failed)?;
        window.pass(&ready[0]);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SamplePos;

    /// Both channels count up, the second one downwards; so a sample tells its place.
    fn part(path: &std::path::Path, from: i16, samples: i16) {
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(path, spec).unwrap();
        for n in from..from + samples {
            file.write_sample(n).unwrap();
            file.write_sample(-n).unwrap();
        }
        file.finalize().unwrap();
    }

    fn heard(parts: &[PathBuf], channel: u16, from: u64, to: u64) -> Vec<i32> {
        let span = Span::new(SamplePos(from), SamplePos(to));
        let pcm = hear_untouched(parts, channel, span).unwrap();
        pcm.iter().map(|s| (s * 32_768.0).round() as i32).collect()
    }

    #[test]
    fn a_stretch_is_found_in_the_right_part_of_the_right_channel_and_over_a_border() {
        let dir = tempfile::tempdir().unwrap();
        let parts = [
            dir.path().join("part-001.wav"),
            dir.path().join("part-002.wav"),
        ];
        part(&parts[0], 0, 10_000);
        part(&parts[1], 10_000, 5_000);
        let all: Vec<i32> = (9_990..10_020).collect();
        assert_eq!(heard(&parts, 0, 9_990, 10_020), all);
        let down: Vec<i32> = all.iter().map(|n| -n).collect();
        assert_eq!(heard(&parts, 1, 9_990, 10_020), down);
        assert_eq!(heard(&parts, 0, 3, 6), [3, 4, 5]);
        assert_eq!(heard(&parts, 0, 14_998, 20_000), [14_998, 14_999]);
        assert_eq!(heard(&parts, 0, 20_000, 20_100), [0; 0]);
        assert_eq!(
            heard(&parts, 5, 3, 6),
            [0; 3],
            "a channel that is not there"
        );
    }

    #[test]
    fn what_is_slower_or_faster_keeps_its_time() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("original.wav");
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 48_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut file = hound::WavWriter::create(&path, spec).unwrap();
        // A second of nothing, then a second of a tone.
        for n in 0..96_000u32 {
            let tone = (n as f32 * 0.05).sin() * 12_000.0;
            file.write_sample(if n < 48_000 { 0 } else { tone as i16 })
                .unwrap();
        }
        file.finalize().unwrap();
        let loud = |from, to| {
            let pcm = heard(std::slice::from_ref(&path), 0, from, to);
            pcm.into_iter().map(i32::abs).max().unwrap_or(0)
        };
        assert!(loud(0, 15_500) < 200 && loud(16_500, 32_000) > 10_000);
    }
}
