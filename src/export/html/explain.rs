//! What a doubt means, in words for whoever reads the page.

use crate::domain::FlagKind;

/// A sentence without its full stop.
pub(in crate::export) fn explain(kind: FlagKind) -> &'static str {
    match kind {
        FlagKind::PracticeModel => "A practice model wrote this: never for casework",
        FlagKind::LowConfidence => "The recogniser is unsure of these words",
        FlagKind::NoText => "Somebody speaks here, but the recogniser wrote nothing",
        FlagKind::NoSpeech => "The recogniser holds that nobody speaks here",
        FlagKind::Repetition => "The same words over and over, a known failure of recognisers",
        FlagKind::WrongScript => "Letters of a script that this language is not written in",
        FlagKind::SpeechRate => "More words than anybody speaks in this time",
        FlagKind::LanguageUncertain => "It may be another language",
        FlagKind::PhantomPhrase => "A phrase that recognisers invent in silence or music",
        FlagKind::CutWithoutPause => "Cut in the middle of speech",
        FlagKind::OtherChannel => "Heard on another channel too, and louder there",
        FlagKind::TermMissing => "An agreed term has no approved counterpart in the translation",
        FlagKind::NumberMismatch => "A number, a date or a document number differs",
        FlagKind::NameDiffers => "A name of the source does not stand in the translation",
        FlagKind::NegationDiffers => "One side denies, the other does not",
        FlagKind::QuestionDiffers => "One side asks, the other states",
        FlagKind::LunarDate => "A date of another calendar, which a person must convert",
        FlagKind::TermForbidden => "A word that must not be used stands in the translation",
        FlagKind::Untranslated => "It may not be translated at all",
        FlagKind::LengthRatio => "The translation is far too short or too long",
        FlagKind::LowProbability => "The translator gave its own words a low probability",
        FlagKind::Truncated => "The text stops too early or leaves something out",
        FlagKind::Stale => "The translation is of an earlier version of the words",
        FlagKind::NoModel => "No installed model translates this direction",
        FlagKind::OpinionsDiffer => "A second translator holds something else",
        FlagKind::Zawgyi => "Burmese in the old Zawgyi encoding, which reads wrongly as Unicode",
        FlagKind::EngineFailed => "The engine failed on this line",
    }
}
