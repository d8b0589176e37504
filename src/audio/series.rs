//! One microphone of a session: the names of its files in the session's folder, and where its channels
//! stand among those of the interview. The first one's files are named as if it were the only one.

use serde::{Deserialize, Serialize};

/// Which microphone of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// 0 for the first one, whose clock the others are measured against.
    pub device: u16,
    /// The interview's channel that its own channel 0 is.
    pub first_channel: u16,
}

impl Series {
    /// `part-001.wav` for part 1 of the first microphone, `part-m2-001.wav` of the second.
    pub fn part(self, number: u32) -> String {
        format!("part-{}{number:03}.wav", self.mark())
    }

    /// `working-1.wav` for the interview's channel 1, whichever microphone heard it.
    pub fn working(self, own_channel: u16) -> String {
        format!("working-{}.wav", self.channel(own_channel))
    }

    /// `journal.jsonl`, `journal-m2.jsonl`.
    pub fn journal(self) -> String {
        match self.device {
            0 => "journal.jsonl".into(),
            later => format!("journal-m{}.jsonl", later.saturating_add(1)),
        }
    }

    /// The interview's channel that one of its own is.
    pub fn channel(self, own: u16) -> u16 {
        self.first_channel.saturating_add(own)
    }

    /// Its number for people: 1 for the first.
    pub fn number(self) -> u16 {
        self.device.saturating_add(1)
    }

    fn mark(self) -> String {
        match self.device {
            0 => String::new(),
            _ => format!("m{}-", self.number()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_microphones_share_a_name_and_the_first_keeps_its_own() {
        let first = Series::default();
        let second = Series {
            device: 1,
            first_channel: 2,
        };
        assert_eq!(first.part(1), "part-001.wav");
        assert_eq!(first.journal(), "journal.jsonl");
        assert_eq!(first.working(1), "working-1.wav");
        assert_eq!(second.part(12), "part-m2-012.wav");
        assert_eq!(second.journal(), "journal-m2.jsonl");
        assert_eq!(second.working(0), "working-2.wav");
    }
}
