//! `mekong voices`: two people on one channel.

use serde_json::{Value, json};

use crate::fixture::Desk;
use crate::one_channel::{by_script, one_channel, script};

/// Lines of each person of which it is said who speaks.
const SAID: usize = 5;

#[test]
fn two_people_on_one_channel_are_told_apart_once_a_person_said_who_is_who() {
    let desk = Desk::empty();
    let file = desk.file("one.wav", &one_channel("km-vi"));
    let done = desk.json(&["import", &file, "--languages", "km,vi", "--json"]);
    let id = done[0]["id"].as_str().unwrap();
    let told = desk.fails(&["voices", id]);
    assert!(told.contains("next:"), "{told}");

    let script = script("km-vi");
    let who_speaks = |line: &Value| {
        let ms = |key: &str| line[key].as_i64().unwrap();
        by_script(&script, (ms("start_ms") + ms("end_ms")) / 2)
    };
    let lines = |desk: &Desk| -> Vec<Value> {
        let shown = desk.json(&["show", id, "--json"]);
        shown["segments"].as_array().unwrap().clone()
    };
    let mut said: Vec<Value> = Vec::new();
    for who in ["officer", "interviewee"] {
        let own = lines(&desk).into_iter();
        for line in own.filter(|l| who_speaks(l) == who).take(SAID) {
            let number = line["id"].to_string();
            desk.text(&["speaker", id, &number, "--to", who, "--by", "Lan"]);
            said.push(line["id"].clone());
        }
    }

    let found = desk.json(&["voices", id, "--json"]);
    assert_eq!(found["known"], json!(["interviewee", "officer"]));
    let suggested = found["suggested"].as_array().unwrap();
    assert!(suggested.len() >= 8, "{found}");
    let before = lines(&desk);
    let right = suggested.iter().filter(|s| {
        assert!(!said.contains(&s["segment"]), "what a person said stands");
        let line = before.iter().find(|l| l["id"] == s["segment"]).unwrap();
        s["speaker"] == who_speaks(line)
    });
    let right = right.count();
    assert!(right * 10 >= suggested.len() * 9, "{right}: {found}");
    assert_eq!(found["kept"], 0);

    desk.refused(&["voices", id, "--keep"]);
    let kept = desk.json(&["voices", id, "--keep", "--by", "Lan", "--json"]);
    assert_eq!(kept["kept"], suggested.len());
    for s in suggested {
        let after = lines(&desk).into_iter();
        let line = after.into_iter().find(|l| l["id"] == s["segment"]).unwrap();
        assert_eq!(line["speaker"], s["speaker"]);
    }
    // What was suggested by voice is not what the voices are learnt from.
    let again = desk.json(&["voices", id, "--json"]);
    assert_eq!(again["suggested"], json!([]));
    assert_eq!(desk.json(&["verify", id, "--json"])["ok"], true);
}
