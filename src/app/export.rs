//! Writing interviews out.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::domain::{Cancel, Interview, InterviewId, Lang};
use crate::evidence;
use crate::export::{
    self, Format, Person, Print, Redaction, SHIPPED_TEMPLATES, Sound, Source, Template,
};
use crate::fonts;
use crate::pipeline::{Progress, Step, Watcher};

use super::evidence::Hashing;
use super::read::write_whole;
use super::{App, Error};

/// What may be chosen about an export.
#[derive(Clone, Debug)]
pub struct ExportChoices {
    /// A page carries the sound.
    pub sound: bool,
    /// Whose record it is.
    pub person: Option<Person>,
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
        let id = self.open_export(id, format, choices.redact.is_some())?;
        write_whole(out, force, &mut |file| {
            let mut file = Hashing::new(file);
            let exported = self.write_out(&id, format, choices, &mut file, (cancel, watcher))?;
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
        let id = self.open_export(id, format, choices.redact.is_some())?;
        let mut out = Hashing::new(out);
        let told = self.write_out(&id, format, choices, &mut out, (cancel, watcher))?;
        self.note_exported(&id, format, &out.digest())?;
        Ok(told)
    }

    fn write_out(
        &self,
        id: &InterviewId,
        format: Format,
        choices: &ExportChoices,
        out: &mut dyn Write,
        (cancel, watcher): (&Cancel, Watcher<'_>),
    ) -> Result<Exported, Error> {
        let (mut interview, mut segments) = self.show(&id.0)?;
        let mut redacted = None;
        if let Some(list) = &choices.redact {
            let copy = Redaction::load(list)?.apply(&interview, &segments)?;
            interview.clone_from(&copy.interview);
            segments.clone_from(&copy.segments);
            redacted = Some(copy);
        }
        let covered = redacted.as_ref().map(|c| c.covered.clone());
        let head = evidence::head(&self.reading()?.chain(id)?).to_owned();
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
            },
            sound: Sound {
                files: &files,
                covered: covered.as_deref().unwrap_or_default(),
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
