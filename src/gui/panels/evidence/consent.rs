//! What the person interviewed allows: shown, entered, and lifted once by an administrator.

use eframe::egui::{Button, ComboBox, TextEdit, Ui};

use crate::app::desk::{Custody, Opened, Task};
use crate::domain::InterviewId;
use crate::evidence::{Asked, Audience, Consent, KnownKey, Role};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{job, script};
use crate::text::typed_day;

use super::{ask, pick_key};

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
    /// The interview, what was entered for it, and as what its person was interviewed, when the
    /// fields were filled.
    of: Option<(InterviewId, Option<Consent>, Option<Asked>)>,
    /// Who was asked; nobody until the record of the interview or a person says so.
    asked: Option<Asked>,
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
            of: None,
            asked: None,
            seen: Seen::Agency,
            partner: None,
            until: String::new(),
            sound: false,
            pseudonym: String::new(),
            person: String::new(),
            by: String::new(),
            reason: String::new(),
        }
    }
}

impl From<&Consent> for Consenting {
    /// The fields as they stand for what was entered. Several partners are to be chosen anew: one
    /// field cannot hold them.
    fn from(consent: &Consent) -> Self {
        let (seen, partner) = match &consent.seen_by {
            Audience::Nobody => (Seen::Nobody, None),
            Audience::Agency => (Seen::Agency, None),
            Audience::Anyone => (Seen::Anyone, None),
            Audience::Partners(keys) => match &keys[..] {
                [only] => (Seen::Partner, Some(only.clone())),
                _ => (Seen::Partner, None),
            },
        };
        Self {
            asked: Some(consent.asked),
            seen,
            partner,
            until: consent.until.map(|day| day.to_string()).unwrap_or_default(),
            sound: consent.sound,
            pseudonym: consent.pseudonym.clone().unwrap_or_default(),
            person: consent.person.clone().unwrap_or_default(),
            ..Self::default()
        }
    }
}

impl From<Asked> for Consenting {
    /// The fields as they usually stand for somebody who was interviewed so.
    fn from(asked: Asked) -> Self {
        let mut fields = Self::default();
        fields.choose(asked);
        fields
    }
}

impl Consenting {
    /// Whether something was chosen or typed that is not entered. The name of who enters it stays for the
    /// next interview.
    pub fn is_typed(&self) -> bool {
        let Some((_, entered, purpose)) = &self.of else {
            return false;
        };
        let entered = entered.as_ref().map(Self::from);
        let before = entered.or(purpose.map(Self::from)).unwrap_or_default();
        self.fields() != before.fields() || !self.reason.trim().is_empty()
    }

    /// The interview of which it is.
    pub fn of(&self) -> Option<InterviewId> {
        self.of.as_ref().map(|(id, ..)| id.clone())
    }

    /// What can be entered.
    fn fields(&self) -> (Option<Asked>, Seen, Option<&str>, bool, [&str; 3]) {
        let typed = [&self.until, &self.pseudonym, &self.person].map(|text| text.trim());
        let partner = self.partner.as_deref();
        (self.asked, self.seen, partner, self.sound, typed)
    }

    /// Sets who was asked, and what is usual for them.
    fn choose(&mut self, asked: Asked) {
        self.asked = Some(asked);
        // A victim is heard and named only where the person wants it.
        self.sound = asked.usual_sound();
        self.pseudonym = asked.usual_pseudonym().unwrap_or_default().to_owned();
    }

    /// Paints this part.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened, custody: &Custody) {
        let words = scene.words;
        let purpose = opened.purpose();
        let of = Some((
            opened.interview.id.clone(),
            custody.consent.clone(),
            purpose,
        ));
        if self.of != of {
            // One person's limits are never another's.
            let by = std::mem::take(&mut self.by);
            let entered = custody.consent.as_ref().map(Self::from);
            let filled = entered.or(purpose.map(Self::from));
            *self = Self {
                of,
                by,
                ..filled.unwrap_or_default()
            };
        }
        script::label(ui, words.t("consent-about"), scene.remark(ui));
        let told = match &custody.consent {
            Some(consent) => in_words(scene, consent, &custody.keys),
            None => words.t("consent-none").to_owned(),
        };
        script::label(ui, &told, scene.own(ui));
        ui.separator();
        self.who(ui, scene, custody);
        self.limits(ui, scene);
        let free = !job::is_running(scene);
        let until = self.until.trim();
        let until = if until.is_empty() {
            Some(None)
        } else {
            typed_day(until).map(Some)
        };
        if let Some(Some(day)) = until {
            // As it was understood.
            let day = words.written(&day.to_string());
            let read = words.with("consent-shown-until", &[("day", &day)]);
            script::label(ui, &read, scene.remark(ui));
        }
        let chosen = self.seen != Seen::Partner || self.partner.is_some();
        let button = Button::new(words.t("consent-enter"));
        if self.asked.is_none() {
            let doubt = theme::of(ui).doubt;
            script::label(
                ui,
                words.t("consent-of-whom"),
                scene.own(ui).coloured(doubt),
            );
        }
        let named = self.asked.is_some() && !self.by.trim().is_empty();
        let ready = free && chosen && until.is_some() && named;
        if ui.add_enabled(ready, button).clicked()
            && let (Some(until), Some(asked)) = (until, self.asked)
        {
            let typed = |text: &str| {
                let text = text.trim();
                (!text.is_empty()).then(|| text.to_owned())
            };
            let consent = Consent {
                asked,
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
            for asked in Asked::ALL {
                let is = self.asked == Some(asked);
                if ui.radio(is, words.t(person(asked))).clicked() && !is {
                    self.choose(asked);
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
                let field = TextEdit::singleline(text).id_salt(name).char_limit(200);
                script::line(ui, field.desired_width(180.0)).labelled_by(label.id);
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
            let field = TextEdit::singleline(&mut self.reason).id_salt("lift");
            let field = field.char_limit(300).desired_width(240.0);
            script::line(ui, field).labelled_by(label.id);
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

/// What a kind of person is called.
fn person(asked: Asked) -> &'static str {
    match asked {
        Asked::Suspect => "person-suspect",
        Asked::Victim => "person-victim",
        Asked::Witness => "person-witness",
    }
}

/// A consent in the words of the screens. Names come from outside.
fn in_words(scene: &Scene<'_>, consent: &Consent, keys: &[KnownKey]) -> String {
    let words = scene.words;
    let seen = match &consent.seen_by {
        Audience::Nobody => words.t("consent-nobody").to_owned(),
        Audience::Agency => words.t("consent-agency").to_owned(),
        Audience::Anyone => words.t("consent-anyone").to_owned(),
        Audience::Partners(numbers) => {
            let called = |number: &String| {
                let key = keys.iter().find(|k| k.public.number == *number);
                key.map_or_else(|| number.clone(), |k| safe::name(&k.public.name))
            };
            let partners: Vec<String> = numbers.iter().map(called).collect();
            format!("{}, {}", words.t("consent-agency"), partners.join(", "))
        }
    };
    let until = match consent.until {
        Some(day) => {
            let day = words.written(&day.to_string());
            words.with("consent-shown-until", &[("day", &day)])
        }
        None => words.t("consent-shown-endless").to_owned(),
    };
    let heard = if consent.sound {
        "answer-was-yes"
    } else {
        "answer-was-no"
    };
    let name = match &consent.pseudonym {
        Some(name) => words.with("consent-shown-name", &[("name", &safe::name(name))]),
        None => words.t("consent-shown-own").to_owned(),
    };
    [
        words.t(person(consent.asked)).to_owned(),
        format!("{}: {seen}", words.t("consent-seen-by")),
        until,
        format!("{}: {}", words.t("consent-sound"), words.t(heard)),
        name,
    ]
    .join("  ·  ")
}
