//! How far a microphone's own clock runs behind the computer's. Each microphone counts its samples by a
//! crystal of its own; what arrives late was delayed on the way, so the least delay of a stretch of
//! time tells the clock, as the filter of RFC 5905, section 10, has it.

use std::time::Duration;

use crate::domain::{SAMPLE_RATE, SamplePos};

/// A stretch of time that gives one figure.
const WINDOW: Duration = Duration::from_secs(10);

/// What a stretch of time showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stretch {
    /// How long after its moment the sound was there at best, in microseconds.
    Figure(i64),
    /// Nothing: sound waited all the while, and how late that was tells of the disk and not of the microphone.
    Unknown,
}

/// Watches one microphone's clock.
#[derive(Debug, Default)]
pub(super) struct LagWatch {
    zero: Duration,
    /// Time that the clock did not count, and the sound did.
    asleep: Duration,
    begun: Option<Duration>,
    least: i64,
    /// All that was heard had been taken at some moment of the stretch.
    emptied: bool,
    /// The figure of the last stretch, microseconds.
    last: i64,
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

    /// The running stretch gives no figure: the microphone was away in it.
    pub(super) fn anew(&mut self) {
        self.begun = None;
    }

    /// Nothing waits in the source now.
    pub(super) fn emptied(&mut self) {
        self.emptied = true;
    }

    /// Silence of this length stands now for what had made the sound late.
    pub(super) fn caught_up(&mut self, by: Duration) {
        self.last = self.last.saturating_sub(to_i64(by.as_micros()));
        self.begun = None;
    }

    /// Where in the sound this moment of the clock stands, as far as the microphone's own clock is known.
    pub(super) fn place(&self, moment: Duration) -> SamplePos {
        self.place_at(moment, self.last)
    }

    /// The last place in the sound at which this moment of the clock can stand.
    pub(super) fn latest(&self, moment: Duration) -> SamplePos {
        self.place_at(moment, self.last.min(0))
    }

    fn place_at(&self, moment: Duration, lag: i64) -> SamplePos {
        let since = moment.saturating_add(self.asleep).saturating_sub(self.zero);
        let micros = to_i64(since.as_micros()).saturating_sub(lag).max(0);
        let samples = micros.unsigned_abs() as u128 * u128::from(SAMPLE_RATE) / 1_000_000;
        SamplePos(u64::try_from(samples).unwrap_or(u64::MAX))
    }

    /// Sound up to `position` had come at `now`. At the end of a stretch says what it showed.
    pub(super) fn look(&mut self, now: Duration, position: SamplePos) -> Option<Stretch> {
        let now = now.saturating_add(self.asleep).saturating_sub(self.zero);
        let reached = u128::from(position.0) * 1_000_000 / u128::from(SAMPLE_RATE);
        let lag = to_i64(now.as_micros()).saturating_sub(to_i64(reached));
        let Some(begun) = self.begun else {
            (self.begun, self.least, self.emptied) = (Some(now), lag, false);
            return None;
        };
        self.least = self.least.min(lag);
        if now.saturating_sub(begun) < WINDOW {
            return None;
        }
        self.begun = None;
        if !self.emptied {
            return Some(Stretch::Unknown);
        }
        self.last = self.least;
        Some(Stretch::Figure(self.least))
    }
}

/// A rise of the least delay from one stretch to the next that no crystal explains, microseconds: thirty
/// times what one of 100 ppm drifts meanwhile.
const RISE: i64 = 30_000;
/// Most by which what is usual falls from one stretch to the next, microseconds, as a crystal drifts: a delay
/// that comes and goes is no loss each time that it comes.
const FALL: i64 = 1_000;

/// Finds sound that was lost without a word: a plugin of the sound system may hide an overrun, and then
/// everything after it comes later than it should, for good. What is only late is back in time in some block
/// of the stretch, and a crystal that drifts does so slowly.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// The figure before the rise.
    usual: Option<i64>,
    /// How much it rose in the stretch that just ended.
    rose: Option<i64>,
}

impl Hidden {
    /// Takes the figure of one stretch. Gives what is missing once the next one is as late as the one that
    /// rose.
    pub(super) fn look(&mut self, figure: i64) -> Option<Duration> {
        let usual = *self.usual.get_or_insert(figure);
        let rise = figure.saturating_sub(usual);
        let before = self.rose.take();
        if rise < RISE {
            self.usual = Some(figure.max(usual.saturating_sub(FALL)));
            return None;
        }
        let Some(before) = before else {
            self.rose = Some(rise);
            return None;
        };
        Some(Duration::from_micros(before.min(rise).unsigned_abs()))
    }

    /// A stretch without a figure: the one before it is not the one before the next.
    pub(super) fn skip(&mut self) {
        self.rose = None;
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
            if let Some(Stretch::Figure(figure)) = watch.look(now, SamplePos(samples)) {
                figures.push(figure);
            }
            watch.emptied();
        }
        assert!(figures.len() >= 5, "{figures:?}");
        let (first, last) = (figures[0], figures[figures.len() - 1]);
        // 100 millionths of the fifty seconds between the two are 5 ms.
        assert!((3_500..=6_500).contains(&(last - first)), "{figures:?}");
        assert!(first < 3_000, "delay is not lag: {figures:?}");
    }

    #[test]
    fn a_stretch_in_which_sound_always_waited_gives_no_figure_and_moves_no_order() {
        let mut watch = LagWatch::default();
        let mut shown = Vec::new();
        let asked = Duration::from_secs(1);
        // A second of the clock for every half a second of sound, after twelve seconds that went well.
        for second in 1..=40_u64 {
            let reached = second.min(12) * 2 + second.saturating_sub(12);
            let at = SamplePos(reached * u64::from(SAMPLE_RATE) / 2);
            shown.extend(watch.look(Duration::from_secs(second), at));
            if second < 12 {
                watch.emptied();
            }
            assert_eq!(watch.place(asked), SamplePos(u64::from(SAMPLE_RATE)));
        }
        let figures = |s: &&Stretch| matches!(s, Stretch::Figure(_));
        assert_eq!(shown.iter().filter(figures).count(), 1, "{shown:?}");
        assert!(shown.len() > 2, "{shown:?}");
    }

    #[test]
    fn what_silence_stands_for_is_no_lateness_any_more() {
        let mut watch = LagWatch::default();
        for second in 0..=10_u64 {
            // Each second's sound comes 250 ms late.
            let samples = second * u64::from(SAMPLE_RATE);
            watch.look(
                Duration::from_millis(second * 1000 + 250),
                SamplePos(samples),
            );
            watch.emptied();
        }
        let (asked, late) = (Duration::from_secs(5), Duration::from_millis(250));
        assert_eq!(watch.place(asked), SamplePos::from_ms(4_750));
        watch.caught_up(late);
        assert_eq!(watch.place(asked), SamplePos::from_ms(5_000));
    }

    /// What was found missing, in milliseconds, where each stretch has this figure in milliseconds.
    fn missing(figures: &[i64]) -> Vec<u128> {
        let mut hidden = Hidden::default();
        let found = figures.iter().filter_map(|ms| hidden.look(ms * 1000));
        found.map(|missing| missing.as_millis()).collect()
    }

    #[test]
    fn a_rise_that_stays_is_sound_that_was_lost_and_nothing_else_is() {
        assert_eq!(missing(&[5, 5, 65, 66, 6]), [60]);
        // Lost in two stretches: what is known to be missing first, the rest later.
        assert_eq!(missing(&[5, 45, 105, 65, 65]), [40, 60]);
        // A busy machine, a service that delivers late for a while, and one that is early again.
        assert!(missing(&[5, 400, 7, 390, 6, 6]).is_empty());
        assert!(missing(&[5, 33, 34, 33]).is_empty());
        assert!(missing(&[90, 5, 5, 30]).is_empty());
        assert!(missing(&[]).is_empty());
        // A delay that falls away and comes back again and again, for as long each time.
        assert!(missing(&[65, 65, 5, 5, 65, 65, 5, 5, 65, 65]).is_empty());
        // A millisecond a stretch, for eight hours.
        let drift: Vec<i64> = (0..2_880).collect();
        assert!(missing(&drift).is_empty());
        let fast: Vec<i64> = drift.iter().map(|ms| -ms).collect();
        assert!(missing(&fast).is_empty());
    }
}
