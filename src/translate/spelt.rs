//! Terms as one tokenizer spells them: which of a sentence's terms a translation has, where one that is
//! missing may begin, and which tokens stand beside them. Every engine that is read and written by
//! tokens needs the same; only the tokenizer differs.

use std::ops::Range;

use super::error::StepError;
use super::guided::{self, Path, Spelling};
use super::terms::{keeps_to, share};
use super::{Decoded, beam};
use crate::domain::LangPair;
use crate::glossary::{Constraint, RequiredTerm, TermState};

/// A term may be begun where its source has at least this share of the attention that it has at most
/// in the translation.
const GATE: f32 = 0.3;
/// Places that are tried for one term, the likeliest first, until one is good enough.
const PLACES: usize = 3;

/// What a tokenizer tells beside which token spells what.
pub(super) trait Speller: Spelling {
    /// A text as its pieces spell it; `None` where they cannot.
    fn spelled(&self, text: &str) -> Option<String>;
    /// The source tokens that hold any of these bytes of `text`, counted as the model reads them;
    /// `None` where that part was cut off.
    ///
    /// # Errors
    /// What the tokenizer says.
    fn columns(&self, text: &str, bytes: &Range<usize>) -> Result<Option<Range<usize>>, String>;
}

/// One sentence's terms, ready for the search.
pub(super) struct Demand {
    /// Approved variants of each slot.
    pub wanted: Vec<Vec<String>>,
    pub forbidden: Vec<String>,
    /// Of all slots.
    pub constraint: Constraint,
    /// Source tokens of each slot.
    pub columns: Vec<Range<usize>>,
    /// Longest variants of all slots together, in characters.
    pub letters: usize,
}

impl Demand {
    /// The filled slots of a text; `None` where it holds something forbidden.
    pub fn met(&self, text: &str) -> Option<TermState> {
        let state = self.constraint.advance(&TermState::default(), text)?;
        self.constraint.finish(&state)
    }
}

/// The same questions put to one tokenizer.
#[derive(Clone, Copy)]
pub(super) struct Spelt<'a>(pub &'a dyn Speller);

impl Spelt<'_> {
    /// What must stay and what must come: the slots that are filled, and this one. Other slots get no
    /// variants here but keep their numbers.
    pub fn kept(&self, demand: &Demand, tokens: &[u32], slot: Option<usize>) -> Constraint {
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
    pub fn places(
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
                && let Some(begin) = guided::beginning(kept, self.0, slot, &text, logits)
            {
                found.push((begin - beam::normaliser(logits)?, place));
            }
            text.push_str(
                &tokens
                    .get(place)
                    .map_or_else(String::new, |t| self.0.surface(*t)),
            );
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        Ok(found.into_iter().take(PLACES).map(|f| f.1).collect())
    }

    /// The terms as this model spells them; `None` without any that it can.
    pub fn demand(&self, text: &str, terms: &[RequiredTerm]) -> Result<Option<Demand>, StepError> {
        let spell = |variants: &[String]| -> Vec<String> {
            variants.iter().filter_map(|v| self.0.spelled(v)).collect()
        };
        let (mut wanted, mut columns, mut forbidden) = (Vec::new(), Vec::new(), Vec::new());
        let mut letters = 0usize;
        for term in terms {
            forbidden.extend(spell(&term.forbidden));
            let variants = spell(&term.admitted);
            let place = self
                .0
                .columns(text, &term.range)
                .map_err(StepError::Broken)?;
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
    pub fn has_all(
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

    pub fn surface(&self, tokens: &[u32]) -> String {
        tokens.iter().map(|t| self.0.surface(*t)).collect()
    }

    /// The first `shared` tokens of the free translation as a hypothesis.
    pub fn beginning(
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
            let to = from.saturating_add(self.0.surface(*token).chars().count());
            beside.push(!state.places().iter().any(|p| p.0 < to && from < p.1));
            from = to;
        }
        beside
    }

    /// The tokens that are part of no term.
    pub fn beside(&self, constraint: &Constraint, tokens: &[u32]) -> Vec<u32> {
        let text = self.surface(tokens);
        let state = constraint.advance(&TermState::default(), &text);
        let state = state.and_then(|s| constraint.finish(&s));
        let beside = self.is_beside(tokens, &state.unwrap_or_default());
        let both = tokens.iter().zip(beside);
        both.filter(|(_, b)| *b).map(|(token, _)| *token).collect()
    }

    /// Mean log-probability of the tokens that are not part of a term, the end token included.
    pub fn beside_terms(&self, path: &Path) -> f32 {
        let kept = self.logs_beside(path);
        kept.iter().sum::<f32>() / kept.len().max(1) as f32
    }

    /// Their log-probabilities.
    pub fn logs_beside(&self, path: &Path) -> Vec<f32> {
        let beside = self.is_beside(&path.tokens, &path.state);
        // The end token's is one more.
        let logs = path.logs.iter().zip(beside.into_iter().chain([true]));
        logs.filter(|(_, b)| *b).map(|(log, _)| *log).collect()
    }
}
