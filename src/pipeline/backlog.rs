//! The backlog: pending rows in, text and translations out. One thread recognises, one translates;
//! the store is the queue between them, so a kill at any moment loses no more than one line's work.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use crate::audio;
use crate::domain::{Cancel, Hypothesis, InterviewId, Translation, Utterance};
use crate::glossary::Glossary;
use crate::speech;
use crate::store::{PendingTranslation, PendingUtterance, Store};
use crate::translate;

use super::engines::recognize;
use super::{
    Engines, Error, LineOptions, Progress, SpeechRoute, TranslationRoute, Watcher, translate_line,
};

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
    /// Translations that could not be made; they stay pending.
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

    fn recognise_all(
        &self,
        routes: &mut [SpeechRoute],
        only: Option<&InterviewId>,
        wake: &SyncSender<()>,
        stop: &AtomicBool,
    ) -> Result<Report, Error> {
        let mut store = Store::open(self.store)?;
        let pending = store.pending_recognition(only, self.retry_failed)?;
        let total_ms = pending.iter().map(|p| p.span.duration_ms()).sum();
        let (mut report, mut done_ms) = (Report::default(), 0_u64);
        for row in &pending {
            if stop.load(Ordering::Acquire) {
                break;
            }
            match self.recognise_one(routes, row) {
                Ok(hypothesis) => {
                    store.record_hypothesis(&row.interview, row.segment, &hypothesis)?;
                    report.recognised += 1;
                }
                Err(e) if e.is_cancelled() => break,
                // These concern one line; whatever else goes wrong concerns them all.
                Err(e @ (Error::Speech(speech::Error::Engine { .. }) | Error::Audio(_))) => {
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
        if self.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let working: PathBuf = self.recordings.join(&row.interview.0).join(&row.working);
        let pcm = audio::read_span(&working, row.span)?;
        let utterance = Utterance {
            channel: row.channel,
            span: row.span,
            pcm,
        };
        recognize(routes, &utterance, &row.languages, self.cancel)
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
            let rows = if recogniser_ended || !routes.is_empty() {
                store.pending_translation(only)?
            } else {
                Vec::new()
            };
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
                    Err(e @ (Error::Translate(_) | Error::NoTranslator(_))) => {
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
        let line = translate_line(
            routes,
            self.glossary,
            &row.text,
            row.pair,
            &self.options,
            self.cancel,
        )?;
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

// The engines cross into their threads and come back; this line fails to compile if one cannot.
const _: fn() = || {
    fn crosses_threads<T: Send>() {}
    crosses_threads::<Box<dyn speech::Recognizer>>();
    crosses_threads::<Box<dyn translate::Translator>>();
};
