//! Reading an interview back from the form in which [`Format::Json`](super::Format) writes it: what a
//! bundle's copies are made of, and what a partner's interview is searched and shown from. Programs of an
//! earlier version told less; kinds and words that a later one adds are left out.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::{
    AudioFile, Channel, Flag, FlagKind, Interview, InterviewId, Lang, SamplePos, Segment,
    SegmentId, Span, Status, TermUse, Translation,
};

/// What was read.
#[derive(Debug)]
pub struct JsonInterview {
    /// The interview.
    pub interview: Interview,
    /// Its lines in their order.
    pub segments: Vec<Segment>,
    /// What a covered copy was made of.
    pub covered: Option<Covered>,
}

/// What a covered copy was made of.
#[derive(Debug, Deserialize)]
pub struct Covered {
    /// The hash of the last event of the interview, 64 digits.
    pub parent_sha256: String,
    /// Places that are covered.
    pub places: usize,
    /// Lines that hold them.
    pub lines: usize,
    /// Sound outside of the lines is left out.
    pub silent: bool,
}

#[derive(Deserialize)]
struct Shown {
    id: String,
    case: Option<String>,
    languages: Vec<Lang>,
    started: String,
    duration_ms: u64,
    #[serde(default)]
    audio: Vec<AudioFile>,
    #[serde(default)]
    channels: Vec<Channel>,
    source: Option<String>,
    #[serde(default)]
    notes: Vec<String>,
    segments: Vec<Line>,
    redaction: Option<Covered>,
}

#[derive(Deserialize)]
struct Line {
    id: i64,
    start_ms: u64,
    end_ms: u64,
    speaker: String,
    lang: Lang,
    text: String,
    #[serde(default)]
    flags: Vec<String>,
    status: String,
    translations: Vec<Made>,
    #[serde(default)]
    channel: u16,
    #[serde(default)]
    author: String,
    #[serde(default)]
    version: u32,
    #[serde(default)]
    flag_details: Vec<Value>,
}

#[derive(Deserialize)]
struct Made {
    lang: Lang,
    text: String,
    #[serde(default)]
    engine: String,
    #[serde(default)]
    terms: Vec<TermUse>,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    of_version: u32,
    status: Option<String>,
    by_person: Option<bool>,
    #[serde(default)]
    flag_details: Vec<Value>,
}

/// Reads an interview; `None` for anything else.
pub fn read_json(json: &[u8]) -> Option<JsonInterview> {
    let shown: Shown = serde_json::from_slice(json).ok()?;
    Some(JsonInterview {
        interview: Interview {
            id: InterviewId(shown.id),
            case: shown.case,
            languages: shown.languages,
            started: shown.started,
            duration_ms: shown.duration_ms,
            audio: shown.audio,
            source: shown.source,
            notes: shown.notes,
            channels: shown.channels,
        },
        segments: shown.segments.into_iter().map(segment).collect(),
        covered: shown.redaction,
    })
}

fn segment(line: Line) -> Segment {
    let [start, end] = [line.start_ms, line.end_ms].map(SamplePos::from_ms);
    Segment {
        channel: line.channel,
        speaker: line.speaker,
        text: line.text,
        flags: flags(&line.flags, line.flag_details),
        // One that is not known here is no machine's.
        status: Status::parse(&line.status).unwrap_or(Status::Edited),
        author: line.author,
        version: line.version,
        translations: line.translations.into_iter().map(translation).collect(),
        ..Segment::new(SegmentId(line.id), Span::new(start, end), line.lang)
    }
}

fn translation(made: Made) -> Translation {
    // Programs of an earlier version told no status.
    let machine = made.status.is_none() && made.by_person == Some(false);
    let told = made.status.as_deref().and_then(Status::parse);
    Translation {
        lang: made.lang,
        text: made.text,
        engine: made.engine,
        status: told.unwrap_or(if machine {
            Status::Machine
        } else {
            Status::Edited
        }),
        log_prob: None,
        terms: made.terms,
        flags: flags(&made.flags, made.flag_details),
        of_version: made.of_version,
    }
}

/// The doubts in their order, each with its detail where it has one.
fn flags(kinds: &[String], details: Vec<Value>) -> Vec<Flag> {
    let details = details.into_iter();
    let details = details.filter_map(|detail| serde_json::from_value::<Flag>(detail).ok());
    let mut details = details.peekable();
    let kinds = kinds.iter().filter_map(|kind| FlagKind::parse(kind));
    kinds
        .map(|kind| {
            let detailed = details.next_if(|flag| flag.kind == kind);
            detailed.unwrap_or_else(|| Flag::new(kind))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_earlier_program_did_not_tell_is_read_all_the_same() {
        for (told, status) in [
            (json!({"by_person": false}), Status::Machine),
            (json!({"by_person": true}), Status::Edited),
            (json!({}), Status::Edited),
            (
                json!({"status": "machine", "by_person": true}),
                Status::Machine,
            ),
            (json!({"status": "sworn"}), Status::Edited),
        ] {
            let mut made = json!({"lang": "km", "text": "សុខា"});
            let fields = told.as_object().unwrap().clone();
            made.as_object_mut().unwrap().extend(fields);
            let line = json!({"id": 7, "start_ms": 10, "end_ms": 20, "speaker": "all", "lang": "lo",
                "text": "ສົມພອນ", "status": "machine", "translations": [made],
                "flags": ["zawgyi", "of-tomorrow"], "flag_details": [{"kind": "of-tomorrow"}]});
            let json = json!({"id": "a", "case": null, "languages": ["lo", "km"], "duration_ms": 20,
                "started": "2026-11-24T09:00:00Z", "segments": [line]});
            let read = read_json(json.to_string().as_bytes()).unwrap();
            let line = &read.segments[0];
            assert_eq!(line.translations[0].status, status, "{told}");
            assert_eq!(line.flags, [Flag::new(FlagKind::Zawgyi)]);
            assert!(read.covered.is_none());
        }
    }
}
