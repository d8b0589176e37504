//! Whether a model suits a language: what is published of its errors, and what is known of its kind.

use serde::{Deserialize, Serialize};

use super::{Error, Kind, Model, Shelf};
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
    /// What a choice for `lang` goes by, the best first. A model without a figure comes behind those
    /// with one.
    fn hoped_for(&self, lang: Lang) -> (bool, bool, u64, &str) {
        let listed = self.card.error_rates.get(&lang).map(|rate| rate.percent);
        let known = listed.filter(|percent| percent.is_finite() && *percent >= 0.0);
        // In thousandths of a percent, since whole numbers have an order.
        let rate = known.map_or(u64::MAX, |percent| (f64::from(percent) * 1000.0) as u64);
        let doubted = self.doubt(lang).is_some();
        (self.card.practice, doubted, rate, &self.card.name)
    }

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
    /// For speech in `lang`: the preferred one if it serves it, else the one of which most is to be
    /// hoped: a real one before a practice one, one without a doubt before others, then the one that
    /// errs least as far as is known, then by name.
    ///
    /// # Errors
    /// [`Error::NoSpeech`].
    pub fn for_speech(&self, lang: Lang, preferred: Option<&str>) -> Result<&Model, Error> {
        let serving = || self.models.iter().filter(|m| m.hears(lang));
        let named = serving().find(|m| preferred == Some(m.card.name.as_str()));
        let best = || serving().min_by(|a, b| a.hoped_for(lang).cmp(&b.hoped_for(lang)));
        named.or_else(best).ok_or(Error::NoSpeech(lang))
    }
}
