//! One person: every entry with who entered it and the line it comes from, others who may be the
//! same, what is shared.

use eframe::egui::{Button, ComboBox, Frame, Margin, ScrollArea, TextEdit, Ui};

use crate::app::desk::{Act, PersonShown};
use crate::app::people::{Entry, PossibleMatch};
use crate::domain::{Fact, FactKind, Lang, NameSource, PersonId, Verdict};
use crate::gui::safe;
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::scroll;
use crate::gui::widgets::{languages, reason};

use super::{Signing, kind_name, letters_of, links, percent, source_name};

/// Where a person wants to go from here.
pub enum Wish {
    /// Nowhere.
    Stay,
    /// To the list.
    Back,
    /// To another person.
    Other(PersonId),
    /// To another screen.
    Go(Go),
}

/// What is typed into the page.
pub struct Page {
    history: bool,
    kind: FactKind,
    value: String,
    lang: Option<Lang>,
    source: NameSource,
    reason: String,
    /// The entry that was sent, and under which number: it stays in its field until it is stored.
    sent: Option<(u64, String)>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            history: false,
            kind: FactKind::Name,
            value: String::new(),
            lang: None,
            source: NameSource::Alias,
            reason: String::new(),
            sent: None,
        }
    }
}

impl Page {
    /// Whether something was typed and not entered.
    pub fn is_typed(&self) -> bool {
        !self.value.trim().is_empty()
    }

    /// The same, and nothing of it is on its way.
    pub fn put_by(self) -> Self {
        Self { sent: None, ..self }
    }

    /// Paints the page.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        id: &PersonId,
        signing: &mut Signing,
    ) -> Wish {
        let words = scene.words;
        let mut wish = Wish::Stay;
        if ui.button(words.t("people-back")).clicked() {
            return Wish::Back;
        }
        let shown = scene.desk.board().person.get();
        let Some(shown) = shown.filter(|s| s.page.person.id == *id) else {
            ui.spinner();
            return wish;
        };
        let area = ScrollArea::vertical().auto_shrink(false).id_salt(&id.0);
        scroll::page(ui, area, |ui| {
            head(ui, scene, &shown);
            self.facts(ui, scene, &shown, signing, &mut wish);
            self.add(ui, scene, id, signing);
            ui.separator();
            self.matches(ui, scene, &shown, signing, &mut wish);
            ui.separator();
            ui.strong(words.t("people-shared"));
            if shown.links.is_empty() {
                script::label(ui, words.t("people-nothing-shared"), scene.own(ui));
            } else if let Some(other) = links::both(ui, scene, &shown.links) {
                wish = Wish::Other(other);
            }
        });
        wish
    }

    /// Empties the field of an entry that is stored, unless something else was typed there meanwhile.
    pub fn hear(&mut self, signing: &Signing) {
        let Some((number, value)) = &self.sent else {
            return;
        };
        if signing.sent == Some(*number) {
            return;
        }
        if signing.stored == Some(*number) && self.value == *value {
            self.value.clear();
        }
        self.sent = None;
    }

    fn facts(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        shown: &PersonShown,
        signing: &mut Signing,
        wish: &mut Wish,
    ) {
        let words = scene.words;
        ui.checkbox(&mut self.history, words.t("people-history"));
        let facts = if self.history {
            &shown.page.history
        } else {
            &shown.page.person.facts
        };
        for kind in FactKind::ALL {
            for fact in facts.iter().filter(|f| f.kind == kind) {
                let counts = shown.page.person.facts.iter().any(|f| f.id == fact.id);
                self.fact(ui, scene, fact, counts, wish, &mut || {
                    let id = shown.page.person.id.clone();
                    signing.send(scene, Act::Withdraw(id, fact.id));
                });
            }
        }
    }

    #[expect(clippy::unused_self, reason = "one of the parts of the page")]
    fn fact(
        &self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        fact: &Fact,
        counts: bool,
        wish: &mut Wish,
        withdraw: &mut dyn FnMut(),
    ) {
        let words = scene.words;
        let colours = theme::of(ui);
        let frame = Frame::new()
            .fill(colours.stripe)
            .inner_margin(Margin::same(6));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            let letters = Letters::running(ui, letters_of(fact));
            let colour = if counts { colours.text } else { colours.faint };
            script::marked(
                ui,
                &safe::name(&fact.value),
                letters.coloured(colour),
                &[],
                true,
            );
            script::label(ui, &about(scene, fact, counts), scene.remark(ui));
            ui.horizontal_wrapped(|ui| {
                if let (Some(interview), Some(line)) = (&fact.interview, fact.segment) {
                    let name = words.with("people-line", &[("line", &line.0.to_string())]);
                    if ui.button(name).on_hover_text(&interview.0).clicked() {
                        *wish = Wish::Go(Go::Line(interview.clone(), Some(line)));
                    }
                }
                if counts && ui.button(words.t("people-withdraw")).clicked() {
                    withdraw();
                }
            });
        });
    }

    /// The fields of a new entry.
    fn add(&mut self, ui: &mut Ui, scene: &Scene<'_>, id: &PersonId, signing: &mut Signing) {
        let words = scene.words;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("people-new-entry"));
            let kinds = ComboBox::from_id_salt("kind").selected_text(words.t(kind_name(self.kind)));
            kinds
                .show_ui(ui, |ui| {
                    for kind in FactKind::ALL {
                        ui.selectable_value(&mut self.kind, kind, words.t(kind_name(kind)));
                    }
                })
                .response
                .labelled_by(label.id);
            let label = ui.label(words.t("people-value"));
            let field = TextEdit::singleline(&mut self.value).id_salt("value");
            let field = field.char_limit(1000).desired_width(180.0);
            script::line(ui, field).labelled_by(label.id);
            if self.kind == FactKind::Name {
                let (name, any) = (words.t("people-language"), words.t("people-language-any"));
                languages::pick(
                    ui,
                    "entry-lang",
                    name,
                    &Lang::SIX,
                    Some(any),
                    &mut self.lang,
                );
                let label = ui.label(words.t("people-source"));
                let sources = ComboBox::from_id_salt("source")
                    .selected_text(words.t(source_name(self.source)));
                sources
                    .show_ui(ui, |ui| {
                        for source in NameSource::ALL {
                            let name = words.t(source_name(source));
                            ui.selectable_value(&mut self.source, source, name);
                        }
                    })
                    .response
                    .labelled_by(label.id);
            }
            let button = Button::new(words.t("add"));
            let value = self.value.trim();
            if ui.add_enabled(!value.is_empty(), button).clicked() {
                let mut entry = Entry::new(self.kind, value);
                if self.kind == FactKind::Name {
                    (entry.lang, entry.source) = (self.lang, Some(self.source));
                }
                let sent = signing.send(scene, Act::Note(id.clone(), vec![entry]));
                self.sent = sent
                    .map(|number| (number, self.value.clone()))
                    .or(self.sent.take());
            }
        });
    }

    fn matches(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        shown: &PersonShown,
        signing: &mut Signing,
        wish: &mut Wish,
    ) {
        let words = scene.words;
        ui.strong(words.t("people-matches"));
        if shown.near.is_empty() {
            script::label(ui, words.t("people-no-matches"), scene.own(ui));
            return;
        }
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("edit-reason"));
            let field = TextEdit::singleline(&mut self.reason).id_salt("decide");
            let field = field.char_limit(300).desired_width(220.0);
            script::line(ui, field).labelled_by(label.id);
        });
        let id = &shown.page.person.id;
        for near in &shown.near {
            ui.horizontal_wrapped(|ui| {
                let name = format!("{}  {}", safe::name(&near.name), percent(words, near.score));
                let button = ui.button(name);
                if reason::told(button, &scene.words.told(&near.why)).clicked() {
                    *wish = Wish::Other(near.person.clone());
                }
                for verdict in Verdict::ALL {
                    let decided = near.verdict == Some(verdict);
                    let label = words.t(verdict_name(verdict));
                    if ui.selectable_label(decided, label).clicked() {
                        let typed = self.reason.trim();
                        let reason = (!typed.is_empty()).then(|| typed.to_owned());
                        let other = near.person.clone();
                        let act = Act::Decide(id.clone(), other, verdict, reason);
                        signing.send(scene, act);
                    }
                }
            });
            script::label(ui, &explained(scene, near), scene.remark(ui));
            let decisions = &shown.page.decisions;
            let mut between = decisions
                .iter()
                .filter(|d| d.other == near.person || d.person == near.person);
            if let Some(last) = between.next_back() {
                let at = words.moment(&last.at);
                let mut text = words.with(
                    "people-decided",
                    &[("by", &safe::name(&last.by)), ("at", &at)],
                );
                if let Some(reason) = &last.reason {
                    text.push_str(": ");
                    text.push_str(&safe::name(reason));
                }
                script::label(ui, &text, scene.remark(ui));
            }
            ui.add_space(theme::GAP);
        }
    }
}

fn head(ui: &mut Ui, scene: &Scene<'_>, shown: &PersonShown) {
    let person = &shown.page.person;
    let first = person.facts.iter().find(|f| f.kind == FactKind::Name);
    let letters = Letters {
        size: theme::HEADING,
        ..Letters::running(ui, first.map_or(Lang::En, letters_of))
    };
    let name = first.map_or(person.id.0.as_str(), |f| f.value.as_str());
    script::label(ui, &safe::name(name), letters);
    let mut text = format!("{}   ", person.id);
    if let Some(case) = &person.case {
        text.push_str(&safe::name(case));
        text.push_str("   ");
    }
    let values = [
        ("by", safe::name(&person.by)),
        ("at", scene.words.day(&person.at)),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(n, v)| (*n, v.as_str())).collect();
    text.push_str(&scene.words.with("people-entered", &values));
    script::label(ui, &text, scene.remark(ui));
}

/// What is said about an entry: its kind, script, source, who entered it and when.
fn about(scene: &Scene<'_>, fact: &Fact, counts: bool) -> String {
    let words = scene.words;
    let mut parts = vec![words.t(kind_name(fact.kind)).to_owned()];
    if let Some(lang) = fact.lang {
        parts.push(lang.native_name().to_owned());
    } else if let Some(script) = &fact.script {
        parts.push(safe::name(script));
    }
    parts.extend(fact.source.map(|s| words.t(source_name(s)).to_owned()));
    let at = words.day(&fact.at);
    let by = safe::name(&fact.by);
    parts.push(words.with("people-entered", &[("by", &by), ("at", &at)]));
    parts.extend(fact.reason.as_deref().map(safe::name));
    if !counts {
        parts.push(words.t("people-withdrawn").to_owned());
    }
    parts.join(" · ")
}

/// Why two names are near, part by part.
fn explained(scene: &Scene<'_>, near: &PossibleMatch) -> String {
    let parts = near.parts.iter().map(|part| {
        let role = match part.role {
            "family name" => scene.words.t("part-family"),
            "given name" => scene.words.t("part-given"),
            _ => scene.words.t("part-name"),
        };
        format!(
            "{role} {}: {}",
            safe::name(&part.text),
            percent(scene.words, part.score)
        )
    });
    parts.collect::<Vec<_>>().join(" · ")
}

fn verdict_name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "verdict-same",
        Verdict::NotSame => "verdict-not-same",
        Verdict::Unsure => "verdict-unsure",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::People;
    use super::*;
    use crate::app::desk::Desk;
    use crate::app::{App, Choices, Options};
    use crate::gui::words::Words;

    #[test]
    fn an_entry_that_is_stored_as_the_lock_falls_is_not_offered_again() {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            workspace: Some(dir.path().to_owned()),
            ..Options::default()
        };
        let app = Arc::new(App::open(&options).unwrap());
        let name = Entry::new(FactKind::Name, "ສົມພອນ");
        let known = app.add_person(None, "Lan", &[name]).unwrap().id;
        let unknown = PersonId("nobody".to_owned());
        let (words, choices) = (Words::of(Lang::En), Choices::default());
        for (id, stored) in [(known, true), (unknown, false)] {
            let mut desk = Desk::start(Arc::clone(&app), Arc::new(|| ())).unwrap();
            let mut people = People {
                current: Some(id.clone()),
                ..People::default()
            };
            people.signing.by = Some("Lan".to_owned());
            people.page.value = "0912 345 678".to_owned();
            let scene = Scene {
                desk: &desk,
                words: &words,
                choices: &choices,
            };
            let entry = Entry::new(FactKind::Phone, &people.page.value);
            let sent = people.signing.send(&scene, Act::Note(id, vec![entry]));
            people.page.sent = Some((sent.unwrap(), people.page.value.clone()));
            desk.end();
            let scene = Scene {
                desk: &desk,
                words: &words,
                choices: &choices,
            };
            let kept = people.put_by(&scene);
            assert_eq!(kept.is_some_and(|kept| kept.is_typed()), !stored);
        }
    }
}
