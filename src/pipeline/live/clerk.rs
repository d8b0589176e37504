//! The clerk of a live session: writes the recorders' notices and the jumps of the computer's clock into the
//! record, and the finished parts with their hashes. A person's orders go to the recorders directly, and come
//! here as their notices.

use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::audio::{self, Entry, Notice, Recorder, Series, Stop};
use crate::domain::{EventKind, SamplePos};
use crate::store::NewEvent;

use super::entries::{Ends, From, alarm_of, channel_of, record_entry, worse};
use super::hashing::{Hashed, Hashing};
use super::record::{COMPLETE, IN_JOURNAL, Item, Record, nowhere};
use super::recover::end_session;
use super::wall::WallClock;
use super::{Error, LiveEvent, SessionPlan, Shared};

/// How long the clerk waits for a notice before it looks at what else there is.
const PATIENCE: Duration = Duration::from_millis(50);
/// Between two looks at the clock and at the length of the sound.
const LOOK: Duration = Duration::from_secs(2);

/// What helps where a recording is over.
const ENDED: &str = "The recording has ended. Start a new one.";
/// What helps where the record cannot be written any more.
const STOP_AND_RESUME: &str = "The sound is kept. Stop when you can and run 'mekong resume'.";
/// A change of a microphone's clock against the first one's that is worth an entry, in microseconds.
const DRIFT_US: u64 = 20_000;

/// Works until all recorders have stopped, then until the last notice is in the record, which lacks the rows
/// of `plan` yet.
pub(super) fn run(
    shared: &Shared,
    recorders: &[Recorder],
    wall: WallClock,
    plan: Option<SessionPlan>,
) {
    let _over = SoundOver(shared);
    let mut clerk = Clerk {
        shared,
        record: Record::of(shared, plan),
        how: None,
        whole: true,
        wall,
        looked: Instant::now(),
        drifts: vec![None; recorders.len()],
        ends: Ends::of(recorders.len()),
        hashing: Hashing::of(shared.folder()),
    };
    let kept = panic::catch_unwind(AssertUnwindSafe(|| clerk.keep(recorders)));
    if kept.is_err() {
        // A fault of the program costs the record's beauty and never the sound.
        let why = Error::Worker("the keeper of the record");
        shared.alarm(&why, STOP_AND_RESUME);
        keep_recording(shared, recorders);
        // What waited is stored now, or told.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| clerk.record.last().is_some()));
        return;
    }
    clerk.over();
    while let Some(hashed) = clerk.hashing.wait() {
        clerk.keep_part(hashed);
    }
    if clerk.catch_up() {
        clerk.end();
    } else {
        // It stays open in the record, so that `resume` completes it.
        shared.whole.store(false, Ordering::Release);
    }
}

/// A fault of the program that ends a recording: never less than a disk that does.
fn ended_by(shared: &Shared, who: &'static str) {
    shared.tell(LiveEvent::Alarm {
        channel: None,
        text: Error::Worker(who).to_string(),
        help: ENDED,
        ends: true,
    });
}

/// Says that no more sound comes and nothing more is written down, however the clerk ends.
struct SoundOver<'a>(&'a Shared);

impl Drop for SoundOver<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.whole.store(false, Ordering::Release);
            ended_by(self.0, "the keeper of the record");
        }
        self.0.sound_over.store(true, Ordering::Release);
        self.0.record_over.store(true, Ordering::Release);
    }
}

/// Without a record that can be written: alarms are told all the same, and the journal has every entry.
fn keep_recording(shared: &Shared, recorders: &[Recorder]) {
    let mut ends = Ends::of(recorders.len());
    let hear_alone = |entry: &Entry, recorder: &Recorder, ends: &mut Ends| {
        hear(shared, recorder.series(), ends, entry);
        if let Some(mark) = entry.lost_mark() {
            shared.tell(nowhere(mark));
        }
    };
    while !recorders.iter().all(Recorder::has_ended) {
        for recorder in recorders {
            if let Some(entry) = recorder.notice(PATIENCE) {
                hear_alone(&entry, recorder, &mut ends);
            }
        }
    }
    // What they said last: why they ended.
    for recorder in recorders {
        while let Some(entry) = recorder.notice(Duration::ZERO) {
            hear_alone(&entry, recorder, &mut ends);
        }
    }
    shared.whole.store(false, Ordering::Release);
    shared.tell(LiveEvent::Recorded {
        duration_ms: shared.reached().as_ms(),
        whole: false,
    });
}

/// What a person is told of a notice, at once. Gives where it comes from.
fn hear(shared: &Shared, series: Series, ends: &mut Ends, entry: &Entry) -> From {
    let own = 1_u16.checked_shl(series.device.into()).unwrap_or(0);
    match &entry.notice {
        Notice::Paused { .. } => {
            shared.paused.fetch_or(own, Ordering::Relaxed);
        }
        Notice::Resumed { .. } => {
            shared.paused.fetch_and(!own, Ordering::Relaxed);
        }
        Notice::Stopped { at, .. } => {
            shared.paused.fetch_and(!own, Ordering::Relaxed);
            ends.set(series, *at);
        }
        _ => {}
    }
    let from = shared.from(series, ends);
    if let Some((text, help)) = alarm_of(&entry.notice, from) {
        shared.tell(LiveEvent::Alarm {
            channel: channel_of(&entry.notice, from),
            text,
            help,
            ends: matches!(entry.notice, Notice::Stopped { .. }),
        });
    }
    from
}

struct Clerk<'a> {
    shared: &'a Shared,
    record: Record<'a>,
    /// How the session ended, as far as its microphones have.
    how: Option<&'static str>,
    /// The disk took everything so far.
    whole: bool,
    wall: WallClock,
    looked: Instant,
    /// How far each later microphone was behind the first one when that was last written down.
    drifts: Vec<Option<i64>>,
    ends: Ends,
    hashing: Hashing,
}

impl Clerk<'_> {
    /// Until all recorders have stopped.
    fn keep(&mut self, recorders: &[Recorder]) {
        let mut running: Vec<&Recorder> = recorders.iter().collect();
        while !running.is_empty() {
            #[cfg(test)]
            assert!(
                !self.shared.clerk_falls.load(Ordering::Relaxed),
                "on purpose"
            );
            let patience = PATIENCE / u32::try_from(running.len()).unwrap_or(1).max(1);
            running.retain(|recorder| self.goes_on(recorder, patience));
            while let Some(hashed) = self.hashing.next() {
                self.keep_part(hashed);
            }
            self.record.again();
            self.look();
        }
    }

    /// Takes the next notice of one microphone, if there is one in time. False once it has ended.
    fn goes_on(&mut self, recorder: &Recorder, patience: Duration) -> bool {
        // Asked first: what it said last is then in the queue.
        let ended = recorder.has_ended();
        match recorder.notice(patience) {
            Some(entry) => {
                let last = matches!(entry.notice, Notice::Stopped { .. });
                self.take(recorder.series(), &entry);
                !last
            }
            None if ended => {
                // Ended without a word: a fault of the program.
                self.whole = false;
                let at = SamplePos(recorder.progress().derived());
                self.ends.set(recorder.series(), at);
                ended_by(self.shared, "the recorder");
                false
            }
            None => true,
        }
    }

    fn take(&mut self, series: Series, entry: &Entry) {
        let from = hear(self.shared, series, &mut self.ends, entry);
        if let Notice::PartClosed { part } = &entry.notice
            && self.hashing.give(part)
        {
            return; // it comes back with its hash
        }
        self.record.add(Item::Noted(from, entry.clone()));
        if let Notice::Stopped { why, .. } = &entry.notice {
            self.how = Some(worse(self.how, why));
            self.whole &= matches!(why, Stop::Asked | Stop::SourceEnded);
        }
    }

    /// A finished part with its hash.
    fn keep_part(&mut self, hashed: Hashed) {
        match hashed {
            Ok(audio) => self.record.add(Item::Part(audio)),
            // The journal tells of it, and it is read again at the end.
            Err(e) => self.shared.alarm(&e, IN_JOURNAL),
        }
    }

    /// All microphones have ended.
    fn over(&mut self) {
        self.watch_clocks(true);
        let shared = self.shared;
        // Lines that were not cut are not whole either.
        shared.whole.fetch_and(self.whole, Ordering::AcqRel);
        shared.sound_over.store(true, Ordering::Release);
        shared.tell(LiveEvent::Recorded {
            duration_ms: shared.reached().as_ms(),
            whole: self.whole,
        });
    }

    /// Writes down how far each further microphone's clock is behind the first one's, where that has
    /// changed, or at the end.
    fn watch_clocks(&mut self, last: bool) {
        let shared = self.shared;
        let mut lags = shared.microphones.iter().map(|m| m.progress.lag());
        let Some(first) = lags.next().flatten() else {
            return;
        };
        for ((microphone, lag), told) in
            (shared.microphones.iter().skip(1).zip(lags)).zip(&mut self.drifts)
        {
            let Some(behind) = lag.map(|own| own.saturating_sub(first)) else {
                continue;
            };
            let least = if last { 1 } else { DRIFT_US };
            if told.is_some_and(|old| old.abs_diff(behind) < least) {
                continue;
            }
            *told = Some(behind);
            let label = drift_label(microphone.series.number(), behind);
            let mut event = of_clock(label, shared.reached());
            event.channel = Some(microphone.series.first_channel);
            self.record.add(Item::Event(event));
        }
    }

    /// Now and then: has the time of day jumped, and how long is the sound?
    fn look(&mut self) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let at = self.shared.reached();
        if let Some(seconds) = self.wall.jump() {
            let label = format!("the computer's clock jumped by {seconds:+.1} s");
            self.record.add(Item::Event(of_clock(label, at)));
        }
        self.watch_clocks(false);
        self.record.grow(at.as_ms());
    }

    /// Once the last line is cut the session is ended in the record; where something is missing it
    /// stays open, and `resume` completes it.
    fn end(&mut self) {
        while !self.shared.lines_over.load(Ordering::Acquire) {
            thread::sleep(PATIENCE);
        }
        let (shared, folder) = (self.shared, self.shared.folder());
        let (all, how) = (shared.all_series(), self.how.unwrap_or("asked"));
        if !shared.whole.load(Ordering::Acquire) {
            return;
        }
        if let Some(store) = self.record.last()
            && let Err(e) = end_session(store, &shared.id, &folder, &all, how)
        {
            shared.alarm(&e, COMPLETE);
        }
    }

    /// Stores what still waits, and what found no room there from the journals. False where something is
    /// missing then, which was told.
    fn catch_up(&mut self) -> bool {
        let read = self.read_journals();
        if let Err(e) = &read {
            self.shared.alarm(e, COMPLETE);
        }
        matches!(read, Ok(true))
    }

    fn read_journals(&mut self) -> Result<bool, Error> {
        let shared = self.shared;
        let folder = shared.folder();
        let Some(store) = self.record.last() else {
            return Ok(false);
        };
        for microphone in &shared.microphones {
            let from = shared.from(microphone.series, &self.ends);
            for entry in audio::read_journal(&folder, microphone.series)? {
                record_entry(store, (&shared.id, &folder), from, &entry)?;
            }
        }
        store.grow(&shared.id, shared.reached().as_ms())?;
        Ok(true)
    }
}

/// An entry about a clock, at one moment.
fn of_clock(label: String, at: SamplePos) -> NewEvent {
    NewEvent {
        kind: EventKind::Clock,
        label,
        channel: None,
        start: at,
        end: Some(at),
        closes: None,
        journal: None,
        at: jiff::Timestamp::now().to_string(),
    }
}

fn drift_label(number: u16, behind_us: i64) -> String {
    let ms = behind_us.unsigned_abs().saturating_add(500) / 1000;
    let side = if behind_us < 0 { "ahead of" } else { "behind" };
    format!("the clock of microphone {number} is {ms} ms {side} that of microphone 1")
}
