//! The desk's recording: one session at a time on the thread of long work, so that nothing is
//! imported while it runs.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use crate::app::Error;
use crate::app::live::{Armed, LiveEvent, LiveReport, LiveRequest, Session};
use crate::app::microphone::{MicrophoneTest, TEST_LENGTH, play_back};
use crate::audio::Take;
use crate::domain::SessionEvent;

use super::board::{Job, JobKind, Notice, Phase, Recording, TestPhase, Testing, Told};
use super::{Command, Common};

/// Longest wait for an event before commands and meters are looked at again.
const PATIENCE: Duration = Duration::from_millis(80);
/// The rows are read again no more often than this.
const REFRESH_EVERY: Duration = Duration::from_millis(500);
/// Alarms that are kept on the screen; older ones stand in the record.
const ALARMS: usize = 4;

/// Entries of the record that are shown; all stand in the record.
const ENTRIES: usize = 6;
/// Microphones that were tested listen for so long at most: nothing is imported meanwhile.
const LISTENS: Duration = Duration::from_secs(300);
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

fn try_out(
    common: &Common,
    request: &LiveRequest,
    asked: &Receiver<Command>,
) -> Result<Option<(Armed, Testing)>, Error> {
    let armed = common.app.arm(request)?;
    let mut shown = Testing {
        source: armed.source(),
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

/// Keeps the microphones listening until they are recorded or something else is wanted.
fn wait(
    common: &Common,
    armed: Armed,
    mut shown: Testing,
    asked: &Receiver<Command>,
    read: &SyncSender<Command>,
) -> Result<Option<Command>, Error> {
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
            Ok(other) => return Ok(Some(other)),
            Err(RecvTimeoutError::Disconnected) => return Ok(None),
            Err(RecvTimeoutError::Timeout) => {
                // Nobody heard it, or nobody comes.
                let gone = common.board.testing.get().is_none() || begun.elapsed() > LISTENS;
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
                over: Some(vec![report.id]),
                stopped: false,
                notes: reason.into_iter().collect(),
            });
        }
        // A recording that did not begin or broke off is more than a message.
        Err(error) => common.board.alarm(Told {
            what: common.app.words(&error),
            next: error.help(),
        }),
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
    let without = armed.languages_without_model();
    let remarks = armed.remarks().into_iter().map(|(what, next)| Told {
        what,
        next: next.to_owned(),
    });
    let alarms = remarks.collect();
    let session = armed.start()?;
    let mut shown = Recording {
        interview: session.id().clone(),
        status: session.status(),
        levels: session.levels(),
        partial: String::new(),
        alarms,
        entries: Vec::new(),
        ending: false,
        source,
        practice,
        without,
        awake: session.stays_awake(),
    };
    let _ = read.try_send(Command::Open(shown.interview.clone()));
    let (mut stale, mut noted, mut refreshed) = (false, true, Instant::now());
    loop {
        obey(common, &session, asked, &mut shown);
        if !session.awaits_text() {
            break;
        }
        match session.event(PATIENCE) {
            Some(LiveEvent::Ended) => break,
            Some(LiveEvent::Line { .. }) => {
                stale = true;
                shown.partial.clear();
            }
            Some(LiveEvent::Partial { text, .. }) => shown.partial = text,
            Some(LiveEvent::Alarm { text, help }) => {
                shown.alarms.push(Told {
                    what: text,
                    next: help.to_owned(),
                });
                let most = shown.alarms.len().saturating_sub(ALARMS);
                shown.alarms.drain(..most);
            }
            Some(LiveEvent::Recorded { .. }) => shown.ending = true,
            Some(LiveEvent::Entries) => noted = true,
            None => {}
        }
        let missed = session.missed_events();
        stale |= missed;
        if std::mem::take(&mut noted) || missed {
            shown.entries = newest(common, &session);
        }
        if stale && refreshed.elapsed() >= REFRESH_EVERY {
            (stale, refreshed) = (false, Instant::now());
            let _ = read.try_send(Command::Refresh);
        }
        (shown.status, shown.levels) = (session.status(), session.levels());
        // They stay on the board until somebody has seen them.
        for told in shown.alarms.drain(..) {
            common.board.alarm(told);
        }
        common.board.recording.put(shown.clone());
        (common.wake)();
    }
    session.finish()
}

/// The newest entries of the record; none where the store does not answer now.
fn newest(common: &Common, session: &Session) -> Vec<SessionEvent> {
    let mut entries = common.app.events(&session.id().0).unwrap_or_default();
    let over = entries.len().saturating_sub(ENTRIES);
    entries.drain(..over);
    entries
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
