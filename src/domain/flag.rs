//! Doubts about a line. A flag is shown and kept; it never changes or removes what was said.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What kind of doubt. The text form is a promise to scripts: never rename one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FlagKind {
    /// Written by a practice model, which knows only the practice sentences.
    PracticeModel,
    /// The recogniser gave its own words a low probability, or something else speaks a little against them;
    /// `detail` says what.
    LowConfidence,
    /// The voice detector heard speech, the recogniser wrote nothing.
    NoText,
    /// The recogniser holds that nobody spoke here, yet wrote words, and hardly believes them.
    NoSpeech,
    /// The same words over and over: a known failure of recognisers.
    Repetition,
    /// Letters of a script that the line's language is not written in.
    WrongScript,
    /// More characters a second than anybody speaks.
    SpeechRate,
    /// The two best languages were nearly equally likely.
    LanguageUncertain,
    /// A phrase recognisers are known to invent in silence or music.
    PhantomPhrase,
    /// The utterance was cut at the longest length without a pause.
    CutWithoutPause,
    /// Another channel heard the same voice louder; `detail` holds its number, from 1.
    OtherChannel,
    /// A glossary term of the source has no approved counterpart in the translation.
    TermMissing,
    /// A number, date or document number differs between the two sides.
    NumberMismatch,
    /// A name of the source does not stand in the translation.
    NameDiffers,
    /// One side denies, the other does not.
    NegationDiffers,
    /// One side asks, the other states.
    QuestionDiffers,
    /// A lunar date or the Burmese era: a person must convert it.
    LunarDate,
    /// A forbidden variant of a term stands in the translation.
    TermForbidden,
    /// Source and translation are equal, or the translation is in the wrong language.
    Untranslated,
    /// The translation is far shorter or longer than the source allows.
    LengthRatio,
    /// The translator gave its own words a low probability.
    LowProbability,
    /// Another engine translates the line quite differently; `detail` holds what it writes.
    OpinionsDiffer,
    /// The text stopped at its length limit, or leaves something out of what was said.
    Truncated,
    /// The translation is of an earlier version of the line's text.
    Stale,
    /// The text came in Zawgyi and stands here in Unicode; `detail` keeps it as it came.
    Zawgyi,
    /// No installed model translates this direction.
    NoModel,
    /// The engine failed on this line; the reason is in the status.
    EngineFailed,
}

impl FlagKind {
    /// All kinds, for tables and tests.
    pub const ALL: [FlagKind; 27] = [
        FlagKind::PracticeModel,
        FlagKind::LowConfidence,
        FlagKind::NoText,
        FlagKind::NoSpeech,
        FlagKind::Repetition,
        FlagKind::WrongScript,
        FlagKind::SpeechRate,
        FlagKind::LanguageUncertain,
        FlagKind::PhantomPhrase,
        FlagKind::CutWithoutPause,
        FlagKind::OtherChannel,
        FlagKind::TermMissing,
        FlagKind::NumberMismatch,
        FlagKind::NameDiffers,
        FlagKind::NegationDiffers,
        FlagKind::QuestionDiffers,
        FlagKind::LunarDate,
        FlagKind::TermForbidden,
        FlagKind::Untranslated,
        FlagKind::LengthRatio,
        FlagKind::LowProbability,
        FlagKind::OpinionsDiffer,
        FlagKind::Truncated,
        FlagKind::Stale,
        FlagKind::Zawgyi,
        FlagKind::NoModel,
        FlagKind::EngineFailed,
    ];

    /// The stable text form, for example `low-confidence`.
    pub const fn as_str(self) -> &'static str {
        match self {
            FlagKind::PracticeModel => "practice-model",
            FlagKind::LowConfidence => "low-confidence",
            FlagKind::NoText => "no-text",
            FlagKind::NoSpeech => "no-speech",
            FlagKind::Repetition => "repetition",
            FlagKind::WrongScript => "wrong-script",
            FlagKind::SpeechRate => "speech-rate",
            FlagKind::LanguageUncertain => "language-uncertain",
            FlagKind::PhantomPhrase => "phantom-phrase",
            FlagKind::CutWithoutPause => "cut-without-pause",
            FlagKind::OtherChannel => "other-channel",
            FlagKind::TermMissing => "term-missing",
            FlagKind::NumberMismatch => "number-mismatch",
            FlagKind::NameDiffers => "name-differs",
            FlagKind::NegationDiffers => "negation-differs",
            FlagKind::QuestionDiffers => "question-differs",
            FlagKind::LunarDate => "lunar-date",
            FlagKind::TermForbidden => "term-forbidden",
            FlagKind::Untranslated => "untranslated",
            FlagKind::LengthRatio => "length-ratio",
            FlagKind::LowProbability => "low-probability",
            FlagKind::OpinionsDiffer => "opinions-differ",
            FlagKind::Truncated => "truncated",
            FlagKind::Stale => "stale",
            FlagKind::Zawgyi => "zawgyi",
            FlagKind::NoModel => "no-model",
            FlagKind::EngineFailed => "engine-failed",
        }
    }

    /// Whether a machine's words with this doubt were most likely never said, so that they stand on no
    /// paper before a person has decided on them.
    pub const fn quarantines(self) -> bool {
        matches!(
            self,
            FlagKind::PhantomPhrase
                | FlagKind::Repetition
                | FlagKind::NoSpeech
                | FlagKind::WrongScript
                | FlagKind::SpeechRate
        )
    }

    /// The kind with this text form.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.as_str() == text)
    }
}

/// One doubt, with the places that disagree where there are any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flag {
    /// What kind of doubt.
    pub kind: FlagKind,
    /// What disagrees, for the person who reviews, for example `3500 | 350`. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Where it disagrees; empty where the doubt is about the whole line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

/// Which text of a line and its translation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// What was said.
    Source,
    /// What was written for it in the other language.
    Translation,
}

/// A stretch of one of the two texts, and what was read there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The text it stands in.
    pub side: Side,
    /// Its first character, counted from 0 in the text's canonical form.
    pub from: usize,
    /// The character behind it.
    pub to: usize,
    /// What was read there, for example `3500`; empty for a place where something should stand and does not.
    pub value: String,
}

impl Place {
    /// The place of a stretch of bytes of a text.
    pub fn of(text: &str, side: Side, range: &Range<usize>, value: &str) -> Self {
        let chars = |until: usize| text.get(..until).map_or(0, |t| t.chars().count());
        Self {
            side,
            from: chars(range.start),
            to: chars(range.end),
            value: value.to_owned(),
        }
    }

    /// The whole text, for what should stand somewhere in it.
    pub fn whole(text: &str, side: Side) -> Self {
        let start = text.len().saturating_sub(text.trim_start().len());
        let end = text.trim_end().len().max(start);
        Self::of(text, side, &(start..end), "")
    }
}

impl Flag {
    /// A flag without detail.
    pub fn new(kind: FlagKind) -> Self {
        Self {
            kind,
            detail: String::new(),
            places: Vec::new(),
        }
    }

    /// A flag that names what disagrees.
    pub fn with(kind: FlagKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            places: Vec::new(),
        }
    }

    /// The same flag with the places that disagree.
    pub fn at(self, places: Vec<Place>) -> Self {
        Self { places, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubts_about_a_translation_or_a_place_hold_nothing_back() {
        let held = FlagKind::ALL.into_iter().filter(|k| k.quarantines());
        let held: Vec<&str> = held.map(FlagKind::as_str).collect();
        let invented = [
            "no-speech",
            "repetition",
            "wrong-script",
            "speech-rate",
            "phantom-phrase",
        ];
        assert_eq!(held, invented);
    }

    #[test]
    fn text_forms_agree_with_serde_and_read_back() {
        for kind in FlagKind::ALL {
            assert_eq!(FlagKind::parse(kind.as_str()), Some(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
