//! The gate before the screens: a locked workspace asks for its passphrase, and is locked again when
//! nobody has touched the window for a while. Then the screens are gone, and so is the key.

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::text_edit::TextEditState;
use eframe::egui::{Context, Key, KeyboardShortcut, Modifiers, Ui};

use crate::app::desk::{Desk, Told};
use crate::app::{App, VaultState};

use super::fonts::Fonts;
use super::locking::{LockPage, Purpose};
use super::messages;
use super::prompt::{Answer, Prompt};
use super::put_by::PutBy;
use super::shell::Desktop;
use super::theme;
use super::words::Words;

/// Microphones that were tested keep the screens open for so long after somebody was here last.
const AWAITED: Duration = Duration::from_secs(300);
/// Locks at once.
const LOCK: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND, Key::L);

/// The window's content: the screens, or the question before them.
pub struct Gate {
    app: Arc<App>,
    fonts: Fonts,
    inside: Inside,
    touched: Instant,
    /// When a key or the pointer was used last, whatever else counts as being here.
    used: Instant,
    /// Whether the workspace has a lock at all.
    locks: bool,
    /// After so long without a touch it is locked.
    patience: Option<Duration>,
    /// What was found wrong at the start, until the screens are open that show it.
    remarks: Vec<Told>,
    /// What was typed and not kept before it was locked: in memory only, and shown by nothing before it is
    /// open again.
    kept: PutBy,
}

enum Inside {
    Asking(Box<Prompt>),
    Locking(Box<LockPage>),
    Open(Box<Desktop>),
}

impl Gate {
    /// Opens the screens, or asks first. Called before the first frame.
    ///
    /// # Errors
    /// A system that gives no more threads.
    pub fn new(app: Arc<App>, ctx: &Context, fonts: Fonts) -> std::io::Result<Self> {
        app.cannot_show(&fonts.missing);
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
            used: Instant::now(),
            locks: false,
            patience: None,
            remarks: Vec::new(),
            kept: PutBy::default(),
        };
        gate.watch();
        Ok(gate)
    }

    /// Says what was found wrong at the start: before the screens are open, and again on them.
    pub fn remark(&mut self, told: Told) {
        match &mut self.inside {
            Inside::Open(desktop) => desktop.say(told),
            Inside::Asking(prompt) => {
                prompt.remark(told.clone());
                self.remarks.push(told);
            }
            Inside::Locking(_) => self.remarks.push(told),
        }
    }

    /// Shows a message on the screens, where they are open.
    pub fn say(&mut self, told: Told) {
        match &mut self.inside {
            Inside::Open(desktop) => desktop.say(told),
            Inside::Asking(prompt) => prompt.say(told),
            Inside::Locking(page) => page.say(told),
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
                self.turn_to_the_lock(ui.ctx());
            }
            Inside::Asking(prompt) => match prompt.show(ui, &self.app) {
                Some(Answer::Opened) => self.enter(ui.ctx()),
                Some(Answer::Lost) => self.show_page(ui.ctx(), Purpose::Recover),
                None => {}
            },
            Inside::Locking(page) => {
                if page.show(ui, &self.app) {
                    self.leave_page(ui.ctx());
                } else {
                    self.leave_page_when_left(ui);
                }
            }
        }
    }

    /// Takes what was typed and not kept out of the screens, and the key out of memory.
    fn put_away(&mut self) {
        if let Inside::Open(desktop) = &self.inside
            && let Some(choices) = desktop.unsettled()
        {
            // The key is still there to seal the name. If the disk refuses, the old choices stay.
            let _ = self.app.keep_choices(&choices);
        }
        self.app.close();
        if let Inside::Open(desktop) = &mut self.inside {
            self.kept = desktop.put_by();
        }
    }

    fn ask_again(&mut self, ctx: &Context) {
        self.inside = ask(&self.app, ctx, &self.fonts, None);
        if let Inside::Asking(prompt) = &mut self.inside {
            prompt.remember(self.kept.waits());
        }
    }

    /// A button asked for the first lock or for another passphrase. The screens and all that they have open
    /// are gone meanwhile: nothing else may use what is being moved.
    fn turn_to_the_lock(&mut self, ctx: &Context) {
        let Inside::Open(desktop) = &mut self.inside else {
            return;
        };
        let Some(purpose) = desktop.is_to_guard() else {
            return;
        };
        if desktop.is_busy() {
            desktop.say_busy();
            return;
        }
        self.put_away();
        self.show_page(ctx, purpose);
    }

    fn show_page(&mut self, ctx: &Context, purpose: Purpose) {
        // What was typed before is not brought back by whoever sits there next.
        ctx.data_mut(|data| data.remove_by_type::<TextEditState>());
        match LockPage::new(&self.app, ctx, purpose, self.kept.waits()) {
            Ok(page) => {
                self.inside = Inside::Locking(Box::new(page));
                self.touched = Instant::now();
            }
            Err(cause) => {
                self.leave_page(ctx);
                self.no_thread(cause);
            }
        }
    }

    /// Nobody is at the page of the lock any more: what was typed goes, and the key that it gave.
    fn leave_page_when_left(&mut self, ui: &Ui) {
        let Inside::Locking(page) = &mut self.inside else {
            return;
        };
        if page.is_working() || ui.input(|i| !i.events.is_empty()) {
            self.touched = Instant::now();
        }
        if page.is_done() && !self.locks {
            self.watch();
        }
        let Some(patience) = self.patience else {
            return;
        };
        let left = patience.saturating_sub(self.touched.elapsed());
        if left > Duration::ZERO {
            let ctx = ui.ctx();
            ctx.request_repaint_after(left.max(Duration::from_secs(1)));
        } else if let Inside::Locking(page) = &mut self.inside {
            page.forget(ui.ctx());
            self.app.close();
            self.leave_page(ui.ctx());
        }
    }

    /// The lock is there, or nobody wanted it: on to the screens, or to the question before them.
    fn leave_page(&mut self, ctx: &Context) {
        match self.app.vault_state() {
            Ok(VaultState::Plain | VaultState::Open) => self.enter(ctx),
            Ok(VaultState::Locked | VaultState::Moving) => self.ask_again(ctx),
            Err(error) => {
                self.ask_again(ctx);
                self.say(Told::of(&error));
            }
        }
        ctx.request_repaint();
    }

    fn no_thread(&mut self, cause: std::io::Error) {
        let error = crate::app::Error::File {
            what: "start the window's threads",
            cause,
            path: self.app.workspace().root().to_owned(),
        };
        self.say(Told::of(&error));
    }

    fn enter(&mut self, ctx: &Context) {
        match open(&self.app, ctx, &self.fonts) {
            Ok(inside) => {
                self.inside = inside;
                if let Inside::Open(desktop) = &mut self.inside {
                    desktop.take_up(std::mem::take(&mut self.kept));
                    for told in self.remarks.drain(..) {
                        desktop.say(told);
                    }
                }
            }
            Err(cause) => self.no_thread(cause),
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
        // Microphones that wait for a recording would be closed: whoever tested them is about to begin.
        let used = ui.input(|i| !i.events.is_empty());
        if used {
            self.used = Instant::now();
        }
        let awaited = desktop.is_armed() && self.used.elapsed() < AWAITED;
        if busy || awaited || used {
            self.touched = Instant::now();
        }
        let asked = ui.input_mut(|i| i.consume_shortcut(&LOCK)) | desktop.is_to_lock();
        if asked && busy {
            desktop.say_busy();
            return;
        }
        let left = self
            .patience
            .map(|patience| patience.saturating_sub(self.touched.elapsed()));
        if asked || left == Some(Duration::ZERO) {
            self.put_away();
            self.ask_again(ui.ctx());
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
    let words = Words::of(choices.language);
    let aside = app.choices_aside();
    let aside = aside.map(|path| messages::choices_aside(&words, &path));
    let mut prompt = Prompt::new(words, fonts.missing.clone(), told);
    if let Some(told) = aside {
        // Told again on the screens, which take it from the app.
        prompt.remark(told);
    }
    Inside::Asking(Box::new(prompt))
}
