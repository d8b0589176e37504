//! How the picture of a recording is painted.

use std::sync::Arc;

use eframe::egui::{Align2, Color32, Mesh, Rect, Stroke, Ui, pos2};

use crate::app::desk::{Opened, Overview};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;

use super::super::view::View;
use super::{Strip, nearer};

/// Height of the strip that shows where lines are, in points.
const LINES: f32 = 5.0;

impl Strip {
    /// Paints what is shown, and where in it `heard` is.
    pub(super) fn paint(
        &self,
        ui: &Ui,
        scene: &Scene<'_>,
        opened: &Opened,
        rect: Rect,
        heard: Option<u64>,
    ) {
        let (view, colours) = (self.view(opened), theme::of(ui));
        ui.painter().rect_filled(rect, 0.0, colours.field);
        let overview = scene.desk.board().overview.get();
        let whole = overview.filter(|o| o.interview == opened.interview.id);
        if let Some(picture) = nearer(scene, opened, view).or(whole) {
            levels(ui, &picture, view, rect);
        }
        self.lines(ui, rect);
        let places = [(heard, colours.failure), (self.place, colours.text)];
        for (place, colour) in places {
            if let Some(ms) = place.filter(|ms| view.holds(*ms)) {
                let x = rect.left() + view.x(ms, rect.width());
                let stroke = Stroke::new(theme::UNDERLINE, colour);
                ui.painter().vline(x, rect.y_range(), stroke);
            }
        }
        self.times(ui, scene, view, rect, heard);
    }

    /// The times of both ends, where not all is shown, and of the place that is heard or chosen.
    fn times(&self, ui: &Ui, scene: &Scene<'_>, view: View, rect: Rect, heard: Option<u64>) {
        let colours = theme::of(ui);
        let write = |x: f32, align: Align2, ms: u64, colour: Color32| {
            let text = scene.words.digits(&safe::clock(ms));
            let font = theme::font(theme::SMALL);
            let galley = ui.painter().layout_no_wrap(text, font, colour);
            let place = align.anchor_size(pos2(x, rect.top() + 1.0), galley.size());
            let inside = place.translate(eframe::egui::vec2(
                (rect.left() - place.left()).max(0.0) - (place.right() - rect.right()).max(0.0),
                0.0,
            ));
            ui.painter().rect_filled(inside, 0.0, colours.field);
            ui.painter().galley(inside.min, galley, colour);
        };
        if !view.is_whole() {
            write(
                rect.left(),
                Align2::LEFT_TOP,
                view.start_ms(),
                colours.faint,
            );
            write(
                rect.right(),
                Align2::RIGHT_TOP,
                view.until_ms(),
                colours.faint,
            );
        }
        if let Some(ms) = heard.or(self.place).filter(|ms| view.holds(*ms)) {
            let x = rect.left() + view.x(ms, rect.width());
            write(x + 3.0, Align2::LEFT_TOP, ms, colours.text);
        }
    }

    fn lines(&self, ui: &Ui, rect: Rect) {
        let step = rect.width() / self.columns.len().max(1) as f32;
        let mut mesh = Mesh::default();
        for (at, channel) in self.columns.iter().enumerate() {
            let Some(colour) = channel.and_then(|c| channel_colour(ui, usize::from(c))) else {
                continue;
            };
            let left = rect.left() + step * at as f32;
            let bar = Rect::from_min_max(
                pos2(left, rect.bottom() - LINES + 1.0),
                pos2(left + step, rect.bottom()),
            );
            mesh.add_colored_rect(bar, colour);
        }
        ui.painter().add(mesh);
    }
}

/// The levels of each channel, of the part of a picture that is shown.
fn levels(ui: &Ui, picture: &Arc<Overview>, view: View, rect: Rect) {
    let colours = theme::of(ui);
    let room = rect.with_max_y(rect.bottom() - LINES);
    let height = room.height() / picture.channels.len().max(1) as f32;
    let (from, until) = (picture.span.start.as_ms(), picture.span.end.as_ms());
    let length = until.saturating_sub(from) as f64;
    for (channel, levels) in picture.channels.iter().enumerate() {
        let middle = room.top() + height * (channel as f32 + 0.5);
        let colour = channel_colour(ui, channel).unwrap_or(colours.text);
        let each = length / levels.len().max(1) as f64;
        let x = |at: usize| {
            let ms = from.saturating_add((each * at as f64) as u64);
            rect.left() + view.x(ms, rect.width())
        };
        let mut mesh = Mesh::default();
        for (at, level) in levels.iter().enumerate() {
            let (left, right) = (x(at), x(at.saturating_add(1)));
            if right <= rect.left() || left >= rect.right() {
                continue;
            }
            let half = (height * 0.5 * level.sqrt()).max(0.5);
            let bar = Rect::from_min_max(
                pos2(left.max(rect.left()), middle - half),
                pos2(right.min(rect.right()), middle + half),
            );
            mesh.add_colored_rect(bar, colour);
        }
        ui.painter().add(mesh);
    }
}

fn channel_colour(ui: &Ui, channel: usize) -> Option<Color32> {
    let colours = theme::of(ui).channels;
    colours.get(channel % colours.len()).copied()
}
