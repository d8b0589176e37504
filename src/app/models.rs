//! Which models are installed: reads each `model.toml`, checks the listed files by size and SHA-256,
//! and says which model serves which language. Nothing unlisted is ever loaded by name.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::{Cancel, Lang, LangPair, reason};
use crate::pipeline::{Progress, Step, Watcher};

pub(super) use hash::sha256_file;
pub(super) use names::is_ggml;
use names::{is_gguf, is_hidden, is_taken, is_tokenizer, stays_inside};
pub use suited::{ErrorRate, Unit};

mod hash;
mod names;
mod suited;

/// Largest `model.toml` that is read.
const MAX_CARD_BYTES: u64 = 256 * 1024;
/// Folders below `models/` that are searched: `models/NAME` and `models/GROUP/NAME`.
const MAX_DEPTH: usize = 2;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was named to be imported is no model's folder.
    #[error("this is not a model's folder ({what}): {path}")]
    NoFolder {
        /// What is there instead.
        what: &'static str,
        /// What was named.
        path: PathBuf,
    },
    /// Somebody asked to stop.
    #[error("interrupted")]
    Cancelled,
    /// A folder or file cannot be read.
    #[error("cannot read a model's files: {why}: {path}", why = reason(.cause))]
    Read {
        /// What the system said.
        cause: io::Error,
        /// The file or folder.
        path: PathBuf,
    },
    /// `model.toml` is not valid.
    #[error("the model's description is not valid: {cause}: {path}")]
    Card {
        /// What is wrong.
        cause: String,
        /// The file.
        path: PathBuf,
    },
    /// A listed file is not there.
    #[error("a file of the model is missing: {path}")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Weights lie in the folder that the list does not name.
    #[error("a file of the model is not listed: {path}")]
    Unlisted {
        /// The file.
        path: PathBuf,
    },
    /// A listed file has another size or content.
    #[error("a file of the model is not the one that was listed ({what} differs): {path}")]
    Changed {
        /// `size` or `SHA-256`.
        what: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// No model has this name.
    #[error("no installed model is called '{0}'")]
    Unknown(String),
    /// Not a name that a model's folder can have.
    #[error("'{0}' cannot be a model's name")]
    Name(String),
    /// No model recognises this language.
    #[error("no installed model recognises {}", .0.name())]
    NoSpeech(Lang),
    /// No model translates this direction.
    #[error("no installed model translates from {} to {}", .0.from.name(), .0.to.name())]
    NoTranslation(LangPair),
    /// Only folders are made smaller.
    #[error("the model '{0}' is one GGUF file, of which no smaller copy can be made here")]
    OneFile(String),
    /// The model is of a kind that cannot do this.
    #[error("the model '{name}' is for {is}, not for {wanted}")]
    WrongKind {
        /// The model.
        name: String,
        /// What it does.
        is: &'static str,
        /// What was asked.
        wanted: &'static str,
    },
}

impl Error {
    /// The same once more where it is about the description in a folder called `name`.
    fn of_folder(&self, name: &str) -> Option<Self> {
        let Error::Card { cause, path } = self else {
            return None;
        };
        let same = path.parent()?.file_name()? == name;
        let (cause, path) = (cause.clone(), path.clone());
        same.then_some(Error::Card { cause, path })
    }

    /// The next step.
    pub fn help(&self) -> String {
        match self {
            Error::NoFolder { .. } => {
                "Name the folder that holds model.toml and the files listed there; \
                 models/README.md shows the form."
                    .into()
            }
            Error::Cancelled => "Start it again whenever you like.".into(),
            Error::Read { .. } => {
                "Check the folder's permissions, then run 'mekong models check'.".into()
            }
            Error::Card { .. } => {
                "Correct model.toml or import the model again with 'mekong models import PATH'."
                    .into()
            }
            Error::Missing { .. } | Error::Changed { .. } | Error::Unlisted { .. } => {
                "Copy the model again from where it came from, or import it with \
                 'mekong models import PATH'; do not use a file that differs from its list."
                    .into()
            }
            Error::Unknown(_) => "See 'mekong models list' for the names, or name a folder.".into(),
            Error::Name(_) => "Use letters a to z, digits, - and _.".into(),
            Error::NoSpeech(_) | Error::NoTranslation(_) => {
                "Copy a suitable model's folder and run 'mekong models import PATH'; \
                 'mekong models list' shows what is there."
                    .into()
            }
            Error::OneFile(_) => {
                "Take a file of 8 or 6 bits from where the model came from; 'mekong models trim' \
                 reads Hugging Face folders of M2M100, NLLB and T5."
                    .into()
            }
            Error::WrongKind { .. } => "See 'mekong models list' for what each model does.".into(),
        }
    }
}

/// What kind of engine loads the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Whisper in ggml form, run by whisper.cpp.
    WhisperGgml,
    /// Whisper as a Hugging Face folder, run by our own engine.
    Whisper,
    /// wav2vec 2.0 with a CTC head (omniASR-CTC, MMS, XLS-R) as a Hugging Face folder.
    Wav2vec2Ctc,
    /// M2M100 or NLLB as a Hugging Face folder, run by candle.
    M2m100,
    /// MADLAD-400 or another T5, as a Hugging Face folder or one GGUF file.
    T5,
    /// A decoder-only model (Gemma 3, Qwen, Hunyuan) as one GGUF file.
    DecoderOnly,
}

impl Kind {
    /// What it is for, in a word.
    pub const fn purpose(self) -> &'static str {
        match self {
            Kind::WhisperGgml | Kind::Whisper | Kind::Wav2vec2Ctc => "speech",
            Kind::M2m100 | Kind::T5 | Kind::DecoderOnly => "translation",
        }
    }
}

/// A file that belongs to a model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    /// Path inside the model's folder.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
}

/// What `model.toml` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Unique among the installed models.
    pub name: String,
    /// Which engine.
    pub kind: Kind,
    /// Languages it serves.
    pub languages: Vec<Lang>,
    /// Licence of the weights.
    pub license: String,
    /// Where it came from.
    pub source: String,
    /// SHA-256 of the weights that this model was made from on this machine, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_sha256: Option<String>,
    /// Knows only the practice sentences.
    #[serde(default)]
    pub practice: bool,
    /// A sentence for the list.
    #[serde(default)]
    pub description: String,
    /// Longest utterance that recognition may be given, in milliseconds.
    #[serde(default)]
    pub max_utterance_ms: Option<u64>,
    /// Bits that a number of its matrices takes in memory, 8 (usual) or 16 (wav2vec2-ctc only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bits: Option<u8>,
    /// Names of the language tokens, where the tokenizer's own are not the usual ones.
    #[serde(default)]
    pub language_tokens: Option<BTreeMap<Lang, String>>,
    /// How often it errs in each language, as published or measured (speech only).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub error_rates: BTreeMap<Lang, ErrorRate>,
    /// All files with their hashes.
    pub files: Vec<ListedFile>,
}

/// An installed model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What it says of itself.
    pub card: Card,
    /// Its folder.
    pub folder: PathBuf,
}

impl Model {
    /// Reads `model.toml` in `folder`.
    ///
    /// # Errors
    /// [`Error::Card`] or [`Error::Read`].
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("model.toml");
        let invalid = |cause: String| Error::Card {
            cause,
            path: path.clone(),
        };
        let read = |cause| Error::Read {
            cause,
            path: path.clone(),
        };
        if fs::metadata(&path).map_err(read)?.len() > MAX_CARD_BYTES {
            return Err(invalid("the file is larger than 256 kB".into()));
        }
        let text = fs::read_to_string(&path).map_err(read)?;
        let card: Card = toml::from_str(&text).map_err(|e| invalid(e.message().to_owned()))?;
        if card.name.is_empty() || card.languages.is_empty() || card.files.is_empty() {
            return Err(invalid(
                "name, languages and files must not be empty".into(),
            ));
        }
        if card.memory_bits.is_some_and(|bits| bits != 8 && bits != 16) {
            return Err(invalid("memory_bits must be 8 or 16".into()));
        }
        let listed = |wanted: &dyn Fn(&str) -> bool| card.files.iter().any(|f| wanted(&f.path));
        let one_gguf = card.files.iter().filter(|f| is_gguf(&f.path)).count() == 1;
        let complete = match card.kind {
            Kind::DecoderOnly => one_gguf,
            Kind::T5 if one_gguf => true,
            Kind::WhisperGgml => card.files.iter().filter(|f| is_ggml(&f.path)).count() == 1,
            Kind::Whisper => {
                listed(&|f| f == "config.json")
                    && listed(&|f| f == "vocab.json" || f == "tokenizer.json")
                    && listed(&|f| f.ends_with(".safetensors"))
            }
            Kind::Wav2vec2Ctc => {
                listed(&|f| f == "config.json")
                    && listed(&|f| f == "vocab.json")
                    && listed(&|f| f.ends_with(".safetensors"))
            }
            Kind::M2m100 | Kind::T5 => {
                listed(&|f| f == "config.json")
                    && listed(&|f| is_tokenizer(card.kind, f))
                    && listed(&|f| f.ends_with(".safetensors"))
            }
        };
        if !complete {
            return Err(invalid(
                "the files that the engine loads are not all listed".into(),
            ));
        }
        if let Some(bad) = card.files.iter().find(|f| !stays_inside(&f.path)) {
            return Err(invalid(format!(
                "a listed file lies outside the folder ({})",
                bad.path
            )));
        }
        Ok(Self {
            card,
            folder: folder.to_owned(),
        })
    }

    /// Reads the description of a model that a person names by a path, which may be `.` or a link.
    ///
    /// # Errors
    /// [`Error::NoFolder`]; those of [`Model::read`].
    pub fn to_import(named: &Path) -> Result<Self, Error> {
        let wrong = |what| Error::NoFolder {
            what,
            path: named.to_owned(),
        };
        let folder = fs::canonicalize(named).map_err(|_| wrong("nothing is there"))?;
        if !folder.is_dir() {
            return Err(wrong("it is a file"));
        }
        if !folder.join("model.toml").is_file() {
            return Err(wrong("it holds no model.toml"));
        }
        Self::read(&folder)
    }

    fn verify_with(
        &self,
        progress: &mut dyn FnMut(u64, u64),
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let unreadable = |cause| Error::Read {
            cause,
            path: self.folder.clone(),
        };
        for entry in fs::read_dir(&self.folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            let name = path
                .file_name()
                .and_then(|n| n.to_str())
                .unwrap_or_default();
            let listed = |name: &str| self.card.files.iter().any(|f| f.path == name);
            if is_taken(self.card.kind, name, &listed) && !listed(name) {
                return Err(Error::Unlisted { path });
            }
        }
        let bytes = |files: &[ListedFile]| {
            files
                .iter()
                .fold(0, |sum: u64, f| sum.saturating_add(f.bytes))
        };
        let (total, mut before) = (bytes(&self.card.files), 0_u64);
        self.card.files.iter().try_for_each(|listed| {
            let path = self.folder.join(&listed.path);
            let size = match fs::metadata(&path) {
                Ok(meta) => meta.len(),
                Err(_) => return Err(Error::Missing { path }),
            };
            if size != listed.bytes {
                return Err(Error::Changed { what: "size", path });
            }
            let mut tell = |done: u64| progress(before.saturating_add(done), total);
            let found = sha256_file(&path, &mut tell, cancel)?;
            before = before.saturating_add(listed.bytes);
            if !found.eq_ignore_ascii_case(&listed.sha256) {
                return Err(Error::Changed {
                    what: "SHA-256",
                    path,
                });
            }
            Ok(())
        })
    }

    /// Compares every listed file with its size and SHA-256, all of it, and refuses unlisted weights.
    ///
    /// # Errors
    /// A cancel; the first file that is missing, differs or is not listed.
    pub fn verify(&self, cancel: &Cancel, watcher: Watcher<'_>) -> Result<(), Error> {
        let mut tell = |done, total| {
            watcher(Progress::Step {
                step: Step::Checking,
                done,
                total,
            });
        };
        self.verify_with(&mut tell, cancel)
    }

    /// What the engine loads: the single weights file of a ggml or GGUF model, else the folder.
    pub fn weights(&self) -> PathBuf {
        let is_weights = |path: &str| match self.card.kind {
            Kind::WhisperGgml => is_ggml(path),
            Kind::M2m100 | Kind::Whisper | Kind::Wav2vec2Ctc => false,
            Kind::T5 | Kind::DecoderOnly => is_gguf(path),
        };
        match self.card.files.iter().find(|f| is_weights(&f.path)) {
            Some(listed) => self.folder.join(&listed.path),
            None => self.folder.clone(),
        }
    }

    /// Whether it may serve speech in `lang`.
    pub fn hears(&self, lang: Lang) -> bool {
        self.card.kind.purpose() == "speech" && self.card.languages.contains(&lang)
    }

    /// Whether it may translate `pair`.
    pub fn translates(&self, pair: LangPair) -> bool {
        self.card.kind.purpose() == "translation"
            && self.card.languages.contains(&pair.from)
            && self.card.languages.contains(&pair.to)
    }
}

/// All installed models, by name, and those whose description could not be read.
#[derive(Debug, Default)]
pub struct Shelf {
    /// Usable descriptions. Files are checked when a model is loaded.
    pub models: Vec<Model>,
    /// Folders that could not be read, with the reason.
    pub broken: Vec<Error>,
}

impl Shelf {
    /// Looks for `model.toml` one and two folders deep in each of `roots`; the first of a name wins.
    pub fn read(roots: &[PathBuf]) -> Self {
        let mut shelf = Shelf::default();
        for root in roots {
            shelf.read_folder(root, MAX_DEPTH);
        }
        shelf
            .models
            .sort_by(|a, b| (a.card.practice, &a.card.name).cmp(&(b.card.practice, &b.card.name)));
        shelf
    }

    fn read_folder(&mut self, folder: &Path, depth: usize) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        let mut folders: Vec<PathBuf> = entries
            .flatten()
            .map(|e| e.path())
            .filter(|p| p.is_dir() && !is_hidden(p))
            .collect();
        folders.sort();
        for path in folders {
            if path.join("model.toml").is_file() {
                match Model::read(&path) {
                    Ok(model) if self.named(&model.card.name).is_err() => self.models.push(model),
                    Ok(_) => {}
                    Err(error) => self.broken.push(error),
                }
            } else if depth > 1 {
                self.read_folder(&path, depth - 1);
            }
        }
    }

    /// The model called `name`.
    ///
    /// # Errors
    /// [`Error::Card`] where a folder of this name holds a description that is not valid, else
    /// [`Error::Unknown`].
    pub fn named(&self, name: &str) -> Result<&Model, Error> {
        let unusable = || self.broken.iter().find_map(|error| error.of_folder(name));
        self.models
            .iter()
            .find(|m| m.card.name == name)
            .ok_or_else(|| unusable().unwrap_or_else(|| Error::Unknown(name.to_owned())))
    }

    /// The model for translation of `pair`: the preferred one if it serves it, else a real one before a
    /// practice one.
    ///
    /// # Errors
    /// [`Error::NoTranslation`].
    pub fn for_translation(
        &self,
        pair: LangPair,
        preferred: Option<&str>,
    ) -> Result<&Model, Error> {
        self.pick(preferred, |m| m.translates(pair))
            .ok_or(Error::NoTranslation(pair))
    }

    fn pick(&self, preferred: Option<&str>, serves: impl Fn(&Model) -> bool) -> Option<&Model> {
        let named = |m: &&Model| preferred.is_some_and(|name| m.card.name == name);
        let serving = || self.models.iter().filter(|m| serves(m));
        serving().find(named).or_else(|| serving().next())
    }
}

#[cfg(test)]
mod tests;
