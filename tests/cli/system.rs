//! `mekong devices` and `mekong doctor`

use serde_json::Value;

use crate::fixture::Desk;

#[test]
fn microphones_are_a_list_even_where_there_is_none() {
    let desk = Desk::empty();
    for device in desk.json(&["devices", "--json"]).as_array().unwrap() {
        assert!(device["id"].is_string() && device["name"].is_string());
    }
    desk.text(&["devices"]);
}

#[test]
fn the_doctor_ends_with_1_exactly_when_something_would_stop_an_interview() {
    let (desk, _) = Desk::with_talks();
    let output = desk.run(&["doctor", "--json"]);
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = told["findings"].as_array().unwrap();
    let bad: Vec<&Value> = findings.iter().filter(|f| f["health"] == "bad").collect();
    assert_eq!(told["ok"], bad.is_empty());
    assert_eq!(output.status.code(), Some(i32::from(!bad.is_empty())));
    assert!(bad.iter().all(|f| f["next"].is_string()), "{told}");
    let store = findings.iter().find(|f| f["name"] == "store").unwrap();
    assert_eq!(store["health"], "good", "{store}");

    std::fs::write(
        desk.workspace().join("store.sqlite3"),
        b"this is no database, but a text",
    )
    .unwrap();
    let output = desk.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("bad      store") && text.contains("next:"),
        "{text}"
    );
}
