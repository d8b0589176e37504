//! Taking a name that a machine may have misheard, or leaving it.

use crate::app::desk::Opened;
use crate::domain::Segment;
use crate::gui::shell::Scene;

use super::super::editor::{Editor, Side};
use super::super::near::{self, NearForm};
use super::super::work::Work;
use super::Table;

impl Table {
    /// Corrects the line with the name in its place, signed by the person at the desk. Where nobody has
    /// said yet who that is, the correction stays open for it.
    pub(super) fn take_name(
        &mut self,
        scene: &Scene<'_>,
        opened: &Opened,
        line: &Segment,
        at: usize,
    ) {
        let id = &opened.interview.id;
        let near = near::found(scene, id, line);
        let Some(text) = near.get(at).and_then(|near| near.put_into(&line.text)) else {
            return;
        };
        let by = &scene.choices.name;
        let reason = scene.words.t("edit-suggested").to_owned();
        self.put_by(id);
        let mut editor = Editor::new(line, Side::Said, by).with(text, reason, by);
        if !by.trim().is_empty() {
            editor.keep(scene, id);
        }
        self.editor = Some(editor);
        self.reveal = 3;
    }

    /// Stores that a name is not meant. Where nobody has said yet who that is, they are asked for it.
    pub(super) fn leave_name(
        &mut self,
        scene: &Scene<'_>,
        opened: &Opened,
        line: &Segment,
        at: usize,
    ) {
        let id = &opened.interview.id;
        let Some(near) = near::found(scene, id, line).into_iter().nth(at) else {
            return;
        };
        if scene.choices.name.trim().is_empty() {
            let form = NearForm::new(line.id, near);
            self.begin(scene, opened, Work::Near(form));
        } else {
            self.near.leave(scene, id, line.id, near);
        }
    }
}
