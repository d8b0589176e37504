//! Recordings of which one operation on the disk fails: each write, sync, rename and new file in turn, of
//! the whole program, its database included.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::common::{fix_engine, json, mekong, practice_sound, root, run, stderr};

/// How the operation fails.
const KINDS: [&str; 3] = ["ENOSPC", "EIO", "SHORT"];
/// Seconds of each session.
const LENGTH: u64 = 3;

/// What the failures showed.
#[derive(Debug, Default)]
pub struct FaultReport {
    /// Operations of an undisturbed session.
    pub operations: u64,
    /// Failures by the operation and by what came of it.
    pub outcomes: BTreeMap<(String, &'static str), u64>,
}

/// Lets `times` operations fail, evenly over a session, `at_once` sessions side by side.
pub fn fail_recordings(times: u64, at_once: u64) -> FaultReport {
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("faults.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(root().join("tests/common/faults.c"))
        .arg("-ldl")
        .status();
    assert!(built.unwrap().success(), "the C compiler of the build");
    let (operations, _, outcome) = session(&library, 0, KINDS[0]);
    assert_eq!(outcome, "nothing failed");
    let next = AtomicU64::new(0);
    let lane = || {
        let mut found = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= times {
                return found;
            }
            // The beginning, where most kinds of files are made, one by one; the rest evenly.
            let dense = (times / 2).min(operations);
            let at = match n < dense {
                true => n + 1,
                false => dense + (n - dense) * (operations - dense) / (times - dense).max(1) + 1,
            };
            let kind = KINDS[(n % 3) as usize];
            let (_, failed, outcome) = session(&library, at, kind);
            found.push(((format!("{failed} {kind}"), outcome), 1));
        }
    };
    let mut report = FaultReport {
        operations,
        ..FaultReport::default()
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..at_once.max(1)).map(|_| scope.spawn(lane)).collect();
        for (what, times) in lanes.into_iter().flat_map(|lane| lane.join().unwrap()) {
            *report.outcomes.entry(what).or_default() += times;
        }
    });
    report
}

/// One session: operations, which one failed, and what came of it.
fn session(library: &Path, at: u64, kind: &str) -> (u64, String, &'static str) {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let workspace: PathBuf = dir.path().canonicalize().unwrap();
    fix_engine(&workspace);
    let told = outside.path().join("told");
    let output = mekong(&workspace)
        .env("LD_PRELOAD", library)
        .env("MEKONG_FAULT_ROOT", &workspace)
        .env("MEKONG_FAULT_AT", at.to_string())
        .env("MEKONG_FAULT_KIND", kind)
        .env("MEKONG_FAULT_TOLD", &told)
        .args([
            "record",
            "--languages",
            "zh,vi",
            "--for",
            &LENGTH.to_string(),
        ])
        .args(["--channels", "officer=zh,interviewee=vi"])
        .args(["--device", &format!("file:{}", practice_sound("zh-vi"))])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = stderr(&output);
    let told = fs::read_to_string(&told).unwrap_or_else(|_| panic!("{at} {kind}: {said}"));
    let (operations, failed) = told.trim().split_once(' ').unwrap();
    let what = format!(
        "operation {at}, {failed} {kind}, code {:?}: {said}",
        output.status.code()
    );
    assert!(!said.contains("panicked"), "a crash at {what}");
    let code = output.status.code();
    assert!(code == Some(0) || code == Some(1), "{what}");
    let alarmed = said.contains("ALARM") || said.contains("next:");
    let begun = said.contains("recording: ");
    let whole = begun && is_whole(&workspace);
    let outcome = match (failed, begun, code, alarmed) {
        ("none", ..) => "nothing failed",
        (_, false, Some(1), _) => "refused before anything was recorded, with the next step",
        (_, true, Some(1), _) => "ended, with an alarm",
        (_, true, Some(0), true) => "went on to its end, with an alarm",
        (_, true, Some(0), false) => "went on to its end, and nothing is missing",
        _ => panic!("{what}"),
    };
    // Success in silence is one only where everything is there.
    assert!(alarmed || whole, "silence: {what}");
    let resumed = run(&workspace, &["resume"]);
    assert!(
        resumed.status.success(),
        "{}; resume: {}",
        what,
        stderr(&resumed)
    );
    let list = json(&workspace, &["list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), usize::from(begun), "{what}");
    if begun {
        assert!(is_whole(&workspace), "not completed: {what}");
    }
    (operations.parse().unwrap(), failed.to_owned(), outcome)
}

/// Whether the only session has ended, with all its text and a sound that verifies.
fn is_whole(workspace: &Path) -> bool {
    let list = json(workspace, &["list", "--json"]);
    let Some(id) = list[0]["id"].as_str() else {
        return false;
    };
    let shown = json(workspace, &["show", id, "--json"]);
    let verified = run(workspace, &["verify", id, "--json"]);
    shown["session"]["in_progress"] == false && list[0]["pending"] == 0 && verified.status.success()
}
