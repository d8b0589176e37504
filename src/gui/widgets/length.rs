//! How long an interview is likely to take: for so long the disk must have room before it begins.

use std::time::Duration;

use eframe::egui::{ComboBox, Ui};

use crate::gui::shell::Scene;

/// Hours that can be chosen.
const HOURS: [u64; 4] = [1, 2, 4, 8];
/// Hours unless a person says otherwise.
pub const USUAL: u64 = 2;

/// The length of so many hours.
pub fn planned(hours: u64) -> Duration {
    Duration::from_secs(hours.saturating_mul(3600))
}

/// Lets a person choose.
pub fn pick(ui: &mut Ui, scene: &Scene<'_>, chosen: &mut u64) {
    let words = scene.words;
    let named = |hours: u64| {
        let count = words.digits(&hours.to_string());
        words.with("intake-hours", &[("count", &count)])
    };
    ui.horizontal_wrapped(|ui| {
        let label = ui.label(words.t("intake-length"));
        let list = ComboBox::from_id_salt("length").selected_text(named(*chosen));
        let shown = list.show_ui(ui, |ui| {
            for hours in HOURS {
                ui.selectable_value(chosen, hours, named(hours));
            }
        });
        shown.response.labelled_by(label.id);
    });
}
