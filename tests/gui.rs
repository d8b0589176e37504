//! The window without a window: the screens are driven through the labels that a screen reader hears,
//! over a workspace made from transcripts in all six scripts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "common/window.rs"]
mod window;

use std::fs;
use std::sync::Arc;

use eframe::egui::{Key, accesskit::Role};
use egui_kittest::{kittest::NodeT as _, kittest::Queryable as _};
use mekong_interview::app::ImportRequest;
use mekong_interview::app::desk::{Command, Desk};
use mekong_interview::domain::Lang;
use window::*;

#[test]
fn an_empty_workspace_says_how_to_begin_and_leads_there() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = window(dir.path());
    until_seen(&mut window, "There are no interviews yet");
    press(&mut window, "New interview");
    until_seen(&mut window, "Take in recordings");
    assert!(sees(&window, "Choose at least one file"));
}

#[test]
fn a_transcript_is_taken_in_through_the_screen_and_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("made elsewhere.srt");
    fs::write(&file, "1\n00:00:01,000 --> 00:00:02,000\nTôi đồng ý.\n").unwrap();
    let mut window = tall_window(dir.path());
    until_seen(&mut window, "There are no interviews yet");
    press(&mut window, "New interview");
    let field = window.query_all_by_role(Role::TextInput).find(|n| {
        n.accesskit_node()
            .labelled_by()
            .any(|l| l.value().as_deref() == Some("or type a path:"))
    });
    field.expect("the field for a path").focus();
    window.run_steps(2);
    say(&mut window, file.to_str().unwrap());
    press(&mut window, "Add");
    until_seen(&mut window, "made elsewhere.srt");
    for (at, language) in ["中文", "Tiếng Việt"].into_iter().enumerate() {
        assert!(sees(&window, "Choose two or three different languages"));
        let combos: Vec<_> = window.query_all_by_role(Role::ComboBox).collect();
        combos[at].click();
        window.run_steps(3);
        let node = window.query_all_by_label(language).next_back();
        node.expect(language).click();
        window.run_steps(3);
    }
    press(&mut window, "Start");
    until_seen(&mut window, "Read 20");
    press(&mut window, "Read 20");
    until_seen(&mut window, "Tôi đồng ý.");
}

#[test]
fn an_interview_is_recorded_through_the_screen() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    until_seen(&mut window, "There are no interviews yet");
    press(&mut window, "New interview");
    press(&mut window, "ខ្មែរ – Tiếng Việt");
    press(&mut window, "Practise: play");
    until_seen(&mut window, "A file plays in place of a microphone");
    until_seen(&mut window, "00:03");
    press(&mut window, "1 exhibit");
    until_seen(&mut window, "mark  exhibit");
    key(&mut window, Key::Num2);
    until_seen(&mut window, "mark  break");
    end_recording(&mut window);
    until_seen(&mut window, "Read 20");
    let app = open_app(dir.path());
    let listed = app.list(None).unwrap();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].duration_ms >= 3_000, "{}", listed[0].duration_ms);
    assert!(app.session(&listed[0].id.0).unwrap().is_some());
}

#[test]
fn every_script_is_shown_with_its_translation_and_its_doubt() {
    let dir = six_interviews();
    for (lang, said, translated) in SIX {
        let mut window = window(dir.path());
        open_interview(&mut window, lang.parse().unwrap());
        assert!(sees(&window, &format!("{said} 1")), "{lang}");
        assert!(sees(&window, translated), "{lang}");
        key(&mut window, Key::N);
        assert!(
            sees(&window, "The machine is unsure of these words"),
            "{lang}"
        );
        let label = chosen(&window);
        assert!(label.contains(&format!("{said} 3")), "{lang}: {label}");
    }
}

#[test]
fn a_correction_is_a_new_version_and_the_old_words_stay() {
    let dir = six_interviews();
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::Km);
    key(&mut window, Key::E);
    let field = window.get_by_label("What was said");
    assert!(field.is_focused(), "the field is ready to be written in");
    key(&mut window, Key::End);
    say(&mut window, " បាទ");
    key(&mut window, Key::Enter);
    until_seen(&mut window, "a change needs the name");
    let field = window.query_all_by_role(Role::TextInput).find(|n| {
        n.accesskit_node()
            .labelled_by()
            .any(|l| l.value().as_deref() == Some("Your name"))
    });
    field.expect("the field for a name").focus();
    window.run_steps(2);
    say(&mut window, "Sok");
    press(&mut window, "Keep");
    until(&mut window, "stored", |w| !sees(w, "What was said"));
    until_seen(&mut window, "ខ្ញុំជាប៉ូលិស។ 1 បាទ");
    key(&mut window, Key::H);
    until_seen(&mut window, "ខ្មែរ 2");
    let app = open_app(dir.path());
    let listed = app.list(None).unwrap();
    let id = &listed
        .iter()
        .find(|i| i.languages[0] == Lang::Km)
        .unwrap()
        .id
        .0;
    let versions = app.history(id, 1).unwrap();
    assert_eq!(versions.text.len(), 2);
    assert_eq!(versions.text[0].text, "ខ្ញុំជាប៉ូលិស។ 1");
    assert_eq!(
        (
            versions.text[1].text.as_str(),
            versions.text[1].author.as_str()
        ),
        ("ខ្ញុំជាប៉ូលិស។ 1 បាទ", "Sok")
    );
}

#[test]
fn a_correction_is_taken_back_by_one_more_version_and_made_again() {
    let dir = six_interviews();
    fs::write(dir.path().join("desktop.toml"), "name = \"Sok\"\n").unwrap();
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::Lo);
    key(&mut window, Key::E);
    key(&mut window, Key::End);
    say(&mut window, " ແລະ");
    key(&mut window, Key::Enter);
    until(&mut window, "stored", |w| !sees(w, "What was said"));
    until_seen(&mut window, "ການ 1 ແລະ");
    window.key_press_modifiers(eframe::egui::Modifiers::COMMAND, Key::Z);
    until(&mut window, "taken back", |w| !sees(w, "ການ 1 ແລະ"));
    let again = eframe::egui::Modifiers::COMMAND | eframe::egui::Modifiers::SHIFT;
    window.key_press_modifiers(again, Key::Z);
    until_seen(&mut window, "ການ 1 ແລະ");
    let app = open_app(dir.path());
    let listed = app.list(None).unwrap();
    let one = listed.iter().find(|i| i.languages[0] == Lang::Lo).unwrap();
    let versions = || app.history(&one.id.0, 1).unwrap().text;
    let four = versions();
    assert_eq!(four.len(), 4, "nothing was removed");
    assert_eq!(four[2].text, four[0].text);
    assert_eq!(four[2].reason.as_deref(), Some("Taken back"));
    // Keys that come faster than the store answers are followed one after the other.
    for modifiers in [eframe::egui::Modifiers::COMMAND, again].repeat(2) {
        window.key_press_modifiers(modifiers, Key::Z);
        window.step();
    }
    until(&mut window, "all four", |_| versions().len() == 8);
    until_seen(&mut window, "ການ 1 ແລະ");
    let eight = versions();
    let texts: Vec<&str> = eight.iter().map(|v| v.text.as_str()).collect();
    let (before, after) = (texts[0], texts[1]);
    assert_eq!(texts, [before, after].repeat(4));
}

#[test]
fn escape_leaves_a_line_as_it_was() {
    let dir = six_interviews();
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::Th);
    key(&mut window, Key::E);
    say(&mut window, "xyz");
    key(&mut window, Key::Escape);
    assert!(!sees(&window, "What was said") && !sees(&window, "xyz"));
}

#[test]
fn one_key_hides_everything_and_shows_it_again() {
    let dir = six_interviews();
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::My);
    key(&mut window, Key::F12);
    assert!(!sees(&window, "သဘောတူ") && !sees(&window, "Review") && !sees(&window, "K-17"));
    key(&mut window, Key::F12);
    assert!(sees(&window, "သဘောတူ"));
}

#[test]
fn words_are_found_while_they_are_typed_and_a_hit_opens_its_line() {
    let dir = six_interviews();
    let mut window = window(dir.path());
    until_seen(&mut window, "K-17");
    press(&mut window, "Search");
    until_seen(&mut window, "Type a name");
    say(&mut window, "ប៉ូលិស");
    until_seen(&mut window, "4 lines found");
    press(&mut window, "ខ្ញុំជាប៉ូលិស។ 2");
    until_seen(&mut window, "Next in doubt");
    assert!(chosen(&window).contains("។ 2"));
}

#[test]
fn of_a_day_of_speech_only_the_rows_that_are_seen_are_laid_out() {
    let dir = tempfile::tempdir().unwrap();
    let line = |id: u64| {
        serde_json::json!({"start_ms": id * 4_000, "end_ms": id * 4_000 + 2_000, "lang": "zh",
            "text": format!("第{id}行"), "translations": [{"lang": "vi", "text": format!("dòng {id}")}]})
    };
    let lines: Vec<_> = (1..=20_000).map(line).collect();
    import(dir.path(), &["zh", "vi"], "K-17", &lines);
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::Zh);
    assert!(window.query_all_by_role(Role::ListItem).count() < 40);
    key(&mut window, Key::End);
    window.run_steps(6);
    assert!(sees(&window, "第20000行"), "the last line is reached");
    assert!(window.query_all_by_role(Role::ListItem).count() < 40);
    key(&mut window, Key::Home);
    window.run_steps(6);
    assert!(sees(&window, "第1行"));
}

#[test]
fn a_broken_settings_file_is_put_aside_and_the_person_is_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("desktop.toml"), "look = {").unwrap();
    let mut window = window(dir.path());
    until_seen(&mut window, "could not be read");
    assert!(sees(&window, "desktop.toml.unusable-1"));
    assert_eq!(
        fs::read_to_string(dir.path().join("desktop.toml.unusable-1")).unwrap(),
        "look = {"
    );
    press(&mut window, "Close");
    assert!(!sees(&window, "could not be read"));
}

#[test]
fn names_cannot_turn_the_writing_round_or_push_the_screen_apart() {
    let dir = tempfile::tempdir().unwrap();
    let line = serde_json::json!({"start_ms": 0, "end_ms": 900, "lang": "zh", "text": "好",
        "speaker": "\u{202E}gnaw", "translations": [{"lang": "vi", "text": "Tốt"}]});
    let case = format!("K-17\u{202E}{}", "ក".repeat(290));
    import(dir.path(), &["zh", "vi"], &case, &[line]);
    let mut window = window(dir.path());
    until_seen(&mut window, "K-17[U+202E]");
    press(&mut window, "K-17[U+202E]");
    until_seen(&mut window, "[U+202E]gnaw");
    assert!(!sees(&window, "\u{202E}"));
    nothing_is_cut_off(&window, "long names");
}

#[test]
fn no_words_are_cut_off_at_900_by_600_in_any_language() {
    let dir = six_interviews();
    for lang in Lang::ALL {
        fs::write(
            dir.path().join("desktop.toml"),
            format!("language = \"{lang}\"\n"),
        )
        .unwrap();
        let mut window = window(dir.path());
        until_seen(&mut window, "K-17");
        for number in [
            Key::Num1,
            Key::Num2,
            Key::Num3,
            Key::Num5,
            Key::Num6,
            Key::Num7,
        ] {
            window.key_press_modifiers(eframe::egui::Modifiers::COMMAND, number);
            window.run_steps(3);
            nothing_is_cut_off(&window, &format!("{lang} {number:?}"));
        }
    }
}

#[test]
fn of_several_files_it_is_told_which_one_is_taken_in() {
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<_> = (1..=3)
        .map(|number| {
            let file = dir.path().join(format!("{number}.srt"));
            let text = format!("1\n00:00:01,000 --> 00:00:02,000\nTôi đồng ý. {number}\n");
            fs::write(&file, text).unwrap();
            file
        })
        .collect();
    let desk = Desk::start(Arc::new(open_app(dir.path())), Arc::new(|| ())).unwrap();
    let request = ImportRequest {
        languages: vec![Lang::Zh, Lang::Vi],
        ..ImportRequest::default()
    };
    assert!(desk.ask(Command::Import(files, request)));
    let job = loop {
        let job = desk.board().job.get().filter(|job| job.over.is_some());
        match job {
            Some(job) => break job,
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    assert_eq!(job.over.as_ref().unwrap().len(), 3, "{:?}", job.notes);
    assert_eq!(job.file, Some((3, 3)));
}
