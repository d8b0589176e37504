//! Which of several engines' texts of one utterance stands, where each engine serves other languages.
//!
//! The confidences of two engines are not on one scale: a Whisper model gives every token a share of fifty
//! thousand, with most of a Burmese letter nearly certain, a CTC model every frame a share of some dozens.
//! So texts are compared on the first of these grounds that there is:
//!
//! 1. *measured*: where `mekong models check` measured how often words of each engine are right in each
//!    of the languages, the mean of that over the words of the text;
//! 2. *detected*: where one of the engines tells which language is spoken and its model knows them all, its
//!    word for the text's language. Not between Thai and Lao, which Whisper takes for each other;
//! 3. *own*: how far each text's confidence is above or below what its own language is doubted at. That
//!    is a guess: unless one text is without doubts and all others have some, a person is told.
//!
//! On every ground a text that was most likely never said (empty, a loop, a wrong script, ...) stands
//! behind one that may have been.

use crate::domain::{Flag, FlagKind, Hypothesis, Lang};
use crate::speech::Profile;

/// Below this distance between two detected languages a person should look, as within one engine.
const CLOSE_DETECTED: f32 = 0.3;
/// Below this distance between the shares of right words too: a calibration of a hundred words in ten
/// groups is no more exact than that.
const CLOSE_MEASURED: f32 = 0.1;

/// What the texts are compared by.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Ground {
    /// The share of their words that are right, as measured for each.
    Measured,
    /// How likely each language is spoken, best first.
    Detected(Vec<(Lang, f32)>),
    /// Confidence on the language's own scale.
    Own,
}

impl Ground {
    fn worth(&self, text: &Hypothesis) -> f32 {
        match self {
            Ground::Measured => {
                let words = text.words.iter().map(|w| w.confidence);
                words.sum::<f32>() / text.words.len().max(1) as f32
            }
            Ground::Detected(spoken) => {
                let own = spoken.iter().find(|s| s.0 == text.lang);
                own.map_or(0.0, |s| s.1)
            }
            Ground::Own => text.confidence / Profile::of(text.lang).doubtful,
        }
    }

    /// Whether `first`, which stands, is hardly better than `second`.
    fn is_near(&self, first: &Hypothesis, second: &Hypothesis) -> bool {
        let ahead = self.worth(first) - self.worth(second);
        match self {
            Ground::Measured => ahead < CLOSE_MEASURED,
            Ground::Detected(_) => ahead < CLOSE_DETECTED,
            Ground::Own => !undoubted(first) || undoubted(second),
        }
    }
}

/// The text that stands, its language marked as doubtful where another is near; `None` without texts. Of
/// equal ones it is the first.
pub(super) fn best(texts: Vec<Hypothesis>, ground: &Ground) -> Option<Hypothesis> {
    let rank = |text: &Hypothesis| (!is_held(text), ground.worth(text));
    let mut texts = texts.into_iter();
    let mut best = texts.next()?;
    let mut others = Vec::new();
    for text in texts {
        let better = match rank(&text).0.cmp(&rank(&best).0) {
            std::cmp::Ordering::Equal => rank(&text).1 > rank(&best).1,
            order => order.is_gt(),
        };
        if better {
            others.push(std::mem::replace(&mut best, text));
        } else {
            others.push(text);
        }
    }
    let near = others.iter().filter(|other| ground.is_near(&best, other));
    let nearest = near.max_by(|a, b| ground.worth(a).total_cmp(&ground.worth(b)));
    let told = |text: &Hypothesis| {
        text.flags
            .iter()
            .any(|f| f.kind == FlagKind::LanguageUncertain)
    };
    if let Some(other) = nearest
        && !told(&best)
    {
        let of = |text: &Hypothesis| format!("{} {:.2}", text.lang, ground.worth(text));
        let detail = match ground {
            // These numbers would say more than is known.
            Ground::Own => format!("{} | {}", best.lang, other.lang),
            _ => format!("{} | {}", of(&best), of(other)),
        };
        best.flags
            .push(Flag::with(FlagKind::LanguageUncertain, detail));
    }
    Some(best)
}

/// Whether a detector tells these languages apart. Stock Whisper hears most Lao as Thai.
pub(super) fn can_be_detected(among: &[Lang]) -> bool {
    !(among.contains(&Lang::Th) && among.contains(&Lang::Lo))
}

/// Whether the words were most likely never said, or there are none.
pub(super) fn is_held(text: &Hypothesis) -> bool {
    text.text.is_empty() || text.flags.iter().any(|f| f.kind.quarantines())
}

/// Whether the engine itself has no doubt about the words.
fn undoubted(text: &Hypothesis) -> bool {
    !is_held(text) && text.flags.iter().all(|f| f.kind != FlagKind::LowConfidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Word;

    fn text(lang: Lang, confidence: f32, words: &[f32], doubts: &[FlagKind]) -> Hypothesis {
        let word = |confidence: &f32| Word {
            text: "x".to_owned(),
            start_ms: 0,
            end_ms: 10,
            confidence: *confidence,
        };
        Hypothesis {
            lang,
            text: "x".to_owned(),
            confidence,
            words: words.iter().map(word).collect(),
            flags: doubts.iter().map(|kind| Flag::new(*kind)).collect(),
            engine: String::new(),
        }
    }

    fn stands(texts: &[Hypothesis], ground: &Ground) -> (Lang, bool) {
        let found = best(texts.to_vec(), ground).unwrap();
        let told = |f: &&Flag| f.kind == FlagKind::LanguageUncertain;
        let doubts = found.flags.iter().filter(told).count();
        assert!(doubts <= 1);
        (found.lang, doubts == 1)
    }

    /// Both orders, since the order of the engines must not decide.
    fn both(texts: [Hypothesis; 2], ground: &Ground) -> (Lang, bool) {
        let [a, b] = texts;
        let found = stands(&[a.clone(), b.clone()], ground);
        assert_eq!(stands(&[b, a], ground), found);
        found
    }

    #[test]
    fn measured_shares_of_right_words_beat_the_engines_own_numbers() {
        let zh = || text(Lang::Zh, 0.95, &[0.3, 0.5], &[]);
        let km = text(Lang::Km, 0.6, &[0.9, 0.8], &[]);
        assert_eq!(both([zh(), km], &Ground::Measured), (Lang::Km, false));
        let near = text(Lang::Km, 0.6, &[0.45], &[]);
        assert_eq!(both([zh(), near], &Ground::Measured), (Lang::Km, true));
    }

    #[test]
    fn a_detected_language_beats_them_too_and_is_doubted_where_two_are_near() {
        let texts = || {
            [
                text(Lang::Zh, 0.95, &[], &[]),
                text(Lang::My, 0.6, &[], &[]),
            ]
        };
        let detected = |my: f32| Ground::Detected(vec![(Lang::My, my), (Lang::Zh, 1.0 - my)]);
        assert_eq!(both(texts(), &detected(0.8)), (Lang::My, false));
        assert_eq!(both(texts(), &detected(0.55)), (Lang::My, true));
        assert!(can_be_detected(&[Lang::Zh, Lang::Lo]));
        assert!(!can_be_detected(&[Lang::Th, Lang::Zh, Lang::Lo]));
    }

    #[test]
    fn what_was_never_said_stands_behind_what_may_have_been_and_that_is_told() {
        let grounds = [
            Ground::Measured,
            Ground::Detected(vec![(Lang::Lo, 0.8), (Lang::Zh, 0.2)]),
            Ground::Own,
        ];
        for ground in grounds {
            for kind in FlagKind::ALL.into_iter().filter(|k| k.quarantines()) {
                let held = text(Lang::Lo, 0.95, &[0.9], &[kind]);
                let low = text(Lang::Zh, 0.3, &[0.2], &[FlagKind::LowConfidence]);
                assert_eq!(both([held, low], &ground), (Lang::Zh, true), "{kind:?}");
            }
        }
        let nothing = Hypothesis {
            text: String::new(),
            ..text(Lang::Lo, 0.0, &[], &[FlagKind::NoText])
        };
        let some = text(Lang::Zh, 0.9, &[0.9], &[]);
        assert_eq!(both([nothing, some], &Ground::Own), (Lang::Zh, false));
    }

    #[test]
    fn without_a_common_scale_each_text_is_taken_on_its_own_and_told() {
        // Burmese is doubted from 0.85 on, Chinese from 0.75: of these two the Chinese one is surer.
        let zh = || text(Lang::Zh, 0.76, &[], &[]);
        let my = || text(Lang::My, 0.8, &[], &[FlagKind::LowConfidence]);
        assert_eq!(both([zh(), my()], &Ground::Own), (Lang::Zh, false));
        let sure = text(Lang::My, 0.99, &[], &[]);
        assert_eq!(both([zh(), sure], &Ground::Own), (Lang::My, true));
        let unsure = text(Lang::Zh, 0.5, &[], &[FlagKind::LowConfidence]);
        assert_eq!(both([unsure, my()], &Ground::Own), (Lang::My, true));
        let flagged = text(Lang::Zh, 0.8, &[], &[FlagKind::LanguageUncertain]);
        assert!(stands(&[flagged, my()], &Ground::Own).1, "once, not twice");
        assert_eq!(best(Vec::new(), &Ground::Own), None);
        // Numbers that are none decide nothing and end nothing.
        let broken = text(Lang::My, f32::NAN, &[f32::NAN], &[]);
        assert!(best(vec![zh(), broken], &Ground::Measured).is_some());
    }
}
