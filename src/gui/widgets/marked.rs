//! The words that a person has marked in a text that is only read. The toolkit tells them once, when the
//! marking is done, and forgets them as soon as a button is pressed; here they are kept until that button
//! is let go.

use eframe::egui::text_selection::LabelSelectionState;
use eframe::egui::{Context, FullOutput, OutputCommand, Plugin, Ui};

/// What is marked.
#[derive(Default)]
struct Marked {
    words: String,
    /// What was marked when the button of the mouse went down.
    pressed: String,
}

impl Plugin for Marked {
    fn debug_name(&self) -> &'static str {
        "marked words"
    }

    fn on_begin_pass(&mut self, ui: &mut Ui) {
        let (down, moved) = ui.input(|i| {
            let (down, up) = (i.pointer.any_pressed(), i.pointer.any_released());
            (down, down || up || i.pointer.any_down())
        });
        if down {
            self.pressed.clone_from(&self.words);
        } else if !moved {
            self.pressed.clear();
        }
        if !is_any(ui.ctx()) {
            self.words.clear();
        }
    }

    fn output_hook(&mut self, _: &Context, output: &mut FullOutput) {
        for command in &output.platform_output.commands {
            if let OutputCommand::TextSelectionSettled(words) = command {
                self.words.clone_from(words);
            }
        }
    }
}

/// Whether anything is marked.
fn is_any(ctx: &Context) -> bool {
    let state = ctx.plugin_opt::<LabelSelectionState>();
    state.is_some_and(|state| state.lock().has_selection())
}

/// The marked words. Asked for in every frame, so that no marking is missed.
pub fn words(ctx: &Context) -> Option<String> {
    let marked = ctx.plugin_or_default::<Marked>();
    let marked = marked.lock();
    let found = [&marked.words, &marked.pressed];
    let mut found = found.into_iter().map(|words| words.trim());
    let found = found.find(|words| !words.is_empty());
    found.map(str::to_owned)
}
