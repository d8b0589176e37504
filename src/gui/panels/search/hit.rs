//! One hit: where and when, the line with its marks, the lines before and after it, why it was found.

use eframe::egui::{Frame, Margin, Sense, Ui, UiBuilder, WidgetInfo, accesskit::Role};

use crate::domain::PersonId;
use crate::gui::panels::review::speaker;
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters, Mark, Marking};
use crate::store::{Hit, Matched, Neighbour, Via, Why};

use super::filters;

/// What was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Go to the line.
    Open,
    /// Hear it, or hear it no more.
    Play,
}

/// Paints it.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, hit: &Hit, chosen: bool) -> Option<Wish> {
    let colours = theme::of(ui);
    let about = about(scene, hit);
    let why = why(scene, hit);
    let mut wish = None;
    let inner = ui.scope_builder(UiBuilder::new().sense(Sense::click()), |ui| {
        let response = ui.response();
        let ground = if chosen || response.has_focus() {
            colours.chosen
        } else if response.hovered() {
            colours.field
        } else {
            colours.stripe
        };
        let frame = Frame::new().fill(ground).inner_margin(Margin::same(8));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 1.0;
            script::label(ui, &about, scene.remark(ui));
            let [before, after] = &hit.around;
            beside(ui, before.as_ref());
            said(ui, scene, hit);
            beside(ui, after.as_ref());
            let near = !matches!(hit.why, Why::AsAsked);
            let colour = if near { colours.doubt } else { colours.faint };
            script::label(ui, &why, scene.remark(ui).coloured(colour));
            let heard = is_heard(scene, hit);
            let id = if heard { "search-stop" } else { "search-play" };
            if (chosen || heard) && ui.button(scene.words.t(id)).clicked() {
                wish = Some(Wish::Play);
            }
        });
    });
    let name = format!("{about} {} {why}", hit.text);
    let response = inner.response;
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, chosen, &name));
    if response.clicked() {
        wish = Some(Wish::Open);
    }
    wish
}

/// Whether its line is heard now.
pub fn is_heard(scene: &Scene<'_>, hit: &Hit) -> bool {
    let playing = scene.desk.board().playing.get();
    // What a partner sent is heard under its bundle's name.
    let interview = hit.foreign.as_ref().unwrap_or(&hit.interview);
    playing.is_some_and(|p| p.interview == *interview && p.segment == Some(hit.segment))
}

/// The day of its interview as the person reads days, and its number; of a partner's only the number.
fn about(scene: &Scene<'_>, hit: &Hit) -> String {
    let words = scene.words;
    let interviews = scene.desk.board().interviews.get();
    let own = interviews.as_ref().filter(|_| hit.foreign.is_none());
    let one = own.and_then(|all| all.iter().find(|one| one.id == hit.interview));
    let mut parts: Vec<String> = one.map(|one| words.day(&one.started)).into_iter().collect();
    parts.extend([
        hit.interview.0.clone(),
        words.with("people-line", &[("line", &hit.segment.0.to_string())]),
        words.digits(&safe::clock(hit.start_ms)),
        speaker(words, &hit.speaker),
    ]);
    parts.extend(hit.case.as_deref().map(safe::name));
    let foreign = hit.foreign.as_ref();
    parts.extend(foreign.map(|_| scene.words.t("search-foreign").to_owned()));
    parts.join("   ")
}

fn said(ui: &mut Ui, scene: &Scene<'_>, hit: &Hit) {
    let letters = Letters::running(ui, hit.lang);
    let found = marks(ui, &hit.text, &hit.marks);
    script::marked(ui, &hit.text, letters, &found, false);
    if let Some(translation) = &hit.translation {
        let letters = Letters::running(ui, scene.words.lang()).coloured(theme::of(ui).faint);
        let found = marks(ui, translation, &hit.translation_marks);
        script::marked(ui, translation, letters, &found, false);
    }
}

/// A line before or after the hit.
fn beside(ui: &mut Ui, line: Option<&Neighbour>) {
    let Some(line) = line else { return };
    let letters = Letters::small(ui, line.lang);
    script::label(ui, &line.text, letters);
}

/// Why a line was found, in the language of the screens.
fn why(scene: &Scene<'_>, hit: &Hit) -> String {
    let words = scene.words;
    let side = if hit.matched == Matched::Text {
        words.t("why-said")
    } else {
        words.t("why-translated")
    };
    match &hit.why {
        Why::AsAsked => side.to_owned(),
        Why::Bare => format!("{side} {}", words.t("why-bare")),
        Why::Inside => format!("{side} {}", words.t("why-inside")),
        Why::Like(like) => words.with("why-like", &[("words", &like.join(", "))]),
        Why::Across { words: other, via } => match via {
            Via::Term => words.with("why-term", &[("words", other)]),
            Via::Name(person) => {
                let name = name(scene, person);
                words.with("why-name", &[("words", other), ("person", &name)])
            }
            Via::Translated(lang) => words.with(
                "why-machine",
                &[("words", other), ("language", lang.native_name())],
            ),
        },
    }
}

fn name(scene: &Scene<'_>, id: &PersonId) -> String {
    let people = scene.desk.board().people.get();
    let person = people
        .as_ref()
        .and_then(|all| all.iter().find(|p| p.id == *id));
    person.map_or_else(|| id.0.clone(), filters::called)
}

/// Character places as marks in bytes.
fn marks(ui: &Ui, text: &str, places: &[(usize, usize)]) -> Vec<Mark> {
    let colour = theme::of(ui).found;
    let byte = |character: usize| {
        let place = text.char_indices().nth(character);
        place.map_or(text.len(), |(at, _)| at)
    };
    places
        .iter()
        .map(|&(from, to)| Mark {
            range: byte(from)..byte(to),
            marking: Marking::Ground(colour),
        })
        .collect()
}
