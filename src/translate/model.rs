//! The M2M100 network: encoder, decoder with caches, tied output projection.
//!
//! One sentence a call, so nothing is padded: where the reference masks a padding token of the
//! source, this engine leaves it out, which is the same. Numbers lie row by row in plain vectors;
//! shapes: `t` tokens, `n` hypotheses, `d` width, `h` heads.

mod decoding;
mod loader;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Error;
use super::config::Config;
use super::error::{StepError, stop_if};
use super::stored::matrix;
use crate::compute::checkpoint::Weights;
use crate::compute::layers::{Attention, FeedForward, KeysValues, Norm, add};
use crate::compute::packed::Linear;
use crate::compute::product::{Activations, Finish, Product};
use crate::domain::Cancel;
pub(super) use decoding::{Decoding, Hidden, Kept, Watch};
use decoding::{Source, Written};
use loader::Loader;

/// Source tokens that a layer works on between two looks at the cancel flag. A long source would
/// otherwise keep a layer busy for the better part of a second.
const SOURCE_ROWS: usize = 128;
/// Source tokens of the longest sentence that is kept for a second decoding: its keys and values take up to
/// 400 KB a token.
const REMEMBERED: usize = 128;
/// The shared embedding's names, any of which a checkpoint may have kept.
pub(super) const EMBEDDING: [&str; 4] = [
    "model.shared.weight",
    "model.encoder.embed_tokens.weight",
    "model.decoder.embed_tokens.weight",
    HEAD,
];
/// The output projection's name, where it is not the embedding.
pub(super) const HEAD: &str = "lm_head.weight";

/// An M2M100 or NLLB network.
pub(super) struct Model {
    config: Config,
    /// Unscaled, `(vocab, d)`; also the output projection unless there is a `head`.
    embedding: Linear,
    embedding_scale: f32,
    /// `(positions, d)`.
    positions: Vec<f32>,
    encoder: Vec<EncoderLayer>,
    encoder_norm: Norm,
    decoder: Vec<DecoderLayer>,
    decoder_norm: Norm,
    /// The output projection, where it is another matrix than the embedding.
    head: Option<Linear>,
    /// The sentence read last, and its translation.
    last: Mutex<Option<Last>>,
}

struct Last {
    source: Arc<Source>,
    written: Option<Written>,
}

struct EncoderLayer {
    norm: Norm,
    attention: Attention,
    feed_forward: FeedForward,
}

struct DecoderLayer {
    norm: Norm,
    attention: Attention,
    cross_norm: Norm,
    cross: Attention,
    feed_forward: FeedForward,
}

impl Model {
    /// Reads all weights; each tensor must have the shape that `config` asks for.
    pub fn load(config: Config, weights: &mut Weights) -> Result<Self, Error> {
        let (vocab, d) = (config.vocab_size, config.d_model);
        let embedding = load_embedding(weights, vocab, d)?;
        let head = load_head(weights, &embedding, vocab, d)?;
        let mut load = Loader { weights, d };
        let mut encoder = Vec::with_capacity(config.encoder_layers);
        for layer in 0..config.encoder_layers {
            let name = format!("model.encoder.layers.{layer}");
            encoder.push(EncoderLayer {
                norm: load.norm(&format!("{name}.self_attn_layer_norm"))?,
                attention: load
                    .attention(&format!("{name}.self_attn"), config.encoder_attention_heads)?,
                feed_forward: load.feed_forward(&name, config.encoder_ffn_dim)?,
            });
        }
        let mut decoder = Vec::with_capacity(config.decoder_layers);
        let heads = config.decoder_attention_heads;
        for layer in 0..config.decoder_layers {
            let name = format!("model.decoder.layers.{layer}");
            decoder.push(DecoderLayer {
                norm: load.norm(&format!("{name}.self_attn_layer_norm"))?,
                attention: load.attention(&format!("{name}.self_attn"), heads)?,
                cross_norm: load.norm(&format!("{name}.encoder_attn_layer_norm"))?,
                cross: load.attention(&format!("{name}.encoder_attn"), heads)?,
                feed_forward: load.feed_forward(&name, config.decoder_ffn_dim)?,
            });
        }
        let encoder_norm = load.norm("model.encoder.layer_norm")?;
        let decoder_norm = load.norm("model.decoder.layer_norm")?;
        let embedding_scale = if config.scale_embedding {
            (d as f64).sqrt() as f32
        } else {
            1.0
        };
        Ok(Self {
            positions: positions(&config),
            config,
            embedding,
            embedding_scale,
            encoder,
            encoder_norm,
            decoder,
            decoder_norm,
            head,
            last: Mutex::new(None),
        })
    }

    /// The settings it was loaded with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Reads the source and prepares to decode. `source` is `[language] pieces </s>`. The sentence read
    /// last is still known: terms are put right in the sentence that was just translated.
    pub fn start<'a>(
        &'a self,
        source: &[u32],
        cancel: &'a Cancel,
    ) -> Result<Decoding<'a>, StepError> {
        let known = self.last().take().map(|known| known.source);
        let read = match known.filter(|known| known.ids == source) {
            Some(known) => known,
            None => Arc::new(self.read(source, cancel)?),
        };
        if source.len() <= REMEMBERED {
            *self.last() = Some(Last {
                source: Arc::clone(&read),
                written: None,
            });
        }
        Ok(Decoding::new(self, read, cancel))
    }

    /// The decoder as it stood when it had written `tokens` over `source`, with what it knew of them then;
    /// `None` where another sentence came between, or the tokens were not the search's best.
    pub fn resume<'a>(
        &'a self,
        source: &[u32],
        tokens: &[u32],
        cancel: &'a Cancel,
    ) -> Option<(Decoding<'a>, Kept)> {
        let mut last = self.last();
        let known = last.as_mut().filter(|known| known.source.ids == source)?;
        let written = known.written.take_if(|written| written.tokens == tokens)?;
        let source = Arc::clone(&known.source);
        Some(Decoding::resumed(self, source, written, cancel))
    }

    fn last(&self) -> MutexGuard<'_, Option<Last>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the decoder looks at of the source.
    fn read(&self, source: &[u32], cancel: &Cancel) -> Result<Source, StepError> {
        let mut work = Activations::default();
        let memory = self.encode(source, &mut work, cancel)?;
        let mut cross = Vec::with_capacity(self.decoder.len());
        for layer in &self.decoder {
            let mut known = KeysValues::default();
            for memory in memory.chunks(SOURCE_ROWS.saturating_mul(self.config.d_model)) {
                stop_if(cancel)?;
                known.append(layer.cross.keys_values(memory, &mut work));
            }
            cross.push(known);
        }
        Ok(Source {
            ids: source.to_vec(),
            cross,
            tokens: memory.len() / self.config.d_model,
        })
    }

    /// The encoder's output, `(t, d)`.
    fn encode(
        &self,
        source: &[u32],
        work: &mut Activations,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, StepError> {
        let pad = self.config.pad_token_id;
        let tokens: Vec<u32> = source.iter().copied().filter(|id| *id != pad).collect();
        if tokens.is_empty() || tokens.len() > self.config.max_position_embeddings {
            return Err(StepError::Broken(format!(
                "the source has {} tokens",
                tokens.len()
            )));
        }
        let first = pad.saturating_add(1);
        let places: Vec<u32> = (first..).take(tokens.len()).collect();
        let everything: Vec<u32> = (0..).take(tokens.len()).collect();
        let mut x = self.embed(&tokens, &places)?;
        let some = SOURCE_ROWS.saturating_mul(self.config.d_model);
        for layer in &self.encoder {
            let mut normed = Vec::new();
            layer.norm.apply(&x, &mut normed);
            let mut memory = KeysValues::default();
            for normed in normed.chunks(some) {
                stop_if(cancel)?;
                memory.append(layer.attention.keys_values(normed, work));
            }
            for (x, normed) in x.chunks_mut(some).zip(normed.chunks(some)) {
                stop_if(cancel)?;
                let mut query = layer.attention.query(normed, work);
                let rows = normed.len() / self.config.d_model;
                let paths = vec![everything.as_slice(); rows];
                let (seen, _) = layer.attention.look(&mut query, &memory, &paths, work);
                add(x, &seen);
                stop_if(cancel)?;
                layer.feed_forward.add_to(x, work);
            }
        }
        let mut memory = Vec::new();
        self.encoder_norm.apply(&x, &mut memory);
        Ok(memory)
    }

    /// Scaled embeddings plus position vectors, `(t, d)`.
    fn embed(&self, tokens: &[u32], places: &[u32]) -> Result<Vec<f32>, StepError> {
        let d = self.config.d_model;
        let mut x = vec![0f32; tokens.len().saturating_mul(d)];
        for ((row, id), place) in x.chunks_exact_mut(d).zip(tokens).zip(places) {
            if !self.embedding.weight.row(*id as usize, row) {
                return Err(StepError::Broken(format!(
                    "token {id} lies outside the vocabulary"
                )));
            }
            let position = self.positions.chunks_exact(d).nth(*place as usize);
            for (x, p) in row.iter_mut().zip(position.unwrap_or_default()) {
                *x = *x * self.embedding_scale + p;
            }
        }
        Ok(x)
    }

    /// The logits of hidden states `(n, d)`: a row of `vocab` numbers for each.
    fn project(&self, hidden: &[f32], work: &mut Activations) -> Vec<Vec<f32>> {
        let (d, vocab) = (self.config.d_model, self.config.vocab_size);
        let linear = self.head.as_ref().unwrap_or(&self.embedding);
        let mut out = vec![0f32; (hidden.len() / d).saturating_mul(vocab)];
        let product = Product {
            linear,
            out: &mut out,
        };
        work.multiply(hidden, d, Finish::Plain, &mut [product]);
        out.chunks_exact(vocab).map(<[f32]>::to_vec).collect()
    }
}

/// The shared embedding, under whichever of its names the checkpoint kept.
fn load_embedding(weights: &mut Weights, vocab: usize, d: usize) -> Result<Linear, Error> {
    let [usual, ..] = EMBEDDING;
    let name = EMBEDDING
        .into_iter()
        .find(|name| weights.has(name))
        .unwrap_or(usual);
    let weight = matrix(weights, name, vocab, d)?;
    Ok(Linear { weight, bias: None })
}

/// The output projection, if the checkpoint carries another one than the embedding.
fn load_head(
    weights: &mut Weights,
    embedding: &Linear,
    vocab: usize,
    d: usize,
) -> Result<Option<Linear>, Error> {
    let named_otherwise = EMBEDDING.iter().any(|n| *n != HEAD && weights.has(n));
    if !named_otherwise || !weights.has(HEAD) {
        return Ok(None);
    }
    let weight = matrix(weights, HEAD, vocab, d)?;
    // The reference ties the two only when they are equal.
    let own = weight != embedding.weight;
    Ok(own.then_some(Linear { weight, bias: None }))
}

/// The sinusoid table: sines, then cosines, and zeros in the padding token's row.
fn positions(config: &Config) -> Vec<f32> {
    let half = config.d_model / 2;
    let pad = config.pad_token_id as usize;
    let rows = config
        .max_position_embeddings
        .saturating_add(pad)
        .saturating_add(2);
    // f32 throughout, as the reference computes it: the rounding is part of the table.
    let step = -(10_000f64.ln() / half.saturating_sub(1).max(1) as f64) as f32;
    let speeds: Vec<f32> = (0..half).map(|i| (i as f32 * step).exp()).collect();
    let mut table = Vec::with_capacity(rows.saturating_mul(config.d_model));
    for row in 0..rows {
        let angle = |speed: &f32| row as f32 * speed;
        let keep = if row == pad { 0.0 } else { 1.0 };
        table.extend(speeds.iter().map(|s| keep * angle(s).sin()));
        table.extend(speeds.iter().map(|s| keep * angle(s).cos()));
    }
    table
}
