//! The T5 network: encoder, decoder with caches, distances as attention biases.
//!
//! Follows `models/t5/modeling_t5.py` of transformers. One sentence a call, so nothing is padded.
//! Shapes: `t` tokens, `n` hypotheses, `d` width, `h` heads.

use candle_core::{Device, Tensor};
use candle_nn::ops::{rms_norm, softmax_last_dim};

use super::Error;
use super::cache::SelfCache;
use super::error::{StepError, stop_if};
use super::matrix::{Matrix, Source, Table};
use super::model::Watch;
use super::t5_config::T5Config;
use super::t5_names::Names;
use crate::domain::Cancel;

/// Source tokens that a layer works on between two looks at the cancel flag.
const SOURCE_ROWS: usize = 32;

/// A T5 network.
pub(super) struct Model {
    config: T5Config,
    embedding: Table,
    /// `None` where the embedding is the output projection too.
    head: Option<Table>,
    encoder: Stack,
    decoder: Stack,
}

struct Stack {
    layers: Vec<Layer>,
    norm: Tensor,
    /// A number for each class of distance and each head, `(buckets, h)`.
    distances: Tensor,
}

struct Layer {
    norm: Tensor,
    attention: Attention,
    /// The decoder's look at the source, with its norm.
    cross: Option<(Tensor, Attention)>,
    feed_forward: FeedForward,
}

struct Attention {
    query: Matrix,
    key: Matrix,
    value: Matrix,
    out: Matrix,
}

struct FeedForward {
    norm: Tensor,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

/// Keys and values by head, each `(h, t, d_kv)`.
struct KeysValues(Tensor, Tensor);

/// The decoder's state over one sentence.
pub(super) struct Decoding<'a> {
    model: &'a Model,
    cancel: &'a Cancel,
    cross: Vec<KeysValues>,
    caches: Vec<SelfCache>,
    /// Tokens decoded so far.
    length: usize,
}

impl Model {
    /// Reads all weights; each tensor must have the shape that `config` asks for.
    pub fn load(config: T5Config, source: &mut Source) -> Result<Self, Error> {
        let names = match source.has("token_embd.weight") {
            true => Names::LlamaCpp,
            false => Names::HuggingFace,
        };
        let (vocab, d) = (config.vocab_size, config.d_model);
        let (embedding, head) = names.tables(&|name| source.has(name));
        let embedding = source.table(embedding, vocab, d)?;
        let head = match source.has(head) {
            true => Some(source.table(head, vocab, d)?),
            false => None,
        };
        let mut load = Loader {
            source,
            config: &config,
            names,
        };
        let encoder = load.stack(false)?;
        let decoder = load.stack(true)?;
        Ok(Self {
            config,
            embedding,
            head,
            encoder,
            decoder,
        })
    }

    /// Its settings.
    pub fn config(&self) -> &T5Config {
        &self.config
    }

    /// Reads the source and prepares to decode.
    pub fn start<'a>(
        &'a self,
        source: &[u32],
        cancel: &'a Cancel,
    ) -> Result<Decoding<'a>, StepError> {
        if source.is_empty() {
            return Err(StepError::Broken("the source has no tokens".to_owned()));
        }
        let memory = self.encode(source, cancel)?;
        let mut cross = Vec::with_capacity(self.decoder.layers.len());
        for layer in &self.decoder.layers {
            if let Some((_, attention)) = &layer.cross {
                cross.push(self.keys_values(attention, &memory, cancel)?);
            }
        }
        let width = self.config.num_heads.saturating_mul(self.config.d_kv);
        let caches = self
            .decoder
            .layers
            .iter()
            .map(|_| SelfCache::new(width))
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
        let t = source.len();
        let mut biases = Vec::new();
        for from in (0..t).step_by(SOURCE_ROWS) {
            let to = t.min(from.saturating_add(SOURCE_ROWS));
            biases.push((from, to, self.source_bias(from, to, t)?));
        }
        let mut x = self.embedding.rows(source)?;
        for layer in &self.encoder.layers {
            let normed = self.norm(&x, &layer.norm)?;
            let memory = self.keys_values(&layer.attention, &normed, cancel)?;
            let mut blocks = Vec::with_capacity(biases.len());
            for (from, to, bias) in &biases {
                stop_if(cancel)?;
                let rows = to.saturating_sub(*from);
                let seen = self.look_at(
                    &layer.attention,
                    &normed.narrow(0, *from, rows)?,
                    &memory,
                    Some(bias),
                    None,
                )?;
                let block = (x.narrow(0, *from, rows)? + seen)?;
                blocks.push(self.feed_forward(&layer.feed_forward, block, cancel)?);
            }
            x = Tensor::cat(&blocks, 0)?;
        }
        self.norm(&x, &self.encoder.norm)
    }

    /// Biases of source tokens `from..to` towards all `t`, `(h, to - from, t)`.
    fn source_bias(&self, from: usize, to: usize, t: usize) -> Result<Tensor, StepError> {
        let half = self.config.buckets / 2;
        let bucket = |(row, column): (usize, usize)| {
            let near = bucket(row.abs_diff(column), half, self.config.max_distance);
            (if column > row {
                near.saturating_add(half)
            } else {
                near
            }) as u32
        };
        let places = (from..to).flat_map(|row| (0..t).map(move |column| (row, column)));
        let buckets: Vec<u32> = places.map(bucket).collect();
        let buckets = Tensor::new(buckets, &Device::Cpu)?;
        let biases = self.encoder.distances.index_select(&buckets, 0)?;
        let by_place = biases.reshape((to.saturating_sub(from), t, self.config.num_heads))?;
        Ok(by_place.permute((2, 0, 1))?.contiguous()?)
    }

    /// Biases of the decoder's token at `place` towards itself and all before, `(h, 1, place + 1)`.
    fn target_bias(&self, place: usize) -> Result<Tensor, StepError> {
        let (all, most) = (self.config.buckets, self.config.max_distance);
        let buckets: Vec<u32> = (0..=place)
            .rev()
            .map(|distance| bucket(distance, all, most) as u32)
            .collect();
        let buckets = Tensor::new(buckets, &Device::Cpu)?;
        let biases = self.decoder.distances.index_select(&buckets, 0)?;
        Ok(biases.t()?.unsqueeze(1)?.contiguous()?)
    }

    fn norm(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor, StepError> {
        Ok(rms_norm(
            &x.contiguous()?,
            weight,
            self.config.epsilon as f32,
        )?)
    }

    /// `(t, h * d_kv)` as `(h, t, d_kv)`, without copying.
    fn by_head(&self, x: &Tensor) -> Result<Tensor, StepError> {
        Ok(x.reshape(((), self.config.num_heads, self.config.d_kv))?
            .transpose(0, 1)?)
    }

    fn keys_values(
        &self,
        attention: &Attention,
        memory: &Tensor,
        cancel: &Cancel,
    ) -> Result<KeysValues, StepError> {
        let side = |matrix: &Matrix| -> Result<Tensor, StepError> {
            let rows = memory.dim(0)?;
            let mut blocks = Vec::new();
            for from in (0..rows).step_by(SOURCE_ROWS) {
                stop_if(cancel)?;
                let part = SOURCE_ROWS.min(rows.saturating_sub(from));
                blocks.push(matrix.forward(&memory.narrow(0, from, part)?)?);
            }
            Ok(self.by_head(&Tensor::cat(&blocks, 0)?)?.contiguous()?)
        };
        Ok(KeysValues(side(&attention.key)?, side(&attention.value)?))
    }

    /// Each row of `x` looks at all of one memory. T5 does not scale the product of query and key.
    fn look_at(
        &self,
        attention: &Attention,
        x: &Tensor,
        memory: &KeysValues,
        bias: Option<&Tensor>,
        watch: Option<&mut Watch>,
    ) -> Result<Tensor, StepError> {
        let query = self.by_head(&attention.query.forward(x)?)?;
        let mut scores = query.contiguous()?.matmul(&memory.0.t()?)?;
        if let Some(bias) = bias {
            scores = (scores + bias)?;
        }
        let shares = softmax_last_dim(&scores)?;
        if let Some(watch) = watch {
            // Of one row: by head, then by place, as the watch counts them.
            let (heads, _, source) = shares.dims3()?;
            watch.add(&shares.flatten_all()?.to_vec1()?, heads, source);
        }
        let seen = shares.matmul(&memory.1)?;
        let (_, rows, _) = seen.dims3()?;
        let seen = seen.transpose(0, 1)?.reshape((rows, ()))?;
        Ok(attention.out.forward(&seen)?)
    }

    /// `x` plus the layer's output.
    fn feed_forward(
        &self,
        layer: &FeedForward,
        x: Tensor,
        cancel: &Cancel,
    ) -> Result<Tensor, StepError> {
        let normed = self.norm(&x, &layer.norm)?;
        stop_if(cancel)?;
        // candle's gelu is the one with tanh, which T5 means.
        let gate = layer.gate.forward(&normed)?.gelu()?;
        let inner = (gate * layer.up.forward(&normed)?)?;
        stop_if(cancel)?;
        Ok((x + layer.down.forward(&inner)?)?)
    }
}

impl Decoding<'_> {
    /// Appends `tokens[i]` to hypothesis `parents[i]` of the step before (at the first step there is
    /// one hypothesis, 0). Returns the logits, a row of `vocab` numbers for each hypothesis.
    pub fn advance(
        &mut self,
        parents: &[usize],
        tokens: &[u32],
    ) -> Result<Vec<Vec<f32>>, StepError> {
        self.advance_watched(parents, tokens, None)
    }

    /// The same; `watch` sees where the one hypothesis looks.
    pub fn advance_watched(
        &mut self,
        parents: &[usize],
        tokens: &[u32],
        mut watch: Option<&mut Watch>,
    ) -> Result<Vec<Vec<f32>>, StepError> {
        let model = self.model;
        let upper = model.decoder.layers.len() / 2;
        let bias = model.target_bias(self.length)?;
        let mut x = model.embedding.rows(tokens)?;
        let layers = model.decoder.layers.iter().zip(&mut self.caches);
        for (number, ((layer, cache), memory)) in layers.zip(&self.cross).enumerate() {
            stop_if(self.cancel)?;
            cache.follow(parents, self.length)?;
            let normed = model.norm(&x, &layer.norm)?;
            let seen = model.look_back(&layer.attention, &normed, cache, self.length, &bias)?;
            x = (x + seen)?;
            if let Some((norm, attention)) = &layer.cross {
                let normed = model.norm(&x, norm)?;
                let watch = watch.as_deref_mut().filter(|_| number >= upper);
                x = (x + model.look_at(attention, &normed, memory, None, watch)?)?;
            }
            x = model.feed_forward(&layer.feed_forward, x, self.cancel)?;
        }
        self.length = self.length.saturating_add(1);
        let mut hidden = model.norm(&x, &model.decoder.norm)?;
        if model.config.scale_output {
            hidden = (hidden * (model.config.d_model as f64).powf(-0.5))?;
        }
        let head = model.head.as_ref().unwrap_or(&model.embedding);
        head.logits(&hidden, self.cancel)
    }
    /// Goes back to the first `length` tokens, which all hypotheses must share.
    pub fn rewind(&mut self, length: usize) {
        self.length = self.length.min(length);
    }
}

impl Model {
    /// Each hypothesis, one row of `x`, looks at its own past of `length` tokens and at itself.
    fn look_back(
        &self,
        attention: &Attention,
        x: &Tensor,
        cache: &mut SelfCache,
        length: usize,
        bias: &Tensor,
    ) -> Result<Tensor, StepError> {
        let (rows, width) = (x.dim(0)?, self.config.d_kv);
        let seen_length = length.saturating_add(1);
        let (key, value) = (attention.key.forward(x)?, attention.value.forward(x)?);
        cache.push(&key, &value, length)?;
        let (keys, values) = cache.by_head(seen_length, width)?;
        let query = attention.query.forward(x)?.reshape(((), 1, width))?;
        let scores = query.matmul(&keys.t()?)?;
        let by_row = (rows, self.config.num_heads, 1, seen_length);
        let scores = scores.reshape(by_row)?.broadcast_add(bias)?;
        let scores = scores.reshape(((), 1, seen_length))?;
        let seen = softmax_last_dim(&scores)?.matmul(&values)?;
        Ok(attention.out.forward(&seen.reshape((rows, ()))?)?)
    }
}

/// The class of a distance: exact for the nearer half of the classes, by its logarithm from there
/// on, one class from `most` on. In f32 as in the reference: the rounding decides classes.
fn bucket(distance: usize, classes: usize, most: usize) -> usize {
    let exact = (classes / 2).max(1);
    if distance < exact {
        return distance;
    }
    let range = (most as f64 / exact as f64).ln() as f32;
    let far = (distance as f32 / exact as f32).ln() / range;
    let far = (far * classes.saturating_sub(exact) as f32) as usize;
    exact.saturating_add(far).min(classes.saturating_sub(1))
}

/// Reads layers by name.
struct Loader<'a> {
    source: &'a mut Source,
    config: &'a T5Config,
    names: Names,
}

impl Loader<'_> {
    fn stack(&mut self, decoder: bool) -> Result<Stack, Error> {
        let count = match decoder {
            true => self.config.num_decoder_layers,
            false => self.config.num_layers,
        };
        let mut layers = Vec::with_capacity(count);
        for layer in 0..count {
            layers.push(Layer {
                norm: self.norm(decoder, layer, "attn_norm")?,
                attention: self.attention(decoder, layer, "attn")?,
                cross: match decoder {
                    true => Some((
                        self.norm(decoder, layer, "cross_attn_norm")?,
                        self.attention(decoder, layer, "cross_attn")?,
                    )),
                    false => None,
                },
                feed_forward: self.feed_forward(decoder, layer)?,
            });
        }
        let norm = self.names.last_norm(decoder);
        let name = self.names.layer(decoder, 0, "attn_rel_b");
        let shape = [self.config.buckets, self.config.num_heads];
        Ok(Stack {
            layers,
            norm: self.source.tensor(norm, &[self.config.d_model])?,
            distances: self.source.tensor(&format!("{name}.weight"), &shape)?,
        })
    }

    fn norm(&mut self, decoder: bool, layer: usize, part: &str) -> Result<Tensor, Error> {
        let name = self.names.layer(decoder, layer, part);
        let shape = [self.config.d_model];
        self.source.tensor(&format!("{name}.weight"), &shape)
    }

    fn matrix(
        &mut self,
        decoder: bool,
        layer: usize,
        part: &str,
        shape: (usize, usize),
    ) -> Result<Matrix, Error> {
        let name = self.names.layer(decoder, layer, part);
        self.source.matrix(&name, shape, false)
    }

    fn attention(&mut self, decoder: bool, layer: usize, part: &str) -> Result<Attention, Error> {
        let d = self.config.d_model;
        let inner = self.config.num_heads.saturating_mul(self.config.d_kv);
        let mut side =
            |side: &str, shape| self.matrix(decoder, layer, &format!("{part}_{side}"), shape);
        Ok(Attention {
            query: side("q", (inner, d))?,
            key: side("k", (inner, d))?,
            value: side("v", (inner, d))?,
            out: side("o", (d, inner))?,
        })
    }

    fn feed_forward(&mut self, decoder: bool, layer: usize) -> Result<FeedForward, Error> {
        let (d, inner) = (self.config.d_model, self.config.d_ff);
        Ok(FeedForward {
            norm: self.norm(decoder, layer, "ffn_norm")?,
            gate: self.matrix(decoder, layer, "ffn_gate", (inner, d))?,
            up: self.matrix(decoder, layer, "ffn_up", (inner, d))?,
            down: self.matrix(decoder, layer, "ffn_down", (d, inner))?,
        })
    }
}
