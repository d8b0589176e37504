//! A recording that runs: length, levels, what is being said, the last lines in both languages;
//! marks and the end.

use std::time::Duration;

use eframe::egui::{Key, Modifiers, Ui};

use crate::app::desk::{Command, Opened, Recording};
use crate::app::live::MARKERS;
use crate::app::phrasebook::checklist;
use crate::gui::safe;
use crate::gui::shell::{Go, Scene};
use crate::gui::theme;
use crate::gui::widgets::script::{self, Letters, Mark, Marking};
use crate::gui::widgets::{meters, rendered};

use super::happened::{self, MARKS};
use super::intake::PURPOSES;
use super::review::{doubtful, doubts, held, speaker};
use super::shown::Shown;

mod pause;

use pause::Pausing;

/// Lines that are shown while they come.
const LAST: usize = 5;

/// For so many seconds the end is offered after its button was pressed.
const SURE: f64 = 8.0;

/// What is typed into the screen.
#[derive(Default)]
pub struct Live {
    pausing: Pausing,
    shown: Shown,
    /// When the end was asked for, by the clock of the window.
    ends: Option<f64>,
    /// What was pressed is gone: what stands in its place gets the keys.
    focus: bool,
}

impl Live {
    /// The key of the pause was pressed: pauses at once, or goes on. Whether it is to be asked why it pauses.
    pub fn pause_by_key(&mut self, scene: &Scene<'_>, now: &Recording) -> bool {
        self.pausing.by_key(scene, now)
    }

    /// Paints what is always in view: how it stands, the end, pauses and marks in words.
    pub fn controls(&mut self, ui: &mut Ui, scene: &Scene<'_>, now: &Recording) {
        let words = scene.words;
        let colours = theme::of(ui);
        let (id, colour) = match (now.ending, now.status.paused) {
            (true, _) => ("live-ending", colours.text),
            (_, true) => ("live-paused", colours.doubt),
            _ => ("live-recording", colours.failure),
        };
        let length = words.digits(&safe::clock(now.status.recorded_ms));
        let own = scene.own(ui);
        let size = if theme::is_short(ui) {
            own.size
        } else {
            theme::HEADING
        };
        let head = Letters { size, ..own };
        let text = format!("● {}  {length}", words.t(id));
        ui.horizontal_wrapped(|ui| {
            script::label(ui, &text, head.coloured(colour));
            self.end(ui, scene, now);
        });
        let short = theme::is_short(ui);
        if !short {
            facts(ui, scene, now);
        }
        if !now.ending {
            self.pausing.show(ui, scene, now);
            if !short {
                self.pausing.reasons(ui, scene, now);
            }
        }
    }

    /// Paints the rest of the recording.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, now: &Recording) -> Option<Go> {
        let short = theme::is_short(ui);
        if short {
            facts(ui, scene, now);
        }
        if short && !now.ending {
            self.pausing.reasons(ui, scene, now);
        }
        self.health(ui, scene, now);
        if !now.ending {
            self.marks(ui, scene);
        }
        let go = ui
            .button(scene.words.t("live-read"))
            .clicked()
            .then(|| Go::Line(now.interview.clone(), None));
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
        let free = !ui.ctx().text_edit_focused();
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

    /// The end in two steps: one press too many must not end an interview. The second step goes away by
    /// itself, and by Esc.
    fn end(&mut self, ui: &mut Ui, scene: &Scene<'_>, now: &Recording) {
        let words = scene.words;
        if now.ending {
            self.ends = None;
            // Asked for once more: nobody waits for the text.
            if ui.button(words.t("live-stop-now")).clicked() {
                scene.desk.ask(Command::EndRecording);
            }
            return;
        }
        let time = ui.input(|i| i.time);
        if let Some(since) = self.ends {
            let left = SURE - (time - since);
            let escaped = ui.input_mut(|i| i.consume_key(Modifiers::NONE, Key::Escape));
            if escaped || left <= 0.0 {
                self.ends = None;
                self.focus = escaped;
            } else {
                ui.ctx()
                    .request_repaint_after(Duration::from_secs_f64(left));
            }
        }
        let Some(since) = self.ends else {
            let end = ui.button(words.t("live-end"));
            if std::mem::take(&mut self.focus) {
                end.request_focus();
            }
            if end.clicked() {
                (self.ends, self.focus) = (Some(time), true);
                ui.ctx().request_repaint();
            }
            return;
        };
        // Where the first button was: pressed twice in haste, the recording goes on.
        let stay = ui.button(words.t("live-end-no"));
        if std::mem::take(&mut self.focus) {
            stay.request_focus();
        }
        let sure = ui.button(words.t("live-end-yes"));
        if let Some((done, count)) = told(now).filter(|(done, count)| done < count) {
            let (done, count) = (done.to_string(), count.to_string());
            let text = words.with("live-end-rights", &[("done", &done), ("count", &count)]);
            let doubt = theme::of(ui).doubt;
            script::label(ui, &text, scene.own(ui).coloured(doubt));
        }
        if stay.clicked() {
            (self.ends, self.focus) = (None, true);
        } else if sure.clicked() && time > since {
            self.ends = None;
            scene.desk.ask(Command::EndRecording);
        }
    }
}

/// Whose interview it is: the case, as what the person is interviewed, and how much of what such a person
/// is told is marked in the record.
fn facts(ui: &mut Ui, scene: &Scene<'_>, now: &Recording) {
    let words = scene.words;
    let case = now.case.as_deref().map(safe::name);
    let purpose = PURPOSES.iter().find(|(own, _)| Some(*own) == now.purpose);
    let purpose = purpose.map(|(_, id)| words.t(id).to_owned());
    let known: Vec<String> = case.into_iter().chain(purpose).collect();
    let told = told(now);
    if known.is_empty() && told.is_none() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        if !known.is_empty() {
            script::label(ui, &known.join(" · "), scene.own(ui));
        }
        if let Some((done, count)) = told {
            let colours = theme::of(ui);
            let colour = if done < count {
                colours.doubt
            } else {
                colours.good
            };
            let (done, count) = (done.to_string(), count.to_string());
            let text = words.with("checklist-done", &[("done", &done), ("count", &count)]);
            script::label(ui, &text, scene.own(ui).coloured(colour));
        }
    });
}

/// How many of the sentences that such a person is told are marked as said, and of how many; none before
/// the record says what kind of person it is.
fn told(now: &Recording) -> Option<(usize, usize)> {
    let list = checklist(now.purpose?);
    let said = list.iter().filter(|phrase| now.said.contains(phrase.id));
    Some((said.count(), list.len()))
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
        let time = scene.words.digits(&safe::clock(line.span.start.as_ms()));
        let about = format!(
            "{time}  {} · {}",
            speaker(scene.words, &line.speaker),
            line.lang.native_name()
        );
        script::label(ui, &about, scene.remark(ui));
        held(ui, scene, line);
        let marks = doubtful(ui, scene, line);
        let letters = Letters::running(ui, line.lang);
        script::marked(ui, &line.text, letters, &marks, false);
        for translation in &line.translations {
            let letters = Letters::running(ui, translation.lang).coloured(colours.accent);
            script::label(ui, &translation.text, letters);
        }
        rendered::show(ui, scene, &opened.rendered_after(line.id));
        doubts(ui, scene, line);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use super::*;
    use crate::domain::{
        Asked, Flag, FlagKind, InterviewId, Lang, Segment, SegmentId, Span, Status,
    };
    use crate::gui::empty_window::over;

    fn recording(ending: bool) -> Recording {
        Recording {
            interview: InterviewId("20261123-080000-aaaaaa".to_owned()),
            case: Some("K-17".to_owned()),
            purpose: Some(Asked::Suspect),
            said: ["rights-01", "rights-02"].into(),
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
        let mut live = Live::default();
        over(Lang::En, move |ui, scene| {
            live.controls(ui, scene, &now);
            live.show(ui, scene, &now);
        })
    }

    /// A line of this text with these doubts.
    fn line(id: i64, text: &str, flags: &[FlagKind]) -> Arc<Segment> {
        Arc::new(Segment {
            speaker: "officer".to_owned(),
            text: text.to_owned(),
            flags: flags.iter().map(|kind| Flag::with(*kind, "")).collect(),
            status: Status::Machine,
            version: 1,
            ..Segment::new(SegmentId(id), Span::default(), Lang::Lo)
        })
    }

    #[test]
    fn a_line_that_was_most_likely_invented_is_marked_while_it_comes() {
        let opened = |flags: &[FlagKind]| {
            Opened::of(
                &recording(false).interview.0,
                &[Lang::Lo, Lang::Zh],
                vec![line(1, "ຂອບໃຈທີ່ຮັບຊົມ", flags)],
            )
        };
        let sees = |flags: &[FlagKind], text: &str| {
            let opened = opened(flags);
            let (_dir, mut window) = over(Lang::En, move |ui, scene| {
                lines(ui, scene, &recording(false), Some(&opened));
            });
            window.run_steps(2);
            window.query_all_by_label_contains(text).next().is_some()
        };
        let held = "Held back from the record";
        assert!(sees(&[], "ຂອບໃຈ") && !sees(&[], held));
        assert!(sees(&[FlagKind::PhantomPhrase], held));
        let unsure = "The machine is unsure of these words";
        assert!(sees(&[FlagKind::LowConfidence], unsure) && !sees(&[], unsure));
    }

    #[test]
    fn case_and_purpose_and_what_was_not_said_are_in_view_and_at_the_end_too() {
        let sees = |window: &Harness<'_>, text| {
            let mut found = window.query_all_by_label_contains(text);
            found.next().is_some()
        };
        let (_dir, mut window) = window(recording(false));
        assert!(sees(&window, "K-17 · suspect"));
        assert!(sees(&window, "2 of 13 are said and marked"));
        let warns = "Only 2 of the 13 things";
        assert!(!sees(&window, warns));
        window.get_by_label("End the recording").click();
        window.run_steps(2);
        assert!(sees(&window, warns) && sees(&window, "Yes, end it"));
        let mut whole = recording(false);
        whole.said = checklist(Asked::Suspect).iter().map(|p| p.id).collect();
        let (_dir, mut window) = self::window(whole);
        assert!(sees(&window, "13 of 13 are said and marked"));
        window.get_by_label("End the recording").click();
        window.run_steps(2);
        assert!(!sees(&window, "Only 13") && sees(&window, "Yes, end it"));
        // Of one that was recorded without a purpose nobody knows what was to be said.
        let unknown = Recording {
            purpose: None,
            case: None,
            ..recording(false)
        };
        let (_dir, window) = self::window(unknown);
        assert!(!sees(&window, "are said and marked") && !sees(&window, "K-17"));
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
