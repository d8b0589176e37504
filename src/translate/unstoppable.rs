//! Work of a library that cannot be stopped, on a thread of its own: whoever waits for it can be.

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use super::Error;
use crate::domain::Cancel;

/// Between two looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// The tokenizer of the model at `path`, which `read` makes: of a vocabulary of a quarter of a million tokens
/// that takes half a second.
///
/// # Errors
/// Those of `read`; `Cancelled` as soon as it is not wanted any more: it then ends by itself, unheard.
pub(super) fn tokenizer<T: Send + 'static>(
    path: &Path,
    cancel: &Cancel,
    read: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let refuse = |problem: &str| Error::Tokenizer {
        problem: problem.to_owned(),
        path: path.to_owned(),
    };
    let (outbox, inbox) = sync_channel(1);
    thread::Builder::new()
        .name("tokenizer".into())
        .spawn(move || drop(outbox.send(read()))) // nobody may wait any more
        .map_err(|_| refuse("the system starts no thread for it"))?;
    while !cancel.is_cancelled() {
        match inbox.recv_timeout(LOOK) {
            Ok(made) => return made,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(refuse("reading it ended by a fault of the program"));
            }
        }
    }
    Err(Error::Cancelled)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn what_cannot_be_stopped_is_not_waited_for_and_a_fault_is_told() {
        let path = Path::new("model");
        assert_eq!(tokenizer(path, &Cancel::new(), || Ok(7)).unwrap(), 7);
        let fault = tokenizer(path, &Cancel::new(), || -> Result<u8, Error> {
            panic!("on purpose")
        });
        assert!(matches!(fault, Err(Error::Tokenizer { .. })));
        // It ends only after it was given up.
        let (go, wait) = channel::<()>();
        let cancel = Cancel::new();
        let given_up = cancel.clone();
        let stopped = tokenizer(path, &cancel, move || {
            given_up.cancel();
            Ok(wait.recv().is_ok())
        });
        assert!(matches!(stopped, Err(Error::Cancelled)));
        drop(go);
    }
}
