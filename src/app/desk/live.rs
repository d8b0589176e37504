//! The desk's recording: one session at a time on the thread of long work, so that nothing is
//! imported while it runs.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::live::{Armed, LiveEvent, LiveReport, LiveRequest, Partials, Session};
use crate::app::microphone::{MicrophoneTest, TEST_LENGTH, play_back};
use crate::app::{Error, phrasebook};
use crate::audio::Take;
use crate::domain::SamplePos;

use super::board::{Job, JobKind, Notice, Phase, Recording, TestPhase, Testing, Told};
use super::opened::purpose;
use super::stale::Stale;
use super::{Command, Common};

/// Longest wait for an event before commands and meters are looked at again.
const PATIENCE: Duration = Duration::from_millis(80);
/// The same while a line is on its way to the screen.
const STEP: Duration = Duration::from_millis(20);
/// Entries of the record that are shown; all stand in the record.
const ENTRIES: usize = 6;
/// Microphones that were tested listen for so long after a person last looked at the screen on which
/// recordings begin: nothing is imported meanwhile.
const LISTENS: Duration = Duration::from_secs(300);
/// The end of what was being said where nobody hears it any more: no line will take its place.
const NEVER: SamplePos = SamplePos(u64::MAX);
/// Louder than this is more than a quiet room, decibels below full scale.
const HEARD_DB: f32 = -45.0;

/// Listens for some seconds, plays back what was heard and leaves the question whether somebody heard
/// it. Nothing is kept, but the microphones go on listening, so that a recording of them begins with what
/// was said before its button was pressed. Gives the command that comes next, where one ended it.
pub(super) fn test(
    common: &Common,
    request: &LiveRequest,
    asked: &Receiver<Command>,
    read: &SyncSender<Command>,
) -> Option<Command> {
    let next = try_out(common, request, asked).and_then(|heard| match heard {
        Some((armed, shown)) => wait(common, armed, shown, asked, read),
        None => Ok(None),
    });
    let next = next.unwrap_or_else(|error| {
        common.board.testing.take();
        common.tell(&error);
        None
    });
    (common.wake)();
    next
}

/// Listens again to microphones that passed a test. Gives the command that comes next, where one ended
/// it.
pub(super) fn listen(
    common: &Common,
    request: &LiveRequest,
    test: MicrophoneTest,
    asked: &Receiver<Command>,
    read: &SyncSender<Command>,
) -> Option<Command> {
    let next = common.app.arm(request).and_then(|armed| {
        let shown = Testing {
            source: armed.source(),
            floating: armed.follows_system(),
            levels: armed.levels(),
            heard: true,
            phase: TestPhase::Asks(test),
        };
        show(common, &shown);
        wait(common, armed, shown, asked, read)
    });
    let next = next.unwrap_or_else(|error| {
        common.board.testing.take();
        common.tell(&error);
        None
    });
    (common.wake)();
    next
}

fn try_out(
    common: &Common,
    request: &LiveRequest,
    asked: &Receiver<Command>,
) -> Result<Option<(Armed, Testing)>, Error> {
    let armed = common.app.arm(request)?;
    let mut shown = Testing {
        source: armed.source(),
        floating: armed.follows_system(),
        levels: armed.levels(),
        heard: false,
        phase: TestPhase::Speak,
    };
    let begun = Instant::now();
    while begun.elapsed() < TEST_LENGTH {
        shown.levels = armed.levels();
        shown.heard |= shown.levels.iter().any(|l| l.peak_db > HEARD_DB);
        show(common, &shown);
        if is_ended(common, asked) {
            shown.phase = TestPhase::Over(None);
            show(common, &shown);
            return Ok(None);
        }
    }
    let takes = armed.takes()?;
    let Some(test) = MicrophoneTest::passed(&takes) else {
        let worst = takes.iter().map(Take::hearing).min();
        shown.phase = TestPhase::Over(worst);
        show(common, &shown);
        return Ok(None);
    };
    shown.phase = TestPhase::Plays;
    show(common, &shown);
    let played = play_back(&takes, &mut || !is_ended(common, asked))?;
    shown.phase = if played {
        TestPhase::Asks(test)
    } else {
        TestPhase::Over(None)
    };
    show(common, &shown);
    Ok(played.then_some((armed, shown)))
}

fn show(common: &Common, shown: &Testing) {
    common.board.testing.put(shown.clone());
    (common.wake)();
}

/// Keeps the microphones listening until they are recorded or something else is wanted. The models are
/// loaded meanwhile.
fn wait(
    common: &Common,
    armed: Armed,
    shown: Testing,
    asked: &Receiver<Command>,
    read: &SyncSender<Command>,
) -> Result<Option<Command>, Error> {
    let next = stand_by(common, armed, shown, asked, read);
    // Nobody listens any more.
    common.board.testing.take();
    next
}

fn stand_by(
    common: &Common,
    mut armed: Armed,
    mut shown: Testing,
    asked: &Receiver<Command>,
    read: &SyncSender<Command>,
) -> Result<Option<Command>, Error> {
    armed.load_ahead();
    let begun = Instant::now();
    // Asked to end: a recording of the same microphones may follow at once.
    let mut ended: Option<Instant> = None;
    loop {
        match asked.recv_timeout(PATIENCE) {
            Ok(Command::Record(request)) => {
                let Some(armed) = armed.for_request(&request)? else {
                    return Ok(Some(Command::Record(request)));
                };
                common.board.testing.take();
                over(common, record(common, armed, asked, read), read);
                return Ok(None);
            }
            Ok(Command::EndTest) => ended = Some(Instant::now()),
            // Meant for a recording that has ended meanwhile.
            Ok(Command::Pause(_) | Command::GoOn | Command::Mark(_) | Command::EndRecording) => {}
            // They do.
            Ok(Command::Listen(..)) => {}
            Ok(other) => return Ok(Some(other)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                // Nobody heard it, or nobody comes.
                let attended = common.board.attended().map_or(begun, |at| at.max(begun));
                let gone = common.board.testing.get().is_none() || attended.elapsed() > LISTENS;
                if gone || ended.is_some_and(|since| since.elapsed() > PATIENCE) {
                    return Ok(None);
                }
                shown.levels = armed.levels();
                show(common, &shown);
            }
        }
    }
}

/// Waits a moment; true where the person wants the end of the test.
fn is_ended(common: &Common, asked: &Receiver<Command>) -> bool {
    match asked.recv_timeout(PATIENCE) {
        Err(RecvTimeoutError::Timeout) => false,
        Ok(Command::EndTest) | Err(RecvTimeoutError::Disconnected) => true,
        // Asked for in the moment before the test.
        Ok(Command::Listen(..)) => false,
        Ok(_) => {
            common.board.tell(Notice::Busy);
            false
        }
    }
}

/// Records until the person ends it, then waits for the text.
pub(super) fn run(
    common: &Common,
    request: &LiveRequest,
    asked: &Receiver<Command>,
    read: &SyncSender<Command>,
) {
    common.board.testing.take();
    let armed = common.app.arm(request);
    let recorded = armed.and_then(|armed| record(common, armed, asked, read));
    over(common, recorded, read);
}

/// A recording has ended or could not begin.
fn over(common: &Common, recorded: Result<LiveReport, Error>, read: &SyncSender<Command>) {
    match recorded {
        Ok(report) => {
            let reason = report.report.reason.map(|what| Told {
                what,
                next: String::new(),
            });
            common.board.job.put(Job {
                kind: JobKind::Record,
                phase: Phase::Writing,
                part: None,
                since: Instant::now(),
                lines: (report.report.recognised, report.report.translated),
                file: None,
                over: Some(vec![report.id]),
                stopped: false,
                notes: reason.into_iter().collect(),
            });
        }
        // A recording that did not begin or broke off is more than a message.
        Err(error) => {
            let (what, next) = (common.app.words(&error), error.help());
            common.board.alarm(Told { what, next }, true);
        }
    }
    common.board.recording.take();
    // A full queue means that a reading is on its way anyhow.
    let _ = read.try_send(Command::Refresh);
    (common.wake)();
}

fn record(
    common: &Common,
    armed: Armed,
    asked: &Receiver<Command>,
    read: &SyncSender<Command>,
) -> Result<LiveReport, Error> {
    let (source, practice) = (armed.source(), armed.is_practice());
    let floating = armed.follows_system();
    let without = armed.languages_without_model();
    for (what, next) in armed.remarks() {
        let next = next.to_owned();
        common.board.alarm(Told { what, next }, false);
    }
    let session = armed.start()?;
    for (what, next) in session.remarks() {
        let (what, next) = (what.clone(), next.clone());
        common.board.alarm(Told { what, next }, false);
    }
    let mut shown = Recording {
        interview: session.id().clone(),
        case: case(common, &session),
        purpose: None,
        said: BTreeSet::new(),
        status: session.status(),
        levels: session.levels(),
        partials: Partials::default(),
        entries: Vec::new(),
        ending: false,
        source,
        floating,
        practice,
        without,
        awake: session.stays_awake(),
    };
    let _ = read.try_send(Command::Open(shown.interview.clone()));
    let mut stale = Stale::default();
    let mut noted = true;
    let mut told = false;
    loop {
        // A defect of the screens' side must not end the recording.
        let turn = panic::catch_unwind(AssertUnwindSafe(|| {
            turn(
                common,
                &session,
                (asked, read),
                (&mut shown, &mut stale, &mut noted),
            )
        }));
        match turn {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => break,
            Err(_) if session.has_ended() => break,
            Err(_) => {
                if !std::mem::replace(&mut told, true) {
                    common.board.alarm(faulty(), false);
                }
                thread::sleep(PATIENCE);
            }
        }
    }
    session.finish()
}

/// One look at what was asked and at what the session tells; whether there is more to come.
fn turn(
    common: &Common,
    session: &Session,
    (asked, read): (&Receiver<Command>, &SyncSender<Command>),
    (shown, stale, noted): (&mut Recording, &mut Stale, &mut bool),
) -> ControlFlow<()> {
    obey(common, session, asked, shown);
    if !session.awaits_text() {
        return ControlFlow::Break(());
    }
    let hurries = stale.lines_wait() || shown.partials.waits();
    let event = session.event(if hurries { STEP } else { PATIENCE });
    match &event {
        Some(LiveEvent::Committed { channel, until }) => shown.partials.keep(*channel, *until),
        Some(event) => shown.partials.hear(event),
        None => {}
    }
    match event {
        Some(LiveEvent::Ended) => return ControlFlow::Break(()),
        Some(LiveEvent::Line { segment, .. }) => stale.line(segment),
        // It stays on the board until somebody has seen it.
        Some(LiveEvent::Alarm {
            text, help, ends, ..
        }) => {
            let (what, next) = (text, help.to_owned());
            common.board.alarm(Told { what, next }, ends);
        }
        Some(LiveEvent::Recorded { .. }) => shown.ending = true,
        Some(LiveEvent::Entries) => {
            *noted = true;
            stale.rest = true;
        }
        // The event that tells it may have found no room.
        None if session.has_ended() => return ControlFlow::Break(()),
        Some(LiveEvent::Partial { .. } | LiveEvent::Committed { .. }) | None => {}
    }
    let missed = session.missed_events();
    if missed {
        shown.partials.clear();
        stale.everything();
    }
    if std::mem::take(noted) || missed {
        note(common, shown);
    }
    stale.read(Instant::now(), &shown.interview, |command| {
        read.try_send(command).is_ok()
    });
    let opened = common.board.opened.get();
    let opened = opened.filter(|opened| opened.interview.id == shown.interview);
    // While another interview is read nobody sees these lines.
    let is_shown = |channel, until| {
        let own = opened.as_ref();
        until == NEVER || own.is_none_or(|opened| opened.has_words(channel, until))
    };
    shown.partials.settle(is_shown);
    (shown.status, shown.levels) = (session.status(), session.levels());
    shown.awake = session.stays_awake();
    common.board.recording.put(shown.clone());
    (common.wake)();
    ControlFlow::Continue(())
}

/// What is said when something of the screens' side failed while the recording goes on.
fn faulty() -> Told {
    Told {
        what: "something failed while this recording was shown; the recording goes on".into(),
        next: "End the recording as usual when the interview is over; then close the program and start \
               it again."
            .into(),
    }
}

/// The case of the interview, where it has one.
fn case(common: &Common, session: &Session) -> Option<String> {
    let store = common.app.reading().ok()?;
    store.interview(session.id()).ok()?.case
}

/// Reads the entries of the record: the newest, what the person is interviewed as, and which standard
/// sentences were said. Where the store does not answer now, what was read before stays.
fn note(common: &Common, shown: &mut Recording) {
    let Ok(mut entries) = common.app.events(&shown.interview.0) else {
        return;
    };
    shown.purpose = purpose(&entries);
    shown.said = phrasebook::said(&entries);
    let over = entries.len().saturating_sub(ENTRIES);
    entries.drain(..over);
    shown.entries = entries;
}

/// Does what was asked since the last look. A desk that is gone ends the recording; text that is
/// missing then stays pending.
fn obey(common: &Common, session: &Session, asked: &Receiver<Command>, shown: &mut Recording) {
    loop {
        let done = match asked.try_recv() {
            Ok(Command::Pause(reason)) => session.pause(&reason),
            Ok(Command::GoOn) => session.resume(),
            Ok(Command::Mark(what)) => session.mark(&what),
            Ok(Command::EndRecording) => {
                // Asked for again: nobody waits for the text either.
                if shown.ending {
                    session.give_up_text();
                }
                session.stop();
                shown.ending = true;
                Ok(())
            }
            // Asked for in the moment before the recording.
            Ok(Command::Listen(..)) => Ok(()),
            Ok(_) => {
                common.board.tell(Notice::Busy);
                Ok(())
            }
            Err(TryRecvError::Empty) => return,
            Err(TryRecvError::Disconnected) => {
                if !shown.ending {
                    session.stop();
                }
                session.give_up_text();
                shown.ending = true;
                return;
            }
        };
        if let Err(error) = done {
            common.tell(&error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::mpsc::sync_channel;

    use super::*;
    use crate::app::App;
    use crate::app::live::LiveSource;
    use crate::domain::Lang;

    #[test]
    fn microphones_that_listen_again_are_those_that_record() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = crate::workspace::Workspace::at(dir.path()).unwrap();
        let app = Arc::new(App::at(workspace, None).unwrap());
        let common = Common {
            app: Arc::clone(&app),
            board: Arc::default(),
            wake: Arc::new(|| ()),
            held: super::super::custody::Held::default(),
        };
        let kit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/practice");
        let request = LiveRequest {
            languages: vec![Lang::Zh, Lang::Vi],
            sources: vec![LiveSource::Practice {
                path: kit.join("zh-vi/audio.flac"),
                speed: 1.0,
            }],
            ..LiveRequest::default()
        };
        let ((ask, asked), (read, _reads)) = (sync_channel(4), sync_channel(64));
        let (board, wanted) = (Arc::clone(&common.board), request.clone());
        let test = MicrophoneTest::Passed(vec![-12]);
        let desk = thread::spawn(move || listen(&common, &request, test, &asked, &read));
        let until = |done: &dyn Fn() -> bool| {
            let begun = Instant::now();
            while !done() {
                assert!(begun.elapsed() < Duration::from_secs(60));
                thread::sleep(Duration::from_millis(10));
            }
        };
        until(&|| board.testing.get().is_some());
        board.attend();
        thread::sleep(Duration::from_millis(1_500));
        ask.send(Command::Record(wanted)).unwrap();
        until(&|| board.recording.get().is_some());
        assert!(board.testing.get().is_none());
        ask.send(Command::EndRecording).unwrap();
        assert!(desk.join().unwrap().is_none());
        let id = app.list(None).unwrap()[0].id.0.clone();
        // A practice recording begins with its button, so nothing is kept from before it.
        assert!(app.session(&id).unwrap().is_some());
    }
}
