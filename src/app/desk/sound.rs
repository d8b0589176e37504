//! The desk's ear: plays lines and works out the picture of a recording.

use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use crate::app::Error;
use crate::audio::{self, Playback};
use crate::domain::{InterviewId, SamplePos, SegmentId, Span};

use super::board::{Overview, Playing};
use super::{Command, Common};

/// How often the place that is heard is brought up to date.
const STEP: Duration = Duration::from_millis(60);
/// Stretches of the picture of a recording.
const COLUMNS: u64 = 1_200;
/// The longest stretch that is played in one go: memory stays small whatever the store says.
const MAX_SAMPLES: u64 = 16_000 * 600;

struct Heard {
    interview: InterviewId,
    segment: SegmentId,
    from_ms: u64,
    playback: Playback,
}

/// Plays until the desk is gone.
pub(super) fn run(common: &Common, asked: &Receiver<Command>) {
    let mut heard: Option<Heard> = None;
    let mut next = None;
    loop {
        let command = match next.take() {
            Some(command) => Ok(command),
            None if heard.is_some() => asked.recv_timeout(STEP),
            None => asked.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        match command {
            Ok(Command::Play(id, segment, channel, span)) => {
                heard = None;
                match start(common, &id, segment, channel, span) {
                    Ok(started) => heard = Some(started),
                    Err(error) => common.tell(&error),
                }
            }
            Ok(Command::Silence) => heard = None,
            Ok(Command::Overview(id)) => next = picture(common, &id, asked),
            Ok(_) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        if heard.as_ref().is_some_and(|h| h.playback.is_over()) {
            heard = None;
        }
        match &heard {
            Some(h) => common.board.playing.put(Playing {
                interview: h.interview.clone(),
                segment: h.segment,
                at_ms: h.from_ms.saturating_add(h.playback.position_ms()),
            }),
            None => drop(common.board.playing.take()),
        }
        (common.wake)();
    }
}

fn start(
    common: &Common,
    id: &InterviewId,
    segment: SegmentId,
    channel: u16,
    span: Span,
) -> Result<Heard, Error> {
    let file = common
        .app
        .working_files(id)?
        .into_iter()
        .find(|(c, _)| *c == channel)
        .ok_or(Error::NoSound)?
        .1;
    let end = span.end.0.min(span.start.0.saturating_add(MAX_SAMPLES));
    let pcm = audio::read_span(&file, Span::new(span.start, SamplePos(end)))?;
    Ok(Heard {
        interview: id.clone(),
        segment,
        from_ms: span.start.as_ms(),
        playback: Playback::start(&pcm)?,
    })
}

/// Reads the whole recording once. A command that comes meanwhile is done first and returned; the
/// picture is then left out, to be asked for again.
fn picture(common: &Common, id: &InterviewId, asked: &Receiver<Command>) -> Option<Command> {
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

fn loudest(file: &Path, from: u64, to: u64) -> Result<f32, Error> {
    let pcm = audio::read_span(file, Span::new(SamplePos(from), SamplePos(to)))?;
    Ok(pcm.iter().fold(0.0f32, |top, s| top.max(s.abs())))
}
