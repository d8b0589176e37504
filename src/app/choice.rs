//! Which engine does the arithmetic of a speech model on this machine: the one that the settings
//! name, else the faster one. That is measured once for each shape of model, at its first use, and
//! kept in the workspace. A live session measures nothing and takes our own where the settings leave it
//! open (`live_engines`).

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::config::{Config, SpeechEngine, WordTimes};
use crate::domain::{Cancel, Lang, SAMPLE_RATE};
use crate::speech::{self, Ctc, Engine, Header, Trial, check_model};

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
    /// Threads with which each was fastest.
    #[serde(default)]
    native_threads: Option<usize>,
    #[serde(default)]
    whisper_cpp_threads: Option<usize>,
}

/// Milliseconds that an engine took, and with how many threads.
type Found = Result<(f64, usize), speech::Error>;

impl Measured {
    /// What is known of both. One that cannot be used here, whatever the reason, is not the one; the other
    /// works all the same.
    ///
    /// # Errors
    /// That of our own engine where neither can be used; a cancel.
    fn of(native: Found, whisper_cpp: Found) -> Result<Self, speech::Error> {
        let (native, whisper_cpp) = match (native, whisper_cpp) {
            (Err(speech::Error::Cancelled), _) | (_, Err(speech::Error::Cancelled)) => {
                return Err(speech::Error::Cancelled);
            }
            (Err(ours), Err(_)) => return Err(ours),
            (native, whisper_cpp) => (native.ok(), whisper_cpp.ok()),
        };
        Ok(Self {
            native: native.map(|(ms, _)| ms),
            whisper_cpp: whisper_cpp.map(|(ms, _)| ms),
            native_threads: native.map(|(_, threads)| threads),
            whisper_cpp_threads: whisper_cpp.map(|(_, threads)| threads),
        })
    }

    fn threads(&self, engine: Engine) -> Option<usize> {
        match engine {
            Engine::WhisperCpp => self.whisper_cpp_threads,
            Engine::Native | Engine::NativeExact => self.native_threads,
        }
    }

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
        let key = key(&check_model(model)?, model.is_dir());
        let mut known = self.measurements();
        if let Some(measured) = known.get(&key) {
            return Ok(measured.engine());
        }
        let native = self.measured(model, Engine::Native);
        let whisper_cpp = match model.is_dir() {
            true => Err(speech::Error::ModelRefused {
                path: model.to_owned(),
                reason: "whisper.cpp reads no folders".into(),
            }),
            false => self.measured(model, Engine::WhisperCpp),
        };
        let lasts = will_last(&native) && will_last(&whisper_cpp);
        let measured = Measured::of(native, whisper_cpp)?;
        if !lasts {
            return Ok(measured.engine());
        }
        known.insert(key, measured);
        self.keep(&known);
        Ok(measured.engine())
    }

    /// Where the workspace cannot be written it is measured again next time.
    fn keep(&self, known: &Measurements) {
        if let Ok(text) = serde_json::to_string_pretty(known) {
            let _ = fs::write(self.workspace.engines_file(), text);
        }
    }

    /// Threads for a CTC model: as many as the settings say, else those with which it is fastest. Where the settings
    /// leave the engine open that is measured at its first use; else what is known counts, or all cores.
    ///
    /// # Errors
    /// A model that cannot hear.
    pub(super) fn ctc_threads(&self, ctc: &mut Ctc, lang: Lang) -> Result<usize, Error> {
        let all = self.threads_for(Engine::Native);
        if self.config.recognition_threads != 0 {
            return Ok(all);
        }
        let key = format!(
            "{}, version {}, CTC, {} bytes of weights",
            machine(),
            env!("CARGO_PKG_VERSION"),
            ctc.weight_bytes()
        );
        let mut known = self.measurements();
        if let Some(fastest) = known.get(&key).and_then(|known| known.native_threads) {
            return Ok(fastest.clamp(1, all));
        }
        if self.config.engine != SpeechEngine::Auto {
            return Ok(all);
        }
        let pcm = noise();
        let found = fastest_of(all, |threads| {
            ctc.set_threads(threads);
            let begun = Instant::now();
            ctc.logits(&pcm, lang, &Cancel::new())?;
            Ok(begun.elapsed())
        })?;
        let measured = Measured {
            native: Some(found.0),
            whisper_cpp: None,
            native_threads: Some(found.1),
            whisper_cpp_threads: None,
        };
        known.insert(key, measured);
        self.keep(&known);
        Ok(found.1)
    }

    /// Threads for this model in this engine: as many as the settings say, else those with which it was
    /// fastest, else as many as there are cores.
    pub(super) fn speech_threads(&self, model: &Path, engine: Engine) -> usize {
        let usual = self.threads_for(engine);
        if self.config.recognition_threads != 0 {
            return usual;
        }
        let header = check_model(model).ok();
        let measured =
            header.and_then(|h| self.measurements().get(&key(&h, model.is_dir())).copied());
        let fastest = measured.and_then(|measured| measured.threads(engine));
        fastest.map_or(usual, |threads| threads.clamp(1, usual))
    }

    /// Which engine does the arithmetic of this model file, as far as it is known without measuring, in words.
    pub fn speech_engine_known(&self, model: &Path) -> String {
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
            .and_then(|h| self.measurements().get(&key(&h, false)).copied());
        let Some(measured) = measured else {
            return "native in live interviews; else not measured yet, that is done at its first use"
                .into();
        };
        let ms = |time: Option<f64>, threads: Option<usize>| match (time, threads) {
            (Some(ms), Some(1)) => format!("{ms:.0} ms with 1 thread"),
            (Some(ms), Some(threads)) => format!("{ms:.0} ms with {threads} threads"),
            (Some(ms), None) => format!("{ms:.0} ms"),
            (None, _) => "does not load it".into(),
        };
        let told = format!(
            "native in live interviews; else {} ({SECONDS} s of sound: native {}, whisper.cpp {})",
            measured.engine().name(),
            ms(measured.native, measured.native_threads),
            ms(measured.whisper_cpp, measured.whisper_cpp_threads)
        );
        match lost(measured.engine(), &self.config) {
            Some(lost) => format!("{told}; {lost}"),
            None => told,
        }
    }

    /// A file that is missing, too large or damaged knows nothing.
    fn measurements(&self) -> Measurements {
        let path = self.workspace.engines_file();
        let small = fs::metadata(&path).is_ok_and(|meta| meta.len() <= MAX_FILE_BYTES);
        let text = small.then(|| fs::read_to_string(&path).ok()).flatten();
        text.and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }

    /// Milliseconds that `engine` takes, and with how many threads.
    fn measured(&self, model: &Path, engine: Engine) -> Found {
        let all = self.threads_for(engine);
        let trial = || -> Found {
            let mut trial = Trial::load(model, engine, all)?;
            let pcm = noise();
            fastest_of(all, |threads| {
                trial.set_threads(threads);
                let timed = trial.run(&pcm, true, TOKENS, &Cancel::new())?;
                Ok(timed.hear.saturating_add(timed.write))
            })
        };
        // On a thread of its own: an engine may change how its thread works.
        std::thread::scope(|scope| {
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
        })
    }
}

/// The shortest time, in milliseconds, of `run` with some numbers of threads up to `all`, and that number.
fn fastest_of(all: usize, mut run: impl FnMut(usize) -> Result<Duration, speech::Error>) -> Found {
    let mut best = (Duration::MAX, all);
    for threads in thread_counts(all) {
        let mut own = Duration::MAX;
        for _ in 0..RUNS {
            own = own.min(run(threads)?);
        }
        // Fewer have to be faster by more than two runs of the same differ.
        if best.0 == Duration::MAX || own.saturating_mul(20) < best.0.saturating_mul(19) {
            best = (own, threads);
        }
    }
    Ok((best.0.as_secs_f64() * 1e3, best.1))
}

/// The numbers of threads that are tried: all, and fewer, which may be faster where two share a core.
fn thread_counts(all: usize) -> Vec<usize> {
    let all = all.max(1);
    let mut counts = vec![all, all.saturating_mul(3) / 4, all / 2];
    counts.retain(|count| *count > 0);
    counts.dedup();
    counts
}

/// Whether it would be found again: a file of another form stays one, a lack of memory may pass.
fn will_last(found: &Found) -> bool {
    matches!(found, Ok(_) | Err(speech::Error::ModelRefused { .. }))
}

/// What the settings ask for and the engine does not do.
fn lost(engine: Engine, config: &Config) -> Option<String> {
    let mut lost = Vec::new();
    if engine == Engine::WhisperCpp {
        if config.speech_beam > 1 {
            lost.push("follows one text at a time (speech_beam)");
        }
        if config.word_times == WordTimes::Attention {
            lost.push(
                "does not tell when words were said (word_times): they are spread over the speech",
            );
        }
    }
    (!lost.is_empty()).then(|| format!("it {}", lost.join(" and ")))
}

/// The graphics back ends that this build has: whisper.cpp is as fast as they are.
fn back_ends() -> &'static str {
    match (cfg!(feature = "cuda"), cfg!(feature = "vulkan")) {
        (true, true) => ", with CUDA and Vulkan",
        (true, false) => ", with CUDA",
        (false, true) => ", with Vulkan",
        (false, false) => "",
    }
}

/// Everything that the speed depends on.
fn key(h: &Header, folder: bool) -> String {
    format!(
        "{}, version {}, width {}, layers {} and {}, window {}, type {}{}{}",
        machine(),
        env!("CARGO_PKG_VERSION"),
        h.width,
        h.audio_layers,
        h.text_layers,
        h.audio_ctx,
        h.ftype,
        if folder { ", a folder" } else { "" },
        back_ends()
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
    use crate::app::Options;
    use crate::speech::{CtcNumbers, CtcOptions};

    #[test]
    fn the_faster_engine_that_loads_the_model_is_taken() {
        let engine = |native, whisper_cpp| {
            Measured {
                native,
                whisper_cpp,
                native_threads: None,
                whisper_cpp_threads: Some(3),
            }
            .engine()
        };
        assert_eq!(engine(Some(1.0), Some(2.0)), Engine::Native);
        assert_eq!(engine(Some(2.0), Some(1.0)), Engine::WhisperCpp);
        assert_eq!(engine(None, Some(1.0)), Engine::WhisperCpp);
        assert_eq!(engine(Some(1.0), None), Engine::Native);
    }

    #[test]
    fn an_engine_that_cannot_be_used_leaves_the_choice_to_the_other() {
        let failed = || -> Found {
            Err(speech::Error::ModelLoad {
                path: "model.bin".into(),
                reason: "no memory".into(),
            })
        };
        let stopped = || -> Found { Err(speech::Error::Stopped("its thread has ended".into())) };
        for other in [failed, stopped] {
            let ours = Measured::of(Ok((5.0, 2)), other()).unwrap();
            assert_eq!(
                (ours.engine(), ours.native_threads),
                (Engine::Native, Some(2))
            );
            let theirs = Measured::of(other(), Ok((5.0, 1))).unwrap();
            assert_eq!(theirs.engine(), Engine::WhisperCpp);
        }
        let neither = Measured::of(failed(), stopped()).unwrap_err();
        assert!(matches!(neither, speech::Error::ModelLoad { .. }));
        let left = Measured::of(Ok((5.0, 2)), Err(speech::Error::Cancelled));
        assert!(matches!(left, Err(speech::Error::Cancelled)));
    }

    #[test]
    fn what_the_chosen_engine_does_not_do_is_told() {
        let config = Config {
            speech_beam: 5,
            word_times: WordTimes::Attention,
            ..Config::default()
        };
        let told = lost(Engine::WhisperCpp, &config).unwrap();
        assert!(
            told.contains("speech_beam") && told.contains("word_times"),
            "{told}"
        );
        assert_eq!(lost(Engine::Native, &config), None);
        let plain = Config {
            speech_beam: 1,
            word_times: WordTimes::Spread,
            ..config
        };
        assert_eq!(lost(Engine::WhisperCpp, &plain), None);
    }

    #[test]
    fn a_ctc_model_is_measured_once_and_only_where_the_settings_leave_it_open() {
        let dir = tempfile::tempdir().unwrap();
        let mut app = App::open(&Options {
            workspace: Some(dir.path().to_owned()),
            ..Options::default()
        })
        .unwrap();
        let mut ctc = Ctc::load(&CtcOptions {
            folder: Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wav2vec2/layer"),
            name: "fixture".into(),
            languages: vec![Lang::Lo],
            max_utterance_ms: 30_000,
            numbers: CtcNumbers::Eight,
            names: Vec::new(),
        })
        .unwrap();
        let measured = |app: &App| app.workspace.engines_file().is_file();
        let mut threads = |app: &App| app.ctc_threads(&mut ctc, Lang::Lo).unwrap();
        let all = app.threads_for(Engine::Native);
        // A live session: nothing is known and nothing is measured.
        app.config.engine = SpeechEngine::Native;
        assert_eq!(threads(&app), all);
        app.config.engine = SpeechEngine::Auto;
        app.config.recognition_threads = 3;
        assert_eq!(threads(&app), 3);
        assert!(!measured(&app));
        app.config.recognition_threads = 0;
        let fastest = threads(&app);
        assert!((1..=all).contains(&fastest) && measured(&app));
        // What was measured counts from then on, in a live session too, and never before the settings.
        let mut known = app.measurements();
        known.values_mut().for_each(|m| m.native_threads = Some(1));
        app.keep(&known);
        app.config.engine = SpeechEngine::Native;
        assert_eq!(threads(&app), 1);
        app.config.recognition_threads = 3;
        assert_eq!(threads(&app), 3);
    }

    #[test]
    fn fewer_threads_are_taken_where_they_are_clearly_faster() {
        let fastest = |times: [u64; 3]| {
            let found = fastest_of(4, |threads| {
                Ok(Duration::from_millis(match threads {
                    4 => times[0],
                    3 => times[1],
                    _ => times[2],
                }))
            });
            found.unwrap()
        };
        assert_eq!(fastest([100, 96, 120]), (100.0, 4));
        assert_eq!(fastest([100, 80, 120]), (80.0, 3));
        assert_eq!(fastest([100, 80, 70]), (70.0, 2));
        let stopped = fastest_of(2, |_| Err(speech::Error::Cancelled));
        assert!(matches!(stopped, Err(speech::Error::Cancelled)));
    }

    #[test]
    fn fewer_threads_are_tried_and_never_none() {
        for (all, tried) in [
            (0, vec![1]),
            (1, vec![1]),
            (2, vec![2, 1]),
            (4, vec![4, 3, 2]),
            (8, vec![8, 6, 4]),
        ] {
            assert_eq!(thread_counts(all), tried, "{all}");
        }
        // What an earlier program measured says nothing of threads.
        let old: Measured =
            serde_json::from_str(r#"{"native": 1.0, "whisper_cpp": null}"#).unwrap();
        assert_eq!(old.threads(Engine::Native), None);
    }
}
