//! A field for a passphrase, of which nothing is left once it was taken: the field itself remembers what
//! was typed, to take it back, and would give it to whoever sits there next.

use eframe::egui::text_edit::TextEditState;
use eframe::egui::{Context, Id, Response, TextEdit, Ui};

use crate::vault::Phrase;

/// Room for what is typed, in bytes: a text that grows leaves copies of itself behind.
const ROOM: usize = 1 << 10;

/// The name of one; each field of a screen has its own.
pub fn id(name: &'static str) -> Id {
    Id::unique(("secret", name))
}

/// Paints the field.
pub fn field(ui: &mut Ui, name: &'static str, text: &mut String, width: f32) -> Response {
    text.reserve(ROOM.saturating_sub(text.len()));
    let field = TextEdit::singleline(text).password(true).id(id(name));
    ui.add(field.desired_width(width))
}

/// What was typed. The field is empty and cannot be filled again by taking something back.
pub fn take(ctx: &Context, name: &'static str, text: &mut String) -> Phrase {
    ctx.data_mut(|data| data.remove::<TextEditState>(id(name)));
    Phrase::from(std::mem::take(text))
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Event, Key, Modifiers};
    use egui_kittest::Harness;

    use super::*;

    const NAME: &str = "a-test";

    #[test]
    fn what_was_taken_cannot_be_brought_back() {
        for words in [
            "九只蓝船",
            "chín con thuyền",
            "เรือเก้าลำ",
            "လှေကိုးစင်း",
            "ເຮືອເກົ້າລຳ",
            "ទូកប្រាំបួន",
        ] {
            let show = |ui: &mut Ui, text: &mut String| {
                let label = ui.label("words").id;
                let field = field(ui, NAME, text, 100.0).labelled_by(label);
                field.request_focus();
            };
            let window = Harness::builder().allow_missing_glyphs();
            let mut window = window.build_ui_state(show, String::new());
            window.run_steps(2);
            for letter in words.chars() {
                window.event(Event::Text(letter.to_string()));
                window.run_steps(12); // long enough for the field to remember it
            }
            assert_eq!(window.state(), words);
            let ctx = window.ctx.clone();
            assert_eq!(&*take(&ctx, NAME, window.state_mut()), words);
            window.run_steps(2);
            for _ in 0..3 {
                window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
                window.run_steps(2);
            }
            assert_eq!(window.state(), "", "{words}");
        }
    }
}
