//! Names that a machine may have misheard in the line that a person is at: each is taken with one key or
//! click, which is a correction by that person, or dismissed for good.

use eframe::egui::{Key, Modifiers, Ui};

use crate::app::NearName;
use crate::app::desk::{Act, Command, Opened, Told};
use crate::domain::{InterviewId, Segment, SegmentId, Status};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::told;

use super::row::Wish;
use super::signature::{Pressed, Signature};
use super::work::Ended;

/// What was asked of the register.
#[derive(Default)]
pub struct NearNames {
    /// The line and its version.
    asked: Option<(InterviewId, SegmentId, u32)>,
    /// The numbers under which some were dismissed.
    left: Vec<u64>,
}

impl NearNames {
    /// Asks for the names of the line that a person is at, one question at a time.
    pub fn ask(&mut self, scene: &Scene<'_>, id: &InterviewId, line: &Segment) {
        if line.status != Status::Machine || line.text.is_empty() {
            return;
        }
        let wanted = (id.clone(), line.id, line.version);
        if self.asked.as_ref() == Some(&wanted) {
            return;
        }
        let shown = scene.desk.board().near_names.get();
        let answered = self.asked.as_ref().is_none_or(|(id, line, _)| {
            let shown = shown.as_ref();
            shown.is_some_and(|s| s.interview == *id && s.segment == *line)
        });
        if answered && scene.desk.ask(Command::NearNames(id.clone(), line.id)) {
            self.asked = Some(wanted);
        }
    }

    /// Stores that this one is not meant.
    pub fn leave(&mut self, scene: &Scene<'_>, id: &InterviewId, line: SegmentId, near: NearName) {
        let by = scene.choices.name.clone();
        self.left.extend(dismiss(scene, (id, line), near, by));
    }

    /// Once what was dismissed is stored, asks again; why not, where it is not.
    pub fn hear(&mut self, scene: &Scene<'_>) -> Option<Told> {
        let (mut stored, mut failed) = (false, None);
        self.left.retain(|number| {
            let Some(answer) = scene.desk.board().entered.take(*number) else {
                return true;
            };
            stored |= answer.failed.is_none();
            failed = answer.failed.or(failed.take());
            false
        });
        if stored {
            self.asked = None;
        }
        failed
    }

    /// What is shown may be older than what was said of it.
    pub fn renew(&mut self) {
        self.asked = None;
    }
}

/// Says of a name that it is not meant; the number under which that is answered.
fn dismiss(
    scene: &Scene<'_>,
    (id, line): (&InterviewId, SegmentId),
    near: NearName,
    by: String,
) -> Option<u64> {
    let act = Act::Dismiss(id.clone(), line, near.kind, near.name);
    let number = scene.desk.number();
    scene
        .desk
        .ask(Command::Enter(by, act, number))
        .then_some(number)
}

/// A name that is not meant, until it is known who says so.
pub struct NearForm {
    /// The line.
    pub segment: SegmentId,
    near: NearName,
    signature: Signature,
    sent: Option<u64>,
    failed: Option<Told>,
}

impl NearForm {
    /// Of this name in this line.
    pub fn new(segment: SegmentId, near: NearName) -> Self {
        Self {
            segment,
            near,
            signature: Signature::new("", String::new()),
            sent: None,
            failed: None,
        }
    }

    /// Whether a name or a reason was typed.
    pub fn is_typed(&self) -> bool {
        self.signature.is_typed()
    }

    /// Nothing of it is on its way.
    pub fn begin_anew(&mut self) {
        (self.sent, self.failed) = (None, None);
    }

    /// Whether it was sent, and what came of it is not known yet.
    pub fn is_on_its_way(&self) -> bool {
        self.sent.is_some()
    }

    /// Paints the fields and sends what is said.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) -> Ended {
        let leaves = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        ui.spacing_mut().item_spacing.y = theme::GAP;
        script::label(ui, &about(scene, &self.near), scene.own(ui));
        let pressed = self
            .signature
            .show_as(ui, scene, self.sent.is_some(), "near-leave");
        if let Some(failed) = &self.failed {
            told::show(ui, scene.words, failed, theme::of(ui).failure);
        }
        if self.sent.is_none() && pressed == Pressed::Keep {
            let (place, by) = ((&opened.interview.id, self.segment), self.signature.by());
            self.sent = dismiss(scene, place, self.near.clone(), by.to_owned());
        }
        let left = leaves || pressed == Pressed::Cancel;
        if left && self.sent.is_none() {
            Ended::Left
        } else {
            Ended::Open
        }
    }

    /// The name that said so, once it is stored.
    pub fn hear(&mut self, scene: &Scene<'_>) -> Option<String> {
        let answer = scene.desk.board().entered.take(self.sent?)?;
        (self.sent, self.failed) = (None, answer.failed);
        let stored = self.failed.is_none();
        stored.then(|| self.signature.by().to_owned())
    }
}

/// The names that may have been misheard in a line, as far as they are known and still fit.
pub fn found(scene: &Scene<'_>, id: &InterviewId, line: &Segment) -> Vec<NearName> {
    let shown = scene.desk.board().near_names.get();
    let own = shown.filter(|s| s.interview == *id && s.segment == line.id);
    let Some(own) = own.filter(|_| line.status == Status::Machine) else {
        return Vec::new();
    };
    let fits = |near: &&NearName| near.put_into(&line.text).is_some();
    own.found.iter().filter(fits).cloned().collect()
}

/// What was heard, and what it sounds like.
fn about(scene: &Scene<'_>, one: &NearName) -> String {
    let (heard, name) = (safe::name(&one.heard), safe::name(&one.name));
    let id = match one.own_case {
        true => "near-own-case",
        false => "near-register",
    };
    scene.words.with(id, &[("heard", &heard), ("name", &name)])
}

/// Paints them beside the doubts; the first one has keys.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, near: &[NearName]) -> Option<Wish> {
    let words = scene.words;
    let mut wish = None;
    for (at, one) in near.iter().enumerate() {
        let name = safe::name(&one.name);
        let letters = Letters {
            size: scene.remark(ui).size,
            ..scene.own(ui)
        };
        script::label(
            ui,
            &about(scene, one),
            letters.coloured(theme::of(ui).accent),
        );
        ui.push_id(("near", at), |ui| {
            ui.horizontal_wrapped(|ui| {
                let (take, leave) = match at {
                    0 => ("near-take-key", "near-leave-key"),
                    _ => ("near-take", "near-leave"),
                };
                if ui.button(words.with(take, &[("name", &name)])).clicked() {
                    wish = Some(Wish::TakeName(at));
                }
                if ui.button(words.t(leave)).clicked() {
                    wish = Some(Wish::LeaveName(at));
                }
            });
        });
    }
    wish
}
