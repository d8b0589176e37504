//! New interviews: recorded here, or taken in from recordings and transcripts; their languages and case; progress, time left,
//! a way to stop.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::egui::{Button, Frame, Panel, ScrollArea, TextEdit, Ui};

use super::live::Live;
use super::microphone::MicrophoneChoice;
use super::phrasebook::{Everywhere, Phrasebook, Pressed};
use crate::app::ImportRequest;
use crate::app::desk::{Command, JobKind, Opened, Recording};
use crate::app::live::{LiveRequest, LiveSource};
use crate::domain::{Asked, Lang, SpeechChoice, SpeechModels};
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::{job, languages, length, script, scroll, speech_models};

mod files;

use files::Files;

/// As what somebody is interviewed, and what the screens call it.
pub const PURPOSES: [(Asked, &str); 3] = [
    (Asked::Suspect, "person-suspect"),
    (Asked::Victim, "person-victim"),
    (Asked::Witness, "person-witness"),
];

/// The case and the people of an interview that is no more than practice.
const PRACTICE: &str = "practice";

/// What is typed into the screen.
pub struct Intake {
    practice: Vec<(PathBuf, Vec<Lang>)>,
    files: Files,
    /// What the person chose.
    officer: Option<Lang>,
    /// What the officer speaks where nothing was chosen.
    usual: Option<Lang>,
    other: Option<Lang>,
    third: Option<Lang>,
    /// The speech models that were chosen; all others are those of the settings.
    models: SpeechModels,
    case: String,
    /// The case that stands in an interview already, or that the program wrote here.
    entered: String,
    /// As what the person is interviewed.
    purpose: Option<Asked>,
    /// Who is in the room.
    present: String,
    /// How long it is likely to take, in hours.
    hours: u64,
    /// A recording ran when this was painted last.
    recorded: bool,
    live: Live,
    microphone: MicrophoneChoice,
    phrasebook: Phrasebook,
}

impl Intake {
    /// An empty form. `practice` are the recordings that ship with the program.
    pub fn new(practice: Vec<(PathBuf, Vec<Lang>)>) -> Self {
        Self {
            practice,
            files: Files::default(),
            officer: None,
            usual: None,
            other: None,
            third: None,
            models: SpeechModels::new(),
            case: String::new(),
            entered: String::new(),
            purpose: None,
            present: String::new(),
            hours: length::USUAL,
            recorded: false,
            live: Live::default(),
            microphone: MicrophoneChoice::default(),
            phrasebook: Phrasebook::default(),
        }
    }

    /// Whether something was typed or chosen that stands in no interview yet.
    pub fn is_typed(&self) -> bool {
        let practice = |file: &Path| self.practice.iter().any(|(own, _)| own == file);
        let case = self.case.trim();
        let typed = (!case.is_empty() && case != self.entered)
            || !matches!(self.present.trim(), "" | PRACTICE)
            || self.microphone.is_typed()
            || self.files.has_other(&practice);
        typed && !self.recorded
    }

    /// Takes what was filled in out of the screen, where anything was: not what belongs to a recording.
    pub fn put_by(&mut self) -> Option<Self> {
        let typed = [&self.case, &self.present];
        let any = typed.iter().any(|text| !text.trim().is_empty())
            || self.purpose.is_some()
            || self.files.are_typed()
            || self.microphone.test().is_some()
            || self.is_typed();
        any.then(|| {
            let empty = Self::new(self.practice.clone());
            let kept = std::mem::replace(self, empty);
            Self {
                files: kept.files.closed(),
                microphone: kept.microphone.put_by(),
                live: Live::default(),
                phrasebook: Phrasebook::default(),
                ..kept
            }
        })
    }

    /// Paints the screen.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        self.files.hear(ui, scene);
        self.find_usual(scene);
        let mut go = None;
        let recording = scene.desk.board().recording.get();
        if let Some(recording) = &recording {
            // Above what is scrolled: the end and a pause are never out of reach.
            let panel = Panel::top("live-controls").frame(Frame::NONE);
            panel.show(ui, |ui| self.live.controls(ui, scene, recording));
        }
        let area = ScrollArea::vertical().auto_shrink(false);
        scroll::page(ui, area, |ui| {
            ui.set_max_width(theme::READING);
            if let Some(recording) = &recording {
                self.recorded = true;
                self.entered = self.case.trim().to_owned();
                go = self.live.show(ui, scene, recording).or(go.take());
                ui.separator();
                let (sides, purpose) = (self.sides(scene, Some(recording)), self.purpose);
                let book = &mut self.phrasebook;
                return book.show(ui, scene, Some(recording), sides, purpose);
            }
            scene.heading(ui, "intake-title");
            if std::mem::take(&mut self.recorded) {
                // The next person is somebody else, and others may be in the room.
                self.purpose = None;
                self.present.clear();
            }
            let kinds = [JobKind::Import, JobKind::Resume, JobKind::Record];
            if let Some(id) = job::show(ui, scene, &kinds) {
                go = Some(Go::Line(id, None));
            }
            self.facts(ui, scene);
            ui.add_space(theme::WIDE_GAP);
            self.record(ui, scene);
            let sides = self.sides(scene, None);
            let purpose = self.purpose;
            self.phrasebook.show(ui, scene, None, sides, purpose);
            ui.separator();
            script::label(ui, scene.words.t("intake-about"), scene.own(ui));
            self.files.show(ui, scene);
            ui.add_space(theme::GAP);
            self.start(ui, scene);
            ui.add_space(theme::WIDE_GAP);
            self.practice(ui, scene);
        });
        go
    }

    fn facts(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        ui.horizontal_wrapped(|ui| {
            let six = &Lang::SIX;
            let name = words.t("intake-officer");
            let mut officer = self.officer();
            languages::pick(ui, "officer", name, six, None, &mut officer);
            if officer != self.officer() {
                self.officer = officer;
            }
        });
        ui.horizontal_wrapped(|ui| {
            let name = words.t("intake-other");
            languages::pick(ui, "other", name, &Lang::SIX, None, &mut self.other);
        });
        ui.horizontal_wrapped(|ui| {
            let (name, none) = (words.t("intake-third"), words.t("intake-none"));
            let six = &Lang::SIX;
            languages::pick(ui, "third", name, six, Some(none), &mut self.third);
        });
        self.models(ui, scene);
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("intake-case"));
            let field = TextEdit::singleline(&mut self.case).id_salt("case");
            script::line(ui, field.char_limit(300)).labelled_by(label.id);
        });
        ui.horizontal_wrapped(|ui| {
            ui.label(words.t("intake-purpose"));
            for (person, id) in PURPOSES {
                ui.radio_value(&mut self.purpose, Some(person), words.t(id));
            }
        });
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("intake-present"));
            let width = ui.available_width().clamp(120.0, 360.0);
            let field = TextEdit::singleline(&mut self.present)
                .id_salt("present")
                .char_limit(300)
                .desired_width(width);
            script::line(ui, field).labelled_by(label.id);
        });
    }

    /// The speech model of each language, where several serve it.
    fn models(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let usual = scene.words.t("intake-as-settings");
        let mut languages = self.languages();
        languages.sort();
        languages.dedup();
        for lang in languages {
            let native = [("language", lang.native_name())];
            let name = scene.words.with("intake-speech-model", &native);
            let own = &mut self.models;
            speech_models::pick(ui, scene, ("interview", &name, usual), lang, own);
        }
    }

    /// The models that were chosen for its languages.
    fn choices(&self) -> Vec<SpeechChoice> {
        let languages = self.languages();
        let own = self.models.iter();
        let own = own.filter(|(lang, _)| languages.contains(lang));
        let choice = |(lang, model): (&Lang, &String)| SpeechChoice {
            lang: *lang,
            channel: None,
            model: model.clone(),
        };
        own.map(choice).collect()
    }

    /// What a recording still needs before it can begin, beside languages and microphones.
    fn missing(&self, scene: &Scene<'_>) -> Option<String> {
        let fields = [
            (self.case().is_none(), "intake-case"),
            (self.purpose.is_none(), "intake-purpose"),
            (self.present.trim().is_empty(), "intake-present"),
        ];
        let missing: Vec<&str> = fields
            .into_iter()
            .filter(|(is, _)| *is)
            .map(|(_, id)| scene.words.t(id))
            .collect();
        let what = missing.join(", ");
        let told = || scene.words.with("intake-needed", &[("what", &what)]);
        (!missing.is_empty()).then(told)
    }

    /// The officer's language: as chosen, else the usual one.
    fn officer(&self) -> Option<Lang> {
        self.officer.or(self.usual)
    }

    /// What officers here speak most likely: the language of the screens, where interviews are held in
    /// it; else the officer's of the last interview.
    fn find_usual(&mut self, scene: &Scene<'_>) {
        let own = Some(scene.words.lang()).filter(|lang| Lang::SIX.contains(lang));
        let interviews = scene.desk.board().interviews.get();
        let last = || interviews.as_ref()?.first()?.languages.first().copied();
        self.usual = own.or_else(last);
    }

    fn languages(&self) -> Vec<Lang> {
        [self.officer(), self.other, self.third]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The officer's language and that of the person interviewed: of the recording, else as chosen.
    fn sides(&self, scene: &Scene<'_>, recording: Option<&Recording>) -> (Lang, Option<Lang>) {
        let opened = scene.desk.board().opened.get();
        let own = |o: &&Arc<Opened>| recording.is_some_and(|r| r.interview == o.interview.id);
        match opened
            .as_ref()
            .filter(own)
            .map(|o| o.interview.languages.as_slice())
        {
            Some([officer, other, ..]) => (*officer, Some(*other)),
            _ => {
                let officer = self.officer().or(self.other);
                let officer = officer.unwrap_or(scene.words.lang());
                (officer, self.other)
            }
        }
    }

    /// The window that the person interviewed looks at, whatever screen the officer is on; which of the
    /// keys that work everywhere was pressed in it.
    pub fn second_window(&mut self, ui: &Ui, scene: &Scene<'_>, keys: Everywhere) -> Pressed {
        self.phrasebook.second_window(ui, scene, keys)
    }

    /// The key of the pause was pressed, on whatever screen: the recording that runs pauses at once, or goes
    /// on. Whether it is to be asked why it pauses.
    pub fn pause_by_key(&mut self, scene: &Scene<'_>) -> bool {
        let recording = scene.desk.board().recording.get();
        recording.is_some_and(|now| self.live.pause_by_key(scene, &now))
    }

    /// What both ways of beginning still need.
    fn lacks(&self, scene: &Scene<'_>) -> Option<&'static str> {
        let languages = self.languages();
        let mut unique = languages.clone();
        unique.sort();
        unique.dedup();
        if job::is_running(scene) {
            Some("intake-wait")
        } else if unique.len() < 2 || unique.len() != languages.len() {
            Some("intake-two-languages")
        } else {
            None
        }
    }

    fn case(&self) -> Option<String> {
        let case = self.case.trim();
        (!case.is_empty()).then(|| case.to_owned())
    }

    /// Recording, from a microphone or, for practice, from the one file that was chosen.
    fn record(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        let lacks = self.lacks(scene);
        let request = lacks
            .is_none()
            .then(|| self.request(self.microphone.sources()));
        let languages = self.languages();
        self.microphone.show(ui, scene, &languages, request);
        length::pick(ui, scene, &mut self.hours);
        let mut wanted = None;
        let test = self.microphone.test();
        let button = Button::new(words.t("live-start"));
        let missing = self.missing(scene);
        let may = lacks.is_none() && missing.is_none();
        let ready = may && test.is_some();
        if ui.add_enabled(ready, button).clicked() {
            wanted = Some(LiveRequest {
                channels: self.microphone.channels(&languages),
                dealt: self.microphone.dealt(),
                speech_models: self.microphone.choices(&languages, self.choices()),
                test: test.unwrap_or_default(),
                ..self.request(self.microphone.sources())
            });
            self.microphone.used();
        }
        if let Some(path) = self.files.only_sound() {
            let button = Button::new(words.t("live-practice"));
            if ui.add_enabled(may, button).clicked() {
                wanted = Some(self.request(vec![LiveSource::Practice { path, speed: 1.0 }]));
            }
        }
        let remark = match (lacks, &missing) {
            (Some(id), _) => words.t(id),
            (None, Some(told)) => told,
            (None, None) => words.t("live-about"),
        };
        script::label(ui, remark, scene.remark(ui));
        self.doubts(ui, scene);
        if let Some(wanted) = wanted {
            scene.desk.ask(Command::EndTest);
            scene.desk.ask(Command::Record(wanted));
        }
    }

    /// The chosen languages whose model cannot be relied on, told before anybody speaks.
    fn doubts(&self, ui: &mut Ui, scene: &Scene<'_>) {
        let Some(shelf) = scene.desk.board().shelf.get() else {
            return;
        };
        let doubted = |lang: &Lang| match self.models.get(lang) {
            Some(name) => shelf
                .models
                .iter()
                .any(|m| m.name == *name && m.doubted.contains(lang)),
            None => shelf.doubted.contains(lang),
        };
        for lang in self.languages().iter().filter(|lang| doubted(lang)) {
            let name = lang.native_name();
            let told = scene.words.with("intake-unsuited", &[("language", name)]);
            let doubt = theme::of(ui).doubt;
            script::label(ui, &told, scene.own(ui).coloured(doubt));
        }
    }

    fn request(&self, sources: Vec<LiveSource>) -> LiveRequest {
        LiveRequest {
            languages: self.languages(),
            case: self.case(),
            person: self.purpose,
            present: Some(self.present.clone()),
            planned: Some(length::planned(self.hours)),
            sources,
            speech_models: self.choices(),
            ..LiveRequest::default()
        }
    }

    fn start(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        let none = self.files.are_none().then_some("intake-no-file");
        let lacks = none.or(self.lacks(scene));
        let button = Button::new(words.t("intake-start"));
        if ui.add_enabled(lacks.is_none(), button).clicked() {
            let request = ImportRequest {
                languages: self.languages(),
                case: self.case(),
                speech_models: self.choices(),
                asked: self.purpose,
                ..ImportRequest::default()
            };
            if self.files.send(scene, request) {
                self.entered = self.case.trim().to_owned();
            }
        }
        if let Some(id) = lacks {
            script::label(ui, words.t(id), scene.remark(ui));
        }
    }

    fn practice(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        if self.practice.is_empty() {
            return;
        }
        let words = scene.words;
        ui.separator();
        script::label(ui, words.t("intake-practice"), scene.own(ui));
        let mut chosen = None;
        ui.horizontal_wrapped(|ui| {
            for (at, (_, languages)) in self.practice.iter().enumerate() {
                let names: Vec<&str> = languages.iter().map(|l| l.native_name()).collect();
                if ui.button(names.join(" – ")).clicked() {
                    chosen = Some(at);
                }
            }
        });
        if let Some((path, languages)) = chosen.and_then(|at| self.practice.get(at)).cloned() {
            self.files.take_only(path);
            self.officer = languages.first().copied();
            self.other = languages.get(1).copied();
            self.third = languages.get(2).copied();
            PRACTICE.clone_into(&mut self.case);
            PRACTICE.clone_into(&mut self.entered);
            self.purpose = Some(Asked::Witness);
            PRACTICE.clone_into(&mut self.present);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::microphone::MicrophoneTest;
    use crate::gui::empty_window::keeps_the_keyboard;

    #[test]
    fn every_field_keeps_the_keyboard_whatever_comes_above_it() {
        let mut intake = Intake::new(Vec::new());
        // Case, people, a reason without a test, a path.
        keeps_the_keyboard(4, move |ui, scene| drop(intake.show(ui, scene)));
    }

    #[test]
    fn a_reason_for_an_untested_microphone_is_put_by_and_given_back() {
        let mut intake = Intake::new(Vec::new());
        intake.microphone = MicrophoneChoice::untested("no second person");
        assert!(intake.is_typed());
        let kept = intake.put_by();
        assert!(!intake.is_typed());
        assert!(intake.put_by().is_none());
        let kept = kept.unwrap();
        assert!(kept.is_typed());
        assert_eq!(
            kept.microphone.test(),
            MicrophoneTest::skipped("no second person")
        );
    }
}
