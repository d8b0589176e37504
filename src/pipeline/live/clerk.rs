//! The clerk of a live session: writes the recorder's notices, a person's markers and the jumps of the
//! computer's clock into the record, and the finished parts with their hashes. It alone gives orders
//! to the recorder.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::audio::{self, Entry, Notice, Part, Recorder, Stop};
use crate::domain::{AudioFile, EventKind, InterviewId, SamplePos, Span};
use crate::store::{NewAudio, NewEvent, Store};

use super::recover::end_session;
use super::{Error, LiveEvent, Order, Shared};

/// How long the clerk waits for a notice before it looks at the orders.
const PATIENCE: Duration = Duration::from_millis(50);
/// Between two looks at the clock and at the length of the sound.
const LOOK: Duration = Duration::from_secs(2);
/// A difference between the time of day and the clock nobody can set that is worth an entry.
const JUMP: Duration = Duration::from_millis(1500);

/// Works until the recorder has stopped, then until the last notice is in the record.
pub(super) fn run(shared: &Shared, recorder: &Recorder, orders: &Receiver<Order>) {
    let mut clerk = match Store::open(&shared.place.store) {
        Ok(store) => Clerk {
            shared,
            store,
            reason: String::new(),
            how: "asked",
            wall: WallClock::new(),
            looked: Instant::now(),
        },
        Err(e) => {
            // The sound goes on; `resume` writes the record from the journal.
            shared.alarm(
                &e.into(),
                "The sound is kept. Stop when you can and run 'mekong resume'.",
            );
            keep_recording(shared, recorder, orders);
            return;
        }
    };
    loop {
        loop {
            match orders.try_recv() {
                Ok(order) => clerk.obey(recorder, order),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    recorder.stop();
                    break;
                }
            }
        }
        match recorder.notice(PATIENCE) {
            Some(entry) => {
                let last = matches!(entry.notice, Notice::Stopped { .. });
                clerk.take(entry);
                if last {
                    break;
                }
            }
            None if recorder.has_ended() => {
                // Ended without a word: a fault of the program.
                clerk.over(false);
                break;
            }
            None => clerk.look(),
        }
    }
    clerk.catch_up();
    clerk.end();
}

fn keep_recording(shared: &Shared, recorder: &Recorder, orders: &Receiver<Order>) {
    while !recorder.has_ended() {
        if matches!(
            orders.try_recv(),
            Ok(Order::Stop) | Err(TryRecvError::Disconnected)
        ) {
            recorder.stop();
        }
        let _ = recorder.notice(PATIENCE); // the journal has it
    }
    shared.whole.store(false, Ordering::Release);
    shared.sound_over.store(true, Ordering::Release);
}

struct Clerk<'a> {
    shared: &'a Shared,
    store: Store,
    /// Of the pause that was asked for last.
    reason: String,
    /// How the session ended.
    how: &'static str,
    wall: WallClock,
    looked: Instant,
}

impl Clerk<'_> {
    fn obey(&mut self, recorder: &Recorder, order: Order) {
        let done = match order {
            Order::Pause(reason) => {
                self.reason = reason;
                recorder.pause()
            }
            Order::Resume => recorder.resume(),
            Order::Stop => {
                recorder.stop();
                Ok(())
            }
            Order::Mark { label, at } => {
                self.add(NewEvent {
                    kind: EventKind::Marker,
                    label,
                    channel: None,
                    start: at,
                    end: Some(at),
                    closes: None,
                    journal: None,
                    at: jiff::Timestamp::now().to_string(),
                });
                Ok(())
            }
        };
        if let Err(e) = done {
            self.shared
                .alarm(&e.into(), "The recording has ended. Start a new one.");
        }
    }

    fn take(&mut self, entry: Entry) {
        match &entry.notice {
            Notice::Paused { .. } => self.shared.paused.store(true, Ordering::Relaxed),
            Notice::Resumed { .. } => self.shared.paused.store(false, Ordering::Relaxed),
            _ => {}
        }
        if let Some((text, help)) = alarm_of(&entry.notice) {
            self.shared.tell(LiveEvent::Alarm { text, help });
        }
        let stopped = match &entry.notice {
            Notice::Stopped { why, .. } => Some(why.clone()),
            _ => None,
        };
        let folder = self.shared.folder();
        let id = &self.shared.id;
        match record_entry(&mut self.store, id, &folder, &entry, &self.reason) {
            Ok(true) => self.shared.tell(LiveEvent::Entries),
            Ok(false) => {}
            Err(e) => self.shared.alarm(
                &e,
                "The sound is kept, and the journal beside it holds this entry. Free some room; 'mekong resume' adds what is missing.",
            ),
        }
        if let Some(why) = stopped {
            self.how = word_of(&why);
            self.over(matches!(why, Stop::Asked | Stop::SourceEnded));
        }
    }

    fn over(&self, whole: bool) {
        let shared = self.shared;
        shared.whole.store(whole, Ordering::Release);
        shared.sound_over.store(true, Ordering::Release);
        shared.tell(LiveEvent::Recorded {
            duration_ms: SamplePos(shared.progress.derived()).as_ms(),
            whole,
        });
    }

    fn add(&mut self, event: NewEvent) {
        match self.store.add_event(&self.shared.id, &event) {
            Ok(_) => self.shared.tell(LiveEvent::Entries),
            Err(e) => self.shared.alarm(
                &e.into(),
                "The recording goes on. Note it down on paper and free some room on the disk.",
            ),
        }
    }

    /// Now and then: has the time of day jumped, and how long is the sound?
    fn look(&mut self) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        let at = SamplePos(self.shared.progress.derived());
        if let Some(seconds) = self.wall.jump() {
            self.add(NewEvent {
                kind: EventKind::Clock,
                label: format!("the computer's clock jumped by {seconds:+.1} s"),
                channel: None,
                start: at,
                end: Some(at),
                closes: None,
                journal: None,
                at: jiff::Timestamp::now().to_string(),
            });
        }
        if let Err(e) = self.store.grow(&self.shared.id, at.as_ms()) {
            self.shared.alarm(
                &e.into(),
                "The recording goes on. Free some room on the disk.",
            );
        }
    }

    /// Once the last line is cut the session is ended in the record; where something is missing it
    /// stays open, and `resume` completes it.
    fn end(&mut self) {
        while !self.shared.lines_over.load(Ordering::Acquire) {
            thread::sleep(PATIENCE);
        }
        let folder = self.shared.folder();
        if self.shared.whole.load(Ordering::Acquire)
            && let Err(e) = end_session(&mut self.store, &self.shared.id, &folder, self.how)
        {
            self.shared.alarm(
                &e,
                "The sound is kept. Run 'mekong resume' to complete the record.",
            );
        }
    }

    /// Entries that found no room in the queue are still in the journal.
    fn catch_up(&mut self) {
        let folder = self.shared.folder();
        let caught = audio::read_journal(&folder)
            .map_err(Error::from)
            .and_then(|entries| {
                for entry in &entries {
                    record_entry(&mut self.store, &self.shared.id, &folder, entry, "")?;
                }
                let end = SamplePos(self.shared.progress.derived());
                Ok(self.store.grow(&self.shared.id, end.as_ms())?)
            });
        if let Err(e) = caught {
            self.shared.alarm(
                &e,
                "The sound is kept. Run 'mekong resume' to complete the record.",
            );
        }
    }
}

/// Writes one entry of the journal into the record. True where it made an entry that people see.
pub(super) fn record_entry(
    store: &mut Store,
    id: &InterviewId,
    folder: &Path,
    entry: &Entry,
    reason: &str,
) -> Result<bool, Error> {
    if let Notice::PartClosed { part } = &entry.notice {
        add_part(store, id, folder, part)?;
        return Ok(false);
    }
    let Some(mut event) = event_of(&entry.notice, reason) else {
        return Ok(false);
    };
    event.journal = Some(entry.number);
    event.at.clone_from(&entry.wall);
    Ok(store.add_event(id, &event)?.is_some())
}

/// The stable word for a reason to stop.
pub(super) fn word_of(why: &Stop) -> &'static str {
    match why {
        Stop::Asked => "asked",
        Stop::SourceEnded => "source-ended",
        Stop::DiskFull => "disk-full",
        Stop::DiskFailed(_) => "disk-failed",
    }
}

/// A complete part with its hash, unless it is in the record already.
pub(super) fn add_part(
    store: &mut Store,
    id: &InterviewId,
    folder: &Path,
    part: &Part,
) -> Result<(), Error> {
    if store
        .interview(id)?
        .audio
        .iter()
        .any(|a| a.path == part.name)
    {
        return Ok(());
    }
    let (sha256, bytes) = audio::hash_file(&folder.join(&part.name))?;
    let audio = NewAudio {
        file: AudioFile {
            path: part.name.clone(),
            sha256,
            sample_rate: part.rate,
            channels: part.channels,
            original_name: part.name.clone(),
        },
        bytes,
    };
    Ok(store.add_audio(id, &audio)?)
}

/// What a notice is in the record.
fn event_of(notice: &Notice, reason: &str) -> Option<NewEvent> {
    let entry = |kind, label: &str, start: SamplePos, end: Option<SamplePos>| NewEvent {
        kind,
        label: label.to_owned(),
        channel: None,
        start,
        end,
        closes: None,
        journal: None,
        at: String::new(),
    };
    let closing = |kind, span: Span| NewEvent {
        closes: Some(kind),
        ..entry(kind, "", span.start, Some(span.end))
    };
    let alarm = |label: &str, at: SamplePos, channel: u16| NewEvent {
        channel: Some(channel),
        ..entry(EventKind::Alarm, label, at, Some(at))
    };
    Some(match notice {
        Notice::Began { pre_roll } if pre_roll.0 > 0 => entry(
            EventKind::PreRoll,
            "heard before the start",
            SamplePos(0),
            Some(*pre_roll),
        ),
        Notice::Lost { span } => entry(
            EventKind::Gap,
            "the computer was too slow",
            span.start,
            Some(span.end),
        ),
        Notice::Gone { at, why } => entry(EventKind::Gap, why, *at, None),
        Notice::Back { span, .. } => closing(EventKind::Gap, *span),
        Notice::Paused { at } => entry(EventKind::Pause, reason, *at, None),
        Notice::Resumed { span } => closing(EventKind::Pause, *span),
        Notice::Clipping { at, channel } => alarm("too loud: clipped", *at, *channel),
        Notice::Silent { at, channel } => alarm("no sound at all for 10 s", *at, *channel),
        Notice::SoundAgain { at, channel } => alarm("sound again", *at, *channel),
        Notice::DiskLow { at, minutes } => entry(
            EventKind::Alarm,
            &format!("room on the disk for {minutes} minutes more"),
            *at,
            Some(*at),
        ),
        Notice::Unlinked { at, .. } => entry(
            EventKind::Alarm,
            "the chain of the sound could not be written",
            *at,
            Some(*at),
        ),
        Notice::Stopped { at, why } => match why {
            Stop::Asked | Stop::SourceEnded => return None,
            Stop::DiskFull => entry(
                EventKind::Alarm,
                "stopped: the disk is full",
                *at,
                Some(*at),
            ),
            Stop::DiskFailed(_) => {
                entry(EventKind::Alarm, "stopped: the disk failed", *at, Some(*at))
            }
        },
        Notice::Began { .. } | Notice::PartClosed { .. } => return None,
    })
}

/// What a person must know of a notice at once, with the next step.
fn alarm_of(notice: &Notice) -> Option<(String, &'static str)> {
    let channel = |c: &u16| c + 1;
    Some(match notice {
        Notice::Lost { span } => (
            format!(
                "{} ms of sound were lost and replaced by silence",
                span.duration_ms()
            ),
            "Close other programs; the recorder needs the computer.",
        ),
        Notice::Gone { why, .. } => (
            format!("the microphone is gone: {why}"),
            "Plug the same one in again; it goes on by itself. No other one is taken.",
        ),
        Notice::Back { span, .. } => (
            format!(
                "the microphone is back; {} ms are missing",
                span.duration_ms()
            ),
            "Repeat what was said meanwhile, for the record.",
        ),
        Notice::Clipping { channel: c, .. } => (
            format!("channel {} is too loud", channel(c)),
            "Turn its level down or move the microphone away.",
        ),
        Notice::Silent { channel: c, .. } => (
            format!(
                "channel {} has delivered no sound at all for 10 s",
                channel(c)
            ),
            "See whether the microphone is muted or its cable loose.",
        ),
        Notice::SoundAgain { channel: c, .. } => (
            format!("channel {} delivers sound again", channel(c)),
            "Repeat what was said meanwhile, for the record.",
        ),
        Notice::DiskLow { minutes, .. } => (
            format!("the disk has room for {minutes} minutes more"),
            "Free some room now, or end the session in time.",
        ),
        Notice::Unlinked { why, .. } => (
            format!("the proof of the sound cannot be written: {why}"),
            "The sound is kept, and its proof is made at the end. Look after the disk.",
        ),
        Notice::Stopped {
            why: Stop::DiskFull,
            ..
        } => (
            "the recording stopped: the disk is full".into(),
            "What was recorded is kept. Free some room, run 'mekong resume', then start a new session.",
        ),
        Notice::Stopped {
            why: Stop::DiskFailed(what),
            ..
        } => (
            format!("the recording stopped: {what}"),
            "Go on with another recorder at once. Copy the folder to another disk, then run 'mekong resume'.",
        ),
        _ => return None,
    })
}

/// Compares the time of day with the clock that nobody can set.
struct WallClock {
    wall: SystemTime,
    steady: Instant,
}

impl WallClock {
    fn new() -> Self {
        Self {
            wall: SystemTime::now(),
            steady: Instant::now(),
        }
    }

    /// Seconds by which the time of day has jumped since this was last asked.
    fn jump(&mut self) -> Option<f64> {
        self.jump_to(SystemTime::now(), Instant::now())
    }

    fn jump_to(&mut self, wall: SystemTime, steady: Instant) -> Option<f64> {
        let seconds = |d: Duration| d.as_secs_f64();
        let passed = match wall.duration_since(self.wall) {
            Ok(forward) => seconds(forward),
            Err(back) => -seconds(back.duration()),
        };
        let jump = passed - seconds(steady.duration_since(self.steady));
        (self.wall, self.steady) = (wall, steady);
        (jump.abs() >= seconds(JUMP)).then_some(jump)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jump_of_the_clock_is_seen_in_both_directions_and_ordinary_time_is_none() {
        let mut clock = WallClock::new();
        let (wall, steady) = (clock.wall, clock.steady);
        let second = Duration::from_secs(1);
        assert_eq!(clock.jump_to(wall + second, steady + second), None);
        let ahead = clock.jump_to(wall + second * 3602, steady + second * 2);
        assert!((ahead.unwrap() - 3600.0).abs() < 0.01, "{ahead:?}");
        let back = clock.jump_to(wall + second * 3, steady + second * 3);
        assert!((back.unwrap() + 3600.0).abs() < 0.01, "{back:?}");
        assert_eq!(clock.jump_to(wall + second * 4, steady + second * 4), None);
    }
}
