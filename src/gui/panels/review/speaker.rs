//! Who speaks in a line: chosen from those who speak in the interview, or written; and the other
//! lines by the voices that are known.

use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui::{Button, Key, Modifiers, TextEdit, Ui};

use crate::app::desk::{Command, Opened, Speaking};
use crate::app::{Voices, speakers_of};
use crate::domain::{ROLES, Segment, SegmentId};
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{job, script};

use super::row;
use super::signature::{Pressed, Signature};
use super::undo::{Change, Speakers};
use super::work::{Ended, Sent};

/// Names that are offered at most.
const MOST: usize = 12;

/// A change of the speaker that is being prepared.
pub struct SpeakerForm {
    /// The line.
    pub segment: SegmentId,
    was: String,
    known: Vec<String>,
    chosen: String,
    /// A name that is none of the known ones.
    other: String,
    all: bool,
    signature: Signature,
    sent: Sent,
    /// The number of the question about the voices.
    listened: Option<u64>,
    /// What was sent, so that it can be taken back.
    change: Option<Change>,
}

impl SpeakerForm {
    /// Begins with the speaker that the line has.
    pub fn new(opened: &Opened, line: &Segment, by: &str) -> Self {
        let mut known = speakers_of(opened.lines.iter().map(AsRef::as_ref));
        let usual = ROLES.map(str::to_owned).into_iter();
        let usual: Vec<String> = usual.filter(|role| !known.contains(role)).collect();
        known.extend(usual);
        known.truncate(MOST);
        Self {
            segment: line.id,
            was: line.speaker.clone(),
            known,
            chosen: line.speaker.clone(),
            other: String::new(),
            all: false,
            signature: Signature::new(by, String::new()),
            sent: Sent::default(),
            listened: None,
            change: None,
        }
    }

    /// Paints the names and sends the change.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) -> Ended {
        let words = scene.words;
        let leaves = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        let free = ui.memory(|m| m.focused()).is_none();
        let keeps = free && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
        ui.spacing_mut().item_spacing.y = theme::GAP;
        script::label(ui, words.t("speaker-about"), scene.own(ui));
        // A number chooses a name, so that the keyboard is enough.
        let digit = ui.input(|i| {
            let numbers = [
                Key::Num1,
                Key::Num2,
                Key::Num3,
                Key::Num4,
                Key::Num5,
                Key::Num6,
                Key::Num7,
                Key::Num8,
                Key::Num9,
            ];
            numbers.into_iter().position(|key| i.key_pressed(key))
        });
        ui.horizontal_wrapped(|ui| {
            for (at, name) in self.known.iter().enumerate() {
                let shown = format!("{} {}", at + 1, row::speaker(words, name));
                let is = *name == self.chosen;
                let pressed = ui.selectable_label(is, shown).clicked();
                if pressed || (free && digit == Some(at)) {
                    self.chosen.clone_from(name);
                    self.other.clear();
                }
            }
        });
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("search-other"));
            let field = TextEdit::singleline(&mut self.other)
                .id_salt("other")
                .char_limit(300)
                .desired_width(180.0);
            script::line(ui, field).labelled_by(label.id);
            let was = row::speaker(words, &self.was);
            let all = words.with("speaker-all", &[("speaker", &was)]);
            ui.checkbox(&mut self.all, all);
        });
        let pressed = self.signature.show(ui, scene, !self.sent.is_free());
        self.sent.trouble(ui, scene);
        self.by_voice(ui, scene, opened);
        if self.sent.is_free() && (keeps || pressed == Pressed::Keep) {
            let other = self.other.trim();
            let speaker = if other.is_empty() {
                &self.chosen
            } else {
                other
            };
            let speaker = speaker.trim().to_owned();
            let same = |line: &&Arc<Segment>| match self.all {
                true => line.speaker == self.was,
                false => line.id == self.segment,
            };
            let lines = opened.lines.iter().filter(same);
            let said = lines.map(|line| (line.id, speaker.clone())).collect();
            self.change = change(opened, said);
            let number = scene.desk.number();
            let what = Speaking {
                interview: opened.interview.id.clone(),
                segment: self.segment,
                all: self.all,
                speaker,
                by: self.signature.by().to_owned(),
                reason: self.signature.reason(),
            };
            if scene.desk.ask(Command::Speaker(what, number)) {
                self.sent.sent(number);
            }
        }
        if self.sent.is_free() && (leaves || pressed == Pressed::Cancel) {
            Ended::Left
        } else {
            Ended::Open
        }
    }

    /// Offers to tell the other lines by the voices, where there is sound, and says what they tell.
    fn by_voice(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) {
        if opened.interview.audio.is_empty() {
            return;
        }
        let words = scene.words;
        ui.separator();
        script::label(ui, words.t("speaker-voices-about"), scene.own(ui));
        let found = scene.desk.board().voices.get();
        if let Some(found) = found.filter(|f| Some(f.0) == self.listened) {
            self.suggested(ui, scene, opened, &found.1);
            return;
        }
        let waits = job::is_running(scene) || !self.sent.is_free();
        let button = Button::new(words.t("speaker-voices"));
        if ui.add_enabled(!waits, button).clicked() {
            let (id, number) = (opened.interview.id.clone(), scene.desk.number());
            let asked = scene.desk.ask(Command::Voices(id, number));
            self.listened = asked.then_some(number);
        }
    }

    fn suggested(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened, found: &Voices) {
        let (words, letters) = (scene.words, scene.own(ui));
        let number = |n: usize| words.digits(&n.to_string());
        let (fitting, unsure) = (number(found.fitting), number(found.unsure));
        let counts = [("fitting", fitting.as_str()), ("unsure", unsure.as_str())];
        script::label(ui, &words.with("speaker-voices-rest", &counts), letters);
        for name in &found.known {
            let count = found
                .suggested
                .iter()
                .filter(|s| s.speaker == *name)
                .count();
            if count > 0 {
                let (who, count) = (row::speaker(words, name), number(count));
                let values = [("speaker", who.as_str()), ("count", count.as_str())];
                script::label(ui, &words.with("speaker-voices-like", &values), letters);
            }
        }
        if found.suggested.is_empty() {
            return;
        }
        let all = number(found.suggested.len());
        let keep = words.with("speaker-voices-keep", &[("count", &all)]);
        if ui
            .add_enabled(self.sent.is_free(), Button::new(keep))
            .clicked()
        {
            let (id, number) = (found.interview.clone(), scene.desk.number());
            let said = found.suggested.iter();
            let said = said.map(|s| (s.line, s.speaker.clone())).collect();
            self.change = change(opened, said);
            let (suggested, by) = (found.suggested.clone(), self.signature.by().to_owned());
            let command = Command::KeepVoices(id, suggested, by, number);
            if scene.desk.ask(command) {
                self.sent.sent(number);
            }
        }
    }

    /// Whether somebody was chosen, or a name or reason typed.
    pub fn is_typed(&self) -> bool {
        let chosen = self.chosen != self.was || self.all;
        chosen || !self.other.trim().is_empty() || self.signature.is_typed()
    }

    /// Whether the line still has the speaker in whose place another one is put.
    pub fn fits(&self, line: &Segment) -> bool {
        self.was == line.speaker
    }

    /// Nothing of it is on its way, and nobody listened to the voices.
    pub fn begin_anew(&mut self) {
        (self.sent, self.listened, self.change) = (Sent::default(), None, None);
    }

    /// Whether it was sent, and what came of it is not known yet.
    pub fn is_on_its_way(&self) -> bool {
        !self.sent.is_free()
    }

    /// The name that signed it, once it is stored, and how it is taken back.
    pub fn hear(&mut self, scene: &Scene<'_>) -> Option<(String, Option<Change>)> {
        let stored = self.sent.is_stored(scene);
        stored.then(|| (self.signature.by().to_owned(), self.change.take()))
    }
}

/// What it changes to say so; nothing where it only says once more who speaks.
fn change(opened: &Opened, after: Speakers) -> Option<Change> {
    let own = opened.lines.iter();
    let spoke: HashMap<SegmentId, &str> = own.map(|l| (l.id, l.speaker.as_str())).collect();
    let mut before = Speakers::new();
    let mut changed = Speakers::new();
    for (line, speaker) in after {
        let was = *spoke.get(&line)?;
        if was != speaker {
            before.push((line, was.to_owned()));
            changed.push((line, speaker));
        }
    }
    let after = changed;
    (!before.is_empty()).then_some(Change::Speakers { before, after })
}
