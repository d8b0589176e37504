//! The question before the window closes over words that were typed into lines and not kept: they are
//! kept as corrections, thrown away, or the window stays.

use eframe::egui::{Button, Id, Modal, Ui, ViewportCommand, accesskit::Role};

use crate::app::desk::{Command, Told};

use super::panels::{Place, Review};
use super::shell::Scene;
use super::theme;
use super::widgets::{script, told};

/// Width of the question, in points.
const WIDTH: f32 = 420.0;

/// Whether the question is asked, and how it was answered.
#[derive(Default)]
pub(super) struct Unkept {
    asked: bool,
    /// The way to stay is to have the keys.
    focus: bool,
    /// The number under which a correction was sent, and of what.
    sent: Option<(u64, Place)>,
    /// They are kept one after the other.
    keeps: bool,
    failed: Option<Told>,
}

/// What was pressed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answer {
    None,
    Stay,
    Keep,
    Throw,
}

impl Unkept {
    /// Keeps the window open where words would be lost, and asks. True where the person stays.
    pub(super) fn show(&mut self, ui: &Ui, scene: &Scene<'_>, review: &mut Review) -> bool {
        let count = review.unkept();
        if count == 0 && !self.keeps {
            *self = Self::default();
            return false;
        }
        if ui.input(|i| i.viewport().close_requested()) {
            ui.ctx().send_viewport_cmd(ViewportCommand::CancelClose);
            (self.asked, self.focus) = (true, true);
            self.failed = None;
        }
        if !self.asked {
            return false;
        }
        let modal = Modal::new(Id::unique("unkept")).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 40.0));
            self.ask(ui, scene, count)
        });
        let mut answer = modal.inner;
        if modal.should_close() && !self.keeps {
            answer = Answer::Stay;
        }
        match answer {
            Answer::None => {}
            Answer::Stay => self.asked = false,
            Answer::Keep => {
                review.close_editor();
                review.drafts().again();
                self.keeps = true;
                self.failed = None;
            }
            Answer::Throw => {
                review.throw_away();
                self.leave(ui);
            }
        }
        self.keep(ui, scene, review);
        answer == Answer::Stay
    }

    /// Nothing is left that could be lost.
    fn leave(&mut self, ui: &Ui) {
        self.asked = false;
        ui.ctx().send_viewport_cmd(ViewportCommand::Close);
    }

    /// Sends one after the other as a correction and waits for its answer: only what is stored is gone
    /// from here.
    fn keep(&mut self, ui: &Ui, scene: &Scene<'_>, review: &mut Review) {
        if !self.keeps {
            return;
        }
        if let Some((number, place)) = &self.sent {
            let answer = scene.desk.board().saved.get();
            let Some(answer) = answer.filter(|a| a.number == *number) else {
                return;
            };
            match &answer.failed {
                None => review.drafts().stored(place),
                // The others are kept all the same.
                Some(told) => {
                    self.failed.get_or_insert_with(|| told.clone());
                    review.drafts().refused(place);
                }
            }
            self.sent = None;
        }
        let by = scene.choices.name.trim();
        let Some((place, edit)) = review.drafts().next(by) else {
            self.keeps = false;
            if review.drafts().len() == 0 {
                self.leave(ui);
                return;
            }
            self.focus = true;
            self.failed.get_or_insert_with(|| Told {
                what: scene.words.t("unkept-others").to_owned(),
                next: scene.words.t("unkept-others-next").to_owned(),
            });
            return;
        };
        let number = scene.desk.number();
        let (id, line) = (place.0.clone(), place.1);
        let sent = scene.desk.ask(Command::Edit(id, line, edit, number));
        self.sent = sent.then_some((number, place));
        ui.ctx().request_repaint();
    }

    fn ask(&mut self, ui: &mut Ui, scene: &Scene<'_>, count: usize) -> Answer {
        let words = scene.words;
        let what = words.with("unkept", &[("count", &count.to_string())]);
        ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
            node.set_role(Role::AlertDialog);
            node.set_label(what.clone());
            node.set_modal();
        });
        let doubt = theme::of(ui).doubt;
        script::label(ui, &what, scene.own(ui).coloured(doubt));
        script::label(ui, words.t("unkept-next"), scene.own(ui));
        let named = !scene.choices.name.trim().is_empty();
        if !named {
            script::label(ui, words.t("unkept-name"), scene.own(ui));
        }
        if let Some(told) = &self.failed {
            let failure = theme::of(ui).failure;
            told::show(ui, words, told, failure);
        }
        ui.add_space(theme::GAP);
        let mut answer = Answer::None;
        let idle = !self.keeps;
        ui.horizontal_wrapped(|ui| {
            let stay = ui.add_enabled(idle, Button::new(words.t("closing-go-on")));
            if std::mem::take(&mut self.focus) {
                stay.request_focus();
            }
            let keep = Button::new(words.t("unkept-keep"));
            let throw = Button::new(words.t("unkept-throw"));
            for (pressed, meant) in [
                (stay.clicked(), Answer::Stay),
                (ui.add_enabled(idle && named, keep).clicked(), Answer::Keep),
                (ui.add_enabled(idle, throw).clicked(), Answer::Throw),
            ] {
                if pressed {
                    answer = meant;
                }
            }
        });
        answer
    }
}
