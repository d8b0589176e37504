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
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    /// Plays as fast as a test says.
    struct Fake {
        played_ms: Rc<Cell<u64>>,
        gone: Rc<Cell<bool>>,
        length_ms: u64,
    }

    impl Sounding for Fake {
        fn position_ms(&self) -> u64 {
            self.played_ms.get()
        }

        fn is_over(&self) -> bool {
            self.gone.get() || self.played_ms.get() >= self.length_ms
        }
    }

    /// A player with loudspeakers that only count.
    #[derive(Default)]
    struct Bench {
        player: Player<Fake>,
        played_ms: Rc<Cell<u64>>,
        /// The loudspeaker was taken away.
        gone: Rc<Cell<bool>>,
        /// How often a sound began.
        begun: usize,
        /// So much is held in memory at once; all where it is nothing.
        most_ms: Option<u64>,
    }

    impl Bench {
        /// Does something with the player.
        fn with(&mut self, act: impl FnOnce(&mut Player<Fake>, Begin<'_, Fake>)) {
            let (played_ms, begun) = (Rc::clone(&self.played_ms), &mut self.begun);
            let (gone, most_ms) = (Rc::clone(&self.gone), self.most_ms);
            let mut begin = |what: &Listening, from_ms| {
                let rest = what.rest(from_ms);
                *begun += 1;
                played_ms.set(0);
                let held_ms = rest.duration_ms().min(most_ms.unwrap_or(u64::MAX));
                let sound = Fake {
                    played_ms: Rc::clone(&played_ms),
                    gone: Rc::clone(&gone),
                    length_ms: held_ms * 100 / u64::from(what.percent),
                };
                let from_ms = rest.start.as_ms();
                Some(Begun {
                    from_ms,
                    until_ms: from_ms + held_ms,
                    more: held_ms < rest.duration_ms(),
                    sound,
                })
            };
            act(&mut self.player, &mut begin);
        }

        fn at(&self) -> Option<(i64, u64)> {
            let now = self.player.now();
            now.map(|now| (now.segment.map_or(0, |line| line.0), now.at_ms))
        }
    }

    fn line(segment: i64, from_ms: u64, to_ms: u64) -> Listening {
        Listening {
            interview: InterviewId("i".to_owned()),
            segment: Some(SegmentId(segment)),
            channel: Some(0),
            span: Span::new(SamplePos::from_ms(from_ms), SamplePos::from_ms(to_ms)),
            percent: 100,
            again: false,
            on: false,
        }
    }

    #[test]
    fn a_pause_goes_on_a_second_earlier_and_never_before_the_line() {
        let mut bench = Bench::default();
        bench.with(|player, begin| player.play(line(1, 5_000, 9_000), begin));
        bench.played_ms.set(2_500);
        assert_eq!(bench.at(), Some((1, 7_500)));
        bench.with(|player, begin| player.pause(begin));
        assert_eq!(bench.at(), None);
        bench.with(|player, begin| player.pause(begin));
        assert_eq!(bench.at(), Some((1, 6_500)));
        bench.played_ms.set(0);
        bench.with(|player, begin| player.pause(begin));
        bench.with(|player, begin| player.pause(begin));
        assert_eq!(bench.at(), Some((1, 5_500)));
        bench.with(|player, begin| player.pause(begin));
        bench.with(|player, begin| player.pause(begin));
        assert_eq!(bench.at(), Some((1, 5_000)), "where the line begins");
        // Silence leaves nothing to go on with.
        bench.with(|player, _| player.silence());
        bench.with(|player, begin| player.pause(begin));
        assert_eq!(bench.at(), None);
    }

    #[test]
    fn a_pedal_goes_on_in_its_line_and_begins_another_one() {
        let mut bench = Bench::default();
        bench.with(|player, begin| player.hold(line(1, 5_000, 9_000), begin));
        assert_eq!(bench.at(), Some((1, 5_000)));
        bench.played_ms.set(3_000);
        bench.with(|player, _| player.release());
        bench.with(|player, _| player.release());
        assert_eq!(bench.at(), None);
        bench.with(|player, begin| player.hold(line(1, 5_000, 9_000), begin));
        assert_eq!(bench.at(), Some((1, 7_000)));
        bench.with(|player, _| player.release());
        bench.with(|player, begin| player.hold(line(2, 9_000, 12_000), begin));
        assert_eq!(bench.at(), Some((2, 9_000)));
    }

    #[test]
    fn skips_stay_inside_the_line_and_are_kept_while_it_is_paused() {
        let mut bench = Bench::default();
        bench.with(|player, begin| player.play(line(1, 5_000, 9_000), begin));
        bench.played_ms.set(1_000);
        bench.with(|player, begin| player.skip(2_000, begin));
        assert_eq!(bench.at(), Some((1, 8_000)));
        bench.with(|player, begin| player.skip(2_000, begin));
        assert_eq!(bench.at(), Some((1, 9_000)));
        bench.with(|player, begin| player.skip(-60_000, begin));
        assert_eq!(bench.at(), Some((1, 5_000)));
        bench.played_ms.set(3_000);
        bench.with(|player, begin| player.pause(begin));
        let begun = bench.begun;
        bench.with(|player, begin| player.skip(-1_500, begin));
        assert_eq!(bench.begun, begun, "it stays silent");
        bench.with(|player, begin| player.pause(begin));
        assert_eq!(bench.at(), Some((1, 5_500)));
    }

    #[test]
    fn another_speed_stays_at_the_place_and_counts_by_it() {
        let mut bench = Bench::default();
        bench.with(|player, begin| player.play(line(1, 5_000, 9_000), begin));
        bench.played_ms.set(2_000);
        bench.with(|player, begin| player.speed(50, begin));
        assert_eq!(bench.at(), Some((1, 7_000)));
        bench.played_ms.set(2_000);
        assert_eq!(bench.at(), Some((1, 8_000)), "half as fast");
        bench.with(|player, begin| player.pause(begin));
        bench.with(|player, begin| player.speed(200, begin));
        bench.with(|player, begin| player.pause(begin));
        bench.played_ms.set(500);
        assert_eq!(bench.at(), Some((1, 8_000)), "twice as fast");
    }

    #[test]
    fn the_recording_itself_is_heard_from_a_place_on_piece_by_piece_to_its_end() {
        let mut bench = Bench {
            most_ms: Some(4_000),
            ..Bench::default()
        };
        let whole = Listening {
            segment: None,
            channel: None,
            percent: 50,
            ..line(0, 0, 10_000)
        };
        let none = |_: &Listening| None;
        bench.with(|player, begin| player.play_from(whole, 3_500, begin));
        assert_eq!(bench.at(), Some((0, 3_500)));
        bench.played_ms.set(7_999);
        bench.with(|player, begin| player.follow(none, begin));
        assert_eq!(bench.begun, 1, "not over yet");
        bench.played_ms.set(8_000);
        bench.with(|player, begin| player.follow(none, begin));
        assert_eq!(bench.at(), Some((0, 7_500)), "the next piece");
        // Back before the place where it was begun, and a pause goes on a second earlier.
        bench.with(|player, begin| player.skip(-6_000, begin));
        assert_eq!(bench.at(), Some((0, 1_500)));
        bench.with(|player, begin| player.pause(begin));
        bench.with(|player, begin| player.pause(begin));
        assert_eq!(bench.at(), Some((0, 500)));
        bench.with(|player, begin| player.skip(9_000, begin));
        bench.played_ms.set(1_000);
        bench.with(|player, begin| player.follow(none, begin));
        assert_eq!(bench.at(), None, "where the recording ends");
    }

    #[test]
    fn a_loudspeaker_that_is_taken_away_pauses_where_it_was() {
        let mut bench = Bench::default();
        let again = Listening {
            again: true,
            ..line(1, 5_000, 9_000)
        };
        bench.with(|player, begin| player.play(again, begin));
        bench.played_ms.set(2_000);
        bench.gone.set(true);
        bench.with(|player, begin| player.follow(|_| None, begin));
        assert_eq!((bench.at(), bench.begun), (None, 1), "not over and over");
        bench.gone.set(false);
        bench.with(|player, begin| player.pause(begin));
        assert_eq!(bench.at(), Some((1, 6_000)));
    }

    #[test]
    fn at_its_end_a_line_comes_again_or_the_next_one_or_silence() {
        let mut bench = Bench::default();
        let next = |what: &Listening| what.on.then(|| line(2, 9_000, 12_000));
        bench.with(|player, begin| player.play(line(1, 5_000, 9_000), begin));
        bench.with(|player, _| player.change(|what| what.again = true));
        bench.played_ms.set(3_999);
        bench.with(|player, begin| player.follow(next, begin));
        assert_eq!(bench.at(), Some((1, 8_999)), "not over yet");
        bench.played_ms.set(4_000);
        bench.with(|player, begin| player.follow(next, begin));
        assert_eq!(bench.at(), Some((1, 5_000)), "over and over");
        bench.with(|player, _| player.change(|what| what.again = false));
        bench.with(|player, _| player.change(|what| what.on = true));
        bench.played_ms.set(4_000);
        bench.with(|player, begin| player.follow(next, begin));
        assert_eq!(bench.at(), Some((2, 9_000)));
        bench.played_ms.set(3_000);
        bench.with(|player, begin| player.follow(next, begin));
        assert_eq!(bench.at(), None, "the second does not go on");
    }
}
