//! What people share: a table, and the same as a picture of at most two dozen people in a ring.

use std::f32::consts::TAU;

use eframe::egui::{Button, Color32, Rect, ScrollArea, Sense, Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::app::desk::Command;
use crate::app::people::Link;
use crate::domain::PersonId;
use crate::gui::panels::search::{cases, choose};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{script, scroll};

/// People in the picture at most: more lines than that cannot be told apart.
const MOST: usize = 24;
/// Height of the picture, in points.
const HEIGHT: f32 = 300.0;
/// Width of a name in it, in points.
const NAME: f32 = 120.0;

/// The links of the whole register, or of one case. Returns the person that was chosen.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, case: &mut Option<String>) -> Option<PersonId> {
    let before = case.clone();
    let mut named: Vec<(String, String)> = cases(scene)
        .into_iter()
        .map(|c| (safe::name(&c), c))
        .collect();
    ui.horizontal_wrapped(|ui| choose(ui, scene, "search-case", &mut named, case));
    if *case != before {
        scene.desk.ask(Command::Links(case.clone()));
    }
    let Some(links) = scene.desk.board().links.get() else {
        ui.spinner();
        return None;
    };
    if links.is_empty() {
        script::label(ui, scene.words.t("links-empty"), scene.own(ui));
        return None;
    }
    let area = ScrollArea::vertical().auto_shrink(false);
    scroll::page(ui, area, |ui| both(ui, scene, &links))
}

/// Picture and table.
pub fn both(ui: &mut Ui, scene: &Scene<'_>, links: &[Link]) -> Option<PersonId> {
    let drawn = picture(ui, scene, links);
    let mut wanted = None;
    for link in links {
        ui.horizontal_wrapped(|ui| {
            let kind = scene.words.t(shared_name(link.kind));
            ui.label(format!("{kind}: {}", safe::name(&link.value)));
            for (id, name) in &link.people {
                if ui.button(safe::name(name)).on_hover_text(&id.0).clicked() {
                    wanted = Some(id.clone());
                }
            }
        });
    }
    wanted.or(drawn)
}

/// The people in a ring, a line between two who share something.
fn picture(ui: &mut Ui, scene: &Scene<'_>, links: &[Link]) -> Option<PersonId> {
    let mut people: Vec<(&PersonId, &str)> = Vec::new();
    for (id, name) in links.iter().flat_map(|l| &l.people) {
        if people.len() < MOST && !people.iter().any(|(known, _)| *known == id) {
            people.push((id, name));
        }
    }
    let (rect, response) =
        ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::hover());
    let name = scene.words.t("links-picture");
    response.widget_info(|| WidgetInfo::labeled(eframe::egui::accesskit::Role::Image, true, name));
    let colours = theme::of(ui);
    ui.painter().rect_filled(rect, 0.0, colours.field);
    let place = |at: usize| {
        let turn = TAU * (at as f32 / people.len().max(1) as f32) - TAU / 4.0;
        let (wide, high) = ((rect.width() - NAME) * 0.45, (HEIGHT - theme::PRESS) * 0.45);
        pos2(
            rect.center().x + wide * turn.cos(),
            rect.center().y + high * turn.sin(),
        )
    };
    let at = |id: &PersonId| people.iter().position(|(known, _)| *known == id);
    for link in links {
        let ends: Vec<usize> = link.people.iter().filter_map(|(id, _)| at(id)).collect();
        let stroke = Stroke::new(theme::UNDERLINE, colour(ui, link.kind));
        for (nth, from) in ends.iter().enumerate() {
            for to in ends.iter().skip(nth.saturating_add(1)) {
                ui.painter()
                    .line_segment([place(*from), place(*to)], stroke);
            }
        }
    }
    let mut wanted = None;
    for (nth, (id, name)) in people.iter().enumerate() {
        let size = vec2(NAME.min(rect.width() * 0.3), theme::PRESS);
        let button = Button::new(safe::name(name)).truncate();
        let spot = Rect::from_center_size(place(nth), size);
        if ui.put(spot, button).on_hover_text(&id.0).clicked() {
            wanted = Some((*id).clone());
        }
    }
    wanted
}

fn colour(ui: &Ui, kind: &str) -> Color32 {
    let colours = theme::of(ui);
    let [phone, document, place] = colours.channels;
    match kind {
        "phone" => phone,
        "document" | "plate" => document,
        "place" => place,
        _ => colours.line,
    }
}

/// What is shared, in words.
fn shared_name(kind: &str) -> &'static str {
    match kind {
        "phone" => "kind-phone",
        "plate" => "kind-plate",
        "document" => "kind-document",
        "place" => "kind-place",
        _ => "links-interview",
    }
}
