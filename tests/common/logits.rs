//! Logits of an engine beside those of a reference, as the scripts in `tests/parity` write them down.

use std::path::Path;

use serde::Deserialize;

/// How much further from the reference's own Q8_0 weights an engine may be than the reference is when it too
/// rounds the other side of each product to 8 bits, as candle does (see `parity/rounding.py`).
const PACKED_SHARE: f64 = 1.5;

/// The logits of one step: some of them, and the sum of all.
#[derive(Deserialize)]
pub struct Row {
    values: Vec<f64>,
    sum: f64,
}

/// How the rows were written: the size of the vocabulary, and the step from one written logit to the next.
pub struct Written {
    pub vocab_size: usize,
    pub logit_step: usize,
}

/// The differences between rows of logits and those wanted: of the written ones, and of each row's mean.
pub struct Differences {
    values: Vec<f64>,
    means: Vec<f64>,
}

impl Differences {
    /// Of `rows` from those wanted.
    pub fn of(rows: &[Vec<f32>], wanted: &[Row], written: &Written) -> Self {
        assert_eq!(rows.len(), wanted.len());
        let (mut values, mut means) = (Vec::new(), Vec::new());
        for (row, wanted) in rows.iter().zip(wanted) {
            assert_eq!(row.len(), written.vocab_size);
            let some = row.iter().step_by(written.logit_step).zip(&wanted.values);
            values.extend(some.map(|(value, wanted)| (f64::from(*value) - wanted).abs()));
            let sum: f64 = row.iter().map(|v| f64::from(*v)).sum();
            means.push((sum - wanted.sum).abs() / row.len() as f64);
        }
        Self { values, means }
    }

    /// The largest of all.
    pub fn largest(&self) -> f64 {
        let all = self.values.iter().chain(&self.means);
        all.copied().fold(0.0, f64::max)
    }
}

/// Refuses logits of Q8_0 weights that are further from the reference than rounding takes them: `rounding` is
/// the root of the mean square of what that changes.
pub fn check_packed(name: &Path, differences: &Differences, rounding: f64) {
    let squares: f64 = differences.values.iter().map(|d| d * d).sum();
    let apart = (squares / differences.values.len() as f64).sqrt();
    println!(
        "{}: Q8_0 differs by {apart:.3} (at most {:.3}), the reference's own rounding by {rounding:.3}",
        name.display(),
        differences.largest()
    );
    let most = PACKED_SHARE * rounding;
    assert!(rounding > 0.0 && apart < most, "{}", name.display());
}
