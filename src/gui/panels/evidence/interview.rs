//! The interview that is open in Review: written out in every form, sealed, bundled for a partner,
//! compared with its chain.

use eframe::egui::{Button, ComboBox, TextEdit, Ui};

use crate::app::ExportChoices;
use crate::app::desk::{Custody, Opened, Task};
use crate::domain::{Asked, InterviewId, Lang};
use crate::evidence::KnownKey;
use crate::export::Format;
use crate::gui::safe;
use crate::gui::shell::{Go, Scene, Screen};
use crate::gui::theme;
use crate::gui::widgets::{job, languages, script};

use crate::gui::panels::intake::PURPOSES;

use super::{PathField, ask, pick_key};

/// What is typed into this part.
pub struct Interview {
    /// The interview for which whose record it is was set, and what its own record says of that.
    of: Option<(InterviewId, Option<Asked>)>,
    format: Format,
    /// Whose record it is; nobody's until its own record or a person says so.
    person: Option<Asked>,
    first: Option<Lang>,
    second: Option<Lang>,
    sound: bool,
    redact: PathField,
    out: PathField,
    partner: Option<String>,
    cover: PathField,
    copy: bool,
    copy_sound: bool,
    bundle: PathField,
    paper: String,
    /// The interview that a person wants to seal: asked for twice.
    sealing: Option<InterviewId>,
}

impl Default for Interview {
    fn default() -> Self {
        Self {
            of: None,
            format: Format::RecordPdf,
            person: None,
            first: None,
            second: None,
            sound: true,
            redact: PathField::default(),
            out: PathField::default(),
            partner: None,
            cover: PathField::default(),
            copy: false,
            copy_sound: false,
            bundle: PathField::default(),
            paper: String::new(),
            sealing: None,
        }
    }
}

impl Interview {
    /// Paints this part.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, custody: &Custody) -> Option<Go> {
        let words = scene.words;
        let Some(opened) = scene.desk.board().opened.get() else {
            script::label(ui, words.t("evidence-none"), scene.own(ui));
            let pressed = ui.button(words.t("nav-review")).clicked();
            return pressed.then_some(Go::To(Screen::Review));
        };
        let interview = &opened.interview;
        let case = safe::name(interview.case.as_deref().unwrap_or_default());
        script::label(ui, &format!("{}   {case}", interview.id), scene.own(ui));
        let of = Some((interview.id.clone(), opened.purpose()));
        if self.of != of {
            // A suspect's record has other words than a witness's.
            self.person = opened.purpose();
            self.of = of;
        }
        let free = !job::is_running(scene);
        self.export(ui, scene, &opened, free);
        ui.separator();
        self.seal(ui, scene, &opened, free);
        ui.separator();
        self.bundle(ui, scene, &opened, custody, free);
        ui.separator();
        self.verify(ui, scene, &opened, free);
        None
    }

    fn export(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened, free: bool) {
        let words = scene.words;
        ui.strong(words.t("export"));
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("export-form"));
            let response = ComboBox::from_id_salt("form")
                .selected_text(words.t(format_name(self.format)))
                .show_ui(ui, |ui| {
                    for format in Format::ALL {
                        let name = words.t(format_name(format));
                        ui.selectable_value(&mut self.format, format, name);
                    }
                })
                .response;
            response.labelled_by(label.id);
        });
        if self.format.is_record() {
            ui.horizontal_wrapped(|ui| {
                ui.label(words.t("export-of"));
                for (person, name) in PURPOSES {
                    ui.radio_value(&mut self.person, Some(person), words.t(name));
                }
            });
            let own = words.t("export-own-languages");
            ui.horizontal_wrapped(|ui| {
                let name = words.t("export-language");
                let six = &Lang::SIX;
                languages::pick(ui, "first", name, six, Some(own), &mut self.first);
            });
            if self.first.is_some() {
                ui.horizontal_wrapped(|ui| {
                    let (name, none) = (words.t("export-second"), words.t("intake-none"));
                    let six = &Lang::SIX;
                    languages::pick(ui, "second", name, six, Some(none), &mut self.second);
                });
            }
        }
        if self.format == Format::Html {
            ui.checkbox(&mut self.sound, words.t("export-sound"));
        }
        self.redact.show(ui, scene, "export-redact");
        let file = (opened.interview.id.0.as_str(), self.format.extension());
        self.out.show_out(ui, scene, "export-out", file);
        let known = !self.format.is_record() || self.person.is_some();
        if !known {
            let doubt = theme::of(ui).doubt;
            script::label(ui, words.t("export-of-whom"), scene.own(ui).coloured(doubt));
        }
        let button = Button::new(words.t("export-write"));
        let ready = free && known && !self.out.waits();
        if ui.add_enabled(ready, button).clicked() {
            let choices = ExportChoices {
                sound: self.sound,
                person: self.person.filter(|_| self.format.is_record()),
                languages: self.languages(),
                redact: self.redact.path(),
            };
            let id = opened.interview.id.clone();
            ask(
                scene,
                Task::Export(id, self.format, choices, self.out.path()),
            );
        }
    }

    /// The languages of a record, where a person named them.
    fn languages(&self) -> Vec<Lang> {
        match (self.first, self.second) {
            (Some(first), Some(second)) if first != second => vec![first, second],
            (Some(first), _) => vec![first],
            (None, _) => Vec::new(),
        }
    }

    /// A seal in two steps: nothing takes it back.
    fn seal(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened, free: bool) {
        let words = scene.words;
        ui.strong(words.t("seal"));
        script::label(ui, words.t("seal-about"), scene.remark(ui));
        let signs = signs(ui, scene);
        let id = &opened.interview.id;
        let may = free && signs;
        if !may || self.sealing.as_ref() != Some(id) {
            self.sealing = None;
            let button = Button::new(words.t("seal-now"));
            if ui.add_enabled(may, button).clicked() {
                self.sealing = Some(id.clone());
            }
            return;
        }
        let doubt = theme::of(ui).doubt;
        script::label(ui, words.t("seal-sure"), scene.own(ui).coloured(doubt));
        ui.horizontal_wrapped(|ui| {
            // Where the first button was: pressed twice in haste, nothing is sealed.
            if ui.button(words.t("cancel")).clicked() {
                self.sealing = None;
            }
            if ui.button(words.t("seal-yes")).clicked() {
                self.sealing = None;
                ask(scene, Task::Seal(id.clone()));
            }
        });
    }

    fn bundle(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        opened: &Opened,
        custody: &Custody,
        free: bool,
    ) {
        let words = scene.words;
        ui.strong(words.t("bundle"));
        script::label(ui, words.t("bundle-about"), scene.remark(ui));
        let partners: Vec<&KnownKey> = custody
            .keys
            .iter()
            .filter(|k| k.revoked.is_none() && !k.own)
            .collect();
        if partners.is_empty() {
            script::label(ui, words.t("bundle-nobody"), scene.own(ui));
            return;
        }
        ui.horizontal_wrapped(|ui| {
            let name = words.t("bundle-to");
            pick_key(ui, "partner", name, &partners, &mut self.partner);
        });
        ui.checkbox(&mut self.copy, words.t("bundle-copy"));
        if self.copy {
            self.cover.show(ui, scene, "bundle-cover");
            ui.checkbox(&mut self.copy_sound, words.t("bundle-sound"));
        }
        let file = (opened.interview.id.0.as_str(), "mekong");
        // It has the name of the field above.
        ui.push_id("bundle", |ui| {
            self.bundle.show_out(ui, scene, "export-out", file);
        });
        let signs = signs(ui, scene);
        let button = Button::new(words.t("bundle-write"));
        let ready = free && signs && self.partner.is_some() && !self.bundle.waits();
        if ui.add_enabled(ready, button).clicked()
            && let Some(partner) = self.partner.clone()
        {
            let id = opened.interview.id.clone();
            let out = self.bundle.path();
            let task = if self.copy {
                let cover = (self.cover.path(), self.copy_sound);
                Task::BundleCovered(id, partner, cover, out)
            } else {
                Task::Bundle(id, partner, out)
            };
            ask(scene, task);
        }
    }

    fn verify(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened, free: bool) {
        let words = scene.words;
        ui.strong(words.t("verify"));
        ui.horizontal_wrapped(|ui| {
            let label = ui.label(words.t("verify-paper"));
            let field = TextEdit::singleline(&mut self.paper).id_salt("paper");
            let field = field.char_limit(300).desired_width(260.0);
            script::line(ui, field).labelled_by(label.id);
            let button = Button::new(words.t("verify-now"));
            if ui.add_enabled(free, button).clicked() {
                let paper = self.paper.trim();
                let paper = (!paper.is_empty()).then(|| paper.to_owned());
                ask(scene, Task::Verify(opened.interview.id.clone(), paper));
            }
        });
        ui.add_space(theme::GAP);
    }
}

/// Whether somebody signs; says so where nobody does.
fn signs(ui: &mut Ui, scene: &Scene<'_>) -> bool {
    let signs = scene.desk.board().signer.get().is_some();
    if !signs {
        script::label(ui, scene.words.t("signer-needed"), scene.remark(ui));
    }
    signs
}

/// A form of a file in words.
fn format_name(format: Format) -> &'static str {
    match format {
        Format::Txt => "format-txt",
        Format::Json => "format-json",
        Format::Csv => "format-csv",
        Format::Srt => "format-srt",
        Format::Vtt => "format-vtt",
        Format::Html => "format-html",
        Format::Eaf => "format-eaf",
        Format::Tmx => "format-tmx",
        Format::Docx => "format-docx",
        Format::Pdf => "format-pdf",
        Format::Record => "format-record",
        Format::RecordPdf => "format-record-pdf",
        Format::Audio => "format-audio",
    }
}
