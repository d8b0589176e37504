//! The engines of a live session: our own arithmetic whatever the settings say, only what the memory has
//! room for, and loaded ahead where microphones listen already. A recording must not fall by them.

use std::collections::BTreeSet;
use std::fs;
use std::thread::{self, JoinHandle};

use crate::config::SpeechEngine;
use crate::domain::{Cancel, Lang, Person};
use crate::pipeline::Engines;

use super::engines::{Needs, pairs_of};
use super::models::Model;
use super::speech_models::Hearing;
use super::{App, Error};

/// What is left to the recorder, the window and the system, in bytes.
const SPARE: u64 = 1 << 30;
/// Room for recognisers beside the first where the system does not say what is free.
const USUAL_ROOM: u64 = 1 << 30;

/// A model that the memory has no room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TooLarge {
    /// Its name.
    pub(super) name: String,
    /// Bytes of its files.
    needs: u64,
    /// Bytes that it may take.
    room: u64,
}

impl TooLarge {
    /// What a person should know, and the next step.
    pub(super) fn remark(&self) -> (String, &'static str) {
        let gb = |bytes: u64| bytes as f64 / 1e9;
        (
            format!(
                "the model '{}' needs {:.1} GB of memory and there is room for {:.1} GB; its text is written later",
                self.name,
                gb(self.needs),
                gb(self.room)
            ),
            "The recording goes on without it; finish what is pending afterwards to get the text. Next time close other programs before, or use a smaller model.",
        )
    }
}

/// Bytes of memory that programs may take without making the system swap, where it says so.
pub(super) fn memory_available() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|l| l.starts_with("MemAvailable:"))?;
    let kilobytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// Bytes that recognisers beside the first may take: a quarter of what is free, so that a machine
/// with little memory works with fewer of them and never has to swap.
pub(super) fn room_for_recognisers() -> u64 {
    memory_available().map_or(USUAL_ROOM, |bytes| bytes / 4)
}

/// Bytes that the models of a session may take; `None` where the system does not say.
pub(super) fn room_for_models() -> Option<u64> {
    memory_available().map(|bytes| bytes.saturating_sub(SPARE))
}

/// That the engine of the settings does not serve a live session, and the next step.
pub(super) fn own_engine(settings: SpeechEngine) -> Option<(String, &'static str)> {
    (settings == SpeechEngine::WhisperCpp).then(|| {
        (
            "the settings name whisper.cpp; in a live interview the program's own engine hears instead"
                .to_owned(),
            "Nothing needs to be done: a fault of whisper.cpp would have ended the recording.",
        )
    })
}

/// What a session needs of the models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Its languages.
    pub(super) languages: Vec<Lang>,
    /// What is to be heard on its channels.
    pub(super) hearing: Vec<Hearing>,
    /// Its case.
    pub(super) case: Option<String>,
}

/// Those of `models`, in order, that find no room beside those before them.
fn too_large(models: &[&Model], room: Option<u64>) -> Vec<TooLarge> {
    let Some(mut room) = room else {
        return Vec::new();
    };
    let mut without = Vec::new();
    for model in models {
        let needs = model.card.files.iter().map(|f| f.bytes);
        let needs = needs.fold(0, u64::saturating_add);
        match room.checked_sub(needs) {
            Some(left) => room = left,
            None => without.push(TooLarge {
                name: model.card.name.clone(),
                needs,
                room,
            }),
        }
    }
    without
}

impl App {
    /// The models of a session that find no room: recognisers come first.
    pub(super) fn too_large_for_live(&self, wanted: &Wanted, room: Option<u64>) -> Vec<TooLarge> {
        let shelf = self.shelf();
        let heard = wanted.hearing.iter();
        let speech = heard.filter_map(|heard| self.model_for(&shelf, heard).ok());
        let translation = self.config.translation_model.as_deref();
        let translation = pairs_of(&wanted.languages)
            .filter_map(|pair| shelf.for_translation(pair, translation).ok());
        let second = self.config.second_translation_model.as_deref();
        let second = second.and_then(|name| shelf.named(name).ok());
        let mut seen = BTreeSet::new();
        let mut models: Vec<&Model> = speech.chain(translation).chain(second).collect();
        models.retain(|model| seen.insert(&model.card.name));
        too_large(&models, room)
    }

    /// Loads what a session needs, but the models of `without`.
    ///
    /// Whatever the settings say the engine is our own, and nothing is measured: whisper.cpp would take the
    /// recorder with it if it fell, and a measurement takes the recorder's time.
    ///
    /// A model whose files are not as listed or cannot be loaded is left out and told of.
    ///
    /// # Errors
    /// A cancel.
    pub(super) fn load_for_live(
        &self,
        wanted: &Wanted,
        without: &[TooLarge],
        cancel: &Cancel,
    ) -> Result<Engines, Error> {
        let mut app = self.clone();
        app.config.engine = SpeechEngine::Native;
        let second = app.config.second_translation_model.take();
        app.config.second_translation_model =
            second.filter(|name| without.iter().all(|w| w.name != *name));
        let fits = |model: &Model| without.iter().all(|w| w.name != model.card.name);
        let mut engines = Engines::default();
        let needs = Needs {
            interviews: std::slice::from_ref(&wanted.languages),
            case: wanted.case.as_deref(),
            hearing: &wanted.hearing,
        };
        let mut fault = |engines: &mut Engines, why: Error| match why.is_cancelled() {
            true => Err(why),
            false => {
                engines.without.push(why.to_string());
                Ok(())
            }
        };
        app.add_fitting_engines(&mut engines, &needs, (&fits, &mut fault), cancel, &|_| {})?;
        Ok(engines)
    }

    /// What recognisers prefer, as far as it can change while they wait.
    fn preferred(&self, case: Option<&str>) -> (Vec<Person>, String) {
        // A store that is not there yet knows nobody.
        let people = self.people(None).unwrap_or_default();
        let glossary = self.glossary_for(case);
        let digest = glossary.map(|g| g.digest().to_owned());
        (people, digest.unwrap_or_default())
    }
}

/// Engines that are being loaded, or are loaded, for a session that has not begun. Dropping it ends the
/// loading.
pub(super) struct Ahead {
    wanted: Wanted,
    preferred: (Vec<Person>, String),
    cancel: Cancel,
    thread: Option<JoinHandle<Result<Engines, Error>>>,
}

impl Ahead {
    /// Begins to load; `None` where the system gives no more threads, which costs time later.
    pub(super) fn begin(app: &App, wanted: Wanted, without: &[TooLarge]) -> Option<Self> {
        let cancel = Cancel::new();
        let (own, stop) = (app.clone(), cancel.clone());
        let (load, without) = (wanted.clone(), without.to_vec());
        let preferred = app.preferred(wanted.case.as_deref());
        let thread = thread::Builder::new()
            .name("load".into())
            .spawn(move || own.load_for_live(&load, &without, &stop))
            .ok()?;
        Some(Self {
            wanted,
            preferred,
            cancel,
            thread: Some(thread),
        })
    }

    /// Whether a session that needs this and begins now would load no others.
    pub(super) fn serves(&self, app: &App, wanted: &Wanted) -> bool {
        let own = &self.wanted;
        let mut heard = wanted.hearing.iter();
        own.languages == wanted.languages
            && own.case == wanted.case
            && heard.all(|heard| own.hearing.contains(heard))
            && self.preferred == app.preferred(wanted.case.as_deref())
    }

    /// Whether loading is over.
    #[cfg(test)]
    pub(super) fn is_loaded(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the engines.
    ///
    /// # Errors
    /// Those of loading.
    pub(super) fn take(mut self) -> Result<Engines, Error> {
        let thread = self.thread.take().map(JoinHandle::join);
        thread
            .and_then(Result::ok)
            .unwrap_or(Err(crate::pipeline::Error::Worker(
                "the loading of the models",
            )
            .into()))
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.cancel.cancel();
        if let Some(thread) = self.thread.take() {
            // A thread that reads a locked store while the program ends would fall with OpenSSL's tables.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Options;
    use crate::app::people::Entry;
    use crate::domain::FactKind;

    fn app(workspace: &std::path::Path) -> App {
        App::open(&Options {
            workspace: Some(workspace.to_owned()),
            env_kit: Some(env!("CARGO_MANIFEST_DIR").into()),
            ..Options::default()
        })
        .unwrap()
    }

    const LANGUAGES: [Lang; 2] = [Lang::Zh, Lang::Vi];

    fn wanted(languages: &[Lang], case: Option<&str>) -> Wanted {
        Wanted {
            languages: languages.to_vec(),
            hearing: languages.iter().map(|lang| (*lang, None)).collect(),
            case: case.map(str::to_owned),
        }
    }

    #[test]
    fn a_live_session_takes_our_own_engine_and_measures_nothing_whatever_the_settings_say() {
        let dir = tempfile::tempdir().unwrap();
        let mut app = app(dir.path());
        assert_eq!(app.config.engine, SpeechEngine::Auto);
        let engine = |app: &App| {
            let engines = app
                .load_for_live(&wanted(&LANGUAGES, None), &[], &Cancel::new())
                .unwrap();
            engines.speech[0].engine.engine().to_owned()
        };
        let own = engine(&app);
        assert!(!own.contains("whisper.cpp"), "{own}");
        assert!(!app.workspace.engines_file().exists(), "it was measured");
        app.config.engine = SpeechEngine::WhisperCpp;
        let fixed = engine(&app);
        assert_eq!(fixed, own, "it would take the recorder with it");
    }

    #[test]
    fn models_without_room_are_left_out_the_recognisers_last() {
        let dir = tempfile::tempdir().unwrap();
        let app = app(dir.path());
        let wanted = wanted(&LANGUAGES, None);
        let all = app.too_large_for_live(&wanted, Some(0));
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(app.too_large_for_live(&wanted, None).is_empty());
        assert!(app.too_large_for_live(&wanted, Some(u64::MAX)).is_empty());
        let recogniser = &all[0];
        let room = Some(recogniser.needs);
        let left = app.too_large_for_live(&wanted, room);
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].name, all[1].name);
        let load = |without: &[TooLarge]| {
            let engines = app.load_for_live(&wanted, without, &Cancel::new());
            let engines = engines.unwrap();
            (engines.speech.len(), engines.translation.len())
        };
        assert_eq!(load(&all), (0, 0));
        assert_eq!(load(&left), (1, 0));
        assert_eq!(load(&[]), (1, 1));
        let (what, next) = recogniser.remark();
        assert!(
            what.contains(&recogniser.name) && !next.is_empty(),
            "{what}"
        );
    }

    #[test]
    fn a_damaged_model_costs_the_text_of_no_other() {
        let dir = tempfile::tempdir().unwrap();
        let mut app = app(dir.path());
        app.config.second_translation_model = Some("no-such-model".into());
        let load = |app: &App| {
            let engines = app
                .load_for_live(&wanted(&LANGUAGES, None), &[], &Cancel::new())
                .unwrap();
            (
                engines.speech.len(),
                engines.translation.len(),
                engines.without,
            )
        };
        let (speech, translation, without) = load(&app);
        assert_eq!(
            (speech, translation, without.len()),
            (1, 1, 1),
            "{without:?}"
        );
        assert!(without[0].contains("no-such-model"), "{without:?}");
        // A translator of which one byte is another.
        let shelf = app.shelf();
        let pair = crate::domain::LangPair::new(Lang::Zh, Lang::Vi);
        let model = shelf.for_translation(pair, None).unwrap();
        let own = dir.path().join("models").join(&model.card.name);
        fs::create_dir_all(&own).unwrap();
        for file in fs::read_dir(&model.folder).unwrap().flatten() {
            fs::copy(file.path(), own.join(file.file_name())).unwrap();
        }
        let damaged = own.join(&model.card.files[0].path);
        let mut bytes = fs::read(&damaged).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        fs::write(&damaged, bytes).unwrap();
        app.model_roots = vec![dir.path().join("models")];
        app.config.translation_model = None;
        let (_, translation, without) = load(&app);
        assert_eq!(translation, 0);
        assert!(!without.is_empty());
    }

    #[test]
    fn engines_loaded_ahead_serve_the_same_session_only_and_end_when_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let app = app(dir.path());
        let own = wanted(&LANGUAGES, None);
        let ahead = Ahead::begin(&app, own.clone(), &[]).unwrap();
        assert!(ahead.serves(&app, &own));
        assert!(!ahead.serves(&app, &wanted(&[Lang::Zh, Lang::Km], None)));
        assert!(!ahead.serves(&app, &wanted(&LANGUAGES, Some("K-1"))));
        let mut other = own.clone();
        other.hearing[1].1 = Some("practice-asr".into());
        assert!(!ahead.serves(&app, &other), "another model was chosen");
        let cancel = ahead.cancel.clone();
        assert!(!cancel.is_cancelled());
        drop(ahead);
        assert!(cancel.is_cancelled());
        // Who is entered meanwhile is among the names that are preferred.
        let ahead = Ahead::begin(&app, own.clone(), &[]).unwrap();
        let name = Entry::new(FactKind::Name, "ນາງ ຄໍາ");
        app.add_person(None, "o", &[name]).unwrap();
        assert!(!ahead.serves(&app, &own));
    }
}
