//! The installed models: what they are for, their licence and size, whether their files are as
//! listed; bringing in more.

use eframe::egui::{Button, Frame, Margin, ScrollArea, Ui};

use crate::app::ModelInfo;
use crate::app::desk::{Command, JobKind};
use crate::app::models::Unit;
use crate::domain::Lang;
use crate::gui::safe;
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::job;
use crate::gui::widgets::path::PathField;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::{scroll, told};

/// The screen.
#[derive(Default)]
pub struct Models {
    folder: PathField,
}

impl Models {
    /// Paints the screen.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let words = scene.words;
        scene.heading(ui, "models-title");
        let shelf = scene.desk.board().shelf.get()?;
        let area = ScrollArea::vertical().auto_shrink(false);
        scroll::page(ui, area, |ui| {
            ui.set_max_width(theme::READING);
            if shelf.models.is_empty() {
                script::label(ui, &words.with("models-empty", &[]), scene.own(ui));
            } else {
                let button = Button::new(words.t("models-check"));
                if ui.add_enabled(!job::is_running(scene), button).clicked() {
                    scene.desk.ask(Command::CheckModels);
                }
                script::label(ui, words.t("models-about"), scene.remark(ui));
            }
            job::show(ui, scene, &[JobKind::Check, JobKind::Model]);
            self.bring_in(ui, scene);
            let failure = theme::of(ui).failure;
            for told in &shelf.broken {
                told::show(ui, scene.words, told, failure);
            }
            for model in &shelf.models {
                ui.add_space(theme::GAP);
                one(ui, scene, model);
            }
        });
        None
    }

    /// A model from a folder, for example on a USB stick.
    fn bring_in(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        script::label(ui, words.t("models-import-about"), scene.remark(ui));
        self.folder.show(ui, scene, "models-folder");
        let path = self.folder.path();
        let ready = path.is_some() && !job::is_running(scene);
        let button = Button::new(words.t("models-import"));
        if ui.add_enabled(ready, button).clicked()
            && let Some(path) = path
        {
            // A chosen file of the model stands for its folder.
            let is_file = path.extension().is_some_and(|e| e == "toml");
            let folder = if is_file { path.parent() } else { None };
            let folder = folder.unwrap_or(&path).to_owned();
            if scene.desk.ask(Command::ImportModel(folder)) {
                self.folder.clear();
            }
        }
    }
}

fn one(ui: &mut Ui, scene: &Scene<'_>, model: &ModelInfo) {
    let words = scene.words;
    let colours = theme::of(ui);
    let frame = Frame::new()
        .fill(colours.stripe)
        .inner_margin(Margin::same(10));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.strong(safe::name(&model.name));
        let purpose = if model.purpose == "speech" {
            words.t("models-speech")
        } else {
            words.t("models-translation")
        };
        let languages: Vec<&str> = model.languages.iter().map(|l| l.native_name()).collect();
        script::label(
            ui,
            &format!("{purpose}: {}", languages.join(", ")),
            scene.own(ui),
        );
        let megabytes = format!("{:.1}", model.bytes as f64 / 1e6);
        let facts = words.with(
            "models-facts",
            &[
                ("license", &safe::name(&model.license)),
                ("size", &megabytes),
            ],
        );
        script::label(ui, &facts, scene.own(ui));
        script::label(ui, &model.description, Letters::small(ui, Lang::En));
        errors(ui, scene, model);
        if model.practice {
            let letters = scene.own(ui).coloured(colours.doubt);
            script::label(ui, words.t("models-practice"), letters);
        }
        state(ui, scene, model);
    });
}

/// How often it errs in each language, and where nobody should rely on it.
fn errors(ui: &mut Ui, scene: &Scene<'_>, model: &ModelInfo) {
    let words = scene.words;
    for (lang, rate) in &model.error_rates {
        let id = match rate.unit {
            Unit::Characters => "models-errors-characters",
            Unit::Words => "models-errors-words",
        };
        let percent = format!("{:.1}", rate.percent);
        let source = safe::name(&rate.source);
        let values = [
            ("language", lang.native_name()),
            ("percent", percent.as_str()),
            ("source", source.as_str()),
        ];
        let told = words.with(id, &values);
        script::label(ui, &told, scene.remark(ui));
    }
    let doubt = scene.own(ui).coloured(theme::of(ui).doubt);
    for lang in &model.doubted {
        let id = match model.error_rates.contains_key(lang) {
            true => "models-unusable",
            false => "models-untrained",
        };
        let told = words.with(id, &[("language", lang.native_name())]);
        script::label(ui, &told, doubt);
    }
}

/// What the last comparison of its files gave.
fn state(ui: &mut Ui, scene: &Scene<'_>, model: &ModelInfo) {
    let words = scene.words;
    let colours = theme::of(ui);
    let checked = scene.desk.board().checked.get();
    let (text, colour) = match checked.as_ref().and_then(|c| c.get(&model.name)) {
        None => (words.t("models-unchecked"), colours.faint),
        Some(None) => (words.t("models-whole"), colours.good),
        Some(Some(told)) => {
            told::show(ui, words, told, colours.failure);
            return;
        }
    };
    script::label(ui, text, scene.own(ui).coloured(colour));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::empty_window::keeps_the_keyboard;

    #[test]
    fn the_field_of_the_folder_keeps_the_keyboard_whatever_comes_above_it() {
        let (mut models, mut asked) = (Models::default(), false);
        keeps_the_keyboard(1, move |ui, scene| {
            if !std::mem::replace(&mut asked, true) {
                scene.desk.ask(Command::Shelf);
            }
            models.show(ui, scene);
        });
    }
}
