//! A field for a file or a folder, with a way to choose one.

use std::path::PathBuf;

use eframe::egui::{TextEdit, Ui};

use crate::app::desk::Command;
use crate::gui::shell::Scene;

use super::chooser::{self, Chosen};
use super::script;

/// What is typed.
#[derive(Default)]
pub struct PathField {
    text: String,
    choosing: bool,
}

impl PathField {
    /// Paints the field under the words of a message; with `looks`, also the way to choose a file.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, name: &'static str, looks: bool) {
        let words = scene.words;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t(name));
            let width = ui.available_width().clamp(120.0, 320.0);
            let field = TextEdit::singleline(&mut self.text).desired_width(width);
            script::line(ui, field).labelled_by(label.id);
            if looks && ui.button(words.t("choose-file")).clicked() {
                self.choosing = true;
                scene.desk.ask(Command::BrowseAll(None));
            }
        });
        if self.choosing {
            match chooser::show_all(ui, scene) {
                Some(Chosen::File(path)) => {
                    self.text = path.display().to_string();
                    self.choosing = false;
                }
                Some(Chosen::Close) => self.choosing = false,
                None => {}
            }
        }
    }

    /// What is typed, where anything is.
    pub fn path(&self) -> Option<PathBuf> {
        let typed = self.text.trim();
        (!typed.is_empty()).then(|| PathBuf::from(typed))
    }

    /// Empties the field.
    pub fn clear(&mut self) {
        self.text.clear();
    }
}
