//! What is doubtful in a line and its translations, in words.

use eframe::egui::{Color32, Ui};

use crate::domain::{FlagKind, Segment, Word};
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Mark, Marking};
use crate::gui::words::Words;

/// Says of a line that a machine most likely invented that it is held back, and why.
pub fn held(ui: &mut Ui, scene: &Scene<'_>, line: &Segment) {
    if let Some(kind) = line.quarantined() {
        let why = explained(scene.words, kind);
        let held = scene.words.with("line-held-back", &[("reason", why)]);
        let doubt = theme::of(ui).doubt;
        script::label(ui, &held, scene.remark(ui).coloured(doubt));
    }
}

/// The words that the recogniser was unsure of, in their places. Words come in the order of the text.
pub fn doubtful(ui: &Ui, scene: &Scene<'_>, line: &Segment) -> Vec<Mark> {
    let percent = scene.choices.doubt_percent;
    unsure(line, percent, theme::of(ui).doubt)
}

fn unsure(line: &Segment, percent: u16, colour: Color32) -> Vec<Mark> {
    let least = f32::from(percent) / 100.0;
    let mut marks = Vec::new();
    for (word, place) in line.words.iter().zip(Word::places(&line.words, &line.text)) {
        if let Some(start) = place.filter(|_| word.confidence < least) {
            marks.push(Mark {
                range: start..start + word.text.len(),
                marking: Marking::Underline(colour),
            });
        }
    }
    marks
}

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
    use crate::domain::{Lang, SamplePos, SegmentId, Span, Status};

    #[test]
    fn every_doubt_has_words_in_every_language() {
        for lang in Lang::ALL {
            let words = Words::of(lang);
            for kind in FlagKind::ALL {
                assert_ne!(explained(&words, kind), kind.as_str(), "{lang}");
            }
        }
    }

    #[test]
    fn the_second_of_two_equal_words_is_marked_in_its_own_place() {
        let word = |text: &str, confidence| Word {
            text: text.to_owned(),
            start_ms: 0,
            end_ms: 0,
            confidence,
        };
        let line = Segment {
            speaker: "officer".into(),
            text: "မြို့ မြို့".into(),
            confidence: Some(0.5),
            words: vec![word("မြို့", 0.9), word("မြို့", 0.1), word("none", 0.0)],
            status: Status::Machine,
            version: 1,
            ..Segment::new(
                SegmentId(1),
                Span::new(SamplePos(0), SamplePos(1)),
                Lang::My,
            )
        };
        let marks = unsure(&line, 50, Color32::RED);
        let ranges: Vec<_> = marks.into_iter().map(|m| m.range).collect();
        let length = "မြို့".len();
        assert_eq!(ranges.len(), 1);
        assert_eq!(ranges[0], length + 1..2 * length + 1);
    }
}
