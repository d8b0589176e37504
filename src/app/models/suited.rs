//! Whether a model suits a language: what is published of its errors, and what is known of its kind.

use serde::{Deserialize, Serialize};

use super::{Kind, Model, Shelf};
use crate::domain::Lang;

/// From this share of wrong characters or words on, in percent, a transcript cannot be used.
const UNUSABLE: f32 = 40.0;

/// How often a model errs in one language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorRate {
    /// What is counted.
    pub unit: Unit,
    /// How many of a hundred are wrong.
    pub percent: f32,
    /// Where the figure stands, and on which recordings it was measured.
    pub source: String,
}

/// What an error rate counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Letters, which is usual where words have no spaces between them.
    Characters,
    /// Words.
    Words,
}

impl std::fmt::Display for ErrorRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let unit = match self.unit {
            Unit::Characters => "characters",
            Unit::Words => "words",
        };
        write!(
            f,
            "{:.1} of 100 {unit} wrong ({})",
            self.percent, self.source
        )
    }
}

impl Model {
    /// Why a person should not rely on this model for speech in `lang`; `None` where nothing is known
    /// against it. Practice models are marked in another way.
    pub fn doubt(&self, lang: Lang) -> Option<String> {
        if self.card.practice || !self.hears(lang) {
            return None;
        }
        let name = &self.card.name;
        match self.card.error_rates.get(&lang) {
            Some(rate) if rate.percent >= UNUSABLE || rate.percent.is_nan() => {
                Some(format!("'{name}' is unusable for {}: {rate}", lang.name()))
            }
            Some(_) => None,
            None if matches!(self.card.kind, Kind::WhisperGgml | Kind::Whisper)
                && matches!(lang, Lang::My | Lang::Lo | Lang::Km) =>
            {
                Some(format!(
                    "'{name}' lists no error rate for {0}, and a Whisper model that was not trained \
                     further for {0} is unusable in it",
                    lang.name()
                ))
            }
            None => None,
        }
    }
}

impl Shelf {
    /// What speaks against the models that serve these languages, one line each.
    pub fn doubts(&self, languages: &[Lang], preferred: Option<&str>) -> Vec<String> {
        let doubt = |lang: &Lang| self.for_speech(*lang, preferred).ok()?.doubt(*lang);
        languages.iter().filter_map(doubt).collect()
    }
}
