//! A recording that runs: length, levels, what is being said, the last lines in both languages;
//! pauses, marks and the end.

use eframe::egui::{Key, TextEdit, Ui};

use crate::app::desk::{Command, Recording};
use crate::app::live::{MARKERS, PRESENT, PURPOSE};
use crate::domain::EventKind;
use crate::gui::safe;
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters};
use crate::gui::widgets::{meters, rendered};

use super::intake::PURPOSES;

/// What the screens call the usual marks, in their order.
const MARKS: [&str; MARKERS.len()] = [
    "marker-exhibit",
    "marker-break",
    "marker-interpreter-comes",
    "marker-interpreter-goes",
    "marker-rights",
    "marker-somebody",
];
/// Lines that are shown while they come.
const LAST: usize = 5;

/// What is typed into the screen.
#[derive(Default)]
pub struct Live {
    words: String,
}

impl Live {
    /// Paints the recording.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, now: &Recording) -> Option<Go> {
        let words = scene.words;
        let colours = theme::of(ui);
        let (id, colour) = match (now.ending, now.status.paused) {
            (true, _) => ("live-ending", colours.text),
            (_, true) => ("live-paused", colours.doubt),
            _ => ("live-recording", colours.failure),
        };
        let length = words.digits(&safe::clock(now.status.recorded_ms));
        let head = Letters {
            size: theme::HEADING,
            ..scene.own(ui)
        };
        let text = format!("● {}  {length}", words.t(id));
        script::label(ui, &text, head.coloured(colour));
        self.health(ui, scene, now);
        let go = self.buttons(ui, scene, now);
        entries(ui, scene, now);
        ui.separator();
        lines(ui, scene, now);
        go
    }

    /// The usual marks, each by its key as well while nothing is being typed.
    #[expect(clippy::unused_self, reason = "one of the parts of the screen")]
    fn marks(&self, ui: &mut Ui, scene: &Scene<'_>) {
        const KEYS: [Key; 6] = [
            Key::Num1,
            Key::Num2,
            Key::Num3,
            Key::Num4,
            Key::Num5,
            Key::Num6,
        ];
        let free = ui.memory(|m| m.focused().is_none());
        ui.horizontal_wrapped(|ui| {
            for (number, ((marker, id), key)) in (1..).zip(MARKERS.into_iter().zip(MARKS).zip(KEYS))
            {
                let pressed = free && ui.input(|i| i.modifiers.is_none() && i.key_pressed(key));
                let name = format!("{number} {}", scene.words.t(id));
                if ui.button(name).clicked() || pressed {
                    scene.desk.ask(Command::Mark(marker.to_owned()));
                }
            }
        });
    }

    #[expect(clippy::unused_self, reason = "one of the parts of the screen")]
    fn health(&self, ui: &mut Ui, scene: &Scene<'_>, now: &Recording) {
        let words = scene.words;
        let colours = theme::of(ui);
        meters::show(ui, scene, &now.source, &now.levels);
        let mut remarks =
            vec![words.with("live-lag", &[("time", &safe::clock(now.status.lag_ms))])];
        if let Some(minutes) = now.status.disk_minutes {
            remarks.push(words.with("live-disk", &[("minutes", &minutes.to_string())]));
        }
        for remark in remarks {
            script::label(ui, &remark, scene.remark(ui));
        }
        let doubt = scene.own(ui).coloured(colours.doubt);
        if now.practice {
            script::label(ui, words.t("live-is-practice"), doubt);
        }
        if now.status.lost_frames > 0 {
            let count = now.status.lost_frames.to_string();
            script::label(ui, &words.with("live-lost", &[("count", &count)]), doubt);
        }
        if !now.awake {
            script::label(ui, words.t("live-sleep"), doubt);
        }
        for lang in &now.without {
            let name = lang.native_name();
            script::label(
                ui,
                &words.with("live-no-model", &[("language", name)]),
                doubt,
            );
        }
    }

    fn buttons(&mut self, ui: &mut Ui, scene: &Scene<'_>, now: &Recording) -> Option<Go> {
        let words = scene.words;
        let mut go = None;
        if !now.ending {
            self.marks(ui, scene);
            ui.horizontal_wrapped(|ui| {
                let label = ui.label(words.t("live-words"));
                let field = TextEdit::singleline(&mut self.words).char_limit(300);
                ui.add(field.desired_width(200.0)).labelled_by(label.id);
                let typed = self.words.trim().to_owned();
                let filled = !typed.is_empty();
                let mut sent = false;
                let mark = eframe::egui::Button::new(words.t("live-mark"));
                if ui.add_enabled(filled, mark).clicked() {
                    sent = scene.desk.ask(Command::Mark(typed.clone()));
                }
                if now.status.paused {
                    if ui.button(words.t("live-continue")).clicked() {
                        scene.desk.ask(Command::GoOn);
                    }
                } else {
                    let pause = eframe::egui::Button::new(words.t("live-pause"));
                    if ui.add_enabled(filled, pause).clicked() {
                        sent = scene.desk.ask(Command::Pause(typed));
                    }
                }
                if sent {
                    self.words.clear();
                }
            });
        }
        ui.horizontal_wrapped(|ui| {
            if !now.ending && ui.button(words.t("live-end")).clicked() {
                scene.desk.ask(Command::EndRecording);
            }
            if ui.button(words.t("live-read")).clicked() {
                go = Some(Go::Line(now.interview.clone(), None));
            }
        });
        go
    }
}

/// What happened beside the words, the newest first.
fn entries(ui: &mut Ui, scene: &Scene<'_>, now: &Recording) {
    for entry in now.entries.iter().rev() {
        let id = match entry.kind {
            EventKind::PreRoll => "entry-pre-roll",
            EventKind::Pause => "entry-pause",
            EventKind::Marker => "entry-marker",
            EventKind::Gap => "entry-gap",
            EventKind::Alarm => "entry-alarm",
            EventKind::Clock => "entry-clock",
            EventKind::Test => "entry-test",
        };
        let (from, to) = (entry.span.start.as_ms(), entry.span.end.as_ms());
        let mut text = safe::clock(from);
        if to > from {
            text.push_str(&format!(" – {}", safe::clock(to)));
        }
        let mark = MARKERS.iter().zip(MARKS).find(|(m, _)| **m == entry.label);
        let label = match (entry.kind, mark) {
            // What it is says it all.
            (EventKind::PreRoll, _) => String::new(),
            (_, Some((_, id))) => scene.words.t(id).to_owned(),
            _ => named(scene, &entry.label),
        };
        text.push_str(&format!("  {}  {label}", scene.words.t(id)));
        script::label(ui, text.trim_end(), scene.remark(ui));
    }
}

/// The label of an entry: what a field of the beginning says, in the words of the screens.
fn named(scene: &Scene<'_>, label: &str) -> String {
    let words = scene.words;
    if let Some(who) = label.strip_prefix(PURPOSE) {
        let purpose = PURPOSES.iter().find(|(person, _)| person.as_str() == who);
        let who = purpose.map_or(who, |(_, id)| words.t(id));
        return format!("{}: {}", words.t("intake-purpose"), safe::name(who));
    }
    match label.strip_prefix(PRESENT) {
        Some(who) => format!("{}: {}", words.t("intake-present"), safe::name(who)),
        None => safe::name(label),
    }
}

/// What is being said, faintly, and the newest lines, the newest first.
fn lines(ui: &mut Ui, scene: &Scene<'_>, now: &Recording) {
    let colours = theme::of(ui);
    if !now.partial.is_empty() {
        let letters = scene.own(ui).coloured(colours.faint);
        script::label(ui, &format!("… {}", now.partial), letters);
    }
    let Some(opened) = scene.desk.board().opened.get() else {
        return;
    };
    if opened.interview.id != now.interview {
        return;
    }
    for line in opened
        .lines
        .iter()
        .rev()
        .filter(|l| !l.text.is_empty())
        .take(LAST)
    {
        let time = safe::clock(line.span.start.as_ms());
        let about = format!(
            "{time}  {} · {}",
            safe::name(&line.speaker),
            line.lang.native_name()
        );
        script::label(ui, &about, scene.remark(ui));
        script::label(ui, &line.text, Letters::running(ui, line.lang));
        for translation in &line.translations {
            let letters = Letters::running(ui, translation.lang).coloured(colours.accent);
            script::label(ui, &translation.text, letters);
        }
        rendered::show(ui, scene, &opened.rendered_after(line.id));
    }
}
