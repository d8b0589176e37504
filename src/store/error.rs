//! What can go wrong in the store, in words for the person at the desk, each with a next step.

use std::path::PathBuf;

use rusqlite::ErrorCode;

use crate::domain::{FactKind, FlagKind};

/// Why the store could not do what was asked. Nothing was changed when one of these comes back:
/// every write is one transaction.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is something else.
    #[error("this file is not an interview database: {}", .0.display())]
    NotADatabase(PathBuf),
    /// A database of another program.
    #[error("this database belongs to another program: {}", .0.display())]
    OtherProgram(PathBuf),
    /// A newer version of this program wrote it.
    #[error("a newer version of this program wrote this database (form {found}, this version knows forms up to {known}): {}", .path.display())]
    NewerSchema {
        /// The form found.
        found: i64,
        /// The newest form this version knows.
        known: i64,
        /// The file.
        path: PathBuf,
    },
    /// An older version wrote it, and it was opened for reading only.
    #[error("an older version of this program wrote this database (form {found}, this version needs form {known}), and it was opened for reading only: {}", .path.display())]
    OlderSchema {
        /// The form found.
        found: i64,
        /// The form needed.
        known: i64,
        /// The file.
        path: PathBuf,
    },
    /// Its workspace is locked, and nobody opened it.
    #[error(transparent)]
    Vault(#[from] crate::vault::Error),
    /// A readable database in a locked workspace.
    #[error("the workspace is locked, but this interview database is not protected: somebody put it there: {}", .0.display())]
    PlainStore(PathBuf),
    /// Damaged at its beginning, or of another workspace.
    #[error("the key of this workspace does not open the interview database: {}", .0.display())]
    OtherKey(PathBuf),
    /// What was protected is not what was stored before.
    #[error("the protected copy of the interview database differs from it; nothing was changed")]
    BadCopy,
    /// The last changes lie in a side file that cannot be read on a read-only disk.
    #[error("the last changes were not yet merged into this database, and its disk is read-only: {}", .0.display())]
    UnmergedChanges(PathBuf),
    /// It could not be opened at all.
    #[error("the interview database could not be opened: {cause}: {}", .path.display())]
    Open {
        /// What the system said.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// No such interview.
    #[error("there is no interview '{0}'")]
    NoInterview(String),
    /// A short form that fits several interviews.
    #[error("'{typed}' is the beginning of more than one interview's name: {}", some(.names))]
    Ambiguous {
        /// What was typed.
        typed: String,
        /// The first names that begin so.
        names: Vec<String>,
    },
    /// No such line.
    #[error("interview {interview} has no line {segment}")]
    NoSegment {
        /// The interview.
        interview: String,
        /// The line.
        segment: i64,
    },
    /// The name is taken.
    #[error("an interview named '{0}' is already stored")]
    Exists(String),
    /// A name that cannot be a folder's name.
    #[error("'{0}' cannot name an interview")]
    BadName(String),
    /// No language was given.
    #[error("the interview has no language")]
    NoLanguage,
    /// A time that cannot be read.
    #[error("'{0}' is not a date or time")]
    BadTime(String),
    /// A length or position that no recording has.
    #[error("a length or a position in the recording is impossibly large")]
    TooLarge,
    /// The new text is the old text.
    #[error("the new text is the same as the text that is stored")]
    Unchanged,
    /// A line that was never written cannot be translated.
    #[error("the line has no text yet")]
    NoText,
    /// Nobody signs for the change.
    #[error("a change needs the name of the person who makes it")]
    NoAuthor,
    /// A refusal, or a limit that is lifted, is noted with its reason.
    #[error("no reason was given")]
    NoReason,
    /// A refusal was to be taken back that nobody gave.
    #[error("the whole record was not refused")]
    NotRefused,
    /// Somebody would certify what they wrote themselves.
    #[error("line {0} holds words of the same person, who cannot certify them")]
    OwnWork(i64),
    /// A machine most likely invented the words of the line.
    #[error("line {} is held back ({}): a machine most likely invented its words", .0, .1.as_str())]
    HeldBack(i64, FlagKind),
    /// The name under a change of the line was only typed.
    #[error("line {0} was changed by somebody who did not sign for it with a key")]
    UnsignedWork(i64),
    /// Somebody signed for the line.
    #[error("line {0} is certified and stays as it is unless somebody says why it must change")]
    CertifiedLine(i64),
    /// A speaker without a name, or with a far too long one.
    #[error("a speaker needs a name of one to three hundred characters")]
    BadSpeaker,
    /// The interview was sealed; its sound and lines are complete.
    #[error("the interview is sealed: no sound, line or entry can be added to it")]
    Sealed,
    /// The line gave way to others.
    #[error("line {0} was replaced by others; it stays in the history")]
    Replaced(i64),
    /// A line is to be parted where it does not reach, or where a half would be without words.
    #[error("line {0} cannot be parted there: a part would be without words or without sound")]
    NoPart(i64),
    /// Lines that do not belong together.
    #[error(
        "lines {0} and {1} cannot be joined: they do not follow one another on one channel in one language, or only one has words"
    )]
    NotNeighbours(i64, i64),
    /// A line cannot be moved there.
    #[error("line {0} cannot stand there: it would end before it begins, or outside the recording")]
    BadSpan(i64),
    /// The lines of a sealed interview stand as they were sealed.
    #[error("the interview is sealed: its lines stay as they are cut")]
    SealedLines,
    /// The session is still cutting lines.
    #[error("the interview is still being recorded")]
    StillRecorded,
    /// A change of the cut that is not there, or that is not the newest of its lines.
    #[error(
        "change {0} of the lines cannot be taken back: there is none, or a line of it was parted, joined, moved or corrected since"
    )]
    NotUndone(u32),
    /// No such person in the register.
    #[error("there is no person '{0}' in the register")]
    NoPerson(String),
    /// No such fact of this person, or one that no longer counts.
    #[error("the person has no entry {0}, or it was corrected already")]
    NoFact(i64),
    /// A value that cannot be of its kind.
    #[error("this cannot be entered as a {}", .0.as_str())]
    BadFact(FactKind),
    /// A decision about one and the same entry.
    #[error("a decision is about two different people of the register")]
    SamePerson,
    /// Somebody asked to stop while the database was brought up to date.
    #[error("interrupted; the interview database is as it was before")]
    Cancelled,
    /// The disk is full.
    #[error("the disk is full; nothing of this step was stored")]
    Full,
    /// The file or its disk cannot be written.
    #[error("the interview database can only be read, not written")]
    ReadOnly,
    /// Another program holds it.
    #[error("another program is writing to the interview database")]
    Busy,
    /// What is stored contradicts itself.
    #[error("the interview database is damaged ({0})")]
    Damaged(String),
    /// The search index is damaged; the records are whole.
    #[error("the search index is damaged; the interviews themselves are whole")]
    IndexDamaged,
    /// The disk failed.
    #[error("the disk failed while the interview database was used ({0})")]
    Disk(String),
    /// Anything else the database engine says.
    #[error("the interview database refused ({0})")]
    Sql(rusqlite::Error),
}

impl Error {
    /// The next step a person can take.
    pub fn help(&self) -> &'static str {
        match self {
            Error::NotADatabase(_) | Error::OtherProgram(_) => {
                "Choose another workspace, or move this file away. It was left as it is."
            }
            Error::NewerSchema { .. } => {
                "Open it with the newer version of this program. It was left as it is."
            }
            Error::OlderSchema { .. } => {
                "Open the workspace once where it can be written; it is brought up to date then."
            }
            Error::Vault(e) => e.help(),
            Error::PlainStore(_) => {
                "Keep that file as evidence, move it away, and put the protected database back from a backup."
            }
            Error::OtherKey(_) => {
                "Put the database and the file vault.json back from the same backup of the workspace."
            }
            Error::BadCopy => "Check the disk, then try again; the interviews are whole.",
            Error::UnmergedChanges(_) => {
                "Copy the whole folder to a disk that can be written and open it there."
            }
            Error::Open { .. } => {
                "Check that the folder exists and that you may read and write it."
            }
            Error::NoInterview(_) | Error::Ambiguous { .. } => {
                "'mekong list' shows the names; the first letters are enough where they fit only one."
            }
            Error::NoSegment { .. } => "'mekong show' lists the lines with their numbers.",
            Error::Exists(_) => "Choose another name.",
            Error::BadName(_) => "Use lower-case letters, digits and '-', at most 100 of them.",
            Error::NoLanguage => "Name the languages that are spoken, for example zh,vi.",
            Error::BadTime(_) => "Write it like 2026-11-23 or 2026-11-23T14:05:00+07:00.",
            Error::TooLarge => "Check the times in the file that was imported.",
            Error::Unchanged => "Nothing needs to be done.",
            Error::NoText => "Wait for recognition, or write the text first.",
            Error::NoAuthor => "Say who makes the change, for example with --by.",
            Error::NotRefused => {
                "'--line N --right' answers one line; '--refuse REASON' refuses the whole record."
            }
            Error::NoReason => "Write the reason in a few words, or that the person gave none.",
            Error::HeldBack(..) => {
                "Listen to the line. Correct it, or say why it is certified as it stands (--despite REASON)."
            }
            Error::UnsignedWork(_) => {
                "Let that person open their key and keep the change again (--sign), or say why it is certified all the same (--despite REASON)."
            }
            Error::OwnWork(_) => "Ask another person to read the line and to certify it.",
            Error::CertifiedLine(_) => {
                "Give a reason; the change takes the certificate away, and both stay in the history."
            }
            Error::BadSpeaker => "Write who speaks, for example officer, interpreter or a name.",
            Error::Sealed => "Record what is new as an interview of its own.",
            Error::Replaced(_) => "Change the lines that took its place.",
            Error::NoPart(_) => "Choose a place between two words, inside the time of the line.",
            Error::NotNeighbours(..) => {
                "Join a line with the next one of the same speaker, both with words or both without."
            }
            Error::BadSpan(_) => "Give a beginning before the end, inside the recording.",
            Error::SealedLines => {
                "Correct the words instead; a correction stands behind the seal where all can see it."
            }
            Error::StillRecorded => {
                "End the recording first; 'mekong resume' ends one that broke off."
            }
            Error::NotUndone(_) => "Take the later change back first.",
            Error::NoPerson(_) => "'mekong people list' shows the register.",
            Error::NoFact(_) => "'mekong people show' lists the entries with their numbers.",
            Error::BadFact(FactKind::Name) => {
                "Write the name in Chinese, Latin, Thai, Lao, Khmer or Burmese letters."
            }
            Error::BadFact(FactKind::BirthYear) => "Write a year such as 1987 or 2530.",
            Error::BadFact(FactKind::Phone) => "Write a number of five to twenty digits.",
            Error::BadFact(_) => "Write one to a thousand characters.",
            Error::SamePerson => "Name two people as 'mekong people list' shows them.",
            Error::Cancelled => "Run it again and let it finish.",
            Error::Full => "Free some space on the disk, then try again; nothing stored was lost.",
            Error::ReadOnly => {
                "Check the rights of the file and its folder and whether the disk is write-protected."
            }
            Error::Busy => "Close the other window or wait until it is done, then try again.",
            Error::Damaged(_) => {
                "Stop using it, copy the whole workspace to another disk, and restore the last backup. The recordings are separate files and are not affected."
            }
            Error::IndexDamaged => {
                "Run a search where the workspace can be written; that rebuilds it."
            }
            Error::Disk(_) => "Copy the workspace to another disk at once and check this one.",
            Error::Sql(_) => "Try again; if it stays, run 'mekong doctor'.",
        }
    }

    /// Whether it is the database as a whole that refuses: a person needs its path then.
    pub fn is_of_the_file(&self) -> bool {
        matches!(
            self,
            Error::Full
                | Error::ReadOnly
                | Error::Busy
                | Error::Damaged(_)
                | Error::IndexDamaged
                | Error::Disk(_)
                | Error::Sql(_)
        )
    }

    /// A stored value that no version of this program writes.
    pub(super) fn damaged(what: &str) -> Self {
        Error::Damaged(what.to_owned())
    }
}

/// The first five of a list.
fn some(names: &[String]) -> String {
    let mut shown: Vec<&str> = names.iter().take(5).map(String::as_str).collect();
    if names.len() > shown.len() {
        shown.push("...");
    }
    shown.join(", ")
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        // The shared-memory file beside the database could not grow: the disk is full.
        let extended = error.sqlite_error().map(|e| e.extended_code);
        if extended == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
            return Error::Full;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Error::Full,
            Some(ErrorCode::ReadOnly) => Error::ReadOnly,
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Busy,
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Error::Damaged(error.to_string())
            }
            Some(ErrorCode::SystemIoFailure) => Error::Disk(error.to_string()),
            // The word that the triggers of 0006_chain.sql say.
            Some(ErrorCode::ConstraintViolation) if error.to_string() == "sealed" => Error::Sealed,
            _ => Error::Sql(error),
        }
    }
}
