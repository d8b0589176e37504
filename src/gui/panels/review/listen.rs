//! How lines are heard: speed without another pitch, over and over, pause.

use eframe::egui::{Key, Modifiers, Slider, Ui};

use crate::app::Choices;
use crate::app::desk::{Command, Listening, Opened};
use crate::audio::SPEED_PERCENT;
use crate::domain::{SamplePos, Segment, SegmentId, Span};
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;

/// One press of a key changes the speed by so much, in percent.
const STEP: u16 = 10;

/// One press of a key goes back or forward so far.
const SKIP_MS: i64 = 2_000;

/// What is kept between frames.
#[derive(Default)]
pub struct Ear {
    again: bool,
    /// On with the next line, and the next.
    on: bool,
    /// The line that was heard in the last frame.
    heard: Option<SegmentId>,
    paused: bool,
    /// The line, or none of the recording itself, and the place at which it was paused, in milliseconds.
    place: Option<(Option<SegmentId>, u64)>,
    /// The speed while the slider is held.
    draft: Option<u16>,
}

impl Ear {
    /// Plays a line from its beginning.
    pub fn play(&mut self, scene: &Scene<'_>, opened: &Opened, line: &Segment) {
        self.leave();
        scene
            .desk
            .ask(Command::Play(self.listening(scene, opened, line)));
    }

    /// Plays the recording from a place on, in milliseconds, whether a line stands there or not: all
    /// channels together.
    pub fn play_from(&mut self, scene: &Scene<'_>, opened: &Opened, at_ms: u64) {
        self.leave();
        let whole = Listening {
            interview: opened.interview.id.clone(),
            segment: None,
            channel: None,
            span: Span::new(
                SamplePos(0),
                SamplePos::from_ms(opened.interview.duration_ms),
            ),
            percent: scene.choices.play_percent,
            again: false,
            on: false,
        };
        scene.desk.ask(Command::PlayFrom(whole, at_ms));
    }

    /// A foot pedal goes down: goes on where it was paused in this line or in the recording itself, else
    /// plays the line.
    pub fn hold(&mut self, scene: &Scene<'_>, opened: &Opened, line: &Segment) {
        let playing = scene.desk.board().playing.get();
        if playing.is_some_and(|p| p.segment.is_none()) {
            return; // it is heard until the pedal goes up
        }
        if std::mem::take(&mut self.paused) && self.place.is_some_and(|(line, _)| line.is_none()) {
            scene.desk.ask(Command::PauseSound);
            return;
        }
        scene
            .desk
            .ask(Command::Hold(self.listening(scene, opened, line)));
    }

    /// A foot pedal goes up.
    pub fn release(&mut self, scene: &Scene<'_>) {
        if let Some(playing) = scene.desk.board().playing.get() {
            self.place = Some((playing.segment, playing.at_ms));
            self.paused = true;
        }
        scene.desk.ask(Command::Release);
    }

    fn listening(&self, scene: &Scene<'_>, opened: &Opened, line: &Segment) -> Listening {
        Listening {
            interview: opened.interview.id.clone(),
            segment: Some(line.id),
            channel: Some(line.channel),
            span: line.span,
            percent: scene.choices.play_percent,
            again: self.again,
            on: self.on,
        }
    }

    /// Pauses what is heard, or goes on; whether there was anything to pause.
    pub fn pause(&mut self, scene: &Scene<'_>) -> bool {
        let playing = scene.desk.board().playing.get();
        let plays = playing.is_some();
        let does = plays || self.paused;
        if does {
            self.paused = plays;
            self.place = playing.map(|p| (p.segment, p.at_ms));
            scene.desk.ask(Command::PauseSound);
        }
        does
    }

    /// Pauses what is heard, and never goes on: silence is wanted.
    pub fn silence(&mut self, scene: &Scene<'_>) {
        if scene.desk.board().playing.get().is_some() {
            self.pause(scene);
        }
    }

    /// Another line is chosen: what was paused is over.
    pub fn leave(&mut self) {
        self.paused = false;
        self.place = None;
    }

    /// The place of a line that is heard now or at which it was paused, in milliseconds; where the recording
    /// itself is heard, it may lie outside of the line.
    pub fn place(&self, scene: &Scene<'_>, line: SegmentId) -> Option<u64> {
        let playing = scene.desk.board().playing.get();
        let heard = playing.map(|p| (p.segment, p.at_ms)).or(self.place);
        heard
            .filter(|(at, _)| at.is_none_or(|at| at == line))
            .map(|(_, ms)| ms)
    }

    /// The place of the recording that is heard now or at which it was paused, in milliseconds.
    pub fn heard(&self, scene: &Scene<'_>, opened: &Opened) -> Option<u64> {
        let playing = scene.desk.board().playing.get();
        let own = playing.filter(|p| p.interview == opened.interview.id);
        own.map(|p| p.at_ms).or(self.place.map(|(_, ms)| ms))
    }

    /// Plays over and over, or no more; what is heard now too.
    pub fn repeat(&mut self, scene: &Scene<'_>) {
        self.again = !self.again;
        scene.desk.ask(Command::Repeat(self.again));
    }

    /// Goes on with the next line at the end of each, or no more; from the line on that is heard now.
    pub fn go_on(&mut self, scene: &Scene<'_>) {
        self.on = !self.on;
        scene.desk.ask(Command::GoOnReading(self.on));
    }

    /// The line that the sound has just come to by itself.
    pub fn came_to(&mut self, scene: &Scene<'_>, opened: &Opened) -> Option<SegmentId> {
        let playing = scene.desk.board().playing.get();
        let playing = playing.filter(|p| p.interview == opened.interview.id);
        let whole = playing.as_ref().is_some_and(|p| p.segment.is_none());
        let at = |ms| opened.lines.get(opened.line_at(ms)?).map(|line| line.id);
        let heard = playing.and_then(|p| p.segment.or_else(|| at(p.at_ms)));
        let before = std::mem::replace(&mut self.heard, heard);
        heard.filter(|_| (self.on || whole) && before != heard)
    }

    /// The keys that work while something is written too: F1 and F2 back and forward, F3 and F4 slower
    /// and faster.
    pub fn keys(&self, ui: &Ui, scene: &Scene<'_>) -> Option<Go> {
        let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        if pressed(Key::F1) {
            scene.desk.ask(Command::Skip(-SKIP_MS));
        }
        if pressed(Key::F2) {
            scene.desk.ask(Command::Skip(SKIP_MS));
        }
        let now = scene.choices.play_percent;
        let mut percent = now;
        if pressed(Key::F3) {
            percent = now.saturating_sub(STEP);
        }
        if pressed(Key::F4) {
            percent = now.saturating_add(STEP);
        }
        choose(scene, percent)
    }

    /// The slider and the box to tick.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>) -> Option<Go> {
        let words = scene.words;
        let mut percent = self.draft.unwrap_or(scene.choices.play_percent);
        // The slider, its number and its name stay together: they know nothing of the end of the row.
        let gaps = 3.0 * ui.spacing().item_spacing.x;
        let wanted = theme::SPEED + ui.spacing().slider_width + gaps;
        if ui.available_size_before_wrap().x < wanted {
            ui.end_row();
        }
        let label = ui.label(words.t("listen-speed"));
        let slider = Slider::new(&mut percent, SPEED_PERCENT.0..=SPEED_PERCENT.1)
            .step_by(f64::from(STEP))
            .suffix(" %");
        let moved = ui.add(slider).labelled_by(label.id);
        let mut again = self.again;
        if ui.checkbox(&mut again, words.t("listen-again")).changed() {
            self.repeat(scene);
        }
        let mut on = self.on;
        if ui.checkbox(&mut on, words.t("listen-on")).changed() {
            self.go_on(scene);
        }
        if moved.dragged() {
            self.draft = Some(percent);
            return None;
        }
        self.draft = None;
        choose(scene, percent)
    }
}

fn choose(scene: &Scene<'_>, percent: u16) -> Option<Go> {
    let percent = percent.clamp(SPEED_PERCENT.0, SPEED_PERCENT.1);
    if percent == scene.choices.play_percent {
        return None;
    }
    scene.desk.ask(Command::Speed(percent));
    Some(Go::Choose(Choices {
        play_percent: percent,
        ..scene.choices.clone()
    }))
}
