//! One page that opens in any browser without a network: the transcript in all its languages, who or
//! what wrote each text, every doubt in words, and the sound. A click on a line plays it.
//!
//! The page's own policy allows only the style and the script that were written here, by their
//! hashes: no text of an interview can run, whatever it holds.

mod explain;
mod sound;
#[cfg(test)]
mod tests;

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use crate::domain::{Flag, Interpreted, Interview, Lang, SAMPLE_RATE, Segment, Translation};
use crate::evidence::base64;
use crate::text::escape_markup;

use super::{
    Error, Progress, Source, clean_lines, is_hidden, is_machine_text, is_machine_translation,
    one_line, placeholder, target_languages, timecode, wav::minutes,
};
pub(super) use explain::explain;
use sound::{BLOCK_BYTES, BLOCK_SAMPLES, Encoder, STEPS};

const STYLE: &str = include_str!("page.css");
const PLAYER: &str = include_str!("player.js");
/// Most bytes of sound in a page before base64, two hours of one channel: browsers refuse or crawl
/// beyond some hundred megabytes.
const MAX_SOUND_BYTES: u64 = 60 << 20;

pub(super) fn write(
    source: &Source<'_>,
    out: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let has_sound = source.with_sound && !source.sound.files.is_empty();
    if has_sound {
        check_size(source)?;
    }
    write_head(source, out)?;
    write_table(source, has_sound, out)?;
    if has_sound {
        write_sound(source, out, progress)?;
    }
    writeln!(out, "</body>\n</html>")?;
    Ok(())
}

/// Refuses before anything is written.
fn check_size(source: &Source<'_>) -> Result<(), Error> {
    let blocks = source.sound.length()?.div_ceil(BLOCK_SAMPLES as u64);
    let channels = source.sound.files.len() as u64;
    let bytes = blocks
        .saturating_mul(BLOCK_BYTES as u64)
        .saturating_mul(channels);
    if bytes > MAX_SOUND_BYTES {
        return Err(Error::SoundTooLong {
            minutes: minutes(source.interview.duration_ms),
            help: "Add --no-sound, and write the sound to a file of its own with --format audio.",
        });
    }
    Ok(())
}

fn write_head(source: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Interview { id, .. } = source.interview;
    let (style, script) = (fingerprint(STYLE), fingerprint(PLAYER));
    writeln!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src '{style}'; script-src '{script}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Interview {}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        shown(&id.0)
    )?;
    writeln!(out, "<h1>Interview {}</h1>", shown(&id.0))?;
    for notice in source.notices() {
        writeln!(out, "<p class=\"notice\">{}</p>", shown(&notice))?;
    }
    writeln!(out, "<dl>")?;
    for (name, value) in facts(source.interview, source.segments) {
        writeln!(out, "<dt>{name}</dt><dd>{}</dd>", shown(&value))?;
    }
    writeln!(out, "</dl>")
}

/// What is known of the interview as a whole.
fn facts(interview: &Interview, segments: &[Segment]) -> Vec<(&'static str, String)> {
    let mut facts = Vec::new();
    facts.extend(interview.case.clone().map(|case| ("Case", case)));
    let languages: Vec<&str> = interview.languages.iter().map(|l| l.name()).collect();
    facts.push(("Languages", languages.join(", ")));
    facts.push(("Started", interview.started.clone()));
    facts.push(("Length", timecode(interview.duration_ms)));
    facts.push(("Lines", segments.len().to_string()));
    for audio in &interview.audio {
        facts.push(("Recording", audio.original_name.clone()));
        facts.push(("SHA-256", audio.sha256.clone()));
    }
    facts.extend(interview.source.clone().map(|source| ("Source", source)));
    facts.extend(interview.notes.iter().map(|note| ("Note", note.clone())));
    facts
}

fn write_table(source: &Source<'_>, has_sound: bool, out: &mut dyn Write) -> io::Result<()> {
    if source.segments.is_empty() {
        return writeln!(out, "<p>This interview has no lines.</p>");
    }
    if has_sound {
        writeln!(
            out,
            "<p>A click on a line plays it; a second click or Escape stops. The sound in this page \
             is a small copy for listening; evidence is the recording itself.</p>"
        )?;
    }
    let languages = target_languages(source.interview, source.segments);
    write!(
        out,
        "<table>\n<thead><tr><th>No.</th><th>Time</th><th>Speaker</th>"
    )?;
    for lang in &languages {
        write!(out, "<th>{} {}</th>", lang.name(), lang.native_name())?;
    }
    writeln!(out, "</tr></thead>\n<tbody>")?;
    let layers = Interpreted::of(source.segments);
    for segment in source.segments {
        let rendering = layers.label(segment.id);
        write_row(segment, (&languages, &rendering), source, has_sound, out)?;
    }
    writeln!(out, "</tbody>\n</table>")
}

fn write_row(
    segment: &Segment,
    (languages, rendering): (&[Lang], &str),
    source: &Source<'_>,
    has_sound: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    let id = segment.id.0;
    write!(out, "<tr id=\"line-{id}\"><td>{id}</td><td>")?;
    let time = timecode(segment.span.start.as_ms());
    let playable = source
        .sound
        .files
        .iter()
        .any(|(c, _)| *c == segment.channel);
    if has_sound && playable && segment.span.samples() > 0 {
        write!(
            out,
            "<button type=\"button\" aria-pressed=\"false\" data-channel=\"{}\" data-from=\"{}\" \
             data-to=\"{}\">▶ {time}</button>",
            segment.channel, segment.span.start.0, segment.span.end.0
        )?;
    } else {
        write!(out, "{time}")?;
    }
    write!(out, "</td><td>{}{rendering}</td>", shown(&segment.speaker))?;
    for &lang in languages {
        let translation = segment.translations.iter().find(|t| t.lang == lang);
        if lang == segment.lang {
            write_said(segment, out)?;
        } else if let Some(translation) = translation {
            write_translation(translation, out)?;
        } else {
            write!(out, "<td></td>")?;
        }
    }
    // A line may be in a language that the interview does not name.
    if !languages.contains(&segment.lang) {
        write_said(segment, out)?;
    }
    writeln!(out, "</tr>")
}

fn write_said(segment: &Segment, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<td class=\"said\" lang=\"{}\">", segment.lang)?;
    match clean_lines(&segment.text) {
        lines if lines.is_empty() => write!(out, "{}", placeholder(segment))?,
        lines => write_lines(&lines, out)?,
    }
    let class = if is_machine_text(segment) {
        " machine"
    } else {
        ""
    };
    let (status, author) = (segment.status.as_str(), shown(&segment.author));
    write!(
        out,
        "<span class=\"by\" lang=\"en\"><span class=\"status{class}\">said, {status}</span> {author}</span>"
    )?;
    write_doubts(&segment.flags, out)?;
    write!(out, "</td>")
}

fn write_translation(t: &Translation, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "<td lang=\"{}\">", t.lang)?;
    match clean_lines(&t.text) {
        lines if lines.is_empty() => write!(out, "[no text]")?,
        lines => write_lines(&lines, out)?,
    }
    let (class, who) = if is_machine_translation(t) {
        (" machine", "machine")
    } else {
        ("", "a person")
    };
    write!(
        out,
        "<span class=\"by\" lang=\"en\"><span class=\"status{class}\">translated, {who}</span> {}</span>",
        shown(&t.engine)
    )?;
    write_doubts(&t.flags, out)?;
    write!(out, "</td>")
}

fn write_lines(lines: &[String], out: &mut dyn Write) -> io::Result<()> {
    let lines: Vec<String> = lines.iter().map(|line| escape_markup(line)).collect();
    write!(out, "{}", lines.join("<br>"))
}

fn write_doubts(flags: &[Flag], out: &mut dyn Write) -> io::Result<()> {
    if flags.is_empty() {
        return Ok(());
    }
    write!(out, "<ul class=\"doubts\" lang=\"en\">")?;
    for flag in flags {
        let detail = one_line(&flag.detail);
        let parted = if detail.is_empty() { "" } else { ": " };
        let detail = escape_markup(&detail);
        write!(
            out,
            "<li title=\"{}\">{}{parted}{detail}</li>",
            flag.kind.as_str(),
            explain(flag.kind)
        )?;
    }
    write!(out, "</ul>")
}

fn write_sound(
    source: &Source<'_>,
    out: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<(), Error> {
    // A channel at a time, as each is one element of the page.
    let total = source
        .sound
        .length()?
        .saturating_mul(source.sound.files.len() as u64);
    let mut done = 0;
    for file in source.sound.files {
        write!(out, "<script type=\"text/plain\" id=\"sound-{}\">", file.0)?;
        let one = super::Sound {
            files: std::slice::from_ref(file),
            ..source.sound
        };
        let mut encoder = Encoder::new();
        let mut last = 0;
        one.read(&mut |at, _| progress(done + at, total), &mut |channels| {
            let mut text = String::new();
            let samples = channels.first().map(Vec::as_slice).unwrap_or_default();
            encoder.push(samples, &mut text);
            last += samples.len() as u64;
            Ok(out.write_all(text.as_bytes())?)
        })?;
        done += last;
        let mut text = String::new();
        encoder.finish(&mut text);
        writeln!(out, "{text}</script>")?;
    }
    writeln!(
        out,
        "<script type=\"application/json\" id=\"sound-form\">{{\"rate\":{SAMPLE_RATE},\
         \"block\":{BLOCK_BYTES},\"samples\":{BLOCK_SAMPLES},\"steps\":{STEPS:?}}}</script>\n\
         <script>{PLAYER}</script>"
    )?;
    Ok(())
}

/// A text on one line, with nothing that a browser would take for markup.
fn shown(text: &str) -> String {
    let kept: String = text
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|&c| !is_hidden(c))
        .collect();
    escape_markup(&kept)
}

/// A hash as a content security policy names it.
fn fingerprint(text: &str) -> String {
    let mut name = String::from("sha256-");
    base64(&Sha256::digest(text.as_bytes()), &mut name);
    name
}
