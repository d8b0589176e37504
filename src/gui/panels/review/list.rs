//! The list of interviews: each with its day, languages, length, and what is still to be done with it.

use std::sync::Arc;

use eframe::egui::text::LayoutJob;
use eframe::egui::{Button, Galley, TextEdit, Ui, vec2};

use crate::app::Unfinished;
use crate::app::desk::{Command, JobKind};
use crate::domain::InterviewSummary;
use crate::gui::deeds;
use crate::gui::safe;
use crate::gui::shell::{Go, Scene, Screen};
use crate::gui::theme;
use crate::gui::widgets::rows::{Rows, row};
use crate::gui::widgets::{job, script};
use crate::text;

/// Height of one interview in the list, in points,
const ROW: f32 = 44.0;
/// and where it may take two lines.
const TALL: f32 = 62.0;
/// More interviews than this are looked through by a filter.
const FEW: usize = 20;

/// What is kept between frames.
#[derive(Default)]
pub struct List {
    rows: Rows,
    filter: String,
}

impl List {
    /// Paints it.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let words = scene.words;
        scene.heading(ui, "review-title");
        let Some(interviews) = scene.desk.board().interviews.get() else {
            ui.spinner();
            return None;
        };
        let mut go = None;
        if interviews.is_empty() {
            script::label(ui, words.t("review-empty"), scene.own(ui));
        }
        let unfinished = deeds::unfinished(scene);
        told(ui, scene, &unfinished);
        ui.horizontal_wrapped(|ui| {
            if ui.button(words.t("review-new")).clicked() {
                go = Some(Go::To(Screen::Interview));
            }
            let waits = deeds::waits(scene) && !job::is_running(scene);
            if waits && ui.button(words.t("resume")).clicked() {
                scene.desk.ask(Command::Resume(None));
            }
        });
        if let Some(id) = job::show(ui, scene, &[JobKind::Import, JobKind::Resume]) {
            go = Some(Go::Line(id, None));
        }
        let typing = interviews.len() > FEW && self.field(ui, scene);
        ui.add_space(theme::GAP);
        let shown = self.filtered(scene, &interviews);
        if shown.is_empty() && !interviews.is_empty() {
            script::label(ui, words.t("palette-nothing"), scene.own(ui));
        }
        let count = shown.len();
        let taken = self.rows.keys(ui, count, typing);
        let to = |one: &&InterviewSummary| Go::Line(one.id.clone(), None);
        go = taken.and_then(|at| shown.get(at)).map(to).or(go);
        let narrow = ui.available_width() < theme::NARROW;
        let height = if narrow { TALL } else { ROW };
        self.rows.show(ui, height, count, |ui, at, chosen| {
            let Some(interview) = shown.get(at) else {
                return;
            };
            let size = vec2(ui.available_width(), height - theme::GAP);
            let rest = standing(scene, interview, &unfinished);
            let text = format!("{}   {rest}", named(scene, interview));
            let button = if narrow {
                let button = Button::new(in_two_lines(ui, text));
                if chosen {
                    button.selected(true)
                } else {
                    button
                }
            } else {
                row(text, chosen)
            };
            if ui.add(button.min_size(size)).clicked() {
                go = Some(to(interview));
            }
        });
        go
    }

    /// The field of the filter; whether somebody types into it.
    fn field(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> bool {
        let mut typing = false;
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(scene.words.t("review-filter"));
            let width = ui.available_width().clamp(100.0, 260.0);
            let field = TextEdit::singleline(&mut self.filter).id_salt("interviews");
            let field = field.char_limit(200).desired_width(width);
            let field = script::line(ui, field).labelled_by(label.id);
            if field.changed() {
                self.rows.anew();
            }
            typing = field.has_focus() || field.lost_focus();
        });
        typing
    }

    /// The interviews in whose case, languages or day every word stands that was typed.
    fn filtered<'a>(
        &self,
        scene: &Scene<'_>,
        interviews: &'a [InterviewSummary],
    ) -> Vec<&'a InterviewSummary> {
        let typed = text::fold(self.filter.trim());
        if typed.is_empty() || interviews.len() <= FEW {
            return interviews.iter().collect();
        }
        let holds = |one: &&InterviewSummary| {
            let mut all = named(scene, one);
            for lang in &one.languages {
                all.push_str("   ");
                all.push_str(lang.name());
            }
            all.push_str("   ");
            all.push_str(&one.started);
            let all = text::fold(&all);
            typed.split_whitespace().all(|word| all.contains(word))
        };
        interviews.iter().filter(holds).collect()
    }
}

/// As much of a text as two lines of a row hold.
fn in_two_lines(ui: &Ui, text: String) -> Arc<Galley> {
    let width = ui.available_width() - 2.0 * ui.spacing().button_padding.x;
    let (font, colour) = (theme::font(theme::TEXT), theme::of(ui).text);
    let mut job = LayoutJob::simple(text, font, colour, width);
    job.wrap.max_rows = 2;
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

/// Says what was cut off.
fn told(ui: &mut Ui, scene: &Scene<'_>, unfinished: &Unfinished) {
    let doubt = theme::of(ui).doubt;
    for (id, count) in [
        ("cut-off-recordings", unfinished.recordings.len()),
        ("cut-off-imports", unfinished.imports),
    ] {
        if count > 0 {
            let text = scene.words.with(id, &[("count", &count.to_string())]);
            script::label(ui, &text, scene.own(ui).coloured(doubt));
        }
    }
}

/// Its day, languages and case.
fn named(scene: &Scene<'_>, interview: &InterviewSummary) -> String {
    let languages: Vec<&str> = interview
        .languages
        .iter()
        .map(|l| l.native_name())
        .collect();
    let day = scene.words.day(&interview.started);
    let mut text = format!("{day}   {}", languages.join(" – "));
    if let Some(case) = &interview.case {
        text.push_str("   ");
        text.push_str(&safe::name(case));
    }
    text
}

/// Its length, its lines and what is to be done with them.
fn standing(scene: &Scene<'_>, interview: &InterviewSummary, unfinished: &Unfinished) -> String {
    let words = scene.words;
    let mut text = format!(
        "{}   {}",
        words.digits(&safe::clock(interview.duration_ms)),
        words.with("lines-count", &[("count", &interview.segments.to_string())]),
    );
    if unfinished.recordings.contains(&interview.id) {
        text.push_str("   ");
        text.push_str(words.t("cut-off"));
    }
    let failed = unfinished.failed.get(&interview.id).copied();
    for (id, count) in [
        ("flagged-count", interview.flagged),
        ("pending-count", interview.pending),
        ("failed-count", failed.unwrap_or(0)),
    ] {
        if count > 0 {
            text.push_str("   ");
            text.push_str(&words.with(id, &[("count", &count.to_string())]));
        }
    }
    text
}
