//! A whole session in one process: a sound file as the microphone, fakes at the two engines' traits.
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::audio::{
    AudioSource, PracticeFile, RecorderPlan, SharedChain, SystemDisk, sleep_clock, system_clock,
};
use crate::domain::{EventKind, Hypothesis, Lang, LangPair, Status, Utterance};
use crate::pipeline::{Backlog, SpeechRoute, TranslationRoute};
use crate::speech::{self, Recognizer};
use crate::store::Store;
use crate::translate::{self, DecodeOptions, Decoded, Translator};

/// How an ear does.
#[derive(Clone)]
pub(super) enum Mood {
    Well,
    Fails,
    /// On one channel.
    FailsOn(u16),
    Breaks,
    /// At the first utterance only.
    BreaksOnce(Arc<AtomicBool>),
    /// At the first that stands as a line in this store; until then it refuses previews.
    BreaksOnLine(PathBuf, InterviewId, Arc<AtomicBool>),
    /// Until the flag is raised, whatever it is told.
    Hangs(Arc<AtomicBool>),
}

/// Writes where the utterance begins, if its mood lets it.
struct Ear(Mood);

impl Recognizer for Ear {
    fn engine(&self) -> &str {
        "fake ear"
    }

    fn max_utterance_ms(&self) -> u64 {
        7000
    }

    fn recognize(
        &mut self,
        utterance: &Utterance,
        among: &[Lang],
        cancel: &Cancel,
    ) -> Result<Hypothesis, speech::Error> {
        if cancel.is_cancelled() {
            return Err(speech::Error::Cancelled);
        }
        match &self.0 {
            Mood::Well => {}
            Mood::FailsOn(channel) if *channel != utterance.channel => {}
            Mood::Fails | Mood::FailsOn(_) => {
                return Err(speech::Error::Engine {
                    step: "listening",
                    reason: "a fault on purpose".into(),
                });
            }
            Mood::Breaks => panic!("a fault on purpose"),
            Mood::BreaksOnce(done) if !done.swap(true, Ordering::AcqRel) => {
                panic!("a fault on purpose")
            }
            Mood::BreaksOnLine(store, id, done) if !done.load(Ordering::Acquire) => {
                let lines = Store::open(store).unwrap().segments(id).unwrap();
                if lines.iter().any(|line| line.span == utterance.span) {
                    done.store(true, Ordering::Release);
                    panic!("a fault on purpose");
                }
                return Err(speech::Error::Cancelled);
            }
            Mood::BreaksOnce(_) | Mood::BreaksOnLine(..) => {}
            Mood::Hangs(free) => {
                while !free.load(Ordering::Acquire) {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        }
        assert_eq!(utterance.pcm.len() as u64, utterance.span.samples());
        Ok(Hypothesis {
            lang: among[0],
            text: format!("第{}句", utterance.span.start.0),
            confidence: 0.9,
            words: Vec::new(),
            flags: Vec::new(),
            engine: "fake ear".into(),
        })
    }
}

struct Tongue;

impl Translator for Tongue {
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
        _: &Cancel,
    ) -> Result<Decoded, translate::Error> {
        Ok(Decoded {
            text: format!("<{text}>"),
            token_ids: vec![1],
            log_prob: -0.1,
            score: -0.1,
            truncated: false,
        })
    }
}

pub(super) fn engines(fails: bool) -> Engines {
    engines_in(if fails { Mood::Fails } else { Mood::Well })
}

pub(super) fn engines_in(mood: Mood) -> Engines {
    Engines {
        speech: vec![SpeechRoute {
            model: "ear".into(),
            digest: "e".repeat(64),
            languages: vec![Lang::Zh, Lang::Vi],
            chosen_for: Vec::new(),
            engine: Box::new(Ear(mood)),
            practice: false,
            detects: Vec::new(),
        }],
        translation: vec![TranslationRoute {
            model: "tongue".into(),
            digest: "f".repeat(64),
            pairs: vec![LangPair::new(Lang::Zh, Lang::Vi)],
            engine: Box::new(Tongue),
            practice: false,
            second: None,
        }],
        without: Vec::new(),
    }
}

pub(super) struct Bed {
    dir: tempfile::TempDir,
}

impl Bed {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("recordings")).unwrap();
        Self { dir }
    }

    pub(super) fn store(&self) -> PathBuf {
        self.dir.path().join("store.sqlite3")
    }

    pub(super) fn recordings(&self) -> PathBuf {
        self.dir.path().join("recordings")
    }

    pub(super) fn plan(&self, name: &str) -> SessionPlan {
        SessionPlan {
            id: InterviewId(name.into()),
            case: None,
            languages: vec![Lang::Zh, Lang::Vi],
            channels: vec![Channel {
                index: 0,
                speaker: "all".into(),
                languages: vec![Lang::Zh, Lang::Vi],
                speech_models: Default::default(),
            }],
            started: "2026-11-24T01:00:00Z".into(),
            device: "file:speech.flac".into(),
            practice: true,
            max_utterance_ms: 7000.into(),
            planned: Duration::from_secs(60),
            microphones: Vec::new(),
            test: String::new(),
            entries: Vec::new(),
        }
    }

    pub(super) fn begin(
        &self,
        plan: &SessionPlan,
        speed: f64,
        load: LoadEngines,
    ) -> Result<Live, Error> {
        let sound = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/speech.flac");
        self.begin_with(&sound, plan, speed, load)
    }

    pub(super) fn begin_with(
        &self,
        sound: &Path,
        plan: &SessionPlan,
        speed: f64,
        load: LoadEngines,
    ) -> Result<Live, Error> {
        let sound = sound.to_owned();
        let channels = plan.channels.len() as u16;
        let clock = system_clock();
        let own = clock.clone();
        let recorder = Recorder::arm(RecorderPlan {
            open: Box::new(move || {
                let file = PracticeFile::open(&sound, channels, speed, own.clone())?;
                Ok(Box::new(file) as Box<dyn AudioSource>)
            }),
            channels,
            disk: Arc::new(SystemDisk),
            clock,
            slept: sleep_clock(),
            part: Duration::from_secs(600),
            series: Series::default(),
            chain: SharedChain::default(),
        })?;
        let place = self.place();
        Live::begin(vec![recorder], plan, place, load)
    }

    pub(super) fn place(&self) -> LivePlace {
        LivePlace {
            store: self.store(),
            recordings: self.recordings(),
            glossary: Glossary::default(),
            options: LineOptions {
                decode: DecodeOptions::default(),
                raw: false,
                names: Arc::default(),
            },
        }
    }

    pub(super) fn lines(&self, id: &InterviewId) -> Vec<crate::domain::Segment> {
        Store::open(&self.store()).unwrap().segments(id).unwrap()
    }
}

/// Everything up to the end; a session that does not end within a minute is a fault.
pub(super) fn events(live: &Live) -> Vec<LiveEvent> {
    let begun = Instant::now();
    let mut all = Vec::new();
    while begun.elapsed() < Duration::from_secs(60) {
        match live.event(Duration::from_millis(100)) {
            Some(LiveEvent::Ended) => return all,
            Some(event) => all.push(event),
            None => {}
        }
    }
    panic!("no end after {all:?}");
}

#[test]
fn a_session_is_recorded_recognised_translated_and_ended() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000001");
    let live = bed
        .begin(&plan, 10.0, Box::new(|_| Ok(engines(false))))
        .unwrap();
    let seen = events(&live);
    let (_, report) = live.finish().unwrap();
    let lines = bed.lines(&plan.id);
    assert!(lines.len() > 1, "{} lines", lines.len());
    assert_eq!(report.recognised as usize, lines.len());
    for line in &lines {
        assert_eq!(line.status, Status::Machine);
        assert_eq!(line.text, format!("第{}句", line.span.start.0));
        assert_eq!(line.translations[0].text, format!("<{}>", line.text));
        for step in [LineStep::Heard, LineStep::Recognised, LineStep::Translated] {
            let segment = line.id;
            assert!(
                seen.contains(&LiveEvent::Line { segment, step }),
                "{step:?}"
            );
        }
    }
    let whole = seen
        .iter()
        .any(|e| matches!(e, LiveEvent::Recorded { whole: true, .. }));
    assert!(whole, "{seen:?}");
    let store = Store::open(&bed.store()).unwrap();
    let state = store.session(&plan.id).unwrap().unwrap();
    assert_eq!(state.ended.as_deref(), Some("source-ended"));
    assert!(state.practice);
    let interview = store.interview(&plan.id).unwrap();
    assert_eq!(interview.audio[0].path, "part-001.wav");
    assert_eq!(interview.audio[0].sha256.len(), 64);
    assert!(interview.duration_ms > 5_000);
    assert!(
        unfinished_sessions(&store, &bed.recordings())
            .unwrap()
            .is_empty()
    );
}

#[test]
fn engines_that_fail_to_load_stop_nothing_and_the_backlog_writes_the_text() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000002");
    let load = |_: &Cancel| Err(Error::Engines("no model on purpose".into()));
    let live = bed.begin(&plan, 10.0, Box::new(load)).unwrap();
    let seen = events(&live);
    let alarmed = seen.iter().any(|e| {
        matches!(e, LiveEvent::Alarm { text, help, .. } if text.contains("no model on purpose") && !help.is_empty())
    });
    assert!(alarmed, "{seen:?}");
    live.finish().unwrap();
    let lines = bed.lines(&plan.id);
    assert!(lines.len() > 1 && lines.iter().all(|l| l.status == Status::Pending));
    let backlog = Backlog {
        store: &bed.store(),
        recordings: &bed.recordings(),
        glossary: &Glossary::default(),
        options: LineOptions {
            decode: DecodeOptions::default(),
            raw: false,
            names: Arc::default(),
        },
        retry_failed: false,
        cores: 2,
        memory: 1 << 30,
        cancel: &Cancel::new(),
        watcher: &|_| {},
    };
    backlog.run(&mut engines(false), Some(&plan.id)).unwrap();
    assert!(
        bed.lines(&plan.id)
            .iter()
            .all(|l| l.status == Status::Machine)
    );
}

#[test]
fn a_recogniser_that_fails_on_every_line_marks_them_and_the_sound_is_whole() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000003");
    let live = bed
        .begin(&plan, 10.0, Box::new(|_| Ok(engines(true))))
        .unwrap();
    events(&live);
    let (_, report) = live.finish().unwrap();
    let lines = bed.lines(&plan.id);
    assert_eq!(report.failed as usize, lines.len());
    assert!(lines.len() > 1 && lines.iter().all(|l| l.status == Status::Failed));
    let store = Store::open(&bed.store()).unwrap();
    assert!(!store.session(&plan.id).unwrap().unwrap().in_progress);
}

#[test]
fn a_recogniser_that_hangs_holds_up_neither_the_recording_nor_its_end() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000010");
    let free = Arc::new(AtomicBool::new(false));
    let hung = Mood::Hangs(free.clone());
    let live = bed
        .begin(
            &plan,
            10.0,
            Box::new(move |_: &Cancel| Ok(engines_in(hung))),
        )
        .unwrap();
    let begun = Instant::now();
    let whole = loop {
        match live.event(Duration::from_millis(100)) {
            Some(LiveEvent::Recorded { whole, .. }) => break whole,
            other => assert!(begun.elapsed() < Duration::from_secs(60), "{other:?}"),
        }
    };
    assert!(whole && live.awaits_text());
    live.give_up_text();
    let error = live.finish().map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Worker(_)) && !error.help().is_empty());
    let store = Store::open(&bed.store()).unwrap();
    let state = store.session(&plan.id).unwrap().unwrap();
    assert_eq!(state.ended.as_deref(), Some("source-ended"));
    let lines = bed.lines(&plan.id);
    assert!(lines.len() > 1 && lines.iter().all(|l| l.status == Status::Pending));
    free.store(true, Ordering::Release);
}

#[test]
fn pauses_and_markers_are_entries_with_their_reasons() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000004");
    let live = bed
        .begin(&plan, 1.0, Box::new(|_| Ok(engines(false))))
        .unwrap();
    live.mark("ຫຼັກຖານ 3").unwrap();
    live.pause("ពិភាក្សាជាមួយមេធាវី").unwrap();
    std::thread::sleep(Duration::from_millis(600));
    assert!(live.status().paused);
    live.resume().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    live.stop();
    events(&live);
    live.finish().unwrap();
    let store = Store::open(&bed.store()).unwrap();
    let entries = store.events(&plan.id).unwrap();
    let marker = entries
        .iter()
        .find(|e| e.kind == EventKind::Marker)
        .unwrap();
    assert_eq!(marker.label, "ຫຼັກຖານ 3");
    let pause = entries.iter().find(|e| e.kind == EventKind::Pause).unwrap();
    assert_eq!(pause.label, "ពិភាក្សាជាមួយមេធាវី");
    assert!(!pause.lasts && pause.span.duration_ms() >= 500, "{pause:?}");
    assert_eq!(
        store.session(&plan.id).unwrap().unwrap().ended.as_deref(),
        Some("asked")
    );
}

#[test]
fn a_folder_that_is_there_already_is_left_as_it_is() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000005");
    let folder = bed.recordings().join(&plan.id.0);
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("part-001.wav"), b"somebody's").unwrap();
    let refused = bed
        .begin(&plan, 1.0, Box::new(|_| Ok(engines(false))))
        .map(|_| ());
    let error = refused.unwrap_err();
    assert!(matches!(error, Error::Folder { .. }));
    assert!(
        error.help().starts_with("Nothing was changed."),
        "{}",
        error.help()
    );
    assert_eq!(
        fs::read(folder.join("part-001.wav")).unwrap(),
        b"somebody's"
    );
}

#[test]
fn a_session_that_was_cut_off_anywhere_is_completed_and_can_be_completed_twice() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000006");
    let live = bed
        .begin(&plan, 10.0, Box::new(|_| Ok(engines(false))))
        .unwrap();
    events(&live);
    live.finish().unwrap();
    let expected: Vec<Span> = bed.lines(&plan.id).iter().map(|l| l.span).collect();
    // The same sound in a workspace whose store knows nothing of it: killed before its row.
    let other = Bed::new();
    let folder = other.recordings().join(&plan.id.0);
    fs::create_dir(&folder).unwrap();
    let whole = bed.recordings().join(&plan.id.0);
    for name in ["part-001.wav", "session.json"] {
        fs::copy(whole.join(name), folder.join(name)).unwrap();
    }
    // Its header still says what it said when it was made.
    let mut part = fs::read(folder.join("part-001.wav")).unwrap();
    part[40..44].fill(0);
    fs::write(folder.join("part-001.wav"), part).unwrap();
    let mut store = Store::open(&other.store()).unwrap();
    let found = unfinished_sessions(&store, &other.recordings()).unwrap();
    assert_eq!(found, std::slice::from_ref(&folder));
    let cancel = Cancel::new();
    let recovered = recover_session(&mut store, &folder, &|_| {}, &cancel).unwrap();
    assert_eq!(recovered.lines, expected.len());
    let spans: Vec<Span> = other.lines(&plan.id).iter().map(|l| l.span).collect();
    assert_eq!(spans, expected);
    assert!(
        unfinished_sessions(&store, &other.recordings())
            .unwrap()
            .is_empty()
    );
    let state = store.session(&plan.id).unwrap().unwrap();
    assert_eq!(state.ended.as_deref(), Some("recovered"));
}

#[test]
fn text_that_cannot_go_on_does_not_stop_the_recording() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000007");
    // No engine serves any language: the first line ends the recogniser for good.
    let live = bed
        .begin(&plan, 5.0, Box::new(|_: &Cancel| Ok(Engines::default())))
        .unwrap();
    let seen = events(&live);
    let length = seen.iter().find_map(|e| match e {
        LiveEvent::Recorded { duration_ms, whole } => Some((*duration_ms, *whole)),
        _ => None,
    });
    live.finish().unwrap();
    let store = Store::open(&bed.store()).unwrap();
    let state = store.session(&plan.id).unwrap().unwrap();
    assert_eq!(state.ended.as_deref(), Some("source-ended"), "{length:?}");
    assert!(bed.lines(&plan.id).len() > 1);
}
