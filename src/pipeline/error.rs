//! Why taking a recording in, or working off the backlog, stopped.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::{InterviewId, Lang, LangPair, reason};
use crate::{audio, speech, store, translate};

/// Why the pipeline stopped.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Sound could not be read or written.
    #[error(transparent)]
    Audio(#[from] audio::Error),
    /// The recogniser could not go on.
    #[error(transparent)]
    Speech(#[from] speech::Error),
    /// The translator could not go on.
    #[error(transparent)]
    Translate(#[from] translate::Error),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A file or folder of the interview could not be written or read.
    #[error("cannot write the interview's folder: {why}: {path}", why = reason(.cause))]
    Folder {
        /// What the system said.
        cause: io::Error,
        /// The file or folder.
        path: PathBuf,
    },
    /// The plan of an interrupted import cannot be read.
    #[error("cannot read the plan of an interrupted import: {why}: {path}", why = reason(.cause))]
    Plan {
        /// What is wrong.
        cause: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The plan of an interrupted session cannot be read.
    #[error("cannot read the plan of an interrupted session: {why}: {path}", why = reason(.cause))]
    SessionPlan {
        /// What is wrong.
        cause: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// No text can be written in a live session.
    #[error("no text can be written: {0}")]
    Engines(String),
    /// More was asked of a running session than it could do so far.
    #[error("the session is busy")]
    SessionBusy,
    /// The session has ended.
    #[error("the session has ended")]
    SessionOver,
    /// Another interview holds the same recording.
    #[error("this recording is already stored as {0}: its SHA-256 is the same")]
    AlreadyHeld(InterviewId),
    /// More or fewer channels were named than the file has.
    #[error("the number of channels differs: {named} named, {found} in the recording")]
    Channels {
        /// Channels named.
        named: usize,
        /// Channels of the file.
        found: u16,
    },
    /// No recogniser for a language.
    #[error("no installed model recognises {}", .0.name())]
    NoRecognizer(Lang),
    /// The speech model that a person chose for a language is not there.
    #[error("no installed model called '{model}' recognises {}; it was chosen for this interview", .lang.name())]
    NoChosen {
        /// The language.
        lang: Lang,
        /// The model's name.
        model: String,
    },
    /// A speech model was chosen for a channel that the recording does not have.
    #[error("the model '{model}' was chosen for {} on a channel that is not there", .lang.name())]
    ChosenChannel {
        /// The language.
        lang: Lang,
        /// The model's name.
        model: String,
    },
    /// A speech model was chosen for a language that is not spoken where it would serve.
    #[error("the model '{model}' was chosen for {}, which is not spoken there", .lang.name())]
    ChosenUnspoken {
        /// The language.
        lang: Lang,
        /// The model's name.
        model: String,
    },
    /// Two speech models were chosen for one language of one channel.
    #[error("two speech models were chosen for {} in the same place", .0.name())]
    ChosenTwice(Lang),
    /// No translator for a direction.
    #[error("no installed model translates from {} to {}", .0.from.name(), .0.to.name())]
    NoTranslator(LangPair),
    /// A worker thread ended by a fault of the program.
    #[error("{0} stopped by a fault of the program; what was done is stored")]
    Worker(&'static str),
    /// An engine met a fault of the program on one line.
    #[error("{0} stopped on this line by a fault of the program")]
    Fault(&'static str),
    /// Somebody asked to stop.
    #[error("interrupted; what is not done is kept as pending")]
    Cancelled,
}

impl Error {
    /// The next step.
    pub fn help(&self) -> String {
        match self {
            e if e.is_cancelled() => "Run 'mekong resume' to finish what is stored; a file that \
                                      'mekong list' does not show after that must be imported again."
                .into(),
            Error::Plan { .. } => "The recording lies in that folder as 'original'; import it again \
                                   from there, then remove the folder."
                .into(),
            Error::SessionPlan { .. } => "The sound lies in that folder as part-001.wav and on; import \
                                          it from there."
                .into(),
            Error::Engines(_) => {
                "The recording goes on. Mend the cause, then run 'mekong resume'.".into()
            }
            Error::SessionBusy => "Wait a moment and try again.".into(),
            Error::SessionOver => "Start a new session.".into(),
            Error::Audio(e) => e.help().to_string(),
            Error::Speech(e) => e.help().to_string(),
            Error::Translate(e) => e.help().to_string(),
            Error::Store(e) => e.help().to_string(),
            Error::Folder { cause, .. } if cause.kind() == std::io::ErrorKind::AlreadyExists => {
                "Nothing was changed. Start again: the new interview gets a folder of its own.".into()
            }
            Error::Folder { .. } => {
                "Check that the disk has room and that you may write to the folder.".into()
            }
            Error::Channels { .. } => {
                "Name every channel in order, or one as 'all' for all of them, for example \
                 --channels all=zh+vi, or leave --channels out."
                    .into()
            }
            Error::AlreadyHeld(id) => {
                format!("See 'mekong show {id}'; with --again it is stored a second time.")
            }
            Error::NoRecognizer(_) | Error::NoTranslator(_) => {
                "See 'mekong models list'; import a model with 'mekong models import PATH'.".into()
            }
            Error::NoChosen { .. } => "Import that model with 'mekong models import PATH', then run \
                                       'mekong resume'; until then no other one hears these lines."
                .into(),
            Error::ChosenChannel { .. } => {
                "Name the channel by its speaker or its number, for example --speech-model \
                 km@interviewee=NAME or km@2=NAME."
                    .into()
            }
            Error::ChosenUnspoken { .. } => {
                "Name the language for that channel in --channels too, or leave this choice out.".into()
            }
            Error::ChosenTwice(_) => "Leave one of the two out.".into(),
            Error::Worker(_) | Error::Fault(_) => {
                "Run 'mekong resume'; if it happens again, run 'mekong doctor'.".into()
            }
            Error::Cancelled => "Run 'mekong resume' to finish.".into(),
        }
    }

    /// The same error in names that a person knows; see [`audio::Error::renamed`].
    pub(super) fn renamed(self, folder: &Path, source: &Path, home: &Path) -> Self {
        match self {
            Error::Audio(e) => Error::Audio(e.renamed(folder, source, home)),
            Error::Folder { cause, path } if path.starts_with(folder) => Error::Folder {
                cause,
                path: home.to_owned(),
            },
            other => other,
        }
    }

    /// Whether this is a person's wish and not a fault.
    pub fn is_cancelled(&self) -> bool {
        matches!(
            self,
            Error::Cancelled
                | Error::Audio(audio::Error::Cancelled)
                | Error::Speech(speech::Error::Cancelled)
                | Error::Translate(translate::Error::Cancelled)
                | Error::Store(store::Error::Cancelled)
        )
    }
}
