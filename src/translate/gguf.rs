//! Reads GGUF files: metadata and tensors, each count and size checked against the file before
//! memory is taken for it.
//!
//! Format: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>, versions 2 and 3. candle has
//! a reader too; this one names the file and the tensor in every refusal, bounds the header as a
//! whole, and reads a large matrix in blocks of rows.

mod header;

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::ggml_file::qtensor_from_ggml;
use candle_core::quantized::{GgmlDType, QTensor};

use super::Error;
use crate::domain::Cancel;
use header::Header;

/// `GGUF`, little-endian.
const MAGIC: u32 = 0x4655_4747;
/// The header of a model with a vocabulary of a quarter million is 20 MB; in bytes.
const LONGEST_HEADER: u64 = 256 << 20;

/// A number format: GGUF's code, candle's type, numbers and bytes a block, and where in a block its
/// f16 scales lie.
struct Format(u32, GgmlDType, u64, u64, &'static [usize]);

const FORMATS: [Format; 13] = [
    Format(0, GgmlDType::F32, 1, 4, &[]),
    Format(1, GgmlDType::F16, 1, 2, &[0]),
    Format(2, GgmlDType::Q4_0, 32, 18, &[0]),
    Format(3, GgmlDType::Q4_1, 32, 20, &[0, 2]),
    Format(6, GgmlDType::Q5_0, 32, 22, &[0]),
    Format(7, GgmlDType::Q5_1, 32, 24, &[0, 2]),
    Format(8, GgmlDType::Q8_0, 32, 34, &[0]),
    Format(10, GgmlDType::Q2K, 256, 84, &[80, 82]),
    Format(11, GgmlDType::Q3K, 256, 110, &[108]),
    Format(12, GgmlDType::Q4K, 256, 144, &[0, 2]),
    Format(13, GgmlDType::Q5K, 256, 176, &[0, 2]),
    Format(14, GgmlDType::Q6K, 256, 210, &[208]),
    Format(30, GgmlDType::BF16, 1, 2, &[]),
];

/// One metadata value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// Any whole number, and a truth value as 0 or 1.
    Whole(i128),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(String),
    /// A list of whole numbers.
    Wholes(Vec<i64>),
    /// A list of numbers with a fraction.
    Floats(Vec<f32>),
    /// A list of texts.
    Texts(Vec<String>),
}

/// An open GGUF file. Tensors are read when they are asked for.
pub(super) struct Gguf {
    path: PathBuf,
    file: File,
    metadata: HashMap<String, Value>,
    tensors: HashMap<String, Entry>,
    /// Where the data begins, in bytes.
    data_start: u64,
    cancel: Cancel,
}

struct Entry {
    /// GGUF's code of the number format.
    format: u32,
    /// Outermost dimension first, the other way round than in the file.
    shape: Vec<usize>,
    /// Bytes from the start of the data.
    offset: u64,
}

impl Gguf {
    /// Reads the header of a file.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let read = |cause| Error::Read {
            cause,
            path: path.to_owned(),
        };
        let file = File::open(path).map_err(read)?;
        let len = file.metadata().map_err(read)?.len();
        let mut header = Header {
            input: BufReader::new(file),
            at: 0,
            end: len.min(LONGEST_HEADER),
        };
        let (metadata, tensors) = header.read().map_err(|problem| bad(path, problem))?;
        let alignment = match metadata.get("general.alignment") {
            None => 32,
            Some(Value::Whole(n @ 8..=65_536)) if n.count_ones() == 1 => *n as u64,
            Some(_) => return Err(bad(path, "general.alignment cannot be right".to_owned())),
        };
        let gguf = Self {
            data_start: header.at.next_multiple_of(alignment),
            path: path.to_owned(),
            file: header.input.into_inner(),
            metadata,
            tensors,
            cancel: Cancel::new(),
        };
        for (name, entry) in &gguf.tensors {
            gguf.check(entry, len)
                .map_err(|problem| gguf.refuse(format!("the tensor '{name}': {problem}")))?;
        }
        Ok(gguf)
    }

    /// The same, for somebody who may cancel while it is read.
    pub fn until(self, cancel: &Cancel) -> Self {
        Self {
            cancel: cancel.clone(),
            ..self
        }
    }

    /// Whether the data of a tensor lies inside the file. A format that this reader does not know
    /// is refused only when the tensor is asked for.
    fn check(&self, entry: &Entry, file_len: u64) -> Result<(), String> {
        let Some(format) = format(entry.format) else {
            return Ok(());
        };
        let bytes = byte_len(format, &entry.shape)
            .ok_or_else(|| format!("its shape {:?} cannot be right", entry.shape))?;
        let end = self
            .data_start
            .checked_add(entry.offset)
            .and_then(|start| start.checked_add(bytes));
        match end {
            Some(end) if end <= file_len => Ok(()),
            _ => Err("its data lies beyond the end of the file (cut short?)".to_owned()),
        }
    }

    /// An error about the file as a whole.
    pub fn refuse(&self, problem: String) -> Error {
        bad(&self.path, problem)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether a tensor of this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    /// The shape of a tensor, outermost dimension first.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|entry| entry.shape.as_slice())
    }

    /// A metadata value.
    pub fn value(&self, key: &str) -> Option<&Value> {
        self.metadata.get(key)
    }

    /// A text of the metadata.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.value(key) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A whole number of the metadata that is not negative.
    pub fn whole(&self, key: &str) -> Option<u64> {
        match self.value(key) {
            Some(Value::Whole(n)) => u64::try_from(*n).ok(),
            _ => None,
        }
    }

    /// A number of the metadata.
    pub fn float(&self, key: &str) -> Option<f64> {
        match self.value(key) {
            Some(Value::Float(x)) => Some(*x),
            _ => None,
        }
    }

    /// candle's type for the number format of a tensor, where both know it.
    pub fn dtype(&self, name: &str, shape: &[usize]) -> Result<GgmlDType, Error> {
        Ok(self.place(name, shape)?.0.1)
    }

    /// The bytes of some rows (of the outermost dimension) of the tensor `name`, which must have exactly
    /// `shape` and in these rows only finite scales.
    pub fn rows(
        &mut self,
        name: &str,
        shape: &[usize],
        range: Range<usize>,
        bytes: &mut Vec<u8>,
    ) -> Result<(), Error> {
        if self.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let (format, start) = self.place(name, shape)?;
        let len = |rows: usize| {
            let mut part = shape.to_vec();
            if let Some(first) = part.first_mut() {
                *first = rows;
            }
            byte_len(format, &part).unwrap_or(0)
        };
        let unread = |cause| Error::Read {
            cause,
            path: self.path.clone(),
        };
        let from = start.saturating_add(len(range.start));
        self.file.seek(SeekFrom::Start(from)).map_err(unread)?;
        bytes.clear();
        bytes.resize(usize::try_from(len(range.len())).unwrap_or(0), 0);
        self.file.read_exact(bytes).map_err(unread)?;
        if finite(bytes, format.1, format.4) {
            return Ok(());
        }
        let problem = format!("the tensor '{name}' holds a number that is infinite or none (NaN)");
        Err(self.refuse(problem))
    }

    /// The format of the tensor `name`, and where in the file it begins.
    fn place(&self, name: &str, shape: &[usize]) -> Result<(&'static Format, u64), Error> {
        let Some(entry) = self.tensors.get(name) else {
            return Err(self.refuse(format!("the tensor '{name}' is missing")));
        };
        if entry.shape != shape {
            return Err(self.refuse(format!(
                "the tensor '{name}' has shape {:?}, the metadata asks for {shape:?}",
                entry.shape
            )));
        }
        let Some(format) = format(entry.format) else {
            return Err(self.refuse(format!(
                "the tensor '{name}' has the number format {}, which this program cannot read; \
                 use a file in Q8_0, Q6_K, Q5_K or Q4_K",
                entry.format
            )));
        };
        Ok((format, self.data_start.saturating_add(entry.offset)))
    }

    /// The tensor `name`, which must have exactly `shape` (outermost dimension first) and only finite
    /// scales, cut into blocks of at most `rows` rows of its outermost dimension.
    pub fn read(
        &mut self,
        name: &str,
        shape: &[usize],
        rows: usize,
    ) -> Result<Vec<QTensor>, Error> {
        let (Format(_, dtype, ..), _) = self.place(name, shape)?;
        let all = shape.first().copied().unwrap_or(1);
        let (mut blocks, mut data) = (Vec::new(), Vec::new());
        for from in (0..all).step_by(rows.max(1)) {
            let until = from.saturating_add(rows).min(all);
            self.rows(name, shape, from..until, &mut data)?;
            let mut part = shape.to_vec();
            if let Some(first) = part.first_mut() {
                *first = until.saturating_sub(from);
            }
            let block = qtensor_from_ggml(*dtype, &data, part, &Device::Cpu)
                .map_err(|e| self.refuse(format!("the tensor '{name}': {e}")))?;
            blocks.push(block);
        }
        Ok(blocks)
    }
}

/// Whether a file begins as a GGUF file does.
pub(super) fn is_gguf(path: &Path) -> bool {
    let mut magic = [0_u8; 4];
    File::open(path)
        .and_then(|mut file| file.read_exact(&mut magic))
        .is_ok()
        && u32::from_le_bytes(magic) == MAGIC
}

fn bad(path: &Path, problem: String) -> Error {
    Error::Weights {
        problem,
        path: path.to_owned(),
    }
}

fn format(code: u32) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.0 == code)
}

/// Bytes of a tensor; `None` when its rows are no whole blocks or the number is too large.
fn byte_len(format: &Format, shape: &[usize]) -> Option<u64> {
    let Format(_, _, block, bytes, _) = format;
    let row = u64::try_from(*shape.last()?).ok()?;
    if !row.is_multiple_of(*block) {
        return None;
    }
    let count = shape
        .iter()
        .try_fold(1_u64, |n, dim| n.checked_mul(u64::try_from(*dim).ok()?))?;
    (count / block).checked_mul(*bytes)
}

/// Whether all scales are finite, and with them all numbers.
fn finite(data: &[u8], dtype: GgmlDType, scales: &[usize]) -> bool {
    const F32_EXPONENT: u32 = 0x7f80_0000;
    const BF16_EXPONENT: u16 = 0x7f80;
    match dtype {
        GgmlDType::F32 => {
            let (numbers, _) = data.as_chunks::<4>();
            numbers
                .iter()
                .all(|b| u32::from_le_bytes(*b) & F32_EXPONENT != F32_EXPONENT)
        }
        GgmlDType::BF16 => {
            let (numbers, _) = data.as_chunks::<2>();
            numbers
                .iter()
                .all(|b| u16::from_le_bytes(*b) & BF16_EXPONENT != BF16_EXPONENT)
        }
        _ => data.chunks(dtype.type_size()).all(|block| {
            scales.iter().all(|at| match block.get(*at..at + 2) {
                Some([low, high]) => half::f16::from_le_bytes([*low, *high]).is_finite(),
                _ => false,
            })
        }),
    }
}
