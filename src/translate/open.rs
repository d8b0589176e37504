//! Opens whatever translation model lies at a path, by what it holds.

use std::collections::BTreeMap;
use std::path::Path;

use super::config::read_json;
use super::gguf::{Gguf, is_gguf};
use super::{Error, Llm, M2m100, T5, Translator};
use crate::domain::{Cancel, Lang};

/// Which engine a translation model needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// M2M100 or NLLB.
    M2m100,
    /// MADLAD-400 or another T5.
    T5,
    /// A decoder-only model.
    DecoderOnly,
}

/// Which engine the model at `path` needs: a Hugging Face folder or a GGUF file. `None` when it is
/// neither.
///
/// # Errors
/// A file that cannot be read, or a damaged header.
pub fn form(path: &Path) -> Result<Option<Form>, Error> {
    if is_gguf(path) {
        let gguf = Gguf::open(path)?;
        return Ok(Some(match gguf.text("general.architecture") {
            Some("t5") => Form::T5,
            _ => Form::DecoderOnly,
        }));
    }
    let config = path.join("config.json");
    if !config.is_file() {
        return Ok(None);
    }
    let json: serde_json::Value = read_json(&config)?;
    let is_t5 = json.get("model_type").and_then(|v| v.as_str()) == Some("t5");
    Ok(Some(if is_t5 { Form::T5 } else { Form::M2m100 }))
}

/// Loads the translation model at `path`. `name` is what its engine answers to; `language_tokens`
/// names the languages' tokens where the tokenizer's own are not the usual ones.
///
/// # Errors
/// A model of another architecture, or damaged; see [`Error`]. [`Error::Cancelled`] soon after `cancel` is raised.
pub fn open(
    path: &Path,
    name: &str,
    language_tokens: Option<&BTreeMap<Lang, String>>,
    cancel: &Cancel,
) -> Result<Box<dyn Translator>, Error> {
    Ok(match form(path)? {
        Some(Form::T5) => Box::new(T5::load_until(path, name, language_tokens, cancel)?),
        Some(Form::DecoderOnly) => Box::new(Llm::load_until(path, name, cancel)?),
        None if path.is_file() => {
            return Err(Error::Weights {
                problem: "it is no GGUF file, or it is empty".to_owned(),
                path: path.to_owned(),
            });
        }
        // What is no model at all is named by the reader of folders.
        Some(Form::M2m100) | None => {
            Box::new(M2m100::load_until(path, name, language_tokens, cancel)?)
        }
    })
}
