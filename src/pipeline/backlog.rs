//! The backlog: pending rows in, text and translations out. Some threads recognise, one translates;
//! the store is the queue between them, so a kill at any moment loses no more than the lines in hand.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use crate::domain::{Cancel, InterviewId, Translation};
use crate::glossary::Glossary;
use crate::speech;
use crate::store::{PendingTranslation, Store};
use crate::translate;

use super::{Engines, Error, LineOptions, Progress, TranslationRoute, Watcher, translate_line};

/// Wake calls between the two threads. They carry nothing: a lost one costs a moment, not a line.
const WAKE_SLOTS: usize = 1;

/// What one run of the backlog needs.
pub struct Backlog<'a> {
    /// The database; each thread opens its own connection.
    pub store: &'a Path,
    /// The folder with one folder an interview.
    pub recordings: &'a Path,
    /// The terms to check.
    pub glossary: &'a Glossary,
    /// How lines are translated.
    pub options: LineOptions,
    /// Also try again what failed before.
    pub retry_failed: bool,
    /// Cores that recognition may keep busy.
    pub cores: usize,
    /// Bytes that recognisers beside the first may take.
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
    /// The first error that concerns more than one line: the store, a missing engine, a cancel.
    /// A line that an engine fails on is marked and does not stop the others.
    pub fn run(&self, engines: &mut Engines, only: Option<&InterviewId>) -> Result<Report, Error> {
        let Engines {
            speech,
            translation,
        } = engines;
        let (wake, woken) = sync_channel(WAKE_SLOTS);
        let stop = &AtomicBool::new(false);
        let (heard, translated) = thread::scope(|scope| {
            let recogniser = scope
                .spawn(move || raising(stop, || self.recognise_all(speech, only, &wake, stop)));
            let translator = scope.spawn(move || {
                raising(stop, || self.translate_all(translation, only, &woken, stop))
            });
            (recogniser.join(), translator.join())
        });
        let heard = heard.map_err(|_| Error::Worker("the recogniser"))??;
        let translated = translated.map_err(|_| Error::Worker("the translator"))??;
        if self.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        Ok(Report {
            recognised: heard.recognised,
            failed: heard.failed,
            translated: translated.translated,
            untranslated: translated.untranslated,
            reason: heard.reason.or(translated.reason),
        })
    }

    /// Looks at the store whenever it is woken, and once more when the recogniser has ended.
    fn translate_all(
        &self,
        routes: &mut [TranslationRoute],
        only: Option<&InterviewId>,
        woken: &Receiver<()>,
        stop: &AtomicBool,
    ) -> Result<Report, Error> {
        let mut store = Store::open(self.store)?;
        let mut skipped: HashSet<PendingTranslation> = HashSet::new();
        let mut report = Report::default();
        let mut recogniser_ended = false;
        loop {
            // Without a model nothing can be done before the end but count.
            let mut rows = if recogniser_ended || !routes.is_empty() {
                store.pending_translation(only)?
            } else {
                Vec::new()
            };
            // What failed before comes last, after all that has not been tried yet.
            if recogniser_ended && self.retry_failed {
                rows.extend(store.failed_translation(only)?);
            }
            for row in rows {
                if self.cancel.is_cancelled() || stop.load(Ordering::Acquire) {
                    return Ok(report);
                }
                if skipped.contains(&row) {
                    continue;
                }
                match self.translate_one(routes, &row) {
                    Ok(translation) => {
                        store.record_translation(&row.interview, row.segment, &translation)?;
                        report.translated += 1;
                        (self.watcher)(Progress::Translated {
                            interview: row.interview.clone(),
                            segment: row.segment,
                            done: report.translated,
                        });
                    }
                    Err(e) if e.is_cancelled() => return Ok(report),
                    // These concern one line; whatever else goes wrong concerns them all.
                    Err(e @ (Error::Translate(_) | Error::Fault(_))) => {
                        store.record_translation_failure(&row, &e.to_string())?;
                        report.untranslated += 1;
                        report.note(&e);
                        skipped.insert(row);
                    }
                    Err(e @ Error::NoTranslator(_)) => {
                        report.untranslated += 1;
                        report.note(&e);
                        skipped.insert(row);
                    }
                    Err(e) => return Err(e),
                }
            }
            if recogniser_ended {
                return Ok(report);
            }
            recogniser_ended = woken.recv().is_err();
        }
    }

    fn translate_one(
        &self,
        routes: &mut [TranslationRoute],
        row: &PendingTranslation,
    ) -> Result<Translation, Error> {
        let line = guarded("the translator", || {
            translate_line(
                routes,
                self.glossary,
                &row.text,
                row.pair,
                &self.options,
                self.cancel,
            )
        })?;
        Ok(Translation {
            lang: row.pair.to,
            text: line.text,
            engine: line.engine,
            log_prob: Some(line.log_prob),
            terms: line.terms,
            flags: line.flags,
            of_version: row.version,
        })
    }
}

/// Runs one worker; an error of its stops the other at its next line.
fn raising<T>(stop: &AtomicBool, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    let result = work();
    if result.is_err() {
        stop.store(true, Ordering::Release);
    }
    result
}

/// Runs the work on one line. A fault of the program on it must not keep the other lines from their
/// turn, now and on every resume.
pub(super) fn guarded<T>(
    who: &'static str,
    work: impl FnOnce() -> Result<T, Error>,
) -> Result<T, Error> {
    // An engine that was stopped in the middle starts its next line afresh.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::Fault(who)))
}

// The engines cross into their threads and come back; this line fails to compile if one cannot.
const _: fn() = || {
    fn crosses_threads<T: Send>() {}
    crosses_threads::<Box<dyn speech::Recognizer>>();
    crosses_threads::<Box<dyn translate::Translator>>();
};
