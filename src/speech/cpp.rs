//! The engine over whisper.cpp, called through whisper-rs.
//!
//! Flash attention stays off: with a short window it attends to stale memory of earlier, longer
//! utterances, so that the same sound would not always give the same text.

use std::ffi::c_void;
use std::path::Path;
use std::sync::Arc;

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperError,
    WhisperState, WhisperSysContext, WhisperSysState,
};

use crate::domain::Cancel;

use super::Error;
use super::decode::{Network, Weights};
use super::ggml::Header;
use super::special::Token;

/// ggml's number of a file whose tensors are all f32.
const F32_FILE: u32 = 0;

/// A model that whisper.cpp has loaded.
pub struct Cpp {
    context: WhisperContext,
    header: Header,
}

impl Cpp {
    /// Loads a file that [`super::check_model`] has passed.
    pub fn load(path: &Path, header: Header) -> Result<Self, Error> {
        // Its convolutions want kernels in f16, and others end the program (1.8.3, `ggml-cpu/ops.cpp`).
        if header.ftype == F32_FILE {
            return Err(Error::ModelRefused {
                path: path.to_owned(),
                reason: "whisper.cpp cannot calculate with a file stored in f32".into(),
            });
        }
        whisper_rs::install_logging_hooks();
        let failed = |e: WhisperError| Error::ModelLoad {
            path: path.to_owned(),
            reason: e.to_string(),
        };
        let mut parameters = WhisperContextParameters::default();
        parameters.flash_attn(false);
        let context = WhisperContext::new_with_params(path, parameters).map_err(failed)?;
        Ok(Self { context, header })
    }
}

impl Weights for Cpp {
    fn header(&self) -> &Header {
        &self.header
    }

    fn bytes_of(&self, token: Token) -> &[u8] {
        self.context.token_to_bytes(token).unwrap_or_default()
    }

    fn decoder_bytes(&self) -> u64 {
        self.header.decoder_bytes()
    }

    fn network(self: Arc<Self>) -> Result<Box<dyn Network>, Error> {
        let state = self
            .context
            .create_state()
            .map_err(engine("making room for it"))?;
        Ok(Box::new(Ear {
            _weights: self,
            state,
            threads: 1,
        }))
    }
}

/// One decoder over a model.
struct Ear {
    _weights: Arc<Cpp>,
    state: WhisperState,
    threads: usize,
}

impl Network for Ear {
    fn set_threads(&mut self, threads: usize) {
        self.threads = threads;
    }

    fn hear(&mut self, pcm: &[f32], window: u32, _cancel: &Cancel) -> Result<(), Error> {
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

    fn step(&mut self, tokens: &[Token], past: usize) -> Result<&[f32], Error> {
        let Some((last, before)) = tokens.split_last() else {
            return Err(Error::Engine {
                step: "writing",
                reason: "nothing to write".into(),
            });
        };
        // Of several tokens whisper.cpp keeps the last one's scores where nobody can read them.
        if !before.is_empty() {
            self.decode(before, past)?;
        }
        self.decode(&[*last], past + before.len())?;
        self.state.get_logits().map_err(engine("writing"))
    }
}

impl Ear {
    fn decode(&mut self, tokens: &[Token], past: usize) -> Result<(), Error> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Lang;
    use crate::speech::decode::Model;

    /// What `whisper_full` itself writes in `lang`, its suppressions and all.
    fn reference(weights: &Cpp, pcm: &[f32], window: u32, lang: Lang) -> Vec<Token> {
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
        let mut state = weights.context.create_state().unwrap();
        state.full(params, pcm).unwrap();
        let end = weights.context.token_eot();
        let segment = state.get_segment(0).unwrap();
        let tokens = (0..segment.n_tokens()).map(|i| segment.get_token(i).unwrap().token_id());
        tokens.filter(|&t| t < end).collect()
    }

    #[test]
    fn the_steps_write_what_whisper_full_writes() {
        let path = crate::speech::fixture::tiny();
        let header = crate::speech::check_model(path).unwrap();
        let weights = Arc::new(Cpp::load(path, header).unwrap());
        let mut model = Model::new(weights.clone(), weights.clone().network().unwrap());
        for (pitch, window, lang) in [
            (0.1, 200, Lang::Zh),
            (0.2, 104, Lang::Lo),
            (0.05, 160, Lang::Vi),
        ] {
            let pcm: Vec<f32> = (0..24_000)
                .map(|i| (i as f32 * pitch).sin() * 0.2)
                .collect();
            let expected = reference(&weights, &pcm, window, lang);
            model.hear(&pcm, window, &Cancel::new()).unwrap();
            let impression = model.impression(&[lang, Lang::Km]).unwrap();
            assert_eq!(impression.languages.len(), 2);
            let draft = model.write(lang, 60.0, false, &Cancel::new()).unwrap();
            let shared = draft.tokens.len().min(expected.len());
            assert!(shared > 5, "{} {}", draft.tokens.len(), expected.len());
            assert_eq!(draft.tokens[..shared], expected[..shared]);
        }
    }

    #[test]
    fn the_special_tokens_are_those_of_whisper_cpp() {
        let path = crate::speech::fixture::tiny();
        let header = crate::speech::check_model(path).unwrap();
        let context = Cpp::load(path, header).unwrap().context;
        let special = crate::speech::special::Special::of(&header);
        let theirs = [
            context.token_eot(),
            context.token_sot(),
            context.token_transcribe(),
            context.token_nosp(),
            context.token_not(),
        ];
        let ours = [
            special.end,
            special.start,
            special.transcribe,
            special.no_speech,
            special.no_timestamps,
        ];
        assert_eq!(ours, theirs);
    }
}
