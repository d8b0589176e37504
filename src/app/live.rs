//! A live interview, for both front ends: `arm` opens the microphone and shows levels, `start` begins
//! to record, and the session then tells by events what a screen should read again.
//!
//! A front end asks [`Session::event`] now and then, or keeps a thread that waits there; everything
//! else returns at once. After [`LiveEvent::Ended`] it calls [`Session::finish`].

use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::audio::Level;
use crate::domain::{
    Asked, InterviewId, Lang, Segment, SegmentId, SessionEvent, SessionState, SpeechChoice,
};
use crate::pipeline::Report;
use crate::pipeline::live::Live;

pub use super::armed::Armed;
pub use super::partials::Partials;
pub use crate::audio::PRE_ROLL;
pub use crate::pipeline::live::{LineStep, LiveEvent, LiveStatus};

use super::awake::Awake;
use super::lock::WorkLock;
use super::microphone::MicrophoneTest;
use super::{App, Error};

/// What a person most often marks. Any other words may be used too.
pub const MARKERS: [&str; 6] = [
    "exhibit",
    "break",
    "interpreter arrives",
    "interpreter leaves",
    "rights explained",
    "somebody enters or leaves",
];
/// Why people pause most often, and that nobody says why. Any other words may be a reason too.
pub const PAUSES: [&str; 5] = [
    "break",
    "private talk with counsel",
    "the interpreter",
    "technical reasons",
    NO_REASON,
];
/// The reason of a pause for which nobody gave one.
pub const NO_REASON: &str = "no reason given";
/// Begins the mark that says why there is a pause, where that was said after its beginning.
pub const PAUSE_REASON: &str = "reason of the pause: ";
/// Begins the entry that says as what the person is interviewed.
pub const PURPOSE: &str = "purpose: ";
/// Begins the entry that says who is in the room.
pub const PRESENT: &str = "present: ";
/// Length for which the disk must have room where nobody plans one.
pub const USUAL_LENGTH: Duration = Duration::from_secs(2 * 3600);

/// Where the sound comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum LiveSource {
    /// The microphone used last; the first time the system's usual one. Alone it stands for all that
    /// were used last.
    #[default]
    Usual,
    /// The one with this id or exact name.
    Device(String),
    /// A sound file that plays in real time, for practice. The session is marked as practice.
    Practice {
        /// The file.
        path: PathBuf,
        /// Seconds of sound a second: 1.0 but in proofs.
        speed: f64,
    },
}

impl LiveSource {
    /// As typed: `file:PATH` plays a file, all else names a microphone.
    pub fn typed(text: &str, speed: f64) -> Self {
        match text.strip_prefix("file:") {
            Some(path) => Self::Practice {
                path: path.into(),
                speed,
            },
            None => Self::Device(text.to_owned()),
        }
    }
}

/// What a session is to be.
#[derive(Clone, Debug, Default)]
pub struct LiveRequest {
    /// Two or three languages, the officer's first.
    pub languages: Vec<Lang>,
    /// The case.
    pub case: Option<String>,
    /// As what the person is interviewed; stands in the record.
    pub person: Option<Asked>,
    /// Who is in the room; stands in the record.
    pub present: Option<String>,
    /// Speakers and their languages, one for each channel that is recognised. None: one channel for
    /// all, or for a practice file as for an import.
    pub channels: Vec<(String, Vec<Lang>)>,
    /// Where the sound comes from, each microphone once. The channels are dealt to them in order, to
    /// each the same number unless `dealt` says otherwise. None: [`LiveSource::Usual`].
    pub sources: Vec<LiveSource>,
    /// How many of the channels each source has, where a mono microphone stands beside a stereo one.
    pub dealt: Vec<u16>,
    /// What became of the microphones' test; it stands in the record.
    pub test: MicrophoneTest,
    /// The speech models that a person chose; all others are for the settings to say.
    pub speech_models: Vec<SpeechChoice>,
    /// Planned length; the disk must have room for it. None: [`USUAL_LENGTH`].
    pub planned: Option<Duration>,
}

impl LiveRequest {
    /// What stands at the beginning of the record.
    pub(super) fn entries(&self) -> Vec<String> {
        let purpose = self.person.map(|p| format!("{PURPOSE}{}", p.as_str()));
        let present = self.present.as_deref().map(str::trim);
        let present = present.filter(|who| !who.is_empty());
        let present = present.map(|who| format!("{PRESENT}{who}"));
        purpose.into_iter().chain(present).collect()
    }
}

/// A running session. Dropping it stops the recording; text that is missing then stays pending.
pub struct Session {
    pub(super) app: App,
    pub(super) live: Live,
    pub(super) awake: Option<Awake>,
    /// Held until the last row is written.
    pub(super) lock: WorkLock,
    /// What went wrong at its beginning without stopping it, each with the next step.
    pub(super) remarks: Vec<(String, String)>,
}

/// What a session left behind.
#[derive(Debug)]
pub struct LiveReport {
    /// The interview.
    pub id: InterviewId,
    /// Length of its sound.
    pub duration_ms: u64,
    /// Its lines.
    pub report: Report,
}

impl App {
    /// One line with its translations, as it stands now.
    ///
    /// # Errors
    /// An unknown line; an unreadable store.
    pub fn line(&self, id: &InterviewId, segment: SegmentId) -> Result<Segment, Error> {
        Ok(self.reading()?.segment(id, segment)?)
    }

    /// The markers, pauses, gaps and alarms of a session, by place in the sound.
    ///
    /// # Errors
    /// An unknown id; an unreadable store.
    pub fn events(&self, id: &str) -> Result<Vec<SessionEvent>, Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        Ok(store.events(&id)?)
    }

    /// How a session stands; `None` for an interview that was not recorded here.
    ///
    /// # Errors
    /// An unknown id; an unreadable store.
    pub fn session(&self, id: &str) -> Result<Option<SessionState>, Error> {
        let store = self.reading()?;
        let id = store.resolve(id)?;
        Ok(store.session(&id)?)
    }

    /// Sessions that were begun and not ended: the running one, and those that wait for `resume`.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn open_sessions(&self) -> Result<Vec<InterviewId>, Error> {
        Ok(self.reading()?.open_sessions()?)
    }
}

impl Session {
    /// The interview.
    pub fn id(&self) -> &InterviewId {
        self.live.id()
    }

    /// The next event, waiting for at most `patience`; `None` where there is none.
    pub fn event(&self, patience: Duration) -> Option<LiveEvent> {
        self.live.event(patience)
    }

    /// Whether everything is done, also where the event that tells it found no room.
    pub fn has_ended(&self) -> bool {
        self.live.has_ended()
    }

    /// Whether events were lost since this was last asked: then everything shown is read again.
    pub fn missed_events(&self) -> bool {
        self.live.missed_events()
    }

    /// Level of each channel now.
    pub fn levels(&self) -> Vec<Level> {
        self.live.levels()
    }

    /// Length, lag, losses, room on the disk.
    pub fn status(&self) -> LiveStatus {
        self.live.status()
    }

    /// When the recording began.
    pub fn begun(&self) -> Instant {
        self.live.begun()
    }

    /// What went wrong at its beginning without stopping it, each with the next step.
    pub fn remarks(&self) -> &[(String, String)] {
        &self.remarks
    }

    /// Whether the computer was kept from going to sleep. If not, the person should see to it.
    pub fn stays_awake(&self) -> bool {
        self.awake.as_ref().is_some_and(Awake::holds)
    }

    /// Pauses: silence is recorded until [`Self::resume`], and the reason stands in the record.
    ///
    /// # Errors
    /// A session that is busy or over.
    pub fn pause(&self, reason: &str) -> Result<(), Error> {
        Ok(self.live.pause(reason)?)
    }

    /// Ends the pause.
    ///
    /// # Errors
    /// A session that is busy or over.
    pub fn resume(&self) -> Result<(), Error> {
        Ok(self.live.resume()?)
    }

    /// Marks this moment, with one of [`MARKERS`] or any other words.
    ///
    /// # Errors
    /// A session that is busy or over.
    pub fn mark(&self, what: &str) -> Result<(), Error> {
        Ok(self.live.mark(what)?)
    }

    /// Ends the recording; events go on until [`LiveEvent::Ended`], then call [`Self::finish`].
    pub fn stop(&self) {
        self.live.stop();
    }

    /// Gives up what text is still missing; `resume` writes it later.
    pub fn give_up_text(&self) {
        self.live.give_up_text();
    }

    /// False once the text was given up and the engines had time to let go: one that does not is hung,
    /// and no event comes any more.
    pub fn awaits_text(&self) -> bool {
        self.live.awaits_text()
    }

    /// Ends the recording if it still runs, waits for the text, and completes the record.
    ///
    /// # Errors
    /// A store that refuses, a fault of the program: `resume` completes what is missing.
    pub fn finish(self) -> Result<LiveReport, Error> {
        let Self {
            app,
            live,
            awake,
            lock,
            ..
        } = self;
        let id = live.id().clone();
        let finished = live.finish();
        drop(awake);
        let (_, report) = finished?;
        let duration_ms = app.reading()?.interview(&id)?.duration_ms;
        drop(lock);
        Ok(LiveReport {
            id,
            duration_ms,
            report,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_names_a_file_or_a_microphone() {
        let file = LiveSource::typed("file:/tmp/a.wav", 1.0);
        let path = PathBuf::from("/tmp/a.wav");
        assert_eq!(file, LiveSource::Practice { path, speed: 1.0 });
        let device = LiveSource::typed("alsa:hw:CARD=A", 1.0);
        assert_eq!(device, LiveSource::Device("alsa:hw:CARD=A".into()));
    }
}
