//! After a kill, a power cut or a full disk: a session that was never ended becomes an interview like
//! any other. Its sound is read to its true end, its missing lines are cut, its record is completed
//! from the journal; the backlog then writes the text.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::audio::{self, Notice, Series};
use crate::domain::{Cancel, EventKind, InterviewId, SamplePos, SessionEvent};
use crate::store::{NewEvent, NewSegment, Store};
use crate::vault;

use super::entries::{Ends, From, add_part, apart, headless, record_entry, unread, worse};
use super::listening::{limits, new_segment};
use super::plan::PLAN_FILE;
use super::{Error, SessionPlan};
use crate::pipeline::{Progress, Step, Watcher};

/// Largest plan that is read back.
const MAX_PLAN_BYTES: u64 = 1 << 20;

/// What became of a session that had not been ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The interview.
    pub id: InterviewId,
    /// Length of its sound.
    pub duration_ms: u64,
    /// Lines that were cut now.
    pub lines: usize,
}

/// Folders of sessions that were begun and not ended. The caller holds the work lock, so none of
/// them is running.
///
/// # Errors
/// An unreadable store. A folder that cannot be read is left out: it is still there.
pub fn unfinished_sessions(store: &Store, recordings: &Path) -> Result<Vec<PathBuf>, Error> {
    let Ok(entries) = fs::read_dir(recordings) else {
        return Ok(Vec::new());
    };
    let mut unfinished = Vec::new();
    for folder in entries.flatten().map(|e| e.path()) {
        if !folder.join(PLAN_FILE).is_file() {
            continue;
        }
        let name = folder.file_name().map(|n| n.to_string_lossy().into_owned());
        let id = InterviewId(name.unwrap_or_default());
        let ended = match store.session(&id) {
            Ok(state) => state.is_some_and(|s| !s.in_progress),
            // Killed before its row was written.
            Err(crate::store::Error::NoInterview(_)) => false,
            Err(e) => return Err(e.into()),
        };
        if !ended {
            unfinished.push(folder);
        }
    }
    unfinished.sort();
    Ok(unfinished)
}

/// Completes one session up to its pending lines. Can be repeated: what is there stays as it is.
///
/// # Errors
/// A plan that cannot be read, sound that cannot be read, a full disk, a cancel.
pub fn recover_session(
    store: &mut Store,
    folder: &Path,
    watcher: Watcher<'_>,
    cancel: &Cancel,
) -> Result<Recovered, Error> {
    let plan = read_plan(&folder.join(PLAN_FILE))?;
    let id = &plan.id;
    plan.store(store)?;
    let mut end = SamplePos(0);
    let mut how = None;
    let all = plan.series();
    let mut ends = Ends::of(all.len());
    for (series, channels) in &all {
        let parts = audio::recover_parts(folder, *series)?;
        let mut tell = |done, total| {
            let step = Step::Decoding;
            watcher(Progress::Step { step, done, total });
        };
        let sound = (parts.as_slice(), *channels);
        let own = audio::rebuild_working(folder, *series, sound, &mut tell, cancel)?;
        ends.set(*series, own);
        end = end.max(own);
        for part in &parts {
            add_part(store, id, folder, part)?;
        }
        let from = From {
            series: *series,
            several: all.len() > 1,
            leads_from: ends.leads_from(*series),
        };
        if audio::has_apart(folder, &parts) {
            note_once(store, id, &apart(from, own))?;
        }
        for name in audio::headless_parts(folder, &parts) {
            note_once(store, id, &headless(from, own, &name))?;
        }
        if let Some(name) = audio::unread_part(folder, *series, &parts) {
            note_once(store, id, &unread(from, own, &name))?;
        }
        for entry in audio::read_journal(folder, *series)? {
            if let Notice::Stopped { why, .. } = &entry.notice {
                how = Some(worse(how, why));
            }
            record_entry(store, (id, folder), from, &entry)?;
        }
        close_lasting(store, id, (EventKind::Gap, from.channel()), own)?;
    }
    close_lasting(store, id, (EventKind::Pause, None), end)?;
    let lines = cut_rest(store, &plan, folder, end, watcher, cancel)?;
    store.grow(id, end.as_ms())?;
    let microphones: Vec<Series> = all.iter().map(|(series, _)| *series).collect();
    end_session(store, id, folder, &microphones, how.unwrap_or("recovered"))?;
    Ok(Recovered {
        id: plan.id.clone(),
        duration_ms: end.as_ms(),
        lines,
    })
}

/// Adds an entry that is not there yet.
fn note_once(store: &mut Store, id: &InterviewId, event: &NewEvent) -> Result<(), Error> {
    let known = store.events(id)?;
    let is_known = |e: &SessionEvent| e.label == event.label && e.channel == event.channel;
    if !known.iter().any(is_known) {
        store.add_event(id, event)?;
    }
    Ok(())
}

/// A pause or a gap that lasted when the session was cut off ends where the sound does.
fn close_lasting(
    store: &mut Store,
    id: &InterviewId,
    (kind, channel): (EventKind, Option<u16>),
    end: SamplePos,
) -> Result<(), Error> {
    let events = store.events(id)?.into_iter();
    for open in events.filter(|e| e.lasts && e.kind == kind && e.channel == channel) {
        let closing = NewEvent {
            kind,
            label: String::new(),
            channel,
            start: open.span.start,
            end: Some(end.max(open.span.start)),
            closes: Some(kind),
            journal: None,
            at: jiff::Timestamp::now().to_string(),
        };
        store.add_event(id, &closing)?;
    }
    Ok(())
}

/// Ends a session in the record, with the end of its sound's chain.
pub(super) fn end_session(
    store: &mut Store,
    id: &InterviewId,
    folder: &Path,
    microphones: &[Series],
    how: &str,
) -> Result<(), Error> {
    let parts = microphones
        .iter()
        .map(|series| audio::recover_parts(folder, *series))
        .collect::<Result<Vec<_>, _>>()?;
    let sound = audio::complete_sound_chain(folder, &parts, &Cancel::new())?;
    let working = store.working_copies(id)?.into_iter();
    let working = working.map(|(_, file)| {
        let (sha256, _) = audio::hash_file(&folder.join(&file))?;
        Ok((file, sha256))
    });
    let working: Vec<(String, String)> = working.collect::<Result<_, Error>>()?;
    Ok(store.end_session(id, how, Some(&sound), &working)?)
}

/// Cuts the whole sound again, as the session did, and adds what is not stored yet.
fn cut_rest(
    store: &mut Store,
    plan: &SessionPlan,
    folder: &Path,
    end: SamplePos,
    watcher: Watcher<'_>,
    cancel: &Cancel,
) -> Result<usize, Error> {
    let stored = store.segments(&plan.id)?;
    let limit = store.session_limit_ms(&plan.id)?;
    // The record knows the least; a plan that says something else is not the session's.
    let longest = match limit {
        Some(ms) if ms != plan.max_utterance_ms.least() => ms.into(),
        _ => plan.max_utterance_ms.clone(),
    };
    let mut rows: Vec<NewSegment> = Vec::new();
    for channel in &plan.channels {
        let own = stored.iter().filter(|s| s.channel == channel.index);
        let done = own.map(|s| s.span.end).max().unwrap_or_default();
        let working = folder.join(format!("working-{}.wav", channel.index));
        let mut tell = |done, total| {
            let step = Step::FindingSpeech;
            watcher(Progress::Step { step, done, total });
        };
        let limits = limits(longest.among(&channel.languages));
        let cuts = audio::find_utterances(&working, &limits, &mut tell, cancel)?;
        let new = cuts.into_iter().filter(|cut| cut.span.start >= done);
        rows.extend(new.map(|cut| new_segment((folder, &plan.channels), channel, cut)));
    }
    rows.sort_by_key(|row| (row.span.start, row.channel));
    store.append_segments(&plan.id, &rows, end.as_ms())?;
    Ok(rows.len())
}

fn read_plan(path: &Path) -> Result<SessionPlan, Error> {
    let unreadable = |cause: io::Error| Error::SessionPlan {
        cause,
        path: path.to_owned(),
    };
    let text = vault::read_small(path, MAX_PLAN_BYTES).map_err(unreadable)?;
    let plan: SessionPlan =
        serde_json::from_slice(&text).map_err(|e| unreadable(io::Error::other(e)))?;
    if !plan.is_sound() {
        let what = "its microphones do not fit its channels";
        return Err(unreadable(io::Error::new(io::ErrorKind::InvalidData, what)));
    }
    Ok(plan)
}
