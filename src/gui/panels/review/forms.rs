//! Forms below lines that were left before they were done with: by going to another line or interview, or by a
//! lock. They lie in memory only. Each is open again where the same form is opened at the same line, and one of
//! them as soon as its interview is read again.

use crate::app::desk::Opened;
use crate::domain::InterviewId;
use crate::gui::shell::Scene;

use super::work::Work;

/// The forms, each with its interview.
#[derive(Default)]
pub struct Forms(Vec<(InterviewId, Work)>);

impl Forms {
    /// One that is left: it waits where something was typed or chosen in it.
    pub fn keep(&mut self, interview: &InterviewId, work: Work) {
        if work.is_typed() {
            self.0.push((interview.clone(), work));
        }
    }

    /// Whether any waits.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether any of this interview waits.
    pub fn any_of(&self, interview: &InterviewId) -> bool {
        self.0.iter().any(|(of, _)| of == interview)
    }

    /// What came of those that were on their way when they were left.
    pub fn hear(&mut self, scene: &Scene<'_>) {
        self.0.retain_mut(|(_, work)| work.hear(scene).is_none());
    }

    /// The one that waits in place of this one. What does not fit its line any more is dropped: whether
    /// anything was.
    pub fn instead(&mut self, opened: &Opened, new: Work) -> (Work, bool) {
        let found = self.take(opened, |own| own.is_like(&new));
        let (before, id) = (self.0.len(), &opened.interview.id);
        self.0.retain(|(of, own)| of != id || !own.is_like(&new));
        (found.unwrap_or(new), self.0.len() < before)
    }

    /// The one of this interview that was left last.
    pub fn last(&mut self, opened: &Opened) -> Option<Work> {
        self.take(opened, |_| true)
    }

    fn take(&mut self, opened: &Opened, is: impl Fn(&Work) -> bool) -> Option<Work> {
        let id = &opened.interview.id;
        let mut all = self.0.iter();
        let at = all.rposition(|(of, own)| of == id && is(own) && own.fits(opened))?;
        let (_, mut work) = self.0.remove(at);
        // With the same desk its answer is still to come.
        if !work.is_on_its_way() {
            work.begin_anew();
        }
        Some(work)
    }

    /// Drops those of this interview that do not fit their lines any more, or whose lines are gone: whether
    /// any was. What is on its way is waited for.
    pub fn drop_unfit(&mut self, opened: &Opened) -> bool {
        let (before, id) = (self.0.len(), &opened.interview.id);
        self.0
            .retain(|(of, own)| of != id || own.is_on_its_way() || own.fits(opened));
        self.0.len() < before
    }

    /// Another desk gives other numbers: nothing of it is on its way.
    pub fn begin_anew(&mut self) {
        self.0.iter_mut().for_each(|(_, work)| work.begin_anew());
    }
}
