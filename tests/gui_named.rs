//! Everything on the screens that the keyboard comes to has a name for whoever has it read out, things that are
//! alike are told apart, and what the program counts stands in the digits that were chosen.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "common/window.rs"]
mod window;

use std::collections::BTreeSet;
use std::fs;

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{By, NodeT as _, Queryable as _};
use mekong_interview::app::people::Entry;
use mekong_interview::domain::{FactKind, Lang};
use window::*;

/// Goes through everything that the keyboard comes to; what of it has no name.
fn unnamed<S>(window: &mut Harness<'_, S>, what: &str) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for _ in 0..300 {
        window.key_press(Key::Tab);
        window.run_steps(2);
        let focused = By::new().predicate(|node| node.is_focused());
        let Some(node) = window.query_all(focused).next() else {
            continue;
        };
        let (node, place) = (node.accesskit_node(), node.rect());
        if node.role() == Role::Window {
            continue;
        }
        if !seen.insert(format!("{:?}", node.id())) {
            break;
        }
        let named = node.label().is_some_and(|name| !name.trim().is_empty());
        let mut by = node.labelled_by();
        let labelled = by.any(|label| label.value().is_some_and(|v| !v.trim().is_empty()));
        if !named && !labelled {
            found.push(format!(
                "{what}: {:?} {:?} at {place:?}",
                node.role(),
                node.value()
            ));
        }
    }
    assert!(
        seen.len() > 5,
        "{what}: the keyboard came to {} things",
        seen.len()
    );
    found
}

/// Two people whose names are near, in interviews of six languages.
fn workspace() -> tempfile::TempDir {
    let dir = six_interviews();
    let app = open_app(dir.path());
    for (lang, name) in [(Lang::Vi, "Nguyễn Văn Hùng"), (Lang::Zh, "阮文雄")] {
        let mut name = Entry::new(FactKind::Name, name);
        name.lang = Some(lang);
        app.add_person(Some("K-17"), "Lan", &[name]).unwrap();
    }
    dir
}

#[test]
fn whatever_the_keyboard_comes_to_has_a_name() {
    let dir = workspace();
    let mut window = tall_window(dir.path());
    let mut found = Vec::new();
    until_seen(&mut window, "K-17");
    found.extend(unnamed(&mut window, "the list of interviews"));
    chord(&mut window, Key::Num1);
    until_seen(&mut window, "Take in recordings");
    press(&mut window, "中文 – Tiếng Việt");
    press(&mut window, "One more microphone");
    tick(&mut window, "Rights, consent and standard questions");
    found.extend(unnamed(&mut window, "a new interview"));
    chord(&mut window, Key::Num3);
    say(&mut window, "ប៉ូលិស");
    until_seen(&mut window, "4 lines found");
    press(&mut window, "Narrow");
    until_seen(&mut window, "Written by");
    found.extend(unnamed(&mut window, "search"));
    for (screen, sign, what) in [
        (Key::Num5, "Models", "models"),
        (Key::Num6, "Settings", "settings"),
    ] {
        chord(&mut window, screen);
        until_seen(&mut window, sign);
        window.run_steps(5);
        found.extend(unnamed(&mut window, what));
    }
    chord(&mut window, Key::Num7);
    until_seen(&mut window, "Nguyễn Văn Hùng");
    found.extend(unnamed(&mut window, "people"));
    press(&mut window, "Nguyễn Văn Hùng");
    until_seen(&mut window, "May be the same person");
    found.extend(unnamed(&mut window, "a person"));
    for part in ["Offered by transcripts", "Links"] {
        press(&mut window, part);
        window.run_steps(10);
        found.extend(unnamed(&mut window, part));
    }
    chord(&mut window, Key::Num4);
    until_seen(&mut window, "New term");
    found.extend(unnamed(&mut window, "glossary"));
    press(&mut window, "New term");
    found.extend(unnamed(&mut window, "a new term"));
    key(&mut window, Key::Escape);
    chord(&mut window, Key::Num2);
    until_seen(&mut window, "K-17");
    press(&mut window, "中文 – Tiếng Việt");
    until_seen(&mut window, "Buổi phỏng vấn");
    found.extend(unnamed(&mut window, "a transcript"));
    chord(&mut window, Key::Num8);
    window.run_steps(10);
    found.extend(unnamed(&mut window, "evidence"));
    for part in ["Read back", "Consent", "From partners", "Keys"] {
        press(&mut window, part);
        window.run_steps(10);
        found.extend(unnamed(&mut window, part));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_field_without_a_name_is_found() {
    let mut typed = String::new();
    let mut window = Harness::builder()
        .allow_missing_glyphs()
        .with_accessibility_check(false)
        .build_ui(move |ui| {
            for name in ["ສະບາຍດີ", "你好", "xin chào", "สวัสดี", "မင်္ဂလာပါ"]
            {
                let _ = ui.button(name);
            }
            let named = ui.label("ជំរាបសួរ");
            ui.text_edit_singleline(&mut typed).labelled_by(named.id);
            ui.text_edit_singleline(&mut typed);
        });
    assert_eq!(unnamed(&mut window, "a window").len(), 1);
}

#[test]
fn things_that_are_taken_out_of_a_list_are_called_by_their_names() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    chord(&mut window, Key::Num1);
    for name in ["ສະບາຍດີ.wav", "မင်္ဂလာပါ.wav"] {
        focus(&mut window, "or type a path:");
        say(&mut window, dir.path().join(name).to_str().unwrap());
        press(&mut window, "Add");
    }
    press(&mut window, "One more microphone");
    for name in ["ສະບາຍດີ.wav", "မင်္ဂလာပါ.wav", "Microphone 2"] {
        window.get_by_label(&format!("Remove {name}"));
    }
    window.get_by_label("Remove ສະບາຍດີ.wav").click();
    window.run_steps(3);
    assert!(!sees(&window, "ສະບາຍດີ.wav") && sees(&window, "မင်္ဂလာပါ.wav"));
}

#[test]
fn why_a_name_is_near_is_told_without_a_mouse() {
    let dir = workspace();
    let mut window = tall_window(dir.path());
    until_seen(&mut window, "K-17");
    chord(&mut window, Key::Num7);
    until_seen(&mut window, "Nguyễn Văn Hùng");
    focus(&mut window, "Name, number or case");
    say(&mut window, "阮文雄");
    until_seen(&mut window, "Names that sound alike");
    let near = |w: &Window| {
        let mut buttons = w.query_all_by_label_contains("Nguyễn Văn Hùng  ");
        let described = buttons.find_map(|n| n.accesskit_node().description());
        described.filter(|why| !why.is_empty())
    };
    let why = near(&window).expect("a reason that is read out");
    assert!(!sees(&window, &why), "it is told before it is asked for");
    let button = window
        .query_all_by_label_contains("Nguyễn Văn Hùng  ")
        .next();
    button.unwrap().focus();
    window.run_steps(5);
    assert!(sees(&window, &why), "{why}");
}

/// Numbers of the program's own in plain digits: a share, a place in the sound, a number behind a name.
fn plain(window: &Window) -> Vec<String> {
    let any = By::new().predicate(|node| node.label().is_some() || node.value().is_some());
    let texts = window.query_all(any).flat_map(|node| {
        let node = node.accesskit_node();
        [node.label(), node.value()]
    });
    let counts = |text: &String| {
        let letters: Vec<char> = text.chars().collect();
        letters.windows(4).any(|w| match w {
            [a, ':', b, _] => a.is_ascii_digit() && b.is_ascii_digit(),
            [a, ' ', '%', _] | [_, a, ' ', '%'] => a.is_ascii_digit(),
            _ => false,
        })
    };
    texts.flatten().filter(counts).collect()
}

#[test]
fn what_is_counted_stands_in_the_digits_that_were_chosen() {
    let dir = workspace();
    for (lang, two) in [
        (Lang::Th, "๒"),
        (Lang::Lo, "໒"),
        (Lang::Km, "២"),
        (Lang::My, "၂"),
    ] {
        let settings = format!("language = \"{lang}\"\nnative_digits = true\n");
        fs::write(dir.path().join("desktop.toml"), settings).unwrap();
        let mut window = tall_window(dir.path());
        until_seen(&mut window, "K-17");
        chord(&mut window, Key::Num7);
        until_seen(&mut window, "Nguyễn Văn Hùng");
        press(&mut window, "Nguyễn Văn Hùng");
        until_seen(&mut window, "阮文雄  ");
        assert_eq!(plain(&window), Vec::<String>::new(), "{lang}: people");
        chord(&mut window, Key::Num1);
        window.run_steps(5);
        let words = word(lang, "microphone-add");
        press(&mut window, &words);
        let second = format!("{} {two}", word(lang, "microphone"));
        assert!(sees(&window, &second), "{lang}: {second}");
        chord(&mut window, Key::Num2);
        until_seen(&mut window, "K-17");
        press(&mut window, "中文 – Tiếng Việt");
        until_seen(&mut window, "Buổi phỏng vấn");
        chord(&mut window, Key::Num8);
        press(&mut window, &word(lang, "evidence-read-back"));
        until_seen(&mut window, &word(lang, "read-back-right"));
        assert_eq!(plain(&window), Vec::<String>::new(), "{lang}: reading back");
    }
}

#[test]
fn lines_that_come_have_their_times_in_the_digits_that_were_chosen() {
    let dir = tempfile::tempdir().unwrap();
    let settings = "language = \"km\"\nnative_digits = true\n";
    fs::write(dir.path().join("desktop.toml"), settings).unwrap();
    let mut window = tall_window(dir.path());
    window.set_size(vec2(900.0, 2_400.0));
    chord(&mut window, Key::Num1);
    press(&mut window, "ខ្មែរ – Tiếng Việt");
    press(&mut window, &word(Lang::Km, "live-practice"));
    let role = word(Lang::Km, "role-officer");
    until_seen(&mut window, &format!(" {role} · "));
    assert_eq!(plain(&window), Vec::<String>::new());
    press(&mut window, &word(Lang::Km, "live-end"));
    press(&mut window, &word(Lang::Km, "live-end-yes"));
    window.run_steps(3);
}

/// A message of a language.
fn word(lang: Lang, id: &str) -> String {
    let file = format!("{}/src/gui/locales/{lang}.ftl", env!("CARGO_MANIFEST_DIR"));
    let words = fs::read_to_string(file).unwrap();
    let start = format!("{id} = ");
    let found = words.lines().find_map(|line| line.strip_prefix(&start));
    let found = found.unwrap_or_else(|| panic!("{lang} has no {id}"));
    found.split('{').next().unwrap().trim_end().to_owned()
}
