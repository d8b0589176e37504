//! A line where the machine heard nothing: an empty one is put at a place of the recording, to be written by a
//! person or heard once more by a machine.

use eframe::egui::{ComboBox, Key, Modifiers, Ui};

use crate::app::desk::{Command, Opened, Told};
use crate::domain::{Channel, Lang, SamplePos, Span};
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{languages, script, steady, told};
use crate::store::{Recut, Recutting};

use super::closer::Closer;
use super::recutter::{STEP, time};
use super::row;
use super::signature::{Pressed, Signature};
use super::work::Ended;

/// How long a new line is before a person says where it ends, in milliseconds.
const LONG_MS: u64 = 3_000;

/// Channel, language, beginning and end of a line.
type Place = (u16, Option<Lang>, f64, f64);

/// The new line.
pub struct Adder {
    channel: u16,
    lang: Option<Lang>,
    start: f64,
    end: f64,
    closer: Closer,
    /// Where it was put at first.
    began: Place,
    signature: Signature,
    /// The number under which it was sent.
    sent: Option<u64>,
    failed: Option<Told>,
    fresh: bool,
}

impl Adder {
    /// From a place of the recording on, in milliseconds, up to the next line of the channel; `None` where
    /// there is no channel.
    pub fn new(opened: &Opened, at_ms: u64, channel: u16, by: &str) -> Option<Self> {
        let channels = &opened.interview.channels;
        let own = channels.iter().find(|c| c.index == channel);
        let own = own.or(channels.first())?;
        let own_lines = opened.lines.iter().filter(|l| l.channel == own.index);
        let before = own_lines.clone().rfind(|l| l.span.start.as_ms() <= at_ms);
        let behind = own_lines
            .map(|l| l.span.start.as_ms())
            .find(|at| *at > at_ms);
        let last = behind.unwrap_or(opened.interview.duration_ms);
        let until = at_ms.saturating_add(LONG_MS).min(last);
        let until = until.max(at_ms.saturating_add(1));
        let lang = before
            .map(|line| line.lang)
            .or(own.languages.first().copied())
            .or(opened.interview.languages.first().copied());
        let (start, end) = (at_ms as f64 / 1000.0, until as f64 / 1000.0);
        Some(Self {
            channel: own.index,
            lang,
            start,
            end,
            began: (own.index, lang, start, end),
            closer: Closer::around(opened, own.index, at_ms, until),
            signature: Signature::new(by, String::new()),
            sent: None,
            failed: None,
            fresh: true,
        })
    }

    /// Whether its place was changed, or a name or reason typed.
    pub fn is_typed(&self) -> bool {
        let now = (self.channel, self.lang, self.start, self.end);
        now != self.began || self.signature.is_typed()
    }

    /// Whether it was begun at the same place.
    pub fn is_like(&self, other: &Self) -> bool {
        (self.began.0, self.began.2) == (other.began.0, other.began.2)
    }

    /// Whether it does not stand there yet: one that was sent before a lock may.
    pub fn fits(&self, opened: &Opened) -> bool {
        let (channel, lang, span) = (self.channel, self.lang, self.span());
        let mut lines = opened.lines.iter();
        !lines.any(|l| l.channel == channel && l.span == span && Some(l.lang) == lang)
    }

    fn span(&self) -> Span {
        let at = |seconds: f64| SamplePos::from_ms((seconds * 1000.0).round() as u64);
        Span::new(at(self.start), at(self.end))
    }

    /// Nothing of it is on its way, and its picture is asked for again.
    pub fn begin_anew(&mut self) {
        (self.sent, self.failed, self.fresh) = (None, None, true);
        self.closer.begin_anew();
    }

    /// Whether it was sent, and what came of it is not known yet.
    pub fn is_on_its_way(&self) -> bool {
        self.sent.is_some()
    }

    /// Paints the fields and sends the line.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) -> Ended {
        let words = scene.words;
        let leaves = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
        let free = ui.memory(|m| m.focused()).is_none();
        let keeps = free && ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Enter));
        let fresh = std::mem::take(&mut self.fresh);
        ui.spacing_mut().item_spacing.y = theme::GAP;
        script::label(ui, words.t("line-new-about"), scene.own(ui));
        self.closer
            .show(ui, scene, opened, &mut self.start, &mut self.end);
        ui.horizontal_wrapped(|ui| {
            self.channels(ui, scene, opened);
            let name = words.t("search-language");
            languages::pick(ui, "line-new-in", name, &Lang::SIX, None, &mut self.lang);
        });
        let last = opened.interview.duration_ms as f64 / 1000.0;
        steady::row(ui, "times", |ui| {
            let latest = (self.end - STEP).max(0.0);
            let field = time(ui, words.t("recut-start"), &mut self.start, 0.0, latest);
            if fresh {
                field.request_focus();
            }
            let (name, first) = (words.t("recut-end"), self.start + STEP);
            time(ui, name, &mut self.end, first, last.max(first));
        });
        let pressed = self.signature.show(ui, scene, self.sent.is_some());
        if let Some(failed) = &self.failed {
            told::show(ui, words, failed, theme::of(ui).failure);
        }
        if let (None, Some(lang), true) = (self.sent, self.lang, keeps || pressed == Pressed::Keep)
        {
            let span = self.span();
            let number = scene.desk.number();
            let sent = scene.desk.ask(Command::Recut(
                opened.interview.id.clone(),
                Recutting::Add(self.channel, span, lang),
                self.signature.by().to_owned(),
                self.signature.reason(),
                number,
            ));
            self.sent = sent.then_some(number);
        }
        let left = leaves || pressed == Pressed::Cancel;
        if left && self.sent.is_none() {
            Ended::Left
        } else {
            Ended::Open
        }
    }

    /// The channels, where there are several: each by its number and who speaks there.
    fn channels(&mut self, ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) {
        let channels = &opened.interview.channels;
        if channels.len() < 2 {
            return;
        }
        let name = |c: &Channel| {
            let number = scene.words.digits(&c.index.saturating_add(1).to_string());
            format!("{number} · {}", row::speaker(scene.words, &c.speaker))
        };
        let own = channels.iter().find(|c| c.index == self.channel);
        let was = self.channel;
        let label = ui.label(scene.words.t("line-new-channel"));
        let response = ComboBox::from_id_salt("line-new-channel")
            .selected_text(own.map(name).unwrap_or_default())
            .show_ui(ui, |ui| {
                for channel in channels {
                    ui.selectable_value(&mut self.channel, channel.index, name(channel));
                }
            })
            .response;
        response.labelled_by(label.id);
        if was != self.channel {
            let ms = |seconds: f64| (seconds * 1000.0).round() as u64;
            let (start, end) = (ms(self.start), ms(self.end));
            self.closer = Closer::around(opened, self.channel, start, end);
        }
    }

    /// The change, once it is stored, and the name that signed it.
    pub fn hear(&mut self, scene: &Scene<'_>) -> Option<(String, Recut)> {
        let answer = scene.desk.board().recut.take(self.sent?)?;
        (self.sent, self.failed) = (None, answer.failed);
        Some((self.signature.by().to_owned(), answer.done?))
    }
}
