//! Which speech model hears a language: a box where several installed models serve it, nothing else.

use eframe::egui::{ComboBox, Ui};

use crate::domain::{Lang, SpeechModels};
use crate::gui::safe;
use crate::gui::shell::Scene;

/// A box with the models that serve `lang`; `usual` is the text for no choice. Where fewer than two serve it
/// there is nothing to choose, and what was chosen before is forgotten.
pub fn pick(
    ui: &mut Ui,
    scene: &Scene<'_>,
    (salt, name, usual): (&str, &str, &str),
    lang: Lang,
    chosen: &mut SpeechModels,
) {
    let Some(shelf) = scene.desk.board().shelf.get() else {
        return;
    };
    let serving = shelf.models.iter().filter(|m| m.purpose == "speech");
    let serving = serving.filter(|m| m.languages.contains(&lang));
    let serving: Vec<&str> = serving.map(|m| m.name.as_str()).collect();
    let mut own = chosen.remove(&lang);
    own = own.filter(|name| serving.contains(&name.as_str()));
    if serving.len() < 2 {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        let label = ui.label(name);
        let shown = own.as_deref().map_or(usual.to_owned(), safe::name);
        let response = ComboBox::from_id_salt(("speech-model", salt, lang))
            .selected_text(shown)
            .truncate()
            .width(220.0)
            .show_ui(ui, |ui| {
                ui.selectable_value(&mut own, None, usual);
                for name in serving {
                    let value = Some(name.to_owned());
                    ui.selectable_value(&mut own, value, safe::name(name));
                }
            })
            .response;
        response.labelled_by(label.id);
    });
    chosen.extend(own.map(|name| (lang, name)));
}
