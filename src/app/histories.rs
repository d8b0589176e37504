//! Bundles of one interview that came one after another: each goes on with the history of the one before, or
//! is an earlier state of it. What tells another history was written anew by somebody.

use crate::evidence::{self, Check, Link, Opened, sha256};
use crate::vault;

use super::covered::ENDING;
use super::{App, Error, Foreign};

/// Most bytes of a chain that is read again; a bundle holds no longer one.
const MAX_CHAIN: u64 = 1 << 30;
const NAME: &str = "earlier bundles";

/// What a bundle is beside one that came before, the worst last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Beside {
    GoesOn,
    Unknown,
    Older,
    Another,
}

impl App {
    /// A bundle of an interview of which others came before, beside those. `None` where none did, and for a
    /// covered copy, which has a history of its own.
    pub(super) fn beside_earlier(&self, opened: &Opened, before: &[Foreign]) -> Option<Check> {
        let is_copy = |parent: &String| format!("{parent}{ENDING}") == opened.interview;
        if opened.parent.as_ref().is_some_and(is_copy) {
            return None;
        }
        let same = before
            .iter()
            .filter(|f| f.interview == opened.interview && f.bundle != opened.bundle);
        // Of several the last one to come is named.
        let (beside, earlier) = same
            .map(|earlier| (beside(opened, earlier), earlier))
            .max_by_key(|(beside, _)| *beside)?;
        let (at, bundle) = (&earlier.received, &earlier.bundle);
        Some(match beside {
            Beside::GoesOn => Check::good(NAME, format!("it goes on with what came on {at}")),
            Beside::Unknown => Check::good(
                NAME,
                format!(
                    "what came on {at} is not there any more as it came, so they could not be \
                     compared"
                ),
            ),
            Beside::Older => Check::good(NAME, format!("it is older than what came on {at}")),
            Beside::Another => {
                let other = "it tells another history of the interview than what came on";
                Check::bad(NAME, format!("{other} {at} as bundle {bundle}"))
            }
        })
    }

    /// The same, but a bundle that tells another history than an earlier one of its interview is taken in beside
    /// it: a sender who had to go back to a copy of the workspace tells one, and so does somebody who wrote it
    /// anew.
    pub fn beside_other_histories(&self) -> Self {
        Self {
            other_histories: true,
            ..self.clone()
        }
    }

    /// Refuses a bundle that does not go with those of the same interview that came before, unless it is to be
    /// taken in all the same.
    ///
    /// # Errors
    /// [`evidence::Error::Form`]; an unreadable store.
    pub(super) fn insist_on_history(&self, opened: &mut Opened) -> Result<(), Error> {
        let Some(check) = self.beside_earlier(opened, &self.received()?) else {
            return Ok(());
        };
        if !check.ok && !self.other_histories {
            return Err(evidence::Error::Form(check.detail).into());
        }
        opened.checks.push(check);
        Ok(())
    }
}

fn beside(opened: &Opened, earlier: &Foreign) -> Beside {
    if opened.hashes.contains(&earlier.head) {
        return Beside::GoesOn;
    }
    match hashes_of(earlier) {
        Some(hashes) if hashes.contains(&opened.head) => Beside::Older,
        Some(_) => Beside::Another,
        None => Beside::Unknown,
    }
}

/// The hashes of the events in a bundle that came before, where they are still those that came.
pub(super) fn hashes_of(earlier: &Foreign) -> Option<Vec<String>> {
    let path = earlier.folder.join("data/chain.jsonl");
    let bytes = vault::read_small(&path, MAX_CHAIN).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let links: Vec<Link> = text
        .lines()
        .map(|line| Link {
            body: line.to_owned(),
            hash: sha256(line.as_bytes()),
        })
        .collect();
    let events = evidence::read(&earlier.interview, &links).ok()?;
    let hashes: Vec<String> = events.into_iter().map(|e| e.hash).collect();
    (hashes.last() == Some(&earlier.head)).then_some(hashes)
}
