//! The slow, full proofs: each prints its figures. `scripts/proof` runs them; `tests/practice.rs`
//! holds a short version of the kills.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;
#[path = "common/kills.rs"]
mod kills;

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{json, mekong, practice_sound, run, stderr, words};

/// A number from the environment, or the usual one.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(usual)
}

/// A two-channel 16 kHz WAV of `hours`, made by saying a practice interview over and over.
fn long_recording(folder: &Path, hours: f64) -> PathBuf {
    let seed = folder.join("seed");
    fs::create_dir(&seed).unwrap();
    let sound = practice_sound("zh-vi");
    let imported = json(&seed, &["import", &sound, "--languages", "zh,vi", "--json"]);
    let id = imported[0]["id"].as_str().unwrap();
    let samples = |n: usize| {
        let path = seed
            .join("recordings")
            .join(id)
            .join(format!("working-{n}.wav"));
        let mut bytes = Vec::new();
        File::open(path).unwrap().read_to_end(&mut bytes).unwrap();
        let data = bytes.windows(4).position(|w| w == b"data").unwrap() + 8;
        bytes.split_off(data)
    };
    let (left, right) = (samples(0), samples(1));
    let both: Vec<u8> = left
        .chunks_exact(2)
        .zip(right.chunks_exact(2))
        .flat_map(|(l, r)| [l, r].concat())
        .collect();
    let total = (hours * 3600.0) as u64 * 16_000 * 4;
    let path = folder.join("long.wav");
    let mut file = BufWriter::new(File::create(&path).unwrap());
    let size = u32::try_from(total).unwrap();
    file.write_all(b"RIFF").unwrap();
    file.write_all(&(36 + size).to_le_bytes()).unwrap();
    file.write_all(b"WAVEfmt \x10\0\0\0\x01\0\x02\0").unwrap();
    file.write_all(&16_000_u32.to_le_bytes()).unwrap();
    file.write_all(&64_000_u32.to_le_bytes()).unwrap();
    file.write_all(b"\x04\0\x10\0data").unwrap();
    file.write_all(&size.to_le_bytes()).unwrap();
    let mut left_to_write = total as usize;
    while left_to_write > 0 {
        let part = both.len().min(left_to_write);
        file.write_all(&both[..part]).unwrap();
        left_to_write -= part;
    }
    file.flush().unwrap();
    path
}

/// Largest resident size so far of a running process, in MB.
fn peak_mb(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace()
        .nth(1)?
        .parse::<f64>()
        .ok()
        .map(|kb| kb / 1024.0)
}

/// Imports a long recording and returns the peak memory in MB and the seconds it took.
fn import_long(hours: f64) -> (f64, f64, usize) {
    let dir = tempfile::tempdir().unwrap();
    let sound = long_recording(dir.path(), hours);
    let workspace = dir.path().join("workspace");
    fs::create_dir(&workspace).unwrap();
    let begun = Instant::now();
    let mut child = mekong(&workspace)
        .args(["import", sound.to_str().unwrap(), "--languages", "zh,vi"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut peak = 0.0_f64;
    let status = loop {
        peak = peak.max(peak_mb(child.id()).unwrap_or(0.0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    assert!(status.success());
    let list = json(&workspace, &["list", "--json"]);
    assert_eq!(list[0]["pending"], 0);
    (
        peak,
        begun.elapsed().as_secs_f64(),
        list[0]["segments"].as_u64().unwrap() as usize,
    )
}

#[test]
#[ignore = "a full proof of some twenty minutes: scripts/proof memory"]
fn memory_stays_flat_over_four_hours() {
    let hours = setting("MEKONG_PROOF_MINUTES", 240) as f64 / 60.0;
    let (short, _, _) = import_long(0.05);
    let (long, seconds, lines) = import_long(hours);
    println!("memory: 3 minutes of sound peak at {short:.0} MB");
    println!(
        "memory: {hours:.2} hours of sound ({lines} lines) peak at {long:.0} MB, {seconds:.0} s"
    );
    println!(
        "memory: growth {:.0} MB (to reach: at most 300)",
        long - short
    );
    assert!(long - short <= 300.0);
}

#[test]
#[ignore = "a full proof: scripts/proof kills"]
fn a_kill_at_any_moment_loses_nothing_that_resume_does_not_finish() {
    let kills = setting("MEKONG_PROOF_KILLS", 100);
    let sound = practice_sound("th-lo");
    let args = ["import", &sound, "--languages", "th,lo", "--json"];
    let whole = tempfile::tempdir().unwrap();
    let begun = Instant::now();
    let done = json(whole.path(), &args);
    let length = begun.elapsed();
    let shown = json(
        whole.path(),
        &["show", done[0]["id"].as_str().unwrap(), "--json"],
    );
    let expected = words(&shown);
    let (mut stored, mut not_yet) = (0, 0);
    for n in 0..kills {
        // Evenly over the whole run, in an order that mixes early and late.
        let at = length.mul_f64((n * 61 % kills) as f64 / kills as f64);
        let dir = tempfile::tempdir().unwrap();
        let mut child = mekong(dir.path())
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(at);
        child.kill().unwrap();
        child.wait().unwrap();
        let resumed = run(dir.path(), &["resume"]);
        assert!(
            resumed.status.success(),
            "after {at:?}: {}",
            stderr(&resumed)
        );
        let list = json(dir.path(), &["list", "--json"]);
        match list[0]["id"].as_str() {
            None => not_yet += 1,
            Some(id) => {
                let shown = json(dir.path(), &["show", id, "--json"]);
                assert_eq!(words(&shown), expected, "killed after {at:?}");
                stored += 1;
            }
        }
    }
    assert!(stored > 0, "no kill came late enough to be resumed");
    println!("kills: {kills} kills of an import of {length:.1?}");
    println!("kills: {stored} finished by resume with the same words as without a kill");
    println!(
        "kills: {not_yet} came before the copy was complete; nothing was stored, the source is whole"
    );
}

#[test]
#[ignore = "a full proof of some hours: scripts/proof record-kills"]
fn a_killed_recording_loses_at_most_a_second() {
    let kills = setting("MEKONG_PROOF_KILLS", 1000);
    let report = kills::kill_recordings(kills);
    println!(
        "record-kills: {} kills of a running recording; the most that one cost is {} ms of sound (to reach: at most 1000)",
        report.kills, report.worst_lost_ms
    );
    println!(
        "record-kills: {} lines stored before a kill (in {} sessions), all there after it; every resume finished",
        report.lines, report.with_lines
    );
    assert!(report.worst_lost_ms <= 1000);
}
