//! A mixture of Gaussian bells with one width per number: all voices of a channel, and from it each
//! person's own.
//!
//! Source: Reynolds, Quatieri and Dunn, "Speaker verification using adapted Gaussian mixture models"
//! (2000): the mixture of all is fitted by expectation and maximisation; a person's differs from it
//! in its means, the more the more of that person was heard.

use super::cepstra::{DIMS, Frame};

/// Bells at most; fewer where little was heard.
const MOST_BELLS: usize = 32;
/// Frames that a bell needs.
const FRAMES_A_BELL: usize = 60;
/// Rounds of fitting.
const ROUNDS: usize = 12;
/// A width below this share of the whole is a bell upon one sound.
const LEAST_WIDTH: f64 = 0.01;
/// How many frames of a person count as much as the mixture of all.
const RELEVANCE: f64 = 16.0;

/// One bell.
#[derive(Clone)]
struct Bell {
    mean: [f64; DIMS],
    /// One over the squared width.
    sharp: [f64; DIMS],
    /// Logarithm of the share, and of all that does not depend on the frame.
    offset: f64,
}

/// A mixture of bells.
#[derive(Clone)]
pub(super) struct Mixture {
    bells: Vec<Bell>,
}

/// What a mixture has seen: for each bell how often, and the sum of the frames and their squares.
struct Seen {
    count: f64,
    sum: [f64; DIMS],
    squares: [f64; DIMS],
}

impl Mixture {
    /// Fits a mixture to frames; none where there are too few, or where `stops` says so.
    pub fn fit(frames: &[Frame], stops: &dyn Fn() -> bool) -> Option<Self> {
        let bells = (frames.len() / FRAMES_A_BELL).min(MOST_BELLS);
        if bells == 0 {
            return None;
        }
        let (mean, variance) = spread(frames);
        let step = frames.len() / bells;
        let share = 1.0 / bells as f64;
        // Begun from frames spread over the whole, so that it comes out the same each time.
        let start = (0..bells).map(|b| frames[b * step + step / 2].map(f64::from));
        let towards = |at: f64, middle: f64| 0.5 * (at + middle);
        let mut mixture = Self {
            bells: start
                .map(|at| {
                    let at = std::array::from_fn(|d| towards(at[d], mean[d]));
                    Bell::new(share, at, &variance)
                })
                .collect(),
        };
        let least = variance.map(|v| v * LEAST_WIDTH);
        for _ in 0..ROUNDS {
            if stops() {
                return None;
            }
            let seen = mixture.look(frames);
            mixture.refit(&seen, &least, frames.len());
        }
        Some(mixture)
    }

    /// The mixture with its means moved towards the frames of one person.
    pub fn adapted(&self, frames: &[Frame]) -> Self {
        let seen = self.look(frames);
        let mut own = self.clone();
        for (bell, seen) in own.bells.iter_mut().zip(&seen) {
            if seen.count <= 0.0 {
                continue;
            }
            let trust = seen.count / (seen.count + RELEVANCE);
            for (mean, sum) in bell.mean.iter_mut().zip(&seen.sum) {
                *mean += trust * (sum / seen.count - *mean);
            }
        }
        own
    }

    /// Natural logarithm of how likely frames are.
    pub fn of(&self, frames: &[Frame]) -> f64 {
        let one = |frame| {
            let bells = self.bells.iter().map(|bell| bell.log(frame));
            bells.reduce(log_add).unwrap_or(f64::NEG_INFINITY)
        };
        frames.iter().map(one).sum()
    }

    fn look(&self, frames: &[Frame]) -> Vec<Seen> {
        let mut seen: Vec<Seen> = self.bells.iter().map(|_| Seen::nothing()).collect();
        let mut logs = vec![0.0; self.bells.len()];
        for frame in frames {
            let mut all = f64::NEG_INFINITY;
            for (log, bell) in logs.iter_mut().zip(&self.bells) {
                *log = bell.log(frame);
                all = log_add(all, *log);
            }
            for (seen, log) in seen.iter_mut().zip(&logs) {
                let share = (log - all).exp();
                // What hardly belongs to a bell is left out for speed.
                if share > 1e-4 {
                    seen.add(share, frame);
                }
            }
        }
        seen
    }

    fn refit(&mut self, seen: &[Seen], least: &[f64; DIMS], frames: usize) {
        for (bell, seen) in self.bells.iter_mut().zip(seen) {
            if seen.count < 1.0 {
                continue;
            }
            let mean: [f64; DIMS] = std::array::from_fn(|d| seen.sum[d] / seen.count);
            let variance = std::array::from_fn(|d| {
                (seen.squares[d] / seen.count - mean[d] * mean[d]).max(least[d])
            });
            *bell = Bell::new(seen.count / frames as f64, mean, &variance);
        }
    }
}

impl Bell {
    fn new(share: f64, mean: [f64; DIMS], variance: &[f64; DIMS]) -> Self {
        let width: f64 = variance
            .iter()
            .map(|v| (std::f64::consts::TAU * v).ln())
            .sum();
        Self {
            mean,
            sharp: variance.map(|v| 1.0 / v),
            offset: share.ln() - 0.5 * width,
        }
    }

    fn log(&self, frame: &Frame) -> f64 {
        let mut sum = 0.0;
        for ((x, mean), sharp) in frame.iter().zip(&self.mean).zip(&self.sharp) {
            let away = f64::from(*x) - mean;
            sum += away * away * sharp;
        }
        self.offset - 0.5 * sum
    }
}

impl Seen {
    fn nothing() -> Self {
        Self {
            count: 0.0,
            sum: [0.0; DIMS],
            squares: [0.0; DIMS],
        }
    }

    fn add(&mut self, share: f64, frame: &Frame) {
        self.count += share;
        for ((sum, squares), x) in self.sum.iter_mut().zip(&mut self.squares).zip(frame) {
            let x = f64::from(*x);
            *sum += share * x;
            *squares += share * x * x;
        }
    }
}

/// Mean and variance of each number.
fn spread(frames: &[Frame]) -> ([f64; DIMS], [f64; DIMS]) {
    let mut all = Seen::nothing();
    for frame in frames {
        all.add(1.0, frame);
    }
    let mean: [f64; DIMS] = std::array::from_fn(|d| all.sum[d] / all.count);
    let variance =
        std::array::from_fn(|d| (all.squares[d] / all.count - mean[d] * mean[d]).max(1e-6));
    (mean, variance)
}

fn log_add(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY {
        return high;
    }
    high + (low - high).exp().ln_1p()
}
