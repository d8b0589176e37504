//! A term in the place of the words that stand for it; the rest of the translation stays as it is.
//!
//! None of the six languages inflects, so the best second translation is mostly the first one with the
//! term exchanged. What is to be exchanged is told by the model itself. What it knew while it wrote the
//! translation is compared with a reading without the term in sight: where the term's words begin they become
//! unlikely. Where they end, the term stands before what follows: behind a piece of the old words, or
//! with a word of the sentence gone, what follows is unlikely. A sentence that has no such place, or
//! loses too much by the exchange, is left to the search ([`super::guided`]).

use std::ops::Range;

use super::M2m100;
use super::error::StepError;
use super::guided::{Path, Spelling};
use super::model::Decoding;
use super::seen::{Seen, alike, log, relative, says, scores};
use super::terms::{MOST_LOST, Task, doubled};
use crate::glossary::{Constraint, TermState};
use crate::text::capitalised;

/// A word belongs to the term if its log-probability falls by this much when the term is out of sight.
const FALL: f32 = 0.5;
/// A greater fall says no more.
const DEEP: f32 = 4.0;
/// Fall times share of attention, as a part of the most that it is: from here on a token before the
/// surest one belongs to the term.
const BEGINS: f32 = 0.35;
/// Tokens after the attended ones that may still be the term's: a name's rest is known without looking.
const REACH: usize = 8;
/// Weight of attention where the end is chosen, and shares, as parts of the highest, of others and the term's.
const WEIGHT: f32 = 4.0;
const HARDLY: f32 = 0.3;
const SURELY: f32 = 0.6;
/// Variants of a term and ends of the old words that are tried.
const VARIANTS: usize = 2;
const ENDS: usize = 3;
/// An end that is this much less likely than the likeliest, by what follows it, is not tried.
const CLEAR: f32 = 3.0;

/// A beginning of the new translation that ends in the term.
struct Head {
    /// Tokens of the old translation before the term.
    begin: usize,
    text: String,
    tokens: Vec<u32>,
}

/// A translation with the term, before it is weighed.
struct Draft {
    tokens: Vec<u32>,
    /// The old tokens that it has too, from the start.
    shared: usize,
    state: TermState,
    /// What attention holds against it, in log-probability.
    odd: f32,
}

impl M2m100 {
    /// The free translation with every missing term exchanged that can be; `None` where none can.
    pub(super) fn with_replaced(&self, task: &Task<'_>) -> Result<Option<Path>, StepError> {
        let demand = task.demand;
        let (mut decoding, mut read) = self.begin(task)?;
        let mut last: Option<Path> = None;
        let approved = Constraint::new(&demand.wanted, &[]);
        for slot in 0..approved.slots() {
            // Slots of one term are filled from the left, so which of them is filled says nothing.
            let stands = last.as_ref().map_or(&task.free.token_ids, |p| &p.tokens);
            let met = met(&approved, &task.spelt.surface(stands)).map_or(0, |s| s.met());
            let same = |other: &usize| demand.wanted.get(*other) == demand.wanted.get(slot);
            if (0..approved.slots())
                .filter(same)
                .all(|other| met >> other & 1 == 1)
            {
                continue;
            }
            let stands = stands.clone();
            let seen = match read.take() {
                Some(seen) if seen.tokens == stands => seen,
                before => self.see(task, &mut decoding, before, stands)?,
            };
            let stood = last
                .as_ref()
                .map_or(task.free.log_prob, |p| task.spelt.beside_terms(p));
            let path = self.replaced(task, &mut decoding, &seen, (slot, stood))?;
            last = path.or(last);
            read = Some(seen);
        }
        Ok(last)
    }

    /// The translation with this slot's term in the place of the old words, if there is such a place
    /// and the words beside it stay as likely as they must: `stood` is what they were before it.
    fn replaced(
        &self,
        task: &Task<'_>,
        decoding: &mut Decoding<'_>,
        seen: &Seen,
        (slot, stood): (usize, f32),
    ) -> Result<Option<Path>, StepError> {
        let Some(columns) = task.demand.columns.get(slot) else {
            return Ok(None);
        };
        let shares = relative(seen, columns);
        // Said twice, the term must be out of sight in both places.
        let wanted = &task.demand.wanted;
        let all = wanted.iter().zip(&task.demand.columns);
        let same = all.filter(|(variants, _)| wanted.get(slot) == Some(variants));
        let columns: &[_] = &same.map(|(_, columns)| columns.clone()).collect::<Vec<_>>();
        let falls = self.falls(task, decoding, seen, (&shares, columns))?;
        let Some((first, surest)) = beginning(&falls, &shares, |part| says(seen, part, columns))
        else {
            return Ok(None);
        };
        let kept = task.spelt.kept(task.demand, &seen.tokens, Some(slot));
        let heads = self.heads(task, seen, &kept, slot, first);
        let drafts = self.drafts(
            task,
            decoding,
            seen,
            &kept,
            (&heads, &shares),
            (surest, columns),
        )?;
        let Some(path) = self.likeliest(task, decoding, seen, drafts)? else {
            return Ok(None);
        };
        let loss = stood - task.spelt.beside_terms(&path);
        let (old, new) = (
            task.spelt.beside(&kept, &seen.tokens),
            task.spelt.beside(&kept, &path.tokens),
        );
        // The words beside the terms are the free translation's own, so only a wrong cut is to be told: the
        // practice translator loses less than this by all but a few right exchanges, and lets no more wrong
        // ones pass than with half as much.
        Ok((loss <= MOST_LOST && !doubled(&old, &new)).then_some(path))
    }

    /// By how much each token becomes less likely without the term in sight; 0 where too little
    /// attention rests on it for that to matter.
    fn falls(
        &self,
        task: &Task<'_>,
        decoding: &mut Decoding<'_>,
        seen: &Seen,
        (shares, columns): (&[f32], &[Range<usize>]),
    ) -> Result<Vec<f32>, StepError> {
        let mut falls = vec![0.0; seen.tokens.len()];
        let places: Vec<usize> = (0..falls.len())
            .filter(|place| shares.get(*place).is_some_and(|s| s * DEEP >= BEGINS))
            .collect();
        let until = places.last().map_or(0, |last| last.saturating_add(1));
        let read = Self::opened(task, seen.tokens.get(..until).unwrap_or_default());
        let (hidden, _) = decoding.aside(&[(0, &read)], columns)?;
        // The row of the language token looks for the first word.
        let rows: Vec<usize> = places.iter().map(|place| place.saturating_add(1)).collect();
        let blind = scores(decoding, &hidden.pick(&rows))?;
        for (place, row) in places.iter().zip(&blind) {
            if let (Some(fall), Some(token)) = (falls.get_mut(*place), seen.tokens.get(*place)) {
                *fall = seen.log(*place) - log(row, *token);
            }
        }
        Ok(falls)
    }

    /// The translation up to the old words and the term, for each variant that can stand there.
    fn heads(
        &self,
        task: &Task<'_>,
        seen: &Seen,
        kept: &Constraint,
        slot: usize,
        first: usize,
    ) -> Vec<Head> {
        let variants = task
            .demand
            .wanted
            .get(slot)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let head = |variant: &String| {
            // The tokenizer may have cut within a letter, where no term can begin.
            (first.saturating_sub(2)..=first).rev().find_map(|begin| {
                let mut text = task.spelt.surface(seen.tokens.get(..begin)?);
                let spaced = self
                    .tokens
                    .surface(*seen.tokens.get(begin)?)
                    .starts_with(' ');
                if begin == 0 {
                    text = capitalised(variant);
                } else {
                    text.push_str(if spaced { " " } else { "" });
                    text.push_str(variant);
                }
                let before = met(kept, &task.spelt.surface(seen.tokens.get(..begin)?))?;
                let tokens = self.tokens.pieces(&text)?;
                (met(kept, &text)?.met_count() > before.met_count()).then_some(Head {
                    begin,
                    text,
                    tokens,
                })
            })
        };
        variants.iter().take(VARIANTS).filter_map(head).collect()
    }

    /// The likeliest ends of the old words behind each head, and the translations that they make.
    fn drafts(
        &self,
        task: &Task<'_>,
        decoding: &mut Decoding<'_>,
        seen: &Seen,
        kept: &Constraint,
        (heads, shares): (&[Head], &[f32]),
        (surest, columns): (usize, &[Range<usize>]),
    ) -> Result<Vec<Draft>, StepError> {
        let tails: Vec<(usize, &[u32])> = heads
            .iter()
            .map(|h| tail(&seen.tokens, &h.tokens))
            .collect();
        if tails.iter().any(|(_, tail)| tail.is_empty()) || tails.is_empty() {
            return Ok(Vec::new());
        }
        let (hidden, _) = decoding.aside(&tails, &[])?;
        let attended = shares.iter().rposition(|s| *s >= SURELY).unwrap_or(surest);
        let far = seen
            .tokens
            .len()
            .min(attended.max(surest).saturating_add(1 + REACH));
        let mut found: Vec<(f32, f32, &Head, usize)> = Vec::new();
        let mut rows = 0usize;
        for (head, (_, tail)) in heads.iter().zip(&tails) {
            rows = rows.saturating_add(tail.len());
            let after = scores(decoding, &hidden.part(rows.saturating_sub(1), 1))?;
            let after = after.first().map(Vec::as_slice).unwrap_or_default();
            for end in surest.max(head.begin).saturating_add(1)..=far {
                if end > surest + 1 && says(seen, head.begin..end, columns) {
                    continue;
                }
                let next = seen
                    .tokens
                    .get(end)
                    .copied()
                    .unwrap_or(self.model.config().eos());
                let odd = odd(shares, surest.saturating_add(1), end, far);
                found.push((log(after, next) - odd, odd, head, end));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        let before = met(kept, &task.spelt.surface(&seen.tokens)).map_or(0, |s| s.met_count());
        let draft = |(_, odd, head, end): &(f32, f32, &Head, usize)| {
            let rest = task.spelt.surface(seen.tokens.get(*end..)?);
            let tokens = self.tokens.pieces(&format!("{}{rest}", head.text))?;
            let state = met(kept, &task.spelt.surface(&tokens))?;
            if state.met_count() <= before {
                return None;
            }
            Some(Draft {
                shared: alike(&seen.tokens, &tokens),
                tokens,
                state,
                odd: *odd,
            })
        };
        let best = found.first().map_or(0.0, |f| f.0);
        let close = found.iter().take_while(|f| best - f.0 < CLEAR);
        Ok(close.take(ENDS).filter_map(draft).collect())
    }

    /// The draft whose words beside the terms are likeliest, all read in one pass.
    fn likeliest(
        &self,
        task: &Task<'_>,
        decoding: &mut Decoding<'_>,
        seen: &Seen,
        drafts: Vec<Draft>,
    ) -> Result<Option<Path>, StepError> {
        let tails: Vec<(usize, &[u32])> = drafts
            .iter()
            .map(|d| {
                (
                    d.shared.saturating_add(2),
                    d.tokens.get(d.shared..).unwrap_or_default(),
                )
            })
            .collect();
        if tails.iter().all(|(_, tail)| tail.is_empty()) {
            return Ok(None);
        }
        let (hidden, _) = decoding.aside(&tails, &[])?;
        let lengths: Vec<usize> = tails.iter().map(|t| t.1.len()).collect();
        // What stands in the old translation's place where a draft leaves it.
        let turns: Vec<usize> = drafts.iter().map(|draft| draft.shared).collect();
        let turns = scores(decoding, &seen.kept.hidden.pick(&turns))?;
        let mut best: Option<(f32, Path)> = None;
        let mut row = 0usize;
        for ((draft, length), turn) in drafts.into_iter().zip(lengths).zip(&turns) {
            let own = match length {
                0 => Vec::new(),
                _ => scores(decoding, &hidden.part(row, length))?,
            };
            row = row.saturating_add(length);
            let mut path = Path::empty();
            let end = self.model.config().eos();
            for (place, token) in draft.tokens.iter().chain([&end]).enumerate() {
                path.logs.push(match place.checked_sub(draft.shared) {
                    None => seen.log(place),
                    Some(0) => log(turn, *token),
                    Some(at) => own.get(at - 1).map_or(f32::NAN, |row| log(row, *token)),
                });
            }
            path.tokens = draft.tokens;
            path.state = draft.state;
            let worth = task.spelt.logs_beside(&path).iter().sum::<f32>() - draft.odd;
            if worth.is_finite() && best.as_ref().is_none_or(|b| worth > b.0) {
                best = Some((worth, path));
            }
        }
        Ok(best.map(|(_, path)| path))
    }
}

/// The terms of a text; `None` where it holds something forbidden.
fn met(constraint: &Constraint, text: &str) -> Option<TermState> {
    let state = constraint.advance(&TermState::default(), text)?;
    constraint.finish(&state)
}

/// What is to be read of `new` behind what it has in common with `old`, which was read.
fn tail<'a>(old: &[u32], new: &'a [u32]) -> (usize, &'a [u32]) {
    let shared = alike(old, new);
    (
        shared.saturating_add(2),
        new.get(shared..).unwrap_or_default(),
    )
}

/// Where the old words begin, and the token that is surest to be one of them.
fn beginning(
    falls: &[f32],
    shares: &[f32],
    says_more: impl Fn(Range<usize>) -> bool,
) -> Option<(usize, usize)> {
    let weights: Vec<f32> = falls
        .iter()
        .zip(shares)
        .map(|(fall, share)| {
            if *fall < FALL {
                0.0
            } else {
                fall.min(DEEP) * share
            }
        })
        .collect();
    let weight = |at: usize| weights.get(at).copied().unwrap_or(0.0);
    let surest = (0..weights.len()).max_by(|a, b| weight(*a).total_cmp(&weight(*b)))?;
    if weight(surest) <= 0.0 {
        return None;
    }
    let mut first = surest;
    while let Some(before) = first.checked_sub(1)
        && weight(before) >= BEGINS
        && !says_more(before..surest + 1)
    {
        first = before;
    }
    Some((first, surest))
}

/// What attention holds against an end of the old words: tokens that hardly look at the term among
/// them, tokens that surely do behind them.
fn odd(shares: &[f32], from: usize, end: usize, far: usize) -> f32 {
    let part = |range: Range<usize>| shares.get(range).unwrap_or_default();
    let within: f32 = part(from..end).iter().map(|s| (HARDLY - s).max(0.0)).sum();
    let behind: f32 = part(end..far).iter().map(|s| (s - SURELY).max(0.0)).sum();
    WEIGHT * (within + behind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_words_begin_where_they_become_unlikely() {
        let never = |_: Range<usize>| false;
        // A preposition looks at the name too, but does not hang on it.
        let shares = [0.1, 0.8, 1.0, 0.9, 0.2];
        assert_eq!(
            beginning(&[0.0, 0.1, 5.0, 1.0, 0.0], &shares, never),
            Some((2, 2))
        );
        assert_eq!(
            beginning(&[0.0, 1.5, 5.0, 1.0, 0.0], &shares, never),
            Some((1, 2))
        );
        // Unless it stands for another word of the source.
        let more = |part: Range<usize>| part.start == 1;
        assert_eq!(
            beginning(&[0.0, 1.5, 5.0, 1.0, 0.0], &shares, more),
            Some((2, 2))
        );
        assert_eq!(beginning(&[0.1; 5], &shares, never), None);
        assert_eq!(beginning(&[], &[], never), None);
    }

    #[test]
    fn attention_is_held_against_a_wrong_end() {
        let end = |end| odd(&[1.0, 0.9, 0.0, 0.0], 1, end, 4);
        assert!(end(2) == 0.0 && end(1) > 1.0 && end(3) > 1.0);
    }
}
