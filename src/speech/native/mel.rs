//! Sound to the log-mel frames that Whisper listens to, as whisper.cpp computes them.
//!
//! A frame every 10 ms over 25 ms under a Hann window, its power in 201 bins, mel bands, the decimal
//! logarithm, raised to at most 8 below the loudest, then `(x + 4) / 4`. The sound is mirrored by
//! 200 samples at its start and followed by silence.

use std::f64::consts::TAU;
use std::ops::Range;

use crate::compute::pool::Pool;

/// Samples of a frame.
const FRAME: usize = 400;
/// Samples between two frames.
const HOP: usize = 160;
/// Samples of the sound before the middle of the first frame.
const LEAD: usize = FRAME / 2;
/// Bins of the spectrum, from 0 Hz to 8 kHz.
const BINS: usize = FRAME / 2 + 1;
/// The transform of 400 points is done as 16 of 25 points side by side, which are then combined.
const LANES: usize = 16;
const POINTS: usize = FRAME / LANES;
/// Their results from the 13th on mirror the first.
const OWN: usize = POINTS / 2 + 1;
/// The least power, so that silence has a logarithm.
const LEAST: f64 = 1e-10;
/// Frames that a thread does at a time.
const SOME: usize = 32;

/// A sine and a cosine for each of sixteen lanes.
#[derive(Clone, Copy)]
struct Turn {
    cos: [f32; LANES],
    sin: [f32; LANES],
}

/// The tables of the transform and the filters of one model.
pub struct Front {
    mels: usize,
    hann: Vec<f32>,
    /// Cosine and sine of `r a / 25` turns, for each `r` below [`OWN`], for each `a` below [`POINTS`].
    small: Vec<(f32, f32)>,
    /// `k l / 400` turns for each bin `k`, lanes `l`.
    large: Vec<Turn>,
    /// For each band its bins and their weights.
    bands: Vec<(Range<usize>, Vec<f32>)>,
}

impl Front {
    /// `filters` is `(mels, 201)`.
    pub fn new(filters: &[f32]) -> Self {
        let turns = |part: usize, of: usize| TAU * (part % of) as f64 / of as f64;
        let hann = (0..FRAME)
            .map(|i| (0.5 * (1.0 - turns(i, FRAME).cos())) as f32)
            .collect();
        let small = (0..OWN)
            .flat_map(|r| (0..POINTS).map(move |a| turns(r * a, POINTS)))
            .map(|angle| (angle.cos() as f32, angle.sin() as f32))
            .collect();
        let large = (0..BINS)
            .map(|k| Turn {
                cos: std::array::from_fn(|l| turns(k * l, FRAME).cos() as f32),
                sin: std::array::from_fn(|l| turns(k * l, FRAME).sin() as f32),
            })
            .collect();
        let bands = filters
            .chunks_exact(BINS)
            .map(|filter| {
                let first = filter.iter().position(|w| *w != 0.0).unwrap_or(0);
                let end = filter
                    .iter()
                    .rposition(|w| *w != 0.0)
                    .map_or(first, |e| e + 1);
                let weights = filter.get(first..end).unwrap_or_default().to_vec();
                (first..end, weights)
            })
            .collect::<Vec<_>>();
        Self {
            mels: bands.len(),
            hann,
            small,
            large,
            bands,
        }
    }

    /// `frames` frames of the sound, `(frames, mels)`, silence after its end. All of the sound counts
    /// for what is loudest.
    pub fn frames(&self, pcm: &[f32], frames: usize) -> Vec<f32> {
        let heard = (pcm.len() + LEAD) / HOP + 1;
        let all = heard.max(frames);
        let silence = LEAST.log10() as f32;
        let mut found = vec![silence; all.saturating_mul(self.mels)];
        let some = SOME.saturating_mul(self.mels).max(1);
        let sounding = found.chunks_mut(some).take(heard.div_ceil(SOME));
        Pool::shared().each(sounding.enumerate(), |(chunk, frames)| {
            for (i, bands) in frames.chunks_exact_mut(self.mels).enumerate() {
                let frame = chunk * SOME + i;
                if frame < heard {
                    self.frame(pcm, frame, bands);
                }
            }
        });
        let loudest = found.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let floor = loudest - 8.0;
        found.truncate(frames.saturating_mul(self.mels));
        for x in &mut found {
            *x = (x.max(floor) + 4.0) / 4.0;
        }
        found
    }

    fn frame(&self, pcm: &[f32], frame: usize, bands: &mut [f32]) {
        let mut x = [0f32; FRAME];
        let from = frame * HOP;
        for (i, (x, w)) in x.iter_mut().zip(&self.hann).enumerate() {
            // Before the start the sound is mirrored at its first sample.
            let sample = pcm.get((from + i).abs_diff(LEAD));
            *x = w * sample.copied().unwrap_or(0.0);
        }
        let power = self.power(&x);
        for (place, (range, weights)) in bands.iter_mut().zip(&self.bands) {
            let power = power.get(range.clone()).unwrap_or_default();
            let products = power.iter().zip(weights).map(|(p, w)| f64::from(p * w));
            *place = products.sum::<f64>().max(LEAST).log10() as f32;
        }
    }

    /// The squares of the 201 bins.
    ///
    /// With sample `16 a + l`, bin `k` is the sum over the lanes `l` of the turn `k l / 400` times
    /// `S_l(k mod 25)`, and `S_l(r)` the sum over `a` of the turn `r a / 25` times the sample.
    fn power(&self, x: &[f32; FRAME]) -> [f32; BINS] {
        let (rows, _) = x.as_chunks::<LANES>();
        let mut parts = [([0f32; LANES], [0f32; LANES]); OWN];
        for ((re, im), turns) in parts.iter_mut().zip(self.small.chunks_exact(POINTS)) {
            for (row, (cos, sin)) in rows.iter().zip(turns) {
                for ((re, im), x) in re.iter_mut().zip(im.iter_mut()).zip(row) {
                    *re += cos * x;
                    *im -= sin * x;
                }
            }
        }
        let mut power = [0f32; BINS];
        for (k, (power, turn)) in power.iter_mut().zip(&self.large).enumerate() {
            let r = k % POINTS;
            let (own, sign) = if r < OWN {
                (r, 1.0)
            } else {
                (POINTS - r, -1.0)
            };
            let Some((re, im)) = parts.get(own) else {
                continue;
            };
            let (mut real, mut imaginary) = ([0f32; LANES], [0f32; LANES]);
            for l in 0..LANES {
                let (cos, sin, im) = (turn.cos[l], turn.sin[l], sign * im[l]);
                real[l] = cos * re[l] + sin * im;
                imaginary[l] = cos * im - sin * re[l];
            }
            let (real, imaginary) = (total(real), total(imaginary));
            *power = real * real + imaginary * imaginary;
        }
        power
    }
}

/// The sum in halves.
fn total(mut lanes: [f32; LANES]) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        let (low, high) = lanes.split_at_mut(half);
        for (low, high) in low.iter_mut().zip(high) {
            *low += *high;
        }
        half /= 2;
    }
    let [sum, ..] = lanes;
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_power_is_that_of_the_plain_transform() {
        let front = Front::new(&[0.0; BINS]);
        let x: [f32; FRAME] =
            std::array::from_fn(|i| ((i * i * 31 + 7 * i) % 211) as f32 / 105.0 - 1.0);
        let found = front.power(&x);
        for (k, found) in found.iter().enumerate() {
            let (mut re, mut im) = (0.0, 0.0);
            for (n, x) in x.iter().enumerate() {
                let angle = TAU * (k * n % FRAME) as f64 / FRAME as f64;
                re += f64::from(*x) * angle.cos();
                im -= f64::from(*x) * angle.sin();
            }
            let wanted = re * re + im * im;
            assert!(
                (f64::from(*found) - wanted).abs() < 1e-4 * (1.0 + wanted),
                "{k}"
            );
        }
    }

    #[test]
    fn silence_and_short_sound_have_frames() {
        let mut filters = vec![0.0; 2 * BINS];
        filters[3] = 1.0;
        filters[BINS + 10..BINS + 20].fill(0.5);
        let front = Front::new(&filters);
        for pcm in [&[][..], &[0.0; 5], &[0.0; 5000]] {
            let frames = front.frames(pcm, 20);
            assert_eq!(frames.len(), 40);
            assert!(frames.iter().all(|x| (x + 1.5).abs() < 1e-6), "{frames:?}");
        }
        let tone: Vec<f32> = (0..8000).map(|i| (i as f32 * 0.2).sin()).collect();
        let frames = front.frames(&tone, 100);
        let loudest = frames.iter().copied().fold(f32::MIN, f32::max);
        assert!(frames.iter().all(|x| *x >= loudest - 2.0 && x.is_finite()));
    }
}
