//! What both front ends call: blocking methods over one workspace. Whatever a screen does, a command
//! can do, because both do it here.

mod abroad;
mod across;
mod again;
mod anchors;
mod armed;
#[cfg_attr(windows, path = "awake_on_windows.rs")]
mod awake;
mod believed;
mod bench;
mod bench_live;
mod bundles;
mod calibrations;
mod choice;
mod consent;
mod covered;
mod custody;
mod demo;
pub mod desk;
mod desktop;
mod doctor;
mod engines;
mod error;
mod evidence;
mod export;
mod exported;
mod find;
mod happened;
mod histories;
mod import;
mod judge;
mod keys;
mod leaving;
pub mod live;
mod live_engines;
mod lock;
pub mod microphone;
pub mod models;
mod named;
mod near_names;
pub mod offers;
mod opened;
mod partials;
pub mod people;
mod people_export;
pub mod phrasebook;
mod places;
mod preferred;
mod put_back;
mod read;
mod read_back;
mod receipts;
mod recut;
mod scratch;
mod shelf;
mod shrink;
mod speak;
mod speakers;
mod speech_models;
mod spoken;
mod swap;
mod terms;
mod unfinished;
mod vault;
mod voices;
mod whole;
mod work;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

pub use across::Translators;
pub use again::{Again, AgainRequest, DoneAgain};
pub use bench::{BenchReport, Measurement};
pub use bundles::{Bundled, Foreign, TOLD_OF_A_BUNDLE};
pub use calibrations::Measured;
pub use covered::Cover;
pub use demo::{DemoReport, Scores};
pub use desktop::{BlankKey, Choices, Look, PedalKey, ReadChoices, TEXT_PERCENT, WindowSize};
pub use doctor::{Finding, Health};
pub use error::Error;
pub use evidence::Sealed;
pub use export::{ExportChoices, Exported};
pub use import::{ImportOutcome, ImportRequest};
pub use judge::{
    FailedRecording, JudgeRequest, Judgement, LanguageJudgement, WordJudgement, test_set,
};
pub use near_names::NearName;
pub use people_export::PeopleExported;
pub use places::{Place, PlaceKind};
pub use preferred::Preferred;
pub use read::{Edit, Edited, History};
pub use read_back::Readable;
pub use recut::{CutHistory, Hint, follower, places, suggest};
pub use shelf::{GlossaryForm, GlossaryInfo, ModelInfo};
pub use shrink::{Bits, TrimRequest};
pub use speak::{OpenTranslator, SpokenSegment, Transcribed, TranslateRequest};
pub use speakers::speakers_of;
pub use swap::swap_told;
pub use unfinished::Unfinished;
pub use vault::VaultState;
pub use voices::{Suggested, Voices};
pub use work::WorkReport;

pub use crate::transcript::is_transcript;

use crate::config::Config;
use crate::domain::{Cancel, FactKind, Lang};
use crate::evidence::SecretKey;
use crate::glossary::Glossary;
use crate::pipeline::{Progress, Step, Watcher};
use crate::store::{self, Store};
use crate::translate::KnownNames;
use crate::workspace::{self, Workspace};

/// What the front ends know before anything is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--workspace`.
    pub workspace: Option<PathBuf>,
    /// `MEKONG_WORKSPACE`.
    pub env_workspace: Option<PathBuf>,
    /// `MEKONG_KIT`: the folder that holds the practice kit.
    pub env_kit: Option<PathBuf>,
    /// The current folder.
    pub current: PathBuf,
    /// The languages of the system's own screens, the person's first one first, such as `km-KH`.
    pub languages: Vec<String>,
}

impl Options {
    /// Reads the environment and the current folder.
    pub fn from_environment(workspace: Option<PathBuf>) -> Self {
        let env = |name| {
            std::env::var_os(name)
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        };
        Self {
            workspace,
            env_workspace: env("MEKONG_WORKSPACE"),
            env_kit: env("MEKONG_KIT"),
            current: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            languages: sys_locale::get_locales().collect(),
        }
    }

    /// The language in which the screens begin, until a person chooses one.
    fn first_language(&self) -> Lang {
        let known = |tag: &String| {
            let primary = tag.split(['-', '_', '.']).next()?;
            primary.to_lowercase().parse::<Lang>().ok()
        };
        self.languages.iter().find_map(known).unwrap_or(Lang::En)
    }
}

/// What is wrong where [`Options::wrong_kit`] finds something.
pub const WRONG_KIT: &str = "MEKONG_KIT names a folder without the practice kit";

impl Options {
    /// What `MEKONG_KIT` names, where the practice kit is not there.
    pub fn wrong_kit(&self) -> Option<&Path> {
        let named = self.env_kit.as_deref();
        named.filter(|root| !workspace::is_kit(root))
    }

    fn find_workspace(&self) -> Result<Workspace, Error> {
        Ok(Workspace::find(
            self.workspace.as_deref(),
            self.env_workspace.as_deref(),
            &self.current,
        )?)
    }
}

/// One workspace, ready to be asked.
#[derive(Clone, Debug)]
pub struct App {
    workspace: Workspace,
    config: Config,
    kit: Option<PathBuf>,
    /// Where models are looked for, first come first served.
    model_roots: Vec<PathBuf>,
    /// The key of a locked workspace, once it is opened.
    door: vault::Door,
    /// What partners sent, for searching.
    abroad: abroad::Abroad,
    /// The language of the screens where nobody chose one.
    first_language: Lang,
    /// Languages that no font of this machine shows.
    unshown: OnceLock<Vec<Lang>>,
    /// Choices that could not be used and were put aside, until a person was told.
    aside: Arc<Mutex<Option<PathBuf>>>,
    /// The open key of the person at the desk.
    hand: Arc<Mutex<Option<Arc<SecretKey>>>>,
    /// A bundle that tells another history than an earlier one is taken in beside it, and told of.
    other_histories: bool,
}

impl App {
    /// Finds the workspace and reads its settings. Opens no store and loads no model: that is done
    /// by whatever needs them, so that listing stays fast.
    ///
    /// # Errors
    /// A named workspace that is missing; settings that are not valid.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let app = Self::at(options.find_workspace()?, options.env_kit.as_deref())?;
        Ok(app.speaking(options))
    }

    /// As [`Self::open`], but settings that are not valid do not keep the window shut: the usual ones
    /// are used, the file stays as it is, and the error comes back beside the app.
    ///
    /// # Errors
    /// A named workspace that is missing.
    pub fn open_forgiving(options: &Options) -> Result<(Self, Option<Error>), Error> {
        match Self::open(options) {
            Ok(app) => Ok((app, None)),
            Err(error @ Error::Config(_)) => {
                let workspace = options.find_workspace()?;
                let app = Self::with(workspace, Config::default(), options.env_kit.as_deref());
                Ok((app.speaking(options), Some(error)))
            }
            Err(error) => Err(error),
        }
    }

    fn speaking(mut self, options: &Options) -> Self {
        self.first_language = options.first_language();
        self
    }

    fn at(workspace: Workspace, env_kit: Option<&Path>) -> Result<Self, Error> {
        let config = Config::read(&workspace.config_file())?;
        Ok(Self::with(workspace, config, env_kit))
    }

    fn with(workspace: Workspace, config: Config, env_kit: Option<&Path>) -> Self {
        let kit = workspace::find_kit(&workspace, env_kit);
        let shipped = kit.iter().map(|kit| kit.join("models"));
        let model_roots = std::iter::once(workspace.models()).chain(shipped).collect();
        Self {
            workspace,
            config,
            kit,
            model_roots,
            door: vault::Door::default(),
            abroad: abroad::Abroad::default(),
            first_language: Lang::En,
            unshown: OnceLock::new(),
            aside: Arc::default(),
            hand: Arc::default(),
            other_histories: false,
        }
    }

    /// Where things are.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The words of an error, with the database's path where it is the database that refuses.
    pub fn words(&self, error: &Error) -> String {
        let path = self.workspace.store();
        match error.is_of_the_store() {
            true => format!("{error}: {}", path.display()),
            false => error.to_string(),
        }
    }

    /// The settings in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Opens the store for writing; makes the workspace's folders and the database if need be.
    fn store(&self) -> Result<Store, Error> {
        self.workspace.make_folders()?;
        let mut store = Store::open(&self.workspace.store())?;
        store.set_hand(self.hand(&store)?);
        Ok(store)
    }

    /// The same at the beginning of long work: a search index of an older version is made anew there
    /// with progress, and a cancel leaves it as it was.
    fn store_watched(&self, cancel: &Cancel, watcher: Watcher<'_>) -> Result<Store, Error> {
        self.workspace.make_folders()?;
        let mut tell = Self::indexing(watcher);
        Ok(Store::open_watched(
            &self.workspace.store(),
            &mut tell,
            cancel,
        )?)
    }

    /// Tells a watcher how far the search index is.
    fn indexing<'w>(watcher: Watcher<'w>) -> impl FnMut(u64, u64) + 'w {
        move |done, total| {
            watcher(Progress::Step {
                step: Step::Indexing,
                done,
                total,
            });
        }
    }

    /// Opens the store for reading only. A workspace without one reads as empty; one of an older
    /// form is brought up to date where it can be written.
    fn reading(&self) -> Result<Store, Error> {
        let path = self.workspace.store();
        // A store that cannot be looked at is not an empty one.
        let there = path.try_exists().map_err(|cause| Error::File {
            what: "read the database",
            cause,
            path: path.clone(),
        })?;
        if !there {
            return Ok(Store::open_in_memory()?);
        }
        match Store::open_read_only(&path) {
            Err(older @ store::Error::OlderSchema { .. }) => {
                Ok(Store::open(&path).map_err(|_| older)?)
            }
            opened => Ok(opened?),
        }
    }

    /// The glossaries in force, as one, read by name: of two concepts with one id the later wins.
    fn glossary(&self) -> Result<Glossary, Error> {
        let mut all = Glossary::default();
        for path in self.glossary_files(&self.config.glossaries)? {
            all.merge(shelf::load_csv(&path)?);
        }
        Ok(all)
    }

    /// The glossaries in force in a case, or in none: rows of other cases are left out.
    fn glossary_for(&self, case: Option<&str>) -> Result<Glossary, Error> {
        Ok(self.glossary()?.for_case(case))
    }

    /// The names that an interview of a case, or of none, may speak of.
    fn names_for(&self, case: Option<&str>, glossary: &Glossary) -> Result<Arc<KnownNames>, Error> {
        let people = self.reading()?.values_in_force(case, FactKind::Name)?;
        Ok(Arc::new(KnownNames::new(people, glossary)))
    }
}
