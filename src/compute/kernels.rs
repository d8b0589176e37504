//! The inner loops of the engines, one body for each kind of processor, chosen at run time.
//!
//! A decoding step must read every weight once, so its speed is that of memory as long as the
//! arithmetic keeps up. Weights therefore lie in the order in which they are used: sixteen outputs
//! side by side (one vector register), and for 8-bit weights four inputs of each output together,
//! which is what the dot-product instructions of AVX-512 VNNI and NEON take. Each weight is loaded
//! once for all rows (hypotheses or source tokens) of a call.
//!
//! 8-bit numbers: blocks of [`BLOCK`] inputs share one f16 scale for weights (ggml's Q8_0) and one
//! f32 scale for activations; the products of a block are summed exactly in 32 bits. 6-bit weights
//! (ggml's Q6_K) meet the same activations, see `six`.

use curves::{exact_gelu_body, gelu_body, weigh_body};
pub use curves::{exp, log_sum_exp};
pub use isa::Isa;
use isa::Kind;
use quantise::quantise_body;
use six::six_portable;
pub use six::{SIXES, SUPER, SUPER_BYTES, Sixes, pack_sixes, six_value, sound_sixes};

/// Outputs side by side.
pub const LANES: usize = 16;
/// Inputs that share a scale.
pub const BLOCK: usize = 32;
/// Groups of four inputs in a block.
pub const FOURS: usize = BLOCK / 4;
/// The most rows that one pass over the weights serves.
pub const MOST_ROWS: usize = 8;

/// Sixteen outputs, four 8-bit inputs of each.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Quads(pub [i8; 4 * LANES]);

/// Sixteen outputs, one input.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub struct Lanes(pub [f32; LANES]);

/// Sixteen outputs, one input, as bits of f16 numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(32))]
pub struct Halves(pub [u16; LANES]);

/// [`BLOCK`] activations in 8 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub struct QuantBlock {
    /// Four numbers each, -127 to 127, the first in the lowest byte.
    pub fours: [i32; FOURS],
    /// What 1 stands for.
    pub scale: f32,
    /// What the products must start from: undoes the weights' offset on VNNI, else 0.
    pub start: i32,
    /// The same for each half of the block with weights in 6 bits, which have an offset everywhere.
    pub half_starts: [i32; 2],
}

/// Calls `$body::<N, ..>` with the rows as an array of their number.
macro_rules! by_rows {
    (@call $body:ident, $n:literal, ($($arg:expr),*), $rows:ident) => { $body::<$n>($($arg,)* $rows) };
    ($rows:expr, $body:ident, $args:tt; $($n:literal)*) => {
        match $rows.len() {
            $($n => if let Ok(rows) = <&[_; $n]>::try_from($rows) { by_rows!(@call $body, $n, $args, rows) } else { NOTHING },)*
            _ => NOTHING,
        }
    };
}

/// Sums of up to [`MOST_ROWS`] rows.
pub type Sums = [Lanes; MOST_ROWS];
const NOTHING: Sums = [Lanes([0.0; LANES]); MOST_ROWS];

/// The products of sixteen outputs with up to [`Isa::rows_at_once`] rows.
///
/// `quads` holds [`FOURS`] for each block and `scales` (f16 bits) one for each; each of `rows` has
/// as many blocks. Quads must have been packed and rows quantised for `isa`.
pub fn quant_product(
    isa: Isa,
    quads: &[Quads],
    scales: &[[u16; LANES]],
    rows: &[&[QuantBlock]],
) -> Sums {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => {
            // SAFETY: an `Isa` of this kind exists only where the processor has the features.
            unsafe { x86::quant_rows_avx512(quads, scales, rows) }
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => {
            // SAFETY: as above.
            unsafe { x86::quant_rows_avx2(quads, scales, rows) }
        }
        #[cfg(target_arch = "aarch64")]
        Kind::NeonDot => {
            // SAFETY: as above.
            unsafe { neon::quant_rows_dot(quads, scales, rows) }
        }
        #[cfg(target_arch = "aarch64")]
        Kind::Neon => {
            // SAFETY: as above.
            unsafe { neon::quant_rows_neon(quads, scales, rows) }
        }
        Kind::Portable => by_rows!(rows, quant_portable, (quads, scales); 1 2 3 4),
    }
}

fn quant_portable<const R: usize>(
    quads: &[Quads],
    scales: &[[u16; LANES]],
    rows: &[&[QuantBlock]; R],
) -> Sums {
    let mut sums = NOTHING;
    for (b, (quads, scales)) in quads.chunks_exact(FOURS).zip(scales).enumerate() {
        let scales = scales.map(|bits| half::f16::from_bits(bits).to_f32());
        for (sum, row) in sums.iter_mut().zip(rows) {
            let Some(x) = row.get(b) else { continue };
            let mut ints = [x.start; LANES];
            for (quad, four) in quads.iter().zip(x.fours) {
                let four = four.to_le_bytes().map(|byte| i32::from(byte as i8));
                let (weights, _) = quad.0.as_chunks::<4>();
                for (int, w) in ints.iter_mut().zip(weights) {
                    let products = w.iter().zip(four).map(|(w, x)| i32::from(*w) * x);
                    *int = int.wrapping_add(products.sum());
                }
            }
            for ((sum, int), scale) in sum.0.iter_mut().zip(ints).zip(scales) {
                *sum += int as f32 * (scale * x.scale);
            }
        }
    }
    sums
}

/// The products of sixteen outputs in 6 bits with up to [`Isa::rows_at_once`] rows, each of as many
/// blocks as the weights have.
pub fn six_product(isa: Isa, sixes: Sixes<'_>, rows: &[&[QuantBlock]]) -> Sums {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => {
            // SAFETY: an `Isa` of this kind exists only where the processor has the features.
            unsafe { x86::six_rows_avx512(sixes, rows) }
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => {
            // SAFETY: as above.
            unsafe { x86::six_rows_avx2(sixes, rows) }
        }
        #[cfg(target_arch = "aarch64")]
        Kind::NeonDot => {
            // SAFETY: as above.
            unsafe { neon::six_rows_dot(sixes, rows) }
        }
        #[cfg(target_arch = "aarch64")]
        Kind::Neon => {
            // SAFETY: as above.
            unsafe { neon::six_rows_neon(sixes, rows) }
        }
        Kind::Portable => by_rows!(rows, six_portable, (sixes); 1 2 3 4),
    }
}

/// The products of sixteen outputs with up to [`Isa::rows_at_once`] rows of as many inputs as
/// `weights` has.
pub fn float_product(isa: Isa, weights: &[Lanes], rows: &[&[f32]]) -> Sums {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => {
            // SAFETY: an `Isa` of this kind exists only where the processor has the features.
            unsafe { x86::float_rows_avx512(weights, rows) }
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => {
            // SAFETY: as above.
            unsafe { x86::float_rows_avx2(weights, rows) }
        }
        #[cfg(target_arch = "aarch64")]
        Kind::NeonDot | Kind::Neon => {
            // SAFETY: as above.
            unsafe { neon::float_rows_neon(weights, rows) }
        }
        Kind::Portable => by_rows!(rows, float_portable, (weights); 1 2 3 4),
    }
}

fn float_portable<const R: usize>(weights: &[Lanes], rows: &[&[f32]; R]) -> Sums {
    float_body::<R, false>(weights, rows)
}

/// One body for all; with `FMA` the compiler finds the fused instruction.
#[inline(always)]
fn float_body<const R: usize, const FMA: bool>(weights: &[Lanes], rows: &[&[f32]; R]) -> Sums {
    let mut sums = [[0f32; LANES]; R];
    let inputs = weights.len();
    let rows = rows.map(|row| row.get(..inputs).unwrap_or_default());
    if rows.iter().any(|row| row.len() != inputs) {
        return NOTHING;
    }
    for (i, weights) in weights.iter().enumerate() {
        for (sum, row) in sums.iter_mut().zip(rows) {
            let x = row[i];
            for (sum, w) in sum.iter_mut().zip(weights.0) {
                *sum = if FMA {
                    w.mul_add(x, *sum)
                } else {
                    w * x + *sum
                };
            }
        }
    }
    let mut found = NOTHING;
    for (found, sum) in found.iter_mut().zip(sums) {
        found.0 = sum;
    }
    found
}

/// The same of weights in f16.
pub fn half_product(isa: Isa, weights: &[Halves], rows: &[&[f32]]) -> Sums {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => {
            // SAFETY: an `Isa` of this kind exists only where the processor has the features.
            unsafe { x86::half_rows_avx512(weights, rows) }
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => {
            // SAFETY: as above.
            unsafe { x86::half_rows_avx2(weights, rows) }
        }
        #[cfg(target_arch = "aarch64")]
        Kind::NeonDot | Kind::Neon => {
            // SAFETY: as above.
            unsafe { neon::half_rows_neon(weights, rows) }
        }
        Kind::Portable => by_rows!(rows, half_portable, (weights); 1 2 3 4),
    }
}

fn half_portable<const R: usize>(weights: &[Halves], rows: &[&[f32]; R]) -> Sums {
    let mut found = NOTHING;
    if rows.iter().any(|row| row.len() != weights.len()) {
        return found;
    }
    for (i, weights) in weights.iter().enumerate() {
        let weights = weights.0.map(|bits| half::f16::from_bits(bits).to_f32());
        for (sums, row) in found.iter_mut().zip(rows) {
            for (sum, w) in sums.0.iter_mut().zip(weights) {
                *sum += w * row[i];
            }
        }
    }
    found
}

/// The Gaussian error unit of each number, in place: `x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2`.
pub fn gelu(isa: Isa, values: &mut [f32]) {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => {
            // SAFETY: an `Isa` of this kind exists only where the processor has the features.
            unsafe { x86::gelu_avx512(values) }
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => {
            // SAFETY: as above.
            unsafe { x86::gelu_avx2(values) }
        }
        _ => gelu_body(values),
    }
}

/// The Gaussian error unit of each number, in place, with the error function itself:
/// `x (1 + erf(x / sqrt 2)) / 2`.
pub fn exact_gelu(isa: Isa, values: &mut [f32]) {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => {
            // SAFETY: an `Isa` of this kind exists only where the processor has the features.
            unsafe { x86::exact_gelu_avx512(values) }
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => {
            // SAFETY: as above.
            unsafe { x86::exact_gelu_avx2(values) }
        }
        _ => exact_gelu_body(values),
    }
}

/// Turns scores into the numerators of their softmax, the largest of which is 1; returns their sum.
pub fn weigh(isa: Isa, scores: &mut [f32]) -> f32 {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => {
            // SAFETY: an `Isa` of this kind exists only where the processor has the features.
            unsafe { x86::weigh_avx512(scores) }
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => {
            // SAFETY: as above.
            unsafe { x86::weigh_avx2(scores) }
        }
        _ => weigh_body(scores),
    }
}

/// Keys and values that a query looks at: rows of `stride` numbers, of which those of one head
/// begin at `at`. `path` names the rows in order.
pub struct Memory<'a> {
    pub keys: &'a [f32],
    pub values: &'a [f32],
    pub stride: usize,
    pub at: usize,
    pub path: &'a [u32],
}

/// Attention of one head for one query: `seen` becomes the values' mean, weighted by the softmax of
/// the query's products with the keys, and `shares` these weights, one for each row of the path.
pub fn attend(isa: Isa, query: &[f32], memory: &Memory<'_>, shares: &mut [f32], seen: &mut [f32]) {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 | Kind::Avx2 => {
            // SAFETY: an `Isa` of these kinds exists only where the processor has AVX2 and FMA.
            unsafe { x86::attend_avx2(query, memory, shares, seen) }
        }
        #[cfg(target_arch = "aarch64")]
        Kind::NeonDot | Kind::Neon => {
            // SAFETY: as above.
            unsafe { neon::attend_neon(query, memory, shares, seen) }
        }
        Kind::Portable => attend_body::<false>(query, memory, shares, seen),
    }
}

#[inline(always)]
fn attend_body<const FMA: bool>(
    query: &[f32],
    memory: &Memory<'_>,
    shares: &mut [f32],
    seen: &mut [f32],
) {
    let row = |side: &'_ [f32], index: u32| -> Option<std::ops::Range<usize>> {
        let from = (index as usize)
            .checked_mul(memory.stride)?
            .checked_add(memory.at)?;
        let range = from..from.checked_add(query.len())?;
        (range.end <= side.len()).then_some(range)
    };
    let mut top = f32::NEG_INFINITY;
    for (share, index) in shares.iter_mut().zip(memory.path) {
        let key = row(memory.keys, *index).and_then(|range| memory.keys.get(range));
        *share = dot_body::<FMA>(query, key.unwrap_or_default());
        if *share > top {
            top = *share;
        }
    }
    let mut total = 0.0;
    for share in shares.iter_mut() {
        *share = exp(*share - top);
        total += *share;
    }
    let scale = 1.0 / total;
    seen.fill(0.0);
    for (share, index) in shares.iter_mut().zip(memory.path) {
        *share *= scale;
        let value = row(memory.values, *index).and_then(|range| memory.values.get(range));
        for (seen, value) in seen.iter_mut().zip(value.unwrap_or_default()) {
            *seen = if FMA {
                share.mul_add(*value, *seen)
            } else {
                *share * value + *seen
            };
        }
    }
}

#[inline(always)]
fn dot_body<const FMA: bool>(a: &[f32], b: &[f32]) -> f32 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0f32; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum = if FMA {
                a.mul_add(*b, *sum)
            } else {
                a * b + *sum
            };
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// Quantises one row for `isa`: the largest of each block becomes 127. `x` may be shorter than
/// `blocks`; the rest is zeros.
pub fn quantise_row(isa: Isa, x: &[f32], blocks: &mut [QuantBlock]) {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 => {
            // SAFETY: an `Isa` of this kind exists only where the processor has the features.
            unsafe { x86::quantise_avx512(x, blocks) }
        }
        #[cfg(target_arch = "x86_64")]
        Kind::Avx2 => {
            // SAFETY: as above.
            unsafe { x86::quantise_avx2(x, blocks) }
        }
        #[cfg(target_arch = "aarch64")]
        Kind::NeonDot | Kind::Neon => {
            // SAFETY: as above.
            unsafe { neon::quantise_neon(x, blocks) }
        }
        Kind::Portable => quantise_body(x, blocks, isa.offset()),
    }
}

mod curves;
mod isa;
#[cfg(target_arch = "aarch64")]
mod neon;
mod quantise;
mod six;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests;
