//! The window that the person interviewed looks at. Its letters are as large whatever size the officer
//! reads at, F11 lets it fill the screen, and it comes back where it was.

use eframe::egui::{
    CentralPanel, Event, Frame, Key, Margin, Modifiers, Pos2, ScrollArea, Ui, Vec2,
    ViewportBuilder, ViewportCommand, ViewportId, vec2,
};

use crate::domain::Lang;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::scroll;

/// The title of the second window: like that of the first it never says what is open.
const TITLE: &str = "Mekong Interview";
/// The key that lets it fill the screen, or no more.
const FULL: Key = Key::F11;
/// The key that pauses the recording and goes on, on every screen and in both windows.
const PAUSE: Key = Key::F10;
/// How large it is at first, in points at 100 %.
const SIZE: Vec2 = vec2(800.0, 480.0);

/// The keys that work whatever is shown.
#[derive(Clone, Copy, Debug)]
pub struct Everywhere {
    /// The key that hides everything.
    pub hide: Key,
    /// Everything is hidden.
    pub hidden: bool,
}

/// Which of them were pressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pressed {
    /// The one that hides everything.
    pub hides: bool,
    /// The one that pauses the recording.
    pub pauses: bool,
}

impl Everywhere {
    /// Takes them out of what was pressed in this window. A key that is held down counts once: a pause must not
    /// end because a finger stays on it.
    pub fn pressed(self, ui: &Ui) -> Pressed {
        let mut pressed = Pressed::default();
        ui.input_mut(|input| {
            input.events.retain(|event| {
                let Event::Key {
                    key,
                    pressed: true,
                    repeat,
                    modifiers,
                    ..
                } = event
                else {
                    return true;
                };
                let wanted = match *key {
                    key if key == self.hide => &mut pressed.hides,
                    PAUSE => &mut pressed.pauses,
                    _ => return true,
                };
                if !modifiers.is_none() {
                    return true;
                }
                *wanted |= !repeat;
                false
            });
        });
        pressed
    }
}

/// The window, as long as the program runs.
#[derive(Default)]
pub(super) struct Second {
    /// It is open.
    pub(super) open: bool,
    /// As what it was opened. The same in every frame: a window that is told anew how large it is would
    /// not stay as a person made it.
    opened: Option<ViewportBuilder>,
    /// How it was when it was seen last, in points at 100 %.
    size: Option<Vec2>,
    place: Option<Pos2>,
    full: bool,
}

impl Second {
    /// Paints it, with this text; nothing in it while everything is hidden. Which of the keys that work
    /// everywhere were pressed in it.
    pub(super) fn show(
        &mut self,
        ui: &Ui,
        text: Option<(String, Lang)>,
        keys: Everywhere,
    ) -> Pressed {
        // Where it is no window of its own it stands in the first one, which has the keys.
        let own = !ui.ctx().embed_viewports();
        if !self.open || (keys.hidden && !own) {
            self.opened = None;
            return Pressed::default();
        }
        let zoom = ui.ctx().zoom_factor();
        let opened = self.opened.take().unwrap_or_else(|| self.builder(zoom));
        self.opened = Some(opened.clone());
        let id = ViewportId::from_hash_of("interviewee");
        let (mut closed, mut pressed) = (false, Pressed::default());
        ui.ctx().show_viewport_immediate(id, opened, |ui, _| {
            if own {
                self.watch(ui, zoom);
            }
            closed = ui.input(|i| i.viewport().close_requested());
            pressed = keys.pressed(ui);
            let ground = Frame::new()
                .fill(theme::of(ui).ground)
                .inner_margin(Margin::same(24));
            CentralPanel::default().frame(ground).show(ui, |ui| {
                if let Some((text, lang)) = &text {
                    let letters = Letters {
                        // The zoom is the officer's; whoever reads this sits across the table.
                        size: theme::LARGE / zoom,
                        ..Letters::running(ui, *lang)
                    };
                    let area = ScrollArea::vertical();
                    scroll::page(ui, area, |ui| script::label(ui, text, letters));
                }
            });
        });
        if closed {
            self.open = false;
        }
        pressed
    }

    /// The window as it was when it was seen last.
    fn builder(&self, zoom: f32) -> ViewportBuilder {
        let builder = ViewportBuilder::default()
            .with_title(TITLE)
            .with_app_id("mekong-interview")
            .with_inner_size(self.size.unwrap_or(SIZE) / zoom)
            .with_fullscreen(self.full);
        match self.place {
            Some(place) => builder.with_position(place / zoom),
            None => builder,
        }
    }

    /// Looks how it stands, and lets it fill the screen where that is wanted.
    fn watch(&mut self, ui: &Ui, zoom: f32) {
        let (inner, outer, full) = ui.input(|i| {
            let viewport = i.viewport();
            (
                viewport.inner_rect,
                viewport.outer_rect,
                viewport.fullscreen,
            )
        });
        self.full = full.unwrap_or(self.full);
        if !self.full {
            self.size = inner.map(|rect| rect.size() * zoom).or(self.size);
            self.place = outer.map(|rect| rect.min * zoom).or(self.place);
        }
        if ui.input_mut(|i| i.consume_key(Modifiers::NONE, FULL)) {
            self.full = !self.full;
            let full = ViewportCommand::Fullscreen(self.full);
            ui.ctx().send_viewport_cmd(full);
        }
    }
}
