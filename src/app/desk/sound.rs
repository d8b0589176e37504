//! The desk's ear: plays lines and works out the picture of a recording.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::app::Error;
use crate::audio::{self, Playback};
use crate::domain::{InterviewId, Lang, SamplePos, SegmentId, Span};

use super::board::{Closer, Overview, Recording};
use super::opened::Opened;
use super::player::{Listening, Player};
use super::{Command, Common};

/// How often the place that is heard is brought up to date.
const STEP: Duration = Duration::from_millis(60);
/// Stretches of the picture of a recording.
const COLUMNS: u64 = 1_200;
/// The longest stretch that is played in one go: memory stays small whatever the store says.
const MAX_SAMPLES: u64 = 16_000 * 600;

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
            Ok(Command::PlayLine(id, line, percent)) => {
                player.silence();
                if let Some(what) = find(common, id, line, percent) {
                    player.play(what, begin);
                }
            }
            Ok(Command::PauseSound) if aloud.is_some() => aloud = None,
            Ok(Command::PauseSound) => player.pause(begin),
            Ok(Command::Speed(percent)) => player.speed(percent, begin),
            Ok(Command::GoOnReading(on)) => player.go_on(on),
            Ok(Command::Hold(what)) => player.hold(what, begin),
            Ok(Command::Release) => player.release(),
            Ok(Command::Skip(ms)) => player.skip(ms, begin),
            Ok(Command::Closer(id, channel, span)) => closer(common, id, channel, span),
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
            Ok(Command::Overview(id)) => next = picture(common, &id, asked),
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
fn partners(common: &Common, interview: &InterviewId) -> Option<Arc<Opened>> {
    let foreign = common.board.foreign.get()?;
    (foreign.bundle == interview.0).then(|| Arc::clone(&foreign.opened))
}

/// The line that begins next in the interview that is open, with sound in it.
fn next(opened: &Opened, what: &Listening) -> Option<Listening> {
    if opened.interview.id != what.interview {
        return None;
    }
    let at = opened.place(what.segment)?;
    let mut behind = opened.lines.iter().skip(at.saturating_add(1));
    let line = behind.find(|line| line.span.samples() > 0)?;
    Some(Listening {
        segment: line.id,
        channel: line.channel,
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
            segment,
            channel: line.channel,
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
fn begin(common: &Common, what: &Listening, from_ms: u64) -> Option<(u64, Playback)> {
    let begun = start(common, what, from_ms);
    begun.map_err(|error| common.tell(&error)).ok()
}

fn start(common: &Common, what: &Listening, from_ms: u64) -> Result<(u64, Playback), Error> {
    if is_recorded(common.board.recording.get().as_deref()) {
        return Err(Error::NotPlayed);
    }
    let span = what.rest(from_ms);
    let end = span.end.0.min(span.start.0.saturating_add(MAX_SAMPLES));
    let stretch = Span::new(span.start, SamplePos(end));
    let pcm = if partners(common, &what.interview).is_some() {
        let bundle = &what.interview.0;
        common.app.foreign_sound(bundle, what.channel, stretch)?
    } else {
        let mut files = common.app.working_files(&what.interview)?.into_iter();
        let file = files.find(|(c, _)| *c == what.channel);
        audio::read_span(&file.ok_or(Error::NoSound)?.1, stretch)?
    };
    let pcm = audio::at_speed(&pcm, what.percent);
    Ok((span.start.as_ms(), Playback::start(&pcm)?))
}

/// Reads the whole recording once. A command that comes meanwhile is done first and returned; the
/// picture is then left out, to be asked for again.
fn picture(common: &Common, id: &InterviewId, asked: &Receiver<Command>) -> Option<Command> {
    if partners(common, id).is_some() {
        // No working copies lie there; its lines alone are drawn.
        common.board.overview.put(Overview {
            interview: id.clone(),
            channels: Vec::new(),
        });
        return None;
    }
    let files = match common.app.working_files(id) {
        Ok(files) => files,
        Err(error) => {
            common.tell(&error);
            return None;
        }
    };
    let mut channels = Vec::new();
    for (_, file) in files {
        let mut levels = Vec::new();
        let length = audio::working_length(&file).unwrap_or(0);
        let step = length.div_ceil(COLUMNS).max(1);
        let mut at = 0;
        while at < length {
            if let Ok(command) = asked.try_recv() {
                return Some(command);
            }
            match loudest(&file, at, at.saturating_add(step)) {
                Ok(level) => levels.push(level),
                Err(error) => {
                    common.tell(&error);
                    return None;
                }
            }
            at = at.saturating_add(step);
        }
        channels.push(levels);
    }
    common.board.overview.put(Overview {
        interview: id.clone(),
        channels,
    });
    None
}

/// Works out the levels of a stretch.
fn closer(common: &Common, interview: InterviewId, channel: u16, span: Span) {
    let levels = match levels_of(common, &interview, channel, span) {
        Ok(levels) => levels,
        Err(error) => return common.tell(&error),
    };
    common.board.closer.put(Closer {
        interview,
        channel,
        span,
        levels,
    });
}

fn levels_of(
    common: &Common,
    interview: &InterviewId,
    channel: u16,
    span: Span,
) -> Result<Vec<f32>, Error> {
    let mut files = common.app.working_files(interview)?.into_iter();
    let file = files.find(|(c, _)| *c == channel);
    let file = file.ok_or(Error::NoSound)?.1;
    let end = span.end.0.min(span.start.0.saturating_add(MAX_SAMPLES));
    let pcm = audio::read_span(&file, Span::new(span.start, SamplePos(end)))?;
    let wanted = usize::try_from(COLUMNS).unwrap_or(1);
    let parts = pcm.chunks(pcm.len().div_ceil(wanted).max(1));
    Ok(parts.map(loudest_of).collect())
}

fn loudest_of(pcm: &[f32]) -> f32 {
    pcm.iter().fold(0.0f32, |top, s| top.max(s.abs()))
}

fn loudest(file: &Path, from: u64, to: u64) -> Result<f32, Error> {
    let pcm = audio::read_span(file, Span::new(SamplePos(from), SamplePos(to)))?;
    Ok(loudest_of(&pcm))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Interpreted, Interview, Segment, Status};

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
            segment: SegmentId(1),
            channel: 0,
            span: opened.lines[0].span,
            percent: 80,
            again: false,
            on: true,
        };
        let second = next(&opened, &first).unwrap();
        assert_eq!((second.segment, second.channel), (SegmentId(4), 1));
        assert_eq!(second.span, opened.lines[1].span);
        assert!(second.on && second.percent == 80, "as the one before");
        let third = next(&opened, &second).unwrap();
        assert_eq!(third.segment, SegmentId(3));
        assert!(next(&opened, &third).is_none());
        let elsewhere = Listening {
            interview: InterviewId("another".to_owned()),
            ..first
        };
        assert!(next(&opened, &elsewhere).is_none());
    }
}
