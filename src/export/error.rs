//! Why an export fails, each with the next step.

use std::io;
use std::path::PathBuf;

use super::Format;
use crate::audio;
use crate::domain::{Lang, reason};
use crate::fonts;

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such format.
    #[error("'{0}' is not an export format")]
    UnknownFormat(String),
    /// The writer refused; look at its kind for a broken pipe.
    #[error("the export could not be written: {why}", why = reason(.0))]
    Write(#[from] io::Error),
    /// The sound cannot be read.
    #[error(transparent)]
    Audio(#[from] audio::Error),
    /// Nothing installed can show these languages.
    #[error("no installed font shows {}", names(.0))]
    MissingFonts(Vec<Lang>),
    /// A font that was believed is damaged.
    #[error("the font for {} cannot be used", .0.name())]
    Font(Lang),
    /// More pages than a document should have.
    #[error("the document has more than {0} pages")]
    TooManyPages(usize),
    /// A suspect's record is another form than a witness's.
    #[error("whose record is it?")]
    NoPerson,
    /// A record is in one language or in two side by side.
    #[error("a record is in one language or two")]
    RecordLanguages,
    /// No form is shipped in this language.
    #[error("there is no form of the record in {}", .0.name())]
    NoTemplate(Lang),
    /// A form that was changed in the workspace cannot be used.
    #[error("the form cannot be used: {cause}: {}", path.display())]
    Template {
        /// What is wrong with it.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// A list of what to cover cannot be used.
    #[error("the list of redactions cannot be used: {cause}: {}", path.display())]
    Redaction {
        /// What is wrong with it, without its words.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// Rules that cover nothing: something is misspelt, and would stay.
    #[error("nothing in this interview fits {}", rules(.0))]
    RedactsNothing(Vec<usize>),
    /// The names of a person stand nowhere as the register has them: how the lines have them, and so
    /// what is to be covered, nobody knows.
    #[error("no name that the register has of this person stands in this interview")]
    NamesNowhere,
    /// A word would stay somewhere, for example in a reason.
    #[error("words of rule {0} would stay in the copy")]
    WordStays(usize),
    /// Who signs the copy, or signed in it, has a name that is to be covered.
    #[error("words of rule {0} stand in the name of a person who signs the copy")]
    SignerStays(usize),
    /// Somebody asked to stop.
    #[error("interrupted; nothing was written")]
    Cancelled,
    /// An imported transcript has no sound.
    #[error("this interview was stored without its recording, so there is no sound to export")]
    NoSound,
    /// More sound than the format can hold.
    #[error("{minutes} minutes of sound are too long for this format")]
    SoundTooLong {
        /// Length of the interview.
        minutes: u64,
        /// What to do instead.
        help: &'static str,
    },
}

/// `rule 1, rule 3`.
fn rules(numbers: &[usize]) -> String {
    let names: Vec<String> = numbers.iter().map(|n| format!("rule {n}")).collect();
    names.join(", ")
}

/// `Khmer, Burmese`.
fn names(languages: &[Lang]) -> String {
    let names: Vec<&str> = languages.iter().map(|l| l.name()).collect();
    names.join(", ")
}

impl Error {
    /// The next step a person can take.
    pub fn help(&self) -> String {
        let help = match self {
            Error::UnknownFormat(_) => {
                let names: Vec<&str> = Format::ALL.iter().map(|f| f.as_str()).collect();
                return format!("Use one of {}.", names.join(", "));
            }
            Error::MissingFonts(missing) => return fonts::advice(missing),
            Error::Write(_) => "Check that the disk has room and that you may write there.",
            Error::Audio(error) => error.help(),
            Error::Font(_) => "Install the Noto Sans font of that language again.",
            Error::TooManyPages(_) => "Write it as txt or html.",
            Error::NoPerson => "Add --of suspect, --of victim or --of witness.",
            Error::RecordLanguages => "For example: --languages zh,vi or --languages zh.",
            Error::NoTemplate(_) => "Name other languages with --languages.",
            Error::Template { .. } => {
                "Correct the file, or move it away: then the form that ships with the program is \
                 used. 'mekong templates' writes fresh copies of those that are missing."
            }
            Error::Redaction { .. } => {
                "Write each thing to cover as [[redact]] with a reason and one of: words, line, or from \
                 and to."
            }
            Error::RedactsNothing(_) => {
                "Correct the spelling as it stands in the lines, or the times so that they lie inside the \
                 recording, or remove the rule: what is misspelt would stay readable."
            }
            Error::NamesNowhere => {
                "Add the name to the register as it stands in the lines ('mekong people note'): then the \
                 pseudonym takes its place. Where nobody says it, let an administrator lift the limit for \
                 this file: mekong consent ID --lift REASON"
            }
            Error::WordStays(_) => {
                "Write reasons without the words they hide, and list every spelling of the word."
            }
            Error::SignerStays(_) => {
                "Let a person sign whose name is not to be covered (--by), or take that name out of the \
                 list."
            }
            Error::Cancelled => "Start it again whenever you like.",
            Error::NoSound => "Choose a format of the text, or import the recording itself.",
            Error::SoundTooLong { help, .. } => help,
        };
        help.to_owned()
    }
}
