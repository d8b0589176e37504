//! Microphones that are open and ready to record: their levels move, their last seconds are kept, and a
//! session begins with them.

mod remarks;

use jiff::ZonedDateTime;

use crate::audio::{DeviceInfo, Level, Recorder, Take};
use crate::domain::{Cancel, Channel, Lang};
use crate::pipeline::live::{Live, LivePlace, SessionMicrophone, SessionPlan};
use crate::pipeline::{self, LineOptions, assign_channels, choose_models};

use super::awake::Awake;
use super::import::{ImportRequest, new_id};
use super::live::{LiveRequest, LiveSource, Session, USUAL_LENGTH};
use super::live_engines::{Ahead, TooLarge, Wanted, room_for_models};
use super::lock::WorkLock;
use super::microphone::{MicrophoneTest, own_channels};
use super::speech_models::hearing;
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
    /// Bytes that models may take, as it was before any was loaded.
    room: Option<u64>,
    /// Engines that are being loaded.
    ahead: Option<Ahead>,
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
        self.check_session(request)?;
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
            ids,
            sources: request.sources.clone(),
            devices,
            room: room_for_models(),
            ahead: None,
            lock,
        })
    }

    /// Refuses languages, channels and chosen models as an import does.
    fn check_session(&self, request: &LiveRequest) -> Result<(), Error> {
        ImportRequest {
            languages: request.languages.clone(),
            channels: request.channels.clone(),
            ..ImportRequest::default()
        }
        .check()?;
        self.check_choices(
            &request.languages,
            &request.channels,
            &request.speech_models,
        )
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
        let mut channels = assign_channels(&request.languages, &request.channels, all)?;
        choose_models(&mut channels, &request.speech_models)?;
        let (languages, heard) = (&request.languages, hearing(&channels));
        Ok(SessionPlan {
            id: new_id(),
            case: request.case.clone(),
            languages: request.languages.clone(),
            channels,
            started: with_offset(&ZonedDateTime::now()),
            device: ids.join(" + "),
            practice,
            max_utterance_ms: self.max_utterance_ms(&self.shelf(), languages, &heard),
            planned: request.planned.unwrap_or(USUAL_LENGTH),
            microphones: microphones.map(microphone).collect(),
            test: if practice {
                String::new()
            } else {
                request.test.label()
            },
            entries: request.entries(),
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
        self.app.check_session(request)?;
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
        Ok(Some(self))
    }

    /// Begins to load the models, in a thread of its own, so that the text of the first words does not
    /// wait for them. Dropping this ends the loading.
    pub fn load_ahead(&mut self) {
        let without = self.too_large();
        self.ahead = Ahead::begin(&self.app, self.wanted(), &without);
    }

    /// What the session needs of the models.
    fn wanted(&self) -> Wanted {
        Wanted {
            languages: self.plan.languages.clone(),
            hearing: hearing(&self.plan.channels),
            case: self.plan.case.clone(),
        }
    }

    /// Models that the memory has no room for.
    fn too_large(&self) -> Vec<TooLarge> {
        self.app.too_large_for_live(&self.wanted(), self.room)
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
        let names: Vec<String> = self.devices.iter().map(DeviceInfo::title).collect();
        names.join(" + ")
    }

    /// Whether one of them is not one microphone but whatever the system uses at the moment.
    pub fn follows_system(&self) -> bool {
        self.devices.iter().any(|device| device.floating)
    }

    /// Whether a file plays in place of a microphone.
    pub fn is_practice(&self) -> bool {
        self.plan.practice
    }

    /// Languages that no installed model recognises on some channel: those lines will wait for one.
    pub fn languages_without_model(&self) -> Vec<Lang> {
        let shelf = self.app.shelf();
        let mut heard = hearing(&self.plan.channels);
        heard.retain(|heard| self.app.model_for(&shelf, heard).is_err());
        let mut without: Vec<Lang> = heard.into_iter().map(|(lang, _)| lang).collect();
        without.dedup();
        without
    }

    /// Begins to record, at once and with the two seconds before. Models are loaded meanwhile.
    ///
    /// # Errors
    /// Too little room on the disk, a disk that refuses, a damaged glossary, an unreadable register.
    /// Nothing is left behind.
    pub fn start(mut self) -> Result<Session, Error> {
        // The two seconds before now: what follows takes its time.
        self.recorders.iter().for_each(Recorder::press);
        let (without, ahead) = (self.too_large(), self.ahead.take());
        let wanted = self.wanted();
        let app = self.app;
        app.workspace.make_folders()?;
        let case = self.plan.case.clone();
        let glossary = app.glossary_for(case.as_deref())?;
        let place = LivePlace {
            store: app.workspace.store(),
            recordings: app.workspace.recordings(),
            options: LineOptions {
                names: app.names_for(case.as_deref(), &glossary)?,
                ..app.line_options(None, None, false)
            },
            glossary,
        };
        let loader = app.clone();
        let load = Box::new(move |cancel: &Cancel| {
            let ahead = ahead.filter(|a| a.serves(&loader, &wanted));
            let loaded = match ahead {
                Some(ahead) => ahead.take(),
                None => loader.load_for_live(&wanted, &without, cancel),
            };
            loaded.map_err(|e| pipeline::Error::Engines(e.to_string()))
        });
        let mut plan = self.plan;
        plan.started = with_offset(&ZonedDateTime::now());
        let live = Live::begin(self.recorders, &plan, place, load)?;
        // That they cannot be remembered is no reason to stop a recording that runs.
        let remembered = match self.devices.is_empty() {
            true => Ok(()),
            false => app.remember_microphones(&self.devices),
        };
        let remarks = remembered.err().map(|e| (e.to_string(), e.help()));
        Ok(Session {
            awake: Awake::ask(),
            app,
            live,
            lock: self.lock,
            remarks: remarks.into_iter().collect(),
        })
    }
}

/// A moment as the beginning of an interview is stored, RFC 3339 with the offset of the clocks here:
/// only so the time of day is known later, and elsewhere.
pub(super) fn with_offset(moment: &ZonedDateTime) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::engines::Prefer;

    #[test]
    fn a_beginning_is_stored_with_the_offset_of_the_clocks_and_is_the_same_moment() {
        let moment: jiff::Timestamp = "2026-11-23T18:05:09.5Z".parse().unwrap();
        for (minutes, stored) in [
            (7 * 60, "2026-11-24T01:05:09+07:00"),
            (6 * 60 + 30, "2026-11-24T00:35:09+06:30"),
            (0, "2026-11-23T18:05:09+00:00"),
            (-5 * 60, "2026-11-23T13:05:09-05:00"),
        ] {
            let offset = jiff::tz::Offset::from_seconds(minutes * 60).unwrap();
            let zone = jiff::tz::TimeZone::fixed(offset);
            let written = with_offset(&moment.to_zoned_datetime(zone));
            assert_eq!(written, stored);
            let read: jiff::Timestamp = written.parse().unwrap();
            assert_eq!(read.as_second(), moment.as_second());
        }
    }

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

    #[test]
    fn channels_that_nobody_was_named_for_are_told() {
        let (_dir, app, mut request) = bed();
        assert!(app.arm(&request).unwrap().unheard().is_empty());
        request.channels = vec![("all".into(), vec![Lang::Zh, Lang::Vi])];
        let told = app.arm(&request).unwrap().unheard();
        let [(what, next)] = &told[..] else {
            panic!("{told:?}")
        };
        assert!(what.contains("file:audio.flac has 2 channels, and 1 with"));
        assert!(next.contains("--channels"), "{next}");
        // One request names the channels of one device, with somebody on each.
        request.channels = ["officer", "interviewee"]
            .map(|who| (who.to_owned(), vec![Lang::Zh, Lang::Vi]))
            .to_vec();
        request.dealt = vec![2];
        let armed = app.arm(&request).unwrap();
        assert!(armed.unheard().is_empty());
        assert_eq!(armed.channels().len(), 2);
    }

    #[test]
    fn a_session_listens_for_the_names_of_its_case_and_of_none() {
        let dir = tempfile::tempdir().unwrap();
        let workspace = crate::workspace::Workspace::at(dir.path()).unwrap();
        let app = App::at(workspace, None).unwrap();
        for (case, name) in [
            (Some("K-1"), "张建国"),
            (Some("K-2"), "王丽华"),
            (None, "李秀英"),
        ] {
            let entry = crate::app::people::Entry::new(crate::domain::FactKind::Name, name);
            app.add_person(case, "Li", &[entry]).unwrap();
        }
        let table = "id,zh,vi,case\na,大象公司,công ty Voi,K-1\nb,老鹰公司,công ty Ưng,K-2\nc,白云公司,công ty Mây,\n";
        std::fs::create_dir_all(dir.path().join("glossaries")).unwrap();
        std::fs::write(dir.path().join("glossaries/own.csv"), table).unwrap();
        let heard = |case: Option<&str>| {
            let languages = &[Lang::Zh];
            app.names_to_hear(Prefer { languages, case }).unwrap()
        };
        let count = |all: &[String], some: [&str; 2]| {
            let held = some.iter().filter(|name| all.iter().any(|n| n == *name));
            held.count()
        };
        for (case, own, others) in [(Some("K-1"), 2, 0), (Some("K-2"), 0, 2), (None, 0, 0)] {
            let all = heard(case);
            assert_eq!(count(&all, ["张建国", "大象公司"]), own, "{case:?}");
            assert_eq!(count(&all, ["王丽华", "老鹰公司"]), others, "{case:?}");
            assert_eq!(count(&all, ["李秀英", "白云公司"]), 2, "{case:?}");
        }
    }

    /// A workspace with the practice models, and a practice interview as the microphone.
    fn bed() -> (tempfile::TempDir, App, LiveRequest) {
        let dir = tempfile::tempdir().unwrap();
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let app = App::open(&crate::app::Options {
            workspace: Some(dir.path().to_owned()),
            env_kit: Some(root.to_owned()),
            ..crate::app::Options::default()
        })
        .unwrap();
        let request = LiveRequest {
            languages: vec![Lang::Zh, Lang::Vi],
            sources: vec![LiveSource::Practice {
                path: root.join("recordings/practice/zh-vi/audio.flac"),
                speed: 1.0,
            }],
            ..LiveRequest::default()
        };
        (dir, app, request)
    }

    /// Records eight seconds; the lines that have words, of how many.
    fn lines(app: &App, armed: Armed) -> (usize, usize) {
        let session = armed.start().unwrap();
        std::thread::sleep(std::time::Duration::from_secs(8));
        let report = session.finish().unwrap();
        let (_, lines) = app.show(&report.id.0).unwrap();
        let with = lines.iter().filter(|l| !l.text.is_empty()).count();
        (with, lines.len())
    }

    #[test]
    fn engines_that_were_loaded_ahead_are_those_of_the_session() {
        let (_dir, app, request) = bed();
        let mut armed = app.arm(&request).unwrap();
        armed.load_ahead();
        armed = armed.for_request(&request).unwrap().unwrap();
        // Whoever loads them now finds none.
        while !armed.ahead.as_ref().unwrap().is_loaded() {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        armed.app.model_roots.clear();
        let (with, all) = lines(&app, armed);
        assert!(with > 0, "{with} of {all} lines have words");
    }

    #[test]
    fn models_without_room_are_told_and_the_recording_goes_on_without_them() {
        let (_dir, app, request) = bed();
        let mut armed = app.arm(&request).unwrap();
        armed.room = Some(0);
        let told = armed.remarks();
        assert_eq!(told.len(), 2, "{told:?}");
        armed.app.config.engine = crate::config::SpeechEngine::WhisperCpp;
        let whisper = armed.remarks();
        assert!(
            whisper.len() == 3 && whisper[2].0.contains("own engine"),
            "{whisper:?}"
        );
        let (with, all) = lines(&app, armed);
        assert!(with == 0 && all > 0, "{with} of {all} lines have words");
    }
}
