//! What both front ends call: blocking methods over one workspace. Whatever a screen does, a command
//! can do, because both do it here.

mod awake;
mod bench;
mod bench_live;
mod demo;
mod doctor;
mod engines;
mod error;
mod import;
pub mod live;
mod lock;
mod microphone;
pub mod models;
mod read;
mod shelf;
mod shrink;
mod speak;
mod work;

use std::path::{Path, PathBuf};

pub use bench::{BenchReport, Measurement};
pub use demo::{DemoReport, Scores};
pub use doctor::{Finding, Health};
pub use error::Error;
pub use import::{ImportOutcome, ImportRequest, is_transcript};
pub use read::Edit;
pub use shelf::{GlossaryInfo, ModelInfo};
pub use shrink::TrimRequest;
pub use speak::{OpenTranslator, SpokenSegment, Transcribed, TranslateRequest};
pub use work::WorkReport;

use crate::config::Config;
use crate::glossary::Glossary;
use crate::store::{self, Store};
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
        }
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
}

impl App {
    /// Finds the workspace and reads its settings. Opens no store and loads no model: that is done
    /// by whatever needs them, so that listing stays fast.
    ///
    /// # Errors
    /// A named workspace that is missing; settings that are not valid.
    pub fn open(options: &Options) -> Result<Self, Error> {
        let workspace = Workspace::find(
            options.workspace.as_deref(),
            options.env_workspace.as_deref(),
            &options.current,
        )?;
        Self::at(workspace, options.env_kit.as_deref())
    }

    fn at(workspace: Workspace, env_kit: Option<&Path>) -> Result<Self, Error> {
        let config = Config::read(&workspace.config_file())?;
        let kit = workspace::find_kit(&workspace, env_kit);
        let shipped = kit.iter().map(|kit| kit.join("models"));
        let model_roots = std::iter::once(workspace.models()).chain(shipped).collect();
        Ok(Self {
            workspace,
            config,
            kit,
            model_roots,
        })
    }

    /// Where things are.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The settings in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Opens the store for writing; makes the workspace's folders and the database if need be.
    fn store(&self) -> Result<Store, Error> {
        self.workspace.make_folders()?;
        Ok(Store::open(&self.workspace.store())?)
    }

    /// Opens the store for reading only. A workspace without one reads as empty; one of an older
    /// form is brought up to date where it can be written.
    fn reading(&self) -> Result<Store, Error> {
        let path = self.workspace.store();
        if !path.exists() {
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
            all.merge(Glossary::load_csv(&path)?);
        }
        Ok(all)
    }
}
