//! Sessions whose database is held by another program, and sessions of which a thread or the record fails:
//! nothing said is lost, orders and alarms do not wait, and what waited stands in the record.

use std::fs;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::tests::{Bed, engines, events};
use super::*;
use crate::audio::{
    AudioSource, PracticeFile, RecorderPlan, SharedChain, SystemDisk, sleep_clock, system_clock,
};
use crate::domain::{EventKind, SessionEvent};
use crate::store::Store;

/// Nobody waits longer for something that must come.
const LONGEST: Duration = Duration::from_secs(30);

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONGEST, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn entries(bed: &Bed, plan: &SessionPlan, kind: EventKind) -> Vec<SessionEvent> {
    let events = Store::open(&bed.store()).unwrap().events(&plan.id).unwrap();
    events.into_iter().filter(|e| e.kind == kind).collect()
}

fn labels(events: &[SessionEvent]) -> Vec<&str> {
    events.iter().map(|e| e.label.as_str()).collect()
}

/// The other program's connection, which lets nobody write.
fn hold(bed: &Bed) -> Store {
    let store = Store::open(&bed.store()).unwrap();
    store.keep_others_out(true);
    store
}

fn load() -> LoadEngines {
    Box::new(|_| Ok(engines(false)))
}

#[test]
fn a_database_that_is_held_at_the_start_costs_no_sound_and_the_rows_come_later() {
    let bed = Bed::new();
    let plan = SessionPlan {
        test: "not tested: ບໍ່ມີລຳໂພງ".into(),
        entries: vec!["purpose: victim".into(), "present: ผู้ปกครอง".into()],
        ..bed.plan("20261124-010000-000051")
    };
    let other = hold(&bed);
    let live = bed.begin(&plan, 1.0, load()).unwrap();
    until("it records", || live.status().recorded_ms > 1_500);
    assert!(
        Store::open(&bed.store())
            .unwrap()
            .session(&plan.id)
            .is_err()
    );
    // Orders do not wait for the rows.
    live.mark("ຫຼັກຖານ 1").unwrap();
    live.pause("休息").unwrap();
    until("it pauses", || live.status().paused);
    live.resume().unwrap();
    other.keep_others_out(false);
    let stored = || Store::open(&bed.store()).unwrap().session(&plan.id).is_ok();
    until("the rows", stored);
    until("lines", || !bed.lines(&plan.id).is_empty());
    live.stop();
    let seen = events(&live);
    let whole = |e: &LiveEvent| matches!(e, LiveEvent::Recorded { whole: true, .. });
    assert!(seen.iter().any(whole), "{seen:?}");
    live.finish().unwrap();
    let store = Store::open(&bed.store()).unwrap();
    let state = store.session(&plan.id).unwrap().unwrap();
    assert_eq!(state.ended.as_deref(), Some("asked"));
    let markers = entries(&bed, &plan, EventKind::Marker);
    assert_eq!(
        labels(&markers),
        ["purpose: victim", "present: ผู้ปกครอง", "ຫຼັກຖານ 1"]
    );
    assert_eq!(entries(&bed, &plan, EventKind::Test).len(), 1);
    assert_eq!(labels(&entries(&bed, &plan, EventKind::Pause)), ["休息"]);
}

#[test]
fn orders_and_alarms_do_not_wait_for_a_database_that_is_held() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000052");
    let live = bed.begin(&plan, 1.0, load()).unwrap();
    let other = hold(&bed);
    let marks = [
        "ຫຼັກຖານ 1",
        "ភស្តុតាង ២",
        "证据三",
        "tang vật 4",
        "ของกลาง ๕",
        "သက်သေ ၆",
    ];
    for mark in marks {
        live.mark(mark).unwrap();
    }
    live.pause("ปรึกษาทนาย").unwrap();
    // Each of the marks would wait ten seconds before the pause.
    until("it pauses", || live.status().paused);
    live.resume().unwrap();
    until("it goes on", || !live.status().paused);
    // A kill at this moment would cost none of them, though the database has none.
    let killed = Bed::new();
    let folder = killed.copy_of(&bed, &plan.id);
    let mut store = Store::open(&killed.store()).unwrap();
    recover_session(&mut store, &folder, &|_| {}, &Cancel::new()).unwrap();
    assert_eq!(labels(&entries(&killed, &plan, EventKind::Marker)), marks);
    until("it is told", || {
        let told = live.event(Duration::from_millis(10));
        matches!(told, Some(LiveEvent::Alarm { help, .. }) if help.contains("entries and text wait"))
    });
    other.keep_others_out(false);
    live.stop();
    events(&live);
    live.finish().unwrap();
    assert_eq!(labels(&entries(&bed, &plan, EventKind::Marker)), marks);
    let pauses = entries(&bed, &plan, EventKind::Pause);
    assert!(pauses.len() == 1 && !pauses[0].lasts, "{pauses:?}");
}

#[test]
fn what_stands_at_the_beginning_of_the_record_outlasts_a_kill_before_its_rows() {
    let bed = Bed::new();
    let plan = SessionPlan {
        entries: vec!["purpose: victim".into(), "present: ឪពុកម្តាយ".into()],
        ..bed.plan("20261124-010000-000053")
    };
    let live = bed.begin(&plan, 10.0, load()).unwrap();
    events(&live);
    live.finish().unwrap();
    let markers = entries(&bed, &plan, EventKind::Marker);
    let other = Bed::new();
    let folder = other.copy_of(&bed, &plan.id);
    let mut store = Store::open(&other.store()).unwrap();
    for round in 0..2 {
        let cancel = Cancel::new();
        let done = recover_session(&mut store, &folder, &|_| {}, &cancel);
        // It has ended by the second time; its entries are no more than before.
        if round == 0 {
            done.unwrap();
        }
        let again = entries(&other, &plan, EventKind::Marker);
        assert_eq!(labels(&again), labels(&markers));
        assert_eq!(labels(&again), plan.entries);
    }
}

#[test]
fn a_record_that_cannot_be_caught_up_stays_open_and_is_completed_later() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000054");
    let live = bed.begin(&plan, 1.0, load()).unwrap();
    let folder = bed.recordings().join(&plan.id.0);
    let (journal, aside) = (folder.join("journal.jsonl"), folder.join("aside"));
    until("it records", || live.status().recorded_ms > 500);
    fs::rename(&journal, &aside).unwrap();
    fs::create_dir(&journal).unwrap();
    live.stop();
    events(&live);
    live.finish().unwrap();
    let mut store = Store::open(&bed.store()).unwrap();
    assert!(store.session(&plan.id).unwrap().unwrap().in_progress);
    fs::remove_dir(&journal).unwrap();
    fs::rename(&aside, &journal).unwrap();
    let found = unfinished_sessions(&store, &bed.recordings()).unwrap();
    assert_eq!(found, std::slice::from_ref(&folder));
    recover_session(&mut store, &folder, &|_| {}, &Cancel::new()).unwrap();
    assert!(!store.session(&plan.id).unwrap().unwrap().in_progress);
}

/// Begins a session on a machine that does not start the thread of this name.
fn begin_without(bed: &Bed, plan: &SessionPlan, missing: &'static str) -> Result<Live, Error> {
    begin_by(bed, plan, &move |name, work| match name == missing {
        true => Err(io::Error::other("no thread on purpose")),
        false => thread::Builder::new().spawn(work),
    })
}

fn begin_by(bed: &Bed, plan: &SessionPlan, spawn: &Spawn) -> Result<Live, Error> {
    let sound = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let sound = sound.join("tests/fixtures/audio/speech.flac");
    let clock = system_clock();
    let own = clock.clone();
    let recorder = Recorder::arm(RecorderPlan {
        open: Box::new(move || {
            let file = PracticeFile::open(&sound, 1, 1.0, own.clone())?;
            Ok(Box::new(file) as Box<dyn AudioSource>)
        }),
        channels: 1,
        disk: Arc::new(SystemDisk),
        clock,
        slept: sleep_clock(),
        part: Duration::from_secs(600),
        series: Series::default(),
        chain: SharedChain::default(),
    })?;
    let wall = wall::WallClock::system();
    Live::begin_by((wall, spawn), vec![recorder], plan, bed.place(), load())
}

#[test]
fn a_pause_does_not_wait_for_a_clerk_who_is_stuck() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000057");
    let (goes_on, stuck) = std::sync::mpsc::channel::<()>();
    let stuck = Mutex::new(Some(stuck));
    let live = begin_by(&bed, &plan, &move |name, work| {
        let stuck = stuck.lock().unwrap().take_if(|_| name == "clerk");
        thread::Builder::new().spawn(move || {
            if let Some(stuck) = stuck {
                let _ = stuck.recv();
            }
            work();
        })
    })
    .unwrap();
    let journal = bed.recordings().join(&plan.id.0).join("journal.jsonl");
    let written = |words: &str| fs::read_to_string(&journal).unwrap().contains(words);
    live.pause("ປຶກສາທະນາຍຄວາມ").unwrap();
    until("it pauses", || written("\"paused\""));
    live.resume().unwrap();
    until("it goes on", || written("\"resumed\""));
    assert!(entries(&bed, &plan, EventKind::Pause).is_empty());
    drop(goes_on);
    live.stop();
    events(&live);
    live.finish().unwrap();
    // The record has it nevertheless.
    let pauses = entries(&bed, &plan, EventKind::Pause);
    assert_eq!(labels(&pauses), ["ປຶກສາທະນາຍຄວາມ"]);
}

#[test]
fn a_session_without_its_clerk_does_not_begin_and_what_was_heard_is_kept() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000055");
    let refused = begin_without(&bed, &plan, "clerk").map(|_| ());
    assert!(matches!(refused, Err(Error::Worker(_))));
    let mut store = Store::open(&bed.store()).unwrap();
    let found = unfinished_sessions(&store, &bed.recordings()).unwrap();
    assert_eq!(found.len(), 1);
    recover_session(&mut store, &found[0], &|_| {}, &Cancel::new()).unwrap();
}

#[test]
fn a_session_without_its_listener_says_so_and_records() {
    let bed = Bed::new();
    let plan = bed.plan("20261124-010000-000056");
    let live = begin_without(&bed, &plan, "listener").unwrap();
    until("it records", || live.status().recorded_ms > 500);
    live.stop();
    let seen = events(&live);
    let told =
        |e: &&LiveEvent| matches!(e, LiveEvent::Alarm { help, .. } if help.contains("no new text"));
    assert_eq!(seen.iter().filter(told).count(), 1, "{seen:?}");
    live.finish().unwrap();
    let store = Store::open(&bed.store()).unwrap();
    assert!(store.session(&plan.id).unwrap().unwrap().in_progress);
}
