//! The list of people, by any of their names, numbers or cases; names that sound alike in another
//! script; a new person.

use std::sync::Arc;

use eframe::egui::{Button, TextEdit, Ui, vec2};

use crate::app::desk::{Act, Command};
use crate::app::people::Entry;
use crate::domain::{FactKind, Lang, NameSource, Person, PersonId};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::rows::{Rows, row};
use crate::gui::widgets::{languages, reason, script};
use crate::text;

use super::{Signing, all_names, percent};

/// Height of one person in the list, in points.
const ROW: f32 = 44.0;
/// Near names that are shown below the field.
const NEAR: usize = 6;

/// What is typed, and which people that gives.
#[derive(Default)]
pub struct Register {
    text: String,
    lang: Option<Lang>,
    of: Option<(Arc<Vec<Person>>, String)>,
    shown: Vec<usize>,
    rows: Rows,
}

impl Register {
    /// Whether a name was typed.
    pub fn is_typed(&self) -> bool {
        !self.text.trim().is_empty()
    }

    /// What was typed, and none of the people.
    pub fn put_by(self) -> Self {
        Self {
            text: self.text,
            lang: self.lang,
            ..Self::default()
        }
    }

    /// Paints the list; returns the person that was chosen.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        signing: &mut Signing,
    ) -> Option<PersonId> {
        let words = scene.words;
        let Some(people) = scene.desk.board().people.get() else {
            ui.spinner();
            return None;
        };
        let typing = self.fields(ui, scene, signing);
        let mut wanted = self.near(ui, scene);
        self.sift(&people);
        ui.add_space(theme::GAP);
        if people.is_empty() {
            script::label(ui, words.t("people-empty"), scene.own(ui));
            return wanted;
        }
        let count = words.with("people-count", &[("count", &self.shown.len().to_string())]);
        script::label(ui, &count, scene.remark(ui));
        if self.shown.is_empty() {
            script::label(ui, words.t("people-none"), scene.own(ui));
        }
        let person = |at: usize| self.shown.get(at).and_then(|at| people.get(*at));
        let taken = self.rows.keys(ui, self.shown.len(), typing);
        if let Some(person) = taken.and_then(person) {
            wanted = Some(person.id.clone());
        }
        self.rows.show(ui, ROW, self.shown.len(), |ui, at, chosen| {
            let Some(person) = person(at) else { return };
            let size = vec2(ui.available_width(), ROW - theme::GAP);
            let button = row(about(person), chosen);
            if ui.add(button.min_size(size)).clicked() {
                wanted = Some(person.id.clone());
            }
        });
        wanted
    }

    /// The fields; whether the one of the words has the keyboard.
    fn fields(&mut self, ui: &mut Ui, scene: &Scene<'_>, signing: &mut Signing) -> bool {
        let words = scene.words;
        let mut typing = false;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("people-find"));
            let field = TextEdit::singleline(&mut self.text).id_salt("find");
            let field = field.char_limit(300).desired_width(220.0);
            let field = script::line(ui, field).labelled_by(label.id);
            typing = field.has_focus() || field.lost_focus();
            if field.changed() && !self.text.trim().is_empty() {
                scene.desk.ask(Command::Near(self.text.trim().to_owned()));
            }
            let (name, any) = (words.t("people-language"), words.t("people-language-any"));
            languages::pick(ui, "name-lang", name, &Lang::SIX, Some(any), &mut self.lang);
            let button = Button::new(words.t("people-add"));
            let name = self.text.trim();
            if ui.add_enabled(!name.is_empty(), button).clicked() {
                let mut entry = Entry::new(FactKind::Name, name);
                entry.lang = self.lang;
                entry.source = Some(NameSource::Given);
                signing.send(scene, Act::Add(None, vec![entry]));
            }
        });
        typing
    }

    /// People whose names are near to what is typed, whatever script they are written in.
    fn near(&self, ui: &mut Ui, scene: &Scene<'_>) -> Option<PersonId> {
        let near = scene.desk.board().near.get()?;
        let typed = self.text.trim();
        if typed.is_empty() || near.text != typed || near.found.is_empty() {
            return None;
        }
        let mut wanted = None;
        script::label(ui, scene.words.t("people-near"), scene.remark(ui));
        ui.horizontal_wrapped(|ui| {
            for one in near.found.iter().take(NEAR) {
                let name = format!(
                    "{}  {}",
                    safe::name(&one.name),
                    percent(scene.words, one.score)
                );
                let button = ui.button(name);
                if reason::told(button, &scene.words.told(&one.why)).clicked() {
                    wanted = Some(one.person.clone());
                }
            }
        });
        wanted
    }

    /// Works out whom the typed text means, when it or the register is another than before.
    fn sift(&mut self, people: &Arc<Vec<Person>>) {
        let same =
            |(of, text): &(Arc<Vec<Person>>, String)| Arc::ptr_eq(of, people) && *text == self.text;
        if self.of.as_ref().is_some_and(same) {
            return;
        }
        let wanted = text::fold(self.text.trim());
        let holds = |person: &Person| {
            let values = person.facts.iter().map(|f| f.value.as_str());
            let own = [person.id.0.as_str(), person.case.as_deref().unwrap_or("")];
            wanted.is_empty() || values.chain(own).any(|v| text::fold(v).contains(&wanted))
        };
        self.shown = (0..people.len())
            .filter(|at| people.get(*at).is_some_and(holds))
            .collect();
        self.of = Some((Arc::clone(people), self.text.clone()));
        self.rows.anew();
    }
}

fn about(person: &Person) -> String {
    let mut text = format!("{}   {}", safe::name(&all_names(person)), person.id);
    for kind in [FactKind::Role, FactKind::BirthYear] {
        for value in person.values(kind) {
            text.push_str("   ");
            text.push_str(&safe::name(value));
        }
    }
    if let Some(case) = &person.case {
        text.push_str("   ");
        text.push_str(&safe::name(case));
    }
    text
}
