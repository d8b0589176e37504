//! Matrices and vectors of a model, from a safetensors folder in f32 or in fewer bits, or from a GGUF
//! file as it is quantised. Where the numbers lie is this module's business, what they mean the network's.

use std::path::Path;
use std::sync::Arc;

use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{Device, Module, Tensor};

use super::Error;
use super::error::{StepError, stop_if};
use super::gguf::Gguf;
use super::linear::{Linear, with_slice};
use super::stored::{self, Stored, stored};
use crate::compute::checkpoint::Weights;
use crate::compute::packed;
use crate::compute::product::{Activations, Finish, Product};
use crate::domain::Cancel;

/// Rows of a vocabulary's matrix that are held and multiplied as one: about 30 ms in f32.
const BLOCK_ROWS: usize = 32_768;

/// Where a model's numbers come from.
pub(super) enum Source {
    /// A Hugging Face folder.
    Folder(Weights),
    /// A GGUF file.
    Gguf(Gguf),
}

/// A linear layer, `(n, input)` to `(n, output)`.
pub(super) enum Matrix {
    /// In f32.
    Dense(Linear),
    /// Quantised, with a bias in f32 where the layer has one.
    Packed(QMatMul, Option<Tensor>),
    /// In 8 or 6 bits, for our own kernels.
    Own(packed::Linear),
}

/// A row of numbers for each token: read as an embedding, multiplied as an output projection.
pub(super) struct Table {
    /// Each of [`BLOCK_ROWS`] rows but the last.
    blocks: Vec<Block>,
    rows: usize,
}

enum Block {
    Dense(Tensor, Linear),
    Packed(Arc<QTensor>, QMatMul),
    /// All rows: our own kernels need no blocks to be quick.
    Own(packed::Linear),
}

/// A tensor of a folder, in f32.
fn dense(weights: &mut Weights, name: &str, shape: &[usize]) -> Result<Tensor, Error> {
    let values = weights.floats(name, shape)?;
    Ok(Tensor::from_vec(values, shape, &Device::Cpu).map_err(|e| weights.refuse(e.to_string()))?)
}

impl Source {
    /// Opens a GGUF file, or the safetensors of a folder. A cancel ends the reading of tensors.
    pub fn open(path: &Path, cancel: &Cancel) -> Result<Self, Error> {
        if path.is_dir() {
            let weights = Weights::open(path)?;
            Ok(Source::Folder(weights.until(cancel.as_atomic())))
        } else {
            Ok(Source::Gguf(Gguf::open(path)?.until(cancel)))
        }
    }

    /// An error about the model as a whole.
    pub fn refuse(&self, problem: String) -> Error {
        match self {
            Source::Folder(weights) => weights.refuse(problem).into(),
            Source::Gguf(gguf) => gguf.refuse(problem),
        }
    }

    /// Whether a tensor of this name is there.
    pub fn has(&self, name: &str) -> bool {
        match self {
            Source::Folder(weights) => weights.has(name),
            Source::Gguf(gguf) => gguf.has(name),
        }
    }

    /// A tensor in f32 of exactly this shape, whatever it is stored in.
    pub fn tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor, Error> {
        match self {
            Source::Folder(weights) => dense(weights, name, shape),
            Source::Gguf(gguf) => {
                let blocks = gguf.read(name, shape, usize::MAX)?;
                let widen = || match blocks.as_slice() {
                    [one] => one.dequantize(&Device::Cpu),
                    _ => candle_core::bail!("it is empty"),
                };
                widen().map_err(|e| gguf.refuse(format!("the tensor '{name}': {e}")))
            }
        }
    }

    /// The layer `name` of `output` rows and `input` columns, with its bias if `biased`.
    pub fn matrix(
        &mut self,
        name: &str,
        (output, input): (usize, usize),
        biased: bool,
    ) -> Result<Matrix, Error> {
        let bias = match biased {
            true => Some(self.tensor(&format!("{name}.bias"), &[output])?),
            false => None,
        };
        let name = format!("{name}.weight");
        let own = match self {
            Source::Gguf(gguf) => stored::of_gguf(gguf, &name, output, input)?,
            Source::Folder(weights) if stored(weights, &name, output, input)? != Stored::Floats => {
                Some(stored::matrix(weights, &name, output, input)?)
            }
            Source::Folder(_) => None,
        };
        if let Some(weight) = own {
            let bias = bias.map(|bias| bias.to_vec1()).transpose();
            let bias = bias.map_err(|e| self.refuse(e.to_string()))?;
            return Ok(Matrix::Own(packed::Linear { weight, bias }));
        }
        if let Source::Gguf(gguf) = self {
            let mut blocks = gguf.read(&name, &[output, input], usize::MAX)?;
            if let Some(block) = blocks.pop() {
                return Matrix::new(block, bias)
                    .map_err(|e| gguf.refuse(format!("the tensor '{name}': {e}")));
            }
        }
        let weight = self.tensor(&name, &[output, input])?;
        Ok(Matrix::Dense(Linear::new(weight, bias)))
    }

    /// The table `name` with a row of `width` numbers for each of `rows` tokens.
    pub fn table(&mut self, name: &str, rows: usize, width: usize) -> Result<Table, Error> {
        let mut blocks = Vec::new();
        match self {
            Source::Folder(weights) if stored(weights, name, rows, width)? != Stored::Floats => {
                let weight = stored::matrix(weights, name, rows, width)?;
                blocks.push(Block::Own(packed::Linear { weight, bias: None }));
            }
            Source::Folder(weights) => {
                let all = dense(weights, name, &[rows, width])?;
                for from in (0..rows).step_by(BLOCK_ROWS) {
                    let part = all
                        .narrow(0, from, BLOCK_ROWS.min(rows.saturating_sub(from)))
                        .map_err(|e| weights.refuse(e.to_string()))?;
                    blocks.push(Block::Dense(part.clone(), Linear::new(part, None)));
                }
            }
            Source::Gguf(gguf) => {
                if let Some(weight) = stored::of_gguf(gguf, name, rows, width)? {
                    blocks.push(Block::Own(packed::Linear { weight, bias: None }));
                    return Ok(Table { blocks, rows });
                }
                for part in gguf.read(name, &[rows, width], BLOCK_ROWS)? {
                    let block = Block::new(part)
                        .map_err(|e| gguf.refuse(format!("the tensor '{name}': {e}")))?;
                    blocks.push(block);
                }
            }
        }
        Ok(Table { blocks, rows })
    }
}

/// `(n, input)` to `(n, output)` by our own kernels.
fn multiply(linear: &packed::Linear, x: &Tensor) -> candle_core::Result<Tensor> {
    let (rows, input) = x.dims2()?;
    let output = linear.weight.outputs();
    if input != linear.weight.inputs() {
        candle_core::bail!(
            "a layer of {} inputs was given {input}",
            linear.weight.inputs()
        );
    }
    let mut out = vec![0f32; rows.saturating_mul(output)];
    let product = Product {
        linear,
        out: &mut out,
    };
    with_slice(&x.contiguous()?, |x| {
        Activations::default().multiply(x, input, Finish::Plain, &mut [product]);
    })?;
    Tensor::from_vec(out, (rows, output), &Device::Cpu)
}

/// Whether candle multiplies by this format as it is, without widening it.
fn is_packed(dtype: GgmlDType) -> bool {
    !matches!(dtype, GgmlDType::F32 | GgmlDType::F16 | GgmlDType::BF16)
}

impl Matrix {
    fn new(weight: QTensor, bias: Option<Tensor>) -> candle_core::Result<Self> {
        if is_packed(weight.dtype()) {
            return Ok(Matrix::Packed(QMatMul::from_qtensor(weight)?, bias));
        }
        let weight = weight.dequantize(&Device::Cpu)?;
        Ok(Matrix::Dense(Linear::new(weight, bias)))
    }

    /// `(n, input)` to `(n, output)`.
    pub fn forward(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        match self {
            Matrix::Dense(linear) => linear.forward(x),
            Matrix::Own(linear) => multiply(linear, x),
            Matrix::Packed(product, bias) => {
                let y = product.forward(&x.contiguous()?)?;
                match bias {
                    Some(bias) => y.broadcast_add(bias),
                    None => Ok(y),
                }
            }
        }
    }
}

impl Block {
    fn new(rows: QTensor) -> candle_core::Result<Self> {
        if is_packed(rows.dtype()) {
            let rows = Arc::new(rows);
            return Ok(Block::Packed(rows.clone(), QMatMul::from_arc(rows)?));
        }
        let rows = rows.dequantize(&Device::Cpu)?;
        Ok(Block::Dense(rows.clone(), Linear::new(rows, None)))
    }
}

impl Table {
    /// The rows of some tokens, `(n, width)`.
    pub fn rows(&self, tokens: &[u32]) -> Result<Tensor, StepError> {
        let mut found = Vec::with_capacity(tokens.len());
        for token in tokens {
            let at = *token as usize;
            let outside =
                || StepError::Broken(format!("token {token} lies outside the vocabulary"));
            let inside = at < self.rows;
            let block = match self.blocks.as_slice() {
                [all @ Block::Own(_)] => Some(all),
                blocks => blocks.get(at / BLOCK_ROWS),
            };
            let block = block.filter(|_| inside).ok_or_else(outside)?;
            let row = Tensor::new(&[(at % BLOCK_ROWS) as u32], &Device::Cpu)?;
            found.push(match block {
                Block::Dense(rows, _) => rows.index_select(&row, 0)?,
                Block::Packed(rows, _) => rows.embedding(&row)?,
                Block::Own(all) => {
                    let mut row = vec![0f32; all.weight.inputs()];
                    if !all.weight.row(at, &mut row) {
                        return Err(outside());
                    }
                    let width = row.len();
                    Tensor::from_vec(row, (1, width), &Device::Cpu)?
                }
            });
        }
        Ok(Tensor::cat(&found, 0)?)
    }

    /// The product of hidden states `(n, width)` with every row: `n` rows of logits.
    pub fn logits(&self, hidden: &Tensor, cancel: &Cancel) -> Result<Vec<Vec<f32>>, StepError> {
        let mut all: Vec<Vec<f32>> = (0..hidden.dim(0)?)
            .map(|_| Vec::with_capacity(self.rows))
            .collect();
        for block in &self.blocks {
            stop_if(cancel)?;
            let part = match block {
                Block::Dense(_, product) => product.forward(hidden)?,
                Block::Packed(_, product) => product.forward(&hidden.contiguous()?)?,
                Block::Own(linear) => multiply(linear, hidden)?,
            };
            for (row, part) in all.iter_mut().zip(part.to_vec2::<f32>()?) {
                row.extend(part);
            }
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write as _};

    use candle_core::DType;
    use candle_core::quantized::gguf_file;

    use super::*;

    /// Numbers between -1 and 1, the same in every run.
    fn numbers(count: usize, mut state: u64) -> Vec<f32> {
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        };
        (0..count).map(|_| next()).collect()
    }

    /// A file with one matrix of random numbers in a format, and the numbers that are left of them.
    fn file_of(format: GgmlDType, rows: usize, width: usize) -> (tempfile::NamedTempFile, Tensor) {
        let weights = Tensor::from_vec(numbers(rows * width, 7), (rows, width), &Device::Cpu);
        let packed = QTensor::quantize(&weights.unwrap(), format).unwrap();
        let mut bytes = Cursor::new(Vec::new());
        gguf_file::write(&mut bytes, &[], &[("w.weight", &packed)]).unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(bytes.get_ref()).unwrap();
        (file, packed.dequantize(&Device::Cpu).unwrap())
    }

    /// Numbers rounded to 8 bits, 32 to a scale.
    fn rounded(numbers: &[f32]) -> Vec<f32> {
        let blocks = numbers.chunks(32).flat_map(|block| {
            let step = block.iter().fold(0f32, |most, x| most.max(x.abs())) / 127.0;
            block.iter().map(move |x| (x / step).round() * step)
        });
        blocks.collect()
    }

    /// Multiplies by weights from a file and by the same weights widened: what differs is what rounding the
    /// other factor, 32 numbers to a scale, makes of it, on every processor.
    #[test]
    fn eight_and_six_bit_weights_multiply_as_what_they_stand_for() {
        const ROWS: usize = 48;
        const WIDTH: usize = 512;
        for format in [GgmlDType::Q8_0, GgmlDType::Q6K, GgmlDType::Q4K] {
            let (file, wide) = file_of(format, ROWS, WIDTH);
            let open = || Source::open(file.path(), &Cancel::new()).unwrap();
            let matrix = open().matrix("w", (ROWS, WIDTH), false).unwrap();
            let own = format != GgmlDType::Q4K;
            assert_eq!(matches!(matrix, Matrix::Own(_)), own, "{format:?}");
            assert!(!matches!(matrix, Matrix::Dense(_)), "it stays in few bits");
            let factor = numbers(3 * WIDTH, 9);
            let product = |factor: Vec<f32>| {
                let x = Tensor::from_vec(factor, (3, WIDTH), &Device::Cpu).unwrap();
                let product = x.matmul(&wide.t().unwrap()).unwrap();
                product.to_vec2::<f32>().unwrap().concat()
            };
            let (wanted, by_32) = (product(factor.clone()), product(rounded(&factor)));
            let x = Tensor::from_vec(factor, (3, WIDTH), &Device::Cpu).unwrap();
            let found = matrix.forward(&x).unwrap().to_vec2::<f32>().unwrap();
            let apart = |other: &[f32]| -> f32 {
                let pairs = wanted.iter().zip(other);
                pairs.map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
            };
            let (found_apart, rounding) = (apart(&found.concat()), apart(&by_32));
            if own {
                assert!(
                    found_apart < 1.1 * rounding,
                    "{format:?}: {found_apart} of {rounding}"
                );
            }
            // Weights read wrongly would be far off.
            let usual = wanted.iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!(
                found_apart < 0.03 * usual,
                "{format:?}: {found_apart} of {usual}"
            );
            let table = open().table("w.weight", ROWS, WIDTH).unwrap();
            assert_eq!(table.logits(&x, &Cancel::new()).unwrap(), found);

            let rows = table.rows(&[0, 17, 47]).unwrap().to_vec2::<f32>().unwrap();
            for (row, token) in rows.iter().zip([0, 17, 47]) {
                let wanted: Vec<f32> = wide.get(token).unwrap().to_vec1().unwrap();
                assert_eq!(*row, wanted, "{format:?} {token}");
            }
            // Rows of another width are refused.
            assert!(open().matrix("w", (ROWS, WIDTH / 2), false).is_err());
        }
    }

    #[test]
    fn a_cancel_ends_the_reading_of_a_file_and_of_a_folder() {
        let ones = Tensor::ones((2, 32), DType::F32, &Device::Cpu).unwrap();
        let packed = QTensor::quantize(&ones, GgmlDType::Q8_0).unwrap();
        let mut bytes = Cursor::new(Vec::new());
        gguf_file::write(&mut bytes, &[], &[("w.weight", &packed)]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("model.gguf");
        std::fs::write(&file, bytes.get_ref()).unwrap();
        let header = br#"{"w.weight":{"dtype":"F32","shape":[2,32],"data_offsets":[0,256]}}"#;
        let mut folder = (header.len() as u64).to_le_bytes().to_vec();
        folder.extend(header);
        folder.extend([0; 256]);
        std::fs::write(dir.path().join("model.safetensors"), folder).unwrap();
        for path in [file.as_path(), dir.path()] {
            let cancel = Cancel::new();
            let mut source = Source::open(path, &cancel).unwrap();
            assert!(source.matrix("w", (2, 32), false).is_ok());
            cancel.cancel();
            let stopped = source.matrix("w", (2, 32), false);
            assert!(matches!(stopped, Err(Error::Cancelled)));
        }
    }
}
