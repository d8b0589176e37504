//! The places of a doubt in the text they stand in: numbers, dates and document numbers that disagree
//! get a ground behind them, on both sides.

use eframe::egui::Ui;

use crate::domain::{Flag, Side};
use crate::gui::theme;
use crate::gui::widgets::script::{Mark, Marking};

/// The marks of all places on one side. A place outside the text, or inside a letter of a text that
/// was corrected since, gives none.
pub fn marks<'a>(
    ui: &Ui,
    text: &str,
    flags: impl IntoIterator<Item = &'a Flag>,
    side: Side,
) -> Vec<Mark> {
    let colour = theme::of(ui).found;
    let places = flags.into_iter().flat_map(|flag| &flag.places);
    places
        .filter(|place| place.side == side)
        .filter_map(|place| range(text, place.from, place.to))
        .map(|range| Mark {
            range,
            marking: Marking::Ground(colour),
        })
        .collect()
}

/// Characters as bytes.
fn range(text: &str, from: usize, to: usize) -> Option<std::ops::Range<usize>> {
    let mut edges = text.char_indices().map(|(at, _)| at).chain([text.len()]);
    let start = edges.nth(from)?;
    let more = to.checked_sub(from).filter(|more| *more > 0)?;
    let end = edges.nth(more - 1)?;
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_in_characters_of_every_script() {
        for (text, from, to, shown) in [
            ("给他3500元", 2, 6, "3500"),
            ("trả 3500 đồng", 4, 8, "3500"),
            ("จ่าย ๓๕๐๐ บาท", 5, 9, "๓๕๐๐"),
            ("ຈ່າຍ ໓໕໐໐", 5, 9, "໓໕໐໐"),
            ("បង់ ៣៥០០", 4, 8, "៣៥០០"),
            ("ပေး ၃၅၀၀", 4, 8, "၃၅၀၀"),
        ] {
            let found = range(text, from, to).unwrap();
            assert_eq!(&text[found], shown, "{text}");
        }
    }

    #[test]
    fn a_place_outside_the_text_marks_nothing() {
        assert_eq!(range("好", 0, 1), Some(0..3));
        for (from, to) in [(0, 2), (1, 2), (5, 9), (1, 1), (2, 1), (usize::MAX, 0)] {
            assert_eq!(range("好", from, to), None, "{from}..{to}");
        }
    }
}
