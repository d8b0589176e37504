//! The strip above every screen: missing fonts, failures of a recording until somebody has seen them,
//! other failures, files written. It keeps to a part of the window and is scrolled by itself: however
//! many messages there are, what ends a recording stays in the window.

use std::collections::VecDeque;
use std::path::Path;

use eframe::egui::{Frame, Margin, Panel, ScrollArea, Ui};

use crate::app::desk::{Notice, Told};
use crate::domain::Lang;
use crate::fonts;

use super::shell::Scene;
use super::theme;
use super::widgets::script::{self, Letters};
use super::widgets::{scroll, told};
use super::words::Words;

/// The strip takes at most this part of the window's height,
const PART: f32 = 0.24;
/// but so many points at least: two rows of text and what is scrolled to.
const LEAST: f32 = 56.0;

/// What is to be told.
pub(super) struct Messages {
    missing: Vec<Lang>,
    /// The first is shown until the person puts it away.
    notices: VecDeque<Told>,
}

impl Messages {
    /// `missing` are the languages for which no font was found.
    pub(super) fn new(missing: Vec<Lang>, notice: Option<Told>) -> Self {
        let notices = notice.into_iter().collect();
        Self { missing, notices }
    }

    /// Shows a message until the person puts it away, before those that wait.
    pub(super) fn say(&mut self, told: Told) {
        if !self.notices.contains(&told) {
            self.notices.push_front(told);
        }
    }

    /// Takes the desk's next message when the last one was put away.
    pub(super) fn hear(&mut self, scene: &Scene<'_>) {
        if !self.notices.is_empty() {
            return;
        }
        let words = scene.words;
        let next = scene.desk.board().next_notice();
        self.notices.extend(next.map(|notice| match notice {
            Notice::Failed(told) => told,
            Notice::Busy => Told {
                what: words.t("busy").to_owned(),
                next: words.t("busy-next").to_owned(),
            },
            Notice::Written(path) => Told {
                what: words.with("written", &[("path", &path.display().to_string())]),
                next: String::new(),
            },
            Notice::PutAside(path) => Told {
                what: words.with("choices-aside", &[("path", &path.display().to_string())]),
                next: String::new(),
            },
            Notice::Terms { count, remarks } => {
                let remarks: Vec<String> = remarks.iter().map(|one| words.told(one)).collect();
                Told {
                    what: words.with("glossary-taken", &[("count", &count.to_string())]),
                    next: remarks.join("\n"),
                }
            }
        }));
    }

    /// Paints the strip where there is anything to tell.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let alarms = scene.desk.board().alarms();
        if self.missing.is_empty() && alarms.is_empty() && self.notices.is_empty() {
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
        unshown(ui, scene.words, &self.missing);
        let close = scene.words.t("close");
        if ui.push_id("fonts", |ui| ui.button(close)).inner.clicked() {
            self.missing.clear();
        }
    }

    fn other(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let Some(told) = self.notices.front() else {
            return;
        };
        let colour = theme::of(ui).text;
        told::show(ui, scene.words, told, colour);
        let close = scene.words.t("close");
        if ui.push_id("notice", |ui| ui.button(close)).inner.clicked() {
            self.notices.pop_front();
        }
    }
}

/// Says that the choices could not be read, and where they lie now.
pub(super) fn choices_aside(words: &Words, path: &Path) -> Told {
    Told {
        what: words.t("choices-broken").to_owned(),
        next: words.with("choices-aside", &[("path", &path.display().to_string())]),
    }
}

/// Says for which languages no font was found: in the language of the screens, and in English with
/// English names, because the first may be the very words that cannot be shown.
pub(super) fn unshown(ui: &mut Ui, words: &Words, missing: &[Lang]) {
    if missing.is_empty() {
        return;
    }
    let own = Letters::running(ui, words.lang());
    if words.lang() != Lang::En {
        let names: Vec<&str> = missing.iter().map(|l| l.native_name()).collect();
        let text = words.with("fonts-missing", &[("languages", &names.join(", "))]);
        script::label(ui, &text, own);
    }
    let names: Vec<&str> = missing.iter().map(|l| l.name()).collect();
    let english = Words::of(Lang::En).with("fonts-missing", &[("languages", &names.join(", "))]);
    let letters = Letters::running(ui, Lang::En);
    script::label(ui, &english, letters);
    script::label(ui, &fonts::advice(missing), letters);
}

/// Failures of a recording, the newest first: it is seen without scrolling. The button stands behind the
/// last of them: whoever presses it was there.
fn alarmed(ui: &mut Ui, scene: &Scene<'_>, alarms: &[Told]) {
    if alarms.is_empty() {
        return;
    }
    let failure = theme::of(ui).failure;
    for told in alarms.iter().rev() {
        told::show(ui, scene.words, told, failure);
    }
    if ui.button(scene.words.t("alarm-seen")).clicked() {
        scene.desk.board().acknowledge();
    }
}
