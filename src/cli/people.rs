//! `mekong people`: the register, possible matches and why, what transcripts offer, links.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::json;

use crate::app::App;
use crate::app::offers::Candidate;
use crate::app::people::{Entry, Link, PersonPage, PossibleMatch};
use crate::domain::{Fact, FactKind, InterviewId, Person};
use crate::text::names::SHOWN;

use super::people_args::{self as args, Entries, People};
use super::print::{Look, Out, count, plain, say};
use super::{Failure, usage};

/// Said once where a score stands.
const NOTE: &str =
    "note: a score is a reason to look, not a decision; 'mekong people decide' keeps yours.";

pub(super) fn people(app: &App, typed: People, out: &mut Out) -> Result<(), Failure> {
    match typed {
        People::List(typed) => list(app, &typed, out),
        People::Show(typed) => show(app, &typed, out),
        People::Add(typed) => add(app, typed, out),
        People::Note(typed) => note(app, typed, out),
        People::Match(typed) => matches(app, &typed, out),
        People::Decide(typed) => decide(app, &typed, out),
        People::Candidates(typed) => candidates(app, &typed, out),
        People::Links(typed) => links(app, &typed, out),
        People::Export(typed) => export(app, &typed, out),
    }
}

fn list(app: &App, typed: &args::PeopleList, out: &mut Out) -> Result<(), Failure> {
    let people = app.people(typed.case.as_deref())?;
    if typed.form.json {
        return Ok(out.json(&people)?);
    }
    if people.is_empty() {
        say(
            "Nobody is in the register; 'mekong people candidates' shows names that transcripts offer.",
        );
    }
    for person in &people {
        print_person(person, out)?;
    }
    Ok(())
}

/// One line for one person.
fn print_person(person: &Person, out: &mut Out) -> io::Result<()> {
    let id = out.paint(Look::Strong, &person.id.0);
    let names: Vec<&str> = person.values(FactKind::Name).collect();
    let names = if names.is_empty() {
        "no name".to_owned()
    } else {
        names.join(" | ")
    };
    let roles: Vec<&str> = person.values(FactKind::Role).collect();
    write!(out, "{id}  {}", plain(&names))?;
    for more in [
        roles.join(", "),
        person
            .case
            .as_ref()
            .map(|c| format!("case {c}"))
            .unwrap_or_default(),
    ] {
        if !more.is_empty() {
            write!(out, "  {}", plain(&more))?;
        }
    }
    writeln!(out)
}

fn show(app: &App, typed: &args::PeopleShow, out: &mut Out) -> Result<(), Failure> {
    let page = app.person(&typed.person)?;
    if typed.form.json {
        return Ok(out.json(&page)?);
    }
    Ok(print_page(&page, out)?)
}

fn print_page(page: &PersonPage, out: &mut Out) -> io::Result<()> {
    print_person(&page.person, out)?;
    for fact in &page.history {
        print_fact(fact, page.person.facts.iter().any(|f| f.id == fact.id), out)?;
    }
    for d in &page.decisions {
        let reason = d
            .reason
            .as_deref()
            .map(|r| format!(", because {r}"))
            .unwrap_or_default();
        let words = format!("{} as {} by {}{reason}", d.verdict.as_str(), d.other, d.by);
        writeln!(
            out,
            "      {}  {}",
            out.paint(Look::Faint, &d.at),
            plain(&words)
        )?;
    }
    Ok(())
}

fn print_fact(fact: &Fact, counts: bool, out: &mut Out) -> io::Result<()> {
    let number = format!("{:>5}", fact.id);
    let when = out.paint(Look::Faint, &fact.at);
    let mut words = match (fact.withdrawn, fact.replaces) {
        (true, Some(old)) => format!("takes back {old}"),
        (false, Some(old)) => format!("{} {} (corrects {old})", fact.kind.as_str(), fact.value),
        _ => format!("{} {}", fact.kind.as_str(), fact.value),
    };
    if let Some(source) = fact.source {
        words += &format!(", {}", source.as_str());
    }
    if let (Some(id), Some(line)) = (&fact.interview, fact.segment) {
        words += &format!(", {id} line {}", line.0);
    }
    if !counts && !fact.withdrawn {
        words += ", no longer counts";
    }
    let reason = fact
        .reason
        .as_deref()
        .map(|r| format!(", because {r}"))
        .unwrap_or_default();
    writeln!(
        out,
        "{number}  {when}  {}  by {}{}",
        plain(&words),
        plain(&fact.by),
        plain(&reason)
    )
}

/// What was typed as entries of the register.
fn entries(names: &[String], typed: &Entries) -> Vec<Entry> {
    let line = typed.interview.clone().zip(typed.segment);
    let groups: [(FactKind, &[String]); 8] = [
        (FactKind::Name, names),
        (FactKind::Role, &typed.role),
        (FactKind::BirthYear, &typed.born),
        (FactKind::Phone, &typed.phone),
        (FactKind::Plate, &typed.plate),
        (FactKind::Document, &typed.document),
        (FactKind::Place, &typed.place),
        (FactKind::Note, &typed.text),
    ];
    let mut all: Vec<Entry> = Vec::new();
    for (kind, values) in groups {
        for value in values {
            let is_name = kind == FactKind::Name;
            all.push(Entry {
                lang: typed.lang.filter(|_| is_name),
                source: typed.source.filter(|_| is_name),
                line: line.clone(),
                reason: typed.reason.clone(),
                ..Entry::new(kind, value)
            });
        }
    }
    // Whoever is named in a line is mentioned there; that is what links people over interviews.
    if let (Some(name), true) = (names.first(), line.is_some()) {
        all.push(Entry {
            line,
            ..Entry::new(FactKind::Mention, name)
        });
    }
    all
}

fn add(app: &App, typed: args::PeopleAdd, out: &mut Out) -> Result<(), Failure> {
    let near: Vec<PossibleMatch> = match typed.names.first() {
        Some(name) => app.match_people(name, typed.entries.lang, false, 3)?,
        None => Vec::new(),
    };
    let entries = entries(&typed.names, &typed.entries);
    let person = app.add_person(typed.case.as_deref(), &typed.entries.by, &entries)?;
    if typed.form.json {
        out.json(&person)?;
    } else {
        print_person(&person, out)?;
    }
    for one in near {
        say(&format!(
            "note: {} ({}) has a name that is near, {:.2}: {}",
            one.person, one.name, one.score, one.why
        ));
    }
    Ok(())
}

fn note(app: &App, typed: args::PeopleNote, out: &mut Out) -> Result<(), Failure> {
    let by = &typed.entries.by;
    let mut entries = entries(&typed.name, &typed.entries);
    if entries.is_empty() && typed.withdraw.is_none() {
        return Err(usage(
            "nothing to enter: name an entry, for example --phone",
        ));
    }
    if typed.replaces.is_some() {
        entries.retain(|e| e.kind != FactKind::Mention);
        if entries.len() != 1 {
            return Err(usage("--replaces needs exactly one new entry"));
        }
        for entry in &mut entries {
            entry.replaces = typed.replaces;
        }
    }
    if let Some(entry) = typed.withdraw {
        app.withdraw_entry(&typed.person, entry, by, typed.entries.reason.as_deref())?;
    }
    let person = app.note_person(&typed.person, by, &entries)?;
    if typed.form.json {
        return Ok(out.json(&person)?);
    }
    Ok(print_person(&person, out)?)
}

fn matches(app: &App, typed: &args::PeopleMatch, out: &mut Out) -> Result<(), Failure> {
    let name = typed.name.join(" ");
    let found = app.match_people(&name, typed.lang, typed.all, typed.limit)?;
    if typed.form.json {
        return Ok(out.json(&json!({ "name": name, "shown_from": SHOWN, "matches": found }))?);
    }
    for one in &found {
        print_match(one, "", out)?;
    }
    if found.is_empty() {
        say("Nobody in the register has a name near this one; --all shows the nearest.");
    } else {
        say(NOTE);
    }
    Ok(())
}

fn print_match(one: &PossibleMatch, indent: &str, out: &mut Out) -> io::Result<()> {
    let id = out.paint(Look::Strong, &one.person.0);
    let score = format!("{:.2}", one.score);
    let score = out.paint(if one.likely { Look::Found } else { Look::Faint }, &score);
    let verdict = one
        .verdict
        .map(|v| format!("  [{}]", v.as_str()))
        .unwrap_or_default();
    let (name, why) = (
        plain(&one.name).into_owned(),
        out.paint(Look::Faint, &one.why),
    );
    writeln!(out, "{indent}{score}  {id}  {name}{verdict}  {why}")
}

fn decide(app: &App, typed: &args::PeopleDecide, out: &mut Out) -> Result<(), Failure> {
    app.decide_people(
        &typed.one,
        &typed.other,
        typed.verdict,
        &typed.by,
        typed.reason.as_deref(),
    )?;
    if typed.form.json {
        let value = json!({ "person": typed.one, "other": typed.other, "verdict": typed.verdict });
        return Ok(out.json(&value)?);
    }
    let verdict = typed.verdict.as_str();
    Ok(writeln!(
        out,
        "{} and {}: {verdict}",
        plain(&typed.one),
        plain(&typed.other)
    )?)
}

fn candidates(app: &App, typed: &args::PeopleCandidates, out: &mut Out) -> Result<(), Failure> {
    if let (Some(value), Some(interview), Some(segment), Some(kind), Some(by)) = (
        &typed.dismiss,
        &typed.interview,
        typed.segment,
        typed.kind,
        &typed.by,
    ) {
        app.dismiss_candidate(interview, segment, kind, value, by, typed.reason.as_deref())?;
        if typed.form.json {
            return Ok(out.json(&json!({ "dismissed": value, "segment": segment }))?);
        }
        return Ok(writeln!(
            out,
            "line {segment}: {} will not be offered again",
            plain(value)
        )?);
    }
    let found = app.candidates(typed.interview.as_deref(), typed.case.as_deref())?;
    // What it shows are words of the lines.
    let ids: BTreeSet<&InterviewId> = found.iter().map(|one| &one.interview).collect();
    for id in ids {
        app.note_shown(id, "people candidates")?;
    }
    if typed.form.json {
        return Ok(out.json(&found)?);
    }
    for one in &found {
        print_candidate(one, out)?;
    }
    if found.is_empty() {
        say("No line offers a name or a number that was not answered yet.");
    } else {
        say(
            "note: nothing was added; 'mekong people add NAME --interview ID --segment LINE --by YOU' does.",
        );
    }
    Ok(())
}

fn print_candidate(one: &Candidate, out: &mut Out) -> io::Result<()> {
    let id = out.paint(Look::Faint, &one.interview.0);
    let value = out.paint(Look::Strong, &one.value);
    let (line, speaker) = (one.segment.0, plain(&one.speaker));
    writeln!(
        out,
        "{id}  line {line}  {speaker}  {}  {value}",
        one.kind.as_str()
    )?;
    for near in &one.people {
        print_match(near, "      ", out)?;
    }
    Ok(())
}

fn links(app: &App, typed: &args::PeopleLinks, out: &mut Out) -> Result<(), Failure> {
    let links: Vec<Link> = app.links(typed.person.as_deref(), typed.case.as_deref())?;
    if typed.form.json {
        let table: Vec<_> = links
            .iter()
            .map(|l| {
                let people: Vec<_> = l
                    .people
                    .iter()
                    .map(|(id, name)| json!({ "person": id, "name": name }))
                    .collect();
                json!({ "kind": l.kind, "value": l.value, "people": people })
            })
            .collect();
        return Ok(out.json(&table)?);
    }
    for link in &links {
        let people: Vec<String> = link
            .people
            .iter()
            .map(|(id, name)| format!("{id} {name}"))
            .collect();
        let value = out.paint(Look::Strong, &link.value);
        writeln!(
            out,
            "{:<9}  {value}  {}",
            link.kind,
            plain(&people.join(", "))
        )?;
    }
    say(&count(links.len() as u64, "link"));
    Ok(())
}

fn export(app: &App, typed: &args::PeopleExport, out: &mut Out) -> Result<(), Failure> {
    let told = app.export_people(typed.case.as_deref(), &typed.out, typed.force)?;
    let file = typed.out.display().to_string();
    let people = |number| match number {
        1 => "1 person".to_owned(),
        many => format!("{many} people"),
    };
    writeln!(out, "written: {} ({})", plain(&file), people(told.people))?;
    if told.renamed > 0 {
        let who = people(told.renamed);
        say(&format!(
            "note: {who} under a pseudonym and nothing else, as consent asks."
        ));
    }
    if told.left_out > 0 {
        let who = people(told.left_out);
        say(&format!(
            "note: {who} left out, as consent asks ('mekong consent')."
        ));
    }
    if told.entries > 0 {
        let entries = match told.entries {
            1 => "1 entry".to_owned(),
            many => format!("{many} entries"),
        };
        say(&format!(
            "note: {entries} left out, from interviews of which nothing may leave."
        ));
    }
    Ok(())
}
