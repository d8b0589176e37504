//! The frame around the screens: the rail, messages, the key that hides everything.

use eframe::egui::{
    self, CentralPanel, Context, Frame, Key, KeyboardShortcut, Margin, Modifiers, Panel,
    ScrollArea, Ui,
};

use crate::app::desk::{Command, Desk, Notice, Told};
use crate::app::{App, BlankKey, Choices, WindowSize};
use crate::domain::{InterviewId, Lang, SegmentId};

use super::closing::Closing;
use super::fonts::Fonts;
use super::palette::Palette;
use super::panels::{Evidence, Glossary, Intake, Models, People, Review, Search, Settings};
use super::theme;
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
}

/// Everything behind the window.
pub struct Desktop {
    desk: Desk,
    words: Words,
    choices: Choices,
    missing: Vec<Lang>,
    screen: Screen,
    hidden: bool,
    palette: Palette,
    closing: Closing,
    /// How large the window is, for the next start.
    size: Option<WindowSize>,
    notice: Option<Told>,
    intake: Intake,
    review: Review,
    search: Search,
    people: People,
    evidence: Evidence,
    glossary: Glossary,
    models: Models,
    settings: Settings,
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
        Self {
            desk,
            words,
            missing: fonts.missing,
            screen: Screen::Review,
            hidden: false,
            palette: Palette::default(),
            closing: Closing::default(),
            size: None,
            notice,
            intake: Intake::new(app.practice_recordings()),
            review: Review::default(),
            search: Search::default(),
            people: People::default(),
            evidence: Evidence::default(),
            glossary: Glossary::default(),
            models: Models::default(),
            settings: Settings::new(&read.choices),
            choices: read.choices,
        }
    }

    /// Shows a message until the person puts it away.
    pub fn say(&mut self, told: Told) {
        self.notice = Some(told);
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
        // Also while everything is hidden: a recording must not end by it.
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        self.closing.show(ui, &scene);
        if self.hides(ui) {
            let ground = Frame::new().fill(theme::of(ui).ground);
            let alarmed = !self.desk.board().alarms().is_empty();
            CentralPanel::default().frame(ground).show(ui, |ui| {
                // Nothing of the interview is shown, but a recording that fails is told.
                if alarmed {
                    let failure = theme::of(ui).failure;
                    let letters = Letters::running(ui, self.words.lang());
                    script::label(ui, self.words.t("alarm-hidden"), letters.coloured(failure));
                }
            });
            return;
        }
        self.switch_by_key(ui);
        self.hear();
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        let entered = self.palette.hear(ui, &scene);
        if ui.available_width() < theme::NARROW {
            let frame = self.rail_frame(ui);
            Panel::top("rail").frame(frame).show(ui, |ui| {
                ui.horizontal_wrapped(|ui| self.rail(ui));
            });
        } else {
            let frame = self.rail_frame(ui);
            let rail = Panel::left("rail").resizable(false).exact_size(theme::RAIL);
            rail.frame(frame).show(ui, |ui| {
                widgets::scroll::part(ui, ScrollArea::vertical(), |ui| self.rail(ui));
            });
        }
        self.messages(ui);
        let ground = Frame::new()
            .fill(theme::of(ui).ground)
            .inner_margin(Margin::symmetric(16, 12));
        let went = CentralPanel::default()
            .frame(ground)
            .show(ui, |ui| self.screen(ui))
            .inner;
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        self.intake.second_window(ui, &scene);
        let called = self.palette.show(ui, &scene);
        if let Some(go) = entered.or(called).or(went) {
            self.go(ui.ctx(), go);
        }
    }

    fn screen(&mut self, ui: &mut Ui) -> Option<Go> {
        let scene = Scene {
            desk: &self.desk,
            words: &self.words,
            choices: &self.choices,
        };
        // Each screen has fields of its own: neither the keyboard nor what was typed crosses over.
        ui.push_id(self.screen as u8, |ui| match self.screen {
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
            Go::To(screen) => self.screen = screen,
            Go::Line(id, line) => {
                self.review.open(&self.desk, id, line);
                self.screen = Screen::Review;
            }
            Go::Foreign(bundle, line) => {
                self.review.open_foreign(&self.desk, bundle, line);
                self.screen = Screen::Review;
            }
            Go::Choose(choices) => {
                self.words = Words::chosen(&choices);
                theme::apply(ctx, choices.look, choices.text_percent);
                self.desk.ask(Command::Keep(choices.clone()));
                self.choices = choices;
            }
        }
        ctx.request_repaint();
    }

    /// Whether everything is hidden; the same key shows it again.
    fn hides(&mut self, ui: &Ui) -> bool {
        let key = match self.choices.blank_key {
            BlankKey::F12 => Key::F12,
            BlankKey::F9 => Key::F9,
            BlankKey::F4 => Key::F4,
        };
        if ui.input_mut(|i| i.consume_key(Modifiers::NONE, key)) {
            self.hidden = !self.hidden;
            self.desk.ask(Command::Silence);
        }
        self.hidden
    }

    fn switch_by_key(&mut self, ui: &Ui) {
        for (screen, key, _) in Screen::ALL {
            let shortcut = KeyboardShortcut::new(Modifiers::COMMAND, key);
            if ui.input_mut(|i| i.consume_shortcut(&shortcut)) {
                self.screen = screen;
            }
        }
    }

    /// Takes the desk's next message when the last one was put away.
    fn hear(&mut self) {
        if self.notice.is_some() {
            return;
        }
        let words = &self.words;
        self.notice = self.desk.board().next_notice().map(|notice| match notice {
            Notice::Failed(told) => told,
            Notice::Busy => Told {
                what: words.t("busy").to_owned(),
                next: words.t("busy-next").to_owned(),
            },
            Notice::Written(path) => Told {
                what: words.with("written", &[("path", &path.display().to_string())]),
                next: String::new(),
            },
        });
    }

    fn rail_frame(&self, ui: &Ui) -> Frame {
        Frame::new()
            .fill(theme::of(ui).panel)
            .inner_margin(Margin::same(8))
    }

    fn rail(&mut self, ui: &mut Ui) {
        for (screen, _, name) in Screen::ALL {
            let button = egui::Button::selectable(self.screen == screen, self.words.t(name));
            let wide = ui.layout().is_vertical();
            let size = egui::vec2(if wide { ui.available_width() } else { 0.0 }, theme::PRESS);
            if ui.add(button.min_size(size)).clicked() {
                self.screen = screen;
            }
        }
    }

    /// What the person must know: missing fonts, failures of a recording until somebody has seen
    /// them, other failures, files written.
    fn messages(&mut self, ui: &mut Ui) {
        let own = |ui: &Ui| Letters::running(ui, self.words.lang());
        let strip = |ui: &Ui| {
            Frame::new()
                .fill(theme::of(ui).chosen)
                .inner_margin(Margin::symmetric(16, 8))
        };
        if !self.missing.is_empty() {
            let names: Vec<&str> = self.missing.iter().map(|l| l.native_name()).collect();
            let text = self
                .words
                .with("fonts-missing", &[("languages", &names.join(", "))]);
            let close = self.words.t("close");
            let frame = strip(ui);
            let mut seen = false;
            Panel::top("fonts").frame(frame).show(ui, |ui| {
                script::label(ui, &text, own(ui));
                seen = ui.button(close).clicked();
            });
            if seen {
                self.missing.clear();
            }
        }
        let alarms = self.desk.board().alarms();
        if !alarms.is_empty() {
            let frame = strip(ui);
            let failure = theme::of(ui).failure;
            Panel::top("alarms").frame(frame).show(ui, |ui| {
                for told in &alarms {
                    widgets::told::show(ui, &self.words, told, failure);
                }
                if ui.button(self.words.t("alarm-seen")).clicked() {
                    self.desk.board().acknowledge();
                }
            });
        }
        let Some(told) = self.notice.clone() else {
            return;
        };
        let close = self.words.t("close");
        let frame = strip(ui);
        let mut seen = false;
        Panel::top("notice").frame(frame).show(ui, |ui| {
            let colour = theme::of(ui).text;
            widgets::told::show(ui, &self.words, &told, colour);
            seen = ui.button(close).clicked();
        });
        if seen {
            self.notice = None;
        }
    }
}
