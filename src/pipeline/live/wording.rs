//! Writes the words of a live session: recognises lines as they are stored, previews of what is being
//! said when there is nothing better to do, and translates beside it.

use std::collections::{BTreeMap, HashSet};
use std::hash::Hash;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::audio;
use crate::domain::{
    Hypothesis, InterviewId, SamplePos, SegmentId, SpeechModels, Status, Translation, Utterance,
};
use crate::pipeline::engines::{hearers, recognize, translators};
use crate::pipeline::{SourceLine, translate_line};
use crate::speech;
use crate::store::{self, PendingTranslation, PendingUtterance, Store};

use super::listening::take_preview;
use super::{
    Engines, Error, LineStep, LiveEvent, LoadEngines, Preview, Report, Shared, WAKE_SLOTS,
};
use crate::pipeline::{SpeechRoute, TranslationRoute};

/// A wake call that was lost costs at most this.
const PATIENCE: Duration = Duration::from_millis(250);
/// How often each of the two begins, and how long after it broke off.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);
/// What a person is told when one of the two broke off and begins anew.
const AGAIN: &str =
    "The recording goes on, and the text too. 'mekong resume' writes what is missing later.";
/// What a person is told when the engines fail.
pub(super) const LATER: &str = "The recording goes on. 'mekong resume' writes the text later.";

/// Works until all lines have their words, or nobody wants them any more.
pub(super) fn run(shared: &Shared, load: LoadEngines, woken: Receiver<()>) -> (Engines, Report) {
    let mut engines = Engines::default();
    let mut report = Report::default();
    let loading = panic::catch_unwind(AssertUnwindSafe(|| load(&shared.give_up)));
    match loading.unwrap_or(Err(Error::Worker("the loading of the models"))) {
        Ok(loaded) => {
            engines = loaded;
            // Each for itself: the text of the others is written.
            for why in &engines.without {
                shared.alarm(&Error::Engines(why.clone()), LATER);
            }
            report = word(shared, &mut engines, woken);
            if let Some(why) = engines.without.first() {
                report.note(&Error::Engines(why.clone()));
            }
        }
        // Whoever gave up the text while models were loaded knows it.
        Err(_) if shared.give_up.is_cancelled() => {}
        Err(e) => {
            report.note(&e);
            shared.alarm(&e, LATER);
        }
    }
    // Whatever became of the text, the recording goes on until it is over.
    let over = |flag: &AtomicBool| flag.load(Ordering::Acquire);
    while !(over(&shared.record_over) && over(&shared.lines_over)) {
        thread::sleep(PATIENCE);
    }
    shared.tell(LiveEvent::Ended);
    (engines, report)
}

fn word(shared: &Shared, engines: &mut Engines, woken: Receiver<()>) -> Report {
    let Engines {
        speech,
        translation,
        ..
    } = engines;
    let (wake, translator_woken) = sync_channel(WAKE_SLOTS);
    let recognised_all = &AtomicBool::new(false);
    let (heard, translated) = thread::scope(|scope| {
        let recogniser = scope.spawn(move || {
            // Also where it breaks: else the translator waits for ever.
            let _over = Raised(recognised_all);
            let mut work = Work::default();
            told(shared, "the recogniser", &mut work, |work| {
                recognise_all(shared, speech, work, &woken, &wake)
            });
            work.report
        });
        let translator = scope.spawn(move || {
            let mut work = Work::default();
            told(shared, "the translator", &mut work, |work| {
                translate_all(shared, translation, work, &translator_woken, recognised_all)
            });
            work.report
        });
        (recogniser.join(), translator.join())
    });
    let mut report = Report::default();
    let mut add = |who, part: thread::Result<Report>| {
        let Ok(part) = part else {
            return report.note(&Error::Worker(who));
        };
        report.recognised += part.recognised;
        report.failed += part.failed;
        report.unheard += part.unheard;
        report.translated += part.translated;
        report.untranslated += part.untranslated;
        report.reason = report.reason.take().or(part.reason);
    };
    // Where it broke off, nothing takes the place of what was shown of an utterance.
    for channel in &shared.channels {
        shared.tell(LiveEvent::Committed {
            channel: channel.index,
            until: SamplePos(u64::MAX),
        });
    }
    add("the recogniser", heard);
    add("the translator", translated);
    report
}

/// What one of the two has done, also where it broke off and began anew.
struct Work<Row> {
    report: Report,
    /// What it left for `resume`.
    skipped: HashSet<Row>,
    /// What it is at: left out where it breaks on it.
    at: Option<Row>,
    /// Milliseconds of sound of the utterance that it is at.
    sound_ms: u64,
    /// What was told of models that are not there.
    missing: HashSet<String>,
}

impl<Row> Default for Work<Row> {
    fn default() -> Self {
        Self {
            report: Report::default(),
            skipped: HashSet::new(),
            at: None,
            sound_ms: 0,
            missing: HashSet::new(),
        }
    }
}

/// Does the work of one of the two, and tells at once where it breaks off: the other one goes on. It
/// begins anew some times, without the row on which it fell; a store that others keep busy is waited for.
fn told<Row: Eq + Hash>(
    shared: &Shared,
    who: &'static str,
    work: &mut Work<Row>,
    mut act: impl FnMut(&mut Work<Row>) -> Result<(), Error>,
) {
    let (mut left, mut waits) = (TRIES, false);
    loop {
        let done = panic::catch_unwind(AssertUnwindSafe(|| act(work)));
        let fell = done.is_err();
        let Err(e) = done.unwrap_or(Err(Error::Worker(who))) else {
            // It began anew and nothing is missing: nothing is left to be told of.
            if work.skipped.is_empty() && work.report.failed == 0 {
                work.report.reason = None;
            }
            return;
        };
        if e.is_cancelled() || shared.give_up.is_cancelled() {
            return;
        }
        let at = work.at.take();
        if fell && let Some(row) = at {
            work.skipped.insert(row);
            // What nobody hears any more is not behind: else no preview would be worth its time again.
            shared
                .recognised_ms
                .fetch_add(work.sound_ms, Ordering::Relaxed);
        }
        let busy = matches!(e, Error::Store(store::Error::Busy));
        if busy && !std::mem::replace(&mut waits, true) {
            shared.alarm(&e, AGAIN);
        }
        // Once the sound is over nobody waits for another program without end.
        if !busy || shared.lines_over.load(Ordering::Acquire) {
            work.report.note(&e);
            left -= 1;
            shared.alarm(&e, if left > 0 { AGAIN } else { LATER });
        }
        if left == 0 {
            return;
        }
        thread::sleep(if busy { PATIENCE } else { PAUSE });
    }
}

/// Raises a flag when it is dropped, however that comes about.
struct Raised<'a>(&'a AtomicBool);

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// The last preview of a channel that was settled: if its utterance becomes a line, its text is the
/// line's.
struct Ahead {
    preview: Preview,
    hypothesis: Hypothesis,
}

fn recognise_all(
    shared: &Shared,
    routes: &mut [SpeechRoute],
    work: &mut Work<SegmentId>,
    woken: &Receiver<()>,
    wake: &SyncSender<()>,
) -> Result<(), Error> {
    let mut store = shared.open_store()?;
    store.set_glossary(shared.place.glossary.digest());
    store.set_makers(hearers(routes));
    let mut ahead: BTreeMap<u16, Ahead> = BTreeMap::new();
    loop {
        let over = shared.lines_over.load(Ordering::Acquire);
        for row in store.pending_recognition(Some(&shared.id), false)? {
            if shared.give_up.is_cancelled() {
                return Ok(());
            }
            if work.skipped.contains(&row.segment) {
                continue;
            }
            (work.at, work.sound_ms) = (Some(row.segment), row.span.duration_ms());
            let report = &mut work.report;
            match recognise_row(shared, &mut store, routes, &row, &mut ahead, report) {
                Ok(()) => {}
                // It waits for a model; other channels have theirs.
                Err(e @ (Error::NoRecognizer(_) | Error::NoChosen { .. })) => {
                    // Once for each model that is not there.
                    if work.missing.insert(e.to_string()) {
                        shared.alarm(&e, LATER);
                    }
                    work.report.note(&e);
                    work.report.unheard += 1;
                    work.skipped.insert(row.segment);
                    // Else no preview of the others would be worth its time.
                    let done = row.span.duration_ms();
                    shared.recognised_ms.fetch_add(done, Ordering::Relaxed);
                }
                Err(e) => return Err(e),
            }
            work.at = None;
            let _ = wake.try_send(()); // a full slot means that it has been told
        }
        if over {
            return Ok(());
        }
        if let Some((preview, cancel)) = take_preview(shared) {
            let begun = Instant::now();
            let heard = hear(shared, routes, preview.channel, preview.span, &cancel);
            shared.previews().running = None;
            match heard {
                Ok(hypothesis) => {
                    let cost = begun.elapsed().as_millis();
                    let cost = u64::try_from(cost).unwrap_or(u64::MAX);
                    shared.preview_cost_ms.store(cost, Ordering::Relaxed);
                    shared.tell(LiveEvent::Partial {
                        channel: preview.channel,
                        span: preview.span,
                        text: hypothesis.text.clone(),
                    });
                    if preview.settled {
                        let known = Ahead {
                            preview,
                            hypothesis,
                        };
                        ahead.insert(preview.channel, known);
                    }
                }
                // A preview is no part of the record: the line that follows tells of a failure.
                Err(_) => shared.preview_cost_ms.store(1000, Ordering::Relaxed),
            }
            continue;
        }
        if woken.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Disconnected) {
            // Whoever cuts lines has gone, and says so itself.
            thread::sleep(PATIENCE);
        }
    }
}

fn recognise_row(
    shared: &Shared,
    store: &mut Store,
    routes: &mut [SpeechRoute],
    row: &PendingUtterance,
    ahead: &mut BTreeMap<u16, Ahead>,
    report: &mut Report,
) -> Result<(), Error> {
    let fits = |known: &Ahead| known.preview.span == row.span;
    let known = match ahead.get(&row.channel).is_some_and(fits) {
        true => ahead.remove(&row.channel),
        false => None,
    };
    let heard = match known {
        Some(ahead) => Ok(ahead.hypothesis),
        None => hear(shared, routes, row.channel, row.span, &shared.give_up),
    };
    match heard {
        Ok(hypothesis) => {
            store.record_hypothesis(&row.interview, row.segment, &hypothesis)?;
            report.recognised += 1;
            if !hypothesis.text.is_empty()
                && let Some(texts) = shared.texts_on(row.channel)
            {
                texts.fetch_add(1, Ordering::Relaxed);
            }
        }
        // These concern one line; whatever else goes wrong concerns them all.
        Err(e @ (Error::Speech(speech::Error::Engine { .. }) | Error::Audio(_)))
            if !e.is_cancelled() =>
        {
            store.record_failure(&row.interview, row.segment, &e.to_string())?;
            report.failed += 1;
            report.note(&e);
        }
        Err(e) => return Err(e),
    }
    shared.tell(LiveEvent::Committed {
        channel: row.channel,
        until: row.span.end,
    });
    let done = row.span.duration_ms();
    shared.recognised_ms.fetch_add(done, Ordering::Relaxed);
    shared.tell(LiveEvent::Line {
        segment: row.segment,
        step: LineStep::Recognised,
    });
    Ok(())
}

fn hear(
    shared: &Shared,
    routes: &mut [SpeechRoute],
    channel: u16,
    span: crate::domain::Span,
    cancel: &crate::domain::Cancel,
) -> Result<Hypothesis, Error> {
    let known = shared.channels.iter().find(|c| c.index == channel);
    let working = shared.folder().join(format!("working-{channel}.wav"));
    let pcm = audio::read_span(&working, span)?;
    let utterance = Utterance { channel, span, pcm };
    let own = known.map(|c| (c.languages.as_slice(), &c.speech_models));
    let nothing = (&[][..], &SpeechModels::new());
    recognize(routes, &utterance, own.unwrap_or(nothing), cancel)
}

fn translate_all(
    shared: &Shared,
    routes: &mut [TranslationRoute],
    work: &mut Work<PendingTranslation>,
    woken: &Receiver<()>,
    recognised_all: &AtomicBool,
) -> Result<(), Error> {
    let mut store = shared.open_store()?;
    store.set_glossary(shared.place.glossary.digest());
    store.set_makers(translators(routes));
    loop {
        let last = recognised_all.load(Ordering::Acquire);
        for row in store.pending_translation(Some(&shared.id))? {
            if shared.give_up.is_cancelled() {
                return Ok(());
            }
            if work.skipped.contains(&row) {
                continue;
            }
            work.at = Some(row.clone());
            match translate_row(shared, &mut store, routes, &shared.id, &row) {
                Ok(()) => work.report.translated += 1,
                Err(e @ (Error::Translate(_) | Error::NoTranslator(_))) if !e.is_cancelled() => {
                    work.report.untranslated += 1;
                    work.report.note(&e);
                    // Once for a pair of languages: it is told while somebody can do something.
                    if work.skipped.iter().all(|known| known.pair != row.pair) {
                        shared.alarm(&e, LATER);
                    }
                    work.skipped.insert(row);
                }
                Err(e) => return Err(e),
            }
            work.at = None;
        }
        if last {
            return Ok(());
        }
        let _ = woken.recv_timeout(PATIENCE); // woken or not: the store is asked again
    }
}

fn translate_row(
    shared: &Shared,
    store: &mut Store,
    routes: &mut [TranslationRoute],
    id: &InterviewId,
    row: &PendingTranslation,
) -> Result<(), Error> {
    let place = &shared.place;
    let source = SourceLine {
        text: &row.text,
        pauses: &row.pauses,
        pair: row.pair,
    };
    let line = translate_line(
        routes,
        &place.glossary,
        &source,
        &place.options,
        &shared.give_up,
    )?;
    let translation = Translation {
        lang: row.pair.to,
        text: line.text,
        engine: line.engine,
        status: Status::Machine,
        log_prob: Some(line.log_prob),
        terms: line.terms,
        flags: line.flags,
        of_version: row.version,
    };
    store.record_translation(id, row.segment, &translation)?;
    shared.tell(LiveEvent::Line {
        segment: row.segment,
        step: LineStep::Translated,
    });
    Ok(())
}
