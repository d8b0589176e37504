//! JSON in the form of `show --json`. Field names are a promise to scripts: add, never rename.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::{Source, is_machine_translation};
use crate::domain::{
    AudioFile, Channel, Flag, Interpreted, Interview, Lang, Segment, SegmentId, TermUse,
    Translation, Word,
};

#[derive(Deserialize, Serialize)]
struct InterviewForm<'a> {
    id: Cow<'a, str>,
    case: Option<Cow<'a, str>>,
    languages: Cow<'a, [Lang]>,
    started: Cow<'a, str>,
    duration_ms: u64,
    audio: Cow<'a, [AudioFile]>,
    channels: Cow<'a, [Channel]>,
    source: Option<Cow<'a, str>>,
    notes: Cow<'a, [String]>,
    segments: Vec<SegmentForm<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redaction: Option<RedactionForm<'a>>,
}

/// What a covered copy was made of.
#[derive(Deserialize, Serialize)]
struct RedactionForm<'a> {
    parent_sha256: Cow<'a, str>,
    places: usize,
    lines: usize,
    /// Sound outside of the lines is left out.
    silent: bool,
}

#[derive(Deserialize, Serialize)]
struct SegmentForm<'a> {
    id: i64,
    start_ms: u64,
    end_ms: u64,
    speaker: Cow<'a, str>,
    lang: Lang,
    text: Cow<'a, str>,
    confidence: Option<f64>,
    flags: Vec<Cow<'static, str>>,
    status: Cow<'static, str>,
    translations: Vec<TranslationForm<'a>>,
    channel: u16,
    author: Cow<'a, str>,
    version: u32,
    words: Cow<'a, [Word]>,
    flag_details: Vec<Cow<'a, Flag>>,
    /// Of an interpreter's line: the lines before it that it renders, by the order of the sound.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    renders: Vec<i64>,
    /// The interpreter's lines that render this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    rendered_by: Vec<i64>,
}

#[derive(Deserialize, Serialize)]
struct TranslationForm<'a> {
    lang: Lang,
    text: Cow<'a, str>,
    engine: Cow<'a, str>,
    terms: Cow<'a, [TermUse]>,
    flags: Vec<Cow<'static, str>>,
    log_prob: Option<f64>,
    /// A person wrote or certified it; no machine's words that nobody has checked.
    by_person: bool,
    of_version: u32,
    status: Cow<'static, str>,
    flag_details: Vec<Cow<'a, Flag>>,
}

/// One interview with its lines in the form of `show --json`.
pub fn json_value(interview: &Interview, segments: &[Segment]) -> serde_json::Value {
    // Plain structures with text keys: there is nothing that JSON could refuse.
    serde_json::to_value(form(interview, segments)).unwrap_or_default()
}

/// One line in the form that it has in `show --json`.
pub fn segment_value(segment: &Segment) -> serde_json::Value {
    let alone = Interpreted::default();
    serde_json::to_value(segment_form(segment, &alone)).unwrap_or_default()
}

pub(super) fn write(source: &Source<'_>, out: &mut dyn Write) -> io::Result<()> {
    let mut form = form(source.interview, source.segments);
    form.redaction = source.redacted.map(|copy| RedactionForm {
        parent_sha256: copy.parent.as_str().into(),
        places: copy.places,
        lines: copy.lines,
        silent: copy.heard.is_some(),
    });
    form.write(out)
}

/// What a text in this form holds, written anew: the same bytes, but where they hold anything else, leave
/// something out or spell it otherwise. `None` for what is no interview.
pub(super) fn anew(json: &[u8]) -> Option<Vec<u8>> {
    let form: InterviewForm<'_> = serde_json::from_slice(json).ok()?;
    let mut bytes = Vec::with_capacity(json.len());
    form.write(&mut bytes).ok()?;
    Some(bytes)
}

impl InterviewForm<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self).map_err(io::Error::from)?;
        writeln!(out)
    }
}

fn form<'a>(interview: &'a Interview, segments: &'a [Segment]) -> InterviewForm<'a> {
    let layers = Interpreted::of(segments);
    InterviewForm {
        id: interview.id.0.as_str().into(),
        case: interview.case.as_deref().map(Cow::Borrowed),
        languages: interview.languages.as_slice().into(),
        started: interview.started.as_str().into(),
        duration_ms: interview.duration_ms,
        audio: interview.audio.as_slice().into(),
        channels: interview.channels.as_slice().into(),
        source: interview.source.as_deref().map(Cow::Borrowed),
        notes: interview.notes.as_slice().into(),
        segments: segments.iter().map(|s| segment_form(s, &layers)).collect(),
        redaction: None,
    }
}

fn segment_form<'a>(s: &'a Segment, layers: &Interpreted) -> SegmentForm<'a> {
    let numbers = |ids: &[SegmentId]| ids.iter().map(|id| id.0).collect();
    SegmentForm {
        id: s.id.0,
        start_ms: s.span.start.as_ms(),
        end_ms: s.span.end.as_ms(),
        speaker: s.speaker.as_str().into(),
        lang: s.lang,
        text: s.text.as_str().into(),
        confidence: s.confidence.and_then(short),
        flags: kinds(&s.flags),
        status: s.status.as_str().into(),
        translations: s.translations.iter().map(translation_form).collect(),
        channel: s.channel,
        author: s.author.as_str().into(),
        version: s.version,
        renders: numbers(layers.renders(s.id)),
        rendered_by: numbers(layers.rendered_by(s.id)),
        words: s.words.as_slice().into(),
        flag_details: detailed(&s.flags),
    }
}

fn translation_form(t: &Translation) -> TranslationForm<'_> {
    TranslationForm {
        lang: t.lang,
        text: t.text.as_str().into(),
        engine: t.engine.as_str().into(),
        terms: t.terms.as_slice().into(),
        flags: kinds(&t.flags),
        log_prob: t.log_prob.and_then(short),
        by_person: !is_machine_translation(t),
        of_version: t.of_version,
        status: t.status.as_str().into(),
        flag_details: detailed(&t.flags),
    }
}

fn kinds(flags: &[Flag]) -> Vec<Cow<'static, str>> {
    flags.iter().map(|f| f.kind.as_str().into()).collect()
}

/// The flags that say what disagrees.
fn detailed(flags: &[Flag]) -> Vec<Cow<'_, Flag>> {
    let said = flags.iter().filter(|f| !f.detail.is_empty());
    said.map(Cow::Borrowed).collect()
}

/// Four digits behind the point: what a 32-bit number holds beyond them is noise in JSON.
fn short(value: f32) -> Option<f64> {
    let rounded = (f64::from(value) * 10_000.0).round() / 10_000.0;
    rounded.is_finite().then_some(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Status;
    use crate::export::tests::{SIX, export, interview, line, translation};
    use crate::export::{Format, MACHINE_NOTICE};

    #[test]
    fn a_machines_translation_is_told_by_its_status_and_not_by_a_probability() {
        for (lang, words) in SIX {
            let to = if lang == Lang::Vi { Lang::Zh } else { Lang::Vi };
            let of = |status: Status| {
                let mut segment = line(1, lang, words);
                segment.status = Status::Edited;
                segment.translations.push(Translation {
                    status,
                    // Neither an imported transcript nor a partner tells one.
                    log_prob: None,
                    ..translation(to, "x")
                });
                segment
            };
            let shown = interview(&[lang, to]);
            for (status, by_person) in [
                (Status::Machine, false),
                (Status::Edited, true),
                (Status::Certified, true),
            ] {
                let segments = [of(status)];
                let made = json_value(&shown, &segments)["segments"][0]["translations"][0].clone();
                assert_eq!(made["by_person"], by_person, "{lang} {status:?}");
                assert_eq!(made["status"], status.as_str());
                let text = export(Format::Txt, &shown, &segments);
                assert_eq!(
                    text.contains(MACHINE_NOTICE),
                    !by_person,
                    "{lang} {status:?}"
                );
            }
        }
    }
}
