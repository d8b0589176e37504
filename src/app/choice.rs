//! Which engine does the arithmetic of a speech model on this machine: the one that the settings
//! name, else the faster one. That is measured once for each shape of model, at its first use, and
//! kept in the workspace. A live session measures nothing and takes our own where the settings leave it
//! open (`live_engines`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::SpeechEngine;
use crate::domain::{Cancel, SAMPLE_RATE};
use crate::speech::{self, Engine, Header, Trial, check_model};

use super::bench::machine;
use super::{App, Error};

/// Largest file of measurements that is read.
const MAX_FILE_BYTES: u64 = 256 * 1024;
/// The utterance that is measured: so many seconds of noise, so many tokens.
const SECONDS: usize = 3;
const TOKENS: usize = 16;
/// Runs of which the fastest counts; the first fills the caches.
const RUNS: usize = 2;
/// whisper.cpp builds its graphs on the stack of the caller.
const STACK_BYTES: usize = 8 << 20;

/// Milliseconds for the utterance, where the engine can load the model.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Measured {
    native: Option<f64>,
    whisper_cpp: Option<f64>,
}

impl Measured {
    fn engine(&self) -> Engine {
        match (self.native, self.whisper_cpp) {
            (Some(ours), Some(theirs)) if theirs < ours => Engine::WhisperCpp,
            (None, Some(_)) => Engine::WhisperCpp,
            _ => Engine::Native,
        }
    }
}

/// By machine, version of the program and shape of the model.
type Measurements = BTreeMap<String, Measured>;

impl App {
    /// The engine for this model file. Measures where that was not done before.
    ///
    /// # Errors
    /// A file that is no sound model, or that no engine loads.
    pub(super) fn speech_engine(&self, model: &Path) -> Result<Engine, Error> {
        match self.config.engine {
            SpeechEngine::Native => return Ok(Engine::Native),
            SpeechEngine::WhisperCpp => return Ok(Engine::WhisperCpp),
            SpeechEngine::Auto => {}
        }
        if model.is_dir() {
            return Ok(Engine::Native); // the only one that reads folders
        }
        let key = key(&check_model(model)?);
        let mut known = self.measurements();
        if let Some(measured) = known.get(&key) {
            return Ok(measured.engine());
        }
        let measured = Measured {
            native: self.measured(model, Engine::Native)?,
            whisper_cpp: self.measured(model, Engine::WhisperCpp)?,
        };
        known.insert(key, measured);
        if let Ok(text) = serde_json::to_string_pretty(&known) {
            // Where the workspace cannot be written it is measured again next time.
            let _ = fs::write(self.workspace.engines_file(), text);
        }
        Ok(measured.engine())
    }

    /// What is known without measuring, in words.
    pub(super) fn speech_engine_known(&self, model: &Path) -> String {
        match self.config.engine {
            SpeechEngine::Native => return "native, as the settings say".into(),
            SpeechEngine::WhisperCpp => return "whisper.cpp, as the settings say".into(),
            SpeechEngine::Auto if model.is_dir() => {
                return "native, which alone reads this form".into();
            }
            SpeechEngine::Auto => {}
        }
        let measured = check_model(model)
            .ok()
            .and_then(|header| self.measurements().get(&key(&header)).copied());
        let Some(measured) = measured else {
            return "native in live interviews; else not measured yet, that is done at its first use"
                .into();
        };
        let ms = |time: Option<f64>| match time {
            Some(ms) => format!("{ms:.0} ms"),
            None => "does not load it".into(),
        };
        format!(
            "native in live interviews; else {} ({SECONDS} s of sound: native {}, whisper.cpp {})",
            measured.engine().name(),
            ms(measured.native),
            ms(measured.whisper_cpp)
        )
    }

    /// A file that is missing, too large or damaged knows nothing.
    fn measurements(&self) -> Measurements {
        let path = self.workspace.engines_file();
        let small = fs::metadata(&path).is_ok_and(|meta| meta.len() <= MAX_FILE_BYTES);
        let text = small.then(|| fs::read_to_string(&path).ok()).flatten();
        text.and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }

    /// Milliseconds that `engine` takes; `None` where it does not read this form of file.
    fn measured(&self, model: &Path, engine: Engine) -> Result<Option<f64>, Error> {
        let threads = self.threads_for(engine);
        let trial = || -> Result<Duration, speech::Error> {
            let mut trial = Trial::load(model, engine, threads)?;
            let pcm = noise();
            let mut best = Duration::MAX;
            for _ in 0..RUNS {
                let timed = trial.run(&pcm, true, TOKENS, &Cancel::new())?;
                best = best.min(timed.hear.saturating_add(timed.write));
            }
            Ok(best)
        };
        // On a thread of its own: an engine may change how its thread works.
        let found = std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .name("measure".into())
                .stack_size(STACK_BYTES)
                .spawn_scoped(scope, trial);
            let stopped = |what: &str| speech::Error::Stopped(what.to_owned());
            match thread {
                Ok(thread) => thread
                    .join()
                    .unwrap_or_else(|_| Err(stopped("its thread has ended"))),
                Err(cause) => Err(stopped(&cause.to_string())),
            }
        });
        match found {
            Ok(time) => Ok(Some(time.as_secs_f64() * 1e3)),
            Err(speech::Error::ModelRefused { .. }) => Ok(None),
            Err(other) => Err(other.into()),
        }
    }
}

/// Everything that the speed depends on.
fn key(h: &Header) -> String {
    format!(
        "{}, version {}, width {}, layers {} and {}, window {}, type {}",
        machine(),
        env!("CARGO_PKG_VERSION"),
        h.width,
        h.audio_layers,
        h.text_layers,
        h.audio_ctx,
        h.ftype
    )
}

/// Noise, always the same (xorshift), from -0.3 to 0.3.
fn noise() -> Vec<f32> {
    let mut state = 1u32;
    (0..SECONDS.saturating_mul(SAMPLE_RATE as usize))
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state as f32 / u32::MAX as f32 - 0.5) * 0.6
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_faster_engine_that_loads_the_model_is_taken() {
        let engine = |native, whisper_cpp| {
            Measured {
                native,
                whisper_cpp,
            }
            .engine()
        };
        assert_eq!(engine(Some(1.0), Some(2.0)), Engine::Native);
        assert_eq!(engine(Some(2.0), Some(1.0)), Engine::WhisperCpp);
        assert_eq!(engine(None, Some(1.0)), Engine::WhisperCpp);
        assert_eq!(engine(Some(1.0), None), Engine::Native);
    }
}
