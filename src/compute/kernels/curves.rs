//! Curves that vector instructions compute without a call: exponential, softmax, error unit.

use super::LANES;

/// The natural exponential of a number up to 0, within 2 units in the last place; below -87 it stays
/// at 1.6e-38. Vectors of it need no call, unlike the standard library's.
///
/// `x = n ln 2 + r` with whole `n`; `2^n` is written into the exponent bits and `e^r` is its Taylor
/// polynomial, whose next term is below 2e-8 for `|r| <= ln 2 / 2`.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
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
pub fn log_sum_exp(logits: &[f32]) -> (f32, f32) {
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

/// The Gaussian error unit as whisper.cpp and GPT-2 compute it:
/// `x / (1 + e^-2u)` with `u = sqrt(2 / pi) (x + 0.044715 x^3)`, which is `x (1 + tanh u) / 2`.
#[inline(always)]
pub(super) fn gelu_body(values: &mut [f32]) {
    const TWICE: f32 = 2.0 * 0.797_884_6;
    for x in values {
        let u = TWICE * (*x + 0.044_715 * *x * *x * *x);
        // The exponential wants a number up to 0, so the positive side is mirrored.
        let e = exp(if u > 0.0 { -u } else { u });
        let share = 1.0 / (1.0 + e);
        *x *= if u > 0.0 { share } else { e * share };
    }
}

/// The Gaussian error unit as PyTorch computes it unless asked otherwise: `x (1 + erf(x / sqrt 2)) / 2`.
/// The error function is Abramowitz and Stegun's 7.1.26, within 1.5e-7.
#[inline(always)]
pub(super) fn exact_gelu_body(values: &mut [f32]) {
    for x in values {
        let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
        let t = 1.0 / (1.0 + 0.327_591_1 * z);
        let mut sum = 1.061_405_4;
        for factor in [-1.453_152_1, 1.421_413_8, -0.284_496_72, 0.254_829_6] {
            sum = sum * t + factor;
        }
        // Half of what the error function lacks to 1.
        let tail = 0.5 * sum * t * exp(-z * z);
        *x *= if *x > 0.0 { 1.0 - tail } else { tail };
    }
}

/// Turns scores into the numerators of their softmax, the largest of which is 1, and returns their
/// sum. No number is left if one of them is none.
#[inline(always)]
pub(super) fn weigh_body(scores: &mut [f32]) -> f32 {
    let (lanes, rest) = scores.as_chunks::<LANES>();
    let mut tops = [f32::NEG_INFINITY; LANES];
    for chunk in lanes {
        for (top, x) in tops.iter_mut().zip(chunk) {
            *top = if *x > *top { *x } else { *top };
        }
    }
    let larger = |top: f32, x: &f32| if *x > top { *x } else { top };
    let top = tops.iter().chain(rest).fold(f32::NEG_INFINITY, larger);
    let (lanes, rest) = scores.as_chunks_mut::<LANES>();
    let mut sums = [0f32; LANES];
    for chunk in lanes {
        for (sum, x) in sums.iter_mut().zip(chunk) {
            *x = exp(*x - top);
            *sum += *x;
        }
    }
    let mut total = 0.0;
    for x in rest {
        *x = exp(*x - top);
        total += *x;
    }
    total + sums.iter().sum::<f32>()
}
