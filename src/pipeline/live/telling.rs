//! What a session tells whoever shows it: events, which may be lost and are then read again from the
//! store, and alarms, which stand nowhere else and are never lost.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::{SamplePos, SegmentId, Span};

/// Events that wait for a reader; beyond them the reader is told to read everything again.
const EVENT_SLOTS: usize = 1024;

/// What happened, by name: whoever shows a line reads its row again.
#[derive(Clone, Debug, PartialEq)]
pub enum LiveEvent {
    /// A line is new, was recognised or was translated.
    Line {
        /// The line.
        segment: SegmentId,
        /// How far it has come.
        step: LineStep,
    },
    /// What the machine makes of the running utterance so far. Shown faintly, stored nowhere; the
    /// next one of the channel takes its place, or [`LiveEvent::Committed`] its line.
    Partial {
        /// The channel.
        channel: u16,
        /// The utterance so far.
        span: Span,
        /// What it sounds like.
        text: String,
    },
    /// The words of a channel stand in its line up to here, or there will be none: what was shown of
    /// it so far as a [`LiveEvent::Partial`] gives way. That of other channels stays.
    Committed {
        /// The channel.
        channel: u16,
        /// Where the line ends.
        until: SamplePos,
    },
    /// The entries of the session changed: markers, pauses, gaps.
    Entries,
    /// Something is wrong that a person should know now.
    Alarm {
        /// The channel, where it is one channel's.
        channel: Option<u16>,
        /// What, in plain words.
        text: String,
        /// The next step.
        help: &'static str,
        /// The recording has ended by it, so that nothing may hide it.
        ends: bool,
    },
    /// The sound is closed and safe on the disk; text may still be written.
    Recorded {
        /// Length of the sound.
        duration_ms: u64,
        /// Whether the disk took everything up to the end.
        whole: bool,
    },
    /// Everything is done; nothing comes after it.
    Ended,
}

/// How far a line has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineStep {
    /// Its sound is there.
    Heard,
    /// Its words are there, or the recogniser failed on it.
    Recognised,
    /// A translation is there.
    Translated,
}

/// The events and alarms of one session.
pub(super) struct Telling {
    events: SyncSender<LiveEvent>,
    inbox: Mutex<Inbox>,
    /// Alarms that wait. Without a bound, but the same one waits only once: a person can read them all.
    alarms: Mutex<VecDeque<LiveEvent>>,
    /// Events found no room.
    missed: AtomicBool,
}

struct Inbox {
    events: Receiver<LiveEvent>,
    /// Taken out already, before which an alarm came.
    next: Option<LiveEvent>,
}

impl Default for Telling {
    fn default() -> Self {
        let (events, inbox) = sync_channel(EVENT_SLOTS);
        Self {
            events,
            inbox: Mutex::new(Inbox {
                events: inbox,
                next: None,
            }),
            alarms: Mutex::default(),
            missed: AtomicBool::new(false),
        }
    }
}

impl Telling {
    /// Tells of something; never waits.
    pub(super) fn tell(&self, event: LiveEvent) {
        if matches!(event, LiveEvent::Alarm { .. }) {
            let mut alarms = self.alarms();
            if !alarms.contains(&event) {
                alarms.push_back(event);
            }
            return;
        }
        match self.events.try_send(event) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            // The reader reads all rows again instead.
            Err(TrySendError::Full(_)) => self.missed.store(true, Ordering::Release),
        }
    }

    /// The next of them, alarms first, waiting for at most `patience`.
    pub(super) fn next(&self, patience: Duration) -> Option<LiveEvent> {
        if let Some(alarm) = self.alarms().pop_front() {
            return Some(alarm);
        }
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        let event = inbox.next.take();
        let event = event.or_else(|| inbox.events.recv_timeout(patience).ok());
        // One that came meanwhile goes first: nobody reads on behind the end.
        if let Some(alarm) = self.alarms().pop_front() {
            inbox.next = event;
            return Some(alarm);
        }
        event
    }

    /// Whether alarms wait.
    pub(super) fn alarms_wait(&self) -> bool {
        !self.alarms().is_empty()
    }

    /// Whether events were lost since this was last asked.
    pub(super) fn missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }

    fn alarms(&self) -> MutexGuard<'_, VecDeque<LiveEvent>> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SamplePos, Span};

    fn alarm(text: &str) -> LiveEvent {
        LiveEvent::Alarm {
            channel: None,
            text: text.into(),
            help: "see to it",
            ends: false,
        }
    }

    #[test]
    fn an_alarm_finds_room_where_no_preview_does_and_is_told_before_the_end() {
        let telling = Telling::default();
        for n in 0..EVENT_SLOTS as u64 * 2 {
            telling.tell(LiveEvent::Partial {
                channel: 0,
                span: Span::new(SamplePos(n), SamplePos(n + 1)),
                text: "ສະບາຍດີ".into(),
            });
        }
        assert!(telling.missed() && !telling.missed());
        for text in [
            "the microphone is gone",
            "the disk is full",
            "the disk is full",
        ] {
            telling.tell(alarm(text));
        }
        assert!(telling.alarms_wait());
        let next = || telling.next(Duration::ZERO);
        assert_eq!(next(), Some(alarm("the microphone is gone")));
        assert_eq!(next(), Some(alarm("the disk is full")));
        assert!(!telling.alarms_wait());
        for _ in 0..EVENT_SLOTS {
            assert!(matches!(next(), Some(LiveEvent::Partial { .. })));
        }
        assert_eq!(next(), None);
    }

    #[test]
    fn an_alarm_that_comes_while_the_reader_waits_goes_before_what_it_waited_for() {
        for _ in 0..50 {
            let telling = Telling::default();
            let seen = std::thread::scope(|scope| {
                let reader = scope.spawn(|| {
                    let mut seen = Vec::new();
                    while seen.last() != Some(&LiveEvent::Ended) {
                        seen.extend(telling.next(Duration::from_millis(50)));
                    }
                    seen
                });
                telling.tell(alarm("the disk is full"));
                telling.tell(LiveEvent::Ended);
                reader.join().unwrap()
            });
            assert_eq!(seen, [alarm("the disk is full"), LiveEvent::Ended]);
        }
    }
}
