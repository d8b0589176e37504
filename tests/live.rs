//! `mekong record` as a person meets it, with a practice file as the microphone: recording, kills,
//! and everything that can be wrong before or while it runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a failed unwrap is a failed test, and tests may print what they measured"
)]

mod common;
#[path = "common/dark.rs"]
mod dark;
#[path = "common/hour.rs"]
mod hour;
#[path = "common/kills.rs"]
mod kills;
#[path = "common/long.rs"]
mod long;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::{assert_helpful_failure, json, mekong, practice_sound, root, run, stderr};

fn microphone(name: &str) -> String {
    format!("file:{}", practice_sound(name))
}

const CHANNELS: &str = "officer=zh,interviewee=vi";

#[test]
fn a_short_session_gives_a_bilingual_transcript_and_its_entries() {
    let dir = tempfile::tempdir().unwrap();
    let device = microphone("zh-vi");
    let mut child = mekong(dir.path())
        .args(["record", "--languages", "zh,vi", "--device", &device])
        .args(["--channels", CHANNELS, "--case", "K-3", "--for", "9"])
        .args(["--of", "victim", "--present", "Li Ming, N. Lan"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    writeln!(keys, "m 物证三").unwrap();
    writeln!(keys, "1").unwrap();
    drop(keys);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("zh  ") && text.contains("vi  "), "{text}");
    let said = stderr(&output);
    assert!(
        said.contains("practice") && said.contains("recorded:"),
        "{said}"
    );
    let list = json(dir.path(), &["list", "--json"]);
    assert_eq!(
        (&list[0]["pending"], &list[0]["case"]),
        (&0.into(), &"K-3".into())
    );
    let id = list[0]["id"].as_str().unwrap();
    let shown = json(dir.path(), &["show", id, "--json"]);
    assert!(shown["segments"].as_array().unwrap().len() >= 2);
    assert_eq!(shown["session"]["practice"], true);
    assert_eq!(shown["session"]["ended"], "asked");
    let labels: Vec<&str> = shown["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["label"].as_str())
        .collect();
    for entry in [
        "purpose: victim",
        "present: Li Ming, N. Lan",
        "物证三",
        "exhibit",
    ] {
        assert!(labels.contains(&entry), "{labels:?}");
    }
    let folder = dir.path().join("recordings").join(id);
    let part = fs::metadata(folder.join("part-001.wav")).unwrap().len();
    // Nine seconds of two channels at 16 kHz and 16 bit, and not a frame less.
    assert!(part >= 44 + 9 * 64_000, "{part} bytes");
}

#[test]
fn the_terms_of_a_case_are_in_force_while_it_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let glossaries = dir.path().join("glossaries");
    fs::create_dir_all(&glossaries).unwrap();
    let table = "id,zh,vi,case\nown,录音,băng từ,K-3\nother,录音,đĩa hát,K-4\n";
    fs::write(glossaries.join("own.csv"), table).unwrap();
    let device = microphone("zh-vi");
    let record = |case: Option<&str>| {
        let mut command = mekong(dir.path());
        command
            .args(["record", "--languages", "zh,vi", "--device", &device])
            .args(["--channels", CHANNELS, "--for", "10"])
            .args(case.map_or(Vec::new(), |case| vec!["--case", case]));
        let output = command.stdin(Stdio::null()).output().unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let list = json(dir.path(), &["list", "--json"]);
        let list = list.as_array().unwrap();
        let of_case = list.iter().find(|i| i["case"].as_str() == case).unwrap();
        let shown = json(
            dir.path(),
            &["show", of_case["id"].as_str().unwrap(), "--json"],
        );
        let lines = shown["segments"].as_array().unwrap().iter();
        let of = lines.filter(|line| line["text"].as_str().unwrap().contains("录音"));
        let terms = of.map(|line| line["translations"][0]["terms"].to_string());
        terms.collect::<String>()
    };
    let terms = record(Some("K-3"));
    assert!(
        terms.contains("băng từ") && !terms.contains("đĩa hát"),
        "{terms}"
    );
    let terms = record(None);
    assert!(
        !terms.contains("băng từ") && !terms.contains("đĩa hát"),
        "{terms}"
    );
}

#[test]
fn two_devices_are_recorded_each_for_itself_and_everything_follows() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (microphone("zh-vi"), microphone("my-th"));
    let record = |channels: &str| {
        let args = ["record", "--languages", "zh,vi", "--for", "7"];
        let mut command = mekong(dir.path());
        command
            .args(args)
            .args(["--device", &first, "--device", &second])
            .args(["--channels", channels])
            .stdin(Stdio::null());
        command.output().unwrap()
    };
    let uneven = record("officer=zh,interviewee=vi,interpreter=zh+vi");
    assert_helpful_failure(&uneven, "three channels for two devices");
    let output = record(CHANNELS);
    assert!(output.status.success(), "{}", stderr(&output));
    let list = json(dir.path(), &["list", "--json"]);
    let id = list[0]["id"].as_str().unwrap();
    let shown = json(dir.path(), &["show", id, "--json"]);
    let parts: Vec<&str> = shown["audio"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|a| a["path"].as_str())
        .collect();
    assert_eq!(parts.len(), 2, "{parts:?}");
    for name in ["part-001.wav", "part-m2-001.wav"] {
        assert!(parts.contains(&name), "{parts:?}");
    }
    let device = shown["session"]["device"].as_str().unwrap();
    assert!(device.contains(" + "), "{device}");
    let lines = shown["segments"].as_array().unwrap();
    for speaker in ["officer", "interviewee"] {
        assert!(lines.iter().any(|l| l["speaker"] == speaker), "{lines:?}");
    }
    let folder = dir.path().join("recordings").join(id);
    for name in [
        "working-0.wav",
        "working-1.wav",
        "journal.jsonl",
        "journal-m2.jsonl",
    ] {
        assert!(folder.join(name).is_file(), "{name}");
    }
    let verified = json(dir.path(), &["verify", id, "--json"]);
    assert_eq!(verified["ok"], true, "{verified}");
    let page = dir.path().join("page.html");
    let exported = mekong(dir.path())
        .args(["export", id, "--format", "html", "--out"])
        .arg(&page)
        .output()
        .unwrap();
    assert!(exported.status.success(), "{}", stderr(&exported));
    assert!(
        fs::read_to_string(&page)
            .unwrap()
            .contains("data-channel=\"1\"")
    );
}

#[test]
fn a_device_with_one_speaker_stands_beside_one_with_two() {
    let dir = tempfile::tempdir().unwrap();
    let (first, second) = (microphone("zh-vi"), microphone("my-th"));
    let channels = "officer=zh/interviewee=vi,interpreter=zh+vi";
    let args = [
        "record",
        "--languages",
        "zh,vi",
        "--for",
        "4",
        "--device",
        &first,
    ];
    let mut command = mekong(dir.path());
    command
        .args(args)
        .args(["--device", &second, "--channels", channels]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let list = json(dir.path(), &["list", "--json"]);
    let id = list[0]["id"].as_str().unwrap();
    let folder = dir.path().join("recordings").join(id);
    let plan: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.join("session.json")).unwrap()).unwrap();
    let own = |n: usize| plan["microphones"][n]["channels"].as_u64();
    assert_eq!((own(0), own(1)), (Some(1), Some(2)), "{plan}");
    for channel in 0..3 {
        assert!(folder.join(format!("working-{channel}.wav")).is_file());
    }
    assert_eq!(json(dir.path(), &["verify", id, "--json"])["ok"], true);
}

#[test]
fn kills_lose_at_most_a_second_and_resume_finishes() {
    let report = kills::kill_recordings(3, false, 1, 16_000);
    assert!(report.worst_lost_ms <= 1000, "{report:?}");
    assert!(report.with_lines > 0, "{report:?}");
}

#[test]
fn kills_around_the_end_of_a_part_lose_none_of_what_was_written() {
    let later = kills::kill_at_the_end_of_a_part(2, false);
    assert!(later >= 1, "{later} of 2 kills after the part's end");
}

#[cfg(unix)] // elsewhere no other program can press Ctrl-C
#[test]
fn two_sessions_at_once_are_refused_and_reading_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let device = microphone("zh-vi");
    let args = ["record", "--languages", "zh,vi", "--device", &device];
    let mut first = mekong(dir.path())
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    kills::wait_until_it_records(&mut first);
    let second = run(dir.path(), &args);
    assert_helpful_failure(&second, "a second session");
    let list = json(dir.path(), &["list", "--json"]);
    let shown = json(
        dir.path(),
        &["show", list[0]["id"].as_str().unwrap(), "--json"],
    );
    assert_eq!(shown["session"]["in_progress"], true);
    interrupt(first.id());
    assert!(
        first.wait().unwrap().success(),
        "Ctrl-C is the ordinary end"
    );
    let shown = json(
        dir.path(),
        &["show", list[0]["id"].as_str().unwrap(), "--json"],
    );
    assert_eq!(shown["session"]["in_progress"], false);
}

#[cfg(unix)]
fn interrupt(pid: u32) {
    let done = Command::new("kill")
        .args(["-INT", &pid.to_string()])
        .status();
    assert!(done.unwrap().success());
}

#[test]
fn what_is_wrong_before_the_start_is_said_with_the_next_step_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let fixtures = root().join("tests/fixtures/audio");
    let file = |name: &str| format!("file:{}", fixtures.join(name).display());
    let two = microphone("zh-vi");
    let cases: &[(&str, &[&str])] = &[
        ("alsa:hw:CARD=NotThere,DEV=0", &[]),
        ("no such microphone", &[]),
        ("0", &[]),
        ("file:/nowhere/at/all.wav", &[]),
        (&file("bad-pdf.wav"), &[]),
        (&file("bad-empty.wav"), &[]),
        (&file("bad-slow.wav"), &[]),
        (&file("bad-nine-channels.wav"), &[]),
        (&two, &["--channels", "a=zh,b=vi,c=zh+vi"]),
    ];
    for (device, more) in cases {
        let mut args = vec!["record", "--languages", "zh,vi", "--device", *device];
        args.extend(*more);
        assert_helpful_failure(&run(dir.path(), &args), device);
    }
    assert_eq!(json(dir.path(), &["list", "--json"]), serde_json::json!([]));
    let kept = fs::read_dir(dir.path().join("recordings")).map_or(0, Iterator::count);
    assert_eq!(kept, 0);
    let one = run(
        dir.path(),
        &["record", "--languages", "zh", "--device", &two],
    );
    assert_eq!(one.status.code(), Some(2), "{}", stderr(&one));
}

#[test]
fn a_machine_without_a_microphone_says_so() {
    let dir = tempfile::tempdir().unwrap();
    if json(dir.path(), &["devices", "--json"]) != serde_json::json!([]) {
        eprintln!("skipped: this machine has a microphone");
        return;
    }
    let output = run(dir.path(), &["record", "--languages", "zh,vi"]);
    assert_helpful_failure(&output, "no microphone");
    assert!(
        stderr(&output).contains("file:RECORDING"),
        "{}",
        stderr(&output)
    );
}

/// A disk in memory, detached when dropped; only the system's administrator may attach one.
struct Disk(
    std::path::PathBuf,
    #[expect(dead_code, reason = "removed at the end")] tempfile::TempDir,
);

impl Disk {
    fn attach(options: &str) -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let at = dir.path().join("disk");
        fs::create_dir(&at).unwrap();
        let mounted = mount(&["-t", "tmpfs", "-o", options, "tmpfs"], &at);
        if !mounted {
            eprintln!("skipped: this user may not attach a disk");
        }
        mounted.then(|| Self(at, dir))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(args: &[&str], at: &Path) -> bool {
    let output = Command::new("mount").args(args).arg(at).output();
    output.is_ok_and(|o| o.status.success())
}

#[test]
fn a_disk_without_room_or_read_only_is_refused_before_anything_is_recorded() {
    let Some(disk) = Disk::attach("size=20m") else {
        return;
    };
    let device = microphone("zh-vi");
    let args = [
        "record",
        "--languages",
        "zh,vi",
        "--device",
        &device,
        "--for",
        "60",
    ];
    let full = run(&disk.0, &args);
    assert_helpful_failure(&full, "too little room");
    assert!(
        stderr(&full).contains("too little room"),
        "{}",
        stderr(&full)
    );
    assert_eq!(fs::read_dir(disk.0.join("recordings")).unwrap().count(), 0);
    assert!(mount(&["-o", "remount,ro"], &disk.0));
    assert_helpful_failure(&run(&disk.0, &args), "a read-only disk");
}

#[test]
fn a_disk_that_fills_up_ends_the_session_loudly_and_keeps_what_was_heard() {
    // The room that the start asks for is there and vanishes: another program fills the disk.
    let Some(disk) = Disk::attach("size=2100m") else {
        return;
    };
    let device = microphone("zh-vi");
    let mut child = mekong(&disk.0)
        .args(["record", "--languages", "zh,vi", "--device", &device])
        .args(["--for", "20"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = kills::wait_until_it_records(&mut child);
    // The disk shrinks to what is on it, and a little more.
    let df = Command::new("df")
        .args(["--output=used", "-k"])
        .arg(&disk.0)
        .output()
        .unwrap();
    let used: u64 = String::from_utf8_lossy(&df.stdout)
        .lines()
        .nth(1)
        .and_then(|line| line.trim().parse().ok())
        .unwrap();
    let size = format!("remount,size={}k", used + 300);
    assert!(mount(&["-o", &size], &disk.0));
    let status = child.wait().unwrap();
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut said, &mut rest).unwrap();
    assert!(
        rest.contains("ALARM") && rest.contains("full"),
        "{status}: {rest}"
    );
    assert!(!rest.contains("panicked"), "{rest}");
    assert_eq!(status.code(), Some(1), "{rest}");
    assert!(mount(&["-o", "remount,size=100m"], &disk.0));
    let resumed = run(&disk.0, &["resume"]);
    assert!(resumed.status.success(), "{}", stderr(&resumed));
    let list = json(&disk.0, &["list", "--json"]);
    assert_eq!(list[0]["pending"], 0);
    let id = list[0]["id"].as_str().unwrap();
    let shown = json(&disk.0, &["show", id, "--json"]);
    // Where not even the journal's last line found room, it was cut off.
    let ended = shown["session"]["ended"].as_str().unwrap();
    assert!(["disk-full", "recovered"].contains(&ended), "{ended}");
    // A piece of the write that found no room may stand in the part: nothing of it was hashed before.
    assert_eq!(json(&disk.0, &["verify", id, "--json"])["ok"], true);
}

#[test]
fn every_frame_that_the_sound_service_plays_is_recorded() {
    let Some(report) = hour::record(Duration::from_secs(10), false) else {
        println!("skipped: PulseAudio, or ALSA's plugin for it, is not here");
        return;
    };
    assert_eq!(
        (report.lost, report.strange, report.gaps),
        (0, 0, 0),
        "{report:?}"
    );
    assert!(report.same > 7 * 48_000, "{report:?}");
}

#[test]
fn a_sound_service_that_dies_is_told_and_recording_goes_on_when_it_is_back() {
    let Some((said, shown)) = hour::restart() else {
        println!("skipped: PulseAudio, or ALSA's plugin for it, is not here");
        return;
    };
    let place = |words: &str| said.iter().position(|line| line.contains(words));
    let (gone, back) = (place(" is gone"), place(" is back at "));
    assert!(gone.is_some() && gone < back, "{said:?}");
    let events = shown["events"].as_array().unwrap();
    let gaps: Vec<_> = events.iter().filter(|e| e["kind"] == "gap").collect();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
}
