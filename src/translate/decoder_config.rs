//! The shape of a decoder-only model, from the metadata of a GGUF file, bounded before anything is
//! allocated from it.

use super::Error;
use super::gguf::Gguf;

/// Base of the rotary angles in Gemma's layers that look at near tokens only; llama.cpp writes it
/// into no file.
const GEMMA_NEAR_BASE: f64 = 10_000.0;
/// Of so many layers of Gemma 3 the last looks at all tokens, the others at near ones.
const GEMMA_PATTERN: usize = 6;

/// The families that differ in how they compute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Family {
    /// Gemma 3: tanh-GELU, norms around every part, near and far layers.
    Gemma3,
    /// Qwen 2 and 2.5: biases on query, key and value.
    Qwen2,
    /// Qwen 3: norms on query and key, before the rotation.
    Qwen3,
    /// Hunyuan dense: norms on query and key, after the rotation.
    Hunyuan,
}

/// The shape of a decoder-only model.
#[derive(Clone, Debug)]
pub(super) struct DecoderConfig {
    /// What it computes.
    pub family: Family,
    /// Rows of the embedding and of the output projection.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub width: usize,
    /// Layers.
    pub layers: usize,
    /// Attention heads of the queries.
    pub heads: usize,
    /// Attention heads of keys and values; each serves as many queries.
    pub kv_heads: usize,
    /// Width of one head.
    pub head_width: usize,
    /// Width of the feed-forward layers.
    pub inner: usize,
    /// Added to the mean square before its root.
    pub epsilon: f64,
    /// What the products of query and key are divided by the root of.
    pub query_width: usize,
    /// Base of the rotary angles.
    pub rope_base: f64,
    /// What positions are divided by before the rotation.
    pub rope_factor: f64,
    /// So many tokens a near layer looks at, itself included.
    pub window: Option<usize>,
    /// Most tokens of prompt and answer together.
    pub longest: usize,
}

impl DecoderConfig {
    /// Reads the metadata.
    pub fn from_gguf(gguf: &Gguf) -> Result<Self, Error> {
        Self::from_metadata(gguf)
            .and_then(Self::checked)
            .map_err(|problem| Error::Config {
                problem,
                path: gguf.path().to_owned(),
            })
    }

    fn from_metadata(gguf: &Gguf) -> Result<Self, String> {
        let architecture = gguf.text("general.architecture").unwrap_or("missing");
        let family = match architecture {
            "gemma3" => Family::Gemma3,
            "qwen2" => Family::Qwen2,
            "qwen3" => Family::Qwen3,
            "hunyuan-dense" => Family::Hunyuan,
            other => {
                return Err(format!(
                    "general.architecture is '{other}', this program runs t5, gemma3, qwen2, qwen3 \
                     and hunyuan-dense"
                ));
            }
        };
        let key = |name: &str| format!("{architecture}.{name}");
        let size = |name: &str| {
            let value = gguf.whole(&key(name));
            value
                .and_then(|n| usize::try_from(n).ok())
                .ok_or_else(|| format!("{} is missing", key(name)))
        };
        let (width, heads) = (size("embedding_length")?, size("attention.head_count")?);
        let head_width = match size("attention.key_length") {
            Ok(width) => width,
            Err(_) => width.checked_div(heads).unwrap_or(0),
        };
        let rotated = size("rope.dimension_count").unwrap_or(head_width);
        if rotated != head_width {
            return Err(format!(
                "{} is {rotated}, this program rotates whole heads of {head_width}",
                key("rope.dimension_count")
            ));
        }
        let scaling = gguf.text(&key("rope.scaling.type")).unwrap_or("none");
        let rope_factor = match scaling {
            "none" => 1.0,
            "linear" => gguf.float(&key("rope.scaling.factor")).unwrap_or(1.0),
            other => {
                return Err(format!(
                    "{} is '{other}', this program runs 'none' and 'linear'",
                    key("rope.scaling.type")
                ));
            }
        };
        let usual_base = if family == Family::Gemma3 {
            1e6
        } else {
            10_000.0
        };
        Ok(Self {
            family,
            vocab_size: gguf
                .shape("token_embd.weight")
                .and_then(|shape| shape.first().copied())
                .ok_or("the tensor 'token_embd.weight' is missing")?,
            width,
            layers: size("block_count")?,
            heads,
            kv_heads: size("attention.head_count_kv").unwrap_or(heads),
            head_width,
            inner: size("feed_forward_length")?,
            epsilon: gguf
                .float(&key("attention.layer_norm_rms_epsilon"))
                .ok_or_else(|| format!("{} is missing", key("attention.layer_norm_rms_epsilon")))?,
            query_width: match (family, size("block_count")) {
                // Gemma 3 of 27 billion parameters, which llama.cpp knows by its depth too.
                (Family::Gemma3, Ok(62)) => width.checked_div(heads).unwrap_or(0),
                _ => head_width,
            },
            rope_base: gguf.float(&key("rope.freq_base")).unwrap_or(usual_base),
            rope_factor,
            window: match family {
                Family::Gemma3 => Some(size("attention.sliding_window")?),
                _ => None,
            },
            longest: size("context_length")?,
        })
    }

    /// Whether a layer looks at near tokens only.
    pub fn is_near(&self, layer: usize) -> bool {
        self.window.is_some() && !layer.saturating_add(1).is_multiple_of(GEMMA_PATTERN)
    }

    /// Base of the rotary angles of a layer, and what its positions are divided by.
    pub fn rotation(&self, layer: usize) -> (f64, f64) {
        if self.is_near(layer) {
            (GEMMA_NEAR_BASE, 1.0)
        } else {
            (self.rope_base, self.rope_factor)
        }
    }

    fn checked(self) -> Result<Self, String> {
        let sizes = [
            ("the vocabulary", self.vocab_size, 32, 2_000_000),
            ("embedding_length", self.width, 4, 32_768),
            ("block_count", self.layers, 1, 256),
            ("attention.head_count", self.heads, 1, 256),
            ("attention.head_count_kv", self.kv_heads, 1, 256),
            ("attention.key_length", self.head_width, 2, 1_024),
            ("the width of a query", self.query_width, 1, 4_096),
            ("feed_forward_length", self.inner, 1, 262_144),
            (
                "attention.sliding_window",
                self.window.unwrap_or(1),
                1,
                1 << 20,
            ),
            ("context_length", self.longest, 16, 1 << 24),
        ];
        for (name, value, least, most) in sizes {
            if !(least..=most).contains(&value) {
                return Err(format!(
                    "{name} is {value}, must lie between {least} and {most}"
                ));
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) || !self.head_width.is_multiple_of(2) {
            return Err(format!(
                "{} heads of {} over {} heads of keys cannot be right",
                self.heads, self.head_width, self.kv_heads
            ));
        }
        for (name, value, least, most) in [
            ("layer_norm_rms_epsilon", self.epsilon, 1e-12, 1e-2),
            ("rope.freq_base", self.rope_base, 1.0, 1e12),
            ("rope.scaling.factor", self.rope_factor, 1e-3, 1e3),
        ] {
            if !(least..=most).contains(&value) {
                return Err(format!("{name} {value} cannot be right"));
            }
        }
        Ok(self)
    }
}
