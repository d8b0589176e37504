//! What the recorder does while its source is away: it opens the same one again and no other, and lets
//! silence stand for the time between; and the same for time that the computer slept.

use std::time::Duration;

use super::super::{Error, SourceFormat};
use super::{Hidden, Notice, Recording, Watch, usable};
use crate::domain::{SamplePos, Span};

/// A microphone that delivers nothing for so long is gone, whatever the system says.
const NO_SOUND: Duration = Duration::from_millis(800);
/// The same for one that was just opened: sound services take their time.
const FIRST_SOUND: Duration = Duration::from_secs(3);
/// Between two tries to open it again.
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// Behind the clock by which silence is filled in while the microphone is gone.
const FILL_STEP: Duration = Duration::from_millis(100);
/// Less is no sleep: the two clocks are not read at the very same moment.
const ASLEEP: Duration = Duration::from_secs(1);
/// Longest silence for a sleep, in time and in bytes: it fits into the room that must be left beside the
/// planned length, and a slow disk takes it before the sound that comes after it is lost.
const LONGEST_SLEEP: Duration = Duration::from_secs(3600);
const MOST_SILENCE: u64 = 256 << 20;

impl Recording {
    /// A source that is silent for too long is gone; one that is gone is opened again.
    pub(super) fn watch_source(&mut self) {
        let now = (self.clock)();
        if self.source.is_some() {
            let patience = if self.fresh { FIRST_SOUND } else { NO_SOUND };
            if now.saturating_sub(self.heard_at.max(self.tried_at)) >= patience {
                self.gone("no sound comes from the microphone".into());
            }
        } else if now.saturating_sub(self.tried_at) >= TRY_AGAIN {
            self.tried_at = now;
            self.fresh = true;
            // The same one or none: what `open` opens was chosen before the session.
            match (self.open)() {
                Ok(same) => match usable(same.format(), self.channels) {
                    Ok(()) => self.source = Some(same),
                    Err(why) => self.refused(&why),
                },
                Err(Error::MicrophoneOther { name, found }) => self.stands_in(name, found),
                // Not there is what was told when it went.
                Err(Error::MicrophoneMissing { .. } | Error::NoMicrophone) => {
                    self.refused_for = None
                }
                Err(why) => self.refused(&why),
            }
        }
    }

    /// The same one is there and cannot be used: told once of each reason.
    fn refused(&mut self, why: &Error) {
        let told = why.to_string();
        if self.tape.is_none() || self.refused_for.as_ref() == Some(&told) {
            return;
        }
        self.refused_for = Some(told.clone());
        let at = self.position();
        self.tell(Notice::Refused { at, why: told });
    }

    /// Another one has its place: told once of each, and never listened to.
    fn stands_in(&mut self, missing: String, found: String) {
        if self.tape.is_none() || self.other.as_ref() == Some(&found) {
            return;
        }
        self.other = Some(found.clone());
        let at = self.position();
        self.tell(Notice::Other { at, missing, found });
    }

    /// Time that the computer slept is time of the session: silence stands for it, so that every moment
    /// after it is still told by its place in the sound.
    pub(super) fn look_for_sleep(&mut self) {
        let slept = (self.slept)();
        let by = slept.saturating_sub(self.slept_so_far);
        if by < ASLEEP {
            return;
        }
        self.slept_so_far = slept;
        if self.tape.is_none() {
            return self.kept.clear();
        }
        let from = self.position();
        let silence = by.min(LONGEST_SLEEP).min(self.longest_silence());
        self.write_pieces((silence.as_secs_f64() * f64::from(self.format.rate)) as u64);
        self.lag.skip(silence);
        self.hidden = Hidden::default();
        let span = Span::new(from, self.position());
        let seconds = by.as_secs();
        self.tell(Notice::Slept { span, seconds });
    }

    pub(super) fn gone(&mut self, why: String) {
        let old = self.source.take();
        self.kept.clear(); // sound of before is not put next to sound of after
        self.tried_at = (self.clock)();
        if self.gone_at.is_none() {
            let at = self.position();
            self.gone_at = Some(at);
            self.tell(Notice::Gone { at, why });
        }
        // Told first: a device that hangs may take its time to let go.
        drop(old);
    }

    /// The session ends while the microphone is away: silence up to now, and the gap has its end.
    pub(super) fn end_gap(&mut self) {
        let Some(from) = self.gone_at.take() else {
            return;
        };
        self.fill_until((self.clock)());
        let span = Span::new(from, self.position());
        self.tell(Notice::StayedAway { span });
    }

    /// The microphone is back, and `buffer` holds the first that it heard: what it says counts, not
    /// that it could be opened.
    pub(super) fn back(&mut self, from: SamplePos, format: SourceFormat) {
        let frames = self.buffer.len() / usize::from(format.channels.max(1));
        let reach = Duration::from_secs_f64(frames as f64 / f64::from(format.rate.max(1)));
        self.fill_until((self.clock)().saturating_sub(reach));
        if format != self.format {
            let mut closed = Vec::new();
            let changed = match &mut self.tape {
                Some(tape) => tape.change_format(format).map(|part| closed.push(part)),
                None => Ok(()),
            };
            self.format = format;
            self.watches = Watch::all(self.channels, format.rate);
            self.kept.clear();
            self.written(changed, closed);
        }
        (self.other, self.refused_for) = (None, None);
        self.lag.anew();
        self.hidden = Hidden::default();
        let span = Span::new(from, self.position());
        let rate = format.rate;
        self.tell(Notice::Back { span, rate });
    }

    pub(super) fn fill_while_gone(&mut self) {
        if self.gone_at.is_some() && self.tape.is_some() && !self.ended {
            let now = (self.clock)();
            if now.saturating_sub(self.heard_at) > FILL_STEP * 2 {
                self.fill_until(now.saturating_sub(FILL_STEP));
            }
        }
    }

    /// The longest silence that a slow disk takes at once.
    pub(super) fn longest_silence(&self) -> Duration {
        let second = u64::from(self.format.rate) * u64::from(self.format.channels) * 2;
        Duration::from_secs(MOST_SILENCE / second.max(1))
    }

    /// Silence from the last sound up to `moment` of the clock. While a microphone is gone that is a piece
    /// at a time; where the clock counts sleep as well, no more than the longest silence stands for one.
    pub(super) fn fill_until(&mut self, moment: Duration) {
        self.heard_at = silent_from((self.heard_at, moment), self.longest_silence());
        let missing = moment.saturating_sub(self.heard_at);
        let frames = (missing.as_secs_f64() * f64::from(self.format.rate)) as u64;
        if frames > 0 && self.tape.is_some() {
            self.write_silence(frames);
            // Forward by what was written, not to `moment`: fractions of a frame must not add up.
            let written = frames as f64 / f64::from(self.format.rate);
            self.heard_at += Duration::from_secs_f64(written);
        }
    }
}

/// Where silence from one moment to another begins, if no more than the longest may stand for it.
fn silent_from((from, to): (Duration, Duration), longest: Duration) -> Duration {
    from.max(to.saturating_sub(longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_counts_a_long_sleep_fills_no_disk() {
        let at = Duration::from_secs;
        assert_eq!(silent_from((at(100), at(160)), at(90)), at(100));
        assert_eq!(silent_from((at(100), at(36_100)), at(90)), at(36_010));
        assert_eq!(silent_from((at(100), at(50)), at(90)), at(100));
    }
}
