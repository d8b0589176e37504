//! What a person may choose: language, colours, size, the key that hides everything, how much doubt
//! is underlined, the name that signs corrections; the models of each language, and the lock.

use eframe::egui::{Button, ComboBox, DragValue, Id, ScrollArea, Slider, TextEdit, Ui};

use crate::app::desk::Command;
use crate::app::{BlankKey, Choices, Look, ModelInfo, PedalKey, Preferred, TEXT_PERCENT};
use crate::domain::Lang;
use crate::gui::locking::Purpose;
use crate::gui::safe;
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::{languages, script, scroll, steady};

/// What is being chosen; it is put in force when the hand leaves it.
pub struct Settings {
    draft: Choices,
    /// Models, and when a workspace with a lock locks itself: as they are written, and as chosen here.
    kept: Preferred,
    preferred: Preferred,
    /// The workspace has a lock.
    locks: bool,
    /// The file of these settings is not valid.
    broken: bool,
}

impl Settings {
    /// Starts from what is in force; `locks` where the workspace has a lock, `broken` where the file of
    /// the settings is not valid.
    pub fn new(choices: &Choices, preferred: Preferred, locks: bool, broken: bool) -> Self {
        Self {
            draft: choices.clone(),
            kept: preferred.clone(),
            preferred,
            locks,
            broken,
        }
    }

    /// Other choices are in force.
    pub fn renew(&mut self, choices: &Choices) {
        self.draft.clone_from(choices);
    }

    /// What was changed and is not in force yet: its field still has the keyboard.
    pub fn unsettled(&self, choices: &Choices) -> Option<Choices> {
        (self.draft != *choices).then(|| self.draft.clone())
    }

    /// Paints the screen.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        // Others may have changed it, for example the name that signs.
        if !ui.input(|i| i.pointer.any_down()) && !ui.ctx().text_edit_focused() {
            self.draft = scene.choices.clone();
        }
        let (mut settled, mut go) = (false, None);
        let area = ScrollArea::vertical().auto_shrink(false);
        scroll::page(ui, area, |ui| {
            ui.set_max_width(theme::READING);
            scene.heading(ui, "settings-title");
            settled |= self.looks(ui, scene);
            ui.add_space(theme::WIDE_GAP);
            settled |= self.working(ui, scene);
            ui.add_space(theme::WIDE_GAP);
            script::label(ui, scene.words.t("settings-keys"), scene.own(ui));
            ui.separator();
            go = self.lasting(ui, scene);
        });
        let chosen = settled && self.draft != *scene.choices;
        chosen.then(|| Go::Choose(self.draft.clone())).or(go)
    }

    /// What is in force from the next start: models by language, and the lock.
    fn lasting(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let words = scene.words;
        let mut go = None;
        script::label(ui, words.t("settings-models"), scene.own(ui));
        let shelf = scene.desk.board().shelf.get();
        let models = shelf.as_ref().map_or(&[][..], |shelf| &shelf.models);
        for lang in Lang::SIX {
            let name = words.with("settings-speech", &[("language", lang.native_name())]);
            let own = models.iter().filter(|m| m.languages.contains(&lang));
            let own = own.filter(|m| m.purpose == "speech");
            let mut chosen = self.preferred.speech.remove(&lang);
            model(ui, scene, (lang.code(), &name), own, &mut chosen);
            self.preferred
                .speech
                .extend(chosen.map(|name| (lang, name)));
        }
        let own = models.iter().filter(|m| m.purpose == "translation");
        let name = words.t("models-translation");
        let translation = &mut self.preferred.translation;
        model(ui, scene, ("translation", name), own, translation);
        if self.locks {
            steady::row(ui, "lock", |ui| {
                let label = ui.label(words.t("settings-lock-after"));
                let minutes = DragValue::new(&mut self.preferred.lock_after_minutes);
                ui.add(minutes.range(0..=1440)).labelled_by(label.id);
                if ui.button(words.t("settings-lock-now")).clicked() {
                    go = Some(Go::Lock);
                }
                if ui.button(words.t("lock-change-begin")).clicked() {
                    go = Some(Go::Guard(Purpose::Change));
                }
            });
        } else {
            script::label(ui, words.t("settings-no-lock"), scene.remark(ui));
            if ui.button(words.t("lock-begin")).clicked() {
                go = Some(Go::Guard(Purpose::First));
            }
        }
        if let Some(written) = scene.desk.board().preferred.get() {
            self.kept = Preferred::clone(&written);
            self.broken = false;
        }
        if self.broken {
            let doubt = scene.own(ui).coloured(theme::of(ui).doubt);
            script::label(ui, &words.with("settings-broken", &[]), doubt);
        }
        let changed = self.broken || self.preferred != self.kept;
        let keep = Button::new(words.t("settings-keep"));
        if ui.add_enabled(changed, keep).clicked() {
            scene.desk.ask(Command::Prefer(self.preferred.clone()));
        }
        script::label(ui, words.t("settings-next-start"), scene.remark(ui));
        go
    }

    fn looks(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> bool {
        let words = scene.words;
        let draft = &mut self.draft;
        let before = (draft.language, draft.look);
        ui.horizontal_wrapped(|ui| {
            let mut language = Some(draft.language);
            let name = words.t("settings-language");
            languages::pick(ui, "language", name, &Lang::ALL, None, &mut language);
            draft.language = language.unwrap_or(Lang::En);
        });
        if draft.language != Lang::En {
            script::label(ui, words.t("settings-unreviewed"), scene.remark(ui));
        }
        ui.horizontal_wrapped(|ui| {
            ui.label(words.t("settings-look"));
            for (look, id) in [
                (Look::Light, "look-light"),
                (Look::Dark, "look-dark"),
                (Look::Contrast, "look-contrast"),
            ] {
                ui.radio_value(&mut draft.look, look, words.t(id));
            }
        });
        let mut settled = before != (draft.language, draft.look);
        ui.horizontal_wrapped(|ui| {
            // The others write Arabic digits.
            if matches!(draft.language, Lang::Th | Lang::Lo | Lang::Km | Lang::My) {
                let digits = words.t("settings-digits");
                settled |= ui.checkbox(&mut draft.native_digits, digits).changed();
            }
            let era = words.t("settings-era");
            settled |= ui.checkbox(&mut draft.buddhist_era, era).changed();
        });
        steady::row(ui, "size", |ui| {
            let label = ui.label(words.t("settings-size"));
            let slider = Slider::new(&mut draft.text_percent, TEXT_PERCENT.0..=TEXT_PERCENT.1)
                .step_by(theme::TEXT_STEP.into())
                .suffix(" %");
            settled |= is_settled(&ui.add(slider).labelled_by(label.id));
        });
        settled
    }

    fn working(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> bool {
        let words = scene.words;
        let draft = &mut self.draft;
        let before = (draft.blank_key, draft.pedal);
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("settings-blank"));
            let shown = key_name(draft.blank_key);
            let response = ComboBox::from_id_salt("blank-key")
                .selected_text(shown)
                .show_ui(ui, |ui| {
                    for key in [BlankKey::F12, BlankKey::F9, BlankKey::F4] {
                        ui.selectable_value(&mut draft.blank_key, key, key_name(key));
                    }
                })
                .response;
            response.labelled_by(label.id);
        });
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("settings-pedal"));
            let name = |pedal| PEDALS.iter().find(|(own, _)| *own == pedal);
            let shown = name(draft.pedal).map_or("", |(_, name)| name);
            let none = words.t("settings-no-pedal");
            let response = ComboBox::from_id_salt("pedal")
                .selected_text(if shown.is_empty() { none } else { shown })
                .show_ui(ui, |ui| {
                    ui.selectable_value(&mut draft.pedal, PedalKey::None, none);
                    for (pedal, name) in PEDALS {
                        ui.selectable_value(&mut draft.pedal, pedal, name);
                    }
                })
                .response;
            response.labelled_by(label.id);
        });
        let mut settled = before != (draft.blank_key, draft.pedal);
        steady::row(ui, "doubt", |ui| {
            let label = ui.label(words.t("settings-doubt"));
            let slider = Slider::new(&mut draft.doubt_percent, 0..=100).suffix(" %");
            settled |= is_settled(&ui.add(slider).labelled_by(label.id));
        });
        measured(ui, scene);
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("settings-name"));
            // An id of its own: what stands above it comes later, and must not take the keyboard away.
            let field = TextEdit::singleline(&mut draft.name).id(Id::unique("settings-name"));
            let field = field.char_limit(300);
            settled |= script::line(ui, field).labelled_by(label.id).lost_focus();
        });
        settled
    }
}

/// Of each speech model whether the certainty of its words was measured here.
fn measured(ui: &mut Ui, scene: &Scene<'_>) {
    let shelf = scene.desk.board().shelf.get();
    let models = shelf.as_ref().map_or(&[][..], |shelf| &shelf.models);
    for model in models.iter().filter(|m| m.purpose == "speech") {
        let known = model.calibrated.iter().filter(|m| m.words > 0);
        let each = known.map(|m| {
            let count = m.words.to_string();
            let told = scene.words.with("settings-measured", &[("words", &count)]);
            format!("{}: {told}", m.language.native_name())
        });
        let mut told: Vec<String> = each.collect();
        if told.len() < model.calibrated.len() {
            told.push(scene.words.t("settings-not-measured").to_owned());
        }
        let name = safe::name(&model.name);
        let line = format!("{name}: {}", told.join("; "));
        script::label(ui, &line, scene.remark(ui));
    }
}

/// One box of models under a name of its own.
fn model<'a>(
    ui: &mut Ui,
    scene: &Scene<'_>,
    (salt, name): (&str, &str),
    models: impl Iterator<Item = &'a ModelInfo>,
    chosen: &mut Option<String>,
) {
    let usual = scene.words.t("again-usual");
    ui.horizontal_wrapped(|ui| {
        let label = ui.label(name);
        let shown = chosen.as_deref().map_or(usual.to_owned(), safe::name);
        let response = ComboBox::from_id_salt(("model", salt))
            .selected_text(shown)
            .show_ui(ui, |ui| {
                ui.selectable_value(chosen, None, usual);
                for model in models {
                    let value = Some(model.name.clone());
                    ui.selectable_value(chosen, value, safe::name(&model.name));
                }
            })
            .response;
        response.labelled_by(label.id);
    });
}

/// The keys that pedals are set to press.
const PEDALS: [(PedalKey, &str); 7] = [
    (PedalKey::F6, "F6"),
    (PedalKey::F7, "F7"),
    (PedalKey::F8, "F8"),
    (PedalKey::F13, "F13"),
    (PedalKey::F14, "F14"),
    (PedalKey::F15, "F15"),
    (PedalKey::F16, "F16"),
];

fn key_name(key: BlankKey) -> &'static str {
    match key {
        BlankKey::F12 => "F12",
        BlankKey::F9 => "F9",
        BlankKey::F4 => "F4",
    }
}

/// A slider is settled when it is let go or was moved by a key; not at every point of a drag, which
/// would move it away under the hand as the text grows.
fn is_settled(response: &eframe::egui::Response) -> bool {
    response.drag_stopped() || (response.changed() && !response.dragged())
}
