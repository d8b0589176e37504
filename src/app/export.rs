//! Writing interviews out.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::domain::{Asked, Cancel, Interview, InterviewId, Lang};
use crate::evidence::{self, Kind, Outgoing, To};
use crate::export::{self, Format, Print, Redaction, SHIPPED_TEMPLATES, Sound, Source, Template};
use crate::fonts;
use crate::pipeline::{Progress, Step, Watcher};
use crate::store::{self, Store};

use super::evidence::Hashing;
use super::whole::write_whole;
use super::{App, Error};

/// What may be chosen about an export.
#[derive(Clone, Debug)]
pub struct ExportChoices {
    /// A page carries the sound.
    pub sound: bool,
    /// Whose record it is.
    pub person: Option<Asked>,
    /// The languages of a record, one or two; those of the interview where none is named.
    pub languages: Vec<Lang>,
    /// The list of what to cover.
    pub redact: Option<PathBuf>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// Places that were covered, and lines that hold them; none where nothing was to be.
    pub covered: Option<(usize, usize)>,
}

impl Default for ExportChoices {
    fn default() -> Self {
        Self {
            sound: true,
            person: None,
            languages: Vec::new(),
            redact: None,
        }
    }
}

impl App {
    /// Writes one interview to a file: wholly or not at all. A file that is there already is
    /// replaced only with `force`.
    ///
    /// # Errors
    /// An unknown id; a file that is there; a disk that refuses; a cancel.
    pub fn export(
        &self,
        id: &str,
        format: Format,
        choices: &ExportChoices,
        (out, force): (&Path, bool),
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Exported, Error> {
        let mut told = (Exported::default(), String::new());
        let (id, rules) = self.allowed(id, format, choices)?;
        let what = (format, choices, rules.as_ref());
        write_whole(out, force, &mut |file| {
            let mut file = Hashing::new(file);
            let exported = self.write_out(&id, what, &mut file, (cancel, watcher))?;
            told = (exported, file.digest());
            Ok(())
        })?;
        self.note_exported(&id, format, &told.1)?;
        Ok(told.0)
    }

    /// Writes one interview to any writer.
    ///
    /// # Errors
    /// An unknown id; a writer that refuses; a cancel.
    pub fn export_to(
        &self,
        id: &str,
        format: Format,
        choices: &ExportChoices,
        out: &mut dyn Write,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Exported, Error> {
        let (id, rules) = self.allowed(id, format, choices)?;
        let what = (format, choices, rules.as_ref());
        let mut out = Hashing::new(out);
        let told = self.write_out(&id, what, &mut out, (cancel, watcher))?;
        self.note_exported(&id, format, &out.digest())?;
        Ok(told)
    }

    /// Refuses what the person interviewed does not allow; else notes that the export was asked for.
    /// What is to be covered in it.
    fn allowed(
        &self,
        id: &str,
        format: Format,
        choices: &ExportChoices,
    ) -> Result<(InterviewId, Option<Redaction>), Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        let bound = self.bound(&store, &id)?;
        // The law asks for the name in the record that the person signs.
        let record = format.is_record();
        let names = bound.as_ref().filter(|_| !record);
        let rules = self.covering(&store, names, choices.redact.as_deref())?;
        if let Some(bound) = &bound {
            let sound = match format {
                Format::Audio => true,
                Format::Html => choices.sound && !store.working_copies(&id)?.is_empty(),
                _ => false,
            };
            bound.allow(&Outgoing {
                to: To::File,
                sound,
                named: !record && !rules.as_ref().is_some_and(Redaction::covers_names),
            })?;
        }
        self.open_export(&id, format, rules.is_some())?;
        Ok((id, rules))
    }

    fn write_out(
        &self,
        id: &InterviewId,
        (format, choices, rules): (Format, &ExportChoices, Option<&Redaction>),
        out: &mut dyn Write,
        (cancel, watcher): (&Cancel, Watcher<'_>),
    ) -> Result<Exported, Error> {
        let (mut interview, mut segments) = self.show(&id.0)?;
        let head = evidence::head(&self.reading()?.chain(id)?).to_owned();
        let mut read_back = self.read_backs(id)?;
        let mut redacted = None;
        if let Some(rules) = rules {
            let stood = self.reading()?.stood(&interview.id)?;
            let copy = rules.apply(&interview, &segments, &stood, &head)?;
            // Reasons are a person's words too, and hold names.
            for answer in &mut read_back {
                answer.reason = None;
                answer.by.clear();
            }
            interview.clone_from(&copy.interview);
            segments.clone_from(&copy.segments);
            redacted = Some(copy);
        }
        let covered = redacted.as_ref().map(|c| c.covered.clone());
        let files = self.working_files(&interview.id)?;
        let templates = if format.is_record() {
            self.templates(&interview, &choices.languages)?
        } else {
            Vec::new()
        };
        let found = if format.needs_fonts() {
            fonts::find()
        } else {
            fonts::Faces::default()
        };
        let source = Source {
            recorded_here: self.session(&interview.id.0)?.is_some(),
            print: Print {
                faces: &found.faces,
                templates: &templates,
                person: choices.person,
                head: Some(&head),
                read_back: &read_back,
            },
            sound: Sound {
                files: &files,
                covered: covered.as_deref().unwrap_or_default(),
                heard: redacted.as_ref().and_then(|copy| copy.heard.as_deref()),
            },
            with_sound: choices.sound,
            redacted: redacted.as_ref(),
            ..Source::new(&interview, &segments)
        };
        let mut tell = |done, total| {
            watcher(Progress::Step {
                step: Step::Writing,
                done,
                total,
            });
            if cancel.is_cancelled() {
                return Err(export::Error::Cancelled);
            }
            Ok(())
        };
        export::write(format, &source, out, &mut tell)?;
        Ok(Exported {
            covered: redacted.map(|copy| (copy.places, copy.lines)),
        })
    }

    /// Notes in the chain that an export was asked for.
    fn open_export(&self, id: &InterviewId, format: Format, redacted: bool) -> Result<(), Error> {
        let mut facts = Map::new();
        facts.insert("format".into(), json!(format.as_str()));
        facts.insert("redacted".into(), json!(redacted));
        self.note_export(Some(id), Kind::OpenedForExport, facts)
    }

    /// Notes that an export was written whole.
    fn note_exported(&self, id: &InterviewId, format: Format, sha256: &str) -> Result<(), Error> {
        let mut facts = Map::new();
        facts.insert("format".into(), json!(format.as_str()));
        facts.insert("sha256".into(), json!(sha256));
        self.note_export(Some(id), Kind::Exported, facts)
    }

    /// Notes an export in the interview's chain, or in the workspace's own. A workspace that cannot be
    /// written is a copy on a read-only disk: what is read there cannot be
    /// noted in the record, and the record itself is elsewhere.
    pub(super) fn note_export(
        &self,
        id: Option<&InterviewId>,
        kind: Kind,
        facts: Map<String, Value>,
    ) -> Result<(), Error> {
        match Store::open(&self.workspace.store()) {
            Ok(mut store) => match id {
                Some(id) => store.note(id, kind, facts, None).map(|_| ())?,
                None => store.note_own(kind, facts, None).map(|_| ())?,
            },
            Err(store::Error::ReadOnly | store::Error::Open { .. }) => {}
            Err(e) => return Err(e.into()),
        }
        Ok(())
    }

    /// Notes in an interview's chain that a person opened it in the window, and who, where a name was
    /// chosen there. Quiet where the interview is sealed and where nothing can be written. False while
    /// it is recorded, or somebody else writes: then it is to be noted the next time.
    ///
    /// # Errors
    /// An unknown interview; an unreadable store.
    pub(super) fn note_opened(&self, id: &InterviewId) -> Result<bool, Error> {
        let mut store = match Store::open(&self.workspace.store()) {
            Ok(store) => store,
            Err(store::Error::ReadOnly | store::Error::Open { .. }) => return Ok(true),
            Err(e) => return Err(e.into()),
        };
        if store.session(id)?.is_some_and(|s| s.in_progress) {
            return Ok(false);
        }
        let mut facts = Map::new();
        facts.insert("through".into(), json!("window"));
        let name = self.choices().choices.name;
        if !name.trim().is_empty() {
            facts.insert("name".into(), json!(name.trim()));
        }
        match store.note_opened(id, facts) {
            Ok(_) | Err(store::Error::ReadOnly) => Ok(true),
            Err(store::Error::Busy) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// The forms of a record in these languages, or in the first two of the interview.
    fn templates(&self, interview: &Interview, wanted: &[Lang]) -> Result<Vec<Template>, Error> {
        let languages = match wanted {
            [] => interview.languages.get(..2).unwrap_or(&interview.languages),
            named => named,
        };
        let folder = self.workspace.templates();
        let of = |lang: &Lang| Ok(Template::of(*lang, Some(&folder))?);
        languages.iter().map(of).collect()
    }

    /// Copies the forms of the record that ship with the program into the workspace, where they may
    /// be changed. Those that are there already stay. Returns the new files.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn copy_templates(&self) -> Result<Vec<PathBuf>, Error> {
        let folder = self.workspace.templates();
        std::fs::create_dir_all(&folder).map_err(|cause| Error::File {
            what: "make the folder",
            cause,
            path: folder.clone(),
        })?;
        let mut written = Vec::new();
        for (name, content) in SHIPPED_TEMPLATES {
            let path = folder.join(name);
            match write_whole(&path, false, &mut |out| {
                out.write_all(content.as_bytes())
                    .map_err(|e| export::Error::Write(e).into())
            }) {
                Ok(()) => written.push(path),
                Err(Error::Exists(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(written)
    }
}
