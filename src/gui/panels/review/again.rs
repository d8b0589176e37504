//! A line once more: heard in another language or by another model, or translated by another model.

use eframe::egui::{ComboBox, Key, Modifiers, Ui};

use crate::app::desk::{Command, Opened};
use crate::app::{Again, AgainRequest};
use crate::domain::{Lang, Segment, SegmentId, Status};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{job, languages, script};
use crate::store::Former;

use super::signature::{Pressed, Signature};
use super::undo::{Change, Stays, translated};
use super::work::Ended;

/// What is being prepared.
pub struct AgainForm {
    /// The line.
    pub segment: SegmentId,
    /// There is sound to hear.
    sound: bool,
    /// A person wrote the line.
    by_person: bool,
    /// What stands in it, and which of its translations persons wrote.
    before: Former,
    by_persons: Vec<Lang>,
    /// Translate, in place of listening.
    translates: bool,
    language: Option<Lang>,
    into: Option<Lang>,
    model: Option<String>,
    /// The languages that stood there at first.
    began: [Option<Lang>; 2],
    signature: Signature,
    sent: bool,
}

impl AgainForm {
    /// Begins with the language that the line has.
    pub fn new(opened: &Opened, line: &Segment, by: &str) -> Self {
        let sound = !opened.interview.audio.is_empty();
        let other = opened.interview.languages.iter().find(|l| **l != line.lang);
        let mut before = Former::default();
        if !line.text.trim().is_empty() {
            before.said = Some((line.lang, line.text.clone()));
            before.translations = translated(line);
        }
        let theirs = line.translations.iter();
        let theirs = theirs.filter(|t| t.status != Status::Machine);
        Self {
            segment: line.id,
            sound,
            by_person: matches!(line.status, Status::Edited | Status::Certified),
            before,
            by_persons: theirs.map(|t| t.lang).collect(),
            translates: !sound,
            language: Some(line.lang),
            into: other.copied(),
            began: [Some(line.lang), other.copied()],
            model: None,
            signature: Signature::new(by, String::new()),
            sent: false,
        }
    }

    /// Whether something was chosen, or a name or reason typed, and it was not begun.
    pub fn is_typed(&self) -> bool {
        let chosen = self.translates == self.sound || [self.language, self.into] != self.began;
        !self.sent && (chosen || self.model.is_some() || self.signature.is_typed())
    }

    /// Paints the choices and sends what is asked for.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) -> Ended {
        let words = scene.words;
        let leaves = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        ui.spacing_mut().item_spacing.y = theme::GAP;
        script::label(ui, words.t("again-about"), scene.own(ui));
        let before = self.translates;
        if self.sound {
            ui.horizontal_wrapped(|ui| {
                ui.radio_value(&mut self.translates, false, words.t("again-hear"));
                ui.radio_value(&mut self.translates, true, words.t("again-translate"));
            });
        }
        if before != self.translates {
            self.model = None;
        }
        ui.horizontal_wrapped(|ui| {
            if self.translates {
                let others: Vec<Lang> = opened.interview.languages.clone();
                let name = words.t("again-into");
                languages::pick(ui, "again-into", name, &others, None, &mut self.into);
            } else {
                let name = words.t("search-language");
                languages::pick(ui, "again-in", name, &Lang::SIX, None, &mut self.language);
            }
            self.models(ui, scene);
        });
        if self.by_person && !self.translates {
            script::label(ui, words.t("again-person"), scene.remark(ui));
        }
        let busy = job::is_running(scene);
        if busy {
            script::label(ui, words.t("intake-wait"), scene.remark(ui));
        }
        let pressed = self
            .signature
            .show_as(ui, scene, busy || self.sent, "again-start");
        let what = if self.translates {
            self.into.map(Again::Translate)
        } else {
            self.language.map(Again::Hear)
        };
        if let (Some(what), Pressed::Keep, false) = (what, pressed, busy || self.sent) {
            let request = AgainRequest {
                lines: vec![self.segment],
                what,
                model: self.model.clone(),
                by: self.signature.by().to_owned(),
                reason: self.signature.reason(),
            };
            let id = opened.interview.id.clone();
            self.sent = scene.desk.ask(Command::Again(id, request));
        }
        if leaves || pressed == Pressed::Cancel {
            Ended::Left
        } else {
            Ended::Open
        }
    }

    /// The models that can do it.
    fn models(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        let purpose = if self.translates {
            "translation"
        } else {
            "speech"
        };
        let shelf = scene.desk.board().shelf.get();
        let models = shelf.iter().flat_map(|shelf| &shelf.models);
        let models: Vec<&str> = models
            .filter(|m| m.purpose == purpose)
            .map(|m| m.name.as_str())
            .collect();
        let usual = words.t("again-usual");
        let shown = self.model.as_deref().map_or(usual.to_owned(), safe::name);
        let label = ui.label(words.t("again-model"));
        let response = ComboBox::from_id_salt("again-model")
            .selected_text(shown)
            .show_ui(ui, |ui| {
                ui.selectable_value(&mut self.model, None, usual);
                for name in models {
                    let value = Some(name.to_owned());
                    ui.selectable_value(&mut self.model, value, safe::name(name));
                }
            })
            .response;
        response.labelled_by(label.id);
    }

    /// The name that signed it, once it is on its way; the work itself is told above the lines. And how what
    /// comes of it is taken back; where a person's words go on to count there is nothing to take back.
    pub fn hear(&self) -> Option<(String, Option<Change>)> {
        let by = self.sent.then(|| self.signature.by().to_owned())?;
        let segment = self.segment;
        let (counts, before) = if self.translates {
            let into = self.into?;
            let stood = self.before.translations.iter();
            let translations = stood.filter(|(lang, _)| *lang == into).cloned();
            let before = Former {
                said: None,
                translations: translations.collect(),
            };
            (!self.by_persons.contains(&into), before)
        } else {
            (!self.by_person, self.before.clone())
        };
        let change = if before == Former::default() {
            Change::Stays(Stays::FirstWords(segment))
        } else {
            Change::Again {
                segment,
                before,
                after: None,
            }
        };
        Some((by, counts.then_some(change)))
    }
}
