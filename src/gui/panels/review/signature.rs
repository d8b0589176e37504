//! Who makes a change and why: the last row of everything that adds to the record.

use eframe::egui::{Button, Key, TextEdit, Ui};

use crate::gui::shell::Scene;
use crate::gui::widgets::script;

/// Who and why.
pub struct Signature {
    by: String,
    reason: String,
}

/// What was pressed in this frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// Nothing.
    Nothing,
    /// Keep it.
    Keep,
    /// Leave everything as it was.
    Cancel,
}

impl Signature {
    /// Of this person, for this reason.
    pub fn new(by: &str, reason: String) -> Self {
        let by = by.to_owned();
        Self { by, reason }
    }

    /// The name.
    pub fn by(&self) -> &str {
        self.by.trim()
    }

    /// The reason, where one was typed.
    pub fn reason(&self) -> Option<String> {
        let reason = self.reason.trim();
        (!reason.is_empty()).then(|| reason.to_owned())
    }

    /// Paints the fields and the two buttons; nothing can be kept while something is `sent`.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, sent: bool) -> Pressed {
        self.show_as(ui, scene, sent, "edit-keep")
    }

    /// The same; the button that keeps is called so.
    pub fn show_as(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        sent: bool,
        keep: &'static str,
    ) -> Pressed {
        let words = scene.words;
        let mut pressed = Pressed::Nothing;
        ui.horizontal_wrapped(|ui| {
            for (text, name, width) in [
                (&mut self.by, words.t("edit-by"), 120.0),
                (&mut self.reason, words.t("edit-reason"), 160.0),
            ] {
                let label = ui.label(name);
                let field = TextEdit::singleline(text)
                    .char_limit(300)
                    .desired_width(width);
                let response = script::line(ui, field).labelled_by(label.id);
                if response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter)) {
                    pressed = Pressed::Keep;
                }
            }
            let button = Button::new(words.t(keep));
            if ui.add_enabled(!sent, button).clicked() {
                pressed = Pressed::Keep;
            }
            if ui.button(words.t("cancel")).clicked() {
                pressed = Pressed::Cancel;
            }
        });
        pressed
    }
}
