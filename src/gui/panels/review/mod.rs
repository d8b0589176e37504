//! Reading, hearing and correcting: the list of interviews, then one transcript.

mod editor;
mod history;
mod listen;
mod overview;
mod places;
mod recutter;
mod row;
mod signature;
mod table;
mod undo;

use eframe::egui::{Button, ScrollArea, Ui, vec2};

use crate::app::desk::{Command, Desk, JobKind};
use crate::domain::{InterviewId, InterviewSummary, SegmentId};
use crate::gui::safe;
use crate::gui::shell::{Go, Scene, Screen};
use crate::gui::theme;
use crate::gui::widgets::{job, script};

pub use row::{explained, speaker};
use table::Table;

/// Height of one interview in the list, in points.
const ROW: f32 = 44.0;

/// The screen.
#[derive(Default)]
pub struct Review {
    current: Option<InterviewId>,
    wanted: Option<SegmentId>,
    table: Table,
}

impl Review {
    /// Goes to one interview, and to one line of it where that is known.
    pub fn open(&mut self, desk: &Desk, id: InterviewId, line: Option<SegmentId>) {
        desk.ask(Command::Open(id.clone()));
        if self.current.as_ref() != Some(&id) {
            self.table = Table::default();
        }
        self.current = Some(id);
        self.wanted = line;
    }

    /// Paints the screen.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let Some(id) = self.current.clone() else {
            return self.list(ui, scene);
        };
        let opened = scene.desk.board().opened.get();
        let Some(opened) = opened.filter(|o| o.interview.id == id) else {
            if ui.button(scene.words.t("review-back")).clicked() {
                self.current = None;
            }
            ui.spinner();
            return None;
        };
        if let Some(line) = self.wanted.take() {
            self.table.go_to(&opened, line);
        }
        let answer = self.table.show(ui, scene, &opened);
        if answer.back {
            self.current = None;
            scene.desk.ask(Command::Silence);
            scene.desk.ask(Command::List);
        }
        answer.go
    }

    fn list(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
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
        let pending: u64 = interviews.iter().map(|i| i.pending).sum();
        ui.horizontal_wrapped(|ui| {
            if ui.button(words.t("review-new")).clicked() {
                go = Some(Go::To(Screen::Interview));
            }
            if pending > 0 && !job::is_running(scene) && ui.button(words.t("resume")).clicked() {
                scene.desk.ask(Command::Resume(None));
            }
        });
        if let Some(id) = job::show(ui, scene, &[JobKind::Import, JobKind::Resume]) {
            go = Some(Go::Line(id, None));
        }
        ui.add_space(theme::GAP);
        let area = ScrollArea::vertical().auto_shrink(false);
        area.show_rows(ui, ROW, interviews.len(), |ui, rows| {
            for interview in interviews.get(rows).into_iter().flatten() {
                let size = vec2(ui.available_width(), ROW - theme::GAP);
                let button = Button::new(about(scene, interview))
                    .truncate()
                    .min_size(size);
                if ui.add(button).clicked() {
                    go = Some(Go::Line(interview.id.clone(), None));
                }
            }
        });
        go
    }
}

fn about(scene: &Scene<'_>, interview: &InterviewSummary) -> String {
    let words = scene.words;
    let languages: Vec<&str> = interview
        .languages
        .iter()
        .map(|l| l.native_name())
        .collect();
    let day = interview.started.get(..10).unwrap_or(&interview.started);
    let mut text = format!(
        "{day}   {}   {}   {}",
        languages.join(" – "),
        safe::clock(interview.duration_ms),
        words.with("lines-count", &[("count", &interview.segments.to_string())]),
    );
    for (id, count) in [
        ("flagged-count", interview.flagged),
        ("pending-count", interview.pending),
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
