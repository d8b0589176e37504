//! Rights, consent and standard questions in both languages; each is shown large to the person
//! interviewed, in a second window where there is a second screen, and stamped into the record.

use std::collections::HashMap;

use eframe::egui::{
    Button, CentralPanel, Frame, Key, Margin, Modifiers, ScrollArea, TextEdit, Ui, ViewportBuilder,
    ViewportId, vec2,
};

use crate::app::desk::{Command, Recording};
use crate::app::phrasebook::{Phrase, Topic, checklist, phrases};
use crate::domain::{Asked, InterviewId, Lang};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::scroll;
use crate::text;

/// Height of the list, in points.
const LIST: f32 = 300.0;
/// The title of the second window: like that of the first it never says what is open.
const TITLE: &str = "Mekong Interview";

/// What is typed and shown.
pub struct Phrasebook {
    open: bool,
    topic: Topic,
    /// The list of what this person is told stands in the place of a topic.
    list: bool,
    filter: String,
    second: bool,
    /// The language of the person interviewed.
    lang: Option<Lang>,
    shown: Option<&'static Phrase>,
    /// Which sentences were stamped, and when, in milliseconds of this recording.
    stamped: HashMap<&'static str, u64>,
    /// What was answered, and when.
    answered: HashMap<&'static str, (bool, u64)>,
    of: Option<InterviewId>,
    /// What the person interviewed saw last of this recording.
    said: Option<(InterviewId, String, Lang)>,
}

impl Default for Phrasebook {
    fn default() -> Self {
        Self {
            open: false,
            topic: Topic::default(),
            list: true,
            filter: String::new(),
            second: false,
            lang: None,
            shown: None,
            stamped: HashMap::new(),
            answered: HashMap::new(),
            of: None,
            said: None,
        }
    }
}

/// What the list of each kind of person is called.
const LISTS: [(Asked, &str); 3] = [
    (Asked::Suspect, "checklist-suspect"),
    (Asked::Victim, "checklist-victim"),
    (Asked::Witness, "checklist-witness"),
];

impl Phrasebook {
    /// Paints the list. `officer` and `other` are the languages of both sides.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        recording: Option<&Recording>,
        (officer, other): (Lang, Option<Lang>),
        person: Option<Asked>,
    ) {
        let words = scene.words;
        self.lang = other;
        if self.of.as_ref() != recording.map(|r| &r.interview) {
            self.of = recording.map(|r| r.interview.clone());
            self.stamped.clear();
            self.answered.clear();
        }
        ui.horizontal_wrapped(|ui| {
            ui.checkbox(&mut self.open, words.t("phrases-open"));
            ui.checkbox(&mut self.second, words.t("phrases-second"));
        });
        if !self.open {
            return;
        }
        let Some(other) = other else {
            script::label(ui, words.t("phrases-language"), scene.own(ui));
            return;
        };
        self.choose(ui, scene, person);
        let listed = person.filter(|_| self.list).map(checklist);
        let wanted = text::fold(self.filter.trim());
        let holds = |p: &&Phrase| {
            let in_lang = |lang| text::fold(p.text(lang)).contains(&wanted);
            if wanted.is_empty() {
                p.topic == self.topic
            } else {
                in_lang(officer) || in_lang(other)
            }
        };
        let found: Vec<&'static Phrase> = match listed {
            Some(list) if wanted.is_empty() => {
                let said = list.iter().filter(|p| self.stamped.contains_key(p.id));
                let (said, count) = (said.count().to_string(), list.len().to_string());
                let text = words.with("checklist-done", &[("done", &said), ("count", &count)]);
                script::label(ui, &text, scene.own(ui));
                list
            }
            _ => phrases().iter().filter(holds).collect(),
        };
        if found.is_empty() {
            script::label(ui, words.t("phrases-nothing"), scene.own(ui));
        }
        let area = ScrollArea::vertical().id_salt("phrases").max_height(LIST);
        scroll::part(ui, area, |ui| {
            for phrase in found {
                self.one(ui, scene, recording, phrase, (officer, other));
            }
        });
    }

    /// Topic and words.
    fn choose(&mut self, ui: &mut Ui, scene: &Scene<'_>, person: Option<Asked>) {
        let words = scene.words;
        ui.horizontal_wrapped(|ui| {
            let list = LISTS.iter().find(|(own, _)| Some(*own) == person);
            if let Some((_, name)) = list
                && ui.selectable_label(self.list, words.t(name)).clicked()
            {
                self.list = true;
            }
            let listed = self.list && list.is_some();
            for (topic, name) in [
                (Topic::Rights, "topic-rights"),
                (Topic::Identity, "topic-identity"),
                (Topic::Journey, "topic-journey"),
                (Topic::Work, "topic-work"),
            ] {
                let is = !listed && self.topic == topic;
                if ui.selectable_label(is, words.t(name)).clicked() {
                    (self.topic, self.list) = (topic, false);
                }
            }
            let label = ui.label(words.t("search-words"));
            let field = TextEdit::singleline(&mut self.filter).char_limit(200);
            script::line(ui, field.desired_width(140.0)).labelled_by(label.id);
        });
        script::label(ui, words.t("phrases-unreviewed"), scene.remark(ui));
        script::label(ui, words.t("phrases-recorded"), scene.remark(ui));
    }

    fn one(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        recording: Option<&Recording>,
        phrase: &'static Phrase,
        (officer, other): (Lang, Lang),
    ) {
        let words = scene.words;
        let colours = theme::of(ui);
        let frame = Frame::new()
            .fill(colours.stripe)
            .inner_margin(Margin::same(6));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            let text = phrase.text(officer);
            let shown = script::label(ui, text, Letters::running(ui, officer));
            // The name that a recording of it has.
            shown.on_hover_text(format!("{}.wav", phrase.id));
            if officer != other {
                let letters = Letters::running(ui, other).coloured(colours.accent);
                script::label(ui, phrase.text(other), letters);
            }
            ui.horizontal_wrapped(|ui| {
                let shown = self.shown.is_some_and(|s| s.id == phrase.id);
                if ui
                    .selectable_label(shown, words.t("phrases-show"))
                    .clicked()
                {
                    self.shown = (!shown).then_some(phrase);
                    self.second |= !shown;
                }
                let shelf = scene.desk.board().shelf.get();
                let spoken = shelf.is_some_and(|s| s.spoken.contains(&(other, phrase.id)));
                if spoken && ui.button(words.t("phrases-say")).clicked() {
                    scene.desk.ask(Command::Say(other, phrase.id));
                }
                let runs = recording.filter(|r| !r.ending);
                let button = Button::new(words.t("phrases-stamp"));
                if ui.add_enabled(runs.is_some(), button).clicked()
                    && let Some(now) = runs
                {
                    let mark = format!("{}: {}", phrase.id, phrase.text(officer));
                    if scene.desk.ask(Command::Mark(mark)) {
                        self.stamped.insert(phrase.id, now.status.recorded_ms);
                    }
                }
                if let Some(ms) = self.stamped.get(phrase.id) {
                    let text = words.with("phrases-stamped", &[("time", &safe::clock(*ms))]);
                    script::label(ui, &text, scene.remark(ui).coloured(colours.good));
                }
                if phrase.is_question() && self.stamped.contains_key(phrase.id) {
                    self.answer(ui, scene, runs, (phrase, officer));
                }
            });
        });
    }

    /// What was answered to a question: stamped into the record, a no as well as a yes.
    fn answer(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        runs: Option<&Recording>,
        (phrase, officer): (&'static Phrase, Lang),
    ) {
        let words = scene.words;
        for (id, yes, mark) in [("answer-yes", true, "yes"), ("answer-no", false, "no")] {
            let button = Button::new(words.t(id));
            if ui.add_enabled(runs.is_some(), button).clicked()
                && let Some(now) = runs
                && scene.desk.ask(Command::Mark(format!(
                    "{}: {mark}: {}",
                    phrase.id,
                    phrase.text(officer)
                )))
            {
                let when = (yes, now.status.recorded_ms);
                self.answered.insert(phrase.id, when);
            }
        }
        if let Some((yes, ms)) = self.answered.get(phrase.id) {
            let answer = words.t(if *yes {
                "answer-was-yes"
            } else {
                "answer-was-no"
            });
            let time = safe::clock(*ms);
            let text = words.with("phrases-answered", &[("answer", answer), ("time", &time)]);
            let colours = theme::of(ui);
            let colour = if *yes { colours.good } else { colours.doubt };
            script::label(ui, &text, scene.remark(ui).coloured(colour));
        }
    }

    /// The window that the person interviewed looks at; painted whatever screen the officer is on, and
    /// empty while everything is `hidden`. True where the key that hides was pressed in it.
    pub fn second_window(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        (key, hidden): (Key, bool),
    ) -> bool {
        // Where it is no window of its own it stands in the first one, which has the key.
        if !self.second || (hidden && ui.ctx().embed_viewports()) {
            return false;
        }
        let builder = ViewportBuilder::default()
            .with_title(TITLE)
            .with_app_id("mekong-interview")
            .with_inner_size(vec2(800.0, 480.0));
        let id = ViewportId::from_hash_of("interviewee");
        let text = self.for_them(scene).filter(|_| !hidden);
        let (mut closed, mut pressed) = (false, false);
        ui.ctx().show_viewport_immediate(id, builder, |ui, _| {
            closed = ui.input(|i| i.viewport().close_requested());
            pressed = ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
            let ground = Frame::new()
                .fill(theme::of(ui).ground)
                .inner_margin(Margin::same(24));
            CentralPanel::default().frame(ground).show(ui, |ui| {
                if let Some((text, lang)) = &text {
                    let letters = Letters {
                        size: theme::LARGE,
                        ..Letters::running(ui, *lang)
                    };
                    let area = ScrollArea::vertical();
                    scroll::page(ui, area, |ui| script::label(ui, text, letters));
                }
            });
        });
        if closed {
            self.second = false;
        }
        pressed
    }

    /// The sentence that was chosen, else what was said last, in the language of the person
    /// interviewed. While the officer reads another interview, it is what they saw before.
    fn for_them(&mut self, scene: &Scene<'_>) -> Option<(String, Lang)> {
        let lang = self.lang?;
        if let Some(phrase) = self.shown {
            return Some((phrase.text(lang).to_owned(), lang));
        }
        let board = scene.desk.board();
        let recorded = board.recording.get()?.interview.clone();
        let opened = board.opened.get().filter(|o| o.interview.id == recorded);
        let translated = opened.and_then(|opened| {
            // What a machine most likely invented is not put before anybody.
            let sound = opened.lines.iter().rev();
            let mut sound = sound.filter(|line| line.quarantined().is_none());
            sound.find_map(|line| {
                let found = line.translations.iter().find(|t| t.lang == lang);
                found.map(|t| t.text.clone())
            })
        });
        if let Some(text) = translated {
            self.said = Some((recorded.clone(), text, lang));
        }
        let said = self.said.as_ref();
        let said = said.filter(|(of, _, in_lang)| *of == recorded && *in_lang == lang);
        said.map(|(_, text, lang)| (text.clone(), *lang))
    }
}
