//! The shape of a T5 model, from `config.json` or from the metadata of a GGUF file, bounded before
//! anything is allocated from it.

use std::path::Path;

use serde_json::Value;

use super::Error;
use super::config::read_json;
use super::gguf::Gguf;

/// llama.cpp writes no such number into its files; every T5 model has had this one.
const USUAL_MAX_DISTANCE: usize = 128;

/// The shape of a T5 model. Names are those of Hugging Face's `T5Config`.
#[derive(Clone, Debug)]
pub(super) struct T5Config {
    /// Rows of the embedding and of the output projection.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Width of one attention head.
    pub d_kv: usize,
    /// Width of the feed-forward layers.
    pub d_ff: usize,
    /// Encoder layers.
    pub num_layers: usize,
    /// Decoder layers.
    pub num_decoder_layers: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Classes of distance between two tokens.
    pub buckets: usize,
    /// From this distance on all distances are one class.
    pub max_distance: usize,
    /// Added to the mean square before its root.
    pub epsilon: f64,
    /// Whether the hidden states are divided by the root of `d_model` before the output projection.
    pub scale_output: bool,
    /// Longest source that the model was trained on, in tokens.
    pub longest_source: usize,
    /// Padding token.
    pub pad: u32,
    /// End token.
    pub eos: u32,
    /// First token that the decoder reads.
    pub start: u32,
}

impl T5Config {
    /// Reads `config.json` in `dir`.
    pub fn read(dir: &Path) -> Result<Self, Error> {
        let path = dir.join("config.json");
        let json: Value = read_json(&path)?;
        Self::from_json(&json)
            .and_then(Self::checked)
            .map_err(|problem| Error::Config { problem, path })
    }

    /// Reads the metadata of a GGUF file made by llama.cpp.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, Error> {
        Self::from_metadata(gguf)
            .and_then(Self::checked)
            .map_err(|problem| Error::Config {
                problem,
                path: gguf.path().to_owned(),
            })
    }

    fn from_json(json: &Value) -> Result<Self, String> {
        let model_type = json.get("model_type").and_then(Value::as_str);
        if model_type != Some("t5") {
            return Err(format!(
                "model_type is '{}', this engine runs 't5'",
                model_type.unwrap_or("missing")
            ));
        }
        let activation = json.get("feed_forward_proj").and_then(Value::as_str);
        if activation != Some("gated-gelu") {
            return Err(format!(
                "feed_forward_proj is '{}', this engine runs 'gated-gelu'",
                activation.unwrap_or("relu")
            ));
        }
        let given = |name: &str| json.get(name).filter(|value| !value.is_null());
        let size = |name: &str, usual: Option<usize>| match (given(name), usual) {
            (Some(value), _) => value
                .as_u64()
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| format!("{name} is no size")),
            (None, Some(usual)) => Ok(usual),
            (None, None) => Err(format!("{name} is missing")),
        };
        let token = |name: &str, usual: u32| match given(name) {
            Some(value) => value
                .as_u64()
                .and_then(|n| u32::try_from(n).ok())
                .ok_or_else(|| format!("{name} must be one token")),
            None => Ok(usual),
        };
        let num_layers = size("num_layers", None)?;
        let pad = token("pad_token_id", 0)?;
        Ok(Self {
            vocab_size: size("vocab_size", None)?,
            d_model: size("d_model", None)?,
            d_kv: size("d_kv", None)?,
            d_ff: size("d_ff", None)?,
            num_layers,
            num_decoder_layers: size("num_decoder_layers", Some(num_layers))?,
            num_heads: size("num_heads", None)?,
            buckets: size("relative_attention_num_buckets", Some(32))?,
            max_distance: size("relative_attention_max_distance", Some(USUAL_MAX_DISTANCE))?,
            epsilon: given("layer_norm_epsilon")
                .and_then(Value::as_f64)
                .unwrap_or(1e-6),
            // The reference scales unless the file says that the projection is a matrix of its own.
            scale_output: given("tie_word_embeddings") != Some(&Value::Bool(false)),
            longest_source: size("n_positions", Some(512))?,
            pad,
            eos: token("eos_token_id", 1)?,
            start: token("decoder_start_token_id", pad)?,
        })
    }

    fn from_metadata(gguf: &Gguf) -> Result<Self, String> {
        let size = |name: &str| {
            let key = format!("t5.{name}");
            let value = gguf.whole(&key).and_then(|n| usize::try_from(n).ok());
            value.ok_or_else(|| format!("{key} is missing"))
        };
        let token = |key: &str| gguf.whole(key).and_then(|n| u32::try_from(n).ok());
        let pad = token("tokenizer.ggml.padding_token_id").unwrap_or(0);
        let num_layers = size("block_count")?;
        Ok(Self {
            vocab_size: gguf
                .shape("token_embd.weight")
                .and_then(|shape| shape.first().copied())
                .ok_or("the tensor 'token_embd.weight' is missing")?,
            d_model: size("embedding_length")?,
            d_kv: size("attention.key_length")?,
            d_ff: size("feed_forward_length")?,
            num_layers,
            num_decoder_layers: size("decoder_block_count").unwrap_or(num_layers),
            num_heads: size("attention.head_count")?,
            buckets: size("attention.relative_buckets_count")?,
            max_distance: USUAL_MAX_DISTANCE,
            epsilon: gguf
                .float("t5.attention.layer_norm_rms_epsilon")
                .unwrap_or(1e-6),
            scale_output: !gguf.has("output.weight"),
            longest_source: size("context_length").unwrap_or(512),
            pad,
            eos: token("tokenizer.ggml.eos_token_id").unwrap_or(1),
            start: token("t5.decoder_start_token_id").unwrap_or(pad),
        })
    }

    fn checked(self) -> Result<Self, String> {
        let sizes = [
            ("vocab_size", self.vocab_size, 32, 2_000_000),
            ("d_model", self.d_model, 4, 16_384),
            ("d_kv", self.d_kv, 1, 1_024),
            ("d_ff", self.d_ff, 1, 131_072),
            ("num_layers", self.num_layers, 1, 128),
            ("num_decoder_layers", self.num_decoder_layers, 1, 128),
            ("num_heads", self.num_heads, 1, 256),
            ("relative_attention_num_buckets", self.buckets, 4, 1_024),
            (
                "relative_attention_max_distance",
                self.max_distance,
                2,
                65_536,
            ),
            ("n_positions", self.longest_source, 8, 16_384),
        ];
        for (name, value, least, most) in sizes {
            if !(least..=most).contains(&value) {
                return Err(format!(
                    "{name} is {value}, must lie between {least} and {most}"
                ));
            }
        }
        if self.max_distance <= self.buckets / 2 {
            return Err(format!(
                "relative_attention_max_distance {} is too small for {} buckets",
                self.max_distance, self.buckets
            ));
        }
        if !(1e-12..=1e-2).contains(&self.epsilon) {
            return Err(format!(
                "layer_norm_epsilon {} cannot be right",
                self.epsilon
            ));
        }
        for (name, id) in [
            ("pad_token_id", self.pad),
            ("eos_token_id", self.eos),
            ("decoder_start_token_id", self.start),
        ] {
            if id as usize >= self.vocab_size {
                return Err(format!(
                    "{name} {id} lies outside vocab_size {}",
                    self.vocab_size
                ));
            }
        }
        Ok(self)
    }
}
