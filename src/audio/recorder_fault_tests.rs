//! The recorder on a disk of which every operation fails once in turn, fills up or runs low.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use super::capture::SourceFormat;
use super::disk::{Disk, DiskFile, SystemDisk};
use super::notice::{Notice, Stop};
use super::recorder_tests::{Act, Bench, STEREO, stopped};
use super::{Error, recover_parts};
use crate::domain::SAMPLE_RATE;

/// A disk on which one operation fails, and on which only what was forced to it survives.
struct Faulty {
    left: Mutex<u64>,
    error: io::ErrorKind,
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
    /// Counts an operation; the last one that may succeed has passed when this fails.
    fn step(&self) -> io::Result<()> {
        let mut left = self.left.lock().unwrap();
        match *left {
            0 => Ok(()),
            1 => {
                *left = 0;
                Err(self.error.into())
            }
            _ => {
                *left -= 1;
                Ok(())
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
        if let Err(e) = self.disk.step() {
            // A part of it may have reached the file, as on a disk that fills up.
            let _ = self.inner.append(&bytes[..bytes.len() / 2]);
            return Err(e);
        }
        let upto = if self.disk.short {
            bytes.len().div_ceil(2)
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

fn faulty(at: u64, error: io::ErrorKind, short: bool) -> Arc<FaultyDisk> {
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
    for error in [io::ErrorKind::StorageFull, io::ErrorKind::Other] {
        for at in 1.. {
            let bench = Bench::new(acts.clone(), small);
            let disk = faulty(at, error, false);
            let spent = disk.0.clone();
            let result = bench.record(disk);
            if *spent.left.lock().unwrap() > 0 {
                let notices = result.unwrap();
                assert_eq!(stopped(&notices), &Stop::SourceEnded);
                break; // every operation has had its turn
            }
            failures += 1;
            match result {
                // Before the beginning: the caller is told.
                Err(e) => assert!(!e.help().is_empty() && at < 20, "{at}: {e}"),
                Ok(notices) => match (stopped(&notices), error) {
                    (Stop::DiskFull, io::ErrorKind::StorageFull) => {}
                    (Stop::DiskFailed(why), io::ErrorKind::Other) => assert!(!why.is_empty()),
                    (other, _) => panic!("{at}: {other:?}"),
                },
            }
            // What is there can be read, whole frames only, from the first on.
            for part in recover_parts(bench.dir.path()).unwrap() {
                let heard = bench.samples(&part.name);
                assert_eq!(heard.len() as u64, part.frames * 2);
            }
        }
    }
    assert!(failures > 100, "only {failures} operations");
}

#[test]
fn short_writes_are_no_failure() {
    let bench = Bench::new(vec![Act::Speak(48_000)], STEREO);
    let notices = bench.record(faulty(0, io::ErrorKind::Other, true)).unwrap();
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
            error: io::ErrorKind::Other,
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
