//! Working off what is pending: after an import, after a crash, after an interruption.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::{Cancel, Channel, InterviewId, Lang};
use crate::pipeline::live::{Recovered, recover_session, unfinished_sessions};
use crate::pipeline::{
    Backlog, Engines, Intake, LineOptions, Received, Report, Watcher, resume_intake,
    unfinished_intakes,
};
use crate::store::Store;
use crate::translate::DecodeOptions;

use super::engines::Needs;
use super::live_engines::room_for_recognisers;
use super::lock::WorkLock;
use super::speech_models::hearing;
use super::{App, Error};

/// What a resume did.
#[derive(Debug, Default)]
pub struct WorkReport {
    /// Recordings whose intake had been interrupted and is now complete.
    pub taken_up: Vec<Received>,
    /// Why others could not be completed. Their sound is kept where it lies.
    pub not_taken_up: Vec<Error>,
    /// Live sessions that had been cut off and are whole again.
    pub recovered: Vec<Recovered>,
    /// Lines done.
    pub report: Report,
}

impl App {
    /// Finishes what is pending: interrupted imports, lines without text, lines without translation,
    /// and lines that failed before.
    ///
    /// # Errors
    /// Another process at work; a missing model; a cancel, after which the rest stays pending.
    pub fn resume(
        &self,
        id: Option<&str>,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<WorkReport, Error> {
        let lock = WorkLock::take(&self.workspace)?;
        self.sweep(&lock);
        let mut store = self.store_watched(cancel, watcher)?;
        let recordings = self.workspace.recordings();
        let only = id.map(|text| store.resolve(text)).transpose()?;
        let mut done = WorkReport::default();
        if only.is_none() {
            let intake = Intake {
                recordings: &recordings,
                cancel,
                watcher,
            };
            for folder in unfinished_intakes(&recordings) {
                match resume_intake(&intake, &mut store, &folder) {
                    Ok(received) => done.taken_up.push(received),
                    Err(e) if e.is_cancelled() => return Err(e.into()),
                    // One that cannot be completed does not keep the others from their text.
                    Err(e) => done.not_taken_up.push(e.into()),
                }
            }
        }
        for folder in unfinished_sessions(&store, &recordings)? {
            if only.as_ref().is_some_and(|id| !folder.ends_with(&id.0)) {
                continue;
            }
            match recover_session(&mut store, &folder, watcher, cancel) {
                Ok(recovered) => done.recovered.push(recovered),
                Err(e) if e.is_cancelled() => return Err(e.into()),
                Err(e) => done.not_taken_up.push(e.into()),
            }
        }
        done.report = self.work_off(
            &store,
            only.as_ref(),
            &mut Engines::default(),
            true,
            cancel,
            watcher,
        )?;
        Ok(done)
    }

    /// Works off pending rows with `engines`, loading what is missing there. The caller holds the
    /// work lock.
    pub(super) fn work_off(
        &self,
        store: &Store,
        only: Option<&InterviewId>,
        engines: &mut Engines,
        retry_failed: bool,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Report, Error> {
        let spoken = store.pending_recognition(only, retry_failed)?;
        let mut written = store.pending_translation(only)?;
        if retry_failed {
            written.extend(store.failed_translation(only)?);
        }
        if spoken.is_empty() && written.is_empty() {
            return Ok(Report::default());
        }
        let mut ids: Vec<InterviewId> = spoken
            .iter()
            .map(|p| p.interview.clone())
            .chain(written.iter().map(|p| p.interview.clone()))
            .collect();
        ids.sort();
        ids.dedup();
        let mut languages: Vec<Vec<Lang>> = Vec::new();
        let mut cases: Vec<Option<String>> = Vec::new();
        let mut channels: Vec<Channel> = Vec::new();
        let sounding: BTreeSet<&InterviewId> = spoken.iter().map(|row| &row.interview).collect();
        for id in &ids {
            let interview = store.interview(id)?;
            if sounding.contains(id) {
                channels.extend(interview.channels);
            }
            languages.push(interview.languages);
            cases.push(interview.case);
        }
        cases.dedup();
        let heard = hearing(&channels);
        let needs = Needs {
            interviews: &languages,
            // One recogniser hears them all: names of a case are for that case alone.
            case: match cases.as_slice() {
                [one] => one.as_deref(),
                _ => None,
            },
            hearing: &heard,
        };
        self.add_engines(engines, &needs, cancel, watcher)?;
        let backlog = Backlog {
            store: &self.workspace.store(),
            recordings: &self.workspace.recordings(),
            glossary: &self.glossary()?,
            options: self.line_options(None, None, false),
            retry_failed,
            cores: self.recognition_cores(),
            memory: room_for_recognisers(),
            cancel,
            watcher,
        };
        Ok(backlog.run(engines, only)?)
    }

    /// How lines are translated, flags before settings; without known names.
    pub(super) fn line_options(
        &self,
        beam: Option<usize>,
        max_tokens: Option<usize>,
        raw: bool,
    ) -> LineOptions {
        LineOptions {
            decode: DecodeOptions {
                beam: beam.unwrap_or(self.config.beam),
                max_tokens: max_tokens.unwrap_or(self.config.max_tokens),
                ..DecodeOptions::default()
            },
            raw,
            names: Arc::default(),
        }
    }
}
