//! A long list of rows of one height: only those in view are laid out, the arrows choose one and Enter
//! takes it.

use eframe::egui::{Button, Key, Modifiers, Rect, ScrollArea, Ui, pos2, vec2};

use super::scroll;

/// Rows that a page key moves over.
const PAGE: usize = 10;

/// The button of a row. Only the one that the keys stand at is called chosen to a screen reader.
pub fn row(text: String, chosen: bool) -> Button<'static> {
    let button = Button::new(text).truncate();
    if chosen {
        button.selected(true)
    } else {
        button
    }
}

/// What is kept between frames.
#[derive(Default)]
pub struct Rows {
    /// The row that the keys stand at, once one was pressed.
    chosen: Option<usize>,
    /// Frames in which it is still to be brought into view.
    reveal: u8,
}

impl Rows {
    /// Another list: nothing is chosen in it.
    pub fn anew(&mut self) {
        self.chosen = None;
    }

    /// The keys of `count` rows. While words are typed into the field above them (`typing`) only the
    /// arrows and Enter are theirs; while anything else has the keyboard, none. Gives the row that
    /// was taken.
    pub fn keys(&mut self, ui: &Ui, count: usize, typing: bool) -> Option<usize> {
        let last = count.checked_sub(1)?;
        if !typing && ui.memory(|m| m.focused()).is_some() {
            return None;
        }
        let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        let at = self.chosen.map(|at| at.min(last));
        let arrows = [
            (Key::ArrowDown, at.map_or(0, |at| at.saturating_add(1))),
            (Key::ArrowUp, at.map_or(0, |at| at.saturating_sub(1))),
        ];
        let pages = [
            (Key::PageDown, at.map_or(0, |at| at.saturating_add(PAGE))),
            (Key::PageUp, at.map_or(0, |at| at.saturating_sub(PAGE))),
            (Key::Home, 0),
            (Key::End, last),
        ];
        let pages = pages.into_iter().filter(|_| !typing);
        for (key, to) in arrows.into_iter().chain(pages) {
            if pressed(key) {
                self.chosen = Some(to.min(last));
                self.reveal = 2;
            }
        }
        let chosen = self.chosen.map(|at| at.min(last))?;
        pressed(Key::Enter).then_some(chosen)
    }

    /// Paints the rows in view; `paint` draws one, chosen or not.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        height: f32,
        count: usize,
        mut paint: impl FnMut(&mut Ui, usize, bool),
    ) {
        let area = ScrollArea::vertical().auto_shrink(false);
        area.show_rows(ui, height, count, |ui, rows| {
            let first = rows.start;
            let (top, left) = (ui.max_rect().top(), ui.max_rect().left());
            for at in rows {
                paint(ui, at, self.chosen == Some(at));
            }
            if let Some(chosen) = self.chosen.filter(|_| self.reveal > 0) {
                self.reveal -= 1;
                let step = height + ui.spacing().item_spacing.y;
                let top = top + (chosen as f32 - first as f32) * step;
                let size = vec2(ui.available_width(), height);
                ui.scroll_to_rect(Rect::from_min_size(pos2(left, top), size), None);
                ui.ctx().request_repaint();
            }
            scroll::follow(ui);
        });
    }
}
