//! The question before a locked workspace: its passphrase, tried in a thread of its own.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

use eframe::egui::{
    Button, CentralPanel, Context, Frame, Key, Margin, ScrollArea, Ui, ViewportCommand,
};

use crate::app::App;
use crate::app::desk::Told;
use crate::domain::Lang;

use super::messages;
use super::theme;
use super::widgets::script::{self, Letters};
use super::widgets::secret::{self, Secret};
use super::widgets::{scroll, told};
use super::words::Words;

/// Width of a field for a passphrase, in points.
pub const FIELD: f32 = 360.0;
/// The field of the workspace's passphrase.
const OPENS: &str = "opens-the-workspace";

/// What came of the question.
pub enum Answer {
    /// The workspace is open.
    Opened,
    /// Nobody knows the passphrase any more.
    Lost,
}

/// The question.
pub struct Prompt {
    words: Words,
    typed: Secret,
    /// Languages that no font shows.
    missing: Vec<Lang>,
    /// What was found at the start; unlike `told` no try takes it away.
    remarks: Vec<Told>,
    told: Option<Told>,
    trying: Option<Receiver<Result<(), Told>>>,
    /// The field is to be typed into.
    focus: bool,
    /// Words wait behind the lock that were typed and not kept.
    waits: bool,
    /// Somebody closed the window over them: once more, and it closes.
    warned: bool,
}

/// What was pressed.
#[derive(Default)]
struct Pressed {
    open: bool,
    lost: bool,
}

impl Prompt {
    /// Asks, perhaps below what went wrong before. `missing` are languages that no font shows.
    pub fn new(words: Words, missing: Vec<Lang>, told: Option<Told>) -> Self {
        Self {
            words,
            typed: Secret::default(),
            missing,
            remarks: Vec::new(),
            told,
            trying: None,
            focus: true,
            waits: false,
            warned: false,
        }
    }

    /// Shows a message below the field.
    pub fn say(&mut self, told: Told) {
        self.told = Some(told);
    }

    /// Shows what was found at the start as long as the question is asked.
    pub fn remark(&mut self, told: Told) {
        self.remarks.push(told);
    }

    /// Whether words wait behind the lock that were typed and not kept.
    pub fn remember(&mut self, waits: bool) {
        self.waits = waits;
    }

    /// Paints one frame.
    pub fn show(&mut self, ui: &mut Ui, app: &Arc<App>) -> Option<Answer> {
        let closes = ui.input(|i| i.viewport().close_requested());
        if closes && self.waits && !std::mem::replace(&mut self.warned, true) {
            ui.ctx().send_viewport_cmd(ViewportCommand::CancelClose);
        }
        let opened = self.answer();
        let ground = Frame::new()
            .fill(theme::of(ui).ground)
            .inner_margin(Margin::same(24));
        let pressed = CentralPanel::default()
            .frame(ground)
            .show(ui, |ui| {
                scroll::page(ui, ScrollArea::vertical(), |ui| self.paint(ui))
            })
            .inner;
        if pressed.open && self.trying.is_none() && !self.typed.is_empty() {
            self.told = None;
            self.trying = self.start(ui.ctx(), app);
        }
        if pressed.lost && self.trying.is_none() {
            secret::take(ui.ctx(), OPENS, &mut self.typed);
            return Some(Answer::Lost);
        }
        opened.then_some(Answer::Opened)
    }

    fn paint(&mut self, ui: &mut Ui) -> Pressed {
        let letters = Letters::running(ui, self.words.lang());
        let heading = Letters {
            size: theme::HEADING,
            ..letters
        };
        script::label(ui, self.words.t("vault-locked"), heading);
        ui.add_space(theme::GAP);
        let name = script::label(ui, self.words.t("vault-passphrase"), letters);
        let idle = self.trying.is_none();
        let field = ui.add_enabled_ui(idle, |ui| secret::field(ui, OPENS, &mut self.typed, FIELD));
        let field = field.inner.labelled_by(name.id);
        let entered = field.lost_focus() && ui.input(|i| i.key_pressed(Key::Enter));
        // Once, and again after a refusal: the key for the next field must work in between.
        if idle && std::mem::take(&mut self.focus) {
            field.request_focus();
        }
        ui.add_space(theme::GAP);
        let mut pressed = Pressed::default();
        ui.horizontal_wrapped(|ui| {
            let open = Button::new(self.words.t("vault-open"));
            pressed.open = ui.add_enabled(idle, open).clicked() || entered;
            let lost = Button::new(self.words.t("lock-lost"));
            pressed.lost = ui.add_enabled(idle, lost).clicked();
        });
        if !idle {
            ui.add_space(theme::GAP);
            script::label(ui, self.words.t("vault-trying"), letters);
        }
        if self.waits {
            ui.add_space(theme::GAP);
            script::label(ui, self.words.t("unkept-locked"), letters);
            if self.warned {
                let doubt = theme::of(ui).doubt;
                let again = self.words.t("unkept-locked-close");
                script::label(ui, again, letters.coloured(doubt));
            }
        }
        if let Some(told) = &self.told {
            ui.add_space(theme::GAP);
            let doubt = theme::of(ui).doubt;
            told::show(ui, &self.words, told, doubt);
        }
        let text = theme::of(ui).text;
        for told in &self.remarks {
            ui.add_space(theme::GAP);
            told::show(ui, &self.words, told, text);
        }
        ui.add_space(theme::GAP);
        messages::unshown(ui, &self.words, &self.missing);
        pressed
    }

    /// Tries in a thread of its own: the work takes a while by design.
    fn start(&mut self, ctx: &Context, app: &Arc<App>) -> Option<Receiver<Result<(), Told>>> {
        let (send, receive) = channel();
        let typed = secret::take(ctx, OPENS, &mut self.typed);
        let (app, own) = (Arc::clone(app), ctx.clone());
        let tried = thread::Builder::new()
            .name("unlock".to_owned())
            .spawn(move || {
                let opened = app.unlock(&typed, "window", &|_| {});
                let _ = send.send(opened.map_err(|e| Told::of(&e)));
                own.request_repaint();
            });
        tried.ok().map(|_| receive)
    }

    /// Whether it is open now; what went wrong is shown.
    fn answer(&mut self) -> bool {
        let Some(trying) = &self.trying else {
            return false;
        };
        let answer = match trying.try_recv() {
            Err(TryRecvError::Empty) => return false,
            answer => answer,
        };
        self.trying = None;
        self.focus = true;
        match answer {
            Ok(Ok(())) => true,
            Ok(Err(told)) => {
                self.told = Some(told);
                false
            }
            Err(_) => false,
        }
    }
}
