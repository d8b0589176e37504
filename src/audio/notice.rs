//! What a recorder has to say while it runs. Each notice is written into the session's journal first
//! and numbered there, so that none is lost when nobody listens.

use serde::{Deserialize, Serialize};

use crate::domain::{SamplePos, Span};

/// A notice with its place in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// 1, 2, 3 ... in one session.
    pub number: u64,
    /// The time of day, RFC 3339.
    pub wall: String,
    /// What happened.
    pub notice: Notice,
    /// The journal did not take it: it stands nowhere else.
    #[serde(skip)]
    pub refused: bool,
}

impl Entry {
    /// A person's mark that stands in no journal.
    pub fn lost_mark(&self) -> Option<&str> {
        match &self.notice {
            Notice::Marked { words, .. } if self.refused => Some(words),
            _ => None,
        }
    }
}

/// What happened. Positions are those of the working copies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum Notice {
    /// The session begins; so much of its sound was heard before somebody pressed the button.
    Began {
        /// End of that sound.
        pre_roll: SamplePos,
        /// So much of it, from the start on, this microphone did not hear; silence stands there.
        #[serde(default)]
        silence: SamplePos,
    },
    /// A part is complete and on the disk.
    PartClosed {
        /// Which.
        part: Part,
    },
    /// Sound was lost; equal silence stands in its place.
    Lost {
        /// Where.
        span: Span,
    },
    /// The microphone is gone. Silence is recorded until the same one returns.
    Gone {
        /// From where on.
        at: SamplePos,
        /// In plain words.
        why: String,
    },
    /// The microphone is back.
    Back {
        /// The silence in between.
        span: Span,
        /// Frames a second it delivers now.
        rate: u32,
    },
    /// The session ended while the microphone was gone.
    StayedAway {
        /// The silence up to the end.
        span: Span,
    },
    /// The microphone that is gone is plugged in again, and cannot be used as it is.
    Refused {
        /// Where it was noticed.
        at: SamplePos,
        /// In plain words.
        why: String,
    },
    /// Another one came under the name of the microphone that is gone. Nothing of it is recorded.
    Other {
        /// Where it was noticed.
        at: SamplePos,
        /// The one that is gone.
        missing: String,
        /// The one that is there instead.
        found: String,
    },
    /// The computer slept and nothing was heard. Silence of an hour at most stands in its place.
    Slept {
        /// The silence.
        span: Span,
        /// Seconds that it slept.
        seconds: u64,
    },
    /// The disk had kept everything waiting, and takes the sound again.
    Stalled {
        /// Where it was noticed.
        at: SamplePos,
        /// Seconds for which it took nothing.
        seconds: u64,
    },
    /// Nothing is heard from here on; silence is recorded, so that time goes on.
    Paused {
        /// From where on.
        at: SamplePos,
        /// The person's reason; empty in journals that were written before it stood there.
        #[serde(default)]
        reason: String,
    },
    /// Heard again.
    Resumed {
        /// The silence in between.
        span: Span,
    },
    /// A person marked this moment.
    Marked {
        /// Which.
        at: SamplePos,
        /// In the person's words.
        words: String,
    },
    /// Sound beyond full scale.
    Clipping {
        /// Where it was noticed.
        at: SamplePos,
        /// On which channel.
        channel: u16,
    },
    /// Ten seconds of nothing but one value: a muted or broken line.
    Silent {
        /// Where it was noticed.
        at: SamplePos,
        /// On which channel.
        channel: u16,
    },
    /// Sound again after that.
    SoundAgain {
        /// Where.
        at: SamplePos,
        /// On which channel.
        channel: u16,
    },
    /// The disk holds only so many minutes more.
    DiskLow {
        /// Where.
        at: SamplePos,
        /// Minutes left.
        minutes: u64,
    },
    /// The chain of the sound cannot be written; the sound goes on, and gets its links at the end.
    Unlinked {
        /// Where it was noticed.
        at: SamplePos,
        /// In the system's words.
        why: String,
    },
    /// What is not sealed yet cannot be kept against a crash; the sound goes on.
    Exposed {
        /// Where it was noticed.
        at: SamplePos,
        /// In the system's words.
        why: String,
    },
    /// The end; nothing comes after it.
    Stopped {
        /// Length of the session.
        at: SamplePos,
        /// Why.
        why: Stop,
    },
}

/// A complete part of a recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// File name in the session's folder.
    pub name: String,
    /// Frames a second.
    pub rate: u32,
    /// Channels.
    pub channels: u16,
    /// Frames.
    pub frames: u64,
}

/// Why a recorder stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// Somebody asked it to.
    Asked,
    /// The practice file came to its end.
    SourceEnded,
    /// The disk is full.
    DiskFull,
    /// The disk failed, in the system's words. Final: nothing more is written.
    DiskFailed(String),
}
