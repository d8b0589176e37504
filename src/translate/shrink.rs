//! Makes a smaller copy of a checkpoint: only the vocabulary of the program's languages, weights in
//! 8 or 6 bits. One piece of one tensor is in memory at a time. How the matrices lie in the copy's file
//! is told in [`super::stored`].

mod copy;
mod parts;
pub(super) mod pieces;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::config::{Config, read_bounded, read_json};
use super::sentencepiece::SentencePiece;
use super::t5_config::T5Config;
use super::tokens::{LONGEST_TOKENIZER, language_names};
use super::vocabulary;
use super::{Error, Form, form};
use crate::compute::checkpoint::Weights;
use crate::domain::{Cancel, Lang};
use copy::Copy;
use parts::Part;

/// What to make smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShrinkOptions {
    /// Leave out pieces that none of the languages needs. The vocabulary of a T5 model stays whole.
    pub trim: bool,
    /// What matrices are stored in; as floating-point numbers where there is none.
    pub bits: Option<Bits>,
}

/// How many bits a number of a matrix is stored in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bits {
    /// ggml's Q8_0: 8.5 bits with the scales.
    Eight,
    /// ggml's Q6_K: 6.5625 bits with the scales. A matrix whose rows are no multiple of 256 numbers is
    /// stored in 8 bits.
    Six,
}

/// What became of the vocabulary and of the matrices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// Rows of the original.
    pub rows_before: usize,
    /// Rows of the copy.
    pub rows: usize,
    /// Matrices that are stored in 8 bits though 6 were asked for.
    pub wider: usize,
}

/// Writes a smaller copy of the M2M100, NLLB or T5 checkpoint in the folder `from` into the empty folder
/// `to`: config.json, tokenizer.json (or sentencepiece.bpe.model and vocab.json, where the original has the
/// former and no tokenizer.json) and model.safetensors. `tell` hears of numbers done and in all.
///
/// # Errors
/// A checkpoint that cannot be read, is in 8 or 6 bits already or has another kind of tokenizer; a disk
/// that refuses; a cancel. `to` may hold incomplete files then.
pub fn shrink(
    from: &Path,
    to: &Path,
    options: ShrinkOptions,
    language_tokens: Option<&BTreeMap<Lang, String>>,
    tell: &mut dyn FnMut(u64, u64),
    cancel: &Cancel,
) -> Result<Shrunk, Error> {
    let mut weights = Weights::open(from)?;
    let (rows_before, kept, parts) = if form(from)? == Some(Form::T5) {
        let config = T5Config::read(from)?;
        for file in ["tokenizer.json", "config.json"] {
            let bytes = read_bounded(&from.join(file), LONGEST_TOKENIZER)?;
            write(to, file, &bytes)?;
        }
        let parts = parts::t5(&config, &weights, options.bits);
        (config.vocab_size, None, parts)
    } else {
        let config = Config::read(from)?;
        let kept = vocabulary_of(from, to, &config, options.trim, language_tokens)?;
        let parts = parts::m2m100(&config, &weights, kept.as_deref(), options.bits);
        (config.vocab_size, kept, parts)
    };
    let mut copy = Copy {
        weights: &mut weights,
        kept: kept.as_deref(),
        path: to.join("model.safetensors"),
        rows_before,
        done: 0,
        total: parts.iter().map(Part::count).sum(),
        tell,
        cancel,
    };
    copy.write(&parts)?;
    let eight = parts.iter().filter(|p| p.bits == Some(Bits::Eight)).count();
    Ok(Shrunk {
        rows_before,
        rows: kept.map_or(rows_before, |kept| kept.len()),
        wider: if options.bits == Some(Bits::Six) {
            eight
        } else {
            0
        },
    })
}

/// Writes the tokenizer's files and config.json; returns the tokens that stay where some go.
fn vocabulary_of(
    from: &Path,
    to: &Path,
    config: &Config,
    trim: bool,
    language_tokens: Option<&BTreeMap<Lang, String>>,
) -> Result<Option<Vec<u32>>, Error> {
    let mut languages: BTreeSet<String> = language_names().map(str::to_owned).collect();
    let named = language_tokens.into_iter().flat_map(BTreeMap::values);
    languages.extend(named.cloned());
    let languages = trim.then_some(&languages);
    let trimmed = if SentencePiece::is_in(from) {
        let trimmed = pieces::copy(from, to, config, languages)?;
        trim.then_some(trimmed)
    } else {
        tokenizer_of(from, to, config, languages)?
    };
    let mut settings: Value = read_json(&from.join("config.json"))?;
    if let Some(trimmed) = &trimmed {
        renumber(&mut settings, trimmed);
    }
    let text = serde_json::to_string_pretty(&settings).unwrap_or_default();
    write(to, "config.json", text.as_bytes())?;
    Ok(trimmed.map(|trimmed| trimmed.kept))
}

/// Writes tokenizer.json; returns what stays where languages are given.
fn tokenizer_of(
    from: &Path,
    to: &Path,
    config: &Config,
    languages: Option<&BTreeSet<String>>,
) -> Result<Option<vocabulary::Trimmed>, Error> {
    let tokenizer = from.join("tokenizer.json");
    let bytes = read_bounded(&tokenizer, LONGEST_TOKENIZER)?;
    let Some(languages) = languages else {
        write(to, "tokenizer.json", &bytes)?;
        return Ok(None);
    };
    let fail = |problem: String| Error::Tokenizer {
        problem,
        path: tokenizer.clone(),
    };
    let value = serde_json::from_slice(&bytes).map_err(|e| fail(e.to_string()))?;
    let trimmed = vocabulary::trim(value, languages).map_err(fail)?;
    let last = trimmed.kept.last();
    if last.is_some_and(|last| *last as usize >= config.vocab_size) {
        return Err(fail("it has more tokens than the model".to_owned()));
    }
    let text = trimmed.tokenizer.to_string();
    write(to, "tokenizer.json", text.as_bytes())?;
    Ok(Some(trimmed))
}

fn write(to: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = to.join(name);
    fs::write(&path, bytes).map_err(|cause| Error::Write { cause, path })
}

/// The settings under the new numbers; a token that is gone is no setting any more.
fn renumber(settings: &mut Value, trimmed: &vocabulary::Trimmed) {
    let new = |old: &Value| {
        let old = u32::try_from(old.as_u64()?).ok()?;
        trimmed.id(old).map(Value::from)
    };
    let Some(settings) = settings.as_object_mut() else {
        return;
    };
    settings.retain(|name, value| {
        if !name.ends_with("_token_id") || value.is_null() {
            return true;
        }
        let renumbered = match &*value {
            Value::Array(ids) => ids
                .iter()
                .map(new)
                .collect::<Option<Vec<_>>>()
                .map(Value::from),
            one => new(one),
        };
        match renumbered {
            Some(renumbered) => {
                *value = renumbered;
                true
            }
            None => false,
        }
    });
    settings.insert("vocab_size".to_owned(), trimmed.kept.len().into());
}
