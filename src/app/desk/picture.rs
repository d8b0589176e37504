//! The desk's eye: how loud a recording is, as a whole and from near.

use std::path::Path;
use std::sync::mpsc::{Receiver, TryRecvError};

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

/// Why a picture is not finished.
enum Stopped {
    /// This is done in its place.
    By(Box<Command>),
    /// The window closes.
    Gone,
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

/// Looks what else is asked for; between two stretches that are read.
type Look<'a> = &'a mut dyn FnMut() -> Result<Command, TryRecvError>;

/// Paints until the desk is gone.
pub(super) fn run(common: &Common, asked: &Receiver<Command>) {
    let mut next = None;
    while let Some(command) = next.take().or_else(|| asked.recv().ok()) {
        next = work_out(common, command, &mut || asked.try_recv());
        (common.wake)();
    }
}

/// Works a picture out; what is to be done in its place, where that came meanwhile.
fn work_out(common: &Common, command: Command, look: Look<'_>) -> Option<Command> {
    match command {
        Command::Overview(id) => whole(common, &id, look),
        Command::Nearer(id, span) => nearer(common, &id, span, look),
        Command::Closer(id, channel, span) => {
            closer(common, id, channel, span);
            None
        }
        _ => None,
    }
}

/// Reads the whole recording once. What is looked at from near meanwhile is worked out first, and the whole
/// goes on where it was; another interview takes its place.
fn whole(common: &Common, id: &InterviewId, look: Look<'_>) -> Option<Command> {
    if partners(common, id).is_some() {
        // No working copies lie there; its lines alone are drawn.
        common.board.overview.put(Overview {
            interview: id.clone(),
            span: Span::default(),
            channels: Vec::new(),
        });
        return None;
    }
    let made = paint(common, id, None, COLUMNS, &mut || {
        let mut next = match look() {
            Ok(command) => Some(command),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => return Err(Stopped::Gone),
        };
        while let Some(command) = next {
            match command {
                Command::Overview(other) if other == *id => next = None,
                Command::Overview(_) => return Err(Stopped::By(Box::new(command))),
                near => {
                    next = work_out(common, near, look);
                    (common.wake)();
                }
            }
        }
        Ok(())
    });
    given(common, made, |overview| common.board.overview.put(overview))
}

/// Reads a stretch of the recording. Another stretch takes its place.
fn nearer(common: &Common, id: &InterviewId, span: Span, look: Look<'_>) -> Option<Command> {
    if partners(common, id).is_some() {
        return None;
    }
    let made = paint(common, id, Some(span), NEAR_COLUMNS, &mut || match look() {
        Ok(Command::Closer(id, channel, span)) => {
            closer(common, id, channel, span);
            Ok(())
        }
        Ok(command) => Err(Stopped::By(Box::new(command))),
        Err(TryRecvError::Empty) => Ok(()),
        Err(TryRecvError::Disconnected) => Err(Stopped::Gone),
    });
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
        Err(Stopped::Gone) => {}
        Err(Stopped::Failed(error)) => common.tell(&error),
    }
    None
}

/// Whether a picture goes on.
type Goes<'a> = &'a mut dyn FnMut() -> Result<(), Stopped>;

/// The levels of all channels: of a stretch, or of all that there is.
fn paint(
    common: &Common,
    id: &InterviewId,
    span: Option<Span>,
    columns: u64,
    goes: Goes<'_>,
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
        channels.push(levels(&file, span, columns, goes)?);
    }
    Ok(Overview {
        interview: id.clone(),
        span,
        channels,
    })
}

/// The largest levels of equal parts of a stretch; behind the end of the file it is silent.
fn levels(file: &Path, span: Span, columns: u64, goes: Goes<'_>) -> Result<Vec<f32>, Stopped> {
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
        goes()?;
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

#[cfg(test)]
pub(super) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{Channel, Lang};
    use crate::store::{NewInterview, Store, Working};

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

    /// A workspace with one interview of these channels, and its name.
    pub(in crate::app::desk) fn with_sound(
        channels: &[&[i16]],
    ) -> (tempfile::TempDir, Common, InterviewId) {
        let dir = tempfile::tempdir().unwrap();
        let options = crate::app::Options {
            workspace: Some(dir.path().to_owned()),
            ..Default::default()
        };
        let app = Arc::new(crate::app::App::open(&options).unwrap());
        let id = InterviewId("20261123-0800-1".to_owned());
        let folder = app.workspace().recording(&id);
        std::fs::create_dir_all(&folder).unwrap();
        let indices: Vec<u16> = (0..).take(channels.len()).collect();
        for (index, sound) in indices.iter().zip(channels) {
            let file = folder.join(format!("{index}.wav"));
            std::fs::write(file, working_copy(sound)).unwrap();
        }
        let working = |channel: &u16| Working {
            channel: *channel,
            file: format!("{channel}.wav"),
            sha256: None,
        };
        let channel = |index: &u16| Channel {
            index: *index,
            speaker: format!("{index}"),
            languages: vec![Lang::Lo],
            speech_models: Default::default(),
        };
        let new = NewInterview {
            id: id.clone(),
            case: None,
            asked: None,
            languages: vec![Lang::Lo, Lang::Zh],
            started: "2026-11-23T08:00:00Z".to_owned(),
            duration_ms: 1_000,
            audio: Vec::new(),
            channels: indices.iter().map(channel).collect(),
            working: indices.iter().map(working).collect(),
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
        (dir, common, id)
    }

    #[test]
    fn a_stretch_has_its_levels_at_their_places_and_silence_behind_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("0.wav");
        // 130 seconds of silence with one knock at 125.
        let mut sound = vec![0; 16_000 * 130];
        sound[16_000 * 125] = 0x4000;
        std::fs::write(&file, working_copy(&sound)).unwrap();
        let goes = &mut || Ok(());
        let span = |from: u64, to: u64| {
            Span::new(
                SamplePos::from_ms(from * 1_000),
                SamplePos::from_ms(to * 1_000),
            )
        };
        let Ok(whole) = levels(&file, span(0, 130), 13, goes) else {
            panic!("not read");
        };
        assert_eq!(whole.len(), 13);
        assert!((whole[12] - 0.5).abs() < 0.01 && whole[..12].iter().all(|l| *l == 0.0));
        let Ok(near) = levels(&file, span(120, 140), 20, goes) else {
            panic!("not read");
        };
        assert_eq!(near.len(), 20);
        let loud: Vec<usize> = (0..20).filter(|at| near[*at] > 0.4).collect();
        assert_eq!(loud, [5]);
        let stopped = levels(&file, span(0, 130), 13, &mut || Err(Stopped::Gone));
        assert!(matches!(stopped, Err(Stopped::Gone)));
    }

    #[test]
    fn the_whole_picture_goes_on_where_it_was_while_others_are_asked_for() {
        let (_dir, common, id) = with_sound(&[&[0x4000; 16_000 * 150]]);
        let near = Span::new(SamplePos(16_000), SamplePos(32_000));
        let far = Span::new(SamplePos(32_000), SamplePos(48_000));
        // One look before each minute of the whole, and before each stretch.
        let looks = std::cell::RefCell::new(0);
        let mut coming = vec![
            None,
            Some(Command::Nearer(id.clone(), near)),
            Some(Command::Nearer(id.clone(), far)),
            Some(Command::Closer(id.clone(), 0, near)),
            Some(Command::Overview(id.clone())),
        ];
        coming.reverse();
        let mut look = || {
            *looks.borrow_mut() += 1;
            coming.pop().flatten().ok_or(TryRecvError::Empty)
        };
        let next = work_out(&common, Command::Overview(id.clone()), &mut look);
        assert!(next.is_none());
        let whole = common.board.overview.get().expect("the whole picture");
        assert!(
            whole.channels[0]
                .iter()
                .all(|level| (level - 0.5).abs() < 0.01)
        );
        assert_eq!(common.board.nearer.get().unwrap().span, far, "the newest");
        assert_eq!(common.board.closer.get().unwrap().span, near);
        // Three minutes once each, two stretches.
        assert_eq!(looks.take(), 5);
        // Another interview takes its place.
        let other = InterviewId("another".to_owned());
        let mut look = || Ok(Command::Overview(other.clone()));
        let next = work_out(&common, Command::Overview(id), &mut look);
        assert!(matches!(next, Some(Command::Overview(id)) if id == other));
    }
}
