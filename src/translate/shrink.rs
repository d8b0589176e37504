//! Makes a smaller copy of a checkpoint: only the vocabulary of the program's languages, weights in
//! 8 bits. One piece of one tensor is in memory at a time.
//!
//! In 8 bits a matrix `x.weight` is stored as whole numbers from -127 to 127 (I8, the same shape)
//! and `x.weight.scale`, an f16 for each 32 columns of a row: the numbers of ggml's Q8_0, apart.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::Error;
use super::config::{Config, read_bounded, read_json};
use super::model::{EMBEDDING, HEAD};
use super::tokens::{LONGEST_TOKENIZER, language_names};
use super::vocabulary;
use crate::compute::checkpoint::{Numbers, Weights};
use crate::compute::kernels::BLOCK;
use crate::domain::{Cancel, Lang};

/// What a tensor of scales is called: the name of the weights and this.
pub(super) const SCALE: &str = ".scale";
/// Numbers of a tensor in memory at a time.
const PIECE: usize = 4 << 20;

/// What to make smaller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShrinkOptions {
    /// Leave out pieces that none of the languages needs.
    pub trim: bool,
    /// Store matrices in 8 bits.
    pub quantise: bool,
}

/// What became of the vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// Rows of the original.
    pub rows_before: usize,
    /// Rows of the copy.
    pub rows: usize,
}

/// A tensor of the copy.
struct Part {
    source: String,
    name: String,
    shape: Vec<usize>,
    quantised: bool,
    gathered: bool,
}

/// Writes a smaller copy of the checkpoint in `from` into the empty folder `to`: config.json,
/// tokenizer.json and model.safetensors. `tell` hears of numbers done and in all.
///
/// # Errors
/// A checkpoint that cannot be read, is in 8 bits already or has another kind of tokenizer; a disk
/// that refuses; a cancel. `to` may hold incomplete files then.
pub fn shrink(
    from: &Path,
    to: &Path,
    options: ShrinkOptions,
    language_tokens: Option<&BTreeMap<Lang, String>>,
    tell: &mut dyn FnMut(u64, u64),
    cancel: &Cancel,
) -> Result<Shrunk, Error> {
    let config = Config::read(from)?;
    let mut weights = Weights::open(from)?;
    let tokenizer = from.join("tokenizer.json");
    let mut settings: Value = read_json(&from.join("config.json"))?;
    let mut kept = None;
    if options.trim {
        let fail = |problem: String| Error::Tokenizer {
            problem,
            path: tokenizer.clone(),
        };
        let bytes = read_bounded(&tokenizer, LONGEST_TOKENIZER)?;
        let value = serde_json::from_slice(&bytes).map_err(|e| fail(e.to_string()))?;
        let mut languages: BTreeSet<String> = language_names().map(str::to_owned).collect();
        languages.extend(
            language_tokens
                .into_iter()
                .flat_map(BTreeMap::values)
                .cloned(),
        );
        let trimmed = vocabulary::trim(value, &languages).map_err(fail)?;
        if trimmed
            .kept
            .last()
            .is_some_and(|last| *last as usize >= config.vocab_size)
        {
            return Err(fail("it has more tokens than the model".to_owned()));
        }
        renumber(&mut settings, &trimmed);
        write(
            to,
            "tokenizer.json",
            trimmed.tokenizer.to_string().as_bytes(),
        )?;
        kept = Some(trimmed.kept);
    } else {
        write(
            to,
            "tokenizer.json",
            &read_bounded(&tokenizer, LONGEST_TOKENIZER)?,
        )?;
    }
    let text = serde_json::to_string_pretty(&settings).unwrap_or_default();
    write(to, "config.json", text.as_bytes())?;
    let parts = parts(&config, &weights, kept.as_deref(), options.quantise);
    let mut copy = Copy {
        weights: &mut weights,
        kept: kept.as_deref(),
        path: to.join("model.safetensors"),
        rows_before: config.vocab_size,
        done: 0,
        total: parts
            .iter()
            .map(|p| p.shape.iter().product::<usize>() as u64)
            .sum(),
        tell,
        cancel,
    };
    copy.write(&parts)?;
    Ok(Shrunk {
        rows_before: config.vocab_size,
        rows: kept.map_or(config.vocab_size, |kept| kept.len()),
    })
}

fn write(to: &Path, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let path = to.join(name);
    fs::write(&path, bytes).map_err(|cause| Error::Write { cause, path })
}

/// The settings under the new numbers; a token that is gone is no setting any more.
fn renumber(settings: &mut Value, trimmed: &vocabulary::Trimmed) {
    let new = |old: &Value| {
        let old = u32::try_from(old.as_u64()?).ok()?;
        trimmed.id(old).map(Value::from)
    };
    let Some(settings) = settings.as_object_mut() else {
        return;
    };
    settings.retain(|name, value| {
        if !name.ends_with("_token_id") || value.is_null() {
            return true;
        }
        let renumbered = match &*value {
            Value::Array(ids) => ids
                .iter()
                .map(new)
                .collect::<Option<Vec<_>>>()
                .map(Value::from),
            one => new(one),
        };
        match renumbered {
            Some(renumbered) => {
                *value = renumbered;
                true
            }
            None => false,
        }
    });
    settings.insert("vocab_size".to_owned(), trimmed.kept.len().into());
}

/// All tensors that the engine reads.
fn parts(config: &Config, weights: &Weights, kept: Option<&[u32]>, quantise: bool) -> Vec<Part> {
    let d = config.d_model;
    let mut parts = Vec::new();
    let mut add = |source: &str, name: String, shape: &[usize], gathered: bool| {
        parts.push(Part {
            source: source.to_owned(),
            name,
            shape: shape.to_vec(),
            quantised: quantise && shape.len() == 2,
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

struct Copy<'a> {
    weights: &'a mut Weights,
    kept: Option<&'a [u32]>,
    path: std::path::PathBuf,
    rows_before: usize,
    done: u64,
    total: u64,
    tell: &'a mut dyn FnMut(u64, u64),
    cancel: &'a Cancel,
}

impl Copy<'_> {
    fn write(&mut self, parts: &[Part]) -> Result<(), Error> {
        let path = self.path.clone();
        let failed = |cause| Error::Write {
            cause,
            path: path.clone(),
        };
        let mut out = BufWriter::new(File::create(&path).map_err(failed)?);
        let header = header(parts);
        let length = (header.len() as u64).to_le_bytes();
        out.write_all(&length)
            .and_then(|()| out.write_all(&header))
            .map_err(failed)?;
        for part in parts {
            let scales = self.write_part(part, &mut out)?;
            out.write_all(&scales).map_err(failed)?;
        }
        let file = out.into_inner().map_err(|e| failed(e.into_error()))?;
        file.sync_all().map_err(failed)
    }

    /// Writes the numbers of one tensor; returns its scales' bytes.
    fn write_part(&mut self, part: &Part, out: &mut impl Write) -> Result<Vec<u8>, Error> {
        let mut shape = part.shape.clone();
        if let Some(rows) = shape.first_mut().filter(|_| part.gathered) {
            *rows = self.rows_before;
        }
        if self.weights.numbers(&part.source, &shape)? == Numbers::I8 {
            let problem = "the weights are in 8 bits already".to_owned();
            return Err(self.weights.refuse(problem).into());
        }
        let rows = shape.first().copied().unwrap_or(1);
        let width = shape.iter().skip(1).product::<usize>().max(1);
        let step = (PIECE / width).max(1);
        let (mut values, mut bytes, mut scales) = (Vec::new(), Vec::new(), Vec::new());
        for from in (0..rows).step_by(step) {
            if self.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let range = from..from.saturating_add(step).min(rows);
            self.weights
                .read_floats(&part.source, &shape, range.clone(), &mut values)?;
            let wanted: Vec<usize> = match self.kept.filter(|_| part.gathered) {
                Some(kept) => within(kept, &range),
                None => (0..range.len()).collect(),
            };
            bytes.clear();
            for row in &wanted {
                let row = values.chunks_exact(width).nth(*row).unwrap_or_default();
                if part.quantised {
                    quantise(row, &mut bytes, &mut scales).map_err(|problem| {
                        let problem = format!("the tensor '{}': {problem}", part.source);
                        self.weights.refuse(problem)
                    })?;
                } else {
                    bytes.extend(row.iter().flat_map(|x| x.to_le_bytes()));
                }
            }
            out.write_all(&bytes).map_err(|cause| Error::Write {
                cause,
                path: self.path.clone(),
            })?;
            let numbers = wanted.len().saturating_mul(width) as u64;
            self.done = self.done.saturating_add(numbers);
            (self.tell)(self.done, self.total);
        }
        Ok(scales)
    }
}

/// The kept rows inside a range, counted from its start.
fn within(kept: &[u32], range: &Range<usize>) -> Vec<usize> {
    let from = kept.partition_point(|id| (*id as usize) < range.start);
    let inside = kept.iter().skip(from).map(|id| *id as usize);
    inside
        .take_while(|id| *id < range.end)
        .map(|id| id.saturating_sub(range.start))
        .collect()
}

fn header(parts: &[Part]) -> Vec<u8> {
    let mut at = 0u64;
    let mut entries = Map::new();
    let mut add = |name: String, dtype: &str, width: usize, shape: &[usize]| {
        let bytes = shape.iter().product::<usize>().saturating_mul(width) as u64;
        let end = at.saturating_add(bytes);
        entries.insert(
            name,
            json!({"dtype": dtype, "shape": shape, "data_offsets": [at, end]}),
        );
        at = end;
    };
    for part in parts {
        match (part.quantised, part.shape.as_slice()) {
            (true, [output, input]) => {
                add(part.name.clone(), "I8", 1, &part.shape);
                let scales = [*output, input.div_ceil(BLOCK)];
                add(format!("{}{SCALE}", part.name), "F16", 2, &scales);
            }
            _ => add(part.name.clone(), "F32", 4, &part.shape),
        }
    }
    let mut text = Value::Object(entries).to_string().into_bytes();
    // The data begins at a multiple of eight bytes, as the format advises.
    text.resize(text.len().next_multiple_of(8), b' ');
    text
}

/// Quantises one row: in each block the largest becomes 127, and the others follow from the scale as
/// it is stored.
fn quantise(row: &[f32], bytes: &mut Vec<u8>, scales: &mut Vec<u8>) -> Result<(), String> {
    for block in row.chunks(BLOCK) {
        let top = block.iter().fold(0f32, |top, x| top.max(x.abs()));
        let scale = half::f16::from_f32(top / 127.0);
        if !scale.is_finite() {
            return Err("its numbers are too large for 8 bits".to_owned());
        }
        let step = scale.to_f32();
        let quant = |x: &f32| match step > 0.0 {
            true => (x / step).round().clamp(-127.0, 127.0) as i8,
            false => 0,
        };
        bytes.extend(block.iter().map(|x| quant(x).cast_unsigned()));
        scales.extend(scale.to_le_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantised_row_is_near_the_row() {
        let row: Vec<f32> = (0..70)
            .map(|i| ((i * 37) % 41) as f32 / 20.0 - 1.0)
            .collect();
        let (mut bytes, mut scales) = (Vec::new(), Vec::new());
        quantise(&row, &mut bytes, &mut scales).unwrap();
        assert_eq!((bytes.len(), scales.len()), (70, 6));
        for (i, x) in row.iter().enumerate() {
            let at = i / BLOCK * 2;
            let scale = half::f16::from_le_bytes([scales[at], scales[at + 1]]).to_f32();
            let back = f32::from(bytes[i].cast_signed()) * scale;
            assert!((back - x).abs() <= scale * 0.51, "{back} {x}");
        }
        assert!(quantise(&[1e9], &mut bytes, &mut scales).is_err());
    }

    #[test]
    fn rows_are_gathered_piece_by_piece() {
        assert_eq!(within(&[0, 3, 4, 9], &(3..9)), [0, 1]);
        assert!(within(&[0, 9], &(3..9)).is_empty());
    }
}
