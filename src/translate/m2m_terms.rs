//! The second decoding of an M2M100 or NLLB model: missing terms are exchanged where that can be
//! ([`super::replace`]), and searched for where it cannot.

use super::error::StepError;
use super::model::{Decoding, Model};
use super::spelt::Spelt;
use super::terms::{Enforced, Reading, Reads, Task};
use super::{DecodeOptions, Decoded, Error, M2m100};
use crate::domain::{Cancel, LangPair};
use crate::glossary::RequiredTerm;

impl M2m100 {
    /// The translation with its terms; `None` where the free one has them, or none can be put in.
    pub(super) fn with_terms(
        &self,
        text: &str,
        pair: LangPair,
        terms: &[RequiredTerm],
        free: &Decoded,
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Option<Enforced>, Error> {
        let named = |e: StepError| e.named(&self.engine);
        let spelt = Spelt(&*self.tokens);
        let Some(demand) = spelt.demand(text, terms).map_err(named)? else {
            return Ok(None);
        };
        if free.token_ids.is_empty() || spelt.has_all(&demand, free, terms, pair) {
            return Ok(None);
        }
        let (Some((source, cut)), Some(language)) = (
            self.source_ids(text, pair.from)?,
            self.tokens.language(pair.to),
        ) else {
            return Ok(None);
        };
        let task = Task {
            demand: &demand,
            spelt,
            source,
            opening: vec![self.model.config().decoder_start_token_id, language],
            free,
            limits: self.limits(options),
            cancel,
        };
        let run = || {
            let begun = self.with_replaced(&task)?;
            let mut reader = Reader {
                model: &self.model,
                task: &task,
                decoding: None,
                searched: false,
            };
            task.repair(&mut reader, begun)
        };
        let Some(found) = run().map_err(named)? else {
            return Ok(None);
        };
        let decode = |tokens: &[u32]| {
            let written = self.tokens.decode(tokens);
            written.map_err(|problem| self.broken(problem))
        };
        task.enforced(found, (terms, pair), cut, decode).map(Some)
    }
}

/// One sentence's decoder, set out anew for each search.
struct Reader<'a> {
    model: &'a Model,
    task: &'a Task<'a>,
    decoding: Option<Decoding<'a>>,
    /// Hypotheses of a search are in it.
    searched: bool,
}

impl<'a> Reader<'a> {
    fn begin(&mut self) -> Result<&mut Decoding<'a>, StepError> {
        self.searched = false;
        let decoding = self.model.start(&self.task.source, self.task.cancel)?;
        Ok(self.decoding.insert(decoding))
    }
}

impl Reads for Reader<'_> {
    fn read(&mut self, tokens: &[u32]) -> Result<Reading, StepError> {
        let read = M2m100::opened(self.task, tokens);
        let decoding = self.begin()?;
        let (hidden, watch) = decoding.read(0, &read)?;
        // The row of the language token looks for the first word.
        let rows = read.len().saturating_sub(1);
        Ok(Reading {
            scores: decoding.logits(&hidden.part(1, rows))?,
            looks: watch.rows().split_off(1),
        })
    }

    fn set_out(&mut self, tokens: &[u32], place: usize) -> Result<(), StepError> {
        let read = M2m100::opened(self.task, tokens.get(..place).unwrap_or(tokens));
        if self.searched || self.decoding.is_none() {
            self.begin()?.read(0, &read)?;
        }
        if let Some(decoding) = &mut self.decoding {
            decoding.rewind(read.len());
        }
        self.searched = true;
        Ok(())
    }

    fn step(&mut self, parents: &[usize], tokens: &[u32]) -> Result<Vec<Vec<f32>>, StepError> {
        let none = || StepError::Broken("nothing was read".to_owned());
        let decoding = self.decoding.as_mut().ok_or_else(none)?;
        let hidden = decoding.advance(parents, tokens)?;
        decoding.logits(&hidden)
    }
}
