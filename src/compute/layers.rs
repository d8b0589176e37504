//! The parts of a transformer layer: norm, attention, feed-forward. Rows are `(n, d)`, one after another.

use super::kernels::{Isa, LANES, Memory, attend};
use super::packed::Linear;
use super::pool::Pool;
use super::product::{Activations, Finish, Product};

/// PyTorch's default, which the checkpoints of M2M100 and Whisper never write down.
const LAYER_NORM_EPS: f32 = 1e-5;
/// Rows that a thread norms at a time, and from twice as many on they are shared out.
const ROWS: usize = 32;
/// Heads that a thread claims at a time.
const HEADS: usize = 4;

/// A layer norm.
pub struct Norm {
    /// `d` factors.
    pub weight: Vec<f32>,
    /// `d` offsets.
    pub bias: Vec<f32>,
}

/// Two linear layers with a bend between, after a norm.
pub struct FeedForward {
    /// Before the first.
    pub norm: Norm,
    /// Widens.
    pub fc1: Linear,
    /// Narrows.
    pub fc2: Linear,
    /// The bend: [`Finish::Rectify`], [`Finish::Gelu`] or [`Finish::ExactGelu`].
    pub bend: Finish,
}

/// The projections of one attention.
pub struct Attention {
    /// `(d, d)`, as the other three.
    pub query: Linear,
    /// Of what is looked at.
    pub key: Linear,
    /// Of what is looked at.
    pub value: Linear,
    /// Of what was seen.
    pub out: Linear,
    /// Heads.
    pub heads: usize,
    /// Numbers of a head: `d / heads`.
    pub width: usize,
}

/// Keys and values, each `(t, d)`.
#[derive(Default)]
pub struct KeysValues {
    /// Of each row.
    pub keys: Vec<f32>,
    /// Of each row.
    pub values: Vec<f32>,
}

/// Adds `more` to `x`, number by number.
pub fn add(x: &mut [f32], more: &[f32]) {
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
        let d = self.weight.len().max(1);
        out.resize(x.len(), 0.0);
        let some = d.saturating_mul(ROWS);
        let parts = x.chunks(some).zip(out.chunks_mut(some));
        if x.len() < some.saturating_mul(2) {
            parts.for_each(|(x, out)| self.apply_rows(x, out));
        } else {
            Pool::shared().each(parts, |(x, out)| self.apply_rows(x, out));
        }
    }

    fn apply_rows(&self, x: &[f32], out: &mut [f32]) {
        let d = self.weight.len().max(1);
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
        let d = self.norm.weight.len().max(1);
        let mut normed = Vec::new();
        self.norm.apply(x, &mut normed);
        let inner_width = self.fc1.weight.outputs();
        let mut inner = vec![0f32; (x.len() / d).saturating_mul(inner_width)];
        let product = Product {
            linear: &self.fc1,
            out: &mut inner,
        };
        work.multiply(&normed, d, self.bend, &mut [product]);
        let product = Product {
            linear: &self.fc2,
            out: x,
        };
        work.multiply(&inner, inner_width, Finish::Add, &mut [product]);
    }
}

impl KeysValues {
    /// None yet, with room for so many numbers on each side.
    pub fn with_room(numbers: usize) -> Self {
        Self {
            keys: Vec::with_capacity(numbers),
            values: Vec::with_capacity(numbers),
        }
    }

    /// Keeps the first `numbers` of each side.
    pub fn truncate(&mut self, numbers: usize) {
        self.keys.truncate(numbers);
        self.values.truncate(numbers);
    }

    /// Adds later rows.
    pub fn append(&mut self, later: KeysValues) {
        self.extend(&later.keys, &later.values);
    }

    /// The same of rows that lie elsewhere.
    pub fn extend(&mut self, keys: &[f32], values: &[f32]) {
        self.keys.extend_from_slice(keys);
        self.values.extend_from_slice(values);
    }
}

impl Attention {
    /// Width of a row.
    pub fn d(&self) -> usize {
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
        work.multiply(x, self.d(), Finish::Plain, &mut products);
        found
    }

    /// Makes a query's products with keys as large as its softmax wants them.
    pub fn scale(&self, query: &mut [f32]) {
        let scale = 1.0 / (self.width.max(1) as f32).sqrt();
        query.iter_mut().for_each(|q| *q *= scale);
    }

    /// Queries, keys and values of the rows `x`.
    pub fn query_keys_values(&self, x: &[f32], work: &mut Activations) -> (Vec<f32>, KeysValues) {
        let mut found = KeysValues::default();
        let query = self.query_and_remember(x, &mut found, work);
        (query, found)
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
        work.multiply(x, self.d(), Finish::Plain, &mut products);
        query
    }

    /// Queries of the rows `x`.
    pub fn query(&self, x: &[f32], work: &mut Activations) -> Vec<f32> {
        let mut query = vec![0f32; x.len()];
        let product = Product {
            linear: &self.query,
            out: &mut query,
        };
        work.multiply(x, self.d(), Finish::Plain, &mut [product]);
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
        let d = self.d();
        self.scale(query);
        let mut seen = vec![0f32; query.len()];
        let shares = self.see(query, memory, paths, &mut seen);
        let mut out = vec![0f32; seen.len()];
        let product = Product {
            linear: &self.out,
            out: &mut out,
        };
        work.multiply(&seen, d, Finish::Plain, &mut [product]);
        (out, shares)
    }

    /// What each of the scaled `query` rows sees, `(n, d)`, before the last projection; the shares
    /// are those of [`Self::look`].
    pub fn see(
        &self,
        query: &[f32],
        memory: &KeysValues,
        paths: &[&[u32]],
        seen: &mut [f32],
    ) -> Vec<f32> {
        let (d, width) = (self.d(), self.width);
        let of_row = |path: &&[u32]| path.len().saturating_mul(self.heads);
        let mut shares = vec![0f32; paths.iter().map(of_row).sum()];
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
        shares
    }
}
