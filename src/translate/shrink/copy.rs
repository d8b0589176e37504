//! Copies tensors into a new safetensors file, in fewer bits where that is asked for.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::PathBuf;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::Bits;
use super::parts::Part;
use crate::compute::checkpoint::Weights;
use crate::compute::kernels::BLOCK;
use crate::compute::kernels::sound_sixes;
use crate::domain::Cancel;
use crate::translate::Error;
use crate::translate::stored::{SCALE, Stored, six_shape, stored};

/// Numbers of a tensor in memory at a time.
const PIECE: usize = 4 << 20;
/// Rows that a core quantises at a time.
const SOME: usize = 16;

/// A copy in the making.
pub(super) struct Copy<'a> {
    pub weights: &'a mut Weights,
    /// The tokens that stay, ascending, where some go.
    pub kept: Option<&'a [u32]>,
    /// The file.
    pub path: PathBuf,
    /// Tokens of the original.
    pub rows_before: usize,
    /// Numbers that are copied.
    pub done: u64,
    /// Numbers to copy.
    pub total: u64,
    pub tell: &'a mut dyn FnMut(u64, u64),
    pub cancel: &'a Cancel,
}

impl Copy<'_> {
    /// Writes all tensors.
    pub fn write(&mut self, parts: &[Part]) -> Result<(), Error> {
        let path = self.path.clone();
        let failed = |cause| Error::Write {
            cause,
            path: path.clone(),
        };
        let mut out = BufWriter::new(File::create(&path).map_err(failed)?);
        let header = header(parts);
        let length = (header.len() as u64).to_le_bytes();
        out.write_all(&length)
            .and_then(|()| out.write_all(&header))
            .map_err(failed)?;
        for part in parts {
            let scales = self.write_part(part, &mut out)?;
            out.write_all(&scales).map_err(failed)?;
        }
        let file = out.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)
    }

    /// Writes the numbers of one tensor; returns its scales' bytes.
    fn write_part(&mut self, part: &Part, out: &mut impl Write) -> Result<Vec<u8>, Error> {
        let mut shape = part.shape.clone();
        if let Some(rows) = shape.first_mut().filter(|_| part.gathered) {
            *rows = self.rows_before;
        }
        if let [outputs, inputs] = shape.as_slice() {
            let already = match stored(self.weights, &part.source, *outputs, *inputs)? {
                Stored::Floats => None,
                Stored::Eight => Some(8),
                Stored::Six => Some(6),
            };
            if let Some(bits) = already {
                let problem = format!("the weights are in {bits} bits already");
                return Err(self.weights.refuse(problem).into());
            }
        }
        let rows = shape.first().copied().unwrap_or(1);
        let width = shape.iter().skip(1).product::<usize>().max(1);
        let step = (PIECE / width).max(1);
        let (mut values, mut bytes, mut scales) = (Vec::new(), Vec::new(), Vec::new());
        for from in (0..rows).step_by(step) {
            if self.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let range = from..from.saturating_add(step).min(rows);
            self.weights
                .read_floats(&part.source, &shape, range.clone(), &mut values)?;
            let wanted: Vec<usize> = match self.kept.filter(|_| part.gathered) {
                Some(kept) => within(kept, &range),
                None => (0..range.len()).collect(),
            };
            let whole = wanted.len() == range.len();
            if !whole {
                let row = |row: &usize| values.chunks_exact(width).nth(*row).unwrap_or_default();
                values = wanted.iter().flat_map(row).copied().collect();
            }
            bytes.clear();
            let packed = match part.bits {
                Some(Bits::Eight) => values
                    .chunks_exact(width)
                    .try_for_each(|row| eight(row, &mut bytes, &mut scales)),
                Some(Bits::Six) => six(&values, width, &mut bytes),
                None => {
                    bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
                    Ok(())
                }
            };
            packed.map_err(|problem| {
                let problem = format!("the tensor '{}': {problem}", part.source);
                self.weights.refuse(problem)
            })?;
            out.write_all(&bytes).map_err(|cause| Error::Write {
                cause,
                path: self.path.clone(),
            })?;
            let numbers = wanted.len().saturating_mul(width) as u64;
            self.done = self.done.saturating_add(numbers);
            (self.tell)(self.done, self.total);
        }
        Ok(scales)
    }
}

/// The kept rows inside a range, counted from its start.
fn within(kept: &[u32], range: &Range<usize>) -> Vec<usize> {
    let from = kept.partition_point(|id| (*id as usize) < range.start);
    let inside = kept.iter().skip(from).map(|id| *id as usize);
    inside
        .take_while(|id| *id < range.end)
        .map(|id| id.saturating_sub(range.start))
        .collect()
}

fn header(parts: &[Part]) -> Vec<u8> {
    let mut at = 0u64;
    let mut entries = Map::new();
    let mut add = |name: String, dtype: &str, width: usize, shape: &[usize]| {
        let bytes = shape.iter().product::<usize>().saturating_mul(width) as u64;
        let end = at.saturating_add(bytes);
        entries.insert(
            name,
            json!({"dtype": dtype, "shape": shape, "data_offsets": [at, end]}),
        );
        at = end;
    };
    for part in parts {
        match (part.bits, part.shape.as_slice()) {
            (Some(Bits::Six), [output, input]) => {
                let shape = six_shape(*output, *input).unwrap_or_default();
                add(part.name.clone(), "U8", 1, &shape);
            }
            (Some(Bits::Eight), [output, input]) => {
                add(part.name.clone(), "I8", 1, &part.shape);
                let scales = [*output, input.div_ceil(BLOCK)];
                add(format!("{}{SCALE}", part.name), "F16", 2, &scales);
            }
            _ => add(part.name.clone(), "F32", 4, &part.shape),
        }
    }
    let mut text = Value::Object(entries).to_string().into_bytes();
    // The data begins at a multiple of eight bytes, as the format advises.
    text.resize(text.len().next_multiple_of(8), b' ');
    text
}

/// Quantises one row: in each block the largest becomes 127, and the others follow from the scale as
/// it is stored.
fn eight(row: &[f32], bytes: &mut Vec<u8>, scales: &mut Vec<u8>) -> Result<(), String> {
    for block in row.chunks(BLOCK) {
        let top = block.iter().fold(0f32, |top, x| top.max(x.abs()));
        let scale = half::f16::from_f32(top / 127.0);
        if !scale.is_finite() {
            return Err("its numbers are too large for 8 bits".to_owned());
        }
        let step = scale.to_f32();
        let quant = |x: &f32| match step > 0.0 {
            true => (x / step).round().clamp(-127.0, 127.0) as i8,
            false => 0,
        };
        bytes.extend(block.iter().map(|x| quant(x).cast_unsigned()));
        scales.extend(scale.to_le_bytes());
    }
    Ok(())
}

/// Quantises rows of `width` numbers, a multiple of 256, to ggml's Q6_K, on all cores: the search for
/// the best scales takes most of the time of a copy.
fn six(values: &[f32], width: usize, bytes: &mut Vec<u8>) -> Result<(), String> {
    let quantise = |some: &[f32]| -> candle_core::Result<Vec<u8>> {
        let shape = (some.len() / width.max(1), width);
        let tensor = Tensor::from_slice(some, shape, &Device::Cpu)?;
        let packed = QTensor::quantize(&tensor, GgmlDType::Q6K)?;
        Ok(packed.data()?.into_owned())
    };
    let parts: Vec<_> = values
        .par_chunks(width.saturating_mul(SOME).max(1))
        .map(quantise)
        .collect();
    for part in parts {
        let part = part.map_err(|e| e.to_string())?;
        if !sound_sixes(&part) {
            return Err("its numbers are too large for 6 bits".to_owned());
        }
        bytes.extend(part);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::ggml_file::qtensor_from_ggml;

    use super::*;
    use crate::compute::packed::{Kept, Packed};

    #[test]
    fn a_quantised_row_is_near_the_row() {
        let row: Vec<f32> = (0..70)
            .map(|i| ((i * 37) % 41) as f32 / 20.0 - 1.0)
            .collect();
        let (mut bytes, mut scales) = (Vec::new(), Vec::new());
        eight(&row, &mut bytes, &mut scales).unwrap();
        assert_eq!((bytes.len(), scales.len()), (70, 6));
        for (i, x) in row.iter().enumerate() {
            let at = i / BLOCK * 2;
            let scale = half::f16::from_le_bytes([scales[at], scales[at + 1]]).to_f32();
            let back = f32::from(bytes[i].cast_signed()) * scale;
            assert!((back - x).abs() <= scale * 0.51, "{back} {x}");
        }
        assert!(eight(&[1e9], &mut bytes, &mut scales).is_err());
    }

    /// Against what candle reads out of the same blocks.
    #[test]
    fn six_bits_are_read_by_our_kernels_as_by_others() {
        let (rows, width) = (37, 512);
        let values: Vec<f32> = (0..rows * width)
            .map(|i| ((i * 7919) % 1009) as f32 / 504.5 - 1.0)
            .collect();
        let mut bytes = Vec::new();
        six(&values, width, &mut bytes).unwrap();
        let shape = six_shape(rows, width).unwrap();
        assert_eq!(bytes.len(), shape.iter().product::<usize>());
        let wide = qtensor_from_ggml(GgmlDType::Q6K, &bytes, vec![rows, width], &Device::Cpu);
        let wide = wide.unwrap().dequantize(&Device::Cpu).unwrap();
        let packed = Packed::build(rows, width, Kept::Six, |range, rows| -> Result<(), ()> {
            rows.sixes
                .extend(&bytes[range.start * shape[1]..range.end * shape[1]]);
            Ok(())
        });
        let packed = packed.unwrap();
        let mut row = vec![0.0; width];
        for (index, wanted) in wide.to_vec2::<f32>().unwrap().iter().enumerate() {
            assert!(packed.row(index, &mut row));
            for (i, (found, wanted)) in row.iter().zip(wanted).enumerate() {
                assert!((found - wanted).abs() <= 1e-6 * wanted.abs(), "{index} {i}");
                let original = values[index * width + i];
                assert!((found - original).abs() < 0.05, "{found} {original}");
            }
        }
        assert!(six(&[1e9; 256], 256, &mut bytes).is_err());
        // A row of zeros, as that of a token that is never read.
        bytes.clear();
        six(&[0.0; 256], 256, &mut bytes).unwrap();
        assert!(sound_sixes(&bytes));
    }

    #[test]
    fn rows_are_gathered_piece_by_piece() {
        assert_eq!(within(&[0, 3, 4, 9], &(3..9)), [0, 1]);
        assert!(within(&[0, 9], &(3..9)).is_empty());
    }
}
