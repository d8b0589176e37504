//! Whisper's decoder with its memory: what was heard, packed once, and what was written so far.

use crate::compute::layers::{Attention, FeedForward, KeysValues, Norm, add};
use crate::compute::memory::Memory;
use crate::compute::packed::Linear;
use crate::compute::product::{Activations, Finish, Product};
use crate::domain::Cancel;
use crate::speech::Error;
use crate::speech::special::Token;

use super::file::ModelFile;
use super::stop_if;

/// The decoder of one model.
pub(super) struct Decoder {
    width: usize,
    vocabulary: usize,
    /// `(vocabulary, width)`; also the output projection.
    embedding: Linear,
    /// `(text_ctx, width)`.
    positions: Vec<f32>,
    blocks: Vec<Block>,
    norm: Norm,
}

struct Block {
    norm: Norm,
    attention: Attention,
    cross_norm: Norm,
    cross: Attention,
    feed_forward: FeedForward,
}

/// What one decoder knows of the sound last heard, and has written about it.
#[derive(Default)]
pub(super) struct State {
    heard: Vec<Memory>,
    written: Vec<KeysValues>,
    /// Of the last step.
    logits: Vec<f32>,
}

impl Decoder {
    /// Reads its tensors.
    pub fn read(file: &mut ModelFile) -> Result<Self, Error> {
        let header = file.header;
        let mut blocks = Vec::with_capacity(header.text_layers as usize);
        for layer in 0..header.text_layers {
            let name = format!("decoder.blocks.{layer}");
            blocks.push(Block {
                norm: file.norm(&format!("{name}.attn_ln"))?,
                attention: file.attention(&format!("{name}.attn"), header.text_heads)?,
                cross_norm: file.norm(&format!("{name}.cross_attn_ln"))?,
                cross: file.attention(&format!("{name}.cross_attn"), header.text_heads)?,
                feed_forward: file.feed_forward(&name)?,
            });
        }
        Ok(Self {
            width: header.width as usize,
            vocabulary: header.vocabulary as usize,
            embedding: Linear {
                weight: file.matrix("decoder.token_embedding.weight")?,
                bias: None,
            },
            positions: file.floats("decoder.positional_embedding")?,
            blocks,
            norm: file.norm("decoder.ln")?,
        })
    }

    /// Begins a text about the encoder's output, `(window, width)`.
    ///
    /// # Errors
    /// A cancel.
    pub fn begin(
        &self,
        encoding: &[f32],
        state: &mut State,
        work: &mut Activations,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        state.heard.clear();
        state.written.clear();
        for block in &self.blocks {
            stop_if(cancel)?;
            let cross = &block.cross;
            let found = cross.keys_values(encoding, work);
            let memory = Memory::new(&found.keys, &found.values, cross.heads, cross.width);
            state.heard.push(memory);
            state.written.push(KeysValues::default());
        }
        Ok(())
    }

    /// Writes `tokens` after the first `past` positions and returns the scores of what may follow.
    ///
    /// # Errors
    /// Tokens or positions that the model does not have.
    pub fn step<'a>(
        &self,
        tokens: &[Token],
        past: usize,
        state: &'a mut State,
        work: &mut Activations,
    ) -> Result<&'a [f32], Error> {
        let d = self.width;
        let mut x = self.embed(tokens, past)?;
        let path: Vec<u32> = (0..).take(past.saturating_add(tokens.len())).collect();
        let paths: Vec<&[u32]> = (1..=tokens.len())
            .filter_map(|n| path.get(..past.saturating_add(n)))
            .collect();
        let mut normed = Vec::new();
        let mut seen = vec![0f32; x.len()];
        let memories = state.heard.iter().zip(&mut state.written);
        for (block, (heard, written)) in self.blocks.iter().zip(memories) {
            written.truncate(past.saturating_mul(d));
            block.norm.apply(&x, &mut normed);
            let mut query = block.attention.query_and_remember(&normed, written, work);
            add(
                &mut x,
                &block.attention.look(&mut query, written, &paths, work).0,
            );
            block.cross_norm.apply(&x, &mut normed);
            let mut query = block.cross.query(&normed, work);
            block.cross.scale(&mut query);
            heard.look(&query, &mut seen);
            let out = Product {
                linear: &block.cross.out,
                out: &mut x,
            };
            work.multiply(&seen, d, Finish::Add, &mut [out]);
            block.feed_forward.add_to(&mut x, work);
        }
        let last = x.len().saturating_sub(d);
        self.norm
            .apply(x.get(last..).unwrap_or_default(), &mut normed);
        state.logits.resize(self.vocabulary, 0.0);
        let product = Product {
            linear: &self.embedding,
            out: &mut state.logits,
        };
        work.multiply(&normed, d, Finish::Plain, &mut [product]);
        Ok(&state.logits)
    }

    /// The tokens' rows plus those of their positions, `(n, width)`.
    fn embed(&self, tokens: &[Token], past: usize) -> Result<Vec<f32>, Error> {
        let d = self.width;
        let mut x = vec![0f32; tokens.len().saturating_mul(d)];
        let places = self.positions.chunks_exact(d).skip(past);
        let mut found = 0usize;
        for ((row, token), place) in x.chunks_exact_mut(d).zip(tokens).zip(places) {
            let index = usize::try_from(*token).unwrap_or(usize::MAX);
            if !self.embedding.weight.row(index, row) {
                break;
            }
            add(row, place);
            found = found.saturating_add(1);
        }
        if found == tokens.len() && found > 0 {
            return Ok(x);
        }
        Err(Error::Engine {
            step: "writing",
            reason: "a token or its position lies outside the model".into(),
        })
    }
}
