//! What is still to do, shared by the workers. Translations come first, so that a line is complete
//! soon after it was heard; nobody waits as long as there is anything it can do.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::domain::{Cancel, InterviewId, SegmentId};
use crate::store::{PendingTranslation, PendingUtterance};

/// How long a cancel may go unnoticed by a worker that has nothing to do.
const POLL: Duration = Duration::from_millis(50);

/// One line's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Sound to text.
    Recognise(PendingUtterance),
    /// Text to another language.
    Translate(PendingTranslation),
}

impl Work {
    pub fn interview(&self) -> &InterviewId {
        match self {
            Work::Recognise(row) => &row.interview,
            Work::Translate(row) => &row.interview,
        }
    }

    pub fn segment(&self) -> SegmentId {
        match self {
            Work::Recognise(row) => row.segment,
            Work::Translate(row) => row.segment,
        }
    }
}

/// What is to do, and how much of it is in hand.
pub(super) struct Board<'a> {
    todo: Mutex<Todo>,
    changed: Condvar,
    cancel: &'a Cancel,
}

struct Todo {
    spoken: VecDeque<PendingUtterance>,
    written: VecDeque<PendingTranslation>,
    /// Lines that were taken and not yet written down: each may bring further work.
    in_hand: usize,
    closed: bool,
}

impl<'a> Board<'a> {
    pub fn new(
        spoken: Vec<PendingUtterance>,
        written: Vec<PendingTranslation>,
        cancel: &'a Cancel,
    ) -> Self {
        Self {
            todo: Mutex::new(Todo {
                spoken: spoken.into(),
                written: written.into(),
                in_hand: 0,
                closed: false,
            }),
            changed: Condvar::new(),
            cancel,
        }
    }

    /// The next line for a worker that can do this; `None` once nothing more will come.
    pub fn next(&self, hears: bool, translates: bool) -> Option<Work> {
        let mut todo = self.todo();
        loop {
            if todo.closed || self.cancel.is_cancelled() {
                return None;
            }
            let mut work = None;
            if translates {
                work = todo.written.pop_front().map(Work::Translate);
            }
            if work.is_none() && hears {
                work = todo.spoken.pop_front().map(Work::Recognise);
            }
            if work.is_some() {
                todo.in_hand = todo.in_hand.saturating_add(1);
                return work;
            }
            if todo.in_hand == 0 && todo.spoken.is_empty() && todo.written.is_empty() {
                return None;
            }
            let woken = self.changed.wait_timeout(todo, POLL);
            todo = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// `done` lines are written down, which brought the work of `next`.
    pub fn settle(&self, done: usize, next: Vec<PendingTranslation>) {
        let mut todo = self.todo();
        todo.in_hand = todo.in_hand.saturating_sub(done);
        todo.written.extend(next);
        drop(todo);
        self.changed.notify_all();
    }

    /// Nothing more is handed out.
    pub fn close(&self) {
        self.todo().closed = true;
        self.changed.notify_all();
    }

    fn todo(&self) -> MutexGuard<'_, Todo> {
        // A worker that panicked held no half-made change: each is one call.
        self.todo.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
