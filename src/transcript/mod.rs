//! Reads transcripts that were written elsewhere: JSON, SRT, WebVTT and CSV. No store, no sound.

mod cues;
mod error;
mod json;
mod table;
#[cfg(test)]
mod tests;
mod time;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::domain::{Flag, Lang};
pub use error::Error;

/// Largest file that is read: an hour of talk is under 1 MB in every form.
pub const MAX_BYTES: u64 = 100 * 1024 * 1024;
/// Most lines of one transcript.
pub const MAX_LINES: usize = 1_000_000;
/// Most characters of one text; a longer one is a damaged file.
pub const MAX_CHARS: usize = 20_000;
/// Most characters of a speaker's name.
const MAX_SPEAKER_CHARS: usize = 200;
/// Latest position in a recording, 1,000 hours: later ones are clock times or damage.
const MAX_MS: u64 = 1_000 * 3_600_000;

/// One line of a transcript, as the file has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Who said it, where the file says so.
    pub speaker: Option<String>,
    /// Start in milliseconds from the start of the recording.
    pub start_ms: u64,
    /// End in milliseconds, never before the start; `None` where the file does not say.
    pub end_ms: Option<u64>,
    /// The language of `text`; always there in JSON, never in SRT from other programs.
    pub lang: Option<Lang>,
    /// What was said. Never empty; lines of a multi-line cue are parted by `\n`.
    pub text: String,
    /// Translations that the file holds beside the text, each language at most once.
    pub translations: Vec<(Lang, String)>,
    /// The file says that a machine wrote it and nobody has checked it.
    pub machine: bool,
    /// The file says so of one of the translations.
    pub machine_translations: bool,
    /// Doubts that the file holds; only JSON has them.
    pub flags: Vec<Flag>,
}

/// What is wrong in a file, and in which of its lines (1 for the first).
struct Fault {
    line: u64,
    what: String,
}

impl Fault {
    fn new(line: u64, what: impl Into<String>) -> Self {
        Self {
            line,
            what: what.into(),
        }
    }
}

/// The forms that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Json,
    Srt,
    Vtt,
    Csv,
}

impl Form {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "json" => Some(Form::Json),
            "srt" => Some(Form::Srt),
            "vtt" => Some(Form::Vtt),
            "csv" => Some(Form::Csv),
            _ => None,
        }
    }
}

/// Whether the extension of `path` names a form that [`read`] knows.
pub fn is_transcript(path: &Path) -> bool {
    Form::of(path).is_some()
}

/// Reads the transcript at `path`; its extension names the form. The lines come in the file's
/// order. Lines without text are left out: an untranscribed line of a recording that is not here
/// can never be filled in.
///
/// # Errors
/// A file that cannot be read, is larger than [`MAX_BYTES`], is not UTF-8, breaks its form (the
/// line is named), passes [`MAX_LINES`] or [`MAX_CHARS`], or holds no text at all.
pub fn read(path: &Path) -> Result<Vec<Line>, Error> {
    let form = Form::of(path).ok_or_else(|| Error::UnknownForm(path.to_owned()))?;
    let text = read_text(path)?;
    let lines = parse(form, &text).map_err(|fault| Error::Line {
        line: fault.line,
        what: fault.what,
        path: path.to_owned(),
    })?;
    if lines.is_empty() {
        return Err(Error::NoText(path.to_owned()));
    }
    Ok(lines)
}

fn parse(form: Form, text: &str) -> Result<Vec<Line>, Fault> {
    match form {
        Form::Json => json::parse(text),
        Form::Srt => cues::parse_srt(text),
        Form::Vtt => cues::parse_vtt(text),
        Form::Csv => table::parse(text),
    }
}

/// The whole file as text, without its byte order mark.
fn read_text(path: &Path) -> Result<String, Error> {
    let failed = |cause| Error::Read {
        cause,
        path: path.to_owned(),
    };
    // Opening a pipe or a device may wait for ever.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(Error::NotAFile(path.to_owned()));
    }
    let mut bytes = Vec::new();
    let mut file = File::open(path).map_err(failed)?.take(MAX_BYTES + 1);
    file.read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(Error::TooLarge(path.to_owned()));
    }
    if let Some(name) = foreign_encoding(&bytes) {
        return Err(Error::Encoding {
            name,
            path: path.to_owned(),
        });
    }
    let mut text = String::from_utf8(bytes).map_err(|e| {
        let good = e
            .as_bytes()
            .get(..e.utf8_error().valid_up_to())
            .unwrap_or_default();
        let line = good.iter().filter(|b| **b == b'\n').count() as u64 + 1;
        Error::NotUtf8 {
            line,
            path: path.to_owned(),
        }
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// The encoding that a byte order mark, or zero bytes at the start, give away.
fn foreign_encoding(bytes: &[u8]) -> Option<&'static str> {
    // UTF-32's little-endian mark starts with UTF-16's, so it is looked for first.
    let marks: [(&[u8], &str); 5] = [
        (&[0xff, 0xfe, 0, 0], "UTF-32 (little endian)"),
        (&[0, 0, 0xfe, 0xff], "UTF-32 (big endian)"),
        (&[0xff, 0xfe], "UTF-16 (little endian)"),
        (&[0xfe, 0xff], "UTF-16 (big endian)"),
        (&[0x84, 0x31, 0x95, 0x33], "GB 18030"),
    ];
    let marked = marks
        .iter()
        .find(|(mark, _)| bytes.starts_with(mark))
        .map(|(_, name)| *name);
    // All forms start with an ASCII character, which UTF-16 writes with a zero byte beside it.
    marked.or(match bytes {
        [first, 0, ..] if *first != 0 => Some("UTF-16 (little endian)"),
        [0, second, ..] if *second != 0 => Some("UTF-16 (big endian)"),
        _ => None,
    })
}

/// The lines read so far. Whatever the form, a line passes through here.
#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    /// Takes a line, or says what is wrong with it. One without text is dropped.
    fn push(&mut self, mut line: Line) -> Result<(), String> {
        line.text.truncate(line.text.trim_end().len());
        line.translations
            .retain(|(_, text)| !text.trim().is_empty());
        line.speaker = line
            .speaker
            .map(|s| s.trim().to_owned())
            .filter(|s| !s.is_empty());
        if line.text.trim().is_empty() {
            return Ok(());
        }
        check(&line)?;
        if self.0.len() == MAX_LINES {
            return Err(format!("more than {MAX_LINES} lines in one transcript"));
        }
        self.0.push(line);
        Ok(())
    }
}

fn check(line: &Line) -> Result<(), String> {
    let end = line.end_ms.unwrap_or(line.start_ms);
    if end < line.start_ms {
        return Err("the end is before the start".into());
    }
    if end > MAX_MS {
        return Err("the time lies more than 1,000 hours from the start".into());
    }
    if line
        .speaker
        .as_ref()
        .is_some_and(|s| s.chars().count() > MAX_SPEAKER_CHARS)
    {
        return Err(format!(
            "the speaker has more than {MAX_SPEAKER_CHARS} characters"
        ));
    }
    let texts = std::iter::once(&line.text).chain(line.translations.iter().map(|(_, t)| t));
    for text in texts {
        // A character has at least one byte, so most texts need no counting.
        if text.len() > MAX_CHARS && text.chars().count() > MAX_CHARS {
            return Err(format!("a text has more than {MAX_CHARS} characters"));
        }
        if text.contains('\0') {
            return Err("a text holds a zero character".into());
        }
    }
    for (i, (lang, _)) in line.translations.iter().enumerate() {
        let earlier = line
            .translations
            .iter()
            .take(i)
            .any(|(other, _)| other == lang);
        if earlier || line.lang == Some(*lang) {
            return Err(format!("the language {lang} occurs twice"));
        }
    }
    Ok(())
}

/// The language that `code` names, or what to say about it. The code itself is not repeated: a
/// file with its columns mixed up would put a person's words into the message.
fn parse_lang(code: &str) -> Result<Lang, String> {
    code.parse()
        .map_err(|_| "lang is not one of zh, vi, th, my, lo, km and en".into())
}
