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

/// Sees of each layer its number, its memory of the sound and the scaled queries to it.
type Look<'a> = dyn FnMut(usize, &Memory, &[f32]) -> Result<(), Error> + 'a;

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
    /// For each text of the last step the rows of `written` that are its tokens, in order.
    texts: Vec<Vec<u32>>,
}

impl State {
    /// Rows that are written.
    fn rows(&self, d: usize) -> usize {
        self.written.first().map_or(0, |w| w.keys.len() / d.max(1))
    }

    /// Forgets the rows that none of `texts` uses, which stay in their order.
    fn tidy(&mut self, texts: &mut [Vec<u32>], d: usize) {
        let mut used = vec![false; self.rows(d)];
        for row in texts.iter().flatten() {
            if let Some(used) = usize::try_from(*row).ok().and_then(|row| used.get_mut(row)) {
                *used = true;
            }
        }
        let mut next = 0u32;
        let places = used.iter().map(|used| {
            let place = next;
            next = next.saturating_add(u32::from(*used));
            place
        });
        let places: Vec<u32> = places.collect();
        for row in texts.iter_mut().flatten() {
            let place = usize::try_from(*row).ok().and_then(|row| places.get(row));
            *row = place.copied().unwrap_or(0);
        }
        for written in &mut self.written {
            for side in [&mut written.keys, &mut written.values] {
                let rows = side.chunks_exact(d.max(1)).zip(&used);
                let kept = rows.filter(|(_, used)| **used).flat_map(|(row, _)| row);
                *side = kept.copied().collect();
            }
        }
    }
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
        let x = self.write_on(tokens, past, state, work, &mut |_, _, _| Ok(()))?;
        let last = x.len().saturating_sub(self.width);
        self.score(x.get(last..).unwrap_or_default(), state, work);
        Ok(&state.logits)
    }

    /// Writes `tokens` from the first position on, and shows `watch` where each of the later half of the
    /// layers looked: the layer's shares, `(heads, tokens, window)`, and
    /// the window.
    ///
    /// # Errors
    /// Tokens or positions that the model does not have; a cancel.
    pub fn watch(
        &self,
        tokens: &[Token],
        state: &mut State,
        work: &mut Activations,
        cancel: &Cancel,
        watch: &mut dyn FnMut(&[f32], usize),
    ) -> Result<(), Error> {
        // The earlier layers look at sound to find out what it is; the later ones at what they write.
        let first = self.blocks.len() / 2;
        let mut look = |layer: usize, heard: &Memory, query: &[f32]| {
            stop_if(cancel)?;
            if layer >= first {
                watch(&heard.shares(query), heard.rows());
            }
            Ok(())
        };
        self.write_on(tokens, 0, state, work, &mut look)?;
        Ok(())
    }

    /// Goes on with several texts, each by one token: `(the text of the last step, the token)`. Returns
    /// the scores of what may follow, one text after the other.
    ///
    /// # Errors
    /// Tokens, positions or texts that there are not.
    pub fn grow<'a>(
        &self,
        steps: &[(usize, Token)],
        state: &'a mut State,
        work: &mut Activations,
    ) -> Result<&'a [f32], Error> {
        let of = |(text, _): &(usize, Token)| state.texts.get(*text).cloned();
        let texts: Option<Vec<Vec<u32>>> = steps.iter().map(of).collect();
        let Some(mut texts) = texts.filter(|_| !steps.is_empty()) else {
            return Err(outside());
        };
        let most = self.positions.len() / self.width.max(1);
        if state.rows(self.width) > most.saturating_mul(2) {
            state.tidy(&mut texts, self.width);
        }
        let rows = state.rows(self.width);
        let tokens: Vec<Token> = steps.iter().map(|(_, token)| *token).collect();
        let positions: Vec<usize> = texts.iter().map(Vec::len).collect();
        for (text, row) in texts.iter_mut().zip(rows..) {
            text.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        let x = self.embed(&tokens, &positions)?;
        let paths: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
        let x = self.write(x, &paths, state, work, &mut |_, _, _| Ok(()))?;
        state.texts = texts;
        self.score(&x, state, work);
        Ok(&state.logits)
    }

    /// The layers' work on `tokens` of one text after its first `past`.
    fn write_on(
        &self,
        tokens: &[Token],
        past: usize,
        state: &mut State,
        work: &mut Activations,
        look: &mut Look<'_>,
    ) -> Result<Vec<f32>, Error> {
        let positions: Vec<usize> = (past..).take(tokens.len()).collect();
        let x = self.embed(tokens, &positions)?;
        let path: Vec<u32> = (0..).take(past.saturating_add(tokens.len())).collect();
        let paths: Vec<&[u32]> = (1..=tokens.len())
            .filter_map(|n| path.get(..past.saturating_add(n)))
            .collect();
        for written in &mut state.written {
            written.truncate(past.saturating_mul(self.width));
        }
        let x = self.write(x, &paths, state, work, look)?;
        state.texts = vec![path];
        Ok(x)
    }

    /// The layers' work on `x`, `(n, width)`, whose rows each see the written rows of their path and
    /// themselves. `look` sees each layer's number, its memory of the sound and the scaled queries to it.
    fn write(
        &self,
        mut x: Vec<f32>,
        paths: &[&[u32]],
        state: &mut State,
        work: &mut Activations,
        look: &mut Look<'_>,
    ) -> Result<Vec<f32>, Error> {
        let d = self.width;
        let mut normed = Vec::new();
        let mut seen = vec![0f32; x.len()];
        let memories = state.heard.iter().zip(&mut state.written);
        for (layer, (block, (heard, written))) in self.blocks.iter().zip(memories).enumerate() {
            block.norm.apply(&x, &mut normed);
            let mut query = block.attention.query_and_remember(&normed, written, work);
            add(
                &mut x,
                &block.attention.look(&mut query, written, paths, work).0,
            );
            block.cross_norm.apply(&x, &mut normed);
            let mut query = block.cross.query(&normed, work);
            block.cross.scale(&mut query);
            look(layer, heard, &query)?;
            heard.look(&query, &mut seen);
            let out = Product {
                linear: &block.cross.out,
                out: &mut x,
            };
            work.multiply(&seen, d, Finish::Add, &mut [out]);
            block.feed_forward.add_to(&mut x, work);
        }
        Ok(x)
    }

    /// The scores after each of the rows `x`.
    fn score(&self, x: &[f32], state: &mut State, work: &mut Activations) {
        let d = self.width;
        let mut normed = Vec::new();
        self.norm.apply(x, &mut normed);
        let rows = x.len() / d.max(1);
        state
            .logits
            .resize(rows.saturating_mul(self.vocabulary), 0.0);
        let product = Product {
            linear: &self.embedding,
            out: &mut state.logits,
        };
        work.multiply(&normed, d, Finish::Plain, &mut [product]);
    }

    /// The tokens' rows plus those of their positions, `(n, width)`.
    fn embed(&self, tokens: &[Token], positions: &[usize]) -> Result<Vec<f32>, Error> {
        let d = self.width;
        let mut x = vec![0f32; tokens.len().saturating_mul(d)];
        let places = tokens.iter().zip(positions);
        for (row, (token, position)) in x.chunks_exact_mut(d).zip(places) {
            let index = usize::try_from(*token).unwrap_or(usize::MAX);
            let place = self.positions.chunks_exact(d).nth(*position);
            let (true, Some(place)) = (self.embedding.weight.row(index, row), place) else {
                return Err(outside());
            };
            add(row, place);
        }
        match tokens.is_empty() {
            true => Err(outside()),
            false => Ok(x),
        }
    }
}

fn outside() -> Error {
    Error::Engine {
        step: "writing",
        reason: "a token or its position lies outside the model".into(),
    }
}
