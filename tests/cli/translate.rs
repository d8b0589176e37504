//! `mekong translate` and `mekong transcribe`, as far as they need no model

use crate::fixture::Desk;

#[test]
fn a_model_that_is_not_there_is_an_error_with_a_next_step() {
    let desk = Desk::empty();
    let args = [
        "translate",
        "xin chào",
        "--from",
        "vi",
        "--to",
        "zh",
        "--model",
        "no-such-model",
    ];
    assert!(desk.fails(&args).contains("no-such-model"));
    let sound = desk.file("a.wav", b"RIFF");
    let args = [
        "transcribe",
        &sound,
        "--language",
        "vi",
        "--model",
        "no-such-model",
    ];
    desk.fails(&args);
    let folder = desk.path("folder");
    std::fs::create_dir(&folder).unwrap();
    let folder = folder.to_str().unwrap();
    desk.fails(&[
        "translate",
        "x",
        "--from",
        "vi",
        "--to",
        "zh",
        "--model",
        folder,
    ]);
}

#[test]
fn a_direction_needs_two_languages() {
    let desk = Desk::empty();
    desk.refused(&["translate", "x", "--from", "vi", "--to", "vi"]);
    desk.refused(&["translate", "x", "--from", "vi"]);
    desk.refused(&[
        "translate",
        "x",
        "--from",
        "vi",
        "--to",
        "zh",
        "--beam",
        "0",
    ]);
    desk.refused(&["transcribe", "x.wav"]);
}
