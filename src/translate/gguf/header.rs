//! Reads the header of a GGUF file: each count and size is checked against the file before memory is taken
//! for it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};

use super::{Entry, MAGIC, Value};

/// Longest text value, in bytes; a chat template is the longest there is.
const LONGEST_TEXT: u64 = 1 << 20;
/// Most metadata entries, and most tensors.
const MOST_ENTRIES: u64 = 1 << 16;
/// Most elements of one metadata list; the merges of a large vocabulary are the longest.
const MOST_ELEMENTS: u64 = 1 << 22;
/// Largest dimension of a tensor.
const LARGEST_DIMENSION: u64 = 1 << 28;

/// Reads the header from the front, never beyond `end`.
pub(super) struct Header {
    pub input: BufReader<File>,
    /// Bytes read so far.
    pub at: u64,
    pub end: u64,
}

type Contents = (HashMap<String, Value>, HashMap<String, Entry>);

impl Header {
    pub fn read(&mut self) -> Result<Contents, String> {
        if self.u32()? != MAGIC {
            return Err("the file is no GGUF file".to_owned());
        }
        let version = self.u32()?;
        if !(2..=3).contains(&version) {
            return Err(format!(
                "GGUF version {version}, this program reads 2 and 3"
            ));
        }
        let tensor_count = self.count("tensors", MOST_ENTRIES, 24)?;
        let value_count = self.count("metadata entries", MOST_ENTRIES, 13)?;
        let mut metadata = HashMap::new();
        for _ in 0..value_count {
            let key = self.text()?;
            let code = self.u32()?;
            let value = self
                .value(code)
                .map_err(|problem| format!("{problem}, in the metadata entry '{key}'"))?;
            metadata.insert(key, value);
        }
        let mut tensors = HashMap::new();
        for _ in 0..tensor_count {
            let name = self.text()?;
            let entry = self
                .entry()
                .map_err(|problem| format!("{problem}, in the tensor '{name}'"))?;
            if tensors.insert(name.clone(), entry).is_some() {
                return Err(format!("the tensor '{name}' is listed twice"));
            }
        }
        Ok((metadata, tensors))
    }

    fn entry(&mut self) -> Result<Entry, String> {
        let dimensions = self.u32()?;
        if !(1..=4).contains(&dimensions) {
            return Err(format!("{dimensions} dimensions, must be 1 to 4"));
        }
        let mut shape = Vec::new();
        for _ in 0..dimensions {
            let dimension = self.u64()?;
            if !(1..=LARGEST_DIMENSION).contains(&dimension) {
                return Err(format!("a dimension of {dimension}"));
            }
            shape.push(dimension as usize);
        }
        shape.reverse();
        Ok(Entry {
            shape,
            format: self.u32()?,
            offset: self.u64()?,
        })
    }

    fn value(&mut self, code: u32) -> Result<Value, String> {
        Ok(match code {
            6 => Value::Float(f64::from(f32::from_le_bytes(self.bytes()?))),
            12 => Value::Float(f64::from_le_bytes(self.bytes()?)),
            8 => Value::Text(self.text()?),
            9 => self.list()?,
            _ => Value::Whole(self.whole(code)?),
        })
    }

    fn whole(&mut self, code: u32) -> Result<i128, String> {
        Ok(match code {
            0 | 7 => i128::from(u8::from_le_bytes(self.bytes()?)),
            1 => i128::from(i8::from_le_bytes(self.bytes()?)),
            2 => i128::from(u16::from_le_bytes(self.bytes()?)),
            3 => i128::from(i16::from_le_bytes(self.bytes()?)),
            4 => i128::from(self.u32()?),
            5 => i128::from(i32::from_le_bytes(self.bytes()?)),
            10 => i128::from(self.u64()?),
            11 => i128::from(i64::from_le_bytes(self.bytes()?)),
            _ => return Err(format!("a value of the unknown type {code}")),
        })
    }

    fn list(&mut self) -> Result<Value, String> {
        let code = self.u32()?;
        let least = match code {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            8 | 10..=12 => 8,
            _ => return Err(format!("a list of the unknown type {code}")),
        };
        let count = self.count("list elements", MOST_ELEMENTS, least)?;
        Ok(match code {
            8 => Value::Texts(
                (0..count)
                    .map(|_| self.text())
                    .collect::<Result<_, String>>()?,
            ),
            6 | 12 => {
                let mut floats = Vec::new();
                for _ in 0..count {
                    if let Value::Float(x) = self.value(code)? {
                        floats.push(x as f32);
                    }
                }
                Value::Floats(floats)
            }
            _ => {
                let mut wholes = Vec::new();
                for _ in 0..count {
                    let n = self.whole(code)?;
                    wholes.push(i64::try_from(n).map_err(|e| e.to_string())?);
                }
                Value::Wholes(wholes)
            }
        })
    }

    /// A count of things of at least `least` bytes each, which must fit into the rest of the file.
    fn count(&mut self, what: &str, most: u64, least: u64) -> Result<u64, String> {
        let count = self.u64()?;
        let room = self.end.saturating_sub(self.at);
        if count > most || count.saturating_mul(least) > room {
            return Err(format!("the file announces {count} {what} (damaged?)"));
        }
        Ok(count)
    }

    fn text(&mut self) -> Result<String, String> {
        let len = self.count("bytes of text", LONGEST_TEXT, 1)?;
        let mut bytes = vec![0_u8; len as usize];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| "a text is not UTF-8".to_owned())
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.bytes()?))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.bytes()?))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0_u8; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        let at = self.at.saturating_add(bytes.len() as u64);
        if at > self.end {
            return Err("the file is cut short in its header".to_owned());
        }
        self.input
            .read_exact(bytes)
            .map_err(|e| format!("the header cannot be read ({e})"))?;
        self.at = at;
        Ok(())
    }
}
