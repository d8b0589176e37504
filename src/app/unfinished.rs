//! What was begun and is not finished: recordings and imports that were cut off, lines that a machine
//! failed on. [`App::resume`] takes all of it up.

use std::collections::BTreeMap;

use crate::domain::InterviewId;

use super::{App, Error};

/// What [`App::resume`] would take up beside the lines that are pending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unfinished {
    /// Recordings that were begun and not ended.
    pub recordings: Vec<InterviewId>,
    /// Imports that were cut off after their copy was complete.
    pub imports: usize,
    /// Lines that a machine failed on, by interview.
    pub failed: BTreeMap<InterviewId, u64>,
}

impl App {
    /// What is not finished. The recording that `runs` was not cut off, and while a job `works`, an
    /// import may be its own.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn unfinished(&self, runs: Option<&InterviewId>, works: bool) -> Result<Unfinished, Error> {
        let mut recordings = self.open_sessions()?;
        recordings.retain(|id| Some(id) != runs);
        Ok(Unfinished {
            recordings,
            imports: if works {
                0
            } else {
                self.interrupted_imports().len()
            },
            failed: self.reading()?.failed_lines()?,
        })
    }
}
