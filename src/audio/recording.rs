//! What the recorder's thread does, step by step: listen, meter, write, watch the disk and the source.
//! Whatever fails is told once and loudly; a disk that fails ends the session, a source does not.

mod asked;
mod away;
mod missing;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use super::asking::{Asked, Asking};
use super::beginning::{Beginning, Kept};
use super::capture::{AudioSource, Clock, Delivery, OpenSource, SourceFormat};
use super::disk::Disk;
use super::lag::{Hidden, LagWatch};
use super::meter::{Fault, Meters, Watch};
use super::notice::{Entry, Notice, Part, Stop};
use super::recorder::{RecorderPlan, RecorderProgress};
use super::room::Room;
use super::series::Series;
use super::sound_chain::SharedChain;
use super::tape::Tape;
use super::{Error, MAX_RATE, MIN_RATE};
use crate::domain::{SAMPLE_RATE, SamplePos};

/// A disk that takes nothing for so long is told of when it goes on.
const STALLED: Duration = Duration::from_secs(5);

/// Samples beyond the moment at which a recording ends that may be in its last block.
const SLACK: u64 = SAMPLE_RATE as u64 / 5;

/// One armed or running session.
pub(super) struct Recording {
    open: OpenSource,
    source: Option<Box<dyn AudioSource>>,
    format: SourceFormat,
    channels: u16,
    disk: Arc<dyn Disk>,
    clock: Clock,
    slept: Clock,
    /// What the clock of sleep showed last.
    slept_so_far: Duration,
    part: Duration,
    series: Series,
    chain: SharedChain,
    meters: Arc<Meters>,
    watches: Vec<Watch>,
    progress: Arc<RecorderProgress>,
    outbox: Sender<Entry>,
    asking: Asking,
    buffer: Vec<i16>,
    kept: Kept,
    tape: Option<Tape>,
    folder: PathBuf,
    paused_at: Option<SamplePos>,
    /// Orders whose moment was not reached yet, the oldest first.
    asked: VecDeque<Asked>,
    /// When the last sound came, by the clock.
    heard_at: Duration,
    gone_at: Option<SamplePos>,
    /// The microphone in its place that was told of.
    other: Option<String>,
    /// Why the same one could not be used, as it was told.
    refused_for: Option<String>,
    /// Opened, and nothing heard of it yet.
    fresh: bool,
    tried_at: Duration,
    room: Room,
    /// Bytes a second of the session's other microphones.
    beside: u64,
    lag: LagWatch,
    hidden: Hidden,
    /// When the disk last had everything, by the clock.
    synced_at: Duration,
    ended: bool,
}

impl Recording {
    pub(super) fn arm(
        mut plan: RecorderPlan,
        progress: Arc<RecorderProgress>,
        outbox: Sender<Entry>,
        asking: Asking,
    ) -> Result<Self, Error> {
        let source = (plan.open)()?;
        let format = source.format();
        usable(format, plan.channels)?;
        let now = (plan.clock)();
        Ok(Self {
            open: plan.open,
            source: Some(source),
            format,
            channels: plan.channels,
            disk: plan.disk,
            slept_so_far: (plan.slept)(),
            slept: plan.slept,
            clock: plan.clock,
            part: plan.part,
            series: plan.series,
            chain: plan.chain,
            meters: Arc::new(Meters::new(plan.channels)),
            watches: Watch::all(plan.channels, format.rate),
            progress,
            outbox,
            asking,
            buffer: Vec::new(),
            kept: Kept::default(),
            tape: None,
            folder: PathBuf::new(),
            paused_at: None,
            asked: VecDeque::new(),
            heard_at: now,
            gone_at: None,
            other: None,
            refused_for: None,
            fresh: true,
            tried_at: now,
            room: Room::default(),
            beside: 0,
            lag: LagWatch::default(),
            hidden: Hidden::default(),
            synced_at: now,
            ended: false,
        })
    }

    pub(super) fn format(&self) -> SourceFormat {
        self.format
    }

    #[cfg(test)]
    pub(super) fn progress(&self) -> Arc<RecorderProgress> {
        self.progress.clone()
    }

    pub(super) fn meters(&self) -> Arc<Meters> {
        self.meters.clone()
    }

    /// Whether the source that is open was heard yet, or has shown itself gone.
    pub(super) fn is_settled(&self) -> bool {
        !self.fresh || self.source.is_none()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.ended
    }

    /// The last seconds that were heard, interleaved, while nothing is written yet, and their form.
    pub(super) fn kept(&self) -> (Vec<i16>, SourceFormat) {
        (self.kept.copy(self.format), self.format)
    }

    /// Begins to write, with the sound of the last two seconds in front. Returns the session's start.
    pub(super) fn begin(&mut self, how: Beginning) -> Result<Duration, Error> {
        let folder = how.folder;
        if self.tape.is_some() || folder.join(self.series.part(1)).exists() {
            return Err(Error::RecordingThere { path: folder });
        }
        self.beside = how.beside;
        Room::require(&*self.disk, &folder, how.planned, self.bytes_a_second())?;
        let mut tape = Tape::begin(
            self.disk.clone(),
            self.clock.clone(),
            (&folder, self.series),
            self.format,
            self.channels,
            self.part,
            self.chain.clone(),
        )?;
        if self.source.as_mut().is_some_and(|s| s.begin()) || self.gone_at.is_some() {
            self.kept.clear();
            self.heard_at = (self.clock)();
        }
        self.watches = Watch::all(self.channels, self.format.rate);
        let moments = (how.zero, how.pressed, self.heard_at);
        let (first, before) = self.kept.begin(moments, self.format);
        let mut closed = Vec::new();
        tape.silence(first.silence, &mut closed)?;
        let silence = tape.position();
        tape.write(&before, &mut closed)?;
        self.progress.set_derived(tape.derived());
        let at = tape.position();
        // What was heard between the press and now belongs to the session itself.
        let pressed = how
            .pressed
            .map(|pressed| pressed.saturating_sub(first.zero));
        let pre_roll = pressed.map_or(at, |before| at.min(SamplePos::from_ms(millis(before))));
        self.folder = folder;
        self.lag = LagWatch::since(first.zero);
        self.tape = Some(tape);
        self.synced_at = (self.clock)();
        self.progress.set_writing(true);
        self.tell(Notice::Began { pre_roll, silence });
        if self.gone_at.is_some() {
            // Gone before the start: silence counts from here.
            self.gone_at = Some(at);
            let why = "it was not there when the session began".into();
            self.tell(Notice::Gone { at, why });
        }
        closed.into_iter().for_each(|part| self.tell_part(part));
        Ok(first.zero)
    }

    pub(super) fn stop(&mut self) {
        // What the source heard up to now still belongs to the session. What comes while that is written does
        // not: a source that is faster than the disk would never be done.
        let now = self.lag.latest((self.clock)()).max(self.position());
        let most = now.0.saturating_add(SLACK);
        while !self.ended && self.position().0 < most && self.take_once() {}
        self.end(Stop::Asked);
    }

    /// One round. True where there was sound, so that there may be more.
    pub(super) fn listen(&mut self) -> bool {
        self.look_for_sleep();
        let heard = self.take_once();
        if self.ended {
            return false;
        }
        if !heard {
            self.obey_late();
            self.watch_source();
        }
        self.fill_while_gone();
        self.look_at_disk();
        self.look_at_chain();
        self.keep();
        heard
    }

    /// Once a second: onto the disk itself.
    fn keep(&mut self) {
        match self.tape.as_mut().map(Tape::keep) {
            Some(Ok(true)) => {
                self.progress.add_sync();
                let now = (self.clock)();
                let since = now.saturating_sub(std::mem::replace(&mut self.synced_at, now));
                if since >= STALLED {
                    let (at, seconds) = (self.position(), since.as_secs());
                    self.tell(Notice::Stalled { at, seconds });
                }
            }
            Some(Err(e)) => self.fail(&e),
            Some(Ok(false)) | None => {}
        }
    }

    fn take_once(&mut self) -> bool {
        let Some(source) = &mut self.source else {
            return false;
        };
        self.buffer.clear();
        match source.take(&mut self.buffer) {
            Delivery::Sound => {
                if let Some(from) = self.gone_at.take() {
                    let format = source.format();
                    self.back(from, format);
                }
                self.heard_at = (self.clock)();
                self.fresh = false;
                self.meter();
                self.keep_sound();
                if self.tape.is_some()
                    && let Some(stretch) = self.lag.look(self.heard_at, self.position())
                {
                    self.look_at_stretch(stretch);
                }
                true
            }
            Delivery::Lost(frames) => {
                // While it was gone the clock has counted what is missing.
                if self.gone_at.is_none() {
                    self.heard_at = (self.clock)();
                    self.lost(frames);
                }
                true
            }
            Delivery::Nothing => {
                self.lag.emptied();
                false
            }
            Delivery::Ended => {
                self.source = None;
                self.end(Stop::SourceEnded);
                false
            }
            Delivery::Gone(why) => {
                self.gone(why);
                false
            }
        }
    }

    fn meter(&mut self) {
        let at = self.position();
        let mut found = Vec::new();
        for (channel, watch) in (0..).zip(&mut self.watches) {
            let fault = watch.look(&self.meters, &self.buffer, channel, self.format.channels);
            found.extend(fault.map(|f| (f, channel)));
        }
        for (fault, channel) in found {
            self.tell(match fault {
                Fault::Clipping => Notice::Clipping { at, channel },
                Fault::Silent => Notice::Silent { at, channel },
                Fault::SoundAgain => Notice::SoundAgain { at, channel },
            });
        }
    }

    fn keep_sound(&mut self) {
        let mut buffer = std::mem::take(&mut self.buffer);
        if self.tape.is_none() {
            self.kept.push(&buffer, self.format);
        } else {
            self.write_heard(&mut buffer);
        }
        self.buffer = buffer;
    }

    fn write(&mut self, block: &[i16]) {
        let mut closed = Vec::new();
        let written = match &mut self.tape {
            Some(tape) => tape.write(block, &mut closed),
            None => Ok(()),
        };
        self.written(written, closed);
    }

    fn write_silence(&mut self, frames: u64) {
        let mut closed = Vec::new();
        let written = match &mut self.tape {
            Some(tape) => tape.silence(frames, &mut closed),
            None => Ok(()),
        };
        self.written(written, closed);
    }

    fn written(&mut self, result: Result<(), Error>, closed: Vec<Part>) {
        if let Some(tape) = &self.tape {
            self.progress.set_derived(tape.derived());
        }
        closed.into_iter().for_each(|part| self.tell_part(part));
        if let Err(e) = result {
            self.fail(&e);
        }
    }

    fn look_at_disk(&mut self) {
        if self.tape.is_none() {
            return;
        }
        let now = (self.clock)();
        let second = self.bytes_a_second();
        if let Some(minutes) = self.room.look(&*self.disk, &self.folder, now, second) {
            let at = self.position();
            self.tell(Notice::DiskLow { at, minutes });
        }
    }

    fn bytes_a_second(&self) -> u64 {
        let own = Tape::bytes_a_second(self.format, self.channels);
        own.saturating_add(self.beside)
    }

    /// A fault in what is kept beside the sound is told, and the sound goes on.
    fn look_at_chain(&mut self) {
        if let Some(why) = self.tape.as_mut().and_then(Tape::tail_fault) {
            let at = self.position();
            self.tell(Notice::Exposed { at, why });
        }
        if let Some(why) = self.tape.as_mut().and_then(Tape::chain_fault) {
            let at = self.position();
            self.tell(Notice::Unlinked { at, why });
        }
    }

    fn position(&self) -> SamplePos {
        self.tape.as_ref().map_or(SamplePos(0), Tape::position)
    }

    fn tell_part(&mut self, part: Part) {
        self.tell(Notice::PartClosed { part });
    }

    /// Into the journal first, then to whoever listens; what the journal refuses stands nowhere else and is
    /// told all the same.
    fn tell(&mut self, notice: Notice) {
        let Some(tape) = &mut self.tape else { return };
        let (entry, noted) = tape.note_or_not(notice);
        let _ = self.outbox.send(entry); // nobody may listen any more
        if let Err(e) = noted {
            self.fail(&e);
        }
    }

    fn end(&mut self, why: Stop) {
        if self.ended {
            return;
        }
        if why == Stop::Asked {
            self.end_gap();
        }
        self.hear_last();
        self.obey_all();
        self.resume();
        let Some(tape) = &mut self.tape else {
            self.ended = true;
            return;
        };
        match tape.close() {
            Ok(part) => {
                self.written(Ok(()), vec![part]);
                self.look_at_chain();
                self.say_last(why);
            }
            Err(e) => self.fail(&e),
        }
    }

    /// That it has ended is said once the disk has that too: nobody listens to what comes after it.
    fn say_last(&mut self, why: Stop) {
        let at = self.position();
        let Some(tape) = &mut self.tape else { return };
        let noted = tape.note(Notice::Stopped { at, why });
        match noted.and_then(|entry| tape.sync_journal().map(|()| entry)) {
            Ok(entry) => {
                self.ended = true;
                let _ = self.outbox.send(entry); // nobody may listen any more
            }
            Err(e) => self.fail(&e),
        }
    }

    /// The disk is full or fails: the files are closed as they are, and that is final.
    fn fail(&mut self, error: &Error) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let why = match error {
            Error::DiskFull { .. } => Stop::DiskFull,
            other => Stop::DiskFailed(other.to_string()),
        };
        self.hear_last();
        let Some(mut tape) = self.tape.take() else {
            return;
        };
        tape.abandon();
        self.progress.set_derived(tape.derived());
        let at = tape.position();
        // The journal may refuse too; the person is told nevertheless.
        let marks = self.asked.drain(..).filter_map(|asked| asked.mark(at));
        for notice in marks.chain([Notice::Stopped { at, why }]) {
            let _ = self.outbox.send(tape.note_or_not(notice).0);
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // However it ends: nobody asks it any more, or waits for a disk that is not written to.
        drop(self.asking.close());
        self.progress.set_writing(false);
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn usable(format: SourceFormat, channels: u16) -> Result<(), Error> {
    if format.channels < channels {
        return Err(Error::MicrophoneChannels {
            wanted: channels,
            found: format.channels,
        });
    }
    if !(MIN_RATE..=MAX_RATE).contains(&format.rate) {
        return Err(Error::SampleRate {
            rate: format.rate,
            path: PathBuf::from("the microphone"),
        });
    }
    Ok(())
}
