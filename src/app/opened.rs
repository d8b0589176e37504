//! Who looked at an interview: noted in its chain where that can be written, and never in the way of
//! reading.

use serde_json::{Map, Value, json};

use crate::domain::InterviewId;
use crate::evidence::{Kind, Link};
use crate::store::{self, Store};

use super::{App, Error};

/// Through what a program is given all of an interview.
const COMMAND: &str = "show --json";

impl App {
    /// Notes in an interview's chain that a person opened it in the window, and who, where a name was
    /// chosen there. Quiet where the interview is sealed and where nothing can be written. False while
    /// it is recorded, or somebody else writes: then it is to be noted the next time.
    ///
    /// # Errors
    /// An unknown interview; an unreadable store.
    pub(super) fn note_opened(&self, id: &InterviewId) -> Result<bool, Error> {
        let mut facts = Map::new();
        facts.insert("through".into(), json!("window"));
        let name = self.choices().choices.name;
        if !name.trim().is_empty() {
            facts.insert("name".into(), json!(name.trim()));
        }
        self.note_looked(id, facts)
    }

    /// Notes in an interview's chain that a program was given all of it, once a day and account of the
    /// system. As quiet as in the window: reading goes on where nothing can be written.
    ///
    /// # Errors
    /// An unknown interview; an unreadable store.
    pub fn note_shown(&self, id: &InterviewId) -> Result<(), Error> {
        let account = account();
        let today = jiff::Timestamp::now().to_string();
        let today = today.get(..10).unwrap_or_default();
        let links = self.reading()?.chain(id)?;
        if links.iter().rev().any(|link| shown(link, today, &account)) {
            return Ok(());
        }
        let mut facts = Map::new();
        facts.insert("through".into(), json!(COMMAND));
        facts.insert("account".into(), json!(account));
        self.note_looked(id, facts).map(|_| ())
    }

    fn note_looked(&self, id: &InterviewId, facts: Map<String, Value>) -> Result<bool, Error> {
        let mut store = match Store::open(&self.workspace.store()) {
            Ok(store) => store,
            Err(store::Error::ReadOnly | store::Error::Open { .. }) => return Ok(true),
            Err(store::Error::Busy) => return Ok(false),
            Err(e) => return Err(e.into()),
        };
        if store.session(id)?.is_some_and(|s| s.in_progress) {
            return Ok(false);
        }
        match store.note_opened(id, facts) {
            Ok(_) | Err(store::Error::ReadOnly | store::Error::Full) => Ok(true),
            Err(store::Error::Busy) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }
}

/// Whether this event says that a program of this account was given the interview on this day.
fn shown(link: &Link, day: &str, account: &str) -> bool {
    let told = || serde_json::from_str::<Value>(&link.body).ok();
    link.kind().as_deref() == Some(Kind::Opened.as_str())
        && told().is_some_and(|event| {
            let at = event["at"].as_str().unwrap_or_default();
            let facts = &event["facts"];
            at.starts_with(day) && facts["through"] == COMMAND && facts["account"] == account
        })
}

/// The account of the system under which this program runs.
fn account() -> String {
    let named = ["LOGNAME", "USER", "USERNAME"];
    let named = named.iter().find_map(|name| std::env::var(name).ok());
    named.unwrap_or_default()
}
