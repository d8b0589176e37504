//! What the desk's threads have read, one slot a thing. A slot is replaced whole and its lock is
//! held for a pointer's copy only.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use crate::app::live::{LiveStatus, Partials};
use crate::app::microphone::MicrophoneTest;
use crate::app::people::Link;
use crate::app::{CutHistory, Error, ModelInfo, Preferred, Unfinished, Voices};
use crate::audio::{DeviceInfo, Hearing, Level};
use crate::domain::{Asked, InterviewId, InterviewSummary, Lang, Person, SegmentId, SessionEvent};
use crate::evidence::PublicKey;
use crate::glossary::Term;
use crate::store::{Hit, Index, Recut, SearchPage, SearchQuery, SpeakerVersion, TextVersion};

use super::alarms::Alarms;
use super::answers::Answers;
use super::custody::{Custody, Outcome};
use super::opened::{ForeignOpened, Opened};
use super::picture::{Closer, Overview};
use super::places::{Placed, Places};
use super::player::Playing;
use super::register::{Entered, Near, NearNames, Offers, PersonShown};

/// Messages that wait to be read by a person; older ones give way.
const NOTICES: usize = 6;

/// One thing on the board.
#[derive(Debug)]
pub struct Slot<T>(Mutex<Option<Arc<T>>>);

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Slot<T> {
    /// What lies there.
    pub fn get(&self) -> Option<Arc<T>> {
        // A panic between two pointer copies cannot leave half a value behind.
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn put(&self, value: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(value));
    }

    /// Takes it away, so that it is seen once.
    pub fn take(&self) -> Option<Arc<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Everything that screens read.
#[derive(Debug, Default)]
pub struct Board {
    /// All interviews, newest first.
    pub interviews: Slot<Vec<InterviewSummary>>,
    /// What was begun and is not finished.
    pub unfinished: Slot<Unfinished>,
    /// The interview that was opened last.
    pub opened: Slot<Opened>,
    /// The versions of the line that was asked for last.
    pub versions: Slot<Versions>,
    /// Names that may have been misheard in the line that was asked for last.
    pub near_names: Slot<NearNames>,
    /// How corrections ended, until that is heard.
    pub saved: Answers<Saved>,
    /// What the voices say that were listened to last, under the number of the question.
    pub voices: Slot<(u64, Voices)>,
    /// How changes of the lines ended, until that is heard.
    pub recut: Answers<Recutted>,
    /// The answer to the newest question.
    pub found: Slot<Found>,
    /// The answer to a question in other languages too, with what translators made of it: it comes later.
    pub reached: Slot<Found>,
    /// The language in which such a question is searched now.
    pub reaching: Slot<Lang>,
    /// Lines done and of how many, while a search makes its index anew.
    pub indexing: Slot<(u64, u64)>,
    /// Settings as they were written last in this session.
    pub preferred: Slot<Preferred>,
    /// Terms and models.
    pub shelf: Slot<Shelf>,
    /// Model name to `None` where its files fit the list, or what is wrong.
    pub checked: Slot<BTreeMap<String, Option<Told>>>,
    /// The folder that was listed last.
    pub folder: Slot<Folder>,
    /// Folders into which a file may be written.
    pub places: Slot<Places>,
    /// What stands at the path that was asked for last.
    pub placed: Slot<Placed>,
    /// The running or last job.
    pub job: Slot<Job>,
    /// The recording that runs.
    pub recording: Slot<Recording>,
    /// What is heard now.
    pub playing: Slot<Playing>,
    /// The picture of the open recording.
    pub overview: Slot<Overview>,
    /// The picture of the stretch of it that is looked at from near.
    pub nearer: Slot<Overview>,
    /// The register of people.
    pub people: Slot<Vec<Person>>,
    /// The person that was asked for last.
    pub person: Slot<PersonShown>,
    /// People whose names are near to what was typed last.
    pub near: Slot<Near>,
    /// What the transcript that was asked for last offers to the register.
    pub offers: Slot<Offers>,
    /// What people of the register share.
    pub links: Slot<Vec<Link>>,
    /// How entries in the register ended, until that is heard.
    pub entered: Answers<Entered>,
    /// Keys, and what partners sent.
    pub custody: Slot<Custody>,
    /// The key that a person opened and that signs.
    pub signer: Slot<PublicKey>,
    /// What came of the last export or other task.
    pub outcome: Slot<Outcome>,
    /// Why the last line was not certified.
    pub uncertified: Slot<Refused>,
    /// The microphones of this machine.
    pub microphones: Slot<Vec<DeviceInfo>>,
    /// The running or last test of a microphone.
    pub testing: Slot<Testing>,
    /// The interview of a partner that was opened last.
    pub foreign: Slot<ForeignOpened>,
    /// The picture of the stretch that was asked for last.
    pub closer: Slot<Closer>,
    notices: Mutex<VecDeque<Notice>>,
    alarms: Alarms,
    /// When a person last looked at the screen on which recordings begin.
    attended: Mutex<Option<Instant>>,
}

impl Board {
    /// Leaves a message that waits until a person has read it.
    pub fn tell(&self, notice: Notice) {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        if notices.back() == Some(&notice) {
            return;
        }
        if notices.len() >= NOTICES {
            notices.pop_front();
        }
        notices.push_back(notice);
    }

    /// Lays a recording there that does not run, for pictures of its screen: its clock and its levels stand
    /// still.
    pub fn pose(&self, recording: Recording) {
        self.recording.put(recording);
    }

    /// A failure of a recording, which perhaps `ends` it: it stays until a person acknowledges it.
    pub(super) fn alarm(&self, told: Told, ends: bool) {
        self.alarms.add(told, ends);
    }

    /// The failures of a recording that nobody acknowledged yet, the first first.
    pub fn alarms(&self) -> Vec<Told> {
        self.alarms.all()
    }

    /// A person has seen them.
    pub fn acknowledge(&self) {
        self.alarms.clear();
    }

    /// A person looks at the screen on which recordings begin: microphones that were tested go on
    /// listening, so that a recording begins with what was said before its button was pressed.
    pub fn attend(&self) {
        let now = Some(Instant::now());
        *self.attended.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    /// When that was the last time.
    pub(super) fn attended(&self) -> Option<Instant> {
        *self.attended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The oldest message that nobody has seen yet.
    pub fn next_notice(&self) -> Option<Notice> {
        let mut notices = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        notices.pop_front()
    }
}

/// An error as a person reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What failed, and why.
    pub what: String,
    /// The next step.
    pub next: String,
}

impl Told {
    /// The words of an error.
    pub fn of(error: &Error) -> Self {
        Self {
            what: error.to_string(),
            next: error.help(),
        }
    }
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something failed.
    Failed(Told),
    /// Too much is waiting.
    Busy,
    /// A file was written.
    Written(PathBuf),
    /// A file of settings that was not valid lies here now.
    PutAside(PathBuf),
    /// A table of terms was taken in.
    Terms {
        /// How many terms it has.
        count: usize,
        /// What a person should look at.
        remarks: Vec<String>,
    },
}

/// All versions of one line.
#[derive(Clone, Debug)]
pub struct Versions {
    /// The interview.
    pub interview: InterviewId,
    /// The line.
    pub segment: SegmentId,
    /// Of what was said, and of each translation: the first version first.
    pub texts: Vec<(Lang, Vec<TextVersion>)>,
    /// What persons said about who speaks.
    pub speakers: Vec<SpeakerVersion>,
    /// Lines that it was made of, and every change of where it stands.
    pub cut: CutHistory,
}

/// How a change of the lines ended.
#[derive(Clone, Debug)]
pub struct Recutted {
    /// The change.
    pub done: Option<Recut>,
    /// The error, where there was one.
    pub failed: Option<Told>,
    /// It may pass: the disk or the store did not take it, or nobody signed.
    pub passes: bool,
}

/// How a correction ended.
#[derive(Clone, Debug)]
pub struct Saved {
    /// The error, where there was one.
    pub failed: Option<Told>,
    /// It may pass: the disk or the store did not take it, or nobody signed.
    pub passes: bool,
}

/// A signature that was asked for and not given.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The interview.
    pub interview: InterviewId,
    /// The number that the screen gave it.
    pub number: u64,
    /// Why.
    pub told: Told,
}

/// The answer to a search.
#[derive(Clone, Debug)]
pub struct Found {
    /// What was asked,
    pub asked: SearchQuery,
    /// and whether in other languages too.
    pub across: bool,
    /// Hits in all; at least so many where `more` is set.
    pub total: u64,
    /// There are more hits than were counted.
    pub more: bool,
    /// The best first.
    pub hits: Vec<Hit>,
    /// Whether all lines were looked at.
    pub complete: bool,
    /// Partners' bundles that are not what was received, and were not searched.
    pub broken: Vec<String>,
    /// How the search index served.
    pub index: Index,
}

impl Found {
    pub(super) fn of(query: &SearchQuery, across: bool, page: SearchPage) -> Self {
        Self {
            index: page.index,
            asked: query.clone(),
            across,
            total: page.total,
            more: page.more,
            hits: page.hits,
            complete: page.complete,
            broken: page.broken,
        }
    }
}

/// Terms and models.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// All terms in force.
    pub terms: Vec<Term>,
    /// All models.
    pub models: Vec<ModelInfo>,
    /// Languages in which a person should not rely on the model that would recognise them.
    pub doubted: Vec<Lang>,
    /// The standard sentences of which an agency has recordings, by language.
    pub spoken: BTreeSet<(Lang, &'static str)>,
    /// What could not be read.
    pub broken: Vec<Told>,
}

/// A folder as a person chooses from it.
#[derive(Clone, Debug)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// Folders first, then files that can be imported; each by name.
    pub entries: Vec<Entry>,
    /// More entries than are listed.
    pub cut: bool,
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is a folder.
    pub folder: bool,
}

/// What kind of long work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobKind {
    /// Files are taken in.
    Import,
    /// Pending lines are worked off.
    Resume,
    /// Model files are compared with their lists.
    Check,
    /// An interview was recorded.
    Record,
    /// Something is written out, signed or compared.
    Evidence,
    /// A model is taken in.
    Model,
    /// A table of terms is taken in.
    Terms,
    /// A machine hears or translates lines once more, or listens to who speaks.
    Again,
}

/// What is being done right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Models are read.
    Loading,
    /// The original is copied.
    Copying,
    /// It is decoded.
    Decoding,
    /// Speech is looked for.
    FindingSpeech,
    /// Lines are recognised and translated.
    Writing,
    /// A file is written.
    Exporting,
    /// Files and signatures are compared.
    Comparing,
}

/// A long piece of work.
#[derive(Clone, Debug)]
pub struct Job {
    /// What kind.
    pub kind: JobKind,
    /// Its step.
    pub phase: Phase,
    /// 0.0 to 1.0 of this step, where known.
    pub part: Option<f32>,
    /// When this step began.
    pub since: Instant,
    /// Lines recognised and translated so far.
    pub lines: (u64, u64),
    /// Which of several files is taken in, 1 for the first, and how many there are.
    pub file: Option<(u32, u32)>,
    /// Over: interviews that were made, and notes on them.
    pub over: Option<Vec<InterviewId>>,
    /// A person stopped it.
    pub stopped: bool,
    /// What a person should know of the files, and what failed.
    pub notes: Vec<Told>,
}

/// A recording that runs.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The interview.
    pub interview: InterviewId,
    /// Its case.
    pub case: Option<String>,
    /// As what the person is interviewed, once the record says so.
    pub purpose: Option<Asked>,
    /// The standard sentences that are marked in the record as said.
    pub said: BTreeSet<&'static str>,
    /// Length, lag, losses, room on the disk.
    pub status: LiveStatus,
    /// How loud each channel is.
    pub levels: Vec<Level>,
    /// What is being said, as far as the machine makes it out.
    pub partials: Partials,
    /// The newest entries of the record: pauses, marks, gaps, what was heard before the start.
    pub entries: Vec<SessionEvent>,
    /// The sound has ended; text is still being written.
    pub ending: bool,
    /// The microphone, or the practice file.
    pub source: String,
    /// It is whatever the system uses at the moment.
    pub floating: bool,
    /// A file plays in place of a microphone.
    pub practice: bool,
    /// Languages that no installed model recognises.
    pub without: Vec<Lang>,
    /// The computer was kept from going to sleep.
    pub awake: bool,
}

/// A test of a microphone: nothing of it is kept.
#[derive(Clone, Debug)]
pub struct Testing {
    /// The microphone.
    pub source: String,
    /// It is whatever the system uses at the moment.
    pub floating: bool,
    /// How loud each channel is.
    pub levels: Vec<Level>,
    /// Something was heard.
    pub heard: bool,
    /// How far it has come.
    pub phase: TestPhase,
}

/// How far a test of the microphones has come.
#[derive(Clone, Debug, PartialEq)]
pub enum TestPhase {
    /// Somebody is to speak.
    Speak,
    /// What was heard is played back.
    Plays,
    /// It was played; whoever heard it says so, and this is then the test.
    Asks(MicrophoneTest),
    /// It ended without: stopped, or the sound is of no use, for which of the reasons.
    Over(Option<Hearing>),
}

impl Testing {
    /// Whether it still runs.
    pub fn runs(&self) -> bool {
        matches!(self.phase, TestPhase::Speak | TestPhase::Plays)
    }
}
