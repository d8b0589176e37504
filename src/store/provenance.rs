//! What a machine's words were made with: the model by name and hash, and the glossary by its hash.
//! Events of machines name it, so that the same words can be made again years later.

use super::{Record, Store};
use crate::evidence::Draft;

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
}

impl Store {
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
