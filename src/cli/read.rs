//! Verbs over what is stored: list, show, history, search, edit.

use std::io::{self, IsTerminal as _, Write};

use serde::Serialize;
use serde_json::{Value, json};

use crate::app::{self, App};
use crate::domain::{
    Interpreted, Interview, InterviewId, InterviewSummary, Lang, Segment, SessionEvent, Status,
    Translation,
};
use crate::export;
use crate::store::TextVersion;

use super::Failure;
use super::args;
use super::evidence::sit_down;
use super::print::{
    Look, Out, PRACTICE_NOTE, clock, codes, count, doubts, length, plain, practice, say,
};

pub(super) fn list(app: &App, typed: &args::List, out: &mut Out) -> Result<(), Failure> {
    let interviews = app.list(typed.case.as_deref())?;
    if typed.form.json {
        return Ok(out.json(&interviews)?);
    }
    if interviews.is_empty() {
        let place = app.workspace().root().display();
        match &typed.case {
            Some(case) => say(&format!(
                "No interviews of the case '{case}'; 'mekong list' shows those of all cases. {place}"
            )),
            None => say(&format!("No interviews in {place}")),
        }
    }
    let open = app.open_sessions()?;
    for interview in &interviews {
        print_summary(interview, open.contains(&interview.id), out)?;
    }
    for import in app.interrupted_imports() {
        let id = import.id.map_or_else(|| "unknown".to_owned(), |id| id.0);
        let what = out.paint(Look::Warning, "import interrupted");
        writeln!(
            out,
            "{}  {what}, 'mekong resume' finishes it  {}",
            out.paint(Look::Strong, &id),
            plain(&import.original_name)
        )?;
    }
    Ok(())
}

fn print_summary(i: &InterviewSummary, in_progress: bool, out: &mut Out) -> io::Result<()> {
    let id = out.paint(Look::Strong, &i.id.0);
    let (codes, length) = (codes(&i.languages), length(i.duration_ms));
    let when = out.paint(Look::Faint, &i.started);
    write!(
        out,
        "{id}  {when}  {length}  {codes:<10}  {}",
        count(i.segments, "line")
    )?;
    for (count, what) in [(i.pending, "pending"), (i.flagged, "flagged")] {
        if count > 0 {
            let text = out.paint(Look::Warning, &format!("{count} {what}"));
            write!(out, ", {text}")?;
        }
    }
    if in_progress {
        let text = out.paint(Look::Strong, "in progress");
        write!(out, ", {text}")?;
    }
    // Last on the line: names may be of any width on the screen.
    let original = out.paint(Look::Faint, &i.original);
    match &i.case {
        Some(case) => writeln!(out, "  {original}  case {}", plain(case)),
        None => writeln!(out, "  {original}"),
    }
}

pub(super) fn show(app: &App, typed: &args::Show, out: &mut Out) -> Result<(), Failure> {
    let (interview, segments) = app.show(&typed.id)?;
    if typed.form.json {
        // All of it, for a program: as good as an export.
        if let Some(limit) = app.limit_of_copies(&interview.id)? {
            return Err(app::Error::NoCopies(limit).into());
        }
        let mut value = export::json_value(&interview, &segments);
        if let (Some(session), Some(fields)) =
            (app.session(&interview.id.0)?, value.as_object_mut())
        {
            let events = app.events(&interview.id.0)?;
            fields.insert("session".into(), json!(session));
            fields.insert("events".into(), events.iter().map(event_value).collect());
        }
        app.note_shown(&interview.id, "show --json")?;
        return Ok(out.json(&value)?);
    }
    app.note_shown(&interview.id, "show")?;
    // Reading is use and no export, also through a pager; whoever makes a file of it is told.
    if !io::stdout().is_terminal()
        && let Ok(Some(limit)) = app.limit_of_copies(&interview.id)
    {
        say(&format!(
            "note: {limit}; this is for reading here, and what leaves the house goes through 'mekong export'"
        ));
    }
    print_interview(&interview, &segments, out)?;
    print_session(app, &interview.id, out)
}

/// One entry of a live session, in `show --json`.
fn event_value(event: &SessionEvent) -> Value {
    json!({
        "id": event.id,
        "kind": event.kind,
        "label": event.label,
        "channel": event.channel,
        "start_ms": event.span.start.as_ms(),
        "end_ms": event.span.end.as_ms(),
        "lasts": event.lasts,
        "at": event.at,
    })
}

/// Where the sound of a live session came from, and what happened beside the words.
fn print_session(app: &App, id: &InterviewId, out: &mut Out) -> Result<(), Failure> {
    let Some(session) = app.session(&id.0)? else {
        return Ok(());
    };
    let note = match (session.in_progress, session.practice) {
        (true, _) => "  in progress, or cut off: then 'mekong resume' completes it",
        (false, true) => "  for practice",
        (false, false) => "",
    };
    writeln!(out, "\nrecorded from {}{note}", plain(&session.device))?;
    for event in app.events(&id.0)? {
        let (start, end) = (event.span.start.as_ms(), event.span.end.as_ms());
        let until = match (event.lasts, end > start) {
            (true, _) => " to the end".to_owned(),
            (false, true) => format!(" to {}", clock(end)),
            (false, false) => String::new(),
        };
        let time = out.paint(Look::Faint, &clock(start));
        let label = plain(&event.label).into_owned();
        writeln!(out, "      {time}{until}  {}  {label}", event.kind.as_str())?;
    }
    Ok(())
}

/// A transcript with its translations, for reading on a screen.
pub(super) fn print_interview(
    interview: &Interview,
    segments: &[Segment],
    out: &mut Out,
) -> io::Result<()> {
    let id = out.paint(Look::Strong, &interview.id.0);
    let case = interview
        .case
        .as_deref()
        .map(|c| format!("  case {}", plain(c)));
    writeln!(
        out,
        "{id}  {}  {}  {}{}",
        codes(&interview.languages),
        length(interview.duration_ms),
        count(segments.len() as u64, "line"),
        case.unwrap_or_default()
    )?;
    writeln!(out, "started {}", plain(&interview.started))?;
    for audio in &interview.audio {
        let name = out.paint(Look::Strong, &audio.original_name);
        let kept = match audio.path.as_str() {
            here if here == audio.original_name => String::new(),
            path => format!(" (kept as {})", out.paint(Look::Faint, path)),
        };
        let channels = count(audio.channels.into(), "channel");
        writeln!(
            out,
            "audio {name}{kept}, {} Hz, {channels}",
            audio.sample_rate
        )?;
        writeln!(out, "SHA-256 {}", audio.sha256)?;
    }
    if let Some(source) = &interview.source {
        writeln!(out, "{}", plain(source))?;
    }
    for channel in &interview.channels {
        for (lang, model) in &channel.speech_models {
            let (number, who) = (u32::from(channel.index) + 1, plain(&channel.speaker));
            let (lang, model) = (lang.name(), plain(model));
            writeln!(
                out,
                "speech model for {lang} on channel {number} ({who}): {model}"
            )?;
        }
    }
    for note in &interview.notes {
        writeln!(
            out,
            "{}",
            out.paint(Look::Warning, &format!("note: {note}"))
        )?;
    }
    let layers = Interpreted::of(segments);
    for segment in segments {
        writeln!(out)?;
        print_segment(segment, &layers.label(segment.id), out)?;
    }
    let by_practice =
        |s: &Segment| practice(&s.flags) || s.translations.iter().any(|t| practice(&t.flags));
    if segments.iter().any(by_practice) {
        writeln!(out, "\n{PRACTICE_NOTE}")?;
    }
    Ok(())
}

pub(super) fn print_segment(s: &Segment, rendering: &str, out: &mut Out) -> io::Result<()> {
    print_head(s, rendering, out)?;
    print_words(s.lang, &s.text, out)?;
    print_doubts(&doubts(&s.flags), out)?;
    print_translations(&s.translations, out)
}

/// The number of a line, its time and its speaker.
pub(super) fn print_head(s: &Segment, rendering: &str, out: &mut Out) -> io::Result<()> {
    let time = out.paint(Look::Faint, &clock(s.span.start.as_ms()));
    let speaker = out.paint(Look::Strong, &s.speaker);
    let status = match s.status {
        Status::Machine => String::new(),
        other => format!("  [{}]", other.as_str()),
    };
    writeln!(out, "{:>4}  {time}  {speaker}{rendering}{status}", s.id.0)
}

/// Translations below their line.
pub(super) fn print_translations(all: &[Translation], out: &mut Out) -> io::Result<()> {
    for t in all {
        // A person's words have no probability; whose they are stands behind them.
        let text = match t.log_prob {
            None => format!("{}  [{}]", t.text, t.engine),
            Some(_) => t.text.clone(),
        };
        print_words(t.lang, &text, out)?;
        print_doubts(&doubts(&t.flags), out)?;
    }
    Ok(())
}

fn print_words(lang: Lang, text: &str, out: &mut Out) -> io::Result<()> {
    let lang = out.paint(Look::Faint, lang.code());
    writeln!(out, "      {lang}  {}", plain(text))
}

fn print_doubts(doubts: &[String], out: &mut Out) -> io::Result<()> {
    if doubts.is_empty() {
        return Ok(());
    }
    let text = out.paint(Look::Warning, &format!("!   {}", doubts.join(", ")));
    writeln!(out, "      {text}")
}

/// One element of `history --json`.
#[derive(Serialize)]
struct Version<'a> {
    /// `text`, `translation` or `speaker`.
    of: &'static str,
    version: u32,
    /// None for a speaker.
    lang: Option<Lang>,
    /// The words, or who speaks.
    text: &'a str,
    status: &'static str,
    author: &'a str,
    reason: Option<&'a str>,
    at: &'a str,
}

impl<'a> Version<'a> {
    fn new(of: &'static str, v: &'a TextVersion) -> Self {
        Self {
            of,
            version: v.version,
            lang: Some(v.lang),
            text: &v.text,
            status: v.status.as_str(),
            author: &v.author,
            reason: v.reason.as_deref(),
            at: &v.at,
        }
    }
}

pub(super) fn history(app: &App, typed: &args::History, out: &mut Out) -> Result<(), Failure> {
    let history = app.history(&typed.id, typed.segment)?;
    app.note_shown(&history.interview, "history")?;
    let text = history.text.iter().map(|v| Version::new("text", v));
    let translations = history.translations.iter();
    let speakers = history.speakers.iter().map(|s| Version {
        of: "speaker",
        version: s.version,
        lang: None,
        text: &s.speaker,
        status: "edited",
        author: &s.by,
        reason: s.reason.as_deref(),
        at: &s.at,
    });
    let versions: Vec<Version> = text
        .chain(translations.map(|v| Version::new("translation", v)))
        .chain(speakers)
        .collect();
    if typed.form.json {
        return Ok(out.json(&versions)?);
    }
    for v in &versions {
        let who = out.paint(Look::Strong, v.author);
        let when = out.paint(Look::Faint, v.at);
        let of = match v.of {
            "text" => String::new(),
            of => format!("  {of}"),
        };
        writeln!(out, "{:>4}  {when}  {who}  [{}]{of}", v.version, v.status)?;
        match v.lang {
            Some(lang) => print_words(lang, v.text, out)?,
            None => writeln!(out, "      {}", plain(v.text))?,
        }
        if let Some(reason) = v.reason {
            writeln!(out, "          because {}", plain(reason))?;
        }
    }
    Ok(())
}

pub(super) fn edit(app: &App, typed: args::Edit, out: &mut Out) -> Result<(), Failure> {
    sit_down(app, typed.sign, &typed.by)?;
    let edit = app::Edit {
        text: typed.text,
        translation: typed.translation.map(|text| (typed.to, text)),
        by: typed.by,
        reason: typed.reason,
    };
    let edited = app.edit(&typed.id, typed.segment, &edit)?;
    if typed.form.json {
        out.json(&edited)?;
    } else {
        print_edited(&edited, edit.text.is_some(), out)?;
    }
    let id = &edited.interview;
    if !edited.pending.is_empty() {
        say(&format!(
            "note: the translation into {} does not follow these words yet; 'mekong resume {id}' \
             renews it.",
            codes(&edited.pending)
        ));
    }
    if !edited.stale.is_empty() {
        say(&format!(
            "note: a person translated the earlier words into {}; that stays, marked as stale, until \
             'mekong edit {id} {} --translation ...' corrects it.",
            codes(&edited.stale),
            typed.segment
        ));
    }
    Ok(())
}

fn print_edited(edited: &app::Edited, text: bool, out: &mut Out) -> io::Result<()> {
    let text = text.then(|| format!("version {}", edited.version));
    let translation = edited
        .translation_version
        .map(|version| format!("translation version {version}"));
    let made: Vec<String> = text.into_iter().chain(translation).collect();
    writeln!(out, "line {}: {}", edited.segment.0, made.join(", "))
}
