//! Settings, resolved once: what the program assumes, then the workspace's `config.toml`, then the
//! command line.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::domain::{Lang, MOST_BEAM, reason};

/// Largest settings file that is read.
const MAX_CONFIG_BYTES: u64 = 64 * 1024;

/// Why the settings could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file is there but cannot be read.
    #[error("cannot read the settings: {why}: {path}", why = reason(.cause))]
    Read {
        /// What the system said.
        cause: std::io::Error,
        /// The file.
        path: PathBuf,
    },
    /// The file is not valid.
    #[error("the settings are not valid: {cause}: {path}")]
    Invalid {
        /// What is wrong, with line and column.
        cause: String,
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// The next step.
    pub fn help(&self) -> String {
        "Correct the file in a text editor, or move it away to use the usual settings.".into()
    }
}

/// Who does the arithmetic of speech models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum SpeechEngine {
    /// The faster one on this machine, measured at the first use; in a live session our own.
    #[default]
    #[serde(rename = "auto")]
    Auto,
    /// The program's own.
    #[serde(rename = "native")]
    Native,
    /// whisper.cpp.
    #[serde(rename = "whisper.cpp")]
    WhisperCpp,
}

/// How it is found when each word of a line was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WordTimes {
    /// Where the recogniser looked while it wrote it, where the engine tells.
    #[default]
    Attention,
    /// By its share of the letters, over the speech.
    Spread,
}

/// Settings as one run uses them.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Threads the recogniser may use; 0 lets the program choose.
    pub recognition_threads: usize,
    /// Who does the arithmetic of speech models: `auto`, `native` or `whisper.cpp`.
    pub engine: SpeechEngine,
    /// Hypotheses that translation keeps side by side, 1 to 8.
    pub beam: usize,
    /// Texts that our speech engine follows side by side, 1 to [`MOST_BEAM`]: more find a likelier text
    /// now and then, and take longer.
    pub speech_beam: usize,
    /// Whether names and terms of the case also stand as text before each utterance for our speech engines:
    /// only where that was measured to help.
    pub speech_prompt: bool,
    /// How the places of words are found: `attention` or `spread`.
    pub word_times: WordTimes,
    /// Longest translation of one sentence, in tokens.
    pub max_tokens: usize,
    /// Name of the speech model to prefer.
    pub speech_model: Option<String>,
    /// Names of the speech models to prefer by language: `[speech]`, then `my = "name"`. Goes before
    /// `speech_model`.
    pub speech: BTreeMap<Lang, String>,
    /// Name of the translation model to prefer.
    pub translation_model: Option<String>,
    /// Name of a second translation model; lines that it translates quite differently are flagged.
    pub second_translation_model: Option<String>,
    /// Minutes without a touch after which the window locks a locked workspace again; 0 is never.
    pub lock_after_minutes: u64,
    /// Names of the glossaries to use, without `.csv`; none means all in `glossaries/`.
    pub glossaries: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            recognition_threads: 0,
            engine: SpeechEngine::Auto,
            beam: 4,
            speech_beam: 1,
            speech_prompt: false,
            word_times: WordTimes::Attention,
            max_tokens: 200,
            speech_model: None,
            speech: BTreeMap::new(),
            translation_model: None,
            second_translation_model: None,
            lock_after_minutes: 10,
            glossaries: Vec::new(),
        }
    }
}

impl Config {
    /// Name of the speech model to prefer for `lang`.
    pub fn speech_for(&self, lang: Lang) -> Option<&str> {
        let own = self.speech.get(&lang).or(self.speech_model.as_ref());
        own.map(String::as_str)
    }

    /// Reads `config.toml`; a missing file gives the usual settings.
    ///
    /// # Errors
    /// When the file is there but unreadable, larger than 64 kB, or not valid.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let size = match fs::metadata(path) {
            Ok(meta) => meta.len(),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(cause) => {
                return Err(Error::Read {
                    cause,
                    path: path.to_owned(),
                });
            }
        };
        let invalid = |cause: String| Error::Invalid {
            cause,
            path: path.to_owned(),
        };
        if size > MAX_CONFIG_BYTES {
            return Err(invalid("the file is larger than 64 kB".into()));
        }
        let text = fs::read_to_string(path).map_err(|cause| Error::Read {
            cause,
            path: path.to_owned(),
        })?;
        let config: Self = toml::from_str(&text).map_err(|e| invalid(e.message().to_owned()))?;
        if !(1..=8).contains(&config.beam) {
            return Err(invalid("beam must be 1 to 8".into()));
        }
        if !(1..=MOST_BEAM).contains(&config.speech_beam) {
            return Err(invalid(format!("speech_beam must be 1 to {MOST_BEAM}")));
        }
        if !(1..=1024).contains(&config.max_tokens) {
            return Err(invalid("max_tokens must be 1 to 1024".into()));
        }
        if config.lock_after_minutes > 1440 {
            return Err(invalid("lock_after_minutes must be 0 to 1440".into()));
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, Error> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, text).unwrap();
        Config::read(&path)
    }

    #[test]
    fn a_missing_file_gives_the_usual_settings() {
        assert_eq!(
            Config::read(Path::new("/nowhere/config.toml")).unwrap(),
            Config::default()
        );
    }

    #[test]
    fn what_the_file_says_wins_and_the_rest_stays() {
        assert!(read("speech_prompt = true").unwrap().speech_prompt);
        assert!(!Config::default().speech_prompt);
        let config = read("beam = 2\nspeech_model = \"big\"\nengine = \"whisper.cpp\"").unwrap();
        assert_eq!(config.engine, SpeechEngine::WhisperCpp);
        assert_eq!(
            (config.beam, config.speech_model.as_deref()),
            (2, Some("big"))
        );
        assert_eq!(config.max_tokens, Config::default().max_tokens);
    }

    #[test]
    fn a_language_has_a_model_of_its_own() {
        let text = "speech_model = \"big\"\n[speech]\nmy = \"mya\"\nlo = \"lao\"";
        let config = read(text).unwrap();
        assert_eq!(config.speech_for(Lang::My), Some("mya"));
        assert_eq!(config.speech_for(Lang::Lo), Some("lao"));
        assert_eq!(config.speech_for(Lang::Zh), Some("big"));
        assert_eq!(Config::default().speech_for(Lang::My), None);
        assert!(read("[speech]\nxx = \"name\"").is_err());
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for text in [
            "beam = 9",
            "beam = 0",
            "speech_beam = 0",
            "speech_beam = 6",
            "speech_prompt = 1",
            "word_times = \"guessed\"",
            "max_tokens = 0",
            "lock_after_minutes = 2000",
            "colour = 1",
            "beam = \"x\"",
            "engine = \"fastest\"",
            "==",
        ] {
            assert!(matches!(read(text), Err(Error::Invalid { .. })), "{text}");
        }
    }
}
