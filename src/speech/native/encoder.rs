//! Whisper's encoder: two convolutions over the mel frames, positions, transformer blocks.
//!
//! The window is as long as the caller wants: the positions' first rows serve a shorter one.

use crate::compute::layers::{Attention, FeedForward, Norm, add};
use crate::compute::memory::Memory;
use crate::compute::packed::Linear;
use crate::compute::product::{Activations, Finish, Product};
use crate::domain::Cancel;
use crate::speech::Error;

use super::file::ModelFile;
use super::stop_if;

/// Rows that a block's wide layers work on at a time: their results stay in the cache, and a cancel
/// is noticed between them.
const SOME: usize = 256;

/// The encoder of one model.
pub(super) struct Encoder {
    mels: usize,
    width: usize,
    conv1: Linear,
    conv2: Linear,
    /// `(audio_ctx, width)`.
    positions: Vec<f32>,
    blocks: Vec<Block>,
    norm: Norm,
    /// After each convolution.
    bend: Finish,
}

struct Block {
    norm: Norm,
    attention: Attention,
    feed_forward: FeedForward,
}

impl Encoder {
    /// Reads its tensors.
    pub fn read(file: &mut ModelFile) -> Result<Self, Error> {
        let header = file.header;
        let mut blocks = Vec::with_capacity(header.audio_layers as usize);
        for layer in 0..header.audio_layers {
            let name = format!("encoder.blocks.{layer}");
            blocks.push(Block {
                norm: file.norm(&format!("{name}.attn_ln"))?,
                attention: file.attention(&format!("{name}.attn"), header.audio_heads)?,
                feed_forward: file.feed_forward(&name)?,
            });
        }
        Ok(Self {
            mels: header.mels as usize,
            width: header.width as usize,
            conv1: file.convolution("encoder.conv1")?,
            conv2: file.convolution("encoder.conv2")?,
            positions: file.floats("encoder.positional_embedding")?,
            blocks,
            norm: file.norm("encoder.ln_post")?,
            bend: file.bend(),
        })
    }

    /// The encoding of `2 * window` mel frames, `(window, width)`.
    ///
    /// # Errors
    /// A cancel.
    pub fn encode(
        &self,
        mel: &[f32],
        work: &mut Activations,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Error> {
        let mut x = self.convolve(mel, work, cancel)?;
        let d = self.width;
        let some = d.saturating_mul(SOME);
        let mut normed = Vec::new();
        let mut seen = vec![0f32; x.len()];
        for block in &self.blocks {
            stop_if(cancel)?;
            block.norm.apply(&x, &mut normed);
            let (mut query, memory) = block.attention.query_keys_values(&normed, work);
            stop_if(cancel)?;
            block.attention.scale(&mut query);
            let memory = Memory::new(
                &memory.keys,
                &memory.values,
                block.attention.heads,
                block.attention.width,
            );
            for (query, seen) in query.chunks(some).zip(seen.chunks_mut(some)) {
                stop_if(cancel)?;
                memory.look(query, seen);
            }
            let out = Product {
                linear: &block.attention.out,
                out: &mut x,
            };
            work.multiply(&seen, d, Finish::Add, &mut [out]);
            for x in x.chunks_mut(some) {
                stop_if(cancel)?;
                block.feed_forward.add_to(x, work);
            }
        }
        self.norm.apply(&x, &mut normed);
        Ok(normed)
    }

    /// Both convolutions and the positions. Each has a row of zeros before its input and after it, and
    /// the rows that one output needs lie side by side.
    fn convolve(
        &self,
        mel: &[f32],
        work: &mut Activations,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Error> {
        let (mels, d) = (self.mels, self.width);
        let frames = mel.len() / mels.max(1);
        let mut padded = vec![0f32; mels];
        padded.extend_from_slice(mel);
        padded.resize(padded.len().saturating_add(mels), 0.0);
        let mut inner = vec![0f32; frames.saturating_add(1).saturating_mul(d)];
        let (_, out) = inner.split_at_mut(d);
        let product = Product {
            linear: &self.conv1,
            out,
        };
        let rows = padded.windows(mels.saturating_mul(3)).step_by(mels.max(1));
        work.multiply_rows(rows.collect(), self.bend, &mut [product]);
        stop_if(cancel)?;
        let mut x = vec![0f32; (frames / 2).saturating_mul(d)];
        let product = Product {
            linear: &self.conv2,
            out: &mut x,
        };
        let rows = inner
            .windows(d.saturating_mul(3))
            .step_by(d.saturating_mul(2).max(1));
        work.multiply_rows(rows.collect(), self.bend, &mut [product]);
        add(&mut x, &self.positions);
        Ok(x)
    }
}
