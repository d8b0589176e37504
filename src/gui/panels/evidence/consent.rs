//! What the person interviewed allows: shown, entered, and lifted once by an administrator.

use eframe::egui::{Button, ComboBox, TextEdit, Ui};

use crate::app::desk::{Custody, Opened, Task};
use crate::evidence::{Asked, Audience, Consent, KnownKey, Role};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{job, script};

use super::{ask, pick_key};

/// What stands for a victim's name where nobody says otherwise.
const PSEUDONYM: &str = "V1";

/// Who may see it, as it is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Nobody,
    Agency,
    Partner,
    Anyone,
}

/// What is typed into this part.
pub struct Consenting {
    asked: Asked,
    seen: Seen,
    partner: Option<String>,
    until: String,
    sound: bool,
    pseudonym: String,
    person: String,
    by: String,
    reason: String,
}

impl Default for Consenting {
    fn default() -> Self {
        Self {
            asked: Asked::Victim,
            seen: Seen::Agency,
            partner: None,
            until: String::new(),
            sound: false,
            pseudonym: PSEUDONYM.to_owned(),
            person: String::new(),
            by: String::new(),
            reason: String::new(),
        }
    }
}

impl Consenting {
    /// Paints this part.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened, custody: &Custody) {
        let words = scene.words;
        script::label(ui, words.t("consent-about"), scene.remark(ui));
        match &custody.consent {
            Some(consent) => {
                script::label(ui, &safe_words(consent), scene.own(ui));
            }
            None => {
                script::label(ui, words.t("consent-none"), scene.own(ui));
            }
        }
        ui.separator();
        self.who(ui, scene, custody);
        self.limits(ui, scene);
        let free = !job::is_running(scene);
        let until = self.until.trim();
        let until = if until.is_empty() {
            Some(None)
        } else {
            until.parse().ok().map(Some)
        };
        let chosen = self.seen != Seen::Partner || self.partner.is_some();
        let button = Button::new(words.t("consent-enter"));
        let ready = free && chosen && until.is_some() && !self.by.trim().is_empty();
        if ui.add_enabled(ready, button).clicked()
            && let Some(until) = until
        {
            let typed = |text: &str| {
                let text = text.trim();
                (!text.is_empty()).then(|| text.to_owned())
            };
            let consent = Consent {
                asked: self.asked,
                seen_by: self.audience(),
                until,
                sound: self.sound,
                pseudonym: typed(&self.pseudonym),
                person: typed(&self.person),
                by: self.by.trim().to_owned(),
            };
            let id = opened.interview.id.clone();
            ask(scene, Task::Consent(id, Box::new(consent)));
        }
        if custody.consent.is_some() {
            ui.separator();
            self.lift(ui, scene, opened, free);
        }
    }

    fn audience(&self) -> Audience {
        match (self.seen, &self.partner) {
            (Seen::Agency, _) => Audience::Agency,
            (Seen::Anyone, _) => Audience::Anyone,
            (Seen::Partner, Some(key)) => Audience::Partners(vec![key.clone()]),
            (Seen::Nobody | Seen::Partner, _) => Audience::Nobody,
        }
    }

    fn who(&mut self, ui: &mut Ui, scene: &Scene<'_>, custody: &Custody) {
        let words = scene.words;
        ui.horizontal_wrapped(|ui| {
            ui.label(words.t("consent-of"));
            for (asked, name) in [
                (Asked::Suspect, "person-suspect"),
                (Asked::Victim, "person-victim"),
                (Asked::Witness, "person-witness"),
            ] {
                let chosen = ui.radio_value(&mut self.asked, asked, words.t(name));
                if chosen.changed() {
                    // A victim is heard and named only where the person wants it.
                    let victim = asked == Asked::Victim;
                    self.sound = !victim;
                    self.pseudonym = if victim { PSEUDONYM } else { "" }.to_owned();
                }
            }
        });
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("consent-seen-by"));
            let names = [
                (Seen::Nobody, "consent-nobody"),
                (Seen::Agency, "consent-agency"),
                (Seen::Partner, "consent-partner"),
                (Seen::Anyone, "consent-anyone"),
            ];
            let now = names.iter().find(|(seen, _)| *seen == self.seen);
            let response = ComboBox::from_id_salt("seen-by")
                .selected_text(now.map_or("", |(_, name)| words.t(name)))
                .show_ui(ui, |ui| {
                    for (seen, name) in names {
                        ui.selectable_value(&mut self.seen, seen, words.t(name));
                    }
                })
                .response;
            response.labelled_by(label.id);
            if self.seen == Seen::Partner {
                let trusted = custody.keys.iter();
                let trusted = trusted.filter(|k| k.revoked.is_none() && !k.own);
                let partners: Vec<&KnownKey> = trusted.collect();
                let name = words.t("consent-partner-key");
                pick_key(ui, "consent-partner", name, &partners, &mut self.partner);
            }
        });
    }

    fn limits(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        ui.checkbox(&mut self.sound, words.t("consent-sound"));
        for (text, name) in [
            (&mut self.until, "consent-until"),
            (&mut self.pseudonym, "consent-pseudonym"),
            (&mut self.person, "consent-person"),
            (&mut self.by, "consent-by"),
        ] {
            ui.horizontal_wrapped(|ui| {
                let label = ui.label(words.t(name));
                let field = TextEdit::singleline(text).char_limit(200);
                ui.add(field.desired_width(180.0)).labelled_by(label.id);
            });
        }
        ui.add_space(theme::GAP);
    }

    /// For one file, signed by an administrator.
    fn lift(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened, free: bool) {
        let words = scene.words;
        script::label(ui, words.t("consent-lift-about"), scene.remark(ui));
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("edit-reason"));
            let field = TextEdit::singleline(&mut self.reason).char_limit(300);
            ui.add(field.desired_width(240.0)).labelled_by(label.id);
            let signer = scene.desk.board().signer.get();
            let may = signer.is_some_and(|key| key.role == Role::Administrator);
            let button = Button::new(words.t("consent-lift"));
            let ready = free && may && !self.reason.trim().is_empty();
            if ui.add_enabled(ready, button).clicked() {
                let id = opened.interview.id.clone();
                let reason = std::mem::take(&mut self.reason);
                ask(scene, Task::Lift(id, reason));
            }
        });
    }
}

/// A consent in words, of which the pseudonym comes from outside.
fn safe_words(consent: &Consent) -> String {
    let shown = Consent {
        pseudonym: consent.pseudonym.as_deref().map(safe::name),
        ..consent.clone()
    };
    shown.to_string()
}
