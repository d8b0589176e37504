//! Loads the engines that a run needs, and only those: which languages, which models, checked first.

use std::collections::BTreeSet;
use std::path::Path;

use crate::domain::{Lang, LangPair};
use crate::pipeline::{Engines, SpeechRoute, TranslationRoute};
use crate::speech::{Whisper, WhisperOptions};
use crate::translate::{self, Form};

use super::models::{Kind, Model, Shelf};
use super::{App, Error};

/// Longest utterance for a model that does not say: up to here recognition is most reliable.
const USUAL_MAX_UTTERANCE_MS: u64 = 15_000;

impl App {
    /// All models of the workspace, and those of the practice kit.
    pub(super) fn shelf(&self) -> Shelf {
        Shelf::read(&self.model_roots)
    }

    /// Threads for recognition. Translation of the line before runs beside it, so one core is left
    /// to it where there are several.
    pub(super) fn recognition_threads(&self) -> usize {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        match self.config.recognition_threads {
            0 => cores.saturating_sub(1).clamp(1, 8),
            chosen => chosen.min(64),
        }
    }

    /// The longest utterance that every model for these languages takes, in milliseconds.
    pub(super) fn max_utterance_ms(&self, shelf: &Shelf, languages: &[Lang]) -> u64 {
        let model = |lang: &Lang| {
            shelf
                .for_speech(*lang, self.config.speech_model.as_deref())
                .ok()
        };
        languages
            .iter()
            .filter_map(model)
            .map(|m| m.card.max_utterance_ms.unwrap_or(USUAL_MAX_UTTERANCE_MS))
            .min()
            .unwrap_or(USUAL_MAX_UTTERANCE_MS)
    }

    /// Adds to `engines` what interviews in these languages need and it lacks; recognisers only if
    /// `listen`. Each model is loaded once. A direction that no model serves is left out: its lines
    /// stay pending and are counted.
    ///
    /// # Errors
    /// No model for a language; a model whose files are not as listed or cannot be loaded.
    pub(super) fn add_engines(
        &self,
        engines: &mut Engines,
        interviews: &[Vec<Lang>],
        listen: bool,
    ) -> Result<(), Error> {
        let shelf = self.shelf();
        let mut languages: BTreeSet<Lang> = interviews.iter().flatten().copied().collect();
        let mut pairs: BTreeSet<LangPair> = interviews.iter().flat_map(|l| pairs_of(l)).collect();
        languages.retain(|lang| listen && !engines.hears(*lang));
        pairs.retain(|pair| !engines.translates(*pair));
        for lang in languages {
            let model = shelf.for_speech(lang, self.config.speech_model.as_deref())?;
            self.add_speech(engines, model, lang)?;
        }
        for pair in pairs {
            if let Ok(model) = shelf.for_translation(pair, self.config.translation_model.as_deref())
            {
                add_translation(engines, model, pair)?;
            }
        }
        Ok(())
    }

    fn add_speech(&self, engines: &mut Engines, model: &Model, lang: Lang) -> Result<(), Error> {
        let card = &model.card;
        if let Some(route) = engines.speech.iter_mut().find(|r| r.model == card.name) {
            route.languages.push(lang);
            return Ok(());
        }
        model.verify()?;
        let engine = self.load_whisper(&model.weights(), &card.name, card.max_utterance_ms)?;
        engines.speech.push(SpeechRoute {
            model: card.name.clone(),
            languages: vec![lang],
            engine: Box::new(engine),
            practice: card.practice,
        });
        Ok(())
    }

    /// A recogniser from one ggml file, listed or named by hand, its window sized to the utterance.
    pub(super) fn load_whisper(
        &self,
        file: &Path,
        name: &str,
        max_utterance_ms: Option<u64>,
    ) -> Result<Whisper, Error> {
        self.load_whisper_with(file, name, max_utterance_ms, true)
    }

    /// The same, the window fitted or not.
    pub(super) fn load_whisper_with(
        &self,
        file: &Path,
        name: &str,
        max_utterance_ms: Option<u64>,
        fit_window: bool,
    ) -> Result<Whisper, Error> {
        Ok(Whisper::load(&WhisperOptions {
            model: file.to_owned(),
            name: name.to_owned(),
            threads: self.recognition_threads(),
            max_utterance_ms: max_utterance_ms.unwrap_or(USUAL_MAX_UTTERANCE_MS),
            fit_window,
        })?)
    }
}

fn add_translation(engines: &mut Engines, model: &Model, pair: LangPair) -> Result<(), Error> {
    let card = &model.card;
    if let Some(route) = engines
        .translation
        .iter_mut()
        .find(|r| r.model == card.name)
    {
        route.pairs.push(pair);
        return Ok(());
    }
    model.verify()?;
    let engine = translate::open(&model.weights(), &card.name, card.language_tokens.as_ref())?;
    engines.translation.push(TranslationRoute {
        model: card.name.clone(),
        pairs: vec![pair],
        engine,
        practice: card.practice,
    });
    Ok(())
}

/// Every direction between these languages.
fn pairs_of(languages: &[Lang]) -> impl Iterator<Item = LangPair> + '_ {
    languages
        .iter()
        .flat_map(|from| languages.iter().map(|to| LangPair::new(*from, *to)))
        .filter(|pair| pair.from != pair.to)
}

/// What a path named by hand is: a ggml file, a GGUF file, or a Hugging Face folder.
pub(super) fn kind_of_path(path: &Path) -> Result<Kind, Error> {
    match translate::form(path)? {
        Some(Form::M2m100) => Ok(Kind::M2m100),
        Some(Form::T5) => Ok(Kind::T5),
        Some(Form::DecoderOnly) => Ok(Kind::DecoderOnly),
        None if path.is_file() => Ok(Kind::WhisperGgml),
        None => Err(Error::NotAModel(path.to_owned())),
    }
}
