//! The backlog: pending rows in, text and translations out. One thread recognises, one translates;
//! the store is the queue between them, so a kill at any moment loses no more than one line's work.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

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
/// The translator looks at the store this often even when nobody wakes it.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Lines recognised.
    pub recognised: u64,
    /// Lines that the recogniser failed on; they stay, marked as failed.
    pub failed: u64,
    /// Translations written.
    pub translated: u64,
    /// Translations that could not be made; they stay pending.
    pub untranslated: u64,
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
        let (heard, translated) = thread::scope(|scope| {
            let recogniser = scope.spawn(move || self.recognise_all(speech, only, &wake));
            let translator = scope.spawn(move || self.translate_all(translation, only, &woken));
            (recogniser.join(), translator.join())
        });
        let (recognised, failed) = heard.map_err(|_| Error::Worker("the recogniser"))??;
        let (translated, untranslated) =
            translated.map_err(|_| Error::Worker("the translator"))??;
        if self.cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        Ok(Report {
            recognised,
            failed,
            translated,
            untranslated,
        })
    }

    fn recognise_all(
        &self,
        routes: &mut [SpeechRoute],
        only: Option<&InterviewId>,
        wake: &SyncSender<()>,
    ) -> Result<(u64, u64), Error> {
        let mut store = Store::open(self.store)?;
        let pending = store.pending_recognition(only, self.retry_failed)?;
        let total_ms = pending.iter().map(|p| p.span.duration_ms()).sum();
        let (mut recognised, mut failed, mut done_ms) = (0, 0, 0_u64);
        for row in &pending {
            match self.recognise_one(routes, row) {
                Ok(hypothesis) => {
                    store.record_hypothesis(&row.interview, row.segment, &hypothesis)?;
                    recognised += 1;
                }
                Err(e) if e.is_cancelled() => return Ok((recognised, failed)),
                Err(Error::Speech(e)) => {
                    store.record_failure(&row.interview, row.segment, &e.to_string())?;
                    failed += 1;
                }
                Err(Error::Audio(e)) => {
                    store.record_failure(&row.interview, row.segment, &e.to_string())?;
                    failed += 1;
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
        Ok((recognised, failed))
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

    fn translate_all(
        &self,
        routes: &mut [TranslationRoute],
        only: Option<&InterviewId>,
        woken: &Receiver<()>,
    ) -> Result<(u64, u64), Error> {
        let mut store = Store::open(self.store)?;
        let mut skipped: HashSet<PendingTranslation> = HashSet::new();
        let mut done = 0;
        loop {
            // Ask before looking, so that a row written in between is seen by this look or the next.
            let recogniser_ended = matches!(
                woken.recv_timeout(LOOK_AGAIN),
                Err(RecvTimeoutError::Disconnected)
            );
            for row in store.pending_translation(only)? {
                if self.cancel.is_cancelled() {
                    return Ok((done, skipped.len() as u64));
                }
                if skipped.contains(&row) {
                    continue;
                }
                match self.translate_one(routes, &row) {
                    Ok(translation) => {
                        store.record_translation(&row.interview, row.segment, &translation)?;
                        done += 1;
                        (self.watcher)(Progress::Translated {
                            interview: row.interview.clone(),
                            segment: row.segment,
                            done,
                        });
                    }
                    Err(e) if e.is_cancelled() => return Ok((done, skipped.len() as u64)),
                    Err(Error::Translate(_) | Error::NoTranslator(_)) => {
                        skipped.insert(row);
                    }
                    Err(e) => return Err(e),
                }
            }
            if recogniser_ended {
                return Ok((done, skipped.len() as u64));
            }
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

// The engines cross into their threads and come back; this line fails to compile if one cannot.
const _: fn() = || {
    fn crosses_threads<T: Send>() {}
    crosses_threads::<Box<dyn speech::Recognizer>>();
    crosses_threads::<Box<dyn translate::Translator>>();
};
