//! Recognition of speech: the trait every recogniser keeps; two engines for Whisper models, our own
//! and whisper.cpp, which share everything but the arithmetic; and one for wav2vec 2.0 with CTC.
//!
//! Only this module names `whisper_rs`. It is handed values (a path, an utterance, the languages of
//! the interview) and hands back a [`Hypothesis`] with doubts as flags; a doubt never removes text.

mod align;
mod calibration;
mod cpp;
mod ctc;
mod decode;
mod error;
mod ggml;
mod language;
mod line;
mod names;
mod native;
mod phantoms;
mod profile;
mod prompt;
mod sound;
mod special;
mod suspicion;
mod text_tokens;
mod trial;
pub mod voices;
mod whisper;
mod words;
mod write;

pub use calibration::{
    Calibrated, Calibration, CalibrationsByModel, FEWEST_WORDS, JudgedWord, Reliability,
    ReliabilityRow, crossed, judge_words, read_calibrations, reliability,
};
pub use ctc::{Ctc, CtcNumbers, CtcOptions, is_ctc};
pub use error::Error;
pub use ggml::{Header, check_model};
pub use names::MOST_NAMES;
pub use native::is_whisper;
pub use profile::Profile;
pub use text_tokens::{Assembled, assemble};
pub use trial::{Crowd, Spent, Timed, Trial};
pub use whisper::{Engine, Whisper, WhisperOptions};

use crate::domain::{Cancel, Hypothesis, Lang, Utterance};

/// What turns the sound of one utterance into text. A fake of it replaces a gigabyte of weights in
/// tests.
pub trait Recognizer: Send {
    /// Engine and model, for the record, for example `whisper practice-asr (native)`.
    fn engine(&self) -> &str;

    /// The longest utterance, in milliseconds, that it decodes in one piece. Longer ones are still
    /// recognised whole, cut at their quietest points.
    fn max_utterance_ms(&self) -> u64;

    /// Writes down `utterance` in the language of `among` that fits best; one language fixes it.
    ///
    /// # Errors
    /// [`Error::Cancelled`] soon after `cancel` is raised, [`Error::NoLanguage`] where `among` is
    /// empty, others where the engine fails.
    fn recognize(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
    ) -> Result<Hypothesis, Error>;

    /// How likely each of `among` is spoken in the beginning of `utterance`, best first, also those that
    /// it was not chosen to write; nothing where the engine does not tell or nobody speaks.
    ///
    /// # Errors
    /// Those of [`Self::recognize`].
    fn languages(
        &mut self,
        _utterance: &Utterance,
        _among: &[Lang],
        _cancel: &Cancel,
    ) -> Result<Vec<(Lang, f32)>, Error> {
        Ok(Vec::new())
    }

    /// Whether the confidence of its words in `lang` is the share of such words that are right, as it
    /// was measured; else it is the model's own number, which compares with no other model's.
    fn is_calibrated(&self, _lang: Lang) -> bool {
        false
    }

    /// Recognisers beside this one over the same weights, so that together they keep `cores` cores
    /// busy with different utterances, within about `memory` bytes. This one takes its share of the
    /// cores. They may be more than the cores: these compute no more than `cores` at a time, and are
    /// fastest where all have an utterance. None where the engine does not divide.
    fn divide(&mut self, _cores: usize, _memory: u64) -> Vec<Box<dyn Recognizer>> {
        Vec::new()
    }
}

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod ruled;
#[cfg(test)]
mod tests;
