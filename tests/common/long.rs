//! A long recording, and how much memory its import takes.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs::{self, File};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::common::{json, mekong, practice_sound};

/// Both channels of a practice interview as bytes of 16-bit samples at 16 kHz.
pub fn practice_channels(folder: &Path) -> (Vec<u8>, Vec<u8>) {
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
    (samples(0), samples(1))
}

/// A two-channel 16 kHz WAV of `hours`, made by saying a practice interview over and over.
pub fn long_recording(folder: &Path, hours: f64) -> PathBuf {
    let (left, right) = practice_channels(folder);
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
pub fn import_long(hours: f64) -> (f64, f64, usize) {
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

/// How far a session's sound moved away from its source's clock between its first and its last minutes, in
/// milliseconds: the recorder writes every ten seconds how far it is and what its clock says. A source
/// runs `speed` times as fast as that clock; the least delay of each end counts, the rest is waiting.
pub fn drift_ms(folder: &Path, speed: f64) -> f64 {
    let text = fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    let lags: Vec<f64> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line.get("entry").is_none())
        .map(|line| {
            let (clock, at) = (line["clock_ms"].as_f64(), line["at"].as_f64());
            clock.unwrap() * speed - at.unwrap() / 16.0
        })
        .collect();
    let tenth = (lags.len() / 10).max(1);
    let least = |part: &[f64]| part.iter().copied().fold(f64::MAX, f64::min);
    least(&lags[lags.len() - tenth..]) - least(&lags[..tenth])
}
