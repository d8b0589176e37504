//! `mekong record`: a live interview in the terminal. Lines go to standard output as they are
//! recognised and translated; meters, alarms and what is being said go to standard error.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::app::App;
use crate::app::live::{
    LineStep, LiveEvent, LiveRequest, LiveSource, LiveStatus, MARKERS, PRE_ROLL, Partials, Session,
};
use crate::app::microphone::MicrophoneTest;
use crate::domain::{Segment, SegmentId};
use crate::text;

use super::args;
use super::import::unfinished;
use super::interrupt::cancel_on_ctrl_c;
use super::live_lines::LiveLines;
use super::print::{Out, clock, count, length, plain, say};
use super::sound_check;
use super::{Failure, tell};

const KEPT: &str = "the recording ends; what is not yet written 'mekong resume' writes.";
/// Between two looks at events.
const PATIENCE: Duration = Duration::from_millis(50);
/// Between two lines of state where standard error is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(15);
/// Letters of what is being said that stand behind the line of state.
const PREVIEW: usize = 40;
/// Longest command that is typed during a session, in bytes.
const MAX_TYPED: u64 = 4096;

pub(super) fn record(app: &App, typed: args::Record, out: &mut Out) -> Result<(), Failure> {
    let request = LiveRequest {
        languages: typed.languages,
        case: typed.case,
        person: typed.of,
        present: typed.present,
        dealt: args::Dealt::shares(&typed.channels),
        channels: args::Dealt::speakers(typed.channels),
        sources: typed
            .device
            .iter()
            .map(|text| LiveSource::typed(text, typed.practice_speed))
            .collect(),
        test: MicrophoneTest::Missing,
        speech_models: typed.speech_models,
        planned: typed
            .planned
            .map(|minutes| minutes.saturating_mul(60))
            .or(typed.seconds)
            .map(Duration::from_secs),
    };
    let mut armed = app.arm(&request)?;
    armed.load_ahead();
    say(&format!("microphone: {}", plain(&armed.source())));
    if armed.follows_system() {
        say(
            "note: this is not one microphone but whatever the system uses now; it may change while it records. 'mekong devices' lists microphones by name.",
        );
    }
    if armed.is_practice() {
        say("note: a file plays in place of a microphone; the interview is marked as practice.");
    }
    for lang in armed.languages_without_model() {
        say(&format!(
            "note: no installed model recognises {}; the sound is recorded, the text waits.",
            lang.name()
        ));
    }
    for (what, next) in armed.remarks().into_iter().chain(armed.unheard()) {
        say(&format!("note: {}", plain(&what)));
        say(&format!("  next: {next}"));
    }
    let cancel = cancel_on_ctrl_c(KEPT);
    let keys = keys();
    if !armed.is_practice() {
        let reason = typed.untested.as_deref();
        let Some(test) = sound_check::check(&armed, reason, &keys, &cancel)? else {
            say("nothing was recorded.");
            return Err(Failure::Told(1));
        };
        if matches!(test, MicrophoneTest::Skipped(_)) {
            // Else nothing would have been heard before the beginning.
            let opened = Instant::now();
            while opened.elapsed() < PRE_ROLL && !cancel.is_cancelled() {
                thread::sleep(PATIENCE);
            }
        }
        armed.tested(&test);
    }
    let lines = LiveLines::new(typed.json, armed.translated());
    let session = armed.start()?;
    say(&format!("recording: {}", session.id()));
    for (what, next) in session.remarks() {
        say(&format!("note: {}", plain(what)));
        say(&format!("  next: {next}"));
    }
    if !session.stays_awake() {
        say(
            "note: this system could not be asked to stay awake; see that it does not go to sleep.",
        );
    }
    say(
        "keys: m WORDS marks, 1-6 marks a usual thing, p REASON pauses, r goes on, q ends (each with Enter)",
    );
    let ends = typed.seconds.map(Duration::from_secs);
    let mut screen = Screen {
        app,
        out,
        lines,
        terminal: io::stderr().is_terminal(),
        drawn: Instant::now(),
        partials: Partials::default(),
        recorded: false,
        whole: true,
        printed: Ok(()),
    };
    let (mut asked, mut by_hand) = (false, false);
    loop {
        let over = ends.is_some_and(|limit| session.begun().elapsed() >= limit);
        if !asked && (cancel.is_cancelled() || over || screen.obey_keys(&session, &keys)) {
            asked = true;
            by_hand = cancel.is_cancelled();
            session.stop();
        }
        if asked && !by_hand && cancel.is_cancelled() {
            // The end was asked for before: now nobody waits for the text either.
            by_hand = true;
            session.give_up_text();
        }
        if !session.awaits_text() {
            break;
        }
        match session.event(PATIENCE) {
            Some(LiveEvent::Ended) => break,
            Some(event) => screen.hear(&session, event),
            None if session.has_ended() => break,
            None => {}
        }
        if session.missed_events() {
            screen.partials.clear();
            screen.reload(&session, false);
        }
        screen.draw(&session);
    }
    screen.reload(&session, true);
    screen.clear();
    let (printed, whole) = (screen.printed, screen.whole);
    let report = session.finish()?;
    // The recording itself has not failed; the words can follow.
    if let Some(left) = unfinished(&report.report) {
        tell(&left);
    }
    say(&format!(
        "recorded: {}  {}",
        report.id,
        length(report.duration_ms)
    ));
    if !whole {
        return Err(Failure::Told(1));
    }
    Ok(printed?)
}

/// What is typed while the session runs, line by line. Ends silently with its input.
fn keys() -> Receiver<String> {
    let (typed, inbox) = sync_channel(8);
    let read = move || {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        loop {
            line.clear();
            let got = Read::by_ref(&mut input)
                .take(MAX_TYPED)
                .read_until(b'\n', &mut line);
            if !matches!(got, Ok(bytes) if bytes > 0) {
                return;
            }
            if typed
                .send(String::from_utf8_lossy(&line).trim().to_owned())
                .is_err()
            {
                return;
            }
        }
    };
    // Without it the session runs as well; it only takes no keys.
    let _ = thread::Builder::new().name("keys".into()).spawn(read);
    inbox
}

struct Screen<'a> {
    app: &'a App,
    out: &'a mut Out,
    lines: LiveLines,
    terminal: bool,
    drawn: Instant,
    partials: Partials,
    recorded: bool,
    /// Neither disk nor program failed the recording.
    whole: bool,
    printed: io::Result<()>,
}

impl Screen<'_> {
    /// True where the person wants the end.
    fn obey_keys(&self, session: &Session, keys: &Receiver<String>) -> bool {
        loop {
            let line = match keys.try_recv() {
                Ok(line) => line,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => return false,
            };
            let (key, rest) = line.split_once(' ').unwrap_or((&line, ""));
            let done = match (key, rest.trim()) {
                ("q", "") => return true,
                ("", "") => Ok(()),
                ("r", "") => session.resume(),
                ("p", "") => {
                    say("a pause needs a reason: p REASON");
                    Ok(())
                }
                ("p", reason) => session.pause(reason),
                ("m", words) if !words.is_empty() => session.mark(words),
                (digit, "") => match digit.parse::<usize>().ok().and_then(|n| n.checked_sub(1)) {
                    Some(n) if n < MARKERS.len() => match MARKERS.get(n) {
                        Some(marker) => session.mark(marker),
                        None => Ok(()),
                    },
                    _ => self.explain(),
                },
                _ => self.explain(),
            };
            if let Err(e) = done {
                say(&format!("mekong: {e}"));
            }
        }
    }

    fn explain(&self) -> Result<(), crate::app::Error> {
        for (n, marker) in (1..).zip(MARKERS) {
            say(&format!("  {n}  {marker}"));
        }
        say("  m WORDS  p REASON  r  q");
        Ok(())
    }

    fn hear(&mut self, session: &Session, event: LiveEvent) {
        self.partials.hear(&event);
        match event {
            LiveEvent::Line { segment, step } => {
                if step != LineStep::Heard {
                    self.show(session, segment);
                }
            }
            LiveEvent::Alarm { text, help, .. } => {
                self.clear();
                say(&format!("ALARM {text}"));
                say(&format!("  next: {help}"));
            }
            LiveEvent::Recorded { duration_ms, whole } => {
                self.clear();
                (self.recorded, self.whole) = (true, whole);
                let safe = if whole {
                    "the sound is safe; the last lines are being written"
                } else {
                    "the sound up to here is kept; 'mekong resume' completes the record"
                };
                say(&format!("{}  {safe}", length(duration_ms)));
            }
            LiveEvent::Partial { .. }
            | LiveEvent::Committed { .. }
            | LiveEvent::Entries
            | LiveEvent::Ended => {}
        }
    }

    /// Everything that was not shown yet, as far as it has come; at the end also what has no words.
    fn reload(&mut self, session: &Session, ended: bool) {
        if let Ok((_, segments)) = self.app.show(&session.id().0) {
            for segment in segments {
                self.print(&segment, ended);
            }
        }
    }

    fn show(&mut self, session: &Session, segment: SegmentId) {
        if let Ok(line) = self.app.line(session.id(), segment) {
            self.print(&line, false);
        }
    }

    /// Prints what is new of a line; of one that no more comes of, `anyway`.
    fn print(&mut self, line: &Segment, anyway: bool) {
        if self.printed.is_err() || !self.lines.has_news(line, anyway) {
            return;
        }
        self.clear();
        self.printed = self.lines.print(line, self.out);
    }

    fn clear(&self) {
        if self.terminal {
            // Back to the start of the line, and the rest of it away.
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }

    fn draw(&mut self, session: &Session) {
        let every = if self.terminal {
            Duration::from_millis(200)
        } else {
            BETWEEN_LINES
        };
        if self.recorded || self.drawn.elapsed() < every {
            return;
        }
        self.drawn = Instant::now();
        let levels: Vec<f32> = session.levels().iter().map(|l| l.peak_db).collect();
        let line = state_line(&session.status(), &levels);
        if self.terminal {
            let faint = previews(&self.partials, levels.len());
            let _ = write!(io::stderr(), "\r\x1b[K{line}  {faint}");
            let _ = io::stderr().flush();
        } else {
            say(&line);
        }
    }
}

/// What is being said on each of so many channels: slanted, and faint where it may still change.
fn previews(partials: &Partials, channels: usize) -> String {
    let room = PREVIEW / partials.shown().count().max(1);
    let one = |(channel, steady, rest): (u16, &str, &str)| {
        let number = match channels {
            0 | 1 => String::new(),
            _ => format!("{} ", channel.saturating_add(1)),
        };
        let letters = text::graphemes(steady);
        let left = room.saturating_sub(letters.len());
        let steady: String = letters.into_iter().take(room).collect();
        let rest: String = text::graphemes(rest).into_iter().take(left).collect();
        format!(
            "{number}\x1b[3m{}\x1b[2m{}\x1b[0m",
            plain(&steady),
            plain(&rest)
        )
    };
    let all: Vec<String> = partials.shown().map(one).collect();
    all.join("  ")
}

fn state_line(status: &LiveStatus, levels: &[f32]) -> String {
    let meters: Vec<String> = levels.iter().map(|db| meter(*db)).collect();
    let mut line = format!("{}  {}", clock(status.recorded_ms), meters.join(" "));
    if status.paused {
        line.push_str("  PAUSED");
    }
    line.push_str(&format!(
        "  text {:.1} s behind",
        status.lag_ms as f64 / 1000.0
    ));
    if status.lost_frames > 0 {
        line.push_str(&format!("  {} lost", count(status.lost_frames, "frame")));
    }
    if let Some(minutes) = status.disk_minutes.filter(|m| *m < 120) {
        line.push_str(&format!("  disk for {minutes} min"));
    }
    line
}

/// `[#####     ]` from -60 decibels to full scale, with the figure: no colour tells alone.
fn meter(db: f32) -> String {
    let filled = ((db + 60.0) / 6.0).clamp(0.0, 10.0) as usize;
    format!("[{:<10}] {db:>4.0} dB", "#".repeat(filled))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{SamplePos, Span};

    #[test]
    fn what_is_said_on_each_channel_stands_beside_the_others_and_what_is_steady_is_not_faint() {
        let mut partials = Partials::default();
        let mut say = |channel, text: &str| {
            partials.hear(&LiveEvent::Partial {
                channel,
                span: Span::new(SamplePos(0), SamplePos(16_000)),
                text: text.into(),
            });
        };
        say(0, "你有权");
        say(1, "ខ្ញុំ");
        say(1, "ខ្ញុំជា");
        let slant = |steady: &str, rest: &str| format!("\x1b[3m{steady}\x1b[2m{rest}\x1b[0m");
        let (first, second) = (slant("", "你有权"), slant("ខ្ញុំ", "ជា"));
        assert_eq!(previews(&partials, 2), format!("1 {first}  2 {second}"));
        let mut alone = Partials::default();
        alone.hear(&LiveEvent::Partial {
            channel: 0,
            span: Span::new(SamplePos(0), SamplePos(16_000)),
            text: "ก".repeat(PREVIEW + 1),
        });
        let cut = slant("", &"ก".repeat(PREVIEW));
        assert_eq!(previews(&alone, 1), cut);
    }

    #[test]
    fn the_state_shows_levels_lag_and_what_is_wrong() {
        let status = LiveStatus {
            recorded_ms: 61_500,
            lag_ms: 1_200,
            lost_frames: 480,
            disk_minutes: Some(9),
            paused: true,
        };
        assert_eq!(
            state_line(&status, &[-6.0, -96.0]),
            "00:01:01.5  [#########]   -6 dB [          ]  -96 dB  PAUSED  text 1.2 s behind  480 frames lost  disk for 9 min"
                .replace("[#########]", "[######### ]")
        );
    }
}
