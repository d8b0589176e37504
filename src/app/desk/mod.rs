//! The desk between the screens and the work: a screen asks with a [`Command`] and goes on painting;
//! threads of the desk do it, put what they read into [`Board`]'s slots and wake the screen once.
//!
//! Nothing here waits on behalf of a screen. What is on the board is replaced whole, so a slow
//! screen sees the newest and no queue grows.

mod alarms;
mod answers;
mod board;
mod custody;
mod finder;
mod jobs;
mod live;
mod opened;
mod picture;
mod places;
mod player;
mod put_back;
mod reader;
mod register;
mod sound;
mod stale;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

pub use board::{
    Board, Entry, Folder, Found, Job, JobKind, Notice, Phase, Recording, Recutted, Refused, Saved,
    Shelf, TestPhase, Testing, Told, Versions,
};

pub use custody::{Custody, Outcome, Said, Task};
pub(super) use opened::purpose;
pub use opened::{ForeignOpened, Opened};
pub use picture::{Closer, Overview};
pub use places::{Placed, Places, There};
pub use player::{Listening, Playing};
pub use put_back::PutBack;
pub use register::{Act, Entered, Near, NearNames, Offers, PersonShown};

use crate::domain::{Cancel, InterviewId, Lang, PersonId, SegmentId, Span};
use crate::glossary::Term;
use crate::store::{Recutting, SearchQuery};

use super::live::LiveRequest;
use super::microphone::MicrophoneTest;
use super::{AgainRequest, App, Choices, Edit, ImportRequest, Preferred, Suggested};

/// Commands that may wait for one thread. A person cannot ask faster; if a disk hangs, the screen
/// says 'busy' instead of piling up work.
const WAITING: usize = 32;

/// What a screen may ask for.
#[derive(Debug)]
pub enum Command {
    /// Read the list of interviews.
    List,
    /// Read one interview.
    Open(InterviewId),
    /// Read the open interview again because rows were added.
    Refresh,
    /// Read these lines of an interview again where it is open: they are new or have got their words.
    Lines(InterviewId, Vec<SegmentId>),
    /// Read all versions of one line.
    Versions(InterviewId, SegmentId),
    /// Look for names that a machine may have misheard in one line.
    NearNames(InterviewId, SegmentId),
    /// Add a version; the answer carries the number given here.
    Edit(InterviewId, SegmentId, Edit, u64),
    /// Part, join or move lines, signed with this name and perhaps with a reason; the answer carries the
    /// number given here.
    Recut(InterviewId, Recutting, String, Option<String>, u64),
    /// Say who speaks in a line or, where the flag is set, in all lines of its speaker, signed with
    /// this name and perhaps with a reason; the answer carries the number.
    Speaker(Speaking, u64),
    /// Put back what stood before a change, signed with this name and with this reason; the answer
    /// carries the number.
    PutBack(InterviewId, PutBack, (String, String), u64),
    /// Read one interview that a partner sent, by its bundle.
    OpenForeign(String),
    /// Enter a term or correct one; the answer carries the number.
    Term(Box<Term>, u64),
    /// Take a glossary in.
    ImportTerms(PathBuf),
    /// Write all terms to a file.
    ExportTerms(PathBuf),
    /// Look for words; the newest question replaces older ones.
    Search(SearchQuery, bool),
    /// Look for them in other languages too, with what translators make of them, until the flag is raised.
    SearchAcross(SearchQuery, Cancel),
    /// Give the models back that were loaded for it.
    NotAcross,
    /// Read the register of people.
    People,
    /// Read one person of it.
    Person(PersonId),
    /// Look for people whose names are near to this one.
    Near(String),
    /// Read what one transcript offers to the register.
    Offers(InterviewId),
    /// Read what people of the register share.
    Links(Option<String>),
    /// Enter something in the register, signed with this name; the answer carries the number.
    Enter(String, Act, u64),
    /// Read the terms and the models.
    Shelf,
    /// List a folder; without one, the place where recordings are most likely.
    Browse(Option<PathBuf>),
    /// The same with all files, not only those that can be imported.
    BrowseAll(Option<PathBuf>),
    /// List the folders into which a file may be written.
    Places,
    /// Look what stands at a path; the answer carries the number.
    LookAt(PathBuf, u64),
    /// Find a path in a folder, for a file with this name and ending, that nothing has yet; the answer
    /// carries the number.
    FreePath(PathBuf, (String, String), u64),
    /// Read the keys and what partners sent.
    Custody,
    /// Write an interview out, sign or compare something.
    Task(Task),
    /// Sign for lines that somebody else wrote; why, where they are held back; the answer carries the number.
    /// It is short, and does not wait for a job that runs for hours.
    Certify(InterviewId, Vec<SegmentId>, Option<String>, u64),
    /// Forget the key that a person opened.
    Forget,
    /// Keep what was chosen.
    Keep(Choices),
    /// Write which models are preferred, and after how long the workspace locks itself.
    Prefer(Preferred),
    /// Take recordings or transcripts in.
    Import(Vec<PathBuf>, ImportRequest),
    /// Finish what is pending.
    Resume(Option<InterviewId>),
    /// Compare every model file with its list.
    CheckModels,
    /// Take a model's folder in.
    ImportModel(PathBuf),
    /// Let a machine hear or translate lines once more.
    Again(InterviewId, AgainRequest),
    /// Tell who speaks in the lines by the voices that are known; the answer carries the number.
    Voices(InterviewId, u64),
    /// Say of lines who speaks, as the voices suggest, signed with this name; the answer carries the
    /// number.
    KeepVoices(InterviewId, Vec<Suggested>, String, u64),
    /// Read which microphones there are.
    Microphones,
    /// Listen to the microphone that a recording would use, for some seconds; nothing is kept.
    TestMicrophone(LiveRequest),
    /// Listen again to microphones that passed this test, without another one.
    Listen(LiveRequest, MicrophoneTest),
    /// End the test.
    EndTest,
    /// Record an interview.
    Record(LiveRequest),
    /// Interrupt the recording, with the reason that stands in the record.
    Pause(String),
    /// End the interruption.
    GoOn,
    /// Mark this moment of the recording.
    Mark(String),
    /// End the recording.
    EndRecording,
    /// Play a line.
    Play(Listening),
    /// Play from a place of the recording on, in milliseconds.
    PlayFrom(Listening, u64),
    /// Play a line of any interview, so fast in percent.
    PlayLine(InterviewId, SegmentId, u16),
    /// Play a line of what a partner sent, by its bundle, so fast in percent.
    PlayForeign(String, SegmentId, u16),
    /// Pause what is heard; go on a little earlier with what was paused.
    PauseSound,
    /// Play what is heard at another speed, in percent, from the same place on.
    Speed(u16),
    /// At the end of what is heard go on with the next line of the open interview, or no more.
    GoOnReading(bool),
    /// Play what is heard over and over, or no more.
    Repeat(bool),
    /// Go on with this line where it was paused, else play it from its beginning.
    Hold(Listening),
    /// Pause what is heard; what is paused already stays so.
    Release,
    /// Go back (below zero) or forward so many milliseconds in what is heard or paused.
    Skip(i64),
    /// Work out the picture of a stretch of one channel.
    Closer(InterviewId, u16, Span),
    /// Say a standard sentence aloud in a language, from the recording that an agency has of it.
    Say(Lang, &'static str),
    /// Be silent.
    Silence,
    /// Work out the picture of the whole recording.
    Overview(InterviewId),
    /// Work out the picture of a stretch of all channels.
    Nearer(InterviewId, Span),
}

/// Who speaks in a line, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaking {
    /// The interview.
    pub interview: InterviewId,
    /// The line.
    pub segment: SegmentId,
    /// In every line of the same speaker.
    pub all: bool,
    /// Who speaks.
    pub speaker: String,
    /// Who says so.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
}

/// Wakes the screen.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// What every thread of the desk holds.
#[derive(Clone)]
struct Common {
    app: Arc<App>,
    board: Arc<Board>,
    wake: Wake,
    /// The key that a person opened.
    held: custody::Held,
}

impl Common {
    /// Tells the person of an error, unless the person asked to stop.
    fn tell(&self, error: &super::Error) {
        if !error.is_cancelled() {
            let (what, next) = (self.app.words(error), error.help());
            self.board.tell(Notice::Failed(Told { what, next }));
        }
        (self.wake)();
    }
}

/// The threads and the way to them. Dropping it stops what can be stopped and waits for the rest.
pub struct Desk {
    board: Arc<Board>,
    read: Option<SyncSender<Command>>,
    work: Option<SyncSender<Command>>,
    sound: Option<SyncSender<Command>>,
    picture: Option<SyncSender<Command>>,
    find: Option<SyncSender<Command>>,
    cancel: Arc<std::sync::Mutex<Cancel>>,
    /// Of the question in other languages that was asked last.
    across: std::sync::Mutex<Cancel>,
    /// Raised once a search index is not to be made anew.
    mend: Cancel,
    /// Raised once nothing is to be heard any more.
    quiet: Cancel,
    newest: Arc<AtomicU64>,
    numbers: AtomicU64,
    threads: Vec<JoinHandle<()>>,
}

impl Desk {
    /// Starts the threads.
    ///
    /// # Errors
    /// A system that gives no more threads.
    pub fn start(app: Arc<App>, wake: Wake) -> std::io::Result<Self> {
        let board = Arc::new(Board::default());
        let common = Common {
            app,
            board: Arc::clone(&board),
            wake,
            held: custody::Held::default(),
        };
        let newest = Arc::new(AtomicU64::new(0));
        let cancel = Arc::new(std::sync::Mutex::new(Cancel::new()));
        let mut threads = Vec::new();
        let mut start = |name: &str, run: Box<dyn FnOnce(Receiver<Command>) + Send>| {
            let (sender, receiver) = sync_channel(WAITING);
            let builder = thread::Builder::new().name(name.to_owned());
            threads.push(builder.spawn(move || run(receiver))?);
            Ok::<_, std::io::Error>(sender)
        };
        let (own, seen) = (common.clone(), Arc::clone(&newest));
        let mend = Cancel::new();
        let stop = mend.clone();
        let read = start(
            "desk-read",
            Box::new(move |asked| reader::run(&own, &asked, (&seen, &stop))),
        )?;
        let (own, stop, again) = (common.clone(), Arc::clone(&cancel), read.clone());
        let work = start(
            "desk-work",
            Box::new(move |asked| jobs::run(&own, &asked, &stop, &again)),
        )?;
        let (own, quiet) = (common.clone(), Cancel::new());
        let stop = quiet.clone();
        let sound = start(
            "desk-sound",
            Box::new(move |asked| sound::run(&own, &asked, stop)),
        )?;
        let own = common.clone();
        let picture = start(
            "desk-picture",
            Box::new(move |asked| picture::run(&own, &asked)),
        )?;
        let find = start(
            "desk-find",
            Box::new(move |asked| finder::run(&common, &asked)),
        )?;
        Ok(Self {
            board,
            read: Some(read),
            work: Some(work),
            sound: Some(sound),
            picture: Some(picture),
            find: Some(find),
            cancel,
            across: std::sync::Mutex::default(),
            mend,
            quiet,
            newest,
            numbers: AtomicU64::new(0),
            threads,
        })
    }

    /// What has been read so far.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// A number for something that is answered under it; no two are alike.
    pub fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Asks for something and returns at once; `false` where too much is waiting already.
    pub fn ask(&self, command: Command) -> bool {
        let to = match &command {
            Command::Import(..)
            | Command::Resume(_)
            | Command::CheckModels
            | Command::Task(_)
            | Command::ImportModel(_)
            | Command::ImportTerms(_)
            | Command::Again(..)
            | Command::Voices(..)
            | Command::Record(_)
            | Command::TestMicrophone(_)
            | Command::Listen(..)
            | Command::EndTest
            | Command::Pause(_)
            | Command::GoOn
            | Command::Mark(_)
            | Command::EndRecording => &self.work,
            Command::Play(_)
            | Command::PlayFrom(..)
            | Command::PlayLine(..)
            | Command::PlayForeign(..)
            | Command::PauseSound
            | Command::Speed(_)
            | Command::GoOnReading(_)
            | Command::Repeat(_)
            | Command::Hold(_)
            | Command::Release
            | Command::Skip(_)
            | Command::Say(..)
            | Command::Silence => &self.sound,
            Command::Closer(..) | Command::Overview(_) | Command::Nearer(..) => &self.picture,
            Command::SearchAcross(..) | Command::NotAcross => &self.find,
            _ => &self.read,
        };
        if let Command::SearchAcross(_, cancel) = &command {
            self.stop_across(cancel.clone());
        }
        if matches!(command, Command::Search(..)) {
            // A question that waits behind this one need not be answered any more.
            self.newest.fetch_add(1, Ordering::Relaxed);
        }
        let Some(to) = to else { return false };
        match to.try_send(command) {
            Ok(()) => true,
            Err(TrySendError::Full(not_sent) | TrySendError::Disconnected(not_sent)) => {
                if matches!(not_sent, Command::Search(..)) {
                    self.newest.fetch_sub(1, Ordering::Relaxed);
                }
                self.board.tell(Notice::Busy);
                false
            }
        }
    }

    /// Ends the question in other languages that is asked now, for one with this flag.
    fn stop_across(&self, next: Cancel) {
        if let Ok(mut across) = self.across.lock() {
            std::mem::replace(&mut *across, next).cancel();
        }
    }

    /// Leaves a search index as it is that is being made anew, and that of every later search.
    pub fn stop_mending(&self) {
        self.mend.cancel();
    }

    /// Asks the running job to stop at its next safe point. What was done stays done.
    pub fn stop_job(&self) {
        if let Ok(cancel) = self.cancel.lock() {
            cancel.cancel();
        }
    }

    /// Stops what can be stopped and waits for the rest: how all that was asked ended lies on the board then.
    /// Nothing that is asked later is done.
    pub fn end(&mut self) {
        self.stop_job();
        self.stop_mending();
        self.quiet.cancel();
        self.stop_across(Cancel::new());
        (self.read, self.work, self.sound) = (None, None, None);
        (self.picture, self.find) = (None, None);
        for thread in self.threads.drain(..) {
            // A thread that panicked has said so on standard error; the window closes all the same.
            let _ = thread.join();
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        self.end();
    }
}
