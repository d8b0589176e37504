//! The screen of people: entered, found in another script, offered by a transcript, decided about.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "common/window.rs"]
mod window;

use eframe::egui::Key;
use egui_kittest::kittest::Queryable as _;
use mekong_interview::app::people::Entry;
use mekong_interview::domain::{FactKind, Lang, Verdict};
use window::*;

/// One name, in six scripts or spellings.
const NAMES: [(Lang, &str); 6] = [
    (Lang::Vi, "Nguyễn Văn Hùng"),
    (Lang::Zh, "阮文雄"),
    (Lang::Th, "สมชาย ใจดี"),
    (Lang::Lo, "ສົມຊາຍ ໃຈດີ"),
    (Lang::Km, "សុខ ស្រីមុំ"),
    (Lang::My, "မောင်မောင်"),
];

/// A register with one person a name; the first two share a telephone.
fn register() -> tempfile::TempDir {
    let dir = six_interviews();
    let app = open_app(dir.path());
    for (at, (lang, name)) in NAMES.into_iter().enumerate() {
        let mut name = Entry::new(FactKind::Name, name);
        name.lang = Some(lang);
        let mut entries = vec![name];
        if at < 2 {
            entries.push(Entry::new(FactKind::Phone, "0912 345 678"));
        }
        app.add_person(Some("K-17"), "Lan", &entries).unwrap();
    }
    dir
}

fn open_people(window: &mut Window) {
    until_seen(window, "K-17");
    chord(window, Key::Num7);
}

#[test]
fn a_misheard_name_is_put_right_with_one_key_and_a_dismissal_is_remembered() {
    let heard = [
        ("zh", "张建国", "我叫章建果。", "章建果"),
        (
            "vi",
            "Nguyễn Văn Hùng",
            "Tôi là Nguyễn Văn Hung.",
            "Nguyễn Văn Hung",
        ),
        ("th", "สมชาย", "ฉันพบ สมจาย เมื่อวานนี้", "สมจาย"),
        ("lo", "ສົມພອນ", "ຂ້ອຍພົບ ສົມປອນ ມື້ວານນີ້", "ສົມປອນ"),
        ("km", "សុខា", "ខ្ញុំជួប សុកា ម្សិលមិញ", "សុកា"),
        ("my", "ကျော်ဇော", "ကျွန်တော် ကျော်စော နဲ့ တွေ့တယ်။", "ကျော်စော"),
    ];
    let dir = tempfile::tempdir().unwrap();
    let app = open_app(dir.path());
    for (lang, name, said, _) in heard {
        let other = if lang == "zh" { "vi" } else { "zh" };
        let line = |start: u64| {
            serde_json::json!({
                "start_ms": start, "end_ms": start + 2_000, "speaker": "officer", "lang": lang,
                "text": said, "status": "machine",
            })
        };
        import(dir.path(), &[lang, other], "K-17", &[line(0), line(4_000)]);
        let entry = Entry::new(FactKind::Name, name);
        app.add_person(Some("K-17"), "Lan", &[entry]).unwrap();
    }
    for (lang, name, said, wrong) in heard {
        let lang: Lang = lang.parse().unwrap();
        let listed = app.list(None).unwrap();
        let id = &listed.iter().find(|i| i.languages[0] == lang).unwrap().id;
        let lines = || app.show(&id.0).unwrap().1;
        let mut window = tall_window(dir.path());
        open_interview(&mut window, lang);
        until_seen(&mut window, &format!("{name}, a name of this case"));
        key(&mut window, Key::Y);
        if sees(&window, "Your name") && lang == Lang::Zh {
            // Nobody has signed at this desk yet.
            focus(&mut window, "Your name");
            say(&mut window, "Lan");
            press(&mut window, "Keep");
        }
        let right = said.replace(wrong, name);
        until(&mut window, "stored", |_| lines()[0].text == right);
        until(&mut window, "closed", |w| !sees(w, "Your name"));
        assert_eq!(lines()[0].author, "Lan", "{lang}");
        let versions = app.history(&id.0, 1).unwrap().text;
        let reason = versions.last().unwrap().reason.as_deref();
        assert_eq!(reason, Some("suggested from the register"), "{lang}");
        until(&mut window, "gone", |w| !sees(w, "a name of this case"));
        // The same in the next line is not meant.
        key(&mut window, Key::ArrowDown);
        until_seen(&mut window, &format!("{name}, a name of this case"));
        key(&mut window, Key::X);
        until(&mut window, "gone", |w| !sees(w, "a name of this case"));
        assert_eq!(lines()[1].text, said);
        assert!(app.near_names(id, lines()[1].id).unwrap().is_empty());
        drop(window);
        let mut window = tall_window(dir.path());
        open_interview(&mut window, lang);
        key(&mut window, Key::ArrowDown);
        window.run_steps(5);
        assert!(!sees(&window, "a name of this case"), "{lang}");
    }
}

#[test]
fn whoever_says_that_a_name_is_not_meant_is_asked_who_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let app = open_app(dir.path());
    let line = serde_json::json!({
        "start_ms": 0, "end_ms": 2_000, "speaker": "officer", "lang": "km",
        "text": "ខ្ញុំជួប សុកា ម្សិលមិញ", "status": "machine",
    });
    import(dir.path(), &["km", "zh"], "K-17", &[line]);
    let entry = Entry::new(FactKind::Name, "សុខា");
    app.add_person(Some("K-17"), "Lan", &[entry]).unwrap();
    let id = app.list(None).unwrap()[0].id.clone();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    until_seen(&mut window, "a name of this case");
    key(&mut window, Key::X);
    assert!(sees(&window, "Your name"));
    press(&mut window, "Not meant");
    until_seen(&mut window, "Write who makes the change");
    focus(&mut window, "Your name");
    say(&mut window, "Lan");
    press(&mut window, "Not meant");
    until(&mut window, "gone", |w| !sees(w, "a name of this case"));
    assert!(!sees(&window, "Your name"));
    let line = app.show(&id.0).unwrap().1[0].id;
    assert!(app.near_names(&id, line).unwrap().is_empty());
}

#[test]
fn an_empty_register_says_how_to_begin_and_takes_a_signed_name() {
    let dir = six_interviews();
    let mut window = window(dir.path());
    open_people(&mut window);
    until_seen(&mut window, "Nobody is in the register yet");
    focus(&mut window, "Name, number or case");
    say(&mut window, "ສົມໃຈ");
    press(&mut window, "Enter as a new person");
    until_seen(&mut window, "needs the name");
    focus(&mut window, "Your name");
    say(&mut window, "Sok");
    press(&mut window, "Enter as a new person");
    until_seen(&mut window, "All people");
    let people = open_app(dir.path()).people(None).unwrap();
    assert_eq!(people.len(), 1);
    assert_eq!(people[0].values(FactKind::Name).next(), Some("ສົມໃຈ"));
    assert_eq!(people[0].by, "Sok");
}

#[test]
fn everybody_is_found_by_a_name_in_their_own_script_or_by_sound_in_another() {
    let dir = register();
    let mut window = window(dir.path());
    open_people(&mut window);
    until_seen(&mut window, "6 people");
    for (_, name) in NAMES {
        assert!(sees(&window, name), "{name}");
    }
    focus(&mut window, "Name, number or case");
    say(&mut window, "阮文雄");
    until_seen(&mut window, "1 person");
    until_seen(&mut window, "Names that sound alike");
    until_seen(&mut window, "Nguyễn Văn Hùng  ");
}

#[test]
fn a_possible_match_is_explained_and_decided_with_a_reason() {
    let dir = register();
    let mut window = window(dir.path());
    open_people(&mut window);
    until_seen(&mut window, "6 people");
    press(&mut window, "Nguyễn Văn Hùng");
    until_seen(&mut window, "May be the same person");
    until_seen(&mut window, "family name");
    assert!(sees(&window, "Phone: "), "what is shared is listed");
    focus(&mut window, "Your name");
    say(&mut window, "Dao");
    focus(&mut window, "Reason");
    say(&mut window, "same document");
    press(&mut window, "Same person");
    until_seen(&mut window, "decided by Dao");
    assert!(sees(&window, "same document"));
    let app = open_app(dir.path());
    let page = app.person("p1").unwrap();
    assert_eq!(page.decisions.len(), 1);
    assert_eq!(page.decisions[0].verdict, Verdict::Same);
    assert_eq!(app.people(None).unwrap().len(), 6, "both stay");
}

#[test]
fn an_entry_that_is_refused_stays_in_its_field_and_one_that_is_stored_leaves_it() {
    let dir = register();
    let mut window = tall_window(dir.path());
    open_people(&mut window);
    until_seen(&mut window, "6 people");
    press(&mut window, "ສົມຊາຍ ໃຈດີ");
    until_seen(&mut window, "Take back");
    focus(&mut window, "Words or number");
    say(&mut window, "ທ້າວ ສົມຊາຍ");
    window.get_by_label("Add").click();
    // Nobody has signed it.
    until_seen(&mut window, "needs the name");
    assert!(is_typed(&window, "ທ້າວ ສົມຊາຍ"), "it is lost");
    focus(&mut window, "Your name");
    say(&mut window, "Dao");
    window.get_by_label("Add").click();
    until(&mut window, "stored", |w| !is_typed(w, "ທ້າວ ສົມຊາຍ"));
    assert!(sees(&window, "ທ້າວ ສົມຊາຍ") && !sees(&window, "needs the name"));
    let people = open_app(dir.path()).people(None).unwrap();
    let names = people.iter().flat_map(|p| p.values(FactKind::Name));
    assert_eq!(names.filter(|name| *name == "ທ້າວ ສົມຊາຍ").count(), 1);
}

#[test]
fn an_entry_that_is_taken_back_stays_in_the_history() {
    let dir = register();
    let mut window = window(dir.path());
    open_people(&mut window);
    until_seen(&mut window, "6 people");
    press(&mut window, "សុខ ស្រីមុំ");
    until_seen(&mut window, "Take back");
    focus(&mut window, "Your name");
    say(&mut window, "Dao");
    press(&mut window, "Take back");
    until(&mut window, "taken back", |w| !sees(w, "Take back"));
    assert!(!sees(&window, "counts no more"));
    window.get_by_label_contains("Show every entry").click();
    until_seen(&mut window, "counts no more");
    assert!(sees(&window, "សុខ ស្រីមុំ"));
}

#[test]
fn what_a_transcript_offers_is_taken_up_with_its_line_or_put_away() {
    let dir = tempfile::tempdir().unwrap();
    let line = |id: u64, text: &str| {
        serde_json::json!({"start_ms": id * 5_000, "end_ms": id * 5_000 + 3_000, "lang": "vi",
            "speaker": "interviewee", "text": text})
    };
    let lines = [
        line(1, "Tôi tên là Trần Thị Mai."),
        line(2, "Số điện thoại của tôi là 0912 345 678."),
    ];
    import(dir.path(), &["vi", "zh"], "K-17", &lines);
    let mut window = window(dir.path());
    open_people(&mut window);
    press(&mut window, "Offered by transcripts");
    until_seen(&mut window, "Trần Thị Mai");
    focus(&mut window, "Your name");
    say(&mut window, "Dao");
    press(&mut window, "A new person");
    until_seen(&mut window, "All people");
    until_seen(&mut window, "Line 1");
    let person = &open_app(dir.path()).people(None).unwrap()[0];
    assert_eq!(person.facts[0].segment.map(|s| s.0), Some(1));
    press(&mut window, "Offered by transcripts");
    until_seen(&mut window, "Enter for Trần Thị Mai");
    press(&mut window, "Not wanted");
    until_seen(&mut window, "offers nothing more");
    press(&mut window, "Register");
    until_seen(&mut window, "1 person");
    press(&mut window, "Trần Thị Mai");
    until_seen(&mut window, "Line 1");
    press(&mut window, "Line 1");
    until_seen(&mut window, "Next in doubt");
    assert!(chosen(&window).contains("Trần Thị Mai"));
}

#[test]
fn links_lead_to_the_people_and_no_words_are_cut_off() {
    let dir = register();
    for lang in Lang::ALL {
        let settings = format!("language = \"{lang}\"\n");
        std::fs::write(dir.path().join("desktop.toml"), settings).unwrap();
        let mut window = window(dir.path());
        open_people(&mut window);
        until_seen(&mut window, "Nguyễn Văn Hùng");
        press(&mut window, "Nguyễn Văn Hùng");
        until_seen(&mut window, "0912 345 678");
        nothing_is_cut_off(&window, &format!("{lang}"));
    }
    std::fs::remove_file(dir.path().join("desktop.toml")).unwrap();
    let mut window = window(dir.path());
    open_people(&mut window);
    press(&mut window, "Links");
    until_seen(&mut window, "Phone: 0912 345 678");
    press(&mut window, "阮文雄");
    until_seen(&mut window, "All people");
}
