//! `mekong read-back`: each line is shown in the language of the person interviewed, and what is said to
//! it is noted. At a terminal line by line; by scripts with --line and an answer.

use std::io::{self, BufRead, Write};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use serde_json::json;

use crate::app::{App, Readable};
use crate::domain::{InterviewId, Lang, ReadAnswer, SegmentId};
use crate::store::{Answer, NewReadBack};

use super::args::Json;
use super::evidence::sit_down;
use super::print::{Look, Out, clock, count, plain, say, say_error};
use super::{Failure, usage};

/// `mekong read-back`
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("answer")))]
pub struct ReadBack {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// Who reads it out.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new(),
          required_unless_present = "status")]
    pub by: Option<String>,
    /// The language in which it is read; without it the second one of the interview.
    #[arg(long = "in", value_name = "LANG")]
    pub lang: Option<Lang>,
    /// Answer this line alone.
    #[arg(long, value_name = "SEGMENT", requires = "answer")]
    pub line: Option<i64>,
    /// The person says that it is right; without --line, that the whole record is not refused any more.
    #[arg(long, group = "answer")]
    pub right: bool,
    /// The person says that it should read so; the earlier words are kept beside it.
    #[arg(long, group = "answer", requires = "line", value_name = "WORDS")]
    pub correct: Option<String>,
    /// The person refuses the line, or without --line the whole record; and why.
    #[arg(long, group = "answer", value_name = "REASON")]
    pub refuse: Option<String>,
    /// Read lines again that were answered before.
    #[arg(long, conflicts_with_all = ["line", "answer"])]
    pub again: bool,
    /// Sign it with the key of that name.
    #[arg(long, conflicts_with = "status")]
    pub sign: bool,
    /// Show what was answered so far.
    #[arg(long, conflicts_with_all = ["line", "answer", "again"])]
    pub status: bool,
    #[command(flatten)]
    pub form: Json,
}

pub(super) fn read_back(app: &App, typed: &ReadBack, out: &mut Out) -> Result<(), Failure> {
    let (id, lang, lines) = app.readable(&typed.id, typed.lang)?;
    let by = typed.by.as_deref().unwrap_or_default();
    sit_down(app, typed.sign, by)?;
    let answer = match (typed.right, &typed.correct, &typed.refuse) {
        (true, ..) => Some(Answer::Right),
        (_, Some(words), _) => Some(Answer::Corrected(words)),
        (.., Some(reason)) => Some(Answer::Refused(reason)),
        _ => None,
    };
    if let Some(answer) = answer {
        let new = NewReadBack {
            segment: typed.line.map(SegmentId),
            lang,
            answer,
            by,
        };
        app.note_read_back(&id.0, &new)?;
    } else if !typed.status {
        if typed.form.json {
            return Err(usage(
                "--json goes with --status, or with --line and an answer",
            ));
        }
        aloud(app, (&id, lang, by), &lines, typed.again, out)?;
    }
    status(app, &id, lines.len(), typed.form.json, out)
}

/// Shows line after line and takes what is said to each.
fn aloud(
    app: &App,
    (id, lang, by): (&InterviewId, Lang, &str),
    lines: &[Readable],
    again: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    say(
        "Each line: y it is right, c WORDS it should read so, r REASON it is refused, s later, q end.",
    );
    app.note_shown(id, "read-back")?;
    let mut typed = io::stdin().lock();
    for line in lines.iter().filter(|l| again || l.answered.is_none()) {
        let number = out.paint(Look::Strong, &format!("{:>4}", line.segment.0));
        let time = clock(line.start_ms);
        writeln!(out, "{number}  {time}  {}", plain(&line.speaker))?;
        let words = line
            .words
            .as_deref()
            .unwrap_or("[no text in this language]");
        writeln!(out, "      {lang}  {}", plain(words))?;
        loop {
            write!(out, "      > ")?;
            out.flush()?;
            let mut said = String::new();
            if typed.read_line(&mut said).map_err(Failure::Input)? == 0 {
                writeln!(out)?;
                return Ok(());
            }
            let (key, rest) = said.trim().split_once(' ').unwrap_or((said.trim(), ""));
            let answer = match key {
                "q" => return Ok(()),
                "s" => break,
                "y" => Answer::Right,
                "c" => Answer::Corrected(rest.trim()),
                "r" => Answer::Refused(rest.trim()),
                _ => {
                    say("Type y, c WORDS, r REASON, s or q, then Enter.");
                    continue;
                }
            };
            let segment = Some(line.segment);
            let new = NewReadBack {
                segment,
                lang,
                answer,
                by,
            };
            match app.note_read_back(&id.0, &new) {
                Ok(_) => break,
                // A slip of the hand: the line is asked again.
                Err(error) => say_error(&error.to_string(), &error.help()),
            }
        }
    }
    Ok(())
}

/// What was answered so far.
fn status(
    app: &App,
    id: &InterviewId,
    lines: usize,
    as_json: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    let answers = app.read_backs(id)?;
    let given = |wanted: ReadAnswer| {
        let is = answers.iter().filter(|a| a.segment.is_some() && a.stands);
        is.filter(|a| a.answer == wanted).count()
    };
    let [right, corrected, refused] = ReadAnswer::ALL.map(given);
    let whole = answers.iter().find(|a| a.segment.is_none());
    let answered = right.saturating_add(corrected).saturating_add(refused);
    let unread = lines.saturating_sub(answered);
    if as_json {
        return Ok(out.json(&json!({
            "interview": id, "right": right, "corrected": corrected, "refused": refused,
            "unread": unread, "answers": answers
        }))?);
    }
    writeln!(
        out,
        "{}: {right} right, {corrected} corrected, {refused} refused, {unread} not read",
        count(lines as u64, "line")
    )?;
    if let Some(reason) = whole.and_then(|w| w.reason.as_deref()) {
        writeln!(out, "the whole record was refused: {}", plain(reason))?;
    }
    Ok(())
}
