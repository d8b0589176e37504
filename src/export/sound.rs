//! The sound of an interview for an export: the 16 kHz working copies, read a stretch at a time, with
//! a tone over what is redacted. The recording itself is only read.

use std::path::PathBuf;

use crate::audio;
use crate::domain::{SAMPLE_RATE, SamplePos, Span};

use super::{Error, Progress};

/// Samples that are read at once: ten seconds.
const STRETCH: u64 = 10 * SAMPLE_RATE as u64;
/// The tone over a redacted stretch, in hertz: a whole number of samples a period keeps it clean.
const TONE_HZ: f32 = 1_000.0;
/// Loudness of the tone, well below full scale.
const TONE_LEVEL: f32 = 0.2;

/// Takes the next stretch of all channels.
type Take<'a> = &'a mut dyn FnMut(&[Vec<i16>]) -> Result<(), Error>;

/// The sound an export may use.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sound<'a> {
    /// Channel and its working copy, mono at 16 kHz.
    pub files: &'a [(u16, PathBuf)],
    /// Stretches that must not be heard, on any channel: voices carry over to the other microphones.
    pub covered: &'a [Span],
    /// What of each channel may be heard beside that; all of it where nothing is said.
    pub heard: Option<&'a [(u16, Span)]>,
}

impl Sound<'_> {
    /// Samples of the longest channel; 0 without sound.
    pub(super) fn length(&self) -> Result<u64, Error> {
        let mut longest = 0;
        for (_, path) in self.files {
            longest = longest.max(audio::working_length(path)?);
        }
        Ok(longest)
    }

    /// Gives all channels to `take`, a stretch at a time; shorter channels end in silence. Progress
    /// counts samples.
    pub(super) fn read(&self, progress: Progress<'_>, take: Take<'_>) -> Result<(), Error> {
        let length = self.length()?;
        let mut from = 0;
        while from < length {
            let to = from.saturating_add(STRETCH).min(length);
            let span = Span::new(SamplePos(from), SamplePos(to));
            let mut channels = Vec::with_capacity(self.files.len());
            for (channel, path) in self.files {
                let mut pcm = audio::read_span(path, span)?;
                // At most a stretch long.
                pcm.resize(span.samples() as usize, 0.0);
                if let Some(heard) = self.heard {
                    let own = heard.iter().filter(|(of, _)| of == channel);
                    silence(&mut pcm, span, own.map(|(_, heard)| *heard));
                }
                cover(&mut pcm, span, self.covered);
                channels.push(pcm.into_iter().map(to_16_bit).collect());
            }
            take(&channels)?;
            from = to;
            progress(from, length)?;
        }
        Ok(())
    }
}

/// Replaces what lies in a covered stretch by the tone.
fn cover(pcm: &mut [f32], span: Span, covered: &[Span]) {
    for hidden in covered.iter().filter(|c| c.overlap(span) > 0) {
        let from = hidden.start.max(span.start).0;
        let to = hidden.end.min(span.end).0;
        for at in from..to {
            let place = usize::try_from(at.saturating_sub(span.start.0)).unwrap_or(usize::MAX);
            let in_second = at % u64::from(SAMPLE_RATE);
            let turn = in_second as f32 * TONE_HZ / SAMPLE_RATE as f32;
            if let Some(sample) = pcm.get_mut(place) {
                *sample = TONE_LEVEL * (turn.fract() * std::f32::consts::TAU).sin();
            }
        }
    }
}

/// Silences what lies in none of the stretches that may be heard, which are in order and apart.
fn silence(pcm: &mut [f32], span: Span, heard: impl Iterator<Item = Span>) {
    let place = |at: SamplePos| {
        let at = at.0.clamp(span.start.0, span.end.0);
        usize::try_from(at.saturating_sub(span.start.0)).unwrap_or(usize::MAX)
    };
    let mut from = 0;
    for heard in heard.filter(|heard| heard.overlap(span) > 0) {
        let to = place(heard.start).max(from);
        pcm.get_mut(from..to).unwrap_or_default().fill(0.0);
        from = place(heard.end);
    }
    pcm.get_mut(from..).unwrap_or_default().fill(0.0);
}

/// Full scale is 32,768, as in the working copy: what was read comes out as it was.
fn to_16_bit(sample: f32) -> i16 {
    (sample * 32_768.0).round().clamp(-32_768.0, 32_767.0) as i16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_come_out_as_they_went_in() {
        for sample in [i16::MIN, -1, 0, 1, 12_345, i16::MAX] {
            assert_eq!(to_16_bit(f32::from(sample) / 32_768.0), sample);
        }
    }

    #[test]
    fn what_no_line_stands_for_is_silent() {
        let at = |from, to| Span::new(SamplePos(from), SamplePos(to));
        let mut pcm = vec![0.9; 1_000];
        let heard = [at(0, 500), at(1_100, 1_200), at(1_900, 4_000)];
        silence(&mut pcm, at(1_000, 2_000), heard.into_iter());
        for (n, sample) in pcm.iter().enumerate() {
            let audible = (100..200).contains(&n) || n >= 900;
            assert_eq!(*sample > 0.5, audible, "{n}");
        }
        silence(&mut pcm, at(1_000, 2_000), std::iter::empty());
        assert!(pcm.iter().all(|s| *s == 0.0));
    }

    #[test]
    fn nothing_of_a_covered_stretch_is_left() {
        let span = Span::new(SamplePos(1_000), SamplePos(2_000));
        let hidden = [Span::new(SamplePos(1_200), SamplePos(5_000))];
        let mut pcm = vec![0.9; 1_000];
        cover(&mut pcm, span, &hidden);
        assert!(pcm[..200].iter().all(|s| *s == 0.9));
        assert!(pcm[200..].iter().all(|s| s.abs() <= TONE_LEVEL + 1e-6));
        assert!(pcm[200..].iter().any(|s| s.abs() > 0.1));
    }
}
