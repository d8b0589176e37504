//! A window over an empty workspace, for tests of what a screen paints.

use std::sync::Arc;

use eframe::egui::Ui;
use egui_kittest::Harness;

use super::scene::Scene;
use super::words::Words;
use crate::app::desk::Desk;
use crate::app::{App, Choices, Options};
use crate::domain::Lang;

/// The window, two frames old, and the folder of its workspace.
pub fn over(
    lang: Lang,
    mut paint: impl FnMut(&mut Ui, &Scene<'_>) + 'static,
) -> (tempfile::TempDir, Harness<'static>) {
    let dir = tempfile::tempdir().unwrap();
    let options = Options {
        workspace: Some(dir.path().to_owned()),
        ..Options::default()
    };
    let app = App::open(&options).unwrap();
    let desk = Desk::start(Arc::new(app), Arc::new(|| ())).unwrap();
    let (words, choices) = (Words::of(lang), Choices::default());
    let mut window = Harness::builder()
        .allow_missing_glyphs()
        .build_ui(move |ui| {
            let scene = Scene {
                desk: &desk,
                words: &words,
                choices: &choices,
            };
            paint(ui, &scene);
        });
    window.run_steps(2);
    (dir, window)
}
