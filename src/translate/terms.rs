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

use super::error::StepError;
use super::guided::{self, Guide, Path, Spelling};
use super::model::Decoding;
use super::{DecodeOptions, Decoded, Error, M2m100, beam};

/// A term may be begun where its source has at least this share of the attention that it has at most
/// in the translation.
const GATE: f32 = 0.3;
/// Places that are tried for one term, the likeliest first, until one is good enough.
const PLACES: usize = 3;
/// The words beside the terms may lose this much of their mean log-probability a token. More means
/// that the terms broke the sentence.
pub(super) const MAX_LOSS: f32 = 0.2;
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

/// One sentence's terms, ready for the search.
pub(super) struct Demand {
    /// Approved variants of each slot.
    pub wanted: Vec<Vec<String>>,
    forbidden: Vec<String>,
    /// Of all slots.
    constraint: Constraint,
    /// Source tokens of each slot.
    pub columns: Vec<Range<usize>>,
    /// Longest variants of all slots together, in characters.
    letters: usize,
}

impl Demand {
    /// The filled slots of a text; `None` where it holds something forbidden.
    fn met(&self, text: &str) -> Option<TermState> {
        let state = self.constraint.advance(&TermState::default(), text)?;
        self.constraint.finish(&state)
    }
}

/// What one sentence needs all along.
pub(super) struct Task<'a> {
    pub demand: &'a Demand,
    pub source: Vec<u32>,
    pub language: u32,
    /// Tokens of the free translation, and their mean log-probability.
    pub free: &'a Decoded,
    options: &'a DecodeOptions,
    pub cancel: &'a Cancel,
}

impl M2m100 {
    pub(super) fn with_terms(
        &self,
        text: &str,
        pair: LangPair,
        terms: &[RequiredTerm],
        free: &Decoded,
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Option<Enforced>, Error> {
        let Some(demand) = self.demand(text, terms)? else {
            return Ok(None);
        };
        if free.token_ids.is_empty() || self.has_all(&demand, free, terms, pair) {
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
            source,
            language,
            free,
            options,
            cancel,
        };
        let found = self.repair(&task).map_err(|e| e.named(&self.engine))?;
        let Some((path, good)) = found else {
            return Ok(None);
        };
        let written = self
            .tokens
            .decode(&path.tokens)
            .map_err(|problem| self.broken(problem))?;
        let loss = free.log_prob - self.beside_terms(&path);
        let accepted = good && !cut && keeps_to(terms, &written, pair);
        let sum = path.sum();
        let count = path.logs.len().max(1);
        let penalty = beam::penalty(count.saturating_add(1), &self.limits(options));
        let decoded = Decoded {
            text: written,
            token_ids: path.tokens,
            log_prob: sum / count as f32,
            score: sum / penalty,
            truncated: cut,
        };
        Ok(Some(Enforced {
            decoded,
            accepted,
            loss,
        }))
    }

    /// Puts one missing term after the other into the free translation. The second value says
    /// whether every one of them left the other words as they should be.
    fn repair(&self, task: &Task<'_>) -> Result<Option<(Path, bool)>, StepError> {
        let demand = task.demand;
        let (mut last, mut good) = (self.with_replaced(task)?, true);
        let tokens = last.as_ref().map(|path| &path.tokens);
        let mut tokens = tokens.unwrap_or(&task.free.token_ids).clone();
        let mut tried = 0u32;
        for _ in 0..=demand.constraint.slots() {
            let state = demand.met(&self.surface(&tokens));
            let met = state.as_ref().map(TermState::met);
            let missing: Vec<usize> = (0..demand.constraint.slots())
                .filter(|slot| (met.unwrap_or(0) | tried) >> slot & 1 == 0)
                .collect();
            if missing.is_empty() && (met.is_some() || last.is_some()) {
                break;
            }
            let stood = last
                .as_ref()
                .map_or(task.free.log_prob, |p| self.beside_terms(p));
            let Some((path, slot, fine)) = self.put(task, (&tokens, stood), &missing)? else {
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
        task: &Task<'_>,
        (tokens, stood): (&[u32], f32),
        missing: &[usize],
    ) -> Result<Option<(Path, Option<usize>, bool)>, StepError> {
        let mut read = vec![self.model.config().decoder_start_token_id, task.language];
        read.extend(tokens);
        let mut decoding = self.model.start(&task.source, task.cancel)?;
        let (hidden, watch) = decoding.read(0, &read)?;
        // The row of the language token looks for the first word.
        let rows = read.len().saturating_sub(1);
        let scores = decoding.logits(&hidden.part(1, rows))?;
        let looks = watch.rows().split_off(1);
        let mut first: Option<(usize, Vec<usize>)> = None;
        for slot in missing {
            let kept = self.kept(task.demand, tokens, Some(*slot));
            let places = self.places(task.demand, &kept, tokens, *slot, &looks, &scores)?;
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
        let kept = self.kept(task.demand, tokens, slot);
        let mut best: Option<(Path, f32)> = None;
        for (attempt, place) in places.into_iter().enumerate() {
            if attempt > 0 {
                decoding = self.model.start(&task.source, task.cancel)?;
                decoding.read(0, read.get(..place.saturating_add(2)).unwrap_or(&read))?;
            }
            decoding.rewind(place.saturating_add(2));
            let start = self.beginning(&kept, tokens, place, &scores)?;
            let logits = scores.get(place).cloned().unwrap_or_default();
            let Some(path) = self.search_on(task, &mut decoding, &kept, start, logits, slot)?
            else {
                continue;
            };
            let loss = stood - self.beside_terms(&path);
            let before = self.beside(&kept, tokens);
            if loss <= MAX_LOSS && !doubled(&before, &self.beside(&kept, &path.tokens)) {
                return Ok(Some((path, slot, true)));
            }
            if best.as_ref().is_none_or(|b| loss < b.1) {
                best = Some((path, loss));
            }
        }
        Ok(best.map(|(path, _)| (path, slot, false)))
    }

    /// What must stay and what must come: the slots that are filled, and this one. Other slots get no
    /// variants here but keep their numbers.
    pub(super) fn kept(&self, demand: &Demand, tokens: &[u32], slot: Option<usize>) -> Constraint {
        let met = demand.met(&self.surface(tokens)).map_or(0, |s| s.met());
        let stays = |at: usize| met >> at & 1 == 1 || Some(at) == slot;
        let wanted: Vec<Vec<String>> = (0..demand.constraint.slots())
            .map(|at| match demand.wanted.get(at) {
                Some(variants) if stays(at) => variants.clone(),
                _ => Vec::new(),
            })
            .collect();
        Constraint::new(&wanted, &demand.forbidden)
    }

    /// Where the slot's term may be begun, in tokens before it, the likeliest place first.
    fn places(
        &self,
        demand: &Demand,
        kept: &Constraint,
        tokens: &[u32],
        slot: usize,
        looks: &[Vec<f32>],
        scores: &[Vec<f32>],
    ) -> Result<Vec<usize>, StepError> {
        let Some(columns) = demand.columns.get(slot) else {
            return Ok(Vec::new());
        };
        let shares: Vec<f32> = looks.iter().map(|look| share(look, columns)).collect();
        let most = shares.iter().copied().fold(0.0, f32::max);
        let mut found: Vec<(f32, usize)> = Vec::new();
        let mut text = String::new();
        for (place, (share, logits)) in shares.iter().zip(scores).enumerate() {
            if *share >= most * GATE
                && let Some(begin) = guided::beginning(kept, &*self.tokens, slot, &text, logits)
            {
                found.push((begin - beam::normaliser(logits)?, place));
            }
            text.push_str(
                &tokens
                    .get(place)
                    .map_or_else(String::new, |t| self.tokens.surface(*t)),
            );
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        Ok(found.into_iter().take(PLACES).map(|f| f.1).collect())
    }

    fn search_on(
        &self,
        task: &Task<'_>,
        decoding: &mut Decoding<'_>,
        constraint: &Constraint,
        start: Path,
        logits: Vec<f32>,
        begin: Option<usize>,
    ) -> Result<Option<Path>, StepError> {
        let mut limits = self.limits(task.options);
        let longest = task
            .free
            .token_ids
            .len()
            .saturating_add(task.demand.letters);
        limits.max_tokens = limits.max_tokens.min(longest.saturating_add(ROOM));
        let guide = Guide {
            constraint,
            begin,
            spelling: &*self.tokens,
            limits,
        };
        guided::search(start, logits, &guide, |parents, tokens| {
            let hidden = decoding.advance(parents, tokens)?;
            decoding.logits(&hidden)
        })
    }

    /// The terms as this model spells them; `None` without any that it can.
    fn demand(&self, text: &str, terms: &[RequiredTerm]) -> Result<Option<Demand>, Error> {
        let spell = |variants: &[String]| -> Vec<String> {
            variants
                .iter()
                .filter_map(|v| self.tokens.spelled(v))
                .collect()
        };
        let (mut wanted, mut columns, mut forbidden) = (Vec::new(), Vec::new(), Vec::new());
        let mut letters = 0usize;
        for term in terms {
            forbidden.extend(spell(&term.forbidden));
            let variants = spell(&term.admitted);
            let place = self
                .tokens
                .columns(text, &term.range)
                .map_err(|problem| self.broken(problem))?;
            if let Some(place) = place.filter(|_| !variants.is_empty()) {
                let longest = variants.iter().map(|v| v.chars().count()).max();
                letters = letters.saturating_add(longest.unwrap_or(0));
                wanted.push(variants);
                columns.push(place);
            }
        }
        let constraint = Constraint::new(&wanted, &forbidden);
        columns.truncate(constraint.slots());
        Ok(
            (!wanted.is_empty() || !forbidden.is_empty()).then_some(Demand {
                wanted,
                forbidden,
                constraint,
                columns,
                letters,
            }),
        )
    }

    /// Whether the free translation has each term as often as the source, and nothing forbidden.
    fn has_all(
        &self,
        demand: &Demand,
        free: &Decoded,
        terms: &[RequiredTerm],
        pair: LangPair,
    ) -> bool {
        let state = demand.met(&self.surface(&free.token_ids));
        match state {
            Some(state) if state.met_count() == demand.constraint.slots() => true,
            // The check reads spellings alike that the automaton holds apart.
            Some(state) if state.met_count() == 0 => keeps_to(terms, &free.text, pair),
            _ => false,
        }
    }

    pub(super) fn surface(&self, tokens: &[u32]) -> String {
        tokens.iter().map(|t| self.tokens.surface(*t)).collect()
    }

    /// The first `shared` tokens of the free translation as a hypothesis.
    fn beginning(
        &self,
        constraint: &Constraint,
        free: &[u32],
        shared: usize,
        scores: &[Vec<f32>],
    ) -> Result<Path, StepError> {
        let mut path = Path::empty();
        for (token, logits) in free.iter().take(shared).zip(scores) {
            let logit = logits.get(*token as usize).copied().unwrap_or(f32::NAN);
            path.tokens.push(*token);
            path.logs.push(logit - beam::normaliser(logits)?);
        }
        let text = self.surface(&path.tokens);
        let state = constraint.advance(&TermState::default(), &text);
        path.state = state.unwrap_or_default();
        Ok(path)
    }

    /// For each token, whether it is part of no term.
    fn is_beside(&self, tokens: &[u32], state: &TermState) -> Vec<bool> {
        let mut from = 0usize;
        let mut beside = Vec::with_capacity(tokens.len());
        for token in tokens {
            let to = from.saturating_add(self.tokens.surface(*token).chars().count());
            beside.push(!state.places().iter().any(|p| p.0 < to && from < p.1));
            from = to;
        }
        beside
    }

    /// The tokens that are part of no term.
    pub(super) fn beside(&self, constraint: &Constraint, tokens: &[u32]) -> Vec<u32> {
        let text = self.surface(tokens);
        let state = constraint.advance(&TermState::default(), &text);
        let state = state.and_then(|s| constraint.finish(&s));
        let beside = self.is_beside(tokens, &state.unwrap_or_default());
        let both = tokens.iter().zip(beside);
        both.filter(|(_, b)| *b).map(|(token, _)| *token).collect()
    }

    /// Mean log-probability of the tokens that are not part of a term, the end token included.
    pub(super) fn beside_terms(&self, path: &Path) -> f32 {
        let kept = self.logs_beside(path);
        kept.iter().sum::<f32>() / kept.len().max(1) as f32
    }

    /// Their log-probabilities.
    pub(super) fn logs_beside(&self, path: &Path) -> Vec<f32> {
        let beside = self.is_beside(&path.tokens, &path.state);
        // The end token's is one more.
        let logs = path.logs.iter().zip(beside.into_iter().chain([true]));
        logs.filter(|(_, b)| *b).map(|(log, _)| *log).collect()
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
