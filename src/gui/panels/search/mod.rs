//! Finding words in all interviews while they are typed. Up and down choose a hit, Enter opens its
//! line, Ctrl+P plays it and silences it; each hit says why it was found. What was found for an earlier
//! question is shown as old until the answer comes, and Enter waits for the answer.

mod filters;
mod hit;

use eframe::egui::{Align, Key, Modifiers, Rect, ScrollArea, TextEdit, Ui, UiBuilder, pos2, vec2};

use crate::app::desk::{Command, Found};
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::heights::Heights;
use crate::gui::widgets::{script, scroll};
use crate::store::{Hit, Index, SearchQuery};

use filters::Filters;
pub use filters::{cases, choose};

/// How much is seen of what was found for an earlier question.
const OLD: f32 = 0.5;
/// Hits that are shown; more than a person reads through.
const MOST: usize = 200;

/// What is typed into the screen.
#[derive(Default)]
pub struct Search {
    text: String,
    filters: Filters,
    focused: bool,
    chosen: usize,
    /// The desk had no room for the question: it is to be asked again.
    unasked: bool,
    /// Enter was pressed before the answer came.
    enters: bool,
    /// Frames in which the chosen hit is still to be brought into view.
    reveal: u8,
    heights: Heights,
    width: f32,
}

impl Search {
    /// Paints the screen.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let words = scene.words;
        scene.heading(ui, "search-title");
        let mut changed = false;
        let mut in_field = false;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("search-words"));
            let width = (ui.available_width() - theme::GAP).clamp(120.0, 420.0);
            let field = TextEdit::singleline(&mut self.text)
                .char_limit(1000)
                .desired_width(width);
            let field = script::line(ui, field).labelled_by(label.id);
            changed |= field.changed();
            in_field = field.has_focus() || field.lost_focus();
            if !self.focused {
                self.focused = true;
                field.request_focus();
            }
        });
        changed |= self.filters.show(ui, scene);
        if changed {
            (self.chosen, self.enters) = (0, false);
            self.ask(scene);
        }
        ui.add_space(theme::GAP);
        if self.text.trim().is_empty() {
            script::label(ui, words.t("search-empty"), scene.own(ui));
            script::label(ui, words.t("search-how"), scene.remark(ui));
            return None;
        }
        if let Some(far) = scene.desk.board().indexing.get() {
            let (done, total) = (far.0.to_string(), far.1.to_string());
            let told = words.with("search-indexing", &[("done", &done), ("total", &total)]);
            script::label(ui, &told, scene.own(ui));
            return None;
        }
        let found = scene.desk.board().found.get()?;
        let old = found.asked != self.query() || found.across != self.filters.across;
        if old {
            ui.spinner();
        } else {
            self.told(ui, scene, &found);
        }
        let went = self.keys(ui, scene, &found, (in_field, old));
        ui.scope(|ui| {
            if old {
                ui.set_opacity(OLD);
            }
            self.hits(ui, scene, &found)
        })
        .inner
        .or(went)
    }

    /// Asks; where too much is waiting, Enter asks again.
    fn ask(&mut self, scene: &Scene<'_>) {
        let question = Command::Search(self.query(), self.filters.across);
        self.unasked = !scene.desk.ask(question);
    }

    fn query(&self) -> SearchQuery {
        SearchQuery {
            text: self.text.clone(),
            context: true,
            limit: MOST,
            ..self.filters.query()
        }
    }

    /// How much was found.
    fn told(&self, ui: &mut Ui, scene: &Scene<'_>, found: &Found) {
        let words = scene.words;
        let id = if found.more {
            "search-more"
        } else {
            "search-count"
        };
        let mut count = words.with(id, &[("count", &found.total.to_string())]);
        if found.total > found.hits.len() as u64 {
            let shown = found.hits.len().to_string();
            count.push_str("   ");
            count.push_str(&words.with("search-best", &[("count", &shown)]));
        }
        script::label(ui, &count, scene.remark(ui));
        if !found.complete {
            script::label(ui, words.t("search-incomplete"), scene.remark(ui));
        }
        for bundle in &found.broken {
            let told = words.with("search-broken", &[("bundle", bundle)]);
            script::label(ui, &told, scene.remark(ui));
        }
        let index = match found.index {
            Index::Used => None,
            Index::Mended => Some("search-mended"),
            Index::Unusable => Some("search-unusable"),
        };
        if let Some(told) = index {
            script::label(ui, words.t(told), scene.remark(ui));
        }
        if found.hits.is_empty() {
            let id = if self.filters.active() > 0 {
                "search-nothing-narrow"
            } else {
                "search-nothing"
            };
            script::label(ui, words.t(id), scene.own(ui));
        }
    }

    /// The keys of the hits, while the words are typed or nothing else has the keyboard.
    fn keys(
        &mut self,
        ui: &Ui,
        scene: &Scene<'_>,
        found: &Found,
        (in_field, old): (bool, bool),
    ) -> Option<Go> {
        if !in_field && ui.memory(|m| m.focused()).is_some() {
            return None;
        }
        let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        let entered = pressed(Key::Enter);
        if old {
            self.enters |= entered;
            if entered && self.unasked {
                self.ask(scene);
            }
            return None;
        }
        let entered = entered | std::mem::take(&mut self.enters);
        let last = found.hits.len().checked_sub(1)?;
        let at = self.chosen;
        for (key, to) in [
            (Key::ArrowDown, at.saturating_add(1)),
            (Key::ArrowUp, at.saturating_sub(1)),
        ] {
            if pressed(key) {
                self.chosen = to.min(last);
                self.reveal = 3;
            }
        }
        let hit = found.hits.get(self.chosen.min(last))?;
        if ui.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::P)) {
            play(scene, hit);
        }
        entered.then(|| to_line(hit))
    }

    /// The hits; only those that are seen are laid out.
    fn hits(&mut self, ui: &mut Ui, scene: &Scene<'_>, found: &Found) -> Option<Go> {
        let mut go = None;
        let area = ScrollArea::vertical().auto_shrink(false);
        area.show_viewport(ui, |ui, view| {
            let width = ui.available_width();
            if self.heights.len() != found.hits.len() || self.width != width {
                self.heights = Heights::new(found.hits.len(), theme::HIT_GUESS);
                self.width = width;
            }
            ui.set_height(self.heights.total());
            let origin = ui.max_rect().min;
            let mut at = self.heights.at(view.top());
            let mut top = self.heights.top(at);
            while top < view.bottom()
                && let Some(found) = found.hits.get(at)
            {
                let size = vec2(width, self.heights.row(at));
                let place = Rect::from_min_size(pos2(origin.x, origin.y + top), size);
                let builder = UiBuilder::new().max_rect(place).id_salt(("hit", at));
                let mut child = ui.new_child(builder);
                let chosen = at == self.chosen;
                match hit::show(&mut child, scene, found, chosen) {
                    Some(hit::Wish::Open) => go = Some(to_line(found)),
                    Some(hit::Wish::Play) => play(scene, found),
                    None => {}
                }
                let height = child.min_rect().height() + theme::GAP;
                self.heights.set(at, height);
                top += height;
                at = at.saturating_add(1);
            }
            self.reveal(ui, origin.y, width);
            scroll::keys(ui);
        });
        go
    }

    /// Brings the chosen hit into view; heights above it are guesses until they were laid out once.
    fn reveal(&mut self, ui: &Ui, top: f32, width: f32) {
        if self.reveal == 0 {
            return;
        }
        self.reveal -= 1;
        let place = Rect::from_min_size(
            pos2(ui.max_rect().left(), top + self.heights.top(self.chosen)),
            vec2(width, self.heights.row(self.chosen)),
        );
        ui.scroll_to_rect(place, None::<Align>);
        ui.ctx().request_repaint();
    }
}

/// The way to a hit's line. What a partner sent opens for reading only.
fn to_line(hit: &Hit) -> Go {
    match &hit.foreign {
        Some(bundle) => Go::Foreign(bundle.0.clone(), Some(hit.segment)),
        None => Go::Line(hit.interview.clone(), Some(hit.segment)),
    }
}

/// Plays a hit, or silences it where it is heard.
fn play(scene: &Scene<'_>, hit: &Hit) {
    if hit.foreign.is_some() {
        return;
    }
    if hit::is_heard(scene, hit) {
        scene.desk.ask(Command::Silence);
        return;
    }
    let percent = scene.choices.play_percent;
    let line = (hit.interview.clone(), hit.segment);
    scene.desk.ask(Command::PlayLine(line.0, line.1, percent));
}
