//! Choosing a language by its own name.

use eframe::egui::{ComboBox, Ui};

use crate::domain::Lang;

/// A box with the languages of `among`; `none` is the text for 'no language', where that is allowed.
pub fn pick(
    ui: &mut Ui,
    salt: &str,
    name: &str,
    among: &[Lang],
    none: Option<&str>,
    chosen: &mut Option<Lang>,
) {
    let shown = chosen.map_or_else(|| none.unwrap_or("–"), |lang| lang.native_name());
    let label = ui.label(name);
    let response = ComboBox::from_id_salt(salt)
        .selected_text(shown)
        .show_ui(ui, |ui| {
            if let Some(none) = none {
                ui.selectable_value(chosen, None, none);
            }
            for lang in among {
                ui.selectable_value(chosen, Some(*lang), lang.native_name());
            }
        })
        .response;
    response.labelled_by(label.id);
}
