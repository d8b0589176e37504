//! Failures of a recording that wait until a person has seen them. There is room for so many; the newest is
//! always kept, and so is every one that ended a recording.

use std::sync::{Mutex, PoisonError};

use super::board::Told;

/// So many wait; beyond them the oldest gives way that did not end a recording.
const MOST: usize = 32;

/// The failures, the first first.
#[derive(Debug, Default)]
pub(super) struct Alarms(Mutex<Vec<Alarm>>);

#[derive(Debug)]
struct Alarm {
    told: Told,
    /// The recording ended by it.
    ends: bool,
}

impl Alarms {
    /// Adds a failure. One that waits already comes again as the newest: what came between may say that it
    /// was over.
    pub(super) fn add(&self, told: Told, ends: bool) {
        let mut alarms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = alarms.iter().position(|a| a.told == told);
        let ended = known.is_some_and(|at| alarms.remove(at).ends);
        let ends = ends || ended;
        if alarms.len() >= MOST {
            // What comes now may be the worst.
            let oldest = alarms.iter().position(|a| !a.ends).unwrap_or(0);
            alarms.remove(oldest);
        }
        alarms.push(Alarm { told, ends });
    }

    /// All of them.
    pub(super) fn all(&self) -> Vec<Told> {
        let alarms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        alarms.iter().map(|a| a.told.clone()).collect()
    }

    /// A person has seen them.
    pub(super) fn clear(&self) {
        let mut alarms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        alarms.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(number: usize) -> Told {
        Told {
            what: format!("{number}"),
            next: String::new(),
        }
    }

    #[test]
    fn the_newest_alarm_is_kept_and_so_are_those_that_ended_a_recording() {
        let alarms = Alarms::default();
        alarms.add(told(0), true);
        for number in 1..MOST {
            alarms.add(told(number), false);
        }
        alarms.add(told(500), true);
        for number in 1_000..1_000 + 2 * MOST {
            alarms.add(told(number), false);
            alarms.add(told(number), false);
        }
        let left = alarms.all();
        assert_eq!(left.len(), MOST);
        assert_eq!(left.first(), Some(&told(0)), "it ended a recording");
        assert!(left.contains(&told(500)), "so did this one");
        assert_eq!(left.last(), Some(&told(1_000 + 2 * MOST - 1)));
        alarms.clear();
        assert!(alarms.all().is_empty());
        for number in [1, 2, 1] {
            alarms.add(told(number), number == 1);
        }
        assert_eq!(
            alarms.all(),
            [told(2), told(1)],
            "gone, back and gone again"
        );
    }
}
