//! How corrections ended, until whoever asked has heard it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use super::board::Saved;

/// Answers that wait at most; for older ones nobody asks any more.
const MOST: usize = 64;

/// The answers by their numbers: several may come between two frames, and none takes the place of another.
#[derive(Debug, Default)]
pub struct Answers(Mutex<VecDeque<Saved>>);

impl Answers {
    /// Takes the answer to this number away, so that it is heard once.
    pub fn take(&self, number: u64) -> Option<Saved> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = all.iter().position(|saved| saved.number == number)?;
        all.remove(at)
    }

    pub(super) fn put(&self, saved: Saved) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.pop_front();
        }
        all.push_back(saved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(number: u64) -> Saved {
        Saved {
            number,
            failed: None,
            passes: false,
        }
    }

    #[test]
    fn each_of_several_answers_is_heard_once() {
        let answers = Answers::default();
        answers.put(saved(1));
        answers.put(saved(2));
        assert_eq!(answers.take(1).map(|a| a.number), Some(1));
        assert!(answers.take(1).is_none());
        assert_eq!(answers.take(2).map(|a| a.number), Some(2));
    }

    #[test]
    fn the_oldest_answers_give_way() {
        let answers = Answers::default();
        (0..=MOST as u64).for_each(|number| answers.put(saved(number)));
        assert!(answers.take(0).is_none());
        assert!(answers.take(1).is_some());
        assert!(answers.take(MOST as u64).is_some());
    }
}
