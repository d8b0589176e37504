//! What the program says when something is wrong: plain words, the path last, and a next step that
//! fits what was typed.

use std::fs;

use crate::common::{assert_helpful_failure, mekong, root, stderr};
use crate::fixture::Desk;

#[test]
fn force_does_not_replace_what_is_no_file() {
    let (desk, ids) = Desk::with_talks();
    let folder = desk.path("folder");
    fs::create_dir(&folder).unwrap();
    for out in [folder.to_str().unwrap(), "/dev/null"] {
        let args = ["export", &ids[0], "--format", "txt", "--out", out];
        let told = desk.fails(&[&args[..], &["--force"]].concat());
        assert!(told.contains("not a file that can be written"), "{told}");
        assert!(!told.contains("--force"), "{told}");
    }
    assert!(folder.is_dir());
}

#[test]
fn listing_microphones_says_nothing_of_sound_servers() {
    let output = Desk::empty().run(&["devices"]);
    let told = stderr(&output);
    let no_microphone = told.starts_with("This machine has no microphone");
    assert!(
        told.is_empty() || no_microphone && told.lines().count() == 1,
        "{told}"
    );
}

#[test]
fn a_wrong_command_line_is_answered_with_the_usage_of_its_verb() {
    let desk = Desk::empty();
    for (args, usage) in [
        (
            &["translate", "--from", "vi", "--to", "vi", "x"][..],
            "Usage: mekong translate ",
        ),
        (
            &["people", "note", "x", "--by", "y"],
            "Usage: mekong people note ",
        ),
        (
            &["bundle", "x", "--to", "none", "--out", "f"],
            "Usage: mekong bundle ",
        ),
    ] {
        desk.refused(args);
        let told = stderr(&desk.run(args));
        assert!(told.contains(usage), "{told}");
    }
}

#[test]
fn a_misspelt_path_does_not_become_a_row_of_folders() {
    let desk = Desk::empty();
    let place = desk.path("none/practice");
    let told = desk.fails(&["demo", "--keep", place.to_str().unwrap()]);
    assert!(told.contains("should stand in is not there"), "{told}");
    assert!(!desk.path("none").exists());
}

#[test]
fn a_wrong_kit_is_told() {
    let desk = Desk::empty();
    let wrong = desk.path("").to_str().unwrap().to_owned();
    let run = |args: &[&str]| {
        let mut command = mekong(&desk.workspace());
        command
            .env("MEKONG_KIT", &wrong)
            .args(args)
            .output()
            .unwrap()
    };
    let listed = run(&["list"]);
    let told = stderr(&listed);
    assert!(
        listed.status.success() && told.contains("MEKONG_KIT"),
        "{told}"
    );
    assert!(told.contains(&wrong), "{told}");
    let found = run(&["doctor"]).stdout;
    let found = String::from_utf8(found).unwrap();
    assert!(
        found.contains("warning  kit          MEKONG_KIT"),
        "{found}"
    );
    let told = stderr(&desk.run(&["list"]));
    assert!(!told.contains("MEKONG_KIT"), "{told}");
}

#[test]
fn a_workspace_that_is_a_file_is_not_said_to_be_missing() {
    let desk = Desk::empty();
    let file = desk.file("case.txt", b"notes");
    let output = mekong(file.as_ref()).arg("list").output().unwrap();
    assert_helpful_failure(&output, "list");
    let told = stderr(&output);
    assert!(
        told.contains("this is a file") && told.contains(&file),
        "{told}"
    );
    assert_eq!(fs::read(&file).unwrap(), b"notes");
}

#[test]
fn a_damaged_database_is_named() {
    let (desk, _) = Desk::with_talks();
    let store = desk.workspace().join("store.sqlite3");
    let mut bytes = fs::read(&store).unwrap();
    // Behind the first page, which tells whose database it is.
    bytes[4096..].fill(0x5a);
    fs::write(&store, &bytes).unwrap();
    let told = desk.fails(&["list"]);
    let first = told.lines().next().unwrap();
    assert!(
        first.contains("the interview database is damaged"),
        "{told}"
    );
    assert!(first.ends_with(store.to_str().unwrap()), "{told}");
    assert_eq!(fs::read(&store).unwrap(), bytes);
}

#[test]
fn plain_words_stand_before_those_of_a_reader_of_sound() {
    let desk = Desk::empty();
    let sound = root().join("tests/fixtures/audio/bad-one-bit.wav");
    let sound = sound.to_str().unwrap();
    let told = desk.fails(&["import", sound, "--languages", "zh,vi"]);
    assert!(told.contains("a form this program cannot read ("), "{told}");
    assert!(told.lines().next().unwrap().ends_with(sound), "{told}");
}
