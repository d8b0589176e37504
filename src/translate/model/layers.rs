//! The parts of a layer: norm, attention, feed-forward. Rows are `(n, d)`, one after another.

use crate::translate::Error;
use crate::translate::kernels::{Isa, LANES, Memory, attend};
use crate::translate::packed::{Activations, Linear, Product};
use crate::translate::pool::Pool;
use crate::translate::weights::Weights;

/// The reference never writes this down in config.json; it is PyTorch's default.
const LAYER_NORM_EPS: f32 = 1e-5;
/// Heads that a thread claims at a time.
const HEADS: usize = 4;

/// A layer norm.
pub(super) struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

/// Two linear layers with a rectifier between, after a norm.
pub(super) struct FeedForward {
    norm: Norm,
    fc1: Linear,
    fc2: Linear,
}

/// The projections of one attention.
pub(super) struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    heads: usize,
    width: usize,
}

/// Keys and values, each `(t, d)`.
#[derive(Default)]
pub(super) struct KeysValues {
    keys: Vec<f32>,
    values: Vec<f32>,
}

/// Reads the parts of a layer.
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
        let mut linear = |part: &str| Linear::read(self.weights, &format!("{name}.{part}"), d, d);
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
            fc1: Linear::read(self.weights, &format!("{layer}.fc1"), inner, d)?,
            fc2: Linear::read(self.weights, &format!("{layer}.fc2"), d, inner)?,
        })
    }
}

/// Adds `more` to `x`, number by number.
pub(super) fn add(x: &mut [f32], more: &[f32]) {
    for (x, more) in x.iter_mut().zip(more) {
        *x += more;
    }
}

/// The sum in sixteen strands, so that vector instructions serve; also the more exact way.
fn sum(values: impl Fn(&[f32; LANES], usize) -> f32 + Copy, x: &[f32]) -> f32 {
    let (chunks, rest) = x.as_chunks::<LANES>();
    let mut sums = [0f32; LANES];
    for chunk in chunks {
        for (i, sum) in sums.iter_mut().enumerate() {
            *sum += values(chunk, i);
        }
    }
    let mut last = [0f32; LANES];
    for (place, x) in last.iter_mut().zip(rest) {
        *place = *x;
    }
    let rest: f32 = (0..rest.len()).map(|i| values(&last, i)).sum();
    sums.iter().sum::<f32>() + rest
}

impl Norm {
    /// Writes the normed rows of `x` to `out`.
    pub fn apply(&self, x: &[f32], out: &mut Vec<f32>) {
        let d = self.weight.len();
        out.resize(x.len(), 0.0);
        for (x, out) in x.chunks_exact(d).zip(out.chunks_exact_mut(d)) {
            let mean = sum(|c, i| c[i], x) / d as f32;
            let square = |c: &[f32; LANES], i: usize| (c[i] - mean) * (c[i] - mean);
            let scale = 1.0 / (sum(square, x) / d as f32 + LAYER_NORM_EPS).sqrt();
            let affine = self.weight.iter().zip(&self.bias);
            for ((y, x), (weight, bias)) in out.iter_mut().zip(x).zip(affine) {
                *y = (x - mean) * scale * weight + bias;
            }
        }
    }
}

impl FeedForward {
    /// Adds the layer's output to `x`.
    pub fn add_to(&self, x: &mut [f32], work: &mut Activations) {
        let d = self.norm.weight.len();
        let mut normed = Vec::new();
        self.norm.apply(x, &mut normed);
        let inner_width = self.fc1.weight.outputs();
        let mut inner = vec![0f32; (x.len() / d).saturating_mul(inner_width)];
        let product = Product {
            linear: &self.fc1,
            out: &mut inner,
        };
        work.multiply(&normed, d, true, &mut [product]);
        let product = Product {
            linear: &self.fc2,
            out: &mut normed,
        };
        work.multiply(&inner, inner_width, false, &mut [product]);
        add(x, &normed);
    }
}

impl KeysValues {
    /// Adds later rows.
    pub fn append(&mut self, later: KeysValues) {
        self.keys.extend(later.keys);
        self.values.extend(later.values);
    }
}

impl Attention {
    fn d(&self) -> usize {
        self.heads.saturating_mul(self.width)
    }

    /// Keys and values of the rows `x`.
    pub fn keys_values(&self, x: &[f32], work: &mut Activations) -> KeysValues {
        let mut found = KeysValues {
            keys: vec![0.0; x.len()],
            values: vec![0.0; x.len()],
        };
        let mut products = [
            Product {
                linear: &self.key,
                out: &mut found.keys,
            },
            Product {
                linear: &self.value,
                out: &mut found.values,
            },
        ];
        work.multiply(x, self.d(), false, &mut products);
        found
    }

    /// Queries of the rows `x`, and `cache` with their keys and values at its end.
    pub fn query_and_remember(
        &self,
        x: &[f32],
        cache: &mut KeysValues,
        work: &mut Activations,
    ) -> Vec<f32> {
        let mut query = vec![0f32; x.len()];
        let end = cache.keys.len();
        let room = end.saturating_add(x.len());
        cache.keys.resize(room, 0.0);
        cache.values.resize(room, 0.0);
        let (_, keys) = cache.keys.split_at_mut(end);
        let (_, values) = cache.values.split_at_mut(end);
        let mut products = [
            Product {
                linear: &self.query,
                out: &mut query,
            },
            Product {
                linear: &self.key,
                out: keys,
            },
            Product {
                linear: &self.value,
                out: values,
            },
        ];
        work.multiply(x, self.d(), false, &mut products);
        query
    }

    /// Queries of the rows `x`.
    pub fn query(&self, x: &[f32], work: &mut Activations) -> Vec<f32> {
        let mut query = vec![0f32; x.len()];
        let product = Product {
            linear: &self.query,
            out: &mut query,
        };
        work.multiply(x, self.d(), false, &mut [product]);
        query
    }

    /// Each of the `query` rows looks at the rows of `memory` that its path names. Returns the
    /// attention's output `(n, d)`, and the shares: for each query, for each head, one number for
    /// each row of its path; they sum to 1.
    pub fn look(
        &self,
        query: &mut [f32],
        memory: &KeysValues,
        paths: &[&[u32]],
        work: &mut Activations,
    ) -> (Vec<f32>, Vec<f32>) {
        let (d, width) = (self.d(), self.width);
        let scale = 1.0 / (width as f32).sqrt();
        query.iter_mut().for_each(|q| *q *= scale);
        let of_row = |path: &&[u32]| path.len().saturating_mul(self.heads);
        let mut shares = vec![0f32; paths.iter().map(of_row).sum()];
        let mut seen = vec![0f32; query.len()];
        let mut left = shares.as_mut_slice();
        let mut items = Vec::new();
        let rows = query.chunks_exact(d).zip(seen.chunks_exact_mut(d));
        for ((query, seen), path) in rows.zip(paths) {
            let (mine, others) = left.split_at_mut(of_row(path));
            left = others;
            let claim = width.saturating_mul(HEADS);
            let heads = query.chunks(claim).zip(seen.chunks_mut(claim));
            let mine = mine.chunks_mut(path.len().saturating_mul(HEADS).max(1));
            for (at, (heads, mine)) in heads.zip(mine).enumerate() {
                items.push((at.saturating_mul(claim), path, heads, mine));
            }
        }
        let isa = Isa::best();
        Pool::shared().each(items.into_iter(), |(first, path, (query, seen), shares)| {
            let heads = query.chunks_exact(width).zip(seen.chunks_exact_mut(width));
            let shares = shares.chunks_exact_mut(path.len());
            for (head, ((query, seen), shares)) in heads.zip(shares).enumerate() {
                let memory = Memory {
                    keys: &memory.keys,
                    values: &memory.values,
                    stride: d,
                    at: first.saturating_add(head.saturating_mul(width)),
                    path,
                };
                attend(isa, query, &memory, shares, seen);
            }
        });
        let mut out = vec![0f32; seen.len()];
        let product = Product {
            linear: &self.out,
            out: &mut out,
        };
        work.multiply(&seen, d, false, &mut [product]);
        (out, shares)
    }
}
