//! Which microphone is used, and whether it hears anything, before an interview depends on it.

use eframe::egui::{Button, ComboBox, Ui};

use crate::app::desk::Command;
use crate::app::live::{LiveRequest, LiveSource};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{job, meters, script};

/// What is chosen.
#[derive(Default)]
pub struct MicrophoneChoice {
    asked: bool,
    chosen: Option<String>,
}

impl MicrophoneChoice {
    /// The microphone that was chosen, else the one that was used last.
    pub fn source(&self) -> LiveSource {
        match &self.chosen {
            Some(id) => LiveSource::Device(id.clone()),
            None => LiveSource::Usual,
        }
    }

    /// Paints the choice. `request` is what a recording would be; without one there is no test yet.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, request: Option<LiveRequest>) {
        let words = scene.words;
        if !std::mem::replace(&mut self.asked, true) {
            scene.desk.ask(Command::Microphones);
        }
        let found = scene.desk.board().microphones.get();
        let found = found.as_ref().map_or(&[][..], |f| f.as_slice());
        let testing = scene.desk.board().testing.get();
        let runs = testing.as_ref().is_some_and(|t| !t.over);
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("microphone"));
            let current = found.iter().find(|d| Some(&d.id) == self.chosen.as_ref());
            let shown = current.map(|d| safe::name(&d.name));
            let shown = shown.unwrap_or_else(|| words.t("microphone-usual").to_owned());
            let response = ComboBox::from_id_salt("microphone")
                .selected_text(shown)
                .truncate()
                .width(220.0)
                .show_ui(ui, |ui| {
                    let usual = words.t("microphone-usual");
                    ui.selectable_value(&mut self.chosen, None, usual);
                    for device in found {
                        let id = Some(device.id.clone());
                        let name = safe::name(&device.name);
                        ui.selectable_value(&mut self.chosen, id, name);
                    }
                })
                .response;
            response.labelled_by(label.id);
            if ui.button(words.t("microphone-again")).clicked() {
                scene.desk.ask(Command::Microphones);
            }
            if runs {
                if ui.button(words.t("microphone-stop")).clicked() {
                    scene.desk.ask(Command::EndTest);
                }
                return;
            }
            let ready = !job::is_running(scene) && request.is_some();
            let button = Button::new(words.t("microphone-test"));
            if ui.add_enabled(ready, button).clicked()
                && let Some(request) = request
            {
                scene.desk.ask(Command::TestMicrophone(request));
            }
        });
        let Some(testing) = testing else { return };
        let colours = theme::of(ui);
        meters::show(ui, scene, &testing.source, &testing.levels);
        let (id, colour) = match (testing.heard, testing.over) {
            (true, _) => ("microphone-hears", colours.good),
            (false, true) => ("microphone-deaf", colours.failure),
            (false, false) => ("microphone-speak", colours.text),
        };
        script::label(ui, words.t(id), scene.own(ui).coloured(colour));
    }
}
