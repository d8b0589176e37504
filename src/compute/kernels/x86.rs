//! The inner loops with AVX2 and with AVX-512 VNNI instructions.

use std::arch::x86_64::*;

use super::{
    BLOCK, FOURS, Halves, LANES, Lanes, MOST_ROWS, Memory, NOTHING, Quads, QuantBlock, SIXES,
    SUPER, Sixes, Sums, attend_body, exact_gelu_body, float_body, gelu_body, quantise_body,
    weigh_body,
};

/// [`super::quant_product`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) fn quant_rows_avx512(
    quads: &[Quads],
    scales: &[[u16; LANES]],
    rows: &[&[QuantBlock]],
) -> Sums {
    by_rows!(rows, quant_avx512, (quads, scales); 1 2 3 4 5 6 7 8)
}

/// [`super::quant_product`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn quant_rows_avx2(
    quads: &[Quads],
    scales: &[[u16; LANES]],
    rows: &[&[QuantBlock]],
) -> Sums {
    by_rows!(rows, quant_avx2, (quads, scales); 1 2 3 4)
}

/// [`super::six_product`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) fn six_rows_avx512(sixes: Sixes<'_>, rows: &[&[QuantBlock]]) -> Sums {
    by_rows!(rows, six_avx512, (sixes); 1 2 3 4 5 6 7 8)
}

/// [`super::six_product`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn six_rows_avx2(sixes: Sixes<'_>, rows: &[&[QuantBlock]]) -> Sums {
    by_rows!(rows, six_avx2, (sixes); 1 2 3 4)
}

/// [`super::float_product`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) fn float_rows_avx512(weights: &[Lanes], rows: &[&[f32]]) -> Sums {
    by_rows!(rows, float_avx512, (weights); 1 2 3 4 5 6 7 8)
}

/// [`super::float_product`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn float_rows_avx2(weights: &[Lanes], rows: &[&[f32]]) -> Sums {
    by_rows!(rows, float_avx2, (weights); 1 2 3 4)
}

/// [`super::half_product`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) fn half_rows_avx512(weights: &[Halves], rows: &[&[f32]]) -> Sums {
    by_rows!(rows, half_avx512, (weights); 1 2 3 4 5 6 7 8)
}

/// [`super::half_product`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn half_rows_avx2(weights: &[Halves], rows: &[&[f32]]) -> Sums {
    by_rows!(rows, half_avx2, (weights); 1 2 3 4)
}

/// [`super::gelu`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) fn gelu_avx512(values: &mut [f32]) {
    gelu_body(values);
}

/// [`super::gelu`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn gelu_avx2(values: &mut [f32]) {
    gelu_body(values);
}

/// [`super::exact_gelu`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) fn exact_gelu_avx512(values: &mut [f32]) {
    exact_gelu_body(values);
}

/// [`super::exact_gelu`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn exact_gelu_avx2(values: &mut [f32]) {
    exact_gelu_body(values);
}

/// [`super::weigh`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) fn weigh_avx512(scores: &mut [f32]) -> f32 {
    weigh_body(scores)
}

/// [`super::weigh`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn weigh_avx2(scores: &mut [f32]) -> f32 {
    weigh_body(scores)
}

/// [`super::quantise_row`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
pub(super) fn quantise_avx512(x: &[f32], blocks: &mut [QuantBlock]) {
    quantise_body(x, blocks, true);
}

/// [`super::quantise_row`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn quantise_avx2(x: &[f32], blocks: &mut [QuantBlock]) {
    quantise_body(x, blocks, false);
}

/// [`super::attend`].
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn attend_avx2(
    query: &[f32],
    memory: &Memory<'_>,
    shares: &mut [f32],
    seen: &mut [f32],
) {
    attend_body::<true>(query, memory, shares, seen);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn float_avx512<const R: usize>(weights: &[Lanes], rows: &[&[f32]; R]) -> Sums {
    let mut sums = [_mm512_setzero_ps(); R];
    if rows.iter().any(|row| row.len() != weights.len()) {
        return NOTHING;
    }
    for (i, weights) in weights.iter().enumerate() {
        // SAFETY: `Lanes` is 64 aligned bytes.
        let weights = unsafe { _mm512_load_ps(weights.0.as_ptr()) };
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum = _mm512_fmadd_ps(weights, _mm512_set1_ps(row[i]), *sum);
        }
    }
    store_512(&sums)
}

#[target_feature(enable = "avx2,fma,f16c")]
fn float_avx2<const R: usize>(weights: &[Lanes], rows: &[&[f32]; R]) -> Sums {
    float_body::<R, true>(weights, rows)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn half_avx512<const R: usize>(weights: &[Halves], rows: &[&[f32]; R]) -> Sums {
    let mut sums = [_mm512_setzero_ps(); R];
    if rows.iter().any(|row| row.len() != weights.len()) {
        return NOTHING;
    }
    for (i, weights) in weights.iter().enumerate() {
        // SAFETY: `Halves` is 32 aligned bytes.
        let weights = unsafe { _mm256_load_si256(weights.0.as_ptr().cast()) };
        let weights = _mm512_cvtph_ps(weights);
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum = _mm512_fmadd_ps(weights, _mm512_set1_ps(row[i]), *sum);
        }
    }
    store_512(&sums)
}

#[target_feature(enable = "avx2,fma,f16c")]
fn half_avx2<const R: usize>(weights: &[Halves], rows: &[&[f32]; R]) -> Sums {
    let mut sums = [[_mm256_setzero_ps(); 2]; R];
    let mut found = NOTHING;
    if rows.iter().any(|row| row.len() != weights.len()) {
        return found;
    }
    for (i, weights) in weights.iter().enumerate() {
        let (halves, _) = weights.0.as_chunks::<{ LANES / 2 }>();
        let wide = [0, 1].map(|half| {
            // SAFETY: eight 16-bit numbers are 16 bytes.
            _mm256_cvtph_ps(unsafe { _mm_loadu_si128(halves[half].as_ptr().cast()) })
        });
        for (sums, row) in sums.iter_mut().zip(rows) {
            let x = _mm256_set1_ps(row[i]);
            for (sum, weights) in sums.iter_mut().zip(wide) {
                *sum = _mm256_fmadd_ps(weights, x, *sum);
            }
        }
    }
    for (found, sums) in found.iter_mut().zip(sums) {
        let (halves, _) = found.0.as_chunks_mut::<{ LANES / 2 }>();
        for (half, sum) in halves.iter_mut().zip(sums) {
            // SAFETY: a half is 32 bytes.
            unsafe { _mm256_storeu_ps(half.as_mut_ptr(), sum) };
        }
    }
    found
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn store_512(sums: &[__m512]) -> Sums {
    let mut found = NOTHING;
    for (found, sum) in found.iter_mut().zip(sums) {
        // SAFETY: `Lanes` is 64 aligned bytes.
        unsafe { _mm512_store_ps(found.0.as_mut_ptr(), *sum) };
    }
    found
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn quant_avx512<const R: usize>(
    quads: &[Quads],
    scales: &[[u16; LANES]],
    rows: &[&[QuantBlock]; R],
) -> Sums {
    const { assert!(R <= MOST_ROWS) };
    let mut sums = [_mm512_setzero_ps(); R];
    if rows.iter().any(|row| row.len() != scales.len()) {
        return NOTHING;
    }
    let (blocks, _) = quads.as_chunks::<FOURS>();
    for (b, (quads, scales)) in blocks.iter().zip(scales).enumerate() {
        // SAFETY: sixteen 16-bit numbers are 32 bytes.
        let scales = unsafe { _mm256_loadu_si256(scales.as_ptr().cast()) };
        let scales = _mm512_cvtph_ps(scales);
        let mut ints = [_mm512_setzero_si512(); R];
        for (int, row) in ints.iter_mut().zip(rows) {
            *int = _mm512_set1_epi32(row[b].start);
        }
        for (k, quad) in quads.iter().enumerate() {
            // SAFETY: `Quads` is 64 aligned bytes.
            let weights = unsafe { _mm512_load_si512(quad.0.as_ptr().cast()) };
            for (int, row) in ints.iter_mut().zip(rows) {
                let four = _mm512_set1_epi32(row[b].fours[k]);
                *int = _mm512_dpbusd_epi32(*int, weights, four);
            }
        }
        for ((sum, int), row) in sums.iter_mut().zip(ints).zip(rows) {
            let scales = _mm512_mul_ps(scales, _mm512_set1_ps(row[b].scale));
            *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(int), scales, *sum);
        }
    }
    store_512(&sums)
}

/// In halves of eight outputs, so that sums and weights stay in the sixteen registers.
#[target_feature(enable = "avx2,fma,f16c")]
fn quant_avx2<const R: usize>(
    quads: &[Quads],
    scales: &[[u16; LANES]],
    rows: &[&[QuantBlock]; R],
) -> Sums {
    let mut found = NOTHING;
    if rows.iter().any(|row| row.len() != scales.len()) {
        return found;
    }
    let ones = _mm256_set1_epi16(1);
    let (blocks, _) = quads.as_chunks::<FOURS>();
    for half in 0..2 {
        let mut sums = [_mm256_setzero_ps(); R];
        for (b, (quads, scales)) in blocks.iter().zip(scales).enumerate() {
            let (scales, _) = scales.as_chunks::<{ LANES / 2 }>();
            // SAFETY: eight 16-bit numbers are 16 bytes.
            let scales = unsafe { _mm_loadu_si128(scales[half].as_ptr().cast()) };
            let scales = _mm256_cvtph_ps(scales);
            let mut ints = [_mm256_setzero_si256(); R];
            for (k, quad) in quads.iter().enumerate() {
                let (halves, _) = quad.0.as_chunks::<{ 2 * LANES }>();
                // SAFETY: a half is 32 bytes; `Quads` is aligned to 64.
                let weights = unsafe { _mm256_load_si256(halves[half].as_ptr().cast()) };
                for (int, row) in ints.iter_mut().zip(rows) {
                    // The instruction takes one side without a sign, so the activation's sign moves
                    // over to the weight. Neither is -128, so two products fit into 16 bits.
                    let four = _mm256_set1_epi32(row[b].fours[k]);
                    let signed = _mm256_sign_epi8(weights, four);
                    let pairs = _mm256_maddubs_epi16(_mm256_abs_epi8(four), signed);
                    *int = _mm256_add_epi32(*int, _mm256_madd_epi16(pairs, ones));
                }
            }
            for ((sum, int), row) in sums.iter_mut().zip(ints).zip(rows) {
                let scales = _mm256_mul_ps(scales, _mm256_set1_ps(row[b].scale));
                *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(int), scales, *sum);
            }
        }
        for (found, sum) in found.iter_mut().zip(sums) {
            let (halves, _) = found.0.as_chunks_mut::<{ LANES / 2 }>();
            // SAFETY: a half is 32 bytes.
            unsafe { _mm256_storeu_ps(halves[half].as_mut_ptr(), sum) };
        }
    }
    found
}

/// The upper two bits of the quad `k` of a half moved to where they belong in each byte. Those of the
/// two quads that share a byte with them lie at bits 0 and 2 in the first half, 4 and 6 in the second.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn upper_512(high: __m512i, half: usize, k: usize) -> __m512i {
    let moved = match (half, k % 2) {
        (0, 0) => _mm512_slli_epi16(high, 4),
        (0, _) => _mm512_slli_epi16(high, 2),
        (_, 0) => high,
        _ => _mm512_srli_epi16(high, 2),
    };
    _mm512_and_si512(moved, _mm512_set1_epi8(0x30))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx2,fma,f16c")]
fn six_avx512<const R: usize>(sixes: Sixes<'_>, rows: &[&[QuantBlock]; R]) -> Sums {
    const { assert!(R <= MOST_ROWS) };
    let mut sums = [_mm512_setzero_ps(); R];
    if rows.iter().any(|row| row.len() != sixes.scales.len()) || sixes.lacks_steps() {
        return NOTHING;
    }
    let (blocks, _) = sixes.quads.as_chunks::<SIXES>();
    for (b, (quads, scales)) in blocks.iter().zip(sixes.scales).enumerate() {
        // SAFETY: sixteen 16-bit numbers are 32 bytes.
        let step = unsafe { _mm256_loadu_si256(sixes.steps[b / (SUPER / BLOCK)].as_ptr().cast()) };
        let step = _mm512_cvtph_ps(step);
        // Each is loaded where it is used: held for both halves they would crowd out the sums of eight rows.
        let quad = |at: usize| {
            let quad: &Quads = &quads[at];
            // SAFETY: `Quads` is 64 aligned bytes.
            unsafe { _mm512_load_si512(quad.0.as_ptr().cast()) }
        };
        for (half, scales) in scales.iter().enumerate() {
            // SAFETY: sixteen numbers of 8 bits are 16 bytes.
            let scales = unsafe { _mm_loadu_si128(scales.as_ptr().cast()) };
            let scales = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(scales)), step);
            let mut ints = [_mm512_setzero_si512(); R];
            for (int, row) in ints.iter_mut().zip(rows) {
                *int = _mm512_set1_epi32(row[b].half_starts[half]);
            }
            for k in 0..FOURS / 2 {
                let low = match half {
                    0 => quad(k),
                    _ => _mm512_srli_epi16(quad(k), 4),
                };
                let low = _mm512_and_si512(low, _mm512_set1_epi8(15));
                let weights = _mm512_or_si512(low, upper_512(quad(4 + k / 2), half, k));
                for (int, row) in ints.iter_mut().zip(rows) {
                    let four = _mm512_set1_epi32(row[b].fours[half * (FOURS / 2) + k]);
                    *int = _mm512_dpbusd_epi32(*int, weights, four);
                }
            }
            for ((sum, int), row) in sums.iter_mut().zip(ints).zip(rows) {
                let scales = _mm512_mul_ps(scales, _mm512_set1_ps(row[b].scale));
                *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(int), scales, *sum);
            }
        }
    }
    store_512(&sums)
}

/// [`upper_512`] for eight outputs.
#[target_feature(enable = "avx2,fma,f16c")]
fn upper_256(high: __m256i, half: usize, k: usize) -> __m256i {
    let moved = match (half, k % 2) {
        (0, 0) => _mm256_slli_epi16(high, 4),
        (0, _) => _mm256_slli_epi16(high, 2),
        (_, 0) => high,
        _ => _mm256_srli_epi16(high, 2),
    };
    _mm256_and_si256(moved, _mm256_set1_epi8(0x30))
}

/// Eight outputs after the other eight, so that sums and weights stay in the sixteen registers.
#[target_feature(enable = "avx2,fma,f16c")]
fn six_avx2<const R: usize>(sixes: Sixes<'_>, rows: &[&[QuantBlock]; R]) -> Sums {
    let mut found = NOTHING;
    if rows.iter().any(|row| row.len() != sixes.scales.len()) || sixes.lacks_steps() {
        return found;
    }
    let ones = _mm256_set1_epi16(1);
    let (blocks, _) = sixes.quads.as_chunks::<SIXES>();
    for side in 0..2 {
        let mut sums = [_mm256_setzero_ps(); R];
        for (b, (quads, scales)) in blocks.iter().zip(sixes.scales).enumerate() {
            let (steps, _) = sixes.steps[b / (SUPER / BLOCK)].as_chunks::<{ LANES / 2 }>();
            // SAFETY: eight 16-bit numbers are 16 bytes.
            let step = _mm256_cvtph_ps(unsafe { _mm_loadu_si128(steps[side].as_ptr().cast()) });
            let quad = |at: usize| {
                let (sides, _) = quads[at].0.as_chunks::<{ 2 * LANES }>();
                // SAFETY: a side is 32 bytes; `Quads` is aligned to 64.
                unsafe { _mm256_load_si256(sides[side].as_ptr().cast()) }
            };
            for (half, scales) in scales.iter().enumerate() {
                let (scales, _) = scales.as_chunks::<{ LANES / 2 }>();
                // SAFETY: eight numbers of 8 bits are 8 bytes.
                let scales = unsafe { _mm_loadl_epi64(scales[side].as_ptr().cast()) };
                let scales = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(scales)), step);
                let mut ints = [_mm256_setzero_si256(); R];
                for (int, row) in ints.iter_mut().zip(rows) {
                    *int = _mm256_set1_epi32(row[b].half_starts[half]);
                }
                for k in 0..FOURS / 2 {
                    let low = match half {
                        0 => quad(k),
                        _ => _mm256_srli_epi16(quad(k), 4),
                    };
                    let low = _mm256_and_si256(low, _mm256_set1_epi8(15));
                    let weights = _mm256_or_si256(low, upper_256(quad(4 + k / 2), half, k));
                    for (int, row) in ints.iter_mut().zip(rows) {
                        // Two products of at most 63 and 127 fit into 16 bits.
                        let four = _mm256_set1_epi32(row[b].fours[half * (FOURS / 2) + k]);
                        let pairs = _mm256_maddubs_epi16(weights, four);
                        *int = _mm256_add_epi32(*int, _mm256_madd_epi16(pairs, ones));
                    }
                }
                for ((sum, int), row) in sums.iter_mut().zip(ints).zip(rows) {
                    let scales = _mm256_mul_ps(scales, _mm256_set1_ps(row[b].scale));
                    *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(int), scales, *sum);
                }
            }
        }
        for (found, sum) in found.iter_mut().zip(sums) {
            let (sides, _) = found.0.as_chunks_mut::<{ LANES / 2 }>();
            // SAFETY: a side is 32 bytes.
            unsafe { _mm256_storeu_ps(sides[side].as_mut_ptr(), sum) };
        }
    }
    found
}
