//! `mekong speaker` and `mekong again`

use serde_json::json;

use crate::common::practice_sound;
use crate::fixture::{Desk, TALKS};

#[test]
fn another_speaker_is_added_and_the_one_before_stays_in_the_record() {
    let (desk, ids) = Desk::with_talks();
    for (talk, id) in TALKS.iter().zip(&ids) {
        let (lang, said, _) = talk.lines[0];
        let speaker = ["speaker", id, "1", "--to", "interpreter", "--by", "Lan"];
        let done = desk.json(&[&speaker[..], &["--reason", "her voice", "--json"]].concat());
        assert_eq!(
            (&done["speaker"], &done["lines"]),
            (&json!("interpreter"), &json!(1)),
            "{lang}"
        );
        let shown = desk.json(&["show", id, "--json"]);
        assert_eq!(shown["segments"][0]["speaker"], "interpreter", "{lang}");
        assert_eq!(shown["segments"][1]["speaker"], "interviewee", "{lang}");
        let found = |who: &str| {
            let quoted = format!("\"{said}\"");
            let hits = desk.json(&["search", &quoted, "--speaker", who, "--json"]);
            hits["hits"].as_array().unwrap().len()
        };
        assert_eq!((found("interpreter"), found("officer")), (1, 0), "{lang}");
        let history = desk.json(&["history", id, "1", "--json"]);
        let last = history.as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["of"], "speaker");
        assert_eq!(
            (&last["text"], &last["author"]),
            (&json!("interpreter"), &json!("Lan"))
        );
        assert_eq!(last["reason"], "her voice");
        let verdict = desk.json(&["verify", id, "--json"]);
        assert_eq!(verdict["ok"], true, "{lang}: {verdict}");
        // The same once more is no change; nobody may say it without a name.
        let told = desk.fails(&speaker);
        assert!(told.contains("next:"), "{told}");
    }
}

#[test]
fn all_lines_of_a_speaker_are_renamed_at_once() {
    let desk = Desk::empty();
    let lines: Vec<_> = (0..6)
        .map(|at| {
            json!({"start_ms": at * 1_000, "end_ms": at * 1_000 + 900, "lang": "lo",
                "speaker": if at % 2 == 0 { "voice 1" } else { "voice 2" }, "text": format!("ຄຳ {at}")})
        })
        .collect();
    let file = desk.file(
        "talk.json",
        json!({ "segments": lines }).to_string().as_bytes(),
    );
    let done = desk.json(&["import", &file, "--languages", "lo,zh", "--json"]);
    let id = done[0]["id"].as_str().unwrap();
    desk.text(&["speaker", id, "3", "--to", "ສົມພອນ", "--all", "--by", "Noy"]);
    let shown = desk.json(&["show", id, "--json"]);
    let speakers: Vec<&str> = (0..6)
        .map(|at| shown["segments"][at]["speaker"].as_str().unwrap())
        .collect();
    let (a, b) = ("ສົມພອນ", "voice 2");
    assert_eq!(speakers, [a, b, a, b, a, b]);
    let told = desk.fails(&["speaker", id, "1", "--to", &"ກ".repeat(301), "--by", "Noy"]);
    assert!(told.contains("three hundred"), "{told}");
}

#[test]
fn a_line_is_heard_in_another_language_and_translated_once_more_beside_what_was_there() {
    let desk = Desk::empty();
    let sound = practice_sound("zh-vi");
    let done = desk.json(&["import", &sound, "--languages", "zh,vi", "--json"]);
    let id = done[0]["id"].as_str().unwrap();
    let line = || desk.json(&["show", id, "--json"])["segments"][0].clone();
    let before = line();
    let (own, other) = match before["lang"].as_str().unwrap() {
        "zh" => ("zh", "vi"),
        _ => ("vi", "zh"),
    };
    let again = |what: &[&str]| {
        let fixed = [
            "again", id, "1", "--by", "Lan", "--reason", "unclear", "--json",
        ];
        desk.json(&[&fixed[..], what].concat())
    };
    let done = again(&["--language", other, "--model", "practice-asr"]);
    assert_eq!((&done["count"], &done["beside"]), (&json!(1), &json!(0)));
    let heard = line();
    assert_eq!(
        heard["lang"], other,
        "what counts is the newest of the machine's"
    );
    assert_eq!(heard["status"], "machine");
    let translations = heard["translations"].as_array().unwrap();
    assert!(
        translations.iter().any(|t| t["lang"] == own),
        "it is translated too"
    );
    // Back in its own language it reads as at first.
    again(&["--language", own]);
    assert_eq!(line()["text"], before["text"]);
    // A person's words go on to count; the machine's stand beside them.
    desk.text(&["edit", id, "1", "--text", "句子", "--by", "Lan"]);
    let done = again(&["--language", own]);
    assert_eq!((&done["count"], &done["beside"]), (&json!(0), &json!(1)));
    assert_eq!(line()["text"], "句子");
    let done = again(&["--to", other, "--model", "practice-mt"]);
    assert_eq!(done["count"], 1);
    let history = desk.json(&["history", id, "1", "--json"]);
    let history = history.as_array().unwrap();
    let asked: Vec<_> = history
        .iter()
        .filter(|v| v["reason"] == "Lan: unclear")
        .collect();
    assert_eq!(asked.len(), 4, "{history:?}");
    let verdict = desk.json(&["verify", id, "--json"]);
    assert_eq!(verdict["ok"], true, "{verdict}");
    for wrong in [
        &["again", id, "1", "--by", "Lan"][..],
        &[
            "again",
            id,
            "1",
            "--language",
            "zh",
            "--to",
            "vi",
            "--by",
            "Lan",
        ],
    ] {
        assert_eq!(desk.run(wrong).status.code(), Some(2), "{wrong:?}");
    }
    let told = desk.fails(&["again", id, "1", "--to", own, "--by", "Lan"]);
    assert!(told.contains("another language"), "{told}");
    desk.fails(&["again", id, "99", "--language", own, "--by", "Lan"]);
    desk.fails(&[
        "again",
        id,
        "1",
        "--language",
        own,
        "--model",
        "none",
        "--by",
        "Lan",
    ]);
}

#[test]
fn a_line_translated_again_has_the_terms_of_its_case() {
    let desk = Desk::empty();
    let line = json!({"start_ms": 0, "end_ms": 900, "lang": "zh", "text": "护照号码是E12345678。"});
    let talk = json!({ "segments": [line] }).to_string();
    let file = desk.file("talk.json", talk.as_bytes());
    let import = ["import", &file, "--languages", "zh,vi", "--case", "C-zh"];
    let done = desk.json(&[&import[..], &["--json"]].concat());
    let id = done[0]["id"].as_str().unwrap();
    let glossaries = desk.workspace().join("glossaries");
    std::fs::create_dir_all(&glossaries).unwrap();
    let table =
        "id,zh,vi,case\nown,护照号码,mã số sổ thông hành,C-zh\nother,护照号码,số giấy,C-th\n";
    std::fs::write(glossaries.join("own.csv"), table).unwrap();
    let again = ["again", id, "1", "--to", "vi", "--by", "Lan"];
    desk.json(&[&again[..], &["--model", "practice-mt", "--json"]].concat());
    let shown = desk.json(&["show", id, "--json"]);
    let terms = shown["segments"][0]["translations"].to_string();
    assert!(
        terms.contains("mã số sổ thông hành") && !terms.contains("số giấy"),
        "{terms}"
    );
}
