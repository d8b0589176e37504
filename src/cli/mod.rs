//! The command line: one file a family of verbs. The only place that prints.

mod again;
mod args;
mod channels;
mod consent;
mod evidence;
mod evidence_args;
mod export;
mod import;
mod interrupt;
mod live_lines;
mod people;
mod people_args;
mod print;
mod progress;
mod read;
mod read_back;
mod record;
mod recut;
mod search;
mod secret;
mod shelf;
mod shelf_args;
mod sound_check;
mod speak;
mod system;
mod workspace;

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::Path;

use clap::{ArgMatches, CommandFactory, FromArgMatches};

use crate::app::desk::Told;
use crate::app::{self, App, Options, WRONG_KIT};
use crate::domain::reason;

use args::{Typed, Verb};
use print::{Out, say, say_error};

/// The command line was wrong.
const USAGE: u8 = 2;

/// Why a command did not end well.
enum Failure {
    /// The work itself.
    App(app::Error),
    /// The same, in words that name the workspace's database where they are about it.
    Worded(String, app::Error),
    /// Standard output refuses.
    Output(io::Error),
    /// Standard input gives nothing more.
    Input(io::Error),
    /// What was typed; clap has the words.
    Usage(clap::Error),
    /// What was typed, as clap could not know.
    Typed(String),
    /// Everything has been said; only the exit code is left.
    Told(u8),
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        Failure::App(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure::Output(error)
    }
}

impl Failure {
    /// Whether nothing else went wrong than that the reader of standard output has gone away.
    fn is_broken_pipe(&self) -> bool {
        let cause = match self {
            Failure::Output(cause)
            | Failure::App(app::Error::Export(crate::export::Error::Write(cause)))
            | Failure::Worded(_, app::Error::Export(crate::export::Error::Write(cause))) => cause,
            _ => return false,
        };
        cause.kind() == io::ErrorKind::BrokenPipe
    }

    /// A wrong command line with the usage of the verb that was typed.
    fn of_verb(self, matches: &ArgMatches) -> Self {
        let Failure::Typed(message) = self else {
            return self;
        };
        let mut verbs = Vec::new();
        let mut at = matches;
        while let Some((verb, below)) = at.subcommand() {
            verbs.push(verb);
            at = below;
        }
        Failure::Usage(wrongly_typed(&verbs, &message))
    }

    /// Tells the person, unless it has been told, and gives the exit code.
    fn tell(self) -> u8 {
        match self {
            Failure::App(error) => tell(&error),
            Failure::Worded(words, error) => tell_in(&words, &error),
            Failure::Output(cause) => {
                let next = "Check that the disk has room, or write to another place.";
                say_error(
                    &format!("cannot write the output: {}", reason(&cause)),
                    next,
                );
                1
            }
            Failure::Input(cause) => {
                let next = "Look at the program or file that the lines come from.";
                say_error(
                    &format!("cannot read standard input: {}", reason(&cause)),
                    next,
                );
                1
            }
            Failure::Usage(error) => {
                // A closed standard error is no reason for another exit code.
                let _ = error.print();
                u8::try_from(error.exit_code()).unwrap_or(USAGE)
            }
            // `run` gives it the words of its verb.
            Failure::Typed(message) => Failure::Usage(wrongly_typed(&[], &message)).tell(),
            Failure::Told(code) => code,
        }
    }
}

/// Tells the person of an error of the work and gives the exit code.
fn tell(error: &app::Error) -> u8 {
    tell_in(&error.to_string(), error)
}

/// The same in these words.
fn tell_in(words: &str, error: &app::Error) -> u8 {
    say_error(words, &error.help());
    match error {
        app::Error::Languages
        | app::Error::ChannelLanguage(_)
        | app::Error::NotItsLanguage(_)
        | app::Error::SameSpeaker
        | app::Error::NoWords => USAGE,
        _ => error.exit_code(),
    }
}

/// Opens the window. The two front ends do not know each other; whoever starts the program does.
pub type Desktop = fn(&Options) -> Result<(), Told>;

/// Does what was typed and gives the exit code: 0 done, 1 failed, 2 wrongly typed, 130 interrupted.
/// Without a verb, or with `gui`, `desktop` is opened.
pub fn run(typed: impl IntoIterator<Item = OsString>, desktop: Desktop) -> u8 {
    let mut out = Out::new();
    let result = Typed::command()
        .try_get_matches_from(typed)
        .map_err(Failure::Usage)
        .and_then(|matches| match Typed::from_arg_matches(&matches) {
            Ok(typed) => {
                let verb = matches.subcommand_name().unwrap_or_default();
                obey(typed, verb, desktop, &mut out).map_err(|f| f.of_verb(&matches))
            }
            Err(error) => Err(Failure::Usage(error.format(&mut Typed::command()))),
        });
    // What was written before a failure still belongs to the reader.
    let result = result.and(out.flush().map_err(Failure::Output));
    match result {
        Ok(()) => 0,
        // The reader has seen enough; what else went wrong is told all the same.
        Err(failure) if failure.is_broken_pipe() => 0,
        Err(failure) => failure.tell(),
    }
}

fn obey(typed: Typed, named: &str, desktop: Desktop, out: &mut Out) -> Result<(), Failure> {
    let options = Options::from_environment(typed.workspace);
    if let Some(path) = options.wrong_kit()
        && !matches!(typed.verb, Some(Verb::Doctor(_)))
    {
        let path = path.display();
        say(&format!(
            "note: {WRONG_KIT}, so another is looked for: {path}"
        ));
    }
    // The demo makes a workspace of its own, and the doctor tells of a broken one.
    let verb = match typed.verb {
        None | Some(Verb::Gui) => {
            return desktop(&options).map_err(|told| {
                say_error(&told.what, &told.next);
                Failure::Told(1)
            });
        }
        Some(Verb::Demo(typed)) => return system::demo(&options, &typed, out),
        Some(Verb::Doctor(typed)) => return system::doctor(&options, &typed, out),
        Some(verb) => verb,
    };
    let app = App::open(&options)?;
    let secret = typed.passphrase_file.as_deref();
    let worded = |failure| match failure {
        Failure::App(error) => Failure::Worded(app.words(&error), error),
        other => other,
    };
    workspace::open(&app, (&verb, named), secret).map_err(worded)?;
    work(&app, verb, secret, out).map_err(worded)
}

fn work(app: &App, verb: Verb, secret: Option<&Path>, out: &mut Out) -> Result<(), Failure> {
    if matches!(verb, Verb::Record(_) | Verb::Seal(_) | Verb::Certify(_))
        && let Some(seconds) = app.clock_is_behind()
    {
        say(&format!(
            "note: the computer's clock is {seconds} s behind the last thing that was noted; set it \
             right, or the record will say that it was set back"
        ));
    }
    match verb {
        Verb::Workspace(typed) => workspace::workspace(app, &typed, secret, out),
        Verb::Gui | Verb::Demo(_) | Verb::Doctor(_) => Ok(()),
        Verb::Import(typed) => import::import(app, typed, out),
        Verb::Record(typed) => record::record(app, typed, out),
        Verb::Resume(typed) => import::resume(app, &typed, out),
        Verb::List(typed) => read::list(app, &typed, out),
        Verb::Show(typed) => read::show(app, &typed, out),
        Verb::History(typed) => read::history(app, &typed, out),
        Verb::Search(typed) => search::search(app, &typed, out),
        Verb::Edit(typed) => read::edit(app, typed, out),
        Verb::Recut(typed) => recut::recut(app, *typed, out),
        Verb::Speaker(typed) => again::speaker(app, &typed, out),
        Verb::Voices(typed) => again::voices(app, &typed, out),
        Verb::Again(typed) => again::again(app, &typed, out),
        Verb::Keys(typed) => evidence::keys(app, typed, out),
        Verb::Consent(typed) => consent::consent(app, &typed, out),
        Verb::ReadBack(typed) => read_back::read_back(app, &typed, out),
        Verb::Certify(typed) => evidence::certify(app, &typed, out),
        Verb::Seal(typed) => evidence::seal(app, &typed, out),
        Verb::Bundle(typed) => evidence::bundle(app, &typed, out),
        Verb::Receive(typed) => evidence::receive(app, &typed, out),
        Verb::Received(typed) => evidence::received(app, &typed, out),
        Verb::Verify(typed) => evidence::verify(app, &typed, out),
        Verb::Export(typed) => export::export(app, &typed, out),
        Verb::Templates(typed) => export::templates(app, &typed, out),
        Verb::People(typed) => people::people(app, *typed, out),
        Verb::Transcribe(typed) => speak::transcribe(app, &typed, out),
        Verb::Translate(typed) => speak::translate(app, typed, out),
        Verb::Glossary(typed) => shelf::glossary(app, &typed, out),
        Verb::Models(typed) => shelf::models(app, &typed, out),
        Verb::Devices(typed) => system::devices(app, &typed, out),
        Verb::Bench(typed) => system::bench(app, &typed, out),
    }
}

/// A command line that clap could not know to be wrong.
fn usage(message: &str) -> Failure {
    Failure::Typed(message.to_owned())
}

/// The same in clap's form, with the usage of the verb, for example `people`, `note`.
fn wrongly_typed(verbs: &[&str], message: &str) -> clap::Error {
    let mut command = Typed::command();
    command.build();
    for verb in verbs {
        if let Some(below) = command.find_subcommand(verb).cloned() {
            command = below;
        }
    }
    command.error(clap::error::ErrorKind::ValueValidation, message)
}
