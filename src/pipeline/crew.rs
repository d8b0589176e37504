//! The workers of a backlog: engines shared out to threads, and one line's work in their hands.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use crate::audio;
use crate::domain::{Hypothesis, InterviewId, Status, Translation, Utterance};
use crate::store::{PendingTranslation, PendingUtterance};

use super::backlog::InForce;
use super::board::{Board, Work};
use super::engines::recognize;
use super::{Backlog, Engines, Error, SourceLine, SpeechRoute, TranslationRoute, translate_line};

/// What a worker made of a line.
pub(super) struct Finding {
    pub work: Work,
    pub made: Result<Made, Error>,
}

/// A text or a translation.
pub(super) enum Made {
    Heard(Hypothesis),
    Translated(Translation),
}

/// The engines of a run and those made beside them for it.
pub(super) struct Crew<'e> {
    engines: &'e mut Engines,
    hearing: Vec<Vec<SpeechRoute>>,
    translating: Vec<Vec<TranslationRoute>>,
    /// Workers beside the first that do both, where both kinds of engine divide.
    both: usize,
}

/// The engines of one thread.
pub(super) struct Worker<'e> {
    hears: Option<&'e mut [SpeechRoute]>,
    translates: Option<&'e mut [TranslationRoute]>,
    /// Others work beside it on every core.
    one_core: bool,
}

impl Worker<'_> {
    /// Whether it hears, and whether it translates.
    pub fn does(&self) -> (bool, bool) {
        (self.hears.is_some(), self.translates.is_some())
    }
}

impl Crew<'_> {
    /// One worker a core where both kinds of engine divide: whatever is to do, every core has a
    /// part in it until the end. Recognisers that share cores have further workers, which only
    /// hear. Where the engines do not divide, one worker for each there is.
    pub fn workers(&mut self) -> Vec<Worker<'_>> {
        let Engines {
            speech,
            translation,
            ..
        } = &mut *self.engines;
        let both = self.both;
        let hearing =
            std::iter::once(&mut speech[..]).chain(self.hearing.iter_mut().map(Vec::as_mut_slice));
        let mut translating = std::iter::once(&mut translation[..])
            .chain(self.translating.iter_mut().map(Vec::as_mut_slice));
        if both > 0 {
            let worker = |hears| Worker {
                hears: Some(hears),
                translates: translating.next(),
                one_core: true,
            };
            return hearing.map(worker).collect();
        }
        let hears = hearing.map(|routes| Worker {
            hears: Some(routes),
            translates: None,
            one_core: false,
        });
        let translates = translating.map(|routes| Worker {
            hears: None,
            translates: Some(routes),
            one_core: false,
        });
        hears.chain(translates).collect()
    }
}

impl Backlog<'_> {
    /// Divides the engines for `spoken` utterances among `lines` lines in all.
    pub(super) fn crew<'e>(
        &self,
        engines: &'e mut Engines,
        spoken: usize,
        lines: usize,
    ) -> Crew<'e> {
        let mut hearing = Vec::new();
        let cores = self.cores.min(lines).max(1);
        let mut others = cores.saturating_sub(1);
        if spoken > 0 {
            hearing = self.divide(&mut engines.speech, cores);
            hearing.truncate(cores.max(spoken).saturating_sub(1));
            others = others.min(hearing.len());
        }
        let mut translating: Vec<Vec<TranslationRoute>> = Vec::new();
        for _ in 0..others {
            let Some(set) = engines
                .translation
                .iter()
                .map(TranslationRoute::beside)
                .collect()
            else {
                break;
            };
            translating.push(set);
        }
        if spoken == 0 {
            hearing = translating.iter().map(|_| Vec::new()).collect();
            others = translating.len();
        }
        Crew {
            both: if translating.len() == others {
                others
            } else {
                0
            },
            engines,
            hearing,
            translating,
        }
    }

    /// Further sets of recognisers like `routes`. Where one of the engines does not divide there
    /// are none.
    fn divide(&self, routes: &mut [SpeechRoute], cores: usize) -> Vec<Vec<SpeechRoute>> {
        let memory = self.memory / u64::try_from(routes.len()).unwrap_or(u64::MAX).max(1);
        let mut sets: Option<Vec<Vec<SpeechRoute>>> = None;
        for route in routes {
            let engines = route.engine.divide(cores, memory);
            let sets = sets.get_or_insert_with(|| engines.iter().map(|_| Vec::new()).collect());
            sets.truncate(engines.len());
            for (set, engine) in sets.iter_mut().zip(engines) {
                set.push(SpeechRoute {
                    model: route.model.clone(),
                    digest: route.digest.clone(),
                    languages: route.languages.clone(),
                    chosen_for: route.chosen_for.clone(),
                    engine,
                    practice: route.practice,
                    detects: route.detects.clone(),
                });
            }
        }
        sets.unwrap_or_default()
    }

    /// Takes lines from the board until there are no more, or nobody writes them down.
    pub(super) fn work(
        &self,
        worker: Worker<'_>,
        board: &Board<'_>,
        in_force: &HashMap<InterviewId, Arc<InForce>>,
        hand_in: &SyncSender<Finding>,
    ) {
        let mut worker = worker;
        // A matrix product that is spread over threads waits for the slowest of them, and the other
        // cores have lines of their own: here it stays on this thread for as long as `alone` lives.
        let alone = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .use_current_thread();
        let alone = worker.one_core.then(|| alone.build());
        let (hears, translates) = worker.does();
        while let Some(work) = board.next(hears, translates) {
            let made = match &work {
                Work::Recognise(row) => guarded("the recogniser", || {
                    let routes = worker.hears.as_deref_mut().unwrap_or_default();
                    self.recognise(routes, row).map(Made::Heard)
                }),
                Work::Translate(row) => guarded("the translator", || {
                    let routes = worker.translates.as_deref_mut().unwrap_or_default();
                    let own = in_force.get(&row.interview).map(Arc::as_ref);
                    self.translate(routes, own, row).map(Made::Translated)
                }),
            };
            // Where nobody takes it, the writer has gone and said why.
            if hand_in.send(Finding { work, made }).is_err() {
                break;
            }
        }
        drop(alone);
    }

    fn recognise(
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
        let among = (&row.languages[..], &row.speech_models);
        recognize(routes, &utterance, among, self.cancel)
    }

    fn translate(
        &self,
        routes: &mut [TranslationRoute],
        own: Option<&InForce>,
        row: &PendingTranslation,
    ) -> Result<Translation, Error> {
        let source = SourceLine {
            text: &row.text,
            pauses: &row.pauses,
            pair: row.pair,
        };
        let general = (self.glossary, &self.options);
        let (glossary, options) = own.map_or(general, |own| (&own.glossary, &own.options));
        let line = translate_line(routes, glossary, &source, options, self.cancel)?;
        Ok(Translation {
            lang: row.pair.to,
            text: line.text,
            engine: line.engine,
            status: Status::Machine,
            log_prob: Some(line.log_prob),
            terms: line.terms,
            flags: line.flags,
            of_version: row.version,
        })
    }
}

/// Runs the work on one line. A fault of the program on it must not keep the other lines from their
/// turn, now and on every resume.
fn guarded<T>(who: &'static str, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // An engine that was stopped in the middle starts its next line afresh.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Error::Fault(who)))
}
