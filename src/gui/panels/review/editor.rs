//! Correcting one line in its place. Enter keeps, Shift+Enter starts a new row, Esc leaves it as it
//! was; the earlier words are kept beside the new ones.

use eframe::egui::{Button, Id, Key, Modifiers, TextEdit, Ui};

use crate::app::Edit;
use crate::app::desk::{Command, Told};
use crate::domain::{InterviewId, Lang, Segment, SegmentId};
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};

/// What is corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What was said.
    Said,
    /// Its translation into this language.
    Translation(Lang),
}

/// A correction that is being written.
pub struct Editor {
    /// The line.
    pub segment: SegmentId,
    /// Which side of it.
    pub side: Side,
    lang: Lang,
    text: String,
    reason: String,
    by: String,
    /// The number under which it was sent.
    sent: Option<u64>,
    failed: Option<Told>,
    fresh: bool,
}

/// What became of it in this frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is still being written.
    Open,
    /// The person left it.
    Left,
    /// It is stored; this name signed it.
    Stored(String),
}

impl Editor {
    /// Starts with the words that count now.
    pub fn new(line: &Segment, side: Side, by: &str) -> Self {
        let (lang, text) = match side {
            Side::Said => (line.lang, line.text.clone()),
            Side::Translation(lang) => {
                let found = line.translations.iter().find(|t| t.lang == lang);
                (lang, found.map(|t| t.text.clone()).unwrap_or_default())
            }
        };
        Self {
            segment: line.id,
            side,
            lang,
            text,
            reason: String::new(),
            by: by.to_owned(),
            sent: None,
            failed: None,
            fresh: true,
        }
    }

    /// Paints the fields and sends the correction.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        interview: &InterviewId,
        next: &mut u64,
    ) -> Ended {
        let words = scene.words;
        if let Some(number) = self.sent
            && let Some(saved) = scene.desk.board().saved.get()
            && saved.number == number
        {
            self.sent = None;
            match &saved.failed {
                None => return Ended::Stored(self.by.trim().to_owned()),
                Some(told) => self.failed = Some(told.clone()),
            }
        }
        let id = Id::unique("correction");
        let has_focus = ui.memory(|m| m.has_focus(id));
        // Taken before the field sees it, which would start a new row.
        let keeps = has_focus && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
        let leaves = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        let letters = Letters::running(ui, self.lang);
        let name = match self.side {
            Side::Said => words.t("edit-said"),
            Side::Translation(_) => words.t("edit-translation"),
        };
        let field = script::field(ui, id, &mut self.text, letters, name);
        if std::mem::take(&mut self.fresh) {
            field.request_focus();
        }
        let (kept, left) = self.facts(ui, scene);
        let (keep, left) = (kept || keeps, left || leaves);
        if let Some(told) = &self.failed {
            let failure = theme::of(ui).failure;
            script::label(ui, &told.what, scene.own(ui).coloured(failure));
            script::label(ui, &told.next, scene.own(ui));
        }
        if keep && self.sent.is_none() {
            *next = next.saturating_add(1);
            let sent = scene.desk.ask(Command::Edit(
                interview.clone(),
                self.segment,
                self.edit(),
                *next,
            ));
            self.sent = sent.then_some(*next);
        }
        if left && self.sent.is_none() {
            Ended::Left
        } else {
            Ended::Open
        }
    }

    /// Who and why; whether 'keep' and whether 'cancel' was pressed.
    fn facts(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> (bool, bool) {
        let words = scene.words;
        let (mut keep, mut left) = (false, false);
        ui.horizontal_wrapped(|ui| {
            for (text, name, width) in [
                (&mut self.by, words.t("edit-by"), 120.0),
                (&mut self.reason, words.t("edit-reason"), 160.0),
            ] {
                let label = ui.label(name);
                let field = TextEdit::singleline(text)
                    .char_limit(300)
                    .desired_width(width);
                let response = ui.add(field).labelled_by(label.id);
                keep |= response.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            }
            let button = Button::new(words.t("edit-keep"));
            keep |= ui.add_enabled(self.sent.is_none(), button).clicked();
            left = ui.button(words.t("cancel")).clicked();
        });
        (keep, left)
    }

    fn edit(&self) -> Edit {
        let text = self.text.trim().to_owned();
        let reason = self.reason.trim();
        let (said, translation) = match self.side {
            Side::Said => (Some(text), None),
            Side::Translation(lang) => (None, Some((Some(lang), text))),
        };
        Edit {
            text: said,
            translation,
            by: self.by.trim().to_owned(),
            reason: (!reason.is_empty()).then(|| reason.to_owned()),
        }
    }
}
