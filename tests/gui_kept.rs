//! What stays as it was: where a person stands in a transcript, what was typed, what can be taken back;
//! and that it stays in view with the largest letters.
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

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, Rect, ViewportCommand};
use egui_kittest::{kittest::NodeT as _, kittest::Queryable as _};
use mekong_interview::domain::{Cancel, Lang, SamplePos, Segment, Span};
use mekong_interview::evidence::{Passphrase, Role as Post};
use mekong_interview::store::{NewSegment, Store};
use window::*;

fn lines(workspace: &Path, lang: Lang) -> Vec<Segment> {
    let app = open_app(workspace);
    let listed = app.list(None).unwrap();
    let one = listed.iter().find(|i| i.languages[0] == lang).unwrap();
    app.show(&one.id.0).unwrap().1
}

fn chosen_place(window: &Window) -> Rect {
    let name = chosen(window);
    window.get_by_label(&name).rect()
}

#[test]
fn with_the_largest_letters_two_lines_are_in_view_and_all_else_is_a_press_away() {
    let dir = six_interviews();
    for (lang, ..) in SIX {
        let mut window = window(dir.path());
        open_interview(&mut window, lang.parse().unwrap());
        at_250_percent(&mut window);
        window.run_steps(10);
        let rows = window.query_all_by_role(Role::ListItem);
        let seen = rows.filter(|row| row.rect().top() < 240.0 - 20.0).count();
        assert!(seen >= 2, "{lang}: {seen}");
        assert!(!sees(&window, "Next in doubt"));
        press(&mut window, "What can be done");
        assert!(sees(&window, "Next in doubt") && sees(&window, "Evidence"));
        assert!(window.query_all_by_role(Role::ListItem).count() >= 1);
        press(&mut window, "What can be done");
        assert!(!sees(&window, "Next in doubt"));
    }
}

#[test]
fn a_line_that_comes_before_moves_neither_the_person_nor_the_view() {
    let dir = tempfile::tempdir().unwrap();
    let line = |id: u64| {
        serde_json::json!({"start_ms": id * 4_000, "end_ms": id * 4_000 + 2_000, "lang": "lo",
            "text": format!("ແຖວທີ {id}"), "translations": [{"lang": "zh", "text": format!("第{id}行")}]})
    };
    let all: Vec<_> = (1..=60).map(line).collect();
    import(dir.path(), &["lo", "zh"], "K-17", &all);
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::Lo);
    for _ in 0..3 {
        key(&mut window, Key::PageDown);
    }
    window.run_steps(20);
    let (before, place) = (chosen(&window), chosen_place(&window));
    assert!(before.contains("ແຖວທີ 31"), "{before}");
    // Somebody else's line, of a moment before all others.
    let app = open_app(dir.path());
    let id = app.list(None).unwrap()[0].id.clone();
    let earlier = NewSegment {
        channel: 0,
        speaker: "officer".into(),
        span: Span::new(SamplePos(0), SamplePos::from_ms(900)),
        lang: Lang::Lo,
        flags: Vec::new(),
    };
    let mut store = Store::open(&dir.path().join("store.sqlite3")).unwrap();
    store.append_segments(&id, &[earlier], 300_000).unwrap();
    chord(&mut window, Key::K);
    say(&mut window, "K-17");
    key(&mut window, Key::Enter);
    until_seen(&mut window, "61 lines");
    window.run_steps(20);
    assert_eq!(chosen(&window), before);
    let moved = (chosen_place(&window).top() - place.top()).abs();
    assert!(moved < 2.0, "the view moved by {moved}");
}

#[test]
fn words_that_are_not_kept_are_asked_for_before_the_window_closes() {
    let dir = six_interviews();
    let told = "In 1 place words were typed and not kept";
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
    key(&mut window, Key::E);
    key(&mut window, Key::End);
    say(&mut window, " បន្ថែម");
    // Nobody's name is known: the words cannot be kept, and staying loses nothing.
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    assert!(sees(&window, told) && sees(&window, "enter your name in the settings"));
    let dialog = window.query_all_by_role(Role::AlertDialog).next().unwrap();
    let label = dialog.accesskit_node().label().unwrap();
    assert!(label.starts_with(told) && !label.contains("បន្ថែម"));
    let stay = window.get_by_label("Stay here");
    assert!(stay.accesskit_node().is_focused());
    let keep = window.get_by_label("Keep them and close");
    assert!(keep.accesskit_node().is_disabled());
    key(&mut window, Key::Enter);
    assert!(!sees(&window, told) && is_typed(&window, "បន្ថែម"));
    // Also from another screen, and where the line was left by Esc.
    key(&mut window, Key::Escape);
    chord(&mut window, Key::Num3);
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    let heard = press_and_hear(&mut window, "Throw them away and close");
    assert!(heard.contains(&ViewportCommand::Close), "{heard:?}");
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
    drop(window);
    assert!(!lines(dir.path(), Lang::Km)[0].text.contains("បន្ថែម"));
}

#[test]
fn a_term_that_is_half_written_is_asked_for_before_the_window_closes() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    chord(&mut window, Key::Num4);
    until_seen(&mut window, "New term");
    press(&mut window, "New term");
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
    window.get_by_role_and_label(Role::TextInput, "ລາວ").focus();
    window.run_steps(2);
    say(&mut window, "ການຄ້າມະນຸດ");
    // Also from another screen.
    chord(&mut window, Key::Num3);
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    let told = "Something is typed under Glossary";
    assert!(sees(&window, told) && !sees(&window, "Keep them and close"));
    key(&mut window, Key::Enter);
    assert!(!sees(&window, told));
    chord(&mut window, Key::Num4);
    until_seen(&mut window, "parted by a semicolon");
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    let heard = press_and_hear(&mut window, "Throw them away and close");
    assert!(heard.contains(&ViewportCommand::Close), "{heard:?}");
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
}

#[test]
fn a_form_below_a_line_waits_where_it_is_and_is_asked_for_before_the_window_closes() {
    let dir = six_interviews();
    let told = "Something is typed under Review";
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::W);
    until_seen(&mut window, "Who speaks");
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
    focus(&mut window, "or another name");
    say(&mut window, "ສົມພອນ");
    // On other screens, and in another interview.
    chord(&mut window, Key::Num3);
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    assert!(sees(&window, told) && !sees(&window, "Keep them and close"));
    key(&mut window, Key::Enter);
    chord(&mut window, Key::Num2);
    assert!(is_typed(&window, "ສົມພອນ"));
    press(&mut window, "Interviews");
    open_interview(&mut window, Lang::My);
    assert!(!is_typed(&window, "ສົມພອນ"));
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    key(&mut window, Key::Enter);
    press(&mut window, "Interviews");
    open_interview(&mut window, Lang::Km);
    until(&mut window, "the form", |w| is_typed(w, "ສົມພອນ"));
    assert!(chosen(&window).starts_with("2 "), "{}", chosen(&window));
    // Somebody looks for a line of the same interview.
    chord(&mut window, Key::Num3);
    focus(&mut window, "Words");
    say(&mut window, "ប៉ូលិស");
    until_seen(&mut window, "4 lines found");
    key(&mut window, Key::Enter);
    until_seen(&mut window, "What you typed below another line");
    assert!(!is_typed(&window, "ສົມພອນ"));
    key(&mut window, Key::Home);
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::S);
    key(&mut window, Key::Escape);
    key(&mut window, Key::W);
    assert!(is_typed(&window, "ສົມພອນ"), "it is another kind of form");
    // Whoever leaves it by Esc does not want it.
    key(&mut window, Key::Escape);
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
}

#[test]
fn a_form_below_a_line_that_is_joined_with_another_waits_no_more_and_that_is_told() {
    let dir = six_interviews();
    fs::write(dir.path().join("desktop.toml"), "name = \"Sok\"\n").unwrap();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::W);
    focus(&mut window, "or another name");
    say(&mut window, "ສົມພອນ");
    // Somebody looks for another line, and joins the two.
    chord(&mut window, Key::Num3);
    focus(&mut window, "Words");
    say(&mut window, "ប៉ូលិស");
    until_seen(&mut window, "4 lines found");
    key(&mut window, Key::Enter);
    until_seen(&mut window, "What you typed below another line");
    key(&mut window, Key::Home);
    key(&mut window, Key::M);
    press(&mut window, "Keep");
    until_seen(&mut window, "3 lines");
    until_seen(&mut window, "These words were changed since");
    assert!(!sees(&window, "What you typed below another line"));
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
}

#[test]
fn what_is_typed_for_the_next_interview_is_asked_for_before_the_window_closes() {
    let dir = tempfile::tempdir().unwrap();
    let told = "Something is typed under Interview";
    let mut window = tall_window(dir.path());
    chord(&mut window, Key::Num1);
    until_seen(&mut window, "Take in recordings");
    press(&mut window, "ខ្មែរ – Tiếng Việt");
    assert!(
        !close(&mut window).contains(&ViewportCommand::CancelClose),
        "nobody typed what is there for practice"
    );
    for field in ["Case", "People present"] {
        focus(&mut window, field);
        say(&mut window, "ວັນນາ");
        chord(&mut window, Key::Num3);
        assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
        assert!(sees(&window, told), "{field}");
        let heard = press_and_hear(&mut window, "Throw them away and close");
        assert!(heard.contains(&ViewportCommand::Close), "{heard:?}");
        assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
        chord(&mut window, Key::Num1);
        assert!(!is_typed(&window, "ວັນນາ"));
    }
}

#[test]
fn words_that_are_kept_at_the_end_are_corrections_under_the_persons_name() {
    let dir = six_interviews();
    fs::write(dir.path().join("desktop.toml"), "name = \"Sok\"\n").unwrap();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    for (side, words) in [(Key::E, " បន្ថែម"), (Key::T, "另外")] {
        key(&mut window, side);
        key(&mut window, Key::End);
        say(&mut window, words);
        key(&mut window, Key::Escape);
    }
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    assert!(sees(&window, "In 2 places"));
    window.get_by_label("Keep them and close").click();
    let mut heard = Vec::new();
    until(&mut window, "both are stored", |_| {
        let line = &lines(dir.path(), Lang::Km)[0];
        line.text.ends_with("បន្ថែម") && line.translations[0].text.ends_with("另外")
    });
    for _ in 0..200 {
        window.step();
        heard.extend(commands(&window));
        if heard.contains(&ViewportCommand::Close) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert!(!sees(&window, "In 2 places"));
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
    assert_eq!(lines(dir.path(), Lang::Km)[0].author, "Sok");
}

#[test]
fn the_name_typed_into_the_settings_is_kept_whatever_key_leaves_them() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    let app = open_app(dir.path());
    for (leave, name) in [(Key::Num1, "Lan"), (Key::Num3, "ສົມໃຈ")] {
        chord(&mut window, Key::Num6);
        focus(&mut window, "Your name, for corrections");
        chord(&mut window, Key::A);
        say(&mut window, name);
        chord(&mut window, leave);
        until(&mut window, name, |_| app.choices().choices.name == name);
    }
}

#[test]
fn a_change_of_the_speaker_is_taken_back_like_any_other() {
    let dir = six_interviews();
    fs::write(dir.path().join("desktop.toml"), "name = \"Sok\"\n").unwrap();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Lo);
    key(&mut window, Key::E);
    key(&mut window, Key::End);
    say(&mut window, " ແລະ");
    key(&mut window, Key::Enter);
    until(&mut window, "stored", |w| !sees(w, "What was said"));
    until_seen(&mut window, "ການ 1 ແລະ");
    // In every line of the same speaker.
    key(&mut window, Key::W);
    focus(&mut window, "or another name");
    say(&mut window, "ສົມພອນ");
    tick(&mut window, "in every line of: officer");
    press(&mut window, "Keep");
    let speakers = |w: &Path| -> Vec<String> {
        let lines = lines(w, Lang::Lo).into_iter();
        lines.map(|l| l.speaker).collect()
    };
    until(&mut window, "said", |_| {
        speakers(dir.path()) == ["ສົມພອນ"; 4]
    });
    until(&mut window, "closed", |w| !sees(w, "or another name"));
    with(&mut window, Modifiers::COMMAND, Key::Z);
    until(&mut window, "taken back", |_| {
        speakers(dir.path()) == ["officer"; 4]
    });
    until(&mut window, "shown", |w| !sees(w, "ສົມພອນ"));
    with(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    until(&mut window, "made again", |_| {
        speakers(dir.path()) == ["ສົມພອນ"; 4]
    });
    until_seen(&mut window, "ສົມພອນ");
    // What came before it can be taken back too.
    with(&mut window, Modifiers::COMMAND, Key::Z);
    until(&mut window, "taken back once more", |w| !sees(w, "ສົມພອນ"));
    with(&mut window, Modifiers::COMMAND, Key::Z);
    until(&mut window, "the words before", |w| !sees(w, "ການ 1 ແລະ"));
}

#[test]
fn terms_and_the_form_of_one_are_in_reach_in_a_low_window() {
    let dir = tempfile::tempdir().unwrap();
    let table = dir.path().join("own.csv");
    let mut text = "id,lo,th\n".to_owned();
    for number in 0..30 {
        text.push_str(&format!("own-{number},ຄຳທີ {number},คำที่ {number}\n"));
    }
    fs::write(&table, text).unwrap();
    let app = open_app(dir.path());
    app.import_glossary(&table, false, &Cancel::new()).unwrap();
    let mut window = window(dir.path());
    chord(&mut window, Key::Num4);
    until_seen(&mut window, "Show only");
    press(&mut window, "Take a table in");
    press(&mut window, "Choose a file");
    until_seen(&mut window, "Folder above");
    // The list of files stands above; the terms keep rows of their own, into which one can scroll.
    let terms = |window: &Window| {
        let rows = window.query_all_by_label_contains("Correct the term");
        rows.count()
    };
    assert!(terms(&window) >= 3, "{}", terms(&window));
    at_250_percent(&mut window);
    assert!(terms(&window) >= 3, "{}", terms(&window));
    for _ in ["the list of files", "the table"] {
        press(&mut window, "Cancel");
    }
    press(&mut window, "New term");
    window.get_by_label("Keep the term").focus();
    window.run_steps(60);
    let place = window.get_by_label("Keep the term").rect();
    assert!(place.top() > 0.0 && place.bottom() <= 240.0, "{place:?}");
}

#[test]
fn models_are_preferred_in_the_settings_and_stand_in_the_file_beside_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("config.toml");
    fs::write(&file, "# ours\nbeam = 2\n").unwrap();
    let mut window = tall_window(dir.path());
    chord(&mut window, Key::Num6);
    until_seen(&mut window, "Speech in ລາວ");
    assert!(sees(&window, "This workspace has no lock"));
    let keep = |window: &Window| {
        let button = window.get_by_label("Keep these");
        !button.accesskit_node().is_disabled()
    };
    assert!(!keep(&window), "nothing was changed");
    let list = window.query_all_by_role(Role::ComboBox).find(|n| {
        let mut labels = n.accesskit_node().labelled_by();
        labels.any(|l| l.value().as_deref() == Some("Speech in ລາວ"))
    });
    list.unwrap().click();
    window.run_steps(3);
    until_seen(&mut window, "practice-asr");
    press(&mut window, "practice-asr");
    assert!(keep(&window));
    press(&mut window, "Keep these");
    until_seen(&mut window, "The file is written");
    assert!(!keep(&window));
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.starts_with("# ours\nbeam = 2\n"), "{written}");
    let app = open_app(dir.path());
    assert_eq!(app.config().speech_for(Lang::Lo), Some("practice-asr"));
    assert_eq!(app.config().speech_for(Lang::Km), None);
    nothing_is_cut_off(&window, "settings");
}

#[test]
fn the_keys_for_larger_text_change_what_is_kept_and_keep_its_bounds() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    until_seen(&mut window, "K-17");
    let app = open_app(dir.path());
    let kept = || app.choices().choices.text_percent;
    for (key, percent) in [
        (Key::Plus, 110),
        (Key::Equals, 120),
        (Key::Minus, 110),
        (Key::Num0, 100),
        (Key::Minus, 90),
        (Key::Minus, 80),
        (Key::Minus, 80),
    ] {
        chord(&mut window, key);
        until(&mut window, "the size is kept", |_| kept() == percent);
        let factor = f32::from(percent) / 100.0;
        assert!((window.ctx.zoom_factor() - factor).abs() < 0.001, "{key:?}");
    }
    for _ in 0..20 {
        chord(&mut window, Key::Plus);
    }
    until(&mut window, "the size is kept", |_| kept() == 250);
    assert!((window.ctx.zoom_factor() - 2.5).abs() < 0.001);
    // What is typed into the settings and not kept yet is kept with it.
    chord(&mut window, Key::Num0);
    chord(&mut window, Key::Num6);
    until_seen(&mut window, "Your name, for corrections");
    focus(&mut window, "Your name, for corrections");
    say(&mut window, "សុខ");
    chord(&mut window, Key::Plus);
    until(&mut window, "both are kept", |_| {
        app.choices().choices.name == "សុខ" && kept() == 110
    });
}

#[test]
fn a_consent_a_new_key_and_a_reason_are_asked_for_before_the_window_closes() {
    let dir = six_interviews();
    let app = open_app(dir.path());
    let phrase = Passphrase::new("four words and a river".to_owned());
    app.make_key("Dao", Post::Officer, phrase, None).unwrap();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    press(&mut window, "Evidence");
    until_seen(&mut window, "Export and evidence");
    let asks = |window: &mut Window| {
        let cancels = close(window).contains(&ViewportCommand::CancelClose);
        if cancels {
            assert!(sees(window, "Something is typed under Evidence"));
            press(window, "Stay here");
        }
        cancels
    };
    press(&mut window, "Keys");
    until_seen(&mut window, "A new key");
    assert!(!asks(&mut window), "nothing is typed");
    focus(&mut window, "Name");
    say(&mut window, "ສົມພອນ");
    assert!(asks(&mut window), "a new key's name");
    focus(&mut window, "Name");
    chord(&mut window, Key::A);
    key(&mut window, Key::Backspace);
    assert!(!asks(&mut window), "it is empty again");
    press(&mut window, "Trust it no more");
    assert!(!asks(&mut window), "no reason is given yet");
    focus(&mut window, "Reason");
    say(&mut window, "កុំព្យូទ័រ ត្រូវគេលួច");
    assert!(asks(&mut window), "the reason of a revocation");
    press(&mut window, "Cancel");
    assert!(!asks(&mut window), "it is not to be revoked");
    press(&mut window, "Consent");
    until_seen(&mut window, "Enter it");
    assert!(!asks(&mut window), "the consent is as it was");
    focus(&mut window, "Name in place of the own one (may be empty)");
    say(&mut window, "ພະຍານ ກ");
    assert!(asks(&mut window), "a consent");
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    let heard = press_and_hear(&mut window, "Throw them away and close");
    assert!(heard.contains(&ViewportCommand::Close), "{heard:?}");
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
}
