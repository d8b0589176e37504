//! `mekong models` and `mekong glossary`

use crate::fixture::{Desk, files};

#[test]
fn a_listed_model_is_found_and_a_changed_file_is_named() {
    let desk = Desk::empty();
    let folder = desk.workspace().join("models/small");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("model.bin"), b"weights").unwrap();
    let sha256 = "9a129df2a9d0ea83aa2f2a89bf68d5cbb3aa8f21a3a5a1b5c5e1fd9d4a6a1c3e";
    let card = format!(
        "name='small'\nkind='whisper-ggml'\nlanguages=['lo']\nlicense='MIT'\nsource='here'\n\
         [[files]]\npath='model.bin'\nbytes=7\nsha256='{sha256}'\n"
    );
    std::fs::write(folder.join("model.toml"), card).unwrap();
    let list = desk.json(&["models", "list", "--json"]);
    let small = list["models"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["name"] == "small")
        .unwrap();
    assert_eq!(
        (&small["bytes"], &small["purpose"]),
        (&7.into(), &"speech".into())
    );
    assert!(desk.text(&["models", "list"]).contains("small"));

    let output = desk.run(&["models", "check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let checked: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(checked["ok"], false);
    let small = checked["models"]
        .as_array()
        .unwrap()
        .iter()
        .find(|m| m["name"] == "small")
        .unwrap();
    assert!(
        small["error"].as_str().unwrap().contains("SHA-256"),
        "{small}"
    );
    desk.fails(&["models", "check"]);
}

#[test]
fn a_folder_that_is_no_model_is_not_imported() {
    let desk = Desk::empty();
    let folder = desk.path("folder");
    std::fs::create_dir(&folder).unwrap();
    desk.fails(&["models", "import", folder.to_str().unwrap()]);
    desk.fails(&["models", "import", "/nowhere/at/all"]);
    assert_eq!(files(&desk.workspace()), []);
}

#[test]
fn a_glossary_that_is_not_valid_is_not_imported() {
    let desk = Desk::empty();
    let bad = desk.file("bad.csv", b"\xff\xfe\0\0");
    desk.fails(&["glossary", "import", &bad]);
    desk.fails(&["glossary", "import", "/nowhere/at/all.csv"]);
    desk.fails(&[
        "glossary",
        "export",
        desk.path("x.csv").to_str().unwrap(),
        "--name",
        "none",
    ]);
    assert!(!desk.path("x.csv").exists());
    assert!(desk.json(&["glossary", "list", "--json"]).is_array());
}
