//! What is known of a session before it begins, and its first steps: a folder that holds this plan,
//! then the sound, then the row. A kill between any two of them leaves what `resume` completes.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::audio::{Beginning, MAX_LIVE_CHANNELS, Recorder, Series};
use crate::domain::{Channel, EventKind, InterviewId, Lang, LongestUtterance, SamplePos};
use crate::pipeline::intake::write_whole;
use crate::store::{self, NewEvent, NewInterview, NewSession, Store, Working};

use super::entries::label;
use super::{Error, LivePlace};

/// Number of the entry that tells of the microphones' test; a recorder's journal begins at 1.
const TEST_ENTRY: u64 = 0;
/// Number of the first of the entries at the beginning; no recorder's journal reaches so far.
const FIRST_ENTRY: u64 = 1 << 48;
/// How long the start of a session waits for another program that holds the database: the sound runs.
const AT_START: Duration = Duration::from_secs(1);
/// File name of the plan.
pub(super) const PLAN_FILE: &str = "session.json";

/// What is known of a session before it begins.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SessionPlan {
    /// Name of the new interview.
    pub id: InterviewId,
    /// The case.
    pub case: Option<String>,
    /// The languages, the officer's first.
    pub languages: Vec<Lang>,
    /// Who speaks on which channel, in which languages.
    pub channels: Vec<Channel>,
    /// RFC 3339.
    pub started: String,
    /// Identity of the microphone, or the practice file's name.
    pub device: String,
    /// A file plays in place of a microphone.
    pub practice: bool,
    /// Longest utterance that the recogniser of each language takes.
    pub max_utterance_ms: LongestUtterance,
    /// Length for which the disk must have room.
    pub planned: Duration,
    /// The microphones in the order of their channels; none stands for one that hears them all.
    #[serde(default)]
    pub microphones: Vec<SessionMicrophone>,
    /// What became of the microphones' test before the session, in plain words; empty where there
    /// was nothing to test.
    #[serde(default)]
    pub test: String,
    /// What else stands at the beginning of the record, such as who is present: here, so that neither a
    /// kill nor a busy database can take it away.
    #[serde(default)]
    pub entries: Vec<String>,
}

/// One microphone of several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionMicrophone {
    /// Its identity.
    pub device: String,
    /// So many of the interview's channels are its own, at least one.
    pub channels: u16,
}

impl SessionPlan {
    /// Each microphone's place among the channels, and how many of them are its own.
    pub fn series(&self) -> Vec<(Series, u16)> {
        let all = u16::try_from(self.channels.len()).unwrap_or(u16::MAX);
        let mut series = Series::default();
        let mut found = Vec::new();
        for microphone in &self.microphones {
            found.push((series, microphone.channels));
            series.device = series.number();
            series.first_channel = series.channel(microphone.channels);
        }
        if found.is_empty() {
            found.push((series, all));
        }
        found
    }

    /// Whether every channel is on one microphone and every microphone has one.
    pub(super) fn is_sound(&self) -> bool {
        let series = self.series();
        let last = series.last();
        let reach = last.map_or(0, |(s, own)| usize::from(s.channel(*own)));
        reach == self.channels.len()
            && series.len() <= usize::from(MAX_LIVE_CHANNELS)
            && series.iter().all(|(_, own)| *own > 0)
    }

    /// Stores the rows that the session begins with, as far as they are not there.
    pub(super) fn store(&self, store: &mut Store) -> Result<(), Error> {
        if store.session(&self.id).is_err() {
            let (interview, session) = self.rows();
            store.begin_session(&interview, &session)?;
        }
        let first = |kind, label: &str, number| NewEvent {
            kind,
            label: label.to_owned(),
            channel: None,
            start: SamplePos(0),
            end: Some(SamplePos(0)),
            closes: None,
            journal: Some(number),
            at: self.started.clone(),
        };
        if !self.test.is_empty() {
            store.add_event(&self.id, &first(EventKind::Test, &self.test, TEST_ENTRY))?;
        }
        for (number, entry) in (FIRST_ENTRY..).zip(&self.entries) {
            store.add_event(&self.id, &first(EventKind::Marker, &label(entry), number))?;
        }
        Ok(())
    }

    /// The rows that a session begins with.
    fn rows(&self) -> (NewInterview, NewSession) {
        let working = self.channels.iter().map(|c| Working {
            channel: c.index,
            file: format!("working-{}.wav", c.index),
            sha256: None,
        });
        let interview = NewInterview {
            id: self.id.clone(),
            case: self.case.clone(),
            languages: self.languages.clone(),
            started: self.started.clone(),
            duration_ms: 0,
            audio: Vec::new(),
            channels: self.channels.clone(),
            working: working.collect(),
            notes: Vec::new(),
            asked: None,
        };
        let session = NewSession {
            device: self.device.clone(),
            practice: self.practice,
            max_utterance_ms: self.max_utterance_ms.least(),
        };
        (interview, session)
    }
}

/// Bytes that one second of all microphones needs on the disk.
pub(super) fn bytes_a_second(recorders: &[Recorder]) -> u64 {
    recorders.iter().map(Recorder::bytes_a_second).sum()
}

/// A session that records.
pub(super) struct Begun {
    /// From when on.
    pub(super) at: Instant,
    /// The microphones.
    pub(super) recorders: Vec<Recorder>,
    /// Whether the rows that it begins with are in the store.
    pub(super) stored: bool,
}

/// Makes the session's folder, begins to record and stores its rows. Where another program holds the database,
/// or it takes no rows, the sound goes on without them.
///
/// # Errors
/// A folder that is there, a database that is none, no room, a microphone that refuses. Only where nothing
/// was recorded yet nothing is left behind; else `resume` makes an interview of the folder.
pub(super) fn begin_recording(
    recorders: Vec<Recorder>,
    plan: &SessionPlan,
    place: &LivePlace,
) -> Result<Begun, Error> {
    let folder = place.recordings.join(&plan.id.0);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| Error::Folder { cause, path }
    };
    fs::create_dir(&folder).map_err(failed(&folder))?;
    let mut recording = false;
    match begin_in(&recorders, plan, (place, &folder), &mut recording) {
        Ok((at, stored)) => Ok(Begun {
            at,
            recorders,
            stored,
        }),
        Err(e) => {
            // Those that have begun close their files first.
            drop(recorders);
            // Once one of them has begun there is sound, and nothing said is deleted.
            if !recording {
                let _ = fs::remove_dir_all(&folder);
            }
            Err(e)
        }
    }
}

fn begin_in(
    recorders: &[Recorder],
    plan: &SessionPlan,
    (place, folder): (&LivePlace, &Path),
    recording: &mut bool,
) -> Result<(Instant, bool), Error> {
    let path = folder.join(PLAN_FILE);
    let text = serde_json::to_vec(plan).map_err(|e| Error::Folder {
        cause: io::Error::other(e),
        path: path.clone(),
    })?;
    write_whole(folder, PLAN_FILE, &text).map_err(|cause| Error::Folder { cause, path })?;
    let store = match Store::open_within(&place.store, AT_START) {
        Err(store::Error::Busy) => None,
        opened => Some(opened?),
    };
    // Sound first: a kill from here on leaves a folder that `resume` makes an interview of.
    let begun = Instant::now();
    let all = bytes_a_second(recorders);
    let mut zero = None;
    for recorder in recorders {
        // The first one's start is the session's: the others reach back to it.
        let own = recorder.begin(Beginning {
            folder: folder.to_owned(),
            planned: plan.planned,
            beside: all.saturating_sub(recorder.bytes_a_second()),
            zero,
            pressed: None,
        })?;
        zero.get_or_insert(own);
        *recording = true;
    }
    // What fails from here on is tried again and told of while the sound goes on.
    let stored = store.is_some_and(|mut store| plan.store(&mut store).is_ok());
    Ok((begun, stored))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(channels: u16, microphones: &[u16]) -> SessionPlan {
        let channel = |index| Channel {
            index,
            speaker: format!("s{index}"),
            languages: vec![Lang::Km, Lang::Lo],
            speech_models: Default::default(),
        };
        let microphone = |(at, channels): (usize, &u16)| SessionMicrophone {
            device: format!("alsa:{at}"),
            channels: *channels,
        };
        SessionPlan {
            id: InterviewId("a".into()),
            case: None,
            languages: vec![Lang::Km, Lang::Lo],
            channels: (0..channels).map(channel).collect(),
            started: String::new(),
            device: String::new(),
            practice: false,
            max_utterance_ms: 7000.into(),
            planned: Duration::from_secs(1),
            microphones: microphones.iter().enumerate().map(microphone).collect(),
            test: String::new(),
            entries: Vec::new(),
        }
    }

    #[test]
    fn channels_are_dealt_in_order_and_a_plan_that_does_not_fit_is_unsound() {
        let three = plan(3, &[1, 2]);
        let series = three.series();
        assert_eq!(series[0], (Series::default(), 1));
        assert_eq!((series[1].0.device, series[1].0.first_channel), (1, 1));
        assert!(three.is_sound() && plan(2, &[]).is_sound());
        assert_eq!(plan(2, &[]).series(), [(Series::default(), 2)]);
        for unsound in [
            plan(3, &[1, 1]),
            plan(2, &[2, 0]),
            plan(1, &[1, 1]),
            plan(0, &[]),
        ] {
            assert!(!unsound.is_sound(), "{unsound:?}");
        }
    }

    #[test]
    fn a_plan_from_before_several_microphones_is_read() {
        let mut text = serde_json::to_value(plan(2, &[])).unwrap();
        let fields = text.as_object_mut().unwrap();
        for later in ["microphones", "test", "entries"] {
            assert!(fields.remove(later).is_some(), "{later}");
        }
        let read: SessionPlan = serde_json::from_value(text).unwrap();
        assert!(read.is_sound() && read.microphones.is_empty());
    }
}
