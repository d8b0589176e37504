//! The recorder on a microphone whose sound waits while the disk is stuck: orders take effect at their
//! moment, losses that nobody tells of are found, and what is told comes before what may hang.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use super::asking::{Ask, Asking};
use super::capture::{AudioSource, Clock, Delivery, SourceFormat};
use super::disk::{Disk, DiskFile, SystemDisk};
use super::notice::{Entry, Notice};
use super::recorder::RecorderPlan;
use super::recording::Recording;
use super::{Beginning, Error, Recorder, RecorderProgress, Series, SharedChain};

const RATE: u64 = 8_000;
const MONO: SourceFormat = SourceFormat {
    rate: 8_000,
    channels: 1,
};

/// What a test does to a microphone and to the clock.
#[derive(Default)]
struct Hand {
    millis: AtomicU64,
    /// Frames that the system lost without a word.
    hidden: AtomicU64,
    /// The device is gone.
    gone: AtomicBool,
    /// Stalls of the disk that are still to come: how long each lasts, and what a person asks for after how
    /// much of it.
    stalls: Mutex<VecDeque<(u64, Ask, u64)>>,
    /// What was asked for meanwhile, and when.
    asked: Mutex<Vec<(Ask, Duration)>>,
    /// Where the journal is, for a device that looks there when it is let go.
    journal: Mutex<Option<PathBuf>>,
    told_before: AtomicBool,
    /// Milliseconds that every sync and every write to the disk take.
    slow: [AtomicU64; 2],
}

impl Hand {
    fn now(&self) -> Duration {
        Duration::from_millis(self.millis.load(Ordering::Relaxed))
    }

    fn clock(self: &Arc<Self>) -> Clock {
        let own = self.clone();
        Arc::new(move || own.now())
    }
}

/// A sound card that goes on while nobody asks: what it heard waits. Each frame is its own number.
struct Card {
    hand: Arc<Hand>,
    taken: u64,
    begun: Duration,
}

impl AudioSource for Card {
    fn format(&self) -> SourceFormat {
        MONO
    }

    fn take(&mut self, into: &mut Vec<i16>) -> Delivery {
        if self.hand.gone.load(Ordering::Relaxed) {
            return Delivery::Gone("unplugged".into());
        }
        let since = self.hand.now().saturating_sub(self.begun).as_millis() as u64;
        // In blocks of 100 ms, as sound cards have it.
        let heard = since / 100 * 100 * RATE / 1000;
        let lost = self.hand.hidden.load(Ordering::Relaxed);
        let now = heard.saturating_sub(self.taken + lost).min(RATE / 2);
        if now == 0 {
            return Delivery::Nothing;
        }
        into.extend((self.taken..self.taken + now).map(number));
        self.taken += now;
        Delivery::Sound
    }

    fn may_hide_losses(&self) -> bool {
        true
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        if let Some(journal) = &*self.hand.journal.lock().unwrap() {
            let told = fs::read_to_string(journal).unwrap().contains("gone");
            self.hand.told_before.store(told, Ordering::Relaxed);
        }
    }
}

/// Never zero, and no two that lie within two seconds are alike.
fn number(frame: u64) -> i16 {
    (frame % 20_011) as i16 + 1
}

/// A disk whose syncs take their time.
struct Stuck(Arc<Hand>);

struct StuckFile(Box<dyn DiskFile>, Arc<Hand>);

impl Disk for Stuck {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(StuckFile(
            SystemDisk.create(path)?,
            self.0.clone(),
        )))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        SystemDisk.sync_folder(folder)
    }

    fn free(&self, _: &Path) -> Option<u64> {
        None
    }
}

impl DiskFile for StuckFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let takes = self.1.slow[1].load(Ordering::Relaxed);
        self.1.millis.fetch_add(takes, Ordering::Relaxed);
        self.0.append(bytes)
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.patch(at, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        if let Some((length, what, after)) = self.1.stalls.lock().unwrap().pop_front() {
            self.1.millis.fetch_add(after, Ordering::Relaxed);
            let asked = (what, self.1.now());
            self.1.asked.lock().unwrap().push(asked);
            self.1.millis.fetch_add(length - after, Ordering::Relaxed);
        }
        let takes = self.1.slow[0].load(Ordering::Relaxed);
        self.1.millis.fetch_add(takes, Ordering::Relaxed);
        self.0.sync()
    }
}

fn plan(hand: &Arc<Hand>) -> RecorderPlan {
    let own = hand.clone();
    RecorderPlan {
        open: Box::new(move || {
            if own.gone.load(Ordering::Relaxed) {
                return Err(Error::NoMicrophone);
            }
            Ok(Box::new(Card {
                hand: own.clone(),
                taken: 0,
                begun: own.now(),
            }))
        }),
        channels: 1,
        disk: Arc::new(Stuck(hand.clone())),
        clock: hand.clock(),
        slept: Arc::new(|| Duration::ZERO),
        part: Duration::from_secs(3600),
        series: Series::default(),
        chain: SharedChain::default(),
    }
}

/// A recording that has begun.
fn begin(hand: &Arc<Hand>, folder: &Path) -> (Recording, mpsc::Receiver<Entry>) {
    let (outbox, notices) = mpsc::channel();
    let progress = Arc::new(RecorderProgress::default());
    let mut recording = Recording::arm(plan(hand), progress, outbox, Asking::default()).unwrap();
    let beginning = Beginning::alone(folder.to_owned(), Duration::from_secs(60));
    recording.begin(beginning).unwrap();
    (recording, notices)
}

/// Listens until the clock has gone on by so much. What was asked while the disk was stuck reaches the
/// recorder when it comes back from it.
fn listen(recording: &mut Recording, hand: &Hand, millis: u64) {
    let until = hand.now() + Duration::from_millis(millis);
    while hand.now() < until {
        for (what, at) in std::mem::take(&mut *hand.asked.lock().unwrap()) {
            recording.ask(what, at);
        }
        if !recording.listen() {
            hand.millis.fetch_add(10, Ordering::Relaxed);
        }
    }
}

fn samples(folder: &Path) -> Vec<i16> {
    let reader = hound::WavReader::open(folder.join("part-001.wav")).unwrap();
    reader.into_samples().map(Result::unwrap).collect()
}

#[test]
fn a_pause_and_its_end_inside_a_stall_of_the_disk_are_at_the_moment_of_the_press() {
    let dir = tempfile::tempdir().unwrap();
    let hand = Arc::new(Hand::default());
    let (mut recording, notices) = begin(&hand, dir.path());
    listen(&mut recording, &hand, 2_000);
    let pause = Ask::Pause("ປຶກສາທະນາຍຄວາມ".into());
    hand.stalls.lock().unwrap().push_back((6_000, pause, 2_500));
    listen(&mut recording, &hand, 9_000);
    hand.stalls
        .lock()
        .unwrap()
        .push_back((6_000, Ask::Resume, 4_000));
    listen(&mut recording, &hand, 9_000);
    recording.stop();
    let said: Vec<Notice> = notices.try_iter().map(|e| e.notice).collect();
    let span = said.iter().find_map(|n| match n {
        Notice::Resumed { span } => Some(*span),
        _ => None,
    });
    let span = span.unwrap();
    let heard = samples(dir.path());
    let (from, to) = (span.start.0 as usize / 2, span.end.0 as usize / 2);
    for (at, sample) in heard.iter().enumerate() {
        let expected = match (from..to).contains(&at) {
            true => 0,
            false => number(at as u64),
        };
        assert_eq!(*sample, expected, "frame {at}, pause {from} to {to}");
    }
    // The two stalls began at the first sync after 2 s and after 11 s.
    let ms = |at: usize| at as u64 / 8;
    assert!((4_500..5_500).contains(&ms(from)), "{} ms", ms(from));
    assert!((15_000..16_000).contains(&ms(to)), "{} ms", ms(to));
}

#[test]
fn an_order_while_nothing_comes_is_obeyed_all_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let hand = Arc::new(Hand::default());
    let (mut recording, notices) = begin(&hand, dir.path());
    listen(&mut recording, &hand, 1_000);
    hand.gone.store(true, Ordering::Relaxed);
    listen(&mut recording, &hand, 2_000);
    recording.ask(Ask::Pause("休息".into()), hand.now());
    listen(&mut recording, &hand, 700);
    let paused = |e: &Entry| matches!(e.notice, Notice::Paused { .. });
    assert_eq!(notices.try_iter().filter(paused).count(), 1);
}

#[test]
fn sound_that_a_plugin_loses_without_a_word_is_a_gap_of_that_length() {
    let dir = tempfile::tempdir().unwrap();
    let hand = Arc::new(Hand::default());
    let (mut recording, notices) = begin(&hand, dir.path());
    listen(&mut recording, &hand, 45_000);
    hand.hidden.store(RATE / 4, Ordering::Relaxed);
    listen(&mut recording, &hand, 60_000);
    let lost: Vec<u64> = notices
        .try_iter()
        .filter_map(|e| match e.notice {
            Notice::Lost { span } => Some(span.duration_ms()),
            _ => None,
        })
        .collect();
    assert_eq!(lost, [250]);
    assert_eq!(recording.progress().lost(), RATE / 4);
}

#[test]
fn a_disk_that_is_stuck_again_and_again_makes_no_gap() {
    let dir = tempfile::tempdir().unwrap();
    let hand = Arc::new(Hand::default());
    let (mut recording, notices) = begin(&hand, dir.path());
    for _ in 0..12 {
        let resume = Ask::Resume; // changes nothing where there is no pause
        hand.stalls
            .lock()
            .unwrap()
            .push_back((3_000, resume, 1_000));
        listen(&mut recording, &hand, 7_000);
    }
    let lost = |e: &Entry| matches!(e.notice, Notice::Lost { .. });
    assert_eq!(notices.try_iter().filter(lost).count(), 0);
}

#[test]
fn on_a_disk_that_is_slow_for_a_minute_nothing_is_missing_and_a_pause_is_where_it_was_asked_for() {
    for slow in [[1_200, 0], [0, 400]] {
        let dir = tempfile::tempdir().unwrap();
        let hand = Arc::new(Hand::default());
        let (mut recording, notices) = begin(&hand, dir.path());
        listen(&mut recording, &hand, 12_000);
        for (takes, ms) in hand.slow.iter().zip(slow) {
            takes.store(ms, Ordering::Relaxed);
        }
        listen(&mut recording, &hand, 60_000);
        let asked = hand.now();
        recording.ask(Ask::Pause("休息".into()), asked);
        hand.slow
            .iter()
            .for_each(|takes| takes.store(0, Ordering::Relaxed));
        listen(&mut recording, &hand, 30_000);
        recording.stop();
        let said: Vec<Notice> = notices.try_iter().map(|e| e.notice).collect();
        let lost = |n: &&Notice| matches!(n, Notice::Lost { .. });
        assert_eq!(said.iter().find(lost), None, "{slow:?}");
        let paused = said.iter().find_map(|n| match n {
            Notice::Paused { at, .. } => Some(*at),
            _ => None,
        });
        let paused = paused.unwrap();
        // Sound comes in blocks of 100 ms.
        let off = u128::from(paused.as_ms()).abs_diff(asked.as_millis());
        assert!(off <= 200, "{slow:?}: {off} ms");
        let heard = samples(dir.path());
        assert!(heard.len() as u64 > 100 * RATE);
        let before = paused.0 as usize / 2;
        let same = |(at, sample): (usize, &i16)| *sample == number(at as u64);
        assert!(heard[..before].iter().enumerate().all(same), "{slow:?}");
        assert!(heard[before..].iter().all(|sample| *sample == 0));
    }
}

#[test]
fn that_a_microphone_is_gone_is_told_before_it_is_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let hand = Arc::new(Hand::default());
    let (mut recording, _notices) = begin(&hand, dir.path());
    listen(&mut recording, &hand, 1_000);
    *hand.journal.lock().unwrap() = Some(dir.path().join("journal.jsonl"));
    hand.gone.store(true, Ordering::Relaxed);
    listen(&mut recording, &hand, 500);
    assert!(hand.told_before.load(Ordering::Relaxed));
    *hand.journal.lock().unwrap() = None;
}

/// A microphone that speaks at one rate, is unplugged once, and comes back at another.
struct Changing(Arc<(AtomicU64, AtomicBool)>, u32);

impl AudioSource for Changing {
    fn format(&self) -> SourceFormat {
        SourceFormat {
            rate: self.1,
            channels: 1,
        }
    }

    fn take(&mut self, into: &mut Vec<i16>) -> Delivery {
        if self.0.1.swap(false, Ordering::AcqRel) {
            return Delivery::Gone("unplugged".into());
        }
        if self.0.0.fetch_add(1, Ordering::AcqRel) % 2 == 1 {
            return Delivery::Nothing;
        }
        into.extend((1..=self.1 as i16 / 100).map(|n| n * 20));
        Delivery::Sound
    }
}

#[test]
fn what_an_armed_microphone_heard_is_played_in_the_form_in_which_it_came() {
    let seen = Arc::new((AtomicU64::new(0), AtomicBool::new(false)));
    let own = seen.clone();
    let mut rates = [16_000, 8_000].into_iter();
    let recorder = Recorder::arm(RecorderPlan {
        open: Box::new(move || {
            let rate = rates.next().ok_or(Error::NoMicrophone)?;
            Ok(Box::new(Changing(own.clone(), rate)))
        }),
        clock: super::system_clock(),
        ..plan(&Arc::new(Hand::default()))
    })
    .unwrap();
    seen.1.store(true, Ordering::Release);
    while seen.1.load(Ordering::Acquire) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let blocks = seen.0.load(Ordering::Acquire);
    while seen.0.load(Ordering::Acquire) < blocks + 200 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let heard = recorder.take().unwrap();
    // A hundred blocks of 10 ms at 8 kHz, and however many came since: a second of 16 kHz at least.
    assert!(heard.channels[0].pcm.len() >= 16_000 - 160);
}
