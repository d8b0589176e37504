//! Exports: one file a format, each written straight to any writer. Nothing here reads the store.
//!
//! The text of a line is never changed but for what a format cannot carry: control characters and
//! marks that turn the direction of writing show nothing and can hide words, so the formats that
//! people read leave them out. JSON carries every character.

mod captions;
mod csv;
mod json;
pub mod people;
mod txt;

#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

pub use json::{json_value, segment_value};

use crate::domain::{FlagKind, Interview, Lang, Segment, Status, Translation};

/// Stands at the head of every export that holds words no person has checked.
pub const MACHINE_NOTICE: &str = "Written by a machine; not checked by a person";
/// Stands at the head of every export that holds words of a practice model.
pub const PRACTICE_NOTICE: &str = "Written by a practice model: never for casework";

/// A form in which an interview leaves the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Plain bilingual text for reading.
    Txt,
    /// `show --json`'s form.
    Json,
    /// A table for spreadsheets, UTF-8 with a byte-order mark.
    Csv,
    /// SubRip captions, all languages in each cue.
    Srt,
    /// WebVTT captions, all languages in each cue.
    Vtt,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 5] = [
        Format::Txt,
        Format::Json,
        Format::Csv,
        Format::Srt,
        Format::Vtt,
    ];

    /// The name on the command line, which is also the file name's ending.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Txt => "txt",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Srt => "srt",
            Format::Vtt => "vtt",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        let lower = name.trim().to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|f| f.as_str() == lower)
            .ok_or_else(|| Error::UnknownFormat(name.to_owned()))
    }
}

/// Why an export failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such format.
    #[error("'{0}' is not an export format")]
    UnknownFormat(String),
    /// The writer refused; look at its kind for a broken pipe.
    #[error("the export could not be written: {0}")]
    Write(#[from] io::Error),
}

impl Error {
    /// The next step a person can take.
    pub fn help(&self) -> &'static str {
        match self {
            Error::UnknownFormat(_) => "Use txt, json, csv, srt or vtt.",
            Error::Write(_) => "Check that the disk has room and that you may write there.",
        }
    }
}

/// Writes an interview and its lines in one format.
///
/// # Errors
/// Only what the writer says.
pub fn write(
    format: Format,
    interview: &Interview,
    segments: &[Segment],
    out: &mut dyn Write,
) -> Result<(), Error> {
    let mut out = io::BufWriter::new(out);
    match format {
        Format::Txt => txt::write(interview, segments, &mut out),
        Format::Json => json::write(interview, segments, &mut out),
        Format::Csv => csv::write(interview, segments, &mut out),
        Format::Srt => captions::write_srt(segments, &mut out),
        Format::Vtt => captions::write_vtt(segments, &mut out),
    }?;
    Ok(out.flush()?)
}

/// `hh:mm:ss.mmm`; hours take more digits where they need them.
pub fn timecode(ms: u64) -> String {
    timecode_with(ms, '.')
}

/// [`timecode`] with another mark before the milliseconds.
fn timecode_with(ms: u64, mark: char) -> String {
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{mark}{ms:03}")
}

/// The warnings that belong at the head of an export of these lines.
fn notices(segments: &[Segment]) -> Vec<&'static str> {
    let by_machine = |s: &Segment| {
        s.status == Status::Machine || s.translations.iter().any(is_machine_translation)
    };
    let practice = |s: &Segment| {
        s.flags
            .iter()
            .chain(s.translations.iter().flat_map(|t| &t.flags))
            .any(|f| f.kind == FlagKind::PracticeModel)
    };
    let mut notices = Vec::new();
    if segments.iter().any(by_machine) {
        notices.push(MACHINE_NOTICE);
    }
    if segments.iter().any(practice) {
        notices.push(PRACTICE_NOTICE);
    }
    notices
}

/// Only a machine's translation has a probability; a person's never does.
fn is_machine_translation(t: &Translation) -> bool {
    t.log_prob.is_some()
}

/// What stands in place of the text of a line that has none.
fn placeholder(segment: &Segment) -> &'static str {
    match segment.status {
        Status::Pending => "[pending]",
        Status::Failed => "[failed]",
        _ => "[no text]",
    }
}

/// The languages that lines of this interview may be translated into: those of the interview, then
/// any other one that occurs.
fn target_languages(interview: &Interview, segments: &[Segment]) -> Vec<Lang> {
    let mut languages = Vec::new();
    let occurring = segments
        .iter()
        .flat_map(|s| s.translations.iter().map(|t| t.lang));
    for lang in interview.languages.iter().copied().chain(occurring) {
        if !languages.contains(&lang) {
            languages.push(lang);
        }
    }
    languages
}

/// A text's lines without what shows nothing; empty ones are left out.
fn clean_lines(text: &str) -> Vec<String> {
    text.split(is_line_end)
        .map(|line| {
            line.chars()
                .filter(|&c| !is_hidden(c))
                .collect::<String>()
                .trim()
                .to_owned()
        })
        .filter(|line| !line.is_empty())
        .collect()
}

/// A text as one line.
fn one_line(text: &str) -> String {
    clean_lines(text).join(" ")
}

fn is_line_end(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{B}' | '\u{C}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Controls (a tab is white space and stays) and marks that turn the direction of writing. Joiners
/// and zero-width spaces stay: Khmer, Burmese, Thai and Lao use them.
fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\t')
        || matches!(c, '\u{200E}' | '\u{200F}' | '\u{61C}' | '\u{202A}'..='\u{202E}'
            | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}
