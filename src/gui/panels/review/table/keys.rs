//! The keys of a transcript: those of the sound work while something is written too.

use std::sync::Arc;

use eframe::egui::{Event, Key, Modifiers, Ui};

use crate::app::desk::Opened;
use crate::app::{BlankKey, PedalKey};
use crate::domain::Segment;
use crate::gui::shell::Scene;

use super::super::editor::Side;
use super::super::near;
use super::super::recutter::Edge;
use super::super::row::{self, Wish};
use super::super::undo::Step;
use super::{Aim, PAGE, Table};

impl Table {
    /// The keys of the table, while no field and no button has the keyboard.
    pub(super) fn keys(&mut self, ui: &Ui, scene: &Scene<'_>, opened: &Arc<Opened>) {
        self.sound_keys(ui, scene, opened);
        if self.editor.is_some() || self.work.is_some() || ui.memory(|m| m.focused()).is_some() {
            return;
        }
        let last = opened.lines.len().saturating_sub(1);
        let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        let at = self.chosen;
        let moves = [
            (Key::ArrowDown, at.saturating_add(1)),
            (Key::ArrowUp, at.saturating_sub(1)),
            (Key::PageDown, at.saturating_add(PAGE)),
            (Key::PageUp, at.saturating_sub(PAGE)),
            (Key::Home, 0),
            (Key::End, last),
        ];
        for (key, to) in moves {
            if pressed(key) {
                self.choose(to.min(last));
            }
        }
        for (key, aim) in [(Key::N, Aim::Flagged), (Key::U, Aim::Unread)] {
            // Asked for first: without it the key is the plain one too.
            if ui.input_mut(|i| i.consume_key(Modifiers::SHIFT, key)) {
                self.walk(opened, aim, true);
            } else if pressed(key) {
                self.walk(opened, aim, false);
            }
        }
        if pressed(Key::Enter) || (pressed(Key::Space) && !self.ear.pause(scene)) {
            self.play(scene, opened);
        }
        if pressed(Key::Escape) {
            self.ear.silence(scene);
        }
        if pressed(Key::L) {
            self.ear.repeat(scene);
        }
        if pressed(Key::P) {
            self.ear.go_on(scene);
        }
        if self.read_only {
            return;
        }
        let id = &opened.interview.id;
        let with = |modifiers, key| ui.input_mut(|i| i.consume_key(modifiers, key));
        if with(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z) {
            self.undo.step(scene, id, Step::Again);
        } else if with(Modifiers::COMMAND, Key::Z) {
            self.undo.step(scene, id, Step::Back);
        }
        let sound = !opened.interview.audio.is_empty();
        if sound && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::I)) {
            ui.input_mut(|i| i.events.retain(|e| !matches!(e, Event::Text(_))));
            self.add_line(scene, opened);
            return;
        }
        let Some(line) = opened.lines.get(self.chosen) else {
            return;
        };
        if let Some(wish) = self.typed(ui, scene, opened, line) {
            // The letter that was pressed must not be written into the field that opens.
            ui.input_mut(|i| i.events.retain(|e| !matches!(e, Event::Text(_))));
            self.grant(scene, opened, wish);
        }
    }

    /// What a key wants of the chosen line.
    fn typed(&self, ui: &Ui, scene: &Scene<'_>, opened: &Opened, line: &Segment) -> Option<Wish> {
        let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        let with = |modifiers, key| ui.input_mut(|i| i.consume_key(modifiers, key));
        let other = opened.interview.languages.iter().find(|l| **l != line.lang);
        // Where the sound stands, the line begins or ends.
        if let Some(ms) = self.ear.place(scene, line.id) {
            let end = with(Modifiers::SHIFT, Key::F11)
                || (scene.choices.blank_key != BlankKey::F12 && pressed(Key::F12));
            if end {
                return Some(Wish::Edge(Edge::End, ms));
            }
            if pressed(Key::F11) {
                return Some(Wish::Edge(Edge::Start, ms));
            }
        }
        if with(Modifiers::COMMAND | Modifiers::SHIFT, Key::G) {
            return Some(Wish::Term);
        }
        let translation = other.filter(|_| !line.text.is_empty());
        // A key that is held must not sign the lines that come after, which nobody read, nor leave names.
        let is_held = |wanted: Key| {
            let repeats = |event: &Event| matches!(event, Event::Key { key, repeat: true, .. } if *key == wanted);
            ui.input(|i| i.events.iter().any(repeats))
        };
        let certifies =
            row::can_be_certified(line) && !is_held(Key::C) && self.signing != Some(line.id);
        let near = near::found(scene, &opened.interview.id, line);
        let is_near = !near.is_empty();
        [
            (Key::E, Some(Wish::Correct(Side::Said))),
            (
                Key::T,
                translation.map(|lang| Wish::Correct(Side::Translation(*lang))),
            ),
            (Key::H, Some(Wish::Versions)),
            (Key::C, certifies.then_some(Wish::Certify)),
            (Key::S, Some(Wish::Split)),
            (Key::M, Some(Wish::Merge)),
            (Key::R, Some(Wish::Retime)),
            (Key::W, Some(Wish::Speaker)),
            (Key::A, Some(Wish::Again)),
            (Key::G, Some(Wish::Term)),
            (Key::Y, is_near.then_some(Wish::TakeName(0))),
            (
                Key::X,
                (is_near && !is_held(Key::X)).then_some(Wish::LeaveName(0)),
            ),
        ]
        .into_iter()
        .find_map(|(key, wish)| wish.filter(|_| pressed(key)))
    }

    /// The keys of the sound and the foot pedal: they write nothing, so they work in a field too.
    fn sound_keys(&mut self, ui: &Ui, scene: &Scene<'_>, opened: &Opened) {
        self.leave = self.ear.keys(ui, scene).or(self.leave.take());
        // Pauses where it is and goes on a little earlier; with Shift, or where nothing is heard or
        // paused, from the beginning of the line.
        let again = ui.input_mut(|i| i.consume_key(Modifiers::SHIFT, Key::F5));
        let pause = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::F5));
        if again || (pause && !self.ear.pause(scene)) {
            self.play(scene, opened);
        }
        let pedal = match scene.choices.pedal {
            PedalKey::None => return,
            PedalKey::F6 => Key::F6,
            PedalKey::F7 => Key::F7,
            PedalKey::F8 => Key::F8,
            PedalKey::F13 => Key::F13,
            PedalKey::F14 => Key::F14,
            PedalKey::F15 => Key::F15,
            PedalKey::F16 => Key::F16,
        };
        let moves: Vec<bool> = ui.input(|i| {
            let events = i.events.iter().filter_map(|event| match event {
                Event::Key {
                    key,
                    pressed,
                    repeat: false,
                    ..
                } if *key == pedal => Some(*pressed),
                _ => None,
            });
            events.collect()
        });
        for down in moves {
            match opened.lines.get(self.chosen) {
                Some(line) if down => self.ear.hold(scene, opened, line),
                _ => self.ear.release(scene),
            }
        }
    }
}
