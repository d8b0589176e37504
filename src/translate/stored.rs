//! How a matrix may be stored in a Hugging Face folder or in a GGUF file, and how it is read for our own
//! kernels.
//!
//! As floating-point numbers it becomes f32. A smaller copy ([`super::shrink`]) holds it in one of two
//! other ways, and it stays so in memory:
//! - in 8 bits: `x.weight` is whole numbers from -127 to 127 (I8, the same shape) and `x.weight.scale` an
//!   f16 for each 32 columns of a row: the numbers of ggml's Q8_0, apart;
//! - in 6 bits: `x.weight` is bytes (U8), a row of ggml's Q6_K blocks for each row of the matrix.

use candle_core::quantized::GgmlDType;

use super::Error;
use super::gguf::Gguf;
use crate::compute::checkpoint::{Numbers, Weights};
use crate::compute::kernels::{BLOCK, SUPER, SUPER_BYTES, sound_sixes};
use crate::compute::packed::{Kept, Packed};

/// What a tensor of scales is called: the name of the weights and this.
pub(super) const SCALE: &str = ".scale";

/// How a matrix is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    /// In f32, f16 or bf16.
    Floats,
    /// In 8 bits.
    Eight,
    /// In 6 bits.
    Six,
}

/// The shape of the bytes of a matrix in 6 bits; `None` where its rows are no whole blocks.
pub(super) fn six_shape(outputs: usize, inputs: usize) -> Option<[usize; 2]> {
    let whole = inputs.is_multiple_of(SUPER);
    whole.then(|| [outputs, (inputs / SUPER).saturating_mul(SUPER_BYTES)])
}

/// How the matrix `name` is stored, which must be `(outputs, inputs)`.
///
/// # Errors
/// A tensor that is missing or has another shape.
pub(super) fn stored(
    weights: &Weights,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Result<Stored, Error> {
    if let Some(shape) = six_shape(outputs, inputs)
        && weights.shape(name) == Some(&shape)
        && weights.numbers(name, &shape)? == Numbers::U8
    {
        return Ok(Stored::Six);
    }
    Ok(match weights.numbers(name, &[outputs, inputs])? {
        Numbers::I8 => Stored::Eight,
        // Bytes of this shape are refused where numbers are asked for.
        Numbers::F32 | Numbers::F16 | Numbers::Bf16 | Numbers::U8 => Stored::Floats,
    })
}

/// The matrix `name`, which must be `(outputs, inputs)`, in the form that it is stored in.
///
/// # Errors
/// A tensor that is missing, has another shape or holds a number that is none; a stop.
pub(super) fn matrix(
    weights: &mut Weights,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Result<Packed, Error> {
    match stored(weights, name, outputs, inputs)? {
        Stored::Floats => {
            let shape = [outputs, inputs];
            let packed = Packed::build(outputs, inputs, Kept::Float, |range, rows| {
                weights.read_floats(name, &shape, range, &mut rows.floats)
            });
            Ok(packed?)
        }
        Stored::Eight => eight(weights, name, outputs, inputs),
        Stored::Six => {
            let shape = six_shape(outputs, inputs).unwrap_or_default();
            Packed::build(outputs, inputs, Kept::Six, |range, rows| {
                weights.read_rows(name, &shape, range, &mut rows.sixes)?;
                match sound_sixes(&rows.sixes) {
                    true => Ok(()),
                    false => Err(no_number(weights, name)),
                }
            })
        }
    }
}

/// The matrix `name` of a GGUF file where it is in 8 or 6 bits, as the file has it; others are candle's. Its
/// product of Q8_0 rounds the other side by 256 numbers at a time on newer processors, where ours and ggml's
/// do by 32, and keeps each matrix twice.
///
/// # Errors
/// A tensor that is missing, has another shape or holds a number that is none; a stop.
pub(super) fn of_gguf(
    gguf: &mut Gguf,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Result<Option<Packed>, Error> {
    let shape = [outputs, inputs];
    // Asked before memory is taken for it.
    Ok(Some(match gguf.dtype(name, &shape)? {
        GgmlDType::Q8_0 => {
            let mut bytes = Vec::new();
            Packed::build(outputs, inputs, Kept::Quant, |range, rows| {
                gguf.rows(name, &shape, range, &mut bytes)?;
                rows.take_eights(&bytes);
                Ok::<_, Error>(())
            })?
        }
        GgmlDType::Q6K => Packed::build(outputs, inputs, Kept::Six, |range, rows| {
            gguf.rows(name, &shape, range, &mut rows.sixes)
        })?,
        _ => return Ok(None),
    }))
}

fn eight(
    weights: &mut Weights,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Result<Packed, Error> {
    let shape = [outputs, inputs];
    let scale = format!("{name}{SCALE}");
    let steps = [outputs, inputs.div_ceil(BLOCK)];
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
        match rows.scales.iter().all(finite) {
            true => Ok(()),
            false => Err(no_number(weights, &scale)),
        }
    })
}

fn no_number(weights: &Weights, name: &str) -> Error {
    let problem = format!("the tensor '{name}' holds a number that is infinite or none (NaN)");
    weights.refuse(problem).into()
}
