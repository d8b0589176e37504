//! What a person may name a model by: its name on the shelf, a folder with a list of its files, or files
//! that nothing vouches for.

use std::fs;
use std::path::{Path, PathBuf};

use crate::speech;
use crate::translate::{self, Form};

use super::Error;
use super::models::{self, Kind, Model, Shelf};

/// A model that a person named: one with a list of its files, or one that nothing vouches for.
pub(super) enum Named {
    /// Installed, or in a folder with a `model.toml`.
    Listed(Box<Model>),
    /// What the engine of this kind loads: a ggml or GGUF file, or a Hugging Face folder.
    Unlisted(Kind, PathBuf),
}

impl Named {
    /// A model of the shelf.
    pub(super) fn listed(model: &Model) -> Self {
        Named::Listed(Box::new(model.clone()))
    }

    /// The model called `text` on the shelf, else the one at that path. A path is looked at first
    /// where it holds a separator.
    ///
    /// # Errors
    /// No such model; a `model.toml` that is not valid; a folder or file that is no model.
    pub(super) fn find(shelf: &Shelf, text: &str) -> Result<Self, Error> {
        let path = Path::new(text);
        let installed = shelf.named(text);
        let is_path = text.contains(std::path::is_separator) || installed.is_err();
        if !is_path || !path.exists() {
            return Ok(Named::listed(installed?));
        }
        if path.join("model.toml").is_file() {
            return Ok(Named::Listed(Box::new(Model::read(path)?)));
        }
        if path.is_file() {
            // The weights of a listed model keep what its list says of them.
            let folder = path.parent().unwrap_or(Path::new(""));
            let listed = Model::read(folder).ok();
            return match listed.filter(|m| m.weights() == path) {
                Some(model) => Ok(Named::Listed(Box::new(model))),
                None => Ok(Named::Unlisted(kind_of(path)?, path.to_owned())),
            };
        }
        if path.join("config.json").is_file() {
            return Ok(Named::Unlisted(kind_of(path)?, path.to_owned()));
        }
        match &ggml_files(path)[..] {
            [only] => Ok(Named::Unlisted(kind_of(only)?, only.clone())),
            _ => Err(Error::NotAModel(path.to_owned())),
        }
    }

    /// Insists on a kind for the same purpose.
    pub(super) fn wanted(self, wanted: Kind) -> Result<Self, Error> {
        let (name, is) = match &self {
            Named::Listed(model) => (model.card.name.clone(), model.card.kind),
            Named::Unlisted(kind, path) => (path.display().to_string(), *kind),
        };
        if is.purpose() == wanted.purpose() {
            return Ok(self);
        }
        Err(models::Error::WrongKind {
            name,
            is: is.purpose(),
            wanted: wanted.purpose(),
        }
        .into())
    }
}

/// Which engine loads a file or folder that no list describes.
fn kind_of(path: &Path) -> Result<Kind, Error> {
    if speech::is_ctc(path) {
        return Ok(Kind::Wav2vec2Ctc);
    }
    if speech::is_whisper(path) {
        return Ok(Kind::Whisper);
    }
    Ok(match translate::form(path)? {
        Some(Form::M2m100) => Kind::M2m100,
        Some(Form::T5) => Kind::T5,
        Some(Form::DecoderOnly) => Kind::DecoderOnly,
        None => Kind::WhisperGgml,
    })
}

fn ggml_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let is_one = |path: &PathBuf| path.to_str().is_some_and(models::is_ggml) && path.is_file();
    entries.flatten().map(|e| e.path()).filter(is_one).collect()
}
