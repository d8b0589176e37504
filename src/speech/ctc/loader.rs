//! Reads the parts of a `Wav2Vec2ForCTC` from its safetensors file.

use std::path::{Path, PathBuf};

use crate::compute::checkpoint::{self, Numbers, Weights};
use crate::compute::layers::{Attention, Norm};
use crate::compute::packed::{Kept, Linear, Packed};
use crate::speech::Error;

use super::CtcNumbers;

/// A checkpoint and how its matrices shall be kept.
pub(super) struct Loader {
    weights: Weights,
    numbers: CtcNumbers,
    /// Bytes of all matrices that were read.
    bytes: usize,
}

impl From<checkpoint::Error> for Error {
    fn from(error: checkpoint::Error) -> Self {
        match error {
            checkpoint::Error::Read { cause, path } => Error::ModelRead {
                path,
                source: cause,
            },
            checkpoint::Error::Index { problem, path }
            | checkpoint::Error::Weights { problem, path } => Error::ModelRefused {
                path,
                reason: problem,
            },
            checkpoint::Error::Stopped => Error::Cancelled,
        }
    }
}

impl Loader {
    pub fn open(folder: &Path, numbers: CtcNumbers) -> Result<Self, Error> {
        Ok(Self {
            weights: Weights::open(folder)?,
            numbers,
            bytes: 0,
        })
    }

    pub fn open_file(path: PathBuf, numbers: CtcNumbers) -> Result<Self, Error> {
        Ok(Self {
            weights: Weights::open_file(path)?,
            numbers,
            bytes: 0,
        })
    }

    /// Bytes that the matrices read so far take in memory.
    pub fn bytes(&self) -> u64 {
        self.bytes as u64
    }

    /// How the matrix stored as `name` is kept.
    fn kept(&self, name: &str, shape: &[usize]) -> Result<Kept, Error> {
        let stored = self.weights.numbers(name, shape)?;
        Ok(match self.numbers {
            CtcNumbers::Stored if stored == Numbers::F16 => Kept::Half,
            CtcNumbers::Stored => Kept::Float,
            CtcNumbers::Sixteen => Kept::Half,
            CtcNumbers::Eight => Kept::Quant,
        })
    }

    /// Counts a matrix.
    fn counted(&mut self, packed: Packed) -> Packed {
        self.bytes = self.bytes.saturating_add(packed.bytes());
        packed
    }

    /// The error of a tensor whose numbers do not fit into 16 bits.
    fn too_large(&self, name: &str) -> Error {
        let problem = format!("the tensor '{name}' holds a number too large for 16 bits");
        self.weights.refuse(problem).into()
    }

    pub fn has(&self, name: &str) -> bool {
        self.weights.has(name)
    }

    /// Rows of the matrix `name`, where it is there.
    pub fn rows(&self, name: &str) -> Option<usize> {
        self.weights.shape(name)?.first().copied()
    }

    pub fn norm(&mut self, name: &str, width: usize) -> Result<Norm, Error> {
        Ok(Norm {
            weight: self.weights.floats(&format!("{name}.weight"), &[width])?,
            bias: self.weights.floats(&format!("{name}.bias"), &[width])?,
        })
    }

    /// A layer `(outputs, inputs)` with offsets.
    pub fn linear(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Linear, Error> {
        let shape = [outputs, inputs];
        let weight = format!("{name}.weight");
        let kept = self.kept(&weight, &shape)?;
        let packed = Packed::build(outputs, inputs, kept, |range, rows| {
            self.weights
                .read_floats(&weight, &shape, range, &mut rows.floats)?;
            match fits(&rows.floats, kept) {
                true => Ok(()),
                false => Err(self.too_large(&weight)),
            }
        })?;
        Ok(Linear {
            weight: self.counted(packed),
            bias: Some(self.weights.floats(&format!("{name}.bias"), &[outputs])?),
        })
    }

    pub fn attention(
        &mut self,
        name: &str,
        width: usize,
        heads: usize,
    ) -> Result<Attention, Error> {
        let mut part = |part: &str| self.linear(&format!("{name}.{part}"), width, width);
        Ok(Attention {
            query: part("q_proj")?,
            key: part("k_proj")?,
            value: part("v_proj")?,
            out: part("out_proj")?,
            heads,
            width: width / heads.max(1),
        })
    }

    /// A convolution over time, stored `(outputs, inputs, kernel)`, as a matrix over rows in which the
    /// inputs of each moment lie together. The first one, with one input, hears the sound itself and
    /// keeps its numbers: they are few, and 8 bits would be heard.
    pub fn convolution(
        &mut self,
        name: &str,
        [outputs, inputs, kernel]: [usize; 3],
        biased: bool,
    ) -> Result<Linear, Error> {
        let (weight, shape) = (format!("{name}.weight"), [outputs, inputs, kernel]);
        let kept = match inputs {
            1 => Kept::Float,
            _ => self.kept(&weight, &shape)?,
        };
        let numbers = self.weights.floats(&weight, &shape)?;
        if !fits(&numbers, kept) {
            return Err(self.too_large(&weight));
        }
        let packed = by_moment(&numbers, outputs, inputs, kernel, kept)?;
        let bias = match biased {
            true => Some(self.weights.floats(&format!("{name}.bias"), &[outputs])?),
            false => None,
        };
        Ok(Linear {
            weight: self.counted(packed),
            bias,
        })
    }

    /// The convolution that tells places from each other: `groups` matrices `(width / groups,
    /// kernel * width / groups)`. Its weight is stored as a direction and a length for each moment
    /// (weight norm), under the names of either of PyTorch's two ways, or plainly.
    pub fn positions(
        &mut self,
        name: &str,
        width: usize,
        groups: usize,
        kernel: usize,
    ) -> Result<Vec<Linear>, Error> {
        let inputs = width / groups.max(1);
        let shape = [width, inputs, kernel];
        let ways = [
            (format!("{name}.weight_v"), format!("{name}.weight_g")),
            (
                format!("{name}.parametrizations.weight.original1"),
                format!("{name}.parametrizations.weight.original0"),
            ),
        ];
        let (weight, kept) = match ways.iter().find(|(direction, _)| self.has(direction)) {
            Some((direction, length)) => {
                let mut weight = self.weights.floats(direction, &shape)?;
                let lengths = self.weights.floats(length, &[1, 1, kernel])?;
                set_lengths(&mut weight, &lengths);
                // What is made of 16-bit numbers is none itself.
                let kept = match self.numbers {
                    CtcNumbers::Stored => Kept::Float,
                    _ => self.kept(direction, &shape)?,
                };
                (weight, kept)
            }
            None => {
                let plain = format!("{name}.weight");
                (
                    self.weights.floats(&plain, &shape)?,
                    self.kept(&plain, &shape)?,
                )
            }
        };
        if !fits(&weight, kept) {
            return Err(self.too_large(name));
        }
        let bias = self.weights.floats(&format!("{name}.bias"), &[width])?;
        let size = inputs.saturating_mul(inputs).saturating_mul(kernel).max(1);
        let parts = weight
            .chunks_exact(size)
            .zip(bias.chunks_exact(inputs.max(1)));
        let mut layers = Vec::with_capacity(groups);
        for (weight, bias) in parts {
            let packed = by_moment(weight, inputs, inputs, kernel, kept)?;
            layers.push(Linear {
                weight: self.counted(packed),
                bias: Some(bias.to_vec()),
            });
        }
        Ok(layers)
    }
}

/// Whether numbers stay numbers when they are kept so.
fn fits(numbers: &[f32], kept: Kept) -> bool {
    let most = half::f16::MAX.to_f32();
    kept != Kept::Half || numbers.iter().all(|x| x.abs() <= most)
}

/// Gives the numbers of each moment, over all outputs and inputs, the length that `lengths` says.
fn set_lengths(weight: &mut [f32], lengths: &[f32]) {
    let kernel = lengths.len().max(1);
    let mut squares = vec![0f64; kernel];
    for row in weight.chunks_exact(kernel) {
        for (sum, x) in squares.iter_mut().zip(row) {
            *sum += f64::from(*x) * f64::from(*x);
        }
    }
    let scales: Vec<f32> = squares
        .iter()
        .zip(lengths)
        .map(|(squares, length)| {
            (f64::from(*length) / squares.sqrt().max(f64::MIN_POSITIVE)) as f32
        })
        .collect();
    for row in weight.chunks_exact_mut(kernel) {
        for (x, scale) in row.iter_mut().zip(&scales) {
            *x *= scale;
        }
    }
}

/// `(outputs, inputs, kernel)` as a matrix `(outputs, kernel * inputs)`.
fn by_moment(
    weight: &[f32],
    outputs: usize,
    inputs: usize,
    kernel: usize,
    kept: Kept,
) -> Result<Packed, Error> {
    let row = inputs.saturating_mul(kernel);
    Packed::build(outputs, row, kept, |range, rows| {
        for output in weight
            .chunks_exact(row.max(1))
            .skip(range.start)
            .take(range.len())
        {
            for moment in 0..kernel {
                rows.floats
                    .extend(output.iter().skip(moment).step_by(kernel.max(1)));
            }
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_convolution_lies_moment_by_moment() {
        // Two outputs, two inputs, three moments.
        let weight: Vec<f32> = (0..12).map(|x| x as f32).collect();
        let packed = by_moment(&weight, 2, 2, 3, Kept::Float).unwrap();
        let mut row = [0.0; 6];
        assert!(packed.row(0, &mut row));
        assert_eq!(row, [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert!(packed.row(1, &mut row));
        assert_eq!(row, [6.0, 9.0, 7.0, 10.0, 8.0, 11.0]);
    }

    #[test]
    fn each_moment_gets_its_length() {
        let mut weight = vec![3.0, 1.0, 4.0, 1.0];
        set_lengths(&mut weight, &[10.0, 2.0]);
        let root = 2f32.sqrt();
        for (found, wanted) in weight.iter().zip([6.0, root, 8.0, root]) {
            assert!((found - wanted).abs() < 1e-5, "{weight:?}");
        }
    }
}
