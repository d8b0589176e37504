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
#[path = "common/custody.rs"]
mod custody;
#[path = "common/dark.rs"]
mod dark;
#[path = "common/faults.rs"]
mod faults;
#[path = "common/hour.rs"]
mod hour;
#[path = "common/kills.rs"]
mod kills;
#[path = "common/long.rs"]
mod long;
#[path = "common/malformed.rs"]
mod malformed;
#[path = "common/malformed_files.rs"]
mod malformed_files;
#[path = "common/mutate.rs"]
mod mutate;
#[path = "common/session.rs"]
mod session;
#[path = "common/tamper.rs"]
mod tamper;
#[path = "fuzz/targets.rs"]
mod targets;
#[path = "common/thief.rs"]
mod thief;

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{Import, json, mekong};

/// A number from the environment, or the usual one.
fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|v| v.parse().ok())
        .unwrap_or(usual)
}

#[test]
#[ignore = "a full proof of some twenty minutes: scripts/proof memory"]
fn memory_stays_flat_over_four_hours() {
    let hours = setting("MEKONG_PROOF_MINUTES", 240) as f64 / 60.0;
    let (short, _, _) = long::import_long(0.05);
    let (long, seconds, lines) = long::import_long(hours);
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
    let import = Import::of("th-lo");
    let begun = Instant::now();
    let expected = import.undisturbed();
    let length = begun.elapsed();
    let (mut stored, mut not_yet) = (0, 0);
    for n in 0..kills {
        // Evenly over the whole run, in an order that mixes early and late.
        let at = length.mul_f64((n * 61 % kills) as f64 / kills as f64);
        match import.killed_and_resumed(at) {
            None => not_yet += 1,
            Some(words) => {
                assert_eq!(words, expected, "killed after {at:?}");
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
#[ignore = "a full proof of some minutes: scripts/proof tamper"]
fn every_tampering_is_seen() {
    let times = setting("MEKONG_PROOF_TAMPERINGS", 10_000);
    let c = custody::Custody::new();
    let talk = session::recorded();
    let mut dice = custody::Dice(setting("MEKONG_PROOF_SEED", 2026));
    let begun = Instant::now();
    // In this order the dice fall as they always did.
    let whole = tamper::store(&custody::Custody::whole(), times * 3 / 10, &mut dice);
    let unsealed = tamper::store(&custody::Custody::unsealed(300), times / 10, &mut dice);
    let ends = [tamper::ends(), tamper::session_ends()];
    let sound = tamper::sound(&c, times / 10, &mut dice);
    let bundle = tamper::bundle(&c, times * 4 / 10, &mut dice);
    let unpacked = tamper::unpacked(&c, times * 2 / 10, &mut dice);
    let file = tamper::store_file(&c, times / 10, &mut dice);
    let locked = tamper::locked(times / 30, &mut dice);
    let session = session::stored(&talk, times / 10, &mut dice);
    let sent = session::bundled(&talk, times / 10, &mut dice);
    let rewritten = session::rewritten(&talk, times / 20, &mut dice);
    let read = session::bundled(&custody::Custody::whole(), times / 10, &mut dice);
    let step = setting("MEKONG_PROOF_STEP", 1) as usize;
    let others = [
        tamper::resigned(&c),
        tamper::each_byte(&c, 1),
        tamper::each_byte_by_script(&c, step),
    ];
    let here = [whole, unsealed, sound, file, locked, session];
    let bundles = [bundle, unpacked, sent, rewritten, read];
    let all = here.iter().chain(&ends).chain(&bundles).chain(&others);
    for (what, times) in all.flatten() {
        println!("tamper: {times:>6}  {what}");
    }
    for line in tamper::figures(&here, &ends, &bundles) {
        println!("tamper: {line}");
    }
    println!("tamper: {:.0} s", begun.elapsed().as_secs_f64());
}

#[test]
#[ignore = "a full proof of some minutes: scripts/proof malformed"]
fn every_malformed_file_is_refused() {
    let c = custody::Custody::new();
    let good = fs::read(c.bundle("good.zip")).unwrap();
    let bad = malformed::all(&good, &c.officer);
    let reasons = tamper::refuse_all(&c.officer, &good, &bad);
    for (reason, times) in &reasons {
        println!("malformed: {times:>6}  {reason}");
    }
    println!(
        "malformed: {} bundles refused for {} reasons; store and folder as before",
        bad.len(),
        reasons.len()
    );
    assert!(bad.len() >= 1_000);
    let tally = malformed_files::refuse_all(setting("MEKONG_PROOF_FILES", 150) as usize);
    for (kind, refused) in &tally {
        println!("malformed: {refused:>6}  {kind}");
    }
    let others: u64 = tally.values().sum();
    println!("malformed: {others} other files refused by name; the store as before");
    assert!(others >= 1_000);
}

#[test]
#[ignore = "a full proof of some hours: scripts/proof record-kills"]
fn a_killed_recording_loses_at_most_a_second() {
    let kills = setting("MEKONG_PROOF_KILLS", 1000);
    let report = kills::kill_recordings(kills, false, setting("MEKONG_PROOF_AT_ONCE", 4), 16_000);
    println!(
        "record-kills: {} kills of a running recording; the most that one cost is {} ms of sound (to reach: at most 1000)",
        report.kills, report.worst_lost_ms
    );
    println!(
        "record-kills: {} lines stored before a kill (in {} sessions), all there after it; every resume finished",
        report.lines, report.with_lines
    );
    assert!(report.worst_lost_ms <= 1000);
    // One in twenty at the end of a part, plain and locked: each takes ten minutes of sound.
    let at_ends = kills.div_ceil(40);
    for (how, locked) in [("plain", false), ("locked", true)] {
        let later = kills::kill_at_the_end_of_a_part(at_ends, locked);
        println!(
            "record-kills: {at_ends} kills of a {how} session around the end of a part ({later} after it): what was kept is to the bit what was played, with all that was on the disk before the kill"
        );
    }
}

/// Resident size now of a running process, in MB.
fn resident_mb(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|l| l.starts_with("VmRSS:"))?;
    let kilobytes = line.split_whitespace().nth(1)?.parse::<f64>().ok()?;
    Some(kilobytes / 1024.0)
}

#[test]
#[ignore = "a full proof of some minutes: scripts/proof record-long"]
fn a_long_session_keeps_time_and_memory() {
    let minutes = setting("MEKONG_PROOF_MINUTES", 480);
    let speed = setting("MEKONG_PROOF_SPEED", 20);
    let dir = tempfile::tempdir().unwrap();
    let sound = long::long_recording(dir.path(), minutes as f64 / 60.0);
    let workspace = dir.path().join("workspace");
    fs::create_dir(&workspace).unwrap();
    let begun = Instant::now();
    let mut child = mekong(&workspace)
        .args(["record", "--languages", "zh,vi"])
        .args(["--channels", "officer=zh,interviewee=vi"])
        .args(["--device", &format!("file:{}", sound.display())])
        .args(["--practice-speed", &speed.to_string()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = kills::wait_until_it_records(&mut child);
    let ended = std::thread::spawn(move || {
        let mut line = String::new();
        while std::io::BufRead::read_line(&mut said, &mut line).is_ok_and(|n| n > 0) {
            if line.contains("the sound is safe") {
                return begun.elapsed();
            }
            line.clear();
        }
        begun.elapsed()
    });
    let mut sizes = Vec::new();
    while !ended.is_finished() {
        sizes.extend(resident_mb(child.id()));
        std::thread::sleep(Duration::from_secs(1));
    }
    let recorded_in = ended.join().unwrap();
    // The text of hours said in minutes is left to `resume`; the sound is what is proven here.
    std::thread::sleep(Duration::from_secs(5));
    child.kill().unwrap();
    child.wait().unwrap();
    let early = sizes[sizes.len() / 4];
    let late = sizes.iter().rev().take(5).copied().fold(0.0, f64::max);
    let list = json(&workspace, &["list", "--json"]);
    let lasted = list[0]["duration_ms"].as_u64().unwrap();
    let missing = lasted.abs_diff(minutes * 60_000);
    let id = list[0]["id"].as_str().unwrap();
    let drift = long::drift_ms(&workspace.join("recordings").join(id), speed as f64);
    let drift = drift.abs() * 60.0 / minutes as f64;
    let rate = minutes as f64 * 60.0 / recorded_in.as_secs_f64();
    println!(
        "record-long: {minutes} minutes of session in {recorded_in:.0?} ({rate:.0} times real time)"
    );
    println!("record-long: {early:.0} MB after a quarter, {late:.0} MB at the end");
    println!("record-long: the sound is {missing} ms longer or shorter than its source");
    println!("record-long: {drift:.1} ms of drift an hour against its clock (to reach: below 50)");
    println!("record-long: {} lines stored", list[0]["segments"]);
    assert!(late - early <= 50.0);
    assert!(drift < 50.0 && missing < 50);
}

#[test]
#[ignore = "a full proof of some minutes: scripts/proof record-faults"]
#[cfg(target_os = "linux")]
fn a_failing_operation_of_the_disk_is_never_passed_over() {
    let choice = match std::env::var("MEKONG_PROOF_FAULTS").as_deref() {
        Ok("all") => faults::Choice::All,
        Ok("each") => faults::Choice::OneWay,
        _ => faults::Choice::Some(setting("MEKONG_PROOF_FAULTS", 300)),
    };
    let report = faults::fail_recordings(choice, setting("MEKONG_PROOF_AT_ONCE", 4));
    for (how, counts) in ["plain", "locked"].into_iter().zip(&report.operations) {
        println!(
            "record-faults: a {how} session of 3 s has {} writes, {} syncs, {} renames, {} new files and {} files opened again",
            counts[0], counts[1], counts[2], counts[3], counts[4]
        );
    }
    println!(
        "record-faults: {} sessions, one operation failing in each ({choice:?})",
        report.sessions
    );
    for ((operation, outcome), times) in &report.outcomes {
        println!("record-faults: {times:>5}  {operation:<20} {outcome}");
    }
    println!("record-faults: no crash, no silent success; each resume completed what was begun");
}

#[test]
#[ignore = "a full proof of an hour: scripts/proof record-hour"]
fn an_hour_on_busy_cores_loses_no_frame() {
    let minutes = setting("MEKONG_PROOF_MINUTES", 60);
    let Some(report) = hour::record(Duration::from_secs(minutes * 60), true) else {
        panic!("install pulseaudio, pulseaudio-utils and libasound2-plugins, then run this again");
    };
    let load = report.load.iter().sum::<f64>() / report.load.len().max(1) as f64;
    println!(
        "record-hour: {:.0} s of two channels at 48 kHz through PulseAudio and ALSA, {load:.1} programs wanting a core on average",
        report.seconds
    );
    println!(
        "record-hour: {} frames, each to the bit the one played after the frame before; {} lost, {} of nobody (to reach: none); the player came late by {} frames",
        report.same, report.lost, report.strange, report.silent
    );
    println!(
        "record-hour: {} gaps in the record, {} lines, {} of them without text",
        report.gaps, report.lines, report.pending
    );
    assert_eq!((report.lost, report.strange, report.gaps), (0, 0, 0));
    assert!(report.same as f64 >= (report.seconds - 2.0) * 48_000.0 - report.silent as f64);
}

#[test]
#[ignore = "a full proof: scripts/proof disk"]
fn a_thief_finds_nothing_on_the_disk_of_a_locked_workspace() {
    let kills = setting("MEKONG_PROOF_KILLS", 30);
    let case = thief::Case::new();
    case.lock();
    case.use_everything();
    case.assert_dark();
    case.assert_nothing_is_written_inside(&case.recorded());
    println!(
        "disk: every verb used once: {} stored texts, {} files searched, nothing found",
        case.said().len(),
        dark::count(&[case.root()])
    );
    let (mut texts, mut files) = (0, 0);
    for n in 0..kills {
        let case = thief::Case::new();
        case.lock();
        case.kill_import(Duration::from_millis(n * 331 % 3_000));
        case.assert_dark();
        let resumed = case.run(&["resume"]);
        assert!(resumed.status.success(), "{}", common::stderr(&resumed));
        case.assert_dark();
        texts += case.said().len();
        files += dark::count(&[case.root()]);
    }
    println!(
        "disk: {kills} kills of an import, searched before and after resume: {texts} texts, {files} files, nothing found"
    );
    let report = kills::kill_recordings(kills, true, 1, 16_000);
    println!(
        "disk: {kills} kills of a locked recording (two channels at 16 kHz): at most {} ms lost (to reach: 1000), {} lines kept; searched before and after resume: {} texts, {} files, nothing found",
        report.worst_lost_ms, report.lines, report.texts, report.searched
    );
    assert!(report.worst_lost_ms <= 1_000, "{report:?}");
    let report = kills::kill_recordings(kills, true, 1, 48_000);
    println!(
        "disk: {kills} kills of a locked recording (two channels at 48 kHz): at most {} ms lost (to reach: 1000); {} files searched, no head of a sound file found",
        report.worst_lost_ms, report.searched
    );
    assert!(report.worst_lost_ms <= 1_000, "{report:?}");
    let report = kills::kill_recordings(kills, true, 1, 8_000);
    println!(
        "disk: {kills} kills of a locked recording (one channel at 8 kHz): at most {} ms lost (to reach: 1000); {} files searched, no head of a sound file found",
        report.worst_lost_ms, report.searched
    );
    assert!(report.worst_lost_ms <= 1_000, "{report:?}");
}

#[test]
#[ignore = "a full proof: scripts/proof fuzz"]
fn every_parser_stands_changed_files() {
    use std::sync::atomic::{AtomicUsize, Ordering};

    let seconds = setting("MEKONG_PROOF_SECONDS", 300);
    let seed = setting("MEKONG_PROOF_SEED", 2026);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = Duration::from_secs(seconds * threads as u64) / targets::TARGETS.len() as u32;
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    let work = || {
        let mut done = Vec::new();
        while let Some(target) = targets::TARGETS.get(next.fetch_add(1, Ordering::Relaxed)) {
            let from = Instant::now();
            let enough = |_| from.elapsed() >= share;
            done.push(mutate::run(target, seed, &enough));
        }
        done
    };
    let outcomes: Vec<mutate::Outcome> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        all.into_iter()
            .flat_map(|one| one.join().unwrap())
            .collect()
    });
    for outcome in &outcomes {
        println!(
            "fuzz: {:>9} executions of {}, the slowest {:.0} ms",
            outcome.executions,
            outcome.name,
            outcome.slowest.as_secs_f64() * 1e3
        );
    }
    let executions: u64 = outcomes.iter().map(|o| o.executions).sum();
    let panics: Vec<_> = outcomes.iter().flat_map(|o| &o.panics).collect();
    println!(
        "fuzz: {executions} changed files for {} parsers, {} panics, {:.0} s",
        outcomes.len(),
        panics.len(),
        begun.elapsed().as_secs_f64()
    );
    assert!(panics.is_empty(), "{panics:#?}");
}
