//! The recorder on a disk of which every operation fails once in turn, fills up or runs low.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::asking::Ask;
use super::capture::SourceFormat;
use super::disk::{Disk, DiskFile, SystemDisk};
use super::notice::{Entry, Notice, Part, Stop};
use super::recorder_tests::{Act, Bench, STEREO, stopped};
use super::{
    Beginning, Error, Recorder, RecorderPlan, Series, SharedChain, read_journal, recover_parts,
    sleep_clock, system_clock,
};
use crate::domain::SAMPLE_RATE;
use crate::vault::{self, WorkspaceKey, hold};

/// A disk on which one operation fails, and on which only what was forced to it survives.
struct Faulty {
    left: Mutex<u64>,
    /// How it fails; none: a write takes a half.
    error: Option<io::ErrorKind>,
    short: bool,
    free: u64,
}

struct FaultyFile {
    inner: Box<dyn DiskFile>,
    disk: Arc<Faulty>,
    sync_failed: bool,
}

struct FaultyDisk(Arc<Faulty>);

impl Faulty {
    /// Counts an operation; the last one that may succeed has passed when this fails. True where a write
    /// takes a half.
    fn step(&self) -> io::Result<bool> {
        let mut left = self.left.lock().unwrap();
        match (*left, self.error) {
            (0, _) => Ok(false),
            (1, error) => {
                *left = 0;
                error.map_or(Ok(true), |error| Err(error.into()))
            }
            _ => {
                *left -= 1;
                Ok(false)
            }
        }
    }
}

impl Disk for FaultyDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.0.step()?;
        Ok(Box::new(FaultyFile {
            inner: SystemDisk.create(path)?,
            disk: self.0.clone(),
            sync_failed: false,
        }))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.0.step()?;
        SystemDisk.sync_folder(folder)
    }

    fn free(&self, _: &Path) -> Option<u64> {
        Some(self.0.free)
    }
}

impl DiskFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let half = bytes.len().div_ceil(2);
        let short = self.disk.step().inspect_err(|_| {
            // A part of it may have reached the file, as on a disk that fills up.
            let _ = self.inner.append(&bytes[..bytes.len() / 2]);
        })?;
        let upto = if self.disk.short || short {
            half
        } else {
            bytes.len()
        };
        self.inner.append(&bytes[..upto])
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.disk.step()?;
        self.inner.patch(at, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        assert!(!self.sync_failed, "a failed sync was tried again");
        let result = self.disk.step();
        self.sync_failed = result.is_err();
        result?;
        self.inner.sync()
    }
}

fn faulty(at: u64, error: Option<io::ErrorKind>, short: bool) -> Arc<FaultyDisk> {
    Arc::new(FaultyDisk(Arc::new(Faulty {
        left: Mutex::new(at),
        error,
        short,
        free: 1 << 40,
    })))
}

#[test]
fn every_operation_of_the_disk_failing_once_is_told_and_keeps_what_was_written() {
    // Twelve parts of a second would take long; the script is short and has a part's end in it.
    let acts = vec![Act::Speak(2_000), Act::Lose(480), Act::Speak(2_000)];
    let small = SourceFormat {
        rate: 1_000,
        channels: 2,
    };
    let mut failures = 0;
    let kinds = [
        Some(io::ErrorKind::StorageFull),
        Some(io::ErrorKind::Other),
        None,
    ];
    for (error, locked) in kinds.into_iter().flat_map(|k| [(k, false), (k, true)]) {
        for at in 1.. {
            let bench = Bench::new(acts.clone(), small);
            let key = || hold(bench.dir.path(), WorkspaceKey::generate().unwrap()).unwrap();
            let _key = locked.then(key);
            let disk = faulty(at, error, false);
            let spent = disk.0.clone();
            let result = bench.record(disk);
            if *spent.left.lock().unwrap() > 0 {
                let notices = result.unwrap();
                assert_eq!(stopped(&notices), &Stop::SourceEnded);
                break; // every operation has had its turn
            }
            failures += 1;
            let told = result.as_ref().map_or(&[][..], Vec::as_slice).iter();
            let closed = told.filter_map(|n| match n {
                Notice::PartClosed { part } => Some(part.clone()),
                _ => None,
            });
            let closed: Vec<Part> = closed.collect();
            // Whoever hears that it has ended listens no more: a failure after that would be silent.
            let ends = result.as_ref().map_or(&[][..], Vec::as_slice).iter();
            let ends = ends.filter(|n| matches!(n, Notice::Stopped { .. })).count();
            assert_eq!(ends, usize::from(result.is_ok()), "{at}, {error:?}");
            match result {
                // Before the beginning: the caller is told.
                Err(e) => {
                    let early = locked || at < 20;
                    assert!(!e.help().is_empty() && early, "{at}: {e}");
                }
                Ok(notices) => match (stopped(&notices), error) {
                    // The rest of a write follows, and nothing is missing.
                    (Stop::SourceEnded, None) => {
                        let kept = recover_parts(bench.dir.path(), Series::default()).unwrap();
                        assert_eq!(kept.iter().map(|p| p.frames).sum::<u64>(), 4_480);
                        let told = |n: &&Notice| matches!(n, Notice::Unlinked { .. });
                        assert_eq!(notices.iter().filter(told).count(), 0);
                    }
                    // What stands beside the sound stopped, and the sound did not.
                    (Stop::SourceEnded, Some(_)) => assert!(
                        notices
                            .iter()
                            .any(|n| matches!(n, Notice::Unlinked { .. } | Notice::Exposed { .. })),
                        "{at}"
                    ),
                    (Stop::DiskFull, Some(io::ErrorKind::StorageFull)) => {}
                    (Stop::DiskFailed(why), Some(_)) => assert!(!why.is_empty()),
                    (other, _) => panic!("{at}: {other:?}"),
                },
            }
            // What is there can be read, whole frames only, from the first on.
            let parts = recover_parts(bench.dir.path(), Series::default()).unwrap();
            // What was told of, and hashed, no recovery changes.
            for part in closed {
                assert!(
                    parts.contains(&part),
                    "{at}, {error:?}: {part:?} in {parts:?}"
                );
            }
            for part in parts {
                let content = vault::open(&bench.dir.path().join(&part.name)).unwrap();
                let heard = hound::WavReader::new(io::BufReader::new(content)).unwrap();
                assert_eq!(u64::from(heard.duration()), part.frames);
            }
        }
    }
    assert!(failures > 100, "only {failures} operations");
}

#[test]
fn a_mark_outlasts_whatever_fails_or_is_known_to_stand_nowhere() {
    let small = SourceFormat {
        rate: 1_000,
        channels: 2,
    };
    let mut lost = 0;
    for at in 1.. {
        let bench = Bench::new(vec![Act::Speak(2_000)], small);
        let disk = faulty(at, Some(io::ErrorKind::StorageFull), false);
        let spent = disk.0.clone();
        let (mut recording, notices) = bench.arm(disk);
        let folder = bench.dir.path().to_owned();
        let begun = recording.begin(Beginning::alone(folder, Duration::from_secs(60)));
        if begun.is_err() || recording.has_ended() {
            continue; // whoever marks then is told that there is nothing to mark
        }
        let mut marks = vec![("ຫຼັກຖານ 1", 0), ("证据二", 500)];
        marks.retain(|(mark, later)| {
            let moment = (bench.clock)() + Duration::from_millis(*later);
            // One that has ended takes none, and says so.
            let takes = !recording.has_ended();
            recording.ask(Ask::Mark((*mark).into()), moment);
            takes
        });
        while !recording.has_ended() {
            if !recording.listen() {
                bench.millis.fetch_add(10, Ordering::Relaxed);
            }
        }
        let told: Vec<Entry> = notices.try_iter().collect();
        let journal = read_journal(bench.dir.path(), Series::default()).unwrap_or_default();
        for (mark, _) in marks {
            let is_it =
                |e: &&Entry| matches!(&e.notice, Notice::Marked { words, .. } if words == mark);
            let entry = told
                .iter()
                .find(is_it)
                .unwrap_or_else(|| panic!("{at}: {mark}"));
            assert_eq!(
                journal.iter().any(|e| is_it(&e)),
                !entry.refused,
                "{at}: {mark}"
            );
            lost += usize::from(entry.refused);
        }
        if *spent.left.lock().unwrap() > 0 {
            break; // every operation has had its turn
        }
    }
    assert!(lost > 0, "no journal ever failed");
}

#[test]
fn short_writes_are_no_failure() {
    let bench = Bench::new(vec![Act::Speak(48_000)], STEREO);
    let notices = bench.record(faulty(0, None, true)).unwrap();
    assert_eq!(stopped(&notices), &Stop::SourceEnded);
    assert_eq!(bench.samples("part-001.wav").len(), 96_000);
}

#[test]
fn a_disk_below_the_planned_length_is_refused_and_one_that_runs_low_is_told_twice() {
    let bench = Bench::new(vec![Act::Speak(48_000 * 40)], STEREO);
    let a_minute = 60 * (48_000 * 4 + u64::from(SAMPLE_RATE) * 4);
    let with_free = |free| {
        Arc::new(FaultyDisk(Arc::new(Faulty {
            left: Mutex::new(0),
            error: None,
            short: false,
            free,
        })))
    };
    let refused = bench
        .record(with_free((2 << 30) + a_minute - 1))
        .unwrap_err();
    assert!(
        matches!(refused, Error::NoRoom { minutes: 1, .. }),
        "{refused}"
    );
    assert_eq!(fs::read_dir(bench.dir.path()).unwrap().count(), 0);

    struct Shrinking(AtomicU64, u64);
    impl Disk for Shrinking {
        fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
            SystemDisk.create(path)
        }
        fn sync_folder(&self, folder: &Path) -> io::Result<()> {
            SystemDisk.sync_folder(folder)
        }
        fn free(&self, _: &Path) -> Option<u64> {
            // The first look is that of the start, then 40, 30, 20 ... minutes.
            let look = self.0.fetch_add(1, Ordering::Relaxed);
            Some(match look {
                0 => 1 << 40,
                n => self.1 * 10 * 5_u64.saturating_sub(n),
            })
        }
    }
    let notices = bench
        .record(Arc::new(Shrinking(AtomicU64::new(0), a_minute)))
        .unwrap();
    let told: Vec<u64> = notices
        .iter()
        .filter_map(|n| match n {
            Notice::DiskLow { minutes, .. } => Some(*minutes),
            _ => None,
        })
        .collect();
    assert_eq!(told, [30, 10]);
}

/// A disk whose power is cut after so many operations: from then on nothing works, and afterwards
/// only what was forced to it is there.
#[derive(Default)]
struct PowerCut {
    left: Mutex<u64>,
    forced: Mutex<HashMap<PathBuf, u64>>,
    /// Files whose names were not forced to the disk.
    nameless: Mutex<Vec<PathBuf>>,
}

impl PowerCut {
    fn step(&self) -> io::Result<()> {
        let mut left = self.left.lock().unwrap();
        *left = left.checked_sub(1).ok_or(io::ErrorKind::Other)?;
        Ok(())
    }
}

struct CutDisk(Arc<PowerCut>);

struct CutFile {
    inner: Box<dyn DiskFile>,
    power: Arc<PowerCut>,
    path: PathBuf,
    len: u64,
}

impl Disk for CutDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        self.0.step()?;
        self.0.forced.lock().unwrap().insert(path.to_owned(), 0);
        self.0.nameless.lock().unwrap().push(path.to_owned());
        Ok(Box::new(CutFile {
            inner: SystemDisk.create(path)?,
            power: self.0.clone(),
            path: path.to_owned(),
            len: 0,
        }))
    }

    fn sync_folder(&self, _: &Path) -> io::Result<()> {
        self.0.step()?;
        self.0.nameless.lock().unwrap().clear();
        Ok(())
    }

    fn free(&self, _: &Path) -> Option<u64> {
        None
    }
}

impl DiskFile for CutFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.power.step()?;
        self.len += bytes.len() as u64;
        self.inner.append(bytes)
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.power.step()?;
        self.inner.patch(at, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.power.step()?;
        let mut forced = self.power.forced.lock().unwrap();
        forced.insert(self.path.clone(), self.len);
        Ok(())
    }
}

/// Cuts the power after every so many operations from 20 on; the cuts, and those between two parts.
fn cut_power(every: usize, rate: u64, bench: impl Fn() -> Bench) -> (usize, usize) {
    let mut in_later_parts = 0;
    for (cuts, at) in (20..).step_by(every).enumerate() {
        let bench = bench();
        let power = Arc::new(PowerCut {
            left: Mutex::new(at),
            ..PowerCut::default()
        });
        let result = bench.record(Arc::new(CutDisk(power.clone())));
        if *power.left.lock().unwrap() > 0 {
            return (cuts, in_later_parts); // it came to its end before the cut
        }
        result.unwrap();
        for (path, len) in power.forced.lock().unwrap().iter() {
            let file = fs::OpenOptions::new().write(true).open(path).unwrap();
            file.set_len(*len).unwrap();
        }
        for path in power.nameless.lock().unwrap().iter() {
            fs::remove_file(path).unwrap();
        }
        let parts = recover_parts(bench.dir.path(), Series::default()).unwrap();
        in_later_parts += usize::from(parts.len() > 1);
        let kept: u64 = parts.iter().map(|p| p.frames).sum();
        let lost = bench.spoken().saturating_sub(kept);
        assert!(lost <= rate, "{lost} of {} frames lost", bench.spoken());
    }
    unreachable!("there is always one more moment")
}

#[test]
fn a_power_cut_at_any_moment_costs_at_most_a_second() {
    let whole = || Bench::new(vec![Act::Speak(48_000 * 4)], STEREO);
    let (cuts, _) = cut_power(23, 48_000, whole);
    assert!(cuts > 20, "{cuts} cuts");
    // The same where a part ends in each second.
    let slow = SourceFormat {
        rate: 8_000,
        channels: 2,
    };
    let parts = || Bench::new(vec![Act::Speak(8_000 * 4)], slow).with_short_parts();
    let (cuts, later) = cut_power(5, 8_000, parts);
    assert!(
        cuts > 40 && later > 20,
        "{cuts} cuts, {later} after a part's end"
    );
}

#[test]
fn a_refused_microphone_says_so_with_the_next_step() {
    let refused = Recorder::arm(RecorderPlan {
        open: Box::new(|| Err(Error::MicrophoneDenied { name: "a".into() })),
        channels: 1,
        disk: Arc::new(SystemDisk),
        clock: system_clock(),
        slept: sleep_clock(),
        part: std::time::Duration::from_secs(600),
        series: Series::default(),
        chain: SharedChain::default(),
    });
    let error = refused.map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::MicrophoneDenied { .. }));
    assert!(error.help().contains("privacy"), "{}", error.help());
}
