//! Silence in the place of sound that is missing: what was lost and counted, and what only the clock missed.

use std::time::Duration;

use super::super::lag::Stretch;
use super::{Hidden, Notice, Recording};
use crate::domain::Span;

/// Seconds of silence between two looks at what has to be forced to the disk.
const PIECE_SECONDS: u64 = 10;

impl Recording {
    /// What a stretch of time showed of the source's own clock, and of sound that the system did not tell of:
    /// nothing counted it, and the clock missed it.
    pub(super) fn look_at_stretch(&mut self, stretch: Stretch) {
        let Stretch::Figure(late) = stretch else {
            return self.hidden.skip();
        };
        self.progress.set_lag(late);
        if !self.source.as_ref().is_some_and(|s| s.may_hide_losses()) {
            return;
        }
        if let Some(missing) = self.hidden.look(late) {
            self.missed(missing);
        }
    }

    /// Sound of this length is missing, as the clock has it. A clock that jumped fills no disk.
    fn missed(&mut self, missing: Duration) {
        let longest = self.longest_silence();
        if missing > longest {
            // The rest stays missing, and is not found again and again.
            self.hidden = Hidden::default();
        }
        let silence = missing.min(longest);
        self.lost((silence.as_secs_f64() * f64::from(self.format.rate)) as u64);
        self.lag.caught_up(silence);
    }

    /// So many frames are missing between what came before and what comes next.
    pub(super) fn lost(&mut self, frames: u64) {
        if self.tape.is_none() {
            // Sound of before is not put next to sound of after, and no session has lost any of it.
            return self.kept.clear();
        }
        self.progress.add_lost(frames);
        let from = self.position();
        self.write_pieces(frames);
        let span = Span::new(from, self.position());
        self.tell(Notice::Lost { span });
    }

    /// Silence a piece at a time, so that a long one does not look like a disk that is stuck.
    pub(super) fn write_pieces(&mut self, mut frames: u64) {
        while frames > 0 && !self.ended {
            let now = frames.min(u64::from(self.format.rate) * PIECE_SECONDS);
            self.write_silence(now);
            self.keep();
            frames -= now;
        }
    }
}
