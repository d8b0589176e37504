//! Loads the engines that a run needs, and only those: which languages, which models, checked first.

use std::collections::{BTreeSet, HashSet};
use std::path::Path;

use crate::config::WordTimes;
use crate::domain::{Cancel, FactKind, Lang, LangPair};
use crate::pipeline::{Engines, SpeechRoute, TranslationRoute, Watcher};
use crate::speech::{
    Ctc, CtcNumbers, CtcOptions, Engine, MOST_NAMES, Recognizer, Whisper, WhisperOptions,
    check_model,
};
use crate::translate::{self, Translator};

use super::models::{Kind, Model, Shelf};
use super::named::Named;
use super::speech_models::Hearing;
use super::{App, Error};

/// Longest utterance for a CTC model that does not say, in milliseconds: the small ones degrade beyond
/// seven seconds.
pub(super) const CTC_MAX_UTTERANCE_MS: u64 = 6_000;

/// More cores than this are not taken unasked: the translator could not keep up.
const MOST_CORES: usize = 16;

/// What engines are to be loaded for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Needs<'a> {
    /// The languages of each interview.
    pub(super) interviews: &'a [Vec<Lang>],
    /// The case that all of them belong to, whose names are then preferred.
    pub(super) case: Option<&'a str>,
    /// What is to be heard, each once; nothing where all that is said is written already.
    pub(super) hearing: &'a [Hearing],
}

/// Stands among the models that failed where a second opinion cannot be had.
const SECOND: &str = "a second opinion";

/// What becomes of the others where a model cannot be verified or loaded: an error ends the loading.
type Fault<'a> = &'a mut dyn FnMut(&mut Engines, Error) -> Result<(), Error>;

/// Which names a recogniser prefers where the sound leaves them open.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Prefer<'a> {
    /// Their languages; none for no names.
    pub(super) languages: &'a [Lang],
    /// The case to which they belong, beside those of no case.
    pub(super) case: Option<&'a str>,
}

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

    /// The same for one engine. Our own engine's threads rest when there is nothing to do, and leave
    /// the work to one of them where translation needs the others.
    pub(super) fn threads_for(&self, engine: Engine) -> usize {
        match (engine, self.config.recognition_threads) {
            (Engine::WhisperCpp, _) => self.recognition_threads(),
            (_, 0) => std::thread::available_parallelism().map_or(1, usize::from),
            (_, chosen) => chosen.min(64),
        }
    }

    /// Cores that recognition of stored recordings keeps busy, one utterance each. All of them: the
    /// translator beside it needs a small part of one, and the system shares out what there is.
    pub(super) fn recognition_cores(&self) -> usize {
        match self.config.recognition_threads {
            0 => std::thread::available_parallelism()
                .map_or(1, usize::from)
                .min(MOST_CORES),
            chosen => chosen.min(64),
        }
    }

    /// Adds to `engines` what interviews need and it lacks. Each model is loaded once. A direction that
    /// no model serves is left out: its lines stay pending and are counted.
    ///
    /// # Errors
    /// No model for a language; a model whose files are not as listed or cannot be loaded; a cancel.
    pub(super) fn add_engines(
        &self,
        engines: &mut Engines,
        needs: &Needs<'_>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<(), Error> {
        self.add_fitting_engines(
            engines,
            needs,
            (&|_| true, &mut |_, e| Err(e)),
            cancel,
            watcher,
        )
    }

    /// The same with those models only that `fits` lets through. One that fails is tried once, and `fault`
    /// says whether the others are to work without it.
    ///
    /// # Errors
    /// Those of `fault`.
    pub(super) fn add_fitting_engines(
        &self,
        engines: &mut Engines,
        needs: &Needs<'_>,
        (fits, fault): (&dyn Fn(&Model) -> bool, Fault<'_>),
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<(), Error> {
        let Needs {
            interviews,
            case,
            hearing,
        } = *needs;
        let shelf = self.shelf();
        let mut failed: BTreeSet<String> = BTreeSet::new();
        let mut pairs: BTreeSet<LangPair> = interviews.iter().flat_map(|l| pairs_of(l)).collect();
        pairs.retain(|pair| !engines.translates(*pair));
        for heard in hearing {
            if engines.hears(heard.0, heard.1.as_deref()) {
                continue;
            }
            // Without a model the sound is stored all the same, and its lines wait for one.
            let Ok(model) = self.model_for(&shelf, heard) else {
                continue;
            };
            let known = failed.contains(&model.card.name) || !fits(model);
            if known || joins_a_recogniser(engines, model, heard) {
                continue;
            }
            let verified = model.verify(cancel, watcher).map_err(Error::from);
            match verified.and_then(|()| self.add_speech(engines, model, case)) {
                Ok(()) => _ = joins_a_recogniser(engines, model, heard),
                Err(e) => {
                    failed.insert(model.card.name.clone());
                    fault(engines, e)?;
                }
            }
        }
        for pair in pairs {
            let chosen = self.config.translation_model.as_deref();
            let Ok(model) = shelf.for_translation(pair, chosen) else {
                continue;
            };
            let known = failed.contains(&model.card.name) || !fits(model);
            if known || joins_a_translator(engines, model, pair) {
                continue;
            }
            // A second opinion that cannot be had costs nobody the first one.
            let second = match failed.contains(SECOND) {
                true => Ok(None),
                false => self.second_opinion(&shelf, model, cancel, watcher),
            };
            let second = match second {
                Ok(second) => second,
                Err(e) => {
                    failed.insert(SECOND.into());
                    fault(engines, e)?;
                    None
                }
            };
            let verified = model.verify(cancel, watcher).map_err(Error::from);
            if let Err(e) =
                verified.and_then(|()| add_translation(engines, model, pair, second, cancel))
            {
                failed.insert(model.card.name.clone());
                fault(engines, e)?;
            }
        }
        Ok(())
    }

    /// The engine that the settings name for a second opinion beside `first`.
    fn second_opinion(
        &self,
        shelf: &Shelf,
        first: &Model,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Option<Box<dyn Translator>>, Error> {
        match &self.config.second_translation_model {
            Some(name) if *name != first.card.name => {
                open_translator(Named::listed(shelf.named(name)?), cancel, watcher)
                    .map(|opened| Some(opened.engine))
            }
            _ => Ok(None),
        }
    }

    fn add_speech(
        &self,
        engines: &mut Engines,
        model: &Model,
        case: Option<&str>,
    ) -> Result<(), Error> {
        let card = &model.card;
        engines.speech.push(SpeechRoute {
            model: card.name.clone(),
            digest: model.digest(),
            languages: Vec::new(),
            chosen_for: Vec::new(),
            engine: self.calibrated(self.load_listed(model, case)?, model),
            practice: card.practice,
            detects: match card.kind {
                Kind::Wav2vec2Ctc => Vec::new(),
                _ => card.languages.clone(),
            },
        });
        Ok(())
    }

    /// The recogniser of a listed model for interviews of a case, or of none.
    pub(super) fn load_listed(
        &self,
        model: &Model,
        case: Option<&str>,
    ) -> Result<Box<dyn Recognizer>, Error> {
        let (card, weights) = (&model.card, model.weights());
        let longest = card.max_utterance_ms;
        let prefer = Prefer {
            languages: &card.languages,
            case,
        };
        Ok(match card.kind {
            Kind::Wav2vec2Ctc => {
                let numbers = match card.memory_bits {
                    Some(16) => CtcNumbers::Sixteen,
                    _ => CtcNumbers::Eight,
                };
                Box::new(self.load_ctc(&weights, &card.name, (longest, numbers), prefer)?)
            }
            _ => Box::new(self.load_whisper(&weights, &card.name, longest, true, prefer)?),
        })
    }

    /// A recogniser from a Hugging Face folder for these languages, with the terms in force and the
    /// names of the register preferred where the sound leaves them open.
    pub(super) fn load_ctc(
        &self,
        folder: &Path,
        name: &str,
        (max_utterance_ms, numbers): (Option<u64>, CtcNumbers),
        prefer: Prefer<'_>,
    ) -> Result<Ctc, Error> {
        let names = self.names_to_hear(prefer)?;
        let mut ctc = Ctc::load(&CtcOptions {
            folder: folder.to_owned(),
            name: name.to_owned(),
            languages: prefer.languages.to_vec(),
            max_utterance_ms: max_utterance_ms.unwrap_or(CTC_MAX_UTTERANCE_MS),
            numbers,
            names,
        })?;
        if let Some(lang) = prefer.languages.first() {
            let threads = self.ctc_threads(&mut ctc, *lang)?;
            ctc.set_threads(threads);
        }
        Ok(ctc)
    }

    /// Names and places of the register and terms of the glossaries in these languages, each once, at most
    /// [`MOST_NAMES`]: names of the case first, then its terms, then the names and the terms of no case, since
    /// not all of a long list reaches the engines.
    pub(super) fn names_to_hear(&self, prefer: Prefer<'_>) -> Result<Vec<String>, Error> {
        let store = self.reading()?;
        let (mut own, mut others) = (BTreeSet::new(), BTreeSet::new());
        for kind in [FactKind::Name, FactKind::Place] {
            let mut of_no_case = store.values_in_force(None, kind)?;
            for person in store.values_in_force(prefer.case, kind)? {
                // The same values may be those of somebody of the case too.
                let place = of_no_case.iter().position(|other| *other == person);
                let values = person.into_iter().map(|(value, _)| value);
                match place {
                    Some(at) => {
                        of_no_case.swap_remove(at);
                        others.extend(values);
                    }
                    None => own.extend(values),
                }
            }
        }
        let case = prefer.case.map(str::trim).filter(|case| !case.is_empty());
        let all = self.glossary()?;
        let bound = all.terms().iter().filter(|t| Some(t.case.as_str()) == case);
        let bound: BTreeSet<&str> = bound.map(|t| t.id.as_str()).collect();
        let (mut own_terms, mut other_terms) = (BTreeSet::new(), BTreeSet::new());
        for term in all.for_case(prefer.case).terms() {
            let terms = match bound.contains(term.id.as_str()) {
                true => &mut own_terms,
                false => &mut other_terms,
            };
            let entries = term.entries.iter();
            let entries = entries.filter(|(lang, _)| prefer.languages.contains(lang));
            terms.extend(entries.flat_map(|(_, entry)| entry.admitted.iter().cloned()));
        }
        let mut known = HashSet::new();
        let each = [own, own_terms, others, other_terms].into_iter().flatten();
        let once = each.filter(|name| known.insert(name.clone()));
        Ok(once.take(MOST_NAMES).collect())
    }

    /// A recogniser from one ggml file or a Hugging Face folder, listed or named by hand, its window
    /// sized to the utterance or not, which prefers the names of these languages where the sound leaves
    /// them open.
    pub(super) fn load_whisper(
        &self,
        file: &Path,
        name: &str,
        max_utterance_ms: Option<u64>,
        fit_window: bool,
        prefer: Prefer<'_>,
    ) -> Result<Whisper, Error> {
        // A file that is no model is refused before the register is opened for it.
        if !file.is_dir() {
            check_model(file)?;
        }
        let names = match prefer.languages {
            [] => Vec::new(),
            _ => self.names_to_hear(prefer)?,
        };
        let engine = self.speech_engine(file)?;
        Ok(Whisper::load(&WhisperOptions {
            model: file.to_owned(),
            name: name.to_owned(),
            engine,
            threads: self.speech_threads(file, engine),
            max_utterance_ms,
            fit_window,
            align: self.config.word_times == WordTimes::Attention,
            beam: self.config.speech_beam,
            names,
            prompt: self.config.speech_prompt,
        })?)
    }
}

/// Gives the language to a model that is loaded already, once however many want it; whether there is such
/// a one.
fn joins_a_recogniser(engines: &mut Engines, model: &Model, (lang, chosen): &Hearing) -> bool {
    let mut loaded = engines.speech.iter_mut();
    let Some(route) = loaded.find(|r| r.model == model.card.name) else {
        return false;
    };
    match chosen {
        Some(_) => route.chosen_for.push(*lang),
        None => route.languages.push(*lang),
    }
    true
}

/// The same for a direction.
fn joins_a_translator(engines: &mut Engines, model: &Model, pair: LangPair) -> bool {
    let loaded = engines
        .translation
        .iter_mut()
        .find(|r| r.model == model.card.name);
    loaded.map(|route| route.pairs.push(pair)).is_some()
}

fn add_translation(
    engines: &mut Engines,
    model: &Model,
    pair: LangPair,
    second: Option<Box<dyn Translator>>,
    cancel: &Cancel,
) -> Result<(), Error> {
    let card = &model.card;
    let tokens = card.language_tokens.as_ref();
    let engine = translate::open(&model.weights(), &card.name, tokens, cancel)?;
    engines.translation.push(TranslationRoute {
        model: card.name.clone(),
        digest: model.digest(),
        pairs: vec![pair],
        engine,
        practice: card.practice,
        second,
    });
    Ok(())
}

/// A translator with what is known of its model.
pub(super) struct OpenedTranslator {
    pub(super) model: String,
    pub(super) engine: Box<dyn Translator>,
    pub(super) practice: bool,
    /// SHA-256 of the list of its files; empty for one that no list vouches for.
    pub(super) digest: String,
    /// What the user should know of it.
    pub(super) note: Option<String>,
}

/// Opens a translator, a listed one after comparing its files with the list.
///
/// # Errors
/// A model for something else; files that are not as listed; a checkpoint that cannot be loaded; a
/// cancel.
pub(super) fn open_translator(
    named: Named,
    cancel: &Cancel,
    watcher: Watcher<'_>,
) -> Result<OpenedTranslator, Error> {
    Ok(match named.wanted(Kind::M2m100)? {
        Named::Unlisted(_, folder) => {
            let model = unlisted_name(&folder);
            OpenedTranslator {
                engine: translate::open(&folder, &model, None, cancel)?,
                model,
                practice: false,
                digest: String::new(),
                note: Some(unlisted_note(&folder)),
            }
        }
        Named::Listed(model) => {
            model.verify(cancel, watcher)?;
            let digest = model.digest();
            let (weights, card) = (model.weights(), model.card);
            let tokens = card.language_tokens.as_ref();
            OpenedTranslator {
                engine: translate::open(&weights, &card.name, tokens, cancel)?,
                model: card.name,
                practice: card.practice,
                digest,
                note: None,
            }
        }
    })
}

/// The name of a model that is used by its path.
pub(super) fn unlisted_name(path: &Path) -> String {
    path.file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default()
}

/// What is said of such a model.
pub(super) fn unlisted_note(path: &Path) -> String {
    format!(
        "this model is used by its path; no model.toml vouches for it: {}",
        path.display()
    )
}

/// Every direction between these languages.
pub(super) fn pairs_of(languages: &[Lang]) -> impl Iterator<Item = LangPair> + '_ {
    languages
        .iter()
        .flat_map(|from| languages.iter().map(|to| LangPair::new(*from, *to)))
        .filter(|pair| pair.from != pair.to)
}

#[cfg(test)]
mod tests;
