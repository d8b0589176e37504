//! A loaded whisper model and its decoders: each hears a stretch of sound once, then scores
//! languages and writes text.
//!
//! The steps of whisper.cpp are called one by one instead of its all-in-one `whisper_full`, since
//! that one (1.8.3)
//! - encodes twice where the language is open; here one encoding serves the choice and the text;
//! - takes the 'nobody speaks' probability from a stale row of scores;
//! - stops at 220 tokens, 76 characters of Lao; here the decoder's whole 448 positions are used;
//! - rejects Burmese and Lao for their low entropy and retries at random;
//! - leaks a string for every language that is set through whisper-rs.
//!
//! Flash attention stays off: with a short window it attends to stale memory of earlier, longer
//! utterances, so that the same sound would not always give the same text.

use std::ffi::c_void;
use std::path::Path;
use std::sync::Arc;

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError,
    WhisperState, WhisperSysContext, WhisperSysState, WhisperTokenId,
};

use crate::domain::{Cancel, Lang};

use super::Error;
use super::ggml::Header;
use super::profile::{Profile, ends_in_loop};

/// Start, language, task, 'no timestamps'.
const PROMPT_TOKENS: usize = 4;

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
    pub tokens: Vec<WhisperTokenId>,
    /// Natural logarithm of each one's probability.
    pub log_probs: Vec<f32>,
    /// The same of the end token, where it was written.
    pub end_log_prob: Option<f32>,
    /// How it ended.
    pub ending: Ending,
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

/// A model in memory, which several decoders read at a time.
pub struct Weights {
    context: WhisperContext,
    header: Header,
    /// The token of a single space, which may not begin a text.
    blank: Option<usize>,
}

impl Weights {
    /// Loads a file that [`super::check_model`] has passed.
    pub fn load(path: &Path, header: Header) -> Result<Self, Error> {
        whisper_rs::install_logging_hooks();
        let failed = |e: WhisperError| Error::ModelLoad {
            path: path.to_owned(),
            reason: e.to_string(),
        };
        let mut parameters = WhisperContextParameters::default();
        parameters.flash_attn(false);
        let context = WhisperContext::new_with_params(path, parameters).map_err(failed)?;
        let blank = (0..1000).find(|&id| context.token_to_bytes(id).is_ok_and(|b| b == b" "));
        let blank = blank.and_then(|id| usize::try_from(id).ok());
        Ok(Self {
            context,
            header,
            blank,
        })
    }

    /// The sizes of the model.
    pub fn header(&self) -> &Header {
        &self.header
    }
}

/// One decoder: shared weights and a working memory of its own. What it writes depends on nothing
/// that another one does.
pub struct Model {
    weights: Arc<Weights>,
    state: WhisperState,
    threads: usize,
}

impl Model {
    /// A decoder over `weights`.
    ///
    /// # Errors
    /// [`Error::Engine`] where memory is short.
    pub fn new(weights: Arc<Weights>, threads: usize) -> Result<Self, Error> {
        let state = weights
            .context
            .create_state()
            .map_err(engine("making room for it"))?;
        Ok(Self {
            weights,
            state,
            threads: threads.max(1),
        })
    }

    /// The sizes of the model.
    pub fn header(&self) -> &Header {
        self.weights.header()
    }

    /// Threads for the arithmetic from now on.
    pub fn set_threads(&mut self, threads: usize) {
        self.threads = threads.max(1);
    }

    /// The bytes of a text token.
    pub fn bytes_of(&self, token: WhisperTokenId) -> &[u8] {
        if token < 0 || token >= self.weights.context.token_eot() {
            return &[];
        }
        self.weights
            .context
            .token_to_bytes(token)
            .unwrap_or_default()
    }

    /// The languages of `among` that the model has a token for.
    pub fn known<'a>(&self, among: &'a [Lang]) -> impl Iterator<Item = Lang> + use<'a> {
        among
            .iter()
            .copied()
            .filter(|&lang| whisper_rs::get_lang_id(lang.code()).is_some())
    }

    /// Encodes `pcm` (at least 0.2 s, at most `window` positions of 20 ms of it count).
    pub fn hear(&mut self, pcm: &[f32], window: u32) -> Result<(), Error> {
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_n_threads(i32::try_from(self.threads).unwrap_or(1));
        params.set_audio_ctx(i32::try_from(window).unwrap_or(0));
        params.set_no_context(true);
        params.set_print_progress(false);
        params.set_print_timestamps(false);
        // Only `whisper_full` sets the window. It is stopped before it encodes: what it has done by
        // then is the spectrogram.
        // SAFETY: the callback touches none of its arguments and cannot unwind.
        unsafe { params.set_start_encoder_callback(Some(stop_before_encoding)) };
        self.state
            .full(params, pcm)
            .map_err(engine("reading the sound"))?;
        self.state
            .encode(0, self.threads)
            .map_err(engine("listening"))
    }

    /// Scores the languages of `among` on the sound last heard.
    pub fn impression(&mut self, among: &[Lang]) -> Result<Impression, Error> {
        self.decode(&[self.weights.context.token_sot()], 0)?;
        let logits = self
            .state
            .get_logits()
            .map_err(engine("choosing the language"))?;
        let no_speech = share_of(
            logits,
            usize::try_from(self.weights.context.token_nosp()).ok(),
        );
        let mut languages = Vec::with_capacity(among.len());
        for &lang in among {
            let Some(token) = self.language_token(lang) else {
                continue;
            };
            let logit = usize::try_from(token).ok().and_then(|t| logits.get(t));
            languages.push((lang, logit.copied().unwrap_or(f32::NEG_INFINITY)));
        }
        Ok(Impression {
            languages,
            no_speech,
        })
    }

    /// Writes down the sound last heard in `lang`, taking the likeliest token each time. Only where
    /// it `may_be_empty` may the first token be the end. Needs a preceding [`Model::impression`],
    /// whose first position it goes on from.
    pub fn write(
        &mut self,
        lang: Lang,
        seconds: f32,
        may_be_empty: bool,
        cancel: &Cancel,
    ) -> Result<Draft, Error> {
        let profile = Profile::of(lang);
        let Some(language) = self.language_token(lang) else {
            return Err(Error::NoLanguage(lang.to_string()));
        };
        self.decode(&[language, self.weights.context.token_transcribe()], 1)?;
        self.decode(&[self.weights.context.token_not()], 3)?;
        let end = self.weights.context.token_eot();
        let room = (self.header().text_ctx as usize).saturating_sub(PROMPT_TOKENS);
        let dense = profile.token_limit(seconds);
        let mut draft = Draft {
            tokens: Vec::new(),
            log_probs: Vec::new(),
            end_log_prob: None,
            ending: Ending::Complete,
        };
        loop {
            if cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            let logits = self.state.get_logits().map_err(engine("writing"))?;
            let suppress = draft.tokens.is_empty() && !may_be_empty;
            let (token, log_prob) = likeliest(logits, end, suppress, self.weights.blank)
                .ok_or_else(|| broken("writing"))?;
            if token == end {
                draft.end_log_prob = Some(log_prob);
                return Ok(draft);
            }
            draft.tokens.push(token);
            draft.log_probs.push(log_prob);
            draft.ending = if ends_in_loop(&draft.tokens, profile.loop_tokens) {
                Ending::Loop
            } else if draft.tokens.len() >= room {
                Ending::NoRoom
            } else if draft.tokens.len() >= dense {
                Ending::TooDense
            } else {
                Ending::Complete
            };
            if draft.ending != Ending::Complete {
                return Ok(draft);
            }
            self.decode(&[token], PROMPT_TOKENS + draft.tokens.len() - 1)?;
        }
    }

    fn language_token(&self, lang: Lang) -> Option<WhisperTokenId> {
        whisper_rs::get_lang_id(lang.code()).map(|id| self.weights.context.token_lang(id))
    }

    fn decode(&mut self, tokens: &[WhisperTokenId], past: usize) -> Result<(), Error> {
        self.state
            .decode(tokens, past, self.threads)
            .map_err(engine("writing"))
    }
}

extern "C" fn stop_before_encoding(
    _: *mut WhisperSysContext,
    _: *mut WhisperSysState,
    _: *mut c_void,
) -> bool {
    false
}

fn engine(step: &'static str) -> impl FnOnce(WhisperError) -> Error {
    move |e| Error::Engine {
        step,
        reason: e.to_string(),
    }
}

fn broken(step: &'static str) -> Error {
    Error::Engine {
        step,
        reason: "the model's scores are not numbers".into(),
    }
}

/// The likeliest of the text tokens and the end token, with its log-probability among them; with
/// `suppress` neither the end nor a blank. `None` where no score is a number.
fn likeliest(
    logits: &[f32],
    end: WhisperTokenId,
    suppress: bool,
    blank: Option<usize>,
) -> Option<(WhisperTokenId, f32)> {
    let end = usize::try_from(end).ok()?;
    let allowed = |id: usize| !suppress || (id != end && Some(id) != blank);
    let scores = || {
        logits
            .iter()
            .copied()
            .enumerate()
            .take(end + 1)
            .filter(|&(id, _)| allowed(id))
    };
    let (best, highest) = scores()
        .filter(|(_, score)| score.is_finite())
        .reduce(|a, b| if b.1 > a.1 { b } else { a })?;
    let sum = scores()
        .map(|(_, score)| relative(score, highest))
        .sum::<f64>();
    Some((WhisperTokenId::try_from(best).ok()?, -(sum.ln() as f32)))
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

    /// What `whisper_full` itself writes in `lang`, its suppressions and all.
    fn reference(model: &mut Model, pcm: &[f32], window: u32, lang: Lang) -> Vec<WhisperTokenId> {
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_n_threads(1);
        params.set_audio_ctx(i32::try_from(window).unwrap());
        params.set_language(Some(lang.code()));
        params.set_no_context(true);
        params.set_single_segment(true);
        params.set_no_timestamps(true);
        params.set_temperature_inc(0.0);
        params.set_entropy_thold(0.0);
        params.set_no_speech_thold(1.0);
        params.set_print_progress(false);
        model.state.full(params, pcm).unwrap();
        let end = model.weights.context.token_eot();
        let segment = model.state.get_segment(0).unwrap();
        let tokens = (0..segment.n_tokens()).map(|i| segment.get_token(i).unwrap().token_id());
        tokens.filter(|&t| t < end).collect()
    }

    #[test]
    fn the_steps_write_what_whisper_full_writes() {
        let path = crate::speech::fixture::tiny();
        let header = crate::speech::check_model(path).unwrap();
        let mut model = Model::new(Arc::new(Weights::load(path, header).unwrap()), 1).unwrap();
        for (pitch, window, lang) in [
            (0.1, 200, Lang::Zh),
            (0.2, 104, Lang::Lo),
            (0.05, 160, Lang::Vi),
        ] {
            let pcm: Vec<f32> = (0..24_000)
                .map(|i| (i as f32 * pitch).sin() * 0.2)
                .collect();
            let expected = reference(&mut model, &pcm, window, lang);
            model.hear(&pcm, window).unwrap();
            let impression = model.impression(&[lang, Lang::Km]).unwrap();
            assert_eq!(impression.languages.len(), 2);
            let draft = model.write(lang, 60.0, false, &Cancel::new()).unwrap();
            let shared = draft.tokens.len().min(expected.len());
            assert!(shared > 5, "{} {}", draft.tokens.len(), expected.len());
            assert_eq!(draft.tokens[..shared], expected[..shared]);
        }
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
