//! How far a microphone's own clock runs behind the computer's. Each microphone counts its samples by a
//! crystal of its own; what arrives late was delayed on the way, so the least delay of a stretch of
//! time tells the clock, as the filter of RFC 5905, section 10, has it.

use std::time::Duration;

use crate::domain::{SAMPLE_RATE, SamplePos};

/// A stretch of time that gives one figure.
const WINDOW: Duration = Duration::from_secs(10);

/// Watches one microphone's clock.
#[derive(Debug, Default)]
pub(super) struct LagWatch {
    zero: Duration,
    /// Time that the clock did not count, and the sound did.
    asleep: Duration,
    begun: Option<Duration>,
    least: i64,
}

impl LagWatch {
    /// For a session that started at this moment of the clock.
    pub(super) fn since(zero: Duration) -> Self {
        Self {
            zero,
            ..Self::default()
        }
    }

    /// The computer slept and silence of this length was written. The running window gives no figure.
    pub(super) fn skip(&mut self, asleep: Duration) {
        self.asleep = self.asleep.saturating_add(asleep);
        self.begun = None;
    }

    /// Sound up to `position` had come at `now`. At the end of a window gives its figure, in
    /// microseconds: how long after its moment the sound was there.
    pub(super) fn look(&mut self, now: Duration, position: SamplePos) -> Option<i64> {
        let now = now.saturating_add(self.asleep).saturating_sub(self.zero);
        let reached = u128::from(position.0) * 1_000_000 / u128::from(SAMPLE_RATE);
        let lag = to_i64(now.as_micros()).saturating_sub(to_i64(reached));
        let Some(begun) = self.begun else {
            (self.begun, self.least) = (Some(now), lag);
            return None;
        };
        self.least = self.least.min(lag);
        if now.saturating_sub(begun) < WINDOW {
            return None;
        }
        self.begun = None;
        Some(self.least)
    }
}

fn to_i64(micros: u128) -> i64 {
    i64::try_from(micros).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_crystal_shows_however_unevenly_its_sound_arrives() {
        let mut watch = LagWatch::default();
        let mut figures = Vec::new();
        // 100 parts in a million slow, in blocks of 10 ms that come up to 49 ms late.
        for block in 1..=6_000_u64 {
            let late = (block * 7_919) % 50;
            let now = Duration::from_millis(block * 10 + late);
            let samples = (block as f64 * 160.0 * (1.0 - 100e-6)) as u64;
            figures.extend(watch.look(now, SamplePos(samples)));
        }
        assert!(figures.len() >= 5, "{figures:?}");
        let (first, last) = (figures[0], figures[figures.len() - 1]);
        // 100 millionths of the fifty seconds between the two are 5 ms.
        assert!((3_500..=6_500).contains(&(last - first)), "{figures:?}");
        assert!(first < 3_000, "delay is not lag: {figures:?}");
    }
}
