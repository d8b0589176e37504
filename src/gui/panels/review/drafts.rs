//! Corrections that were typed and not kept. Whoever leaves a line by Esc, or goes to another interview,
//! finds the words again where they were typed; they are forgotten with the window.

use std::collections::HashMap;

use crate::domain::{InterviewId, Segment, SegmentId};

use super::editor::{Editor, Side};

/// Which side of which line of which interview.
type Place = (InterviewId, SegmentId, Side);

/// The words by their places.
#[derive(Default)]
pub struct Drafts(HashMap<Place, String>);

impl Drafts {
    /// An editor that closes: what was typed in it stays here, unless it says what stood there before.
    pub fn keep(&mut self, interview: &InterviewId, editor: &Editor) {
        let place = (interview.clone(), editor.segment, editor.side);
        if editor.is_as_before() {
            self.0.remove(&place);
        } else if let Some(typed) = editor.typed() {
            self.0.insert(place, typed.to_owned());
        }
    }

    /// The words are stored, or not wanted any more.
    pub fn forget(&mut self, interview: &InterviewId, editor: &Editor) {
        let place = (interview.clone(), editor.segment, editor.side);
        self.0.remove(&place);
    }

    /// Opens a side of a line, with the words that were typed there and not kept.
    pub fn open(&self, interview: &InterviewId, line: &Segment, side: Side, by: &str) -> Editor {
        let editor = Editor::new(line, side, by);
        match self.0.get(&(interview.clone(), line.id, side)) {
            Some(typed) => editor.restored(typed.clone()),
            None => editor,
        }
    }
}
