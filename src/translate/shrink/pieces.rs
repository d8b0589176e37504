//! The vocabulary of a copy whose original has a SentencePiece model and no tokenizer.json: the same model,
//! which cuts texts as before, and a `vocab.json` that numbers only what stays, languages included.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Map, Value};

use super::super::Error;
use super::super::config::{Config, read_bounded};
use super::super::sentencepiece::{MODEL, NUMBERS, SentencePiece};
use super::super::tokens::LONGEST_TOKENIZER;
use super::super::vocabulary::{Trimmed, stays};
use super::write;

/// Writes both files; returns what stays. All tokens do where `languages` is `None`.
pub(in super::super) fn copy(
    from: &Path,
    to: &Path,
    config: &Config,
    languages: Option<&BTreeSet<String>>,
) -> Result<Trimmed, Error> {
    let pieces = SentencePiece::read(from, config.vocab_size)?;
    let all = pieces.names();
    let kept = all.filter(|(id, name)| {
        languages.is_none_or(|languages| stays(name, pieces.is_markup(*id), languages))
    });
    let (kept, names): (Vec<u32>, Vec<&str>) = kept.unzip();
    let numbers = (0_u32..).zip(&names);
    let numbers: Map<String, Value> = numbers
        .map(|(id, name)| ((*name).to_owned(), id.into()))
        .collect();
    let tokenizer = Value::Object(numbers);
    write(to, NUMBERS, tokenizer.to_string().as_bytes())?;
    write(
        to,
        MODEL,
        &read_bounded(&from.join(MODEL), LONGEST_TOKENIZER)?,
    )?;
    Ok(Trimmed { tokenizer, kept })
}
