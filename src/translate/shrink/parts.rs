//! Which tensors a smaller copy has: all that the engine reads.

use super::Bits;
use crate::compute::checkpoint::Weights;
use crate::compute::kernels::SUPER;
use crate::translate::config::Config;
use crate::translate::model::{EMBEDDING, HEAD};
use crate::translate::t5_config::T5Config;
use crate::translate::t5_names::{self, Names};

/// A tensor of the copy.
pub(super) struct Part {
    /// Its name in the original.
    pub source: String,
    /// Its name in the copy.
    pub name: String,
    /// Its shape in the copy.
    pub shape: Vec<usize>,
    /// What it is stored in, else f32.
    pub bits: Option<Bits>,
    /// Whether only the rows of the tokens that stay are copied.
    pub gathered: bool,
}

impl Part {
    /// Numbers of it.
    pub fn count(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64
    }
}

/// What a matrix with rows of so many numbers is stored in where `wanted` is asked for.
fn fitting(wanted: Option<Bits>, inputs: usize) -> Option<Bits> {
    match wanted {
        Some(Bits::Six) if !inputs.is_multiple_of(SUPER) => Some(Bits::Eight),
        other => other,
    }
}

/// The tensors of a T5 model.
pub(super) fn t5(config: &T5Config, weights: &Weights, bits: Option<Bits>) -> Vec<Part> {
    let all = t5_names::tensors(config, Names::HuggingFace, &|name| weights.has(name));
    let part = |tensor: t5_names::Tensor| Part {
        bits: tensor
            .shape
            .last()
            .filter(|_| tensor.matrix)
            .and_then(|inputs| fitting(bits, *inputs)),
        source: tensor.name.clone(),
        name: tensor.name,
        shape: tensor.shape,
        gathered: false,
    };
    all.into_iter().map(part).collect()
}

/// The tensors of an M2M100 or NLLB model, with a vocabulary of the tokens in `kept`.
pub(super) fn m2m100(
    config: &Config,
    weights: &Weights,
    kept: Option<&[u32]>,
    bits: Option<Bits>,
) -> Vec<Part> {
    let d = config.d_model;
    let mut parts = Vec::new();
    let mut add = |source: &str, name: String, shape: &[usize], gathered: bool| {
        parts.push(Part {
            source: source.to_owned(),
            name,
            shape: shape.to_vec(),
            bits: match shape {
                [_, inputs] => fitting(bits, *inputs),
                _ => None,
            },
            gathered,
        });
    };
    let rows = kept.map_or(config.vocab_size, <[u32]>::len);
    let [usual, ..] = EMBEDDING;
    let embedding = EMBEDDING
        .into_iter()
        .find(|n| weights.has(n))
        .unwrap_or(usual);
    add(embedding, usual.to_owned(), &[rows, d], kept.is_some());
    if embedding != HEAD && weights.has(HEAD) {
        add(HEAD, HEAD.to_owned(), &[rows, d], kept.is_some());
    }
    let mut pair = |name: String, output: usize, input: Option<usize>| {
        let (weight, bias) = (format!("{name}.weight"), format!("{name}.bias"));
        let shape: Vec<usize> = std::iter::once(output).chain(input).collect();
        add(&weight.clone(), weight, &shape, false);
        add(&bias.clone(), bias, &[output], false);
    };
    let sides = [
        ("encoder", config.encoder_layers, config.encoder_ffn_dim),
        ("decoder", config.decoder_layers, config.decoder_ffn_dim),
    ];
    for (side, layers, inner) in sides {
        for layer in 0..layers {
            let name = format!("model.{side}.layers.{layer}");
            let cross = (side == "decoder").then_some("encoder_attn");
            for attention in std::iter::once("self_attn").chain(cross) {
                for part in ["q_proj", "k_proj", "v_proj", "out_proj"] {
                    pair(format!("{name}.{attention}.{part}"), d, Some(d));
                }
                pair(format!("{name}.{attention}_layer_norm"), d, None);
            }
            pair(format!("{name}.fc1"), inner, Some(d));
            pair(format!("{name}.fc2"), d, Some(inner));
            pair(format!("{name}.final_layer_norm"), d, None);
        }
        pair(format!("model.{side}.layer_norm"), d, None);
    }
    parts
}
