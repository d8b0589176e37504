//! Which microphones a session uses: those that were named, else those used last, and never silently
//! another; and what became of their test before the session.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::audio::{
    self, AudioSource, Clock, DeviceInfo, Microphone, OpenSource, PracticeFile, Recorder,
    RecorderPlan, Series, SharedChain, SystemDisk, Take, choose_device, sleep_clock, system_clock,
};

use crate::domain::SAMPLE_RATE;

use super::live::LiveSource;
use super::whole::write_whole;
use super::{App, Error};

/// Largest file of remembered microphones.
const MAX_REMEMBERED: u64 = 16 << 10;

/// Length of one file of the recording.
const PART: Duration = Duration::from_secs(600);
/// So long somebody speaks for the test.
pub const TEST_LENGTH: Duration = Duration::from_secs(4);
/// Longer than what is played back: a device that stops in the middle is not waited for.
const SLACK: Duration = Duration::from_secs(3);
/// Between two looks at a playback.
const STEP: Duration = Duration::from_millis(20);
/// Longest reason for leaving the test out, in letters.
const MAX_REASON: usize = 300;

/// What became of the microphones' test: a few seconds are recorded and played back, and a person says
/// whether they were heard. It stands in the record of the session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum MicrophoneTest {
    /// Nobody tested them, and nobody said why.
    #[default]
    Missing,
    /// Somebody heard the playback of each channel; their peaks, decibels below full scale.
    Passed(Vec<i32>),
    /// Left out knowingly, for this reason.
    Skipped(String),
}

impl MicrophoneTest {
    /// Passed, as these takes have it; `None` where one of them cannot pass, whoever confirms it.
    pub fn passed(takes: &[Take]) -> Option<Self> {
        let channels = || takes.iter().flat_map(|t| &t.channels);
        let good = takes.iter().all(|t| t.hearing() == audio::Hearing::Good);
        let peaks = channels().map(|c| c.peak_db.round() as i32).collect();
        (good && channels().next().is_some()).then_some(Self::Passed(peaks))
    }

    /// Left out; `None` without a reason.
    pub fn skipped(reason: &str) -> Option<Self> {
        let reason: String = reason.trim().chars().take(MAX_REASON).collect();
        (!reason.is_empty()).then_some(Self::Skipped(reason))
    }

    /// As it stands in the record.
    pub fn label(&self) -> String {
        match self {
            Self::Missing => "the microphones were not tested".into(),
            Self::Passed(peaks) => {
                let peaks: Vec<String> = peaks.iter().map(|db| format!("{db} dB")).collect();
                format!(
                    "the microphones were tested and heard in playback; peaks {}",
                    peaks.join(", ")
                )
            }
            Self::Skipped(reason) => format!("the microphones were not tested: {reason}"),
        }
    }
}

/// Plays one channel after the other, so that each is heard for itself, and waits until the end; false
/// where `go_on`, asked now and then, ended it before.
///
/// # Errors
/// A machine without loudspeaker or headphones; a device that refuses.
pub fn play_back(takes: &[Take], go_on: &mut dyn FnMut() -> bool) -> Result<bool, Error> {
    let channels = takes.iter().flat_map(|t| &t.channels);
    let sound: Vec<f32> = channels.flat_map(|c| c.pcm.iter().copied()).collect();
    let playback = audio::Playback::start(&sound)?;
    let longest = Duration::from_secs(sound.len() as u64 / u64::from(SAMPLE_RATE)) + SLACK;
    let begun = Instant::now();
    while !playback.is_over() && begun.elapsed() < longest {
        if !go_on() {
            return Ok(false);
        }
        thread::sleep(STEP);
    }
    Ok(true)
}

/// A microphone that listens, or a practice file in its place.
pub(super) struct Opened {
    pub recorder: Recorder,
    /// None for a practice file.
    pub device: Option<DeviceInfo>,
    /// Its identity in the record.
    pub id: String,
}

/// A microphone as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Remembered {
    id: String,
    name: String,
    /// Its serial number or socket.
    #[serde(default)]
    place: String,
}

impl App {
    /// The microphones that a session would use now where nobody names any: those used last, in their
    /// order; the first time the system's usual one.
    ///
    /// # Errors
    /// One of them is not there; there is none; several have its name.
    pub fn usual_microphones(&self) -> Result<Vec<DeviceInfo>, Error> {
        let known = self.remembered_microphones();
        if known.is_empty() {
            return Ok(vec![choose_device(None)?]);
        }
        // Those used last or none: never silently another.
        let choose = |known: &Remembered| {
            let found = choose_device(Some(&known.id)).map_err(|e| match e {
                audio::Error::MicrophoneMissing { .. } => audio::Error::MicrophoneMissing {
                    name: format!("{} ({})", known.name, known.id),
                },
                other => other,
            })?;
            if found.is_another_than(&known.place) {
                return Err(audio::Error::MicrophoneOther {
                    name: format!("{} ({})", known.name, known.place),
                    found: found.title(),
                });
            }
            Ok(found)
        };
        Ok(known.iter().map(choose).collect::<Result<_, _>>()?)
    }

    /// Opens each source once and arms its recorder, all by one clock. `named` channels are dealt to
    /// them in order, to each its share in `dealt`, or to each the same number.
    ///
    /// # Errors
    /// [`Error::Microphones`] where they cannot be dealt, [`Error::MicrophoneTwice`], those of
    /// opening.
    pub(super) fn open_microphones(
        &self,
        sources: &[LiveSource],
        named: usize,
        dealt: &[u16],
    ) -> Result<Vec<Opened>, Error> {
        let sources = self.resolve(sources)?;
        let own = own_channels(named, dealt, sources.len())?;
        let clock = system_clock();
        let (mut series, chain) = (Series::default(), SharedChain::default());
        let mut opened: Vec<Opened> = Vec::new();
        for (source, own) in sources.into_iter().zip(own) {
            let new = match source {
                Resolved::Practice(path, speed) => {
                    open_practice(&path, speed, own, (series, &chain), &clock)?
                }
                Resolved::Device(device) => {
                    let (id, channels) = (device.id.clone(), own.unwrap_or(1));
                    // The one that was chosen, also when it is opened again.
                    let open = Microphone::opener(device.clone(), channels);
                    let own = |o: &Opened| o.device.as_ref().is_some_and(|d| d.is_same_as(&device));
                    if opened.iter().any(own) {
                        return Err(Error::MicrophoneTwice(device.name));
                    }
                    Opened {
                        recorder: arm(open, channels, (series, &chain), &clock)?,
                        device: Some(device),
                        id,
                    }
                }
            };
            series.first_channel = series.channel(new.recorder.channels());
            series.device = series.number();
            opened.push(new);
        }
        Ok(opened)
    }

    /// Which device stands behind each source. A session of nothing but one [`LiveSource::Usual`] has
    /// all those used last; beside others it is the one used last in this place.
    fn resolve(&self, sources: &[LiveSource]) -> Result<Vec<Resolved>, Error> {
        if matches!(sources, [] | [LiveSource::Usual]) {
            let usual = self.usual_microphones()?;
            return Ok(usual.into_iter().map(Resolved::Device).collect());
        }
        let resolve = |(place, source): (usize, &LiveSource)| {
            Ok(match source {
                LiveSource::Practice { path, speed } => Resolved::Practice(path.clone(), *speed),
                LiveSource::Device(wanted) => Resolved::Device(choose_device(Some(wanted))?),
                LiveSource::Usual => {
                    let mut usual = self.usual_microphones()?.into_iter();
                    let own = usual.nth(place).map_or_else(|| choose_device(None), Ok);
                    Resolved::Device(own?)
                }
            })
        };
        sources.iter().enumerate().map(resolve).collect()
    }

    fn remembered_microphones(&self) -> Vec<Remembered> {
        let path = self.workspace.microphone_file();
        let small = fs::metadata(&path).is_ok_and(|m| m.len() <= MAX_REMEMBERED);
        let text = small.then(|| fs::read(&path).ok()).flatten();
        let text = text.unwrap_or_default();
        let mut known: Vec<Remembered> = serde_json::from_slice(&text).unwrap_or_else(|_| {
            // One alone was written without a list before there could be several.
            let one = serde_json::from_slice(&text).ok();
            one.into_iter().collect()
        });
        known.truncate(usize::from(audio::MAX_LIVE_CHANNELS));
        known
    }

    /// Remembers the microphones of a session for the next one. A way to the sound server is not one
    /// microphone: with one among them none is remembered, and the system's usual one is used next.
    pub(super) fn remember_microphones(&self, devices: &[DeviceInfo]) -> Result<(), Error> {
        let devices = match devices.iter().any(|device| device.floating) {
            true => &[],
            false => devices,
        };
        let remember = |device: &DeviceInfo| Remembered {
            id: device.id.clone(),
            name: device.name.clone(),
            place: device.place.clone(),
        };
        let known: Vec<Remembered> = devices.iter().map(remember).collect();
        let path = self.workspace.microphone_file();
        write_whole(&path, true, &mut |file| {
            serde_json::to_writer(file, &known).map_err(|e| Error::File {
                what: "remember the microphones",
                cause: e.into(),
                path: path.clone(),
            })
        })
    }
}

/// A source whose device is known.
enum Resolved {
    Practice(PathBuf, f64),
    Device(DeviceInfo),
}

/// Channels of each of `found` microphones, of `named` ones: their shares in `dealt`, or to each the same
/// number; `None` where nobody named any.
pub(super) fn own_channels(
    named: usize,
    dealt: &[u16],
    found: usize,
) -> Result<Vec<Option<u16>>, Error> {
    let most = usize::from(audio::MAX_LIVE_CHANNELS);
    let uneven = Error::Microphones { named, found };
    if found > 1 && named.max(found) > most {
        return Err(uneven);
    }
    if !dealt.is_empty() {
        let sum: usize = dealt.iter().map(|own| usize::from(*own)).sum();
        let fits = dealt.len() == found && sum == named && !dealt.contains(&0);
        return match fits {
            true => Ok(dealt.iter().map(|own| Some(*own)).collect()),
            false => Err(uneven),
        };
    }
    if found == 0 || !named.is_multiple_of(found) {
        return Err(uneven);
    }
    // More than any microphone has is refused where it is opened.
    let own = match u16::try_from(named / found).unwrap_or(u16::MAX) {
        0 if found > 1 => Some(1),
        0 => None,
        own => Some(own),
    };
    Ok(vec![own; found])
}

/// Without named channels a practice file has as many as it has, two at most.
fn open_practice(
    path: &Path,
    speed: f64,
    own: Option<u16>,
    place: (Series, &SharedChain),
    clock: &Clock,
) -> Result<Opened, Error> {
    let wanted = own.unwrap_or(1);
    let found = PracticeFile::open(path, wanted, speed, clock.clone())?.format();
    let channels = own.unwrap_or(found.channels.min(2));
    let (file, its_clock) = (path.to_owned(), clock.clone());
    let open = move || {
        let file = PracticeFile::open(&file, channels, speed, its_clock.clone())?;
        Ok(Box::new(file) as Box<dyn AudioSource>)
    };
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned());
    Ok(Opened {
        recorder: arm(Box::new(open), channels, place, clock)?,
        device: None,
        id: format!("file:{}", name.unwrap_or_default()),
    })
}

fn arm(
    open: OpenSource,
    channels: u16,
    (series, chain): (Series, &SharedChain),
    clock: &Clock,
) -> Result<Recorder, Error> {
    Ok(Recorder::arm(RecorderPlan {
        open,
        channels,
        disk: Arc::new(SystemDisk),
        clock: clock.clone(),
        slept: sleep_clock(),
        part: PART,
        series,
        chain: chain.clone(),
    })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_dealt_evenly_or_as_asked_or_refused() {
        let evenly = |named, found| own_channels(named, &[], found).unwrap();
        assert_eq!(evenly(0, 1), [None]);
        assert_eq!(evenly(2, 1), [Some(2)]);
        assert_eq!(evenly(0, 2), [Some(1); 2]);
        assert_eq!(evenly(2, 2), [Some(1); 2]);
        assert_eq!(evenly(4, 2), [Some(2); 2]);
        // A mono microphone beside a stereo one.
        let mixed = own_channels(3, &[1, 2], 2).unwrap();
        assert_eq!(mixed, [Some(1), Some(2)]);
        assert_eq!(own_channels(2, &[2], 1).unwrap(), [Some(2)]);
        let wrong: [(usize, &[u16], usize); 9] = [
            (1, &[], 2),
            (3, &[], 2),
            (16, &[], 2),
            (0, &[], 9),
            (0, &[], 0),
            (3, &[1, 1], 2),
            (3, &[3], 2),
            (3, &[3, 0], 2),
            (9, &[1, 8], 2),
        ];
        for (named, dealt, found) in wrong {
            let refused = own_channels(named, dealt, found).unwrap_err();
            assert!(!refused.help().is_empty(), "{refused}");
        }
    }

    #[test]
    fn a_test_passes_by_what_was_heard_and_is_left_out_only_with_a_reason() {
        let format = audio::SourceFormat {
            rate: 16_000,
            channels: 1,
        };
        let voice: Vec<i16> = (0..16_000).map(|i| (i % 100 - 50) * 100).collect();
        let good = Take::of(&voice, format, 1).unwrap();
        let deaf = Take::of(&[0; 16_000], format, 1).unwrap();
        assert_eq!(MicrophoneTest::passed(&[good.clone(), deaf]), None);
        assert_eq!(MicrophoneTest::passed(&[]), None);
        let passed = MicrophoneTest::passed(&[good]).unwrap();
        assert!(passed.label().contains("-16 dB"), "{}", passed.label());
        assert_eq!(MicrophoneTest::skipped("  "), None);
        let skipped = MicrophoneTest::skipped("ບໍ່ມີລຳໂພງ").unwrap();
        assert!(skipped.label().ends_with("ບໍ່ມີລຳໂພງ"));
    }
    use crate::workspace::Workspace;

    fn app() -> (tempfile::TempDir, App) {
        let dir = tempfile::tempdir().unwrap();
        let app = App::at(Workspace::at(dir.path()).unwrap(), None).unwrap();
        (dir, app)
    }

    #[test]
    fn remembered_microphones_that_are_away_are_never_replaced_by_others() {
        let (_dir, app) = app();
        let known = |id: &str, name: &str| DeviceInfo {
            id: id.into(),
            name: name.into(),
            default: true,
            floating: false,
            place: String::new(),
            channels: 1,
            min_rate: 8000,
            max_rate: 48_000,
        };
        let desk = known("alsa:hw:CARD=NotThere,DEV=0", "Desk");
        let table = known("alsa:hw:CARD=NorThis,DEV=0", "ໂຕະ");
        app.remember_microphones(&[desk.clone(), table.clone()])
            .unwrap();
        let names = |app: &App| -> Vec<String> {
            let all = app.remembered_microphones();
            all.into_iter().map(|known| known.name).collect()
        };
        assert_eq!(names(&app), ["Desk", "ໂຕະ"]);
        let refused = app.usual_microphones().unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("Desk") && text.contains("NotThere"), "{text}");
        assert!(!refused.help().is_empty());
        // What the system uses at the moment is no identity.
        let server = DeviceInfo {
            floating: true,
            ..known("alsa:pulse", "PulseAudio")
        };
        app.remember_microphones(&[table, server]).unwrap();
        assert!(names(&app).is_empty(), "{:?}", names(&app));
        // One that was remembered alone is read as well, and a damaged memory is no memory.
        let path = app.workspace.microphone_file();
        fs::write(
            &path,
            serde_json::json!({"id": desk.id, "name": "Desk"}).to_string(),
        )
        .unwrap();
        assert_eq!(names(&app), ["Desk"]);
        fs::write(&path, b"{").unwrap();
        assert!(names(&app).is_empty());
    }
}
