//! `mekong search`: its arguments, its answer as JSON and as text.

use std::io::{self, Write};

use clap::Args;
use clap::builder::RangedU64ValueParser;
use serde::Serialize;

use crate::app::App;
use crate::domain::{FlagKind, InterviewId, Lang, PersonId, Status};
use crate::store::{Hit, Index, Matched, Neighbour, SearchQuery, Via, Why};
use crate::text;

use super::Failure;
use super::args::{Json, parse_date};
use super::print::{Look, Out, clock, count, plain, say};
use super::progress::Watch;

/// `mekong search`
#[derive(Debug, Args)]
pub struct Search {
    /// What to find: words that must all occur, \"a phrase\", word*, -word, AND, OR, NOT, NEAR, ( ).
    #[arg(required = true)]
    pub query: Vec<String>,
    /// Only lines said in this language: zh, vi, th, my, lo or km.
    #[arg(long)]
    pub lang: Option<Lang>,
    /// Only this case, in capital or small letters.
    #[arg(long)]
    pub case: Option<String>,
    /// Only this speaker, in capital or small letters.
    #[arg(long)]
    pub speaker: Option<String>,
    /// Only interviews that the register links to this person, for example p1.
    #[arg(long, value_name = "ID")]
    pub person: Option<String>,
    /// Only lines with this doubt, for example low-confidence.
    #[arg(long, value_parser = parse_flag, value_name = "FLAG")]
    pub flag: Option<FlagKind>,
    /// Only lines of this status: machine, edited or certified.
    #[arg(long, value_parser = parse_status, value_name = "STATUS")]
    pub status: Option<Status>,
    /// Near spellings too, below what is spelled so.
    #[arg(long)]
    pub like: bool,
    /// Other languages too: glossary, names of the register and installed translators, below the
    /// others.
    #[arg(long)]
    pub across: bool,
    /// Only interviews from this date on, for example 2026-11-23.
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    pub since: Option<String>,
    /// Only interviews up to this date.
    #[arg(long, value_parser = parse_date, value_name = "DATE")]
    pub until: Option<String>,
    /// The most hits to show.
    #[arg(long, default_value_t = 50, value_name = "N",
          value_parser = RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    pub limit: usize,
    #[command(flatten)]
    pub form: Json,
}

/// `search --json`.
#[derive(Serialize)]
struct Found<'a> {
    query: &'a str,
    total: u64,
    /// There are more than `total`, which are not counted.
    more: bool,
    hits: Vec<FoundHit<'a>>,
    complete: bool,
    /// Bundles of partners that are not what was received, and were not searched.
    broken: &'a [String],
}

#[derive(Serialize)]
struct FoundHit<'a> {
    interview: &'a InterviewId,
    case: Option<&'a str>,
    segment: i64,
    start_ms: u64,
    lang: Lang,
    speaker: &'a str,
    text: &'a str,
    translation: Option<&'a str>,
    marks: &'a [(usize, usize)],
    translation_marks: &'a [(usize, usize)],
    matched: &'static str,
    /// In plain words.
    why: String,
    /// Only spelled or sounding nearly like the question.
    near: bool,
    before: Option<Beside<'a>>,
    after: Option<Beside<'a>>,
    score: f64,
    /// The bundle that a partner sent it in.
    foreign: Option<&'a InterviewId>,
}

/// The line before or after a hit.
#[derive(Serialize)]
struct Beside<'a> {
    segment: i64,
    speaker: &'a str,
    lang: Lang,
    text: &'a str,
}

impl<'a> From<&'a Neighbour> for Beside<'a> {
    fn from(n: &'a Neighbour) -> Self {
        Self {
            segment: n.segment.0,
            speaker: &n.speaker,
            lang: n.lang,
            text: &n.text,
        }
    }
}

/// Why a line was found, in plain words.
fn why(hit: &Hit) -> String {
    let side = match hit.matched {
        Matched::Text => "what was said",
        _ => "the translation",
    };
    match &hit.why {
        Why::AsAsked => format!("the words stand in {side}"),
        Why::Bare => format!("the words stand in {side}, diacritics apart"),
        Why::Inside => format!("the letters stand inside {side}"),
        Why::Like(words) => format!("{side} has nearly these words: {}", words.join(", ")),
        Why::Across { words, via } => match via {
            Via::Term => format!("the glossary gives '{words}' for what was asked"),
            Via::Name(person) => format!("'{words}' is a name of {person} of the register"),
            Via::Translated(lang) => format!("'{words}' is a machine's translation into {lang}"),
        },
    }
}

impl<'a> From<&'a Hit> for FoundHit<'a> {
    fn from(h: &'a Hit) -> Self {
        Self {
            interview: &h.interview,
            case: h.case.as_deref(),
            segment: h.segment.0,
            start_ms: h.start_ms,
            lang: h.lang,
            speaker: &h.speaker,
            text: &h.text,
            translation: h.translation.as_deref(),
            marks: &h.marks,
            translation_marks: &h.translation_marks,
            matched: h.matched.as_str(),
            why: why(h),
            near: matches!(h.why, Why::Like(_)),
            before: h.around[0].as_ref().map(Beside::from),
            after: h.around[1].as_ref().map(Beside::from),
            score: h.score,
            foreign: h.foreign.as_ref(),
        }
    }
}

pub(super) fn search(app: &App, typed: &Search, out: &mut Out) -> Result<(), Failure> {
    let query = SearchQuery {
        text: typed.query.join(" "),
        lang: typed.lang,
        case: typed.case.clone(),
        speaker: typed.speaker.clone(),
        since: typed.since.clone(),
        until: typed.until.clone(),
        person: typed.person.clone().map(PersonId),
        flag: typed.flag,
        status: typed.status,
        like: typed.like,
        context: true,
        limit: typed.limit,
    };
    let watch = Watch::new();
    let page = app.search(&query, typed.across, &|p| watch.hear(p))?;
    drop(watch);
    if page.total > 0 {
        app.note_searched("search")?;
    }
    match page.index {
        Index::Used => {}
        Index::Mended => {
            say("note: the search index was damaged or old, and has been made anew from the lines.")
        }
        Index::Unusable => say(
            "note: the search index is damaged or old and cannot be made anew now; lines were read one by one, the newest first.",
        ),
    }
    if typed.form.json {
        return Ok(out.json(&Found {
            query: &query.text,
            total: page.total,
            more: page.more,
            hits: page.hits.iter().map(FoundHit::from).collect(),
            complete: page.complete,
            broken: &page.broken,
        })?);
    }
    for hit in &page.hits {
        print_hit(hit, out)?;
    }
    if text::index_tokens(&query.text).is_empty() {
        say("Nothing to look for: the query has no letters or digits.");
    } else if page.total > page.hits.len() as u64 {
        let least = if page.more { "at least " } else { "" };
        say(&format!(
            "{} of {least}{} hits; --limit N shows more.",
            page.hits.len(),
            page.total
        ));
    } else {
        say(&count(page.total, "hit"));
    }
    for bundle in &page.broken {
        say(&format!(
            "note: the bundle {bundle} is not what was received, and was not searched; 'mekong received' tells where it lies."
        ));
    }
    if page.total == 0 && !typed.across {
        say("note: --across asks in the other languages too.");
    }
    if !page.complete {
        say("note: the oldest interviews were not looked at; name a case or a date to see them.");
    }
    Ok(())
}

fn print_hit(hit: &Hit, out: &mut Out) -> io::Result<()> {
    let id = out.paint(Look::Strong, &hit.interview.0);
    let time = out.paint(Look::Faint, &clock(hit.start_ms));
    let case = hit
        .case
        .as_deref()
        .map(|c| format!("  case {}", plain(c)))
        .unwrap_or_default();
    writeln!(
        out,
        "{id}  line {}  {time}  {}{case}",
        hit.segment.0,
        plain(&hit.speaker)
    )?;
    if let Some(bundle) = &hit.foreign {
        let from = format!("(from a partner, in the bundle {bundle})");
        writeln!(out, "      {}", out.paint(Look::Warning, &from))?;
    }
    print_beside(hit.around[0].as_ref(), out)?;
    let text = paint_marks(&hit.text, &hit.marks, out);
    writeln!(out, "      {}  {text}", hit.lang)?;
    if let Some(translation) = &hit.translation {
        writeln!(
            out,
            "          {}",
            paint_marks(translation, &hit.translation_marks, out)
        )?;
    }
    print_beside(hit.around[1].as_ref(), out)?;
    if hit.why != Why::AsAsked {
        let why = format!("({})", plain(&why(hit)));
        writeln!(out, "      {}", out.paint(Look::Warning, &why))?;
    }
    Ok(())
}

fn print_beside(line: Option<&Neighbour>, out: &mut Out) -> io::Result<()> {
    let Some(line) = line else {
        return Ok(());
    };
    let text = format!("{}  {}", line.lang, plain(&line.text));
    writeln!(out, "      {}", out.paint(Look::Faint, &text))
}

/// `text` with the places that matched, in characters, made visible.
fn paint_marks(text: &str, marks: &[(usize, usize)], out: &Out) -> String {
    let marked = |i: usize| marks.iter().any(|(start, end)| (*start..*end).contains(&i));
    let mut painted = String::new();
    let mut run = (false, String::new());
    for (i, c) in text.chars().enumerate() {
        if marked(i) != run.0 {
            painted += &paint_run(&run, out);
            run = (marked(i), String::new());
        }
        run.1.push(c);
    }
    painted + &paint_run(&run, out)
}

fn paint_run((found, text): &(bool, String), out: &Out) -> String {
    if *found {
        out.paint(Look::Found, text)
    } else {
        plain(text).into_owned()
    }
}

fn parse_flag(typed: &str) -> Result<FlagKind, String> {
    FlagKind::parse(typed).ok_or_else(|| {
        let all: Vec<&str> = FlagKind::ALL.iter().map(|f| f.as_str()).collect();
        format!("it is one of {}", all.join(", "))
    })
}

fn parse_status(typed: &str) -> Result<Status, String> {
    [Status::Machine, Status::Edited, Status::Certified]
        .into_iter()
        .find(|s| s.as_str() == typed)
        .ok_or_else(|| "it is machine, edited or certified".to_owned())
}
