//! Plain data that every layer shares: languages, positions in sound, interviews and their rows. No I/O.

mod asked;
mod cancel;
mod flag;
mod interpreted;
mod interview;
mod lang;
mod longest;
mod person;
mod plain;
mod read_back;
mod role;
mod session;
mod sound;
mod speech_choice;

pub use asked::Asked;
pub use cancel::Cancel;
pub use flag::{Flag, FlagKind, Place, Side};
pub use interpreted::Interpreted;
pub use interview::{
    AudioFile, Channel, Hypothesis, Interview, InterviewId, InterviewSummary, Segment, SegmentId,
    Status, TermUse, Translation, Utterance, Word, quarantine,
};
pub use lang::{Lang, LangPair, UnknownLang};
pub use longest::LongestUtterance;
pub use person::{Decision, Fact, FactKind, NameSource, Person, PersonId, Verdict};
pub use plain::{count, next_step, reason};
pub use read_back::{ReadAnswer, ReadBack};
pub use role::{ROLES, role, told_apart};
pub use session::{EventKind, SessionEvent, SessionState};
pub use sound::{SAMPLE_RATE, SamplePos, Span};
pub use speech_choice::{SpeechChoice, SpeechModel, SpeechModels};

/// Texts that recognition follows side by side at most: more bring nothing and cost their part of the time.
pub const MOST_BEAM: usize = 5;
