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

/// Temporary folders below the recordings.
fn scratch(desk: &Desk) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(desk.workspace().join("recordings")) else {
        return Vec::new();
    };
    let paths = entries.map(|e| e.unwrap().path());
    let is_scratch = |path: &std::path::PathBuf| path.to_str().unwrap().contains("/.scratch-");
    paths.filter(is_scratch).collect()
}

/// A command that hears a recording, killed in the middle of it.
fn kill_hearing(desk: &Desk) {
    let sound = crate::common::practice_sound("km-vi");
    let mut child = crate::common::mekong(&desk.workspace())
        .args(["transcribe", &sound, "--language", "km"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while scratch(desk).is_empty() {
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended without a temporary folder");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(scratch(desk).len(), 1);
}

#[test]
fn what_a_killed_command_left_is_removed_by_the_doctor_a_resume_and_an_import() {
    let desk = Desk::empty();
    kill_hearing(&desk);
    let told = desk.run(&["doctor", "--json"]);
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let findings = told["findings"].as_array().unwrap();
    let found = findings.iter().find(|f| f["name"] == "leftovers").unwrap();
    assert_eq!(found["health"], "good", "{found}");
    assert!(
        found["detail"].as_str().unwrap().starts_with("1 leftover "),
        "{found}"
    );
    assert!(scratch(&desk).is_empty());
    kill_hearing(&desk);
    desk.text(&["resume"]);
    assert!(scratch(&desk).is_empty());
    kill_hearing(&desk);
    desk.import(&crate::fixture::TALKS[0]);
    assert!(scratch(&desk).is_empty());
}
