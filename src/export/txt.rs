//! Plain text for reading and printing: a head, then every line in both languages with its doubts.

use std::io::{self, Write};

use super::{
    MACHINE_NOTICE, Source, clean_lines, is_machine_translation, one_line, placeholder,
    target_languages, timecode,
};
use crate::domain::{Flag, Interpreted, Lang, Segment, Status};

pub(super) fn write(source: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Source {
        interview,
        segments,
        ..
    } = *source;
    write_head(source, out)?;
    let languages = target_languages(interview, segments);
    let layers = Interpreted::of(segments);
    for segment in segments {
        writeln!(out)?;
        write_line(segment, &languages, &layers.label(segment.id), out)?;
    }
    if segments.is_empty() {
        writeln!(out, "\nThis interview has no lines.")?;
    }
    Ok(())
}

fn write_head(source: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Source {
        interview,
        segments,
        ..
    } = *source;
    writeln!(out, "Interview: {}", interview.id)?;
    if let Some(case) = &interview.case {
        writeln!(out, "Case: {}", one_line(case))?;
    }
    let languages: Vec<String> = interview
        .languages
        .iter()
        .map(|l| format!("{} ({l})", l.name()))
        .collect();
    writeln!(out, "Languages: {}", languages.join(", "))?;
    writeln!(out, "Started: {}", one_line(&interview.started))?;
    writeln!(out, "Length: {}", timecode(interview.duration_ms))?;
    for audio in &interview.audio {
        writeln!(
            out,
            "Recording: {} (kept as {}; {} Hz, channels: {})",
            one_line(&audio.original_name),
            one_line(&audio.path),
            audio.sample_rate,
            audio.channels
        )?;
        writeln!(out, "SHA-256: {}", audio.sha256)?;
    }
    if let Some(source) = &interview.source {
        writeln!(out, "Source: {}", one_line(source))?;
    }
    for note in &interview.notes {
        writeln!(out, "Note: {}", one_line(note))?;
    }
    writeln!(out, "Lines: {}{}", segments.len(), counts(segments))?;
    let notices = source.notices();
    if !notices.is_empty() {
        writeln!(out)?;
    }
    for notice in notices {
        writeln!(out, "{notice}")?;
        let checked = |s: &Segment| matches!(s.status, Status::Edited | Status::Certified);
        if notice == MACHINE_NOTICE && segments.iter().any(checked) {
            writeln!(
                out,
                "(what is marked [machine]; what is marked otherwise is a person's)"
            )?;
        }
    }
    Ok(())
}

/// How many lines have which status, where that is more than one kind.
fn counts(segments: &[Segment]) -> String {
    let of = |status: Status| {
        let count = segments.iter().filter(|s| s.status == status).count();
        (count > 0).then(|| format!("{count} {}", status.as_str()))
    };
    let parts: Vec<String> = [
        Status::Machine,
        Status::Edited,
        Status::Certified,
        Status::Pending,
        Status::Failed,
    ]
    .into_iter()
    .filter_map(of)
    .collect();
    if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    }
}

fn write_line(
    segment: &Segment,
    languages: &[Lang],
    rendering: &str,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(
        out,
        "{}. {} - {}  {}{rendering}  [{}]{}",
        segment.id.0,
        timecode(segment.span.start.as_ms()),
        timecode(segment.span.end.as_ms()),
        one_line(&segment.speaker),
        segment.status.as_str(),
        by(&segment.author)
    )?;
    let text = clean_lines(&segment.text);
    if text.is_empty() {
        writeln!(out, "    {}: {}", segment.lang, placeholder(segment))?;
    }
    write_text(segment.lang, &text, "", out)?;
    write_flags(&segment.flags, out)?;
    for &lang in languages.iter().filter(|l| **l != segment.lang) {
        let Some(translation) = segment.translations.iter().find(|t| t.lang == lang) else {
            if !text.is_empty() {
                writeln!(out, "    {lang}: [pending]")?;
            }
            continue;
        };
        let who = if is_machine_translation(translation) {
            "machine"
        } else {
            "person"
        };
        let mark = format!("  [{who}]{}", by(&translation.engine));
        match clean_lines(&translation.text) {
            lines if lines.is_empty() => writeln!(out, "    {lang}: [no text]{mark}")?,
            lines => write_text(lang, &lines, &mark, out)?,
        }
        for term in translation.terms.iter().filter(|t| !t.satisfied) {
            writeln!(
                out,
                "      ! term: {} = {}",
                one_line(&term.source),
                one_line(&term.target)
            )?;
        }
        write_flags(&translation.flags, out)?;
    }
    Ok(())
}

fn by(author: &str) -> String {
    let author = one_line(author);
    if author.is_empty() {
        author
    } else {
        format!(" {author}")
    }
}

/// Every line of the text is indented, so that no text can look like the head of another line.
fn write_text(lang: Lang, lines: &[String], mark: &str, out: &mut dyn Write) -> io::Result<()> {
    for (number, line) in lines.iter().enumerate() {
        let end = if number.saturating_add(1) == lines.len() {
            mark
        } else {
            ""
        };
        match number {
            0 => writeln!(out, "    {lang}: {line}{end}")?,
            _ => writeln!(out, "        {line}{end}")?,
        }
    }
    Ok(())
}

fn write_flags(flags: &[Flag], out: &mut dyn Write) -> io::Result<()> {
    for flag in flags {
        let detail = one_line(&flag.detail);
        let parted = if detail.is_empty() { "" } else { ": " };
        writeln!(out, "      ! {}{parted}{detail}", flag.kind.as_str())?;
    }
    Ok(())
}
