//! The gate before the screens: a locked workspace asks for its passphrase, and is locked again when
//! nobody has touched the window for a while. Then the screens are gone, and so is the key.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use eframe::egui::text_edit::TextEditState;
use eframe::egui::{
    Button, CentralPanel, Context, Frame, Key, KeyboardShortcut, Margin, Modifiers, Ui,
    ViewportCommand,
};
use zeroize::Zeroizing;

use crate::app::desk::{Desk, Told};
use crate::app::{App, VaultState};

use super::fonts::Fonts;
use super::panels::Drafts;
use super::shell::Desktop;
use super::theme;
use super::widgets::script::{self, Letters};
use super::widgets::{secret, told};
use super::words::Words;

/// Width of the field for the passphrase, in points.
const FIELD: f32 = 360.0;

/// Locks at once.
const LOCK: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::L);

/// The window's content: the screens, or the question before them.
pub struct Gate {
    app: Arc<App>,
    fonts: Fonts,
    inside: Inside,
    touched: Instant,
    /// Whether the workspace has a lock at all.
    locks: bool,
    /// After so long without a touch it is locked.
    patience: Option<Duration>,
    /// What was typed into lines and not kept before it was locked: in memory only, and shown by nothing
    /// before it is open again.
    drafts: Drafts,
}

enum Inside {
    Asking(Box<Prompt>),
    Open(Box<Desktop>),
}

/// The question.
struct Prompt {
    words: Words,
    typed: Zeroizing<String>,
    told: Option<Told>,
    trying: Option<Receiver<Result<(), Told>>>,
    /// The field is to be typed into.
    focus: bool,
    /// Words wait behind the lock that were typed and not kept.
    waits: bool,
    /// Somebody closed the window over them: once more, and it closes.
    warned: bool,
}

impl Gate {
    /// Opens the screens, or asks first. Called before the first frame.
    ///
    /// # Errors
    /// A system that gives no more threads.
    pub fn new(app: Arc<App>, ctx: &Context, fonts: Fonts) -> std::io::Result<Self> {
        let state = app.vault_state();
        let inside = match &state {
            Ok(VaultState::Plain | VaultState::Open) => open(&app, ctx, &fonts)?,
            Ok(VaultState::Locked | VaultState::Moving) => ask(&app, ctx, &fonts, None),
            Err(error) => ask(&app, ctx, &fonts, Some(Told::of(error))),
        };
        let mut gate = Self {
            app,
            fonts,
            inside,
            touched: Instant::now(),
            locks: false,
            patience: None,
            drafts: Drafts::default(),
        };
        gate.watch();
        Ok(gate)
    }

    /// Shows a message on the screens, where they are open.
    pub fn say(&mut self, told: Told) {
        match &mut self.inside {
            Inside::Open(desktop) => desktop.say(told),
            Inside::Asking(prompt) => prompt.told = Some(told),
        }
    }

    /// Keeps what the next start begins with.
    pub fn leave(&mut self) {
        if let Inside::Open(desktop) = &mut self.inside {
            desktop.leave();
        }
    }

    /// Locks after so long without a touch, whatever the settings say.
    pub fn lock_after(&mut self, patience: Duration) {
        self.patience = self.locks.then_some(patience);
    }

    /// Paints one frame.
    pub fn show(&mut self, ui: &mut Ui) {
        match &mut self.inside {
            Inside::Open(desktop) => {
                desktop.show(ui);
                self.lock_when_left(ui);
            }
            Inside::Asking(prompt) => match prompt.show(ui, &self.app) {
                Some(Ok(())) => self.enter(ui.ctx()),
                Some(Err(told)) => prompt.told = Some(told),
                None => {}
            },
        }
    }

    fn enter(&mut self, ctx: &Context) {
        match open(&self.app, ctx, &self.fonts) {
            Ok(inside) => {
                self.inside = inside;
                if let Inside::Open(desktop) = &mut self.inside {
                    desktop.take_up(std::mem::take(&mut self.drafts));
                }
            }
            Err(cause) => {
                let app = crate::app::Error::File {
                    what: "start the window's threads",
                    cause,
                    path: self.app.workspace().root().to_owned(),
                };
                self.say(Told::of(&app));
            }
        }
        self.touched = Instant::now();
        self.watch();
        ctx.request_repaint();
    }

    fn watch(&mut self) {
        let minutes = self.app.config().lock_after_minutes;
        self.locks = self.app.vault_state().ok() == Some(VaultState::Open);
        let patience = Duration::from_secs(minutes.saturating_mul(60));
        self.patience = (self.locks && minutes > 0).then_some(patience);
    }

    /// Nobody is here, or somebody leaves (Ctrl-L): the screens go, the key with them. A recording or
    /// a job goes on first.
    fn lock_when_left(&mut self, ui: &Ui) {
        let Inside::Open(desktop) = &mut self.inside else {
            return;
        };
        if !self.locks {
            return;
        }
        let busy = desktop.is_busy();
        if busy || ui.input(|i| !i.events.is_empty()) {
            self.touched = Instant::now();
        }
        let asked = ui.input_mut(|i| i.consume_shortcut(&LOCK)) | desktop.is_to_lock();
        if asked && busy {
            let words = Words::of(self.app.choices().choices.language);
            desktop.say(Told {
                what: words.t("vault-busy").to_owned(),
                next: words.t("vault-busy-next").to_owned(),
            });
            return;
        }
        let left = self
            .patience
            .map(|patience| patience.saturating_sub(self.touched.elapsed()));
        if asked || left == Some(Duration::ZERO) {
            self.drafts = desktop.put_by();
            if let Some(choices) = desktop.unsettled() {
                // The key is still there to seal the name. If the disk refuses, the old choices stay.
                let _ = self.app.keep_choices(&choices);
            }
            self.app.close();
            self.inside = ask(&self.app, ui.ctx(), &self.fonts, None);
            if let Inside::Asking(prompt) = &mut self.inside {
                prompt.waits = self.drafts.len() > 0;
            }
        }
        if let Some(left) = left {
            ui.ctx()
                .request_repaint_after(left.max(Duration::from_secs(1)));
        }
    }
}

fn open(app: &Arc<App>, ctx: &Context, fonts: &Fonts) -> std::io::Result<Inside> {
    let own = ctx.clone();
    let wake = Arc::new(move || own.request_repaint());
    let desk = Desk::start(Arc::clone(app), wake)?;
    let desktop = Desktop::new(app, desk, ctx, fonts.clone());
    Ok(Inside::Open(Box::new(desktop)))
}

fn ask(app: &App, ctx: &Context, fonts: &Fonts, told: Option<Told>) -> Inside {
    let choices = app.choices().choices;
    // What was typed before it was locked is not brought back by whoever opens it.
    ctx.data_mut(|data| data.remove_by_type::<TextEditState>());
    ctx.set_fonts(fonts.definitions.clone());
    theme::apply(ctx, choices.look, choices.text_percent);
    Inside::Asking(Box::new(Prompt {
        words: Words::of(choices.language),
        typed: Zeroizing::default(),
        told,
        trying: None,
        focus: true,
        waits: false,
        warned: false,
    }))
}

impl Prompt {
    fn show(&mut self, ui: &mut Ui, app: &Arc<App>) -> Option<Result<(), Told>> {
        let closes = ui.input(|i| i.viewport().close_requested());
        if closes && self.waits && !std::mem::replace(&mut self.warned, true) {
            ui.ctx().send_viewport_cmd(ViewportCommand::CancelClose);
        }
        let answer = self.answer();
        let ground = Frame::new()
            .fill(theme::of(ui).ground)
            .inner_margin(Margin::same(24));
        let asked = CentralPanel::default()
            .frame(ground)
            .show(ui, |ui| self.paint(ui))
            .inner;
        if asked && self.trying.is_none() && !self.typed.is_empty() {
            self.told = None;
            self.trying = self.start(ui.ctx(), app);
        }
        answer
    }

    fn paint(&mut self, ui: &mut Ui) -> bool {
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
        let button = Button::new(self.words.t("vault-open"));
        let pressed = ui.add_enabled(idle, button).clicked();
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
        entered || pressed
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

    fn answer(&mut self) -> Option<Result<(), Told>> {
        match self.trying.as_ref()?.try_recv() {
            Ok(answer) => {
                self.trying = None;
                self.focus = true;
                Some(answer)
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.trying = None;
                self.focus = true;
                None
            }
        }
    }
}

/// The field of the workspace's passphrase.
const OPENS: &str = "opens-the-workspace";
