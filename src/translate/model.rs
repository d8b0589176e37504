//! The M2M100 network on candle: encoder, decoder with caches, tied output projection.
//!
//! One sentence a call, so nothing is padded: where the reference masks a padding token of the
//! source, this engine leaves it out, which is the same. Shapes: `t` tokens, `n` hypotheses,
//! `d` width, `h` heads.

mod prefill;

use candle_core::{Device, Tensor};
use candle_nn::Module;
use candle_nn::ops::softmax_last_dim;
use candle_transformers::models::with_tracing::LayerNorm;

use super::Error;
use super::cache::SelfCache;
use super::config::Config;
use super::error::{StepError, stop_if};
use super::linear::Linear;
use super::weights::Weights;
use crate::domain::Cancel;
pub(super) use prefill::Watch;

/// The reference never writes this down in config.json; it is PyTorch's default.
const LAYER_NORM_EPS: f64 = 1e-5;
/// Rows of the output projection computed between two looks at the cancel flag: about 30 ms in f32.
const HEAD_ROWS: usize = 32_768;
/// Source tokens that a layer works on between two looks at the cancel flag. A long source would
/// otherwise keep a layer busy for the better part of a second.
const SOURCE_ROWS: usize = 128;

/// An M2M100 or NLLB network with f32 weights.
pub(super) struct Model {
    config: Config,
    /// Unscaled, `(vocab, d)`.
    embedding: Tensor,
    embedding_scale: f64,
    /// `(positions, d)`.
    positions: Tensor,
    encoder: Vec<EncoderLayer>,
    encoder_norm: LayerNorm,
    decoder: Vec<DecoderLayer>,
    decoder_norm: LayerNorm,
    /// The output projection, cut into blocks of rows.
    head: Vec<Linear>,
}

struct EncoderLayer {
    norm: LayerNorm,
    attention: Attention,
    feed_forward: FeedForward,
}

struct DecoderLayer {
    norm: LayerNorm,
    attention: Attention,
    cross_norm: LayerNorm,
    cross: Attention,
    feed_forward: FeedForward,
}

struct FeedForward {
    norm: LayerNorm,
    fc1: Linear,
    fc2: Linear,
}

struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    heads: usize,
    head_width: usize,
}

/// Keys and values by head, each `(h, t, d / h)`.
struct KeysValues(Tensor, Tensor);

/// The decoder's state over one sentence.
pub(super) struct Decoding<'a> {
    model: &'a Model,
    cancel: &'a Cancel,
    /// From the encoder's output, computed once a sentence, shared by all hypotheses.
    cross: Vec<KeysValues>,
    caches: Vec<SelfCache>,
    /// Tokens decoded so far.
    length: usize,
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
        let positions = positions(&config).map_err(|e| weights.refuse(e.to_string()))?;
        let embedding_scale = if config.scale_embedding {
            (d as f64).sqrt()
        } else {
            1.0
        };
        Ok(Self {
            config,
            embedding,
            embedding_scale,
            positions,
            encoder,
            encoder_norm,
            decoder,
            decoder_norm,
            head,
        })
    }

    /// The settings it was loaded with.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Reads the source and prepares to decode. `source` is `[language] pieces </s>`.
    pub fn start<'a>(
        &'a self,
        source: &[u32],
        cancel: &'a Cancel,
    ) -> Result<Decoding<'a>, StepError> {
        let memory = self.encode(source, cancel)?;
        let mut cross = Vec::with_capacity(self.decoder.len());
        for layer in &self.decoder {
            stop_if(cancel)?;
            cross.push(layer.cross.keys_values(&memory)?);
        }
        let caches = self
            .decoder
            .iter()
            .map(|_| SelfCache::new(self.config.d_model))
            .collect::<Result<_, _>>()?;
        Ok(Decoding {
            model: self,
            cancel,
            cross,
            caches,
            length: 0,
        })
    }

    /// The encoder's output, `(t, d)`.
    fn encode(&self, source: &[u32], cancel: &Cancel) -> Result<Tensor, StepError> {
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
        let mut x = self.embed(&tokens, &places)?;
        for layer in &self.encoder {
            stop_if(cancel)?;
            let normed = layer.norm.forward(&x)?;
            let memory = layer.attention.keys_values(&normed)?;
            let mut blocks = Vec::new();
            for start in (0..tokens.len()).step_by(SOURCE_ROWS) {
                stop_if(cancel)?;
                let rows = SOURCE_ROWS.min(tokens.len().saturating_sub(start));
                let seen = layer
                    .attention
                    .look_at(&normed.narrow(0, start, rows)?, &memory)?;
                blocks.push(
                    layer
                        .feed_forward
                        .add_to((x.narrow(0, start, rows)? + seen)?)?,
                );
            }
            x = Tensor::cat(&blocks, 0)?;
        }
        Ok(self.encoder_norm.forward(&x)?)
    }

    /// Scaled embeddings plus position vectors, `(t, d)`.
    fn embed(&self, tokens: &[u32], places: &[u32]) -> Result<Tensor, StepError> {
        if let Some(id) = tokens
            .iter()
            .find(|id| **id as usize >= self.config.vocab_size)
        {
            return Err(StepError::Broken(format!(
                "token {id} lies outside the vocabulary"
            )));
        }
        let tokens = Tensor::new(tokens, &Device::Cpu)?;
        let places = Tensor::new(places, &Device::Cpu)?;
        let words = (self.embedding.index_select(&tokens, 0)? * self.embedding_scale)?;
        Ok((words + self.positions.index_select(&places, 0)?)?)
    }
}

impl Decoding<'_> {
    /// Appends `tokens[i]` to hypothesis `parents[i]` of the step before (at the first step there is
    /// one hypothesis, 0). Returns the hidden states, `(n, d)`.
    pub fn advance(&mut self, parents: &[usize], tokens: &[u32]) -> Result<Tensor, StepError> {
        self.advance_watched(parents, tokens, None)
    }

    /// The same, and keeps where each hypothesis looks for the next token.
    pub fn advance_watched(
        &mut self,
        parents: &[usize],
        tokens: &[u32],
        mut watch: Option<&mut Watch>,
    ) -> Result<Tensor, StepError> {
        let config = &self.model.config;
        if self.length >= config.max_position_embeddings {
            return Err(StepError::Broken(
                "the output is too long for the model".to_owned(),
            ));
        }
        // As in the reference, a padding token that the model itself wrote has no position.
        let place = (config.pad_token_id as usize)
            .saturating_add(1)
            .saturating_add(self.length);
        let places: Vec<u32> = tokens
            .iter()
            .map(|id| {
                if *id == config.pad_token_id {
                    *id
                } else {
                    place as u32
                }
            })
            .collect();
        let mut x = self.model.embed(tokens, &places)?;
        let layers = self
            .model
            .decoder
            .iter()
            .zip(&self.cross)
            .zip(&mut self.caches);
        let upper = self.model.decoder.len() / 2;
        for (number, ((layer, cross), cache)) in layers.enumerate() {
            stop_if(self.cancel)?;
            cache.follow(parents, self.length)?;
            let normed = layer.norm.forward(&x)?;
            x = (x + layer.attention.look_back(&normed, cache, self.length)?)?;
            let normed = layer.cross_norm.forward(&x)?;
            let (seen, weights) = layer.cross.look_at_with(&normed, cross)?;
            if let Some(watch) = watch.as_deref_mut().filter(|_| number >= upper) {
                watch.add(&weights)?;
            }
            x = (x + seen)?;
            x = layer.feed_forward.add_to(x)?;
        }
        self.length = self.length.saturating_add(1);
        Ok(self.model.decoder_norm.forward(&x)?)
    }

    /// The logits of hidden states: a row of `vocab` numbers for each of the `n` hypotheses.
    pub fn logits(&self, hidden: &Tensor) -> Result<Vec<Vec<f32>>, StepError> {
        let vocab = self.model.config.vocab_size;
        let mut rows: Vec<Vec<f32>> = (0..hidden.dim(0)?)
            .map(|_| Vec::with_capacity(vocab))
            .collect();
        for block in &self.model.head {
            stop_if(self.cancel)?;
            let part = block.forward(hidden)?.to_vec2::<f32>()?;
            for (row, part) in rows.iter_mut().zip(part) {
                row.extend(part);
            }
        }
        Ok(rows)
    }
}

impl FeedForward {
    /// `x` plus the layer's output.
    fn add_to(&self, x: Tensor) -> Result<Tensor, StepError> {
        let inner = self.fc1.forward(&self.norm.forward(&x)?)?.relu()?;
        Ok((x + self.fc2.forward(&inner)?)?)
    }
}

impl Attention {
    fn keys_values(&self, memory: &Tensor) -> Result<KeysValues, StepError> {
        let keys = self.by_head(&self.key.forward(memory)?)?;
        let values = self.by_head(&self.value.forward(memory)?)?;
        Ok(KeysValues(keys.contiguous()?, values.contiguous()?))
    }

    /// `(t, d)` as `(h, t, d / h)`, without copying.
    fn by_head(&self, x: &Tensor) -> Result<Tensor, StepError> {
        Ok(x.reshape(((), self.heads, self.head_width))?
            .transpose(0, 1)?)
    }

    /// Each row of `x` looks at all of one memory. Hypotheses of one sentence are rows here like
    /// tokens are: they share the source's keys and values.
    fn look_at(&self, x: &Tensor, memory: &KeysValues) -> Result<Tensor, StepError> {
        Ok(self.look_at_with(x, memory)?.0)
    }

    /// The same, and how much of each token of the memory was seen, `(h, t, memory)`.
    fn look_at_with(&self, x: &Tensor, memory: &KeysValues) -> Result<(Tensor, Tensor), StepError> {
        let query = self.by_head(&self.query(x)?)?;
        let scores = query.matmul(&memory.0.t()?)?;
        let weights = softmax_last_dim(&scores)?;
        let seen = weights.matmul(&memory.1)?;
        let (_, rows, _) = seen.dims3()?;
        let seen = seen.transpose(0, 1)?.reshape((rows, ()))?;
        Ok((self.out.forward(&seen)?, weights))
    }

    /// Each hypothesis, one row of `x`, looks at its own past of `length` tokens and at itself.
    fn look_back(
        &self,
        x: &Tensor,
        cache: &mut SelfCache,
        length: usize,
    ) -> Result<Tensor, StepError> {
        let rows = x.dim(0)?;
        cache.push(&self.key.forward(x)?, &self.value.forward(x)?, length)?;
        let (keys, values) = cache.by_head(length.saturating_add(1), self.head_width)?;
        let query = self.query(x)?.reshape(((), 1, self.head_width))?;
        let scores = query.matmul(&keys.t()?)?;
        let seen = softmax_last_dim(&scores)?.matmul(&values)?;
        Ok(self.out.forward(&seen.reshape((rows, ()))?)?)
    }

    /// Scaled queries, `(t, d)`.
    fn query(&self, x: &Tensor) -> Result<Tensor, StepError> {
        Ok((self.query.forward(x)? * (self.head_width as f64).powf(-0.5))?)
    }
}

/// Reads layers by name. The one place to change for another kind of matrix.
struct Loader<'a> {
    weights: &'a mut Weights,
    d: usize,
}

impl Loader<'_> {
    fn linear(&mut self, name: &str, input: usize, output: usize) -> Result<Linear, Error> {
        let weight = self
            .weights
            .get(&format!("{name}.weight"), &[output, input])?;
        let bias = self.weights.get(&format!("{name}.bias"), &[output])?;
        Ok(Linear::new(weight, Some(bias)))
    }

    fn norm(&mut self, name: &str) -> Result<LayerNorm, Error> {
        let weight = self.weights.get(&format!("{name}.weight"), &[self.d])?;
        let bias = self.weights.get(&format!("{name}.bias"), &[self.d])?;
        Ok(LayerNorm::new(weight, bias, LAYER_NORM_EPS))
    }

    fn attention(&mut self, name: &str, heads: usize) -> Result<Attention, Error> {
        let d = self.d;
        Ok(Attention {
            query: self.linear(&format!("{name}.q_proj"), d, d)?,
            key: self.linear(&format!("{name}.k_proj"), d, d)?,
            value: self.linear(&format!("{name}.v_proj"), d, d)?,
            out: self.linear(&format!("{name}.out_proj"), d, d)?,
            heads,
            head_width: d / heads.max(1),
        })
    }

    fn feed_forward(&mut self, layer: &str, inner: usize) -> Result<FeedForward, Error> {
        Ok(FeedForward {
            norm: self.norm(&format!("{layer}.final_layer_norm"))?,
            fc1: self.linear(&format!("{layer}.fc1"), self.d, inner)?,
            fc2: self.linear(&format!("{layer}.fc2"), inner, self.d)?,
        })
    }
}

/// The shared embedding, under whichever of its names the checkpoint kept.
fn load_embedding(weights: &mut Weights, vocab: usize, d: usize) -> Result<Tensor, Error> {
    const NAMES: [&str; 4] = [
        "model.shared.weight",
        "model.encoder.embed_tokens.weight",
        "model.decoder.embed_tokens.weight",
        "lm_head.weight",
    ];
    let name = NAMES
        .into_iter()
        .find(|name| weights.has(name))
        .unwrap_or(NAMES[0]);
    weights.get(name, &[vocab, d])
}

/// The output projection: the embedding, unless the checkpoint carries another one.
fn load_head(
    weights: &mut Weights,
    embedding: &Tensor,
    vocab: usize,
    d: usize,
) -> Result<Vec<Linear>, Error> {
    let mut head = embedding.clone();
    if weights.has("lm_head.weight") {
        let own = weights.get("lm_head.weight", &[vocab, d])?;
        // The reference ties the two only when they are equal.
        if !same(&own, embedding).map_err(|e| weights.refuse(e.to_string()))? {
            head = own;
        }
    }
    let mut blocks = Vec::new();
    for start in (0..vocab).step_by(HEAD_ROWS) {
        let rows = HEAD_ROWS.min(vocab.saturating_sub(start));
        let block = head
            .narrow(0, start, rows)
            .map_err(|e| weights.refuse(e.to_string()))?;
        blocks.push(Linear::new(block, None));
    }
    Ok(blocks)
}

fn same(a: &Tensor, b: &Tensor) -> candle_core::Result<bool> {
    Ok(a.ne(b)?.max_all()?.to_scalar::<u8>()? == 0)
}

/// The sinusoid table: sines, then cosines, and zeros in the padding token's row.
fn positions(config: &Config) -> candle_core::Result<Tensor> {
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
    Tensor::from_vec(table, (rows, config.d_model), &Device::Cpu)
}
