//! After a recording: what happened in it, what was cut off, what was typed and not kept; the sound that
//! goes on, and the keyboard alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "common/window.rs"]
mod window;

use std::path::Path;

use eframe::egui::{Key, accesskit::Role, accesskit::Toggled, vec2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use mekong_interview::app::people::Entry;
use mekong_interview::domain::{Channel, FactKind, InterviewId, Lang, SamplePos, Span};
use mekong_interview::store::{NewInterview, NewRecord, NewSegment, NewSession, Record, Store};
use window::*;

/// Records a practice interview with a suspect for some seconds, with a pause, and ends it.
fn record(window: &mut Window) {
    begin(window);
    until_seen(window, "officer · ");
    focus(window, "Words for a mark or a pause");
    say(window, "ทนายโทรศัพท์มา");
    press(window, "Pause");
    until_seen(window, "pause  ทนายโทรศัพท์มา");
    press(window, "Go on");
    end_recording(window);
    until_seen(window, "Read 20");
}

fn begin(window: &mut Window) {
    chord(window, Key::Num1);
    until_seen(window, "Take in recordings");
    press(window, "ខ្មែរ – Tiếng Việt");
    window.get_by_label("suspect").click();
    window.run_steps(3);
    press(window, "Practise: play");
    until_seen(window, "A file plays in place of a microphone");
    until_it_records(window);
}

/// Whether the choice that is called so is chosen.
fn is_chosen(window: &Window, name: &str) -> bool {
    let mut found = window.query_all_by_role(Role::RadioButton);
    let found = found.find(|n| n.accesskit_node().label().as_deref() == Some(name));
    found.expect(name).accesskit_node().toggled() == Some(Toggled::True)
}

#[test]
fn what_happened_in_a_recording_is_read_afterwards_and_presets_whose_record_it_is() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    record(&mut window);
    press(&mut window, "Read 20");
    until_seen(&mut window, "What happened");
    assert!(!sees(&window, "Interviewed as"), "it is closed at first");
    window.get_by_label_contains("What happened").click();
    window.run_steps(20);
    for told in [
        "00:00  mark  Interviewed as: suspect",
        "pause  ทนายโทรศัพท์มา",
        "People present: practice",
        "the interview is marked as practice",
    ] {
        until_seen(&mut window, told); // what is open is read again
    }
    nothing_is_cut_off(&window, "what happened");
    press(&mut window, "Evidence");
    until_seen(&mut window, "Write the file");
    assert!(is_chosen(&window, "suspect") && !is_chosen(&window, "witness"));
    let may_write = |window: &Window| {
        let button = window.get_by_label("Write the file");
        !button.accesskit_node().is_disabled()
    };
    assert!(may_write(&window));
    press(&mut window, "Consent");
    until_seen(&mut window, "Nothing was entered yet");
    assert!(is_chosen(&window, "suspect") && !is_chosen(&window, "victim"));
    // Of one that was taken in nobody knows it: somebody has to say so.
    chord(&mut window, Key::Num2);
    press(&mut window, "Interviews");
    open_interview(&mut window, Lang::Th);
    assert!(!sees(&window, "What happened"));
    press(&mut window, "Evidence");
    press(&mut window, "This interview");
    until_seen(&mut window, "Say whose record it is");
    assert!(!is_chosen(&window, "suspect") && !may_write(&window));
    window.get_by_label("victim").click();
    until(&mut window, "it may be written", may_write);
}

#[test]
fn what_was_cut_off_or_failed_is_told_in_the_list_and_can_be_finished() {
    let dir = six_interviews();
    let mut before = window(dir.path());
    until_seen(&mut before, "K-17");
    assert!(!sees(&before, "cut off") && !sees(&before, "Finish what is pending"));
    // A recording that nobody ended, an import of which only the copy is there, a line that failed.
    cut_off(dir.path());
    let folder = dir.path().join("recordings/20260101-000000-abcdef");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("intake.json"), "{}").unwrap();
    drop(before);
    let mut window = window(dir.path());
    until_seen(&mut window, "1 recording was cut off");
    assert!(sees(&window, "1 import was cut off"));
    assert!(sees(&window, "1 failed"));
    let marked = window.query_all_by_label_contains("cut off   ").count();
    assert_eq!(marked, 1, "the row itself is marked");
    press(&mut window, "Finish what is pending");
    until_seen(&mut window, "Done.");
}

/// Stores a recording with one line on which the machine failed, and no end.
fn cut_off(workspace: &Path) {
    let id = InterviewId("20261123-080000-aaaaaa".to_owned());
    let mut store = Store::open(&workspace.join("store.sqlite3")).unwrap();
    let new = NewInterview {
        id: id.clone(),
        case: Some("K-18".into()),
        languages: vec![Lang::Lo, Lang::Zh],
        started: "2026-11-23T08:00:00+07:00".into(),
        duration_ms: 0,
        audio: Vec::new(),
        channels: vec![Channel {
            index: 0,
            speaker: "officer".into(),
            languages: vec![Lang::Lo, Lang::Zh],
            speech_models: Default::default(),
        }],
        working: Vec::new(),
        notes: Vec::new(),
        asked: None,
    };
    let session = NewSession {
        device: "alsa:hw".into(),
        practice: false,
        max_utterance_ms: 20_000,
    };
    store.begin_session(&new, &session).unwrap();
    let line = NewSegment {
        channel: 0,
        speaker: "officer".into(),
        span: Span::new(SamplePos(0), SamplePos::from_ms(900)),
        lang: Lang::Lo,
        flags: Vec::new(),
    };
    let lines = store.append_segments(&id, &[line], 900).unwrap();
    let failed = NewRecord {
        interview: &id,
        segment: lines[0],
        what: Record::NotHeard("no memory"),
    };
    store.record(&[failed]).unwrap();
}

#[test]
fn another_interview_may_be_read_during_a_recording_and_both_come_back() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    begin(&mut window);
    until_seen(&mut window, "officer · ");
    chord(&mut window, Key::Num2);
    open_interview(&mut window, Lang::Th);
    chord(&mut window, Key::Num1);
    until_seen(&mut window, "officer · ");
    chord(&mut window, Key::Num2);
    until_seen(&mut window, "คุณมีสิทธิที่จะไม่ให้การ 1");
    chord(&mut window, Key::Num1);
    until_seen(&mut window, "officer · ");
    end_recording(&mut window);
    until_seen(&mut window, "Read 20");
}

#[test]
fn an_interview_and_a_person_are_chosen_by_the_arrows_and_enter() {
    let dir = six_interviews();
    let app = open_app(dir.path());
    let listed = app.list(None).unwrap();
    let mut window = window(dir.path());
    until_seen(&mut window, "K-17");
    key(&mut window, Key::Enter);
    assert!(!sees(&window, "Next in doubt"), "nothing is chosen yet");
    for _ in 0..3 {
        key(&mut window, Key::ArrowDown);
    }
    key(&mut window, Key::ArrowUp);
    key(&mut window, Key::Enter);
    until_seen(&mut window, "Next in doubt");
    let said = app.show(&listed[1].id.0).unwrap().1[0].text.clone();
    assert!(sees(&window, &said), "the second of the list: {said}");
    for name in ["ສົມໃຈ", "ສົມພອນ"] {
        let mut entry = Entry::new(FactKind::Name, name);
        entry.lang = Some(Lang::Lo);
        app.add_person(None, "Lan", &[entry]).unwrap();
    }
    chord(&mut window, Key::Num7);
    until_seen(&mut window, "2 people");
    focus(&mut window, "Name, number or case");
    say(&mut window, "ສົມພ");
    until_seen(&mut window, "1 person");
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::Enter);
    until_seen(&mut window, "All people");
    until_seen(&mut window, "May be the same person");
    assert!(sees(&window, "ສົມພອນ"));
}

#[test]
fn the_sound_goes_on_with_the_next_line_where_that_is_wanted() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    record(&mut window);
    press(&mut window, "Read 20");
    until_seen(&mut window, "Go on with the next line (P)");
    let on = |window: &Window| {
        let tick = window.get_by_label("Go on with the next line (P)");
        tick.accesskit_node().toggled() == Some(Toggled::True)
    };
    assert!(!on(&window));
    key(&mut window, Key::P);
    assert!(on(&window));
    key(&mut window, Key::P);
    assert!(!on(&window));
}

#[test]
fn words_that_were_typed_and_not_kept_are_there_again() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    let told = "the words that you typed earlier";
    key(&mut window, Key::E);
    key(&mut window, Key::End);
    say(&mut window, " បន្ថែម");
    key(&mut window, Key::Escape);
    assert!(!sees(&window, "បន្ថែម"), "the line reads as it did");
    // The other side of the line is another place.
    key(&mut window, Key::T);
    assert!(!sees(&window, told) && !is_typed(&window, "បន្ថែម"));
    say(&mut window, "另外");
    // Another interview is opened while this is still being written.
    press(&mut window, "Interviews");
    open_interview(&mut window, Lang::Th);
    key(&mut window, Key::E);
    assert!(!sees(&window, told));
    key(&mut window, Key::Escape);
    press(&mut window, "Interviews");
    open_interview(&mut window, Lang::Km);
    for (side, typed) in [(Key::E, "បន្ថែម"), (Key::T, "另外")] {
        key(&mut window, side);
        assert!(sees(&window, told) && is_typed(&window, typed), "{typed}");
        key(&mut window, Key::Escape);
    }
    key(&mut window, Key::E);
    press(&mut window, "Put back what stood here");
    assert!(!sees(&window, told));
    key(&mut window, Key::Escape);
    key(&mut window, Key::E);
    assert!(!sees(&window, told) && !is_typed(&window, "បន្ថែម"));
}

#[test]
fn files_stay_in_the_list_where_nothing_of_them_was_taken_in() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    chord(&mut window, Key::Num1);
    press(&mut window, "中文 – Tiếng Việt");
    press(&mut window, "Remove");
    focus(&mut window, "or type a path:");
    say(&mut window, "/nowhere/gone.srt");
    press(&mut window, "Add");
    until_seen(&mut window, "gone.srt");
    press(&mut window, "Start");
    until_seen(&mut window, "Nothing was taken in");
    until(&mut window, "the file is there again", |w| {
        w.query_all_by_label("gone.srt").next().is_some() && !sees(w, "Choose at least one file")
    });
}

#[test]
fn the_place_that_the_arrows_choose_by_its_name_is_always_in_view() {
    let dir = six_interviews();
    let mut window = window(dir.path());
    until_seen(&mut window, "K-17");
    chord(&mut window, Key::K);
    until_seen(&mut window, "Go to");
    for _ in 0..13 {
        key(&mut window, Key::ArrowDown);
    }
    window.run_steps(60);
    let places = window.query_all_by_role(Role::Button);
    let mut chosen = places.filter(|n| n.accesskit_node().toggled() == Some(Toggled::True));
    // The last one: the rail behind has its own.
    let place = chosen.next_back().unwrap().rect();
    assert!(place.top() > 0.0 && place.bottom() < 600.0, "{place:?}");
}

#[test]
fn a_long_list_of_interviews_is_filtered_and_a_narrow_one_has_two_lines() {
    let dir = six_interviews();
    let mut few = window(dir.path());
    until_seen(&mut few, "K-17");
    assert!(!sees(&few, "Show only"));
    drop(few);
    for number in 0..15 {
        let line = serde_json::json!({"start_ms": 0, "end_ms": 900, "lang": "lo", "text": format!("ດີ {number}"),
            "translations": [{"lang": "zh", "text": "好"}]});
        import(
            dir.path(),
            &["lo", "zh"],
            &format!("L-{number:02}"),
            &[line],
        );
    }
    let mut window = tall_window(dir.path());
    until_seen(&mut window, "Show only");
    focus(&mut window, "Show only (case, language, day)");
    say(&mut window, "l-07");
    assert!(sees(&window, "L-07") && !sees(&window, "L-08") && !sees(&window, "K-17"));
    chord(&mut window, Key::A);
    say(&mut window, "burmese 中文");
    assert!(sees(&window, "မြန်မာ") && !sees(&window, "L-07") && !sees(&window, "ຂ"));
    chord(&mut window, Key::A);
    say(&mut window, "nothing of this");
    assert!(sees(&window, "Nothing is called so"));
    chord(&mut window, Key::A);
    say(&mut window, "l-07");
    let height = |window: &Window| {
        let row = window.query_all_by_label_contains("L-07").next().unwrap();
        row.rect().height()
    };
    assert!(height(&window) < 50.0);
    window.set_size(vec2(360.0, 900.0));
    window.run_steps(6);
    assert!(height(&window) > 50.0, "{}", height(&window));
    // The arrows are the list's while the field has the keyboard.
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::Enter);
    until_seen(&mut window, "ດີ");
}
