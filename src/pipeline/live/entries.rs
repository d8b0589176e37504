//! What the recorders' notices are in the record, and which of them a person must hear of at once.

use std::path::Path;

use crate::audio::{self, Entry, Notice, Part, Series, Stop};
use crate::domain::{AudioFile, EventKind, InterviewId, SAMPLE_RATE, SamplePos, Span};
use crate::store::{NewAudio, NewEvent, Store};

use super::Error;

/// Silence at the start of a later microphone that is worth an entry: 50 ms. Less is the time between
/// two answers of the system.
const LATE: u64 = 800;
/// Microphones that end within two seconds ended together.
const AT_ONCE: u64 = 2 * SAMPLE_RATE as u64;
/// Bits of an entry's number below those that tell the microphone: no session writes so many.
const NUMBER_BITS: u32 = 40;

/// Which microphone a notice comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct From {
    pub series: Series,
    /// The session has more than one.
    pub several: bool,
    /// From here on no microphone before it runs: what concerns them all is told by it.
    pub leads_from: SamplePos,
}

/// Where each microphone of a session ended, as far as they have.
#[derive(Debug)]
pub(super) struct Ends(Vec<Option<SamplePos>>);

impl Ends {
    /// Of so many that all run.
    pub(super) fn of(microphones: usize) -> Self {
        Self(vec![None; microphones])
    }

    pub(super) fn set(&mut self, series: Series, at: SamplePos) {
        if let Some(end) = self.0.get_mut(usize::from(series.device)) {
            *end = Some(at);
        }
    }

    /// From where on none before this one runs.
    pub(super) fn leads_from(&self, series: Series) -> SamplePos {
        let before = self.0.iter().take(usize::from(series.device));
        let ends = before.map(|end| end.unwrap_or(SamplePos(u64::MAX)));
        ends.max().unwrap_or_default()
    }
}

impl From {
    /// The channel that an entry about the whole microphone stands at; none where there is only one.
    pub(super) fn channel(self) -> Option<u16> {
        self.several.then_some(self.series.first_channel)
    }

    /// Whether a notice is for it to tell: what concerns all microphones is told once, by the first one
    /// that runs then, though each has it in its journal.
    fn tells(self, notice: &Notice) -> bool {
        let at = match notice {
            Notice::Paused { at, .. } | Notice::DiskLow { at, .. } => *at,
            Notice::Slept { span, .. } => span.start,
            // Told by the one before as well, which resumes when it ends: at the end of a session they
            // all do. A pause that went on without it has its true end by this one.
            Notice::Resumed { span } if span.end.0 < self.leads_from.0.saturating_add(AT_ONCE) => {
                span.start
            }
            _ => return true,
        };
        at >= self.leads_from
    }

    /// An entry's number among those of all microphones.
    fn journal(self, number: u64) -> u64 {
        (u64::from(self.series.device) << NUMBER_BITS).saturating_add(number)
    }

    /// As people call it.
    fn name(self) -> String {
        if self.several {
            format!("microphone {}", self.series.number())
        } else {
            "the microphone".into()
        }
    }
}

/// Writes one entry of the journal into the record. True where it made an entry that people see.
pub(super) fn record_entry(
    store: &mut Store,
    (id, folder): (&InterviewId, &Path),
    from: From,
    entry: &Entry,
) -> Result<bool, Error> {
    if let Notice::PartClosed { part } = &entry.notice {
        add_part(store, id, folder, part)?;
        return Ok(false);
    }
    let Some(mut event) = event_of(&entry.notice, from) else {
        return Ok(false);
    };
    event.journal = Some(from.journal(entry.number));
    event.at.clone_from(&entry.wall);
    Ok(store.add_event(id, &event)?.is_some())
}

/// The stable word for how a session ended, of what is known so far and how one more microphone did:
/// the worse of the two.
pub(super) fn worse(known: Option<&'static str>, why: &Stop) -> &'static str {
    const ALL: [&str; 4] = ["disk-failed", "disk-full", "asked", "source-ended"];
    let word = match why {
        Stop::Asked => "asked",
        Stop::SourceEnded => "source-ended",
        Stop::DiskFull => "disk-full",
        Stop::DiskFailed(_) => "disk-failed",
    };
    let worst = ALL.into_iter().find(|w| *w == word || Some(*w) == known);
    worst.unwrap_or(word)
}

/// A complete part with its hash, unless it is in the record already.
pub(super) fn add_part(
    store: &mut Store,
    id: &InterviewId,
    folder: &Path,
    part: &Part,
) -> Result<(), Error> {
    if store
        .interview(id)?
        .audio
        .iter()
        .any(|a| a.path == part.name)
    {
        return Ok(());
    }
    Ok(store.add_audio(id, &audio_of(folder, part)?)?)
}

/// Reads a complete part for its hash.
pub(super) fn audio_of(folder: &Path, part: &Part) -> Result<NewAudio, Error> {
    let (sha256, bytes) = audio::hash_file(&folder.join(&part.name))?;
    Ok(NewAudio {
        file: AudioFile {
            path: part.name.clone(),
            sha256,
            sample_rate: part.rate,
            channels: part.channels,
            original_name: part.name.clone(),
        },
        bytes,
    })
}

/// That the end of a microphone's sound was found and cannot be joined to what comes before it.
pub(super) fn apart(from: From, at: SamplePos) -> NewEvent {
    found(
        from,
        at,
        "the last seconds could not be joined to the sound; they lie beside it".to_owned(),
    )
}

/// That a part of the sound lies there and cannot be read: it and what follows are missing.
pub(super) fn unread(from: From, at: SamplePos, name: &str) -> NewEvent {
    let label = format!(
        "a part of the sound cannot be read; it and what follows are left as they are: {name}"
    );
    found(from, at, label)
}

/// That the head of a part of the sound is damaged, and what it holds was read without it.
pub(super) fn headless(from: From, at: SamplePos, name: &str) -> NewEvent {
    let label = format!(
        "the head of a part of the sound is damaged; its sound was read all the same: {name}"
    );
    found(from, at, label)
}

/// What was found when a session was completed, at the end of a microphone's sound.
fn found(from: From, at: SamplePos, label: String) -> NewEvent {
    NewEvent {
        kind: EventKind::Alarm,
        label,
        channel: from.channel(),
        start: at,
        end: Some(at),
        closes: None,
        journal: None,
        at: jiff::Timestamp::now().to_string(),
    }
}

/// What a notice is in the record.
fn event_of(notice: &Notice, from: From) -> Option<NewEvent> {
    let entry = |kind, label: &str, start: SamplePos, end: Option<SamplePos>| NewEvent {
        kind,
        label: label.to_owned(),
        channel: from.channel(),
        start,
        end,
        closes: None,
        journal: None,
        at: String::new(),
    };
    let closing = |kind, span: Span| NewEvent {
        closes: Some(kind),
        ..entry(kind, "", span.start, Some(span.end))
    };
    // At no channel: it concerns them all.
    let all = |event: NewEvent| NewEvent {
        channel: None,
        ..event
    };
    let alarm = |label: &str, at: SamplePos, channel: u16| NewEvent {
        channel: Some(from.series.channel(channel)),
        ..entry(EventKind::Alarm, label, at, Some(at))
    };
    Some(match notice {
        of_all if !from.tells(of_all) => return None,
        Notice::Began { silence, .. } if from.series.device > 0 => {
            if silence.0 < LATE {
                return None;
            }
            let label = "this microphone was not heard yet";
            entry(EventKind::Gap, label, SamplePos(0), Some(*silence))
        }
        Notice::Began { pre_roll, .. } if pre_roll.0 > 0 => entry(
            EventKind::PreRoll,
            "heard before the start",
            SamplePos(0),
            Some(*pre_roll),
        ),
        Notice::Lost { span } => entry(
            EventKind::Gap,
            "the computer was too slow",
            span.start,
            Some(span.end),
        ),
        Notice::Gone { at, why } => entry(EventKind::Gap, why, *at, None),
        Notice::Back { span, .. } | Notice::StayedAway { span } => closing(EventKind::Gap, *span),
        Notice::Refused { at, .. } => entry(
            EventKind::Alarm,
            "it is plugged in again and cannot be used",
            *at,
            Some(*at),
        ),
        Notice::Other { at, .. } => entry(
            EventKind::Alarm,
            "another microphone is in its place; nothing of it is recorded",
            *at,
            Some(*at),
        ),
        Notice::Slept { span, seconds } => all(entry(
            EventKind::Gap,
            &format!("the computer slept for {seconds} s"),
            span.start,
            Some(span.end),
        )),
        Notice::Stalled { at, seconds } => entry(
            EventKind::Alarm,
            &format!("the disk took nothing for {seconds} s"),
            *at,
            Some(*at),
        ),
        Notice::Paused { at, reason } => all(entry(EventKind::Pause, reason, *at, None)),
        Notice::Resumed { span } => all(closing(EventKind::Pause, *span)),
        // One recorder is told of it, and it concerns them all.
        Notice::Marked { at, words } => all(entry(EventKind::Marker, words, *at, Some(*at))),
        Notice::Clipping { at, channel } => alarm("too loud: clipped", *at, *channel),
        Notice::Silent { at, channel } => alarm("no sound at all for 10 s", *at, *channel),
        Notice::SoundAgain { at, channel } => alarm("sound again", *at, *channel),
        Notice::DiskLow { at, minutes } => all(entry(
            EventKind::Alarm,
            &format!("room on the disk for {minutes} minutes more"),
            *at,
            Some(*at),
        )),
        Notice::Unlinked { at, .. } => all(entry(
            EventKind::Alarm,
            "the chain of the sound could not be written",
            *at,
            Some(*at),
        )),
        Notice::Exposed { at, .. } => entry(
            EventKind::Alarm,
            "the last seconds could not be kept against a crash",
            *at,
            Some(*at),
        ),
        Notice::Stopped { at, why } => match why {
            Stop::Asked | Stop::SourceEnded => return None,
            Stop::DiskFull => entry(
                EventKind::Alarm,
                "stopped: the disk is full",
                *at,
                Some(*at),
            ),
            Stop::DiskFailed(_) => {
                entry(EventKind::Alarm, "stopped: the disk failed", *at, Some(*at))
            }
        },
        Notice::Began { .. } | Notice::PartClosed { .. } => return None,
    })
}

/// The channel of the session that a notice is about, where it is about one.
pub(super) fn channel_of(notice: &Notice, from: From) -> Option<u16> {
    match notice {
        Notice::Clipping { channel, .. }
        | Notice::Silent { channel, .. }
        | Notice::SoundAgain { channel, .. } => Some(from.series.channel(*channel)),
        _ => None,
    }
}

/// What a person must know of a notice at once, with the next step.
pub(super) fn alarm_of(notice: &Notice, from: From) -> Option<(String, &'static str)> {
    let channel = |c: &u16| from.series.channel(*c).saturating_add(1);
    let who = from.name();
    Some(match notice {
        of_all if !from.tells(of_all) => return None,
        Notice::Lost { span } => (
            format!(
                "{} ms of sound of {who} were lost and replaced by silence",
                // A frame or two are a loss as well.
                span.samples()
                    .div_ceil(u64::from(SAMPLE_RATE / 1000))
                    .max(1)
            ),
            "Close other programs; the recorder needs the computer.",
        ),
        Notice::Gone { why, .. } => (
            format!("{who} is gone: {why}"),
            "Plug the same one in again; it goes on by itself. No other one is taken.",
        ),
        Notice::Back { span, rate } => (
            format!(
                "{who} is back at {rate} Hz; {} ms are missing",
                span.duration_ms()
            ),
            match *rate < SAMPLE_RATE {
                false => "Repeat what was said meanwhile, for the record.",
                true => {
                    "Repeat what was said meanwhile. It sounds like a telephone now, and more words will be misheard: use its cable if it has one."
                }
            },
        ),
        Notice::Refused { why, .. } => (
            format!("{who} is plugged in again and cannot be used: {why}"),
            "Close other programs that use it, and see that this program may listen to it. It goes on by itself.",
        ),
        Notice::Other { missing, found, .. } => (
            format!(
                "{who} is still gone; another one is in its place: {found} instead of {missing}"
            ),
            "Plug the right one in where it was; it goes on by itself. Nothing of the other one is recorded.",
        ),
        Notice::Slept { seconds, .. } => (
            format!("the computer slept for {seconds} s; nothing was heard meanwhile"),
            "Repeat what was said meanwhile, for the record. Leave the computer open and awake.",
        ),
        Notice::Stalled { seconds, .. } => (
            format!("the disk took nothing for {seconds} s and takes the sound again"),
            "The record says whether sound was lost. Look after the disk before the next recording.",
        ),
        Notice::Clipping { channel: c, .. } => (
            format!("channel {} is too loud", channel(c)),
            "Turn its level down or move the microphone away.",
        ),
        Notice::Silent { channel: c, .. } => (
            format!(
                "channel {} has delivered no sound at all for 10 s",
                channel(c)
            ),
            "See whether the microphone is muted or its cable loose.",
        ),
        Notice::SoundAgain { channel: c, .. } => (
            format!("channel {} delivers sound again", channel(c)),
            "Repeat what was said meanwhile, for the record.",
        ),
        Notice::DiskLow { minutes, .. } => (
            format!("the disk has room for {minutes} minutes more"),
            "Free some room now, or end the session in time.",
        ),
        Notice::Unlinked { why, .. } => (
            format!("the proof of the sound cannot be written: {why}"),
            "The sound is kept, and its proof is made at the end. Look after the disk.",
        ),
        Notice::Exposed { why, .. } => (
            format!("the last seconds cannot be kept against a crash: {why}"),
            "The recording goes on; a crash would cost up to four seconds. Look after the disk.",
        ),
        Notice::Stopped {
            why: Stop::DiskFull,
            ..
        } => (
            "the recording stopped: the disk is full".into(),
            "What was recorded is kept. Free some room, run 'mekong resume', then start a new session.",
        ),
        Notice::Stopped {
            why: Stop::DiskFailed(what),
            ..
        } => (
            format!("the recording stopped: {what}"),
            "Go on with another recorder at once. Copy the folder to another disk, then run 'mekong resume'.",
        ),
        _ => return None,
    })
}

/// Longest reason or marker, in bytes.
const MAX_LABEL: usize = 2000;

/// A reason or marker as it is stored.
pub(super) fn label(text: &str) -> String {
    let mut text = text.trim().to_owned();
    if text.len() > MAX_LABEL {
        let end = (0..=MAX_LABEL).rfind(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or(0));
    }
    text
}
