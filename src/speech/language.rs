//! The choice of an utterance's language, among the languages of the interview only.
//!
//! Whisper may hear any of a hundred languages; an interview has two or three. So its language
//! scores are compared among those alone.

use crate::domain::{Flag, FlagKind, Lang};

/// From this probability on, the detector's first language is taken without asking the decoder.
const SURE: f32 = 0.9;
/// Below this distance between the first two, a person should look.
const CLOSE: f32 = 0.3;

/// Languages with their probabilities among each other, best first.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking(Vec<(Lang, f32)>);

impl Ranking {
    /// Ranks languages by their logits; equal or undefined logits keep the given order, in which
    /// the officer's language comes first.
    pub fn from_logits(logits: &[(Lang, f32)]) -> Self {
        let highest = logits.iter().map(|l| l.1).fold(f32::NEG_INFINITY, f32::max);
        let weight = |logit: f32| {
            let w = (logit - highest).exp();
            if w.is_finite() { w } else { 0.0 }
        };
        let sum: f32 = logits.iter().map(|l| weight(l.1)).sum();
        let mut ranked: Vec<(Lang, f32)> = logits
            .iter()
            .map(|&(lang, logit)| (lang, if sum > 0.0 { weight(logit) / sum } else { 0.0 }))
            .collect();
        ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
        Self(ranked)
    }

    /// All of them.
    pub fn all(&self) -> &[(Lang, f32)] {
        &self.0
    }

    /// The languages worth decoding: the first alone where it is sure, else the first two.
    pub fn contenders(&self) -> &[(Lang, f32)] {
        let sure = self.0.first().is_some_and(|first| first.1 >= SURE);
        let count = if sure { 1 } else { 2 };
        self.0.get(..count).unwrap_or(&self.0)
    }

    /// The doubt to show where `chosen` is not clearly the first.
    pub fn doubt(&self, chosen: Lang) -> Option<Flag> {
        let (first, second) = (self.0.first()?, self.0.get(1)?);
        if first.0 == chosen && first.1 - second.1 >= CLOSE {
            return None;
        }
        let detail = format!("{} {:.2} | {} {:.2}", first.0, first.1, second.0, second.1);
        Some(Flag::with(FlagKind::LanguageUncertain, detail))
    }
}

/// The languages of `among` in their order, each once.
pub fn distinct(among: &[Lang]) -> Vec<Lang> {
    let mut seen = Vec::new();
    for &lang in among {
        if !seen.contains(&lang) {
            seen.push(lang);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clear_first_stands_alone_and_is_not_doubted() {
        let ranking = Ranking::from_logits(&[(Lang::Zh, 1.0), (Lang::Vi, 9.0), (Lang::Th, 0.0)]);
        assert_eq!(ranking.contenders().len(), 1);
        assert_eq!(ranking.contenders()[0].0, Lang::Vi);
        assert_eq!(ranking.doubt(Lang::Vi), None);
        assert!(ranking.doubt(Lang::Zh).is_some());
    }

    #[test]
    fn a_close_race_is_decoded_twice_and_flagged() {
        let ranking = Ranking::from_logits(&[(Lang::Lo, 2.0), (Lang::Th, 2.1), (Lang::Zh, -5.0)]);
        let contenders: Vec<Lang> = ranking.contenders().iter().map(|c| c.0).collect();
        assert_eq!(contenders, [Lang::Th, Lang::Lo]);
        let flag = ranking.doubt(Lang::Th).unwrap();
        assert_eq!(flag.kind, FlagKind::LanguageUncertain);
        assert_eq!(flag.detail, "th 0.52 | lo 0.47");
    }

    #[test]
    fn undefined_scores_keep_the_officers_language() {
        for bad in [f32::NAN, f32::NEG_INFINITY, f32::INFINITY] {
            let ranking = Ranking::from_logits(&[(Lang::My, bad), (Lang::Km, bad)]);
            assert_eq!(ranking.contenders()[0].0, Lang::My);
        }
        assert!(Ranking::from_logits(&[]).contenders().is_empty());
        assert_eq!(
            Ranking::from_logits(&[(Lang::Km, 0.0)]).doubt(Lang::Km),
            None
        );
        assert_eq!(
            distinct(&[Lang::Zh, Lang::Vi, Lang::Zh]),
            [Lang::Zh, Lang::Vi]
        );
    }
}
