//! `mekong read-back`: line by line at a terminal or from a pipe, by scripts, and what is left to read.

use std::io::Write as _;
use std::process::Stdio;

use crate::common::mekong;
use crate::fixture::{Desk, TALKS};

#[test]
fn the_lines_are_read_aloud_one_after_the_other_and_a_slip_is_asked_again() {
    let (desk, ids) = Desk::with_talks();
    let id = ids[0].as_str();
    let mut child = mekong(&desk.workspace())
        .args(["read-back", id, "--by", "N. Lan"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Line 1 is the officer's: its translation is read, and put right. Then a slip, then an answer.
    let typed = "c Tôi tên là Trương Vỹ.\nr\nx\nr tôi không nói vậy\n";
    child
        .stdin
        .take()
        .unwrap()
        .write_all(typed.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    assert!(told.contains(TALKS[0].lines[0].2), "{told}");
    assert!(told.contains(TALKS[0].lines[1].1), "{told}");
    assert!(!told.contains(TALKS[0].lines[0].1), "read in one language");
    assert!(
        told.contains("0 right, 1 corrected, 1 refused, 0 not read"),
        "{told}"
    );
    let status = desk.json(&["read-back", id, "--status", "--json"]);
    assert_eq!(status["answers"][1]["reason"], "tôi không nói vậy");
    assert_eq!(status["answers"][1]["by"], "N. Lan");
    let shown = desk.json(&["show", id, "--json"]);
    let made = &shown["segments"][0]["translations"][0];
    assert_eq!(made["text"], "Tôi tên là Trương Vỹ.");
    assert_eq!(desk.json(&["verify", id, "--json"])["ok"], true);
}

#[test]
fn scripts_answer_one_line_and_a_change_has_to_be_read_again() {
    let (desk, ids) = Desk::with_talks();
    let id = ids[1].as_str();
    let read = |rest: &[&str]| {
        let args = ["read-back", id, "--by", "A", "--json"];
        desk.json(&[&args[..], rest].concat())
    };
    assert_eq!(read(&["--line", "1", "--right"])["right"], 1);
    assert_eq!(
        read(&["--line", "2", "--correct", "ຂ້ອຍຢູ່ວຽງຈັນ"])["corrected"],
        1
    );
    let whole = read(&["--refuse", "ບໍ່ເຊັນ"]);
    assert_eq!(whole["answers"][0]["segment"], serde_json::Value::Null);
    assert_eq!(whole["unread"], 0);
    // The person thinks better of it; a second time there is nothing to take back.
    let back = read(&["--right"]);
    assert_ne!(back["answers"][0]["segment"], serde_json::Value::Null);
    desk.fails(&["read-back", id, "--by", "A", "--right"]);
    // In the officer's language it is another reading.
    let other = read(&["--in", "th", "--line", "1", "--refuse", "ไม่ใช่"]);
    assert_eq!((&other["right"], &other["refused"]), (&0.into(), &1.into()));
    desk.text(&["edit", id, "2", "--text", "ຂ້ອຍຢູ່ປາກເຊ", "--by", "B"]);
    let status = desk.json(&["read-back", id, "--status", "--json"]);
    assert_eq!(
        (&status["corrected"], &status["unread"]),
        (&0.into(), &1.into())
    );
    for wrong in [
        vec!["read-back", id],
        vec!["read-back", id, "--by", "A", "--line", "1"],
        vec![
            "read-back",
            id,
            "--by",
            "A",
            "--line",
            "1",
            "--right",
            "--refuse",
            "x",
        ],
    ] {
        desk.refused(&wrong);
    }
    desk.fails(&["read-back", id, "--by", "A", "--line", "9", "--right"]);
    desk.fails(&["read-back", id, "--by", "A", "--line", "1", "--refuse", " "]);
    desk.refused(&[
        "read-back",
        id,
        "--by",
        "A",
        "--in",
        "my",
        "--line",
        "1",
        "--right",
    ]);
}
