//! Orders that take effect at the moment at which a person gave them, and not when the recorder comes to
//! them: while a disk is stuck, seconds of sound wait, and what of it was said before a pause is kept.

use std::time::Duration;

use super::super::asking::{Ask, Asked};
use super::{Notice, Recording};
use crate::domain::{SAMPLE_RATE, SamplePos, Span};

/// Sound comes a block at a time: so long after an order the block with its moment in it is waited for.
const HOLD: Duration = Duration::from_millis(500);

impl Asked {
    /// What is written of a mark, at this place of the sound.
    pub(super) fn mark(self, at: SamplePos) -> Option<Notice> {
        match self.what {
            Ask::Mark(words) => Some(Notice::Marked { at, words }),
            Ask::Pause(_) | Ask::Resume => None,
        }
    }
}

impl Recording {
    /// Takes what was asked meanwhile, each with its moment of the clock. What was heard before it and was not
    /// written yet is written first. Before the start there is nothing to pause. True where the end was asked.
    pub(in super::super) fn hear_asked(&mut self) -> bool {
        let (asked, stop) = self.asking.take();
        if self.tape.is_some() {
            self.asked.extend(asked);
            self.obey_due();
        }
        stop
    }

    /// Takes what was asked last: nothing is taken any more.
    pub(super) fn hear_last(&mut self) {
        let last = self.asking.close();
        if self.tape.is_some() {
            self.asked.extend(last);
        }
    }

    /// The same of one order.
    #[cfg(test)]
    pub(in super::super) fn ask(&mut self, what: Ask, at: Duration) {
        if self.tape.is_some() {
            self.asked.push_back(Asked { what, at });
            self.obey_due();
        }
    }

    /// Writes what was heard, and obeys the orders between its frames.
    pub(super) fn write_heard(&mut self, mut rest: &mut [i16]) {
        let width = usize::from(self.format.channels.max(1));
        while !rest.is_empty() && !self.ended {
            let before = self.before_order().map_or(rest.len(), |frames| {
                let frames = usize::try_from(frames).unwrap_or(usize::MAX);
                frames.saturating_mul(width).min(rest.len())
            });
            let (now, later) = rest.split_at_mut(before);
            if self.paused_at.is_some() {
                now.fill(0);
            }
            self.write(now);
            self.obey_due();
            rest = later;
        }
    }

    /// Frames that were heard before the oldest order's moment and come before it in the sound; none where no
    /// order waits.
    fn before_order(&self) -> Option<u64> {
        let order = self.asked.front()?;
        let place = self.lag.place(order.at);
        let samples = place.0.saturating_sub(self.position().0);
        let frames = samples.saturating_mul(u64::from(self.format.rate));
        Some(frames.div_ceil(u64::from(SAMPLE_RATE)))
    }

    /// Obeys the orders whose moment the sound has reached.
    fn obey_due(&mut self) {
        while self.before_order() == Some(0) {
            self.obey_next();
        }
    }

    /// Nothing comes: whoever waits for more sound waits no longer than a block takes.
    pub(super) fn obey_late(&mut self) {
        let now = (self.clock)();
        let late = |order: &Asked| now.saturating_sub(order.at) >= HOLD;
        while self
            .asked
            .front()
            .is_some_and(|order| self.source.is_none() || late(order))
        {
            self.obey_next();
        }
    }

    /// Obeys all that wait: no more sound comes.
    pub(super) fn obey_all(&mut self) {
        while !self.asked.is_empty() {
            self.obey_next();
        }
    }

    fn obey_next(&mut self) {
        match self.asked.pop_front().map(|order| order.what) {
            Some(Ask::Pause(reason)) => self.pause(reason),
            Some(Ask::Resume) => self.resume(),
            Some(Ask::Mark(words)) => {
                let at = self.position();
                self.tell(Notice::Marked { at, words });
            }
            None => {}
        }
    }

    fn pause(&mut self, reason: String) {
        if let (None, Some(tape)) = (self.paused_at, &self.tape) {
            let at = tape.position();
            self.paused_at = Some(at);
            self.tell(Notice::Paused { at, reason });
        }
    }

    pub(super) fn resume(&mut self) {
        if let (Some(from), Some(tape)) = (self.paused_at.take(), &self.tape) {
            let span = Span::new(from, tape.position());
            self.tell(Notice::Resumed { span });
        }
    }
}
