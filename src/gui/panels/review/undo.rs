//! Ctrl+Z and Ctrl+Shift+Z over what was changed in this window. To undo is one more change: it says the
//! former places again, or the former words.

use crate::app::Edit;
use crate::app::desk::{Command, Told};
use crate::domain::{InterviewId, SegmentId};
use crate::gui::shell::Scene;
use crate::store::Recutting;

use super::editor::Side;

/// What can be taken back, and what was taken back and can be made again.
#[derive(Default)]
pub struct Undo {
    done: Vec<Change>,
    undone: Vec<Change>,
    asked: Option<(u64, Step, Change)>,
    refused: Option<Told>,
}

/// A change that was made in this window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Lines were parted, joined or moved: the number of that.
    Lines(u32),
    /// Words were corrected.
    Words {
        /// The line.
        segment: SegmentId,
        /// Which side of it.
        side: Side,
        /// What stood there before.
        before: String,
        /// What stands there since.
        after: String,
    },
}

#[derive(Clone, Copy)]
enum Step {
    Back,
    Again,
    Other,
}

impl Undo {
    /// A change was made.
    pub fn done(&mut self, change: Change) {
        self.done.push(change);
        self.undone.clear();
    }

    /// Something else was changed, which is not taken back by a key: what came before it stays.
    pub fn forget(&mut self) {
        self.done.clear();
        self.undone.clear();
    }

    /// Takes the last change back.
    pub fn undo(&mut self, scene: &Scene<'_>, id: &InterviewId) {
        if let Some(change) = self.done.last() {
            self.ask(scene, id, change.clone(), Step::Back);
        }
    }

    /// Makes the change again that was taken back last.
    pub fn redo(&mut self, scene: &Scene<'_>, id: &InterviewId) {
        if let Some(change) = self.undone.last() {
            self.ask(scene, id, change.clone(), Step::Again);
        }
    }

    /// Takes any change of lines back, also one that was made at another time.
    pub fn take_back(&mut self, scene: &Scene<'_>, id: &InterviewId, number: u32) {
        let change = Change::Lines(number);
        let last = self.done.last() == Some(&change);
        let step = if last { Step::Back } else { Step::Other };
        self.ask(scene, id, change, step);
    }

    fn ask(&mut self, scene: &Scene<'_>, id: &InterviewId, change: Change, step: Step) {
        if self.asked.is_some() {
            return;
        }
        if !still_stands(scene, &change) {
            let words = |id| scene.words.t(id).to_owned();
            self.refused = Some(Told {
                what: words("edit-changed"),
                next: words("edit-changed-next"),
            });
            self.forget();
            return;
        }
        let sent = scene.desk.number();
        let by = scene.choices.name.clone();
        let command = match &change {
            Change::Lines(number) => {
                Command::Recut(id.clone(), Recutting::Undo(*number), by, None, sent)
            }
            Change::Words {
                segment,
                side,
                before,
                ..
            } => {
                let words = before.clone();
                let (text, translation) = match side {
                    Side::Said => (Some(words), None),
                    Side::Translation(lang) => (None, Some((Some(*lang), words))),
                };
                let edit = Edit {
                    text,
                    translation,
                    by,
                    reason: Some(scene.words.t("edit-undone").to_owned()),
                };
                Command::Edit(id.clone(), *segment, edit, sent)
            }
        };
        if scene.desk.ask(command) {
            self.asked = Some((sent, step, change));
        }
    }

    /// What became of what was asked: a line that stands again, or the error.
    pub fn hear(&mut self, scene: &Scene<'_>) -> Option<Result<SegmentId, Told>> {
        if let Some(told) = self.refused.take() {
            return Some(Err(told));
        }
        let (number, step, change) = self.asked.clone()?;
        let (made, line) = match change {
            Change::Lines(_) => {
                let answer = scene
                    .desk
                    .board()
                    .recut
                    .get()
                    .filter(|a| a.number == number)?;
                self.asked = None;
                let Some(done) = &answer.done else {
                    return answer.failed.clone().map(Err);
                };
                (Change::Lines(done.number), done.standing().next())
            }
            Change::Words {
                segment,
                side,
                before,
                after,
            } => {
                let answer = scene
                    .desk
                    .board()
                    .saved
                    .get()
                    .filter(|a| a.number == number)?;
                self.asked = None;
                if let Some(told) = &answer.failed {
                    return Some(Err(told.clone()));
                }
                let made = Change::Words {
                    segment,
                    side,
                    before: after,
                    after: before,
                };
                (made, Some(segment))
            }
        };
        match step {
            Step::Back => {
                self.done.pop();
                self.undone.push(made);
            }
            Step::Again => {
                self.undone.pop();
                self.done.push(made);
            }
            Step::Other => self.done(made),
        }
        line.map(Ok)
    }
}

/// Whether the words that a change made stand there now: somebody may have put them right since.
fn still_stands(scene: &Scene<'_>, change: &Change) -> bool {
    let Change::Words {
        segment,
        side,
        after,
        ..
    } = change
    else {
        return true;
    };
    let opened = scene.desk.board().opened.get();
    let line = opened.as_ref().and_then(|opened| {
        let at = opened.place(*segment)?;
        opened.lines.get(at)
    });
    line.is_some_and(|line| {
        let lang = match side {
            Side::Said => line.lang,
            Side::Translation(lang) => *lang,
        };
        line.words_in(lang).map(str::trim) == Some(after.trim())
    })
}
