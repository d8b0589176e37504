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

#[test]
fn what_stops_every_other_command_is_a_finding_of_the_doctor() {
    let desk = Desk::empty();
    std::fs::write(desk.workspace().join("config.toml"), "beam = 99").unwrap();
    let examine = |workspace: &std::path::Path| -> Value {
        let output = crate::common::run(workspace, &["doctor", "--json"]);
        assert_eq!(output.status.code(), Some(1));
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let finding = |told: &Value, name: &str| -> Value {
        let all = told["findings"].as_array().unwrap();
        all.iter().find(|f| f["name"] == name).cloned().unwrap()
    };
    let told = examine(&desk.workspace());
    let settings = finding(&told, "settings");
    assert_eq!(settings["health"], "bad");
    assert!(
        settings["detail"]
            .as_str()
            .unwrap()
            .contains("beam must be 1 to 8")
    );
    assert_eq!(finding(&told, "store")["health"], "good");

    let told = examine(&desk.path("missing"));
    assert_eq!(finding(&told, "workspace")["health"], "bad");
    assert!(!desk.path("missing").exists());
    let text = crate::common::run(&desk.path("missing"), &["doctor"]).stdout;
    assert!(String::from_utf8_lossy(&text).starts_with("bad      workspace"));
}
