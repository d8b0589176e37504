//! Buttons that stand beside a thing and are called alike: whoever has the screen read out hears which thing
//! each is for.

use eframe::egui::{Response, Ui, WidgetInfo, accesskit::Role};

use crate::gui::shell::Scene;

/// A button that is read out by a longer name than the one that is seen.
pub fn button(ui: &mut Ui, seen: &str, name: &str) -> Response {
    let button = ui.button(seen);
    button.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
    button
}

/// The button that takes this thing out of a list; whether it was pressed.
pub fn remove(ui: &mut Ui, scene: &Scene<'_>, thing: &str) -> bool {
    let words = scene.words;
    let name = words.with("remove-named", &[("name", thing)]);
    button(ui, words.t("remove"), &name).clicked()
}
