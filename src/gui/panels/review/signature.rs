//! Who makes a change and why: the last row of everything that adds to the record.

use eframe::egui::{Button, Key, TextEdit, Ui};

use crate::gui::shell::Scene;
use crate::gui::widgets::script;

/// Who and why.
pub struct Signature {
    by: String,
    reason: String,
    /// Both as they stood at first.
    began: (String, String),
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
        let began = (by.clone(), reason.clone());
        Self { by, reason, began }
    }

    /// Whether one of them was typed.
    pub fn is_typed(&self) -> bool {
        let (by, reason) = &self.began;
        self.by() != by.trim() || self.reason.trim() != reason.trim()
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
                (&mut self.by, "edit-by", 120.0),
                (&mut self.reason, "edit-reason", 160.0),
            ] {
                let label = ui.label(words.t(name));
                // The same field whatever comes or goes above: it keeps the keyboard.
                let field = TextEdit::singleline(text)
                    .id_salt(name)
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

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use eframe::egui::Event;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::domain::Lang;
    use crate::gui::empty_window::over;

    #[test]
    fn a_name_is_typed_to_its_end_whatever_comes_and_goes_above() {
        let signature = Rc::new(RefCell::new(Signature::new("", String::new())));
        let told = Rc::new(Cell::new(false));
        let (own, above) = (Rc::clone(&signature), Rc::clone(&told));
        let (_dir, mut window) = over(Lang::En, move |ui, scene| {
            if above.get() {
                ui.label("a job goes on");
                ui.label("so much of it is done");
            }
            own.borrow_mut().show(ui, scene, false);
        });
        window.get_by_label("Your name").focus();
        window.run_steps(2);
        for (text, is_told) in [("La", true), ("n ", false), ("ວັນ", true)] {
            window.event(Event::Text(text.to_owned()));
            window.run_steps(1);
            told.set(is_told);
            window.run_steps(2);
        }
        window.event(Event::Text("ນາ".to_owned()));
        window.run_steps(1);
        assert_eq!(signature.borrow().by(), "Lan ວັນນາ");
    }
}
