//! `mekong consent`: entered, shown, binding; every refusal says why and what to do.

use std::fs;

use crate::fixture::{Desk, TALKS};

#[test]
fn a_victims_consent_has_safe_defaults_and_binds() {
    let (desk, ids) = Desk::with_talks();
    let id = ids[0].as_str();
    let none = desk.json(&["consent", id, "--json"]);
    assert!(none["consent"].is_null(), "{none}");
    let added = desk.json(&[
        "people",
        "add",
        "张伟",
        "Trương Vĩ",
        "--role",
        "victim",
        "--by",
        "王芳",
        "--json",
    ]);
    let person = added["id"].as_str().unwrap_or_else(|| panic!("{added}"));
    let given = desk.json(&[
        "consent",
        id,
        "--of",
        "victim",
        "--seen-by",
        "agency",
        "--until",
        "2999-12-31",
        "--person",
        person,
        "--by",
        "王芳",
        "--json",
    ]);
    let consent = &given["consent"];
    assert_eq!(consent["pseudonym"], "V1");
    assert_eq!(consent["sound"], false);
    assert_eq!(consent["seen_by"], "agency");
    let out = desk.path("out.txt");
    let out = out.to_str().unwrap();
    let export = ["export", id, "--format", "txt", "--out", out];
    desk.text(&export);
    let text = fs::read_to_string(out).unwrap();
    assert!(text.contains("[V1]"), "{text}");
    assert!(
        !text.contains("张伟") && !text.contains("Trương Vĩ"),
        "{text}"
    );
    assert!(text.contains(TALKS[0].lines[1].1));
    // Without a person of the register nobody knows which names are to be covered.
    desk.text(&[
        "consent",
        id,
        "--of",
        "victim",
        "--seen-by",
        "agency",
        "--by",
        "王芳",
    ]);
    let told = desk.fails(&["export", id, "--format", "csv", "--out", "-"]);
    assert!(
        told.contains("pseudonym only") && told.contains("--redact"),
        "{told}"
    );
    // Taken back: nothing leaves, and an old consent does not come back by itself.
    let back = desk.text(&["consent", id, "--withdraw", "--by", "王芳"]);
    assert!(back.contains("nobody outside"), "{back}");
    let told = desk.fails(&["export", id, "--format", "csv", "--out", "-"]);
    assert!(
        told.contains("taken back") && told.contains("--lift"),
        "{told}"
    );
    // Reading goes on, and says what it is for.
    let read = desk.run(&["show", id]);
    assert!(read.status.success());
    let told = crate::common::stderr(&read);
    assert!(told.contains("for reading here"), "{told}");
    // What one interview's person says binds no other.
    desk.text(&["export", &ids[1], "--format", "csv", "--out", "-"]);
    assert_eq!(desk.json(&["verify", id, "--json"])["ok"], true);
}

#[test]
fn a_transcript_for_a_program_is_bound_as_an_export_is_and_reading_is_not() {
    for talk in TALKS.iter() {
        let desk = Desk::empty();
        let id = desk.import(talk);
        let id = id.as_str();
        let words = talk.lines[0].1;
        let by = ["--by", "王芳"];
        let consent = |what: &[&str]| {
            desk.text(&[&["consent", id], what, &by[..]].concat());
        };
        let bound = |why: &str| {
            let output = desk.run(&["show", id, "--json"]);
            assert_eq!(output.status.code(), Some(1));
            assert!(output.stdout.is_empty());
            let told = crate::common::stderr(&output);
            assert!(
                told.contains(why) && told.contains("mekong export"),
                "{told}"
            );
            assert!(!told.contains(words), "{told}");
            assert!(desk.text(&["show", id]).contains(words));
        };
        consent(&["--of", "witness", "--seen-by", "agency"]);
        let open = desk.run(&["show", id]);
        let told = crate::common::stderr(&open);
        assert!(!told.contains("for reading here"), "{told}");
        assert_eq!(
            desk.json(&["show", id, "--json"])["segments"][0]["text"],
            words
        );
        consent(&["--of", "victim", "--seen-by", "agency"]);
        bound("pseudonym only");
        let ended = [
            "--of",
            "witness",
            "--seen-by",
            "agency",
            "--until",
            "2020-01-31",
        ];
        consent(&ended);
        bound("consent ended on 2020-01-31");
        consent(&["--withdraw"]);
        bound("taken back");
        // What was refused gave nothing away, so only the reading and the one that was allowed are noted.
        let checked = desk.json(&["verify", id, "--json"]);
        assert_eq!(checked["ok"], true, "{checked}");
    }
}

#[test]
fn what_is_typed_wrongly_is_refused() {
    let (desk, ids) = Desk::with_talks();
    let id = ids[0].as_str();
    for args in [
        vec!["consent", id, "--of", "victim"],
        vec!["consent", id, "--of", "victim", "--seen-by", "agency"],
        vec!["consent", id, "--seen-by", "agency", "--by", "A"],
        vec!["consent", id, "--withdraw"],
        vec!["consent", id, "--withdraw", "--by", "A"],
        vec![
            "consent",
            id,
            "--of",
            "witness",
            "--seen-by",
            "agency",
            "--by",
            "A",
            "--until",
            "soon",
        ],
    ] {
        desk.refused(&args);
    }
    let nobody = [
        "consent",
        id,
        "--of",
        "witness",
        "--seen-by",
        "Nobody Here",
        "--by",
        "A",
    ];
    assert!(desk.fails(&nobody).contains("no key"));
    let person = [
        "consent",
        id,
        "--of",
        "witness",
        "--seen-by",
        "agency",
        "--by",
        "A",
        "--person",
        "p99",
    ];
    desk.fails(&person);
    let hidden = [
        "consent",
        id,
        "--of",
        "witness",
        "--seen-by",
        "agency",
        "--by",
        "A",
        "--pseudonym",
        " ",
    ];
    assert!(desk.fails(&hidden).contains("pseudonym"));
    assert!(desk.json(&["consent", id, "--json"])["consent"].is_null());
}
