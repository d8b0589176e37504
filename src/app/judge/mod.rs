//! Judges a speech model on a test set: how many characters it gets wrong in each language, how fast
//! it is and how much memory it takes on this computer, and how far its words' confidence can be trusted.
//! Of the recordings nothing is stored.

mod test_set;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::Serialize;

use crate::domain::{Cancel, FlagKind, Lang};
use crate::pipeline::{Progress, Step, Watcher};
use crate::speech::{Calibration, JudgedWord, Reliability, crossed, judge_words, reliability};
use crate::text;

use super::bench::{machine, peak_memory_mb};
use super::speak::{Ear, EarRequest};
use super::{App, Error};
use test_set::Example;

/// What is judged, and on what.
#[derive(Clone, Debug)]
pub struct JudgeRequest<'a> {
    /// Name or path of the model.
    pub model: &'a str,
    /// The folder of recordings and texts.
    pub folder: &'a Path,
    /// The language of all of them; told by the folders' names where left out.
    pub language: Option<Lang>,
    /// Recordings of each language at most.
    pub most: Option<usize>,
}

/// How a model did.
#[derive(Clone, Debug, Serialize)]
pub struct Judgement {
    /// Its name or path, as asked.
    pub model: String,
    /// Engine and model.
    pub engine: String,
    /// Processor and cores.
    pub machine: String,
    /// By language code.
    pub languages: BTreeMap<String, LanguageJudgement>,
    /// Largest resident size of the whole run in MB, where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory_mb: Option<f64>,
    /// Recordings that could not be heard, with the reason.
    pub failed: Vec<FailedRecording>,
    /// What the user should know of the model.
    pub notes: Vec<String>,
}

/// How it did in one language.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LanguageJudgement {
    /// Recordings that were heard.
    pub recordings: usize,
    /// Seconds of sound.
    pub seconds: f64,
    /// Characters in the reference, without spaces and punctuation.
    pub characters: usize,
    /// Character error rate over all of them, 0.0 is perfect.
    pub cer: f64,
    /// Recordings without a word of text.
    pub empty: usize,
    /// Recordings with a doubt of the program in them.
    pub flagged: usize,
    /// Seconds of work for a second of sound, decoding included.
    pub realtime_factor: f64,
    /// How the confidence of its words fits the truth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<WordJudgement>,
}

/// How the confidence of a model's words fits the truth.
#[derive(Clone, Debug, Serialize)]
pub struct WordJudgement {
    /// Words that were compared with the truth.
    pub words: usize,
    /// Those that were right.
    pub right: usize,
    /// As the model gives it.
    pub before: Reliability,
    /// As it is read from now on: each half of the recordings by what the other half taught. `None`
    /// where the words are too few.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<Reliability>,
    /// Whether the words of this model are read so from now on.
    pub kept: bool,
}

/// A recording that could not be heard.
#[derive(Clone, Debug, Serialize)]
pub struct FailedRecording {
    /// The file.
    pub file: PathBuf,
    /// Why.
    pub error: String,
    /// The next step.
    pub next: String,
}

/// Sums of one language.
#[derive(Default)]
struct Sums {
    found: LanguageJudgement,
    errors: usize,
    work: f64,
    /// Of each recording.
    words: Vec<Vec<JudgedWord>>,
}

/// How many recordings with their words a folder holds in each language, without hearing one; `given` is the
/// language of all of them.
///
/// # Errors
/// A folder or table that cannot be read; a folder that is no test set.
pub fn test_set(folder: &Path, given: Option<Lang>) -> Result<BTreeMap<Lang, usize>, Error> {
    let found = test_set::read(folder, given)?.examples;
    Ok(found
        .into_iter()
        .map(|(lang, examples)| (lang, examples.len()))
        .collect())
}

impl App {
    /// Recognises a test set with one model and compares.
    ///
    /// # Errors
    /// An unknown or unsuitable model; a folder that is no test set; a cancel.
    pub fn judge_model(
        &self,
        request: &JudgeRequest<'_>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Judgement, Error> {
        self.judge(request, cancel, watcher)
            .map_err(Error::of_nothing_stored)
    }

    fn judge(
        &self,
        request: &JudgeRequest<'_>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Judgement, Error> {
        let mut set = test_set::read(request.folder, request.language)?;
        for examples in set.examples.values_mut() {
            examples.truncate(request.most.unwrap_or(usize::MAX));
        }
        let total = set.examples.values().map(|e| e.len() as u64).sum::<u64>();
        let mut done = 0u64;
        let mut judgement = Judgement {
            model: request.model.to_owned(),
            engine: String::new(),
            machine: machine(),
            languages: BTreeMap::new(),
            peak_memory_mb: None,
            failed: Vec::new(),
            notes: set.notes,
        };
        for (lang, examples) in set.examples {
            let wanted = EarRequest {
                language: lang,
                model: Some(request.model),
                case: None,
                raw: true,
            };
            let mut ear = self.recognizer(&wanted, cancel, watcher)?;
            ear.engine.engine().clone_into(&mut judgement.engine);
            judgement.notes.append(&mut ear.notes);
            let mut sums = Sums::default();
            for example in examples {
                watcher(Progress::Step {
                    step: Step::Judging,
                    done,
                    total,
                });
                done = done.saturating_add(1);
                match self.judge_one(&mut ear, &example, lang, &mut sums, cancel) {
                    Err(error) if error.is_cancelled() => return Err(error),
                    Err(error) => judgement.failed.push(FailedRecording {
                        error: error.to_string(),
                        next: error.help(),
                        file: example.sound,
                    }),
                    Ok(()) => {}
                }
            }
            if sums.found.recordings > 0 {
                let digest = ear.maker.map(|m| m.sha256);
                sums.found.words = self.judge_confidence(&sums.words, digest.as_deref(), lang)?;
                judgement.languages.insert(lang.to_string(), sums.done());
            }
        }
        judgement.notes.sort();
        judgement.notes.dedup();
        judgement.peak_memory_mb = peak_memory_mb();
        Ok(judgement)
    }

    fn judge_one(
        &self,
        ear: &mut Ear,
        example: &Example,
        lang: Lang,
        sums: &mut Sums,
        cancel: &Cancel,
    ) -> Result<(), Error> {
        let begun = Instant::now();
        let heard = self.hear(ear, &example.sound, lang, cancel, &|_| {})?;
        sums.work += begun.elapsed().as_secs_f64();
        // Spaces do not count, and a test set's recordings are one channel or the same in both.
        let first = heard.segments.iter().map(|s| s.channel).min();
        let own = || heard.segments.iter().filter(|s| Some(s.channel) == first);
        let text: String = own().map(|s| s.text.as_str()).collect();
        let (errors, characters) = text::cer(&example.words, &text);
        let words = own().flat_map(|s| &s.words);
        let words: Vec<(&str, f32)> = words.map(|w| (w.text.as_str(), w.confidence)).collect();
        sums.words.push(judge_words(&example.words, lang, &words));
        let found = &mut sums.found;
        sums.errors = sums.errors.saturating_add(errors);
        found.characters = found.characters.saturating_add(characters);
        found.recordings = found.recordings.saturating_add(1);
        found.seconds += heard.seconds;
        found.empty += usize::from(text.trim().is_empty());
        let doubted = |kind: FlagKind| kind != FlagKind::PracticeModel;
        found.flagged += usize::from(own().flat_map(|s| &s.flags).any(|f| doubted(f.kind)));
        Ok(())
    }
}

impl App {
    /// What the words say of their confidence. Where they are enough, and a list vouches for the model,
    /// its words are read so from now on.
    fn judge_confidence(
        &self,
        recordings: &[Vec<JudgedWord>],
        digest: Option<&str>,
        lang: Lang,
    ) -> Result<Option<WordJudgement>, Error> {
        let words = recordings.concat();
        let Some(before) = reliability(&words) else {
            return Ok(None);
        };
        let found = digest.zip(Calibration::fit(&words));
        let kept = found.is_some();
        if let Some((digest, found)) = found {
            self.keep_calibration(digest, lang, found)?;
        }
        Ok(Some(WordJudgement {
            words: words.len(),
            right: words.iter().filter(|w| w.right).count(),
            before,
            after: crossed(recordings).and_then(|words| reliability(&words)),
            kept,
        }))
    }
}

impl Sums {
    fn done(self) -> LanguageJudgement {
        LanguageJudgement {
            cer: self.errors as f64 / self.found.characters.max(1) as f64,
            realtime_factor: self.work / self.found.seconds.max(0.001),
            ..self.found
        }
    }
}
