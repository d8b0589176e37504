//! Translation memory, TMX 1.4b: a unit for each line that has a translation. What a machine wrote is
//! marked by a property of its side, so that no translation program takes it for a person's work.

use std::io::{self, Write};

use crate::domain::{Flag, Segment};
use crate::text::escape_markup as x;

use super::{Source, is_machine_text, is_machine_translation, one_line};

pub(super) fn write(source: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
    let interview = source.interview;
    let main = interview.languages.first();
    let srclang = main.map_or("*all*", |lang| lang.code());
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<tmx version=\"1.4\">\n\
         <header creationtool=\"mekong-interview\" creationtoolversion=\"{}\" segtype=\"block\" \
         o-tmf=\"mekong-interview\" adminlang=\"en\" srclang=\"{srclang}\" datatype=\"plaintext\">",
        env!("CARGO_PKG_VERSION")
    )?;
    for notice in source.notices() {
        writeln!(out, "  <note>{}</note>", x(&one_line(&notice)))?;
    }
    prop("interview", &interview.id.0, out)?;
    if let Some(case) = &interview.case {
        prop("case", case, out)?;
    }
    writeln!(out, "</header>\n<body>")?;
    for segment in source.segments {
        write_unit(segment, out)?;
    }
    writeln!(out, "</body>\n</tmx>")
}

fn write_unit(segment: &Segment, out: &mut dyn Write) -> io::Result<()> {
    let said = one_line(&segment.text);
    let sides: Vec<_> = segment
        .translations
        .iter()
        .map(|t| (t, one_line(&t.text)))
        .filter(|(_, words)| !words.is_empty())
        .collect();
    if said.is_empty() || sides.is_empty() || segment.quarantined().is_some() {
        return Ok(());
    }
    let (id, lang) = (segment.id.0, segment.lang);
    writeln!(out, "<tu tuid=\"{id}\" srclang=\"{lang}\">")?;
    prop("speaker", &segment.speaker, out)?;
    prop("start-ms", &segment.span.start.as_ms().to_string(), out)?;
    prop("end-ms", &segment.span.end.as_ms().to_string(), out)?;
    writeln!(out, "  <tuv xml:lang=\"{lang}\">")?;
    prop("status", segment.status.as_str(), out)?;
    by(
        is_machine_text(segment),
        &segment.author,
        &segment.flags,
        out,
    )?;
    writeln!(out, "    <seg>{}</seg>\n  </tuv>", x(&said))?;
    for (t, words) in sides {
        writeln!(out, "  <tuv xml:lang=\"{}\">", t.lang)?;
        by(is_machine_translation(t), &t.engine, &t.flags, out)?;
        writeln!(out, "    <seg>{}</seg>\n  </tuv>", x(&words))?;
    }
    writeln!(out, "</tu>")
}

/// Who or what wrote a side, and what is doubtful in it.
fn by(machine: bool, author: &str, flags: &[Flag], out: &mut dyn Write) -> io::Result<()> {
    prop("origin", if machine { "machine" } else { "person" }, out)?;
    prop("author", author, out)?;
    let doubts: Vec<&str> = flags.iter().map(|f| f.kind.as_str()).collect();
    prop("doubts", &doubts.join(" "), out)
}

/// A property of our own, as the standard names them; an empty one is left out.
fn prop(name: &str, value: &str, out: &mut dyn Write) -> io::Result<()> {
    let value = one_line(value);
    if value.is_empty() {
        return Ok(());
    }
    writeln!(out, "    <prop type=\"x-{name}\">{}</prop>", x(&value))
}
