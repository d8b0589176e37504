//! The places of a doubt in the text they stand in: numbers, denials, questions and terms that disagree get
//! a ground behind them, and a line under the place where one should stand.

use eframe::egui::{Color32, Ui};

use crate::domain::{Flag, Place, Side};
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
    let colours = theme::of(ui);
    let places = flags.into_iter().flat_map(|flag| &flag.places);
    let mark = |place: &Place| {
        Some(Mark {
            range: range(text, place.from, place.to)?,
            marking: marking(place, &[colours.found, colours.doubt]),
        })
    };
    places
        .filter(|place| place.side == side)
        .filter_map(mark)
        .collect()
}

/// A ground behind what was read, a line under the place where nothing was and something should be.
fn marking(place: &Place, [ground, line]: &[Color32; 2]) -> Marking {
    if place.value.is_empty() {
        Marking::Underline(*line)
    } else {
        Marking::Ground(*ground)
    }
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
    use crate::domain::{FlagKind, Lang, LangPair};
    use crate::translate::{KnownNames, compare};

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
    fn what_stands_has_a_ground_and_what_is_missing_a_line() {
        let colours = [Color32::YELLOW, Color32::BROWN];
        for (lang, other, text, shown) in [
            (Lang::Zh, Lang::Vi, "我不认识他。", "不"),
            (Lang::Vi, Lang::Zh, "Tôi không quen anh ta.", "không"),
            (Lang::Th, Lang::Zh, "ฉันไม่รู้จักเขา", "ไม่"),
            (Lang::Lo, Lang::Zh, "ຂ້ອຍບໍ່ຮູ້ຈັກລາວ", "ບໍ່"),
            (Lang::Km, Lang::Zh, "ខ្ញុំមិនស្គាល់គាត់ទេ។", "មិន"),
            (Lang::My, Lang::Zh, "ကျွန်တော် သူ့ကို မသိပါဘူး။", "ဘူး"),
        ] {
            let translation = if other == Lang::Zh {
                "我认识他。"
            } else {
                "Tôi quen anh ta."
            };
            let flags = compare(
                text,
                translation,
                LangPair::new(lang, other),
                &KnownNames::default(),
            );
            let flag = flags
                .iter()
                .find(|f| f.kind == FlagKind::NegationDiffers)
                .unwrap();
            for place in &flag.places {
                let (side, wanted) = match place.side {
                    Side::Source => (text, Marking::Ground(colours[0])),
                    Side::Translation => (translation, Marking::Underline(colours[1])),
                };
                let found = range(side, place.from, place.to).unwrap();
                let whole = if place.side == Side::Source {
                    shown
                } else {
                    translation
                };
                assert_eq!(&side[found], whole, "{text}");
                assert_eq!(marking(place, &colours), wanted);
            }
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
