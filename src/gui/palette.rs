//! Ctrl+K: goes to a screen or an interview by a part of its name, without the mouse; does what can be
//! done from any screen, and changes the language, the colours and the size of the screens the same way.

use eframe::egui::{
    Button, Event, Id, Key, KeyboardShortcut, Modal, Modifiers, ScrollArea, TextEdit, Ui, vec2,
};

use crate::app::{Choices, Look};
use crate::domain::{InterviewSummary, Lang};
use crate::text;

use super::deeds::{self, Deed, Standing};
use super::safe;
use super::shell::{Go, Scene, Screen};
use super::theme;
use super::widgets::{script, scroll};

/// Width of the box, in points.
const WIDTH: f32 = 440.0;
/// Height of its list, in points.
const LIST: f32 = 260.0;
/// Interviews that are listed at most.
const MOST: usize = 30;
/// Opens and closes it.
const OPENS: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::K);

/// What is typed, and the place that Enter goes to.
#[derive(Default)]
pub struct Palette {
    open: bool,
    text: String,
    chosen: usize,
    /// An arrow moved it: it is to be brought into view.
    moved: bool,
    /// The end of the recording was asked for: one hasty press must not end it.
    sure: bool,
}

impl Palette {
    /// Takes its keys before the screens see them; returns where Enter goes.
    pub fn hear(&mut self, ui: &Ui, scene: &Scene<'_>, standing: Standing) -> Option<Go> {
        if ui.input_mut(|i| i.consume_shortcut(&OPENS)) {
            self.open = !self.open;
            self.begin(false);
            // A letter that was pressed with it is no part of the name.
            ui.input_mut(|i| i.events.retain(|e| !matches!(e, Event::Text(_))));
        }
        if !self.open {
            return None;
        }
        let places = self.places(scene, standing);
        let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        if pressed(Key::ArrowDown) {
            self.chosen = self.chosen.saturating_add(1);
            self.moved = true;
        }
        if pressed(Key::ArrowUp) {
            self.chosen = self.chosen.saturating_sub(1);
            self.moved = true;
        }
        self.chosen = self.chosen.min(places.len().saturating_sub(1));
        if pressed(Key::Escape) {
            self.open = false;
        }
        let entered = pressed(Key::Enter).then_some(self.chosen);
        self.leave_for(entered, places)
    }

    /// Paints it where it is open; returns where the person wants to go.
    pub fn show(&mut self, ui: &Ui, scene: &Scene<'_>, standing: Standing) -> Option<Go> {
        if !self.open {
            return None;
        }
        let places = self.places(scene, standing);
        let mut wanted = None;
        let modal = Modal::new(Id::unique("palette")).show(ui.ctx(), |ui| {
            ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 40.0));
            self.inside(ui, scene, &places, &mut wanted);
        });
        if modal.should_close() {
            self.open = false;
        }
        self.leave_for(wanted, places)
    }

    fn leave_for(&mut self, wanted: Option<usize>, places: Vec<(String, Go)>) -> Option<Go> {
        let (_, go) = places.into_iter().nth(wanted?)?;
        if go == Go::Do(Deed::End) && !self.sure {
            self.begin(true);
            return None;
        }
        self.open = false;
        Some(go)
    }

    /// Nothing is typed or chosen yet; `sure` where it is asked whether the recording is to end.
    fn begin(&mut self, sure: bool) {
        self.text.clear();
        self.chosen = 0;
        self.sure = sure;
    }

    fn inside(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        places: &[(String, Go)],
        wanted: &mut Option<usize>,
    ) {
        let title = if self.sure {
            "live-end"
        } else {
            "palette-title"
        };
        let label = ui.label(scene.words.t(title));
        let field = TextEdit::singleline(&mut self.text)
            .id_salt("palette")
            .char_limit(300)
            .desired_width(f32::INFINITY);
        let field = script::line(ui, field).labelled_by(label.id);
        field.request_focus();
        if field.changed() {
            self.chosen = 0;
        }
        if places.is_empty() {
            script::label(ui, scene.words.t("palette-nothing"), scene.own(ui));
        }
        scroll::part(ui, ScrollArea::vertical().max_height(LIST), |ui| {
            for (at, (name, _)) in places.iter().enumerate() {
                let size = vec2(ui.available_width(), theme::PRESS);
                let button = Button::selectable(at == self.chosen, name).truncate();
                let button = ui.add(button.min_size(size));
                if at == self.chosen && std::mem::take(&mut self.moved) {
                    button.scroll_to_me(None);
                }
                if button.clicked() {
                    *wanted = Some(at);
                }
            }
        });
    }

    /// What is called as typed: screens first, then interviews, then deeds and choices: nothing changes
    /// by a hasty Enter.
    fn places(&self, scene: &Scene<'_>, standing: Standing) -> Vec<(String, Go)> {
        if self.sure {
            let name = |id| scene.words.t(id).to_owned();
            let stays = (name("live-end-no"), Go::To(Screen::Interview));
            return vec![stays, (name("live-end-yes"), Go::Do(Deed::End))];
        }
        let wanted = text::fold(self.text.trim());
        let holds = |name: &str| wanted.is_empty() || text::fold(name).contains(&wanted);
        let screens = Screen::ALL.iter().map(|(screen, _, id)| {
            let name = scene.words.t(id).to_owned();
            (name, Go::To(*screen))
        });
        let interviews = scene.desk.board().interviews.get();
        let interviews = interviews.iter().flat_map(|all| all.iter());
        let interviews = interviews.map(|one| {
            let go = Go::Line(one.id.clone(), None);
            (called(scene, one), go)
        });
        let interviews = interviews.filter(|(name, _)| holds(name)).take(MOST);
        let deeds = deeds::all(scene, standing);
        // Of so many choices only those that were asked for.
        let choices = if wanted.is_empty() {
            Vec::new()
        } else {
            choices(scene)
        };
        let screens = screens.filter(|(name, _)| holds(name));
        let others = deeds.into_iter().chain(choices);
        let others = others.filter(|(name, _)| holds(name));
        if wanted.is_empty() {
            // Nothing is asked for yet: what can be done stands above a long list of interviews.
            screens.chain(others).chain(interviews).collect()
        } else {
            screens.chain(interviews).chain(others).collect()
        }
    }
}

/// What can be chosen for the screens, each under its name.
fn choices(scene: &Scene<'_>) -> Vec<(String, Go)> {
    let words = scene.words;
    let now = scene.choices;
    let mut all = Vec::new();
    for language in Lang::ALL {
        let name = format!(
            "{}: {}",
            words.t("settings-language"),
            language.native_name()
        );
        let chosen = Choices {
            language,
            ..now.clone()
        };
        all.push((name, Go::Choose(chosen)));
    }
    for (look, id) in [
        (Look::Light, "look-light"),
        (Look::Dark, "look-dark"),
        (Look::Contrast, "look-contrast"),
    ] {
        let name = format!("{}: {}", words.t("settings-look"), words.t(id));
        let chosen = Choices {
            look,
            ..now.clone()
        };
        all.push((name, Go::Choose(chosen)));
    }
    for text_percent in [100, 125, 150, 200, 250] {
        let percent = words.digits(&text_percent.to_string());
        let name = format!("{}: {percent} %", words.t("settings-size"));
        let chosen = Choices {
            text_percent,
            ..now.clone()
        };
        all.push((name, Go::Choose(chosen)));
    }
    all
}

/// What an interview is called in the list.
fn called(scene: &Scene<'_>, one: &InterviewSummary) -> String {
    let languages: Vec<&str> = one.languages.iter().map(|l| l.native_name()).collect();
    let day = scene.words.day(&one.started);
    let case = safe::name(one.case.as_deref().unwrap_or_default());
    format!("{day}   {}   {case}   {}", languages.join(" – "), one.id)
}
