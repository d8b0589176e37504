//! What is doubtful in a line and its translations, in words.

use eframe::egui::Ui;

use crate::domain::{FlagKind, Segment};
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script;
use crate::gui::words::Words;

/// Every doubt of the line and of its translations, in words.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, line: &Segment) {
    let letters = scene.remark(ui).coloured(theme::of(ui).doubt);
    let all = line.flags.iter().map(|f| (None, f));
    let translated = line
        .translations
        .iter()
        .flat_map(|t| t.flags.iter().map(move |f| (Some(t.lang), f)));
    for (lang, flag) in all.chain(translated) {
        if flag.kind == FlagKind::PracticeModel {
            continue;
        }
        let side = lang.map_or(String::new(), |l| format!("{} · ", l.native_name()));
        let mut text = format!("! {side}{}", explained(scene.words, flag.kind));
        // The other translation stands below the first one.
        if !flag.detail.is_empty() && flag.kind != FlagKind::OpinionsDiffer {
            text.push_str(": ");
            text.push_str(&scene.words.told(&flag.detail));
        }
        script::label(ui, &text, letters);
    }
}

/// A kind of doubt in words.
pub fn explained(words: &Words, kind: FlagKind) -> &'static str {
    const KNOWN: [(FlagKind, &str); 27] = [
        (FlagKind::PracticeModel, "flag-practice-model"),
        (FlagKind::LowConfidence, "flag-low-confidence"),
        (FlagKind::NoText, "flag-no-text"),
        (FlagKind::NoSpeech, "flag-no-speech"),
        (FlagKind::Repetition, "flag-repetition"),
        (FlagKind::WrongScript, "flag-wrong-script"),
        (FlagKind::SpeechRate, "flag-speech-rate"),
        (FlagKind::LanguageUncertain, "flag-language-uncertain"),
        (FlagKind::PhantomPhrase, "flag-phantom-phrase"),
        (FlagKind::CutWithoutPause, "flag-cut-without-pause"),
        (FlagKind::OtherChannel, "flag-other-channel"),
        (FlagKind::TermMissing, "flag-term-missing"),
        (FlagKind::NameDiffers, "flag-name-differs"),
        (FlagKind::NegationDiffers, "flag-negation-differs"),
        (FlagKind::QuestionDiffers, "flag-question-differs"),
        (FlagKind::LunarDate, "flag-lunar-date"),
        (FlagKind::NumberMismatch, "flag-number-mismatch"),
        (FlagKind::TermForbidden, "flag-term-forbidden"),
        (FlagKind::Untranslated, "flag-untranslated"),
        (FlagKind::LengthRatio, "flag-length-ratio"),
        (FlagKind::LowProbability, "flag-low-probability"),
        (FlagKind::OpinionsDiffer, "flag-opinions-differ"),
        (FlagKind::Truncated, "flag-truncated"),
        (FlagKind::Zawgyi, "flag-zawgyi"),
        (FlagKind::NoModel, "flag-no-model"),
        (FlagKind::EngineFailed, "flag-engine-failed"),
        (FlagKind::Stale, "flag-stale"),
    ];
    let known = KNOWN.iter().find(|(k, _)| *k == kind);
    known.map_or(kind.as_str(), |(_, id)| words.t(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Lang;

    #[test]
    fn every_doubt_has_words_in_every_language() {
        for lang in Lang::ALL {
            let words = Words::of(lang);
            for kind in FlagKind::ALL {
                assert_ne!(explained(&words, kind), kind.as_str(), "{lang}");
            }
        }
    }
}
