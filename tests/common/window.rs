//! A window without a window, driven through the labels that a screen reader hears.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::accesskit::{Role, Toggled};
use eframe::egui::epaint::TextShape;
use eframe::egui::{Key, Modifiers, Shape, ViewportCommand, ViewportEvent, ViewportId, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{By, NodeT as _, Queryable as _};
use mekong_interview::app::desk::Desk;
use mekong_interview::app::{App, ImportRequest, Options};
use mekong_interview::domain::{Cancel, Lang};
use mekong_interview::gui::{Desktop, find_fonts};

pub type Window = Harness<'static, Option<Desktop>>;

pub fn open_app(workspace: &Path) -> App {
    App::open(&Options {
        workspace: Some(workspace.to_owned()),
        env_kit: Some(env!("CARGO_MANIFEST_DIR").into()),
        ..Options::default()
    })
    .unwrap()
}

/// A window of 900 x 600 over a workspace.
pub fn window(workspace: &Path) -> Window {
    window_of(workspace, 600.0)
}

/// A window that is so high that nothing has to be scrolled into view.
pub fn tall_window(workspace: &Path) -> Window {
    window_of(workspace, 1_800.0)
}

fn window_of(workspace: &Path, height: f32) -> Window {
    let app = Arc::new(open_app(workspace));
    let mut harness = Harness::builder()
        .with_size(vec2(900.0, height))
        .allow_missing_glyphs()
        .build_ui_state(
            move |ui, desktop: &mut Option<Desktop>| {
                let desktop = desktop.get_or_insert_with(|| {
                    let desk = Desk::start(Arc::clone(&app), Arc::new(|| ())).unwrap();
                    Desktop::new(&app, desk, ui.ctx(), find_fonts())
                });
                desktop.show(ui);
            },
            None,
        );
    harness.run_steps(2);
    harness
}

/// Waits for the first second of a recording, or for a later one where the machine is slow.
pub fn until_it_records<S>(window: &mut Harness<'static, S>) {
    const SECONDS: [&str; 14] = [
        "00:01", "00:02", "00:03", "00:04", "00:05", "00:06", "00:07", "00:08", "00:09", "00:1",
        "00:2", "00:3", "00:4", "00:5",
    ];
    until(window, "a second of sound", |window| {
        SECONDS.iter().any(|second| sees(window, second))
    });
}

/// Goes on painting until something is true; the desk works in other threads.
pub fn until<S>(
    window: &mut Harness<'static, S>,
    what: &str,
    found: impl Fn(&Harness<'static, S>) -> bool,
) {
    let begun = Instant::now();
    while !found(window) {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "never came: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
        window.step();
    }
    window.run_steps(3);
}

pub fn sees<S>(window: &Harness<'_, S>, text: &str) -> bool {
    window.query_all_by_label_contains(text).next().is_some()
}

pub fn until_seen<S>(window: &mut Harness<'static, S>, text: &str) {
    until(window, text, |w| sees(w, text));
}

pub fn press(window: &mut Window, label: &str) {
    let node = window.query_all_by_label_contains(label).find(|n| {
        let role = n.accesskit_node().role();
        matches!(
            role,
            Role::Button | Role::ListItem | Role::MenuItem | Role::ComboBox
        )
    });
    node.unwrap_or_else(|| panic!("nothing to press is called '{label}'"))
        .click();
    window.run_steps(3);
}

/// Ends the recording: the button, then the one that means it.
pub fn end_recording(window: &mut Window) {
    press(window, "End the recording");
    press(window, "Yes, end it");
}

/// Somebody presses the button that closes the window; what the window answers.
pub fn close(window: &mut Window) -> Vec<ViewportCommand> {
    let viewports = &mut window.input_mut().viewports;
    let viewport = viewports.get_mut(&ViewportId::ROOT).unwrap();
    viewport.events.push(ViewportEvent::Close);
    window.step();
    let answer = commands(window);
    window.run_steps(3);
    answer
}

/// What the window wants of the system in this frame.
pub fn commands(window: &Window) -> Vec<ViewportCommand> {
    window.output().viewport_output[&ViewportId::ROOT]
        .commands
        .clone()
}

/// Presses a button and gives what the window wants of the system then.
pub fn press_and_hear(window: &mut Window, label: &str) -> Vec<ViewportCommand> {
    window.get_by_label(label).click();
    let mut heard = Vec::new();
    for _ in 0..3 {
        window.step();
        heard.extend(commands(window));
    }
    heard
}

/// Whether a field holds these words.
pub fn is_typed(window: &Window, words: &str) -> bool {
    let roles = [Role::TextInput, Role::MultilineTextInput];
    let mut fields = roles.into_iter().flat_map(|r| window.query_all_by_role(r));
    fields.any(|n| {
        let held = n.accesskit_node().value();
        held.is_some_and(|held| held.contains(words))
    })
}

/// 900 x 600 at 250 %: what is left to lay out in.
pub fn at_250_percent(window: &mut Window) {
    window.set_size(vec2(360.0, 240.0));
    window.run_steps(6);
}

pub fn key(window: &mut Window, key: Key) {
    window.key_press(key);
    window.run_steps(3);
}

pub fn with(window: &mut Window, modifiers: Modifiers, key: Key) {
    window.key_press_modifiers(modifiers, key);
    window.run_steps(3);
}

pub fn chord(window: &mut Window, key: Key) {
    with(window, Modifiers::COMMAND, key);
}

/// A check box by its words.
pub fn tick(window: &mut Window, label: &str) {
    window.get_by_label_contains(label).click();
    window.run_steps(3);
}

/// Writes the name into what is open, in place of one that is known, and presses the button that keeps it.
pub fn keep_as(window: &mut Window, name: &str, button: &str) {
    focus(window, "Your name");
    chord(window, Key::A);
    say(window, name);
    press(window, button);
}

pub fn say(window: &mut Window, text: &str) {
    window.event(eframe::egui::Event::Text(text.to_owned()));
    window.run_steps(2);
}

pub const SIX: [(&str, &str, &str); 6] = [
    (
        "zh",
        "这次面谈会录音。",
        "Buổi phỏng vấn này sẽ được ghi âm.",
    ),
    ("vi", "Tôi đồng ý.", "我同意。"),
    ("th", "คุณมีสิทธิที่จะไม่ให้การ", "你有权保持沉默。"),
    ("lo", "ທ່ານມີສິດບໍ່ໃຫ້ການ", "你有权保持沉默。"),
    ("km", "ខ្ញុំជាប៉ូលិស។", "我是警察。"),
    ("my", "ကျွန်တော် သဘောတူပါတယ်။", "我同意。"),
];

/// What a screen reader says of the chosen row.
pub fn chosen(window: &Window) -> String {
    let row = window.query_all_by_role(Role::ListItem).find(|n| {
        let node = n.accesskit_node();
        node.toggled() == Some(Toggled::True)
    });
    row.expect("a chosen row").accesskit_node().label().unwrap()
}

/// Imports one interview a language pair and returns the workspace.
pub fn six_interviews() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (lang, said, translated) in SIX {
        let other = if lang == "zh" { "vi" } else { "zh" };
        let line = |id: u64| {
            serde_json::json!({
                "start_ms": id * 5_000, "end_ms": id * 5_000 + 3_000, "speaker": "officer",
                "lang": lang, "text": format!("{said} {id}"),
                "flags": if id == 3 { vec!["low-confidence"] } else { Vec::new() },
                "translations": [{"lang": other, "text": translated}],
            })
        };
        let lines: Vec<_> = (1..=4).map(line).collect();
        import(dir.path(), &[lang, other], "K-17", &lines);
    }
    dir
}

pub fn import(workspace: &Path, languages: &[&str], case: &str, lines: &[serde_json::Value]) {
    let file = workspace.join("transcript.json");
    let transcript = serde_json::json!({ "segments": lines });
    fs::write(&file, transcript.to_string()).unwrap();
    let request = ImportRequest {
        languages: languages.iter().map(|l| l.parse().unwrap()).collect(),
        case: Some(case.to_owned()),
        channels: Vec::new(),
        again: false,
        speech_models: Vec::new(),
        asked: None,
    };
    let outcomes = open_app(workspace)
        .import(&[file], &request, &Cancel::new(), &|_| (), &mut |_| ())
        .unwrap();
    assert!(outcomes[0].result.is_ok(), "{:?}", outcomes[0].result);
}

/// Opens the interview that is held in `lang`.
pub fn open_interview(window: &mut Window, lang: Lang) {
    until_seen(window, "K-17");
    let name = if lang == Lang::Zh {
        "中文 – Tiếng Việt".to_owned()
    } else {
        format!("{} – 中文", lang.native_name())
    };
    press(window, &name);
    until_seen(window, "Next in doubt");
}

/// Every text that is painted is seen whole, and everything that a screen reader names ends inside the
/// window's width.
pub fn nothing_is_cut_off<S>(window: &Harness<'_, S>, what: &str) {
    let found = cut_off(window);
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

/// What is cut off: whatever it is the text of, a button, a hint, a tab, a box to tick or a tooltip.
pub fn cut_off<S>(window: &Harness<'_, S>) -> Vec<String> {
    let width = window.input().screen_rect.map_or(900.0, |r| r.width());
    // What a person typed is scrolled in a field of one row; a hint is not.
    let typed: Vec<String> = [Role::TextInput, Role::PasswordInput]
        .into_iter()
        .flat_map(|role| window.query_all_by_role(role))
        .filter_map(|node| node.accesskit_node().value())
        .collect();
    let mut found = Vec::new();
    for clipped in &window.output().shapes {
        painted(&clipped.shape, &mut |text| {
            let words = text.galley.text();
            // Spaces at the end of a row are not seen.
            let rect = text.galley.mesh_bounds.translate(text.pos.to_vec2());
            let clip = clipped.clip_rect;
            let seen = clip.y_range().intersects(rect.y_range()) && !words.trim().is_empty();
            if !seen || typed.iter().any(|typed| typed == words) {
                return;
            }
            let within = clip.x_range().expand(1.0);
            let whole = within.contains(rect.left()) && within.contains(rect.right());
            if text.galley.elided || !whole || rect.right() > width + 1.0 {
                found.push(format!(
                    "'{words}' is painted at {rect:?} inside of {clip:?}"
                ));
            }
        });
    }
    let named = By::new().predicate(|node| node.label().is_some() || node.value().is_some());
    for node in window.query_all(named) {
        // What a dialog above it keeps from being used may have no place.
        if node.accesskit_node().bounding_box().is_none() {
            continue;
        }
        let rect = node.rect();
        let beside = rect.left() < -1.0 || rect.right() > width + 1.0;
        if beside && node.accesskit_node().role() != Role::TextRun {
            let node = node.accesskit_node();
            let named = node.label().or(node.value());
            found.push(format!("{:?} {named:?} lies at {rect:?}", node.role()));
        }
    }
    found
}

/// Every text in a shape.
fn painted(shape: &Shape, each: &mut impl FnMut(&TextShape)) {
    match shape {
        Shape::Text(text) => each(text),
        Shape::Vec(shapes) => {
            for shape in shapes {
                painted(shape, each);
            }
        }
        _ => {}
    }
}

/// The field that is called so is ready to be written in, as soon as it is there.
pub fn focus_soon(window: &mut Window, name: &str) {
    until(window, name, |window| {
        let mut fields = window.query_all_by_role(Role::TextInput);
        let mut secrets = window.query_all_by_role(Role::PasswordInput);
        let is = |node: egui_kittest::Node<'_>| {
            let mut labels = node.accesskit_node().labelled_by();
            labels.any(|l| l.value().as_deref() == Some(name))
        };
        fields.any(is) || secrets.any(is)
    });
    focus(window, name);
}

/// The field that is called so is ready to be written in.
pub fn focus(window: &mut Window, name: &str) {
    let fields = window
        .query_all_by_role(Role::TextInput)
        .chain(window.query_all_by_role(Role::PasswordInput));
    let field = fields.into_iter().find(|n| {
        let mut labels = n.accesskit_node().labelled_by();
        labels.any(|l| l.value().as_deref() == Some(name))
    });
    let field = field.unwrap_or_else(|| panic!("no field is called '{name}'"));
    field.focus();
    window.run_steps(2);
}
