//! Ctrl+Z and Ctrl+Shift+Z over the changes of lines that were made in this window. To undo is one more
//! change that says the former places again.

use crate::app::desk::{Command, Told};
use crate::domain::{InterviewId, SegmentId};
use crate::gui::shell::Scene;
use crate::store::Recutting;

/// The numbers of changes that can be taken back, and of takings-back that can be.
#[derive(Default)]
pub struct Undo {
    done: Vec<u32>,
    undone: Vec<u32>,
    asked: Option<(u64, Step)>,
}

#[derive(Clone, Copy)]
enum Step {
    Back,
    Again,
    Other,
}

impl Undo {
    /// A change was made.
    pub fn done(&mut self, number: u32) {
        self.done.push(number);
        self.undone.clear();
    }

    /// Takes the last change back.
    pub fn undo(&mut self, scene: &Scene<'_>, id: &InterviewId, next: &mut u64) {
        if let Some(number) = self.done.last() {
            self.ask(scene, id, *number, Step::Back, next);
        }
    }

    /// Makes the change again that was taken back last.
    pub fn redo(&mut self, scene: &Scene<'_>, id: &InterviewId, next: &mut u64) {
        if let Some(number) = self.undone.last() {
            self.ask(scene, id, *number, Step::Again, next);
        }
    }

    /// Takes any change back, also one that was made at another time.
    pub fn take_back(&mut self, scene: &Scene<'_>, id: &InterviewId, number: u32, next: &mut u64) {
        let last = self.done.last() == Some(&number);
        let step = if last { Step::Back } else { Step::Other };
        self.ask(scene, id, number, step, next);
    }

    fn ask(
        &mut self,
        scene: &Scene<'_>,
        id: &InterviewId,
        number: u32,
        step: Step,
        next: &mut u64,
    ) {
        if self.asked.is_some() {
            return;
        }
        *next = next.saturating_add(1);
        let by = scene.choices.name.clone();
        let undo = Command::Recut(id.clone(), Recutting::Undo(number), by, None, *next);
        if scene.desk.ask(undo) {
            self.asked = Some((*next, step));
        }
    }

    /// What became of what was asked: a line that stands again, or the error.
    pub fn hear(&mut self, scene: &Scene<'_>) -> Option<Result<SegmentId, Told>> {
        let (number, step) = self.asked?;
        let answer = scene.desk.board().recut.get()?;
        if answer.number != number {
            return None;
        }
        self.asked = None;
        let Some(done) = &answer.done else {
            return answer.failed.clone().map(Err);
        };
        match step {
            Step::Back => {
                self.done.pop();
                self.undone.push(done.number);
            }
            Step::Again => {
                self.undone.pop();
                self.done.push(done.number);
            }
            Step::Other => self.done(done.number),
        }
        done.standing().next().map(Ok)
    }
}
