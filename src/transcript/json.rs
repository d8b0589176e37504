//! JSON in the form of `mekong show --json`; of a segment only `start_ms`, `lang` and `text` must be
//! there.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};

use crate::domain::{Flag, FlagKind};

use super::{Fault, Line, Lines, parse_lang};

#[derive(Deserialize)]
#[serde(expecting = "an object with segments")]
struct Document {
    #[serde(deserialize_with = "read_segments")]
    segments: Vec<Line>,
}

#[derive(Deserialize)]
#[serde(expecting = "a segment")]
struct Row {
    start_ms: u64,
    end_ms: Option<u64>,
    speaker: Option<String>,
    lang: String,
    text: String,
    #[serde(default)]
    translations: Vec<Rendering>,
    status: Option<String>,
    #[serde(default)]
    flags: Vec<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "a translation")]
struct Rendering {
    lang: String,
    text: String,
    status: Option<String>,
    by_person: Option<bool>,
}

/// Reads the document. What is not asked for is skipped without recursion, so that no nesting can
/// exhaust the stack.
pub(super) fn parse(text: &str) -> Result<Vec<Line>, Fault> {
    serde_json::from_str::<Document>(text)
        .map(|document| document.segments)
        .map_err(|e| Fault::new(e.line().max(1) as u64, describe(&e)))
}

/// The parser's message without its place, which we name ourselves, and without the value it
/// stumbled over, which may be somebody's words.
fn describe(error: &serde_json::Error) -> String {
    let full = error.to_string();
    let message = full
        .rsplit_once(" at line ")
        .map_or(full.as_str(), |(message, _)| message);
    match message.rsplit_once(", expected ") {
        Some((_, wanted)) => format!("expected {wanted}"),
        None => message.to_owned(),
    }
}

/// Reads segment by segment, so that every bound is kept while reading and an error has its line.
fn read_segments<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Line>, D::Error> {
    struct Segments;

    impl<'de> Visitor<'de> for Segments {
        type Value = Vec<Line>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of segments")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Vec<Line>, A::Error> {
            let mut lines = Lines::default();
            let mut count = 0_u64;
            while let Some(row) = rows.next_element::<Row>()? {
                count += 1;
                // The parser knows the line of the file only roughly here, so the segment is named too.
                row.into_line()
                    .and_then(|line| lines.push(line))
                    .map_err(|what| de::Error::custom(format!("segment {count}: {what}")))?;
            }
            Ok(lines.0)
        }
    }

    deserializer.deserialize_seq(Segments)
}

impl Row {
    fn into_line(self) -> Result<Line, String> {
        let is_machine = |status: Option<&String>| status.is_some_and(|s| s == "machine");
        let machine = is_machine(self.status.as_ref());
        let made = |t: &Rendering| is_machine(t.status.as_ref()) || t.by_person == Some(false);
        let machine_translations = machine || self.translations.iter().any(made);
        let translations = self.translations.into_iter();
        Ok(Line {
            speaker: self.speaker,
            start_ms: self.start_ms,
            end_ms: self.end_ms,
            lang: Some(parse_lang(&self.lang)?),
            text: self.text,
            translations: translations
                .map(|t| Ok((parse_lang(&t.lang)?, t.text)))
                .collect::<Result<_, String>>()?,
            machine,
            machine_translations,
            flags: self
                .flags
                .iter()
                .filter_map(|text| FlagKind::parse(text).map(Flag::new))
                .collect(),
        })
    }
}
