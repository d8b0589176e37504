//! Parting, joining and moving lines in the window, through the labels that a screen reader hears, in all
//! six scripts.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "common/window.rs"]
mod window;

use std::fs;

use eframe::egui::{Key, Modifiers, accesskit::Role};
use egui_kittest::kittest::{self, Queryable as _};
use mekong_interview::domain::{Flag, FlagKind, Lang, Segment, SegmentId, Status, Translation};
use mekong_interview::store::Store;
use window::*;

fn lines(workspace: &std::path::Path, lang: Lang) -> Vec<Segment> {
    let app = open_app(workspace);
    let listed = app.list(None).unwrap();
    let one = listed.iter().find(|i| i.languages[0] == lang).unwrap();
    app.show(&one.id.0).unwrap().1
}

#[test]
fn a_line_of_every_script_is_parted_joined_and_put_back_with_the_keyboard() {
    let dir = six_interviews();
    for (lang, said, _) in SIX {
        let lang: Lang = lang.parse().unwrap();
        let before = lines(dir.path(), lang);
        let mut window = window(dir.path());
        open_interview(&mut window, lang);
        key(&mut window, Key::S);
        assert!(sees(&window, "Time of the cut"), "{lang}");
        key(&mut window, Key::ArrowRight);
        key(&mut window, Key::ArrowLeft);
        keep_as(&mut window, "Lan", "Keep");
        until(&mut window, "parted", |w| !sees(w, "Time of the cut"));
        assert!(sees(&window, "5 lines"), "{lang}");
        let parted = lines(dir.path(), lang);
        let whole = format!("{}{}", parted[0].text, parted[1].text);
        let squeezed = |text: &str| text.replace(' ', "");
        assert_eq!(squeezed(&whole), squeezed(&format!("{said}1")), "{lang}");
        assert_eq!(parted[0].span.end, parted[1].span.start, "{lang}");
        assert!(chosen(&window).contains(&parted[0].text), "{lang}");
        // The name is known from now on, so Enter keeps.
        key(&mut window, Key::M);
        assert!(sees(&window, "Joined with line 6"), "{lang}");
        key(&mut window, Key::Enter);
        until(&mut window, "joined", |w| !sees(w, "Joined with line 6"));
        assert!(sees(&window, "4 lines"), "{lang}");
        assert_eq!(squeezed(&lines(dir.path(), lang)[0].text), squeezed(&whole));
        key(&mut window, Key::H);
        until_seen(&mut window, "Lines 5 + 6 were joined into 7");
        assert!(sees(&window, "Line 1, replaced"), "{lang}");
        with(&mut window, Modifiers::COMMAND, Key::Z);
        until(&mut window, "parted again", |w| sees(w, "5 lines"));
        with(&mut window, Modifiers::COMMAND, Key::Z);
        until(&mut window, "whole again", |w| sees(w, "4 lines"));
        assert_eq!(lines(dir.path(), lang), before, "{lang}");
        with(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
        until(&mut window, "parted once more", |w| sees(w, "5 lines"));
    }
}

#[test]
fn a_line_is_parted_at_the_caret() {
    let dir = six_interviews();
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::Km);
    key(&mut window, Key::E);
    key(&mut window, Key::Home);
    for _ in 0..2 {
        key(&mut window, Key::ArrowRight);
    }
    with(&mut window, Modifiers::COMMAND, Key::Enter);
    assert!(sees(&window, "Time of the cut"));
    keep_as(&mut window, "Sok", "Keep");
    until(&mut window, "five lines", |w| sees(w, "5 lines"));
    let parted = lines(dir.path(), Lang::Km);
    assert_eq!(
        parted[0].text, "ខ្ញុំជា",
        "two letters, the first of which is five characters"
    );
}

#[test]
fn times_are_moved_by_keys_and_typed() {
    let dir = six_interviews();
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::Lo);
    key(&mut window, Key::R);
    assert!(sees(&window, "Begins") && sees(&window, "Ends"));
    // The field of the beginning is ready: down is a tenth of a second earlier.
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::ArrowDown);
    let fields: Vec<_> = window.query_all_by_role(Role::SpinButton).collect();
    fields[1].focus();
    window.run_steps(2);
    with(&mut window, Modifiers::COMMAND, Key::A);
    say(&mut window, "8,25");
    key(&mut window, Key::Enter);
    keep_as(&mut window, "Noy", "Keep");
    until(&mut window, "stored", |w| !sees(w, "Begins"));
    let line = lines(dir.path(), Lang::Lo).remove(0);
    let times = (line.span.start.as_ms(), line.span.end.as_ms());
    assert_eq!(times, (4_800, 8_250));
    key(&mut window, Key::H);
    until_seen(&mut window, "00:04.800 – 00:08.250");
    press(&mut window, "Take back");
    until(&mut window, "taken back", |w| !sees(w, "Take back"));
    key(&mut window, Key::H);
    until_seen(&mut window, "Change 1 was taken back");
    let line = lines(dir.path(), Lang::Lo).remove(0);
    assert_eq!(line.span.start.as_ms(), 5_000);
}

#[test]
fn a_second_opinion_is_taken_by_a_person_with_name_and_reason() {
    let dir = tempfile::tempdir().unwrap();
    for (lang, said, first) in SIX {
        let other = if lang == "zh" { "vi" } else { "zh" };
        let line = serde_json::json!({
            "start_ms": 0, "end_ms": 2_000, "speaker": "officer", "lang": lang, "text": said,
        });
        import(dir.path(), &[lang, other], "K-17", &[line]);
        let lang: Lang = lang.parse().unwrap();
        let app = open_app(dir.path());
        let listed = app.list(None).unwrap();
        let one = listed.iter().find(|i| i.languages[0] == lang).unwrap();
        let second = format!("{first} 2");
        let made = Translation {
            lang: other.parse().unwrap(),
            text: format!("{first} 1"),
            engine: "first engine".into(),
            status: Status::Machine,
            log_prob: Some(-0.5),
            terms: Vec::new(),
            flags: vec![Flag::with(
                FlagKind::OpinionsDiffer,
                format!("other engine: {second}"),
            )],
            of_version: 1,
        };
        let mut store = Store::open(&app.workspace().store()).unwrap();
        store
            .record_translation(&one.id, SegmentId(1), &made)
            .unwrap();
        drop(store);
        let mut window = window(dir.path());
        open_interview(&mut window, lang);
        press(&mut window, "Take this one");
        keep_as(&mut window, "Lan", "Keep");
        until(&mut window, "stored", |w| !sees(w, "Your name"));
        let line = lines(dir.path(), lang).remove(0);
        let taken = &line.translations[0];
        assert_eq!((&taken.text, taken.engine.as_str()), (&second, "Lan"));
        let history = app.history(&one.id.0, 1).unwrap().translations;
        let texts: Vec<&str> = history.iter().map(|v| v.text.as_str()).collect();
        let newest = texts.len() - 2;
        assert_eq!(
            texts[newest..],
            [made.text.as_str(), second.as_str()],
            "both stay"
        );
        let reason = history[newest + 1].reason.as_deref().unwrap();
        assert!(reason.contains("other engine") && !history[newest + 1].at.is_empty());
    }
}

#[test]
fn a_search_is_narrowed_with_the_keyboard_and_says_why_it_found_a_line() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    until_seen(&mut window, "K-17");
    press(&mut window, "Search");
    until_seen(&mut window, "words side by side");
    for (lang, said, _) in SIX {
        let lang: Lang = lang.parse().unwrap();
        focus(&mut window, "Words");
        with(&mut window, Modifiers::COMMAND, Key::A);
        say(&mut window, &format!("{said} 2"));
        until_seen(
            &mut window,
            &format!("Line 2   00:10   officer   K-17 {said} 2"),
        );
        assert!(sees(&window, "The words stand in what was said"), "{lang}");
        assert!(sees(&window, &format!("{said} 1")) && sees(&window, &format!("{said} 3")));
    }
    press(&mut window, "Narrow");
    until_seen(&mut window, "Written by");
    for name in ["Case", "Speaker", "Written by", "Doubt", "Interviews with"] {
        let all: Vec<_> = window.query_all_by_role(Role::ComboBox).collect();
        let named = |n: &&egui_kittest::Node<'_>| {
            let node = kittest::NodeT::accesskit_node(*n);
            let mut labels = node.labelled_by();
            labels.any(|l| l.value().as_deref() == Some(name))
        };
        assert!(all.iter().any(|n| named(&n)), "no list is called '{name}'");
    }
    focus(&mut window, "From");
    say(&mut window, "2999-01-01");
    until_seen(&mut window, "Nothing was found within these limits");
    press(&mut window, "Clear");
    until_seen(&mut window, "The words stand in what was said");
    // A near spelling is told as such, and Enter opens the line that was chosen.
    focus(&mut window, "Words");
    with(&mut window, Modifiers::COMMAND, Key::A);
    say(&mut window, "\"đồng ỷ\"");
    until(&mut window, "a reason", |w| {
        sees(w, "Spelled or sounding nearly so: ") || sees(w, "without regard to accents")
    });
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::Enter);
    until_seen(&mut window, "Next in doubt");
    assert!(chosen(&window).contains("Tôi đồng ý."));
}

#[test]
fn nothing_of_the_new_parts_is_cut_off_at_900_by_600_in_any_language() {
    for lang in Lang::ALL {
        let dir = six_interviews();
        let settings = format!("language = \"{lang}\"\n");
        std::fs::write(dir.path().join("desktop.toml"), settings).unwrap();
        let mut window = window(dir.path());
        until_seen(&mut window, "K-17");
        press(&mut window, "ខ្មែរ – 中文");
        until_seen(&mut window, "ខ្ញុំជាប៉ូលិស។ 1");
        nothing_is_cut_off(&window, &format!("{lang}, a line's buttons"));
        for (work, what) in [(Key::S, "split"), (Key::M, "join"), (Key::R, "times")] {
            key(&mut window, work);
            nothing_is_cut_off(&window, &format!("{lang}, {what}"));
            key(&mut window, Key::Escape);
            key(&mut window, Key::Escape);
        }
        with(&mut window, Modifiers::COMMAND, Key::Num3);
        say(&mut window, "ប៉ូលិស");
        until_seen(&mut window, "K-17");
        for _ in 0..4 {
            key(&mut window, Key::Tab);
        }
        key(&mut window, Key::Space);
        let lists = window.query_all_by_role(Role::ComboBox).count();
        assert_eq!(lists, 6, "{lang}: the lists are open");
        nothing_is_cut_off(&window, &format!("{lang}, search"));
    }
}

#[test]
fn enter_waits_for_the_answer_to_what_is_typed() {
    let dir = six_interviews();
    let app = open_app(dir.path());
    let year: u32 = app.list(None).unwrap()[0].started[..4].parse().unwrap();
    fs::write(dir.path().join("desktop.toml"), "buddhist_era = true\n").unwrap();
    let mut window = tall_window(dir.path());
    until_seen(&mut window, "K-17");
    press(&mut window, "Search");
    until_seen(&mut window, "words side by side");
    say(&mut window, "ប៉ូលិស");
    until_seen(&mut window, "4 lines found");
    assert!(sees(&window, &format!("BE {}-", year + 543)), "the day");
    // Both keys come before the desk can have answered.
    chord(&mut window, Key::A);
    window.event(eframe::egui::Event::Text("ທ່ານມີສິດ".to_owned()));
    window.key_press(Key::Enter);
    until_seen(&mut window, "Next in doubt");
    assert!(chosen(&window).contains("ທ່ານມີສິດ"), "{}", chosen(&window));
}

#[test]
fn the_last_change_is_taken_back_by_its_name() {
    let dir = six_interviews();
    fs::write(dir.path().join("desktop.toml"), "name = \"Sok\"\n").unwrap();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::My);
    key(&mut window, Key::E);
    key(&mut window, Key::End);
    say(&mut window, " ဟုတ်");
    key(&mut window, Key::Enter);
    until(&mut window, "stored", |w| !sees(w, "What was said"));
    until_seen(&mut window, "1 ဟုတ်");
    chord(&mut window, Key::K);
    until_seen(&mut window, "Go to");
    say(&mut window, "change back");
    key(&mut window, Key::Enter);
    until(&mut window, "taken back", |w| !sees(w, "1 ဟုတ်"));
}
