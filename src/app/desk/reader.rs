//! The desk's quick thread: reads the store, answers questions, adds corrections.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::Receiver;

use crate::app::{Edit, Error, GlossaryInfo, Suggested};
use crate::audio;
use crate::domain::{Cancel, Interpreted, InterviewId, SegmentId};
use crate::pipeline::Progress;
use crate::store::{Recutting, SearchQuery};
use crate::transcript::is_transcript;

use super::board::{Entry, Folder, Found, Notice, Recutted, Refused, Saved, Shelf, Told, Versions};
use super::opened::{ForeignOpened, Opened};
use super::{Command, Common, Speaking, custody, places, put_back, register};

/// Entries of a folder that are listed at most.
const MOST_ENTRIES: usize = 2_000;

/// Answers until the desk is gone. `newest` counts the searches that were asked; a search index is made anew
/// unless somebody stopped that.
pub(super) fn run(
    common: &Common,
    asked: &Receiver<Command>,
    (newest, mend): (&AtomicU64, &Cancel),
) {
    let mut answered = 0;
    // Interviews of which it was noted that they were opened: once each, as long as the desk is there.
    let mut noted = HashSet::new();
    while let Ok(command) = asked.recv() {
        let result = match command {
            Command::List => list(common),
            Command::Open(id) => open(common, &id).and_then(|()| note(common, id, &mut noted)),
            Command::Refresh => refresh(common),
            Command::Lines(id, lines) => renew(common, &id, &lines),
            Command::Versions(id, segment) => versions(common, &id, segment),
            Command::NearNames(id, segment) => register::near_names(common, id, segment),
            Command::Edit(id, segment, edit, number) => {
                correct(common, &id, segment, &edit, number)
            }
            Command::Recut(id, what, by, reason, number) => {
                recut(common, &id, &what, (&by, reason.as_deref()), number)
            }
            Command::Speaker(what, number) => speaker(common, &what, number),
            Command::PutBack(id, what, (by, reason), number) => {
                put_back::put_back(common, &id, &what, (&by, &reason), number)
            }
            Command::Certify(id, lines, despite, number) => {
                certify(common, &id, (&lines, despite.as_deref()), number)
            }
            Command::KeepVoices(id, suggested, by, number) => {
                keep_voices(common, &id, (&suggested, &by), number)
            }
            Command::OpenForeign(bundle) => foreign(common, bundle),
            Command::Term(term, number) => {
                saved(common, number, common.app.put_term(&term).map(|_| ()));
                shelf(common);
                Ok(())
            }
            Command::ExportTerms(path) => common
                .app
                .export_glossary(None, None, &path, false)
                .map(|_| common.board.tell(Notice::Written(path))),
            Command::Search(query, across) => {
                answered += 1;
                if answered < newest.load(Ordering::Relaxed) {
                    continue;
                }
                search(common, &query, across, mend)
            }
            Command::Shelf => {
                shelf(common);
                Ok(())
            }
            Command::People => register::people(common),
            Command::Person(id) => register::person(common, &id),
            Command::Near(text) => register::near(common, text),
            Command::Offers(id) => register::offers(common, id),
            Command::Links(case) => register::links(common, case.as_deref()),
            Command::Enter(by, act, number) => register::enter(common, &by, act, number),
            Command::Browse(path) => browse(common, path, can_import),
            Command::BrowseAll(path) => browse(common, path, |_| true),
            Command::Places => {
                places::list(common);
                Ok(())
            }
            Command::LookAt(path, number) => {
                places::look_at(common, path, number);
                Ok(())
            }
            Command::FreePath(folder, (name, ending), number) => {
                places::free(common, &folder, (&name, &ending), number);
                Ok(())
            }
            Command::Microphones => microphones(common),
            Command::Custody => {
                custody::read(common);
                Ok(())
            }
            Command::Forget => {
                custody::forget(common);
                Ok(())
            }
            Command::Keep(choices) => common.app.keep_choices(&choices),
            Command::Prefer(wanted) => common.app.prefer(&wanted).map(|aside| {
                common.board.preferred.put(common.app.preferences());
                if let Some(aside) = aside {
                    common.board.tell(Notice::PutAside(aside));
                }
                let path = common.app.workspace().config_file();
                common.board.tell(Notice::Written(path));
            }),
            // The other threads' commands never come here.
            _ => Ok(()),
        };
        match result {
            Ok(()) => (common.wake)(),
            Err(error) => common.tell(&error),
        }
    }
}

fn microphones(common: &Common) -> Result<(), Error> {
    common.board.microphones.put(audio::devices()?);
    Ok(())
}

fn list(common: &Common) -> Result<(), Error> {
    let board = &common.board;
    let runs = board.recording.get().map(|r| r.interview.clone());
    let works = board.job.get().is_some_and(|job| job.over.is_none());
    board
        .unfinished
        .put(common.app.unfinished(runs.as_ref(), works)?);
    board.interviews.put(common.app.list(None)?);
    Ok(())
}

fn open(common: &Common, id: &InterviewId) -> Result<(), Error> {
    let (interview, lines) = common.app.show(&id.0)?;
    let other = |opened: std::sync::Arc<Opened>| opened.interview.id != *id;
    if common.board.opened.get().is_some_and(other) {
        // What came of a task for one interview is not shown over another.
        common.board.outcome.take();
    }
    common.board.opened.put(Opened {
        layers: Interpreted::of(&lines),
        lines: lines.into_iter().map(Arc::new).collect(),
        recuts: common.app.recuts(&interview.id.0)?.1,
        events: common.app.events(&interview.id.0)?,
        session: common.app.session(&interview.id.0)?,
        unsigned: common.app.unsigned_work(&interview.id)?,
        interview,
    });
    Ok(())
}

/// Notes in the chain that a person opened an interview; it is on the screen already.
fn note(common: &Common, id: InterviewId, noted: &mut HashSet<InterviewId>) -> Result<(), Error> {
    if !noted.contains(&id) && common.app.note_opened(&id)? {
        noted.insert(id);
    }
    Ok(())
}

pub(super) fn refresh(common: &Common) -> Result<(), Error> {
    list(common)?;
    match common.board.opened.get() {
        Some(opened) => open(common, &opened.interview.id),
        None => Ok(()),
    }
}

/// Reads these lines again where their interview is open; new ones come to their places. The rest of the
/// interview stays as it was read.
fn renew(common: &Common, id: &InterviewId, lines: &[SegmentId]) -> Result<(), Error> {
    let opened = common.board.opened.get();
    let Some(opened) = opened.filter(|opened| opened.interview.id == *id) else {
        return Ok(());
    };
    let mut opened = Opened::clone(&opened);
    for segment in lines {
        opened.put(common.app.line(id, *segment)?);
    }
    common.board.opened.put(opened);
    Ok(())
}

fn versions(common: &Common, id: &InterviewId, segment: SegmentId) -> Result<(), Error> {
    common.board.versions.put(Versions {
        interview: id.clone(),
        segment,
        texts: common.app.all_versions(id, segment)?,
        speakers: common.app.speakers(id, segment)?,
        cut: common.app.cut_history(id, segment)?,
    });
    Ok(())
}

/// Adds the version of a line. What was refused is said beside the words, which stay on the screen.
fn correct(
    common: &Common,
    id: &InterviewId,
    segment: SegmentId,
    edit: &Edit,
    number: u64,
) -> Result<(), Error> {
    custody::at_desk(common, &edit.by);
    let done = common.app.edit(&id.0, segment.0, edit);
    changed(common, (id, segment), done.map(|_| ()), number)
}

/// Reads a line again where it was changed, then says how that ended: whoever goes on from the answer sees what
/// stands there now. The lists follow.
pub(super) fn changed(
    common: &Common,
    (id, segment): (&InterviewId, SegmentId),
    done: Result<(), Error>,
    number: u64,
) -> Result<(), Error> {
    let made = done.is_ok();
    let read = if made {
        corrected(common, id, segment)
    } else {
        Ok(())
    };
    saved(common, number, done);
    read?;
    if made {
        versions(common, id, segment)?;
        list(common)?;
    }
    Ok(())
}

/// Reads a line again that was corrected.
fn corrected(common: &Common, id: &InterviewId, segment: SegmentId) -> Result<(), Error> {
    let line = common.app.line(id, segment)?;
    if let Some(opened) = common.board.opened.get()
        && opened.interview.id == *id
    {
        let mut opened = Opened::clone(&opened);
        if let Some(place) = opened.lines.iter_mut().find(|l| l.id == segment) {
            *place = Arc::new(line);
        }
        opened.unsigned = common.app.unsigned_work(id)?;
        common.board.opened.put(opened);
    }
    Ok(())
}

/// Signs for lines, then reads the interview again, so that whoever goes on from the answer sees that.
fn certify(
    common: &Common,
    id: &InterviewId,
    (lines, despite): (&[SegmentId], Option<&str>),
    number: u64,
) -> Result<(), Error> {
    let done = custody::certify(common, id, lines, despite);
    let read = match &done {
        Ok(()) => refresh(common),
        Err(error) => {
            common.board.uncertified.put(Refused {
                interview: id.clone(),
                number,
                told: Told {
                    what: common.app.words(error),
                    next: error.help(),
                },
            });
            Ok(())
        }
    };
    saved(common, number, done);
    read
}

/// Says how a change ended under its number.
fn saved(common: &Common, number: u64, done: Result<(), Error>) {
    let failed = done.err();
    let ended = Saved {
        passes: failed.as_ref().is_some_and(Error::passes),
        failed: failed.as_ref().map(Told::of),
    };
    common.board.saved.put(number, ended);
}

/// Says who speaks, then reads the interview again.
fn speaker(common: &Common, what: &Speaking, number: u64) -> Result<(), Error> {
    let signed = (what.by.as_str(), what.reason.as_deref());
    let id = &what.interview.0;
    custody::at_desk(common, &what.by);
    let done = common
        .app
        .set_speaker(id, what.segment, what.all, &what.speaker, signed);
    let read = if done.is_ok() {
        open(common, &what.interview)
    } else {
        Ok(())
    };
    saved(common, number, done.map(|_| ()));
    read
}

fn keep_voices(
    common: &Common,
    id: &InterviewId,
    (suggested, by): (&[Suggested], &str),
    number: u64,
) -> Result<(), Error> {
    custody::at_desk(common, by);
    let done = common.app.keep_voices(id, suggested, by);
    said_of(common, id, done.map(|_| ()), number)
}

/// What came of saying of several lines who speaks. Those of one speaker may be said already where
/// another's failed.
pub(super) fn said_of(
    common: &Common,
    id: &InterviewId,
    done: Result<(), Error>,
    number: u64,
) -> Result<(), Error> {
    let read = open(common, id);
    saved(common, number, done);
    read
}

fn foreign(common: &Common, bundle: String) -> Result<(), Error> {
    let (name, interview, lines) = common.app.show_foreign(&bundle)?;
    common.app.note_foreign(&bundle)?;
    common.board.foreign.put(ForeignOpened {
        bundle,
        name,
        opened: Arc::new(Opened {
            layers: Interpreted::of(&lines),
            lines: lines.into_iter().map(Arc::new).collect(),
            recuts: Vec::new(),
            events: Vec::new(),
            session: None,
            unsigned: BTreeSet::new(),
            interview,
        }),
    });
    Ok(())
}

/// Changes the lines, then reads the interview again.
fn recut(
    common: &Common,
    id: &InterviewId,
    what: &Recutting,
    (by, reason): (&str, Option<&str>),
    number: u64,
) -> Result<(), Error> {
    custody::at_desk(common, by);
    let done = common.app.recut(&id.0, what, by, reason);
    let changed = done.is_ok();
    let read = if changed { open(common, id) } else { Ok(()) };
    let ended = match done {
        Ok((_, done)) => Recutted {
            done: Some(done),
            failed: None,
            passes: false,
        },
        Err(error) => Recutted {
            done: None,
            failed: Some(Told::of(&error)),
            passes: error.passes(),
        },
    };
    common.board.recut.put(number, ended);
    read?;
    if changed { list(common) } else { Ok(()) }
}

fn search(common: &Common, query: &SearchQuery, across: bool, mend: &Cancel) -> Result<(), Error> {
    let answered = answer(common, query, across, mend);
    if answered.is_err() {
        // What was found before is no answer to this question.
        common.board.found.take();
    }
    answered
}

fn answer(common: &Common, query: &SearchQuery, across: bool, mend: &Cancel) -> Result<(), Error> {
    let watcher = |progress: Progress| {
        if let Progress::Step { done, total, .. } = progress {
            common.board.indexing.put((done, total));
            (common.wake)();
        }
    };
    let page = common.app.search_plainly(query, across, (mend, &watcher));
    common.board.indexing.take();
    let page = page?;
    if page.total > 0 {
        common.app.note_searched("window search")?;
    }
    common.board.found.put(Found::of(query, across, page));
    Ok(())
}

/// Says how many terms were taken in, and what a person should look at.
pub(super) fn told_of(common: &Common, taken: GlossaryInfo) {
    common.board.tell(Notice::Terms {
        count: taken.terms,
        remarks: taken.problems,
    });
    shelf(common);
}

pub(super) fn shelf(common: &Common) {
    let (models, broken) = common.app.models();
    let mut broken: Vec<Told> = broken.iter().map(Told::of).collect();
    let terms = common.app.terms().unwrap_or_else(|error| {
        broken.push(Told::of(&error));
        Vec::new()
    });
    common.board.shelf.put(Shelf {
        terms,
        models,
        doubted: common.app.speech_doubted(),
        spoken: common.app.spoken(),
        broken,
    });
}

/// Lists a folder: its folders, and the files that are `wanted`.
fn browse(common: &Common, path: Option<PathBuf>, wanted: fn(&Path) -> bool) -> Result<(), Error> {
    let path = path.unwrap_or_else(|| common.app.usual_folder());
    let failed = |cause| Error::File {
        what: "list the folder",
        cause,
        path: path.clone(),
    };
    let mut entries = Vec::new();
    for entry in fs::read_dir(&path).map_err(failed)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = entry.path();
        let folder = path.is_dir();
        if !name.starts_with('.') && (folder || wanted(&path)) {
            entries.push(Entry { name, path, folder });
        }
    }
    entries.sort_by(|a, b| b.folder.cmp(&a.folder).then_with(|| a.name.cmp(&b.name)));
    let cut = entries.len() > MOST_ENTRIES;
    entries.truncate(MOST_ENTRIES);
    common.board.folder.put(Folder { path, entries, cut });
    Ok(())
}

/// A name that nothing has yet: an export never takes the place of another file.
pub(super) fn free_name(folder: &Path, name: &str, ending: &str) -> PathBuf {
    let named = |number: u32| match number {
        1 => folder.join(format!("{name}.{ending}")),
        _ => folder.join(format!("{name}-{number}.{ending}")),
    };
    let free = (1..1000).map(named).find(|path| !path.exists());
    free.unwrap_or_else(|| named(1000))
}

fn can_import(path: &Path) -> bool {
    is_transcript(path) || audio::is_sound(path)
}
