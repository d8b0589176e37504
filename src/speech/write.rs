//! The decoder's text: the likeliest token each time and, where the case has names, other ways to write
//! single places of it that spell a name.
//!
//! Only names may change a text. The likeliest one is written first; wherever a token of a name was
//! less likely than the one taken, a way forks off. The most hopeful forks are followed: through the
//! name to its end, then by the likeliest tokens again. Of the whole texts the one stands whose
//! probability and names' gains together are greatest, so a name that is not finished gains nothing.
//! Since log-probabilities only fall, a way is left as soon as it cannot win any more.
//!
//! Where several texts are followed side by side (`beam`), names fork off the best of them.

use std::sync::Arc;

use crate::domain::{Cancel, Lang};
use crate::text;

use super::Error;
use super::decode::{Draft, Ending, Model, Weights, likeliest, log_prob_of};
use super::names::{Names, Place};
use super::profile::{Profile, ends_in_loop};
use super::special::Token;
use super::text_tokens::assemble;

mod beam;

/// Forks that are followed at most: a noisy line with a long list takes at most so many times longer
/// to write than without names.
const MOST_FORKS: usize = 8;
/// Forks at one place of a text.
const FORKS_AT_ONCE: usize = 4;
/// A token less likely than this begins or continues no name.
const UNLIKELY: f32 = -8.0;
/// What a name may cost beyond its gain until it is written, since what follows may be likelier then.
const SLACK: f32 = 2.0;
/// A text may be empty where its end is likelier than all words together.
const SURE_OF_NOTHING: f32 = -std::f32::consts::LN_2;
/// Every so many tokens the letters are looked at for a loop whose unit is too long for [`ends_in_loop`].
const LOOK_EVERY: usize = 32;

/// A text on its way.
#[derive(Clone, Debug)]
struct Way {
    draft: Draft,
    /// Sum of the log-probabilities.
    sum: f64,
    /// Gains of the names that were finished, at most.
    kept: f32,
    place: Place,
    /// By how much likelier other tokens would have been, since it left the likeliest text for a name.
    debt: f32,
    /// That name is not finished.
    owes: bool,
}

/// One token more.
#[derive(Clone, Copy, Debug)]
struct Step {
    token: Token,
    log_prob: f32,
    place: Place,
    /// What the name gains that it finishes, or else 0.
    finished: f32,
    debt: f32,
    /// What the name gains that it is a part of, less what it costs.
    hope: f32,
}

/// A place at which a name may be written instead of what a way took.
struct Fork {
    way: usize,
    /// Tokens of the way before it.
    at: usize,
    kept: f32,
    step: Step,
}

/// The writing of one text.
struct Task<'a> {
    names: Arc<Names>,
    /// What stands before the text, from position `past` on.
    prompt: Vec<Token>,
    past: usize,
    profile: Profile,
    room: usize,
    dense: usize,
    may_be_empty: bool,
    cancel: &'a Cancel,
    ways: Vec<Way>,
    forks: Vec<Fork>,
    /// The text that the first way takes, where it was found already.
    found: Vec<Token>,
    /// The best whole text, and what it is worth.
    best: Option<(usize, f64)>,
}

impl Way {
    fn new(place: Place) -> Self {
        let draft = Draft {
            tokens: Vec::new(),
            log_probs: Vec::new(),
            end_log_prob: None,
            ending: Ending::Complete,
            plain: 0.0,
        };
        Self {
            draft,
            sum: 0.0,
            kept: 0.0,
            place,
            debt: 0.0,
            owes: false,
        }
    }

    /// This way up to the fork, and the fork's token.
    fn turned(&self, fork: &Fork) -> Self {
        let mut way = Self::new(0);
        let draft = &self.draft;
        way.draft
            .tokens
            .extend(draft.tokens.iter().take(fork.at).copied());
        way.draft
            .log_probs
            .extend(draft.log_probs.iter().take(fork.at).copied());
        way.sum = way.draft.log_prob().0;
        way.kept = fork.kept;
        way.take(fork.step);
        way.owes = fork.step.finished == 0.0;
        way
    }

    fn take(&mut self, step: Step) {
        self.draft.tokens.push(step.token);
        self.draft.log_probs.push(step.log_prob);
        self.sum += f64::from(step.log_prob);
        self.kept += step.finished;
        self.place = step.place;
        self.owes &= step.finished == 0.0;
        self.debt = if step.finished > 0.0 { 0.0 } else { step.debt };
    }

    /// More than it can be worth when it is whole, unless other names follow.
    fn bound(&self, names: &Names) -> f64 {
        self.sum + f64::from(self.kept + names.most(self.place))
    }
}

impl Task<'_> {
    /// How a text of these tokens ends where no end token was written.
    fn ending(&self, weights: &dyn Weights, tokens: &[Token]) -> Ending {
        let looks = tokens.len().is_multiple_of(LOOK_EVERY);
        let text = || assemble(tokens.iter().map(|&t| weights.bytes_of(t))).text;
        if ends_in_loop(tokens, self.profile.loop_tokens)
            || (looks && text::ends_in_repetition(&text()))
        {
            Ending::Loop
        } else if tokens.len() >= self.room {
            Ending::NoRoom
        } else if tokens.len() >= self.dense {
            Ending::TooDense
        } else {
            Ending::Complete
        }
    }

    fn may_win(&self, bound: f64) -> bool {
        self.best.is_none_or(|(_, worth)| bound > worth)
    }

    /// The most hopeful fork that may still win.
    fn next_fork(&mut self) -> Option<Way> {
        while let Some(at) = self.most_hopeful() {
            let fork = self.forks.swap_remove(at);
            let way = self.ways.get(fork.way)?.turned(&fork);
            if self.may_win(way.bound(&self.names)) {
                return Some(way);
            }
        }
        None
    }

    fn most_hopeful(&self) -> Option<usize> {
        let forks = self.forks.iter().enumerate();
        let best = forks.max_by(|a, b| a.1.step.hope.total_cmp(&b.1.step.hope));
        best.map(|(at, _)| at)
    }

    /// What `way` takes next: the likeliest token, or the one that goes best on with the name that it
    /// owes, if any does. The others become forks.
    fn step(
        &mut self,
        weights: &dyn Weights,
        logits: &[f32],
        way: &Way,
        (token, log_prob): (Token, f32),
        end: Token,
    ) -> Option<Step> {
        let mut turns = match self.names.is_empty() {
            true => Vec::new(),
            false => self.turns(weights, logits, way, (token, log_prob), end),
        }
        .into_iter();
        let taken = if way.owes {
            turns.next()
        } else {
            let walked = self.names.walk(way.place, weights.bytes_of(token));
            Some(Step {
                token,
                log_prob,
                place: walked.place,
                finished: walked.finished,
                debt: way.debt,
                hope: 0.0,
            })
        };
        self.forks.extend(turns.map(|step| Fork {
            way: self.ways.len(),
            at: way.draft.tokens.len(),
            kept: way.kept,
            step,
        }));
        taken
    }

    /// Tokens that begin or continue a name where `way` stands, most hopeful first.
    fn turns(
        &self,
        weights: &dyn Weights,
        logits: &[f32],
        way: &Way,
        likeliest: (Token, f32),
        end: Token,
    ) -> Vec<Step> {
        let at = usize::try_from(likeliest.0).ok();
        let highest = at.and_then(|t| logits.get(t)).copied().unwrap_or(0.0);
        let mut turns = Vec::new();
        for (token, logit) in (0..end).zip(logits) {
            let log_prob = logit - highest + likeliest.1;
            if log_prob < UNLIKELY || (token == likeliest.0 && !way.owes) {
                continue;
            }
            let bytes = weights.bytes_of(token);
            let walked = self.names.walk(way.place, bytes);
            let gain = self.names.most(walked.place).max(walked.finished);
            let debt = way.debt + likeliest.1 - log_prob;
            let serves = walked.finished > 0.0 || walked.further || !way.owes;
            if serves && !bytes.is_empty() && gain > 0.0 && gain + SLACK > debt {
                turns.push(Step {
                    token,
                    log_prob,
                    place: walked.place,
                    finished: walked.finished,
                    debt,
                    hope: gain - debt,
                });
            }
        }
        turns.sort_by(|a, b| b.hope.total_cmp(&a.hope));
        turns.truncate(FORKS_AT_ONCE);
        turns
    }
}

impl Model {
    /// Writes down the sound last heard in `lang`, taking the likeliest token each time but where
    /// others spell a name of the case. Only where it `may_be_empty` may the first token be the end, and
    /// only where that is likelier than all words together.
    /// Needs a preceding [`Model::impression`], whose first position it goes on from; where a list of names
    /// stands before the text that position is written anew.
    pub fn write(
        &mut self,
        lang: Lang,
        seconds: f32,
        may_be_empty: bool,
        cancel: &Cancel,
    ) -> Result<Draft, Error> {
        let profile = Profile::of(lang);
        let (prompt, past) = self.opening(lang);
        self.lead = past.saturating_add(prompt.len());
        let mut task = Task {
            names: Arc::clone(&self.names),
            prompt,
            past,
            room: (self.header().text_ctx as usize).saturating_sub(self.lead),
            dense: profile.token_limit(seconds),
            profile,
            may_be_empty,
            cancel,
            ways: Vec::new(),
            forks: Vec::new(),
            found: Vec::new(),
            best: None,
        };
        self.held.clear();
        if self.wide() > 1 {
            let draft = self.search(&task)?;
            if task.names.is_empty() || draft.end_log_prob.is_none() {
                return Ok(draft);
            }
            // Names are looked for along the text that was found.
            task.found = draft.tokens;
            task.found.push(self.special.end);
        }
        let mut way = Way::new(task.names.start());
        self.follow(&mut way, &mut task)?;
        let plain = way.draft.log_prob().0;
        if way.draft.tokens.is_empty() || way.draft.end_log_prob.is_none() {
            // Where nothing was heard, no name was; and what went round in a circle or found no room is
            // heard again or in parts: a name must not make it look whole.
            task.forks.clear();
        }
        self.judge(way, &mut task);
        for _ in 0..MOST_FORKS {
            let Some(mut way) = task.next_fork() else {
                break;
            };
            self.follow(&mut way, &mut task)?;
            self.judge(way, &mut task);
        }
        let best = task.best.map_or(0, |(way, _)| way);
        let mut draft = task.ways.swap_remove(best).draft;
        draft.plain = plain;
        Ok(draft)
    }

    /// What stands before a text in `lang`, and the position of its first token.
    fn opening(&self, lang: Lang) -> (Vec<Token>, usize) {
        let special = self.special;
        let usual = [
            special.language(lang),
            special.transcribe,
            special.no_timestamps,
        ];
        if !self.is_prompted(lang) {
            return (usual.to_vec(), 1);
        }
        let mut opening = self.prompts.tokens(lang).to_vec();
        opening.push(special.start);
        opening.extend(usual);
        (opening, 0)
    }

    /// Writes `way` on to its end, or until it cannot win. Notes the forks that it passes.
    fn follow(&mut self, way: &mut Way, task: &mut Task<'_>) -> Result<(), Error> {
        let end = self.special.end;
        loop {
            if task.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let first = way.draft.tokens.is_empty();
            let (tokens, past) = match first {
                true => (task.prompt.clone(), task.past),
                false => self.not_held(&way.draft.tokens),
            };
            let logits = self.network.step(&tokens, past)?;
            let suppress = first && !(task.may_be_empty && ends_at_once(logits, end, self.blank));
            let found = match task.ways.is_empty() {
                true => task.found.get(way.draft.tokens.len()).copied(),
                false => None,
            };
            let likeliest = likeliest(logits, end, suppress, self.blank).ok_or_else(broken)?;
            let (token, log_prob) = match found {
                Some(token) => (token, log_prob_of(logits, token, likeliest)),
                None => likeliest,
            };
            let weights = self.weights.as_ref();
            let Some(step) = task.step(weights, logits, way, (token, log_prob), end) else {
                return Ok(());
            };
            if step.token == end {
                way.draft.end_log_prob = Some(step.log_prob);
                way.sum += f64::from(step.log_prob);
                return Ok(());
            }
            way.take(step);
            way.draft.ending = task.ending(weights, &way.draft.tokens);
            if way.draft.ending != Ending::Complete || !task.may_win(way.bound(&task.names)) {
                return Ok(());
            }
        }
    }

    /// Lays a way aside; one that came to its end may be the best.
    fn judge(&self, way: Way, task: &mut Task<'_>) {
        if way.draft.end_log_prob.is_some() && !task.names.is_empty() {
            let bytes = way.draft.tokens.iter().map(|&t| self.bytes_of(t));
            let worth = way.sum + f64::from(task.names.gain(&assemble(bytes).text));
            if task.may_win(worth) {
                task.best = Some((task.ways.len(), worth));
            }
        }
        task.ways.push(way);
    }

    /// The tokens of a text that the network does not hold yet, at least the last one, and where they
    /// begin. From now on it holds them.
    fn not_held(&mut self, tokens: &[Token]) -> (Vec<Token>, usize) {
        let alike = self.held.iter().zip(tokens);
        let kept = alike.take_while(|(a, b)| a == b).count();
        let kept = kept.min(tokens.len().saturating_sub(1));
        let new = tokens.get(kept..).unwrap_or_default().to_vec();
        self.held.truncate(kept);
        self.held.extend_from_slice(&new);
        (new, self.lead.saturating_add(kept))
    }
}

/// Whether a text that has not begun most likely ends at once.
fn ends_at_once(logits: &[f32], end: Token, blank: Option<usize>) -> bool {
    let first = likeliest(logits, end, false, blank);
    first.is_some_and(|(token, log_prob)| token == end && log_prob >= SURE_OF_NOTHING)
}

fn broken() -> Error {
    Error::Engine {
        step: "writing",
        reason: "the model's scores are not numbers".into(),
    }
}

#[cfg(test)]
mod tests;
