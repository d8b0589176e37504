//! Positions in the 16 kHz working copy. Whole samples only: float seconds drift over a long interview.

use serde::{Deserialize, Serialize};

/// Samples a second in the working copy that recognition reads.
pub const SAMPLE_RATE: u32 = 16_000;
const SAMPLES_PER_MS: u64 = SAMPLE_RATE as u64 / 1000;

/// A position in a recording, in samples at 16 kHz from its start.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct SamplePos(pub u64);

impl SamplePos {
    /// The position `ms` milliseconds from the start. Saturates instead of wrapping.
    pub const fn from_ms(ms: u64) -> Self {
        Self(ms.saturating_mul(SAMPLES_PER_MS))
    }

    /// Milliseconds from the start, rounded to the nearest.
    pub const fn as_ms(self) -> u64 {
        self.0.saturating_add(SAMPLES_PER_MS / 2) / SAMPLES_PER_MS
    }
}

/// A half-open stretch of sound, `start` inclusive to `end` exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Span {
    /// First sample.
    pub start: SamplePos,
    /// One past the last sample; never before `start`.
    pub end: SamplePos,
}

impl Span {
    /// A span between two positions; an end before the start gives an empty span.
    pub fn new(start: SamplePos, end: SamplePos) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// Length in samples.
    pub const fn samples(self) -> u64 {
        self.end.0.saturating_sub(self.start.0)
    }

    /// Length in milliseconds.
    pub const fn duration_ms(self) -> u64 {
        SamplePos(self.samples()).as_ms()
    }

    /// Samples that both spans hold.
    pub fn overlap(self, other: Span) -> u64 {
        let start = self.start.max(other.start);
        let end = self.end.min(other.end);
        end.0.saturating_sub(start.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_survive_a_day() {
        let day_ms = 24 * 3600 * 1000;
        for ms in [0, 1, 999, 1000, day_ms - 1, day_ms] {
            assert_eq!(SamplePos::from_ms(ms).as_ms(), ms);
        }
    }

    #[test]
    fn a_backward_span_is_empty() {
        let span = Span::new(SamplePos(10), SamplePos(5));
        assert_eq!(span.samples(), 0);
    }
}
