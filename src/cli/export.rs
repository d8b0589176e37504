//! `mekong export` and `mekong templates`: what may be typed, and writing it out.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};

use crate::app::{self, App};
use crate::domain::{Asked, Lang};
use crate::export;

use super::Failure;
use super::args::Json;
use super::interrupt::cancel_on_ctrl_c;
use super::print::{Out, count, plain, say};
use super::progress::Watch;

/// `mekong export`
#[derive(Debug, Args)]
pub struct Export {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The form of the file.
    #[arg(long)]
    pub format: Format,
    /// The file to write; - for standard output.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub force: bool,
    /// A page without the sound.
    #[arg(long)]
    pub no_sound: bool,
    /// Cover what this list names, in both languages and in the sound: a TOML file with [[redact]],
    /// a reason, and words = [...], line = N, or from and to; - for standard input, so that the list
    /// lies on no disk.
    #[arg(long, value_name = "FILE")]
    pub redact: Option<PathBuf>,
    /// Whose record it is.
    #[arg(long, value_name = "PERSON")]
    pub of: Option<Asked>,
    /// The languages of a record, one or two, for example zh,vi; without it those of the interview.
    #[arg(long, value_delimiter = ',', value_name = "LANGS")]
    pub languages: Vec<Lang>,
}

impl ValueEnum for Asked {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self {
            Asked::Suspect => "Suspected of a crime",
            Asked::Victim => "Harmed by one",
            Asked::Witness => "Saw or heard something",
        };
        Some(PossibleValue::new(self.as_str()).help(help))
    }
}

/// The forms that an export can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Plain text.
    Txt,
    /// As `show --json`.
    Json,
    /// A table.
    Csv,
    /// SubRip subtitles.
    Srt,
    /// WebVTT subtitles.
    Vtt,
    /// One page for a browser, with the sound in it.
    Html,
    /// ELAN's annotation format.
    Eaf,
    /// Translation memory, TMX 1.4b.
    Tmx,
    /// The transcript for a word processor.
    Docx,
    /// The transcript for paper.
    Pdf,
    /// The record to be signed: DOCX, or PDF where the file's name ends in .pdf.
    Record,
    /// The record to be signed, as PDF.
    RecordPdf,
    /// A copy of the sound, 16 kHz WAV.
    Audio,
}

pub(super) fn export(app: &App, typed: &Export, out: &mut Out) -> Result<(), Failure> {
    let ending = typed.out.extension().unwrap_or_default();
    let is_pdf = ending.eq_ignore_ascii_case("pdf");
    let format = match typed.format {
        Format::Txt => export::Format::Txt,
        Format::Json => export::Format::Json,
        Format::Csv => export::Format::Csv,
        Format::Srt => export::Format::Srt,
        Format::Vtt => export::Format::Vtt,
        Format::Html => export::Format::Html,
        Format::Eaf => export::Format::Eaf,
        Format::Tmx => export::Format::Tmx,
        Format::Docx => export::Format::Docx,
        Format::Pdf => export::Format::Pdf,
        Format::Record if is_pdf => export::Format::RecordPdf,
        Format::Record => export::Format::Record,
        Format::RecordPdf => export::Format::RecordPdf,
        Format::Audio => export::Format::Audio,
    };
    let choices = app::ExportChoices {
        sound: !typed.no_sound,
        person: typed.of,
        languages: typed.languages.clone(),
        redact: typed.redact.clone(),
    };
    let cancel = cancel_on_ctrl_c("nothing is left behind.");
    let watch = Watch::new();
    let watcher = |p| watch.hear(p);
    if typed.out == Path::new("-") {
        let told = app.export_to(&typed.id, format, &choices, out, &cancel, &watcher)?;
        say_covered(&told);
        return Ok(());
    }
    let place = (typed.out.as_path(), typed.force);
    let told = app.export(&typed.id, format, &choices, place, &cancel, &watcher)?;
    drop(watch);
    say_covered(&told);
    Ok(writeln!(
        out,
        "written: {}",
        plain(&typed.out.display().to_string())
    )?)
}

fn say_covered(told: &app::Exported) {
    if let Some((places, lines)) = told.covered {
        say(&format!(
            "{} covered in {}; read the copy before it leaves the house.",
            count(places as u64, "place"),
            count(lines as u64, "line")
        ));
    }
}

pub(super) fn templates(app: &App, form: &Json, out: &mut Out) -> Result<(), Failure> {
    let written = app.copy_templates()?;
    if form.json {
        return Ok(out.json(&written)?);
    }
    for path in &written {
        writeln!(out, "written: {}", plain(&path.display().to_string()))?;
    }
    if written.is_empty() {
        say("All forms are there already; none was changed.");
    }
    Ok(())
}
