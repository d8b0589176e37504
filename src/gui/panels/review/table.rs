//! One transcript as rows. Only rows that are seen are laid out, so a day of speech scrolls like a
//! minute of it.

use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui::{Align, Rect, ScrollArea, Sense, Ui, UiBuilder, WidgetInfo, pos2, vec2};

use crate::app::Choices;
use crate::app::desk::{JobKind, Notice, Opened, Told};
use crate::domain::{InterviewId, Segment, SegmentId};
use crate::gui::safe;
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::heights::Heights;
use crate::gui::widgets::{job, marked, script, scroll, told};
use crate::gui::words::Words;

use super::drafts::Drafts;
use super::editor::{Editor, Ended};
use super::listen::Ear;
use super::near::{self, NearNames};
use super::overview::Strip;
use super::row::{self, Open, Standing, Wish};
use super::undo::Undo;
use super::waits::Waits;
use super::work::{self, Work};

mod acts;
mod around;
mod keys;
mod take;
mod walk;

use acts::dropped;
use walk::Aim;

/// Rows that a page key moves over.
const PAGE: usize = 10;

/// What is kept between frames.
#[derive(Default)]
pub struct Table {
    heights: Heights,
    /// The line of each row.
    ids: Vec<SegmentId>,
    width: f32,
    /// The row that the person is at,
    chosen: usize,
    /// and its line, once it was painted: rows that come before it move the row, never the person.
    at: Option<SegmentId>,
    /// Where the view began in the last frame.
    top: f32,
    /// Where it is to begin, because rows above it came or went.
    shift: Option<f32>,
    /// What stands around the rows is unfolded in a low window.
    tools: bool,
    /// Frames in which the chosen row is still to be brought into view: heights above it are guesses
    /// until they were laid out once.
    reveal: u8,
    /// The interview that was painted last.
    of: Option<InterviewId>,
    editor: Option<Editor>,
    drafts: Drafts,
    work: Option<Work>,
    /// A partner's interview: nothing is changed.
    read_only: bool,
    undo: Undo,
    trouble: Option<Told>,
    /// What a key found nothing of, as an id of words.
    remark: Option<&'static str>,
    /// The line that is being signed for: the next one follows.
    signing: Option<SegmentId>,
    /// The words that are marked in a text.
    marked: Option<String>,
    /// The line to go to as soon as it is there.
    wanted: Option<SegmentId>,
    versions: bool,
    strip: Strip,
    near: NearNames,
    waits: Waits,
    ear: Ear,
    /// Where the person wants to go.
    leave: Option<Go>,
}

/// What came of a frame.
#[derive(Default)]
pub struct Answer {
    /// Back to the list.
    pub back: bool,
    /// To somewhere else.
    pub go: Option<Go>,
}

impl Table {
    /// For another interview; one of a partner's is only read.
    pub fn new(drafts: Drafts, undo: Undo, read_only: bool) -> Self {
        Self {
            drafts,
            undo,
            read_only,
            ..Self::default()
        }
    }

    /// Goes to a line; what is open is put by. Whether it went: what is on its way is waited for.
    pub fn go_to(&mut self, scene: &Scene<'_>, opened: &Opened, line: SegmentId) -> bool {
        let waits = self.editor.as_ref().is_some_and(Editor::is_on_its_way)
            || self.work.as_ref().is_some_and(Work::is_on_its_way);
        if waits {
            return false;
        }
        if let Some(at) = opened.place(line) {
            let id = &opened.interview.id;
            self.of = Some(id.clone());
            self.put_by(id);
            self.choose(at);
            self.drop_unfit(scene, opened);
            self.remark = self.drafts.forms.any_of(id).then_some("form-waits");
        }
        true
    }

    /// Whether nothing is being written.
    fn is_free(&self) -> bool {
        self.editor.is_none() && self.work.is_none()
    }

    fn choose(&mut self, at: usize) {
        if self.is_free() {
            (self.trouble, self.remark) = (None, None);
            self.signing = None;
            self.chosen = at;
            self.at = None;
            self.ear.leave();
            self.versions = false;
            self.reveal = 3;
        }
    }

    /// Paints the transcript.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Arc<Opened>) -> Answer {
        if self.of.as_ref() != Some(&opened.interview.id) {
            self.of = Some(opened.interview.id.clone());
            self.reopen(scene, opened);
        }
        self.marked = marked::words(ui.ctx());
        let gone = self.stay(opened);
        self.hear(scene, opened);
        if gone {
            self.drop_unfit(scene, opened);
        }
        let short = theme::is_short(ui);
        let mut answer = Answer {
            back: self.head(ui, scene, opened, short),
            go: None,
        };
        if let Some(told) = &self.trouble {
            let failure = theme::of(ui).failure;
            told::show(ui, scene.words, told, failure);
        }
        if let Some(remark) = self.remark {
            script::label(ui, scene.words.t(remark), scene.own(ui));
        }
        if !short {
            self.around(ui, scene, opened);
        } else if self.tools {
            // The rows keep their part of the window.
            let most = ui.available_height() * 0.5;
            let area = ScrollArea::vertical().id_salt("around").max_height(most);
            scroll::part(ui, area, |ui| {
                ui.horizontal_wrapped(|ui| self.title(ui, scene, opened));
                self.around(ui, scene, opened);
            });
        }
        answer.go = self.leave.take();
        self.new_line(ui, scene, opened);
        self.keys(ui, scene, opened);
        if opened.lines.is_empty() {
            script::label(ui, scene.words.t("review-no-lines"), scene.own(ui));
            return answer;
        }
        if !short {
            ui.separator();
        }
        let mut area = ScrollArea::vertical().auto_shrink(false);
        area = area.id_salt(&opened.interview.id.0);
        if let Some(shift) = self.shift.take() {
            area = area.vertical_scroll_offset(shift);
        }
        area.show_viewport(ui, |ui, view| {
            answer.go = self.rows(ui, scene, opened, view).or(answer.go.take());
            scroll::follow(ui);
        });
        self.at = opened.lines.get(self.chosen).map(|line| line.id);
        answer
    }

    /// Lines came or went: the person stays at the same line, and the view where it was. Whether any may be gone
    /// below which something is typed.
    fn stay(&mut self, opened: &Opened) -> bool {
        // What is open of a line that is gone is put by, unless its answer is still to come.
        let gone = |line: SegmentId| !opened.lines.iter().any(|own| own.id == line);
        let editor = self.editor.as_ref().map(|e| (e.segment, e.is_on_its_way()));
        let work = self.work.as_ref();
        let work = work.and_then(|w| Some((w.segment()?, w.is_on_its_way())));
        let is_left = |open: Option<(_, bool)>| open.is_some_and(|(l, on)| !on && gone(l));
        let is_left = is_left(editor) || is_left(work);
        if is_left {
            self.put_by(&opened.interview.id);
        }
        if let Some(now) = self.at.and_then(|line| opened.place(line)) {
            self.chosen = now;
        }
        let own = self.ids.iter();
        if own.eq(opened.lines.iter().map(|line| &line.id)) {
            return is_left;
        }
        let ids: Vec<SegmentId> = opened.lines.iter().map(|line| line.id).collect();
        let ids = std::mem::replace(&mut self.ids, ids);
        let new = Heights::new(self.ids.len(), theme::ROW_GUESS);
        let old = std::mem::replace(&mut self.heights, new);
        let known: HashMap<SegmentId, usize> = ids.iter().copied().zip(0..).collect();
        for (row, id) in self.ids.iter().enumerate() {
            if let Some(before) = known.get(id) {
                self.heights.set(row, old.row(*before));
            }
        }
        let first = old.at(self.top);
        let seen = ids.get(first).and_then(|id| opened.place(*id));
        match seen {
            Some(row) => {
                let inside = self.top - old.top(first);
                self.shift = Some(self.heights.top(row) + inside);
            }
            None => self.reveal = 3,
        }
        true
    }

    /// What became of changes of the lines.
    fn hear(&mut self, scene: &Scene<'_>, opened: &Opened) {
        self.hear_refused(scene, opened);
        if let Some(done) = self.work.as_mut().and_then(|work| work.hear(scene)) {
            match self.work.take() {
                Some(Work::Despite(form)) => self.signing = Some(form.segment),
                Some(Work::Near(_)) => self.near.renew(),
                _ => {}
            }
            if let Some(change) = done.change {
                self.undo.done(change);
            }
            self.wanted = done.line.or(self.wanted.take());
            self.leave = signed(scene, done.by);
        }
        match self.undo.hear(scene, &opened.interview.id) {
            Some(Ok(line)) => self.wanted = Some(line),
            Some(Err(refused)) => {
                self.trouble = Some(refused.told);
                self.remark = refused.dropped.then_some("undo-dropped");
            }
            None => {}
        }
        self.trouble = self.near.hear(scene).or(self.trouble.take());
        let came = self.ear.came_to(scene, opened);
        if let Some(at) = came.and_then(|l| opened.place(l)) {
            self.choose(at);
        }
        self.after_signing(opened);
        // The lines that are shown may be older than the change by a frame.
        if let Some(at) = self.wanted.and_then(|line| opened.place(line)) {
            self.wanted = None;
            // A form that was dropped with the lines that stood here is still to be read of.
            let told = self.trouble.clone().filter(|told| *told == dropped(scene));
            self.choose(at);
            self.trouble = told.or(self.trouble.take());
        }
    }

    /// Why a line was not signed for: told by its form, above the lines of its interview, or elsewhere as a
    /// message.
    fn hear_refused(&mut self, scene: &Scene<'_>, opened: &Opened) {
        let board = scene.desk.board();
        let Some(refused) = board.uncertified.take() else {
            return;
        };
        let told = refused.told.clone();
        if refused.interview != opened.interview.id {
            board.tell(Notice::Failed(told));
            return;
        }
        self.signing = None;
        let own = |work: &Work| work.is_signed_as(refused.number);
        if !self.work.as_ref().is_some_and(own) {
            self.trouble = Some(told);
        }
    }

    /// What the interview is; whether to go back.
    fn head(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Arc<Opened>, short: bool) -> bool {
        let words = scene.words;
        let mut back = false;
        ui.horizontal_wrapped(|ui| {
            back = ui.button(words.t("review-back")).clicked();
            if short {
                ui.toggle_value(&mut self.tools, words.t("review-tools"));
            } else {
                self.title(ui, scene, opened);
            }
        });
        job::trouble(ui, scene, JobKind::Evidence);
        job::trouble(ui, scene, JobKind::Again);
        back
    }

    /// Its name, and how many lines it has.
    fn title(&self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) {
        let (words, interview) = (scene.words, &opened.interview);
        let name = safe::name(interview.case.as_deref().unwrap_or(&interview.id.0));
        ui.strong(name).on_hover_text(&interview.id.0);
        let count = opened.lines.len().to_string();
        ui.label(words.with("lines-count", &[("count", &count)]));
        let done = walk::reviewed(opened).to_string();
        ui.label(words.with("lines-reviewed", &[("done", &done), ("count", &count)]));
        if self.read_only {
            let doubt = theme::of(ui).doubt;
            script::label(ui, words.t("search-foreign"), scene.own(ui).coloured(doubt));
        }
    }

    fn play(&mut self, scene: &Scene<'_>, opened: &Opened) {
        if let Some(line) = opened.lines.get(self.chosen) {
            self.ear.play(scene, opened, line);
        }
    }

    fn rows(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened, view: Rect) -> Option<Go> {
        let width = ui.available_width();
        self.top = view.top();
        if self.width != width {
            self.heights = Heights::new(opened.lines.len(), theme::ROW_GUESS);
            self.width = width;
            self.reveal = 3;
        }
        self.chosen = self.chosen.min(opened.lines.len().saturating_sub(1));
        ui.set_height(self.heights.total());
        let origin = ui.max_rect().min;
        let mut at = self.heights.at(view.top());
        let mut top = self.heights.top(at);
        let mut go = None;
        while top < view.bottom()
            && let Some(line) = opened.lines.get(at)
        {
            let place = Rect::from_min_size(
                pos2(origin.x, origin.y + top),
                vec2(width, self.heights.row(at)),
            );
            let (height, went) = self.row(ui, scene, opened, at, line, place);
            go = went.or(go);
            self.heights.set(at, height);
            top += height;
            at = at.saturating_add(1);
        }
        if self.reveal > 0 {
            self.reveal -= 1;
            let top = origin.y + self.heights.top(self.chosen);
            let place = Rect::from_min_size(
                pos2(origin.x, top),
                vec2(width, self.heights.row(self.chosen)),
            );
            ui.scroll_to_rect(place, None::<Align>);
            ui.ctx().request_repaint();
        }
        go
    }

    /// One row; its height, and where the person wants to go.
    fn row(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        opened: &Opened,
        at: usize,
        line: &Segment,
        place: Rect,
    ) -> (f32, Option<Go>) {
        let chosen = at == self.chosen;
        let id = &opened.interview.id;
        let colours = theme::of(ui);
        let builder = UiBuilder::new()
            .max_rect(place)
            .id_salt(("line", line.id.0));
        let mut child = ui.new_child(builder.sense(Sense::click()));
        let ground = match (chosen, at % 2) {
            (true, _) => colours.chosen,
            (_, 0) => colours.ground,
            _ => colours.stripe,
        };
        child.painter().rect_filled(place, 0.0, ground);
        let versions = scene.desk.board().versions.get();
        let versions = versions
            .filter(|v| self.versions && chosen && v.interview == *id && v.segment == line.id);
        let playing = scene.desk.board().playing.get();
        let rendered = opened.rendered_after(line.id);
        let mut near = Vec::new();
        if chosen && !self.read_only {
            self.near.ask(scene, id, line);
            near = near::found(scene, id, line);
        }
        let standing = Standing {
            near: &near,
            rendered: &rendered,
            chosen,
            tools: chosen && (self.tools || !theme::is_short(ui)),
            // A new line that is being put somewhere stands above all lines.
            working: matches!(self.work, Some(Work::Add(_))),
            heard: playing.is_some_and(|p| p.interview == *id && p.hears(line)),
            sound: !opened.interview.audio.is_empty(),
            read_only: self.read_only,
            languages: &opened.interview.languages,
            versions: versions.as_deref(),
        };
        let mut ended = Ended::Open;
        let mut left = work::Ended::Open;
        let editor = self.editor.as_mut().filter(|e| e.segment == line.id);
        let work = self.work.as_mut().filter(|w| w.segment() == Some(line.id));
        let wish = match (editor, work) {
            (Some(editor), _) => {
                let side = editor.side;
                let mut paint = |ui: &mut Ui| ended = editor.show(ui, scene, id);
                let open = Open::Correction(side, &mut paint);
                row::show(&mut child, scene, line, standing, open)
            }
            (None, Some(work)) => {
                let mut paint = |ui: &mut Ui| left = work.show(ui, scene, opened);
                row::show(&mut child, scene, line, standing, Open::Below(&mut paint))
            }
            (None, None) => row::show(&mut child, scene, line, standing, Open::Nothing),
        };
        let height = child.min_rect().height();
        let response = child.response();
        let name = spoken_name(scene.words, line);
        response.widget_info(|| {
            let role = eframe::egui::accesskit::Role::ListItem;
            WidgetInfo::selected(role, true, chosen, &name)
        });
        if response.clicked() {
            self.choose(at);
            self.reveal = 0;
        }
        if self.plays(&response, opened, at) {
            self.grant(scene, opened, Wish::Play);
        }
        if let Some(wish) = wish {
            self.grant(scene, opened, wish);
        }
        if left == work::Ended::Left {
            self.work = None;
        }
        (height, self.ended(scene, opened, line, ended))
    }
}

/// The next change begins with the name that signed this one.
fn signed(scene: &Scene<'_>, by: String) -> Option<Go> {
    let signs = Choices {
        name: by,
        ..scene.choices.clone()
    };
    (signs != *scene.choices).then_some(Go::Choose(signs))
}

/// What a screen reader says of a row.
fn spoken_name(words: &Words, line: &Segment) -> String {
    format!(
        "{} {} {} {}",
        line.id.0,
        safe::clock(line.span.start.as_ms()),
        row::speaker(words, &line.speaker),
        line.text
    )
}
