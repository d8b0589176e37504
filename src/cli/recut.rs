//! `mekong recut`: parts, joins and moves lines, and takes such a change back.

use std::io::{self, Write};

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::app::{self, App, Hint};
use crate::domain::{InterviewId, Lang, SamplePos, SegmentId, Span};
use crate::store::{Recut, Recutting};

use super::args::Json;
use super::evidence::sit_down;
use super::print::{Out, clock, plain, say};
use super::{Failure, usage};

/// `mekong recut ...`
#[derive(Debug, Subcommand)]
pub enum Recuts {
    /// Part a line in two; the whole one is kept in the history.
    Split(Split),
    /// Join a line with the next one of its channel.
    Merge(Merge),
    /// Move where a line begins or ends.
    Retime(Retime),
    /// Take a change back, by its number.
    Undo(Undo),
    /// List every change of the lines of an interview.
    List(List),
}

/// Who changes a line.
#[derive(Debug, Args)]
pub struct Signed {
    /// Who does it.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    /// Sign it with the key of that name.
    #[arg(long)]
    pub sign: bool,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong recut split`
#[derive(Debug, Args)]
pub struct Split {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The number of the line.
    pub segment: i64,
    /// Where, in milliseconds of the recording; else where the words say.
    #[arg(long, value_name = "MS")]
    pub at: Option<u64>,
    /// Characters of what was said that stay before the cut; else where the time says.
    #[arg(long, value_name = "N")]
    pub text_at: Option<usize>,
    /// The same of a translation, for example vi=12; one that is not named is made anew.
    #[arg(long, value_name = "LANG=N", value_parser = parse_place)]
    pub translation_at: Vec<(Lang, usize)>,
    #[command(flatten)]
    pub signed: Signed,
}

/// `mekong recut merge`
#[derive(Debug, Args)]
pub struct Merge {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The number of the line.
    pub segment: i64,
    #[command(flatten)]
    pub signed: Signed,
}

/// `mekong recut retime`
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("times").required(true).multiple(true)))]
pub struct Retime {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The number of the line.
    pub segment: i64,
    /// Where it begins, in milliseconds of the recording.
    #[arg(long, group = "times", value_name = "MS")]
    pub start: Option<u64>,
    /// Where it ends.
    #[arg(long, group = "times", value_name = "MS")]
    pub end: Option<u64>,
    #[command(flatten)]
    pub signed: Signed,
}

/// `mekong recut undo`
#[derive(Debug, Args)]
pub struct Undo {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The number of the change, as 'recut list' shows it.
    pub number: u32,
    #[command(flatten)]
    pub signed: Signed,
}

/// `mekong recut list`
#[derive(Debug, Args)]
pub struct List {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    #[command(flatten)]
    pub form: Json,
}

pub(super) fn recut(app: &App, typed: Recuts, out: &mut Out) -> Result<(), Failure> {
    match typed {
        Recuts::Split(typed) => split(app, &typed, out),
        Recuts::Merge(typed) => {
            let (id, lines) = app.show(&typed.id)?;
            let line = lines.iter().find(|l| l.id.0 == typed.segment);
            let next = match line.map(|l| app::follower(&lines, l)) {
                Some(None) => {
                    return Err(usage(
                        "no line of the same speaker and language follows this one at once",
                    ));
                }
                Some(Some(next)) => next.id,
                // The store says why there is no such line.
                None => SegmentId(typed.segment),
            };
            let what = Recutting::Merge(SegmentId(typed.segment), next);
            change(app, &id.id, &what, &typed.signed, out)
        }
        Recuts::Retime(typed) => {
            let (id, lines) = app.show(&typed.id)?;
            let line = SegmentId(typed.segment);
            let found = lines.iter().find(|l| l.id == line);
            let now = match found {
                Some(line) => line.span,
                None => app.line(&id.id, line)?.span,
            };
            let span = Span {
                start: typed.start.map_or(now.start, SamplePos::from_ms),
                end: typed.end.map_or(now.end, SamplePos::from_ms),
            };
            let what = Recutting::Retime(line, span);
            change(app, &id.id, &what, &typed.signed, out)
        }
        Recuts::Undo(typed) => {
            let (id, _) = app.recuts(&typed.id)?;
            change(app, &id, &Recutting::Undo(typed.number), &typed.signed, out)
        }
        Recuts::List(typed) => list(app, &typed, out),
    }
}

fn split(app: &App, typed: &Split, out: &mut Out) -> Result<(), Failure> {
    let (interview, _) = app.show(&typed.id)?;
    let line = app.line(&interview.id, SegmentId(typed.segment))?;
    let hint = match (typed.at, typed.text_at) {
        (_, Some(at)) => Hint::Text(at),
        (Some(ms), None) => Hint::Time(ms),
        (None, None) => return Err(usage("say where: --at or --text-at")),
    };
    let Some(mut place) = app::suggest(&line, hint) else {
        return Err(usage("the line has too few words to be parted"));
    };
    if let Some(ms) = typed.at {
        place.at = SamplePos::from_ms(ms);
    }
    if line.version == 0 {
        place.text = typed.text_at;
    }
    place.translations.clone_from(&typed.translation_at);
    let what = Recutting::Split(line.id, place);
    change(app, &interview.id, &what, &typed.signed, out)?;
    if line.version > 0 {
        say(&format!(
            "note: 'mekong resume {}' translates what has no translation yet.",
            interview.id
        ));
    }
    Ok(())
}

fn change(
    app: &App,
    id: &InterviewId,
    what: &Recutting,
    signed: &Signed,
    out: &mut Out,
) -> Result<(), Failure> {
    sit_down(app, signed.sign, &signed.by)?;
    let (id, done) = app.recut(&id.0, what, &signed.by, signed.reason.as_deref())?;
    if signed.form.json {
        let mut value = value(&done);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("interview".into(), json!(id));
        }
        return Ok(out.json(&value)?);
    }
    Ok(print(&done, out)?)
}

fn list(app: &App, typed: &List, out: &mut Out) -> Result<(), Failure> {
    let (_, all) = app.recuts(&typed.id)?;
    if typed.form.json {
        let all: Vec<Value> = all.iter().map(value).collect();
        return Ok(out.json(&all)?);
    }
    if all.is_empty() {
        say("Every line stands as it was cut.");
    }
    for one in &all {
        print(one, out)?;
    }
    Ok(())
}

fn value(recut: &Recut) -> Value {
    let line = |l: &crate::store::RecutLine| {
        json!({
            "id": l.segment,
            "start_ms": l.span.map(|s| s.start.as_ms()),
            "end_ms": l.span.map(|s| s.end.as_ms()),
            "replaced": l.span.is_none(),
        })
    };
    json!({
        "number": recut.number,
        "kind": recut.kind.as_str(),
        "undoes": recut.undoes,
        "by": recut.by,
        "reason": recut.reason,
        "at": recut.at,
        "lines": recut.lines.iter().map(line).collect::<Vec<_>>(),
    })
}

fn print(recut: &Recut, out: &mut Out) -> io::Result<()> {
    let undoes = recut.undoes.map(|n| format!(" of {n}")).unwrap_or_default();
    write!(out, "{}  {}{undoes}", recut.number, recut.kind.as_str())?;
    for line in &recut.lines {
        match line.span {
            None => write!(out, "  line {} replaced", line.segment.0)?,
            Some(span) => write!(
                out,
                "  line {} {} to {}",
                line.segment.0,
                clock(span.start.as_ms()),
                clock(span.end.as_ms())
            )?,
        }
    }
    write!(out, "  {}  {}", plain(&recut.by), recut.at)?;
    match &recut.reason {
        Some(reason) => writeln!(out, "  because {}", plain(reason)),
        None => writeln!(out),
    }
}

fn parse_place(typed: &str) -> Result<(Lang, usize), String> {
    let wrong = || "write it like vi=12".to_owned();
    let (lang, at) = typed.split_once('=').ok_or_else(wrong)?;
    Ok((
        lang.parse().map_err(|_| wrong())?,
        at.parse().map_err(|_| wrong())?,
    ))
}
