//! The steps of recognition over any engine: hear a stretch of sound once, then score languages and
//! write text.
//!
//! The steps of whisper.cpp's all-in-one `whisper_full` (1.8.3) are done one by one, since that one
//! - encodes twice where the language is open; here one encoding serves the choice and the text;
//! - takes the 'nobody speaks' probability from a stale row of scores;
//! - stops at 220 tokens, 76 characters of Lao; here the decoder's whole 448 positions are used;
//! - rejects Burmese and Lao for their low entropy and retries at random;
//! - leaks a string for every language that is set through whisper-rs.

use std::sync::Arc;

use crate::domain::{Cancel, Lang};

use super::Error;
use super::align::{self, Attended};
use super::ggml::Header;
use super::names::Names;
use super::prompt::Prompts;
use super::sound::POSITION;
use super::special::{Special, Token};

/// Where the token of a single space is looked for.
const FIRST_TOKENS: Token = 1000;

/// A model in memory, which several decoders read at a time.
pub trait Weights: Send + Sync {
    /// The sizes of the model.
    fn header(&self) -> &Header;

    /// The bytes of a text token.
    fn bytes_of(&self, token: Token) -> &[u8];

    /// Bytes that one decoder needs beside the weights, at most.
    fn decoder_bytes(&self) -> u64;

    /// A decoder, to be used on one thread. What it writes depends on nothing that another one does.
    ///
    /// # Errors
    /// [`Error::Engine`] where memory is short.
    fn network(self: Arc<Self>) -> Result<Box<dyn Network>, Error>;

    /// Decoders that keep one core busy best: more than one where steps of several cost little more
    /// than those of one, see [`Self::networks`].
    fn decoders_a_core(&self) -> usize {
        1
    }

    /// So many decoders for as many threads, of which no more than `cores` compute at a time.
    ///
    /// # Errors
    /// As [`Self::network`].
    fn networks(
        self: Arc<Self>,
        count: usize,
        _cores: usize,
    ) -> Result<Vec<Box<dyn Network>>, Error> {
        (0..count).map(|_| Arc::clone(&self).network()).collect()
    }
}

/// What an engine does for one decoder.
pub trait Network: Send {
    /// Threads for the arithmetic of the calling thread from now on.
    fn set_threads(&mut self, threads: usize);

    /// Encodes `pcm` (at least 0.2 s, at most `window` positions of 20 ms of it count).
    ///
    /// # Errors
    /// A cancel, where the engine can stop; [`Error::Engine`].
    fn hear(&mut self, pcm: &[f32], window: u32, cancel: &Cancel) -> Result<(), Error>;

    /// Says that the calling thread has nothing to compute until it next hears something. One that shares
    /// cores with others keeps theirs from them until then.
    fn rest(&mut self) {}

    /// Whether what failed since the last [`Self::rest`] may be the fault of somebody else's utterance. What
    /// is heard again before the next one is computed apart from all others.
    fn disturbed(&self) -> bool {
        false
    }

    /// Writes `tokens` at position `past`; what stood from there on is forgotten. Returns the scores
    /// (logits) of what may follow.
    ///
    /// # Errors
    /// [`Error::Engine`].
    fn step(&mut self, tokens: &[Token], past: usize) -> Result<&[f32], Error>;

    /// Whether [`Self::grow`] writes several texts side by side.
    fn grows(&self) -> bool {
        false
    }

    /// Goes on with several texts about the same sound, each by one token: `(the text of the last call
    /// that it continues, the token)`. After [`Self::step`] there is one text, number 0. Returns the
    /// scores of what may follow, one text after the other.
    ///
    /// # Errors
    /// As [`Self::step`]; an engine that writes one text at a time.
    fn grow(&mut self, _texts: &[(usize, Token)]) -> Result<&[f32], Error> {
        Err(Error::Engine {
            step: "writing",
            reason: "this engine writes one text at a time".into(),
        })
    }

    /// Where in the first `frames` positions of the sound last heard the decoder looked to write what
    /// follows each of `tokens` (the prompt and a text), from token `from` on. What was written before
    /// is forgotten. `None` where the engine does not tell.
    ///
    /// # Errors
    /// As [`Self::step`]; a cancel, where the engine can stop.
    fn attended(
        &mut self,
        _tokens: &[Token],
        _from: usize,
        _frames: usize,
        _cancel: &Cancel,
    ) -> Result<Option<Attended>, Error> {
        Ok(None)
    }
}

/// How a draft came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The model wrote its end token.
    Complete,
    /// More tokens than the speech can hold.
    TooDense,
    /// All positions of the decoder are used.
    NoRoom,
    /// The same tokens over and over.
    Loop,
}

/// What the decoder wrote.
#[derive(Clone, Debug)]
pub struct Draft {
    /// Text tokens, in order.
    pub tokens: Vec<Token>,
    /// Natural logarithm of each one's probability.
    pub log_probs: Vec<f32>,
    /// The same of the end token, where it was written.
    pub end_log_prob: Option<f32>,
    /// How it ended.
    pub ending: Ending,
    /// Sum of the log-probabilities of the text that stood before a name was preferred: drafts in
    /// several languages are compared by it, since the list may hold more names of one.
    pub plain: f64,
}

impl Draft {
    /// Sum of the log-probabilities, end token included, and how many there are.
    pub fn log_prob(&self) -> (f64, usize) {
        let all = self.log_probs.iter().chain(&self.end_log_prob);
        let sum = all.map(|&p| f64::from(p)).sum();
        (
            sum,
            self.log_probs.len() + usize::from(self.end_log_prob.is_some()),
        )
    }
}

/// What the decoder holds of the sound before it writes.
#[derive(Clone, Debug)]
pub struct Impression {
    /// The wanted languages with their scores (logits), in the order they were asked for.
    pub languages: Vec<(Lang, f32)>,
    /// Probability that nobody speaks, 0.0 to 1.0.
    pub no_speech: f32,
}

/// One decoder: shared weights and a working memory of its own.
pub struct Model {
    pub(super) weights: Arc<dyn Weights>,
    pub(super) network: Box<dyn Network>,
    pub(super) special: Special,
    /// The token of a single space, which may not begin a text.
    pub(super) blank: Option<usize>,
    pub(super) names: Arc<Names>,
    /// What may stand before a text, and whether it does from now on.
    pub(super) prompts: Arc<Prompts>,
    pub(super) prompting: bool,
    /// Texts that are followed side by side, where the network can.
    pub(super) beam: usize,
    /// Text tokens that the network holds behind the prompt, and how many tokens that has.
    pub(super) held: Vec<Token>,
    pub(super) lead: usize,
}

impl Model {
    /// Text over a decoder of `weights`, to be used on the calling thread.
    pub fn new(weights: Arc<dyn Weights>, network: Box<dyn Network>) -> Self {
        let blank = (0..FIRST_TOKENS).find(|&id| weights.bytes_of(id) == b" ");
        Self {
            network,
            special: Special::of(weights.header()),
            blank: blank.and_then(|id| usize::try_from(id).ok()),
            weights,
            names: Arc::default(),
            prompts: Arc::default(),
            prompting: false,
            beam: 1,
            held: Vec::new(),
            lead: 0,
        }
    }

    /// Whether the network can follow several texts side by side.
    pub fn follows_several(&self) -> bool {
        self.network.grows()
    }

    /// Nothing is to be recognised for now.
    pub fn rest(&mut self) {
        self.network.rest();
    }

    /// See [`Network::disturbed`].
    pub fn disturbed(&self) -> bool {
        self.network.disturbed()
    }

    /// So many texts are followed side by side from now on, where the network can.
    pub fn follow_side_by_side(&mut self, beam: usize) {
        self.beam = beam;
    }

    /// Names that are preferred from now on where the sound leaves them open.
    pub fn prefer(&mut self, names: Arc<Names>) {
        self.names = names;
    }

    /// Lists of names that can stand before a text.
    pub fn know(&mut self, prompts: Arc<Prompts>) {
        self.prompts = prompts;
    }

    /// Whether the list of names of its language stands before a text from now on.
    pub fn prompt(&mut self, prompting: bool) {
        self.prompting = prompting;
    }

    /// Whether a text has a list of names before it.
    pub fn is_prompted(&self, lang: Lang) -> bool {
        self.prompting && !self.prompts.tokens(lang).is_empty()
    }

    /// The sizes of the model.
    pub fn header(&self) -> &Header {
        self.weights.header()
    }

    /// Threads for the arithmetic from now on.
    pub fn set_threads(&mut self, threads: usize) {
        self.network.set_threads(threads.max(1));
    }

    /// The bytes of a text token.
    pub fn bytes_of(&self, token: Token) -> &[u8] {
        if (0..self.special.end).contains(&token) {
            self.weights.bytes_of(token)
        } else {
            &[]
        }
    }

    /// Encodes `pcm` (at least 0.2 s, at most `window` positions of 20 ms of it count).
    pub fn hear(&mut self, pcm: &[f32], window: u32, cancel: &Cancel) -> Result<(), Error> {
        self.network.hear(pcm, window, cancel)
    }

    /// Scores the languages of `among` on the sound last heard.
    pub fn impression(&mut self, among: &[Lang]) -> Result<Impression, Error> {
        let special = self.special;
        let logits = self.network.step(&[special.start], 0)?;
        let at = |token: Token| usize::try_from(token).ok();
        let score = |lang: Lang| at(special.language(lang)).and_then(|t| logits.get(t));
        let languages = among
            .iter()
            .map(|&lang| (lang, score(lang).copied().unwrap_or(f32::NEG_INFINITY)))
            .collect();
        Ok(Impression {
            languages,
            no_speech: share_of(logits, at(special.no_speech)),
        })
    }

    /// When each token of a text in `lang` about the `samples` last heard begins, and at the end when
    /// the last one ends, in seconds. `None` where the engine does not tell or the text has no clear
    /// place in the sound.
    pub fn token_times(
        &mut self,
        lang: Lang,
        text: &[Token],
        samples: usize,
        cancel: &Cancel,
    ) -> Result<Option<Vec<f32>>, Error> {
        if text.is_empty() {
            return Ok(None);
        }
        let special = self.special;
        let mut tokens = vec![
            special.start,
            special.language(lang),
            special.transcribe,
            special.no_timestamps,
        ];
        // The last token of the prompt is the one that the text's first follows.
        let from = tokens.len().saturating_sub(1);
        tokens.extend_from_slice(text);
        let frames = samples.div_ceil(POSITION);
        let attended = self.network.attended(&tokens, from, frames, cancel)?;
        Ok(attended.and_then(|a| align::times(&a)))
    }
}

/// The likeliest of the text tokens and the end token, with its log-probability among them; with
/// `suppress` neither the end nor a blank. `None` where no score is a number.
pub(super) fn likeliest(
    logits: &[f32],
    end: Token,
    suppress: bool,
    blank: Option<usize>,
) -> Option<(Token, f32)> {
    likeliest_of(logits, end, suppress, blank, 1).pop()
}

/// The log-probability of another token, as that of the likeliest is counted.
pub(super) fn log_prob_of(logits: &[f32], token: Token, likeliest: (Token, f32)) -> f32 {
    let score = |token: Token| {
        let at = usize::try_from(token).ok();
        at.and_then(|at| logits.get(at))
            .copied()
            .unwrap_or(f32::NEG_INFINITY)
    };
    score(token) - score(likeliest.0) + likeliest.1
}

/// The same of the `most` likeliest, best first and, where they are alike, in the order of their numbers.
/// Nothing where no score is a number.
pub(super) fn likeliest_of(
    logits: &[f32],
    end: Token,
    suppress: bool,
    blank: Option<usize>,
    most: usize,
) -> Vec<(Token, f32)> {
    let Ok(last) = usize::try_from(end) else {
        return Vec::new();
    };
    let allowed = |id: usize| !suppress || (id != last && Some(id) != blank);
    let scores = || {
        let each = logits.iter().copied().enumerate().take(last + 1);
        each.filter(|&(id, _)| allowed(id))
    };
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(most + 1);
    for (id, score) in scores().filter(|(_, score)| score.is_finite()) {
        if best.len() < most || best.last().is_some_and(|(_, least)| score > *least) {
            let at = best.partition_point(|(_, other)| *other >= score);
            best.insert(at, (id, score));
            best.truncate(most);
        }
    }
    let Some(&(_, highest)) = best.first() else {
        return Vec::new();
    };
    let sum = scores()
        .map(|(_, score)| relative(score, highest))
        .sum::<f64>()
        .ln() as f32;
    let token = |id: usize| Token::try_from(id).ok();
    best.into_iter()
        .filter_map(|(id, score)| Some((token(id)?, (score - highest) - sum)))
        .collect()
}

/// The probability of one token among all.
fn share_of(logits: &[f32], token: Option<usize>) -> f32 {
    let Some(&score) = token.and_then(|t| logits.get(t)) else {
        return 0.0;
    };
    let highest = logits
        .iter()
        .copied()
        .filter(|s| s.is_finite())
        .fold(f32::MIN, f32::max);
    let sum: f64 = logits.iter().map(|&s| relative(s, highest)).sum();
    if sum > 0.0 {
        (relative(score, highest) / sum) as f32
    } else {
        0.0
    }
}

/// `e^(score - highest)`; what is too small to change a sum of fifty thousand costs nothing.
fn relative(score: f32, highest: f32) -> f64 {
    let distance = score - highest;
    if distance > -25.0 {
        f64::from(distance.exp())
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_likeliest_token_comes_with_its_share() {
        let logits = [0.0, 3.0, 1.0, 2.0, 50.0];
        let (token, log_prob) = likeliest(&logits, 3, false, Some(1)).unwrap();
        let sum: f32 = [0.0_f32, 3.0, 1.0, 2.0].iter().map(|l| l.exp()).sum();
        assert_eq!(token, 1);
        assert!((log_prob - (3.0_f32.exp() / sum).ln()).abs() < 1e-5);
        // At the start neither the blank nor the end may be chosen.
        assert_eq!(likeliest(&logits, 3, true, Some(1)).unwrap().0, 2);
    }

    #[test]
    fn broken_scores_are_an_error_and_never_chosen() {
        assert_eq!(likeliest(&[f32::NAN; 4], 3, false, None), None);
        assert_eq!(likeliest(&[], 3, false, None), None);
        assert_eq!(
            likeliest(&[f32::NAN, 1.0, f32::NEG_INFINITY], 2, false, None)
                .unwrap()
                .0,
            1
        );
        assert_eq!(share_of(&[f32::NAN; 4], Some(0)), 0.0);
        assert_eq!(share_of(&[1.0], None), 0.0);
        assert!((share_of(&[1.0, 1.0], Some(1)) - 0.5).abs() < 1e-6);
    }
}
