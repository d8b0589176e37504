//! A term from a line: the words that were marked, and what they are called in the other languages.

use eframe::egui::{Key, Modifiers, TextEdit, Ui};

use crate::app::desk::{Command, Opened};
use crate::domain::{Lang, Segment, SegmentId};
use crate::glossary::{Entry, Review, Term, variants};
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script;

use super::signature::{Pressed, Signature};
use super::work::{Ended, Sent};

/// A longer text than this is no term; the person marks a part of it or types it.
const LONGEST: usize = 60;

/// A term that is being written.
pub struct TermForm {
    /// The line.
    pub segment: SegmentId,
    words: Vec<(Lang, String)>,
    /// They as they stood at first.
    began: Vec<(Lang, String)>,
    signature: Signature,
    sent: Sent,
    fresh: bool,
}

impl TermForm {
    /// Begins with the words that were `marked` in a language, else with a short line itself.
    pub fn new(opened: &Opened, line: &Segment, marked: Option<(Lang, String)>, by: &str) -> Self {
        let mut languages = vec![line.lang];
        let others = opened.interview.languages.iter();
        languages.extend(others.filter(|lang| **lang != line.lang));
        let short = |text: &str| {
            let text = text.trim();
            let fits = text.chars().count() <= LONGEST;
            if fits { text.to_owned() } else { String::new() }
        };
        let begun = marked.unwrap_or_else(|| (line.lang, line.text.clone()));
        let words = languages.into_iter().map(|lang| {
            let own = begun.0 == lang;
            (lang, if own { short(&begun.1) } else { String::new() })
        });
        let words: Vec<(Lang, String)> = words.collect();
        Self {
            segment: line.id,
            began: words.clone(),
            words,
            signature: Signature::new(by, String::new()),
            sent: Sent::default(),
            fresh: true,
        }
    }

    /// Paints the fields and sends the term.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) -> Ended {
        let leaves = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        ui.spacing_mut().item_spacing.y = theme::GAP;
        script::label(ui, scene.words.t("term-about"), scene.own(ui));
        let mut entered = false;
        for (lang, text) in &mut self.words {
            ui.horizontal_wrapped(|ui| {
                let label = ui.label(lang.native_name());
                let field = TextEdit::singleline(text)
                    .id_salt(lang.code())
                    .char_limit(200)
                    .desired_width(240.0);
                let field = script::line(ui, field).labelled_by(label.id);
                if text.is_empty() && std::mem::take(&mut self.fresh) {
                    field.request_focus();
                }
                entered |= field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            });
        }
        let pressed = self.signature.show(ui, scene, !self.sent.is_free());
        self.sent.trouble(ui, scene);
        if self.sent.is_free() && (entered || pressed == Pressed::Keep) {
            let number = scene.desk.number();
            let term = Box::new(self.term(opened));
            if scene.desk.ask(Command::Term(term, number)) {
                self.sent.sent(number);
            }
        }
        if self.sent.is_free() && (leaves || pressed == Pressed::Cancel) {
            Ended::Left
        } else {
            Ended::Open
        }
    }

    fn term(&self, opened: &Opened) -> Term {
        let (id, line) = (&opened.interview.id, self.segment.0);
        let source = format!("{}, {id}, {line}", self.signature.by());
        let mut term = Term {
            note: self.signature.reason().unwrap_or_default(),
            ..Term::default()
        };
        for (lang, text) in &self.words {
            let entry = Entry {
                admitted: variants(text),
                source: source.trim_start_matches([',', ' ']).to_owned(),
                review: Review::Unreviewed,
                ..Entry::default()
            };
            if !entry.admitted.is_empty() {
                term.entries.insert(*lang, entry);
            }
        }
        term
    }

    /// Whether anything was typed.
    pub fn is_typed(&self) -> bool {
        self.words != self.began || self.signature.is_typed()
    }

    /// Nothing of it is on its way.
    pub fn begin_anew(&mut self) {
        self.sent = Sent::default();
    }

    /// Whether it was sent, and what came of it is not known yet.
    pub fn is_on_its_way(&self) -> bool {
        !self.sent.is_free()
    }

    /// The name that entered it, once it is stored.
    pub fn hear(&mut self, scene: &Scene<'_>) -> Option<String> {
        let stored = self.sent.is_stored(scene);
        stored.then(|| self.signature.by().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::drafts::Drafts;
    use super::super::table::Table;
    use super::super::undo::Undo;
    use super::super::work::Work;
    use super::*;
    use crate::app::desk::Desk;
    use crate::app::{App, Choices, Options};
    use crate::domain::Span;
    use crate::gui::words::Words;

    #[test]
    fn a_term_that_is_stored_as_the_lock_falls_is_not_offered_again() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            workspace: Some(dir.path().to_owned()),
            ..Options::default()
        };
        let app = Arc::new(App::open(&options).unwrap());
        let line = Segment {
            text: "ທະນາຍ".to_owned(),
            ..Segment::new(SegmentId(1), Span::default(), Lang::Lo)
        };
        let opened = Opened::of("i", &[Lang::Lo, Lang::Zh], vec![Arc::new(line.clone())]);
        let (words, choices) = (Words::of(Lang::En), Choices::default());
        // The second one is refused: it has words of one language only.
        for (other, stored) in [("律师", true), ("", false)] {
            let mut desk = Desk::start(Arc::clone(&app), Arc::new(|| ())).unwrap();
            let mut form = TermForm::new(&opened, &line, None, "Sok");
            form.words[0].1.push_str("ຄວາມ");
            form.words[1].1.push_str(other);
            let number = desk.number();
            assert!(desk.ask(Command::Term(Box::new(form.term(&opened)), number)));
            form.sent.sent(number);
            let mut drafts = Drafts::default();
            let id = &opened.interview.id;
            drafts.forms.keep(id, Work::Term(form));
            let mut table = Table::new(drafts, Undo::default(), false);
            desk.end();
            assert!(!desk.ask(Command::Shelf), "it is done with");
            let scene = Scene {
                desk: &desk,
                words: &words,
                choices: &choices,
            };
            table.put_all_by(&scene);
            assert_eq!(table.has_forms(), !stored, "{other}");
        }
    }
}
