//! Reading, hearing and correcting: the list of interviews, then one transcript.

mod adder;
mod again;
mod closer;
mod despite;
mod doubts;
mod drafts;
mod editor;
mod forms;
mod history;
mod list;
mod listen;
mod near;
mod overview;
mod places;
mod recutter;
mod row;
mod signature;
mod speaker;
mod table;
mod term;
mod undo;
mod view;
mod waits;
mod work;

use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::Ui;

use crate::app::desk::{Command, Desk};
use crate::domain::{InterviewId, SegmentId};
use crate::gui::panels::shown::Shown;
use crate::gui::shell::{Go, Scene};

pub use doubts::{doubtful, explained, held, show as doubts};
pub use drafts::{Drafts, Place};
use list::List;
pub use row::speaker;
use table::Table;
use undo::Undo;
pub use work::Sent;

/// The interview that is read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Current {
    /// One of this workspace.
    Own(InterviewId),
    /// A partner's, by its bundle.
    Foreign(String),
}

/// The screen.
#[derive(Default)]
pub struct Review {
    current: Option<Current>,
    wanted: Option<SegmentId>,
    list: List,
    shown: Shown,
    table: Table,
    /// What can be taken back in the interviews that were read before.
    undo: BTreeMap<InterviewId, Undo>,
}

impl Review {
    /// Goes to one interview, and to one line of it where that is known.
    pub fn open(&mut self, desk: &Desk, id: InterviewId, line: Option<SegmentId>) {
        if desk.ask(Command::Open(id.clone())) {
            self.shown.asked();
        }
        let current = Some(Current::Own(id.clone()));
        if self.current != current {
            self.renew(Some(&id));
        }
        self.current = current;
        self.wanted = line;
    }

    /// Goes to one interview that a partner sent; it is only read.
    pub fn open_foreign(&mut self, desk: &Desk, bundle: String, line: Option<SegmentId>) {
        desk.ask(Command::OpenForeign(bundle.clone()));
        self.renew(None);
        self.current = Some(Current::Foreign(bundle));
        self.wanted = line;
    }

    /// Whether this interview is the one that is read, and may be changed.
    pub fn reads(&self, id: &InterviewId) -> bool {
        matches!(&self.current, Some(Current::Own(own)) if own == id)
    }

    /// How many places have words that were typed and not kept.
    pub fn unkept(&self) -> usize {
        self.table.unkept()
    }

    /// What was typed and not kept, without what stands in an open editor.
    pub fn drafts(&mut self) -> &mut Drafts {
        self.table.drafts()
    }

    /// Closes an open editor; what was typed in it is among the drafts.
    pub fn close_editor(&mut self) {
        self.table.close_editor();
    }

    /// Whether a form below a line was filled in and not kept.
    pub fn has_forms(&self) -> bool {
        self.table.has_forms()
    }

    /// Takes everything out that was typed and not kept.
    pub fn put_by(&mut self, scene: &Scene<'_>) -> Drafts {
        self.table.put_all_by(scene);
        std::mem::take(self.drafts())
    }

    /// Gives it back.
    pub fn take_up(&mut self, drafts: Drafts) {
        *self.drafts() = drafts;
    }

    /// An empty table for one of our own interviews, else one that is only read; with what was typed and not
    /// kept in the last one, and what was changed in this interview before.
    fn renew(&mut self, own: Option<&InterviewId>) {
        let (drafts, left) = std::mem::take(&mut self.table).leave();
        self.undo.extend(left);
        let undo = own.and_then(|id| self.undo.remove(id));
        self.table = Table::new(drafts, undo.unwrap_or_default(), own.is_none());
    }

    /// Paints the screen.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let board = scene.desk.board();
        self.drafts().hear(scene);
        let opened = match &self.current {
            None => return self.list.show(ui, scene),
            Some(Current::Own(id)) => self.shown.get(scene, id),
            Some(Current::Foreign(bundle)) => {
                let found = board.foreign.get().filter(|f| f.bundle == *bundle);
                found.map(|f| Arc::clone(&f.opened))
            }
        };
        let Some(opened) = opened else {
            if ui.button(scene.words.t("review-back")).clicked() {
                self.current = None;
            }
            ui.spinner();
            return None;
        };
        if self
            .wanted
            .is_some_and(|line| self.table.go_to(scene, &opened, line))
        {
            self.wanted = None;
        }
        let answer = self.table.show(ui, scene, &opened);
        if answer.back {
            self.current = None;
            scene.desk.ask(Command::Silence);
            scene.desk.ask(Command::List);
        }
        answer.go
    }
}
