//! Products of activations with packed matrices, on all threads.

use std::slice::ChunksMut;

use super::kernels::{BLOCK, LANES, QuantBlock, exact_gelu, gelu, quantise_row};
use super::packed::{Linear, Views};
use super::pool::Pool;

/// Bytes of activations that one pass over a few groups works on, so that they stay in the cache of
/// the core.
const RESIDENT: usize = 256 << 10;
/// Numbers below which sharing the preparation among threads costs more than it saves.
const MANY: usize = 1 << 15;
/// Rows that a thread prepares at a time.
const SOME: usize = 16;

/// What happens to each result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finish {
    /// It is written down.
    Plain,
    /// Negative ones become 0.
    Rectify,
    /// The Gaussian error unit, see [`gelu`].
    Gelu,
    /// The same with the error function itself, see [`exact_gelu`].
    ExactGelu,
    /// It is added to what stands there.
    Add,
}

/// One product to compute: `out` is `(n, outputs)`.
pub struct Product<'a> {
    /// The layer.
    pub linear: &'a Linear,
    /// Where the results go.
    pub out: &'a mut [f32],
}

/// Activations in the form that the weights want, kept between calls for its memory.
#[derive(Default)]
pub struct Activations {
    quant: Vec<QuantBlock>,
}

impl Activations {
    /// Computes all `products` of the rows `x`, `(n, inputs)`. All matrices have the same number of
    /// inputs.
    pub fn multiply(
        &mut self,
        x: &[f32],
        inputs: usize,
        finish: Finish,
        products: &mut [Product<'_>],
    ) {
        let rows: Vec<&[f32]> = x.chunks_exact(inputs.max(1)).collect();
        self.multiply_rows(rows, finish, products);
    }

    /// The same of rows wherever they lie, which may overlap.
    pub fn multiply_rows(
        &mut self,
        rows: Vec<&[f32]>,
        finish: Finish,
        products: &mut [Product<'_>],
    ) {
        let pool = Pool::shared();
        let inputs = rows.first().map_or(0, |row| row.len());
        let blocks = inputs.div_ceil(BLOCK).max(1);
        let quantised = products.iter().find(|p| p.linear.weight.quantised());
        self.quant.clear();
        if let Some(product) = quantised {
            let isa = product.linear.weight.isa();
            self.quant
                .resize(rows.len().saturating_mul(blocks), QuantBlock::default());
            let parts = rows
                .chunks(SOME)
                .zip(self.quant.chunks_mut(blocks.saturating_mul(SOME)));
            let quantise = |(rows, quant): (&[&[f32]], &mut [QuantBlock])| {
                for (row, blocks) in rows.iter().zip(quant.chunks_exact_mut(blocks)) {
                    quantise_row(isa, row, blocks);
                }
            };
            match rows.len().saturating_mul(inputs) {
                0..MANY => parts.for_each(quantise),
                _ => pool.each(parts, quantise),
            }
        }
        let views = Views {
            float: rows,
            quant: self.quant.chunks_exact(blocks).collect(),
        };
        let claims = products
            .iter_mut()
            .flat_map(|product| Claims::new(product, pool.threads()));
        pool.each(claims, |claim| claim.work(&views, finish));
    }
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
        let rows = product.out.chunks_exact_mut(linear.weight.outputs().max(1));
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
    fn work(mut self, rows: &Views<'_>, finish: Finish) {
        let weight = &self.linear.weight;
        let at_once = weight.isa().rows_at_once();
        let row_bytes = weight.inputs().saturating_mul(4).max(1);
        let resident = (RESIDENT / row_bytes).max(1).next_multiple_of(at_once);
        let most = self.outs.first().map_or(0, |out| out.len());
        for (part, outs) in self.outs.chunks_mut(resident).enumerate() {
            let before = part.saturating_mul(resident);
            for from in (0..most).step_by(LANES) {
                let group = self.first.saturating_add(from / LANES);
                for (block, outs) in outs.chunks_mut(at_once).enumerate() {
                    let done = before.saturating_add(block.saturating_mul(at_once));
                    let range = done..done.saturating_add(outs.len());
                    let sums = weight.sums(group, rows, range);
                    for (out, sums) in outs.iter_mut().zip(sums) {
                        let places = out.get_mut(from..).unwrap_or_default();
                        write(places, &sums.0, bias(self.linear, group), finish);
                    }
                }
            }
            let bend = match finish {
                Finish::Gelu => gelu,
                Finish::ExactGelu => exact_gelu,
                Finish::Plain | Finish::Rectify | Finish::Add => continue,
            };
            for out in outs {
                bend(weight.isa(), out);
            }
        }
    }
}

/// The bias of a group's outputs; short where there is none.
fn bias(linear: &Linear, group: usize) -> &[f32] {
    let from = group.saturating_mul(LANES);
    linear
        .bias
        .as_deref()
        .and_then(|bias| bias.get(from..))
        .unwrap_or_default()
}

#[inline]
fn write(places: &mut [f32], sums: &[f32; LANES], bias: &[f32], finish: Finish) {
    let mut y = *sums;
    for (y, bias) in y.iter_mut().zip(bias) {
        *y += bias;
    }
    match finish {
        Finish::Plain | Finish::Gelu | Finish::ExactGelu => {
            for (place, y) in places.iter_mut().zip(y) {
                *place = y;
            }
        }
        Finish::Rectify => {
            for (place, y) in places.iter_mut().zip(y) {
                *place = if y < 0.0 { 0.0 } else { y };
            }
        }
        Finish::Add => {
            for (place, y) in places.iter_mut().zip(y) {
                *place += y;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::packed::{Kept, Packed, Rows};
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 + seed * 104_729) % 1009) as f32 / 504.5 - 1.0)
            .collect()
    }

    #[test]
    fn every_row_and_output_has_its_sum_in_every_form_and_finish() {
        for (n, outputs, inputs) in [(1, 50, 40), (3, 16, 64), (19, 33, 96), (400, 70, 160)] {
            let (weights, x) = (numbers(outputs * inputs, 1), numbers(n * inputs, 2));
            let offset = numbers(outputs, 3);
            for (kept, near) in [(Kept::Float, 1e-4), (Kept::Half, 1e-2), (Kept::Quant, 0.15)] {
                let read = |range: std::ops::Range<usize>, rows: &mut Rows| -> Result<(), ()> {
                    let part = &weights[range.start * inputs..range.end * inputs];
                    rows.floats.extend_from_slice(part);
                    Ok(())
                };
                let linear = Linear {
                    weight: Packed::build(outputs, inputs, kept, read).unwrap(),
                    bias: Some(offset.clone()),
                };
                for finish in [
                    Finish::Plain,
                    Finish::Rectify,
                    Finish::Gelu,
                    Finish::ExactGelu,
                    Finish::Add,
                ] {
                    let mut out = vec![5.0; n * outputs];
                    let product = Product {
                        linear: &linear,
                        out: &mut out,
                    };
                    Activations::default().multiply(&x, inputs, finish, &mut [product]);
                    for (place, found) in out.iter().enumerate() {
                        let (row, column) = (place / outputs, place % outputs);
                        let x = &x[row * inputs..][..inputs];
                        let w = &weights[column * inputs..][..inputs];
                        let y = x.iter().zip(w).map(|(x, w)| x * w).sum::<f32>() + offset[column];
                        let wanted = match finish {
                            Finish::Plain => y,
                            Finish::Rectify => y.max(0.0),
                            // The two differ by less than 5e-4.
                            Finish::Gelu | Finish::ExactGelu => {
                                let inner = 0.797_884_6 * (y + 0.044_715 * y * y * y);
                                0.5 * y * (1.0 + inner.tanh())
                            }
                            Finish::Add => y + 5.0,
                        };
                        let near = near
                            + if finish == Finish::ExactGelu {
                                5e-4
                            } else {
                                0.0
                            };
                        assert!((found - wanted).abs() < near, "{kept:?} {finish:?} {place}");
                    }
                }
            }
        }
    }
}
