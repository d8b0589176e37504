//! Reads tensors from safetensors files, one at a time, each checked before memory is taken for it.
//!
//! Format: 8 bytes little-endian header length, a JSON header with `dtype`, `shape` and
//! `data_offsets` a tensor, then the data (<https://huggingface.co/docs/safetensors>).

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use half::slice::HalfFloatSliceExt;
use serde::Deserialize;

/// The format's own limit for the header, in bytes.
const LONGEST_HEADER: u64 = 100 << 20;
/// Longest index of shards that is read, in bytes.
const LONGEST_INDEX: u64 = 64 << 20;

/// What PyTorch writes by itself, in one file or several.
const PICKLED: [&str; 2] = ["pytorch_model.bin", "pytorch_model.bin.index.json"];

/// Why a checkpoint cannot be read. Whoever asks says what the checkpoint was for.
#[derive(Debug)]
pub enum Error {
    /// A file cannot be opened or read.
    Read {
        /// The operating system's reason.
        cause: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The index of the shards is not what it should be.
    Index {
        /// What is wrong.
        problem: String,
        /// The file.
        path: PathBuf,
    },
    /// The weights are damaged or belong to another model.
    Weights {
        /// Which tensor, and why.
        problem: String,
        /// The file.
        path: PathBuf,
    },
    /// Somebody asked to stop.
    Stopped,
}

/// What helps with weights in PyTorch's own form, which are not damaged, only in another form.
pub const PICKLED_HELP: &str = "Bring the model into safetensors once, as models/README.md shows, or get a copy that \
                                has model.safetensors.";

/// Whether a file is in PyTorch's own form, which is not read.
pub fn is_pickled(path: &Path) -> bool {
    PICKLED.iter().any(|name| path.ends_with(name))
}

/// The tensors of one checkpoint, in one file or several. Nothing is read until it is asked for.
pub struct Weights {
    files: Vec<Shard>,
    /// Tensor name to place in `files`.
    names: HashMap<String, usize>,
    /// What to name when a tensor is in no file.
    root: PathBuf,
    /// Raised, it ends the reading.
    stop: Arc<AtomicBool>,
}

struct Shard {
    path: PathBuf,
    file: File,
    /// Where the data begins, in bytes.
    data_start: u64,
    tensors: HashMap<String, Entry>,
}

/// How the numbers of a tensor are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    /// Four bytes.
    F32,
    /// Half precision, two bytes.
    F16,
    /// The upper half of an f32, two bytes.
    Bf16,
    /// Whole numbers that a tensor of scales belongs to.
    I8,
    /// Bytes of ggml's blocks, in rows of as many bytes as a row of the matrix takes.
    U8,
}

impl Numbers {
    const fn width(self) -> u64 {
        match self {
            Numbers::F32 => 4,
            Numbers::F16 | Numbers::Bf16 => 2,
            Numbers::I8 | Numbers::U8 => 1,
        }
    }
}

struct Entry {
    numbers: Numbers,
    shape: Vec<usize>,
    /// Bytes from `data_start`.
    start: u64,
    bytes: usize,
}

#[derive(Deserialize)]
struct RawEntry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: (u64, u64),
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

impl Weights {
    /// Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names.
    ///
    /// # Errors
    /// [`Error`], naming the file and, where it is one tensor's fault, the tensor.
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let single = dir.join("model.safetensors");
        let index = dir.join("model.safetensors.index.json");
        if !single.exists() && index.exists() {
            return Self::open_sharded(dir, index);
        }
        let pickled = PICKLED.map(|name| dir.join(name));
        if let Some(path) = pickled
            .into_iter()
            .find(|path| !single.exists() && path.exists())
        {
            let problem =
                "the weights are in PyTorch's form only, which can hold programs and is not read";
            return Err(bad(&path, problem.to_owned()));
        }
        Self::open_file(single)
    }

    /// Opens one file.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_file(path: PathBuf) -> Result<Self, Error> {
        let shard = Shard::open(path.clone())?;
        let names = shard.tensors.keys().map(|name| (name.clone(), 0)).collect();
        Ok(Self {
            files: vec![shard],
            names,
            root: path,
            stop: Arc::default(),
        })
    }

    fn open_sharded(dir: &Path, index: PathBuf) -> Result<Self, Error> {
        let map = read_index(&index)?;
        let mut files: Vec<Shard> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let mut names = HashMap::new();
        for (tensor, file) in &map.weight_map {
            let place = match places.get(file.as_str()) {
                Some(place) => *place,
                None => {
                    // A name with a folder in it could read any file of the machine.
                    if Path::new(file)
                        .file_name()
                        .is_none_or(|name| name != file.as_str())
                    {
                        let problem = format!("'{file}' is not the name of a file in this folder");
                        return Err(Error::Index {
                            problem,
                            path: index,
                        });
                    }
                    files.push(Shard::open(dir.join(file))?);
                    let place = files.len().saturating_sub(1);
                    places.insert(file, place);
                    place
                }
            };
            names.insert(tensor.clone(), place);
        }
        Ok(Self {
            files,
            names,
            root: index,
            stop: Arc::default(),
        })
    }

    /// The same, for somebody who may raise this flag while it is read: every piece of a tensor that is asked for
    /// then is [`Error::Stopped`].
    pub fn until(self, stop: &Arc<AtomicBool>) -> Self {
        Self {
            stop: Arc::clone(stop),
            ..self
        }
    }

    /// An error about the checkpoint as a whole.
    pub fn refuse(&self, problem: String) -> Error {
        bad(&self.root, problem)
    }

    /// The shape of the tensor `name`, where it is there.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        let shard = self.names.get(name).and_then(|at| self.files.get(*at))?;
        shard.tensors.get(name).map(|entry| entry.shape.as_slice())
    }

    /// Whether a tensor of this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// The numbers of the tensor `name`, which must have exactly `shape` and only finite numbers.
    ///
    /// # Errors
    /// A tensor that is missing, has another shape or holds a number that is none.
    pub fn floats(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, Error> {
        let rows = shape.first().copied().unwrap_or(1);
        let mut values = Vec::new();
        self.read_floats(name, shape, 0..rows, &mut values)?;
        Ok(values)
    }

    /// Reads some rows of the tensor `name` of this shape into `values`, as f32; all must be finite.
    ///
    /// # Errors
    /// As [`Self::floats`].
    pub fn read_floats(
        &mut self,
        name: &str,
        shape: &[usize],
        rows: Range<usize>,
        values: &mut Vec<f32>,
    ) -> Result<(), Error> {
        let mut data = Vec::new();
        let numbers = self.read_rows(name, shape, rows, &mut data)?;
        values.clear();
        match numbers {
            Numbers::F32 => {
                let (quads, _) = data.as_chunks::<4>();
                values.extend(quads.iter().map(|b| f32::from_le_bytes(*b)));
            }
            Numbers::Bf16 => {
                let (pairs, _) = data.as_chunks::<2>();
                let widen = |b: &[u8; 2]| half::bf16::from_le_bytes(*b).to_f32();
                values.extend(pairs.iter().map(widen));
            }
            Numbers::F16 => {
                let (pairs, _) = data.as_chunks::<2>();
                let halves: Vec<half::f16> =
                    pairs.iter().map(|b| half::f16::from_le_bytes(*b)).collect();
                values.resize(halves.len(), 0.0);
                halves.convert_to_f32_slice(values);
            }
            Numbers::I8 | Numbers::U8 => {
                let problem =
                    format!("the tensor '{name}' is stored in 8 bits, which it cannot be");
                return Err(self.refuse(problem));
            }
        }
        // All exponent bits set means infinite or NaN. On bits the loop needs no order, so it is fast.
        const EXPONENT: u32 = 0x7f80_0000;
        let broken = values
            .iter()
            .fold(false, |bad, v| bad | (v.to_bits() & EXPONENT == EXPONENT));
        if broken {
            let problem =
                format!("the tensor '{name}' holds a number that is infinite or none (NaN)");
            return Err(bad(self.place(name), problem));
        }
        Ok(())
    }

    /// How the tensor `name` is stored, which must have exactly `shape`.
    ///
    /// # Errors
    /// A tensor that is missing or has another shape.
    pub fn numbers(&self, name: &str, shape: &[usize]) -> Result<Numbers, Error> {
        self.entry(name, shape).map(|(_, entry)| entry.numbers)
    }

    /// Reads the bytes of some rows, the first dimension of `shape`, into `data`.
    ///
    /// # Errors
    /// As [`Self::numbers`], where the file cannot be read, and a stop.
    pub fn read_rows(
        &mut self,
        name: &str,
        shape: &[usize],
        rows: Range<usize>,
        data: &mut Vec<u8>,
    ) -> Result<Numbers, Error> {
        if self.stop.load(Ordering::Acquire) {
            return Err(Error::Stopped);
        }
        let (shard, entry) = self.entry(name, shape)?;
        let row = entry.bytes / shape.first().copied().unwrap_or(1).max(1);
        let from = rows.start.saturating_mul(row);
        let to = rows.end.saturating_mul(row).min(entry.bytes);
        let seek = SeekFrom::Start(
            shard
                .data_start
                .saturating_add(entry.start)
                .saturating_add(from as u64),
        );
        data.resize(to.saturating_sub(from), 0);
        let mut file = &shard.file;
        file.seek(seek)
            .and_then(|_| file.read_exact(data))
            .map_err(|cause| Error::Read {
                cause,
                path: shard.path.clone(),
            })?;
        Ok(entry.numbers)
    }

    /// The file that holds the tensor `name`.
    fn place(&self, name: &str) -> &Path {
        self.names
            .get(name)
            .and_then(|place| self.files.get(*place))
            .map_or(&self.root, |shard| &shard.path)
    }

    fn entry(&self, name: &str, shape: &[usize]) -> Result<(&Shard, &Entry), Error> {
        let missing = || bad(self.place(name), format!("the tensor '{name}' is missing"));
        let shard = self
            .names
            .get(name)
            .and_then(|place| self.files.get(*place))
            .ok_or_else(missing)?;
        let entry = shard.tensors.get(name).ok_or_else(missing)?;
        if entry.shape != shape {
            let problem = format!(
                "the tensor '{name}' has shape {:?}, config.json asks for {shape:?}",
                entry.shape
            );
            return Err(bad(&shard.path, problem));
        }
        Ok((shard, entry))
    }
}

impl Shard {
    fn open(path: PathBuf) -> Result<Self, Error> {
        let read = |cause| Error::Read {
            cause,
            path: path.clone(),
        };
        let mut file = File::open(&path).map_err(read)?;
        let file_len = file.metadata().map_err(read)?.len();
        let mut len = [0u8; 8];
        if file_len < 8 {
            return Err(bad(
                &path,
                "the file is cut short before its header".to_owned(),
            ));
        }
        file.read_exact(&mut len).map_err(read)?;
        let header_len = u64::from_le_bytes(len);
        if header_len > LONGEST_HEADER || header_len > file_len.saturating_sub(8) {
            return Err(bad(
                &path,
                "the file is cut short or is no safetensors file".to_owned(),
            ));
        }
        let mut header = vec![0u8; header_len as usize];
        file.read_exact(&mut header).map_err(read)?;
        let raw: HashMap<String, serde_json::Value> = serde_json::from_slice(&header)
            .map_err(|e| bad(&path, format!("the header is damaged ({e})")))?;
        let data_start = header_len.saturating_add(8);
        let data_len = file_len.saturating_sub(data_start);
        let mut tensors = HashMap::new();
        for (name, value) in raw {
            if name == "__metadata__" {
                continue;
            }
            let entry = serde_json::from_value::<RawEntry>(value)
                .map_err(|e| e.to_string())
                .and_then(|raw| Entry::check(raw, data_len))
                .map_err(|e| bad(&path, format!("the tensor '{name}': {e}")))?;
            if let Some(entry) = entry {
                tensors.insert(name, entry);
            }
        }
        Ok(Self {
            path,
            file,
            data_start,
            tensors,
        })
    }
}

impl Entry {
    /// The entry, or `None` for a number type that no weight of this model can have.
    fn check(raw: RawEntry, data_len: u64) -> Result<Option<Self>, String> {
        let numbers = match raw.dtype.as_str() {
            "F32" => Numbers::F32,
            "F16" => Numbers::F16,
            "BF16" => Numbers::Bf16,
            "I8" => Numbers::I8,
            "U8" => Numbers::U8,
            _ => return Ok(None),
        };
        let (start, end) = raw.data_offsets;
        if start > end || end > data_len {
            return Err("its data lies beyond the end of the file (cut short?)".to_owned());
        }
        let wanted = raw
            .shape
            .iter()
            .try_fold(numbers.width(), |bytes, dim| bytes.checked_mul(*dim));
        let bytes = end.saturating_sub(start);
        if wanted != Some(bytes) {
            return Err(format!(
                "its shape {:?} does not fit its {bytes} bytes",
                raw.shape
            ));
        }
        let shape = raw.shape.iter().map(|dim| usize::try_from(*dim));
        let shape = shape
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| e.to_string())?;
        let bytes = usize::try_from(bytes).map_err(|e| e.to_string())?;
        Ok(Some(Self {
            numbers,
            shape,
            start,
            bytes,
        }))
    }
}

fn read_index(path: &Path) -> Result<Index, Error> {
    let read = |cause| Error::Read {
        cause,
        path: path.to_owned(),
    };
    let wrong = |problem| Error::Index {
        problem,
        path: path.to_owned(),
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(read)?;
    file.take(LONGEST_INDEX.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(read)?;
    if bytes.len() as u64 > LONGEST_INDEX {
        return Err(wrong(format!(
            "the file is longer than {LONGEST_INDEX} bytes"
        )));
    }
    serde_json::from_slice(&bytes).map_err(|e| wrong(e.to_string()))
}

fn bad(path: &Path, problem: String) -> Error {
    Error::Weights {
        problem,
        path: path.to_owned(),
    }
}
