//! Sound small enough to stand in a page: four bits a sample (IMA ADPCM) in blocks that are decoded
//! by themselves, so that a line in the middle of hours plays at once, and base64 whose blocks begin
//! at whole letters.

use crate::evidence::base64;

/// How the step changes after a code's three lower bits.
const MOVES: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];
/// Bytes a block: a head of four, and a multiple of three, so that blocks stay apart in base64.
pub(super) const BLOCK_BYTES: usize = 1_023;
/// Samples a block: one in the head, then two a byte.
pub(super) const BLOCK_SAMPLES: usize = 1 + 2 * (BLOCK_BYTES - 4);
const LAST_STEP: i32 = 88;

/// The sizes of a step: each is about 1.1 times the one before (IMA's recommended practices, 1992).
pub(super) const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449,
    494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272,
    2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630, 9493,
    10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];

/// Turns samples into blocks as they come.
pub(super) struct Encoder {
    waiting: Vec<i16>,
    /// Carried from block to block: the loudness rarely changes there.
    index: i32,
}

impl Encoder {
    pub(super) fn new() -> Self {
        Self {
            waiting: Vec::new(),
            index: 0,
        }
    }

    /// Base64 of the blocks that are full.
    pub(super) fn push(&mut self, samples: &[i16], out: &mut String) {
        self.waiting.extend_from_slice(samples);
        let full = self.waiting.len() - self.waiting.len() % BLOCK_SAMPLES;
        let rest = self.waiting.split_off(full);
        for block in self.waiting.chunks(BLOCK_SAMPLES) {
            base64(&encode(block, &mut self.index), out);
        }
        self.waiting = rest;
    }

    /// The last block, filled up with its last sample.
    pub(super) fn finish(&mut self, out: &mut String) {
        if let Some(&last) = self.waiting.last() {
            self.waiting.resize(BLOCK_SAMPLES, last);
            base64(&encode(&self.waiting, &mut self.index), out);
            self.waiting.clear();
        }
    }
}

fn encode(samples: &[i16], index: &mut i32) -> Vec<u8> {
    let first = samples.first().copied().unwrap_or_default();
    let mut value = i32::from(first);
    let mut block = first.to_le_bytes().to_vec();
    // At most 88.
    block.extend([*index as u8, 0]);
    for pair in samples.get(1..).unwrap_or_default().chunks(2) {
        let mut byte = 0;
        for (at, &sample) in pair.iter().enumerate() {
            byte |= code(sample, &mut value, index) << (4 * at);
        }
        block.push(byte);
    }
    block
}

/// The code that brings `value` nearest to the sample, and what a decoder makes of it.
fn code(sample: i16, value: &mut i32, index: &mut i32) -> u8 {
    let step = step(*index);
    let wanted = i32::from(sample) - *value;
    let mut rest = wanted.abs();
    let mut code = 0u8;
    for (bit, part) in [(4, step), (2, step >> 1), (1, step >> 2)] {
        if rest >= part {
            code |= bit;
            rest -= part;
        }
    }
    if wanted < 0 {
        code |= 8;
    }
    decode(code, value, index);
    code
}

fn decode(code: u8, value: &mut i32, index: &mut i32) {
    let step = step(*index);
    let mut change = step >> 3;
    for (bit, part) in [(4, step), (2, step >> 1), (1, step >> 2)] {
        if code & bit != 0 {
            change += part;
        }
    }
    let signed = if code & 8 == 0 { change } else { -change };
    *value = (*value + signed).clamp(i16::MIN.into(), i16::MAX.into());
    let moved = MOVES
        .get(usize::from(code & 7))
        .copied()
        .unwrap_or_default();
    *index = (*index + moved).clamp(0, LAST_STEP);
}

fn step(index: i32) -> i32 {
    let index = usize::try_from(index).unwrap_or_default();
    STEPS.get(index).copied().unwrap_or(7)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_decoded_by_themselves_and_sound_alike() {
        let samples: Vec<i16> = (0..BLOCK_SAMPLES * 3)
            .map(|at| {
                let at = at as f32;
                (8_000.0 * (at * 0.05).sin() + 3_000.0 * (at * 0.31).sin()) as i16
            })
            .collect();
        let mut index = 0;
        for block in samples.chunks(BLOCK_SAMPLES) {
            let coded = encode(block, &mut index);
            assert_eq!(coded.len(), BLOCK_BYTES);
            let mut value = i32::from(i16::from_le_bytes([coded[0], coded[1]]));
            let mut own = i32::from(coded[2]);
            let (mut signal, mut noise) = (0.0, 0.0);
            let codes = coded[4..].iter().flat_map(|b| [b & 15, b >> 4]);
            for (&sample, code) in block[1..].iter().zip(codes) {
                decode(code, &mut value, &mut own);
                signal += f64::from(sample).powi(2);
                noise += (f64::from(sample) - f64::from(value)).powi(2);
            }
            // 20 dB: speech is as clear as on a telephone.
            assert!(noise * 100.0 < signal, "{signal} {noise}");
        }
    }

    #[test]
    fn extremes_neither_overflow_nor_panic() {
        let mut samples = [i16::MIN; BLOCK_SAMPLES];
        for sample in samples.iter_mut().step_by(2) {
            *sample = i16::MAX;
        }
        let mut encoder = Encoder::new();
        let mut out = String::new();
        encoder.push(&samples, &mut out);
        encoder.push(&samples[..5], &mut out);
        encoder.finish(&mut out);
        assert_eq!(out.len(), 2 * BLOCK_BYTES / 3 * 4);
        assert!(!out.contains('='));
    }
}
