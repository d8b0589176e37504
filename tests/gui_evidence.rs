//! The screen of exports and evidence: the same steps as on the command line, by labels.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

#[path = "common/window.rs"]
mod window;

use std::path::Path;

use eframe::egui::{Key, accesskit};
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use mekong_interview::app::Edit;
use mekong_interview::domain::{Cancel, InterviewId, Lang, Status};
use mekong_interview::evidence::{Kind, Passphrase, Role, SecretKey, Sign as _, Story};
use mekong_interview::store::Store;
use window::*;

const PHRASE: &str = "four words and a river";

fn make_key(workspace: &Path, name: &str, role: Role) -> String {
    let phrase = Passphrase::new(PHRASE.to_owned());
    let key = open_app(workspace)
        .make_key(name, role, phrase, None)
        .unwrap();
    key.to_text()
}

fn open_evidence(window: &mut Window) {
    chord(window, Key::Num8);
    until_seen(window, "Export and evidence");
}

fn open_key(window: &mut Window) {
    until_seen(window, "Passphrase");
    focus(window, "Passphrase");
    say(window, PHRASE);
    press(window, "Open the key");
    until_seen(window, " signs, ");
    until_seen(window, "Done.");
}

fn id_of(workspace: &Path, lang: Lang) -> String {
    let listed = open_app(workspace).list(None).unwrap();
    let found = listed.into_iter().find(|i| i.languages[0] == lang);
    found.unwrap().id.0
}

#[test]
fn an_interview_is_written_out_in_a_chosen_form_and_place() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    open_evidence(&mut window);
    until_seen(&mut window, "Open an interview in Review first");
    chord(&mut window, Key::Num2);
    open_interview(&mut window, Lang::Lo);
    press(&mut window, "Evidence");
    until_seen(&mut window, "Write the file");
    assert!(sees(&window, "Whose record:"), "a record asks whose it is");
    press(&mut window, "Form");
    press(&mut window, "Captions (SRT)");
    let out = dir.path().join("ອອກ.srt");
    focus(&mut window, "File (empty: the usual folder):");
    say(&mut window, out.to_str().unwrap());
    press(&mut window, "Write the file");
    until_seen(&mut window, "The file is written");
    until_seen(&mut window, "Done.");
    let written = std::fs::read_to_string(&out).unwrap();
    assert!(written.contains("ທ່ານມີສິດບໍ່ໃຫ້ການ"), "{written}");
    // A file that is there is never replaced, and the person is told.
    press(&mut window, "Write the file");
    until_seen(&mut window, "is already there");
    assert_eq!(std::fs::read_to_string(&out).unwrap(), written);
}

/// The names that the events of who opened an interview in the window give.
fn opened_by(workspace: &Path, id: &str) -> Vec<String> {
    let app = open_app(workspace);
    let store = Store::open(&app.workspace().store()).unwrap();
    let links = store.chain(&InterviewId(id.to_owned())).unwrap();
    let (story, _) = Story::of(id, &links);
    let opened = story.events.iter().filter(|e| e.kind == "opened");
    opened
        .map(|e| {
            assert_eq!(e.fact("through"), Some("window"));
            e.fact("name").unwrap_or_default().to_owned()
        })
        .collect()
}

/// Opens one interview, another one, and the first one again.
fn look_twice(workspace: &Path) -> Window {
    let mut window = tall_window(workspace);
    chord(&mut window, Key::Num2);
    open_interview(&mut window, Lang::Lo);
    for lang in [Lang::My, Lang::Lo] {
        press(&mut window, "Interviews");
        open_interview(&mut window, lang);
    }
    window
}

#[test]
fn who_opens_an_interview_stands_in_its_chain_once_a_session_until_it_is_sealed() {
    let dir = six_interviews();
    let app = open_app(dir.path());
    let (id, other) = (id_of(dir.path(), Lang::Lo), id_of(dir.path(), Lang::My));
    assert!(opened_by(dir.path(), &id).is_empty());
    drop(look_twice(dir.path()));
    let opened = |id: &str| opened_by(dir.path(), id);
    assert_eq!(
        (opened(&id), opened(&other)),
        (vec![String::new()], vec![String::new()])
    );
    let mut choices = app.choices().choices;
    choices.name = "ນາງ ລັດດາ".into();
    app.keep_choices(&choices).unwrap();
    drop(look_twice(dir.path()));
    assert_eq!(opened(&id), ["", "ນາງ ລັດດາ"]);
    let cancel = Cancel::new();
    let verdict = app.verify_interview(&id, None, &cancel, &|_| ()).unwrap();
    assert!(verdict.ok, "{verdict:?}");
    // A partner takes it with the rest of the chain.
    let officer = SecretKey::new("李明", Role::Officer).unwrap();
    let key = dir.path().join("key.json");
    std::fs::write(&key, officer.public().to_text()).unwrap();
    let facts = [
        ("key", officer.public().number.as_str()),
        ("role", officer.public().role.as_str()),
    ];
    let facts = facts.map(|(name, fact)| (name.to_owned(), fact.into()));
    let mut store = Store::open(&app.workspace().store()).unwrap();
    store
        .note_own(Kind::KeyMade, facts.into_iter().collect(), None)
        .unwrap();
    drop(store);
    app.trust_key(&key, None).unwrap();
    let (out, partner) = (dir.path().join("a.zip"), tempfile::tempdir().unwrap());
    app.bundle(&id, None, &out, &officer, &cancel, &|_| ())
        .unwrap();
    let theirs = open_app(partner.path());
    theirs.trust_key(&key, None).unwrap();
    theirs.receive(&out, None, &cancel, &|_| ()).unwrap();
    // What is sealed is not added to by reading.
    app.seal(&id, &officer, &cancel, &|_| ()).unwrap();
    drop(look_twice(dir.path()));
    assert_eq!((opened(&id).len(), opened(&other).len()), (2, 3));
}

#[test]
fn a_key_is_made_opened_seals_and_the_seal_is_verified() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    open_evidence(&mut window);
    until_seen(&mut window, "There is no key at this desk");
    press(&mut window, "Keys");
    until_seen(&mut window, "There are no keys yet");
    focus(&mut window, "Name");
    say(&mut window, "Sok Dara");
    focus(&mut window, "New passphrase");
    say(&mut window, PHRASE);
    focus(&mut window, "The same again");
    say(&mut window, "another");
    until_seen(&mut window, "The two passphrases differ");
    focus(&mut window, "The same again");
    window.key_press_modifiers(eframe::egui::Modifiers::COMMAND, Key::A);
    say(&mut window, PHRASE);
    press(&mut window, "Make the key");
    until_seen(&mut window, "Sok Dara · officer · at this desk");
    until_seen(&mut window, "Done.");
    press(&mut window, "This interview");
    assert!(sees(&window, "Open your key first"));
    focus(&mut window, "Passphrase");
    say(&mut window, "not the passphrase");
    press(&mut window, "Open the key");
    until_seen(&mut window, "does not open this key");
    open_key(&mut window);
    // Final, so it takes two steps; the first one is taken back.
    press(&mut window, "Seal this interview");
    assert!(sees(&window, "nothing takes it back") && !sees(&window, "Seal this interview"));
    press(&mut window, "Cancel");
    assert!(sees(&window, "Seal this interview"));
    press(&mut window, "Seal this interview");
    press(&mut window, "Yes, seal it for good");
    until_seen(&mut window, "Write these digits on the signed page");
    until_seen(&mut window, "Done.");
    press(&mut window, "Verify this interview");
    until_seen(&mut window, "Everything fits.");
    press(&mut window, "Close the key");
    until_seen(&mut window, "Open your key first");
    let app = open_app(dir.path());
    let (id, cancel) = (id_of(dir.path(), Lang::Km), Default::default());
    let verdict = app.verify_interview(&id, None, &cancel, &|_| ()).unwrap();
    assert!(verdict.ok && verdict.checks.iter().any(|c| c.name == "seal"));
}

#[test]
fn an_administrator_vouches_for_the_next_key_in_the_window() {
    let dir = six_interviews();
    make_key(dir.path(), "ສົມພອນ", Role::Administrator);
    let mut window = tall_window(dir.path());
    open_evidence(&mut window);
    press(&mut window, "Keys");
    until_seen(&mut window, "A new key");
    // An officer's too.
    until_seen(&mut window, "An administrator vouches for this key");
    press(&mut window, "Role");
    press(&mut window, "reviewer");
    until_seen(&mut window, "An administrator vouches for this key");
    let fill = |window: &mut Window| {
        for (field, text) in [
            ("Name", "Sok Dara"),
            ("New passphrase", PHRASE),
            ("The same again", PHRASE),
        ] {
            focus(window, field);
            window.key_press_modifiers(eframe::egui::Modifiers::COMMAND, Key::A);
            say(window, text);
        }
        press(window, "Make the key");
    };
    fill(&mut window);
    until_seen(
        &mut window,
        "vouches for a new key with the role 'reviewer'",
    );
    open_key(&mut window);
    fill(&mut window);
    until_seen(&mut window, "Sok Dara · reviewer · at this desk");
    until_seen(&mut window, "Done.");
}

#[test]
fn a_bundle_goes_to_a_partner_and_is_taken_in_there() {
    let (here, there) = (six_interviews(), six_interviews());
    make_key(here.path(), "Lan", Role::Officer);
    let theirs = make_key(there.path(), "Aung", Role::Officer);
    let lan = open_app(here.path()).keys().unwrap().find("Lan").unwrap();
    for (workspace, key) in [(here.path(), theirs), (there.path(), lan.public.to_text())] {
        let file = workspace.join("partner.json");
        std::fs::write(&file, key).unwrap();
        open_app(workspace).trust_key(&file, None).unwrap();
    }
    let bundle = here.path().join("k17.mekong");
    {
        let mut window = tall_window(here.path());
        open_interview(&mut window, Lang::Th);
        open_evidence(&mut window);
        open_key(&mut window);
        let combos = window.query_all_by_role(accesskit::Role::ComboBox);
        combos.last().unwrap().click();
        window.run_steps(3);
        press(&mut window, "Aung");
        let fields = window.query_all_by_role(accesskit::Role::TextInput);
        let fields: Vec<_> = fields.collect();
        fields[fields.len() - 2].focus();
        window.run_steps(2);
        say(&mut window, bundle.to_str().unwrap());
        press(&mut window, "Write the bundle");
        until_seen(&mut window, "The file is written");
    }
    let mut window = tall_window(there.path());
    until_seen(&mut window, "K-17");
    open_evidence(&mut window);
    press(&mut window, "From partners");
    until_seen(&mut window, "Nothing was received yet");
    open_key(&mut window);
    focus(&mut window, "Bundle or receipt:");
    say(&mut window, bundle.to_str().unwrap());
    press(&mut window, "Only check it");
    until_seen(&mut window, "Everything fits.");
    until_seen(&mut window, "Done.");
    assert!(open_app(there.path()).received().unwrap().is_empty());
    window.get_by_label_contains("signed receipt").click();
    window.run_steps(2);
    press(&mut window, "Take it in");
    until_seen(&mut window, "It lies here");
    until_seen(&mut window, "Done.");
    assert_eq!(open_app(there.path()).received().unwrap().len(), 1);
    assert!(bundle.with_extension("receipt").is_file());
    press(&mut window, "Take it in");
    until_seen(&mut window, "already there");
    window.get_by_label_contains("signed receipt").click();
    window.run_steps(2);
    press(&mut window, "Take it in");
    until_seen(&mut window, "received before");
}

#[test]
fn a_line_is_certified_by_one_who_wrote_none_of_it() {
    let dir = six_interviews();
    make_key(dir.path(), "Dao", Role::Interpreter);
    let id = id_of(dir.path(), Lang::My);
    let edit = Edit {
        text: Some("ကျွန်တော် သဘောမတူပါ။".to_owned()),
        by: "Dao".to_owned(),
        ..Edit::default()
    };
    let app = open_app(dir.path());
    let ring = app.keys().unwrap();
    let own = ring.own(Some("Dao")).unwrap();
    let own = ring
        .unlock(&own, Passphrase::new(PHRASE.to_owned()))
        .unwrap();
    app.sit_down(Some(std::sync::Arc::new(own))).unwrap();
    app.edit(&id, 1, &edit).unwrap();
    // Under this one a name was only typed.
    app.sit_down(None).unwrap();
    let by = "Lan".to_owned();
    app.edit(&id, 3, &Edit { by, ..edit }).unwrap();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::My);
    key(&mut window, Key::C);
    until_seen(&mut window, "Export and evidence");
    until_seen(
        &mut window,
        "A line is certified with a key, and none is open",
    );
    press(&mut window, "Close");
    open_key(&mut window);
    chord(&mut window, Key::Num2);
    key(&mut window, Key::C);
    until_seen(&mut window, "holds words of the same person");
    key(&mut window, Key::ArrowDown);
    key(&mut window, Key::C);
    until_seen(&mut window, "certified by Dao");
    // On to the next one by itself.
    until(&mut window, "line 3", |w| chosen(w).starts_with("3 "));
    key(&mut window, Key::C);
    until_seen(
        &mut window,
        "Somebody changed this line and only typed a name",
    );
    let line = |n: usize| open_app(dir.path()).show(&id).unwrap().1.remove(n);
    assert_eq!(line(2).status, Status::Edited);
    focus(&mut window, "Reason");
    say(&mut window, "Lan has no key");
    press(&mut window, "Certify it all the same");
    until(&mut window, "its certificate", |_| {
        line(2).status == Status::Certified
    });
    until(&mut window, "line 4", |w| chosen(w).starts_with("4 "));
    for (n, status) in [
        (0, Status::Edited),
        (1, Status::Certified),
        (2, Status::Certified),
    ] {
        assert_eq!(line(n).status, status, "{n}");
    }
}

#[test]
fn a_reason_stays_in_its_field_where_the_signature_is_refused() {
    let dir = six_interviews();
    make_key(dir.path(), "Dao", Role::Interpreter);
    let id = id_of(dir.path(), Lang::My);
    let edit = Edit {
        text: Some("ကျွန်တော် သဘောမတူပါ။".to_owned()),
        by: "Dao".to_owned(),
        ..Edit::default()
    };
    // Nobody signed for it: a reason is asked for. And it is the same person.
    open_app(dir.path()).edit(&id, 1, &edit).unwrap();
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::My);
    press(&mut window, "Evidence");
    open_key(&mut window);
    chord(&mut window, Key::Num2);
    key(&mut window, Key::C);
    until_seen(&mut window, "only typed a name");
    focus(&mut window, "Reason");
    say(&mut window, "ຟັງສາມເທື່ອ");
    press(&mut window, "Certify it all the same");
    until_seen(&mut window, "holds words of the same person");
    assert!(is_typed(&window, "ຟັງສາມເທື່ອ"));
    let again = window.get_by_label("Certify it all the same");
    assert!(!again.accesskit_node().is_disabled());
}

#[test]
fn a_line_is_certified_while_something_is_recorded() {
    let dir = six_interviews();
    make_key(dir.path(), "Dao", Role::Interpreter);
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::My);
    press(&mut window, "Evidence");
    open_key(&mut window);
    chord(&mut window, Key::Num1);
    until_seen(&mut window, "Take in recordings");
    press(&mut window, "ខ្មែរ – Tiếng Việt");
    window.get_by_label("suspect").click();
    window.run_steps(3);
    press(&mut window, "Practise: play");
    until_it_records(&mut window);
    chord(&mut window, Key::Num2);
    until_seen(&mut window, "Next in doubt");
    until(&mut window, "its lines", |w| sees(w, SIX[5].1));
    key(&mut window, Key::C);
    until_seen(&mut window, "certified by Dao");
    chord(&mut window, Key::Num1);
    assert!(sees(&window, "End the recording"), "it goes on meanwhile");
    end_recording(&mut window);
    until_seen(&mut window, "Read 20");
}

#[test]
fn a_line_that_is_held_back_says_so_and_is_certified_only_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    for (lang, said, _) in SIX {
        let other = if lang == "zh" { "vi" } else { "zh" };
        let line = serde_json::json!({
            "start_ms": 0, "end_ms": 2_000, "speaker": "officer", "lang": lang, "text": said,
            "status": "machine", "flags": ["phantom-phrase"],
        });
        import(dir.path(), &[lang, other], "K-17", &[line]);
    }
    make_key(dir.path(), "Dao", Role::Interpreter);
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    press(&mut window, "Evidence");
    open_key(&mut window);
    for (lang, said, _) in SIX {
        let lang: Lang = lang.parse().unwrap();
        chord(&mut window, Key::Num2);
        press(&mut window, "Interviews");
        open_interview(&mut window, lang);
        until_seen(
            &mut window,
            "Held back from the record until a person decides",
        );
        // The words are there for whoever decides.
        assert!(chosen(&window).contains(said), "{lang}");
        key(&mut window, Key::C);
        until_seen(&mut window, "A machine most likely invented these words");
        let line = || {
            open_app(dir.path())
                .show(&id_of(dir.path(), lang))
                .unwrap()
                .1
                .remove(0)
        };
        press(&mut window, "Certify it all the same");
        assert_eq!(line().status, Status::Machine, "{lang}: without a reason");
        focus(&mut window, "Reason");
        say(&mut window, "heard three times");
        press(&mut window, "Certify it all the same");
        until_seen(&mut window, "certified by Dao");
        assert!(!sees(&window, "Held back from the record"), "{lang}");
        assert_eq!(line().status, Status::Certified, "{lang}");
        let versions = open_app(dir.path())
            .history(&id_of(dir.path(), lang), 1)
            .unwrap();
        let reason = versions.text.last().unwrap().reason.clone();
        assert_eq!(reason.as_deref(), Some("heard three times"), "{lang}");
    }
}

#[test]
fn no_words_are_cut_off_on_the_screen_of_evidence() {
    let dir = six_interviews();
    make_key(dir.path(), "Nguyễn Thị Lan", Role::Administrator);
    for lang in Lang::ALL {
        let settings = format!("language = \"{lang}\"\n");
        std::fs::write(dir.path().join("desktop.toml"), settings).unwrap();
        let mut window = tall_window(dir.path());
        until_seen(&mut window, "K-17");
        press(&mut window, "中文 – Tiếng Việt");
        until_seen(&mut window, "Buổi phỏng vấn");
        chord(&mut window, Key::Num8);
        let fields = |w: &Window| w.query_all_by_role(accesskit::Role::TextInput).count();
        until(&mut window, "the fields", |w| fields(w) >= 3);
        nothing_is_cut_off(&window, &format!("{lang}"));
        let words = std::fs::read_to_string(format!("src/gui/locales/{lang}.ftl")).unwrap();
        for (part, least) in [("evidence-read-back", 3), ("evidence-consent", 4)] {
            let name = words
                .lines()
                .find_map(|l| l.strip_prefix(&format!("{part} = ")));
            press(&mut window, name.unwrap());
            until(&mut window, part, |w| fields(w) >= least);
            nothing_is_cut_off(&window, &format!("{lang}: {part}"));
        }
    }
}

#[test]
fn lines_are_read_back_and_what_is_said_to_them_stands_in_the_record() {
    let dir = six_interviews();
    let id = id_of(dir.path(), Lang::Lo);
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Lo);
    open_evidence(&mut window);
    press(&mut window, "Read back");
    until_seen(&mut window, "0 right, 0 corrected, 0 refused, 4 not read");
    // In the second language of the interview, which is the person's.
    assert!(sees(&window, "你有权保持沉默。"));
    press(&mut window, "It is right");
    assert!(sees(&window, "4 not read"), "nobody reads it out");
    focus(&mut window, "Who reads it out");
    say(&mut window, "N. Lan");
    press(&mut window, "It is right");
    until_seen(&mut window, "1 right, 0 corrected, 0 refused, 3 not read");
    {
        let mut named = window.query_all_by_label("It should read");
        let field = named.find(|n| n.accesskit_node().role() != accesskit::Role::Label);
        field.unwrap().focus();
    }
    window.run_steps(2);
    window.key_press_modifiers(eframe::egui::Modifiers::COMMAND, Key::A);
    say(&mut window, "你有权不说话。");
    press(&mut window, "Put it right");
    until_seen(&mut window, "1 right, 1 corrected, 0 refused, 2 not read");
    focus(&mut window, "Reason of the refusal");
    say(&mut window, "我没这么说");
    press(&mut window, "It is refused");
    until_seen(&mut window, "1 right, 1 corrected, 1 refused, 1 not read");
    press(&mut window, "Later");
    until_seen(&mut window, "No line is left to be read");
    press(&mut window, "Show those that were put off");
    until_seen(&mut window, "Put it right");
    focus(&mut window, "Reason for refusing all of it");
    say(&mut window, "我不签字");
    press(&mut window, "The whole record is refused");
    let refused = |w: &Window| {
        let all =
            open_app(dir.path()).read_backs(&mekong_interview::domain::InterviewId(id.clone()));
        sees(w, "It stands in the record") && all.unwrap().iter().any(|a| a.segment.is_none())
    };
    until(&mut window, "the refusal", refused);
    let (_, lines) = open_app(dir.path()).show(&id).unwrap();
    assert_eq!(lines[1].translations[0].text, "你有权不说话。");
}

#[test]
fn what_the_person_allows_is_entered_and_binds() {
    let dir = six_interviews();
    let id = id_of(dir.path(), Lang::Km);
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Km);
    open_evidence(&mut window);
    press(&mut window, "Consent");
    until_seen(&mut window, "Nothing was entered yet");
    press(&mut window, "Enter it");
    focus(&mut window, "Who enters it");
    say(&mut window, "王芳");
    assert!(sees(&window, "Say first who was asked"));
    window.get_by_label("victim").click();
    window.run_steps(3);
    press(&mut window, "Enter it");
    until_seen(
        &mut window,
        "victim  ·  Who may see it: this agency  ·  without an end  ·  The voice may be heard: no",
    );
    assert!(sees(&window, "under the name V1") && sees(&window, "Lift the limits"));
    press(&mut window, "This interview");
    press(&mut window, "Form");
    press(&mut window, "Captions (SRT)");
    press(&mut window, "Write the file");
    until_seen(&mut window, "under a pseudonym only");
    let (_, consent) = open_app(dir.path()).consent(&id).unwrap();
    assert_eq!(consent.unwrap().by, "王芳");
    // What is typed for one person is never entered for another.
    press(&mut window, "Consent");
    focus(&mut window, "Person of the register, as p3 (may be empty)");
    say(&mut window, "p77");
    chord(&mut window, Key::Num2);
    press(&mut window, "Interviews");
    open_interview(&mut window, Lang::Th);
    open_evidence(&mut window);
    until_seen(&mut window, "Nothing was entered yet");
    window.get_by_label("victim").click();
    window.run_steps(3);
    press(&mut window, "Enter it");
    until_seen(&mut window, "under the name V1");
    let other = id_of(dir.path(), Lang::Th);
    let (_, consent) = open_app(dir.path()).consent(&other).unwrap();
    assert_eq!(consent.unwrap().person, None);
}

#[test]
fn a_screen_and_an_interview_are_found_by_their_names() {
    let dir = six_interviews();
    let mut window = tall_window(dir.path());
    until_seen(&mut window, "K-17");
    chord(&mut window, Key::K);
    until_seen(&mut window, "Go to");
    say(&mut window, "gloss");
    key(&mut window, Key::Enter);
    until_seen(&mut window, "Agreed terms");
    chord(&mut window, Key::K);
    say(&mut window, "ខ្មែរ");
    key(&mut window, Key::Enter);
    until_seen(&mut window, "ខ្ញុំជាប៉ូលិស។ 1");
    chord(&mut window, Key::K);
    say(&mut window, "zzz");
    until_seen(&mut window, "Nothing is called so");
    key(&mut window, Key::Escape);
    assert!(!sees(&window, "Nothing is called so"));
}

#[test]
fn a_file_gets_a_place_and_a_free_name_by_buttons_and_nothing_is_written_over() {
    let dir = six_interviews();
    let id = id_of(dir.path(), Lang::Lo);
    let mut window = tall_window(dir.path());
    open_interview(&mut window, Lang::Lo);
    open_evidence(&mut window);
    until_seen(&mut window, "Write the file");
    until_seen(&mut window, "Home folder");
    press(&mut window, "Home folder");
    let home = open_app(dir.path()).usual_folder();
    let typed = |w: &Window, path: &std::path::Path| is_typed(w, path.to_str().unwrap());
    let pdf = home.join(format!("{id}.pdf"));
    until(&mut window, "its name", |w| typed(w, &pdf));
    // Another form is another file.
    press(&mut window, "Form");
    press(&mut window, "Captions (SRT)");
    let srt = home.join(format!("{id}.srt"));
    until(&mut window, "the other name", |w| typed(w, &srt));
    // What a person types stays, and is told of where it cannot be.
    let over = dir.path().join("ອອກ.srt");
    std::fs::write(&over, "1").unwrap();
    let write = |window: &mut Window, path: &std::path::Path| {
        focus(window, "File (empty: the usual folder):");
        chord(window, Key::A);
        say(window, path.to_str().unwrap());
    };
    write(&mut window, &dir.path().join("none").join("x.srt"));
    until_seen(&mut window, "This folder does not exist");
    write(&mut window, &over);
    until_seen(&mut window, "A file stands at this path");
    press(&mut window, "Take a free name");
    let free = dir.path().join(format!("{id}.srt"));
    until(&mut window, "a free name", |w| typed(w, &free));
    press(&mut window, "Write the file");
    until_seen(&mut window, "Done.");
    assert!(
        std::fs::read_to_string(&free)
            .unwrap()
            .contains("ທ່ານມີສິດບໍ່ໃຫ້ການ")
    );
    // The next one gets the next name by itself.
    let next = dir.path().join(format!("{id}-2.srt"));
    until(&mut window, "the next name", |w| typed(w, &next));
    write(&mut window, dir.path());
    until_seen(&mut window, "This is a folder");
    press(&mut window, "Put it in this folder");
    until(&mut window, "a name in it", |w| typed(w, &next));
    assert_eq!(std::fs::read_to_string(&over).unwrap(), "1");
}
