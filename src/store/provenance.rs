//! Whose and what's work an event is. What a machine's words were made with: the model by name and hash,
//! and the glossary by its hash, so that the same words can be made again years later. And what a person
//! does whose key is open is signed with it, so that nobody corrects in somebody else's name.

use std::sync::Arc;

use super::{Record, Store};
use crate::evidence::{Draft, SecretKey, Sign};
use crate::text;

/// A model, as an event names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Maker {
    /// The engine as it signs its lines.
    pub engine: String,
    /// The model's name.
    pub model: String,
    /// SHA-256 of the model's list of files, 64 digits.
    pub sha256: String,
}

/// What is in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Provenance {
    glossary: Option<String>,
    makers: Vec<Maker>,
    /// The key of the person at the desk.
    hand: Option<Arc<SecretKey>>,
}

/// What signs for a person's work, where their key is open.
pub(super) struct Hand(Option<Arc<SecretKey>>);

impl Hand {
    pub(super) fn signer(&self) -> Option<&dyn Sign> {
        self.0.as_deref().map(|key| key as &dyn Sign)
    }
}

impl Store {
    /// From here on the key signs for what its person does, and for nobody else's work.
    pub fn set_hand(&mut self, key: Option<Arc<SecretKey>>) {
        self.provenance.hand = key;
    }

    /// What signs for the work of the person of this name.
    pub(super) fn hand_of(&self, by: &str) -> Hand {
        let name = text::fold(by.trim());
        let own = |key: &&Arc<SecretKey>| text::fold(&key.public().name) == name;
        Hand(self.provenance.hand.as_ref().filter(own).cloned())
    }

    /// From here on the events of machines name the glossary with this SHA-256; an empty one stands
    /// for none.
    pub fn set_glossary(&mut self, digest: &str) {
        self.provenance.glossary = (!digest.is_empty()).then(|| digest.to_owned());
    }

    /// From here on the events of machines name these models.
    pub fn set_makers(&mut self, makers: Vec<Maker>) {
        self.provenance.makers = makers;
    }
}

impl Provenance {
    /// The event with what its record was made with.
    pub(super) fn name<'a>(&self, mut draft: Draft<'a>, record: &Record<'_>) -> Draft<'a> {
        let engine = match record {
            Record::Heard(h) | Record::HeardAgain(h, _) => &h.engine,
            Record::Translated(t) | Record::TranslatedAgain(t, _) => &t.engine,
            // What failed made nothing.
            Record::NotHeard(_) | Record::NotTranslated { .. } => return draft,
        };
        if let Some(maker) = self.makers.iter().find(|m| m.engine == *engine) {
            draft = draft.with("model", maker.model.as_str());
            draft = draft.with("model_sha256", maker.sha256.as_str());
        }
        match &self.glossary {
            Some(digest) => draft.with("glossary", digest.as_str()),
            None => draft,
        }
    }
}
