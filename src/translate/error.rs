//! What can go wrong in translation, and the next step for the person at the screen.

use std::path::PathBuf;

use crate::compute::checkpoint;
use crate::domain::{Cancel, LangPair, reason};

/// A failure to load a translation model or to translate with it.
///
/// Messages name files, tensors and settings, never the text that was to be translated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file of the model folder cannot be read.
    #[error("cannot read a file of the translation model: {why}: {path}", path = .path.display(), why = reason(.cause))]
    Read {
        /// The operating system's reason.
        cause: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A file of a smaller copy cannot be written.
    #[error("cannot write a file of the translation model: {why}: {path}", path = .path.display(), why = reason(.cause))]
    Write {
        /// The operating system's reason.
        cause: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A settings or index file is not what the engine needs.
    #[error("the translation model's settings cannot be used: {problem}: {path}", path = .path.display())]
    Config {
        /// Which setting, and why.
        problem: String,
        /// The file.
        path: PathBuf,
    },
    /// The weights are damaged or belong to another model.
    #[error("the translation model's weights cannot be used: {problem}: {path}", path = .path.display())]
    Weights {
        /// Which tensor, and why.
        problem: String,
        /// The file.
        path: PathBuf,
    },
    /// The tokenizer is damaged or does not belong to these weights.
    #[error("the translation model's tokenizer cannot be used: {problem}: {path}", path = .path.display())]
    Tokenizer {
        /// What disagrees.
        problem: String,
        /// The file.
        path: PathBuf,
    },
    /// The model does not know one of the two languages, or they are the same.
    #[error("the translation model '{engine}' does not translate {pair}")]
    UnsupportedPair {
        /// The direction that was wanted.
        pair: LangPair,
        /// The model's name.
        engine: String,
    },
    /// An option lies outside its bounds.
    #[error("the translation cannot run with these options: {0}")]
    Options(String),
    /// The computation broke down.
    #[error("the translation model '{engine}' failed while computing: {problem}")]
    Compute {
        /// What broke.
        problem: String,
        /// The model's name.
        engine: String,
    },
    /// Somebody asked to stop.
    #[error("the translation was stopped")]
    Cancelled,
}

impl From<checkpoint::Error> for Error {
    fn from(error: checkpoint::Error) -> Self {
        match error {
            checkpoint::Error::Read { cause, path } => Error::Read { cause, path },
            checkpoint::Error::Index { problem, path } => Error::Config { problem, path },
            checkpoint::Error::Weights { problem, path } => Error::Weights { problem, path },
            checkpoint::Error::Stopped => Error::Cancelled,
        }
    }
}

impl Error {
    /// The next step a person can take.
    pub fn help(&self) -> &'static str {
        match self {
            Error::Read { .. } => {
                "Check that the model's folder is complete and may be read; copy it again if not."
            }
            Error::Write { .. } => {
                "Check that the disk has room for the copy and the folder may be written."
            }
            Error::Config { .. } | Error::Tokenizer { .. } => {
                "Copy the model again from its source: a folder with config.json, tokenizer.json \
                 (M2M100: vocab.json and sentencepiece.bpe.model) and model.safetensors of one \
                 M2M100, NLLB or T5 model, or a GGUF file."
            }
            Error::Weights { path, .. } if checkpoint::is_pickled(path) => checkpoint::PICKLED_HELP,
            Error::Weights { .. } => {
                "The file is damaged or incomplete. Copy the model again and compare its checksum."
            }
            Error::UnsupportedPair { .. } => {
                "Choose another model for this direction: 'mekong models list' shows what each one \
                 translates."
            }
            Error::Options(_) => "Use a beam from 1 to 8 and a length limit of at least 1.",
            Error::Compute { .. } => {
                "Try the line again. If it fails again, check the model with 'mekong models check'."
            }
            Error::Cancelled => "The line stays untranslated; 'mekong resume' translates it.",
        }
    }
}

/// An error inside the arithmetic, before it is known which model's it was.
#[derive(Debug)]
pub(super) enum StepError {
    /// Somebody asked to stop.
    Cancelled,
    /// The tensor library refused, or numbers became infinite.
    Broken(String),
}

impl From<candle_core::Error> for StepError {
    fn from(error: candle_core::Error) -> Self {
        StepError::Broken(error.to_string())
    }
}

impl StepError {
    /// The public error, with the model's name.
    pub(super) fn named(self, engine: &str) -> Error {
        match self {
            StepError::Cancelled => Error::Cancelled,
            StepError::Broken(problem) => Error::Compute {
                problem,
                engine: engine.to_owned(),
            },
        }
    }
}

/// Fails when somebody asked to stop.
pub(super) fn stop_if(cancel: &Cancel) -> Result<(), StepError> {
    if cancel.is_cancelled() {
        Err(StepError::Cancelled)
    } else {
        Ok(())
    }
}
