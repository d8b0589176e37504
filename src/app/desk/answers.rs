//! How changes ended, until whoever asked has heard it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// Answers that wait at most; for older ones nobody asks any more.
const MOST: usize = 64;

/// The answers by the numbers that the screen gave: several may come between two frames, and none takes the place
/// of another.
#[derive(Debug)]
pub struct Answers<T>(Mutex<VecDeque<(u64, T)>>);

impl<T> Default for Answers<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Answers<T> {
    /// Takes the answer to this number away, so that it is heard once.
    pub fn take(&self, number: u64) -> Option<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|(own, _)| *own == number)?;
        all.remove(at).map(|(_, answer)| answer)
    }

    pub(super) fn put(&self, number: u64, answer: T) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back((number, answer));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_several_answers_is_heard_once() {
        let answers = Answers::default();
        answers.put(1, "parted");
        answers.put(2, "taken back");
        // Also in another order than they came in.
        assert_eq!(answers.take(2), Some("taken back"));
        assert_eq!(answers.take(1), Some("parted"));
        assert!(answers.take(1).is_none() && answers.take(2).is_none());
    }

    #[test]
    fn the_oldest_answers_give_way() {
        let answers = Answers::default();
        (0..=MOST as u64).for_each(|number| answers.put(number, ()));
        assert!(answers.take(0).is_none());
        assert!(answers.take(1).is_some());
        assert!(answers.take(MOST as u64).is_some());
    }
}
