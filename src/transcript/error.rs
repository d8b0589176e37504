//! Why a transcript could not be read, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::domain::reason;

/// Why a transcript could not be read. The messages never hold text of the transcript.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file could not be opened or read.
    #[error("cannot read the transcript: {why}: {path}", why = reason(.cause))]
    Read {
        /// What the system said.
        cause: io::Error,
        /// The file.
        path: PathBuf,
    },
    /// A folder, named pipe, device or socket.
    #[error("this is a folder, a pipe, a socket or a device, not a file: {0}")]
    NotAFile(PathBuf),
    /// The extension names no form that is read.
    #[error("this is not a transcript that can be read: {0}")]
    UnknownForm(PathBuf),
    /// More than 100 MB.
    #[error("the transcript is larger than 100 MB: {0}")]
    TooLarge(PathBuf),
    /// A text, but in an encoding other than UTF-8.
    #[error("the transcript is written in {name}, not in UTF-8: {path}")]
    Encoding {
        /// The encoding.
        name: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// Bytes that are no UTF-8, and nothing that says what else they are.
    #[error("the transcript is not UTF-8 text: line {line}: {path}")]
    NotUtf8 {
        /// The first line with such bytes, 1 for the first of the file.
        line: u64,
        /// The file.
        path: PathBuf,
    },
    /// A line breaks the form or a bound.
    #[error("the transcript cannot be understood: line {line}: {what}: {path}")]
    Line {
        /// The line of the file, 1 for the first.
        line: u64,
        /// What is wrong there.
        what: String,
        /// The file.
        path: PathBuf,
    },
    /// A valid file without any words.
    #[error("the transcript holds no text: {0}")]
    NoText(PathBuf),
}

impl Error {
    /// The next step a person can take.
    pub fn help(&self) -> &'static str {
        match self {
            Error::Read { .. } => "Check that the file is there and that you may read it.",
            Error::NotAFile(_) => "Save the transcript to a file first and name that.",
            Error::UnknownForm(_) => "Give a file that ends in .json, .srt, .vtt or .csv.",
            Error::TooLarge(_) => {
                "Check that this is a transcript and not a recording; split it if it is one."
            }
            Error::Encoding { .. } | Error::NotUtf8 { .. } => {
                "Open the file in a text editor, save it with the encoding UTF-8, and import that."
            }
            Error::Line { .. } => {
                "Correct that line in a text editor, or export the transcript again; \
                 nothing of the file was stored."
            }
            Error::NoText(_) => "Check that this is the right file.",
        }
    }
}
