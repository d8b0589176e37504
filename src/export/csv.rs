//! A table for spreadsheets: UTF-8 with a byte-order mark, one row a line, no cell that a spreadsheet
//! would run as a formula, and in the last column the notice that a machine wrote the row.

use std::io::{self, Write};

use ::csv::{ErrorKind, Terminator, WriterBuilder};

use super::{Source, is_hidden, target_languages, timecode};
use crate::domain::{Flag, Interpreted, Lang, Segment};

/// Without it, spreadsheets read UTF-8 as the system's old code page.
const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

pub(super) fn write(source: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
    let Source {
        interview,
        segments,
        ..
    } = *source;
    out.write_all(BYTE_ORDER_MARK)?;
    let mut table = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(out);
    let languages = target_languages(interview, segments);
    table.write_record(header(&languages)).map_err(to_io)?;
    let layers = Interpreted::of(segments);
    for segment in segments {
        table
            .write_record(record(segment, &languages, &layers, source))
            .map_err(to_io)?;
    }
    table.flush()
}

fn header(languages: &[Lang]) -> Vec<String> {
    let fixed = [
        "id",
        "start",
        "end",
        "start_ms",
        "end_ms",
        "speaker",
        "lang",
        "text",
        "status",
        "author",
        "confidence",
        "flags",
    ];
    let mut names: Vec<String> = fixed.into_iter().map(str::to_owned).collect();
    for lang in languages {
        names.extend(
            ["translation", "engine", "flags"]
                .into_iter()
                .map(|name| format!("{name}_{lang}")),
        );
    }
    names.extend(["renders", "notice"].map(str::to_owned));
    names
}

fn record(
    segment: &Segment,
    languages: &[Lang],
    layers: &Interpreted,
    source: &Source<'_>,
) -> Vec<String> {
    let (start, end) = (segment.span.start.as_ms(), segment.span.end.as_ms());
    let mut cells = vec![
        segment.id.0.to_string(),
        timecode(start),
        timecode(end),
        start.to_string(),
        end.to_string(),
        cell(&segment.speaker),
        segment.lang.to_string(),
        cell(&segment.text),
        segment.status.as_str().to_owned(),
        cell(&segment.author),
        segment
            .confidence
            .map(|c| format!("{c:.4}"))
            .unwrap_or_default(),
        flags(&segment.flags),
    ];
    for lang in languages {
        match segment.translations.iter().find(|t| t.lang == *lang) {
            Some(t) => cells.extend([cell(&t.text), cell(&t.engine), flags(&t.flags)]),
            None => cells.extend([String::new(), String::new(), String::new()]),
        }
    }
    let rendered = layers.renders(segment.id).iter();
    let rendered: Vec<String> = rendered.map(|id| id.0.to_string()).collect();
    cells.push(rendered.join(" "));
    let row = Source {
        segments: std::slice::from_ref(segment),
        ..*source
    };
    cells.push(row.notices().join("; "));
    cells
}

fn flags(flags: &[Flag]) -> String {
    let names: Vec<&str> = flags.iter().map(|f| f.kind.as_str()).collect();
    names.join(" ")
}

/// A text that no spreadsheet takes for a formula: an apostrophe before it says 'text'.
fn cell(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|&c| c == '\n' || c == '\r' || !is_hidden(c))
        .collect();
    let starts_formula = kept.starts_with(['\t', '\r', '\n'])
        || kept
            .trim_start()
            .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if starts_formula {
        format!("'{kept}")
    } else {
        kept
    }
}

fn to_io(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ErrorKind::Io(cause) => cause,
        _ => io::Error::other("a row of the table could not be written"),
    }
}
