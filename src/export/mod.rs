//! Exports: one file a format, each written straight to any writer. Nothing here reads the store;
//! of the recording only the working copies are read, where a format carries sound.
//!
//! The text of a line is never changed but for what a format cannot carry: control and direction
//! marks show nothing and can hide words, so what people read leaves them out; JSON carries them.

mod captions;
mod copies;
mod csv;
mod docx;
mod eaf;
mod error;
mod held;
mod html;
mod json;
mod paper;
mod pdf;
pub mod people;
mod places;
mod reading;
mod record;
mod redact;
mod sound;
mod tmx;
mod transcript_paper;
mod txt;
mod wav;

#[cfg(test)]
mod markup_tests;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Write};
use std::str::FromStr;

pub use copies::{COPIES, COPIES_FORM, copies};
pub use error::Error;
pub use json::{json_value, segment_value};
pub use reading::{JsonInterview, read_json};
pub use record::{Happened, SHIPPED as SHIPPED_TEMPLATES, Template, What};
pub use redact::{Redacted, Redaction};
pub use sound::Sound;

use crate::domain::{Asked, FlagKind, Interview, Lang, ReadBack, Segment, Status, Translation};
use crate::fonts::Face;

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
    /// One page for a browser, with the sound in it.
    Html,
    /// ELAN's annotation format.
    Eaf,
    /// Translation memory.
    Tmx,
    /// The transcript for a word processor.
    Docx,
    /// The transcript for paper.
    Pdf,
    /// The record to be signed, for a word processor.
    Record,
    /// The record to be signed, for paper.
    RecordPdf,
    /// A copy of the sound.
    Audio,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 13] = [
        Format::Txt,
        Format::Json,
        Format::Csv,
        Format::Srt,
        Format::Vtt,
        Format::Html,
        Format::Eaf,
        Format::Tmx,
        Format::Docx,
        Format::Pdf,
        Format::Record,
        Format::RecordPdf,
        Format::Audio,
    ];

    /// The name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Format::Txt => "txt",
            Format::Json => "json",
            Format::Csv => "csv",
            Format::Srt => "srt",
            Format::Vtt => "vtt",
            Format::Html => "html",
            Format::Eaf => "eaf",
            Format::Tmx => "tmx",
            Format::Docx => "docx",
            Format::Pdf => "pdf",
            Format::Record => "record",
            Format::RecordPdf => "record-pdf",
            Format::Audio => "audio",
        }
    }

    /// The ending of the file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Format::Audio => "wav",
            Format::Record => "docx",
            Format::RecordPdf => "pdf",
            named => named.as_str(),
        }
    }

    /// Whether it must be said whose record it is.
    pub const fn is_record(self) -> bool {
        matches!(self, Format::Record | Format::RecordPdf)
    }

    /// Whether fonts are put into the file.
    pub const fn needs_fonts(self) -> bool {
        matches!(self, Format::Pdf | Format::RecordPdf)
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

/// Told how far an export has come: done and total, in one unit. What it returns as an error ends
/// the export.
pub type Progress<'a> = &'a mut dyn FnMut(u64, u64) -> Result<(), Error>;

/// What an export is made of.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The interview.
    pub interview: &'a Interview,
    /// Its lines.
    pub segments: &'a [Segment],
    /// Its sound; without files where there is none.
    pub sound: Sound<'a>,
    /// Whether a page carries the sound.
    pub with_sound: bool,
    /// It was recorded by this program, so its times of day are known.
    pub recorded_here: bool,
    /// What paper needs.
    pub print: Print<'a>,
    /// The interview and the lines are a covered copy.
    pub redacted: Option<&'a Redacted>,
}

/// What is needed only for paper.
#[derive(Clone, Copy, Default)]
pub struct Print<'a> {
    /// Fonts, one a language; for PDF.
    pub faces: &'a [Face],
    /// The forms of a record, one or two languages.
    pub templates: &'a [Template],
    /// Whose record.
    pub person: Option<Asked>,
    /// Hash of the chain's last event; its first digits stand on every page.
    pub head: Option<&'a str>,
    /// Hash of the last link of the sound's chain; stands for the parts of a long recording.
    pub sound_head: Option<&'a str>,
    /// What was said to the lines when they were read back.
    pub read_back: &'a [ReadBack],
    /// What happened in the session beside the words, by time.
    pub happened: &'a [Happened],
    /// What the register knows of the person: the name of a field, and its value.
    pub known: &'a [(&'static str, String)],
}

impl fmt::Debug for Print<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Print")
            .field("faces", &self.faces.len())
            .field("templates", &self.templates.len())
            .field("person", &self.person)
            .finish()
    }
}

impl<'a> Source<'a> {
    /// The text alone.
    pub fn new(interview: &'a Interview, segments: &'a [Segment]) -> Self {
        Self {
            interview,
            segments,
            sound: Sound::default(),
            with_sound: true,
            recorded_here: false,
            print: Print::default(),
            redacted: None,
        }
    }

    /// The warnings that belong at the head of this export.
    fn notices(&self) -> Vec<String> {
        let copy = self.redacted.map(Redacted::notice);
        let of_lines = notices(self.segments).into_iter().map(str::to_owned);
        copy.into_iter().chain(of_lines).collect()
    }
}

/// Writes an interview and its lines in one format.
///
/// # Errors
/// What the writer says; sound that is not there, cannot be read or is too long.
pub fn write(
    format: Format,
    source: &Source<'_>,
    out: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let mut out = io::BufWriter::new(out);
    let held = match format {
        // The record's hash is of the words, and its form has words of its own for a line without.
        Format::Json | Format::Audio | Format::Record | Format::RecordPdf => source.segments.into(),
        _ => held::hold_back(source.segments),
    };
    let source = &Source {
        segments: &held,
        ..*source
    };
    match format {
        Format::Txt => txt::write(source, &mut out)?,
        Format::Json => json::write(source, &mut out)?,
        Format::Csv => csv::write(source, &mut out)?,
        Format::Srt => captions::write_srt(source, &mut out)?,
        Format::Vtt => captions::write_vtt(source, &mut out)?,
        Format::Html => html::write(source, &mut out, progress)?,
        Format::Eaf => eaf::write(source, &mut out)?,
        Format::Tmx => tmx::write(source, &mut out)?,
        Format::Audio => wav::write(source, &mut out, progress)?,
        Format::Docx => docx::write(&transcript_paper::paper(source), &mut out, progress)?,
        Format::Record => docx::write(&record_of(source)?, &mut out, progress)?,
        Format::Pdf => write_pdf(source, &transcript_paper::paper(source), &mut out, progress)?,
        Format::RecordPdf => write_pdf(source, &record_of(source)?, &mut out, progress)?,
    }
    Ok(out.flush()?)
}

fn record_of(source: &Source<'_>) -> Result<paper::Paper, Error> {
    let person = source.print.person.ok_or(Error::NoPerson)?;
    match source.print.templates {
        templates @ ([_] | [_, _]) => Ok(record::paper(source, templates, person)),
        _ => Err(Error::RecordLanguages),
    }
}

fn write_pdf(
    source: &Source<'_>,
    paper: &paper::Paper,
    out: &mut dyn Write,
    progress: Progress<'_>,
) -> Result<(), Error> {
    // English has the letters of Vietnamese.
    let shown = |lang: Lang| if lang == Lang::En { Lang::Vi } else { lang };
    let mut missing = Vec::new();
    for lang in paper.languages().into_iter().map(shown) {
        let there = source.print.faces.iter().any(|f| f.lang == lang);
        if !there && !missing.contains(&lang) {
            missing.push(lang);
        }
    }
    if !missing.is_empty() {
        return Err(Error::MissingFonts(missing));
    }
    pdf::write(paper, source.print.faces, out, progress)
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

/// Whether a machine wrote what was said, and nobody has checked it.
fn is_machine_text(segment: &Segment) -> bool {
    segment.status == Status::Machine
}

/// Whether a machine made it, here or elsewhere, and nobody has checked it.
fn is_machine_translation(t: &Translation) -> bool {
    t.status == Status::Machine
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
