//! What an interpreter said of a line, beside what the machine made of it: a layer of its own.

use eframe::egui::Ui;

use super::script::{self, Letters};
use crate::domain::Segment;
use crate::gui::shell::Scene;

/// Paints the interpreter's lines that render one line, each with its number.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, rendered: &[&Segment]) {
    for line in rendered.iter().filter(|line| !line.text.is_empty()) {
        let who = scene.words.t("role-interpreter");
        let about = format!("{} · {who} · {}", line.lang.native_name(), line.id.0);
        script::label(ui, &about, Letters::small(ui, line.lang));
        script::label(ui, &line.text, Letters::running(ui, line.lang));
    }
}
