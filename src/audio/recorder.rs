//! The recorder: a thread that takes what the source has heard and writes it down, before anything
//! else is done with it. It never waits for recognition, for a screen or for anybody who listens.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::asking::Asking;
use super::beginning::Beginning;
use super::capture::{Clock, OpenSource, SourceFormat};
use super::disk::Disk;
use super::meter::Meters;
use super::notice::Entry;
use super::recording::Recording;
use super::series::Series;
use super::sound_chain::SharedChain;
use super::take::Take;
use super::tape::Tape;
use super::{Error, MAX_LIVE_CHANNELS};

/// Orders that wait for the recorder: whoever gives one waits for the answer.
const ORDER_SLOTS: usize = 4;
/// Rest when the source has nothing; short against the delay that a person notices.
const REST: Duration = Duration::from_millis(10);

/// What a recorder needs.
pub struct RecorderPlan {
    /// Opens the source, at the start and whenever it was gone.
    pub open: OpenSource,
    /// Channels that are recognised, 1 to 8: the first ones of the source. All of them are recorded.
    pub channels: u16,
    /// Where it writes.
    pub disk: Arc<dyn Disk>,
    /// Its clock.
    pub clock: Clock,
    /// How long the computer has slept so far, which the clock does not count.
    pub slept: Clock,
    /// Length of a part.
    pub part: Duration,
    /// Which microphone of its session it is.
    pub series: Series,
    /// The chain of the session's sound, one for all its microphones.
    pub chain: SharedChain,
}

/// How far the recorder has come; read by anybody at any time.
#[derive(Debug)]
pub struct RecorderProgress {
    /// Samples in the working copies, ready to be read.
    derived: AtomicU64,
    /// Frames that were lost and replaced by silence.
    lost: AtomicU64,
    /// Microseconds by which its clock is behind; `NOT_YET` before it was measured.
    lag: AtomicI64,
    /// How often the disk had everything.
    syncs: AtomicU64,
    /// A session is being written.
    writing: AtomicBool,
}

/// No lag was measured yet.
const NOT_YET: i64 = i64::MIN;

impl Default for RecorderProgress {
    fn default() -> Self {
        Self {
            derived: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            lag: AtomicI64::new(NOT_YET),
            syncs: AtomicU64::new(0),
            writing: AtomicBool::new(false),
        }
    }
}

impl RecorderProgress {
    /// Samples in the working copies, ready to be read.
    pub fn derived(&self) -> u64 {
        self.derived.load(Ordering::Acquire)
    }

    /// Frames, at the source's own rate, that were lost and replaced by silence.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Microseconds by which sound comes after its moment of the computer's clock: the delay of the
    /// way and what the microphone's own clock has lost since the start. `None` in the first seconds.
    pub fn lag(&self) -> Option<i64> {
        let lag = self.lag.load(Ordering::Relaxed);
        (lag != NOT_YET).then_some(lag)
    }

    /// How often everything up to then was on the disk itself: while [`Self::is_writing`] it grows once
    /// a second, or the disk takes nothing.
    pub fn syncs(&self) -> u64 {
        self.syncs.load(Ordering::Relaxed)
    }

    /// Whether a session is being written.
    pub fn is_writing(&self) -> bool {
        self.writing.load(Ordering::Acquire)
    }

    pub(super) fn add_sync(&self) {
        self.syncs.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn set_writing(&self, writing: bool) {
        self.writing.store(writing, Ordering::Release);
    }

    pub(super) fn set_lag(&self, micros: i64) {
        self.lag.store(micros, Ordering::Relaxed);
    }

    pub(super) fn set_derived(&self, samples: u64) {
        self.derived.store(samples, Ordering::Release);
    }

    pub(super) fn add_lost(&self, frames: u64) {
        self.lost.fetch_add(frames, Ordering::Relaxed);
    }
}

/// What somebody wants of the recorder and waits for.
enum Order {
    Begin {
        how: Beginning,
        reply: SyncSender<Result<Duration, Error>>,
    },
    /// The last seconds heard, before the start, in the form in which they came.
    Kept(SyncSender<(Vec<i16>, SourceFormat)>),
}

/// A running recorder. Armed at first: it listens and keeps the last seconds, and writes nothing.
/// Dropping it stops it.
pub struct Recorder {
    format: SourceFormat,
    channels: u16,
    series: Series,
    meters: Arc<Meters>,
    progress: Arc<RecorderProgress>,
    clock: Clock,
    /// When a person asked for the session, by the clock.
    pressed: Cell<Option<Duration>>,
    orders: SyncSender<Order>,
    asking: Asking,
    notices: Receiver<Entry>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Opens the source and returns once it was heard, or after three seconds of nothing.
    ///
    /// # Errors
    /// Those of the source; `MicrophoneChannels` where more than 8 channels are wanted.
    pub fn arm(plan: RecorderPlan) -> Result<Self, Error> {
        if plan.channels == 0 || plan.channels > MAX_LIVE_CHANNELS {
            return Err(Error::MicrophoneChannels {
                wanted: plan.channels,
                found: MAX_LIVE_CHANNELS,
            });
        }
        let (orders, inbox) = sync_channel(ORDER_SLOTS);
        // Without a bound, because an alarm is among them: a session has some a minute at the very worst.
        let (outbox, notices) = channel();
        let (opened, answer) = sync_channel(1);
        let progress = Arc::new(RecorderProgress::default());
        let shared = progress.clone();
        let (channels, series, clock) = (plan.channels, plan.series, plan.clock.clone());
        let asking = Asking::default();
        let asked = asking.clone();
        let thread = thread::Builder::new()
            .name("recorder".into())
            .spawn(move || {
                // Built here, because a sound card's stream may not change threads.
                match Recording::arm(plan, shared, outbox, asked) {
                    Ok(mut recording) => {
                        // Armed means heard: nobody shall find out later that nothing came.
                        while !recording.is_settled() {
                            if !recording.listen() {
                                thread::sleep(REST);
                            }
                        }
                        let facts = (recording.format(), recording.meters());
                        if opened.send(Ok(facts)).is_ok() {
                            run(&mut recording, &inbox);
                        }
                    }
                    Err(e) => {
                        let _ = opened.send(Err(e)); // nobody waits any more
                    }
                }
            })
            .map_err(|_| Error::Stopped)?;
        let (format, meters) = answer.recv().map_err(|_| Error::Stopped)??;
        Ok(Self {
            format,
            channels,
            series,
            meters,
            progress,
            clock,
            pressed: Cell::new(None),
            orders,
            asking,
            notices,
            thread: Some(thread),
        })
    }

    /// Rate and channels of the source.
    pub fn format(&self) -> SourceFormat {
        self.format
    }

    /// Bytes that one second of it needs on the disk.
    pub fn bytes_a_second(&self) -> u64 {
        Tape::bytes_a_second(self.format, self.channels)
    }

    /// The level meters.
    pub fn meters(&self) -> Arc<Meters> {
        self.meters.clone()
    }

    /// How far it has come.
    pub fn progress(&self) -> Arc<RecorderProgress> {
        self.progress.clone()
    }

    /// Which microphone of its session it is.
    pub fn series(&self) -> Series {
        self.series
    }

    /// Channels that are recognised.
    pub fn channels(&self) -> u16 {
        self.channels
    }

    /// A person asks for the session now: the two seconds that it begins with are those before this
    /// moment, whatever has to be done until [`Self::begin`].
    pub fn press(&self) {
        self.pressed.set(Some((self.clock)()));
    }

    /// What was heard in the last seconds, five at most; empty once it writes.
    ///
    /// # Errors
    /// `Stopped` where the recorder has ended; `Unsupported` where the rate cannot be converted.
    pub fn take(&self) -> Result<Take, Error> {
        let (reply, answer) = sync_channel(1);
        let order = Order::Kept(reply);
        self.orders.send(order).map_err(|_| Error::Stopped)?;
        // One that was away may have come back in another form than it was armed in.
        let (kept, format) = answer.recv().map_err(|_| Error::Stopped)?;
        Take::of(&kept, format, self.channels)
    }

    /// Begins to write into a folder that must be there and hold no recording of this microphone,
    /// with the last two seconds before [`Self::press`] or this call in front, or with what it heard since
    /// the session's start. Returns that start, by the recorder's clock.
    ///
    /// # Errors
    /// `NoRoom` where the disk does not hold the planned length and 2 GiB more; `RecordingThere`;
    /// those of writing. Then nothing is recorded, and the recorder stays armed.
    pub fn begin(&self, how: Beginning) -> Result<Duration, Error> {
        let (reply, answer) = sync_channel(1);
        let how = Beginning {
            pressed: how.pressed.or(self.pressed.take()),
            ..how
        };
        let order = Order::Begin { how, reply };
        self.orders.send(order).map_err(|_| Error::Stopped)?;
        answer.recv().map_err(|_| Error::Stopped)?
    }

    /// Its clock, by which moments are told.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// What gives it a person's orders from any thread.
    pub fn asking(&self) -> Asking {
        self.asking.clone()
    }

    /// The next notice, waiting for at most `patience`; `None` where there is none, or where the
    /// recorder has ended and all are read.
    pub fn notice(&self, patience: Duration) -> Option<Entry> {
        self.notices.recv_timeout(patience).ok()
    }

    /// Whether the thread has ended.
    pub fn has_ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.asking.stop();
        if let Some(thread) = self.thread.take() {
            // A panic in it is a fault that the missing notice `Stopped` has shown already.
            let _ = thread.join();
        }
    }
}

fn run(recording: &mut Recording, inbox: &Receiver<Order>) {
    loop {
        // All that wait, before the sound that came with them.
        loop {
            match inbox.try_recv() {
                Ok(Order::Begin { how, reply }) => {
                    let _ = reply.send(recording.begin(how)); // the caller waits for it
                }
                Ok(Order::Kept(reply)) => drop(reply.send(recording.kept())),
                Err(TryRecvError::Disconnected) => {
                    recording.stop();
                    return;
                }
                Err(TryRecvError::Empty) => break,
            }
        }
        if recording.hear_asked() {
            recording.stop();
            return;
        }
        let heard = recording.listen();
        if recording.has_ended() {
            return;
        }
        if !heard {
            thread::sleep(REST);
        }
    }
}
