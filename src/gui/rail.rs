//! The rail of screens, beside the screen or above it where the window is narrow; and the sign that a
//! recording runs, on every screen but its own.

use eframe::egui::{
    Button, Frame, Margin, Panel, RichText, ScrollArea, Ui, WidgetInfo, accesskit::Role, vec2,
};

use crate::app::desk::Recording;

use super::safe;
use super::shell::{Scene, Screen};
use super::theme;
use super::widgets::scroll;

/// Paints it; gives the screen that was pressed.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, now: Screen) -> Option<Screen> {
    let short = theme::is_short(ui);
    let frame = Frame::new()
        .fill(theme::of(ui).panel)
        .inner_margin(Margin::same(if short { 3 } else { 8 }));
    let mut wanted = None;
    let paint = |ui: &mut Ui| wanted = buttons(ui, scene, now);
    if ui.available_width() < theme::NARROW && short {
        // One row: of a low window the screen needs the rest.
        let area = ScrollArea::horizontal().id_salt("rail");
        Panel::top("rail").frame(frame).show(ui, |ui| {
            scroll::part(ui, area, |ui| ui.horizontal(paint));
        });
    } else if ui.available_width() < theme::NARROW {
        Panel::top("rail").frame(frame).show(ui, |ui| {
            ui.horizontal_wrapped(paint);
        });
    } else {
        let rail = Panel::left("rail").resizable(false).exact_size(theme::RAIL);
        rail.frame(frame).show(ui, |ui| {
            scroll::part(ui, ScrollArea::vertical(), paint);
        });
    }
    wanted
}

fn buttons(ui: &mut Ui, scene: &Scene<'_>, now: Screen) -> Option<Screen> {
    let mut wanted = None;
    let width = if ui.layout().is_vertical() {
        ui.available_width()
    } else {
        0.0
    };
    let size = vec2(width, theme::PRESS);
    // First: where the window is low, what stands behind it is scrolled to.
    if let Some(recording) = scene.desk.board().recording.get()
        && now != Screen::Interview
        && sign(ui, scene, &recording, width)
    {
        wanted = Some(Screen::Interview);
    }
    for (screen, _, name) in Screen::ALL {
        let button = Button::selectable(now == screen, scene.words.t(name));
        if ui.add(button.min_size(size)).clicked() {
            wanted = Some(screen);
        }
    }
    wanted
}

/// The length of the recording that runs, and whether it is paused; whether it was pressed.
fn sign(ui: &mut Ui, scene: &Scene<'_>, now: &Recording, width: f32) -> bool {
    let words = scene.words;
    let colours = theme::of(ui);
    let length = words.digits(&safe::clock(now.status.recorded_ms));
    let (id, colour) = match (now.ending, now.status.paused) {
        (true, _) => ("live-ending", colours.text),
        (_, true) => ("live-paused", colours.doubt),
        _ => ("live-recording", colours.failure),
    };
    let told = words.t(id);
    let shown = if now.status.paused && !now.ending {
        format!("● {told} {length}")
    } else {
        format!("● {length}")
    };
    let button = Button::new(RichText::new(shown).color(colour)).wrap();
    let response = ui.add(button.min_size(vec2(width, theme::PRESS)));
    let name = format!("{told} {length}");
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
    response.on_hover_text(told).clicked()
}
