//! What stands around the rows: what can be done with the interview, the picture of its recording, and a line
//! that is put where there is none.

use std::sync::Arc;

use eframe::egui::{Button, Ui};

use crate::app::desk::{Command, Opened};
use crate::gui::panels::happened;
use crate::gui::shell::{Go, Scene, Screen};
use crate::gui::widgets::job;

use super::super::adder::Adder;
use super::super::overview::Pressed;
use super::super::undo::Step;
use super::super::work::{Ended, Work};
use super::{Aim, Table};

impl Table {
    /// What can be done with the interview, its picture, and what happened in it beside the words.
    pub(super) fn around(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Arc<Opened>) {
        let (words, interview) = (scene.words, &opened.interview);
        ui.horizontal_wrapped(|ui| {
            if ui.button(words.t("next-flagged")).clicked() {
                self.walk(opened, Aim::Flagged, false);
            }
            if ui.button(words.t("next-unreviewed")).clicked() {
                self.walk(opened, Aim::Unread, false);
            }
            let undo = self.undo.told(words).filter(|_| !self.read_only);
            // What is open may be of a line that would be gone.
            let free = self.is_free();
            if undo.is_some_and(|undo| ui.add_enabled(free, Button::new(undo)).clicked()) {
                self.undo.step(scene, &interview.id, Step::Back);
            }
            if self.waits.of(opened)
                && !self.read_only
                && !job::is_running(scene)
                && ui.button(words.t("resume")).clicked()
            {
                let id = Some(interview.id.clone());
                scene.desk.ask(Command::Resume(id));
            }
            if !self.read_only && ui.button(words.t("nav-evidence")).clicked() {
                self.leave = Some(Go::To(Screen::Evidence));
            }
            if !interview.audio.is_empty() {
                self.leave = self.ear.show(ui, scene).or(self.leave.take());
                self.strip.buttons(ui, scene, opened);
                let button = Button::new(words.t("line-new"));
                if !self.read_only && ui.add_enabled(free, button).clicked() {
                    self.add_line(scene, opened);
                }
            }
        });
        let chosen = opened.lines.get(self.chosen);
        let from_ms = chosen.map_or(0, |line| line.span.start.as_ms());
        let pressed = self.strip.show(ui, scene, opened, from_ms);
        let at = pressed.and_then(|pressed| match pressed {
            Pressed::At(ms) => Some(ms),
            Pressed::Pause(ms) => (!self.ear.pause(scene)).then_some(ms),
        });
        if let Some(ms) = at {
            let line = opened.line_at(ms);
            self.choose(line.unwrap_or_else(|| opened.line_before(ms)));
            self.ear.play_from(scene, opened, ms);
        }
        happened::chosen(ui, scene, &interview.channels);
        happened::show(ui, scene, opened);
    }

    /// Opens a new line where the sound stands, else behind the chosen line.
    pub(super) fn add_line(&mut self, scene: &Scene<'_>, opened: &Opened) {
        let chosen = opened.lines.get(self.chosen);
        let behind = chosen.map_or(0, |line| line.span.end.as_ms());
        let last = opened.interview.duration_ms.saturating_sub(1);
        let heard = self.ear.heard(scene, opened).or(self.strip.place());
        let at = heard.unwrap_or(behind).min(last);
        let channel = chosen.map_or(0, |line| line.channel);
        (self.trouble, self.remark) = (None, None);
        let adder = Adder::new(opened, at, channel, &scene.choices.name);
        if let Some(adder) = adder {
            self.begin(scene, opened, Work::Add(Box::new(adder)));
        }
    }

    /// A new line that is being put somewhere stands above all lines: there may be none yet.
    pub(super) fn new_line(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) {
        let left = match &mut self.work {
            Some(Work::Add(form)) => form.show(ui, scene, opened) == Ended::Left,
            _ => false,
        };
        if left {
            self.work = None;
        }
    }
}
