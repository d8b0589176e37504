//! The question before the window closes while something runs that closing would end: a recording, its
//! text, or other long work.

use eframe::egui::{Id, Modal, Ui, ViewportCommand, accesskit::Role};

use super::shell::Scene;
use super::theme;
use super::widgets::{job, script};

/// Width of the question, in points.
const WIDTH: f32 = 420.0;

/// What would be ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Runs {
    Recording,
    /// The sound is kept, its text is being written.
    Text,
    Work,
}

impl Runs {
    fn now(scene: &Scene<'_>) -> Option<Self> {
        match scene.desk.board().recording.get() {
            Some(recording) if recording.ending => Some(Self::Text),
            Some(_) => Some(Self::Recording),
            None => job::is_running(scene).then_some(Self::Work),
        }
    }

    /// What runs, what closing does, and how to go on.
    fn words(self) -> [&'static str; 3] {
        match self {
            Self::Recording => [
                "closing-recording",
                "closing-recording-next",
                "closing-go-on-recording",
            ],
            Self::Text => ["closing-text", "closing-text-next", "closing-go-on"],
            Self::Work => ["closing-work", "closing-work-next", "closing-go-on"],
        }
    }
}

/// Whether the question is asked, and how it was answered.
#[derive(Default)]
pub(super) struct Closing {
    asked: bool,
    /// The way to go on is to have the keys.
    focus: bool,
    /// A person wants to close all the same.
    leaves: bool,
}

impl Closing {
    /// Keeps the window open where something runs, and asks; whether it asks.
    pub(super) fn show(&mut self, ui: &Ui, scene: &Scene<'_>) -> bool {
        let Some(runs) = Runs::now(scene) else {
            // Whoever wanted to close meant what ran then.
            *self = Self::default();
            return false;
        };
        if !self.leaves && ui.input(|i| i.viewport().close_requested()) {
            ui.ctx().send_viewport_cmd(ViewportCommand::CancelClose);
            (self.asked, self.focus) = (true, true);
        }
        if !self.asked {
            return false;
        }
        let modal = Modal::new(Id::unique("closing")).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 40.0));
            self.ask(ui, scene, runs)
        });
        if modal.inner {
            self.leaves = true;
            ui.ctx().send_viewport_cmd(ViewportCommand::Close);
        }
        if modal.should_close() {
            self.asked = false;
        }
        !self.leaves
    }

    /// True where the person wants to close.
    fn ask(&mut self, ui: &mut Ui, scene: &Scene<'_>, runs: Runs) -> bool {
        let words = scene.words;
        let [what, next, go_on] = runs.words();
        ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
            node.set_role(Role::AlertDialog);
            node.set_label(words.t(what));
            node.set_modal();
        });
        let failure = theme::of(ui).failure;
        script::label(ui, words.t(what), scene.own(ui).coloured(failure));
        script::label(ui, words.t(next), scene.own(ui));
        ui.add_space(theme::GAP);
        let mut closes = false;
        ui.horizontal_wrapped(|ui| {
            let stay = ui.button(words.t(go_on));
            if std::mem::take(&mut self.focus) {
                stay.request_focus();
            }
            if stay.clicked() {
                self.asked = false;
            }
            closes = ui.button(words.t("closing-stop")).clicked();
        });
        closes
    }
}
