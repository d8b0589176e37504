//! What comes back from partners, and what of theirs lies here: receipts for bundles that were sent, and
//! bundles that were received, looked at once more.

use crate::domain::{Cancel, InterviewId};
use crate::evidence::{self, Check, Event, Kind, Receipt, Verdict, sha256};
use crate::pipeline::Watcher;
use crate::store;
use crate::vault;

use super::covered::ENDING;
use super::{App, Error, Foreign};

/// Most bytes of a bundle's list of its own files.
const MAX_LIST: u64 = 1 << 16;

impl App {
    /// A receipt against the bundle that was sent, and the key it was made for.
    pub(super) fn check_receipt(&self, line: &str) -> Result<Vec<Check>, Error> {
        const RECEIPT: &str = "receipt";
        let receipt = Receipt::read(line)?;
        let [by, role, number] = &receipt.by;
        let Some(known) = self.keys()?.numbered(number)? else {
            return Err(evidence::Error::UntrustedKey(number.clone()).into());
        };
        let is_called = known.public.name == *by && known.public.role.as_str() == role;
        let signed = match &known.revoked {
            _ if !is_called => Check::bad(RECEIPT, "it names another person or role than its key"),
            // The date in it is the signer's own word.
            Some(at) => {
                let told = format!("its key was revoked at {at}: when it was made cannot be told");
                Check::bad(RECEIPT, told)
            }
            None if known.own => Check::bad(RECEIPT, "it is signed by a key of this workspace"),
            None => Check::good(RECEIPT, format!("{role}, {number}, {}", receipt.at)),
        };
        let store = self.reading()?;
        // A covered copy is noted in the chain of what it is a copy of.
        let name = &receipt.interview;
        let id = InterviewId(name.strip_suffix(ENDING).unwrap_or(name).to_owned());
        let links = match store.chain(&id) {
            Err(store::Error::NoInterview(_)) => Vec::new(),
            links => links?,
        };
        let events = evidence::read(&id.0, &links).unwrap_or_default();
        let sent = events.iter().find(|e| {
            e.kind == Kind::Bundled.as_str()
                && e.fact("bundle") == Some(&receipt.bundle)
                && e.fact("manifest") == Some(&receipt.manifest)
        });
        let is_for = |event: &Event| event.fact("receiver").is_none_or(|key| key == number);
        let bundle = match sent {
            Some(event) if !is_for(event) => Check::bad("bundle", "it was sent to somebody else"),
            Some(event) if !is_of(event, &events, &receipt) => Check::bad(
                "bundle",
                "what was sent had another history than the interview has here",
            ),
            Some(_) => Check::good("bundle", receipt.bundle),
            None => Check::bad(
                "bundle",
                "no bundle of this name and hash was sent from here",
            ),
        };
        Ok(vec![signed, bundle])
    }

    /// A bundle that was received, checked whole once more, whether it is the one that came, and whether it
    /// goes with those of the same interview that came before it.
    ///
    /// # Errors
    /// A folder that cannot be read; a cancel. What does not fit is no error.
    pub fn verify_received(
        &self,
        foreign: &Foreign,
        cancel: &Cancel,
        watcher: Watcher<'_>,
    ) -> Result<Verdict, Error> {
        const NAME: &str = "received";
        let list = foreign.folder.join("tagmanifest-sha256.txt");
        let Ok(list) = vault::read_small(&list, MAX_LIST) else {
            let gone = "what was received is not there any more";
            return Ok(vec![Check::bad(NAME, gone)].into());
        };
        let links = self.reading()?.own_chain()?;
        let events = evidence::read(evidence::WORKSPACE, &links).unwrap_or_default();
        let came = events.iter().find(|e| {
            e.kind == Kind::Received.as_str() && e.fact("bundle") == Some(&foreign.bundle)
        });
        let Some(came) = came.filter(|e| e.fact("manifest") == Some(&sha256(&list))) else {
            let other = "it is not what was received";
            return Ok(vec![Check::bad(NAME, other)].into());
        };
        // What was trusted when the bundle came, whoever was revoked since.
        let keys = self.keys_believed_at(came)?;
        let opened = self.look_into(&keys, &foreign.folder, None, None, cancel, watcher);
        Ok(match opened {
            Ok(opened) => {
                let mut before = self.received()?;
                let at = before.iter().position(|f| f.bundle == foreign.bundle);
                before.truncate(at.unwrap_or_default());
                let earlier = self.beside_earlier(&opened, &before);
                let checks: Vec<Check> = opened.checks.into_iter().chain(earlier).collect();
                checks.into()
            }
            Err(Error::Evidence(evidence::Error::Cancelled)) => {
                return Err(evidence::Error::Cancelled.into());
            }
            Err(Error::Evidence(e)) => vec![Check::bad(NAME, e.to_string())].into(),
            Err(e) => return Err(e),
        })
    }
}

/// Whether a receipt is for what this event says was sent: a state of the interview's own chain before it,
/// or the head of the covered copy that it names.
fn is_of(sent: &Event, events: &[Event], receipt: &Receipt) -> bool {
    let is_copy = receipt.interview.ends_with(ENDING);
    match sent.fact("covered") {
        Some(head) => is_copy && head == receipt.head,
        None => {
            let mut before = events.iter().take_while(|e| e.number < sent.number);
            !is_copy && before.any(|e| e.hash == receipt.head)
        }
    }
}
