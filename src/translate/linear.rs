//! Linear layers: candle's matrix product for a whole sentence, a streaming product for a few rows.
//!
//! A decoding step has one row for each hypothesis, 1 to 8, and must read every weight once, so its
//! speed is that of memory. candle's general product repacks the weights for two rows or more, which
//! reads and writes them again: measured on NLLB-600M's shape, four hypotheses took four times as
//! long as one. Here each row of weights is read once and meets all hypotheses while it is near.

use candle_core::{CpuStorage, Device, Module, Storage, Tensor};
use candle_transformers::models::with_tracing;
use rayon::prelude::*;

/// Up to so many rows are streamed.
const FEW_ROWS: usize = 8;
/// Products that one thread computes at a time; below twice this, a second thread costs more than
/// it brings.
const PRODUCTS: usize = 1 << 16;
/// Partial sums side by side, so that the compiler can use vector instructions.
const LANES: usize = 16;

/// A matrix `(output, input)` with a bias, in f32.
pub(super) struct Linear {
    weight: Tensor,
    bias: Option<Tensor>,
    /// The same, for many rows.
    product: with_tracing::Linear,
}

impl Linear {
    /// A layer from its weight `(output, input)` and bias `(output)`, both contiguous.
    pub fn new(weight: Tensor, bias: Option<Tensor>) -> Self {
        let product = with_tracing::Linear::from_weights(weight.clone(), bias.clone());
        Self {
            weight,
            bias,
            product,
        }
    }

    /// `(n, input)` to `(n, output)`.
    pub fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let (rows, input) = x.dims2()?;
        if rows == 0 || rows > FEW_ROWS {
            return self.product.forward(x);
        }
        let output = self.weight.dim(0)?;
        let x = x.contiguous()?;
        // By output first, as the weights lie.
        let mut sums = vec![0f32; output.saturating_mul(rows)];
        with_slice(&self.weight, |weight| {
            with_slice(&x, |x| stream(weight, x, input, rows, &mut sums))
        })??;
        let y = Tensor::from_vec(sums, (output, rows), &Device::Cpu)?
            .t()?
            .contiguous()?;
        match &self.bias {
            Some(bias) => y.broadcast_add(bias),
            None => Ok(y),
        }
    }
}

/// Calls `f` with the numbers of a contiguous f32 tensor on the CPU.
pub(super) fn with_slice<T>(
    tensor: &Tensor,
    f: impl FnOnce(&[f32]) -> T,
) -> candle_core::Result<T> {
    let (storage, layout) = tensor.storage_and_layout();
    let all = match &*storage {
        Storage::Cpu(CpuStorage::F32(all)) => all.as_slice(),
        _ => candle_core::bail!("a layer's numbers are not f32 on the CPU"),
    };
    match layout
        .contiguous_offsets()
        .and_then(|(from, to)| all.get(from..to))
    {
        Some(numbers) => Ok(f(numbers)),
        None => candle_core::bail!("a layer's numbers are not contiguous"),
    }
}

/// Writes the product of each weight row with each row of `x` to `sums`, `(output, rows)`.
fn stream(weight: &[f32], x: &[f32], input: usize, rows: usize, sums: &mut [f32]) {
    let one = |weight: &[f32], sums: &mut [f32]| {
        for (sum, x) in sums.iter_mut().zip(x.chunks_exact(input)) {
            *sum = dot(weight, x);
        }
    };
    let per_output = input.saturating_mul(rows).max(1);
    if weight.len().saturating_mul(rows) < PRODUCTS.saturating_mul(2) {
        for (weight, sums) in weight.chunks_exact(input).zip(sums.chunks_exact_mut(rows)) {
            one(weight, sums);
        }
        return;
    }
    let outputs = (PRODUCTS / per_output).max(1);
    weight
        .par_chunks(outputs.saturating_mul(input))
        .zip(sums.par_chunks_mut(outputs.saturating_mul(rows)))
        .for_each(|(weight, sums)| {
            for (weight, sums) in weight.chunks_exact(input).zip(sums.chunks_exact_mut(rows)) {
                one(weight, sums);
            }
        });
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_lanes, a_rest) = a.as_chunks::<LANES>();
    let (b_lanes, b_rest) = b.as_chunks::<LANES>();
    let mut sums = [0f32; LANES];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers from -1 to 1 that look drawn at random.
    fn numbers(shape: (usize, usize), seed: usize) -> Tensor {
        let count = shape.0 * shape.1;
        let value = |i: usize| ((i * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0;
        Tensor::from_vec((0..count).map(value).collect(), shape, &Device::Cpu).unwrap()
    }

    #[test]
    fn few_rows_give_what_the_general_product_gives() {
        // Sizes below and above one thread's share, and no multiples of the lanes.
        for (output, input) in [(3, 5), (17, 16), (300, 129), (1000, 500)] {
            let bias = numbers((1, output), 3).squeeze(0).unwrap();
            let layer = Linear::new(numbers((output, input), 1), Some(bias));
            for rows in 1..=FEW_ROWS {
                let x = numbers((rows, input), 2);
                let found = layer.forward(&x).unwrap();
                assert_eq!(found.dims(), [rows, output]);
                let wanted = layer.product.forward(&x).unwrap();
                let apart = (found - wanted).unwrap().abs().unwrap().max_all().unwrap();
                assert!(
                    apart.to_scalar::<f32>().unwrap() < 1e-3,
                    "{output} {input} {rows}"
                );
            }
        }
    }

    #[test]
    fn a_slice_of_a_larger_matrix_is_a_layer_too() {
        let whole = numbers((40, 24), 5);
        let x = numbers((2, 24), 6);
        let part = Linear::new(whole.narrow(0, 10, 20).unwrap(), None)
            .forward(&x)
            .unwrap();
        let all = Linear::new(whole, None)
            .forward(&x)
            .unwrap()
            .narrow(1, 10, 20)
            .unwrap();
        assert_eq!(
            part.to_vec2::<f32>().unwrap(),
            all.to_vec2::<f32>().unwrap()
        );
    }
}
