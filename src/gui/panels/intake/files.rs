//! The files of an import: chosen, dropped or typed, and taken back where nothing was taken in.

use std::path::{Path, PathBuf};
use std::time::Instant;

use eframe::egui::{Key, TextEdit, Ui};

use crate::app::ImportRequest;
use crate::app::desk::{Command, JobKind};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::widgets::chooser::{self, Chosen};
use crate::gui::widgets::named::remove;
use crate::gui::widgets::script;
use crate::transcript::is_transcript;

/// Files of one import; a person who drops a whole disk is asked to do it in parts.
const MOST: usize = 100;

/// What is chosen and typed.
#[derive(Default)]
pub(super) struct Files {
    files: Vec<PathBuf>,
    /// The files that were sent, and when: they come back where nothing was taken in.
    sent: Option<(Instant, Vec<PathBuf>)>,
    typed: String,
    choosing: bool,
}

impl Files {
    /// Takes what was dropped on the window, and what an import gave back.
    pub(super) fn hear(&mut self, ui: &Ui, scene: &Scene<'_>) {
        self.take_dropped(ui);
        self.take_back(scene);
    }

    /// Whether a file is chosen or typed.
    pub(super) fn are_typed(&self) -> bool {
        !self.files.is_empty() || !self.typed.trim().is_empty()
    }

    /// The same, where the files beside those of the program count alone.
    pub(super) fn has_other(&self, own: &dyn Fn(&Path) -> bool) -> bool {
        self.files.iter().any(|file| !own(file)) || !self.typed.trim().is_empty()
    }

    /// The same, and no folder is listed.
    pub(super) fn closed(self) -> Self {
        Self {
            choosing: false,
            ..self
        }
    }

    /// Whether no file is chosen.
    pub(super) fn are_none(&self) -> bool {
        self.files.is_empty()
    }

    /// The one recording that is chosen.
    pub(super) fn only_sound(&self) -> Option<PathBuf> {
        match &self.files[..] {
            [path] if !is_transcript(path) => Some(path.clone()),
            _ => None,
        }
    }

    /// This file in place of all others.
    pub(super) fn take_only(&mut self, path: PathBuf) {
        self.files = vec![path];
    }

    /// Has them taken in; whether the desk had room for that.
    pub(super) fn send(&mut self, scene: &Scene<'_>, request: ImportRequest) -> bool {
        // Before it is sent: the desk may begin at once.
        let (since, files) = (Instant::now(), self.files.clone());
        let asked = scene.desk.ask(Command::Import(files, request));
        if asked {
            self.sent = Some((since, std::mem::take(&mut self.files)));
        }
        asked
    }

    /// Puts the files back of an import that ended without anything taken in.
    fn take_back(&mut self, scene: &Scene<'_>) {
        let Some((since, files)) = &self.sent else {
            return;
        };
        let job = scene.desk.board().job.get();
        let Some(job) = job.filter(|j| j.kind == JobKind::Import && j.since >= *since) else {
            return;
        };
        let Some(made) = &job.over else { return };
        if made.is_empty() && !job.stopped && self.files.is_empty() {
            self.files.clone_from(files);
        }
        self.sent = None;
    }

    fn take_dropped(&mut self, ui: &Ui) {
        let dropped: Vec<PathBuf> = ui.input(|i| {
            let files = i.raw.dropped_files.iter();
            files.map(|f| f.path().to_owned()).collect()
        });
        for path in dropped {
            self.add(path);
        }
    }

    fn add(&mut self, path: PathBuf) {
        if !self.files.contains(&path) && self.files.len() < MOST {
            self.files.push(path);
        }
    }

    /// Paints them, and the ways to add one.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        let words = scene.words;
        ui.strong(words.t("intake-files"));
        let mut removed = None;
        for (at, file) in self.files.iter().enumerate() {
            ui.horizontal_wrapped(|ui| {
                let name = file.file_name().unwrap_or(file.as_os_str());
                let shown = ui.label(safe::name(&name.to_string_lossy()));
                shown.on_hover_text(safe::name(&file.display().to_string()));
                if remove(ui, scene, &safe::name(&name.to_string_lossy())) {
                    removed = Some(at);
                }
            });
        }
        if let Some(at) = removed {
            self.files.remove(at);
        }
        ui.horizontal_wrapped(|ui| {
            if ui.button(words.t("choose-file")).clicked() {
                self.choosing = true;
                scene.desk.ask(Command::Browse(None));
            }
            let label = ui.label(words.t("intake-path"));
            let width = ui.available_width().clamp(120.0, 320.0);
            let field = TextEdit::singleline(&mut self.typed).id_salt("path");
            let field = script::line(ui, field.desired_width(width)).labelled_by(label.id);
            let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
            let path = self.typed.trim().to_owned();
            if (ui.button(words.t("add")).clicked() || entered) && !path.is_empty() {
                self.add(PathBuf::from(path));
                self.typed.clear();
            }
        });
        if self.choosing {
            match chooser::show(ui, scene) {
                Some(Chosen::File(path)) => {
                    self.add(path);
                    self.choosing = false;
                }
                Some(Chosen::Close) => self.choosing = false,
                Some(Chosen::Folder(_)) | None => {}
            }
        }
        script::label(ui, words.t("intake-kinds"), scene.remark(ui));
    }
}
