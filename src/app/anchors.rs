//! What holds the end of the workspace's own chain: seals and bundles say where it had come to, and so do
//! digits that somebody wrote down.

use crate::evidence::{self, Check, Event, Kind, Story, WORKSPACE};
use crate::store::Store;

use super::{App, Error};

/// The fact of a seal or a bundle that names the last event of the workspace's own chain.
pub(super) const OWN_HEAD: &str = "workspace_head";

/// The hash of the last event of the workspace's own chain.
///
/// # Errors
/// An unreadable store.
pub(super) fn own_head(store: &Store) -> Result<String, Error> {
    Ok(evidence::head(&store.own_chain()?).to_owned())
}

/// What was cut out of the workspace's own chain, or written anew in it, by what the interview's seals and
/// bundles say of it. Earlier programs said nothing.
pub(super) fn lost(own: &[Event], story: &Story) -> Option<Check> {
    let holds = [Kind::Sealed, Kind::Bundled].map(Kind::as_str);
    let told = story.events.iter().filter(|e| holds.contains(&&*e.kind));
    let mut gone = told.filter_map(|e| Some((e.number, e.fact(OWN_HEAD)?)));
    let (number, _) = gone.find(|(_, head)| !own.iter().any(|e| e.hash == **head))?;
    let detail = format!("an event that event {number} of the interview names is not there");
    Some(Check::bad("workspace", detail))
}

impl App {
    /// Whether these digits, which somebody wrote down, are those of an event of the workspace's own chain,
    /// or of one of its interviews.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn find_digits(&self, digits: &str) -> Result<Check, Error> {
        let digits: String = digits.chars().filter(|c| !c.is_whitespace()).collect();
        let digits = digits.to_lowercase();
        let store = self.reading()?;
        let (own, _) = Story::of(WORKSPACE, &store.own_chain()?);
        if let Some(event) = own.begins_with(&digits) {
            let number = event.number;
            let detail = format!("event {number} of the workspace's own chain has these digits");
            return Ok(Check::good("head", detail));
        }
        for summary in store.list(None)? {
            let id = summary.id;
            let (story, _) = Story::of(&id.0, &store.chain(&id)?);
            if let Some(event) = story.begins_with(&digits) {
                let detail = format!("event {} of {id} has these digits", event.number);
                return Ok(Check::good("head", detail));
            }
        }
        let none = "no event of the workspace's own chain, nor of an interview, has these digits";
        Ok(Check::bad("head", none))
    }
}
