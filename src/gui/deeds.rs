//! What can be done from any screen by its name, beside going to one: each is a button or a key
//! elsewhere.

use eframe::egui::{Event, Key, Modifiers};

use crate::app::Unfinished;
use crate::app::desk::{Command, Recording};
use crate::app::live::MARKERS;

use super::panels::MARKS;
use super::shell::{Go, Scene, Screen};
use super::widgets::job;

/// A deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Finish what is pending.
    Resume,
    /// Hide everything.
    Hide,
    /// Mark this moment of the recording, with one of [`MARKERS`].
    Mark(&'static str),
    /// Interrupt the recording for a break.
    Pause,
    /// End the interruption.
    GoOn,
    /// End the recording.
    End,
    /// Take the last change of the open transcript back.
    Undo,
}

/// What is open besides what lies on the board.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Standing {
    /// The workspace has a lock.
    pub locks: bool,
    /// A transcript stands on the screen that can be changed.
    pub reads: bool,
}

/// What can be done now, each under its name.
pub(super) fn all(scene: &Scene<'_>, standing: Standing) -> Vec<(String, Go)> {
    let words = scene.words;
    let mut all = vec![(words.t("review-new").to_owned(), Go::To(Screen::Interview))];
    let mut add = |id, deed| all.push((words.t(id).to_owned(), Go::Do(deed)));
    if waits(scene) && !job::is_running(scene) {
        add("resume", Deed::Resume);
    }
    add("palette-hide", Deed::Hide);
    if standing.reads {
        add("palette-undo", Deed::Undo);
    }
    if standing.locks {
        all.push((words.t("settings-lock-now").to_owned(), Go::Lock));
    }
    let recording = scene.desk.board().recording.get();
    let runs = recording.filter(|now: &std::sync::Arc<Recording>| !now.ending);
    if let Some(now) = runs {
        let mut add = |name: String, deed| all.push((name, Go::Do(deed)));
        for (marker, id) in MARKERS.into_iter().zip(MARKS) {
            let name = format!("{}: {}", words.t("live-mark"), words.t(id));
            add(name, Deed::Mark(marker));
        }
        if now.status.paused {
            add(words.t("live-continue").to_owned(), Deed::GoOn);
        } else {
            let name = format!("{}: {}", words.t("live-pause"), words.t("marker-break"));
            add(name, Deed::Pause);
        }
        add(words.t("live-end").to_owned(), Deed::End);
    }
    all
}

/// The key with which a transcript takes a change back.
pub(super) fn undo_key() -> Event {
    Event::Key {
        key: Key::Z,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: Modifiers::COMMAND,
    }
}

/// Asks the desk for what it does; `false` for what the window does itself.
pub(super) fn ask(scene: &Scene<'_>, deed: Deed) -> bool {
    let command = match deed {
        Deed::Resume => Command::Resume(None),
        Deed::Mark(marker) => Command::Mark(marker.to_owned()),
        Deed::Pause => {
            let [_, reason, ..] = MARKERS;
            Command::Pause(reason.to_owned())
        }
        Deed::GoOn => Command::GoOn,
        Deed::End => Command::EndRecording,
        Deed::Hide | Deed::Undo => return false,
    };
    scene.desk.ask(command);
    true
}

/// What is not finished, without the recording that runs.
pub(super) fn unfinished(scene: &Scene<'_>) -> Unfinished {
    let board = scene.desk.board();
    let mut unfinished = board
        .unfinished
        .get()
        .map(|u| Unfinished::clone(&u))
        .unwrap_or_default();
    if let Some(runs) = board.recording.get() {
        unfinished.recordings.retain(|id| *id != runs.interview);
    }
    unfinished
}

/// Whether anything is to be finished.
pub(super) fn waits(scene: &Scene<'_>) -> bool {
    let interviews = scene.desk.board().interviews.get();
    let mut interviews = interviews.iter().flat_map(|all| all.iter());
    interviews.any(|one| one.pending > 0) || unfinished(scene) != Unfinished::default()
}
