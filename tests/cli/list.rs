//! `mekong list`

use serde_json::{Value, json};

use crate::common::stderr;
use crate::fixture::Desk;

#[test]
fn an_empty_workspace_is_an_empty_list_and_stays_empty() {
    let desk = Desk::empty();
    assert_eq!(desk.json(&["list", "--json"]), json!([]));
    let output = desk.run(&["list"]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(stderr(&output).contains("No interviews"));
    assert_eq!(
        std::fs::read_dir(desk.workspace()).unwrap().count(),
        0,
        "reading made something"
    );
}

#[test]
fn each_interview_is_one_row_with_its_counts() {
    let (desk, ids) = Desk::with_talks();
    let list = desk.json(&["list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), 3);
    let row = list
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["id"] == ids[0].as_str())
        .unwrap();
    assert_eq!(
        (&row["case"], &row["languages"]),
        (&json!("C-zh"), &json!(["zh", "vi"]))
    );
    assert_eq!((&row["segments"], &row["pending"]), (&json!(2), &json!(0)));
    assert_eq!(row["duration_ms"], 6_000);
    assert!(row["started"].as_str().unwrap().contains('T'));

    let text = desk.text(&["list"]);
    assert!(ids.iter().all(|id| text.contains(id)), "{text}");
    assert!(!text.contains('\u{1b}'), "colours outside a terminal");
}

#[test]
fn a_case_shows_only_its_own() {
    let (desk, ids) = Desk::with_talks();
    let list = desk.json(&["list", "--case", "C-th", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["id"], ids[1].as_str());
    assert_eq!(
        desk.json(&["list", "--case", "nobody's", "--json"]),
        Value::Array(Vec::new())
    );
}

#[test]
fn a_case_is_found_in_any_letters_and_an_unknown_one_is_said() {
    let (desk, ids) = Desk::with_talks();
    let list = desk.json(&["list", "--case", "c-TH", "--json"]);
    assert_eq!(list[0]["id"], ids[1].as_str());
    let output = desk.run(&["list", "--case", "nobody's"]);
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(stderr(&output).contains("No interviews of the case 'nobody's'"));
}

#[cfg(unix)]
#[test]
fn a_database_that_cannot_be_looked_at_is_not_an_empty_workspace() {
    let desk = Desk::empty();
    let store = desk.workspace().join("store.sqlite3");
    std::os::unix::fs::symlink(&store, &store).unwrap();
    let told = desk.fails(&["list"]);
    assert!(!told.contains("No interviews"), "{told}");
}
