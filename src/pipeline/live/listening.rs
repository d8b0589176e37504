//! Cuts the sound of a live session into lines while it is being recorded, and offers the utterance
//! that is being spoken for a preview.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::{Duration, Instant};

use crate::audio::{Cut, Listener, SegmenterLimits};
use crate::domain::{Cancel, Channel, EventKind, Flag, FlagKind, Lang, LongestUtterance, Span};
use crate::store::{self, NewEvent, NewSegment, Store};

use super::health::{Health, Trouble};
use super::{Error, LineStep, LiveEvent, Preview, Shared};
use crate::pipeline::beside::heard_beside;

/// A pause that ends an utterance in a live session. Shorter than for a file: people wait for it.
const HANGOVER_MS: u64 = 400;
/// Between two looks at the working copies.
const REST: Duration = Duration::from_millis(15);
/// Tries to store the last lines while another program writes; each waits as long as the database does.
const LAST_TRIES: usize = 3;
/// The least between two previews of one channel.
const PREVIEW_EVERY: Duration = Duration::from_millis(700);
/// The least that is worth a preview.
const PREVIEW_LEAST_MS: u64 = 600;

/// How live sound is cut. A recovery cuts alike, so that lines fit what is stored.
pub(super) fn limits(max_ms: u64) -> SegmenterLimits {
    SegmenterLimits {
        max_ms,
        hangover_ms: HANGOVER_MS,
        ..SegmenterLimits::default()
    }
}

/// Works until the sound is over and cut to its end.
pub(super) fn run(shared: &Shared, longest: &LongestUtterance, wake: &SyncSender<()>) {
    let listen = || {
        let store = shared.open_store()?;
        Listening::new(shared, store, longest, wake).run()
    };
    let heard = panic::catch_unwind(AssertUnwindSafe(listen));
    if let Err(e) = heard.unwrap_or(Err(Error::Worker("the search for speech"))) {
        without_lines(shared, &e);
        // Nobody takes the end of the lines for the end of the recording.
        while !shared.sound_over.load(Ordering::Acquire) {
            thread::sleep(REST);
        }
    }
    shared.lines_over.store(true, Ordering::Release);
    // A full slot means that the recogniser has been told already.
    let _ = wake.try_send(());
}

/// No lines are cut any more: the sound goes on, and `resume` cuts them.
pub(super) fn without_lines(shared: &Shared, why: &Error) {
    shared.whole.store(false, Ordering::Release);
    shared.alarm(
        why,
        "The recording goes on, but no new text comes. 'mekong resume' writes it after the session.",
    );
}

struct Listening<'a> {
    shared: &'a Shared,
    store: Store,
    wake: &'a SyncSender<()>,
    ears: Vec<Ear>,
    /// Lines that could not be stored yet, because somebody else was writing.
    waiting: Vec<(usize, Cut)>,
}

struct Ear {
    channel: u16,
    listener: Listener,
    previewed_at: Instant,
    /// The settled utterance that was offered last.
    offered: Option<Span>,
    health: Health,
}

impl<'a> Listening<'a> {
    fn new(
        shared: &'a Shared,
        store: Store,
        longest: &LongestUtterance,
        wake: &'a SyncSender<()>,
    ) -> Self {
        let folder = shared.folder();
        let ear = |channel: &Channel| Ear {
            channel: channel.index,
            listener: Listener::new(
                &folder.join(format!("working-{}.wav", channel.index)),
                &limits(longest.among(&channel.languages)),
            ),
            previewed_at: Instant::now(),
            offered: None,
            health: Health::default(),
        };
        Self {
            ears: shared.channels.iter().map(ear).collect(),
            shared,
            store,
            wake,
            waiting: Vec::new(),
        }
    }

    fn run(mut self) -> Result<(), Error> {
        loop {
            // Asked before the length is read, so that the last length is complete.
            let over = self.shared.sound_over.load(Ordering::Acquire);
            let mut lines = std::mem::take(&mut self.waiting);
            for (at, ear) in self.ears.iter_mut().enumerate() {
                let mut cuts = ear.listener.hear(self.shared.reached_on(ear.channel))?;
                if over {
                    cuts.extend(ear.listener.finish());
                }
                lines.extend(cuts.into_iter().map(|cut| (at, cut)));
            }
            let mut kept = self.keep(&lines);
            for _ in 0..LAST_TRIES {
                if over && matches!(kept, Err(Error::Store(store::Error::Busy))) {
                    kept = self.keep(&lines);
                }
            }
            match kept {
                // A disk that is busy for long ends no session: the lines are tried again.
                Err(Error::Store(store::Error::Busy)) if !over => self.waiting = lines,
                kept => kept?,
            }
            if over {
                return Ok(());
            }
            self.offer_previews();
            self.watch_health()?;
            thread::sleep(REST);
        }
    }

    /// Stores the lines as pending and wakes the recogniser.
    fn keep(&mut self, lines: &[(usize, Cut)]) -> Result<(), Error> {
        if lines.is_empty() {
            return Ok(());
        }
        let mut rows = Vec::new();
        let folder = self.shared.folder();
        for (at, cut) in lines {
            if let Some(channel) = self.shared.channels.get(*at) {
                rows.push(new_segment((&folder, &self.shared.channels), channel, *cut));
                self.withdraw_preview(channel.index, cut.span);
            }
        }
        rows.sort_by_key(|row| (row.span.start, row.channel));
        let duration = self.shared.reached().as_ms();
        let ids = self
            .store
            .append_segments(&self.shared.id, &rows, duration)?;
        let cut_ms: u64 = rows.iter().map(|r| r.span.duration_ms()).sum();
        self.shared.cut_ms.fetch_add(cut_ms, Ordering::Relaxed);
        let _ = self.wake.try_send(()); // a full slot means that it has been told
        for segment in ids {
            let step = LineStep::Heard;
            self.shared.tell(LiveEvent::Line { segment, step });
        }
        Ok(())
    }

    /// A line is more than any preview: whatever preview is at work makes way, unless it is the
    /// preview of this very line, whose text will be the line's.
    fn withdraw_preview(&self, channel: u16, span: Span) {
        let mut previews = self.shared.previews();
        if let Some(slot) = previews.slots.get_mut(usize::from(channel)) {
            *slot = None;
        }
        if let Some((running, cancel)) = &previews.running
            && (running.channel, running.span) != (channel, span)
            && !running.settled
        {
            cancel.cancel();
        }
    }

    fn offer_previews(&mut self) {
        let behind = self.shared.cut_ms.load(Ordering::Relaxed)
            > self.shared.recognised_ms.load(Ordering::Relaxed);
        let cost = Duration::from_millis(self.shared.preview_cost_ms.load(Ordering::Relaxed));
        for (ear, channel) in self.ears.iter_mut().zip(&self.shared.channels) {
            let Some(running) = ear.listener.running() else {
                ear.offered = None;
                continue;
            };
            let anew = running.settled && ear.offered != Some(running.span);
            let due = !behind
                && !running.settled
                && running.span.duration_ms() >= PREVIEW_LEAST_MS
                && ear.previewed_at.elapsed() >= PREVIEW_EVERY.max(cost * 3);
            if !anew && !due {
                continue;
            }
            ear.previewed_at = Instant::now();
            ear.offered = running.settled.then_some(running.span);
            let preview = Preview {
                channel: channel.index,
                span: running.span,
                settled: running.settled,
            };
            let mut previews = self.shared.previews();
            if let Some((at_work, cancel)) = &previews.running
                && preview.settled
                && !at_work.settled
            {
                cancel.cancel();
            }
            if let Some(slot) = previews.slots.get_mut(usize::from(channel.index)) {
                *slot = Some(preview);
            }
            drop(previews);
            let _ = self.wake.try_send(());
        }
    }

    /// Looks what comes out of each channel for itself: one that is well does not speak for another.
    fn watch_health(&mut self) -> Result<(), Error> {
        let mut troubles = Vec::new();
        for ear in &mut self.ears {
            let texts = self.shared.texts_on(ear.channel);
            let texts = texts.map_or(0, |texts| texts.load(Ordering::Relaxed));
            let (voiced, noise) = (ear.listener.voiced(), ear.listener.hears_only_noise());
            if let Some(trouble) = ear.health.look(texts, voiced, noise) {
                troubles.push((ear.channel, trouble));
            }
        }
        for (channel, trouble) in troubles {
            self.alarm(channel, trouble)?;
        }
        Ok(())
    }

    /// Tells of one channel's trouble and writes it into the record.
    fn alarm(&mut self, channel: u16, trouble: Trouble) -> Result<(), Error> {
        let mut text = trouble.what();
        if self.ears.len() > 1 {
            text = format!("channel {}: {text}", channel.saturating_add(1));
        }
        let at = self.shared.reached();
        let entry = NewEvent {
            kind: EventKind::Alarm,
            label: text.clone(),
            channel: Some(channel),
            start: at,
            end: Some(at),
            closes: None,
            journal: None,
            at: jiff::Timestamp::now().to_string(),
        };
        self.shared.tell(LiveEvent::Alarm {
            channel: Some(channel),
            text,
            help: trouble.help(),
            ends: false,
        });
        match self.store.add_event(&self.shared.id, &entry) {
            // Told it is; a database that is busy for long takes no text away.
            Err(store::Error::Busy) => {}
            added => drop(added?),
        }
        self.shared.tell(LiveEvent::Entries);
        Ok(())
    }
}

/// The row of a cut from one of the channels whose sound lies in a folder.
pub(super) fn new_segment(
    (folder, all): (&Path, &[Channel]),
    channel: &Channel,
    cut: Cut,
) -> NewSegment {
    let beside = heard_beside(folder, all, channel.index, cut.span);
    NewSegment {
        channel: channel.index,
        speaker: channel.speaker.clone(),
        span: cut.span,
        lang: channel.languages.first().copied().unwrap_or(Lang::En),
        flags: cut
            .cut_without_pause
            .then(|| Flag::new(FlagKind::CutWithoutPause))
            .into_iter()
            .chain(beside)
            .collect(),
    }
}

/// A token for a preview that is about to be worked on.
pub(super) fn take_preview(shared: &Shared) -> Option<(Preview, Cancel)> {
    let mut previews = shared.previews();
    let waiting = previews.slots.iter_mut();
    let slot = waiting
        .filter(|s| s.is_some())
        .min_by_key(|s| s.is_none_or(|p| !p.settled))?;
    let preview = slot.take()?;
    let cancel = Cancel::new();
    previews.running = Some((preview, cancel.clone()));
    Some((preview, cancel))
}
