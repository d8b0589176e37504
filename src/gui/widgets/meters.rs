//! How loud each channel of a microphone is, beside the microphone's name.

use eframe::egui::{ProgressBar, Ui};

use super::script;
use crate::audio::Level;
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;

/// Quietest level that a meter shows, decibels below full scale.
const QUIET: f32 = -60.0;

/// What a microphone is called: one that is whatever the system uses at the moment says so.
pub fn called(scene: &Scene<'_>, name: &str, floating: bool) -> String {
    let name = safe::name(name);
    match floating {
        true => format!("{} ({name})", scene.words.t("microphone-floating")),
        false => name,
    }
}

/// Paints the name of `source` and a bar a channel, first channel first.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, source: (&str, bool), levels: &[Level]) {
    let words = scene.words;
    let name = called(scene, source.0, source.1);
    let name = words.with("live-source", &[("name", &name)]);
    script::label(ui, &name, scene.remark(ui));
    let accent = theme::of(ui).accent;
    for (channel, level) in (1..).zip(levels) {
        let name = words.with("live-level", &[("channel", &format!("{channel}"))]);
        let part = ((level.peak_db - QUIET) / -QUIET).clamp(0.0, 1.0);
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(name);
            let bar = ProgressBar::new(part).desired_width(220.0).fill(accent);
            ui.add(bar).labelled_by(label.id);
            let level = words.digits(&format!("{:.0}", level.peak_db));
            ui.label(format!("{level} dB"));
        });
    }
}
