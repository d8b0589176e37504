//! Signing for a line that is held back, or that somebody changed without a key: only with a reason,
//! which stays with the signature.

use eframe::egui::{Button, Key, Modifiers, TextEdit, Ui};

use crate::app::desk::{Command, Opened};
use crate::domain::{Segment, SegmentId};
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script;

use super::work::{Ended, Sent};

/// The reason that is being typed.
pub struct DespiteForm {
    /// The line.
    pub segment: SegmentId,
    /// What stands against it, as ids of words.
    about: Vec<&'static str>,
    reason: String,
    sent: Sent,
    /// Who signs, where it was sent.
    by: String,
}

impl DespiteForm {
    /// Of this line, without a reason yet; `None` where it needs none.
    pub fn of(line: &Segment, opened: &Opened) -> Option<Self> {
        let held = line.quarantined().map(|_| "line-despite-about");
        let unsigned = opened.unsigned.contains(&line.id);
        let unsigned = unsigned.then_some("line-unsigned-about");
        let about: Vec<_> = held.into_iter().chain(unsigned).collect();
        (!about.is_empty()).then(|| Self {
            segment: line.id,
            about,
            reason: String::new(),
            sent: Sent::default(),
            by: String::new(),
        })
    }

    /// Paints the field and signs once there is a reason.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) -> Ended {
        let words = scene.words;
        let mut leaves = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        ui.spacing_mut().item_spacing.y = theme::GAP;
        for about in self.about.iter().copied() {
            script::label(ui, words.t(about), scene.own(ui));
        }
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("edit-reason"));
            let field = TextEdit::singleline(&mut self.reason)
                .id_salt("despite")
                .char_limit(300)
                .desired_width(320.0);
            script::line(ui, field).labelled_by(label.id);
            let ready = !self.reason.trim().is_empty() && self.sent.is_free();
            let button = Button::new(words.t("line-despite"));
            if ui.add_enabled(ready, button).clicked() {
                let id = opened.interview.id.clone();
                let reason = self.reason.trim().to_owned();
                let number = scene.desk.number();
                let sign = Command::Certify(id, vec![self.segment], Some(reason), number);
                if scene.desk.ask(sign) {
                    self.sent.sent(number);
                    self.by.clone_from(&scene.choices.name);
                }
            }
            leaves |= ui.button(words.t("cancel")).clicked();
        });
        self.sent.trouble(ui, scene);
        if leaves && self.sent.is_free() {
            Ended::Left
        } else {
            Ended::Open
        }
    }

    /// Whether a reason was typed.
    pub fn is_typed(&self) -> bool {
        !self.reason.trim().is_empty()
    }

    /// Nothing of it is on its way.
    pub fn begin_anew(&mut self) {
        self.sent = Sent::default();
    }

    /// Whether it was sent, and what came of it is not known yet.
    pub fn is_on_its_way(&self) -> bool {
        !self.sent.is_free()
    }

    /// Whether it was sent under this number.
    pub fn is_sent_as(&self, number: u64) -> bool {
        self.sent.is(number)
    }

    /// The name at the desk, once it is signed.
    pub fn hear(&mut self, scene: &Scene<'_>) -> Option<String> {
        let stored = self.sent.is_stored(scene);
        stored.then(|| self.by.clone())
    }
}
