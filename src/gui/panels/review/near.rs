//! Names that a machine may have misheard in the line that a person is at: each is taken with one key or
//! click, which is a correction by that person, or dismissed for good.

use eframe::egui::Ui;

use crate::app::NearName;
use crate::app::desk::{Act, Command};
use crate::domain::{InterviewId, Segment, SegmentId, Status};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};

use super::row::Wish;

/// What was asked of the register.
#[derive(Default)]
pub struct NearNames {
    /// The line and its version.
    asked: Option<(InterviewId, SegmentId, u32)>,
}

impl NearNames {
    /// Asks for the names of the line that a person is at, one question at a time.
    pub fn ask(&mut self, scene: &Scene<'_>, id: &InterviewId, line: &Segment) {
        if line.status != Status::Machine || line.text.is_empty() {
            return;
        }
        let wanted = (id.clone(), line.id, line.version);
        if self.asked.as_ref() == Some(&wanted) {
            return;
        }
        let shown = scene.desk.board().near_names.get();
        let answered = self.asked.as_ref().is_none_or(|(id, line, _)| {
            let shown = shown.as_ref();
            shown.is_some_and(|s| s.interview == *id && s.segment == *line)
        });
        if answered && scene.desk.ask(Command::NearNames(id.clone(), line.id)) {
            self.asked = Some(wanted);
        }
    }

    /// Stores that this one is not meant, and asks again.
    pub fn leave(&mut self, scene: &Scene<'_>, id: &InterviewId, line: &Segment, at: usize) {
        if let Some(near) = found(scene, id, line).into_iter().nth(at) {
            let act = Act::Dismiss(id.clone(), line.id, near.kind, near.name);
            let by = scene.choices.name.clone();
            let number = scene.desk.number();
            if scene.desk.ask(Command::Enter(by, act, number)) {
                self.asked = None;
            }
        }
    }
}

/// The names that may have been misheard in a line, as far as they are known and still fit.
pub fn found(scene: &Scene<'_>, id: &InterviewId, line: &Segment) -> Vec<NearName> {
    let shown = scene.desk.board().near_names.get();
    let own = shown.filter(|s| s.interview == *id && s.segment == line.id);
    let Some(own) = own.filter(|_| line.status == Status::Machine) else {
        return Vec::new();
    };
    let fits = |near: &&NearName| near.put_into(&line.text).is_some();
    own.found.iter().filter(fits).cloned().collect()
}

/// Paints them beside the doubts; the first one has keys.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, near: &[NearName]) -> Option<Wish> {
    let words = scene.words;
    let mut wish = None;
    for (at, one) in near.iter().enumerate() {
        let (heard, name) = (safe::name(&one.heard), safe::name(&one.name));
        let id = match one.own_case {
            true => "near-own-case",
            false => "near-register",
        };
        let told = words.with(id, &[("heard", &heard), ("name", &name)]);
        let letters = Letters {
            size: scene.remark(ui).size,
            ..scene.own(ui)
        };
        script::label(ui, &told, letters.coloured(theme::of(ui).accent));
        ui.push_id(("near", at), |ui| {
            ui.horizontal_wrapped(|ui| {
                let (take, leave) = match at {
                    0 => ("near-take-key", "near-leave-key"),
                    _ => ("near-take", "near-leave"),
                };
                if ui.button(words.with(take, &[("name", &name)])).clicked() {
                    wish = Some(Wish::TakeName(at));
                }
                if ui.button(words.t(leave)).clicked() {
                    wish = Some(Wish::LeaveName(at));
                }
            });
        });
    }
    wish
}
