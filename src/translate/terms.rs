//! The second decoding, with the glossary's terms, and whether its result is good enough to stand.
//!
//! Free decoding comes first and stands wherever it has the terms. On a miss the term is put in the
//! place of the words that stand for it ([`super::replace`]). Where that breaks the sentence, the
//! translation is read once more in one pass, which tells where the decoder looked while it wrote each
//! word, and how likely the term would have been there. At the best of these places the search sets out again with
//! the term ([`super::guided`]); before it the translations are the same. Terms are put right one
//! after the other: each has the whole beam, and a later one sees the sentence as the earlier left it.

use std::ops::Range;

use crate::domain::{Cancel, LangPair};
use crate::glossary::{Constraint, Glossary, RequiredTerm, TermState};

use super::beam::{self, Limits};
use super::error::StepError;
use super::guided::{self, Guide, Path};
use super::spelt::{Demand, Spelt};
use super::{Decoded, Error};

/// The words beside the terms may lose this much of their mean log-probability a token. More means
/// that the terms broke the sentence.
pub(super) const MAX_LOSS: f32 = 0.2;
/// This much the words beside a term may lose for the translation to stand, as much as one exchanged term may
/// ([`super::replace`]); twice as much where a sentence has two terms, and no more than that however many it has.
pub(super) const MOST_LOST: f32 = 1.0;
/// How much longer than the free translation one with terms may become, in tokens, beside the terms.
const ROOM: usize = 12;

/// A translation that has the glossary's terms.
#[derive(Clone, Debug, PartialEq)]
pub struct Enforced {
    /// The translation.
    pub decoded: Decoded,
    /// Whether it may stand in place of the free one. If not, a person should see both.
    pub accepted: bool,
    /// By how much the mean log-probability of the words beside the terms fell.
    pub loss: f32,
}

/// What one sentence needs all along.
pub(super) struct Task<'a> {
    pub demand: &'a Demand,
    pub spelt: Spelt<'a>,
    pub source: Vec<u32>,
    /// What the decoder reads before the translation.
    pub opening: Vec<u32>,
    /// Tokens of the free translation, and their mean log-probability.
    pub free: &'a Decoded,
    pub limits: Limits,
    pub cancel: &'a Cancel,
}

/// A translation as it was read once more.
pub(super) struct Reading {
    /// The logits before each token and behind the last.
    pub scores: Vec<Vec<f32>>,
    /// For each of these rows, how much each source token is looked at.
    pub looks: Vec<Vec<f32>>,
}

/// A decoder that reads a translation and writes on from any place of it.
pub(super) trait Reads {
    /// Reads a translation from its beginning.
    fn read(&mut self, tokens: &[u32]) -> Result<Reading, StepError>;
    /// Sets out before the token at `place` of the translation that was read.
    fn set_out(&mut self, tokens: &[u32], place: usize) -> Result<(), StepError>;
    /// Appends `tokens[i]` to hypothesis `parents[i]` of the step before; the logits after each.
    fn step(&mut self, parents: &[usize], tokens: &[u32]) -> Result<Vec<Vec<f32>>, StepError>;
}

impl Task<'_> {
    /// What came of it, in words: `decode` makes them of tokens.
    pub fn enforced(
        &self,
        (path, good): (Path, bool),
        (terms, pair): (&[RequiredTerm], LangPair),
        cut: bool,
        decode: impl FnOnce(&[u32]) -> Result<String, Error>,
    ) -> Result<Enforced, Error> {
        let written = decode(&path.tokens)?;
        let loss = self.free.log_prob - self.spelt.beside_terms(&path);
        let most = if terms.len() > 1 { 2.0 } else { 1.0 } * MOST_LOST;
        let sound = good && !cut && loss <= most;
        let accepted = sound && keeps_to(terms, &written, pair);
        let sum = path.sum();
        let count = path.logs.len().max(1);
        let penalty = beam::penalty(count.saturating_add(1), &self.limits);
        let decoded = Decoded {
            text: written,
            token_ids: path.tokens,
            log_prob: sum / count as f32,
            score: sum / penalty,
            truncated: cut,
        };
        Ok(Enforced {
            decoded,
            accepted,
            loss,
        })
    }

    /// Puts one missing term after the other into the free translation, or into what became of it. The
    /// second value says whether every one of them left the other words as they should be.
    pub fn repair(
        &self,
        reads: &mut dyn Reads,
        begun: Option<Path>,
    ) -> Result<Option<(Path, bool)>, StepError> {
        let demand = self.demand;
        let (mut last, mut good) = (begun, true);
        let tokens = last.as_ref().map(|path| &path.tokens);
        let mut tokens = tokens.unwrap_or(&self.free.token_ids).clone();
        let mut tried = 0u32;
        for _ in 0..=demand.constraint.slots() {
            let state = demand.met(&self.spelt.surface(&tokens));
            let met = state.as_ref().map(TermState::met);
            let missing: Vec<usize> = (0..demand.constraint.slots())
                .filter(|slot| (met.unwrap_or(0) | tried) >> slot & 1 == 0)
                .collect();
            if missing.is_empty() && (met.is_some() || last.is_some()) {
                break;
            }
            let stood = last
                .as_ref()
                .map_or(self.free.log_prob, |p| self.spelt.beside_terms(p));
            let Some((path, slot, fine)) = self.put(reads, (&tokens, stood), &missing)? else {
                good = false;
                break;
            };
            tried |= slot.map_or(0, |slot| 1 << slot);
            good &= fine;
            tokens.clone_from(&path.tokens);
            last = Some(path);
        }
        Ok(last.map(|path| (path, good)))
    }

    /// The translation with one of these slots filled as well, which one, and whether the other words
    /// stayed sound. The one that stands first in the translation: what follows it is written anew.
    fn put(
        &self,
        reads: &mut dyn Reads,
        (tokens, stood): (&[u32], f32),
        missing: &[usize],
    ) -> Result<Option<(Path, Option<usize>, bool)>, StepError> {
        let spelt = self.spelt;
        let read = reads.read(tokens)?;
        let mut first: Option<(usize, Vec<usize>)> = None;
        for slot in missing {
            let kept = spelt.kept(self.demand, tokens, Some(*slot));
            let places =
                spelt.places(self.demand, &kept, tokens, *slot, &read.looks, &read.scores)?;
            let earlier = |f: &(usize, Vec<usize>)| places.first() < f.1.first();
            if !places.is_empty() && first.as_ref().is_none_or(earlier) {
                first = Some((*slot, places));
            }
        }
        let (slot, places) = match first {
            Some((slot, places)) => (Some(slot), places),
            None if missing.is_empty() => (None, vec![0]),
            None => return Ok(None),
        };
        let kept = spelt.kept(self.demand, tokens, slot);
        let mut best: Option<(Path, f32)> = None;
        for place in places {
            reads.set_out(tokens, place)?;
            let start = spelt.beginning(&kept, tokens, place, &read.scores)?;
            let logits = read.scores.get(place).cloned().unwrap_or_default();
            let Some(path) = self.search_on(reads, &kept, start, logits, slot)? else {
                continue;
            };
            let loss = stood - spelt.beside_terms(&path);
            let before = spelt.beside(&kept, tokens);
            if loss <= MAX_LOSS && !doubled(&before, &spelt.beside(&kept, &path.tokens)) {
                return Ok(Some((path, slot, true)));
            }
            if best.as_ref().is_none_or(|b| loss < b.1) {
                best = Some((path, loss));
            }
        }
        Ok(best.map(|(path, _)| (path, slot, false)))
    }

    fn search_on(
        &self,
        reads: &mut dyn Reads,
        constraint: &Constraint,
        start: Path,
        logits: Vec<f32>,
        begin: Option<usize>,
    ) -> Result<Option<Path>, StepError> {
        let mut limits = self.limits;
        let longest = self
            .free
            .token_ids
            .len()
            .saturating_add(self.demand.letters);
        limits.max_tokens = limits.max_tokens.min(longest.saturating_add(ROOM));
        let guide = Guide {
            constraint,
            begin,
            spelling: self.spelt.0,
            limits,
        };
        guided::search(start, logits, &guide, |parents, tokens| {
            reads.step(parents, tokens)
        })
    }
}

/// The term's share of a row of cross-attention. The first and the last source token, language and
/// end, are where attention rests when it looks at nothing: they do not count.
pub(super) fn share(look: &[f32], columns: &Range<usize>) -> f32 {
    let words = look
        .get(1..look.len().saturating_sub(1))
        .unwrap_or_default();
    let all: f32 = words.iter().sum();
    let own: f32 = look.get(columns.clone()).unwrap_or_default().iter().sum();
    if all > 0.0 { own / all } else { 0.0 }
}

/// Whether the glossary's own check is content: each term there, nothing forbidden.
pub(super) fn keeps_to(terms: &[RequiredTerm], translation: &str, pair: LangPair) -> bool {
    let (uses, flags) = Glossary::default().check(terms, translation, pair.to);
    uses.iter().all(|u| u.satisfied) && flags.is_empty()
}

/// Whether the terms were only put in, so that what the free translation said in their place still
/// stands: beside the terms all its tokens are there, in order.
pub(super) fn doubled(free: &[u32], with_terms: &[u32]) -> bool {
    let mut rest = with_terms.iter();
    free.iter().all(|token| rest.any(|other| other == token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_that_replaced_nothing_is_doubled() {
        assert!(doubled(&[1, 2, 3], &[1, 9, 2, 3]));
        assert!(doubled(&[1, 2, 3], &[1, 2, 3]));
        assert!(!doubled(&[1, 2, 3], &[1, 3]));
        assert!(!doubled(&[1, 2, 3], &[1, 9, 3, 2]));
    }

    #[test]
    fn the_ends_of_the_source_have_no_share() {
        let look = [0.5, 0.1, 0.3, 0.1];
        assert!((share(&look, &(2..3)) - 0.75).abs() < 1e-6);
        assert_eq!(share(&[0.5, 0.5], &(1..2)), 0.0);
        assert_eq!(share(&[], &(1..2)), 0.0);
    }
}
