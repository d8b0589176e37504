//! A Whisper model as Hugging Face ships it: `config.json`, `model.safetensors` (or shards) and
//! `vocab.json` or `tokenizer.json`. Names and shapes are brought to those of the ggml form, so that one
//! reader builds the engine from either.
//!
//! Sources: `configuration_whisper.py` and `modeling_whisper.py` of transformers 4.57 for names,
//! `convert-h5-to-ggml.py` of whisper.cpp for what corresponds to what.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::compute::checkpoint::{Numbers, Weights};
use crate::speech::Error;
use crate::speech::ggml::{Header, MAX_TOKEN_BYTES, N_FFT, check_header, tensors_of};

/// Longest `config.json` and longest vocabulary that are read, in bytes.
const LONGEST_CONFIG: u64 = 1 << 20;
const LONGEST_VOCABULARY: u64 = 64 << 20;
/// Text tokens of the multilingual vocabularies; what follows is special and never text.
const TEXT_TOKENS: usize = 50_257;
/// Frames a second of the sound that the filters are made for, and the highest frequency they hear.
const RATE: f64 = 16_000.0;
/// ggml's number for a file whose matrices are in f32.
const FLOATS: u32 = 0;

/// What `config.json` says, as far as the engine asks.
#[derive(Deserialize)]
struct Config {
    model_type: String,
    vocab_size: u32,
    d_model: u32,
    encoder_layers: u32,
    encoder_attention_heads: u32,
    encoder_ffn_dim: u32,
    decoder_layers: u32,
    decoder_attention_heads: u32,
    decoder_ffn_dim: u32,
    num_mel_bins: u32,
    max_source_positions: u32,
    max_target_positions: u32,
    #[serde(default = "gelu")]
    activation_function: String,
    #[serde(default)]
    scale_embedding: bool,
}

fn gelu() -> String {
    "gelu".to_owned()
}

/// An open folder whose tensors are all there, in the right shapes.
pub(super) struct Folder {
    path: PathBuf,
    weights: Weights,
    pub header: Header,
    /// What stands before every tensor's name: `model.` where there is a head, else nothing.
    prefix: &'static str,
    /// Shapes in the order of PyTorch, slowest first, by ggml's name.
    shapes: HashMap<String, Vec<usize>>,
}

impl Folder {
    /// Reads the settings and looks at every tensor's name and shape; no weights are read yet.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let header = header(path)?;
        let weights = Weights::open(path)?;
        let prefix = match weights.has("model.encoder.conv1.weight") {
            true => "model.",
            false => "",
        };
        let folder = Self {
            path: path.to_owned(),
            weights,
            header,
            prefix,
            shapes: tensors_of(&header).into_iter().map(shape).collect(),
        };
        for (name, shape) in &folder.shapes {
            folder.weights.numbers(&folder.name(name), shape)?;
        }
        Ok(folder)
    }

    /// A tensor's name here.
    fn name(&self, ggml: &str) -> String {
        format!("{}{}", self.prefix, name_of(ggml))
    }

    /// Shape of a tensor in the order of PyTorch.
    pub fn shape(&self, ggml: &str) -> Vec<usize> {
        self.shapes.get(ggml).cloned().unwrap_or_default()
    }

    /// Some rows, the first dimension of the shape, of a tensor.
    pub fn read(
        &mut self,
        ggml: &str,
        rows: std::ops::Range<usize>,
        floats: &mut Vec<f32>,
    ) -> Result<(), Error> {
        let (name, shape) = (self.name(ggml), self.shape(ggml));
        Ok(self.weights.read_floats(&name, &shape, rows, floats)?)
    }

    /// Whether a tensor is stored in half precision.
    pub fn is_half(&self, ggml: &str) -> bool {
        let numbers = self.weights.numbers(&self.name(ggml), &self.shape(ggml));
        numbers.is_ok_and(|n| n == Numbers::F16)
    }

    /// An error about the folder.
    pub fn refuse(&self, reason: String) -> Error {
        Error::ModelRefused {
            path: self.path.clone(),
            reason,
        }
    }

    /// The bytes of the text tokens, in order.
    pub fn vocabulary(&self) -> Result<Vec<Box<[u8]>>, Error> {
        let plain = self.path.join("vocab.json");
        let (path, ids) = if plain.is_file() {
            let ids = read_json(&plain, LONGEST_VOCABULARY)?;
            (plain, ids)
        } else {
            let path = self.path.join("tokenizer.json");
            let tokenizer: Tokenizer = read_json(&path, LONGEST_VOCABULARY)?;
            (path, tokenizer.model.vocab)
        };
        tokens(ids).map_err(|reason| Error::ModelRefused { path, reason })
    }
}

#[derive(Deserialize)]
struct Tokenizer {
    model: TokenizerModel,
}

#[derive(Deserialize)]
struct TokenizerModel {
    vocab: HashMap<String, u32>,
}

/// Whether a folder says of itself that it holds a Whisper model.
pub fn is_whisper(folder: &Path) -> bool {
    let settings: Result<serde_json::Value, Error> =
        read_json(&folder.join("config.json"), LONGEST_CONFIG);
    settings.is_ok_and(|s| s.get("model_type").and_then(|v| v.as_str()) == Some("whisper"))
}

/// The header of a folder whose tensors are all there.
pub fn header_of(folder: &Path) -> Result<Header, Error> {
    Folder::open(folder).map(|f| f.header)
}

/// The sizes that `config.json` states, checked as those of a ggml file are.
fn header(folder: &Path) -> Result<Header, Error> {
    let path = folder.join("config.json");
    let config: Config = read_json(&path, LONGEST_CONFIG)?;
    let refuse = |reason: String| Error::ModelRefused {
        path: path.clone(),
        reason,
    };
    if config.model_type != "whisper" {
        return Err(refuse(format!(
            "it is a {:?} model, not a Whisper model",
            config.model_type
        )));
    }
    let inner = config.d_model.checked_mul(4);
    if inner != Some(config.encoder_ffn_dim) || inner != Some(config.decoder_ffn_dim) {
        return Err(refuse(
            "its feed-forward layers are not four times as wide as the model".into(),
        ));
    }
    if config.activation_function != "gelu" || config.scale_embedding {
        return Err(refuse(
            "it computes in a way that Whisper does not (activation_function, scale_embedding)"
                .into(),
        ));
    }
    let header = Header {
        vocabulary: config.vocab_size,
        audio_ctx: config.max_source_positions,
        width: config.d_model,
        audio_heads: config.encoder_attention_heads,
        audio_layers: config.encoder_layers,
        text_ctx: config.max_target_positions,
        text_heads: config.decoder_attention_heads,
        text_layers: config.decoder_layers,
        mels: config.num_mel_bins,
        ftype: FLOATS,
    };
    check_header(&header).map_err(refuse)?;
    Ok(header)
}

fn read_json<T: serde::de::DeserializeOwned>(path: &Path, longest: u64) -> Result<T, Error> {
    let unread = |source| Error::ModelRead {
        path: path.to_owned(),
        source,
    };
    let refuse = |reason: String| Error::ModelRefused {
        path: path.to_owned(),
        reason,
    };
    let mut text = Vec::new();
    let file = File::open(path).map_err(unread)?;
    file.take(longest.saturating_add(1))
        .read_to_end(&mut text)
        .map_err(unread)?;
    if text.len() as u64 > longest {
        return Err(refuse(format!("it is longer than {} MB", longest >> 20)));
    }
    serde_json::from_slice(&text).map_err(|e| refuse(format!("it is not valid: {e}")))
}

/// A shape slowest first, without the sizes of one that ggml fills up with; the bias of a convolution
/// is a column there.
fn shape((name, [fastest, middle, slowest]): (String, [u32; 3])) -> (String, Vec<usize>) {
    let all = match (slowest, middle, fastest) {
        (1, 1, n) | (1, n, 1) => vec![n],
        (1, rows, columns) => vec![rows, columns],
        (outputs, inputs, kernel) => vec![outputs, inputs, kernel],
    };
    (name, all.into_iter().map(|n| n as usize).collect())
}

/// What a tensor of the ggml form is called in a Hugging Face folder.
fn name_of(ggml: &str) -> String {
    let whole = match ggml {
        "encoder.positional_embedding" => Some("encoder.embed_positions.weight"),
        "decoder.positional_embedding" => Some("decoder.embed_positions.weight"),
        "decoder.token_embedding.weight" => Some("decoder.embed_tokens.weight"),
        _ => None,
    };
    if let Some(name) = whole {
        return name.to_owned();
    }
    const PARTS: [(&str, &str); 13] = [
        (".blocks.", ".layers."),
        (".cross_attn_ln.", ".encoder_attn_layer_norm."),
        (".attn_ln.", ".self_attn_layer_norm."),
        (".cross_attn.", ".encoder_attn."),
        (".attn.", ".self_attn."),
        (".query.", ".q_proj."),
        (".key.", ".k_proj."),
        (".value.", ".v_proj."),
        (".out.", ".out_proj."),
        (".mlp_ln.", ".final_layer_norm."),
        (".mlp.0.", ".fc1."),
        (".mlp.2.", ".fc2."),
        (".ln_post.", ".layer_norm."),
    ];
    let mut name = ggml.replace("decoder.ln.", "decoder.layer_norm.");
    for (from, to) in PARTS {
        name = name.replace(from, to);
    }
    name
}

/// Tokens by their numbers as bytes. A byte that is no printable character is written as one beyond
/// the first 256 (`bytes_to_unicode` of GPT-2).
fn tokens(ids: HashMap<String, u32>) -> Result<Vec<Box<[u8]>>, String> {
    let bytes: HashMap<char, u8> = (0..=u8::MAX)
        .zip(written_bytes())
        .map(|(b, c)| (c, b))
        .collect();
    let mut found: Vec<Option<Box<[u8]>>> = vec![None; TEXT_TOKENS];
    for (text, id) in ids {
        let Some(place) = found.get_mut(id as usize) else {
            continue; // a special token
        };
        let token: Option<Box<[u8]>> = text.chars().map(|c| bytes.get(&c).copied()).collect();
        let fits = |t: &[u8]| t.len() <= MAX_TOKEN_BYTES as usize;
        // A special token may stand among the first, written as it is.
        *place = Some(token.filter(|t| fits(t)).unwrap_or_default());
    }
    // The last one is the end of the text, which some vocabularies leave to another file.
    let text = found.iter().take(TEXT_TOKENS - 1);
    let missing = text.filter(|t| t.is_none()).count();
    if missing > 0 {
        return Err(format!("{missing} of Whisper's 50,257 tokens are missing"));
    }
    Ok(found.into_iter().map(Option::unwrap_or_default).collect())
}

/// The character that each byte is written as.
fn written_bytes() -> impl Iterator<Item = char> {
    let printable = |b: u8| matches!(b, b'!'..=b'~' | 0xA1..=0xAC | 0xAE..=0xFF);
    let mut beyond = '\u{100}'..;
    (0..=u8::MAX).filter_map(move |b| match printable(b) {
        true => Some(char::from(b)),
        false => beyond.next(),
    })
}

/// The mel filters `(bands, 201)` that Whisper was trained with: triangles over the mel scale that is
/// even below 1 kHz and logarithmic above, each of the same area (Slaney; `librosa.filters.mel`).
pub fn mel_filters(bands: u32) -> Vec<f32> {
    const LINEAR: f64 = 200.0 / 3.0;
    const BEND: f64 = 1000.0 / LINEAR;
    let step = 6.4f64.ln() / 27.0;
    let hertz = |mel: f64| match mel < BEND {
        true => mel * LINEAR,
        false => 1000.0 * ((mel - BEND) * step).exp(),
    };
    let highest = BEND + (RATE / 2.0 / 1000.0).ln() / step;
    let edges = f64::from(bands) + 1.0;
    let edge = |n: u32| hertz(highest * f64::from(n) / edges);
    let width = RATE / 2.0 / f64::from(N_FFT - 1);
    (0..bands)
        .flat_map(|band| {
            let (low, middle, high) = (edge(band), edge(band + 1), edge(band + 2));
            (0..N_FFT).map(move |bin| {
                let at = f64::from(bin) * width;
                let rising = (at - low) / (middle - low);
                let falling = (high - at) / (high - middle);
                (rising.min(falling).max(0.0) * 2.0 / (high - low)) as f32
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::speech::native::file::ModelFile;

    fn practice() -> ModelFile {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/practice/asr");
        let files = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().path());
        let is_ggml = |p: &PathBuf| p.extension().is_some_and(|e| e == "bin");
        ModelFile::open(&files.into_iter().find(is_ggml).unwrap(), true).unwrap()
    }

    #[test]
    fn the_filters_are_those_that_ggml_files_bring() {
        let (theirs, ours) = (practice().filters().unwrap(), mel_filters(80));
        assert_eq!(ours.len(), theirs.len());
        let worst = ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs());
        let worst = worst.fold(0.0, f32::max);
        assert!(worst < 1e-7, "{worst}");
        let all = mel_filters(128);
        assert_eq!(all.len(), 128 * 201);
        assert!(all.chunks(201).all(|band| band.iter().any(|w| *w > 0.0)));
    }

    #[test]
    fn tokens_are_read_as_bytes_in_every_script() {
        let theirs = practice().vocabulary().unwrap();
        let written: Vec<char> = written_bytes().collect();
        assert_eq!(written.len(), 256);
        let text = |token: &[u8]| token.iter().map(|b| written[usize::from(*b)]).collect();
        let text_tokens = theirs.iter().zip(0..50_256u32);
        let ids: HashMap<String, u32> = text_tokens.map(|(t, id)| (text(t), id)).collect();
        assert_eq!(ids.len(), 50_256, "no two tokens are alike");
        let ours = tokens(ids).unwrap();
        assert_eq!(ours[..50_256], theirs[..50_256]);
        assert!(ours[50_256].is_empty());
    }

    #[test]
    fn each_tensor_has_its_name() {
        for (ggml, name) in [
            ("encoder.conv1.bias", "encoder.conv1.bias"),
            (
                "encoder.blocks.3.attn.query.weight",
                "encoder.layers.3.self_attn.q_proj.weight",
            ),
            (
                "encoder.blocks.0.attn_ln.bias",
                "encoder.layers.0.self_attn_layer_norm.bias",
            ),
            ("encoder.ln_post.weight", "encoder.layer_norm.weight"),
            ("decoder.ln.weight", "decoder.layer_norm.weight"),
            (
                "decoder.blocks.11.cross_attn.out.bias",
                "decoder.layers.11.encoder_attn.out_proj.bias",
            ),
            (
                "decoder.blocks.1.cross_attn_ln.weight",
                "decoder.layers.1.encoder_attn_layer_norm.weight",
            ),
            (
                "decoder.blocks.1.mlp_ln.weight",
                "decoder.layers.1.final_layer_norm.weight",
            ),
            (
                "decoder.blocks.1.mlp.2.weight",
                "decoder.layers.1.fc2.weight",
            ),
            (
                "decoder.positional_embedding",
                "decoder.embed_positions.weight",
            ),
        ] {
            assert_eq!(name_of(ggml), name);
        }
    }
}
