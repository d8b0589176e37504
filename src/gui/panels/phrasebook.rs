//! Rights, consent and standard questions in both languages; each is shown large to the person
//! interviewed, in a second window where there is a second screen, and stamped into the record.

use std::collections::HashMap;

use eframe::egui::{Button, Frame, Margin, ScrollArea, TextEdit, Ui};

use crate::app::desk::{Command, Recording};
use crate::app::phrasebook::{Phrase, Topic, checklist, phrases};
use crate::domain::{Asked, InterviewId, Lang};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::scroll;
use crate::text;

mod second;

use second::Second;
pub use second::{Everywhere, Pressed};

/// Height of the list, in points.
const LIST: f32 = 300.0;

/// What is typed and shown.
pub struct Phrasebook {
    open: bool,
    topic: Topic,
    /// The list of what this person is told stands in the place of a topic.
    list: bool,
    /// The list was opened by the recording, not by a person: it closes when all of it is done.
    unasked: bool,
    filter: String,
    second: Second,
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
            unasked: false,
            filter: String::new(),
            second: Second::default(),
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
            if self.of.is_some() && person.is_some() {
                // What this person is told comes first in every interview.
                self.unasked = !self.open;
                (self.open, self.list) = (true, true);
            }
        }
        if self.unasked && self.is_done(recording, person) {
            (self.open, self.unasked) = (false, false);
        }
        ui.horizontal_wrapped(|ui| {
            if ui
                .checkbox(&mut self.open, words.t("phrases-open"))
                .changed()
            {
                self.unasked = false;
            }
            ui.checkbox(&mut self.second.open, words.t("phrases-second"));
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
                let said = list.iter().filter(|p| self.is_said(recording, p));
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

    /// Whether a sentence is marked in the record as said.
    fn is_said(&self, recording: Option<&Recording>, phrase: &Phrase) -> bool {
        let recorded = recording.is_some_and(|now| now.said.contains(phrase.id));
        recorded || self.stamped.contains_key(phrase.id)
    }

    /// Whether everything that this person is told is said, and every question of it answered.
    fn is_done(&self, recording: Option<&Recording>, person: Option<Asked>) -> bool {
        let list = person.map(checklist).unwrap_or_default();
        let answered = |p: &Phrase| !p.is_question() || self.answered.contains_key(p.id);
        list.iter()
            .all(|p| self.is_said(recording, p) && answered(p))
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
            let field = TextEdit::singleline(&mut self.filter).id_salt("sentences");
            let field = field.char_limit(200).desired_width(140.0);
            script::line(ui, field).labelled_by(label.id);
        });
        if phrases().iter().any(|phrase| !phrase.reviewed) {
            script::label(ui, words.t("phrases-unreviewed"), scene.remark(ui));
        }
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
                    self.second.open |= !shown;
                }
                if shown {
                    let (id, colour) = if phrase.reviewed {
                        ("review-reviewed", colours.good)
                    } else {
                        ("review-unreviewed", colours.doubt)
                    };
                    script::label(ui, words.t(id), scene.remark(ui).coloured(colour));
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
    pub fn second_window(&mut self, ui: &Ui, scene: &Scene<'_>, keys: Everywhere) -> Pressed {
        let seen = self.second.open && !keys.hidden;
        let text = seen.then(|| self.for_them(scene)).flatten();
        self.second.show(ui, text, keys)
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
