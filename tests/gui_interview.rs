//! Before and during an interview: rights and questions in both languages, shown large and stamped;
//! the choice and the test of a microphone.
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
use eframe::egui::{Key, ViewportCommand};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use mekong_interview::app::phrasebook::phrases;
use mekong_interview::domain::Lang;
use window::*;

fn open_intake(window: &mut Window) {
    until_seen(window, "There are no interviews yet");
    press(window, "New interview");
    until_seen(window, "Take in recordings");
}

#[test]
fn rights_are_shown_large_in_their_language_and_stamped_into_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    open_intake(&mut window);
    tick(&mut window, "Rights, consent and standard questions");
    assert!(sees(
        &window,
        "Choose the language of the person interviewed"
    ));
    press(&mut window, "ខ្មែរ – Tiếng Việt");
    let first = phrases().first().unwrap();
    until_seen(&mut window, first.text(Lang::Km));
    assert!(sees(&window, first.text(Lang::Vi)));
    assert!(sees(&window, "not reviewed by native speakers"));
    press(&mut window, "Practise: play");
    until_seen(&mut window, "A file plays in place of a microphone");
    until_it_records(&mut window);
    press(&mut window, "Said: mark it");
    until_seen(&mut window, "marked at");
    end_recording(&mut window);
    until_seen(&mut window, "Read 20");
    let app = open_app(dir.path());
    let id = app.list(None).unwrap()[0].id.0.clone();
    let events = app.events(&id).unwrap();
    let stamp = format!("{}: {}", first.id, first.text(Lang::Km));
    assert!(events.iter().any(|e| e.label == stamp), "{events:?}");
    let shows = |w: &Window| w.query_all_by_label_contains(first.text(Lang::Vi)).count();
    let before = shows(&window);
    press(&mut window, "Show it large");
    until(&mut window, "the second window", |w| shows(w) > before);
    // One key hides both windows.
    key(&mut window, Key::F12);
    assert_eq!(shows(&window), 0);
    key(&mut window, Key::F12);
}

#[test]
fn sentences_are_found_by_a_word_of_either_language() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    open_intake(&mut window);
    press(&mut window, "中文 – Tiếng Việt");
    tick(&mut window, "Rights, consent and standard questions");
    until_seen(&mut window, "这次面谈会录音。");
    focus(&mut window, "Words");
    say(&mut window, "luật sư");
    until_seen(&mut window, "你有权请律师。");
    assert!(!sees(&window, "这次面谈会录音。"));
    say(&mut window, " zzz");
    until_seen(&mut window, "No sentence has these words");
}

#[test]
fn a_microphone_is_tested_or_the_person_is_told_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    open_intake(&mut window);
    press(&mut window, "中文 – Tiếng Việt");
    press(&mut window, "Test it");
    // With a microphone the meter moves; without one the next step is said. Nothing is kept.
    until(&mut window, "an answer", |w| {
        sees(w, "Speak now") || sees(w, "hears you") || sees(w, "icrophone is") || sees(w, "Close")
    });
    assert!(open_app(dir.path()).list(None).unwrap().is_empty());
}

#[test]
fn nothing_is_recorded_without_a_test_or_a_reason_and_each_microphone_has_a_speaker() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    open_intake(&mut window);
    press(&mut window, "中文 – Tiếng Việt");
    let ready = |window: &Window| {
        let button = window.get_by_label("Record now");
        !button.accesskit_node().is_disabled()
    };
    assert!(sees(&window, "Test the microphones first") && !ready(&window));
    assert!(!sees(&window, "Who speaks into it"), "one is for all");
    press(&mut window, "One more microphone");
    press(&mut window, "One more microphone");
    for words in ["Microphone 3", "Who speaks into it", "Language there"] {
        assert!(sees(&window, words), "{words}");
    }
    press(&mut window, "Remove");
    assert!(!sees(&window, "Microphone 3") && sees(&window, "Microphone 2"));
    press(&mut window, "Remove");
    assert!(!sees(&window, "Who speaks into it"));
    focus(&mut window, "Why without a test");
    say(&mut window, "ບໍ່ມີລຳໂພງ");
    until(&mut window, "a reason is enough", ready);
}

#[test]
fn the_size_of_the_window_and_the_speed_are_remembered_and_bounded() {
    let dir = six_interviews();
    let settings = "play_percent = 60\n[window]\nwidth = 1\nheight = 60000\nmaximized = false\n";
    fs::write(dir.path().join("desktop.toml"), settings).unwrap();
    let app = open_app(dir.path());
    let read = app.choices();
    assert!(read.put_aside.is_none());
    let kept = read.choices.window.unwrap();
    assert_eq!((kept.width, kept.height), (360, 8_000));
    assert_eq!(read.choices.play_percent, 60);
    app.keep_choices(&read.choices).unwrap();
    assert_eq!(app.choices().choices, read.choices);
}

#[test]
fn no_words_are_cut_off_with_the_phrasebook_open() {
    let dir = tempfile::tempdir().unwrap();
    for lang in Lang::ALL {
        let settings = format!("language = \"{lang}\"\n");
        fs::write(dir.path().join("desktop.toml"), settings).unwrap();
        let mut window = tall_window(dir.path());
        chord(&mut window, Key::Num1);
        press(&mut window, "မြန်မာ – ไทย");
        let boxes = window.query_all_by_role(eframe::egui::accesskit::Role::CheckBox);
        let boxes: Vec<_> = boxes.collect();
        boxes[0].click();
        window.run_steps(3);
        until_seen(&mut window, phrases()[0].text(Lang::My));
        nothing_is_cut_off(&window, &format!("{lang}"));
    }
}

#[test]
fn a_recording_that_fails_stays_on_every_screen_until_somebody_has_seen_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("broken.wav");
    fs::write(&file, b"RIFF nothing of a sound").unwrap();
    let mut window = tall_window(dir.path());
    chord(&mut window, Key::Num1);
    press(&mut window, "中文 – Tiếng Việt");
    press(&mut window, "Remove");
    focus(&mut window, "or type a path:");
    say(&mut window, file.to_str().unwrap());
    press(&mut window, "Add");
    press(&mut window, "Practise: play");
    until_seen(&mut window, "I have seen this");
    for screen in [Key::Num2, Key::Num5, Key::Num3] {
        chord(&mut window, screen);
        assert!(sees(&window, "I have seen this"), "{screen:?}");
    }
    // Hidden as all else is, but not silent.
    key(&mut window, Key::F12);
    assert!(sees(&window, "Something is wrong with the recording"));
    assert!(!sees(&window, "broken.wav"));
    key(&mut window, Key::F12);
    press(&mut window, "I have seen this");
    assert!(!sees(&window, "I have seen this"));
}

#[test]
fn a_recording_begins_only_with_case_purpose_and_people_and_they_stand_in_the_record() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    chord(&mut window, Key::Num1);
    press(&mut window, "ខ្មែរ – Tiếng Việt");
    let ready = |window: &Window| {
        let button = window.get_by_label_contains("Practise: play");
        !button.accesskit_node().is_disabled()
    };
    assert!(ready(&window), "a practice interview fills everything in");
    focus(&mut window, "People present");
    chord(&mut window, Key::A);
    key(&mut window, Key::Backspace);
    assert!(!ready(&window) && sees(&window, "A recording still needs: People present"));
    say(&mut window, "Lan, អ្នកបកប្រែ");
    window.get_by_label("victim").click();
    window.run_steps(3);
    tick(&mut window, "Rights, consent and standard questions");
    assert!(sees(&window, "Protection of a victim"));
    assert!(sees(&window, "0 of 14 are said and marked"));
    press(&mut window, "Practise: play");
    until_seen(&mut window, "Interviewed as: victim");
    until_seen(&mut window, "People present: Lan");
    press(&mut window, "Said: mark it");
    until_seen(&mut window, "1 of 14 are said and marked");
    let marks: Vec<_> = window
        .query_all_by_label_contains("Said: mark it")
        .collect();
    marks[1].click();
    window.run_steps(3);
    // What comes meanwhile moves the buttons away under the pointer.
    for _ in 0..20 {
        if !sees(&window, "answered no at") {
            press(&mut window, "Answer: no");
        }
    }
    until_seen(&mut window, "answered no at");
    end_recording(&mut window);
    until_seen(&mut window, "Read 20");
    let app = open_app(dir.path());
    let id = app.list(None).unwrap()[0].id.0.clone();
    let labels: Vec<String> = app
        .events(&id)
        .unwrap()
        .into_iter()
        .map(|e| e.label)
        .collect();
    for label in ["purpose: victim", "present: Lan, អ្នកបកប្រែ"] {
        assert!(labels.iter().any(|l| l == label), "{label}: {labels:?}");
    }
    // With the question itself: the number alone says nothing to a reader.
    let answer = labels.iter().find(|l| l.starts_with("rights-02: no: "));
    assert!(answer.is_some_and(|l| l.len() > 20), "{labels:?}");
}

#[test]
fn numbers_and_years_are_shown_as_chosen() {
    let dir = six_interviews();
    for (lang, era, lines) in [
        ("th", "พ.ศ. ๒๕", "๔ บรรทัด"),
        ("lo", "ພ.ສ. ໒໕", "໔"),
        ("km", "ព.ស. ២៥", "៤"),
        ("my", "သာသနာနှစ် ၂၅", "၄"),
    ] {
        let settings =
            format!("language = \"{lang}\"\nnative_digits = true\nbuddhist_era = true\n");
        fs::write(dir.path().join("desktop.toml"), settings).unwrap();
        let mut window = window(dir.path());
        until_seen(&mut window, "K-17");
        assert!(sees(&window, era), "{lang}");
        assert!(sees(&window, lines), "{lang}");
        press(&mut window, "ខ្មែរ – 中文");
        until_seen(&mut window, "ខ្ញុំជាប៉ូលិស។ 1");
        assert!(sees(&window, "K-17"), "{lang}: a case keeps its digits");
    }
    let mut window = window(dir.path());
    chord(&mut window, Key::Num6);
    until_seen(&mut window, "မြန်မာဂဏန်း");
    tick(&mut window, "မြန်မာဂဏန်း");
    until(&mut window, "kept", |_| {
        let text = fs::read_to_string(dir.path().join("desktop.toml")).unwrap();
        text.contains("native_digits = false")
    });
}

#[test]
fn a_window_that_is_closed_asks_before_it_ends_a_recording() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    assert!(!close(&mut window).contains(&ViewportCommand::CancelClose));
    chord(&mut window, Key::Num1);
    press(&mut window, "ខ្មែរ – Tiếng Việt");
    press(&mut window, "Practise: play");
    until_it_records(&mut window);
    // On another screen, and while everything is hidden, it asks all the same.
    chord(&mut window, Key::Num2);
    for hidden in [true, false] {
        if hidden {
            key(&mut window, Key::F12);
        }
        assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
        assert!(sees(&window, "A recording is running"), "hidden: {hidden}");
        assert!(sees(&window, "The sound up to this moment is kept"));
        let dialog = window.query_all_by_role(Role::AlertDialog).next();
        let label = dialog
            .expect("a dialog for screen readers")
            .accesskit_node()
            .label();
        assert_eq!(label.as_deref(), Some("A recording is running."));
        if hidden {
            key(&mut window, Key::Escape);
            assert!(!sees(&window, "A recording is running"));
            key(&mut window, Key::F12);
        }
    }
    // The way to go on has the keys.
    let stay = window.get_by_label("Go on recording");
    assert!(stay.accesskit_node().is_focused());
    key(&mut window, Key::Enter);
    assert!(!sees(&window, "A recording is running"));
    chord(&mut window, Key::Num1);
    assert!(sees(&window, "End the recording"), "it went on");
    assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
    let heard = press_and_hear(&mut window, "Stop and close");
    assert!(heard.contains(&ViewportCommand::Close), "{heard:?}");
    let answer = close(&mut window);
    assert!(
        !answer.contains(&ViewportCommand::CancelClose),
        "{answer:?}"
    );
    // The window is gone, and what was recorded is whole.
    drop(window);
    let app = open_app(dir.path());
    let id = app.list(None).unwrap()[0].id.0.clone();
    let session = app.session(&id).unwrap().unwrap();
    assert_eq!(session.ended.as_deref(), Some("asked"));
}

#[test]
fn the_question_before_closing_is_asked_in_every_language() {
    let asked = [
        (Lang::En, "A recording is running", "Stop and close"),
        (Lang::Zh, "正在录音", "停止并关闭"),
        (Lang::Vi, "Đang ghi âm", "Dừng và đóng"),
        (Lang::Th, "กำลังบันทึกเสียง", "หยุดและปิด"),
        (Lang::Lo, "ກໍາລັງບັນທຶກສຽງ", "ຢຸດແລະປິດ"),
        (Lang::Km, "កំពុងថតសំឡេង", "បញ្ឈប់ ហើយបិទ"),
        (Lang::My, "အသံဖမ်းနေသည်", "ရပ်ပြီး ပိတ်ပါ"),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (lang, what, stop) in asked {
        let settings = format!("language = \"{lang}\"\n");
        fs::write(dir.path().join("desktop.toml"), settings).unwrap();
        let mut window = tall_window(dir.path());
        chord(&mut window, Key::Num1);
        press(&mut window, "中文 – Tiếng Việt");
        let practise = window
            .query_all_by_role(Role::Button)
            .position(|n| n.accesskit_node().label().is_some_and(|l| is_practise(&l)));
        let buttons: Vec<_> = window.query_all_by_role(Role::Button).collect();
        buttons[practise.expect("a way to practise")].click();
        until_it_records(&mut window);
        assert!(close(&mut window).contains(&ViewportCommand::CancelClose));
        let dialog = window.query_all_by_role(Role::AlertDialog).next().unwrap();
        let label = dialog.accesskit_node().label().unwrap();
        assert!(label.contains(what), "{lang}: {label}");
        assert!(sees(&window, stop), "{lang}");
        nothing_is_cut_off(&window, &format!("{lang}"));
    }
}

/// Whether a button plays the chosen file in place of a microphone.
fn is_practise(label: &str) -> bool {
    [
        "Practise:",
        "练习：",
        "Luyện tập:",
        "ฝึกหัด:",
        "ຝຶກຫັດ:",
        "អនុវត្ត៖",
        "လေ့ကျင့်ရန်-",
    ]
    .iter()
    .any(|word| label.starts_with(word))
}

/// The practice recogniser once more, under another name and for one language.
fn install(workspace: &Path, name: &str, lang: Lang) {
    let folder = workspace.join("models").join(name);
    fs::create_dir_all(&folder).unwrap();
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/practice/asr");
    fs::copy(own.join("model.bin"), folder.join("model.bin")).unwrap();
    let card = fs::read_to_string(own.join("model.toml")).unwrap();
    let card = card.replace("practice-asr", name);
    let six = r#"["zh", "vi", "th", "my", "lo", "km"]"#;
    assert!(card.contains(six));
    let card = card.replace(six, &format!("[\"{lang}\"]"));
    fs::write(folder.join("model.toml"), card).unwrap();
}

/// Chooses in the box that is called so.
fn choose(window: &mut Window, name: &str, item: &str) {
    let list = window.query_all_by_role(Role::ComboBox).find(|n| {
        let mut labels = n.accesskit_node().labelled_by();
        labels.any(|l| l.value().as_deref() == Some(name))
    });
    list.unwrap_or_else(|| panic!("no box is called {name}"))
        .click();
    window.run_steps(3);
    press(window, item);
}

#[test]
fn a_speech_model_is_chosen_where_several_serve_a_language_and_stands_with_the_interview() {
    let dir = tempfile::tempdir().unwrap();
    install(dir.path(), "telephone", Lang::Vi);
    let mut window = tall_window(dir.path());
    open_intake(&mut window);
    let own = "Speech model for Tiếng Việt";
    assert!(!sees(&window, "Speech model for"), "no language is chosen");
    press(&mut window, "中文 – Tiếng Việt");
    until_seen(&mut window, own);
    assert!(
        !sees(&window, "Speech model for 中文"),
        "one alone serves it"
    );
    press(&mut window, "One more microphone");
    assert!(sees(&window, "Speech model for Tiếng Việt, microphone 2"));
    assert!(!sees(&window, "Speech model for Tiếng Việt, microphone 1"));
    press(&mut window, "Remove Microphone 2");
    choose(&mut window, own, "telephone");
    window.get_by_label("Start").click();
    let app = open_app(dir.path());
    until(&mut window, "the interview", |_| {
        !app.list(None).unwrap().is_empty()
    });
    let listed = app.list(None).unwrap().remove(0);
    let chosen: Vec<(u16, Lang, &str)> = listed
        .speech_models
        .iter()
        .map(|m| (m.channel, m.lang, m.model.as_str()))
        .collect();
    assert_eq!(chosen, [(1, Lang::Vi, "telephone")]);
    chord(&mut window, Key::Num2);
    until_seen(&mut window, "practice");
    press(&mut window, "中文 – Tiếng Việt");
    let shown = "Speech model for Tiếng Việt on channel 2: telephone";
    until_seen(&mut window, shown);
    nothing_is_cut_off(&window, "the chosen model");
}

#[test]
fn boxes_of_speech_models_are_not_cut_off_in_any_language() {
    let dir = tempfile::tempdir().unwrap();
    let long = "a-model-with-a-name-that-is-much-longer-than-any-box-on-this-page-could-be";
    for lang in [Lang::My, Lang::Th] {
        install(dir.path(), &format!("{long}-{lang}"), lang);
    }
    for lang in Lang::ALL {
        let settings = format!("language = \"{lang}\"\n");
        fs::write(dir.path().join("desktop.toml"), settings).unwrap();
        let mut window = tall_window(dir.path());
        chord(&mut window, Key::Num1);
        press(&mut window, "မြန်မာ – ไทย");
        let words = fs::read_to_string(
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/gui/locales/{lang}.ftl")),
        )
        .unwrap();
        let word = |id: &str| {
            let line = words.lines().find_map(|l| l.strip_prefix(id));
            line.unwrap().trim_start_matches(" = ").to_owned()
        };
        let name = word("intake-speech-model").replace("{ $language }", "မြန်မာ");
        until_seen(&mut window, &name);
        choose(&mut window, &name, &long[..12]);
        press(&mut window, &word("microphone-add"));
        let on = word("microphone-speech-model").replace("{ $language }", "ไทย");
        assert!(sees(&window, &on.replace("{ $number }", "2")), "{lang}");
        nothing_is_cut_off(&window, &format!("{lang}"));
    }
}
