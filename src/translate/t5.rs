//! MADLAD-400 and other T5 models that are told their target language by a tag, `<2vi>`.

use std::collections::BTreeMap;
use std::path::Path;

use super::beam::{self, Limits};
use super::error::StepError;
use super::gguf::{Gguf, is_gguf};
use super::matrix::Source;
use super::pieces::Pieces;
use super::t5_config::T5Config;
use super::t5_model::Model;
use super::{DecodeOptions, Decoded, Enforced, Error, Translator, check_options, unstoppable};
use crate::domain::{Cancel, Lang, LangPair};
use crate::glossary::RequiredTerm;

/// The longest output, in tokens. The model has no limit of its own; memory and patience have.
const LONGEST_OUTPUT: usize = 1_024;
/// No piece of a vocabulary is longer than this on average over a text, in characters.
const LONGEST_PIECE: usize = 32;

/// A T5 model in memory.
pub struct T5 {
    pub(super) engine: String,
    pub(super) model: Model,
    pub(super) pieces: Pieces,
    /// What stands before the source to ask for a language.
    tags: BTreeMap<Lang, Vec<u32>>,
}

impl T5 {
    /// Loads a Hugging Face folder (config.json, tokenizer.json, model.safetensors or its shards) or
    /// a GGUF file, with its own tokenizer or with a tokenizer.json beside it.
    ///
    /// `name` is what [`Translator::engine`] answers. `language_tags` names the languages' tags;
    /// without it those of MADLAD-400 (`<2th>`) are looked for.
    pub fn load(
        path: &Path,
        name: &str,
        language_tags: Option<&BTreeMap<Lang, String>>,
    ) -> Result<Self, Error> {
        Self::load_until(path, name, language_tags, &Cancel::new())
    }

    /// The same, for somebody who may cancel meanwhile.
    pub(super) fn load_until(
        path: &Path,
        name: &str,
        language_tags: Option<&BTreeMap<Lang, String>>,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let (config, pieces, mut source) = if is_gguf(path) {
            let gguf = Gguf::open(path)?.until(cancel);
            let config = T5Config::from_gguf(&gguf)?;
            let (pieces, gguf) = Pieces::of_gguf(gguf, path, is_tag, cancel)?;
            (config, pieces, Source::Gguf(gguf))
        } else {
            let config = T5Config::read(path)?;
            let file = path.join("tokenizer.json");
            let pieces = unstoppable::tokenizer(path, cancel, move || Pieces::read(&file, is_tag))?;
            (config, pieces, Source::open(path, cancel)?)
        };
        pieces.agree(config.vocab_size)?;
        let tags = tags(&pieces, language_tags)?;
        Ok(Self {
            engine: name.to_owned(),
            model: Model::load(config, &mut source)?,
            pieces,
            tags,
        })
    }

    /// The source tokens of a text, `<2xx> pieces </s>`, and whether it was cut to fit. `None` for a
    /// text without pieces or a target language that the model does not know.
    pub fn source_ids(&self, text: &str, to: Lang) -> Result<Option<(Vec<u32>, bool)>, Error> {
        let Some(tag) = self.tags.get(&to) else {
            return Ok(None);
        };
        if text.trim().is_empty() {
            return Ok(None);
        }
        let config = self.model.config();
        let most = config.longest_source.saturating_mul(LONGEST_PIECE);
        let end = text
            .char_indices()
            .nth(most)
            .map_or(text.len(), |(at, _)| at);
        let mut cut = end < text.len();
        let mut pieces = self
            .pieces
            .encode(text.get(..end).unwrap_or_default())
            .map_err(|problem| self.broken(problem))?;
        let room = config
            .longest_source
            .saturating_sub(tag.len())
            .saturating_sub(1);
        if pieces.len() > room {
            pieces.truncate(room);
            cut = true;
        }
        if pieces.is_empty() {
            return Ok(None);
        }
        let mut ids = tag.clone();
        ids.append(&mut pieces);
        ids.push(config.eos);
        Ok(Some((ids, cut)))
    }

    /// Logits over the vocabulary after each token of `target`, given `source`. `target` begins with
    /// the decoder's start token.
    pub fn logits(
        &self,
        source: &[u32],
        target: &[u32],
        cancel: &Cancel,
    ) -> Result<Vec<Vec<f32>>, Error> {
        let run = || {
            let mut decoding = self.model.start(source, cancel)?;
            let mut rows = Vec::with_capacity(target.len());
            for token in target {
                rows.extend(decoding.advance(&[0], &[*token])?);
            }
            Ok(rows)
        };
        run().map_err(|e: StepError| e.named(&self.engine))
    }

    /// Translates source tokens.
    pub fn generate(
        &self,
        source: &[u32],
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Decoded, Error> {
        check_options(options)?;
        let config = self.model.config();
        let limits = self.limits(options);
        let run = || {
            let mut decoding = self.model.start(source, cancel)?;
            let first = decoding.advance(&[0], &[config.start])?;
            let first = first.into_iter().next().unwrap_or_default();
            beam::search_after(0, first, &limits, |parents, tokens| {
                decoding.advance(parents, tokens)
            })
        };
        let found = run().map_err(|e: StepError| e.named(&self.engine))?;
        let text = self.written(&found.tokens)?;
        let count = found.tokens.len().saturating_add(usize::from(found.ended));
        Ok(Decoded {
            text,
            token_ids: found.tokens,
            log_prob: found.sum / count.max(1) as f32,
            score: found.score,
            truncated: !found.ended,
        })
    }

    fn limits(&self, options: &DecodeOptions) -> Limits {
        Limits {
            beam: options.beam,
            max_tokens: options.max_tokens.min(LONGEST_OUTPUT),
            length_penalty: options.length_penalty,
            early_stopping: options.early_stopping,
            eos: self.model.config().eos,
        }
    }

    /// The text of output tokens.
    pub(super) fn written(&self, tokens: &[u32]) -> Result<String, Error> {
        let text = self.pieces.decode(tokens);
        let text = text.map_err(|problem| self.broken(problem))?;
        Ok(text.trim().to_owned())
    }

    /// How many tokens ask for a language.
    pub(super) fn tag_length(&self, to: Lang) -> usize {
        self.tags.get(&to).map_or(0, Vec::len)
    }

    fn broken(&self, problem: String) -> Error {
        StepError::Broken(problem).named(&self.engine)
    }
}

impl Translator for T5 {
    fn engine(&self) -> &str {
        &self.engine
    }

    fn supports(&self, pair: LangPair) -> bool {
        pair.from != pair.to
            && self.tags.contains_key(&pair.from)
            && self.tags.contains_key(&pair.to)
    }

    fn translate(
        &mut self,
        text: &str,
        pair: LangPair,
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Decoded, Error> {
        check_options(options)?;
        if !self.supports(pair) {
            return Err(Error::UnsupportedPair {
                pair,
                engine: self.engine.clone(),
            });
        }
        let Some((source, cut)) = self.source_ids(text, pair.to)? else {
            return Ok(Decoded::empty());
        };
        let mut decoded = self.generate(&source, options, cancel)?;
        decoded.truncated |= cut;
        Ok(decoded)
    }

    fn enforce(
        &mut self,
        text: &str,
        pair: LangPair,
        terms: &[RequiredTerm],
        free: &Decoded,
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Option<Enforced>, Error> {
        check_options(options)?;
        let limits = self.limits(options);
        self.with_terms((text, pair), terms, free, limits, cancel)
    }
}

/// Whether a piece asks for a target language.
fn is_tag(piece: &str) -> bool {
    let name = piece.strip_prefix("<2").and_then(|p| p.strip_suffix('>'));
    name.is_some_and(|name| {
        !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    })
}

fn tags(
    pieces: &Pieces,
    names: Option<&BTreeMap<Lang, String>>,
) -> Result<BTreeMap<Lang, Vec<u32>>, Error> {
    let mut found = BTreeMap::new();
    if let Some(names) = names {
        for (lang, name) in names {
            let tokens = pieces.head(name).ok_or_else(|| {
                pieces.refuse(format!(
                    "it has no language tag '{name}' for {}",
                    lang.name()
                ))
            })?;
            found.insert(*lang, tokens);
        }
    } else {
        for lang in Lang::ALL {
            if let Some(tokens) = pieces.head(&format!("<2{}>", lang.code())) {
                found.insert(lang, tokens);
            }
        }
    }
    if found.len() < 2 {
        return Err(pieces.refuse("it has no language tags such as '<2th>'".to_owned()));
    }
    Ok(found)
}
