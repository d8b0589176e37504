//! Reading, hearing and correcting: the list of interviews, then one transcript.

mod again;
mod closer;
mod editor;
mod history;
mod listen;
mod overview;
mod places;
mod recutter;
mod row;
mod signature;
mod speaker;
mod table;
mod term;
mod undo;
mod work;

use std::sync::Arc;

use eframe::egui::{Button, ScrollArea, Ui, vec2};

use crate::app::desk::{Command, Desk, JobKind};
use crate::domain::{InterviewId, InterviewSummary, SegmentId};
use crate::gui::safe;
use crate::gui::shell::{Go, Scene, Screen};
use crate::gui::theme;
use crate::gui::widgets::{job, script};

pub use row::{explained, speaker};
use table::Table;
pub use work::Sent;

/// Height of one interview in the list, in points.
const ROW: f32 = 44.0;

/// The interview that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Current {
    /// One of this workspace.
    Own(InterviewId),
    /// A partner's, by its bundle.
    Foreign(String),
}

/// The screen.
#[derive(Default)]
pub struct Review {
    current: Option<Current>,
    wanted: Option<SegmentId>,
    table: Table,
}

impl Review {
    /// Goes to one interview, and to one line of it where that is known.
    pub fn open(&mut self, desk: &Desk, id: InterviewId, line: Option<SegmentId>) {
        desk.ask(Command::Open(id.clone()));
        let current = Some(Current::Own(id));
        if self.current != current {
            self.table = Table::default();
        }
        self.current = current;
        self.wanted = line;
    }

    /// Goes to one interview that a partner sent; it is only read.
    pub fn open_foreign(&mut self, desk: &Desk, bundle: String, line: Option<SegmentId>) {
        desk.ask(Command::OpenForeign(bundle.clone()));
        self.table = Table::read_only();
        self.current = Some(Current::Foreign(bundle));
        self.wanted = line;
    }

    /// Paints the screen.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let board = scene.desk.board();
        let opened = match &self.current {
            None => return self.list(ui, scene),
            Some(Current::Own(id)) => board.opened.get().filter(|o| o.interview.id == *id),
            Some(Current::Foreign(bundle)) => {
                let found = board.foreign.get().filter(|f| f.bundle == *bundle);
                found.map(|f| Arc::clone(&f.opened))
            }
        };
        let Some(opened) = opened else {
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
    let day = words.day(&interview.started);
    let mut text = format!(
        "{day}   {}   {}   {}",
        languages.join(" – "),
        words.digits(&safe::clock(interview.duration_ms)),
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
