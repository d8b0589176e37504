//! Every error that reaches a person, each with the next step and an exit code.

use std::io;
use std::path::PathBuf;

use crate::domain::Lang;
use crate::{
    audio, config, export, glossary, pipeline, speech, store, transcript, translate, workspace,
};

use super::models;

/// Why something that was asked for could not be done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The workspace.
    #[error(transparent)]
    Workspace(#[from] workspace::Error),
    /// The settings.
    #[error(transparent)]
    Config(#[from] config::Error),
    /// A model's files or description.
    #[error(transparent)]
    Models(#[from] models::Error),
    /// Sound.
    #[error(transparent)]
    Audio(#[from] audio::Error),
    /// Recognition.
    #[error(transparent)]
    Speech(#[from] speech::Error),
    /// Translation.
    #[error(transparent)]
    Translate(#[from] translate::Error),
    /// A glossary.
    #[error(transparent)]
    Glossary(#[from] glossary::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The pipeline.
    #[error(transparent)]
    Pipeline(#[from] pipeline::Error),
    /// An export.
    #[error(transparent)]
    Export(#[from] export::Error),
    /// A transcript made elsewhere.
    #[error(transparent)]
    Transcript(#[from] transcript::Error),
    /// Another process fills in rows of this workspace.
    #[error("another mekong is working in this workspace: {0}")]
    Busy(PathBuf),
    /// A file could not be read or written.
    #[error("cannot {what}: {cause}: {path}")]
    File {
        /// `read the file`, `write the file`, ...
        what: &'static str,
        /// What the system said.
        cause: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// An interview needs two or three different languages.
    #[error("an interview needs two or three different languages of zh, vi, th, my, lo, km")]
    Languages,
    /// A channel was given a language that the interview does not have.
    #[error("a channel names {}, which is not one of the interview's languages", .0.name())]
    ChannelLanguage(Lang),
    /// The practice kit is not there.
    #[error("the practice kit (models/practice and recordings/practice) was not found")]
    NoKit,
    /// A script of the practice interviews is not valid.
    #[error("the script of a practice interview is not valid: {cause}: {path}")]
    Script {
        /// What is wrong.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// A model folder that was named is of no kind that the program loads.
    #[error(
        "this is neither a ggml speech model nor a translation model (a Hugging Face folder or a GGUF file): {0}"
    )]
    NotAModel(PathBuf),
    /// A glossary of this name is not there.
    #[error("no glossary is called '{0}'")]
    NoGlossary(String),
    /// A model of this name is already installed.
    #[error("a model is already there: {0}")]
    ModelExists(PathBuf),
    /// The demo needs a folder of its own.
    #[error("the folder is not empty: {0}")]
    NotEmpty(PathBuf),
    /// A correction names no language, or one that it cannot be in.
    #[error("a translation of this line must be in another language of the interview")]
    TranslationLanguage,
    /// A line of a transcript is in a language that the interview does not have.
    #[error("line {line} is in {}, which is not one of the interview's languages", .lang.name())]
    LineLanguage {
        /// The line, from 1.
        line: usize,
        /// Its language.
        lang: Lang,
    },
    /// More speakers than an interview can have.
    #[error("the transcript names more than {0} speakers")]
    Speakers(usize),
    /// Some of several files failed; each was reported by itself.
    #[error("{failed} of {all} files could not be imported; the others are stored")]
    SomeFailed {
        /// Files that failed.
        failed: usize,
        /// Files in all.
        all: usize,
    },
}

impl Error {
    /// The next step that a person can take.
    pub fn help(&self) -> String {
        match self {
            Error::Workspace(e) => e.help(),
            Error::Config(e) => e.help(),
            Error::Models(e) => e.help(),
            Error::Audio(e) => e.help().to_string(),
            Error::Speech(e) => e.help().to_string(),
            Error::Translate(e) => e.help().to_string(),
            Error::Glossary(e) => e.help().to_string(),
            Error::Store(e) => e.help().to_string(),
            Error::Pipeline(e) => e.help(),
            Error::Export(e) => e.help().to_string(),
            Error::Transcript(e) => e.help().to_string(),
            Error::Busy(_) => {
                "Wait until it has finished, or close it; reading and searching work meanwhile."
                    .into()
            }
            Error::File { .. } => {
                "Check that the path is right, the disk has room and you may use it.".into()
            }
            Error::Languages => "For example: --languages zh,vi".into(),
            Error::ChannelLanguage(_) => {
                "Name it in --languages too, or correct --channels.".into()
            }
            Error::NoKit => "Run from the program's folder, or set MEKONG_KIT to it.".into(),
            Error::Script { .. } => {
                "Get the practice kit again from where the program came from.".into()
            }
            Error::NotAModel(_) => {
                "Name a folder with config.json and model.safetensors, a GGUF file, or a ggml file."
                    .into()
            }
            Error::NoGlossary(_) => "See 'mekong glossary list' for the names.".into(),
            Error::ModelExists(_) => "Remove or rename the old folder first.".into(),
            Error::NotEmpty(_) => {
                "Name a new or empty folder, so that practice and casework stay apart.".into()
            }
            Error::TranslationLanguage => {
                "Name the language with --to, for example --to vi.".into()
            }
            Error::LineLanguage { .. } => "Name its language in --languages too.".into(),
            Error::Speakers(_) => "Check that the speaker column holds names, not text.".into(),
            Error::SomeFailed { .. } => "See the messages above for each file.".into(),
        }
    }

    /// Whether a person asked to stop.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Error::Pipeline(e) => e.is_cancelled(),
            Error::Audio(e) => matches!(e, audio::Error::Cancelled),
            Error::Speech(e) => matches!(e, speech::Error::Cancelled),
            Error::Translate(e) => matches!(e, translate::Error::Cancelled),
            _ => false,
        }
    }

    /// The command line's promise: 1 the work failed, 130 interrupted.
    pub fn exit_code(&self) -> u8 {
        if self.is_cancelled() { 130 } else { 1 }
    }
}
