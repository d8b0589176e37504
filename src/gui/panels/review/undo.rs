//! Ctrl+Z and Ctrl+Shift+Z over what was changed in this window. To undo is one more change: it says the
//! former places again, or the former words. What cannot be taken back is told and left out, so that what was
//! done before it can be.

use std::collections::{HashMap, VecDeque};

use crate::app::desk::{Command, Opened, PutBack, Told};
use crate::domain::{InterviewId, Lang, Segment, SegmentId, Status};
use crate::gui::shell::Scene;
use crate::gui::widgets::job;
use crate::gui::words::Words;
use crate::store::{Former, Recutting};

use super::editor::Side;

/// So many steps at most wait for the one on its way: a key that is held down asks for no more.
const MOST_WAITING: usize = 16;

/// What can be taken back, and what was taken back and can be made again.
#[derive(Default)]
pub struct Undo {
    done: Vec<Change>,
    undone: Vec<Change>,
    asked: Option<(u64, Step, Change)>,
    /// What was asked for while another was on its way.
    waiting: VecDeque<Step>,
    refused: Option<Refused>,
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
    /// A machine heard or translated a line once more.
    Again {
        /// The line.
        segment: SegmentId,
        /// What stood there before.
        before: Former,
        /// What stands there since, where that is known: the machine may still be at work.
        after: Option<Former>,
    },
    /// Something that is not taken back here.
    Stays(Stays),
}

/// What is not taken back here. It stands among the changes so that nobody takes an older one back by
/// mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// A new term.
    Term,
    /// What a machine wrote where no words stood before.
    FirstWords(SegmentId),
}

/// Who speaks in lines.
pub type Speakers = Vec<(SegmentId, String)>;

/// Why a change is not taken back.
#[derive(Clone, Debug)]
pub struct Refused {
    /// In words.
    pub told: Told,
    /// It was left out: the change before it is the next one.
    pub dropped: bool,
}

/// Which way a change goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The last change is taken back.
    Back,
    /// The change that was taken back last is made again.
    Again,
    /// Any change of lines is taken back.
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

    /// Nobody waits any more for what was asked: whether it was done is seen when it is asked for again.
    pub fn leave(&mut self) {
        (self.asked, self.refused) = (None, None);
        self.waiting.clear();
    }

    /// What the last change was that can be taken back, in words.
    pub fn told(&self, words: &Words) -> Option<String> {
        let of_line = |id, line: &SegmentId| words.with(id, &[("line", &line.0.to_string())]);
        Some(match self.done.last()? {
            Change::Lines(_) => words.t("undo-cut").to_owned(),
            Change::Words { segment, .. } => of_line("undo-words", segment),
            Change::Speakers { before, .. } => {
                words.with("undo-speakers", &[("count", &before.len().to_string())])
            }
            Change::Again { segment, .. } | Change::Stays(Stays::FirstWords(segment)) => {
                of_line("undo-again", segment)
            }
            Change::Stays(Stays::Term) => words.t("undo-term").to_owned(),
        })
    }

    /// One step, now or after those that were asked for before it.
    pub fn step(&mut self, scene: &Scene<'_>, id: &InterviewId, step: Step) {
        if self.asked.is_some() {
            self.waiting.push_back(step);
            return self.waiting.truncate(MOST_WAITING);
        }
        let change = match step {
            Step::Back => self.done.last(),
            Step::Again => self.undone.last(),
            Step::Other => None,
        };
        if let Some(change) = change {
            self.ask(scene, id, change.clone(), step);
        }
    }

    /// What came of the step on its way; the next one goes after it, unless that one was refused.
    pub fn hear(
        &mut self,
        scene: &Scene<'_>,
        id: &InterviewId,
    ) -> Option<Result<SegmentId, Refused>> {
        let heard = self.answer(scene);
        if let Some(Err(_)) = heard {
            self.waiting.clear();
        }
        while self.asked.is_none()
            && self.refused.is_none()
            && let Some(step) = self.waiting.pop_front()
        {
            self.step(scene, id, step);
        }
        heard
    }

    /// Takes any change of lines back, also one that was made at another time.
    pub fn take_back(&mut self, scene: &Scene<'_>, id: &InterviewId, number: u32) {
        let change = Change::Lines(number);
        let last = self.done.last() == Some(&change);
        let step = if last { Step::Back } else { Step::Other };
        self.ask(scene, id, change, step);
    }

    /// It cannot be taken back: it is left out.
    fn refuse(&mut self, step: Step, told: Told) -> Refused {
        let from = match step {
            Step::Back => Some(&mut self.done),
            Step::Again => Some(&mut self.undone),
            Step::Other => None,
        };
        let dropped = from.is_some_and(|all| all.pop().is_some());
        Refused { told, dropped }
    }

    fn ask(&mut self, scene: &Scene<'_>, id: &InterviewId, mut change: Change, step: Step) {
        if self.asked.is_some() {
            return;
        }
        if matches!(change, Change::Again { .. }) && job::is_running(scene) {
            // What it makes is not known yet.
            let (told, dropped) = (told(scene, "intake-wait", None), false);
            self.refused = Some(Refused { told, dropped });
            return;
        }
        let opened = scene.desk.board().opened.get();
        let opened = opened.filter(|opened| opened.interview.id == *id);
        if let Some(told) = stays(scene, opened.as_deref(), &change) {
            self.refused = Some(self.refuse(step, told));
            return;
        }
        let sent = scene.desk.number();
        let by = scene.choices.name.clone();
        let signed = (by.clone(), scene.words.t("edit-undone").to_owned());
        let line = |segment| line(opened.as_deref(), segment);
        let back = match &mut change {
            Change::Lines(number) => {
                let undo = Recutting::Undo(*number);
                let asked = Command::Recut(id.clone(), undo, by, None, sent);
                if scene.desk.ask(asked) {
                    self.asked = Some((sent, step, change));
                }
                return;
            }
            Change::Words {
                segment,
                side,
                before,
                ..
            } => {
                let mut former = Former::default();
                match side {
                    Side::Said => former.said = line(*segment).map(|l| (l.lang, before.clone())),
                    Side::Translation(lang) => former.translations.push((*lang, before.clone())),
                }
                PutBack::Words(*segment, former)
            }
            Change::Again {
                segment,
                before,
                after,
            } => {
                // So that it can be made again.
                *after = line(*segment).map(|line| as_it_stands(line, before));
                PutBack::Words(*segment, before.clone())
            }
            Change::Speakers { before, .. } => PutBack::Speakers(before.clone()),
            Change::Stays(_) => return,
        };
        if scene
            .desk
            .ask(Command::PutBack(id.clone(), back, signed, sent))
        {
            self.asked = Some((sent, step, change));
        }
    }

    /// What became of what was asked: a line that stands again, or why not.
    fn answer(&mut self, scene: &Scene<'_>) -> Option<Result<SegmentId, Refused>> {
        if let Some(refused) = self.refused.take() {
            return Some(Err(refused));
        }
        let (number, step, change) = self.asked.clone()?;
        let board = scene.desk.board();
        let (failed, passes, done) = if matches!(change, Change::Lines(_)) {
            let answer = board.recut.take(number)?;
            (answer.failed, answer.passes, answer.done)
        } else {
            let answer = board.saved.take(number)?;
            (answer.failed, answer.passes, None)
        };
        self.asked = None;
        if let Some(told) = failed {
            // What may pass can be asked for again.
            return Some(Err(if passes {
                let dropped = false;
                Refused { told, dropped }
            } else {
                self.refuse(step, told)
            }));
        }
        let (made, line) = match change {
            Change::Lines(_) => {
                let done = done?;
                (Change::Lines(done.number), done.standing().next())
            }
            Change::Words {
                segment,
                side,
                before,
                after,
            } => {
                let made = Change::Words {
                    segment,
                    side,
                    before: after,
                    after: before,
                };
                (made, Some(segment))
            }
            Change::Speakers { before, after } => {
                let line = before.first().map(|(line, _)| *line);
                let made = Change::Speakers {
                    before: after,
                    after: before,
                };
                (made, line)
            }
            Change::Again {
                segment,
                before,
                after,
            } => {
                let made = Change::Again {
                    segment,
                    before: after.unwrap_or_default(),
                    after: Some(before),
                };
                (made, Some(segment))
            }
            Change::Stays(_) => return None,
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

/// Two messages: what is, and what to do.
fn told(scene: &Scene<'_>, what: &'static str, next: Option<&'static str>) -> Told {
    let words = |id| scene.words.t(id).to_owned();
    Told {
        what: words(what),
        next: next.map(words).unwrap_or_default(),
    }
}

/// A line as it is shown; of one that gave way, the first that took its place.
fn line(opened: Option<&Opened>, segment: SegmentId) -> Option<&Segment> {
    let opened = opened?;
    opened.lines.get(opened.place(segment)?).map(AsRef::as_ref)
}

/// The parts of a line that `like` has, as they stand now.
fn as_it_stands(line: &Segment, like: &Former) -> Former {
    let said = (line.lang, line.text.clone());
    let translations = match &like.said {
        Some(_) => translated(line),
        None => {
            let of = |(lang, _): &(Lang, String)| {
                let found = line.translations.iter().find(|t| t.lang == *lang)?;
                Some((*lang, found.text.clone()))
            };
            like.translations.iter().filter_map(of).collect()
        }
    };
    Former {
        said: like.said.is_some().then_some(said),
        translations,
    }
}

/// The translations of the words that a line has now.
pub fn translated(line: &Segment) -> Vec<(Lang, String)> {
    let own = line
        .translations
        .iter()
        .filter(|t| t.of_version == line.version);
    own.map(|t| (t.lang, t.text.clone())).collect()
}

/// Why a change is not taken back, if it is not.
fn stays(scene: &Scene<'_>, opened: Option<&Opened>, change: &Change) -> Option<Told> {
    let history = Some("edit-changed-next");
    match change {
        Change::Stays(Stays::Term) => {
            return Some(told(scene, "undo-term-stays", Some("undo-term-stays-next")));
        }
        Change::Stays(Stays::FirstWords(_)) => {
            return Some(told(scene, "undo-again-stays", history));
        }
        _ => {}
    }
    let certified = touched(opened, change)
        .into_iter()
        .filter_map(|segment| line(opened, segment))
        .find(|line| line.status == Status::Certified);
    if let Some(line) = certified {
        let number = line.id.0.to_string();
        return Some(Told {
            what: scene.words.with("undo-certified", &[("line", &number)]),
            next: scene.words.t("undo-certified-next").to_owned(),
        });
    }
    (!still_stands(opened, change)).then(|| told(scene, "edit-changed", history))
}

/// The lines that a change concerns.
fn touched(opened: Option<&Opened>, change: &Change) -> Vec<SegmentId> {
    match change {
        Change::Lines(number) => {
            let recuts = opened.iter().flat_map(|opened| &opened.recuts);
            let own = recuts.filter(|recut| recut.number == *number);
            own.flat_map(|recut| recut.standing()).collect()
        }
        Change::Words { segment, .. } | Change::Again { segment, .. } => vec![*segment],
        Change::Speakers { before, .. } => before.iter().map(|(line, _)| *line).collect(),
        Change::Stays(_) => Vec::new(),
    }
}

/// Whether what a change made stands there now: somebody may have put it right since.
fn still_stands(opened: Option<&Opened>, change: &Change) -> bool {
    let line = |segment| line(opened, segment);
    match change {
        Change::Lines(_) | Change::Stays(_) => true,
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
        Change::Again {
            segment,
            before,
            after: None,
        } => line(*segment).is_some_and(|line| {
            let mut translated = line.translations.iter();
            match &before.said {
                Some(_) => line.status == Status::Machine,
                // A person's words would have gone on to count.
                None => before.translations.iter().all(|(lang, _)| {
                    let found = translated.find(|t| t.lang == *lang);
                    found.is_some_and(|t| t.status == Status::Machine)
                }),
            }
        }),
        Change::Again {
            segment,
            after: Some(after),
            ..
        } => line(*segment).is_some_and(|line| {
            let now = as_it_stands(line, after);
            let same =
                |(lang, text): &(Lang, String)| now.translations.contains(&(*lang, text.clone()));
            now.said == after.said && (after.said.is_some() || after.translations.iter().all(same))
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
        let next = |undo: &Undo, line| undo.told(&words).is_some_and(|told| told.contains(line));
        assert!(next(&undo, "line 5"));
        // What is refused makes way for what was done before it.
        let why = Told {
            what: String::new(),
            next: String::new(),
        };
        assert!(undo.refuse(Step::Back, why.clone()).dropped);
        assert!(!undo.refuse(Step::Other, why).dropped);
        assert!(next(&undo, "line 3"));
    }
}
