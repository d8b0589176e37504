//! Where live sound comes from: the seam between the recorder and whatever it listens to. A sound
//! card stands behind it in real use, a sound file when somebody practises, and a script in tests,
//! which can unplug itself, lose frames and change its rate as no sound card does on demand.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Error;

/// Most channels that are recorded.
pub const MAX_LIVE_CHANNELS: u16 = 8;

/// How a source delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceFormat {
    /// Frames a second.
    pub rate: u32,
    /// Channels, 1 to 8.
    pub channels: u16,
}

/// What a source has for whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Whole frames were appended to the buffer, interleaved.
    Sound,
    /// This many frames were lost between what came before and what comes next.
    Lost(u64),
    /// Nothing yet; ask again in some milliseconds.
    Nothing,
    /// A file came to its end. A microphone never says this.
    Ended,
    /// The device is gone or refuses; the source is of no more use. The cause, in plain words.
    Gone(String),
}

/// One open source of live sound. It lives on the recorder's thread and is never waited for.
pub trait AudioSource {
    /// Rate and channels, fixed for as long as the source is open.
    fn format(&self) -> SourceFormat;

    /// Appends what has come since the last call to `into`: interleaved 16-bit frames, about half a
    /// second at most. Never blocks.
    fn take(&mut self, into: &mut Vec<i16>) -> Delivery;

    /// Whether it is a device that may lose sound without telling: its clock goes on as the computer's does,
    /// so that what is missing shows. A file has its own time.
    fn may_hide_losses(&self) -> bool {
        false
    }

    /// The session begins now. True where the source starts over, as a file does; then nothing that
    /// came before belongs to the session.
    fn begin(&mut self) -> bool {
        false
    }
}

/// Opens one and the same source, at the start and again whenever it was gone.
pub type OpenSource = Box<dyn FnMut() -> Result<Box<dyn AudioSource>, Error> + Send>;

/// A clock that only runs forward, from any zero. Tests run it faster than life.
pub type Clock = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The system's own monotonic clock. It stands still while the computer sleeps.
pub fn system_clock() -> Clock {
    let zero = Instant::now();
    Arc::new(move || zero.elapsed())
}

/// How long the computer has slept so far, since it was started. Only Linux tells; nothing elsewhere,
/// where the system's clock may count it instead.
pub fn sleep_clock() -> Clock {
    Arc::new(asleep)
}

#[cfg(target_os = "linux")]
fn asleep() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let read = |clock| {
        let time = clock_gettime(clock);
        let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
        Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
    };
    // The one counts sleep and the other does not.
    read(ClockId::Boottime).saturating_sub(read(ClockId::Monotonic))
}

#[cfg(not(target_os = "linux"))]
fn asleep() -> Duration {
    Duration::ZERO
}
