//! The desk's ear: plays lines and the recording between them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::app::Error;
use crate::audio::{self, Playback};
use crate::domain::{Cancel, InterviewId, Lang, SamplePos, SegmentId, Span};

use super::board::Recording;
use super::opened::Opened;
use super::player::{Begun, Listening, Player};
use super::{Command, Common};

/// How often the place that is heard is brought up to date.
const STEP: Duration = Duration::from_millis(60);
/// The longest stretch that is played in one go at the real speed, five minutes: memory stays small, and
/// the sound begins at once.
const MAX_SAMPLES: u64 = 16_000 * 300;
/// Slower or faster the sound is worked out before it is heard: a few seconds first, so that it begins at
/// once,
const FIRST_SAMPLES: u64 = 16_000 * 6;
/// and longer pieces, each while the one before is heard.
const LATER_SAMPLES: u64 = 16_000 * 30;
/// A piece ends where it is quietest in its last second, so that no word is cut in two.
const QUIET_WITHIN: usize = 16_000;
/// What is quiet is measured over a fortieth of a second.
const QUIET: usize = 400;

/// Whether what is played would be heard by a microphone and stand in a record. A file that plays for
/// practice is treated alike, so that nobody learns it differently.
fn is_recorded(recording: Option<&Recording>) -> bool {
    recording.is_some_and(|now| !now.ending && !now.status.paused)
}

/// What partners sent and is heard.
#[derive(Default)]
struct Bundles {
    /// What is heard by a line of it, by its bundles.
    heard: RefCell<BTreeSet<String>>,
    /// Raised once the window closes: a place may be minutes of decoding away.
    stop: Cancel,
}

/// A piece that is worked out before it is heard.
struct Piece {
    what: Listening,
    from_ms: u64,
    until_ms: u64,
    more: bool,
    /// At the speed at which it is heard.
    pcm: Vec<f32>,
}

impl Piece {
    /// One that could not be worked out.
    fn unread(what: &Listening, from_ms: u64) -> Self {
        Self {
            what: what.clone(),
            from_ms,
            until_ms: from_ms,
            more: false,
            pcm: Vec::new(),
        }
    }

    fn is(&self, what: &Listening, from_ms: u64) -> bool {
        // What comes after it makes no other sound of it.
        let sound = |l: &Listening| (l.interview.clone(), l.channel, l.span, l.percent);
        sound(&self.what) == sound(what) && self.from_ms == from_ms
    }
}

/// Plays until the desk is gone, which raises `stop`.
pub(super) fn run(common: &Common, asked: &Receiver<Command>, stop: Cancel) {
    let mut player = Player::default();
    // A standard sentence. It is a part of the interview, so it may be heard by the microphones.
    let mut aloud: Option<(Playback, (Lang, &str))> = None;
    let heard = RefCell::default();
    let (bundles, ahead) = (Bundles { heard, stop }, RefCell::new(None));
    let begin = &mut |what: &Listening, from_ms| {
        let is_ready = |piece: &Piece| piece.is(what, from_ms) && !piece.pcm.is_empty();
        let ready = ahead.take().filter(is_ready);
        begin(common, what, from_ms, (&bundles, ready))
    };
    loop {
        let command = if player.is_heard() || aloud.is_some() {
            asked.recv_timeout(STEP)
        } else {
            asked.recv().map_err(|_| RecvTimeoutError::Disconnected)
        };
        match command {
            Ok(Command::Play(what)) => player.play(what, begin),
            Ok(Command::PlayFrom(what, at)) => player.play_from(what, at, begin),
            Ok(Command::PlayLine(id, line, percent)) => {
                player.silence();
                if let Some(what) = find(common, id, line, percent) {
                    player.play(what, begin);
                }
            }
            Ok(Command::PlayForeign(bundle, line, percent)) => {
                player.silence();
                if let Some(what) = find_abroad(common, &bundle, line, percent) {
                    bundles.heard.borrow_mut().insert(bundle);
                    player.play(what, begin);
                }
            }
            Ok(Command::PauseSound) if aloud.is_some() => aloud = None,
            Ok(Command::PauseSound) => player.pause(begin),
            Ok(Command::Speed(percent)) => player.speed(percent, begin),
            Ok(Command::GoOnReading(on)) => player.change(|what| what.on = on),
            Ok(Command::Repeat(again)) => player.change(|what| what.again = again),
            Ok(Command::Hold(what)) => player.hold(what, begin),
            Ok(Command::Release) => player.release(),
            Ok(Command::Skip(ms)) => player.skip(ms, begin),
            // Asked for once more while it is said, it is silenced: it stands in the record from there on.
            Ok(Command::Say(lang, phrase)) => {
                player.silence();
                let again = aloud.take().is_some_and(|(_, what)| what == (lang, phrase));
                if !again {
                    aloud = say(common, lang, phrase).map(|sound| (sound, (lang, phrase)));
                }
            }
            Ok(Command::Silence) => {
                player.silence();
                aloud = None;
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Some((what, at)) = player.follows() {
                    let mut ahead = ahead.borrow_mut();
                    if !ahead.as_ref().is_some_and(|piece| piece.is(what, at)) {
                        // What cannot be read is told when its turn comes, and not tried before.
                        let unread = |_| Piece::unread(what, at);
                        let piece = prepare(common, what, at, (&bundles, LATER_SAMPLES));
                        *ahead = Some(piece.unwrap_or_else(unread));
                    }
                }
            }
            Ok(_) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if player.is_heard() || aloud.as_ref().is_some_and(|(sound, _)| sound.is_over()) {
            aloud = None;
        }
        // A recording that began, or went on after a pause, while something was heard.
        if player.is_heard() && is_recorded(common.board.recording.get().as_deref()) {
            player.stop();
            common.tell(&Error::NotPlayed);
        }
        player.follow(|what| after(common, what), begin);
        match player.now() {
            Some(now) => common.board.playing.put(now),
            None => drop(common.board.playing.take()),
        }
        (common.wake)();
    }
}

/// What is heard after the end of a line where the next one is wanted.
fn after(common: &Common, what: &Listening) -> Option<Listening> {
    let own = || common.board.opened.get();
    let opened = partners(common, &what.interview).or_else(own);
    next(&*opened.filter(|_| what.on)?, what)
}

/// The interview of a partner that is open, where it is this one.
pub(super) fn partners(common: &Common, interview: &InterviewId) -> Option<Arc<Opened>> {
    let foreign = common.board.foreign.get()?;
    (foreign.bundle == interview.0).then(|| Arc::clone(&foreign.opened))
}

/// The line that begins next in the interview that is open, with sound in it.
fn next(opened: &Opened, what: &Listening) -> Option<Listening> {
    if opened.interview.id != what.interview {
        return None;
    }
    let at = opened.place(what.segment?)?;
    let mut behind = opened.lines.iter().skip(at.saturating_add(1));
    let line = behind.find(|line| line.span.samples() > 0)?;
    Some(Listening {
        segment: Some(line.id),
        channel: Some(line.channel),
        span: line.span,
        ..what.clone()
    })
}

/// Begins a standard sentence; one that cannot be heard is told.
fn say(common: &Common, lang: Lang, phrase: &str) -> Option<Playback> {
    let sound = common.app.spoken_sound(lang, phrase);
    let begun = sound.and_then(|sound| Ok(Playback::start(&sound)?));
    begun.map_err(|error| common.tell(&error)).ok()
}

/// A line as it is to be heard; one that cannot be read is told.
fn find(
    common: &Common,
    interview: InterviewId,
    segment: SegmentId,
    percent: u16,
) -> Option<Listening> {
    let line = common.app.line(&interview, segment);
    let line = line.map_err(|error| common.tell(&error)).ok()?;
    Some(Listening::of(interview, &line, percent))
}

/// The same of what a partner sent.
fn find_abroad(
    common: &Common,
    bundle: &str,
    segment: SegmentId,
    percent: u16,
) -> Option<Listening> {
    let lines = match common.app.show_foreign(bundle) {
        Ok((_, _, lines)) => lines,
        Err(error) => {
            common.tell(&error);
            return None;
        }
    };
    let Some(line) = lines.iter().find(|line| line.id == segment) else {
        common.tell(&Error::NoSound);
        return None;
    };
    let interview = InterviewId(bundle.to_owned());
    Some(Listening::of(interview, line, percent))
}

/// Begins at a place of the recording, with what is `ready` of it; what cannot be heard is told.
fn begin(
    common: &Common,
    what: &Listening,
    from_ms: u64,
    (bundles, ready): (&Bundles, Option<Piece>),
) -> Option<Begun<Playback>> {
    let begun = start(common, what, from_ms, (bundles, ready));
    begun.map_err(|error| common.tell(&error)).ok()
}

fn start(
    common: &Common,
    what: &Listening,
    from_ms: u64,
    (bundles, ready): (&Bundles, Option<Piece>),
) -> Result<Begun<Playback>, Error> {
    if is_recorded(common.board.recording.get().as_deref()) {
        return Err(Error::NotPlayed);
    }
    let piece = match ready {
        Some(piece) => piece,
        None => prepare(common, what, from_ms, (bundles, FIRST_SAMPLES))?,
    };
    let sound = Playback::start(&piece.pcm)?;
    Ok(Begun {
        from_ms: piece.from_ms,
        until_ms: piece.until_ms,
        more: piece.more,
        sound,
    })
}

/// Reads a piece from a place of the recording on and brings it to its speed: of `most` samples where that is
/// work.
fn prepare(
    common: &Common,
    what: &Listening,
    from_ms: u64,
    (bundles, most): (&Bundles, u64),
) -> Result<Piece, Error> {
    let most = if what.percent == 100 {
        MAX_SAMPLES
    } else {
        most
    };
    let rest = what.rest(from_ms);
    let end = rest.end.0.min(rest.start.0.saturating_add(most));
    let stretch = Span::new(rest.start, SamplePos(end));
    let mut pcm = read(common, what, stretch, bundles)?;
    // A file that holds less than the store says has no more behind its end.
    let more = end < rest.end.0 && pcm.len() as u64 >= stretch.samples();
    if more {
        pcm.truncate(quietest(&pcm));
    }
    let until = SamplePos(rest.start.0.saturating_add(pcm.len() as u64));
    Ok(Piece {
        what: what.clone(),
        from_ms: rest.start.as_ms(),
        until_ms: until.as_ms(),
        more,
        pcm: audio::at_speed(&pcm, what.percent),
    })
}

/// Where in the last second of a sound it is quietest, at a whole millisecond: places are told in those.
fn quietest(pcm: &[f32]) -> usize {
    let from = pcm.len().saturating_sub(QUIET_WITHIN);
    let parts = pcm.get(from..).unwrap_or_default().chunks_exact(QUIET);
    let loud = |part: &[f32]| part.iter().map(|s| s * s).sum::<f32>();
    let found = parts
        .enumerate()
        .min_by(|(_, a), (_, b)| loud(a).total_cmp(&loud(b)));
    let place = found.map_or(pcm.len(), |(at, _)| {
        let middle = at.saturating_mul(QUIET).saturating_add(QUIET / 2);
        from.saturating_add(middle)
    });
    place - place % 16
}

/// The sound of a stretch: of one channel, or of all of them together.
fn read(
    common: &Common,
    what: &Listening,
    stretch: Span,
    bundles: &Bundles,
) -> Result<Vec<f32>, Error> {
    let app = &common.app;
    let mut heard = Vec::new();
    let bundle = &what.interview.0;
    if partners(common, &what.interview).is_some() || bundles.heard.borrow().contains(bundle) {
        if let Some(channel) = what.channel {
            return app.foreign_sound(bundle, channel, stretch, &bundles.stop);
        }
        for channel in 0..app.foreign_channels(bundle)? {
            match app.foreign_sound(bundle, channel, stretch, &bundles.stop) {
                Ok(pcm) => heard.push(pcm),
                Err(Error::NoSound) => {} // not every channel's sound came with the bundle
                Err(error) => return Err(error),
            }
        }
    } else {
        let wanted = |channel: u16| what.channel.is_none_or(|own| own == channel);
        for (channel, file) in app.working_files(&what.interview)? {
            if wanted(channel) {
                heard.push(audio::read_span(&file, stretch)?);
            }
        }
    }
    together(heard).ok_or(Error::NoSound)
}

/// Several channels as one: their mean, so that nothing is louder than the loudest of them. A channel that
/// ends early is silent from there on.
fn together(mut heard: Vec<Vec<f32>>) -> Option<Vec<f32>> {
    if heard.len() < 2 {
        return heard.pop();
    }
    let part = 1.0 / heard.len() as f32;
    let length = heard.iter().map(Vec::len).max()?;
    let mut mean = vec![0.0; length];
    for pcm in heard {
        for (out, sample) in mean.iter_mut().zip(pcm) {
            *out += sample * part;
        }
    }
    Some(mean)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::desk::picture::tests::with_sound;
    use crate::domain::{Segment, Status};

    fn line(id: i64, channel: u16, from_ms: u64, to_ms: u64) -> Arc<Segment> {
        Arc::new(Segment {
            channel,
            speaker: "officer".to_owned(),
            text: "ສະບາຍດີ".to_owned(),
            status: Status::Machine,
            version: 1,
            ..Segment::new(
                SegmentId(id),
                Span::new(SamplePos::from_ms(from_ms), SamplePos::from_ms(to_ms)),
                Lang::Lo,
            )
        })
    }

    #[test]
    fn the_next_line_is_the_one_that_begins_next_on_whatever_channel_and_the_last_has_none() {
        let opened = Opened::of(
            "i",
            &[Lang::Lo, Lang::Zh],
            // The third has no sound: nothing of it could be heard.
            vec![
                line(1, 0, 0, 2_000),
                line(4, 1, 1_500, 3_000),
                line(2, 0, 3_000, 3_000),
                line(3, 1, 4_000, 5_000),
            ],
        );
        let first = Listening {
            interview: opened.interview.id.clone(),
            segment: Some(SegmentId(1)),
            channel: Some(0),
            span: opened.lines[0].span,
            percent: 80,
            again: false,
            on: true,
        };
        let second = next(&opened, &first).unwrap();
        assert_eq!(
            (second.segment, second.channel),
            (Some(SegmentId(4)), Some(1))
        );
        assert_eq!(second.span, opened.lines[1].span);
        assert!(second.on && second.percent == 80, "as the one before");
        let third = next(&opened, &second).unwrap();
        assert_eq!(third.segment, Some(SegmentId(3)));
        assert!(next(&opened, &third).is_none());
        let elsewhere = Listening {
            interview: InterviewId("another".to_owned()),
            ..first
        };
        assert!(next(&opened, &elsewhere).is_none());
    }
    fn what(id: &InterviewId, channel: Option<u16>, span: Span, percent: u16) -> Listening {
        Listening {
            interview: id.clone(),
            segment: None,
            channel,
            span,
            percent,
            again: false,
            on: false,
        }
    }

    #[test]
    fn all_channels_are_read_between_lines_and_one_where_it_is_named() {
        let (_dir, common, id) = with_sound(&[&[0x4000; 16_000], &[0x2000; 16_000]]);
        let span = Span::new(SamplePos(8_000), SamplePos(8_004));
        let none = Bundles::default();
        let heard = |channel| read(&common, &what(&id, channel, span, 100), span, &none);
        assert_eq!(heard(Some(0)).unwrap(), [0.5; 4]);
        assert_eq!(heard(Some(1)).unwrap(), [0.25; 4]);
        assert_eq!(heard(None).unwrap(), [0.375; 4]);
        assert!(matches!(heard(Some(2)), Err(Error::NoSound)));
    }

    #[test]
    fn slower_or_faster_a_few_seconds_are_worked_out_first_and_end_in_a_pause_between_words() {
        // A tone for two minutes, with a tenth of a second of nothing at 5.3 s and at 34.6 s.
        let mut sound: Vec<i16> = (0..16_000 * 120)
            .map(|n| ((n as f32 * 0.2).sin() * 12_000.0) as i16)
            .collect();
        let pauses = [16_000 * 53 / 10, 16_000 * 346 / 10];
        for pause in pauses {
            sound[pause..pause + 1_600].fill(0);
        }
        let (_dir, common, id) = with_sound(&[&sound]);
        let span = Span::new(SamplePos(0), SamplePos(16_000 * 120));
        let (none, half) = (Bundles::default(), what(&id, None, span, 50));
        let first = prepare(&common, &half, 0, (&none, FIRST_SAMPLES)).unwrap();
        assert!(first.more && (5_300..5_400).contains(&first.until_ms));
        let length = first.until_ms as usize * 16 * 2;
        assert!(first.pcm.len().abs_diff(length) <= 2, "{}", first.pcm.len());
        let at = first.until_ms;
        let later = prepare(&common, &half, at, (&none, LATER_SAMPLES)).unwrap();
        assert_eq!(later.from_ms, at, "nothing is left out or heard twice");
        assert!(later.more && (34_600..34_700).contains(&later.until_ms));
        assert!(later.is(&half, at) && !later.is(&half, 0));
        assert!(!later.is(&what(&id, None, span, 60), at), "another speed");
        // At the real speed nothing is worked out, and the end is the end.
        let whole = prepare(
            &common,
            &what(&id, None, span, 100),
            0,
            (&none, FIRST_SAMPLES),
        );
        let whole = whole.unwrap();
        assert_eq!((whole.until_ms, whole.more), (120_000, false));
    }

    #[test]
    fn channels_that_are_heard_together_are_their_mean_and_a_short_one_falls_silent() {
        assert_eq!(together(Vec::new()), None);
        assert_eq!(together(vec![vec![1.0, -0.5]]), Some(vec![1.0, -0.5]));
        let two = vec![vec![1.0, 1.0, 0.5], vec![1.0, -1.0]];
        assert_eq!(together(two), Some(vec![1.0, 0.0, 0.25]));
    }
}
