//! Beam search under terms: the second decoding, after free decoding has missed a term.
//!
//! Every hypothesis carries the state of the [`Constraint`]'s automaton. The search sets out where a
//! term is to stand and begins with it, whatever its probability; once begun it is written to its
//! end, by whichever tokens spell it here, and the rest is the model's own. Hypotheses are kept by how
//! many terms they have: those with fewer never compete with those with more (dynamic beam allocation,
//! Post and Vilar 2018, <https://aclanthology.org/N18-1119>, with the banks counting terms instead of
//! tokens, since variants differ in length). No model is needed to test it.

use super::beam::{Limits, normaliser, penalty};
use super::error::StepError;
use crate::glossary::{Constraint, TermState};
use crate::text::capitalised;

/// Tokens of a row that are looked at beside those that begin or go on with a term. The beam needs
/// twice its width; the rest is for those that the constraint refuses.
const NATURAL: usize = 16;

/// Which text a token spells, and which token spells a text.
pub(super) trait Spelling {
    /// What the token adds to the text; empty for special tokens.
    fn surface(&self, token: u32) -> String;
    /// The token that adds exactly this.
    fn token(&self, surface: &str) -> Option<u32>;
}

/// What the search is to keep to.
pub(super) struct Guide<'a> {
    pub constraint: &'a Constraint,
    /// The slot that must be begun with the first token, if any.
    pub begin: Option<usize>,
    pub spelling: &'a dyn Spelling,
    pub limits: Limits,
}

/// A hypothesis.
#[derive(Clone, Debug)]
pub(super) struct Path {
    /// Tokens after the forced language token.
    pub tokens: Vec<u32>,
    /// Their log-probabilities; of an ended one also the end token's.
    pub logs: Vec<f32>,
    pub state: TermState,
    /// Where the term begins that is being written, in characters.
    writing: Option<usize>,
}

impl Path {
    /// A hypothesis that has no tokens yet.
    pub fn empty() -> Self {
        Self {
            tokens: Vec::new(),
            logs: Vec::new(),
            state: TermState::default(),
            writing: None,
        }
    }

    /// Sum of the log-probabilities.
    pub fn sum(&self) -> f32 {
        self.logs.iter().sum()
    }
}

/// One way to go on.
struct Candidate {
    row: usize,
    token: u32,
    log: f32,
    sum: f32,
    state: TermState,
    writing: Option<usize>,
    ended: bool,
}

impl Candidate {
    /// Terms that are whole count double, so that those being written stand between.
    fn bank(&self) -> usize {
        self.state.met_count() * 2 + usize::from(self.writing.is_some())
    }
}

/// The highest logit of a token that begins the slot's term after `text`, if one can.
pub(super) fn beginning(
    constraint: &Constraint,
    spelling: &dyn Spelling,
    slot: usize,
    text: &str,
    logits: &[f32],
) -> Option<f32> {
    let path = Path {
        state: constraint.advance(&TermState::default(), text)?,
        ..Path::empty()
    };
    let forced = forced(constraint, spelling, &path, Some(slot));
    let logit = |f: &(u32, TermState, usize)| logits.get(f.0 as usize).copied();
    forced.iter().filter_map(logit).reduce(f32::max)
}

/// The best hypothesis that fills every slot and has ended, or none.
///
/// `start` is the beginning that free decoding has already found, `logits` the row after it.
pub(super) fn search(
    start: Path,
    logits: Vec<f32>,
    guide: &Guide<'_>,
    mut step: impl FnMut(&[usize], &[u32]) -> Result<Vec<Vec<f32>>, StepError>,
) -> Result<Option<Path>, StepError> {
    let beam = guide.limits.beam;
    let mut paths = vec![start];
    let mut rows = vec![logits];
    let mut first = true;
    let mut finished: Vec<Path> = Vec::new();
    loop {
        let mut candidates = Vec::new();
        for (row, (path, scores)) in paths.iter().zip(&rows).enumerate() {
            candidates.extend(guide.candidates(row, path, scores, first)?);
        }
        first = false;
        // The language token counts as one.
        let length = paths.first().map_or(0, |p| p.tokens.len()) + 2;
        let (ended, going): (Vec<_>, Vec<_>) = candidates.into_iter().partition(|c| c.ended);
        finished.extend(ended.iter().filter_map(|c| extended(&paths, c)));
        finished.sort_by(|a, b| guide.score(b).total_cmp(&guide.score(a)));
        finished.truncate(beam);
        let chosen = allot(going, &paths, beam);
        let best = chosen.iter().map(|c| c.sum).reduce(f32::max);
        let Some(best) = best.filter(|_| length < guide.limits.max_tokens) else {
            break;
        };
        let hopeless = finished
            .first()
            .is_some_and(|f| best / penalty(length, &guide.limits) <= guide.score(f));
        if hopeless || finished.len() >= beam {
            break;
        }
        let parents: Vec<usize> = chosen.iter().map(|c| c.row).collect();
        let tokens: Vec<u32> = chosen.iter().map(|c| c.token).collect();
        let next: Vec<Path> = chosen.iter().filter_map(|c| extended(&paths, c)).collect();
        rows = step(&parents, &tokens)?;
        paths = next;
    }
    Ok(finished.into_iter().next())
}

fn extended(paths: &[Path], candidate: &Candidate) -> Option<Path> {
    let mut path = paths.get(candidate.row)?.clone();
    if !candidate.ended {
        path.tokens.push(candidate.token);
    }
    path.logs.push(candidate.log);
    path.state = candidate.state.clone();
    path.writing = candidate.writing;
    Some(path)
}

/// The hypotheses that go on: each bank gets an equal part of the beam, those with more terms first;
/// what a bank does not use goes to the best of the others.
fn allot(mut candidates: Vec<Candidate>, paths: &[Path], beam: usize) -> Vec<Candidate> {
    candidates.sort_by(|a, b| b.bank().cmp(&a.bank()).then(b.sum.total_cmp(&a.sum)));
    let same = |a: &Candidate, b: &Candidate| {
        let tokens = |c: &Candidate| paths.get(c.row).map(|p| p.tokens.clone());
        a.token == b.token && a.bank() == b.bank() && tokens(a) == tokens(b)
    };
    candidates.dedup_by(|b, a| same(a, b));
    let mut banks: Vec<usize> = candidates.iter().map(Candidate::bank).collect();
    banks.dedup();
    let part = (beam / banks.len().max(1)).max(1);
    let (mut chosen, mut left, mut used) = (Vec::new(), Vec::new(), 0);
    let mut bank = None;
    for candidate in candidates {
        if bank != Some(candidate.bank()) {
            bank = Some(candidate.bank());
            used = 0;
        }
        if used < part && chosen.len() < beam {
            used += 1;
            chosen.push(candidate);
        } else {
            left.push(candidate);
        }
    }
    left.sort_by(|a, b| b.sum.total_cmp(&a.sum));
    left.truncate(beam.saturating_sub(chosen.len()));
    chosen.extend(left);
    chosen
}

impl Guide<'_> {
    fn score(&self, path: &Path) -> f32 {
        path.sum() / penalty(path.logs.len().saturating_add(1), &self.limits)
    }

    /// All ways to go on that break no rule.
    fn candidates(
        &self,
        row: usize,
        path: &Path,
        logits: &[f32],
        first: bool,
    ) -> Result<Vec<Candidate>, StepError> {
        let total = normaliser(logits)?;
        let sum = path.sum();
        let mut found = Vec::new();
        let mut add = |token: u32, state: TermState, writing: Option<usize>, ended: bool| {
            if let Some(logit) = logits.get(token as usize) {
                let log = logit - total;
                found.push(Candidate {
                    row,
                    token,
                    log,
                    sum: sum + log,
                    state,
                    writing,
                    ended,
                });
            }
        };
        let begin = self.begin.filter(|_| first);
        for (token, state, writing) in forced(self.constraint, self.spelling, path, begin) {
            add(token, state, Some(writing), false);
        }
        if begin.is_none() && self.may_go_on(path) {
            let after = |token| match token == self.limits.eos {
                true => self.constraint.finish(&path.state),
                false => {
                    let written = self.spelling.surface(token);
                    self.constraint.advance(&path.state, &written)
                }
            };
            for (token, state) in allowed(logits, after) {
                let ended = token == self.limits.eos;
                let may = match ended {
                    true => state.met_count() == self.constraint.fillable(),
                    false => self.keeps_term(path, &state),
                };
                if may {
                    add(token, state, None, ended);
                }
            }
        }
        Ok(found)
    }

    /// A term in hand must be whole before anything else may follow.
    fn may_go_on(&self, path: &Path) -> bool {
        path.writing.is_none_or(|start| {
            let rests = self.constraint.rests(&path.state);
            rests
                .iter()
                .any(|r| r.start == start && r.letters.is_empty())
        })
    }

    /// Whether the term in hand has come true by what follows it.
    fn keeps_term(&self, path: &Path, next: &TermState) -> bool {
        path.writing.is_none() || next.met_count() > path.state.met_count()
    }
}

/// Tokens that go on with the term in hand, or begin that of a slot, with the place where the
/// term begins.
fn forced(
    constraint: &Constraint,
    spelling: &dyn Spelling,
    path: &Path,
    begin: Option<usize>,
) -> Vec<(u32, TermState, usize)> {
    let mut texts: Vec<(String, usize)> = Vec::new();
    if let Some(start) = path.writing {
        let rests = constraint.rests(&path.state);
        texts.extend(
            rests
                .into_iter()
                .filter(|r| r.start == start && !r.letters.is_empty())
                .map(|r| (r.letters, start)),
        );
    } else if let Some(slot) = begin {
        let here = path.state.length();
        for variant in constraint.variants(slot) {
            // The text's first letter stands behind the tokenizer's own space.
            if here == 0 {
                texts.push((format!(" {}", capitalised(&variant)), 1));
            }
            texts.push((format!(" {variant}"), here.saturating_add(1)));
            texts.push((variant, here));
        }
    }
    let mut found: Vec<(u32, TermState, usize)> = Vec::new();
    for (text, start) in texts {
        for token in spellings(spelling, &text) {
            let next = constraint.advance(&path.state, &spelling.surface(token));
            let begun = |s: &TermState| constraint.rests(s).iter().any(|r| r.start == start);
            if let Some(state) = next.filter(begun)
                && !found.iter().any(|f| f.0 == token && f.2 == start)
            {
                found.push((token, state, start));
            }
        }
    }
    found
}

/// The tokens that spell a beginning of `text`.
fn spellings(spelling: &dyn Spelling, text: &str) -> Vec<u32> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.filter_map(|end| spelling.token(text.get(..end)?))
        .collect()
}

/// The likeliest tokens of a row that write nothing forbidden, best first. `after` tells the state of the terms
/// behind a token, `None` where it would write something forbidden.
pub(super) fn allowed(
    logits: &[f32],
    mut after: impl FnMut(u32) -> Option<TermState>,
) -> impl Iterator<Item = (u32, TermState)> {
    let likeliest = likeliest(logits, NATURAL).into_iter();
    likeliest.filter_map(move |token| Some((token, after(token)?)))
}

/// The `most` likeliest tokens, best first.
fn likeliest(logits: &[f32], most: usize) -> Vec<u32> {
    let mut best: Vec<(f32, u32)> = Vec::with_capacity(most + 1);
    for (token, logit) in (0..).zip(logits) {
        if best.len() < most || best.last().is_some_and(|b| *logit > b.0) {
            let place = best.partition_point(|b| b.0 >= *logit);
            best.insert(place, (*logit, token));
            best.truncate(most);
        }
    }
    best.into_iter().map(|b| b.1).collect()
}
