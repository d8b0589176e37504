//! Sessions in which a part of the program falls: the sound goes on, the others go on, and what is missing
//! is written later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::tests::{Bed, Mood, engines, engines_in, events};
use super::*;
use crate::domain::{EventKind, Status};
use crate::store::Store;

impl Bed {
    /// What a kill of a session in another bed leaves: its files as they are at this moment, in this one.
    pub(super) fn copy_of(&self, other: &Bed, id: &InterviewId) -> PathBuf {
        let folder = self.recordings().join(&id.0);
        std::fs::create_dir(&folder).unwrap();
        for file in std::fs::read_dir(other.recordings().join(&id.0)).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), folder.join(file.file_name())).unwrap();
        }
        folder
    }
}

fn alarms<'a>(seen: &'a [LiveEvent], part: &str) -> Vec<&'a LiveEvent> {
    let told = |e: &&LiveEvent| matches!(e, LiveEvent::Alarm { text, .. } if text.contains(part));
    seen.iter().filter(told).collect()
}

#[test]
fn a_recogniser_that_breaks_is_told_and_the_session_ends_whole() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000009");
    let broken = |_: &Cancel| Ok(engines_in(Mood::Breaks));
    let live = bed.begin(&plan, 10.0, Box::new(broken)).unwrap();
    let seen = events(&live);
    let told = |e: &LiveEvent| matches!(e, LiveEvent::Alarm { text, .. } if text.contains("the recogniser"));
    assert!(seen.iter().any(told), "{seen:?}");
    let whole = |e: &LiveEvent| matches!(e, LiveEvent::Recorded { whole: true, .. });
    assert!(seen.iter().any(whole), "{seen:?}");
    live.finish().unwrap();
    let lines = bed.lines(&plan.id);
    assert!(lines.len() > 1 && lines.iter().all(|l| l.status == Status::Pending));
    let store = Store::open(&bed.store()).unwrap();
    assert!(!store.session(&plan.id).unwrap().unwrap().in_progress);
}

#[test]
fn a_recogniser_that_falls_once_goes_on_without_that_line() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000021");
    let falls = |_: &Cancel| Ok(engines_in(Mood::BreaksOnce(Arc::default())));
    let live = bed.begin(&plan, 10.0, Box::new(falls)).unwrap();
    let seen = events(&live);
    assert_eq!(alarms(&seen, "the recogniser").len(), 1, "{seen:?}");
    let (_, report) = live.finish().unwrap();
    assert!(report.recognised > 0, "{report:?}");
    let lines = bed.lines(&plan.id);
    let waiting = lines.iter().filter(|l| l.status == Status::Pending).count();
    // A preview may have been what fell: then no line waits.
    assert!(waiting <= 1 && waiting < lines.len(), "{lines:?}");
    assert_eq!(report.reason.is_some(), waiting > 0, "{report:?}");
}

#[test]
fn a_line_on_which_the_recogniser_fell_is_not_behind_and_previews_go_on() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000025");
    let fell = Arc::new(AtomicBool::new(false));
    let mood = Mood::BreaksOnLine(bed.store(), plan.id.clone(), fell.clone());
    let sound = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let sound = sound.join("recordings/practice/zh-vi/audio.flac");
    let load: LoadEngines = Box::new(move |_| Ok(engines_in(mood)));
    let live = bed.begin_with(&sound, &plan, 1.0, load).unwrap();
    let begun = Instant::now();
    let mut seen = Vec::new();
    let shown = |e: &LiveEvent| matches!(e, LiveEvent::Partial { .. });
    while !(fell.load(Ordering::Acquire) && seen.iter().any(shown)) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{seen:?}");
        seen.extend(live.event(Duration::from_millis(50)));
    }
    live.stop();
    seen.extend(events(&live));
    assert_eq!(alarms(&seen, "the recogniser").len(), 1, "{seen:?}");
    assert_eq!(live.status().lag_ms, 0);
    live.finish().unwrap();
    let lines = bed.lines(&plan.id);
    let waiting = lines.iter().filter(|l| l.status == Status::Pending);
    assert_eq!(waiting.count(), 1, "{lines:?}");
}

#[test]
fn models_that_cannot_be_used_are_told_and_the_others_write() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000022");
    let load = |_: &Cancel| {
        Ok(Engines {
            without: vec!["a model was changed".into()],
            ..engines(false)
        })
    };
    let live = bed.begin(&plan, 10.0, Box::new(load)).unwrap();
    let seen = events(&live);
    assert_eq!(alarms(&seen, "a model was changed").len(), 1, "{seen:?}");
    let (_, report) = live.finish().unwrap();
    assert!(
        report.recognised > 0 && report.reason.is_some(),
        "{report:?}"
    );
}

#[test]
fn a_record_that_nobody_keeps_any_more_ends_no_recording() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000023");
    let live = bed
        .begin(&plan, 1.0, Box::new(|_| Ok(engines(false))))
        .unwrap();
    live.shared.clerk_falls.store(true, Ordering::Relaxed);
    let begun = Instant::now();
    let before = live.status().recorded_ms;
    while live.status().recorded_ms < before + 1_500 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the sound ended");
        std::thread::sleep(Duration::from_millis(50));
    }
    live.stop();
    let seen = events(&live);
    assert_eq!(
        alarms(&seen, "the keeper of the record").len(),
        1,
        "{seen:?}"
    );
    let partly = |e: &LiveEvent| matches!(e, LiveEvent::Recorded { whole: false, .. });
    assert!(seen.iter().any(partly), "{seen:?}");
    let _ = live.finish();
    let mut store = Store::open(&bed.store()).unwrap();
    let folder = bed.recordings().join(&plan.id.0);
    let cancel = Cancel::new();
    let recovered = recover_session(&mut store, &folder, &|_| {}, &cancel).unwrap();
    assert!(recovered.duration_ms >= 1_500, "{recovered:?}");
}

#[test]
fn a_pause_that_was_cut_off_ends_where_the_sound_does() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000024");
    let live = bed
        .begin(&plan, 1.0, Box::new(|_| Ok(engines(false))))
        .unwrap();
    live.pause("ປຶກສາທະນາຍຄວາມ").unwrap();
    while !live.status().paused {
        std::thread::sleep(Duration::from_millis(10));
    }
    let paused = live.status().recorded_ms;
    while live.status().recorded_ms < paused + 1_200 {
        std::thread::sleep(Duration::from_millis(20));
    }
    let other = Bed::new();
    let folder = other.copy_of(&bed, &plan.id);
    live.stop();
    events(&live);
    live.finish().unwrap();
    let mut store = Store::open(&other.store()).unwrap();
    recover_session(&mut store, &folder, &|_| {}, &Cancel::new()).unwrap();
    let entries = store.events(&plan.id).unwrap();
    let pause = entries.iter().find(|e| e.kind == EventKind::Pause).unwrap();
    assert_eq!(pause.label, "ປຶກສາທະນາຍຄວາມ");
    assert!(!pause.lasts && pause.span.duration_ms() >= 900, "{pause:?}");
}
