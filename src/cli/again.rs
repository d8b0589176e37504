//! `mekong speaker`, `mekong voices` and `mekong again`: who speaks in a line, by the word of a person or by
//! the voice, and a line once more by a machine.

use std::io::Write as _;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args};
use serde_json::json;

use crate::app::{Again, AgainRequest, App};
use crate::domain::{Lang, SegmentId};

use super::Failure;
use super::args::Json;
use super::evidence::sit_down;
use super::interrupt::cancel_on_ctrl_c;
use super::print::{Out, count, plain, say};
use super::progress::Watch;
use super::read::print_segment;

/// `mekong speaker`
#[derive(Debug, Args)]
pub struct SpeakerArgs {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The number of the line.
    pub segment: i64,
    /// Who speaks: officer, interviewee, interpreter or any other name.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub to: String,
    /// In every line of the same speaker.
    #[arg(long)]
    pub all: bool,
    /// Who says so.
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

/// `mekong voices`
#[derive(Debug, Args)]
pub struct VoicesArgs {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// Say of these lines who speaks, as the voices suggest.
    #[arg(long, requires = "by")]
    pub keep: bool,
    /// Who says so.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

/// `mekong again`
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true)))]
pub struct AgainArgs {
    /// The interview; the beginning of its name is enough while no other begins so.
    pub id: String,
    /// The numbers of the lines.
    #[arg(required = true)]
    pub segments: Vec<i64>,
    /// Listen once more, in this language: zh, vi, th, my, lo or km.
    #[arg(long, group = "what", value_name = "LANG")]
    pub language: Option<Lang>,
    /// Translate once more, into this language.
    #[arg(long, group = "what", value_name = "LANG")]
    pub to: Option<Lang>,
    /// A model's name, or the path of a model; the usual one where it is left out.
    #[arg(long, value_name = "NAME_OR_DIR")]
    pub model: Option<String>,
    /// Who wants it.
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub by: String,
    /// Why.
    #[arg(long)]
    pub reason: Option<String>,
    #[command(flatten)]
    pub form: Json,
}

pub(super) fn speaker(app: &App, typed: &SpeakerArgs, out: &mut Out) -> Result<(), Failure> {
    let (line, signed) = (SegmentId(typed.segment), typed.reason.as_deref());
    let by = (typed.by.as_str(), signed);
    sit_down(app, typed.sign, &typed.by)?;
    let (id, changed) = app.set_speaker(&typed.id, line, typed.all, &typed.to, by)?;
    if typed.form.json {
        let done = json!({"interview": id, "segment": line, "speaker": typed.to, "lines": changed});
        return Ok(out.json(&done)?);
    }
    let lines = count(changed as u64, "line");
    Ok(writeln!(out, "{lines} of {id}: {}", plain(&typed.to))?)
}

pub(super) fn voices(app: &App, typed: &VoicesArgs, out: &mut Out) -> Result<(), Failure> {
    let cancel = cancel_on_ctrl_c("nothing is stored.");
    let watch = Watch::new();
    let found = app.voices(&typed.id, &cancel, &|p| watch.hear(p))?;
    drop(watch);
    let kept = match &typed.by {
        Some(by) if typed.keep => app.keep_voices(&found.interview, &found.suggested, by)?,
        _ => 0,
    };
    if typed.form.json {
        let lines = found
            .suggested
            .iter()
            .map(|s| json!({"segment": s.line, "speaker": s.speaker, "share": s.share}));
        let done = json!({"interview": found.interview, "known": found.known,
            "suggested": lines.collect::<Vec<_>>(), "fitting": found.fitting,
            "unsure": found.unsure, "kept": kept});
        return Ok(out.json(&done)?);
    }
    for s in &found.suggested {
        writeln!(out, "{}  {}  {:.2}", s.line.0, plain(&s.speaker), s.share)?;
    }
    say(&format!(
        "{} sound like another speaker, {} fit, {} are unsure.",
        count(found.suggested.len() as u64, "line"),
        found.fitting,
        found.unsure
    ));
    if typed.keep {
        say(&format!("{} changed.", count(kept as u64, "line")));
    } else if !found.suggested.is_empty() {
        say("Nothing is stored; '--keep --by NAME' says so of these lines.");
    }
    Ok(())
}

pub(super) fn again(app: &App, typed: &AgainArgs, out: &mut Out) -> Result<(), Failure> {
    let what = match (typed.language, typed.to) {
        (Some(lang), _) => Again::Hear(lang),
        (_, Some(to)) => Again::Translate(to),
        (None, None) => return Err(super::usage("say what: --language or --to")),
    };
    let request = AgainRequest {
        lines: typed.segments.iter().copied().map(SegmentId).collect(),
        what,
        model: typed.model.clone(),
        by: typed.by.clone(),
        reason: typed.reason.clone(),
    };
    let cancel = cancel_on_ctrl_c("what was done is kept.");
    let watch = Watch::new();
    let done = app.again(&typed.id, &request, &cancel, &|p| watch.hear(p))?;
    drop(watch);
    for note in &done.notes {
        say(&format!("note: {note}"));
    }
    if done.beside > 0 {
        say(&format!(
            "note: {} by a person go on to count; what the machine made stands in 'mekong history'.",
            count(done.beside as u64, "line")
        ));
    }
    if typed.form.json {
        let done = json!({"interview": done.interview, "segments": typed.segments,
            "count": done.count, "beside": done.beside});
        return Ok(out.json(&done)?);
    }
    for line in &request.lines {
        print_segment(&app.line(&done.interview, *line)?, "", out)?;
    }
    Ok(())
}
