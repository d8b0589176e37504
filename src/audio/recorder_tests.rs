//! The recorder on a source that does as it is told and a disk that fails on demand.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use super::asking::{Ask, Asking};
use super::capture::{AudioSource, Clock, Delivery, SourceFormat};
use super::disk::{Disk, SystemDisk};
use super::notice::{Entry, Notice, Stop};
use super::recorder::RecorderPlan;
use super::recording::Recording;
use super::{Beginning, Error, Series, SharedChain, read_journal, rebuild_working, recover_parts};
use crate::domain::Cancel;

/// What the scripted microphone does next.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Delivers so many frames, in blocks of at most 480.
    Speak(u64),
    /// Loses so many frames.
    Lose(u64),
    /// Delivers zeros.
    Zeros(u64),
    /// Is unplugged for so many milliseconds, then is there again in this form.
    Unplug(u64, SourceFormat),
    /// The same, and another one takes its place after a third of that time, until it is back.
    Swap(u64, &'static str),
    /// Says nothing for so many milliseconds, although it is there.
    Stall(u64),
    /// The computer sleeps for so many milliseconds, which its clock does not count.
    Sleep(u64),
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
    /// Until when it says nothing.
    quiet_until: u64,
    /// From when to when another one is in its place, and what it is called.
    other: (u64, u64, &'static str),
    slept: Arc<AtomicU64>,
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
        let now = stage.millis.load(Ordering::Relaxed);
        if now < stage.quiet_until {
            return Delivery::Nothing;
        }
        let (Act::Speak(total) | Act::Zeros(total) | Act::Lose(total)) = act else {
            stage.at += 1;
            match act {
                Act::Sleep(ms) => {
                    stage.slept.fetch_add(ms, Ordering::Relaxed);
                    return Delivery::Nothing;
                }
                Act::Stall(ms) => {
                    stage.quiet_until = now + ms;
                    return Delivery::Nothing;
                }
                Act::Unplug(ms, format) => (stage.back_at, stage.format) = (now + ms, format),
                Act::Swap(ms, name) => {
                    stage.other = (now + ms / 3, now + ms, name);
                    stage.back_at = now + ms;
                }
                _ => unreachable!(),
            }
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

pub(super) struct Bench {
    pub(super) dir: tempfile::TempDir,
    stage: Scripted,
    pub(super) millis: Arc<AtomicU64>,
    /// Length of a part.
    pub(super) part: Duration,
    pub(super) clock: Clock,
    slept: Clock,
}

pub(super) const STEREO: SourceFormat = SourceFormat {
    rate: 48_000,
    channels: 2,
};

impl Bench {
    pub(super) fn new(acts: Vec<Act>, format: SourceFormat) -> Self {
        let millis = Arc::new(AtomicU64::new(1000));
        let slept = Arc::new(AtomicU64::new(77_000));
        let reading = |count: &Arc<AtomicU64>| {
            let read = count.clone();
            Arc::new(move || Duration::from_millis(read.load(Ordering::Relaxed))) as Clock
        };
        let (clock, asleep) = (reading(&millis), reading(&slept));
        let stage = Stage {
            acts,
            at: 0,
            done: 0,
            millis: millis.clone(),
            fraction: 0,
            back_at: 0,
            quiet_until: 0,
            other: (0, 0, ""),
            slept,
            format,
            spoken: 0,
        };
        Self {
            dir: tempfile::tempdir().unwrap(),
            stage: Scripted(Arc::new(Mutex::new(stage))),
            clock,
            slept: asleep,
            part: Duration::from_secs(600),
            millis,
        }
    }

    /// The same with parts of a second, so that a short script has many.
    pub(super) fn with_short_parts(mut self) -> Self {
        self.part = Duration::from_secs(1);
        self
    }

    pub(super) fn arm(&self, disk: Arc<dyn Disk>) -> (Recording, mpsc::Receiver<Entry>) {
        let stage = self.stage.clone();
        let millis = self.millis.clone();
        let plan = RecorderPlan {
            open: Box::new(move || {
                let now = millis.load(Ordering::Relaxed);
                let (from, to, found) = stage.0.lock().unwrap().other;
                if (from..to).contains(&now) {
                    let (name, found) = ("Table (USB 1-2)".into(), found.into());
                    return Err(Error::MicrophoneOther { name, found });
                }
                if now < stage.0.lock().unwrap().back_at {
                    return Err(Error::NoMicrophone);
                }
                Ok(Box::new(stage.clone()))
            }),
            channels: 2,
            disk,
            clock: self.clock.clone(),
            slept: self.slept.clone(),
            part: self.part,
            series: Series::default(),
            chain: SharedChain::default(),
        };
        let (outbox, notices) = mpsc::channel();
        let recording = Recording::arm(plan, Arc::default(), outbox, Asking::default());
        (recording.unwrap(), notices)
    }

    /// Records the whole script; the clock goes on by 10 ms wherever the source rests.
    pub(super) fn record(&self, disk: Arc<dyn Disk>) -> Result<Vec<Notice>, Error> {
        let (mut recording, notices) = self.arm(disk);
        recording.begin(Beginning::alone(
            self.dir.path().to_owned(),
            Duration::from_secs(60),
        ))?;
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

    pub(super) fn spoken(&self) -> u64 {
        self.stage.0.lock().unwrap().spoken
    }

    fn frames_on_disk(&self) -> u64 {
        recover_parts(self.dir.path(), Series::default())
            .unwrap()
            .iter()
            .map(|p| p.frames)
            .sum()
    }

    pub(super) fn samples(&self, name: &str) -> Vec<i16> {
        let reader = hound::WavReader::open(self.dir.path().join(name)).unwrap();
        reader.into_samples().map(Result::unwrap).collect()
    }
}

pub(super) fn stopped(notices: &[Notice]) -> &Stop {
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
    let parts = recover_parts(bench.dir.path(), Series::default()).unwrap();
    rebuild_working(
        bench.dir.path(),
        Series::default(),
        (&parts, 2),
        &mut |_, _| {},
        &Cancel::new(),
    )
    .unwrap();
    // Made again from the parts it is the same, to the sample.
    assert_eq!(
        live,
        [
            bench.samples("working-0.wav"),
            bench.samples("working-1.wav")
        ]
    );
    let journal = read_journal(bench.dir.path(), Series::default()).unwrap();
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
    let parts = recover_parts(bench.dir.path(), Series::default()).unwrap();
    let rates: Vec<u32> = parts.iter().map(|p| p.rate).collect();
    assert_eq!(rates, [48_000, 8_000, 48_000]);
    let derived = bench.samples("working-0.wav");
    let Some(Notice::Stopped { at, .. }) = notices.last() else {
        panic!("no end")
    };
    assert_eq!(derived.len() as u64, at.0);
    assert!((5_000..6_200).contains(&at.as_ms()), "{} ms", at.as_ms());
    rebuild_working(
        bench.dir.path(),
        Series::default(),
        (&parts, 2),
        &mut |_, _| {},
        &Cancel::new(),
    )
    .unwrap();
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
        slept: bench.slept.clone(),
        part: Duration::from_secs(600),
        series: Series::default(),
        chain: SharedChain::default(),
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
        .begin(Beginning::alone(
            bench.dir.path().to_owned(),
            Duration::from_secs(60),
        ))
        .unwrap();
    while !recording.has_ended() {
        recording.listen();
    }
    let first = notices.try_iter().next().unwrap();
    let Notice::Began { pre_roll, .. } = first.notice else {
        panic!("{first:?}")
    };
    assert_eq!((first.number, pre_roll.as_ms()), (1, 2000));
    assert_eq!(bench.frames_on_disk(), 48_000 * 5);
    let again = recording.begin(Beginning::alone(
        bench.dir.path().to_owned(),
        Duration::from_secs(60),
    ));
    assert!(matches!(again, Err(Error::RecordingThere { .. })));
}

#[test]
fn a_pause_is_silence_of_the_same_length_and_the_sound_around_it_is_untouched() {
    let bench = Bench::new(vec![Act::Speak(48_000 * 3)], STEREO);
    let (mut recording, notices) = bench.arm(Arc::new(SystemDisk));
    recording
        .begin(Beginning::alone(
            bench.dir.path().to_owned(),
            Duration::from_secs(60),
        ))
        .unwrap();
    for round in 0..300 {
        match round {
            100 => recording.ask(Ask::Pause("ពិភាក្សា".into()), (bench.clock)()),
            // One pause has one reason.
            150 => recording.ask(Ask::Pause("另一个原因".into()), (bench.clock)()),
            200 => recording.ask(Ask::Resume, (bench.clock)()),
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
    let journal = read_journal(bench.dir.path(), Series::default()).unwrap();
    let reasons = journal.into_iter().filter_map(|e| match e.notice {
        Notice::Paused { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reasons.collect::<Vec<_>>(), ["ពិភាក្សា"]);
}

#[test]
fn only_zeros_are_told_after_ten_seconds() {
    let bench = Bench::new(vec![Act::Zeros(48_000 * 12), Act::Speak(48_000)], STEREO);
    let notices = bench.record(Arc::new(SystemDisk)).unwrap();
    let told = |is: fn(&&Notice) -> bool| notices.iter().filter(is).count();
    let silent = told(|n| matches!(n, Notice::Silent { .. }));
    let again = told(|n| matches!(n, Notice::SoundAgain { .. }));
    assert_eq!((silent, again), (2, 2), "one for each channel");
}

#[test]
fn a_microphone_that_was_muted_before_the_session_is_told_in_it() {
    let bench = Bench::new(vec![Act::Zeros(48_000 * 26)], STEREO);
    let (mut recording, notices) = bench.arm(Arc::new(SystemDisk));
    let listen_until = |recording: &mut Recording, second: u64| {
        while bench.millis.load(Ordering::Relaxed) < 1000 + second * 1000 {
            if !recording.listen() {
                bench.millis.fetch_add(10, Ordering::Relaxed);
            }
        }
    };
    listen_until(&mut recording, 12);
    let folder = bench.dir.path().to_owned();
    let beginning = Beginning::alone(folder, Duration::from_secs(60));
    recording.begin(beginning).unwrap();
    listen_until(&mut recording, 25);
    recording.stop();
    let silent = notices
        .try_iter()
        .filter(|e| matches!(e.notice, Notice::Silent { .. }));
    assert_eq!(silent.count(), 2, "one for each channel");
}
