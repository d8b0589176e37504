//! The chain of events in the database: written in the same transaction as the records it speaks of.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};
use serde_json::{Map, Value};

use super::interviews::interview_key;
use super::proofs::{self, TEXT, TRANSLATION};
use super::{Error, Store, codec, heads};
use crate::domain::InterviewId;
use crate::evidence::{BEGIN, Draft, Kind, Link, Row, Sign, WORKSPACE, canonical, set_back};

/// An interview's chain, its records, and the workspace's own chain.
type ProofsAndOwn = (Vec<Link>, Vec<Row>, Vec<Link>, bool);

/// The subject of the workspace's own chain.
pub(super) const OWN: i64 = 0;

impl Store {
    /// The chain of an interview.
    ///
    /// # Errors
    /// An unknown interview.
    pub fn chain(&self, id: &InterviewId) -> Result<Vec<Link>, Error> {
        read(&self.conn, interview_key(&self.conn, id)?)
    }

    /// What [`Self::proofs`] and [`Self::own_chain`] say, of one moment, and whether machines had nothing left
    /// to do then: the end of their work is noted.
    ///
    /// # Errors
    /// An unknown interview; a damaged row.
    pub fn proofs_and_own(&self, id: &InterviewId) -> Result<ProofsAndOwn, Error> {
        let moment = self.conn.unchecked_transaction()?;
        let key = interview_key(&moment, id)?;
        let (links, rows) = (read(&moment, key)?, proofs::all(&moment, key)?);
        let rests = !heads::goes_on(&moment, key)?;
        Ok((links, rows, read(&moment, OWN)?, rests))
    }

    /// The chain of an interview and every record in the form in which it is hashed, of one moment.
    ///
    /// # Errors
    /// An unknown interview; a damaged row.
    pub fn proofs(&self, id: &InterviewId) -> Result<(Vec<Link>, Vec<Row>), Error> {
        let moment = self.conn.unchecked_transaction()?;
        let key = interview_key(&moment, id)?;
        Ok((read(&moment, key)?, proofs::all(&moment, key)?))
    }

    /// The chain of the workspace itself: keys, and what was received.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn own_chain(&self) -> Result<Vec<Link>, Error> {
        read(&self.conn, OWN)
    }

    /// Adds an event of custody that makes no records: an export, a seal, a bundle, a consent.
    ///
    /// # Errors
    /// An unknown interview; a database that cannot be written.
    pub fn note(
        &mut self,
        id: &InterviewId,
        kind: Kind,
        facts: Map<String, Value>,
        signer: Option<&dyn Sign>,
    ) -> Result<Link, Error> {
        self.add_note(id, None, kind, facts, signer)
    }

    /// The same where `head` is still the hash of the chain's last event: who signs has looked at what
    /// came before, and at nothing that came since.
    ///
    /// # Errors
    /// [`Error::Busy`] where something was added; what [`Self::note`] says.
    pub fn note_behind(
        &mut self,
        id: &InterviewId,
        head: &str,
        kind: Kind,
        facts: Map<String, Value>,
        signer: Option<&dyn Sign>,
    ) -> Result<Link, Error> {
        self.add_note(id, Some(head), kind, facts, signer)
    }

    fn add_note(
        &mut self,
        id: &InterviewId,
        head: Option<&str>,
        kind: Kind,
        facts: Map<String, Value>,
        signer: Option<&dyn Sign>,
    ) -> Result<Link, Error> {
        let draft = Draft {
            kind,
            facts,
            rows: &[],
            signer,
        };
        let tx = self.write()?;
        let key = interview_key(&tx, id)?;
        if let Some(head) = head
            && last_hash(&tx, key)? != head
        {
            return Err(Error::Busy);
        }
        let link = append(&tx, key, &draft)?;
        tx.commit()?;
        Ok(link)
    }

    /// Adds an event to the workspace's own chain, signed where somebody vouches for it.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub fn note_own(
        &mut self,
        kind: Kind,
        facts: Map<String, Value>,
        signer: Option<&dyn Sign>,
    ) -> Result<Link, Error> {
        let draft = Draft {
            kind,
            facts,
            rows: &[],
            signer,
        };
        let tx = self.write()?;
        let link = append(&tx, OWN, &draft)?;
        tx.commit()?;
        Ok(link)
    }

    /// The interviews of which a consent was entered, by name. The events themselves are looked
    /// through: the column beside them is not what is hashed.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn consented(&self) -> Result<Vec<InterviewId>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT id FROM interview WHERE EXISTS (SELECT 1 FROM chain WHERE subject = interview.key
                 AND (kind = ?1 OR instr(body, ?2) > 0)) ORDER BY id",
        )?;
        let kind = Kind::Consented.as_str();
        let told = format!("\"kind\":\"{kind}\"");
        let found = statement.query_map([kind, &told], |row| row.get(0).map(InterviewId))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Adds the event of a partner's bundle to the workspace's own chain, once `place` has put the bundle
    /// where it is read. The database is held meanwhile, so that of two who receive the same one only
    /// the first does: false where it had been received.
    ///
    /// # Errors
    /// What `place` says; a database that cannot be written.
    pub fn note_received<E: From<Error>>(
        &mut self,
        bundle: &str,
        facts: Map<String, Value>,
        place: impl FnOnce() -> Result<(), E>,
    ) -> Result<bool, E> {
        let draft = Draft {
            facts,
            ..Draft::of(Kind::Received, &[])
        };
        let tx = self.write()?;
        if has_own(&tx, Kind::Received, "bundle", bundle)? {
            return Ok(false);
        }
        place()?;
        append(&tx, OWN, &draft)?;
        tx.commit().map_err(Error::from)?;
        Ok(true)
    }

    /// Notes that a person opened an interview. False where it is sealed: what is finished is not added
    /// to by reading.
    ///
    /// # Errors
    /// An unknown interview; a database that cannot be written.
    pub fn note_opened(
        &mut self,
        id: &InterviewId,
        facts: Map<String, Value>,
    ) -> Result<bool, Error> {
        let draft = Draft {
            facts,
            ..Draft::of(Kind::Opened, &[])
        };
        let tx = self.write()?;
        let key = interview_key(&tx, id)?;
        let sealed: bool = tx
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM chain WHERE subject = ?1 AND kind = 'sealed')",
            )?
            .query_row([key], |row| row.get(0))?;
        if sealed {
            return Ok(false);
        }
        append(&tx, key, &draft)?;
        tx.commit()?;
        Ok(true)
    }

    /// Whether an event of an interview's chain, or of the workspace's own, says that it was opened on this
    /// day (`2026-11-24`), with these facts and no others.
    ///
    /// # Errors
    /// An unknown interview.
    pub fn was_opened(
        &self,
        id: Option<&InterviewId>,
        day: &str,
        facts: &Map<String, Value>,
    ) -> Result<bool, Error> {
        let key = match id {
            Some(id) => interview_key(&self.conn, id)?,
            None => OWN,
        };
        let mut statement = self.conn.prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM chain WHERE subject = ?1 AND kind = 'opened'
                 AND substr(json_extract(body, '$.at'), 1, 10) = ?2
                 AND json_extract(body, '$.facts') = json(?3))",
        )?;
        // As an event has them, member by member.
        let facts = canonical(&Value::Object(facts.clone()));
        let facts = facts.map_err(|_| Error::damaged("a fact has no canonical form"))?;
        Ok(statement.query_row(params![key, day, facts], |row| row.get(0))?)
    }

    /// The time of the last event that was noted of the workspace or of its newest interview, RFC 3339.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn last_noted(&self) -> Result<Option<String>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT json_extract(body, '$.at') FROM chain
             WHERE subject = ?1 ORDER BY number DESC LIMIT 1",
        )?;
        let newest: Option<i64> =
            self.conn
                .query_row("SELECT max(key) FROM interview", [], |row| row.get(0))?;
        let mut last: Option<String> = None;
        for subject in [Some(OWN), newest].into_iter().flatten() {
            let at: Option<Option<String>> = statement
                .query_row([subject], |row| row.get(0))
                .optional()?;
            if let Some(at) = at.flatten()
                && last.as_ref().is_none_or(|last| codec::is_later(&at, last))
            {
                last = Some(at);
            }
        }
        Ok(last)
    }

    /// Whether the workspace's own chain has an event of this kind with this fact.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn has_own(&self, kind: Kind, fact: &str, value: &str) -> Result<bool, Error> {
        has_own(&self.conn, kind, fact, value)
    }

    /// The facts of every event of this kind in the workspace's own chain that has this fact.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn own_facts(
        &self,
        kind: Kind,
        fact: &str,
        value: &str,
    ) -> Result<Vec<Map<String, Value>>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT json_extract(body, '$.facts') FROM chain WHERE subject = 0
                 AND json_extract(body, '$.kind') = ?1 AND json_extract(body, '$.facts.' || ?2) = ?3
             ORDER BY number",
        )?;
        let mut rows = statement.query(params![kind.as_str(), fact, value])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let facts = serde_json::from_str(&row.get::<_, String>(0)?);
            all.push(facts.map_err(|_| Error::damaged("the facts of an event cannot be read"))?);
        }
        Ok(all)
    }

    /// The numbers of all keys that were revoked, and when first (RFC 3339), by the workspace's own
    /// chain. The events themselves are looked through, not the column beside them.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn revoked_keys(&self) -> Result<BTreeMap<String, String>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT json_extract(body, '$.facts.key'), json_extract(body, '$.at') FROM chain
             WHERE subject = 0 AND json_extract(body, '$.kind') = ?1 ORDER BY number DESC",
        )?;
        let kind = Kind::KeyRevoked.as_str();
        let found = statement.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// The last day, `2026-11-29`, by the dates of what the workspace's own chain noted from the note of
    /// this event of an interview on.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn last_own_day(&self, event: &str) -> Result<Option<String>, Error> {
        let mut statement = self.conn.prepare_cached(
            "SELECT max(substr(json_extract(body, '$.at'), 1, 10)) FROM chain
             WHERE subject = 0 AND number >= (SELECT min(number) FROM chain
                 WHERE subject = 0 AND json_extract(body, '$.facts.head') = ?1)",
        )?;
        Ok(statement.query_row([event], |row| row.get(0))?)
    }

    /// How many events of this kind the workspace's own chain has.
    ///
    /// # Errors
    /// An unreadable database.
    pub fn count_own(&self, kind: Kind) -> Result<u64, Error> {
        let mut statement = self
            .conn
            .prepare_cached("SELECT count(*) FROM chain WHERE kind = ?1 AND subject = 0")?;
        let count: i64 = statement.query_row([kind.as_str()], |row| row.get(0))?;
        Ok(count.unsigned_abs())
    }
}

fn has_own(conn: &Connection, kind: Kind, fact: &str, value: &str) -> Result<bool, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM chain WHERE subject = 0 AND json_extract(body, '$.kind') = ?1
             AND json_extract(body, '$.facts.' || ?2) = ?3)",
    )?;
    Ok(statement.query_row(params![kind.as_str(), fact, value], |row| row.get(0))?)
}

/// The record of one version of a line's text.
pub(super) fn text_row(conn: &Connection, key: i64, version: u32) -> Result<Vec<Row>, Error> {
    let one = "r.segment = ?1 AND r.version = ?2";
    proofs::select(conn, &TEXT, one, params![key, version])
}

/// The record of one version of a line's translation.
pub(super) fn translation_row(
    conn: &Connection,
    key: i64,
    lang: &str,
    version: u32,
) -> Result<Vec<Row>, Error> {
    let one = "r.segment = ?1 AND r.lang = ?2 AND r.version = ?3";
    proofs::select(conn, &TRANSLATION, one, params![key, lang, version])
}

/// Adds an event to the chain of the interview with this key, inside the caller's transaction; the
/// workspace's own chain notes it there too, as [`heads`] says.
pub(super) fn append(
    tx: &Transaction<'_>,
    interview: i64,
    draft: &Draft<'_>,
) -> Result<Link, Error> {
    let subject: String = match interview {
        OWN => WORKSPACE.to_owned(),
        key => tx
            .prepare_cached("SELECT id FROM interview WHERE key = ?1")?
            .query_row([key], |row| row.get(0))?,
    };
    let last: Option<(i64, String, Option<String>)> = tx
        .prepare_cached(
            "SELECT number, hash, json_extract(body, '$.at') FROM chain WHERE subject = ?1
             ORDER BY number DESC LIMIT 1",
        )?
        .query_row([interview], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let now = codec::now();
    let (number, previous, back) = match &last {
        Some((number, hash, at)) => {
            let back = at.as_ref().and_then(|at| set_back(at, &now));
            (number.saturating_add(1), hash.as_str(), back)
        }
        None => (1, BEGIN, None),
    };
    // Noticed and noted, never a reason to refuse what happened.
    let noted = back.map(|seconds| {
        let mut facts = draft.facts.clone();
        facts.insert("clock_set_back_s".into(), seconds.into());
        Draft { facts, ..*draft }
    });
    let draft = noted.as_ref().unwrap_or(draft);
    let link = draft
        .link(&subject, number.unsigned_abs(), previous, &now)
        .ok_or_else(|| Error::damaged("a number of an event is too large"))?;
    tx.prepare_cached(
        "INSERT INTO chain (subject, number, kind, body, hash) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        interview,
        number,
        draft.kind.as_str(),
        link.body,
        link.hash
    ])?;
    if interview != OWN {
        let event = (number.unsigned_abs(), draft.kind, link.hash.as_str());
        heads::remember(tx, &subject, event)?;
    }
    Ok(link)
}

/// The hash of a chain's last event.
fn last_hash(conn: &Connection, subject: i64) -> Result<String, Error> {
    let last: Option<String> = conn
        .prepare_cached("SELECT hash FROM chain WHERE subject = ?1 ORDER BY number DESC LIMIT 1")?
        .query_row([subject], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or_else(|| BEGIN.to_owned()))
}

/// Begins the chain of every interview that has none with all that is stored of it.
pub(super) fn begin_missing(tx: &Transaction<'_>) -> Result<(), Error> {
    let mut statement = tx.prepare(
        "SELECT key, duration_ms FROM interview
         WHERE NOT EXISTS (SELECT 1 FROM chain WHERE subject = key) ORDER BY key",
    )?;
    let interviews: Vec<(i64, i64)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (key, duration_ms) in interviews {
        let rows = proofs::all(tx, key)?;
        let draft = Draft::of(Kind::Begun, &rows).with("duration_ms", duration_ms);
        append(tx, key, &draft)?;
    }
    Ok(())
}

fn read(conn: &Connection, subject: i64) -> Result<Vec<Link>, Error> {
    let mut statement = conn.prepare_cached(
        "SELECT body, hash, number, kind FROM chain WHERE subject = ?1 ORDER BY number",
    )?;
    let mut rows = statement.query([subject])?;
    let mut links = Vec::new();
    while let Some(row) = rows.next()? {
        let (body, kind): (String, String) = (row.get(0)?, row.get(3)?);
        links.push(Link {
            hash: row.get(1)?,
            body,
        });
        let number: isize = row.get(2)?;
        // The triggers go by this column, so it must say what the event says.
        let told = links.last().and_then(Link::kind);
        if number.unsigned_abs() != links.len() || told.as_deref() != Some(&kind) {
            return Err(Error::damaged("an event is not where or what it should be"));
        }
    }
    Ok(links)
}
