//! The second decoding, with the glossary's terms, and whether its result is good enough to stand.
//!
//! Free decoding comes first and stands wherever it has the terms. Only on a miss is the sentence
//! decoded again: the free translation is read once more in one pass, which tells where the decoder
//! looked while it wrote each word; up to the first place where a missing term could stand the two
//! translations are the same, and the search goes on from there ([`super::guided`]).

use std::ops::Range;

use crate::domain::{Cancel, LangPair};
use crate::glossary::{Constraint, Glossary, RequiredTerm, TermState};

use super::error::StepError;
use super::guided::{self, Gate, Guide, Path, Row, Spelling};
use super::model::{Decoding, Watch};
use super::{DecodeOptions, Decoded, Error, M2m100, beam};

/// A term may be begun where its source has at least this share of the attention that it has at most
/// in the free translation.
const GATE: f32 = 0.5;
/// The words beside the terms may lose this much of their mean log-probability a token. More means
/// that the terms broke the sentence.
const MAX_LOSS: f32 = 0.7;
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
struct Demand {
    constraint: Constraint,
    /// Source tokens of each slot.
    columns: Vec<Range<usize>>,
    /// Longest variants of all slots together, in characters.
    letters: usize,
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
        let found = self
            .guided(&source, language, &demand, free, options, cancel)
            .map_err(|e| e.named(&self.engine))?;
        let Some(path) = found else {
            return Ok(None);
        };
        let written = self
            .tokens
            .decode(&path.tokens)
            .map_err(|problem| self.broken(problem))?;
        let loss = free.log_prob - self.beside_terms(&path);
        let accepted = loss <= MAX_LOSS
            && !cut
            && keeps_to(terms, &written, pair)
            && !doubled(
                &self.beside(&demand, &free.token_ids),
                &self.beside(&demand, &path.tokens),
            );
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
        let start = TermState::default();
        let state = demand
            .constraint
            .advance(&start, &self.surface(&free.token_ids));
        let state = state.and_then(|s| demand.constraint.finish(&s));
        match state {
            Some(state) if state.met_count() == demand.constraint.slots() => true,
            // The check reads spellings alike that the automaton holds apart.
            Some(state) if state.met_count() == 0 => keeps_to(terms, &free.text, pair),
            _ => false,
        }
    }

    fn surface(&self, tokens: &[u32]) -> String {
        tokens.iter().map(|t| self.tokens.surface(*t)).collect()
    }

    fn guided(
        &self,
        source: &[u32],
        language: u32,
        demand: &Demand,
        free: &Decoded,
        options: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Option<Path>, StepError> {
        let config = self.model.config();
        let mut read = vec![config.decoder_start_token_id, language];
        read.extend(&free.token_ids);
        let mut decoding = self.model.start(source, cancel)?;
        let (hidden, watch) = decoding.prefill(&read)?;
        // The row of the language token looks for the first word.
        let looks = watch.rows().split_off(1);
        let gates = gates(&demand.columns, &looks);
        let shared = self.shared(demand, &gates, &looks, &free.token_ids);
        let scores = decoding.logits(&hidden.part(1, shared.saturating_add(1)))?;
        let start = self.beginning(demand, &free.token_ids, shared, &scores)?;
        let (Some(logits), Some(attention)) = (scores.into_iter().last(), looks.get(shared)) else {
            return Ok(None);
        };
        let first = Row {
            logits,
            attention: attention.clone(),
        };
        decoding.rewind(shared.saturating_add(2));
        let mut limits = self.limits(options);
        let longest = free.token_ids.len().saturating_add(demand.letters);
        limits.max_tokens = limits.max_tokens.min(longest.saturating_add(ROOM));
        let guide = Guide {
            constraint: &demand.constraint,
            gates: &gates,
            spelling: &self.tokens,
            limits,
        };
        guided::search(start, first, &guide, |parents, tokens| {
            rows(&mut decoding, parents, tokens)
        })
    }

    /// How many tokens of the free translation stay: those before the first place where a missing
    /// term could stand, and before anything forbidden.
    fn shared(&self, demand: &Demand, gates: &[Gate], looks: &[Vec<f32>], free: &[u32]) -> usize {
        let constraint = &demand.constraint;
        let whole = constraint.advance(&TermState::default(), &self.surface(free));
        let met = whole
            .and_then(|s| constraint.finish(&s))
            .map_or(0, |s| s.met());
        let open = |look: &Vec<f32>| {
            let mut missing = (0..).zip(gates).filter(|(slot, _)| met >> slot & 1 == 0);
            missing.any(|(_, gate): (u32, &Gate)| gate.share(look) >= gate.open_at)
        };
        let mut state = TermState::default();
        for (at, token) in free.iter().enumerate() {
            if looks.get(at).is_none_or(open) {
                return at;
            }
            match constraint.advance(&state, &self.tokens.surface(*token)) {
                Some(next) => state = next,
                // The word before it may be the beginning of what is forbidden.
                None => return 0,
            }
        }
        free.len().saturating_sub(1)
    }

    /// The first `shared` tokens of the free translation as a hypothesis.
    fn beginning(
        &self,
        demand: &Demand,
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
        let state = demand.constraint.advance(&TermState::default(), &text);
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
    fn beside(&self, demand: &Demand, tokens: &[u32]) -> Vec<u32> {
        let text = self.surface(tokens);
        let state = demand.constraint.advance(&TermState::default(), &text);
        let state = state.and_then(|s| demand.constraint.finish(&s));
        let beside = self.is_beside(tokens, &state.unwrap_or_default());
        let both = tokens.iter().zip(beside);
        both.filter(|(_, b)| *b).map(|(token, _)| *token).collect()
    }

    /// Mean log-probability of the tokens that are not part of a term, the end token included.
    fn beside_terms(&self, path: &Path) -> f32 {
        let beside = self.is_beside(&path.tokens, &path.state);
        // The end token's is one more.
        let logs = path.logs.iter().zip(beside.into_iter().chain([true]));
        let kept: Vec<f32> = logs.filter(|(_, b)| *b).map(|(log, _)| *log).collect();
        kept.iter().sum::<f32>() / kept.len().max(1) as f32
    }
}

/// The next rows of logits, with where each hypothesis looks.
fn rows(
    decoding: &mut Decoding<'_>,
    parents: &[usize],
    tokens: &[u32],
) -> Result<Vec<Row>, StepError> {
    let mut watch = Watch::default();
    let hidden = decoding.advance_watched(parents, tokens, Some(&mut watch))?;
    let logits = decoding.logits(&hidden)?;
    let row = |(logits, attention)| Row { logits, attention };
    Ok(logits.into_iter().zip(watch.rows()).map(row).collect())
}

/// Each gate opens by what its term's source gets at most in the free translation.
fn gates(columns: &[Range<usize>], looks: &[Vec<f32>]) -> Vec<Gate> {
    let gate = |columns: &Range<usize>| {
        let mut gate = Gate {
            columns: columns.clone(),
            open_at: 0.0,
        };
        let most = looks.iter().map(|l| gate.share(l)).fold(0.0, f32::max);
        gate.open_at = most * GATE;
        gate
    };
    columns.iter().map(gate).collect()
}

/// Whether the glossary's own check is content: each term there, nothing forbidden.
fn keeps_to(terms: &[RequiredTerm], translation: &str, pair: LangPair) -> bool {
    let (uses, flags) = Glossary::default().check(terms, translation, pair.to);
    uses.iter().all(|u| u.satisfied) && flags.is_empty()
}

/// Whether the terms were only put in, so that what the free translation said in their place still
/// stands: beside the terms all its tokens are there, in order.
fn doubled(free: &[u32], with_terms: &[u32]) -> bool {
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
    fn a_gate_opens_near_where_free_decoding_looked_most() {
        let looks = vec![
            vec![0.5, 0.1, 0.2, 0.0, 0.2],
            vec![0.0, 0.0, 0.1, 0.3, 0.6],
            vec![0.9, 0.0, 0.0, 0.0, 0.1],
        ];
        let found = gates(&[3..4], &looks);
        assert!((found[0].open_at - 0.75 * GATE).abs() < 1e-6);
        let open: Vec<bool> = looks
            .iter()
            .map(|l| found[0].share(l) >= found[0].open_at)
            .collect();
        assert_eq!(open, [false, true, false]);
    }
}
