//! The question before the window closes, or is locked, over words that were typed and not kept. Those of
//! lines are kept as corrections or thrown away, and a lock keeps them; those of a form that is half filled
//! are named, or the window stays.

use eframe::egui::{Button, Id, Modal, Ui, ViewportCommand, accesskit::Role};

use crate::app::desk::{Command, Told};

use super::locking::Purpose;
use super::panels::{Evidence, Glossary, People, Place, Review};
use super::shell::Scene;
use super::theme;
use super::widgets::{script, told};

/// Width of the question, in points.
const WIDTH: f32 = 420.0;

/// What a person is about to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// To close the window.
    #[default]
    Close,
    /// To lock the workspace.
    Lock,
    /// To go to the page of the lock.
    Page(Purpose),
}

/// How the question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// Not at all, or nothing is asked.
    Open,
    /// The person stays.
    Stays,
    /// The person goes on, and what was typed is gone.
    Goes(Way),
}

/// Whether the question is asked, and how it was answered.
#[derive(Default)]
pub(super) struct Unkept {
    asked: bool,
    /// What it is asked before.
    way: Way,
    /// The way to stay is to have the keys.
    focus: bool,
    /// The number under which a correction was sent, and of what.
    sent: Option<(u64, Place)>,
    /// They are kept one after the other.
    keeps: bool,
    failed: Option<Told>,
}

/// The screens into which something may be typed.
pub(super) struct Typed<'a> {
    pub(super) review: &'a mut Review,
    pub(super) people: &'a mut People,
    pub(super) evidence: &'a mut Evidence,
    pub(super) glossary: &'a mut Glossary,
}

impl Typed<'_> {
    /// The screens with a form that is half filled, by their names.
    fn forms(&self) -> impl Iterator<Item = &'static str> {
        let forms = [
            (self.people.is_typed(), "nav-people"),
            (self.evidence.is_typed(), "nav-evidence"),
            (self.glossary.is_typed(), "nav-glossary"),
        ];
        forms.into_iter().filter(|form| form.0).map(|form| form.1)
    }

    /// A lock keeps the words of lines.
    fn throw_away(&mut self, way: Way) {
        if way == Way::Close {
            self.review.throw_away();
        }
        self.people.throw_away();
        self.evidence.throw_away();
        self.glossary.throw_away();
    }
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
    /// Asks before a lock would lose what is typed.
    pub(super) fn ask_before(&mut self, way: Way) {
        if !self.keeps {
            (self.asked, self.focus, self.way) = (true, true, way);
            self.failed = None;
        }
    }

    /// Keeps the window open where words would be lost, and asks.
    pub(super) fn show(&mut self, ui: &Ui, scene: &Scene<'_>, mut typed: Typed<'_>) -> Answered {
        let unkept = typed.review.unkept();
        let forms: Vec<&str> = typed.forms().collect();
        if unkept == 0 && forms.is_empty() && !self.keeps {
            *self = Self::default();
            return Answered::Open;
        }
        if ui.input(|i| i.viewport().close_requested()) {
            ui.ctx().send_viewport_cmd(ViewportCommand::CancelClose);
            (self.asked, self.focus, self.way) = (true, true, Way::Close);
            self.failed = None;
        }
        // A lock keeps the words of lines: there it is the forms alone that are asked for.
        self.asked &= self.way == Way::Close || !forms.is_empty();
        if !self.asked {
            return Answered::Open;
        }
        let count = if self.way == Way::Close { unkept } else { 0 };
        let modal = Modal::new(Id::unique("unkept")).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 40.0));
            self.ask(ui, scene, count, &forms)
        });
        let mut answer = modal.inner;
        if modal.should_close() && !self.keeps {
            answer = Answer::Stay;
        }
        match answer {
            Answer::None => {}
            Answer::Stay => self.asked = false,
            Answer::Keep => {
                typed.review.close_editor();
                typed.review.drafts().again();
                self.keeps = true;
                self.failed = None;
            }
            Answer::Throw => {
                typed.throw_away(self.way);
                self.asked = false;
                if self.way == Way::Close {
                    ui.ctx().send_viewport_cmd(ViewportCommand::Close);
                }
                return Answered::Goes(self.way);
            }
        }
        self.keep(ui, scene, typed.review);
        match answer {
            Answer::Stay => Answered::Stays,
            _ => Answered::Open,
        }
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
        let closes = self.way == Way::Close;
        let next = match (closes, count) {
            (false, _) => "unkept-lock-next",
            (true, 0) => "unkept-form-next",
            (true, _) => "unkept-next",
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
            let throw = Button::new(words.t(if closes {
                "unkept-throw"
            } else {
                "unkept-lock"
            }));
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
