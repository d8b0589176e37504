//! A tokenizer that keeps markup and text apart: what somebody said can never become a control token.
//!
//! Every token that is no plain text (the control tokens of a chat, target-language tags) is taken
//! out of the tokenizer that reads text. Only a template, which the model brings with it, may name
//! them. Built from a `tokenizer.json` or from the metadata of a GGUF file.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use tokenizers::{NormalizedString, Normalizer as _, Tokenizer};

use super::charsmap;
use super::config::read_json;
use super::gguf::Gguf;
use super::gguf_tokens;
use super::guided::Spelling;
use super::{Error, unstoppable};
use crate::domain::Cancel;

/// How the pieces write a space.
const SPACE: &str = "\u{2581}";

/// Tokens that are no text, by name.
type Markup = BTreeMap<String, u32>;

/// A tokenizer of a model, from which the markup has been taken out.
pub(super) struct Pieces {
    inner: Tokenizer,
    markup: Markup,
    /// The ids that no text may encode to.
    reserved: BTreeSet<u32>,
    /// Of the markup, what the vocabulary holds as an ordinary piece.
    ordinary: BTreeSet<u32>,
    path: PathBuf,
}

impl Pieces {
    /// Reads `tokenizer.json`. `tag` says which pieces of its vocabulary are markup besides those
    /// that it lists as added tokens.
    pub fn read(path: &Path, tag: fn(&str) -> bool) -> Result<Self, Error> {
        Self::build(read_json(path)?, path, tag)
    }

    /// That of a GGUF file, which is given back: a tokenizer.json beside it, or what its metadata describes.
    /// Ends as soon as it is cancelled.
    pub fn of_gguf(
        gguf: Gguf,
        path: &Path,
        tag: fn(&str) -> bool,
        cancel: &Cancel,
    ) -> Result<(Self, Gguf), Error> {
        let beside = path.with_file_name("tokenizer.json");
        unstoppable::tokenizer(path, cancel, move || {
            let pieces = match beside.is_file() {
                true => Self::read(&beside, tag),
                false => Self::from_gguf(&gguf, tag),
            };
            Ok((pieces?, gguf))
        })
    }

    /// Builds the tokenizer that the metadata of a GGUF file describes.
    fn from_gguf(gguf: &Gguf, tag: fn(&str) -> bool) -> Result<Self, Error> {
        let json = gguf_tokens::to_json(gguf).map_err(|problem| bad(gguf.path(), problem))?;
        Self::build(json, gguf.path(), tag)
    }

    fn build(mut json: Value, path: &Path, tag: fn(&str) -> bool) -> Result<Self, Error> {
        let fail = |problem: String| bad(path, problem);
        check_tables(&json).map_err(fail)?;
        let mut markup = Markup::new();
        let mut kept = Vec::new();
        for token in array(json.get("added_tokens")) {
            let id = token.get("id").and_then(Value::as_u64);
            let Some(name) = token.get("content").and_then(Value::as_str) else {
                return Err(fail("an added token has no content".to_owned()));
            };
            if name.trim().is_empty() {
                // A run of blanks is text.
                kept.push(token.clone());
            } else if let Some(id) = id.and_then(|id| u32::try_from(id).ok()) {
                markup.insert(name.to_owned(), id);
            }
        }
        let Some(model) = json.get_mut("model").and_then(Value::as_object_mut) else {
            return Err(fail("it has no model".to_owned()));
        };
        let unknown = unknown(model);
        if let Some((name, id)) = unknown.as_deref().zip(unknown_id(model)) {
            // It stands for what cannot be read; in a translation it is no text.
            markup.insert(name.to_owned(), id);
        }
        let listed: BTreeSet<u32> = markup.values().copied().collect();
        hide(model, &mut markup, unknown.as_deref(), tag).map_err(fail)?;
        let ordinary = markup.values().copied();
        let ordinary = ordinary.filter(|id| !listed.contains(id)).collect();
        let reserved = markup
            .iter()
            .filter(|(name, _)| Some(name.as_str()) != unknown.as_deref())
            .map(|(_, id)| *id)
            .collect();
        if let Some(json) = json.as_object_mut() {
            json.insert("added_tokens".to_owned(), Value::Array(kept));
            // Lengths and what frames a text are the engine's business.
            for part in ["truncation", "padding", "post_processor"] {
                json.insert(part.to_owned(), Value::Null);
            }
        }
        let inner = serde_json::from_value::<Tokenizer>(json).map_err(|e| fail(e.to_string()))?;
        Ok(Self {
            inner,
            markup,
            reserved,
            ordinary,
            path: path.to_owned(),
        })
    }

    /// An error about the tokenizer as a whole.
    pub fn refuse(&self, problem: String) -> Error {
        bad(&self.path, problem)
    }

    /// Whether the tokenizer can belong to a model with so many rows of embeddings.
    pub fn agree(&self, rows: usize) -> Result<(), Error> {
        let vocabulary = self.inner.get_vocab(true);
        let last = vocabulary.values().chain(self.markup.values()).max();
        let Some(last) = last else {
            return Err(self.refuse("its vocabulary is empty".to_owned()));
        };
        if *last as usize >= rows {
            return Err(self.refuse(format!("it has token {last}, the model has {rows} rows")));
        }
        // Checkpoints round their rows up, but not to the double.
        let known = vocabulary.len().saturating_add(self.markup.len());
        if known < rows.div_ceil(2) {
            return Err(self.refuse(format!(
                "it knows {known} tokens, the model has {rows} rows: it belongs to another model"
            )));
        }
        Ok(())
    }

    /// The id of a piece of markup, or of a plain token.
    pub fn id(&self, name: &str) -> Option<u32> {
        self.markup
            .get(name)
            .copied()
            .or_else(|| self.inner.token_to_id(name))
    }

    /// The name of a piece of markup.
    pub fn markup_name(&self, id: u32) -> Option<&str> {
        let mut markup = self.markup.iter();
        markup.find_map(|(name, at)| (*at == id).then_some(name.as_str()))
    }

    /// Whether a token is markup.
    pub fn is_markup(&self, id: u32) -> bool {
        self.reserved.contains(&id)
    }

    /// The tokens of one piece of markup at the head of a text. The reference cuts out the tokens that
    /// are listed as added before it does anything else; an ordinary piece follows the blank that
    /// SentencePiece puts before every text.
    pub fn head(&self, name: &str) -> Option<Vec<u32>> {
        let id = self.id(name)?;
        let blank = self.inner.token_to_id(SPACE);
        let blank = blank.filter(|_| self.ordinary.contains(&id));
        Some(blank.into_iter().chain([id]).collect())
    }

    /// The tokens of a text. Whatever it reads like, none of them is markup.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoded = self
            .inner
            .encode_fast(text, false)
            .map_err(|e| e.to_string())?;
        let ids = encoded.get_ids().to_vec();
        if ids.iter().any(|id| self.reserved.contains(id)) {
            return Err("the tokenizer took text for a control token".to_owned());
        }
        Ok(ids)
    }

    /// The tokens of `before`, a text and `after`. Markup is looked for in the two outer parts only;
    /// plain text beside it is read together with the text in the middle, as if it were one.
    pub fn encode_within(&self, before: &str, text: &str, after: &str) -> Result<Vec<u32>, String> {
        let mut ids = Vec::new();
        let mut plain = String::new();
        self.read_markup(before, &mut plain, &mut ids)?;
        plain.push_str(text);
        self.read_markup(after, &mut plain, &mut ids)?;
        self.flush(&mut plain, &mut ids)?;
        Ok(ids)
    }

    /// Appends the tokens of a part of a template; what follows its last markup stays in `plain`.
    fn read_markup(
        &self,
        part: &str,
        plain: &mut String,
        ids: &mut Vec<u32>,
    ) -> Result<(), String> {
        let mut rest = part;
        while let Some((at, len, id)) = self.next_markup(rest) {
            plain.push_str(rest.get(..at).unwrap_or_default());
            self.flush(plain, ids)?;
            ids.push(id);
            rest = rest.get(at.saturating_add(len)..).unwrap_or_default();
        }
        plain.push_str(rest);
        Ok(())
    }

    fn flush(&self, plain: &mut String, ids: &mut Vec<u32>) -> Result<(), String> {
        if !plain.is_empty() {
            ids.extend(self.encode(plain)?);
            plain.clear();
        }
        Ok(())
    }

    /// Where the first markup of `text` begins, its length in bytes and its id; of those that begin
    /// at one place the longest.
    fn next_markup(&self, text: &str) -> Option<(usize, usize, u32)> {
        self.markup
            .iter()
            .filter_map(|(name, id)| Some((text.find(name.as_str())?, name.len(), *id)))
            .min_by_key(|(at, len, _)| (*at, std::cmp::Reverse(*len)))
    }

    /// The tokens of a text that hold any of these bytes of it, counted from 0; none where there are none.
    pub fn holding(
        &self,
        text: &str,
        bytes: &Range<usize>,
    ) -> Result<Option<Range<usize>>, String> {
        let encoded = self.inner.encode(text, false).map_err(|e| e.to_string())?;
        let offsets = encoded.get_offsets().iter().enumerate();
        let mut holding = offsets
            .filter(|(_, o)| o.0 < bytes.end && bytes.start < o.1)
            .map(|(at, _)| at);
        let first = holding.next();
        let last = holding.next_back().or(first);
        Ok(first.zip(last).map(|(from, to)| from..to.saturating_add(1)))
    }

    /// A text as the pieces spell it; `None` where they cannot.
    pub fn spelled(&self, text: &str) -> Option<String> {
        let mut normal = NormalizedString::from(text);
        if let Some(normalizer) = self.inner.get_normalizer() {
            normalizer.normalize(&mut normal).ok()?;
        }
        let ids = self.encode(text).ok()?;
        let known = |id: &u32| !self.surface(*id).is_empty();
        let text = normal.get().replace(SPACE, " ").trim().to_owned();
        ids.iter().all(known).then_some(text)
    }

    /// The text of tokens; markup is left out.
    pub fn decode(&self, ids: &[u32]) -> Result<String, String> {
        let no_text: BTreeSet<u32> = self.markup.values().copied().collect();
        let plain = ids.iter().copied().filter(|id| !no_text.contains(id));
        let plain: Vec<u32> = plain.collect();
        self.inner.decode(&plain, false).map_err(|e| e.to_string())
    }
}

impl Spelling for Pieces {
    fn surface(&self, token: u32) -> String {
        match self.inner.id_to_token(token) {
            Some(piece) if !self.reserved.contains(&token) && !self.markup.contains_key(&piece) => {
                piece.replace(SPACE, " ")
            }
            _ => String::new(),
        }
    }

    fn token(&self, surface: &str) -> Option<u32> {
        let piece = surface.replace(' ', SPACE);
        let token = self.inner.token_to_id(&piece);
        token.filter(|id| !self.reserved.contains(id))
    }
}

fn bad(path: &Path, problem: String) -> Error {
    Error::Tokenizer {
        problem,
        path: path.to_owned(),
    }
}

fn array(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The name of the token for what is not in the vocabulary.
fn unknown(model: &Map<String, Value>) -> Option<String> {
    if let Some(name) = model.get("unk_token").and_then(Value::as_str) {
        return Some(name.to_owned());
    }
    let at = usize::try_from(model.get("unk_id")?.as_u64()?).ok()?;
    let piece = array(model.get("vocab")).get(at)?;
    Some(piece.get(0)?.as_str()?.to_owned())
}

/// The id of that token.
fn unknown_id(model: &Map<String, Value>) -> Option<u32> {
    let id = match model.get("unk_id") {
        Some(id) => id,
        None => model.get("vocab")?.get(model.get("unk_token")?.as_str()?)?,
    };
    u32::try_from(id.as_u64()?).ok()
}

/// Takes markup out of the vocabulary, and with it every merge that could spell it.
fn hide(
    model: &mut Map<String, Value>,
    markup: &mut Markup,
    unknown: Option<&str>,
    tag: fn(&str) -> bool,
) -> Result<(), String> {
    match model.get_mut("vocab") {
        Some(Value::Object(vocab)) => {
            for (name, id) in vocab.iter().filter(|(name, _)| tag(name)) {
                let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
                markup.insert(name.clone(), id.ok_or("a token has no number")?);
            }
            vocab.retain(|name, _| !markup.contains_key(name) || Some(name.as_str()) == unknown);
        }
        Some(Value::Array(vocab)) => {
            for (id, piece) in vocab.iter_mut().enumerate() {
                let Some(name) = piece.get(0).and_then(Value::as_str) else {
                    return Err("a piece has no name".to_owned());
                };
                if tag(name) {
                    markup.insert(name.to_owned(), id as u32);
                }
                if markup.contains_key(name) && Some(name) != unknown {
                    // The place must stay; U+10FFFF is no character, so no text spells this.
                    if let Some(name) = piece.get_mut(0) {
                        *name = json!(format!("\u{10ffff}{id}"));
                    }
                }
            }
        }
        _ => return Err("it has no vocabulary".to_owned()),
    }
    if let Some(Value::Array(merges)) = model.get_mut("merges") {
        merges.retain(|merge| {
            let (left, right) = match merge {
                Value::String(pair) => pair.split_once(' ').unwrap_or((pair, "")),
                pair => (
                    pair.get(0).and_then(Value::as_str).unwrap_or_default(),
                    pair.get(1).and_then(Value::as_str).unwrap_or_default(),
                ),
            };
            ![left, right, &format!("{left}{right}")]
                .iter()
                .any(|piece| markup.contains_key(*piece))
        });
    }
    Ok(())
}

/// Refuses normalisation tables that the tokenizer library would follow out of their bounds.
fn check_tables(json: &Value) -> Result<(), String> {
    match json {
        Value::Object(fields) => {
            if let Some(Value::String(table)) = fields.get("precompiled_charsmap") {
                // Without a table the type cannot stand; the library says so itself.
                if !charsmap::from_base64(table).is_some_and(|table| charsmap::is_sound(&table)) {
                    return Err("its normalisation table is damaged".to_owned());
                }
            }
            fields
                .iter()
                .filter(|(name, _)| *name == "normalizer" || *name == "normalizers")
                .try_for_each(|(_, value)| check_tables(value))
        }
        Value::Array(values) => values.iter().try_for_each(check_tables),
        _ => Ok(()),
    }
}
