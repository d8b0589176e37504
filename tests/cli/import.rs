//! `mekong import` of transcripts

use std::fs::{self, File};

use serde_json::{Value, json};

use crate::common::stderr;
use crate::fixture::{Desk, TALKS, files};

const SRT: &str = "1\n00:00:01,000 --> 00:00:02,500\n[zh] 您好\n[vi] Xin chào\n";
const VTT: &str = "WEBVTT\n\n00:01.000 --> 00:02.500\n<v officer>[zh] 您好\n[vi] Xin chào\n";
const CSV: &str =
    "start_ms,end_ms,speaker,lang,text,translation_vi\n1000,2500,officer,zh,您好,Xin chào\n";

#[test]
fn the_json_form_names_each_file_and_its_interview() {
    let desk = Desk::empty();
    let file = desk.file("talk.json", TALKS[0].document().to_string().as_bytes());
    let told = desk.json(&["import", &file, "--languages", "zh,vi", "--json"]);
    assert_eq!(told.as_array().unwrap().len(), 1);
    assert_eq!(told[0]["source"], file.as_str());
    assert_eq!(
        (&told[0]["utterances"], &told[0]["notes"]),
        (&json!(2), &json!([]))
    );
    assert!(told[0].get("error").is_none());
    let id = told[0]["id"].as_str().unwrap();
    assert!(desk.text(&["list"]).contains(id));
}

#[test]
fn every_form_of_transcript_gives_the_same_interview() {
    let desk = Desk::empty();
    for (name, text) in [
        ("a.srt", SRT),
        ("a.vtt", VTT),
        ("a.csv", CSV),
        ("B.SRT", SRT),
    ] {
        // Windows' line ends and a byte order mark change nothing.
        for text in [
            text.to_owned(),
            format!("\u{feff}{}", text.replace('\n', "\r\n")),
        ] {
            let file = desk.file(name, text.as_bytes());
            let told = desk.json(&["import", &file, "--languages", "zh,vi", "--json", "--again"]);
            let shown = desk.json(&["show", told[0]["id"].as_str().unwrap(), "--json"]);
            let line = &shown["segments"][0];
            assert_eq!(
                (
                    &line["start_ms"],
                    &line["end_ms"],
                    &line["lang"],
                    &line["text"]
                ),
                (&json!(1_000), &json!(2_500), &json!("zh"), &json!("您好")),
                "{name}"
            );
            assert_eq!(line["translations"][0]["text"], "Xin chào");
        }
    }
}

#[test]
fn a_transcript_that_is_held_already_is_not_stored_twice_by_accident() {
    let desk = Desk::empty();
    let import = |name: &str, more: &[&str]| -> Value {
        let file = desk.file(name, SRT.as_bytes());
        let args = [
            &["import", &file, "--languages", "zh,vi", "--json"][..],
            more,
        ];
        desk.json(&args.concat())[0].clone()
    };
    let first = import("a.srt", &[]);
    assert_eq!(first["already"], false);
    let second = import("another name.srt", &[]);
    assert_eq!(
        (&second["id"], &second["already"]),
        (&first["id"], &json!(true))
    );
    let third = import("a.srt", &["--again"]);
    assert_eq!(third["already"], false);
    assert_ne!(third["id"], first["id"]);
    assert_eq!(desk.json(&["list", "--json"]).as_array().unwrap().len(), 2);
}

#[test]
fn people_are_given_the_id() {
    let desk = Desk::empty();
    let file = desk.file("a.srt", SRT.as_bytes());
    let text = desk.text(&["import", &file, "--languages", "zh,vi"]);
    let id = text.split_whitespace().next().unwrap();
    assert_eq!(desk.json(&["list", "--json"])[0]["id"], id);
}

#[test]
fn a_bad_file_leaves_nothing_and_does_not_stop_the_others() {
    let desk = Desk::empty();
    let bad = desk.file(
        "bad.srt",
        b"1\n00:00:09,000 --> 00:00:02,000\nsecret words\n",
    );
    let wide: Vec<u8> = SRT.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = desk.file("wide.srt", &wide);
    let fine = desk.file("good.srt", SRT.as_bytes());
    let args = [
        "import",
        &bad,
        &wide,
        &fine,
        "--languages",
        "zh,vi",
        "--json",
    ];
    let output = desk.run(&args);
    assert_eq!(output.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(told[0]["error"].as_str().unwrap().contains("line 2"));
    assert!(told[1]["error"].as_str().unwrap().contains("UTF-16"));
    assert!(told[0]["id"].is_null() && told[2]["id"].is_string());
    assert!(!stderr(&output).contains("secret"), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("2 of 3 files"),
        "{}",
        stderr(&output)
    );
    assert_eq!(desk.json(&["list", "--json"]).as_array().unwrap().len(), 1);

    let alone = desk.fails(&["import", &bad, "--languages", "zh,vi"]);
    assert!(alone.contains("the end is before the start"), "{alone}");
}

#[test]
fn damaged_files_are_named_errors() {
    let desk = Desk::empty();
    for (name, bytes) in [
        ("empty.json", &b""[..]),
        ("list.json", b"[1,2]"),
        ("cut.json", b"{\"segments\":[{\"start_ms\":1,"),
        (
            "legacy.srt",
            b"1\n00:00:01,000 --> 00:00:02,000\n\xc4\xe3\xba\xc3\n",
        ),
        ("picture.vtt", b"\x89PNG\r\n\x1a\n\0\0"),
        ("columns.csv", b"a,b\n1,2\n"),
        ("silent.srt", b"1\n00:00:01,000 --> 00:00:02,000\n\n"),
    ] {
        let file = desk.file(name, bytes);
        desk.fails(&["import", &file, "--languages", "zh,vi"]);
    }
    desk.fails(&["import", "/nowhere/at-all.srt", "--languages", "zh,vi"]);
    assert_eq!(desk.json(&["list", "--json"]), json!([]));
}

#[test]
fn a_wrong_command_line_is_refused_before_anything_is_done() {
    let desk = Desk::empty();
    let file = desk.file("a.srt", SRT.as_bytes());
    for args in [
        &["import", &file][..],
        &["import", "--languages", "zh,vi"],
        &["import", &file, "--languages", "zh"],
        &["import", &file, "--languages", "zh,zh"],
        &["import", &file, "--languages", "zh,en"],
        &["import", &file, "--languages", "zh,xx"],
        &[
            "import",
            &file,
            "--languages",
            "zh,vi",
            "--channels",
            "officer=th",
        ],
        &[
            "import",
            &file,
            "--languages",
            "zh,vi",
            "--channels",
            "officer",
        ],
    ] {
        desk.refused(args);
    }
    assert_eq!(files(&desk.workspace()), []);
}

#[test]
fn while_another_process_works_an_import_says_so_and_reading_goes_on() {
    let (desk, ids) = Desk::with_talks();
    let lock = File::options()
        .write(true)
        .open(desk.workspace().join(".mekong-lock"))
        .unwrap();
    lock.lock().unwrap();
    let file = desk.file("a.srt", SRT.as_bytes());
    let told = desk.fails(&["import", &file, "--languages", "zh,vi"]);
    assert!(told.contains("another mekong"), "{told}");
    desk.text(&["show", &ids[0]]);
    desk.text(&["edit", &ids[0], "1", "--text", "我姓张。", "--by", "A"]);
    drop(lock);
    desk.text(&["import", &file, "--languages", "zh,vi"]);
}

#[test]
fn a_source_is_only_read() {
    let desk = Desk::empty();
    let file = desk.file("a.srt", SRT.as_bytes());
    desk.text(&["import", &file, "--languages", "zh,vi"]);
    assert_eq!(fs::read_to_string(file).unwrap(), SRT);
}
