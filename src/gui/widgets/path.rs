//! A field for a file or a folder, with a way to choose one; for a file that is to be written also ready
//! places, a name that is free, and a word before one that is there already.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::{TextEdit, Ui};

use crate::app::PlaceKind;
use crate::app::desk::{Command, Outcome, There};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;

use super::chooser::{self, Chosen};
use super::script;

/// A stick that was put in is seen after this long.
const LOOK_AGAIN: Duration = Duration::from_secs(3);

/// What is typed.
#[derive(Default)]
pub struct PathField {
    text: String,
    choosing: bool,
    /// When the places were asked for.
    listed: Option<Instant>,
    /// The number of the question that is not answered yet; where it is for a free path, what the file is
    /// called.
    asked: Option<(u64, Option<(String, String)>)>,
    /// What stands at the path that is typed, once that is known.
    there: Option<There>,
    /// What the program wrote into the field, and what the file is called: another file gets another name.
    filled: Option<(PathBuf, (String, String))>,
    /// What came of the last task when it was looked there.
    seen: Option<Arc<Outcome>>,
}

impl PathField {
    /// Paints the field under the words of a message, with the way to choose a file.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, name: &'static str) {
        let words = scene.words;
        ui.horizontal_wrapped(|ui| {
            self.field(ui, scene, name, None);
            if ui.button(words.t("choose-file")).clicked() {
                self.choosing = true;
                scene.desk.ask(Command::BrowseAll(None));
            }
        });
        if self.choosing {
            match chooser::show_all(ui, scene) {
                Some(Chosen::File(path) | Chosen::Folder(path)) => {
                    self.text = path.display().to_string();
                    self.choosing = false;
                }
                Some(Chosen::Close) => self.choosing = false,
                None => {}
            }
        }
    }

    /// Paints the field for a file that is to be written and is called so, without and with its ending,
    /// where a person does not name it otherwise.
    pub fn show_out(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        name: &'static str,
        file: (&str, &str),
    ) {
        let words = scene.words;
        self.hear(scene, file);
        ui.horizontal_wrapped(|ui| {
            let hint = format!("{}.{}", file.0, file.1);
            if self.field(ui, scene, name, Some(hint)) {
                self.look(scene);
            }
        });
        ui.horizontal_wrapped(|ui| {
            ui.label(words.t("place-in"));
            self.places(ui, scene, file);
            if ui.button(words.t("choose-folder")).clicked() {
                self.choosing = true;
                scene.desk.ask(Command::BrowseAll(None));
            }
        });
        self.told(ui, scene, file);
        if self.choosing {
            match chooser::show_folders(ui, scene) {
                Some(Chosen::Folder(folder)) => {
                    self.fill(scene, folder, file);
                    self.choosing = false;
                }
                // A file stands for its folder: nothing is written over it.
                Some(Chosen::File(path)) => {
                    let folder = path.parent().unwrap_or(&path).to_owned();
                    self.fill(scene, folder, file);
                    self.choosing = false;
                }
                Some(Chosen::Close) => self.choosing = false,
                None => {}
            }
        }
    }

    /// The field and its name; whether it was typed into.
    fn field(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        name: &'static str,
        hint: Option<String>,
    ) -> bool {
        let label = ui.label(scene.words.t(name));
        let width = ui.available_width().clamp(120.0, 320.0);
        let field = TextEdit::singleline(&mut self.text).id_salt(name);
        let field = field.desired_width(width);
        let field = field.hint_text(hint.unwrap_or_default());
        let field = script::line(ui, field).labelled_by(label.id);
        field.changed()
    }

    /// A button for each ready place.
    fn places(&mut self, ui: &mut Ui, scene: &Scene<'_>, file: (&str, &str)) {
        if self.listed.is_none_or(|at| at.elapsed() > LOOK_AGAIN) {
            self.listed = Some(Instant::now());
            scene.desk.ask(Command::Places);
        }
        let Some(places) = scene.desk.board().places.get() else {
            return;
        };
        for place in &places.0 {
            let name = match place.kind {
                PlaceKind::Documents => scene.words.t("place-documents").to_owned(),
                PlaceKind::Desktop => scene.words.t("place-desktop").to_owned(),
                PlaceKind::Home => scene.words.t("place-home").to_owned(),
                PlaceKind::Stick => {
                    let own = place.folder.file_name().unwrap_or(place.folder.as_os_str());
                    let own = safe::name(&own.to_string_lossy());
                    scene.words.with("place-stick", &[("name", &own)])
                }
            };
            let path = safe::name(&place.folder.display().to_string());
            if ui.button(name).on_hover_text(path).clicked() {
                self.fill(scene, place.folder.clone(), file);
            }
        }
    }

    /// What a person should know of the path before it is written.
    fn told(&mut self, ui: &mut Ui, scene: &Scene<'_>, file: (&str, &str)) {
        let typed = self.path();
        let (Some(path), Some(there)) = (typed, self.there) else {
            return;
        };
        let (told, button, folder) = match there {
            There::Nothing => return,
            There::NoFolder => ("place-no-folder", None, None),
            There::File => {
                let folder = path.parent().filter(|p| !p.as_os_str().is_empty());
                let folder = folder.unwrap_or(Path::new(".")).to_owned();
                ("place-taken", Some("place-free"), Some(folder))
            }
            There::Folder => ("place-is-folder", Some("choose-here"), Some(path)),
        };
        let doubt = theme::of(ui).doubt;
        script::label(ui, scene.words.t(told), scene.own(ui).coloured(doubt));
        if let (Some(button), Some(folder)) = (button, folder)
            && ui.button(scene.words.t(button)).clicked()
        {
            self.fill(scene, folder, file);
        }
    }

    /// Asks what stands at the path that is typed.
    fn look(&mut self, scene: &Scene<'_>) {
        (self.there, self.filled, self.asked) = (None, None, None);
        if let Some(path) = self.path() {
            let number = scene.desk.number();
            if scene.desk.ask(Command::LookAt(path, number)) {
                self.asked = Some((number, None));
            }
        }
    }

    /// Asks for a free path in a folder, which then stands in the field.
    fn fill(&mut self, scene: &Scene<'_>, folder: PathBuf, (name, ending): (&str, &str)) {
        let file = (name.to_owned(), ending.to_owned());
        let number = scene.desk.number();
        if scene
            .desk
            .ask(Command::FreePath(folder, file.clone(), number))
        {
            self.asked = Some((number, Some(file)));
        }
    }

    /// Takes the answer; asks anew where the program's own path is for another file by now.
    fn hear(&mut self, scene: &Scene<'_>, file: (&str, &str)) {
        let placed = scene.desk.board().placed.get();
        let own = placed.filter(|p| self.asked.as_ref().is_some_and(|(n, _)| *n == p.number));
        if let Some(placed) = own
            && let Some((_, called)) = self.asked.take()
        {
            self.there = Some(placed.there);
            if let Some(called) = called {
                self.text = placed.path.display().to_string();
                self.filled = Some((placed.path.clone(), called));
            }
        }
        self.anew(scene, file);
        let other = |(name, ending): &(String, String)| (name.as_str(), ending.as_str()) != file;
        let stale = self.filled.take_if(|(_, called)| other(called));
        if let Some((path, _)) = stale {
            let folder = path.parent().map(Path::to_owned);
            self.text.clear();
            self.there = None;
            if let Some(folder) = folder {
                self.fill(scene, folder, file);
            }
        }
    }

    /// Something was written perhaps: what stands at the path now, or the next free one.
    fn anew(&mut self, scene: &Scene<'_>, file: (&str, &str)) {
        let outcome = scene.desk.board().outcome.get();
        let Some(now) = outcome else { return };
        let same = self.seen.as_ref().is_some_and(|own| Arc::ptr_eq(own, &now));
        if same {
            return;
        }
        self.seen = Some(now);
        let folder = self.filled.as_ref().and_then(|(path, _)| path.parent());
        match folder.map(Path::to_owned) {
            Some(folder) => self.fill(scene, folder, file),
            None => self.look(scene),
        }
    }

    /// What is typed, where anything is.
    pub fn path(&self) -> Option<PathBuf> {
        let typed = self.text.trim();
        (!typed.is_empty()).then(|| PathBuf::from(typed))
    }

    /// Empties the field.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// Whether a free path is being looked for: what is typed is not yet what will be written.
    pub fn waits(&self) -> bool {
        self.asked.as_ref().is_some_and(|(_, file)| file.is_some())
    }
}
