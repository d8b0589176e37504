//! Recordings of which one operation on the disk fails: writes, syncs, renames, new files and files that are
//! opened again, of the whole program, its database included, each in every way that fits it, in a plain workspace and a locked one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::common::{fix_engine, json, lock, mekong, practice_sound, root, run, stderr};

/// Operations as the library counts them, and how each can fail.
const OPERATIONS: [(&str, &[&str]); 5] = [
    ("write", &["ENOSPC", "EIO", "SHORT", "FULL"]),
    ("fsync", &["ENOSPC", "EIO"]),
    ("rename", &["ENOSPC", "EIO"]),
    ("open", &["ENOSPC", "EIO"]),
    ("reopen", &["EACCES", "EMFILE", "EIO"]),
];
/// Operations of one kind, and so on.
type Counts = [u64; OPERATIONS.len()];
/// Seconds of each session.
const LENGTH: u64 = 3;

/// What the failures showed.
#[derive(Debug, Default)]
pub struct FaultReport {
    /// Operations of an undisturbed session, plain and locked.
    pub operations: [Counts; 2],
    /// Sessions, of which one operation failed each.
    pub sessions: usize,
    /// Failures by the operation and by what came of it.
    pub outcomes: BTreeMap<(String, &'static str), u64>,
}

/// One failure.
#[derive(Clone, Copy, Debug)]
struct Fault {
    locked: bool,
    on: &'static str,
    at: u64,
    kind: &'static str,
}

/// How many operations fail, and how.
#[derive(Clone, Copy, Debug)]
pub enum Choice {
    /// Operations for about so many sessions, each in every way that fits it.
    Some(u64),
    /// Every operation, each in one of its ways, which take turns.
    OneWay,
    /// Every operation in every way.
    All,
}

/// Lets operations fail, `at_once` of the sessions side by side.
pub fn fail_recordings(choice: Choice, at_once: u64) -> FaultReport {
    let dir = tempfile::tempdir().unwrap();
    let library = dir.path().join("faults.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .arg(&library)
        .arg(root().join("tests/common/faults.c"))
        .arg("-ldl")
        .status();
    assert!(built.unwrap().success(), "the C compiler of the build");
    let operations = [false, true].map(|locked| {
        let none = Fault {
            locked,
            on: "write",
            at: 0,
            kind: "EIO",
        };
        let (counts, outcome) = session(&library, none);
        assert_eq!(outcome, "nothing failed");
        counts
    });
    let faults = faults(&operations, choice);
    let next = AtomicUsize::new(0);
    let lane = || {
        let mut found = Vec::new();
        while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (_, outcome) = session(&library, *fault);
            let locked = if fault.locked { ", locked" } else { "" };
            found.push((format!("{} {}{locked}", fault.on, fault.kind), outcome));
        }
        found
    };
    let mut report = FaultReport {
        operations,
        sessions: faults.len(),
        ..FaultReport::default()
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..at_once.max(1)).map(|_| scope.spawn(lane)).collect();
        for what in lanes.into_iter().flat_map(|lane| lane.join().unwrap()) {
            *report.outcomes.entry(what).or_default() += 1;
        }
    });
    report
}

/// The failures, each operation with all of its own behind one another.
fn faults(operations: &[Counts; 2], choice: Choice) -> Vec<Fault> {
    let ways: usize = OPERATIONS.iter().map(|(_, kinds)| kinds.len()).sum();
    let each = match choice {
        Choice::Some(times) => times / (ways as u64 * 2),
        Choice::OneWay | Choice::All => u64::MAX,
    };
    let mut faults = Vec::new();
    for (locked, counts) in [false, true].into_iter().zip(operations) {
        for ((on, kinds), count) in OPERATIONS.iter().zip(counts) {
            for at in places(*count, each.max(1)) {
                let kinds = match choice {
                    Choice::OneWay => std::slice::from_ref(&kinds[at as usize % kinds.len()]),
                    _ => kinds,
                };
                faults.extend(kinds.iter().map(|kind| Fault {
                    locked,
                    on,
                    at,
                    kind,
                }));
            }
        }
    }
    faults
}

/// So many of the operations from 1 on: the beginning, where most kinds of files are made, one by one; the
/// rest evenly.
fn places(count: u64, wanted: u64) -> Vec<u64> {
    let wanted = wanted.min(count);
    let dense = if wanted == count { count } else { wanted / 2 };
    let rest = wanted - dense;
    let even = (1..=rest).map(|n| dense + n * (count - dense) / rest);
    (1..=dense).chain(even).collect()
}

/// One session: its operations, and what came of the failure.
fn session(library: &Path, fault: Fault) -> (Counts, &'static str) {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let workspace: PathBuf = dir.path().canonicalize().unwrap();
    if fault.locked {
        lock(&workspace, outside.path());
    }
    fix_engine(&workspace);
    let told = outside.path().join("told");
    let output = mekong(&workspace)
        .env("LD_PRELOAD", library)
        .env("MEKONG_FAULT_ROOT", &workspace)
        .env("MEKONG_FAULT_ON", fault.on)
        .env("MEKONG_FAULT_AT", fault.at.to_string())
        .env("MEKONG_FAULT_KIND", fault.kind)
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
    let code = output.status.code();
    let what = format!("{fault:?}, code {code:?}: {said}");
    let told = fs::read_to_string(&told).unwrap_or_else(|_| panic!("{what}"));
    let told: Vec<u64> = told
        .split_whitespace()
        .map(|n| n.parse().unwrap())
        .collect();
    let (counts, failed) = told.split_at(OPERATIONS.len());
    assert!(!said.contains("panicked"), "a crash: {what}");
    assert!(code == Some(0) || code == Some(1), "{what}");
    let alarmed = said.contains("ALARM") || said.contains("next:");
    let begun = said.contains("recording: ");
    let whole = begun && is_whole(&workspace);
    let outcome = match (failed[0], begun, code, alarmed) {
        (0, ..) => "nothing failed",
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
        "{what}; resume: {}",
        stderr(&resumed)
    );
    let list = json(&workspace, &["list", "--json"]);
    assert_eq!(list.as_array().unwrap().len(), usize::from(begun), "{what}");
    if begun {
        assert!(is_whole(&workspace), "not completed: {what}");
    }
    (counts.try_into().unwrap(), outcome)
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
