//! Corrections that were typed and not kept. Whoever leaves a line by Esc, goes to another interview or
//! finds the workspace locked, finds the words again where they were typed. They lie in memory only, and
//! are asked for before the window closes.

use std::collections::BTreeMap;

use crate::app::Edit;
use crate::domain::{InterviewId, Segment, SegmentId};

use super::editor::{Editor, Side};

/// Which side of which line of which interview.
type Place = (InterviewId, SegmentId, Side);

/// The words by their places.
#[derive(Default)]
pub struct Drafts(BTreeMap<Place, String>);

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

    /// How many places have words that are not kept; with those of an editor that is open.
    pub fn count(&self, interview: &InterviewId, editor: Option<&Editor>) -> usize {
        let new = editor.is_some_and(|editor| {
            let place = (interview.clone(), editor.segment, editor.side);
            editor.is_unkept() && !self.0.contains_key(&place)
        });
        self.len().saturating_add(usize::from(new))
    }

    /// How many places have words that are not kept.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The first of them as a correction, signed with this name.
    pub fn first(&self, by: &str) -> Option<(InterviewId, SegmentId, Edit)> {
        let ((interview, line, side), typed) = self.0.first_key_value()?;
        let edit = side.edit(typed, by.to_owned(), None);
        Some((interview.clone(), *line, edit))
    }

    /// The first of them is stored.
    pub fn drop_first(&mut self) {
        self.0.pop_first();
    }

    /// None is wanted any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
