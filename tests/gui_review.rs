//! Going from line to line, taking back, marked words, input methods, the picture of the recording: through
//! the labels that a screen reader hears.
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

use eframe::egui::{Event, ImeEvent, Key, Modifiers, PointerButton, pos2};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use mekong_interview::domain::{Lang, Segment, SegmentId, Status};
use mekong_interview::evidence::{Passphrase, Role};
use sound::with_sound;
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

/// What is typed with an input method: how it looks while it is composed, and the words that come of it.
const COMPOSED: [(Lang, [&str; 3], &str); 4] = [
    (Lang::Zh, ["n", "ni", "ni hao"], "你好"),
    (Lang::Vi, ["n", "ngu", "ngủ"], "ngủ"),
    (Lang::My, ["မ", "မြ", "မြို"], "မြို့"),
    (Lang::Km, ["ខ", "ខ្", "ខ្ញ"], "ខ្ញុំ"),
];

fn compose(window: &mut Window, text: &str) {
    window.event(Event::Ime(ImeEvent::Preedit {
        text: text.to_owned(),
        active_range_chars: None,
    }));
    window.run_steps(2);
}

fn commit(window: &mut Window, text: &str) {
    window.event(Event::Ime(ImeEvent::Commit(text.to_owned())));
    window.run_steps(2);
}

#[test]
fn no_key_is_heard_while_a_correction_is_composed_and_what_is_stored_is_what_came_of_it() {
    let dir = by_machine();
    for (lang, steps, committed) in COMPOSED {
        let mut window = tall_window(dir.path());
        open_interview(&mut window, lang);
        key(&mut window, Key::E);
        key(&mut window, Key::End);
        for step in steps {
            compose(&mut window, step);
            assert!(is_typed(&window, step), "{lang}: {step} is seen");
            for (modifiers, held) in [
                (Modifiers::NONE, Key::Enter),
                (Modifiers::COMMAND, Key::Enter),
                (Modifiers::NONE, Key::Escape),
                (Modifiers::NONE, Key::N),
                (Modifiers::COMMAND, Key::K),
                (Modifiers::COMMAND, Key::Num3),
                (Modifiers::NONE, Key::Tab),
            ] {
                with(&mut window, modifiers, held);
                assert!(is_typed(&window, step), "{lang}: {held:?} in {step}");
            }
        }
        let line = lines(dir.path(), lang).1[0].clone();
        assert_eq!(line.version, 1, "{lang}: nothing is kept half written");
        commit(&mut window, committed);
        key(&mut window, Key::Enter);
        let said = |_: &Window| lines(dir.path(), lang).1[0].text.clone();
        let wanted = format!("{}{committed}", line.text);
        until(&mut window, &wanted, |w| said(w) == wanted);
        // Given up, nothing of it is left, and the keys are heard again.
        key(&mut window, Key::E);
        key(&mut window, Key::End);
        compose(&mut window, steps[0]);
        compose(&mut window, "");
        key(&mut window, Key::Escape);
        until(&mut window, "left", |w| !sees(w, "Your name"));
        key(&mut window, Key::N);
        assert!(is_at(&window, 2), "{lang}");
    }
}

#[test]
fn a_search_that_is_composed_opens_nothing_until_it_is_written() {
    let dir = by_machine();
    for (lang, steps, _) in COMPOSED {
        let said = SIX.iter().find(|(l, ..)| *l == lang.to_string()).unwrap().1;
        let mut window = window(dir.path());
        until_seen(&mut window, "K-17");
        chord(&mut window, Key::Num3);
        // Of the line that is there, so that half of it finds something.
        for half in [steps[1], said] {
            compose(&mut window, half);
            for held in [Key::Enter, Key::ArrowDown, Key::Escape] {
                key(&mut window, held);
                assert!(is_typed(&window, half), "{lang}: {held:?}");
            }
        }
        commit(&mut window, said);
        until_seen(&mut window, "4 lines found");
        assert!(is_typed(&window, said));
        key(&mut window, Key::Enter);
        until_seen(&mut window, "Next in doubt");
        assert!(chosen(&window).contains(said), "{lang}");
    }
}

/// Writes more words at the end of a line, which are kept under the name of the desk.
fn correct(window: &mut Window, line: usize, more: &str) {
    key(window, Key::Home);
    for _ in 1..line {
        key(window, Key::ArrowDown);
    }
    key(window, Key::E);
    key(window, Key::End);
    say(window, more);
    key(window, Key::Enter);
    until_seen(window, &format!("Undo: the words of line {line}"));
}

/// Leaves the interview for the list and opens it again.
fn again(window: &mut Window, lang: Lang) {
    press(window, "Interviews");
    open_interview(window, lang);
}

#[test]
fn no_certificate_is_lost_by_taking_back_and_what_was_done_before_it_is_in_reach() {
    let dir = by_machine();
    let phrase = || Passphrase::new("correct horse battery staple".to_owned());
    let app = open_app(dir.path());
    app.make_key("Dao", Role::Reviewer, phrase(), None).unwrap();
    let ring = app.keys().unwrap();
    let signs = ring
        .unlock(&ring.own(Some("Dao")).unwrap(), phrase())
        .unwrap();
    let (id, before) = lines(dir.path(), Lang::Km);
    let certify = |line| {
        app.certify(&id, &[SegmentId(line)], &signs, Some("read"))
            .unwrap();
    };
    let line = |at: usize| lines(dir.path(), Lang::Km).1.remove(at);
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    assert!(!sees(&window, "Finish what is pending"));
    for at in [2, 3, 1] {
        correct(&mut window, at, " ហើយ");
    }
    // The translations are of earlier words now.
    until_seen(&mut window, "Finish what is pending");
    // Somebody else signs, and this window does not know it yet.
    certify(1);
    with(&mut window, Modifiers::COMMAND, Key::Z);
    until_seen(&mut window, "line 1 is certified");
    assert!(sees(&window, "This change is left out"));
    assert_eq!(line(0).status, Status::Certified);
    // It is known of the next one. What was done is remembered when the interview is opened again.
    certify(3);
    again(&mut window, Lang::Km);
    until_seen(&mut window, "certified by Dao");
    press(&mut window, "Undo: the words of line 3");
    until_seen(&mut window, "It does not change without a reason");
    assert_eq!(line(2).status, Status::Certified);
    again(&mut window, Lang::Th);
    assert!(!sees(&window, "Undo"), "of the other interview");
    again(&mut window, Lang::Km);
    press(&mut window, "Undo: the words of line 2");
    until(&mut window, "taken back", |_| {
        line(1).text == before[1].text
    });
    until(&mut window, "nothing more", |w| !sees(w, "Undo"));
    with(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    until(&mut window, "made again", |_| {
        line(1).text != before[1].text
    });
}

#[test]
fn a_line_is_whole_again_after_one_of_its_halves_was_corrected_and_put_right() {
    let dir = by_machine();
    for (lang, ..) in SIX {
        let lang: Lang = lang.parse().unwrap();
        let mut window = tall_window(dir.path());
        open_interview(&mut window, lang);
        let before = lines(dir.path(), lang).1;
        key(&mut window, Key::S);
        key(&mut window, Key::Enter);
        until_seen(&mut window, "5 lines");
        key(&mut window, Key::E);
        // What is open may be of a line that would be gone.
        let undo = window.get_by_label("Undo: the last cut of lines (Ctrl+Z)");
        assert!(undo.accesskit_node().is_disabled(), "{lang}");
        key(&mut window, Key::End);
        say(&mut window, " ກ");
        key(&mut window, Key::Enter);
        until_seen(&mut window, "Undo: the words of line 5");
        with(&mut window, Modifiers::COMMAND, Key::Z);
        until_seen(&mut window, "Undo: the last cut");
        with(&mut window, Modifiers::COMMAND, Key::Z);
        until_seen(&mut window, "4 lines");
        assert_eq!(lines(dir.path(), lang).1, before, "{lang}");
        // A change that is refused makes way for the one before it.
        correct(&mut window, 4, " ກ");
        key(&mut window, Key::Home);
        key(&mut window, Key::S);
        key(&mut window, Key::Enter);
        until_seen(&mut window, "5 lines");
        let (id, now) = lines(dir.path(), lang);
        let by = ("Lan", None);
        let app = open_app(dir.path());
        app.set_speaker(&id, now[0].id, false, "ສົມພອນ", by).unwrap();
        with(&mut window, Modifiers::COMMAND, Key::Z);
        until_seen(&mut window, "This change is left out");
        until_seen(&mut window, "Undo: the words of line 4");
    }
}

#[test]
fn what_a_machine_translated_once_more_is_taken_back_and_a_term_stops_the_way_to_older_changes() {
    let dir = by_machine();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Zh);
    let first = || lines(dir.path(), Lang::Zh).1.remove(0);
    let translated = || first().translations.remove(0);
    let before = translated();
    correct(&mut window, 2, "好");
    key(&mut window, Key::Home);
    key(&mut window, Key::A);
    press(&mut window, "Begin");
    until(&mut window, "translated", |_| {
        translated().text != before.text
    });
    until(&mut window, "over", |w| !sees(w, "Stop"));
    let made = translated();
    let told = "Undo: what the machine made of line 1";
    press(&mut window, told);
    until(&mut window, "put back", |_| {
        translated().text == before.text
    });
    assert_eq!(translated().engine, "Sok");
    assert!(
        translated().flags.is_empty(),
        "of the words that stand there"
    );
    until_seen(&mut window, "Undo: the words of line 2");
    with(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    until(&mut window, "made again", |_| {
        translated().text == made.text
    });
    until_seen(&mut window, told);
    press(&mut window, told);
    until(&mut window, "once more", |_| {
        translated().text == before.text
    });
    until_seen(&mut window, "Undo: the words of line 2");
    // A new term is no older change.
    key(&mut window, Key::G);
    focus(&mut window, "Tiếng Việt");
    say(&mut window, "ghi âm");
    press(&mut window, "Keep");
    until_seen(&mut window, "Undo: the new term");
    with(&mut window, Modifiers::COMMAND, Key::Z);
    until_seen(&mut window, "The new term is not taken back here");
    assert!(lines(dir.path(), Lang::Zh).1[1].text.ends_with('好'));
    until_seen(&mut window, "Undo: the words of line 2");
}

#[test]
fn a_hit_in_the_interview_that_is_written_in_is_gone_to_and_what_was_typed_is_kept() {
    let dir = by_machine();
    let said = SIX[4].1;
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    for open in [Key::E, Key::W] {
        key(&mut window, open);
        if open == Key::E {
            key(&mut window, Key::End);
            say(&mut window, " ហើយ");
        }
        chord(&mut window, Key::Num3);
        chord(&mut window, Key::A);
        say(&mut window, &format!("\"{said} 3\""));
        until_seen(&mut window, "1 line found");
        key(&mut window, Key::Enter);
        until_seen(&mut window, "Next in doubt");
        until(&mut window, "the hit", |w| is_at(w, 3));
        assert!(!sees(&window, "Your name"), "{open:?}");
        key(&mut window, Key::Home);
    }
    key(&mut window, Key::E);
    assert!(sees(&window, "the words that you typed earlier"));
    assert!(is_typed(&window, "ហើយ"));
}

const STRIP: &str = "The recording: press to hear it";

/// The place that a screen reader says of the recording's picture, in seconds.
fn place(window: &Window) -> u32 {
    let value = window.get_by_label_contains(STRIP).accesskit_node().value();
    let value = value.expect("a place");
    let (minutes, seconds) = value.rsplit_once(':').unwrap();
    minutes.parse::<u32>().unwrap() * 60 + seconds.parse::<u32>().unwrap()
}

/// Presses the recording's picture so far from its left edge, 0 to 1.
fn press_strip(window: &mut Window, part: f32) {
    let rect = window.get_by_label_contains(STRIP).rect();
    let at = pos2(rect.left() + rect.width() * part, rect.center().y);
    window.event(Event::PointerMoved(at));
    for pressed in [true, false] {
        window.event(Event::PointerButton {
            pos: at,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        });
    }
    window.run_steps(3);
}

/// Until the sound is heard from about this second on, or this computer has told that it cannot be heard.
fn until_heard(window: &mut Window, second: u32) {
    let told = |w: &Window| sees(w, "loudspeaker");
    until(window, "heard or told", |w| {
        told(w) || (second..second + 20).contains(&place(w))
    });
    while sees(window, "Close") {
        press(window, "Close");
        window.run_steps(10);
    }
}

#[test]
fn the_recording_is_heard_from_any_place_whether_a_line_stands_there_or_not() {
    let dir = with_sound();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    until_seen(&mut window, STRIP);
    // Between the lines: the one before is chosen.
    press_strip(&mut window, 0.5);
    assert!(is_at(&window, 2), "{}", chosen(&window));
    until_heard(&mut window, 30);
    press_strip(&mut window, 0.69);
    assert!(is_at(&window, 3), "{}", chosen(&window));
    until_heard(&mut window, 41);
    // By keys: the place begins at the chosen line, and Enter hears it from there on.
    window.get_by_label_contains(STRIP).focus();
    window.run_steps(2);
    key(&mut window, Key::Home);
    for _ in 0..9 {
        key(&mut window, Key::ArrowRight);
    }
    key(&mut window, Key::Enter);
    assert!(is_at(&window, 1), "{}", chosen(&window));
    until_heard(&mut window, 10);
    // Space pauses, and never opens or writes anything.
    key(&mut window, Key::Space);
    assert!(is_at(&window, 1) && !sees(&window, "Your name"));
}

#[test]
fn the_picture_is_looked_at_from_near_by_wheel_buttons_and_keys_and_shows_the_same_lines() {
    let dir = with_sound();
    let walked = |window: &mut Window, steps: usize| {
        window.get_by_label_contains(STRIP).focus();
        window.run_steps(2);
        key(window, Key::Home);
        for _ in 0..steps {
            window.key_press(Key::ArrowRight);
            window.step();
        }
        window.run_steps(2);
        place(window)
    };
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    until_seen(&mut window, STRIP);
    // From afar a step is a fiftieth of the minute.
    assert_eq!(walked(&mut window, 25), 30);
    for _ in 0..4 {
        press(&mut window, "Show the recording from nearer");
    }
    let near = walked(&mut window, 25);
    assert!((5..=6).contains(&near), "{near}");
    for _ in 0..4 {
        press(&mut window, "Show the recording from farther");
    }
    assert_eq!(walked(&mut window, 25), 30);
    // By the wheel with Ctrl; the place under the pointer stays there.
    let rect = window.get_by_label_contains(STRIP).rect();
    window.event(Event::PointerMoved(rect.center()));
    window.event(Event::Zoom(6.0));
    window.run_steps(2);
    press_strip(&mut window, 0.5);
    assert!(is_at(&window, 2), "{}", chosen(&window));
    until_heard(&mut window, 29);
    key(&mut window, Key::Escape);
    // Ten seconds are seen: their left edge is at about 25 seconds, no line begins there.
    press_strip(&mut window, 0.02);
    assert!(is_at(&window, 2), "{}", chosen(&window));
    until_heard(&mut window, 24);
    // By keys: from near again, and back to the whole.
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    until_seen(&mut window, STRIP);
    window.get_by_label_contains(STRIP).focus();
    window.run_steps(2);
    for _ in 0..4 {
        key(&mut window, Key::Plus);
    }
    let near = walked(&mut window, 25);
    assert!((5..=6).contains(&near), "{near}");
    for _ in 0..5 {
        key(&mut window, Key::Minus);
    }
    assert_eq!(walked(&mut window, 25), 30);
}

#[test]
fn a_line_is_put_where_the_machine_heard_nothing() {
    let dir = with_sound();
    fs::write(dir.path().join("desktop.toml"), "name = \"Sok\"\n").unwrap();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    until_seen(&mut window, STRIP);
    key(&mut window, Key::ArrowDown);
    // Behind the chosen line, which ends at 23 seconds.
    key(&mut window, Key::I);
    assert!(sees(&window, "The machine heard nothing here?"));
    nothing_is_cut_off(&window, "a new line");
    press(&mut window, "Keep");
    until_seen(&mut window, "4 lines");
    until(&mut window, "the new one", |w| is_at(w, 4));
    let new = || lines(dir.path(), Lang::Km).1.remove(2);
    let (start, end) = (new().span.start.as_ms(), new().span.end.as_ms());
    assert_eq!((new().id, start, end), (SegmentId(4), 23_000, 26_000));
    key(&mut window, Key::E);
    say(&mut window, "ខ្ញុំមិនដឹងទេ");
    key(&mut window, Key::Enter);
    until(&mut window, "written", |_| new().text == "ខ្ញុំមិនដឹងទេ");
    until(&mut window, "closed", |w| !sees(w, "Your name"));
    key(&mut window, Key::H);
    until_seen(&mut window, "Line 4 was added");
    // One more by the button, and it is taken back.
    key(&mut window, Key::Home);
    press(&mut window, "New line here (I)");
    press(&mut window, "Keep");
    until_seen(&mut window, "5 lines");
    with(&mut window, Modifiers::COMMAND, Key::Z);
    until_seen(&mut window, "4 lines");
}
