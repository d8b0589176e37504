//! Standard output and standard error: one place that knows colours, terminals and broken pipes.

use std::borrow::Cow;
use std::io::{self, BufWriter, IsTerminal, Write};

use serde::Serialize;

use crate::domain::{Flag, FlagKind, Lang};

/// Standard output.
pub(super) struct Out {
    sink: BufWriter<Box<dyn Write>>,
    colour: bool,
}

/// How a part of a line looks on a terminal.
#[derive(Clone, Copy)]
pub(super) enum Look {
    /// Speakers, names.
    Strong,
    /// Times, paths.
    Faint,
    /// Doubts.
    Warning,
    /// What a search found.
    Found,
}

impl Look {
    const fn code(self) -> &'static str {
        match self {
            Look::Strong => "1",
            Look::Faint => "2",
            Look::Warning => "33",
            Look::Found => "1;4",
        }
    }
}

impl Out {
    /// Standard output as this process has it.
    pub(super) fn new() -> Self {
        let stdout = io::stdout();
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
            || std::env::var_os("TERM").is_some_and(|t| t == "dumb");
        let colour = stdout.is_terminal() && !plain;
        Self {
            sink: BufWriter::new(Box::new(stdout)),
            colour,
        }
    }

    /// Something else in its place, without colours.
    #[cfg(test)]
    pub(super) fn to(sink: Box<dyn Write>) -> Self {
        Self {
            sink: BufWriter::new(sink),
            colour: false,
        }
    }

    /// `text` in a look, on a terminal only, and never with control characters of its own.
    pub(super) fn paint(&self, look: Look, text: &str) -> String {
        let text = plain(text);
        if self.colour {
            format!("\x1b[{}m{text}\x1b[0m", look.code())
        } else {
            text.into_owned()
        }
    }

    /// One JSON value and the end of the line.
    pub(super) fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut *self, value)?;
        self.write_all(b"\n")
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

/// A line on standard error. A closed one is no reason to stop working.
pub(super) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", plain(line));
}

/// A failure and the next step on standard error.
pub(super) fn say_error(error: &str, next: &str) {
    say(&format!("mekong: {error}"));
    say(&format!("  next: {next}"));
}

/// `text` without what could move the cursor, change colours or turn the direction of writing:
/// words and file names come from outside.
pub(super) fn plain(text: &str) -> Cow<'_, str> {
    let harmful =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if text.contains(harmful) {
        text.chars()
            .map(|c| if harmful(c) { ' ' } else { c })
            .collect::<String>()
            .into()
    } else {
        text.into()
    }
}

/// `01:02:03.4` for a position in a recording.
pub(super) fn clock(ms: u64) -> String {
    let (seconds, tenths) = (ms / 1000, ms % 1000 / 100);
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{tenths}", seconds % 60)
}

/// `01:02:03` for a length.
pub(super) fn length(ms: u64) -> String {
    let seconds = ms / 1000;
    format!(
        "{:02}:{:02}:{:02}",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}

/// `1.2 GB` for a size.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        b if b >= 1_000_000_000 => format!("{:.1} GB", b as f64 / 1e9),
        b if b >= 1_000_000 => format!("{:.1} MB", b as f64 / 1e6),
        b => format!("{:.1} kB", b as f64 / 1e3),
    }
}

/// `1 line`, `2 lines`.
pub(super) fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// `zh, vi` for a list of languages.
pub(super) fn codes(languages: &[Lang]) -> String {
    languages
        .iter()
        .map(|l| l.code())
        .collect::<Vec<_>>()
        .join(", ")
}

/// The doubts that a person should look at, for example `number-mismatch (3500 | 350)`. That a
/// practice model wrote the line is said once, not on every line.
pub(super) fn doubts(flags: &[Flag]) -> Vec<String> {
    flags
        .iter()
        .filter(|f| f.kind != FlagKind::PracticeModel)
        .map(|f| match f.detail.as_str() {
            "" => f.kind.as_str().to_owned(),
            detail => format!("{} ({detail})", f.kind.as_str()),
        })
        .collect()
}

/// Whether a practice model wrote what carries these flags.
pub(super) fn practice(flags: &[Flag]) -> bool {
    flags.iter().any(|f| f.kind == FlagKind::PracticeModel)
}

/// Said once where a practice model wrote something.
pub(super) const PRACTICE_NOTE: &str =
    "note: written by practice models, which know only the practice sentences.";

/// The text forms of the flags' kinds, for JSON.
pub(super) fn kinds(flags: &[Flag]) -> Vec<&'static str> {
    flags.iter().map(|f| f.kind.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes() {
        assert_eq!(clock(3_723_456), "01:02:03.4");
        assert_eq!(length(3_723_999), "01:02:03");
        assert_eq!(size(1_234_567), "1.2 MB");
        assert_eq!(
            (count(1, "line"), count(2, "line")),
            ("1 line".into(), "2 lines".into())
        );
    }

    #[test]
    fn nothing_that_steers_a_terminal_gets_through_and_all_letters_do() {
        assert_eq!(plain("a\u{1b}[31mb\u{202e}c\nd\u{9b}e"), "a [31mb c d e");
        for word in [
            "护照",
            "hộ chiếu",
            "หนังสือเดินทาง",
            "နိုင်ငံကူးလက်မှတ်",
            "ໜັງສືຜ່ານແດນ",
            "លិខិតឆ្លងដែន",
            "ឱ្យ\u{200b}",
        ] {
            assert_eq!(plain(word), word);
        }
    }

    #[test]
    fn practice_is_no_doubt_about_a_line() {
        let flags = [
            Flag::new(FlagKind::PracticeModel),
            Flag::with(FlagKind::NumberMismatch, "3500 | 350"),
        ];
        assert_eq!(doubts(&flags), ["number-mismatch (3500 | 350)"]);
        assert!(practice(&flags));
        assert_eq!(kinds(&flags), ["practice-model", "number-mismatch"]);
    }
}
