//! What is open below a line: a change of its place, of its speaker, a line once more, a new term; or a new line.

use std::mem::discriminant;

use eframe::egui::Ui;

use crate::app::desk::{Opened, Told};
use crate::domain::SegmentId;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::told;
use crate::store::Recut;

use super::adder::Adder;
use super::again::AgainForm;
use super::despite::DespiteForm;
use super::near::NearForm;
use super::recutter::Recutter;
use super::speaker::SpeakerForm;
use super::term::TermForm;
use super::undo::{Change, Stays};

/// One of them.
pub enum Work {
    /// The line is parted, joined or moved.
    Recut(Recutter),
    /// Somebody else speaks in it.
    Speaker(SpeakerForm),
    /// A machine hears or translates it once more.
    Again(AgainForm),
    /// A term is taken from it.
    Term(TermForm),
    /// It is held back, and somebody signs for it all the same.
    Despite(DespiteForm),
    /// A name that sounds near is not meant; who says so is not known yet.
    Near(NearForm),
    /// A line is put where there is none yet; it is open above all lines.
    Add(Box<Adder>),
}

/// What became of it in this frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is still being prepared.
    Open,
    /// The person left it.
    Left,
}

/// It is done.
pub struct Done {
    /// Who signed it.
    pub by: String,
    /// The change of the lines, where it was one that can be taken back.
    pub change: Option<Change>,
    /// The line that stands in the place of the one that was worked on.
    pub line: Option<SegmentId>,
}

impl Work {
    /// The line; none where it is a new one.
    pub fn segment(&self) -> Option<SegmentId> {
        Some(match self {
            Work::Recut(form) => form.segment,
            Work::Speaker(form) => form.segment,
            Work::Again(form) => form.segment,
            Work::Term(form) => form.segment,
            Work::Despite(form) => form.segment,
            Work::Near(form) => form.segment,
            Work::Add(_) => return None,
        })
    }

    /// Whether it was sent, and what came of it is not known yet.
    pub fn is_on_its_way(&self) -> bool {
        match self {
            Work::Recut(form) => form.is_on_its_way(),
            Work::Speaker(form) => form.is_on_its_way(),
            Work::Term(form) => form.is_on_its_way(),
            Work::Near(form) => form.is_on_its_way(),
            Work::Add(form) => form.is_on_its_way(),
            Work::Again(form) => form.hear().is_some(),
            Work::Despite(form) => form.is_on_its_way(),
        }
    }

    /// Whether something was typed or chosen in it that would be lost.
    pub fn is_typed(&self) -> bool {
        match self {
            Work::Recut(form) => form.is_typed(),
            Work::Speaker(form) => form.is_typed(),
            Work::Again(form) => form.is_typed(),
            Work::Term(form) => form.is_typed(),
            Work::Despite(form) => form.is_typed(),
            Work::Near(form) => form.is_typed(),
            Work::Add(form) => form.is_typed(),
        }
    }

    /// Whether it is the same kind of form below the same line; of new lines, at the same place.
    pub fn is_like(&self, other: &Self) -> bool {
        let same = discriminant(self) == discriminant(other) && self.segment() == other.segment();
        match (self, other) {
            (Work::Recut(one), Work::Recut(two)) => same && one.is_like(two),
            (Work::Add(one), Work::Add(two)) => one.is_like(two),
            _ => same,
        }
    }

    /// Whether it still fits its line: nobody changed what it was filled in for. A new line fits until it
    /// stands there.
    pub fn fits(&self, opened: &Opened) -> bool {
        if let Work::Add(form) = self {
            return form.fits(opened);
        }
        let Some(segment) = self.segment() else {
            return true;
        };
        let line = opened.lines.iter().find(|line| line.id == segment);
        line.is_some_and(|line| match self {
            Work::Recut(form) => form.fits(line),
            Work::Speaker(form) => form.fits(line),
            _ => true,
        })
    }

    /// It is open again, perhaps with another desk: nothing of it is on its way, and what it asked for is
    /// asked for once more.
    pub fn begin_anew(&mut self) {
        match self {
            Work::Recut(form) => form.begin_anew(),
            Work::Speaker(form) => form.begin_anew(),
            Work::Term(form) => form.begin_anew(),
            Work::Despite(form) => form.begin_anew(),
            Work::Near(form) => form.begin_anew(),
            Work::Add(form) => form.begin_anew(),
            Work::Again(_) => {} // once it was sent it is done with
        }
    }

    /// Whether it is a signature that was asked for under this number, and says itself why it is refused.
    pub fn is_signed_as(&self, number: u64) -> bool {
        matches!(self, Work::Despite(form) if form.is_sent_as(number))
    }

    /// Paints the fields and sends what is asked for.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) -> Ended {
        match self {
            Work::Recut(form) => form.show(ui, scene, opened),
            Work::Speaker(form) => form.show(ui, scene, opened),
            Work::Again(form) => form.show(ui, scene, opened),
            Work::Term(form) => form.show(ui, scene, opened),
            Work::Despite(form) => form.show(ui, scene, opened),
            Work::Near(form) => form.show(ui, scene, opened),
            Work::Add(form) => form.show(ui, scene, opened),
        }
    }

    /// What came of it, once it is stored. Asked for apart from the painting: the line may be gone
    /// from the screen by then.
    pub fn hear(&mut self, scene: &Scene<'_>) -> Option<Done> {
        match self {
            Work::Recut(form) => form.hear(scene).map(recut),
            Work::Add(form) => form.hear(scene).map(recut),
            Work::Speaker(form) => form.hear(scene).map(|(by, change)| Done {
                change,
                ..signed(by)
            }),
            Work::Again(form) => form.hear().map(|(by, change)| Done {
                change,
                ..signed(by)
            }),
            Work::Term(form) => form.hear(scene).map(|by| Done {
                change: Some(Change::Stays(Stays::Term)),
                ..signed(by)
            }),
            Work::Near(form) => form.hear(scene).map(signed),
            Work::Despite(form) => form.hear(scene).map(signed),
        }
    }
}

fn recut((by, done): (String, Recut)) -> Done {
    Done {
        by,
        line: done.standing().next(),
        change: Some(Change::Lines(done.number)),
    }
}

fn signed(by: String) -> Done {
    Done {
        by,
        change: None,
        line: None,
    }
}

/// Something that was sent under a number and is answered as a correction is.
#[derive(Default)]
pub struct Sent {
    number: Option<u64>,
    failed: Option<Told>,
}

impl Sent {
    /// Nothing is under way.
    pub fn is_free(&self) -> bool {
        self.number.is_none()
    }

    /// Remembers a number that was sent.
    pub fn sent(&mut self, number: u64) {
        self.number = Some(number);
        self.failed = None;
    }

    /// Whether this is the number of what is under way.
    pub fn is(&self, number: u64) -> bool {
        self.number == Some(number)
    }

    /// Whether it is stored; keeps the error where it is not.
    pub fn is_stored(&mut self, scene: &Scene<'_>) -> bool {
        let Some(number) = self.number else {
            return false;
        };
        let Some(answer) = scene.desk.board().saved.take(number) else {
            return false;
        };
        (self.number, self.failed) = (None, answer.failed);
        self.failed.is_none()
    }

    /// Paints the error.
    pub fn trouble(&self, ui: &mut Ui, scene: &Scene<'_>) {
        if let Some(told) = &self.failed {
            let failure = theme::of(ui).failure;
            told::show(ui, scene.words, told, failure);
        }
    }
}
