//! What was typed and not kept while the workspace is locked: it lies in memory only, is shown by nothing, and
//! is given back to whoever opens the workspace again. A passphrase is never among it.

use crate::app::desk::{Desk, Told};

use super::panels::{Drafts, Evidence, Glossary, Intake, People, Review};
use super::scene::Scene;
use super::words::Words;

/// The words and forms of lines, and the other forms that are half filled.
#[derive(Default)]
pub struct PutBy {
    drafts: Drafts,
    intake: Option<Box<Intake>>,
    people: Option<People>,
    evidence: Option<Evidence>,
    glossary: Option<Glossary>,
}

/// The screens into which something may be typed.
pub(super) struct Screens<'a> {
    pub(super) review: &'a mut Review,
    pub(super) intake: &'a mut Intake,
    pub(super) people: &'a mut People,
    pub(super) evidence: &'a mut Evidence,
    pub(super) glossary: &'a mut Glossary,
}

impl PutBy {
    /// Whether anything would be lost with the window.
    pub fn waits(&self) -> bool {
        self.drafts.len() > 0 || self.forms().next().is_some()
    }

    /// The screens with a form that is half filled, by their names.
    fn forms(&self) -> impl Iterator<Item = &'static str> {
        // What is looked for there is no form.
        let people = self.people.as_ref().is_some_and(People::is_typed);
        let forms = [
            (self.intake.is_some(), "nav-interview"),
            (self.drafts.has_forms(), "nav-review"),
            (people, "nav-people"),
            (self.evidence.is_some(), "nav-evidence"),
            (self.glossary.is_some(), "nav-glossary"),
        ];
        forms.into_iter().filter(|form| form.0).map(|form| form.1)
    }
}

impl Screens<'_> {
    /// The screens with a form in which something is typed, by their names.
    pub(super) fn forms(&self) -> impl Iterator<Item = &'static str> + use<> {
        let forms = [
            (self.intake.is_typed(), "nav-interview"),
            (self.review.has_forms(), "nav-review"),
            (self.people.is_typed(), "nav-people"),
            (self.evidence.is_typed(), "nav-evidence"),
            (self.glossary.is_typed(), "nav-glossary"),
        ];
        forms.into_iter().filter(|form| form.0).map(|form| form.1)
    }

    /// Takes it out of the screens. What was on its way and is stored by now is not among it.
    pub(super) fn put_by(self, scene: &Scene<'_>) -> PutBy {
        PutBy {
            drafts: self.review.put_by(scene),
            intake: self.intake.put_by().map(Box::new),
            people: self.people.put_by(scene),
            evidence: self.evidence.put_by(),
            glossary: self.glossary.put_by(scene),
        }
    }

    /// Gives it back; what is to be said of that.
    pub(super) fn take_up(self, kept: PutBy, desk: &Desk, words: &Words) -> Vec<Told> {
        let mut told = Vec::new();
        if kept.drafts.len() > 0 {
            let count = kept.drafts.len().to_string();
            told.push(Told {
                what: words.with("drafts-back", &[("count", &count)]),
                next: words.t("drafts-back-next").to_owned(),
            });
        }
        let forms: Vec<&str> = kept.forms().map(|screen| words.t(screen)).collect();
        if !forms.is_empty() {
            told.push(Told {
                what: words.with("forms-back", &[("screens", &forms.join(", "))]),
                next: words.t("forms-back-next").to_owned(),
            });
        }
        let PutBy {
            drafts,
            intake,
            people,
            evidence,
            glossary,
        } = kept;
        self.review.take_up(drafts);
        if let Some(intake) = intake {
            *self.intake = *intake;
        }
        if let Some(people) = people {
            people.asks(desk);
            *self.people = people;
        }
        if let Some(evidence) = evidence {
            evidence.asks(desk);
            *self.evidence = evidence;
        }
        if let Some(glossary) = glossary {
            *self.glossary = glossary;
        }
        told
    }
}
