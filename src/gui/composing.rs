//! Input methods: while one is composing, the keys are its own, so no shortcut hears them and Enter keeps
//! nothing half written.

use eframe::egui::{Context, Event, FullOutput, ImeEvent, Key, Plugin, RawInput, ViewportId};

/// Whether an input method is composing.
#[derive(Default)]
pub struct Composing {
    composes: bool,
    /// The window that is painted is the first one, in which is written.
    first: bool,
}

impl Composing {
    /// Whether this event is for the window: all are but keys while something is composed. Systems differ in
    /// whether they keep those to themselves.
    fn lets(&mut self, event: &Event) -> bool {
        match event {
            Event::Ime(ImeEvent::Preedit { text, .. }) => self.composes = !text.is_empty(),
            Event::Ime(ImeEvent::Commit(_))
            | Event::WindowFocused(false)
            | Event::PointerButton { pressed: true, .. } => self.composes = false,
            Event::Key {
                key, pressed: true, ..
            } => return !self.composes || is_of_sound(*key),
            _ => {}
        }
        true
    }
}

impl Plugin for Composing {
    fn debug_name(&self) -> &'static str {
        "input methods"
    }

    fn input_hook(&mut self, _: &Context, input: &mut RawInput) {
        self.first = input.viewport_id == ViewportId::ROOT;
        input.events.retain(|event| self.lets(event));
    }

    fn output_hook(&mut self, _: &Context, output: &mut FullOutput) {
        // The field was left: nothing tells that the input method gave up.
        self.composes &= !self.first || output.platform_output.ime.is_some();
    }
}

/// Whether a key may belong to the sound, a foot pedal or what hides the text: they write nothing, and a
/// whole Vietnamese sentence may be typed without one moment in which nothing is composed.
fn is_of_sound(key: Key) -> bool {
    key.name()
        .strip_prefix('F')
        .is_some_and(|number| number.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use eframe::egui::Modifiers;

    use super::*;

    fn key(key: Key, pressed: bool) -> Event {
        Event::Key {
            key,
            physical_key: None,
            pressed,
            repeat: false,
            modifiers: Modifiers::NONE,
        }
    }

    fn preedit(text: &str) -> Event {
        Event::Ime(ImeEvent::Preedit {
            text: text.to_owned(),
            active_range_chars: None,
        })
    }

    #[test]
    fn keys_are_heard_again_as_soon_as_nothing_is_composed() {
        let ends = [
            Event::Ime(ImeEvent::Commit("ngủ".to_owned())),
            preedit(""),
            Event::WindowFocused(false),
        ];
        for end in ends {
            let mut composing = Composing::default();
            assert!(composing.lets(&key(Key::Enter, true)));
            assert!(composing.lets(&preedit("ng")));
            for held in [Key::Enter, Key::Escape, Key::N, Key::ArrowDown, Key::F] {
                assert!(!composing.lets(&key(held, true)), "{held:?}");
                assert!(composing.lets(&key(held, false)), "{held:?} is let go");
            }
            for heard in [Key::F2, Key::F5, Key::F8, Key::F12, Key::F16] {
                assert!(composing.lets(&key(heard, true)), "{heard:?}");
            }
            assert!(composing.lets(&end));
            assert!(composing.lets(&key(Key::Enter, true)), "{end:?}");
        }
    }
}
