//! What failed and the next step, or a remark, in the language of the screens.

use eframe::egui::{Color32, Ui};

use crate::app::desk::Told;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::words::Words;

/// What is told, in a colour of its own, and below it the next step where there is one.
pub fn show(ui: &mut Ui, words: &Words, told: &Told, colour: Color32) {
    let own = Letters::running(ui, words.lang());
    script::label(ui, &words.told(&told.what), own.coloured(colour));
    if !told.next.is_empty() {
        script::label(ui, &words.told(&told.next), own);
    }
}
