//! A live session: the recorder writes, a listener cuts what it wrote into rows, a recogniser and a
//! translator fill the rows in, and a clerk keeps the record of what happened meanwhile.
//!
//! The working copies are the queue between recorder and listener, and the store is the queue between
//! all others, so whoever is slow costs no memory and loses nothing. What is still pending when the
//! session ends, or after a kill, is worked off by the backlog like any imported recording.

mod clerk;
mod entries;
#[cfg(test)]
mod fall_tests;
mod hashing;
mod health;
#[cfg(test)]
mod health_tests;
#[cfg(test)]
mod held_tests;
mod listening;
mod plan;
mod record;
mod recover;
#[cfg(test)]
mod several_tests;
#[cfg(test)]
mod stuck_tests;
mod telling;
#[cfg(test)]
mod tests;
mod wall;
mod watchdog;
mod wording;

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::audio::{Asking, Clock, Level, Meters, Recorder, RecorderProgress, Series};
use crate::domain::{Cancel, Channel, InterviewId, SamplePos, Span};
use crate::glossary::Glossary;

use super::{Engines, Error, LineOptions, Report};
use crate::audio;

pub use plan::{SessionMicrophone, SessionPlan};
pub use recover::{Recovered, recover_session, unfinished_sessions};
pub use telling::{LineStep, LiveEvent};

/// Between two looks at whether the text is there.
const STEP: Duration = Duration::from_millis(20);
/// Wake calls carry nothing: a lost one costs a moment, not a line.
const WAKE_SLOTS: usize = 1;
/// How long an engine may go on after it was told to give up; one that does is hung.
const LETS_GO: Duration = Duration::from_secs(5);

/// Starts a thread; a test may refuse.
type Spawn = dyn Fn(&str, Box<dyn FnOnce() + Send>) -> io::Result<JoinHandle<()>>;

/// Loads the engines on the session's own thread, so that recording never waits for them.
pub type LoadEngines = Box<dyn FnOnce(&Cancel) -> Result<Engines, Error> + Send>;

/// Where a session stands in its workspace, and how its lines are translated.
pub struct LivePlace {
    /// The database; each thread opens its own connection.
    pub store: PathBuf,
    /// The folder with one folder an interview.
    pub recordings: PathBuf,
    /// The terms to check.
    pub glossary: Glossary,
    /// How lines are translated.
    pub options: LineOptions,
}

/// How a session does, for a status line. All from what came out, not from what should.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LiveStatus {
    /// Length of the sound so far.
    pub recorded_ms: u64,
    /// Sound that waits for its text.
    pub lag_ms: u64,
    /// Frames lost and replaced by silence.
    pub lost_frames: u64,
    /// Minutes for which the disk has room, where the system tells.
    pub disk_minutes: Option<u64>,
    /// On a pause.
    pub paused: bool,
}

/// One microphone of a running session.
struct LiveMicrophone {
    series: Series,
    channels: u16,
    progress: Arc<RecorderProgress>,
    meters: Arc<Meters>,
}

/// What the threads of a session share.
struct Shared {
    id: InterviewId,
    place: LivePlace,
    channels: Vec<Channel>,
    microphones: Vec<LiveMicrophone>,
    telling: telling::Telling,
    /// The recorders' clock, by which a person's orders have their moment.
    clock: Clock,
    /// The rows that the session begins with are in the store.
    stored: AtomicBool,
    /// A fault of the clerk, for its test.
    #[cfg(test)]
    clerk_falls: AtomicBool,
    /// No more sound comes.
    sound_over: AtomicBool,
    /// The disk took everything up to the end, and every line was cut.
    whole: AtomicBool,
    /// Nothing more is written into the record.
    record_over: AtomicBool,
    /// No more lines come.
    lines_over: AtomicBool,
    /// The microphones that are on a pause, a bit each.
    paused: AtomicU16,
    /// Milliseconds of utterances cut, and of those recognised.
    cut_ms: AtomicU64,
    recognised_ms: AtomicU64,
    /// Lines that got words, of each channel in the order of `channels`.
    texts: Vec<AtomicU64>,
    /// Milliseconds that the last preview took.
    preview_cost_ms: AtomicU64,
    previews: Mutex<Previews>,
    /// Text is not wanted any more; what is pending stays pending.
    give_up: Cancel,
    /// Since when.
    given_up: OnceLock<Instant>,
}

/// Running utterances that wait to be heard provisionally; one slot a channel, the newest wins.
#[derive(Default)]
struct Previews {
    slots: Vec<Option<Preview>>,
    /// The one that is being worked on.
    running: Option<(Preview, Cancel)>,
}

/// A running utterance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Preview {
    channel: u16,
    span: Span,
    /// It is over unless somebody speaks on: its text will be the line's.
    settled: bool,
}

impl Shared {
    fn tell(&self, event: LiveEvent) {
        self.telling.tell(event);
    }

    fn alarm(&self, error: &Error, help: &'static str) {
        self.tell(LiveEvent::Alarm {
            channel: None,
            text: error.to_string(),
            help,
            ends: false,
        });
    }

    /// How far the sound reaches that can be read: that of the microphone that is furthest.
    fn reached(&self) -> SamplePos {
        let all = self.microphones.iter().map(|m| m.progress.derived());
        SamplePos(all.max().unwrap_or(0))
    }

    /// How far the sound of one channel reaches.
    fn reached_on(&self, channel: u16) -> u64 {
        let has = |m: &&LiveMicrophone| channel < m.series.channel(m.channels);
        let own = self.microphones.iter().find(has);
        own.map_or(0, |m| m.progress.derived())
    }

    /// Counts the lines of a channel that got words.
    fn texts_on(&self, channel: u16) -> Option<&AtomicU64> {
        let place = self.channels.iter().position(|c| c.index == channel)?;
        self.texts.get(place)
    }

    fn all_series(&self) -> Vec<Series> {
        self.microphones.iter().map(|m| m.series).collect()
    }

    fn from(&self, series: Series, ends: &entries::Ends) -> entries::From {
        entries::From {
            series,
            several: self.microphones.len() > 1,
            leads_from: ends.leads_from(series),
        }
    }

    fn previews(&self) -> MutexGuard<'_, Previews> {
        self.previews.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self) -> PathBuf {
        self.place.recordings.join(&self.id.0)
    }
}

/// A running session. Dropping it stops the recording and gives up what text is still missing.
pub struct Live {
    shared: Arc<Shared>,
    /// A person's orders wait for nobody who writes: each recorder is told itself, and its journal tells the clerk.
    asking: Vec<Asking>,
    begun: Instant,
    bytes_a_second: u64,
    threads: Vec<JoinHandle<()>>,
    wording: Option<JoinHandle<(Engines, Report)>>,
}

impl Live {
    /// Begins a session with recorders that are armed, one a microphone, in the order of the plan:
    /// its folder, its row, its threads. A row that cannot be stored now is stored later.
    ///
    /// # Errors
    /// A folder that is there already, a disk without room: nothing is left behind. A microphone or a thread
    /// that does not start: what was heard until then is kept, and `resume` makes an interview of it.
    pub fn begin(
        recorders: Vec<Recorder>,
        plan: &SessionPlan,
        place: LivePlace,
        load: LoadEngines,
    ) -> Result<Self, Error> {
        let spawn = |name: &str, work| thread::Builder::new().name(name.into()).spawn(work);
        let wall = wall::WallClock::system();
        Self::begin_by((wall, &spawn), recorders, plan, place, load)
    }

    /// The same with a clock that a test sets and threads that may not start.
    fn begin_by(
        (wall, spawn): (wall::WallClock, &Spawn),
        recorders: Vec<Recorder>,
        plan: &SessionPlan,
        place: LivePlace,
        load: LoadEngines,
    ) -> Result<Self, Error> {
        let plan::Begun {
            at: begun,
            recorders,
            stored,
        } = plan::begin_recording(recorders, plan, &place)?;
        let bytes_a_second = plan::bytes_a_second(&recorders).max(1);
        let asking = recorders.iter().map(Recorder::asking).collect();
        let microphone = |recorder: &Recorder| LiveMicrophone {
            series: recorder.series(),
            channels: recorder.channels(),
            progress: recorder.progress(),
            meters: recorder.meters(),
        };
        let shared = Arc::new(Shared {
            id: plan.id.clone(),
            place,
            channels: plan.channels.clone(),
            microphones: recorders.iter().map(microphone).collect(),
            telling: telling::Telling::default(),
            clock: recorders
                .first()
                .map_or_else(audio::system_clock, Recorder::clock),
            stored: AtomicBool::new(stored),
            #[cfg(test)]
            clerk_falls: AtomicBool::new(false),
            sound_over: AtomicBool::new(false),
            whole: AtomicBool::new(true),
            record_over: AtomicBool::new(false),
            lines_over: AtomicBool::new(false),
            paused: AtomicU16::new(0),
            cut_ms: AtomicU64::new(0),
            recognised_ms: AtomicU64::new(0),
            texts: plan.channels.iter().map(|_| AtomicU64::new(0)).collect(),
            preview_cost_ms: AtomicU64::new(0),
            previews: Mutex::new(Previews {
                slots: vec![None; plan.channels.len()],
                running: None,
            }),
            give_up: Cancel::new(),
            given_up: OnceLock::new(),
        });
        let (wake, woken) = sync_channel(WAKE_SLOTS);
        let limit = plan.max_utterance_ms.clone();
        let [for_clerk, for_listener, for_wording, for_watchdog] = [(); 4].map(|()| shared.clone());
        let to_store = (!stored).then(|| plan.clone());
        // Without it nobody gives orders to the recorders, and a recording that nobody can end is none: they
        // close their files, and the session has not begun.
        let clerk = spawn(
            "clerk",
            Box::new(move || clerk::run(&for_clerk, &recorders, wall, to_store)),
        )
        .map_err(|_| Error::Worker("the keeper of the record"))?;
        let listener = spawn(
            "listener",
            Box::new(move || listening::run(&for_listener, &limit, &wake)),
        );
        if listener.is_err() {
            // Nobody waits for the lines that it would have cut.
            listening::without_lines(&shared, &Error::Worker("the search for speech"));
            shared.lines_over.store(true, Ordering::Release);
        }
        let watchdog = spawn("watchdog", Box::new(move || watchdog::run(&for_watchdog)));
        let threads = [Ok(clerk), listener, watchdog]
            .into_iter()
            .flatten()
            .collect();
        let wording = thread::Builder::new()
            .name("wording".into())
            .spawn(move || wording::run(&for_wording, load, woken))
            .ok();
        if wording.is_none() {
            shared.alarm(&Error::Worker("the recogniser"), wording::LATER);
        }
        Ok(Self {
            shared,
            asking,
            begun,
            bytes_a_second,
            threads,
            wording,
        })
    }

    /// The interview.
    pub fn id(&self) -> &InterviewId {
        &self.shared.id
    }

    /// The next event, waiting for at most `patience`. Alarms come first and are never lost.
    pub fn event(&self, patience: Duration) -> Option<LiveEvent> {
        self.shared.telling.next(patience)
    }

    /// Whether everything is done and every alarm read, also where the event that tells it found no room.
    pub fn has_ended(&self) -> bool {
        let worded = self.wording.as_ref().is_none_or(JoinHandle::is_finished);
        // Text that ends early ends no recording.
        let done = worded && self.threads.iter().all(JoinHandle::is_finished);
        done && !self.shared.telling.alarms_wait()
    }

    /// Whether events were lost since this was last asked: then everything shown is read again.
    pub fn missed_events(&self) -> bool {
        self.shared.telling.missed()
    }

    /// Level of each channel now.
    pub fn levels(&self) -> Vec<Level> {
        let all = self.shared.microphones.iter();
        all.flat_map(|m| m.meters.read()).collect()
    }

    /// How the session does.
    pub fn status(&self) -> LiveStatus {
        let shared = &self.shared;
        let cut = shared.cut_ms.load(Ordering::Relaxed);
        LiveStatus {
            recorded_ms: shared.reached().as_ms(),
            lag_ms: cut.saturating_sub(shared.recognised_ms.load(Ordering::Relaxed)),
            lost_frames: shared.microphones.iter().map(|m| m.progress.lost()).sum(),
            disk_minutes: audio::free_bytes(&shared.place.recordings)
                .map(|free| free / self.bytes_a_second / 60),
            paused: shared.paused.load(Ordering::Relaxed) != 0,
        }
    }

    /// When the session began, for whoever measures.
    pub fn begun(&self) -> Instant {
        self.begun
    }

    /// Pauses, with the reason that the record shall give.
    ///
    /// # Errors
    /// [`Error::SessionBusy`] where orders pile up, [`Error::SessionOver`].
    pub fn pause(&self, reason: &str) -> Result<(), Error> {
        let (reason, at) = (entries::label(reason), (self.shared.clock)());
        self.ask(|recorder| recorder.pause(&reason, at))
    }

    /// Ends the pause.
    ///
    /// # Errors
    /// As [`Self::pause`].
    pub fn resume(&self) -> Result<(), Error> {
        let at = (self.shared.clock)();
        self.ask(|recorder| recorder.resume(at))
    }

    /// Marks this moment.
    ///
    /// # Errors
    /// As [`Self::pause`].
    pub fn mark(&self, what: &str) -> Result<(), Error> {
        let (what, at) = (entries::label(what), (self.shared.clock)());
        // The first that takes it; one entry is enough.
        let mut failed = Error::SessionOver;
        for recorder in &self.asking {
            match recorder.mark(&what, at) {
                Ok(true) => return Ok(()),
                Ok(false) => failed = Error::SessionBusy,
                Err(_) => {}
            }
        }
        Err(failed)
    }

    /// Ends the recording. Events go on until [`LiveEvent::Ended`].
    pub fn stop(&self) {
        self.asking.iter().for_each(Asking::stop);
    }

    /// Gives up what text is still missing; the lines stay pending for `resume`.
    pub fn give_up_text(&self) {
        self.shared.given_up.get_or_init(Instant::now);
        self.shared.give_up.cancel();
    }

    /// False once the text was given up and its engines had time to let go.
    pub fn awaits_text(&self) -> bool {
        let since = self.shared.given_up.get();
        since.is_none_or(|since| since.elapsed() < LETS_GO)
    }

    /// Ends the recording and waits for the text, or until it is given up. Gives the engines back.
    ///
    /// # Errors
    /// A thread that ended by a fault of the program, or an engine that hangs: what they left is
    /// pending. The thread of one that hangs is left to itself.
    pub fn finish(mut self) -> Result<(Engines, Report), Error> {
        self.close();
        let wording = self.wording.take();
        while wording.as_ref().is_some_and(|w| !w.is_finished()) && self.awaits_text() {
            thread::sleep(STEP);
        }
        match wording
            .filter(JoinHandle::is_finished)
            .map(JoinHandle::join)
        {
            Some(Ok(done)) => Ok(done),
            _ => Err(Error::Worker("the recogniser")),
        }
    }

    /// Each of them is told, also where one has ended or has too much to do.
    fn ask(&self, what: impl Fn(&Asking) -> Result<bool, audio::Error>) -> Result<(), Error> {
        let told: Vec<_> = self.asking.iter().map(what).collect();
        if told.iter().any(|one| matches!(one, Ok(false))) {
            return Err(Error::SessionBusy);
        }
        match told.iter().any(Result::is_ok) {
            true => Ok(()),
            false => Err(Error::SessionOver),
        }
    }

    fn close(&mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            // What a thread that broke left undone is pending in the store.
            let _ = thread.join();
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        if self.wording.is_some() {
            self.give_up_text();
        }
        self.close();
    }
}
