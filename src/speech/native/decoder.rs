//! Whisper's decoder with its memory: what was heard, packed once, and what was written so far.
//!
//! A step of several decoders over the same weights is one: products with weights take the rows of all,
//! and each decoder's rows look at its own memory.

use std::convert::Infallible;
use std::ops::Range;

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
type Look<'a, E> = dyn FnMut(usize, &Memory, &[f32]) -> Result<(), E> + 'a;

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

/// What one decoder wants written.
pub(super) struct Wanted {
    /// The tokens' rows, `(n, width)`.
    x: Vec<f32>,
    /// For each of them the state's text that it stands in, and how many of its tokens it sees.
    paths: Vec<(usize, usize)>,
    /// The last so many rows are scored.
    scored: usize,
}

/// One decoder, and what it wants written.
pub(super) struct Writing {
    /// Its memory.
    pub state: State,
    /// What [`Decoder::follow`] or [`Decoder::grow`] made for this state.
    pub wanted: Wanted,
}

impl Writing {
    /// Where its rows lie among those of all, of which it has the first at `from`.
    fn numbers(&self, from: usize, d: usize) -> Range<usize> {
        let numbers = self.wanted.paths.len().saturating_mul(d);
        from..from.saturating_add(numbers)
    }

    /// Keeps what `new` holds of its rows, which lie at `range` among those of all, and writes what they
    /// see of its text to `seen`.
    fn remember_and_see(
        &mut self,
        layer: usize,
        attention: &Attention,
        query: &[f32],
        new: &KeysValues,
        range: Range<usize>,
        seen: &mut [f32],
    ) {
        let own = (new.keys.get(range.clone()), new.values.get(range.clone()));
        let own = (own, query.get(range), self.state.written.get_mut(layer));
        let ((Some(keys), Some(values)), Some(query), Some(written)) = own else {
            return;
        };
        written.extend(keys, values);
        let text = |(text, length): &(usize, usize)| self.state.texts.get(*text)?.get(..*length);
        let paths: Vec<&[u32]> = self.wanted.paths.iter().filter_map(text).collect();
        attention.see(query, written, &paths, seen);
    }
}

impl State {
    /// The scores of what may follow, of the last step.
    pub fn scores(&self) -> &[f32] {
        &self.logits
    }

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

    /// `tokens` after the first `past` positions, to be written; the last one is scored.
    ///
    /// # Errors
    /// Tokens or positions that the model does not have; nothing heard.
    pub fn follow(
        &self,
        tokens: &[Token],
        past: usize,
        state: &mut State,
    ) -> Result<Wanted, Error> {
        let positions: Vec<usize> = (past..).take(tokens.len()).collect();
        let x = self.embed(tokens, &positions, state)?;
        let length = past.saturating_add(tokens.len());
        for written in &mut state.written {
            written.truncate(past.saturating_mul(self.width));
        }
        state.texts = vec![(0..).take(length).collect()];
        Ok(Wanted {
            x,
            paths: (past..length).map(|at| (0, at.saturating_add(1))).collect(),
            scored: 1,
        })
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
        let mut writing = Writing {
            wanted: self.follow(tokens, 0, state)?,
            state: std::mem::take(state),
        };
        let found = self.layers(std::slice::from_mut(&mut writing), work, &mut look);
        *state = writing.state;
        found.map(|_| ())
    }

    /// Several texts, each to be gone on with by one token: `(the text of the last step, the token)`.
    /// All are scored.
    ///
    /// # Errors
    /// Tokens, positions or texts that there are not.
    pub fn grow(&self, steps: &[(usize, Token)], state: &mut State) -> Result<Wanted, Error> {
        let of = |(text, _): &(usize, Token)| state.texts.get(*text).cloned();
        let texts: Option<Vec<Vec<u32>>> = steps.iter().map(of).collect();
        let Some(mut texts) = texts.filter(|_| !steps.is_empty()) else {
            return Err(outside());
        };
        let tokens: Vec<Token> = steps.iter().map(|(_, token)| *token).collect();
        let positions: Vec<usize> = texts.iter().map(Vec::len).collect();
        let x = self.embed(&tokens, &positions, state)?;
        let most = self.positions.len() / self.width.max(1);
        if state.rows(self.width) > most.saturating_mul(2) {
            state.tidy(&mut texts, self.width);
        }
        let rows = state.rows(self.width);
        for (text, row) in texts.iter_mut().zip(rows..) {
            text.push(u32::try_from(row).unwrap_or(u32::MAX));
        }
        state.texts = texts;
        let whole = state.texts.iter().map(Vec::len).enumerate();
        Ok(Wanted {
            x,
            paths: whole.collect(),
            scored: steps.len(),
        })
    }

    /// Writes what is wanted of each decoder, all at once: each weight is read once for all of them.
    /// What comes out for one is the same whoever is beside it.
    pub fn write(&self, all: &mut [Writing], work: &mut Activations, scores: &mut Vec<f32>) {
        let Ok(x) = self.layers::<Infallible>(all, work, &mut |_, _, _| Ok(()));
        self.score(&x, all, work, scores);
    }

    /// The layers' work on the rows of all, one after the other, which each see the written rows of their
    /// path and themselves. Returns the rows, `(n, width)`. `look` sees each layer's number, and of each
    /// decoder its memory of the sound and the scaled queries to it.
    fn layers<E>(
        &self,
        all: &mut [Writing],
        work: &mut Activations,
        look: &mut Look<'_, E>,
    ) -> Result<Vec<f32>, E> {
        let d = self.width;
        let rows = all.iter_mut().map(|one| std::mem::take(&mut one.wanted.x));
        let mut x = rows.reduce(|a, b| [a, b].concat()).unwrap_or_default();
        let mut normed = Vec::new();
        let mut seen = vec![0f32; x.len()];
        for (layer, block) in self.blocks.iter().enumerate() {
            block.norm.apply(&x, &mut normed);
            let (mut query, new) = block.attention.query_keys_values(&normed, work);
            block.attention.scale(&mut query);
            let mut from = 0usize;
            for one in all.iter_mut() {
                let range = one.numbers(from, d);
                from = range.end;
                if let Some(places) = seen.get_mut(range.clone()) {
                    one.remember_and_see(layer, &block.attention, &query, &new, range, places);
                }
            }
            let out = Product {
                linear: &block.attention.out,
                out: &mut x,
            };
            work.multiply(&seen, d, Finish::Add, &mut [out]);
            block.cross_norm.apply(&x, &mut normed);
            let mut query = block.cross.query(&normed, work);
            block.cross.scale(&mut query);
            let mut from = 0usize;
            for one in all.iter() {
                let range = one.numbers(from, d);
                from = range.end;
                let rows = query.get(range.clone()).zip(seen.get_mut(range));
                if let (Some(heard), Some((query, seen))) = (one.state.heard.get(layer), rows) {
                    look(layer, heard, query)?;
                    heard.look(query, seen);
                }
            }
            let out = Product {
                linear: &block.cross.out,
                out: &mut x,
            };
            work.multiply(&seen, d, Finish::Add, &mut [out]);
            block.feed_forward.add_to(&mut x, work);
        }
        Ok(x)
    }

    /// The scores after those of the rows `x` that each decoder wants scored.
    fn score(&self, x: &[f32], all: &mut [Writing], work: &mut Activations, scores: &mut Vec<f32>) {
        let (d, mut last, mut from) = (self.width, Vec::new(), 0usize);
        for one in all.iter() {
            let range = one.numbers(from, d);
            from = range.end;
            let scored = from.saturating_sub(one.wanted.scored.saturating_mul(d));
            last.extend_from_slice(x.get(scored..from).unwrap_or_default());
        }
        let mut normed = Vec::new();
        self.norm.apply(&last, &mut normed);
        let rows = last.len() / d.max(1);
        scores.resize(rows.saturating_mul(self.vocabulary), 0.0);
        let product = Product {
            linear: &self.embedding,
            out: scores,
        };
        work.multiply(&normed, d, Finish::Plain, &mut [product]);
        let mut left = scores.as_slice();
        for one in all {
            let own = one.wanted.scored.saturating_mul(self.vocabulary);
            let (own, others) = left.split_at_checked(own).unwrap_or_default();
            one.state.logits.clear();
            one.state.logits.extend_from_slice(own);
            left = others;
        }
    }

    /// The tokens' rows plus those of their positions, `(n, width)`.
    fn embed(
        &self,
        tokens: &[Token],
        positions: &[usize],
        state: &State,
    ) -> Result<Vec<f32>, Error> {
        let d = self.width;
        if state.heard.len() != self.blocks.len() {
            return Err(writing("nothing was heard"));
        }
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
    writing("a token or its position lies outside the model")
}

fn writing(reason: &str) -> Error {
    Error::Engine {
        step: "writing",
        reason: reason.into(),
    }
}
