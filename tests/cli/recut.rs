//! `mekong recut`

use crate::fixture::{Desk, TALKS};

#[test]
fn a_line_is_parted_and_joined_and_both_are_taken_back() {
    let (desk, ids) = Desk::with_talks();
    for (talk, id) in TALKS.iter().zip(&ids) {
        let (lang, said, _) = talk.lines[0];
        let shown = || desk.json(&["show", id, "--json"])["segments"].clone();
        let before = shown();
        let done = desk.json(&[
            "recut",
            "split",
            id,
            "1",
            "--at",
            "2000",
            "--by",
            "Lan",
            "--reason",
            "two voices",
            "--json",
        ]);
        assert_eq!(
            (&done["kind"], &done["number"]),
            (&"split".into(), &1.into()),
            "{lang}"
        );
        let lines = shown();
        let parts: Vec<&str> = (0..2).map(|n| lines[n]["text"].as_str().unwrap()).collect();
        let seams = |text: &str| text.replace(' ', "");
        assert_eq!(seams(&parts.concat()), seams(said), "{lang}");
        let times: Vec<_> = (0..2)
            .map(|n| (lines[n]["start_ms"].as_u64(), lines[n]["end_ms"].as_u64()))
            .collect();
        assert_eq!(
            times,
            [(Some(1_000), Some(2_000)), (Some(2_000), Some(3_000))]
        );
        let history = desk.json(&["history", id, "1", "--json"]);
        assert!(
            history.to_string().contains(said),
            "the whole line stays readable"
        );
        let found = desk.json(&["search", &format!("\"{}\"", parts[0]), "--json"]);
        let hits = found["hits"].as_array().unwrap();
        assert!(hits.iter().all(|h| h["segment"] != 1), "{lang}: {found}");

        desk.text(&["recut", "merge", id, "3", "--by", "Lan"]);
        assert_eq!(seams(shown()[0]["text"].as_str().unwrap()), seams(said));
        desk.text(&["recut", "undo", id, "2", "--by", "Lan"]);
        desk.text(&["recut", "undo", id, "1", "--by", "Lan"]);
        assert_eq!(shown(), before, "{lang}");
        let all = desk.text(&["recut", "list", id]);
        assert!(
            all.contains("two voices") && all.contains("undo of 2"),
            "{all}"
        );
        assert_eq!(desk.json(&["verify", id, "--json"])["ok"], true, "{lang}");
    }
}

#[test]
fn a_line_is_moved() {
    let (desk, ids) = Desk::with_talks();
    desk.text(&[
        "recut", "retime", &ids[0], "1", "--start", "900", "--by", "Lan",
    ]);
    let line = desk.json(&["show", &ids[0], "--json"])["segments"][0].clone();
    assert_eq!(
        (&line["start_ms"], &line["end_ms"]),
        (&900.into(), &3_000.into())
    );
}
