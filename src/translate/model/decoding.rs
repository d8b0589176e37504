//! The decoder at work on one sentence: what it has read and written, and its next logits.
//!
//! Keys and values of what was written lie in the order in which they came, a row for each token of
//! each hypothesis. A hypothesis is a path through these rows, so following another hypothesis
//! copies a short list of numbers and no keys.

use std::ops::Range;
use std::sync::Arc;

use super::{Model, stop_if};
use crate::compute::layers::{KeysValues, add};
use crate::compute::product::Activations;
use crate::domain::Cancel;
use crate::translate::error::StepError;

/// Rows of logits between two looks at the cancel flag; more than the widest beam has.
const LOGIT_ROWS: usize = 16;
/// Rows of keys and values for which there is room from the beginning, beside two for each token of the
/// source: a translation is seldom longer, and only several hypotheses side by side need more.
const ROOM: usize = 32;

/// The decoder's state over one sentence.
pub(in crate::translate) struct Decoding<'a> {
    model: &'a Model,
    cancel: &'a Cancel,
    read: Arc<Source>,
    /// The source's rows, all of them.
    source: Vec<u32>,
    caches: Vec<KeysValues>,
    /// Rows in each cache.
    rows: u32,
    /// The rows of each hypothesis, oldest first.
    paths: Vec<Vec<u32>>,
    work: Activations,
    /// A step for each row, where they are remembered.
    steps: Option<Vec<Step>>,
}

/// One token that was written.
struct Step {
    token: u32,
    /// The row of the token before it.
    parent: Option<u32>,
    /// The decoder's state behind it, `d` numbers.
    hidden: Vec<f32>,
    /// How much each source token was looked at.
    look: Vec<f32>,
}

/// A search's best translation, and the decoder's memory of it.
pub(super) struct Written {
    /// What the decoder read, the opening too.
    pub tokens: Vec<u32>,
    path: Vec<u32>,
    caches: Vec<KeysValues>,
    rows: u32,
    kept: Kept,
}

/// What the decoder knew of `n` tokens that it wrote.
pub(in crate::translate) struct Kept {
    /// Log-probabilities of the tokens and of the end behind them, `n + 1`.
    pub logs: Vec<f32>,
    /// The states that they were chosen from, `(n + 1, d)`.
    pub hidden: Hidden,
    /// Where the decoder looked then, `(n + 1, source)`.
    pub looks: Vec<Vec<f32>>,
}

/// A sentence as the decoder looks at it.
pub(super) struct Source {
    /// Its tokens, padding too.
    pub ids: Vec<u32>,
    /// From the encoder's output, computed once a sentence, shared by all hypotheses.
    pub cross: Vec<KeysValues>,
    /// Rows in each of them.
    pub tokens: usize,
}

/// Hidden states, `(n, d)`.
#[derive(Default)]
pub(in crate::translate) struct Hidden {
    rows: Vec<f32>,
    d: usize,
}

impl Hidden {
    /// The rows from `first` on, `count` of them or as many as there are.
    pub fn part(&self, first: usize, count: usize) -> Hidden {
        let from = first.saturating_mul(self.d).min(self.rows.len());
        let to = from
            .saturating_add(count.saturating_mul(self.d))
            .min(self.rows.len());
        Hidden {
            rows: self.rows.get(from..to).unwrap_or_default().to_vec(),
            d: self.d,
        }
    }

    /// Keeps the first `count` rows.
    pub fn truncate(&mut self, count: usize) {
        self.rows.truncate(count.saturating_mul(self.d));
    }

    /// Appends these rows.
    pub fn extend(&mut self, other: &Hidden) {
        self.rows.extend_from_slice(&other.rows);
    }

    /// These rows, as many of them as there are.
    pub fn pick(&self, places: &[usize]) -> Hidden {
        let parts = places.iter().map(|place| self.part(*place, 1).rows);
        Hidden {
            rows: parts.collect::<Vec<_>>().concat(),
            d: self.d,
        }
    }
}

/// Cross-attention of the tokens of one step or pass: the mean over all heads of the decoder's upper
/// half, where attention follows the words; the lower layers mostly look at the source's end.
#[derive(Default)]
pub(in crate::translate) struct Watch {
    sums: Vec<Vec<f32>>,
    heads: usize,
}

impl Watch {
    /// Takes in one layer's shares, `(n, h, source)`.
    pub fn add(&mut self, shares: &[f32], heads: usize, source: usize) {
        self.heads = self.heads.saturating_add(heads);
        for (row, shares) in shares
            .chunks(heads.saturating_mul(source).max(1))
            .enumerate()
        {
            if self.sums.len() <= row {
                self.sums.push(vec![0.0; source]);
            }
            let sums = self
                .sums
                .get_mut(row)
                .map(Vec::as_mut_slice)
                .unwrap_or_default();
            for head in shares.chunks_exact(source.max(1)) {
                add(sums, head);
            }
        }
    }

    /// A row over the source tokens for each token; each sums to 1.
    pub fn rows(&self) -> Vec<Vec<f32>> {
        let mean = |sum: &f32| sum / self.heads.max(1) as f32;
        self.sums
            .iter()
            .map(|row| row.iter().map(mean).collect())
            .collect()
    }
}

fn misfit() -> StepError {
    StepError::Broken("the text does not fit the model".to_owned())
}

impl<'a> Decoding<'a> {
    pub(super) fn new(model: &'a Model, read: Arc<Source>, cancel: &'a Cancel) -> Self {
        let rows = read.tokens.saturating_mul(2).saturating_add(ROOM);
        let room = rows.saturating_mul(model.config.d_model);
        let caches = read.cross.iter().map(|_| KeysValues::with_room(room));
        Self {
            model,
            cancel,
            caches: caches.collect(),
            source: (0..).take(read.tokens).collect(),
            read,
            rows: 0,
            paths: vec![Vec::new()],
            work: Activations::default(),
            steps: None,
        }
    }

    pub(super) fn resumed(
        model: &'a Model,
        read: Arc<Source>,
        written: Written,
        cancel: &'a Cancel,
    ) -> (Self, Kept) {
        let decoding = Self {
            model,
            cancel,
            caches: written.caches,
            source: (0..).take(read.tokens).collect(),
            read,
            rows: written.rows,
            paths: vec![written.path],
            work: Activations::default(),
            steps: None,
        };
        (decoding, written.kept)
    }

    /// Remembers every step of a search from its beginning, for [`Self::keep`].
    pub fn remember(&mut self) {
        self.steps = Some(Vec::new());
    }

    /// Leaves what is known of `tokens`, the `opening` tokens and the best translation, for
    /// [`Model::resume`]. `logs` are the log-probabilities of the translation's tokens and of its end.
    pub fn keep(mut self, tokens: Vec<u32>, opening: usize, logs: Vec<f32>) {
        let steps = self.steps.take().unwrap_or_default();
        let mut path: Vec<u32> = Vec::with_capacity(tokens.len());
        for token in &tokens {
            let parent = path.last().copied();
            let own = |step: &Step| step.token == *token && step.parent == parent;
            // The last token of one that was cut off was never read.
            let Some(row) = steps.iter().position(own) else {
                return;
            };
            path.push(row as u32);
        }
        let mut kept = Kept {
            logs,
            hidden: Hidden {
                rows: Vec::new(),
                d: self.model.config.d_model,
            },
            looks: Vec::new(),
        };
        let of_path = path.iter().skip(opening.saturating_sub(1));
        for step in of_path.filter_map(|row| steps.get(*row as usize)) {
            kept.hidden.rows.extend_from_slice(&step.hidden);
            kept.looks.push(step.look.clone());
        }
        if let Some(last) = self.model.last().as_mut()
            && Arc::ptr_eq(&last.source, &self.read)
        {
            last.written = Some(Written {
                tokens,
                path,
                caches: self.caches,
                rows: self.rows,
                kept,
            });
        }
    }

    /// Appends `tokens[i]` to hypothesis `parents[i]` of the step before (at the first step there is
    /// one hypothesis, 0). Returns the hidden states, `(n, d)`.
    pub fn advance(&mut self, parents: &[usize], tokens: &[u32]) -> Result<Hidden, StepError> {
        let length = self.paths.first().map_or(0, Vec::len);
        let follow = |(parent, row): (&usize, u32)| {
            let mut path = self.paths.get(*parent)?.clone();
            path.push(row);
            Some(path)
        };
        let paths: Option<Vec<_>> = parents.iter().zip(self.rows..).map(follow).collect();
        let paths = paths.filter(|paths| !paths.is_empty() && paths.len() == tokens.len());
        self.paths =
            paths.ok_or_else(|| StepError::Broken("a hypothesis is missing".to_owned()))?;
        let views: Vec<Vec<u32>> = self.paths.clone();
        let views: Vec<&[u32]> = views.iter().map(Vec::as_slice).collect();
        let mut watch = self.steps.is_some().then(Watch::default);
        let lengths = vec![length; tokens.len()];
        let hidden = self.pass(tokens, &lengths, &views, watch.as_mut())?;
        if let (Some(steps), Some(watch)) = (&mut self.steps, watch) {
            let rows = hidden.rows.chunks_exact(hidden.d.max(1));
            let read = tokens.iter().zip(&self.paths).zip(rows.zip(watch.rows()));
            steps.extend(read.map(|((token, path), (hidden, look))| Step {
                token: *token,
                parent: path.iter().rev().nth(1).copied(),
                hidden: hidden.to_vec(),
                look,
            }));
        }
        Ok(hidden)
    }

    /// Decodes `tokens` in one pass behind the first `shared` ones that were read before. Returns the
    /// hidden states, `(t, d)`, and where each token looks for the next one. What was read is the one
    /// hypothesis from then on.
    ///
    /// # Errors
    /// Tokens that do not fit; a cancel.
    pub fn read(&mut self, shared: usize, tokens: &[u32]) -> Result<(Hidden, Watch), StepError> {
        let first = self.rows;
        let read = self.aside(&[(shared, tokens)], &[])?;
        self.rewind(shared);
        self.paths.truncate(1);
        if let Some(path) = self.paths.first_mut() {
            path.extend((first..).take(tokens.len()));
        }
        Ok(read)
    }

    /// Reads other continuations of the first hypothesis in one pass, each behind its first so many
    /// tokens, and leaves the hypotheses as they are. The source's tokens in `unseen` are not looked
    /// at. Returns what [`Self::read`] returns, one continuation after the other.
    ///
    /// # Errors
    /// Tokens that do not fit; a cancel.
    pub fn aside(
        &mut self,
        tails: &[(usize, &[u32])],
        unseen: &[Range<usize>],
    ) -> Result<(Hidden, Watch), StepError> {
        let before = self.paths.first().map(Vec::as_slice).unwrap_or_default();
        let (mut tokens, mut lengths, mut views) = (Vec::new(), Vec::new(), Vec::new());
        for (shared, tail) in tails {
            let mut path = before.get(..*shared).map(<[u32]>::to_vec);
            for token in *tail {
                let row = self.rows.saturating_add(tokens.len() as u32);
                let path = path.as_mut().ok_or_else(misfit)?;
                lengths.push(path.len());
                path.push(row);
                tokens.push(*token);
                views.push(path.clone());
            }
        }
        if tokens.is_empty() {
            return Err(misfit());
        }
        let views: Vec<&[u32]> = views.iter().map(Vec::as_slice).collect();
        let all = self.source.clone();
        let hides = |row: &u32| unseen.iter().any(|part| part.contains(&(*row as usize)));
        self.source.retain(|row| !hides(row));
        let mut watch = Watch::default();
        let hidden = self.pass(&tokens, &lengths, &views, Some(&mut watch));
        self.source = all;
        Ok((hidden?, watch))
    }

    /// Goes back to the first `length` tokens; what came after is forgotten.
    pub fn rewind(&mut self, length: usize) {
        for path in &mut self.paths {
            path.truncate(length);
        }
    }

    /// One pass over the decoder: `tokens[i]` stands at position `lengths[i]` and sees `paths[i]`,
    /// which ends in its own row.
    fn pass(
        &mut self,
        tokens: &[u32],
        lengths: &[usize],
        paths: &[&[u32]],
        mut watch: Option<&mut Watch>,
    ) -> Result<Hidden, StepError> {
        let config = &self.model.config;
        if lengths
            .iter()
            .any(|at| *at >= config.max_position_embeddings)
        {
            return Err(StepError::Broken(
                "the output is too long for the model".to_owned(),
            ));
        }
        // As in the reference, a padding token that the model itself wrote has no position.
        let pad = config.pad_token_id;
        let place = |(id, at): (&u32, &usize)| match *id == pad {
            true => pad,
            false => pad.saturating_add(1).saturating_add(*at as u32),
        };
        let places: Vec<u32> = tokens.iter().zip(lengths).map(place).collect();
        let mut x = self.model.embed(tokens, &places)?;
        let mut normed = Vec::new();
        let everything = vec![self.source.as_slice(); tokens.len()];
        let upper = self.model.decoder.len() / 2;
        let layers = self
            .model
            .decoder
            .iter()
            .zip(&self.read.cross)
            .zip(&mut self.caches);
        let work = &mut self.work;
        for (number, ((layer, cross), cache)) in layers.enumerate() {
            stop_if(self.cancel)?;
            layer.norm.apply(&x, &mut normed);
            let mut query = layer.attention.query_and_remember(&normed, cache, work);
            add(
                &mut x,
                &layer.attention.look(&mut query, cache, paths, work).0,
            );
            stop_if(self.cancel)?;
            layer.cross_norm.apply(&x, &mut normed);
            let mut query = layer.cross.query(&normed, work);
            let (seen, shares) = layer.cross.look(&mut query, cross, &everything, work);
            if let Some(watch) = watch.as_deref_mut().filter(|_| number >= upper) {
                watch.add(&shares, config.decoder_attention_heads, self.source.len());
            }
            add(&mut x, &seen);
            stop_if(self.cancel)?;
            layer.feed_forward.add_to(&mut x, work);
        }
        self.rows = self.rows.saturating_add(tokens.len() as u32);
        let mut hidden = Hidden {
            rows: Vec::new(),
            d: config.d_model,
        };
        self.model.decoder_norm.apply(&x, &mut hidden.rows);
        Ok(hidden)
    }

    /// The logits of hidden states: a row of `vocab` numbers for each of the `n` hypotheses.
    pub fn logits(&mut self, hidden: &Hidden) -> Result<Vec<Vec<f32>>, StepError> {
        let mut rows = Vec::with_capacity(hidden.rows.len() / hidden.d.max(1));
        for some in hidden
            .rows
            .chunks(LOGIT_ROWS.saturating_mul(hidden.d).max(1))
        {
            stop_if(self.cancel)?;
            rows.extend(self.model.project(some, &mut self.work));
        }
        Ok(rows)
    }
}
