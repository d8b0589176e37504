//! Verbs about this machine and the program itself: demo, devices, doctor, bench.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Duration;

use clap::Args;
use clap::builder::RangedU64ValueParser;
use serde::Serialize;
use serde_json::Value;

use crate::app::{App, Finding, Health, Options, Scores};
use crate::domain::{Interview, Segment};
use crate::export;

use super::Failure;
use super::args::{Demo, Json};
use super::interrupt::cancel_on_ctrl_c;
use super::print::{Look, Out, count, plain, say};
use super::progress::Watch;
use super::read::print_interview;

/// `mekong bench`
#[derive(Debug, Args)]
pub struct Bench {
    /// Play practice interviews in real time as if they were spoken now, and measure how long the
    /// text takes; so many seconds of each.
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "60",
          value_parser = RangedU64ValueParser::<u64>::new().range(5..=3600))]
    pub live: Option<u64>,
    #[command(flatten)]
    pub form: Json,
}

/// `demo --json`.
#[derive(Serialize)]
struct Shown<'a> {
    interviews: Vec<Value>,
    scores: &'a Scores,
}

pub(super) fn demo(options: &Options, typed: &Demo, out: &mut Out) -> Result<(), Failure> {
    let cancel = cancel_on_ctrl_c("the practice workspace is left as it is.");
    let watch = Watch::new();
    let keep = typed.keep.as_deref();
    let mut printed = Ok(());
    let mut each = |interview: &Interview, segments: &[Segment]| {
        if !typed.form.json && printed.is_ok() {
            printed = watch.suspend(|| print_demo_interview(interview, segments, out));
        }
    };
    let report = App::demo(options, keep, &cancel, &|p| watch.hear(p), &mut each)?;
    drop(watch);
    printed?;
    if typed.form.json {
        let shown = report
            .interviews
            .iter()
            .map(|(i, s)| export::json_value(i, s))
            .collect();
        return Ok(out.json(&Shown {
            interviews: shown,
            scores: &report.scores,
        })?);
    }
    print_scores(
        "character error rate (0 is perfect)",
        3,
        &report.scores.cer,
        out,
    )?;
    print_scores("chrF (100 is perfect)", 1, &report.scores.chrf, out)?;
    if keep.is_some() {
        writeln!(
            out,
            "kept: {}",
            plain(&report.workspace.display().to_string())
        )?;
    }
    Ok(())
}

fn print_demo_interview(i: &Interview, segments: &[Segment], out: &mut Out) -> io::Result<()> {
    print_interview(i, segments, out)?;
    writeln!(out)?;
    out.flush()
}

fn print_scores(
    name: &str,
    digits: usize,
    scores: &BTreeMap<String, f64>,
    out: &mut Out,
) -> io::Result<()> {
    let name = out.paint(Look::Strong, name);
    writeln!(out, "{name}")?;
    scores
        .iter()
        .try_for_each(|(what, score)| writeln!(out, "  {what:<6}  {score:>8.digits$}"))
}

pub(super) fn devices(app: &App, typed: &Json, out: &mut Out) -> Result<(), Failure> {
    let devices = app.devices()?;
    if typed.json {
        return Ok(out.json(&devices)?);
    }
    if devices.is_empty() {
        say("This machine has no microphone, or its sound service does not show one.");
    }
    for device in &devices {
        let name = out.paint(Look::Strong, &device.title());
        let floating = if device.floating {
            "  (not one microphone: whatever the system uses now)"
        } else {
            ""
        };
        let usual = if device.default {
            "  (the system's usual one)"
        } else {
            ""
        };
        writeln!(out, "{name}{usual}{floating}")?;
        let rates = format!("{} to {} Hz", device.min_rate, device.max_rate);
        writeln!(
            out,
            "      {}  {}, {rates}",
            plain(&device.id),
            count(device.channels.into(), "channel")
        )?;
    }
    Ok(())
}

/// `doctor --json`.
#[derive(Serialize)]
struct Examined<'a> {
    ok: bool,
    findings: &'a [Finding],
}

pub(super) fn doctor(options: &Options, typed: &Json, out: &mut Out) -> Result<(), Failure> {
    let cancel = cancel_on_ctrl_c("nothing is changed.");
    let watch = Watch::new();
    let findings = App::doctor(options, &cancel, &|p| watch.hear(p));
    drop(watch);
    let ok = findings.iter().all(|f| f.health != Health::Bad);
    if typed.json {
        out.json(&Examined {
            ok,
            findings: &findings,
        })?;
    } else {
        findings
            .iter()
            .try_for_each(|finding| print_finding(finding, out))?;
    }
    if ok { Ok(()) } else { Err(Failure::Told(1)) }
}

fn print_finding(finding: &Finding, out: &mut Out) -> io::Result<()> {
    // Words, not colours alone, tell good from bad.
    let health = match finding.health {
        Health::Good => "good    ".to_owned(),
        Health::Warning => out.paint(Look::Warning, "warning "),
        Health::Bad => out.paint(Look::Warning, "bad     "),
    };
    writeln!(
        out,
        "{health} {:<12} {}",
        finding.name,
        plain(&finding.detail)
    )?;
    match &finding.next {
        Some(next) => writeln!(out, "           next: {}", plain(next)),
        None => Ok(()),
    }
}

pub(super) fn bench(app: &App, typed: &Bench, out: &mut Out) -> Result<(), Failure> {
    let cancel = cancel_on_ctrl_c("nothing is stored.");
    let watch = Watch::new();
    let report = match typed.live {
        Some(seconds) => app.bench_live(Duration::from_secs(seconds), &cancel)?,
        None => app.bench(&cancel, &|p| watch.hear(p))?,
    };
    drop(watch);
    if typed.form.json {
        return Ok(out.json(&report)?);
    }
    writeln!(out, "{}", plain(&report.machine))?;
    for m in &report.measurements {
        let detail = out.paint(Look::Faint, &m.detail);
        writeln!(
            out,
            "{:<28} {:>12.3} {:<10} {detail}",
            m.name, m.value, m.unit
        )?;
    }
    Ok(())
}
