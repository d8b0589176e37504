//! Activations in 8 bits.

use super::{BLOCK, LANES, QuantBlock, six};

/// [`super::quantise_row`]; `offset` where the weights' sign is an offset.
#[inline(always)]
pub(super) fn quantise_body(x: &[f32], blocks: &mut [QuantBlock], offset: bool) {
    let mut chunks = x.chunks(BLOCK);
    for block in blocks {
        let mut values = [0f32; BLOCK];
        match chunks.next() {
            Some(chunk) if chunk.len() == BLOCK => values.copy_from_slice(chunk),
            Some(chunk) => {
                for (value, x) in values.iter_mut().zip(chunk) {
                    *value = *x;
                }
            }
            None => {}
        }
        // In strands, so that vector instructions serve.
        let mut tops = [0f32; LANES];
        for half in values.as_chunks::<LANES>().0 {
            for (top, x) in tops.iter_mut().zip(half) {
                *top = if x.abs() > *top { x.abs() } else { *top };
            }
        }
        let top = tops
            .iter()
            .fold(0f32, |top, x| if *x > top { *x } else { top });
        let inverse = if top > 0.0 { 127.0 / top } else { 0.0 };
        // What is no number becomes what its byte says, in every sum too.
        let whole = values.map(|x| i32::from(round(x * inverse) as i8));
        let bytes = whole.map(|x| x as i8 as u8);
        for (word, four) in block.fours.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *word = i32::from_le_bytes(*four);
        }
        block.scale = top / 127.0;
        // At most 32 times 127 times 128.
        let (halves, _) = whole.as_chunks::<{ BLOCK / 2 }>();
        let sum = |half: &[i32; BLOCK / 2]| half.iter().fold(0i32, |sum, x| sum.wrapping_add(*x));
        let sums = [0, 1].map(|half: usize| halves.get(half).map_or(0, sum));
        block.half_starts = sums.map(|sum| sum.wrapping_mul(-six::MIDDLE));
        let sum = sums[0].wrapping_add(sums[1]);
        block.start = if offset { sum.wrapping_mul(-128) } else { 0 };
    }
}

/// The nearest whole number of a number between -2^22 and 2^22.
#[inline(always)]
fn round(x: f32) -> i32 {
    const ROUND: f32 = 12_582_912.0;
    (x + ROUND).to_bits().wrapping_sub(ROUND.to_bits()) as i32
}
