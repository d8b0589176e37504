//! Parting, joining and moving a line in its place. Arrows move the place, Enter keeps, Esc leaves
//! everything as it was; the line as it stood is kept in the history.

use std::mem::discriminant;

use eframe::egui::{Button, DragValue, Key, Modifiers, Ui, WidgetInfo, accesskit::Role};

use crate::app::desk::{Command, Opened, Told};
use crate::app::{Hint, follower, places, suggest};
use crate::domain::{Lang, SamplePos, Segment, SegmentId, Span};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters, Mark, Marking};
use crate::gui::widgets::{steady, told};
use crate::store::{Recut, Recutting, SplitAt};

use super::closer::Closer;
use super::signature::{Pressed, Signature};
use super::work::Ended;

/// One press of a key moves a time by so much, in seconds.
pub const STEP: f64 = 0.1;

/// A change of a line that is being prepared.
pub struct Recutter {
    /// The line.
    pub segment: SegmentId,
    work: Work,
    /// What it would do as it was opened.
    began: Option<Recutting>,
    signature: Signature,
    /// The number under which it was sent.
    sent: Option<u64>,
    failed: Option<Told>,
    fresh: bool,
}

/// One of the two edges of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edge {
    /// Where it begins.
    Start,
    /// Where it ends.
    End,
}

enum Work {
    Split(Box<Split>),
    /// With the next line; how both read together.
    Merge(SegmentId, Vec<(Lang, String)>),
    Retime {
        was: Span,
        start: f64,
        end: f64,
        last: f64,
        closer: Box<Closer>,
    },
}

/// Where a line is to be parted.
struct Split {
    line: Segment,
    said: Option<Cut>,
    translations: Vec<Cut>,
    seconds: f64,
    /// The person chose the time; else it follows the words.
    timed: bool,
}

/// A place in a text.
struct Cut {
    lang: Lang,
    text: String,
    places: Vec<usize>,
    at: usize,
    /// The person chose it; else it follows what was said.
    chosen: bool,
    /// It is left to be translated anew.
    anew: bool,
}

impl Recutter {
    /// To part a line; `None` where it has too few words.
    pub fn split(line: &Segment, hint: Hint, by: &str) -> Option<Self> {
        let found = suggest(line, hint)?;
        let said = found.text.map(|at| Cut::new(&line.text, line.lang, at));
        let translation = |(lang, at): &(Lang, usize)| {
            let t = line.translations.iter().find(|t| t.lang == *lang)?;
            Some(Cut::new(&t.text, *lang, *at))
        };
        let split = Split {
            said,
            translations: found.translations.iter().filter_map(translation).collect(),
            seconds: found.at.as_ms() as f64 / 1000.0,
            timed: matches!(hint, Hint::Time(_)),
            line: line.clone(),
        };
        Some(Self::new(line.id, Work::Split(Box::new(split)), by))
    }

    /// To join a line with the next one of its channel; `None` where none follows.
    pub fn merge(opened: &Opened, line: &Segment, by: &str) -> Option<Self> {
        let next = follower(&opened.lines, line)?;
        let mut texts = vec![(line.lang, together(&line.text, &next.text))];
        for t in &line.translations {
            let other = next.translations.iter().find(|o| o.lang == t.lang);
            texts.extend(other.map(|o| (t.lang, together(&t.text, &o.text))));
        }
        Some(Self::new(line.id, Work::Merge(next.id, texts), by))
    }

    /// To move where a line begins and ends.
    pub fn retime(opened: &Opened, line: &Segment, by: &str) -> Self {
        let length = opened.interview.duration_ms.max(line.span.end.as_ms());
        let work = Work::Retime {
            was: line.span,
            start: line.span.start.as_ms() as f64 / 1000.0,
            end: line.span.end.as_ms() as f64 / 1000.0,
            last: length as f64 / 1000.0,
            closer: Box::new(Closer::new(opened, line)),
        };
        Self::new(line.id, work, by)
    }

    /// Where one edge is to stand, in milliseconds; an edge that would pass the other stays.
    #[must_use]
    pub fn with_edge(mut self, edge: Edge, ms: u64) -> Self {
        let to = ms as f64 / 1000.0;
        match (&mut self.work, edge) {
            (Work::Retime { start, end, .. }, Edge::Start) if to < *end => *start = to,
            (Work::Retime { start, end, .. }, Edge::End) if to > *start => *end = to,
            _ => {}
        }
        self
    }

    fn new(segment: SegmentId, work: Work, by: &str) -> Self {
        let mut form = Self {
            segment,
            work,
            began: None,
            signature: Signature::new(by, String::new()),
            sent: None,
            failed: None,
            fresh: true,
        };
        form.began = Some(form.what());
        form
    }

    /// Whether a place was chosen, or a name or reason typed.
    pub fn is_typed(&self) -> bool {
        self.signature.is_typed() || self.began.as_ref() != Some(&self.what())
    }

    /// Whether it does the same to its line.
    pub fn is_like(&self, other: &Self) -> bool {
        discriminant(&self.work) == discriminant(&other.work)
    }

    /// Whether the words in which a place was chosen are the line's.
    pub fn fits(&self, line: &Segment) -> bool {
        match &self.work {
            Work::Split(split) => split.line == *line,
            Work::Merge(..) => true,
            Work::Retime { was, .. } => *was == line.span,
        }
    }

    /// Nothing of it is on its way, and its picture is asked for again.
    pub fn begin_anew(&mut self) {
        (self.sent, self.failed, self.fresh) = (None, None, true);
        if let Work::Retime { closer, .. } = &mut self.work {
            closer.begin_anew();
        }
    }

    /// Paints the fields and sends the change.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) -> Ended {
        let leaves = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        let free = ui.memory(|m| m.focused()).is_none();
        let keeps = free && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
        let fresh = std::mem::take(&mut self.fresh);
        ui.spacing_mut().item_spacing.y = theme::GAP;
        ui.add_space(theme::GAP);
        match &mut self.work {
            Work::Split(split) => split.show(ui, scene, free),
            Work::Merge(with, texts) => {
                let next = with.0.to_string();
                let about = scene.words.with("recut-merge-about", &[("line", &next)]);
                script::label(ui, &about, scene.own(ui));
                for (lang, text) in texts.iter() {
                    script::marked(ui, text, Letters::running(ui, *lang), &[], true);
                }
            }
            Work::Retime {
                start,
                end,
                last,
                closer,
                ..
            } => {
                script::label(ui, scene.words.t("recut-retime-about"), scene.own(ui));
                closer.show(ui, scene, opened, start, end);
                steady::row(ui, "times", |ui| {
                    let latest = (*end - STEP).max(0.0);
                    let field = time(ui, scene.words.t("recut-start"), start, 0.0, latest);
                    if fresh {
                        field.request_focus();
                    }
                    let earliest = *start + STEP;
                    time(
                        ui,
                        scene.words.t("recut-end"),
                        end,
                        earliest,
                        last.max(earliest),
                    );
                });
            }
        }
        let pressed = self.signature.show(ui, scene, self.sent.is_some());
        if let Some(told) = &self.failed {
            let failure = theme::of(ui).failure;
            told::show(ui, scene.words, told, failure);
        }
        if self.sent.is_none() && (keeps || pressed == Pressed::Keep) {
            let number = scene.desk.number();
            let sent = scene.desk.ask(Command::Recut(
                opened.interview.id.clone(),
                self.what(),
                self.signature.by().to_owned(),
                self.signature.reason(),
                number,
            ));
            self.sent = sent.then_some(number);
        }
        if self.sent.is_none() && (leaves || pressed == Pressed::Cancel) {
            Ended::Left
        } else {
            Ended::Open
        }
    }

    /// Whether it was sent, and what came of it is not known yet.
    pub fn is_on_its_way(&self) -> bool {
        self.sent.is_some()
    }

    /// The change, once it is stored, and the name that signed it. Asked for apart from the painting:
    /// the line is gone from the screen by then.
    pub fn hear(&mut self, scene: &Scene<'_>) -> Option<(String, Recut)> {
        let answer = scene.desk.board().recut.take(self.sent?)?;
        (self.sent, self.failed) = (None, answer.failed);
        Some((self.signature.by().to_owned(), answer.done?))
    }

    fn what(&self) -> Recutting {
        match &self.work {
            Work::Split(split) => Recutting::Split(self.segment, split.place()),
            Work::Merge(with, _) => Recutting::Merge(self.segment, *with),
            Work::Retime {
                was, start, end, ..
            } => {
                // A time that nobody touched stays to the sample.
                let moved = |was: SamplePos, seconds: f64| {
                    let ms = (seconds * 1000.0).round() as u64;
                    if was.as_ms() == ms {
                        was
                    } else {
                        SamplePos::from_ms(ms)
                    }
                };
                let span = Span::new(moved(was.start, *start), moved(was.end, *end));
                Recutting::Retime(self.segment, span)
            }
        }
    }
}

impl Split {
    fn place(&self) -> SplitAt {
        let named = self.translations.iter().filter(|t| !t.anew);
        SplitAt {
            at: SamplePos::from_ms((self.seconds * 1000.0).round() as u64),
            text: self.said.as_ref().map(|cut| cut.at),
            translations: named.map(|t| (t.lang, t.at)).collect(),
        }
    }

    fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, free: bool) {
        let words = scene.words;
        script::label(ui, words.t("recut-split-about"), scene.own(ui));
        let pressed = |modifiers, key| free && ui.input_mut(|i| i.consume_key(modifiers, key));
        let step = |modifiers| {
            i64::from(pressed(modifiers, Key::ArrowRight))
                - i64::from(pressed(modifiers, Key::ArrowLeft))
        };
        let (by_word, in_translation) = (step(Modifiers::NONE), step(Modifiers::COMMAND));
        let later = i64::from(pressed(Modifiers::NONE, Key::ArrowDown))
            - i64::from(pressed(Modifiers::NONE, Key::ArrowUp));
        let mut moved = false;
        if let Some(cut) = &mut self.said {
            moved = cut.step(by_word) | cut.show(ui, scene, words.t("edit-said"));
        }
        if moved {
            self.follow();
        }
        for cut in &mut self.translations {
            cut.chosen |= cut.step(in_translation);
            let name = cut.lang.native_name();
            ui.add_enabled_ui(!cut.anew, |ui| cut.chosen |= cut.show(ui, scene, name));
            ui.checkbox(&mut cut.anew, words.t("recut-anew"));
        }
        let span = self.line.span;
        let first = span.start.as_ms() as f64 / 1000.0;
        let last = span.end.as_ms() as f64 / 1000.0;
        if later != 0 {
            self.seconds = (self.seconds + later as f64 * STEP).clamp(first, last);
            self.timed = true;
        }
        steady::row(ui, "time", |ui| {
            let field = time(ui, words.t("recut-time"), &mut self.seconds, first, last);
            self.timed |= field.changed();
        });
    }

    /// Brings time and translations to the place in the words, where nobody chose them.
    fn follow(&mut self) {
        let Some(at) = self.said.as_ref().map(|cut| cut.at) else {
            return;
        };
        let Some(found) = suggest(&self.line, Hint::Text(at)) else {
            return;
        };
        if !self.timed {
            self.seconds = found.at.as_ms() as f64 / 1000.0;
        }
        for cut in self.translations.iter_mut().filter(|c| !c.chosen) {
            if let Some((_, at)) = found.translations.iter().find(|(l, _)| *l == cut.lang) {
                cut.at = *at;
            }
        }
    }
}

impl Cut {
    fn new(text: &str, lang: Lang, at: usize) -> Self {
        Self {
            lang,
            text: text.to_owned(),
            places: places(text, lang),
            at,
            chosen: false,
            anew: false,
        }
    }

    /// Moves to the next place or the one before; whether it moved.
    fn step(&mut self, by: i64) -> bool {
        let to = match by {
            0 => None,
            1.. => self.places.iter().find(|p| **p > self.at),
            _ => self.places.iter().rev().find(|p| **p < self.at),
        };
        self.at = to.copied().unwrap_or(self.at);
        to.is_some()
    }

    /// Both parts and the buttons; whether one was pressed.
    fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, name: &str) -> bool {
        let mut by = 0;
        ui.horizontal_wrapped(|ui| {
            script::label(ui, name, scene.remark(ui));
            for (sign, id, step) in [("−", "recut-earlier", -1), ("+", "recut-later", 1)] {
                let response = ui.add(Button::new(sign).min_size([theme::PRESS; 2].into()));
                let label = format!("{}: {name}", scene.words.t(id));
                let enabled = response.enabled();
                response.widget_info(|| WidgetInfo::labeled(Role::Button, enabled, &label));
                if response.clicked() {
                    by = step;
                }
            }
        });
        let moved = self.step(by);
        let left: String = self.text.chars().take(self.at).collect();
        let right: String = self.text.chars().skip(self.at).collect();
        let (left, right) = (left.trim_end(), right.trim_start());
        let text = format!("{left} | {right}");
        let mark = Mark {
            range: text.len() - right.len()..text.len(),
            marking: Marking::Ground(theme::of(ui).found),
        };
        script::marked(ui, &text, Letters::running(ui, self.lang), &[mark], false);
        moved
    }
}

/// Two texts that are to be one.
fn together(first: &str, second: &str) -> String {
    format!("{} | {}", first.trim_end(), second.trim_start())
}

/// A time that can be dragged, typed and moved by a tenth of a second with the arrows up and down. It stands in a
/// [`steady::row`].
pub fn time(
    ui: &mut Ui,
    name: &str,
    seconds: &mut f64,
    first: f64,
    last: f64,
) -> eframe::egui::Response {
    let label = ui.label(name);
    let field = DragValue::new(seconds)
        .speed(STEP)
        .range(first..=last)
        .custom_formatter(|seconds, _| safe::exact(seconds))
        .custom_parser(safe::seconds)
        .update_while_editing(false);
    ui.add(field).labelled_by(label.id)
}
