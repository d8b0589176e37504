//! Weights as the kernels read them, and the products of activations with them on all threads.
//!
//! A matrix lies in groups of sixteen outputs; the last group is filled up with rows of zeros that
//! nobody reads. Stored in 8 bits (a tensor of whole numbers and one of f16 scales, see
//! [`super::shrink`]) it stays in 8 bits; stored as floating-point numbers it becomes f32.

use std::ops::Range;
use std::slice::ChunksMut;

use super::Error;
use super::kernels::{
    BLOCK, FOURS, Isa, LANES, Lanes, Quads, QuantBlock, float_product, quant_product, quantise_row,
};
use super::pool::Pool;
use super::weights::{Numbers, Weights};

/// Bytes of a checkpoint that are read before they are packed.
const CHUNK: usize = 8 << 20;
/// Bytes of weights that a thread claims at a time: a few microseconds' worth.
const CLAIM: usize = 64 << 10;
/// What a tensor of scales is called: the name of the weights and this.
pub(super) const SCALE: &str = ".scale";

/// A matrix `(outputs, inputs)`.
#[derive(Debug, PartialEq)]
pub(super) struct Packed {
    outputs: usize,
    inputs: usize,
    isa: Isa,
    form: Form,
}

#[derive(Debug, PartialEq)]
enum Form {
    /// For each group, for each input.
    Float(Vec<Lanes>),
    /// For each group, for each block of inputs.
    Quant {
        quads: Vec<Quads>,
        /// Bits of f16 numbers.
        scales: Vec<[u16; LANES]>,
    },
}

/// A matrix with a bias for each output.
pub(super) struct Linear {
    pub weight: Packed,
    pub bias: Option<Vec<f32>>,
}

/// One product to compute: `out` is `(n, outputs)`.
pub(super) struct Product<'a> {
    pub linear: &'a Linear,
    pub out: &'a mut [f32],
}

impl Packed {
    /// Reads the tensor `name`, which must be `(outputs, inputs)`, in pieces.
    pub fn read(
        weights: &mut Weights,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Self, Error> {
        let isa = Isa::best();
        let form = match weights.numbers(name, &[outputs, inputs])? {
            Numbers::I8 => read_quant(weights, name, outputs, inputs, isa)?,
            _ => read_float(weights, name, outputs, inputs)?,
        };
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
            Form::Quant { quads, scales } => {
                let blocks = self.inputs.div_ceil(BLOCK);
                let scales = scales.chunks_exact(blocks).nth(group).unwrap_or_default();
                let per_group = blocks.saturating_mul(FOURS);
                let quads = quads.chunks_exact(per_group).nth(group).unwrap_or_default();
                let flip = if self.isa.offset() { i8::MIN } else { 0 };
                for (i, x) in row.iter_mut().enumerate() {
                    let bits = scales.get(i / BLOCK).and_then(|s| s.get(lane));
                    let at = lane.saturating_mul(4).saturating_add(i % 4);
                    let quant = quads.get(i / 4).and_then(|q| q.0.get(at));
                    if let (Some(bits), Some(quant)) = (bits, quant) {
                        *x = f32::from(quant ^ flip) * half::f16::from_bits(*bits).to_f32();
                    }
                }
            }
        }
        true
    }

    fn groups(&self) -> usize {
        self.outputs.div_ceil(LANES)
    }

    /// Groups that a thread claims at a time.
    fn claim(&self, threads: usize) -> usize {
        let width = match &self.form {
            Form::Float(_) => 4,
            Form::Quant { .. } => 1,
        };
        let bytes = self
            .inputs
            .saturating_mul(LANES)
            .saturating_mul(width)
            .max(1);
        let fair = self.groups().div_ceil(threads.saturating_mul(4).max(1));
        (CLAIM / bytes).clamp(1, fair.max(1))
    }
}

/// Rows of a tensor that are read at a time: whole groups.
fn pieces(outputs: usize, row_bytes: usize) -> impl Iterator<Item = Range<usize>> {
    let groups = (CHUNK / LANES.saturating_mul(row_bytes).max(1)).max(1);
    let rows = groups.saturating_mul(LANES);
    (0..outputs)
        .step_by(rows)
        .map(move |from| from..from.saturating_add(rows).min(outputs))
}

fn read_float(
    weights: &mut Weights,
    name: &str,
    outputs: usize,
    inputs: usize,
) -> Result<Form, Error> {
    let groups = outputs.div_ceil(LANES);
    let mut all = vec![Lanes([0.0; LANES]); groups.saturating_mul(inputs)];
    let mut left = all.as_mut_slice();
    let mut values = Vec::new();
    for rows in pieces(outputs, inputs.saturating_mul(4)) {
        let groups = rows.len().div_ceil(LANES);
        weights.read_floats(name, &[outputs, inputs], rows, &mut values)?;
        let (now, later) = left.split_at_mut(groups.saturating_mul(inputs));
        left = later;
        let sources = values.chunks(inputs.saturating_mul(LANES));
        Pool::shared().each(now.chunks_mut(inputs).zip(sources), |(group, source)| {
            for (lane, row) in source.chunks_exact(inputs).enumerate() {
                for (lanes, x) in group.iter_mut().zip(row) {
                    if let Some(place) = lanes.0.get_mut(lane) {
                        *place = *x;
                    }
                }
            }
        });
    }
    Ok(Form::Float(all))
}

fn read_quant(
    weights: &mut Weights,
    name: &str,
    outputs: usize,
    inputs: usize,
    isa: Isa,
) -> Result<Form, Error> {
    let (groups, blocks) = (outputs.div_ceil(LANES), inputs.div_ceil(BLOCK));
    let per_group = blocks.saturating_mul(FOURS);
    let flip = if isa.offset() { i8::MIN } else { 0 };
    let mut quads = vec![Quads([0; 4 * LANES]); groups.saturating_mul(per_group)];
    let mut left = quads.as_mut_slice();
    let mut bytes = Vec::new();
    for rows in pieces(outputs, inputs) {
        let groups = rows.len().div_ceil(LANES);
        weights.read_rows(name, &[outputs, inputs], rows, &mut bytes)?;
        let (now, later) = left.split_at_mut(groups.saturating_mul(per_group));
        left = later;
        let sources = bytes.chunks(inputs.saturating_mul(LANES));
        Pool::shared().each(now.chunks_mut(per_group).zip(sources), |(group, source)| {
            pack_quads(group, source, inputs, flip);
        });
    }
    let scales = read_scales(weights, name, outputs, blocks)?;
    Ok(Form::Quant { quads, scales })
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

fn read_scales(
    weights: &mut Weights,
    name: &str,
    outputs: usize,
    blocks: usize,
) -> Result<Vec<[u16; LANES]>, Error> {
    let name = format!("{name}{SCALE}");
    let shape = [outputs, blocks];
    if weights.numbers(&name, &shape)? != Numbers::F16 {
        return Err(weights.refuse(format!("the tensor '{name}' is not stored as F16")));
    }
    let groups = outputs.div_ceil(LANES);
    let mut scales = vec![[0u16; LANES]; groups.saturating_mul(blocks)];
    let mut bytes = Vec::new();
    let mut sound = true;
    for rows in pieces(outputs, blocks.saturating_mul(2)) {
        let first = rows.start;
        weights.read_rows(&name, &shape, rows, &mut bytes)?;
        let (values, _) = bytes.as_chunks::<2>();
        for (row, values) in (first..).zip(values.chunks_exact(blocks)) {
            let group = scales.chunks_exact_mut(blocks).nth(row / LANES);
            for (place, value) in group.unwrap_or_default().iter_mut().zip(values) {
                if let Some(place) = place.get_mut(row % LANES) {
                    *place = u16::from_le_bytes(*value);
                    sound &= half::f16::from_bits(*place).is_finite();
                }
            }
        }
    }
    if !sound {
        let problem = format!("the tensor '{name}' holds a number that is infinite or none (NaN)");
        return Err(weights.refuse(problem));
    }
    Ok(scales)
}

impl Linear {
    /// Reads `name.weight` and `name.bias`.
    pub fn read(
        weights: &mut Weights,
        name: &str,
        outputs: usize,
        inputs: usize,
    ) -> Result<Self, Error> {
        Ok(Self {
            weight: Packed::read(weights, &format!("{name}.weight"), outputs, inputs)?,
            bias: Some(weights.floats(&format!("{name}.bias"), &[outputs])?),
        })
    }
}

/// Activations in the form that the weights want, kept between calls for its memory.
#[derive(Default)]
pub(super) struct Activations {
    quant: Vec<QuantBlock>,
}

impl Activations {
    /// Computes all `products` of the rows `x`, `(n, inputs)`, with negative results made 0 if
    /// `rectify`. All matrices have the same number of inputs.
    pub fn multiply(
        &mut self,
        x: &[f32],
        inputs: usize,
        rectify: bool,
        products: &mut [Product<'_>],
    ) {
        let pool = Pool::shared();
        let blocks = inputs.div_ceil(BLOCK);
        let quantised = products
            .iter()
            .find(|p| matches!(p.linear.weight.form, Form::Quant { .. }));
        self.quant.clear();
        if let Some(product) = quantised {
            let isa = product.linear.weight.isa;
            let rows = x.len() / inputs.max(1);
            self.quant
                .resize(rows.saturating_mul(blocks), QuantBlock::default());
            for (x, blocks) in x
                .chunks_exact(inputs)
                .zip(self.quant.chunks_exact_mut(blocks))
            {
                quantise_row(isa, x, blocks);
            }
        }
        let rows = Rows {
            float: x.chunks_exact(inputs).collect(),
            quant: self.quant.chunks_exact(blocks).collect(),
        };
        let claims = products
            .iter_mut()
            .flat_map(|product| Claims::new(product, pool.threads()));
        pool.each(claims, |claim| claim.work(&rows, rectify));
    }
}

/// The rows of one call, in both forms.
struct Rows<'a> {
    float: Vec<&'a [f32]>,
    quant: Vec<&'a [QuantBlock]>,
}

/// Cuts one product into pieces for the threads.
struct Claims<'a> {
    linear: &'a Linear,
    groups: usize,
    next: usize,
    /// What is left of each row of the result.
    rows: Vec<ChunksMut<'a, f32>>,
}

/// Some groups of outputs, and where each row's results go.
struct Claim<'a> {
    linear: &'a Linear,
    first: usize,
    outs: Vec<&'a mut [f32]>,
}

impl<'a> Claims<'a> {
    fn new(product: &'a mut Product<'_>, threads: usize) -> Self {
        let linear = product.linear;
        let groups = linear.weight.claim(threads);
        let rows = product.out.chunks_exact_mut(linear.weight.outputs.max(1));
        Self {
            linear,
            groups,
            next: 0,
            rows: rows
                .map(|row| row.chunks_mut(groups.saturating_mul(LANES)))
                .collect(),
        }
    }
}

impl<'a> Iterator for Claims<'a> {
    type Item = Claim<'a>;

    fn next(&mut self) -> Option<Claim<'a>> {
        let first = self.next;
        if first >= self.linear.weight.groups() {
            return None;
        }
        self.next = first.saturating_add(self.groups);
        Some(Claim {
            linear: self.linear,
            first,
            outs: self
                .rows
                .iter_mut()
                .map(|row| row.next().unwrap_or_default())
                .collect(),
        })
    }
}

impl Claim<'_> {
    fn work(mut self, rows: &Rows<'_>, rectify: bool) {
        let linear = self.linear;
        let weight = &linear.weight;
        let at_once = weight.isa.rows_at_once();
        let most = self.outs.first().map_or(0, |out| out.len());
        for from in (0..most).step_by(LANES) {
            let group = self.first.saturating_add(from / LANES);
            let bias = linear
                .bias
                .as_deref()
                .and_then(|bias| bias.get(group.saturating_mul(LANES)..));
            for (block, outs) in self.outs.chunks_mut(at_once).enumerate() {
                let done = block.saturating_mul(at_once);
                let range = done..done.saturating_add(outs.len());
                let sums = weight.sums(group, rows, range);
                for (out, sums) in outs.iter_mut().zip(sums) {
                    let places = out.get_mut(from..).unwrap_or_default();
                    for (i, (place, sum)) in places.iter_mut().zip(sums.0).enumerate() {
                        let offset = bias.and_then(|b| b.get(i)).copied().unwrap_or_default();
                        let y = sum + offset;
                        *place = if rectify && y < 0.0 { 0.0 } else { y };
                    }
                }
            }
        }
    }
}

impl Packed {
    fn sums(&self, group: usize, rows: &Rows<'_>, range: Range<usize>) -> super::kernels::Sums {
        let part = |count: usize| {
            let from = group.saturating_mul(count);
            from..from.saturating_add(count)
        };
        match &self.form {
            Form::Float(lanes) => {
                let weights = lanes.get(part(self.inputs)).unwrap_or_default();
                float_product(self.isa, weights, rows.float.get(range).unwrap_or_default())
            }
            Form::Quant { quads, scales } => {
                let blocks = self.inputs.div_ceil(BLOCK);
                let quads = quads.get(part(blocks.saturating_mul(FOURS)));
                let scales = scales.get(part(blocks)).unwrap_or_default();
                let rows = rows.quant.get(range).unwrap_or_default();
                quant_product(self.isa, quads.unwrap_or_default(), scales, rows)
            }
        }
    }
}
