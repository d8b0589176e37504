//! How checkpoints of T5 models call their tensors, and which there are.

use super::t5_config::T5Config;

/// How a checkpoint calls its tensors.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Names {
    /// As Hugging Face folders do.
    HuggingFace,
    /// As GGUF files of llama.cpp do.
    LlamaCpp,
}

impl Names {
    /// The tensor `part` of a layer; without `.weight`.
    pub fn layer(self, decoder: bool, layer: usize, part: &str) -> String {
        let stack = match (self, decoder) {
            (Names::HuggingFace, false) => "encoder.block",
            (Names::HuggingFace, true) => "decoder.block",
            (Names::LlamaCpp, false) => "enc.blk",
            (Names::LlamaCpp, true) => "dec.blk",
        };
        let feed_forward = if decoder { 2 } else { 1 };
        match self {
            Names::LlamaCpp => format!("{stack}.{layer}.{part}"),
            Names::HuggingFace => {
                let part = match part {
                    "attn_norm" => "0.layer_norm".to_owned(),
                    "attn_rel_b" => "0.SelfAttention.relative_attention_bias".to_owned(),
                    "cross_attn_norm" => "1.layer_norm".to_owned(),
                    "ffn_norm" => format!("{feed_forward}.layer_norm"),
                    "ffn_gate" => format!("{feed_forward}.DenseReluDense.wi_0"),
                    "ffn_up" => format!("{feed_forward}.DenseReluDense.wi_1"),
                    "ffn_down" => format!("{feed_forward}.DenseReluDense.wo"),
                    other => match other.strip_prefix("cross_attn_") {
                        Some(matrix) => format!("1.EncDecAttention.{matrix}"),
                        None => {
                            let matrix = other.strip_prefix("attn_").unwrap_or(other);
                            format!("0.SelfAttention.{matrix}")
                        }
                    },
                };
                format!("{stack}.{layer}.layer.{part}")
            }
        }
    }

    /// The embedding and the output projection; of Hugging Face's names for the embedding the one that
    /// the checkpoint has.
    pub fn tables(self, has: &dyn Fn(&str) -> bool) -> (&'static str, &'static str) {
        match self {
            Names::LlamaCpp => ("token_embd.weight", "output.weight"),
            Names::HuggingFace => {
                let shared = [
                    "shared.weight",
                    "encoder.embed_tokens.weight",
                    "decoder.embed_tokens.weight",
                ];
                let found = shared.into_iter().find(|name| has(name));
                (found.unwrap_or("shared.weight"), "lm_head.weight")
            }
        }
    }

    /// The norm behind all layers of one side.
    pub fn last_norm(self, decoder: bool) -> &'static str {
        match (self, decoder) {
            (Names::LlamaCpp, false) => "enc.output_norm.weight",
            (Names::LlamaCpp, true) => "dec.output_norm.weight",
            (Names::HuggingFace, false) => "encoder.final_layer_norm.weight",
            (Names::HuggingFace, true) => "decoder.final_layer_norm.weight",
        }
    }
}

/// A tensor that the engine reads.
pub(super) struct Tensor {
    /// Its name, with `.weight`.
    pub name: String,
    /// Its shape, outermost dimension first.
    pub shape: Vec<usize>,
    /// Whether it is a table of tokens or the matrix of a layer.
    pub matrix: bool,
}

/// All tensors that the engine reads from a checkpoint; `has` says whether it has one of this name.
pub(super) fn tensors(config: &T5Config, names: Names, has: &dyn Fn(&str) -> bool) -> Vec<Tensor> {
    let (vocab, d, inner) = (config.vocab_size, config.d_model, config.d_ff);
    let heads = config.num_heads.saturating_mul(config.d_kv);
    let mut all = Vec::new();
    let mut add = |name: String, shape: &[usize], matrix: bool| {
        all.push(Tensor {
            name,
            shape: shape.to_vec(),
            matrix,
        });
    };
    let (embedding, head) = names.tables(has);
    add(embedding.to_owned(), &[vocab, d], true);
    if has(head) {
        add(head.to_owned(), &[vocab, d], true);
    }
    for decoder in [false, true] {
        let layers = match decoder {
            true => config.num_decoder_layers,
            false => config.num_layers,
        };
        let looks: &[&str] = match decoder {
            true => &["attn", "cross_attn"],
            false => &["attn"],
        };
        for layer in 0..layers {
            let name = |part: &str| format!("{}.weight", names.layer(decoder, layer, part));
            for look in looks {
                add(name(&format!("{look}_norm")), &[d], false);
                for side in ["q", "k", "v"] {
                    add(name(&format!("{look}_{side}")), &[heads, d], true);
                }
                add(name(&format!("{look}_o")), &[d, heads], true);
            }
            add(name("ffn_norm"), &[d], false);
            add(name("ffn_gate"), &[inner, d], true);
            add(name("ffn_up"), &[inner, d], true);
            add(name("ffn_down"), &[d, inner], true);
        }
        let distances = format!("{}.weight", names.layer(decoder, 0, "attn_rel_b"));
        add(distances, &[config.buckets, config.num_heads], false);
        add(names.last_norm(decoder).to_owned(), &[d], false);
    }
    all
}
