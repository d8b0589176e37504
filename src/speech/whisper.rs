//! The recogniser over a whisper model: a thread that owns one decoder, and whoever asks it.
//!
//! whisper.cpp 1.8.3 cannot be interrupted while it encodes, which takes seconds with a large model,
//! and whisper.cpp builds its graphs on the stack. So each decoder lives on a thread of its own: on a
//! cancel the caller is free within [`POLL`], and the thread ends what cannot be interrupted alone
//! and drops the rest of the work. Our own engine looks at the cancel flag many times a second.
//!
//! Several decoders over one set of weights recognise several utterances at a time, one core each.
//! That uses every core wholly, while the threads of one decoder wait for each other at every layer.
//! Of our own engine several share each core, since their steps together cost little more than one's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::domain::{Cancel, Hypothesis, Lang, MOST_BEAM, Utterance};

use super::cpp::Cpp;
use super::decode::{Model, Network, Weights};
use super::ggml::Header;
use super::line::{recognise, spoken};
use super::names::Names;
use super::native::Native;
use super::prompt::Prompts;
use super::{Error, Profile, Recognizer, check_model};

/// How long a cancel may go unnoticed.
const POLL: Duration = Duration::from_millis(50);
/// whisper.cpp builds its graphs on the stack of the caller.
const STACK_BYTES: usize = 8 << 20;

/// Who does the arithmetic of a whisper model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The program's own engine; files stored in f32 and f16 are calculated with in 8 bits.
    Native,
    /// The same with the numbers as they are stored: slower, for comparison.
    NativeExact,
    /// whisper.cpp.
    WhisperCpp,
}

impl Engine {
    /// Its name, for the record.
    pub const fn name(self) -> &'static str {
        match self {
            Engine::Native | Engine::NativeExact => "native",
            Engine::WhisperCpp => "whisper.cpp",
        }
    }
}

/// How a whisper model is loaded and used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhisperOptions {
    /// The ggml file or Hugging Face folder.
    pub model: PathBuf,
    /// The name of the model, for the record.
    pub name: String,
    /// Who does the arithmetic.
    pub engine: Engine,
    /// Threads for the arithmetic, at least 1, at most one a core. whisper.cpp's threads wait for
    /// each other without rest: with two on two busy cores a token took 40 to 100 times longer than
    /// with one (measured). Take more than one only on cores that nothing else uses.
    pub threads: usize,
    /// Utterances are decoded in pieces of at most this length, and of the model's window. `None`
    /// where the model does not say: then as the language allows.
    pub max_utterance_ms: Option<u64>,
    /// Size the window to the utterance (several times faster on short ones) and take the full
    /// window only where the text looks wrong.
    pub fit_window: bool,
    /// Tell when each word was said by where the decoder looked while it wrote it; without, and where
    /// the engine does not tell, the words are spread over the speech.
    pub align: bool,
    /// Texts that are followed side by side, 1 to [`MOST_BEAM`]; 1 takes the likeliest token each time.
    /// An engine that follows only one takes one.
    pub beam: usize,
    /// Names, places and terms of the case, in any script, which are preferred where the sound leaves
    /// them open: the first 5,000 of them and 256 KiB, of two syllables or more.
    pub names: Vec<String>,
    /// Let the names of the language that is written stand before each text too, as far as half of the
    /// context holds them: measure what that brings before it is used (`scripts/proof names`).
    pub prompt: bool,
}

/// The names of the case, as the decoder uses them.
#[derive(Clone, Default)]
struct Known {
    names: Arc<Names>,
    prompts: Arc<Prompts>,
}

/// How utterances are decoded.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// What the model itself takes, in milliseconds.
    longest_ms: Option<u64>,
    pub fit_window: bool,
    pub align: bool,
    pub beam: usize,
}

/// What one utterance needs, apart from the model.
pub(super) struct Job {
    pub utterance: Utterance,
    pub among: Vec<Lang>,
    pub longest_ms: u64,
    pub how: How,
    pub engine: String,
    pub cancel: Cancel,
    threads: usize,
    reply: Reply,
}

#[cfg(test)]
impl Job {
    /// A job whose answer nobody waits for.
    pub fn of(utterance: Utterance, among: &[Lang]) -> Self {
        Self {
            utterance,
            among: among.to_vec(),
            longest_ms: 6_000,
            how: How {
                longest_ms: None,
                fit_window: true,
                align: false,
                beam: 1,
            },
            engine: "ruled".into(),
            cancel: Cancel::new(),
            threads: 1,
            reply: Reply::Line(mpsc::sync_channel(1).0),
        }
    }
}

/// Where the answer goes, and of what kind it is.
enum Reply {
    /// The text of the utterance.
    Line(Answer<Hypothesis>),
    /// The languages of its beginning.
    Languages(Answer<Vec<(Lang, f32)>>),
}

type Answer<T> = SyncSender<Result<T, Error>>;

/// A recogniser over a whisper model. Its memory is used again for each utterance.
pub struct Whisper {
    weights: Arc<dyn Weights>,
    known: Known,
    engine: String,
    how: How,
    threads: usize,
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    /// A cancelled job may still be encoding.
    abandoned: bool,
}

impl Whisper {
    /// Checks and loads the model.
    ///
    /// # Errors
    /// Those of [`check_model`]; [`Error::ModelLoad`] or [`Error::Engine`] where memory is short.
    pub fn load(options: &WhisperOptions) -> Result<Self, Error> {
        let header = check_model(&options.model)?;
        let weights = load_weights(&options.model, header, options.engine)?;
        let network = Arc::clone(&weights).network()?;
        let known = Known {
            names: Arc::new(Names::new(&options.names)),
            prompts: match options.prompt {
                true => Arc::new(Prompts::new(&options.names, weights.as_ref())),
                false => Arc::default(),
            },
        };
        Self::start(
            weights,
            network,
            known,
            format!("whisper {} ({})", options.name, options.engine.name()),
            How {
                longest_ms: options
                    .max_utterance_ms
                    .map(|ms| ms.min(header.window_ms()).max(1000)),
                fit_window: options.fit_window,
                align: options.align,
                beam: options.beam.clamp(1, MOST_BEAM),
            },
            options.threads.clamp(1, cores()),
        )
    }

    /// A decoder over `weights` on a thread of its own.
    fn start(
        weights: Arc<dyn Weights>,
        network: Box<dyn Network>,
        known: Known,
        engine: String,
        how: How,
        threads: usize,
    ) -> Result<Self, Error> {
        let mut model = Model::new(Arc::clone(&weights), network);
        model.prefer(Arc::clone(&known.names));
        model.know(Arc::clone(&known.prompts));
        model.follow_side_by_side(how.beam);
        // One job waits while an abandoned one ends; nobody asks for more.
        let (jobs, inbox) = mpsc::sync_channel::<Job>(1);
        let thread = std::thread::Builder::new()
            .name("whisper".into())
            .stack_size(STACK_BYTES)
            .spawn(move || {
                for job in inbox {
                    // Nobody waits for the answer of an abandoned job.
                    let _ = match &job.reply {
                        Reply::Line(to) => to.send(answer(&mut model, &job, recognise)).is_ok(),
                        Reply::Languages(to) => to.send(answer(&mut model, &job, spoken)).is_ok(),
                    };
                }
            })
            .map_err(|e| Error::Stopped(e.to_string()))?;
        Ok(Self {
            weights,
            known,
            engine,
            how,
            threads,
            jobs: Some(jobs),
            thread: Some(thread),
            abandoned: false,
        })
    }

    #[cfg(test)]
    pub(super) fn decoder_bytes(&self) -> u64 {
        self.weights.decoder_bytes()
    }

    /// The thread's answer about an utterance.
    fn ask<T>(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
        kind: fn(Answer<T>) -> Reply,
    ) -> Result<T, Error> {
        let (reply, answer) = mpsc::sync_channel(1);
        self.submit(Job {
            utterance: utterance.clone(),
            among: among.to_vec(),
            longest_ms: self
                .how
                .longest_ms
                .unwrap_or_else(|| Profile::longest_ms(among)),
            how: self.how,
            engine: self.engine.clone(),
            cancel: cancel.clone(),
            threads: self.threads,
            reply: kind(reply),
        })?;
        let result = wait(&answer, cancel);
        self.abandoned = result.is_none();
        result.unwrap_or(Err(Error::Cancelled))
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
        let usual = Profile::longest_ms(&[]).min(self.weights.header().window_ms());
        self.how.longest_ms.unwrap_or(usual)
    }

    fn recognize(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
    ) -> Result<Hypothesis, Error> {
        self.ask(utterance, among, cancel, Reply::Line)
    }

    fn languages(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
    ) -> Result<Vec<(Lang, f32)>, Error> {
        self.ask(utterance, among, cancel, Reply::Languages)
    }

    fn divide(&mut self, cores: usize, memory: u64) -> Vec<Box<dyn Recognizer>> {
        let room = memory / self.weights.decoder_bytes().max(1);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let cores = cores.max(1);
        let most = cores.saturating_mul(self.weights.decoders_a_core());
        let decoders = room.clamp(1, most);
        self.threads = (cores / decoders).max(1);
        let weights = Arc::clone(&self.weights);
        if decoders <= cores {
            // Where memory is shorter than it seemed, those that found room do the work.
            let networks = (1..decoders).map_while(|_| Arc::clone(&weights).network().ok());
            return self.beside(networks);
        }
        let mut networks = weights.networks(decoders, cores).unwrap_or_default();
        // This one shares the cores too.
        match networks.pop().and_then(|network| self.another(network)) {
            Some(own) => *self = own,
            None => return Vec::new(),
        }
        self.beside(networks.into_iter())
    }
}

impl Whisper {
    fn beside(&self, networks: impl Iterator<Item = Box<dyn Network>>) -> Vec<Box<dyn Recognizer>> {
        let others = networks.map_while(|network| self.another(network));
        let boxed = |other| -> Box<dyn Recognizer> { Box::new(other) };
        others.map(boxed).collect()
    }

    /// Another one like this over `network`; `None` where the system gives no thread.
    fn another(&self, network: Box<dyn Network>) -> Option<Self> {
        let another = Self::start(
            Arc::clone(&self.weights),
            network,
            self.known.clone(),
            self.engine.clone(),
            self.how,
            self.threads,
        );
        another.ok()
    }
}

/// Loads a model that [`check_model`] has passed.
pub(super) fn load_weights(
    model: &Path,
    header: Header,
    engine: Engine,
) -> Result<Arc<dyn Weights>, Error> {
    Ok(match engine {
        Engine::WhisperCpp if model.is_dir() => {
            return Err(Error::ModelRefused {
                path: model.to_owned(),
                reason: "whisper.cpp reads ggml files only; the own engine reads folders too"
                    .into(),
            });
        }
        Engine::WhisperCpp => Arc::new(Cpp::load(model, header)?),
        Engine::Native => Arc::new(Native::load(model, false)?),
        Engine::NativeExact => Arc::new(Native::load(model, true)?),
    })
}

/// Does the work on one utterance; a fault of the program on it ends neither the thread nor the run.
fn answer<T>(
    model: &mut Model,
    job: &Job,
    work: fn(&mut Model, &Job) -> Result<T, Error>,
) -> Result<T, Error> {
    model.set_threads(job.threads);
    // Whatever is left half-done in the decoder is overwritten by the next utterance.
    let mut found = catch_unwind(AssertUnwindSafe(|| work(model, job)));
    if model.disturbed() {
        // Another utterance may be to blame, with which this one's steps were computed.
        found = catch_unwind(AssertUnwindSafe(|| work(model, job)));
    }
    model.rest();
    found.unwrap_or_else(|_| {
        Err(Error::Engine {
            step: "working",
            reason: "a fault of the program".into(),
        })
    })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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

#[cfg(test)]
mod tests;
