//! What is heard of a recording: played, paused, faster and slower, over and over, on with the next line;
//! whatever it is that sounds.

use crate::audio::Playback;
use crate::domain::{InterviewId, SamplePos, Segment, SegmentId, Span};

/// Going on after a pause begins so much earlier, so that the first words are not lost.
const REWIND_MS: u64 = 1_000;

/// A sound that ended so long before its end, in milliseconds, was cut off: the loudspeaker was taken away.
const CUT_OFF_MS: u64 = 500;

/// What is to be heard: a line, or the recording itself whether a line stands there or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// The interview.
    pub interview: InterviewId,
    /// The line, for the screen; none where the recording itself is heard.
    pub segment: Option<SegmentId>,
    /// The channel; all of them together where none is named.
    pub channel: Option<u16>,
    /// From where to where.
    pub span: Span,
    /// How fast, in percent; the pitch stays.
    pub percent: u16,
    /// Over and over.
    pub again: bool,
    /// On with the next line, and the next.
    pub on: bool,
}

impl Listening {
    /// A line of an interview, once.
    pub(super) fn of(interview: InterviewId, line: &Segment, percent: u16) -> Self {
        Self {
            interview,
            segment: Some(line.id),
            channel: Some(line.channel),
            span: line.span,
            percent,
            again: false,
            on: false,
        }
    }

    /// The place so many milliseconds before or behind another one, inside the stretch.
    fn at(&self, from_ms: u64, by: i64) -> u64 {
        let (start, end) = (self.span.start.as_ms(), self.span.end.as_ms());
        from_ms.saturating_add_signed(by).clamp(start, end)
    }

    /// The rest of it from this place of the recording on.
    pub(super) fn rest(&self, at_ms: u64) -> Span {
        let from = SamplePos::from_ms(at_ms).0;
        let from = from.clamp(self.span.start.0, self.span.end.0);
        Span::new(SamplePos(from), self.span.end)
    }
}

/// What is heard: a line, or the recording itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Playing {
    /// The interview.
    pub interview: InterviewId,
    /// The line; none where the recording itself is heard.
    pub segment: Option<SegmentId>,
    /// Milliseconds from the start of the recording.
    pub at_ms: u64,
}

impl Playing {
    /// Whether this line of its interview is heard.
    pub fn hears(&self, line: &Segment) -> bool {
        match self.segment {
            Some(segment) => segment == line.id,
            None => holds(line, self.at_ms),
        }
    }
}

/// Whether this place of the recording, in milliseconds, is in a line.
pub(super) fn holds(line: &Segment, at_ms: u64) -> bool {
    line.span.start.as_ms() <= at_ms && at_ms < line.span.end.as_ms()
}

/// Something that sounds until it ends or is dropped.
pub(super) trait Sounding {
    /// Milliseconds played so far.
    fn position_ms(&self) -> u64;
    /// Whether it has come to its end.
    fn is_over(&self) -> bool;
}

impl Sounding for Playback {
    fn position_ms(&self) -> u64 {
        Playback::position_ms(self)
    }

    fn is_over(&self) -> bool {
        Playback::is_over(self)
    }
}

/// A sound that began.
pub(super) struct Begun<S> {
    /// Where in the recording it begins, in milliseconds,
    pub(super) from_ms: u64,
    /// and where it ends.
    pub(super) until_ms: u64,
    /// More of the stretch follows: only so much is held in memory at once.
    pub(super) more: bool,
    /// What sounds.
    pub(super) sound: S,
}

/// Begins a stretch at a place of the recording, in milliseconds; nothing where it cannot be heard, which
/// is told by then.
pub(super) type Begin<'a, S> = &'a mut dyn FnMut(&Listening, u64) -> Option<Begun<S>>;

/// What is heard now.
struct Heard<S> {
    what: Listening,
    begun: Begun<S>,
}

impl<S: Sounding> Heard<S> {
    /// Milliseconds from the start of the recording.
    fn at_ms(&self) -> u64 {
        let percent = u64::from(self.what.percent);
        let played = self.begun.sound.position_ms().saturating_mul(percent) / 100;
        self.begun.from_ms.saturating_add(played)
    }
}

/// One line at a time, heard or paused.
pub(super) struct Player<S> {
    heard: Option<Heard<S>>,
    /// What is paused, and where it goes on.
    paused: Option<(Listening, u64)>,
}

impl<S> Default for Player<S> {
    fn default() -> Self {
        Self {
            heard: None,
            paused: None,
        }
    }
}

impl<S: Sounding> Player<S> {
    fn begin(&mut self, what: Listening, from_ms: u64, begin: Begin<'_, S>) {
        // Silent before the next one sounds.
        self.heard = None;
        self.heard = begin(&what, from_ms).map(|begun| Heard { what, begun });
    }

    /// Whether anything is heard.
    pub(super) fn is_heard(&self) -> bool {
        self.heard.is_some()
    }

    /// What follows in the same stretch once this sound ends, and from where, in milliseconds.
    pub(super) fn follows(&self) -> Option<(&Listening, u64)> {
        let heard = self.heard.as_ref().filter(|heard| heard.begun.more)?;
        Some((&heard.what, heard.begun.until_ms))
    }

    /// What is heard, for the screen.
    pub(super) fn now(&self) -> Option<Playing> {
        self.heard.as_ref().map(|heard| Playing {
            interview: heard.what.interview.clone(),
            segment: heard.what.segment,
            at_ms: heard.at_ms(),
        })
    }

    /// Plays from the beginning.
    pub(super) fn play(&mut self, what: Listening, begin: Begin<'_, S>) {
        self.paused = None;
        let from = what.span.start.as_ms();
        self.begin(what, from, begin);
    }

    /// Plays from a place of the recording on, in milliseconds.
    pub(super) fn play_from(&mut self, what: Listening, at_ms: u64, begin: Begin<'_, S>) {
        self.paused = None;
        self.begin(what, at_ms, begin);
    }

    /// Pauses, or goes on a little earlier with what was paused.
    pub(super) fn pause(&mut self, begin: Begin<'_, S>) {
        if self.heard.is_some() {
            self.release();
        } else if let Some((what, at)) = self.paused.take() {
            self.begin(what, at, begin);
        }
    }

    /// Pauses; what is paused already stays so.
    pub(super) fn release(&mut self) {
        if let Some(heard) = self.heard.take() {
            let at = heard.at_ms().saturating_sub(REWIND_MS);
            self.paused = Some((heard.what, at));
        }
    }

    /// Goes on with this line where it was paused, else plays it from its beginning.
    pub(super) fn hold(&mut self, what: Listening, begin: Begin<'_, S>) {
        let same = |(own, _): &(Listening, u64)| {
            own.interview == what.interview && own.segment == what.segment
        };
        let start = what.span.start.as_ms();
        let paused = self.paused.take().filter(same);
        let at = paused.map_or(start, |(_, at)| at);
        self.begin(what, at, begin);
    }

    /// At another speed, in percent, from the same place on.
    pub(super) fn speed(&mut self, percent: u16, begin: Begin<'_, S>) {
        if let Some(heard) = self.heard.take() {
            let at = heard.at_ms();
            let what = Listening {
                percent,
                ..heard.what
            };
            self.begin(what, at, begin);
        } else if let Some((what, _)) = &mut self.paused {
            what.percent = percent;
        }
    }

    /// Back or forward so many milliseconds in what is heard or paused.
    pub(super) fn skip(&mut self, by_ms: i64, begin: Begin<'_, S>) {
        if let Some(heard) = self.heard.take() {
            let at = heard.what.at(heard.at_ms(), by_ms);
            self.begin(heard.what, at, begin);
        } else if let Some((what, at)) = &mut self.paused {
            *at = what.at(*at, by_ms);
        }
    }

    /// Changes what comes at the end of what is heard or paused.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Listening)) {
        let paused = self.paused.as_mut().map(|(what, _)| what);
        if let Some(what) = self.heard.as_mut().map(|h| &mut h.what).or(paused) {
            change(what);
        }
    }

    /// Silence, and nothing to go on with.
    pub(super) fn silence(&mut self) {
        (self.heard, self.paused) = (None, None);
    }

    /// Silence at once; what was paused stays so.
    pub(super) fn stop(&mut self) {
        self.heard = None;
    }

    /// What comes after the end of a sound: the rest of what was begun, the same line once more, what
    /// `next` names, or nothing.
    pub(super) fn follow(
        &mut self,
        next: impl FnOnce(&Listening) -> Option<Listening>,
        begin: Begin<'_, S>,
    ) {
        if !self.heard.as_ref().is_some_and(|h| h.begun.sound.is_over()) {
            return;
        }
        let cut_off = |h: &Heard<S>| h.at_ms().saturating_add(CUT_OFF_MS) < h.begun.until_ms;
        if self.heard.as_ref().is_some_and(cut_off) {
            return self.release();
        }
        let Some(Heard { what, begun }) = self.heard.take() else {
            return;
        };
        if begun.more {
            return self.begin(what, begun.until_ms, begin);
        }
        let then = if what.again { Some(what) } else { next(&what) };
        if let Some(what) = then {
            let from = what.span.start.as_ms();
            self.begin(what, from, begin);
        }
    }
}

#[cfg(test)]
#[path = "player_tests.rs"]
mod tests;
