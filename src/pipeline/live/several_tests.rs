//! Sessions with two microphones, each scripted: one that is unplugged, changes its rate and runs slow
//! beside one that does nothing of the kind; and a session that is cut off.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::tests::{Bed, engines, events};
use super::*;
use crate::audio::{
    AudioSource, Clock, Delivery, OpenSource, PracticeFile, RecorderPlan, SharedChain,
    SourceFormat, SystemDisk, sleep_clock, system_clock,
};
use crate::domain::{EventKind, Lang, SessionEvent};
use crate::store::Store;

/// Seconds of the scripted clock in one second of the test.
const HASTE: u32 = 5;
/// Seconds of it after which the second microphone is unplugged.
const LATE: u64 = 30;

/// A microphone that does as it is told, by a clock that all share.
#[derive(Clone)]
pub(super) struct Scripted {
    clock: Clock,
    /// Millionths by which its crystal is slow.
    slow: f64,
    /// Unplugged from the first moment to the second, and of this form afterwards.
    away: Option<(Duration, Duration, SourceFormat)>,
    format: SourceFormat,
    begun: Duration,
    given: u64,
    spoken: Arc<AtomicU64>,
}

impl Scripted {
    pub(super) fn new(clock: &Clock, format: SourceFormat) -> Self {
        Self {
            clock: clock.clone(),
            slow: 0.0,
            away: None,
            format,
            begun: clock(),
            given: 0,
            spoken: Arc::new(AtomicU64::new(0)),
        }
    }

    pub(super) fn opener(self) -> OpenSource {
        Box::new(move || {
            let mut own = self.clone();
            own.begun = (own.clock)();
            if let Some((from, to, format)) = own.away {
                if (from..to).contains(&own.begun) {
                    return Err(audio::Error::NoMicrophone);
                }
                if own.begun >= to {
                    own.format = format;
                }
            }
            Ok(Box::new(own))
        })
    }
}

impl AudioSource for Scripted {
    fn format(&self) -> SourceFormat {
        self.format
    }

    fn take(&mut self, into: &mut Vec<i16>) -> Delivery {
        let now = (self.clock)();
        if let Some((from, ..)) = self.away
            && self.begun < from
            && now >= from
        {
            return Delivery::Gone("unplugged".into());
        }
        let passed = now.saturating_sub(self.begun).as_secs_f64() * (1.0 - self.slow / 1e6);
        let due = (passed * f64::from(self.format.rate)) as u64;
        let owed = due.saturating_sub(self.given).min(8_000);
        if owed < u64::from(self.format.rate) / 100 {
            return Delivery::Nothing;
        }
        self.given += owed;
        for _ in 0..owed {
            let n = self.spoken.fetch_add(1, Ordering::Relaxed);
            for channel in 0..self.format.channels {
                into.push((n % 20_011) as i16 + 1 + channel as i16);
            }
        }
        Delivery::Sound
    }
}

fn hasty_clock() -> Clock {
    let real = system_clock();
    Arc::new(move || real() * HASTE)
}

fn recorder(
    open: OpenSource,
    clock: &Clock,
    (series, chain): (Series, &SharedChain),
    channels: u16,
) -> Recorder {
    let plan = RecorderPlan {
        open,
        channels,
        disk: Arc::new(SystemDisk),
        clock: clock.clone(),
        slept: sleep_clock(),
        part: Duration::from_secs(600),
        series,
        chain: chain.clone(),
    };
    Recorder::arm(plan).unwrap()
}

/// Officer on the first microphone, the person interviewed on the second.
pub(super) fn plan(bed: &Bed, name: &str) -> SessionPlan {
    let mut plan = bed.plan(name);
    let channel = |index, speaker: &str, lang| Channel {
        index,
        speaker: speaker.into(),
        languages: vec![lang],
        speech_models: Default::default(),
    };
    plan.channels = vec![
        channel(0, "officer", Lang::Zh),
        channel(1, "interviewee", Lang::Vi),
    ];
    let microphone = |device: &str| SessionMicrophone {
        device: device.into(),
        channels: 1,
    };
    plan.microphones = vec![microphone("alsa:a"), microphone("alsa:b")];
    plan.device = "alsa:a + alsa:b".into();
    plan.practice = false;
    plan.test = "the microphones were not tested: ບໍ່ມີລຳໂພງ".into();
    plan
}

pub(super) const SECOND: Series = Series {
    device: 1,
    first_channel: 1,
};
pub(super) const MONO: SourceFormat = SourceFormat {
    rate: 48_000,
    channels: 1,
};

pub(super) fn of_kind(events: &[SessionEvent], kind: EventKind) -> Vec<&SessionEvent> {
    events.iter().filter(|e| e.kind == kind).collect()
}

fn samples(path: &std::path::Path) -> Vec<i16> {
    // What follows the header of 44 bytes of a file of ours.
    let bytes = std::fs::read(path).unwrap().split_off(44);
    let pairs = bytes.chunks_exact(2);
    pairs.map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

#[test]
fn one_of_two_microphones_goes_away_changes_and_drifts_and_the_other_is_untouched() {
    let bed = Bed::new();
    let plan = plan(&bed, "20261124-010000-000021");
    let clock = hasty_clock();
    let steady = Scripted::new(&clock, MONO);
    let mut wild = Scripted::new(&clock, MONO);
    // So slow that half a minute shows it; away for two seconds, and back over 8 kHz Bluetooth.
    wild.slow = 4_000.0;
    let bluetooth = SourceFormat {
        rate: 8_000,
        channels: 1,
    };
    let from = clock() + Duration::from_secs(LATE);
    wild.away = Some((from, from + Duration::from_secs(2), bluetooth));
    let chain = SharedChain::default();
    let recorders = vec![
        recorder(steady.opener(), &clock, (Series::default(), &chain), 1),
        recorder(wild.opener(), &clock, (SECOND, &chain), 1),
    ];
    let place = bed.place();
    let live = Live::begin(recorders, &plan, place, Box::new(|_| Ok(engines(false)))).unwrap();
    assert_eq!(live.levels().len(), 2);
    let begun = clock();
    let seen = Mutex::new(Vec::new());
    while clock() < from + Duration::from_secs(6) {
        seen.lock()
            .unwrap()
            .extend(live.event(Duration::from_millis(20)));
    }
    live.pause("ພັກ").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    live.resume().unwrap();
    std::thread::sleep(Duration::from_millis(200));
    live.stop();
    let passed = clock() - begun;
    let mut seen = seen.into_inner().unwrap();
    seen.extend(events(&live));
    live.finish().unwrap();

    let alarms: Vec<&str> = seen
        .iter()
        .filter_map(|e| match e {
            LiveEvent::Alarm { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    assert!(
        alarms.iter().any(|a| a.starts_with("microphone 2 is gone")),
        "{alarms:?}"
    );
    assert!(
        alarms
            .iter()
            .any(|a| a.starts_with("microphone 2 is back at 8000 Hz")),
        "{alarms:?}"
    );
    assert!(
        !alarms.iter().any(|a| a.contains("microphone 1")),
        "{alarms:?}"
    );

    let store = Store::open(&bed.store()).unwrap();
    let entries = store.events(&plan.id).unwrap();
    let mut gaps = of_kind(&entries, EventKind::Gap);
    // It was opened a moment after the first one, and says so.
    gaps.retain(|g| g.span.start.0 > 0);
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!((gaps[0].channel, gaps[0].lasts), (Some(1), false));
    let gone = gaps[0].span.duration_ms();
    assert!((2_000..4_000).contains(&gone), "{gone} ms");
    // The first one's clock is the measure; 4,000 millionths of ten seconds are 40 ms.
    let clocks = of_kind(&entries, EventKind::Clock);
    let drifts = |e: &&&SessionEvent| e.label.contains("clock of microphone 2");
    assert!(clocks.iter().filter(drifts).count() >= 2, "{clocks:?}");
    assert_eq!(
        of_kind(&entries, EventKind::Pause).len(),
        1,
        "one pause, not two"
    );
    let test = of_kind(&entries, EventKind::Test);
    assert_eq!(test[0].label, plan.test);

    let interview = store.interview(&plan.id).unwrap();
    let rates: Vec<(&str, u32)> = interview
        .audio
        .iter()
        .map(|a| (a.path.as_str(), a.sample_rate))
        .collect();
    for expected in [
        ("part-001.wav", 48_000),
        ("part-m2-001.wav", 48_000),
        ("part-m2-002.wav", 8_000),
    ] {
        assert!(rates.contains(&expected), "{rates:?}");
    }
    assert_eq!(rates.len(), 3, "{rates:?}");
    let folder = bed.recordings().join(&plan.id.0);
    // Nothing of the first one's sound is missing or changed: every sample follows the one before,
    // up to the pause.
    let heard = samples(&folder.join("part-001.wav"));
    let pause = of_kind(&entries, EventKind::Pause)[0].span.start.as_ms() as usize * 48;
    for pair in heard[..pause - 480].windows(2) {
        assert_eq!(pair[1], if pair[0] == 20_011 { 1 } else { pair[0] + 1 });
    }
    let [first, second] = [0, 1].map(|c| {
        let path = folder.join(format!("working-{c}.wav"));
        SamplePos(audio::working_length(&path).unwrap()).as_ms()
    });
    // Both are as long as the session, the slow one less what it drifted after its return.
    assert!(first.abs_diff(second) < 400, "{first} and {second} ms");
    assert!(
        u128::from(first) >= passed.as_millis(),
        "{first} ms of {passed:?}"
    );
}

#[test]
fn a_second_microphone_that_was_opened_late_begins_at_the_same_moment() {
    let bed = Bed::new();
    let plan = plan(&bed, "20261124-010000-000022");
    let clock = system_clock();
    let chain = SharedChain::default();
    let early = recorder(
        Scripted::new(&clock, MONO).opener(),
        &clock,
        (Series::default(), &chain),
        1,
    );
    std::thread::sleep(Duration::from_millis(1_200));
    let late = recorder(
        Scripted::new(&clock, MONO).opener(),
        &clock,
        (SECOND, &chain),
        1,
    );
    let place = bed.place();
    let live = Live::begin(
        vec![early, late],
        &plan,
        place,
        Box::new(|_| Ok(engines(false))),
    )
    .unwrap();
    std::thread::sleep(Duration::from_millis(500));
    live.stop();
    events(&live);
    live.finish().unwrap();
    let folder = bed.recordings().join(&plan.id.0);
    let [first, second] =
        ["part-001.wav", "part-m2-001.wav"].map(|name| samples(&folder.join(name)));
    assert!(
        first.len().abs_diff(second.len()) < 48 * 60,
        "{} {}",
        first.len(),
        second.len()
    );
    let silent = second.iter().take_while(|s| **s == 0).count() / 48;
    assert!((900..1_500).contains(&silent), "{silent} ms");
    let entries = Store::open(&bed.store()).unwrap().events(&plan.id).unwrap();
    let gap = of_kind(&entries, EventKind::Gap)[0];
    assert_eq!((gap.channel, gap.span.start), (Some(1), SamplePos(0)));
    assert!(
        gap.span.duration_ms().abs_diff(silent as u64) < 30,
        "{gap:?}"
    );
    assert_eq!(of_kind(&entries, EventKind::PreRoll).len(), 1);
}

#[test]
fn two_microphones_cut_off_at_once_are_completed_with_all_their_lines() {
    let bed = Bed::new();
    let plan = plan(&bed, "20261124-010000-000023");
    let sound =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/speech.flac");
    let clock = system_clock();
    let open = || {
        let (sound, own) = (sound.clone(), clock.clone());
        Box::new(move || {
            let file = PracticeFile::open(&sound, 1, 5.0, own.clone())?;
            Ok(Box::new(file) as Box<dyn AudioSource>)
        })
    };
    let chain = SharedChain::default();
    let recorders = vec![
        recorder(open(), &clock, (Series::default(), &chain), 1),
        recorder(open(), &clock, (SECOND, &chain), 1),
    ];
    let live = Live::begin(
        recorders,
        &plan,
        bed.place(),
        Box::new(|_| Ok(engines(false))),
    )
    .unwrap();
    let begun = Instant::now();
    // While it runs, its folder is what a kill would leave.
    let folder = bed.recordings().join(&plan.id.0);
    let cut = Bed::new();
    while live.status().recorded_ms < 4_000 {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "it hears nothing"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let torn = cut.copy_of(&bed, &plan.id);
    events(&live);
    live.finish().unwrap();
    // Both wrote their seconds into one chain while they were recorded.
    let chain = audio::read_sound_chain(&folder).unwrap();
    for name in ["part-001.wav", "part-m2-001.wav"] {
        let own = chain.iter().filter(|line| line.contains(name));
        assert!(own.count() >= 3, "{chain:?}");
    }
    assert!(chain.iter().all(|line| line.contains("\"late\":false")));
    let whole = bed.lines(&plan.id);
    for channel in [0, 1] {
        let own: Vec<_> = whole.iter().filter(|l| l.channel == channel).collect();
        assert!(own.len() > 1, "{} lines on channel {channel}", own.len());
        assert!(
            own.iter()
                .all(|l| l.text == format!("第{}句", l.span.start.0))
        );
    }

    let mut store = Store::open(&cut.store()).unwrap();
    let recovered = recover_session(&mut store, &torn, &|_| {}, &Cancel::new()).unwrap();
    assert!(recovered.duration_ms >= 3_900, "{}", recovered.duration_ms);
    let again = cut.lines(&plan.id);
    assert!(again.iter().any(|l| l.channel == 0) && again.iter().any(|l| l.channel == 1));
    let cut_at = recovered.duration_ms.saturating_sub(1_500);
    for line in again.iter().filter(|l| l.span.end.as_ms() < cut_at) {
        let same = whole
            .iter()
            .any(|w| (w.channel, w.span) == (line.channel, line.span));
        assert!(same, "{line:?}");
    }
    let interview = store.interview(&plan.id).unwrap();
    let names: Vec<&str> = interview.audio.iter().map(|a| a.path.as_str()).collect();
    assert_eq!(names, ["part-001.wav", "part-m2-001.wav"]);
    assert_eq!(
        of_kind(&store.events(&plan.id).unwrap(), EventKind::Test).len(),
        1
    );
}

#[test]
fn a_listener_that_breaks_off_ends_neither_the_recording_nor_the_session() {
    let sound = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audio/speech.flac");
    let mut lengths = Vec::new();
    for breaks in [false, true] {
        let bed = Bed::new();
        let plan = bed.plan("20261124-010000-000009");
        let load: LoadEngines = Box::new(|_| Ok(engines(false)));
        let live = bed.begin_with(&sound, &plan, 5.0, load).unwrap();
        let mut store = Store::open(&bed.store()).unwrap();
        if breaks {
            // From here on no line can be added.
            let seal = crate::evidence::Kind::Sealed;
            store
                .note(&plan.id, seal, serde_json::Map::new(), None)
                .unwrap();
        }
        let seen = events(&live);
        let recorded = seen.iter().find_map(|e| match e {
            LiveEvent::Recorded { duration_ms, .. } => Some(*duration_ms),
            _ => None,
        });
        lengths.push(recorded.expect("the recording is over before the session is"));
        let alarms = seen
            .iter()
            .filter(|e| matches!(e, LiveEvent::Alarm { help, .. } if help.contains("no new text")));
        assert_eq!(alarms.count(), usize::from(breaks));
        live.finish().unwrap();
        let session = store.session(&plan.id).unwrap().unwrap();
        assert_eq!(session.in_progress, breaks, "'resume' cuts what is missing");
    }
    assert!(
        lengths[0] > 5_000 && lengths[0].abs_diff(lengths[1]) < 50,
        "{lengths:?}"
    );
}
