//! What several test files need: the program, a workspace of its own, and the practice kit.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// What opens a workspace that [`lock`] locked; of no use in others.
pub const PASSPHRASE: &str = "chín con thuyền 九只蓝船";

/// Locks a workspace and returns where its recovery key was written, outside of it.
pub fn lock(workspace: &Path, outside: &Path) -> PathBuf {
    let recovery = outside.join("recovery.txt");
    let output = mekong(workspace)
        .args(["workspace", "lock", "--new-recovery-key"])
        .arg(&recovery)
        .output()
        .expect("the program starts");
    assert!(output.status.success(), "{}", stderr(&output));
    recovery
}

/// The folder that holds Cargo.toml.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The program with no workspace or kit from the environment of whoever runs the tests. A proof of hours
/// may be given a copy of the program, which no build replaces meanwhile.
pub fn mekong(workspace: &Path) -> Command {
    let copy = std::env::var_os("MEKONG_PROOF_PROGRAM");
    let built = || env!("CARGO_BIN_EXE_mekong").into();
    let mut command = Command::new(copy.unwrap_or_else(built));
    command
        .env_remove("MEKONG_WORKSPACE")
        .env_remove("MEKONG_WORKSPACE_PASSPHRASE_FILE")
        .env("MEKONG_WORKSPACE_PASSPHRASE", PASSPHRASE)
        .env("MEKONG_KIT", root());
    command
        .current_dir(root())
        .arg("--workspace")
        .arg(workspace);
    command
}

/// Fixes the engine of recognition in a workspace. Which one is faster is measured, and can come out
/// otherwise in another workspace; on words that the model hardly knows they may differ.
pub fn fix_engine(workspace: &Path) {
    let config = workspace.join("config.toml");
    std::fs::write(config, "engine = \"native\"\n").expect("the settings");
}

/// Runs and returns what was printed, with the exit code.
pub fn run(workspace: &Path, args: &[&str]) -> Output {
    mekong(workspace)
        .args(args)
        .output()
        .expect("the program starts")
}

/// Runs, insists on success, and reads standard output as one JSON value.
pub fn json(workspace: &Path, args: &[&str]) -> Value {
    let output = run(workspace, args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{args:?}: {e}"))
}

/// Standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A practice interview's folder, for example `zh-vi`.
pub fn practice(name: &str) -> PathBuf {
    root().join("recordings/practice").join(name)
}

/// A practice interview's sound, as text for a command line.
pub fn practice_sound(name: &str) -> String {
    practice(name)
        .join("audio.flac")
        .to_str()
        .expect("a plain path")
        .to_owned()
}

/// Insists on a failure that an officer can act on: exit code 1, the cause, the next step, and no
/// trace of a crash.
pub fn assert_helpful_failure(output: &Output, what: &str) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{what}: {text}");
    assert!(text.contains("next:"), "{what} gives no next step: {text}");
    assert!(!text.contains("panicked"), "{what} crashed: {text}");
}

/// Texts and translations of one line.
pub type Words = (i64, String, String);

/// Texts and translations of an interview, for comparing two runs.
pub fn words(workspace: &Path, id: &str) -> Vec<Words> {
    let shown = json(workspace, &["show", id, "--json"]);
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let segments = shown["segments"].as_array().expect("segments");
    segments
        .iter()
        .map(|s| {
            (
                s["id"].as_i64().expect("id"),
                text(&s["text"]),
                text(&s["translations"][0]["text"]),
            )
        })
        .collect()
}

/// An import of a practice interview.
pub struct Import {
    args: Vec<String>,
}

impl Import {
    /// Of the interview `name`, for example `th-lo`.
    pub fn of(name: &str) -> Self {
        let (sound, languages) = (practice_sound(name), name.replace('-', ","));
        let args = ["import", &sound, "--languages", &languages, "--json"];
        Self {
            args: args.map(str::to_owned).to_vec(),
        }
    }

    /// What it stores when nothing disturbs it.
    pub fn undisturbed(&self) -> Vec<Words> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fix_engine(dir.path());
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        let done = json(dir.path(), &args);
        words(dir.path(), done[0]["id"].as_str().expect("an id"))
    }

    /// What is stored after a kill at that time and a resume; `None` where the kill came before the
    /// copy was complete, so that nothing is stored and the source is still there.
    pub fn killed_and_resumed(&self, after: Duration) -> Option<Vec<Words>> {
        let dir = tempfile::tempdir().expect("a temporary folder");
        fix_engine(dir.path());
        let mut child = mekong(dir.path())
            .args(&self.args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(after);
        child.kill().expect("a kill");
        child.wait().expect("an end");
        let resumed = run(dir.path(), &["resume"]);
        assert!(resumed.status.success(), "{after:?}: {}", stderr(&resumed));
        let list = json(dir.path(), &["list", "--json"]);
        let id = list[0]["id"].as_str()?;
        assert_eq!(list[0]["pending"], 0, "killed after {after:?}");
        Some(words(dir.path(), id))
    }
}
