//! The running or last long piece of work: its step, how far, how long yet, a way to stop; when it is
//! over, what became of it.

use std::time::{Duration, Instant};

use eframe::egui::{Frame, Margin, ProgressBar, Ui};

use crate::app::desk::{Job, JobKind, Phase};
use crate::domain::InterviewId;
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::told;
use crate::gui::words::Words;

/// Below this part of a step nothing is said about the time left: the guess would be a wild one.
const FIRST_GUESS: f32 = 0.03;

/// Shows a job. Returns the interview that the person wants to read.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, kinds: &[JobKind]) -> Option<InterviewId> {
    let job = scene.desk.board().job.get()?;
    if !kinds.contains(&job.kind) {
        return None;
    }
    let frame = Frame::new()
        .fill(theme::of(ui).stripe)
        .inner_margin(Margin::same(10));
    frame.show(ui, |ui| inside(ui, scene, &job)).inner
}

/// Shows a job of this kind while it works, and what went wrong with it.
pub fn trouble(ui: &mut Ui, scene: &Scene<'_>, kind: JobKind) {
    let job = scene.desk.board().job.get();
    let worth = |job: &Job| job.kind == kind && (job.over.is_none() || !job.notes.is_empty());
    if job.is_some_and(|job| worth(&job)) {
        show(ui, scene, &[kind]);
    }
}

/// Whether work or a recording is going on.
pub fn is_running(scene: &Scene<'_>) -> bool {
    if scene.desk.board().recording.get().is_some() {
        return true;
    }
    let job = scene.desk.board().job.get();
    job.is_some_and(|j| j.over.is_none())
}

fn inside(ui: &mut Ui, scene: &Scene<'_>, job: &Job) -> Option<InterviewId> {
    let words = scene.words;
    let letters = scene.own(ui);
    let mut wanted = None;
    match &job.over {
        None => running(ui, scene, job),
        Some(_) if job.kind == JobKind::Evidence && !job.notes.is_empty() => {}
        Some(made) => {
            let done = match (job.stopped, made.is_empty(), job.kind) {
                (true, ..) => words.t("job-stopped"),
                (_, true, JobKind::Import) => words.t("job-nothing"),
                _ => words.t("job-done"),
            };
            script::label(ui, done, letters);
            for id in made {
                let name = words.with("job-open", &[("name", &id.0)]);
                if ui.button(name).clicked() {
                    wanted = Some(id.clone());
                }
            }
        }
    }
    let doubt = theme::of(ui).doubt;
    for note in &job.notes {
        told::show(ui, words, note, doubt);
    }
    wanted
}

/// How far a step has come that began then, and how long it still takes, where that is known.
pub fn far(ui: &mut Ui, words: &Words, since: Instant, part: Option<f32>) {
    let Some(part) = part else {
        ui.spinner();
        return;
    };
    let percent = words.digits(&format!("{:.0}", part * 100.0));
    ui.add(ProgressBar::new(part).text(format!("{percent} %")));
    if let Some(left) = left(since, part) {
        let text = words.with("job-left", &[("time", &left)]);
        script::label(ui, &text, Letters::small(ui, words.lang()));
        ui.ctx().request_repaint_after(Duration::from_secs(1));
    }
}

/// The time that a step which began then and has come so far still needs; none before it can be guessed.
fn left(since: Instant, part: f32) -> Option<String> {
    let spent = since.elapsed().as_secs_f32();
    let left = spent * (1.0 - part) / part;
    (part >= FIRST_GUESS).then(|| safe::clock((left * 1000.0) as u64))
}

fn running(ui: &mut Ui, scene: &Scene<'_>, job: &Job) {
    let words = scene.words;
    let step = match job.phase {
        Phase::Loading if job.kind == JobKind::Evidence => words.t("phase-working"),
        Phase::Loading => words.t("phase-loading"),
        Phase::Copying => words.t("phase-copying"),
        Phase::Decoding => words.t("phase-decoding"),
        Phase::FindingSpeech => words.t("phase-finding"),
        Phase::Writing => words.t("phase-writing"),
        Phase::Exporting => words.t("phase-exporting"),
        Phase::Comparing => words.t("phase-comparing"),
    };
    script::label(ui, step, scene.own(ui));
    if let Some((number, of)) = job.file {
        let (number, of) = (number.to_string(), of.to_string());
        let text = words.with("job-file", &[("done", &number), ("all", &of)]);
        script::label(ui, &text, scene.remark(ui));
    }
    far(ui, words, job.since, job.part);
    if job.phase == Phase::Writing {
        let (said, translated) = job.lines;
        let text = words.with(
            "job-lines",
            &[
                ("said", &said.to_string()),
                ("translated", &translated.to_string()),
            ],
        );
        script::label(ui, &text, scene.remark(ui));
    }
    if ui.button(words.t("job-stop")).clicked() {
        scene.desk.stop_job();
    }
}
