//! The inner loops of the translation engine, one body for each kind of processor, chosen at run time.
//!
//! A decoding step must read every weight once, so its speed is that of memory as long as the
//! arithmetic keeps up. Weights therefore lie in the order in which they are used: sixteen outputs
//! side by side (one vector register), and for 8-bit weights four inputs of each output together,
//! which is what the dot-product instructions of AVX-512 VNNI take. Each weight is loaded once for
//! all rows (hypotheses or source tokens) of a call.
//!
//! 8-bit numbers: blocks of [`BLOCK`] inputs share one f16 scale for weights (ggml's Q8_0) and one
//! f32 scale for activations; the products of a block are summed exactly in 32 bits.

use std::sync::OnceLock;

/// Outputs side by side.
pub(super) const LANES: usize = 16;
/// Inputs that share a scale.
pub(super) const BLOCK: usize = 32;
/// Groups of four inputs in a block.
pub(super) const FOURS: usize = BLOCK / 4;
/// The most rows that one pass over the weights serves.
pub(super) const MOST_ROWS: usize = 8;

/// Sixteen outputs, four 8-bit inputs of each.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Quads(pub [i8; 4 * LANES]);

/// Sixteen outputs, one input.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(C, align(64))]
pub(super) struct Lanes(pub [f32; LANES]);

/// [`BLOCK`] activations in 8 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(C)]
pub(super) struct QuantBlock {
    /// Four numbers each, -127 to 127, the first in the lowest byte.
    pub fours: [i32; FOURS],
    /// What 1 stands for.
    pub scale: f32,
    /// What the products must start from: undoes the weights' offset on VNNI, else 0.
    pub start: i32,
}

/// A kind of processor whose instructions this process may use; only [`Isa::best`] and
/// [`Isa::all`] make one, after asking the processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Isa(Kind);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    Portable,
}

impl Isa {
    /// The fastest that this processor has.
    pub fn best() -> Self {
        static BEST: OnceLock<Isa> = OnceLock::new();
        *BEST.get_or_init(|| Self::all().first().copied().unwrap_or(Isa(Kind::Portable)))
    }

    /// All that this processor has, fastest first.
    pub fn all() -> Vec<Self> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("f16c");
            if avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512vl")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vnni")
            {
                found.push(Isa(Kind::Avx512));
            }
            if avx2 {
                found.push(Isa(Kind::Avx2));
            }
        }
        found.push(Isa(Kind::Portable));
        found
    }

    /// Whether its byte products take one side without a sign: weights are then stored plus 128.
    pub fn offset(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => true,
            _ => false,
        }
    }

    /// Rows that one pass over the weights serves: as many as there are registers for.
    pub fn rows_at_once(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Kind::Avx512 => MOST_ROWS,
            _ => 4,
        }
    }
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
pub(super) type Sums = [Lanes; MOST_ROWS];
const NOTHING: Sums = [Lanes([0.0; LANES]); MOST_ROWS];

/// The products of sixteen outputs with up to [`Isa::rows_at_once`] rows.
///
/// `quads` holds [`FOURS`] for each block and `scales` (f16 bits) one for each; each of `rows` has
/// as many blocks. Quads must have been packed and rows quantised for `isa`.
pub(super) fn quant_product(
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

/// The products of sixteen outputs with up to [`Isa::rows_at_once`] rows of as many inputs as
/// `weights` has.
pub(super) fn float_product(isa: Isa, weights: &[Lanes], rows: &[&[f32]]) -> Sums {
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

/// Keys and values that a query looks at: rows of `stride` numbers, of which those of one head
/// begin at `at`. `path` names the rows in order.
pub(super) struct Memory<'a> {
    pub keys: &'a [f32],
    pub values: &'a [f32],
    pub stride: usize,
    pub at: usize,
    pub path: &'a [u32],
}

/// Attention of one head for one query: `seen` becomes the values' mean, weighted by the softmax of
/// the query's products with the keys, and `shares` these weights, one for each row of the path.
pub(super) fn attend(
    isa: Isa,
    query: &[f32],
    memory: &Memory<'_>,
    shares: &mut [f32],
    seen: &mut [f32],
) {
    match isa.0 {
        #[cfg(target_arch = "x86_64")]
        Kind::Avx512 | Kind::Avx2 => {
            // SAFETY: an `Isa` of these kinds exists only where the processor has AVX2 and FMA.
            unsafe { x86::attend_avx2(query, memory, shares, seen) }
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

/// The natural exponential of a number up to 0, within 2 units in the last place; below -87 it stays
/// at 1.6e-38. Vectors of it need no call, unlike the standard library's.
///
/// `x = n ln 2 + r` with whole `n`; `2^n` is written into the exponent bits and `e^r` is its Taylor
/// polynomial, whose next term is below 2e-8 for `|r| <= ln 2 / 2`.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding it rounds to a whole number, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN_2_HIGH - n * LN_2_LOW;
    let mut e = 1.0 / 5040.0;
    for factor in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        e = e * r + factor;
    }
    let power = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127)
        .wrapping_shl(23);
    e * f32::from_bits(power)
}

/// The largest of `logits` and the logarithm of the sum of their exponentials above it. Neither is
/// finite if one of them is not a number.
pub(super) fn log_sum_exp(logits: &[f32]) -> (f32, f32) {
    let mut tops = [f32::NEG_INFINITY; LANES];
    let (lanes, rest) = logits.as_chunks::<LANES>();
    for chunk in lanes {
        for (top, x) in tops.iter_mut().zip(chunk) {
            *top = if *x > *top { *x } else { *top };
        }
    }
    let top = tops
        .iter()
        .chain(rest)
        .copied()
        .fold(f32::NEG_INFINITY, f32::max);
    let mut total = 0f64;
    // A few terms in f32, then f64: a quarter of a million small terms would lose digits in f32.
    for part in logits.chunks(64 * LANES) {
        let (lanes, rest) = part.as_chunks::<LANES>();
        let mut sums = [0f32; LANES];
        for chunk in lanes {
            for (sum, x) in sums.iter_mut().zip(chunk) {
                *sum += exp(*x - top);
            }
        }
        total += sums.iter().map(|s| f64::from(*s)).sum::<f64>();
        total += rest.iter().map(|x| f64::from(exp(*x - top))).sum::<f64>();
    }
    (top, total.ln() as f32)
}

/// Quantises one row for `isa`: the largest of each block becomes 127. `x` may be shorter than
/// `blocks`; the rest is zeros.
pub(super) fn quantise_row(isa: Isa, x: &[f32], blocks: &mut [QuantBlock]) {
    let offset = isa.offset();
    let mut chunks = x.chunks(BLOCK);
    for block in blocks {
        let mut values = [0f32; BLOCK];
        if let Some(chunk) = chunks.next() {
            for (value, x) in values.iter_mut().zip(chunk) {
                *value = *x;
            }
        }
        let top = values
            .iter()
            .fold(0f32, |top, x| if x.abs() > top { x.abs() } else { top });
        let inverse = if top > 0.0 { 127.0 / top } else { 0.0 };
        let mut sum = 0;
        let whole = values.map(|x| round(x * inverse));
        let (fours, _) = whole.as_chunks::<4>();
        for (word, four) in block.fours.iter_mut().zip(fours) {
            *word = i32::from_le_bytes(four.map(|x| x as i8 as u8));
            sum += four.iter().sum::<i32>();
        }
        block.scale = top / 127.0;
        block.start = if offset { -128 * sum } else { 0 };
    }
}

/// The nearest whole number of a number between -2^22 and 2^22.
#[inline(always)]
fn round(x: f32) -> i32 {
    const ROUND: f32 = 12_582_912.0;
    (x + ROUND).to_bits().wrapping_sub(ROUND.to_bits()) as i32
}

#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(test)]
mod tests;
