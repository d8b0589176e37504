//! The whole recording at a glance: how loud each channel is, where lines are, what is heard now. A
//! press goes to the line at that place.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{
    Color32, EventFilter, Key, Modifiers, Rect, Response, Sense, Stroke, Ui, WidgetInfo, pos2, vec2,
};

use crate::app::desk::{Command, Opened};
use crate::gui::shell::Scene;
use crate::gui::theme;

/// A picture that a sound command pushed aside is asked for again after this long.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// Height of the strip that shows where lines are, in points.
const LINES: f32 = 5.0;

/// One press of an arrow moves the place by this part of the recording.
const STEP: f32 = 0.02;

/// What is kept between frames.
#[derive(Default)]
pub struct Strip {
    asked: Option<Instant>,
    /// For each column of the strip the channel of a line there, worked out once.
    columns: Vec<Option<u16>>,
    of: Option<Arc<Opened>>,
    /// The place that the keys stand at, in parts of the whole, while the strip has the keyboard.
    place: Option<f32>,
}

impl Strip {
    /// Paints the strip; returns the place in milliseconds that was pressed. With the keyboard the arrows
    /// move a place, which begins at `from_ms`, and Enter presses it.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        opened: &Arc<Opened>,
        from_ms: u64,
    ) -> Option<u64> {
        if opened.interview.audio.is_empty() || opened.interview.duration_ms == 0 {
            return None;
        }
        let size = vec2(ui.available_width(), theme::OVERVIEW);
        let (rect, response) = ui.allocate_exact_size(size, Sense::click());
        let name = scene.words.t("overview");
        response
            .widget_info(|| WidgetInfo::labeled(eframe::egui::accesskit::Role::Button, true, name));
        self.sort(opened, rect.width().max(1.0) as usize);
        let colours = theme::of(ui);
        ui.painter().rect_filled(rect, 0.0, colours.field);
        self.levels(ui, scene, opened, rect);
        self.lines(ui, rect);
        let length = opened.interview.duration_ms as f32;
        let playing = scene.desk.board().playing.get();
        if let Some(playing) = playing.filter(|p| p.interview == opened.interview.id) {
            let x = rect.left() + rect.width() * (playing.at_ms as f32 / length).min(1.0);
            let stroke = Stroke::new(theme::UNDERLINE, colours.failure);
            ui.painter().vline(x, rect.y_range(), stroke);
        }
        self.walk(ui, &response, from_ms as f32 / length);
        if let Some(place) = self.place {
            let x = rect.left() + rect.width() * place;
            let stroke = Stroke::new(theme::UNDERLINE, colours.text);
            ui.painter().vline(x, rect.y_range(), stroke);
        }
        if !response.clicked() {
            return None;
        }
        // A press of a key has no place of its own.
        let part = match response.interact_pointer_pos() {
            Some(pressed) => (pressed.x - rect.left()) / rect.width(),
            None => self.place?,
        };
        Some((part.clamp(0.0, 1.0) * length) as u64)
    }

    /// The keys, while the strip has the keyboard.
    fn walk(&mut self, ui: &Ui, response: &Response, from: f32) {
        if !response.has_focus() {
            self.place = None;
            return;
        }
        let arrows = EventFilter {
            horizontal_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|m| m.set_focus_lock_filter(response.id, arrows));
        let place = self.place.unwrap_or(from);
        let moved = [(Key::ArrowLeft, -STEP), (Key::ArrowRight, STEP)]
            .into_iter()
            .filter(|(key, _)| ui.input_mut(|i| i.consume_key(Modifiers::NONE, *key)))
            .map(|(_, by)| by)
            .sum::<f32>();
        self.place = Some((place + moved).clamp(0.0, 1.0));
    }

    fn levels(&mut self, ui: &Ui, scene: &Scene<'_>, opened: &Opened, rect: Rect) {
        let overview = scene.desk.board().overview.get();
        let id = &opened.interview.id;
        let Some(overview) = overview.filter(|o| o.interview == *id) else {
            if self.asked.is_none_or(|at| at.elapsed() > ASK_AGAIN) {
                self.asked = Some(Instant::now());
                scene.desk.ask(Command::Overview(id.clone()));
            }
            return;
        };
        let colours = theme::of(ui);
        let room = rect.with_max_y(rect.bottom() - LINES);
        let height = room.height() / overview.channels.len().max(1) as f32;
        for (channel, levels) in overview.channels.iter().enumerate() {
            let middle = room.top() + height * (channel as f32 + 0.5);
            let colour = channel_colour(ui, channel).unwrap_or(colours.text);
            let step = rect.width() / levels.len().max(1) as f32;
            let mut mesh = eframe::egui::Mesh::default();
            for (at, level) in levels.iter().enumerate() {
                let half = (height * 0.5 * level.sqrt()).max(0.5);
                let left = rect.left() + step * at as f32;
                let bar =
                    Rect::from_min_max(pos2(left, middle - half), pos2(left + step, middle + half));
                mesh.add_colored_rect(bar, colour);
            }
            ui.painter().add(mesh);
        }
    }

    fn lines(&self, ui: &Ui, rect: Rect) {
        let step = rect.width() / self.columns.len().max(1) as f32;
        let mut mesh = eframe::egui::Mesh::default();
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

    /// Works out the columns when the lines or the width are others than before.
    fn sort(&mut self, opened: &Arc<Opened>, width: usize) {
        let same = self.of.as_ref().is_some_and(|of| Arc::ptr_eq(of, opened));
        if same && self.columns.len() == width {
            return;
        }
        self.of = Some(Arc::clone(opened));
        self.columns = vec![None; width];
        let length = opened.interview.duration_ms.max(1);
        let place = |ms: u64| {
            let at = u128::from(ms) * width as u128 / u128::from(length);
            usize::try_from(at).unwrap_or(width).min(width)
        };
        for line in &opened.lines {
            let (from, to) = (place(line.span.start.as_ms()), place(line.span.end.as_ms()));
            for column in self
                .columns
                .get_mut(from..to.max(from))
                .into_iter()
                .flatten()
            {
                *column = Some(line.channel);
            }
        }
    }
}

fn channel_colour(ui: &Ui, channel: usize) -> Option<Color32> {
    let colours = theme::of(ui).channels;
    colours.get(channel % colours.len()).copied()
}
