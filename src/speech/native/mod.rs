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
mod turns;

use std::path::Path;
use std::sync::Arc;

use crate::compute::kernels::MOST_ROWS;
use crate::compute::pool;
use crate::compute::product::Activations;
use crate::domain::Cancel;

use super::Error;
use super::align::{Attended, Mean};
use super::decode::{Network, Weights};
use super::ggml::Header;
use super::special::Token;
use decoder::{Decoder, State, Wanted, Writing};
use encoder::Encoder;
use file::ModelFile;
pub(super) use folder::header_of as folder_header;
pub use folder::is_whisper;
pub(super) use folder::mel_filters;
pub(super) use mel::Front;
use turns::{Seat, Turns};

/// Decoders that share a core. With 1 an import of random weights of the base and the small shape takes
/// 1.23 to 1.30 times as much of the processor; with 8 it takes as much as with 4 or 4 % less, and
/// twice the memory (`recognition import`).
const TOGETHER: usize = 4;

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

/// The tokens of a ggml file.
#[cfg(test)]
pub(super) fn vocabulary_of(path: &Path) -> Result<Vec<Box<[u8]>>, Error> {
    ModelFile::open(path, false)?.vocabulary()
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
        Ok(Box::new(self.ear(None)))
    }

    fn decoders_a_core(&self) -> usize {
        TOGETHER
    }

    fn networks(
        self: Arc<Self>,
        count: usize,
        cores: usize,
    ) -> Result<Vec<Box<dyn Network>>, Error> {
        let turns = Turns::new(cores, MOST_ROWS);
        let network = |_| -> Box<dyn Network> { Box::new(self.ear(Some(turns.seat()))) };
        Ok((0..count).map(network).collect())
    }
}

/// One decoder over a model.
struct Ear {
    model: Arc<Native>,
    work: Activations,
    state: State,
    /// Of the steps that this one computes.
    scores: Vec<f32>,
    /// Its place among those that share cores with it.
    seat: Option<Seat<Writing>>,
    /// A fault of the program ended a step that it shared: it shares none until it rests.
    apart: bool,
}

impl Native {
    fn ear(self: &Arc<Self>, seat: Option<Seat<Writing>>) -> Ear {
        Ear {
            model: Arc::clone(self),
            work: Activations::default(),
            state: State::default(),
            scores: Vec::new(),
            seat,
            apart: false,
        }
    }
}

impl Ear {
    fn write(&mut self, wanted: Wanted) -> Result<&[f32], Error> {
        let mut writing = Writing {
            state: std::mem::take(&mut self.state),
            wanted,
        };
        let decoder = &self.model.decoder;
        let (work, scores) = (&mut self.work, &mut self.scores);
        self.state = match &mut self.seat {
            Some(seat) if !self.apart => {
                let written = seat.step(writing, |all| decoder.write(all, work, scores));
                self.apart = written.is_none();
                written.ok_or_else(fault)?.state
            }
            _ => {
                decoder.write(std::slice::from_mut(&mut writing), work, scores);
                writing.state
            }
        };
        Ok(self.state.scores())
    }
}

impl Network for Ear {
    fn set_threads(&mut self, threads: usize) {
        pool::work_with(threads);
    }

    fn hear(&mut self, pcm: &[f32], window: u32, cancel: &Cancel) -> Result<(), Error> {
        if let Some(seat) = &mut self.seat {
            seat.begin();
            // It may have been raised while others had their turn.
            stop_if(cancel)?;
        }
        let model = &self.model;
        let window = window.clamp(1, model.header.audio_ctx) as usize;
        let mel = model.front.frames(pcm, window.saturating_mul(2));
        let encoding = model.encoder.encode(&mel, &mut self.work, cancel)?;
        model
            .decoder
            .begin(&encoding, &mut self.state, &mut self.work, cancel)
    }

    fn rest(&mut self) {
        self.apart = false;
        if let Some(seat) = &mut self.seat {
            seat.rest();
        }
    }

    fn disturbed(&self) -> bool {
        self.apart
    }

    fn step(&mut self, tokens: &[Token], past: usize) -> Result<&[f32], Error> {
        let decoder = &self.model.decoder;
        let wanted = decoder.follow(tokens, past, &mut self.state)?;
        self.write(wanted)
    }

    fn grows(&self) -> bool {
        true
    }

    fn grow(&mut self, texts: &[(usize, Token)]) -> Result<&[f32], Error> {
        let wanted = self.model.decoder.grow(texts, &mut self.state)?;
        self.write(wanted)
    }

    fn attended(
        &mut self,
        tokens: &[Token],
        from: usize,
        frames: usize,
        cancel: &Cancel,
    ) -> Result<Option<Attended>, Error> {
        if let Some(seat) = &mut self.seat {
            seat.begin();
        }
        let mut mean = Mean::new(tokens.len(), from, frames);
        let decoder = &self.model.decoder;
        let mut watch = |shares: &[f32], window: usize| mean.add(shares, window);
        decoder.watch(tokens, &mut self.state, &mut self.work, cancel, &mut watch)?;
        Ok(mean.done())
    }
}

/// Of a step that was computed with others'.
fn fault() -> Error {
    Error::Engine {
        step: "writing",
        reason: "a fault of the program, on this utterance or another".into(),
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
