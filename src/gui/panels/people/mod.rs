//! The register of people: who is in it, one person with everything known, what transcripts offer,
//! who is linked. Nothing is entered or decided without the name beside it.

mod links;
mod offers;
mod page;
mod register;

use eframe::egui::{TextEdit, Ui};

use crate::app::Choices;
use crate::app::desk::{Act, Command, Desk, Told};
use crate::domain::{Fact, FactKind, Lang, NameSource, Person, PersonId};
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::{script, told};
use crate::gui::words::Words;

/// The parts of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Register,
    Offers,
    Links,
}

/// What is typed into the screen.
#[derive(Default)]
pub struct People {
    part: Part,
    read: bool,
    current: Option<PersonId>,
    register: register::Register,
    page: page::Page,
    offers: offers::OffersPart,
    /// The case whose links are shown; of all where none is chosen.
    case: Option<String>,
    signing: Signing,
}

/// Who signs, what was sent under which number, and how it ended.
#[derive(Default)]
struct Signing {
    by: Option<String>,
    sent: Option<u64>,
    /// The number of what was stored last.
    stored: Option<u64>,
    failed: Option<Told>,
    /// The person that was entered last: the screen goes there.
    entered: Option<PersonId>,
    /// Goes to the person that was entered.
    follow: bool,
}

impl Signing {
    /// Sends something to be entered, unless the last thing is still on its way; the number under which it
    /// went.
    fn send(&mut self, scene: &Scene<'_>, act: Act) -> Option<u64> {
        if self.sent.is_some() {
            return None;
        }
        self.follow = matches!(act, Act::Add(..));
        self.failed = None;
        let number = scene.desk.number();
        let by = self.by.clone().unwrap_or_default().trim().to_owned();
        let sent = scene.desk.ask(Command::Enter(by, act, number));
        self.sent = sent.then_some(number);
        self.sent
    }

    fn hear(&mut self, scene: &Scene<'_>) {
        let Some(number) = self.sent else { return };
        if let Some(answer) = scene.desk.board().entered.take(number) {
            self.sent = None;
            self.stored = answer.failed.is_none().then_some(number);
            (self.failed, self.entered) = (answer.failed, answer.person);
        }
    }

    /// The field for the name that signs, and what failed.
    fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let words = scene.words;
        let by = self.by.get_or_insert_with(|| scene.choices.name.clone());
        let mut left = false;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("edit-by"));
            let field = TextEdit::singleline(by).id_salt("signs").char_limit(300);
            let field = script::line(ui, field.desired_width(160.0)).labelled_by(label.id);
            left = field.lost_focus();
        });
        if let Some(told) = &self.failed {
            let failure = theme::of(ui).failure;
            told::show(ui, scene.words, told, failure);
        }
        let by = by.trim();
        (left && *by != scene.choices.name).then(|| {
            Go::Choose(Choices {
                name: by.to_owned(),
                ..scene.choices.clone()
            })
        })
    }
}

impl People {
    /// Whether something about a person was typed and not entered.
    pub fn is_typed(&self) -> bool {
        self.page.is_typed()
    }

    /// Takes what was typed and not entered out of the screen, with the person that it is of.
    pub fn put_by(&mut self, scene: &Scene<'_>) -> Option<Self> {
        self.hear(scene);
        let typed = self.page.is_typed() || self.register.is_typed();
        typed.then(|| {
            let kept = std::mem::take(self);
            Self {
                part: Part::Register,
                current: kept.current,
                register: kept.register.put_by(),
                page: kept.page.put_by(),
                ..Self::default()
            }
        })
    }

    /// Asks for the person that is shown.
    pub fn asks(&self, desk: &Desk) {
        if let Some(id) = &self.current {
            desk.ask(Command::Person(id.clone()));
        }
    }

    /// Paints the screen.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        if !std::mem::replace(&mut self.read, true) {
            scene.desk.ask(Command::People);
        }
        self.hear(scene);
        let mut chosen = None;
        ui.horizontal_wrapped(|ui| {
            scene.heading(ui, "people-title");
            for (part, name) in [
                (Part::Register, "people-register"),
                (Part::Offers, "people-offers"),
                (Part::Links, "people-links"),
            ] {
                let label = scene.words.t(name);
                if ui.selectable_label(self.part == part, label).clicked() {
                    chosen = Some(part);
                }
            }
        });
        if let Some(part) = chosen {
            self.part = part;
            self.current = None;
            scene.desk.ask(Command::People);
            if part == Part::Links {
                scene.desk.ask(Command::Links(self.case.clone()));
            }
        }
        let signed = self.signing.show(ui, scene);
        ui.add_space(theme::GAP);
        let went = self.inside(ui, scene);
        went.or(signed)
    }

    /// What came of the entry that was on its way: a new person is gone to.
    fn hear(&mut self, scene: &Scene<'_>) {
        self.signing.hear(scene);
        self.page.hear(&self.signing);
        if let Some(id) = self.signing.entered.take()
            && self.signing.follow
        {
            self.part = Part::Register;
            self.current = Some(id);
        }
    }

    fn inside(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let mut wanted = None;
        let mut go = None;
        match (self.part, self.current.clone()) {
            (Part::Register, None) => wanted = self.register.show(ui, scene, &mut self.signing),
            (Part::Register, Some(id)) => match self.page.show(ui, scene, &id, &mut self.signing) {
                page::Wish::Stay => {}
                page::Wish::Back => self.current = None,
                page::Wish::Other(id) => wanted = Some(id),
                page::Wish::Go(to) => go = Some(to),
            },
            (Part::Offers, _) => go = self.offers.show(ui, scene, &mut self.signing),
            (Part::Links, _) => wanted = links::show(ui, scene, &mut self.case),
        }
        if let Some(id) = wanted {
            scene.desk.ask(Command::Person(id.clone()));
            self.part = Part::Register;
            self.current = Some(id);
        }
        go
    }
}

/// A kind of entry in words.
fn kind_name(kind: FactKind) -> &'static str {
    match kind {
        FactKind::Name => "kind-name",
        FactKind::Role => "kind-role",
        FactKind::BirthYear => "kind-birth-year",
        FactKind::Phone => "kind-phone",
        FactKind::Plate => "kind-plate",
        FactKind::Document => "kind-document",
        FactKind::Place => "kind-place",
        FactKind::Mention => "kind-mention",
        FactKind::Note => "kind-note",
    }
}

/// Where a name comes from, in words.
fn source_name(source: NameSource) -> &'static str {
    match source {
        NameSource::Given => "source-given",
        NameSource::Alias => "source-alias",
        NameSource::Document => "source-document",
        NameSource::Heard => "source-heard",
    }
}

/// The language whose letters an entry is shown in.
fn letters_of(fact: &Fact) -> Lang {
    let of_script = match fact.script.as_deref() {
        Some("han") => Lang::Zh,
        Some("thai") => Lang::Th,
        Some("lao") => Lang::Lo,
        Some("khmer") => Lang::Km,
        Some("burmese") => Lang::My,
        Some("latin") => Lang::Vi,
        _ => Lang::En,
    };
    fact.lang.unwrap_or(of_script)
}

/// All names of a person in one line.
fn all_names(person: &Person) -> String {
    let names: Vec<&str> = person.values(FactKind::Name).collect();
    if names.is_empty() {
        person.id.0.clone()
    } else {
        names.join(" · ")
    }
}

/// A score as a person reads it.
fn percent(words: &Words, score: f32) -> String {
    words.digits(&format!("{:.0} %", score * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::empty_window::keeps_the_keyboard;

    #[test]
    fn every_field_keeps_the_keyboard_whatever_comes_above_it() {
        let mut people = People::default();
        // Who signs, and who is looked for.
        keeps_the_keyboard(2, move |ui, scene| drop(people.show(ui, scene)));
    }
}
