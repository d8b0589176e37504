//! Decoder-only models from GGUF files: Gemma 3, Qwen 2 and 3, Hunyuan dense, greedily.
//!
//! Text is data: whatever was said, it reaches the model as plain text inside one request, and no
//! token of it is a control token.

use std::path::Path;

use super::chat::{self, Frame};
use super::decoder::Decoder;
use super::decoder_config::{DecoderConfig, Family};
use super::error::StepError;
use super::gguf::Gguf;
use super::guided::allowed;
use super::matrix::Source;
use super::pieces::Pieces;
use super::terms::{MAX_LOSS, keeps_to};
use super::{DecodeOptions, Decoded, Enforced, Error, Translator, beam, check_options};
use crate::domain::{Cancel, Lang, LangPair};
use crate::glossary::{Constraint, RequiredTerm, Rest, TermState};

/// The longest prompt and the longest answer, in tokens, whatever the model could hold.
const LONGEST_PROMPT: usize = 4_096;
const LONGEST_ANSWER: usize = 1_024;
/// A prompt leaves at least so much room for the answer, in tokens.
const LEAST_ROOM: usize = 8;
/// No piece of a vocabulary is longer than this on average over a text, in characters.
const LONGEST_PIECE: usize = 32;

/// A decoder-only translation model in memory.
pub struct Llm {
    engine: String,
    decoder: Decoder,
    pieces: Pieces,
    /// `None` where the file brings no chat template.
    frame: Option<Frame>,
    /// Begins every prompt, where the model wants it.
    bos: Option<u32>,
    ends: Vec<u32>,
}

impl Llm {
    /// Loads a GGUF file, with its own tokenizer or with a tokenizer.json beside it.
    ///
    /// `name` is what [`Translator::engine`] answers.
    pub fn load(path: &Path, name: &str) -> Result<Self, Error> {
        Self::load_until(path, name, &Cancel::new())
    }

    /// The same, for somebody who may cancel meanwhile.
    pub(super) fn load_until(path: &Path, name: &str, cancel: &Cancel) -> Result<Self, Error> {
        let gguf = Gguf::open(path)?.until(cancel);
        let config = DecoderConfig::from_gguf(&gguf)?;
        let (pieces, gguf) = Pieces::of_gguf(gguf, path, |_| false, cancel)?;
        pieces.agree(config.vocab_size)?;
        let token = |key: &str| {
            let id = gguf.whole(&format!("tokenizer.ggml.{key}"));
            id.and_then(|id| u32::try_from(id).ok())
                .filter(|id| (*id as usize) < config.vocab_size)
        };
        let (bos, eos) = (token("bos_token_id"), token("eos_token_id"));
        let name_of = |id: Option<u32>| id.and_then(|id| pieces.markup_name(id)).unwrap_or("");
        let frame = match gguf.text("tokenizer.chat_template") {
            None => None,
            Some(template) => Some(
                Frame::render(template, name_of(bos), name_of(eos))
                    .map_err(|problem| pieces.refuse(problem))?,
            ),
        };
        let ends: Vec<u32> = [eos, token("eot_token_id"), token("eom_token_id")]
            .into_iter()
            .flatten()
            .collect();
        if ends.is_empty() {
            return Err(gguf.refuse("tokenizer.ggml.eos_token_id is missing".to_owned()));
        }
        let wants_bos = gguf.whole("tokenizer.ggml.add_bos_token").unwrap_or(0) != 0;
        Ok(Self {
            engine: name.to_owned(),
            decoder: Decoder::load(config, &mut Source::Gguf(gguf))?,
            pieces,
            frame,
            bos: bos.filter(|_| wants_bos),
            ends,
        })
    }

    /// The prompt that asks for a translation, with what must be written for some terms (source,
    /// target), and whether the text was cut to fit. `None` for an empty text.
    pub fn prompt_ids(
        &self,
        text: &str,
        pair: LangPair,
        terms: &[(String, String)],
    ) -> Result<Option<(Vec<u32>, bool)>, Error> {
        let longest = self.decoder.config().longest.min(LONGEST_PROMPT);
        let mut text = text.trim();
        let mut cut = false;
        let mut keep = longest.saturating_mul(LONGEST_PIECE);
        while !text.is_empty() {
            if let Some((end, _)) = text.char_indices().nth(keep) {
                text = text.get(..end).unwrap_or_default().trim_end();
                cut = true;
            }
            let ids = self.encode(text, pair, terms)?;
            if ids.len().saturating_add(LEAST_ROOM) <= longest {
                return Ok(Some((ids, cut)));
            }
            keep = text.chars().count() / 2;
            if keep == 0 {
                let problem = "the request does not fit into the model's context".to_owned();
                return Err(self.broken(problem));
            }
        }
        Ok(None)
    }

    fn encode(
        &self,
        text: &str,
        pair: LangPair,
        terms: &[(String, String)],
    ) -> Result<Vec<u32>, Error> {
        let chinese = self.decoder.config().family == Family::Hunyuan;
        let ids = match &self.frame {
            Some(frame) => {
                let request = chat::request(text, pair, terms, chinese);
                self.pieces
                    .encode_within(&frame.before, &request, &frame.after)
            }
            None => self.pieces.encode(&chat::line(text, pair)),
        };
        let mut ids = ids.map_err(|problem| self.broken(problem))?;
        if let Some(bos) = self.bos.filter(|bos| ids.first() != Some(bos)) {
            ids.insert(0, bos);
        }
        Ok(ids)
    }

    /// Logits over the vocabulary after `prompt`, and after each token of `answer` that follows it.
    pub fn logits(
        &self,
        prompt: &[u32],
        answer: &[u32],
        cancel: &Cancel,
    ) -> Result<Vec<Vec<f32>>, Error> {
        let run = || {
            let mut text = self.decoder.start(cancel)?;
            let mut rows = vec![text.read(prompt)?];
            for token in answer {
                rows.push(text.read(&[*token])?);
            }
            Ok(rows)
        };
        run().map_err(|e: StepError| e.named(&self.engine))
    }

    /// Continues a prompt with the likeliest token at each step until the model ends its answer.
    pub fn generate(
        &self,
        prompt: &[u32],
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Decoded, Error> {
        self.answer(prompt, None, options, cancel)
    }

    /// The same with tokens left out that would write what `terms` forbid. An answer that cannot go on
    /// without them ends there, cut off.
    fn answer(
        &self,
        prompt: &[u32],
        terms: Option<&Constraint>,
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Decoded, Error> {
        check_options(options)?;
        let room = self.decoder.config().longest.saturating_sub(prompt.len());
        let most = options.max_tokens.min(LONGEST_ANSWER).min(room);
        let run = || {
            let mut text = self.decoder.start(cancel)?;
            let mut logits = text.read(prompt)?;
            let (mut ids, mut sum, mut ended) = (Vec::new(), 0_f32, false);
            while ids.len() < most {
                let next = match terms {
                    None => Some(likeliest(&logits)?),
                    Some(terms) => self.permitted(&ids, terms, &logits)?,
                };
                let Some((token, log_prob)) = next else { break };
                sum += log_prob;
                ended = self.is_end(token);
                if ended {
                    break;
                }
                ids.push(token);
                if ids.len() < most {
                    logits = text.read(&[token])?;
                }
            }
            Ok((ids, sum, ended))
        };
        let (ids, sum, ended) = run().map_err(|e: StepError| e.named(&self.engine))?;
        let text = self
            .pieces
            .decode(&ids)
            .map_err(|problem| self.broken(problem))?;
        let text = match self.frame {
            Some(_) => text.trim(),
            // Without a template the model continues lines; its answer is the first.
            None => text.trim().lines().next().unwrap_or_default().trim_end(),
        };
        let count = ids.len().saturating_add(usize::from(ended)).max(1) as f32;
        Ok(Decoded {
            text: text.to_owned(),
            token_ids: ids,
            log_prob: sum / count,
            score: sum / count,
            truncated: !ended,
        })
    }

    /// Markup is never part of a translation: an answer that reaches it is over.
    fn is_end(&self, token: u32) -> bool {
        self.ends.contains(&token) || self.pieces.is_markup(token)
    }

    /// The likeliest token behind an answer that does not write what is forbidden, and its log-probability.
    /// Tokens may be parts of a letter, so the words that they make with those before them are looked at.
    fn permitted(
        &self,
        answer: &[u32],
        terms: &Constraint,
        logits: &[f32],
    ) -> Result<Option<(u32, f32)>, StepError> {
        let total = beam::normaliser(logits)?;
        let after = |token: u32| {
            let ended = self.is_end(token);
            let mut ids = answer.to_vec();
            ids.extend((!ended).then_some(token));
            let written = self.pieces.decode(&ids).ok()?;
            // What stands for the first part of a letter is none.
            let written = written.trim_end_matches(char::REPLACEMENT_CHARACTER);
            let state = terms.advance(&TermState::default(), written)?;
            // Most scripts tell only by the next letter that a word is whole: it is not waited for, but where
            // an approved one may come of it.
            let begun = |r: &Rest| !r.letters.is_empty();
            let may_come = !ended && terms.rests(&state).iter().any(begun);
            terms.finish(&state).or(may_come.then_some(state))
        };
        let first = allowed(logits, after).next();
        let logit = |token: u32| logits.get(token as usize).copied().unwrap_or(f32::NAN);
        Ok(first.map(|(token, _)| (token, logit(token) - total)))
    }

    fn broken(&self, problem: String) -> Error {
        StepError::Broken(problem).named(&self.engine)
    }
}

impl Translator for Llm {
    fn engine(&self) -> &str {
        &self.engine
    }

    fn supports(&self, pair: LangPair) -> bool {
        // Hunyuan's translation models do not know Lao.
        let lao = pair.from == Lang::Lo || pair.to == Lang::Lo;
        pair.from != pair.to && !(lao && self.decoder.config().family == Family::Hunyuan)
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
        let Some((prompt, cut)) = self.prompt_ids(text, pair, &[])? else {
            return Ok(Decoded::empty());
        };
        let mut decoded = self.generate(&prompt, options, cancel)?;
        decoded.truncated |= cut;
        Ok(decoded)
    }

    /// Asks again with the terms in the request, and without tokens that write what is forbidden. A model
    /// that still does without the terms has not answered better, so its first answer stands.
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
        let wanted = terms.iter().filter(|term| !term.preferred.is_empty());
        let wanted: Vec<(String, String)> = wanted
            .map(|term| (term.source.clone(), term.preferred.clone()))
            .collect();
        // Without a template there is no place for the terms in the request.
        let wanted = self.frame.as_ref().map_or(Vec::new(), |_| wanted);
        let forbids = forbids(terms);
        let writes = |forbids: &Constraint| {
            let state = forbids.advance(&TermState::default(), &free.text);
            state.and_then(|s| forbids.finish(&s)).is_none()
        };
        if wanted.is_empty() && !forbids.as_ref().is_some_and(writes)
            || keeps_to(terms, &free.text, pair)
        {
            return Ok(None);
        }
        let Some((prompt, cut)) = self.prompt_ids(text, pair, &wanted)? else {
            return Ok(None);
        };
        let mut decoded = self.answer(&prompt, forbids.as_ref(), options, cancel)?;
        decoded.truncated |= cut;
        if !keeps_to(terms, &decoded.text, pair) {
            return Ok(None);
        }
        let loss = free.log_prob - decoded.log_prob;
        Ok(Some(Enforced {
            accepted: loss <= MAX_LOSS && !decoded.truncated,
            loss,
            decoded,
        }))
    }
}

/// What the terms forbid, with what they approve, inside of which it may stand; `None` where they forbid nothing.
fn forbids(terms: &[RequiredTerm]) -> Option<Constraint> {
    let forbidden: Vec<String> = terms.iter().flat_map(|t| t.forbidden.clone()).collect();
    let admitted: Vec<Vec<String>> = terms.iter().map(|t| t.admitted.clone()).collect();
    (!forbidden.is_empty()).then(|| Constraint::new(&admitted, &forbidden))
}

/// The token with the highest logit, and its log-probability.
fn likeliest(logits: &[f32]) -> Result<(u32, f32), StepError> {
    let (mut best, mut highest) = (0, f32::NEG_INFINITY);
    for (token, logit) in logits.iter().enumerate() {
        if *logit > highest {
            (best, highest) = (token, *logit);
        }
    }
    // In f64: a quarter of a million small terms would lose digits in f32.
    let total: f64 = logits.iter().map(|x| f64::from((x - highest).exp())).sum();
    if !highest.is_finite() || !total.is_finite() {
        return Err(StepError::Broken(
            "the model's output is not finite".to_owned(),
        ));
    }
    Ok((best as u32, -total.ln() as f32))
}
