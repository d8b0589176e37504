//! The listening half of the backlog: several recognisers take the pending utterances in turn, one
//! thread writes down what they hear.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

use crate::audio;
use crate::domain::{Hypothesis, InterviewId, Utterance};
use crate::speech;
use crate::store::{PendingUtterance, Store};

use super::backlog::guarded;
use super::engines::recognize;
use super::{Backlog, Error, Progress, Report, SpeechRoute};

impl Backlog<'_> {
    /// Recognises all pending rows and wakes the translator after each. Each row's text depends on
    /// its own sound alone, so it is the same with any number of recognisers.
    pub(super) fn recognise_all(
        &self,
        routes: &mut [SpeechRoute],
        only: Option<&InterviewId>,
        wake: &SyncSender<()>,
        stop: &AtomicBool,
    ) -> Result<Report, Error> {
        let mut store = Store::open(self.store)?;
        let pending = &store.pending_recognition(only, self.retry_failed)?[..];
        let mut others = self.divide(routes, pending.len());
        let next = &AtomicUsize::new(0);
        thread::scope(|scope| {
            // A recogniser whose finding waits to be written goes no further ahead than one line.
            let (found, findings) = sync_channel(others.len().saturating_add(1));
            for crew in std::iter::once(routes).chain(others.iter_mut().map(Vec::as_mut_slice)) {
                let found = found.clone();
                scope.spawn(move || {
                    while !stop.load(Ordering::Acquire) && !self.cancel.is_cancelled() {
                        let Some(row) = pending.get(next.fetch_add(1, Ordering::Relaxed)) else {
                            break;
                        };
                        let finding = guarded("the recogniser", || self.recognise_one(crew, row));
                        // The writer has gone: it has already said why.
                        if found.send((row, finding)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(found);
            self.write_down(&mut store, pending, findings.into_iter(), wake)
        })
    }

    /// Further sets of recognisers like `routes`, at most one for each pending row in all. Where one
    /// of the engines does not divide there are none.
    fn divide(&self, routes: &mut [SpeechRoute], rows: usize) -> Vec<Vec<SpeechRoute>> {
        let memory = self.memory / u64::try_from(routes.len()).unwrap_or(u64::MAX).max(1);
        let mut sets: Option<Vec<Vec<SpeechRoute>>> = None;
        for route in routes {
            let engines = route.engine.divide(self.cores.min(rows), memory);
            let sets = sets.get_or_insert_with(|| engines.iter().map(|_| Vec::new()).collect());
            sets.truncate(engines.len());
            for (set, engine) in sets.iter_mut().zip(engines) {
                set.push(SpeechRoute {
                    model: route.model.clone(),
                    languages: route.languages.clone(),
                    engine,
                    practice: route.practice,
                });
            }
        }
        sets.unwrap_or_default()
    }

    fn write_down<'p>(
        &self,
        store: &mut Store,
        pending: &[PendingUtterance],
        findings: impl Iterator<Item = (&'p PendingUtterance, Result<Hypothesis, Error>)>,
        wake: &SyncSender<()>,
    ) -> Result<Report, Error> {
        let total_ms = pending.iter().map(|p| p.span.duration_ms()).sum();
        let (mut report, mut done_ms) = (Report::default(), 0_u64);
        for (row, finding) in findings {
            match finding {
                Ok(hypothesis) => {
                    store.record_hypothesis(&row.interview, row.segment, &hypothesis)?;
                    report.recognised += 1;
                }
                // What the other recognisers have in hand may still end well.
                Err(e) if e.is_cancelled() => continue,
                // These concern one line; whatever else goes wrong concerns them all.
                Err(
                    e @ (Error::Speech(speech::Error::Engine { .. })
                    | Error::Audio(_)
                    | Error::Fault(_)),
                ) => {
                    store.record_failure(&row.interview, row.segment, &e.to_string())?;
                    report.failed += 1;
                    report.note(&e);
                }
                Err(e) => return Err(e),
            }
            // A full slot means that the translator has been told already.
            let _ = wake.try_send(());
            done_ms += row.span.duration_ms();
            (self.watcher)(Progress::Recognised {
                interview: row.interview.clone(),
                segment: row.segment,
                done_ms,
                total_ms,
            });
        }
        Ok(report)
    }

    fn recognise_one(
        &self,
        routes: &mut [SpeechRoute],
        row: &PendingUtterance,
    ) -> Result<Hypothesis, Error> {
        let working: PathBuf = self.recordings.join(&row.interview.0).join(&row.working);
        let pcm = audio::read_span(&working, row.span)?;
        let utterance = Utterance {
            channel: row.channel,
            span: row.span,
            pcm,
        };
        recognize(routes, &utterance, &row.languages, self.cancel)
    }
}
