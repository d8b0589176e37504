//! The recorder on a source that does as it is told and a disk that fails on demand.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::capture::{AudioSource, Clock, Delivery, SourceFormat};
use super::disk::{Disk, DiskFile, SystemDisk};
use super::notice::{Entry, Notice, Stop};
use super::recorder::RecorderPlan;
use super::recording::Recording;
use super::{Error, RecorderProgress, read_journal, rebuild_working, recover_parts};
use crate::domain::{Cancel, SAMPLE_RATE};

/// What the scripted microphone does next.
#[derive(Clone, Debug)]
enum Act {
    /// Delivers so many frames, in blocks of at most 480.
    Speak(u64),
    /// Loses so many frames.
    Lose(u64),
    /// Delivers zeros.
    Zeros(u64),
    /// Is unplugged for so many milliseconds, then is there again in this form.
    Unplug(u64, SourceFormat),
}

/// The script, the clock and the frame counter, shared by every reopening.
struct Stage {
    acts: Vec<Act>,
    at: usize,
    done: u64,
    millis: Arc<AtomicU64>,
    /// Fractions of a millisecond, in frames at the present rate.
    fraction: u64,
    back_at: u64,
    format: SourceFormat,
    spoken: u64,
}

impl Stage {
    fn pass(&mut self, frames: u64) {
        let frames = frames * 1000 + self.fraction;
        let rate = u64::from(self.format.rate);
        self.millis.fetch_add(frames / rate, Ordering::Relaxed);
        self.fraction = frames % rate;
    }
}

#[derive(Clone)]
struct Scripted(Arc<Mutex<Stage>>);

impl AudioSource for Scripted {
    fn format(&self) -> SourceFormat {
        self.0.lock().unwrap().format
    }

    fn take(&mut self, into: &mut Vec<i16>) -> Delivery {
        let mut stage = self.0.lock().unwrap();
        let Some(act) = stage.acts.get(stage.at).cloned() else {
            return Delivery::Ended;
        };
        let (Act::Speak(total) | Act::Zeros(total) | Act::Lose(total)) = act else {
            let Act::Unplug(ms, format) = act else {
                unreachable!()
            };
            stage.at += 1;
            stage.back_at = stage.millis.load(Ordering::Relaxed) + ms;
            stage.format = format;
            stage.fraction = 0;
            return Delivery::Gone("unplugged".into());
        };
        if stage.done == total {
            stage.at += 1;
            stage.done = 0;
            drop(stage);
            return self.take(into);
        }
        let now = if matches!(act, Act::Lose(_)) {
            total
        } else {
            (total - stage.done).min(480)
        };
        stage.done += now;
        stage.pass(now);
        if matches!(act, Act::Lose(_)) {
            return Delivery::Lost(now);
        }
        for _ in 0..now {
            stage.spoken += 1;
            // A sawtooth that tells every frame from its neighbours.
            let value = (stage.spoken % 20_011) as i16 + 1;
            for channel in 0..stage.format.channels {
                let speaks = matches!(act, Act::Speak(_));
                into.push(if speaks { value + channel as i16 } else { 0 });
            }
        }
        Delivery::Sound
    }
}

struct Bench {
    dir: tempfile::TempDir,
    stage: Scripted,
    millis: Arc<AtomicU64>,
    clock: Clock,
}

const STEREO: SourceFormat = SourceFormat {
    rate: 48_000,
    channels: 2,
};

impl Bench {
    fn new(acts: Vec<Act>, format: SourceFormat) -> Self {
        let millis = Arc::new(AtomicU64::new(1000));
        let read = millis.clone();
        let stage = Stage {
            acts,
            at: 0,
            done: 0,
            millis: millis.clone(),
            fraction: 0,
            back_at: 0,
            format,
            spoken: 0,
        };
        Self {
            dir: tempfile::tempdir().unwrap(),
            stage: Scripted(Arc::new(Mutex::new(stage))),
            clock: Arc::new(move || Duration::from_millis(read.load(Ordering::Relaxed))),
            millis,
        }
    }

    fn arm(&self, disk: Arc<dyn Disk>) -> (Recording, std::sync::mpsc::Receiver<Entry>) {
        let stage = self.stage.clone();
        let millis = self.millis.clone();
        let plan = RecorderPlan {
            open: Box::new(move || {
                let away = millis.load(Ordering::Relaxed) < stage.0.lock().unwrap().back_at;
                if away {
                    return Err(Error::NoMicrophone);
                }
                Ok(Box::new(stage.clone()))
            }),
            channels: 2,
            disk,
            clock: self.clock.clone(),
            part: Duration::from_secs(600),
        };
        let (outbox, notices) = std::sync::mpsc::sync_channel(100_000);
        let recording = Recording::arm(plan, Arc::new(RecorderProgress::default()), outbox);
        (recording.unwrap(), notices)
    }

    /// Records the whole script; the clock goes on by 10 ms wherever the source rests.
    fn record(&self, disk: Arc<dyn Disk>) -> Result<Vec<Notice>, Error> {
        let (mut recording, notices) = self.arm(disk);
        recording.begin(self.dir.path().to_owned(), Duration::from_secs(60))?;
        let mut rounds = 0_u64;
        while !recording.has_ended() {
            if !recording.listen() {
                self.millis.fetch_add(10, Ordering::Relaxed);
            }
            rounds += 1;
            assert!(rounds < 20_000_000, "it never ends");
        }
        Ok(notices.try_iter().map(|e| e.notice).collect())
    }

    fn frames_on_disk(&self) -> u64 {
        recover_parts(self.dir.path())
            .unwrap()
            .iter()
            .map(|p| p.frames)
            .sum()
    }

    fn samples(&self, name: &str) -> Vec<i16> {
        let reader = hound::WavReader::open(self.dir.path().join(name)).unwrap();
        reader.into_samples().map(Result::unwrap).collect()
    }
}

fn stopped(notices: &[Notice]) -> &Stop {
    match notices.last() {
        Some(Notice::Stopped { why, .. }) => why,
        other => panic!("the last notice is {other:?}"),
    }
}

#[test]
fn what_was_heard_is_written_untouched_and_derived_in_step() {
    let bench = Bench::new(vec![Act::Speak(48_000 * 3 + 77)], STEREO);
    let notices = bench.record(Arc::new(SystemDisk)).unwrap();
    assert_eq!(stopped(&notices), &Stop::SourceEnded);
    let heard = bench.samples("part-001.wav");
    assert_eq!(heard.len(), (48_000 * 3 + 77) * 2);
    for (n, frame) in heard.chunks(2).enumerate() {
        let value = ((n as u64 + 1) % 20_011) as i16 + 1;
        assert_eq!(frame, [value, value + 1]);
    }
    let live = [
        bench.samples("working-0.wav"),
        bench.samples("working-1.wav"),
    ];
    assert_eq!(live[0].len(), 48_026);
    let parts = recover_parts(bench.dir.path()).unwrap();
    rebuild_working(bench.dir.path(), &parts, 2, &mut |_, _| {}, &Cancel::new()).unwrap();
    // Made again from the parts it is the same, to the sample.
    assert_eq!(
        live,
        [
            bench.samples("working-0.wav"),
            bench.samples("working-1.wav")
        ]
    );
    let journal = read_journal(bench.dir.path()).unwrap();
    let journal: Vec<Notice> = journal.into_iter().map(|e| e.notice).collect();
    assert_eq!(journal, notices);
}

#[test]
fn lost_frames_and_an_unplugged_microphone_leave_equal_silence_and_an_entry() {
    let second = 48_000;
    let acts = vec![
        Act::Speak(second),
        Act::Lose(4_800),
        Act::Speak(second),
        Act::Unplug(3_000, STEREO),
        Act::Speak(second),
    ];
    let bench = Bench::new(acts, STEREO);
    let notices = bench.record(Arc::new(SystemDisk)).unwrap();
    let lost = notices.iter().find_map(|n| match n {
        Notice::Lost { span } => Some(*span),
        _ => None,
    });
    assert_eq!(
        lost.map(|s| (s.start.as_ms(), s.end.as_ms())),
        Some((1000, 1100))
    );
    let (mut gone, mut back) = (None, None);
    for notice in &notices {
        match notice {
            Notice::Gone { at, why } => gone = Some((at.as_ms(), why.as_str())),
            Notice::Back { span, rate } => back = Some((span.duration_ms(), *rate)),
            _ => {}
        }
    }
    assert_eq!(gone, Some((2100, "unplugged")));
    let (silence_ms, rate) = back.unwrap();
    assert_eq!(rate, 48_000);
    assert!((3_000..3_600).contains(&silence_ms), "{silence_ms} ms");
    let heard = bench.samples("part-001.wav");
    assert!(heard[48_000 * 2..52_800 * 2].iter().all(|s| *s == 0));
    assert!(heard[52_800 * 2] != 0);
}

#[test]
fn it_comes_back_at_another_rate_in_a_new_part_and_time_goes_on() {
    let slow = SourceFormat {
        rate: 8_000,
        channels: 2,
    };
    let acts = vec![
        Act::Speak(48_000),
        Act::Unplug(1_000, slow),
        Act::Speak(8_000),
        Act::Unplug(1_000, STEREO),
        Act::Speak(48_000),
    ];
    let bench = Bench::new(acts, STEREO);
    let notices = bench.record(Arc::new(SystemDisk)).unwrap();
    let parts = recover_parts(bench.dir.path()).unwrap();
    let rates: Vec<u32> = parts.iter().map(|p| p.rate).collect();
    assert_eq!(rates, [48_000, 8_000, 48_000]);
    let derived = bench.samples("working-0.wav");
    let Some(Notice::Stopped { at, .. }) = notices.last() else {
        panic!("no end")
    };
    assert_eq!(derived.len() as u64, at.0);
    assert!((5_000..6_200).contains(&at.as_ms()), "{} ms", at.as_ms());
    rebuild_working(bench.dir.path(), &parts, 2, &mut |_, _| {}, &Cancel::new()).unwrap();
    assert_eq!(bench.samples("working-0.wav"), derived);
}

#[test]
fn a_device_with_too_few_channels_is_refused_and_eight_kilohertz_is_taken() {
    let mono = SourceFormat {
        rate: 8_000,
        channels: 1,
    };
    let bench = Bench::new(vec![Act::Speak(8_000)], mono);
    let stage = bench.stage.clone();
    let plan = |channels| RecorderPlan {
        open: {
            let stage = stage.clone();
            Box::new(move || Ok(Box::new(stage.clone())))
        },
        channels,
        disk: Arc::new(SystemDisk),
        clock: bench.clock.clone(),
        part: Duration::from_secs(600),
    };
    let refused = super::Recorder::arm(plan(2)).map(|_| ());
    assert!(matches!(
        refused,
        Err(Error::MicrophoneChannels {
            wanted: 2,
            found: 1
        })
    ));
    let refused = super::Recorder::arm(plan(9)).map(|_| ());
    assert!(matches!(refused, Err(Error::MicrophoneChannels { .. })));
    let recorder = super::Recorder::arm(plan(1)).unwrap();
    assert_eq!(recorder.format(), mono);
}

#[test]
fn two_seconds_from_before_the_start_are_kept_and_shown_as_such() {
    let bench = Bench::new(vec![Act::Speak(48_000 * 6)], STEREO);
    let (mut recording, notices) = bench.arm(Arc::new(SystemDisk));
    for _ in 0..300 {
        assert!(recording.listen());
    }
    recording
        .begin(bench.dir.path().to_owned(), Duration::from_secs(60))
        .unwrap();
    while !recording.has_ended() {
        recording.listen();
    }
    let first = notices.try_iter().next().unwrap();
    let Notice::Began { pre_roll } = first.notice else {
        panic!("{first:?}")
    };
    assert_eq!((first.number, pre_roll.as_ms()), (1, 2000));
    assert_eq!(bench.frames_on_disk(), 48_000 * 5);
    let again = recording.begin(bench.dir.path().to_owned(), Duration::from_secs(60));
    assert!(matches!(again, Err(Error::RecordingThere { .. })));
}

#[test]
fn a_pause_is_silence_of_the_same_length_and_the_sound_around_it_is_untouched() {
    let bench = Bench::new(vec![Act::Speak(48_000 * 3)], STEREO);
    let (mut recording, notices) = bench.arm(Arc::new(SystemDisk));
    recording
        .begin(bench.dir.path().to_owned(), Duration::from_secs(60))
        .unwrap();
    for round in 0..300 {
        match round {
            100 => recording.pause(),
            200 => recording.resume(),
            _ => {}
        }
        recording.listen();
    }
    recording.stop();
    let heard = bench.samples("part-001.wav");
    assert_eq!(heard.len(), 48_000 * 3 * 2);
    let silent = |from: usize, to: usize| heard[from * 2..to * 2].iter().all(|s| *s == 0);
    assert!(silent(48_000, 96_000));
    assert!(heard[..96_000].iter().all(|s| *s != 0) && heard[192_000..].iter().all(|s| *s != 0));
    let pause = notices.try_iter().find_map(|e| match e.notice {
        Notice::Resumed { span } => Some((span.start.as_ms(), span.end.as_ms())),
        _ => None,
    });
    assert_eq!(pause, Some((1000, 2000)));
}

#[test]
fn only_zeros_are_told_after_ten_seconds() {
    let bench = Bench::new(vec![Act::Zeros(48_000 * 12), Act::Speak(48_000)], STEREO);
    let notices = bench.record(Arc::new(SystemDisk)).unwrap();
    let silent = notices
        .iter()
        .filter(|n| matches!(n, Notice::Silent { .. }))
        .count();
    let again = notices
        .iter()
        .filter(|n| matches!(n, Notice::SoundAgain { .. }))
        .count();
    assert_eq!((silent, again), (2, 2), "one for each channel");
}

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
    let parts = recover_parts(bench.dir.path()).unwrap();
    assert!(parts.len() >= 45, "{} parts", parts.len());
    let frames: u64 = parts.iter().map(|p| p.frames).sum();
    assert_eq!(frames, at.as_ms(), "a frame is a millisecond here");
}
