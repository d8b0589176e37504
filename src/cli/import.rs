//! `mekong import` and `mekong resume`: bringing interviews in and finishing what is pending.

use std::io::Write;

use serde::Serialize;

use crate::app::{self, App, ImportOutcome, ImportRequest};
use crate::domain::InterviewId;

use super::args;
use super::interrupt::cancel_on_ctrl_c;
use super::print::{Look, Out, count, say};
use super::progress::Watch;
use super::{Failure, tell};

const KEPT: &str = "what is done is kept, and 'mekong resume' goes on with the rest.";

/// One element of `import --json`.
#[derive(Serialize)]
struct Imported {
    source: String,
    id: Option<InterviewId>,
    utterances: usize,
    notes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<&ImportOutcome> for Imported {
    fn from(outcome: &ImportOutcome) -> Self {
        let source = outcome.source.display().to_string();
        match &outcome.result {
            Ok(received) => Self {
                source,
                id: Some(received.id.clone()),
                utterances: received.utterances,
                notes: received.notes.clone(),
                error: None,
                next: None,
            },
            Err(error) => Self {
                source,
                id: None,
                utterances: 0,
                notes: Vec::new(),
                error: Some(error.to_string()),
                next: Some(error.help()),
            },
        }
    }
}

pub(super) fn import(app: &App, typed: args::Import, out: &mut Out) -> Result<(), Failure> {
    let request = ImportRequest {
        languages: typed.languages,
        case: typed.case,
        channels: typed
            .channels
            .into_iter()
            .map(|c| (c.speaker, c.languages))
            .collect(),
    };
    let cancel = cancel_on_ctrl_c(KEPT);
    let watch = Watch::new();
    let mut told: Vec<Imported> = Vec::new();
    let mut printed = Ok(());
    let result = {
        // Each file is told as it ends. A reader who has gone away does not stop the others.
        let mut each = |outcome: &ImportOutcome| {
            if !typed.form.json && printed.is_ok() {
                printed = watch.suspend(|| print_outcome(outcome, out));
            }
            told.push(outcome.into());
        };
        app.import(
            &typed.files,
            &request,
            &cancel,
            &|p| watch.hear(p),
            &mut each,
        )
    };
    drop(watch);
    if typed.form.json && !told.is_empty() {
        printed = out.json(&told);
    }
    let outcomes = result?;
    note_pending(app, &told);
    let failed = outcomes.iter().filter(|o| o.result.is_err()).count();
    match outcomes.into_iter().find_map(|o| o.result.err()) {
        // A single file's own error says more than a count.
        Some(error) if told.len() == 1 => Err(error.into()),
        Some(_) => Err(app::Error::SomeFailed {
            failed,
            all: told.len(),
        }
        .into()),
        None => Ok(printed?),
    }
}

fn print_outcome(outcome: &ImportOutcome, out: &mut Out) -> std::io::Result<()> {
    match &outcome.result {
        Ok(received) => {
            let source = out.paint(Look::Faint, &outcome.source.display().to_string());
            writeln!(
                out,
                "{}  {}  {source}",
                received.id,
                count(received.utterances as u64, "utterance")
            )?;
            for note in &received.notes {
                say(&format!("note: {note}"));
            }
            // Seen at once also through a pipe: recognition may take hours from here.
            out.flush()
        }
        Err(error) => {
            tell(error);
            Ok(())
        }
    }
}

/// Says how many lines of the new interviews wait, and for what they may wait.
fn note_pending(app: &App, told: &[Imported]) {
    let ids: Vec<&InterviewId> = told.iter().filter_map(|t| t.id.as_ref()).collect();
    let Ok(list) = app.list(None) else { return };
    let pending: u64 = list
        .iter()
        .filter(|i| ids.contains(&&i.id))
        .map(|i| i.pending)
        .sum();
    if pending > 0 {
        say(&format!(
            "note: {} still to recognise or translate; see 'mekong doctor' for \
             missing models, then run 'mekong resume'.",
            count(pending, "line")
        ));
    }
}

/// `resume --json`.
#[derive(Serialize)]
struct Resumed {
    taken_up: Vec<InterviewId>,
    recognised: u64,
    failed: u64,
    translated: u64,
    untranslated: u64,
}

pub(super) fn resume(app: &App, typed: &args::Resume, out: &mut Out) -> Result<(), Failure> {
    let cancel = cancel_on_ctrl_c(KEPT);
    let watch = Watch::new();
    let work = app.resume(typed.id.as_deref(), &cancel, &|p| watch.hear(p))?;
    drop(watch);
    let done = Resumed {
        taken_up: work.taken_up,
        recognised: work.report.recognised,
        failed: work.report.failed,
        translated: work.report.translated,
        untranslated: work.report.untranslated,
    };
    if typed.form.json {
        return Ok(out.json(&done)?);
    }
    for id in &done.taken_up {
        writeln!(out, "{id}  import finished")?;
    }
    writeln!(
        out,
        "{} recognised, {} written",
        count(done.recognised, "line"),
        count(done.translated, "translation")
    )?;
    if done.failed > 0 {
        say(&format!(
            "note: {} not recognised; the sound is kept.",
            count(done.failed, "line")
        ));
    }
    if done.untranslated > 0 {
        say(&format!(
            "note: {} not made; see 'mekong doctor' for missing models.",
            count(done.untranslated, "translation")
        ));
    }
    Ok(())
}
