//! A term that is written or corrected: its words in each language, and who stands behind them.

use eframe::egui::{
    ComboBox, Frame, Key, Margin, Modifiers, TextEdit, Ui, WidgetInfo, accesskit::Role,
};

use crate::app::desk::Command;
use crate::domain::Lang;
use crate::glossary::{Entry, Review, Term, variants};
use crate::gui::panels::review::Sent;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script;

/// Longest words of one language, in characters.
const LONGEST: usize = 500;
const STATES: [(Review, &str); 3] = [
    (Review::Unreviewed, "review-unreviewed"),
    (Review::Reviewed, "review-reviewed"),
    (Review::Sourced, "review-sourced"),
];

/// One language of it.
struct Side {
    lang: Lang,
    /// Approved words, parted by semicolons.
    admitted: String,
    /// Words that must not be used.
    forbidden: String,
    source: String,
    review: Review,
    /// What is not shown stays.
    accepted: Vec<String>,
}

/// What is being written.
pub struct TermForm {
    /// As the fields were filled at first.
    began: Term,
    term: Term,
    sides: Vec<Side>,
    sent: Sent,
}

impl TermForm {
    /// A term as it stands, or an empty one.
    pub fn new(term: Term) -> Self {
        let side = |lang: Lang| {
            let entry = term.entries.get(&lang).cloned().unwrap_or_default();
            Side {
                lang,
                admitted: entry.admitted.join("; "),
                forbidden: entry.forbidden.join("; "),
                source: entry.source,
                review: entry.review,
                accepted: entry.accepted,
            }
        };
        let mut form = Self {
            sides: Lang::ALL.into_iter().map(side).collect(),
            began: Term::default(),
            term,
            sent: Sent::default(),
        };
        form.began = form.term();
        form
    }

    /// Whether anything was typed.
    pub fn is_changed(&self) -> bool {
        self.term() != self.began
    }

    /// Whether it was sent and is stored.
    pub fn is_stored(&mut self, scene: &Scene<'_>) -> bool {
        self.sent.is_stored(scene)
    }

    /// The same, and nothing of it is on its way.
    pub fn put_by(self) -> Self {
        Self {
            sent: Sent::default(),
            ..self
        }
    }

    /// Paints the fields; whether the form is done with.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> bool {
        if self.is_stored(scene) {
            return true;
        }
        let words = scene.words;
        let leaves = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        let mut pressed = (false, leaves);
        let frame = Frame::new()
            .fill(theme::of(ui).stripe)
            .inner_margin(Margin::same(10));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            script::label(ui, words.t("glossary-form"), scene.own(ui));
            for side in &mut self.sides {
                side.show(ui, scene);
            }
            ui.horizontal_wrapped(|ui| {
                for (text, name) in [
                    (&mut self.term.case, "glossary-case"),
                    (&mut self.term.note, "glossary-note"),
                ] {
                    let label = ui.label(words.t(name));
                    let field = TextEdit::singleline(text)
                        .id_salt(name)
                        .char_limit(LONGEST)
                        .desired_width(180.0);
                    script::line(ui, field).labelled_by(label.id);
                }
            });
            self.sent.trouble(ui, scene);
            ui.horizontal_wrapped(|ui| {
                pressed.0 |= ui.button(words.t("glossary-keep")).clicked();
                pressed.1 |= ui.button(words.t("cancel")).clicked();
            });
        });
        if pressed.0 && self.sent.is_free() {
            let number = scene.desk.number();
            if scene.desk.ask(Command::Term(Box::new(self.term()), number)) {
                self.sent.sent(number);
            }
        }
        pressed.1 && self.sent.is_free()
    }

    /// The term as the fields have it.
    fn term(&self) -> Term {
        let mut term = Term {
            entries: Default::default(),
            case: self.term.case.trim().to_owned(),
            ..self.term.clone()
        };
        for side in &self.sides {
            let entry = Entry {
                admitted: variants(&side.admitted),
                forbidden: variants(&side.forbidden),
                accepted: side.accepted.clone(),
                source: side.source.trim().to_owned(),
                review: side.review,
            };
            if !entry.admitted.is_empty() {
                term.entries.insert(side.lang, entry);
            }
        }
        term
    }
}

impl Side {
    fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(self.lang.native_name());
            let field = TextEdit::singleline(&mut self.admitted)
                .id_salt(("admitted", self.lang))
                .char_limit(LONGEST)
                .desired_width(200.0);
            script::line(ui, field).labelled_by(label.id);
            let label = ui.label(words.t("glossary-forbidden"));
            let field = TextEdit::singleline(&mut self.forbidden)
                .id_salt(("forbidden", self.lang))
                .char_limit(LONGEST)
                .desired_width(100.0);
            script::line(ui, field).labelled_by(label.id);
            let shown = STATES.iter().find(|(state, _)| *state == self.review);
            let states = ComboBox::from_id_salt(("review", self.lang))
                .selected_text(shown.map_or("", |(_, id)| words.t(id)))
                .show_ui(ui, |ui| {
                    for (state, id) in STATES {
                        ui.selectable_value(&mut self.review, state, words.t(id));
                    }
                });
            let named = words.with("glossary-state", &[("language", self.lang.native_name())]);
            let value = shown.map_or("", |(_, id)| words.t(id));
            states.response.widget_info(|| {
                let mut info = WidgetInfo::labeled(Role::ComboBox, true, &named);
                info.current_text_value = Some(value.to_owned());
                info
            });
            if self.review == Review::Sourced {
                let label = ui.label(words.t("people-source"));
                let field = TextEdit::singleline(&mut self.source)
                    .id_salt(("source", self.lang))
                    .char_limit(LONGEST)
                    .desired_width(160.0);
                script::line(ui, field).labelled_by(label.id);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::empty_window::keeps_the_keyboard;

    #[test]
    fn every_field_keeps_the_keyboard_whatever_comes_above_it() {
        let mut form = TermForm::new(Term::default());
        for side in &mut form.sides {
            side.review = Review::Sourced;
        }
        // Three of each language, the case and a note.
        let fields = Lang::ALL.len() * 3 + 2;
        keeps_the_keyboard(fields, move |ui, scene| _ = form.show(ui, scene));
    }
}
