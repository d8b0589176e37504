//! The network of decoder-only models: Gemma 3, Qwen 2 and 3, Hunyuan dense.
//!
//! Follows transformers' `modeling_gemma3.py`, `modeling_qwen2.py`, `modeling_qwen3.py` and
//! `modeling_hunyuan_v1_dense.py`. One text a call. Shapes: `n` tokens, `t` tokens so far, `d` width,
//! `k` heads of keys, `g` queries that share one, `w` width of a head.

use candle_core::{D, DType, Device, Tensor};
use candle_nn::ops::{rms_norm, softmax_last_dim};
use candle_nn::rotary_emb::rope;

use super::Error;
use super::decoder_config::{DecoderConfig, Family};
use super::error::{StepError, stop_if};
use super::matrix::{Matrix, Source, Table};
use crate::domain::Cancel;

/// Tokens of a prompt that a layer works on between two looks at the cancel flag.
const PROMPT_ROWS: usize = 16;
/// Positions that a new cache has room for; it doubles when they are full.
const FIRST_ROOM: usize = 128;

/// A decoder-only network.
pub(super) struct Decoder {
    config: DecoderConfig,
    embedding: Table,
    /// `None` where the embedding is the output projection too.
    head: Option<Table>,
    layers: Vec<Layer>,
    norm: Tensor,
}

struct Layer {
    norm: Tensor,
    query: Matrix,
    key: Matrix,
    value: Matrix,
    out: Matrix,
    /// Norms of each head of query and key.
    head_norms: Option<(Tensor, Tensor)>,
    /// Norms after attention and after the feed-forward part.
    post_norms: Option<(Tensor, Tensor)>,
    inner_norm: Tensor,
    gate: Matrix,
    up: Matrix,
    down: Matrix,
}

/// Keys and values of one layer, each `(k, room, w)`.
struct Cache {
    keys: Tensor,
    values: Tensor,
}

/// A text that is being continued.
pub(super) struct Continuing<'a> {
    decoder: &'a Decoder,
    cancel: &'a Cancel,
    caches: Vec<Cache>,
    /// Tokens read so far.
    length: usize,
}

impl Decoder {
    /// Reads all weights; each tensor must have the shape that `config` asks for.
    pub fn load(config: DecoderConfig, source: &mut Source) -> Result<Self, Error> {
        let (vocab, d) = (config.vocab_size, config.width);
        let embedding = source.table("token_embd.weight", vocab, d)?;
        let head = match source.has("output.weight") {
            true => Some(source.table("output.weight", vocab, d)?),
            false => None,
        };
        let mut layers = Vec::with_capacity(config.layers);
        for layer in 0..config.layers {
            layers.push(Layer::load(&config, source, layer)?);
        }
        Ok(Self {
            norm: source.tensor("output_norm.weight", &[d])?,
            config,
            embedding,
            head,
            layers,
        })
    }

    /// The settings it was loaded with.
    pub fn config(&self) -> &DecoderConfig {
        &self.config
    }

    /// Begins a text.
    pub fn start<'a>(&'a self, cancel: &'a Cancel) -> Result<Continuing<'a>, StepError> {
        let shape = (self.config.kv_heads, FIRST_ROOM, self.config.head_width);
        let empty = || Tensor::zeros(shape, DType::F32, &Device::Cpu);
        let mut caches = Vec::with_capacity(self.layers.len());
        for _ in &self.layers {
            caches.push(Cache {
                keys: empty()?,
                values: empty()?,
            });
        }
        Ok(Continuing {
            decoder: self,
            cancel,
            caches,
            length: 0,
        })
    }

    fn norm(&self, x: &Tensor, weight: &Tensor) -> Result<Tensor, StepError> {
        Ok(rms_norm(
            &x.contiguous()?,
            weight,
            self.config.epsilon as f32,
        )?)
    }

    /// Cosines and sines for `n` positions from `start` on, each `(n, w / 2)`. In f32 as in the
    /// reference: the rounding is part of the result.
    fn angles(&self, layer: usize, start: usize, n: usize) -> Result<(Tensor, Tensor), StepError> {
        let (base, factor) = self.config.rotation(layer);
        let half = self.config.head_width / 2;
        let speed = |i: usize| {
            let power = (2 * i) as f32 / self.config.head_width as f32;
            1.0 / (base as f32).powf(power) / factor as f32
        };
        let speeds: Vec<f32> = (0..half).map(speed).collect();
        let places = start..start.saturating_add(n);
        let angles: Vec<f32> = places
            .flat_map(|place| speeds.iter().map(move |speed| place as f32 * speed))
            .collect();
        let angles = Tensor::from_vec(angles, (n, half), &Device::Cpu)?;
        Ok((angles.cos()?, angles.sin()?))
    }

    /// What is added to the scores of `n` tokens after `start` others, `(n, columns)`: nothing, or
    /// minus infinity for what a token may not see. The first column is the token at `first`.
    fn mask(
        &self,
        near: bool,
        (start, n): (usize, usize),
        first: usize,
    ) -> Result<Tensor, StepError> {
        let end = start.saturating_add(n);
        let window = self.config.window.filter(|_| near).unwrap_or(usize::MAX);
        let hidden = |row: usize, column: usize| column > row || row - column >= window;
        let numbers: Vec<f32> = (start..end)
            .flat_map(|row| {
                (first..end).map(move |column| match hidden(row, column) {
                    true => f32::NEG_INFINITY,
                    false => 0.0,
                })
            })
            .collect();
        let columns = end.saturating_sub(first);
        Ok(Tensor::from_vec(numbers, (n, columns), &Device::Cpu)?)
    }
}

impl Continuing<'_> {
    /// Reads `tokens` and returns the logits after the last of them.
    pub fn read(&mut self, tokens: &[u32]) -> Result<Vec<f32>, StepError> {
        let mut last = None;
        for part in tokens.chunks(PROMPT_ROWS) {
            last = Some(self.forward(part)?);
        }
        let Some(hidden) = last else {
            return Err(StepError::Broken("there is nothing to continue".to_owned()));
        };
        let rows = hidden.dim(0)?;
        let hidden = hidden.narrow(0, rows.saturating_sub(1), 1)?;
        let hidden = self.decoder.norm(&hidden, &self.decoder.norm)?;
        let head = self
            .decoder
            .head
            .as_ref()
            .unwrap_or(&self.decoder.embedding);
        let logits = head.logits(&hidden, self.cancel)?;
        logits
            .into_iter()
            .next()
            .ok_or_else(|| StepError::Broken("the network returned no row".to_owned()))
    }

    /// The hidden states of `tokens`, `(n, d)`.
    fn forward(&mut self, tokens: &[u32]) -> Result<Tensor, StepError> {
        let decoder = self.decoder;
        let config = &decoder.config;
        if self.length.saturating_add(tokens.len()) > config.longest {
            return Err(StepError::Broken(
                "the text is too long for the model".to_owned(),
            ));
        }
        let mut x = decoder.embedding.rows(tokens)?;
        if config.family == Family::Gemma3 {
            x = (x * (config.width as f64).sqrt())?;
        }
        for (at, layer) in decoder.layers.iter().enumerate() {
            stop_if(self.cancel)?;
            let normed = decoder.norm(&x, &layer.norm)?;
            let mut seen = self.attend(at, layer, &normed)?;
            if let Some((norm, _)) = &layer.post_norms {
                seen = decoder.norm(&seen, norm)?;
            }
            x = (x + seen)?;
            let normed = decoder.norm(&x, &layer.inner_norm)?;
            let mut inner = self.feed_forward(layer, &normed)?;
            if let Some((_, norm)) = &layer.post_norms {
                inner = decoder.norm(&inner, norm)?;
            }
            x = (x + inner)?;
        }
        self.length = self.length.saturating_add(tokens.len());
        Ok(x)
    }

    fn feed_forward(&self, layer: &Layer, x: &Tensor) -> Result<Tensor, StepError> {
        stop_if(self.cancel)?;
        let gate = layer.gate.forward(x)?;
        let gate = match self.decoder.config.family {
            // candle's gelu is the one with tanh.
            Family::Gemma3 => gate.gelu()?,
            _ => gate.silu()?,
        };
        stop_if(self.cancel)?;
        let inner = (gate * layer.up.forward(x)?)?;
        stop_if(self.cancel)?;
        Ok(layer.down.forward(&inner)?)
    }

    fn attend(&mut self, at: usize, layer: &Layer, x: &Tensor) -> Result<Tensor, StepError> {
        let decoder = self.decoder;
        let config = &decoder.config;
        let (n, start, w) = (x.dim(0)?, self.length, config.head_width);
        let end = start.saturating_add(n);
        let by_head = |x: Tensor| -> candle_core::Result<Tensor> {
            x.reshape((n, (), w))?.transpose(0, 1)?.contiguous()
        };
        let angles = decoder.angles(at, start, n)?;
        let turned = |x: Tensor, norm: Option<&Tensor>| -> Result<Tensor, StepError> {
            let turn = |x: &Tensor| rope(&x.unsqueeze(0)?, &angles.0, &angles.1)?.squeeze(0);
            Ok(match norm {
                None => turn(&x)?,
                Some(norm) if config.family == Family::Hunyuan => decoder.norm(&turn(&x)?, norm)?,
                Some(norm) => turn(&decoder.norm(&x, norm)?)?,
            })
        };
        let norms = layer.head_norms.as_ref();
        let query = turned(by_head(layer.query.forward(x)?)?, norms.map(|n| &n.0))?;
        let key = turned(by_head(layer.key.forward(x)?)?, norms.map(|n| &n.1))?;
        let value = by_head(layer.value.forward(x)?)?;
        let Some(cache) = self.caches.get_mut(at) else {
            return Err(StepError::Broken("a layer has no cache".to_owned()));
        };
        cache.push(&key, &value, start)?;
        let near = config.is_near(at);
        let window = config.window.filter(|_| near).unwrap_or(usize::MAX);
        let first = start.saturating_add(1).saturating_sub(window);
        let seen = end.saturating_sub(first);
        let keys = cache.keys.narrow(1, first, seen)?.contiguous()?;
        let values = cache.values.narrow(1, first, seen)?.contiguous()?;
        // Queries that share keys lie behind each other, so one product serves them all.
        let scale = (config.query_width as f64).powf(-0.5);
        let query = (query.reshape((config.kv_heads, (), w))? * scale)?;
        let mut scores = query.matmul(&keys.t()?)?;
        if n > 1 {
            let mask = decoder.mask(near, (start, n), first)?;
            let by_row = scores.reshape((config.kv_heads, (), n, seen))?;
            scores = by_row.broadcast_add(&mask)?.reshape(scores.shape())?;
        }
        let seen = softmax_last_dim(&scores)?.matmul(&values)?;
        let seen = seen.reshape((config.heads, n, w))?.transpose(0, 1)?;
        Ok(layer.out.forward(&seen.flatten_from(D::Minus2)?)?)
    }
}

impl Cache {
    /// Writes the keys and values `(k, n, w)` of positions from `at` on.
    fn push(&mut self, keys: &Tensor, values: &Tensor, at: usize) -> Result<(), StepError> {
        let (heads, room, width) = self.keys.dims3()?;
        let end = at.saturating_add(keys.dim(1)?);
        let wanted = if end > room {
            end.max(room.saturating_mul(2))
        } else {
            room
        };
        for (side, new) in [(&mut self.keys, keys), (&mut self.values, values)] {
            if wanted != room {
                let larger = Tensor::zeros((heads, wanted, width), DType::F32, &Device::Cpu)?;
                larger.slice_set(&side.contiguous()?, 1, 0)?;
                *side = larger;
            }
            side.slice_set(new, 1, at)?;
        }
        Ok(())
    }
}

impl Layer {
    fn load(config: &DecoderConfig, source: &mut Source, layer: usize) -> Result<Self, Error> {
        let (d, w) = (config.width, config.head_width);
        let queries = config.heads.saturating_mul(w);
        let keys = config.kv_heads.saturating_mul(w);
        let name = |part: &str| format!("blk.{layer}.{part}");
        let mut matrix = |part: &str, shape: (usize, usize)| {
            let biased =
                config.family == Family::Qwen2 && matches!(part, "attn_q" | "attn_k" | "attn_v");
            source.matrix(&name(part), shape, biased)
        };
        let query = matrix("attn_q", (queries, d))?;
        let key = matrix("attn_k", (keys, d))?;
        let value = matrix("attn_v", (keys, d))?;
        let out = matrix("attn_output", (d, queries))?;
        let gate = matrix("ffn_gate", (config.inner, d))?;
        let up = matrix("ffn_up", (config.inner, d))?;
        let down = matrix("ffn_down", (d, config.inner))?;
        let mut norm =
            |part: &str, width: usize| source.tensor(&format!("{}.weight", name(part)), &[width]);
        Ok(Self {
            norm: norm("attn_norm", d)?,
            query,
            key,
            value,
            out,
            head_norms: match config.family {
                Family::Qwen2 => None,
                _ => Some((norm("attn_q_norm", w)?, norm("attn_k_norm", w)?)),
            },
            post_norms: match config.family {
                Family::Gemma3 => {
                    Some((norm("post_attention_norm", d)?, norm("post_ffw_norm", d)?))
                }
                _ => None,
            },
            inner_norm: norm("ffn_norm", d)?,
            gate,
            up,
            down,
        })
    }
}
