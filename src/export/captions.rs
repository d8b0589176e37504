//! Captions, SRT and WebVTT: what was said and its translations in each cue, each in a line of its
//! own that starts with its language in brackets. SRT has no place for a notice at its head, and
//! cues are seen one by one, so the brackets also say what a machine wrote: `[vi, machine]`.

use std::io::{self, Write};

use super::{
    Redacted, Source, clean_lines, is_machine_translation, one_line, placeholder, timecode,
    timecode_with,
};
use crate::domain::{Flag, FlagKind, Lang, Segment, Status};

pub(super) fn write_srt(source: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
    // SRT has no head: what a copy was made of stands in a cue that nobody sees.
    let copy = source.redacted.map(Redacted::notice);
    if let Some(notice) = &copy {
        writeln!(out, "1\n00:00:00,000 --> 00:00:00,001\n{notice}\n")?;
    }
    let first = if copy.is_some() { 2u64 } else { 1 };
    for (number, segment) in (first..).zip(source.segments) {
        let (start, end) = times(segment);
        writeln!(out, "{number}")?;
        writeln!(
            out,
            "{} --> {}",
            timecode_with(start, ','),
            timecode_with(end, ',')
        )?;
        for line in cue_lines(segment) {
            // SRT knows no escape; an arrow could be taken for the times of a new cue.
            writeln!(out, "{}", line.replace("-->", "-- >"))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

pub(super) fn write_vtt(source: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "WEBVTT\n")?;
    for notice in source.notices() {
        writeln!(out, "NOTE {notice}\n")?;
    }
    for segment in source.segments {
        let (start, end) = times(segment);
        writeln!(out, "{}", segment.id.0)?;
        writeln!(out, "{} --> {}", timecode(start), timecode(end))?;
        let speaker = escape(&one_line(&segment.speaker));
        if !speaker.is_empty() {
            write!(out, "<v {speaker}>")?;
        }
        for line in cue_lines(segment) {
            writeln!(out, "{}", escape(&line))?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// A cue must end after it starts.
fn times(segment: &Segment) -> (u64, u64) {
    let start = segment.span.start.as_ms();
    (start, segment.span.end.as_ms().max(start.saturating_add(1)))
}

/// The lines of a cue, at least one, none of them empty: an empty line would end the cue.
fn cue_lines(segment: &Segment) -> Vec<String> {
    let mut text = clean_lines(&segment.text);
    if text.is_empty() {
        text.push(placeholder(segment).to_owned());
    }
    let mark = mark(
        segment.lang,
        segment.status == Status::Machine,
        &segment.flags,
    );
    let mut lines = marked(&mark, text);
    for t in &segment.translations {
        let mark = self::mark(t.lang, is_machine_translation(t), &t.flags);
        lines.extend(marked(&mark, clean_lines(&t.text)));
    }
    lines
}

/// `[zh]` for a person's words, `[zh, machine]` or `[zh, practice model]` for others, and
/// `[vi, stale]` for the translation of an earlier version.
fn mark(lang: Lang, machine: bool, flags: &[Flag]) -> String {
    let has = |kind| flags.iter().any(|f| f.kind == kind);
    let by = match (machine, has(FlagKind::PracticeModel)) {
        (_, true) => ", practice model",
        (true, false) => ", machine",
        (false, false) => "",
    };
    let stale = if has(FlagKind::Stale) { ", stale" } else { "" };
    format!("[{lang}{by}{stale}]")
}

fn marked(mark: &str, mut lines: Vec<String>) -> Vec<String> {
    if let Some(first) = lines.first_mut() {
        first.insert_str(0, &format!("{mark} "));
    }
    lines
}

/// Escaping every `>` breaks every arrow too.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
