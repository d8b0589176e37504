//! People of the register: what is known of each, who entered it, and what was decided about matches.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{InterviewId, Lang, SegmentId};

/// Names one person of the register for ever: `p1`, `p2` ...
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonId(pub String);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What kind of thing is known of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactKind {
    /// A name, in any script.
    Name,
    /// Suspect, victim, witness, officer or another word.
    Role,
    /// The year of birth of the common era.
    BirthYear,
    /// A telephone number.
    Phone,
    /// A vehicle's plate.
    Plate,
    /// The number of a document.
    Document,
    /// A place: home, origin, where seen.
    Place,
    /// Where the person is spoken of; the value is the words.
    Mention,
    /// Anything else worth knowing.
    Note,
}

impl FactKind {
    /// All kinds, in the order in which a person reads them.
    pub const ALL: [FactKind; 9] = [
        FactKind::Name,
        FactKind::Role,
        FactKind::BirthYear,
        FactKind::Phone,
        FactKind::Plate,
        FactKind::Document,
        FactKind::Place,
        FactKind::Mention,
        FactKind::Note,
    ];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            FactKind::Name => "name",
            FactKind::Role => "role",
            FactKind::BirthYear => "birth-year",
            FactKind::Phone => "phone",
            FactKind::Plate => "plate",
            FactKind::Document => "document",
            FactKind::Place => "place",
            FactKind::Mention => "mention",
            FactKind::Note => "note",
        }
    }

    /// The kind with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }

    /// Whether two people who share such a fact are linked by it.
    pub const fn links(self) -> bool {
        matches!(
            self,
            FactKind::Phone | FactKind::Plate | FactKind::Document | FactKind::Place
        )
    }
}

/// Where a name comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NameSource {
    /// The person gave it.
    Given,
    /// Others use it.
    Alias,
    /// It was read in a document.
    Document,
    /// It was heard; nobody saw it written.
    Heard,
}

impl NameSource {
    /// All of them.
    pub const ALL: [NameSource; 4] = [
        NameSource::Given,
        NameSource::Alias,
        NameSource::Document,
        NameSource::Heard,
    ];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            NameSource::Given => "given",
            NameSource::Alias => "alias",
            NameSource::Document => "document",
            NameSource::Heard => "heard",
        }
    }

    /// The source with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// One thing that is known of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Its number, the same for ever.
    pub id: i64,
    /// What kind it is.
    pub kind: FactKind,
    /// As it was entered.
    pub value: String,
    /// The script of a name: `han`, `latin`, `thai`, `lao`, `khmer`, `burmese`.
    pub script: Option<String>,
    /// The language it was said or written in.
    pub lang: Option<Lang>,
    /// Where a name comes from.
    pub source: Option<NameSource>,
    /// The interview it comes from.
    pub interview: Option<InterviewId>,
    /// The line of that interview.
    pub segment: Option<SegmentId>,
    /// Who entered it.
    pub by: String,
    /// When, RFC 3339 UTC.
    pub at: String,
    /// Why, where the person said so.
    pub reason: Option<String>,
    /// The fact that this one corrects.
    pub replaces: Option<i64>,
    /// It takes back the fact that it corrects and puts nothing in its place.
    pub withdrawn: bool,
}

/// One person of the register with what counts now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name in the register.
    pub id: PersonId,
    /// The case in which the person was entered.
    pub case: Option<String>,
    /// Who entered the person.
    pub by: String,
    /// When, RFC 3339 UTC.
    pub at: String,
    /// What is known: neither corrected nor taken back.
    pub facts: Vec<Fact>,
}

impl Person {
    /// The values of one kind.
    pub fn values(&self, kind: FactKind) -> impl Iterator<Item = &str> {
        self.facts
            .iter()
            .filter(move |f| f.kind == kind)
            .map(|f| f.value.as_str())
    }
}

/// What somebody decided about two people of the register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// One person under two entries.
    Same,
    /// Two people.
    NotSame,
    /// Looked at and left open.
    Unsure,
}

impl Verdict {
    /// All of them.
    pub const ALL: [Verdict; 3] = [Verdict::Same, Verdict::NotSame, Verdict::Unsure];

    /// The stable text form.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Same => "same",
            Verdict::NotSame => "not-same",
            Verdict::Unsure => "unsure",
        }
    }

    /// The verdict with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|v| v.as_str() == text)
    }
}

/// One decision; a later one about the same two counts before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// The one.
    pub person: PersonId,
    /// The other.
    pub other: PersonId,
    /// What was decided.
    pub verdict: Verdict,
    /// By whom.
    pub by: String,
    /// When, RFC 3339 UTC.
    pub at: String,
    /// Why.
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_form_reads_back() {
        for kind in FactKind::ALL {
            assert_eq!(FactKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        for source in NameSource::ALL {
            assert_eq!(NameSource::parse(source.as_str()), Some(source));
        }
        for verdict in Verdict::ALL {
            assert_eq!(Verdict::parse(verdict.as_str()), Some(verdict));
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.as_str());
        }
    }
}
