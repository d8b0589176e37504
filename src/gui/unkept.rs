//! The question before the window closes over words that were typed and not kept. Those of lines are kept as
//! corrections or thrown away; those of a form that is half filled are named, or the window stays. A lock is
//! no reason to ask: behind it all of them wait (see [`put_by`](super::put_by)).

use eframe::egui::{Button, Id, Modal, Ui, ViewportCommand, accesskit::Role};

use crate::app::desk::{Command, Told};

use super::panels::{Place, Review};
use super::put_by::Screens;
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
    /// Keeps the window open where words would be lost, and asks; whether the person stays.
    pub(super) fn show(&mut self, ui: &Ui, scene: &Scene<'_>, screens: Screens<'_>) -> bool {
        let unkept = screens.review.unkept();
        let forms: Vec<&str> = screens.forms().collect();
        if unkept == 0 && forms.is_empty() && !self.keeps {
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
            self.ask(ui, scene, unkept, &forms)
        });
        let mut answer = modal.inner;
        if modal.should_close() && !self.keeps {
            answer = Answer::Stay;
        }
        match answer {
            Answer::None => {}
            Answer::Stay => self.asked = false,
            Answer::Keep => {
                screens.review.close_editor();
                screens.review.drafts().again();
                self.keeps = true;
                self.failed = None;
            }
            Answer::Throw => {
                drop(screens.put_by(scene));
                self.asked = false;
                ui.ctx().send_viewport_cmd(ViewportCommand::Close);
                return false;
            }
        }
        self.keep(ui, scene, screens.review);
        answer == Answer::Stay
    }

    /// Sends one after the other as a correction and waits for its answer: only what is stored is gone
    /// from here.
    fn keep(&mut self, ui: &Ui, scene: &Scene<'_>, review: &mut Review) {
        if !self.keeps {
            return;
        }
        if let Some((number, place)) = &self.sent {
            let Some(answer) = scene.desk.board().saved.take(*number) else {
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
            self.focus = true;
            if review.drafts().len() == 0 {
                // Half-filled forms are still there: they are asked for alone.
                ui.ctx().send_viewport_cmd(ViewportCommand::Close);
                return;
            }
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

    fn ask(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        count: usize,
        forms: &[&'static str],
    ) -> Answer {
        let words = scene.words;
        let lines = (count > 0).then(|| words.with("unkept", &[("count", &count.to_string())]));
        let half = forms
            .iter()
            .map(|screen| words.with("unkept-form", &[("screen", words.t(screen))]));
        let what: Vec<String> = lines.into_iter().chain(half).collect();
        let what = what.join("\n");
        ui.ctx().accesskit_node_builder(ui.unique_id(), |node| {
            node.set_role(Role::AlertDialog);
            node.set_label(what.clone());
            node.set_modal();
        });
        let doubt = theme::of(ui).doubt;
        script::label(ui, &what, scene.own(ui).coloured(doubt));
        let next = match count {
            0 => "unkept-form-next",
            _ => "unkept-next",
        };
        script::label(ui, words.t(next), scene.own(ui));
        let named = !scene.choices.name.trim().is_empty();
        if !named && count > 0 {
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
                (
                    count > 0 && ui.add_enabled(idle && named, keep).clicked(),
                    Answer::Keep,
                ),
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
