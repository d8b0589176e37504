//! Reads tensors from safetensors files, one at a time, each checked before memory is taken for it.
//!
//! Format: 8 bytes little-endian header length, a JSON header with `dtype`, `shape` and
//! `data_offsets` a tensor, then the data (<https://huggingface.co/docs/safetensors>).

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor};
use serde::Deserialize;

use super::Error;
use super::config::read_json;

/// The format's own limit for the header, in bytes.
const LONGEST_HEADER: u64 = 100 << 20;

/// The tensors of one checkpoint, in one file or several. Nothing is read until it is asked for.
pub(super) struct Weights {
    files: Vec<Shard>,
    /// Tensor name to place in `files`.
    names: HashMap<String, usize>,
    /// What to name when a tensor is in no file.
    root: PathBuf,
}

struct Shard {
    path: PathBuf,
    file: File,
    /// Where the data begins, in bytes.
    data_start: u64,
    tensors: HashMap<String, Entry>,
}

struct Entry {
    dtype: DType,
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
    pub fn open(dir: &Path) -> Result<Self, Error> {
        let single = dir.join("model.safetensors");
        let index = dir.join("model.safetensors.index.json");
        if !single.exists() && index.exists() {
            return Self::open_sharded(dir, index);
        }
        let shard = Shard::open(single.clone())?;
        let names = shard.tensors.keys().map(|name| (name.clone(), 0)).collect();
        Ok(Self {
            files: vec![shard],
            names,
            root: single,
        })
    }

    fn open_sharded(dir: &Path, index: PathBuf) -> Result<Self, Error> {
        let map: Index = read_json(&index)?;
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
                        return Err(Error::Config {
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
        })
    }

    /// An error about the checkpoint as a whole.
    pub fn refuse(&self, problem: String) -> Error {
        bad(&self.root, problem)
    }

    /// Whether a tensor of this name is there.
    pub fn has(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// The tensor `name` as f32, which must have exactly `shape` and only finite numbers.
    pub fn get(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, Error> {
        let missing = |path: &Path| bad(path, format!("the tensor '{name}' is missing"));
        let Some(shard) = self
            .names
            .get(name)
            .and_then(|place| self.files.get_mut(*place))
        else {
            return Err(missing(&self.root));
        };
        let Some(entry) = shard.tensors.get(name) else {
            return Err(missing(&shard.path));
        };
        if entry.shape != shape {
            let problem = format!(
                "the tensor '{name}' has shape {:?}, config.json asks for {shape:?}",
                entry.shape
            );
            return Err(bad(&shard.path, problem));
        }
        let from = SeekFrom::Start(shard.data_start.saturating_add(entry.start));
        let mut data = vec![0u8; entry.bytes];
        shard
            .file
            .seek(from)
            .and_then(|_| shard.file.read_exact(&mut data))
            .map_err(|cause| Error::Read {
                cause,
                path: shard.path.clone(),
            })?;
        let tensor = f32_tensor(&data, entry)
            .map_err(|e| bad(&shard.path, format!("the tensor '{name}': {e}")))?;
        match tensor {
            Some(tensor) => Ok(tensor),
            None => {
                let problem =
                    format!("the tensor '{name}' holds a number that is infinite or none (NaN)");
                Err(bad(&shard.path, problem))
            }
        }
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
        let (dtype, width) = match raw.dtype.as_str() {
            "F32" => (DType::F32, 4u64),
            "F16" => (DType::F16, 2),
            "BF16" => (DType::BF16, 2),
            _ => return Ok(None),
        };
        let (start, end) = raw.data_offsets;
        if start > end || end > data_len {
            return Err("its data lies beyond the end of the file (cut short?)".to_owned());
        }
        let wanted = raw
            .shape
            .iter()
            .try_fold(width, |bytes, dim| bytes.checked_mul(*dim));
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
            dtype,
            shape,
            start,
            bytes,
        }))
    }
}

/// The data as an f32 tensor; `None` when a number is infinite or NaN.
fn f32_tensor(data: &[u8], entry: &Entry) -> candle_core::Result<Option<Tensor>> {
    let values: Vec<f32> = match entry.dtype {
        DType::F32 => {
            let (quads, _) = data.as_chunks::<4>();
            quads.iter().map(|b| f32::from_le_bytes(*b)).collect()
        }
        dtype => {
            Tensor::from_raw_buffer(data, dtype, &[entry.shape.iter().product()], &Device::Cpu)?
                .to_dtype(DType::F32)?
                .to_vec1()?
        }
    };
    // All exponent bits set means infinite or NaN. On bits the loop needs no order, so it is fast.
    const EXPONENT: u32 = 0x7f80_0000;
    let broken = values
        .iter()
        .fold(false, |bad, v| bad | (v.to_bits() & EXPONENT == EXPONENT));
    if broken {
        return Ok(None);
    }
    Ok(Some(Tensor::from_vec(
        values,
        entry.shape.as_slice(),
        &Device::Cpu,
    )?))
}

fn bad(path: &Path, problem: String) -> Error {
    Error::Weights {
        problem,
        path: path.to_owned(),
    }
}
