//! The backlog with fakes at the two trait seams: what is written when engines fail, stop or lag.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::*;
use crate::domain::{
    Cancel, Channel, FlagKind, Hypothesis, InterviewId, Lang, LangPair, SamplePos, Span, Status,
    Utterance,
};
use crate::glossary::Glossary;
use crate::speech::{self, Recognizer};
use crate::store::{NewInterview, NewSegment, Store, Working};
use crate::translate::{self, DecodeOptions, Decoded, Translator};

pub(super) const LINES: u64 = 12;
const LINE_MS: u64 = 100;

/// Writes the start of the utterance as its text; fails on the starts it is told to.
#[derive(Clone)]
pub(super) struct FakeEar {
    fails_at: BTreeSet<u64>,
    cancels_at: Option<u64>,
    heard: Arc<Mutex<Vec<u64>>>,
    a_core: usize,
}

impl Recognizer for FakeEar {
    fn engine(&self) -> &str {
        "fake ear"
    }

    fn max_utterance_ms(&self) -> u64 {
        1000
    }

    fn recognize(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
    ) -> Result<Hypothesis, speech::Error> {
        let at = utterance.span.start.as_ms() / LINE_MS;
        if self.cancels_at == Some(at) {
            cancel.cancel();
        }
        if cancel.is_cancelled() {
            return Err(speech::Error::Cancelled);
        }
        self.heard.lock().unwrap().push(at);
        if self.fails_at.contains(&at) {
            return Err(speech::Error::Engine {
                step: "decoding",
                reason: "a fault on purpose".into(),
            });
        }
        assert_eq!(utterance.pcm.len() as u64, utterance.span.samples());
        Ok(Hypothesis {
            lang: among[0],
            text: format!("第{at}句"),
            confidence: 0.9,
            words: Vec::new(),
            flags: Vec::new(),
            engine: "fake ear".into(),
        })
    }

    fn divide(&mut self, cores: usize, _: u64) -> Vec<Box<dyn Recognizer>> {
        let another = |_| -> Box<dyn Recognizer> { Box::new(self.clone()) };
        (1..cores * self.a_core).map(another).collect()
    }
}

/// Writes the source in angle brackets; panics on the line it is told to, fails on another.
#[derive(Clone, Copy, Default)]
pub(super) struct FakeTongue {
    pub panics_at: Option<&'static str>,
    pub fails_at: Option<&'static str>,
}

impl Translator for FakeTongue {
    fn engine(&self) -> &str {
        "fake tongue"
    }

    fn supports(&self, _: LangPair) -> bool {
        true
    }

    fn translate(
        &mut self,
        text: &str,
        _: LangPair,
        _: &DecodeOptions,
        cancel: &Cancel,
    ) -> Result<Decoded, translate::Error> {
        if cancel.is_cancelled() {
            return Err(translate::Error::Cancelled);
        }
        assert_ne!(self.panics_at, Some(text), "a fault on purpose");
        if self.fails_at == Some(text) {
            return Err(translate::Error::Options("a fault on purpose".into()));
        }
        Ok(Decoded {
            text: format!("<{text}>"),
            token_ids: vec![1, 2],
            log_prob: -0.1,
            score: -0.1,
            truncated: false,
        })
    }

    fn beside(&self) -> Option<Box<dyn Translator>> {
        Some(Box::new(*self))
    }
}

pub(super) struct Bed {
    pub dir: tempfile::TempDir,
    pub id: InterviewId,
    pub cancel: Cancel,
    pub heard: Arc<Mutex<Vec<u64>>>,
    pub cores: usize,
    /// Recognisers that share each.
    pub a_core: usize,
}

impl Bed {
    /// A store with one interview of `LINES` pending lines over a working copy of noise.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let id = InterviewId("20260101-000000-000001".into());
        let folder = dir.path().join("recordings").join(&id.0);
        fs::create_dir_all(&folder).unwrap();
        write_wav(&folder.join("working-0.wav"), LINES * LINE_MS);
        let mut store = Store::open(&dir.path().join("store.sqlite3")).unwrap();
        let segments: Vec<NewSegment> = (0..LINES).map(segment).collect();
        store.create_interview(&interview(&id), &segments).unwrap();
        Self {
            dir,
            id,
            cancel: Cancel::new(),
            heard: Arc::default(),
            cores: 1,
            a_core: 1,
        }
    }

    pub fn store(&self) -> PathBuf {
        self.dir.path().join("store.sqlite3")
    }

    pub fn engines(
        &self,
        fails_at: &[u64],
        cancels_at: Option<u64>,
        pairs: &[LangPair],
    ) -> Engines {
        let ear = FakeEar {
            fails_at: fails_at.iter().copied().collect(),
            cancels_at,
            heard: Arc::clone(&self.heard),
            a_core: self.a_core,
        };
        Engines {
            speech: vec![SpeechRoute {
                model: "ear".into(),
                digest: "e".repeat(64),
                languages: vec![Lang::Zh],
                chosen_for: Vec::new(),
                engine: Box::new(ear),
                practice: true,
                detects: Vec::new(),
            }],
            translation: vec![TranslationRoute {
                model: "tongue".into(),
                digest: "f".repeat(64),
                pairs: pairs.to_vec(),
                engine: Box::new(FakeTongue::default()),
                practice: false,
                second: None,
            }],
            without: Vec::new(),
        }
    }

    pub fn run(&self, engines: Engines, retry_failed: bool) -> Result<Report, Error> {
        self.run_at(&self.id, engines, retry_failed)
    }

    /// The same for another interview.
    pub fn run_on(&self, id: &InterviewId, engines: Engines) -> Result<Report, Error> {
        self.run_at(id, engines, false)
    }

    fn run_at(
        &self,
        id: &InterviewId,
        mut engines: Engines,
        retry_failed: bool,
    ) -> Result<Report, Error> {
        let backlog = Backlog {
            store: &self.store(),
            recordings: &self.dir.path().join("recordings"),
            glossary: &Glossary::default(),
            options: LineOptions {
                decode: DecodeOptions::default(),
                raw: false,
                names: Arc::default(),
            },
            retry_failed,
            cores: self.cores,
            memory: 1 << 30,
            cancel: &self.cancel,
            watcher: &|_| {},
        };
        backlog.run(&mut engines, Some(id))
    }

    pub fn statuses(&self) -> Vec<Status> {
        let store = Store::open(&self.store()).unwrap();
        store
            .segments(&self.id)
            .unwrap()
            .iter()
            .map(|s| s.status)
            .collect()
    }
}

pub(super) fn interview(id: &InterviewId) -> NewInterview {
    NewInterview {
        id: id.clone(),
        case: None,
        languages: vec![Lang::Zh, Lang::Vi],
        started: "2026-01-01T00:00:00Z".into(),
        duration_ms: LINES * LINE_MS,
        audio: Vec::new(),
        channels: vec![Channel {
            index: 0,
            speaker: "officer".into(),
            languages: vec![Lang::Zh],
            speech_models: Default::default(),
        }],
        working: vec![Working {
            channel: 0,
            file: "working-0.wav".into(),
            sha256: None,
        }],
        notes: Vec::new(),
        asked: None,
    }
}

pub(super) fn segment(n: u64) -> NewSegment {
    NewSegment {
        channel: 0,
        speaker: "officer".into(),
        span: Span::new(
            SamplePos::from_ms(n * LINE_MS),
            SamplePos::from_ms((n + 1) * LINE_MS),
        ),
        lang: Lang::Zh,
        flags: Vec::new(),
    }
}

/// A mono 16 kHz 16-bit WAV of a quiet ramp, written by hand: only audio/ names a WAV library.
pub(super) fn write_wav(path: &Path, ms: u64) {
    let samples = u32::try_from(ms * 16).unwrap();
    let mut bytes = Vec::new();
    bytes.extend(b"RIFF");
    bytes.extend((36 + samples * 2).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(16_000_u32.to_le_bytes());
    bytes.extend(32_000_u32.to_le_bytes());
    bytes.extend(b"\x02\0\x10\0data");
    bytes.extend((samples * 2).to_le_bytes());
    for n in 0..samples {
        bytes.extend(i16::try_from(n % 100).unwrap().to_le_bytes());
    }
    fs::write(path, bytes).unwrap();
}

pub(super) const ZH_VI: LangPair = LangPair::new(Lang::Zh, Lang::Vi);

#[test]
fn every_pending_row_gets_text_and_translation_and_says_who_wrote_it() {
    let bed = Bed::new();
    let report = bed.run(bed.engines(&[], None, &[ZH_VI]), false).unwrap();
    assert_eq!((report.recognised, report.translated), (LINES, LINES));
    assert_eq!((report.failed, report.untranslated), (0, 0));
    let store = Store::open(&bed.store()).unwrap();
    for (n, s) in store.segments(&bed.id).unwrap().iter().enumerate() {
        assert_eq!(
            (s.text.as_str(), s.status),
            (format!("第{n}句").as_str(), Status::Machine)
        );
        assert!(s.flags.iter().any(|f| f.kind == FlagKind::PracticeModel));
        let [t] = &s.translations[..] else {
            panic!("one translation")
        };
        assert_eq!(
            (t.lang, t.text.as_str()),
            (Lang::Vi, format!("<第{n}句>").as_str())
        );
        assert_eq!(t.engine, "fake tongue");
    }
}

#[test]
fn a_line_that_fails_is_marked_and_stops_no_other() {
    let bed = Bed::new();
    let report = bed
        .run(bed.engines(&[3, 7], None, &[ZH_VI]), false)
        .unwrap();
    assert_eq!(
        (report.recognised, report.failed, report.translated),
        (10, 2, 10)
    );
    let failed: Vec<usize> = (0..12)
        .filter(|i| bed.statuses()[*i] == Status::Failed)
        .collect();
    assert_eq!(failed, [3, 7]);
    // Not tried again unasked; tried again when asked.
    assert_eq!(
        bed.run(bed.engines(&[], None, &[ZH_VI]), false).unwrap(),
        Report::default()
    );
    let again = bed.run(bed.engines(&[], None, &[ZH_VI]), true).unwrap();
    assert_eq!((again.recognised, again.translated), (2, 2));
    assert!(bed.statuses().iter().all(|s| *s == Status::Machine));
}

#[test]
fn a_cancel_keeps_the_rest_pending_and_the_next_run_does_only_that() {
    let bed = Bed::new();
    let stopped = bed.run(bed.engines(&[], Some(5), &[ZH_VI]), false);
    assert!(stopped.unwrap_err().is_cancelled());
    let pending = bed
        .statuses()
        .iter()
        .filter(|s| **s == Status::Pending)
        .count();
    assert_eq!(pending, 7);
    let rest = Bed {
        cancel: Cancel::new(),
        ..bed
    };
    rest.heard.lock().unwrap().clear();
    let report = rest.run(rest.engines(&[], None, &[ZH_VI]), false).unwrap();
    assert_eq!(report.recognised, 7);
    assert_eq!(*rest.heard.lock().unwrap(), (5..12).collect::<Vec<u64>>());
    let store = Store::open(&rest.store()).unwrap();
    assert!(store.pending_translation(None).unwrap().is_empty());
}

#[test]
fn a_direction_without_a_model_stays_pending_and_is_counted() {
    let bed = Bed::new();
    let report = bed.run(bed.engines(&[], None, &[]), false).unwrap();
    assert_eq!(
        (report.recognised, report.translated, report.untranslated),
        (LINES, 0, LINES)
    );
    let later = bed.run(bed.engines(&[], None, &[ZH_VI]), false).unwrap();
    assert_eq!((later.recognised, later.translated), (0, LINES));
}

#[test]
fn sound_that_is_missing_fails_its_lines_and_says_so() {
    let bed = Bed::new();
    let folder = bed.dir.path().join("recordings").join(&bed.id.0);
    fs::remove_file(folder.join("working-0.wav")).unwrap();
    let report = bed.run(bed.engines(&[], None, &[ZH_VI]), false).unwrap();
    assert_eq!((report.recognised, report.failed), (0, LINES));
    assert!(bed.statuses().iter().all(|s| *s == Status::Failed));
}

fn plan(id: &str) -> IntakePlan {
    IntakePlan {
        id: InterviewId(id.into()),
        case: None,
        languages: vec![Lang::Zh, Lang::Vi],
        channels: Vec::new(),
        started: "2026-01-01T00:00:00Z".into(),
        original_name: "tape.wav".into(),
        max_utterance_ms: 7000.into(),
        again: false,
        speech_models: Vec::new(),
        asked: None,
    }
}

#[test]
fn a_file_that_is_no_sound_leaves_nothing_behind() {
    let bed = Bed::new();
    let recordings = bed.dir.path().join("recordings");
    let before: Vec<_> = fs::read_dir(&recordings)
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .collect();
    let bad = bed.dir.path().join("report.wav");
    fs::write(&bad, b"%PDF-1.7 this is no sound").unwrap();
    let mut store = Store::open(&bed.store()).unwrap();
    let intake = Intake {
        recordings: &recordings,
        cancel: &bed.cancel,
        watcher: &|_| {},
    };
    let result = intake_file(&intake, &mut store, &bad, &plan("20260101-000000-000002"));
    assert!(matches!(result, Err(Error::Audio(_))), "{result:?}");
    let after: Vec<_> = fs::read_dir(&recordings)
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .collect();
    assert_eq!(before, after);
    assert_eq!(store.list(None).unwrap().len(), 1);
}

#[test]
fn an_intake_that_was_killed_after_the_copy_is_taken_up_again() {
    let bed = Bed::new();
    let recordings = bed.dir.path().join("recordings");
    let tape = bed.dir.path().join("tape.wav");
    write_wav(&tape, 60_000);
    let mut store = Store::open(&bed.store()).unwrap();
    // A cancel during decoding stands for the kill: the copy and its plan stay.
    let cancel = bed.cancel.clone();
    let stop_at_decoding = |p: Progress| {
        if matches!(
            p,
            Progress::Step {
                step: Step::Decoding,
                ..
            }
        ) {
            cancel.cancel();
        }
    };
    let intake = Intake {
        recordings: &recordings,
        cancel: &bed.cancel,
        watcher: &stop_at_decoding,
    };
    let id = "20260101-000000-000003";
    let result = intake_file(&intake, &mut store, &tape, &plan(id));
    let waiting = unfinished_intakes(&recordings);
    assert!(result.unwrap_err().is_cancelled());
    assert_eq!(waiting.len(), 1);
    let told = interrupted_intakes(&recordings);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].id.as_ref().unwrap().0, id);
    assert_eq!(told[0].original_name, "tape.wav");
    // And a copy that never got its plan is swept away.
    fs::create_dir(recordings.join(".incoming-half")).unwrap();
    assert_eq!(unfinished_intakes(&recordings).len(), 1);
    assert!(!recordings.join(".incoming-half").exists());
    let fresh = Cancel::new();
    let intake = Intake {
        recordings: &recordings,
        cancel: &fresh,
        watcher: &|_| {},
    };
    let received = resume_intake(&intake, &mut store, &waiting[0]).unwrap();
    assert_eq!(received.id.0, id);
    assert!(recordings.join(id).join("original.wav").is_file());
    assert!(unfinished_intakes(&recordings).is_empty());
    assert!(interrupted_intakes(&recordings).is_empty());
    assert_eq!(
        store.interview(&received.id).unwrap().audio[0].sha256.len(),
        64
    );
}

#[test]
fn more_channels_named_than_there_are_is_refused() {
    let bed = Bed::new();
    let recordings = bed.dir.path().join("recordings");
    let tape = bed.dir.path().join("tape.wav");
    write_wav(&tape, 500);
    let mut store = Store::open(&bed.store()).unwrap();
    let intake = Intake {
        recordings: &recordings,
        cancel: &bed.cancel,
        watcher: &|_| {},
    };
    let mut plan = plan("20260101-000000-000004");
    plan.channels = vec![("a".into(), vec![Lang::Zh]), ("b".into(), vec![Lang::Vi])];
    let result = intake_file(&intake, &mut store, &tape, &plan);
    assert!(matches!(
        result,
        Err(Error::Channels { named: 2, found: 1 })
    ));
    assert!(unfinished_intakes(&recordings).is_empty());
}
