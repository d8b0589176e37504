//! Corrections that were typed and not kept, and forms below lines. Whoever leaves a line by Esc, goes to
//! another interview or finds the workspace locked, finds the words again where they were typed. They lie in
//! memory only, and are asked for before the window closes.

use std::collections::BTreeMap;

use crate::app::Edit;
use crate::domain::{InterviewId, Segment, SegmentId};
use crate::evidence::is_same;
use crate::gui::shell::Scene;

use super::editor::{Editor, Side};
use super::forms::Forms;

/// Which side of which line of which interview.
pub type Place = (InterviewId, SegmentId, Side);

/// Words that were typed.
struct Draft {
    typed: String,
    /// Whose name stood under them.
    by: String,
    /// They could not be kept as they are.
    refused: bool,
}

/// The words by their places, and the forms.
#[derive(Default)]
pub struct Drafts {
    words: BTreeMap<Place, Draft>,
    /// Forms below lines.
    pub forms: Forms,
}

impl Drafts {
    /// An editor that closes: what was typed in it stays here, unless it says what stood there before.
    pub fn keep(&mut self, interview: &InterviewId, editor: &Editor) {
        let place = (interview.clone(), editor.segment, editor.side);
        if editor.is_as_before() {
            self.words.remove(&place);
        } else if let Some(typed) = editor.typed() {
            let draft = Draft {
                typed: typed.to_owned(),
                by: editor.by().to_owned(),
                refused: false,
            };
            self.words.insert(place, draft);
        }
    }

    /// The words are stored, or not wanted any more.
    pub fn forget(&mut self, interview: &InterviewId, editor: &Editor) {
        let place = (interview.clone(), editor.segment, editor.side);
        self.words.remove(&place);
    }

    /// Opens a side of a line, with the words that were typed there and not kept.
    pub fn open(&self, interview: &InterviewId, line: &Segment, side: Side, by: &str) -> Editor {
        let editor = Editor::new(line, side, by);
        match self.words.get(&(interview.clone(), line.id, side)) {
            Some(draft) => editor.restored(draft.typed.clone()),
            None => editor,
        }
    }

    /// How many places have words that are not kept; with those of an editor that is open.
    pub fn count(&self, interview: &InterviewId, editor: Option<&Editor>) -> usize {
        let new = editor.is_some_and(|editor| {
            let place = (interview.clone(), editor.segment, editor.side);
            editor.is_unkept() && !self.words.contains_key(&place)
        });
        self.len().saturating_add(usize::from(new))
    }

    /// How many places have words that are not kept.
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// The first that this person typed and that was not refused, as a correction. What another one typed
    /// does not become this person's.
    pub fn next(&self, by: &str) -> Option<(Place, Edit)> {
        let own = |draft: &Draft| draft.by.is_empty() || is_same(&draft.by, by);
        let mut fit = self.words.iter().filter(|(_, d)| !d.refused && own(d));
        let (place, draft) = fit.next()?;
        let edit = place.2.edit(&draft.typed, by.to_owned(), None);
        Some((place.clone(), edit))
    }

    /// It is stored.
    pub fn stored(&mut self, place: &Place) {
        self.words.remove(place);
    }

    /// It could not be stored as it is.
    pub fn refused(&mut self, place: &Place) {
        if let Some(draft) = self.words.get_mut(place) {
            draft.refused = true;
        }
    }

    /// All of them may be tried again.
    pub fn again(&mut self) {
        self.words
            .values_mut()
            .for_each(|draft| draft.refused = false);
    }

    /// Whether a form below a line waits.
    pub fn has_forms(&self) -> bool {
        self.forms.any()
    }

    /// What came of forms that were on their way when they were left.
    pub fn hear(&mut self, scene: &Scene<'_>) {
        self.forms.hear(scene);
    }
}
