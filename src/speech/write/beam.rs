//! Several texts side by side: the likeliest token now is not always the beginning of the likeliest text.
//!
//! Texts on their way are ranked by their probability, whole ones by the mean of their tokens'
//! log-probabilities, so that a short text is not preferred for having fewer of them.

use super::{Model, Task, Way, broken, ends_at_once};
use crate::speech::Error;
use crate::speech::decode::{Draft, Ending, likeliest_of};
use crate::speech::special::Token;

/// A text of the last step, and one token more.
#[derive(Clone, Copy)]
struct Next {
    of: usize,
    token: Token,
    log_prob: f32,
    sum: f64,
}

/// The mean log-probability of a text's tokens.
fn mean(draft: &Draft) -> f64 {
    let (sum, count) = draft.log_prob();
    sum / count.max(1) as f64
}

/// The better of two by their means; the first where they are alike.
fn better(a: Option<Draft>, b: Draft) -> Draft {
    match a {
        Some(a) if mean(&a) >= mean(&b) => a,
        _ => b,
    }
}

impl Model {
    /// Writes the sound last heard as [`Model::write`] does, with several texts side by side and without
    /// names. Where none comes to its end, the best of those that did not is handed back.
    pub(super) fn search(&mut self, task: &Task<'_>) -> Result<Draft, Error> {
        let (end, wide) = (self.special.end, self.wide());
        // Log-probabilities only fall, so this many tokens share the least that a text can lose.
        let most_tokens = task.dense.min(task.room).saturating_add(1) as f64;
        let mut scores = self.network.step(&task.prompt, task.past)?.to_vec();
        let mut live = vec![Way::new(0).draft];
        let (mut whole, mut cut): (Option<Draft>, Option<Draft>) = (None, None);
        let mut ended = 0;
        loop {
            if task.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let mut taken: Vec<(usize, Draft)> = Vec::with_capacity(wide);
            for next in self.best_steps(&live, &scores, task)? {
                if taken.len() == wide {
                    break;
                }
                let Some(mut draft) = live.get(next.of).cloned() else {
                    continue;
                };
                if next.token == end && draft.tokens.is_empty() {
                    if !taken.is_empty() {
                        // A word is likelier than silence, as long as its text may become.
                        continue;
                    }
                    // Silence is likelier than any word, and words would only be made of it.
                    draft.end_log_prob = Some(next.log_prob);
                    draft.plain = draft.log_prob().0;
                    return Ok(draft);
                }
                if next.token == end {
                    draft.end_log_prob = Some(next.log_prob);
                    whole = Some(better(whole, draft));
                    ended += 1;
                    continue;
                }
                draft.tokens.push(next.token);
                draft.log_probs.push(next.log_prob);
                draft.ending = task.ending(self.weights.as_ref(), &draft.tokens);
                if draft.ending == Ending::Complete {
                    taken.push((next.of, draft));
                } else {
                    cut = Some(better(cut, draft));
                }
            }
            if let Some(best) = &whole {
                let least = mean(best);
                taken.retain(|(_, draft)| draft.log_prob().0 / most_tokens > least);
            }
            // Enough texts have ended, unless one that has not is still likelier than all of them.
            let hopeful = |best: &Draft| taken.iter().any(|(_, d)| mean(d) > mean(best));
            let enough = ended >= wide && !whole.as_ref().is_some_and(hopeful);
            if taken.is_empty() || enough {
                let mut best = whole.or(cut).ok_or_else(broken)?;
                best.plain = best.log_prob().0;
                return Ok(best);
            }
            let steps: Vec<(usize, Token)> = taken
                .iter()
                .filter_map(|(of, draft)| Some((*of, *draft.tokens.last()?)))
                .collect();
            scores = self.network.grow(&steps)?.to_vec();
            live = taken.into_iter().map(|(_, draft)| draft).collect();
        }
    }

    /// The likeliest steps of all texts, best first: more than [`Self::wide`], since some end a text.
    fn best_steps(
        &self,
        live: &[Draft],
        scores: &[f32],
        task: &Task<'_>,
    ) -> Result<Vec<Next>, Error> {
        let mut steps = Vec::new();
        let each = scores.chunks_exact((scores.len() / live.len().max(1)).max(1));
        for (of, (draft, scores)) in live.iter().zip(each).enumerate() {
            let ends = || ends_at_once(scores, self.special.end, self.blank);
            let suppress = draft.tokens.is_empty() && !(task.may_be_empty && ends());
            let sum = draft.log_prob().0;
            let most = self.wide().saturating_add(1);
            let best = likeliest_of(scores, self.special.end, suppress, self.blank, most);
            steps.extend(best.into_iter().map(|(token, log_prob)| Next {
                of,
                token,
                log_prob,
                sum: sum + f64::from(log_prob),
            }));
        }
        if steps.is_empty() {
            return Err(broken());
        }
        steps.sort_by(|a, b| b.sum.total_cmp(&a.sum));
        Ok(steps)
    }

    /// Texts that are followed side by side.
    pub(super) fn wide(&self) -> usize {
        if self.network.grows() { self.beam } else { 1 }
    }
}
