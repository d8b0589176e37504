//! Translation on this machine: M2M100 and NLLB, MADLAD-400 and decoder-only models, beam search, and
//! checks of what comes out.

mod beam;
mod cache;
#[cfg(test)]
mod cancel_tests;
mod charsmap;
mod chat;
mod checks;
mod config;
mod decoder;
mod decoder_config;
mod error;
mod gguf;
mod gguf_tokens;
mod guided;
mod known;
mod linear;
mod llm;
mod m2m_terms;
mod matrix;
mod model;
mod open;
mod pieces;
mod replace;
mod seen;
mod sentencepiece;
mod shrink;
mod spelt;
mod stored;
mod t5;
mod t5_config;
mod t5_model;
mod t5_names;
mod t5_terms;
mod terms;
mod tokens;
mod unstoppable;
mod vocabulary;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use checks::{check, compare, disagree};
pub use error::Error;
pub use known::KnownNames;
pub use llm::Llm;
pub use open::{Form, form, open};
pub use shrink::{Bits, ShrinkOptions, Shrunk, shrink};
pub use t5::T5;
pub use terms::Enforced;

use crate::compute::checkpoint::Weights;
use crate::domain::{Cancel, Lang, LangPair};
use crate::glossary::RequiredTerm;
use beam::{Found, Limits};
use config::Config;
use error::StepError;
use model::Model;
use tokens::Tokens;

/// The widest beam.
pub const MAX_BEAM: usize = 8;

/// A machine that turns a sentence into a sentence of another language.
pub trait Translator: Send {
    /// The engine and model, for the record.
    fn engine(&self) -> &str;
    /// Whether it translates this direction.
    fn supports(&self, pair: LangPair) -> bool;
    /// Translates one sentence. An empty text gives an empty translation.
    fn translate(
        &mut self,
        text: &str,
        pair: LangPair,
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Decoded, Error>;
    /// Another translator over the same weights, for a thread of its own; `None` where the engine
    /// serves one at a time.
    fn beside(&self) -> Option<Box<dyn Translator>> {
        None
    }

    /// Translates the sentence again with these terms of the glossary, after `free`, its free
    /// translation, missed one or used a forbidden variant. `None` where the engine cannot do that,
    /// or `free` has all it should.
    fn enforce(
        &mut self,
        _text: &str,
        _pair: LangPair,
        _terms: &[RequiredTerm],
        _free: &Decoded,
        _options: &DecodeOptions,
        _cancel: &Cancel,
    ) -> Result<Option<Enforced>, Error> {
        Ok(None)
    }
}

/// How to search for a translation. The words mean what they mean in transformers' `generate`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecodeOptions {
    /// Hypotheses side by side, 1 (greedy) to [`MAX_BEAM`].
    pub beam: usize,
    /// Longest output in tokens, the language token and the end token included (`max_new_tokens`).
    pub max_tokens: usize,
    /// Power of the length by which a score is divided.
    pub length_penalty: f32,
    /// Stop as soon as `beam` hypotheses have ended.
    pub early_stopping: bool,
}

impl Default for DecodeOptions {
    fn default() -> Self {
        Self {
            beam: 4,
            max_tokens: 200,
            length_penalty: 1.0,
            early_stopping: false,
        }
    }
}

/// What a translator wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// The translation.
    pub text: String,
    /// Tokens after the forced language token, without the end token.
    pub token_ids: Vec<u32>,
    /// Mean log-probability a token, the end token included, natural logarithm; 0 without tokens.
    pub log_prob: f32,
    /// The search's own score (`sequences_scores`).
    pub score: f32,
    /// The source did not fit into the model, or the output stopped at its length limit.
    pub truncated: bool,
}

impl Decoded {
    /// The translation of nothing.
    fn empty() -> Self {
        Self {
            text: String::new(),
            token_ids: Vec::new(),
            log_prob: 0.0,
            score: 0.0,
            truncated: false,
        }
    }
}

/// An M2M100 or NLLB model in memory.
#[derive(Clone)]
pub struct M2m100 {
    engine: String,
    model: Arc<Model>,
    tokens: Arc<Tokens>,
}

impl M2m100 {
    /// Loads a Hugging Face folder: config.json, model.safetensors (or its shards) and tokenizer.json, or
    /// sentencepiece.bpe.model with M2M100's vocab.json where there is none.
    ///
    /// `name` is what [`Translator::engine`] answers. `language_tokens` names the languages' tokens
    /// in the tokenizer; without it those of NLLB (`tha_Thai`) and M2M100 (`__th__`) are looked for.
    pub fn load(
        dir: &Path,
        name: &str,
        language_tokens: Option<&BTreeMap<Lang, String>>,
    ) -> Result<Self, Error> {
        Self::load_until(dir, name, language_tokens, &Cancel::new())
    }

    /// The same, for somebody who may cancel meanwhile.
    fn load_until(
        dir: &Path,
        name: &str,
        language_tokens: Option<&BTreeMap<Lang, String>>,
        cancel: &Cancel,
    ) -> Result<Self, Error> {
        let config = Config::read(dir)?;
        let of_model = (dir.to_owned(), config.clone(), language_tokens.cloned());
        let tokens = unstoppable::tokenizer(dir, cancel, move || {
            let (dir, config, names) = of_model;
            Tokens::read(&dir, &config, names.as_ref())
        })?;
        let mut weights = Weights::open(dir)?.until(cancel.as_atomic());
        let model = Model::load(config, &mut weights)?;
        Ok(Self {
            engine: name.to_owned(),
            model: Arc::new(model),
            tokens: Arc::new(tokens),
        })
    }

    /// The source tokens of a text, `[language] pieces </s>`, and whether it was cut to fit.
    /// `None` for a text without pieces or a language that the model does not know.
    pub fn source_ids(&self, text: &str, from: Lang) -> Result<Option<(Vec<u32>, bool)>, Error> {
        let Some(language) = self.tokens.language(from) else {
            return Ok(None);
        };
        self.tokens
            .encode(text, language)
            .map_err(|problem| self.broken(problem))
    }

    /// The token that makes the model write `lang`, if it knows the language.
    pub fn language_token(&self, lang: Lang) -> Option<u32> {
        self.tokens.language(lang)
    }

    /// Logits over the vocabulary after each token of `target`, given `source`: what the model would
    /// write next if it had written this. `target` begins with the decoder's start token.
    pub fn logits(
        &self,
        source: &[u32],
        target: &[u32],
        cancel: &Cancel,
    ) -> Result<Vec<Vec<f32>>, Error> {
        let run = || {
            let mut decoding = self.model.start(source, cancel)?;
            let (hidden, _) = decoding.read(0, target)?;
            decoding.logits(&hidden)
        };
        run().map_err(|e: StepError| e.named(&self.engine))
    }

    /// Translates source tokens. `language` is the target language's token.
    pub fn generate(
        &self,
        source: &[u32],
        language: u32,
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Decoded, Error> {
        check_options(options)?;
        let found = self
            .search(source, language, options, cancel)
            .map_err(|e| e.named(&self.engine))?;
        let text = self
            .tokens
            .decode(&found.tokens)
            .map_err(|problem| self.broken(problem))?;
        let count = found.tokens.len().saturating_add(usize::from(found.ended));
        Ok(Decoded {
            text,
            token_ids: found.tokens,
            log_prob: found.sum / count.max(1) as f32,
            score: found.score,
            truncated: !found.ended,
        })
    }

    fn search(
        &self,
        source: &[u32],
        language: u32,
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Found, StepError> {
        let config = self.model.config();
        let limits = self.limits(options);
        let mut decoding = self.model.start(source, cancel)?;
        decoding.remember();
        let opening = [config.decoder_start_token_id, language];
        decoding.advance(&[0], &[config.decoder_start_token_id])?;
        let hidden = decoding.advance(&[0], &[language])?;
        let first = decoding
            .logits(&hidden)?
            .into_iter()
            .next()
            .unwrap_or_default();
        let found = beam::search(first, &limits, |parents, tokens| {
            let hidden = decoding.advance(parents, tokens)?;
            decoding.logits(&hidden)
        })?;
        let tokens = [&opening, found.tokens.as_slice()].concat();
        decoding.keep(tokens, opening.len(), found.logs.clone());
        Ok(found)
    }

    fn limits(&self, options: &DecodeOptions) -> Limits {
        let config = self.model.config();
        Limits {
            beam: options.beam,
            // The start token takes one position and counts in no limit.
            max_tokens: options
                .max_tokens
                .min(config.max_position_embeddings.saturating_sub(1)),
            length_penalty: options.length_penalty,
            early_stopping: options.early_stopping,
            eos: config.eos(),
        }
    }

    fn broken(&self, problem: String) -> Error {
        StepError::Broken(problem).named(&self.engine)
    }
}

impl Translator for M2m100 {
    fn engine(&self) -> &str {
        &self.engine
    }

    fn supports(&self, pair: LangPair) -> bool {
        pair.from != pair.to
            && self.tokens.language(pair.from).is_some()
            && self.tokens.language(pair.to).is_some()
    }

    fn translate(
        &mut self,
        text: &str,
        pair: LangPair,
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Decoded, Error> {
        check_options(options)?;
        let unsupported = || Error::UnsupportedPair {
            pair,
            engine: self.engine.clone(),
        };
        if !self.supports(pair) {
            return Err(unsupported());
        }
        let language = self.tokens.language(pair.to).ok_or_else(unsupported)?;
        let Some((source, cut)) = self.source_ids(text, pair.from)? else {
            return Ok(Decoded::empty());
        };
        let mut decoded = self.generate(&source, language, options, cancel)?;
        decoded.truncated |= cut;
        Ok(decoded)
    }

    fn beside(&self) -> Option<Box<dyn Translator>> {
        Some(Box::new(self.clone()))
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
        self.with_terms(text, pair, terms, free, options, cancel)
    }
}

fn check_options(options: &DecodeOptions) -> Result<(), Error> {
    if !(1..=MAX_BEAM).contains(&options.beam) {
        return Err(Error::Options(format!(
            "the beam is {}, not 1 to {MAX_BEAM}",
            options.beam
        )));
    }
    if options.max_tokens == 0 {
        return Err(Error::Options("the length limit is 0 tokens".to_owned()));
    }
    if !options.length_penalty.is_finite() || options.length_penalty.abs() > 100.0 {
        return Err(Error::Options(
            "the length penalty must lie between -100 and 100".to_owned(),
        ));
    }
    Ok(())
}
