//! The backlog: pending rows in, text and translations out. Workers take lines in turn, one thread
//! writes down what they made, so a kill at any moment loses no more than the lines in hand.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use crate::domain::{Cancel, FactKind, InterviewId, SegmentId};
use crate::glossary::Glossary;
use crate::speech;
use crate::store::{NewRecord, PendingTranslation, PendingUtterance, Record, Store};
use crate::translate::KnownNames;

use super::board::{Board, Work};
use super::crew::{Finding, Made};
use super::{Engines, Error, LineOptions, Progress, Watcher};

/// Findings that wait to be written, for each worker: it goes on while a disk takes its time, and
/// no further ahead than this.
const AHEAD: usize = 4;
/// The most findings in one transaction.
const TOGETHER: usize = 64;

/// What one run of the backlog needs.
pub struct Backlog<'a> {
    /// The database.
    pub store: &'a Path,
    /// The folder with one folder an interview.
    pub recordings: &'a Path,
    /// The terms to check.
    pub glossary: &'a Glossary,
    /// How lines are translated; names are looked up in the store.
    pub options: LineOptions,
    /// Also try again what failed before.
    pub retry_failed: bool,
    /// Cores to keep busy.
    pub cores: usize,
    /// Bytes that engines beside the first of each kind may take.
    pub memory: u64,
    /// A person's wish to stop.
    pub cancel: &'a Cancel,
    /// Who is told.
    pub watcher: Watcher<'a>,
}

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines recognised.
    pub recognised: u64,
    /// Lines that the recogniser failed on; they stay, marked as failed.
    pub failed: u64,
    /// Lines whose speech model is not installed; they stay pending.
    pub unheard: u64,
    /// Translations written.
    pub translated: u64,
    /// Translations that could not be made: without a model the line stays pending, else it is
    /// marked and tried again on the next resume.
    pub untranslated: u64,
    /// Why the first of those was not recognised or not translated.
    pub reason: Option<String>,
}

impl Report {
    pub(super) fn note(&mut self, error: &Error) {
        self.reason.get_or_insert_with(|| error.to_string());
    }
}

impl Backlog<'_> {
    /// Works off all pending rows of one interview, or of all. Blocks until done or cancelled.
    ///
    /// # Errors
    /// The first error that concerns more than one line: the store, a cancel. A line that an engine fails
    /// on is marked, one without an engine waits; neither stops the others.
    pub fn run(&self, engines: &mut Engines, only: Option<&InterviewId>) -> Result<Report, Error> {
        let mut store = Store::open(self.store)?;
        store.set_glossary(self.glossary.digest());
        store.set_makers(engines.makers());
        let mut touched = BTreeSet::new();
        let done = self.run_in(&mut store, engines, only, &mut touched);
        // Also after a cancel: the events that were written are not to be taken away unseen.
        let noted = store.note_ends(&touched);
        let report = done?;
        noted?;
        Ok(report)
    }

    /// [`Self::run`]; `touched` hears of every interview that had pending rows.
    fn run_in(
        &self,
        store: &mut Store,
        engines: &mut Engines,
        only: Option<&InterviewId>,
        touched: &mut BTreeSet<InterviewId>,
    ) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut skipped = Skipped::default();
        let mut spoken = store.pending_recognition(only, self.retry_failed)?;
        let mut written = store.pending_translation(only)?;
        if self.retry_failed {
            // After all that has not been tried yet.
            written.extend(store.failed_translation(only)?);
        }
        while !(spoken.is_empty() && written.is_empty()) {
            touched.extend(spoken.iter().map(|row| row.interview.clone()));
            touched.extend(written.iter().map(|row| row.interview.clone()));
            self.work_off(store, engines, spoken, written, &mut report, &mut skipped)?;
            if self.cancel.is_cancelled() {
                return Err(Error::Cancelled);
            }
            // What came in meanwhile: a correction, or a session that goes on.
            spoken = store.pending_recognition(only, false)?;
            written = store.pending_translation(only)?;
            spoken.retain(|row| {
                !skipped
                    .unheard
                    .contains(&(row.interview.clone(), row.segment))
            });
            written.retain(|row| !skipped.untranslated.contains(row));
        }
        Ok(report)
    }

    fn work_off(
        &self,
        store: &mut Store,
        engines: &mut Engines,
        spoken: Vec<PendingUtterance>,
        written: Vec<PendingTranslation>,
        report: &mut Report,
        skipped: &mut Skipped,
    ) -> Result<(), Error> {
        let total_ms = spoken.iter().map(|p| p.span.duration_ms()).sum();
        let lines = spoken.len().saturating_add(written.len());
        let ids = spoken.iter().map(|p| &p.interview);
        let in_force = &self.in_force(store, ids.chain(written.iter().map(|p| &p.interview)))?;
        let mut crew = self.crew(engines, spoken.len(), lines);
        let workers = crew.workers();
        let board = &Board::new(spoken, written, self.cancel);
        thread::scope(|scope| {
            let (hand_in, findings) = sync_channel(workers.len().saturating_mul(AHEAD));
            for worker in workers {
                let hand_in = hand_in.clone();
                scope.spawn(move || self.work(worker, board, in_force, &hand_in));
            }
            drop(hand_in);
            let done = Writer {
                backlog: self,
                store,
                board,
                report,
                skipped,
                done_ms: 0,
                total_ms,
            }
            .run(&findings);
            board.close();
            done
        })
    }

    /// What is in force in each interview: terms and names of its case before the general ones.
    fn in_force<'i>(
        &self,
        store: &Store,
        ids: impl Iterator<Item = &'i InterviewId>,
    ) -> Result<HashMap<InterviewId, Arc<InForce>>, Error> {
        let mut cases: HashMap<Option<String>, Arc<InForce>> = HashMap::new();
        let mut known = HashMap::new();
        for id in ids {
            if known.contains_key(id) {
                continue;
            }
            let case = store.interview(id)?.case;
            let own = match cases.get(&case) {
                Some(own) => Arc::clone(own),
                None => {
                    let glossary = self.glossary.for_case(case.as_deref());
                    let people = store.values_in_force(case.as_deref(), FactKind::Name)?;
                    let options = LineOptions {
                        names: Arc::new(KnownNames::new(people, &glossary)),
                        ..self.options.clone()
                    };
                    let own = Arc::new(InForce { glossary, options });
                    cases.insert(case, Arc::clone(&own));
                    own
                }
            };
            known.insert(id.clone(), own);
        }
        Ok(known)
    }
}

/// What nothing can be done with until a model is installed.
#[derive(Default)]
struct Skipped {
    unheard: HashSet<(InterviewId, SegmentId)>,
    untranslated: HashSet<PendingTranslation>,
}

/// What is in force in the interviews of one case, or of none.
pub(super) struct InForce {
    /// Its terms.
    pub(super) glossary: Glossary,
    /// How its lines are translated, with the names that they may speak of.
    pub(super) options: LineOptions,
}

/// The one thread that writes to the store.
struct Writer<'w> {
    backlog: &'w Backlog<'w>,
    store: &'w mut Store,
    board: &'w Board<'w>,
    report: &'w mut Report,
    skipped: &'w mut Skipped,
    done_ms: u64,
    total_ms: u64,
}

impl Writer<'_> {
    /// Writes until the last worker has gone. What piles up while the disk is busy goes into one
    /// transaction.
    fn run(mut self, findings: &Receiver<Finding>) -> Result<(), Error> {
        while let Ok(first) = findings.recv() {
            let mut batch = vec![first];
            batch.extend(findings.try_iter().take(TOGETHER.saturating_sub(1)));
            self.write(batch)?;
        }
        Ok(())
    }

    fn write(&mut self, batch: Vec<Finding>) -> Result<(), Error> {
        let in_hand = batch.len();
        let mut kept = Vec::with_capacity(in_hand);
        for Finding { work, made } in batch {
            match made {
                Err(e) if e.is_cancelled() => self.board.close(),
                // Without a model nothing can be done but count.
                Err(e @ Error::NoTranslator(_)) => {
                    self.report.untranslated += 1;
                    self.report.note(&e);
                    if let Work::Translate(row) = work {
                        self.skipped.untranslated.insert(row);
                    }
                }
                Err(e @ (Error::NoRecognizer(_) | Error::NoChosen { .. })) => {
                    self.report.unheard += 1;
                    self.report.note(&e);
                    let line = (work.interview().clone(), work.segment());
                    self.skipped.unheard.insert(line);
                }
                Err(e) if concerns_all(&e) => return Err(e),
                made => kept.push((work, made.map_err(|e| (e.to_string(), e)))),
            }
        }
        let records: Vec<NewRecord<'_>> = kept
            .iter()
            .map(|(work, made)| NewRecord {
                interview: work.interview(),
                segment: work.segment(),
                what: match (made, work) {
                    (Ok(Made::Heard(h)), _) => Record::Heard(h),
                    (Ok(Made::Translated(t)), _) => Record::Translated(t),
                    (Err((why, _)), Work::Recognise(_)) => Record::NotHeard(why),
                    (Err((why, _)), Work::Translate(row)) => Record::NotTranslated {
                        lang: row.pair.to,
                        of_version: row.version,
                        reason: why,
                    },
                },
            })
            .collect();
        self.store.record(&records)?;
        let mut next = Vec::new();
        for (work, made) in &kept {
            if matches!(made, Ok(Made::Heard(_))) {
                next.extend(
                    self.store
                        .line_translation(work.interview(), work.segment())?,
                );
            }
            self.tell(work, made.as_ref().map_err(|(_, e)| e));
        }
        self.board.settle(in_hand, next);
        Ok(())
    }

    /// Counts a line and says that it is stored.
    fn tell(&mut self, work: &Work, made: Result<&Made, &Error>) {
        match (work, made) {
            (Work::Recognise(_), Ok(_)) => self.report.recognised += 1,
            (Work::Recognise(_), Err(_)) => self.report.failed += 1,
            (Work::Translate(_), Ok(_)) => self.report.translated += 1,
            (Work::Translate(_), Err(_)) => self.report.untranslated += 1,
        }
        if let Err(e) = made {
            self.report.note(e);
        }
        let (interview, segment) = (work.interview().clone(), work.segment());
        let progress = match work {
            Work::Recognise(row) => {
                self.done_ms = self.done_ms.saturating_add(row.span.duration_ms());
                Progress::Recognised {
                    interview,
                    segment,
                    done_ms: self.done_ms,
                    total_ms: self.total_ms,
                }
            }
            Work::Translate(_) if made.is_err() => return,
            Work::Translate(_) => Progress::Translated {
                interview,
                segment,
                done: self.report.translated,
            },
        };
        (self.backlog.watcher)(progress);
    }
}

/// Whether an error is not about the line that was in hand.
fn concerns_all(error: &Error) -> bool {
    !matches!(
        error,
        Error::Speech(speech::Error::Engine { .. })
            | Error::Audio(_)
            | Error::Translate(_)
            | Error::Fault(_)
    )
}
