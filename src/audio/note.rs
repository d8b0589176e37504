//! What an import had to repair or leave out. A note never stops the work; it is kept with the file.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::count;

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
    /// The file's own clock jumps forward: sound is missing, and nobody knows who lost it.
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
                "{} left out, {silence_ms} ms of silence in place of sound",
                was(*packets, "damaged part")
            ),
            Note::Gaps { gaps, silence_ms } => write!(
                f,
                "sound is missing in {}, {silence_ms} ms of silence in place of it",
                count(*gaps, "place")
            ),
            Note::BadSamples { samples } => {
                write!(
                    f,
                    "{} no sound (not a number, or beyond any loudness) and set to silence",
                    was(*samples, "sample")
                )
            }
            Note::FormatChanges { changes } => {
                write!(
                    f,
                    "the sound format changes within the recording ({})",
                    count(*changes, "time")
                )
            }
        }
    }
}

/// `1 part was`, `2 parts were`.
fn was(number: u64, what: &str) -> String {
    let verb = if number == 1 { "was" } else { "were" };
    format!("{} {verb}", count(number, what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_is_not_told_as_many() {
        let corrupt = |packets| Note::Corrupt {
            packets,
            silence_ms: 20,
        };
        let told = corrupt(1).to_string();
        assert!(told.starts_with("1 damaged part was left out"), "{told}");
        let told = corrupt(2).to_string();
        assert!(told.starts_with("2 damaged parts were left out"), "{told}");
        let gap = Note::Gaps {
            gaps: 1,
            silence_ms: 20,
        };
        let told = gap.to_string();
        assert!(told.starts_with("sound is missing in 1 place,"), "{told}");
        assert!(!told.contains("recorder"), "{told}");
    }
}
