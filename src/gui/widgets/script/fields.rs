//! Fields that are written in: their caret stands between letters, never inside one.

use eframe::egui::text::{CCursor, CCursorRange};
use eframe::egui::text_edit::TextEditState;
use eframe::egui::{Id, Response, TextBuffer, TextEdit, Ui};

use super::{Letters, MOST_CHARACTERS, lay_out};
use crate::text;

/// Under this the caret of a field of one row is remembered.
const CARET: &str = "caret of one row";

/// A field of several rows whose lines end like those of [`label`].
pub fn field(ui: &mut Ui, id: Id, text: &mut String, letters: Letters, name: &str) -> Response {
    let before = TextEditState::load(ui.ctx(), id).and_then(|s| s.cursor.char_range());
    let mut layouter = |ui: &Ui, buffer: &dyn TextBuffer, width: f32| {
        lay_out(ui, buffer.as_str(), letters, &[], width)
    };
    let output = TextEdit::multiline(text)
        .id(id)
        .desired_width(f32::INFINITY)
        .desired_rows(2)
        .char_limit(MOST_CHARACTERS)
        .layouter(&mut layouter)
        .show(ui);
    let response = output.response.response;
    let typed = response.changed();
    settle(ui, (id, output.state), text, before, typed);
    let name = name.to_owned();
    let value = text.clone();
    response.widget_info(move || {
        let mut info = eframe::egui::WidgetInfo::text_edit(true, &value, &value, "");
        info.label = Some(name.clone());
        info
    });
    response
}

/// Paints a field of one row. Its caret too never stands inside a letter.
pub fn line(ui: &mut Ui, field: TextEdit<'_>) -> Response {
    let output = field.show(ui);
    let response = output.response.response;
    let text = output.galley.text();
    // The id is known only now: where the caret stood is remembered from the last frame.
    let place = response.id.with(CARET);
    let before = ui.data(|d| d.get_temp::<CCursorRange>(place));
    let range = settle(
        ui,
        (response.id, output.state),
        text,
        before,
        response.changed(),
    );
    ui.data_mut(|data| match range {
        Some(range) => {
            data.insert_temp(place, range);
        }
        None => data.remove::<CCursorRange>(place),
    });
    response
}

/// Puts a caret that was moved into a letter at the letter's edge; where something was typed it stays, a
/// letter may have joined what follows. Gives where it stands then.
fn settle(
    ui: &Ui,
    (id, mut state): (Id, TextEditState),
    text: &str,
    before: Option<CCursorRange>,
    typed: bool,
) -> Option<CCursorRange> {
    let range = state.cursor.char_range()?;
    if typed || before == Some(range) {
        return Some(range);
    }
    let primary = to_edge(text, range.primary, before.map(|b| b.primary));
    if primary == range.primary {
        return Some(range);
    }
    let whole = CCursorRange {
        primary,
        secondary: if range.is_empty() {
            primary
        } else {
            range.secondary
        },
        ..range
    };
    state.cursor.set_char_range(Some(whole));
    state.store(ui.ctx(), id);
    Some(whole)
}

/// The edge of a cluster next to a caret, in the direction in which it moved.
fn to_edge(text: &str, caret: CCursor, before: Option<CCursor>) -> CCursor {
    let mut edge = 0;
    let mut last = 0;
    for cluster in text::graphemes(text) {
        if edge >= caret.index.0 {
            break;
        }
        last = edge;
        edge += cluster.chars().count();
    }
    if edge == caret.index.0 || caret.index.0 == 0 {
        return caret;
    }
    let forward = before.is_some_and(|b| b.index.0 < caret.index.0);
    CCursor::new(if forward { edge } else { last })
}

#[cfg(test)]
mod tests {
    use eframe::egui::{Event, Key};
    use egui_kittest::Harness;

    use super::*;
    use crate::domain::Lang;

    #[test]
    fn a_caret_moves_over_whole_letters_in_both_directions() {
        let text = "ស្រី"; // one written letter and its vowel: four characters, one cluster
        let inside = CCursor::new(2);
        assert_eq!(to_edge(text, inside, Some(CCursor::new(1))).index.0, 4);
        assert_eq!(to_edge(text, inside, Some(CCursor::new(3))).index.0, 0);
        assert_eq!(to_edge(text, CCursor::new(4), None).index.0, 4);
        assert_eq!(to_edge("abc", CCursor::new(2), None).index.0, 2);
    }

    #[test]
    fn the_caret_of_one_row_moves_over_whole_letters() {
        let show = |ui: &mut Ui, text: &mut String| {
            let label = ui.label("words").id;
            let field = line(ui, TextEdit::singleline(text)).labelled_by(label);
            field.request_focus();
        };
        for (word, letters) in [("ស្រីមុំ", 2), ("နေ့", 1), ("ที่นี่", 2), ("ເຊົ້າ", 2)]
        {
            let window = Harness::builder().allow_missing_glyphs();
            let mut window = window.build_ui_state(show, word.to_owned());
            window.run_steps(2);
            window.key_press(Key::Home);
            window.run_steps(2);
            for _ in 0..letters {
                window.key_press(Key::ArrowRight);
                window.run_steps(2);
            }
            window.event(Event::Text("x".to_owned()));
            window.run_steps(2);
            let clusters = text::graphemes(word);
            let (before, after) = clusters.split_at(letters);
            let wanted = format!("{}x{}", before.concat(), after.concat());
            assert_eq!(*window.state(), wanted);
        }
    }

    #[test]
    fn letters_are_typed_into_the_middle_one_by_one() {
        for (lang, before, typed, after) in [
            (Lang::Km, "", "ស្រី", "ខ្ញុំ"),
            (Lang::My, "", "သတ္တ", "ဝါ"),
            (Lang::Th, "ที่", "นี่", "บ้าน"),
            (Lang::Lo, "ຢູ່", "ນີ້", "ບ້ານ"),
            (Lang::Vi, "đi ", "về ", "nhà"),
            (Lang::Zh, "我", "们", "去"),
        ] {
            let id = Id::unique("typed-into");
            let show = move |ui: &mut Ui, text: &mut String| {
                let letters = Letters::running(ui, lang);
                field(ui, id, text, letters, "words").request_focus();
            };
            let window = Harness::builder().allow_missing_glyphs();
            let mut window = window.build_ui_state(show, format!("{before}{after}"));
            window.run_steps(2);
            let mut state = TextEditState::load(&window.ctx, id).unwrap();
            let caret = CCursor::new(before.chars().count());
            let range = CCursorRange::one(caret);
            state.cursor.set_char_range(Some(range));
            state.store(&window.ctx, id);
            for letter in typed.chars() {
                window.event(Event::Text(letter.to_string()));
                window.run_steps(2);
            }
            assert_eq!(*window.state(), format!("{before}{typed}{after}"), "{lang}");
        }
    }
}
