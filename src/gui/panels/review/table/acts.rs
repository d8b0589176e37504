//! What is done with the chosen line: what opens in it or below it, and how a correction ends.

use eframe::egui::Response;

use crate::app::Hint;
use crate::app::desk::{Command, Notice, Opened, Told};
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
                self.split(
                    scene,
                    (opened, line),
                    place.map_or(Hint::Middle, Hint::Time),
                );
            }
            Wish::Merge => {
                let merge = Recutter::merge(opened, line, by);
                self.begin_or_say(scene, opened, merge, "recut-no-next");
            }
            Wish::Retime => {
                let moved = Recutter::retime(opened, line, by);
                self.begin(scene, opened, Work::Recut(moved));
            }
            Wish::Edge(edge, ms) => {
                let moved = Recutter::retime(opened, line, by).with_edge(edge, ms);
                self.begin(scene, opened, Work::Recut(moved));
            }
            Wish::Speaker => {
                let form = SpeakerForm::new(opened, line, by);
                self.begin(scene, opened, Work::Speaker(form));
            }
            Wish::Again => {
                let form = AgainForm::new(opened, line, by);
                self.begin(scene, opened, Work::Again(form));
            }
            Wish::Term => {
                let form = TermForm::new(opened, line, self.marked_in(line), by);
                self.begin(scene, opened, Work::Term(form));
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
                self.begin(scene, opened, Work::Despite(form));
            }
            Wish::Certify => {
                let id = opened.interview.id.clone();
                let number = scene.desk.number();
                let sign = Command::Certify(id, vec![line.id], None, number);
                let asked = scene.desk.ask(sign);
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

    /// Closes what is open; what was typed in it is found there again.
    pub(super) fn put_by(&mut self, interview: &InterviewId) {
        if let Some(editor) = self.editor.take() {
            self.drafts.keep(interview, &editor);
        }
        if let Some(work) = self.work.take() {
            self.drafts.forms.keep(interview, work);
        }
    }

    /// Closes what is open, for another desk. What was on its way and is stored by now is not kept.
    pub fn put_all_by(&mut self, scene: &Scene<'_>) {
        if let Some(of) = self.of.clone() {
            if let Some(editor) = self.editor.take_if(|editor| editor.is_stored(scene)) {
                self.drafts.forget(&of, &editor);
            }
            self.put_by(&of);
        }
        self.drafts.hear(scene);
        self.drafts.forms.begin_anew();
    }

    /// Whether a form was filled in and not kept.
    pub fn has_forms(&self) -> bool {
        self.drafts.has_forms() || self.work.as_ref().is_some_and(Work::is_typed)
    }

    /// An interview is read again: what waits below a line of it is open. What does not fit any more is not
    /// given back, which is said.
    pub(super) fn reopen(&mut self, scene: &Scene<'_>, opened: &Opened) {
        self.drop_unfit(scene, opened);
        self.work = self.drafts.forms.last(opened);
        let line = self.work.as_ref().and_then(Work::segment);
        if let Some(at) = line.and_then(|line| opened.place(line)) {
            self.chosen = at;
            self.reveal = 3;
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
        if let (Some(of), Some(editor)) = (&self.of, self.editor.take()) {
            self.drafts.keep(of, &editor);
        }
    }

    /// Opens a form, as it was left where it was. One that does not fit its line any more is not given back,
    /// which is said.
    pub(super) fn begin(&mut self, scene: &Scene<'_>, opened: &Opened, work: Work) {
        let (work, dropped) = self.drafts.forms.instead(opened, work);
        self.work = Some(work);
        self.reveal = 3;
        if dropped {
            self.say_dropped(scene);
        }
    }

    /// A form does not wait any more that does not fit its line, or whose line gave way to others, which is
    /// said.
    pub(super) fn drop_unfit(&mut self, scene: &Scene<'_>, opened: &Opened) {
        if !self.read_only && self.drafts.forms.drop_unfit(opened) {
            self.say_dropped(scene);
        }
    }

    fn say_dropped(&mut self, scene: &Scene<'_>) {
        self.trouble = Some(dropped(scene));
    }

    fn split(&mut self, scene: &Scene<'_>, (opened, line): (&Opened, &Segment), hint: Hint) {
        let split = Recutter::split(line, hint, &scene.choices.name);
        self.begin_or_say(scene, opened, split, "recut-no-words");
    }

    /// Opens it, or says why there is nothing to open.
    fn begin_or_say(
        &mut self,
        scene: &Scene<'_>,
        opened: &Opened,
        form: Option<Recutter>,
        why_not: &'static str,
    ) {
        match form {
            Some(form) => self.begin(scene, opened, Work::Recut(form)),
            None => {
                self.trouble = Some(Told {
                    what: scene.words.t(why_not).to_owned(),
                    next: String::new(),
                });
            }
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
                self.begin(scene, opened, Work::Term(form));
                None
            }
            Ended::Part(at) => {
                self.editor = None;
                self.split(scene, (opened, line), Hint::Text(at));
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

/// What is said of a form that does not fit its line any more.
pub(super) fn dropped(scene: &Scene<'_>) -> Told {
    Told {
        what: scene.words.t("edit-changed").to_owned(),
        next: scene.words.t("edit-changed-next").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::sync::Arc;
    use std::time::{Duration, Instant};

    use super::*;
    use crate::domain::{Lang, SegmentId};
    use crate::gui::empty_window::over;

    #[test]
    fn a_signature_that_is_refused_is_told_as_a_message_where_another_interview_is_open() {
        let id = InterviewId("this".to_owned());
        let opened = Arc::new(Opened::of(&id.0, &[Lang::My, Lang::Zh], Vec::new()));
        for (of, elsewhere) in [(InterviewId("another".to_owned()), true), (id, false)] {
            let (own, shown) = (Rc::new(RefCell::new(Table::default())), Arc::clone(&opened));
            let (table, told) = (Rc::clone(&own), Rc::new(RefCell::new(None)));
            let (heard, mut asked) = (Rc::clone(&told), false);
            let (_dir, mut window) = over(Lang::En, move |ui, scene| {
                if !std::mem::replace(&mut asked, true) {
                    // No key is open, so it is refused.
                    let lines = vec![SegmentId(1)];
                    scene.desk.ask(Command::Certify(of.clone(), lines, None, 7));
                }
                table.borrow_mut().show(ui, scene, &shown);
                if let Some(notice) = scene.desk.board().next_notice() {
                    *heard.borrow_mut() = Some(notice);
                }
            });
            let begun = Instant::now();
            while told.borrow().is_none() && own.borrow().trouble.is_none() {
                assert!(begun.elapsed() < Duration::from_secs(60), "nobody told");
                std::thread::sleep(Duration::from_millis(5));
                window.step();
            }
            window.run_steps(3);
            assert_eq!(told.borrow().is_some(), elsewhere);
            assert_eq!(own.borrow().trouble.is_some(), !elsewhere);
        }
    }
}
