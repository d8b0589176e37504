//! The recorder whose microphone is away, exchanged for another or slept through, with a button that was
//! pressed long before the start; and eight hours of all that.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::capture::SourceFormat;
use super::disk::{Disk, DiskFile, SystemDisk};
use super::notice::Notice;
use super::recorder_tests::{Act, Bench, STEREO};
use super::{Beginning, RecorderProgress, Series, read_journal, recover_parts};
use crate::domain::Span;

#[test]
fn another_microphone_in_the_place_of_the_one_that_is_gone_is_told_once_and_never_heard() {
    let second = 48_000;
    let acts = vec![
        Act::Speak(second),
        Act::Swap(9_000, "Table (USB 1-4)"),
        Act::Speak(second),
        Act::Swap(6_000, "Table (USB 1-4)"),
        Act::Speak(second),
    ];
    let bench = Bench::new(acts, STEREO);
    let notices = bench.record(Arc::new(SystemDisk)).unwrap();
    let others: Vec<(u64, &str, &str)> = notices
        .iter()
        .filter_map(|n| match n {
            Notice::Other { at, missing, found } => {
                Some((at.as_ms(), missing.as_str(), found.as_str()))
            }
            _ => None,
        })
        .collect();
    // Once in each stretch, although it was tried every half a second.
    assert_eq!(others.len(), 2, "{others:?}");
    for (at, missing, found) in others {
        assert!(at > 3_000, "{at} ms");
        assert_eq!((missing, found), ("Table (USB 1-2)", "Table (USB 1-4)"));
    }
    // Silence stands for the whole time, and the sound after it is the right one's.
    let spans: Vec<u64> = notices
        .iter()
        .filter_map(|n| match n {
            Notice::Back { span, .. } => Some(span.duration_ms()),
            _ => None,
        })
        .collect();
    assert!(
        spans.len() == 2 && spans[0] >= 9_000 && spans[1] >= 6_000,
        "{spans:?}"
    );
    let heard = bench.samples("part-001.wav");
    let sound = heard.iter().filter(|s| **s != 0).count();
    assert_eq!(sound, second as usize * 3 * 2);
}

#[test]
fn one_that_is_back_and_cannot_be_used_is_told_once_and_its_gap_ends_with_the_session() {
    let mono = SourceFormat {
        rate: 48_000,
        channels: 1,
    };
    let acts = vec![
        Act::Speak(48_000),
        Act::Unplug(1_000, mono),
        Act::Speak(48_000),
    ];
    let bench = Bench::new(acts, STEREO);
    let (mut recording, notices) = bench.arm(Arc::new(SystemDisk));
    let folder = bench.dir.path().to_owned();
    let alone = Beginning::alone(folder, Duration::from_secs(60));
    recording.begin(alone).unwrap();
    while bench.millis.load(Ordering::Relaxed) < 10_000 {
        if !recording.listen() {
            bench.millis.fetch_add(10, Ordering::Relaxed);
        }
    }
    recording.stop();
    let notices: Vec<Notice> = notices.try_iter().map(|e| e.notice).collect();
    let why: Vec<&str> = notices
        .iter()
        .filter_map(|n| match n {
            Notice::Refused { why, .. } => Some(why.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(why.len(), 1, "{notices:?}");
    assert!(why[0].contains("1 channels"), "{why:?}");
    let away = notices.iter().find_map(|n| match n {
        Notice::StayedAway { span } => Some((span.start.as_ms(), span.end.as_ms())),
        _ => None,
    });
    let (from, to) = away.unwrap();
    assert!(from == 1_000 && (8_900..=9_010).contains(&to), "{away:?}");
}

#[test]
fn a_microphone_that_is_there_and_says_nothing_is_told_of_within_a_second() {
    let second = 48_000;
    let acts = vec![
        Act::Speak(second * 2),
        // As short as the time between two deliveries of a slow sound service: nothing to tell.
        Act::Stall(700),
        Act::Speak(second),
        Act::Stall(5_000),
        Act::Speak(second),
    ];
    let bench = Bench::new(acts, STEREO);
    let notices = bench.record(Arc::new(SystemDisk)).unwrap();
    let gone = |n: &&Notice| matches!(n, Notice::Gone { .. });
    let told: Vec<&Notice> = notices.iter().filter(gone).collect();
    let [Notice::Gone { at, why }] = told[..] else {
        panic!("{notices:?}")
    };
    assert!(why.contains("no sound"), "{why}");
    assert_eq!(at.as_ms(), 3_000);
    // By the recorder's own clock, which stood at 1 s when it began and at 4.7 s with the last sound.
    let journal = std::fs::read_to_string(bench.dir.path().join("journal.jsonl")).unwrap();
    let line = journal
        .lines()
        .find(|line| line.contains("\"gone\""))
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(line).unwrap();
    let waited = line["clock_ms"].as_u64().unwrap() - 4_700;
    assert!((800..1_000).contains(&waited), "told after {waited} ms");
    // Silence stands for the time until it spoke again.
    let back = notices.iter().find_map(|n| match n {
        Notice::Back { span, .. } => Some(span.duration_ms()),
        _ => None,
    });
    assert!((4_900..5_700).contains(&back.unwrap()), "{back:?}");
}

#[test]
fn time_that_the_computer_slept_is_silence_of_that_length_with_an_entry_and_the_session_goes_on() {
    let second = 48_000;
    let acts = vec![
        Act::Speak(second),
        // Less than a second is the difference of two readings.
        Act::Sleep(400),
        Act::Speak(second),
        Act::Sleep(95_000),
        Act::Speak(second),
    ];
    let bench = Bench::new(acts, STEREO);
    let notices = bench.record(Arc::new(SystemDisk)).unwrap();
    let slept: Vec<(Span, u64)> = notices
        .iter()
        .filter_map(|n| match n {
            Notice::Slept { span, seconds } => Some((*span, *seconds)),
            _ => None,
        })
        .collect();
    let [(span, seconds)] = slept[..] else {
        panic!("{slept:?}")
    };
    // The 400 ms are part of it: no time is lost for ever.
    assert_eq!(
        (span.start.as_ms(), span.end.as_ms(), seconds),
        (2_000, 97_400, 95)
    );
    let stuck = |n: &Notice| matches!(n, Notice::Stalled { .. } | Notice::Gone { .. });
    assert!(!notices.iter().any(stuck), "{notices:?}");
    let heard = bench.samples("part-001.wav");
    assert_eq!(heard.len(), 2 * 48 * 98_400);
    let silent = |from: usize, to: usize| heard[from * 96..to * 96].iter().all(|s| *s == 0);
    assert!(silent(2_000, 97_400) && !silent(97_400, 97_401) && !silent(1_999, 2_000));
    let journal = read_journal(bench.dir.path(), Series::default()).unwrap();
    assert!(
        journal
            .iter()
            .any(|e| matches!(e.notice, Notice::Slept { .. }))
    );
}

#[test]
fn a_sleep_of_a_night_is_told_whole_and_is_silence_of_an_hour() {
    let small = SourceFormat {
        rate: 1_000,
        channels: 2,
    };
    let acts = vec![Act::Speak(2_000), Act::Sleep(30_000_000), Act::Speak(2_000)];
    let bench = Bench::new(acts, small);
    let notices = bench.record(Arc::new(Lazy)).unwrap();
    let told = notices.iter().find_map(|n| match n {
        Notice::Slept { span, seconds } => Some((span.duration_ms(), *seconds)),
        _ => None,
    });
    assert_eq!(told, Some((3_600_000, 30_000)));
    let parts = recover_parts(bench.dir.path(), Series::default()).unwrap();
    let frames: u64 = parts.iter().map(|p| p.frames).sum();
    assert_eq!(frames, 3_604_000);
}

#[test]
fn the_seconds_before_the_press_are_kept_and_what_came_after_it_is_no_pre_roll() {
    let bench = Bench::new(vec![Act::Speak(48_000 * 10)], STEREO);
    let (mut recording, notices) = bench.arm(Arc::new(SystemDisk));
    let listen_until = |recording: &mut super::recording::Recording, ms: u64| {
        while bench.millis.load(Ordering::Relaxed) < 1000 + ms {
            assert!(recording.listen());
        }
    };
    listen_until(&mut recording, 4_000);
    let pressed = Duration::from_millis(bench.millis.load(Ordering::Relaxed));
    // Glossaries and names are read.
    listen_until(&mut recording, 7_000);
    let folder = bench.dir.path().to_owned();
    let alone = Beginning::alone(folder, Duration::from_secs(60));
    let begun = recording.begin(Beginning {
        pressed: Some(pressed),
        ..alone
    });
    assert_eq!(begun.unwrap(), pressed - Duration::from_secs(2));
    while !recording.has_ended() {
        recording.listen();
    }
    let first = notices.try_iter().next().unwrap();
    let Notice::Began { pre_roll, .. } = first.notice else {
        panic!("{first:?}")
    };
    assert_eq!(pre_roll.as_ms(), 2_000);
    // From the second second on, up to the end.
    assert_eq!(bench.samples("part-001.wav").len(), 48_000 * 8 * 2);
}

#[test]
fn what_was_lost_before_a_session_is_no_loss_of_it() {
    let acts = vec![
        Act::Speak(48_000),
        Act::Lose(480),
        Act::Speak(48_000),
        Act::Lose(1),
    ];
    let bench = Bench::new(acts, STEREO);
    let (mut recording, notices) = bench.arm(Arc::new(SystemDisk));
    let progress: Arc<RecorderProgress> = recording.progress();
    while bench.millis.load(Ordering::Relaxed) < 2_500 {
        recording.listen();
    }
    let folder = bench.dir.path().to_owned();
    let beginning = Beginning::alone(folder, Duration::from_secs(60));
    recording.begin(beginning).unwrap();
    assert_eq!(progress.lost(), 0);
    while !recording.has_ended() {
        recording.listen();
    }
    assert_eq!(progress.lost(), 1);
    let lost = notices
        .try_iter()
        .filter(|e| matches!(e.notice, Notice::Lost { .. }));
    assert_eq!(lost.count(), 1);
}

/// A disk that forces nothing, for what takes hours.
struct Lazy;
struct LazyFile(Box<dyn DiskFile>);

impl Disk for Lazy {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(LazyFile(SystemDisk.create(path)?)))
    }
    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
    fn free(&self, _: &Path) -> Option<u64> {
        None
    }
}

impl DiskFile for LazyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes)
    }
    fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.patch(at, bytes)
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn eight_hours_keep_time() {
    // Eight hours at 1 kHz (so that the test is quick), with losses and unplugged stretches.
    let small = SourceFormat {
        rate: 1_000,
        channels: 2,
    };
    let mut acts = Vec::new();
    for minute in 0..480_u64 {
        acts.push(Act::Speak(57_000 + minute % 7));
        acts.push(Act::Lose(333));
        if minute % 60 == 59 {
            acts.push(Act::Unplug(10_000, small));
        }
    }
    let bench = Bench::new(acts, small);
    let begun = bench.millis.load(Ordering::Relaxed);
    let notices = bench.record(Arc::new(Lazy)).unwrap();
    let passed = bench.millis.load(Ordering::Relaxed) - begun;
    let Some(Notice::Stopped { at, .. }) = notices.last() else {
        panic!("no end")
    };
    let drift = at.as_ms().abs_diff(passed);
    assert!(drift < 50 * 8, "{drift} ms after {passed} ms");
    let parts = recover_parts(bench.dir.path(), Series::default()).unwrap();
    assert!(parts.len() >= 45, "{} parts", parts.len());
    let frames: u64 = parts.iter().map(|p| p.frames).sum();
    assert_eq!(frames, at.as_ms(), "a frame is a millisecond here");
}
