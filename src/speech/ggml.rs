//! A strict look at a ggml whisper file before whisper.cpp sees it.
//!
//! whisper.cpp trusts its files: counts become sizes of vectors, dimensions index arrays of four,
//! names and lengths are read unchecked, so a cut or crafted file ends the whole program. Here every
//! number is bounded and every tensor must have exactly the name, shape and type that the header
//! promises, to the last byte of the file.
//!
//! Layout (little endian; whisper.cpp `models/convert-pt-to-ggml.py`): magic, eleven `i32` of
//! [`Header`], mel filters (`n_mel`, `n_fft`, floats), vocabulary (count, then length and bytes
//! each), tensors (dimensions, name length, type, sizes, name, data) up to the end.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::{Error, native};

const MAGIC: u32 = 0x6767_6d6c;
/// Bins of a 400-point Fourier transform, the only one whisper.cpp has.
pub(super) const N_FFT: u32 = 201;
/// Multilingual vocabularies: 99 languages (v1, v2) and 100 (v3). Special tokens follow from it.
const VOCABULARIES: [u32; 2] = [51_865, 51_866];
/// English-only models, which hold no language tokens.
const VOCABULARY_ENGLISH: u32 = 51_864;
/// Text tokens that a file lists; the special ones may or may not follow.
const TEXT_TOKENS: u32 = 50_256;
/// The longest token of Whisper's vocabulary has 128 bytes.
pub(super) const MAX_TOKEN_BYTES: u32 = 512;
/// `decoder.blocks.31.cross_attn.query.weight` has 41.
const MAX_NAME_BYTES: u32 = 64;

/// The sizes a whisper model states about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Tokens, special ones included.
    pub vocabulary: u32,
    /// Encoder positions of 20 ms: the window. 1500 in stock models.
    pub audio_ctx: u32,
    /// Width of the encoder and the decoder.
    pub width: u32,
    /// Attention heads of the encoder.
    pub audio_heads: u32,
    /// Encoder layers.
    pub audio_layers: u32,
    /// Decoder positions: prompt and text together. 448 in stock models.
    pub text_ctx: u32,
    /// Attention heads of the decoder.
    pub text_heads: u32,
    /// Decoder layers.
    pub text_layers: u32,
    /// Mel bands, 80 or 128.
    pub mels: u32,
    /// ggml's number for the storage type of the large tensors, without the quantisation version.
    pub ftype: u32,
}

impl Header {
    /// The window in milliseconds.
    pub const fn window_ms(&self) -> u64 {
        self.audio_ctx as u64 * 20
    }

    /// Bytes that one decoder needs beside the weights, at most: keys and values in f16 of text and
    /// sound for each decoder layer, the encoder's attention scores and activations in f32, and the
    /// scores of the vocabulary. whisper.cpp reports 1.4 GB for large without flash attention.
    pub const fn decoder_bytes(&self) -> u64 {
        let (width, window) = (self.width as u64, self.audio_ctx as u64);
        let kept = 4 * self.text_layers as u64 * width * (self.text_ctx as u64 + window);
        let attention = 16 * self.audio_heads as u64 * window * window;
        let activations = 64 * width * window;
        kept + attention + activations + 16 * self.vocabulary as u64
    }
}

/// Storage of a tensor: ggml's type number, and bytes for a block of so many values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Storage {
    id: u32,
    block: u64,
    bytes: u64,
}

const F32: Storage = Storage {
    id: 0,
    block: 1,
    bytes: 4,
};
const F16: Storage = Storage {
    id: 1,
    block: 1,
    bytes: 2,
};

/// Storage of the large tensors for a file type (`ggml.h`, `enum ggml_ftype` and `ggml_type`).
fn storage_of(ftype: u32) -> Option<Storage> {
    let (id, block, bytes) = match ftype {
        0 => return Some(F32),
        1 => return Some(F16),
        2 => (2, 32, 18),    // q4_0
        3 => (3, 32, 20),    // q4_1
        7 => (8, 32, 34),    // q8_0
        8 => (6, 32, 22),    // q5_0
        9 => (7, 32, 24),    // q5_1
        10 => (10, 256, 84), // q2_K
        11 => (11, 256, 110),
        12 => (12, 256, 144),
        13 => (13, 256, 176),
        14 => (14, 256, 210), // q6_K
        _ => return None,
    };
    Some(Storage { id, block, bytes })
}

/// One tensor the header promises: sizes, fastest first, and storage.
#[derive(Clone, Copy, Debug)]
struct Expected {
    sizes: [u32; 3],
    storage: Storage,
}

/// Where a tensor lies in its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// Offset of its first byte.
    pub at: u64,
    /// Sizes, fastest first.
    pub sizes: [u32; 3],
    /// ggml's number for its storage type.
    pub storage: u32,
}

/// A file's parts, all inside the file and as large as its header promises.
#[derive(Debug)]
pub(super) struct Layout {
    /// The sizes.
    pub header: Header,
    /// Offset of the mel filters' floats, `mels` times 201.
    pub filters_at: u64,
    /// Offset of the vocabulary's count.
    pub vocabulary_at: u64,
    /// By name.
    pub tensors: HashMap<String, Place>,
}

impl Expected {
    fn bytes(&self) -> u64 {
        // Bounded by the header's limits: at most 51866 * 4096 * 4.
        let values: u64 = self.sizes.iter().map(|&s| u64::from(s)).product();
        values / self.storage.block * self.storage.bytes
    }
}

/// Reads the whole structure of a ggml whisper file, or of a Hugging Face folder (not the weights'
/// values), and returns its header.
///
/// # Errors
/// [`Error::ModelRead`] where the file cannot be read, [`Error::ModelRefused`] with the reason where
/// anything in it is not as whisper.cpp needs it.
pub fn check_model(path: &Path) -> Result<Header, Error> {
    if path.is_dir() {
        return native::folder_header(path);
    }
    layout(path).map(|layout| layout.header)
}

/// The same, and where everything lies.
pub(super) fn layout(path: &Path) -> Result<Layout, Error> {
    let read_error = |source| Error::ModelRead {
        path: path.to_owned(),
        source,
    };
    let file = File::open(path).map_err(read_error)?;
    let metadata = file.metadata().map_err(read_error)?;
    let checked = if metadata.is_file() {
        Walk {
            input: BufReader::with_capacity(1 << 16, file),
            left: metadata.len(),
            length: metadata.len(),
        }
        .run()
    } else {
        Err(Fault::wrong("it is no file"))
    };
    checked.map_err(|fault| match fault {
        Fault::Io(source) => read_error(source),
        Fault::Wrong(reason) => Error::ModelRefused {
            path: path.to_owned(),
            reason,
        },
    })
}

/// Whether sizes are those of a multilingual Whisper model; otherwise what is wrong with them.
pub(super) fn check_header(h: &Header) -> Result<(), String> {
    if h.vocabulary == VOCABULARY_ENGLISH {
        return Err("it knows English only; a multilingual model is needed".into());
    }
    if !VOCABULARIES.contains(&h.vocabulary) {
        return Err(format!(
            "its vocabulary has {} tokens, Whisper's has 51865 or 51866",
            h.vocabulary
        ));
    }
    for (value, what, low, high) in [
        (h.audio_ctx, "audio positions", 16, 1500),
        (h.width, "channels", 8, 2048),
        (h.audio_heads, "audio heads", 1, 64),
        (h.audio_layers, "audio layers", 1, 48),
        (h.text_ctx, "text positions", 16, 448),
        (h.text_heads, "text heads", 1, 64),
        (h.text_layers, "text layers", 1, 48),
    ] {
        if !(low..=high).contains(&value) {
            return Err(format!(
                "it states {value} {what} ({low} to {high} are known)"
            ));
        }
    }
    if !h.width.is_multiple_of(h.audio_heads) || !h.width.is_multiple_of(h.text_heads) {
        return Err("its width is no multiple of its heads".into());
    }
    if h.mels != 80 && h.mels != 128 {
        return Err(format!("it has {} mel bands, not 80 or 128", h.mels));
    }
    match storage_of(h.ftype) {
        None => Err(format!("its file type {} is not known", h.ftype)),
        Some(s) if u64::from(h.width) % s.block != 0 => {
            Err("its width does not fit its quantisation".into())
        }
        Some(_) => Ok(()),
    }
}

/// The sizes, fastest first, of every tensor of a model with this header, by name.
pub(super) fn tensors_of(h: &Header) -> HashMap<String, [u32; 3]> {
    let all = expected_tensors(h).into_iter();
    all.map(|(name, tensor)| (name, tensor.sizes)).collect()
}

/// Why a walk ended early.
enum Fault {
    Io(std::io::Error),
    Wrong(String),
}

impl Fault {
    fn wrong(reason: impl Into<String>) -> Self {
        Fault::Wrong(reason.into())
    }
}

/// A reader that knows how many bytes are left, so that no count in the file can ask for more.
struct Walk {
    input: BufReader<File>,
    left: u64,
    length: u64,
}

impl Walk {
    fn run(mut self) -> Result<Layout, Fault> {
        self.magic()?;
        let header = self.header()?;
        self.mel_filters(&header)?;
        let vocabulary_at = self.position();
        let filters = u64::from(header.mels) * u64::from(N_FFT) * 4;
        self.vocabulary(&header)?;
        let tensors = self.tensors(&header)?;
        Ok(Layout {
            header,
            filters_at: vocabulary_at.saturating_sub(filters),
            vocabulary_at,
            tensors,
        })
    }

    fn position(&self) -> u64 {
        self.length.saturating_sub(self.left)
    }

    fn take(&mut self, bytes: u64, what: &str) -> Result<(), Fault> {
        match self.left.checked_sub(bytes) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(Fault::Wrong(format!("it ends in the middle of {what}"))),
        }
    }

    fn number(&mut self, what: &str) -> Result<u32, Fault> {
        self.take(4, what)?;
        let mut bytes = [0; 4];
        self.input.read_exact(&mut bytes).map_err(Fault::Io)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn skip(&mut self, bytes: u64, what: &str) -> Result<(), Fault> {
        self.take(bytes, what)?;
        let offset = i64::try_from(bytes).map_err(|_| Fault::wrong("it is too large"))?;
        self.input.seek_relative(offset).map_err(Fault::Io)
    }

    fn magic(&mut self) -> Result<(), Fault> {
        let magic = self.number("its first four bytes")?;
        if magic == MAGIC {
            return Ok(());
        }
        Err(Fault::wrong(match &magic.to_le_bytes() {
            b"GGUF" => "it is a GGUF file; whisper.cpp reads only ggml files (ggml-*.bin)",
            b"PK\x03\x04" => "it is a PyTorch or zip file, not a ggml file",
            _ => "it is no ggml file",
        }))
    }

    fn header(&mut self) -> Result<Header, Fault> {
        let mut numbers = [0; 11];
        for number in &mut numbers {
            *number = self.number("its header")?;
        }
        let [
            vocabulary,
            audio_ctx,
            width,
            audio_heads,
            audio_layers,
            text_ctx,
            text_width,
            text_heads,
            text_layers,
            mels,
            ftype,
        ] = numbers;
        let header = Header {
            vocabulary,
            audio_ctx,
            width,
            audio_heads,
            audio_layers,
            text_ctx,
            text_heads,
            text_layers,
            mels,
            ftype: ftype % 1000,
        };
        check_header(&header).map_err(Fault::Wrong)?;
        if text_width != width {
            return Err(Fault::wrong("its encoder and decoder differ in width"));
        }
        Ok(header)
    }

    fn mel_filters(&mut self, header: &Header) -> Result<(), Fault> {
        let mels = self.number("its mel filters")?;
        let bins = self.number("its mel filters")?;
        if mels != header.mels || bins != N_FFT {
            return Err(Fault::Wrong(format!(
                "its mel filters are {mels} by {bins}, not {} by {N_FFT}",
                header.mels
            )));
        }
        self.skip(u64::from(mels) * u64::from(bins) * 4, "its mel filters")
    }

    fn vocabulary(&mut self, header: &Header) -> Result<(), Fault> {
        let count = self.number("its vocabulary")?;
        if !(TEXT_TOKENS..=header.vocabulary).contains(&count) {
            return Err(Fault::Wrong(format!("its vocabulary lists {count} tokens")));
        }
        for _ in 0..count {
            let bytes = self.number("its vocabulary")?;
            if bytes > MAX_TOKEN_BYTES {
                return Err(Fault::Wrong(format!(
                    "its vocabulary has a token of {bytes} bytes"
                )));
            }
            self.skip(u64::from(bytes), "its vocabulary")?;
        }
        Ok(())
    }

    fn tensors(&mut self, header: &Header) -> Result<HashMap<String, Place>, Fault> {
        let mut places = HashMap::new();
        let mut expected = expected_tensors(header);
        let data: u64 = expected.values().map(Expected::bytes).sum();
        if data > self.left {
            return Err(Fault::Wrong(format!(
                "it is cut short: its weights need {data} bytes, {} are left",
                self.left
            )));
        }
        while self.left > 0 {
            let dimensions = self.number("a tensor")?;
            let name_bytes = self.number("a tensor")?;
            let storage = self.number("a tensor")?;
            if !(1..=3).contains(&dimensions) || name_bytes == 0 || name_bytes > MAX_NAME_BYTES {
                return Err(Fault::wrong("a tensor in it has an impossible header"));
            }
            let mut sizes = [1; 3];
            for size in sizes.iter_mut().take(dimensions as usize) {
                *size = self.number("a tensor")?;
            }
            self.take(u64::from(name_bytes), "the name of a tensor")?;
            let mut name = vec![0; name_bytes as usize];
            self.input.read_exact(&mut name).map_err(Fault::Io)?;
            let name = String::from_utf8_lossy(&name).into_owned();
            let Some(tensor) = expected.remove(&name) else {
                return Err(Fault::Wrong(format!(
                    "tensor {name:?} is unknown or there twice"
                )));
            };
            if tensor.sizes != sizes || tensor.storage.id != storage {
                return Err(Fault::Wrong(format!(
                    "tensor {name:?} has the wrong shape or type"
                )));
            }
            let place = Place {
                at: self.position(),
                sizes,
                storage,
            };
            places.insert(name, place);
            self.skip(tensor.bytes(), "a tensor")?;
        }
        match expected.len() {
            0 => Ok(places),
            missing => Err(Fault::Wrong(format!(
                "{missing} of its tensors are missing"
            ))),
        }
    }
}

/// Every tensor of a whisper model with this header.
fn expected_tensors(h: &Header) -> HashMap<String, Expected> {
    // The header was checked, so the type is known; F32 keeps this function total.
    let large = storage_of(h.ftype).unwrap_or(F32);
    let conv = if large == F32 { F32 } else { F16 };
    let (w, mut all) = (h.width, HashMap::new());
    let mut add = |name: String, sizes: [u32; 3], storage: Storage| {
        all.insert(name, Expected { sizes, storage });
    };
    add(
        "encoder.positional_embedding".into(),
        [w, h.audio_ctx, 1],
        F32,
    );
    add("encoder.conv1.weight".into(), [3, h.mels, w], conv);
    add("encoder.conv1.bias".into(), [1, w, 1], F32);
    add("encoder.conv2.weight".into(), [3, w, w], conv);
    add("encoder.conv2.bias".into(), [1, w, 1], F32);
    add(
        "decoder.positional_embedding".into(),
        [w, h.text_ctx, 1],
        F32,
    );
    add(
        "decoder.token_embedding.weight".into(),
        [w, h.vocabulary, 1],
        large,
    );
    for norm in ["encoder.ln_post", "decoder.ln"] {
        add(format!("{norm}.weight"), [w, 1, 1], F32);
        add(format!("{norm}.bias"), [w, 1, 1], F32);
    }
    for (side, layers) in [("encoder", h.audio_layers), ("decoder", h.text_layers)] {
        let attentions: &[&str] = if side == "encoder" {
            &["attn"]
        } else {
            &["attn", "cross_attn"]
        };
        for layer in 0..layers {
            let block = format!("{side}.blocks.{layer}");
            for attention in attentions {
                for part in ["query", "key", "value", "out"] {
                    add(
                        format!("{block}.{attention}.{part}.weight"),
                        [w, w, 1],
                        large,
                    );
                    if part != "key" {
                        add(format!("{block}.{attention}.{part}.bias"), [w, 1, 1], F32);
                    }
                }
                add(format!("{block}.{attention}_ln.weight"), [w, 1, 1], F32);
                add(format!("{block}.{attention}_ln.bias"), [w, 1, 1], F32);
            }
            add(format!("{block}.mlp_ln.weight"), [w, 1, 1], F32);
            add(format!("{block}.mlp_ln.bias"), [w, 1, 1], F32);
            add(format!("{block}.mlp.0.weight"), [w, 4 * w, 1], large);
            add(format!("{block}.mlp.0.bias"), [4 * w, 1, 1], F32);
            add(format!("{block}.mlp.2.weight"), [4 * w, w, 1], large);
            add(format!("{block}.mlp.2.bias"), [w, 1, 1], F32);
        }
    }
    all
}
