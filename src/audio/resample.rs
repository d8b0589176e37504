//! Streaming conversion of any sample rate to 16 kHz, every channel for itself, with the
//! resampler's own delay taken out: what happens at second t stays at second t.

use rubato::audioadapter_buffers::direct::SequentialSliceOfVecs;
use rubato::{Fft, FixedSync, Indexing, Resampler as _, WindowFunction};

use crate::domain::SAMPLE_RATE;

/// Output frames of one transform. Longer blocks keep more of the band below 8 kHz (the filter is
/// as long as the block); 1,024 keeps up to 7.6 kHz, all that recognisers use.
const BLOCK: usize = 1024;

/// One stream from its own rate to 16 kHz.
pub struct Resampler {
    /// `None` when the sound is at 16 kHz already and passes bit for bit.
    inner: Option<Fft<f32>>,
    rate: u32,
    pending: Vec<Vec<f32>>,
    block: Vec<Vec<f32>>,
    /// Output frames still to drop: the delay.
    skip: usize,
    frames_in: u64,
    frames_out: u64,
}

impl Resampler {
    /// A stream of `channels` channels at `rate` frames a second. The text of an error is for logs.
    pub fn new(rate: u32, channels: usize) -> Result<Self, String> {
        let (rate_in, rate_out) = (rate as usize, SAMPLE_RATE as usize);
        let inner = if rate == SAMPLE_RATE {
            None
        } else {
            let chunk = (BLOCK * rate_in).div_ceil(rate_out);
            let window = WindowFunction::BlackmanHarris2;
            let fft = Fft::new_custom(
                rate_in,
                rate_out,
                chunk,
                1,
                channels,
                window,
                FixedSync::Both,
            );
            Some(fft.map_err(|e| e.to_string())?)
        };
        let (skip, block) = match &inner {
            Some(r) => (
                r.output_delay(),
                vec![vec![0.0; r.output_frames_max()]; channels],
            ),
            None => (0, Vec::new()),
        };
        let pending = vec![Vec::new(); channels];
        Ok(Self {
            inner,
            rate,
            pending,
            block,
            skip,
            frames_in: 0,
            frames_out: 0,
        })
    }

    /// Takes frames (one vector a channel, all equally long) and appends what is ready to `out`.
    pub fn push(&mut self, input: &[Vec<f32>], out: &mut [Vec<f32>]) -> Result<(), String> {
        let frames = input.first().map_or(0, Vec::len);
        self.frames_in = self.frames_in.saturating_add(frames as u64);
        let Some(resampler) = &mut self.inner else {
            for (to, from) in out.iter_mut().zip(input) {
                to.extend_from_slice(from);
            }
            return Ok(());
        };
        for (pending, new) in self.pending.iter_mut().zip(input) {
            pending.extend_from_slice(new);
        }
        let held = self.pending.first().map_or(0, Vec::len);
        let mut offset = 0;
        while held.saturating_sub(offset) >= resampler.input_frames_next() {
            let indexing = Indexing::new().input_offset(offset);
            let (used, made) = run(resampler, &self.pending, held, &mut self.block, &indexing)?;
            offset += used;
            give(
                &self.block,
                made,
                &mut self.skip,
                u64::MAX,
                &mut self.frames_out,
                out,
            );
        }
        for pending in &mut self.pending {
            pending.drain(..offset);
        }
        Ok(())
    }

    /// Ends the stream: appends the rest, so that the output is as long as the input was, to the
    /// nearest sample. Nothing may be pushed after it.
    pub fn finish(&mut self, out: &mut [Vec<f32>]) -> Result<(), String> {
        let Some(resampler) = &mut self.inner else {
            return Ok(());
        };
        let wanted = frames_at_16k(self.frames_in, self.rate);
        let mut held = self.pending.first().map_or(0, Vec::len);
        while self.frames_out < wanted {
            let indexing = Indexing::new().partial_len(held);
            let (_, made) = run(resampler, &self.pending, held, &mut self.block, &indexing)?;
            held = 0;
            give(
                &self.block,
                made,
                &mut self.skip,
                wanted,
                &mut self.frames_out,
                out,
            );
        }
        Ok(())
    }
}

/// `frames` at `rate` as frames at 16 kHz, to the nearest.
pub(super) fn frames_at_16k(frames: u64, rate: u32) -> u64 {
    let rate = u128::from(rate.max(1));
    let scaled = (u128::from(frames) * u128::from(SAMPLE_RATE) + rate / 2) / rate;
    u64::try_from(scaled).unwrap_or(u64::MAX)
}

fn run(
    resampler: &mut Fft<f32>,
    input: &[Vec<f32>],
    held: usize,
    block: &mut [Vec<f32>],
    indexing: &Indexing,
) -> Result<(usize, usize), String> {
    let channels = input.len();
    let room = block.first().map_or(0, Vec::len);
    let from = SequentialSliceOfVecs::new(input, channels, held).map_err(|e| e.to_string())?;
    let mut to =
        SequentialSliceOfVecs::new_mut(block, channels, room).map_err(|e| e.to_string())?;
    resampler
        .process_into_buffer(&from, &mut to, Some(indexing))
        .map_err(|e| e.to_string())
}

/// Appends `made` frames of the block to `out`, less the delay, up to `wanted` frames in all.
fn give(
    block: &[Vec<f32>],
    made: usize,
    skip: &mut usize,
    wanted: u64,
    frames_out: &mut u64,
    out: &mut [Vec<f32>],
) {
    let dropped = made.min(*skip);
    *skip -= dropped;
    let room = usize::try_from(wanted.saturating_sub(*frames_out)).unwrap_or(usize::MAX);
    let kept = (made - dropped).min(room);
    for (to, from) in out.iter_mut().zip(block) {
        to.extend(from.iter().skip(dropped).take(kept));
    }
    *frames_out = frames_out.saturating_add(kept as u64);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(rate: u32, channels: Vec<Vec<f32>>, step: usize) -> Vec<Vec<f32>> {
        let mut resampler = Resampler::new(rate, channels.len()).unwrap();
        let mut out = vec![Vec::new(); channels.len()];
        let frames = channels[0].len();
        let mut at = 0;
        while at < frames {
            let end = (at + step).min(frames);
            let part: Vec<Vec<f32>> = channels.iter().map(|c| c[at..end].to_vec()).collect();
            resampler.push(&part, &mut out).unwrap();
            at = end;
        }
        resampler.finish(&mut out).unwrap();
        out
    }

    const RATES: [u32; 12] = [
        1000, 8000, 11_025, 16_000, 22_050, 32_000, 44_100, 44_101, 48_000, 96_000, 192_000,
        384_000,
    ];

    #[test]
    fn an_impulse_stays_where_it_was_within_a_millisecond() {
        for rate in RATES {
            let mut sound = vec![0.0; rate as usize * 2];
            let at = rate as usize + rate as usize / 3;
            sound[at] = 1.0;
            let out = convert(rate, vec![sound], 1152);
            let peak =
                (0..out[0].len()).max_by(|a, b| out[0][*a].abs().total_cmp(&out[0][*b].abs()));
            let want = at as f64 / f64::from(rate);
            let got = peak.unwrap() as f64 / 16_000.0;
            assert!((want - got).abs() < 0.001, "{rate}: {want} became {got}");
        }
    }

    #[test]
    fn the_length_is_kept_to_the_sample_even_for_tiny_inputs() {
        for rate in RATES {
            for frames in [1, 2, 100, 1151, rate as usize, rate as usize * 3 + 7] {
                let out = convert(rate, vec![vec![0.25; frames]], 1152);
                assert_eq!(
                    out[0].len() as u64,
                    frames_at_16k(frames as u64, rate),
                    "{rate} {frames}"
                );
            }
        }
    }

    #[test]
    fn the_size_of_the_pieces_does_not_change_the_sound() {
        let sound: Vec<f32> = (0..48_000).map(|i| (i as f32 * 0.05).sin()).collect();
        assert_eq!(
            convert(48_000, vec![sound.clone()], 333),
            convert(48_000, vec![sound], 48_000)
        );
    }

    #[test]
    fn sixteen_kilohertz_passes_bit_for_bit_and_channels_stay_apart() {
        let sound: Vec<f32> = (0..5000).map(|i| (i as f32 * 0.3).sin()).collect();
        assert_eq!(convert(16_000, vec![sound.clone()], 77)[0], sound);
        let out = convert(44_100, vec![vec![0.5; 44_100], vec![0.0; 44_100]], 1000);
        assert!((out[0][8000] - 0.5).abs() < 0.001);
        assert!(out[1].iter().all(|s| *s == 0.0));
    }

    #[test]
    fn a_voice_tone_keeps_its_level_and_what_lies_above_8_khz_is_gone() {
        let tone = |hz: f64| {
            // In double precision: a single one loses the phase after a second, which is noise.
            let step = hz * std::f64::consts::TAU / 48_000.0;
            let sound = (0..96_000).map(|i| (f64::from(i) * step).sin() as f32);
            let out = convert(48_000, vec![sound.collect()], 1152);
            let middle = &out[0][8000..24_000];
            (middle.iter().map(|s| s * s).sum::<f32>() / middle.len() as f32).sqrt()
        };
        assert!((tone(1000.0) - std::f32::consts::FRAC_1_SQRT_2).abs() < 0.01);
        assert!((tone(7000.0) - std::f32::consts::FRAC_1_SQRT_2).abs() < 0.01);
        assert!(tone(9000.0) < 0.0001);
    }
}
