//! Reads the parts of a layer from a checkpoint.

use crate::compute::checkpoint::Weights;
use crate::compute::layers::{Attention, FeedForward, Norm};
use crate::compute::packed::Linear;
use crate::compute::product::Finish;
use crate::translate::Error;
use crate::translate::stored::matrix;

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
