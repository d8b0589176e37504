//! A field for a passphrase, of which nothing is left once it was taken. The toolkit never sees its letters: what
//! it lays out, paints, tells a screen reader and remembers for taking back are dots. The letters
//! lie in memory that is wiped and, where the system allows it, not swapped. The key presses and pastes that bring
//! them pass through the toolkit's queue, of which it keeps nothing behind the frame.

use std::any::TypeId;
use std::ops::Range;

use eframe::egui::text::CharIndex;
use eframe::egui::text_edit::TextEditState;
use eframe::egui::{Context, Id, Response, TextBuffer, TextEdit, Ui};

use crate::vault::Phrase;

/// Most letters that are taken.
const LONGEST: usize = 1 << 10;
/// What stands for a letter.
const DOT: char = '•';

/// What was typed into a field.
#[derive(Default)]
pub struct Secret {
    /// None before a letter is typed, so that an empty field locks no memory.
    letters: Option<Phrase>,
    /// A dot for each letter.
    dots: String,
}

impl Secret {
    /// Whether nothing was typed.
    pub fn is_empty(&self) -> bool {
        self.dots.is_empty()
    }

    fn letters(&self) -> &str {
        self.letters.as_deref().unwrap_or_default()
    }

    fn edit(&mut self, place: Range<CharIndex>, new: &str) {
        let letters = self.letters.get_or_insert_default();
        letters.splice(place.start.0..place.end.0, new);
        let typed = letters.chars().count();
        self.dots.clear();
        self.dots.extend(std::iter::repeat_n(DOT, typed));
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.letters() == other.letters()
    }
}

impl TextBuffer for Secret {
    fn is_mutable(&self) -> bool {
        true
    }

    fn as_str(&self) -> &str {
        &self.dots
    }

    fn insert_text(&mut self, text: &str, char_index: CharIndex) -> usize {
        let before = self.dots.chars().count();
        self.edit(char_index..char_index, text);
        self.dots.chars().count().saturating_sub(before)
    }

    fn delete_char_range(&mut self, char_range: Range<CharIndex>) {
        self.edit(char_range, "");
    }

    /// To take back what was typed: the field remembers dots, which are no letters.
    fn replace_with(&mut self, _: &str) {}

    fn type_id(&self) -> TypeId {
        TypeId::of::<Self>()
    }
}

/// The name of one; each field of a screen has its own.
pub fn id(name: &'static str) -> Id {
    Id::unique(("secret", name))
}

/// Paints the field.
pub fn field(ui: &mut Ui, name: &'static str, secret: &mut Secret, width: f32) -> Response {
    let field = TextEdit::singleline(secret).password(true).id(id(name));
    ui.add(field.char_limit(LONGEST).desired_width(width))
}

/// What was typed. The field is empty and begins anew.
pub fn take(ctx: &Context, name: &'static str, secret: &mut Secret) -> Phrase {
    ctx.data_mut(|data| data.remove::<TextEditState>(id(name)));
    secret.dots.clear();
    secret.letters.take().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use eframe::egui::epaint::Shape;
    use eframe::egui::{Event, ImeEvent, Key, Modifiers};
    use egui_kittest::Harness;
    use egui_kittest::kittest::NodeT as _;

    use super::*;

    const NAME: &str = "a-test";
    const SIX: [&str; 6] = [
        "九只蓝船",
        "chín con thuyền",
        "เรือเก้าลำ",
        "လှေကိုးစင်း",
        "ເຮືອເກົ້າລຳ",
        "ទូកប្រាំបួន",
    ];

    fn window() -> Harness<'static, Secret> {
        let show = |ui: &mut Ui, secret: &mut Secret| {
            let label = ui.label("words").id;
            let field = field(ui, NAME, secret, 100.0).labelled_by(label);
            field.request_focus();
        };
        let window = Harness::builder().allow_missing_glyphs();
        let mut window = window.build_ui_state(show, Secret::default());
        window.run_steps(2);
        window
    }

    fn typed(window: &Harness<'_, Secret>) -> String {
        window.state().letters().to_owned()
    }

    fn type_letters(window: &mut Harness<'_, Secret>, words: &str) {
        for letter in words.chars() {
            window.event(Event::Text(letter.to_string()));
            window.run_steps(12); // long enough for the field to remember it
        }
    }

    #[test]
    fn what_was_taken_cannot_be_brought_back() {
        for words in SIX {
            let mut window = window();
            type_letters(&mut window, words);
            assert_eq!(typed(&window), words);
            let ctx = window.ctx.clone();
            assert_eq!(&*take(&ctx, NAME, window.state_mut()), words);
            window.run_steps(2);
            for _ in 0..3 {
                window.key_press_modifiers(Modifiers::COMMAND, Key::Z);
                window.run_steps(2);
            }
            assert!(
                window.state().is_empty() && typed(&window).is_empty(),
                "{words}"
            );
        }
    }

    /// All that the toolkit laid out, told a screen reader and remembers of the field.
    fn seen(window: &Harness<'_, Secret>) -> String {
        fn texts(shape: &Shape, all: &mut String) {
            match shape {
                Shape::Text(text) => all.push_str(text.galley.text()),
                Shape::Vec(shapes) => shapes.iter().for_each(|s| texts(s, all)),
                _ => {}
            }
        }
        let mut all = String::new();
        for painted in &window.output().shapes {
            texts(&painted.shape, &mut all);
        }
        for node in window.root().children_recursive() {
            all.extend(node.accesskit_node().value());
        }
        let state = TextEditState::load(&window.ctx, id(NAME)).expect("the field is there");
        let mut undoer = state.undoer();
        let mut now = (state.cursor.char_range().unwrap_or_default(), String::new());
        while let Some(before) = undoer.undo(&now).cloned() {
            all.push_str(&before.1);
            now = before;
        }
        all
    }

    #[test]
    fn the_toolkit_sees_dots_and_no_letter() {
        for words in SIX {
            let mut window = window();
            type_letters(&mut window, words);
            let seen = seen(&window);
            let dots: String = words.chars().map(|_| DOT).collect();
            assert!(seen.contains(&dots), "{seen}");
            for letter in words.chars().filter(|c| !c.is_ascii()) {
                assert!(!seen.contains(letter), "{letter} of {words} in {seen}");
            }
        }
    }

    #[test]
    fn letters_are_put_in_and_taken_out_where_the_cursor_stands() {
        let mut window = window();
        window.event(Event::Paste("ເຮືອ ທູກ".to_owned()));
        window.run_steps(2);
        window.key_press(Key::Home);
        window.run_steps(1);
        window.event(Event::Text("九".to_owned()));
        window.run_steps(1);
        window.key_press(Key::Delete);
        window.run_steps(1);
        window.key_press(Key::End);
        window.run_steps(1);
        window.key_press(Key::Backspace);
        window.run_steps(1);
        assert_eq!(typed(&window), "九ຮືອ ທູ");
        // Letters that an input method puts together stand in the field before they are chosen.
        window.event(Event::Ime(ImeEvent::Preedit {
            text: "chuan".to_owned(),
            active_range_chars: None,
        }));
        window.run_steps(1);
        window.event(Event::Ime(ImeEvent::Commit("船".to_owned())));
        window.run_steps(2);
        assert_eq!(typed(&window), "九ຮືອ ທູ船");
        window.key_press_modifiers(Modifiers::COMMAND, Key::A);
        window.run_steps(1);
        window.event(Event::Copy);
        window.event(Event::Cut);
        window.run_steps(2);
        assert!(window.state().is_empty());
        window.event(Event::Paste("က".repeat(2 * LONGEST)));
        window.run_steps(2);
        assert_eq!(typed(&window), "က".repeat(LONGEST));
    }
}
