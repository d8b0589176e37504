//! `mekong show`

use serde_json::json;

use crate::fixture::{Desk, TALKS};

#[test]
fn the_json_form_has_what_was_promised() {
    let (desk, ids) = Desk::with_talks();
    for (talk, id) in TALKS.iter().zip(&ids) {
        let shown = desk.json(&["show", id, "--json"]);
        assert_eq!(shown["id"], id.as_str());
        assert_eq!(shown["languages"], json!(talk.languages));
        assert_eq!(shown["audio"], json!([]));
        assert!(shown["started"].is_string() && shown["duration_ms"].is_u64());
        for (i, (lang, text, made)) in talk.lines.iter().enumerate() {
            let segment = &shown["segments"][i];
            assert_eq!(segment["id"], i + 1);
            assert_eq!(segment["lang"], *lang);
            assert_eq!(segment["text"], *text);
            assert_eq!(segment["status"], "edited");
            assert_eq!(segment["start_ms"], [1_000, 4_000][i]);
            assert_eq!(segment["end_ms"], [3_000, 6_000][i]);
            assert_eq!(segment["speaker"], ["officer", "interviewee"][i]);
            assert!(segment["flags"].is_array());
            assert_eq!(segment["translations"][0]["text"], *made);
            assert_ne!(segment["translations"][0]["lang"], *lang);
        }
    }
}

#[test]
fn people_see_every_line_with_its_translation_time_and_speaker() {
    let (desk, ids) = Desk::with_talks();
    for (talk, id) in TALKS.iter().zip(&ids) {
        let text = desk.text(&["show", id]);
        for (_, words, made) in talk.lines {
            assert!(text.contains(words) && text.contains(made), "{text}");
        }
        assert!(text.contains("00:00:04.0  interviewee"), "{text}");
    }
}

#[test]
fn showing_again_on_the_same_day_changes_nothing() {
    let (desk, ids) = Desk::with_talks();
    let store = desk.workspace().join("store.sqlite3");
    for id in &ids {
        desk.text(&["show", id]);
    }
    let before = std::fs::read(&store).unwrap();
    for id in &ids {
        desk.text(&["show", id]);
    }
    assert!(std::fs::read(&store).unwrap() == before);
}

#[test]
fn who_looks_at_an_interview_stands_in_its_chain_once_a_day_and_way() {
    use mekong_interview::evidence::{Story, WORKSPACE, read};
    use mekong_interview::store::Store;
    let (desk, ids) = Desk::with_talks();
    let searched = || {
        let store = Store::open(&desk.workspace().join("store.sqlite3")).unwrap();
        let events = read(WORKSPACE, &store.own_chain().unwrap()).unwrap();
        let events = events.into_iter().filter(|e| e.kind == "opened");
        events.map(|e| e.facts).collect::<Vec<_>>()
    };
    let opened = |id: &str| {
        let store = Store::open(&desk.workspace().join("store.sqlite3")).unwrap();
        let id = store.resolve(id).unwrap();
        let (story, check) = Story::of(&id.0, &store.chain(&id).unwrap());
        assert!(check.ok);
        let events = story.events.into_iter().filter(|e| e.kind == "opened");
        events.collect::<Vec<_>>()
    };
    for id in &ids {
        assert!(opened(id).is_empty());
        for _ in 0..3 {
            for command in [
                &["show", id][..],
                &["show", id, "--json"],
                &["history", id, "1"],
            ] {
                assert!(desk.run(command).status.success());
            }
        }
        let told = opened(id);
        for through in ["show", "show --json", "history"] {
            let of = told.iter().filter(|e| e.fact("through") == Some(through));
            // Midnight may lie between them.
            assert!((1..=2).contains(&of.count()), "{told:?}");
        }
        assert!(told.iter().all(|e| e.facts.contains_key("account")));
    }
    // A search that finds nothing gives nothing away.
    assert!(desk.run(&["search", "qqqqqqq"]).status.success());
    assert!(searched().is_empty());
    let word = TALKS[0].lines[0].1;
    for _ in 0..3 {
        desk.text(&["search", word]);
    }
    let told = searched();
    assert!((1..=2).contains(&told.len()), "{told:?}");
    assert_eq!(told[0]["through"], "search");
    assert!(
        !format!("{told:?}").contains(word),
        "the words stay out of it"
    );
    assert_eq!(desk.json(&["verify", &ids[0], "--json"])["ok"], true);
}

#[test]
fn a_unique_beginning_of_an_id_is_enough() {
    let desk = Desk::empty();
    let id = desk.import(&TALKS[0]);
    let shown = desk.json(&["show", &id[..10], "--json"]);
    assert_eq!(shown["id"], id.as_str());
}

#[test]
fn a_beginning_that_fits_several_names_them() {
    let (desk, ids) = Desk::with_talks();
    let told = desk.fails(&["show", "2"]);
    assert!(ids.iter().all(|id| told.contains(id)), "{told}");
}

#[test]
fn a_transcript_says_what_it_was_imported_from() {
    let (desk, ids) = Desk::with_talks();
    let shown = desk.json(&["show", &ids[0], "--json"]);
    assert_eq!(shown["source"], "imported from talk.json");
    assert!(desk.text(&["show", &ids[0]]).contains("talk.json"));
    assert!(desk.text(&["list"]).contains("talk.json"));
}

#[test]
fn an_unknown_id_is_an_error_with_a_next_step() {
    let (desk, _) = Desk::with_talks();
    for id in ["nobody", "", "../../etc/passwd", "' OR 1=1"] {
        desk.fails(&["show", id, "--json"]);
    }
}

#[test]
fn words_cannot_steer_the_terminal() {
    let desk = Desk::empty();
    let words = "A\u{1b}[2J\u{202e}B";
    let document = json!({"segments": [{"start_ms": 0, "lang": "vi", "text": words,
                                        "translations": [{"lang": "zh", "text": "甲"}]}]});
    let file = desk.file("x.json", document.to_string().as_bytes());
    let made = desk.json(&["import", &file, "--languages", "zh,vi", "--json"]);
    let id = made[0]["id"].as_str().unwrap();
    let text = desk.text(&["show", id]);
    assert!(
        !text.contains('\u{1b}') && !text.contains('\u{202e}'),
        "{text:?}"
    );
    // JSON escapes them; what was stored is what came.
    assert_eq!(
        desk.json(&["show", id, "--json"])["segments"][0]["text"],
        words
    );
}
