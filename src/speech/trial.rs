//! How fast an engine is with a model on this machine: the same steps as recognition, timed, with a
//! number of tokens that does not depend on what the model writes.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::domain::{Cancel, Lang};

use super::decode::Network;
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

    /// Hears `pcm` with the window fitted to it or full, and writes the prompt and `tokens` tokens. It
    /// must be called on the thread that loaded it.
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
        for (past, token) in (prompt.len()..).zip(0..tokens) {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let token = Token::try_from(100 + token * 37).unwrap_or(0) % special.end;
            self.network.step(&[token], past)?;
        }
        Ok(Timed {
            window,
            hear,
            write: begun.elapsed().saturating_sub(hear),
        })
    }
}
