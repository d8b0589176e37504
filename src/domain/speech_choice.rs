//! Which speech model a person chose for a language of an interview, as it is asked for and as it stands.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Channel, Lang};

/// The chosen models of one channel, by language. What is not here is for the settings to say.
pub type SpeechModels = BTreeMap<Lang, String>;

/// A speech model that a person wants for a language, on one channel or on all that are spoken in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeechChoice {
    /// The language.
    pub lang: Lang,
    /// The channel, by its speaker or its number from 1 on; `None` for all that have no choice of their own.
    pub channel: Option<String>,
    /// The model's name.
    pub model: String,
}

/// A chosen speech model as it stands with an interview.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeechModel {
    /// The channel, 0 for the first.
    pub channel: u16,
    /// The language.
    pub lang: Lang,
    /// The model's name.
    pub model: String,
}

impl Channel {
    /// Each language that may be spoken here, with the model that was chosen for it.
    pub fn hearing(&self) -> impl Iterator<Item = (Lang, Option<&str>)> {
        let chosen = |lang: &Lang| self.speech_models.get(lang).map(String::as_str);
        self.languages.iter().map(move |lang| (*lang, chosen(lang)))
    }
}
