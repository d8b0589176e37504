//! The chain: what happened to an interview, each event sealed to the one before by its SHA-256.
//!
//! An event is one line of canonical JSON. It names the records that it made, each with the SHA-256
//! of the record's own canonical line, so neither an event nor a record can be changed, cut out, put
//! in or moved without a hash that no longer fits. That the end of an interview's chain is not cut off
//! is told by the workspace's own chain, which notes how far it had come. Chains alone do not stop one who
//! rewrites all of them, or cuts both to the same moment: signatures (seals), heads written on paper and
//! what others received do.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::canonical::{canonical, hex, parse_canonical, sha256};
use super::sign::{Sign, verifies};

/// The previous hash of a first event.
pub const BEGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// The subject of the chain that belongs to no interview: keys, and what came from elsewhere.
pub const WORKSPACE: &str = "workspace";
/// The fact of an event that names the working copies with their SHA-256.
pub const WORKING: &str = "working";

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The chain of an interview that was stored before there were chains.
    Begun,
    /// A recording or a transcript came in.
    Imported,
    /// A live session began.
    Recording,
    /// A part of a recording was closed.
    Recorded,
    /// Utterances were cut from the sound.
    Cut,
    /// A pause, a marker, a gap or an alarm of a session.
    Noted,
    /// A live session ended.
    Ended,
    /// A recogniser wrote a line down.
    Recognised,
    /// A translator wrote a line in another language.
    Translated,
    /// An engine failed on a line.
    Failed,
    /// A person corrected a line.
    Edited,
    /// A person parted, joined or moved lines, or took that back.
    Recut,
    /// A line was read back to the person interviewed, who said whether it is right.
    ReadBack,
    /// A person said who speaks in lines.
    Attributed,
    /// A person signed for lines.
    Certified,
    /// A person signed the head of the chain.
    Sealed,
    /// A person opened an interview in the window or had it shown by a command; in the workspace's own
    /// chain, a search that found something, or one who opened what is sealed or a partner's.
    Opened,
    /// Somebody asked for an export.
    OpenedForExport,
    /// An export was whole, and about to be given its name.
    Exported,
    /// A bundle for a partner was whole, and about to be given its name.
    Bundled,
    /// What the person interviewed allows, entered or changed.
    Consented,
    /// An administrator lifted the limits of a consent for one file.
    Lifted,
    /// The first event of a covered copy: what it is a copy of.
    Covered,
    /// A partner's bundle was received.
    Received,
    /// A key was made.
    KeyMade,
    /// A key was trusted.
    KeyTrusted,
    /// A key was revoked.
    KeyRevoked,
    /// Something was entered into the register of people, corrected or taken back.
    Registered,
    /// A person decided on a person or a name.
    Decided,
    /// The workspace was locked with a passphrase and a recovery key.
    Locked,
    /// Somebody opened the locked workspace, in the window or for a command.
    Unlocked,
    /// The passphrase was changed by somebody who knew it.
    PassphraseChanged,
    /// The recovery key opened the workspace, and a new passphrase was set.
    Recovered,
    /// A table of terms was made or changed, or another one took its place.
    Glossary,
    /// In the workspace's own chain: how far the chain of an interview had come.
    Head,
}

impl Kind {
    /// Whether the workspace's own chain notes the hash of such an event of an interview under the event's
    /// own kind. It notes other events as [`Kind::Head`].
    pub const fn is_remembered(self) -> bool {
        matches!(
            self,
            Kind::Begun
                | Kind::Imported
                | Kind::Recording
                | Kind::Certified
                | Kind::Sealed
                | Kind::Bundled
                | Kind::Consented
                | Kind::Lifted
        )
    }

    /// What the note of an interview's beginning says where all that comes later is noted as well.
    pub const ENDS: &'static str = "ends";

    /// What the same note says where the first consent of a victim is signed too, if it allows more than
    /// binds while nobody was asked.
    pub const FIRST_CONSENT: &'static str = "first_consent";

    /// What machines make of a session, thousands of times: the workspace's own chain notes one of many.
    pub const BY_MACHINE: [Kind; 4] = [Kind::Cut, Kind::Recognised, Kind::Translated, Kind::Failed];

    /// Whether it is one of [`Self::BY_MACHINE`].
    pub const fn is_by_machine(self) -> bool {
        matches!(
            self,
            Kind::Cut | Kind::Recognised | Kind::Translated | Kind::Failed
        )
    }

    /// The stable word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Begun => "begun",
            Kind::Imported => "imported",
            Kind::Recording => "recording",
            Kind::Recorded => "recorded",
            Kind::Cut => "cut",
            Kind::Noted => "noted",
            Kind::Ended => "ended",
            Kind::Recognised => "recognised",
            Kind::Translated => "translated",
            Kind::Failed => "failed",
            Kind::Edited => "edited",
            Kind::Recut => "recut",
            Kind::ReadBack => "read-back",
            Kind::Attributed => "attributed",
            Kind::Certified => "certified",
            Kind::Sealed => "sealed",
            Kind::Opened => "opened",
            Kind::OpenedForExport => "opened-for-export",
            Kind::Exported => "exported",
            Kind::Bundled => "bundled",
            Kind::Consented => "consented",
            Kind::Lifted => "consent-lifted",
            Kind::Covered => "covered",
            Kind::Received => "received",
            Kind::KeyMade => "key-made",
            Kind::KeyTrusted => "key-trusted",
            Kind::KeyRevoked => "key-revoked",
            Kind::Registered => "registered",
            Kind::Decided => "decided",
            Kind::Locked => "workspace-locked",
            Kind::Unlocked => "workspace-unlocked",
            Kind::PassphraseChanged => "passphrase-changed",
            Kind::Recovered => "workspace-recovered",
            Kind::Glossary => "glossary-changed",
            Kind::Head => "head",
        }
    }
}

/// One link as it is stored: a line of canonical JSON, and its SHA-256.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The event.
    pub body: String,
    /// Its hash, 64 digits.
    pub hash: String,
}

impl Link {
    /// What happened, as the event itself says; nothing of it is checked.
    pub fn kind(&self) -> Option<String> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        body.get("kind")?.as_str().map(str::to_owned)
    }
}

/// The column that holds a record's name in its line.
const NAME: &str = "record";

/// A record as it is hashed: a short name such as `text 12.2`, and its canonical line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Unique in its interview.
    pub name: String,
    /// Every column, as canonical JSON.
    pub line: String,
}

impl Row {
    /// A record of these columns; `None` where a number has no canonical form.
    pub fn new(name: String, mut columns: Map<String, Value>) -> Option<Self> {
        columns.insert(NAME.to_owned(), json!(name));
        let line = canonical(&Value::Object(columns)).ok()?;
        Some(Self { name, line })
    }

    /// Reads a record's line, and its columns with it.
    pub fn from_line(line: &str) -> Option<(Self, Map<String, Value>)> {
        let Ok(Value::Object(columns)) = parse_canonical(line) else {
            return None;
        };
        let name = columns.get(NAME)?.as_str()?.to_owned();
        let line = line.to_owned();
        Some((Self { name, line }, columns))
    }

    /// The SHA-256 of its line.
    pub fn digest(&self) -> String {
        sha256(self.line.as_bytes())
    }
}

/// An event on its way into the chain.
pub struct Draft<'a> {
    /// What happened.
    pub kind: Kind,
    /// What is to be known of it, without any words of the interview but for a reason that somebody
    /// gave.
    pub facts: Map<String, Value>,
    /// The records that it made.
    pub rows: &'a [Row],
    /// Who signs for it.
    pub signer: Option<&'a dyn Sign>,
}

impl<'a> Draft<'a> {
    /// An event that made records and that nobody signs.
    pub fn of(kind: Kind, rows: &'a [Row]) -> Self {
        Self {
            kind,
            facts: Map::new(),
            rows,
            signer: None,
        }
    }

    /// With another fact.
    #[must_use]
    pub fn with(mut self, name: &str, fact: impl Into<Value>) -> Self {
        self.facts.insert(name.to_owned(), fact.into());
        self
    }

    /// The next link of the chain of `subject`, after `previous`. `None` where a fact is a number
    /// without a canonical form.
    pub fn link(&self, subject: &str, number: u64, previous: &str, at: &str) -> Option<Link> {
        let rows: Map<String, Value> = self
            .rows
            .iter()
            .map(|row| (row.name.clone(), json!(row.digest())))
            .collect();
        let mut body = Map::new();
        body.insert("at".into(), json!(at));
        body.insert("facts".into(), Value::Object(self.facts.clone()));
        body.insert("interview".into(), json!(subject));
        body.insert("kind".into(), json!(self.kind.as_str()));
        body.insert("number".into(), json!(number));
        body.insert("previous".into(), json!(previous));
        body.insert("program".into(), json!(PROGRAM));
        body.insert("rows".into(), Value::Object(rows));
        if let Some(signer) = self.signer {
            let key = signer.public();
            body.insert("by".into(), json!(key.name));
            body.insert("role".into(), json!(key.role.as_str()));
            body.insert("key".into(), json!(key.number));
            let message = canonical(&Value::Object(body.clone())).ok()?;
            let signature = hex(&signer.sign(message.as_bytes()));
            body.insert("signature".into(), json!(signature));
        }
        let body = canonical(&Value::Object(body)).ok()?;
        let hash = sha256(body.as_bytes());
        Some(Link { body, hash })
    }
}

/// The program that writes events.
const PROGRAM: &str = concat!("mekong ", env!("CARGO_PKG_VERSION"));

/// A signature that stands under an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The person's name.
    pub by: String,
    /// The role, a stable word.
    pub role: String,
    /// The key's number.
    pub key: String,
}

/// An event as it was read.
#[derive(Clone, Debug)]
pub struct Event {
    /// Which one of the chain, from 1.
    pub number: u64,
    /// What happened, a stable word.
    pub kind: String,
    /// When, RFC 3339.
    pub at: String,
    /// The program that wrote it, with its version.
    pub program: String,
    /// What is to be known of it.
    pub facts: Map<String, Value>,
    /// The records that it made, and their hashes.
    pub rows: BTreeMap<String, String>,
    /// Who signed it; the signature fits.
    pub signed: Option<Signed>,
    /// Its hash.
    pub hash: String,
}

impl Event {
    /// A fact that is text.
    pub fn fact(&self, name: &str) -> Option<&str> {
        self.facts.get(name).and_then(Value::as_str)
    }
}

/// The first place where a chain does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("event {number} {what}")]
pub struct Break {
    /// Which event, from 1.
    pub number: u64,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Reads a chain from its first event on.
///
/// # Errors
/// The first place where a hash, a link, a number or a signature does not fit.
pub fn read(subject: &str, links: &[Link]) -> Result<Vec<Event>, Break> {
    let mut previous = BEGIN.to_owned();
    let mut events = Vec::with_capacity(links.len());
    for (number, link) in (1..).zip(links) {
        let event =
            read_link(subject, number, &previous, link).map_err(|what| Break { number, what })?;
        previous.clone_from(&link.hash);
        events.push(event);
    }
    Ok(events)
}

fn read_link(
    subject: &str,
    number: u64,
    previous: &str,
    link: &Link,
) -> Result<Event, &'static str> {
    const FORM: &str = "is not in the form that the program writes";
    if sha256(link.body.as_bytes()) != link.hash {
        return Err("was changed: its hash does not fit");
    }
    let Ok(Value::Object(mut body)) = parse_canonical(&link.body) else {
        return Err(FORM);
    };
    let text = |name: &str| body.get(name).and_then(Value::as_str).ok_or(FORM);
    if text("previous")? != previous {
        return Err("does not follow the one before it");
    }
    if body.get("number").and_then(Value::as_u64) != Some(number) {
        return Err("has another number than its place");
    }
    if text("interview")? != subject {
        return Err("belongs to another interview");
    }
    let (kind, at) = (text("kind")?.to_owned(), text("at")?.to_owned());
    let program = body.get("program").and_then(Value::as_str);
    let program = program.unwrap_or_default().to_owned();
    let rows = match body.get("rows") {
        Some(Value::Object(rows)) => rows
            .iter()
            .map(|(name, digest)| Some((name.clone(), digest.as_str()?.to_owned())))
            .collect::<Option<_>>()
            .ok_or(FORM)?,
        _ => return Err(FORM),
    };
    let facts = match body.get("facts") {
        Some(Value::Object(facts)) => facts.clone(),
        _ => return Err(FORM),
    };
    let signed = match body.remove("signature") {
        None if body.contains_key("key") => return Err("has lost its signature"),
        None => None,
        Some(signature) => Some(read_signature(body, &signature)?),
    };
    Ok(Event {
        number,
        kind,
        at,
        program,
        facts,
        rows,
        signed,
        hash: link.hash.clone(),
    })
}

fn read_signature(body: Map<String, Value>, signature: &Value) -> Result<Signed, &'static str> {
    const WRONG: &str = "has a signature that does not fit";
    let text = |name: &str| {
        let found = body.get(name).and_then(Value::as_str);
        found.map(str::to_owned).ok_or(WRONG)
    };
    let signed = Signed {
        by: text("by")?,
        role: text("role")?,
        key: text("key")?,
    };
    let signature = signature.as_str().ok_or(WRONG)?;
    let message = canonical(&Value::Object(body)).map_err(|_| WRONG)?;
    if verifies(&signed.key, message.as_bytes(), signature) {
        Ok(signed)
    } else {
        Err(WRONG)
    }
}

/// The hash of the last event; [`BEGIN`] where there is none.
pub fn head(links: &[Link]) -> &str {
    links.last().map_or(BEGIN, |link| &link.hash)
}

/// The hash that every record must have by the events, and the number of the event that made it.
/// `Err` names an event that makes a record for the second time.
pub fn mentions(events: &[Event]) -> Result<BTreeMap<&str, (&str, u64)>, Break> {
    let mut made = BTreeMap::new();
    for event in events {
        for (name, digest) in &event.rows {
            let earlier = made.insert(name.as_str(), (digest.as_str(), event.number));
            if earlier.is_some() {
                return Err(Break {
                    number: event.number,
                    what: "makes a record that an earlier one made",
                });
            }
        }
    }
    Ok(made)
}
