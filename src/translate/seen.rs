//! A translation as the decoder sees it while it is read once more: how likely each token is, and which
//! part of the source it looks at.

use std::ops::Range;

use super::beam;
use super::error::StepError;
use super::model::{Decoding, Hidden};
use super::terms::share;

/// A part of the translation with more than this share of all the attention that another word of the
/// source gets says that word too.
const LOST: f32 = 0.6;
/// Source tokens that get less than this in all say nothing.
const FAINT: f32 = 0.3;

/// A translation as the decoder sees it: for each token and the end, the scores and the attention.
pub(super) struct Seen {
    pub tokens: Vec<u32>,
    /// Log-probabilities, `(n + 1, vocab)`.
    pub scores: Vec<Vec<f32>>,
    /// `(n + 1, source)`.
    pub looks: Vec<Vec<f32>>,
}

impl Seen {
    /// Log-probability of `token` at this place.
    pub fn log(&self, place: usize, token: u32) -> f32 {
        self.scores
            .get(place)
            .map_or(f32::NAN, |row| log(row, token))
    }
}

/// Log-probabilities of what comes after hidden states, `(n, vocab)`.
pub(super) fn scores(
    decoding: &mut Decoding<'_>,
    hidden: &Hidden,
) -> Result<Vec<Vec<f32>>, StepError> {
    let mut rows = decoding.logits(hidden)?;
    for row in &mut rows {
        let normaliser = beam::normaliser(row)?;
        row.iter_mut().for_each(|logit| *logit -= normaliser);
    }
    Ok(rows)
}

/// The token's log-probability in a row of them.
pub(super) fn log(row: &[f32], token: u32) -> f32 {
    row.get(token as usize).copied().unwrap_or(f32::NAN)
}

/// Each token's share of attention on the columns, as a part of the highest.
pub(super) fn relative(seen: &Seen, columns: &Range<usize>) -> Vec<f32> {
    let looks = seen.looks.iter().take(seen.tokens.len());
    let shares: Vec<f32> = looks.map(|look| share(look, columns)).collect();
    let most = shares.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    shares.iter().map(|s| s / most).collect()
}

/// Whether these tokens are most of what stands for another word of the source.
pub(super) fn says(seen: &Seen, part: Range<usize>, columns: &[Range<usize>]) -> bool {
    let width = seen.looks.first().map_or(0, Vec::len);
    let at = |row: &Vec<f32>, column: usize| row.get(column).copied().unwrap_or(0.0);
    let sum = |rows: &[Vec<f32>], column: usize| rows.iter().map(|r| at(r, column)).sum::<f32>();
    let all = seen.looks.get(..seen.tokens.len()).unwrap_or_default();
    let own = all.get(part).unwrap_or_default();
    // The ends of the source are where attention rests.
    (1..width.saturating_sub(1))
        .filter(|column| !columns.iter().any(|own| own.contains(column)))
        .any(|column| {
            let whole = sum(all, column);
            whole >= FAINT && sum(own, column) > LOST * whole
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_stands_for_another_word_is_known() {
        let seen = Seen {
            tokens: vec![7, 8],
            scores: Vec::new(),
            looks: vec![
                vec![0.0, 0.9, 0.1, 0.0],
                vec![0.0, 0.2, 0.8, 0.0],
                vec![1.0, 0.0, 0.0, 0.0],
            ],
        };
        let says = |part, own: Range<usize>| says(&seen, part, &[own]);
        assert!(!says(1..2, 2..3));
        assert!(says(0..2, 2..3));
        assert!(!says(0..2, 1..3));
    }
}
