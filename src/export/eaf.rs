//! ELAN's annotation format, version 3.0: a tier for each speaker and language with what was said, and
//! below it, line by line, a tier for each translation and one for who wrote what and what is
//! doubtful.

use std::io::{self, Write};

use crate::domain::{Flag, Lang, Segment};
use crate::text::escape_markup as x;

use super::{
    Source, clean_lines, is_machine_text, is_machine_translation, one_line, placeholder,
    target_languages,
};

/// What a tier holds: the lines of one speaker in one language that do not overlap.
struct Tier<'a> {
    name: String,
    speaker: String,
    lang: Lang,
    lines: Vec<(usize, &'a Segment)>,
    /// Where the last line ends: ELAN allows no overlap in a tier.
    end_ms: u64,
}

pub(super) fn write(source: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
    let tiers = tiers(source.segments);
    let targets = target_languages(source.interview, source.segments);
    write_head(source, out)?;
    writeln!(out, "<TIME_ORDER>")?;
    for (number, segment) in source.segments.iter().enumerate() {
        let (start, end) = times(segment);
        let (first, second) = slots(number);
        writeln!(
            out,
            "<TIME_SLOT TIME_SLOT_ID=\"{first}\" TIME_VALUE=\"{start}\"/>\
             <TIME_SLOT TIME_SLOT_ID=\"{second}\" TIME_VALUE=\"{end}\"/>"
        )?;
    }
    writeln!(out, "</TIME_ORDER>")?;
    for tier in &tiers {
        write_tier(tier, out)?;
        for &lang in targets.iter().filter(|l| **l != tier.lang) {
            write_translations(tier, lang, out)?;
        }
        write_origins(tier, out)?;
    }
    write_foot(&targets, &tiers, out)
}

fn write_head(source: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
    let interview = source.interview;
    let annotations = source.segments.len().saturating_mul(LAST_PART);
    writeln!(
        out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ANNOTATION_DOCUMENT \
         AUTHOR=\"mekong-interview\" DATE=\"{}\" FORMAT=\"3.0\" VERSION=\"3.0\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xsi:noNamespaceSchemaLocation=\"http://www.mpi.nl/tools/elan/EAFv3.0.xsd\">\n\
         <HEADER MEDIA_FILE=\"\" TIME_UNITS=\"milliseconds\">",
        date(&interview.started)
    )?;
    // A covered copy does not lead to the recording.
    let media = interview.audio.iter().filter(|_| source.redacted.is_none());
    for audio in media {
        let path = x(&url(&audio.path));
        writeln!(
            out,
            "<MEDIA_DESCRIPTOR MEDIA_URL=\"file:{path}\" MIME_TYPE=\"{}\" \
             RELATIVE_MEDIA_URL=\"./{path}\"/>",
            media_type(&audio.path)
        )?;
    }
    let mut property = |name: &str, value: &str| {
        let value = x(&one_line(value));
        writeln!(out, "<PROPERTY NAME=\"{name}\">{value}</PROPERTY>")
    };
    property("interview", &interview.id.0)?;
    if let Some(case) = &interview.case {
        property("case", case)?;
    }
    for audio in &interview.audio {
        property("sha256", &audio.sha256)?;
    }
    for notice in source.notices() {
        property("notice", &notice)?;
    }
    property("lastUsedAnnotationId", &annotations.to_string())?;
    writeln!(out, "</HEADER>")
}

/// The schema wants a date and time; of what the store has only that form is passed on.
fn date(started: &str) -> String {
    started
        .parse::<jiff::Timestamp>()
        .map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |at| at.to_string())
}

fn media_type(path: &str) -> &'static str {
    let ending = path.rsplit('.').next().unwrap_or_default();
    match ending.to_ascii_lowercase().as_str() {
        "wav" => "audio/x-wav",
        "mp3" => "audio/mpeg",
        "mp4" | "m4a" => "video/mp4",
        "flac" => "audio/flac",
        _ => "audio/*",
    }
}

/// A path as part of a URL.
fn url(path: &str) -> String {
    let mut url = String::new();
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                url.push(char::from(byte));
            }
            _ => url.push_str(&format!("%{byte:02X}")),
        }
    }
    url
}

/// An annotation must have a length.
fn times(segment: &Segment) -> (u64, u64) {
    let start = segment.span.start.as_ms();
    (start, segment.span.end.as_ms().max(start.saturating_add(1)))
}

fn slots(number: usize) -> (String, String) {
    let first = number.saturating_mul(2).saturating_add(1);
    (
        format!("ts{first}"),
        format!("ts{}", first.saturating_add(1)),
    )
}

/// Annotations of one line: what was said, each translation, the origin.
const LAST_PART: usize = 2 + Lang::ALL.len();

/// Names the annotation of one line: part 0 is what was said.
fn annotation(number: usize, part: usize) -> String {
    let first = number.saturating_mul(LAST_PART).saturating_add(1);
    format!("a{}", first.saturating_add(part))
}

fn part_of(lang: Lang) -> usize {
    let place = Lang::ALL.iter().position(|l| *l == lang);
    place.unwrap_or_default().saturating_add(1)
}

fn tiers(segments: &[Segment]) -> Vec<Tier<'_>> {
    let mut order: Vec<(usize, &Segment)> = segments.iter().enumerate().collect();
    order.sort_by_key(|(number, s)| (s.span.start, *number));
    let mut tiers: Vec<Tier<'_>> = Vec::new();
    for (number, segment) in order {
        let speaker = one_line(&segment.speaker);
        let (start, end) = times(segment);
        let own = |t: &&mut Tier<'_>| t.speaker == speaker && t.lang == segment.lang;
        match tiers.iter_mut().filter(own).find(|t| t.end_ms <= start) {
            Some(tier) => {
                tier.lines.push((number, segment));
                tier.end_ms = end;
            }
            None => {
                let same = tiers.iter_mut().filter(own).count();
                let shown = if speaker.is_empty() {
                    "speaker"
                } else {
                    &speaker
                };
                let mut name = format!("{shown} ({})", segment.lang);
                if same > 0 {
                    name.push_str(&format!(" {}", same.saturating_add(1)));
                }
                // Two speakers' names may differ in nothing that can be seen.
                while tiers.iter().any(|t| t.name == name) {
                    name.push('\'');
                }
                tiers.push(Tier {
                    name,
                    speaker,
                    lang: segment.lang,
                    lines: vec![(number, segment)],
                    end_ms: end,
                });
            }
        }
    }
    tiers
}

fn write_tier(tier: &Tier<'_>, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<TIER LANG_REF=\"{}\" LINGUISTIC_TYPE_REF=\"said\" PARTICIPANT=\"{}\" TIER_ID=\"{}\">",
        iso(tier.lang),
        x(&tier.speaker),
        x(&tier.name)
    )?;
    for (number, segment) in &tier.lines {
        let (first, second) = slots(*number);
        let words = match clean_lines(&segment.text) {
            lines if lines.is_empty() => placeholder(segment).to_owned(),
            lines => lines.join("\n"),
        };
        writeln!(
            out,
            "<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID=\"{}\" TIME_SLOT_REF1=\"{first}\" \
             TIME_SLOT_REF2=\"{second}\"><ANNOTATION_VALUE>{}</ANNOTATION_VALUE>\
             </ALIGNABLE_ANNOTATION></ANNOTATION>",
            annotation(*number, 0),
            x(&words)
        )?;
    }
    writeln!(out, "</TIER>")
}

fn write_translations(tier: &Tier<'_>, lang: Lang, out: &mut dyn Write) -> io::Result<()> {
    open_below(tier, "translation", lang.code(), Some(lang), out)?;
    for (number, segment) in &tier.lines {
        let Some(t) = segment.translations.iter().find(|t| t.lang == lang) else {
            continue;
        };
        let words = clean_lines(&t.text).join("\n");
        write_below(*number, part_of(lang), &words, out)?;
    }
    writeln!(out, "</TIER>")
}

/// Who or what wrote each text, and its doubts.
fn write_origins(tier: &Tier<'_>, out: &mut dyn Write) -> io::Result<()> {
    open_below(tier, "origin", "origin", None, out)?;
    for (number, segment) in &tier.lines {
        let machine = is_machine_text(segment);
        let status = segment.status.as_str();
        let mut parts = vec![origin(
            segment.lang,
            machine,
            status,
            &segment.author,
            &segment.flags,
        )];
        for t in &segment.translations {
            let machine = is_machine_translation(t);
            let status = if machine { "machine" } else { "person" };
            parts.push(origin(t.lang, machine, status, &t.engine, &t.flags));
        }
        write_below(*number, LAST_PART - 1, &parts.join("\n"), out)?;
    }
    writeln!(out, "</TIER>")
}

fn origin(lang: Lang, machine: bool, status: &str, author: &str, flags: &[Flag]) -> String {
    let by = if machine { "machine" } else { status };
    let doubts: Vec<&str> = flags.iter().map(|f| f.kind.as_str()).collect();
    let text = format!("{lang}: {by} {} {}", one_line(author), doubts.join(" "));
    one_line(&text)
}

fn open_below(
    tier: &Tier<'_>,
    kind: &str,
    ending: &str,
    lang: Option<Lang>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let lang = lang.map_or(String::new(), |l| format!("LANG_REF=\"{}\" ", iso(l)));
    let (speaker, parent) = (x(&tier.speaker), x(&tier.name));
    writeln!(
        out,
        "<TIER {lang}LINGUISTIC_TYPE_REF=\"{kind}\" PARENT_REF=\"{parent}\" \
         PARTICIPANT=\"{speaker}\" TIER_ID=\"{parent} - {ending}\">"
    )
}

fn write_below(number: usize, part: usize, words: &str, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<ANNOTATION><REF_ANNOTATION ANNOTATION_ID=\"{}\" ANNOTATION_REF=\"{}\">\
         <ANNOTATION_VALUE>{}</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>",
        annotation(number, part),
        annotation(number, 0),
        x(words)
    )
}

fn write_foot(targets: &[Lang], tiers: &[Tier<'_>], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<LINGUISTIC_TYPE GRAPHIC_REFERENCES=\"false\" LINGUISTIC_TYPE_ID=\"said\" \
         TIME_ALIGNABLE=\"true\"/>"
    )?;
    for kind in ["translation", "origin"] {
        writeln!(
            out,
            "<LINGUISTIC_TYPE CONSTRAINTS=\"Symbolic_Association\" GRAPHIC_REFERENCES=\"false\" \
             LINGUISTIC_TYPE_ID=\"{kind}\" TIME_ALIGNABLE=\"false\"/>"
        )?;
    }
    let used = |lang: &Lang| targets.contains(lang) || tiers.iter().any(|t| t.lang == *lang);
    for lang in Lang::ALL.into_iter().filter(used) {
        let (code, name) = (iso(lang), lang.name());
        writeln!(
            out,
            "<LANGUAGE LANG_ID=\"{code}\" LANG_LABEL=\"{name} ({code})\"/>"
        )?;
    }
    writeln!(
        out,
        "<CONSTRAINT DESCRIPTION=\"1-1 association with a parent annotation\" \
         STEREOTYPE=\"Symbolic_Association\"/>\n</ANNOTATION_DOCUMENT>"
    )
}

/// ISO 639-3, as ELAN's list of languages has it.
const fn iso(lang: Lang) -> &'static str {
    match lang {
        Lang::Zh => "cmn",
        Lang::Vi => "vie",
        Lang::Th => "tha",
        Lang::My => "mya",
        Lang::Lo => "lao",
        Lang::Km => "khm",
        Lang::En => "eng",
    }
}
