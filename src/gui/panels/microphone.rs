//! Which microphones are used, who speaks into each, and whether they hear: a few seconds are played
//! back before an interview depends on them.

mod inputs;

use eframe::egui::{Button, ComboBox, TextEdit, Ui};

use crate::app::desk::{Command, TestPhase, Testing};
use crate::app::live::{LiveRequest, LiveSource};
use crate::app::microphone::MicrophoneTest;
use crate::audio::{DeviceInfo, Hearing};
use crate::domain::{Lang, SpeechChoice, SpeechModels, told_apart};
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{job, languages, meters, named, script, speech_models};

/// Microphones of one interview at most.
const MOST: usize = 4;

/// Who speaks into a microphone: the stable words of a channel, and what the screens call them.
const ROLES: [(&str, &str); 3] = [
    ("officer", "role-officer"),
    ("interviewee", "role-interviewee"),
    ("interpreter", "role-interpreter"),
];

/// One microphone.
#[derive(Default)]
struct Row {
    chosen: Option<String>,
    role: usize,
    /// None: what the speaker usually speaks.
    language: Option<Lang>,
    /// The device's further inputs that somebody speaks into.
    more: Vec<Row>,
    /// The speech models of this microphone where they are not those of the whole interview.
    models: SpeechModels,
}

impl Row {
    fn source(&self) -> LiveSource {
        match &self.chosen {
            Some(id) => LiveSource::Device(id.clone()),
            None => LiveSource::Usual,
        }
    }

    fn speaker(&self) -> &'static str {
        ROLES.get(self.role).map_or("speaker", |(word, _)| word)
    }

    /// The languages that are expected here.
    fn languages(&self, all: &[Lang]) -> Vec<Lang> {
        match (self.language, self.speaker(), all) {
            (Some(lang), ..) if all.contains(&lang) => vec![lang],
            (_, "officer", [first, ..]) => vec![*first],
            (_, "interviewee", [_, others @ ..]) => others.to_vec(),
            _ => all.to_vec(),
        }
    }
}

/// What is chosen.
pub struct MicrophoneChoice {
    asked: bool,
    rows: Vec<Row>,
    /// What was tested, and that somebody heard it.
    passed: Option<(Vec<LiveSource>, MicrophoneTest)>,
    /// Of what the test that runs or asks is.
    testing: Vec<LiveSource>,
    /// Why there is no test.
    reason: String,
    /// Microphones that were tested listened when this was painted last.
    listened: bool,
    /// Those that listen without a test, because somebody said why there is none.
    untested: Option<Vec<LiveSource>>,
}

impl Default for MicrophoneChoice {
    fn default() -> Self {
        Self {
            asked: false,
            rows: vec![Row::default()],
            passed: None,
            testing: Vec::new(),
            reason: String::new(),
            listened: false,
            untested: None,
        }
    }
}

impl MicrophoneChoice {
    /// The microphones that were chosen, else the one that was used last.
    pub fn sources(&self) -> Vec<LiveSource> {
        self.rows.iter().map(Row::source).collect()
    }

    /// Who speaks on which channel; nobody in particular where there is one microphone for all.
    pub fn channels(&self, all: &[Lang]) -> Vec<(String, Vec<Lang>)> {
        let inputs: Vec<&Row> = self.rows.iter().flat_map(Row::inputs).collect();
        if inputs.len() < 2 {
            return Vec::new();
        }
        let names = told_apart(inputs.iter().map(|r| r.speaker()));
        let spoken = inputs.iter().map(|r| r.languages(all));
        names.into_iter().zip(spoken).collect()
    }

    /// How many of the channels each microphone has; none where it is the same number for all.
    pub fn dealt(&self) -> Vec<u16> {
        inputs::dealt(&self.rows)
    }

    /// The speech models that were chosen: `general` for the whole interview, as far as somebody speaks those
    /// languages, and those of single microphones.
    pub fn choices(&self, all: &[Lang], mut general: Vec<SpeechChoice>) -> Vec<SpeechChoice> {
        if self.rows.len() < 2 {
            return general;
        }
        let heard: Vec<Lang> = self.rows.iter().flat_map(|r| r.languages(all)).collect();
        general.retain(|choice| heard.contains(&choice.lang));
        let inputs = self.rows.iter().flat_map(Row::inputs);
        let mut names = told_apart(inputs.map(Row::speaker)).into_iter();
        for row in &self.rows {
            let Some(name) = names.next() else {
                break;
            };
            names.by_ref().take(row.more.len()).for_each(drop);
            let own = row.languages(all);
            let models = row.models.iter().filter(|(lang, _)| own.contains(lang));
            general.extend(models.map(|(lang, model)| SpeechChoice {
                lang: *lang,
                channel: Some(name.clone()),
                model: model.clone(),
            }));
        }
        general
    }

    /// What became of the test; `None` while it was neither passed nor left out for a reason.
    pub fn test(&self) -> Option<MicrophoneTest> {
        let passed = self.passed.as_ref();
        let own = passed.filter(|(sources, _)| *sources == self.sources());
        own.map(|(_, test)| test.clone())
            .or_else(|| MicrophoneTest::skipped(&self.reason))
    }

    /// Whether a reason was typed for which nothing is tested.
    pub fn is_typed(&self) -> bool {
        !self.reason.trim().is_empty()
    }

    /// A reason is typed for which nothing is tested.
    #[cfg(test)]
    pub fn untested(reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            ..Self::default()
        }
    }

    /// A session has begun: the next one is tested again.
    pub fn used(&mut self) {
        self.passed = None;
        self.untested = None;
        self.reason.clear();
    }

    /// The same for another desk, which has not been asked for microphones yet.
    pub fn put_by(self) -> Self {
        Self {
            asked: false,
            untested: None,
            ..self
        }
    }

    /// Paints the choice. `request` is what a recording in these languages would be; without one there is no
    /// test yet.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        all: &[Lang],
        request: Option<LiveRequest>,
    ) {
        let request = request.map(|request| inputs::named(self, request));
        if !std::mem::replace(&mut self.asked, true) {
            scene.desk.ask(Command::Microphones);
        }
        let found = scene.desk.board().microphones.get();
        let found = found.as_ref().map_or(&[][..], |f| f.as_slice());
        let several = self.rows.len() > 1;
        let mut removed = None;
        let taken = self.rows.iter().flat_map(Row::inputs).count();
        let mut changed = false;
        for (at, row) in self.rows.iter_mut().enumerate() {
            ui.horizontal_wrapped(|ui| {
                device(ui, scene, at, several, row, found);
                if several || !row.more.is_empty() {
                    speaker(ui, scene, at, row);
                }
                let more = several && at > 0;
                if more && named::remove(ui, scene, &numbered(scene, at)) {
                    removed = Some(at);
                }
            });
            changed |= inputs::show(ui, scene, (at, taken), row, found);
            if several {
                models(ui, scene, at, all, row);
            }
        }
        if let Some(at) = removed {
            self.rows.remove(at);
        }
        if changed {
            // Nobody heard the others in that test.
            self.passed = None;
        }
        self.listen(scene, request.as_ref());
        self.buttons(ui, scene, request);
        if let Some(testing) = scene.desk.board().testing.get() {
            self.outcome(ui, scene, &testing);
        }
        self.gate(ui, scene);
    }

    /// While this screen is open, microphones that were tested, or are to be used without, listen: they are
    /// opened again where something else came between, so that a recording begins with what was said
    /// before its button.
    fn listen(&mut self, scene: &Scene<'_>, request: Option<&LiveRequest>) {
        let board = scene.desk.board();
        let listens = board.testing.get().is_some();
        if listens {
            board.attend();
        }
        if let Some(request) = request
            && !job::is_running(scene)
            && self.is_to_listen(listens)
            && let Some(test) = self.test()
        {
            scene.desk.ask(Command::Listen(request.clone(), test));
        }
    }

    /// Once after they ceased to listen, and once for those without a test: microphones that are gone are
    /// not asked for without end.
    fn is_to_listen(&mut self, listens: bool) -> bool {
        let test = self.test();
        let ceased = std::mem::replace(&mut self.listened, listens) && !listens;
        let own = self.sources();
        let first = matches!(test, Some(MicrophoneTest::Skipped(_)))
            && self.untested.as_ref() != Some(&own);
        if first && !listens {
            self.untested = Some(own);
            return true;
        }
        ceased && test.is_some()
    }

    fn buttons(&mut self, ui: &mut Ui, scene: &Scene<'_>, request: Option<LiveRequest>) {
        let words = scene.words;
        let testing = scene.desk.board().testing.get();
        ui.horizontal_wrapped(|ui| {
            if ui.button(words.t("microphone-again")).clicked() {
                scene.desk.ask(Command::Microphones);
            }
            let more = Button::new(words.t("microphone-add"));
            if ui.add_enabled(self.rows.len() < MOST, more).clicked() {
                self.rows.push(Row {
                    role: self.rows.len() % ROLES.len(),
                    ..Row::default()
                });
            }
            if testing.is_some_and(|t| t.runs()) {
                if ui.button(words.t("microphone-stop")).clicked() {
                    scene.desk.ask(Command::EndTest);
                }
                return;
            }
            let ready = !job::is_running(scene) && request.is_some();
            let button = Button::new(words.t("microphone-test"));
            if ui.add_enabled(ready, button).clicked()
                && let Some(request) = request
            {
                self.testing.clone_from(&request.sources);
                scene.desk.ask(Command::TestMicrophone(request));
            }
        });
    }

    /// How the test stands, and the question that only a person can answer.
    fn outcome(&mut self, ui: &mut Ui, scene: &Scene<'_>, testing: &Testing) {
        let words = scene.words;
        let colours = theme::of(ui);
        let source = (testing.source.as_str(), testing.floating);
        meters::show(ui, scene, source, &testing.levels);
        let (id, colour) = match (&testing.phase, testing.heard) {
            (TestPhase::Speak, false) => ("microphone-speak", colours.text),
            (TestPhase::Speak, true) => ("microphone-hears", colours.good),
            (TestPhase::Plays, _) => ("microphone-plays", colours.text),
            (TestPhase::Asks(_), _) => ("microphone-ask", colours.text),
            (TestPhase::Over(Some(Hearing::Clipped)), _) => ("microphone-loud", colours.failure),
            (TestPhase::Over(Some(_)), _) => ("microphone-deaf", colours.failure),
            (TestPhase::Over(None), _) => return,
        };
        let passed = self
            .passed
            .as_ref()
            .is_some_and(|(s, _)| *s == self.testing);
        match &testing.phase {
            TestPhase::Asks(MicrophoneTest::Skipped(_)) => return,
            TestPhase::Asks(_) if passed => return,
            _ => {}
        }
        script::label(ui, words.t(id), scene.own(ui).coloured(colour));
        let TestPhase::Asks(test) = &testing.phase else {
            return;
        };
        ui.horizontal_wrapped(|ui| {
            if ui.button(words.t("microphone-yes")).clicked() {
                self.passed = Some((self.testing.clone(), test.clone()));
            }
            if ui.button(words.t("microphone-no")).clicked() {
                self.passed = None;
                scene.desk.board().testing.take();
            }
        });
    }

    /// Nothing is recorded before the test was passed, or left out knowingly.
    fn gate(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        let passed = self.passed.as_ref();
        if passed.is_some_and(|(sources, _)| *sources == self.sources()) {
            let good = scene.own(ui).coloured(theme::of(ui).good);
            script::label(ui, words.t("microphone-passed"), good);
            return;
        }
        script::label(ui, words.t("microphone-first"), scene.remark(ui));
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("microphone-reason"));
            let width = ui.available_width().clamp(120.0, 320.0);
            let field = TextEdit::singleline(&mut self.reason).id_salt("untested");
            let field = field.char_limit(300).desired_width(width);
            script::line(ui, field).labelled_by(label.id);
        });
    }
}

/// What a microphone is called beside others.
fn numbered(scene: &Scene<'_>, at: usize) -> String {
    let number = scene.words.digits(&(at + 1).to_string());
    format!("{} {number}", scene.words.t("microphone"))
}

fn device(
    ui: &mut Ui,
    scene: &Scene<'_>,
    at: usize,
    several: bool,
    row: &mut Row,
    found: &[DeviceInfo],
) {
    let words = scene.words;
    let name = if several {
        numbered(scene, at)
    } else {
        words.t("microphone").to_owned()
    };
    let label = ui.label(name);
    let current = found.iter().find(|d| Some(&d.id) == row.chosen.as_ref());
    let named = |d: &DeviceInfo| meters::called(scene, &d.title(), d.floating);
    let shown = current.map(named);
    let shown = shown.unwrap_or_else(|| words.t("microphone-usual").to_owned());
    let response = ComboBox::from_id_salt(("microphone", at))
        .selected_text(shown)
        .truncate()
        .width(220.0)
        .show_ui(ui, |ui| {
            let usual = words.t("microphone-usual");
            ui.selectable_value(&mut row.chosen, None, usual);
            for device in found {
                let id = Some(device.id.clone());
                ui.selectable_value(&mut row.chosen, id, named(device));
            }
        })
        .response;
    response.labelled_by(label.id);
}

fn speaker(ui: &mut Ui, scene: &Scene<'_>, at: usize, row: &mut Row) {
    let words = scene.words;
    let label = ui.label(words.t("microphone-speaker"));
    let shown = ROLES.get(row.role).map_or("", |(_, id)| words.t(id));
    let response = ComboBox::from_id_salt(("speaker", at))
        .selected_text(shown)
        .show_ui(ui, |ui| {
            for (role, (_, id)) in ROLES.iter().enumerate() {
                ui.selectable_value(&mut row.role, role, words.t(id));
            }
        })
        .response;
    response.labelled_by(label.id);
    let (name, none) = (words.t("microphone-speech"), words.t("microphone-any"));
    let salt = format!("speech-{at}");
    languages::pick(ui, &salt, name, &Lang::SIX, Some(none), &mut row.language);
}

/// The speech models of one microphone, where several serve a language that is spoken there.
fn models(ui: &mut Ui, scene: &Scene<'_>, at: usize, all: &[Lang], row: &mut Row) {
    let usual = scene.words.t("microphone-as-interview");
    let (salt, number) = (
        format!("microphone-{at}"),
        scene.words.digits(&(at + 1).to_string()),
    );
    for lang in row.languages(all) {
        let values = [("language", lang.native_name()), ("number", &number)];
        let name = scene.words.with("microphone-speech-model", &values);
        speech_models::pick(ui, scene, (&salt, &name, usual), lang, &mut row.models);
    }
}

#[cfg(test)]
mod tests;
