//! Keeps the computer from going to sleep while an interview is recorded, on Windows. Best effort: where
//! the system refuses, the person is told.

use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use keepawake::KeepAwake;

/// Awake until it is dropped, or until this program ends, however it ends.
pub(super) struct Awake {
    /// The thread ends when nobody holds this any more.
    _end: Sender<()>,
    thread: JoinHandle<()>,
}

impl Awake {
    /// Asks the system to stay awake; `None` where it refuses.
    pub(super) fn ask() -> Option<Self> {
        let (answer, answered) = mpsc::channel();
        let (_end, ended) = mpsc::channel::<()>();
        // The system keeps a request for the thread that made it, and only as long as that lives.
        let thread = thread::Builder::new().name("awake".to_owned());
        let thread = thread.spawn(move || {
            let request = request();
            let _ = answer.send(request.is_some()); // nobody waits where the program ends
            if request.is_some() {
                let _ = ended.recv(); // nothing is sent: it is the end
            }
        });
        let awake = Self {
            _end,
            thread: thread.ok()?,
        };
        (answered.recv() == Ok(true)).then_some(awake)
    }

    /// Whether the request still stands.
    pub(super) fn holds(&self) -> bool {
        !self.thread.is_finished()
    }
}

/// Most portables sleep as soon as the screen is dark, so it is kept lit. Where the system refuses to go on
/// behind its button for sleep it is asked for the rest.
fn request() -> Option<KeepAwake> {
    [true, false].into_iter().find_map(|at_the_button| {
        let mut wanted = keepawake::Builder::default();
        wanted.display(true).idle(true).sleep(at_the_button);
        wanted.create().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_stands_until_it_is_dropped_and_another_may_follow() {
        for _ in 0..2 {
            let awake = Awake::ask().unwrap();
            assert!(awake.holds());
            let Awake { _end, thread } = awake;
            drop(_end);
            thread.join().unwrap(); // hangs if the thread is not ended
        }
    }
}
