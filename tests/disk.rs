//! A full disk and a read-only disk: a clear error, nothing lost, the store unchanged. The disks are
//! small ones in memory, which only the system's administrator may attach; elsewhere the tests say
//! that they were skipped.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{assert_helpful_failure, fix_engine, json, practice_sound, run, stderr, words};

/// A disk in memory, detached when dropped.
struct Disk {
    at: PathBuf,
    _dir: tempfile::TempDir,
}

impl Disk {
    fn attach(kilobytes: u32) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("disk");
        fs::create_dir(&at).unwrap();
        let options = format!("size={kilobytes}k");
        if !mount(&["-t", "tmpfs", "-o", &options, "tmpfs"], &at) {
            eprintln!("skipped: this user may not attach a disk");
            return None;
        }
        Some(Self { at, _dir: dir })
    }

    fn resize(&self, kilobytes: u32) {
        let options = format!("remount,size={kilobytes}k");
        assert!(mount(&["-o", &options], &self.at));
    }

    fn make_read_only(&self) {
        assert!(mount(&["-o", "remount,ro"], &self.at));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.at).status();
    }
}

fn mount(args: &[&str], at: &Path) -> bool {
    let output = Command::new("mount").args(args).arg(at).output();
    output.is_ok_and(|o| o.status.success())
}

fn transcript(folder: &Path) -> String {
    let path = folder.join("old.srt");
    fs::write(&path, "1\n00:00:01,000 --> 00:00:02,000\n我叫张伟。\n").unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_full_disk_is_named_and_leaves_the_store_as_it_was() {
    let Some(disk) = Disk::attach(1500) else {
        return;
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let old = transcript(elsewhere.path());
    let first = run(&disk.at, &["import", &old, "--languages", "zh,vi"]);
    assert!(first.status.success(), "{}", stderr(&first));
    let before = json(&disk.at, &["list", "--json"]);

    let full = run(
        &disk.at,
        &["import", &practice_sound("zh-vi"), "--languages", "zh,vi"],
    );
    assert_helpful_failure(&full, "a full disk");
    assert!(stderr(&full).contains("full"), "{}", stderr(&full));
    plain(&stderr(&full), &disk.at);
    assert_eq!(json(&disk.at, &["list", "--json"]), before);
    let left: Vec<_> = fs::read_dir(disk.at.join("recordings")).unwrap().collect();
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// A message about a workspace without the system's numbers and without names of temporary files.
fn plain(told: &str, workspace: &Path) {
    let told = told.replace(workspace.to_str().unwrap(), "WORKSPACE");
    for word in ["os error", ".tmp", ".importing", ".mekong", "locked"] {
        assert!(!told.contains(word), "{told}");
    }
}

/// Kilobytes of everything below a folder.
fn kilobytes(folder: &Path) -> u32 {
    let size = |entry: fs::DirEntry| {
        let path = entry.path();
        if path.is_dir() {
            kilobytes(&path)
        } else {
            u32::try_from(entry.metadata().unwrap().len().div_ceil(1024)).unwrap()
        }
    };
    fs::read_dir(folder).unwrap().flatten().map(size).sum()
}

/// Wherever the disk fills up (in the working copy, in the transaction that makes it an interview, in
/// one that stores lines), what was there stays, and with more room the work ends as it would have.
#[test]
fn a_disk_that_fills_at_any_step_costs_nothing_that_was_stored() {
    let sound = practice_sound("th-lo");
    let args = ["import", &sound, "--languages", "th,lo", "--json"];
    let whole = tempfile::tempdir().unwrap();
    fix_engine(whole.path());
    let done = json(whole.path(), &args);
    let id = done[0]["id"].as_str().unwrap();
    let expected = words(whole.path(), id);
    let recordings = kilobytes(&whole.path().join("recordings"));
    assert!(recordings > 6000, "{recordings} kB");

    let mut stopped_late = 0;
    for room in [5_000, recordings + 160, recordings + 400, recordings + 640] {
        let Some(disk) = Disk::attach(room) else {
            return;
        };
        fix_engine(&disk.at);
        let full = run(&disk.at, &args);
        let list = json(&disk.at, &["list", "--json"]);
        if full.status.success() {
            continue;
        }
        assert_helpful_failure(&full, &format!("{room} kB"));
        assert!(
            stderr(&full).contains("full"),
            "{room} kB: {}",
            stderr(&full)
        );
        let Some(id) = list[0]["id"].as_str() else {
            let left: Vec<_> = fs::read_dir(disk.at.join("recordings")).unwrap().collect();
            assert!(left.is_empty(), "{room} kB left behind: {left:?}");
            continue;
        };
        stopped_late += 1;
        disk.resize(60_000);
        let resumed = run(&disk.at, &["resume"]);
        assert!(resumed.status.success(), "{room} kB: {}", stderr(&resumed));
        assert_eq!(words(&disk.at, id), expected, "{room} kB");
        println!("{room} kB: stopped among the lines, finished by resume");
    }
    assert!(stopped_late > 0, "no disk filled while lines were stored");
}

#[test]
fn a_read_only_disk_can_be_read_and_searched_and_refuses_changes() {
    let Some(disk) = Disk::attach(8000) else {
        return;
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let old = transcript(elsewhere.path());
    assert!(
        run(&disk.at, &["import", &old, "--languages", "zh,vi"])
            .status
            .success()
    );
    let before = json(&disk.at, &["list", "--json"]);
    disk.make_read_only();

    assert_eq!(json(&disk.at, &["list", "--json"]), before);
    let hits = json(&disk.at, &["search", "张伟", "--json"]);
    assert_eq!(hits["total"], 1);
    let id = before[0]["id"].as_str().unwrap().to_owned();
    assert!(run(&disk.at, &["show", &id]).status.success());
    assert_eq!(json(&disk.at, &["show", &id, "--json"])["id"], id.as_str());
    // Nothing leaves without an entry, and here none can be made.
    let out = elsewhere.path().join("out.txt");
    let out = out.to_str().unwrap();
    for args in [
        vec!["export", &id, "--format", "txt", "--out", out],
        vec!["export", &id, "--format", "json", "--out", "-"],
        vec!["people", "export", "--out", out],
    ] {
        let output = run(&disk.at, &args);
        assert_helpful_failure(&output, &args.join(" "));
        let told = stderr(&output);
        assert!(
            told.contains("record first") && told.contains("--workspace"),
            "{told}"
        );
        assert!(output.stdout.is_empty() && !Path::new(out).exists());
        plain(&told, &disk.at);
    }
    for args in [
        vec!["import", &old, "--languages", "zh,vi"],
        vec!["edit", &id, "1", "--text", "我叫李伟。", "--by", "A"],
        vec!["resume"],
    ] {
        let output = run(&disk.at, &args);
        assert_helpful_failure(&output, &args.join(" "));
        plain(&stderr(&output), &disk.at);
    }
    assert_eq!(json(&disk.at, &["list", "--json"]), before);
    let doctor = run(&disk.at, &["doctor"]);
    assert_eq!(doctor.status.code(), Some(1));
    let found = String::from_utf8_lossy(&doctor.stdout);
    assert!(found.contains("the disk is write-protected"), "{found}");
    plain(&found, &disk.at);
}
