//! Ctrl+Z and Ctrl+Shift+Z over what was changed in this window. To undo is one more change: it says the
//! former places again, or the former words.

use std::collections::HashMap;

use crate::app::desk::{Command, Told};
use crate::domain::{InterviewId, SegmentId};
use crate::gui::shell::Scene;
use crate::gui::words::Words;
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
    /// It was said who speaks in lines.
    Speakers {
        /// Who spoke in each of them before.
        before: Speakers,
        /// Who speaks since.
        after: Speakers,
    },
}

/// Who speaks in lines.
pub type Speakers = Vec<(SegmentId, String)>;

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

    /// Something was changed that cannot be taken back, because nothing stood there before. What was done
    /// earlier can still be taken back, and says so.
    pub fn passed(&mut self) {
        self.undone.clear();
    }

    /// What the last change was that can be taken back, in words.
    pub fn told(&self, words: &Words) -> Option<String> {
        Some(match self.done.last()? {
            Change::Lines(_) => words.t("undo-cut").to_owned(),
            Change::Words { segment, .. } => {
                words.with("undo-words", &[("line", &segment.0.to_string())])
            }
            Change::Speakers { before, .. } => {
                words.with("undo-speakers", &[("count", &before.len().to_string())])
            }
        })
    }

    /// Somebody changed what was changed here, so that nothing can be taken back one by one any more.
    fn forget(&mut self) {
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
                let reason = scene.words.t("edit-undone").to_owned();
                let edit = side.edit(before, by, Some(reason));
                Command::Edit(id.clone(), *segment, edit, sent)
            }
            Change::Speakers { before, .. } => {
                let reason = scene.words.t("edit-undone").to_owned();
                Command::Speakers(id.clone(), before.clone(), (by, Some(reason)), sent)
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
                if let Err(told) = self.stored(scene, number)? {
                    return Some(Err(told));
                }
                let made = Change::Words {
                    segment,
                    side,
                    before: after,
                    after: before,
                };
                (made, Some(segment))
            }
            Change::Speakers { before, after } => {
                if let Err(told) = self.stored(scene, number)? {
                    return Some(Err(told));
                }
                let line = before.first().map(|(line, _)| *line);
                let made = Change::Speakers {
                    before: after,
                    after: before,
                };
                (made, line)
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

impl Undo {
    /// Whether what was asked under this number is stored, once there is an answer.
    fn stored(&mut self, scene: &Scene<'_>, number: u64) -> Option<Result<(), Told>> {
        let answer = scene.desk.board().saved.get();
        let answer = answer.filter(|a| a.number == number)?;
        self.asked = None;
        Some(answer.failed.clone().map_or(Ok(()), Err))
    }
}

/// Whether what a change made stands there now: somebody may have put it right since.
fn still_stands(scene: &Scene<'_>, change: &Change) -> bool {
    let opened = scene.desk.board().opened.get();
    let line = |segment| {
        let opened = opened.as_ref()?;
        opened.lines.get(opened.place(segment)?)
    };
    match change {
        Change::Lines(_) => true,
        Change::Words {
            segment,
            side,
            after,
            ..
        } => line(*segment).is_some_and(|line| {
            let lang = match side {
                Side::Said => line.lang,
                Side::Translation(lang) => *lang,
            };
            line.words_in(lang).map(str::trim) == Some(after.trim())
        }),
        Change::Speakers { after, .. } => {
            let lines = opened.iter().flat_map(|opened| &opened.lines);
            let speak: HashMap<SegmentId, &str> =
                lines.map(|l| (l.id, l.speaker.as_str())).collect();
            after.iter().all(|(segment, name)| {
                // One that gave way is looked for by what took its place.
                let now = speak.get(segment).copied();
                let now = now.or_else(|| line(*segment).map(|l| l.speaker.as_str()));
                now == Some(name.as_str())
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Lang;

    #[test]
    fn what_fills_an_empty_place_leaves_what_was_done_before_it() {
        let words = Words::of(Lang::En);
        let mut undo = Undo::default();
        assert_eq!(undo.told(&words), None);
        for line in [3, 5] {
            undo.done(Change::Words {
                segment: SegmentId(line),
                side: Side::Said,
                before: "ຂ້ອຍ".to_owned(),
                after: "ຂ້ານ້ອຍ".to_owned(),
            });
        }
        undo.passed();
        let told = undo.told(&words);
        assert!(told.is_some_and(|told| told.contains("line 5")));
        undo.forget();
        assert_eq!(undo.told(&words), None);
    }
}
