//! Greedy and beam search over any step function; no model is needed to test it.
//!
//! Follows `generate` of transformers 5 (`generation/utils.py`, `_beam_search`): the forced language
//! token counts as a token and scores 0, twice as many candidates as beams are weighed at each step,
//! only the best `beam` of them may finish, and a score is the sum of log-probabilities divided by
//! length to the power of the length penalty.

use super::error::StepError;
use crate::compute::kernels::log_sum_exp;

/// What bounds a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Hypotheses side by side; 1 is greedy search.
    pub beam: usize,
    /// Longest output in tokens, the forced language token and the end token included.
    pub max_tokens: usize,
    /// Above 0 favours long output.
    pub length_penalty: f32,
    /// Stop as soon as `beam` hypotheses have ended.
    pub early_stopping: bool,
    /// The end token.
    pub eos: u32,
}

/// The best hypothesis of a search.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Found {
    /// Tokens after the forced language token, without the end token.
    pub tokens: Vec<u32>,
    /// Whether the end token was reached before the length limit.
    pub ended: bool,
    /// Log-probability of each token, and of the end token where it was reached.
    pub logs: Vec<f32>,
    /// Their sum.
    pub sum: f32,
    /// `sum` after the length penalty.
    pub score: f32,
}

/// Searches on from `first`, the logits after the forced language token.
///
/// `step(parents, tokens)` appends `tokens[i]` to hypothesis `parents[i]` of the step before and
/// returns one row of logits for each.
pub(super) fn search(
    first: Vec<f32>,
    limits: &Limits,
    step: impl FnMut(&[usize], &[u32]) -> Result<Vec<Vec<f32>>, StepError>,
) -> Result<Found, StepError> {
    search_after(1, first, limits, step)
}

/// The same for a model with `forced` tokens before `first` that count as tokens; T5 has none.
pub(super) fn search_after(
    forced: usize,
    first: Vec<f32>,
    limits: &Limits,
    mut step: impl FnMut(&[usize], &[u32]) -> Result<Vec<Vec<f32>>, StepError>,
) -> Result<Found, StepError> {
    if limits.max_tokens <= forced {
        return Ok(Found {
            tokens: Vec::new(),
            ended: false,
            logs: Vec::new(),
            sum: 0.0,
            score: 0.0,
        });
    }
    if limits.beam == 1 {
        greedy(forced, first, limits, &mut step)
    } else {
        beams(forced, first, limits, &mut step)
    }
}

fn greedy(
    forced: usize,
    mut logits: Vec<f32>,
    limits: &Limits,
    step: &mut impl FnMut(&[usize], &[u32]) -> Result<Vec<Vec<f32>>, StepError>,
) -> Result<Found, StepError> {
    let (mut tokens, mut logs) = (Vec::new(), Vec::new());
    let mut sum = 0.0;
    for length in forced.saturating_add(1).. {
        let mut best = Best::new(1);
        best.add(&logits, 0, 0.0)?;
        let Some(top) = best.sorted.first() else {
            return Err(StepError::Broken("the vocabulary is empty".to_owned()));
        };
        sum += top.sum;
        logs.push(top.sum);
        let ended = top.token == limits.eos;
        if !ended {
            tokens.push(top.token);
        }
        if ended || length >= limits.max_tokens {
            let score = sum / penalty(length, limits);
            return Ok(Found {
                tokens,
                ended,
                logs,
                sum,
                score,
            });
        }
        logits = one(step(&[0], &[top.token])?)?;
    }
    Err(StepError::Broken(
        "the search ran past its limit".to_owned(),
    ))
}

fn one(rows: Vec<Vec<f32>>) -> Result<Vec<f32>, StepError> {
    rows.into_iter()
        .next()
        .ok_or_else(|| StepError::Broken("a step returned no row".to_owned()))
}

/// A hypothesis that may still grow.
struct Running {
    tokens: Vec<u32>,
    logs: Vec<f32>,
    sum: f32,
}

fn beams(
    forced: usize,
    first: Vec<f32>,
    limits: &Limits,
    step: &mut impl FnMut(&[usize], &[u32]) -> Result<Vec<Vec<f32>>, StepError>,
) -> Result<Found, StepError> {
    // All beams begin alike, so only one is looked at until they differ.
    let mut running = vec![Running {
        tokens: Vec::new(),
        logs: Vec::new(),
        sum: 0.0,
    }];
    let mut rows = vec![first];
    let mut finished: Vec<Found> = Vec::new();
    for length in forced.saturating_add(1)..=limits.max_tokens {
        let mut best = Best::new(limits.beam.saturating_mul(2));
        for (row, (logits, hypothesis)) in rows.iter().zip(&running).enumerate() {
            best.add(logits, row, hypothesis.sum)?;
        }
        let at_limit = length == limits.max_tokens;
        let full = finished.len() == limits.beam;
        let mut next = Vec::new();
        let mut parents = Vec::new();
        let mut chosen = Vec::new();
        for (rank, candidate) in best.sorted.iter().enumerate() {
            let Some(parent) = running.get(candidate.row) else {
                continue;
            };
            let ended = candidate.token == limits.eos;
            if ended || at_limit {
                // A candidate beyond the first `beam` only stands in for one that ended.
                if rank < limits.beam && !(full && limits.early_stopping) {
                    finished.push(finish(parent, candidate, ended, length, limits));
                }
            } else if next.len() < limits.beam {
                let mut tokens = parent.tokens.clone();
                tokens.push(candidate.token);
                next.push(Running {
                    tokens,
                    logs: logs_with(parent, candidate),
                    sum: candidate.sum,
                });
                parents.push(candidate.row);
                chosen.push(candidate.token);
            }
        }
        finished.sort_by(|a, b| b.score.total_cmp(&a.score));
        finished.truncate(limits.beam);
        running = next;
        if at_limit || settled(&running, &finished, length, limits) {
            break;
        }
        rows = step(&parents, &chosen)?;
    }
    finished
        .into_iter()
        .next()
        .ok_or_else(|| StepError::Broken("the search ended without a hypothesis".to_owned()))
}

fn finish(
    parent: &Running,
    candidate: &Candidate,
    ended: bool,
    length: usize,
    limits: &Limits,
) -> Found {
    let mut tokens = parent.tokens.clone();
    if !ended {
        tokens.push(candidate.token);
    }
    let score = candidate.sum / penalty(length, limits);
    Found {
        tokens,
        ended,
        logs: logs_with(parent, candidate),
        sum: candidate.sum,
        score,
    }
}

/// The log-probabilities of a hypothesis with one more token.
fn logs_with(parent: &Running, candidate: &Candidate) -> Vec<f32> {
    let mut logs = parent.logs.clone();
    logs.push(candidate.sum - parent.sum);
    logs
}

/// Whether no running hypothesis can come before the finished ones any more, as the reference judges.
fn settled(running: &[Running], finished: &[Found], length: usize, limits: &Limits) -> bool {
    if finished.len() < limits.beam {
        return false;
    }
    let (Some(best), Some(worst)) = (running.first(), finished.last()) else {
        return true;
    };
    limits.early_stopping || best.sum / penalty(length, limits) <= worst.score
}

pub(super) fn penalty(length: usize, limits: &Limits) -> f32 {
    (length as f64).powf(f64::from(limits.length_penalty)) as f32
}

/// The highest logit, and the logarithm of the sum of all, relative to it.
fn scale(logits: &[f32]) -> Result<(f32, f32), StepError> {
    let (max, log_total) = log_sum_exp(logits);
    if !max.is_finite() || !log_total.is_finite() {
        return Err(StepError::Broken(
            "the model's output is not finite".to_owned(),
        ));
    }
    Ok((max, log_total))
}

/// What to take from a logit to have the log-probability.
pub(super) fn normaliser(logits: &[f32]) -> Result<f32, StepError> {
    scale(logits).map(|(max, log_total)| max + log_total)
}

/// One way to go on: a token after hypothesis `row`.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    row: usize,
    token: u32,
    /// Log-probabilities up to and with this token.
    sum: f32,
}

/// The best candidates seen so far, best first; of equal ones the earlier comes first.
struct Best {
    keep: usize,
    sorted: Vec<Candidate>,
}

impl Best {
    fn new(keep: usize) -> Self {
        Self {
            keep,
            sorted: Vec::with_capacity(keep.saturating_add(1)),
        }
    }

    /// Weighs each token of one row, whose hypothesis has the log-probability `sum` so far.
    fn add(&mut self, logits: &[f32], row: usize, sum: f32) -> Result<(), StepError> {
        let (max, log_total) = scale(logits)?;
        let mut floor = self.floor();
        for (token, logit) in logits.iter().enumerate() {
            let value = logit - max - log_total + sum;
            if value > floor {
                let place = self.sorted.partition_point(|other| other.sum >= value);
                self.sorted.insert(
                    place,
                    Candidate {
                        row,
                        token: token as u32,
                        sum: value,
                    },
                );
                self.sorted.truncate(self.keep);
                floor = self.floor();
            }
        }
        Ok(())
    }

    /// What a candidate must exceed to be kept.
    fn floor(&self) -> f32 {
        match self.sorted.last() {
            Some(last) if self.sorted.len() == self.keep => last.sum,
            _ => f32::NEG_INFINITY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EOS: u32 = 2;

    fn limits(beam: usize, max_tokens: usize) -> Limits {
        Limits {
            beam,
            max_tokens,
            length_penalty: 1.0,
            early_stopping: false,
            eos: EOS,
        }
    }

    fn logs(probabilities: &[f32]) -> Vec<f32> {
        probabilities.iter().map(|p| p.max(1e-9).ln()).collect()
    }

    /// A model whose next token depends on the last one only.
    fn chain(
        table: Vec<Vec<f32>>,
    ) -> impl FnMut(&[usize], &[u32]) -> Result<Vec<Vec<f32>>, StepError> {
        move |_, tokens| Ok(tokens.iter().map(|t| logs(&table[*t as usize])).collect())
    }

    /// Token 3 looks best at first and leads into even odds; token 4 ends surely.
    fn garden_path() -> (Vec<f32>, Vec<Vec<f32>>) {
        let even = vec![0.2; 5];
        let ends = vec![0.0, 0.0, 1.0, 0.0, 0.0];
        let first = logs(&[0.0, 0.0, 0.0, 0.55, 0.45]);
        (
            first,
            vec![even.clone(), even.clone(), even.clone(), even, ends],
        )
    }

    #[test]
    fn greedy_takes_the_best_token_and_beams_the_best_sentence() {
        let (first, table) = garden_path();
        let greedy = search(first.clone(), &limits(1, 4), chain(table.clone())).unwrap();
        assert_eq!(greedy.tokens[0], 3);
        let found = search(first, &limits(2, 4), chain(table)).unwrap();
        assert_eq!((found.tokens, found.ended), (vec![4], true));
        assert!((found.sum - 0.45f32.ln()).abs() < 1e-5);
        assert!((found.logs[0] - 0.45f32.ln()).abs() < 1e-5 && found.logs[1].abs() < 1e-5);
        // Forced token, token 4 and the end: three tokens.
        assert!((found.score - 0.45f32.ln() / 3.0).abs() < 1e-5);
    }

    #[test]
    fn the_limit_counts_the_forced_token() {
        let never = vec![vec![0.5, 0.1, 0.0, 0.2, 0.2]; 5];
        for beam in [1, 3] {
            for max in 1..6 {
                let found =
                    search(logs(&never[0]), &limits(beam, max), chain(never.clone())).unwrap();
                assert_eq!(
                    (found.tokens.len(), found.ended),
                    (max - 1, false),
                    "beam {beam}"
                );
            }
        }
    }

    #[test]
    fn parents_name_the_rows_of_the_step_before() {
        let (first, table) = garden_path();
        let mut live = 1;
        search(first, &limits(3, 6), |parents, tokens| {
            assert!(parents.iter().all(|p| *p < live) && parents.len() == tokens.len());
            assert!(!tokens.contains(&EOS));
            live = parents.len();
            Ok(tokens.iter().map(|t| logs(&table[*t as usize])).collect())
        })
        .unwrap();
    }

    #[test]
    fn a_length_penalty_below_zero_prefers_short_output() {
        let table = vec![vec![0.0, 0.0, 0.3, 0.7, 0.0]; 5];
        let run = |length_penalty| {
            let limits = Limits {
                length_penalty,
                ..limits(4, 12)
            };
            search(logs(&table[0]), &limits, chain(table.clone()))
                .unwrap()
                .tokens
                .len()
        };
        assert!(run(-3.0) < run(3.0));
    }

    #[test]
    fn numbers_that_are_not_finite_are_an_error() {
        for broken in [f32::NAN, f32::INFINITY] {
            for beam in [1, 2] {
                let first = vec![broken; 5];
                let result = search(first, &limits(beam, 5), |_, _| Ok(Vec::new()));
                assert!(matches!(result, Err(StepError::Broken(_))));
            }
        }
    }

    #[test]
    fn cancelling_inside_a_step_ends_the_search() {
        let (first, _) = garden_path();
        let result = search(first, &limits(2, 9), |_, _| Err(StepError::Cancelled));
        assert!(matches!(result, Err(StepError::Cancelled)));
    }
}
