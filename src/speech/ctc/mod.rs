//! The second family of recognisers: wav2vec 2.0 with a CTC head (omniASR-CTC, MMS, XLS-R fine-tunes),
//! which serves Burmese, Lao and Khmer where Whisper does not.
//!
//! It loads Hugging Face `Wav2Vec2ForCTC` folders (`config.json`, `model.safetensors`, `vocab.json`)
//! on the kernels that the other engines use. It writes letters straight off the sound, a frame each
//! 20 ms, so it cannot invent fluent sentences in silence as Whisper does, and knows where each letter
//! was said; it has no idea of spelling beyond what it heard. What noise makes it write is doubted as
//! Whisper's inventions are (`doubt`).

mod config;
mod doubt;
mod features;
mod letters;
mod lexicon;
mod line;
mod loader;
mod long;
mod model;
mod search;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::compute::pool;
use crate::compute::product::Activations;
use crate::domain::{Cancel, Hypothesis, Lang, SamplePos, Utterance};

use super::sound;
use super::{Error, MOST_NAMES, Recognizer};
use config::Config;
use letters::{Letters, code};
use lexicon::{Lexicon, spellings};
use loader::Loader;
use model::{Model, Voice};
use search::Scores;

/// Sound on both sides of a piece that is heard and not written, so that no letter is cut in two.
const OVERLAP_MS: u64 = 500;
/// No piece is longer, whatever a model's description says: attention grows with its square.
const LONGEST_MS: u64 = 40_000;
/// What brings silence to a variance that can be divided by, as in the reference's preprocessing.
const LEAST_VARIANCE: f64 = 1e-7;

/// How the matrices of a CTC model are kept in memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CtcNumbers {
    /// 8 bits and a scale for each 32 numbers: the fastest, and a quarter of f32's memory.
    #[default]
    Eight,
    /// 16 bits (f16), for models whose letters 8 bits change: half of f32's memory.
    Sixteen,
    /// As the file has them, f16 in 16 bits and all else in 32, with attention in f32: slower, for
    /// comparison.
    Stored,
}

/// How a CTC model is loaded and used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CtcOptions {
    /// The Hugging Face folder.
    pub folder: PathBuf,
    /// The name of the model, for the record.
    pub name: String,
    /// Languages that it serves.
    pub languages: Vec<Lang>,
    /// Longer utterances are heard in overlapping pieces of this length.
    pub max_utterance_ms: u64,
    /// How its matrices are kept in memory.
    pub numbers: CtcNumbers,
    /// Names and terms of the case, in any script, which are preferred where the sound leaves them
    /// open. Those that the model has no letters for are left out.
    pub names: Vec<String>,
}

/// A recogniser over a `Wav2Vec2ForCTC`. Several may share its weights.
pub struct Ctc {
    shared: Arc<Shared>,
    work: Activations,
    /// Threads that work on an utterance at most, the caller's own included.
    threads: usize,
}

/// What all recognisers of a model share.
struct Shared {
    model: Model,
    speakers: Vec<Speaker>,
    engine: String,
    longest: usize,
    normalise: bool,
    stride: usize,
    reach: usize,
    /// Bytes that one recogniser needs beside the weights.
    bytes: u64,
    /// Bytes of the matrices of the model and of all its languages.
    weights: u64,
}

/// What the model knows of one language, or of several that it does not tell apart.
struct Speaker {
    languages: Vec<Lang>,
    voice: Voice,
    letters: Letters,
    lexicon: Lexicon,
}

/// What was made of an utterance in one way of reading it.
struct Reading<'a> {
    speaker: &'a Speaker,
    scores: Scores,
}

impl Ctc {
    /// Checks and loads the model.
    ///
    /// # Errors
    /// [`Error::ModelRead`], [`Error::ModelRefused`] naming the setting or tensor,
    /// [`Error::NoLanguage`].
    pub fn load(options: &CtcOptions) -> Result<Self, Error> {
        let folder = &options.folder;
        let config = Config::read(folder)?;
        let mut loader = Loader::open(folder, options.numbers)?;
        let exact = options.numbers == CtcNumbers::Stored;
        let model = Model::read(&config, &mut loader, exact)?;
        let (mut speakers, of_voices) = speakers(&config, &mut loader, options)?;
        for speaker in &mut speakers {
            let gap = speaker.letters.spell(" ");
            let gap = gap.and_then(|tokens| tokens.first().copied());
            let names = options.names.iter().take(MOST_NAMES);
            let spelled = names.flat_map(|name| spellings(name, &speaker.letters));
            speaker.lexicon = Lexicon::new(spelled, gap);
        }
        let longest_ms = options
            .max_utterance_ms
            .clamp(1000 + 2 * OVERLAP_MS, LONGEST_MS);
        let longest = usize::try_from(SamplePos::from_ms(longest_ms).0).unwrap_or(usize::MAX);
        let shared = Shared {
            model,
            speakers,
            engine: format!("ctc {} (native)", options.name),
            longest,
            normalise: config::normalises(folder)?,
            stride: config.stride(),
            reach: config.reach(),
            bytes: working_bytes(&config, longest),
            weights: loader.bytes().saturating_add(of_voices),
        };
        Ok(Self {
            shared: Arc::new(shared),
            work: Activations::default(),
            threads: usize::MAX,
        })
    }

    /// Says how many threads work on an utterance from now on, at least one: more than the machine has are
    /// as many as it has.
    pub fn set_threads(&mut self, threads: usize) {
        self.threads = threads.max(1);
    }

    /// Bytes that its matrices take in memory, however many recognisers share them.
    pub fn weight_bytes(&self) -> u64 {
        self.shared.weights
    }

    /// The logits of a sound at 16 kHz as the model reads it for `lang`, `(frames, tokens)`, with the
    /// number of tokens. In pieces where the sound is longer than a piece.
    ///
    /// # Errors
    /// [`Error::NoLanguage`]; a cancel.
    pub fn logits(
        &mut self,
        pcm: &[f32],
        lang: Lang,
        cancel: &Cancel,
    ) -> Result<(Vec<f32>, usize), Error> {
        let shared = Arc::clone(&self.shared);
        let speaker = shared.speaker(lang).ok_or(Error::NoLanguage)?;
        let logits = self.hear(&shared.prepare(pcm), speaker, cancel)?;
        Ok((logits, speaker.voice.tokens()))
    }

    /// The logits of prepared sound, heard in pieces that overlap.
    fn hear(
        &mut self,
        sound: &[f32],
        speaker: &Speaker,
        cancel: &Cancel,
    ) -> Result<Vec<f32>, Error> {
        let shared = Arc::clone(&self.shared);
        pool::work_with(self.threads);
        let stride = shared.stride.max(1);
        let around = usize::try_from(SamplePos::from_ms(OVERLAP_MS).0).unwrap_or(0);
        let around = around.next_multiple_of(stride);
        if sound.len() <= shared.longest {
            return shared
                .model
                .logits(sound, &speaker.voice, &mut self.work, cancel);
        }
        let step = shared.longest.saturating_sub(2 * around).max(stride) / stride * stride;
        let mut all = Vec::new();
        let tokens = speaker.voice.tokens();
        let mut from = 0;
        while from < sound.len() {
            let first = from.saturating_sub(around);
            let last = from
                .saturating_add(step)
                .saturating_add(around)
                .min(sound.len());
            let part = sound.get(first..last).unwrap_or_default();
            if part.len() < shared.reach {
                break;
            }
            let found = shared
                .model
                .logits(part, &speaker.voice, &mut self.work, cancel)?;
            let before = (from - first) / stride;
            // The last piece keeps its frames to the end.
            let kept = if last == sound.len() {
                usize::MAX
            } else {
                step / stride
            };
            let rows = found.chunks_exact(tokens.max(1)).skip(before).take(kept);
            rows.for_each(|row| all.extend_from_slice(row));
            if last == sound.len() {
                break;
            }
            from = from.saturating_add(step);
        }
        Ok(all)
    }
}

/// Whether a folder says of itself that it holds a model of this family.
pub fn is_ctc(folder: &Path) -> bool {
    let path = folder.join("config.json");
    let settings = config::read_json::<serde_json::Value>(&path);
    settings.is_ok_and(|s| s.get("model_type").and_then(|v| v.as_str()) == Some("wav2vec2"))
}

impl Recognizer for Ctc {
    fn engine(&self) -> &str {
        &self.shared.engine
    }

    fn max_utterance_ms(&self) -> u64 {
        SamplePos(self.shared.longest as u64).as_ms()
    }

    fn recognize(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
    ) -> Result<Hypothesis, Error> {
        let among = super::language::distinct(among);
        if among.is_empty() {
            return Err(Error::NoLanguage);
        }
        let mut lines = Vec::new();
        for part in long::parts(utterance) {
            // The first words say which language the utterance is in.
            let among = match lines.iter().find(|line| long::speaks(line)) {
                Some(line) => vec![line.lang],
                None => among.clone(),
            };
            lines.push(self.recognise(&part, &among, cancel)?);
        }
        long::join(lines).ok_or(Error::NoLanguage)
    }

    fn divide(&mut self, cores: usize, memory: u64) -> Vec<Box<dyn Recognizer>> {
        let room = usize::try_from(memory / self.shared.bytes.max(1)).unwrap_or(usize::MAX);
        let together = room.clamp(1, cores.max(1));
        if together > 1 {
            self.threads = 1;
        }
        let beside = |_| -> Box<dyn Recognizer> {
            Box::new(Self {
                shared: Arc::clone(&self.shared),
                work: Activations::default(),
                threads: self.threads,
            })
        };
        (1..together).map(beside).collect()
    }
}

impl Ctc {
    /// Recognises what is short enough to be searched as a whole.
    fn recognise(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
    ) -> Result<Hypothesis, Error> {
        let shared = Arc::clone(&self.shared);
        if sound::is_silent(&utterance.pcm) {
            return Ok(line::silent(among.first().copied(), &shared.engine));
        }
        let sound = shared.prepare(&utterance.pcm);
        let mut readings = Vec::new();
        for speaker in &shared.speakers {
            if !among.iter().any(|lang| speaker.languages.contains(lang)) {
                continue;
            }
            let logits = self.hear(&sound, speaker, cancel)?;
            let scores = Scores::new(logits, speaker.voice.tokens()).ok_or(Error::Engine {
                step: "listening",
                reason: "the model's scores are not numbers".into(),
            })?;
            readings.push(Reading { speaker, scores });
        }
        line::best(&readings, among, utterance, &shared, cancel)
    }
}

impl Shared {
    fn speaker(&self, lang: Lang) -> Option<&Speaker> {
        self.speakers.iter().find(|s| s.languages.contains(&lang))
    }

    /// Safe sound, long enough for a frame, and at mean 0 and variance 1 where the model wants it so.
    fn prepare(&self, pcm: &[f32]) -> Vec<f32> {
        let mut sound = sound::prepare(pcm);
        if sound.len() < self.reach {
            sound.resize(self.reach, 0.0);
        }
        if self.normalise {
            let count = sound.len().max(1) as f64;
            let mean = sound.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
            let square = |x: &f32| (f64::from(*x) - mean) * (f64::from(*x) - mean);
            let variance = sound.iter().map(square).sum::<f64>() / count;
            let scale = 1.0 / (variance + LEAST_VARIANCE).sqrt();
            for x in &mut sound {
                *x = ((f64::from(*x) - mean) * scale) as f32;
            }
        }
        sound
    }
}

/// The languages that have a file of their own, each with it; all others together. With the bytes of
/// those files' matrices.
fn speakers(
    config: &Config,
    loader: &mut Loader,
    options: &CtcOptions,
) -> Result<(Vec<Speaker>, u64), Error> {
    let mut together = Vec::new();
    let mut found = Vec::new();
    let mut bytes = 0_u64;
    for &lang in &super::language::distinct(&options.languages) {
        let path = adapter_file(&options.folder, lang);
        if config.adapter_attn_dim.is_none() || !path.is_file() {
            together.push(lang);
            continue;
        }
        let mut own = Loader::open_file(path, options.numbers)?;
        let voice = Voice::read(config, &mut own)?;
        bytes = bytes.saturating_add(own.bytes());
        found.push(speaker(config, voice, &options.folder, vec![lang])?);
    }
    if !together.is_empty() {
        if config.adapter_attn_dim.is_some() {
            letters::belongs_to(&options.folder, &together)?;
        }
        let voice = Voice::read(config, loader)?;
        found.push(speaker(config, voice, &options.folder, together)?);
    }
    if found.is_empty() {
        return Err(Error::NoLanguage);
    }
    Ok((found, bytes))
}

/// Where MMS keeps what belongs to one language.
fn adapter_file(folder: &Path, lang: Lang) -> PathBuf {
    folder.join(format!("adapter.{}.safetensors", code(lang)))
}

fn speaker(
    config: &Config,
    voice: Voice,
    folder: &Path,
    languages: Vec<Lang>,
) -> Result<Speaker, Error> {
    let rows = voice.tokens();
    let letters = Letters::read(
        folder,
        languages.first().copied(),
        rows,
        config.pad_token_id,
    )?;
    Ok(Speaker {
        languages,
        voice,
        letters,
        lexicon: Lexicon::default(),
    })
}

/// The largest things at work at a time: the outputs of the first two convolutions, and a block's.
fn working_bytes(config: &Config, longest: usize) -> u64 {
    let dims = config.conv_dim.iter().copied().max().unwrap_or(0);
    let first = longest / config.conv_stride.first().copied().unwrap_or(1).max(1);
    let frames = longest / config.stride().max(1);
    let block = config
        .intermediate_size
        .saturating_add(config.hidden_size.saturating_mul(8));
    let numbers = first
        .saturating_mul(dims)
        .saturating_mul(2)
        .saturating_add(frames.saturating_mul(block));
    (numbers as u64).saturating_mul(4)
}

fn stop_if(cancel: &Cancel) -> Result<(), Error> {
    if cancel.is_cancelled() {
        Err(Error::Cancelled)
    } else {
        Ok(())
    }
}
