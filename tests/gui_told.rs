//! Errors, alarms and entries are told in the language of the screens, whatever language the program
//! keeps them in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "common/window.rs"]
mod window;

use std::fs;
use std::path::Path;

use eframe::egui::{Key, accesskit::Role};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use mekong_interview::app::Edit;
use mekong_interview::domain::Lang;
use mekong_interview::evidence::{self, Passphrase};
use window::*;

const PHRASE: &str = "four words and a river";

/// The words of a message before its first place.
fn label(lang: Lang, id: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/gui/locales/{lang}.ftl"));
    let text = fs::read_to_string(file).unwrap();
    let start = format!("{id} = ");
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    let words = line.unwrap_or_else(|| panic!("{lang} lacks {id}"));
    words.split('{').next().unwrap().trim_end().to_owned()
}

fn choose(workspace: &Path, lang: Lang) {
    let settings = format!("language = \"{lang}\"\n");
    fs::write(workspace.join("desktop.toml"), settings).unwrap();
}

/// The button that is called so and no longer.
fn press_only(window: &mut Window, name: &str) {
    let button = window
        .query_all_by_role(Role::Button)
        .find(|n| n.accesskit_node().label().as_deref() == Some(name));
    button.unwrap_or_else(|| panic!("no button {name}")).click();
    window.run_steps(3);
}

/// Nothing on the screen says this in English.
fn unsaid(window: &Window, english: &[&str]) {
    for text in english {
        assert!(!sees(window, text), "in English: {text}");
    }
}

#[test]
fn a_wrong_passphrase_and_ones_own_work_are_refused_in_the_language_of_the_screens() {
    let dir = six_interviews();
    let key_of = Passphrase::new(PHRASE.to_owned());
    let app = open_app(dir.path());
    app.make_key("Dao", evidence::Role::Interpreter, key_of, None)
        .unwrap();
    let listed = app.list(None).unwrap();
    let id = listed.into_iter().find(|i| i.languages[0] == Lang::My);
    let edit = Edit {
        text: Some("ကျွန်တော် သဘောမတူပါ။".to_owned()),
        by: "Dao".to_owned(),
        ..Edit::default()
    };
    let ring = app.keys().unwrap();
    let own = ring.own(Some("Dao")).unwrap();
    let own = ring
        .unlock(&own, Passphrase::new(PHRASE.to_owned()))
        .unwrap();
    app.sit_down(Some(std::sync::Arc::new(own))).unwrap();
    app.edit(&id.unwrap().id.0, 1, &edit).unwrap();
    drop(app);
    for lang in [Lang::Km, Lang::My] {
        choose(dir.path(), lang);
        let mut window = tall_window(dir.path());
        until_seen(&mut window, "K-17");
        press(&mut window, "မြန်မာ – 中文");
        until_seen(&mut window, &label(lang, "next-flagged"));
        key(&mut window, Key::C);
        let phrase = label(lang, "signer-phrase");
        // A message that says why it went there has the word too.
        focus_soon(&mut window, &phrase);
        say(&mut window, "other words than these");
        press(&mut window, &label(lang, "signer-open-key"));
        until_seen(&mut window, &label(lang, "told-wrong-phrase"));
        until_seen(&mut window, &label(lang, "told-wrong-phrase-next"));
        unsaid(&window, &["passphrase", "Type it again"]);

        focus(&mut window, &phrase);
        say(&mut window, PHRASE);
        press(&mut window, &label(lang, "signer-open-key"));
        until_seen(&mut window, &label(lang, "signer-close"));
        chord(&mut window, Key::Num2);
        key(&mut window, Key::C);
        until_seen(&mut window, &label(lang, "told-own-work-next"));
        unsaid(&window, &["same person", "Ask another"]);
    }
}

#[test]
fn an_alarm_is_told_in_the_language_of_the_screens_and_names_its_file() {
    let dir = tempfile::tempdir().unwrap();
    choose(dir.path(), Lang::Th);
    let file = dir.path().join("broken.wav");
    fs::write(&file, b"RIFF nothing of a sound").unwrap();
    let mut window = tall_window(dir.path());
    chord(&mut window, Key::Num1);
    press(&mut window, "中文 – Tiếng Việt");
    press(&mut window, &label(Lang::Th, "remove"));
    focus(&mut window, &label(Lang::Th, "intake-path"));
    say(&mut window, file.to_str().unwrap());
    press_only(&mut window, &label(Lang::Th, "add"));
    press(&mut window, &label(Lang::Th, "live-practice"));
    until_seen(&mut window, &label(Lang::Th, "alarm-seen"));
    let labels: Vec<String> = window
        .query_all_by_role(Role::Label)
        .filter_map(|node| node.accesskit_node().value())
        .collect();
    let told = ["no-sound-file", "damaged-file", "unknown-form"].map(|id| format!("told-{id}"));
    let told = told.map(|id| label(Lang::Th, &id));
    let alarm = labels
        .iter()
        .find(|shown| told.iter().any(|t| shown.starts_with(t.as_str())));
    let alarm = alarm.unwrap_or_else(|| panic!("no alarm in Thai: {labels:?}"));
    assert!(alarm.contains("broken.wav"), "{alarm}");
    unsaid(&window, &["the file", "Choose the", "Copy the"]);
}
