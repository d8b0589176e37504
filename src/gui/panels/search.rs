//! Finding words in all interviews while they are typed; a hit opens its line.

use eframe::egui::{Frame, Margin, ScrollArea, Sense, TextEdit, Ui, UiBuilder, WidgetInfo};

use crate::app::desk::Command;
use crate::domain::Lang;
use crate::gui::safe;
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::languages;
use crate::gui::widgets::script::{self, Letters, Mark, Marking};
use crate::store::{Hit, SearchQuery};

/// Hits that are shown; more than a person reads through.
const MOST: usize = 200;

/// What is typed into the screen.
#[derive(Default)]
pub struct Search {
    text: String,
    lang: Option<Lang>,
    case: String,
    speaker: String,
    focused: bool,
}

impl Search {
    /// Paints the screen.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let words = scene.words;
        scene.heading(ui, "search-title");
        let mut changed = false;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("search-words"));
            let width = ui.available_width().clamp(120.0, 420.0);
            let field = TextEdit::singleline(&mut self.text)
                .char_limit(1000)
                .desired_width(width);
            let field = ui.add(field).labelled_by(label.id);
            changed |= field.changed();
            if !self.focused {
                self.focused = true;
                field.request_focus();
            }
        });
        ui.horizontal_wrapped(|ui| {
            let before = self.lang;
            let (name, any) = (words.t("search-language"), words.t("search-any"));
            languages::pick(ui, "spoken", name, &Lang::SIX, Some(any), &mut self.lang);
            changed |= before != self.lang;
            for (text, name) in [
                (&mut self.case, words.t("search-case")),
                (&mut self.speaker, words.t("search-speaker")),
            ] {
                let label = ui.label(name);
                let field = TextEdit::singleline(text)
                    .char_limit(300)
                    .desired_width(110.0);
                changed |= ui.add(field).labelled_by(label.id).changed();
            }
        });
        if changed {
            scene.desk.ask(Command::Search(self.query()));
        }
        ui.add_space(theme::GAP);
        if self.text.trim().is_empty() {
            script::label(ui, words.t("search-empty"), scene.own(ui));
            return None;
        }
        self.hits(ui, scene)
    }

    fn query(&self) -> SearchQuery {
        let filled = |text: &str| (!text.trim().is_empty()).then(|| text.trim().to_owned());
        SearchQuery {
            text: self.text.clone(),
            lang: self.lang,
            case: filled(&self.case),
            speaker: filled(&self.speaker),
            limit: MOST,
            ..SearchQuery::default()
        }
    }

    fn hits(&self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let words = scene.words;
        let found = scene.desk.board().found.get()?;
        let count = words.with("search-count", &[("count", &found.total.to_string())]);
        script::label(ui, &count, scene.remark(ui));
        if !found.complete {
            script::label(ui, words.t("search-incomplete"), scene.remark(ui));
        }
        if found.hits.is_empty() {
            script::label(ui, words.t("search-nothing"), scene.own(ui));
        }
        let mut go = None;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for (at, hit) in found.hits.iter().enumerate() {
                // What a partner sent is read in its own folder, not opened like an own interview.
                if paint(ui, scene, at, hit) && hit.foreign.is_none() {
                    go = Some(Go::Line(hit.interview.clone(), Some(hit.segment)));
                }
            }
        });
        go
    }
}

/// One hit; whether it was pressed.
fn paint(ui: &mut Ui, scene: &Scene<'_>, at: usize, hit: &Hit) -> bool {
    let colours = theme::of(ui);
    let about = format!(
        "{}  {}  {}  {}",
        hit.interview,
        safe::clock(hit.start_ms),
        safe::name(&hit.speaker),
        safe::name(hit.case.as_deref().unwrap_or_default()),
    );
    let about = match &hit.foreign {
        Some(_) => format!("{about}  {}", scene.words.t("search-foreign")),
        None => about,
    };
    let builder = UiBuilder::new().id_salt(("hit", at)).sense(Sense::click());
    let inner = ui.scope_builder(builder, |ui| {
        let ground = if ui.response().hovered() || ui.response().has_focus() {
            colours.chosen
        } else {
            colours.stripe
        };
        let frame = Frame::new().fill(ground).inner_margin(Margin::same(8));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            script::label(ui, &about, Letters::small(ui, Lang::En));
            let said = Letters::running(ui, hit.lang);
            script::marked(
                ui,
                &hit.text,
                said,
                &marks(ui, &hit.text, &hit.marks),
                false,
            );
            if let Some(translation) = &hit.translation {
                let letters = Letters::running(ui, scene.words.lang()).coloured(colours.faint);
                let marks = marks(ui, translation, &hit.translation_marks);
                script::marked(ui, translation, letters, &marks, false);
            }
        });
    });
    let name = format!("{about} {}", hit.text);
    let response = inner.response;
    response
        .widget_info(|| WidgetInfo::labeled(eframe::egui::accesskit::Role::Button, true, &name));
    response.clicked()
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
