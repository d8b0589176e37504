//! The desk's ear: plays lines and the recording between them.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::app::Error;
use crate::audio::{self, Playback};
use crate::domain::{InterviewId, Lang, SamplePos, SegmentId, Span};

use super::board::Recording;
use super::opened::Opened;
use super::player::{Begun, Listening, Player};
use super::{Command, Common, picture};

/// How often the place that is heard is brought up to date.
const STEP: Duration = Duration::from_millis(60);
/// The longest stretch that is played in one go, five minutes: memory stays small, and the sound begins
/// at once.
const MAX_SAMPLES: u64 = 16_000 * 300;

/// Whether what is played would be heard by a microphone and stand in a record. A file that plays for
/// practice is treated alike, so that nobody learns it differently.
fn is_recorded(recording: Option<&Recording>) -> bool {
    recording.is_some_and(|now| !now.ending && !now.status.paused)
}

/// Plays until the desk is gone.
pub(super) fn run(common: &Common, asked: &Receiver<Command>) {
    let mut player = Player::default();
    // A standard sentence. It is a part of the interview, so it may be heard by the microphones.
    let mut aloud: Option<(Playback, (Lang, &str))> = None;
    let mut next = None;
    let begin = &mut |what: &Listening, from_ms| begin(common, what, from_ms);
    loop {
        let command = match next.take() {
            Some(command) => Ok(command),
            None if player.is_heard() || aloud.is_some() => asked.recv_timeout(STEP),
            None => asked.recv().map_err(|_| RecvTimeoutError::Disconnected),
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
            Ok(Command::PauseSound) if aloud.is_some() => aloud = None,
            Ok(Command::PauseSound) => player.pause(begin),
            Ok(Command::Speed(percent)) => player.speed(percent, begin),
            Ok(Command::GoOnReading(on)) => player.change(|what| what.on = on),
            Ok(Command::Repeat(again)) => player.change(|what| what.again = again),
            Ok(Command::Hold(what)) => player.hold(what, begin),
            Ok(Command::Release) => player.release(),
            Ok(Command::Skip(ms)) => player.skip(ms, begin),
            Ok(Command::Closer(id, channel, span)) => picture::closer(common, id, channel, span),
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
            Ok(Command::Overview(id)) => next = picture::whole(common, &id, asked),
            Ok(Command::Nearer(id, span)) => next = picture::nearer(common, &id, span, asked),
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
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
    match common.app.line(&interview, segment) {
        Ok(line) => Some(Listening {
            interview,
            segment: Some(segment),
            channel: Some(line.channel),
            span: line.span,
            percent,
            again: false,
            on: false,
        }),
        Err(error) => {
            common.tell(&error);
            None
        }
    }
}

/// Begins at a place of the recording; what cannot be heard is told.
fn begin(common: &Common, what: &Listening, from_ms: u64) -> Option<Begun<Playback>> {
    let begun = start(common, what, from_ms);
    begun.map_err(|error| common.tell(&error)).ok()
}

fn start(common: &Common, what: &Listening, from_ms: u64) -> Result<Begun<Playback>, Error> {
    if is_recorded(common.board.recording.get().as_deref()) {
        return Err(Error::NotPlayed);
    }
    let rest = what.rest(from_ms);
    let end = rest.end.0.min(rest.start.0.saturating_add(MAX_SAMPLES));
    let stretch = Span::new(rest.start, SamplePos(end));
    let pcm = read(common, what, stretch)?;
    let samples = pcm.len() as u64;
    let until = SamplePos(rest.start.0.saturating_add(samples));
    let sound = Playback::start(&audio::at_speed(&pcm, what.percent))?;
    Ok(Begun {
        from_ms: rest.start.as_ms(),
        until_ms: until.as_ms(),
        // A file that holds less than the store says has no more behind its end.
        more: end < rest.end.0 && samples >= stretch.samples(),
        sound,
    })
}

/// The sound of a stretch: of one channel, or of all of them together.
fn read(common: &Common, what: &Listening, stretch: Span) -> Result<Vec<f32>, Error> {
    let app = &common.app;
    let mut heard = Vec::new();
    if partners(common, &what.interview).is_some() {
        let bundle = &what.interview.0;
        if let Some(channel) = what.channel {
            return app.foreign_sound(bundle, channel, stretch);
        }
        for channel in 0..app.foreign_channels(bundle)? {
            match app.foreign_sound(bundle, channel, stretch) {
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
    use crate::app::desk::picture::tests::working_copy;
    use crate::domain::{Channel, Interpreted, Interview, Segment, Status};
    use crate::store::{NewInterview, Store, Working};

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
        let opened = Opened {
            interview: Interview {
                id: InterviewId("i".to_owned()),
                case: None,
                languages: vec![Lang::Lo, Lang::Zh],
                started: "2026-11-23T14:05:00+07:00".to_owned(),
                duration_ms: 9_000,
                audio: Vec::new(),
                channels: Vec::new(),
                source: None,
                notes: Vec::new(),
            },
            // The third has no sound: nothing of it could be heard.
            lines: vec![
                line(1, 0, 0, 2_000),
                line(4, 1, 1_500, 3_000),
                line(2, 0, 3_000, 3_000),
                line(3, 1, 4_000, 5_000),
            ],
            layers: Interpreted::of::<Segment>(&[]),
            recuts: Vec::new(),
            events: Vec::new(),
            session: None,
            unsigned: std::collections::BTreeSet::new(),
        };
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
    #[test]
    fn all_channels_are_read_between_lines_and_one_where_it_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let options = crate::app::Options {
            workspace: Some(dir.path().to_owned()),
            ..Default::default()
        };
        let app = Arc::new(crate::app::App::open(&options).unwrap());
        let id = InterviewId("20261123-0800-1".to_owned());
        let folder = app.workspace().recording(&id);
        std::fs::create_dir_all(&folder).unwrap();
        let working = |channel: u16| Working {
            channel,
            file: format!("{channel}.wav"),
            sha256: None,
        };
        let channel = |index: u16| Channel {
            index,
            speaker: format!("{index}"),
            languages: vec![Lang::Lo],
            speech_models: Default::default(),
        };
        for (channel, level) in [(0, 0x4000), (1, 0x2000)] {
            let file = folder.join(format!("{channel}.wav"));
            std::fs::write(file, working_copy(&[level; 16_000])).unwrap();
        }
        let new = NewInterview {
            id: id.clone(),
            case: None,
            asked: None,
            languages: vec![Lang::Lo, Lang::Zh],
            started: "2026-11-23T08:00:00Z".to_owned(),
            duration_ms: 1_000,
            audio: Vec::new(),
            channels: [0, 1].map(channel).to_vec(),
            working: vec![working(0), working(1)],
            notes: Vec::new(),
        };
        let mut store = Store::open(&app.workspace().store()).unwrap();
        store
            .create_from_transcript(&new, &[], "t.json", None)
            .unwrap();
        let common = Common {
            app,
            board: Arc::default(),
            wake: Arc::new(|| ()),
            held: Default::default(),
        };
        let span = Span::new(SamplePos(8_000), SamplePos(8_004));
        let what = |channel| Listening {
            interview: id.clone(),
            segment: None,
            channel,
            span,
            percent: 100,
            again: false,
            on: false,
        };
        let heard = |channel| read(&common, &what(channel), span).unwrap();
        assert_eq!(heard(Some(0)), [0.5; 4]);
        assert_eq!(heard(Some(1)), [0.25; 4]);
        assert_eq!(heard(None), [0.375; 4]);
        let none = read(&common, &what(Some(2)), span);
        assert!(matches!(none, Err(Error::NoSound)));
    }

    #[test]
    fn channels_that_are_heard_together_are_their_mean_and_a_short_one_falls_silent() {
        assert_eq!(together(Vec::new()), None);
        assert_eq!(together(vec![vec![1.0, -0.5]]), Some(vec![1.0, -0.5]));
        let two = vec![vec![1.0, 1.0, 0.5], vec![1.0, -1.0]];
        assert_eq!(together(two), Some(vec![1.0, 0.0, 0.25]));
    }
}
