//! The program's own Whisper: the ggml files that whisper.cpp reads, on the kernels that translation
//! uses too.
//!
//! It differs from whisper.cpp in what costs time: weights of f16 files are kept in 8 bits unless
//! they must be exact, matrices lie in the order of their use, the window is as short as the
//! utterance allows without memory laid out for 30 s, and threads wait without sleeping between the
//! products of a step. Numbers agree within what 16-bit arithmetic leaves open; tests compare them.

mod decoder;
mod encoder;
mod file;
mod folder;
mod mel;

use std::path::Path;
use std::sync::Arc;

use crate::compute::pool;
use crate::compute::product::Activations;
use crate::domain::Cancel;

use super::Error;
use super::align::{Attended, Mean};
use super::decode::{Network, Weights};
use super::ggml::Header;
use super::special::Token;
use super::whisper::MOST_BEAM;
use decoder::{Decoder, State};
use encoder::Encoder;
use file::ModelFile;
pub(super) use folder::header_of as folder_header;
pub use folder::is_whisper;
pub(super) use folder::mel_filters;
pub(super) use mel::Front;

/// A model in memory.
pub struct Native {
    header: Header,
    tokens: Vec<Box<[u8]>>,
    front: Front,
    encoder: Encoder,
    decoder: Decoder,
}

impl Native {
    /// Loads a ggml file or a Hugging Face folder. With `exact` its numbers are kept as they are; without, in 8 bits, which is
    /// faster and takes half the memory or less. Files of q8_0 are in 8 bits either way.
    ///
    /// # Errors
    /// Those of [`super::check_model`]; [`Error::ModelRefused`] naming the tensor that holds a number
    /// that is none.
    pub fn load(path: &Path, exact: bool) -> Result<Self, Error> {
        let mut file = ModelFile::open(path, exact)?;
        Ok(Self {
            header: file.header,
            tokens: file.vocabulary()?,
            front: Front::new(&file.filters()?),
            encoder: Encoder::read(&mut file)?,
            decoder: Decoder::read(&mut file)?,
        })
    }
}

impl Weights for Native {
    fn header(&self) -> &Header {
        &self.header
    }

    fn bytes_of(&self, token: Token) -> &[u8] {
        let index = usize::try_from(token).ok();
        index.and_then(|i| self.tokens.get(i)).map_or(&[], |t| t)
    }

    /// Keys and values in f16 of the sound for each decoder layer, in f32 of the text, and the
    /// encoder's activations and scores.
    fn decoder_bytes(&self) -> u64 {
        let h = &self.header;
        let (width, window) = (u64::from(h.width), u64::from(h.audio_ctx));
        let layers = u64::from(h.text_layers);
        let kept = 4 * layers * width * (window + 2 * u64::from(h.text_ctx));
        kept + 64 * width * window + 16 * u64::from(h.vocabulary)
    }

    fn network(self: Arc<Self>) -> Result<Box<dyn Network>, Error> {
        Ok(Box::new(Ear {
            model: self,
            work: Activations::default(),
            state: State::default(),
        }))
    }
}

/// One decoder over a model.
struct Ear {
    model: Arc<Native>,
    work: Activations,
    state: State,
}

impl Network for Ear {
    fn set_threads(&mut self, threads: usize) {
        pool::work_alone(threads <= 1);
    }

    fn hear(&mut self, pcm: &[f32], window: u32, cancel: &Cancel) -> Result<(), Error> {
        let model = &self.model;
        let window = window.clamp(1, model.header.audio_ctx) as usize;
        let mel = model.front.frames(pcm, window.saturating_mul(2));
        let encoding = model.encoder.encode(&mel, &mut self.work, cancel)?;
        model
            .decoder
            .begin(&encoding, &mut self.state, &mut self.work, cancel)
    }

    fn step(&mut self, tokens: &[Token], past: usize) -> Result<&[f32], Error> {
        self.model
            .decoder
            .step(tokens, past, &mut self.state, &mut self.work)
    }

    fn most_texts(&self) -> usize {
        MOST_BEAM
    }

    fn grow(&mut self, texts: &[(usize, Token)]) -> Result<&[f32], Error> {
        self.model
            .decoder
            .grow(texts, &mut self.state, &mut self.work)
    }

    fn attended(
        &mut self,
        tokens: &[Token],
        from: usize,
        frames: usize,
        cancel: &Cancel,
    ) -> Result<Option<Attended>, Error> {
        let mut mean = Mean::new(tokens.len(), from, frames);
        let decoder = &self.model.decoder;
        let mut watch = |shares: &[f32], window: usize| mean.add(shares, window);
        decoder.watch(tokens, &mut self.state, &mut self.work, cancel, &mut watch)?;
        Ok(mean.done())
    }
}

fn stop_if(cancel: &Cancel) -> Result<(), Error> {
    if cancel.is_cancelled() {
        Err(Error::Cancelled)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
