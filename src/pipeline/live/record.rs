//! The record as the clerk writes it. What cannot be stored now, because another program holds the database
//! or the disk is full, waits in order and is tried again: alarms and orders never wait for it.

use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::audio::Entry;
use crate::store::{self, NewAudio, NewEvent, Store};

use super::entries::{From, record_entry};
use super::{Error, LiveEvent, STEP, SessionPlan, Shared};

/// How long one try waits for another program, and how long after a failed one the next comes.
const PATIENCE: Duration = Duration::from_millis(100);
const AGAIN: Duration = Duration::from_secs(1);
/// How long entries are stored at once before the clerk looks at what else there is.
const AT_ONCE: Duration = Duration::from_millis(500);
/// A database is held by another program, and not by this one's own work, if it is for so long.
const HELD: Duration = Duration::from_secs(10);
/// Most that waits, hours of a held database, but for what no journal has.
const MOST: usize = 4096;

/// What helps where an entry cannot be stored.
pub(super) const IN_JOURNAL: &str = "The sound is kept, and the journal beside it holds this entry. Free some room; 'mekong resume' adds what is missing.";
const FREE_ROOM: &str = "The recording goes on. Free some room on the disk.";
/// What helps where another program holds the database.
const WAITS: &str = "The recording goes on, and its entries and text wait. Close the other program that uses the interviews.";
/// What helps where marks are in no journal and cannot be stored.
const FROM_PAPER: &str = "The recording has ended and its sound is kept. Write these entries down on paper; 'mekong resume' completes the rest.";
/// What helps where the record is not complete at the end.
pub(super) const COMPLETE: &str = "The sound is kept. Run 'mekong resume' to complete the record.";

impl Shared {
    /// A connection of one's own, once the rows that the session begins with are there. A database that
    /// others keep busy is waited for while there is a record to write.
    pub(super) fn open_store(&self) -> Result<Store, Error> {
        loop {
            // Asked before the rows: what was stored last is there then.
            let over = self.record_over.load(Ordering::Acquire) || self.give_up.is_cancelled();
            let opened = match self.stored.load(Ordering::Acquire) {
                true => Store::open(&self.place.store),
                false => Err(store::Error::Busy),
            };
            match opened {
                Err(store::Error::Busy) if !over => thread::sleep(STEP),
                opened => return Ok(opened?),
            }
        }
    }
}

/// Something that is to stand in the record.
pub(super) enum Item {
    /// From a recorder's journal.
    Noted(From, Entry),
    /// The clerk's own of the computer's clock, which stands nowhere else.
    Event(NewEvent),
    /// A finished part with its hash; the journal tells of it too.
    Part(NewAudio),
}

/// The record of one session.
pub(super) struct Record<'a> {
    shared: &'a Shared,
    /// What the session begins with, until that is stored.
    plan: Option<SessionPlan>,
    store: Option<Store>,
    waiting: VecDeque<Item>,
    /// Entries of a journal found no room here. Those after them wait for the end as well, in their order.
    cut: bool,
    /// The failures since something succeeded.
    failed: Option<Failures>,
}

/// Tries that failed, one after the other.
struct Failures {
    first: Instant,
    last: Instant,
    told: Option<String>,
}

impl Failures {
    fn since(now: Instant) -> Self {
        Self {
            first: now,
            last: now,
            told: None,
        }
    }

    /// Whether a person is told of this one: once for each reason, and of a database that is held once that
    /// has lasted.
    fn tells(&mut self, why: &Error, now: Instant) -> bool {
        self.last = now;
        let lasted = now.saturating_duration_since(self.first) >= HELD;
        if matches!(why, Error::Store(store::Error::Busy)) && !lasted {
            return false;
        }
        let text = why.to_string();
        let new = self.told.as_ref() != Some(&text);
        self.told = Some(text);
        new
    }
}

impl<'a> Record<'a> {
    /// Of a session whose first rows are in the store, but for those of `plan`.
    pub(super) fn of(shared: &'a Shared, plan: Option<SessionPlan>) -> Self {
        Self {
            shared,
            plan,
            store: None,
            waiting: VecDeque::new(),
            cut: false,
            failed: None,
        }
    }

    /// Stores it, or lets it wait.
    pub(super) fn add(&mut self, item: Item) {
        let in_journal = match &item {
            Item::Noted(_, entry) => !entry.refused,
            Item::Event(_) => false,
            Item::Part(_) => true,
        };
        self.cut |= in_journal && self.waiting.len() >= MOST;
        if !(in_journal && self.cut) {
            self.waiting.push_back(item);
        }
        self.again();
    }

    /// Tries what waits, if it is time to.
    pub(super) fn again(&mut self) {
        let rests = |failed: &Failures| failed.last.elapsed() < AGAIN;
        let idle = self.waiting.is_empty() && self.plan.is_none();
        if !idle && !self.failed.as_ref().is_some_and(rests) {
            let tried = self.work(AT_ONCE);
            self.tried(tried);
        }
    }

    /// Lets the length of the sound grow; no reason to wait or to tell anybody where it cannot, as it is set
    /// again soon and at the end.
    pub(super) fn grow(&mut self, duration_ms: u64) {
        let id = &self.shared.id;
        let _ = self
            .opened()
            .and_then(|store| Ok(store.grow(id, duration_ms)?));
    }

    /// Stores all that waits, as patiently as everybody else; the store, unless something is missing then.
    pub(super) fn last(&mut self) -> Option<&mut Store> {
        let usual = |store: &mut Store| Ok(store.wait_as_usual()?);
        let opened = self.opened().and_then(usual);
        let done = opened.and_then(|()| self.work(Duration::MAX));
        if let Err(e) = done {
            self.shared.alarm(&e, COMPLETE);
            let marks = self.waiting.iter().filter_map(|item| match item {
                Item::Noted(_, entry) => entry.lost_mark(),
                _ => None,
            });
            let marks: Vec<&str> = marks.collect();
            if !marks.is_empty() {
                self.shared.tell(nowhere(&marks.join("; ")));
            }
            return None;
        }
        self.store.as_mut()
    }

    fn opened(&mut self) -> Result<&mut Store, Error> {
        let store = match self.store.take() {
            Some(store) => store,
            None => Store::open_within(&self.shared.place.store, PATIENCE)?,
        };
        Ok(self.store.insert(store))
    }

    /// Stores what waits, as much as is done within that time.
    fn work(&mut self, most: Duration) -> Result<(), Error> {
        let begun = Instant::now();
        let (shared, folder) = (self.shared, self.shared.folder());
        let plan = self.plan.take();
        if let Some(plan) = plan {
            let stored = self.opened().and_then(|store| plan.store(store));
            if stored.is_err() {
                self.plan = Some(plan);
            }
            stored?;
            shared.stored.store(true, Ordering::Release);
            shared.tell(LiveEvent::Entries);
        }
        while let Some(item) = self.waiting.pop_front() {
            let id = &shared.id;
            let done = self.opened().and_then(|store| match &item {
                Item::Noted(from, entry) => record_entry(store, (id, &folder), *from, entry),
                Item::Event(event) => Ok(store.add_event(id, event)?.is_some()),
                Item::Part(audio) => Ok(store.add_audio(id, audio).map(|()| false)?),
            });
            match done {
                Ok(true) => shared.tell(LiveEvent::Entries),
                Ok(false) => {}
                Err(e @ Error::Store(_)) => {
                    self.waiting.push_front(item);
                    return Err(e);
                }
                // A part that cannot be read holds nobody up: the journal is read again at the end.
                Err(e) => shared.alarm(&e, IN_JOURNAL),
            }
            if begun.elapsed() >= most {
                break;
            }
        }
        Ok(())
    }

    /// Tells of a failure, once for each reason until something succeeds.
    fn tried(&mut self, tried: Result<(), Error>) {
        let Err(why) = tried else {
            self.failed = None;
            return;
        };
        let now = Instant::now();
        let failed = self.failed.get_or_insert_with(|| Failures::since(now));
        if failed.tells(&why, now) {
            let help = match (&why, self.waiting.front()) {
                (Error::Store(store::Error::Busy), _) => WAITS,
                // What the program itself notes of a clock is nothing to write down.
                (_, Some(Item::Event(_)) | None) => FREE_ROOM,
                (_, Some(Item::Noted(_, entry))) if entry.refused => COMPLETE,
                (_, Some(_)) => IN_JOURNAL,
            };
            self.shared.alarm(&why, help);
        }
    }
}

/// Tells a person which marks stand nowhere.
pub(super) fn nowhere(marks: &str) -> LiveEvent {
    LiveEvent::Alarm {
        channel: None,
        text: format!("not in the record: {marks}"),
        help: FROM_PAPER,
        ends: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_that_is_busy_for_a_moment_is_told_to_nobody() {
        let begun = Instant::now();
        let at = |ms| begun + Duration::from_millis(ms);
        let busy = Error::Store(store::Error::Busy);
        let other = Error::Worker("the keeper of the record");
        let mut failed = Failures::since(begun);
        for ms in [0, 100, 1_100, 9_900] {
            assert!(!failed.tells(&busy, at(ms)), "{ms} ms");
        }
        assert!(failed.tells(&busy, at(10_000)));
        assert!(!failed.tells(&busy, at(11_000)), "twice");
        // What does not pass by itself is told at once.
        assert!(Failures::since(begun).tells(&other, begun));
    }
}
