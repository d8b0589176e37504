//! Passphrases and recovery keys: typed unseen at a terminal, or read from a file that was named, and held
//! in memory that is not swapped from then on.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};
use std::path::Path;

use crate::app;
use crate::vault::Phrase;

use super::{Failure, usage};

/// From a file that was named, or for scripts: the first variable names a file, the second one holds
/// the secret itself.
pub(super) fn given(
    file: Option<&Path>,
    [names_file, holds]: [&str; 2],
) -> Result<Option<Phrase>, Failure> {
    if let Some(path) = file {
        return read(path).map(Some);
    }
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    match set(names_file) {
        Some(path) => read(Path::new(&path)).map(Some),
        None => {
            let text = set(holds).and_then(|text| OsString::into_string(text).ok());
            Ok(text.map(Phrase::from))
        }
    }
}

/// What a small file holds, without the end of its line.
pub(super) fn read(path: &Path) -> Result<Phrase, Failure> {
    Phrase::read(path).map_err(|cause| {
        let read = app::Error::File {
            what: "read the file",
            cause,
            path: path.to_owned(),
        };
        read.into()
    })
}

/// Typed at a terminal, unseen; `elsewhere` says how else it is given.
pub(super) fn typed_unseen(prompt: &str, elsewhere: &str) -> Result<Phrase, Failure> {
    if !io::stdin().is_terminal() {
        return Err(usage(&format!(
            "a passphrase is typed at a terminal, or given by {elsewhere}"
        )));
    }
    let typed = rpassword::prompt_password(prompt).map_err(Failure::Input)?;
    Ok(Phrase::from(typed))
}

/// The same for a new one: typed twice.
pub(super) fn typed_twice(prompt: &str, elsewhere: &str) -> Result<Phrase, Failure> {
    let first = typed_unseen(prompt, elsewhere)?;
    if first == typed_unseen("The same again: ", elsewhere)? {
        Ok(first)
    } else {
        Err(usage("the two passphrases differ"))
    }
}

/// Why nothing happens for so many seconds.
pub(super) fn waits(seconds: f32) -> String {
    format!("A wrong passphrase was given before: this one is tried in {seconds} s.")
}
