//! CSV with a header row: `start_ms` or `start`, and `text`; the rest of our export's columns are
//! used where they are there, others are passed over.

use csv::{ErrorKind, ReaderBuilder, StringRecord, Trim};

use crate::domain::{Flag, FlagKind, Lang};

use super::time::{parse_clock, parse_seconds};
use super::{Fault, Line, Lines, parse_lang};

/// Where the columns that are used stand.
struct Columns {
    start: usize,
    end: Option<usize>,
    speaker: Option<usize>,
    status: Option<usize>,
    flags: Option<usize>,
    lang: Option<usize>,
    text: usize,
    /// Columns `translation_vi`, `text_vi` or `vi`.
    translations: Vec<(usize, Lang)>,
    /// The times are whole milliseconds, not clock times or seconds.
    start_in_ms: bool,
    end_in_ms: bool,
}

/// Reads the table. The columns may be parted by commas, semicolons or tabs, as the header has it.
pub(super) fn parse(text: &str) -> Result<Vec<Line>, Fault> {
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter(text))
        .trim(Trim::Headers)
        .from_reader(text.as_bytes());
    let columns = match reader.headers() {
        Ok(headers) => Columns::find(headers).map_err(|what| Fault::new(1, what))?,
        Err(error) => return Err(describe(&error)),
    };
    let mut lines = Lines::default();
    let mut record = StringRecord::new();
    // The reader stands where the next record starts, which is the line to name when it is wrong.
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(lines.0),
            Err(error) => return Err(describe(&error)),
        }
        let row = record.position().map_or(1, csv::Position::line);
        let line = columns
            .line(&record)
            .map_err(|what| Fault::new(row, what))?;
        lines.push(line).map_err(|what| Fault::new(row, what))?;
    }
}

/// The separator that occurs most in the header row. Spreadsheets of some countries write `;`.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |separator: u8| header.bytes().filter(|b| *b == separator).count();
    // The last of equals wins, so that a header of one column is read as comma-separated.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|s| count(*s))
        .unwrap_or(b',')
}

/// The parser's message without field contents.
fn describe(error: &csv::Error) -> Fault {
    let line = error.position().map_or(1, |p| p.line());
    let what = match error.kind() {
        ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("{len} columns, but the header row has {expected_len}")
        }
        _ => "this is no CSV".to_owned(),
    };
    Fault::new(line, what)
}

impl Columns {
    fn find(headers: &StringRecord) -> Result<Self, String> {
        let names: Vec<String> = headers.iter().map(str::to_ascii_lowercase).collect();
        let find = |name: &str| names.iter().position(|n| n == name);
        let (start, start_in_ms) = find("start_ms")
            .map(|i| (i, true))
            .or_else(|| find("start").map(|i| (i, false)))
            .ok_or("the header row names no column start_ms or start")?;
        let (end, end_in_ms) = match (find("end_ms"), find("end")) {
            (Some(i), _) => (Some(i), true),
            (None, other) => (other, false),
        };
        let translations = names
            .iter()
            .enumerate()
            .filter_map(|(i, name)| {
                let code = name
                    .strip_prefix("translation_")
                    .or_else(|| name.strip_prefix("text_"));
                Some((i, code.unwrap_or(name).parse().ok()?))
            })
            .collect();
        Ok(Self {
            start,
            end,
            speaker: find("speaker"),
            status: find("status"),
            flags: find("flags"),
            lang: find("lang").or_else(|| find("language")),
            text: find("text").ok_or("the header row names no column text")?,
            translations,
            start_in_ms,
            end_in_ms,
        })
    }

    fn line(&self, record: &StringRecord) -> Result<Line, String> {
        let field = |i: usize| record.get(i).unwrap_or_default();
        let filled = |i: Option<usize>| i.map(field).filter(|f| !f.trim().is_empty());
        let lang = filled(self.lang).map(parse_lang).transpose()?;
        let translations = self.translations.iter();
        let machine = filled(self.status) == Some("machine");
        Ok(Line {
            speaker: filled(self.speaker).map(|f| unquote(f).to_owned()),
            start_ms: parse_time(field(self.start), self.start_in_ms)
                .ok_or("the start is not a time")?,
            end_ms: filled(self.end)
                .map(|f| parse_time(f, self.end_in_ms).ok_or("the end is not a time"))
                .transpose()?,
            lang,
            text: unquote(field(self.text)).to_owned(),
            // A table with one column a language repeats the text in its own column.
            translations: translations
                .map(|(i, to)| (*to, unquote(field(*i)).to_owned()))
                .filter(|(to, _)| Some(*to) != lang)
                .collect(),
            machine,
            machine_translations: machine,
            flags: filled(self.flags)
                .unwrap_or_default()
                .split_whitespace()
                .filter_map(|name| FlagKind::parse(name).map(Flag::new))
                .collect(),
        })
    }
}

/// Takes away the apostrophe that our export sets before a text which a spreadsheet would run as a
/// formula.
fn unquote(field: &str) -> &str {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    match field.strip_prefix('\'') {
        Some(text) if text.starts_with(['\t', '\r', '\n']) => text,
        Some(text) if text.trim_start().starts_with(FORMULA) => text,
        _ => field,
    }
}

fn parse_time(field: &str, in_ms: bool) -> Option<u64> {
    let field = field.trim();
    if in_ms {
        return field
            .bytes()
            .all(|b| b.is_ascii_digit())
            .then(|| field.parse().ok())?;
    }
    parse_clock(field).or_else(|| parse_seconds(field))
}
