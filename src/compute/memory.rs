//! Attention of many queries over the same keys and values, blocked so that each key is loaded once
//! for several queries and stays in the cache of the core.
//!
//! Keys lie sixteen rows side by side for each number of a head, values sixteen numbers side by side
//! for each row, both in f16 (as whisper.cpp and CTranslate2 keep them). So the scores and the means
//! are the same inner loop as a product with weights.

use super::kernels::{Halves, Isa, LANES, MOST_ROWS, half_product, weigh};
use super::pool::Pool;

/// Queries that a thread claims at a time.
const SOME: usize = 64;

/// Keys and values of all heads.
pub struct Memory {
    rows: usize,
    heads: usize,
    /// Numbers of a head.
    width: usize,
    isa: Isa,
    /// For each head, for each sixteen rows, for each number.
    keys: Vec<Halves>,
    /// For each head, for each sixteen numbers, for each row.
    values: Vec<Halves>,
}

impl Memory {
    /// Packs keys and values, each `(rows, heads * width)`.
    pub fn new(keys: &[f32], values: &[f32], heads: usize, width: usize) -> Self {
        let d = heads.saturating_mul(width).max(1);
        let rows = keys.len().min(values.len()) / d;
        let key_part = rows.div_ceil(LANES).saturating_mul(width);
        let value_part = width.div_ceil(LANES).saturating_mul(rows);
        let zero = Halves([0; LANES]);
        let mut memory = Self {
            rows,
            heads,
            width,
            isa: Isa::best(),
            keys: vec![zero; key_part.saturating_mul(heads)],
            values: vec![zero; value_part.saturating_mul(heads)],
        };
        let parts = memory
            .keys
            .chunks_exact_mut(key_part.max(1))
            .zip(memory.values.chunks_exact_mut(value_part.max(1)));
        Pool::shared().each(parts.enumerate(), |(head, (key_part, value_part))| {
            let at = head.saturating_mul(width);
            let of_head = |row: &'_ [f32]| -> Option<std::ops::Range<usize>> {
                let range = at..at.saturating_add(width);
                (range.end <= row.len()).then_some(range)
            };
            for (row, (key, value)) in keys.chunks_exact(d).zip(values.chunks_exact(d)).enumerate()
            {
                let key = of_head(key).and_then(|r| key.get(r)).unwrap_or_default();
                let group = key_part.chunks_exact_mut(width).nth(row / LANES);
                for (place, x) in group.unwrap_or_default().iter_mut().zip(key) {
                    if let Some(place) = place.0.get_mut(row % LANES) {
                        *place = half::f16::from_f32(*x).to_bits();
                    }
                }
                let value = of_head(value)
                    .and_then(|r| value.get(r))
                    .unwrap_or_default();
                for (group, x) in value_part.chunks_exact_mut(rows).zip(value.chunks(LANES)) {
                    let places = group.get_mut(row).map(|h| h.0.iter_mut());
                    for (place, x) in places.into_iter().flatten().zip(x) {
                        *place = half::f16::from_f32(*x).to_bits();
                    }
                }
            }
        });
        memory
    }

    /// Each query, `(n, heads * width)` and scaled, looks at all rows: `seen`, of the same shape,
    /// becomes the values' mean, weighted by the softmax of the query's products with the keys.
    pub fn look(&self, queries: &[f32], seen: &mut [f32]) {
        let d = self.heads.saturating_mul(self.width).max(1);
        let mut claims = Vec::new();
        let some = d.saturating_mul(SOME);
        for (queries, seen) in queries.chunks(some).zip(seen.chunks_mut(some)) {
            let mut heads: Vec<Claim<'_>> = (0..self.heads)
                .map(|head| Claim {
                    head,
                    queries: Vec::with_capacity(SOME),
                    seen: Vec::with_capacity(SOME),
                })
                .collect();
            for (query, seen) in queries.chunks_exact(d).zip(seen.chunks_exact_mut(d)) {
                let parts = query
                    .chunks_exact(self.width)
                    .zip(seen.chunks_exact_mut(self.width));
                for (claim, (query, seen)) in heads.iter_mut().zip(parts) {
                    claim.queries.push(query);
                    claim.seen.push(seen);
                }
            }
            claims.extend(heads);
        }
        Pool::shared().each(claims.into_iter(), |claim| claim.work(self));
    }

    /// How much each query, `(n, heads * width)` and scaled, looks at each row: `(heads, n, rows)`, the
    /// softmax of its products with the keys.
    pub fn shares(&self, queries: &[f32]) -> Vec<f32> {
        let (d, rows) = (self.heads.saturating_mul(self.width).max(1), self.rows);
        let count = queries.len() / d;
        let mut shares = vec![0f32; self.heads.saturating_mul(count).saturating_mul(rows)];
        let heads = shares.chunks_exact_mut(count.saturating_mul(rows).max(1));
        Pool::shared().each(heads.enumerate(), |(head, shares)| {
            let at = head.saturating_mul(self.width);
            let of_head = |query: &'_ [f32]| at..at.saturating_add(self.width).min(query.len());
            let each = queries.chunks_exact(d);
            let own: Vec<&[f32]> = each.filter_map(|query| query.get(of_head(query))).collect();
            let mut scores = self.room();
            let at_once = self.isa.rows_at_once();
            let parts = shares.chunks_mut(at_once.saturating_mul(rows).max(1));
            for (queries, shares) in own.chunks(at_once).zip(parts) {
                self.score(head, queries, &mut scores);
                let scored = scores.chunks_exact(self.padded());
                for (share, scores) in shares.chunks_exact_mut(rows.max(1)).zip(scored) {
                    share.copy_from_slice(scores.get(..rows).unwrap_or_default());
                    let total = weigh(self.isa, share);
                    share.iter_mut().for_each(|s| *s /= total);
                }
            }
        });
        shares
    }

    /// Rows that can be looked at.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Rows with those that fill up the last group.
    fn padded(&self) -> usize {
        self.rows.next_multiple_of(LANES)
    }

    /// Room for the scores of as many queries as are looked at together.
    fn room(&self) -> Vec<f32> {
        vec![0f32; MOST_ROWS.saturating_mul(self.padded())]
    }

    /// The products of one head's `queries` with its keys, [`Self::padded`] numbers for each query.
    fn score(&self, head: usize, queries: &[&[f32]], scores: &mut [f32]) {
        let padded = self.padded();
        let key_part = (padded / LANES).saturating_mul(self.width);
        let keys = part(&self.keys, key_part, head);
        for (group, keys) in keys.chunks_exact(self.width.max(1)).enumerate() {
            let sums = half_product(self.isa, keys, queries);
            let at = group.saturating_mul(LANES);
            for (scores, sums) in scores
                .chunks_exact_mut(padded)
                .zip(sums)
                .take(queries.len())
            {
                if let Some(places) = scores.get_mut(at..at.saturating_add(LANES)) {
                    places.copy_from_slice(&sums.0);
                }
            }
        }
    }
}

/// Some queries of one head, and where their means go.
struct Claim<'a> {
    head: usize,
    queries: Vec<&'a [f32]>,
    seen: Vec<&'a mut [f32]>,
}

impl Claim<'_> {
    fn work(mut self, memory: &Memory) {
        let (rows, width, isa) = (memory.rows, memory.width, memory.isa);
        let padded = memory.padded();
        let value_part = width.div_ceil(LANES).saturating_mul(rows);
        let values = part(&memory.values, value_part, self.head);
        let at_once = isa.rows_at_once();
        let mut scores = memory.room();
        for (queries, seen) in self
            .queries
            .chunks(at_once)
            .zip(self.seen.chunks_mut(at_once))
        {
            memory.score(self.head, queries, &mut scores);
            let mut shares: Vec<&[f32]> = Vec::with_capacity(at_once);
            let mut totals = [0f32; MOST_ROWS];
            for (scores, total) in scores
                .chunks_exact_mut(padded)
                .take(queries.len())
                .zip(&mut totals)
            {
                // The rows that fill up the last group are looked at by nobody.
                let scores = scores.get_mut(..rows).unwrap_or_default();
                *total = weigh(isa, scores);
                shares.push(scores);
            }
            for (group, values) in values.chunks_exact(rows.max(1)).enumerate() {
                let sums = half_product(isa, values, &shares);
                let at = group.saturating_mul(LANES);
                for ((seen, sums), total) in seen.iter_mut().zip(sums).zip(totals) {
                    let places = seen.get_mut(at..).unwrap_or_default();
                    for (place, sum) in places.iter_mut().zip(sums.0) {
                        *place = sum / total;
                    }
                }
            }
        }
    }
}

fn part(all: &[Halves], length: usize, index: usize) -> &[Halves] {
    let from = length.saturating_mul(index);
    all.get(from..from.saturating_add(length))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn attention_is_a_softmax_of_products(
            rows in 1usize..50, heads in 1usize..4, width in 1usize..40, n in 1usize..80, seed in 0usize..1000,
        ) {
            let value = |i: usize, s: usize| ((i * 7919 + (seed + s) * 104_729) % 1009) as f32 / 504.5 - 1.0;
            let d = heads * width;
            let narrow = |x: f32| f64::from(half::f16::from_f32(x).to_f32());
            let keys: Vec<f32> = (0..rows * d).map(|i| value(i, 1)).collect();
            let values: Vec<f32> = (0..rows * d).map(|i| value(i, 2)).collect();
            let queries: Vec<f32> = (0..n * d).map(|i| value(i, 3)).collect();
            let mut seen = vec![9.0; n * d];
            let memory = Memory::new(&keys, &values, heads, width);
            memory.look(&queries, &mut seen);
            let shares = memory.shares(&queries);
            prop_assert_eq!(shares.len(), heads * n * rows);
            for query in 0..n {
                for head in 0..heads {
                    let at = |row: usize| row * d + head * width;
                    let scores: Vec<f64> = (0..rows).map(|row| (0..width)
                        .map(|i| narrow(keys[at(row) + i]) * f64::from(queries[at(query) + i])).sum::<f64>().exp()).collect();
                    let total: f64 = scores.iter().sum();
                    let own = &shares[(head * n + query) * rows..][..rows];
                    for (share, score) in own.iter().zip(&scores) {
                        prop_assert!((f64::from(*share) - score / total).abs() < 1e-4);
                    }
                    for i in 0..width {
                        let wanted: f64 = (0..rows).map(|row| scores[row] / total * narrow(values[at(row) + i])).sum();
                        prop_assert!((f64::from(seen[at(query) + i]) - wanted).abs() < 1e-4);
                    }
                }
            }
        }
    }
}
