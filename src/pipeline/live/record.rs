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
/// Most that waits: hours of a held database. Beyond it only what no journal has is told of.
const MOST: usize = 4096;

/// What helps where an entry cannot be stored.
pub(super) const ON_PAPER: &str =
    "The recording goes on. Note it down on paper and free some room on the disk.";
pub(super) const IN_JOURNAL: &str = "The sound is kept, and the journal beside it holds this entry. Free some room; 'mekong resume' adds what is missing.";
const FREE_ROOM: &str = "The recording goes on. Free some room on the disk.";
/// What helps where another program holds the database.
const WAITS: &str = "The recording goes on, and its entries and text wait. Close the other program that uses the interviews.";
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
    /// The clerk's own, which stands nowhere else.
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
    /// When the last try failed, and why; none since one succeeded.
    failed: Option<(Instant, String)>,
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
        let in_journal = !matches!(item, Item::Event(_));
        self.cut |= in_journal && self.waiting.len() >= MOST;
        match (in_journal, self.waiting.len() >= MOST) {
            (true, _) if self.cut => {}
            (false, true) => self.shared.alarm(&store::Error::Busy.into(), ON_PAPER),
            _ => self.waiting.push_back(item),
        }
        self.again();
    }

    /// Tries what waits, if it is time to.
    pub(super) fn again(&mut self) {
        let rests = |(at, _): &(Instant, String)| at.elapsed() < AGAIN;
        let idle = self.waiting.is_empty() && self.plan.is_none();
        if !idle && !self.failed.as_ref().is_some_and(rests) {
            let tried = self.work();
            self.tried(tried);
        }
    }

    /// Lets the length of the sound grow; no reason to wait, as it is set again at the end.
    pub(super) fn grow(&mut self, duration_ms: u64) {
        if self.failed.is_none() {
            let id = &self.shared.id;
            let grown = self
                .opened()
                .and_then(|store| Ok(store.grow(id, duration_ms)?));
            self.tried(grown);
        }
    }

    /// Stores all that waits, as patiently as everybody else; the store, unless something is missing then.
    pub(super) fn last(&mut self) -> Option<&mut Store> {
        let usual = |store: &mut Store| Ok(store.wait_as_usual()?);
        let done = self.opened().and_then(usual).and_then(|()| self.work());
        if let Err(e) = done {
            let only_here = self.waiting.iter().any(|i| matches!(i, Item::Event(_)));
            self.shared
                .alarm(&e, if only_here { ON_PAPER } else { COMPLETE });
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

    fn work(&mut self) -> Result<(), Error> {
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
        }
        Ok(())
    }

    /// Tells of a failure, once for each reason until something succeeds.
    fn tried(&mut self, tried: Result<(), Error>) {
        let Err(why) = tried else {
            self.failed = None;
            return;
        };
        let told = why.to_string();
        if self.failed.as_ref().is_none_or(|(_, known)| *known != told) {
            let help = match (&why, self.waiting.front()) {
                (Error::Store(store::Error::Busy), _) => WAITS,
                (_, Some(Item::Event(_))) => ON_PAPER,
                (_, Some(_)) => IN_JOURNAL,
                (_, None) => FREE_ROOM,
            };
            self.shared.alarm(&why, help);
        }
        self.failed = Some((Instant::now(), told));
    }
}
