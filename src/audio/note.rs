//! What an import had to repair or leave out. A note never stops the work; it is kept with the file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing a reviewer should know about a recording that was imported nevertheless.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Note {
    /// The file holds less sound than its header promises: it was cut off, or parts are lost.
    Truncated {
        /// Milliseconds that are missing; `None` where the header does not tell the full length.
        missing_ms: Option<u64>,
    },
    /// The header contradicts the content; the content was believed.
    HeaderLied {
        /// In which way.
        detail: String,
    },
    /// Parts could not be decoded and were left out.
    Corrupt {
        /// How many packets.
        packets: u64,
        /// Silence put in their place, in milliseconds of the recording.
        silence_ms: u64,
    },
    /// The file's own clock jumps forward: the recorder lost sound.
    Gaps {
        /// How many jumps.
        gaps: u64,
        /// Silence put in their place, in milliseconds.
        silence_ms: u64,
    },
    /// Samples that are no numbers were set to 0.
    BadSamples {
        /// How many, over all channels.
        samples: u64,
    },
    /// The number of channels or the sample rate changes within the recording.
    FormatChanges {
        /// How often.
        changes: u64,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Note::Truncated {
                missing_ms: Some(ms),
            } => {
                write!(
                    f,
                    "the file holds {ms} ms less sound than its header promises"
                )
            }
            Note::Truncated { missing_ms: None } => f.write_str("the file is cut off at the end"),
            Note::HeaderLied { detail } => write!(f, "the file's header is wrong: {detail}"),
            Note::Corrupt {
                packets,
                silence_ms,
            } => write!(
                f,
                "{packets} damaged parts were left out, {silence_ms} ms of silence stand in their place"
            ),
            Note::Gaps { gaps, silence_ms } => write!(
                f,
                "the recorder lost sound {gaps} times, {silence_ms} ms of silence stand in its place"
            ),
            Note::BadSamples { samples } => {
                write!(
                    f,
                    "{samples} samples were not numbers and were set to silence"
                )
            }
            Note::FormatChanges { changes } => {
                write!(
                    f,
                    "the sound format changes {changes} times within the recording"
                )
            }
        }
    }
}
