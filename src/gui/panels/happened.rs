//! What happened in a recording beside the words: pauses with their reasons, marks, rights that were
//! said and what was answered, lost sound, alarms, the test of the microphones. While it is recorded and
//! afterwards it reads the same.

use eframe::egui::{CollapsingHeader, ScrollArea, Ui};

use crate::app::desk::Opened;
use crate::app::live::{MARKERS, PAUSE_REASON, PAUSES, PRESENT, PURPOSE};
use crate::app::phrasebook::phrases;
use crate::domain::{Channel, EventKind, SessionEvent};
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::theme;
use crate::gui::widgets::{script, scroll};

use super::intake::PURPOSES;

/// What the screens call the usual marks, in their order.
pub const MARKS: [&str; MARKERS.len()] = [
    "marker-exhibit",
    "marker-break",
    "marker-interpreter-comes",
    "marker-interpreter-goes",
    "marker-rights",
    "marker-somebody",
];
/// What the screens call the usual reasons of a pause, in their order.
pub const PAUSED: [&str; PAUSES.len()] = [
    "marker-break",
    "pause-counsel",
    "pause-interpreter",
    "pause-technical",
    "pause-none",
];
/// Height of the list, in points; the rows of the transcript keep the rest.
const LIST: f32 = 220.0;

/// Tells which speech models a person chose for the interview; nothing where the settings say it all.
pub fn chosen(ui: &mut Ui, scene: &Scene<'_>, channels: &[Channel]) {
    let words = scene.words;
    for channel in channels {
        let number = words.digits(&channel.index.saturating_add(1).to_string());
        for (lang, model) in &channel.speech_models {
            let model = safe::name(model);
            let values = [
                ("language", lang.native_name()),
                ("number", &number),
                ("name", &model),
            ];
            let told = words.with("interview-speech-model", &values);
            script::label(ui, &told, scene.remark(ui));
        }
    }
}

/// Paints a list that is opened and closed; nothing for an interview that was not recorded here.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, opened: &Opened) {
    let Some(session) = &opened.session else {
        return;
    };
    let words = scene.words;
    let count = opened.events.len().to_string();
    let title = words.with("happened", &[("count", &count)]);
    let list = CollapsingHeader::new(title).id_salt(("happened", &opened.interview.id.0));
    list.show(ui, |ui| {
        let area = ScrollArea::vertical().id_salt("entries").max_height(LIST);
        scroll::part(ui, area, |ui| {
            let source = safe::name(&session.device);
            let source = words.with("live-source", &[("name", &source)]);
            script::label(ui, &source, scene.remark(ui));
            if session.practice {
                let doubt = theme::of(ui).doubt;
                let letters = scene.remark(ui).coloured(doubt);
                script::label(ui, words.t("live-is-practice"), letters);
            }
            for entry in &opened.events {
                let letters = match entry.kind {
                    EventKind::Gap | EventKind::Alarm | EventKind::Clock => {
                        scene.remark(ui).coloured(theme::of(ui).doubt)
                    }
                    _ => scene.remark(ui),
                };
                script::label(ui, &line(scene, entry), letters);
            }
        });
    });
}

/// One entry: its place, counted from the start, what kind it is, and what was said of it.
pub fn line(scene: &Scene<'_>, entry: &SessionEvent) -> String {
    let words = scene.words;
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
    let mut text = words.digits(&safe::clock(from));
    if to > from {
        text.push_str(&format!(" – {}", words.digits(&safe::clock(to))));
    }
    let mark = MARKERS.iter().zip(MARKS).find(|(m, _)| **m == entry.label);
    let label = match (entry.kind, mark) {
        // What it is says it all.
        (EventKind::PreRoll, _) => String::new(),
        (_, Some((_, id))) => words.t(id).to_owned(),
        (EventKind::Gap | EventKind::Alarm | EventKind::Clock | EventKind::Test, _) => {
            safe::words(&words.told(&entry.label))
        }
        (EventKind::Pause, _) => paused(scene, &entry.label),
        _ => named(scene, &entry.label),
    };
    text.push_str(&format!("  {}  {label}", words.t(id)));
    text.trim_end().to_owned()
}

/// The reason of a pause.
fn paused(scene: &Scene<'_>, reason: &str) -> String {
    let known = PAUSES.iter().zip(PAUSED).find(|(own, _)| **own == reason);
    known.map_or_else(
        || safe::words(reason),
        |(_, id)| scene.words.t(id).to_owned(),
    )
}

/// The label of an entry: what a field of the beginning says, and what was answered to a standard
/// question, in the words of the screens.
fn named(scene: &Scene<'_>, label: &str) -> String {
    let words = scene.words;
    if let Some(who) = label.strip_prefix(PURPOSE) {
        let purpose = PURPOSES.iter().find(|(person, _)| person.as_str() == who);
        let who = purpose.map_or(who, |(_, id)| words.t(id));
        return format!("{}: {}", words.t("intake-purpose"), safe::name(who));
    }
    if let Some(who) = label.strip_prefix(PRESENT) {
        return format!("{}: {}", words.t("intake-present"), safe::words(who));
    }
    if let Some(reason) = label.strip_prefix(PAUSE_REASON) {
        return format!("{}: {}", words.t("entry-reason"), paused(scene, reason));
    }
    let Some((id, said)) = label.split_once(": ") else {
        return safe::words(label);
    };
    if !phrases().iter().any(|phrase| phrase.id == id) {
        return safe::words(label);
    }
    for (answer, shown) in [("yes: ", "answer-was-yes"), ("no: ", "answer-was-no")] {
        if let Some(asked) = said.strip_prefix(answer) {
            return format!("{}  {}", words.t(shown), safe::words(asked));
        }
    }
    safe::words(said)
}
