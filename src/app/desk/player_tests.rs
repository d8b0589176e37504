//! Tests of the player, with loudspeakers that only count.

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
    let ahead = bench.player.follows().map(|(what, at)| (what.span, at));
    assert_eq!(ahead, Some((line(0, 0, 10_000).span, 7_500)));
    bench.played_ms.set(8_000);
    bench.with(|player, begin| player.follow(none, begin));
    assert_eq!(bench.at(), Some((0, 7_500)), "the next piece");
    assert!(bench.player.follows().is_none(), "it is the last one");
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
    bench.with(|player, begin| player.play(line(1, 5_000, 9_000), begin));
    bench.with(|player, _| player.change(|what| what.again = true));
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
    let again = Listening {
        again: true,
        ..line(1, 5_000, 9_000)
    };
    let next = |what: &Listening| what.on.then(|| line(2, 9_000, 12_000));
    bench.with(|player, begin| player.play(again, begin));
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
