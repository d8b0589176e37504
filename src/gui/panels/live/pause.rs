//! Pauses and marks. A pause is one press, for somebody may begin to say at any moment what must not be
//! recorded: by its key, by its button, or by a button that names the reason. Its entry is written when it
//! begins, so a reason that is given later stands in the record as a mark of its own.

use eframe::egui::{Button, Key, TextEdit, Ui};

use crate::app::desk::{Command, Recording};
use crate::app::live::{NO_REASON, PAUSE_REASON, PAUSES};
use crate::gui::panels::happened::PAUSED;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script;

/// What is typed, and whether a reason is missing.
#[derive(Default)]
pub(super) struct Pausing {
    words: String,
    /// The pause began without a reason, and nobody was asked yet.
    asks: bool,
}

impl Pausing {
    /// The key was pressed, which works on every screen: pauses at once, or goes on. Whether it is to be asked
    /// why it pauses.
    pub(super) fn by_key(&mut self, scene: &Scene<'_>, now: &Recording) -> bool {
        if now.ending {
            return false;
        }
        if now.status.paused {
            self.go_on(scene);
            return false;
        }
        self.pause(scene, None);
        self.asks
    }

    fn go_on(&mut self, scene: &Scene<'_>) {
        scene.desk.ask(Command::GoOn);
        self.asks = false;
    }

    /// Paints the button, and a field for words of one's own.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, now: &Recording) {
        let words = scene.words;
        let paused = now.status.paused;
        ui.horizontal_wrapped(|ui| {
            let button = words.t(if paused {
                "live-continue"
            } else {
                "live-pause"
            });
            let pressed = ui.button(button).clicked();
            let label = ui.label(words.t("live-words"));
            let width = ui.available_width().clamp(100.0, 200.0);
            let field = TextEdit::singleline(&mut self.words).id_salt("words");
            let field = field.char_limit(300).desired_width(width);
            let field = script::line(ui, field).labelled_by(label.id);
            let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            let filled = !self.words.trim().is_empty();
            let mark = Button::new(words.t("live-mark"));
            let marks = ui.add_enabled(filled, mark).clicked() || (paused && entered && filled);
            if pressed && paused {
                self.go_on(scene);
            } else if pressed || (!paused && entered && filled) {
                self.pause(scene, None);
            } else if marks {
                self.mark(scene);
            }
        });
    }

    /// Paints the reasons that are ready: each pauses at once, or explains the pause that has begun.
    pub(super) fn reasons(&mut self, ui: &mut Ui, scene: &Scene<'_>, now: &Recording) {
        let words = scene.words;
        let paused = now.status.paused;
        if paused && !self.asks {
            return;
        }
        let title = words.t(if paused { "pause-why" } else { "pause-for" });
        let ready = PAUSES.into_iter().zip(PAUSED);
        ui.horizontal_wrapped(|ui| {
            if paused {
                let doubt = theme::of(ui).doubt;
                script::label(ui, title, scene.own(ui).coloured(doubt));
            } else {
                ui.label(title);
            }
            for (reason, id) in ready {
                // That nobody says why is a choice too, once it is asked for.
                let none = reason == NO_REASON;
                if (none && !paused) || !ui.button(words.t(id)).clicked() {
                    continue;
                }
                match (paused, none) {
                    (true, true) => self.asks = false,
                    (true, false) => {
                        let mark = Command::Mark(format!("{PAUSE_REASON}{reason}"));
                        self.asks = !scene.desk.ask(mark);
                    }
                    (false, _) => self.pause(scene, Some(reason)),
                }
            }
        });
    }

    /// Pauses at once, with this reason, else with what was typed.
    fn pause(&mut self, scene: &Scene<'_>, ready: Option<&str>) {
        let typed = self.words.trim();
        let own = (!typed.is_empty()).then_some(typed);
        let reason = ready.or(own).unwrap_or(NO_REASON);
        if scene.desk.ask(Command::Pause(reason.to_owned())) {
            self.asks = reason == NO_REASON;
            if ready.is_none() {
                self.words.clear();
            }
        }
    }

    /// Marks this moment with what was typed; while a reason is missing, it is that.
    fn mark(&mut self, scene: &Scene<'_>) {
        let typed = self.words.trim();
        let label = match self.asks {
            true => format!("{PAUSE_REASON}{typed}"),
            false => typed.to_owned(),
        };
        if scene.desk.ask(Command::Mark(label)) {
            self.words.clear();
            self.asks = false;
        }
    }
}
