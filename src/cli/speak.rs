//! `mekong transcribe` and `mekong translate`: the engines alone, nothing stored.

use std::io::{self, BufRead, Read, Write};

use serde::Serialize;

use crate::app::{App, OpenTranslator, SpokenSegment, Transcribed, TranslateRequest};
use crate::domain::{Cancel, Flag, Lang, LangPair, TermUse};
use crate::pipeline::TranslatedLine;

use super::args;
use super::interrupt::{cancel_on_ctrl_c, exit_on_ctrl_c};
use super::print::{
    Look, Out, PRACTICE_NOTE, clock, doubts, kinds, plain, practice, say, say_error,
};
use super::progress::Watch;
use super::{Failure, usage};

/// Longest line of standard input, in bytes. A whole interview is shorter.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// `transcribe --json`.
#[derive(Serialize)]
struct Heard<'a> {
    language: Lang,
    segments: Vec<HeardSegment<'a>>,
    engine: &'a str,
    realtime_factor: f64,
    notes: &'a [String],
}

#[derive(Serialize)]
struct HeardSegment<'a> {
    channel: u16,
    start_ms: u64,
    end_ms: u64,
    text: &'a str,
    confidence: f32,
    flags: Vec<&'static str>,
    flag_details: Vec<&'a Flag>,
}

impl<'a> From<&'a SpokenSegment> for HeardSegment<'a> {
    fn from(s: &'a SpokenSegment) -> Self {
        Self {
            channel: s.channel,
            start_ms: s.start_ms,
            end_ms: s.end_ms,
            text: &s.text,
            confidence: s.confidence,
            flags: kinds(&s.flags),
            flag_details: detailed(&s.flags),
        }
    }
}

/// The flags that say what disagrees.
fn detailed(flags: &[Flag]) -> Vec<&Flag> {
    flags.iter().filter(|f| !f.detail.is_empty()).collect()
}

pub(super) fn transcribe(
    app: &App,
    typed: &args::Transcribe,
    out: &mut Out,
) -> Result<(), Failure> {
    let cancel = cancel_on_ctrl_c("nothing is stored.");
    let watch = Watch::new();
    let model = typed.model.as_deref();
    let heard = app.transcribe(&typed.audio, typed.language, model, &cancel, &|p| {
        watch.hear(p)
    })?;
    drop(watch);
    for note in &heard.notes {
        say(&format!("note: {note}"));
    }
    if typed.form.json {
        return Ok(out.json(&Heard {
            language: heard.language,
            segments: heard.segments.iter().map(HeardSegment::from).collect(),
            engine: &heard.engine,
            realtime_factor: heard.realtime_factor,
            notes: &heard.notes,
        })?);
    }
    Ok(print_heard(&heard, out)?)
}

fn print_heard(heard: &Transcribed, out: &mut Out) -> io::Result<()> {
    let several = heard.segments.iter().any(|s| s.channel > 0);
    for s in &heard.segments {
        let time = out.paint(Look::Faint, &clock(s.start_ms));
        let channel = if several {
            format!("  {}", s.channel)
        } else {
            String::new()
        };
        writeln!(out, "{time}{channel}  {}", plain(&s.text))?;
        let doubts = doubts(&s.flags);
        if !doubts.is_empty() {
            let text = out.paint(Look::Warning, &format!("! {}", doubts.join(", ")));
            writeln!(out, "            {text}")?;
        }
    }
    if heard.segments.iter().any(|s| practice(&s.flags)) {
        say(PRACTICE_NOTE);
    }
    say(&format!(
        "{}, {:.2} seconds of work for a second of sound",
        heard.engine, heard.realtime_factor
    ));
    Ok(())
}

/// One object of `translate --json`.
#[derive(Serialize)]
struct Translated<'a> {
    from: Lang,
    to: Lang,
    text: &'a str,
    translation: &'a str,
    token_ids: &'a [u32],
    log_prob: f32,
    terms: &'a [TermUse],
    flags: Vec<&'static str>,
    flag_details: Vec<&'a Flag>,
    engine: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// What stays the same from line to line.
struct Desk<'a> {
    translator: OpenTranslator,
    pair: LangPair,
    json: bool,
    out: &'a mut Out,
    practice_said: bool,
}

pub(super) fn translate(app: &App, typed: args::Translate, out: &mut Out) -> Result<(), Failure> {
    if typed.from == typed.to {
        return Err(usage("--from and --to name the same language"));
    }
    // Nothing is stored and the program may be waiting for a line: Ctrl-C simply ends it.
    exit_on_ctrl_c();
    let pair = LangPair::new(typed.from, typed.to);
    let request = TranslateRequest {
        pair,
        model: typed.model,
        glossary: typed.glossary,
        case: typed.case,
        beam: typed.beam,
        max_tokens: typed.max_tokens,
        second: typed.second,
        raw: typed.raw,
    };
    let watch = Watch::new();
    let translator = app.translator(&request, &Cancel::new(), &|p| watch.hear(p))?;
    drop(watch);
    for note in translator.notes() {
        say(&format!("note: {note}"));
    }
    let mut desk = Desk {
        translator,
        pair,
        json: typed.json,
        out,
        practice_said: false,
    };
    match typed.text {
        Some(text) => desk.translate(&text),
        None => desk.translate_input(&mut io::stdin().lock()),
    }
}

impl Desk<'_> {
    fn translate_input(&mut self, input: &mut dyn BufRead) -> Result<(), Failure> {
        let mut left_out = false;
        for number in 1.. {
            match read_line(input, number == 1).map_err(Failure::Input)? {
                None => break,
                Some(Ok(line)) => self.translate(&line)?,
                Some(Err(why)) => {
                    say_error(
                        &format!("line {number} of standard input is left out: {why}"),
                        "Give UTF-8 text, one text a line.",
                    );
                    self.print("", &nothing(), Some(why))?;
                    left_out = true;
                }
            }
            // Whoever feeds lines by a pipe waits for each answer.
            self.out.flush()?;
        }
        if left_out {
            Err(Failure::Told(1))
        } else {
            Ok(())
        }
    }

    fn translate(&mut self, text: &str) -> Result<(), Failure> {
        if text.trim().is_empty() {
            // An empty line stays one, so that the lines of both sides keep step.
            return Ok(self.print(text, &nothing(), None)?);
        }
        let line = self.translator.translate(text, &Cancel::new())?;
        Ok(self.print(text, &line, None)?)
    }

    /// `error` says why a line could not be read; its place is kept by an empty one.
    fn print(&mut self, text: &str, line: &TranslatedLine, error: Option<&str>) -> io::Result<()> {
        if self.json {
            return self.out.json(&Translated {
                from: self.pair.from,
                to: self.pair.to,
                text,
                translation: &line.text,
                token_ids: &line.token_ids,
                log_prob: line.log_prob,
                terms: &line.terms,
                flags: kinds(&line.flags),
                flag_details: detailed(&line.flags),
                engine: &line.engine,
                error,
            });
        }
        writeln!(self.out, "{}", plain(&line.text))?;
        let doubts = doubts(&line.flags);
        if !doubts.is_empty() {
            say(&format!("! {}", doubts.join(", ")));
        }
        if practice(&line.flags) && !self.practice_said {
            say(PRACTICE_NOTE);
            self.practice_said = true;
        }
        Ok(())
    }
}

fn nothing() -> TranslatedLine {
    TranslatedLine {
        text: String::new(),
        token_ids: Vec::new(),
        log_prob: 0.0,
        terms: Vec::new(),
        flags: Vec::new(),
        engine: String::new(),
    }
}

/// The next line without its end, and without a byte order mark if it is the first; or why it
/// cannot be used.
fn read_line(
    input: &mut dyn BufRead,
    first: bool,
) -> io::Result<Option<Result<String, &'static str>>> {
    let mut line = Vec::new();
    if (&mut *input)
        .take(MAX_LINE_BYTES + 1)
        .read_until(b'\n', &mut line)?
        == 0
    {
        return Ok(None);
    }
    if line.len() as u64 > MAX_LINE_BYTES {
        if !line.ends_with(b"\n") {
            input.skip_until(b'\n')?;
        }
        return Ok(Some(Err("it is longer than 1 MB")));
    }
    let Ok(line) = String::from_utf8(line) else {
        return Ok(Some(Err("it is not UTF-8 text")));
    };
    let text = line.strip_suffix('\n').unwrap_or(&line);
    let text = text.strip_suffix('\r').unwrap_or(text);
    let text = if first {
        text.strip_prefix('\u{feff}').unwrap_or(text)
    } else {
        text
    };
    Ok(Some(Ok(text.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(mut input: &[u8]) -> Vec<Result<String, &'static str>> {
        let mut lines = Vec::new();
        while let Some(line) = read_line(&mut input, lines.is_empty()).unwrap() {
            lines.push(line);
        }
        lines
    }

    #[test]
    fn lines_keep_their_number_and_lose_only_their_ends() {
        let input = "\u{feff}您好\r\n\n  ສະບາຍດີ \nឱ្យ".as_bytes();
        let lines = ["您好", "", "  ສະບາຍດີ ", "ឱ្យ"];
        assert_eq!(read_all(input), lines.map(|line| Ok(line.to_owned())));
    }

    #[test]
    fn a_line_that_is_no_text_or_too_long_does_not_hide_the_next() {
        let mut input = b"\xc4\xe3\n".to_vec();
        input.extend("a".repeat(MAX_LINE_BYTES as usize + 9).bytes());
        input.extend("\nsau\n".bytes());
        let lines = read_all(&input);
        assert_eq!(lines.len(), 3);
        assert!(lines[0].is_err() && lines[1].is_err());
        assert_eq!(lines[2], Ok("sau".to_owned()));
    }
}
