//! Nothing that is written on any screen is cut off at 900 x 600, in any of the seven languages; nor is
//! what is scrolled into view, or what is told of a button that the mouse rests on.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "common/sound.rs"]
mod sound;
#[path = "common/window.rs"]
mod window;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use eframe::egui::accesskit::Role;
use eframe::egui::{Event, Key, Modifiers, Rect, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use mekong_interview::domain::Lang;
use mekong_interview::gui::{Gate, find_fonts};
use window::*;

/// What was found, by language and screen.
#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn look<S>(&mut self, window: &Harness<'_, S>, lang: Lang, what: &str) {
        let cut = cut_off(window).into_iter();
        self.0
            .extend(cut.map(|cut| format!("{lang}, {what}: {cut}")));
    }

    fn assert_nothing(&self) {
        let found: Vec<&str> = self.0.iter().map(String::as_str).collect();
        assert!(
            found.is_empty(),
            "{} texts:\n{}",
            found.len(),
            found.join("\n")
        );
    }
}

/// A message of a language.
fn word(lang: Lang, id: &str) -> String {
    let file = format!("{}/src/gui/locales/{lang}.ftl", env!("CARGO_MANIFEST_DIR"));
    let words = fs::read_to_string(file).unwrap();
    let found = words
        .lines()
        .find_map(|l| l.strip_prefix(&format!("{id} = ")));
    let found = found.unwrap_or_else(|| panic!("{lang} has no {id}"));
    found.split('{').next().unwrap().trim_end().to_owned()
}

fn speak(workspace: &Path, lang: Lang) {
    fs::write(
        workspace.join("desktop.toml"),
        format!("language = \"{lang}\"\n"),
    )
    .unwrap();
}

/// A window as it is worked in, and one in which everything is in view.
fn windows(workspace: &Path) -> [Window; 2] {
    [window(workspace), tall_window(workspace)]
}

/// Rests the mouse on every button and looks at what is told of it.
fn rest_on_buttons(window: &mut Window, found: &mut Found, lang: Lang, what: &str) {
    let buttons = window.query_all_by_role(Role::Button);
    let places: Vec<Rect> = buttons.map(|node| node.rect()).collect();
    for place in places {
        window.event(Event::PointerMoved(place.center()));
        window.run_steps(4);
        found.look(window, lang, what);
    }
    window.event(Event::PointerGone);
    window.run_steps(2);
}

#[test]
fn nothing_is_cut_off_where_a_transcript_is_read() {
    let dir = sound::with_sound();
    let mut found = Found::default();
    for lang in Lang::ALL {
        speak(dir.path(), lang);
        for mut window in windows(dir.path()) {
            until_seen(&mut window, "K-17");
            found.look(&window, lang, "the list of interviews");
            press(&mut window, "K-17");
            until_seen(&mut window, "ខ្ញុំជាប៉ូលិស។ 20");
            found.look(&window, lang, "a transcript");
            for (work, what) in [
                (Key::H, "history"),
                (Key::E, "correct"),
                (Key::T, "translate"),
                (Key::S, "split"),
                (Key::M, "join"),
                (Key::R, "times"),
                (Key::W, "speaker"),
                (Key::A, "again"),
                (Key::G, "term"),
                (Key::I, "a new line"),
            ] {
                key(&mut window, work);
                window.run_steps(3);
                found.look(&window, lang, what);
                key(&mut window, Key::Escape);
                key(&mut window, Key::Escape);
            }
            chord(&mut window, Key::K);
            window.run_steps(3);
            found.look(&window, lang, "the palette");
            key(&mut window, Key::Escape);
        }
        let mut window = window(dir.path());
        until_seen(&mut window, "K-17");
        press(&mut window, "K-17");
        until_seen(&mut window, "ខ្ញុំជាប៉ូលិស។ 20");
        rest_on_buttons(&mut window, &mut found, lang, "a button of a transcript");
    }
    found.assert_nothing();
}

#[test]
fn nothing_is_cut_off_on_any_other_screen() {
    let dir = six_interviews();
    let mut found = Found::default();
    for lang in Lang::ALL {
        speak(dir.path(), lang);
        for mut window in windows(dir.path()) {
            until_seen(&mut window, "K-17");
            chord(&mut window, Key::Num1);
            window.run_steps(5);
            found.look(&window, lang, "a new interview");
            press(&mut window, "ខ្មែរ – Tiếng Việt");
            window.run_steps(5);
            found.look(&window, lang, "a new interview with a file");
            chord(&mut window, Key::Num3);
            window.run_steps(3);
            found.look(&window, lang, "search");
            say(&mut window, "ប៉ូលិស");
            until_seen(&mut window, "K-17");
            for _ in 0..4 {
                key(&mut window, Key::Tab);
            }
            key(&mut window, Key::Space);
            window.run_steps(3);
            found.look(&window, lang, "what was found, with the lists open");
            for (screen, what) in [
                (Key::Num5, "models"),
                (Key::Num6, "settings"),
                (Key::Num7, "people"),
            ] {
                chord(&mut window, screen);
                window.run_steps(10);
                found.look(&window, lang, what);
            }
            glossary(&mut window, &mut found, lang);
            evidence(&mut window, &mut found, lang);
        }
    }
    found.assert_nothing();
}

/// The terms are scrolled in both directions: without them, and the forms that take their place.
fn glossary(window: &mut Window, found: &mut Found, lang: Lang) {
    chord(window, Key::Num4);
    until_seen(window, &word(lang, "glossary-filter"));
    focus(window, &word(lang, "glossary-filter"));
    say(window, "no term is called so");
    window.run_steps(3);
    found.look(window, lang, "glossary");
    for form in ["glossary-import", "glossary-export"] {
        press(window, &word(lang, form));
        until_placed(window, lang);
        found.look(window, lang, form);
        press(window, &word(lang, "cancel"));
    }
    press(window, &word(lang, "glossary-new"));
    window.run_steps(3);
    found.look(window, lang, "a new term");
    key(window, Key::Escape);
}

/// The desk needs a moment to look which places there are.
fn until_placed(window: &mut Window, lang: Lang) {
    let home = word(lang, "place-home");
    let writes = sees(window, &word(lang, "place-in"));
    until(window, "places", |w| !writes || sees(w, &home));
}

fn evidence(window: &mut Window, found: &mut Found, lang: Lang) {
    chord(window, Key::Num2);
    until_seen(window, "K-17");
    press(window, "中文 – Tiếng Việt");
    until_seen(window, "Buổi phỏng vấn");
    chord(window, Key::Num8);
    until_seen(window, &word(lang, "export-write"));
    until_placed(window, lang);
    found.look(window, lang, "evidence");
    for part in [
        "evidence-read-back",
        "evidence-consent",
        "evidence-partners",
        "evidence-keys",
    ] {
        press(window, &word(lang, part));
        window.run_steps(5);
        found.look(window, lang, part);
    }
}

#[test]
fn nothing_is_cut_off_while_it_is_recorded_in_any_language() {
    let mut found = Found::default();
    for lang in Lang::ALL {
        let dir = tempfile::tempdir().unwrap();
        speak(dir.path(), lang);
        // Only what is in view can be pressed.
        let mut window = tall_window(dir.path());
        chord(&mut window, Key::Num1);
        press(&mut window, "ខ្មែរ – Tiếng Việt");
        until_seen(&mut window, &word(lang, "live-practice"));
        press(&mut window, &word(lang, "live-practice"));
        until_it_records(&mut window);
        found.look(&window, lang, "a recording in a high window");
        window.set_size(vec2(900.0, 600.0));
        window.run_steps(3);
        found.look(&window, lang, "a recording");
        press(&mut window, &word(lang, "live-end"));
        found.look(&window, lang, "the end of a recording");
        press(&mut window, &word(lang, "live-end-yes"));
        window.run_steps(3);
        found.look(&window, lang, "a recording that ends");
    }
    found.assert_nothing();
}

#[test]
fn nothing_is_cut_off_before_the_screens_and_where_the_lock_is_made() {
    let dir = six_interviews();
    let mut found = Found::default();
    for lang in Lang::ALL {
        speak(dir.path(), lang);
        let app = Arc::new(open_app(dir.path()));
        let mut window: Harness<'static, Option<Gate>> = Harness::builder()
            .with_size(vec2(900.0, 1_800.0))
            .allow_missing_glyphs()
            .build_ui_state(
                move |ui, gate: &mut Option<Gate>| {
                    let made = || Gate::new(Arc::clone(&app), ui.ctx(), find_fonts()).unwrap();
                    gate.get_or_insert_with(made).show(ui);
                },
                None,
            );
        until_seen(&mut window, "K-17");
        window.key_press_modifiers(Modifiers::COMMAND, Key::Num6);
        let begin = word(lang, "lock-begin");
        until_seen(&mut window, &begin);
        let button = window.query_all_by_label_contains(&begin).next();
        button.expect("the way to the lock").click();
        until_seen(&mut window, &word(lang, "lock-recovery-new"));
        window.set_size(vec2(900.0, 600.0));
        window.run_steps(3);
        found.look(&window, lang, "the page of the lock");
        let agency = word(lang, "lock-recovery-agency");
        window
            .query_all_by_label_contains(&agency)
            .next()
            .unwrap()
            .click();
        window.run_steps(5);
        found.look(
            &window,
            lang,
            "the page of the lock, with a key of the agency",
        );
    }
    found.assert_nothing();
}

#[test]
fn a_text_that_is_cut_off_is_found_whatever_it_is_the_text_of() {
    use eframe::egui::{Button, TextEdit, TextWrapMode};
    let long = "mekong ".repeat(20);
    let clone = long.clone();
    let window: Harness<'_, u8> = Harness::builder()
        .with_size(vec2(200.0, 200.0))
        .build_ui_state(
            move |ui, at: &mut u8| {
                let mut empty = String::new();
                match *at {
                    0 => drop(ui.add(Button::new(&clone).truncate())),
                    1 => drop(ui.add(TextEdit::singleline(&mut empty).hint_text(&clone))),
                    2 => {
                        ui.style_mut().wrap_mode = Some(TextWrapMode::Extend);
                        ui.checkbox(&mut false, &clone);
                    }
                    3 => drop(ui.label("mekong")),
                    _ => {
                        let mut typed = clone.clone();
                        ui.add(TextEdit::singleline(&mut typed));
                    }
                }
            },
            0,
        );
    let mut window = window;
    for (at, cut) in [(0, true), (1, true), (2, true), (3, false), (4, false)] {
        *window.state_mut() = at;
        window.run_steps(2);
        assert_eq!(
            !cut_off(&window).is_empty(),
            cut,
            "{at}: {:?}",
            cut_off(&window)
        );
    }
    assert!(window.query_all_by_role(Role::Button).next().is_none() && !long.is_empty());
}
