//! Who is asked in an interview: another form of the record, and other care for the person.

use serde::{Deserialize, Serialize};

/// Who was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Asked {
    /// Suspected of a crime.
    Suspect,
    /// Harmed by one.
    Victim,
    /// Saw or heard something.
    Witness,
}

impl Asked {
    /// All of them.
    pub const ALL: [Asked; 3] = [Asked::Suspect, Asked::Victim, Asked::Witness];

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Asked::Suspect => "suspect",
            Asked::Victim => "victim",
            Asked::Witness => "witness",
        }
    }

    /// Whether the voice may be heard where nobody says otherwise: not a victim's.
    pub const fn usual_sound(self) -> bool {
        !matches!(self, Asked::Victim)
    }

    /// What stands for the name where nobody says otherwise: for a victim's a pseudonym.
    pub const fn usual_pseudonym(self) -> Option<&'static str> {
        match self {
            Asked::Victim => Some("V1"),
            Asked::Suspect | Asked::Witness => None,
        }
    }
}
