//! The strip above every screen: missing fonts, failures of a recording until somebody has seen them,
//! other failures, files written. It keeps to a part of the window and is scrolled by itself: however
//! many messages there are, what ends a recording stays in the window.

use eframe::egui::{Frame, Margin, Panel, ScrollArea, Ui};

use crate::app::desk::{Notice, Told};
use crate::domain::Lang;

use super::shell::Scene;
use super::theme;
use super::widgets::{script, scroll, told};

/// The strip takes at most this part of the window's height,
const PART: f32 = 0.24;
/// but so many points at least: two rows of text and what is scrolled to.
const LEAST: f32 = 56.0;

/// What is to be told.
pub(super) struct Messages {
    missing: Vec<Lang>,
    notice: Option<Told>,
}

impl Messages {
    /// `missing` are the languages for which no font was found.
    pub(super) fn new(missing: Vec<Lang>, notice: Option<Told>) -> Self {
        Self { missing, notice }
    }

    /// Shows a message until the person puts it away.
    pub(super) fn say(&mut self, told: Told) {
        self.notice = Some(told);
    }

    /// Takes the desk's next message when the last one was put away.
    pub(super) fn hear(&mut self, scene: &Scene<'_>) {
        if self.notice.is_some() {
            return;
        }
        let words = scene.words;
        self.notice = scene.desk.board().next_notice().map(|notice| match notice {
            Notice::Failed(told) => told,
            Notice::Busy => Told {
                what: words.t("busy").to_owned(),
                next: words.t("busy-next").to_owned(),
            },
            Notice::Written(path) => Told {
                what: words.with("written", &[("path", &path.display().to_string())]),
                next: String::new(),
            },
        });
    }

    /// Paints the strip where there is anything to tell.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let alarms = scene.desk.board().alarms();
        if self.missing.is_empty() && alarms.is_empty() && self.notice.is_none() {
            return;
        }
        let most = (ui.ctx().content_rect().height() * PART).max(LEAST);
        let edge = if theme::is_short(ui) { 2 } else { 8 };
        let frame = Frame::new()
            .fill(theme::of(ui).chosen)
            .inner_margin(Margin::symmetric(16, edge));
        Panel::top("messages").frame(frame).show(ui, |ui| {
            let area = ScrollArea::vertical().id_salt("messages").max_height(most);
            scroll::part(ui, area, |ui| {
                ui.set_width(ui.available_width());
                self.fonts(ui, scene);
                alarmed(ui, scene, &alarms);
                self.other(ui, scene);
            });
        });
    }

    fn fonts(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        if self.missing.is_empty() {
            return;
        }
        let names: Vec<&str> = self.missing.iter().map(|l| l.native_name()).collect();
        let text = scene
            .words
            .with("fonts-missing", &[("languages", &names.join(", "))]);
        script::label(ui, &text, scene.own(ui));
        let close = scene.words.t("close");
        if ui.push_id("fonts", |ui| ui.button(close)).inner.clicked() {
            self.missing.clear();
        }
    }

    fn other(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let Some(told) = &self.notice else { return };
        let colour = theme::of(ui).text;
        told::show(ui, scene.words, told, colour);
        let close = scene.words.t("close");
        if ui.push_id("notice", |ui| ui.button(close)).inner.clicked() {
            self.notice = None;
        }
    }
}

/// Failures of a recording. The button stands behind the last of them: whoever presses it was there.
fn alarmed(ui: &mut Ui, scene: &Scene<'_>, alarms: &[Told]) {
    if alarms.is_empty() {
        return;
    }
    let failure = theme::of(ui).failure;
    for told in alarms {
        told::show(ui, scene.words, told, failure);
    }
    if ui.button(scene.words.t("alarm-seen")).clicked() {
        scene.desk.board().acknowledge();
    }
}
