//! The desk's eye: how loud a recording is, as a whole and from near.

use std::path::Path;
use std::sync::mpsc::Receiver;

use crate::app::Error;
use crate::audio;
use crate::domain::{InterviewId, SamplePos, Span};

use super::sound::partners;
use super::{Command, Common};

/// Parts of the picture of a recording.
const COLUMNS: u64 = 1_200;
/// Parts of the picture of a stretch of it: more of it is worked out than is seen, so that it can be moved.
const NEAR_COLUMNS: u64 = 3_600;
/// So many samples are read at once, a minute: memory stays small whatever the store says.
const BLOCK: u64 = 16_000 * 60;
/// The longest stretch of which one channel is shown from near.
const MAX_SAMPLES: u64 = 16_000 * 600;

/// The picture of a recording or a stretch of it: for each channel the largest level of equal parts, 0.0
/// to 1.0.
#[derive(Clone, Debug)]
pub struct Overview {
    /// The interview.
    pub interview: InterviewId,
    /// The stretch.
    pub span: Span,
    /// By channel.
    pub channels: Vec<Vec<f32>>,
}

/// The levels of a stretch of one channel: the largest of equal parts, 0.0 to 1.0.
#[derive(Clone, Debug)]
pub struct Closer {
    /// The interview.
    pub interview: InterviewId,
    /// The channel.
    pub channel: u16,
    /// The stretch.
    pub span: Span,
    /// Its levels.
    pub levels: Vec<f32>,
}

/// What came while a picture was worked out: it is done first, and the picture is left out.
enum Stopped {
    By(Box<Command>),
    Failed(Error),
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<audio::Error> for Stopped {
    fn from(error: audio::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// Reads the whole recording once. A command that comes meanwhile is done first and returned; the
/// picture is then left out, to be asked for again.
pub(super) fn whole(
    common: &Common,
    id: &InterviewId,
    asked: &Receiver<Command>,
) -> Option<Command> {
    if partners(common, id).is_some() {
        // No working copies lie there; its lines alone are drawn.
        common.board.overview.put(Overview {
            interview: id.clone(),
            span: Span::default(),
            channels: Vec::new(),
        });
        return None;
    }
    let made = paint(common, id, None, COLUMNS, asked);
    given(common, made, |overview| common.board.overview.put(overview))
}

/// Reads a stretch of the recording. A command that comes meanwhile is done first and returned.
pub(super) fn nearer(
    common: &Common,
    id: &InterviewId,
    span: Span,
    asked: &Receiver<Command>,
) -> Option<Command> {
    if partners(common, id).is_some() {
        return None;
    }
    let made = paint(common, id, Some(span), NEAR_COLUMNS, asked);
    given(common, made, |overview| common.board.nearer.put(overview))
}

fn given(
    common: &Common,
    made: Result<Overview, Stopped>,
    put: impl FnOnce(Overview),
) -> Option<Command> {
    match made {
        Ok(overview) => put(overview),
        Err(Stopped::By(command)) => return Some(*command),
        Err(Stopped::Failed(error)) => common.tell(&error),
    }
    None
}

/// The levels of all channels: of a stretch, or of all that there is.
fn paint(
    common: &Common,
    id: &InterviewId,
    span: Option<Span>,
    columns: u64,
    asked: &Receiver<Command>,
) -> Result<Overview, Stopped> {
    let files = common.app.working_files(id)?;
    let mut end = SamplePos(0);
    for (_, file) in &files {
        let length = audio::working_length(file).unwrap_or(0);
        end = end.max(SamplePos(length));
    }
    let span = span.unwrap_or(Span::new(SamplePos(0), end));
    let mut channels = Vec::new();
    for (_, file) in files {
        channels.push(levels(&file, span, columns, asked)?);
    }
    Ok(Overview {
        interview: id.clone(),
        span,
        channels,
    })
}

/// The largest levels of equal parts of a stretch; behind the end of the file it is silent.
fn levels(
    file: &Path,
    span: Span,
    columns: u64,
    asked: &Receiver<Command>,
) -> Result<Vec<f32>, Stopped> {
    let step = span.samples().div_ceil(columns).max(1);
    // Whole parts are read, so that none is cut in two.
    let block = BLOCK
        .checked_div(step)
        .unwrap_or(1)
        .max(1)
        .saturating_mul(step);
    let mut levels = Vec::new();
    let mut at = span.start.0;
    while at < span.end.0 {
        if let Ok(command) = asked.try_recv() {
            return Err(Stopped::By(Box::new(command)));
        }
        let to = at.saturating_add(block).min(span.end.0);
        let pcm = audio::read_span(file, Span::new(SamplePos(at), SamplePos(to)))?;
        let parts = to.saturating_sub(at).div_ceil(step);
        let mut loud = pcm
            .chunks(usize::try_from(step).unwrap_or(1))
            .map(loudest_of);
        levels.extend((0..parts).map(|_| loud.next().unwrap_or(0.0)));
        at = to;
    }
    Ok(levels)
}

/// Works out the levels of a stretch of one channel.
pub(super) fn closer(common: &Common, interview: InterviewId, channel: u16, span: Span) {
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

#[cfg(test)]
pub(super) mod tests {
    use std::sync::mpsc::sync_channel;

    use super::*;

    /// A working copy of a channel: mono, 16 kHz, 16 bits.
    pub(in crate::app::desk) fn working_copy(samples: &[i16]) -> Vec<u8> {
        let bytes = samples.len() as u32 * 2;
        let mut wav = b"RIFF".to_vec();
        wav.extend_from_slice(&(bytes + 36).to_le_bytes());
        wav.extend_from_slice(b"WAVEfmt ");
        wav.extend_from_slice(&[16, 0, 0, 0, 1, 0, 1, 0]);
        wav.extend_from_slice(&16_000u32.to_le_bytes());
        wav.extend_from_slice(&32_000u32.to_le_bytes());
        wav.extend_from_slice(&[2, 0, 16, 0]);
        wav.extend_from_slice(b"data");
        wav.extend_from_slice(&bytes.to_le_bytes());
        wav.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
        wav
    }

    #[test]
    fn a_stretch_has_its_levels_at_their_places_and_silence_behind_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("0.wav");
        // 130 seconds of silence with one knock at 125.
        let mut sound = vec![0; 16_000 * 130];
        sound[16_000 * 125] = 0x4000;
        std::fs::write(&file, working_copy(&sound)).unwrap();
        let (ask, asked) = sync_channel(1);
        let span = |from: u64, to: u64| {
            Span::new(
                SamplePos::from_ms(from * 1_000),
                SamplePos::from_ms(to * 1_000),
            )
        };
        let Ok(whole) = levels(&file, span(0, 130), 13, &asked) else {
            panic!("not read");
        };
        assert_eq!(whole.len(), 13);
        assert!((whole[12] - 0.5).abs() < 0.01 && whole[..12].iter().all(|l| *l == 0.0));
        let Ok(near) = levels(&file, span(120, 140), 20, &asked) else {
            panic!("not read");
        };
        assert_eq!(near.len(), 20);
        let loud: Vec<usize> = (0..20).filter(|at| near[*at] > 0.4).collect();
        assert_eq!(loud, [5]);
        ask.send(Command::Silence).unwrap();
        let stopped = levels(&file, span(0, 130), 13, &asked);
        let Err(Stopped::By(by)) = stopped else {
            panic!("not stopped");
        };
        assert!(matches!(*by, Command::Silence));
    }
}
