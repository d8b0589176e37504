//! Writing interviews out.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::domain::{Asked, Cancel, Interview, InterviewId, Lang, ReadBack, Segment, SessionEvent};
use crate::evidence::{self, Kind, Outgoing, Story, To};
use crate::export::{
    self, Format, Print, Redacted, Redaction, SHIPPED_TEMPLATES, Sound, Source, Template,
};
use crate::fonts;
use crate::pipeline::{Progress, Step, Watcher};
use crate::store;

use super::evidence::Hashing;
use super::happened::{happened, known};
use super::leaving::{Standing, TRIES, refuse_inside};
use super::whole::{write_noted, write_whole};
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

/// An export that was asked for and is allowed.
struct Wish<'a> {
    id: InterviewId,
    format: Format,
    choices: &'a ExportChoices,
    rules: Option<Redaction>,
    /// The forms of a record, as they were read when it was asked for.
    templates: Vec<Template>,
    standing: Standing,
    what: Outgoing<'static>,
}

impl Wish<'_> {
    /// What its entries tell of it, without a name.
    fn facts(&self) -> Map<String, Value> {
        let files = self.templates.iter().map(Template::file);
        let files = files.map(|(name, sha256)| (name, json!(sha256)));
        let files: Map<String, Value> = files.collect();
        let facts = [
            ("format", json!(self.format.as_str())),
            ("sound", json!(self.what.sound)),
            ("redacted", json!(self.rules.is_some())),
        ];
        // Whoever changes what a person signs for changes a form.
        let forms = (!files.is_empty()).then(|| ("templates", Value::Object(files)));
        let facts = facts.into_iter().chain(forms);
        facts.map(|(name, fact)| (name.to_owned(), fact)).collect()
    }
}

/// What is stored of an interview at one moment.
pub(super) struct Gathered {
    pub(super) interview: Interview,
    pub(super) segments: Vec<Segment>,
    read_back: Vec<ReadBack>,
    /// The entries of its session.
    events: Vec<SessionEvent>,
    /// What the register knows of the person, by the name of a record's field.
    known: Vec<(&'static str, String)>,
    /// The hash of the last event in its chain.
    head: String,
    /// Where the chain of its sound ended.
    sound_head: Option<String>,
    /// What was covered in it.
    pub(super) redacted: Option<Redacted>,
}

impl Gathered {
    fn cover(&mut self, copy: Redacted) {
        // Reasons are a person's words too, and hold names.
        for answer in &mut self.read_back {
            answer.reason = None;
            answer.by.clear();
        }
        self.known.clear();
        self.interview.clone_from(&copy.interview);
        self.segments.clone_from(&copy.segments);
        self.redacted = Some(copy);
    }
}

impl App {
    /// Writes one interview to a file: wholly or not at all, and not without an entry in its chain. A
    /// file that is there already is replaced only with `force`.
    ///
    /// # Errors
    /// An unknown id; a file that is there; a disk that refuses; a workspace that cannot be written; a
    /// place inside of a locked workspace; a cancel.
    pub fn export(
        &self,
        id: &str,
        format: Format,
        choices: &ExportChoices,
        (out, force): (&Path, bool),
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Exported, Error> {
        refuse_inside(out)?;
        let wish = self.allowed(id, format, choices)?;
        let copy = self.gather(&wish.id, wish.rules.as_ref())?;
        let (told, _) = write_noted(
            out,
            force,
            &mut |file| {
                let mut file = Hashing::new(file);
                let told = self.write_out(&wish, &copy, &mut file, (cancel, watcher))?;
                Ok((told, file.digest()))
            },
            &mut |(_, sha256)| self.note_exported(&wish, sha256),
        )?;
        Ok(told)
    }

    /// Writes one interview to any writer. It is made twice: what was written cannot be taken back, so
    /// its hash has to stand in the chain before.
    ///
    /// # Errors
    /// An unknown id; a writer that refuses; a workspace that cannot be written; a cancel.
    pub fn export_to(
        &self,
        id: &str,
        format: Format,
        choices: &ExportChoices,
        out: &mut dyn Write,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Exported, Error> {
        let wish = self.allowed(id, format, choices)?;
        let copy = self.gather(&wish.id, wish.rules.as_ref())?;
        let mut nowhere = io::sink();
        let mut first = Hashing::new(&mut nowhere);
        self.write_out(&wish, &copy, &mut first, (cancel, watcher))?;
        self.note_exported(&wish, &first.digest())?;
        self.write_out(&wish, &copy, out, (cancel, watcher))
    }

    /// Refuses what the person interviewed does not allow; else notes that the export was asked for.
    /// What is wanted of it, with what is to be covered.
    fn allowed<'a>(
        &self,
        id: &str,
        format: Format,
        choices: &'a ExportChoices,
    ) -> Result<Wish<'a>, Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        let standing = self.standing(&store, &id)?;
        // The law asks for the name in the record that the person signs.
        let record = format.is_record();
        let names = standing.bound.as_ref().filter(|_| !record);
        let rules = self.covering(&store, names, choices.redact.as_deref())?;
        let sound = match format {
            Format::Audio => true,
            Format::Html => choices.sound && !store.working_copies(&id)?.is_empty(),
            _ => false,
        };
        let what = Outgoing {
            to: To::File,
            sound,
            named: !record && !rules.as_ref().is_some_and(Redaction::covers_names),
        };
        if let Some(bound) = &standing.bound {
            bound.allow(&what)?;
        }
        let templates = match record {
            true => self.templates(&store.interview(&id)?, &choices.languages)?,
            false => Vec::new(),
        };
        let wish = Wish {
            id,
            format,
            choices,
            rules,
            templates,
            standing,
            what,
        };
        self.note_export(Some(&wish.id), Kind::OpenedForExport, wish.facts())?;
        Ok(wish)
    }

    /// What is stored of an interview at one moment, with what is to be covered covered. The end of its
    /// chain stands on paper, so it has to be that of these words.
    ///
    /// # Errors
    /// [`store::Error::Busy`] where somebody changes it all the time; what [`Redaction::apply`] says.
    pub(super) fn gather(
        &self,
        id: &InterviewId,
        rules: Option<&Redaction>,
    ) -> Result<Gathered, Error> {
        let store = self.reading()?;
        for _ in 0..TRIES {
            let links = store.chain(id)?;
            let head = evidence::head(&links).to_owned();
            let (interview, segments) = self.show(&id.0)?;
            let read_back = self.read_backs(id)?;
            let stood = store.stood(id)?;
            let events = store.events(id)?;
            // Somebody may have corrected a line between the readings.
            if evidence::head(&store.chain(id)?) != head {
                continue;
            }
            let (story, _) = Story::of(&id.0, &links);
            let mut made = Gathered {
                interview,
                segments,
                read_back,
                events,
                known: known(&store, &story)?,
                head,
                sound_head: story.sound_head().map(|s| s.head),
                redacted: None,
            };
            if let Some(rules) = rules {
                made.cover(rules.apply(&made.interview, &made.segments, &stood, &made.head)?);
            }
            return Ok(made);
        }
        Err(store::Error::Busy.into())
    }

    fn write_out(
        &self,
        wish: &Wish<'_>,
        copy: &Gathered,
        out: &mut dyn Write,
        (cancel, watcher): (&Cancel, Watcher<'_>),
    ) -> Result<Exported, Error> {
        let (format, choices) = (wish.format, wish.choices);
        let (interview, segments) = (&copy.interview, &copy.segments);
        let redacted = copy.redacted.as_ref();
        let files = self.working_files(&interview.id)?;
        let found = if format.needs_fonts() {
            fonts::find()
        } else {
            fonts::Faces::default()
        };
        let happened = happened(&copy.events, redacted.is_some());
        let source = Source {
            recorded_here: self.session(&interview.id.0)?.is_some(),
            print: Print {
                faces: &found.faces,
                templates: &wish.templates,
                person: choices.person,
                head: Some(&copy.head),
                sound_head: copy.sound_head.as_deref(),
                read_back: &copy.read_back,
                happened: &happened,
                known: &copy.known,
            },
            sound: Sound {
                files: &files,
                covered: redacted.map(|copy| &copy.covered[..]).unwrap_or_default(),
                heard: redacted.and_then(|copy| copy.heard.as_deref()),
            },
            with_sound: choices.sound,
            redacted,
            ..Source::new(interview, segments)
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

    /// Notes that an export is whole and about to leave.
    fn note_exported(&self, wish: &Wish<'_>, sha256: &str) -> Result<(), Error> {
        let mut facts = wish.facts();
        facts.insert("sha256".into(), json!(sha256));
        let what = (&wish.standing, &wish.what);
        self.note_leaving(
            &mut self.noting()?,
            &wish.id,
            what,
            (Kind::Exported, &facts),
        )
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
