//! From sound to rows: taking a recording in, and the backlog that turns pending rows into text and
//! translations. Import, recovery after a crash and catching up with a live session are this one path.

mod backlog;
mod beside;
mod board;
#[cfg(test)]
mod choice_tests;
mod choices;
mod crew;
#[cfg(test)]
mod crew_tests;
mod engines;
mod error;
mod families;
mod intake;
#[cfg(test)]
mod intake_tests;
mod line;
pub mod live;
mod opinion;
#[cfg(test)]
mod tests;

pub use backlog::{Backlog, Report};
pub use choices::choose_models;
pub use engines::{Engines, SpeechRoute, TranslationRoute};
pub use error::Error;
pub use intake::{
    Intake, IntakePlan, Interrupted, Received, assign_channels, intake_file, intake_notes,
    interrupted_intakes, resume_intake, unfinished_intakes,
};
pub use line::{LineOptions, SourceLine, TranslatedLine, translate_line};

use crate::domain::{InterviewId, SegmentId};

/// What happened, by name: whoever shows it reads the row again from the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A step over bytes or samples of one file.
    Step {
        /// Which step.
        step: Step,
        /// Units done.
        done: u64,
        /// Units in all; 0 when not known.
        total: u64,
    },
    /// A part of a longer command begins.
    Part {
        /// What it does, in plain words.
        name: &'static str,
        /// 1 for the first.
        number: u32,
        /// How many there are.
        of: u32,
    },
    /// A line was recognised.
    Recognised {
        /// The interview.
        interview: InterviewId,
        /// The line.
        segment: SegmentId,
        /// Milliseconds of speech done in this run.
        done_ms: u64,
        /// Milliseconds of speech that this run has to do.
        total_ms: u64,
    },
    /// A line was translated.
    Translated {
        /// The interview.
        interview: InterviewId,
        /// The line.
        segment: SegmentId,
        /// Translations written in this run.
        done: u64,
    },
}

/// The steps of taking a recording in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The original is copied and hashed.
    Copying,
    /// The original is decoded to the 16 kHz working copy.
    Decoding,
    /// The working copy is searched for speech.
    FindingSpeech,
    /// A model is written anew, smaller.
    Shrinking,
    /// The search index of an older program version is made anew; units are lines.
    Indexing,
    /// A model's files are compared with their list.
    Checking,
    /// An export is written.
    Writing,
    /// Files of a workspace that is being locked are protected; units are files.
    Protecting,
    /// A model is judged on a test set; units are recordings.
    Judging,
}

/// Who is told about progress. Called from several threads.
pub type Watcher<'a> = &'a (dyn Fn(Progress) + Sync);
