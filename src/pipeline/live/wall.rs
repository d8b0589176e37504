//! The time of day beside the clock that nobody can set: somebody who sets the computer's clock during a
//! session leaves an entry in the record.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::audio::{self, Clock};

/// A difference between the two that is worth an entry.
const JUMP: Duration = Duration::from_millis(1500);

/// Gives the time of day.
pub(super) type TimeOfDay = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// Compares the time of day with the clock that nobody can set, which goes on while the computer sleeps.
pub(super) struct WallClock {
    wall: SystemTime,
    steady: Duration,
    time_of_day: TimeOfDay,
    clock: Clock,
}

impl WallClock {
    /// The computer's own.
    pub(super) fn system() -> Self {
        let (awake, asleep) = (audio::system_clock(), audio::sleep_clock());
        let clock: Clock = Arc::new(move || awake().saturating_add(asleep()));
        Self::of(Arc::new(SystemTime::now), clock)
    }

    /// These two.
    pub(super) fn of(time_of_day: TimeOfDay, clock: Clock) -> Self {
        Self {
            wall: time_of_day(),
            steady: clock(),
            time_of_day,
            clock,
        }
    }

    /// Seconds by which the time of day has jumped since this was last asked.
    pub(super) fn jump(&mut self) -> Option<f64> {
        let (wall, steady) = ((self.time_of_day)(), (self.clock)());
        let seconds = |d: Duration| d.as_secs_f64();
        let passed = match wall.duration_since(self.wall) {
            Ok(forward) => seconds(forward),
            Err(back) => -seconds(back.duration()),
        };
        let jump = passed - seconds(steady.saturating_sub(self.steady));
        (self.wall, self.steady) = (wall, steady);
        (jump.abs() >= seconds(JUMP)).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Instant;

    use super::super::Live;
    use super::super::several_tests::{MONO, Scripted};
    use super::super::tests::{Bed, engines, events};
    use super::*;
    use crate::audio::{Recorder, RecorderPlan, Series, SharedChain, SystemDisk};
    use crate::domain::EventKind;
    use crate::store::Store;

    #[test]
    fn a_jump_of_the_clock_is_seen_in_both_directions_and_ordinary_time_is_none() {
        let (wall, steady) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let (day, clock) = (wall.clone(), steady.clone());
        let second = |count: &AtomicU64| Duration::from_secs(count.load(Ordering::Relaxed));
        let mut both = WallClock::of(
            Arc::new(move || SystemTime::UNIX_EPOCH + second(&day)),
            Arc::new(move || second(&clock)),
        );
        let mut at = |of_day, of_clock| {
            wall.store(of_day, Ordering::Relaxed);
            steady.store(of_clock, Ordering::Relaxed);
            both.jump()
        };
        assert_eq!(at(1, 1), None);
        let ahead = at(3602, 2);
        assert!((ahead.unwrap() - 3600.0).abs() < 0.01, "{ahead:?}");
        let back = at(3, 3);
        assert!((back.unwrap() + 3600.0).abs() < 0.01, "{back:?}");
        assert_eq!(at(4, 4), None);
    }

    #[test]
    fn a_clock_that_somebody_sets_during_a_session_stands_in_its_record() {
        let bed = Bed::new();
        let plan = bed.plan("20261124-010000-000041");
        let steady = audio::system_clock();
        // The time of day: far from both ends, and moved by what the test sets.
        let (set, own) = (Arc::new(AtomicU64::new(1_000_000)), steady.clone());
        let moved = set.clone();
        let day: TimeOfDay = Arc::new(move || {
            let moved = Duration::from_secs(moved.load(Ordering::Relaxed));
            SystemTime::UNIX_EPOCH + moved + own()
        });
        let recorder = Recorder::arm(RecorderPlan {
            open: Scripted::new(&steady, MONO).opener(),
            channels: 1,
            disk: Arc::new(SystemDisk),
            clock: steady.clone(),
            slept: audio::sleep_clock(),
            part: Duration::from_secs(600),
            series: Series::default(),
            chain: SharedChain::default(),
        });
        let spawn = |_: &str, work| std::thread::Builder::new().spawn(work);
        let live = Live::begin_by(
            (WallClock::of(day, steady), &spawn),
            vec![recorder.unwrap()],
            &plan,
            bed.place(),
            Box::new(|_| Ok(engines(false))),
        )
        .unwrap();
        let jumps = || {
            let entries = Store::open(&bed.store()).unwrap().events(&plan.id).unwrap();
            let clocks = entries.into_iter().filter(|e| e.kind == EventKind::Clock);
            clocks.collect::<Vec<_>>()
        };
        for (number, to) in [(1, 1_003_600), (2, 996_400)] {
            set.store(to, Ordering::Relaxed);
            let begun = Instant::now();
            while jumps().len() < number {
                assert!(begun.elapsed() < Duration::from_secs(60), "{to}");
                live.event(Duration::from_millis(50));
            }
        }
        live.stop();
        events(&live);
        live.finish().unwrap();
        let found = jumps();
        let labels: Vec<&str> = found.iter().map(|e| e.label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "the computer's clock jumped by +3600.0 s",
                "the computer's clock jumped by -7200.0 s"
            ]
        );
        // At its place in the sound, which no clock of the day moves.
        assert!(found[0].span.start < found[1].span.start, "{found:?}");
    }
}
