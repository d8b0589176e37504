//! `mekong import` and `mekong resume`: bringing interviews in and finishing what is pending.

use std::io::Write;

use serde::Serialize;

use crate::app::{self, App, ImportOutcome, ImportRequest};
use crate::domain::InterviewId;
use crate::pipeline::Report;

use super::args;
use super::interrupt::cancel_on_ctrl_c;
use super::print::{Look, Out, count, length, say};
use super::progress::Watch;
use super::{Failure, tell};

const KEPT: &str = "what is stored is kept, and 'mekong resume' finishes it; a file that was \
                    still being copied must be imported again.";

/// One element of `import --json`.
#[derive(Serialize)]
struct Imported {
    source: String,
    id: Option<InterviewId>,
    utterances: usize,
    failed: u64,
    /// Lines whose speech model is not installed; they stay pending.
    unheard: u64,
    untranslated: u64,
    notes: Vec<String>,
    /// This interview held the recording before; nothing was stored.
    already: bool,
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
                failed: outcome.report.failed,
                unheard: outcome.report.unheard,
                untranslated: outcome.report.untranslated,
                notes: received.notes.clone(),
                already: received.already,
                error: None,
                next: None,
            },
            Err(error) => Self {
                source,
                id: None,
                utterances: 0,
                failed: 0,
                unheard: 0,
                untranslated: 0,
                notes: Vec::new(),
                already: false,
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
        again: typed.again,
        speech_models: typed.speech_models,
        asked: typed.of,
    };
    warn_of_missing(app, &request);
    let alone = typed.files.len() == 1;
    let cancel = cancel_on_ctrl_c(KEPT);
    let watch = Watch::new();
    let mut told: Vec<Imported> = Vec::new();
    let mut printed = Ok(());
    let result = {
        // Each file is told as it ends. A reader who has gone away does not stop the others.
        let mut each = |outcome: &ImportOutcome| {
            if typed.form.json {
                watch.suspend(|| tell_failure(outcome, alone));
            } else if printed.is_ok() {
                printed = watch.suspend(|| print_outcome(outcome, alone, out));
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
    if let Ok(outcomes) = &result {
        // Told again now that their lines are done.
        told = outcomes.iter().map(Imported::from).collect();
    }
    if typed.form.json && !told.is_empty() {
        printed = out.json(&told);
    }
    let outcomes = result?;
    let left = unfinished(&sum(outcomes.iter().map(|o| &o.report)));
    let failed = outcomes.iter().filter(|o| o.result.is_err()).count();
    match (outcomes.into_iter().find_map(|o| o.result.err()), left) {
        // A single file's own error says more than a count.
        (Some(error), _) if alone => Err(error.into()),
        (Some(_), left) => {
            if let Some(error) = left {
                tell(&error);
            }
            let all = told.len();
            Err(app::Error::SomeFailed { failed, all }.into())
        }
        (None, Some(left)) => Err(left.into()),
        (None, None) => Ok(printed?),
    }
}

/// Lines of several interviews that are left, and the first reason.
fn sum<'a>(reports: impl Iterator<Item = &'a Report>) -> Report {
    reports.fold(Report::default(), |mut sum, report| {
        sum.failed += report.failed;
        sum.unheard += report.unheard;
        sum.untranslated += report.untranslated;
        sum.reason = sum.reason.or_else(|| report.reason.clone());
        sum
    })
}

fn print_outcome(outcome: &ImportOutcome, alone: bool, out: &mut Out) -> std::io::Result<()> {
    match &outcome.result {
        Ok(received) if received.already => {
            let source = out.paint(Look::Faint, &outcome.source.display().to_string());
            writeln!(
                out,
                "{}  already stored: the same file, by its SHA-256  {source}",
                received.id
            )?;
            say("note: with --again it is stored a second time.");
            out.flush()
        }
        Ok(received) => {
            let source = out.paint(Look::Faint, &outcome.source.display().to_string());
            writeln!(
                out,
                "{}  {}  {source}",
                received.id,
                count(received.utterances as u64, "utterance")
            )?;
            for note in &received.notes {
                say(&format!("note: {note}: {}", outcome.source.display()));
            }
            if !received.notes.is_empty() {
                say(
                    "  next: listen to those places; if the recorder still has the file, copy it again.",
                );
            }
            // Seen at once also through a pipe: recognition may take hours from here.
            out.flush()
        }
        // A single file's error is told at the end.
        Err(_) if alone => Ok(()),
        Err(error) => {
            tell(error);
            Ok(())
        }
    }
}

/// With `--json` the errors of a batch are told too, as they come; standard output has them as well.
fn tell_failure(outcome: &ImportOutcome, alone: bool) {
    if let (Err(error), false) = (&outcome.result, alone) {
        tell(error);
    }
}

/// What keeps the command from having done its work, where lines are left.
pub(super) fn unfinished(report: &Report) -> Option<app::Error> {
    let unwritten = report.failed + report.unheard;
    (unwritten + report.untranslated > 0).then(|| app::Error::Unfinished {
        failed: unwritten,
        untranslated: report.untranslated,
        reason: report.reason.clone().unwrap_or_default(),
    })
}

/// Said before hours of work: what no installed model can translate.
fn warn_of_missing(app: &App, request: &ImportRequest) {
    let languages = &request.languages;
    let (unheard, doubts) = app.speech_doubts(languages, &request.speech_models);
    if !unheard.is_empty() {
        let names: Vec<&str> = unheard.iter().map(|lang| lang.name()).collect();
        say(&format!(
            "warning: no installed model recognises {}; the sound is stored and its lines stay pending.",
            names.join(" or ")
        ));
    }
    for doubt in doubts {
        say(&format!("warning: {doubt}."));
    }
    let pairs: Vec<String> = app
        .untranslatable(languages)
        .iter()
        .map(|pair| format!("{} to {}", pair.from.name(), pair.to.name()))
        .collect();
    if !pairs.is_empty() {
        say(&format!(
            "warning: no installed model translates from {}; those lines are stored and stay \
             pending.",
            pairs.join(", or from ")
        ));
    }
}

/// `resume --json`.
#[derive(Serialize)]
struct Resumed {
    taken_up: Vec<InterviewId>,
    recovered: Vec<InterviewId>,
    not_taken_up: Vec<String>,
    recognised: u64,
    failed: u64,
    unheard: u64,
    translated: u64,
    untranslated: u64,
}

pub(super) fn resume(app: &App, typed: &args::Resume, out: &mut Out) -> Result<(), Failure> {
    let cancel = cancel_on_ctrl_c(KEPT);
    let watch = Watch::new();
    let work = app.resume(typed.id.as_deref(), &cancel, &|p| watch.hear(p))?;
    drop(watch);
    let done = Resumed {
        taken_up: work.taken_up.iter().map(|r| r.id.clone()).collect(),
        recovered: work.recovered.iter().map(|r| r.id.clone()).collect(),
        not_taken_up: work.not_taken_up.iter().map(ToString::to_string).collect(),
        recognised: work.report.recognised,
        failed: work.report.failed,
        unheard: work.report.unheard,
        translated: work.report.translated,
        untranslated: work.report.untranslated,
    };
    for note in work.taken_up.iter().flat_map(|r| &r.notes) {
        say(&format!("note: {note}"));
    }
    if typed.form.json {
        out.json(&done)?;
    } else {
        for id in &done.taken_up {
            writeln!(out, "{id}  import finished")?;
        }
        for session in &work.recovered {
            let length = length(session.duration_ms);
            writeln!(out, "{}  recording saved, {length}", session.id)?;
        }
        writeln!(
            out,
            "{} recognised, {} written",
            count(done.recognised, "line"),
            count(done.translated, "translation")
        )?;
    }
    let left = unfinished(&work.report);
    match work.not_taken_up.into_iter().next().or(left) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}
