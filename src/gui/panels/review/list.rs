//! The list of interviews: each with its day, languages, length, and what is still to be done with it.

use eframe::egui::{Ui, vec2};

use crate::app::Unfinished;
use crate::app::desk::{Command, JobKind};
use crate::domain::InterviewSummary;
use crate::gui::safe;
use crate::gui::shell::{Go, Scene, Screen};
use crate::gui::theme;
use crate::gui::widgets::rows::{Rows, row};
use crate::gui::widgets::{job, script};

/// Height of one interview in the list, in points.
const ROW: f32 = 44.0;

/// What is kept between frames.
#[derive(Default)]
pub struct List {
    rows: Rows,
}

impl List {
    /// Paints it.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let words = scene.words;
        scene.heading(ui, "review-title");
        let Some(interviews) = scene.desk.board().interviews.get() else {
            ui.spinner();
            return None;
        };
        let mut go = None;
        if interviews.is_empty() {
            script::label(ui, words.t("review-empty"), scene.own(ui));
        }
        let unfinished = unfinished(scene);
        told(ui, scene, &unfinished);
        let pending: u64 = interviews.iter().map(|i| i.pending).sum();
        let waits = pending > 0 || unfinished != Unfinished::default();
        ui.horizontal_wrapped(|ui| {
            if ui.button(words.t("review-new")).clicked() {
                go = Some(Go::To(Screen::Interview));
            }
            if waits && !job::is_running(scene) && ui.button(words.t("resume")).clicked() {
                scene.desk.ask(Command::Resume(None));
            }
        });
        if let Some(id) = job::show(ui, scene, &[JobKind::Import, JobKind::Resume]) {
            go = Some(Go::Line(id, None));
        }
        ui.add_space(theme::GAP);
        let count = interviews.len();
        let taken = self.rows.keys(ui, count, false);
        let to = |one: &InterviewSummary| Go::Line(one.id.clone(), None);
        go = taken.and_then(|at| interviews.get(at)).map(to).or(go);
        self.rows.show(ui, ROW, count, |ui, at, chosen| {
            let Some(interview) = interviews.get(at) else {
                return;
            };
            let size = vec2(ui.available_width(), ROW - theme::GAP);
            let text = about(scene, interview, &unfinished);
            if ui.add(row(text, chosen).min_size(size)).clicked() {
                go = Some(to(interview));
            }
        });
        go
    }
}

/// What is not finished, without the recording that runs.
fn unfinished(scene: &Scene<'_>) -> Unfinished {
    let board = scene.desk.board();
    let mut unfinished = board
        .unfinished
        .get()
        .map(|u| Unfinished::clone(&u))
        .unwrap_or_default();
    if let Some(runs) = board.recording.get() {
        unfinished.recordings.retain(|id| *id != runs.interview);
    }
    unfinished
}

/// Says what was cut off.
fn told(ui: &mut Ui, scene: &Scene<'_>, unfinished: &Unfinished) {
    let doubt = theme::of(ui).doubt;
    for (id, count) in [
        ("cut-off-recordings", unfinished.recordings.len()),
        ("cut-off-imports", unfinished.imports),
    ] {
        if count > 0 {
            let text = scene.words.with(id, &[("count", &count.to_string())]);
            script::label(ui, &text, scene.own(ui).coloured(doubt));
        }
    }
}

fn about(scene: &Scene<'_>, interview: &InterviewSummary, unfinished: &Unfinished) -> String {
    let words = scene.words;
    let languages: Vec<&str> = interview
        .languages
        .iter()
        .map(|l| l.native_name())
        .collect();
    let day = words.day(&interview.started);
    let mut text = format!(
        "{day}   {}   {}   {}",
        languages.join(" – "),
        words.digits(&safe::clock(interview.duration_ms)),
        words.with("lines-count", &[("count", &interview.segments.to_string())]),
    );
    if unfinished.recordings.contains(&interview.id) {
        text.push_str("   ");
        text.push_str(words.t("cut-off"));
    }
    let failed = unfinished.failed.get(&interview.id).copied();
    for (id, count) in [
        ("flagged-count", interview.flagged),
        ("pending-count", interview.pending),
        ("failed-count", failed.unwrap_or(0)),
    ] {
        if count > 0 {
            text.push_str("   ");
            text.push_str(&words.with(id, &[("count", &count.to_string())]));
        }
    }
    if let Some(case) = &interview.case {
        text.push_str("   ");
        text.push_str(&safe::name(case));
    }
    text
}
