//! The frame around the screens: the rail, messages, the key that hides everything.

use std::time::Duration;

use eframe::egui::{
    CentralPanel, Context, Frame, Id, Key, KeyboardShortcut, Margin, Modifiers, Ui, UiBuilder,
};

use crate::app::desk::{Command, Desk, TestPhase, Told};
use crate::app::{App, BlankKey, Choices, VaultState, WindowSize};

use super::closing::Closing;
use super::composing::Composing;
use super::deeds::{self, Deed, Standing};
use super::fonts::Fonts;
use super::locking::Purpose;
use super::messages::{self, Messages};
use super::palette::Palette;
use super::panels::{
    Everywhere, Evidence, Glossary, Intake, Models, People, Pressed, Review, Search, Settings,
};
use super::put_by::{PutBy, Screens};
use super::rail;
use super::theme;
use super::unkept::Unkept;
use super::widgets;
use super::widgets::script::{self, Letters};
use super::words::Words;

pub use super::scene::{Go, Scene, Screen};

/// When the desk is asked again that had too much to do.
const SOON: Duration = Duration::from_millis(50);

/// Everything behind the window.
pub struct Desktop {
    desk: Desk,
    words: Words,
    choices: Choices,
    messages: Messages,
    screen: Screen,
    hidden: bool,
    palette: Palette,
    closing: Closing,
    unkept: Unkept,
    /// How large the window is, for the next start.
    size: Option<WindowSize>,
    /// The choices are still to be kept: too much was waiting.
    owes: bool,
    intake: Intake,
    review: Review,
    search: Search,
    people: People,
    evidence: Evidence,
    glossary: Glossary,
    models: Models,
    settings: Settings,
    /// The workspace has a lock.
    guarded: bool,
    /// The next frame is to take a change back.
    undoes: bool,
    /// A button asked for the lock.
    locks: bool,
    /// A button asked for the page of the lock.
    guards: Option<Purpose>,
}

impl Desktop {
    /// Reads what was chosen and puts fonts, colours and sizes in force. Called before the first
    /// frame.
    pub fn new(app: &App, desk: Desk, ctx: &Context, fonts: Fonts) -> Self {
        app.cannot_show(&fonts.missing);
        let choices = app.choices().choices;
        ctx.set_fonts(fonts.definitions);
        ctx.add_plugin(Composing::default());
        theme::apply(ctx, choices.look, choices.text_percent);
        let words = Words::chosen(&choices);
        let aside = app.choices_aside();
        let notice = aside.map(|path| messages::choices_aside(&words, &path));
        app.choices_are_told();
        desk.ask(Command::List);
        desk.ask(Command::Shelf);
        let preferred = app.preferences();
        let broken = app.settings_broken();
        let guarded = app.vault_state().ok() == Some(VaultState::Open);
        Self {
            desk,
            words,
            messages: Messages::new(fonts.missing, notice),
            screen: Screen::Review,
            hidden: false,
            palette: Palette::default(),
            closing: Closing::default(),
            unkept: Unkept::default(),
            size: None,
            owes: false,
            intake: Intake::new(app.practice_recordings()),
            review: Review::default(),
            search: Search::default(),
            people: People::default(),
            evidence: Evidence::default(),
            glossary: Glossary::default(),
            models: Models::default(),
            settings: Settings::new(&choices, preferred, guarded, broken),
            guarded,
            undoes: false,
            locks: false,
            guards: None,
            choices,
        }
    }

    /// Shows a message until the person puts it away.
    pub fn say(&mut self, told: Told) {
        self.messages.say(told);
    }

    /// Says that something runs that a lock would cut off.
    pub fn say_busy(&mut self) {
        self.messages.say(Told {
            what: self.words.t("vault-busy").to_owned(),
            next: self.words.t("vault-busy-next").to_owned(),
        });
    }

    /// Whether something runs that must not be cut off: a recording, or a job.
    pub fn is_busy(&self) -> bool {
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        self.desk.board().recording.get().is_some() || widgets::job::is_running(&scene)
    }

    /// Whether microphones listen, for a test or because a recording is about to begin.
    pub fn is_armed(&self) -> bool {
        let testing = self.desk.board().testing.get();
        testing.is_some_and(|test| !matches!(test.phase, TestPhase::Over(_)))
    }

    /// Keeps what the next start begins with.
    pub fn leave(&mut self) {
        if let Some(choices) = self.unsettled() {
            self.desk.ask(Command::Keep(choices.clone()));
            self.choices = choices;
        }
        if self.size.is_some() && self.size != self.choices.window {
            self.choices.window = self.size;
            self.desk.ask(Command::Keep(self.choices.clone()));
        }
    }

    /// Looks how large the window is. One that fills the screen keeps its earlier size.
    fn measure(&mut self, ui: &Ui) {
        let zoom = ui.ctx().zoom_factor();
        let (inner, maximized) = ui.input(|i| {
            let viewport = i.viewport();
            (viewport.inner_rect, viewport.maximized.unwrap_or(false))
        });
        let before = self.size.or(self.choices.window).unwrap_or_default();
        let Some(inner) = inner else { return };
        self.size = Some(if maximized {
            WindowSize {
                maximized,
                ..before
            }
        } else {
            WindowSize {
                width: (inner.width() * zoom).round() as u16,
                height: (inner.height() * zoom).round() as u16,
                maximized,
            }
        });
    }

    /// Paints one frame.
    pub fn show(&mut self, ui: &mut Ui) {
        self.measure(ui);
        self.keep(ui.ctx());
        // Also while everything is hidden: a recording must not end by it, nor typed words be lost.
        self.ask_before_closing(ui);
        let hide = self.blank_key();
        let hidden = self.hidden;
        let pressed = Everywhere { hide, hidden }.pressed(ui);
        self.obey(ui.ctx(), pressed);
        let go = if self.hidden {
            self.nothing(ui);
            None
        } else {
            self.screens(ui)
        };
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        // The other window has keys of its own: whoever sits there with the keyboard hides both.
        let hidden = self.hidden;
        let keys = Everywhere { hide, hidden };
        let pressed = self.intake.second_window(ui, &scene, keys);
        self.obey(ui.ctx(), pressed);
        if let Some(go) = go {
            self.go(ui.ctx(), go);
        }
    }

    fn ask_before_closing(&mut self, ui: &Ui) {
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        let screens = Screens {
            review: &mut self.review,
            intake: &mut self.intake,
            people: &mut self.people,
            evidence: &mut self.evidence,
            glossary: &mut self.glossary,
        };
        if self.closing.show(ui, &scene) {
            return;
        }
        if self.unkept.show(ui, &scene, screens) {
            // Whoever stays for the words stays for what runs too.
            self.closing = Closing::default();
        }
    }

    /// Everything is hidden: nothing of the interview is shown, but a recording that fails is told.
    fn nothing(&self, ui: &mut Ui) {
        let ground = Frame::new().fill(theme::of(ui).ground);
        let alarmed = !self.desk.board().alarms().is_empty();
        CentralPanel::default().frame(ground).show(ui, |ui| {
            if alarmed {
                let failure = theme::of(ui).failure;
                let letters = Letters::running(ui, self.words.lang());
                script::label(ui, self.words.t("alarm-hidden"), letters.coloured(failure));
            }
        });
    }

    fn screens(&mut self, ui: &mut Ui) -> Option<Go> {
        self.switch_by_key(ui);
        self.size_by_key(ui);
        if std::mem::take(&mut self.undoes) {
            ui.input_mut(|i| i.events.push(deeds::undo_key()));
        }
        let standing = self.standing();
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        self.messages.hear(&scene);
        let entered = self.palette.hear(ui, &scene, standing);
        if let Some(screen) = rail::show(ui, &scene, self.screen) {
            self.turn_to(ui.ctx(), screen);
        }
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        self.messages.show(ui, &scene);
        let margin = if theme::is_short(ui) {
            (16, 4)
        } else {
            (16, 12)
        };
        let ground = Frame::new()
            .fill(theme::of(ui).ground)
            .inner_margin(Margin::symmetric(margin.0, margin.1));
        let went = CentralPanel::default()
            .frame(ground)
            .show(ui, |ui| self.screen(ui))
            .inner;
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        let called = self.palette.show(ui, &scene, standing);
        entered.or(called).or(went)
    }

    fn screen(&mut self, ui: &mut Ui) -> Option<Go> {
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        // Each screen has fields of its own: neither the keyboard nor what was typed crosses over. They
        // are the same whatever stands above: a message that comes must not take the keyboard away.
        let place = Id::unique(("screen", self.screen as u8));
        let builder = UiBuilder::new().scope_id(place);
        ui.scope_builder(builder, |ui| match self.screen {
            Screen::Interview => self.intake.show(ui, &scene),
            Screen::Review => self.review.show(ui, &scene),
            Screen::Search => self.search.show(ui, &scene),
            Screen::People => self.people.show(ui, &scene),
            Screen::Evidence => self.evidence.show(ui, &scene),
            Screen::Glossary => self.glossary.show(ui, &scene),
            Screen::Models => self.models.show(ui, &scene),
            Screen::Settings => self.settings.show(ui, &scene),
        })
        .inner
    }

    fn go(&mut self, ctx: &Context, go: Go) {
        match go {
            Go::To(screen) => self.turn_to(ctx, screen),
            Go::Line(id, line) => {
                self.review.open(&self.desk, id, line);
                self.turn_to(ctx, Screen::Review);
            }
            Go::Foreign(bundle, line) => {
                self.review.open_foreign(&self.desk, bundle, line);
                self.turn_to(ctx, Screen::Review);
            }
            Go::Choose(choices) => self.choose(ctx, choices),
            Go::Do(deed) => self.perform(ctx, deed),
            Go::Lock => self.locks = true,
            Go::Guard(purpose) => self.guards = Some(purpose),
        }
        ctx.request_repaint();
    }

    /// Does what was asked for by its name.
    fn perform(&mut self, ctx: &Context, deed: Deed) {
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        if deeds::ask(&scene, deed) {
            if deed == Deed::End {
                self.turn_to(ctx, Screen::Interview);
            }
        } else if deed == Deed::Hide {
            self.blank();
        } else {
            // The transcript's own key does it, once nothing else has the keyboard.
            let focused = ctx.memory(|m| m.focused());
            ctx.memory_mut(|m| focused.into_iter().for_each(|id| m.surrender_focus(id)));
            self.undoes = true;
        }
    }

    fn standing(&self) -> Standing {
        let own = self.desk.board().opened.get();
        Standing {
            locks: self.guarded,
            reads: self.screen == Screen::Review
                && own.is_some_and(|opened| self.review.reads(&opened.interview.id)),
        }
    }

    /// The keys for larger and smaller text change what is kept, in the steps of the settings.
    fn size_by_key(&mut self, ui: &Ui) {
        if let Some(text_percent) = theme::sized(ui.ctx(), self.choices.text_percent) {
            let now = self.unsettled().unwrap_or_else(|| self.choices.clone());
            let choices = Choices {
                text_percent,
                ..now
            };
            self.choose(ui.ctx(), choices);
        }
    }

    /// Goes to a screen. What was typed into the settings, and not left by another key, is kept.
    fn turn_to(&mut self, ctx: &Context, screen: Screen) {
        if screen != self.screen
            && let Some(choices) = self.unsettled()
        {
            self.choose(ctx, choices);
        }
        self.screen = screen;
    }

    fn choose(&mut self, ctx: &Context, choices: Choices) {
        self.words = Words::chosen(&choices);
        theme::apply(ctx, choices.look, choices.text_percent);
        self.settings.renew(&choices);
        self.choices = choices;
        self.owes = true;
        self.keep(ctx);
    }

    /// Has the choices kept, and asks again in a moment where too much is waiting.
    fn keep(&mut self, ctx: &Context) {
        if self.owes {
            self.owes = !self.desk.ask(Command::Keep(self.choices.clone()));
            ctx.request_repaint_after(SOON);
        }
    }

    /// Whether a button asked for the lock since this was asked last.
    pub fn is_to_lock(&mut self) -> bool {
        std::mem::take(&mut self.locks)
    }

    /// What the page of the lock was asked for since this was asked last.
    pub fn is_to_guard(&mut self) -> Option<Purpose> {
        self.guards.take()
    }

    /// What is typed into the settings and not in force yet.
    pub fn unsettled(&self) -> Option<Choices> {
        let open = self.screen == Screen::Settings;
        open.then(|| self.settings.unsettled(&self.choices))?
    }

    /// Takes what was typed and not kept out of the screens, which are done with: what was on its way has ended
    /// before, so that nothing waits that is stored.
    pub fn put_by(&mut self) -> PutBy {
        self.desk.end();
        let (screens, scene) = self.forms();
        screens.put_by(&scene)
    }

    /// Gives what was typed before back to the screens, and says so.
    pub fn take_up(&mut self, kept: PutBy) {
        let (screens, scene) = self.forms();
        let told = screens.take_up(kept, scene.desk, scene.words);
        told.into_iter().for_each(|told| self.messages.say(told));
    }

    fn forms(&mut self) -> (Screens<'_>, Scene<'_>) {
        let screens = Screens {
            review: &mut self.review,
            intake: &mut self.intake,
            people: &mut self.people,
            evidence: &mut self.evidence,
            glossary: &mut self.glossary,
        };
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        (screens, scene)
    }

    /// The key that hides everything.
    fn blank_key(&self) -> Key {
        match self.choices.blank_key {
            BlankKey::F12 => Key::F12,
            BlankKey::F9 => Key::F9,
            BlankKey::F4 => Key::F4,
        }
    }

    /// Hides everything; the same key shows it again.
    fn blank(&mut self) {
        self.hidden = !self.hidden;
        self.desk.ask(Command::Silence);
    }

    /// Does what the keys ask for that work on every screen, hidden or not, and in both windows.
    fn obey(&mut self, ctx: &Context, pressed: Pressed) {
        if pressed == Pressed::default() {
            return;
        }
        if pressed.hides {
            self.blank();
        }
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        // The pause begins first; why, is asked on the screen that has the reasons.
        if pressed.pauses && self.intake.pause_by_key(&scene) {
            self.turn_to(ctx, Screen::Interview);
        }
        ctx.request_repaint();
    }

    fn switch_by_key(&mut self, ui: &Ui) {
        for (screen, key, _) in Screen::ALL {
            let shortcut = KeyboardShortcut::new(Modifiers::COMMAND, key);
            if ui.input_mut(|i| i.consume_shortcut(&shortcut)) {
                self.turn_to(ui.ctx(), screen);
            }
        }
    }
}
