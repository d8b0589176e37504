//! Sound to the cepstra that a voice is told by: how the spectrum bends, and how that changes.
//!
//! Source: Davis and Mermelstein, "Comparison of parametric representations for monosyllabic word
//! recognition" (1980); changes over two frames to each side, as Furui (1981).

use std::f64::consts::PI;

use super::super::native::{Front, mel_filters};

/// Bands of the spectrum.
const BANDS: usize = 40;
/// Cepstra of a frame, without the first, which is how loud it is.
const CEPSTRA: usize = 19;
/// Numbers of a frame: the cepstra and their changes.
pub(super) const DIMS: usize = 2 * CEPSTRA;
/// Samples between two frames, at 16 kHz.
const HOP: usize = 160;
/// A frame that is this much below the loudest ones of its line is a pause, in powers of ten.
const QUIET: f32 = 2.5;
/// Frames to each side that a change is measured over.
const SIDE: usize = 2;

/// What is heard of a voice in 25 ms.
pub(super) type Frame = [f32; DIMS];

/// Computes cepstra; holds the tables that this takes.
pub(super) struct Cepstra {
    front: Front,
    /// The cosine transform, `(CEPSTRA, BANDS)`.
    cosines: Vec<f32>,
}

impl Cepstra {
    pub fn new() -> Self {
        let of = |k: usize, band: usize| {
            let angle = PI * k as f64 * (band as f64 + 0.5) / BANDS as f64;
            (angle.cos() * (2.0 / BANDS as f64).sqrt()) as f32
        };
        let all = (1..=CEPSTRA).flat_map(|k| (0..BANDS).map(move |band| of(k, band)));
        Self {
            front: Front::new(&mel_filters(BANDS as u32)),
            cosines: all.collect(),
        }
    }

    /// The frames of a line in which somebody is heard. `pcm` is 16 kHz sound from -1 to 1.
    pub fn frames(&self, pcm: &[f32]) -> Vec<Frame> {
        let count = pcm.len() / HOP;
        let bands = self.front.frames(pcm, count);
        let rows: Vec<&[f32]> = bands.chunks_exact(BANDS).collect();
        let loud: Vec<f32> = rows.iter().map(|row| mean(row)).collect();
        let most = upper(&loud);
        let cepstra: Vec<[f32; CEPSTRA]> = rows.iter().map(|row| self.transform(row)).collect();
        let heard = loud
            .iter()
            .enumerate()
            .filter(|(_, l)| most - **l < QUIET / 4.0);
        heard.map(|(i, _)| with_change(&cepstra, i)).collect()
    }

    fn transform(&self, bands: &[f32]) -> [f32; CEPSTRA] {
        let mut out = [0.0; CEPSTRA];
        for (out, cosines) in out.iter_mut().zip(self.cosines.chunks_exact(BANDS)) {
            *out = cosines.iter().zip(bands).map(|(c, b)| c * b).sum();
        }
        out
    }
}

fn mean(row: &[f32]) -> f32 {
    row.iter().sum::<f32>() / row.len().max(1) as f32
}

/// The level that one frame in twenty is above.
fn upper(levels: &[f32]) -> f32 {
    let mut sorted = levels.to_vec();
    sorted.sort_by(f32::total_cmp);
    let place = sorted.len().saturating_mul(19) / 20;
    sorted.get(place).copied().unwrap_or(f32::NEG_INFINITY)
}

/// The cepstra of a frame and how they change around it.
fn with_change(cepstra: &[[f32; CEPSTRA]], at: usize) -> Frame {
    let last = cepstra.len().saturating_sub(1);
    let mut frame = [0.0; DIMS];
    let (now, change) = frame.split_at_mut(CEPSTRA);
    now.copy_from_slice(&cepstra[at]);
    let mut weight = 0.0;
    for step in 1..=SIDE {
        let before = &cepstra[at.saturating_sub(step)];
        let after = &cepstra[at.saturating_add(step).min(last)];
        for ((change, a), b) in change.iter_mut().zip(after).zip(before) {
            *change += step as f32 * (a - b);
        }
        weight += 2.0 * (step * step) as f32;
    }
    for change in change {
        *change /= weight;
    }
    frame
}
