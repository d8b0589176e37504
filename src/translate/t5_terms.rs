//! The second decoding of a T5 model: the translation is read once more, which tells where the decoder
//! looked while it wrote each word, and the search sets out again with the term at the likeliest place.

use std::ops::Range;

use super::beam::Limits;
use super::error::StepError;
use super::guided::Spelling;
use super::model::Watch;
use super::pieces::Pieces;
use super::spelt::{Speller, Spelt};
use super::t5_model::Decoding;
use super::terms::{Enforced, Reading, Reads, Task};
use super::{Decoded, Error, T5};
use crate::domain::{Cancel, LangPair};
use crate::glossary::RequiredTerm;

/// A tokenizer of a model that reads `before` tokens of its own before a text, and of the text no more
/// than `room`.
struct Within<'a> {
    pieces: &'a Pieces,
    before: usize,
    room: usize,
}

impl Spelling for Within<'_> {
    fn surface(&self, token: u32) -> String {
        self.pieces.surface(token)
    }

    fn token(&self, surface: &str) -> Option<u32> {
        self.pieces.token(surface)
    }
}

impl Speller for Within<'_> {
    fn spelled(&self, text: &str) -> Option<String> {
        self.pieces.spelled(text)
    }

    fn columns(&self, text: &str, bytes: &Range<usize>) -> Result<Option<Range<usize>>, String> {
        let found = self.pieces.holding(text, bytes)?;
        let there = found.filter(|part| part.start < self.room);
        Ok(there.map(|part| {
            let end = part.end.min(self.room);
            part.start.saturating_add(self.before)..end.saturating_add(self.before)
        }))
    }
}

impl T5 {
    /// The translation with its terms; `None` where the free one has them, or none can be put in.
    pub(super) fn with_terms(
        &self,
        (text, pair): (&str, LangPair),
        terms: &[RequiredTerm],
        free: &Decoded,
        limits: Limits,
        cancel: &Cancel,
    ) -> Result<Option<Enforced>, Error> {
        let named = |e: StepError| e.named(&self.engine);
        let Some((source, cut)) = self.source_ids(text, pair.to)? else {
            return Ok(None);
        };
        let before = self.tag_length(pair.to);
        let within = Within {
            pieces: &self.pieces,
            before,
            // The end token is the last one.
            room: source.len().saturating_sub(before.saturating_add(1)),
        };
        let spelt = Spelt(&within);
        let Some(demand) = spelt.demand(text, terms).map_err(named)? else {
            return Ok(None);
        };
        if free.token_ids.is_empty() || spelt.has_all(&demand, free, terms, pair) {
            return Ok(None);
        }
        let model = &self.model;
        let task = Task {
            demand: &demand,
            spelt,
            source,
            opening: vec![model.config().start],
            free,
            limits,
            cancel,
        };
        let run = || {
            let mut reader = Reader {
                decoding: model.start(&task.source, cancel)?,
                opening: &task.opening,
                searched: false,
            };
            task.repair(&mut reader, None)
        };
        let Some(found) = run().map_err(named)? else {
            return Ok(None);
        };
        let decode = |tokens: &[u32]| self.written(tokens);
        task.enforced(found, (terms, pair), cut, decode).map(Some)
    }
}

struct Reader<'a> {
    decoding: Decoding<'a>,
    opening: &'a [u32],
    /// Hypotheses of a search are in it.
    searched: bool,
}

impl Reads for Reader<'_> {
    fn read(&mut self, tokens: &[u32]) -> Result<Reading, StepError> {
        let mut read = Reading {
            scores: Vec::with_capacity(tokens.len().saturating_add(1)),
            looks: Vec::with_capacity(tokens.len().saturating_add(1)),
        };
        self.decoding.rewind(0);
        self.searched = false;
        for token in self.opening.iter().chain(tokens) {
            let mut watch = Watch::default();
            let rows = self
                .decoding
                .advance_watched(&[0], &[*token], Some(&mut watch))?;
            read.scores.extend(rows);
            read.looks.extend(watch.rows());
        }
        Ok(read)
    }

    fn set_out(&mut self, tokens: &[u32], place: usize) -> Result<(), StepError> {
        let shared = self.opening.len().saturating_add(place.min(tokens.len()));
        if self.searched {
            self.decoding.rewind(0);
            for token in self.opening.iter().chain(tokens).take(shared) {
                self.decoding.advance(&[0], &[*token])?;
            }
        }
        self.decoding.rewind(shared);
        self.searched = true;
        Ok(())
    }

    fn step(&mut self, parents: &[usize], tokens: &[u32]) -> Result<Vec<Vec<f32>>, StepError> {
        self.decoding.advance(parents, tokens)
    }
}
