//! A sound card's stream on a thread of its own. Where the sound system hangs, as it may when its service
//! dies, letting go of the stream hangs as well: then that thread waits, and the recorder goes on.

use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use super::Error;

/// Whoever lets go waits so long until the device is free again, for the next one who opens it.
const LETS_GO: Duration = Duration::from_secs(1);

/// Something that lives on its own thread until this is dropped.
pub(super) struct Held {
    /// Its thread waits until this is gone.
    wanted: Option<Sender<()>>,
    /// Ends when its thread does.
    gone: Receiver<()>,
}

impl Held {
    /// Makes it there, and hands out what comes with it.
    ///
    /// # Errors
    /// Those of making it; `Stopped` where there is no thread for it.
    pub(super) fn make<S, T: Send + 'static>(
        make: impl FnOnce() -> Result<(S, T), Error> + Send + 'static,
    ) -> Result<(Self, T), Error> {
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
        let heard = answer.recv().map_err(|_| Error::Stopped)??;
        let held = Self {
            wanted: Some(wanted),
            gone,
        };
        Ok((held, heard))
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
        let (held, number) = Held::make(move || Ok((Hangs(waits, own), 7))).unwrap();
        assert_eq!(number, 7);
        drop(held);
        assert!(!gone.load(Ordering::Acquire), "it hangs still");
        drop(let_it);
        let (let_it, waits) = channel::<()>();
        drop(let_it);
        let gone = Arc::new(AtomicBool::new(false));
        let own = gone.clone();
        let (held, ()) = Held::make(move || Ok((Hangs(waits, own), ()))).unwrap();
        drop(held);
        assert!(gone.load(Ordering::Acquire));
        let refused = Held::make(|| Err::<((), ()), _>(Error::NoMicrophone));
        assert!(matches!(refused.map(|_| ()), Err(Error::NoMicrophone)));
    }
}
