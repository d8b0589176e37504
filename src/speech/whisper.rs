//! The engine over whisper.cpp: a thread that owns one model, and the recogniser that asks it.
//!
//! whisper.cpp 1.8.3 cannot be interrupted while it encodes, which takes seconds with a large model.
//! So the model lives on a thread of its own: on a cancel the caller is free within
//! [`POLL`], and the thread finishes its encoding alone and drops the rest of the work.

use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::domain::{Cancel, Hypothesis, Lang, Utterance};

use super::decode::Model;
use super::line::recognise;
use super::{Error, Recognizer, check_model};

/// How long a cancel may go unnoticed.
const POLL: Duration = Duration::from_millis(50);
/// whisper.cpp builds its graphs on the stack of the caller.
const STACK_BYTES: usize = 8 << 20;

/// How a whisper model is loaded and used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhisperOptions {
    /// The ggml file.
    pub model: PathBuf,
    /// The name of the model, for the record.
    pub name: String,
    /// Threads for the arithmetic, at least 1, at most one a core. whisper.cpp's threads wait for
    /// each other without rest: with two on two busy cores a token took 40 to 100 times longer than
    /// with one (measured). Take more than one only on cores that nothing else uses.
    pub threads: usize,
    /// Utterances are decoded in pieces of at most this length, and of the model's window.
    pub max_utterance_ms: u64,
    /// Size the window to the utterance (several times faster on short ones) and take the full
    /// window only where the text looks wrong.
    pub fit_window: bool,
}

/// What one utterance needs, apart from the model.
pub(super) struct Job {
    pub utterance: Utterance,
    pub among: Vec<Lang>,
    pub longest_ms: u64,
    pub fit_window: bool,
    pub engine: String,
    pub cancel: Cancel,
    reply: SyncSender<Result<Hypothesis, Error>>,
}

/// A recogniser over a ggml whisper model. Its memory is used again for each utterance.
pub struct Whisper {
    engine: String,
    longest_ms: u64,
    fit_window: bool,
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// A cancelled job may still be encoding.
    abandoned: bool,
}

impl Whisper {
    /// Checks and loads the model.
    ///
    /// # Errors
    /// Those of [`check_model`], [`Error::ModelLoad`] where memory is short.
    pub fn load(options: &WhisperOptions) -> Result<Self, Error> {
        let header = check_model(&options.model)?;
        let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
        let threads = options.threads.clamp(1, cores);
        let mut model = Model::load(&options.model, header, threads)?;
        // One job waits while an abandoned one ends; nobody asks for more.
        let (jobs, inbox) = mpsc::sync_channel::<Job>(1);
        let thread = std::thread::Builder::new()
            .name("whisper".into())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                for job in inbox {
                    let result = recognise(&mut model, &job);
                    // Nobody waits for the answer of an abandoned job.
                    let _ = job.reply.send(result);
                }
            })
            .map_err(|e| Error::Stopped(e.to_string()))?;
        Ok(Self {
            engine: format!("whisper {}", options.name),
            longest_ms: options.max_utterance_ms.min(header.window_ms()).max(1000),
            fit_window: options.fit_window,
            jobs: Some(jobs),
            thread: Some(thread),
            abandoned: false,
        })
    }

    /// Hands the job over, waiting for an abandoned one to end.
    fn submit(&self, mut job: Job) -> Result<(), Error> {
        let jobs = self.jobs.as_ref().ok_or_else(stopped)?;
        loop {
            if job.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            match jobs.try_send(job) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back)) => job = back,
                Err(TrySendError::Disconnected(_)) => return Err(stopped()),
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Recognizer for Whisper {
    fn engine(&self) -> &str {
        &self.engine
    }

    fn max_utterance_ms(&self) -> u64 {
        self.longest_ms
    }

    fn recognize(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
    ) -> Result<Hypothesis, Error> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.submit(Job {
            utterance: utterance.clone(),
            among: among.to_vec(),
            longest_ms: self.longest_ms,
            fit_window: self.fit_window,
            engine: self.engine.clone(),
            cancel: cancel.clone(),
            reply,
        })?;
        let result = wait(&answer, cancel);
        self.abandoned = result.is_none();
        result.unwrap_or(Err(Error::Cancelled))
    }
}

/// The answer, or `None` once `cancel` is raised.
fn wait<T>(answer: &Receiver<Result<T, Error>>, cancel: &Cancel) -> Option<Result<T, Error>> {
    loop {
        match answer.recv_timeout(POLL) {
            Ok(result) => return Some(result),
            Err(RecvTimeoutError::Disconnected) => return Some(Err(stopped())),
            Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => return None,
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

fn stopped() -> Error {
    Error::Stopped("its thread has ended".into())
}

impl Drop for Whisper {
    fn drop(&mut self) {
        // Without senders the thread ends after its job and frees the model.
        self.jobs = None;
        if let Some(thread) = self.thread.take()
            && !self.abandoned
        {
            // A panic of the thread was reported to whoever waited for its answer.
            let _ = thread.join();
        }
    }
}
