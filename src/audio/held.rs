//! A sound card's stream on a thread of its own. Where the sound system hangs, as it may when its service
//! dies, letting go of the stream hangs as well: then that thread waits, and the recorder goes on.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use super::Error;

/// Whoever lets go waits so long until the device is free again, for the next one who opens it.
const LETS_GO: Duration = Duration::from_secs(1);
/// A sound system that does not answer for so long hangs. Less than a disk may take nothing without being told
/// of: nothing is forced to it meanwhile.
const ANSWERS: Duration = Duration::from_secs(3);

/// Something that lives on its own thread until this is dropped.
pub(super) struct Held {
    /// Its thread waits until this is gone.
    wanted: Option<Sender<()>>,
    /// Ends when its thread does.
    gone: Receiver<()>,
}

/// Something that is being made on its thread, and what comes with it.
struct Begun<T> {
    answer: Receiver<Result<T, Error>>,
    held: Held,
}

/// Makes the same thing again whenever it is wanted, and no second one while the first hangs.
pub(super) struct Maker<T> {
    hangs: Option<Begun<T>>,
    patience: Duration,
}

impl<T> Default for Maker<T> {
    fn default() -> Self {
        Self {
            hangs: None,
            patience: ANSWERS,
        }
    }
}

impl<T: Send + 'static> Maker<T> {
    /// Makes it, or asks for the one that did not answer before, and hands out what comes with it. `None`
    /// while the sound system does not answer: then it is asked for again by the next call.
    ///
    /// # Errors
    /// Those of making it; `Stopped` where there is no thread for it.
    pub(super) fn make<S>(
        &mut self,
        make: impl FnOnce() -> Result<(S, T), Error> + Send + 'static,
    ) -> Result<Option<(Held, T)>, Error> {
        let (begun, patience) = match self.hangs.take() {
            Some(begun) => (begun, Duration::ZERO),
            None => (Begun::on_its_thread(make)?, self.patience),
        };
        match begun.answer.recv_timeout(patience) {
            Ok(answer) => Ok(Some((begun.held, answer?))),
            Err(RecvTimeoutError::Timeout) => {
                self.hangs = Some(begun);
                Ok(None)
            }
            Err(RecvTimeoutError::Disconnected) => Err(Error::Stopped),
        }
    }
}

impl<T: Send + 'static> Begun<T> {
    fn on_its_thread<S>(
        make: impl FnOnce() -> Result<(S, T), Error> + Send + 'static,
    ) -> Result<Self, Error> {
        let (made, answer) = sync_channel(1);
        let (wanted, until) = channel::<()>();
        let (lives, gone) = channel::<()>();
        let hold = move || {
            match make() {
                Ok((stream, heard)) => {
                    if made.send(Ok(heard)).is_ok() {
                        let _ = until.recv(); // nothing is ever sent: it ends when nobody wants it
                    }
                    drop(stream);
                }
                Err(e) => drop(made.send(Err(e))),
            }
            drop(lives);
        };
        let thread = thread::Builder::new().name("sound card".into());
        thread.spawn(hold).map_err(|_| Error::Stopped)?;
        let held = Held {
            wanted: Some(wanted),
            gone,
        };
        Ok(Self { answer, held })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.wanted = None;
        let _ = self.gone.recv_timeout(LETS_GO); // whether it was let go or hangs
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Cannot be let go of before somebody lets it.
    struct Hangs(Receiver<()>, Arc<AtomicBool>);

    impl Drop for Hangs {
        fn drop(&mut self) {
            let _ = self.0.recv();
            self.1.store(true, Ordering::Release);
        }
    }

    #[test]
    fn a_stream_that_hangs_holds_nobody_up_and_another_is_gone_when_it_was_let_go() {
        let (let_it, waits) = channel();
        let gone = Arc::new(AtomicBool::new(false));
        let own = gone.clone();
        let made = Maker::default().make(move || Ok((Hangs(waits, own), 7)));
        let (held, number) = made.unwrap().unwrap();
        assert_eq!(number, 7);
        drop(held);
        assert!(!gone.load(Ordering::Acquire), "it hangs still");
        drop(let_it);
        let (let_it, waits) = channel::<()>();
        drop(let_it);
        let gone = Arc::new(AtomicBool::new(false));
        let own = gone.clone();
        let made = Maker::default().make(move || Ok((Hangs(waits, own), ())));
        drop(made.unwrap());
        assert!(gone.load(Ordering::Acquire));
        let refused = Maker::default().make(|| Err::<((), ()), _>(Error::NoMicrophone));
        assert!(matches!(refused.map(|_| ()), Err(Error::NoMicrophone)));
    }

    #[test]
    fn a_service_that_is_frozen_is_waited_for_once_and_no_second_thread_is_begun() {
        let (thaw, frozen) = channel::<()>();
        let mut maker = Maker {
            patience: Duration::from_millis(10),
            ..Maker::default()
        };
        let opens = move || {
            let _ = frozen.recv();
            Ok(((), 7))
        };
        assert!(maker.make(opens).unwrap().is_none());
        let never = || -> Result<((), i32), Error> { panic!("a second one while the first hangs") };
        assert!(maker.make(never).unwrap().is_none());
        drop(thaw);
        let (_held, number) = loop {
            if let Some(made) = maker.make(never).unwrap() {
                break made;
            }
            thread::yield_now();
        };
        assert_eq!(number, 7);
        // And the next one is made anew.
        let (_held, number) = maker.make(|| Ok(((), 8))).unwrap().unwrap();
        assert_eq!(number, 8);
    }
}
