//! Reads the parts of a ggml whisper file or of a Hugging Face folder, one tensor at a time, after
//! [`layout`] or [`Folder::open`] has passed it.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use candle_core::Device;
use candle_core::quantized::GgmlDType;
use candle_core::quantized::ggml_file::qtensor_from_ggml;

use crate::compute::kernels::{BLOCK, SUPER, SUPER_BYTES, sound_sixes};
use crate::compute::layers::{Attention, FeedForward, Norm};
use crate::compute::packed::{EIGHT_BYTES, Kept, Linear, Packed, Rows};
use crate::compute::product::Finish;
use crate::speech::Error;
use crate::speech::ggml::{Header, Layout, MAX_TOKEN_BYTES, N_FFT, Place, layout};

use super::folder::{Folder, mel_filters};

/// ggml's numbers for storage types.
const F32: u32 = 0;
const F16: u32 = 1;
const Q8_0: u32 = 8;
const Q6_K: u32 = 14;

/// The other quantised forms, by ggml's number (`ggml.h`, `enum ggml_type`).
fn quantised(storage: u32) -> Option<GgmlDType> {
    Some(match storage {
        2 => GgmlDType::Q4_0,
        3 => GgmlDType::Q4_1,
        6 => GgmlDType::Q5_0,
        7 => GgmlDType::Q5_1,
        10 => GgmlDType::Q2K,
        11 => GgmlDType::Q3K,
        12 => GgmlDType::Q4K,
        13 => GgmlDType::Q5K,
        Q6_K => GgmlDType::Q6K,
        _ => return None,
    })
}

/// An open model.
pub(super) struct ModelFile {
    pub header: Header,
    source: Source,
    /// Whether matrices keep the numbers that they are stored in.
    exact: bool,
}

enum Source {
    Ggml(GgmlFile),
    Folder(Folder),
}

/// An open ggml file.
struct GgmlFile {
    path: PathBuf,
    input: BufReader<File>,
    layout: Layout,
}

impl GgmlFile {
    fn open(path: &Path) -> Result<Self, Error> {
        let layout = layout(path)?;
        let input = File::open(path).map_err(|source| Error::ModelRead {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            path: path.to_owned(),
            input: BufReader::new(input),
            layout,
        })
    }

    fn refuse(&self, reason: String) -> Error {
        Error::ModelRefused {
            path: self.path.clone(),
            reason,
        }
    }

    fn seek(&mut self, at: u64) -> Result<(), Error> {
        let found = self.input.seek(SeekFrom::Start(at));
        found.map(|_| ()).map_err(|source| self.unread(source))
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        let read = self.input.read_exact(bytes);
        read.map_err(|source| self.unread(source))
    }

    fn unread(&self, source: std::io::Error) -> Error {
        Error::ModelRead {
            path: self.path.clone(),
            source,
        }
    }

    fn number(&mut self) -> Result<u32, Error> {
        let mut bytes = [0; 4];
        self.read(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// The mel filters, `(mels, 201)`.
    fn filters(&mut self) -> Result<Vec<f32>, Error> {
        self.seek(self.layout.filters_at)?;
        // The header was checked: at most 128 times 201.
        let count = self.layout.header.mels.saturating_mul(N_FFT) as usize;
        let mut bytes = vec![0; count.saturating_mul(4)];
        self.read(&mut bytes)?;
        let (quads, _) = bytes.as_chunks::<4>();
        let filters: Vec<f32> = quads.iter().map(|b| f32::from_le_bytes(*b)).collect();
        if filters.iter().all(|x| x.is_finite()) {
            return Ok(filters);
        }
        Err(self.refuse("its mel filters hold a number that is infinite or none (NaN)".into()))
    }

    /// The bytes of the tokens that the file lists, in order.
    fn vocabulary(&mut self) -> Result<Vec<Box<[u8]>>, Error> {
        self.seek(self.layout.vocabulary_at)?;
        let count = self.number()?.min(self.layout.header.vocabulary);
        let mut tokens = Vec::with_capacity(count as usize);
        for _ in 0..count {
            let length = self.number()?.min(MAX_TOKEN_BYTES);
            let mut bytes = vec![0; length as usize].into_boxed_slice();
            self.read(&mut bytes)?;
            tokens.push(bytes);
        }
        Ok(tokens)
    }

    fn place(&self, name: &str) -> Result<Place, Error> {
        let place = self.layout.tensors.get(name).copied();
        place.ok_or_else(|| self.refuse(format!("tensor {name:?} is missing")))
    }

    /// A tensor of f32 or f16 numbers, in the file's order.
    fn floats(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        let place = self.place(name)?;
        let count: usize = place.sizes.iter().map(|&size| size as usize).product();
        let mut floats = Vec::new();
        self.read_floats(name, place, 0..1, count, &mut floats)?;
        Ok(floats)
    }

    /// Some rows of `inputs` numbers of a tensor of f32 or f16 numbers.
    fn read_floats(
        &mut self,
        name: &str,
        place: Place,
        rows: Range<usize>,
        inputs: usize,
        floats: &mut Vec<f32>,
    ) -> Result<(), Error> {
        let width = match place.storage {
            F32 => 4,
            F16 => 2,
            _ => return self.read_widened(name, place, rows, inputs, floats),
        };
        let mut bytes = vec![0; rows.len().saturating_mul(inputs).saturating_mul(width)];
        let before = rows.start.saturating_mul(inputs).saturating_mul(width);
        self.seek(place.at.saturating_add(before as u64))?;
        self.read(&mut bytes)?;
        if width == 4 {
            let (quads, _) = bytes.as_chunks::<4>();
            floats.extend(quads.iter().map(|b| f32::from_le_bytes(*b)));
        } else {
            let (pairs, _) = bytes.as_chunks::<2>();
            let widen = |b: &[u8; 2]| half::f16::from_le_bytes(*b).to_f32();
            floats.extend(pairs.iter().map(widen));
        }
        self.check(name, floats.iter().all(|x| x.is_finite()))
    }

    fn check(&self, name: &str, finite: bool) -> Result<(), Error> {
        if finite {
            return Ok(());
        }
        Err(self.refuse(format!(
            "tensor {name:?} holds a number that is infinite or none (NaN)"
        )))
    }

    /// The same of the other quantised forms. The header was checked: a row holds whole blocks.
    fn read_widened(
        &mut self,
        name: &str,
        place: Place,
        rows: Range<usize>,
        inputs: usize,
        floats: &mut Vec<f32>,
    ) -> Result<(), Error> {
        let Some(form) = quantised(place.storage) else {
            let storage = place.storage;
            let reason = format!("tensor {name:?} is stored in ggml's type {storage}");
            return Err(self.refuse(reason));
        };
        let row_bytes = (inputs / form.block_size()).saturating_mul(form.type_size());
        let mut bytes = vec![0; rows.len().saturating_mul(row_bytes)];
        let before = rows.start.saturating_mul(row_bytes);
        self.seek(place.at.saturating_add(before as u64))?;
        self.read(&mut bytes)?;
        let widen = || {
            qtensor_from_ggml(form, &bytes, vec![rows.len(), inputs], &Device::Cpu)?
                .dequantize(&Device::Cpu)?
                .flatten_all()?
                .to_vec1::<f32>()
        };
        let widened = widen().map_err(|e| self.refuse(format!("tensor {name:?}: {e}")))?;
        floats.extend(widened);
        self.check(name, floats.iter().all(|x| x.is_finite()))
    }

    /// Rows of Q8_0 blocks. The header was checked: `inputs` is a multiple of [`BLOCK`].
    fn read_blocks(
        &mut self,
        name: &str,
        place: Place,
        range: Range<usize>,
        inputs: usize,
        rows: &mut Rows,
    ) -> Result<(), Error> {
        let row_bytes = (inputs / BLOCK).saturating_mul(EIGHT_BYTES);
        let mut bytes = vec![0; range.len().saturating_mul(row_bytes)];
        let before = range.start.saturating_mul(row_bytes);
        self.seek(place.at.saturating_add(before as u64))?;
        self.read(&mut bytes)?;
        self.check(name, rows.take_eights(&bytes))
    }

    /// Rows of Q6_K blocks. The header was checked: `inputs` is a multiple of [`SUPER`].
    fn read_sixes(
        &mut self,
        name: &str,
        place: Place,
        range: Range<usize>,
        inputs: usize,
        sixes: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let row_bytes = (inputs / SUPER).saturating_mul(SUPER_BYTES);
        sixes.resize(range.len().saturating_mul(row_bytes), 0);
        let before = range.start.saturating_mul(row_bytes);
        self.seek(place.at.saturating_add(before as u64))?;
        self.read(sixes)?;
        self.check(name, sound_sixes(sixes))
    }
}

impl ModelFile {
    /// Opens and checks a ggml file or a Hugging Face folder. With `exact` matrices keep their numbers,
    /// in f16 or f32; without, they become 8 bits.
    pub fn open(path: &Path, exact: bool) -> Result<Self, Error> {
        let (header, source) = if path.is_dir() {
            let folder = Folder::open(path)?;
            (folder.header, Source::Folder(folder))
        } else {
            let file = GgmlFile::open(path)?;
            (file.layout.header, Source::Ggml(file))
        };
        Ok(Self {
            header,
            source,
            exact,
        })
    }

    /// The mel filters, `(mels, 201)`.
    pub fn filters(&mut self) -> Result<Vec<f32>, Error> {
        match &mut self.source {
            Source::Ggml(file) => file.filters(),
            Source::Folder(_) => Ok(mel_filters(self.header.mels)),
        }
    }

    /// The bytes of the text tokens, in order.
    pub fn vocabulary(&mut self) -> Result<Vec<Box<[u8]>>, Error> {
        match &mut self.source {
            Source::Ggml(file) => file.vocabulary(),
            Source::Folder(folder) => folder.vocabulary(),
        }
    }

    /// A tensor of f32 or f16 numbers, in the order in which they are stored.
    pub fn floats(&mut self, name: &str) -> Result<Vec<f32>, Error> {
        match &mut self.source {
            Source::Ggml(file) => file.floats(name),
            Source::Folder(folder) => {
                let rows = folder.shape(name).first().copied().unwrap_or_default();
                let mut floats = Vec::new();
                folder.read(name, 0..rows, &mut floats)?;
                Ok(floats)
            }
        }
    }

    /// A matrix `(outputs, inputs)`.
    pub fn matrix(&mut self, name: &str) -> Result<Packed, Error> {
        let exact = self.exact;
        let kept = |half: bool| match (exact, half) {
            (false, _) => Kept::Quant,
            (true, true) => Kept::Half,
            (true, false) => Kept::Float,
        };
        match &mut self.source {
            Source::Folder(folder) => {
                let shape = folder.shape(name);
                let [outputs, inputs] = shape[..] else {
                    return Err(folder.refuse(format!("tensor {name:?} is no matrix")));
                };
                let kept = kept(folder.is_half(name));
                Packed::build(outputs, inputs, kept, |range, rows| {
                    folder.read(name, range, &mut rows.floats)
                })
            }
            Source::Ggml(file) => {
                let place = file.place(name)?;
                let [inputs, outputs, _] = place.sizes.map(|size| size as usize);
                if place.storage == Q8_0 {
                    return Packed::build(outputs, inputs, Kept::Quant, |range, rows| {
                        file.read_blocks(name, place, range, inputs, rows)
                    });
                }
                if place.storage == Q6_K {
                    return Packed::build(outputs, inputs, Kept::Six, |range, rows| {
                        file.read_sixes(name, place, range, inputs, &mut rows.sixes)
                    });
                }
                Packed::build(
                    outputs,
                    inputs,
                    kept(place.storage == F16),
                    |range, rows| file.read_floats(name, place, range, inputs, &mut rows.floats),
                )
            }
        }
    }

    /// A convolution over three frames, `(outputs, inputs, 3)`, as a matrix whose columns run over the
    /// frames first, so that three frames that lie in a row are its input.
    pub fn convolution(&mut self, name: &str) -> Result<Linear, Error> {
        let weight = format!("{name}.weight");
        let (half, [frames, channels, outputs]) = match &self.source {
            Source::Ggml(file) => {
                let place = file.place(&weight)?;
                (place.storage == F16, place.sizes.map(|size| size as usize))
            }
            Source::Folder(folder) => {
                let shape = folder.shape(&weight);
                let [outputs, channels, frames] = shape[..] else {
                    return Err(folder.refuse(format!("tensor {weight:?} is no convolution")));
                };
                (folder.is_half(&weight), [frames, channels, outputs])
            }
        };
        let inputs = frames.saturating_mul(channels);
        let kept = if half { Kept::Half } else { Kept::Float };
        let mut row = vec![0f32; inputs];
        let source = &mut self.source;
        let weight = Packed::build(outputs, inputs, kept, |range, rows| {
            match source {
                Source::Folder(folder) => folder.read(&weight, range, &mut rows.floats)?,
                Source::Ggml(file) => {
                    let place = file.place(&weight)?;
                    file.read_floats(&weight, place, range, inputs, &mut rows.floats)?;
                }
            }
            for found in rows.floats.chunks_exact_mut(inputs.max(1)) {
                row.copy_from_slice(found);
                for (i, x) in row.iter().enumerate() {
                    let to = (i % frames).saturating_mul(channels) + i / frames;
                    if let Some(place) = found.get_mut(to) {
                        *place = *x;
                    }
                }
            }
            Ok::<(), Error>(())
        })?;
        Ok(Linear {
            weight,
            bias: Some(self.floats(&format!("{name}.bias"))?),
        })
    }

    /// `name.weight`, with `name.bias` if `biased`.
    fn linear(&mut self, name: &str, biased: bool) -> Result<Linear, Error> {
        let bias = match biased {
            true => Some(self.floats(&format!("{name}.bias"))?),
            false => None,
        };
        Ok(Linear {
            weight: self.matrix(&format!("{name}.weight"))?,
            bias,
        })
    }

    /// A layer norm.
    pub fn norm(&mut self, name: &str) -> Result<Norm, Error> {
        Ok(Norm {
            weight: self.floats(&format!("{name}.weight"))?,
            bias: self.floats(&format!("{name}.bias"))?,
        })
    }

    /// The projections of one attention; Whisper's keys have no bias.
    pub fn attention(&mut self, name: &str, heads: u32) -> Result<Attention, Error> {
        let heads = heads.max(1);
        Ok(Attention {
            query: self.linear(&format!("{name}.query"), true)?,
            key: self.linear(&format!("{name}.key"), false)?,
            value: self.linear(&format!("{name}.value"), true)?,
            out: self.linear(&format!("{name}.out"), true)?,
            heads: heads as usize,
            width: (self.header.width / heads) as usize,
        })
    }

    /// The bend of its layers. Folders mean the error function itself, as transformers computes it;
    /// ggml files are read as whisper.cpp reads them, by the tangent.
    pub fn bend(&self) -> Finish {
        match self.source {
            Source::Folder(_) => Finish::ExactGelu,
            Source::Ggml(_) => Finish::Gelu,
        }
    }

    /// The feed-forward part of a block.
    pub fn feed_forward(&mut self, block: &str) -> Result<FeedForward, Error> {
        Ok(FeedForward {
            norm: self.norm(&format!("{block}.mlp_ln"))?,
            fc1: self.linear(&format!("{block}.mlp.0"), true)?,
            fc2: self.linear(&format!("{block}.mlp.2"), true)?,
            bend: self.bend(),
        })
    }
}

#[cfg(test)]
mod tests;
