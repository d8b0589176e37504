//! Microphones that are open and ready to record: their levels move, their last seconds are kept, and a
//! session begins with them.

use crate::audio::{DeviceInfo, Level, Recorder, Take};
use crate::domain::{Cancel, Channel, Lang, SAMPLE_RATE};
use crate::pipeline::live::{Live, LivePlace, SessionMicrophone, SessionPlan};
use crate::pipeline::{self, Engines, assign_channels};

use super::awake::Awake;
use super::import::{ImportRequest, new_id};
use super::live::{LiveRequest, LiveSource, Session, USUAL_LENGTH};
use super::lock::WorkLock;
use super::microphone::{MicrophoneTest, own_channels};
use super::{App, Error};

/// Ready to record: the microphones are open, the meters move, two seconds are kept.
pub struct Armed {
    app: App,
    recorders: Vec<Recorder>,
    plan: SessionPlan,
    /// The microphones' identities, as they stand in the record.
    ids: Vec<String>,
    /// What was asked for.
    sources: Vec<LiveSource>,
    devices: Vec<DeviceInfo>,
    /// What stands at the beginning of the record.
    entries: Vec<String>,
    lock: WorkLock,
}

impl App {
    /// Opens the microphones for a session. Takes the workspace's work lock: nothing is imported
    /// meanwhile.
    ///
    /// # Errors
    /// Unsuitable languages; a microphone that is missing, refused or too narrow; channels that
    /// cannot be dealt to the microphones; another process at work.
    pub fn arm(&self, request: &LiveRequest) -> Result<Armed, Error> {
        check(request)?;
        let lock = WorkLock::take(&self.workspace)?;
        let opened =
            self.open_microphones(&request.sources, request.channels.len(), &request.dealt)?;
        let ids: Vec<String> = opened.iter().map(|o| o.id.clone()).collect();
        let devices = opened.iter().filter_map(|o| o.device.clone()).collect();
        let practice = opened.iter().any(|o| o.device.is_none());
        let recorders: Vec<Recorder> = opened.into_iter().map(|o| o.recorder).collect();
        Ok(Armed {
            app: self.clone(),
            plan: self.session_plan(request, &recorders, &ids, practice)?,
            recorders,
            entries: request.entries(),
            ids,
            sources: request.sources.clone(),
            devices,
            lock,
        })
    }

    fn session_plan(
        &self,
        request: &LiveRequest,
        recorders: &[Recorder],
        ids: &[String],
        practice: bool,
    ) -> Result<SessionPlan, Error> {
        let all = recorders.iter().map(Recorder::channels).sum();
        let several = recorders.len() > 1;
        let microphone = |(recorder, id): (&Recorder, &String)| SessionMicrophone {
            device: id.clone(),
            channels: recorder.channels(),
        };
        let microphones = recorders.iter().zip(ids).filter(|_| several);
        Ok(SessionPlan {
            id: new_id(),
            case: request.case.clone(),
            languages: request.languages.clone(),
            channels: assign_channels(&request.languages, &request.channels, all)?,
            started: now(),
            device: ids.join(" + "),
            practice,
            max_utterance_ms: self.max_utterance_ms(&self.shelf(), &request.languages),
            planned: request.planned.unwrap_or(USUAL_LENGTH),
            microphones: microphones.map(microphone).collect(),
            test: if practice {
                String::new()
            } else {
                request.test.label()
            },
        })
    }
}

impl Armed {
    /// Level of each channel now.
    pub fn levels(&self) -> Vec<Level> {
        let all = self.recorders.iter();
        all.flat_map(|recorder| recorder.meters().read()).collect()
    }

    /// What each microphone heard in the last seconds, five at most, to look at and to play back.
    ///
    /// # Errors
    /// A microphone that has ended.
    pub fn takes(&self) -> Result<Vec<Take>, Error> {
        let all = self.recorders.iter();
        Ok(all.map(Recorder::take).collect::<Result<_, _>>()?)
    }

    /// The same microphones for this request, without a moment in which they do not listen; `None` where
    /// it wants others, or other channels of them.
    ///
    /// # Errors
    /// Unsuitable languages.
    pub fn for_request(mut self, request: &LiveRequest) -> Result<Option<Self>, Error> {
        check(request)?;
        let own = own_channels(request.channels.len(), &request.dealt, self.recorders.len());
        let fits = own.is_ok_and(|own| {
            let mut all = own.into_iter().zip(&self.recorders);
            all.all(|(own, recorder)| own.is_none_or(|own| own == recorder.channels()))
        });
        if !fits || request.sources != self.sources {
            return Ok(None);
        }
        let practice = self.plan.practice;
        self.plan = self
            .app
            .session_plan(request, &self.recorders, &self.ids, practice)?;
        self.entries = request.entries();
        Ok(Some(self))
    }

    /// What became of the microphones' test, where that is known only now.
    pub fn tested(&mut self, test: &MicrophoneTest) {
        if !self.plan.practice {
            self.plan.test = test.label();
        }
    }

    /// Who is on which channel.
    pub fn channels(&self) -> &[Channel] {
        &self.plan.channels
    }

    /// The microphones by their names, or the practice files.
    pub fn source(&self) -> String {
        if self.plan.practice {
            return self.plan.device.clone();
        }
        let names: Vec<&str> = self.devices.iter().map(|d| d.name.as_str()).collect();
        names.join(" + ")
    }

    /// Whether a file plays in place of a microphone.
    pub fn is_practice(&self) -> bool {
        self.plan.practice
    }

    /// What a person should know of the microphones before they depend on them, each with the next step.
    pub fn remarks(&self) -> Vec<(String, &'static str)> {
        let several = self.recorders.len() > 1;
        let narrow = |recorder: &&Recorder| recorder.format().rate < SAMPLE_RATE;
        let remark = |recorder: &Recorder| {
            let own = several.then(|| format!(" {}", recorder.series().number()));
            let (own, rate) = (own.unwrap_or_default(), recorder.format().rate);
            (
                format!(
                    "microphone{own} delivers {rate} Hz, like a telephone: more words will be misheard"
                ),
                "Use a microphone with a cable, or one that the system does not use for calls.",
            )
        };
        self.recorders.iter().filter(narrow).map(remark).collect()
    }

    /// Languages that no installed model recognises: their lines will wait for one.
    pub fn languages_without_model(&self) -> Vec<Lang> {
        let shelf = self.app.shelf();
        let preferred = self.app.config.speech_model.as_deref();
        let mut without = self.plan.languages.clone();
        without.retain(|lang| shelf.for_speech(*lang, preferred).is_err());
        without
    }

    /// Begins to record, at once and with the two seconds before. Models are loaded meanwhile.
    ///
    /// # Errors
    /// Too little room on the disk, a disk that refuses, a damaged glossary. Nothing is left behind.
    pub fn start(self) -> Result<Session, Error> {
        let app = self.app;
        app.workspace.make_folders()?;
        let place = LivePlace {
            store: app.workspace.store(),
            recordings: app.workspace.recordings(),
            glossary: app.glossary()?,
            options: app.line_options(None, None, false),
        };
        let loader = app.clone();
        let languages = self.plan.languages.clone();
        let load = Box::new(move || {
            let mut engines = Engines::default();
            loader
                .add_engines(&mut engines, &[languages], true, &Cancel::new(), &|_| {})
                .map_err(|e| pipeline::Error::Engines(e.to_string()))?;
            Ok(engines)
        });
        let mut plan = self.plan;
        plan.started = now();
        let live = Live::begin(self.recorders, &plan, place, load)?;
        for entry in &self.entries {
            live.mark(entry)?;
        }
        if !self.devices.is_empty() {
            // That they cannot be remembered is no reason to stop a recording that runs.
            let _ = app.remember_microphones(&self.devices);
        }
        Ok(Session {
            awake: Awake::ask(),
            app,
            live,
            lock: self.lock,
        })
    }
}

/// Refuses languages and channels as an import does.
fn check(request: &LiveRequest) -> Result<(), Error> {
    ImportRequest {
        languages: request.languages.clone(),
        case: request.case.clone(),
        channels: request.channels.clone(),
        again: false,
    }
    .check()
}

fn now() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%SZ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn microphones_that_listen_are_taken_over_by_a_request_that_wants_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = crate::workspace::Workspace::at(dir.path()).unwrap();
        let app = App::at(workspace, None).unwrap();
        let kit = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings/practice");
        let file = |name: &str| LiveSource::Practice {
            path: kit.join(name).join("audio.flac"),
            speed: 1.0,
        };
        let tested = LiveRequest {
            languages: vec![Lang::Zh, Lang::Vi],
            sources: vec![file("zh-vi")],
            ..LiveRequest::default()
        };
        let channel = |name: &str, lang| (name.to_owned(), vec![lang]);
        let named = LiveRequest {
            channels: vec![channel("a", Lang::Zh), channel("b", Lang::Vi)],
            case: Some("K-9".into()),
            ..tested.clone()
        };
        let other = LiveRequest {
            sources: vec![file("my-th")],
            ..named.clone()
        };
        let alone = LiveRequest {
            channels: vec![channel("a", Lang::Zh)],
            ..tested.clone()
        };
        for wanted in [other, alone] {
            let armed = app.arm(&tested).unwrap();
            assert!(armed.for_request(&wanted).unwrap().is_none());
        }
        let armed = app.arm(&tested).unwrap().for_request(&named).unwrap();
        let armed = armed.unwrap();
        assert_eq!(armed.channels()[1].speaker, "b");
        assert_eq!(armed.plan.case.as_deref(), Some("K-9"));
    }
}
