//! What is known of a session before it begins, and its first steps: a folder that holds this plan,
//! then the sound, then the row. A kill between any two of them leaves what `resume` completes.

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::audio::Recorder;
use crate::domain::{Channel, InterviewId, Lang};
use crate::pipeline::intake::write_whole;
use crate::store::{NewInterview, NewSession, Store};

use super::{Error, LivePlace};

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
    /// Longest utterance the recogniser takes, in milliseconds.
    pub max_utterance_ms: u64,
    /// Length for which the disk must have room.
    pub planned: Duration,
}

impl SessionPlan {
    /// The rows that a session begins with.
    pub(super) fn rows(&self) -> (NewInterview, NewSession) {
        let working = self
            .channels
            .iter()
            .map(|c| (c.index, format!("working-{}.wav", c.index)));
        let interview = NewInterview {
            id: self.id.clone(),
            case: self.case.clone(),
            languages: self.languages.clone(),
            started: self.started.clone(),
            duration_ms: 0,
            audio: Vec::new(),
            channels: self.channels.clone(),
            working: working.collect(),
        };
        let session = NewSession {
            device: self.device.clone(),
            practice: self.practice,
            max_utterance_ms: self.max_utterance_ms,
        };
        (interview, session)
    }
}

/// Makes the session's folder and row and begins to record; the moment from which on it does.
pub(super) fn begin_recording(
    recorder: &Recorder,
    plan: &SessionPlan,
    place: &LivePlace,
) -> Result<Instant, Error> {
    let folder = place.recordings.join(&plan.id.0);
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |cause| Error::Folder { cause, path }
    };
    fs::create_dir(&folder).map_err(failed(&folder))?;
    let begun = begin_in(recorder, plan, place, &folder);
    if begun.is_err() {
        // Nothing of this session is worth keeping: not a second was recorded.
        let _ = fs::remove_dir_all(&folder);
    }
    begun
}

fn begin_in(
    recorder: &Recorder,
    plan: &SessionPlan,
    place: &LivePlace,
    folder: &Path,
) -> Result<Instant, Error> {
    let path = folder.join(PLAN_FILE);
    let text = serde_json::to_vec(plan).map_err(|e| Error::Folder {
        cause: io::Error::other(e),
        path: path.clone(),
    })?;
    write_whole(folder, PLAN_FILE, &text).map_err(|cause| Error::Folder { cause, path })?;
    let mut store = Store::open(&place.store)?;
    // Sound first: a kill from here on leaves a folder that `resume` makes an interview of.
    let begun = Instant::now();
    recorder.begin(folder.to_owned(), plan.planned)?;
    let (interview, session) = plan.rows();
    if let Err(e) = store.begin_session(&interview, &session) {
        recorder.stop();
        return Err(e.into());
    }
    Ok(begun)
}
