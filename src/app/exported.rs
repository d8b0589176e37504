//! A file that was exported from here, known again by its hash.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::domain::Cancel;
use crate::evidence::{self, Check, Event, Kind, Link, WORKSPACE, hash_reader};

use super::{App, Error};

/// What the name of the first file in every bundle begins with, and where it stands in the container.
const BUNDLE: &[u8] = b"mekong-";
const NAME_AT: usize = 30;

impl App {
    /// Which export of this workspace a file is, to the last byte; the hash alone where it is none.
    ///
    /// # Errors
    /// A file that cannot be read; an unreadable store; a cancel.
    pub(super) fn as_exported(&self, file: &Path, cancel: &Cancel) -> Result<Check, Error> {
        let failed = |cause| Error::File {
            what: "read the file",
            cause,
            path: file.to_owned(),
        };
        let mut input = File::open(file).map_err(failed)?;
        let (sha256, _) = hash_reader(&mut input, &mut |_| {}, cancel)?.map_err(failed)?;
        let store = self.reading()?;
        for summary in store.list(None)? {
            let id = summary.id;
            if let Some(event) = event_of(&id.0, &store.chain(&id)?, &sha256) {
                let detail = format!("export of {id}, event {}", event.number);
                return Ok(Check::good("file", detail));
            }
        }
        if let Some(event) = event_of(WORKSPACE, &store.own_chain()?, &sha256) {
            let number = event.number;
            let of = "export of the register of people, event";
            let detail = format!("{of} {number} of the workspace's own chain");
            return Ok(Check::good("file", detail));
        }
        let none = "it is neither a bundle nor a receipt, and no export of this workspace has its";
        Ok(Check::bad("file", format!("{none} SHA-256 {sha256}")))
    }
}

/// The event of the export with this hash, in a chain that fits.
fn event_of(subject: &str, links: &[Link], sha256: &str) -> Option<Event> {
    links.iter().find(|link| link.body.contains(sha256))?;
    let mut events = evidence::read(subject, links).ok()?.into_iter();
    events.find(|e| e.kind == Kind::Exported.as_str() && e.fact("sha256") == Some(sha256))
}

/// Whether a file is a bundle by its first bytes, whatever is wrong with it: encrypted, or the container of
/// one. A word processor's file is such a container too, and no bundle.
pub(super) fn looks_like_bundle(file: &Path) -> bool {
    let mut start = Vec::new();
    let most = NAME_AT.saturating_add(BUNDLE.len()) as u64;
    let read = File::open(file).and_then(|input| input.take(most).read_to_end(&mut start));
    let sealed = evidence::SEALED;
    read.is_ok() && (start.starts_with(sealed) || start.get(NAME_AT..) == Some(BUNDLE))
}
