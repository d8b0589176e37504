//! Kills of a running recording, each followed by what a person would do: look, and resume.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use mekong_interview::vault::{self, LockFile, Unlocked};

use crate::common::{PASSPHRASE, fix_engine, json, lock, mekong, practice_sound, run, stderr};
use crate::dark;

/// The latest moment of a kill; the practice sound is a little longer.
const LONGEST_MS: u64 = 120_000;

/// What the kills showed.
#[derive(Debug, Default)]
pub struct KillReport {
    pub kills: u64,
    /// Sessions in which lines had been stored before the kill.
    pub with_lines: u64,
    /// Lines that were stored before a kill, all of which were there after it.
    pub lines: u64,
    /// The most sound that a kill cost, in milliseconds.
    pub worst_lost_ms: u64,
    /// Files of locked workspaces, and temporary ones, that were searched for words and heads of sound files,
    /// after the kill and again after it was mended. Nothing was found.
    pub searched: u64,
    /// Texts that were searched for in them.
    pub texts: u64,
}

/// Reads until the program says that it records; what comes after it can still be read.
pub fn wait_until_it_records(child: &mut Child) -> BufReader<ChildStderr> {
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 {
            panic!("it ended instead: {said}");
        }
        if line.starts_with("recording:") {
            return reader;
        }
        said.push_str(&line);
    }
}

/// Kills recordings at random moments, up to six seconds after they began and every tenth of those in which
/// people speak up to two minutes after; `at_once` of them run side
/// by side, each in a workspace of its own. At 16 kHz people speak; at another rate it is a tone, below it
/// on one channel.
pub fn kill_recordings(kills: u64, locked: bool, at_once: u64, rate: u32) -> KillReport {
    let next = AtomicU64::new(0);
    let lane = || {
        let mut report = KillReport::default();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= kills {
                return report;
            }
            kill_one(n, locked, rate, &mut report);
        }
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..at_once.max(1)).map(|_| scope.spawn(lane)).collect();
        let mut all = KillReport::default();
        for lane in lanes {
            let one = lane.join().unwrap();
            all.kills += one.kills;
            all.with_lines += one.with_lines;
            all.lines += one.lines;
            all.worst_lost_ms = all.worst_lost_ms.max(one.worst_lost_ms);
            all.searched += one.searched;
            all.texts += one.texts;
        }
        all
    })
}

fn kill_one(n: u64, locked: bool, rate: u32, report: &mut KillReport) {
    let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let sound = match rate {
        16_000 => practice_sound("zh-vi"),
        rate => tone(outside.path(), rate).to_str().unwrap().to_owned(),
    };
    let device = format!("file:{sound}");
    if locked {
        lock(dir.path(), outside.path());
    }
    // Which engine is faster need not be measured anew for each kill.
    fix_engine(dir.path());
    let temporary = outside.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let mut command = mekong(dir.path());
    command.env("TMPDIR", &temporary);
    let mono = width(rate) == 1;
    let speakers = if mono {
        "all=zh+vi"
    } else {
        "officer=zh,interviewee=vi"
    };
    if n % 2 == 1 && !mono {
        // Every other session has two microphones.
        command.args(["record", "--device", &device]);
    } else {
        command.arg("record");
    }
    let mut child = command
        .args(["--languages", "zh,vi", "--device", &device])
        .args(["--channels", speakers])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _said = wait_until_it_records(&mut child);
    let begun = Instant::now();
    let noise = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let noise = u64::from(noise.subsec_nanos()) / 1_000;
    let moment = match n % 10 {
        // Every tenth session is a longer one, as far as the sound for it goes.
        9 if rate == 16_000 => 6_000 + noise % (LONGEST_MS - 6_000),
        // The others are spread evenly, with the clock's own noise below it.
        _ => n * 1_618 % 6_000 + noise % 97,
    };
    thread::sleep(Duration::from_millis(moment));
    child.kill().unwrap();
    let (recorded, killed) = (begun.elapsed(), SystemTime::now());
    child.wait().unwrap();
    let places = Places {
        workspace: dir.path(),
        temporary: locked.then_some(&temporary),
    };
    check(places, (recorded, killed), rate, report);
    report.kills += 1;
}

/// Where a killed session may have left something.
#[derive(Clone, Copy)]
struct Places<'a> {
    workspace: &'a Path,
    /// Of a locked workspace only: nothing may be read there or here.
    temporary: Option<&'a PathBuf>,
}

impl Places<'_> {
    /// Searches the disk of a locked session for every text of it and for heads of plain files.
    fn search(&self, shown: &serde_json::Value, report: &mut KillReport) {
        let Some(temporary) = self.temporary else {
            return;
        };
        let text = |line: &serde_json::Value| line["text"].as_str().unwrap_or_default().to_owned();
        let list = |of: &serde_json::Value| of.as_array().cloned().unwrap_or_default();
        let lines = list(&shown["segments"]);
        let translations = lines.iter().flat_map(|line| list(&line["translations"]));
        let mut words: Vec<String> = lines
            .iter()
            .chain(&translations.collect::<Vec<_>>())
            .map(text)
            .collect();
        words.retain(|text| !text.is_empty());
        let folders = [self.workspace, temporary];
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let found = dark::found(&folders, &dark::needles(&words));
        assert!(found.is_empty(), "{found:?}");
        report.searched += dark::count(&folders) as u64;
        report.texts += words.len() as u64;
    }
}

/// Sound of a session a second where a part's end is waited for: ten minutes come in six seconds.
const HASTE: u64 = 100;
/// Frames a second of that sound, on one channel, and those of a part.
const SLOW: u64 = 8_000;
const PART: u64 = 600 * SLOW;

/// Kills recordings around the end of their first part: while its last seconds are written, when the next
/// one appears, and a moment later. After `resume` the parts must hold, to the bit, what was played, with
/// everything that was on the disk before the kill. Gives how many of the kills came after a part's end.
pub fn kill_at_the_end_of_a_part(kills: u64, locked: bool) -> u64 {
    let mut later = 0;
    // Of a few kills the locked ones come at other moments than the plain ones.
    for n in u64::from(locked)..kills + u64::from(locked) {
        let (dir, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let played = sawtooth(outside.path());
        if locked {
            lock(dir.path(), outside.path());
        }
        fix_engine(dir.path());
        let device = format!("file:{}", outside.path().join("long.wav").display());
        let mut child = mekong(dir.path())
            .args(["record", "--languages", "zh,vi", "--device", &device])
            .args(["--channels", "all=zh+vi"])
            .args(["--practice-speed", &HASTE.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _said = wait_until_it_records(&mut child);
        let id = json(dir.path(), &["list", "--json"])[0]["id"].clone();
        let folder = dir.path().join("recordings").join(id.as_str().unwrap());
        let seen = wait_for_the_end_of_a_part(&folder, n);
        child.kill().unwrap();
        child.wait().unwrap();
        let resumed = run(dir.path(), &["resume"]);
        assert!(resumed.status.success(), "{n}: {}", stderr(&resumed));
        let verified = json(dir.path(), &["verify", id.as_str().unwrap(), "--json"]);
        assert_eq!(verified["ok"], true, "{n}: {verified}");
        let _key = opened(dir.path());
        let (kept, parts) = content(&folder);
        assert!(played.starts_with(&kept), "{n}: {} bytes", kept.len());
        assert!(parts == 1 || kept.len() as u64 >= PART * 2, "{n}");
        // The headers of two parts; sealed, 16 bytes in each chunk of 64 KiB too, and the last chunk of each
        // part may have been half written.
        let whole = match locked {
            false => seen.saturating_sub(2 * 44),
            true => (seen / (65_536 + 16)).saturating_sub(2) * 65_536,
        };
        assert!(kept.len() as u64 >= whole, "{n}: {} of {seen}", kept.len());
        later += u64::from(parts > 1);
    }
    later
}

/// Waits until a part is nearly full, or the next one is there; bytes that were in the files then.
fn wait_for_the_end_of_a_part(folder: &Path, n: u64) -> u64 {
    let [first, second] = ["part-001.wav", "part-002.wav"].map(|name| folder.join(name));
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |m| m.len());
    let begun = Instant::now();
    loop {
        assert!(begun.elapsed() < Duration::from_secs(120), "no part ends");
        let nearly = n.is_multiple_of(3) && bytes(&first) >= (PART - 3 * SLOW) * 2;
        if nearly || second.exists() {
            break;
        }
        thread::sleep(Duration::from_millis(1));
    }
    // From nothing to 40 ms later, in which four seconds of sound come.
    thread::sleep(Duration::from_millis(if n % 3 == 1 {
        0
    } else {
        n * 7 % 41
    }));
    bytes(&first) + bytes(&second)
}

/// The sound in all parts of a session and their number.
fn content(folder: &Path) -> (Vec<u8>, usize) {
    let mut all = Vec::new();
    for number in 1.. {
        let path = folder.join(format!("part-{number:03}.wav"));
        if !path.is_file() {
            return (all, number - 1);
        }
        // One of which not even the beginning was written holds no sound.
        let Ok(mut file) = vault::open(&path) else {
            return (all, number - 1);
        };
        let mut part = Vec::new();
        file.read_to_end(&mut part).unwrap();
        all.extend_from_slice(part.get(44..).unwrap_or_default());
    }
    unreachable!("there is an end to all numbers")
}

/// Writes eleven minutes of which every frame differs from its neighbours, and returns them.
fn sawtooth(folder: &Path) -> Vec<u8> {
    let frames = PART + 60 * SLOW;
    let sound: Vec<u8> = (0..frames)
        .flat_map(|n| ((n % 20_011) as i16 - 10_000).to_le_bytes())
        .collect();
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: SLOW as u32,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(folder.join("long.wav"), spec).unwrap();
    for sample in sound.chunks_exact(2) {
        wav.write_sample(i16::from_le_bytes([sample[0], sample[1]]))
            .unwrap();
    }
    wav.finalize().unwrap();
    sound
}

/// Channels of the sound at a rate.
const fn width(rate: u32) -> u16 {
    if rate < 16_000 { 1 } else { 2 }
}

/// Twelve seconds at a rate.
fn tone(folder: &Path, rate: u32) -> PathBuf {
    let path = folder.join("tone.wav");
    let spec = hound::WavSpec {
        channels: width(rate),
        sample_rate: rate,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(&path, spec).unwrap();
    for n in 0..rate * 12 {
        let level = (f64::from(n) * 0.05).sin() * 8_000.0;
        wav.write_sample(level as i16).unwrap();
        if width(rate) > 1 {
            wav.write_sample(-level as i16).unwrap();
        }
    }
    wav.finalize().unwrap();
    path
}

/// Opens a locked workspace for looking at its files.
fn opened(workspace: &Path) -> Option<std::sync::Arc<Unlocked>> {
    let lock = LockFile::read(workspace).unwrap()?;
    let key = lock.open(PASSPHRASE, workspace).unwrap();
    Some(vault::hold(workspace, key).unwrap())
}

fn check(
    places: Places<'_>,
    (recorded, killed): (Duration, SystemTime),
    rate: u32,
    report: &mut KillReport,
) {
    let workspace = places.workspace;
    // The workspace opens by itself.
    let list = json(workspace, &["list", "--json"]);
    let id = list[0]["id"].as_str().unwrap().to_owned();
    let before = json(workspace, &["show", &id, "--json"]);
    // What was linked while it was recorded is proved before anything is mended, and all of it after.
    let linked = sound_chain(workspace, &id);
    places.search(&before, report);
    let mut resume = mekong(workspace);
    if let Some(temporary) = places.temporary {
        resume.env("TMPDIR", temporary);
    }
    let resumed = resume.arg("resume").output().unwrap();
    assert!(
        resumed.status.success(),
        "after {recorded:?}: {}",
        stderr(&resumed)
    );
    let after = json(workspace, &["show", &id, "--json"]);
    places.search(&after, report);
    assert_eq!(after["session"]["in_progress"], false);
    assert_eq!(json(workspace, &["list", "--json"])[0]["pending"], 0);
    let lines = before["segments"].as_array().unwrap();
    for line in lines {
        let same = after["segments"]
            .as_array()
            .unwrap()
            .iter()
            .find(|s| s["id"] == line["id"])
            .expect("a stored line is gone");
        assert_eq!(
            (&same["start_ms"], &same["end_ms"]),
            (&line["start_ms"], &line["end_ms"])
        );
        if line["status"] == "machine" {
            assert_eq!(same["text"], line["text"], "a committed line changed");
        }
    }
    let proved = sound_chain(workspace, &id);
    assert!(proved >= linked, "{linked} links, then {proved}");
    // A link a second, written within a second more; in a locked workspace when its chunk is full.
    let frame = u64::from(width(rate)) * 2;
    let chunk = if opened(workspace).is_some() {
        (64 << 10) / (u64::from(rate) * frame) + 1
    } else {
        0
    };
    let due = recorded.as_secs().saturating_sub(2 + chunk);
    assert!(linked >= due, "{linked} links after {recorded:?}");
    report.with_lines += u64::from(!lines.is_empty());
    report.lines += lines.len() as u64;
    let folder = workspace.join("recordings").join(&id);
    let _key = opened(workspace);
    let microphones = after["audio"].as_array().unwrap().len();
    for (part, journal) in [
        ("part-001.wav", "journal.jsonl"),
        ("part-m2-001.wav", "journal-m2.jsonl"),
    ]
    .into_iter()
    .take(microphones)
    {
        // The program said that it records some time after it did.
        let recorded = began(&folder.join(journal))
            .and_then(|began| killed.duration_since(began).ok())
            .unwrap_or(recorded);
        let bytes = vault::open(&folder.join(part)).unwrap().len().unwrap();
        let kept_ms = bytes.saturating_sub(44) * 1000 / frame / u64::from(rate);
        let lost_ms = (recorded.as_millis() as u64).saturating_sub(kept_ms);
        report.worst_lost_ms = report.worst_lost_ms.max(lost_ms);
    }
}

/// When a recorder began, as its journal has it.
fn began(journal: &Path) -> Option<SystemTime> {
    let mut text = String::new();
    vault::read_lines(journal, 1 << 16, 1, &mut |line| {
        text.push_str(line);
        false
    })
    .unwrap();
    let first: serde_json::Value = serde_json::from_str(&text).ok()?;
    let wall: jiff::Timestamp = first["wall"].as_str()?.parse().ok()?;
    let since = u64::try_from(wall.as_millisecond()).ok()?;
    Some(UNIX_EPOCH + Duration::from_millis(since))
}

/// How many links of the sound fit; all of them must.
fn sound_chain(workspace: &Path, id: &str) -> u64 {
    let output = run(workspace, &["verify", id, "--json"]);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let checks = told["checks"].as_array().unwrap();
    let Some(chain) = checks.iter().find(|c| c["name"] == "sound chain") else {
        return 0;
    };
    assert_eq!(chain["ok"], true, "{told}");
    let detail = chain["detail"].as_str().unwrap();
    detail.split(' ').next().unwrap().parse().unwrap()
}
