//! A window over an empty workspace, for tests of what a screen paints.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Ui, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

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

/// Types into each field that a screen shows, while lines come and go above it. Each must keep the
/// keyboard, and nothing of what is typed may come into another one. Fields of passphrases are left out.
pub fn keeps_the_keyboard(fields: usize, mut paint: impl FnMut(&mut Ui, &Scene<'_>) + 'static) {
    let told = Rc::new(Cell::new(false));
    let above = Rc::clone(&told);
    let (_dir, mut window) = over(Lang::En, move |ui, scene| {
        if above.get() {
            ui.label("a job goes on");
            ui.horizontal(|ui| ui.label("so much of it is done"));
        }
        paint(ui, scene);
    });
    window.set_size(vec2(900.0, 2_000.0));
    let begun = std::time::Instant::now();
    while window.query_all_by_role(Role::TextInput).count() < fields {
        assert!(begun.elapsed().as_secs() < 60, "not all fields came");
        std::thread::sleep(std::time::Duration::from_millis(5));
        window.step();
    }
    let count = window.query_all_by_role(Role::TextInput).count();
    assert_eq!(count, fields, "or two have one id");
    for at in 0..count {
        let field = |window: &Harness<'_>| {
            let node = window.query_all_by_role(Role::TextInput).nth(at).unwrap();
            (
                node.accesskit_node().id(),
                node.accesskit_node().value().unwrap_or_default(),
            )
        };
        let (id, before) = field(&window);
        window
            .query_all_by_role(Role::TextInput)
            .nth(at)
            .unwrap()
            .focus();
        window.run_steps(2);
        for (text, is_told) in [("ເຮືອ", true), ("ທູກ", false), ("九", true)] {
            window.event(Event::Text(text.to_owned()));
            window.run_steps(1);
            told.set(is_told);
            window.run_steps(2);
        }
        let (same, after) = field(&window);
        assert_eq!(id, same, "field {at} is another one");
        assert_eq!(
            after.chars().count(),
            before.chars().count() + 8,
            "{at}: {after}"
        );
        told.set(false);
        window.run_steps(2);
    }
    let fields = window.query_all_by_role(Role::TextInput);
    let longest = fields.map(|node| node.accesskit_node().value().unwrap_or_default());
    assert!(
        longest
            .into_iter()
            .all(|text| text.matches("ເຮືອ").count() == 1)
    );
}
