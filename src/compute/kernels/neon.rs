//! The inner loops with NEON instructions, which every 64-bit ARM processor has, and with its dot
//! products (`sdot`), which most have since 2018.
//!
//! The curves need no bodies of their own: as NEON belongs to the target, the compiler uses it for the
//! portable ones. Quantising does, because there it does not.

use std::arch::aarch64::*;
use std::arch::asm;
use std::mem::transmute;

use super::six::MIDDLE;
use super::{
    BLOCK, FOURS, Halves, LANES, Lanes, Memory, NOTHING, Quads, QuantBlock, SIXES, SUPER, Sixes,
    Sums, attend_body, float_body,
};

/// Outputs in a register.
const WIDE: usize = 4;
/// Registers for the outputs of a group.
const QUARTERS: usize = LANES / WIDE;
/// Adding it rounds to a whole number, which then stands in the lowest bits, as in `quantise`.
const ROUND: f32 = 12_582_912.0;

/// [`super::quant_product`].
#[target_feature(enable = "neon,dotprod")]
pub(super) fn quant_rows_dot(
    quads: &[Quads],
    scales: &[[u16; LANES]],
    rows: &[&[QuantBlock]],
) -> Sums {
    by_rows!(rows, quant_dot, (quads, scales); 1 2 3 4)
}

/// [`super::quant_product`].
#[target_feature(enable = "neon")]
pub(super) fn quant_rows_neon(
    quads: &[Quads],
    scales: &[[u16; LANES]],
    rows: &[&[QuantBlock]],
) -> Sums {
    by_rows!(rows, quant_neon, (quads, scales); 1 2 3 4)
}

/// [`super::six_product`].
#[target_feature(enable = "neon,dotprod")]
pub(super) fn six_rows_dot(sixes: Sixes<'_>, rows: &[&[QuantBlock]]) -> Sums {
    by_rows!(rows, six_dot, (sixes); 1 2 3 4)
}

/// [`super::six_product`].
#[target_feature(enable = "neon")]
pub(super) fn six_rows_neon(sixes: Sixes<'_>, rows: &[&[QuantBlock]]) -> Sums {
    by_rows!(rows, six_neon, (sixes); 1 2 3 4)
}

/// [`super::float_product`].
#[target_feature(enable = "neon")]
pub(super) fn float_rows_neon(weights: &[Lanes], rows: &[&[f32]]) -> Sums {
    by_rows!(rows, float_neon, (weights); 1 2 3 4)
}

/// [`super::half_product`].
#[target_feature(enable = "neon")]
pub(super) fn half_rows_neon(weights: &[Halves], rows: &[&[f32]]) -> Sums {
    by_rows!(rows, half_neon, (weights); 1 2 3 4)
}

/// [`super::attend`].
#[target_feature(enable = "neon")]
pub(super) fn attend_neon(
    query: &[f32],
    memory: &Memory<'_>,
    shares: &mut [f32],
    seen: &mut [f32],
) {
    attend_body::<true>(query, memory, shares, seen);
}

#[target_feature(enable = "neon")]
fn float_neon<const R: usize>(weights: &[Lanes], rows: &[&[f32]; R]) -> Sums {
    float_body::<R, true>(weights, rows)
}

#[target_feature(enable = "neon")]
fn half_neon<const R: usize>(weights: &[Halves], rows: &[&[f32]; R]) -> Sums {
    let mut sums = [[vdupq_n_f32(0.0); QUARTERS]; R];
    if rows.iter().any(|row| row.len() != weights.len()) {
        return NOTHING;
    }
    for (i, weights) in weights.iter().enumerate() {
        let (quarters, _) = weights.0.as_chunks::<WIDE>();
        let mut wide = [vdupq_n_f32(0.0); QUARTERS];
        for (wide, bits) in wide.iter_mut().zip(quarters) {
            *wide = widen(bits);
        }
        for (sums, row) in sums.iter_mut().zip(rows) {
            for (sum, weights) in sums.iter_mut().zip(wide) {
                *sum = vfmaq_n_f32(*sum, weights, row[i]);
            }
        }
    }
    store(&sums)
}

/// In halves of eight outputs: with four rows their whole numbers, the sums of all sixteen, weights
/// and activations just fill the 32 registers, and the weights are still read in their order.
#[target_feature(enable = "neon,dotprod")]
fn quant_dot<const R: usize>(
    quads: &[Quads],
    scales: &[[u16; LANES]],
    rows: &[&[QuantBlock]; R],
) -> Sums {
    let mut sums = [[vdupq_n_f32(0.0); QUARTERS]; R];
    if rows.iter().any(|row| row.len() != scales.len()) {
        return NOTHING;
    }
    let (blocks, _) = quads.as_chunks::<FOURS>();
    for (b, (quads, scales)) in blocks.iter().zip(scales).enumerate() {
        let (scales, _) = scales.as_chunks::<WIDE>();
        let (parts, _) = quads.as_chunks::<WIDE>();
        for half in 0..2 {
            let mut ints = [[vdupq_n_s32(0); 2]; R];
            for (part, quads) in parts.iter().enumerate() {
                let mut x = [vdupq_n_s8(0); R];
                for (x, row) in x.iter_mut().zip(rows) {
                    *x = fours(&row[b], part);
                }
                dot_rows::<R, 0>(&mut ints, &quads[0], half, &x);
                dot_rows::<R, 1>(&mut ints, &quads[1], half, &x);
                dot_rows::<R, 2>(&mut ints, &quads[2], half, &x);
                dot_rows::<R, 3>(&mut ints, &quads[3], half, &x);
            }
            for side in 0..2 {
                let quarter = 2 * half + side;
                let scale = widen(&scales[quarter]);
                for ((sums, ints), row) in sums.iter_mut().zip(ints).zip(rows) {
                    sums[quarter] = scaled(sums[quarter], ints[side], scale, row[b].scale);
                }
            }
        }
    }
    store(&sums)
}

/// Adds to the whole numbers of each row one input group's products with half of the outputs.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot_rows<const R: usize, const FOUR: i32>(
    ints: &mut [[int32x4_t; 2]; R],
    quad: &Quads,
    half: usize,
    x: &[int8x16_t; R],
) {
    let weights = [weights(quad, 2 * half), weights(quad, 2 * half + 1)];
    for (ints, x) in ints.iter_mut().zip(x) {
        for (int, weights) in ints.iter_mut().zip(weights) {
            *int = dot::<FOUR>(*int, weights, *x);
        }
    }
}

/// Adds to each of four whole numbers the products of its own four `weights` with the four bytes of
/// `x` at `FOUR`. The standard library has it too (`vdotq_laneq_s32`), but not yet for stable
/// compilers.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn dot<const FOUR: i32>(mut ints: int32x4_t, weights: int8x16_t, x: int8x16_t) -> int32x4_t {
    // SAFETY: the processor has the instruction, as the function's features say, and it touches
    // nothing but the registers that are named here.
    unsafe {
        asm!(
            "sdot {ints:v}.4s, {weights:v}.16b, {x:v}.4b[{four}]",
            ints = inout(vreg) ints,
            weights = in(vreg) weights,
            x = in(vreg) x,
            four = const FOUR,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    ints
}

/// In quarters of four outputs, because each takes two registers a row until the end of a block.
#[target_feature(enable = "neon")]
fn quant_neon<const R: usize>(
    quads: &[Quads],
    scales: &[[u16; LANES]],
    rows: &[&[QuantBlock]; R],
) -> Sums {
    let mut sums = [[vdupq_n_f32(0.0); QUARTERS]; R];
    if rows.iter().any(|row| row.len() != scales.len()) {
        return NOTHING;
    }
    let (blocks, _) = quads.as_chunks::<FOURS>();
    for (b, (quads, scales)) in blocks.iter().zip(scales).enumerate() {
        let (scales, _) = scales.as_chunks::<WIDE>();
        let (pairs, _) = quads.as_chunks::<2>();
        for quarter in 0..QUARTERS {
            let mut ints = [[vdupq_n_s32(0); 2]; R];
            for (k, pair) in pairs.iter().enumerate() {
                let (w, v) = (weights(&pair[0], quarter), weights(&pair[1], quarter));
                for (ints, row) in ints.iter_mut().zip(rows) {
                    let fours = row[b].fours;
                    let x = vreinterpretq_s8_s32(vdupq_n_s32(fours[2 * k]));
                    let y = vreinterpretq_s8_s32(vdupq_n_s32(fours[2 * k + 1]));
                    // Neither side is -128, so two products fit into 16 bits.
                    let low = vmull_s8(vget_low_s8(w), vget_low_s8(x));
                    let low = vmlal_s8(low, vget_low_s8(v), vget_low_s8(y));
                    let high = vmlal_high_s8(vmull_high_s8(w, x), v, y);
                    ints[0] = vpadalq_s16(ints[0], low);
                    ints[1] = vpadalq_s16(ints[1], high);
                }
            }
            let scale = widen(&scales[quarter]);
            for ((sums, ints), row) in sums.iter_mut().zip(ints).zip(rows) {
                let int = vpaddq_s32(ints[0], ints[1]);
                sums[quarter] = scaled(sums[quarter], int, scale, row[b].scale);
            }
        }
    }
    store(&sums)
}

/// Both kinds of products in 6 bits: a quarter of the outputs for half a block, then the next quarter.
/// `$ints` adds the products of four weights a output with half of the activations of a block.
macro_rules! six_body {
    ($ints:ident, $sixes:ident, $rows:ident) => {{
        let mut sums = [[vdupq_n_f32(0.0); QUARTERS]; R];
        let misfits = $rows.iter().any(|row| row.len() != $sixes.scales.len());
        if misfits || $sixes.lacks_steps() {
            return NOTHING;
        }
        let (blocks, _) = $sixes.quads.as_chunks::<SIXES>();
        for (b, (quads, scales)) in blocks.iter().zip($sixes.scales).enumerate() {
            let (steps, _) = $sixes.steps[b / (SUPER / BLOCK)].as_chunks::<WIDE>();
            for (half, fine) in scales.iter().enumerate() {
                let fine = wide_bytes(fine);
                for quarter in 0..QUARTERS {
                    let weights = six_weights(quads, half, quarter);
                    let scale = vmulq_f32(fine[quarter], widen(&steps[quarter]));
                    for (sums, row) in sums.iter_mut().zip($rows) {
                        let int = $ints(&weights, &row[b], half);
                        sums[quarter] = scaled(sums[quarter], int, scale, row[b].scale);
                    }
                }
            }
        }
        store(&sums)
    }};
}

#[target_feature(enable = "neon,dotprod")]
fn six_dot<const R: usize>(sixes: Sixes<'_>, rows: &[&[QuantBlock]; R]) -> Sums {
    six_body!(six_ints_dot, sixes, rows)
}

#[target_feature(enable = "neon")]
fn six_neon<const R: usize>(sixes: Sixes<'_>, rows: &[&[QuantBlock]; R]) -> Sums {
    six_body!(six_ints, sixes, rows)
}

/// The whole numbers of four outputs for one half of a block.
#[inline]
#[target_feature(enable = "neon,dotprod")]
fn six_ints_dot(weights: &[int8x16_t; WIDE], block: &QuantBlock, half: usize) -> int32x4_t {
    let x = fours(block, half);
    let ints = vdupq_n_s32(block.half_starts[half]);
    let ints = dot::<0>(ints, weights[0], x);
    let ints = dot::<1>(ints, weights[1], x);
    let ints = dot::<2>(ints, weights[2], x);
    dot::<3>(ints, weights[3], x)
}

/// The same without dot products.
#[inline]
#[target_feature(enable = "neon")]
fn six_ints(weights: &[int8x16_t; WIDE], block: &QuantBlock, half: usize) -> int32x4_t {
    let (mut low, mut high) = (vdupq_n_s16(0), vdupq_n_s16(0));
    let (parts, _) = block.fours.as_chunks::<WIDE>();
    for (weights, four) in weights.iter().zip(&parts[half]) {
        let x = vreinterpretq_s8_s32(vdupq_n_s32(*four));
        // Four products of at most 63 * 127 fit into 16 bits.
        low = vmlal_s8(low, vget_low_s8(*weights), vget_low_s8(x));
        high = vmlal_high_s8(high, *weights, x);
    }
    let ints = vpaddq_s32(vpaddlq_s16(low), vpaddlq_s16(high));
    vaddq_s32(vdupq_n_s32(block.half_starts[half]), ints)
}

/// The weights of four outputs for one half of a block, 0 to 63: four inputs after the other four.
#[inline]
#[target_feature(enable = "neon")]
fn six_weights(quads: &[Quads; SIXES], half: usize, quarter: usize) -> [int8x16_t; WIDE] {
    let fifteen = vdupq_n_u8(15);
    let above = vdupq_n_u8(0x30);
    let bytes = |quad: usize| vreinterpretq_u8_s8(weights(&quads[quad], quarter));
    let upper = [bytes(WIDE), bytes(WIDE + 1)];
    let mut found = [vdupq_n_s8(0); WIDE];
    for (k, found) in found.iter_mut().enumerate() {
        let (low, high) = (bytes(k), upper[k / 2]);
        // Where the upper bits lie `super::six::upper` says; here they come to stand above the lower four.
        let (low, high) = match (half, k % 2) {
            (0, 0) => (vandq_u8(low, fifteen), vshlq_n_u8::<4>(high)),
            (0, _) => (vandq_u8(low, fifteen), vshlq_n_u8::<2>(high)),
            (_, 0) => (vshrq_n_u8::<4>(low), high),
            (_, _) => (vshrq_n_u8::<4>(low), vshrq_n_u8::<2>(high)),
        };
        *found = vreinterpretq_s8_u8(vorrq_u8(low, vandq_u8(high, above)));
    }
    found
}

/// Sixteen whole numbers of 8 bits in f32.
#[inline]
#[target_feature(enable = "neon")]
fn wide_bytes(bytes: &[i8; LANES]) -> [float32x4_t; QUARTERS] {
    // SAFETY: both are 16 bytes of any value.
    let bytes = unsafe { transmute::<[i8; LANES], int8x16_t>(*bytes) };
    let (low, high) = (vmovl_s8(vget_low_s8(bytes)), vmovl_high_s8(bytes));
    [
        vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))),
        vcvtq_f32_s32(vmovl_high_s16(low)),
        vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))),
        vcvtq_f32_s32(vmovl_high_s16(high)),
    ]
}

/// [`super::quantise_row`].
#[target_feature(enable = "neon")]
pub(super) fn quantise_neon(x: &[f32], blocks: &mut [QuantBlock]) {
    let mut chunks = x.chunks(BLOCK);
    for block in blocks {
        let chunk = chunks.next().unwrap_or_default();
        match <&[f32; BLOCK]>::try_from(chunk) {
            Ok(values) => quantise_block(values, block),
            Err(_) => {
                let mut values = [0.0; BLOCK];
                for (value, x) in values.iter_mut().zip(chunk) {
                    *value = *x;
                }
                quantise_block(&values, block);
            }
        }
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn quantise_block(values: &[f32; BLOCK], block: &mut QuantBlock) {
    let (lanes, _) = values.as_chunks::<LANES>();
    // Of a number and none the instruction takes the number, as the portable comparison does.
    let mut tops = vdupq_n_f32(0.0);
    for lanes in lanes {
        for quarter in quarters(lanes) {
            tops = vmaxnmq_f32(tops, vabsq_f32(quarter));
        }
    }
    let top = vmaxnmvq_f32(tops);
    let inverse = if top > 0.0 { 127.0 / top } else { 0.0 };
    let round = vdupq_n_f32(ROUND);
    let (halves, _) = block.fours.as_chunks_mut::<WIDE>();
    for ((half, start), lanes) in halves.iter_mut().zip(&mut block.half_starts).zip(lanes) {
        let mut whole = [vdup_n_s16(0); QUARTERS];
        for (whole, quarter) in whole.iter_mut().zip(quarters(lanes)) {
            let rounded = vaddq_f32(vmulq_n_f32(quarter, inverse), round);
            *whole = vmovn_s32(vreinterpretq_s32_f32(rounded));
        }
        let [a, b, c, d] = whole;
        let low = vmovn_s16(vcombine_s16(a, b));
        let bytes = vcombine_s8(low, vmovn_s16(vcombine_s16(c, d)));
        // SAFETY: both are 16 bytes of any value.
        *half = unsafe { transmute::<int8x16_t, [i32; WIDE]>(bytes) };
        *start = -MIDDLE * i32::from(vaddlvq_s8(bytes));
    }
    block.scale = top / 127.0;
    block.start = 0;
}

/// `sum` and what the whole numbers of a block stand for.
#[inline]
#[target_feature(enable = "neon")]
fn scaled(sum: float32x4_t, int: int32x4_t, scale: float32x4_t, x: f32) -> float32x4_t {
    vfmaq_f32(sum, vcvtq_f32_s32(int), vmulq_n_f32(scale, x))
}

// Registers are made of arrays as they are, not by `vld1q_s8` and its kin: this crate keeps its debug
// assertions in release builds, and those of the pointers would take longer than the products.

/// The weights of a quarter of the outputs, four of each.
#[inline]
#[target_feature(enable = "neon")]
fn weights(quad: &Quads, quarter: usize) -> int8x16_t {
    let (quarters, _) = quad.0.as_chunks::<LANES>();
    // SAFETY: both are 16 bytes of any value.
    unsafe { transmute::<[i8; LANES], int8x16_t>(quarters[quarter]) }
}

/// The first or the second sixteen activations of a block.
#[inline]
#[target_feature(enable = "neon")]
fn fours(block: &QuantBlock, part: usize) -> int8x16_t {
    let (parts, _) = block.fours.as_chunks::<WIDE>();
    // SAFETY: both are 16 bytes of any value.
    unsafe { transmute::<[i32; WIDE], int8x16_t>(parts[part]) }
}

/// Sixteen numbers.
#[inline]
#[target_feature(enable = "neon")]
fn quarters(lanes: &[f32; LANES]) -> [float32x4_t; QUARTERS] {
    // SAFETY: both are 64 bytes of any value.
    unsafe { transmute::<[f32; LANES], [float32x4_t; QUARTERS]>(*lanes) }
}

/// Four f16 numbers in f32.
#[inline]
#[target_feature(enable = "neon")]
fn widen(bits: &[u16; WIDE]) -> float32x4_t {
    // SAFETY: both are 8 bytes of any value.
    vcvt_f32_f16(unsafe { transmute::<[u16; WIDE], float16x4_t>(*bits) })
}

#[target_feature(enable = "neon")]
fn store(sums: &[[float32x4_t; QUARTERS]]) -> Sums {
    let mut found = NOTHING;
    for (found, sums) in found.iter_mut().zip(sums) {
        // SAFETY: both are 64 bytes of any value.
        found.0 = unsafe { transmute::<[float32x4_t; QUARTERS], [f32; LANES]>(*sums) };
    }
    found
}
