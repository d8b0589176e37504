//! Exports and evidence: who signs; one interview written out, sealed, bundled and compared; what
//! partners sent; keys. The same functions that the command line calls.

mod consent;
mod interview;
mod keys;
mod partners;
mod read_back;

use std::sync::Arc;

use eframe::egui::{Button, ComboBox, Frame, Margin, ScrollArea, Ui};

use crate::app::desk::{Command, Custody, Desk, JobKind, Outcome, Task};
use crate::evidence::{KnownKey, Passphrase, Role, Verdict, grouped};
use crate::gui::safe;
use crate::gui::shell::{Go, Scene, Screen};
use crate::gui::theme;
use crate::gui::widgets::path::PathField;
use crate::gui::widgets::secret::{self, Secret};
use crate::gui::widgets::{job, script, scroll, told};

/// The parts of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Interview,
    ReadBack,
    Consent,
    Partners,
    Keys,
}

/// What is typed into the screen.
#[derive(Default)]
pub struct Evidence {
    part: Part,
    /// The frame in which the screen was painted last.
    seen: Option<u64>,
    key: Option<String>,
    phrase: Secret,
    interview: interview::Interview,
    read_back: read_back::ReadingBack,
    consent: consent::Consenting,
    /// The interview of which keys, answers and consent were asked for last.
    asked: String,
    partners: partners::Partners,
    keys: keys::Keys,
}

impl Evidence {
    /// Whether an answer of the person, a consent, a new key or the reason of a revocation was typed and not
    /// entered.
    pub fn is_typed(&self) -> bool {
        self.read_back.is_typed() || self.consent.is_typed() || self.keys.is_typed()
    }

    /// Takes what was typed and not entered out of the screen; a passphrase is not kept.
    pub fn put_by(&mut self) -> Option<Self> {
        let kept = self.is_typed().then(|| {
            let kept = std::mem::take(self);
            Self {
                part: kept.part,
                read_back: kept.read_back.put_by(),
                consent: kept.consent,
                keys: kept.keys.put_by(),
                ..Self::default()
            }
        });
        // Where it was a passphrase alone, nothing waits.
        kept.filter(Self::is_typed)
    }

    /// Asks for the interview of which something is typed.
    pub fn asks(&self, desk: &Desk) {
        let consent = self.consent.of().filter(|_| self.consent.is_typed());
        let read = self.read_back.of().filter(|_| self.read_back.is_typed());
        if let Some(id) = consent.or(read) {
            desk.ask(Command::Open(id));
        }
    }

    /// Paints the screen.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        // Whoever comes back may have changed lines meanwhile, and with them what was read back.
        let frame = ui.ctx().cumulative_frame_nr();
        let before = self.seen.replace(frame);
        if before.is_none_or(|before| before.saturating_add(1) < frame) {
            scene.desk.ask(Command::Custody);
        }
        let mut go = None;
        let area = ScrollArea::vertical().auto_shrink(false);
        scroll::page(ui, area, |ui| {
            ui.set_max_width(theme::READING);
            ui.horizontal_wrapped(|ui| {
                scene.heading(ui, "evidence-title");
                for (part, name) in [
                    (Part::Interview, "evidence-interview"),
                    (Part::ReadBack, "evidence-read-back"),
                    (Part::Consent, "evidence-consent"),
                    (Part::Partners, "evidence-partners"),
                    (Part::Keys, "evidence-keys"),
                ] {
                    ui.selectable_value(&mut self.part, part, scene.words.t(name));
                }
            });
            let Some(custody) = scene.desk.board().custody.get() else {
                ui.spinner();
                return;
            };
            for told in &custody.broken {
                let failure = theme::of(ui).failure;
                told::show(ui, scene.words, told, failure);
            }
            let signs = match self.part {
                Part::Keys => self.keys.asks_for_voucher(&custody),
                Part::ReadBack => false,
                Part::Interview | Part::Consent | Part::Partners => true,
            };
            if signs {
                self.signer(ui, scene, &custody);
            }
            job::show(ui, scene, &[JobKind::Evidence]);
            outcome(ui, scene);
            ui.add_space(theme::GAP);
            match self.part {
                Part::Interview => go = self.interview.show(ui, scene, &custody),
                Part::ReadBack | Part::Consent => go = self.of_the_person(ui, scene, &custody),
                Part::Partners => go = self.partners.show(ui, scene, &custody),
                Part::Keys => self.keys.show(ui, scene, &custody),
            }
        });
        go
    }

    /// What the person interviewed says and allows; the open interview's, once it was read.
    fn of_the_person(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        custody: &Arc<Custody>,
    ) -> Option<Go> {
        let Some(opened) = scene.desk.board().opened.get() else {
            script::label(ui, scene.words.t("evidence-none"), scene.own(ui));
            let pressed = ui.button(scene.words.t("nav-review")).clicked();
            return pressed.then_some(Go::To(Screen::Review));
        };
        let id = &opened.interview.id;
        if custody.of.as_ref() != Some(id) {
            if self.asked != id.0 {
                self.asked.clone_from(&id.0);
                scene.desk.ask(Command::Custody);
            }
            ui.spinner();
            return None;
        }
        // Another interview may be opened and this one again: then it is asked for once more.
        self.asked.clear();
        // What is typed of one interview can be taken back in that one alone.
        ui.push_id(&id.0, |ui| match self.part {
            Part::ReadBack => self.read_back.show(ui, scene, &opened, custody),
            _ => self.consent.show(ui, scene, &opened, custody),
        });
        None
    }

    /// Who signs: an opened key, or the fields to open one.
    fn signer(&mut self, ui: &mut Ui, scene: &Scene<'_>, custody: &Custody) {
        let words = scene.words;
        if let Some(key) = scene.desk.board().signer.get() {
            ui.horizontal_wrapped(|ui| {
                let name = safe::name(&key.name);
                let role = words.t(role_name(key.role));
                let text = words.with("signer-open", &[("name", &name), ("role", role)]);
                script::label(ui, &text, scene.own(ui).coloured(theme::of(ui).good));
                if ui.button(words.t("signer-close")).clicked() {
                    scene.desk.ask(Command::Forget);
                }
            });
            return;
        }
        let own: Vec<&KnownKey> = custody
            .keys
            .iter()
            .filter(|k| k.own && k.revoked.is_none())
            .collect();
        if own.is_empty() {
            script::label(ui, words.t("signer-none"), scene.own(ui));
            return;
        }
        if !own
            .iter()
            .any(|k| Some(&k.public.number) == self.key.as_ref())
        {
            self.key = own.first().map(|k| k.public.number.clone());
        }
        ui.horizontal_wrapped(|ui| {
            pick_key(ui, "signer", words.t("signer-key"), &own, &mut self.key);
            let label = ui.label(words.t("signer-phrase"));
            let field = secret::field(ui, OPENS, &mut self.phrase, 180.0).labelled_by(label.id);
            let entered =
                field.lost_focus() && ui.input(|i| i.key_pressed(eframe::egui::Key::Enter));
            let ready = !self.phrase.is_empty() && !job::is_running(scene);
            let button = Button::new(words.t("signer-open-key"));
            let pressed = ui.add_enabled(ready, button).clicked();
            if let Some(number) = self.key.clone().filter(|_| ready && (pressed || entered)) {
                let phrase = secret::take(ui.ctx(), OPENS, &mut self.phrase);
                ask(scene, Task::Open(number, Passphrase::from(phrase)));
            }
        });
    }
}

/// The field of the passphrase that opens a key.
const OPENS: &str = "opens-a-key";

/// Sends a task, with nothing left of what the last one said.
fn ask(scene: &Scene<'_>, task: Task) {
    scene.desk.ask(Command::Task(task));
}

/// A box with keys by name and role.
fn pick_key(ui: &mut Ui, salt: &str, name: &str, keys: &[&KnownKey], chosen: &mut Option<String>) {
    let called = |key: &KnownKey| {
        let start: String = key.public.number.chars().take(8).collect();
        format!("{}  {start}", safe::name(&key.public.name))
    };
    let current = keys
        .iter()
        .find(|k| Some(&k.public.number) == chosen.as_ref());
    let label = ui.label(name);
    let response = ComboBox::from_id_salt(salt)
        .selected_text(current.map_or_else(|| "–".to_owned(), |k| called(k)))
        .show_ui(ui, |ui| {
            for key in keys {
                let number = Some(key.public.number.clone());
                ui.selectable_value(chosen, number, called(key));
            }
        })
        .response;
    response.labelled_by(label.id);
}

/// What a person of a key does.
fn role_name(role: Role) -> &'static str {
    match role {
        Role::Officer => "role-officer",
        Role::Interpreter => "role-interpreter",
        Role::Reviewer => "role-reviewer",
        Role::Administrator => "role-administrator",
    }
}

/// What came of the last task.
fn outcome(ui: &mut Ui, scene: &Scene<'_>) {
    let words = scene.words;
    let Some(outcome) = scene.desk.board().outcome.get() else {
        return;
    };
    let own = scene.own(ui);
    let mut say = |text: &str| {
        script::marked(ui, text, own, &[], true);
    };
    match &*outcome {
        Outcome::Exported(path, covered) => {
            say(&words.with("written", &[("path", &path.display().to_string())]));
            if let Some((places, lines)) = covered {
                let (places, lines) = (places.to_string(), lines.to_string());
                let values = [("places", places.as_str()), ("lines", lines.as_str())];
                say(&words.with("export-covered", &values));
            }
        }
        Outcome::Written(path) => {
            say(&words.with("written", &[("path", &path.display().to_string())]));
        }
        Outcome::Sealed(sealed) => {
            say(&words.with("seal-done", &[("number", &sealed.number.to_string())]));
            say(&grouped(&sealed.head));
            if sealed.pending > 0 {
                say(&words.with("seal-pending", &[("count", &sealed.pending.to_string())]));
            }
        }
        Outcome::Certified(count) => {
            say(&words.with("certify-done", &[("count", &count.to_string())]));
        }
        Outcome::Received(foreign, told) => {
            let path = foreign.folder.display().to_string();
            say(&words.with("receive-done", &[("path", &path)]));
            for check in told {
                let name = safe::name(&words.told(&check.name));
                say(&format!(
                    "{name}: {}",
                    safe::words(&words.told(&check.detail))
                ));
            }
        }
        Outcome::Verdict(verdict) => checks(ui, scene, verdict),
        Outcome::Noted => say(words.t("noted")),
        Outcome::Keys => {}
    }
}

/// Everything that was compared, and whether it fits.
fn checks(ui: &mut Ui, scene: &Scene<'_>, verdict: &Verdict) {
    let words = scene.words;
    let colours = theme::of(ui);
    let frame = Frame::new()
        .fill(colours.stripe)
        .inner_margin(Margin::same(8));
    frame.show(ui, |ui| {
        ui.set_width(ui.available_width());
        let (id, colour) = if verdict.ok {
            ("verify-fits", colours.good)
        } else {
            ("verify-differs", colours.failure)
        };
        script::label(ui, words.t(id), scene.own(ui).coloured(colour));
        for check in &verdict.checks {
            let (word, colour) = if check.ok {
                (words.t("verify-ok"), colours.good)
            } else {
                (words.t("verify-bad"), colours.failure)
            };
            let name = safe::name(&words.told(&check.name));
            let detail = safe::words(&words.told(&check.detail));
            let text = format!("{word}  {name}  {detail}");
            script::label(ui, &text, scene.remark(ui).coloured(colour));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::desk::Opened;
    use crate::domain::{Asked, InterviewId, Lang, Segment, SegmentId, Span, Status};
    use crate::evidence::{Audience, Consent};
    use crate::gui::empty_window::keeps_the_keyboard;

    #[test]
    fn every_field_keeps_the_keyboard_whatever_comes_above_it() {
        let id = InterviewId("i".to_owned());
        let lines = vec![Arc::new(Segment {
            text: "ສະບາຍດີ".to_owned(),
            status: Status::Machine,
            version: 1,
            ..Segment::new(SegmentId(1), Span::default(), Lang::Lo)
        })];
        let opened = Arc::new(Opened::of(&id.0, &[Lang::Zh, Lang::Lo], lines));
        let custody = Arc::new(Custody {
            of: Some(id),
            consent: Some(Consent {
                asked: Asked::Witness,
                seen_by: Audience::Agency,
                until: None,
                sound: false,
                pseudonym: None,
                person: None,
                by: String::new(),
            }),
            ..Custody::default()
        });
        let (talk, given) = (Arc::clone(&opened), Arc::clone(&custody));
        let mut read_back = read_back::ReadingBack::default();
        // Who reads, how a line should read, why it is refused, and why all of it.
        keeps_the_keyboard(4, move |ui, scene| read_back.show(ui, scene, &talk, &given));
        let (talk, given) = (opened, Arc::clone(&custody));
        let mut consent = consent::Consenting::default();
        // Four limits, and why they are lifted.
        keeps_the_keyboard(5, move |ui, scene| consent.show(ui, scene, &talk, &given));
        let mut keys = keys::Keys::default();
        // Whose key, and a partner's file.
        keeps_the_keyboard(2, move |ui, scene| keys.show(ui, scene, &custody));
    }
}
