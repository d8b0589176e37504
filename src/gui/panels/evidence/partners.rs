//! What partners send: a bundle is checked to the last byte before it is taken in; a receipt is
//! compared; what came lies apart from the store.

use eframe::egui::{Button, Ui};

use crate::app::desk::{Custody, Task};
use crate::gui::safe;
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::{job, named, script};

use super::{PathField, ask};

/// What is typed into this part.
#[derive(Default)]
pub struct Partners {
    file: PathField,
    receipt: bool,
}

impl Partners {
    /// Paints this part; the way to what is to be read.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, custody: &Custody) -> Option<Go> {
        let words = scene.words;
        let mut go = None;
        script::label(ui, words.t("receive-about"), scene.own(ui));
        self.file.show(ui, scene, "receive-file");
        ui.checkbox(&mut self.receipt, words.t("receive-receipt"));
        ui.horizontal_wrapped(|ui| {
            let file = self.file.path();
            let ready = file.is_some() && !job::is_running(scene);
            let verify = Button::new(words.t("receive-verify"));
            let receive = Button::new(words.t("receive-now"));
            let (verify, receive) = (
                ui.add_enabled(ready, verify).clicked(),
                ui.add_enabled(ready, receive).clicked(),
            );
            if let Some(file) = file {
                if verify {
                    ask(scene, Task::VerifyFile(file));
                } else if receive {
                    ask(scene, Task::Receive(file, self.receipt));
                }
            }
        });
        ui.separator();
        if custody.received.is_empty() {
            script::label(ui, words.t("received-nothing"), scene.own(ui));
        }
        for foreign in &custody.received {
            let text = format!(
                "{}   {}",
                safe::name(&foreign.interview),
                words.moment(&foreign.received)
            );
            ui.horizontal_wrapped(|ui| {
                script::label(ui, &text, scene.own(ui));
                let name = safe::name(&foreign.interview);
                let name = words.with("received-open-named", &[("name", &name)]);
                if named::button(ui, words.t("received-open"), &name).clicked() {
                    go = Some(Go::Foreign(foreign.bundle.clone(), None));
                }
            });
            let path = foreign.folder.display().to_string();
            script::marked(ui, &path, scene.remark(ui), &[], true);
            ui.add_space(theme::GAP);
        }
        go
    }
}
