//! What happens in a live session beside the words: pauses, markers, lost sound, alarms. Each is an
//! entry in the record with its place in the sound; none of them ever changes the sound.

use serde::{Deserialize, Serialize};

use super::Span;

/// What kind of entry. The text form is a promise to scripts: never rename one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EventKind {
    /// Sound from before the start was pressed.
    PreRoll,
    /// Nothing was recorded here, on somebody's wish; silence stands for it.
    Pause,
    /// A person marked this moment.
    Marker,
    /// Sound was lost here; silence stands for it.
    Gap,
    /// Something was wrong that a person could mend.
    Alarm,
    /// A clock was found to differ: the time of day was changed on the computer, or a microphone's
    /// own clock runs apart from the first one's.
    Clock,
    /// What became of the microphones' test before the session.
    Test,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [EventKind; 7] = [
        EventKind::PreRoll,
        EventKind::Pause,
        EventKind::Marker,
        EventKind::Gap,
        EventKind::Alarm,
        EventKind::Clock,
        EventKind::Test,
    ];

    /// The stable text form, for example `pre-roll`.
    pub const fn as_str(self) -> &'static str {
        match self {
            EventKind::PreRoll => "pre-roll",
            EventKind::Pause => "pause",
            EventKind::Marker => "marker",
            EventKind::Gap => "gap",
            EventKind::Alarm => "alarm",
            EventKind::Clock => "clock",
            EventKind::Test => "test",
        }
    }

    /// The kind with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }
}

/// One entry of a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEvent {
    /// Names the entry in its workspace.
    pub id: i64,
    /// What kind.
    pub kind: EventKind,
    /// What was marked, why it was paused, what was wrong.
    pub label: String,
    /// The channel it concerns; none for all.
    pub channel: Option<u16>,
    /// Where in the sound. Empty for a moment, and while it lasts.
    pub span: Span,
    /// It has begun and not ended.
    pub lasts: bool,
    /// The time of day it began, RFC 3339.
    pub at: String,
}

/// How a session stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionState {
    /// Identity of the microphone, or the practice file's name.
    pub device: String,
    /// A file played in place of a microphone.
    pub practice: bool,
    /// It was begun and has not been ended: it runs, or it was cut off and waits for `resume`.
    pub in_progress: bool,
    /// How it ended.
    pub ended: Option<String>,
    /// When it was begun, RFC 3339.
    pub started_at: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_forms_agree_with_serde_and_read_back() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
