//! Names and numbers that a transcript offers to the register. A person says whose each is, or that
//! it is not wanted; nothing is entered by itself.

use eframe::egui::{ComboBox, Frame, Margin, ScrollArea, Ui};

use crate::app::desk::{Act, Command};
use crate::app::offers::Candidate;
use crate::app::people::{Entry, title};
use crate::domain::{FactKind, InterviewId, InterviewSummary, NameSource};
use crate::gui::panels::review::speaker;
use crate::gui::safe;
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::{reason, scroll};

use super::{Signing, kind_name, percent};

/// Height of one offer, in points: its words, what it is, and the buttons.
const ROW: f32 = 96.0;

/// Which transcript was chosen.
#[derive(Default)]
pub struct OffersPart {
    interview: Option<InterviewId>,
}

impl OffersPart {
    /// Paints the offers.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, signing: &mut Signing) -> Option<Go> {
        let words = scene.words;
        let interviews = scene.desk.board().interviews.get()?;
        if interviews.is_empty() {
            script::label(ui, words.t("review-empty"), scene.own(ui));
            return None;
        }
        if self.interview.is_none() {
            // The transcript that is open, else the newest.
            let opened = scene.desk.board().opened.get();
            let opened = opened.map(|o| o.interview.id.clone());
            let newest = interviews.first().map(|i| i.id.clone());
            self.choose(scene, opened.or(newest));
        }
        self.pick(ui, scene, &interviews);
        let id = self.interview.clone()?;
        let offers = scene.desk.board().offers.get();
        let Some(offers) = offers.filter(|o| o.interview == id) else {
            ui.spinner();
            return None;
        };
        let case = interviews.iter().find(|i| i.id == id);
        let case = case.and_then(|i| i.case.clone());
        if offers.found.is_empty() {
            script::label(ui, words.t("offers-nothing"), scene.own(ui));
        }
        let mut went = None;
        let area = ScrollArea::vertical().auto_shrink(false);
        area.show_rows(ui, ROW, offers.found.len(), |ui, rows| {
            for (at, one) in offers.found.iter().enumerate() {
                if rows.contains(&at) {
                    let answer = offer(ui, scene, one, case.as_deref(), signing);
                    went = answer.or(went.take());
                }
            }
            scroll::keys(ui);
        });
        went
    }

    fn choose(&mut self, scene: &Scene<'_>, id: Option<InterviewId>) {
        if let Some(id) = &id {
            scene.desk.ask(Command::Offers(id.clone()));
        }
        self.interview = id;
    }

    fn pick(&mut self, ui: &mut Ui, scene: &Scene<'_>, interviews: &[InterviewSummary]) {
        let mut chosen = None;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(scene.words.t("offers-transcript"));
            let current = interviews
                .iter()
                .find(|i| Some(&i.id) == self.interview.as_ref());
            let shown = current.map_or_else(String::new, |one| called(scene, one));
            let response = ComboBox::from_id_salt("transcript")
                .width(320.0)
                .truncate()
                .selected_text(shown)
                .show_ui(ui, |ui| {
                    let area = ScrollArea::vertical().max_height(320.0);
                    area.show_rows(ui, theme::PRESS, interviews.len(), |ui, rows| {
                        for one in interviews.get(rows).into_iter().flatten() {
                            let own = Some(&one.id) == self.interview.as_ref();
                            if ui.selectable_label(own, called(scene, one)).clicked() {
                                chosen = Some(one.id.clone());
                                ui.close();
                            }
                        }
                    });
                })
                .response;
            response.labelled_by(label.id);
        });
        if chosen.is_some() {
            self.choose(scene, chosen);
        }
    }
}

/// What an interview is called in the box.
fn called(scene: &Scene<'_>, one: &InterviewSummary) -> String {
    let languages: Vec<&str> = one.languages.iter().map(|l| l.native_name()).collect();
    let day = scene.words.day(&one.started);
    let case = safe::name(one.case.as_deref().unwrap_or_default());
    format!("{day}   {}   {case}", languages.join(" – "))
}

/// One offer and its answers.
fn offer(
    ui: &mut Ui,
    scene: &Scene<'_>,
    one: &Candidate,
    case: Option<&str>,
    signing: &mut Signing,
) -> Option<Go> {
    let words = scene.words;
    let mut went = None;
    let frame = Frame::new()
        .fill(theme::of(ui).stripe)
        .inner_margin(Margin::same(6));
    frame.show(ui, |ui| {
        ui.set_min_size(eframe::egui::vec2(
            ui.available_width(),
            ROW - 3.0 * theme::GAP,
        ));
        ui.horizontal_wrapped(|ui| {
            let letters = Letters::running(ui, one.lang);
            script::label(ui, &safe::name(&one.value), letters);
            let about = format!(
                "{} · {} · {}",
                words.t(kind_name(one.kind)),
                one.lang.native_name(),
                speaker(words, &one.speaker)
            );
            script::label(ui, &about, scene.remark(ui));
            let line = one.segment.0.to_string();
            let name = words.with("people-line", &[("line", &line)]);
            if ui.button(name).clicked() {
                went = Some(Go::Line(one.interview.clone(), Some(one.segment)));
            }
        });
        ui.horizontal_wrapped(|ui| {
            for near in &one.people {
                let name = safe::name(&near.name);
                let score = percent(words, near.score);
                let values = [("name", name.as_str()), ("score", score.as_str())];
                let button = ui.button(words.with("offers-this", &values));
                if reason::told(button, &words.told(&near.why)).clicked() {
                    signing.send(scene, Act::Note(near.person.clone(), vec![entry(one)]));
                }
            }
            if let Some(last) = scene.desk.board().person.get() {
                let person = &last.page.person;
                if !one.people.iter().any(|p| p.person == person.id) {
                    let name = safe::name(&title(person));
                    let label = words.with("offers-also", &[("name", &name)]);
                    if ui.button(label).clicked() {
                        signing.send(scene, Act::Note(person.id.clone(), vec![entry(one)]));
                    }
                }
            }
            if one.kind == FactKind::Name && ui.button(words.t("offers-new")).clicked() {
                let case = case.map(str::to_owned);
                signing.send(scene, Act::Add(case, vec![entry(one)]));
            }
            if ui.button(words.t("offers-no")).clicked() {
                let (id, line) = (one.interview.clone(), one.segment);
                let act = Act::Dismiss(id, line, one.kind, one.value.clone());
                signing.send(scene, act);
            }
        });
    });
    went
}

/// What is entered when an offer is taken up: with the line it comes from.
fn entry(one: &Candidate) -> Entry {
    let mut entry = Entry::new(one.kind, &one.value);
    entry.lang = Some(one.lang);
    entry.source = (one.kind == FactKind::Name).then_some(NameSource::Heard);
    entry.line = Some((one.interview.0.clone(), one.segment.0));
    entry
}
