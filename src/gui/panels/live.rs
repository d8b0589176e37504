//! A recording that runs: length, levels, what is being said, the last lines in both languages;
//! pauses, marks and the end.

use eframe::egui::{Key, TextEdit, Ui};

use crate::app::desk::{Command, Opened, Recording};
use crate::app::live::MARKERS;
use crate::gui::safe;
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters, Mark, Marking};
use crate::gui::widgets::{meters, rendered};

use super::happened::{self, MARKS};
use super::review::speaker;
use super::shown::Shown;

/// Lines that are shown while they come.
const LAST: usize = 5;

/// What is typed into the screen.
#[derive(Default)]
pub struct Live {
    words: String,
    shown: Shown,
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
        let opened = self.shown.get(scene, &now.interview);
        lines(ui, scene, now, opened.as_deref());
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
        meters::show(ui, scene, (&now.source, now.floating), &now.levels);
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
            // Asked for once more: nobody waits for the text. It stands where no second press of the
            // first button meets it.
            if now.ending && ui.button(words.t("live-stop-now")).clicked() {
                scene.desk.ask(Command::EndRecording);
            }
        });
        go
    }
}

/// What happened beside the words, the newest first.
fn entries(ui: &mut Ui, scene: &Scene<'_>, now: &Recording) {
    for entry in now.entries.iter().rev() {
        script::label(ui, &happened::line(scene, entry), scene.remark(ui));
    }
}

/// What is being said on each channel, faint where it may still change, and the newest lines, the newest
/// first.
fn lines(ui: &mut Ui, scene: &Scene<'_>, now: &Recording, opened: Option<&Opened>) {
    let colours = theme::of(ui);
    for (channel, steady, rest) in now.partials.shown() {
        let mut text = "… ".to_owned();
        if now.levels.len() > 1 {
            let number = channel.saturating_add(1).to_string();
            text = scene.words.with("live-level", &[("channel", &number)]);
            text.push_str(" … ");
        }
        let from = text.len();
        text.push_str(steady);
        let steady = Mark {
            range: from..text.len(),
            marking: Marking::Colour(colours.text),
        };
        text.push_str(rest);
        let letters = scene.own(ui).coloured(colours.faint);
        script::marked(ui, &text, letters, &[steady], false);
    }
    let Some(opened) = opened else {
        return;
    };
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
            speaker(scene.words, &line.speaker),
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::app::desk::Desk;
    use crate::app::{App, Choices, Options};
    use crate::domain::{InterviewId, Lang};
    use crate::gui::words::Words;

    fn recording(ending: bool) -> Recording {
        Recording {
            interview: InterviewId("20261123-080000-aaaaaa".to_owned()),
            status: crate::app::live::LiveStatus::default(),
            levels: Vec::new(),
            partials: Default::default(),
            entries: Vec::new(),
            ending,
            source: "a microphone".to_owned(),
            floating: false,
            practice: false,
            without: Vec::new(),
            awake: true,
        }
    }

    fn window(now: Recording) -> (tempfile::TempDir, Harness<'static>) {
        let dir = tempfile::tempdir().unwrap();
        let options = Options {
            workspace: Some(dir.path().to_owned()),
            ..Options::default()
        };
        let app = App::open(&options).unwrap();
        let desk = Desk::start(Arc::new(app), Arc::new(|| ())).unwrap();
        let (words, choices) = (Words::of(Lang::En), Choices::default());
        let mut live = Live::default();
        let mut window = Harness::builder()
            .allow_missing_glyphs()
            .build_ui(move |ui| {
                let scene = Scene {
                    desk: &desk,
                    words: &words,
                    choices: &choices,
                };
                live.show(ui, &scene, &now);
            });
        window.run_steps(2);
        (dir, window)
    }

    #[test]
    fn whoever_ended_the_recording_need_not_wait_for_the_text() {
        let sees = |window: &Harness<'_>, text| {
            let mut found = window.query_all_by_label_contains(text);
            found.next().is_some()
        };
        let (_dir, window) = window(recording(false));
        assert!(sees(&window, "End the recording") && !sees(&window, "Stop now"));
        let (_dir, mut window) = self::window(recording(true));
        assert!(!sees(&window, "End the recording"));
        window.get_by_label_contains("Stop now").click();
        window.run_steps(2);
    }
}
