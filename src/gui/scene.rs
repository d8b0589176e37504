//! What a screen is given and what it answers: the screens of the rail, what they may use, where they
//! want to go.

use eframe::egui::{Key, Ui};

use crate::app::Choices;
use crate::app::desk::Desk;
use crate::domain::{InterviewId, SegmentId};

use super::deeds::Deed;
use super::locking::Purpose;
use super::theme;
use super::widgets::script::{self, Letters};
use super::words::Words;

/// The screens of the rail, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Taking interviews in.
    Interview,
    /// Reading and correcting.
    Review,
    /// Finding.
    Search,
    /// The register.
    People,
    /// Exports, keys, seals, bundles.
    Evidence,
    /// Terms.
    Glossary,
    /// Models.
    Models,
    /// Choices.
    Settings,
}

impl Screen {
    pub(super) const ALL: [(Screen, Key, &'static str); 8] = [
        (Screen::Interview, Key::Num1, "nav-interview"),
        (Screen::Review, Key::Num2, "nav-review"),
        (Screen::Search, Key::Num3, "nav-search"),
        (Screen::People, Key::Num7, "nav-people"),
        (Screen::Evidence, Key::Num8, "nav-evidence"),
        (Screen::Glossary, Key::Num4, "nav-glossary"),
        (Screen::Models, Key::Num5, "nav-models"),
        (Screen::Settings, Key::Num6, "nav-settings"),
    ];
}

/// What a screen may use.
pub struct Scene<'a> {
    /// Asks and reads.
    pub desk: &'a Desk,
    /// Words of the screens.
    pub words: &'a Words,
    /// What the person chose.
    pub choices: &'a Choices,
}

impl Scene<'_> {
    /// Letters for the program's own running words.
    pub fn own(&self, ui: &Ui) -> Letters {
        Letters::running(ui, self.words.lang())
    }

    /// Letters for the program's own remarks.
    pub fn remark(&self, ui: &Ui) -> Letters {
        Letters::small(ui, self.words.lang())
    }

    /// The heading of a screen.
    pub fn heading(&self, ui: &mut Ui, id: &'static str) {
        let letters = Letters {
            size: theme::HEADING,
            ..self.own(ui)
        };
        script::label(ui, self.words.t(id), letters);
        ui.add_space(theme::GAP);
    }
}

/// Where a screen wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Go {
    /// To another screen.
    To(Screen),
    /// To one interview, and one line of it where that is known.
    Line(InterviewId, Option<SegmentId>),
    /// To one interview that a partner sent, by its bundle, and one line of it where that is known.
    Foreign(String, Option<SegmentId>),
    /// On with other choices.
    Choose(Choices),
    /// Nowhere: something is to be done.
    Do(Deed),
    /// Out: the workspace is to be locked.
    Lock,
    /// To the page of the lock.
    Guard(Purpose),
}
