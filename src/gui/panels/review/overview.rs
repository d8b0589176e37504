//! The recording as a picture: how loud each channel is, where lines are, what is heard now. A press plays
//! from that place on, whether a line stands there or not; it can be looked at from near.

mod paint;

use std::sync::Arc;
use std::time::{Duration, Instant};

use eframe::egui::accesskit::Role;
use eframe::egui::{EventFilter, Id, Key, Modifiers, Response, Sense, Ui, Vec2, WidgetInfo, vec2};

use crate::app::desk::{Command, Opened, Overview};
use crate::domain::{SamplePos, Span};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;

use super::view::View;

/// A picture that a sound command pushed aside is asked for again after this long.
const ASK_AGAIN: Duration = Duration::from_secs(2);
/// While the picture is moved or followed, the next stretch is asked for no sooner than this.
const ASK_NEXT: Duration = Duration::from_millis(250);

/// A picture that ends so much earlier than the recording, in milliseconds, is an old one.
const OLD_MS: u64 = 1_000;
/// While a recording goes on, all of it is read again only when it is longer by one part of so many.
const GROWN: u64 = 10;

/// One press of an arrow moves the place by one part of so many of what is shown.
const STEPS: u64 = 50;
/// One press of a key or a button shows it from so many times nearer.
const NEARER: f32 = 1.5;

/// What is kept between frames.
#[derive(Default)]
pub struct Strip {
    asked: Option<Asked>,
    asked_near: Option<Instant>,
    /// What is shown; all of it until a person looks from near.
    view: Option<View>,
    /// A person moved the picture away from what is heard: it is not followed until it is seen again.
    away: bool,
    /// For each column of the strip the channel of a line there, worked out once.
    columns: Vec<Option<u16>>,
    of: Option<(Arc<Opened>, View)>,
    /// The place that the keys stand at, in milliseconds, while the strip has the keyboard.
    place: Option<u64>,
}

/// The question for the picture.
struct Asked {
    at: Instant,
    /// How long the recording was, in milliseconds,
    length_ms: u64,
    /// and the picture that there was.
    had: Option<Arc<Overview>>,
}

impl Asked {
    /// Whether it was answered, by a picture of as much sound as there is.
    fn is_answered(&self, now: Option<&Arc<Overview>>, length_ms: u64) -> bool {
        let same = match (&self.had, now) {
            (Some(had), Some(now)) => Arc::ptr_eq(had, now),
            (had, now) => had.is_none() && now.is_none(),
        };
        !same && self.length_ms == length_ms
    }
}

/// What a person did with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pressed {
    /// To be heard from this place on, in milliseconds.
    At(u64),
    /// To be paused, or to go on; where nothing is heard, to be heard from this place on.
    Pause(u64),
}

impl Strip {
    /// Paints the strip. With the keyboard the arrows move a place, which begins at `from_ms`, and Enter
    /// presses it.
    pub fn show(
        &mut self,
        ui: &mut Ui,
        scene: &Scene<'_>,
        opened: &Arc<Opened>,
        from_ms: u64,
    ) -> Option<Pressed> {
        if !is_heard(opened) {
            return None;
        }
        let playing = scene.desk.board().playing.get();
        let playing = playing.filter(|p| p.interview == opened.interview.id);
        let heard = playing.as_ref().map(|p| p.at_ms);
        let id = Id::unique("overview");
        // Before it is a press: Enter plays from the place, Space pauses what is heard.
        let focused = ui.memory(|m| m.has_focus(id));
        let space = focused && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Space));
        let size = vec2(ui.available_width(), theme::OVERVIEW);
        let (_, rect) = ui.allocate_space(size);
        let response = ui.interact(rect, id, Sense::click_and_drag());
        self.walk(ui, &response, from_ms);
        self.look(ui, opened, &response, heard);
        let view = self.view(opened);
        let at = heard.or(self.place).unwrap_or(from_ms);
        let (name, at) = (
            scene.words.t("overview"),
            scene.words.digits(&safe::clock(at)),
        );
        response.widget_info(|| {
            let mut info = WidgetInfo::labeled(Role::Button, true, name);
            info.current_text_value = Some(at.clone());
            info
        });
        self.sort(opened, view, rect.width().max(1.0) as usize);
        self.ask(ui, scene, opened, view);
        self.paint(ui, scene, opened, rect, heard);
        if space {
            return Some(Pressed::Pause(self.place.unwrap_or(from_ms)));
        }
        if !response.clicked() {
            return None;
        }
        self.away = false;
        // A press of a key has no place of its own.
        let pressed = response.interact_pointer_pos();
        let pressed = pressed.map(|at| view.ms(at.x - rect.left(), rect.width()));
        pressed.or(self.place).map(Pressed::At)
    }

    /// The buttons to look from nearer and from farther.
    pub fn buttons(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) {
        if !is_heard(opened) {
            return;
        }
        for (sign, name, factor) in [
            ("+", "overview-nearer", NEARER),
            ("−", "overview-farther", 1.0 / NEARER),
        ] {
            let name = scene.words.t(name);
            let button = ui.button(sign).on_hover_text(name);
            button.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
            if button.clicked() {
                let playing = scene.desk.board().playing.get();
                let playing = playing.filter(|p| p.interview == opened.interview.id);
                let view = self.view(opened);
                let middle = view.start_ms().saturating_add(view.shown_ms() / 2);
                let seen = playing.map(|p| p.at_ms).filter(|at| view.holds(*at));
                self.view = Some(view.zoomed(factor, seen.or(self.place).unwrap_or(middle)));
            }
        }
    }

    /// The place that the keys stand at, in milliseconds, while it has the keyboard.
    pub fn place(&self) -> Option<u64> {
        self.place
    }

    /// What is shown of this recording.
    fn view(&self, opened: &Opened) -> View {
        let length = opened.interview.duration_ms;
        let own = self.view.filter(|view| view.whole_ms() == length);
        own.unwrap_or(View::whole(length))
    }

    /// The keys, while the strip has the keyboard.
    fn walk(&mut self, ui: &Ui, response: &Response, from_ms: u64) {
        if !response.has_focus() {
            self.place = None;
            return;
        }
        let arrows = EventFilter {
            horizontal_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|m| m.set_focus_lock_filter(response.id, arrows));
        self.place = self.place.or(Some(from_ms));
    }

    /// Keys, wheel and drag that change what is shown; then what is heard is followed.
    fn look(&mut self, ui: &Ui, opened: &Opened, response: &Response, heard: Option<u64>) {
        let view = self.view(opened);
        let mut now = view;
        if let Some(place) = self.place {
            let to = self.keys(ui, &mut now, place);
            self.place = Some(to);
            if to != place {
                now = now.following(to);
            }
        }
        let (rect, width) = (response.rect, response.rect.width());
        if response.dragged() {
            now = now.moved_by(-response.drag_delta().x, width);
        }
        if let Some(over) = response.hover_pos() {
            let factor = ui.input(|i| i.zoom_delta());
            now = now.zoomed(factor, now.ms(over.x - rect.left(), width));
            now = now.moved_by(-scrolled(ui, !now.is_whole()), width);
        }
        if now.start_ms() != view.start_ms() && heard.is_some_and(|at| !now.holds(at)) {
            self.away = true;
        }
        if let Some(at) = heard {
            self.away &= !now.holds(at);
            if !self.away {
                now = now.following(at);
            }
        }
        self.view = Some(now);
    }

    /// What the keys make of the place and of what is shown.
    fn keys(&self, ui: &Ui, view: &mut View, place: u64) -> u64 {
        let pressed = |key| ui.input_mut(|i| i.consume_key(Modifiers::NONE, key));
        let (last, shown) = (view.whole_ms().saturating_sub(1), view.shown_ms());
        let step = shown.checked_div(STEPS).unwrap_or(1).max(1);
        let mut place = place;
        for (key, to) in [
            (Key::ArrowLeft, place.saturating_sub(step)),
            (Key::ArrowRight, place.saturating_add(step)),
            (Key::PageUp, place.saturating_sub(shown)),
            (Key::PageDown, place.saturating_add(shown)),
            (Key::Home, 0),
            (Key::End, last),
        ] {
            if pressed(key) {
                place = to.min(last);
            }
        }
        // With and without Shift, as the keyboard has it.
        let any = |key| {
            let shifted = ui.input_mut(|i| i.consume_key(Modifiers::SHIFT, key));
            shifted || pressed(key)
        };
        if any(Key::Plus) || any(Key::Equals) {
            *view = view.zoomed(NEARER, place);
        }
        if any(Key::Minus) {
            *view = view.zoomed(1.0 / NEARER, place);
        }
        place
    }

    /// Asks for the picture, and for that of a stretch that is looked at from near.
    fn ask(&mut self, ui: &Ui, scene: &Scene<'_>, opened: &Opened, view: View) {
        let (board, id) = (scene.desk.board(), &opened.interview.id);
        let overview = board.overview.get().filter(|o| o.interview == *id);
        let length_ms = opened.interview.duration_ms;
        let runs = opened.session.as_ref().is_some_and(|s| s.in_progress);
        if overview
            .as_ref()
            .is_none_or(|picture| is_old(picture, length_ms, runs))
        {
            let wait = self.asked.as_ref().is_some_and(|asked| {
                asked.at.elapsed() <= ASK_AGAIN || asked.is_answered(overview.as_ref(), length_ms)
            });
            if !wait {
                self.asked = Some(Asked {
                    at: Instant::now(),
                    length_ms,
                    had: overview.clone(),
                });
                scene.desk.ask(Command::Overview(id.clone()));
            }
        }
        let Some(overview) = overview else {
            return;
        };
        if view.is_whole() || overview.channels.is_empty() || nearer(scene, opened, view).is_some()
        {
            return;
        }
        // What is shown may have moved on before it may be asked for.
        ui.ctx().request_repaint_after(ASK_NEXT);
        if self.asked_near.is_none_or(|at| at.elapsed() > ASK_NEXT) {
            self.asked_near = Some(Instant::now());
            let shown = view.shown_ms();
            let from = view.start_ms().saturating_sub(shown);
            let until = view.until_ms().saturating_add(shown).min(view.whole_ms());
            let span = Span::new(SamplePos::from_ms(from), SamplePos::from_ms(until));
            scene.desk.ask(Command::Nearer(id.clone(), span));
        }
    }

    /// Works out the columns when the lines, the width or what is shown are others than before.
    fn sort(&mut self, opened: &Arc<Opened>, view: View, width: usize) {
        let is = |(of, seen): &(Arc<Opened>, View)| Arc::ptr_eq(of, opened) && *seen == view;
        if self.of.as_ref().is_some_and(is) && self.columns.len() == width {
            return;
        }
        self.of = Some((Arc::clone(opened), view));
        let lines = opened.lines.iter().map(|line| (line.span, line.channel));
        self.columns = columns(view, width, lines);
    }
}

/// For each column the channel of the last line that is seen there.
fn columns(view: View, width: usize, lines: impl Iterator<Item = (Span, u16)>) -> Vec<Option<u16>> {
    let mut columns = vec![None; width];
    let place = |at: SamplePos| {
        let x = view.x(at.as_ms(), width as f32).clamp(0.0, width as f32);
        x as usize
    };
    for (span, channel) in lines {
        let seen = span.end.as_ms() > view.start_ms() && span.start.as_ms() < view.until_ms();
        if !seen {
            continue;
        }
        let (from, to) = (place(span.start), place(span.end));
        for column in columns.get_mut(from..to.max(from)).into_iter().flatten() {
            *column = Some(channel);
        }
    }
    columns
}

/// The picture from near, where it is there, holds what is shown and is fine enough.
fn nearer(scene: &Scene<'_>, opened: &Opened, view: View) -> Option<Arc<Overview>> {
    let nearer = scene.desk.board().nearer.get()?;
    let (from, until) = (nearer.span.start.as_ms(), nearer.span.end.as_ms());
    let fits = nearer.interview == opened.interview.id
        && from <= view.start_ms()
        && until >= view.until_ms()
        && until.saturating_sub(from) <= view.shown_ms().saturating_mul(6);
    fits.then_some(nearer)
}

/// Whether a picture ends before the recording does: it was made while the recording went on. That of a
/// partner's interview has no sound.
fn is_old(picture: &Overview, length_ms: u64, runs: bool) -> bool {
    let end = picture.span.end.as_ms();
    let may_lack = OLD_MS.saturating_add(if runs { end / GROWN } else { 0 });
    !picture.channels.is_empty() && end.saturating_add(may_lack) < length_ms
}

/// Whether there is anything to hear.
fn is_heard(opened: &Opened) -> bool {
    !opened.interview.audio.is_empty() && opened.interview.duration_ms > 0
}

/// How far the wheel moves the picture, in points; where it `takes` the wheel, nothing else is scrolled.
fn scrolled(ui: &Ui, takes: bool) -> f32 {
    if !takes {
        return 0.0;
    }
    ui.input_mut(|i| {
        let by = std::mem::replace(&mut i.smooth_scroll_delta, Vec2::ZERO);
        if by.x.abs() > by.y.abs() { by.x } else { by.y }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from_ms: u64, to_ms: u64) -> Span {
        Span::new(SamplePos::from_ms(from_ms), SamplePos::from_ms(to_ms))
    }

    #[test]
    fn a_picture_of_the_first_part_is_old_once_there_is_more_and_asked_for_once() {
        let picture = |to_ms| Overview {
            interview: crate::domain::InterviewId("i".to_owned()),
            span: span(0, to_ms),
            channels: vec![vec![0.5; 10]],
        };
        assert!(is_old(&picture(60_000), 90_000, false));
        assert!(is_old(&picture(60_000), 62_000, false));
        assert!(!is_old(&picture(60_000), 60_900, false), "all of it");
        assert!(!is_old(&picture(60_000), 66_000, true), "not for a little");
        assert!(is_old(&picture(60_000), 68_000, true));
        let silent = Overview {
            channels: Vec::new(),
            ..picture(0)
        };
        assert!(!is_old(&silent, 90_000, false), "a partner's");
        let (first, second) = (Arc::new(picture(60_000)), Arc::new(picture(61_000)));
        let asked = Asked {
            at: Instant::now(),
            length_ms: 90_000,
            had: Some(Arc::clone(&first)),
        };
        assert!(!asked.is_answered(Some(&first), 90_000));
        // The sound is shorter than its record says: that does not change by asking.
        assert!(asked.is_answered(Some(&second), 90_000));
        assert!(!asked.is_answered(Some(&second), 99_000), "there is more");
    }

    #[test]
    fn lines_stand_at_their_places_from_afar_and_from_near() {
        let lines = [
            (span(0, 10_000), 0),
            (span(40_000, 60_000), 1),
            (span(90_000, 100_000), 0),
        ];
        let whole = View::whole(100_000);
        let seen = columns(whole, 10, lines.into_iter());
        let (no, one, two) = (None, Some(0), Some(1));
        assert_eq!(seen, [one, no, no, no, two, two, no, no, no, one]);
        let near = whole.zoomed(5.0, 40_000);
        assert_eq!((near.start_ms(), near.until_ms()), (32_000, 52_000));
        let seen = columns(near, 10, lines.into_iter());
        assert_eq!(seen, [no, no, no, no, two, two, two, two, two, two]);
        let between = whole.zoomed(10.0, 75_000);
        assert!(
            columns(between, 10, lines.into_iter())
                .iter()
                .all(Option::is_none)
        );
    }
}
