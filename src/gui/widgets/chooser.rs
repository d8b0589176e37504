//! Chooses a file to import, or a folder to write into. Folders are listed by the desk, so a slow disk or a network share never
//! holds up the window.

use std::path::PathBuf;

use eframe::egui::{Button, Frame, Margin, ScrollArea, Ui, vec2};

use crate::app::desk::Command;
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{script, scroll};

/// Height of the list, in points.
const LIST: f32 = 220.0;

/// What a person did in it.
pub enum Chosen {
    /// This file.
    File(PathBuf),
    /// This folder.
    Folder(PathBuf),
    /// Nothing; put it away.
    Close,
}

/// Shows the folder that lies on the board, with the files that can be imported.
pub fn show(ui: &mut Ui, scene: &Scene<'_>) -> Option<Chosen> {
    inside(ui, scene, Command::Browse, false)
}

/// Shows the folder that lies on the board, with all its files.
pub fn show_all(ui: &mut Ui, scene: &Scene<'_>) -> Option<Chosen> {
    inside(ui, scene, Command::BrowseAll, false)
}

/// Shows the folder that lies on the board, with a way to choose it.
pub fn show_folders(ui: &mut Ui, scene: &Scene<'_>) -> Option<Chosen> {
    inside(ui, scene, Command::BrowseAll, true)
}

fn inside(
    ui: &mut Ui,
    scene: &Scene<'_>,
    browse: fn(Option<PathBuf>) -> Command,
    folders: bool,
) -> Option<Chosen> {
    let words = scene.words;
    let mut chosen = None;
    let frame = Frame::new()
        .fill(theme::of(ui).stripe)
        .inner_margin(Margin::same(10));
    frame.show(ui, |ui| {
        let Some(folder) = scene.desk.board().folder.get() else {
            // A disk that does not answer must not hold the person here.
            ui.horizontal(|ui| {
                ui.spinner();
                if ui.button(words.t("cancel")).clicked() {
                    chosen = Some(Chosen::Close);
                }
            });
            return;
        };
        let path = safe::name(&folder.path.display().to_string());
        script::label(ui, &path, scene.remark(ui));
        ui.horizontal_wrapped(|ui| {
            if let Some(parent) = folder.path.parent()
                && ui.button(words.t("choose-up")).clicked()
            {
                scene.desk.ask(browse(Some(parent.to_owned())));
            }
            if folders && ui.button(words.t("choose-here")).clicked() {
                chosen = Some(Chosen::Folder(folder.path.clone()));
            }
            if ui.button(words.t("cancel")).clicked() {
                chosen = Some(Chosen::Close);
            }
        });
        if folder.entries.is_empty() && !folders {
            script::label(ui, words.t("choose-empty"), scene.own(ui));
        }
        let count = folder.entries.len();
        let area = ScrollArea::vertical().id_salt("folder").max_height(LIST);
        area.show_rows(ui, theme::PRESS, count, |ui, rows| {
            for entry in folder.entries.get(rows).into_iter().flatten() {
                let mut name = safe::name(&entry.name);
                if entry.folder {
                    name.push('/');
                }
                let size = vec2(ui.available_width(), theme::PRESS);
                let button = Button::new(name).truncate().frame(false).min_size(size);
                if ui.add(button).clicked() {
                    if entry.folder {
                        let next = browse(Some(entry.path.clone()));
                        scene.desk.ask(next);
                    } else {
                        chosen = Some(Chosen::File(entry.path.clone()));
                    }
                }
            }
            scroll::follow(ui);
        });
        if folder.cut {
            script::label(ui, words.t("choose-cut"), scene.remark(ui));
        }
    });
    chosen
}
