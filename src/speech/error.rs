//! What can go wrong in recognition, with the next step a person can take.

use std::path::PathBuf;

use crate::compute::checkpoint;
use crate::domain::reason;

/// A failure of recognition. No message holds words of an interview.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Somebody asked to stop.
    #[error("recognition was stopped")]
    Cancelled,
    /// The file of the model cannot be opened or read.
    #[error("the speech model cannot be read: {why}: {}", path.display(), why = reason(.source))]
    ModelRead {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file is no whisper model, or a damaged one. It was refused before the engine saw it.
    #[error("the speech model is refused: {reason}: {}", path.display())]
    ModelRefused {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The engine could not load a file that looked sound; often memory is short.
    #[error("the speech model does not load: {reason}: {}", path.display())]
    ModelLoad {
        /// The file.
        path: PathBuf,
        /// What the engine said.
        reason: String,
    },
    /// No language was given.
    #[error("no language was given to write the speech in")]
    NoLanguage,
    /// The engine failed in the middle of an utterance.
    #[error("recognition failed while {step}: {reason}")]
    Engine {
        /// What it was doing.
        step: &'static str,
        /// What the engine said.
        reason: String,
    },
    /// The engine's own thread ended or could not be started.
    #[error("the recogniser does not run: {0}")]
    Stopped(String),
}

impl Error {
    /// The next step a person can take.
    pub fn help(&self) -> &'static str {
        match self {
            Error::Cancelled => "Nothing is lost: unfinished lines stay pending. Resume later.",
            Error::ModelRead { .. } => {
                "Check that the file is there and that you may read it, then try again."
            }
            Error::ModelRefused { path, .. } if checkpoint::is_pickled(path) => {
                checkpoint::PICKLED_HELP
            }
            Error::ModelRefused { .. } => {
                "The file is damaged or of another kind. Copy or import the model again; \
                 a Whisper model must be a ggml file or a Hugging Face folder with safetensors."
            }
            Error::ModelLoad { .. } => {
                "Close other programs to free memory, or choose a smaller model."
            }
            Error::NoLanguage => "Set the languages of the channel.",
            Error::Engine { .. } => {
                "The sound is kept. Try the line again; if it fails again, choose another model."
            }
            Error::Stopped(_) => "Restart the program and resume the interview.",
        }
    }
}
