//! Matrices as the kernels read them.
//!
//! A matrix lies in groups of sixteen outputs; the last group is filled up with rows of zeros that
//! nobody reads. Numbers are kept in f32, in f16 (exact where they were stored so), in 8 bits with an
//! f16 scale for each [`BLOCK`] inputs (ggml's Q8_0), or in 6 bits (ggml's Q6_K).

use std::ops::Range;

use super::kernels::{
    BLOCK, FOURS, Halves, Isa, LANES, Lanes, Quads, QuantBlock, SIXES, SUPER, SUPER_BYTES, Sixes,
    Sums, float_product, half_product, pack_sixes, quant_product, six_product, six_value,
};
use super::pool::Pool;

/// Bytes of a checkpoint that are read before they are packed.
const CHUNK: usize = 8 << 20;
/// Bytes of weights that a thread claims at a time: a few microseconds' worth.
const CLAIM: usize = 64 << 10;
/// Bytes of a Q8_0 block: an f16 scale and [`BLOCK`] whole numbers.
pub const EIGHT_BYTES: usize = 2 + BLOCK;
/// The largest whole number of a weight; the products of -128 would not fit.
const MOST: f32 = 127.0;

/// How the numbers of a matrix are kept in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Four bytes a number.
    Float,
    /// Two bytes a number.
    Half,
    /// One byte a number, and two for each block.
    Quant,
    /// 6.5625 bits a number. The inputs are a multiple of [`SUPER`].
    Six,
}

/// A matrix `(outputs, inputs)`.
#[derive(Debug, PartialEq)]
pub struct Packed {
    outputs: usize,
    inputs: usize,
    isa: Isa,
    form: Form,
}

#[derive(Debug, PartialEq)]
enum Form {
    /// For each group, for each input.
    Float(Vec<Lanes>),
    /// The same.
    Half(Vec<Halves>),
    /// For each group, for each block of inputs.
    Quant {
        quads: Vec<Quads>,
        /// Bits of f16 numbers.
        scales: Vec<[u16; LANES]>,
    },
    /// For each group, as [`Sixes`] says.
    Six {
        quads: Vec<Quads>,
        scales: Vec<[[i8; LANES]; 2]>,
        steps: Vec<[u16; LANES]>,
    },
}

/// A matrix with a bias for each output.
pub struct Linear {
    /// The matrix.
    pub weight: Packed,
    /// One number for each output.
    pub bias: Option<Vec<f32>>,
}

/// Some rows of a matrix, as a file holds them: numbers, or whole numbers with scales.
#[derive(Default)]
pub struct Rows {
    /// `(rows, inputs)`; empty where the others are filled.
    pub floats: Vec<f32>,
    /// `(rows, inputs)`, -127 to 127 as bytes.
    pub quants: Vec<u8>,
    /// `(rows, blocks)`, bits of f16 numbers.
    pub scales: Vec<u16>,
    /// `(rows, inputs / SUPER)` of [`SUPER_BYTES`] each.
    pub sixes: Vec<u8>,
}

impl Rows {
    /// Takes rows of ggml's Q8_0 blocks apart: an f16 scale, then [`BLOCK`] whole numbers. Whether all scales
    /// are finite.
    pub fn take_eights(&mut self, bytes: &[u8]) -> bool {
        let (blocks, _) = bytes.as_chunks::<EIGHT_BYTES>();
        let mut finite = true;
        for [low, high, quants @ ..] in blocks {
            let scale = half::f16::from_le_bytes([*low, *high]);
            finite &= scale.is_finite();
            self.scales.push(scale.to_bits());
            self.quants.extend_from_slice(quants);
        }
        finite
    }
}

/// Rows of one call, in the forms that the matrices want.
pub struct Views<'a> {
    /// Each `inputs` numbers.
    pub float: Vec<&'a [f32]>,
    /// The same in 8 bits, where a matrix of the call is.
    pub quant: Vec<&'a [QuantBlock]>,
}

impl Packed {
    /// Packs a matrix that `read` hands over in pieces: it is asked for consecutive ranges of rows and
    /// fills in either the numbers or, for [`Kept::Quant`] only, whole numbers and scales. For
    /// [`Kept::Six`] it fills in ggml's blocks and nothing else will do.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn build<E>(
        outputs: usize,
        inputs: usize,
        kept: Kept,
        mut read: impl FnMut(Range<usize>, &mut Rows) -> Result<(), E>,
    ) -> Result<Self, E> {
        let isa = Isa::best();
        let mut form = Form::zeros(outputs, inputs, kept);
        let mut rows = Rows::default();
        for range in pieces(outputs, inputs.saturating_mul(4)) {
            rows.floats.clear();
            rows.quants.clear();
            rows.scales.clear();
            rows.sixes.clear();
            let first = range.start / LANES;
            read(range, &mut rows)?;
            form.fill(first, inputs, isa, &mut rows);
        }
        Ok(Self {
            outputs,
            inputs,
            isa,
            form,
        })
    }

    /// Rows of the matrix.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Columns of the matrix.
    pub fn inputs(&self) -> usize {
        self.inputs
    }

    /// Bytes that its numbers take in memory.
    pub fn bytes(&self) -> usize {
        match &self.form {
            Form::Float(lanes) => size_of_val(lanes.as_slice()),
            Form::Half(halves) => size_of_val(halves.as_slice()),
            Form::Quant { quads, scales } => {
                size_of_val(quads.as_slice()).saturating_add(size_of_val(scales.as_slice()))
            }
            Form::Six {
                quads,
                scales,
                steps,
            } => size_of_val(quads.as_slice())
                .saturating_add(size_of_val(scales.as_slice()))
                .saturating_add(size_of_val(steps.as_slice())),
        }
    }

    /// The kind of processor it was packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// Whether it wants its rows in 8 bits.
    pub fn quantised(&self) -> bool {
        matches!(self.form, Form::Quant { .. } | Form::Six { .. })
    }

    /// Writes row `index` in f32 to `row`; `false` if there is no such row.
    pub fn row(&self, index: usize, row: &mut [f32]) -> bool {
        if index >= self.outputs || row.len() != self.inputs {
            return false;
        }
        let (group, lane) = (index / LANES, index % LANES);
        match &self.form {
            Form::Float(lanes) => {
                let lanes = lanes.chunks_exact(self.inputs).nth(group);
                for (x, lanes) in row.iter_mut().zip(lanes.unwrap_or_default()) {
                    *x = lanes.0.get(lane).copied().unwrap_or_default();
                }
            }
            Form::Half(halves) => {
                let halves = halves.chunks_exact(self.inputs).nth(group);
                for (x, halves) in row.iter_mut().zip(halves.unwrap_or_default()) {
                    let bits = halves.0.get(lane).copied().unwrap_or_default();
                    *x = half::f16::from_bits(bits).to_f32();
                }
            }
            Form::Quant { quads, scales } => {
                let blocks = self.inputs.div_ceil(BLOCK);
                let scales = scales.chunks_exact(blocks).nth(group).unwrap_or_default();
                let per_group = blocks.saturating_mul(FOURS);
                let quads = quads.chunks_exact(per_group).nth(group).unwrap_or_default();
                let flip = flip(self.isa);
                for (i, x) in row.iter_mut().enumerate() {
                    let bits = scales.get(i / BLOCK).and_then(|s| s.get(lane));
                    let at = lane.saturating_mul(4).saturating_add(i % 4);
                    let quant = quads.get(i / 4).and_then(|q| q.0.get(at));
                    if let (Some(bits), Some(quant)) = (bits, quant) {
                        *x = f32::from(quant ^ flip) * half::f16::from_bits(*bits).to_f32();
                    }
                }
            }
            Form::Six { .. } => {
                let sixes = self.sixes(group);
                for (i, x) in row.iter_mut().enumerate() {
                    *x = six_value(&sixes, lane, i).unwrap_or_default();
                }
            }
        }
        true
    }

    /// The weights of one group, of a matrix in 6 bits; else nothing.
    fn sixes(&self, group: usize) -> Sixes<'_> {
        let blocks = self.inputs / BLOCK;
        let part = |count: usize| {
            let from = group.saturating_mul(count);
            from..from.saturating_add(count)
        };
        match &self.form {
            Form::Six {
                quads,
                scales,
                steps,
            } => Sixes {
                quads: quads
                    .get(part(blocks.saturating_mul(SIXES)))
                    .unwrap_or_default(),
                scales: scales.get(part(blocks)).unwrap_or_default(),
                steps: steps.get(part(self.inputs / SUPER)).unwrap_or_default(),
            },
            _ => Sixes::default(),
        }
    }

    /// Groups of sixteen outputs.
    pub fn groups(&self) -> usize {
        self.outputs.div_ceil(LANES)
    }

    /// Groups that a thread claims at a time.
    pub fn claim(&self, threads: usize) -> usize {
        let width = match &self.form {
            Form::Float(_) => 4,
            Form::Half(_) => 2,
            Form::Quant { .. } | Form::Six { .. } => 1,
        };
        let bytes = self
            .inputs
            .saturating_mul(LANES)
            .saturating_mul(width)
            .max(1);
        let fair = self.groups().div_ceil(threads.saturating_mul(4).max(1));
        (CLAIM / bytes).clamp(1, fair.max(1))
    }

    /// The products of one group with at most [`Isa::rows_at_once`] rows.
    pub fn sums(&self, group: usize, rows: &Views<'_>, range: Range<usize>) -> Sums {
        let part = |count: usize| {
            let from = group.saturating_mul(count);
            from..from.saturating_add(count)
        };
        let float = || rows.float.get(range.clone()).unwrap_or_default();
        match &self.form {
            Form::Float(lanes) => {
                let weights = lanes.get(part(self.inputs)).unwrap_or_default();
                float_product(self.isa, weights, float())
            }
            Form::Half(halves) => {
                let weights = halves.get(part(self.inputs)).unwrap_or_default();
                half_product(self.isa, weights, float())
            }
            Form::Quant { quads, scales } => {
                let blocks = self.inputs.div_ceil(BLOCK);
                let quads = quads.get(part(blocks.saturating_mul(FOURS)));
                let scales = scales.get(part(blocks)).unwrap_or_default();
                let rows = rows.quant.get(range.clone()).unwrap_or_default();
                quant_product(self.isa, quads.unwrap_or_default(), scales, rows)
            }
            Form::Six { .. } => {
                let rows = rows.quant.get(range.clone()).unwrap_or_default();
                six_product(self.isa, self.sixes(group), rows)
            }
        }
    }
}

/// What turns a whole number into the stored byte.
fn flip(isa: Isa) -> i8 {
    if isa.offset() { i8::MIN } else { 0 }
}

/// Rows of a tensor that are read at a time: whole groups.
fn pieces(outputs: usize, row_bytes: usize) -> impl Iterator<Item = Range<usize>> {
    let groups = (CHUNK / LANES.saturating_mul(row_bytes).max(1)).max(1);
    let rows = groups.saturating_mul(LANES);
    (0..outputs)
        .step_by(rows)
        .map(move |from| from..from.saturating_add(rows).min(outputs))
}

impl Form {
    fn zeros(outputs: usize, inputs: usize, kept: Kept) -> Self {
        let groups = outputs.div_ceil(LANES);
        let blocks = groups.saturating_mul(inputs.div_ceil(BLOCK));
        match kept {
            Kept::Float => Form::Float(vec![Lanes([0.0; LANES]); groups.saturating_mul(inputs)]),
            Kept::Half => Form::Half(vec![Halves([0; LANES]); groups.saturating_mul(inputs)]),
            Kept::Quant => Form::Quant {
                quads: vec![Quads([0; 4 * LANES]); blocks.saturating_mul(FOURS)],
                scales: vec![[0; LANES]; blocks],
            },
            Kept::Six => Form::Six {
                quads: vec![Quads([0; 4 * LANES]); blocks.saturating_mul(SIXES)],
                scales: vec![[[0; LANES]; 2]; blocks],
                steps: vec![[0; LANES]; groups.saturating_mul(inputs / SUPER)],
            },
        }
    }

    /// Packs `rows` into the groups from `first` on.
    fn fill(&mut self, first: usize, inputs: usize, isa: Isa, rows: &mut Rows) {
        let pool = Pool::shared();
        let sources = rows.floats.chunks(inputs.saturating_mul(LANES).max(1));
        match self {
            Form::Float(lanes) => {
                let groups = lanes.chunks_mut(inputs.max(1)).skip(first);
                pool.each(groups.zip(sources), |(group, source)| {
                    for (lane, row) in source.chunks_exact(inputs).enumerate() {
                        for (lanes, x) in group.iter_mut().zip(row) {
                            if let Some(place) = lanes.0.get_mut(lane) {
                                *place = *x;
                            }
                        }
                    }
                });
            }
            Form::Half(halves) => {
                let groups = halves.chunks_mut(inputs.max(1)).skip(first);
                pool.each(groups.zip(sources), |(group, source)| {
                    for (lane, row) in source.chunks_exact(inputs).enumerate() {
                        for (halves, x) in group.iter_mut().zip(row) {
                            if let Some(place) = halves.0.get_mut(lane) {
                                *place = half::f16::from_f32(*x).to_bits();
                            }
                        }
                    }
                });
            }
            Form::Quant { quads, scales } => {
                if !rows.floats.is_empty() {
                    quantise(inputs, rows);
                }
                let blocks = inputs.div_ceil(BLOCK).max(1);
                let sources = rows.quants.chunks(inputs.saturating_mul(LANES).max(1));
                let steps = rows.scales.chunks(blocks.saturating_mul(LANES));
                let groups = quads
                    .chunks_mut(blocks.saturating_mul(FOURS))
                    .zip(scales.chunks_mut(blocks))
                    .skip(first);
                pool.each(groups.zip(sources.zip(steps)), |(group, source)| {
                    pack_quads(group.0, source.0, inputs, flip(isa));
                    for (lane, row) in source.1.chunks_exact(blocks).enumerate() {
                        for (scales, bits) in group.1.iter_mut().zip(row) {
                            if let Some(place) = scales.get_mut(lane) {
                                *place = *bits;
                            }
                        }
                    }
                });
            }
            Form::Six {
                quads,
                scales,
                steps,
            } => {
                let supers = (inputs / SUPER).max(1);
                let blocks = supers.saturating_mul(SUPER / BLOCK);
                let row_bytes = supers.saturating_mul(SUPER_BYTES);
                let sources = rows.sixes.chunks(row_bytes.saturating_mul(LANES));
                let groups = quads
                    .chunks_mut(blocks.saturating_mul(SIXES))
                    .zip(scales.chunks_mut(blocks))
                    .zip(steps.chunks_mut(supers))
                    .skip(first);
                pool.each(groups.zip(sources), |(group, source)| {
                    let ((quads, scales), steps) = group;
                    for (lane, row) in source.chunks_exact(row_bytes).enumerate() {
                        pack_sixes(row, lane, quads, scales, steps);
                    }
                });
            }
        }
    }
}

/// Packs up to sixteen rows of bytes.
fn pack_quads(group: &mut [Quads], rows: &[u8], inputs: usize, flip: i8) {
    for (lane, row) in rows.chunks_exact(inputs).enumerate() {
        // Sound files hold -127 to 127; the products of -128 would not fit.
        let stored = |byte: u8| byte.cast_signed().max(-127) ^ flip;
        let (fours, rest) = row.as_chunks::<4>();
        for (quad, four) in group.iter_mut().zip(fours) {
            let (lanes, _) = quad.0.as_chunks_mut::<4>();
            if let Some(place) = lanes.get_mut(lane) {
                *place = four.map(stored);
            }
        }
        if let Some(quad) = group.get_mut(fours.len()) {
            let (lanes, _) = quad.0.as_chunks_mut::<4>();
            for (place, byte) in lanes.iter_mut().skip(lane).take(1).flatten().zip(rest) {
                *place = stored(*byte);
            }
        }
    }
}

/// Turns the numbers of `rows` into whole numbers and scales: the largest of each block becomes 127,
/// and the others follow from the scale as it is stored.
fn quantise(inputs: usize, rows: &mut Rows) {
    rows.quants.resize(rows.floats.len(), 0);
    let blocks = inputs.div_ceil(BLOCK);
    let count = rows.floats.len() / inputs.max(1);
    rows.scales.resize(count.saturating_mul(blocks), 0);
    let floats = rows.floats.chunks_exact(inputs.max(1));
    let quants = rows.quants.chunks_exact_mut(inputs.max(1));
    let scales = rows.scales.chunks_exact_mut(blocks.max(1));
    Pool::shared().each(floats.zip(quants.zip(scales)), |(x, (quants, scales))| {
        let parts = x.chunks(BLOCK).zip(quants.chunks_mut(BLOCK)).zip(scales);
        for ((x, quants), scale) in parts {
            let top = x.iter().fold(0f32, |top, x| top.max(x.abs()));
            let step = half::f16::from_f32((top / MOST).min(half::f16::MAX.to_f32()));
            *scale = step.to_bits();
            let step = step.to_f32();
            let inverse = if step > 0.0 { 1.0 / step } else { 0.0 };
            for (quant, x) in quants.iter_mut().zip(x) {
                let whole = (x * inverse).round().clamp(-MOST, MOST);
                *quant = (whole as i8).cast_unsigned();
            }
        }
    });
}

#[cfg(test)]
mod tests;
