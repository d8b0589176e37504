//! Finding words in all interviews while they are typed. Up and down choose a hit, Enter opens its
//! line, Ctrl+P plays it and silences it; each hit says why it was found. What was found for an earlier
//! question is shown as old until the answer comes, and Enter waits for the answer. Other languages are searched
//! once nobody types for a moment, below what was found at once.

mod filters;
mod hit;

use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{Align, Key, Modifiers, Rect, ScrollArea, TextEdit, Ui, UiBuilder, pos2, vec2};

use crate::app::ModelInfo;
use crate::app::desk::{Command, Found};
use crate::domain::Cancel;
use crate::gui::shell::{Go, Scene, Screen};
use crate::gui::theme;
use crate::gui::widgets::heights::Heights;
use crate::gui::widgets::{script, scroll};
use crate::store::{Hit, Index, SearchQuery};

use filters::Filters;
pub use filters::{cases, choose};

/// How much is seen of what was found for an earlier question.
const OLD: f32 = 0.5;
/// So long nobody types, in seconds, before translators are asked.
const PAUSE: f64 = 0.8;
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
    /// When other languages are to be searched, by the clock of the window.
    due: Option<f64>,
    /// Ends that search.
    reach: Option<Cancel>,
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
                .id_salt("search-words")
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
            self.plan(ui, scene);
        }
        self.reach(ui, scene);
        if self.filters.across && !translates(scene) {
            let told = words.with("search-no-translator", &[]);
            script::label(ui, &told, scene.own(ui));
            if ui.button(words.t("nav-models")).clicked() {
                return Some(Go::To(Screen::Models));
            }
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
            if ui.button(words.t("search-index-stop")).clicked() {
                scene.desk.stop_mending();
            }
            return None;
        }
        let found = self.found(scene)?;
        let old = found.asked != self.query() || found.across != self.filters.across;
        if old {
            ui.spinner();
        } else {
            self.told(ui, scene, &found);
        }
        if let Some(lang) = scene.desk.board().reaching.get() {
            ui.horizontal_wrapped(|ui| {
                ui.spinner();
                let values = [("language", lang.native_name())];
                let told = words.with("search-reaching", &values);
                script::label(ui, &told, scene.remark(ui));
            });
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

    /// What was found: with other languages, once that has come.
    fn found(&self, scene: &Scene<'_>) -> Option<Arc<Found>> {
        let board = scene.desk.board();
        let reached = board.reached.get().filter(|_| self.filters.across);
        let reached = reached.filter(|found| found.asked == self.query());
        reached.or_else(|| board.found.get())
    }

    /// The question is another one: what is searched in other languages ends, and waits for a pause in typing.
    fn plan(&mut self, ui: &Ui, scene: &Scene<'_>) {
        let begun = self.reach.take();
        if let Some(reach) = &begun {
            reach.cancel();
        }
        scene.desk.board().reached.take();
        let wanted = self.filters.across && !self.text.trim().is_empty();
        self.due = wanted.then(|| ui.input(|i| i.time) + PAUSE);
        if begun.is_some() && !self.filters.across {
            scene.desk.ask(Command::NotAcross);
        }
    }

    /// Has other languages searched once it is time.
    fn reach(&mut self, ui: &Ui, scene: &Scene<'_>) {
        let Some(due) = self.due else { return };
        let now = ui.input(|i| i.time);
        if now < due {
            let left = Duration::from_secs_f64(due - now);
            ui.ctx().request_repaint_after(left);
            return;
        }
        let reach = Cancel::new();
        let question = Command::SearchAcross(self.query(), reach.clone());
        let asked = scene.desk.ask(question);
        self.reach = asked.then_some(reach);
        self.due = (!asked).then_some(now + PAUSE);
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
        if entered && self.due.is_some() {
            self.due = Some(0.0);
            ui.ctx().request_repaint();
        }
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

/// Whether a model is installed that translates what is looked for; one for practice is never asked. So as
/// well while it is not known yet.
fn translates(scene: &Scene<'_>) -> bool {
    let asked = |model: &ModelInfo| model.purpose == "translation" && !model.practice;
    let shelf = scene.desk.board().shelf.get();
    shelf.is_none_or(|shelf| shelf.models.iter().any(asked))
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
    if hit::is_heard(scene, hit) {
        scene.desk.ask(Command::Silence);
        return;
    }
    let percent = scene.choices.play_percent;
    let line = hit.segment;
    scene.desk.ask(match &hit.foreign {
        Some(bundle) => Command::PlayForeign(bundle.0.clone(), line, percent),
        None => Command::PlayLine(hit.interview.clone(), line, percent),
    });
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;
    use std::time::Instant;

    use eframe::egui::Event;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::domain::Lang;
    use crate::gui::empty_window::over;

    #[test]
    fn where_no_model_translates_it_is_said_and_the_way_to_one_is_offered() {
        let search = Rc::new(RefCell::new(Search::default()));
        let (reached, languages) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
        let (own, came, told) = (
            Rc::clone(&search),
            Rc::clone(&reached),
            Rc::clone(&languages),
        );
        let went = Rc::new(RefCell::new(None));
        let go = Rc::clone(&went);
        let mut asked = false;
        let (_dir, mut window) = over(Lang::En, move |ui, scene| {
            if !std::mem::replace(&mut asked, true) {
                scene.desk.ask(Command::Shelf);
            }
            let wish = own.borrow_mut().show(ui, scene);
            let before = go.take();
            go.replace(wish.or(before));
            came.set(scene.desk.board().reached.get().is_some());
            told.set(told.get() | scene.desk.board().reaching.get().is_some());
        });
        let sees = |window: &egui_kittest::Harness<'_>| {
            let told = "No translation model is installed";
            window.query_by_label_contains(told).is_some()
        };
        assert!(!sees(&window), "nobody asked for other languages");
        window.event(Event::Text("ຫຼວງພະບາງ".to_owned()));
        window.get_by_label("Other languages too").click();
        let begun = Instant::now();
        while !reached.get() || !sees(&window) {
            assert!(begun.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_millis(5));
            window.step();
        }
        assert!(!languages.get(), "nothing translates into any");
        window.get_by_label("Models").click();
        window.run_steps(2);
        assert_eq!(*went.borrow(), Some(Go::To(Screen::Models)));
    }

    #[test]
    fn other_languages_wait_for_a_pause_in_typing_and_end_with_the_next_letter() {
        let search = Rc::new(RefCell::new(Search::default()));
        let (reached, plain) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
        let (own, came, found) = (Rc::clone(&search), Rc::clone(&reached), Rc::clone(&plain));
        let (_dir, mut window) = over(Lang::En, move |ui, scene| {
            own.borrow_mut().show(ui, scene);
            came.set(scene.desk.board().reached.get().is_some());
            found.set(scene.desk.board().found.get().is_some());
        });
        let until = |window: &mut egui_kittest::Harness<'_>, is: &Cell<bool>| {
            let begun = Instant::now();
            while !is.get() {
                assert!(begun.elapsed() < Duration::from_secs(60));
                std::thread::sleep(Duration::from_millis(5));
                window.step();
            }
        };
        window.event(Event::Text("ຫຼວງພະບາງ".to_owned()));
        window.run_steps(2);
        until(&mut window, &plain);
        window.run_steps(10);
        assert!(
            search.borrow().reach.is_none() && !reached.get(),
            "nobody asked for it"
        );
        window.get_by_label("Other languages too").click();
        window.run_steps(2);
        // A frame is a quarter of a second by the clock of the window.
        assert!(search.borrow().due.is_some() && search.borrow().reach.is_none());
        window.run_steps(4);
        let first = search.borrow().reach.clone().expect("it is asked");
        until(&mut window, &reached);
        assert!(!first.is_cancelled());
        search.borrow_mut().focused = false;
        window.run_steps(2);
        window.event(Event::Text("ວ".to_owned()));
        window.run_steps(2);
        assert!(
            first.is_cancelled() && !reached.get(),
            "it is another question"
        );
        // Enter does not wait for the pause.
        assert!(search.borrow().reach.is_none());
        window.key_press(Key::Enter);
        window.run_steps(2);
        let second = search.borrow().reach.clone().expect("it is asked");
        window.get_by_label("Other languages too").click();
        window.run_steps(2);
        assert!(second.is_cancelled() && search.borrow().due.is_none());
    }
}
