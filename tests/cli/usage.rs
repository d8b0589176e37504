//! What every verb has in common: help, workspaces, exit codes

use std::fs;
use std::process::Command;

use crate::common::{root, stderr};
use crate::fixture::{Desk, files};

/// The program with nothing but what the test gives it.
fn bare() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mekong"));
    command
        .env_remove("MEKONG_WORKSPACE")
        .env_remove("MEKONG_KIT")
        .current_dir(root());
    command
}

#[test]
fn without_a_verb_the_window_opens_or_says_what_it_lacks() {
    for verb in [None, Some("gui")] {
        let mut command = bare();
        for display in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
            command.env_remove(display);
        }
        let output = command.args(verb).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.contains("no display") && said.contains("mekong help"),
            "{said}"
        );
    }
}

#[test]
fn the_help_names_every_verb() {
    let output = bare().arg("help").output().unwrap();
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for verb in [
        "gui", "demo", "import", "resume", "list", "show", "search", "edit", "export", "doctor",
    ] {
        assert!(
            help.contains(&format!("\n  {verb} ")),
            "{verb} is missing: {help}"
        );
    }
}

#[test]
fn help_of_a_verb_speaks_of_that_verb() {
    let output = bare().args(["list", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    assert!(help.starts_with("List the interviews"), "{help}");
    let output = bare().args(["devices", "--help"]).output().unwrap();
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .starts_with("List the microphones")
    );
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    let desk = Desk::empty();
    for args in [
        &["no-such-verb"][..],
        &["list", "--no-such-option"],
        &["show"],
        &["models"],
    ] {
        desk.refused(args);
    }
    assert_eq!(files(&desk.workspace()), []);
}

#[test]
fn a_workspace_that_is_not_there_is_named_and_not_made() {
    let desk = Desk::empty();
    let missing = desk.path("missing");
    let output = bare()
        .arg("list")
        .arg("--workspace")
        .arg(&missing)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(
        told.starts_with("mekong: ") && told.contains("\n  next: "),
        "{told}"
    );
    assert!(told.contains("missing") && !missing.exists(), "{told}");
}

#[test]
fn the_option_wins_over_the_environment() {
    let (desk, ids) = Desk::with_talks();
    let other = Desk::empty();
    let run = |option: Option<&Desk>| {
        let mut command = bare();
        command
            .env("MEKONG_WORKSPACE", desk.workspace())
            .arg("list");
        if let Some(desk) = option {
            command.arg("--workspace").arg(desk.workspace());
        }
        String::from_utf8(command.output().unwrap().stdout).unwrap()
    };
    assert!(run(None).contains(&ids[0]));
    assert_eq!(run(Some(&other)), "");
}

#[test]
fn settings_that_are_not_valid_are_named() {
    let desk = Desk::empty();
    fs::write(desk.workspace().join("config.toml"), "beam = 99").unwrap();
    assert!(desk.fails(&["list"]).contains("beam must be 1 to 8"));
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_as_it_was() {
    let desk = Desk::empty();
    let store = desk.workspace().join("store.sqlite3");
    fs::write(&store, b"this is no database, but a text").unwrap();
    desk.fails(&["list", "--json"]);
    desk.fails(&["search", "x"]);
    desk.fails(&["edit", "x", "1", "--text", "y", "--by", "z"]);
    assert_eq!(
        fs::read(&store).unwrap(),
        b"this is no database, but a text"
    );
}
