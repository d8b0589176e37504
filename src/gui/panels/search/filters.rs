//! What a search is narrowed to. Everything is chosen from what there is, so that nobody has to know
//! how it is spelled.

use std::collections::BTreeSet;

use eframe::egui::{ComboBox, Grid, TextEdit, Ui};

use crate::app::desk::Command;
use crate::domain::{FactKind, FlagKind, Lang, Person, PersonId, Status};
use crate::gui::panels::review::explained;
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{languages, script};
use crate::store::SearchQuery;
use crate::text::typed_day;

/// Entries of a list; of more, the newest cases and the first people.
const MOST: usize = 300;
/// Width of one field with its name, in points.
const COLUMN: f32 = 300.0;
/// Width of one field, in points.
const FIELD: f32 = 150.0;
/// The usual speakers and the messages that name them.
const ROLES: [(&str, &str); 3] = [
    ("officer", "role-officer"),
    ("interviewee", "role-interviewee"),
    ("interpreter", "role-interpreter"),
];
const STATES: [(Status, &str); 3] = [
    (Status::Machine, "status-machine"),
    (Status::Edited, "status-edited"),
    (Status::Certified, "status-certified"),
];

/// What is chosen.
#[derive(Default)]
pub struct Filters {
    open: bool,
    asked: bool,
    lang: Option<Lang>,
    case: Option<String>,
    speaker: Option<String>,
    /// A speaker of another name, as typed.
    other: String,
    status: Option<Status>,
    flag: Option<FlagKind>,
    person: Option<PersonId>,
    since: String,
    until: String,
    like: bool,
    /// Other languages too, with what translators make of the question.
    pub across: bool,
}

impl Filters {
    /// The question without its words.
    pub fn query(&self) -> SearchQuery {
        let other = Some(self.other.trim()).filter(|name| !name.is_empty());
        SearchQuery {
            lang: self.lang,
            case: self.case.clone(),
            speaker: other.map(str::to_owned).or_else(|| self.speaker.clone()),
            person: self.person.clone(),
            flag: self.flag,
            status: self.status,
            since: date(&self.since),
            until: date(&self.until),
            like: self.like,
            ..SearchQuery::default()
        }
    }

    /// How many narrow the search.
    pub fn active(&self) -> usize {
        let query = self.query();
        [
            query.lang.is_some(),
            query.case.is_some(),
            query.speaker.is_some(),
            query.person.is_some(),
            query.flag.is_some(),
            query.status.is_some(),
            query.since.is_some(),
            query.until.is_some(),
        ]
        .into_iter()
        .filter(|is| *is)
        .count()
    }

    /// Paints them; whether anything is another than before.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> bool {
        let words = scene.words;
        let before = self.key();
        ui.horizontal_wrapped(|ui| {
            let (name, any) = (words.t("search-language"), words.t("search-any"));
            languages::pick(ui, "spoken", name, &Lang::SIX, Some(any), &mut self.lang);
            ui.checkbox(&mut self.like, words.t("search-like"));
            ui.checkbox(&mut self.across, words.t("search-across"));
            let count = self.active();
            let mut narrow = words.t("search-narrow").to_owned();
            if count > 0 {
                narrow.push_str(&format!(" ({})", words.digits(&count.to_string())));
            }
            ui.toggle_value(&mut self.open, narrow);
            if count > 0 && ui.button(words.t("search-clear")).clicked() {
                *self = Self {
                    open: self.open,
                    asked: self.asked,
                    like: self.like,
                    across: self.across,
                    ..Self::default()
                };
            }
        });
        if self.open {
            if !std::mem::replace(&mut self.asked, true) {
                scene.desk.ask(Command::People);
            }
            self.choices(ui, scene);
        }
        before != self.key()
    }

    /// The lists and the dates, in as many columns as there is room for.
    fn choices(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        let columns = ((ui.available_width() / COLUMN) as usize).clamp(1, 4);
        let mut cell = 0;
        let mut wrong = false;
        let grid = Grid::new("narrow").spacing([theme::GAP * 2.0, theme::GAP]);
        grid.show(ui, |ui| {
            let mut done = |ui: &mut Ui| {
                cell += 1;
                if cell % columns == 0 {
                    ui.end_row();
                }
            };
            let cases = cases(scene);
            let mut named = cases.into_iter().map(|c| (safe::name(&c), c)).collect();
            choose(ui, scene, "search-case", &mut named, &mut self.case);
            done(ui);
            let role = |(name, id): (&str, &'static str)| (words.t(id).to_owned(), name.to_owned());
            let mut roles = ROLES.map(role).to_vec();
            choose(ui, scene, "search-speaker", &mut roles, &mut self.speaker);
            done(ui);
            written(ui, scene, "search-other", &mut self.other, (300, ""));
            done(ui);
            let mut states = STATES.map(|(s, id)| (words.t(id).to_owned(), s)).to_vec();
            choose(ui, scene, "search-status", &mut states, &mut self.status);
            done(ui);
            let doubt = |kind| (explained(words, kind).to_owned(), kind);
            let mut doubts = FlagKind::ALL.map(doubt).to_vec();
            choose(ui, scene, "search-doubt", &mut doubts, &mut self.flag);
            done(ui);
            let people = scene.desk.board().people.get();
            let people = people.iter().flat_map(|all| all.iter()).take(MOST);
            let mut people = people.map(|p| (called(p), p.id.clone())).collect();
            choose(ui, scene, "search-person", &mut people, &mut self.person);
            done(ui);
            for (text, id) in [
                (&mut self.since, "search-since"),
                (&mut self.until, "search-until"),
            ] {
                let typing = written(ui, scene, id, text, (10, "2026-11-23"));
                wrong |= !text.trim().is_empty() && date(text).is_none() && !typing;
                done(ui);
            }
        });
        if wrong {
            let letters = scene.own(ui).coloured(theme::of(ui).failure);
            script::label(ui, words.t("search-date"), letters);
        }
    }

    /// Everything that the question is made of.
    fn key(&self) -> impl PartialEq + use<> {
        let q = self.query();
        (
            (q.lang, q.case, q.speaker, q.person),
            (q.flag, q.status, q.since, q.until),
            (q.like, self.across),
        )
    }
}

/// A day that is one, in the digits and the era of whoever types it.
fn date(typed: &str) -> Option<String> {
    typed_day(typed).map(|day| day.to_string())
}

/// A field with its name; whether somebody writes in it.
fn written(
    ui: &mut Ui,
    scene: &Scene<'_>,
    name: &'static str,
    text: &mut String,
    (limit, hint): (usize, &str),
) -> bool {
    let label = ui.label(scene.words.t(name));
    let field = TextEdit::singleline(text)
        .id_salt(name)
        .char_limit(limit)
        .hint_text(hint)
        .desired_width(FIELD);
    script::line(ui, field).labelled_by(label.id).has_focus()
}

/// A box with 'any' and everything that can be chosen, under the words that people read.
pub fn choose<T: Clone + PartialEq>(
    ui: &mut Ui,
    scene: &Scene<'_>,
    id: &'static str,
    among: &mut Vec<(String, T)>,
    chosen: &mut Option<T>,
) {
    let words = scene.words;
    let found = among
        .iter()
        .find(|(_, value)| Some(value) == chosen.as_ref());
    let shown = found.map_or_else(
        || words.t("search-any").to_owned(),
        |(name, _)| name.clone(),
    );
    let label = ui.label(words.t(id));
    let response = ComboBox::from_id_salt(id)
        .selected_text(shown)
        .width(FIELD)
        .truncate()
        .show_ui(ui, |ui| {
            ui.selectable_value(chosen, None, words.t("search-any"));
            for (name, value) in among.drain(..) {
                ui.selectable_value(chosen, Some(value), name);
            }
        })
        .response;
    response.labelled_by(label.id);
}

/// The names of cases, by name.
pub fn cases(scene: &Scene<'_>) -> Vec<String> {
    let interviews = scene.desk.board().interviews.get();
    let interviews = interviews.iter().flat_map(|all| all.iter());
    let mut all = BTreeSet::new();
    for case in interviews.filter_map(|i| i.case.as_ref()) {
        if all.len() >= MOST {
            break;
        }
        all.insert(case.clone());
    }
    all.into_iter().collect()
}

/// The first name of a person.
pub fn called(person: &Person) -> String {
    let name = person.values(FactKind::Name).next();
    safe::name(name.unwrap_or(&person.id.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::empty_window::keeps_the_keyboard;

    #[test]
    fn every_field_keeps_the_keyboard_whatever_comes_above_it() {
        let mut filters = Filters {
            open: true,
            ..Filters::default()
        };
        // Another speaker, and two days.
        keeps_the_keyboard(3, move |ui, scene| _ = filters.show(ui, scene));
    }
}
