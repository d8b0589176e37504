//! `mekong glossary` and `mekong models`: what is there, whether it is whole, bringing in more.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use crate::app::{
    self, App, GlossaryInfo, JudgeRequest, Judgement, Measured, ModelInfo, TrimRequest,
    WordJudgement,
};
use crate::speech::FEWEST_WORDS;

use super::Failure;
use super::interrupt::cancel_on_ctrl_c;
use super::print::{Look, Out, codes, count, plain, say, say_error, size};
use super::progress::Watch;
use super::shelf_args::{Bits, Glossary, GlossaryFormat, Models};

pub(super) fn glossary(app: &App, typed: &Glossary, out: &mut Out) -> Result<(), Failure> {
    match typed {
        Glossary::List(form) => {
            let all = app.glossaries()?;
            if form.json {
                return Ok(out.json(&all)?);
            }
            if all.is_empty() {
                say("No glossaries; 'mekong glossary import FILE' brings one in.");
            }
            Ok(all.iter().try_for_each(|info| {
                let printed = print_glossary(info, out);
                if info.broken.is_some() {
                    print_problems(info);
                }
                printed
            })?)
        }
        Glossary::Check(form) => check_glossaries(app, form.json, out),
        Glossary::Import {
            file,
            replace,
            form,
        } => {
            let cancel = cancel_on_ctrl_c("nothing was stored.");
            let info = app.import_glossary(file, *replace, &cancel)?;
            if form.json {
                return Ok(out.json(&info)?);
            }
            print_glossary(&info, out)?;
            print_problems(&info);
            Ok(())
        }
        Glossary::Export {
            file, name, format, ..
        } if file == Path::new("-") => {
            let form = format.map_or(app::GlossaryForm::Csv, form_of);
            app.export_glossary_to(name.as_deref(), form, out)?;
            Ok(())
        }
        Glossary::Export {
            file,
            name,
            format,
            force,
        } => {
            let form = format.map(form_of);
            let terms = app.export_glossary(name.as_deref(), form, file, *force)?;
            let path = file.display().to_string();
            let terms = count(terms as u64, "term");
            Ok(writeln!(out, "{terms} written: {}", plain(&path))?)
        }
    }
}

fn form_of(typed: GlossaryFormat) -> app::GlossaryForm {
    match typed {
        GlossaryFormat::Csv => app::GlossaryForm::Csv,
        GlossaryFormat::Tbx => app::GlossaryForm::Tbx,
    }
}

fn check_glossaries(app: &App, json: bool, out: &mut Out) -> Result<(), Failure> {
    let all = app.glossaries()?;
    if json {
        out.json(&all)?;
    }
    for info in &all {
        if !json {
            print_glossary(info, out)?;
            print_problems(info);
        }
    }
    let clean = all.iter().all(|info| info.problems.is_empty());
    if clean { Ok(()) } else { Err(Failure::Told(1)) }
}

fn print_glossary(info: &GlossaryInfo, out: &mut Out) -> io::Result<()> {
    let name = out.paint(Look::Strong, &info.name);
    let path = out.paint(Look::Faint, &info.path.display().to_string());
    write!(out, "{name}  {}", count(info.terms as u64, "term"))?;
    if info.unreviewed > 0 {
        let text = format!("{} not reviewed by a native speaker", info.unreviewed);
        write!(out, ", {}", out.paint(Look::Warning, &text))?;
    }
    writeln!(out, "  {path}")
}

fn print_problems(info: &GlossaryInfo) {
    for problem in &info.problems {
        say(&format!("  ! {problem}"));
    }
    if let Some(next) = &info.broken {
        say(&format!("    next: {next}"));
    }
}

/// `models list --json`.
#[derive(Serialize)]
struct Installed {
    models: Vec<ModelInfo>,
    broken: Vec<Broken>,
}

/// A model's folder whose description cannot be read.
#[derive(Serialize)]
struct Broken {
    error: String,
    next: String,
}

/// `models check --json`.
#[derive(Serialize)]
struct Checked {
    ok: bool,
    models: Vec<CheckedModel>,
    broken: Vec<Broken>,
}

#[derive(Serialize)]
struct CheckedModel {
    name: String,
    ok: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

pub(super) fn models(app: &App, typed: &Models, out: &mut Out) -> Result<(), Failure> {
    match typed {
        Models::List(form) => list_models(app, form.json, out),
        Models::Check {
            name: Some(model),
            audio: Some(folder),
            language,
            most,
            form,
        } => {
            let request = JudgeRequest {
                model,
                folder,
                language: *language,
                most: most.and_then(|n| usize::try_from(n).ok()),
            };
            judge_model(app, &request, form.json, out)
        }
        Models::Check { name, form, .. } => check_models(app, name.as_deref(), form.json, out),
        Models::Trim {
            name,
            to,
            whole_vocabulary,
            keep_floats,
            bits,
            form,
        } => {
            let cancel = cancel_on_ctrl_c("nothing is left behind.");
            let request = TrimRequest {
                name,
                to: to.as_deref(),
                trim: !whole_vocabulary,
                bits: match (keep_floats, bits) {
                    (true, _) => None,
                    (false, Bits::Eight) => Some(app::Bits::Eight),
                    (false, Bits::Six) => Some(app::Bits::Six),
                },
            };
            let watch = Watch::new();
            let model = app.trim_model(&request, &cancel, &|p| watch.hear(p))?;
            drop(watch);
            if form.json {
                return Ok(out.json(&model)?);
            }
            Ok(print_model(&model, out)?)
        }
        Models::Fetch { name } => Err(app::Error::NoNetwork(name.clone()).into()),
        Models::Import { path, form } => {
            let cancel = cancel_on_ctrl_c("nothing is left behind.");
            let watch = Watch::new();
            let model = app.import_model(path, &cancel, &|p| watch.hear(p))?;
            drop(watch);
            if form.json {
                return Ok(out.json(&model)?);
            }
            Ok(print_model(&model, out)?)
        }
    }
}

fn installed(app: &App) -> Installed {
    let (models, errors) = app.models();
    let broken = errors
        .iter()
        .map(|e| Broken {
            error: e.to_string(),
            next: e.help(),
        })
        .collect();
    Installed { models, broken }
}

fn list_models(app: &App, json: bool, out: &mut Out) -> Result<(), Failure> {
    let installed = installed(app);
    if json {
        return Ok(out.json(&installed)?);
    }
    if installed.models.is_empty() && installed.broken.is_empty() {
        say("No models; 'mekong models import PATH' brings one in.");
    }
    for model in &installed.models {
        print_model(model, out)?;
    }
    installed
        .broken
        .iter()
        .for_each(|b| say_error(&b.error, &b.next));
    Ok(())
}

fn print_model(model: &ModelInfo, out: &mut Out) -> io::Result<()> {
    let name = out.paint(Look::Strong, &model.name);
    let practice = if model.practice {
        ", practice only"
    } else {
        ""
    };
    writeln!(
        out,
        "{name}  {}{practice}, {}, {}, licence {}",
        model.purpose,
        codes(&model.languages),
        size(model.bytes),
        plain(&model.license)
    )?;
    if !model.description.is_empty() {
        writeln!(out, "      {}", plain(&model.description))?;
    }
    for (lang, rate) in &model.error_rates {
        writeln!(out, "      {lang}: {}", plain(&rate.to_string()))?;
    }
    if !model.calibrated.is_empty() {
        let measured = |m: &Measured| match m.words {
            0 => format!("{} not calibrated", m.language),
            words => format!("{} measured on {}", m.language, count(words as u64, "word")),
        };
        let all: Vec<String> = model.calibrated.iter().map(measured).collect();
        writeln!(out, "      confidence: {}", all.join(", "))?;
    }
    for doubt in &model.doubts {
        let doubt = out.paint(Look::Warning, &format!("!   {doubt}"));
        writeln!(out, "      {}", plain(&doubt))?;
    }
    let folder = out.paint(Look::Faint, &model.folder.display().to_string());
    writeln!(out, "      {folder}")
}

fn check_models(app: &App, only: Option<&str>, json: bool, out: &mut Out) -> Result<(), Failure> {
    let mut models: Vec<CheckedModel> = Vec::new();
    let mut printed = Ok(());
    let cancel = cancel_on_ctrl_c("what was said of a model stands.");
    let watch = Watch::new();
    let ok = app.check_models(only, &cancel, &|p| watch.hear(p), &mut |name, result| {
        let error = result.as_ref().err();
        let checked = CheckedModel {
            name: name.to_owned(),
            ok: error.is_none(),
            error: error.map(ToString::to_string),
            next: error.map(|e| e.help()),
        };
        // Each as it ends: reading a large model takes a while.
        if !json && printed.is_ok() {
            printed = watch.suspend(|| print_checked(&checked, out));
        }
        models.push(checked);
    });
    drop(watch);
    printed?;
    let ok = ok?;
    let mut broken = installed(app).broken;
    if only.is_some() {
        broken.clear();
    }
    if json {
        out.json(&Checked { ok, models, broken })?;
    } else {
        broken.iter().for_each(|b| say_error(&b.error, &b.next));
    }
    if ok { Ok(()) } else { Err(Failure::Told(1)) }
}

fn print_checked(model: &CheckedModel, out: &mut Out) -> io::Result<()> {
    let name = out.paint(Look::Strong, &model.name);
    match (&model.error, &model.next) {
        (Some(error), Some(next)) => {
            let differs = out.paint(Look::Warning, "differs");
            writeln!(out, "{name}  {differs}")?;
            out.flush()?;
            say_error(error, next);
        }
        _ => writeln!(out, "{name}  as listed")?,
    }
    out.flush()
}

/// `mekong models check NAME --audio FOLDER`.
fn judge_model(
    app: &App,
    request: &JudgeRequest<'_>,
    json: bool,
    out: &mut Out,
) -> Result<(), Failure> {
    let cancel = cancel_on_ctrl_c("nothing was stored.");
    let watch = Watch::new();
    let judgement = app.judge_model(request, &cancel, &|p| watch.hear(p))?;
    drop(watch);
    if json {
        out.json(&judgement)?;
    } else {
        print_judgement(&judgement, out)?;
    }
    let failed = judgement.failed.len();
    if failed == 0 {
        return Ok(());
    }
    for each in &judgement.failed {
        say_error(&each.error, &each.next);
    }
    let heard: usize = judgement.languages.values().map(|l| l.recordings).sum();
    let all = heard.saturating_add(failed);
    Err(app::Error::SomeUnheard { failed, all }.into())
}

/// How far the confidence of words is from the truth, with the table of reliability.
fn print_words(words: &WordJudgement, out: &mut Out) -> io::Result<()> {
    let percent = |share: f64| 100.0 * share;
    writeln!(
        out,
        "          {} of {} right; their confidence is off by {:.1} points as the model gives it{}",
        words.right,
        count(words.words as u64, "word"),
        percent(words.before.error),
        match &words.after {
            Some(after) => format!(", by {:.1} as measured", percent(after.error)),
            None => String::new(),
        },
    )?;
    for row in &words.before.rows {
        writeln!(
            out,
            "          {:>6}: given {:>3.0} %, right {:>3.0} %",
            row.words,
            percent(row.confidence),
            percent(row.right),
        )?;
    }
    let told = match words.kept {
        true => "from now on the words of this model are read as measured".to_owned(),
        false if words.words < FEWEST_WORDS => {
            format!("its words stay as they are: fewer than {FEWEST_WORDS} were compared")
        }
        false => "its words stay as they are: what was measured is kept of installed models only \
                  ('mekong models import FOLDER')"
            .to_owned(),
    };
    writeln!(out, "          {told}")
}

fn print_judgement(judgement: &Judgement, out: &mut Out) -> io::Result<()> {
    let name = out.paint(Look::Strong, &judgement.model);
    writeln!(
        out,
        "{name}  {}, {}",
        plain(&judgement.engine),
        plain(&judgement.machine)
    )?;
    for note in &judgement.notes {
        let note = out.paint(Look::Warning, &format!("!   {note}"));
        writeln!(out, "      {}", plain(&note))?;
    }
    for (lang, l) in &judgement.languages {
        writeln!(
            out,
            "      {lang}: {:.1} % of {} wrong in {}, {:.0} s of sound; {} without text, {} with a doubt; {:.3} of real time",
            l.cer * 100.0,
            count(l.characters as u64, "character"),
            count(l.recordings as u64, "recording"),
            l.seconds,
            l.empty,
            l.flagged,
            l.realtime_factor,
        )?;
        if let Some(words) = &l.words {
            print_words(words, out)?;
        }
    }
    if let Some(peak) = judgement.peak_memory_mb {
        writeln!(
            out,
            "      at most {peak:.0} MB of memory, this program included"
        )?;
    }
    Ok(())
}
