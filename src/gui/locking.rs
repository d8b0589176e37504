//! The page of the lock: the first one of a workspace, another passphrase, and the way in after a lost
//! one. It stands in the place of the screens, because nothing else may use what is being moved; the work
//! is done in a thread of its own, and a computer that stops in it loses nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread;
use std::time::Instant;

use eframe::egui::{
    Button, CentralPanel, Context, Frame, Margin, ScrollArea, TextEdit, Ui, ViewportCommand,
};

use crate::app::desk::{Desk, Told};
use crate::app::{App, Choices, Error, VaultState, swap_told};
use crate::pipeline::Progress;
use crate::vault::Phrase;

use super::prompt::FIELD;
use super::shell::Scene;
use super::theme;
use super::widgets::path::PathField;
use super::widgets::script::{self, Letters};
use super::widgets::secret::{self, Secret};
use super::widgets::{job, scroll, told};
use super::words::Words;

const OLD: &str = "lock-old";
const NEW: &str = "lock-new";
const AGAIN: &str = "lock-again";

/// What the page is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The first lock of a workspace that lies in the clear.
    First,
    /// Another passphrase, by the one until now.
    Change,
    /// Another passphrase, by the recovery key.
    Recover,
}

/// What the thread that does it tells.
enum News {
    Step(u64, u64),
    Over(Result<(), Told>),
}

/// The page.
pub struct LockPage {
    /// Lists folders for whoever looks for a file; gone while the work is done.
    desk: Option<Desk>,
    words: Words,
    choices: Choices,
    purpose: Purpose,
    old: Secret,
    new: Secret,
    again: Secret,
    /// The agency has a recovery key already.
    agency: bool,
    recipient: String,
    file: PathField,
    working: Option<Receiver<News>>,
    step: (u64, u64),
    /// When it began.
    since: Instant,
    /// It is done; a new recovery key lies in this file.
    done: Option<Option<PathBuf>>,
    /// It was begun and cut off: the next opening goes on.
    half: bool,
    told: Option<Told>,
    /// Words wait that were typed and not kept.
    waits: bool,
    /// Where memory may be written to a disk in the clear: no lock of a workspace keeps it from that.
    swap: Option<Told>,
}

/// What is to be done, with all that it needs.
enum Work {
    Guard(String),
    GuardAnew(PathBuf),
    Change(Phrase),
    Recover(PathBuf),
}

impl LockPage {
    /// Begins with empty fields.
    ///
    /// # Errors
    /// A system that gives no more threads.
    pub fn new(
        app: &Arc<App>,
        ctx: &Context,
        purpose: Purpose,
        waits: bool,
    ) -> std::io::Result<Self> {
        let own = ctx.clone();
        let wake = Arc::new(move || own.request_repaint());
        let choices = app.choices().choices;
        Ok(Self {
            desk: Some(Desk::start(Arc::clone(app), wake)?),
            words: Words::chosen(&choices),
            choices,
            purpose,
            old: Secret::default(),
            new: Secret::default(),
            again: Secret::default(),
            agency: false,
            recipient: String::new(),
            file: PathField::default(),
            working: None,
            step: (0, 0),
            since: Instant::now(),
            done: None,
            half: false,
            told: None,
            waits,
            swap: swap_told().map(|(what, next)| Told {
                what,
                next: next.to_owned(),
            }),
        })
    }

    /// Shows a message on the page.
    pub fn say(&mut self, told: Told) {
        self.told = Some(told);
    }

    /// Whether the work is going on.
    pub fn is_working(&self) -> bool {
        self.working.is_some()
    }

    /// Whether the work is over.
    pub fn is_done(&self) -> bool {
        self.done.is_some()
    }

    /// Paints one frame. True once the person leaves the page.
    pub fn show(&mut self, ui: &mut Ui, app: &Arc<App>) -> bool {
        self.hear(app, ui.ctx());
        let closes = ui.input(|i| i.viewport().close_requested());
        if closes && (self.working.is_some() || std::mem::take(&mut self.waits)) {
            ui.ctx().send_viewport_cmd(ViewportCommand::CancelClose);
            let (what, next) = if self.working.is_some() {
                ("lock-stay", "lock-stay-next")
            } else {
                ("unkept-locked", "unkept-locked-close")
            };
            self.told = Some(Told {
                what: self.words.t(what).to_owned(),
                next: self.words.t(next).to_owned(),
            });
        }
        let ground = Frame::new()
            .fill(theme::of(ui).ground)
            .inner_margin(Margin::same(24));
        let page = CentralPanel::default().frame(ground);
        page.show(ui, |ui| {
            let area = ScrollArea::vertical().auto_shrink(false);
            let mut left = false;
            scroll::page(ui, area, |ui| {
                ui.set_max_width(theme::READING);
                left = self.inside(ui, app);
            });
            left
        })
        .inner
    }

    fn inside(&mut self, ui: &mut Ui, app: &Arc<App>) -> bool {
        let letters = Letters::running(ui, self.words.lang());
        let heading = Letters {
            size: theme::HEADING,
            ..letters
        };
        let (title, about) = match self.purpose {
            Purpose::First => ("lock-first", "lock-first-about"),
            Purpose::Change => ("lock-change", "lock-change-about"),
            Purpose::Recover => ("lock-recover", "lock-recover-about"),
        };
        script::label(ui, self.words.t(title), heading);
        ui.add_space(theme::GAP);
        let mut left = false;
        if let Some(file) = &self.done {
            left = self.ends(ui, file.as_deref());
        } else if self.working.is_some() {
            self.works(ui);
        } else {
            script::label(ui, self.words.t(about), letters);
            ui.add_space(theme::WIDE_GAP);
            left = self.form(ui, app);
        }
        if let Some(told) = &self.told {
            ui.add_space(theme::GAP);
            let doubt = theme::of(ui).doubt;
            told::show(ui, &self.words, told, doubt);
        }
        if let Some(told) = &self.swap {
            ui.add_space(theme::WIDE_GAP);
            let doubt = theme::of(ui).doubt;
            told::show(ui, &self.words, told, doubt);
        }
        left
    }

    fn form(&mut self, ui: &mut Ui, app: &Arc<App>) -> bool {
        let letters = Letters::running(ui, self.words.lang());
        match self.purpose {
            Purpose::First => {}
            Purpose::Change => {
                let name = script::label(ui, self.words.t(OLD), letters);
                secret::field(ui, OLD, &mut self.old, FIELD).labelled_by(name.id);
            }
            Purpose::Recover => self.path(ui, "lock-recovery-have", true),
        }
        for (name, text) in [(NEW, &mut self.new), (AGAIN, &mut self.again)] {
            let label = script::label(ui, self.words.t(name), letters);
            secret::field(ui, name, text, FIELD).labelled_by(label.id);
        }
        let small = Letters::small(ui, self.words.lang());
        script::label(ui, self.words.t("lock-long"), small);
        if self.new != self.again && !self.again.is_empty() {
            let failure = theme::of(ui).failure;
            script::label(ui, self.words.t("keys-differ"), letters.coloured(failure));
        }
        if self.purpose == Purpose::First {
            self.recovery(ui);
        }
        ui.add_space(theme::WIDE_GAP);
        let ready = self.is_ready();
        let name = match self.purpose {
            Purpose::First => "lock-do",
            Purpose::Change => "lock-change-do",
            Purpose::Recover => "lock-recover-do",
        };
        let mut left = false;
        ui.horizontal_wrapped(|ui| {
            let button = Button::new(self.words.t(name));
            if ui.add_enabled(ready, button).clicked()
                && let Some(work) = self.work(ui.ctx())
            {
                self.begin(ui.ctx(), app, work);
            }
            left = ui.button(self.words.t("cancel")).clicked();
        });
        if left {
            self.forget(ui.ctx());
        }
        left
    }

    /// The recovery key of a first lock: it is made, or the agency has one.
    fn recovery(&mut self, ui: &mut Ui) {
        let letters = Letters::running(ui, self.words.lang());
        ui.add_space(theme::WIDE_GAP);
        script::label(ui, self.words.t("lock-recovery"), letters);
        ui.horizontal_wrapped(|ui| {
            ui.radio_value(&mut self.agency, false, self.words.t("lock-recovery-new"));
            ui.radio_value(&mut self.agency, true, self.words.t("lock-recovery-agency"));
        });
        if self.agency {
            let label = script::label(ui, self.words.t("lock-recovery-key"), letters);
            let field = TextEdit::singleline(&mut self.recipient).id_salt("recipient");
            let field = field.char_limit(200).desired_width(FIELD);
            script::line(ui, field).labelled_by(label.id);
        } else {
            self.path(ui, "lock-recovery-file", false);
        }
    }

    fn path(&mut self, ui: &mut Ui, name: &'static str, looks: bool) {
        if let Some(desk) = &self.desk {
            let scene = Scene {
                desk,
                words: &self.words,
                choices: &self.choices,
            };
            if looks {
                self.file.show(ui, &scene, name);
            } else {
                let file = ("mekong-recovery", "txt");
                self.file.show_out(ui, &scene, name, file);
            }
        }
    }

    /// Whether the fields hold all that is needed.
    fn is_ready(&self) -> bool {
        let named = match self.purpose {
            Purpose::First if self.agency => !self.recipient.trim().is_empty(),
            Purpose::First | Purpose::Recover => self.file.path().is_some(),
            Purpose::Change => !self.old.is_empty(),
        };
        named && !self.file.waits() && !self.new.is_empty() && self.new == self.again
    }

    /// What the fields ask for.
    fn work(&mut self, ctx: &Context) -> Option<Work> {
        Some(match self.purpose {
            Purpose::First if self.agency => Work::Guard(self.recipient.trim().to_owned()),
            Purpose::First => Work::GuardAnew(self.file.path()?),
            Purpose::Change => Work::Change(secret::take(ctx, OLD, &mut self.old)),
            Purpose::Recover => Work::Recover(self.file.path()?),
        })
    }

    /// Nothing that was typed is left in the fields.
    pub fn forget(&mut self, ctx: &Context) {
        for (name, text) in [
            (OLD, &mut self.old),
            (NEW, &mut self.new),
            (AGAIN, &mut self.again),
        ] {
            drop(secret::take(ctx, name, text));
        }
    }

    fn begin(&mut self, ctx: &Context, app: &Arc<App>, work: Work) {
        let new = secret::take(ctx, NEW, &mut self.new);
        self.forget(ctx);
        self.told = None;
        // What is moved must be used by nobody else.
        self.desk = None;
        (self.step, self.since) = ((0, 0), Instant::now());
        let (send, receive) = channel();
        let (own_app, own) = (Arc::clone(app), ctx.clone());
        let begun = thread::Builder::new()
            .name("locking".to_owned())
            .spawn(move || {
                let done = carry_out(&own_app, work, &new, &|done, total| {
                    let _ = send.send(News::Step(done, total));
                    own.request_repaint();
                });
                tell(&send, done);
                own.request_repaint();
            });
        match begun {
            Ok(_) => self.working = Some(receive),
            Err(_) => self.broke_off(app, ctx),
        }
    }

    /// The work could not begin, or its thread ended without a word.
    fn broke_off(&mut self, app: &Arc<App>, ctx: &Context) {
        self.told = Some(Told {
            what: self.words.t("told-why-thread").to_owned(),
            next: String::new(),
        });
        self.list_again(app, ctx);
    }

    /// Whoever looks for another file needs the folders again.
    fn list_again(&mut self, app: &Arc<App>, ctx: &Context) {
        let own = ctx.clone();
        let wake = Arc::new(move || own.request_repaint());
        self.desk = Desk::start(Arc::clone(app), wake).ok();
    }

    fn hear(&mut self, app: &Arc<App>, ctx: &Context) {
        let Some(working) = &self.working else { return };
        let over = loop {
            match working.try_recv() {
                Ok(News::Step(done, total)) => self.step = (done, total),
                Ok(News::Over(over)) => break Some(over),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => break None,
            }
        };
        self.working = None;
        let made = self.purpose == Purpose::First && !self.agency;
        let file = self.file.path().filter(|_| made);
        match over {
            Some(Ok(())) => self.done = Some(file),
            Some(Err(told)) => {
                self.told = Some(told);
                // Once it was begun the key is needed: the next opening goes on with it.
                let first = self.purpose == Purpose::First;
                self.half = first && matches!(app.vault_state(), Ok(VaultState::Moving));
                if self.half {
                    self.done = Some(file);
                } else {
                    self.list_again(app, ctx);
                }
            }
            None => self.broke_off(app, ctx),
        }
    }

    fn works(&self, ui: &mut Ui) {
        let letters = Letters::running(ui, self.words.lang());
        script::label(ui, self.words.t("lock-working"), letters);
        script::label(ui, self.words.t("lock-no-stop"), letters);
        let (done, total) = self.step;
        let part = (total > 0).then(|| (done as f32 / total as f32).clamp(0.0, 1.0));
        job::far(ui, &self.words, self.since, part);
    }

    fn ends(&self, ui: &mut Ui, file: Option<&std::path::Path>) -> bool {
        let letters = Letters::running(ui, self.words.lang());
        let colours = theme::of(ui);
        let (said, colour) = match self.purpose {
            Purpose::First if self.half => ("lock-stay", colours.failure),
            Purpose::First => ("lock-done", colours.good),
            Purpose::Change | Purpose::Recover => ("lock-changed", colours.good),
        };
        script::label(ui, self.words.t(said), letters.coloured(colour));
        if let Some(file) = file {
            let path = file.display().to_string();
            let text = self.words.with("lock-done-file", &[("path", &path)]);
            script::marked(ui, &text, letters, &[], true);
        }
        if self.purpose == Purpose::First {
            script::label(ui, self.words.t("lock-done-disk"), letters);
        }
        ui.add_space(theme::WIDE_GAP);
        ui.button(self.words.t("lock-go-on")).clicked()
    }
}

fn tell(send: &Sender<News>, done: Result<(), Error>) {
    let _ = send.send(News::Over(done.map_err(|e| Told::of(&e))));
}

fn carry_out(
    app: &App,
    work: Work,
    new: &str,
    step: &(dyn Fn(u64, u64) + Sync),
) -> Result<(), Error> {
    let watch = |progress: Progress| {
        if let Progress::Step { done, total, .. } = progress {
            step(done, total);
        }
    };
    match work {
        Work::Guard(recipient) => app.lock_workspace(new, &recipient, &watch),
        Work::GuardAnew(file) => app.lock_with_new_key(new, &file, &watch).map(drop),
        Work::Change(old) => app.change_passphrase(&old, new),
        Work::Recover(file) => app.recover_with_file(&file, new),
    }
}

#[cfg(test)]
#[path = "locking_tests.rs"]
mod tests;
