//! During a recording: what ends it, what hides it, what is told of it, and what must not be heard by it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "common/window.rs"]
mod window;

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use eframe::egui::accesskit::Role;
use eframe::egui::{
    Context, Event, Key, Modifiers, Pos2, RawInput, Rect, Shape, ViewportCommand, ViewportInfo,
    vec2,
};
use egui_kittest::{kittest::NodeT as _, kittest::Queryable as _};
use mekong_interview::app::phrasebook::phrases;
use mekong_interview::domain::{EventKind, Lang};
use window::*;

/// The keys of all screens but the first.
const SCREENS: [Key; 7] = [
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::Num7,
    Key::Num8,
];

fn begin(window: &mut Window) {
    chord(window, Key::Num1);
    until_seen(window, "Take in recordings");
    press(window, "ខ្មែរ – Tiếng Việt");
    // While the text of an earlier recording is worked off, another one is refused.
    for _ in 0..100 {
        if sees(window, "Practise: play") {
            press(window, "Practise: play");
        }
        window.run_steps(5);
        if sees(window, "A file plays in place of a microphone") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    until_seen(window, "A file plays in place of a microphone");
    until_it_records(window);
}

/// Whether a button lies wholly inside a window of this size.
fn is_inside(window: &Window, label: &str, size: [f32; 2]) -> bool {
    let rect = window.get_by_label(label).rect();
    let whole = Rect::from_min_size(Pos2::ZERO, size.into());
    whole.contains_rect(rect)
}

#[test]
fn a_recording_ends_in_two_steps_and_the_second_goes_away() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    begin(&mut window);
    let asks = |window: &Window| sees(window, "Yes, end it");
    // Pressed twice in haste it goes on: the keys are at the way back.
    press(&mut window, "End the recording");
    assert!(asks(&window) && !sees(&window, "End the recording"));
    let stay = window.get_by_label("No, keep recording");
    assert!(stay.accesskit_node().is_focused());
    key(&mut window, Key::Enter);
    assert!(!asks(&window) && sees(&window, "End the recording"));
    // Esc, and some seconds of nothing, take it back too.
    press(&mut window, "End the recording");
    key(&mut window, Key::Escape);
    assert!(!asks(&window));
    let end = window.get_by_label("End the recording");
    assert!(end.accesskit_node().is_focused());
    press(&mut window, "End the recording");
    window.run_steps(40); // a quarter of a second each
    assert!(!asks(&window) && sees(&window, "End the recording"));
    // By the keyboard alone.
    window.get_by_label("End the recording").focus();
    window.run_steps(2);
    key(&mut window, Key::Enter);
    key(&mut window, Key::Tab);
    key(&mut window, Key::Enter);
    until_seen(&mut window, "Read 20");
}

#[test]
fn ten_failures_leave_the_end_and_the_pause_in_the_window() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    chord(&mut window, Key::Num1);
    for number in 0..10 {
        let name = format!("broken-{number}.wav");
        let file = dir.path().join(&name);
        fs::write(&file, b"RIFF nothing of a sound").unwrap();
        press(&mut window, "中文 – Tiếng Việt");
        press(&mut window, "Remove");
        focus(&mut window, "or type a path:");
        say(&mut window, file.to_str().unwrap());
        press(&mut window, "Add");
        press(&mut window, "Practise: play");
        // In the list of files, and in what failed.
        until(&mut window, &name, |w| {
            w.query_all_by_label_contains(&name).count() > 1
        });
    }
    begin(&mut window);
    assert!(sees(&window, "broken-0.wav") && sees(&window, "broken-9.wav"));
    // What came last is seen without scrolling, whatever nobody has read yet.
    let within = |window: &Window, name: &str| {
        let found = window.query_all_by_label_contains(name);
        found.into_iter().any(|node| node.rect().max.y < 200.0)
    };
    window.set_size(vec2(900.0, 600.0));
    window.run_steps(6);
    assert!(within(&window, "broken-9.wav") && !within(&window, "broken-0.wav"));
    for size in [[900.0, 600.0], [360.0, 240.0]] {
        window.set_size(vec2(size[0], size[1]));
        window.run_steps(6);
        for label in ["End the recording", "Pause (F10)"] {
            assert!(is_inside(&window, label, size), "{label} at {size:?}");
        }
    }
    // By the keyboard: the last of them is scrolled to.
    window.get_by_label("I have seen this").focus();
    window.run_steps(60);
    assert!(is_inside(&window, "I have seen this", [360.0, 240.0]));
    key(&mut window, Key::Enter);
    assert!(!sees(&window, "broken-0.wav"));
    assert!(is_inside(&window, "End the recording", [360.0, 240.0]));
}

/// Waits until the recording is paused, or goes on, wherever the officer is.
fn until_paused(window: &mut Window, wanted: bool) {
    let begun = std::time::Instant::now();
    loop {
        // What the screens show is behind the one that is open: the record itself says it.
        let shown = if wanted { "Go on (F10)" } else { "Pause (F10)" };
        chord(window, Key::Num1);
        if sees(window, shown) {
            return;
        }
        assert!(begun.elapsed().as_secs() < 60, "never came: {shown}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn the_key_of_the_pause_works_on_every_screen_hidden_and_in_the_other_window() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    let other = Other::default();
    other.open(&window);
    begin(&mut window);
    for screen in SCREENS {
        chord(&mut window, screen);
        key(&mut window, Key::F10);
        // At once, and then on the screen that asks why.
        until_seen(&mut window, "Why is it paused?");
        until_paused(&mut window, true);
        // Going on asks nothing: whoever reads stays where they are.
        chord(&mut window, screen);
        key(&mut window, Key::F10);
        assert!(!sees(&window, "Pause (F10)"), "{screen:?}");
        until_paused(&mut window, false);
    }
    // While everything is hidden; why, is asked once it is seen again.
    key(&mut window, Key::F12);
    key(&mut window, Key::F10);
    assert!(!sees(&window, "Review"), "it stays hidden");
    key(&mut window, Key::F12);
    until_seen(&mut window, "Why is it paused?");
    until_paused(&mut window, true);
    key(&mut window, Key::F10);
    until_paused(&mut window, false);
    // By whoever sits at the other window.
    if !sees(&window, "Show it large") {
        tick(&mut window, "Rights, consent and standard questions");
    }
    press(&mut window, "Show it large");
    chord(&mut window, Key::Num2);
    other.press(Key::F10);
    window.run_steps(3);
    until_seen(&mut window, "Why is it paused?");
    until_paused(&mut window, true);
    // A finger that stays on the key does not end the pause.
    let held = |pressed, repeat| Event::Key {
        key: Key::F10,
        physical_key: None,
        pressed,
        repeat,
        modifiers: Modifiers::NONE,
    };
    window.event(held(true, false));
    window.step();
    until_paused(&mut window, false);
    window.event(held(true, true));
    window.run_steps(3);
    window.event(held(false, false));
    std::thread::sleep(std::time::Duration::from_millis(500));
    window.run_steps(3);
    assert!(sees(&window, "Pause (F10)"), "it was paused by a held key");
    end_recording(&mut window);
    // Nobody waits for the text.
    until_seen(&mut window, "Stop now");
    press(&mut window, "Stop now");
    until_seen(&mut window, "Read 20");
    let app = open_app(dir.path());
    let id = app.list(None).unwrap()[0].id.0.clone();
    let events = app.events(&id).unwrap();
    let pauses = events.iter().filter(|e| e.kind == EventKind::Pause);
    assert_eq!(pauses.count(), SCREENS.len() + 2);
}

/// The window of the person interviewed, as a window of its own with its own keyboard.
#[derive(Clone, Default)]
struct Other {
    events: Rc<RefCell<Vec<Event>>>,
    painted: Rc<RefCell<String>>,
    /// How large its letters are, whatever the zoom of the first window.
    size: Rc<RefCell<f32>>,
}

impl Other {
    fn open(&self, window: &Window) {
        window.ctx.set_embed_viewports(false);
        let own = self.clone();
        Context::set_immediate_viewport_renderer(move |ctx, mut viewport| {
            let id = viewport.ids.this;
            let mut input = RawInput {
                viewport_id: id,
                screen_rect: Some(Rect::from_min_size(Pos2::ZERO, vec2(800.0, 480.0))),
                events: std::mem::take(&mut *own.events.borrow_mut()),
                ..RawInput::default()
            };
            input.viewports.insert(id, ViewportInfo::default());
            let output = ctx.run_ui(input, |ui| (viewport.viewport_ui_cb)(ui));
            let mut painted = own.painted.borrow_mut();
            painted.clear();
            for clipped in &output.shapes {
                if let Shape::Text(text) = &clipped.shape {
                    painted.push_str(text.galley.text());
                    let letters = text.galley.job.sections.first();
                    let points = letters.map_or(0.0, |s| s.format.font_id.size);
                    *own.size.borrow_mut() = points * ctx.zoom_factor();
                }
            }
        });
    }

    fn press(&self, key: Key) {
        let event = |pressed| Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        };
        let mut events = self.events.borrow_mut();
        events.extend([event(true), event(false)]);
    }

    fn shows(&self, text: &str) -> bool {
        let squeezed = |text: &str| text.replace([' ', '\n'], "");
        squeezed(&self.painted.borrow()).contains(&squeezed(text))
    }
}

#[test]
fn the_key_that_hides_everything_works_in_the_other_window_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    let other = Other::default();
    other.open(&window);
    chord(&mut window, Key::Num1);
    press(&mut window, "中文 – Tiếng Việt");
    tick(&mut window, "Rights, consent and standard questions");
    press(&mut window, "Show it large");
    let shown = phrases()[0].text(Lang::Vi);
    assert!(other.shows(shown), "{}", other.painted.borrow());
    other.press(Key::F12);
    window.run_steps(3);
    assert!(!sees(&window, "Take in recordings") && !sees(&window, "Review"));
    assert!(!other.shows(shown));
    other.press(Key::F12);
    window.run_steps(3);
    assert!(sees(&window, "Take in recordings") && other.shows(shown));
    // The key of the first window hides the second one, which stays where it stands.
    key(&mut window, Key::F12);
    assert!(!other.shows(shown));
    key(&mut window, Key::F12);
    assert!(other.shows(shown));
}

/// Whether one of the next frames wants a window to fill its screen, or no more.
fn full(window: &mut Window) -> Option<bool> {
    for _ in 0..3 {
        window.step();
        let all = window.output().viewport_output.values();
        let wanted = all.flat_map(|own| &own.commands).find_map(|c| match c {
            ViewportCommand::Fullscreen(full) => Some(*full),
            _ => None,
        });
        if wanted.is_some() {
            return wanted;
        }
    }
    None
}

#[test]
fn the_other_window_fills_its_screen_and_its_letters_do_not_follow_the_officers() {
    let mut sizes = Vec::new();
    for percent in [100, 200] {
        let dir = tempfile::tempdir().unwrap();
        let settings = format!("text_percent = {percent}\n");
        fs::write(dir.path().join("desktop.toml"), settings).unwrap();
        let mut window = tall_window(dir.path());
        window.set_size(vec2(900.0, 3_600.0));
        window.run_steps(3);
        let other = Other::default();
        other.open(&window);
        chord(&mut window, Key::Num1);
        press(&mut window, "中文 – Tiếng Việt");
        tick(&mut window, "Rights, consent and standard questions");
        assert!(!sees(&window, "not reviewed by a native speaker"));
        press(&mut window, "Show it large");
        assert!(sees(&window, "not reviewed by a native speaker"));
        assert!(other.shows(phrases()[0].text(Lang::Vi)));
        sizes.push(*other.size.borrow());
        assert_eq!(full(&mut window), None, "like any other window at first");
        other.press(Key::F11);
        assert_eq!(full(&mut window), Some(true));
        other.press(Key::F11);
        assert_eq!(full(&mut window), Some(false));
    }
    assert!((sizes[0] - sizes[1]).abs() < 0.01, "{sizes:?}");
    assert!(sizes[0] > 30.0, "{sizes:?}");
}

#[test]
fn a_pause_is_one_press_and_its_reason_may_come_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    begin(&mut window);
    // By its key and without a reason: at once, and then it is asked for.
    key(&mut window, Key::F10);
    until_seen(&mut window, "Go on (F10)");
    until_seen(&mut window, "pause  no reason given");
    assert!(sees(&window, "Why is it paused?"));
    press(&mut window, "private talk with counsel");
    until_seen(
        &mut window,
        "reason of the pause: private talk with counsel",
    );
    assert!(!sees(&window, "Why is it paused?"));
    key(&mut window, Key::F10);
    until_seen(&mut window, "Pause (F10)");
    // By a reason that is ready.
    press(&mut window, "the interpreter");
    until_seen(&mut window, "Go on (F10)");
    until_seen(&mut window, "pause  the interpreter");
    assert!(!sees(&window, "Why is it paused?"));
    press(&mut window, "Go on");
    until_seen(&mut window, "Pause (F10)");
    // By words of one's own and Enter.
    focus(&mut window, "Words for a mark or a pause");
    say(&mut window, "ห้องน้ำ");
    key(&mut window, Key::Enter);
    until_seen(&mut window, "pause  ห้องน้ำ");
    press(&mut window, "Go on");
    until_seen(&mut window, "Pause (F10)");
    // That nobody says why is a choice too.
    press(&mut window, "Pause (F10)");
    until_seen(&mut window, "Why is it paused?");
    press(&mut window, "no reason given");
    assert!(!sees(&window, "Why is it paused?"));
    press(&mut window, "Go on");
    end_recording(&mut window);
    until_seen(&mut window, "Read 20");
    let app = open_app(dir.path());
    let id = app.list(None).unwrap()[0].id.0.clone();
    let events = app.events(&id).unwrap();
    let of = |kind| -> Vec<&str> {
        let own = events.iter().filter(|e| e.kind == kind);
        own.map(|e| e.label.as_str()).collect()
    };
    assert_eq!(
        of(EventKind::Pause),
        [
            "no reason given",
            "the interpreter",
            "ห้องน้ำ",
            "no reason given"
        ]
    );
    let mark = "reason of the pause: private talk with counsel";
    assert!(of(EventKind::Marker).contains(&mark), "{events:?}");
}

#[test]
fn what_the_person_is_told_is_open_from_the_start_and_missed_at_the_end() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    begin(&mut window);
    until_seen(&mut window, "practice · witness");
    until_seen(&mut window, "0 of 12 are said and marked");
    assert!(sees(&window, "What a witness is told"), "open by itself");
    press(&mut window, "Said: mark it");
    // In the list, and in the head of the recording.
    until(&mut window, "both", |w| {
        w.query_all_by_label_contains("1 of 12 are said and marked")
            .count()
            == 2
    });
    // Closed once, it stays closed.
    tick(&mut window, "Rights, consent and standard questions");
    window.run_steps(10);
    assert!(!sees(&window, "What a witness is told"));
    assert!(!sees(&window, "Only 1 of the 12"));
    press(&mut window, "End the recording");
    assert!(sees(&window, "Only 1 of the 12"));
    press(&mut window, "Yes, end it");
    until_seen(&mut window, "Read 20");
}

#[test]
fn the_strip_is_walked_by_keys_and_nothing_is_played_while_a_recording_runs() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    begin(&mut window);
    until_seen(&mut window, "officer · ");
    until(&mut window, "nine seconds", |w| {
        (9..60).any(|second| sees(w, &format!("Recording  00:{second:02}")))
    });
    end_recording(&mut window);
    until_seen(&mut window, "Read 20");
    press(&mut window, "Read 20");
    until_seen(&mut window, "Next in doubt");
    // The strip: an arrow moves a place, Enter goes to the line there.
    let first = chosen(&window);
    let strip = "The recording: press to hear it from a place on. The arrows move the place, + and − show it from nearer or farther.";
    until_seen(&mut window, strip);
    window.get_by_label(strip).focus();
    window.run_steps(2);
    for _ in 0..60 {
        window.key_press(Key::ArrowRight);
        window.step();
    }
    key(&mut window, Key::Enter);
    assert_ne!(chosen(&window), first, "the last line");
    assert!(window.get_by_label(strip).accesskit_node().is_focused());
    press(&mut window, "Interviews");
    let told = |w: &Window| {
        let mut labels = w.query_all_by_label_contains("othing is played while");
        labels.next().is_some()
    };
    begin(&mut window);
    chord(&mut window, Key::Num2);
    // The newest stands first: the last one is the one that is over.
    let is_row = |n: &egui_kittest::Node<'_>| {
        [Role::Button, Role::ListItem].contains(&n.accesskit_node().role())
    };
    window
        .query_all_by_label_contains("ខ្មែរ – Tiếng Việt")
        .rfind(is_row)
        .unwrap()
        .click();
    window.run_steps(3);
    until_seen(&mut window, "Next in doubt");
    // Its lines may still be on their way to the screen, and messages are shown one after the other: on
    // a machine without loudspeakers that of the strip above comes first.
    for _ in 0..60 {
        if !told(&window) {
            if sees(&window, "Close") {
                press(&mut window, "Close");
            } else {
                key(&mut window, Key::Space);
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
            window.run_steps(3);
        }
    }
    assert!(told(&window), "refused while it is recorded");
    while sees(&window, "Close") {
        press(&mut window, "Close");
        window.run_steps(10);
    }
    // While it is paused nothing is recorded, so it may be heard.
    chord(&mut window, Key::Num1);
    focus(&mut window, "Words for a mark or a pause");
    say(&mut window, "ฟังก่อน");
    press(&mut window, "Pause");
    until_seen(&mut window, "Paused");
    chord(&mut window, Key::Num2);
    key(&mut window, Key::Space);
    window.run_steps(20);
    assert!(!told(&window));
    chord(&mut window, Key::Num1);
    press(&mut window, "Go on");
    end_recording(&mut window);
    until_seen(&mut window, "Read 20");
    assert_eq!(open_app(dir.path()).list(None).unwrap().len(), 2);
}

/// The language that stands in the box of the officer.
fn officer(window: &Window) -> String {
    let mut boxes = window.query_all_by_role(Role::ComboBox);
    let node = boxes.next().unwrap();
    node.accesskit_node().value().unwrap_or_default()
}

fn open_with(workspace: &Path, language: &str) -> Window {
    fs::write(
        workspace.join("desktop.toml"),
        format!("language = \"{language}\"\n"),
    )
    .unwrap();
    let mut window = tall_window(workspace);
    chord(&mut window, Key::Num1);
    window.run_steps(3);
    window
}

#[test]
fn the_officer_speaks_the_language_of_the_screens_or_that_of_the_last_interview() {
    let dir = tempfile::tempdir().unwrap();
    for lang in Lang::SIX {
        let window = open_with(dir.path(), lang.code());
        assert_eq!(officer(&window), lang.native_name());
    }
    let none = open_with(dir.path(), "en");
    assert!(Lang::SIX.iter().all(|l| officer(&none) != l.native_name()));
    let line = serde_json::json!({"start_ms": 0, "end_ms": 900, "lang": "lo", "text": "ດີ"});
    import(dir.path(), &["lo", "th"], "K-17", &[line]);
    let mut window = open_with(dir.path(), "en");
    until(&mut window, "the last officer's language", |w| {
        officer(w) == Lang::Lo.native_name()
    });
}

#[test]
fn a_sentence_is_said_aloud_where_the_agency_has_a_recording_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let phrase = &phrases()[0];
    let file = open_app(dir.path()).spoken_file(Lang::Vi, phrase.id);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, b"RIFF nothing of a sound").unwrap();
    let mut window = tall_window(dir.path());
    chord(&mut window, Key::Num1);
    tick(&mut window, "Rights, consent and standard questions");
    press(&mut window, "ខ្មែរ – Tiếng Việt");
    until_seen(&mut window, phrase.text(Lang::Vi));
    assert!(sees(&window, "where your agency has a recording of it"));
    until_seen(&mut window, "Say it aloud");
    let buttons = window.query_all_by_label("Say it aloud").count();
    assert_eq!(buttons, 1, "the others have none");
    // One that cannot be played is told.
    press(&mut window, "Say it aloud");
    until_seen(&mut window, "Close");
    press(&mut window, "Close");
    // In another language there is none.
    press(&mut window, "မြန်မာ – ไทย");
    window.run_steps(3);
    assert!(!sees(&window, "Say it aloud"));
}

#[test]
fn a_recording_is_told_on_every_screen_and_commanded_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    let command = |window: &mut Window, name: &str| {
        chord(window, Key::K);
        until_seen(window, "Go to");
        say(window, name);
        key(window, Key::Enter);
    };
    begin(&mut window);
    for screen in SCREENS {
        chord(&mut window, screen);
        assert!(sees(&window, "Recording 00:"), "{screen:?}");
    }
    command(&mut window, "(f10): br");
    until_seen(&mut window, "Paused 00:");
    assert!(!sees(&window, "Recording 00:"));
    press(&mut window, "Paused 00:");
    until_seen(&mut window, "pause  break");
    assert!(!sees(&window, "Paused 00:"), "the screen itself says it");
    chord(&mut window, Key::Num3);
    command(&mut window, "go on");
    until_seen(&mut window, "Recording 00:");
    command(&mut window, "mark this moment: exh");
    command(&mut window, "hide every");
    assert!(!sees(&window, "Search") && !sees(&window, "Recording 00:"));
    key(&mut window, Key::F12);
    // The end is asked for twice, and the first answer is the way back.
    command(&mut window, "end the rec");
    assert!(sees(&window, "Yes, end it"));
    key(&mut window, Key::Enter);
    until_seen(&mut window, "mark  exhibit");
    assert!(sees(&window, "End the recording"), "it goes on");
    command(&mut window, "end the rec");
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::Enter);
    chord(&mut window, Key::Num3);
    until(&mut window, "the end", |w| !sees(w, "Recording 00:"));
    chord(&mut window, Key::K);
    until_seen(&mut window, "Go to");
    assert!(!sees(&window, "Mark this moment"));
}
