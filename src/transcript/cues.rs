//! SubRip (SRT) and WebVTT. In a cue of our own export what was said and each translation start with
//! their language in brackets, for example `[vi] ...`, or `[vi, machine] ...` by a machine.

use crate::domain::{Flag, FlagKind, Lang};

use super::time::{looks_like_timing, parse_timing};
use super::{Fault, Line, Lines};

/// Longest tag of SRT, `<font face="..." color="...">`, in bytes.
const MAX_TAG_BYTES: usize = 256;

/// A cue's place in time and in the file, and the lines of its text.
struct Cue<'a> {
    line: u64,
    times: (u64, u64),
    body: Vec<&'a str>,
}

/// Reads SRT. Blank lines inside a cue, missing numbers and a missing last blank line are taken.
pub(super) fn parse_srt(text: &str) -> Result<Vec<Line>, Fault> {
    let mut lines = Lines::default();
    for cue in srt_cues(text)? {
        let body = cue.body.iter().map(|line| strip_srt_tags(line)).collect();
        push_cue(&mut lines, &cue, None, body)?;
    }
    Ok(lines.0)
}

/// Cuts at the timing lines: whatever stands between two of them is the first one's text, less
/// the second one's number. So a cue with a blank line in it loses nothing.
fn srt_cues(text: &str) -> Result<Vec<Cue<'_>>, Fault> {
    let mut cues: Vec<Cue> = Vec::new();
    let mut numbered = false;
    let mut before_first: Vec<&str> = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        let line = line.trim();
        let Some(times) = parse_timing(line) else {
            if looks_like_timing(line) {
                return Err(Fault::new(number, "this is not a start time --> end time"));
            }
            match cues.last_mut() {
                Some(cue) => cue.body.push(line),
                None if line.is_empty() || is_number(line) => before_first.push(line),
                None => return Err(Fault::new(number, "expected the time of the first cue")),
            }
            continue;
        };
        match cues.last_mut() {
            // Only a file that numbers its cues loses a number here: '42' can be an answer.
            Some(cue) if numbered => drop(cue.body.pop_if(|last| is_number(last))),
            Some(_) => {}
            None => numbered = before_first.last().is_some_and(|last| is_number(last)),
        }
        cues.push(Cue {
            line: number,
            times,
            body: Vec::new(),
        });
    }
    Ok(cues)
}

/// Reads WebVTT: a header, then blocks between blank lines, of which cues are used and NOTE, STYLE
/// and REGION are passed over.
pub(super) fn parse_vtt(text: &str) -> Result<Vec<Line>, Fault> {
    let mut source = text.lines().zip(1..).peekable();
    let is_header = |line: &str| {
        line.strip_prefix("WEBVTT")
            .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
    };
    if !source.peek().is_some_and(|(line, _)| is_header(line)) {
        return Err(Fault::new(1, "the file does not start with WEBVTT"));
    }
    let mut lines = Lines::default();
    let mut block: Vec<(&str, u64)> = Vec::new();
    // One blank line more closes the last block.
    for (line, number) in source.chain([("", 0)]) {
        if !line.trim().is_empty() {
            block.push((line.trim(), number));
            continue;
        }
        read_vtt_block(&mut lines, &block)?;
        block.clear();
    }
    Ok(lines.0)
}

fn read_vtt_block(lines: &mut Lines, block: &[(&str, u64)]) -> Result<(), Fault> {
    if block
        .first()
        .is_some_and(|(text, _)| text.starts_with("NOTE"))
    {
        return Ok(());
    }
    // An identifier may stand before the times.
    for (i, (text, number)) in block.iter().enumerate().take(2) {
        if let Some(times) = parse_timing(text) {
            let body = block.iter().skip(i + 1).map(|(text, _)| *text).collect();
            let cue = Cue {
                line: *number,
                times,
                body,
            };
            return push_vtt_cue(lines, &cue);
        }
        if looks_like_timing(text) {
            return Err(Fault::new(*number, "this is not a start time --> end time"));
        }
    }
    Ok(())
}

/// One line for each voice: to give a second speaker's words to the first would be false.
fn push_vtt_cue(lines: &mut Lines, cue: &Cue) -> Result<(), Fault> {
    let joined = cue.body.join("\n");
    let mut voices: Vec<(Option<String>, String)> = vec![(None, String::new())];
    let mut rest = joined.as_str();
    while let Some((before, tag, after)) = next_tag(rest) {
        add_text(&mut voices, before);
        let class_end = tag.find(char::is_whitespace).unwrap_or(tag.len());
        let (name, annotation) = tag.split_at_checked(class_end).unwrap_or((tag, ""));
        if name == "v" || name.starts_with("v.") {
            voices.push((Some(decode_entities(annotation.trim())), String::new()));
        }
        rest = after;
    }
    add_text(&mut voices, rest);
    for (speaker, text) in voices {
        push_cue(
            lines,
            cue,
            speaker,
            text.lines().map(str::to_owned).collect(),
        )?;
    }
    Ok(())
}

fn add_text(voices: &mut [(Option<String>, String)], raw: &str) {
    if let Some((_, text)) = voices.last_mut() {
        text.push_str(&decode_entities(raw));
    }
}

/// What stands before the next `<...>`, inside it and behind it.
fn next_tag(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('<')?;
    let (tag, after) = rest.split_once('>')?;
    Some((before, tag, after))
}

/// Parts a cue's lines into what was said and its translations, and keeps the result.
fn push_cue(
    lines: &mut Lines,
    cue: &Cue,
    speaker: Option<String>,
    body: Vec<String>,
) -> Result<(), Fault> {
    let mut parts: Vec<(Option<Mark>, String)> = vec![(None, String::new())];
    for (i, line) in body
        .iter()
        .map(|line| line.trim())
        .filter(|line| !line.is_empty())
        .enumerate()
    {
        match (language_mark(line), parts.last_mut()) {
            (Some((mark, text)), Some(first)) if i == 0 => *first = (Some(mark), text.to_owned()),
            (Some((mark, text)), _) => parts.push((Some(mark), text.to_owned())),
            (None, Some((_, text))) => {
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(line);
            }
            (None, None) => {}
        }
    }
    let mut parts = parts.into_iter();
    let (mark, mut text) = parts.next().unwrap_or_default();
    // Our export writes these where a line has no text; they were not said.
    if mark.is_some() && ["[pending]", "[failed]", "[no text]"].contains(&text.as_str()) {
        text.clear();
    }
    let by_machine = |mark: &Option<Mark>| mark.is_some_and(|m| m.machine);
    let machine_translations = parts.as_slice().iter().any(|(mark, _)| by_machine(mark));
    let line = Line {
        speaker,
        start_ms: cue.times.0,
        end_ms: Some(cue.times.1),
        lang: mark.map(|m| m.lang),
        text,
        translations: parts
            .filter_map(|(mark, text)| Some((mark?.lang, text)))
            .collect(),
        machine: by_machine(&mark),
        machine_translations,
        flags: mark
            .filter(|m| m.practice)
            .map(|_| Flag::new(FlagKind::PracticeModel))
            .into_iter()
            .collect(),
    };
    lines.push(line).map_err(|what| Fault::new(cue.line, what))
}

/// What stands in the brackets before a line.
#[derive(Clone, Copy)]
struct Mark {
    lang: Lang,
    machine: bool,
    practice: bool,
}

/// The mark and the text of a line such as `[vi, machine] ...`.
fn language_mark(line: &str) -> Option<(Mark, &str)> {
    let (inside, text) = line.strip_prefix('[')?.split_once(']')?;
    let (code, words) = inside.split_once(", ").unwrap_or((inside, ""));
    let lang = Lang::ALL.into_iter().find(|lang| lang.code() == code)?;
    let mut mark = Mark {
        lang,
        machine: false,
        practice: false,
    };
    for word in words.split(", ").filter(|word| !word.is_empty()) {
        match word {
            "machine" => mark.machine = true,
            "practice model" => (mark.machine, mark.practice) = (true, true),
            "stale" => {}
            // Brackets that hold something else were said.
            _ => return None,
        }
    }
    Some((mark, text.trim_start()))
}

fn is_number(line: &str) -> bool {
    !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit())
}

/// SRT knows a few tags of HTML and, from other programs, `{\an8}`; any other `<` is text.
fn strip_srt_tags(line: &str) -> String {
    let mut kept = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['<', '{']) {
        let (before, tail) = rest.split_at(at);
        kept.push_str(before);
        let end = srt_tag_len(tail).unwrap_or(0);
        // Not a tag: the bracket, one byte long, is text.
        let (text, after) = tail.split_at(if end == 0 { 1 } else { end });
        if end == 0 {
            kept.push_str(text);
        }
        rest = after;
    }
    kept.push_str(rest);
    kept
}

/// Length in bytes of the tag that `text` starts with. The end is looked for nearby only, so that a
/// line of a million brackets takes no longer than another.
fn srt_tag_len(text: &str) -> Option<usize> {
    let (open, end) = if text.starts_with("{\\") {
        (true, b'}')
    } else {
        (is_html_tag(text), b'>')
    };
    let near = text
        .bytes()
        .take(MAX_TAG_BYTES)
        .position(|b| b == end)
        .filter(|_| open)?;
    Some(near + 1)
}

fn is_html_tag(text: &str) -> bool {
    let Some(tag) = text.strip_prefix('<') else {
        return false;
    };
    let tag = tag.strip_prefix('/').unwrap_or(tag);
    ["b", "i", "u", "s", "font"].iter().any(|name| {
        let known = tag
            .get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name));
        known
            && tag
                .get(name.len()..)
                .is_some_and(|rest| rest.starts_with(['>', ' ', '\t']))
    })
}

/// Replaces the character references that WebVTT knows; any other `&` is text.
fn decode_entities(text: &str) -> String {
    const NAMED: [(&str, &str); 6] = [
        ("&amp;", "&"),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", "\u{a0}"),
        ("&lrm;", "\u{200e}"),
        ("&rlm;", "\u{200f}"),
    ];
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, tail) = rest.split_at(at);
        decoded.push_str(before);
        let known = NAMED.iter().find(|(name, _)| tail.starts_with(name));
        let (name, character) = known.copied().unwrap_or(("&", "&"));
        decoded.push_str(character);
        rest = tail.get(name.len()..).unwrap_or_default();
    }
    decoded.push_str(rest);
    decoded
}
