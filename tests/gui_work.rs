//! Who speaks, a line once more, terms, edges on the waveform, a partner's interview, alarms: through the
//! labels that a screen reader hears.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "common/one_channel.rs"]
mod one_channel;
#[path = "common/window.rs"]
mod window;

use std::fs;
use std::path::{Path, PathBuf};

use eframe::egui::{Event, Key, Modifiers, PointerButton, accesskit::Role, pos2};
use egui_kittest::{kittest::NodeT as _, kittest::Queryable as _};
use mekong_interview::app::{App, ImportRequest};
use mekong_interview::domain::{Cancel, InterviewId, Lang, Segment};
use mekong_interview::evidence::{Passphrase, Role as KeyRole};
use one_channel::{by_script, one_channel, script};
use window::*;

/// Takes a recording of one channel in, in Chinese and Vietnamese.
fn taken_in(workspace: &Path, file: PathBuf) -> (App, InterviewId) {
    let request = ImportRequest {
        languages: vec![Lang::Zh, Lang::Vi],
        case: Some("K-17".to_owned()),
        channels: Vec::new(),
        again: false,
        speech_models: Vec::new(),
        asked: None,
    };
    let app = open_app(workspace);
    let done = app.import(&[file], &request, &Cancel::new(), &|_| (), &mut |_| ());
    let id = done.unwrap().remove(0).result.unwrap().id;
    (app, id)
}

fn lines(workspace: &Path, lang: Lang) -> (String, Vec<Segment>) {
    let app = open_app(workspace);
    let listed = app.list(None).unwrap();
    let one = listed.iter().find(|i| i.languages[0] == lang).unwrap();
    (one.id.0.clone(), app.show(&one.id.0).unwrap().1)
}

/// The list with this name opens, and this entry of it is chosen.
fn choose(window: &mut Window, list: &str, entry: &str) {
    let found = window.query_all_by_role(Role::ComboBox).find(|n| {
        let mut labels = n.accesskit_node().labelled_by();
        labels.any(|l| l.value().as_deref() == Some(list))
    });
    found
        .unwrap_or_else(|| panic!("no list is called '{list}'"))
        .click();
    window.run_steps(3);
    press(window, entry);
}

#[test]
fn who_speaks_is_chosen_by_a_number_or_written_and_stands_in_the_record() {
    let dir = six_interviews();
    for (lang, ..) in SIX {
        let lang: Lang = lang.parse().unwrap();
        let mut window = window(dir.path());
        open_interview(&mut window, lang);
        key(&mut window, Key::W);
        assert!(sees(&window, "Who speaks in this line?"), "{lang}");
        nothing_is_cut_off(&window, "who speaks");
        key(&mut window, Key::Num3);
        keep_as(&mut window, "Lan", "Keep");
        until(&mut window, "stored", |w| {
            !sees(w, "Who speaks in this line?")
        });
        assert_eq!(
            lines(dir.path(), lang).1[0].speaker,
            "interpreter",
            "{lang}"
        );
        assert!(chosen(&window).contains("interpreter"), "{lang}");
        key(&mut window, Key::H);
        until_seen(&mut window, "Speaker: interpreter");
        assert_eq!(lines(dir.path(), lang).1[1].speaker, "officer", "{lang}");
    }
    // A name of one's own, in every line of the same speaker.
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::Km);
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::W);
    focus(&mut window, "or another name");
    say(&mut window, "សុខា");
    tick(&mut window, "in every line of: officer");
    keep_as(&mut window, "Lan", "Keep");
    until(&mut window, "stored", |w| {
        !sees(w, "Who speaks in this line?")
    });
    let (id, now) = lines(dir.path(), Lang::Km);
    let speakers: Vec<&str> = now.iter().map(|l| l.speaker.as_str()).collect();
    assert_eq!(speakers, ["interpreter", "សុខា", "សុខា", "សុខា"]);
    let app = open_app(dir.path());
    let verdict = app.verify_interview(&id, None, &Cancel::new(), &|_| ());
    assert!(verdict.unwrap().ok);
}

#[test]
fn people_on_one_channel_are_told_apart_by_voice_once_a_person_said_who_is_who() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one.wav");
    std::fs::write(&file, one_channel("zh-vi")).unwrap();
    let workspace = dir.path().join("workspace");
    std::fs::create_dir(&workspace).unwrap();
    let (app, id) = taken_in(&workspace, file);
    let script = script("zh-vi");
    let speaks = |line: &Segment| {
        let middle = (line.span.start.as_ms() + line.span.end.as_ms()) / 2;
        by_script(&script, i64::try_from(middle).unwrap())
    };
    let all = || app.show(&id.0).unwrap().1;
    let mut window = tall_window(&workspace);
    open_interview(&mut window, Lang::Zh);
    key(&mut window, Key::W);
    press(&mut window, "Tell the other lines by voice");
    until_seen(&mut window, "fewer than two voices");
    for who in ["officer", "interviewee"] {
        for line in all().iter().filter(|l| speaks(l) == who).take(5) {
            let said = ("Lan", None);
            app.set_speaker(&id.0, line.id, false, who, said).unwrap();
        }
    }
    press(&mut window, "Tell the other lines by voice");
    until_seen(&mut window, "Sounds like interviewee");
    nothing_is_cut_off(&window, "voices");
    focus(&mut window, "Your name");
    say(&mut window, "Lan");
    tick(&mut window, "Say so in these");
    until(&mut window, "stored", |w| {
        !sees(w, "Who speaks in this line?")
    });
    let right = all().iter().filter(|l| speaks(l) == l.speaker).count();
    assert!(right * 10 >= all().len() * 8, "{right} of {}", all().len());
}

#[test]
fn a_line_is_translated_once_more_by_a_chosen_model() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Zh);
    key(&mut window, Key::A);
    assert!(sees(&window, "hears or translates this line once more"));
    choose(&mut window, "Model", "practice-mt");
    keep_as(&mut window, "Lan", "Begin");
    let app = open_app(dir.path());
    let id = lines(dir.path(), Lang::Zh).0;
    let asked = || {
        let all = app.history(&id, 1).unwrap().translations;
        all.into_iter().find(|v| v.reason.as_deref() == Some("Lan"))
    };
    until(&mut window, "translated again", |_| asked().is_some());
    assert_eq!(asked().unwrap().lang, Lang::Vi);
    let verdict = app.verify_interview(&id, None, &Cancel::new(), &|_| ());
    assert!(verdict.unwrap().ok);
}

/// The beginning of a practice interview on one channel.
fn some_seconds() -> Vec<u8> {
    let whole = one_channel("zh-vi");
    let mut reader = hound::WavReader::new(std::io::Cursor::new(whole)).unwrap();
    let spec = reader.spec();
    let mut bytes = std::io::Cursor::new(Vec::new());
    let mut writer = hound::WavWriter::new(&mut bytes, spec).unwrap();
    for sample in reader.samples::<i16>().take(20 * 16_000) {
        writer.write_sample(sample.unwrap()).unwrap();
    }
    writer.finalize().unwrap();
    bytes.into_inner()
}

#[test]
fn what_a_machine_heard_once_more_is_taken_back_and_nothing_older() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one.wav");
    fs::write(&file, some_seconds()).unwrap();
    let workspace = dir.path().join("workspace");
    fs::create_dir(&workspace).unwrap();
    fs::write(workspace.join("desktop.toml"), "name = \"Sok\"\n").unwrap();
    let (app, id) = taken_in(&workspace, file);
    let line = |at: usize| app.show(&id.0).unwrap().1.remove(at);
    let (first, second) = (line(0), line(1));
    let other = if first.lang == Lang::Zh {
        Lang::Vi
    } else {
        Lang::Zh
    };
    let mut window = tall_window(&workspace);
    open_interview(&mut window, Lang::Zh);
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::E);
    key(&mut window, Key::End);
    say(&mut window, " 1");
    key(&mut window, Key::Enter);
    until_seen(&mut window, "Undo: the words of line 2");
    key(&mut window, Key::Home);
    key(&mut window, Key::A);
    choose(&mut window, "Spoken language", other.native_name());
    press(&mut window, "Begin");
    let told = "Undo: what the machine made of line 1";
    until_seen(&mut window, told);
    until(&mut window, "heard again", |_| line(0).lang == other);
    until(&mut window, "over", |w| !sees(w, "Stop"));
    let heard = line(0);
    with(&mut window, Modifiers::COMMAND, Key::Z);
    until(&mut window, "put back", |_| line(0).text == first.text);
    let now = line(0);
    assert_eq!((now.lang, now.author.as_str()), (first.lang, "Sok"));
    let texts = |line: &Segment| -> Vec<(Lang, String, bool)> {
        let own = line.translations.iter().filter(|t| t.lang != line.lang);
        own.map(|t| (t.lang, t.text.clone(), t.of_version == line.version))
            .collect()
    };
    assert_eq!(texts(&now), texts(&first), "its translation too");
    assert_ne!(line(1).text, second.text, "the older change stands");
    until_seen(&mut window, "Undo: the words of line 2");
    with(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    until(&mut window, "made again", |_| line(0).text == heard.text);
    assert_eq!(line(0).lang, other);
    until_seen(&mut window, told);
    let versions = app.history(&id.0, 1).unwrap().text;
    assert_eq!(versions.len(), 4, "nothing was removed");
    let verdict = app.verify_interview(&id.0, None, &Cancel::new(), &|_| ());
    assert!(verdict.unwrap().ok);
}

#[test]
fn a_term_is_taken_from_marked_words_and_is_in_force_at_once() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Vi);
    key(&mut window, Key::E);
    key(&mut window, Key::Home);
    for _ in 0..3 {
        with(&mut window, Modifiers::SHIFT, Key::ArrowRight);
    }
    with(&mut window, Modifiers::COMMAND | Modifiers::SHIFT, Key::G);
    assert!(sees(&window, "It enters the glossary as not reviewed"));
    focus(&mut window, "中文");
    say(&mut window, "我；本人");
    keep_as(&mut window, "Lan", "Keep");
    until(&mut window, "stored", |w| {
        !sees(w, "It enters the glossary")
    });
    let terms = open_app(dir.path()).terms().unwrap();
    let new = terms.iter().find(|t| t.id == "own-1").unwrap();
    assert_eq!(new.entries[&Lang::Vi].admitted, ["Tôi"]);
    assert_eq!(new.entries[&Lang::Zh].admitted, ["我", "本人"]);
    assert!(new.entries[&Lang::Zh].source.starts_with("Lan, "));
    // Words in one language only are no term, and the person is told.
    key(&mut window, Key::G);
    keep_as(&mut window, "Lan", "Keep");
    until(&mut window, "refused", |w| {
        sees(w, "languages") && sees(w, "It enters")
    });
}

#[test]
fn a_term_that_is_refused_is_not_taken_for_a_correction_that_was_stored() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Vi);
    key(&mut window, Key::E);
    say(&mut window, " Vâng");
    keep_as(&mut window, "Lan", "Keep");
    until(&mut window, "stored", |w| !sees(w, "Your name"));
    with(&mut window, Modifiers::COMMAND, Key::Num4);
    until_seen(&mut window, "New term");
    press(&mut window, "New term");
    focus(&mut window, "ລາວ");
    say(&mut window, "ດ່ານ");
    press(&mut window, "Keep the term");
    until_seen(&mut window, "languages");
    assert!(sees(&window, "Keep the term"), "what was typed stays");
}

#[test]
fn terms_are_entered_corrected_taken_in_and_written_out() {
    let dir = tempfile::tempdir().unwrap();
    let mut window = tall_window(dir.path());
    with(&mut window, Modifiers::COMMAND, Key::Num4);
    until_seen(&mut window, "New term");
    press(&mut window, "New term");
    for (name, words) in [("ລາວ", "ດ່ານຊາຍແດນ"), ("ខ្មែរ", "ច្រកព្រំដែន")]
    {
        focus(&mut window, name);
        say(&mut window, words);
    }
    nothing_is_cut_off(&window, "the form of a term");
    let states = window.query_all_by_label_contains(": who stands behind it");
    assert_eq!(states.count(), Lang::ALL.len(), "each list has a name");
    press(&mut window, "Keep the term");
    until_seen(&mut window, "Show only");
    focus(&mut window, "Show only");
    say(&mut window, "ດ່ານຊາຍແດນ");
    until_seen(&mut window, "1 term");
    press(&mut window, "Correct the term ດ່ານຊາຍແດນ");
    focus(&mut window, "မြန်မာ");
    say(&mut window, "နယ်စပ်ဂိတ်");
    press(&mut window, "Keep the term");
    until_seen(&mut window, "1 term");
    let app = open_app(dir.path());
    let terms = app.terms().unwrap();
    let own = terms.iter().find(|t| t.id == "own-1").unwrap();
    assert_eq!(own.entries.len(), 3);
    let out = dir.path().join("all terms.csv");
    press(&mut window, "Write a table out");
    focus(&mut window, "File (.csv or .tbx):");
    say(&mut window, out.to_str().unwrap());
    press(&mut window, "Write the file");
    until_seen(&mut window, "The file is written");
    assert!(fs::read_to_string(&out).unwrap().contains("ច្រកព្រំដែន"));
    press(&mut window, "Close");
    let table = dir.path().join("partner.csv");
    fs::write(&table, "id,lo,th\npartner-1,ໃບຜ່ານແດນ,หนังสือผ่านแดน\n").unwrap();
    press(&mut window, "Take a table in");
    focus(&mut window, "File (.csv or .tbx):");
    say(&mut window, table.to_str().unwrap());
    press(&mut window, "Add");
    until(&mut window, "taken in", |_| {
        let terms = app.terms().unwrap();
        terms.iter().any(|t| t.id == "partner-1")
    });
    until_seen(&mut window, "1 term is taken in.");
}

#[test]
fn a_model_is_taken_in_from_a_folder_or_the_person_is_told_why_not() {
    let dir = tempfile::tempdir().unwrap();
    let stick = tempfile::tempdir().unwrap();
    let folder = stick.path().join("other-mt");
    fs::create_dir(&folder).unwrap();
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/practice/mt");
    for entry in fs::read_dir(kit).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let card = folder.join("model.toml");
    let text = fs::read_to_string(&card).unwrap();
    fs::write(&card, text.replace("practice-mt", "other-mt")).unwrap();
    let mut window = tall_window(dir.path());
    with(&mut window, Modifiers::COMMAND, Key::Num5);
    until_seen(&mut window, "Take the model in");
    focus(&mut window, "Folder of the model:");
    say(&mut window, card.to_str().unwrap());
    press(&mut window, "Take the model in");
    until(&mut window, "the model", |w| {
        sees(w, "other-mt") && sees(w, "Done.")
    });
    let (models, _) = open_app(dir.path()).models();
    assert!(models.iter().any(|m| m.name == "other-mt"));
    focus(&mut window, "Folder of the model:");
    say(&mut window, "/nowhere/at/all");
    press(&mut window, "Take the model in");
    until_seen(&mut window, "/nowhere/at/all");
}

#[test]
fn a_model_that_is_unusable_for_a_language_is_told_before_anybody_speaks() {
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    for (name, rates) in [
        ("plain-whisper", String::new()),
        (
            "measured",
            "[error_rates.lo]\nunit = \"characters\"\npercent = 52.5\nsource = \"test set\"\n\
             [error_rates.th]\nunit = \"words\"\npercent = 9.5\nsource = \"test set\"\n"
                .to_owned(),
        ),
    ] {
        let languages = if rates.is_empty() {
            "\"km\""
        } else {
            "\"lo\", \"th\""
        };
        let folder = models.join(name);
        fs::create_dir_all(&folder).unwrap();
        let card = format!(
            "name = \"{name}\"\nkind = \"whisper-ggml\"\nlanguages = [{languages}]\nlicense = \"MIT\"\n\
             source = \"x\"\n{rates}[[files]]\npath = \"model.bin\"\nbytes = 1\nsha256 = \"00\"\n"
        );
        fs::write(folder.join("model.toml"), card).unwrap();
    }
    let mut window = tall_window(dir.path());
    with(&mut window, Modifiers::COMMAND, Key::Num5);
    until_seen(&mut window, "plain-whisper");
    assert!(sees(
        &window,
        "Unusable for ខ្មែរ unless it was trained further"
    ));
    assert!(sees(
        &window,
        "ລາວ: 52.5 of 100 characters wrong (test set)"
    ));
    assert!(sees(&window, "ไทย: 9.5 of 100 words wrong (test set)"));
    assert!(sees(&window, "Unusable for ລາວ: too much of it is wrong"));
    assert!(!sees(&window, "Unusable for ไทย"));
    with(&mut window, Modifiers::COMMAND, Key::Num1);
    for (lang, doubted) in [(Lang::Km, true), (Lang::Th, false), (Lang::Lo, true)] {
        press(&mut window, "Language of the person interviewed");
        {
            let mut named = window.query_all_by_label(lang.native_name());
            let item = named.find(|n| n.accesskit_node().role() == Role::Button);
            item.unwrap().click();
        }
        window.run_steps(3);
        let told = format!(
            "The model for {} is most likely unusable",
            lang.native_name()
        );
        assert_eq!(sees(&window, &told), doubted, "{lang}");
    }
}

#[test]
fn an_edge_is_dragged_on_the_picture_of_the_line() {
    let dir = six_interviews();
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::My);
    let before = lines(dir.path(), Lang::My).1.remove(0).span;
    key(&mut window, Key::R);
    let edge = |window: &Window, name: &str| {
        let found = window.query_all_by_role(Role::Slider).find(|n| {
            let label = n.accesskit_node().label();
            label.as_deref() == Some(name)
        });
        found.expect("an edge").rect().center()
    };
    let (start, end) = (edge(&window, "Begins"), edge(&window, "Ends"));
    // The line of three seconds lies between them.
    let second = (end.x - start.x) / 3.0;
    assert!(second > 20.0, "{start:?} {end:?}");
    for (from, by) in [(start, -second), (end, second * 0.5)] {
        window.event(Event::PointerMoved(from));
        window.run_steps(2);
        let button = |pos, pressed| Event::PointerButton {
            pos,
            button: PointerButton::Primary,
            pressed,
            modifiers: Modifiers::NONE,
        };
        window.event(button(from, true));
        window.run_steps(1);
        for step in 1..=4 {
            let to = pos2(from.x + by * step as f32 / 4.0, from.y);
            window.event(Event::PointerMoved(to));
            window.run_steps(1);
        }
        window.event(button(pos2(from.x + by, from.y), false));
        window.run_steps(2);
    }
    keep_as(&mut window, "Aung", "Keep");
    until(&mut window, "stored", |w| !sees(w, "Begins"));
    let after = lines(dir.path(), Lang::My).1.remove(0).span;
    let moved = |a: u64, b: u64| a as i64 - b as i64;
    let begins = moved(after.start.as_ms(), before.start.as_ms());
    let ends = moved(after.end.as_ms(), before.end.as_ms());
    assert!((-1_100..=-900).contains(&begins), "{begins}");
    assert!((400..=600).contains(&ends), "{ends}");
    key(&mut window, Key::H);
    until_seen(&mut window, "Line 1 stands at");
}

#[test]
fn an_edge_is_moved_by_the_arrows() {
    let dir = six_interviews();
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::My);
    let before = lines(dir.path(), Lang::My).1.remove(0).span;
    key(&mut window, Key::R);
    let edge = |window: &mut Window, name: &str| {
        let found = window.query_all_by_role(Role::Slider).find(|n| {
            let label = n.accesskit_node().label();
            label.as_deref() == Some(name)
        });
        found.expect("an edge").focus();
        window.run_steps(2);
    };
    edge(&mut window, "Begins");
    with(&mut window, Modifiers::SHIFT, Key::ArrowLeft);
    key(&mut window, Key::ArrowRight);
    edge(&mut window, "Ends");
    key(&mut window, Key::ArrowRight);
    key(&mut window, Key::ArrowRight);
    keep_as(&mut window, "Aung", "Keep");
    until(&mut window, "stored", |w| !sees(w, "Begins"));
    let after = lines(dir.path(), Lang::My).1.remove(0).span;
    assert_eq!(after.start.as_ms() + 90, before.start.as_ms());
    assert_eq!(after.end.as_ms(), before.end.as_ms() + 20);
}

/// A partner's interview lies in the second workspace.
fn two_desks() -> (tempfile::TempDir, tempfile::TempDir) {
    const PHRASE: &str = "four words and a river";
    let (here, there) = (six_interviews(), tempfile::tempdir().unwrap());
    let phrase = || Passphrase::new(PHRASE.to_owned());
    let (ours, theirs) = (open_app(here.path()), open_app(there.path()));
    let lan = ours
        .make_key("Lan", KeyRole::Officer, phrase(), None)
        .unwrap();
    let aung = theirs
        .make_key("Aung", KeyRole::Officer, phrase(), None)
        .unwrap();
    for (app, workspace, key) in [(&ours, &here, &aung), (&theirs, &there, &lan)] {
        let file = workspace.path().join("partner.json");
        fs::write(&file, key.to_text()).unwrap();
        app.trust_key(&file, None).unwrap();
    }
    let (id, cancel) = (lines(here.path(), Lang::Th).0, Cancel::new());
    let bundle = here.path().join("k17.mekong");
    let own = ours.keys().unwrap().find("Lan").unwrap();
    let secret = ours.keys().unwrap().unlock(&own, phrase()).unwrap();
    ours.bundle(&id, Some(&aung), &bundle, &secret, &cancel, &|_| ())
        .unwrap();
    let own = theirs.keys().unwrap().find("Aung").unwrap();
    let secret = theirs.keys().unwrap().unlock(&own, phrase()).unwrap();
    theirs
        .receive(&bundle, Some(&secret), &cancel, &|_| ())
        .unwrap();
    (here, there)
}

#[test]
fn a_partners_interview_opens_at_the_line_and_is_only_read() {
    let (here, there) = two_desks();
    let (_, said, translated) = SIX[2];
    let mut window = window(there.path());
    until_seen(&mut window, "There are no interviews yet");
    with(&mut window, Modifiers::COMMAND, Key::Num3);
    say(&mut window, &format!("\"{said} 3\""));
    until_seen(&mut window, "from a partner, read-only");
    key(&mut window, Key::Enter);
    until_seen(&mut window, "Next in doubt");
    assert!(sees(&window, "from a partner, read-only") && sees(&window, translated));
    assert!(chosen(&window).contains(&format!("{said} 3")));
    for forbidden in ["Correct (E)", "Split (S)", "Certify (C)"] {
        assert!(!sees(&window, forbidden), "{forbidden}");
    }
    // The way to another screen is there, the interview's own button to it is not.
    assert_eq!(window.query_all_by_label("Evidence").count(), 1);
    for work in [
        Key::E,
        Key::T,
        Key::S,
        Key::R,
        Key::W,
        Key::A,
        Key::G,
        Key::C,
    ] {
        key(&mut window, work);
        assert!(!sees(&window, "Your name"), "{work:?}");
    }
    key(&mut window, Key::Home);
    assert!(chosen(&window).contains(&format!("{said} 1")));
    // Nothing of it became an interview of this workspace.
    assert!(open_app(there.path()).list(None).unwrap().is_empty());
    drop(here);
}

#[test]
fn a_partners_interview_is_opened_from_its_list_and_its_hits_are_played_like_others() {
    let (here, there) = two_desks();
    let (_, said, _) = SIX[2];
    let mut window = tall_window(there.path());
    until_seen(&mut window, "There are no interviews yet");
    with(&mut window, Modifiers::COMMAND, Key::Num8);
    press(&mut window, "From partners");
    let open = format!("Open {}", lines(here.path(), Lang::Th).0);
    until_seen(&mut window, &open);
    window.get_by_label(&open).click();
    window.run_steps(3);
    until_seen(&mut window, "Next in doubt");
    assert!(sees(&window, "from a partner, read-only"));
    assert!(chosen(&window).contains(&format!("{said} 1")));
    // A hit of it is asked for like any other; no sound came with it, so that is said.
    with(&mut window, Modifiers::COMMAND, Key::Num3);
    say(&mut window, &format!("\"{said} 3\""));
    until_seen(&mut window, "1 line found");
    press(&mut window, "Play (Ctrl+P)");
    until_seen(&mut window, "cannot be heard");
    press(&mut window, "Close");
    assert!(!sees(&window, "cannot be heard"));
    with(&mut window, Modifiers::COMMAND, Key::P);
    until_seen(&mut window, "cannot be heard");
}

#[test]
fn a_hit_is_played_and_a_search_narrowed_from_the_lists() {
    let dir = six_interviews();
    let app = open_app(dir.path());
    let (id, _) = lines(dir.path(), Lang::Lo);
    let line = mekong_interview::domain::SegmentId(2);
    app.set_speaker(&id, line, false, "interpreter", ("Lan", None))
        .unwrap();
    import(
        dir.path(),
        &["lo", "zh"],
        "K-99",
        &[
            serde_json::json!({"start_ms": 0, "end_ms": 900, "lang": "lo", "speaker": "officer",
            "text": "ທ່ານມີສິດບໍ່ໃຫ້ການ 9"}),
        ],
    );
    let mut window = tall_window(dir.path());
    until_seen(&mut window, "K-17");
    with(&mut window, Modifiers::COMMAND, Key::Num3);
    say(&mut window, "ທ່ານມີສິດ");
    until_seen(&mut window, "5 lines found");
    // There is no sound with it, so that is said: the key has asked for it.
    with(&mut window, Modifiers::COMMAND, Key::P);
    until_seen(&mut window, "cannot be heard");
    press(&mut window, "Close");
    press(&mut window, "Narrow");
    until_seen(&mut window, "Written by");
    choose(&mut window, "Case", "K-99");
    until_seen(&mut window, "1 line found");
    choose(&mut window, "Case", "K-17");
    until_seen(&mut window, "4 lines found");
    choose(&mut window, "Speaker", "interpreter");
    until_seen(&mut window, "1 line found");
    assert!(sees(&window, "ທ່ານມີສິດບໍ່ໃຫ້ການ 2"));
    press(&mut window, "Clear");
    until_seen(&mut window, "5 lines found");
    choose(&mut window, "Doubt", "The machine is unsure of these words");
    until_seen(&mut window, "1 line found");
    choose(&mut window, "Doubt", "any");
    choose(&mut window, "Written by", "certified");
    until_seen(&mut window, "Nothing was found within these limits");
}

#[test]
fn a_foot_pedal_and_the_keys_of_the_sound_work_while_words_are_written() {
    let dir = six_interviews();
    fs::write(dir.path().join("desktop.toml"), "pedal = \"F13\"\n").unwrap();
    let mut window = window(dir.path());
    open_interview(&mut window, Lang::Vi);
    key(&mut window, Key::E);
    assert!(sees(&window, "What was said"));
    window.key_down(Key::F13);
    window.run_steps(3);
    // There is no sound with it, so that is said: the pedal has asked for it.
    until_seen(&mut window, "cannot be heard");
    assert!(sees(&window, "What was said"), "the words stay open");
    window.key_up(Key::F13);
    press(&mut window, "Close");
    key(&mut window, Key::F5);
    until_seen(&mut window, "cannot be heard");
}
