//! The tokenizer of a translation model: text to token ids and back, and the language tokens.

use std::collections::{BTreeMap, HashSet};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use tokenizers::{NormalizedString, Normalizer as _, Tokenizer};

use super::Error;
use super::config::{Config, read_bounded};
use super::guided::Spelling;
use super::sentencepiece::SentencePiece;
use super::spelt::Speller;
use crate::domain::Lang;

/// NLLB's tokenizer is 32 MB; nothing sound comes near this, in bytes.
pub(super) const LONGEST_TOKENIZER: u64 = 256 << 20;

/// No vocabulary piece is longer than this on average over a text, in characters; a text of more
/// characters than this times the longest source cannot fit and is cut before it is tokenized.
const LONGEST_PIECE: usize = 32;

/// Names of the language tokens: NLLB's, then M2M100's.
const NAMES: [(Lang, &str, &str); 7] = [
    (Lang::Zh, "zho_Hans", "__zh__"),
    (Lang::Vi, "vie_Latn", "__vi__"),
    (Lang::Th, "tha_Thai", "__th__"),
    (Lang::My, "mya_Mymr", "__my__"),
    (Lang::Lo, "lao_Laoo", "__lo__"),
    (Lang::Km, "khm_Khmr", "__km__"),
    (Lang::En, "eng_Latn", "__en__"),
];

/// How the pieces write a space.
pub(super) const SPACE: &str = "\u{2581}";

/// The usual names of the languages' tokens.
pub(super) fn language_names() -> impl Iterator<Item = &'static str> {
    NAMES.into_iter().flat_map(|(_, nllb, m2m)| [nllb, m2m])
}

/// What cuts texts into tokens.
enum Inner {
    /// tokenizer.json.
    Library(Box<Tokenizer>),
    /// sentencepiece.bpe.model, where there is none.
    SentencePiece(SentencePiece),
}

/// A tokenizer that agrees with the model's settings.
pub(super) struct Tokens {
    inner: Inner,
    languages: BTreeMap<Lang, u32>,
    eos: u32,
    /// Tokens that are no text.
    special: HashSet<u32>,
    /// Longest source in tokens, language and end token included.
    longest: usize,
}

/// Reads the file's content. The library takes for granted that it is JSON, and that a few of its values
/// fit one another: where they do not it panics.
fn parse(bytes: &[u8]) -> Result<Tokenizer, String> {
    serde_json::from_slice::<serde_json::Value>(bytes).map_err(|e| e.to_string())?;
    let read = catch_unwind(AssertUnwindSafe(|| Tokenizer::from_bytes(bytes)));
    let read = read.map_err(|_| "its parts do not fit one another".to_owned())?;
    read.map_err(|e| e.to_string())
}

impl Inner {
    fn library(bytes: &[u8]) -> Result<Self, String> {
        let mut inner = parse(bytes)?;
        // The file may carry its own limits; lengths are this engine's business.
        inner.with_truncation(None).map_err(|e| e.to_string())?;
        inner.with_padding(None);
        // Text that happens to read `</s>` or `tha_Thai` stays text.
        inner.set_encode_special_tokens(true);
        Ok(Self::Library(Box::new(inner)))
    }

    fn id(&self, name: &str) -> Option<u32> {
        match self {
            Inner::Library(inner) => inner.token_to_id(name),
            Inner::SentencePiece(inner) => inner.id(name),
        }
    }

    fn name(&self, id: u32) -> Option<String> {
        match self {
            Inner::Library(inner) => inner.id_to_token(id),
            Inner::SentencePiece(inner) => inner.name(id).map(str::to_owned),
        }
    }

    /// How many tokens there are, and the last one.
    fn size(&self) -> (usize, Option<u32>) {
        match self {
            Inner::Library(inner) => {
                let vocabulary = inner.get_vocab(true);
                (vocabulary.len(), vocabulary.into_values().max())
            }
            Inner::SentencePiece(inner) => {
                let last = inner.len().checked_sub(1);
                (inner.len(), last.and_then(|last| u32::try_from(last).ok()))
            }
        }
    }

    /// Tokens that are no text.
    fn special(&self) -> HashSet<u32> {
        match self {
            Inner::Library(inner) => {
                let added = inner.get_added_tokens_decoder();
                let special = added.iter().filter(|(_, token)| token.special);
                special.map(|(id, _)| *id).collect()
            }
            Inner::SentencePiece(inner) => {
                let all = inner.names().map(|(id, _)| id);
                all.filter(|id| inner.is_markup(*id)).collect()
            }
        }
    }

    /// The tokens of a text.
    fn ids(&self, text: &str) -> Result<Vec<u32>, String> {
        match self {
            Inner::Library(inner) => {
                let encoded = inner.encode_fast(text, false);
                Ok(encoded.map_err(|e| e.to_string())?.get_ids().to_vec())
            }
            Inner::SentencePiece(inner) => {
                let encoded = inner.encode(text).into_iter();
                Ok(encoded.map(|(id, _)| id).collect())
            }
        }
    }

    /// The bytes of a text that each of its tokens stands for.
    fn offsets(&self, text: &str) -> Result<Vec<Range<usize>>, String> {
        match self {
            Inner::Library(inner) => {
                let encoded = inner.encode(text, false).map_err(|e| e.to_string())?;
                let offsets = encoded.get_offsets().iter();
                Ok(offsets.map(|(from, to)| *from..*to).collect())
            }
            Inner::SentencePiece(inner) => {
                let encoded = inner.encode(text).into_iter();
                Ok(encoded.map(|(_, bytes)| bytes).collect())
            }
        }
    }

    /// A text as it is before it is cut.
    fn normal(&self, text: &str) -> Option<String> {
        match self {
            Inner::Library(inner) => {
                let mut normal = NormalizedString::from(text);
                if let Some(normalizer) = inner.get_normalizer() {
                    normalizer.normalize(&mut normal).ok()?;
                }
                Some(normal.get().to_owned())
            }
            Inner::SentencePiece(inner) => Some(inner.normal(text)),
        }
    }
}

impl Tokens {
    /// Reads `tokenizer.json` in `dir`, or the SentencePiece model where there is none. `names` overrides
    /// the names of the language tokens; without it those of NLLB and M2M100 are looked for.
    pub fn read(
        dir: &Path,
        config: &Config,
        names: Option<&BTreeMap<Lang, String>>,
    ) -> Result<Self, Error> {
        let mut path = dir.join("tokenizer.json");
        let inner = if SentencePiece::is_in(dir) {
            let inner = SentencePiece::read(dir, config.vocab_size)?;
            inner.path().clone_into(&mut path);
            Ok(Inner::SentencePiece(inner))
        } else {
            Inner::library(&read_bounded(&path, LONGEST_TOKENIZER)?)
        };
        let fail = |problem: String| Error::Tokenizer {
            problem,
            path: path.clone(),
        };
        let inner = inner.map_err(fail)?;
        agree(&inner, config).map_err(fail)?;
        let languages = languages(&inner, names).map_err(fail)?;
        let longest = config.max_position_embeddings;
        Ok(Self {
            special: inner.special(),
            inner,
            languages,
            eos: config.eos(),
            longest,
        })
    }

    /// The token of a language, if the model has it.
    pub fn language(&self, lang: Lang) -> Option<u32> {
        self.languages.get(&lang).copied()
    }

    /// `[language] pieces </s>` of `text`, and whether it had to be cut to the longest source.
    /// `None` when there is nothing to translate.
    pub fn encode(&self, text: &str, language: u32) -> Result<Option<(Vec<u32>, bool)>, String> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let most_chars = self.longest.saturating_mul(LONGEST_PIECE);
        let end = text
            .char_indices()
            .nth(most_chars)
            .map_or(text.len(), |(at, _)| at);
        let mut truncated = end < text.len();
        let head = text.get(..end).unwrap_or_default();
        let encoded = self.inner.ids(head)?;
        let room = self.longest.saturating_sub(2);
        let mut pieces = encoded.as_slice();
        if let Some(front) = pieces.get(..room).filter(|_| pieces.len() > room) {
            truncated = true;
            pieces = front;
        }
        if pieces.is_empty() {
            return Ok(None);
        }
        let mut ids = Vec::with_capacity(pieces.len().saturating_add(2));
        ids.push(language);
        ids.extend_from_slice(pieces);
        ids.push(self.eos);
        Ok(Some((ids, truncated)))
    }

    /// The tokens that spell `text`; `None` where they spell something else.
    pub fn pieces(&self, text: &str) -> Option<Vec<u32>> {
        let ids = self.inner.ids(text).ok()?;
        let spelt: String = ids.iter().map(|id| self.surface(*id)).collect();
        (spelt.trim_start() == text.trim_start()).then_some(ids)
    }

    /// The text of `ids`; language tokens and other special tokens are left out.
    pub fn decode(&self, ids: &[u32]) -> Result<String, String> {
        match &self.inner {
            Inner::Library(inner) => inner.decode(ids, true).map_err(|e| e.to_string()),
            Inner::SentencePiece(inner) => Ok(inner.decode(ids)),
        }
    }
}

impl Spelling for Tokens {
    fn surface(&self, token: u32) -> String {
        match self.inner.name(token) {
            Some(piece) if !self.special.contains(&token) => piece.replace(SPACE, " "),
            _ => String::new(),
        }
    }

    fn token(&self, surface: &str) -> Option<u32> {
        self.inner.id(&surface.replace(' ', SPACE))
    }
}

impl Speller for Tokens {
    fn columns(&self, text: &str, bytes: &Range<usize>) -> Result<Option<Range<usize>>, String> {
        let offsets = self.inner.offsets(text)?;
        let room = self.longest.saturating_sub(2);
        let mut holding = (1usize..)
            .zip(offsets)
            .take(room)
            .filter(|(_, o)| o.start < bytes.end && bytes.start < o.end)
            .map(|(at, _)| at);
        let first = holding.next();
        let last = holding.last().or(first);
        Ok(first.zip(last).map(|(from, to)| from..to.saturating_add(1)))
    }

    fn spelled(&self, text: &str) -> Option<String> {
        let normal = self.inner.normal(text)?;
        let ids = self.inner.ids(text).ok()?;
        let unknown = self.inner.id("<unk>");
        let known = ids.iter().all(|id| Some(*id) != unknown);
        known.then(|| normal.trim().to_owned())
    }
}

/// Whether tokenizer and weights can belong together.
fn agree(tokenizer: &Inner, config: &Config) -> Result<(), String> {
    let rows = config.vocab_size;
    let (known, last) = tokenizer.size();
    let Some(last) = last else {
        return Err("its vocabulary is empty".to_owned());
    };
    if last as usize >= rows {
        return Err(format!(
            "it has token {last}, the model's vocab_size is {rows}"
        ));
    }
    // Checkpoints round their rows up, but not to the double.
    if known < rows.div_ceil(2) {
        return Err(format!(
            "it knows {known} tokens, the model's vocab_size is {rows}: it belongs to another model"
        ));
    }
    for (token, wanted) in [("</s>", config.eos()), ("<pad>", config.pad_token_id)] {
        match tokenizer.id(token) {
            Some(id) if id == wanted => {}
            Some(id) => {
                return Err(format!(
                    "'{token}' is token {id}, config.json says {wanted}"
                ));
            }
            None => return Err(format!("it has no token '{token}'")),
        }
    }
    Ok(())
}

fn languages(
    tokenizer: &Inner,
    names: Option<&BTreeMap<Lang, String>>,
) -> Result<BTreeMap<Lang, u32>, String> {
    let mut found = BTreeMap::new();
    if let Some(names) = names {
        for (lang, name) in names {
            let id = tokenizer
                .id(name)
                .ok_or_else(|| format!("it has no language token '{name}' for {}", lang.name()))?;
            found.insert(*lang, id);
        }
    } else {
        for (lang, nllb, m2m) in NAMES {
            let id = tokenizer.id(nllb).or_else(|| tokenizer.id(m2m));
            if let Some(id) = id {
                found.insert(lang, id);
            }
        }
    }
    if found.len() < 2 {
        return Err("it has no language tokens such as 'tha_Thai' or '__th__'".to_owned());
    }
    Ok(found)
}
