//! Reads finished parts for their hashes beside the clerk: ten minutes of sound take a while, and pauses,
//! markers and alarms do not wait for it.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use crate::audio::Part;
use crate::store::NewAudio;

use super::Error;
use super::entries::audio_of;

/// What became of a part.
pub(super) type Hashed = Result<NewAudio, Error>;
/// Reads a part.
type Read = Box<dyn Fn(&Part) -> Hashed + Send>;

/// The thread that reads parts. Dropping it waits for the part in hand.
pub(super) struct Hashing {
    /// Without a bound: a part is a name, and there is one in ten minutes.
    parts: Option<Sender<Part>>,
    done: Receiver<Hashed>,
    waiting: usize,
    thread: Option<JoinHandle<()>>,
}

impl Hashing {
    /// For the parts in this folder.
    pub(super) fn of(folder: PathBuf) -> Self {
        Self::with(Box::new(move |part| audio_of(&folder, part)))
    }

    fn with(read: Read) -> Self {
        let (parts, inbox) = channel::<Part>();
        let (outbox, done) = channel();
        let work = move || {
            for part in inbox {
                // Nobody waits any more: the journal tells of the part, and it is read again.
                if outbox.send(read(&part)).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("hasher".into()).spawn(work);
        Self {
            parts: Some(parts),
            done,
            waiting: 0,
            thread: thread.ok(),
        }
    }

    /// Gives it a part to read; returns at once. False where nobody reads.
    pub(super) fn give(&mut self, part: &Part) -> bool {
        let sent = self.parts.as_ref().map(|parts| parts.send(part.clone()));
        let given = matches!(sent, Some(Ok(())));
        self.waiting += usize::from(given);
        given
    }

    /// The next part that was read, as far as there is one.
    pub(super) fn next(&mut self) -> Option<Hashed> {
        let hashed = self.done.try_recv().ok()?;
        self.waiting = self.waiting.saturating_sub(1);
        Some(hashed)
    }

    /// The same, waiting for it; none where all were given back, or where the thread broke.
    pub(super) fn wait(&mut self) -> Option<Hashed> {
        if self.waiting == 0 {
            return None;
        }
        let hashed = self.done.recv().ok()?;
        self.waiting = self.waiting.saturating_sub(1);
        Some(hashed)
    }
}

impl Drop for Hashing {
    fn drop(&mut self) {
        self.parts = None;
        if let Some(thread) = self.thread.take() {
            // What a thread that broke left undone is in the journal.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_takes_long_holds_nobody_up_and_all_come_in_order() {
        let (go_on, gate) = channel::<()>();
        let (begun, reading) = channel::<String>();
        let slow: Read = Box::new(move |part| {
            begun.send(part.name.clone()).unwrap();
            gate.recv().unwrap();
            Err(Error::Worker("a reader on purpose"))
        });
        let mut hashing = Hashing::with(slow);
        for number in 1..=2 {
            let part = Part {
                name: format!("part-{number:03}.wav"),
                rate: 48_000,
                channels: 1,
                frames: 1,
            };
            // Returns while the first one is still being read.
            assert!(hashing.give(&part));
        }
        assert_eq!(reading.recv().unwrap(), "part-001.wav");
        assert!(hashing.next().is_none());
        go_on.send(()).unwrap();
        assert!(hashing.wait().is_some());
        assert_eq!(reading.recv().unwrap(), "part-002.wav");
        assert!(hashing.next().is_none());
        go_on.send(()).unwrap();
        assert!(hashing.wait().is_some() && hashing.wait().is_none());
    }

    #[test]
    fn a_reader_that_breaks_is_waited_for_by_nobody() {
        let mut hashing = Hashing::with(Box::new(|_| panic!("a fault on purpose")));
        let part = Part {
            name: "part-001.wav".into(),
            rate: 8_000,
            channels: 1,
            frames: 1,
        };
        assert!(hashing.give(&part));
        assert!(hashing.wait().is_none());
    }
}
