//! How the confidence of each model's words is to be read, as `mekong models check NAME --audio FOLDER`
//! measured it: kept in the workspace under the model's hash, since it belongs to no other.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::Lang;
use crate::evidence;
use crate::speech::{Calibrated, Calibration, CalibrationsByModel, Recognizer, read_calibrations};
use crate::vault;

use super::models::Model;
use super::whole::write_whole;
use super::{App, Error};

/// Largest file of calibrations that is read or written: some hundred models.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Digits of a calibration's hash by which the record names it.
const ID_DIGITS: usize = 12;

/// Whether the confidence of a model's words was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// The language.
    pub language: Lang,
    /// Words by which it was; 0 where it was not.
    pub words: usize,
}

impl App {
    /// `engine` of this model, its words read as measured where they were.
    pub(super) fn calibrated(
        &self,
        engine: Box<dyn Recognizer>,
        model: &Model,
    ) -> Box<dyn Recognizer> {
        let by = self.calibrations_of(&model.digest());
        let Ok(text) = serde_json::to_string(&by) else {
            return engine;
        };
        if by.is_empty() {
            return engine;
        }
        let hash = evidence::sha256(text.as_bytes());
        let id = hash.get(..ID_DIGITS).unwrap_or(&hash);
        Box::new(Calibrated::new(engine, by.into_iter().collect(), id))
    }

    /// Of how many words each language of this model was measured.
    pub(super) fn measured_words(&self, model: &Model) -> Vec<Measured> {
        let known = self.calibrations_of(&model.digest());
        let each = model.card.languages.iter();
        each.map(|lang| Measured {
            language: *lang,
            words: known.get(lang).map_or(0, |c| c.words),
        })
        .collect()
    }

    /// Keeps what was measured of a model in one language instead of what is known of it.
    ///
    /// # Errors
    /// A disk that refuses.
    pub(super) fn keep_calibration(
        &self,
        digest: &str,
        lang: Lang,
        found: Calibration,
    ) -> Result<(), Error> {
        let mut kept = self.kept_calibrations();
        kept.entry(digest.to_owned())
            .or_default()
            .insert(lang, found);
        let mut text = serde_json::to_vec_pretty(&kept).unwrap_or_default();
        if text.len() as u64 > MAX_FILE_BYTES {
            // Hundreds of models, most of them long gone.
            kept.retain(|other, _| other == digest);
            text = serde_json::to_vec_pretty(&kept).unwrap_or_default();
        }
        let path = self.workspace.calibrations_file();
        write_whole(&path, true, &mut |file| {
            file.write_all(&text).map_err(|cause| Error::File {
                what: "write the file",
                cause,
                path: path.clone(),
            })
        })
    }

    fn calibrations_of(&self, digest: &str) -> BTreeMap<Lang, Calibration> {
        let mut known = self.kept_calibrations().remove(digest).unwrap_or_default();
        known.retain(|_, calibration| calibration.is_sound());
        known
    }

    /// A file that is missing or too large knows nothing.
    fn kept_calibrations(&self) -> CalibrationsByModel {
        let path = self.workspace.calibrations_file();
        let text = vault::read_small(&path, MAX_FILE_BYTES).unwrap_or_default();
        read_calibrations(&text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::app::Options;
    use crate::speech::JudgedWord;

    #[test]
    fn a_damaged_entry_costs_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let app = App::open(&Options {
            workspace: Some(dir.path().to_owned()),
            ..Options::default()
        })
        .unwrap();
        let words: Vec<JudgedWord> = (0..400)
            .map(|n| JudgedWord {
                confidence: n as f32 / 400.0,
                right: n > 150,
            })
            .collect();
        let found = Calibration::fit(&words).unwrap();
        for lang in Lang::SIX {
            app.keep_calibration("model", lang, found.clone()).unwrap();
            app.keep_calibration("other", lang, found.clone()).unwrap();
        }
        let path = app.workspace.calibrations_file();
        let read = || -> Value { serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap() };
        let mut kept = read();
        kept["model"]["my"] = serde_json::json!("not one");
        kept["model"]["tlh"] = kept["model"]["th"].clone();
        kept["third"] = serde_json::json!(7);
        std::fs::write(&path, kept.to_string()).unwrap();
        let known = app.calibrations_of("model");
        assert_eq!(known.len(), Lang::SIX.len() - 1);
        assert!(!known.contains_key(&Lang::My));
        assert_eq!(app.calibrations_of("other").len(), Lang::SIX.len());
        // Measuring one anew keeps the others.
        app.keep_calibration("model", Lang::My, found).unwrap();
        assert_eq!(app.calibrations_of("model").len(), Lang::SIX.len());
        assert!(app.calibrations_of("third").is_empty());
        std::fs::write(&path, "not JSON").unwrap();
        assert!(app.calibrations_of("model").is_empty());
    }
}
