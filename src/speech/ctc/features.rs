//! From sound to frames: convolutions over the waveform, each step of them wider and slower.
//!
//! Rows lie one after another in time, so the inputs of one output are one stretch of memory, and a
//! convolution is a product of overlapping rows with a matrix.

use crate::compute::kernels::{Isa, exact_gelu};
use crate::compute::layers::Norm;
use crate::compute::packed::Linear;
use crate::compute::product::{Activations, Finish, Product};
use crate::domain::Cancel;
use crate::speech::Error;

use super::config::Config;
use super::loader::Loader;
use super::stop_if;

/// What each channel's variance over time gets so that silence divides by something.
const EPS: f64 = 1e-5;

/// The stack of convolutions.
pub(super) struct Features {
    layers: Vec<Layer>,
}

struct Layer {
    /// `(outputs, kernel * inputs)`, the inputs of each moment together.
    linear: Linear,
    /// Numbers of one row before.
    inputs: usize,
    kernel: usize,
    stride: usize,
    norm: Normed,
}

/// What happens between the product and the bend.
enum Normed {
    Not,
    /// Each channel over time.
    OverTime(Norm),
    /// All channels of a moment.
    AtOnce(Norm),
}

impl Features {
    pub fn read(config: &Config, loader: &mut Loader) -> Result<Self, Error> {
        let mut layers = Vec::with_capacity(config.conv_dim.len());
        let mut inputs = 1;
        let sizes = config.conv_kernel.iter().zip(&config.conv_stride);
        for (at, (outputs, (kernel, stride))) in config.conv_dim.iter().zip(sizes).enumerate() {
            let name = format!("wav2vec2.feature_extractor.conv_layers.{at}");
            let norm = format!("{name}.layer_norm");
            layers.push(Layer {
                linear: loader.convolution(
                    &format!("{name}.conv"),
                    [*outputs, inputs, *kernel],
                    config.conv_bias,
                )?,
                inputs,
                kernel: *kernel,
                stride: *stride,
                norm: match (config.norms_over_time(), at) {
                    (true, 0) => Normed::OverTime(loader.norm(&norm, *outputs)?),
                    (true, _) => Normed::Not,
                    (false, _) => Normed::AtOnce(loader.norm(&norm, *outputs)?),
                },
            });
            inputs = *outputs;
        }
        Ok(Self { layers })
    }

    /// The frames of `sound`, `(frames, last conv_dim)`.
    ///
    /// # Errors
    /// A cancel.
    pub fn frames(
        &self,
        sound: &[f32],
        work: &mut Activations,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Error> {
        let mut x = sound.to_vec();
        for layer in &self.layers {
            stop_if(cancel)?;
            x = layer.apply(&x, work);
        }
        Ok(x)
    }
}

impl Layer {
    fn apply(&self, x: &[f32], work: &mut Activations) -> Vec<f32> {
        let window = self.kernel.saturating_mul(self.inputs).max(1);
        let step = self.stride.saturating_mul(self.inputs).max(1);
        let rows: Vec<&[f32]> = x.windows(window).step_by(step).collect();
        let outputs = self.linear.weight.outputs();
        let mut out = vec![0f32; rows.len().saturating_mul(outputs)];
        let product = Product {
            linear: &self.linear,
            out: &mut out,
        };
        let finish = match self.norm {
            Normed::Not => Finish::ExactGelu,
            Normed::OverTime(_) | Normed::AtOnce(_) => Finish::Plain,
        };
        work.multiply_rows(rows, finish, &mut [product]);
        match &self.norm {
            Normed::Not => out,
            Normed::OverTime(norm) => {
                norm_over_time(&mut out, norm);
                exact_gelu(Isa::best(), &mut out);
                out
            }
            Normed::AtOnce(norm) => {
                let mut normed = Vec::new();
                norm.apply(&out, &mut normed);
                exact_gelu(Isa::best(), &mut normed);
                normed
            }
        }
    }
}

/// Brings each channel of `x`, `(frames, channels)`, to mean 0 and variance 1 over time, then scales
/// and shifts it (a group norm with a group a channel).
fn norm_over_time(x: &mut [f32], norm: &Norm) {
    let channels = norm.weight.len().max(1);
    let frames = (x.len() / channels).max(1) as f64;
    let mut sums = vec![(0f64, 0f64); channels];
    for row in x.chunks_exact(channels) {
        for ((sum, squares), x) in sums.iter_mut().zip(row) {
            *sum += f64::from(*x);
            *squares += f64::from(*x) * f64::from(*x);
        }
    }
    let affine = norm.weight.iter().zip(&norm.bias);
    let lines: Vec<(f32, f32)> = sums
        .into_iter()
        .zip(affine)
        .map(|((sum, squares), (weight, bias))| {
            let mean = sum / frames;
            let variance = (squares / frames - mean * mean).max(0.0);
            let scale = f64::from(*weight) / (variance + EPS).sqrt();
            (scale as f32, (f64::from(*bias) - mean * scale) as f32)
        })
        .collect();
    for row in x.chunks_exact_mut(channels) {
        for (x, (scale, shift)) in row.iter_mut().zip(&lines) {
            *x = *x * scale + shift;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_is_normed_over_time_alone() {
        let mut x = vec![1.0, 10.0, 3.0, 10.0, 5.0, 10.0, 7.0, 10.0];
        let norm = Norm {
            weight: vec![1.0, 2.0],
            bias: vec![0.0, 0.5],
        };
        norm_over_time(&mut x, &norm);
        let first: Vec<f32> = x.iter().step_by(2).copied().collect();
        let root = 5f32.sqrt();
        for (found, wanted) in first
            .iter()
            .zip([-3.0 / root, -1.0 / root, 1.0 / root, 3.0 / root])
        {
            assert!((found - wanted).abs() < 1e-4, "{first:?}");
        }
        // A channel that never changes is its offset.
        assert!(x.iter().skip(1).step_by(2).all(|x| (x - 0.5).abs() < 1e-4));
    }
}
