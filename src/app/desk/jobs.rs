//! The desk's long work: one job at a time, with progress, time left and a way to stop.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::app::Error;
use crate::domain::{Cancel, InterviewId};
use crate::pipeline::{Progress, Report, Step};

use super::board::{Job, JobKind, Phase, Told};
use super::{Command, Common, custody, live, reader};

/// The screen is woken no more often than this while a job runs.
const WAKE_EVERY: Duration = Duration::from_millis(100);
/// How often an idle desk looks whether an opened key is to be forgotten.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// The open interview is read again no more often than this while rows are filled in.
const REFRESH_EVERY: Duration = Duration::from_secs(1);

/// Works until the desk is gone. `stop` holds the flag of the running job; `read` is the way to the
/// thread that reads rows again.
pub(super) fn run(
    common: &Common,
    asked: &Receiver<Command>,
    stop: &Mutex<Cancel>,
    read: &SyncSender<Command>,
) {
    let mut next: Option<Command> = None;
    loop {
        let command = match next
            .take()
            .map_or_else(|| asked.recv_timeout(LOOK_EVERY), Ok)
        {
            Ok(command) => command,
            Err(RecvTimeoutError::Timeout) => {
                custody::forget_stale(common);
                continue;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let command = match command {
            Command::Record(request) => {
                live::run(common, &request, asked, read);
                continue;
            }
            Command::TestMicrophone(request) => {
                next = live::test(common, &request, asked, read);
                continue;
            }
            Command::Listen(request, test) => {
                next = live::listen(common, &request, test, asked, read);
                continue;
            }
            // Meant for a recording or a test that has ended meanwhile.
            Command::Pause(_)
            | Command::GoOn
            | Command::Mark(_)
            | Command::EndRecording
            | Command::EndTest => {
                continue;
            }
            other => other,
        };
        let cancel = Cancel::new();
        *stop.lock().unwrap_or_else(PoisonError::into_inner) = cancel.clone();
        let kind = match &command {
            Command::Import(..) => JobKind::Import,
            Command::CheckModels => JobKind::Check,
            Command::Task(_) => JobKind::Evidence,
            Command::ImportModel(_) => JobKind::Model,
            Command::ImportTerms(_) => JobKind::Terms,
            Command::Again(..) | Command::Voices(..) => JobKind::Again,
            _ => JobKind::Resume,
        };
        let bench = Bench {
            common,
            read,
            state: Mutex::new(State {
                job: Job {
                    kind,
                    phase: Phase::Loading,
                    part: None,
                    since: Instant::now(),
                    lines: (0, 0),
                    file: None,
                    over: None,
                    stopped: false,
                    notes: Vec::new(),
                },
                woken: Instant::now(),
                refreshed: Instant::now(),
            }),
        };
        bench.change(true, |_| {});
        let result = bench.work(command, &cancel);
        bench.end(result);
    }
}

struct State {
    job: Job,
    woken: Instant,
    refreshed: Instant,
}

struct Bench<'a> {
    common: &'a Common,
    read: &'a SyncSender<Command>,
    state: Mutex<State>,
}

impl Bench<'_> {
    fn work(&self, command: Command, cancel: &Cancel) -> Result<Vec<InterviewId>, Error> {
        let app = &self.common.app;
        let watcher = |progress: Progress| self.hear(&progress);
        match command {
            Command::Import(files, request) => {
                let mut made = Vec::new();
                let outcomes = app.import(&files, &request, cancel, &watcher, &mut |outcome| {
                    self.change(true, |job| match &outcome.result {
                        Ok(received) => {
                            made.push(received.id.clone());
                            job.notes.extend(received.notes.iter().cloned().map(remark));
                        }
                        Err(error) => job.notes.push(Told::of(error)),
                    });
                })?;
                for outcome in &outcomes {
                    self.note_report(&outcome.report);
                }
                Ok(made)
            }
            Command::Resume(id) => {
                let id = id.map(|id| id.0);
                let done = app.resume(id.as_deref(), cancel, &watcher)?;
                self.change(true, |job| {
                    job.notes.extend(done.not_taken_up.iter().map(Told::of));
                });
                self.note_report(&done.report);
                let taken_up = done.taken_up.into_iter().map(|r| r.id);
                Ok(taken_up
                    .chain(done.recovered.into_iter().map(|r| r.id))
                    .collect())
            }
            Command::CheckModels => {
                let mut checked = BTreeMap::new();
                app.check_models(None, cancel, &watcher, &mut |name, result| {
                    checked.insert(name.to_owned(), result.as_ref().err().map(Told::of));
                    self.common.board.checked.put(checked.clone());
                    (self.common.wake)();
                })?;
                Ok(Vec::new())
            }
            Command::ImportModel(folder) => {
                app.import_model(&folder, cancel, &watcher)?;
                reader::shelf(self.common);
                Ok(Vec::new())
            }
            Command::ImportTerms(path) => {
                let taken = app.import_glossary(&path, false, cancel)?;
                reader::told_of(self.common, taken);
                Ok(Vec::new())
            }
            Command::Again(id, request) => {
                let done = app.again(&id.0, &request, cancel, &watcher)?;
                let mut notes = done.notes;
                if done.beside > 0 {
                    notes.push(
                        "a person's words go on to count; what the machine made stands among the \
                         versions of the line"
                            .to_owned(),
                    );
                }
                self.change(true, |job| job.notes.extend(notes.into_iter().map(remark)));
                // Whoever takes back at once what the machine made must see it first.
                let _ = reader::refresh(self.common);
                Ok(Vec::new())
            }
            Command::Voices(id, number) => {
                let found = app.voices(&id.0, cancel, &watcher)?;
                self.common.board.voices.put((number, found));
                Ok(Vec::new())
            }
            Command::Task(task) => {
                custody::run(self.common, task, cancel, &watcher)?;
                Ok(Vec::new())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Lines that were not done are said, with the first reason.
    fn note_report(&self, report: &Report) {
        if let Some(reason) = &report.reason {
            self.change(true, |job| job.notes.push(remark(reason.clone())));
        }
    }

    fn hear(&self, progress: &Progress) {
        let now = Instant::now();
        let mut stale = false;
        self.change(false, |job| {
            let (phase, part) = match *progress {
                Progress::Step { step, done, total } => (
                    match step {
                        Step::Copying => Phase::Copying,
                        Step::Decoding => Phase::Decoding,
                        Step::FindingSpeech => Phase::FindingSpeech,
                        Step::Writing => Phase::Exporting,
                        Step::Checking if job.kind == JobKind::Evidence => Phase::Comparing,
                        Step::Checking
                        | Step::Indexing
                        | Step::Shrinking
                        | Step::Protecting
                        | Step::Judging => Phase::Loading,
                    },
                    fraction(done, total),
                ),
                Progress::Part { number, of, .. } => {
                    // The next file begins with its first step.
                    job.file = Some((number, of));
                    job.part = None;
                    return;
                }
                Progress::Recognised {
                    done_ms, total_ms, ..
                } => {
                    job.lines.0 = job.lines.0.saturating_add(1);
                    stale = true;
                    (Phase::Writing, fraction(done_ms, total_ms))
                }
                Progress::Translated { done, .. } => {
                    job.lines.1 = done;
                    stale = true;
                    (Phase::Writing, job.part)
                }
            };
            if phase != job.phase {
                (job.phase, job.since) = (phase, now);
                job.part = None;
            }
            job.part = part.or(job.part);
        });
        if stale {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if now.duration_since(state.refreshed) >= REFRESH_EVERY {
                state.refreshed = now;
                // A full queue means that a reading is on its way anyhow.
                let _ = self.read.try_send(Command::Refresh);
            }
        }
    }

    fn change(&self, at_once: bool, change: impl FnOnce(&mut Job)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state.job);
        if at_once || state.woken.elapsed() >= WAKE_EVERY {
            state.woken = Instant::now();
            self.common.board.job.put(state.job.clone());
            (self.common.wake)();
        }
    }

    fn end(&self, result: Result<Vec<InterviewId>, Error>) {
        self.change(true, |job| {
            let made = match result {
                Ok(made) => made,
                Err(error) => {
                    job.stopped = error.is_cancelled();
                    if !job.stopped {
                        job.notes.push(Told::of(&error));
                    }
                    Vec::new()
                }
            };
            job.over = Some(made);
        });
        let _ = self.read.try_send(Command::Refresh);
    }
}

fn remark(what: String) -> Told {
    Told {
        what,
        next: String::new(),
    }
}

fn fraction(done: u64, total: u64) -> Option<f32> {
    (total > 0).then(|| (done as f64 / total as f64).clamp(0.0, 1.0) as f32)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::desk::picture::tests::with_sound;
    use crate::app::desk::{Desk, Notice};

    #[test]
    fn a_table_of_terms_is_taken_in_as_long_work_and_a_stop_leaves_nothing() {
        let (dir, common, _) = with_sound(&[&[0; 16]]);
        let table = dir.path().join("ours.csv");
        std::fs::write(&table, "id,lo,th\nours-1,ຄ້າມະນຸດ,ค้ามนุษย์\n").unwrap();
        let stop = Cancel::new();
        stop.cancel();
        let stopped = common.app.import_glossary(&table, false, &stop);
        assert!(matches!(stopped, Err(Error::Stopped)));
        let there = common.app.workspace().glossaries().join("ours.csv");
        assert!(!there.exists());
        let desk = Desk::start(Arc::clone(&common.app), Arc::new(|| ())).unwrap();
        assert!(desk.ask(Command::ImportTerms(table)));
        let begun = Instant::now();
        let over = |job: Arc<Job>| job.kind == JobKind::Terms && job.over.is_some();
        while !desk.board().job.get().is_some_and(over) {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(5));
        }
        let told = desk.board().next_notice();
        assert!(
            matches!(told, Some(Notice::Terms { count: 1, .. })),
            "{told:?}"
        );
        assert!(there.exists());
    }
}
