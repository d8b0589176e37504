//! Models that are cut short, of another kind, or not what their description says: one folder of
//! `fixtures/models` (made by its `make.py`) and one test a case. Each is refused with the file and
//! the next step, before a word of it is used, and the workspace stays as it was to the last byte.

use std::fs;

use crate::common::{root, stderr};
use crate::fixture::{Desk, TALKS, files};

/// What a model is asked to do.
const SPEECH: [&str; 4] = [
    "transcribe",
    "tests/fixtures/audio/good.wav",
    "--language",
    "zh",
];
const TRANSLATION: [&str; 6] = ["translate", "xin chào", "--from", "vi", "--to", "zh"];

/// Puts the model into a workspace that holds an interview and insists that it is refused: told once,
/// with `cause` and the path of `file`, and with a next step that holds `next`.
fn refused(work: &[&str], case: &str, cause: &str, file: &str, next: &str) {
    let desk = Desk::empty();
    desk.import(&TALKS[0]);
    let folder = desk.workspace().join("models").join(case);
    fs::create_dir_all(&folder).unwrap();
    for (path, bytes) in files(&root().join("tests/fixtures/models").join(case)) {
        fs::write(folder.join(path.file_name().unwrap()), bytes).unwrap();
    }
    let before = files(&desk.workspace());
    assert!(
        before
            .iter()
            .any(|(path, _)| path.ends_with("store.sqlite3"))
    );
    let output = desk.run(&[work, &["--model", case]].concat());
    let told = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(output.stdout.is_empty(), "something was made with it");
    let (what, step) = told.split_once("next:").expect(&told);
    let place = folder.join(file);
    assert!(what.trim_end().ends_with(place.to_str().unwrap()), "{told}");
    assert!(what.contains(cause), "{told}");
    assert!(step.contains(next) && !step.contains("next:"), "{told}");
    assert!(!told.contains("os error"), "{told}");
    assert!(files(&desk.workspace()) == before, "the workspace changed");
}

/// The next step of a file that is damaged or not the one that was listed.
const AGAIN: &str = "Copy the model again";
const AGAIN_OR_IMPORT: &str = "import the model again";
const CORRECT: &str = "Correct model.toml";

#[test]
fn a_ggml_header_that_is_cut_short() {
    let cause = "it ends in the middle of its header";
    refused(
        &SPEECH,
        "ggml-cut-short",
        cause,
        "ggml.bin",
        AGAIN_OR_IMPORT,
    );
}

#[test]
fn a_file_that_is_no_ggml_file() {
    let cause = "it is a PyTorch or zip file";
    refused(
        &SPEECH,
        "ggml-other-magic",
        cause,
        "ggml.bin",
        AGAIN_OR_IMPORT,
    );
}

#[test]
fn an_empty_ggml_file() {
    let cause = "it ends in the middle of its first four bytes";
    refused(&SPEECH, "ggml-empty", cause, "ggml.bin", AGAIN_OR_IMPORT);
}

#[test]
fn two_files_of_which_either_could_be_the_speech_model() {
    let cause = "the files that the engine loads are not all listed";
    refused(&SPEECH, "ggml-two-weights", cause, "model.toml", CORRECT);
}

#[test]
fn a_kind_that_no_engine_runs() {
    let cause = "unknown variant `whisper-onnx`";
    refused(&SPEECH, "kind-unknown", cause, "model.toml", CORRECT);
}

#[test]
fn a_language_that_no_interview_has() {
    let cause = "unknown variant `fr`";
    refused(&SPEECH, "language-unknown", cause, "model.toml", CORRECT);
}

#[test]
fn a_description_that_is_no_toml() {
    let cause = "the model's description is not valid";
    refused(&SPEECH, "card-not-toml", cause, "model.toml", CORRECT);
}

#[test]
fn a_gguf_header_that_is_cut_short() {
    let cause = "the file announces 7 tensors";
    refused(&TRANSLATION, "gguf-cut-short", cause, "model.gguf", AGAIN);
}

#[test]
fn a_file_that_is_no_gguf_file() {
    let cause = "it is no GGUF file";
    refused(&TRANSLATION, "gguf-other-magic", cause, "model.gguf", AGAIN);
}

#[test]
fn safetensors_that_are_cut_short() {
    let (case, file) = ("safetensors-cut-short", "model.safetensors");
    refused(&TRANSLATION, case, "the file is cut short", file, AGAIN);
}

#[test]
fn settings_of_another_architecture() {
    let (case, file) = ("config-of-another-kind", "config.json");
    let cause = "model_type is 'bert'";
    refused(&TRANSLATION, case, cause, file, AGAIN);
}

#[test]
fn settings_that_are_no_json() {
    let cause = "it is not valid JSON";
    refused(&TRANSLATION, "config-not-json", cause, "config.json", AGAIN);
}

#[test]
fn a_tokenizer_that_is_no_json() {
    let (case, file) = ("tokenizer-not-json", "tokenizer.json");
    let cause = "the translation model's tokenizer cannot be used";
    refused(&TRANSLATION, case, cause, file, AGAIN);
}

#[test]
fn weights_that_are_not_listed() {
    let (case, file) = ("weights-not-listed", "more.safetensors");
    let cause = "a file of the model is not listed";
    refused(&TRANSLATION, case, cause, file, AGAIN);
}

#[test]
fn a_listed_file_with_another_sha256() {
    let (case, file) = ("sha256-differs", "model.safetensors");
    refused(&TRANSLATION, case, "(SHA-256 differs)", file, AGAIN);
}

#[test]
fn a_listed_file_of_another_size() {
    let (case, file) = ("size-differs", "model.safetensors");
    refused(&TRANSLATION, case, "(size differs)", file, AGAIN);
}

#[test]
fn a_listed_file_that_is_missing() {
    let (case, file) = ("file-missing", "model.safetensors");
    let cause = "a file of the model is missing";
    refused(&TRANSLATION, case, cause, file, AGAIN);
}

#[test]
fn a_listed_file_outside_the_folder() {
    let cause = "a listed file lies outside the folder (../model.safetensors)";
    refused(
        &TRANSLATION,
        "weights-outside",
        cause,
        "model.toml",
        CORRECT,
    );
}

#[test]
fn files_that_the_engine_needs_and_nobody_listed() {
    let case = "engine-files-not-listed";
    let cause = "the files that the engine loads are not all listed";
    refused(&TRANSLATION, case, cause, "model.toml", CORRECT);
}
