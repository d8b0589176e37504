//! The frame around the screens: the rail, messages, the key that hides everything.

use eframe::egui::{
    self, CentralPanel, Context, Frame, Id, Key, KeyboardShortcut, Margin, Modifiers, Panel,
    ScrollArea, Ui, UiBuilder,
};

use crate::app::desk::{Command, Desk, Told};
use crate::app::{App, BlankKey, Choices, VaultState, WindowSize};
use crate::domain::{InterviewId, SegmentId};

use super::closing::Closing;
use super::fonts::Fonts;
use super::locking::Purpose;
use super::messages::Messages;
use super::palette::Palette;
use super::panels::{Drafts, Evidence, Glossary, Intake, Models, People, Review, Search, Settings};
use super::theme;
use super::unkept::{Answered, Typed, Unkept, Way};
use super::widgets;
use super::widgets::script::{self, Letters};
use super::words::Words;

/// The screens of the rail, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screen {
    /// Taking interviews in.
    Interview,
    /// Reading and correcting.
    Review,
    /// Finding.
    Search,
    /// The register.
    People,
    /// Exports, keys, seals, bundles.
    Evidence,
    /// Terms.
    Glossary,
    /// Models.
    Models,
    /// Choices.
    Settings,
}

impl Screen {
    pub(super) const ALL: [(Screen, Key, &'static str); 8] = [
        (Screen::Interview, Key::Num1, "nav-interview"),
        (Screen::Review, Key::Num2, "nav-review"),
        (Screen::Search, Key::Num3, "nav-search"),
        (Screen::People, Key::Num7, "nav-people"),
        (Screen::Evidence, Key::Num8, "nav-evidence"),
        (Screen::Glossary, Key::Num4, "nav-glossary"),
        (Screen::Models, Key::Num5, "nav-models"),
        (Screen::Settings, Key::Num6, "nav-settings"),
    ];
}

/// What a screen may use.
pub struct Scene<'a> {
    /// Asks and reads.
    pub desk: &'a Desk,
    /// Words of the screens.
    pub words: &'a Words,
    /// What the person chose.
    pub choices: &'a Choices,
}

impl Scene<'_> {
    /// Letters for the program's own running words.
    pub fn own(&self, ui: &Ui) -> Letters {
        Letters::running(ui, self.words.lang())
    }

    /// Letters for the program's own remarks.
    pub fn remark(&self, ui: &Ui) -> Letters {
        Letters::small(ui, self.words.lang())
    }

    /// The heading of a screen.
    pub fn heading(&self, ui: &mut Ui, id: &'static str) {
        let letters = Letters {
            size: theme::HEADING,
            ..self.own(ui)
        };
        script::label(ui, self.words.t(id), letters);
        ui.add_space(theme::GAP);
    }
}

/// Where a screen wants to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Go {
    /// To another screen.
    To(Screen),
    /// To one interview, and one line of it where that is known.
    Line(InterviewId, Option<SegmentId>),
    /// To one interview that a partner sent, by its bundle, and one line of it where that is known.
    Foreign(String, Option<SegmentId>),
    /// On with other choices.
    Choose(Choices),
    /// Out: the workspace is to be locked.
    Lock,
    /// To the page of the lock.
    Guard(Purpose),
}

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
    intake: Intake,
    review: Review,
    search: Search,
    people: People,
    evidence: Evidence,
    glossary: Glossary,
    models: Models,
    settings: Settings,
    /// A button asked for the lock.
    locks: bool,
    /// A button asked for the page of the lock.
    guards: Option<Purpose>,
}

impl Desktop {
    /// Reads what was chosen and puts fonts, colours and sizes in force. Called before the first
    /// frame.
    pub fn new(app: &App, desk: Desk, ctx: &Context, fonts: Fonts) -> Self {
        let read = app.choices();
        ctx.set_fonts(fonts.definitions);
        theme::apply(ctx, read.choices.look, read.choices.text_percent);
        let words = Words::chosen(&read.choices);
        let notice = read.put_aside.map(|path| Told {
            what: words.t("choices-broken").to_owned(),
            next: words.with("choices-aside", &[("path", &path.display().to_string())]),
        });
        desk.ask(Command::List);
        desk.ask(Command::Shelf);
        let preferred = app.preferences();
        let locks = app.vault_state().ok() == Some(VaultState::Open);
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
            intake: Intake::new(app.practice_recordings()),
            review: Review::default(),
            search: Search::default(),
            people: People::default(),
            evidence: Evidence::default(),
            glossary: Glossary::default(),
            models: Models::default(),
            settings: Settings::new(&read.choices, preferred, locks),
            locks: false,
            guards: None,
            choices: read.choices,
        }
    }

    /// Shows a message until the person puts it away.
    pub fn say(&mut self, told: Told) {
        self.messages.say(told);
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
        // Also while everything is hidden: a recording must not end by it, nor typed words be lost.
        self.ask_before_closing(ui);
        let key = self.blank_key();
        if ui.input_mut(|i| i.consume_key(Modifiers::NONE, key)) {
            self.blank();
        }
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
        if self.intake.second_window(ui, &scene, (key, self.hidden)) {
            self.blank();
            ui.ctx().request_repaint();
        }
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
        let typed = Typed {
            review: &mut self.review,
            people: &mut self.people,
            evidence: &mut self.evidence,
            glossary: &mut self.glossary,
        };
        if self.closing.show(ui, &scene) {
            return;
        }
        match self.unkept.show(ui, &scene, typed) {
            // Whoever stays for the words stays for what runs too.
            Answered::Stays => self.closing = Closing::default(),
            Answered::Goes(Way::Lock) => self.locks = true,
            Answered::Goes(Way::Page(purpose)) => self.guards = Some(purpose),
            Answered::Goes(Way::Close) | Answered::Open => {}
        }
    }

    /// Whether a form is half filled, which a lock would lose: then it is asked for first.
    pub fn asks_before(&mut self, way: Way) -> bool {
        let typed = self.people.is_typed() || self.evidence.is_typed() || self.glossary.is_typed();
        if typed {
            self.unkept.ask_before(way);
        }
        typed
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
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        self.messages.hear(&scene);
        let entered = self.palette.hear(ui, &scene);
        let short = theme::is_short(ui);
        let frame = self.rail_frame(ui);
        if ui.available_width() < theme::NARROW && short {
            // One row: of a low window the screen needs the rest.
            let area = ScrollArea::horizontal().id_salt("rail");
            Panel::top("rail").frame(frame).show(ui, |ui| {
                widgets::scroll::part(ui, area, |ui| ui.horizontal(|ui| self.rail(ui)));
            });
        } else if ui.available_width() < theme::NARROW {
            Panel::top("rail").frame(frame).show(ui, |ui| {
                ui.horizontal_wrapped(|ui| self.rail(ui));
            });
        } else {
            let rail = Panel::left("rail").resizable(false).exact_size(theme::RAIL);
            rail.frame(frame).show(ui, |ui| {
                widgets::scroll::part(ui, ScrollArea::vertical(), |ui| self.rail(ui));
            });
        }
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        self.messages.show(ui, &scene);
        let margin = if short { (16, 4) } else { (16, 12) };
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
        let called = self.palette.show(ui, &scene);
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
            Go::Lock => self.locks = true,
            Go::Guard(purpose) => self.guards = Some(purpose),
        }
        ctx.request_repaint();
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
        self.desk.ask(Command::Keep(choices.clone()));
        self.settings.renew(&choices);
        self.choices = choices;
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

    /// Takes what was typed into lines and not kept out of the screens.
    pub fn put_by(&mut self) -> Drafts {
        self.review.put_by()
    }

    /// Gives what was typed before back to the screens, and says so.
    pub fn take_up(&mut self, drafts: Drafts) {
        if drafts.len() > 0 {
            let count = drafts.len().to_string();
            self.messages.say(Told {
                what: self.words.with("drafts-back", &[("count", &count)]),
                next: self.words.t("drafts-back-next").to_owned(),
            });
            self.review.take_up(drafts);
        }
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

    fn switch_by_key(&mut self, ui: &Ui) {
        for (screen, key, _) in Screen::ALL {
            let shortcut = KeyboardShortcut::new(Modifiers::COMMAND, key);
            if ui.input_mut(|i| i.consume_shortcut(&shortcut)) {
                self.turn_to(ui.ctx(), screen);
            }
        }
    }

    fn rail_frame(&self, ui: &Ui) -> Frame {
        Frame::new()
            .fill(theme::of(ui).panel)
            .inner_margin(Margin::same(if theme::is_short(ui) { 3 } else { 8 }))
    }

    fn rail(&mut self, ui: &mut Ui) {
        for (screen, _, name) in Screen::ALL {
            let button = egui::Button::selectable(self.screen == screen, self.words.t(name));
            let wide = ui.layout().is_vertical();
            let size = egui::vec2(if wide { ui.available_width() } else { 0.0 }, theme::PRESS);
            if ui.add(button.min_size(size)).clicked() {
                self.turn_to(ui.ctx(), screen);
            }
        }
    }
}
