//! A line's stretch of the recording from near: the edges of the line can be dragged, and moved by the arrows.

use eframe::egui::{
    CursorIcon, EventFilter, Id, Key, Mesh, Modifiers, Rect, Response, Sense, Stroke, Ui,
    WidgetInfo, pos2, vec2,
};

use crate::app::desk::{Command, Opened};
use crate::domain::{SamplePos, Segment, Span};
use crate::gui::shell::Scene;
use crate::gui::theme;

/// What is shown before and behind the line, in milliseconds.
const AROUND_MS: u64 = 3_000;
/// Half the width of the stretch that takes hold of an edge, in points.
const GRIP: f32 = 6.0;
/// One press of an arrow moves an edge by so much, in seconds,
const STEP: f64 = 0.01;
/// and so much with Shift.
const WIDE_STEP: f64 = 0.1;
/// The shortest line that can be dragged, in seconds.
const LEAST: f64 = 0.1;

/// What is kept between frames.
pub struct Closer {
    /// What is shown: it stays while the edges move.
    view: Span,
    channel: u16,
    asked: bool,
}

impl Closer {
    /// Around a line.
    pub fn new(opened: &Opened, line: &Segment) -> Self {
        let (start, end) = (line.span.start.as_ms(), line.span.end.as_ms());
        Self::around(opened, line.channel, start, end)
    }

    /// Around a stretch of a channel, in milliseconds.
    pub fn around(opened: &Opened, channel: u16, start: u64, end: u64) -> Self {
        let last = opened.interview.duration_ms.max(end);
        let view = Span::new(
            SamplePos::from_ms(start.saturating_sub(AROUND_MS)),
            SamplePos::from_ms(end.saturating_add(AROUND_MS).min(last)),
        );
        Self {
            view,
            channel,
            asked: false,
        }
    }

    /// Its picture is asked for again.
    pub fn begin_anew(&mut self) {
        self.asked = false;
    }

    /// Paints it; moves `start` and `end`, in seconds, where a person drags an edge.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        opened: &Opened,
        start: &mut f64,
        end: &mut f64,
    ) {
        if !opened.interview.audio.is_empty() && !std::mem::replace(&mut self.asked, true) {
            let id = opened.interview.id.clone();
            scene.desk.ask(Command::Closer(id, self.channel, self.view));
        }
        let size = vec2(ui.available_width(), theme::CLOSER);
        let (rect, _) = ui.allocate_exact_size(size, Sense::hover());
        let colours = theme::of(ui);
        ui.painter().rect_filled(rect, 0.0, colours.field);
        let x_of = |seconds: f64| self.x(rect, seconds);
        let own = Rect::from_x_y_ranges(x_of(*start)..=x_of(*end), rect.y_range());
        ui.painter().rect_filled(own, 0.0, colours.found);
        self.levels(ui, scene, opened, rect);
        self.others(ui, opened, rect);
        let playing = scene.desk.board().playing.get();
        if let Some(now) = playing.filter(|p| p.interview == opened.interview.id) {
            let x = self.x(rect, now.at_ms as f64 / 1000.0);
            if rect.x_range().contains(x) {
                let stroke = Stroke::new(theme::LINE, colours.failure);
                ui.painter().vline(x, rect.y_range(), stroke);
            }
        }
        let (first, last) = self.seconds();
        let moved = self.edge(ui, scene, rect, *start, "recut-start");
        if let Some(to) = moved {
            *start = to.clamp(first, (*end - LEAST).max(first));
        }
        let moved = self.edge(ui, scene, rect, *end, "recut-end");
        if let Some(to) = moved {
            *end = to.clamp((*start + LEAST).min(last), last);
        }
    }

    /// One edge; where it is dragged to.
    fn edge(
        &self,
        ui: &Ui,
        scene: &Scene<'_>,
        rect: Rect,
        seconds: f64,
        name: &'static str,
    ) -> Option<f64> {
        let x = self.x(rect, seconds);
        let grip = Rect::from_x_y_ranges(x - GRIP..=x + GRIP, rect.y_range());
        let response = ui
            .interact(grip, Id::unique(("edge", name)), Sense::drag())
            .on_hover_and_drag_cursor(CursorIcon::ResizeHorizontal);
        let label = scene.words.t(name);
        response.widget_info(|| WidgetInfo::slider(true, seconds, label));
        let moved = stepped(ui, &response, seconds);
        let colours = theme::of(ui);
        let colour = if response.hovered() || response.dragged() || response.has_focus() {
            colours.failure
        } else {
            colours.accent
        };
        let stroke = Stroke::new(theme::UNDERLINE, colour);
        ui.painter().vline(x, rect.y_range(), stroke);
        let to = response
            .dragged()
            .then(|| response.interact_pointer_pos())
            .flatten();
        let Some(to) = to else { return moved };
        let (first, last) = self.seconds();
        let part = f64::from((to.x - rect.left()) / rect.width().max(1.0));
        Some(first + part * (last - first))
    }

    fn levels(&self, ui: &Ui, scene: &Scene<'_>, opened: &Opened, rect: Rect) {
        let closer = scene.desk.board().closer.get();
        let own = closer.filter(|c| {
            c.interview == opened.interview.id && c.channel == self.channel && c.span == self.view
        });
        let Some(closer) = own else { return };
        let colour = theme::of(ui).accent;
        let step = rect.width() / closer.levels.len().max(1) as f32;
        let middle = rect.center().y;
        let mut mesh = Mesh::default();
        for (at, level) in closer.levels.iter().enumerate() {
            let half = (rect.height() * 0.5 * level.sqrt()).max(0.5);
            let left = rect.left() + step * at as f32;
            let bar =
                Rect::from_min_max(pos2(left, middle - half), pos2(left + step, middle + half));
            mesh.add_colored_rect(bar, colour);
        }
        ui.painter().add(mesh);
    }

    /// Where the other lines of the channel stand, so that an edge is not dragged into them unseen.
    fn others(&self, ui: &Ui, opened: &Opened, rect: Rect) {
        let colour = theme::of(ui).line;
        let shown = opened.lines.iter().filter(|l| {
            l.channel == self.channel
                && l.span.end > self.view.start
                && l.span.start < self.view.end
        });
        for line in shown {
            let x = |at: SamplePos| self.x(rect, at.as_ms() as f64 / 1000.0);
            let (from, to) = (x(line.span.start), x(line.span.end));
            let bar = Rect::from_x_y_ranges(from..=to, rect.bottom() - 4.0..=rect.bottom());
            ui.painter().rect_filled(bar.intersect(rect), 0.0, colour);
        }
    }

    /// From where to where, in seconds.
    fn seconds(&self) -> (f64, f64) {
        let at = |place: SamplePos| place.as_ms() as f64 / 1000.0;
        (at(self.view.start), at(self.view.end))
    }

    fn x(&self, rect: Rect, seconds: f64) -> f32 {
        let (first, last) = self.seconds();
        let part = ((seconds - first) / (last - first).max(f64::EPSILON)) as f32;
        rect.left() + rect.width() * part
    }
}

/// Where the arrows move an edge that has the keyboard.
fn stepped(ui: &Ui, edge: &Response, seconds: f64) -> Option<f64> {
    if !edge.has_focus() {
        return None;
    }
    let arrows = EventFilter {
        horizontal_arrows: true,
        ..EventFilter::default()
    };
    ui.memory_mut(|m| m.set_focus_lock_filter(edge.id, arrows));
    let mut to = seconds;
    for (modifiers, by) in [(Modifiers::SHIFT, WIDE_STEP), (Modifiers::NONE, STEP)] {
        let pressed = |key| ui.input_mut(|i| i.count_and_consume_key(modifiers, key)) as f64;
        to += by * (pressed(Key::ArrowRight) - pressed(Key::ArrowLeft));
    }
    // To the hundredth, so that steps do not add up to odd times.
    (to != seconds).then(|| (to * 100.0).round() / 100.0)
}
