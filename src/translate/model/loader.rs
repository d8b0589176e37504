//! Reads the parts of a layer from a checkpoint.

use crate::compute::checkpoint::{Numbers, Weights};
use crate::compute::layers::{Attention, FeedForward, Norm};
use crate::compute::packed::{Kept, Linear, Packed};
use crate::compute::product::Finish;
use crate::translate::Error;
use crate::translate::shrink::SCALE;

/// A checkpoint and the width of the model.
pub(super) struct Loader<'a> {
    pub weights: &'a mut Weights,
    pub d: usize,
}

impl Loader<'_> {
    pub fn norm(&mut self, name: &str) -> Result<Norm, Error> {
        Ok(Norm {
            weight: self.weights.floats(&format!("{name}.weight"), &[self.d])?,
            bias: self.weights.floats(&format!("{name}.bias"), &[self.d])?,
        })
    }

    pub fn attention(&mut self, name: &str, heads: usize) -> Result<Attention, Error> {
        let d = self.d;
        let mut linear = |part: &str| linear(self.weights, &format!("{name}.{part}"), d, d);
        Ok(Attention {
            query: linear("q_proj")?,
            key: linear("k_proj")?,
            value: linear("v_proj")?,
            out: linear("out_proj")?,
            heads,
            width: d / heads.max(1),
        })
    }

    pub fn feed_forward(&mut self, layer: &str, inner: usize) -> Result<FeedForward, Error> {
        let d = self.d;
        Ok(FeedForward {
            norm: self.norm(&format!("{layer}.final_layer_norm"))?,
            fc1: linear(self.weights, &format!("{layer}.fc1"), inner, d)?,
            fc2: linear(self.weights, &format!("{layer}.fc2"), d, inner)?,
            bend: Finish::Rectify,
        })
    }
}

fn linear(
    weights: &mut Weights,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Result<Linear, Error> {
    Ok(Linear {
        weight: matrix(weights, &format!("{name}.weight"), outputs, inputs)?,
        bias: Some(weights.floats(&format!("{name}.bias"), &[outputs])?),
    })
}

/// The matrix `name`, which must be `(outputs, inputs)`. Stored in 8 bits (a tensor of whole numbers
/// and one of f16 scales, see [`crate::translate::shrink`]) it stays in 8 bits; stored as
/// floating-point numbers it becomes f32.
pub(super) fn matrix(
    weights: &mut Weights,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Result<Packed, Error> {
    let shape = [outputs, inputs];
    if weights.numbers(name, &shape)? != Numbers::I8 {
        let packed = Packed::build(outputs, inputs, Kept::Float, |range, rows| {
            weights.read_floats(name, &shape, range, &mut rows.floats)
        });
        return Ok(packed?);
    }
    let scale = format!("{name}{SCALE}");
    let steps = [outputs, inputs.div_ceil(crate::compute::kernels::BLOCK)];
    if weights.numbers(&scale, &steps)? != Numbers::F16 {
        let problem = format!("the tensor '{scale}' is not stored as F16");
        return Err(weights.refuse(problem).into());
    }
    let mut bytes = Vec::new();
    Packed::build(outputs, inputs, Kept::Quant, |range, rows| {
        weights.read_rows(name, &shape, range.clone(), &mut rows.quants)?;
        weights.read_rows(&scale, &steps, range, &mut bytes)?;
        let (pairs, _) = bytes.as_chunks::<2>();
        rows.scales
            .extend(pairs.iter().map(|b| u16::from_le_bytes(*b)));
        let finite = |bits: &u16| half::f16::from_bits(*bits).is_finite();
        if rows.scales.iter().all(finite) {
            return Ok(());
        }
        let problem = format!("the tensor '{scale}' holds a number that is infinite or none (NaN)");
        Err(weights.refuse(problem).into())
    })
}
