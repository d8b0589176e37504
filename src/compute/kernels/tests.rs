//! Every kind of processor against plain sums in f64.

use proptest::prelude::*;

use super::*;

/// Weights of sixteen outputs, packed as the kernels want them, and what they stand for.
struct Packed {
    quads: Vec<Quads>,
    scales: Vec<[u16; LANES]>,
    plain: Vec<Vec<f64>>,
}

fn pack(isa: Isa, blocks: usize, byte: &mut dyn FnMut() -> i8) -> Packed {
    let mut quads = vec![Quads([0; 4 * LANES]); blocks * FOURS];
    let mut scales = vec![[0u16; LANES]; blocks];
    let mut plain = vec![vec![0.0; blocks * BLOCK]; LANES];
    for (lane, plain) in plain.iter_mut().enumerate() {
        for (input, plain) in plain.iter_mut().enumerate() {
            let weight = byte().max(-127);
            let scale = half::f16::from_f32(0.01 + (lane + input / BLOCK) as f32 / 300.0);
            scales[input / BLOCK][lane] = scale.to_bits();
            let stored = if isa.offset() {
                weight ^ i8::MIN
            } else {
                weight
            };
            quads[input / 4].0[lane * 4 + input % 4] = stored;
            *plain = f64::from(weight) * f64::from(scale.to_f32());
        }
    }
    Packed {
        quads,
        scales,
        plain,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn eight_bit_products_are_exact_sums(
        seed in any::<u64>(), blocks in 1usize..5, rows in 1usize..=MOST_ROWS, extreme in any::<bool>(),
    ) {
        let mut state = seed | 1;
        let mut byte = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let byte = (state >> 56) as i8;
            if extreme { if byte < 0 { -128 } else { 127 } } else { byte }
        };
        for isa in Isa::all() {
            let rows = rows.min(isa.rows_at_once());
            let packed = pack(isa, blocks, &mut byte);
            let x: Vec<Vec<f32>> = (0..rows)
                .map(|_| (0..blocks * BLOCK).map(|_| f32::from(byte()) / 50.0).collect())
                .collect();
            let mut quant = vec![vec![QuantBlock::default(); blocks]; rows];
            for (x, quant) in x.iter().zip(&mut quant) {
                quantise_row(isa, x, quant);
            }
            let views: Vec<&[QuantBlock]> = quant.iter().map(Vec::as_slice).collect();
            let found = quant_product(isa, &packed.quads, &packed.scales, &views);
            for (row, found) in quant.iter().zip(found) {
                for (plain, found) in packed.plain.iter().zip(found.0) {
                    let mut wanted = 0.0;
                    let mut size = 0.0;
                    for (input, w) in plain.iter().enumerate() {
                        let block = row[input / BLOCK];
                        let x = block.fours[input % BLOCK / 4].to_le_bytes()[input % 4] as i8;
                        let product = w * f64::from(x) * f64::from(block.scale);
                        wanted += product;
                        size += product.abs();
                    }
                    prop_assert!((f64::from(found) - wanted).abs() <= 1e-5 * size + 1e-9, "{isa:?}");
                }
            }
        }
    }

    #[test]
    fn every_processor_quantises_alike(
        x in prop::collection::vec(-1e3f32..1e3, 0..150), size in 0usize..4, none in any::<bool>(),
    ) {
        // The smallest have an inverse beyond all numbers.
        let mut x: Vec<f32> = x.iter().map(|x| x * [1.0, 1e35, 1e-36, 1e-40][size]).collect();
        if let (Some(x), true) = (x.get_mut(7), none) { *x = f32::NAN; }
        let mut wanted = vec![QuantBlock::default(); 5];
        quantise_row(Isa(Kind::Portable), &x, &mut wanted);
        for isa in Isa::all() {
            let mut found = vec![QuantBlock { start: 9, ..QuantBlock::default() }; 5];
            quantise_row(isa, &x, &mut found);
            for (found, wanted) in found.iter().zip(&wanted) {
                prop_assert_eq!((found.fours, found.scale), (wanted.fours, wanted.scale), "{:?}", isa);
                // Of what is no number, or has no inverse, there is no sum either.
                if !isa.offset() || !(none || size == 3) {
                    let sum: i32 = found.fours.iter().flat_map(|x| x.to_le_bytes()).map(|x| i32::from(x as i8)).sum();
                    prop_assert_eq!(found.start, if isa.offset() { -128 * sum } else { 0 }, "{:?}", isa);
                }
            }
        }
    }

    #[test]
    fn float_products_are_sums(inputs in 1usize..70, rows in 1usize..=MOST_ROWS, seed in 1u32..1000) {
        let value = |i: usize, s: u32| ((i as u32 * 7919 + s * 104_729) % 1009) as f32 / 504.5 - 1.0;
        let mut weights = vec![Lanes([0.0; LANES]); inputs];
        for (i, w) in weights.iter_mut().enumerate() {
            w.0 = std::array::from_fn(|lane| value(i * LANES + lane, seed));
        }
        for isa in Isa::all() {
            let rows = rows.min(isa.rows_at_once());
            let x: Vec<Vec<f32>> = (0..rows).map(|r| (0..inputs).map(|i| value(i, seed + 5 + r as u32)).collect()).collect();
            let views: Vec<&[f32]> = x.iter().map(Vec::as_slice).collect();
            let halves: Vec<Halves> = weights.iter().map(|w| Halves(w.0.map(|w| half::f16::from_f32(w).to_bits()))).collect();
            let narrow: Vec<Lanes> = halves.iter().map(|h| Lanes(h.0.map(|bits| half::f16::from_bits(bits).to_f32()))).collect();
            let both = [(float_product(isa, &weights, &views), &weights), (half_product(isa, &halves, &views), &narrow)];
            for (found, weights) in both {
                for (x, found) in x.iter().zip(found) {
                    for lane in 0..LANES {
                        let wanted: f64 = weights.iter().zip(x).map(|(w, x)| f64::from(w.0[lane]) * f64::from(*x)).sum();
                        prop_assert!((f64::from(found.0[lane]) - wanted).abs() < 1e-4, "{isa:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn attention_is_a_softmax_of_products(width in 1usize..40, length in 1usize..20, seed in 1u32..1000) {
        let value = |i: usize, s: u32| ((i as u32 * 7919 + s * 104_729) % 1009) as f32 / 100.0 - 5.0;
        let stride = width + 3;
        let keys: Vec<f32> = (0..stride * 20).map(|i| value(i, seed)).collect();
        let values: Vec<f32> = (0..stride * 20).map(|i| value(i, seed + 1)).collect();
        let query: Vec<f32> = (0..width).map(|i| value(i, seed + 2) / 10.0).collect();
        let path: Vec<u32> = (0..length as u32).map(|i| (i * 7 + seed) % 20).collect();
        let row = |side: &[f32], p: u32| side[p as usize * stride + 2..][..width].to_vec();
        let scores: Vec<f64> = path.iter().map(|p| {
            row(&keys, *p).iter().zip(&query).map(|(k, q)| f64::from(*k) * f64::from(*q)).sum()
        }).collect();
        let top = scores.iter().copied().fold(f64::MIN, f64::max);
        let total: f64 = scores.iter().map(|s| (s - top).exp()).sum();
        for isa in Isa::all() {
            let mut shares = vec![0.0; length];
            let mut seen = vec![9.0; width];
            let memory = Memory { keys: &keys, values: &values, stride, at: 2, path: &path };
            attend(isa, &query, &memory, &mut shares, &mut seen);
            for (share, score) in shares.iter().zip(&scores) {
                prop_assert!((f64::from(*share) - (score - top).exp() / total).abs() < 1e-5);
            }
            for (i, seen) in seen.iter().enumerate() {
                let wanted: f64 = path.iter().zip(&shares).map(|(p, s)| f64::from(row(&values, *p)[i]) * f64::from(*s)).sum();
                prop_assert!((f64::from(*seen) - wanted).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn the_error_unit_and_the_softmax_are_right_on_every_processor(count in 1usize..70, seed in 1u32..1000, size in 0.1f32..20.0) {
        let x: Vec<f32> = (0..count as u32).map(|i| size * (((i * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0)).collect();
        let top = x.iter().copied().fold(f32::MIN, f32::max);
        for isa in Isa::all() {
            let (mut y, mut shares) = (x.clone(), x.clone());
            gelu(isa, &mut y);
            let total = weigh(isa, &mut shares);
            for ((x, y), share) in x.iter().zip(y).zip(&shares) {
                let x = f64::from(*x);
                let wanted = 0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh());
                prop_assert!((f64::from(y) - wanted).abs() <= 1e-6 * (1.0 + x.abs()), "{isa:?} {x} {y}");
                prop_assert!((f64::from(*share) - (x - f64::from(top)).exp()).abs() < 1e-6);
            }
            prop_assert!((f64::from(total) - shares.iter().map(|s| f64::from(*s)).sum::<f64>()).abs() < 1e-4);
        }
    }

    #[test]
    fn the_exponential_is_right_to_the_last_digits(x in -87f32..0.0) {
        let wanted = f64::from(x).exp();
        prop_assert!((f64::from(exp(x)) - wanted).abs() <= 2.5e-7 * wanted);
    }
}

#[test]
fn the_exponential_of_odd_numbers() {
    assert_eq!(exp(0.0), 1.0);
    assert!(exp(-1e30) < 1e-37 && exp(f32::NEG_INFINITY) < 1e-37);
    assert!(exp(f32::NAN).is_nan());
}

#[test]
fn a_softmax_notices_what_is_no_number() {
    for isa in Isa::all() {
        for at in [0, 16, 20] {
            let mut scores = vec![1.0; 21];
            scores[at] = f32::NAN;
            assert!(weigh(isa, &mut scores).is_nan());
            let mut values = [f32::NAN, 1e30, -1e30, 0.0];
            gelu(isa, &mut values);
            assert!(values[0].is_nan());
            assert_eq!((values[1], values[3]), (1e30, 0.0));
            assert!(values[2].abs() < 1e-6);
        }
    }
}

#[test]
fn the_exact_error_unit_is_that_of_the_tables() {
    // x and x (1 + erf(x / sqrt 2)) / 2, from Python's math.erf.
    let known = [
        (-6.0, -5.92e-9),
        (-3.0, -0.004_049_694),
        (-1.0, -0.158_655_26),
        (-0.3, -0.114_626_57),
        (0.0, 0.0),
        (0.3, 0.185_373_43),
        (1.0, 0.841_344_7),
        (3.0, 2.995_950_3),
        (40.0, 40.0),
    ];
    for isa in Isa::all() {
        let mut values: Vec<f32> = known.iter().map(|k| k.0).collect();
        exact_gelu(isa, &mut values);
        for (found, (x, wanted)) in values.iter().zip(known) {
            assert!(
                (found - wanted).abs() < 5e-7_f32.max(wanted.abs() * 5e-7),
                "{isa:?} {x} {found}"
            );
        }
        let mut values = [f32::NAN; 3];
        exact_gelu(isa, &mut values);
        assert!(values.iter().all(|x| x.is_nan()));
    }
}

#[test]
fn a_sum_of_exponentials_notices_what_is_no_number() {
    let mut logits: Vec<f32> = (0..5000).map(|i| (i % 37) as f32 / 3.0).collect();
    let (top, log_total) = log_sum_exp(&logits);
    let wanted: f64 = logits.iter().map(|x| f64::from(x - top).exp()).sum();
    assert!((f64::from(log_total) - wanted.ln()).abs() < 1e-6);
    for at in [0, 17, 4999] {
        let kept = std::mem::replace(&mut logits[at], f32::NAN);
        let (top, log_total) = log_sum_exp(&logits);
        assert!(!(top.is_finite() && log_total.is_finite()));
        logits[at] = kept;
    }
}

#[test]
fn quantising_keeps_the_largest_and_pads_with_zeros() {
    let mut blocks = vec![
        QuantBlock {
            scale: 9.0,
            ..QuantBlock::default()
        };
        3
    ];
    let x: Vec<f32> = (0..40).map(|i| i as f32 - 20.0).collect();
    quantise_row(Isa(Kind::Portable), &x, &mut blocks);
    assert_eq!(blocks[0].fours[0].to_le_bytes()[0] as i8, -127);
    assert_eq!((blocks[2].scale, blocks[2].fours), (0.0, [0; FOURS]));
    assert_eq!(blocks[1].fours[2..], [0; FOURS - 2]);
}
