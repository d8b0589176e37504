//! The window before a locked workspace: nothing is shown before the passphrase, and nothing after it
//! is locked again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

mod common;
#[path = "common/dark.rs"]
mod dark;
#[path = "common/thief.rs"]
mod thief;

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::accesskit::{Role, Toggled};
use eframe::egui::{Event, Key, Modifiers, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use mekong_interview::app::{App, Options, VaultState};
use mekong_interview::domain::Lang;
use mekong_interview::gui::{Fonts, Gate, find_fonts};

type Window = Harness<'static, Option<Gate>>;

const WORD: &str = "欧阳翡翠";

fn window(app: Arc<App>) -> Window {
    window_with(app, find_fonts())
}

fn window_with(app: Arc<App>, fonts: Fonts) -> Window {
    let mut harness = Harness::builder()
        .with_size(vec2(900.0, 600.0))
        .allow_missing_glyphs()
        .build_ui_state(
            move |ui, gate: &mut Option<Gate>| {
                let gate = gate.get_or_insert_with(|| {
                    Gate::new(Arc::clone(&app), ui.ctx(), fonts.clone()).unwrap()
                });
                gate.show(ui);
            },
            None,
        );
    harness.run_steps(2);
    harness
}

fn sees(window: &Window, text: &str) -> bool {
    window.query_all_by_label_contains(text).next().is_some()
}

fn until(window: &mut Window, what: &str) {
    let begun = Instant::now();
    while !sees(window, what) {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "never came: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
        window.step();
    }
    window.run_steps(3);
}

fn enter(window: &mut Window, phrase: &str) {
    window.run_steps(2);
    window.event(Event::Text(phrase.to_owned()));
    window.step();
    window.key_press(Key::Enter);
    window.run_steps(2);
}

/// A locked workspace with one interview in it, and the program over it.
fn locked() -> (thief::Case, Arc<App>) {
    let case = thief::Case::new();
    case.import(&thief::Talk::ALL[0]);
    case.lock();
    let app = Arc::new(
        App::open(&Options {
            workspace: Some(case.root().to_owned()),
            ..Options::default()
        })
        .unwrap(),
    );
    (case, app)
}

#[test]
fn nothing_is_shown_before_the_passphrase_or_after_the_lock() {
    let (case, app) = locked();
    let mut window = window(Arc::clone(&app));
    until(&mut window, "This workspace is locked");
    assert!(!sees(&window, WORD) && !sees(&window, "Search"));
    let fields = window.query_all_by_role(Role::PasswordInput);
    assert_eq!(fields.count(), 1, "the field is not one for a password");

    enter(&mut window, "not the right words at all");
    until(&mut window, "could not be unlocked");
    assert_eq!(app.vault_state().unwrap(), VaultState::Locked);
    enter(&mut window, common::PASSPHRASE);
    until(&mut window, "Search");
    assert_eq!(app.vault_state().unwrap(), VaultState::Open);
    let opened = "workspace-unlocked"; // by the window, then by whoever reads the chain
    assert_eq!(case.own_chain(), ["workspace-locked", opened, opened]);

    window.key_press_modifiers(Modifiers::COMMAND, Key::L);
    until(&mut window, "This workspace is locked");
    assert!(!sees(&window, "Search"));
    assert_eq!(app.vault_state().unwrap(), VaultState::Locked);
    assert!(app.list(None).is_err(), "the key is still there");
}

#[test]
fn whoever_leaves_the_window_alone_finds_it_locked() {
    let (_case, app) = locked();
    let mut window = window(Arc::clone(&app));
    until(&mut window, "This workspace is locked");
    enter(&mut window, common::PASSPHRASE);
    until(&mut window, "Search");
    let patience = Duration::from_millis(1_500);
    window.state_mut().as_mut().unwrap().lock_after(patience);
    // Somebody who moves the mouse is there.
    let begun = Instant::now();
    let mut side = 0.0;
    while begun.elapsed() < patience * 2 {
        side = 10.0 - side;
        window.event(Event::PointerMoved((300.0 + side, 200.0).into()));
        window.step();
        std::thread::sleep(Duration::from_millis(20));
        assert!(sees(&window, "Search"), "locked under somebody's hands");
    }
    // Nobody is.
    until(&mut window, "This workspace is locked");
    assert!(!sees(&window, "Search") && !sees(&window, WORD));
    assert_eq!(app.vault_state().unwrap(), VaultState::Locked);
    assert!(app.list(None).is_err(), "the key is still there");
}

#[test]
fn a_wrong_passphrase_is_refused_in_the_language_of_the_screens() {
    let (case, app) = locked();
    for (lang, refused) in [
        ("km", "មិនអាចដោះសោកន្លែងធ្វើការបានទេ"),
        ("my", "လုပ်ငန်းနေရာကို မဖွင့်နိုင်ပါ"),
    ] {
        let settings = format!("language = \"{lang}\"\n");
        std::fs::write(case.root().join("desktop.toml"), settings).unwrap();
        let mut window = window(Arc::clone(&app));
        enter(&mut window, "not the right words at all");
        until(&mut window, refused);
        assert!(!sees(&window, "Type it again"), "{lang}");
        assert_eq!(app.vault_state().unwrap(), VaultState::Locked);
    }
}

#[test]
fn words_that_were_typed_and_not_kept_wait_behind_the_lock_and_are_not_shown() {
    let (_case, app) = locked();
    let mut window = window(Arc::clone(&app));
    until(&mut window, "This workspace is locked");
    enter(&mut window, common::PASSPHRASE);
    until(&mut window, "中文 – Tiếng Việt");
    let press = |window: &mut Window, label: &str| {
        let found = window.query_all_by_label_contains(label).next();
        found.unwrap().click();
        window.run_steps(3);
    };
    let typed = |window: &Window| {
        let field = window.query_by_label("What was said")?;
        field.accesskit_node().value()
    };
    press(&mut window, "中文 – Tiếng Việt");
    until(&mut window, "Next in doubt");
    window.key_press(Key::E);
    window.run_steps(3);
    window.key_press(Key::End);
    window.event(Event::Text("补充".to_owned()));
    window.run_steps(3);
    assert!(typed(&window).unwrap().contains("补充"));
    window.key_press_modifiers(Modifiers::COMMAND, Key::L);
    until(&mut window, "This workspace is locked");
    assert!(sees(&window, "wait behind the lock") && !sees(&window, "补充"));
    assert_eq!(typed(&window), None);
    assert!(app.list(None).is_err(), "the key is still there");

    enter(&mut window, common::PASSPHRASE);
    until(&mut window, "are there again");
    until(&mut window, "中文 – Tiếng Việt");
    assert!(!sees(&window, "补充"), "not before the line is opened");
    press(&mut window, "中文 – Tiếng Việt");
    until(&mut window, "Next in doubt");
    window.key_press(Key::E);
    window.run_steps(3);
    assert!(typed(&window).unwrap().contains("补充"));
    assert!(sees(&window, "the words that you typed earlier"));
    // The lock is in reach of the settings too.
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num6);
    until(&mut window, "Lock after so many minutes");
    window.get_by_label_contains("Lock now").focus();
    window.run_steps(2);
    window.key_press(Key::Enter);
    window.run_steps(3);
    until(&mut window, "This workspace is locked");
    assert_eq!(app.vault_state().unwrap(), VaultState::Locked);
}

/// Types into the field of this name.
fn fill(window: &mut Window, name: &str, text: &str) {
    let field = window
        .query_all_by_label(name)
        .find(|node| {
            let role = node.accesskit_node().role();
            role == Role::PasswordInput || role == Role::TextInput
        })
        .unwrap_or_else(|| panic!("no field: {name}"));
    field.focus();
    window.run_steps(2);
    window.event(Event::Text(text.to_owned()));
    window.run_steps(3);
}

fn press_key_on(window: &mut Window, label: &str) {
    window.get_by_role_and_label(Role::Button, label).focus();
    window.run_steps(2);
    window.key_press(Key::Enter);
    window.run_steps(3);
}

#[test]
fn a_workspace_is_locked_in_the_window_and_opened_with_the_recovery_key() {
    let case = thief::Case::new();
    case.import(&thief::Talk::ALL[0]);
    let options = Options {
        workspace: Some(case.root().to_owned()),
        ..Options::default()
    };
    let app = Arc::new(App::open(&options).unwrap());
    let mut window = window(Arc::clone(&app));
    until(&mut window, "中文 – Tiếng Việt");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num6);
    until(&mut window, "This workspace has no lock");
    press_key_on(&mut window, "Lock this workspace…");
    until(
        &mut window,
        "Without the passphrase and without the recovery key",
    );
    assert!(!sees(&window, "中文 – Tiếng Việt"));

    // Not yet: two passphrases that differ, no file, then one inside of the workspace, a short one.
    let ready = |window: &Window| {
        let button = window.get_by_role_and_label(Role::Button, "Lock it now");
        !button.accesskit_node().is_disabled()
    };
    let file = "New file for it, on a USB stick";
    fill(&mut window, "New passphrase", "short");
    fill(&mut window, "The same again", "shirt");
    assert!(!ready(&window) && sees(&window, "passphrases differ"));
    window.key_press(Key::Backspace);
    window.key_press(Key::Backspace);
    window.key_press(Key::Backspace);
    window.run_steps(3);
    fill(&mut window, "The same again", "ort");
    assert!(!ready(&window), "no place for the recovery key");
    let inside = case.root().join("recovery.txt");
    fill(&mut window, file, inside.to_str().unwrap());
    assert!(ready(&window));
    press_key_on(&mut window, "Lock it now");
    until(&mut window, "12 letters");
    for (phrase, told) in [
        ("short", "at least 12 characters"),
        (common::PASSPHRASE, "would lie in the workspace"),
    ] {
        fill(&mut window, "New passphrase", phrase);
        fill(&mut window, "The same again", phrase);
        press_key_on(&mut window, "Lock it now");
        until(&mut window, told);
        assert_eq!(app.vault_state().unwrap(), VaultState::Plain);
        assert!(!inside.exists());
    }

    window.get_by_role_and_label(Role::TextInput, file).focus();
    window.run_steps(2);
    window.key_press_modifiers(Modifiers::COMMAND, Key::A);
    let outside = case.outside.path().join("recovery.txt");
    window.event(Event::Text(outside.to_str().unwrap().to_owned()));
    window.run_steps(3);
    fill(&mut window, "New passphrase", common::PASSPHRASE);
    fill(&mut window, "The same again", common::PASSPHRASE);
    press_key_on(&mut window, "Lock it now");
    until(&mut window, "This workspace is locked now");
    assert!(sees(&window, outside.to_str().unwrap()));
    assert_eq!(app.vault_state().unwrap(), VaultState::Open);
    press_key_on(&mut window, "Go on");
    until(&mut window, "中文 – Tiếng Việt");
    assert_eq!(case.own_chain().first().unwrap(), "workspace-locked");

    // Nobody knows the passphrase any more.
    window.key_press_modifiers(Modifiers::COMMAND, Key::L);
    until(&mut window, "This workspace is locked");
    press_key_on(&mut window, "The passphrase is lost…");
    until(&mut window, "The agency's recovery key opens");
    let other = "tám con trâu 八头牛 ngoài đồng";
    fill(
        &mut window,
        "File with the recovery key",
        outside.to_str().unwrap(),
    );
    fill(&mut window, "New passphrase", other);
    fill(&mut window, "The same again", other);
    press_key_on(&mut window, "Open with the recovery key");
    until(&mut window, "opens this workspace from now on");
    press_key_on(&mut window, "Go on");
    until(&mut window, "中文 – Tiếng Việt");

    // Another one by the one until now; a wrong one changes nothing.
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num6);
    until(&mut window, "Lock after so many minutes");
    press_key_on(&mut window, "Another passphrase…");
    until(&mut window, "opens nothing any more");
    for (old, told) in [
        (common::PASSPHRASE, "could not be unlocked"),
        (other, "opens this workspace from now on"),
    ] {
        fill(&mut window, "Passphrase until now", old);
        fill(&mut window, "New passphrase", common::PASSPHRASE);
        fill(&mut window, "The same again", common::PASSPHRASE);
        press_key_on(&mut window, "Change it");
        until(&mut window, told);
    }
    press_key_on(&mut window, "Go on");
    until(&mut window, "中文 – Tiếng Việt");
    window.key_press_modifiers(Modifiers::COMMAND, Key::L);
    until(&mut window, "This workspace is locked");
    enter(&mut window, common::PASSPHRASE);
    until(&mut window, "中文 – Tiếng Việt");
}

#[test]
fn whoever_leaves_the_page_of_the_lock_takes_the_key_along() {
    let case = thief::Case::new();
    case.import(&thief::Talk::ALL[1]);
    let options = Options {
        workspace: Some(case.root().to_owned()),
        ..Options::default()
    };
    let app = Arc::new(App::open(&options).unwrap());
    let mut window = window(Arc::clone(&app));
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num6);
    until(&mut window, "This workspace has no lock");
    press_key_on(&mut window, "Lock this workspace…");
    until(&mut window, "New passphrase");
    let file = case.outside.path().join("recovery.txt");
    fill(
        &mut window,
        "New file for it, on a USB stick",
        file.to_str().unwrap(),
    );
    fill(&mut window, "New passphrase", common::PASSPHRASE);
    fill(&mut window, "The same again", common::PASSPHRASE);
    press_key_on(&mut window, "Lock it now");
    until(&mut window, "This workspace is locked now");
    assert_eq!(app.vault_state().unwrap(), VaultState::Open);
    let patience = Duration::from_millis(500);
    window.state_mut().as_mut().unwrap().lock_after(patience);
    until(&mut window, "Passphrase of the workspace");
    assert_eq!(app.vault_state().unwrap(), VaultState::Locked);
    assert!(app.list(None).is_err(), "the key is still there");
}

#[test]
fn choices_that_were_put_aside_are_told_whoever_read_the_file_first() {
    let told = "The file with your settings could not be read";
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("desktop.toml"), "look = {").unwrap();
    let options = Options {
        workspace: Some(dir.path().to_owned()),
        ..Options::default()
    };
    let app = Arc::new(App::open(&options).unwrap());
    // As the program does for the size of its window.
    assert!(app.choices().put_aside.is_some());
    let plain = window(app);
    assert!(sees(&plain, told) && sees(&plain, "desktop.toml.unusable-1"));

    let (case, app) = locked();
    std::fs::write(case.root().join("desktop.toml"), "look = {").unwrap();
    assert!(app.choices().put_aside.is_some());
    let mut window = window(app);
    assert!(sees(&window, "This workspace is locked") && sees(&window, told));
    enter(&mut window, "not the right words at all");
    until(&mut window, "could not be unlocked");
    assert!(sees(&window, told), "a try takes it away");
    enter(&mut window, common::PASSPHRASE);
    until(&mut window, "Search");
    assert!(sees(&window, told));
    window.get_by_label("Close").click();
    window.run_steps(3);
    window.key_press_modifiers(Modifiers::COMMAND, Key::L);
    until(&mut window, "This workspace is locked");
    assert!(!sees(&window, told), "it was told");
}

#[test]
fn fonts_that_are_missing_are_told_in_letters_that_every_machine_has() {
    let (case, _) = locked();
    let mut fonts = find_fonts();
    fonts.missing = vec![Lang::Km, Lang::My];
    let open = || {
        let options = Options {
            workspace: Some(case.root().to_owned()),
            languages: vec!["km-KH".to_owned()],
            ..Options::default()
        };
        Arc::new(App::open(&options).unwrap())
    };
    let told = "No installed font can show: Khmer, Burmese.";
    // Nobody chose a language, and that of the system cannot be shown.
    let mut window = window_with(open(), fonts.clone());
    assert!(sees(&window, "This workspace is locked"));
    assert!(sees(&window, told) && sees(&window, "apt install fonts-noto-core"));
    enter(&mut window, common::PASSPHRASE);
    until(&mut window, "Search");
    assert!(sees(&window, told) && sees(&window, "apt install fonts-noto-core"));
    drop(window);
    // Whoever chose Khmer reads it in English all the same.
    std::fs::write(case.root().join("desktop.toml"), "language = \"km\"\n").unwrap();
    let mut window = window_with(open(), fonts);
    assert!(sees(&window, told) && sees(&window, "គ្មានពុម្ពអក្សរ"));
    enter(&mut window, common::PASSPHRASE);
    until(&mut window, "ស្វែងរក");
    assert!(sees(&window, told) && sees(&window, "គ្មានពុម្ពអក្សរ"));
}

#[test]
fn a_broken_file_of_settings_gives_way_to_those_that_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    std::fs::write(&file, "beam = [").unwrap();
    let options = Options {
        workspace: Some(dir.path().to_owned()),
        ..Options::default()
    };
    let (app, error) = App::open_forgiving(&options).unwrap();
    assert!(error.is_some());
    let mut window = window(Arc::new(app));
    window.set_size(vec2(900.0, 1_800.0));
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num6);
    until(
        &mut window,
        "The file with these settings could not be read",
    );
    // What the desk still reads moves the button.
    std::thread::sleep(Duration::from_millis(500));
    window.run_steps(5);
    window.get_by_label("Keep these").click();
    until(&mut window, "The old file is kept here");
    assert!(!sees(
        &window,
        "The file with these settings could not be read"
    ));
    let aside = dir.path().join("config.toml.broken");
    assert_eq!(std::fs::read_to_string(aside).unwrap(), "beam = [");
    assert!(App::open(&options).is_ok());
}

#[test]
fn a_form_that_is_half_typed_is_there_again_whatever_way_the_workspace_was_locked() {
    let (_case, app) = locked();
    let mut window = window(Arc::clone(&app));
    let open = |window: &mut Window| {
        until(window, "This workspace is locked");
        enter(window, common::PASSPHRASE);
    };
    open(&mut window);
    until(&mut window, "中文 – Tiếng Việt");
    window.key_press_modifiers(Modifiers::COMMAND, Key::Num4);
    until(&mut window, "New term");
    press_key_on(&mut window, "New term");
    window.get_by_role_and_label(Role::TextInput, "ລາວ").focus();
    window.run_steps(2);
    window.event(Event::Text("ການຄ້າມະນຸດ".to_owned()));
    window.run_steps(3);
    let typed = |window: &Window| {
        let fields = window.query_all_by_role(Role::TextInput);
        let values = fields.filter_map(|n| n.accesskit_node().value());
        values.into_iter().any(|value| value == "ການຄ້າມະນຸດ")
    };
    for (button, after) in [
        ("by the key", "This workspace is locked"),
        ("Lock now", "This workspace is locked"),
        ("Another passphrase…", "Passphrase until now"),
    ] {
        if button == "by the key" {
            window.key_press_modifiers(Modifiers::COMMAND, Key::L);
        } else {
            window.key_press_modifiers(Modifiers::COMMAND, Key::Num6);
            until(&mut window, "Lock after so many minutes");
            window.get_by_label_contains(button).focus();
            window.run_steps(2);
            window.key_press(Key::Enter);
        }
        // Nothing is lost, so nothing is asked.
        until(&mut window, after);
        assert!(!typed(&window), "{button}");
        if after != "This workspace is locked" {
            press_key_on(&mut window, "Cancel");
        }
        open(&mut window);
        until(&mut window, "What you typed before the lock is there again");
        window.key_press_modifiers(Modifiers::COMMAND, Key::Num4);
        until(&mut window, "parted by a semicolon");
        assert!(typed(&window), "{button}");
        press_key_on(&mut window, "Close");
    }
    assert_eq!(app.vault_state().unwrap(), VaultState::Open);
}

#[test]
fn forms_that_are_half_filled_wait_behind_the_lock_and_are_given_back() {
    let (_case, app) = locked();
    let mut window = window(Arc::clone(&app));
    window.set_size(vec2(900.0, 1_800.0));
    until(&mut window, "This workspace is locked");
    enter(&mut window, common::PASSPHRASE);
    until(&mut window, "中文 – Tiếng Việt");
    let go = |window: &mut Window, screen: Key, sign: &str| {
        window.key_press_modifiers(Modifiers::COMMAND, screen);
        until(window, sign);
    };
    let typed = |window: &Window, text: &str| {
        let fields = window.query_all_by_role(Role::TextInput);
        let values = fields.filter_map(|n| n.accesskit_node().value());
        values.into_iter().any(|value| value == text)
    };
    go(&mut window, Key::Num1, "Take in recordings");
    fill(&mut window, "Case", "K-17 ຄະດີ");
    fill(&mut window, "People present", "Lan, အောင်");
    fill(&mut window, "or type a path:", "/media/usb/ສຽງ.wav");
    window.get_by_label("victim").click();
    window.run_steps(3);
    go(&mut window, Key::Num4, "New term");
    press_key_on(&mut window, "New term");
    fill(&mut window, "ລາວ", "ການຄ້າມະນຸດ");
    go(&mut window, Key::Num8, "Keys");
    press_key_on(&mut window, "Keys");
    until(&mut window, "A new key");
    fill(&mut window, "Name", "ដារ៉ា");
    fill(&mut window, "New passphrase", "nine words of a secret");
    // Nobody is here any more.
    let patience = Duration::from_millis(500);
    window.state_mut().as_mut().unwrap().lock_after(patience);
    until(&mut window, "This workspace is locked");
    for word in ["ຄະດີ", "အောင်", "ការ", "ການຄ້າມະນຸດ", "ដារ៉ា"]
    {
        assert!(!sees(&window, word) && !typed(&window, word), "{word}");
    }
    assert!(sees(&window, "wait behind the lock"));
    enter(&mut window, common::PASSPHRASE);
    until(&mut window, "What you typed before the lock is there again");
    assert!(sees(&window, "Interview, Evidence, Glossary"));
    go(&mut window, Key::Num1, "Take in recordings");
    for text in ["K-17 ຄະດີ", "Lan, အောင်", "/media/usb/ສຽງ.wav"] {
        assert!(typed(&window, text), "{text}");
    }
    let victim = window.get_by_role_and_label(Role::RadioButton, "victim");
    assert_eq!(victim.accesskit_node().toggled(), Some(Toggled::True));
    // A screen comes with what it reads.
    let comes = |window: &mut Window, text: &str| {
        (0..600).any(|_| {
            window.run_steps(1);
            std::thread::sleep(Duration::from_millis(10));
            typed(window, text)
        })
    };
    go(&mut window, Key::Num4, "Glossary");
    assert!(comes(&mut window, "ການຄ້າມະນຸດ"));
    go(&mut window, Key::Num8, "A new key");
    assert!(comes(&mut window, "ដារ៉ា"));
    let secrets = window.query_all_by_role(Role::PasswordInput);
    let kept = secrets.filter_map(|n| n.accesskit_node().value());
    assert!(
        kept.into_iter().all(|value| value.is_empty()),
        "a passphrase is kept"
    );
}
