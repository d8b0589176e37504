//! The interview that a screen shows. The board holds the one that was read last, which may be another
//! screen's: then the own one is asked for again.

use std::sync::Arc;

use crate::app::desk::{Command, Opened};
use crate::domain::InterviewId;
use crate::gui::shell::Scene;

/// Whether the own interview was asked for since it was seen last.
#[derive(Default)]
pub struct Shown {
    asked: bool,
}

impl Shown {
    /// It has just been asked for.
    pub fn asked(&mut self) {
        self.asked = true;
    }

    /// The interview, once it lies on the board; asks for it once where another one does.
    pub fn get(&mut self, scene: &Scene<'_>, id: &InterviewId) -> Option<Arc<Opened>> {
        let opened = scene.desk.board().opened.get();
        let opened = opened.filter(|o| o.interview.id == *id);
        if opened.is_some() {
            self.asked = false;
        } else if !self.asked {
            self.asked = scene.desk.ask(Command::Open(id.clone()));
        }
        opened
    }
}
