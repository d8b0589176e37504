//! How the confidence of each model's words is to be read, as `mekong models check NAME --audio FOLDER`
//! measured it: kept in the workspace under the model's hash, since it belongs to no other.

use std::collections::BTreeMap;
use std::fs;

use serde::Serialize;

use crate::domain::Lang;
use crate::evidence;
use crate::speech::{Calibrated, Calibration, Recognizer};

use super::models::Model;
use super::whole::write_whole;
use super::{App, Error};

/// Largest file of calibrations that is read or written: some hundred models.
const MAX_FILE_BYTES: u64 = 1 << 20;
/// Digits of a calibration's hash by which the record names it.
const ID_DIGITS: usize = 12;

/// By the model's hash, then by language.
type Kept = BTreeMap<String, BTreeMap<Lang, Calibration>>;

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

    /// A file that is missing, too large or damaged knows nothing.
    fn kept_calibrations(&self) -> Kept {
        let path = self.workspace.calibrations_file();
        let small = fs::metadata(&path).is_ok_and(|meta| meta.len() <= MAX_FILE_BYTES);
        let text = small.then(|| fs::read_to_string(&path).ok()).flatten();
        text.and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }
}
