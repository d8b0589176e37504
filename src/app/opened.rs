//! Who looked at an interview: noted in its chain where that can be written, and never in the way of
//! reading.

use serde_json::{Map, Value, json};

use crate::domain::InterviewId;
use crate::evidence::Kind;
use crate::store::{self, Store};

use super::{App, Error};

impl App {
    /// Notes in an interview's chain that a person opened it in the window, and who, where a name was
    /// chosen there; of a sealed one in the workspace's own. Quiet where nothing can be written. False while
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

    /// Notes in an interview's chain that a command gave all of it, or the history of a line, once a day
    /// and account of the system; of a sealed one in the workspace's own chain. As quiet as in the window:
    /// reading goes on where nothing can be written.
    ///
    /// # Errors
    /// An unknown interview; an unreadable store.
    pub fn note_shown(&self, id: &InterviewId, command: &'static str) -> Result<(), Error> {
        let facts = by_account(command);
        let store = self.reading()?;
        let today = today();
        if store.was_opened(Some(id), &today, &facts)?
            || store.was_opened(None, &today, &of_sealed(id, facts.clone()))?
        {
            return Ok(());
        }
        self.note_looked(id, facts).map(|_| ())
    }

    /// Notes in the workspace's own chain that a search found something, once a day, account and way:
    /// what it found stands in no interview's chain. As quiet as the others.
    ///
    /// # Errors
    /// An unreadable store.
    pub fn note_searched(&self, through: &'static str) -> Result<(), Error> {
        self.note_own_look(by_account(through))
    }

    /// Notes in the workspace's own chain that a partner's interview was opened, once a day and account.
    ///
    /// # Errors
    /// An unreadable store.
    pub(super) fn note_foreign(&self, bundle: &str) -> Result<(), Error> {
        let mut facts = by_account("window");
        facts.insert("bundle".into(), json!(bundle));
        self.note_own_look(facts)
    }

    fn note_own_look(&self, facts: Map<String, Value>) -> Result<(), Error> {
        if !self.reading()?.was_opened(None, &today(), &facts)? {
            // Reading goes on, whatever keeps the entry from being written.
            let _ = Store::open(&self.workspace.store())
                .and_then(|mut store| store.note_own(Kind::Opened, facts, None));
        }
        Ok(())
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
        let noted = match store.note_opened(id, facts.clone()) {
            Ok(false) => store
                .note_own(Kind::Opened, of_sealed(id, facts), None)
                .map(|_| true),
            noted => noted,
        };
        match noted {
            Ok(_) | Err(store::Error::ReadOnly | store::Error::Full) => Ok(true),
            Err(store::Error::Busy) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }
}

/// That it was opened through this, by this account of the system.
fn by_account(through: &str) -> Map<String, Value> {
    let mut facts = Map::new();
    facts.insert("through".into(), json!(through));
    facts.insert("account".into(), json!(account()));
    facts
}

/// The same of an interview that is sealed: its own chain is not added to by reading.
fn of_sealed(id: &InterviewId, mut facts: Map<String, Value>) -> Map<String, Value> {
    facts.insert("sealed".into(), json!(id.0));
    facts
}

/// The day by the clock, as events begin with it.
fn today() -> String {
    let now = jiff::Timestamp::now().to_string();
    now.get(..10).unwrap_or_default().to_owned()
}

/// The account of the system under which this program runs, by what the system says and no variable
/// that anybody can set.
#[cfg(unix)]
fn account() -> String {
    let number = rustix::process::getuid().as_raw().to_string();
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let own = accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == number).then(|| name.to_owned())
    });
    own.unwrap_or(number)
}

/// The account of the system under which this program runs.
#[cfg(not(unix))]
fn account() -> String {
    std::env::var("USERNAME").unwrap_or_default()
}
