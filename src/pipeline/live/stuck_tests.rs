//! Sessions whose disk takes nothing for a while, and sessions of which one microphone ends before the
//! others: what then is told, and what stands in the record.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::several_tests::{MONO, SECOND, Scripted, of_kind, plan};
use super::tests::{Bed, engines, events};
use super::*;
use crate::audio::{Clock, Disk, DiskFile, RecorderPlan, SharedChain, SystemDisk, system_clock};
use crate::domain::EventKind;
use crate::store::Store;

/// A disk whose syncs wait while it is shut, and which fails for good once it is broken.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<(bool, bool)>, Condvar)>);

impl Gate {
    fn set(&self, shut: bool, broken: bool) {
        *self.0.0.lock().unwrap() = (shut, broken);
        self.0.1.notify_all();
    }

    fn pass(&self) -> io::Result<()> {
        let state = self.0.0.lock().unwrap();
        let state = self.0.1.wait_while(state, |(shut, _)| *shut).unwrap();
        match state.1 {
            true => Err(io::Error::other("broken on purpose")),
            false => Ok(()),
        }
    }
}

struct GatedFile(Box<dyn DiskFile>, Gate);

impl Disk for Gate {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(GatedFile(SystemDisk.create(path)?, self.clone())))
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        SystemDisk.sync_folder(folder)
    }

    fn free(&self, _: &Path) -> Option<u64> {
        None
    }
}

impl DiskFile for GatedFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.append(bytes)
    }

    fn patch(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.patch(at, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.1.pass()?;
        self.0.sync()
    }
}

fn recorder(
    gate: &Gate,
    clock: &Clock,
    slept: Clock,
    (series, chain): (Series, &SharedChain),
) -> Recorder {
    let plan = RecorderPlan {
        open: Scripted::new(clock, MONO).opener(),
        channels: 1,
        disk: Arc::new(gate.clone()),
        clock: clock.clone(),
        slept,
        part: Duration::from_secs(600),
        series,
        chain: chain.clone(),
    };
    Recorder::arm(plan).unwrap()
}

/// A session of two microphones, each with a disk of its own, and a sleep that a test may lengthen.
fn begin(bed: &Bed, plan: &SessionPlan, gates: [&Gate; 2]) -> (Live, Arc<AtomicU64>) {
    let clock = system_clock();
    let slept = Arc::new(AtomicU64::new(0));
    let read = slept.clone();
    let asleep: Clock = Arc::new(move || Duration::from_millis(read.load(Ordering::Relaxed)));
    let chain = SharedChain::default();
    let recorders = vec![
        recorder(
            gates[0],
            &clock,
            asleep.clone(),
            (Series::default(), &chain),
        ),
        recorder(gates[1], &clock, asleep, (SECOND, &chain)),
    ];
    let load: LoadEngines = Box::new(|_| Ok(engines(false)));
    (
        Live::begin(recorders, plan, bed.place(), load).unwrap(),
        slept,
    )
}

/// Reads events until an alarm contains these words.
fn wait_for(live: &Live, words: &str) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(60) {
        if let Some(LiveEvent::Alarm { text, help, .. }) = live.event(Duration::from_millis(50))
            && text.contains(words)
        {
            assert!(!help.is_empty());
            return;
        }
    }
    panic!("nobody says: {words}");
}

#[test]
fn a_disk_that_takes_nothing_is_told_of_while_it_does_and_again_when_it_goes_on() {
    let bed = Bed::new();
    let plan = plan(&bed, "20261124-010000-000031");
    let (stuck, well) = (Gate::default(), Gate::default());
    let (live, _) = begin(&bed, &plan, [&stuck, &well]);
    std::thread::sleep(Duration::from_millis(300));
    stuck.set(true, false);
    wait_for(&live, "the disk has taken no sound for 5 s");
    // Orders and entries do not wait for it.
    live.mark("ຫຼັກຖານ 7").unwrap();
    stuck.set(false, false);
    wait_for(&live, "takes the sound again");
    // The end of a session ends a pause on each microphone, and it is one pause.
    live.pause("ພັກ").unwrap();
    let begun = Instant::now();
    while !live.status().paused {
        assert!(begun.elapsed() < Duration::from_secs(60));
        std::thread::sleep(Duration::from_millis(10));
    }
    live.stop();
    events(&live);
    live.finish().unwrap();
    let store = Store::open(&bed.store()).unwrap();
    let entries = store.events(&plan.id).unwrap();
    let told = |e: &&crate::domain::SessionEvent| e.label.starts_with("the disk took nothing for");
    let alarms = of_kind(&entries, EventKind::Alarm);
    // The other one waits too, where it comes to write into the chain that they share.
    let of_first = |e: &&crate::domain::SessionEvent| told(e) && e.channel == Some(0);
    assert_eq!(
        alarms.iter().copied().filter(of_first).count(),
        1,
        "{alarms:?}"
    );
    assert_eq!(of_kind(&entries, EventKind::Marker).len(), 1);
    let pauses = of_kind(&entries, EventKind::Pause);
    assert!(pauses.len() == 1 && !pauses[0].lasts, "{pauses:?}");
    assert_eq!(store.interview(&plan.id).unwrap().audio.len(), 2);
}

#[test]
fn a_pause_and_a_sleep_stand_once_for_all_and_also_after_the_first_microphone_has_ended() {
    let bed = Bed::new();
    let plan = plan(&bed, "20261124-010000-000032");
    let (first, second) = (Gate::default(), Gate::default());
    let (live, slept) = begin(&bed, &plan, [&first, &second]);
    let pause = |reason: &str| {
        let until = |paused| {
            let begun = Instant::now();
            while live.status().paused != paused {
                assert!(begun.elapsed() < Duration::from_secs(60), "{reason}");
                std::thread::sleep(Duration::from_millis(10));
            }
        };
        live.pause(reason).unwrap();
        // Given again before the first one is heard of, it does not take the place of the reason.
        live.pause("另一个原因").unwrap();
        until(true);
        live.resume().unwrap();
        until(false);
    };
    std::thread::sleep(Duration::from_millis(300));
    pause("ພັກທໍາອິດ");
    slept.fetch_add(4_000, Ordering::Relaxed);
    wait_for(&live, "the computer slept for 4 s");
    first.set(false, true);
    wait_for(&live, "the recording stopped: ");
    // The second one goes on alone, and what concerns all is told by it now.
    pause("ພັກທີສອງ");
    slept.fetch_add(3_000, Ordering::Relaxed);
    wait_for(&live, "the computer slept for 3 s");
    live.stop();
    events(&live);
    live.finish().unwrap();
    let entries = Store::open(&bed.store()).unwrap().events(&plan.id).unwrap();
    let pauses = of_kind(&entries, EventKind::Pause);
    let reasons: Vec<&str> = pauses.iter().map(|p| p.label.as_str()).collect();
    assert_eq!(reasons, ["ພັກທໍາອິດ", "ພັກທີສອງ"], "{pauses:?}");
    assert!(
        pauses.iter().all(|p| p.channel.is_none() && !p.lasts),
        "{pauses:?}"
    );
    let slept = |e: &&&crate::domain::SessionEvent| e.label.starts_with("the computer slept");
    let gaps = of_kind(&entries, EventKind::Gap);
    let sleeps: Vec<u64> = gaps
        .iter()
        .filter(slept)
        .map(|g| g.span.duration_ms())
        .collect();
    assert_eq!(sleeps, [4_000, 3_000], "{gaps:?}");
    // The same, read from the journals alone after a kill.
    let other = Bed::new();
    let folder = other.copy_of(&bed, &plan.id);
    let mut store = Store::open(&other.store()).unwrap();
    recover_session(&mut store, &folder, &|_| {}, &Cancel::new()).unwrap();
    let again = store.events(&plan.id).unwrap();
    let spans = |all: &[crate::domain::SessionEvent], kind| -> Vec<Span> {
        of_kind(all, kind).iter().map(|e| e.span).collect()
    };
    assert_eq!(
        spans(&again, EventKind::Pause),
        spans(&entries, EventKind::Pause)
    );
    assert_eq!(
        spans(&again, EventKind::Gap),
        spans(&entries, EventKind::Gap)
    );
    let pauses = of_kind(&again, EventKind::Pause);
    let reasons: Vec<&str> = pauses.iter().map(|p| p.label.as_str()).collect();
    assert_eq!(reasons, ["ພັກທໍາອິດ", "ພັກທີສອງ"], "{pauses:?}");
}
