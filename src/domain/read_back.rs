//! Reading back: what the person interviewed said to a line that was read to them.

use serde::Serialize;

use super::{Lang, SegmentId};

/// The answer to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ReadAnswer {
    /// It is as it was said.
    Right,
    /// It was put right; the new words are a version of their own.
    Corrected,
    /// The person did not accept it, or refused to answer.
    Refused,
}

impl ReadAnswer {
    /// All answers.
    pub const ALL: [ReadAnswer; 3] = [
        ReadAnswer::Right,
        ReadAnswer::Corrected,
        ReadAnswer::Refused,
    ];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReadAnswer::Right => "right",
            ReadAnswer::Corrected => "corrected",
            ReadAnswer::Refused => "refused",
        }
    }
}

/// The last answer to a line, or to the whole record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadBack {
    /// The line; `None` where the person refused the whole record.
    pub segment: Option<SegmentId>,
    /// The language it was read in.
    pub lang: Lang,
    /// What was said to it.
    pub answer: ReadAnswer,
    /// Why it was refused.
    pub reason: Option<String>,
    /// Who read it out.
    pub by: String,
    /// When, RFC 3339.
    pub at: String,
    /// The line still has the words to which the answer was given.
    pub stands: bool,
}
