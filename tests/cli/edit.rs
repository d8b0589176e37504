//! `mekong edit` and `mekong history`

use std::process::Stdio;

use serde_json::json;

use crate::common::mekong;
use crate::fixture::{Desk, TALKS};

#[test]
fn a_correction_is_a_new_version_and_the_old_words_stay() {
    let (desk, ids) = Desk::with_talks();
    for (talk, id) in TALKS.iter().zip(&ids) {
        let (lang, old, _) = talk.lines[0];
        let new = format!("{old} {old}");
        let args = [
            "edit", id, "1", "--text", &new, "--by", "Nguyễn", "--reason", "misheard",
        ];
        assert!(desk.text(&args).contains("version 2"));
        assert_eq!(
            desk.json(&["show", id, "--json"])["segments"][0]["text"],
            new.as_str()
        );

        let versions = desk.json(&["history", id, "1", "--json"]);
        let said: Vec<_> = versions
            .as_array()
            .unwrap()
            .iter()
            .filter(|v| v["lang"] == lang)
            .collect();
        assert_eq!(
            (&said[0]["version"], &said[0]["text"]),
            (&json!(1), &json!(old))
        );
        let last = said.last().unwrap();
        assert_eq!((&last["version"], &last["text"]), (&json!(2), &json!(new)));
        assert_eq!(
            (&last["author"], &last["reason"]),
            (&json!("Nguyễn"), &json!("misheard"))
        );
        assert_eq!(last["status"], "edited");
        let text = desk.text(&["history", id, "1"]);
        assert!(
            text.contains(old) && text.contains("because misheard"),
            "{text}"
        );
        let shown = desk.text(&["show", id]);
        assert!(shown.contains("of an earlier version"), "{shown}");
    }
}

#[test]
fn a_translation_is_corrected_by_itself() {
    let (desk, ids) = Desk::with_talks();
    let new = "ໃສ?";
    desk.text(&[
        "edit",
        &ids[1],
        "1",
        "--translation",
        new,
        "--to",
        "lo",
        "--by",
        "Noy",
    ]);
    let shown = desk.json(&["show", &ids[1], "--json"]);
    let line = &shown["segments"][0];
    assert_eq!(line["text"], TALKS[1].lines[0].1);
    assert_eq!(line["translations"][0]["text"], new);
}

#[test]
fn what_changes_nothing_or_names_nothing_is_an_error() {
    let (desk, ids) = Desk::with_talks();
    let same = TALKS[0].lines[0].1;
    desk.fails(&["edit", &ids[0], "1", "--text", same, "--by", "A"]);
    desk.fails(&["edit", &ids[0], "99", "--text", "x", "--by", "A"]);
    desk.fails(&["edit", "nobody", "1", "--text", "x", "--by", "A"]);
    desk.fails(&["history", &ids[0], "99"]);
    desk.refused(&["edit", &ids[0], "1", "--by", "A"]);
    desk.refused(&["edit", &ids[0], "1", "--text", "x"]);
    desk.refused(&["edit", &ids[0], "1", "--text", "", "--by", "A"]);
    desk.refused(&["edit", &ids[0], "one", "--text", "x", "--by", "A"]);
    assert_eq!(
        desk.json(&["show", &ids[0], "--json"])["segments"][0]["text"],
        same
    );
}

#[test]
fn words_that_nobody_can_see_are_refused() {
    let (desk, ids) = Desk::with_talks();
    for blank in [" ", "\t\n", "\u{3000}", "\u{200b}\u{feff}"] {
        desk.refused(&["edit", &ids[0], "1", "--text", blank, "--by", "A"]);
        desk.refused(&["edit", &ids[0], "1", "--translation", blank, "--by", "A"]);
    }
    let versions = desk.json(&["history", &ids[0], "1", "--json"]);
    assert_eq!(versions.as_array().unwrap().len(), 2, "{versions}");
}

#[test]
fn a_persons_translation_of_older_words_is_marked_in_every_form() {
    let (desk, ids) = Desk::with_talks();
    let id = &ids[0];
    let edited = desk.json(&[
        "edit",
        id,
        "1",
        "--text",
        "我姓张。",
        "--by",
        "Li",
        "--json",
    ]);
    assert_eq!(
        (&edited["segment"], &edited["version"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        (&edited["stale"], &edited["pending"]),
        (&json!(["vi"]), &json!([]))
    );
    assert!(
        desk.text(&["show", id])
            .contains("stale (of an earlier version")
    );
    for form in ["txt", "json", "csv", "srt", "vtt"] {
        let text = desk.text(&["export", id, "--format", form, "--out", "-"]);
        assert_eq!(text.matches("stale").count().min(1), 1, "{form}: {text}");
    }
    let args = [
        "edit",
        id,
        "1",
        "--translation",
        "Tôi họ Trương.",
        "--by",
        "Lan",
    ];
    assert!(desk.text(&args).contains("translation version 2"));
    assert!(!desk.text(&["show", id]).contains("stale"));
    let versions = desk.json(&["history", id, "1", "--json"]);
    let of = |kind: &str| {
        let all = versions.as_array().unwrap().iter();
        let own = all.filter(|v| v["of"] == kind);
        own.map(|v| v["author"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(of("text"), ["imported from talk.json", "Li"]);
    assert_eq!(of("translation"), ["imported from talk.json", "Lan"]);
}

#[test]
fn a_wrong_language_is_told_before_the_text_is_stored() {
    let (desk, ids) = Desk::with_talks();
    desk.fails(&[
        "edit",
        &ids[0],
        "1",
        "--text",
        "新",
        "--translation",
        "x",
        "--to",
        "km",
        "--by",
        "A",
    ]);
    assert_eq!(
        desk.json(&["history", &ids[0], "1", "--json"])
            .as_array()
            .unwrap()
            .len(),
        2
    );
}

#[test]
fn two_processes_that_edit_at_once_lose_nothing() {
    let (desk, ids) = Desk::with_talks();
    let edit = |line: &str, round: usize| {
        mekong(&desk.workspace())
            .args([
                "edit",
                &ids[0],
                line,
                "--text",
                &format!("{line}-{round}"),
                "--by",
                "A",
            ])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    for round in 0..5 {
        let (mut first, mut second) = (edit("1", round), edit("2", round));
        assert!(first.wait().unwrap().success() && second.wait().unwrap().success());
    }
    for line in ["1", "2"] {
        let versions = desk.json(&["history", &ids[0], line, "--json"]);
        for round in 0..5 {
            let text = format!("{line}-{round}");
            assert!(
                versions
                    .as_array()
                    .unwrap()
                    .iter()
                    .any(|v| v["text"] == text.as_str())
            );
        }
    }
}
