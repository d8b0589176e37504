//! Going from line to line, taking back, marked words: through the labels that a screen reader hears.
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

use eframe::egui::{Event, Key, Modifiers, PointerButton, pos2};
use egui_kittest::kittest::Queryable as _;
use mekong_interview::domain::{Lang, Segment, SegmentId};
use mekong_interview::evidence::{Passphrase, Role};
use window::*;

/// One interview a script, with four lines that a machine wrote; two of them are in doubt.
fn by_machine() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (lang, said, translated) in SIX {
        let other = if lang == "zh" { "vi" } else { "zh" };
        let line = |id: u64| {
            serde_json::json!({
                "start_ms": id * 5_000, "end_ms": id * 5_000 + 3_000, "speaker": "officer",
                "lang": lang, "text": format!("{said} {id}"), "status": "machine",
                "flags": if id.is_multiple_of(2) { vec!["low-confidence"] } else { Vec::new() },
                "translations": [{"lang": other, "text": translated}],
            })
        };
        let lines: Vec<_> = (1..=4).map(line).collect();
        import(dir.path(), &[lang, other], "K-17", &lines);
    }
    fs::write(dir.path().join("desktop.toml"), "name = \"Sok\"\n").unwrap();
    dir
}

fn lines(workspace: &Path, lang: Lang) -> (String, Vec<Segment>) {
    let app = open_app(workspace);
    let listed = app.list(None).unwrap();
    let one = listed.iter().find(|i| i.languages[0] == lang).unwrap();
    (one.id.0.clone(), app.show(&one.id.0).unwrap().1)
}

/// Whether the person is at this line.
fn is_at(window: &Window, line: i64) -> bool {
    chosen(window).starts_with(&format!("{line} "))
}

#[test]
fn lines_that_are_signed_for_are_left_out_and_the_way_back_is_shift() {
    let dir = by_machine();
    let phrase = || Passphrase::new("correct horse battery staple".to_owned());
    let app = open_app(dir.path());
    let public = app.make_key("Dao", Role::Reviewer, phrase(), None).unwrap();
    let ring = app.keys().unwrap();
    let own = ring.own(Some(&public.number)).unwrap();
    let signs = ring.unlock(&own, phrase()).unwrap();
    for (lang, ..) in SIX {
        let lang: Lang = lang.parse().unwrap();
        let mut window = window(dir.path());
        open_interview(&mut window, lang);
        assert!(sees(&window, "0 of 4 reviewed"), "{lang}");
        key(&mut window, Key::N);
        assert!(is_at(&window, 2), "{lang}");
        key(&mut window, Key::N);
        assert!(is_at(&window, 4), "{lang}");
        with(&mut window, Modifiers::SHIFT, Key::N);
        assert!(is_at(&window, 2), "{lang}");
        with(&mut window, Modifiers::SHIFT, Key::U);
        assert!(is_at(&window, 1), "{lang}");
        with(&mut window, Modifiers::SHIFT, Key::U);
        assert!(is_at(&window, 4), "{lang}: round from the other end");
        drop(window);
        let id = lines(dir.path(), lang).0;
        let doubted = [SegmentId(2), SegmentId(4)];
        app.certify(&id, &doubted, &signs, None).unwrap();
        let mut window = self::window(dir.path());
        open_interview(&mut window, lang);
        assert!(sees(&window, "2 of 4 reviewed"), "{lang}");
        let none = "No line is in doubt any more";
        assert!(!sees(&window, none), "{lang}");
        key(&mut window, Key::N);
        assert!(sees(&window, none) && is_at(&window, 1), "{lang}");
        key(&mut window, Key::U);
        assert!(!sees(&window, none) && is_at(&window, 3), "{lang}");
    }
}

#[test]
fn what_can_be_taken_back_is_a_button_that_says_what() {
    let dir = by_machine();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    assert!(!sees(&window, "Undo"), "nothing was done");
    key(&mut window, Key::E);
    key(&mut window, Key::End);
    say(&mut window, " ហើយ");
    key(&mut window, Key::Enter);
    until_seen(&mut window, "Undo: the words of line 1");
    press(&mut window, "Undo: the words of line 1");
    let said = |_: &Window| lines(dir.path(), Lang::Km).1[0].text.clone();
    until(&mut window, "taken back", |w| said(w) == "ខ្ញុំជាប៉ូលិស។ 1");
    until(&mut window, "nothing more", |w| !sees(w, "Undo"));
}

#[test]
fn a_term_begins_with_the_words_that_are_marked_in_a_line_that_is_read() {
    let dir = by_machine();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Vi);
    let place = window.get_by_label("Tôi đồng ý. 1").rect().left_center();
    let at = pos2(place.x + 6.0, place.y);
    let press_at = |window: &mut Window| {
        for pressed in [true, false] {
            window.event(Event::PointerButton {
                pos: at,
                button: PointerButton::Primary,
                pressed,
                modifiers: Modifiers::NONE,
            });
            window.step();
        }
    };
    window.event(Event::PointerMoved(at));
    window.step();
    // Twice in a row marks a word.
    press_at(&mut window);
    press_at(&mut window);
    window.run_steps(3);
    key(&mut window, Key::G);
    assert!(is_typed(&window, "Tôi") && !is_typed(&window, "Tôi đồng"));
    key(&mut window, Key::Escape);
    key(&mut window, Key::Escape);
    // By the button too, which unmarks the words when it is pressed.
    press_at(&mut window);
    press_at(&mut window);
    window.run_steps(3);
    press(&mut window, "Add a term (G)");
    assert!(is_typed(&window, "Tôi") && !is_typed(&window, "Tôi đồng"));
    key(&mut window, Key::Escape);
    key(&mut window, Key::Escape);
    // Without marked words it is the line.
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::G);
    assert!(is_typed(&window, "Tôi đồng ý. 2"));
}
