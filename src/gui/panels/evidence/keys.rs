//! The keys of people: whose they are, a new one, a partner's, one that is trusted no more.

use eframe::egui::{Button, ComboBox, TextEdit, Ui};

use crate::app::desk::{Custody, Task};
use crate::evidence::{KnownKey, Passphrase, Role, grouped};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::secret::{self, Secret};
use crate::gui::widgets::{job, script};

use super::{PathField, ask, role_name};

/// The fields of a new key's passphrase.
const NEW: &str = "new-key";
const AGAIN: &str = "new-key-again";

/// What is typed into this part.
pub struct Keys {
    name: String,
    role: Role,
    phrase: Secret,
    again: Secret,
    partner: PathField,
    reason: String,
    /// The key that a person wants to revoke: asked for twice.
    revoking: Option<String>,
    out: PathField,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            name: String::new(),
            role: Role::Officer,
            phrase: Secret::default(),
            again: Secret::default(),
            partner: PathField::default(),
            reason: String::new(),
            revoking: None,
            out: PathField::default(),
        }
    }
}

impl Keys {
    /// Whether an administrator has to vouch for the key that is about to be made.
    pub fn asks_for_voucher(&self, custody: &Custody) -> bool {
        let administrates = |k: &KnownKey| k.own && k.public.role == Role::Administrator;
        custody.keys.iter().any(administrates)
    }

    /// Whether a new key's name or passphrase, or the reason of a revocation, was typed.
    pub fn is_typed(&self) -> bool {
        let new = !self.name.trim().is_empty() || !self.phrase.is_empty();
        new || (self.revoking.is_some() && !self.reason.trim().is_empty())
    }

    /// What was typed but for passphrases and paths.
    pub fn put_by(self) -> Self {
        Self {
            name: self.name,
            role: self.role,
            reason: self.reason,
            revoking: self.revoking,
            ..Self::default()
        }
    }

    /// Paints this part.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, custody: &Custody) {
        let words = scene.words;
        let free = !job::is_running(scene);
        if custody.keys.is_empty() {
            script::label(ui, words.t("keys-none"), scene.own(ui));
        } else {
            self.out.show_out(ui, scene, "keys-out", ("key", "txt"));
        }
        for key in &custody.keys {
            self.one(ui, scene, key, free);
        }
        ui.separator();
        self.make(ui, scene, custody, free);
        ui.separator();
        ui.strong(words.t("keys-partner"));
        script::label(ui, words.t("keys-partner-about"), scene.remark(ui));
        self.partner.show(ui, scene, "keys-file");
        let file = self.partner.path();
        let button = Button::new(words.t("keys-trust"));
        if ui.add_enabled(free && file.is_some(), button).clicked()
            && let Some(file) = file
        {
            ask(scene, Task::Trust(file));
        }
    }

    fn one(&mut self, ui: &mut Ui, scene: &Scene<'_>, key: &KnownKey, free: bool) {
        let words = scene.words;
        let public = &key.public;
        let whose = words.t(if key.own { "keys-own" } else { "keys-theirs" });
        let role = words.t(role_name(public.role));
        let text = format!("{} · {role} · {whose}", safe::name(&public.name));
        script::label(ui, &text, scene.own(ui));
        script::marked(ui, &grouped(&public.number), scene.remark(ui), &[], true);
        if let Some(at) = &key.revoked {
            let failure = theme::of(ui).failure;
            let text = words.with("keys-revoked", &[("at", &words.moment(at))]);
            script::label(ui, &text, scene.own(ui).coloured(failure));
            return;
        }
        let revoking = self.revoking.as_ref() == Some(&public.number);
        ui.horizontal_wrapped(|ui| {
            let out = self.out.path();
            let save = Button::new(words.t("keys-hand-over"));
            let ready = free && out.is_some() && !self.out.waits();
            if ui.add_enabled(ready, save).clicked()
                && let Some(out) = out
            {
                ask(scene, Task::HandOver(public.number.clone(), out));
            }
            if revoking {
                let label = ui.label(words.t("edit-reason"));
                let field = TextEdit::singleline(&mut self.reason).id_salt("revoke");
                let field = field.char_limit(300).desired_width(160.0);
                script::line(ui, field).labelled_by(label.id);
                let button = Button::new(words.t("keys-revoke-now"));
                if ui.add_enabled(free, button).clicked() {
                    let reason = self.reason.trim();
                    let reason = (!reason.is_empty()).then(|| reason.to_owned());
                    ask(scene, Task::Revoke(public.number.clone(), reason));
                    self.revoking = None;
                }
                if ui.button(words.t("cancel")).clicked() {
                    self.revoking = None;
                }
                if self.revoking.is_none() {
                    // One key's reason is never another's.
                    self.reason.clear();
                }
            } else if ui.button(words.t("keys-revoke")).clicked() {
                self.revoking = Some(public.number.clone());
            }
        });
        ui.add_space(theme::GAP);
    }

    fn make(&mut self, ui: &mut Ui, scene: &Scene<'_>, custody: &Custody, free: bool) {
        let words = scene.words;
        ui.strong(words.t("keys-new"));
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("keys-name"));
            let field = TextEdit::singleline(&mut self.name).id_salt("key-name");
            let field = field.char_limit(200).desired_width(160.0);
            script::line(ui, field).labelled_by(label.id);
            let label = ui.label(words.t("kind-role"));
            let response = ComboBox::from_id_salt("role")
                .selected_text(words.t(role_name(self.role)))
                .show_ui(ui, |ui| {
                    for role in Role::ALL {
                        ui.selectable_value(&mut self.role, role, words.t(role_name(role)));
                    }
                })
                .response;
            response.labelled_by(label.id);
        });
        if self.asks_for_voucher(custody) {
            script::label(ui, words.t("keys-vouch"), scene.remark(ui));
        }
        ui.horizontal_wrapped(|ui| {
            for (text, field, name) in [
                (&mut self.phrase, NEW, words.t("keys-phrase")),
                (&mut self.again, AGAIN, words.t("keys-again")),
            ] {
                let label = ui.label(name);
                secret::field(ui, field, text, 160.0).labelled_by(label.id);
            }
        });
        script::label(ui, words.t("keys-keep"), scene.remark(ui));
        let differ = self.phrase != self.again;
        if differ && !self.again.is_empty() {
            let failure = theme::of(ui).failure;
            let letters = scene.own(ui).coloured(failure);
            script::label(ui, words.t("keys-differ"), letters);
        }
        let ready = free && !differ && !self.phrase.is_empty() && !self.name.trim().is_empty();
        let button = Button::new(words.t("keys-make"));
        if ui.add_enabled(ready, button).clicked() {
            secret::take(ui.ctx(), AGAIN, &mut self.again);
            let phrase = Passphrase::from(secret::take(ui.ctx(), NEW, &mut self.phrase));
            let name = std::mem::take(&mut self.name);
            ask(scene, Task::Make(name, self.role, phrase));
        }
    }
}
