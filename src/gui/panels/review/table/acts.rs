//! What is done with the chosen line: what opens in it or below it, and how a correction ends.

use eframe::egui::Response;

use crate::app::Hint;
use crate::app::desk::{Command, Notice, Opened, Task, Told};
use crate::domain::{InterviewId, Segment};
use crate::gui::shell::{Go, Scene, Screen};

use super::super::again::AgainForm;
use super::super::despite::DespiteForm;
use super::super::drafts::Drafts;
use super::super::editor::{Editor, Ended, Side};
use super::super::recutter::Recutter;
use super::super::row::{self, Wish};
use super::super::speaker::SpeakerForm;
use super::super::term::TermForm;
use super::super::undo::Undo;
use super::super::work::Work;
use super::{Table, signed};

impl Table {
    /// Does what a row, its buttons or its keys want of the chosen line.
    pub(super) fn grant(&mut self, scene: &Scene<'_>, opened: &Opened, wish: Wish) {
        let Some(line) = opened.lines.get(self.chosen) else {
            return;
        };
        if self.read_only && !matches!(wish, Wish::Play) {
            return;
        }
        let by = &scene.choices.name;
        (self.trouble, self.remark) = (None, None);
        match wish {
            Wish::Play => self.play(scene, opened),
            Wish::Correct(side) => {
                self.put_by(&opened.interview.id);
                let editor = self.drafts.open(&opened.interview.id, line, side, by);
                self.editor = Some(editor);
                self.reveal = 3;
            }
            Wish::Prefer(lang, at) => {
                let found = line.translations.iter().find(|t| t.lang == lang);
                let others = found.map(row::alternatives).unwrap_or_default();
                if let Some((engine, text)) = others.into_iter().nth(at) {
                    let reason = scene.words.with("edit-preferred", &[("engine", &engine)]);
                    self.put_by(&opened.interview.id);
                    let editor = Editor::new(line, Side::Translation(lang), by);
                    self.editor = Some(editor.with(text, reason, by));
                    self.reveal = 3;
                }
            }
            Wish::TakeName(at) => self.take_name(scene, opened, line, at),
            Wish::LeaveName(at) => self.leave_name(scene, opened, line, at),
            Wish::Split => {
                let place = self.ear.place(scene, line.id);
                let inside = line.span.start.as_ms()..line.span.end.as_ms();
                let place = place.filter(|ms| inside.contains(ms));
                self.split(scene, line, place.map_or(Hint::Middle, Hint::Time));
            }
            Wish::Merge => {
                self.work = Recutter::merge(opened, line, by).map(Work::Recut);
                self.opened(scene, "recut-no-next");
            }
            Wish::Retime => {
                self.begin(Work::Recut(Recutter::retime(opened, line, by)));
            }
            Wish::Edge(edge, ms) => {
                let moved = Recutter::retime(opened, line, by).with_edge(edge, ms);
                self.begin(Work::Recut(moved));
            }
            Wish::Speaker => self.begin(Work::Speaker(SpeakerForm::new(opened, line, by))),
            Wish::Again => self.begin(Work::Again(AgainForm::new(opened, line, by))),
            Wish::Term => {
                let form = TermForm::new(opened, line, self.marked_in(line), by);
                self.begin(Work::Term(form));
            }
            Wish::TakeBack(number) => {
                let id = &opened.interview.id;
                self.undo.take_back(scene, id, number);
            }
            Wish::Certify if scene.desk.board().signer.get().is_none() => {
                scene.desk.board().tell(Notice::Failed(Told {
                    what: scene.words.t("certify-no-key").to_owned(),
                    next: scene.words.t("certify-no-key-next").to_owned(),
                }));
                self.leave = Some(Go::To(Screen::Evidence));
            }
            Wish::Certify if let Some(form) = DespiteForm::of(line, opened) => {
                self.begin(Work::Despite(form));
            }
            Wish::Certify => {
                let id = opened.interview.id.clone();
                let task = Task::Certify(id, vec![line.id], None);
                let asked = scene.desk.ask(Command::Task(task));
                self.signing = asked.then_some(line.id);
            }
            Wish::Versions => {
                self.versions = !self.versions;
                let id = opened.interview.id.clone();
                if self.versions {
                    scene.desk.ask(Command::Versions(id, line.id));
                }
            }
        }
    }

    /// Closes the editor; what was typed in it is found there again.
    pub(super) fn put_by(&mut self, interview: &InterviewId) {
        if let Some(editor) = self.editor.take() {
            self.drafts.keep(interview, &editor);
        }
    }

    /// For another interview: what was typed in this one is not lost, nor what can be taken back in it.
    pub fn leave(mut self) -> (Drafts, Option<(InterviewId, Undo)>) {
        let of = self.of.take();
        if let Some(of) = &of {
            self.put_by(of);
        }
        self.undo.leave();
        let own = of.filter(|_| !self.read_only);
        (self.drafts, own.map(|of| (of, self.undo)))
    }

    /// How many places have words that were typed and not kept.
    pub fn unkept(&self) -> usize {
        match &self.of {
            Some(of) => self.drafts.count(of, self.editor.as_ref()),
            None => self.drafts.len(),
        }
    }

    /// What was typed and not kept, without what stands in the open editor.
    pub fn drafts(&mut self) -> &mut Drafts {
        &mut self.drafts
    }

    /// Closes the editor, with what was typed in it among the drafts.
    pub fn close_editor(&mut self) {
        if let Some(of) = self.of.clone() {
            self.put_by(&of);
        }
    }

    pub(super) fn begin(&mut self, work: Work) {
        self.work = Some(work);
        self.reveal = 3;
    }

    fn split(&mut self, scene: &Scene<'_>, line: &Segment, hint: Hint) {
        self.work = Recutter::split(line, hint, &scene.choices.name).map(Work::Recut);
        self.opened(scene, "recut-no-words");
    }

    /// Brings what was opened into view, or says why nothing was.
    fn opened(&mut self, scene: &Scene<'_>, why_not: &'static str) {
        self.reveal = 3;
        if self.work.is_none() {
            self.trouble = Some(Told {
                what: scene.words.t(why_not).to_owned(),
                next: String::new(),
            });
        }
    }

    /// Whether a press on a row is to be heard: where there is sound and nothing is being written, one is
    /// enough.
    pub(super) fn plays(&self, pressed: &Response, opened: &Opened, at: usize) -> bool {
        let free = self.editor.is_none() && self.work.is_none() && self.chosen == at;
        let once = pressed.clicked() && free && !opened.interview.audio.is_empty();
        once || pressed.double_clicked()
    }

    /// What became of a correction.
    pub(super) fn ended(
        &mut self,
        scene: &Scene<'_>,
        opened: &Opened,
        line: &Segment,
        ended: Ended,
    ) -> Option<Go> {
        match ended {
            Ended::Term(lang, marked) => {
                self.editor = None;
                let by = &scene.choices.name;
                let form = TermForm::new(opened, line, Some((lang, marked)), by);
                self.begin(Work::Term(form));
                None
            }
            Ended::Part(at) => {
                self.editor = None;
                self.split(scene, line, Hint::Text(at));
                None
            }
            Ended::Open => None,
            Ended::Left => {
                self.put_by(&opened.interview.id);
                None
            }
            Ended::Stored(by) => {
                if let Some(editor) = &self.editor {
                    self.drafts.forget(&opened.interview.id, editor);
                }
                match self.editor.take() {
                    Some(editor) if editor.has_before() => self.undo.done(editor.change()),
                    // Nothing stood there that could be put back.
                    Some(_) => self.undo.passed(),
                    None => {}
                }
                signed(scene, by)
            }
        }
    }
}
