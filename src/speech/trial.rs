//! How fast an engine is with a model on this machine: the same steps as recognition, timed, with a
//! number of tokens that does not depend on what the model writes; one utterance at a time, or many of
//! them side by side as an import has them.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::domain::{Cancel, Lang};

use super::decode::{Network, Weights, likeliest};
use super::special::{Special, Token};
use super::whisper::load_weights;
use super::{Engine, Error, check_model, sound};

/// A model in one engine.
pub struct Trial {
    network: Box<dyn Network>,
    special: Special,
    full: u32,
}

/// What one utterance took.
#[derive(Clone, Copy, Debug)]
pub struct Timed {
    /// Encoder positions of the window.
    pub window: u32,
    /// From the sound to the decoder's first word.
    pub hear: Duration,
    /// All tokens.
    pub write: Duration,
    /// Beside these: which language is spoken, which recognition asks before it writes.
    pub language: Duration,
    /// Beside these: when each token was said, where the engine tells.
    pub align: Duration,
}

impl Trial {
    /// Loads a model.
    ///
    /// # Errors
    /// As [`super::Whisper::load`].
    pub fn load(model: &Path, engine: Engine, threads: usize) -> Result<Self, Error> {
        let header = check_model(model)?;
        let mut network = Arc::clone(&load_weights(model, header, engine)?).network()?;
        network.set_threads(threads.max(1));
        Ok(Self {
            network,
            special: Special::of(&header),
            full: header.audio_ctx,
        })
    }

    /// Threads for the arithmetic from now on.
    pub fn set_threads(&mut self, threads: usize) {
        self.network.set_threads(threads.max(1));
    }

    /// The scores after each of `tokens`, a row of the vocabulary's size each, after the sound in a full
    /// window: for comparison with a reference. On the thread that loaded it.
    ///
    /// # Errors
    /// The engine's own; a cancel.
    pub fn scores(
        &mut self,
        pcm: &[f32],
        tokens: &[Token],
        cancel: &Cancel,
    ) -> Result<Vec<Vec<f32>>, Error> {
        self.network.hear(pcm, self.full, cancel)?;
        let each = tokens.iter().enumerate();
        each.map(|(past, token)| Ok(self.network.step(&[*token], past)?.to_vec()))
            .collect()
    }

    /// Hears `pcm` with the window fitted to it or full, and writes the prompt and `tokens` tokens; then
    /// what recognition does beside that, timed on its own. It must be called on the thread that loaded it.
    ///
    /// # Errors
    /// The engine's own; a cancel.
    pub fn run(
        &mut self,
        pcm: &[f32],
        fit_window: bool,
        tokens: usize,
        cancel: &Cancel,
    ) -> Result<Timed, Error> {
        let pcm = sound::prepare(pcm);
        let window = match fit_window {
            true => sound::window_for(pcm.len(), self.full),
            false => self.full,
        };
        let begun = Instant::now();
        self.network.hear(&pcm, window, cancel)?;
        let hear = begun.elapsed();
        let special = self.special;
        let prompt = [
            special.start,
            special.language(Lang::Zh),
            special.transcribe,
            special.no_timestamps,
        ];
        self.network.step(&prompt, 0)?;
        let mut text = prompt.to_vec();
        for token in 0..tokens {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let token = Token::try_from(100 + token * 37).unwrap_or(0) % special.end;
            self.network.step(&[token], text.len())?;
            text.push(token);
        }
        let write = begun.elapsed().saturating_sub(hear);
        let begun = Instant::now();
        let frames = pcm.len().div_ceil(sound::POSITION);
        self.network
            .attended(&text, prompt.len().saturating_sub(1), frames, cancel)?;
        let align = begun.elapsed();
        let begun = Instant::now();
        self.network.step(&[special.start], 0)?;
        Ok(Timed {
            window,
            hear,
            write,
            language: begun.elapsed(),
            align,
        })
    }
}

/// A model for many utterances.
pub struct Crowd {
    weights: Arc<dyn Weights>,
    special: Special,
}

/// What many utterances took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// From the first to the last.
    pub whole: Duration,
    /// From sounds to first words, of all decoders together, with what they waited for each other.
    pub hear: Duration,
    /// The same of all tokens and of where the words were said.
    pub write: Duration,
}

impl Crowd {
    /// Loads a model.
    ///
    /// # Errors
    /// As [`super::Whisper::load`].
    pub fn load(model: &Path, engine: Engine) -> Result<Self, Error> {
        let header = check_model(model)?;
        Ok(Self {
            weights: load_weights(model, header, engine)?,
            special: Special::of(&header),
        })
    }

    /// Hears each of `utterances`, sound and number of tokens, with the window fitted to it, writes the
    /// prompt and the tokens and looks where they were said. So many `decoders`, one thread each,
    /// compute on no more than `cores` at a time and take the next utterance in turn.
    ///
    /// # Errors
    /// The engine's own; a cancel.
    pub fn run(
        &self,
        utterances: &[(Vec<f32>, usize)],
        decoders: usize,
        cores: usize,
        cancel: &Cancel,
    ) -> Result<Spent, Error> {
        let weights = || Arc::clone(&self.weights);
        let networks = match decoders <= cores {
            true => (0..decoders).map(|_| weights().network()).collect(),
            false => weights().networks(decoders, cores),
        }?;
        let (next, spent) = (AtomicUsize::new(0), Mutex::new(Ok(Spent::default())));
        let begun = Instant::now();
        std::thread::scope(|scope| {
            for mut network in networks {
                let (next, spent) = (&next, &spent);
                scope.spawn(move || {
                    network.set_threads(1);
                    while let Some((pcm, tokens)) =
                        utterances.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let found = self.one(network.as_mut(), pcm, *tokens, cancel);
                        network.rest();
                        let mut spent = spent.lock().unwrap_or_else(PoisonError::into_inner);
                        match (&mut *spent, found) {
                            (Ok(sum), Ok((hear, write))) => {
                                sum.hear += hear;
                                sum.write += write;
                            }
                            (Ok(_), Err(e)) => *spent = Err(e),
                            (Err(_), _) => return,
                        }
                    }
                });
            }
        });
        let mut spent = spent.into_inner().unwrap_or_else(PoisonError::into_inner)?;
        spent.whole = begun.elapsed();
        Ok(spent)
    }

    fn one(
        &self,
        network: &mut dyn Network,
        pcm: &[f32],
        tokens: usize,
        cancel: &Cancel,
    ) -> Result<(Duration, Duration), Error> {
        let pcm = sound::prepare(pcm);
        let begun = Instant::now();
        let window = sound::window_for(pcm.len(), self.weights.header().audio_ctx);
        network.hear(&pcm, window, cancel)?;
        let hear = begun.elapsed();
        let special = self.special;
        let prompt = [
            special.language(Lang::Zh),
            special.transcribe,
            special.no_timestamps,
        ];
        let mut text = vec![special.start];
        network.step(&text, 0)?;
        network.step(&prompt, text.len())?;
        text.extend(prompt);
        for token in 0..tokens {
            let token = Token::try_from(100 + token * 37).unwrap_or(0) % special.end;
            let scores = network.step(&[token], text.len())?;
            // What is chosen does not matter, but choosing takes its time.
            std::hint::black_box(likeliest(scores, special.end, false, None));
            text.push(token);
        }
        let frames = pcm.len().div_ceil(sound::POSITION);
        network.attended(&text, prompt.len(), frames, cancel)?;
        Ok((hear, begun.elapsed().saturating_sub(hear)))
    }
}
