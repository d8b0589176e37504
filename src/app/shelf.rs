//! Glossaries and models: what is there, whether it is whole, bringing in more.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::audio;
use crate::domain::{Cancel, Lang};
use crate::glossary::{self, Glossary, Review, Term};
use crate::pipeline::{Progress, Step, Watcher};

use super::calibrations::Measured;
use super::leaving::refuse_inside;
use super::models::{ErrorRate, Kind, Model};
use super::scratch::Purpose;
use super::terms::{is_out_of_reach, locked, write_table};
use super::whole::write_whole;
use super::{App, Error};

/// The forms in which a glossary is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GlossaryForm {
    /// The program's own table.
    Csv,
    /// TBX-Basic, for terminology programs.
    Tbx,
}

/// One glossary, as a list shows it.
#[derive(Clone, Debug, Serialize)]
pub struct GlossaryInfo {
    /// File name without `.csv`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Terms.
    pub terms: usize,
    /// Terms with at least one language that no native speaker has reviewed.
    pub unreviewed: usize,
    /// What a person should look at.
    pub problems: Vec<String>,
    /// Why it cannot be used at all, with the next step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// One model, as a list shows it.
#[derive(Clone, Debug, Serialize)]
pub struct ModelInfo {
    /// Its name.
    pub name: String,
    /// Which engine loads it.
    pub kind: Kind,
    /// `speech` or `translation`.
    pub purpose: &'static str,
    /// Languages it serves.
    pub languages: Vec<Lang>,
    /// Licence of the weights.
    pub license: String,
    /// Where it came from.
    pub source: String,
    /// A sentence.
    pub description: String,
    /// Knows only the practice sentences.
    pub practice: bool,
    /// How often it errs in each language, as its description says.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub error_rates: BTreeMap<Lang, ErrorRate>,
    /// Why a person should not rely on it, one line a language.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubts: Vec<String>,
    /// The languages of which they speak.
    #[serde(skip)]
    pub doubted: Vec<Lang>,
    /// By how many words the confidence of its words was measured here, by language; empty for a model
    /// that does not listen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub calibrated: Vec<Measured>,
    /// Size of all its files.
    pub bytes: u64,
    /// Its folder.
    pub folder: PathBuf,
}

impl From<&Model> for ModelInfo {
    fn from(model: &Model) -> Self {
        let card = model.card.clone();
        Self {
            name: card.name,
            kind: card.kind,
            purpose: card.kind.purpose(),
            license: card.license,
            source: card.source,
            description: card.description,
            practice: card.practice,
            doubted: doubted(model),
            doubts: card
                .languages
                .iter()
                .filter_map(|lang| model.doubt(*lang))
                .collect(),
            languages: card.languages,
            error_rates: card.error_rates,
            calibrated: Vec::new(),
            bytes: card
                .files
                .iter()
                .map(|f| f.bytes)
                .fold(0, u64::saturating_add),
            folder: model.folder.clone(),
        }
    }
}

/// The languages in which a person should not rely on a model.
fn doubted(model: &Model) -> Vec<Lang> {
    let mut languages = model.card.languages.clone();
    languages.retain(|lang| model.doubt(*lang).is_some());
    languages
}

impl App {
    /// The glossary files: those that ship with the program, then the workspace's own, which add to
    /// them and take the place of one of the same name; only those called `names` if any are named.
    pub(super) fn glossary_files(&self, names: &[String]) -> Result<Vec<PathBuf>, Error> {
        let own = csv_files(&self.workspace.glossaries());
        let shipped = self.kit.iter().map(|kit| kit.join("glossaries"));
        let mut files: Vec<PathBuf> = shipped.flat_map(|folder| csv_files(&folder)).collect();
        files.retain(|file| !own.iter().any(|other| stem(other) == stem(file)));
        files.extend(own);
        if let Some(unknown) = names.iter().find(|n| !files.iter().any(|f| stem(f) == **n)) {
            return Err(Error::NoGlossary(unknown.clone()));
        }
        if !names.is_empty() {
            files.retain(|f| names.contains(&stem(f)));
        }
        Ok(files)
    }

    /// One glossary by its name or its path.
    pub(super) fn glossary_named(&self, name: &str) -> Result<Glossary, Error> {
        let path = PathBuf::from(name);
        if path.is_file() {
            return load_csv(&path);
        }
        let mut all = Glossary::default();
        for file in self.glossary_files(&[name.to_owned()])? {
            all.merge(load_csv(&file)?);
        }
        Ok(all)
    }

    /// All terms in force, in the order of their files.
    ///
    /// # Errors
    /// A glossary that cannot be read.
    pub fn terms(&self) -> Result<Vec<Term>, Error> {
        Ok(self.glossary()?.terms().to_vec())
    }

    /// Where a person most likely keeps recordings: the home folder, else the workspace.
    pub fn usual_folder(&self) -> PathBuf {
        directories::UserDirs::new()
            .map(|dirs| dirs.home_dir().to_owned())
            .filter(|home| home.is_dir())
            .unwrap_or_else(|| self.workspace.root().to_owned())
    }

    /// The practice recordings that ship with the program, by name, with their languages.
    pub fn practice_recordings(&self) -> Vec<(PathBuf, Vec<Lang>)> {
        let Some(kit) = &self.kit else {
            return Vec::new();
        };
        let scripts = super::demo::scripts(kit).unwrap_or_default();
        scripts
            .into_iter()
            .map(|(folder, script)| (folder.join("audio.flac"), script.languages))
            .collect()
    }

    /// All glossaries with what a person should look at, those that cannot be used among them.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn glossaries(&self) -> Result<Vec<GlossaryInfo>, Error> {
        let files = self.glossary_files(&[])?;
        let info = |path: &PathBuf| match describe(path) {
            Ok(info) => info,
            Err(_) if is_out_of_reach(path) => locked(path),
            Err(error) => GlossaryInfo {
                name: stem(path),
                path: path.clone(),
                terms: 0,
                unreviewed: 0,
                problems: vec![error.to_string()],
                broken: Some(error.help()),
            },
        };
        Ok(files.iter().map(info).collect())
    }

    /// Copies a glossary into the workspace after reading it through. It adds to the others; only
    /// with `replace` does it take the place of one of the same name.
    ///
    /// # Errors
    /// A glossary that is not valid, or whose name is taken; a cancel. Nothing is copied then.
    pub fn import_glossary(
        &self,
        file: &Path,
        replace: bool,
        cancel: &Cancel,
    ) -> Result<GlossaryInfo, Error> {
        let goes_on = || match cancel.is_cancelled() {
            true => Err(Error::Stopped),
            false => Ok(()),
        };
        let unusable = |cause| unusable(cause, file);
        let glossary = Glossary::load(file).map_err(unusable)?;
        goes_on()?;
        // The workspace's copy is made and read through before anything is put in its place.
        let mut table = Vec::new();
        glossary.write_csv(&mut table).map_err(unusable)?;
        let languages: BTreeSet<Lang> = glossary
            .terms()
            .iter()
            .flat_map(|t| t.entries.keys().copied())
            .collect();
        if languages.len() < 2 {
            return Err(unusable(glossary::Error::TooFewWords));
        }
        Glossary::read_csv(&table).map_err(unusable)?;
        let name = stem(file);
        let known = self.glossary_files(&[])?;
        if let Some(path) = known
            .into_iter()
            .find(|f| stem(f) == name)
            .filter(|_| !replace)
        {
            return Err(Error::GlossaryExists { name, path });
        }
        self.workspace.make_folders()?;
        let to = self.workspace.glossaries().join(format!("{name}.csv"));
        let written = |cause| Error::File {
            what: "write the glossary",
            cause,
            path: to.clone(),
        };
        goes_on()?;
        self.note_glossary(&to, &table)?;
        write_whole(&to, replace, &mut |out| {
            write_table(&table, &to, out).map_err(written)
        })?;
        describe(&to)
    }

    /// Writes one glossary, or all as one, to a file; one that is there already is replaced only
    /// with `force`. Without a form the file's ending decides: `.tbx` is TBX-Basic, all others are
    /// CSV. Returns the number of terms.
    ///
    /// # Errors
    /// An unknown name; a file that is there; a disk that refuses.
    pub fn export_glossary(
        &self,
        name: Option<&str>,
        form: Option<GlossaryForm>,
        out: &Path,
        force: bool,
    ) -> Result<usize, Error> {
        let ending = out.extension().unwrap_or_default();
        let form = form.unwrap_or(if ending.eq_ignore_ascii_case("tbx") {
            GlossaryForm::Tbx
        } else {
            GlossaryForm::Csv
        });
        refuse_inside(out)?;
        let mut terms = 0;
        write_whole(out, force, &mut |file| {
            terms = self.export_glossary_to(name, form, file)?;
            Ok(())
        })?;
        Ok(terms)
    }

    /// The same to any writer.
    ///
    /// # Errors
    /// An unknown name; a writer that refuses.
    pub fn export_glossary_to(
        &self,
        name: Option<&str>,
        form: GlossaryForm,
        out: &mut dyn Write,
    ) -> Result<usize, Error> {
        let glossary = match name {
            Some(name) => self.glossary_named(name)?,
            None => self.glossary()?,
        };
        match form {
            GlossaryForm::Csv => glossary.write_csv(out)?,
            GlossaryForm::Tbx => glossary.write_tbx(out)?,
        }
        Ok(glossary.len())
    }

    /// All installed models, and the descriptions that could not be read.
    pub fn models(&self) -> (Vec<ModelInfo>, Vec<Error>) {
        let shelf = self.shelf();
        let broken = shelf.broken.into_iter().map(Error::from).collect();
        let info = |model: &Model| {
            let mut info = ModelInfo::from(model);
            if info.purpose == "speech" {
                info.calibrated = self.measured_words(model);
            }
            info
        };
        (shelf.models.iter().map(info).collect(), broken)
    }

    /// Compares every file of every model, or of one, with its list. Returns whether all fit.
    pub fn check_models(
        &self,
        only: Option<&str>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
        each: &mut dyn FnMut(&str, &Result<(), Error>),
    ) -> Result<bool, Error> {
        let mut shelf = self.shelf();
        if let Some(name) = only {
            let model = shelf.named(name)?.clone();
            shelf.models = vec![model];
            shelf.broken.clear();
        }
        let mut all_fit = shelf.broken.is_empty();
        for model in &shelf.models {
            let result = model.verify(cancel, watcher).map_err(Error::from);
            if cancel.is_cancelled() {
                return result.map(|()| all_fit);
            }
            all_fit &= result.is_ok();
            each(&model.card.name, &result);
        }
        Ok(all_fit)
    }

    /// Copies a model's folder into the workspace: only listed files, each compared with its list.
    ///
    /// # Errors
    /// A folder without `model.toml`; files that are not as listed; a model that is there already;
    /// a cancel. Nothing is left behind then.
    pub fn import_model(
        &self,
        from: &Path,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<ModelInfo, Error> {
        let model = Model::to_import(from)?;
        let from = model.folder.as_path();
        let to = self.free_place(&model)?;
        model.verify(cancel, watcher)?;
        self.workspace.make_folders()?;
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |cause| Error::File {
                what: "copy the model",
                cause,
                path,
            }
        };
        let scratch = self.scratch(Purpose::Importing)?;
        let mut tell = |done, total| {
            watcher(Progress::Step {
                step: Step::Copying,
                done,
                total,
            })
        };
        let listed = model.card.files.iter().map(|f| f.path.as_str());
        for file in listed.chain(["model.toml"]) {
            let target = scratch.path().join(file);
            if let Some(parent) = target.parent() {
                fs::create_dir_all(parent).map_err(failed(parent))?;
            }
            audio::copy_original(&from.join(file), &target, &mut tell, cancel)?;
        }
        Model::read(scratch.path())?.verify(cancel, watcher)?;
        // Renamed away, the temporary folder is no longer there to be removed.
        fs::rename(scratch.path(), &to).map_err(failed(&to))?;
        Ok(ModelInfo::from(&Model::read(&to)?))
    }

    /// Where a model goes, if neither its name nor its folder's is taken.
    fn free_place(&self, model: &Model) -> Result<PathBuf, Error> {
        let folder = model.folder.file_name().unwrap_or_default();
        let to = self.workspace.models().join(folder);
        let known = self.shelf();
        let other = known
            .named(&model.card.name)
            .map(|other| other.folder.clone());
        match other.ok().or_else(|| to.exists().then(|| to.clone())) {
            Some(folder) => Err(Error::ModelExists {
                name: model.card.name.clone(),
                folder,
            }),
            None => Ok(to),
        }
    }
}

/// A table of terms, or what is wrong with which file.
pub(super) fn load_csv(path: &Path) -> Result<Glossary, Error> {
    Glossary::load_csv(path).map_err(|cause| unusable(cause, path))
}

fn unusable(cause: glossary::Error, path: &Path) -> Error {
    match cause {
        // Names the file itself.
        glossary::Error::Read { .. } => cause.into(),
        cause => Error::GlossaryFile {
            cause,
            path: path.to_owned(),
        },
    }
}

fn describe(path: &Path) -> Result<GlossaryInfo, Error> {
    let glossary = load_csv(path)?;
    Ok(GlossaryInfo {
        name: stem(path),
        path: path.to_owned(),
        terms: glossary.len(),
        unreviewed: glossary.terms().iter().filter(|t| unreviewed(t)).count(),
        problems: glossary
            .problems()
            .iter()
            .map(ToString::to_string)
            .collect(),
        broken: None,
    })
}

fn unreviewed(term: &Term) -> bool {
    term.entries
        .values()
        .any(|entry| entry.review == Review::Unreviewed)
}

pub(super) fn csv_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_file() && p.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")))
        .collect();
    files.sort();
    files
}

pub(super) fn stem(path: &Path) -> String {
    path.file_stem()
        .map(|s| s.to_string_lossy().into_owned())
        .unwrap_or_default()
}

impl App {
    /// The microphones of this machine.
    ///
    /// # Errors
    /// A sound system that does not answer.
    pub fn devices(&self) -> Result<Vec<audio::DeviceInfo>, Error> {
        Ok(audio::devices()?)
    }

    /// The languages of the six in which a person should not rely on the model that would recognise
    /// them.
    pub fn speech_doubted(&self) -> Vec<Lang> {
        let shelf = self.shelf();
        let model = |lang: Lang| shelf.for_speech(lang, self.config.speech_for(lang)).ok();
        let mut languages = Lang::SIX.to_vec();
        languages.retain(|lang| model(*lang).is_some_and(|m| m.doubt(*lang).is_some()));
        languages
    }

    /// The languages of the six that no installed model serves in this way.
    pub(super) fn languages_without(&self, serves: impl Fn(&Model, Lang) -> bool) -> Vec<Lang> {
        let shelf: Vec<Model> = self.shelf().models;
        Lang::SIX
            .into_iter()
            .filter(|lang| !shelf.iter().any(|m| serves(m, *lang)))
            .collect()
    }
}
