//! What a screen shows of a running recording and is older than the store: a line is read at once when it
//! has got words, the rest now and then.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::domain::{InterviewId, SegmentId};

use super::Command;

/// Lines that come one after the other are read no more often than this.
const LINES_EVERY: Duration = Duration::from_millis(100);
/// The rest of the interview and the list of all are read again no more often than this.
const ALL_EVERY: Duration = Duration::from_secs(2);

/// What is to be read again, and since when what was read is as it is.
#[derive(Default)]
pub(super) struct Stale {
    /// Lines that are new or have got words.
    lines: BTreeSet<SegmentId>,
    /// What stands beside them: entries, length, the list of all interviews.
    pub(super) rest: bool,
    lines_read: Option<Instant>,
    all_read: Option<Instant>,
}

impl Stale {
    /// A line is new or has got words.
    pub(super) fn line(&mut self, line: SegmentId) {
        self.lines.insert(line);
        self.rest = true;
    }

    /// Whether a line is on its way to the screen.
    pub(super) fn lines_wait(&self) -> bool {
        !self.lines.is_empty()
    }

    /// Nobody knows what has changed: all of it is read at once.
    pub(super) fn everything(&mut self) {
        self.rest = true;
        self.all_read = None;
    }

    /// Asks for what has waited long enough; `ask` says whether there was room.
    pub(super) fn read(
        &mut self,
        now: Instant,
        id: &InterviewId,
        mut ask: impl FnMut(Command) -> bool,
    ) {
        let waited = |since: Option<Instant>, least| {
            since.is_none_or(|since| now.saturating_duration_since(since) >= least)
        };
        if self.rest && waited(self.all_read, ALL_EVERY) && ask(Command::Refresh) {
            self.rest = false;
            (self.all_read, self.lines_read) = (Some(now), Some(now));
            // They are read with the rest.
            self.lines.clear();
        }
        if self.lines_wait() && waited(self.lines_read, LINES_EVERY) {
            let lines = self.lines.iter().copied().collect();
            if ask(Command::Lines(id.clone(), lines)) {
                self.lines.clear();
                self.lines_read = Some(now);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_at_once_and_the_rest_now_and_then() {
        let mut stale = Stale::default();
        let (begun, id) = (Instant::now(), InterviewId("i".to_owned()));
        let mut asked = Vec::new();
        let mut look = |stale: &mut Stale, ms, room| {
            stale.read(begun + Duration::from_millis(ms), &id, |command| {
                if room {
                    asked.push(match command {
                        Command::Lines(_, lines) => lines.iter().map(|l| l.0).collect(),
                        _ => vec![-1],
                    });
                }
                room
            });
            std::mem::take(&mut asked)
        };
        stale.line(SegmentId(1));
        assert_eq!(
            look(&mut stale, 0, true),
            [[-1]],
            "the first time all of it"
        );
        stale.line(SegmentId(2));
        assert!(look(&mut stale, 50, true).is_empty());
        stale.line(SegmentId(3));
        assert!(look(&mut stale, 100, false).is_empty(), "no room: later");
        assert_eq!(look(&mut stale, 101, true), [[2, 3]]);
        assert!(look(&mut stale, 400, true).is_empty(), "nothing new");
        stale.line(SegmentId(4));
        assert_eq!(look(&mut stale, 401, true), [[4]], "without a wait");
        assert_eq!(look(&mut stale, 2_000, true), [[-1]]);
        stale.everything();
        assert_eq!(look(&mut stale, 2_001, true), [[-1]]);
        assert!(look(&mut stale, 9_000, true).is_empty());
    }
}
