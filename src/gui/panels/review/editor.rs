//! Correcting one line in its place. Enter keeps, Shift+Enter starts a new row, Esc leaves it as it
//! was; the earlier words are kept beside the new ones.

use eframe::egui::text_edit::TextEditState;
use eframe::egui::{Id, Key, Modifiers, Ui};

use crate::app::Edit;
use crate::app::desk::Command;
use crate::domain::{InterviewId, Lang, Segment, SegmentId};
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};

use super::signature::{Pressed, Signature};
use super::undo::Change;
use super::work::Sent;

/// What is corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// What was said.
    Said,
    /// Its translation into this language.
    Translation(Lang),
}

impl Side {
    /// A correction of this side of a line.
    pub fn edit(self, text: &str, by: String, reason: Option<String>) -> Edit {
        let text = text.trim().to_owned();
        let (text, translation) = match self {
            Side::Said => (Some(text), None),
            Side::Translation(lang) => (None, Some((Some(lang), text))),
        };
        Edit {
            text,
            translation,
            by,
            reason,
        }
    }
}

/// A correction that is being written.
pub struct Editor {
    /// The line.
    pub segment: SegmentId,
    /// Which side of it.
    pub side: Side,
    lang: Lang,
    text: String,
    /// What stood there when it was opened.
    before: String,
    /// What it was opened with.
    first: String,
    /// These were typed earlier and not kept.
    restored: bool,
    signature: Signature,
    sent: Sent,
    fresh: bool,
}

/// What became of it in this frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is still being written.
    Open,
    /// The person left it.
    Left,
    /// It is stored; this name signed it.
    Stored(String),
    /// Nothing was corrected; the line is to be parted where the caret stands, in characters.
    Part(usize),
    /// Nothing was corrected; these words in this language are to be a term.
    Term(Lang, String),
}

impl Editor {
    /// Starts with the words that count now.
    pub fn new(line: &Segment, side: Side, by: &str) -> Self {
        let (lang, text) = match side {
            Side::Said => (line.lang, line.text.clone()),
            Side::Translation(lang) => {
                let found = line.translations.iter().find(|t| t.lang == lang);
                (lang, found.map(|t| t.text.clone()).unwrap_or_default())
            }
        };
        Self {
            segment: line.id,
            side,
            lang,
            before: text.clone(),
            first: text.clone(),
            restored: false,
            text,
            signature: Signature::new(by, String::new()),
            sent: Sent::default(),
            fresh: true,
        }
    }

    /// Starts with other words, and the reason why they may be better.
    #[must_use]
    pub fn with(mut self, text: String, reason: String, by: &str) -> Self {
        self.first.clone_from(&text);
        self.text = text;
        self.signature = Signature::new(by, reason);
        self
    }

    /// Starts with words that were typed earlier and not kept.
    #[must_use]
    pub fn restored(mut self, text: String) -> Self {
        self.first.clone_from(&text);
        self.text = text;
        self.restored = !self.is_as_before();
        self
    }

    /// Whether it says what stood there before.
    pub fn is_as_before(&self) -> bool {
        self.text.trim() == self.before.trim()
    }

    /// The words, where a person typed in it.
    pub fn typed(&self) -> Option<&str> {
        (self.text != self.first).then_some(self.text.as_str())
    }

    /// Whether a person typed in it what is neither kept nor on its way.
    pub fn is_unkept(&self) -> bool {
        self.typed().is_some() && !self.is_as_before() && self.sent.is_free()
    }

    /// Whether there were words before: only then there is something to go back to.
    pub fn has_before(&self) -> bool {
        !self.before.trim().is_empty()
    }

    /// Whether it was sent, and what came of it is not known yet.
    pub fn is_on_its_way(&self) -> bool {
        !self.sent.is_free()
    }

    /// Whose name stands under it.
    pub fn by(&self) -> &str {
        self.signature.by()
    }

    /// The correction, so that it can be taken back.
    pub fn change(&self) -> Change {
        Change::Words {
            segment: self.segment,
            side: self.side,
            before: self.before.clone(),
            after: self.text.trim().to_owned(),
        }
    }

    /// Paints the fields and sends the correction.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, interview: &InterviewId) -> Ended {
        let words = scene.words;
        if self.is_stored(scene) {
            return Ended::Stored(self.signature.by().to_owned());
        }
        // Of this line alone: what was typed in another one cannot be brought back here.
        let id = Id::unique(("correction", &interview.0, self.segment, self.side));
        if self.fresh {
            ui.data_mut(|data| data.remove::<TextEditState>(id));
        }
        let has_focus = ui.memory(|m| m.has_focus(id));
        // Taken before the field sees it, which would start a new row.
        let parts = has_focus && ui.input_mut(|i| i.consume_key(Modifiers::COMMAND, Key::Enter));
        let takes = has_focus
            && ui.input_mut(|i| i.consume_key(Modifiers::COMMAND | Modifiers::SHIFT, Key::G));
        let keeps = has_focus && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
        let leaves = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        let letters = Letters::running(ui, self.lang);
        let name = match self.side {
            Side::Said => words.t("edit-said"),
            Side::Translation(_) => words.t("edit-translation"),
        };
        let field = script::field(ui, id, &mut self.text, letters, name);
        if std::mem::take(&mut self.fresh) {
            field.request_focus();
        }
        if self.restored {
            self.earlier(ui, scene);
        }
        let marked = marked(ui, id, &self.text).filter(|_| self.text == self.before);
        let takes = takes | (marked.is_some() && ui.button(words.t("edit-term")).clicked());
        if let Some(marked) = marked.filter(|_| takes) {
            return Ended::Term(self.lang, marked);
        }
        let can_be_parted = self.side == Side::Said && self.text == self.before;
        let mut parts = parts && can_be_parted;
        if can_be_parted {
            parts |= ui.button(words.t("edit-split")).clicked();
        }
        if parts && let Some(at) = caret(ui, id) {
            return Ended::Part(at);
        }
        let pressed = self.signature.show(ui, scene, self.is_on_its_way());
        let keep = keeps || pressed == Pressed::Keep;
        let left = leaves || pressed == Pressed::Cancel;
        self.sent.trouble(ui, scene);
        if keep {
            self.keep(scene, interview);
        }
        if left && self.sent.is_free() {
            Ended::Left
        } else {
            Ended::Open
        }
    }

    /// Says that these words were typed earlier, and takes them away where they are not wanted.
    fn earlier(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let doubt = theme::of(ui).doubt;
        let letters = scene.remark(ui).coloured(doubt);
        script::label(ui, scene.words.t("edit-draft"), letters);
        if ui.button(scene.words.t("edit-draft-drop")).clicked() {
            self.text.clone_from(&self.before);
            self.restored = false;
        }
    }

    /// Whether it was sent and is stored; keeps the error where it is not.
    pub fn is_stored(&mut self, scene: &Scene<'_>) -> bool {
        self.sent.is_stored(scene)
    }

    /// Sends the correction, once.
    pub fn keep(&mut self, scene: &Scene<'_>, interview: &InterviewId) {
        if self.is_on_its_way() {
            return;
        }
        let number = scene.desk.number();
        let edit = Command::Edit(interview.clone(), self.segment, self.edit(), number);
        if scene.desk.ask(edit) {
            self.sent.sent(number);
        }
    }

    fn edit(&self) -> Edit {
        let by = self.signature.by().to_owned();
        self.side.edit(&self.text, by, self.signature.reason())
    }
}

/// The words that are marked in a field.
fn marked(ui: &Ui, id: Id, text: &str) -> Option<String> {
    let range = TextEditState::load(ui.ctx(), id)?.cursor.char_range()?;
    let (a, b) = (range.primary.index.0, range.secondary.index.0);
    let marked = text.chars().skip(a.min(b)).take(a.abs_diff(b));
    let marked: String = marked.collect();
    let marked = marked.trim();
    (!marked.is_empty()).then(|| marked.to_owned())
}

/// Where the caret of a field stands, in characters.
fn caret(ui: &Ui, id: Id) -> Option<usize> {
    let range = TextEditState::load(ui.ctx(), id)?.cursor.char_range()?;
    Some(range.primary.index.0)
}
