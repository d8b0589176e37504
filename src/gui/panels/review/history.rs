//! How a line came to read and to stand as it does: its versions, the lines that it was made of, and
//! every change of its place, each with who and when.

use eframe::egui::{Button, Ui};

use crate::app::desk::Versions;
use crate::domain::Segment;
use crate::gui::safe;
use crate::gui::shell::Scene;
use crate::gui::widgets::script::{self, Letters};
use crate::store::{Recut, RecutKind, TextVersion};

use super::row::Wish;

/// Paints it; what the person wants of it. Nothing is taken back unless they are `free`: what is open may be of
/// a line that would be gone.
pub fn show(ui: &mut Ui, scene: &Scene<'_>, versions: &Versions, free: bool) -> Option<Wish> {
    for (lang, all) in &versions.texts {
        for version in all {
            let about = format!("{} {}", lang.native_name(), about(scene, version));
            script::label(ui, &about, scene.remark(ui));
            script::marked(ui, &version.text, Letters::running(ui, *lang), &[], true);
        }
    }
    for said in &versions.speakers {
        let who = super::row::speaker(scene.words, &said.speaker);
        let mut text = scene.words.with("speaker-was", &[("speaker", &who)]);
        let about = format!(
            "   {}   {}",
            scene.words.moment(&said.at),
            safe::name(&said.by)
        );
        text.push_str(&about);
        if let Some(reason) = &said.reason {
            text.push_str("   ");
            text.push_str(&safe::name(reason));
        }
        script::label(ui, &text, scene.remark(ui));
    }
    for line in &versions.cut.origins {
        origin(ui, scene, line);
    }
    let mut wish = None;
    let newest = versions.cut.changes.len().saturating_sub(1);
    for (at, change) in versions.cut.changes.iter().enumerate() {
        ui.horizontal_wrapped(|ui| {
            script::label(ui, &told(scene, change), scene.remark(ui));
            let button = Button::new(scene.words.t("recut-take-back"));
            if at == newest && ui.add_enabled(free, button).clicked() {
                wish = Some(Wish::TakeBack(change.number));
            }
        });
    }
    wish
}

/// Number, time, name and reason of a version.
fn about(scene: &Scene<'_>, version: &TextVersion) -> String {
    let mut about = format!(
        "{}   {}   {}",
        scene.words.digits(&version.version.to_string()),
        scene.words.moment(&version.at),
        safe::name(&version.author)
    );
    if let Some(reason) = &version.reason {
        about.push_str("   ");
        about.push_str(&safe::name(reason));
    }
    about
}

/// A line that gave way, with its words as they stood.
fn origin(ui: &mut Ui, scene: &Scene<'_>, line: &Segment) {
    let number = line.id.0.to_string();
    let time = format!(
        "{} – {}",
        safe::clock(line.span.start.as_ms()),
        safe::clock(line.span.end.as_ms())
    );
    let about = [("line", number.as_str()), ("time", &time)];
    let about = scene.words.with("recut-origin", &about);
    script::label(ui, &about, scene.remark(ui));
    script::marked(ui, &line.text, Letters::running(ui, line.lang), &[], true);
    for t in &line.translations {
        script::marked(ui, &t.text, Letters::running(ui, t.lang), &[], true);
    }
}

/// What was done to which lines, when, by whom and why.
fn told(scene: &Scene<'_>, change: &Recut) -> String {
    let words = scene.words;
    let numbers = |lines: &mut dyn Iterator<Item = i64>| {
        let numbers: Vec<String> = lines.map(|l| l.to_string()).collect();
        words.digits(&numbers.join(" + "))
    };
    let from = numbers(&mut change.replaced().map(|l| l.0));
    let to = numbers(&mut change.standing().map(|l| l.0));
    let mut text = match change.kind {
        RecutKind::Split if from.is_empty() => words.with("recut-was-added", &[("line", &to)]),
        RecutKind::Split => words.with("recut-was-split", &[("from", &from), ("to", &to)]),
        RecutKind::Merge => words.with("recut-was-merged", &[("from", &from), ("to", &to)]),
        RecutKind::Retime => {
            let span = change.lines.iter().find_map(|l| l.span).unwrap_or_default();
            let at = |ms: u64| safe::exact(ms as f64 / 1000.0);
            let time = format!("{} – {}", at(span.start.as_ms()), at(span.end.as_ms()));
            words.with("recut-was-moved", &[("line", &to), ("time", &time)])
        }
        RecutKind::Undo => {
            let number = words.digits(&change.undoes.unwrap_or_default().to_string());
            words.with("recut-was-undone", &[("number", &number)])
        }
    };
    text.push_str(&format!(
        "   {}   {}",
        scene.words.moment(&change.at),
        safe::name(&change.by)
    ));
    if let Some(reason) = &change.reason {
        text.push_str("   ");
        text.push_str(&safe::name(reason));
    }
    format!("{}. {text}", words.digits(&change.number.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Choices;
    use crate::domain::{Lang, Status};
    use crate::gui::empty_window::over;
    use crate::gui::words::Words;

    #[test]
    fn numbers_stand_in_the_digits_that_were_chosen() {
        let (_dir, _window) = over(Lang::En, |_, scene| {
            let choices = Choices {
                language: Lang::Km,
                native_digits: true,
                ..Choices::default()
            };
            let words = Words::chosen(&choices);
            let scene = Scene {
                words: &words,
                ..*scene
            };
            let version = TextVersion {
                version: 12,
                lang: Lang::Km,
                text: String::new(),
                status: Status::Edited,
                author: "ដារ៉ា".to_owned(),
                at: "2026-11-23T14:05:00+07:00".to_owned(),
                reason: None,
            };
            let change = |kind, undoes| Recut {
                number: 34,
                kind,
                lines: Vec::new(),
                undoes,
                at: version.at.clone(),
                by: "ដារ៉ា".to_owned(),
                reason: None,
            };
            let all = [
                about(&scene, &version),
                told(&scene, &change(RecutKind::Undo, Some(33))),
                told(&scene, &change(RecutKind::Merge, None)),
            ];
            assert!(all[0].starts_with("១២ ") && all[1].starts_with("៣៤. "));
            for text in &all {
                assert!(!text.contains(|c: char| c.is_ascii_digit()), "{text}");
            }
        });
    }
}
