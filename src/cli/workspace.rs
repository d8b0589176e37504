//! `mekong workspace`: the lock that keeps a thief from reading what was said.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::app::{self, App, VaultState};
use crate::vault::Phrase;

use super::args::{Glossary, Json, Verb};
use super::print::{Out, say};
use super::progress::Watch;
use super::{Failure, secret, usage};

/// `mekong workspace`
#[derive(Debug, Subcommand)]
pub enum Workspace {
    /// Say whether the workspace is locked.
    Status(Json),
    /// Lock it: database and sound are protected by a passphrase and a recovery key.
    Lock(Lock),
    /// Set another passphrase.
    ChangePassphrase {
        /// A file that holds the new passphrase; else it is typed twice.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
    /// Open it with the agency's recovery key and set another passphrase.
    Recover {
        /// The file with the recovery key.
        #[arg(long, value_name = "FILE")]
        recovery_key_file: PathBuf,
        /// A file that holds the new passphrase; else it is typed twice.
        #[arg(long, value_name = "FILE")]
        new_passphrase_file: Option<PathBuf>,
    },
}

/// `mekong workspace lock`
#[derive(Debug, Args)]
#[group(id = "recovery", required = true, multiple = false)]
pub struct Lock {
    /// The agency's recovery key, its public half: age1...
    #[arg(long, value_name = "KEY", group = "recovery")]
    pub recovery_key: Option<String>,
    /// Make a recovery key and write it to this file, once; keep the file away from this machine.
    #[arg(long, value_name = "FILE", group = "recovery")]
    pub new_recovery_key: Option<PathBuf>,
}

pub(super) fn workspace(
    app: &App,
    typed: &Workspace,
    passphrase_file: Option<&Path>,
    out: &mut Out,
) -> Result<(), Failure> {
    match typed {
        Workspace::Status(form) => status(app, form, out),
        Workspace::Lock(typed) => lock(app, typed, passphrase_file, out),
        Workspace::ChangePassphrase {
            new_passphrase_file,
        } => {
            let old = passphrase("Passphrase of the workspace: ", passphrase_file)?;
            let new = new_passphrase(new_passphrase_file.as_deref())?;
            app.change_passphrase(&old, &new)?;
            Ok(writeln!(out, "the passphrase was changed")?)
        }
        Workspace::Recover {
            recovery_key_file,
            new_passphrase_file,
        } => {
            let key = secret::read(recovery_key_file)?;
            let new = new_passphrase(new_passphrase_file.as_deref())?;
            app.recover_workspace(&key, &new)?;
            Ok(writeln!(out, "the workspace has a new passphrase")?)
        }
    }
}

fn status(app: &App, form: &Json, out: &mut Out) -> Result<(), Failure> {
    let word = match app.vault_state()? {
        VaultState::Plain => "plain",
        VaultState::Moving => "half-locked",
        VaultState::Locked | VaultState::Open => "locked",
    };
    let recovery = app.recovery_recipient()?;
    if form.json {
        return Ok(out.json(&json!({"state": word, "recovery_key": recovery}))?);
    }
    writeln!(out, "{word}")?;
    match (word, recovery) {
        ("plain", _) => {
            say("Whoever has the disk can read everything. To lock: mekong workspace lock")
        }
        ("half-locked", _) => {
            say(
                "The locking was cut off: a part still lies in the clear. Any verb that opens it goes on.",
            );
        }
        (_, Some(key)) => {
            writeln!(out, "recovery key {key}")?;
            if let Some((told, next)) = app::swap_told() {
                say(&format!("note: {told}. {next}"));
            }
        }
        _ => {}
    }
    Ok(())
}

fn lock(
    app: &App,
    typed: &Lock,
    passphrase_file: Option<&Path>,
    out: &mut Out,
) -> Result<(), Failure> {
    if app.vault_state()? != VaultState::Plain {
        let root = app.workspace().root().to_owned();
        return Err(app::Error::from(crate::vault::Error::LockedBefore(root)).into());
    }
    let phrase = match secret::given(passphrase_file, GIVEN)? {
        Some(phrase) => phrase,
        None => secret::typed_twice(NEW, ELSEWHERE)?,
    };
    let watch = Watch::new();
    let recipient = match (&typed.recovery_key, &typed.new_recovery_key) {
        (Some(key), _) => {
            app.lock_workspace(&phrase, key, &|p| watch.hear(p))?;
            key.clone()
        }
        (None, Some(path)) => app.lock_with_new_key(&phrase, path, &|p| watch.hear(p))?,
        (None, None) => return Err(usage("a recovery key is needed")),
    };
    drop(watch);
    writeln!(out, "the workspace is locked; recovery key {recipient}")?;
    if let Some((told, next)) = app::swap_told() {
        say(&format!("note: {told}. {next}"));
    }
    if let Some(path) = &typed.new_recovery_key {
        say(&format!(
            "Take this file to another place and remove it here; nobody can make it again: {}",
            path.display()
        ));
    }
    say(
        "A disk, above all a solid-state one, may keep old blocks of what lay in the clear before. Settings and the terms that ship are not covered; the names of the interviews' folders are dates and numbers.",
    );
    Ok(())
}

/// Opens a locked workspace for verbs that need what is stored.
pub(super) fn open(
    app: &App,
    (verb, named): (&Verb, &str),
    passphrase_file: Option<&Path>,
) -> Result<(), Failure> {
    let needs = !matches!(
        verb,
        Verb::Workspace(_)
            | Verb::Translate(_)
            | Verb::Glossary(_)
            | Verb::Models(_)
            | Verb::Devices(_)
            | Verb::Templates(_)
            | Verb::Bench(_)
    );
    let terms = matches!(
        verb,
        Verb::Translate(_) | Verb::Glossary(_) | Verb::Bench(_)
    );
    // What is brought in is sealed, and what is sealed can be read with the passphrase only.
    let brings = matches!(verb, Verb::Glossary(Glossary::Import { .. }));
    let needs = needs || brings || terms && app.has_sealed_terms();
    if !needs || app.vault_state()? == VaultState::Plain {
        return Ok(());
    }
    let phrase = passphrase("Passphrase of the workspace: ", passphrase_file)?;
    let wait = app.wait_before_unlocking().as_secs_f32().ceil();
    if wait > 0.0 {
        say(&secret::waits(wait));
    }
    let watch = Watch::new();
    Ok(app.unlock(&phrase, named, &|p| watch.hear(p))?)
}

/// How scripts give the passphrase.
const GIVEN: [&str; 2] = [
    "MEKONG_WORKSPACE_PASSPHRASE_FILE",
    "MEKONG_WORKSPACE_PASSPHRASE",
];
/// How it is given where nobody types.
const ELSEWHERE: &str = "--passphrase-file or MEKONG_WORKSPACE_PASSPHRASE_FILE";
const NEW: &str = "New passphrase of the workspace: ";

fn passphrase(prompt: &str, file: Option<&Path>) -> Result<Phrase, Failure> {
    match secret::given(file, GIVEN)? {
        Some(phrase) => Ok(phrase),
        None => secret::typed_unseen(prompt, ELSEWHERE),
    }
}

fn new_passphrase(file: Option<&Path>) -> Result<Phrase, Failure> {
    match file {
        Some(path) => secret::read(path),
        None => secret::typed_twice(NEW, ELSEWHERE),
    }
}
