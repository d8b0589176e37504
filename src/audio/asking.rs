//! What people ask of a recorder, from any thread: nobody waits for its disk, and nothing that was asked in
//! time is lost between two threads.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Error;

/// Orders that wait for a recorder: more than a person gives while its disk is stuck.
const MOST: usize = 64;

/// What a person asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// With the reason.
    Pause(String),
    Resume,
    /// In the person's words.
    Mark(String),
}

/// An order with its moment.
#[derive(Debug)]
pub(super) struct Asked {
    pub what: Ask,
    /// By the recorder's clock.
    pub at: Duration,
}

/// Tells a recorder what a person asks for, from any thread and without waiting for it.
#[derive(Clone, Default)]
pub struct Asking(Arc<Mutex<Asks>>);

#[derive(Default)]
struct Asks {
    waiting: VecDeque<Asked>,
    stop: bool,
    /// Nobody listens any more.
    over: bool,
}

impl Asking {
    /// Hears nothing from this moment of the recorder's clock on until [`Self::resume`]; silence is recorded, so
    /// that time goes on. The reason stands in the journal; one pause has one, and a second order during it
    /// changes nothing. False where too many orders wait already.
    ///
    /// # Errors
    /// `Stopped` where the recorder has ended.
    pub fn pause(&self, reason: &str, at: Duration) -> Result<bool, Error> {
        self.ask(Ask::Pause(reason.to_owned()), at)
    }

    /// Hears again from this moment of the clock on. False as for [`Self::pause`].
    ///
    /// # Errors
    /// `Stopped` where the recorder has ended.
    pub fn resume(&self, at: Duration) -> Result<bool, Error> {
        self.ask(Ask::Resume, at)
    }

    /// Writes these words into the journal, at this moment of the clock. False as for [`Self::pause`].
    ///
    /// # Errors
    /// `Stopped` where the recorder has ended.
    pub fn mark(&self, what: &str, at: Duration) -> Result<bool, Error> {
        self.ask(Ask::Mark(what.to_owned()), at)
    }

    /// Asks for the end, after what was asked before; the notice `Stopped` tells when the files are closed.
    pub fn stop(&self) {
        self.asks().stop = true;
    }

    fn ask(&self, what: Ask, at: Duration) -> Result<bool, Error> {
        let mut asks = self.asks();
        if asks.over {
            return Err(Error::Stopped);
        }
        let fits = asks.waiting.len() < MOST;
        if fits {
            asks.waiting.push_back(Asked { what, at });
        }
        Ok(fits)
    }

    /// What was asked since the last look, and whether the end was.
    pub(super) fn take(&self) -> (VecDeque<Asked>, bool) {
        let mut asks = self.asks();
        (std::mem::take(&mut asks.waiting), asks.stop)
    }

    /// The last of it: nothing is taken any more.
    pub(super) fn close(&self) -> VecDeque<Asked> {
        let mut asks = self.asks();
        asks.over = true;
        std::mem::take(&mut asks.waiting)
    }

    fn asks(&self) -> MutexGuard<'_, Asks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_taken_once_or_refused() {
        let asking = Asking::default();
        let at = Duration::from_secs(1);
        assert!(asking.mark("ຫຼັກຖານ 1", at).unwrap());
        asking.clone().stop();
        let (taken, stop) = asking.take();
        assert!(taken.len() == 1 && stop);
        for _ in 0..MOST {
            assert!(asking.resume(at).unwrap());
        }
        assert!(!asking.pause("休息", at).unwrap());
        assert_eq!(asking.close().len(), MOST);
        assert!(matches!(asking.mark("证据", at), Err(Error::Stopped)));
        assert!(asking.close().is_empty());
    }
}
