//! What a bundle gives people to read, made of its JSON alone: who sends it and who receives it make
//! the same two files of the same bytes, so that neither can show what the records do not hold.

use serde::Deserialize;

use super::{Format, Redacted, Source, write};
use crate::domain::{
    AudioFile, Channel, Flag, FlagKind, Interview, InterviewId, Lang, SamplePos, Segment,
    SegmentId, Span, Status, TermUse, Translation,
};

#[derive(Deserialize)]
struct Shown {
    id: String,
    case: Option<String>,
    languages: Vec<Lang>,
    started: String,
    duration_ms: u64,
    audio: Vec<AudioFile>,
    channels: Vec<Channel>,
    source: Option<String>,
    notes: Vec<String>,
    segments: Vec<Line>,
    redaction: Option<Covered>,
}

#[derive(Deserialize)]
struct Covered {
    parent_sha256: String,
    places: usize,
    lines: usize,
    silent: bool,
}

#[derive(Deserialize)]
struct Line {
    id: i64,
    start_ms: u64,
    end_ms: u64,
    speaker: String,
    lang: Lang,
    text: String,
    flags: Vec<String>,
    status: Status,
    translations: Vec<Made>,
    channel: u16,
    author: String,
    version: u32,
    flag_details: Vec<Flag>,
}

#[derive(Deserialize)]
struct Made {
    lang: Lang,
    text: String,
    engine: String,
    terms: Vec<TermUse>,
    flags: Vec<String>,
    of_version: u32,
    status: Status,
    flag_details: Vec<Flag>,
}

/// The transcript as plain text, and as a page without sound, of an interview in the form that
/// [`Format::Json`] writes; `None` for anything else.
pub fn copies(json: &[u8]) -> Option<[Vec<u8>; 2]> {
    let shown: Shown = serde_json::from_slice(json).ok()?;
    let copy = shown.redaction.as_ref().map(|covered| Redacted {
        interview: interview(&shown),
        segments: Vec::new(),
        covered: Vec::new(),
        heard: covered.silent.then(Vec::new),
        places: covered.places,
        lines: covered.lines,
        parent: covered.parent_sha256.clone(),
    });
    let interview = interview(&shown);
    let segments: Vec<Segment> = shown.segments.into_iter().map(segment).collect();
    let source = Source {
        with_sound: false,
        redacted: copy.as_ref(),
        ..Source::new(&interview, &segments)
    };
    let made = |format| {
        let mut bytes = Vec::new();
        let done = write(format, &source, &mut bytes, &mut |_, _| Ok(()));
        done.ok().map(|()| bytes)
    };
    Some([made(Format::Txt)?, made(Format::Html)?])
}

fn interview(shown: &Shown) -> Interview {
    Interview {
        id: InterviewId(shown.id.clone()),
        case: shown.case.clone(),
        languages: shown.languages.clone(),
        started: shown.started.clone(),
        duration_ms: shown.duration_ms,
        audio: shown.audio.clone(),
        source: shown.source.clone(),
        notes: shown.notes.clone(),
        channels: shown.channels.clone(),
    }
}

fn segment(line: Line) -> Segment {
    let [start, end] = [line.start_ms, line.end_ms].map(SamplePos::from_ms);
    Segment {
        id: SegmentId(line.id),
        span: Span::new(start, end),
        channel: line.channel,
        speaker: line.speaker,
        lang: line.lang,
        text: line.text,
        confidence: None,
        words: Vec::new(),
        flags: flags(&line.flags, line.flag_details),
        status: line.status,
        author: line.author,
        version: line.version,
        translations: line.translations.into_iter().map(translation).collect(),
    }
}

fn translation(made: Made) -> Translation {
    Translation {
        lang: made.lang,
        text: made.text,
        engine: made.engine,
        status: made.status,
        log_prob: None,
        terms: made.terms,
        flags: flags(&made.flags, made.flag_details),
        of_version: made.of_version,
    }
}

/// The doubts in their order, each with its detail where it has one.
fn flags(kinds: &[String], details: Vec<Flag>) -> Vec<Flag> {
    let mut details = details.into_iter().peekable();
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
    use super::*;
    use crate::export::tests::{SIX, export, interview, line, translation};

    #[test]
    fn the_json_alone_gives_what_the_interview_itself_gives_in_six_scripts() {
        for (lang, words) in SIX {
            let to = if lang == Lang::Vi { Lang::Zh } else { Lang::Vi };
            let mut segments = vec![line(1, lang, words), line(2, lang, "")];
            segments[0].flags = vec![
                Flag::new(FlagKind::PracticeModel),
                Flag::with(FlagKind::Zawgyi, format!("{words} <b>")),
            ];
            segments[0].speaker = "សុខា & co".to_owned();
            segments[1].status = Status::Failed;
            segments[0].translations.push(translation(to, "x\ny <i>"));
            let mut of = interview(&[lang, to]);
            of.notes = vec!["all channels carry the same sound".to_owned()];
            let json = export(Format::Json, &of, &segments);
            let [text, page] = copies(json.as_bytes()).unwrap();
            assert_eq!(
                String::from_utf8(text).unwrap(),
                export(Format::Txt, &of, &segments)
            );
            assert_eq!(
                String::from_utf8(page).unwrap(),
                export(Format::Html, &of, &segments)
            );
        }
    }

    #[test]
    fn what_is_no_interview_gives_nothing() {
        for wrong in ["", "{}", "[1]", "{\"id\":\"a\"}", "\u{0}"] {
            assert_eq!(copies(wrong.as_bytes()), None, "{wrong:?}");
        }
    }
}
