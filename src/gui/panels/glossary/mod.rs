//! The agreed terms in all languages, with who stands behind each; new ones, corrections, tables from
//! elsewhere and for others.

mod form;

use std::sync::Arc;

use eframe::egui::{Button, ScrollArea, Sense, TextEdit, Ui, WidgetInfo, accesskit::Role};

use crate::app::desk::{Command, JobKind, Shelf};
use crate::domain::Lang;
use crate::glossary::{Entry, Review, Term};
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::path::PathField;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::{job, scroll};
use crate::text;

use form::TermForm;

/// Height of one term's row, in points: two lines of the tallest script.
const ROW: f32 = 62.0;
/// Rows that are seen at least, however low the window is.
const FEWEST: f32 = 3.0;
/// Width of one language's column, in points.
const COLUMN: f32 = 150.0;

/// What is typed into the screen.
#[derive(Default)]
pub struct Glossary {
    filter: String,
    unreviewed: bool,
    kept: Kept,
    form: Option<TermForm>,
    /// The table that is taken in or written out, where that is being done.
    table: Option<(bool, PathField)>,
}

/// What was worked out of the terms once and serves until they or the filter are others.
#[derive(Default)]
struct Kept {
    shelf: Option<Arc<Shelf>>,
    /// All words of each term, as they are compared.
    folded: Vec<Vec<String>>,
    asked: Option<(String, bool)>,
    /// The places of the terms that are shown.
    shown: Vec<usize>,
    langs: Vec<Lang>,
}

impl Kept {
    fn renew(&mut self, shelf: &Arc<Shelf>, filter: &str, unreviewed: bool) {
        if !self
            .shelf
            .as_ref()
            .is_some_and(|own| Arc::ptr_eq(own, shelf))
        {
            let terms = &shelf.terms;
            self.folded = terms.iter().map(folded).collect();
            let has = |lang: &Lang| terms.iter().any(|t| t.entries.contains_key(lang));
            self.langs = Lang::ALL.into_iter().filter(has).collect();
            self.shelf = Some(Arc::clone(shelf));
            self.asked = None;
        }
        let asked = Some((filter.to_owned(), unreviewed));
        if self.asked == asked {
            return;
        }
        let wanted = text::fold(filter.trim());
        let holds = |words: &Vec<String>| words.iter().any(|word| word.contains(&wanted));
        let all = (0..).zip(shelf.terms.iter().zip(&self.folded));
        self.shown = all
            .filter(|(_, (term, _))| !unreviewed || term.entries.values().any(is_unreviewed))
            .filter(|(_, (_, words))| wanted.is_empty() || holds(words))
            .map(|(at, _)| at)
            .collect();
        self.asked = asked;
    }
}

impl Glossary {
    /// Paints the screen. It is scrolled as a whole where the window leaves the terms too little room.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let room = ui.available_height();
        let area = ScrollArea::vertical().auto_shrink(false);
        scroll::page(ui, area, |ui| {
            let top = ui.cursor().top();
            scene.heading(ui, "glossary-title");
            let Some(shelf) = scene.desk.board().shelf.get() else {
                return;
            };
            self.changes(ui, scene);
            job::trouble(ui, scene, JobKind::Terms);
            if let Some(form) = &mut self.form {
                // The terms would have no room beside the form.
                if form.show(ui, scene) {
                    self.form = None;
                }
            } else if shelf.terms.is_empty() {
                let words = scene.words;
                let (new, import) = (words.t("glossary-new"), words.t("glossary-import"));
                let told = words.with("glossary-empty", &[("new", new), ("import", import)]);
                script::label(ui, &told, scene.own(ui));
            } else {
                self.terms(ui, scene, &shelf, |ui| {
                    let used = ui.cursor().top() - top;
                    (room - used).max(FEWEST * ROW)
                });
            }
        });
        None
    }

    /// Whether a term was typed and not kept.
    pub fn is_typed(&self) -> bool {
        self.form.as_ref().is_some_and(TermForm::is_changed)
    }

    /// Takes a term that was typed and not kept out of the screen.
    pub fn put_by(&mut self, scene: &Scene<'_>) -> Option<Self> {
        self.form.take_if(|form| form.is_stored(scene));
        self.is_typed().then(|| {
            let form = self.form.take().map(TermForm::put_by);
            Self {
                form,
                ..Self::default()
            }
        })
    }

    /// The terms, in rows that are scrolled by themselves in both directions.
    fn terms(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        shelf: &Arc<Shelf>,
        height: impl FnOnce(&Ui) -> f32,
    ) {
        let words = scene.words;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("glossary-filter"));
            let field = TextEdit::singleline(&mut self.filter).id_salt("filter");
            let field = field.char_limit(200).desired_width(220.0);
            script::line(ui, field).labelled_by(label.id);
            ui.checkbox(&mut self.unreviewed, words.t("glossary-unreviewed"));
        });
        self.kept.renew(shelf, &self.filter, self.unreviewed);
        let (shown, langs) = (&self.kept.shown, &self.kept.langs);
        let count = words.with("glossary-count", &[("count", &shown.len().to_string())]);
        script::label(ui, &count, scene.remark(ui));
        let mut wanted = None;
        let height = height(ui);
        let area = ScrollArea::both().id_salt("terms").auto_shrink(false);
        let area = area.max_height(height).min_scrolled_height(height);
        area.show_rows(ui, ROW, shown.len(), |ui, rows| {
            let rows = shown.get(rows).into_iter().flatten();
            for term in rows.filter_map(|at| shelf.terms.get(*at)) {
                let row = ui.horizontal_top(|ui| {
                    for lang in langs {
                        ui.allocate_ui(eframe::egui::vec2(COLUMN, ROW - theme::GAP), |ui| {
                            ui.set_min_size(eframe::egui::vec2(COLUMN, ROW - theme::GAP));
                            ui.vertical(|ui| cell(ui, scene, *lang, term.entries.get(lang)));
                        });
                    }
                });
                let response = row.response.interact(Sense::click());
                let name = words.with("glossary-correct", &[("term", &called(term))]);
                response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
                if response.on_hover_text(&name).clicked() {
                    wanted = Some(term.clone());
                }
            }
            scroll::keys(ui);
        });
        self.form = wanted.map(TermForm::new).or(self.form.take());
    }

    /// A new term, a table taken in, a table written out.
    fn changes(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        ui.horizontal_wrapped(|ui| {
            // A form that is open would be lost.
            let new = Button::new(words.t("glossary-new"));
            if ui.add_enabled(self.form.is_none(), new).clicked() {
                self.form = Some(TermForm::new(Term::default()));
            }
            for (id, brings) in [("glossary-import", true), ("glossary-export", false)] {
                if ui.button(words.t(id)).clicked() {
                    self.table = Some((brings, PathField::default()));
                }
            }
        });
        let Some((brings, field)) = &mut self.table else {
            return;
        };
        if *brings {
            field.show(ui, scene, "glossary-table");
        } else {
            field.show_out(ui, scene, "glossary-table", ("glossary", "csv"));
        }
        let mut closes = false;
        ui.horizontal_wrapped(|ui| {
            let id = if *brings { "add" } else { "export-write" };
            let button = Button::new(words.t(id));
            // A table is taken in where other long work is done.
            let may = !(field.waits() || *brings && job::is_running(scene));
            if ui.add_enabled(may, button).clicked()
                && let Some(path) = field.path()
            {
                let command = if *brings {
                    Command::ImportTerms(path)
                } else {
                    Command::ExportTerms(path)
                };
                closes = scene.desk.ask(command);
            }
            closes |= ui.button(words.t("cancel")).clicked();
        });
        if *brings && job::is_running(scene) {
            script::label(ui, words.t("intake-wait"), scene.remark(ui));
        }
        if closes {
            self.table = None;
        }
    }
}

/// The words of a term in the first language that has some.
fn called(term: &Term) -> String {
    let words = term
        .entries
        .values()
        .find_map(|entry| entry.admitted.first());
    words.cloned().unwrap_or_default()
}

fn cell(ui: &mut Ui, scene: &Scene<'_>, lang: Lang, entry: Option<&Entry>) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let colours = theme::of(ui);
    let Some(entry) = entry else {
        script::label(ui, "–", Letters::small(ui, lang));
        return;
    };
    let preferred = entry.admitted.first().map_or("", String::as_str);
    let all = entry.admitted.join(" · ");
    script::label(ui, preferred, Letters::running(ui, lang)).on_hover_text(all);
    let (state, colour) = match entry.review {
        Review::Sourced => (scene.words.t("review-sourced"), colours.good),
        Review::Reviewed => (scene.words.t("review-reviewed"), colours.good),
        Review::Unreviewed => (scene.words.t("review-unreviewed"), colours.doubt),
    };
    script::label(ui, state, scene.remark(ui).coloured(colour));
}

fn is_unreviewed(entry: &Entry) -> bool {
    entry.review == Review::Unreviewed
}

/// Its name and all its words, as they are compared.
fn folded(term: &Term) -> Vec<String> {
    let entries = term.entries.values();
    let words = entries.flat_map(|entry| entry.admitted.iter().chain(&entry.forbidden));
    let all = std::iter::once(&term.id).chain(words);
    all.map(|word| text::fold(word)).collect()
}
