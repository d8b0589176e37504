//! How a recording begins: with the seconds before the button, and at the same moment on every
//! microphone, whatever each of them had heard by then.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use super::capture::SourceFormat;

/// Sound kept from before the start.
/// So much of what was heard before its button belongs to a recording.
pub const PRE_ROLL: Duration = Duration::from_secs(2);
/// Sound that an armed recorder holds. More than the pre-roll: between the press of the button and the
/// start there is work that takes seconds on a busy machine, and a second microphone begins later still.
const KEPT: Duration = Duration::from_secs(15);
/// So much of it is shown and played back in a test.
const SHOWN: Duration = Duration::from_secs(5);

/// Where and how a recorder shall begin.
#[derive(Clone, Debug)]
pub struct Beginning {
    /// The folder, which is there and holds no recording of this microphone.
    pub folder: PathBuf,
    /// Length for which the disk must have room.
    pub planned: Duration,
    /// Bytes a second that the session's other microphones write beside it.
    pub beside: u64,
    /// The moment of the clock that is the session's start; none for the first microphone, which
    /// sets it.
    pub zero: Option<Duration>,
    /// The moment of the clock at which a person asked for it; none for now. What was heard between that
    /// and the start belongs to the session beside the seconds before it.
    pub pressed: Option<Duration>,
}

impl Beginning {
    /// For the only microphone of a session, or the first one.
    pub fn alone(folder: PathBuf, planned: Duration) -> Self {
        Self {
            folder,
            planned,
            beside: 0,
            zero: None,
            pressed: None,
        }
    }
}

/// The last seconds of an armed recorder, interleaved.
#[derive(Debug, Default)]
pub(super) struct Kept(VecDeque<i16>);

impl Kept {
    /// Adds what was heard and lets go of what is older than it is held for.
    pub(super) fn push(&mut self, heard: &[i16], format: SourceFormat) {
        self.0.extend(heard);
        let over = self.0.len().saturating_sub(samples(KEPT, format));
        self.0.drain(..over);
    }

    /// The last five seconds of it, which stays.
    pub(super) fn copy(&self, format: SourceFormat) -> Vec<i16> {
        let before = self.0.len().saturating_sub(samples(SHOWN, format));
        self.0.iter().skip(before).copied().collect()
    }

    /// Nothing any more.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// What a session begins with, its silence, and its start by the clock. Nothing is kept after.
    pub(super) fn begin(
        &mut self,
        (zero, pressed, heard_at): (Option<Duration>, Option<Duration>, Duration),
        format: SourceFormat,
    ) -> (Start, Vec<i16>) {
        let width = usize::from(format.channels.max(1));
        let held = (self.0.len() / width) as u64;
        let first = start((zero, pressed, heard_at), held, format.rate);
        let skip = usize::try_from(first.skip).unwrap_or(usize::MAX);
        let skip = skip.saturating_mul(width).min(self.0.len());
        self.0.drain(..skip);
        (first, std::mem::take(&mut self.0).into())
    }
}

/// Samples of all channels in whole seconds.
fn samples(time: Duration, format: SourceFormat) -> usize {
    time.as_secs() as usize * format.rate as usize * usize::from(format.channels)
}

/// What is written first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    /// The session's start.
    pub zero: Duration,
    /// Frames of silence, where the sound held does not reach back so far.
    pub silence: u64,
    /// Frames of the sound held that lie before the start.
    pub skip: u64,
}

/// Lays `kept` frames that ended at `heard_at` against the session's start, which is two seconds before
/// the press, or as much as is held of them.
fn start(
    (zero, pressed, heard_at): (Option<Duration>, Option<Duration>, Duration),
    kept: u64,
    rate: u32,
) -> Start {
    let rate = f64::from(rate.max(1));
    let reach = Duration::from_secs_f64(kept as f64 / rate);
    let zero = zero.unwrap_or_else(|| {
        let pressed = pressed.unwrap_or(heard_at).min(heard_at);
        let wanted = pressed.saturating_sub(PRE_ROLL);
        wanted.max(heard_at.saturating_sub(reach))
    });
    let frames = |time: Duration| (time.as_secs_f64() * rate).round() as u64;
    // From the start to the end of what is held; nothing where it ended before.
    let wanted = frames(heard_at.saturating_sub(zero));
    Start {
        zero,
        silence: wanted.saturating_sub(kept),
        skip: kept.saturating_sub(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_first_microphone_brings_two_seconds_or_what_it_has() {
        let start = |zero, heard_at, kept, rate| start((zero, None, heard_at), kept, rate);
        let long = start(None, SECOND * 10, 5_000, 1_000);
        assert_eq!((long.zero, long.silence, long.skip), (SECOND * 8, 0, 3_000));
        let short = start(None, SECOND * 10, 500, 1_000);
        assert_eq!((short.silence, short.skip), (0, 0));
        assert_eq!(short.zero, Duration::from_millis(9_500));
        let nothing = start(None, SECOND * 10, 0, 1_000);
        assert_eq!((nothing.zero, nothing.silence), (SECOND * 10, 0));
    }

    #[test]
    fn the_two_seconds_are_those_before_the_press_however_long_the_start_takes() {
        // Asked for at the tenth second, begun at the fourteenth.
        let start = |kept| start((None, Some(SECOND * 10), SECOND * 14), kept, 1_000);
        let busy = start(15_000);
        assert_eq!((busy.zero, busy.silence, busy.skip), (SECOND * 8, 0, 9_000));
        // It holds no more than five seconds: all of them.
        let short = start(5_000);
        assert_eq!((short.zero, short.silence, short.skip), (SECOND * 9, 0, 0));
        let format = SourceFormat {
            rate: 1_000,
            channels: 2,
        };
        let mut kept = Kept::default();
        let heard: Vec<i16> = (0..32_000).map(|n| (n / 2) as i16).collect();
        kept.push(&heard, format);
        let shown = kept.copy(format);
        assert_eq!(
            (shown.len(), shown[0], shown[9_999]),
            (10_000, 11_000, 15_999)
        );
        let (first, before) = kept.begin((None, Some(SECOND * 10), SECOND * 14), format);
        assert_eq!(
            (first.zero, before.len(), before[0]),
            (SECOND * 8, 12_000, 10_000)
        );
    }

    #[test]
    fn a_later_one_begins_at_the_same_moment_with_silence_for_what_it_did_not_hear() {
        let start = |zero, heard_at, kept, rate| start((zero, None, heard_at), kept, rate);
        // It was asked 300 ms later and holds enough.
        let zero = Some(SECOND * 8);
        let whole = start(zero, Duration::from_millis(10_300), 5_000, 1_000);
        assert_eq!((whole.silence, whole.skip), (0, 2_700));
        // It had only been listening for a second.
        let young = start(zero, SECOND * 10, 1_000, 1_000);
        assert_eq!((young.silence, young.skip), (1_000, 0));
        // What it holds ended before the session began.
        let gone = start(zero, SECOND * 7, 1_000, 1_000);
        assert_eq!((gone.silence, gone.skip), (0, 1_000));
    }
}
