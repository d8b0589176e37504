//! Does everything fit, and if not, where first: a chain against its records, signatures against keys.

use std::collections::BTreeMap;
use std::io::{self, Read};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::Error;
use super::canonical::hex;
use super::chain::{Event, Kind, Link, Row, WORKING, mentions, read};
use super::keys::KnownKey;
use super::sound::SoundHead;
use crate::domain::Cancel;

/// Records that a seal closes, by the first word of their names.
const CLOSED: [&str; 9] = [
    "interview",
    "channel",
    "audio",
    "line",
    "entry",
    "session",
    "session-end",
    "recut",
    "speech-model",
];
/// Facts of the sound, which it closes too.
const CLOSED_FACTS: [&str; 4] = ["duration_ms", "sound_head", "sound_links", WORKING];
/// Digits of a hash that stand at the foot of a page.
const ON_PAPER: usize = 16;
/// Bytes that are hashed between two looks at a wish to stop.
const BLOCK: usize = 1 << 18;

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was looked at; a stable word, for files with their name.
    pub name: String,
    /// Whether it fits.
    pub ok: bool,
    /// What was found; where it does not fit, the first place.
    pub detail: String,
}

impl Check {
    /// It fits.
    pub fn good(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ok: true,
            detail: detail.into(),
        }
    }

    /// It does not fit.
    pub fn bad(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ok: false,
            detail: detail.into(),
        }
    }
}

/// The result of a verification: `verify --json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Whether everything fits.
    pub ok: bool,
    /// What was looked at, in order.
    pub checks: Vec<Check>,
}

impl From<Vec<Check>> for Verdict {
    fn from(checks: Vec<Check>) -> Self {
        Self {
            ok: checks.iter().all(|check| check.ok),
            checks,
        }
    }
}

/// What a whole chain tells.
#[derive(Clone, Debug)]
pub struct Story {
    /// The events, first to last.
    pub events: Vec<Event>,
}

impl Story {
    /// Reads a chain; the check says how many events fit, or where the first one does not. The story
    /// holds nothing where the chain is broken.
    pub fn of(subject: &str, links: &[Link]) -> (Self, Check) {
        match read(subject, links) {
            Ok(events) if events.is_empty() => {
                let none = Check::bad("chain", "there is no event");
                (Self { events }, none)
            }
            Ok(events) => {
                let good = Check::good("chain", counted(events.len(), "event"));
                (Self { events }, good)
            }
            Err(broken) => {
                let events = Vec::new();
                (Self { events }, Check::bad("chain", broken.to_string()))
            }
        }
    }

    /// The last seal, and how many events stand behind it.
    pub fn seal(&self) -> Option<(&Event, usize)> {
        let sealed = Kind::Sealed.as_str();
        let at = self.events.iter().rposition(|e| e.kind == sealed)?;
        let behind = self.events.len().saturating_sub(at).saturating_sub(1);
        Some((self.events.get(at)?, behind))
    }

    /// In words: who sealed it, and what came after.
    pub fn seal_check(&self) -> Option<Check> {
        let (event, behind) = self.seal()?;
        let signed = event.signed.as_ref()?;
        let after = match behind {
            0 => "nothing came after".to_owned(),
            n => format!("{} after the seal", counted(n, "event")),
        };
        let detail = format!("event {}, {}; {after}", event.number, signed.role);
        Some(Check::good("seal", detail))
    }

    /// The length of the sound in milliseconds, by the last event that tells it.
    pub fn duration_ms(&self) -> Option<u64> {
        let told = |e: &Event| {
            e.facts
                .get("duration_ms")
                .and_then(serde_json::Value::as_u64)
        };
        self.events.iter().rev().find_map(told)
    }

    /// Where the chain of the sound ended, by the event of the session's end.
    pub fn sound_head(&self) -> Option<SoundHead> {
        let told = |e: &Event| {
            Some(SoundHead {
                head: e.fact("sound_head")?.to_owned(),
                links: e.facts.get("sound_links")?.as_u64()?,
            })
        };
        self.events.iter().rev().find_map(told)
    }

    /// Whether an event has this hash: one that was written on paper.
    pub fn has(&self, hash: &str) -> bool {
        self.events.iter().any(|event| event.hash == hash)
    }

    /// The event whose hash begins with these digits, at least [`ON_PAPER`] of them.
    pub fn begins_with(&self, digits: &str) -> Option<&Event> {
        let enough = digits.len() >= ON_PAPER;
        let mut events = self.events.iter();
        events.find(|event| enough && event.hash.starts_with(digits))
    }
}

/// The first thing behind the first seal that it closes: sound, lines and entries. The store refuses them;
/// here they are seen also where another program wrote them.
fn late(events: &[Event]) -> Option<String> {
    let sealed = |e: &&Event| e.kind == Kind::Sealed.as_str();
    let first = events.iter().find(sealed)?.number;
    let mut behind = events.iter().filter(|e| e.number > first);
    behind.find_map(|event| {
        let number = event.number;
        let is_closed = |name: &&String| {
            let kind = name.split(' ').next().unwrap_or_default();
            CLOSED.contains(&kind)
        };
        let row = event.rows.keys().find(is_closed);
        let row = row.map(|name| format!("'{name}' of event {number} was added behind the seal"));
        let fact = CLOSED_FACTS
            .into_iter()
            .find(|f| event.facts.contains_key(*f));
        row.or_else(|| fact.map(|f| format!("'{f}' of event {number} was added behind the seal")))
    })
}

/// Every record against the event that made it, both ways, and nothing behind a seal that it closes.
pub fn check_rows(events: &[Event], rows: &[Row]) -> Check {
    const NAME: &str = "records";
    let made = match mentions(events) {
        Ok(made) => made,
        Err(broken) => return Check::bad(NAME, broken.to_string()),
    };
    if let Some(late) = late(events) {
        return Check::bad(NAME, late);
    }
    let mut there = BTreeMap::new();
    for row in rows {
        let name = row.name.as_str();
        match made.get(name) {
            None => return Check::bad(NAME, format!("'{name}' is in no event")),
            Some((digest, number)) if **digest != row.digest() => {
                return Check::bad(NAME, format!("'{name}' was changed after event {number}"));
            }
            Some(_) => {}
        }
        if there.insert(name, ()).is_some() {
            return Check::bad(NAME, format!("'{name}' is there twice"));
        }
    }
    let mut gone = made.iter().filter(|(name, _)| !there.contains_key(*name));
    match gone.next() {
        Some((name, (_, number))) => {
            Check::bad(NAME, format!("'{name}' of event {number} is gone"))
        }
        None => Check::good(NAME, counted(rows.len(), "record")),
    }
}

/// Every signature in a chain against the keys that are known; that they fit was found when the chain
/// was read. `before` says whether an event came before its key was revoked, where the order of events
/// tells; else the dates do.
pub fn check_signatures(
    events: &[Event],
    keys: &[KnownKey],
    before: &dyn Fn(&Event) -> Option<bool>,
) -> Check {
    const NAME: &str = "signatures";
    let mut signatures = 0;
    for event in events {
        let Some(signed) = &event.signed else {
            let signed = [Kind::Sealed, Kind::Certified, Kind::Lifted, Kind::Covered];
            if signed.iter().any(|kind| event.kind == kind.as_str()) {
                return Check::bad(NAME, format!("event {} is not signed", event.number));
            }
            continue;
        };
        let number = event.number;
        let Some(key) = keys.iter().find(|k| k.public.number == signed.key) else {
            let start: String = signed.key.chars().take(16).collect();
            let detail = format!("event {number} is signed by an unknown key {start}...");
            return Check::bad(NAME, detail);
        };
        if key.public.name != signed.by || key.public.role.as_str() != signed.role {
            let detail = format!("event {number} names another person than its key");
            return Check::bad(NAME, detail);
        }
        if !before(event).unwrap_or_else(|| key.is_trusted_at(&event.at)) {
            let detail = format!("event {number} was signed after its key was revoked");
            return Check::bad(NAME, detail);
        }
        signatures += 1;
    }
    Check::good(NAME, counted(signatures, "signature"))
}

/// SHA-256 and length of what a reader gives; `tell` hears the bytes so far. The inner result is what
/// the reader itself says: a file that cannot be read is a finding, not a failure.
///
/// # Errors
/// [`Error::Cancelled`].
pub fn hash_reader(
    input: &mut dyn Read,
    tell: &mut dyn FnMut(u64),
    cancel: &Cancel,
) -> Result<io::Result<(String, u64)>, Error> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BLOCK];
    let mut done = 0_u64;
    loop {
        if cancel.is_cancelled() {
            return Err(Error::Cancelled);
        }
        let got = match input.read(&mut buffer) {
            Ok(0) => return Ok(Ok((hex(&hasher.finalize()), done))),
            Ok(got) => got,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Ok(Err(e)),
        };
        hasher.update(buffer.get(..got).unwrap_or_default());
        done = done.saturating_add(got as u64);
        tell(done);
    }
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::evidence::{BEGIN, Draft, Role, SecretKey, Sign};

    const WORDS: [&str; 6] = ["护照", "hộ chiếu", "หนังสือ", "နိုင်ငံ", "ໜັງສື", "លិខិត"];

    fn rows() -> Vec<Row> {
        (1..)
            .zip(WORDS)
            .map(|(n, words)| {
                let mut columns = Map::new();
                columns.insert("text".into(), json!(words));
                Row::new(format!("text {n}.1"), columns).unwrap()
            })
            .collect()
    }

    /// A chain of six texts and a seal.
    fn chain(rows: &[Row], key: &SecretKey) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        let mut add = |draft: Draft<'_>| {
            let previous = links.last().map_or(BEGIN.to_owned(), |l| l.hash.clone());
            let number = links.len() as u64 + 1;
            let at = format!("2026-11-24T00:00:0{number}Z");
            links.push(draft.link("a-1", number, &previous, &at).unwrap());
        };
        for row in rows {
            add(Draft::of(Kind::Recognised, std::slice::from_ref(row)));
        }
        let mut seal = Draft::of(Kind::Sealed, &[]).with("lines", 6);
        seal.signer = Some(key);
        add(seal);
        links
    }

    fn known(key: &SecretKey) -> KnownKey {
        KnownKey {
            public: key.public().clone(),
            own: true,
            revoked: None,
        }
    }

    fn all(links: &[Link], rows: &[Row], keys: &[KnownKey]) -> Verdict {
        let (story, first) = Story::of("a-1", links);
        vec![
            first,
            check_rows(&story.events, rows),
            check_signatures(&story.events, keys, &|_| None),
        ]
        .into()
    }

    #[test]
    fn what_was_written_fits_and_says_who_sealed_it() {
        let key = SecretKey::new("张伟", Role::Officer).unwrap();
        let (rows, keys) = (rows(), [known(&key)]);
        let links = chain(&rows, &key);
        let verdict = all(&links, &rows, &keys);
        assert!(verdict.ok, "{verdict:?}");
        let (story, _) = Story::of("a-1", &links);
        assert_eq!(
            story.seal_check().unwrap().detail,
            "event 7, officer; nothing came after"
        );
        assert!(story.has(&links[6].hash) && !story.has(BEGIN));
    }

    #[test]
    fn the_order_of_events_counts_before_their_dates() {
        let key = SecretKey::new("Su", Role::Officer).unwrap();
        let rows = rows();
        let (story, _) = Story::of("a-1", &chain(&rows, &key));
        let revoked = |at: &str| KnownKey {
            revoked: Some(at.to_owned()),
            ..known(&key)
        };
        let fits = |key: KnownKey, before: Option<bool>| {
            check_signatures(&story.events, &[key], &|_| before).ok
        };
        // The seal is dated 2026-11-24.
        assert!(fits(revoked("2027-01-01T00:00:00Z"), None));
        assert!(!fits(revoked("2026-01-01T00:00:00Z"), None));
        assert!(fits(revoked("2026-01-01T00:00:00Z"), Some(true)));
        assert!(!fits(revoked("2027-01-01T00:00:00Z"), Some(false)));
        assert!(!fits(known(&key), Some(false)), "its note was taken away");
    }

    #[test]
    fn every_byte_of_a_chain_and_of_its_records_counts() {
        let key = SecretKey::new("Su", Role::Officer).unwrap();
        let (rows, keys) = (rows(), [known(&key)]);
        let links = chain(&rows, &key);
        for (at, link) in links.iter().enumerate() {
            for place in 0..link.body.len() {
                let mut bytes = link.body.clone().into_bytes();
                bytes[place] ^= 1;
                let Ok(body) = String::from_utf8(bytes) else {
                    continue;
                };
                let mut changed = links.clone();
                changed[at].body = body;
                assert!(!all(&changed, &rows, &keys).ok, "event {at}, byte {place}");
            }
        }
        for at in 0..rows.len() {
            let mut changed = rows.clone();
            changed[at].line = changed[at].line.replace("\"}", " \"}");
            assert!(!all(&links, &changed, &keys).ok);
            let mut gone = rows.clone();
            gone.remove(at);
            let verdict = all(&links, &gone, &keys);
            assert!(verdict.checks[1].detail.contains("is gone"), "{verdict:?}");
        }
    }

    #[test]
    fn cut_moved_doubled_and_foreign_events_are_found_where_they_stand() {
        let (key, other) = (
            SecretKey::new("Su", Role::Officer).unwrap(),
            SecretKey::new("Su", Role::Officer).unwrap(),
        );
        let (rows, keys) = (rows(), [known(&key)]);
        let links = chain(&rows, &key);
        let first = |links: &[Link]| Story::of("a-1", links).1.detail;
        let mut cut = links.clone();
        cut.remove(2);
        assert_eq!(first(&cut), "event 3 does not follow the one before it");
        let mut moved = links.clone();
        moved.swap(3, 4);
        assert_eq!(first(&moved), "event 4 does not follow the one before it");
        let mut doubled = links.clone();
        doubled.insert(1, links[0].clone());
        assert_eq!(first(&doubled), "event 2 does not follow the one before it");
        assert_eq!(
            Story::of("a-2", &links).1.detail,
            "event 1 belongs to another interview"
        );
        // The end cut off: the records stay without their event.
        assert!(!all(&links[..5], &rows, &keys).ok);
        // Written anew by somebody else, without a mistake in it: only the key tells.
        let forged = chain(&rows, &other);
        let verdict = all(&forged, &rows, &keys);
        assert!(verdict.checks[0].ok && verdict.checks[1].ok && !verdict.checks[2].ok);
    }
}
